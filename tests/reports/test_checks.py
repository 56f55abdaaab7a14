"""What a report may say: its places, its words, and every rule of a submission. No database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fundops.drafted import read, stored
from fundops.parties.withholding import without
from fundops.reports.checks import check
from fundops.reports.content import ReportDraftIn, has_place
from fundops.reports.dimensions import dimensions
from fundops.reports.screened import KIND
from fundops.reports.terms import AgreedResult, BudgetLine, ReportTerms
from tests.depth import DEPTH

TERMS = ReportTerms(
    code="RPT-1", starts_on=date(2026, 1, 1), ends_on=date(2026, 6, 30), is_final=False,
    asks_narrative=True, asks_expenditure=True, objectives=(1, 4),
    lines=(
        BudgetLine(1, "A", "Staff", (4,), 1_000_00),
        BudgetLine(2, "E", "Travel", (1,), 500_00),
    ),
    results=(
        AgreedResult(1, "4.4", None, 0, 40),
        AgreedResult(2, "1.3", None, None, 60),
        AgreedResult(3, "3.1", None, None, 5),
    ),
    base_currency="USD", currency=None, method=None, text_id=None,
)  # fmt: skip

ASKED = ("sex_age", "exploitation", "group")
"""How result 1 is broken down."""


def said(**over: Any) -> dict[str, Any]:
    """Return a content in which nothing is wrong."""
    return {
        "narrative": {"1": "Two campaigns.", "4": "A shelter."},
        "challenges": "Rains.", "lessons": "Begin earlier.", "risks": "Rents.",
        "expenditure": [
            {"line": 2, "amount": "12.50", "requested": "3"}, {"line": "1", "amount": "0"},
        ],
        "results": [
            {"result": 1, "numerator": 7, "breakdown": {
                "sex_age": {"female.18_24": 3, "unknown.unknown": "4"},
                "exploitation": {"not_known": 7}, "group": {"children": 5, "unknown": 7},
            }},
            {"result": 2, "numerator": 30, "denominator": 40,
             "breakdown": {"sex_age": {"unknown.unknown": 30}}},
            {"result": 3, "numerator": 0},
        ],
    } | over  # fmt: skip


def wrong(content: dict[str, Any], terms: ReportTerms = TERMS, *withheld: str) -> set[str]:
    """Return the places at which a content is wrong."""
    return {one.pointer for one in check(terms, content, withheld).problems}


def result(number: int = 1, **over: Any) -> dict[str, Any]:
    """Return a content whose result of a number has something else."""
    content = said()
    content["results"][number - 1] |= over
    return content


def test_what_is_right_has_a_normal_form_and_its_figures() -> None:
    made = check(TERMS, ReportDraftIn.model_validate(said()).plain())
    assert made.problems == []
    assert made.content["expenditure"] == [
        {"line": 1, "amount": "0.00", "requested": "0.00", "note": None},
        {"line": 2, "amount": "12.50", "requested": "3.00", "note": None},
    ]
    assert (made.content["currency"], made.content["method"]) == ("USD", "first_in_first_out")
    assert made.content["results"][0]["breakdown"]["sex_age"] == {
        "female.18_24": 3, "unknown.unknown": 4,
    }  # fmt: skip
    figures = {(one.result_number, one.dimension, one.code): one for one in made.figures}
    assert figures[2, "total", ""].denominator == 40
    assert figures[1, "group", "unknown"].numerator == 7
    assert (3, "total", "") in figures
    assert read(stored(made.content)) == made.content


@pytest.mark.parametrize(
    ("content", "places"),
    [
        (said(narrative={"1": "x", "2": "y"}), {"/narrative/2", "/narrative/4"}),
        (said(risks=" "), {"/risks"}),
        (said(expenditure=[]), {"/expenditure"}),
        (said(expenditure=[{"line": 9, "amount": "1"}]), {"/expenditure/0/line"}),
        (said(expenditure=[{"line": 1, "amount": "1.234"}]), {"/expenditure/0/amount"}),
        (said(expenditure=[{"line": 1, "amount": -1}]), {"/expenditure/0/amount"}),
        (said(expenditure=[{"line": 1, "amount": 1}] * 2), {"/expenditure/1/line"}),
        (said(currency="ZZZ"), {"/currency"}),
        (said(method="guess"), {"/method"}),
        (said(results=[]), {"/results"}),
        (result(result=8), {"/results/0/result", "/results"}),
        (result(2, denominator=None), {"/results/1/denominator"}),
        (result(2, numerator=41, breakdown={"sex_age": {"unknown.unknown": 41}}),
         {"/results/1/numerator"}),
        (result(3, denominator=4), {"/results/2/denominator"}),
        (result(3, breakdown={"group": {"unknown": 1}}), {"/results/2/breakdown/group"}),
        (result(numerator="seven"), {"/results/0/numerator"}),
        (result(numerator=8), {
            "/results/0/breakdown/sex_age", "/results/0/breakdown/exploitation",
        }),
        (result(breakdown={}), {
            f"/results/0/breakdown/{name}" for name in ASKED
        }),
        (result(breakdown=said()["results"][0]["breakdown"] | {"group": {"unknown": 8}}),
         {"/results/0/breakdown/group/unknown"}),
    ],
)  # fmt: skip
def test_every_fault_is_named_at_its_place(content: dict[str, Any], places: set[str]) -> None:
    assert wrong(content) == places


def test_what_is_not_asked_for_is_refused_and_what_was_declared_stays() -> None:
    assert wrong(said(), replace(TERMS, asks_expenditure=False)) == {
        "/expenditure/0", "/expenditure/1",
    }  # fmt: skip
    assert wrong(said(), replace(TERMS, asks_narrative=False)) == {
        "/results/0", "/results/1", "/results/2",
    }  # fmt: skip
    declared = replace(TERMS, currency="UAH", method="weighted_average")
    assert check(declared, said()).content["currency"] == "UAH"
    assert wrong(said(currency="USD", method="first_in_first_out"), declared) == {
        "/currency", "/method",
    }  # fmt: skip


def test_a_text_that_screening_left_out_does_not_keep_the_report_back() -> None:
    content = said(narrative={"1": "x", "4": None}, risks=None)
    assert wrong(content) == {"/narrative/4", "/risks"}
    assert wrong(content, TERMS, "/narrative/4", "/risks") == set()


@pytest.mark.parametrize(
    "content",
    [
        {"narrative": {"11": "x"}},
        {"narrative": {"Olga": "x"}},
        {"results": [{"breakdown": {"Olga": {}}}]},
        {"results": [{"breakdown": {"sex_age": {"Olga": 1}}}]},
        {"expenditure": [{"amount": "1" * 61}]},
        {"expenditure": [{"Olga": 1}]},
    ],
)
def test_words_cannot_hide_in_keys_and_are_not_said_again(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        ReportDraftIn.model_validate(content)
    assert all("Olga" not in str(one["msg"]) for one in caught.value.errors())


def test_words_are_told_from_numbers_wherever_they_stand() -> None:
    content = {
        "narrative": {"4": "12"}, "risks": "", "currency": "UAH", "method": "weighted_average",
        "expenditure": [{"line": "1", "amount": "1 250,50", "note": "7"}],
        "results": [{"numerator": "ask Olga", "breakdown": {"group": {"unknown": "٧"}}}],
    }  # fmt: skip
    assert dict(KIND.words(content)) == {
        "/narrative/4": "12", "/expenditure/0/note": "7", "/results/0/numerator": "ask Olga",
    }  # fmt: skip
    left = without(content, frozenset({"/results/0/numerator", "/narrative/4"}))
    assert left["results"][0]["numerator"] is None
    assert left["narrative"] == {"4": None}
    assert left["expenditure"] == content["expenditure"]
    for place, there in (
        ("/narrative/4", True), ("/results/0/breakdown/group", True), ("/results", True),
        ("/results/1", False), ("/results/00", True), ("/nothing", False), ("/risks/x", False),
    ):  # fmt: skip
        assert has_place(content, place) is there


@settings(max_examples=34 * DEPTH)
@given(st.data())
def test_exclusive_parts_sum_and_overlapping_ones_never_exceed(data: st.DataObject) -> None:
    """Against the rule itself, written anew: for any counts under any codes."""
    total = data.draw(st.integers(0, 20))
    sent = {
        name: data.draw(st.dictionaries(st.sampled_from(one.codes), st.integers(0, 20), max_size=4))
        for name, one in dimensions().items()
        if name in ASKED
    }
    faulty = set()
    for name, counts in sent.items():
        if total and not sum(counts.values()):
            faulty.add(name)
        elif name in ("sex_age", "exploitation"):
            if counts and sum(counts.values()) != total:
                faulty.add(name)
        elif any(count > total for count in counts.values()):
            faulty.add(name)
    found = {place.split("/")[4] for place in wrong(result(numerator=total, breakdown=sent))}
    assert found == faulty
