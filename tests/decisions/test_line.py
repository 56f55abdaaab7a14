"""The funding line: who is above it, what stops the rest, and ties that nothing breaks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fundops.decisions import line as module
from fundops.decisions.limits import Limit, limits_of
from fundops.decisions.line import Candidate, Hindrance, Line, Place, Reason, Terms, draw_line
from tests.decisions.pure import a_candidate, candidate_lists, keeps, money_for, terms_of_calls


def places(line: Line) -> dict[str, tuple[str, str | None]]:
    """Return each proposal's place and reason by the number in its code."""
    return {
        s.candidate.code[-1]: (str(s.place), s.reason and str(s.reason)) for s in line.standings
    }


def test_money_goes_down_the_list_until_one_does_not_fit() -> None:
    line = draw_line([a_candidate(n, 40) for n in (1, 2, 3)] + [a_candidate(4, 20)], Terms(100))
    assert places(line) == {
        "1": ("above", None),
        "2": ("above", None),
        "3": ("below", "envelope"),
        "4": ("below", "ended"),
    }
    assert [s.hindrance and s.hindrance.asked_minor for s in line.standings] == [None, None, 40, 40]
    assert line.ended_by is not None
    assert (line.ended_by.reason, line.ended_by.left_minor) == (Reason.ENVELOPE, 20)
    assert [s.fits_still for s in line.standings] == [False, False, False, True]
    assert (line.awarded_minor, line.left_minor) == (80, 20)


def test_floor_ceiling_and_limits_skip_and_the_line_goes_on() -> None:
    limits = (Limit("country", None, max_share_ppm=500_000), Limit("party", None, max_count=1))
    line = draw_line(
        [
            a_candidate(1, 4),
            a_candidate(2, 90),
            a_candidate(3, 30, party=7),
            a_candidate(4, 25, country="KE"),
            a_candidate(5, 10, country="NP", party=7),
            a_candidate(6, 40, country="UA"),
        ],
        Terms(100, 5, 80, limits),
    )
    assert places(line) == {
        "1": ("skipped", "floor"),
        "2": ("skipped", "ceiling"),
        "3": ("above", None),
        "4": ("skipped", "limit"),
        "5": ("skipped", "limit"),
        "6": ("above", None),
    }
    breaches = [s.breach for s in line.standings if s.breach is not None]
    assert [(b.limit.dimension, b.kind, b.code) for b in breaches] == [
        ("country", "amount", "KE"),
        ("party", "count", str(UUID(int=7))),
    ]
    assert breaches[0].used_minor == 55
    assert breaches[0].allowed_minor == 50
    assert "55.00 USD" not in breaches[0].sentence("USD")
    assert "0.55 USD" in breaches[0].sentence("USD")


def test_a_tie_across_the_line_is_shown_and_not_broken() -> None:
    tied = [a_candidate(1, 50, rank=1), a_candidate(2, 30, rank=2), a_candidate(3, 30, rank=2)]
    line = draw_line([*tied, a_candidate(4, 10, rank=4)], Terms(100))
    assert places(line) == {
        "1": ("above", None),
        "2": ("tied", "tie"),
        "3": ("tied", "tie"),
        "4": ("below", "ended"),
    }
    assert [c.code for c in line.tie] == ["PRP-0002", "PRP-0003"]
    assert line.left_minor == 50
    decided = draw_line([*tied, a_candidate(4, 10, rank=4)], Terms(100), chosen=[tied[2].id])
    assert places(decided)["3"] == ("above", None)
    assert places(decided)["2"] == ("below", "envelope")


def test_a_tie_that_fits_whole_is_no_tie_across_the_line() -> None:
    line = draw_line([a_candidate(1, 50, rank=1), a_candidate(2, 50, rank=1)], Terms(100))
    assert places(line) == {"1": ("above", None), "2": ("above", None)}
    assert line.tie == ()


def test_a_tie_under_a_limit_is_not_broken_either() -> None:
    limits = (Limit("country", "KE", max_count=1),)
    line = draw_line(
        [a_candidate(1, 10, rank=1), a_candidate(2, 10, rank=1)], Terms(None, limits=limits)
    )
    assert {place for place, _ in places(line).values()} == {"tied"}


