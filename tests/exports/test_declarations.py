"""Declarations: what no spreadsheet program could open is refused where it is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fundops import money
from fundops.exports import (
    Cell,
    Chart,
    Code,
    Column,
    Computed,
    Control,
    Controls,
    DeclarationError,
    Formula,
    Grid,
    Guide,
    Integer,
    Money,
    Series,
    Sheet,
    Text,
    Workbook,
)
from fundops.exports.names import check_name, continued, letters, place
from tests.exports import books

A = Column("a", "A", Text())


def column(**changed: Any) -> Callable[[], object]:
    return lambda: Sheet("S", (Column(**{"key": "a", "heading": "A", "kind": Text(), **changed}),),
                         [], table_name="t_1")  # fmt: skip


def grid(*cells: Cell, **more: Any) -> Callable[[], object]:
    return lambda: books.rendered(Workbook("W", (Grid("G", cells, **more),)))


REFUSED: dict[str, Callable[[], object]] = {
    "empty sheet name": lambda: Grid("", ()),
    "long sheet name": lambda: Grid("x" * 32, ()),
    "slash in a sheet name": lambda: Grid("a/b", ()),
    "bracket in a sheet name": lambda: Grid("a[1]", ()),
    "quote at the end": lambda: Grid("a'", ()),
    "reserved sheet name": lambda: Guide("History"),
    "no columns": lambda: Sheet("S", (), []),
    "too many columns": lambda: Sheet("S", tuple(
        Column(f"k{n}_", f"h{n}", Text()) for n in range(16_385)), []),
    "two columns of one key": lambda: Sheet("S", (A, Column("a", "B", Text())), []),
    "two columns of one heading": lambda: Sheet("S", (A, Column("b", "a", Text())), []),
    "empty heading": column(heading=""),
    "heading of two lines": column(heading="a\nb"),
    "long heading": column(heading="x" * 256),
    "key with a space": column(key="a b"),
    "money without decimals": column(kind=Money()),
    "money of a missing column": column(kind=Money(currency_from="nothing")),
    "money from two places": lambda: Money("USD", exponent=2),
    "money of seven decimals": lambda: Money(exponent=7),
    "row formula over a missing column": column(kind=Computed("{b}", Text())),
    "row formula with a stray brace": column(kind=Computed("{a", Text())),
    "totals of text": lambda: Sheet("S", (A,), [], table_name="t_1", totals=("a",)),
    "totals without a table": lambda: Sheet("S", (A,), [], totals=("a",)),
    "table name like a cell": lambda: Sheet("S", (A,), [], table_name="TAX2026"),
    "table name like R1C1": lambda: Sheet("S", (A,), [], table_name="r1c1"),
    "table name with a space": lambda: Sheet("S", (A,), [], table_name="my table"),
    "cell outside the sheet": grid(Cell("A1048576", 1), Cell("XFD1", 1), widths={"XFE": 3}),
    "no reference": lambda: Cell("1A", 1),
    "two cells in one place": lambda: Grid("G", (Cell("A1", 1), Cell("A1", 2))),
    "a joined cell over another": lambda: Grid("G", (Cell("A1", 1, across=2), Cell("B1", 2))),
    "across nothing": lambda: Cell("A1", 1, across=0),
    "a link to nowhere": grid(Cell("A1", "x", link="Nowhere")),
    "formula with its sign": lambda: Formula("=1+1", 2),
    "empty formula": lambda: Formula("", 2),
    "endless formula": lambda: Formula("1" * 8_193, 2),
    "formula with a control character": lambda: Formula("1\x00", 2),
    "chart of nothing": lambda: Chart("bar", "C", "A1:A2", (), "D1"),
    "chart across columns": lambda: Chart("bar", "C", "A1:B2", (Series("s", "B1:B2"),), "D1"),
    "figure of a missing table": grid(Cell("A1", books.ALL)),
    "figure in other decimals": lambda: books.rendered(Workbook("W", (
        Grid("G", (Cell("A1", books.ALL, Money("JPY")),)), books.a_sheet()))),
    "no sheets": lambda: Workbook("W", ()),
    "two sheets of one name": lambda: Workbook("W", (Grid("G", ()), Grid("g", ()))),
    "the name a sheet goes on under": lambda: Workbook("W", (Sheet("S", (A,), []),
                                                             Grid("S (2)", ()))),
    "two tables of one name": lambda: Workbook("W", (
        Sheet("S", (A,), [], table_name="t_1"), Sheet("T", (A,), [], table_name="T_1"))),
    "a table named as another's column": lambda: Workbook("W", (
        Sheet("S", (A,), [], table_name="t_x"), Sheet("T", (A,), [], table_name="t_x_a"))),
    "two sheets of controls": lambda: Workbook("W", tuple(Controls(
        name, (Control("c", books.ALL, 1, Integer()),), name) for name in ("one", "two"))),
    "a sheet of no rows": lambda: Workbook("W", (Grid("G", ()),), sheet_rows=3),
    "a control expecting text": lambda: Control("c", books.ALL, "1", Integer()),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize("declared", REFUSED.values(), ids=REFUSED.keys())
def test_what_no_program_could_open_is_refused(declared: Callable[[], object]) -> None:
    with pytest.raises(DeclarationError):
        declared()


def test_what_stands_beside_the_refused_is_taken() -> None:
    """The other side of the table above: its nearest neighbours are fine."""
    Grid("x" * 31, ())
    Grid("it's", ())
    column(kind=Money("USD"))()
    column(kind=Computed("{a}&1", Text()))()
    Sheet("S", (A, Column("b", "B", Integer())), [], table_name="tax_2026", totals=("b",))
    grid(Cell("XFD1048576", 1), widths={"XFD": 3})()
    Workbook("W", (Sheet("S", (A,), []), Grid("S (20)", ())))
    Workbook("W", (Sheet("S", (A,), [], table_name="t_1"), Sheet("T", (A,), [], table_name="t_2")))


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(money.UnknownCurrency):
        Money("XXX")
    mixed = (Column("x", "X", Money(currency_from="c")), Column("c", "C", Code()))
    with pytest.raises(money.UnknownCurrency):
        books.rendered(Workbook("W", (Sheet("S", mixed, [(1, "???")]),)))


def test_columns_and_their_letters_are_inverse() -> None:
    for index in [*range(800), 16_383]:
        assert place(f"{letters(index)}7") == (7, index)
    assert letters(16_383) == "XFD"
    with pytest.raises(DeclarationError):
        letters(16_384)


def test_names_are_those_that_programs_take() -> None:
    assert check_name("receipts_amount") == "receipts_amount"
    for name in ("A1", "xfd1048576", "R", "c", "R1C1", "1st", "a-b", "", "é", "x" * 201):
        with pytest.raises(DeclarationError):
            check_name(name)


def test_long_names_leave_room_for_their_number() -> None:
    assert continued("Receipts", 1) == "Receipts"
    assert continued("Receipts", 12) == "Receipts (12)"
    assert continued("x" * 31, 3) == "x" * 27 + " (3)"
