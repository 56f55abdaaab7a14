"""The form of a report's workbook: what goes out comes back, in any language, however large."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import pytest
from openpyxl import load_workbook

from fundops.errors import FieldError
from fundops.forms.declaration import Form
from fundops.forms.kinds import Choice, Kind, Money
from fundops.forms.layout import FIRST_COLUMN, places, reference, sheet_names
from fundops.forms.render import render
from fundops.messages import text
from fundops.money import format_amount
from fundops.reports.checks import check
from fundops.reports.terms import ReportTerms
from fundops.reports.workbook import Returned, filled_in, read_back
from fundops.reports.workbook_form import form_of, identity_of
from tests.forms.examples import edited
from tests.libreoffice import filled, needs_libreoffice
from tests.reports.report_terms import SHOWN, the_content, the_terms

ARABIC = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")
SAID = {"en": "What happened.\nAnd what followed.", "ar": "ما حدث في هذه الفترة.\nوما تلاه."}


def workbook(terms: ReportTerms, content: Any, language: str = "en") -> bytes:
    """Return the workbook of a report with a content, which must fit it whole."""
    form = form_of(terms, SHOWN, language)
    values, left_out = filled_in(terms, SHOWN, form, content)
    assert left_out == []
    return render(form, values, identity_of(SHOWN))


def returned(terms: ReportTerms, raw: bytes, language: str = "en") -> Returned:
    """Return what the workbook says, read as the application reads it."""
    return read_back(SHOWN, partial(form_of, terms, SHOWN), raw, language)


@pytest.mark.parametrize("language", ["en", "fr", "es", "ar", "ru", "zh"])
def test_a_full_content_comes_back_equal_in_every_language(language: str) -> None:
    terms = the_terms()
    content = the_content(terms, SAID.get(language, "Ce qui s'est passé."))
    raw = workbook(terms, content | {"confirmations": []}, language)
    assert raw == workbook(terms, content, language)  # the same bytes, confirmations never shown
    back = returned(terms, raw, "en")  # asked for in another language than it is in
    assert [str(one) for one in back.filled.problems] == []
    assert back.content == content | {"confirmations": []}
    assert back.language == language
    assert check(terms, back.content).problems == []


def test_what_is_given_is_shown_and_locked_and_only_ratios_ask_for_a_whole() -> None:
    terms = the_terms()
    book = load_workbook(io.BytesIO(workbook(terms, {})))
    results, spent = book["Results"], book["Expenditure"]
    shown = {row[0].value: [cell.value for cell in row] for row in results["B7:G10"]}
    assert shown["1"][1:] == ["4.4 Victims assisted", "As agreed in April", 0, 40, "3"]
    assert shown["2"][5] == "3 of 4"  # accepted so far: a ratio of sums
    assert [results[f"I{row}"].protection.locked for row in range(7, 11)] == [
        True, False, True, True,
    ]  # fmt: skip
    assert (spent["E10"].value, spent["F10"].value) == (1000.01, 123.45)
    assert all(sheet.protection.sheet for sheet in book.worksheets)
    rules = {str(rule.sqref): rule.type for rule in spent.data_validations.dataValidation}
    assert rules["C4"] == rules["C5"] == "list"
    sexes = book["Sex and age"]
    assert sexes["L7"].value.startswith("=IF(COUNT(D7")
    assert sexes["K6"].value == "Unknown or not asked"
    assert book["At-risk groups"].cell(6, 25).value == "Unknown or not asked"
    assert [name for name in book.sheetnames if not name.startswith("_")] == [
        "How to fill in", "About", "Narrative", "Expenditure", "Results", "Sex and age",
        "Form of exploitation", "At-risk groups", "Type of assistance", "Confirmations",
    ]  # fmt: skip
    plain = load_workbook(io.BytesIO(workbook(the_terms(asks_expenditure=False, results=1), {})))
    assert {"Expenditure", "Type of assistance"}.isdisjoint(plain.sheetnames)
    assert "Out of *" not in [cell.value for cell in plain["Results"][6]]


def test_every_place_of_a_content_has_its_cell() -> None:
    terms = the_terms()
    content = the_content(terms)
    del content["expenditure"][0], content["results"][1]["breakdown"]["assistance"]["housing"]
    back = returned(terms, workbook(terms, content))
    said = {
        "/narrative/4": "Narrative!C12", "/challenges": "Narrative!C4",
        "/currency": "Expenditure!C4", "/expenditure": "Expenditure!B9",
        "/expenditure/0/amount": "Expenditure!G11", "/expenditure/1/line": "Expenditure!G12",
        "/results/1/denominator": "Results!I8", "/results/3/note": "Results!J10",
        "/results/0/breakdown/sex_age": "Sex and age!D7",
        "/results/3/breakdown/sex_age/other.adult": "Sex and age!J17",
        "/results/1/breakdown/assistance/counselling": "Type of assistance!D7",
        "/results/2/breakdown/group": "Results!H9",
    }  # fmt: skip
    assert back.cells(said) == said
    [marked] = back.place([FieldError("/results/9/numerator", "Something.")])
    assert (marked.sheet, marked.message) == ("Results", "Something.")


def test_sums_that_do_not_come_out_are_found_where_they_stand() -> None:
    terms = the_terms()
    raw = workbook(terms, the_content(terms))

    def change(book: Any) -> None:
        book["Sex and age"]["D7"] = 99
        book["Results"]["I8"] = 1
        book["Results"]["I7"] = 5  # asks nothing: this result is a count
        book["Type of assistance"]["C7"] = 10_000

    back = returned(terms, edited(raw, change))
    assert [(one.code, one.cell) for one in back.filled.problems] == [("not_asked", "I7")]
    found = back.place(check(terms, back.content).problems)
    assert {(one.sheet, one.cell) for one in found} == {
        ("Sex and age", "D7"), ("Results", "H8"), ("Type of assistance", "C7"),
    }  # fmt: skip


def typed(kind: Kind, value: Any, language: str) -> str | int | float:
    """Return what a person types for a value: labels, and digits of the language's script."""
    if isinstance(kind, Choice):
        return next(option.label for option in kind.options if option.code == value)
    if isinstance(value, str):
        return value
    number = format_amount(value, kind.currency) if isinstance(kind, Money) else str(value)
    if language == "ar":
        return number.translate(ARABIC)
    return float(number)


