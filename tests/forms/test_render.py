"""What people get: locked structure, open inputs, lists, words, and the same bytes every time."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fundops.forms import packing
from fundops.forms.cells import INPUT_FILL, LOCKED_FILL
from fundops.forms.declaration import Column, Field, Form, Row, Section, Table
from fundops.forms.kinds import Choice, Day, DeclarationError, Money, Number, Option, Text, Whole
from fundops.forms.layout import IDENTITY_SHEET, LISTS_SHEET
from fundops.forms.parse import parse
from fundops.forms.render import render
from tests.forms import examples


@pytest.fixture(scope="module")
def book() -> Any:
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(examples.proposal()))


@pytest.fixture(scope="module")
def scores() -> Any:
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(examples.scores()))


def test_sheets_and_what_is_hidden(book: Any, scores: Any) -> None:
    assert book.sheetnames == ["How to fill in", "Summary", "Budget", LISTS_SHEET, IDENTITY_SHEET]
    states = [book[name].sheet_state for name in book.sheetnames]
    assert states == ["visible"] * 3 + ["veryHidden"] * 2
    assert scores.sheetnames[1] == "Scores criteria objectives"
    assert all(book[name].column_dimensions["A"].hidden for name in ("Summary", "Budget"))


def test_structure_is_locked_and_inputs_are_open(book: Any, scores: Any) -> None:
    assert all(sheet.protection.sheet and not sheet.protection.password for sheet in book)
    assert book.security.lockStructure
    summary, budget = book["Summary"], book["Budget"]
    for cell in (summary["C4"], summary["C10"], budget["B7"], budget["F26"]):
        assert not cell.protection.locked
        assert cell.fill.fgColor.rgb == INPUT_FILL
    for cell in (summary["B4"], summary["D4"], summary["C11"], budget["B6"], budget["B27"]):
        assert cell.protection.locked
    marks = scores["Scores criteria objectives"]
    assert (marks["B9"].value, marks["C9"].value) == ("Relevance to the call", 0.4)
    assert marks["B9"].fill.fgColor.rgb == LOCKED_FILL
    assert marks["B9"].protection.locked
    assert not marks["D9"].protection.locked


def test_formats_headings_and_what_stays_in_view(book: Any) -> None:
    summary, budget = book["Summary"], book["Budget"]
    assert budget.freeze_panes == "A7"
    assert [cell.value for cell in budget[6]][1:] == [
        "Category *", "Description *", "Quantity", "Unit cost *", "Share charged",
    ]  # fmt: skip
    assert [budget.cell(7, column).number_format for column in range(2, 7)] == [
        "@", "@", "#,##0.000", "#,##0.00", "0.00%",
    ]  # fmt: skip
    assert (summary["C6"].number_format, summary["C6"].value.date()) == (
        "yyyy-mm-dd",
        date(2026, 9, 1),
    )
    assert summary["D4"].value == "One line."
    assert budget["C5"].value == "What it is."


def test_lists_are_offered_and_inputs_explained(book: Any) -> None:
    rules = {
        str(rule.sqref): rule
        for sheet in ("Summary", "Budget")
        for rule in book[sheet].data_validations.dataValidation
    }
    assert rules["C7"].type == "list"
    assert rules["C7"].formula1 == "fo.list.region"
    assert rules["B7:B26"].formula1 == "fo.list.budget.category"
    assert rules["C6"].type == "date"
    assert rules["C9"].type == "whole"
    assert (rules["F7:F26"].formula1, rules["F7:F26"].formula2) == ("0", "1")
    assert rules["C4"].prompt == "One line."
    assert all(rule.showInputMessage and rule.showErrorMessage for rule in rules.values())
    target = book.defined_names["fo.list.region"].attr_text
    sheet, _, area = target.replace("'", "").partition("!")
    labels = [row[0].value for row in book[sheet][area.replace("$", "")]]
    assert labels == [one.label for one in examples.REGIONS]


def test_the_guide_explains_every_input(book: Any) -> None:
    words = {cell.value for row in book["How to fill in"] for cell in row}
    inputs = [one.label for one in examples.PROPOSAL.fields() if not one.locked]
    assert words >= {*inputs, "Unit cost", "Answer in English or French.", "An amount in USD, "
                     "with at most 2 decimals"}  # fmt: skip
    assert "Call" not in words


def test_text_is_never_a_formula() -> None:
    from openpyxl import load_workbook

    traps = ["=1+1", "+1", "-1", "@x", "=HYPERLINK(1)"]
    for trap in traps:
        values = {"title": trap, "budget": [{"description": trap}], "call_title": trap}
        made = load_workbook(io.BytesIO(examples.proposal(values)))
        for sheet, at in (("Summary", "C4"), ("Summary", "C11"), ("Budget", "C7")):
            assert (made[sheet][at].value, made[sheet][at].data_type) == (trap, "s")
            assert made[sheet][at].quotePrefix


def test_nothing_says_who_made_it_or_when() -> None:
    raw = examples.proposal()
    core = examples.part(raw, "docProps/core.xml")
    assert b"dcterms:created" not in core
    assert b"dcterms:modified" not in core
    assert b"openpyxl" not in core
    assert b">fundops</dc:creator>" in core
    assert b"Proposal to the fund" in core
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_question_gives_the_same_bytes() -> None:
    program = (
        "import hashlib; from tests.forms import examples;"
        "print(hashlib.sha256(examples.proposal() + examples.scores()).hexdigest())"
    )
    seen = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seen.add(done.stdout)
    assert len(seen) == 1


def test_an_instant_in_the_bytes_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: the library's own bytes do carry the instant of saving."""
    monkeypatch.setattr("fundops.forms.render.without_times", lambda raw: raw)
    raw = render(examples.PROPOSAL, examples.PROPOSAL_VALUES, examples.PROPOSAL_IDENTITY)
    assert b"dcterms:modified" in examples.part(raw, "docProps/core.xml")
    assert packing.without_times(raw) == packing.without_times(packing.without_times(raw))


