"""The file as a whole: its container, its parts, streaming, sameness, and writing it safely."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from fundops.exports import (
    Cell,
    Code,
    Column,
    Grid,
    Integer,
    Money,
    RowError,
    Sheet,
    Text,
    Workbook,
    WorkbookTooLarge,
    render,
    total,
    write,
    xlsx,
)
from tests.exports import books

COLUMNS = (
    Column("code", "Code", Text()),
    Column("lot", "Lot", Code()),
    Column("amount", "Amount", Money("USD")),
)


def many(count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        yield f"RCP-{number}", f"LOT-{number % 50}", number


def test_every_part_is_well_formed_and_declared() -> None:
    content = books.parts(books.rendered(books.a_book()))
    for path, part in content.items():
        etree.fromstring(part, etree.XMLParser(resolve_entities=False))
        assert b"<!DOCTYPE" not in part, path
    types = etree.fromstring(content["[Content_Types].xml"])
    declared = {node.get("PartName")[1:] for node in types.iter("{*}Override")}
    assert declared | {"[Content_Types].xml"} == {p for p in content if not p.endswith(".rels")}


def test_every_relation_leads_to_a_part() -> None:
    content = books.parts(books.rendered(books.a_book()))
    checked = 0
    for path, part in content.items():
        if not path.endswith(".rels"):
            continue
        folder = Path(path).parent.parent
        for node in etree.fromstring(part).iter("{*}Relationship"):
            target = (Path("/") / folder / node.get("Target")).resolve()
            assert str(target)[1:] in content, (path, node.get("Target"))
            checked += 1
    assert checked > 10


def test_elements_of_a_sheet_stand_in_the_order_of_the_standard() -> None:
    order = [
        "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "autoFilter",
        "mergeCells", "conditionalFormatting", "hyperlinks", "pageMargins", "pageSetup",
        "headerFooter", "ignoredErrors", "drawing", "tableParts",
    ]  # fmt: skip
    content = books.parts(books.rendered(books.a_book()))
    for path, part in content.items():
        if path.startswith("xl/worksheets/sheet"):
            found = [etree.QName(node).localname for node in etree.fromstring(part)]
            assert [order.index(name) for name in found] == sorted(map(order.index, found)), path


def test_openpyxl_and_calamine_read_the_same_rows() -> None:
    from openpyxl import load_workbook
    from python_calamine import CalamineWorkbook

    data = books.rendered(books.a_book())
    sheet = load_workbook(BytesIO(data), data_only=True)["Receipts"]
    ours = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5, max_row=8)]
    theirs = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_name("Receipts")
    rows = theirs.to_python()[4:8]
    assert [row[0] for row in ours] == ["RCP-1", "RCP-2", "RCP-3", "RCP-4"]
    assert [row[4] for row in ours] == [1250.0, -0.05, 0.99, 7.0]
    for mine, other in zip(ours, rows, strict=True):
        for a, b in zip(mine[4:10], other[4:10], strict=True):
            assert (a, b) == (None, "") or a == b
    with_formulas = load_workbook(BytesIO(data))["Receipts"]
    assert with_formulas["J5"].value == "=E5-0.10"
    assert with_formulas["E10"].value == "=SUM(receipts_amount)"


def test_headings_filter_frozen_panes_titles_and_names() -> None:
    from openpyxl import load_workbook

    book = load_workbook(BytesIO(books.rendered(books.a_book())))
    assert book.sheetnames == ["Cover", "Controls", "Receipts", "How to read this"]
    sheet = book["Receipts"]
    assert sheet.freeze_panes == "A5"
    assert sheet.print_title_rows == "$4:$4"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.oddFooter.right.text == "Page &P of &N"
    assert sheet.oddFooter.left.text == "Statement of A && B"
    table = sheet.tables["receipts"]
    assert table.ref == "A4:M8"
    assert table.autoFilter.ref == "A4:M8"
    assert table.column_names == [column.heading for column in books.RECEIPT_COLUMNS]
    assert book.defined_names["receipts_amount"].attr_text == "'Receipts'!$E$5:$E$8"
    assert book.properties.title == "Statement of A & B"
    assert book["Cover"]["A10"].hyperlink.location == "'Receipts'!A1"
    assert len(book["Cover"]._charts) == 2


def test_a_sheet_without_a_table_has_a_filter_of_its_own() -> None:
    from openpyxl import load_workbook

    sheet = Sheet("Plain", COLUMNS, many(3), freeze_columns=1)
    data = books.rendered(Workbook("Plain", (sheet,)))
    read = load_workbook(BytesIO(data))["Plain"]
    assert read.auto_filter.ref == "A1:C4"
    assert read.freeze_panes == "B2"
    bare = Sheet("Plain", COLUMNS, many(3), freeze=False, filter=False)
    read = load_workbook(BytesIO(books.rendered(Workbook("Plain", (bare,)))))["Plain"]
    assert read.auto_filter.ref is None
    assert read.freeze_panes is None


def test_the_guide_explains_every_column() -> None:
    from openpyxl import load_workbook

    guide = load_workbook(BytesIO(books.rendered(books.a_book())))["How to read this"]
    rows = list(guide.iter_rows(min_row=5, values_only=True))
    assert [row[1] for row in rows] == [column.heading for column in books.RECEIPT_COLUMNS]
    assert rows[4] == (
        "Receipts", "Amount (USD)", "amount in USD", "Booked amount.", "receipts.amount_minor",
        "receipts_amount",
    )  # fmt: skip
    assert all(row[2] for row in rows)


def test_right_to_left_workbooks_say_so_on_every_sheet() -> None:
    content = books.parts(books.rendered(replace(books.a_book(), right_to_left=True)))
    sheets = [part for path, part in content.items() if path.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 4
    assert all(b' rightToLeft="1"' in part for part in sheets)


def test_no_part_tells_the_time() -> None:
    content = books.parts(books.rendered(books.a_book()))
    assert b"dcterms:created" not in content["docProps/core.xml"]
    with zipfile.ZipFile(BytesIO(books.rendered(books.a_book()))) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_container_streams_with_32_bit_descriptors_only() -> None:
    data = books.rendered(books.a_book())
    assert b"PK\x06\x06" not in data, "no 64-bit end record"
    assert b"PK\x06\x07" not in data
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for info in archive.infolist():
            assert info.flag_bits == 0x08
            assert info.extract_version == 20
            assert info.extra == b""
            start = info.header_offset + 30 + len(info.filename)
            crc, packed, size = struct.unpack_from("<3I", data, start + info.compress_size + 4)
            assert data[start + info.compress_size :][:4] == b"PK\x07\x08"
            assert (crc, packed, size) == (info.CRC, info.compress_size, info.file_size)


def test_the_same_question_gives_the_same_bytes() -> None:
    assert books.rendered(books.a_book()) == books.rendered(books.a_book())


def test_planted_bug_another_row_gives_other_bytes() -> None:
    rows = [*books.RECEIPTS[:3], (*books.RECEIPTS[3][:12], 1)]
    book = books.a_book()
    other = replace(book, sheets=(*book.sheets[:2], books.a_sheet(rows), book.sheets[3]))
    assert books.rendered(other) != books.rendered(book)


def test_bytes_do_not_depend_on_the_process() -> None:
    script = (
        "import hashlib; from tests.exports import books;"
        "print(hashlib.sha256(books.rendered(books.a_book())).hexdigest())"
    )
    here = hashlib.sha256(books.rendered(books.a_book())).hexdigest()
    root = Path(__file__).parents[2]
    search = f"{root / 'src'}:{root}"
    for seed in ("1", "77"):
        found = subprocess.run(
            [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": search, "TZ": "Asia/Tokyo"},
        )  # fmt: skip
        assert found.stdout.strip() == here


def test_bytes_do_not_depend_on_how_rows_arrive() -> None:
    def book(rows: Any) -> Workbook:
        return Workbook("Rows", (Sheet("Rows", COLUMNS, rows),))

    one = books.rendered(book(list(many(2_000))))
    assert one == books.rendered(book(many(2_000)))
    assert one == books.rendered(book(lambda: [list(row) for row in many(2_000)]))


def test_bytes_leave_before_the_last_row_is_read() -> None:
    seen = 0

    def watched() -> Iterator[tuple[Any, ...]]:
        nonlocal seen
        for row in many(20_000):
            seen += 1
            yield row

    pieces = render(Workbook("Rows", (Sheet("Rows", COLUMNS, watched()),)))
    next(pieces)
    assert seen == 0
    sent = 0
    for piece in pieces:
        sent += len(piece)
        if sent > 20_000:
            break
    assert 0 < seen < 20_000


def test_rows_are_closed_when_the_reader_leaves() -> None:
    closed = []

    def watched() -> Iterator[tuple[Any, ...]]:
        try:
            yield from many(100_000)
        finally:
            closed.append(True)

    pieces = render(Workbook("Rows", (Sheet("Rows", COLUMNS, watched),)))
    for _ in range(8):
        next(pieces)
    assert not closed
    pieces.close()  # type: ignore[attr-defined]
    assert closed == [True]


def peak(rows: int) -> int:
    book = Workbook(
        "Rows",
        (Sheet("Rows", COLUMNS, many(rows), table_name="rows", totals=("amount",)),
         Grid("Sums", (Cell("A1", total("rows", "amount", {"lot": "LOT-1"})),))),
    )  # fmt: skip
    tracemalloc.start()
    try:
        for _ in render(book):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_rows() -> None:
    peak(100)
    assert peak(40_000) < 1.2 * peak(5_000)


@pytest.mark.parametrize("rows", [0, 1, 13, 14, 15, 28, 29, 1_000])
def test_rows_beyond_a_sheet_go_on_over_further_sheets(rows: int) -> None:
    from openpyxl import load_workbook

    sheet = Sheet("Rows", COLUMNS, many(rows), table_name="rows", totals=("amount",),
                  title="All rows", notes=())  # fmt: skip
    book = load_workbook(
        BytesIO(books.rendered(Workbook("Rows", (sheet, Grid("Last", ())), sheet_rows=19))),
        data_only=True,
    )
    found = []
    for name in book.sheetnames[:-1]:
        read = book[name]
        assert read.max_row <= 19
        assert [cell.value for cell in read[3]] == ["Code", "Lot", "Amount"]
        found += [row for row in read.iter_rows(min_row=4, values_only=True) if row[1] is not None]
    assert [(code, lot) for code, lot, _ in found] == [(row[0], row[1]) for row in many(rows)]
    assert len(book.sheetnames) - 1 == max(1, -(-rows // 14))
    assert book.sheetnames[-1] == "Last"
    assert book[book.sheetnames[-2]].cell(book[book.sheetnames[-2]].max_row, 3).value == (
        rows * (rows - 1) / 200
    )


def test_a_sheet_ends_before_the_container_overflows(monkeypatch: pytest.MonkeyPatch) -> None:
    from fundops.exports import bulk

    monkeypatch.setattr(bulk, "MAX_PART_XML", 100_000)
    content = books.parts(books.rendered(Workbook("Rows", (Sheet("Rows", COLUMNS, many(5_000)),))))
    sheets = [len(part) for path, part in content.items() if path.startswith("xl/worksheets/")]
    assert len(sheets) > 3
    assert max(sheets) < 200_000


def test_what_the_container_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_PART", 50_000)
    with pytest.raises(WorkbookTooLarge):
        books.rendered(Workbook("Rows", (Sheet("Rows", COLUMNS, many(5_000)),)))


def test_writing_leaves_the_whole_file_or_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    write(books.a_book(), path)
    assert path.read_bytes() == books.rendered(books.a_book())
    bad = [*books.RECEIPTS, ("too", "short")]
    book = books.a_book()
    broken = replace(book, sheets=(*book.sheets[:2], books.a_sheet(bad), book.sheets[3]))
    with pytest.raises(RowError):
        write(broken, path)
    assert path.read_bytes() == books.rendered(books.a_book())
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.xlsx"]


def test_writing_syncs_before_it_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: events.append("sync"))
    replaced = os.replace

    def rename(old: Path, new: Path) -> None:
        assert old.parent == new.parent
        events.append("rename")
        replaced(old, new)

    monkeypatch.setattr(os, "replace", rename)
    write(Workbook("One", (Grid("One", (Cell("A1", 1, Integer()),)),)), tmp_path / "one.xlsx")
    assert events == ["sync", "rename", "sync"]
