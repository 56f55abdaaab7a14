"""From plans to transfers: reserving, moving, voiding and paying out of lots.

Nothing is posted here; the movements go to ``ledger.posting`` with the event they belong to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.allocation.position import Draw, Move
from fundops.ledger.posting import AccountRef, Movement


@dataclass(frozen=True)
class Source:
    """The record that transfers book, their date, and a key where it books several alike."""

    kind: str
    id: UUID
    on: date
    key: str = ""


def own_key(db: Session, seq: int) -> str:
    """Return a key that no other re-routing of event ``seq`` has: one event may need several."""
    numbers: dict[int, int] = db.info.setdefault("allocation_keys", {})
    numbers[seq] = numbers.get(seq, 0) + 1
    return f"{seq}.{numbers[seq]}"


def lot_account(fund_id: UUID, lot_id: UUID) -> AccountRef:
    """Return the account of a lot's free money."""
    return AccountRef(fund_id, "lot", lot_id)


def reserved_account(fund_id: UUID, grant_id: UUID, lot_id: UUID) -> AccountRef:
    """Return the account of a grant's reservation on a lot."""
    return AccountRef(fund_id, "reserved", lot_id, grant_id)


def advance_account(fund_id: UUID, grant_id: UUID, lot_id: UUID) -> AccountRef:
    """Return the memo account of what a grantee holds of a lot and has yet to account for."""
    return AccountRef(fund_id, "advance", lot_id, grant_id)


def reserve(fund_id: UUID, source: Source, draws: Iterable[Draw]) -> list[Movement]:
    """Return the transfers that reserve ``draws``."""
    return [
        Movement(
            "reserve",
            lot_account(fund_id, draw.lot_id),
            reserved_account(fund_id, draw.grant_id, draw.lot_id),
            draw.amount_minor,
            source.on,
            source.kind,
            source.id,
            draw.lot_id,
            draw.grant_id,
            key=source.key,
        )
        for draw in draws
    ]


def void(fund_id: UUID, source: Source, parts: Iterable[Draw]) -> list[Movement]:
    """Return the transfers that give reserved ``parts`` back to their lots."""
    return [
        Movement(
            "void",
            reserved_account(fund_id, part.grant_id, part.lot_id),
            lot_account(fund_id, part.lot_id),
            part.amount_minor,
            source.on,
            source.kind,
            source.id,
            part.lot_id,
            part.grant_id,
            key=source.key,
        )
        for part in parts
    ]


def move(fund_id: UUID, source: Source, moves: Iterable[Move]) -> list[Movement]:
    """Return the transfers that move reservations: one void and one reserve per grant and lot.

    They belong into one posting, with what the moved money is freed for.
    """
    lost: dict[tuple[UUID, UUID], int] = {}
    gained: dict[tuple[UUID, UUID], int] = {}
    for one in moves:
        for totals, lot_id in ((lost, one.from_lot_id), (gained, one.to_lot_id)):
            key = (one.grant_id, lot_id)
            totals[key] = totals.get(key, 0) + one.amount_minor
    return [
        *void(fund_id, source, (Draw(*key, amount) for key, amount in lost.items())),
        *reserve(fund_id, source, (Draw(*key, amount) for key, amount in gained.items())),
    ]


def pay(fund_id: UUID, source: Source, parts: Iterable[Draw]) -> list[Movement]:
    """Return the transfers that pay reserved ``parts`` and note them as advances."""
    found: list[Movement] = []
    for part in parts:
        common = (part.amount_minor, source.on, source.kind, source.id, part.lot_id, part.grant_id)
        reserved = reserved_account(fund_id, part.grant_id, part.lot_id)
        advance = advance_account(fund_id, part.grant_id, part.lot_id)
        control = AccountRef(fund_id, "advance_control")
        bank = AccountRef(fund_id, "bank")
        found.append(Movement("pay", reserved, bank, *common, key=source.key))
        found.append(Movement("advance", advance, control, *common, key=source.key))
    return found


def pay_return(fund_id: UUID, source: Source, parts: Iterable[Draw]) -> list[Movement]:
    """Return the transfers that reserve again what the bank brought back of a payment."""
    found: list[Movement] = []
    for part in parts:
        common = (part.amount_minor, source.on, source.kind, source.id, part.lot_id, part.grant_id)
        reserved = reserved_account(fund_id, part.grant_id, part.lot_id)
        advance = advance_account(fund_id, part.grant_id, part.lot_id)
        control = AccountRef(fund_id, "advance_control")
        bank = AccountRef(fund_id, "bank")
        found.append(Movement("pay_return", bank, reserved, *common, key=source.key))
        found.append(Movement("advance_return", control, advance, *common, key=source.key))
    return found


def refund(fund_id: UUID, source: Source, parts: Iterable[Draw]) -> list[Movement]:
    """Return the transfers that give refunded ``parts`` back to the lots they were paid from."""
    found: list[Movement] = []
    for part in parts:
        common = (part.amount_minor, source.on, source.kind, source.id, part.lot_id, part.grant_id)
        lot = lot_account(fund_id, part.lot_id)
        advance = advance_account(fund_id, part.grant_id, part.lot_id)
        control = AccountRef(fund_id, "advance_control")
        bank = AccountRef(fund_id, "bank")
        found.append(Movement("refund", bank, lot, *common, key=source.key))
        found.append(Movement("advance_return", control, advance, *common, key=source.key))
    return found


def clear(kind: str, fund_id: UUID, source: Source, parts: Iterable[Draw]) -> list[Movement]:
    """Return the transfers that clear ``parts`` of an advance without cash.

    ``kind`` is ``liquidate`` for accepted expenditure, ``advance_write_off`` for what is given up.
    """
    control = AccountRef(fund_id, "advance_control")
    return [
        Movement(
            kind,
            control,
            advance_account(fund_id, part.grant_id, part.lot_id),
            part.amount_minor,
            source.on,
            source.kind,
            source.id,
            part.lot_id,
            part.grant_id,
            key=source.key,
        )
        for part in parts
    ]
