"""Audit sampling as mathematics: known factors, golden cases, and every start of a population."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops.sampling.estimate import Stratum, estimated
from fundops.sampling.evaluation import Audited, evaluated
from fundops.sampling.factors import (
    EXPANSION,
    confidence_factor,
    expansion_factor,
    normal_quantile,
)
from fundops.sampling.numbers import below
from fundops.sampling.selection import (
    Item,
    Why,
    at_random,
    by_monetary_unit,
    random_start,
)
from fundops.sampling.size import CannotPlan, planned
from fundops.sampling.strata import allocated, banded, neyman, proportional

FIVE, TEN = Decimal("0.05"), Decimal("0.10")


@pytest.mark.parametrize(
    ("risk", "known"),
    [
        (FIVE, ["2.996", "4.744", "6.296", "7.754"]),
        (TEN, ["2.303", "3.890", "5.322", "6.681"]),
        (Decimal("0.37"), ["0.994", "2.138", "3.248"]),  # a printed table has 3.35 for the last
        (Decimal("0.5"), ["0.693", "1.678"]),
        (Decimal("0.01"), ["4.605", "6.638"]),
    ],
)
def test_confidence_factors_are_the_poisson_bound(risk: Decimal, known: list[str]) -> None:
    found = [confidence_factor(k, risk) for k in range(len(known))]
    assert [str(one.quantize(Decimal("0.001"))) for one in found] == known


def test_factors_agree_with_another_way_to_them() -> None:
    from scipy.stats import chi2, norm

    for risk in ("0.01", "0.05", "0.1", "0.23", "0.37", "0.5"):
        for count in (0, 1, 2, 5, 20, 100):
            other = chi2.ppf(1 - float(risk), 2 * (count + 1)) / 2
            assert abs(float(confidence_factor(count, Decimal(risk))) - other) < 2e-6
        assert abs(float(normal_quantile(Decimal(risk))) - norm.ppf(1 - float(risk))) < 2e-6


def test_expansion_factors_are_those_of_the_next_lower_listed_risk() -> None:
    assert [str(expansion_factor(risk)) for risk, _ in EXPANSION] == [
        "1.9", "1.6", "1.5", "1.4", "1.3", "1.25", "1.2", "1.15", "1.0",
    ]  # fmt: skip
    assert expansion_factor(Decimal("0.0999")) == Decimal("1.6")
    for risk in ("0.009", "0.51"):
        with pytest.raises(ValueError, match="risk"):
            expansion_factor(Decimal(risk))
        with pytest.raises(ValueError, match="risk"):
            confidence_factor(0, Decimal(risk))


def test_the_golden_plan() -> None:
    golden = (2_500_000, 125_000, 27_722, Decimal("3.0"), Decimal("1.6"))
    size = planned(*golden)
    assert f"{float(size.raw):.4f}" == "93.0004"
    assert (size.count, size.interval) == (93, 26_882)
    in_cents = planned(250_000_000, 12_500_000, 2_772_200, *golden[3:])
    assert (in_cents.count, in_cents.interval) == (93, 2_688_172)
    assert planned(1_000, 1_000, 0, Decimal("93.001"), Decimal(1)).count == 94
    for book, tolerable, expected in ((0, 10, 0), (10, 0, 0), (10, 10, 10), (10, 10, -1)):
        with pytest.raises(CannotPlan):
            planned(book, tolerable, expected, Decimal(3), Decimal("1.6"))


amounts = st.lists(st.integers(-5, 60), min_size=1, max_size=14)


def listed(values: list[int]) -> list[Item]:
    return [Item(f"P-{place:02d}", value) for place, value in enumerate(values)]


@settings(deadline=None)
@given(amounts, st.integers(1, 40))
def test_chances_are_proportional_over_all_starts(values: list[int], interval: int) -> None:
    items = listed(values)
    taken: Counter[str] = Counter()
    for start in range(1, interval + 1):
        chosen = by_monetary_unit(items, interval, start)
        keys = [one.item.key for one in chosen]
        assert len(set(keys)) == len(keys)
        taken.update(keys)
        drawn = [one for one in chosen if one.why is Why.INTERVAL]
        assert [one.point for one in drawn] == [start + interval * i for i in range(len(drawn))]
        assert all(one.first <= one.point <= one.last for one in drawn)  # type: ignore[operator]
        units = sum(one.amount for one in items if 0 < one.amount < interval)
        assert len(drawn) == (units - start) // interval + 1 if units >= start else not drawn
    for one in items:
        certain = one.amount >= interval or one.amount <= 0
        assert taken[one.key] == (interval if certain else one.amount)


def test_large_negative_and_zero_items_stand_apart() -> None:
    chosen = by_monetary_unit(listed([5, -3, 100, 0, 20, 4]), 20, 7)
    assert [(one.item.amount, one.why) for one in chosen] == [
        (100, Why.TOP), (20, Why.TOP), (4, Why.INTERVAL), (-3, Why.NEGATIVE), (0, Why.ZERO),
    ]  # fmt: skip
    assert (chosen[2].first, chosen[2].last, chosen[2].point) == (6, 9, 7)
    with pytest.raises(ValueError, match="start"):
        by_monetary_unit(listed([5]), 20, 21)


def test_numbers_can_be_worked_out_by_hand() -> None:
    by_hand = int(sha256(b"2026-audit:start:0").hexdigest(), 16)
    assert random_start("2026-audit", 2_688_172) == 1 + by_hand % 2_688_172
    assert {below(str(seed), "start", 3) for seed in range(40)} == {0, 1, 2}
    # More than half of 2^256 is refused at first, so that the rest is not likelier.
    found = [below(str(seed), "start", (1 << 255) + 1) for seed in range(60)]
    assert any(one != int(sha256(f"{seed}:start:0".encode()).hexdigest(), 16) % ((1 << 255) + 1)
               for seed, one in enumerate(found))  # fmt: skip
    assert all(0 <= one <= 1 << 255 for one in found)


@settings(deadline=None)
@given(amounts, st.data())
def test_random_samples_do_not_hang_on_order(values: list[int], data: st.DataObject) -> None:
    items = listed(values)
    count = data.draw(st.integers(0, len(items)))
    chosen = at_random(items, count, "seed")
    assert len(chosen) == count
    turned = at_random(items[::-1], count, "seed")
    assert {one.item for one in chosen} == {one.item for one in turned}
    larger = at_random(items, min(count + 1, len(items)), "seed")
    assert {one.item for one in chosen} <= {one.item for one in larger}


def test_every_item_has_the_same_chance() -> None:
    items = listed([1] * 5)
    taken = Counter(one.item.key for seed in range(2_000) for one in at_random(items, 2, str(seed)))
    assert all(abs(taken[one.key] - 800) < 90 for one in items)  # four standard deviations


@settings(deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=60), st.data())
def test_allocation_gives_all_and_no_more_than_there_is(
    values: list[int], data: st.DataObject
) -> None:
    strata = banded(listed(values), [50, 200])
    assert sum(map(len, strata.values())) == len(values)
    least = sum(min(2, len(one)) for one in strata.values())
    count = data.draw(st.integers(least, len(values)))
    for weights in (proportional(strata), neyman(strata)):
        given_ = allocated(strata, weights, count)
        assert sum(given_.values()) == count
        assert all(min(2, len(one)) <= given_[name] <= len(one) for name, one in strata.items())
    with pytest.raises(ValueError, match="spread"):
        allocated(strata, proportional(strata), len(values) + 1)


def test_neyman_takes_more_where_amounts_differ_more() -> None:
    strata = banded(listed([10] * 20 + [100 * i for i in range(1, 21)]), [100])
    assert neyman(strata) == {"1": 0, "2": 20 * 576 + 12}
    assert allocated(strata, neyman(strata), 12) == {"1": 2, "2": 10}
    assert allocated(strata, proportional(strata), 12) == {"1": 6, "2": 6}


def test_an_evaluation_worked_out_by_hand() -> None:
    # Interval 1,000.00; taints 50 %, 20 % and one large item 300.00 too high.
    tested = [
        Audited("A", 10_000, 5_000), Audited("B", 50_000, 40_000), Audited("C", 70_000, 70_000),
        Audited("D", 250_000, 220_000, is_top=True), Audited("E", 20_000, 22_000),
        Audited("F", 150_000, 151_000, is_top=True),
    ]  # fmt: skip
    found = evaluated(tested, 100_000, FIVE)
    over = found.over
    assert (over.top, over.projected, over.likely) == (30_000, 70_000, 100_000)
    assert over.basic_precision == 299_573  # 2.995732 x 1,000.00
    assert [(one.key, one.rank, one.taint) for one in over.lines] == [
        ("A", 1, Fraction(1, 2)), ("B", 2, Fraction(1, 5)),
    ]  # fmt: skip
    # (4.743865 - 2.995732 - 1) x 50 % x 1,000 = 374.07; (6.295794 - 4.743865 - 1) x 20 % = 110.39
    assert [one.allowance for one in over.lines] == [37_407, 11_039]
    assert over.upper == 100_000 + 299_573 + 37_407 + 11_039
    assert found.is_accepted(448_019)
    assert not found.is_accepted(448_018)
    assert (found.under.top, found.under.likely) == (1_000, 11_000)
    assert evaluated(tested[3:4], 100_000, FIVE, was_sampled=False).over.upper == 30_000
    assert evaluated([], 100_000, TEN).over.upper == 230_259  # 2.302585 x 1,000.00


def test_differences_are_estimated_with_their_limits() -> None:
    # One stratum of 100, four tested: mean 10, variance 200, error sqrt(100 x 96 / 4 x 200).
    found = estimated([Stratum("1", 100, (0, 0, 10, 30))], FIVE)
    assert (found.likely, found.standard_error) == (1_000, 693)
    assert (found.lower, found.upper) == (-140, 2_140)
    assert found.is_accepted(2_140)
    assert not found.is_accepted(2_139)
    whole = estimated([Stratum("1", 2, (5, 7)), Stratum("2", 1, (1,))], FIVE)
    assert (whole.lower, whole.likely, whole.upper) == (13, 13, 13)
    for tested in ((), (1,), (1, 2, 3, 4)):
        with pytest.raises(ValueError, match="two items"):
            estimated([Stratum("1", 3, tested)], FIVE)
