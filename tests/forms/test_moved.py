"""Workbooks that people rearranged: found again where that is certain, named where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fundops.forms.parse import parse
from tests.forms import examples
from tests.forms.examples import codes, only

Change = Callable[[Any], None]


def shifted(book: Any, sheet: str, rows: int = 0, columns: int = 0, at: int = 1) -> None:
    """Insert rows or columns at ``at`` as a spreadsheet program does, names moving along."""
    from openpyxl.utils import get_column_letter

    one = book[sheet]
    if rows:
        one.insert_rows(at, rows)
    if columns:
        one.insert_cols(at, columns)
    for name in book.defined_names.values():
        place = name.attr_text
        if f"{sheet}" not in place.partition("!")[0] or not name.name.startswith("fo."):
            continue
        _, letters, row = place.partition("!")[2].split("$")[:3]
        from openpyxl.utils import column_index_from_string

        column, number = column_index_from_string(letters), int(row)
        column += columns if columns and column >= at else 0
        number += rows if rows and number >= at else 0
        name.attr_text = f"'{sheet}'!${get_column_letter(column)}${number}"


def renamed(book: Any) -> None:
    book["Budget"].title = "Le budget d'ici"
    for name in book.defined_names.values():
        name.attr_text = name.attr_text.replace("'Budget'!", "'Le budget d''ici'!")


def renamed_without_names(book: Any) -> None:
    book["Budget"].title = "Other"


def reordered(book: Any) -> None:
    book.move_sheet("Budget", -2)


def without_names(book: Any) -> None:
    for name in list(book.defined_names):
        del book.defined_names[name]


def without_marks(book: Any) -> None:
    for sheet in ("Summary", "Budget"):
        book[sheet]["A1"] = None


def rows_inserted(book: Any) -> None:
    shifted(book, "Budget", rows=3)
    shifted(book, "Summary", rows=2, at=5)


def columns_inserted(book: Any) -> None:
    shifted(book, "Budget", columns=1, at=4)
    shifted(book, "Summary", columns=2)


def everything_but_labels_lost(book: Any) -> None:
    without_names(book)
    without_marks(book)
    book["Summary"].insert_rows(1, 2)
    book["Budget"].insert_rows(1, 2)
    book["Budget"].insert_cols(4)


def table_sorted(book: Any) -> None:
    sheet = book["Budget"]
    for column in range(2, 7):
        one, other = sheet.cell(7, column), sheet.cell(8, column)
        one.value, other.value = other.value, one.value


def columns_swapped(book: Any) -> None:
    """By copying with the headings, so that the names stay where they were."""
    sheet = book["Budget"]
    for row in range(6, 9):
        one, other = sheet.cell(row, 4), sheet.cell(row, 5)
        one.value, other.value = other.value, one.value
        one.number_format, other.number_format = other.number_format, one.number_format


def fields_swapped(book: Any) -> None:
    sheet = book["Summary"]
    for column in (2, 3):
        one, other = sheet.cell(9, column), sheet.cell(10, column)
        one.value, other.value = other.value, one.value
        one.number_format, other.number_format = other.number_format, one.number_format


@pytest.mark.parametrize(
    "change",
    [
        renamed, renamed_without_names, reordered, without_names, without_marks, rows_inserted,
        columns_inserted, everything_but_labels_lost, columns_swapped, fields_swapped,
    ],
)  # fmt: skip
def test_what_can_be_found_again_is_read(change: Change) -> None:
    raw = examples.edited(examples.proposal(), change)
    filled = examples.read_proposal(raw)
    assert [str(one) for one in filled.problems] == []
    assert filled.values == examples.PROPOSAL_VALUES


def test_rows_in_another_order_are_read_in_that_order() -> None:
    filled = examples.read_proposal(examples.edited(examples.proposal(), table_sorted))
    assert filled.problems == []
    assert filled.values["budget"] == examples.PROPOSAL_VALUES["budget"][::-1]


def test_a_reader_that_trusts_names_alone_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Control: without the check against headings, swapped columns would be mixed up."""
    raw = examples.edited(examples.proposal(), columns_swapped)
    monkeypatch.setattr("fundops.forms.locate.label_key", lambda text: "same")
    # Read anew: ``read_proposal`` remembers what it read with the check.
    values = parse(examples.PROPOSAL, raw, examples.PROPOSAL_IDENTITY).values
    assert values["budget"][0]["unit_cost"] != examples.PROPOSAL_VALUES["budget"][0]["unit_cost"]


def test_a_translated_heading_is_found_by_its_name() -> None:
    raw = examples.with_cells(examples.proposal(), "Budget", D6="Quantité", E6="Coût unitaire")
    filled = examples.read_proposal(raw)
    assert filled.problems == []
    assert filled.values == examples.PROPOSAL_VALUES


def test_a_heading_that_is_anothers_is_not_believed() -> None:
    raw = examples.with_cells(examples.proposal(), "Budget", D6="Unit cost *")
    filled = examples.read_proposal(raw)
    assert [(one.code, one.cell) for one in filled.problems] == [("column_missing", "D6")]
    assert [row["quantity"] for row in filled.values["budget"]] == [None, None]
    assert [row["unit_cost"] for row in filled.values["budget"]] == [125_050, 999]


