"""Vouchers as CSV by a profile, and the host's results back: pure functions of text.

The same vouchers give the same bytes. No cell becomes a formula: texts that begin like one get an
apostrophe, and identifiers that do are refused before a batch is made.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fundops import money
from fundops.banking.profile import Profile, Results
from fundops.banking.xmlread import refused
from fundops.schemas import FIRST_DAY, LAST_DAY

MAX_RESULTS = 10_000
MAX_CELL = 1_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet program would compute."""

_FORMS = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYYMMDD": "%Y%m%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
}


@dataclass(frozen=True)
class Voucher:
    """One payment to be made through a host; ``weights`` are its grant's budget by category."""

    code: str
    batch: str
    vendor_number: str
    amount_minor: int
    currency: str
    on: date
    description: str
    fund_code: str
    grant_code: str
    weights: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Result:
    """One row of a host's results, as read: ``status`` is paid, rejected or waiting."""

    row: int
    code: str
    status: str
    paid_on: date | None
    reference: str | None
    amount_minor: int
    reason: str | None


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with a row: its number (the header is 1), and the key of a sentence."""

    row: int
    key: str


def written(profile: Profile, vouchers: Sequence[Voucher]) -> bytes:
    """Return the vouchers as the host's system reads them."""
    writing = profile.writing
    buffer = io.StringIO(newline="")
    end = "\r\n" if writing.line_end == "crlf" else "\n"
    writer = csv.writer(buffer, delimiter=writing.delimiter, lineterminator=end)
    if writing.header:
        writer.writerow([safe(column.name) for column in profile.columns])
    for voucher in vouchers:
        for number, (category, minor) in enumerate(_parts(profile, voucher), start=1):
            cells = _cells(profile, voucher, number, category, minor)
            writer.writerow(
                [
                    column.literal if column.field is None else cells[column.field]
                    for column in profile.columns
                ]
            )
    return buffer.getvalue().encode(writing.encoding, errors="replace")


def safe(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula."""
    clean = " ".join(text.split())
    return f"'{clean}" if clean.startswith(FORMULA) else clean


def _parts(profile: Profile, voucher: Voucher) -> list[tuple[str | None, int]]:
    """Return how a voucher is split: by the categories of its grant's budget, summing exactly."""
    if profile.split == "none" or not voucher.weights:
        return [(None, voucher.amount_minor)]
    shares = money.allocate(voucher.amount_minor, [weight for _, weight in voucher.weights])
    return [
        (category, share)
        for (category, _), share in zip(voucher.weights, shares, strict=True)
        if share
    ]


def _cells(
    profile: Profile, voucher: Voucher, line: int, category: str | None, minor: int
) -> dict[str, str]:
    amount = money.format_amount(minor, voucher.currency)
    return {
        "voucher": voucher.code,
        "batch": voucher.batch,
        "line": str(line),
        "vendor_number": voucher.vendor_number,
        "amount": amount.replace(".", profile.writing.decimal),
        "currency": voucher.currency,
        "date": voucher.on.strftime(_FORMS[profile.writing.date]),
        "description": safe(voucher.description),
        "gl_account": profile.gl_account(category),
        "cost_centre": profile.cost_centre,
        "category": category or "",
        "fund_code": safe(voucher.fund_code),
        "grant_code": safe(voucher.grant_code),
    }


def results_in(raw: bytes, how: Results, currency: str) -> tuple[list[Result], list[RowProblem]]:
    """Return the rows of a results file and what is wrong with others, by row.

    Raises ``file-refused`` for what is no such file at all.
    """
    rows = list(_rows(raw, how))
    if not rows:
        raise refused("banking.results_empty")
    header = [cell.strip() for cell in rows[0][1]]
    titles = how.columns.named()
    if len(set(header)) != len(header) or set(titles.values()) - set(header):
        raise refused("banking.results_header", columns=", ".join(titles.values()))
    places: dict[str, int] = {name: header.index(title) for name, title in titles.items()}
    found: list[Result] = []
    wrong: list[RowProblem] = []
    for number, cells in rows[1:]:
        if len(cells) != len(header):
            wrong.append(RowProblem(number, "banking.row_cells"))
            continue
        told = {name: cells[place].strip() for name, place in places.items()}
        one = _result(number, told, how, currency)
        if isinstance(one, RowProblem):
            wrong.append(one)
        else:
            found.append(one)
    return found, wrong


def _rows(raw: bytes, how: Results) -> Iterator[tuple[int, list[str]]]:
    try:
        content = raw.decode("utf-8-sig" if how.encoding == "utf-8" else how.encoding)
    except UnicodeDecodeError:
        raise refused("banking.results_encoding", encoding=how.encoding) from None
    if "\x00" in content:
        raise refused("banking.results_encoding", encoding=how.encoding)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=how.delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number > MAX_RESULTS + 1:
                raise refused("banking.results_too_many", most=MAX_RESULTS)
            if any(len(cell) > MAX_CELL for cell in cells):
                raise refused("banking.results_broken", row=number)
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error:
        raise refused("banking.results_broken", row=number + 1) from None


def _result(number: int, told: dict[str, Any], how: Results, currency: str) -> Result | RowProblem:
    status = _status(told["status"], how)
    if status is None:
        return RowProblem(number, "banking.row_status")
    paid_on = _day(told["paid_on"], how)
    if status == "paid" and paid_on is None:
        return RowProblem(number, "banking.row_day")
    amount = told["amount"]
    if how.decimal == ",":
        amount = amount.replace(".", "\x00").replace(",", ".")
    try:
        minor = money.parse_amount(amount, currency)
    except money.MoneyError:
        return RowProblem(number, "banking.row_amount")
    return Result(
        row=number,
        code=told["voucher"],
        status=status,
        paid_on=paid_on if status == "paid" else None,
        reference=" ".join(told.get("reference", "").split())[:140] or None,
        amount_minor=minor,
        reason=" ".join(told.get("reason", "").split())[:500] or None,
    )


def _status(word: str, how: Results) -> str | None:
    folded = word.casefold()
    for status, words in (("paid", how.paid), ("rejected", how.rejected), ("waiting", how.waiting)):
        if folded in {one.casefold() for one in words}:
            return status
    return None


def _day(told: str, how: Results) -> date | None:
    try:
        day = datetime.strptime(told, _FORMS[how.date]).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None
