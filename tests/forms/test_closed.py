"""Cells of a fixed row that ask nothing: shown as locked, not filled, and never read."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from fundops.forms.declaration import Column, Form, Row, Section, Table
from fundops.forms.kinds import DeclarationError, Text, Whole
from fundops.forms.parse import parse
from fundops.forms.render import render
from tests.forms import examples

COLUMNS = (
    Column("result", "Result", Text(), locked=True),
    Column("count", "Number", Whole(), required=True),
    Column("whole", "Out of", Whole(), required=True),
)


def form(*closed: str) -> Form:
    rows = (
        Row("r1", {"result": "People trained"}, frozenset(closed)),
        Row("r2", {"result": "Share satisfied"}),
    )
    return Form(
        "report", 1, "Report", (Section("results", "Results", table=Table("results", "Results",
        COLUMNS, rows=rows)),),
    )  # fmt: skip


def test_a_closed_cell_is_locked_and_takes_nothing() -> None:
    its_form = form("whole")
    raw = render(its_form, {"results": [{"count": 7, "whole": 9}, {"count": 3, "whole": 4}]}, {})
    sheet = load_workbook(io.BytesIO(raw))["Results"]
    assert [sheet["D7"].value, sheet["D8"].value] == [None, 4]
    assert [sheet[at].protection.locked for at in ("C7", "D7", "D8")] == [False, True, False]
    filled = parse(its_form, raw, {})
    assert filled.problems == []
    assert filled.values == {"results": [{"count": 7, "whole": None}, {"count": 3, "whole": 4}]}

    filled = parse(its_form, examples.with_cells(raw, "Results", D7=12), {})
    problem = examples.only(filled)
    assert (problem.code, problem.cell, problem.pointer) == ("not_asked", "D7", "/results/0/whole")
    assert filled.values["results"][0] == {"count": 7, "whole": None}


def test_what_is_closed_is_part_of_the_layout_and_of_inputs_only() -> None:
    assert form().digest() != form("whole").digest()
    with pytest.raises(DeclarationError):
        form("result")