def test_a_minimum_keeps_money_for_those_it_is_for() -> None:
    limits = (Limit("country", "NP", min_share_ppm=300_000),)
    line = draw_line(
        [
            a_candidate(1, 50),
            a_candidate(2, 40),
            a_candidate(3, 20),
            a_candidate(4, 25, country="NP"),
        ],
        Terms(100, limits=limits),
    )
    assert places(line)["2"] == ("skipped", "minimum")
    assert places(line)["3"] == ("above", None)
    assert places(line)["4"] == ("above", None)
    assert (line.left_minor, line.kept_back_minor) == (5, 0)
    # Nothing is kept for a country that nobody proposed for.
    alone = draw_line([a_candidate(1, 50), a_candidate(2, 40)], Terms(100, limits=limits))
    assert {place for place, _ in places(alone).values()} == {"above"}


def test_earmarks_skip_what_no_money_is_for() -> None:
    candidates = [
        a_candidate(1, 30, country="KE"),
        a_candidate(2, 30, country="NP"),
        a_candidate(3, 30, country="UA"),
    ]
    money = money_for(candidates, [("KE", 40), ("NP", 20), (None, 30)])
    line = draw_line(candidates, Terms(100), fundable=money.pays)
    # All three are fundable one by one; after Nepal has taken of the flexible money, Ukraine lacks.
    assert places(line) == {
        "1": ("above", None),
        "2": ("above", None),
        "3": ("skipped", "earmarks"),
    }
    assert money.pays(line.above)


def test_earlier_awards_count_against_envelope_and_limits() -> None:
    made = a_candidate(9, 60).item
    limits = (Limit("country", "KE", max_share_ppm=700_000),)
    line = draw_line(
        [a_candidate(1, 20), a_candidate(2, 35, country="NP")],
        Terms(100, limits=limits, spent=(made,)),
    )
    assert places(line) == {"1": ("skipped", "limit"), "2": ("above", None)}
    assert line.left_minor == 5


def test_too_little_money_ends_the_line_as_too_small_an_envelope_does() -> None:
    tied = [a_candidate(2, 30, rank=2), a_candidate(3, 30, rank=2)]
    candidates = [a_candidate(1, 50), *tied, a_candidate(4, 10, rank=4), a_candidate(5, 90, rank=5)]
    line = draw_line(candidates, Terms(150), free_minor=90)
    assert places(line) == {
        "1": ("above", None),
        "2": ("tied", "tie"),
        "3": ("tied", "tie"),
        "4": ("below", "ended"),
        "5": ("below", "cash"),
    }
    assert [s.hindrance for s in line.standings[1:]] == [
        Hindrance(Reason.CASH, 60, 40),
        Hindrance(Reason.CASH, 60, 40),
        Hindrance(Reason.CASH, 60, 40),
        Hindrance(Reason.CASH, 90, 40),
    ]
    assert [s.candidate.code[-1] for s in line.refused] == ["2", "3"]
    assert (line.left_minor, line.free_minor) == (100, 40)
    decided = draw_line(candidates, Terms(150), chosen=[tied[0].id], free_minor=90)
    assert places(decided)["3"] == ("below", "cash")
    assert places(decided)["4"] == ("below", "ended")
    assert decided.ended_by == Hindrance(Reason.CASH, 30, 10)


def test_the_smaller_of_envelope_and_money_is_what_binds() -> None:
    candidates = [a_candidate(1, 50), a_candidate(2, 80)]
    for envelope, free, reason, left in (
        (100, 90, Reason.CASH, 40),
        (90, 100, Reason.ENVELOPE, 40),
        (90, 90, Reason.ENVELOPE, 40),
        (None, 90, Reason.CASH, 40),
        (90, None, Reason.ENVELOPE, 40),
    ):
        line = draw_line(candidates, Terms(envelope), free_minor=free)
        assert line.standings[1].hindrance == Hindrance(reason, 80, left)
        assert bool(line.refused) == (reason is Reason.CASH)


