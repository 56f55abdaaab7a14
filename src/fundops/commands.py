"""The commands of ``fundops``, with help that teaches.

Each command opens the database of ``FUNDOPS_DATABASE_URL``, does one thing and exits: 0 when it
is done, 1 when something is wrong with the records or the input, 2 when the call is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from fundops.config import ENV_PREFIX, Settings
from fundops.disbursements.commands import duties_command
from fundops.errors import Problem
from fundops.files import commands as files
from fundops.imports.commands import import_command, load_activities_command
from fundops.messages import text
from fundops.notices.commands import work
from fundops.parties import commands as parties
from fundops.payees import commands as payees
from fundops.retention.commands import dispose

app = typer.Typer(
    help=text("cli.help"),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
export = typer.Typer(help=text("cli.export"), no_args_is_help=True, rich_markup_mode=None)
app.add_typer(export, name="export")
app.add_typer(parties.person_app, name="person")
app.add_typer(parties.token_app, name="token")
app.add_typer(files.files_app, name="files")
app.add_typer(files.keys_app, name="keys")
app.add_typer(payees.vault_app, name="vault")
app.command("import", help=text("cli.import"))(import_command)
app.command("dispose", help=text("cli.dispose"))(dispose)
app.command("duties", help=text("duties.help"))(duties_command)
app.command("load-activities", help=text("overlaps.cli.load"))(load_activities_command)
app.command("work", help=text("cli.work"))(work)


def say(sentence: str = "") -> None:
    """Print one line for the person at the terminal."""
    typer.echo(sentence)


def fail(sentence: str) -> NoReturn:
    """Say what is wrong and exit with 1."""
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


@contextmanager
def opened() -> Iterator[Any]:
    """Open the database of the settings, closed at the end; problems become one sentence."""
    from sqlalchemy.exc import DBAPIError

    from fundops.db import Database

    database = Database(Settings())
    try:
        yield database
    except Problem as problem:
        lines = [problem.detail, *(f"  {e.pointer}: {e.detail}" for e in problem.errors)]
        fail("\n".join(lines))
    except DBAPIError:
        fail(text("cli.no_database"))
    finally:
        database.close()


@app.command(help=text("cli.migrate"))
def migrate() -> None:
    """Create or upgrade the database."""
    from fundops.db import migrate as upgrade

    settings = Settings()
    if settings.is_sqlite:
        path = settings.database_url.removeprefix("sqlite:///")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
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
        "fundops.app:create_app",
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


def day(value: str | None, option: str) -> date | None:
    """Return the date an option gives; exit when it is none."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(text("validation.day"), param_hint=option) from None


