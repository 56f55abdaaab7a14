"""Series of human codes in scope, with every number that is missing and who has it.

Codes count up by prefix and year over all funds, in the transaction that makes the record: one
that is rolled back gives its numbers back. So a number below the last must belong to some record,
and one that belongs to none is unexplained.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import exists, literal, select, union_all

from fundops.audit import AuditEvent, AuditPayload
from fundops.codes import CodeCounter
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.owned import known, owned_by, record_type, registers
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Integer, Text
from fundops.exports.workbook import Control
from fundops.messages import text

_CODE = re.compile(r"([A-Z]{3})-(\d{4})-(\d{4,9})", re.ASCII)
_LIKE = "___-____-____%"
MOST_RUNS = 200
"""Runs of missing numbers that are written out per series; the others are counted alone."""


@dataclass
class Series:
    """The numbers of one prefix and year, as known: of records in scope, and of all others."""

    types: set[str] = field(default_factory=set)
    inside: set[int] = field(default_factory=set)
    outside: set[int] = field(default_factory=set)

    @property
    def missing(self) -> list[int]:
        """Return the numbers up to the last in scope that no record in scope has."""
        return [one for one in range(1, max(self.inside) + 1) if one not in self.inside]

    @property
    def unexplained(self) -> list[int]:
        """Return those that no record of any fund has either."""
        return [one for one in self.missing if one not in self.outside]


def series(book: Book) -> dict[tuple[str, int], Series]:
    """Return the series that records in scope have codes of, as known, by prefix and year."""
    owned = owned_by(book)
    found: dict[tuple[str, int], Series] = defaultdict(Series)
    counters = book.once(_counters)
    for name, table in book.once(_counting):
        ids, kind = owned.ids(name), record_type(name)
        inside = set() if ids is None else _held(book, table, kind, ids)
        for code in _held(book, table, kind):
            key, number = _parts(code)
            if key in counters:
                one = found[key]
                (one.inside if code in inside else one.outside).add(number)
                one.types.add(kind)
    return {key: found[key] for key in sorted(found) if found[key].inside}


def _counting(book: Book) -> list[tuple[str, Any]]:
    """Return the registers that have any code that looks counted; imports bring their own codes."""
    tables = {name: table for name, table in registers().items() if "code" in table.c}
    some = (
        select(literal(name)).where(exists().where(table.c.code.like(_LIKE)))
        for name, table in tables.items()
    )
    return [(name, tables[name]) for name in book.db.execute(union_all(*some)).scalars()]


def _held(book: Book, table: Any, kind: str, ids: Any = None) -> set[str]:
    """Return the codes that look counted of a register's records, of those with ``ids`` alone.

    A party that is flagged as at risk gives its code up for a random one. The number was given out
    all the same: that it is nobody's now is no gap.
    """
    query = select(table.c.code)
    query = query.where(table.c.code.like(_LIKE), known(book, kind, table.c.id))
    if ids is not None:
        query = query.where(table.c.id.in_(ids))
    found = set(book.db.execute(query).scalars())
    return found | _given_up(book, kind, ids) if kind == "party" else found


def _given_up(book: Book, kind: str, ids: Any) -> set[str]:
    """Return the codes that look counted and that events gave a register's records by then."""
    event = AuditEvent
    query = (
        select(AuditPayload.payload)
        .join(event, event.seq == AuditPayload.seq)
        .where(event.record_type == kind, event.seq <= book.seq,
               AuditPayload.payload.like('%"code"%'))
    )  # fmt: skip
    if ids is not None:
        query = query.where(event.record_id.in_(ids))
    given = (
        (json.loads(one or "{}").get("after") or {}).get("code")
        for one in book.db.execute(query).scalars()
    )
    return {code for code in given if code is not None and _CODE.fullmatch(code)}


def _counters(book: Book) -> set[tuple[str, int]]:
    """Return the prefixes and years that were ever counted; all other codes were given."""
    rows = book.db.execute(select(CodeCounter.prefix, CodeCounter.year))
    return {(row[0], row[1]) for row in rows}


def _parts(code: str) -> tuple[tuple[str, int], int]:
    """Return the prefix and year, and the number, of a code that counts; zeros of any other."""
    parts = _CODE.fullmatch(code)
    return (("", 0), 0) if parts is None else ((parts[1], int(parts[2])), int(parts[3]))


def gap_rows(book: Book) -> Iterator[Row]:
    """Yield a row per series: its numbers in scope, those that are missing, and why."""
    for (prefix, year), one in book.once(series).items():
        missing, unexplained = one.missing, one.unexplained
        elsewhere = len(missing) - len(unexplained)
        yield (
            prefix, year, ", ".join(sorted(one.types)), min(one.inside), max(one.inside),
            len(one.inside), len(missing), elsewhere, len(unexplained), runs(missing),
            _why(book, elsewhere, unexplained),
        )  # fmt: skip


def runs(numbers: Iterable[int]) -> str | None:
    """Return numbers in order as text: ``2 to 4, 7``; the first runs where there are very many."""
    found: list[list[int]] = []
    for one in numbers:
        if found and one == found[-1][1] + 1:
            found[-1][1] = one
        else:
            found.append([one, one])
    words = [str(a) if a == b else f"{a} to {b}" for a, b in found[:MOST_RUNS]]
    return ", ".join([*words, "…"] if len(found) > MOST_RUNS else words) or None


def _why(book: Book, elsewhere: int, unexplained: list[int]) -> str:
    parts = []
    if elsewhere:
        parts.append(text("audit_book.code_gaps.elsewhere_why", book.language, count=elsewhere))
    if unexplained:
        named = runs(unexplained)
        parts.append(text("audit_book.code_gaps.unexplained_why", book.language, numbers=named))
    return " ".join(parts) or text("audit_book.code_gaps.none_why", book.language)


def gap_controls(book: Book) -> Iterator[Control]:
    """Yield: nothing unexplained, every series and every counted code of the registers."""
    yield control(book, "gaps_unexplained", total("code_gaps", "unexplained"), 0, Integer())
    yield counted(book, "code_gaps", count("code_gaps"), len(book.once(series)))
    yield control(book, "gaps_records", total("code_gaps", "records"), _records(book), Integer())


def _records(book: Book) -> int:
    """Return how many records in scope have a counted code, register by register."""
    owned, found, counters = owned_by(book), 0, book.once(_counters)
    for name, table in book.once(_counting):
        ids = owned.ids(name)
        if ids is None:
            continue
        held = _held(book, table, record_type(name), ids)
        found += sum(_parts(code)[0] in counters for code in held)
    return found


CODE_GAPS = Section(
    "code_gaps",
    (
        ("series", Code(), 9), ("year", Integer(), 8), ("record_types", Code(), 26),
        ("first", Integer(), 9), ("last", Integer(), 9), ("records", Integer(), 10),
        ("missing", Computed("{last}-{records}", Integer()), 10), ("elsewhere", Integer(), 12),
        ("unexplained", Computed("{missing}-{elsewhere}", Integer()), 13), ("numbers", Text(), 44),
        ("why", Text(), 60),
    ),
    gap_rows,
    totals=("records", "missing", "elsewhere", "unexplained"),
    controls=gap_controls,
)  # fmt: skip
