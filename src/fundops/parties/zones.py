"""In which zone a party's day ends: its own, else its country's only one, else the fund's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, and_, case, literal, select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.parties.models import Party
from fundops.parties.profile_models import OrganisationProfile

MAX_ZONES = 1_000
"""Zones that profiles may name: more than there are."""


@cache
def only_zones() -> Mapping[str, str]:
    """Return the zone of each country that has one zone alone, by the table of the tz database."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    count = Counter(row[0] for row in rows)
    return {row[0]: row[2] for row in rows if count[row[0]] == 1}


def zone_of(db: Session, party: Party, otherwise: str) -> str:
    """Return the IANA zone in which a party's day ends; ``otherwise`` where nothing tells."""
    query = select(OrganisationProfile.zone).where(OrganisationProfile.party_id == party.id)
    said = db.execute(query).scalar_one_or_none()
    return said or only_zones().get(party.country or "", otherwise)


def end_of(day: date, zone: str) -> datetime:
    """Return the instant in UTC at which ``day`` ends in ``zone``."""
    following = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return following.astimezone(UTC)


def today_column(
    db: Session, otherwise: str, after: timedelta = timedelta()
) -> ColumnElement[date]:
    """Return the SQL of today where each party is, and so much ``after``.

    Over ``Party``, with ``OrganisationProfile`` joined to it from outside. Today is one of three
    days at most, whatever the number of zones.
    """
    now, usual = clock.now(), clock.today(otherwise)
    named = select(OrganisationProfile.zone).where(OrganisationProfile.zone.is_not(None))
    said = db.execute(named.distinct().limit(MAX_ZONES)).scalars().all()
    whens: list[tuple[ColumnElement[bool], Any]] = []
    for day, zones in _by_day(now, {zone: zone for zone in said if zone}).items():
        whens.append((OrganisationProfile.zone.in_(zones), literal(day + after, Date)))
    unsaid = OrganisationProfile.zone.is_(None)
    for day, countries in _by_day(now, only_zones()).items():
        if day != usual:
            is_there = and_(unsaid, Party.country.in_(countries))
            whens.append((is_there, literal(day + after, Date)))
    last = literal(usual + after, Date)
    return case(*whens, else_=last) if whens else last


def _by_day(now: datetime, zones: Mapping[str, str]) -> dict[date, list[str]]:
    """Return by day those keys of ``zones`` where it is that day now."""
    found: dict[date, list[str]] = {}
    for key, zone in sorted(zones.items()):
        found.setdefault(now.astimezone(ZoneInfo(zone)).date(), []).append(key)
    return found