def every_input(form: Form, values: dict[str, Any]) -> dict[tuple[str, str], str | int | float]:
    """Return every input of a fresh workbook, by sheet and cell, and what is typed into it."""
    words = [text(f"forms.{one}.tab", form.language) for one in ("guide", "problems")]
    tabs = sheet_names(form, *words)[2]
    cells = {}
    for section in form.sections:
        where, tab = places(section), tabs[section.key]
        for one in section.fields:
            if not one.locked:
                at = reference(where.fields[one.key], FIRST_COLUMN + 1)
                cells[tab, at] = typed(one.kind, values[one.key], form.language)
        for number, column in enumerate(section.table.columns if section.table else ()):
            for row, given in enumerate(values[section.table.key] if section.table else ()):
                if given.get(column.key) is not None:
                    at = reference(where.first + row, FIRST_COLUMN + number)
                    cells[tab, at] = typed(column.kind, given[column.key], form.language)
    return cells


@needs_libreoffice
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ar"])
def test_filled_in_by_libreoffice_it_comes_back_equal(tmp_path: Any, language: str) -> None:
    """No library of ours writes the answers, or the file: LibreOffice does both."""
    terms = the_terms()
    content = the_content(terms, SAID[language])
    form = form_of(terms, SHOWN, language)
    values, _ = filled_in(terms, SHOWN, form, content)
    values["confirmations"] = content["confirmations"]
    cells = every_input(form, values)
    assert len(cells) > 150
    raw = filled(workbook(terms, {}, language), cells, tmp_path)
    assert b"docProps/app.xml" in raw
    back = returned(terms, raw)
    assert [str(one) for one in back.filled.problems] == []
    assert back.content == content
    assert back.language == language


@needs_libreoffice
@pytest.mark.slow
def test_what_a_macro_of_libreoffice_writes_into_given_cells_is_said_and_not_read(
    tmp_path: Any,
) -> None:
    """The control of the one above: what comes back is what was typed, cell by cell."""
    terms = the_terms()
    cells: dict[tuple[str, str], str | int | float] = {
        ("Expenditure", "E10"): 1, ("Results", "I7"): 9, ("Results", "H7"): 9,
    }  # fmt: skip
    back = returned(terms, filled(workbook(terms, {}), cells, tmp_path))
    said = {one.cell: one.code for one in back.filled.problems if one.code != "needed"}
    assert said == {"E10": "locked_changed", "I7": "not_asked"}
    assert [one.get("numerator") for one in back.content["results"]] == [9, None, None, None]
    assert "denominator" not in back.content["results"][0]
