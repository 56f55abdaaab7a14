"""How a grant stands and stood, the latest first, at most so many of each."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.grants.standing_models import GrantSuspension, GrantTermination

MAX_SHOWN = 200


def suspensions(db: Session, grant_id: UUID) -> Sequence[GrantSuspension]:
    """Return the suspensions of a grant."""
    query = select(GrantSuspension).where(GrantSuspension.grant_id == grant_id)
    return db.execute(query.order_by(GrantSuspension.id.desc()).limit(MAX_SHOWN)).scalars().all()


def terminations(db: Session, grant_id: UUID) -> Sequence[GrantTermination]:
    """Return the terminations of a grant, proposed or done."""
    query = select(GrantTermination).where(GrantTermination.grant_id == grant_id)
    return db.execute(query.order_by(GrantTermination.id.desc()).limit(MAX_SHOWN)).scalars().all()
