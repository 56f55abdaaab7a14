"""Payments: released to the bank, paid once, refused by it, or paid and come back.

Nothing is paid before the bank says so, or somebody records the evidence. Whoever releases the
money is another person than all before; who records what the bank did has no duty in it.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation import reserve
from fundops.allocation.holdings import holdings, take
from fundops.allocation.position import Draw
from fundops.allocation.reserve import Source
from fundops.authz import Actor, Permission
from fundops.disbursements import covered, hooks
from fundops.disbursements.acting import taken
from fundops.disbursements.handling import check_duty, record
from fundops.disbursements.models import Disbursement
from fundops.disbursements.reviewing import review_due_on
from fundops.disbursements.schemas import ArrivalIn, PaidIn, ReturnIn
from fundops.disbursements.steps import STEPS
from fundops.errors import Problem, invalid
from fundops.files.models import File
from fundops.grants.models import Grant
from fundops.grants.rules import past_day
from fundops.ledger import posting
from fundops.ledger.models import Fund, Transfer
from fundops.lifecycle import advance, require
from fundops.messages import text
from fundops.parties.hands import hands_of
from fundops.records import snapshot


def release(
    db: Session, actor: audit.Author, fund: Fund, disbursement: Disbursement, grant: Grant
) -> Disbursement:
    """Let approved money go to the bank; another person than all before.

    Raises ``same-person``, ``approval-void`` when anything approved has changed,
    ``payment-kept-back``, ``over-limit``.
    """
    require(disbursement, STEPS, "release", actor)
    _check_release(db, actor, fund, disbursement, grant)
    disbursement.sent_by_id = actor.person_id
    disbursement.sent_at = clock.now()
    advance(disbursement, STEPS, "release", actor)
    db.flush()
    record(
        db, actor, "release", disbursement, grant, before={"status": "approved"},
        after=snapshot(disbursement), digest=disbursement.approved_digest,
    )  # fmt: skip
    return disbursement


def pay(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    disbursement: Disbursement,
    grant: Grant,
    given: PaidIn,
) -> Disbursement:
    """Release approved money outside a batch and record the bank's evidence, in one.

    Raises what ``release`` and ``record_paid`` do.
    """
    require(disbursement, STEPS, "pay", actor)
    _check_release(db, actor, fund, disbursement, grant)
    disbursement.sent_by_id = actor.person_id
    disbursement.sent_at = clock.now()
    return _book(db, actor, fund, disbursement, grant, given, "pay")


def record_paid(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    disbursement: Disbursement,
    grant: Grant,
    given: PaidIn,
) -> Disbursement:
    """Book a released payment that the bank has made: reservations are drawn tightest first.

    Raises ``wrong-status``, ``same-person`` for whoever asked for it where the evidence is no
    statement, ``invalid-request`` for a day before the award or the request, and ``conflict``
    where part of the money was, on that day, not yet reserved where it is now.
    """
    require(disbursement, STEPS, "record_paid", actor)
    return _book(db, actor, fund, disbursement, grant, given, "record_paid")


def refuse_unseen(db: Session, actor: Actor, fund: Fund, disbursement: Disbursement) -> None:
    """Refuse what no statement shows to whoever asked for the money, and after its arrival.

    A payment that is said to have failed or come back may be asked for again. Raises
    ``same-person`` and, where the grantee has said that the money arrived, ``conflict``.
    """
    hands = hands_of(db, actor, Permission.BANK_STATEMENT_WRITE, fund.id)
    if taken(db, disbursement).get("request", frozenset()) & hands:
        raise Problem("same-person", detail=text("disbursements.unseen_by_requester"))
    if disbursement.confirmed_on is not None:
        raise Problem("conflict", detail=text("disbursements.arrived"))


def fail(
    db: Session, actor: audit.Author, disbursement: Disbursement, grant: Grant, reason: str
) -> Disbursement:
    """Record that the bank refused a released payment; its amount may be asked for again."""
    advance(disbursement, STEPS, "fail", actor)
    grant.requested_minor -= disbursement.amount_minor
    db.flush()
    record(
        db, actor, "fail", disbursement, grant, reason=reason, before={"status": "sent"},
        after={"status": "failed"},
    )  # fmt: skip
    return disbursement


def return_(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    disbursement: Disbursement,
    grant: Grant,
    given: ReturnIn,
) -> Disbursement:
    """Book a payment that the bank brought back whole: reserved again, or free where it is over.

    Raises ``invalid-request`` for a day before it was paid, ``insufficient-funds`` where the
    grantee has accounted for part of it already.
    """
    on = past_day(fund, given.returned_on, "/returned_on")
    if disbursement.paid_on is not None and on < disbursement.paid_on:
        raise invalid("/returned_on", "disbursements.before_payment")
    before = snapshot(disbursement)
    require(disbursement, STEPS, "return", actor)
    parts = _paid_parts(db, disbursement)
    _require_advanced(db, grant, parts, on)
    advance(disbursement, STEPS, "return", actor)
    disbursement.returned_on = on
    grant.paid_minor -= disbursement.amount_minor
    db.flush()
    seq = record(
        db, actor, "return", disbursement, grant, reason=given.reason, before=before,
        after=snapshot(disbursement),
    )  # fmt: skip
    source = Source("disbursement", disbursement.id, on)
    movements = reserve.pay_return(fund.id, source, parts)
    if grant.status not in ("awarded", "suspended"):
        movements += reserve.void(fund.id, source, parts)
    posting.post(db, seq, movements)
    return disbursement


def confirm(
    db: Session, actor: audit.Author, disbursement: Disbursement, grant: Grant, given: ArrivalIn
) -> Disbursement:
    """Record what the grantee says has arrived: local amount, bank charges, day.

    Raises ``wrong-status`` for what is not paid, ``already-exists`` once it is confirmed.
    """
    if disbursement.status != "paid" or disbursement.paid_on is None:
        raise Problem("wrong-status", action="confirm", status=disbursement.status)
    if disbursement.confirmed_on is not None:
        raise Problem("already-exists", detail=text("disbursements.confirmed_already"))
    if given.received_on < disbursement.paid_on:
        raise invalid("/received_on", "disbursements.before_payment")
    if given.received_on > clock.today(db.get_one(Fund, grant.fund_id).zone):
        raise invalid("/received_on", "validation.future")
    charges = given.charges
    if charges is not None and charges.currency != given.received.currency:
        raise invalid("/charges/currency", "disbursements.one_currency")
    disbursement.confirmed_on = given.received_on
    disbursement.confirmed_minor = given.received.minor("/received", zero=True)
    disbursement.confirmed_currency = given.received.currency
    disbursement.confirmed_charges_minor = (
        charges.minor("/charges", zero=True) if charges is not None else None
    )
    disbursement.confirmed_by_id = actor.person_id
    db.flush()
    audit.record(
        db, actor, "disbursement.confirmed", "disbursement", disbursement.id,
        fund_id=grant.fund_id, before={"confirmed_on": None}, after=snapshot(disbursement),
    )  # fmt: skip
    return disbursement


def _check_release(
    db: Session, actor: audit.Author, fund: Fund, disbursement: Disbursement, grant: Grant
) -> None:
    check_duty(db, actor, fund, disbursement, grant, "pay")
    if covered.digest_of(db, disbursement, grant) != disbursement.approved_digest:
        raise Problem("approval-void")


def _book(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    disbursement: Disbursement,
    grant: Grant,
    given: PaidIn,
    action: str,
) -> Disbursement:
    on = past_day(fund, given.paid_on, "/paid_on")
    if on < grant.awarded_on:
        raise invalid("/paid_on", "grants.before_award")
    if on < disbursement.requested_on:
        raise invalid("/paid_on", "grants.before_request")
    parts, missing = take(holdings(db, grant.id, "reserved", on), disbursement.amount_minor)
    if missing:
        raise Problem("conflict", detail=text("grants.reserved_later"))
    if given.evidence_file_id is not None and db.get(File, given.evidence_file_id) is None:
        raise invalid("/evidence_file_id", "validation.unknown_record")
    before = {"status": "approved" if action == "pay" else "sent"}
    due_on = review_due_on(db, fund, disbursement, max(on, clock.today(fund.zone)))
    advance(disbursement, STEPS, action, actor)
    disbursement.paid_on = on
    disbursement.paid_by_id = actor.person_id
    disbursement.reference = given.reference
    disbursement.evidence_kind = given.evidence_kind
    disbursement.evidence_note = given.evidence_note
    disbursement.evidence_file_id = given.evidence_file_id
    disbursement.review_due_on = due_on
    grant.requested_minor -= disbursement.amount_minor
    grant.paid_minor += disbursement.amount_minor
    db.flush()
    seq = record(
        db, actor, action, disbursement, grant, before=before,
        after=snapshot(disbursement) | {"parts": [[p.lot_id, p.amount_minor] for p in parts]},
        digest=disbursement.approved_digest,
    )  # fmt: skip
    posting.post(db, seq, reserve.pay(fund.id, Source("disbursement", disbursement.id, on), parts))
    hooks.paid(db, actor, grant, disbursement)
    return disbursement


def _paid_parts(db: Session, disbursement: Disbursement) -> list[Draw]:
    """Return what each lot paid of a disbursement."""
    paid = posting.standing(db, Transfer.source_id == disbursement.id, Transfer.kind == "pay")
    return [
        Draw(disbursement.grant_id, one.lot_id, one.amount_minor)
        for one in paid
        if one.lot_id is not None
    ]


def _require_advanced(db: Session, grant: Grant, parts: list[Draw], on: date) -> None:
    """Refuse to take back what the grantee has accounted for or returned since."""
    held = {one.lot_id: one.floor_minor for one in holdings(db, grant.id, "advance", on)}
    if any(held.get(part.lot_id, 0) < part.amount_minor for part in parts):
        raise Problem("insufficient-funds", detail=text("disbursements.accounted_for"))
