"""What grants ask of the domains that stand above this one, which put functions in these lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from sqlalchemy.orm import Session

TRANCHES_NAMED: list[Callable[[Session, UUID], Mapping[UUID, bool]]] = []
"""Given a grant: which of its tranches payments name, and whether one of those has been made or is
under way."""


def tranches_named(db: Session, grant_id: UUID) -> dict[UUID, bool]:
    """Return the tranches of a grant that payments name; true where money went or is to go."""
    assert TRANCHES_NAMED, "payments are loaded: what they name must not be planned away"
    found: dict[UUID, bool] = {}
    for ask in TRANCHES_NAMED:
        for tranche_id, is_used in ask(db, grant_id).items():
            found[tranche_id] = found.get(tranche_id, False) or is_used
    return found
