"""Awards, payments, refunds and voids by the thousand, on balances kept in memory.

For imports: a fund's lots are read once, every grant is then served by the same rules as a single
award (tightest lot first, then oldest; caps; no past day overdrawn), and what comes out are
movements, which the importer posts under its own events. Nothing is re-routed: where free money
does not suffice the caller gets the shortage. What others post meanwhile is not seen, so an
importer works inside its write transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundops import money
from fundops.allocation import reserve
from fundops.allocation.caps import apart_by_version, used_under_caps
from fundops.allocation.earmarks import GrantFacts, admits
from fundops.allocation.facts import earmark_of
from fundops.allocation.position import CapGroup, Draw, LotFacts, Shortage, cap_group
from fundops.allocation.reserve import Source
from fundops.allocation.timeline import Timeline
from fundops.donors.models import Lot
from fundops.ledger.models import Account, AccountDay, Fund
from fundops.ledger.posting import Movement


@dataclass
class _LotState:
    facts: LotFacts
    free: Timeline = field(default_factory=Timeline)


class BulkReserver:
    """One fund's lots and what grants hold of them, as of the moment it was made."""

    def __init__(self, db: Session, fund: Fund) -> None:
        self.fund_id = fund.id
        self._lots: dict[UUID, _LotState] = {}
        self._order: list[_LotState] = []
        self._reserved: dict[UUID, dict[UUID, Timeline]] = {}
        self._advance: dict[UUID, dict[UUID, Timeline]] = {}
        self._used: dict[CapGroup, int] = {}
        self._emptied = 0
        self._read_lots(db)
        self._read_balances(db)
        self._read_caps(db)
        self._sort()

    def _read_lots(self, db: Session) -> None:
        query = select(Lot.id, Lot.agreement_id, Lot.earmark, Lot.opened_on, Lot.spend_by_on).where(
            Lot.fund_id == self.fund_id, Lot.status == "open"
        )
        for row in db.execute(query):
            self._lots[row.id] = _LotState(
                LotFacts(
                    row.id, row.agreement_id or row.id, earmark_of(row.earmark), row.opened_on, 0,
                    row.spend_by_on,
                )
            )  # fmt: skip

    def _read_balances(self, db: Session) -> None:
        columns: tuple[Any, ...] = (
            Account.kind, Account.lot_id, Account.grant_id, AccountDay.on_date,
            AccountDay.credits_minor - AccountDay.debits_minor,
        )  # fmt: skip
        query: Select[Any] = (
            select(*columns)
            .join(AccountDay, AccountDay.account_id == Account.id)
            .where(
                Account.fund_id == self.fund_id, Account.kind.in_(("lot", "reserved", "advance"))
            )
            .order_by(AccountDay.on_date, Account.id)
        )  # fmt: skip
        for kind, lot_id, grant_id, day, net in db.execute(query):
            if lot_id not in self._lots:
                continue
            if kind == "lot":
                self._lots[lot_id].free.add(day, int(net))
            elif kind == "reserved":
                _course(self._reserved, grant_id, lot_id).add(day, int(net))
            else:
                _course(self._advance, grant_id, lot_id).add(day, -int(net))

    def _read_caps(self, db: Session) -> None:
        capped = sorted({s.facts.agreement_id for s in self._lots.values() if s.facts.earmark.caps})
        if not capped:
            return
        used = used_under_caps(db, capped, {})
        facts = [
            # The room of an amended cap is shared by what the versions' lots have.
            LotFacts(
                s.facts.id, s.facts.agreement_id, s.facts.earmark, s.facts.opened_on,
                max(s.free.present_minor, 0), s.facts.spend_by_on,
            )
            for s in self._lots.values()
        ]  # fmt: skip
        apart, self._used = apart_by_version(facts, used)
        for lot in apart:
            self._lots[lot.id].facts = lot

    def _sort(self) -> None:
        """Put lots with money in the order in which they are drawn."""
        live = [state for state in self._lots.values() if state.free.present_minor > 0]
        self._order = sorted(live, key=lambda state: state.facts.order)
        self._emptied = 0

    def open_lot(self, facts: LotFacts, amount_minor: int) -> None:
        """Note a lot that the importer has opened since, with its free money."""
        state = self._lots[facts.id] = _LotState(facts)
        state.free.add(facts.opened_on, amount_minor)
        self._sort()

    def change_lot(self, lot_id: UUID, net_minor: int, on: date) -> None:
        """Note other money put on a lot (positive) or taken off it: a charge, a correction."""
        self._lots[lot_id].free.add(on, net_minor)
        self._sort()

    def free_minor(self, on: date) -> int:
        """Return all that may be taken from the fund's lots on ``on``, whoever may have it."""
        return sum(max(state.free.floor_minor(on), 0) for state in self._lots.values())

    def reserve(
        self, grant: GrantFacts, amount_minor: int, on: date
    ) -> list[tuple[UUID, int]] | Shortage:
        """Reserve an award in full and return its parts, or change nothing and say what is short.

        ``grant.id`` and ``on`` are the grant's; a grant is awarded once.
        """
        parts: list[tuple[UUID, int]] = []
        wanted = amount_minor
        room: dict[CapGroup, int] = {}
        for state in self._order:
            if not wanted:
                break
            taken = self._available(state, grant, wanted, on, room)
            if taken:
                parts.append((state.facts.id, taken))
                wanted -= taken
        if wanted:
            return Shortage(tuple(Draw(grant.id, *part) for part in parts), wanted)
        for lot_id, taken in parts:
            free = self._lots[lot_id].free
            free.add(on, -taken)
            self._emptied += free.present_minor <= 0
            _course(self._reserved, grant.id, lot_id).add(on, taken)
            self._use(lot_id, grant, taken)
        if 2 * self._emptied > len(self._order):
            self._sort()
        return parts

    def _available(
        self, state: _LotState, grant: GrantFacts, wanted: int, on: date, room: dict[CapGroup, int]
    ) -> int:
        lot = state.facts
        if lot.opened_on > on or on > lot.last_day or not admits(lot.earmark, grant, on):
            return 0
        taken = max(min(wanted, state.free.floor_minor(on)), 0)
        capped = cap_group(lot, grant)
        if capped is None or not taken:
            return taken
        group, cap = capped
        left = room.setdefault(group, max(cap.amount_minor - self._used.get(group, 0), 0))
        taken = min(taken, left)
        room[group] -= taken
        return taken

    def _use(self, lot_id: UUID, grant: GrantFacts, amount_minor: int) -> None:
        capped = cap_group(self._lots[lot_id].facts, grant)
        if capped is not None:
            self._used[capped[0]] = self._used.get(capped[0], 0) + amount_minor

    def pay(self, grant_id: UUID, amount_minor: int, on: date) -> list[tuple[UUID, int]] | Shortage:
        """Draw a payment from the grant's reservations in their order; all of it or nothing."""
        held = self._reserved.get(grant_id, {})
        parts, missing = self._draw(held, amount_minor, on)
        if missing:
            return Shortage(tuple(Draw(grant_id, *part) for part in parts), missing)
        for lot_id, taken in parts:
            held[lot_id].add(on, -taken)
            _course(self._advance, grant_id, lot_id).add(on, taken)
        return parts

    def void(self, grant: GrantFacts, on: date) -> list[tuple[UUID, int]]:
        """Give the unpaid rest of a grant back to its lots."""
        held = self._reserved.get(grant.id, {})
        everything = sum(course.present_minor for course in held.values())
        parts, _ = self._draw(held, everything, on)
        for lot_id, taken in parts:
            held[lot_id].add(on, -taken)
            self._give_back(lot_id, grant, taken, on)
        return parts

    def refund(
        self, grant: GrantFacts, amount_minor: int, on: date
    ) -> list[tuple[UUID, int]] | Shortage:
        """Give a refund back the way it came: by what is unliquidated of each lot's advance."""
        held = self._advance.get(grant.id, {})
        lots = sorted(held, key=lambda lot_id: self._lots[lot_id].facts.order)
        weights = [max(held[lot_id].floor_minor(on), 0) for lot_id in lots]
        if amount_minor > sum(weights):
            return Shortage((), amount_minor - sum(weights))
        shares = money.allocate(amount_minor, weights)
        parts = [(lot_id, part) for lot_id, part in zip(lots, shares, strict=True) if part]
        for lot_id, part in parts:
            held[lot_id].add(on, -part)
            self._give_back(lot_id, grant, part, on)
        return parts

    def _draw(
        self, held: Mapping[UUID, Timeline], amount_minor: int, on: date
    ) -> tuple[list[tuple[UUID, int]], int]:
        parts: list[tuple[UUID, int]] = []
        for lot_id in sorted(held, key=lambda lot_id: self._lots[lot_id].facts.order):
            taken = max(min(held[lot_id].floor_minor(on), amount_minor), 0)
            if taken:
                parts.append((lot_id, taken))
                amount_minor -= taken
        return parts, amount_minor

    def _give_back(self, lot_id: UUID, grant: GrantFacts, amount_minor: int, on: date) -> None:
        state = self._lots[lot_id]
        was_empty = state.free.present_minor <= 0
        state.free.add(on, amount_minor)
        self._use(lot_id, grant, -amount_minor)
        if was_empty:
            self._sort()

    def reserve_movements(
        self, grant_id: UUID, parts: Iterable[tuple[UUID, int]], on: date
    ) -> list[Movement]:
        """Return the transfers of an award, booked to the grant."""
        source = Source("grant", grant_id, on)
        return reserve.reserve(self.fund_id, source, [Draw(grant_id, *part) for part in parts])

    def void_movements(
        self, grant_id: UUID, parts: Iterable[tuple[UUID, int]], on: date
    ) -> list[Movement]:
        """Return the transfers that give a grant's rest back, booked to the grant."""
        source = Source("grant", grant_id, on)
        return reserve.void(self.fund_id, source, [Draw(grant_id, *part) for part in parts])

    def pay_movements(
        self, grant_id: UUID, disbursement_id: UUID, parts: Iterable[tuple[UUID, int]], on: date
    ) -> list[Movement]:
        """Return the transfers of a payment, booked to its disbursement."""
        source = Source("disbursement", disbursement_id, on)
        return reserve.pay(self.fund_id, source, [Draw(grant_id, *part) for part in parts])

    def refund_movements(
        self, grant_id: UUID, refund_id: UUID, parts: Iterable[tuple[UUID, int]], on: date
    ) -> list[Movement]:
        """Return the transfers of a refund, booked to it."""
        source = Source("refund", refund_id, on)
        return reserve.refund(self.fund_id, source, [Draw(grant_id, *part) for part in parts])


def _course(held: dict[UUID, dict[UUID, Timeline]], grant_id: UUID, lot_id: UUID) -> Timeline:
    return held.setdefault(grant_id, {}).setdefault(lot_id, Timeline())
