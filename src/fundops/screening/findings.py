"""What screening finds, and how one item is confirmed without being stored."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from fundops.messages import text as sentence

KINDS = (
    "email",
    "profile",
    "document_number",
    "coordinates",
    "phone",
    "name_and_date",
    "person_name",
    "address",
)
"""What may be found, the surest first: where two overlap, the first is told."""

_NEVER = frozenset({"document_number", "coordinates"})
_PURPOSE = "screening\n"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks like personal data, at ``text[start:end]``.

    ``item`` is what a confirmation is about: digits alone for numbers, else case-folded with single
    spaces. It is personal data itself: never store, log or send it; store its ``item_key``.
    """

    kind: str
    start: int
    end: int
    item: str = field(repr=False)

    @property
    def label(self) -> str:
        """What it looks like, in two words."""
        return sentence(f"screening.kind.{self.kind}")

    @property
    def sentence(self) -> str:
        """What it looks like and what to do, for whoever wrote it."""
        return sentence(f"screening.found.{self.kind}")


class Fingerprints(Protocol):
    """What makes keyed fingerprints: ``fundops.vault.Vault`` does."""

    def fingerprint(self, value: str) -> str:
        """Return the fingerprint under the current key."""

    def fingerprints(self, value: str) -> tuple[str, ...]:
        """Return the fingerprint under every key, the current one's first."""


def confirmable(kind: str) -> bool:
    """Return whether a grantee may confirm a finding as staff, official or published contact.

    Numbers of identity documents and coordinates belong in no report, whoever's they are.
    """
    return kind in KINDS and kind not in _NEVER


def item_key(keys: Fingerprints | bytes, item: str) -> str:
    """Return the keyed fingerprint of an item, which is what a confirmation stores."""
    if isinstance(keys, bytes):
        return hmac.new(keys, (_PURPOSE + item).encode(), hashlib.sha256).hexdigest()
    return keys.fingerprint(_PURPOSE + item)


def item_keys(keys: Fingerprints | bytes, item: str) -> tuple[str, ...]:
    """Return every fingerprint an item may be stored under; several while a key is replaced."""
    if isinstance(keys, bytes):
        return (item_key(keys, item),)
    return keys.fingerprints(_PURPOSE + item)


def hidden(text: str, findings: Iterable[Finding]) -> str:
    """Return ``text`` with every letter and digit of the findings masked, of the same length.

    To show the writer where something stands. What is masked is still told of: not for logs.
    """
    letters = list(text)
    for one in findings:
        for at in range(max(0, one.start), min(one.end, len(letters))):
            if not letters[at].isspace():
                letters[at] = "█"
    return "".join(letters)
