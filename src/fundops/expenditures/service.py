"""Statements of expenditure: reported by one person, returned or accepted by another.

Most are filed by a grant's progress reports and decided on with them (``filing``). ``report`` is
for grants that are asked for no financial report, such as imported ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from fundops import clock, money
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.expenditures import attribution, receivables
from fundops.expenditures.filing import (
    Filing,
    Line,
    file,
    record,
    refuse_overlap,
    reported_minor,
    require_running,
)
from fundops.expenditures.models import EXCHANGE, SPENT, ExpenditureLine, ExpenditureStatement
from fundops.expenditures.schemas import AcceptIn, ExpenditureIn, LineDecisionIn
from fundops.expenditures.standing import accepted_so_far, unspent
from fundops.expenditures.terms import allowed_support_cost, percent, terms_of
from fundops.grants.agreement_queries import in_force
from fundops.grants.models import Grant
from fundops.grants.rules import base_minor, past_day, refuse_interest
from fundops.grants.schedule_models import Requirement
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot

STEPS: Steps = {
    "return": step("reported", "returned", Permission.EXPENDITURE_ACCEPT, ("reported_by_id",)),
    "accept": step("reported", "accepted", Permission.EXPENDITURE_ACCEPT, ("reported_by_id",)),
    "return_with_report": step(
        "reported", "returned", Permission.REPORT_REVIEW, ("reported_by_id",)
    ),
    "accept_with_report": step(
        "reported", "accepted", Permission.REPORT_REVIEW, ("reported_by_id",)
    ),
    "correct": step("accepted", "corrected", Permission.EXPENDITURE_ACCEPT),
}


Difference = Callable[[int, int], int]
"""Gives the exchange difference of a statement whose other lines come to so much reported, and so
much accepted, in minor units: a loss is positive."""


def report(
    db: Session, actor: Actor, fund: Fund, grant: Grant, given: ExpenditureIn
) -> ExpenditureStatement:
    """Report what was spent in a period; nothing is booked before another person accepts it.

    Raises ``conflict`` for a grant that is asked for financial reports, whose expenditure comes
    with those, and for a period of which something is accepted already, unless the statement
    corrects just that.
    """
    if given.starts_on > given.ends_on:
        raise invalid("/ends_on", "validation.dates_order")
    past_day(fund, given.ends_on, "/ends_on")
    _check_replaced(db, grant, given)
    if given.replaces_id is None and asks_reports(db, grant):
        raise Problem("conflict", detail=text("expenditures.by_report"))
    lines = [
        Line(
            line.category, line.description, line.is_support_cost,
            base_minor(fund, line.reported, f"/lines/{index}/reported"),
        )
        for index, line in enumerate(given.lines)
    ]  # fmt: skip
    filing = Filing(given.starts_on, given.ends_on, lines, given.replaces_id, given.reason)
    return file(db, actor, grant, filing)


def asks_reports(db: Session, grant: Grant) -> bool:
    """Return whether a grant's expenditure comes with its progress reports: it is asked for them.

    A grant without an agreement in force, such as one that was imported, is not.
    """
    query = select(
        exists().where(
            Requirement.grant_id == grant.id, Requirement.kind == "financial_report",
            Requirement.status.in_(("due", "waiver_requested", "done")),
        )
    )  # fmt: skip
    return bool(db.execute(query).scalar_one()) and in_force(db, grant.id) is not None


def send_back(
    db: Session, actor: Actor, statement: ExpenditureStatement, grant: Grant, reason: str,
    *, with_report: bool = False,
) -> ExpenditureStatement:  # fmt: skip
    """Return a statement to whoever reported it; a new one takes its place."""
    before = snapshot(statement)
    _require_way(statement, with_report)
    refuse_interest(db, actor, grant.grantee_id)
    _decide(actor, statement, "return_with_report" if with_report else "return")
    statement.decision_reason = reason
    db.flush()
    record(db, actor, "returned", statement, grant, reason=reason, before=before)
    return statement


def accept(
    db: Session,
    actor: Actor,
    fund: Fund,
    grant: Grant,
    statement: ExpenditureStatement,
    given: AcceptIn,
    difference: Difference | None = None,
) -> ExpenditureStatement:
    """Accept a statement, in all or in part: the lots' shares are booked.

    What is not accepted becomes a receivable as far as the grantee was paid for it; what exceeds
    the advance waits for the next payment. ``difference`` is given when it is accepted with its
    progress report. Raises ``same-person`` for whoever reported it, ``conflict-of-interest``, and
    ``insufficient-funds`` for more than the grant has room for.
    """
    on = past_day(fund, given.accepted_on, "/accepted_on")
    before = snapshot(statement)
    _require_way(statement, difference is not None)
    require_running(grant)
    if on < statement.ends_on:
        raise invalid("/accepted_on", "expenditures.before_period_end")
    refuse_interest(db, actor, grant.grantee_id)
    _decide(actor, statement, "accept" if difference is None else "accept_with_report", on)
    replaced_id = statement.replaces_id
    refuse_overlap(db, grant, statement.starts_on, statement.ends_on, statement.id, replaced_id)
    freed: set[UUID] = set()
    if replaced_id is not None:
        freed = _take_back(db, actor, grant, replaced_id, statement.reason or "")
    lines = lines_of(db, statement.id)
    _decide_lines(fund, [line for line in lines if line.kind == SPENT], given.lines)
    _cap_support_cost(db, fund, grant, lines, on)
    _true_up(statement, lines, difference)
    statement.accepted_minor = sum(line.accepted_minor or 0 for line in lines)
    _book(db, actor, fund, grant, statement, freed, before)
    # What came in after the day of acceptance, or was freed by a correction, stands behind it now.
    attribution.attribute_waiting(db, actor, grant, clock.today(fund.zone))
    _claim(db, actor, grant, statement, lines)
    return statement


def _require_way(statement: ExpenditureStatement, with_report: bool) -> None:
    """Refuse to decide on a statement of a progress report without that report."""
    if (statement.currency is not None) != with_report:
        raise Problem("conflict", detail=text("expenditures.with_report"))


def _true_up(
    statement: ExpenditureStatement, lines: Sequence[ExpenditureLine],
    difference: Difference | None,
) -> None:  # fmt: skip
    """Set the exchange difference as it is known now; a gain takes off what is accepted at most."""
    line = next((line for line in lines if line.kind == EXCHANGE), None)
    if line is None or difference is None:
        return
    spent = [line for line in lines if line.kind == SPENT]
    accepted = sum(line.accepted_minor or 0 for line in spent)
    line.reported_minor = difference(sum(line.reported_minor for line in spent), accepted)
    line.accepted_minor, line.unsupported_minor = max(line.reported_minor, -accepted), 0
    statement.reported_minor = reported_minor(lines)


def _book(
    db: Session, actor: Actor, fund: Fund, grant: Grant, statement: ExpenditureStatement,
    freed: set[UUID], before: dict[str, Any],
) -> None:  # fmt: skip
    """Post what was accepted, as far as the grantee has been paid for it."""
    on = statement.accepted_on
    assert on is not None, "an accepted statement has its day"
    standing = unspent(db, grant)
    total = standing.total
    used = total.accepted_minor + standing.waiting_minor - statement.prefinanced_minor
    room = grant.awarded_minor - total.refunded_minor - total.written_off_minor - used
    if statement.accepted_minor > room:
        left = money.display(max(room, 0), fund.base_currency)
        raise Problem("insufficient-funds", detail=text("expenditures.beyond_grant", left=left))
    parts, statement.prefinanced_minor = attribution.shares(
        db, grant.id, statement.accepted_minor, on, kept_minor=standing.receivable_minor
    )
    db.flush()
    seq = record(db, actor, "accepted", statement, grant, before=before, parts=parts)
    attribution.liquidate(db, seq, grant, attribution.SOURCE, statement.id, on, parts, freed=freed)


def _claim(
    db: Session, actor: Actor, grant: Grant, statement: ExpenditureStatement,
    lines: Sequence[ExpenditureLine],
) -> None:  # fmt: skip
    """Open a receivable for what was not accepted, as far as the grantee was paid for it."""
    unsupported = sum(line.unsupported_minor or 0 for line in lines)
    if not unsupported:
        return
    standing = unspent(db, grant)
    owed = min(unsupported, standing.unspent_minor - standing.receivable_minor)
    if owed > 0:
        on = statement.accepted_on
        assert on is not None, "an accepted statement has its day"
        reason = text("expenditures.unsupported", code=statement.code)
        receivables.open_one(
            db, actor, grant, owed, on, reason, origin="statement", statement_id=statement.id
        )


def _take_back(
    db: Session, actor: Actor, grant: Grant, replaced_id: UUID, reason: str
) -> set[UUID]:
    """Undo an accepted statement in favour of its correction; return the lots it was on."""
    replaced = db.get_one(ExpenditureStatement, replaced_id, populate_existing=True)
    before = snapshot(replaced)
    advance(replaced, STEPS, "correct", actor)
    replaced.prefinanced_minor = 0
    db.flush()
    seq = record(db, actor, "corrected", replaced, grant, reason=reason, before=before)
    entries = receivables.supersede(db, actor, grant, replaced.id, reason)
    return attribution.take_back(db, seq, [replaced.id, *entries])


def lines_of(db: Session, statement_id: UUID) -> list[ExpenditureLine]:
    """Return the lines of a statement in their order."""
    query = select(ExpenditureLine).where(ExpenditureLine.statement_id == statement_id)
    return list(db.execute(query.order_by(ExpenditureLine.number)).scalars())


def _decide(
    actor: Actor, statement: ExpenditureStatement, action: str, on: date | None = None
) -> None:
    """Take the step, and set what the database wants to be there with the new status."""
    advance(statement, STEPS, action, actor)
    statement.accepted_on = on
    statement.decided_by_id = actor.person_id
    statement.decided_at = clock.now()


def _decide_lines(
    fund: Fund, lines: Sequence[ExpenditureLine], given: Sequence[LineDecisionIn]
) -> None:
    """Set what is accepted of each line, all of it where nothing is said."""
    by_number = {line.number: line for line in lines}
    for line in lines:
        line.accepted_minor, line.unsupported_minor = line.reported_minor, 0
    for index, decision in enumerate(given):
        line_at = by_number.pop(decision.number, None)
        if line_at is None:
            raise invalid(f"/lines/{index}/number", "expenditures.no_such_line")
        pointer = f"/lines/{index}/accepted"
        if decision.accepted.currency != fund.base_currency:
            raise invalid(
                f"{pointer}/currency", "grants.base_currency", currency=fund.base_currency
            )
        accepted = decision.accepted.minor(pointer, zero=True)
        if accepted > line_at.reported_minor:
            raise invalid(f"{pointer}/amount", "expenditures.more_than_reported")
        if accepted < line_at.reported_minor and decision.reason is None:
            raise invalid(f"/lines/{index}/reason", "expenditures.reason_needed")
        line_at.accepted_minor = accepted
        line_at.unsupported_minor = line_at.reported_minor - accepted
        line_at.reason = decision.reason


def _cap_support_cost(
    db: Session, fund: Fund, grant: Grant, lines: Sequence[ExpenditureLine], on: date
) -> None:
    """Take support cost beyond the agreed share of accepted direct expenditure off its lines.

    The share is of everything accepted of the grant so far, this statement included.
    """
    direct, support = accepted_so_far(db, lines[0].statement_id, grant.id)
    spent = [line for line in lines if line.kind == SPENT]
    direct += sum(line.accepted_minor or 0 for line in spent if not line.is_support_cost)
    share = terms_of(db, fund, on).support_cost_bp
    left = max(allowed_support_cost(direct, share) - support, 0)
    for line in lines:
        if not line.is_support_cost:
            continue
        accepted = min(line.accepted_minor or 0, left)
        left -= accepted
        if accepted < (line.accepted_minor or 0):
            line.reason = text("expenditures.support_cost_capped", share=percent(share))
        line.accepted_minor = accepted
        line.unsupported_minor = line.reported_minor - accepted


def _check_replaced(db: Session, grant: Grant, given: ExpenditureIn) -> None:
    """Refuse to correct anything but an accepted statement of the same grant, with a reason."""
    if given.replaces_id is None:
        if given.reason is not None:
            raise invalid("/reason", "expenditures.reason_of_correction")
        return
    if given.reason is None:
        raise invalid("/reason", "validation.missing")
    found = db.get(ExpenditureStatement, given.replaces_id, populate_existing=True)
    if found is None or found.grant_id != grant.id:
        raise invalid("/replaces_id", "validation.unknown_record")
    if found.status != "accepted":
        raise Problem("wrong-status", action="correct", status=found.status)
    _require_way(found, with_report=False)
