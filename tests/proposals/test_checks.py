"""Checking a content: every rule has its place, every wrong is named, and sums are exact."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops import drafted
from fundops.calls.models import Call, CallDocument
from fundops.ids import uuid7
from fundops.proposals import budgets
from fundops.proposals.attached import Attached
from fundops.proposals.checks import check
from fundops.proposals.content import DraftIn
from fundops.proposals.findings import add_months
from fundops.proposals.terms import Terms
from tests.proposals.proposal_factories import right

DEADLINE = datetime(2026, 12, 1, 12, tzinfo=UTC)


def terms(**over: Any) -> Terms:
    """Return the terms of a call for objectives 1, 3 and 4, from 1,000 to 60,000 dollars."""
    call = Call(
        id=uuid7(), zone="UTC", deadline_at=DEADLINE, floor_minor=1_000_00,
        ceiling_minor=60_000_00, min_months=6, max_months=24,
        **{k: v for k, v in over.items() if k in {"min", "max"}},
    )  # fmt: skip
    given: dict[str, Any] = {
        "call": call, "currency": "USD", "objectives": frozenset({1, 3, 4}),
        "languages": ("en", "fr"), "targets": {}, "documents": (),
    }  # fmt: skip
    return Terms(**(given | over))


def put(pointer: str, value: Any) -> dict[str, Any]:
    """Return a right content but for one place."""
    made = deepcopy(right())
    *path, last = pointer.strip("/").split("/")
    target: Any = made
    for part in path:
        target = target[int(part) if part.isdigit() else part]
    target[int(last) if last.isdigit() else last] = value
    return made


def test_a_right_content_has_no_problem_and_reads_the_same_twice() -> None:
    first = check(terms(), right())
    assert first.problems == []
    assert first.requested_minor == 12_500_51
    # The normal form is its own normal form, so that what counts can be entered anew.
    second = check(terms(), first.content)
    assert second.problems == []
    assert second.content == first.content
    assert json.loads(drafted.stored(first.content)) == first.content


@pytest.mark.parametrize(
    ("pointer", "value", "named"),
    [
        ("/title", "x" * 301, None),
        ("/title", "two\nlines", None),
        ("/title", "bell\x07", None),
        ("/title", None, None),
        ("/language", "de", None),
        ("/summary", "x" * 4001, None),
        ("/summary", True, None),
        ("/country", "Kenya", None),
        ("/country", "ke", None),
        ("/country", None, None),
        ("/regions", ["899"], "/regions/0"),
        ("/regions", ["014", "014"], "/regions/1"),
        ("/places", ["x" * 201], "/places/0"),
        ("/starts_on", "01/02/2027", None),
        ("/starts_on", 44927, None),
        ("/ends_on", "2026-12-31", None),
        ("/ends_on", "2027-06-29", None),
        ("/ends_on", "2029-01-01", None),
        ("/shares/0/objective", 2, "/shares/0/objective"),
        ("/shares/0/objective", 1, "/shares/1/objective"),
        ("/shares/0/objective", "four", "/shares/0/objective"),
        ("/shares/0/percent", 59, "/shares"),
        ("/shares/0/percent", 61, "/shares"),
        ("/shares/0/percent", 60.5, None),
        ("/shares/0/percent", 0, None),
        ("/shares/0/percent", -40, None),
        ("/shares/0/percent", True, None),
        ("/codes/p", ["protection", "protection"], "/codes/p/1"),
        ("/codes/p", ["kindness"], "/codes/p/0"),
        ("/codes/p", [["x"]], "/codes/p/0"),
        ("/budget", [], None),
        ("/budget/0/category", "H", None),
        ("/budget/0/category", None, None),
        ("/budget/0/description", " ", None),
        ("/budget/0/unit", "x" * 61, None),
        ("/budget/0/quantity", 0, None),
        ("/budget/0/quantity", "1.234", None),
        ("/budget/0/quantity", "1e3", None),
        ("/budget/0/quantity", "٣", None),
        ("/budget/0/unit_cost", "1.005", None),
        ("/budget/0/unit_cost", "0.00", None),
        ("/budget/0/unit_cost", "99999999999999999", None),
        ("/budget/0/duration", -1, None),
        ("/budget/0/share_charged", 100.01, None),
        ("/budget/0/share_charged", "0", None),
        ("/budget/0/objective", 3, None),
        ("/budget/0/unit_cost", "3000", "/budget"),
        ("/budget/0/unit_cost", "1", "/budget"),
        ("/results", [], None),
        ("/results/0/indicator", "99.9", None),
        ("/results/0/target", -1, None),
        ("/results/0/target", "many", None),
        ("/results/0/target", None, None),
        ("/results/0/baseline", "1.5", None),
        ("/results/0/note", "x" * 1001, None),
        ("/cofunding/0/currency", "XXX", None),
        ("/cofunding/0/currency", "Shilling", None),
        ("/cofunding/0/amount", "900.123", None),
        ("/cofunding/0/is_secured", "no", None),
        ("/cofunding/0/source", None, None),
        ("/answers/need", "x" * 8001, None),
        ("/answers/risks", "", None),
    ],
)
def test_each_wrong_is_named_at_its_place(pointer: str, value: Any, named: str | None) -> None:
    problems = check(terms(), put(pointer, value)).problems
    places = {one.pointer for one in problems}
    wanted = {named or pointer}
    if (named or pointer).startswith("/shares/0"):
        # The share is not known, so neither is what the lines of the budget may be for.
        wanted |= places & {"/budget/0/objective"}
    if pointer == "/shares/0/objective" and value == 1:
        wanted |= {"/budget/0/objective"}
    assert places == wanted
    assert all(one.detail.endswith(".") for one in problems)


def test_all_wrongs_are_named_together() -> None:
    wrong = right(title="", starts_on="x", shares=[{"objective": 1, "percent": 10}])
    wrong["budget"][0]["quantity"] = "many"
    wrong["results"].append({"indicator": "1.1", "target": "x"})
    places = {one.pointer for one in check(terms(), wrong).problems}
    assert places == {
        "/title", "/starts_on", "/shares", "/budget/0/objective", "/budget/0/quantity",
        "/results/1/indicator", "/results/1/target",
    }  # fmt: skip


def test_numbers_count_however_they_were_typed() -> None:
    typed = right()
    typed["budget"][0] |= {"quantity": "2", "duration": 12.0, "share_charged": "100.00"}
    typed["budget"][1] |= {"quantity": 1.5, "unit_cost": 333.67, "share_charged": 100.0}
    typed["shares"] = [{"objective": "4", "percent": "60"}, {"objective": 1.0, "percent": 40.0}]
    typed["results"][0] |= {"target": "400", "baseline": 0.0}
    found = check(terms(), typed)
    assert found.problems == []
    assert found.content == check(terms(), right()).content


def test_blank_lines_are_passed_over() -> None:
    sparse = right()
    sparse["budget"] = [{}, *sparse["budget"], {"category": " ", "unit": None}]
    sparse["shares"].append({})
    sparse["results"].insert(0, {"note": ""})
    sparse["cofunding"].append({})
    assert check(terms(), sparse).content == check(terms(), right()).content


@pytest.mark.parametrize(
    ("targets", "named"),
    [
        ({"country": ["KE", "UG"]}, None),
        ({"country": ["UG"]}, "/country"),
        ({"region": ["002"]}, None),
        ({"region": ["014", "145"]}, None),
        ({"region": ["145"]}, "/country"),
        ({"p": ["protection"]}, None),
        ({"p": ["prosecution"]}, "/codes/p"),
        ({"assistance": ["legal"]}, "/codes/assistance"),
    ],
)
def test_what_a_call_is_for_must_be_met(targets: dict[str, Any], named: str | None) -> None:
    problems = check(terms(targets=targets), right()).problems
    assert [one.pointer for one in problems] == ([] if named is None else [named])


def test_several_countries_are_named_by_region() -> None:
    found = check(terms(), right(country=None, regions=["014", "145"]))
    assert found.problems == []
    assert (found.country, found.region) == (None, "014")
    aside = check(terms(targets={"region": ["034"]}), right(country=None, regions=["014"]))
    assert [one.pointer for one in aside.problems] == ["/regions"]


def attached(kind: str, **dates: Any) -> Attached:
    given: dict[str, Any] = {"issued_on": None, "expires_on": None} | dates
    return Attached(
        id=uuid7(), kind=kind, file_id=uuid7(), document_id=None, name="a.pdf", sha256="0" * 64,
        stored_sha256="1" * 64, media_type="application/pdf", size_bytes=1,
        declared_at=DEADLINE, completed_at=DEADLINE, added_at=DEADLINE, **given,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dates", "is_good"),
    [
        ({"issued_on": date(2026, 11, 1)}, True),
        ({"issued_on": date(2026, 10, 31)}, False),
        ({"issued_on": date(2026, 11, 20), "expires_on": date(2026, 12, 1)}, True),
        ({"issued_on": date(2026, 11, 20), "expires_on": date(2026, 11, 30)}, False),
        ({}, False),
    ],
)
def test_documents_are_judged_on_the_day_of_the_deadline(
    dates: dict[str, Any], is_good: bool
) -> None:
    asked = CallDocument(kind="registration", is_required=True, max_age_days=30)
    found = check(terms(documents=(asked,)), right(), [attached("registration", **dates)])
    assert [one.pointer for one in found.problems] == ([] if is_good else ["/attachments/0"])


def test_an_optional_document_may_be_missing_but_not_wrong() -> None:
    asked = CallDocument(kind="registration", is_required=False, max_age_days=30)
    assert check(terms(documents=(asked,)), right()).problems == []
    old = attached("registration", issued_on=date(2020, 1, 1))
    assert len(check(terms(documents=(asked,)), right(), [old]).problems) == 1
    new = attached("registration", issued_on=date(2026, 11, 30))
    assert check(terms(documents=(asked,)), right(), [old, new]).problems == []


quantities = st.integers(1, 10**11)
costs = st.integers(1, 10**13)
shares_bp = st.integers(1, 10_000)
durations = st.integers(1, 10**7)


def oracle(quantity: int, cost: int, duration: int, share: int) -> int:
    """Return a line's total by fractions and decimals, another way than the one in use."""
    exact = Fraction(quantity, 100) * cost * Fraction(duration, 100) * Fraction(share, 10_000)
    digits = Decimal(exact.numerator * 10**8 // exact.denominator).scaleb(-8)
    assert exact * 10**8 == exact.numerator * 10**8 // exact.denominator
    return int(digits.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@settings(max_examples=100, deadline=None)
@given(quantities, costs, durations, shares_bp)
def test_a_lines_total_is_exact_and_half_up(q: int, c: int, d: int, s: int) -> None:
    import decimal

    with decimal.localcontext(prec=80):
        assert budgets.line_total(q, c, d, s) == oracle(q, c, d, s)


def test_rounding_down_or_to_even_would_be_noticed() -> None:
    # 1.5 x 333.67 = 500.505; 0.5 x 0.01 = 0.005: both up.
    assert budgets.line_total(150, 33_367, 100, 10_000) == 50_051
    assert budgets.line_total(50, 1, 100, 10_000) == 1
    assert budgets.line_total(250, 1, 100, 10_000) == 3  # to even would be 2
    assert budgets.line_total(49, 1, 100, 10_000) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABCDEFG"), quantities, costs), max_size=30))
def test_categories_sum_to_the_whole(rows: list[tuple[str, int, int]]) -> None:
    lines = [budgets.Line(k, "x", "u", q, c, 100, 10_000) for k, q, c in rows]
    found = budgets.totals(lines)
    assert list(found.by_category) == list("ABCDEFG")
    assert sum(found.by_category.values()) == found.requested_minor
    assert found.requested_minor == sum(oracle(q, c, 100, 10_000) for _, q, c in rows)


@settings(max_examples=70, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(-5, 120)), max_size=6))
def test_shares_pass_only_if_they_are_whole(pairs: list[tuple[int, int]]) -> None:
    entries = [{"objective": objective, "percent": percent} for objective, percent in pairs]
    given_ = right(shares=entries)
    for line in given_["budget"]:
        line["objective"] = None
    passed = not check(terms(), given_).problems
    objectives = [objective for objective, _ in pairs]
    assert passed is (
        set(objectives) <= {1, 3, 4}
        and len(set(objectives)) == len(objectives)
        and all(1 <= percent <= 100 for _, percent in pairs)
        and sum(percent for _, percent in pairs) == 100
    )


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
)
LINES = {
    "shares": ("objective", "percent"),
    "budget": ("category", "description", "unit", "quantity", "unit_cost", "duration"),
    "results": ("indicator", "baseline", "target", "note"),
    "cofunding": ("source", "amount", "currency", "is_secured"),
}
drafts = st.fixed_dictionaries(
    {},
    optional={
        "title": leaves, "language": leaves, "summary": leaves, "country": leaves,
        "starts_on": leaves, "ends_on": leaves,
        "regions": st.lists(leaves, max_size=4), "places": st.lists(leaves, max_size=4),
        "codes": st.fixed_dictionaries({}, optional={"p": st.lists(leaves, max_size=3)}),
        "answers": st.fixed_dictionaries({}, optional={"need": leaves, "risks": leaves}),
    } | {
        name: st.lists(
            st.fixed_dictionaries({}, optional=dict.fromkeys(places, leaves)), max_size=3
        )
        for name, places in LINES.items()
    },
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(drafts)
def test_a_draft_comes_back_as_it_was_typed(typed: dict[str, Any]) -> None:
    kept = DraftIn.model_validate(typed).plain()
    assert kept == typed
    text = drafted.stored(kept)
    read = drafted.read(text)
    assert repr_of(read) == repr_of(typed)
    # One content has one text, in whatever order it was typed.
    assert drafted.stored(dict(reversed(list(typed.items())))) == text


def repr_of(value: Any) -> str:
    """Return a text that tells 1, 1.0 and true apart, which compare as equal."""
    if isinstance(value, dict):
        return repr(sorted((key, repr_of(inner)) for key, inner in value.items()))
    if isinstance(value, list):
        return repr([repr_of(inner) for inner in value])
    return repr(value)


@settings(max_examples=100, deadline=None)
@given(drafts)
def test_checking_whatever_was_typed_never_fails(typed: dict[str, Any]) -> None:
    found = check(terms(), typed)
    assert not found.is_right
    for one in found.problems:
        assert one.pointer.startswith("/")
        at: Any = typed | {"attachments": []}
        for part in one.pointer.split("/")[1:]:
            if isinstance(at, list):
                at = at[int(part)]
            elif at is not None:
                at = at.get(part)


@settings(max_examples=100, deadline=None)
@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.integers(0, 240))
def test_months_later_is_the_same_day_or_the_last_of_the_month(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (
        later.day < day.day and (later + timedelta(days=1)).month != later.month
    )