def test_a_tie_says_what_keeps_it_from_being_funded_whole() -> None:
    tied = [a_candidate(1, 30, rank=1), a_candidate(2, 30, rank=1)]
    limits = (Limit("country", "KE", max_amount_minor=40),)
    by_limit = draw_line(tied, Terms(100, limits=limits), free_minor=100)
    assert {(s.place, s.hindrance and s.hindrance.reason) for s in by_limit.standings} == {
        (Place.TIED, Reason.LIMIT)
    }
    assert not by_limit.refused
    money = money_for(tied, [("KE", 30), ("NP", 50)])
    by_earmarks = draw_line(tied, Terms(100), fundable=money.pays, free_minor=money.free_minor)
    assert {s.hindrance for s in by_earmarks.standings} == {Hindrance(Reason.EARMARKS, 60)}
    assert len(by_earmarks.refused) == 2


def test_below_the_line_earmarks_are_asked_as_well() -> None:
    """Nothing is said to fit still for which no money is."""
    candidates = [a_candidate(1, 90), a_candidate(2, 30), a_candidate(3, 5, country="NP")]
    money = money_for(candidates, [("KE", 200)])
    line = draw_line(candidates, Terms(100), fundable=money.pays, free_minor=money.free_minor)
    assert places(line)["2"] == ("below", "envelope")
    assert places(line)["3"] == ("skipped", "earmarks")


def plainly(
    candidates: Sequence[Candidate], terms: Terms, cash: int | None = None
) -> dict[UUID, Place]:
    """Return every place by the rules as they are stated, on lists and sums alone."""
    above: list[Candidate] = []

    def goes(chosen: Sequence[Candidate]) -> bool:
        total = sum(one.item.amount_minor for one in chosen)
        return keeps(terms, chosen) and (cash is None or total <= cash)

    found: dict[UUID, Place] = {c.id: Place.UNRANKED for c in candidates if c.rank is None}
    is_over = False
    for rank in sorted({c.rank for c in candidates if c.rank is not None}):
        rest = []
        for c in (one for one in candidates if one.rank == rank):
            bare = Terms(None, terms.floor_minor, terms.ceiling_minor, ())
            limited = Terms(terms.envelope_minor, None, None, terms.limits)
            shares_kept = all(
                keeps(Terms(terms.envelope_minor, limits=(limit,)), [*above, c])
                or sum(x.item.amount_minor for x in [*above, c]) > (terms.envelope_minor or 10**9)
                for limit in limited.limits
            )
            fits = sum(x.item.amount_minor for x in [*above, c]) <= (
                10**9 if terms.envelope_minor is None else terms.envelope_minor
            )
            if not keeps(bare, [c]) or (fits and not shares_kept) or not maximums(terms, above, c):
                found[c.id] = Place.SKIPPED
            else:
                rest.append(c)
        whole = not is_over and goes([*above, *rest])
        if whole:
            above += rest
            found.update({c.id: Place.ABOVE for c in rest})
        elif rest:
            some = any(goes([*above, c]) for c in rest)
            place = Place.TIED if some and len(rest) > 1 and not is_over else Place.BELOW
            found.update({c.id: place for c in rest})
            is_over = True
    return found


def maximums(terms: Terms, above: Sequence[Candidate], one: Candidate) -> bool:
    """Say whether one more keeps every maximum, the envelope itself apart."""
    wide = Terms(10**9, limits=tuple(_absolute(limit, terms) for limit in terms.limits))
    mine = [*above, one]
    return all(keeps(Terms(10**9, limits=(limit,)), mine) for limit in wide.limits)


def _absolute(limit: Limit, terms: Terms) -> Limit:
    most = limit.most_minor(terms.envelope_minor)
    return Limit(limit.dimension, limit.code, max_amount_minor=most, max_count=limit.max_count)


@settings(max_examples=100)
@given(candidate_lists(), terms_of_calls(), st.one_of(st.none(), st.integers(0, 120)), st.randoms())
def test_the_line_is_what_the_rules_say(
    candidates: list[Candidate], terms: Terms, cash: int | None, order: random.Random
) -> None:
    line = draw_line(candidates, terms, free_minor=cash)
    assert {s.candidate.id: s.place for s in line.standings} == plainly(candidates, terms, cash)
    assert keeps(terms, line.above)
    check_amounts(line, terms, cash)
    shuffled = list(candidates)
    order.shuffle(shuffled)
    assert draw_line(shuffled, terms, free_minor=cash) == line


