"""What must be true of one row, by kind of record. A breach sets the row aside or warns.

Booked amounts are facts and are never recomputed; where the rate, as rounded by the source, cannot
explain a booked amount, a warning says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from fundops.calls.indicators import catalogue
from fundops.imports.mapping import Draft, Mapper

_UNNAMED = frozenset(
    {"international ngo", "national ngo", "ngo", "un agency", "others", "other", "unknown", "n/a"}
)
_PARTNER_KINDS = {
    "national_ngo": "civil_society",
    "international_ngo": "civil_society",
    "un_agency": "intergovernmental",
}
_RATE_DECIMALS = 2


def apply(mapper: Mapper, draft: Draft) -> None:
    """Check a fully read row and fill what follows from its other values."""
    _RULES[mapper.profile.kind](mapper, draft)


def _contribution(mapper: Mapper, draft: Draft) -> None:
    values = draft.values
    values["pledge_basis"] = mapper.profile.pledge_basis
    _status(draft, mapper)
    _receipt(draft, mapper)
    if not _promised(values) and values["status"] != "written_off":
        draft.report("error", "nothing_promised")
    if not draft.wrong and values["paid_minor"]:
        _booked(draft, mapper)


def _status(draft: Draft, mapper: Mapper) -> None:
    values = draft.values
    if "status" not in values:
        derived = "part_paid" if values["paid_minor"] and values["outstanding_minor"] else "open"
        if values["paid_minor"] and not values["outstanding_minor"]:
            derived = "paid"
        values["status"] = derived
    column = mapper.column("status")
    if values["status"] == "written_off":
        if values["paid_minor"]:
            draft.report("error", "paid_though_written_off", column)
        values["written_off_on"] = values.pop("paid_on", None)
    elif values["status"] == "paid" and not values["paid_minor"]:
        draft.report("error", "paid_without_amount", column)


def _receipt(draft: Draft, mapper: Mapper) -> None:
    values = draft.values
    paid, local = values["paid_minor"], values.get("paid_local_minor")
    if paid and values.get("paid_on") is None:
        draft.report("error", "paid_without_date", mapper.column("paid_on"))
    if local is not None and bool(paid) != bool(local):
        draft.report("error", "amounts_contradict", mapper.column("paid_minor"))
    if paid and "paid_local_minor" in mapper.profile.fields and not values.get("paid_currency"):
        draft.report("error", "paid_without_currency", mapper.column("paid_currency"))


def _promised(values: Mapping[str, Any]) -> bool:
    names = ("paid_minor", "outstanding_minor", "pledge_local_minor")
    return any(values.get(name) for name in names)


def _booked(draft: Draft, mapper: Mapper) -> None:
    """Warn when a booked amount is not what its own rate gives, as far as the rate is rounded."""
    values = draft.values
    local, currency = draft.exact.get("paid_local_minor"), values.get("paid_currency")
    if local is None or currency is None:
        return
    booked, column = draft.exact["paid_minor"], mapper.column("paid_minor")
    facts = {"booked": format(booked, "f"), "local": format(local, "f"), "currency": currency}
    if currency == values["currency"]:
        if local != booked:
            draft.report("warning", "booked_differs", column, **facts)
        return
    text = values.get("paid_rate")
    if text is None:
        draft.report("warning", "no_rate", mapper.column("paid_rate"))
        return
    if not explained(booked, local, Decimal(text)):
        draft.report("warning", "booked_differs_from_rate", column, rate=text, **facts)


def explained(booked: Decimal, local: Decimal, rate: Decimal) -> bool:
    """Return whether ``local / rate`` can be ``booked``, within one unit.

    ``rate`` is taken as rounded to the decimals it shows, at least two.
    """
    decimals = max(_RATE_DECIMALS, -int(rate.as_tuple().exponent))
    half = Decimal(1).scaleb(-decimals) / 2
    highest = local / (rate - half) if rate > half else Decimal("Infinity")
    return local / (rate + half) - 1 <= booked <= highest + 1


def _project(mapper: Mapper, draft: Draft) -> None:
    values = draft.values
    kind = values.get("partner_type")
    if kind is not None:
        values["partner_kind"] = _PARTNER_KINDS.get(kind)
    _order(draft, mapper, "starts_on", "ends_on")
    _named(draft, mapper, "partner_name")


def _round(mapper: Mapper, draft: Draft) -> None:
    _order(draft, mapper, "opens_on", "closes_on")


def _application(mapper: Mapper, draft: Draft) -> None:
    _order(draft, mapper, "first_approval_on", "last_approval_on")


def _transaction(mapper: Mapper, draft: Draft) -> None:
    values = draft.values
    column = mapper.column("amount_minor")
    if values["amount_minor"] == 0:
        draft.report("error", "zero_transaction", column)
    if values["currency"] != mapper.profile.currency:
        base = mapper.profile.currency
        draft.report("error", "foreign_transaction", mapper.column("currency"), base=base)
    _named(draft, mapper, "receiver")


def _result(mapper: Mapper, draft: Draft) -> None:
    """Refuse negative counts and unknown indicators; tell of totals that are not their parts'."""
    values = draft.values
    if values["indicator"] not in catalogue():
        draft.report("error", "indicator_unknown", mapper.column("indicator"))
    for what in ("planned", "reached"):
        parts = [values[f"{what}_{who}"] for who in ("men", "women", "boys", "girls")]
        if min(parts) < 0:
            draft.report("error", "negative_count", mapper.column(f"{what}_men"))
        total = values.get(f"{what}_total")
        if total is not None and total != sum(parts):
            draft.report(
                "warning", "total_not_of_parts", mapper.column(f"{what}_total"), total=total,
                parts=sum(parts),
            )  # fmt: skip


def _order(draft: Draft, mapper: Mapper, first: str, last: str) -> None:
    begin: date | None = draft.values.get(first)
    end: date | None = draft.values.get(last)
    if begin is not None and end is not None and end < begin:
        draft.report("error", "ends_before_start", mapper.column(last), begin=begin, end=end)


def names_nobody(name: str) -> bool:
    """Return whether a cell for an organisation's name holds only its type."""
    return name.casefold() in _UNNAMED


def _named(draft: Draft, mapper: Mapper, name: str) -> None:
    if names_nobody(draft.values[name]):
        draft.report("warning", "unnamed_party", mapper.column(name))


_RULES: Mapping[str, Callable[[Mapper, Draft], None]] = {
    "contribution": _contribution,
    "round": _round,
    "project": _project,
    "application": _application,
    "transaction": _transaction,
    "result": _result,
}
