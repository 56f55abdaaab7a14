"""The allotment of lots: what each lot was opened with, and where its money stands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from fundops.donors.models import Agreement, Lot, Receipt
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import by_currency, in_currencies, summed
from fundops.exports.audit_book.journal import kind_totals
from fundops.exports.audit_book.registers import LOTS as REGISTER
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import Figure, count, total
from fundops.exports.kinds import Code, Computed, Date, Integer, Money, Text
from fundops.exports.workbook import Control
from fundops.ledger.models import Transfer
from fundops.messages import text
from fundops.tracing.earmark_words import in_words
from fundops.tracing.entries import FLOW_OF, POSITIONS
from fundops.tracing.known import Known

FLOWS = ("receipts", "other_income", "charges", "payments", "refunds", "others")
"""Columns of what came in and went out, each some of the flows of a statement."""
_COLUMN = {
    "receipts": "receipts", "other_income": "other_income", "payments": "payments",
    "refunds": "refunds", "bank_fees": "charges", "exchange_differences": "charges",
    "agent_fees": "charges", "support_cost": "charges",
}  # fmt: skip


def lot_rows(book: Book) -> Iterator[Row]:
    """Yield the lots opened or moved by the day, as known, with their flows and positions."""
    flows, held = _moved(book)
    shown = {POSITIONS[account] for account in positions_of(book)}
    agreements, receipts = book.codes(Agreement), book.codes(Receipt)
    for lot in lots(book):
        own = flows[lot.id]
        positions, is_open = held[lot.id], lot.status is not None and _is_open(book, lot)
        yield (
            lot.code, lot.kind, book.party(lot.donor_id), agreements.get(lot.agreement_id),
            receipts.get(lot.receipt_id), book.lot_codes.get(lot.replaces_id),
            lot.opened_on, lot.spend_by_on, lot.status, lot.category,
            lot.earmark and in_words(lot.earmark, book.language), lot.receipt_currency,
            lot.receipt_minor if is_open else None, lot.amount_minor if is_open else 0,
            *(own[one] for one in FLOWS), sum(own.values()),
            *(positions[one] if one in shown else None for one in POSITIONS.values()),
        )  # fmt: skip


def lots(book: Book) -> list[Any]:
    """Return the lots in scope that were opened or moved by the day, as known, in book order."""
    found = [*_shown(book, REGISTER.known(book)), *_unrecorded(book)]
    return sorted(found, key=lambda lot: (lot.opened_on, lot.code))


def _shown(book: Book, among: Iterable[Known]) -> list[Known]:
    """Return the lots in scope that were opened by the day, or that a transfer moved by then.

    Money may be reserved ahead of the day it comes in on: such a lot is less than nothing then.
    """
    ours, moved = book.once(_ours), book.once(_moved_by_then)
    return [lot for lot in among if lot.id in ours and (_is_open(book, lot) or lot.id in moved)]


def _is_open(book: Book, lot: Any) -> bool:
    return bool(lot.opened_on <= book.on)


def _ours(book: Book) -> set[UUID]:
    return set(book.db.execute(book.lots).scalars())


def _moved_by_then(book: Book) -> set[UUID]:
    query = book.transfers(Transfer.lot_id).where(Transfer.lot_id.is_not(None))
    return set(book.db.execute(query.order_by(None).distinct()).scalars())


def _not_among(book: Book, among: Iterable[Known]) -> set[UUID]:
    """Return the lots in scope that transfers moved by then, but that are not ``among`` these."""
    return (book.once(_moved_by_then) & book.once(_ours)) - {lot.id for lot in among}


def _unrecorded(book: Book) -> list[Known]:
    """Return lots that moved before they were recorded, by what of them never changes.

    An import may record the opening balance last, when it knows what came of it.
    """
    missing = _not_among(book, REGISTER.known(book))
    lot = Lot.__table__.c
    nothing = dict.fromkeys(lot.keys())
    query = select(lot.id, lot.code, lot.kind, lot.donor_id, lot.opened_on)
    found = book.db.execute(query.where(lot.id.in_(missing))) if missing else ()
    return [Known(nothing | dict(row._mapping)) for row in found]


def _moved(book: Book) -> tuple[dict[UUID, Counter[str]], dict[UUID, Counter[str]]]:
    """Return per lot what flowed, and what stands in each position, by the transfers in scope."""
    flows: dict[UUID, Counter[str]] = defaultdict(Counter)
    held: dict[UUID, Counter[str]] = defaultdict(Counter)
    for side, sign in ((book.debit, -1), (book.credit, 1)):
        query = (
            book.transfers(side.lot_id, side.kind, Transfer.kind, func.sum(Transfer.amount_minor))
            .where(side.kind.in_(list(POSITIONS)), side.lot_id.in_(book.lots))
            .group_by(side.lot_id, side.kind, Transfer.kind)
            .order_by(None)
        )
        for lot_id, account, kind, amount in book.db.execute(query):
            held[lot_id][POSITIONS[account]] += sign * int(amount)
            flow = FLOW_OF.get(kind)
            flows[lot_id][_COLUMN.get(flow or "", "others")] += sign * int(amount)
    return flows, held


def standing(book: Book) -> int:
    """Return what the lots in scope come to by the ledger's dated totals, minor units."""
    return sum(c - d for kind, d, c in kind_totals(book) if kind in POSITIONS)


