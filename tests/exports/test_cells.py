"""Values in cells: exact digits, dates that programs agree on, wrong types refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fundops.exports import (
    Cell,
    Code,
    Column,
    Computed,
    Date,
    DeclarationError,
    Flag,
    Formula,
    Grid,
    Instant,
    Integer,
    Kind,
    Money,
    Rate,
    RowError,
    Share,
    Sheet,
    Text,
    Workbook,
    cells,
)
from tests.exports import books


def written(
    kind: Kind, values: list[Any], others: tuple[Column, ...] = (), *more: Any
) -> list[Any]:
    """Return (type, text) of each cell of a column, as an XML parser reads them."""
    from lxml import etree

    columns = (Column("x", "X", kind), *others)
    rows = [(value, *more) for value in values]
    book = Workbook("Cells", (Sheet("Cells", columns, rows, currency="USD"),))
    root = etree.fromstring(books.parts(books.rendered(book))["xl/worksheets/sheet1.xml"])
    found = []
    for row in list(root.iter("{*}row"))[1:]:
        cell = row[0]
        text = "".join(cell.find("{*}v").itertext()) if cell.find("{*}v") is not None else (
            "".join(cell.itertext()) or None
        )  # fmt: skip
        found.append((cell.get("t"), text))
    return found


@given(st.lists(st.integers(-(10**15) + 1, 10**15 - 1), min_size=1, max_size=30),
       st.integers(0, 6))  # fmt: skip
@example([0, 1, -1, 9, -9, 10, -10, 99, -99, 100, -100, 999, 1000, 10**15 - 1], 2)
@example([0, 1, -1, 999, -999, 1000], 3)
def test_money_is_written_with_its_exact_digits(amounts: list[int], exponent: int) -> None:
    expected = [(None, f"{Decimal(amount).scaleb(-exponent):.{exponent}f}") for amount in amounts]
    # A zero's sign is no digit of the amount.
    assert written(Money(exponent=exponent), amounts) == expected


@pytest.mark.parametrize(
    ("minor", "cell"),
    [
        (10**15, (None, "10000000000000.00")),
        (10**15 + 1, ("inlineStr", "10000000000000.01")),
        (-(10**15) - 1, ("inlineStr", "-10000000000000.01")),
        (10**17, (None, "1000000000000000.00")),
        (123_456_789_012_345_678, ("inlineStr", "1234567890123456.78")),
    ],
)
def test_amounts_of_more_digits_than_programs_keep_are_text(minor: int, cell: Any) -> None:
    assert written(Money(), [minor]) == [cell]
    assert written(Money(), [None, minor, 5])[1] == cell


@pytest.mark.parametrize(
    ("currency", "digits", "shown"),
    [
        ("JPY", "12345", "#,##0_ ;[Red]\\-#,##0\\ "),
        ("USD", "123.45", "#,##0.00_ ;[Red]\\-#,##0.00\\ "),
        ("KWD", "12.345", "#,##0.000_ ;[Red]\\-#,##0.000\\ "),
        ("CLF", "1.2345", "#,##0.0000_ ;[Red]\\-#,##0.0000\\ "),
    ],
)
def test_each_currency_has_its_own_decimals(currency: str, digits: str, shown: str) -> None:
    from openpyxl import load_workbook

    assert written(Money(currency), [12_345]) == [(None, digits)]
    by_row = Column("currency", "Currency", Code())
    assert written(Money(currency_from="currency"), [12_345], (by_row,), currency) == [
        (None, digits)
    ]
    grid = Grid("Grid", (Cell("A1", 12_345, Money(currency)),))
    cell = load_workbook(BytesIO(books.rendered(Workbook("G", (grid,)))))["Grid"]["A1"]
    assert cell.value == float(digits)
    assert cell.number_format == shown


def test_a_currency_per_row_writes_each_amount_in_its_own_decimals() -> None:
    from openpyxl import load_workbook

    sheet = load_workbook(BytesIO(books.rendered(books.a_book())))["Receipts"]
    amounts = [(sheet.cell(row, 7).value, sheet.cell(row, 7).number_format) for row in range(5, 9)]
    assert [(value, shown.count("0") // 2 - 1) for value, shown in amounts] == [
        (1200.0, 2), (5000, 0), (1.234, 3), (None, 2),
    ]  # fmt: skip


@given(st.dates())
@example(date(1900, 2, 28))
@example(date(1900, 3, 1))
@example(date(9999, 12, 31))
def test_dates_are_serials_or_text_before_programs_agree(day: date) -> None:
    from openpyxl.utils.datetime import from_excel

    [(kind, text)] = written(Date(), [day])
    if day < date(1900, 3, 1):
        assert (kind, text) == ("inlineStr", day.isoformat())
    else:
        assert kind is None
        assert from_excel(int(text)).date() == day


EARLY = datetime(1900, 3, 2)  # noqa: DTZ001 - hypothesis draws naive ones; the test adds the zone
LATE = datetime(9999, 12, 30, 23, 59, 59)  # noqa: DTZ001


@given(st.datetimes(EARLY, LATE), st.integers(-12, 14))
@example(LATE.replace(year=2026, microsecond=999_999), 0)
def test_instants_are_utc_to_the_hundred_thousandth_of_a_second(
    moment: datetime, hours: int
) -> None:
    instant = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    [(_, text)] = written(Instant(), [instant])
    exact = Decimal((instant - datetime(1899, 12, 30, tzinfo=UTC)) // timedelta(microseconds=1))
    assert abs(Decimal(text) * 86_400_000_000 - exact) <= 5


def test_instants_too_early_are_text() -> None:
    assert written(Instant(), [datetime(1900, 2, 28, 23, tzinfo=UTC)]) == [
        ("inlineStr", "1900-02-28 23:00:00+00:00")
    ]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (Integer(), [0, -7, 10**15 + 1], [(None, "0"), (None, "-7"),
                                          ("inlineStr", "1000000000000001")]),
        (Share(), [Decimal("0.125"), Decimal(1) / 3, Decimal("1E-3"), Decimal(0), Decimal(2)],
         [(None, "0.125"), (None, "0.333333333333333"), (None, "0.001"), (None, "0"),
          (None, "2")]),
        (Rate(), ["1", "0.92150", "0.000000123456789012345", "1.2345678901234567"],
         [(None, "1"), (None, "0.92150"), (None, "0.000000123456789012345"),
          ("inlineStr", "1.2345678901234567")]),
        (Flag(), [True, False], [("b", "1"), ("b", "0")]),
        (Text(), ["12", "", None], [("inlineStr", "12"), (None, None), (None, None)]),
        (Computed("{x}*2", Text()), ["a & b"], [("str", "a & b")]),
        (Computed("{x}*2", Flag()), [True], [("b", "1")]),
        (Computed("{x}*2", Share()), [Decimal("0.5")], [(None, "0.5")]),
        (Computed("{x}*2", Share()), [None], [("str", "")]),
    ],
)  # fmt: skip
def test_each_kind_is_written_as_its_digits(kind: Kind, values: list[Any], expected: Any) -> None:
    assert written(kind, values) == expected


ALL_KINDS: list[Kind] = [
    Text(), Code(), Money(), Integer(), Date(), Instant(), Share(), Rate(), Flag(),
]  # fmt: skip
RIGHT = {
    "Text": {"str"}, "Code": {"str"}, "Money": {"int"}, "Integer": {"int"}, "Date": {"date"},
    "Instant": {"datetime"}, "Share": {"Decimal"}, "Rate": {"str"}, "Flag": {"bool"},
}  # fmt: skip
VALUES: list[Any] = ["1", 1, 1.5, True, Decimal(1), date(2026, 1, 1), b"x",
                     datetime(2026, 1, 1, tzinfo=UTC), [1]]  # fmt: skip


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: type(kind).__name__)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_column_takes_its_own_type_only(kind: Kind, value: Any) -> None:
    right = type(value).__name__ in RIGHT[type(kind).__name__]
    for before in ([], [None]):
        if right:
            assert written(kind, [*before, value])[-1][1] is not None
            continue
        with pytest.raises(RowError, match=r"sheet 'Cells', column 'x', row.* belongs"):
            written(kind, [*before, value])
    assert written(kind, [None]) == [(None, None)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Instant(), datetime(2026, 1, 1)),  # noqa: DTZ001 - the point of the test
        (Share(), Decimal("NaN")),
        (Share(), Decimal("Infinity")),
        (Rate(), "1e5"),
        (Rate(), "=1+1"),
        (Rate(), "٣"),
        (Rate(), ""),
    ],
)
def test_values_of_the_right_type_that_cannot_be_right_are_refused(kind: Kind, value: Any) -> None:
    with pytest.raises(RowError, match="Cells"):
        written(kind, [value])


def test_the_wrong_row_is_named_by_its_number() -> None:
    good: list[Any] = [1] * 700
    with pytest.raises(RowError, match="row 651: a str where Money belongs"):
        written(Money(), [*good[:650], "1", *good])
    sheet = Sheet("Short", (Column("a", "A", Text()), Column("b", "B", Text())),
                  [("x", "y")] * 600 + [("x",)])  # fmt: skip
    with pytest.raises(RowError, match="row 601: 1 values for 2 columns"):
        books.rendered(Workbook("Short", (sheet,)))
    sheet = Sheet("Long", (Column("a", "A", Text()),), [("x", "y")] * 3)
    with pytest.raises(RowError, match="row 1: 2 values for 1 columns"):
        books.rendered(Workbook("Long", (sheet,)))


def test_no_row_error_repeats_the_value() -> None:
    with pytest.raises(RowError) as caught:
        written(Money(), ["a victim's name"])
    assert "victim" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [(1.5, None), (Decimal(1), None), ("x", Money("USD")), (1, Text()), (True, Money("USD")),
     (Formula("1+1", "2"), Money("USD")), (Formula("1+1", 1), Share()), (1, Rate())],
)  # fmt: skip
def test_a_grid_refuses_values_of_another_kind(value: Any, kind: Kind | None) -> None:
    with pytest.raises((DeclarationError, AssertionError)):
        books.rendered(Workbook("G", (Grid("Grid", (Cell("B2", value, kind),)),)))


def test_planted_bug_money_through_a_float_loses_a_cent() -> None:
    """The example that the exactness test exists for: a float cannot hold these digits."""
    amount = 99_999_999_999_999_901
    assert f"{amount / 100:.2f}" != cells.digits(amount, 2) == "999999999999999.01"
