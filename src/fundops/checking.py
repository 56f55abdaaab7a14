"""Running the checks that domains declare for ``fundops check``: a sentence for what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from sqlalchemy.orm import Session

MAX_SHOWN = 20
"""Faults of one check that are told: what is broken by the thousand is told by a few."""

Checks = Mapping[str, Callable[[Session], Iterator[str]]]


def faults(db: Session, checks: Checks) -> list[tuple[str, str]]:
    """Return (check, sentence) for what does not hold, at most 20 a check."""
    return [
        (name, sentence) for name, check in checks.items()
        for sentence in islice(check(db), MAX_SHOWN)
    ]  # fmt: skip
