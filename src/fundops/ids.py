"""Identifiers: time-ordered UUIDs for records and name-based UUIDs for money rows."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID, uuid5

NAMESPACE = UUID("6f1e9c52-4b0b-5b5e-9d39-3f4d3c1a7b10")
"""Namespace of every business key of fundops; part of the stored data, never changed."""

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """Return a UUID version 7 that is greater than every earlier one of this process.

    The 12 bits after the millisecond count upwards inside one millisecond (RFC 9562, method 1),
    so rows made in one transaction keep their order. Python 3.11 has no ``uuid.uuid7``.
    """
    global _last
    with _lock:
        stamp = max((time.time_ns() // 1_000_000) << 12, _last + 1)
        _last = stamp
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    value = ((stamp >> 12) << 80) | (0x7 << 76) | ((stamp & 0xFFF) << 64) | (0b10 << 62) | random
    return UUID(int=value)


def business_id(*key: object) -> UUID:
    """Return the id that follows from a business key, the same on every database and retry."""
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in key))
