"""The one deadline of a call: an instant in UTC, what still counts after it, and how it is told.

The deadline itself still counts; anything later does not, not by a microsecond. Only an upload
that was declared (size and SHA-256) in time may complete later, within the call's grace. A call
without a deadline takes no proposals.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fundops import clock
from fundops.calls.models import Call


def grace_ends_at(call: Call) -> datetime | None:
    """Return the instant until which declared uploads may complete; none without a deadline."""
    if call.deadline_at is None:
        return None
    return call.deadline_at + timedelta(minutes=call.grace_minutes)


def counts(call: Call, declared_at: datetime, completed_at: datetime) -> bool:
    """Return whether what was declared and completed at these instants is in time.

    In time is what is complete at or before the deadline, and what was declared at or before it
    and complete within the grace. What is told to be complete before it was declared never counts.
    """
    ends = grace_ends_at(call)
    if call.deadline_at is None or ends is None or completed_at < declared_at:
        return False
    return declared_at <= call.deadline_at and completed_at <= ends


def is_open(call: Call, at: datetime) -> bool:
    """Return whether ``call`` takes proposals at the instant ``at``: begun, and not yet over."""
    if call.status != "open" or call.deadline_at is None or at > call.deadline_at:
        return False
    return call.opens_on is None or clock.day_in(at, call.zone) >= call.opens_on


def is_over(call: Call, at: datetime) -> bool:
    """Return whether nothing can come in any more at ``at``: deadline and grace have passed."""
    ends = grace_ends_at(call)
    return ends is None or at > ends


def told(at: datetime | None, zone: str) -> dict[str, Any] | None:
    """Return an instant as people in ``zone`` read it, with the offset that holds at that time."""
    if at is None:
        return None
    local = at.astimezone(ZoneInfo(zone))
    offset = _offset(local)
    shown = local.replace(tzinfo=None).isoformat(" ", "seconds")
    return {
        "at": at.astimezone(UTC),
        "zone": zone,
        "local": local.isoformat(timespec="seconds"),
        "offset": offset,
        "text": f"{shown} (UTC{offset}, {zone})",
    }


def _offset(local: datetime) -> str:
    """Return the offset from UTC as ``+08:00``; zones once had seconds, which are told as well."""
    seconds = int((local.utcoffset() or timedelta()).total_seconds())
    sign, size = ("-", -seconds) if seconds < 0 else ("+", seconds)
    shown = f"{sign}{size // 3600:02}:{size // 60 % 60:02}"
    return shown + (f":{size % 60:02}" if size % 60 else "")
