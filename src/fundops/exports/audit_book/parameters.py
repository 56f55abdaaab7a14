"""The parameters of the fund in force on the day, as known: its own, its policy, its duties."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from fundops.exports.audit_book import registers
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.registers import Read, as_known, as_told
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Date, Instant, Integer, Money, Text
from fundops.exports.workbook import Control
from fundops.messages import text

AMOUNT = "_minor"
"""How the names of amounts end in stored policies and duties: minor units of base currency."""
_COLUMNS = ("base_currency", "zone", "operating_reserve_minor", "award_basis", "status")


def parameter_rows(book: Book, read: Read) -> Iterator[Row]:
    """Yield the parameters in force, each with since when and by whose decision."""
    fund = next(iter(read(registers.FUNDS)))
    for name in _COLUMNS:
        yield parameter("fund", name, getattr(fund, name), None, (None, None, None))
    for group, register in (("policy", registers.POLICIES), ("duties", registers.DUTIES)):
        found = _in_force(book, read(register))
        if found is None:
            note = text(f"audit_book.parameters.no_{group}", book.language)
            yield parameter(group, "version", note, None, (None, None, None))
            continue
        by = _decided(book, found)
        yield parameter(group, "version", found.number, found.starts_on, by)
        for path, value in leaves(json.loads(found.content), ""):
            yield parameter(group, path, value, found.starts_on, by)
    yield from _limits(book, read)


def _limits(book: Book, read: Read) -> Iterator[Row]:
    """Yield the limits of persons that hold on the day, by duty and person."""
    found = [
        (one.duty, book.person(one.person_id), one)
        for one in read(registers.LIMITS)
        if one.status == "approved"
        and one.starts_on <= book.on
        and (one.ends_on is None or one.ends_on >= book.on)
    ]
    for duty, person, one in sorted(found, key=lambda each: (*each[:2], str(each[2].id))):
        name = f"{duty}.{person}.limit{AMOUNT}"
        yield parameter("limits", name, one.limit_minor, one.starts_on, _decided(book, one))


def _in_force(book: Book, versions: Sequence[Any]) -> Any:
    """Return the approved version with the latest start not after the day, if there is one."""
    held = [one for one in versions if one.status == "approved" and one.starts_on <= book.on]
    return max(held, key=lambda one: (one.starts_on, one.number), default=None)


def _decided(book: Book, record: Any) -> tuple[Any, ...]:
    return book.person(record.proposed_by_id), book.person(record.decided_by_id), record.decided_at


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each single value of stored content with the way to it: ``closing.days``."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value, start=1)
        for key, part in sorted(pairs):
            yield from leaves(part, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def parameter(group: str, name: str, value: Any, since: Any, by: tuple[Any, ...]) -> Row:
    """Return a row with the value where it belongs: an amount, a whole number, or words."""
    amount = number = words = None
    if isinstance(value, bool) or not isinstance(value, int):
        words = None if value is None else str(value).lower() if value in (True, False) else value
    elif name.endswith(AMOUNT):
        amount = value
    else:
        number = value
    return (group, name.removesuffix(AMOUNT), words, amount, number, since, *by)


def parameter_controls(book: Book) -> Iterator[Control]:
    """Yield: rows, amounts and numbers as the audit chain tells them."""
    rows = list(parameter_rows(book, as_told(book)))
    yield counted(book, "parameters", count("parameters"), len(rows))
    amounts = sum(row[3] or 0 for row in rows)
    yield control(book, "parameters_amounts", total("parameters", "amount"), amounts)
    numbers = sum(row[4] or 0 for row in rows)
    yield control(book, "parameters_numbers", total("parameters", "number"), numbers, Integer())


PARAMETERS = Section(
    "parameters",
    (
        ("group", Code(), 12), ("parameter", Code(), 52), ("value", Text(), 40),
        ("amount", Money(), 18), ("number", Integer(), 12), ("since", Date(), 12),
        ("proposed_by", Code(), 18), ("decided_by", Code(), 18), ("decided_at", Instant(), 20),
    ),
    lambda book: parameter_rows(book, as_known(book)),
    controls=parameter_controls,
)  # fmt: skip