def went_through(book: Book) -> int:
    """Return what moved in and out of lots for what is in scope, by kinds of transfer."""
    return sum(_flows_of_ledger(book).values())


def lot_controls(book: Book) -> Iterator[Control]:
    """Yield: rows, what was booked, flows, and each position by the ledger's dated totals."""
    told = REGISTER.told(book)
    shown = _shown(book, told)
    opened = [lot for lot in shown if _is_open(book, lot)]
    rows = len(shown) + len(_not_among(book, told))
    yield counted(book, "lots", count("lots"), rows)
    yield control(book, "lots_booked", total("lots", "amount"), summed(opened, "amount_minor"))
    amounts = by_currency((lot.receipt_currency, lot.receipt_minor) for lot in opened)
    yield from in_currencies(book, "lots_receipt", "lots", "receipt", "currency", amounts)
    yield from _positions(book)


def positions_of(book: Book) -> list[str]:
    """Return the accounts whose standing is told: of a grant or call only what is reserved."""
    return list(POSITIONS) if book.by_lot else ["reserved"]


def _positions(book: Book) -> Iterator[Control]:
    standing = {kind: credited - debited for kind, debited, credited in kind_totals(book)}
    for account in positions_of(book):
        position = POSITIONS[account]
        label = text(f"statement.position.{position}", book.language)
        figure = total("lots", position)
        yield control(book, "lots_position", figure, standing.get(account, 0), position=label)
    flows: Figure = total("lots", FLOWS[0])
    held: Figure = total("lots", "available")
    for flow in FLOWS[1:]:
        flows = flows + total("lots", flow)
    for position in list(POSITIONS.values())[1:]:
        held = held + total("lots", position)
    if book.by_lot:
        yield control(book, "lots_flows", flows - held, 0)
    moved = _flows_of_ledger(book)
    yield control(book, "lots_closing", total("lots", "closing"), sum(moved.values()))
    for flow, amount in moved.items():
        yield control(book, "lots_flow", total("lots", flow), amount,
                      flow=text(f"audit_book.lots.{flow}", book.language))  # fmt: skip


def _flows_of_ledger(book: Book) -> dict[str, int]:
    """Return what the kinds of transfer in scope come to, without going through lots."""
    found = dict.fromkeys(FLOWS, 0)
    for side, sign in ((book.debit, -1), (book.credit, 1)):
        query = book.transfers(Transfer.kind, func.sum(Transfer.amount_minor))
        query = query.where(side.kind.in_(list(POSITIONS)), side.lot_id.in_(book.lots))
        for kind, amount in book.db.execute(query.group_by(Transfer.kind).order_by(None)):
            found[_COLUMN.get(FLOW_OF.get(kind, ""), "others")] += sign * int(amount)
    return found


LOTS = Section(
    "lots",
    (
        ("lot", Code(), 26), ("kind", Code(), 12), ("donor", Text(), 34), ("agreement", Code(), 24),
        ("receipt_code", Code(), 24), ("replaces", Code(), 24), ("opened_on", Date(), 12),
        ("spend_by_on", Date(), 12), ("status", Code(), 11), ("category", Integer(), 10),
        ("earmark", Text(), 44), ("currency", Code(), 10),
        ("receipt", Money(currency_from="currency"), 18), ("amount", Money(), 18),
        *((flow, Money(), 18) for flow in FLOWS),
        ("closing", Computed("+".join(f"{{{flow}}}" for flow in FLOWS), Money()), 18),
        *((position, Money(), 18) for position in POSITIONS.values()),
    ),
    lot_rows,
    totals=("amount", *FLOWS, "closing", *POSITIONS.values()),
    controls=lot_controls,
)  # fmt: skip
