"""Damaged tables are refused whole, with the place named."""

from __future__ import annotations

from pathlib import Path

import pytest

from fundops.imports import limits
from fundops.imports.findings import Finding
from fundops.imports.read import Batch, read
from tests.imports.conftest import (
    CONTRIBUTIONS_HEADER,
    WriteFile,
    contribution,
    contributions,
)

GOOD = contributions(
    contribution(), contribution(ContributionCode="C-2"), contribution(ContributionCode="C-3")
)


def read_one(path: Path) -> Batch:
    return read("cbpf-contributions", [path])


def the_critical(batch: Batch) -> Finding:
    """Return the one critical finding of a batch that gives nothing to load."""
    assert batch.records == ()
    assert batch.set_aside == ()
    assert batch.totals == ()
    (found,) = batch.critical
    return found


def test_a_good_file_gives_its_rows(write_file: WriteFile) -> None:
    batch = read_one(write_file("good.csv", GOOD))
    assert [record.key for record in batch.records] == ["C-1", "C-2", "C-3"]
    assert [record.row for record in batch.records] == [2, 3, 4]
    assert batch.findings == ()


def test_a_byte_order_mark_is_no_part_of_the_first_column(write_file: WriteFile) -> None:
    assert len(read_one(write_file("bom.csv", b"\xef\xbb\xbf" + GOOD.encode())).records) == 3


def test_windows_line_ends_are_read(write_file: WriteFile) -> None:
    assert len(read_one(write_file("crlf.csv", GOOD.replace("\n", "\r\n"))).records) == 3


@pytest.mark.parametrize(
    ("name", "content", "code", "row", "line", "column"),
    [
        ("cut in a quoted cell", GOOD[:-9], "unterminated_quote", 4, 4, None),
        (
            "cut between cells",
            GOOD.replace('"', "").rsplit(",", 5)[0] + "\n",
            "cell_count",
            4,
            4,
            None,
        ),
        ("a separator too many", GOOD.replace('"C-2"', '"C-2",""'), "cell_count", 3, 3, None),
        ("a quote inside a quoted cell", GOOD.replace('"C-2"', '"C"-2"'), "csv_broken", 3, 3, None),
        ("no header", "\n" + GOOD, "no_header", 1, None, None),
        (
            "a renamed column",
            GOOD.replace("PaidAmtLocalCurrency", "PaidAmountLocalCurrency"),
            "column_renamed",
            1,
            None,
            "PaidAmtLocalCurrency",
        ),
        (
            "a missing column",
            GOOD.replace("PooledFundName", "Zzz"),
            "column_missing",
            1,
            None,
            "PooledFundName",
        ),
        (
            "a column twice",
            GOOD.replace("PaidDate", "PledgeDate"),
            "column_twice",
            1,
            None,
            "PledgeDate",
        ),
        (
            "an unnamed column",
            GOOD.replace("RegionName", ""),
            "unnamed_column",
            1,
            None,
            None,
        ),
        ("a NUL", GOOD.replace("C-2", "C\0-2"), "nul", None, 3, None),
        ("empty", "", "empty", None, None, None),
        ("blank", " \n\n", "empty", None, None, None),
        ("XML", "<?xml version='1.0'?><a/>", "xml_not_table", None, None, None),
    ],
)
def test_damage_is_named_with_its_place(
    write_file: WriteFile,
    name: str,
    content: str,
    code: str,
    row: int | None,
    line: int | None,
    column: str | None,
) -> None:
    found = the_critical(read_one(write_file("bad.csv", content)))
    assert (found.code, found.row, found.line, found.column) == (code, row, line, column), name
    assert found.file == "bad.csv"
    assert "bad.csv" in str(found)


def test_the_renamed_column_is_suggested(write_file: WriteFile) -> None:
    content = GOOD.replace("PledgeAmtLocal,", "PledgedAmtLocal,")
    found = the_critical(read_one(write_file("bad.csv", content)))
    assert "PledgedAmtLocal" in found.message


def test_bytes_that_are_not_utf8_are_named_by_line(write_file: WriteFile) -> None:
    content = GOOD.encode().replace(b"C-3", "C-Ö".encode("latin-1"))
    found = the_critical(read_one(write_file("latin.csv", content)))
    assert (found.code, found.line) == ("not_utf8", 4)
    utf16 = the_critical(read_one(write_file("utf16.csv", GOOD.encode("utf-16"))))
    assert utf16.code == "not_utf8"