def test_two_columns_of_one_heading_are_named() -> None:
    def change(book: Any) -> None:
        without_names(book)
        book["Budget"]["H6"] = "unit cost"

    problem = only(examples.read_proposal(examples.edited(examples.proposal(), change)))
    assert (problem.code, problem.cell) == ("column_twice", "E6")


def test_a_deleted_sheet_is_named() -> None:
    def change(book: Any) -> None:
        del book["Budget"]

    filled = examples.read_proposal(examples.edited(examples.proposal(), change))
    assert codes(filled) == ["sheet_missing"]
    assert "Budget" in filled.problems[0].message
    assert filled.values["title"] == examples.PROPOSAL_VALUES["title"]
    assert filled.values["budget"] == []


def test_a_deleted_field_and_heading_are_named() -> None:
    def change(book: Any) -> None:
        without_names(book)
        book["Summary"].delete_rows(9)
        for column in range(1, 8):
            book["Budget"].cell(6, column).value = None

    filled = examples.read_proposal(examples.edited(examples.proposal(), change))
    assert codes(filled) == ["field_missing", "table_missing"]
    assert "People reached" in filled.problems[0].message
    assert [one.sheet for one in filled.problems] == ["Summary", "Budget"]
    assert filled.values["own_share"] == examples.PROPOSAL_VALUES["own_share"]


def test_a_copied_sheet_is_not_read() -> None:
    def change(book: Any) -> None:
        copy = book.copy_worksheet(book["Budget"])
        copy["E7"] = 1

    filled = examples.read_proposal(examples.edited(examples.proposal(), change))
    assert [(one.code, one.severity) for one in filled.problems] == [("sheet_copy", "warning")]
    assert filled.errors == []
    assert filled.values == examples.PROPOSAL_VALUES


def test_what_was_written_elsewhere_is_not_lost_silently() -> None:
    def change(book: Any) -> None:
        book["Budget"]["H7"] = "see note"
        book["Budget"]["H8"] = "see other note"
        book.create_sheet("Notes")["B2"] = "Note"

    filled = examples.read_proposal(examples.edited(examples.proposal(), change))
    assert [(one.code, one.sheet, one.cell, one.severity) for one in filled.problems] == [
        ("not_read", "Budget", "H7", "warning"),
        ("sheet_not_read", "Notes", "A1", "warning"),
    ]
    assert filled.errors == []


def test_more_rows_than_the_table_takes() -> None:
    def change(book: Any) -> None:
        for row in range(9, 29):
            for column, value in ((2, "A"), (3, f"Line {row}"), (5, 1)):
                book["Budget"].cell(row, column).value = value

    filled = examples.read_proposal(examples.edited(examples.proposal(), change))
    assert [(one.code, one.cell) for one in filled.problems] == [("too_many_rows", "B27")]
    assert len(filled.values["budget"]) == 20


def fixed_rows_moved(book: Any) -> None:
    sheet = book["Scores criteria objectives"]
    for column in range(1, 6):
        one, other = sheet.cell(9, column), sheet.cell(11, column)
        one.value, other.value = other.value, one.value


def fixed_keys_lost(book: Any) -> None:
    fixed_rows_moved(book)
    for row in range(1, 12):
        book["Scores criteria objectives"].cell(row, 1).value = None


@pytest.mark.parametrize("change", [fixed_rows_moved, fixed_keys_lost])
def test_fixed_rows_are_found_by_key_or_by_what_they_show(change: Change) -> None:
    filled = examples.read_scores(examples.edited(examples.scores(), change))
    assert filled.problems == []
    assert filled.values == examples.SCORES_VALUES
    place = filled.cell_of("/scores/relevance/score")
    assert place is not None
    assert place.cell == "D11"


def test_a_missing_a_doubled_and_an_added_row_are_named() -> None:
    def deleted(book: Any) -> None:
        book["Scores criteria objectives"].delete_rows(10)

    filled = examples.read_scores(examples.edited(examples.scores(), deleted))
    assert [(one.code, one.cell) for one in filled.problems] == [("row_missing", "B8")]
    assert "Soundness of the method" in filled.problems[0].message
    assert [row["reason"] for row in filled.values["scores"]] == ["Fits.", None, "Too dear."]

    def doubled(book: Any) -> None:
        sheet = book["Scores criteria objectives"]
        for column in range(1, 6):
            sheet.cell(12, column).value = sheet.cell(9, column).value

    filled = examples.read_scores(examples.edited(examples.scores(), doubled))
    assert [(one.code, one.cell) for one in filled.problems] == [
        ("row_twice", "B12"),
        ("extra_row", "D9"),
    ]
    added = examples.with_cells(examples.scores(), "Scores criteria objectives", D14=3)
    problem = only(examples.read_scores(added))
    assert (problem.code, problem.cell) == ("extra_row", "D14")


def test_a_changed_locked_cell_is_said_and_not_read() -> None:
    raw = examples.with_cells(examples.scores(), "Scores criteria objectives", C9=0.9)
    filled = examples.read_scores(raw)
    problem = only(filled)
    assert (problem.code, problem.cell, problem.severity) == ("locked_changed", "C9", "warning")
    assert filled.values == examples.SCORES_VALUES
