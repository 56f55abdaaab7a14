"""What others want to be told when an agreement comes into force; they put functions in here.

A function may change records of its own and may raise a problem, which refuses the whole; it runs
in the transaction of what it is told of.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Protocol

from sqlalchemy.orm import Session

from fundops import audit
from fundops.grants.agreement_content import Agreed
from fundops.grants.models import Grant
from fundops.ledger.models import Fund


class FirstInForce(Protocol):
    """Told that a grant's first agreement is in force: its period and amount (minor units)."""

    def __call__(
        self, db: Session, actor: audit.Author, fund: Fund, grant: Grant, *, starts_on: date,
        ends_on: date, amount_minor: int,
    ) -> Any:  # fmt: skip
        """Do what follows from it."""


Amended = Callable[[Session, audit.Author, Fund, Grant, Agreed, Agreed], Any]
"""Told what was in force and what is now, after an amendment."""

AFTER_IN_FORCE: list[FirstInForce] = []
AFTER_AMENDED: list[Amended] = []


def came_into_force(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, before: Agreed | None, now: Agreed
) -> None:
    """Tell who waits for it that an agreement, or an amendment of it, is in force."""
    if before is not None:
        for amended in AFTER_AMENDED:
            amended(db, actor, fund, grant, before, now)
        return
    for first in AFTER_IN_FORCE:
        first(
            db, actor, fund, grant, starts_on=now.starts_on, ends_on=now.ends_on,
            amount_minor=now.amount_minor,
        )  # fmt: skip
