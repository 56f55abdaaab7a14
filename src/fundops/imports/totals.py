"""Control totals: per file, money column and currency, what went in equals what came out.

The source's sums are taken from the raw cells in a pass of their own, by other code than the
mapping, so that a row lost or an amount misread shows as a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, InvalidOperation

from fundops import money
from fundops.imports.mapping import Mapper
from fundops.imports.readers import RawRow, Table
from fundops.imports.records import Record

# Wide enough for any sum of accepted cells: no digit is ever rounded away here.
_EXACT = Context(prec=120)
_MAX_DIGITS = 40


@dataclass(frozen=True)
class ColumnTotal:
    """One money column of one file in one currency ("" where the source names none).

    ``source`` is the sum of the cells as written; ``accepted`` that of the records, in whole minor
    units; ``rounding`` what rounding to the minor unit added; ``set_aside`` the sum of the rows set
    aside; ``unreadable`` the number of cells that are no number (their rows are set aside too).
    """

    file: str
    column: str
    field: str
    currency: str
    source: Decimal
    accepted: Decimal
    rounding: Decimal
    set_aside: Decimal
    unreadable: int

    @property
    def balanced(self) -> bool:
        """Whether every unit of the source is accounted for."""
        came = _EXACT.add(self.source, self.rounding)
        return came == _EXACT.add(self.accepted, self.set_aside)


@dataclass
class _Sums:
    source: Decimal = Decimal(0)
    accepted: Decimal = Decimal(0)
    rounding: Decimal = Decimal(0)
    set_aside: Decimal = Decimal(0)
    unreadable: int = 0


@dataclass
class Ledger:
    """Sums under way: (column, field, currency) -> sums."""

    sums: dict[tuple[str, str, str], _Sums] = field(default_factory=dict)

    def at(self, column: str, name: str, currency: str) -> _Sums:
        """Return the sums of one column in one currency."""
        return self.sums.setdefault((column, name, currency), _Sums())


def column_totals(
    mapper: Mapper, table: Table, accepted: Sequence[Record], set_aside: Iterable[RawRow]
) -> tuple[ColumnTotal, ...]:
    """Return the totals of one file's money columns, in order of column and currency."""
    ledger = Ledger()
    _add_raw(ledger, mapper, table.rows, into="source")
    _add_raw(ledger, mapper, set_aside, into="set_aside")
    _add_accepted(ledger, mapper, accepted)
    return tuple(
        ColumnTotal(table.file, column, name, currency, **vars(sums))
        for (column, name, currency), sums in sorted(ledger.sums.items())
    )


def _add_raw(ledger: Ledger, mapper: Mapper, rows: Iterable[RawRow], *, into: str) -> None:
    for raw in rows:
        for name in mapper.profile.amount_fields:
            column = mapper.column(name)
            if column is None:
                continue
            sums = ledger.at(column, name, mapper.currency_of(name, raw))
            amount = _number(mapper.cleaned(name, raw))
            if amount is None:
                sums.unreadable += into == "source"
            else:
                setattr(sums, into, _EXACT.add(getattr(sums, into), amount))


def _number(text: str) -> Decimal | None:
    """Read a cell independently of the mapping. Blank counts as nothing."""
    if not text:
        return Decimal(0)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _MAX_DIGITS:
        return None
    return number if len(number.as_tuple().digits) <= _MAX_DIGITS else None


def _add_accepted(ledger: Ledger, mapper: Mapper, accepted: Sequence[Record]) -> None:
    shape = mapper.shape
    for record in accepted:
        for name in mapper.profile.amount_fields:
            column = mapper.column(name)
            minor: int | None = getattr(record, name)
            if column is None or minor is None:
                continue
            currency: str = getattr(record, shape[name]["currency"]) or ""
            booked = Decimal(minor).scaleb(-money.exponent(currency))
            sums = ledger.at(column, name, currency)
            sums.accepted = _EXACT.add(sums.accepted, booked)
            written = _number(mapper.clean[name](record.source.get(column, "")))
            added = _rounding(booked, written, currency)
            sums.rounding = _EXACT.add(sums.rounding, added)


def _rounding(booked: Decimal, written: Decimal | None, currency: str) -> Decimal:
    """Only a difference below one minor unit is rounding; any other must show as a difference."""
    if written is None:
        return Decimal(0)
    added = _EXACT.subtract(booked, written)
    return added if abs(added) < Decimal(1).scaleb(-money.exponent(currency)) else Decimal(0)
