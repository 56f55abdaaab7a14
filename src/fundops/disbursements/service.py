"""Disbursements until they are approved: requested, certified, approved, or not.

Each step is taken by another person, as the fund's duty profile has it for the amount, and on the
facts of that moment: a signature covers a digest of them, and a change of any makes it void.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.disbursements import covered, queries
from fundops.disbursements.handling import check_duty, record
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import DisbursementIn, ResubmitIn, SetBackIn
from fundops.disbursements.steps import STEPS
from fundops.errors import Problem, invalid
from fundops.grants.models import Grant, Tranche
from fundops.grants.rules import base_minor, code_for, past_day, refuse_interest
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import advance, require
from fundops.messages import text
from fundops.parties.models import Party
from fundops.payees.queries import account_of_party, current_account
from fundops.records import snapshot


def request(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, given: DisbursementIn
) -> Disbursement:
    """Ask for part of a grant to be paid, to the grantee's current account unless one is named.

    Raises ``insufficient-funds`` for more than the grant or the tranche has left, and
    ``wrong-status`` or ``conflict`` for a grant that nothing may be paid of.
    """
    on = past_day(fund, given.requested_on, "/requested_on")
    grantee = _payable(db, grant)
    refuse_interest(db, actor, grant.grantee_id)
    if on < grant.awarded_on:
        raise invalid("/requested_on", "grants.before_award")
    amount = base_minor(fund, given.amount, "/amount")
    _check_tranche(db, fund, grant, given.tranche_id, amount, 0)
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
        account_id=_account(db, grant, given.account_id),
    )
    grant.requested_minor += amount
    db.add(disbursement)
    db.flush()
    record(db, actor, "request", disbursement, grant, after=snapshot(disbursement))
    return disbursement


def resubmit(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    disbursement: Disbursement,
    grant: Grant,
    given: ResubmitIn,
) -> Disbursement:
    """Ask again for what was sent back, mended; whoever signed before must sign anew."""
    before = snapshot(disbursement)
    advance(disbursement, STEPS, "resubmit", actor)
    _payable(db, grant)
    refuse_interest(db, actor, grant.grantee_id)
    disbursement.account_id = _account(db, grant, given.account_id)
    if given.amount is not None:
        amount, asked = base_minor(fund, given.amount, "/amount"), disbursement.amount_minor
        _check_tranche(db, fund, grant, disbursement.tranche_id, amount, asked)
        grant.requested_minor += amount - asked
        disbursement.amount_minor = amount
    disbursement.requested_by_id = actor.person_id
    db.flush()
    record(db, actor, "resubmit", disbursement, grant, before=before, after=snapshot(disbursement))
    return disbursement


def certify(
    db: Session, actor: audit.Author, fund: Fund, disbursement: Disbursement, grant: Grant
) -> Disbursement:
    """Certify that what is asked for is due under the grant; another person than who asked.

    Raises ``same-person``, ``conflict-of-interest``, ``over-limit`` and ``payment-kept-back``.
    """
    require(disbursement, STEPS, "certify", actor)
    check_duty(db, actor, fund, disbursement, grant, "certify")
    digest = covered.digest_of(db, disbursement, grant)
    disbursement.certified_by_id = actor.person_id
    disbursement.certified_at = clock.now()
    disbursement.certified_digest = digest
    advance(disbursement, STEPS, "certify", actor)
    db.flush()
    record(
        db, actor, "certify", disbursement, grant, before={"status": "requested"},
        after=snapshot(disbursement), digest=digest,
    )  # fmt: skip
    return disbursement


def approve(
    db: Session, actor: audit.Author, fund: Fund, disbursement: Disbursement, grant: Grant
) -> Disbursement:
    """Approve a certified disbursement. Raises what ``certify`` does, and ``approval-void``."""
    require(disbursement, STEPS, "approve", actor)
    check_duty(db, actor, fund, disbursement, grant, "approve")
    digest = covered.digest_of(db, disbursement, grant)
    if digest != disbursement.certified_digest:
        raise Problem("approval-void")
    disbursement.approved_by_id = actor.person_id
    disbursement.approved_at = clock.now()
    disbursement.approved_digest = digest
    advance(disbursement, STEPS, "approve", actor)
    db.flush()
    record(
        db, actor, "approve", disbursement, grant, before={"status": "certified"},
        after=snapshot(disbursement), digest=digest,
    )  # fmt: skip
    return disbursement


def set_back(
    db: Session,
    actor: audit.Author,
    disbursement: Disbursement,
    grant: Grant,
    action: str,
    given: SetBackIn,
) -> Disbursement:
    """Send back, reject or cancel a disbursement, with a reason; signatures on it become void.

    What is rejected or cancelled may be asked for again.
    """
    before = snapshot(disbursement)
    advance(disbursement, STEPS, action, actor)
    for signature in ("certified", "approved"):
        setattr(disbursement, f"{signature}_by_id", None)
        setattr(disbursement, f"{signature}_at", None)
        setattr(disbursement, f"{signature}_digest", None)
    if action != "send_back":
        grant.requested_minor -= disbursement.amount_minor
    db.flush()
    record(
        db, actor, action, disbursement, grant, reason=given.reason, before=before,
        after=snapshot(disbursement),
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
    db: Session, fund: Fund, grant: Grant, tranche_id: UUID | None, amount: int, asked: int
) -> None:
    """Refuse more than a tranche has left; ``asked`` of it is this disbursement's already.

    A grant that is paid in tranches is paid in no other way: what a tranche waits for would
    otherwise be passed by.
    """
    if tranche_id is None:
        if queries.has_tranches(db, grant.id):
            raise invalid("/tranche_id", "disbursements.tranche_needed")
        return
    tranche = db.get(Tranche, tranche_id)
    if tranche is None or tranche.grant_id != grant.id:
        raise invalid("/tranche_id", "validation.unknown_record")
    left = tranche.amount_minor - queries.requested_of_tranche(db, tranche.id) + asked
    if amount > left:
        available = money.display(left, fund.base_currency)
        raise Problem("insufficient-funds", detail=text("grants.tranche_used", available=available))


def _account(db: Session, grant: Grant, account_id: UUID | None) -> UUID | None:
    """Return the account that is named, or the grantee's current one, if it has any."""
    if account_id is None:
        current = current_account(db, grant.grantee_id, clock.now())
        return current.id if current is not None else None
    if not account_of_party(db, grant.grantee_id, account_id):
        raise invalid("/account_id", "validation.unknown_record")
    return account_id
