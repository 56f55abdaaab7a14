"""The commands ``files`` and ``keys``: tidying the store, and the key that signs."""

from __future__ import annotations

from typing import Annotated

import typer

from fundops.config import Settings
from fundops.messages import text

files_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=text("cli.files"))
keys_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=text("cli.keys"))


@files_app.command("check", help=text("cli.files.check"))
def check() -> None:
    """Read every file kept and say which are missing or damaged."""
    from sqlalchemy import func, select

    from fundops.files import checks
    from fundops.files.models import File
    from fundops.files.store import Store
    from fundops.terminal import fail, opened

    with opened() as database, database.read() as db:
        faults = checks.run(db, Store(Settings().files_path))
        count = db.execute(select(func.count()).select_from(File)).scalar_one()
    for fault in faults:
        typer.echo(f"{fault.file_id} {fault.name}: {fault.sentence}")
    if faults:
        fail(text("cli.files.broken", count=len(faults)))
    typer.echo(text("cli.files.checked", count=count))


@files_app.command("sweep", help=text("cli.files.sweep"))
def sweep(
    remove: Annotated[bool, typer.Option("--remove", help=text("cli.files.remove"))] = False,
) -> None:
    """Show what no record needs, and remove it if told."""
    from fundops.files import checks
    from fundops.files.store import Store
    from fundops.terminal import fail, opened

    store = Store(Settings().files_path)
    with opened() as database:
        found = checks.sweep(database, store, removes=remove)
        with database.read() as db:
            faults = checks.run(db, store)
    typer.echo(text("cli.files.orphans", count=len(found.orphans), size=found.orphan_bytes))
    typer.echo(text("cli.files.half_written", count=len(found.half_written)))
    typer.echo(text("cli.files.given_up", count=len(found.given_up)))
    typer.echo(text("cli.files.strays", count=len(found.strays)))
    typer.echo(text("cli.files.removed" if remove else "cli.files.dry_run"))
    for fault in faults:
        typer.echo(f"{fault.file_id} {fault.name}: {fault.sentence}")
    if faults:
        fail(text("cli.files.broken", count=len(faults)))


@keys_app.command("list", help=text("cli.keys.list"))
def list_keys() -> None:
    """Print every public key, the current one first."""
    from fundops.signing import BadKey, Signer
    from fundops.terminal import fail

    settings = Settings()
    try:
        keys = Signer(settings.files_path, settings.signing_key).public_keys()
    except BadKey as error:
        fail(str(error))
    for key in keys:
        current = text("cli.keys.current", key_id=key.key_id)
        typer.echo(current if key.is_current else key.key_id)
        typer.echo(key.pem, nl=False)


@keys_app.command("rotate", help=text("cli.keys.rotate"))
def rotate_key() -> None:
    """Make a new key and sign with it from now on."""
    from fundops.errors import Problem
    from fundops.signing import BadKey, Signer
    from fundops.terminal import fail

    settings = Settings()
    try:
        key_id = Signer(settings.files_path, settings.signing_key).rotate()
    except (BadKey, Problem) as error:
        fail(str(error))
    typer.echo(text("cli.keys.rotated", key_id=key_id))
