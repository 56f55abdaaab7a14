"""Disbursements: requested, paid or withdrawn."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.allocation import reserve
from fundops.allocation.holdings import holdings, take
from fundops.allocation.position import Draw
from fundops.allocation.reserve import Source
from fundops.authz import Permission
from fundops.disbursements import hooks, queries
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import CancelIn, DisbursementIn, PayIn
from fundops.errors import Problem, invalid
from fundops.grants.models import Grant, Tranche
from fundops.grants.rules import base_minor, code_for, past_day, refuse_interest
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.models import Party
from fundops.records import snapshot

STEPS: Steps = {
    "pay": step("requested", "paid", Permission.DISBURSEMENT_PAY, ("requested_by_id",)),
    "cancel": step("requested", "cancelled", Permission.DISBURSEMENT_REQUEST),
}


def request(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, given: DisbursementIn
) -> Disbursement:
    """Ask for part of a grant to be paid.

    Raises ``insufficient-funds`` for more than the grant or the tranche has left.
    """
    on = past_day(fund, given.requested_on, "/requested_on")
    grantee = _payable(db, grant)
    if on < grant.awarded_on:
        raise invalid("/requested_on", "grants.before_award")
    amount = base_minor(fund, given.amount, "/amount")
    _check_tranche(db, fund, grant, given, amount)
    disbursement = Disbursement(
        id=uuid7(),
        code=code_for(db, grantee, "DSB", on.year),
        grant_id=grant.id,
        tranche_id=given.tranche_id,
        amount_minor=amount,
        requested_on=on,
        requested_by_id=actor.person_id,
        status="requested",
        created_at=clock.now(),
    )
    grant.requested_minor += amount
    db.add(disbursement)
    db.flush()
    _record(db, actor, "disbursement.requested", disbursement, grant, after=snapshot(disbursement))
    return disbursement


def pay(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    disbursement: Disbursement,
    grant: Grant,
    given: PayIn,
) -> Disbursement:
    """Book a payment: reservations are drawn tightest first, then oldest; another person pays.

    Raises ``same-person``, ``wrong-status``, ``invalid-request`` for a day before the award or the
    request (imports book what their source says), and ``conflict`` where part of the money was, on
    that day, not yet reserved where it is now.
    """
    on = past_day(fund, given.paid_on, "/paid_on")
    advance(disbursement, STEPS, "pay", actor)
    disbursement.paid_on = on
    disbursement.paid_by_id = actor.person_id
    disbursement.reference = given.reference
    _payable(db, grant)
    refuse_interest(db, actor, grant.grantee_id)
    if on < grant.awarded_on:
        raise invalid("/paid_on", "grants.before_award")
    if on < disbursement.requested_on:
        raise invalid("/paid_on", "grants.before_request")
    parts, missing = take(holdings(db, grant.id, "reserved", on), disbursement.amount_minor)
    if missing:
        raise Problem("conflict", detail=text("grants.reserved_later"))
    grant.requested_minor -= disbursement.amount_minor
    grant.paid_minor += disbursement.amount_minor
    db.flush()
    seq = _record(
        db, actor, "disbursement.paid", disbursement, grant,
        before={"status": "requested"},
        after={
            "status": "paid",
            "paid_on": on,
            "paid_by_id": actor.person_id,
            "reference": given.reference,
            "parts": _parts(parts),
        },
    )  # fmt: skip
    posting.post(db, seq, reserve.pay(fund.id, Source("disbursement", disbursement.id, on), parts))
    hooks.paid(db, actor, grant, disbursement)
    return disbursement


def cancel(
    db: Session, actor: audit.Author, disbursement: Disbursement, grant: Grant, given: CancelIn
) -> Disbursement:
    """Withdraw a request; its amount may be asked for again."""
    advance(disbursement, STEPS, "cancel", actor)
    grant.requested_minor -= disbursement.amount_minor
    db.flush()
    _record(
        db, actor, "disbursement.cancelled", disbursement, grant, reason=given.reason,
        before={"status": "requested"}, after={"status": "cancelled"},
    )  # fmt: skip
    return disbursement


def _payable(db: Session, grant: Grant) -> Party:
    """Return the grantee of a grant that money may go to now."""
    if grant.status == "conditional":
        raise Problem("conflict", detail=text("grants.conditional_unpaid"))
    if grant.status != "awarded":
        raise Problem("wrong-status", action="pay", status=grant.status)
    grantee = db.get_one(Party, grant.grantee_id, populate_existing=True)
    if grantee.status != "active":
        raise Problem("conflict", detail=text("grants.grantee_frozen"))
    return grantee


def _check_tranche(
    db: Session, fund: Fund, grant: Grant, given: DisbursementIn, amount: int
) -> None:
    if given.tranche_id is None:
        return
    tranche = db.get(Tranche, given.tranche_id)
    if tranche is None or tranche.grant_id != grant.id:
        raise invalid("/tranche_id", "validation.unknown_record")
    left = tranche.amount_minor - queries.requested_of_tranche(db, tranche.id)
    if amount > left:
        available = money.display(left, fund.base_currency)
        raise Problem("insufficient-funds", detail=text("grants.tranche_used", available=available))


def _parts(parts: list[Draw]) -> list[list[object]]:
    return [[part.lot_id, part.amount_minor] for part in parts]


def _record(
    db: Session,
    actor: audit.Author,
    action: str,
    disbursement: Disbursement,
    grant: Grant,
    *,
    reason: str | None = None,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> int:
    return audit.record(
        db, actor, action, "disbursement", disbursement.id, fund_id=grant.fund_id, reason=reason,
        before=before, after=after,
    )  # fmt: skip
