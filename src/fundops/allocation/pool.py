"""Reading a fund's money as the allocation sees it: lots, reservations, pins, use under caps.

The number of queries does not depend on how many lots or grants there are. What is free on a lot
is what may be taken on the asked day without leaving any later day short (``timeline``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.orm import Session

from fundops.allocation.caps import under_caps
from fundops.allocation.earmarks import GrantFacts
from fundops.allocation.facts import earmark_of, facts_of
from fundops.allocation.plan import fundable
from fundops.allocation.position import (
    Fundable,
    LotFacts,
    NotFundable,
    Position,
    Reservation,
)
from fundops.allocation.timeline import Timeline
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.grants.models import ReservationPin
from fundops.ledger.models import Account, AccountDay
from fundops.messages import text

BALANCE = Account.credits_minor - Account.debits_minor
"""Present balance of a lot or a reservation, which are credit-normal."""


class LotLabel(NamedTuple):
    """How a lot is spoken of: its code, agreement and donor."""

    code: str
    agreement_id: UUID | None
    donor_id: UUID


@dataclass(frozen=True)
class Pool:
    """A position, and how its lots are spoken of."""

    fund_id: UUID
    on: date
    position: Position
    labels: Mapping[UUID, LotLabel]


@dataclass(frozen=True)
class Answer:
    """What was asked of the pool and what came out."""

    pool: Pool
    result: Fundable | NotFundable


def ask(db: Session, fund_id: UUID, awards: Sequence[tuple[GrantFacts, int]], on: date) -> Answer:
    """Say whether all ``awards`` can be funded on ``on``, and how.

    Free money is tried alone first; only when it is short are the fund's unpaid reservations read
    and re-routed. Raises ``conflict`` for a question beyond the stated maxima.
    """
    try:
        pool = read(db, fund_id, on, with_reservations=False)
        result = fundable(awards, pool.position, on)
        if isinstance(result, NotFundable):
            pool = read(db, fund_id, on)
            result = fundable(awards, pool.position, on)
    except ValueError as error:
        # The pure functions state their maxima by this error; rows of ours cannot contradict.
        raise Problem("conflict", detail=text("grants.question_too_large")) from error
    return Answer(pool, result)


def read(db: Session, fund_id: UUID, on: date, *, with_reservations: bool = True) -> Pool:
    """Return the fund's position on ``on``. Raises ``ValueError`` beyond the stated maxima."""
    rows = _lots(db, fund_id, with_reservations)
    floors = _Floors(db, fund_id, on)
    lots = [_lot(row, floors, on) for row in rows]
    labels = {row.id: LotLabel(row.code, row.agreement_id, row.donor_id) for row in rows}
    held: list[Reservation] = []
    grants: dict[UUID, GrantFacts] = {}
    if with_reservations:
        held = _reservations(db, fund_id, floors)
        grants = facts_of(db, [one.grant_id for one in held])
    lots, used = under_caps(db, lots, grants)
    return Pool(fund_id, on, Position(lots, held, list(grants.values()), used), labels)


def _rows_of(*columns: Any) -> Select[Any]:
    """Return a SELECT of plain rows, untyped: account columns are null for other kinds."""
    return select(*columns)


def _lots(db: Session, fund_id: UUID, with_reserved: bool) -> Sequence[Row[Any]]:
    useful: ColumnElement[bool] = BALANCE > 0
    if with_reserved:
        holding = select(Account.lot_id).where(
            Account.fund_id == fund_id, Account.kind == "reserved", BALANCE > 0
        )
        useful = or_(useful, Lot.id.in_(holding))
    query = (
        _rows_of(
            Lot.id, Lot.code, Lot.agreement_id, Lot.donor_id, Lot.earmark, Lot.opened_on,
            Lot.spend_by_on, BALANCE.label("free_minor"),
        )
        .join(Account, Account.lot_id == Lot.id)
        .where(
            Account.fund_id == fund_id, Account.kind == "lot", Lot.status == "open", useful
        )
        .order_by(Lot.id)
    )  # fmt: skip
    return db.execute(query).all()


class _Floors:
    """What back-dating to ``on`` may take: present balances less what later days need."""

    def __init__(self, db: Session, fund_id: UUID, on: date) -> None:
        self._on = on
        self._later: dict[tuple[str, UUID, UUID | None], list[tuple[date, int]]] = {}
        query = (
            _rows_of(
                Account.kind, Account.lot_id, Account.grant_id, AccountDay.on_date,
                AccountDay.credits_minor - AccountDay.debits_minor,
            )
            .join(AccountDay, AccountDay.account_id == Account.id)
            .where(
                Account.fund_id == fund_id,
                Account.kind.in_(("lot", "reserved")),
                AccountDay.on_date > on,
            )
        )  # fmt: skip
        for kind, lot_id, grant_id, day, net in db.execute(query):
            self._later.setdefault((kind, lot_id, grant_id), []).append((day, int(net)))

    def minor(self, kind: str, lot_id: UUID, grant_id: UUID | None, present: int) -> int:
        """Return what may be taken on the asked day of an account that has ``present`` now."""
        later = self._later.get((kind, lot_id, grant_id), [])
        course = Timeline([*later, (self._on, present - sum(net for _, net in later))])
        return max(course.floor_minor(self._on), 0)


def _lot(row: Row[Any], floors: _Floors, on: date) -> LotFacts:
    return LotFacts(
        row.id,
        row.agreement_id or row.id,
        earmark_of(row.earmark),
        row.opened_on,
        floors.minor("lot", row.id, None, int(row.free_minor)),
        row.spend_by_on,
        is_pinned=row.opened_on > on,
    )


def _reservations(db: Session, fund_id: UUID, floors: _Floors) -> list[Reservation]:
    query = (
        _rows_of(Account.grant_id, Account.lot_id, BALANCE.label("minor"), ReservationPin.grant_id)
        .outerjoin(
            ReservationPin,
            (ReservationPin.grant_id == Account.grant_id)
            & (ReservationPin.lot_id == Account.lot_id),
        )
        .where(Account.fund_id == fund_id, Account.kind == "reserved", BALANCE > 0)
        .order_by(Account.grant_id, Account.lot_id)
    )
    found: list[Reservation] = []
    for grant_id, lot_id, minor, pin in db.execute(query):
        # A reservation made or used after the asked day cannot be moved as of that day.
        movable = floors.minor("reserved", lot_id, grant_id, int(minor)) >= minor
        found.append(Reservation(grant_id, lot_id, int(minor), pin is not None or not movable))
    return found
