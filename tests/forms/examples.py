"""Two forms as domains will declare them, and ways to change a workbook as people do."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from fundops.forms.book import Book, assembled
from fundops.forms.declaration import Column, Field, Form, IdentityKey, Row, Section, Table
from fundops.forms.kinds import (
    Choice,
    Day,
    Money,
    Number,
    Option,
    Percentage,
    Text,
    Whole,
    YesNo,
)
from fundops.forms.parse import Filled, parse
from fundops.forms.problems import Problem
from fundops.forms.reading_child import answer
from fundops.forms.render import render

REGIONS = (
    Option("002", "Africa"), Option("019", "Americas"), Option("142", "Asia"),
    Option("150", "Europe"), Option("009", "Oceania"),
)  # fmt: skip
CATEGORIES = tuple(
    Option(code, label)
    for code, label in zip(
        "ABCDEFG",
        (
            "Staff and other personnel", "Supplies, commodities, materials", "Equipment",
            "Contractual services", "Travel", "Transfers and grants", "General operating costs",
        ),
        strict=True,
    )
)  # fmt: skip

PROFILE = Section(
    "summary",
    "Summary",
    (
        Field("title", "Title of the project", Text(120), "One line.", required=True),
        Field("summary", "Summary", Text(2_000, lines=True), "At most 2,000 characters."),
        Field("starts_on", "First day", Day(), required=True, pointer="/period/starts_on"),
        Field("region", "Region", Choice(REGIONS)),
        Field("has_policy", "Safeguarding policy", YesNo()),
        Field("people", "People reached", Whole(most=10**6)),
        Field("own_share", "Own share", Percentage()),
        Field("call_title", "Call", Text(), locked=True),
    ),
    intro="Tell us what you want to do.",
)
BUDGET = Section(
    "budget",
    "Budget",
    table=Table(
        "budget",
        "Budget lines",
        (
            Column("category", "Category", Choice(CATEGORIES), required=True),
            Column("description", "Description", Text(200), "What it is.", required=True),
            Column("quantity", "Quantity", Number(places=3)),
            Column("unit_cost", "Unit cost", Money("USD"), required=True),
            Column("charged", "Share charged", Percentage()),
        ),
        max_rows=20,
        help="One line for each cost.",
    ),
)
CALL = IdentityKey("call", "call")
PROPOSAL = Form(
    "proposal",
    3,
    "Proposal to the fund",
    (PROFILE, BUDGET),
    identity=(CALL, IdentityKey("proposal", "proposal")),
    guide=("Answer in English or French.",),
)
PROPOSAL_IDENTITY = {"call": "CALL-2026-0001", "proposal": "0197a0de-0000-7000-8000-000000000001"}
PROPOSAL_VALUES: dict[str, Any] = {
    "title": "Safe houses in three ports",
    "summary": "First line.\nSecond line: 100 % own work.",
    "starts_on": date(2026, 9, 1),
    "region": "002",
    "has_policy": True,
    "people": 1_250,
    "own_share": Decimal("12.5"),
    "budget": [
        {
            "category": "A", "description": "Counsellors", "quantity": Decimal("2.5"),
            "unit_cost": 125_050, "charged": Decimal(100),
        },
        {
            "category": "E", "description": "Bus tickets", "quantity": None,
            "unit_cost": 999, "charged": Decimal("33.33"),
        },
    ],
}  # fmt: skip

SCORES = Form(
    "scores",
    1,
    "Scores of one proposal",
    (
        Section(
            "scores",
            "Scores: criteria/objectives",  # a tab may not be called so
            (Field("comment", "Overall comment", Text(2_000, lines=True)),),
            Table(
                "scores",
                "Criteria",
                (
                    Column("criterion", "Criterion", Text(200), locked=True),
                    Column("weight", "Weight", Percentage(), locked=True),
                    Column("score", "Score", Number(most=Decimal(10))),
                    Column("reason", "Justification", Text(2_000, lines=True), required=True),
                ),
                rows=tuple(
                    Row(key, {"criterion": label, "weight": Decimal(weight)})
                    for key, label, weight in (
                        ("relevance", "Relevance to the call", 40),
                        ("method", "Soundness of the method", 35),
                        ("cost", "Value for money", 25),
                    )
                ),
            ),
        ),
    ),
    identity=(IdentityKey("assignment", "assignment"),),
)
SCORES_IDENTITY = {"assignment": "b7a55f8e"}
SCORES_VALUES: dict[str, Any] = {
    "comment": "Good.",
    "scores": [
        {"score": Decimal("7.5"), "reason": "Fits."},
        {"score": None, "reason": "No method given."},
        {"score": Decimal(0), "reason": "Too dear."},
    ],
}


def proposal(values: dict[str, Any] | None = None) -> bytes:
    """Return the workbook of the proposal-like form."""
    return _proposal() if values is None else render(PROPOSAL, values, PROPOSAL_IDENTITY)


@cache
def _proposal() -> bytes:
    return render(PROPOSAL, PROPOSAL_VALUES, PROPOSAL_IDENTITY)


def scores(values: dict[str, Any] | None = None) -> bytes:
    """Return the workbook of the scores-like form."""
    return _scores() if values is None else render(SCORES, values, SCORES_IDENTITY)


@cache
def _scores() -> bytes:
    return render(SCORES, SCORES_VALUES, SCORES_IDENTITY)


@lru_cache(maxsize=8)
def read_proposal(raw: bytes) -> Filled:
    """Read it as the application does, in a child process; the same bytes once.

    What a test changes of the reading itself it must ask ``parse`` for.
    """
    return parse(PROPOSAL, raw, PROPOSAL_IDENTITY)


@lru_cache(maxsize=8)
def read_scores(raw: bytes) -> Filled:
    """Read it as the application does, in a child process; the same bytes once."""
    return parse(SCORES, raw, SCORES_IDENTITY)


def opened(raw: bytes) -> Book:
    """Return what is in a workbook, read in this process: for many examples in a short time."""
    return assembled(answer(raw), "")


def edited(raw: bytes, change: Callable[[Any], None]) -> bytes:
    """Return the workbook after ``change`` was made to it and it was saved by openpyxl."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(raw))
    change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def with_cells(raw: bytes, sheet: str, **cells: Any) -> bytes:
    """Return the workbook with other values in cells: ``with_cells(raw, "Budget", B8="x")``."""

    def change(book: Any) -> None:
        for at, value in cells.items():
            book[sheet][at] = value

    return edited(raw, change)