def check_amounts(line: Line, terms: Terms, cash: int | None) -> None:
    """Check what is said to bind against plain sums."""
    given = sum(c.item.amount_minor for c in line.above)
    bounds = {Reason.ENVELOPE: terms.envelope_minor, Reason.CASH: cash}
    left = {reason: most - given for reason, most in bounds.items() if most is not None}
    for s in line.standings:
        amount, found = s.candidate.item.amount_minor, s.hindrance
        if s.place is Place.BELOW:
            assert s.fits_still == all(amount <= most for most in left.values())
        if s.place is Place.BELOW and not s.fits_still:
            assert found is not None
            assert s.reason is found.reason
            assert (found.asked_minor, found.left_minor) == (amount, min(left.values()))
            assert left.get(found.reason) == min(left.values())
        if s.place is Place.TIED:
            together = sum(c.item.amount_minor for c in line.tie)
            assert found is not None
            is_much = any(together > most for most in left.values())
            assert is_much == (found.reason in bounds)
            assert found.asked_minor == together


@settings(max_examples=100)
@given(candidate_lists(4), st.integers(0, 60))
@example([a_candidate(1, 30, rank=1), a_candidate(2, 30, rank=1)], 30)
def test_what_is_above_never_hangs_on_how_ties_are_written(
    candidates: list[Candidate], envelope: int
) -> None:
    """Whatever the codes of tied proposals, the same ones are funded."""
    expected = {c.id for c in draw_line(candidates, Terms(envelope)).above}
    for names in itertools.permutations([c.code for c in candidates]):
        renamed = [
            Candidate(c.item, name, c.rank, c.score)
            for c, name in zip(candidates, names, strict=True)
        ]
        assert {c.id for c in draw_line(renamed, Terms(envelope)).above} == expected


def test_a_line_that_broke_ties_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_by_one(
        candidates: Sequence[Candidate], _chosen: frozenset[UUID]
    ) -> list[list[Candidate]]:
        ranked = [c for c in candidates if c.rank is not None]
        return [[c] for c in sorted(ranked, key=lambda c: (c.rank or 0, c.code))]

    monkeypatch.setattr(module, "_groups", one_by_one)
    with pytest.raises(AssertionError):
        test_a_tie_across_the_line_is_shown_and_not_broken()
    with pytest.raises(AssertionError):
        test_what_is_above_never_hangs_on_how_ties_are_written()


def test_a_line_that_named_the_wrong_bound_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = module._Drawing._too_much

    def envelope_only(self: module._Drawing, group: Sequence[Candidate]) -> Hindrance | None:
        found = real(self, group)
        return found and Hindrance(Reason.ENVELOPE, found.asked_minor, found.left_minor)

    monkeypatch.setattr(module._Drawing, "_too_much", envelope_only)
    with pytest.raises(AssertionError):
        test_the_line_is_what_the_rules_say()


def test_limits_are_read_as_a_call_states_them() -> None:
    stored = (
        '[{"dimension":"region","code":"014","min_share":"0.2"},'
        '{"dimension":"party","code":null,"max_count":1},'
        '{"dimension":"objective","code":"4","max_share":"0.5","max_amount":"1000.00"}]'
    )
    assert limits_of(stored, "USD") == [
        Limit("region", "014", min_share_ppm=200_000),
        Limit("party", None, max_count=1),
        Limit("objective", "4", max_share_ppm=500_000, max_amount_minor=100_000),
    ]


def test_objectives_are_shared_out_to_the_cent() -> None:
    item = a_candidate(1, 100, objectives={1: 33, 4: 33, 7: 34}).item
    assert item.parts("objective") == {"1": 33, "4": 33, "7": 34}
    odd = a_candidate(1, 101, objectives={1: 33, 4: 33, 7: 34}).item
    assert sum(odd.parts("objective").values()) == 101


def test_an_unscored_proposal_is_named_and_never_funded() -> None:
    unscored = a_candidate(1, 10)
    line = draw_line([Candidate(unscored.item, unscored.code, None)], Terms(100))
    assert line.standings[0].place is Place.UNRANKED
    assert line.standings[0].reason is Reason.NO_SCORE
