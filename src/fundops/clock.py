"""The one clock. Tests and simulations replace ``now`` through ``set_clock``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def _system_now() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system_now


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return _source()


def today(zone: str) -> date:
    """Return today's date in the zone ``zone`` (an IANA name, a fund's zone)."""
    return day_in(now(), zone)


def day_in(at: datetime, zone: str) -> date:
    """Return the day of an instant in an IANA zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def set_clock(source: Callable[[], datetime] | None) -> None:
    """Replace the clock (``None`` restores the system's); for tests and simulation only."""
    global _source
    _source = source or _system_now
