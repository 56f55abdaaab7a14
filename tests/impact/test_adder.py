"""The adder alone: golden cases by hand, and what must hold of any figures."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.calls.indicators import catalogue, indicator
from fundops.impact.adder import Label, Part, add, cost_each, percent, series_of
from fundops.impact.grouping import WITHHELD
from fundops.impact.groups import Gathering, planned, reached
from fundops.impact.money import Target, split
from fundops.impact.queries import Sums

DAY, LATER = date(2026, 3, 31), date(2026, 6, 30)


def part(code: str, value: int, of: int | None = None, *, grant: str = "A", on: date = DAY) -> Part:
    return Part(code, value, of, on, grant)


def test_golden_cases() -> None:
    # Victims assisted: newly counted, so 7 and 5 of one shelter are 12 women.
    one = add([part("4.4", 7), part("4.4", 5, on=LATER)])
    assert (one.numerator, one.label, one.grants, one.ends_on) == (12, Label.EXACT, 1, LATER)
    two = add([part("4.4", 7), part("4.4", 5, grant="B")])
    assert (two.numerator, two.label, two.reason) == (12, Label.MAY_OVERLAP, "impact.may_overlap")
    # Shelter nights are no persons: they are added over grants without a doubt.
    nights = add([part("4.7", 300), part("4.7", 12, grant="B")])
    assert (nights.numerator, nights.label) == (312, Label.EXACT)
    # 1 of 2 and 1 of 98 are 2 of 100, not the mean of 50 % and 1.02 %.
    share = add([part("4.10", 1, 2), part("4.10", 1, 98, grant="B")])
    assert (share.numerator, share.denominator, share.label) == (2, 100, Label.EXACT)
    assert percent(2, 100) == "2.00"
    assert add([part("4.10", 1, None)]).reason == "impact.no_denominator"
    # Firms with a policy: 5 in March and 8 in June are 8; two grants' firms may be the same.
    assert add([part("3.1", 5), part("3.1", 8, on=LATER)]).numerator == 8
    several = add([part("3.1", 5), part("3.1", 8, grant="B")])
    assert (several.numerator, several.label) == (None, Label.NOT_ADDED)
    # Investigations are the country's: two grants in Kenya tell the same, the later one counts.
    kenya = [
        Part("5.2", 40, None, DAY, series_of(indicator("5.2"), "A", "KE")),
        Part("5.2", 44, None, LATER, series_of(indicator("5.2"), "B", "KE")),
    ]
    assert (add(kenya).numerator, add(kenya).label) == (44, Label.LATEST)
    nepal = Part("5.2", 9, None, DAY, series_of(indicator("5.2"), "C", "NP"))
    assert add([*kenya, nepal]).numerator is None
    # A country that is not told is nobody else's.
    assert series_of(indicator("5.2"), "A", None) == "A"
    assert add([part("6.3", 3), part("6.3", 2, on=LATER)]).numerator == 3
    assert add([part("6.3", 3), part("6.3", 2, grant="B")]).label is Label.NOT_ADDED
    assert add([part("6.4", 3)]).label is Label.NOT_COMPARABLE
    assert add([]).label is Label.NOTHING


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("4.5a", "4.5f", "impact.same_people"),
        ("4.4", "4.11", "impact.same_people"),
        ("4.4", "4.5b", "impact.same_people"),
        ("5.2", "5.3", "impact.same_people"),
        ("5.2", "5.4", "impact.units_differ"),
        ("4.4", "4.7", "impact.units_differ"),
        ("2.1", "5.1", "impact.indicators_differ"),
    ],
)
def test_what_is_never_added(first: str, second: str, reason: str) -> None:
    found = add([part(first, 3), part(second, 4)])
    assert (found.label, found.numerator, found.reason) == (
        Label.NOT_COMPARABLE,
        None,
        reason,
    )


def test_the_catalogue_says_of_each_indicator_how_it_is_added() -> None:
    found = catalogue()
    assert len(found) == 55
    for one in found.values():
        assert one.aggregation in {"sum", "new_persons", "ratio", "latest", "maximum", "none"}
        assert one.per in {"grant", "country"}
        assert one.is_suppressed or one.unit != "persons"
        # What serves none of the ten objectives is a source's own, which nobody else reports in.
        is_imported_only = one.code.startswith("S.")
        assert (one.objective == 0) == is_imported_only
        for other in one.never_added_with:
            assert is_imported_only or one.code in found[other].never_added_with, one.code
    assert {one.code for one in found.values() if one.per == "country"} == {
        "5.2", "5.3", "5.4", "6.2", "7.2",
    }  # fmt: skip
    assert all(len(found[f"4.5{c}"].never_added_with) == 10 for c in "abcdefghi")


codes = st.sampled_from(sorted(catalogue()))
parts = st.lists(
    st.builds(
        Part, indicator=codes, numerator=st.integers(0, 10**6),
        denominator=st.integers(10**6, 10**7), ends_on=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        series=st.sampled_from("ABC"),
    ),
    max_size=8,
)  # fmt: skip


@given(parts)
def test_any_figures_are_added_by_the_rule_or_not_at_all(found: list[Part]) -> None:
    figure, used = add(found), {one.indicator for one in found}
    assert add(reversed(found)).numerator == figure.numerator or len(used) == 1
    if len(used) != 1:
        assert figure.numerator is None
        return
    rule = indicator(used.pop()).aggregation
    series = {one.series for one in found}
    if rule in {"sum", "new_persons", "ratio"}:
        assert figure.numerator == sum(one.numerator for one in found)
        doubtful = rule == "new_persons" and len(series) > 1
        assert figure.label is (Label.MAY_OVERLAP if doubtful else Label.EXACT)
        if rule == "ratio":
            assert figure.denominator == sum(one.denominator or 0 for one in found)
    elif rule == "none" or len(series) > 1:
        assert figure.numerator is None
        assert figure.reason
    else:
        assert figure.numerator in {one.numerator for one in found}


@given(st.integers(0, 10**12), st.dictionaries(st.integers(1, 10), st.integers(0, 10**6)))
def test_money_split_over_objectives_sums_exactly(amount: int, shares: dict[int, int]) -> None:
    found = split(amount, shares)
    assert sum(one for _, one in found) == amount
    assert all(one >= 0 for _, one in found)
    if not any(shares.values()):
        assert found == [(None, amount)]


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_percents_are_the_exact_fraction_rounded_once(above: int, below: int) -> None:
    said = percent(above, below)
    assert said is not None
    assert abs(Fraction(said) - Fraction(100 * above, below)) <= Fraction(1, 200)
    assert percent(above, 0) is None


def test_costs_and_targets() -> None:
    women = add([part("4.4", 7)])
    assert cost_each(100_00, indicator("4.4"), women) == 1429  # 14.2857 rounded half up
    assert cost_each(100_00, indicator("3.1"), add([part("3.1", 7)])) is None
    assert cost_each(100_00, indicator("4.4"), add([part("4.4", 0)])) is None
    persons = planned("4.4", [Target("KE", "4.4", 5, 1, 1), Target("KE", "4.4", 6, 2, 2)])
    assert (persons.numerator, persons.label) == (11, Label.MAY_OVERLAP)
    rates = [Target("KE", "4.10", 80, 1, 1), Target("KE", "4.10", 90, 1, 1)]
    assert planned("4.10", rates).label is Label.NOT_ADDED
    assert planned("4.10", rates[:1]).numerator == 80


def test_of_two_results_of_a_latest_figure_under_review_one_is_shown_as_once_accepted() -> None:
    gathering = Gathering("fund", lambda _: ("F",), {})
    gathering.review([Sums(None, "3.1", "", 13, 8, None, DAY, 1, "A", "KE")])
    shown = add(gathering.at("F").review["3.1"])
    assert (shown.numerator, shown.label) == (8, Label.LATEST), "5 and 8 firms are not 13"


def test_what_joins_the_withheld_is_of_several_grants() -> None:
    """A sum has no series of its own: two of them are of two grants all the same."""
    gathering = Gathering("country", lambda _: (), {})
    for code in ("4.4", "6.3"):
        gathering.take(
            Sums(key, code, "", value, value, None, DAY, grants)
            for key, value, grants in ((WITHHELD, 7, 1), ("KE", 5, 1), ("NP", 9, 2))
        )
    gathering.withhold()
    assert set(gathering.groups) == {WITHHELD, "NP"}
    hidden = gathering.at(WITHHELD)
    women, bodies = reached(hidden, "4.4"), reached(hidden, "6.3")
    assert (women.numerator, women.label, women.grants) == (12, Label.MAY_OVERLAP, 2)
    assert (bodies.numerator, bodies.label) == (None, Label.NOT_ADDED)
    assert (hidden.size, gathering.at("NP").size) == (2, 2)
