"""From what is given for a call to its columns, and what of it cannot stand together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fundops import clock
from fundops.audit import canonical
from fundops.calls import deadlines
from fundops.calls.models import Call
from fundops.calls.parts import CallLimitIn, TargetsIn, hundredths
from fundops.errors import FieldError, Problem, invalid
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.schemas import MoneyIn, money_out

AMOUNTS = {"envelope": "envelope_minor", "floor": "floor_minor", "ceiling": "ceiling_minor"}
UNDATED = frozenset({"title", "opens_on", "closes_on", "envelope", "objectives"})
"""What may still change in an open call that has no deadline and so takes no proposals."""
CLARIFIED = frozenset({"title", "summary", "questions_close_at", "reviews_close_at", "envelope"})
"""What may still change in an open call with a deadline: nothing that decides over applicants."""


def columns_of(given: Mapping[str, Any], fund: Fund) -> dict[str, Any]:
    """Return the columns of a call that the given fields set.

    Raises ``invalid-request`` for an amount that is not in the fund's base currency.
    """
    values = dict(given)
    for name in ("title", "objectives"):
        if name in values and values[name] is None:
            raise invalid(f"/{name}", "validation.missing")
    for name, column in AMOUNTS.items():
        if name in values:
            values[column] = minor(values.pop(name), fund, f"/{name}")
    for name, write in _WRITTEN.items():
        if name in values:
            values[name] = canonical(write(values[name]))
    if "limits" in values:
        values["limits"] = canonical(
            [_limit(one, fund, f"/limits/{at}") for at, one in enumerate(values["limits"])]
        )
    if values.get("divergence_threshold") is not None:
        values["divergence_threshold"] = hundredths(values["divergence_threshold"])
    return values


def _targets(given: TargetsIn) -> dict[str, list[str]]:
    return given.given()


_WRITTEN: Mapping[str, Callable[[Any], Any]] = {
    "objectives": list,
    "languages": list,
    "targets": _targets,
}


def minor(given: MoneyIn | None, fund: Fund, pointer: str) -> int | None:
    """Return an amount in minor units; raise when it is not in the fund's base currency."""
    if given is None:
        return None
    if given.currency != fund.base_currency:
        raise invalid(f"{pointer}/currency", "grants.base_currency", currency=fund.base_currency)
    return given.minor(pointer, zero=True)


def _limit(given: CallLimitIn, fund: Fund, pointer: str) -> dict[str, Any]:
    amount = minor(given.max_amount, fund, f"{pointer}/max_amount")
    return given.model_dump() | {"max_amount": money_out(amount, fund.base_currency)}


def settle(call: Call, given: frozenset[str]) -> None:
    """Derive the closing day from the deadline and see that all of the call stands together.

    ``given`` are the fields just set, which errors point at. Raises ``invalid-request`` naming
    everything that does not fit.
    """
    errors: list[FieldError] = []
    if call.deadline_at is not None:
        closes_on = clock.day_in(call.deadline_at, call.zone)
        if "closes_on" in given and call.closes_on != closes_on:
            errors.append(FieldError("/closes_on", text("calls.closes_with_deadline")))
        call.closes_on = closes_on
    errors += [
        FieldError(pointer, text(key))
        for pointer, key, wrong in _contradictions(call, given)
        if wrong
    ]
    if errors:
        raise Problem("invalid-request", errors=errors)


def _contradictions(call: Call, given: frozenset[str]) -> list[tuple[str, str, bool]]:
    grace_ends = deadlines.grace_ends_at(call)
    ends = ("closes_on", "deadline_at", "opens_on")
    pointer = next((f"/{name}" for name in ends if name in given), "/closes_on")
    if "deadline_at" in given and call.deadline_at is not None:
        pointer = "/deadline_at"
    return [
        (pointer, "validation.dates_order", _exceeds(call.opens_on, call.closes_on)),
        ("/floor", "calls.floor_above_ceiling", _exceeds(call.floor_minor, call.ceiling_minor)),
        (
            "/ceiling",
            "calls.ceiling_above_envelope",
            _exceeds(call.ceiling_minor, call.envelope_minor),
        ),
        ("/min_months", "calls.months_order", _exceeds(call.min_months, call.max_months)),
        (
            "/questions_close_at",
            "calls.questions_after_deadline",
            _exceeds(call.questions_close_at, call.deadline_at),
        ),
        (
            "/reviews_close_at",
            "calls.reviews_before_deadline",
            _exceeds(grace_ends, call.reviews_close_at),
        ),
    ]


def _exceeds(first: Any, second: Any) -> bool:
    """Return whether both are given and the first is beyond the second."""
    return first is not None and second is not None and bool(first > second)


def refuse_fixed(call: Call, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise ``conflict`` naming every term of an open call that must stay as it was.

    Questions may close later but not sooner, and the envelope may grow but not shrink, because
    applicants rely on both.
    """
    if call.status != "open":
        return
    free = UNDATED if before["deadline_at"] is None else CLARIFIED
    fields = {column: name for name, column in AMOUNTS.items()}
    changed = {name for name, value in after.items() if value != before[name]} - {"version"}
    errors = [
        FieldError(f"/{fields.get(name, name)}", text("calls.fixed_once_open"))
        for name in sorted(changed)
        if fields.get(name, name) not in free
    ]
    if before["deadline_at"] is not None:
        errors += [FieldError(f"/{name}", text("calls.only_more")) for name in _less(before, after)]
    if errors:
        raise Problem("conflict", detail=text("calls.terms_are_fixed"), errors=errors)


def _less(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the fields in which applicants are now promised less than before."""
    found = []
    deadline = before["deadline_at"]
    if (after["questions_close_at"] or deadline) < (before["questions_close_at"] or deadline):
        found.append("questions_close_at")
    if before["envelope_minor"] and (after["envelope_minor"] or 0) < before["envelope_minor"]:
        found.append("envelope")
    return found
