"""Advances: what grantees were paid, what became of it, and how old the rest is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.journal import kind_totals
from fundops.exports.audit_book.moved import in_journal, moved, moved_in_all, moved_later
from fundops.exports.audit_book.registers import STATEMENTS
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.audit_book.words import grants_of
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Date, Integer, Money
from fundops.exports.workbook import Cell, Chart, Control, Grid, Series
from fundops.ledger.models import Transfer
from fundops.messages import text
from fundops.planning.ageing import BUCKETS, Age, left_of

FLOWS = ("paid", "returned", "accepted", "refunded", "written_off")
BANDS = tuple(name for name, _ in BUCKETS)
KINDS = ("advance", "liquidate", "advance_return", "advance_write_off")
IN_LEDGER = {
    "paid": "pay", "returned": "pay_return", "accepted": "liquidate", "refunded": "refund",
    "written_off": "advance_write_off",
}  # fmt: skip
"""Column -> the kind of transfer that says the same on the side of cash, or alone."""

Key = tuple[UUID, UUID]
"""A grant and a lot."""


@dataclass
class Advance:
    """What moved on the advance of a grant and lot: per column, and per day for its age."""

    flows: Counter[str] = field(default_factory=Counter)
    days: dict[date, list[int]] = field(default_factory=dict)

    def add(self, column: str, on: date, minor: int) -> None:
        """Count an amount in a column: as paid on the day, or as settled on it."""
        self.flows[column] += minor
        self.days.setdefault(on, [0, 0])[0 if column == "paid" else 1] += minor

    def take_back(self, paid_on: date, minor: int) -> None:
        """Count what the bank brought back: it settles that payment and no older one."""
        self.flows["returned"] += minor
        self.days.setdefault(paid_on, [0, 0])[0] -= minor

    def age(self, on: date) -> Age:
        """Return what is outstanding by age: the oldest is settled first."""
        age = Age()
        for day, minor in left_of((day, both[0], both[1]) for day, both in self.days.items()):
            age.add(day, minor, on, 0)
        return age


def advances(book: Book) -> dict[Key, Advance]:
    """Return the advances in scope by grant and lot, as of the day and as known."""
    rows = list(
        moved(
            book, KINDS, Transfer.grant_id, Transfer.lot_id, Transfer.kind, Transfer.source_type,
            Transfer.source_id, Transfer.effective_on,
        )
    )  # fmt: skip
    paid_on = {row.source_id: row.effective_on for row in rows if row.kind == "advance"}
    found: dict[Key, Advance] = defaultdict(Advance)
    for grant_id, lot_id, kind, source_type, source_id, on, minor in rows:
        one = found[grant_id, lot_id]
        if kind == "advance_return" and source_type == "disbursement":
            one.take_back(paid_on.get(source_id, on), int(minor))
        else:
            one.add(_COLUMN[kind], on, int(minor))
    return found


_COLUMN = {
    "advance": "paid", "liquidate": "accepted", "advance_return": "refunded",
    "advance_write_off": "written_off",
}  # fmt: skip


def waiting(book: Book) -> Counter[UUID]:
    """Return per grant what is accepted beyond what it was paid; no lot stands behind it yet.

    What a payment after the day asked for has taken up since waited on that day.
    """
    found: Counter[UUID] = Counter()
    if book.by_lot and not book.is_whole:
        return found
    later = moved_later(book, "liquidate")
    for one in STATEMENTS.known(book):
        if counts(book, one):
            found[one.grant_id] += one.prefinanced_minor + later[one.id]
    return +found


def counts(book: Book, statement: Any) -> bool:
    """Return whether a statement is accepted by the day and stands, as known."""
    return bool(statement.status == "accepted" and statement.accepted_on <= book.on)


def advance_rows(book: Book) -> Iterator[Row]:
    """Yield each advance by grant and lot, then what waits for a payment by grant."""
    grants, lots = grants_of(book), book.lot_codes
    rows: list[Row] = []
    for (grant_id, lot_id), one in advances(book).items():
        rows.append(_row(book, grants[grant_id], lots[lot_id], one, 0))
    for grant_id, minor in waiting(book).items():
        rows.append(_row(book, grants[grant_id], None, Advance(), minor))
    yield from sorted(rows, key=lambda row: (row[0], row[2] is None, row[2] or ""))


def _row(book: Book, grant: Any, lot: str | None, one: Advance, waits: int) -> Row:
    flows, age = one.flows, one.age(book.on)
    oldest = age.oldest_on
    days = None if oldest is None else (book.on - oldest).days
    settled = sum(flows[name] for name in FLOWS[1:])
    band = next((name for name in reversed(BANDS) if age.buckets[name]), None)
    return (
        grant.code, book.party(grant.grantee_id), lot, *(flows[name] for name in FLOWS),
        flows["paid"] - settled, oldest, days,
        None if band is None else text(f"audit_book.advances.{band}", book.language),
        *(age.buckets[name] for name in BANDS), waits,
    )  # fmt: skip


def advance_controls(book: Book) -> Iterator[Control]:
    """Yield: rows, each flow by cash and journal, what is outstanding by dated totals, ages."""
    yield counted(book, "advances", count("advances"), _rows_by_ledger(book))
    for column in FLOWS:
        label = text(f"audit_book.advances.{column}", book.language)
        figure, kind = total("advances", column), IN_LEDGER[column]
        yield control(book, "advances_flow", figure, moved_in_all(book, (kind,)), column=label)
        yield control(book, "advances_journal", figure - in_journal(kind), 0, column=label)
    held = {kind: debited - credited for kind, debited, credited in kind_totals(book)}
    outstanding = total("advances", "outstanding")
    yield control(book, "advances_outstanding", outstanding, held.get("advance", 0))
    if book.is_whole:
        memo = -held.get("advance_control", 0)
        yield control(book, "advances_control", outstanding, memo)
    ages = total("advances", BANDS[0]) - outstanding
    for band in BANDS[1:]:
        ages = ages + total("advances", band)
    yield control(book, "advances_ages", ages, 0)
    yield control(book, "advances_waiting", total("advances", "waiting"), _waiting_as_told(book))


def _rows_by_ledger(book: Book) -> int:
    """Return how many grants and lots were ever paid, and grants with something that waits."""
    paid = {(row[0], row[1]) for row in moved(book, ("pay",), Transfer.grant_id, Transfer.lot_id)}
    return len(paid) + len(_told_waiting(book))


def _waiting_as_told(book: Book) -> int:
    return sum(_told_waiting(book).values())


def _told_waiting(book: Book) -> Counter[UUID]:
    """Return what waits per grant, by events: accepted, less disallowed, less what was booked."""
    found: Counter[UUID] = Counter()
    if book.by_lot and not book.is_whole:
        return found
    booked = {row[0]: int(row[1]) for row in moved(book, ("liquidate",), Transfer.source_id)}
    for one in STATEMENTS.told(book):
        if counts(book, one):
            left = one.accepted_minor - one.disallowed_minor
            found[one.grant_id] += left - booked.get(one.id, 0)
    return +found


def ageing(book: Book) -> Grid:
    """Return a sheet of what is outstanding by age, with its chart; figures are live formulas."""
    cells = [Cell("A1", text("audit_book.sheet.ageing", book.language), look="title")]
    heading = text("audit_book.ageing.amount", book.language, currency=book.fund.base_currency)
    cells += [Cell("A3", text("audit_book.ageing.band", book.language), look="label"),
              Cell("B3", heading, look="label")]  # fmt: skip
    for row, band in enumerate(BANDS, 4):
        label = text(f"audit_book.advances.{band}", book.language)
        cells += [Cell(f"A{row}", label), Cell(f"B{row}", total("advances", band), book.money)]
    last = 3 + len(BANDS)
    cells += [
        Cell(f"A{last + 1}", text("audit_book.advances.outstanding", book.language), look="label"),
        Cell(f"B{last + 1}", total("advances", "outstanding"), book.money),
        Cell(f"A{last + 3}", text("audit_book.ageing.note", book.language), look="wrapped",
             across=6),
    ]  # fmt: skip
    series = Series(heading, f"B4:B{last}")
    chart = Chart("bar", text("audit_book.ageing.chart", book.language), f"A4:A{last}", (series,),
                  at="D2")  # fmt: skip
    name = text("audit_book.sheet.ageing", book.language)
    return Grid(name, tuple(cells), widths={"A": 30.0, "B": 24.0}, charts=(chart,))


ADVANCES = Section(
    "advances",
    (
        ("grant", Code(), 26), ("payee", Code(), 34), ("lot", Code(), 26),
        *((name, Money(), 18) for name in FLOWS),
        ("outstanding", Computed(
            "{paid}-{returned}-{accepted}-{refunded}-{written_off}", Money()), 18),
        ("oldest_on", Date(), 12), ("oldest_days", Integer(), 10), ("band", Code(), 16),
        *((band, Money(), 18) for band in BANDS), ("waiting", Money(), 18),
    ),
    advance_rows,
    totals=(*FLOWS, "outstanding", *BANDS, "waiting"),
    controls=advance_controls,
)  # fmt: skip
