"""The command ``vault``: the keys that bank details are encrypted with."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from fundops import vault as vaults
from fundops.config import Settings
from fundops.messages import text
from fundops.payees.keeping import Progress
from fundops.vault import Vault

vault_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=text("cli.vault"))

PATIENCE_SECONDS = 1.0


@vault_app.command("list", help=text("cli.vault.list"))
def list_keys() -> None:
    """Print the id of every key that is known or needed, and how many accounts need it."""
    from fundops.terminal import opened

    vault = _vault()
    with opened() as database, database.read() as db:
        needed = vaults.ids_in_use(db)
    ids = (*vault.key_ids, *sorted(needed.keys() - set(vault.key_ids)))
    for number, key_id in enumerate(ids):
        kind = "unknown" if key_id not in vault.key_ids else "old" if number else "current"
        typer.echo(text(f"cli.vault.{kind}", key_id=key_id, count=needed[key_id]))


@vault_app.command("rotate", help=text("cli.vault.rotate"))
def rotate(
    again: Annotated[bool, typer.Option("--resume", help=text("cli.vault.resume"))] = False,
) -> None:
    """Make a new key if the folder has the keys, and encrypt everything under the current one."""
    from fundops import routers  # noqa: F401 - every domain brings its part
    from fundops.payees import keeping
    from fundops.terminal import fail, opened

    vault = _vault()
    with opened() as database:
        if not vault.is_given and not again:
            with database.read() as db:
                vault.prepare(db)
            typer.echo(text("cli.vault.made", key_id=vault.add_key()))
        with _progress() as progress:
            done = keeping.rotate(database, vault, progress)
    typer.echo(text("cli.vault.rotated", count=done.count, key_id=done.key_id))
    for account_id in done.unopened:
        typer.echo(f"  {account_id}")
    if done.unopened:
        fail(text("cli.vault.unopened", count=len(done.unopened)))


@vault_app.command("forget", help=text("cli.vault.forget"))
def forget(key_id: Annotated[str, typer.Argument(help=text("cli.vault.key"))]) -> None:
    """Remove a key that nothing needs any more from the folder."""
    from fundops.payees import keeping
    from fundops.terminal import opened

    vault = _vault()
    with opened() as database:
        keeping.forget(database, vault, key_id)
    typer.echo(text("cli.vault.forgotten", key_id=key_id))


@vault_app.command("new-key", help=text("cli.vault.new"))
def new_key() -> None:
    """Print a new key as the setting takes it; nothing keeps it."""
    typer.echo(vaults.key_line(vaults.new_key()))


def _vault() -> Vault:
    from fundops.terminal import fail

    try:
        vault = Vault(Settings())
        vault.check()
    except vaults.BadKeys as error:
        fail(str(error))
    return vault


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Give what shows a bar on standard error once the work has lasted longer than a second."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    bar = Bar(console=Console(stderr=True), transient=True)
    task = bar.add_task(text("cli.vault.rotating"), total=None)
    begun = time.monotonic()

    def show(done: int, whole: int) -> None:
        bar.update(task, completed=done, total=whole)
        if not bar.live.is_started and time.monotonic() - begun >= PATIENCE_SECONDS:
            bar.start()

    try:
        yield show
    finally:
        bar.stop()
