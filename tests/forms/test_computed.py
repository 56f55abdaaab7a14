"""Columns that compute while a workbook is filled in: shown, locked, never read back."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from fundops.forms.declaration import Column, Form, Section, Table
from fundops.forms.kinds import DeclarationError, Number, Text
from fundops.forms.parse import parse
from fundops.forms.render import render


def a_form(computed: str = "{quantity}*{cost}", *, locked: bool = True) -> Form:
    columns = (
        Column("what", "What", Text()),
        Column("quantity", "Quantity", Number()),
        Column("cost", "Cost", Number()),
        Column("total", "Total", Number(), locked=locked, computed=computed),
    )
    table = Table("lines", "Lines", columns, max_rows=5)
    return Form("costs", 1, "Costs", (Section("costs", "Costs", table=table),))


LINES = [{"what": "Bread", "quantity": Decimal(3), "cost": Decimal("2.5")}]


def test_it_computes_over_its_own_row_and_is_locked() -> None:
    book = load_workbook(io.BytesIO(render(a_form(), {"lines": LINES}, {})))
    sheet = book["Costs"]
    cells = [c for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    assert len(cells) == 5
    for cell in cells:
        quantity, cost = (sheet.cell(cell.row, cell.column - back) for back in (2, 1))
        assert cell.value == f"={quantity.coordinate}*{cost.coordinate}"
        assert cell.protection.locked
    assert sheet.cell(cells[0].row, cells[0].column - 2).value == 3


def test_it_is_neither_read_nor_a_row_nor_a_problem() -> None:
    filled = parse(a_form(), render(a_form(), {"lines": LINES}, {}), {})
    assert filled.problems == []
    assert filled.values["lines"] == LINES  # the four blank rows with formulas are no rows


def test_without_the_mark_the_formulas_would_be_read_as_rows() -> None:
    plain = a_form("", locked=False)
    filled = parse(plain, render(a_form(), {"lines": LINES}, {}), {})
    assert filled.problems != []


@pytest.mark.parametrize("computed", ["=1", "{nothing}*2", "{total}"])
def test_what_cannot_be_computed_is_refused(computed: str) -> None:
    with pytest.raises(DeclarationError):
        a_form(computed)
    with pytest.raises(DeclarationError):
        a_form(locked=False)
