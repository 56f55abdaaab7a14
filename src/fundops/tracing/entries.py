"""Entries: what happened to a donor's money, leg by leg, as of any date and knowledge.

An entry is one side of a transfer on an account of a lot: the money still free (``available``),
held for support cost (``provision``), set aside (``operating_reserve``) or reserved for a grant
(``reserved``). Adding up entries gives a position; grouping them by kind gives a statement. Only
the donor's own rows are read, whatever the rest of the history.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from fundops.db import AnySelect
from fundops.donors.models import Lot
from fundops.ledger.models import Account, Transfer

POSITIONS = {
    "lot": "available",
    "provision": "provision",
    "operating_reserve": "operating_reserve",
    "reserved": "reserved",
}
"""Account kind -> what a donor's money is while it stands there."""

# Lines of a statement between opening and closing balance, and the kinds of transfer in each.
FLOWS: dict[str, tuple[str, ...]] = {
    "receipts": ("match",),
    "other_income": ("interest", "opening_lot"),
    "bank_fees": ("fee_charge",),
    "exchange_differences": ("exchange_charge",),
    "agent_fees": ("agent_fee",),
    "support_cost": ("support_cost_charge", "support_cost_earn"),
    "payments": ("pay", "pay_return"),
    "refunds": ("refund",),
    "returned_to_donor": ("donor_return",),
    "reprogrammed": ("reprogram",),
    "transfers_between_funds": ("fund_transfer_out", "fund_transfer_in"),
    "recovered_from_donor": ("recover",),
}
INTERNAL = (
    "support_cost_hold",
    "support_cost_return",
    "set_aside",
    "set_free",
    "reserve",
    "void",
)
"""Kinds that move a donor's money between its own positions and change no total."""

REROUTED = "reservations.rerouted"
REROUTED_KINDS = frozenset({"reserve", "void"})
"""What is told of an event that moved a donor's reservations for another's affair."""

FLOW_OF: dict[str, str] = {kind: flow for flow, kinds in FLOWS.items() for kind in kinds}


@dataclass(frozen=True, slots=True)
class Entry:
    """One leg: ``amount_minor`` is signed, positive when it adds to the lot's position."""

    transfer_id: UUID
    event_seq: int
    line: int
    lot_id: UUID
    position: str
    kind: str
    amount_minor: int
    effective_on: date
    grant_id: UUID | None
    source_type: str
    source_id: UUID
    is_reversal: bool

    @property
    def flow(self) -> str | None:
        """The statement line this entry belongs to, ``None`` for internal moves."""
        return FLOW_OF.get(self.kind)


_ACCOUNT = aliased(Account)
"""The account of a leg. Made once: to make an alias takes longer than a query."""


def _leg(lots: Select[UUID], sign: int) -> AnySelect:
    account = _ACCOUNT
    column = Transfer.debit_account_id if sign < 0 else Transfer.credit_account_id
    query: AnySelect = (
        select(
            Transfer.id,
            Transfer.event_seq,
            Transfer.line,
            account.lot_id,
            account.kind.label("account_kind"),
            Transfer.kind,
            (Transfer.amount_minor * literal(sign)).label("amount_minor"),
            Transfer.effective_on,
            account.grant_id.label("account_grant_id"),
            Transfer.grant_id,
            Transfer.source_type,
            Transfer.source_id,
            Transfer.reverses_id,
        )
        .join(Transfer, column == account.id)
        .select_from(account)
        .where(account.lot_id.in_(lots), account.kind.in_(list(POSITIONS)))
    )
    return query


def entries(
    db: Session, lots: Select[UUID], *, until: date | None = None, known_seq: int | None = None
) -> list[Entry]:
    """Return the entries of the lots that ``lots`` selects (ids), in order of date and sequence.

    ``until`` keeps what is effective by that date, ``known_seq`` what was known at that sequence.
    """
    legs = []
    for sign in (-1, 1):
        leg = _leg(lots, sign)
        if until is not None:
            leg = leg.where(Transfer.effective_on <= until)
        if known_seq is not None:
            leg = leg.where(Transfer.event_seq <= known_seq)
        legs.append(leg)
    found = [_entry(row) for row in db.execute(union_all(*legs))]
    found.sort(key=lambda e: (e.effective_on, e.event_seq, e.line, e.amount_minor))
    return found


def _entry(row: Any) -> Entry:
    return Entry(
        transfer_id=row[0],
        event_seq=row[1],
        line=row[2],
        lot_id=row[3],
        position=POSITIONS[row[4]],
        kind=row[5],
        amount_minor=int(row[6]),
        effective_on=row[7],
        grant_id=row[9],
        source_type=row[10],
        source_id=row[11],
        is_reversal=row[12] is not None,
    )


def donor_lots(donor_id: UUID, fund_id: UUID | None = None) -> Select[UUID]:
    """Return the selection of a donor's lots, of one fund or all."""
    query = select(Lot.id).where(Lot.donor_id == donor_id)
    return query if fund_id is None else query.where(Lot.fund_id == fund_id)


def positions(found: Iterable[Entry]) -> dict[str, int]:
    """Return what is held in each position, minor units."""
    held = dict.fromkeys(POSITIONS.values(), 0)
    for entry in found:
        held[entry.position] += entry.amount_minor
    return held


def flows(found: Iterable[Entry]) -> dict[str, int]:
    """Return the total of each statement line; they sum to the change in positions."""
    totals = dict.fromkeys(FLOWS, 0)
    for entry in found:
        flow = entry.flow
        if flow is not None:
            totals[flow] += entry.amount_minor
    return totals


def memo_amounts(
    found: Sequence[Entry], ratios: dict[UUID, tuple[int, int]]
) -> Iterator[int | None]:
    """Yield each entry's amount in the receipt's own currency, at the rate it was booked.

    ``ratios`` gives per lot (receipt minor, base minor). Parts are taken from running totals per
    lot and position, so that they add up exactly: what came in at a rate goes out at that rate.
    """
    running: dict[tuple[UUID, str], int] = {}
    for entry in found:
        ratio = ratios.get(entry.lot_id)
        if ratio is None:
            yield None
            continue
        key = (entry.lot_id, entry.position)
        before = running.get(key, 0)
        running[key] = before + entry.amount_minor
        yield scaled(running[key], ratio) - scaled(before, ratio)


def is_others(moved: Any, event: Any, own: Container[UUID | None]) -> bool:
    """Return whether an event is another's affair that only moved this reservation.

    Another donor's receipt reversed, say, or another grant awarded: what and why is theirs.
    ``moved`` is an entry or a line, ``own`` holds the donor's lots and what they came from.
    """
    if moved.kind not in REROUTED_KINDS:
        return False
    if event.record_type == "grant":
        return bool(event.record_id != moved.grant_id)
    return event.record_type in ("lot", "receipt") and event.record_id not in own


def scaled(base_minor: int, ratio: tuple[int, int]) -> int:
    """Return ``base_minor * ratio[0] / ratio[1]``, rounded half away from zero, exactly."""
    receipt, base = ratio
    sign = -1 if base_minor < 0 else 1
    return sign * ((2 * abs(base_minor) * receipt + base) // (2 * base))
