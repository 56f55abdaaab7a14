"""Typed errors: what may go wrong, as data, with the HTTP status and the sentence for each.

A service raises ``Problem("insufficient-funds", available="…")``; the HTTP edge renders it as
``application/problem+json`` (RFC 9457), the command line as one sentence. The table below is the
whole list; database constraints map into it by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fundops.messages import text
from fundops.messages.said import Word

TYPE_PREFIX = "urn:fundops:problem:"

PROBLEMS: dict[str, int] = {
    "invalid-request": 422,
    "malformed-body": 400,
    "body-too-large": 413,
    "unsupported-media-type": 415,
    "not-authenticated": 401,
    "not-allowed": 403,
    "party-frozen": 403,
    "not-found": 404,
    "method-not-allowed": 405,
    "conflict": 409,
    "already-exists": 409,
    "busy": 409,
    "wrong-status": 409,
    "too-late": 409,
    "insufficient-funds": 409,
    "not-fundable": 409,
    "over-matched": 409,
    "same-person": 409,
    "conflict-of-interest": 409,
    "currency-mismatch": 409,
    "earmark-refuses": 409,
    "money-already-spent": 409,
    "approval-void": 409,
    "over-limit": 409,
    "payment-kept-back": 409,
    "stale": 412,
    "etag-required": 428,
    "idempotency-key-required": 400,
    "idempotency-key-reused": 422,
    "file-refused": 422,
    "export-slots-taken": 503,
    "unavailable": 503,
    "internal": 500,
}
"""Problem slug -> HTTP status. The sentence is the message ``problem.<slug>``."""


@dataclass(frozen=True)
class FieldError:
    """One error in one place: a JSON pointer into the body (or ``query/limit``), and a sentence."""

    pointer: str
    detail: str


class Problem(Exception):
    """An expected failure that a person can act on. ``slug`` is a key of ``PROBLEMS``."""

    def __init__(
        self,
        slug: str,
        *,
        errors: Sequence[FieldError] = (),
        detail: str | None = None,
        **params: Any,
    ) -> None:
        assert slug in PROBLEMS, f"undeclared problem {slug}"
        self.slug = slug
        self.status = PROBLEMS[slug]
        self.errors = tuple(errors)
        self.params = {name: _word(name, value) for name, value in params.items()}
        self.detail = detail if detail is not None else text(f"problem.{slug}", **self.params)
        super().__init__(self.detail)

    def body(self, request_id: str | None = None) -> dict[str, Any]:
        """Return the RFC 9457 document of this problem."""
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.slug,
            "title": text(f"problem.{self.slug}.title"),
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [
                {"pointer": error.pointer, "detail": error.detail} for error in self.errors
            ]
        if request_id is not None:
            document["request_id"] = request_id
        return document


def _word(name: str, value: Any) -> Any:
    """Return a parameter; what steps and statuses are called can be said in other languages."""
    is_word = name in ("action", "status") and type(value) is str
    return Word(value) if is_word else value


def invalid(pointer: str, key: str, **params: Any) -> Problem:
    """Return the problem of one wrong input: where it is and why, never what it was."""
    return Problem("invalid-request", errors=[FieldError(pointer, text(key, **params))])


CONSTRAINT_PROBLEMS: dict[str, tuple[str, str]] = {}
"""Constraint name -> (problem slug, message key); each models module registers its own."""


def register_constraints(table: dict[str, tuple[str, str]]) -> None:
    """Add the problems of a module's database constraints."""
    for name, problem in table.items():
        assert problem[0] in PROBLEMS, name
        CONSTRAINT_PROBLEMS[name] = problem


OUT_OF_RANGE = ("conflict", "constraint.amount_in_range")
"""What a CHECK named ``…_in_range`` means wherever no better sentence is registered."""


def constraint_problem(name: str) -> Problem | None:
    """Return the problem a violated constraint means, if the name is registered."""
    entry = CONSTRAINT_PROBLEMS.get(name)
    if entry is None and name.endswith("_in_range"):
        entry = OUT_OF_RANGE
    if entry is None:
        return None
    return Problem(entry[0], detail=text(entry[1]))
