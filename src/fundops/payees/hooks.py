"""What payees ask of domains that they know nothing of, and tell them.

Those domains put functions here when they are imported; each runs in the transaction at hand and
may raise a problem, which refuses the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

WHEN_CHANGED: list[Callable[[Session, UUID, UUID, str], None]] = []
"""Called with the party, the account and what happened to it (``EVENTS``): notices tell every
registered channel of the party and all its persons, neutrally."""

EVENTS = ("proposed", "approved", "refused", "blocked", "unblocked", "retired")


def changed(db: Session, party_id: UUID, account_id: UUID, event: str) -> None:
    """Tell who waits for it that a bank account of a party was proposed, or what became of it."""
    for told in WHEN_CHANGED:
        told(db, party_id, account_id, event)


@dataclass(frozen=True)
class AccountTerms:
    """The terms of a policy that bank accounts ask for.

    ``cooling`` is how long a change waits after its approval, ``ahead`` how long an account
    registered in advance does; ``cap_minor``, of ``cap_currency``, is the most that may be paid to
    an account of an emergency; ``call_back_good`` is how long a call-back counts.
    """

    cooling: timedelta = timedelta(hours=72)
    ahead: timedelta = timedelta(days=14)
    cap_minor: int = 500_000
    cap_currency: str = "USD"
    call_back_good: timedelta = timedelta(days=7)


TERMS: list[Callable[[Session, UUID], AccountTerms]] = []
"""Returns the terms in force for a party; the last one registered is asked."""


def terms_for(db: Session, party_id: UUID) -> AccountTerms:
    """Return the terms for a party's accounts; what is shipped where no policy says otherwise."""
    return TERMS[-1](db, party_id) if TERMS else AccountTerms()


@dataclass(frozen=True)
class Channel:
    """A contact channel of a party: how it is reached, masked, and since when it is verified."""

    kind: str
    masked: str
    verified_at: datetime


CHANNELS: list[Callable[[Session, UUID, UUID], Channel | None]] = []
"""Returns a channel of a party, given the party and the channel, if it is in use and verified."""


def channel_of(db: Session, party_id: UUID, channel_id: UUID) -> Channel | None:
    """Return a verified channel of a party; none where nothing is known of it."""
    found = (find(db, party_id, channel_id) for find in CHANNELS)
    return next((channel for channel in found if channel is not None), None)


USED: list[Callable[[Session, Collection[UUID]], Mapping[UUID, int]]] = []
"""Returns what has been paid, or is on its way, to each of the accounts given, in minor units of
the cap's currency."""


def used(db: Session, account_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return what has been paid, or is on its way, to each account; nothing is left out."""
    found = dict.fromkeys(account_ids, 0)
    for ask in USED:
        for account_id, minor in ask(db, account_ids).items():
            found[account_id] = found.get(account_id, 0) + minor
    return found
