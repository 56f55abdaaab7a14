"""Closing grants: everything delivered and paid back, or a grantee that cannot be reached.

Closing gives the unpaid rest back to its lots, and so support cost that is no longer going to be
earned. A balance within the policy's minimum is written off. A closing by force majeure asks
nothing of the grantee, but two persons, evidence and the attempts that were made; it is listed as
an exception.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.allocation import reserve
from fundops.allocation.position import Draw
from fundops.allocation.reserve import Source
from fundops.authz import Actor, Permission
from fundops.donors import support_cost
from fundops.errors import FieldError, Problem, invalid
from fundops.expenditures import receivables, refund_requests, write_offs
from fundops.expenditures.closing_schemas import UnreachableIn
from fundops.expenditures.models import (
    AdvanceWriteOff,
    ExpenditureStatement,
    GrantClosing,
    Receivable,
    RefundRequest,
)
from fundops.expenditures.standing import Standing, unspent
from fundops.expenditures.terms import terms_of, unmet_requirements
from fundops.grants import releasing
from fundops.grants.models import Grant
from fundops.grants.rules import code_for, past_day, refuse_interest
from fundops.grants.schemas import CloseIn
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.hands import refuse_behind
from fundops.parties.models import Party
from fundops.records import snapshot

GRANT_STEPS: Steps = {
    "close": step("awarded terminated", "closed", Permission.GRANT_CLOSE),
}
CLOSING_STEPS: Steps = {
    "confirm": step("proposed", "confirmed", Permission.GRANT_CLOSE, ("proposed_by_id",)),
    "withdraw": step("proposed", "withdrawn", Permission.REQUIREMENT_RECORD),
}


def missing(db: Session, fund: Fund, grant: Grant) -> list[FieldError]:
    """Return everything that keeps a grant from being closed, each with what it is about."""
    standing = unspent(db, grant)
    found = [
        FieldError("grant/requirements", sentence) for sentence in unmet_requirements(db, grant)
    ]
    if grant.requested_minor:
        found.append(FieldError("grant/disbursements", text("grants.disbursements_wait")))
    for code in _waiting(db, ExpenditureStatement, grant.id, "reported"):
        found.append(FieldError("grant/statements", text("expenditures.undecided", code=code)))
    for code in _waiting(db, AdvanceWriteOff, grant.id, "requested"):
        found.append(FieldError("grant/write_offs", text("expenditures.undecided", code=code)))
    if standing.waiting_minor:
        amount = money.display(standing.waiting_minor, fund.base_currency)
        found.append(FieldError("grant/prefinanced", text("expenditures.unpaid", amount=amount)))
    minimum = minimum_of(db, fund)
    if standing.unspent_minor > minimum:
        sentence = text(
            "expenditures.balance_left",
            balance=money.display(standing.unspent_minor, fund.base_currency),
            owed=money.display(standing.receivable_minor, fund.base_currency),
            minimum=money.display(minimum, fund.base_currency),
        )
        found.append(FieldError("grant/balance", sentence))
    return [*found, *_untied(fund, standing)]


def _untied(fund: Fund, standing: Standing) -> list[FieldError]:
    """Return that more is owed and asked for than the grantee holds, if it is.

    Money came back, or was accounted for, that was not noted where it was asked for. Written off as
    it stands, it would be told as given up though it is here.
    """
    owed = standing.receivable_minor + standing.asked_minor
    if owed <= standing.unspent_minor:
        return []
    sentence = text(
        "expenditures.owed_beyond",
        owed=money.display(owed, fund.base_currency),
        balance=money.display(standing.unspent_minor, fund.base_currency),
    )
    return [FieldError("grant/owed", sentence)]


def minimum_of(db: Session, fund: Fund) -> int:
    """Return the balance up to which a grant may be closed, minor units."""
    return terms_of(db, fund, clock.today(fund.zone)).closing_minimum_minor


def close(db: Session, actor: Actor, fund: Fund, grant: Grant, given: CloseIn) -> GrantClosing:
    """Close a grant that has delivered everything; its unpaid rest goes back to its lots.

    Raises ``conflict`` naming all that is missing at once, ``same-person`` for whoever accepted
    its last statement of expenditure, ``conflict-of-interest``.
    """
    on = past_day(fund, given.on, "/on")
    before = grant.status
    _check_status(grant)
    refuse_interest(db, actor, grant.grantee_id)
    last = _last_accepted(db, grant.id)
    if last is not None:
        refuse_behind(
            db, actor, Permission.GRANT_CLOSE, last, [last.decided_by_id], action="close"
        )  # fmt: skip
    lacking = missing(db, fund, grant)
    if lacking:
        raise Problem("conflict", detail=text("expenditures.not_closable"), errors=lacking)
    closing = _new(db, actor, grant, "ordinary", on, given.reason)
    closing.status, closing.confirmed_by_id = "confirmed", actor.person_id
    closing.confirmed_at = clock.now()
    _carry_out(db, actor, fund, grant, closing, before)
    return closing


def propose(
    db: Session, actor: Actor, fund: Fund, grant: Grant, given: UnreachableIn
) -> GrantClosing:
    """Propose to close a grant whose grantee cannot be reached; another person confirms it.

    Raises ``conflict`` where the fund's policy does not allow it.
    """
    on = past_day(fund, given.on, "/on")
    _check_status(grant)
    _require_allowed(db, fund)
    refuse_interest(db, actor, grant.grantee_id)
    for index, attempt in enumerate(given.attempts):
        past_day(fund, attempt.on, f"/attempts/{index}/on")
    if _waiting(db, GrantClosing, grant.id, "proposed"):
        raise Problem("conflict", detail=text("expenditures.closing_proposed"))
    attempts = [
        {"on": one.on.isoformat(), "channel": one.channel, "outcome": one.outcome}
        for one in sorted(given.attempts, key=lambda one: one.on)
    ]
    closing = _new(db, actor, grant, "force_majeure", on, given.reason)
    closing.evidence, closing.unaccounted = given.evidence, given.unaccounted
    closing.attempts = json.dumps(attempts, ensure_ascii=False, separators=(",", ":"))
    db.add(closing)
    db.flush()
    _record(db, actor, "proposed", closing, grant, reason=given.reason)
    return closing


def confirm(
    db: Session, actor: Actor, fund: Fund, grant: Grant, closing: GrantClosing
) -> GrantClosing:
    """Confirm a closing by force majeure and carry it out.

    What nobody accounted for becomes a receivable, written off or kept open as was proposed.
    Raises ``same-person`` for whoever proposed it, ``conflict`` while disbursements wait, more is
    owed and asked for than the grantee holds, or where the fund's policy does not allow it.
    """
    was, before = grant.status, snapshot(closing)
    _check_status(grant)
    _require_allowed(db, fund)
    refuse_interest(db, actor, grant.grantee_id)
    if grant.requested_minor:
        raise Problem("conflict", detail=text("grants.disbursements_wait"))
    if untied := _untied(fund, unspent(db, grant)):
        raise Problem("conflict", detail=text("expenditures.not_closable"), errors=untied)
    advance(closing, CLOSING_STEPS, "confirm", actor)
    closing.confirmed_by_id, closing.confirmed_at = actor.person_id, clock.now()
    db.flush()
    _carry_out(db, actor, fund, grant, closing, was, before)
    return closing


def withdraw(db: Session, actor: Actor, grant: Grant, closing: GrantClosing, reason: str) -> None:
    """Take back a proposed closing: the grantee was reached after all."""
    before = snapshot(closing)
    advance(closing, CLOSING_STEPS, "withdraw", actor)
    db.flush()
    _record(db, actor, "withdrawn", closing, grant, reason=reason, before=before)


def _carry_out(
    db: Session, actor: Actor, fund: Fund, grant: Grant, closing: GrantClosing, was: str,
    before: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """End the grant, give its unpaid rest back, and settle what its grantee still holds."""
    on = closing.closed_on
    standing = unspent(db, grant)
    lots = set(standing.lots)
    parts = releasing.rest_of(db, grant, on)
    closing.freed_minor = sum(part.amount_minor for part in parts)
    is_kept = closing.unaccounted == "kept_open"
    closing.residual_minor = 0 if is_kept else standing.unspent_minor
    advance(grant, GRANT_STEPS, "close", actor)
    db.add(closing)
    db.flush()
    _record(db, actor, "confirmed", closing, grant, before=before, reason=closing.reason)
    seq = _record_end(db, actor, grant, closing, was, parts)
    posting.post(db, seq, reserve.void(fund.id, Source("grant", grant.id, on), parts))
    if closing.kind == "force_majeure":
        _claim(db, actor, grant, closing, standing)
    if closing.residual_minor:
        source = Source("grant_closing", closing.id, on)
        write_offs.give_up(db, seq, grant, source, closing.residual_minor)
        _settle(db, actor, grant, closing)
    support_cost.give_back(db, seq, lots | {part.lot_id for part in parts}, on)


def _claim(
    db: Session, actor: Actor, grant: Grant, closing: GrantClosing, standing: Standing
) -> None:
    """Make a receivable of what nobody accounted for and nothing asks for yet."""
    unclaimed = standing.unspent_minor - standing.receivable_minor - standing.asked_minor
    if unclaimed > 0:
        reason = text("expenditures.unaccounted", code=closing.code)
        receivables.open_one(
            db, actor, grant, unclaimed, closing.closed_on, reason, origin="closing"
        )


def _settle(db: Session, actor: Actor, grant: Grant, closing: GrantClosing) -> None:
    """Note on receivables and requests that what they ask for was written off in closing."""
    on, reason = closing.closed_on, closing.reason
    for owed in _open(db, Receivable, grant.id, "open"):
        left = owed.amount_minor - owed.settled_minor
        receivables.enter(db, actor, grant, owed, "written_off", left, on, reason)
    for asked in _open(db, RefundRequest, grant.id, "requested"):
        left = refund_requests.left_of(asked)
        refund_requests.lower(db, actor, grant, asked, left, reason)


def _open(db: Session, model: Any, grant_id: UUID, status: str) -> list[Any]:
    query = select(model).where(model.grant_id == grant_id, model.status == status)
    return list(
        db.execute(query.order_by(model.id).execution_options(populate_existing=True)).scalars()
    )


def _waiting(db: Session, model: Any, grant_id: UUID, status: str) -> list[str]:
    """Return the codes of a grant's records in a status."""
    query = select(model.code).where(model.grant_id == grant_id, model.status == status)
    return list(db.execute(query.order_by(model.id)).scalars())


