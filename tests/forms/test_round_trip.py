"""What is written into a workbook is what is read from it, for any values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops.forms import reader
from fundops.forms.declaration import Form
from fundops.forms.kinds import (
    Choice,
    Day,
    Kind,
    Money,
    Number,
    Percentage,
    Text,
    Whole,
    YesNo,
)
from fundops.forms.parse import fill
from fundops.forms.render import render
from tests.depth import DEPTH
from tests.forms import examples

CHARS = st.characters(
    exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufffe\uffff"
)
TRAPS = st.sampled_from(
    ["=1+1", "+1", "-1", "@SUM(A1)", "_x0041_", "_x005F_", "1e5", "007", "TRUE", "#N/A", "a  b",
     "<b>&amp;</b>", "]]>", "2026-03-31", "100%", "سلام", "𝔘\u0301", "\u200fא"]
)  # fmt: skip


def decimals(least: Decimal, most: Decimal, places: int) -> st.SearchStrategy[Decimal]:
    scale = 10**places
    return st.integers(int(least * scale), int(most * scale)).map(lambda n: Decimal(n) / scale)


def texts(kind: Text) -> st.SearchStrategy[str | None]:
    lines = CHARS | st.just("\n") if kind.lines else CHARS
    anything = st.text(lines, max_size=min(60, kind.max_length)) | TRAPS
    return anything.map(lambda text: text.strip() or None)


def of_kind(kind: Kind) -> st.SearchStrategy[Any]:
    match kind:
        case Text():
            return texts(kind)
        case Whole():
            return st.none() | st.integers(kind.least, kind.most)
        case Money():
            return st.none() | st.integers(kind.least, kind.most)
        case Number() | Percentage():
            return st.none() | decimals(kind.least, kind.most, kind.places)
        case Day():
            return st.none() | st.dates(kind.first, kind.last)
        case YesNo():
            return st.none() | st.booleans()
        case Choice():
            return st.none() | st.sampled_from([one.code for one in kind.options])


def of_form(form: Form) -> st.SearchStrategy[dict[str, Any]]:
    fields = {one.key: of_kind(one.kind) for one in form.fields() if not one.locked}
    tables = {}
    for table in form.tables():
        row = st.fixed_dictionaries({one.key: of_kind(one.kind) for one in table.inputs})
        if table.rows:
            size = len(table.rows)
            tables[table.key] = st.lists(row, min_size=size, max_size=size)
        else:
            used = row.filter(lambda values: any(value is not None for value in values.values()))
            tables[table.key] = st.lists(used, max_size=6)
    return st.fixed_dictionaries({**fields, **tables})


def read_back(form: Form, identity: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    filled = fill(form, examples.opened(render(form, values, identity)), identity)
    assert {one.code for one in filled.problems} <= {"needed"}
    return filled.values


@settings(max_examples=10 * DEPTH)
@given(of_form(examples.PROPOSAL))
def test_any_proposal_comes_back_as_it_was(values: dict[str, Any]) -> None:
    assert read_back(examples.PROPOSAL, examples.PROPOSAL_IDENTITY, values) == values


@settings(max_examples=7 * DEPTH)
@given(of_form(examples.SCORES))
def test_any_scores_come_back_as_they_were(values: dict[str, Any]) -> None:
    assert read_back(examples.SCORES, examples.SCORES_IDENTITY, values) == values


def test_the_examples_come_back_through_the_child_process() -> None:
    for raw, read, values in (
        (examples.proposal(), examples.read_proposal, examples.PROPOSAL_VALUES),
        (examples.scores(), examples.read_scores, examples.SCORES_VALUES),
    ):
        filled = read(raw)
        assert filled.problems == []
        assert filled.values == values
        assert not filled.refused


def test_an_empty_form_needs_what_is_required_and_nothing_else() -> None:
    filled = examples.read_proposal(examples.proposal({}))
    assert [(one.code, one.field) for one in filled.problems] == [
        ("needed", "title"),
        ("needed", "starts_on"),
    ]
    assert filled.values["budget"] == []
    blank = examples.read_scores(examples.scores({}))
    assert [(one.code, one.row) for one in blank.problems] == [
        ("needed", "relevance"),
        ("needed", "method"),
        ("needed", "cost"),
    ]
    assert [row["score"] for row in blank.values["scores"]] == [None, None, None]


@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
def test_the_largest_amounts_are_exact(currency: str) -> None:
    from fundops.forms.declaration import Field, Section

    form = Form("money", 1, "Money", (Section("a", "A", (Field("x", "X", Money(currency)),)),))
    for amount in (0, 1, 10**15 - 1, 10**15, 999_999_999_999_999):
        assert read_back(form, {}, {"x": amount}) == {"x": amount}


def test_saved_again_the_content_is_the_same_and_the_file_is_not() -> None:
    raw = examples.proposal()
    again = examples.edited(raw, lambda book: None)
    assert again != raw
    one, other = examples.read_proposal(raw), examples.read_proposal(again)
    assert one.digest != other.digest
    assert one.content == other.content
    changed = examples.read_proposal(examples.with_cells(raw, "Summary", C9=1_251))
    assert changed.content != one.content


@pytest.mark.parametrize("bug", ["escapes", "percent", "rounding"])
def test_a_planted_bug_would_be_noticed(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = dict(examples.PROPOSAL_VALUES, title="_x0041_", people=1_250)
    if bug == "escapes":
        monkeypatch.setattr("fundops.forms.cells.safe_text", lambda text: text)
    elif bug == "percent":
        monkeypatch.setattr(reader, "_format_kind", lambda number, code: "n")
    else:
        monkeypatch.setattr(reader, "number_text", lambda number: f"{number:.3g}")
    book = examples.opened(render(examples.PROPOSAL, values, examples.PROPOSAL_IDENTITY))
    assert fill(examples.PROPOSAL, book, examples.PROPOSAL_IDENTITY).values != values


def test_dates_of_all_kinds_of_workbooks() -> None:
    package = reader.Package(None, dates={1})  # type: ignore[arg-type]
    cases = {"1": "1900-01-01", "59": "1900-02-28", "61": "1900-03-01", "46112": "2026-03-31",
             "46112.5": "2026-03-31T12:00:00"}  # fmt: skip
    for serial, day in cases.items():
        cell = reader.RawCell(1, 1, "n", 1, False, serial)
        assert reader.interpreted(package, cell) == ("d", day)
    old = reader.Package(None, dates={1}, from_1904=True)  # type: ignore[arg-type]
    cell = reader.RawCell(1, 1, "n", 1, False, "44650")
    assert reader.interpreted(old, cell) == ("d", date(2026, 3, 31).isoformat())
    never = reader.RawCell(1, 1, "n", 1, False, "60")
    assert reader.interpreted(package, never) == ("n", "60")
