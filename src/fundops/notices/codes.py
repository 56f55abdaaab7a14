"""Codes that prove a channel: sent to its address, good for a day and three tries.

A code is stored nowhere. It is made from the channel's random salt and the notice that carries it,
so that a message sent again says the same; the channel keeps a hash of the current one.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from uuid import UUID

from fundops.codes import ALPHABET

LENGTH = 8
TRIES = 3
GOOD_FOR = timedelta(hours=24)
PER_DAY = 3
"""Codes that are sent to one channel in 24 hours: nobody's mailbox is filled by asking for more."""


def code_for(salt: bytes, notice_id: UUID) -> str:
    """Return the code that the notice ``notice_id`` carries."""
    drawn = hmac.new(salt, notice_id.bytes, hashlib.sha256).digest()
    number = int.from_bytes(drawn, "big")
    letters = []
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters)


def secret_hash(salt: bytes, code: str) -> bytes:
    """Return what is kept of a code."""
    return hashlib.sha256(salt + code.encode()).digest()


def is_right(kept: bytes | None, salt: bytes, given: str) -> bool:
    """Return whether ``given``, in any case and with any hyphens or spaces, is the code kept."""
    if kept is None:
        return False
    plain = given.upper().replace("-", "").replace(" ", "")
    return hmac.compare_digest(bytes(kept), secret_hash(salt, plain))


def address_digest(salt: bytes, address: str) -> str:
    """Return what the audit chain knows of an address: useless for guessing it."""
    return hashlib.sha256(salt + address.encode()).hexdigest()
