"""What bank accounts ask of policies and channels, and whom they tell: the lists of ``hooks``."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.grants.models import Grant
from fundops.grants.policy import policy_in_force
from fundops.notices.models import ContactChannel
from fundops.notices.schemas import masked
from fundops.notices.service import tell
from fundops.payees import hooks
from fundops.payees.hooks import AccountTerms, Channel

MAX_FUNDS = 50
NOTICE_OF = {"proposed": "bank_account_proposed", "refused": "bank_account_refused"}
"""Event -> kind of notice; every other is a change."""


def terms_of(db: Session, party_id: UUID) -> AccountTerms:
    """Return the strictest terms of the funds that pay a party; what is shipped if none does."""
    query = select(Grant.fund_id).where(Grant.grantee_id == party_id).distinct().limit(MAX_FUNDS)
    on = clock.today("UTC")
    policies = [policy_in_force(db, fund_id, on) for fund_id in db.execute(query).scalars().all()]
    if not policies:
        return AccountTerms()
    shipped = AccountTerms()
    least = min(policies, key=lambda one: one.payments.emergency_cap_minor)
    return AccountTerms(
        cooling=timedelta(hours=max(one.payments.cooling_hours for one in policies)),
        ahead=shipped.ahead,
        cap_minor=least.payments.emergency_cap_minor,
        cap_currency=least.currency,
        call_back_good=shipped.call_back_good,
    )


def channel_of(db: Session, party_id: UUID, channel_id: UUID) -> Channel | None:
    """Return a channel of a party that is in use and was verified before."""
    query = select(ContactChannel).where(
        ContactChannel.id == channel_id,
        ContactChannel.party_id == party_id,
        ContactChannel.status == "active",
        ContactChannel.verified_at.is_not(None),
    )
    found = db.execute(query).scalar_one_or_none()
    if found is None or found.verified_at is None:
        return None
    return Channel(found.kind, masked(found.kind, found.address), found.verified_at)


def tell_party(db: Session, party_id: UUID, account_id: UUID, event: str) -> None:
    """Tell a party, by every channel and person, that something happened to its bank account."""
    kind = NOTICE_OF.get(event, "bank_account_changed")
    tell(db, kind, party_id=party_id, about=("bank_account", account_id))


hooks.TERMS.append(terms_of)
hooks.CHANNELS.append(channel_of)
hooks.WHEN_CHANGED.append(tell_party)
