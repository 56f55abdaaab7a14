"""Small files for the reading tests, and a workbook as a spreadsheet would save a CSV."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest

CONTRIBUTIONS_HEADER = (
    "CERF_ContributionId,ContributionCode,DonorName,RegionName,FiscalYear,DonorType,LatestDate,"
    "ActivityDate,ActivityDateType,ContributionStatus,FundType,PooledFundName,PaidDate,"
    "PaidAmtLocalCurrency,PaidAmtCurrencyExchangeRate,PaidAmtLocal,PaidAmt,ReceivedComments,"
    "PledgeDate,PledgeAmtLocalCurrency,PledgeAmtCurrencyExchangeRate,PledgeAmtLocal,PledgeAmt"
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?(E\+\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENTS = ("%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %I:%M:%S %p", "%m/%d/%Y")

WriteFile = Callable[[str, str | bytes], Path]


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    """Give a function that writes a file of this name and content."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def contribution(**cells: str) -> str:
    """Return one CSV line of the contributions file, a paid one unless cells say otherwise."""
    values = {
        "CERF_ContributionId": "1",
        "ContributionCode": "C-1",
        "DonorName": "Norway",
        "FiscalYear": "2018",
        "DonorType": "Member State",
        "ContributionStatus": "Fully Paid",
        "PooledFundName": "Ukraine",
        "PaidDate": "2018-02-03",
        "PaidAmtLocalCurrency": "EUR ",
        "PaidAmtCurrencyExchangeRate": "0.80",
        "PaidAmtLocal": "80.0",
        "PaidAmt": "100.0",
        "PledgeDate": "2018-01-02",
        "PledgeAmtLocalCurrency": "EUR",
        "PledgeAmtCurrencyExchangeRate": "0.80",
        "PledgeAmtLocal": "0.0",
        "PledgeAmt": "0.0",
    } | cells
    header = CONTRIBUTIONS_HEADER.split(",")
    assert set(values) <= set(header)
    return ",".join('"' + values.get(name, "").replace('"', '""') + '"' for name in header)


def contributions(*lines: str) -> str:
    """Return a whole contributions file."""
    return "\n".join([CONTRIBUTIONS_HEADER, *lines]) + "\n"


def spreadsheet_value(text: str) -> str | float | dt.datetime | dt.date:
    """Return what a spreadsheet makes of a CSV cell when it opens it."""
    if _NUMBER.fullmatch(text):
        return float(text)
    if _DAY.fullmatch(text):
        day = dt.date.fromisoformat(text)
        return day if day.year >= 1900 else text
    for layout in _MOMENTS:
        try:
            moment = dt.datetime.strptime(text, layout)  # noqa: DTZ007 - as a cell holds it
        except ValueError:
            continue
        return moment if moment.year >= 1900 else text
    return text


def save_as_workbook(source: Path, target: Path) -> Path:
    """Save a CSV as .xlsx, with numbers and dates as a spreadsheet would understand them."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    with source.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file)):
            cells = []
            for text in row:
                value = text if number == 0 else spreadsheet_value(text)
                cell = WriteOnlyCell(sheet, value=value)
                if isinstance(value, str):
                    cell.data_type = "s"
                cells.append(cell)
            sheet.append(cells)
    book.save(target)
    return target
