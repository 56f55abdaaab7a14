"""Write-offs: giving up part of an instalment or of a claim, asked for by one, decided by another.

An instalment is a register, so its write-off moves no money: it lowers what is expected. A claim
stands in the ledger, so its write-off is a transfer.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, lifecycle
from fundops.authz import Actor, Permission
from fundops.codes import next_code
from fundops.donors import cash_rules as rules
from fundops.donors import hooks
from fundops.donors.claim_schemas import WriteOffIn
from fundops.donors.models import Agreement, Instalment, WriteOff
from fundops.donors.recoverables import owed_by, require_owed
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.messages import text
from fundops.parties.models import Party
from fundops.records import snapshot

WRITE_OFF_STEPS: lifecycle.Steps = {
    "approve": lifecycle.step(
        "requested", "approved", Permission.WRITE_OFF_APPROVE, ("requested_by_id",)
    ),
    "reject": lifecycle.step(
        "requested", "rejected", Permission.WRITE_OFF_APPROVE, ("requested_by_id",)
    ),
}


def request(db: Session, actor: Actor, given: WriteOffIn) -> WriteOff:
    """Ask for a write-off; nothing is given up before another person approves.

    Raises ``over-matched`` for more than the instalment has left, ``insufficient-funds`` for more
    than the party owes.
    """
    if given.instalment_id is not None:
        if given.party_id is not None or given.fund_id is not None:
            raise invalid("/instalment_id", "cash.one_subject")
        fund, currency, minor = _of_instalment(db, actor, given, given.instalment_id)
    else:
        fund, currency, minor = _of_claim(db, actor, given)
    rules.not_future(fund, given.effective_on, "/effective_on")
    write_off = WriteOff(
        id=uuid7(),
        code=next_code(db, "WOF", given.effective_on.year),
        fund_id=fund.id,
        instalment_id=given.instalment_id,
        party_id=given.party_id,
        amount_minor=minor,
        currency=currency,
        effective_on=given.effective_on,
        reason=given.reason,
        requested_by_id=actor.person_id,
        status="requested",
        created_at=clock.now(),
    )
    db.add(write_off)
    db.flush()
    _record(db, actor, "write_off.requested", write_off, given.reason)
    return write_off


def approve(db: Session, actor: Actor, write_off: WriteOff) -> WriteOff:
    """Approve a write-off and give the amount up.

    Raises ``same-person`` for whoever asked for it, ``over-matched`` or ``insufficient-funds``
    when there is less left by now.
    """
    before = _decide(actor, write_off, "approve")
    rules.require_open(rules.fund_of(db, write_off.fund_id))
    if write_off.instalment_id is not None:
        found = _instalment(db, write_off.instalment_id)
        assert found is not None, "a write-off names a stored instalment"
        found[0].written_off_minor += write_off.amount_minor
        db.flush()
        hooks.lowered(db, found[0])
    db.flush()
    seq = _record(db, actor, "write_off.approved", write_off, None, before)
    if write_off.party_id is not None:
        _give_up_claim(db, seq, write_off, write_off.party_id)
    return write_off


def reject(db: Session, actor: Actor, write_off: WriteOff, reason: str) -> WriteOff:
    """Refuse a write-off; nothing changes. Raises ``same-person`` for whoever asked for it."""
    before = _decide(actor, write_off, "reject")
    db.flush()
    _record(db, actor, "write_off.rejected", write_off, reason, before)
    return write_off


def _decide(actor: Actor, write_off: WriteOff, action: str) -> dict[str, Any]:
    """Take the step; return the columns as they were before it."""
    before = snapshot(write_off)
    lifecycle.advance(write_off, WRITE_OFF_STEPS, action, actor)
    write_off.decided_by_id = actor.person_id
    write_off.decided_at = clock.now()
    return before


def _give_up_claim(db: Session, seq: int, write_off: WriteOff, party_id: UUID) -> None:
    fund_id, minor, on = write_off.fund_id, write_off.amount_minor, write_off.effective_on
    require_owed(db, fund_id, party_id, minor, on)
    lost, owed = AccountRef(fund_id, "write_off"), owed_by(fund_id, party_id)
    movement = Movement("write_off", lost, owed, minor, on, "write_off", write_off.id)
    posting.post(db, seq, [movement])


def _of_instalment(
    db: Session, actor: Actor, given: WriteOffIn, instalment_id: UUID
) -> tuple[Fund, str, int]:
    found = _instalment(db, instalment_id)
    if found is None:
        raise invalid("/instalment_id", "validation.unknown_record")
    instalment, fund_id = found
    fund = rules.usable_fund(db, actor, Permission.WRITE_OFF_REQUEST, fund_id, "/instalment_id")
    minor = rules.minor_in(given.amount, instalment.currency, "/amount")
    left = instalment.amount_minor - instalment.matched_minor - instalment.written_off_minor
    if minor > left:
        raise Problem("over-matched", detail=text("constraint.instalment_over_matched"))
    return fund, instalment.currency, minor


def _of_claim(db: Session, actor: Actor, given: WriteOffIn) -> tuple[Fund, str, int]:
    if given.party_id is None or given.fund_id is None:
        raise invalid("/party_id", "cash.one_subject")
    if db.get(Party, given.party_id) is None:
        raise invalid("/party_id", "validation.unknown_record")
    fund = rules.usable_fund(db, actor, Permission.WRITE_OFF_REQUEST, given.fund_id)
    minor = rules.base_minor(fund, given.amount, "/amount")
    require_owed(db, fund.id, given.party_id, minor, given.effective_on)
    return fund, fund.base_currency, minor


def _instalment(db: Session, instalment_id: UUID) -> tuple[Instalment, UUID] | None:
    """Return an instalment, fresh, and its fund."""
    query = (
        select(Instalment, Agreement.fund_id)
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(Instalment.id == instalment_id)
        .execution_options(populate_existing=True)
    )
    row = db.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def _record(
    db: Session,
    actor: Actor,
    action: str,
    write_off: WriteOff,
    reason: str | None,
    before: dict[str, Any] | None = None,
) -> int:
    return audit.record(
        db,
        actor,
        action,
        "write_off",
        write_off.id,
        fund_id=write_off.fund_id,
        reason=reason,
        before=before,
        after=snapshot(write_off),
    )