def sheet_part(raw: bytes, name: str) -> str:
    """Return the path of a sheet's part."""
    from fundops.forms.reader import opened as package

    return next(part for title, _, part in package(raw).sheets if title == name)


def repacked(raw: bytes, **changes: bytes | None) -> bytes:
    """Return the workbook with parts replaced, added or (None) left out; ``__`` stands for /."""
    by_name = {
        name.replace("__", "/").replace("_dot_", "."): data for name, data in changes.items()
    }
    return with_parts(raw, by_name)


def with_parts(raw: bytes, parts: dict[str, bytes | None]) -> bytes:
    """Return the workbook with ``parts`` replaced, added or (None) left out."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            if info.filename not in parts:
                new.writestr(info, old.read(info))
        for name, data in parts.items():
            if data is not None:
                new.writestr(name, data)
    return target.getvalue()


def part(raw: bytes, name: str) -> bytes:
    """Return one part of a workbook."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return archive.read(name)


def with_cell_xml(raw: bytes, sheet: str, at: str, xml: str) -> bytes:
    """Return the workbook with one cell's XML replaced: ``{style}`` keeps the cell's style."""
    path = sheet_part(raw, sheet)
    content = part(raw, path).decode()
    pattern = re.compile(rf'<c r="{at}"(?: s="([0-9]+)")?[^>]*?(?:/>|>.*?</c>)', re.DOTALL)
    match = pattern.search(content)
    assert match is not None, at
    made = xml.replace("{style}", f'r="{at}" s="{match[1]}"')
    return with_parts(
        raw, {path: (content[: match.start()] + made + content[match.end() :]).encode()}
    )


def codes(filled: Filled) -> list[str]:
    """Return the codes of the problems, in order."""
    return [one.code for one in filled.problems]


def only(filled: Filled) -> Problem:
    """Return the one problem there is."""
    assert len(filled.problems) == 1, [str(one) for one in filled.problems]
    return filled.problems[0]
