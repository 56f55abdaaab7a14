"""Earmarks: the written form, what they admit, and which is tighter."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.allocation import earmark_form
from fundops.allocation.earmarks import (
    Cap,
    Dimension,
    Earmark,
    EarmarkInvalid,
    GrantFacts,
    RefusalReason,
    Value,
    admits,
    refusal,
    tightness,
)
from fundops.money import MAX_MINOR

DAY = date(2026, 6, 15)
COUNTRY, OBJECTIVE, REGION = Dimension.COUNTRY, Dimension.OBJECTIVE, Dimension.REGION
CALL, GRANT = Dimension.CALL, Dimension.GRANT
KENYA = GrantFacts(
    UUID(int=1),
    "GRT-1",
    objectives={3, 7},
    country="KE",
    regions={"014", "202", "002"},
    call="CALL-1",
)


def faults(raw: object) -> list[tuple[str, str]]:
    with pytest.raises(EarmarkInvalid) as caught:
        Earmark.from_json(raw)
    return [(problem.pointer, problem.code) for problem in caught.value.problems]


def named(category: int, **include: object) -> dict[str, object]:
    return {"category": category, "include": include}


VALUES: dict[Dimension, st.SearchStrategy[Any]] = {
    OBJECTIVE: st.integers(1, 10),
    COUNTRY: st.sampled_from(["KE", "UG", "NP", "XK"]),
    REGION: st.sampled_from(["014", "002", "150", "199"]),
    CALL: st.sampled_from(["CALL-1", "Runde ü/2"]),
    GRANT: st.sampled_from(["GRT-1", "22-UF-AFG-001"]),
}


@st.composite
def earmarks(draw: st.DrawFn) -> Earmark:
    include: dict[Dimension, frozenset[Value]] = {}
    exclude: dict[Dimension, frozenset[Value]] = {}
    for dimension, values in VALUES.items():
        chosen = draw(st.frozensets(values, max_size=3)) if draw(st.booleans()) else frozenset()
        if chosen:
            (include if draw(st.booleans()) else exclude)[dimension] = chosen
    caps = tuple(
        Cap(COUNTRY, value, draw(st.integers(1, MAX_MINOR)))
        for value in sorted(map(str, include.get(COUNTRY, frozenset())))
        if draw(st.booleans())
    )
    fitting = earmark_form.fitting_categories(include, bool(exclude or caps))
    by = draw(st.none() | st.dates())
    return Earmark(draw(st.sampled_from(fitting)), include, exclude, caps, by)


@given(earmarks())
def test_the_written_form_comes_back_equal(mark: Earmark) -> None:
    text = json.dumps(mark.to_json())
    again = Earmark.from_json(json.loads(text))
    assert again == mark
    assert hash(again) == hash(mark)
    assert json.dumps(again.to_json()) == text
    assert dict(again.include) == dict(mark.include)
    assert again.caps == mark.caps
    assert tightness(again) == tightness(mark)


def test_different_earmarks_are_unequal() -> None:
    marks = {Earmark(1), Earmark(1, spend_by_on=DAY), Earmark(3, {COUNTRY: {"KE"}})}
    assert len(marks) == 3
    assert Earmark(1) != "unearmarked"


def test_only_the_category_must_be_written() -> None:
    assert Earmark.from_json({"category": 1}) == Earmark(1)
    assert Earmark.from_json({"category": 1, "spend_by_on": None}) == Earmark(1)


@pytest.mark.parametrize("raw", [None, [], "x", 3])
def test_an_earmark_is_an_object(raw: object) -> None:
    assert faults(raw) == [("", "not_an_object")]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, ("/category", "category_missing")),
        ({"category": True}, ("/category", "category_unknown")),
        ({"category": "3"}, ("/category", "category_unknown")),
        ({"category": 5}, ("/category", "category_unknown")),
        ({"category": 1, "note": "x"}, ("", "unknown_member")),
        ({"category": 3, "include": []}, ("/include", "not_an_object")),
        (named(3, city=["x"]), ("/include", "unknown_member")),
        (named(3, country="KE"), ("/include/country", "not_a_list")),
        (named(3, country=[]), ("/include/country", "list_empty")),
        (named(3, country=["KE", "ke"]), ("/include/country/1", "country_unknown")),
        (named(3, country=["KE", "KE"]), ("/include/country/1", "repeated")),
        (named(3, country=[7]), ("/include/country/0", "not_text")),
        (named(2, objective=[0]), ("/include/objective/0", "objective_unknown")),
        (named(2, objective=[11]), ("/include/objective/0", "objective_unknown")),
        (named(2, objective=[True]), ("/include/objective/0", "objective_unknown")),
        (named(2, objective=["3"]), ("/include/objective/0", "objective_unknown")),
        (named(2, region=["140"]), ("/include/region/0", "region_unknown")),
        (named(2, region=["14"]), ("/include/region/0", "region_unknown")),
        (named(2, region=["001"]), ("/include/region/0", "region_unknown")),
        (named(4, grant=[" GRT-1"]), ("/include/grant/0", "code_malformed")),
        (named(4, grant=[""]), ("/include/grant/0", "code_malformed")),
        (named(4, grant=["a\nb"]), ("/include/grant/0", "code_malformed")),
        (named(4, grant=["x" * 101]), ("/include/grant/0", "code_malformed")),
        ({"category": 2, "exclude": {"call": [7]}}, ("/exclude/call/0", "not_text")),
        ({"category": 2, "caps": {}}, ("/caps", "not_a_list")),
        ({"category": 2, "caps": [7]}, ("/caps/0", "not_an_object")),
        ({"category": 1, "spend_by_on": "20270101"}, ("/spend_by_on", "date_malformed")),
        ({"category": 1, "spend_by_on": "2027-02-30"}, ("/spend_by_on", "date_malformed")),
        ({"category": 1, "spend_by_on": 2027}, ("/spend_by_on", "date_malformed")),
    ],
)
def test_a_fault_is_named_with_its_place(raw: object, expected: tuple[str, str]) -> None:
    assert faults(raw) == [expected]


def cap(
    dimension: object = "country", value: object = "KE", amount: object = 5
) -> dict[str, object]:
    return {"dimension": dimension, "value": value, "amount_minor": amount}


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ([cap("objective", 3)], ("/caps/0/dimension", "cap_dimension")),
        ([cap("region", "014")], ("/caps/0/dimension", "cap_dimension")),
        ([cap(["country"])], ("/caps/0/dimension", "cap_dimension")),
        ([cap(value="ZZ")], ("/caps/0/value", "country_unknown")),
        ([cap(amount=0)], ("/caps/0/amount_minor", "amount_out_of_range")),
        ([cap(amount=True)], ("/caps/0/amount_minor", "amount_out_of_range")),
        ([cap(amount=1.5)], ("/caps/0/amount_minor", "amount_out_of_range")),
        ([cap(amount=MAX_MINOR + 1)], ("/caps/0/amount_minor", "amount_out_of_range")),
        ([cap(), cap(amount=7)], ("/caps/1", "repeated")),
        ([cap(), cap("call", "CALL-1")], ("/caps/1/dimension", "caps_mixed")),
        ([{"dimension": "country", "value": "KE"}], ("/caps/0/amount_minor", "member_missing")),
        ([cap() | {"note": 1}], ("/caps/0", "unknown_member")),
    ],
)
def test_a_fault_in_a_cap_is_named(caps: object, expected: tuple[str, str]) -> None:
    assert faults({"category": 2, "caps": caps}) == [expected]


def test_all_faults_are_found_at_once() -> None:
    raw = {
        "category": 9,
        "include": {"country": ["KE", "??"], "objective": [12]},
        "caps": [cap(amount=-1), cap("region", "014")],
        "spend_by_on": "soon",
    }
    assert faults(raw) == [
        ("/category", "category_unknown"),
        ("/include/objective/0", "objective_unknown"),
        ("/include/country/1", "country_unknown"),
        ("/caps/0/amount_minor", "amount_out_of_range"),
        ("/caps/1/dimension", "cap_dimension"),
        ("/spend_by_on", "date_malformed"),
    ]


def test_no_fault_repeats_what_was_sent() -> None:
    secret = "a name that must not be repeated"
    raw = {
        secret: 1,
        "category": secret,
        "include": {secret: [1], "country": [secret], "call": [f"\n{secret}"]},
        "caps": [cap(secret, secret, secret)],
        "spend_by_on": secret,
    }
    with pytest.raises(EarmarkInvalid) as caught:
        Earmark.from_json(raw)
    assert secret not in str(caught.value)
    for problem in caught.value.problems:
        assert secret not in f"{problem.pointer} {problem.params}"


@pytest.mark.parametrize("name", ["include", "exclude"])
def test_long_lists_are_refused_unread(name: str) -> None:
    raw = {"category": 4, name: {"grant": [f"G{n}" for n in range(earmark_form.MAX_VALUES + 1)]}}
    assert faults(raw) == [(f"/{name}/grant", "too_many")]


def test_long_lists_of_caps_are_refused_unread() -> None:
    caps = [cap("grant", f"G{n}") for n in range(earmark_form.MAX_CAPS + 1)]
    assert faults({"category": 2, "caps": caps}) == [("/caps", "too_many")]


def test_contradictions_are_refused() -> None:
    raw = {"category": 2, "include": {"country": ["KE", "UG"]}, "exclude": {"country": ["KE"]}}
    assert faults(raw) == [("/exclude/country", "included_and_excluded")]
    raw = {"category": 3, "include": {"country": ["KE"]}, "caps": [cap(value="UG")]}
    assert faults(raw) == [("/caps/0/value", "cap_on_refused")]
    raw = {"category": 2, "exclude": {"country": ["KE"]}, "caps": [cap(value="KE")]}
    assert faults(raw) == [("/caps/0/value", "cap_on_refused")]


@pytest.mark.parametrize(
    ("include", "has_other_limits", "fitting"),
    [
        ({}, False, {1}),
        ({}, True, {2, 3}),
        ({OBJECTIVE: {3}}, False, {2, 3}),
        ({REGION: {"014"}}, False, {2, 3}),
        ({COUNTRY: {"KE", "UG"}}, False, {2, 3}),
        ({COUNTRY: {"KE"}}, False, {3}),
        ({COUNTRY: {"KE"}, OBJECTIVE: {3}}, False, {3}),
        ({CALL: {"CALL-1"}}, False, {3, 4}),
        ({GRANT: {"GRT-1"}}, False, {4}),
        ({GRANT: {"GRT-1"}, CALL: {"CALL-1"}}, False, {4}),
    ],
)
def test_the_category_must_fit_the_content(
    include: dict[Dimension, set[Value]], has_other_limits: bool, fitting: set[int]
) -> None:
    exclude: dict[Dimension, set[Value]] = {COUNTRY: {"NP"}} if has_other_limits else {}
    for category in range(1, 5):
        if category in fitting:
            assert Earmark(category, include, exclude).category == category
        else:
            with pytest.raises(EarmarkInvalid) as caught:
                Earmark(category, include, exclude)
            assert [p.code for p in caught.value.problems] == ["category_unfitting"]


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        (Earmark(1), None),
        (Earmark(1, spend_by_on=DAY), None),
        (Earmark(1, spend_by_on=date(2026, 6, 14)), RefusalReason.EXPIRED),
        (Earmark(3, {COUNTRY: {"KE"}}), None),
        (Earmark(3, {COUNTRY: {"UG"}}), RefusalReason.NOT_INCLUDED),
        (Earmark(2, {OBJECTIVE: {3, 7, 9}}), None),
        (Earmark(2, {OBJECTIVE: {3}}), RefusalReason.NOT_INCLUDED),
        (Earmark(2, {REGION: {"202"}}), None),
        (Earmark(2, {REGION: {"150"}}), RefusalReason.NOT_INCLUDED),
        (Earmark(3, {COUNTRY: {"KE"}, REGION: {"150"}}), RefusalReason.NOT_INCLUDED),
        (Earmark(3, {CALL: {"CALL-1"}}), None),
        (Earmark(3, {CALL: {"CALL-2"}}), RefusalReason.NOT_INCLUDED),
        (Earmark(4, {GRANT: {"GRT-1"}}), None),
        (Earmark(4, {GRANT: {"GRT-2"}}), RefusalReason.NOT_INCLUDED),
        (Earmark(2, exclude={OBJECTIVE: {7}}), RefusalReason.EXCLUDED),
        (Earmark(2, exclude={OBJECTIVE: {8}}), None),
        (Earmark(2, exclude={REGION: {"014"}}), RefusalReason.EXCLUDED),
        (Earmark(2, exclude={COUNTRY: {"KE"}}), RefusalReason.EXCLUDED),
        (Earmark(2, exclude={GRANT: {"GRT-1"}}), RefusalReason.EXCLUDED),
        (Earmark(2, {REGION: {"014"}}, {COUNTRY: {"KE"}}), RefusalReason.EXCLUDED),
    ],
)
def test_what_is_admitted(mark: Earmark, reason: RefusalReason | None) -> None:
    found = refusal(mark, KENYA, DAY)
    assert (found.reason if found else None) == reason
    assert admits(mark, KENYA, DAY) == (reason is None)


@pytest.mark.parametrize("dimension", [OBJECTIVE, COUNTRY, REGION])
@pytest.mark.parametrize("side", ["include", "exclude"])
def test_what_is_not_known_is_refused(dimension: Dimension, side: str) -> None:
    values: dict[Dimension, Value] = {OBJECTIVE: 3, COUNTRY: "KE", REGION: "014"}
    mark = Earmark.from_json(
        {"category": 3 if side == "include" else 2, side: {str(dimension): [values[dimension]]}}
    )
    found = refusal(mark, GrantFacts(UUID(int=2), "GRT-2"), DAY)
    assert found is not None
    assert (found.reason, found.params) == ("not_stated", {"dimension": str(dimension)})


def test_a_grant_outside_any_call_is_known_to_be_outside() -> None:
    direct = GrantFacts(UUID(int=2), "GRT-2")
    assert admits(Earmark(2, exclude={CALL: {"CALL-1"}}), direct, DAY)
    assert not admits(Earmark(3, {CALL: {"CALL-1"}}), direct, DAY)


def test_a_refusal_gives_its_facts() -> None:
    found = refusal(Earmark(2, {OBJECTIVE: {10, 3}}), KENYA, DAY)
    assert found is not None
    assert found.params == {"dimension": "objective", "values": "7", "allowed": "3, 10"}
    late = refusal(Earmark(1, spend_by_on=date(2026, 1, 1)), KENYA, DAY)
    assert late is not None
    assert late.params == {"spend_by_on": "2026-01-01", "on": "2026-06-15"}


@given(earmarks(), earmarks())
def test_refusal_and_admission_agree(first: Earmark, second: Earmark) -> None:
    for mark in (first, second):
        assert admits(mark, KENYA, DAY) == (refusal(mark, KENYA, DAY) is None)


def test_tighter_earmarks_come_first() -> None:
    tightest_first = [
        Earmark(4, {GRANT: {"GRT-1"}}),
        Earmark(4, {CALL: {"CALL-1", "CALL-2"}}),
        Earmark(3, {COUNTRY: {"KE"}, OBJECTIVE: {3}}),
        Earmark(3, {COUNTRY: {"KE"}}, spend_by_on=date(2026, 12, 31)),
        Earmark(3, {COUNTRY: {"KE"}}),
        Earmark(3, {COUNTRY: {"KE", "UG"}}),
        Earmark(2, {COUNTRY: {"KE", "UG", "NP"}}, {OBJECTIVE: {1}}),
        Earmark(2, {COUNTRY: {"KE", "UG", "NP"}}),
        Earmark(2, exclude={COUNTRY: {"KE"}}),
        Earmark(2, caps=(Cap(COUNTRY, "KE", 1),)),
        Earmark(1, spend_by_on=date(2026, 12, 31)),
        Earmark(1),
    ]
    backwards = tightest_first[::-1]
    assert sorted(backwards, key=tightness) == tightest_first
    assert tightness(Earmark(3, {COUNTRY: {"KE"}})) == tightness(Earmark(3, {COUNTRY: {"UG"}}))
