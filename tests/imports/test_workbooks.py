"""Workbooks: equal to their CSV, and harmless when they are hostile."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from fundops.forms.prescan import Refused
from fundops.imports import limits, xlsx, xlsx_child
from fundops.imports.read import read
from tests.imports.conftest import (
    WriteFile,
    contribution,
    contributions,
    save_as_workbook,
)


@pytest.fixture
def workbook(write_file: WriteFile, tmp_path: Path) -> Path:
    content = contributions(
        contribution(),
        contribution(ContributionCode="C-2", PledgeDate="1900-01-01", PaidAmt="1E+02"),
        contribution(ContributionCode="C-3", PaidAmtLocal="80.125", ReceivedComments="=1+1"),
    )
    return save_as_workbook(write_file("good.csv", content), tmp_path / "good.xlsx")


def repack(path: Path, **changes: bytes | None) -> bytes:
    """Return the workbook with parts replaced, added or (None) left out; ``__`` stands for /."""
    target = io.BytesIO()
    by_name = {
        name.replace("__", "/").replace("_dot_", "."): data for name, data in changes.items()
    }
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in by_name:
                new.writestr(info, old.read(info))
        for name, data in by_name.items():
            if data is not None:
                new.writestr(name, data)
    return target.getvalue()


def refusal(write_file: WriteFile, content: bytes) -> str:
    """Return the code with which a workbook is refused as a whole."""
    batch = read("cbpf-contributions", [write_file("bad.xlsx", content)])
    assert batch.records == ()
    (found,) = batch.critical
    assert found.file == "bad.xlsx"
    return found.code


def test_a_workbook_gives_the_records_of_its_csv(workbook: Path) -> None:
    from_csv = read("cbpf-contributions", [workbook.with_suffix(".csv")])
    from_xlsx = read("cbpf-contributions", [workbook])
    assert len(from_csv.records) == 3
    assert from_xlsx.records == from_csv.records
    assert [total.source for total in from_xlsx.totals] == [
        total.source for total in from_csv.totals
    ]


def test_one_changed_cell_makes_a_record_unequal(write_file: WriteFile, workbook: Path) -> None:
    changed = contributions(contribution(PaidAmt="100.01"))
    other = read("cbpf-contributions", [write_file("other.csv", changed)])
    same = read("cbpf-contributions", [workbook])
    assert other.records[0] != same.records[0]
    assert other.records[0].sha256 != same.records[0].sha256


def test_every_cut_of_a_workbook_is_refused(write_file: WriteFile, workbook: Path) -> None:
    raw = workbook.read_bytes()
    for length in (5, len(raw) // 3, len(raw) - 30):
        assert refusal(write_file, raw[:length]) == "xlsx_damaged"


def test_a_flipped_byte_in_a_part_is_refused(write_file: WriteFile, workbook: Path) -> None:
    raw = bytearray(workbook.read_bytes())
    with zipfile.ZipFile(workbook) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    raw[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0xFF
    assert refusal(write_file, bytes(raw)) == "xlsx_damaged"


def test_a_document_type_definition_is_refused(write_file: WriteFile, workbook: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst>&a;</sst>'
    assert refusal(write_file, repack(workbook, xl__sharedStrings_dot_xml=bomb)) == "xlsx_dtd"
    wide = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x []><sst/>'.encode("utf-16")
    changed = repack(workbook, xl__sharedStrings_dot_xml=wide)
    assert refusal(write_file, changed) == "xlsx_encoding"


def test_a_definition_split_between_two_pieces_is_seen() -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.xml", b" " * ((1 << 20) - 4) + b"<!DOCTYPE x>")
    with pytest.raises(Refused, match="xlsx_dtd"):
        xlsx_child.prescan(raw.getvalue())


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_is(
    write_file: WriteFile, workbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = b"\0" * (limits.MAX_UNZIPPED_BYTES // 4)
    parts = {f"xl__media__{number}_dot_bin": huge for number in range(5)}
    assert refusal(write_file, repack(workbook, **parts)) == "xlsx_too_large"
    monkeypatch.setattr(limits, "MAX_UNZIPPED_BYTES", 1000)
    with pytest.raises(Refused, match="xlsx_too_large"):
        xlsx_child.prescan(workbook.read_bytes())


def test_a_part_that_lies_about_its_size_is_refused(write_file: WriteFile, workbook: Path) -> None:
    raw = bytearray(repack(workbook, zz_dot_bin=b"\0" * 5_000_000))
    size = (5_000_000).to_bytes(4, "little")
    assert raw.count(size) == 2
    assert (
        refusal(write_file, bytes(raw.replace(size, (10).to_bytes(4, "little")))) == "xlsx_damaged"
    )


def test_too_many_parts_and_a_password_are_refused(write_file: WriteFile, workbook: Path) -> None:
    parts = {f"xl__{number}_dot_bin": b"" for number in range(limits.MAX_ZIP_ENTRIES)}
    assert refusal(write_file, repack(workbook, **parts)) == "xlsx_too_many_parts"
    raw = bytearray(workbook.read_bytes())
    entry = raw.index(b"PK\x01\x02")
    raw[entry + 8] |= 1
    assert refusal(write_file, bytes(raw)) == "xlsx_encrypted"


def sheet_xml(cells: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'.encode()


def test_a_cell_far_out_ends_only_the_child(write_file: WriteFile, workbook: Path) -> None:
    far = sheet_xml(
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    code = refusal(write_file, repack(workbook, xl__worksheets__sheet1_dot_xml=far))
    assert code in {"xlsx_refused", "too_many_rows", "xlsx_damaged"}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ('<c r="B7" t="e"><v>#DIV/0!</v></c>', "xlsx_error_cell"),
        ("<c t='e' r='B7'><v>#REF!</v></c>", "xlsx_error_cell"),
        ('<c r="B7" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "xlsx_error_cell"),
        ('<c r="B7"><f>A1+1</f></c>', "xlsx_no_value"),
        ('<c r="B7" s="2"><f>A1+1</f><v></v></c>', "xlsx_no_value"),
        ('<c r="B7"><f t="shared" si="0"/><v/></c>', "xlsx_no_value"),
        ('<c r="B7"><f>A1+1</f><v>2</v></c>', None),
        ('<c r="B7" t="str"><f>""</f><v></v></c>', None),
        ('<c r="B7" s="1"/><c r="C7"><v>3</v></c>', None),
    ],
)
def test_a_cell_without_a_value_is_not_read_as_blank(
    write_file: WriteFile, workbook: Path, cell: str, code: str | None
) -> None:
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>A</t></is></c></row>'
    changed = repack(
        workbook, xl__worksheets__sheet1_dot_xml=sheet_xml(f'{head}<row r="7">{cell}</row>')
    )
    batch = read("cbpf-contributions", [write_file("cell.xlsx", changed)])
    codes = {item.code for item in batch.critical}
    if code is None:
        assert not codes & {"xlsx_error_cell", "xlsx_no_value"}
    else:
        assert codes == {code}
        assert "B7" in batch.critical[0].message


def test_a_broken_sheet_and_no_sheet_are_refused(write_file: WriteFile, workbook: Path) -> None:
    broken = repack(workbook, xl__worksheets__sheet1_dot_xml=b"<worksheet><sheetData><row")
    assert refusal(write_file, broken) in {"xlsx_damaged", "no_header"}
    absent = repack(workbook, xl__workbook_dot_xml=None)
    assert refusal(write_file, absent) == "xlsx_damaged"


def test_a_plain_zip_is_refused(write_file: WriteFile) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("a.txt", "hello")
    assert refusal(write_file, raw.getvalue()) == "xlsx_damaged"


def test_a_child_that_runs_too_long_is_refused(
    write_file: WriteFile, workbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHILD_WALL_SECONDS", 0.001)
    assert refusal(write_file, workbook.read_bytes()) == "xlsx_refused"


def test_a_child_that_stops_before_its_end_is_refused(
    write_file: WriteFile, workbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(file: str, raw: bytes, sheet: str | None, output: io.BytesIO) -> None:
        output.write(b'["ContributionCode"]\n')

    monkeypatch.setattr(xlsx, "_run_child", half)
    assert refusal(write_file, workbook.read_bytes()) == "xlsx_refused"


def test_other_sheets_and_cells_beside_the_table_are_said(
    write_file: WriteFile, tmp_path: Path
) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["A", "B"])
    book.create_sheet("Notes").append(["x"])
    book.create_sheet("Empty")
    book.save(tmp_path / "two.xlsx")
    table = xlsx.read_workbook("two.xlsx", (tmp_path / "two.xlsx").read_bytes())
    assert [item.code for item in table.findings] == ["sheet_not_read"]
    assert "Notes" in table.findings[0].message
    notes = xlsx.read_workbook("two.xlsx", (tmp_path / "two.xlsx").read_bytes(), sheet="Notes")
    assert notes.header == ("x",)
    sheet.append([1, None, 3])
    book.save(tmp_path / "wide.xlsx")
    assert refusal(write_file, (tmp_path / "wide.xlsx").read_bytes()) == "cell_beyond_header"


def test_an_absent_sheet_is_named(workbook: Path) -> None:
    from fundops.imports.findings import Damage

    with pytest.raises(Damage, match="Summary"):
        xlsx.read_workbook("a.xlsx", workbook.read_bytes(), sheet="Summary")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e8, "100000000"),
        (39999999.43, "39999999.43"),
        (0.1 + 0.2, "0.30000000000000004"),
        (5, "5"),
    ],
)
def test_numbers_keep_their_shortest_text(value: float, text: str) -> None:
    assert xlsx_child.number_text(value) == text