def test_arabic_runs_from_right_to_left() -> None:
    from openpyxl import load_workbook

    places = (Option("002", "أفريقيا"), Option("142", "آسيا"))
    form = Form(
        "arabic",
        1,
        "استمارة",
        (
            Section(
                "a",
                "ملخص المشروع",
                (
                    Field("title", "العنوان", Text(), "سطر واحد", required=True),
                    Field("place", "المنطقة", Choice(places)),
                    Field("people", "العدد", Whole()),
                ),
            ),
        ),
        language="ar",
    )  # fmt: skip
    values = {"title": "ملاجئ آمنة", "place": "002", "people": 25}
    raw = render(form, values, {})
    made = load_workbook(io.BytesIO(raw))
    assert form.right_to_left
    assert all(sheet.sheet_view.rightToLeft for sheet in made)
    assert made["ملخص المشروع"]["C4"].alignment.readingOrder == 2
    assert parse(form, raw, {}).values == values
    typed = examples.with_cells(raw, "ملخص المشروع", C5=" آسيا\u200f", C6="٢٬٥٠٠")
    assert parse(form, typed, {}).values == {**values, "place": "142", "people": 2500}
    assert not replace(form, language="fr").right_to_left


def test_titles_that_no_tab_may_have() -> None:
    sections = tuple(
        Section(f"s{number}", title, (Field(f"f{number}", "F", Text()),))
        for number, title in enumerate(
            ["A/B: [c]?*", "'quoted'", "History", "Same " * 10, "Same " * 11, "How to fill in",
             "Problems", "_fundops", "///"]
        )
    )  # fmt: skip
    form = Form("titles", 1, "Titles", sections)
    values = {f"f{number}": str(number) for number in range(len(sections))}
    raw = render(form, values, {})
    filled = parse(form, raw, {})
    assert (filled.values, filled.problems) == (values, [])
    names = [sheet.name for sheet in examples.opened(raw).sheets]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_values_the_form_does_not_have_are_refused() -> None:
    wrong: list[dict[str, Any]] = [
        {"nothing": 1},
        {"budget": [{"nothing": 1}]},
        {"budget": [{}] * 21},
        {"title": 5},
        {"people": True},
        {"people": "5"},
        {"own_share": 0.5},
        {"region": "999"},
        {"title": "x" * 32_768},
        {"has_policy": 1},
    ]
    for values in wrong:
        with pytest.raises(DeclarationError):
            examples.proposal(values)


def a_field(key: str = "a", label: str = "A") -> Field:
    return Field(key, label, Text())


def two_columns(**changes: Any) -> Table:
    columns = (Column("a", "A", Text(), locked=True), Column("b", "B", Text()))
    return Table(**{"key": "t", "label": "T", "columns": columns, **changes})


def wide(number: int) -> Section:
    """Return a section with more than half of the cells that a form may have."""
    columns = tuple(Column(f"c{n}", f"C{n}", Text()) for n in range(15))
    return Section(f"s{number}", "S", table=Table(f"t{number}", "T", columns, max_rows=1_000))


@pytest.mark.parametrize(
    "declare",
    [
        lambda: a_field("A"),
        lambda: a_field(label=""),
        lambda: a_field(label="two\nlines"),
        lambda: Field("a", "A", Text(), pointer="a"),
        lambda: Text(0),
        lambda: Text(40_000),
        lambda: Number(places=6, most=Decimal(10**10)),
        lambda: Number(least=Decimal(2), most=Decimal(1)),
        lambda: Whole(most=10**16),
        lambda: Day(first=date(1800, 1, 1)),
        lambda: Money("USD", least=2, most=1),
        lambda: Choice(()),
        lambda: Choice((Option("a", "b"), Option("B", "c"))),
        lambda: Choice((Option("a", "Same"), Option("b", " same "))),
        lambda: Section("s", "S"),
        lambda: Section("s", "S", (a_field(), a_field("b", " a *"))),
        lambda: two_columns(),
        lambda: two_columns(rows=(Row("x"), Row("X"))),
        lambda: two_columns(rows=(Row("x", {"b": "no"}),)),
        lambda: two_columns(rows=(Row("a b"),)),
        lambda: Table("t", "T", (Column("a", "A", Text()), Column("b", "a", Text()))),
        lambda: Table("t", "T", (Column("a", "A", Text()),), max_rows=5_000),
        lambda: Form("f", 1, "F", tuple(wide(number) for number in range(2))),
        lambda: Form("f", 0, "F", (Section("s", "S", (a_field(),)),)),
        lambda: Form(
            "f", 1, "F", (Section("s", "S", (a_field(),)), Section("u", "U", (a_field(),)))
        ),
    ],
)
def test_a_form_that_cannot_be_right_is_not_declared(declare: Any) -> None:
    with pytest.raises(DeclarationError):
        declare()


def test_two_columns_with_rows_can_be_declared() -> None:
    """Control: it is the faults above that are refused."""
    assert two_columns(rows=(Row("x", {"a": "yes"}),)).inputs[0].key == "b"
    assert Form("f", 1, "F", (wide(1),)).digest()
