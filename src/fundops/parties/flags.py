"""Having later domains act on a flag in the transaction that sets it.

What was published while a party or place could be named must not go on being told once it is at
risk. Those who publish register here; parties know nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from fundops import audit
from fundops.parties.models import Party
from fundops.parties.place_models import PlaceAtRisk

Flagged = Party | PlaceAtRisk
Follower = Callable[[Session, audit.Author, Flagged], None]

_followers: list[Follower] = []


def when_flagged(follower: Follower) -> Follower:
    """Have ``follower`` called with each party that becomes protected and each place flagged at
    risk, after the change is recorded and before it is committed.
    """
    _followers.append(follower)
    return follower


def follow(db: Session, author: audit.Author, flagged: Flagged) -> None:
    """Call all that was registered, for a flag that was set and recorded."""
    for follower in _followers:
        follower(db, author, flagged)
