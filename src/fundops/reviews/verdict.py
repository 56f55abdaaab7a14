"""What a calculation says about itself: whether it could be done, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

Key = UUID | str
"""What proposals, reviewers and criteria are known by. Orders that depend on keys are by text."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of the catalogue, with what it is to be filled in with."""

    message_key: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a result stands; every reason against it when it does not."""

    reasons: tuple[Reason, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether nothing speaks against the result."""
        return not self.reasons


def reason(message_key: str, **params: int | str) -> Reason:
    """Return the reason that the sentence ``message_key`` states."""
    return Reason(message_key, params)


def ordered(keys: set[Key] | frozenset[Key] | Mapping[Key, object]) -> list[Key]:
    """Return keys by their text, so that the same input gives the same order everywhere."""
    return sorted(keys, key=str)
