"""Lists as files, on rows made up here: columns from models, hostile text, what kinds become."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Literal

import openpyxl
import pytest

from fundops.exports.lists.book import Asked, workbook_of
from fundops.exports.lists.columns import columns_of
from fundops.exports.lists.text import RISKY, csv_of
from fundops.exports.workbook import Workbook
from fundops.schemas import Line, MoneyOut, Out, money_out


class Inner(Out):
    """A record within a row."""

    name: str
    left: MoneyOut | None


class Deep(Out):
    """A record in a list within a row."""

    word: str


class WideOut(Out):
    """A row with a field of every kind."""

    code: str
    amount: MoneyOut
    inner: Inner | None
    words: list[str]
    deep: list[Deep]
    free: dict[str, Any]
    paid_on: str | None
    told_on: date
    made_at: str
    rate: str | None
    is_open: bool | None
    count: int
    status: Literal["open", "closed"]
    heading_on: Line


HOSTILE = (
    "=1+1", "=HYPERLINK(\"http://x\",\"y\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
    "＝1+1", "'quoted", "''", "=cmd|' /C calc'!A0", "a,b;c\"d\"\r\ne", "_x0041_", "  spaces ",
    "\u202egnp", "عربي", "1250.00", "2026-01-01", "TRUE", "",
)  # fmt: skip


def a_row(text: str, number: int = 1) -> dict[str, Any]:
    """Return a row whose texts are all ``text``."""
    return {
        "code": text, "amount": money_out(-12345 * number, "JPY" if number % 2 else "BHD"),
        "inner": {"name": text, "left": None} if number % 3 else None, "words": [text, text],
        "deep": [{"word": text}], "free": {text: text}, "paid_on": "2026-02-28",
        "told_on": "2199-12-31", "made_at": "2026-02-28T12:00:30.123456Z", "rate": "-0.790",
        "is_open": number % 2 == 0, "count": -number, "status": "open", "heading_on": text,
    }  # fmt: skip


ASKED = Asked(
    "wide_lines", "/v1/wide_lines", (("name", "=1"),), 7, datetime(2026, 1, 1, tzinfo=UTC)
)
COLUMNS = columns_of(WideOut)


def test_columns_follow_from_the_model() -> None:
    told = {column.name: (type(column.kind).__name__, column.heading) for column in COLUMNS}
    assert told == {
        "code": ("Text", "Code"), "amount": ("Money", "Amount"),
        "amount.currency": ("Code", "Amount: currency"), "inner.name": ("Text", "Inner: name"),
        "inner.left": ("Money", "Inner: left"),
        "inner.left.currency": ("Code", "Inner: left: currency"), "words": ("Text", "Words"),
        "deep": ("Text", "Deep"), "free": ("Text", "Free"), "paid_on": ("Date", "Paid on"),
        "told_on": ("Date", "Told on"), "made_at": ("Instant", "Made at"),
        "rate": ("Rate", "Rate"), "is_open": ("Flag", "Is open"), "count": ("Integer", "Count"),
        "status": ("Code", "Status"), "heading_on": ("Text", "Heading on"),
    }  # fmt: skip


def test_text_stays_text_in_a_csv() -> None:
    rows = [a_row(text, number) for number, text in enumerate(HOSTILE, start=1)]
    whole = b"".join(csv_of(COLUMNS, [rows[:5], [], rows[5:]]))
    names, *lines = csv.reader(io.StringIO(whole.decode("utf-8-sig"), newline=""), strict=True)
    assert names == [column.name for column in COLUMNS]
    assert len(lines) == len(HOSTILE)
    for text, row, line in zip(HOSTILE, rows, lines, strict=True):
        cells = dict(zip(names, line, strict=True))
        for name in ("code", "words", "heading_on"):
            assert cells[name][:1] not in RISKY - {"'"}, "no program takes it for a formula"
            given = f"{text}; {text}" if name == "words" else text
            # One apostrophe less is what was there, always.
            assert (cells[name].removeprefix("'") if given[:1] in RISKY else cells[name]) == given
        assert cells["amount"] == row["amount"]["amount"], "a negative number is a number"
        assert (cells["rate"], cells["count"]) == ("-0.790", str(row["count"]))
        assert cells["made_at"] == "2026-02-28T12:00:30.123456Z"
        assert cells["is_open"] == ("true" if row["is_open"] else "false")


def test_nothing_is_an_empty_file_with_headings() -> None:
    whole = b"".join(csv_of(COLUMNS, [[]]))
    assert whole.startswith(b"\xef\xbb\xbfcode,amount,amount.currency,")
    assert whole.count(b"\r\n") == 1


def test_text_stays_text_in_a_workbook() -> None:
    rows = [a_row(text, number) for number, text in enumerate(HOSTILE, start=1)]
    made = io.BytesIO(b"".join(workbook_of(COLUMNS, [rows[:5], rows[5:]], ASKED)))
    book = openpyxl.load_workbook(made)
    sheet = book["Wide lines"]
    assert sheet.freeze_panes == "A2"
    (table,) = sheet.tables.values()
    assert table.ref == f"A1:Q{len(rows) + 1}"
    assert table.autoFilter is not None
    formulas = [cell.coordinate for one in book for line in one for cell in line
                if cell.data_type == "f"]  # fmt: skip
    assert formulas == []
    headings = [cell.value for cell in sheet[1]]
    assert headings == [column.heading for column in COLUMNS]
    for text, row, line in zip(HOSTILE, rows, sheet.iter_rows(min_row=2), strict=True):
        cells = dict(zip((column.name for column in COLUMNS), line, strict=True))
        if "\r" not in text and "_x0041_" not in text:  # openpyxl keeps the format's own escapes
            assert (cells["code"].value or "") == text
        assert float(row["amount"]["amount"]) == cells["amount"].value
        assert cells["amount"].number_format.count("0.000") == (
            2 if row["amount"]["currency"] == "BHD" else 0
        )
        assert cells["told_on"].value == datetime(2199, 12, 31)  # noqa: DTZ001
        assert cells["paid_on"].is_date
        assert cells["made_at"].is_date
        assert cells["is_open"].data_type == "b"
        assert (cells["rate"].value, cells["count"].value) == (-0.79, row["count"])
    about = [[cell.value for cell in line] for line in book["About"]]
    assert ["Asked: name", "=1"] in about
    assert ["Last event known", 7] in about
    guide = {line[1]: line for line in book["How to read this"].values}
    assert guide["Inner: left: currency"][4] == "inner.left.currency"


@pytest.mark.parametrize("count", [1, 40])
def test_a_workbook_goes_on_over_further_sheets(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = partial(Workbook, sheet_rows=16)
    monkeypatch.setattr("fundops.exports.lists.book.Workbook", small)
    pages = [[a_row(f"R-{number}") for number in range(count)]]
    made = io.BytesIO(b"".join(workbook_of(COLUMNS, pages, ASKED)))
    book = openpyxl.load_workbook(made, read_only=True)
    found = [
        line[0] for name in book.sheetnames if name.startswith("Wide")
        for line in book[name].iter_rows(min_row=2, values_only=True) if line[0]
    ]  # fmt: skip
    assert found == [f"R-{number}" for number in range(count)]
    assert len([n for n in book.sheetnames if n.startswith("Wide")]) == (1 if count == 1 else 4)
