"""What an allocation question starts from, and the shape of its answers.

A ``Position`` is one fund's money at one moment: lots with what is free on them, grants, unpaid
reservations, and how much each capped part of an agreement has used. It is checked once, here, so
that the allocation itself can rely on it. All amounts are minor units of the fund's base currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, TypeAlias
from uuid import UUID

from fundops.allocation.earmarks import (
    Cap,
    Dimension,
    Earmark,
    GrantFacts,
    Tightness,
    Value,
    admits,
)
from fundops.allocation.earmarks import tightness as tightness_of
from fundops.money import MAX_MINOR

MAX_LOTS = 10_000
MAX_GRANTS = 5_000
MAX_RESERVATIONS = 50_000
MAX_AWARDS = 1_000
MAX_PAIRS = 800_000
"""Most different earmarks times grants in one question; beyond it, ask call by call."""


@dataclass(frozen=True)
class LotFacts:
    """Matched receipt money under one earmark.

    ``available_minor`` is what is neither reserved, paid nor set aside. ``spend_by_on`` may be
    nearer than the earmark's own date, never later in effect. A pinned lot takes no part in
    allocation: nothing new is drawn from it and its reservations stay.
    """

    id: UUID
    agreement_id: UUID
    earmark: Earmark
    opened_on: date
    available_minor: int
    spend_by_on: date | None = None
    is_pinned: bool = False

    @cached_property
    def last_day(self) -> date:
        """The last day on which this money may be reserved."""
        return min(self.spend_by_on or date.max, self.earmark.spend_by_on or date.max)

    @cached_property
    def order(self) -> tuple[Tightness, date, UUID]:
        """Sorts lots as they are drawn: tightest first, then oldest, ties by id."""
        return (*tightness_of(self.earmark)[:-1], self.last_day), self.opened_on, self.id

    def admits(self, grant: GrantFacts, on: date) -> bool:
        """Whether this lot's money may be newly reserved for the grant on that day."""
        return on <= self.last_day and admits(self.earmark, grant, on)


@dataclass(frozen=True)
class Reservation:
    """The unpaid part of what a lot holds for a grant; pinned ones are never moved."""

    grant_id: UUID
    lot_id: UUID
    amount_minor: int
    is_pinned: bool = False


class CapGroup(NamedTuple):
    """All money of one agreement that went to grants with one capped value."""

    agreement_id: UUID
    dimension: Dimension
    value: Value


class Award(NamedTuple):
    """A grant and the money it is to be given."""

    grant: GrantFacts
    amount_minor: int


class Draw(NamedTuple):
    """Money to be newly reserved for a grant on a lot."""

    grant_id: UUID
    lot_id: UUID
    amount_minor: int


class Move(NamedTuple):
    """A part of an unpaid reservation that changes its lot, in one step and only once."""

    grant_id: UUID
    from_lot_id: UUID
    to_lot_id: UUID
    amount_minor: int


@dataclass(frozen=True)
class Plan:
    """Draws and moves that hold together: void all that moves, then reserve everything anew."""

    draws: tuple[Draw, ...]
    moves: tuple[Move, ...] = ()

    @property
    def moved_minor(self) -> int:
        """How much reserved money changes its lot."""
        return sum(move.amount_minor for move in self.moves)


@dataclass(frozen=True)
class Shortage:
    """What one grant could draw without touching other reservations, and what is missing."""

    draws: tuple[Draw, ...]
    missing_minor: int


class LimitKind(StrEnum):
    """What stops more money from reaching the grants of a bottleneck."""

    LOTS = "lots"
    """All the money on these lots is spoken for by these grants."""
    CAP = "cap"
    """The agreement still has money, but its cap on one value is reached."""
    KEPT = "kept"
    """A reservation stays where it is although its lot no longer admits the grant."""


@dataclass(frozen=True)
class Limit:
    """One source of a bottleneck's grants and the most they can have from it."""

    kind: LimitKind
    capacity_minor: int
    agreement_ids: tuple[UUID, ...]
    earmarks: tuple[Earmark, ...]
    lot_ids: tuple[UUID, ...]
    cap: Cap | None = None

    @property
    def message_key(self) -> str:
        """The key of its sentence in the message catalogue."""
        return f"allocation.limit_{self.kind}"


class Claim(NamedTuple):
    """What a grant wants in a bottleneck: a new award, or the reservations it already has."""

    grant_id: UUID
    amount_minor: int
    is_new: bool


@dataclass(frozen=True)
class Bottleneck:
    """Grants that compete for too little: claims = limits + shortfall, to the minor unit.

    No money from outside the named limits can reach these grants, so the arithmetic is the proof
    that they cannot all be funded.
    """

    shortfall_minor: int
    claims: tuple[Claim, ...]
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class Fundable:
    """All awards can be funded, and this plan does it."""

    plan: Plan


@dataclass(frozen=True)
class NotFundable:
    """At least ``shortfall_minor`` is missing; ``binding`` says for whom and why.

    ``idle_minor`` is money that would be left over even so, because earmarks, caps or dates keep
    it from the grants that lack money.
    """

    shortfall_minor: int
    binding: tuple[Bottleneck, ...]
    idle_minor: int


@dataclass(frozen=True)
class Clearance:
    """How a lot gives up an amount: from its free money, by moves, and what cannot be given up."""

    free_minor: int
    moves: tuple[Move, ...]
    unmovable_minor: int


