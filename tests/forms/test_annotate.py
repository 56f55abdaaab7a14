"""The same workbook comes back, with every problem in its cell, however often it is marked."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import pytest

from fundops.forms.annotate import annotate
from fundops.forms.cells import INPUT_FILL
from fundops.forms.limits import MAX_PROBLEMS
from fundops.forms.marks import MARK_FILL
from fundops.forms.problems import Problem
from fundops.messages import text
from tests.forms import examples
from tests.forms.examples import part, sheet_part


def loaded(raw: bytes) -> Any:
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(raw))


@cache
def wrong() -> bytes:
    """Return a proposal with problems of several kinds."""
    return examples.with_cells(
        examples.proposal(), "Budget", D7="many", E7="1.250", B8="Nothing", H7="beside"
    )


def marks(raw: bytes) -> dict[str, str]:
    """Return the red cells of the budget and what their comments say."""
    return {
        cell.coordinate: cell.comment.text if cell.comment else ""
        for row in loaded(raw)["Budget"]
        for cell in row
        if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb == MARK_FILL
    }


def content(raw: bytes) -> dict[tuple[str, int, int], tuple[str, str]]:
    """Return what every cell of a workbook holds, the list of problems apart."""
    return {
        (sheet.name, *at): (cell.kind, cell.text)
        for sheet in examples.opened(raw).sheets
        for at, cell in sheet.cells.items()
        if sheet.name != "Problems"
    }


def test_every_problem_is_in_its_cell_and_in_the_list() -> None:
    raw = wrong()
    problems = examples.read_proposal(raw).problems
    marked = annotate(raw, problems)
    assert {at: said.removeprefix("fundops: ") for at, said in marks(marked).items()} == {
        "D7": "“many” is not a number. Write digits only, such as 1250.50.",
        "E7": "“1.250” can mean 1250 or 1.250. Write the one you mean without a separator "
        "of thousands.",
        "B8": "“Nothing” is not one of the choices. Choose from the list in the cell.",
        "H7": "For information: What is written here is outside the form and was not read.",
    }
    book = loaded(marked)
    assert book.sheetnames[0] == "Problems"
    assert book.active.title == "Problems"
    listed = [[cell.value for cell in row][1:5] for row in book["Problems"].iter_rows(min_row=6)]
    assert [(row[0], row[1], row[2]) for row in listed] == [
        (1, "Budget", "D7"), (2, "Budget", "E7"), (3, "Budget", "B8"), (4, "Budget", "H7"),
    ]  # fmt: skip
    assert [row[3] for row in listed[:3]] == [one.message for one in problems[:3]]
    assert [book["Problems"].cell(row, 4).hyperlink.location for row in (6, 7)] == [
        "'Budget'!D7",
        "'Budget'!E7",
    ]


def test_what_was_typed_stays() -> None:
    raw = wrong()
    marked = annotate(raw, examples.read_proposal(raw).problems)
    assert content(marked) == content(raw)
    one, other = examples.read_proposal(raw), examples.read_proposal(marked)
    assert other.values == one.values
    assert [str(p) for p in other.problems] == [str(p) for p in one.problems]


def test_marking_twice_gives_the_same_bytes() -> None:
    raw = wrong()
    first = annotate(raw, examples.read_proposal(raw).problems)
    again = examples.read_proposal(first).problems
    second = annotate(first, again)
    assert second == first
    assert annotate(raw, again) == first
    assert annotate(second, again) == first


def test_a_library_that_stamps_the_time_would_be_noticed() -> None:
    """Control: saved by the library alone, the bytes are not the same."""
    raw = annotate(wrong(), [])
    assert examples.edited(raw, lambda book: None) != raw
    assert annotate(raw, []) == raw


def test_corrected_cells_lose_their_marks_and_get_their_colour_back() -> None:
    raw = wrong()
    problems = examples.read_proposal(raw).problems
    assert len(problems) == 4
    first = annotate(raw, problems)
    corrected = examples.with_cells(first, "Budget", D7=2, B8="Travel", H7=None)
    left = examples.read_proposal(corrected).problems
    assert [one.cell for one in left] == ["E7"]
    second = annotate(corrected, left)
    assert list(marks(second)) == ["E7"]
    budget = loaded(second)["Budget"]
    for at in ("D7", "B8"):
        assert budget[at].fill.fgColor.rgb == INPUT_FILL
        assert budget[at].comment is None
    assert budget["H7"].fill.fill_type is None
    clean = annotate(second, [])
    assert marks(clean) == {}
    assert "Problems" not in loaded(clean).sheetnames
    assert content(clean) == content(corrected)


def test_locked_cells_get_their_own_colour_back() -> None:
    raw = examples.proposal()
    before = loaded(raw)["Budget"]["E6"].fill.fgColor.rgb
    marked = annotate(raw, [Problem("rule", "No.", sheet="Budget", cell="E6")])
    assert marks(marked).keys() == {"E6"}
    assert loaded(annotate(marked, []))["Budget"]["E6"].fill.fgColor.rgb == before


def test_marks_that_were_moved_by_hand_are_taken_off_as_well() -> None:
    marked = annotate(wrong(), examples.read_proposal(wrong()).problems)

    def change(book: Any) -> None:
        from copy import copy

        sheet = book["Budget"]
        sheet["E12"]._style = copy(sheet["E7"]._style)
        del book["Problems"]

    moved = examples.edited(marked, change)
    assert "E12" in marks(moved)
    cleared = annotate(moved, [])
    assert marks(cleared) == {}
    assert loaded(cleared)["Budget"]["E12"].fill.fgColor.rgb == INPUT_FILL


def test_another_persons_comment_is_kept() -> None:
    from openpyxl.comments import Comment

    def change(book: Any) -> None:
        book["Budget"]["E7"].comment = Comment("Ask the bank.\nSoon.", "Treasurer")

    raw = examples.edited(wrong(), change)
    problems = examples.read_proposal(raw).problems
    marked = annotate(annotate(raw, problems), problems)
    said = marks(marked)["E7"]
    assert said.startswith("fundops: “1.250” can mean")
    assert said.endswith("Ask the bank.\nSoon.")
    assert said.count("Ask the bank.") == 1
    comment = loaded(annotate(marked, []))["Budget"]["E7"].comment
    assert (comment.text, comment.author) == ("Ask the bank.\nSoon.", "Treasurer")


def test_results_of_formulas_are_kept_beside_them() -> None:
    raw = examples.proposal()
    raw = examples.with_cell_xml(raw, "Budget", "E7", "<c {style}><f>2*3</f><v>6</v></c>")
    raw = examples.with_cell_xml(
        raw, "Budget", "C7", '<c {style} t="str"><f>"a"&amp;"&lt;b"</f><v>a&lt;b_x0009_</v></c>'
    )
    raw = examples.with_cell_xml(raw, "Budget", "D8", "<c {style}><f>E7/2</f></c>")
    filled = examples.read_proposal(raw)
    assert [one.code for one in filled.problems] == ["no_value"]
    assert filled.values["budget"][0]["description"] == "a<b"
    marked = annotate(raw, filled.problems)
    again = examples.read_proposal(marked)
    assert again.values == filled.values
    assert [str(one) for one in again.problems] == [str(one) for one in filled.problems]
    assert loaded(marked)["Budget"]["E7"].value == "=2*3"
    assert b"<f>2*3</f><v>6</v>" in part(marked, sheet_part(marked, "Budget"))
    assert annotate(marked, again.problems) == marked


def test_results_left_out_would_be_noticed() -> None:
    """Control: the library alone writes formulas without what they came to."""
    raw = examples.with_cell_xml(
        examples.proposal(), "Budget", "E7", "<c {style}><f>2*3</f><v>6</v></c>"
    )
    saved = examples.edited(raw, lambda book: None)
    assert [one.code for one in examples.read_proposal(saved).problems] == ["no_value"]


def test_problems_of_the_whole_file_and_of_hidden_cells_are_listed() -> None:
    def change(book: Any) -> None:
        book["Budget"].merge_cells("C7:C8")

    raw = examples.edited(examples.proposal(), change)
    problems = [
        *examples.read_proposal(raw).problems,
        Problem("rule", "The budget is above the ceiling."),
        Problem("rule", "On a sheet that is gone.", sheet="Gone", cell="A1"),
    ]
    marked = annotate(raw, problems)
    rows = list(loaded(marked)["Problems"].iter_rows(min_row=6, max_col=5, values_only=True))
    assert [row[2] for row in rows] == ["Budget", "whole file", "Gone"]
    assert marks(marked).keys() == {"C7"}  # the corner under which the cell is hidden
    assert annotate(marked, problems) == marked


def test_several_problems_of_one_cell_and_very_many_problems() -> None:
    raw = examples.proposal()
    many = [
        Problem("rule", f"Wrong {number}.", sheet="Budget", cell="E7")
        for number in range(MAX_PROBLEMS + 5)
    ]
    marked = annotate(raw, many)
    said = marks(marked)["E7"]
    assert said.startswith("fundops: Wrong 0.\nWrong 1.\n")
    last = loaded(marked)["Problems"].cell(6 + MAX_PROBLEMS, 5).value
    assert last == "5 more problems are not listed. Correct these first."


def test_a_tab_called_problems_is_left_alone() -> None:
    def change(book: Any) -> None:
        book.create_sheet("Problems")["B2"] = "mine"

    raw = examples.edited(wrong(), change)
    marked = annotate(raw, examples.read_proposal(raw).problems)
    names = loaded(marked).sheetnames
    assert names[0] == "Problems 2"
    assert loaded(marked)["Problems"]["B2"].value == "mine"
    assert annotate(marked, examples.read_proposal(raw).problems) == marked


def test_the_list_runs_from_right_to_left_where_the_language_does() -> None:
    marked = annotate(wrong(), examples.read_proposal(wrong()).problems, "ar")
    assert loaded(marked)[text("forms.problems.tab", "ar")].sheet_view.rightToLeft


def test_problems_of_domain_code_are_marked_by_pointer() -> None:
    raw = examples.proposal()
    filled = examples.read_proposal(raw)
    marked = annotate(raw, [filled.problem("/budget/1/unit_cost/amount", "Above the ceiling.")])
    assert marks(marked) == {"E8": "fundops: Above the ceiling."}


@pytest.mark.parametrize("form", ["proposal", "scores"])
def test_both_forms_can_be_marked(form: str) -> None:
    make, read = {
        "proposal": (examples.proposal, examples.read_proposal),
        "scores": (examples.scores, examples.read_scores),
    }[form]
    raw = make({})
    problems = read(raw).problems
    marked = annotate(raw, problems)
    assert [str(one) for one in read(marked).problems] == [str(one) for one in problems]
