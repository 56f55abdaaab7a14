"""Cells as people leave them: what is understood, and the problem of what is not."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from fundops.forms.book import Cell
from fundops.forms.kinds import (
    Choice,
    Day,
    Kind,
    Money,
    Number,
    Option,
    Percentage,
    Text,
    Whole,
    YesNo,
)
from fundops.forms.values import Unreadable, value_of
from tests.forms import examples
from tests.forms.examples import codes, only

USD, KWD, JPY = Money("USD"), Money("KWD"), Money("JPY")
SHARE, REGION, POLICY = Percentage(), Choice(examples.REGIONS), YesNo("Oui", "Non")


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (Text(), Cell("s", "  two  words \r\n"), "two  words"),
        (Text(), Cell("s", "one\n\ntwo"), "one two"),
        (Text(lines=True), Cell("s", "one\r\n\r\ntwo"), "one\n\ntwo"),
        (Text(), Cell("n", "123456789012345"), "123456789012345"),
        (Text(), Cell("d", "2026-03-31"), "2026-03-31"),
        (Text(), Cell("p", "0.125"), "12.5%"),
        (Text(), Cell("b", "1"), "TRUE"),
        (Text(), Cell("s", " \u00a0\n"), None),
        (Whole(), Cell("n", "12"), 12),
        (Whole(), Cell("s", "1 234"), 1234),
        (Whole(), Cell("s", "12,0"), 12),
        (Whole(), Cell("s", ""), None),
        (Number(places=3), Cell("s", "2,5"), Decimal("2.5")),
        (Number(), Cell("p", "0.5"), Decimal("0.5")),
        (USD, Cell("n", "1250.5"), 125_050),
        (USD, Cell("s", "1.250,50"), 125_050),
        (USD, Cell("s", "USD 1,250.50"), 125_050),
        (USD, Cell("s", "1250.5 usd"), 125_050),
        (USD, Cell("s", "١٢٥٠٫٥"), 125_050),
        (USD, Cell("s", "١٬٢٥٠٫٥ USD"), 125_050),
        (Whole(), Cell("s", "١٬٢٣٤"), 1234),
        (Whole(), Cell("s", "\u200f١٢\u200f"), 12),
        (Number(places=3), Cell("s", "٢٫٥"), Decimal("2.5")),
        (Day(), Cell("s", "٣١/١٢/٢٠٢٦"), date(2026, 12, 31)),
        (POLICY, Cell("s", "١"), True),
        (Text(), Cell("s", "١٢ أسرة"), "١٢ أسرة"),
        (KWD, Cell("n", "1.125"), 1_125),
        (JPY, Cell("n", "1250"), 1_250),
        (SHARE, Cell("p", "0.07"), Decimal(7)),
        (SHARE, Cell("n", "25"), Decimal(25)),
        (SHARE, Cell("s", "25 %"), Decimal(25)),
        (SHARE, Cell("s", "0,5%"), Decimal("0.5")),
        (SHARE, Cell("s", "٢٥٪"), Decimal(25)),
        (SHARE, Cell("n", "0"), Decimal(0)),
        (SHARE, Cell("p", "1"), Decimal(100)),
        (Day(), Cell("d", "2026-03-31"), date(2026, 3, 31)),
        (Day(), Cell("d", "2026-03-31T13:45:00"), date(2026, 3, 31)),
        (Day(), Cell("s", "31.03.2026"), date(2026, 3, 31)),
        (POLICY, Cell("s", " OUI "), True),
        (POLICY, Cell("s", "no"), False),
        (POLICY, Cell("b", "1"), True),
        (POLICY, Cell("n", "0"), False),
        (REGION, Cell("s", "africa"), "002"),
        (REGION, Cell("s", "  AMERICAS "), "019"),
        (REGION, Cell("s", "150"), "150"),
        (REGION, Cell("s", "٠٠٢"), "002"),
        (REGION, Cell("n", "2"), "002"),
        (REGION, Cell("n", "150"), "150"),
    ],
)
def test_what_is_understood(kind: Kind, cell: Cell, value: Any) -> None:
    found = value_of(cell, kind)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "cell", "code"),
    [
        (Text(5), Cell("s", "longer"), "too_long"),
        (Text(), Cell("s", "a\x01b"), "control_characters"),
        (Text(), Cell("s", "a\ud800b"), "control_characters"),
        (Text(), Cell("n", "1234567890123456"), "digits_lost"),
        (Text(), Cell("n", "1e+20"), "digits_lost"),
        (Text(), Cell("e", "#REF!"), "error_cell"),
        (Text(), Cell("f", ""), "no_value"),
        (Whole(), Cell("n", "12.5"), "not_whole"),
        (Whole(), Cell("n", "-1"), "out_of_range"),
        (Whole(), Cell("s", "1,234"), "unclear_number"),
        (Whole(), Cell("s", "a dozen"), "not_a_number"),
        (Whole(), Cell("b", "1"), "not_a_number"),
        (Whole(), Cell("d", "1900-01-12"), "date_for_number"),
        (Number(), Cell("n", "1e+300"), "out_of_range"),
        (Number(), Cell("n", "1e-300"), "too_many_decimals"),
        (Number(), Cell("s", "1." + "1" * 24), "too_many_decimals"),
        (Number(least=Decimal(-9)), Cell("s", "-1." + "0" * 23 + "1"), "too_many_decimals"),
        (USD, Cell("n", "33.3333333333333"), "too_many_decimals"),
        (USD, Cell("n", "1e+15"), "out_of_range"),
        (USD, Cell("s", "1.250"), "unclear_number"),
        (USD, Cell("s", "EUR 1250"), "other_currency"),
        (USD, Cell("s", "1250 eur"), "other_currency"),
        (USD, Cell("s", "ten"), "not_a_number"),
        (USD, Cell("s", "USD"), "not_a_number"),
        (USD, Cell("p", "0.5"), "percent_for_amount"),
        (JPY, Cell("n", "12.5"), "not_whole"),
        (SHARE, Cell("n", "0.25"), "unclear_percentage"),
        (SHARE, Cell("s", "0,25"), "unclear_percentage"),
        (SHARE, Cell("n", "1"), "unclear_percentage"),
        (SHARE, Cell("p", "25"), "out_of_range"),
        (SHARE, Cell("s", "a lot %"), "not_a_number"),
        (Day(), Cell("n", "46112"), "not_a_date"),
        (Day(), Cell("s", "03/04/2026"), "unclear_date"),
        (Day(), Cell("s", "soon"), "not_a_date"),
        (Day(), Cell("s", "0001-01-01"), "not_a_date"),
        (Day(first=date(2026, 1, 1)), Cell("d", "2025-12-31"), "date_out_of_range"),
        (POLICY, Cell("s", "perhaps"), "not_yes_or_no"),
        (YesNo("1", "0"), Cell("n", "2"), "not_yes_or_no"),
        (REGION, Cell("s", "Atlantis"), "not_an_option"),
        (REGION, Cell("n", "3"), "not_an_option"),
        (REGION, Cell("d", "2026-02-19"), "not_an_option"),
    ],
)
def test_what_is_not_taken(kind: Kind, cell: Cell, code: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        value_of(cell, kind)
    assert wrong.value.code == code


def test_yes_and_no_mean_what_the_words_of_the_form_say() -> None:
    """In some language "no" may be the word for yes."""
    kind = YesNo("No", "Ni")
    assert value_of(Cell("s", "no"), kind) is True
    assert value_of(Cell("s", "ni"), kind) is False


def test_a_number_for_a_code_with_zeros_is_taken_only_when_one_fits() -> None:
    kind = Choice((Option("02", "Two"), Option("002", "Also two")))
    with pytest.raises(Unreadable):
        value_of(Cell("n", "2"), kind)


def test_every_problem_has_its_place_and_a_sentence() -> None:
    raw = examples.with_cells(
        examples.proposal(), "Budget", D7="many", E7="1.250", E8=None, F8=0.25, B8="Nothing"
    )
    problems = examples.read_proposal(raw).problems
    assert [(p.cell, p.code, p.pointer, p.field, p.row) for p in problems] == [
        ("D7", "not_a_number", "/budget/0/quantity", "quantity", "1"),
        ("E7", "unclear_number", "/budget/0/unit_cost", "unit_cost", "1"),
        ("B8", "not_an_option", "/budget/1/category", "category", "2"),
        ("E8", "needed", "/budget/1/unit_cost", "unit_cost", "2"),
    ]
    assert {p.sheet for p in problems} == {"Budget"}
    assert str(problems[1]) == (
        "Budget!E7: “1.250” can mean 1250 or 1.250. "
        "Write the one you mean without a separator of thousands."
    )


def test_a_quarter_pasted_without_its_format_is_asked_about() -> None:
    def change(book: Any) -> None:
        book["Budget"]["F7"].value = 0.25
        book["Budget"]["F7"].number_format = "General"

    problem = only(examples.read_proposal(examples.edited(examples.proposal(), change)))
    assert (problem.code, problem.cell) == ("unclear_percentage", "F7")


def test_the_rest_is_still_read() -> None:
    filled = examples.read_proposal(examples.with_cells(examples.proposal(), "Budget", E7="?"))
    assert codes(filled) == ["not_a_number"]
    first, second = filled.values["budget"]
    assert first["unit_cost"] is None
    assert second["unit_cost"] == 999
    assert filled.values["title"] == "Safe houses in three ports"


def test_a_formula_counts_by_its_result_if_it_has_one() -> None:
    raw = examples.proposal()
    with_result = examples.with_cell_xml(raw, "Budget", "E7", "<c {style}><f>2*3</f><v>6</v></c>")
    filled = examples.read_proposal(with_result)
    assert filled.problems == []
    assert filled.values["budget"][0]["unit_cost"] == 600
    without = examples.with_cells(raw, "Budget", E7="=2*3")
    problem = only(examples.read_proposal(without))
    assert (problem.code, problem.cell) == ("no_value", "E7")
    assert "spreadsheet program" in problem.message


@pytest.mark.parametrize(
    ("xml", "code", "value"),
    [
        ('<c {style} t="e"><v>#DIV/0!</v></c>', "error_cell", None),
        ('<c {style} t="e"><f>1/0</f><v>#DIV/0!</v></c>', "error_cell", None),
        ("<c {style}><f>A1</f></c>", "no_value", None),
        ('<c {style} t="str"><f>""</f><v></v></c>', "needed", None),
        ('<c {style} t="b"><v>1</v></c>', "not_a_number", None),
        ("<c {style}><v>NaN</v></c>", "error_cell", None),
        ("<c {style}><v>1_000</v></c>", "error_cell", None),
        ("<c {style}><v>1e999</v></c>", "error_cell", None),
        ('<c {style} t="zz"><v>1</v></c>', "error_cell", None),
        ('<c {style} t="inlineStr"><is><r><t>12</t></r><r><t>5</t></r></is></c>', "", 12_500),
        ("<c {style}><v>1250.0999999999999</v></c>", "", 125_010),
        ("<c {style}><v>1.25E+3</v></c>", "", 125_000),
        ("<c {style}><v>0.30000000000000004</v></c>", "", 30),
    ],
)
def test_cells_as_programs_store_them(xml: str, code: str, value: int | None) -> None:
    filled = examples.read_proposal(
        examples.with_cell_xml(examples.proposal(), "Budget", "E7", xml)
    )
    assert codes(filled) == ([code] if code else [])
    assert filled.values["budget"][0]["unit_cost"] == value


def test_rows_of_white_space_are_no_rows() -> None:
    def change(book: Any) -> None:
        sheet = book["Budget"]
        for column in range(2, 7):
            sheet.cell(12, column).value = " \u00a0"
        sheet["B10"], sheet["C10"], sheet["E10"] = "g", "Rent", 10

    filled = examples.read_proposal(examples.edited(examples.proposal(), change))
    assert filled.problems == []
    assert [row["category"] for row in filled.values["budget"]] == ["A", "E", "G"]
    place = filled.cell_of("/budget/2/unit_cost")
    assert place is not None
    assert place.cell == "E10"


def test_merged_cells_are_named_where_a_value_is_hidden() -> None:
    def change(book: Any) -> None:
        book["Budget"].merge_cells("C7:C8")
        book["Summary"].merge_cells("C4:D4")  # the answer is in its first cell: no harm

    problem = only(examples.read_proposal(examples.edited(examples.proposal(), change)))
    assert (problem.code, problem.cell, problem.field) == ("merged", "C8", "description")


def test_a_date_and_time_is_a_day() -> None:
    instant = datetime(2026, 10, 5, 8, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone
    raw = examples.with_cells(examples.proposal(), "Summary", C6=instant)
    filled = examples.read_proposal(raw)
    assert filled.problems == []
    assert filled.values["starts_on"] == date(2026, 10, 5)


def test_pointers_of_domain_code_find_their_cells() -> None:
    filled = examples.read_proposal(examples.proposal())

    def at(pointer: str) -> str | None:
        place = filled.cell_of(pointer)
        return f"{place.sheet}!{place.cell}" if place else None

    assert at("/title") == "Summary!C4"
    assert at("/period/starts_on") == "Summary!C6"
    assert at("/budget/1/unit_cost") == "Budget!E8"
    assert at("/budget/1/unit_cost/amount") == "Budget!E8"
    assert at("/budget/1") == "Budget!B8"
    assert at("/budget/9/unit_cost") == "Budget!B6"
    assert at("/budget") == "Budget!B6"
    assert at("/nowhere") is None
    assert at("") is None
    marks = examples.read_scores(examples.scores())
    for pointer in ("/scores/1/score", "/scores/method/score"):
        place = marks.cell_of(pointer)
        assert place is not None
        assert (place.cell, place.field, place.row) == ("D10", "score", "method")
    problem = filled.problem("/budget/0/charged", "Charge less.")
    assert (problem.sheet, problem.cell, problem.row) == ("Budget", "F7", "1")
    assert filled.problem("/nowhere", "Something.").sheet is None
