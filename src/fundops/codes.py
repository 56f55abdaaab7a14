"""Human codes such as ``PLG-2026-0001``: one counter per prefix and year, never reused."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from fundops.db import Base, Text

ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
"""Letters and digits of random codes: none that are misread or spell words."""


class CodeCounter(Base):
    """The last number given out for one prefix and year. Gaps are allowed (rolled-back writes)."""

    __tablename__ = "code_counters"

    prefix: Mapped[str] = mapped_column(Text(12), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column()


def next_code(db: Session, prefix: str, year: int) -> str:
    """Return the next code of ``prefix`` in ``year``; the write turn makes it unique."""
    return next_codes(db, prefix, year, 1)[0]


def next_codes(db: Session, prefix: str, year: int, count: int) -> list[str]:
    """Return ``count`` consecutive codes of ``prefix`` in ``year``."""
    counter = db.execute(
        select(CodeCounter).where(CodeCounter.prefix == prefix, CodeCounter.year == year)
    ).scalar_one_or_none()
    if counter is None:
        counter = CodeCounter(prefix=prefix, year=year, last=0)
        db.add(counter)
    first = counter.last + 1
    counter.last += count
    db.flush()
    return [f"{prefix}-{year}-{number:04d}" for number in range(first, first + count)]


def random_code(prefix: str) -> str:
    """Return a code that tells nothing (for parties at risk): 40 random bits."""
    return f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(8))}"
