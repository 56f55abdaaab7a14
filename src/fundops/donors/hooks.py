"""What others want to be told of in this domain, which knows nothing of them.

Grants that wait for an instalment stand above this domain; they put functions in these lists when
they are imported. A function may change records of its own and may raise a problem, which refuses
the whole; it runs in the transaction of what it is told of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from fundops import audit
from fundops.donors.models import Instalment, Lot

AFTER_MATCH: list[Callable[[Session, audit.Author, Sequence[Lot]], None]] = []
"""Called with the lots that a match has just opened and booked."""

WHEN_LOWERED: list[Callable[[Session, Instalment], None]] = []
"""Called with an instalment whose amount or expectation has just been made less."""


def matched(db: Session, actor: audit.Author, lots: Sequence[Lot]) -> None:
    """Tell who waits for it that money has arrived."""
    for told in AFTER_MATCH:
        told(db, actor, lots)


def lowered(db: Session, instalment: Instalment) -> None:
    """Tell who counts on it that less of an instalment will come."""
    for told in WHEN_LOWERED:
        told(db, instalment)
