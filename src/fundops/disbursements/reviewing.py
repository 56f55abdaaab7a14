"""Review after the fact: what makes up for the fourth person in a small office.

A payment for which one person asked and certified is looked at by somebody else within the days
its band sets. While such a review is overdue, the fund is back to four persons.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.disbursements.acting import taken
from fundops.disbursements.duties import Band
from fundops.disbursements.models import Disbursement
from fundops.disbursements.profiles import profile_in_force
from fundops.disbursements.terms import terms_of
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.hands import hands_of
from fundops.records import snapshot


def band_for(db: Session, fund: Fund, amount_minor: int) -> Band:
    """Return the rule of a payment of an amount today; four persons while a review is overdue."""
    today = clock.today(fund.zone)
    band = profile_in_force(db, fund.id, today).band(amount_minor)
    if band.one_requests_and_certifies and is_review_overdue(db, fund, today):
        return Band(payer_is_outside=band.payer_is_outside)
    return band


def is_review_overdue(db: Session, fund: Fund, today: date) -> bool:
    """Return whether a review after the fact of the fund's payments is overdue."""
    query = (
        select(Disbursement.id)
        .join(Grant, Grant.id == Disbursement.grant_id)
        .where(
            Grant.fund_id == fund.id,
            Disbursement.reviewed_at.is_(None),
            Disbursement.review_due_on < today,
        )
    )
    return db.execute(query.limit(1)).first() is not None


def review_due_on(
    db: Session, fund: Fund, disbursement: Disbursement, paid_on: date
) -> date | None:
    """Return until when a payment must be reviewed: if one person asked and certified.

    It must be even where nothing is eased any more since it was released; the fund's policy then
    says within how many days.
    """
    hands = taken(db, disbursement)
    if not hands.get("request", frozenset()) & hands.get("certify", frozenset()):
        return None
    today = clock.today(fund.zone)
    band = profile_in_force(db, fund.id, today).band(disbursement.amount_minor)
    return paid_on + timedelta(days=band.review_days or terms_of(db, fund.id, today).review_days)


def review(
    db: Session, actor: Actor, disbursement: Disbursement, grant: Grant, note: str
) -> Disbursement:
    """Record what a review after the fact found.

    Raises ``same-person`` for hands that had a part in the payment, ``wrong-status`` where none
    is due or it was reviewed.
    """
    if disbursement.review_due_on is None or disbursement.reviewed_at is not None:
        status = "reviewed" if disbursement.reviewed_at is not None else "not to be reviewed"
        raise Problem("wrong-status", action="review", status=status)
    hands = hands_of(db, actor, Permission.DISBURSEMENT_REVIEW, grant.fund_id)
    if any(hands & others for others in taken(db, disbursement).values()):
        raise Problem("same-person", detail=text("disbursements.review_by_another"))
    disbursement.reviewed_by_id = actor.person_id
    disbursement.reviewed_at = clock.now()
    disbursement.review_note = note
    db.flush()
    audit.record(
        db, actor, "disbursement.reviewed", "disbursement", disbursement.id,
        fund_id=grant.fund_id, before={"reviewed_at": None}, after=snapshot(disbursement),
    )  # fmt: skip
    return disbursement
