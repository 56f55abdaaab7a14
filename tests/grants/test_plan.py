"""What a policy makes of a grant: every band of the sample, its bounds, and what always holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fundops.errors import Problem
from fundops.grants.plan import Plan, add_months, months_between, plan_for
from fundops.grants.policy import Policy, sample
from fundops.grants.policy_content import TIERS, PolicyContent, Tier

FUND = UUID(int=1)
POLICY = sample(FUND, "USD")
START = date(2026, 1, 1)
K250, CENT = 250_000_00, 1


def planned(
    tier: Tier, months: int, amount_minor: int, *, policy: Policy = POLICY, **over: Any
) -> Plan:
    """Return the plan of a grant of whole months from the first of January."""
    ends_on = add_months(START, months) - timedelta(days=1)
    return plan_for(policy, tier, months, amount_minor, START, ends_on, **over)


def percents(plan: Plan) -> list[int]:
    return [tranche.percent for tranche in plan.tranches]


def count(plan: Plan, kind: str) -> int:
    return sum(one.kind == kind for one in plan.requirements)


@pytest.mark.parametrize(
    ("tier", "months", "amount_minor", "expected"),
    [
        # The table of the sample: months below 7, to 12 and beyond; amounts to 250,000 and beyond.
        ("high", 1, 1_000_00, [60, 40]),
        ("high", 6, K250, [60, 40]),
        ("high", 6, K250 + CENT, [50, 50]),
        ("high", 7, K250, [40, 40, 20]),
        ("high", 7, K250 + CENT, [40, 30, 30]),
        ("high", 12, K250, [40, 40, 20]),
        ("high", 12, K250 + CENT, [40, 30, 30]),
        ("high", 13, K250, [40, 40, 20]),
        ("high", 120, K250 + CENT, [40, 30, 30]),
        ("medium", 6, K250, [100]),
        ("medium", 6, K250 + CENT, [80, 20]),
        ("medium", 7, K250, [80, 20]),
        ("medium", 7, K250 + CENT, [60, 40]),
        ("medium", 12, K250, [80, 20]),
        ("medium", 12, K250 + CENT, [60, 40]),
        ("medium", 24, K250, [80, 20]),
        ("low", 6, K250, [100]),
        ("low", 6, K250 + CENT, [100]),
        ("low", 12, K250, [100]),
        ("low", 12, K250 + CENT, [100]),
        ("low", 13, K250, [100]),
        ("low", 13, K250 + CENT, [80, 20]),
    ],
)
def test_tranches_follow_the_table(
    tier: Tier, months: int, amount_minor: int, expected: list[int]
) -> None:
    plan = planned(tier, months, amount_minor)
    assert percents(plan) == expected
    assert [tranche.number for tranche in plan.tranches] == list(range(1, len(expected) + 1))
    assert plan.tranches[0].waits_for == ()
    assert all(tranche.waits_for for tranche in plan.tranches[1:])


@pytest.mark.parametrize(
    ("tier", "yearly_minor", "visits", "spot_checks"),
    [
        ("low", 2_500_00, 0, 0),
        ("low", 2_500_01, 1, 0),
        ("high", 50_000_00, 1, 0),
        ("high", 50_000_01, 1, 1),
        ("high", 100_000_00, 1, 1),
        ("low", 100_000_01, 1, 1),
        ("medium", 100_000_01, 2, 1),
        ("high", 500_000_00, 3, 1),
        ("low", 500_000_01, 2, 1),
        ("medium", 500_000_01, 3, 1),
        ("high", 500_000_01, 4, 1),
    ],
)
def test_visits_and_spot_checks_follow_the_yearly_amount(
    tier: Tier, yearly_minor: int, visits: int, spot_checks: int
) -> None:
    plan = planned(tier, 12, yearly_minor)
    assert (count(plan, "visit"), count(plan, "spot_check")) == (visits, spot_checks)
    # Twice the amount over twice the time is as much a year, for twice as many years.
    longer = planned(tier, 24, 2 * yearly_minor)
    assert (count(longer, "visit"), count(longer, "spot_check")) == (2 * visits, 2 * spot_checks)
    # A grant of half a year is not taken for twice as much a year.
    assert count(planned(tier, 6, yearly_minor), "visit") == visits


def test_an_audit_is_due_from_50_000_on() -> None:
    assert count(planned("low", 12, 49_999_99), "audit") == 0
    audit = next(one for one in planned("low", 12, 50_000_00).requirements if one.kind == "audit")
    assert (audit.period_from_on, audit.period_to_on) == (START, date(2026, 12, 31))
    assert audit.due_on == date(2027, 3, 31)
    assert audit.rule == "/closing/audit_from"
    large = planned("low", 12, 600_000_00)
    assert [one.rule for one in large.requirements if one.kind == "audit"] == ["/assurance/6"]


def test_the_calendar_of_a_year_at_high_risk() -> None:
    plan = planned("high", 12, 100_000_00)
    reports = [
        (one.number, one.period_from_on, one.period_to_on, one.due_on, one.is_final)
        for one in plan.requirements
        if one.kind == "financial_report"
    ]
    assert reports == [
        (1, date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 30), False),
        (2, date(2026, 4, 1), date(2026, 6, 30), date(2026, 7, 30), False),
        (3, date(2026, 7, 1), date(2026, 9, 30), date(2026, 10, 30), False),
        (4, date(2026, 10, 1), date(2026, 12, 31), date(2027, 3, 1), True),
    ]
    assert [(one.amount_minor, one.due_on, one.waits_for) for one in plan.tranches] == [
        (40_000_00, date(2026, 1, 16), ()),
        (40_000_00, date(2026, 5, 15), (("financial_report", 1),)),
        (20_000_00, date(2026, 8, 14), (("narrative_report", 1), ("financial_report", 2))),
    ]
    assert plan.rule == "/modalities/9"


def test_an_emergency_has_one_tranche_and_one_short_report() -> None:
    for tier in TIERS:
        plan = planned(tier, 9, 20_000_00, is_emergency=True)
        assert percents(plan) == [100]
        assert [(one.kind, one.is_final) for one in plan.requirements] == [
            ("narrative_report", True)
        ]
        assert plan.requirements[0].due_on == date(2026, 10, 30)
        assert plan.rule == "/emergency"
    for months, amount_minor in ((9, 20_000_01), (10, 20_000_00)):
        with pytest.raises(Problem) as refused:
            planned("low", months, amount_minor, is_emergency=True)
        assert refused.value.slug == "conflict"


def test_a_grant_too_short_or_too_long_is_refused() -> None:
    day = START + timedelta(days=1)
    for ends_on, months in ((START, 1), (date(2036, 1, 31), 121)):
        assert months_between(START, ends_on) == months
        with pytest.raises(Problem) as refused:
            plan_for(POLICY, "high", months, 1_000_00, START, ends_on)
        assert refused.value.slug == "conflict"
    assert len(plan_for(POLICY, "high", 1, 1_000_00, START, day).tranches) == 2


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "months"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), 1),
        (date(2026, 1, 1), date(2026, 12, 31), 12),
        (date(2026, 1, 1), date(2027, 1, 1), 13),
        (date(2026, 1, 31), date(2026, 2, 27), 1),
        (date(2026, 1, 31), date(2026, 2, 28), 2),
        (date(2024, 2, 29), date(2025, 2, 27), 12),
        (date(2024, 2, 29), date(2025, 2, 28), 13),
    ],
)
def test_months_count_the_one_begun(starts_on: date, ends_on: date, months: int) -> None:
    assert months_between(starts_on, ends_on) == months


def test_amounts_too_small_to_split_are_paid_at_once() -> None:
    plan = planned("high", 12, 1)
    assert [(one.number, one.amount_minor, one.waits_for) for one in plan.tranches] == [(1, 1, ())]
    assert [one.amount_minor for one in planned("high", 12, 3).tranches] == [1, 1, 1]


def test_the_sample_fits_every_currency() -> None:
    assert sample(FUND, "JPY").emergency.ceiling_minor == 20_000
    assert sample(FUND, "KWD").emergency.ceiling_minor == 20_000_000


AMOUNTS = st.one_of(
    st.integers(1, 10**13),
    st.sampled_from([K250, K250 + 1, 2_500_00, 2_500_01, 50_000_00, 500_000_00, 500_000_01]),
)


def a_rule(chance: Random, tier: str) -> dict[str, Any]:
    """Return a rule of modalities by chance, be it possible or not."""
    shares = chance.choice([(100,), (60, 40), (50, 30, 20)])

    def rhythm() -> dict[str, int]:
        days = {"days_after_period": 30, "final_days_after_end": 60}
        often = chance.choice([("interim", 4), ("every_months", 9)])
        return {often[0]: chance.randint(often[1] // 9, often[1])} | days

    def awaited() -> list[dict[str, Any]]:
        kinds = chance.sample(["narrative_report", "financial_report"], chance.choice([1, 1, 2]))
        return [{"kind": kind, "number": chance.choice([1, 1, 2, 3])} for kind in kinds]

    return {
        "tier": tier,
        "months_up_to": chance.choice([3, 6, 9, 12, None]),
        "amount_up_to_minor": chance.choice([10, 1_000, 1_000_000, None]),
        "instalment_days": 5,
        "tranches": [
            {"percent": share, "waits_for": awaited() if place else ()}
            for place, share in enumerate(shares)
        ],
        "narrative": rhythm(),
        "financial": rhythm(),
    }


def accepted(tries: int) -> Iterator[PolicyContent]:
    """Yield the policies that are let in, of so many made by chance."""
    chance, whole = Random(20_260), POLICY.content.model_dump()
    others = [one for one in whole["modalities"] if one["tier"] != "low"]
    for _ in range(tries):
        low = [a_rule(chance, "low") for _ in range(chance.randint(1, 3))]
        low.append(a_rule(chance, "low") | {"months_up_to": None, "amount_up_to_minor": None})
        with suppress(ValidationError):
            yield PolicyContent.model_validate(whole | {"modalities": [*low, *others]})


def test_every_policy_that_is_let_in_can_be_kept() -> None:
    """Whatever rules are accepted, each grant finds one, and each tranche what it waits for."""
    tried = 0
    for policy in accepted(1_500):
        reached = set()
        for months in (1, 3, 4, 6, 7, 9, 10, 12, 13, 15):
            ends_on = add_months(START, months) - timedelta(days=1)
            for amount_minor in (1, 10, 11, 1_000, 1_001, 1_000_000, 1_000_001):
                plan = plan_for(policy, "low", months, amount_minor, START, ends_on)
                assert sum(one.amount_minor for one in plan.tranches) == amount_minor
                reached.add(plan.rule)
        assert len(reached) == sum(rule.tier == "low" for rule in policy.modalities)
        tried += 1
    assert tried > 40


@given(
    tier=st.sampled_from(TIERS),
    amount_minor=AMOUNTS,
    starts_on=st.dates(date(2020, 1, 1), date(2040, 12, 31)),
    days=st.integers(30, 3_600),
)
def test_tranches_sum_and_every_date_is_within_its_rule(
    tier: Tier, amount_minor: int, starts_on: date, days: int
) -> None:
    ends_on = starts_on + timedelta(days=days - 1)
    months = months_between(starts_on, ends_on)
    assert add_months(starts_on, months) > ends_on
    assert add_months(starts_on, months - 1) <= ends_on
    plan = plan_for(POLICY, tier, months, amount_minor, starts_on, ends_on)
    assert sum(tranche.amount_minor for tranche in plan.tranches) == amount_minor
    assert all(tranche.amount_minor > 0 for tranche in plan.tranches)
    due = {(one.kind, one.number): one.due_on for one in plan.requirements}
    assert len(due) == len(plan.requirements)
    assert starts_on <= plan.tranches[0].due_on
    for earlier, later in pairwise(plan.tranches):
        assert earlier.due_on <= later.due_on
    for tranche in plan.tranches:
        assert all(due[one] < tranche.due_on for one in tranche.waits_for)
    for kind in ("narrative_report", "financial_report", "visit", "spot_check"):
        ours = sorted(
            (one for one in plan.requirements if one.kind == kind), key=lambda o: o.number
        )
        assert [one.number for one in ours] == list(range(1, len(ours) + 1))
        if ours:  # the periods follow each other from the first day to the last
            assert (ours[0].period_from_on, ours[-1].period_to_on) == (starts_on, ends_on)
            for one, after in pairwise(ours):
                assert one.period_to_on + timedelta(days=1) == after.period_from_on
        assert all(one.period_from_on <= one.period_to_on <= one.due_on for one in ours)
        if kind.endswith("report"):
            assert [one.is_final for one in ours] == [False] * (len(ours) - 1) + [True]
    place = int(plan.rule.rpartition("/")[2])
    rule = POLICY.modalities[place]
    assert rule.tier == tier
    for bound, value in ((rule.months_up_to, months), (rule.amount_up_to_minor, amount_minor)):
        assert bound is None or value <= bound