def test_rows_are_counted_as_records_and_lines_as_lines(write_file: WriteFile) -> None:
    content = contributions(
        contribution(ReceivedComments="two\nlines"),
        contribution(ContributionCode="C-2", PaidAmt="x"),
    )
    (aside,) = read_one(write_file("lines.csv", content)).set_aside
    assert (aside.row, aside.line) == (3, 4)


def test_an_unknown_column_and_a_missing_line_end_are_warnings(write_file: WriteFile) -> None:
    content = GOOD.replace(CONTRIBUTIONS_HEADER, CONTRIBUTIONS_HEADER + ",New").replace(
        '"0.0"\n', '"0.0",x\n'
    )
    batch = read_one(write_file("more.csv", content.rstrip("\n")))
    assert len(batch.records) == 3
    found = {(item.severity, item.code, item.column) for item in batch.findings}
    assert found == {("warning", "column_unknown", "New"), ("warning", "no_last_newline", None)}


def test_a_blank_row_is_skipped_and_said(write_file: WriteFile) -> None:
    batch = read_one(write_file("blank.csv", GOOD + "\n"))
    assert len(batch.records) == 3
    assert [(item.code, item.row) for item in batch.findings] == [("blank_row", 5)]


def test_stated_maxima_hold(write_file: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    good = write_file("good.csv", GOOD)
    monkeypatch.setattr(limits, "MAX_ROWS", 2)
    assert the_critical(read_one(good)).code == "too_many_rows"
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 100)
    assert the_critical(read_one(good)).code == "too_large"
    monkeypatch.undo()
    long = contributions(contribution(ReceivedComments="x" * (limits.MAX_CELL_CHARS + 1)))
    found = the_critical(read_one(write_file("long.csv", long)))
    assert (found.code, found.row, found.column) == ("cell_too_long", 2, "ReceivedComments")
    huge = contributions(contribution(ReceivedComments="x" * 200_000))
    assert the_critical(read_one(write_file("huge.csv", huge))).code == "cell_too_long"
    monkeypatch.setattr(limits, "MAX_COLUMNS", 5)
    assert the_critical(read_one(good)).code == "too_many_columns"
    monkeypatch.undo()
    monkeypatch.setattr(limits, "MAX_FINDINGS", 1)
    wrong = write_file("wrong.csv", GOOD.replace('"100.0"', '"x"'))
    assert the_critical_code(read_one(wrong)) == "too_many_findings"


def the_critical_code(batch: Batch) -> str:
    assert batch.records == ()
    return batch.critical[0].code


def test_one_damaged_file_stops_the_good_ones(write_file: WriteFile) -> None:
    good = write_file("a.csv", GOOD)
    bad = write_file("b.csv", GOOD.replace("C-1", "D-1")[:-9])
    batch = read("cbpf-contributions", [good, bad])
    assert the_critical(batch).file == "b.csv"
    assert [file.file for file in batch.files] == ["a.csv"]


def test_the_same_name_twice_is_refused(write_file: WriteFile) -> None:
    good = write_file("a.csv", GOOD)
    assert the_critical(read("cbpf-contributions", [good, good])).code == "file_twice"


def test_an_absent_file_and_an_old_workbook_are_refused(
    write_file: WriteFile, tmp_path: Path
) -> None:
    assert the_critical(read_one(tmp_path / "none.csv")).code == "unreadable"
    assert the_critical(read_one(tmp_path)).code == "unreadable"
    old = write_file("old.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    assert the_critical(read_one(old)).code == "old_excel"


def test_every_cut_of_a_file_is_noticed(write_file: WriteFile) -> None:
    """Cutting a file anywhere gives a critical finding, or at least the warning of a cut."""
    body = GOOD[len(CONTRIBUTIONS_HEADER) + 1 :]
    for length in range(1, len(body) - 1, 7):
        batch = read_one(write_file("cut.csv", CONTRIBUTIONS_HEADER + "\n" + body[:length]))
        codes = {item.code for item in batch.findings}
        assert batch.critical or "no_last_newline" in codes or body[length - 1] == "\n", length
        assert all(record.key in {"C-1", "C-2", "C-3"} for record in batch.records)


def test_no_file_or_too_many_are_a_callers_mistake(write_file: WriteFile) -> None:
    good = write_file("a.csv", GOOD)
    for paths in ([], [good] * (limits.MAX_FILES + 1)):
        with pytest.raises(ValueError, match="at most 20"):
            read("cbpf-contributions", paths)
