"""Text in workbooks: never a formula, never broken XML, never silently changed."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fundops.exports import Cell, Code, Column, Grid, Sheet, Text, Workbook, cells
from fundops.exports.escape import MAX_TEXT, escaped, fitted, units
from tests.depth import DEPTH
from tests.exports import books

INJECTIONS = [
    '=HYPERLINK("http://evil.example","click")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "=cmd|' /C calc'!A0",
    "＝1+1",
    "{=1+1}",
    "'=1+1",
    "</t></is></c><c><f>1+1</f></c>",
    "]]><f>1</f>",
    "&#61;1+1",
    "<!DOCTYPE x>",
]


def a_text_book(values: Sequence[str | None]) -> bytes:
    """Return a file with ``values`` as free text, as codes and in a grid."""
    sheet = Sheet(
        "Texts",
        (Column("free", "Free", Text()), Column("code", "Code", Code())),
        [(value, value) for value in values],
        table_name="texts",
    )
    grid = Grid("Grid", tuple(Cell(f"A{n}", value) for n, value in enumerate(values, 1)))
    return books.rendered(Workbook("Texts", (sheet, grid)))


def formulas_in(data: bytes) -> list[str]:
    """Return every formula of a file's sheets and every cell that a program takes for one."""
    from lxml import etree
    from openpyxl import load_workbook

    found = [
        cell.coordinate
        for sheet in load_workbook(BytesIO(data))
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    for path, part in books.parts(data).items():
        if path.startswith("xl/worksheets/sheet"):
            found += [str(node.text) for node in etree.fromstring(part).iter("{*}f")]
    return found


def read_back(data: bytes) -> list[list[Any]]:
    """Return (free, code, grid) of every row, as an XML parser and the cell escapes say."""
    from lxml import etree

    content = books.parts(data)
    shared = [
        "".join(node.itertext())
        for node in etree.fromstring(content["xl/sharedStrings.xml"]).iter("{*}si")
    ]

    def rows(part: bytes) -> list[list[str | None]]:
        return [
            [value_of(cell) for cell in row.iter("{*}c")]
            for row in etree.fromstring(part).iter("{*}row")
        ]

    def value_of(cell: Any) -> str | None:
        text = "".join(cell.itertext())
        if not text:
            return None
        return unescaped(shared[int(text)] if cell.get("t") == "s" else text)

    texts = rows(content["xl/worksheets/sheet1.xml"])[1:]
    grid = rows(content["xl/worksheets/sheet2.xml"])
    return [[*left, *right] for left, right in zip(texts, grid, strict=True)]


def unescaped(text: str) -> str:
    """Return what a spreadsheet program makes of ``_xHHHH_``."""
    import re

    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


def test_text_that_looks_like_a_formula_stays_text() -> None:
    data = a_text_book(INJECTIONS)
    assert formulas_in(data) == []
    assert read_back(data) == [[value] * 3 for value in INJECTIONS]


def test_planted_bug_text_written_as_a_formula_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(style: int, text: str, language: str = "en") -> str:
        if text.startswith("="):
            return f' s="{style}" t="str"><f>{escaped(text[1:])}</f><v/></c>'
        return f' s="{style}"/>'

    monkeypatch.setattr(cells, "text_tail", careless)
    assert formulas_in(a_text_book([*INJECTIONS, " "]))


def test_libraries_read_injections_as_text() -> None:
    from openpyxl import load_workbook
    from python_calamine import CalamineWorkbook

    plain = [value for value in INJECTIONS if value.isprintable()]
    data = a_text_book(plain)
    sheet = load_workbook(BytesIO(data))["Texts"]
    assert [row[:2] for row in sheet.iter_rows(min_row=2, values_only=True)] == [
        (value, value) for value in plain
    ]
    read = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_name("Texts").to_python()
    assert read[1:] == [[value, value] for value in plain]


anything = st.text(st.characters(), min_size=1, max_size=60)


@given(st.lists(anything, min_size=1, max_size=8))
@example(["a\ud800b", "\udfff", "\ufffe\uffff"])
@example(["\x00\x01\x1f\x7f", "\r\n\t", "\x85\u2028"])
@example(["_x0041_", "_x005F_", "_x_x0041_", "_X0041_", "_x004", "__x0041_"])
@example([" lead", "trail ", "  ", "\n", "in\nside"])
@example(["\u202eevil\u202c", "مرحبا", "שלום", "العربية (12.50 USD)", "🙂", "e\u0301"])
@settings(max_examples=50 * DEPTH)
def test_any_text_comes_back_as_it_was(values: list[str]) -> None:
    """But for what XML cannot carry, which becomes the replacement character."""
    gone = dict.fromkeys([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\ufffd")
    expected = [[value.translate(gone)] * 3 for value in values]
    assert read_back(a_text_book(values)) == expected


def test_empty_text_is_an_empty_cell_wherever_it_stands() -> None:
    rows = ["a", "", None, "b", " "]
    assert read_back(a_text_book(rows)) == [[value or None] * 3 for value in rows]


@pytest.mark.parametrize("text", ["x" * 40_000, "🙂" * 20_000, "🙂x" * 15_000, "&" * 33_000])
def test_text_longer_than_a_cell_is_cut_with_a_mark(text: str) -> None:
    cut = fitted(text)
    assert units(cut) <= MAX_TEXT < units(text)
    assert units(cut) > MAX_TEXT - 3
    assert cut.endswith("a cell holds no more text")
    assert read_back(a_text_book([text])) == [[cut] * 3]


@pytest.mark.parametrize("text", ["x" * MAX_TEXT, "🙂" * (MAX_TEXT // 2), "&" * MAX_TEXT])
def test_text_that_just_fits_is_whole(text: str) -> None:
    assert read_back(a_text_book([text])) == [[text] * 3]


def test_hostile_names_and_properties_stay_what_they_are() -> None:
    from lxml import etree

    title = 'A "B" & <C> \x00 \ud800 &P'
    sheet = Sheet(
        "It's <&> here",
        (Column("a", 'Amount "&" <x>', Text()),),
        [("x",)],
        title=title,
        table_name="t_1",
    )
    data = books.rendered(Workbook(title, (sheet,), subject=title, creator=title))
    for path, part in books.parts(data).items():
        assert etree.fromstring(part) is not None, path
    from openpyxl import load_workbook

    book = load_workbook(BytesIO(data))
    assert book.sheetnames == ["It's <&> here"]
    assert book.properties.title == 'A "B" & <C> \ufffd \ufffd &P'
    tables = book["It's <&> here"].tables
    assert tables["t_1"].column_names == ['Amount "&" <x>']
    names = book.defined_names
    assert names["t_1_a"].attr_text == "'It''s <&> here'!$A$4:$A$4"
