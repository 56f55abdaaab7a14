"""Whether stated minimums can still be met, against trying every set of proposals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops.decisions import minimums as module
from fundops.decisions.limits import Limit
from fundops.decisions.line import Candidate, Terms, draw_line
from fundops.decisions.minimums import minimums_of
from tests.decisions.pure import (
    a_candidate,
    candidate_lists,
    lot_lists,
    money_for,
    most_by_trying,
    terms_of_calls,
)

NEPAL = Limit("country", "NP", min_share_ppm=300_000)
OBJECTIVE = Limit("objective", "7", min_share_ppm=200_000)


def told(candidates: list[Candidate], terms: Terms, above: list[Candidate]) -> list[object]:
    """Return of each minimum what was reached, whether it can be met, and what will be missed."""
    found = minimums_of(candidates, terms, above)
    return [(one.reached_minor, one.can_be_met, one.missed_minor) for one in found]


def test_a_minimum_is_met_in_reach_or_missed_by_so_much() -> None:
    kenya, small = a_candidate(1, 60), a_candidate(2, 10, country="NP")
    large = a_candidate(3, 35, country="NP")
    terms = Terms(100, limits=(NEPAL,))
    assert told([kenya, small, large], terms, [kenya, large]) == [(35, True, 0)]
    assert told([kenya, small, large], terms, [kenya]) == [(0, True, 0)]
    # Beside the small one the large one does not fit any more.
    assert told([kenya, small, large], terms, [kenya, small]) == [(10, False, 20)]
    assert told([kenya, small], terms, [kenya]) == [(0, False, 20)]
    # What nobody proposed for is missed as well, by all of it.
    assert told([kenya], terms, [kenya]) == [(0, False, 30)]
    unscored = Candidate(large.item, large.code, None)
    assert told([kenya, unscored], terms, [kenya]) == [(0, False, 30)]


def test_earlier_awards_count_and_maximums_are_no_minimums() -> None:
    made = a_candidate(9, 30, country="NP").item
    terms = Terms(100, limits=(NEPAL, Limit("party", None, max_count=1)), spent=(made,))
    assert told([a_candidate(1, 60)], terms, []) == [(30, True, 0)]


@settings(max_examples=50, deadline=None)
@given(candidate_lists(), terms_of_calls(), lot_lists, st.sampled_from([0, 15]), st.integers(0, 6))
def test_no_set_places_more_under_a_minimum(
    candidates: list[Candidate],
    terms: Terms,
    lots: list[tuple[str | None, int]],
    held: int,
    first: int,
) -> None:
    terms = replace(terms, limits=(*terms.limits, NEPAL, OBJECTIVE))
    money = money_for(candidates, lots, held)
    line = draw_line(candidates, terms, fundable=money.pays, free_minor=money.free_minor)
    # Of whatever is taken as given, the first few of those above the line for one.
    above = line.above[:first]
    for found in minimums_of(candidates, terms, above, money):
        most = most_by_trying(candidates, terms, above, found.limit, money)
        missed = max(0, found.target_minor - most)
        assert (found.can_be_met, found.missed_minor) == (not missed, missed)


@pytest.mark.slow
def test_a_report_that_forgot_the_proposals_left_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_most", lambda *_: 0)
    with pytest.raises(AssertionError):
        test_no_set_places_more_under_a_minimum()