def instant(value: str | None, option: str) -> datetime | None:
    """Return the instant an option gives, UTC when it names no zone; exit when it is none."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(text("validation.instant"), param_hint=option) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


AsOf = Annotated[str | None, typer.Option("--as-of", help=text("cli.as_of"))]
KnownAt = Annotated[str | None, typer.Option("--known-at", help=text("cli.known_at"))]


@export.command("donor-statement", help=text("cli.donor_statement"))
def donor_statement(
    donor: Annotated[str, typer.Option(help=text("cli.donor"))],
    output: Annotated[Path, typer.Option("-o", "--output", help=text("cli.output"))],
    fund: Annotated[str | None, typer.Option(help=text("cli.fund"))] = None,
    from_on: Annotated[str | None, typer.Option("--from", help=text("cli.from"))] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> None:
    """Write the statement of one donor as a workbook."""
    from fundops.exports import statements, write

    period = statements.Period(
        day(from_on, "--from"), day(as_of, "--as-of"), instant(known_at, "--known-at")
    )
    with opened() as database, database.export() as db:
        party, found = _donor_and_fund(db, donor, fund)
        question = statements.question_for(db, party.id, found, period)
        write(statements.statement_workbook(db, question), output)
        say(text("cli.written", path=output))


def _donor_and_fund(db: Any, donor: str, fund: str | None) -> tuple[Any, Any]:
    from sqlalchemy import select

    from fundops.funds.queries import by_code
    from fundops.parties.models import Party

    party = db.execute(select(Party).where(Party.code == donor)).scalar_one_or_none()
    if party is None:
        named = db.execute(select(Party).where(Party.name == donor)).scalars().all()
        party = named[0] if len(named) == 1 else None
    if party is None:
        fail(text("cli.no_donor", code=donor))
    found = by_code(db, fund) if fund is not None else None
    if fund is not None and found is None:
        fail(text("cli.no_fund", code=fund))
    return party, found


@export.command("dossier", help=text("cli.dossier"))
def dossier(
    output: Annotated[Path, typer.Option("-o", "--output", help=text("cli.output"))],
    call: Annotated[str | None, typer.Option(help=text("cli.dossier.call"))] = None,
    proposal: Annotated[str | None, typer.Option(help=text("cli.dossier.proposal"))] = None,
) -> None:
    """Write how a call, or one proposal, was decided as a workbook."""
    from sqlalchemy import select

    from fundops.calls.models import Call
    from fundops.exports import write
    from fundops.exports.dossier import dossier_workbook
    from fundops.proposals.models import Proposal

    if (call is None) == (proposal is None):
        raise typer.BadParameter(text("cli.dossier.one"), param_hint="--call")
    with opened() as database, database.export() as db:
        one = db.execute(select(Proposal).where(Proposal.code == proposal)).scalar_one_or_none()
        its = Call.code == call if one is None else Call.id == one.call_id
        found = db.execute(select(Call).where(its)).scalar_one_or_none()
        if found is None or (one is None and proposal is not None):
            fail(text("cli.dossier.unknown", code=call or proposal))
        write(dossier_workbook(db, None, found, one.id if one else None), output)
        say(text("cli.written", path=output))


@export.command("release", help=text("cli.release"))
def release_command(
    code: Annotated[str, typer.Argument(help=text("cli.release.code"))],
    output: Annotated[Path, typer.Option("-o", "--output", help=text("cli.output"))],
) -> None:
    """Write a release as a workbook."""
    from sqlalchemy import select

    from fundops.exports import write
    from fundops.exports.release import release_workbook
    from fundops.releases.models import Release

    with opened() as database, database.export() as db:
        query = select(Release).where(Release.code == code, Release.status == "published")
        found = db.execute(query).scalar_one_or_none()
        if found is None:
            fail(text("cli.release.unknown", code=code))
        if found.withheld_at is not None:  # a file goes to anybody
            at = found.withheld_at.strftime("%Y-%m-%d %H:%M:%S UTC")
            fail(text("cli.release.withheld", code=code, at=at))
        write(release_workbook(db, found), output)
        say(text("cli.written", path=output))


@export.command("cash-plan", help=text("cli.cash_plan"))
def cash_plan(
    fund: Annotated[str, typer.Option(help=text("cli.fund"))],
    output: Annotated[Path, typer.Option("-o", "--output", help=text("cli.output"))],
    from_on: Annotated[str | None, typer.Option("--from", help=text("cli.cash_plan.from"))] = None,
    months: Annotated[int, typer.Option(min=1, max=60, help=text("cli.cash_plan.months"))] = 12,
    as_of: AsOf = None,
    count_pledges: Annotated[
        bool, typer.Option("--count-pledges", help=text("cli.cash_plan.pledges"))
    ] = False,
    late_donor: Annotated[str | None, typer.Option(help=text("cli.cash_plan.late_donor"))] = None,
    late_days: Annotated[int | None, typer.Option(help=text("cli.cash_plan.late_days"))] = None,
) -> None:
    """Write the cash plan of a fund as a workbook."""
    from fundops.exports import write
    from fundops.exports.cash_plan import cash_plan_workbook
    from fundops.funds.queries import by_code
    from fundops.planning.plan import MAX_LATE_DAYS, Delay, asked_of

    is_whole = late_days is not None and 1 <= late_days <= MAX_LATE_DAYS
    if (late_donor is not None or late_days is not None) and not (late_donor and is_whole):
        sentence = text("cli.cash_plan.late_both", maximum=MAX_LATE_DAYS)
        raise typer.BadParameter(sentence, param_hint="--late-donor")
    with opened() as database, database.export() as db:
        found = by_code(db, fund)
        if found is None:
            fail(text("cli.no_fund", code=fund))
        delay = None
        if late_donor is not None and late_days is not None:
            delay = Delay(late_days, _donor_and_fund(db, late_donor, None)[0].id)
        asked = asked_of(
            found, day(as_of, "--as-of"), day(from_on, "--from"), months,
            counts_pledges=count_pledges, delay=delay,
        )  # fmt: skip
        write(cash_plan_workbook(db, None, found, asked), output)
        say(text("cli.written", path=output))


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


def is_terminal() -> bool:
    """Return whether a person watches the progress on standard error."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
