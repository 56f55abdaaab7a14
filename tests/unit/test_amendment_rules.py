"""Amendments: how much they change, and whose approval that takes. Pure functions."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.grants.agreement_content import Agreed, Line, Result, difference, read, stored
from fundops.grants.amendment_rules import (
    MAY_CHANGE,
    Band,
    approvals_needed,
    measured,
    months_added,
    share_bp,
    still_needed,
)
from fundops.grants.amendment_terms import thresholds_of
from fundops.grants.policy import sample
from fundops.roles import Role
from tests.grants.amendment_bands import SAMPLE

MANAGER, APPROVER = Role.FUND_MANAGER, Role.APPROVER


def agreed(*lines: tuple[str, int], target: int = 40, **over: object) -> Agreed:
    parts = tuple(Line(category, "For it", {4: 60, 1: 40}, minor) for category, minor in lines)
    values: dict[str, object] = {
        "title": "Houses", "language": "en", "starts_on": date(2026, 4, 1),
        "ends_on": date(2027, 3, 31), "amount_minor": sum(minor for _, minor in lines),
        "special_conditions": None, "lines": parts, "results": (Result("4.4", 0, target),),
    }  # fmt: skip
    return Agreed(**(values | over))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "measure", "roles", "by_notice"),
    [
        ("no_cost_extension", 3, (MANAGER,), False),
        ("no_cost_extension", 4, (APPROVER, MANAGER), False),
        ("reallocation", 0, (MANAGER,), True),
        ("reallocation", 1_000, (MANAGER,), True),
        ("reallocation", 1_001, (MANAGER,), False),
        ("reallocation", 2_001, (APPROVER, MANAGER), False),
        ("cost_extension", 1, (APPROVER, MANAGER), False),
        ("administrative", 0, (MANAGER,), True),
    ],
)
def test_thresholds_decide(
    kind: str, measure: int, roles: tuple[Role, ...], by_notice: bool
) -> None:
    needed = approvals_needed(kind, measure, SAMPLE)
    assert (needed.roles, needed.by_notice) == (roles, by_notice)


def test_thresholds_are_data() -> None:
    strict = {"results": (Band(None, (MANAGER, MANAGER)),)}
    assert approvals_needed("results", 0, strict).roles == (MANAGER, MANAGER)
    assert still_needed([MANAGER, MANAGER], [MANAGER]) == [MANAGER]
    assert still_needed([MANAGER, APPROVER], [APPROVER, APPROVER]) == [MANAGER]
    with pytest.raises(ValueError, match="no end"):
        approvals_needed("results", 11, {"results": (Band(10, (MANAGER,)),)})
    assert SAMPLE.keys() == MAY_CHANGE.keys()


def test_a_share_is_never_rounded_under_a_threshold() -> None:
    assert share_bp(90_00, 900_00) == 1_000
    assert share_bp(90_01, 900_00) == 1_001
    assert share_bp(1, 10**15) == 1


def test_begun_months_count_in_full() -> None:
    assert months_added(date(2027, 3, 31), date(2027, 6, 30)) == 3
    assert months_added(date(2027, 3, 15), date(2027, 6, 16)) == 4
    assert months_added(date(2027, 3, 31), date(2027, 3, 31)) == 0


def test_what_moves_is_measured_by_category_and_objective() -> None:
    base = agreed(("A", 600), ("E", 300), ("G", 100))
    moved = agreed(("A", 500), ("E", 350), ("G", 150))
    assert measured("reallocation", base, moved) == 1_000
    tagged = agreed(("A", 600), ("E", 300), ("G", 100), lines=(
        Line("A", "For it", {1: 100}, 600), *base.lines[1:],
    ))  # fmt: skip
    assert measured("reallocation", base, tagged) == 3_600  # 60 % of 600 of 1,000
    assert measured("cost_extension", base, agreed(("A", 1_100))) == 1_000
    assert measured("results", base, agreed(("A", 1_000), target=30)) == 2_500
    assert measured("results", base, agreed(("A", 1_000), target=90)) == 0
    assert measured("administrative", base, base) == 0


amounts = st.lists(
    st.tuples(st.sampled_from("ABCDEFG"), st.integers(0, 10**12)), min_size=1, max_size=8
)


@given(amounts, amounts)
def test_a_difference_tells_all_of_both(
    first: list[tuple[str, int]], second: list[tuple[str, int]]
) -> None:
    before, after = agreed(*first), agreed(*second)
    pairs = difference(before, after).lines
    lost = sum(was.amount_minor for was, _ in pairs if was)
    gained = sum(now.amount_minor for _, now in pairs if now)
    assert before.amount_minor - lost + gained == after.amount_minor
    assert difference(before, before).parts() == set()


@given(amounts)
def test_a_text_says_what_it_was_made_of(parts: list[tuple[str, int]]) -> None:
    made = agreed(*parts, amount_minor=max(sum(minor for _, minor in parts), 1))
    content, sha256 = stored(made, grant="GRT-2026-0001", number=1, currency="USD")
    assert read(content) == made
    assert stored(read(content), grant="GRT-2026-0001", number=1, currency="USD")[1] == sha256
    assert sum(made.by_objective().values()) == sum(minor for _, minor in parts)


def test_a_policy_s_bands_are_measured_as_amendments_are() -> None:
    bands = thresholds_of(sample(uuid4(), "USD").amendments)
    small, large = bands["reallocation"]
    assert (small.up_to, small.roles, small.by_notice) == (1_500, (Role.GRANT_OFFICER,), True)
    assert (large.up_to, large.roles, large.by_notice) == (None, (Role.FUND_MANAGER,), False)
    assert bands["no_cost_extension"][0].up_to == 6
    assert bands["cost_extension"][0].roles == (Role.FUND_MANAGER, Role.APPROVER)