ReservationKey: TypeAlias = tuple[UUID, UUID]


@dataclass(frozen=True)
class Position:
    """One fund's money at one moment.

    ``grants`` holds the facts of every grant with a reservation. ``used_minor`` is, per capped part
    of an agreement, all that is reserved or paid (less refunds), listed reservations included.
    Raises ``ValueError`` for input that contradicts itself or exceeds a stated maximum.
    """

    lots: Sequence[LotFacts]
    reservations: Sequence[Reservation] = ()
    grants: Sequence[GrantFacts] = ()
    used_minor: Mapping[CapGroup, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_sizes(self)
        _check_amounts(self)
        _check_links(self)
        _check_caps(self)

    @cached_property
    def lot_by_id(self) -> Mapping[UUID, LotFacts]:
        """Lots by id."""
        return {lot.id: lot for lot in self.lots}

    @cached_property
    def grant_by_id(self) -> Mapping[UUID, GrantFacts]:
        """Grants by id."""
        return {grant.id: grant for grant in self.grants}

    @cached_property
    def movable(self) -> Mapping[ReservationKey, int]:
        """Unpaid reservations that may be moved, by (grant, lot)."""
        return {
            (held.grant_id, held.lot_id): held.amount_minor
            for held in self.reservations
            if not held.is_pinned and not self.lot_by_id[held.lot_id].is_pinned
        }

    def check_pairs(self, awards: int) -> None:
        """Refuse a question with more pairs of earmark and grant than the stated maximum."""
        earmarks = len({lot.earmark for lot in self.lots})
        grants = awards + len({grant_id for grant_id, _ in self.movable})
        if earmarks * grants > MAX_PAIRS:
            raise ValueError(f"more than {MAX_PAIRS} pairs of earmark and grant")

    def room_minor(self, group: CapGroup, cap_minor: int) -> int:
        """What a cap still allows; a cap that is already exceeded allows nothing more."""
        return max(0, cap_minor - self.used_minor.get(group, 0))


def cap_group(lot: LotFacts, grant: GrantFacts) -> tuple[CapGroup, Cap] | None:
    """The capped part of the lot's agreement that the grant falls in, with its cap."""
    dimension = lot.earmark.cap_dimension
    if dimension is None:
        return None
    for value in grant.values[dimension]:
        cap = lot.earmark.cap_by_value.get(value)
        if cap is not None:
            return CapGroup(lot.agreement_id, dimension, value), cap
    return None


def _check_sizes(position: Position) -> None:
    for name, size, maximum in (
        ("lots", len(position.lots), MAX_LOTS),
        ("grants", len(position.grants), MAX_GRANTS),
        ("reservations", len(position.reservations), MAX_RESERVATIONS),
    ):
        if size > maximum:
            raise ValueError(f"{size} {name} are more than the maximum of {maximum}")


def _check_amounts(position: Position) -> None:
    for lot in position.lots:
        if lot.available_minor < 0:
            raise ValueError(f"lot {lot.id} has less than nothing available")
    for held in position.reservations:
        if held.amount_minor <= 0:
            raise ValueError(f"a reservation on lot {held.lot_id} is not positive")
    total = sum(lot.available_minor for lot in position.lots)
    total += sum(held.amount_minor for held in position.reservations)
    if total > MAX_MINOR:
        raise ValueError(f"the fund's money exceeds the maximum of {MAX_MINOR} minor units")
    if any(not 0 <= used <= MAX_MINOR for used in position.used_minor.values()):
        raise ValueError("the use of a capped part is out of range")


def _check_links(position: Position) -> None:
    _refuse_repeats("lot", [lot.id for lot in position.lots])
    _refuse_repeats("grant", [grant.id for grant in position.grants])
    _refuse_repeats("grant code", [grant.code for grant in position.grants])
    pairs = [(held.grant_id, held.lot_id) for held in position.reservations]
    _refuse_repeats("reservation", pairs)
    for grant_id, lot_id in pairs:
        if grant_id not in position.grant_by_id or lot_id not in position.lot_by_id:
            raise ValueError(f"a reservation names unknown grant {grant_id} or lot {lot_id}")


def _refuse_repeats(what: str, keys: Sequence[object]) -> None:
    if len(set(keys)) != len(keys):
        raise ValueError(f"a {what} is listed twice")


def _check_caps(position: Position) -> None:
    """Caps belong to the agreement, so its lots must agree on them and their use must be told."""
    earmarks: dict[UUID, Earmark] = {}
    for lot in position.lots:
        first = earmarks.setdefault(lot.agreement_id, lot.earmark)
        if lot.earmark != first and (lot.earmark.caps or first.caps):
            raise ValueError(f"lots of capped agreement {lot.agreement_id} differ in earmark")
    reserved: dict[CapGroup, int] = {}
    for held in position.reservations:
        lot = position.lot_by_id[held.lot_id]
        capped = cap_group(lot, position.grant_by_id[held.grant_id])
        if capped is not None:
            reserved[capped[0]] = reserved.get(capped[0], 0) + held.amount_minor
    for group, amount in reserved.items():
        if amount > position.used_minor.get(group, 0):
            raise ValueError(f"agreement {group.agreement_id}: use under a cap is understated")
