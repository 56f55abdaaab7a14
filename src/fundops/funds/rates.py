"""Exchange rates: recording published ones, and finding the one in effect on a day.

A rate is units of ``currency`` per unit of ``base``, as the UN publishes its operational rates.
Rates are never inverted or crossed: a rate that nobody published is not one we can show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.errors import invalid
from fundops.funds.models import ExchangeRate
from fundops.funds.rate_schemas import RateIn
from fundops.ids import uuid7
from fundops.records import snapshot

PREFERENCE = ("un_operational", "ecb", "bank", "other")
"""Sources in the order in which they are asked; the UN's operational rate is the fund's own."""


@dataclass(frozen=True)
class KnownRate:
    """The rate in effect: units of the foreign currency per base unit, since when, says who."""

    rate: Decimal
    starts_on: date
    source: str


def rate_on(db: Session, base: str, currency: str, on: date) -> KnownRate | None:
    """Return the rate of ``currency`` per unit of ``base`` in effect on ``on``, or ``None``.

    The first source in ``PREFERENCE`` that has a rate starting on or before ``on`` answers with
    its latest such rate. A currency against itself is 1, as booked.
    """
    return known_rates(db, base, currency, on).on(on)


@dataclass(frozen=True)
class KnownRates:
    """All rates on record of ``currency`` per unit of ``base``, of each source by their day."""

    base: str
    currency: str
    by_source: Mapping[str, Sequence[KnownRate]]

    def on(self, on: date) -> KnownRate | None:
        """Return the rate in effect on a day, as ``rate_on`` does."""
        if self.base == self.currency:
            return KnownRate(Decimal(1), on, "booked")
        for source in PREFERENCE:
            found = [one for one in self.by_source.get(source, ()) if one.starts_on <= on]
            if found:
                return found[-1]
        return None


def known_rates(db: Session, base: str, currency: str, until: date | None = None) -> KnownRates:
    """Return the rates on record of a pair, to be asked for many days: one query."""
    found: dict[str, list[KnownRate]] = {}
    query = (
        select(ExchangeRate.rate, ExchangeRate.starts_on, ExchangeRate.source)
        .where(ExchangeRate.base == base, ExchangeRate.currency == currency)
        .order_by(ExchangeRate.starts_on)
    )
    if until is not None:
        query = query.where(ExchangeRate.starts_on <= until)
    for rate, starts_on, source in db.execute(query) if base != currency else ():
        found.setdefault(source, []).append(KnownRate(Decimal(rate), starts_on, source))
    return KnownRates(base, currency, found)


def record_rate(db: Session, actor: audit.Author, given: RateIn) -> ExchangeRate:
    """Record a published rate. Raises ``already-exists`` for the same source, pair and day."""
    if given.base == given.currency:
        raise invalid("/currency", "cash.rate_same_currency")
    rate = ExchangeRate(
        id=uuid7(),
        source=given.source,
        base=given.base,
        currency=given.currency,
        starts_on=given.starts_on,
        rate=money.canonical_rate(money.parse_rate(given.rate)),
        created_at=clock.now(),
    )
    db.add(rate)
    db.flush()
    audit.record(
        db, actor, "exchange_rate.recorded", "exchange_rate", rate.id, after=snapshot(rate)
    )
    return rate
