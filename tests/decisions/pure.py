"""What tests of the pure part of decisions make: candidates, positions, and slow, plain answers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from hypothesis import strategies as st

from fundops.allocation.earmarks import Dimension, Earmark, GrantFacts
from fundops.allocation.position import LotFacts, Position, Reservation
from fundops.decisions.limits import Item, Limit, an_item
from fundops.decisions.line import Candidate, Terms
from fundops.decisions.portfolio import Goal, Money

DAY = date(2026, 3, 1)
COUNTRIES = ("KE", "NP", "UA")


def a_candidate(
    number: int,
    amount: int,
    *,
    rank: int | None = None,
    score: int | None = 5_000,
    country: str = "KE",
    objectives: dict[int, int] | None = None,
    party: int | None = None,
) -> Candidate:
    """Return a candidate; by default ranked by its number, of a party of its own."""
    item = an_item(
        UUID(int=number), amount, country=country, region=None,
        objectives=objectives or {4: 100}, party_id=UUID(int=party or 1_000 + number), on=DAY,
    )  # fmt: skip
    return Candidate(item, f"PRP-{number:04d}", number if rank is None else rank, score)


def money_for(
    candidates: Sequence[Candidate], lots: Sequence[tuple[str | None, int]], held: int = 0
) -> Money:
    """Return a position of lots, each for one country or for all, and perhaps one grant of Kenya.

    That grant holds ``held`` on the first lot that is for all, where it may be moved from.
    """
    made = [
        LotFacts(
            UUID(int=5_000 + n), UUID(int=6_000 + n),
            Earmark(3, {Dimension.COUNTRY: {country}}) if country else Earmark(1), DAY, amount,
        )
        for n, (country, amount) in enumerate(lots)
    ]  # fmt: skip
    kenya = GrantFacts(UUID(int=9_999), "GRT-2026-0001", country="KE")
    free = next((lot for lot in made if lot.earmark.category == 1), None)
    reservations = [Reservation(kenya.id, free.id, held)] if free and held else []
    facts = {
        c.id: GrantFacts(c.id, c.code, frozenset(c.item.objectives), c.item.country, c.item.regions)
        for c in candidates
    }
    return Money(Position(made, reservations, [kenya] if reservations else []), facts, DAY)


def keeps(terms: Terms, chosen: Sequence[Candidate]) -> bool:
    """Say by plain sums whether a set keeps envelope, floor, ceiling and maximums."""
    items = [*terms.spent, *(c.item for c in chosen)]
    total = sum(item.amount_minor for item in items)
    if terms.envelope_minor is not None and chosen and total > terms.envelope_minor:
        return False
    for c in chosen:
        if terms.floor_minor is not None and c.item.amount_minor < terms.floor_minor:
            return False
        if terms.ceiling_minor is not None and c.item.amount_minor > terms.ceiling_minor:
            return False
    return all(_kept(limit, terms, items, chosen) for limit in terms.limits)


def _kept(limit: Limit, terms: Terms, items: Sequence[Item], chosen: Sequence[Candidate]) -> bool:
    mine = {code for c in chosen for code in codes_of(limit, c.item)}
    for code in mine:
        amounts = [codes_of(limit, item)[code] for item in items if code in codes_of(limit, item)]
        if limit.max_count is not None and len(amounts) > limit.max_count:
            return False
        if limit.max_amount_minor is not None and sum(amounts) > limit.max_amount_minor:
            return False
        share, envelope = limit.max_share_ppm, terms.envelope_minor
        if share is not None and envelope is not None and sum(amounts) * 10**6 > envelope * share:
            return False
    return True


def codes_of(limit: Limit, item: Item) -> dict[str, int]:
    """Return what of an item one limit counts, as the module says it does."""
    found = item.parts(limit.dimension, each=limit.code is None)
    return {c: m for c, m in found.items() if limit.code in (None, c)}


def best_by_trying(
    candidates: Sequence[Candidate], terms: Terms, goal: Goal, money: Money | None,
    must: frozenset[UUID] = frozenset(), not_: frozenset[UUID] = frozenset(),
) -> int | None:  # fmt: skip
    """Return the worth of the best set, by trying every one of them; none if no set will do."""
    best: int | None = None
    for size in range(len(candidates) + 1):
        for chosen in itertools.combinations(candidates, size):
            ids = {c.id for c in chosen}
            if not must <= ids or ids & not_ or not keeps(terms, chosen):
                continue
            if money is not None and chosen and not money.pays(chosen):
                continue
            worth = sum(goal.worth(c) for c in chosen)
            best = worth if best is None else max(best, worth)
    return best


def ways_to_be_best(
    candidates: Sequence[Candidate], terms: Terms, goal: Goal, money: Money | None
) -> int:
    """Return how many sets are worth as much as the best one, by trying every one of them."""
    worths = [
        sum(goal.worth(c) for c in chosen)
        for size in range(len(candidates) + 1)
        for chosen in itertools.combinations(candidates, size)
        if keeps(terms, chosen) and (money is None or not chosen or money.pays(chosen))
    ]
    return worths.count(max(worths))


def most_by_trying(
    candidates: Sequence[Candidate], terms: Terms, above: Sequence[Candidate], limit: Limit,
    money: Money | None,
) -> int:  # fmt: skip
    """Return the most that a scored set with all of ``above`` in it places under one limit."""
    scored = [c for c in candidates if c.rank is not None]
    return max(
        sum(sum(codes_of(limit, item).values()) for item in [*terms.spent, *(c.item for c in one)])
        for size in range(len(scored) + 1)
        for one in itertools.combinations(scored, size)
        if {c.id for c in above} <= {c.id for c in one}
        and keeps(terms, one)
        and (money is None or not one or money.pays(one))
    )


@st.composite
def candidate_lists(draw: st.DrawFn, most: int = 6) -> list[Candidate]:
    """Draw ranked candidates with ties, a few without a score."""
    size = draw(st.integers(0, most))
    found = []
    for number in range(1, size + 1):
        is_scored = draw(st.integers(0, 9)) > 0
        first = draw(st.sampled_from([100, 60, 34]))
        objectives = {4: first, 7: 100 - first} if first < 100 else {4: 100}
        made = a_candidate(
            number, draw(st.integers(1, 40)), rank=draw(st.integers(1, 5)),
            score=draw(st.integers(0, 100)), country=draw(st.sampled_from(COUNTRIES)),
            objectives=objectives, party=draw(st.integers(1, 3)),
        )  # fmt: skip
        found.append(made if is_scored else Candidate(made.item, made.code, None, None))
    return found


@st.composite
def terms_of_calls(draw: st.DrawFn) -> Terms:
    """Draw an envelope, a floor, a ceiling and some maximums."""
    limits = draw(
        st.lists(
            st.sampled_from(
                [
                    Limit("country", None, max_share_ppm=400_000),
                    Limit("country", "KE", max_amount_minor=35),
                    Limit("party", None, max_count=1),
                    Limit("objective", "7", max_share_ppm=150_000),
                    Limit("region", "002", max_count=2),
                ]
            ),
            max_size=3,
            unique=True,
        )
    )
    return Terms(
        draw(st.one_of(st.none(), st.integers(0, 120))),
        draw(st.sampled_from([None, 5])),
        draw(st.sampled_from([None, 30])),
        tuple(limits),
    )


lot_lists = st.lists(st.tuples(st.sampled_from([None, *COUNTRIES]), st.integers(1, 60)), max_size=4)
