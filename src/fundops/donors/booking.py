"""What the services of the registers share: usable records, past days, and base equivalents."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import clock, money
from fundops.donors.models import Event
from fundops.errors import invalid
from fundops.funds.rates import rate_on
from fundops.ledger.models import Fund
from fundops.parties.models import Party

ZONE_OF_EVENTS = "UTC"
"""Events and commitments belong to no fund, so their days are counted in UTC."""


def usable_fund(db: Session, fund_id: UUID) -> Fund:
    """Return the open fund a body names at ``/fund_id``; raise ``invalid-request`` otherwise."""
    fund = db.get(Fund, fund_id)
    if fund is None:
        raise invalid("/fund_id", "validation.unknown_record")
    if fund.status != "open":
        raise invalid("/fund_id", "register.fund_closed")
    return fund


def usable_party(db: Session, party_id: UUID, pointer: str) -> Party:
    """Return the active party a body names; our own stand-ins promise nothing (422)."""
    party = db.get(Party, party_id)
    if party is None or party.status != "active" or party.kind == "pseudo":
        raise invalid(pointer, "validation.unknown_record")
    return party


def known_event(db: Session, event_id: UUID | None) -> None:
    """Raise ``invalid-request`` at ``/event_id`` for an event that is not there."""
    if event_id is not None and db.get(Event, event_id) is None:
        raise invalid("/event_id", "validation.unknown_record")


def not_future(on: date | None, zone: str, pointer: str) -> None:
    """Raise ``invalid-request`` for a day that has not come yet in ``zone``."""
    if on is not None and on > clock.today(zone):
        raise invalid(pointer, "validation.future")


def in_order(pointer: str, *days: date | None) -> None:
    """Raise ``invalid-request`` unless the days that are given do not run backwards."""
    given = [day for day in days if day is not None]
    if given != sorted(given):
        raise invalid(pointer, "validation.dates_order")


def base_equivalent(
    db: Session,
    fund: Fund,
    minor: int,
    currency: str,
    *,
    rate: str | None,
    on: date,
    pointer: str = "/amount",
) -> tuple[str | None, int | None]:
    """Return the rate used and the amount in the fund's base currency, ``None`` if unknown.

    ``rate`` is the one given; without it the rate known for ``on`` is used, if there is one. An
    amount already in base currency needs none. Raises ``invalid-request`` at ``/rate`` for a rate
    where none belongs, and at ``pointer``, the amount's place, when the equivalent is too large.
    """
    if currency == fund.base_currency:
        if rate is not None:
            raise invalid("/rate", "register.rate_not_needed")
        return None, minor
    rate = rate or _known_rate(db, fund.base_currency, currency, on)
    if rate is None:
        return None, None
    try:
        base = money.convert(minor, currency, money.parse_rate(rate), fund.base_currency)
    except money.MoneyError:
        raise invalid(pointer, "register.base_too_large") from None
    return rate, base


def _known_rate(db: Session, base: str, currency: str, on: date) -> str | None:
    found = rate_on(db, base, currency, on)
    return None if found is None else money.canonical_rate(found.rate)


def changed(record: Any, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set columns of ``record``; return what they were and what they became, if different."""
    before = {name: getattr(record, name) for name in values}
    after = {name: value for name, value in values.items() if value != before[name]}
    for name, value in after.items():
        setattr(record, name, value)
    return {name: before[name] for name in after}, after
