"""An independent answer to small allocation questions, and the cases to ask about.

Nothing here uses the code under test except its input types: whether a lot admits a grant is
decided anew and plainly, and the best allocation is found by trying every one, lot by lot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from uuid import UUID

from hypothesis import strategies as st

from fundops.allocation.earmarks import Cap, Dimension, Earmark, GrantFacts
from fundops.allocation.position import CapGroup, LotFacts, Position, Reservation

TODAY = date(2026, 6, 15)
PAST, FUTURE = TODAY - timedelta(days=1), TODAY + timedelta(days=90)
COUNTRY, OBJECTIVE, CALL, GRANT = (
    Dimension.COUNTRY,
    Dimension.OBJECTIVE,
    Dimension.CALL,
    Dimension.GRANT,
)


def grant_id(number: int) -> UUID:
    return UUID(int=1000 + number)


def lot_id(number: int) -> UUID:
    return UUID(int=2000 + number)


def agreement_id(number: int) -> UUID:
    return UUID(int=3000 + number)


@dataclass(frozen=True)
class Case:
    """A position and the awards asked for."""

    position: Position
    awards: tuple[tuple[GrantFacts, int], ...]

    @property
    def grants(self) -> Mapping[UUID, GrantFacts]:
        known = {grant.id: grant for grant in self.position.grants}
        return known | {grant.id: grant for grant, _ in self.awards}


def naive_admits(lot: LotFacts, grant: GrantFacts) -> bool:
    mark = lot.earmark
    if any(day is not None and day < TODAY for day in (mark.spend_by_on, lot.spend_by_on)):
        return False
    own: dict[Dimension, set[int | str | None]] = {
        OBJECTIVE: set(grant.objectives),
        COUNTRY: {grant.country},
        CALL: {grant.call},
        GRANT: {grant.code},
    }
    for dimension, refused in mark.exclude.items():
        if own[dimension] & refused or (
            dimension is not CALL and own[dimension] in (set(), {None})
        ):
            return False
    return all(
        own[dimension] and own[dimension] <= wanted for dimension, wanted in mark.include.items()
    )


def naive_cap(lot: LotFacts, grant: GrantFacts) -> tuple[CapGroup, int] | None:
    facts = {COUNTRY: grant.country, CALL: grant.call, GRANT: grant.code}
    for cap in lot.earmark.caps:
        if facts[cap.dimension] == cap.value:
            return CapGroup(lot.agreement_id, cap.dimension, cap.value), cap.amount_minor
    return None


EARMARKS = (
    Earmark(1),
    Earmark(1, spend_by_on=PAST),
    Earmark(3, {COUNTRY: {"KE"}}),
    Earmark(2, {COUNTRY: {"KE", "UG"}}),
    Earmark(2, {OBJECTIVE: {1}}, spend_by_on=FUTURE),
    Earmark(2, exclude={COUNTRY: {"UG"}}),
    Earmark(4, {GRANT: {"GRT-1"}}),
    Earmark(3, {CALL: {"CALL-1"}}),
)
CAPPED = (
    Earmark(2, caps=(Cap(COUNTRY, "KE", 2),)),
    Earmark(2, caps=(Cap(COUNTRY, "KE", 1), Cap(COUNTRY, "UG", 3))),
    Earmark(2, {OBJECTIVE: {1}}, caps=(Cap(GRANT, "GRT-1", 1), Cap(GRANT, "GRT-2", 2))),
    Earmark(2, exclude={COUNTRY: {"UG"}}, caps=(Cap(CALL, "CALL-1", 2),)),
)


@st.composite
def grants_of(draw: st.DrawFn, number: int) -> GrantFacts:
    return GrantFacts(
        grant_id(number),
        f"GRT-{number}",
        objectives=draw(st.sampled_from([{1}, {2}, {1, 2}, set()])),
        country=draw(st.sampled_from(["KE", "UG", "NP", None])),
        call=draw(st.sampled_from(["CALL-1", None])),
    )


@st.composite
def lots_of(draw: st.DrawFn) -> list[LotFacts]:
    lots: list[LotFacts] = []
    for agreement in range(draw(st.integers(1, 3))):
        common = draw(st.sampled_from(EARMARKS + CAPPED))
        for _ in range(draw(st.integers(1, 2))):
            is_amended = not common.caps and draw(st.integers(0, 5)) == 0
            lots.append(
                LotFacts(
                    lot_id(len(lots)),
                    agreement_id(agreement),
                    draw(st.sampled_from(EARMARKS)) if is_amended else common,
                    TODAY - timedelta(days=draw(st.integers(0, 3))),
                    draw(st.integers(0, 3)),
                    spend_by_on=draw(st.sampled_from([None, None, None, FUTURE, PAST])),
                    is_pinned=draw(st.integers(0, 9)) == 0,
                )
            )
    return lots


@st.composite
def varied_cases(draw: st.DrawFn) -> Case:
    """Small questions of every kind, reservations that their lots no longer admit included."""
    lots = draw(lots_of())
    grants = [draw(grants_of(number)) for number in range(draw(st.integers(1, 4)))]
    pairs = [(grant, lot) for grant in grants for lot in lots]
    chosen = draw(
        st.lists(st.sampled_from(pairs), unique_by=lambda p: (p[0].id, p[1].id), max_size=5)
    )
    held = [
        Reservation(grant.id, lot.id, draw(st.integers(1, 3)), draw(st.integers(0, 7)) == 0)
        for grant, lot in chosen
    ]
    fresh = draw(grants_of(9))
    wanting = draw(st.lists(st.sampled_from([*grants, fresh]), min_size=1, max_size=2, unique=True))
    awards = tuple((grant, draw(st.integers(1, 4))) for grant in wanting)
    return Case(Position(lots, held, grants, draw(uses_of(lots, grants, held))), awards)


@st.composite
def uses_of(
    draw: st.DrawFn,
    lots: Sequence[LotFacts],
    grants: Sequence[GrantFacts],
    held: Sequence[Reservation],
) -> dict[CapGroup, int]:
    """What is reserved under each cap, and sometimes something paid."""
    amounts = {(h.grant_id, h.lot_id): h.amount_minor for h in held}
    used: dict[CapGroup, int] = {}
    for lot in lots:
        for grant in grants:
            capped = naive_cap(lot, grant)
            if capped is not None:
                amount = amounts.get((grant.id, lot.id), 0)
                used[capped[0]] = used.get(capped[0], 0) + amount
    return {group: amount + draw(st.sampled_from([0, 0, 1])) for group, amount in used.items()}


@st.composite
def crowded_cases(draw: st.DrawFn) -> Case:
    """Questions that free money alone seldom answers, with several ways to make room.

    Lots that may pay for the first award are held by others, and what is free lies elsewhere.
    """
    places = ("KE", "UG", "NP", "PE")
    wanting = [GrantFacts(grant_id(8 + n), f"GRT-{8 + n}", {1}, places[n]) for n in range(2)]
    grants = [
        GrantFacts(grant_id(n), f"GRT-{n}", {1}, draw(st.sampled_from(places))) for n in range(3)
    ]
    lots = [draw(crowded_lots(number, places)) for number in range(4)]
    held = [
        Reservation(grant.id, lot.id, draw(st.integers(1, 2)))
        for grant in grants
        for lot in lots
        if naive_admits(lot, grant) and draw(st.integers(0, 2))
    ]
    awards = tuple((grant, draw(st.integers(1, 2))) for grant in wanting)
    asked = awards[: draw(st.integers(1, 2))]
    return Case(Position(lots, held, grants, draw(uses_of(lots, grants, held))), asked)


@st.composite
def crowded_lots(draw: st.DrawFn, number: int, places: Sequence[str]) -> LotFacts:
    """Lots for some countries; nothing is free where the first one is admitted, as a rule."""
    named = draw(st.sets(st.sampled_from(places), min_size=1, max_size=3))
    caps = tuple(Cap(COUNTRY, c, 3) for c in sorted(named) if draw(st.integers(0, 9)) == 0)
    is_free = places[0] not in named or draw(st.integers(0, 3)) == 0
    return LotFacts(
        lot_id(number),
        agreement_id(number),
        Earmark(3 if len(named) == 1 else 2, {COUNTRY: named}, caps=caps),
        TODAY,
        draw(st.integers(1, 2)) if is_free else 0,
    )


@st.composite
def sibling_cases(draw: st.DrawFn) -> Case:
    """Two agreements, each with several lots: clearing one lot concerns its neighbours."""
    places = ("KE", "UG")
    grants = [
        GrantFacts(grant_id(n), f"GRT-{n}", {1}, draw(st.sampled_from(places))) for n in range(3)
    ]
    lots: list[LotFacts] = []
    for agreement in range(2):
        named = draw(st.sampled_from([{"KE"}, {"KE", "UG"}]))
        caps = tuple(Cap(COUNTRY, c, 4) for c in sorted(named) if draw(st.integers(0, 2)) == 0)
        mark = Earmark(3, {COUNTRY: named}, caps=caps)
        for _ in range(2):
            free = draw(st.sampled_from([0, 0, 1, 2]))
            lot = LotFacts(lot_id(len(lots)), agreement_id(agreement), mark, TODAY, free)
            lots.append(lot)
    held = [
        Reservation(grant.id, lot.id, draw(st.integers(1, 2)))
        for grant in grants
        for lot in lots
        if draw(st.integers(0, 2)) == 0
    ]
    awards = ((GrantFacts(grant_id(9), "GRT-9", {1}, "UG"), draw(st.integers(1, 3))),)
    return Case(Position(lots, held, grants, draw(uses_of(lots, grants, held))), awards)


def cases() -> st.SearchStrategy[Case]:
    """Small questions that the oracle can answer."""
    return st.one_of(varied_cases(), crowded_cases(), sibling_cases())


@dataclass(frozen=True)
class Wish:
    """What one grant wants: a new award (may stay short), or to keep what it holds (may not)."""

    grant: GrantFacts
    amount: int
    held: Mapping[UUID, int]
    is_new: bool


def wishes_of(case: Case) -> list[Wish]:
    by_grant: dict[UUID, dict[UUID, int]] = {}
    for (grant, lot), amount in movable(case.position).items():
        by_grant.setdefault(grant, {})[lot] = amount
    kept = [Wish(case.grants[g], sum(held.values()), held, False) for g, held in by_grant.items()]
    return kept + [Wish(grant, amount, {}, True) for grant, amount in case.awards]


def movable(position: Position) -> dict[tuple[UUID, UUID], int]:
    pinned = {lot.id for lot in position.lots if lot.is_pinned}
    return {
        (held.grant_id, held.lot_id): held.amount_minor
        for held in position.reservations
        if not held.is_pinned and held.lot_id not in pinned
    }


def best(
    case: Case, capacity: Mapping[UUID, int] | None = None, *, with_awards: bool = True
) -> tuple[int, int] | None:
    """(shortfall, least moved) over every allocation there is; None when reservations cannot stay.

    A reservation on a lot that does not admit its grant may stay in part but not grow, and does not
    count anew under a cap.
    """
    position = case.position
    wishes = [wish for wish in wishes_of(case) if with_awards or not wish.is_new]
    lots = [lot for lot in position.lots if not lot.is_pinned]
    if capacity is None:
        capacity = {lot.id: lot.available_minor for lot in lots}
        for (_, held_on), amount in movable(position).items():
            capacity[held_on] += amount
    room = _cap_room(case, lots)
    groups = sorted(room, key=str)

    @cache
    def serve(index: int, left: tuple[int, ...], caps: tuple[int, ...]) -> tuple[int, int] | None:
        if index == len(wishes):
            return 0, 0
        wish = wishes[index]
        found: tuple[int, int] | None = None
        for parts in _splits(wish, lots, left):
            short = wish.amount - sum(parts)
            after = _use_caps(wish, lots, parts, groups, caps)
            if after is None or (short and not wish.is_new):
                continue
            rest = serve(index + 1, tuple(a - b for a, b in zip(left, parts, strict=True)), after)
            if rest is None:
                continue
            moved = 0 if wish.is_new else _gained(wish, lots, parts)
            candidate = rest[0] + short, rest[1] + moved
            found = candidate if found is None else min(found, candidate)
        return found

    return serve(0, tuple(capacity[lot.id] for lot in lots), tuple(room[g] for g in groups))


def _cap_room(case: Case, lots: Sequence[LotFacts]) -> dict[CapGroup, int]:
    room: dict[CapGroup, int] = {}
    for lot in lots:
        for grant in case.grants.values():
            capped = naive_cap(lot, grant)
            if capped is not None:
                group, limit = capped
                room[group] = max(0, limit - case.position.used_minor.get(group, 0))
    for (grant_key, lot_key), amount in movable(case.position).items():
        lot = next(lot for lot in lots if lot.id == lot_key)
        capped = naive_cap(lot, case.grants[grant_key])
        if capped is not None and naive_admits(lot, case.grants[grant_key]):
            room[capped[0]] += amount
    return room


def _splits(wish: Wish, lots: Sequence[LotFacts], left: Sequence[int]) -> Iterator[tuple[int, ...]]:
    def extend(index: int, rest: int) -> Iterator[tuple[int, ...]]:
        if index == len(lots):
            yield ()
            return
        lot = lots[index]
        most = min(rest, left[index])
        if not naive_admits(lot, wish.grant):
            most = min(most, wish.held.get(lot.id, 0))
        for amount in range(most + 1):
            for others in extend(index + 1, rest - amount):
                yield (amount, *others)

    return extend(0, wish.amount)


def _use_caps(
    wish: Wish,
    lots: Sequence[LotFacts],
    parts: Sequence[int],
    groups: Sequence[CapGroup],
    caps: tuple[int, ...],
) -> tuple[int, ...] | None:
    left = list(caps)
    for lot, amount in zip(lots, parts, strict=True):
        capped = naive_cap(lot, wish.grant)
        if amount and capped is not None and naive_admits(lot, wish.grant):
            left[groups.index(capped[0])] -= amount
    return None if any(amount < 0 for amount in left) else tuple(left)


def _gained(wish: Wish, lots: Sequence[LotFacts], parts: Sequence[int]) -> int:
    return sum(max(0, p - wish.held.get(lot.id, 0)) for lot, p in zip(lots, parts, strict=True))
