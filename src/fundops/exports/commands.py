"""The commands of ``fundops export``: one for each kind of workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from fundops.messages import text
from fundops.terminal import AsOf, KnownAt, day, fail, instant, opened, say, writing

export = typer.Typer(help=text("cli.export"), no_args_is_help=True, rich_markup_mode=None)


def _written(workbook: Any, output: Path) -> Any:
    """Write a workbook and say so; exit with 1 when the disk does not take it."""
    from fundops.exports import write

    with writing(output):
        made = write(workbook, output)
    say(text("cli.written", path=output))
    return made


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
    from fundops.exports import statements

    period = statements.Period(
        day(from_on, "--from"), day(as_of, "--as-of"), instant(known_at, "--known-at")
    )
    with opened() as database, database.export() as db:
        party, found = _donor_and_fund(db, donor, fund)
        question = statements.question_for(db, party.id, found, period)
        _written(statements.statement_workbook(db, question), output)


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


@export.command("audit", help=text("cli.audit"))
def audit_command(
    output: Annotated[Path, typer.Option("-o", "--output", help=text("cli.output"))],
    fund: Annotated[str | None, typer.Option(help=text("cli.audit.fund"))] = None,
    donor: Annotated[str | None, typer.Option(help=text("cli.audit.donor"))] = None,
    grant: Annotated[str | None, typer.Option(help=text("cli.audit.grant"))] = None,
    call: Annotated[str | None, typer.Option(help=text("cli.audit.call"))] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    reader: Annotated[
        Literal["inside", "auditor", "office", "outside"],
        typer.Option(help=text("cli.audit.reader")),
    ] = "auditor",
    issue: Annotated[bool, typer.Option("--issue", help=text("cli.audit.issue"))] = False,
) -> None:
    """Write everything that an auditor asks of a fund, donor, grant or call as a workbook."""
    from fundops.exports import write
    from fundops.exports.audit_book import question as asked
    from fundops.exports.audit_book.book import Book
    from fundops.exports.audit_book.commands import beside, issued_as, signing
    from fundops.exports.audit_book.workbook import SECTIONS, audit_workbook
    from fundops.exports.bar import shown_bar

    moment = asked.Moment(day(as_of, "--as-of"), instant(known_at, "--known-at"))
    signer = signing()
    with opened() as database, database.export() as db:
        scope = asked.scope_of(db, asked.Named(fund, donor, grant, call))
        question = asked.question_for(db, scope, moment, asked.Reader(reader))
        book = Book(db, question)
        with shown_bar(len(SECTIONS)) as book.watch, writing(output):
            made = write(audit_workbook(book), output)
        say(text("cli.written", path=output))
        signed = beside(book, made, output, signer)
        if issue:
            issued_as(database, question, signed)


@export.command("dossier", help=text("cli.dossier"))
def dossier(
    output: Annotated[Path, typer.Option("-o", "--output", help=text("cli.output"))],
    call: Annotated[str | None, typer.Option(help=text("cli.dossier.call"))] = None,
    proposal: Annotated[str | None, typer.Option(help=text("cli.dossier.proposal"))] = None,
) -> None:
    """Write how a call, or one proposal, was decided as a workbook."""
    from sqlalchemy import select

    from fundops.calls.models import Call
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
        _written(dossier_workbook(db, None, found, one.id if one else None), output)


@export.command("release", help=text("cli.release"))
def release_command(
    code: Annotated[str, typer.Argument(help=text("cli.release.code"))],
    output: Annotated[Path, typer.Option("-o", "--output", help=text("cli.output"))],
) -> None:
    """Write a release as a workbook."""
    from sqlalchemy import select

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
        _written(release_workbook(db, found), output)


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
        _written(cash_plan_workbook(db, None, found, asked), output)
