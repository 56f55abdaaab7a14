"""Numbers from a printed seed, that anybody can work out with a hash tool.

Number ``i`` under a purpose is the SHA-256 of ``<seed>:<purpose>:<i>`` read as one large number.
"""

from __future__ import annotations

import hashlib

_SPACE = 1 << 256


def hashed(seed: str, purpose: str, name: str) -> int:
    """Return the SHA-256 of ``<seed>:<purpose>:<name>`` in UTF-8 as a number below 2^256."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{purpose}:{name}".encode()).digest(), "big")


def below(seed: str, purpose: str, limit: int) -> int:
    """Return a number from 0 to ``limit`` - 1, each as likely as any other.

    The first of numbers 0, 1, 2, … that lies below the largest multiple of ``limit`` not above
    2^256, modulo ``limit``: without that, small results would be likelier.
    """
    if not 1 <= limit <= _SPACE:
        raise ValueError("a range of numbers is not empty")
    most = _SPACE - _SPACE % limit
    for count in range(10_000):
        found = hashed(seed, purpose, str(count))
        if found < most:
            return found % limit
    raise AssertionError("each number is refused with less than even odds")  # pragma: no cover
