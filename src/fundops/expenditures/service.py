"""Statements of expenditure: reported by one person, returned or accepted by another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.expenditures import attribution, receivables
from fundops.expenditures.models import ExpenditureLine, ExpenditureStatement
from fundops.expenditures.schemas import AcceptIn, ExpenditureIn, LineDecisionIn
from fundops.expenditures.standing import accepted_so_far, unspent
from fundops.expenditures.terms import allowed_support_cost, percent, terms_of
from fundops.grants.models import Grant
from fundops.grants.rules import base_minor, code_for, past_day, refuse_interest
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.models import Party
from fundops.records import snapshot

STEPS: Steps = {
    "return": step("reported", "returned", Permission.EXPENDITURE_ACCEPT, ("reported_by_id",)),
    "accept": step("reported", "accepted", Permission.EXPENDITURE_ACCEPT, ("reported_by_id",)),
    "correct": step("accepted", "corrected", Permission.EXPENDITURE_ACCEPT),
}
RUNNING = ("awarded", "suspended", "terminated")
"""Statuses of grants whose expenditure is still reported and accepted."""


def report(
    db: Session, actor: Actor, fund: Fund, grant: Grant, given: ExpenditureIn
) -> ExpenditureStatement:
    """Report what was spent in a period; nothing is booked before another person accepts it.

    Raises ``conflict`` for a period of which something is accepted already, unless the statement
    corrects just that.
    """
    _require_running(grant)
    if given.starts_on > given.ends_on:
        raise invalid("/ends_on", "validation.dates_order")
    past_day(fund, given.ends_on, "/ends_on")
    _check_replaced(db, grant, given)
    _refuse_overlap(db, grant, given.starts_on, given.ends_on, given.replaces_id)
    minors = [
        base_minor(fund, line.reported, f"/lines/{index}/reported")
        for index, line in enumerate(given.lines)
    ]
    if sum(minors) > money.MAX_MINOR:
        raise invalid("/lines", "money.too_large")
    grantee = db.get_one(Party, grant.grantee_id)
    statement = ExpenditureStatement(
        id=uuid7(), code=code_for(db, grantee, "EXP", given.ends_on.year), grant_id=grant.id,
        starts_on=given.starts_on, ends_on=given.ends_on, reported_minor=sum(minors),
        accepted_minor=0, prefinanced_minor=0, disallowed_minor=0,
        replaces_id=given.replaces_id, reason=given.reason, status="reported",
        reported_by_id=actor.person_id, reported_at=clock.now(),
    )  # fmt: skip
    db.add(statement)
    db.flush()
    db.add_all(
        ExpenditureLine(
            id=uuid7(), statement_id=statement.id, number=number, category=line.category,
            description=line.description, is_support_cost=line.is_support_cost,
            reported_minor=minor,
        )
        for number, (line, minor) in enumerate(zip(given.lines, minors, strict=True), start=1)
    )  # fmt: skip
    _record(db, actor, "reported", statement, grant, reason=given.reason)
    return statement


def send_back(
    db: Session, actor: Actor, statement: ExpenditureStatement, grant: Grant, reason: str
) -> ExpenditureStatement:
    """Return a statement to whoever reported it; a new one takes its place."""
    before = snapshot(statement)
    refuse_interest(db, actor, grant.grantee_id)
    _decide(actor, statement, "return")
    statement.decision_reason = reason
    db.flush()
    _record(db, actor, "returned", statement, grant, reason=reason, before=before)
    return statement


def accept(
    db: Session,
    actor: Actor,
    fund: Fund,
    grant: Grant,
    statement: ExpenditureStatement,
    given: AcceptIn,
) -> ExpenditureStatement:
    """Accept a statement, in all or in part: the lots' shares are booked.

    What is not accepted becomes a receivable as far as the grantee was paid for it; what exceeds
    the advance waits for the next payment. Raises ``same-person`` for whoever reported it,
    ``conflict-of-interest``, and ``insufficient-funds`` for more than the grant has room for.
    """
    on = past_day(fund, given.accepted_on, "/accepted_on")
    before = snapshot(statement)
    _require_running(grant)
    if on < statement.ends_on:
        raise invalid("/accepted_on", "expenditures.before_period_end")
    refuse_interest(db, actor, grant.grantee_id)
    _decide(actor, statement, "accept", on)
    replaced_id = statement.replaces_id
    _refuse_overlap(db, grant, statement.starts_on, statement.ends_on, statement.id, replaced_id)
    freed: set[UUID] = set()
    if replaced_id is not None:
        freed = _take_back(db, actor, grant, replaced_id, statement.reason or "")
    lines = lines_of(db, statement.id)
    _decide_lines(fund, lines, given.lines)
    _cap_support_cost(db, fund, grant, lines, on)
    statement.accepted_minor = sum(line.accepted_minor or 0 for line in lines)
    _book(db, actor, fund, grant, statement, freed, before)
    # What came in after the day of acceptance, or was freed by a correction, stands behind it now.
    attribution.attribute_waiting(db, actor, grant, clock.today(fund.zone))
    _claim(db, actor, grant, statement, lines)
    return statement


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
    seq = _record(db, actor, "accepted", statement, grant, before=before, parts=parts)
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
    seq = _record(db, actor, "corrected", replaced, grant, reason=reason, before=before)
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
    direct += sum(line.accepted_minor or 0 for line in lines if not line.is_support_cost)
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


def _refuse_overlap(
    db: Session, grant: Grant, starts_on: date, ends_on: date, *but: UUID | None
) -> None:
    """Refuse a period that shares a day with another accepted statement of the grant."""
    query = select(ExpenditureStatement.code).where(
        ExpenditureStatement.grant_id == grant.id,
        ExpenditureStatement.status == "accepted",
        ExpenditureStatement.starts_on <= ends_on,
        ExpenditureStatement.ends_on >= starts_on,
        ExpenditureStatement.id.not_in([one for one in but if one is not None]),
    )
    code = db.execute(query.limit(1)).scalar()
    if code is not None:
        raise Problem("conflict", detail=text("expenditures.period_overlaps", code=code))


def _require_running(grant: Grant) -> None:
    if grant.status not in RUNNING:
        raise Problem("wrong-status", action="report expenditure", status=grant.status)


def _record(
    db: Session, actor: Actor, action: str, statement: ExpenditureStatement, grant: Grant,
    *, reason: str | None = None, before: dict[str, Any] | None = None,
    parts: Sequence[Any] = (),
) -> int:  # fmt: skip
    db.flush()
    after = snapshot(statement) | ({"parts": attribution.told(parts)} if parts else {})
    return audit.record(
        db, actor, f"expenditure_statement.{action}", "expenditure_statement", statement.id,
        fund_id=grant.fund_id, reason=reason, before=before, after=after,
    )  # fmt: skip