def _last_accepted(db: Session, grant_id: UUID) -> ExpenditureStatement | None:
    query = (
        select(ExpenditureStatement)
        .where(ExpenditureStatement.grant_id == grant_id, ExpenditureStatement.status == "accepted")
        .order_by(ExpenditureStatement.decided_at.desc(), ExpenditureStatement.id.desc())
    )
    return db.execute(query.limit(1)).scalar()


def _check_status(grant: Grant) -> None:
    if grant.status not in GRANT_STEPS["close"].sources:
        raise Problem("wrong-status", action="close", status=grant.status)


def _require_allowed(db: Session, fund: Fund) -> None:
    """Refuse a closing by force majeure where the policy in force has none."""
    if not terms_of(db, fund, clock.today(fund.zone)).is_force_majeure_allowed:
        raise Problem("conflict", detail=text("expenditures.force_majeure_off"))


def _new(db: Session, actor: Actor, grant: Grant, kind: str, on: date, reason: str) -> GrantClosing:
    if on < grant.awarded_on:
        raise invalid("/on", "grants.before_award")
    grantee = db.get_one(Party, grant.grantee_id)
    return GrantClosing(
        id=uuid7(), code=code_for(db, grantee, "CLS", on.year), grant_id=grant.id, kind=kind,
        closed_on=on, reason=reason, residual_minor=0, freed_minor=0, status="proposed",
        proposed_by_id=actor.person_id, created_at=clock.now(),
    )  # fmt: skip


def _record_end(
    db: Session, actor: Actor, grant: Grant, closing: GrantClosing, was: str, parts: list[Draw]
) -> int:
    voided = [[part.lot_id, part.amount_minor] for part in parts]
    return audit.record(
        db, actor, "grant.closed", "grant", grant.id, fund_id=grant.fund_id,
        reason=closing.reason, before={"status": was},
        after={"status": grant.status, "voided": voided, "closing": closing.code},
    )  # fmt: skip


def _record(
    db: Session, actor: Actor, action: str, closing: GrantClosing, grant: Grant, *,
    reason: str, before: dict[str, Any] | None = None,
) -> int:  # fmt: skip
    return audit.record(
        db, actor, f"grant_closing.{action}", "grant_closing", closing.id, fund_id=grant.fund_id,
        reason=reason, before=before, after=snapshot(closing),
    )  # fmt: skip
