"""The commands of ``fundops``, with help that teaches.

Each command opens the database of ``FUNDOPS_DATABASE_URL``, does one thing and exits: 0 when it
is done, 1 when something is wrong with the records or the input, 2 when the call is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from fundops.config import ENV_PREFIX, Settings
from fundops.disbursements.commands import duties_command
from fundops.exports import commands as exports
from fundops.exports.audit_book.commands import verify
from fundops.files import commands as files
from fundops.imports.commands import import_command, load_activities_command
from fundops.messages import text
from fundops.notices.commands import work
from fundops.parties import commands as parties
from fundops.payees import commands as payees
from fundops.retention.commands import dispose
from fundops.terminal import AsOf, KnownAt, day, fail, instant, opened, say

app = typer.Typer(
    help=text("cli.help"),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.add_typer(exports.export, name="export")
app.add_typer(parties.person_app, name="person")
app.add_typer(parties.token_app, name="token")
app.add_typer(files.files_app, name="files")
app.add_typer(files.keys_app, name="keys")
app.add_typer(payees.vault_app, name="vault")
app.command("import", help=text("cli.import"))(import_command)
app.command("dispose", help=text("cli.dispose"))(dispose)
app.command("duties", help=text("duties.help"))(duties_command)
app.command("load-activities", help=text("overlaps.cli.load"))(load_activities_command)
app.command("verify", help=text("audit_book.verify.help"))(verify)
app.command("work", help=text("cli.work"))(work)


@app.command(help=text("cli.migrate"))
def migrate() -> None:
    """Create or upgrade the database."""
    from fundops import software
    from fundops.db import Database
    from fundops.db import migrate as upgrade

    settings = Settings()
    if settings.is_sqlite:
        path = settings.database_url.removeprefix("sqlite:///")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    with closing(Database(settings)) as database, database.write() as db:
        software.note(db)
    say(text("cli.migrated"))


@app.command(help=text("cli.serve"))
def serve(
    host: Annotated[str, typer.Option(help=text("cli.serve.host"))] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help=text("cli.serve.port"))] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help=text("cli.serve.workers"))] = 1,
) -> None:
    """Serve the API."""
    import uvicorn

    settings = Settings()
    if settings.is_sqlite and workers > 1:
        fail(text("cli.serve.one_worker"))
    if workers > 1:  # one process sends, and it is that of the command work
        os.environ.pop(f"{ENV_PREFIX}NOTICES_THREAD_FILE", None)
        os.environ[f"{ENV_PREFIX}NOTICES_THREAD"] = "off"
    uvicorn.run(
        "fundops.app:served_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
    )


@app.command(help=text("cli.demo"))
def demo(
    host: Annotated[str, typer.Option(help=text("cli.serve.host"))] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help=text("cli.serve.port"))] = 8000,
    check: Annotated[bool, typer.Option("--check", help=text("cli.demo.check"))] = False,
) -> None:
    """Make the demonstration fund and serve it."""
    from fundops.demo.command import run

    run(host, port, check=check)


@app.command(help=text("cli.check"))
def check() -> None:
    """Run the invariants and verify the audit chain."""
    from fundops import trail
    from fundops.findings import checks as findings
    from fundops.grants import agreement_checks as agreements
    from fundops.ledger import checks
    from fundops.notices import checks as notices
    from fundops.payees import keeping
    from fundops.reports import integrity as reports
    from fundops.reviews import checks as reviews
    from fundops.vault import BadKeys, Vault

    try:
        vault = Vault(Settings())
        vault.check()
    except BadKeys as error:
        fail(str(error))
    with opened() as database, database.read() as db:
        violations = checks.run(db) + [
            checks.Violation("access_told", *one) for one in trail.breaks(db, trail.ACCESS)
        ]
        violations += [checks.Violation(name, where, "") for name, where in reviews.run(db)]
        violations += [checks.Violation(*one, "") for one in keeping.check(db, vault)]
        violations += [checks.Violation(name, where, "") for name, where in notices.run(db)]
        violations += [checks.Violation(name, where, "") for name, where in agreements.run(db)]
        violations += [checks.Violation(name, where, "") for name, where in reports.run(db)]
        violations += [checks.Violation(name, where, "") for name, where in findings.run(db)]
        for one in checks.CHECKS:
            broken = [v for v in violations if v.check == one.name]
            say(f"{'BROKEN' if broken else 'ok':7}{text(f'check.{one.name}')}")
        for name in ("registers_told", "access_told", "audit_chain", "transfers_sealed"):
            broken = [v for v in violations if v.check == name]
            say(f"{'BROKEN' if broken else 'ok':7}{text(f'check.{name}')}")
        told: tuple[tuple[Any, Callable[[str], str]], ...] = (
            (reviews, lambda name: text(f"reviews.check.{name}")),
            (keeping, lambda name: text(f"vault.check.{name}")),
            (notices, lambda name: text(f"notices.check.{name}")),
            (agreements, lambda name: text(f"agreements.check.{name}")),
            (reports, lambda name: text(f"reports.check.{name}")),
            (findings, lambda name: text(f"findings.check.{name}")),
        )
        for module, sentence in told:
            for name in module.CHECKS:
                broken = [v for v in violations if v.check == name]
                say(f"{'BROKEN' if broken else 'ok':7}{sentence(name)}")
        for v in violations:
            say(f"  {v.check}: {v.what} {v.detail}")
        if violations:
            fail(text("cli.check.broken", count=len(violations)))
        say(text("cli.check.clean"))


@app.command("trace", help=text("cli.trace"))
def trace_command(
    code: Annotated[str, typer.Argument(help=text("cli.trace.code"))],
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> None:
    """Show where money went, or whose it was."""
    from fundops import audit, clock
    from fundops.money import display
    from fundops.tracing.tree import outline, trace

    with opened() as database, database.read() as db:
        on = day(as_of, "--as-of") or clock.today("UTC")
        seq = audit.sequence_at(db, instant(known_at, "--known-at"))
        found = trace(db, None, code, on, seq)
        say(text(f"trace.{found.direction}", code=code, on=on))
        for depth, node in outline(found):
            name = " ".join(part for part in (node.code, node.label) if part)
            amount = display(node.amount_minor, found.currency)
            say(f"{amount:>24}  {'  ' * depth}{node.kind} {name}")


@app.command(help=text("cli.openapi"))
def openapi(
    output: Annotated[Path, typer.Option("-o", "--output", help=text("cli.output"))],
) -> None:
    """Write the OpenAPI document."""
    output.write_text(openapi_text(), encoding="utf-8")
    say(text("cli.written", path=output))


def openapi_text() -> str:
    """Return the OpenAPI document as it is committed."""
    import json

    from fundops.app import create_app

    # No connection is ever opened, so there is never such a file.
    app = create_app(Settings(database_url="sqlite:///unused.db", log_level="error"))
    document = json.dumps(app.openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    app.state.database.close()
    return document
