"""A donor's statement as data: what became of the money, in a period, as known at an instant.

Everything follows from the question (donor, funds, dates, known sequence): asked again later it
gives the same answer. Grants of grantees at risk are withheld: their entries become one total
per lot, position and kind, so that every sum still agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from fundops.audit import AuditEvent
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Lot, Receipt
from fundops.errors import Problem
from fundops.grants.models import Grant, Refund
from fundops.ledger.balances import turnover
from fundops.ledger.models import Fund, Transfer
from fundops.ledger.posting import AccountRef
from fundops.parties.models import Party
from fundops.parties.places import places_at_risk
from fundops.tracing.entries import (
    REROUTED,
    Entry,
    donor_lots,
    entries,
    flows,
    is_others,
    memo_amounts,
    positions,
)
from fundops.tracing.known import Known, as_known
from fundops.tracing.registers import Moment, Registers, by_ids, funds_pledged_to, registers
from fundops.tracing.results import Reached, reached
from fundops.tracing.spent import Spent, given_up, spent

CHUNK = 500

FLOW_OF_USE = {"pay": ("paid", -1), "pay_return": ("paid", -1), "refund": ("refunded", 1)}
"""Kind of transfer -> what of a grant's use it adds to, and with which sign."""


@dataclass(frozen=True)
class Question:
    """What a statement answers: ``from_on`` to ``as_of_on``, both included, known at a sequence."""

    donor_id: UUID
    fund_id: UUID | None
    from_on: date
    as_of_on: date
    known_seq: int


@dataclass(frozen=True)
class Line:
    """An entry as a reader sees it; a withheld line is a total and has no date or grant."""

    lot_id: UUID
    position: str
    kind: str
    flow: str
    amount_minor: int
    memo_minor: int | None
    effective_on: date | None
    event_seq: int | None
    grant_id: UUID | None
    source_type: str | None
    source_id: UUID | None
    is_reversal: bool
    is_withheld: bool = False


@dataclass
class Section:
    """One fund's part of a statement, in the fund's base currency.

    ``fund_opening_minor`` is what the whole fund carries as an opening balance of unknown donors:
    shown to every donor, because it stands behind part of what the fund reserved and paid.
    ``given_up_minor`` is what of the donor's part of grantees' advances was written off.
    """

    fund: Fund
    opening: dict[str, int]
    flows: dict[str, int]
    closing: dict[str, int]
    lots: list[Known]
    lines: list[Line]
    openings: dict[tuple[UUID, str], int]
    registers: Registers
    grants: dict[UUID, Grant] = field(default_factory=dict)
    grant_paid: dict[UUID, int] = field(default_factory=dict)
    withheld: set[UUID] = field(default_factory=set)
    uses: dict[UUID, dict[str, int]] = field(default_factory=dict)
    spent: list[Spent] = field(default_factory=list)
    given_up_minor: int = 0
    reached: list[Reached] = field(default_factory=list)
    fund_opening_minor: int = 0

    @property
    def opening_minor(self) -> int:
        """What was held of the donor's money before the period."""
        return sum(self.opening.values())

    @property
    def closing_minor(self) -> int:
        """What is held of the donor's money at the end of the period."""
        return sum(self.closing.values())


@dataclass
class DonorStatement:
    """The whole answer; ``labels`` names parties as this reader may see them.

    ``codes`` and ``references`` (the bank's or our own) are of the records behind lines, and
    ``events`` tells when and by what action the audit chain recorded each line.
    """

    question: Question
    donor: Party
    sections: list[Section]
    labels: dict[UUID, str]
    codes: dict[UUID, str]
    references: dict[UUID, str]
    events: dict[int, tuple[datetime, str, str | None]]


def position(db: Session, question: Question) -> list[tuple[Fund, dict[str, int]]]:
    """Return per fund what is held of a donor's money, without the detail of a statement."""
    found = []
    for fund in _funds(db, question):
        legs = entries(
            db,
            donor_lots(question.donor_id, fund.id),
            until=question.as_of_on,
            known_seq=question.known_seq,
        )
        found.append((fund, positions(legs) | {f"total_{k}": v for k, v in flows(legs).items()}))
    return found


def statement(db: Session, question: Question) -> DonorStatement:
    """Return the statement that answers ``question``; raise ``not-found`` without such a donor."""
    donor = db.get(Party, question.donor_id)
    if donor is None:
        raise Problem("not-found")
    sections = [_section(db, question, fund) for fund in _funds(db, question)]
    parties = {donor.id}
    for one in sections:
        parties.update(receipt.payer_id for receipt in one.registers.receipts)
        parties.update(g.grantee_id for g in one.grants.values())
    labels = {
        party.id: party.name if party.id == donor.id else party.public_label
        for party in by_ids(db, Party, parties)
    }
    codes, references = _documents(db, sections, donor.id)
    return DonorStatement(
        question, donor, sections, labels, codes, references, _events(db, sections)
    )


def _funds(db: Session, question: Question) -> list[Fund]:
    """Return the funds with anything of the donor's, or the one asked for, by code."""
    query = select(Fund).order_by(Fund.code)
    if question.fund_id is not None:
        query = query.where(Fund.id == question.fund_id)
    else:
        touched = select(Lot.fund_id).where(Lot.donor_id == question.donor_id)
        pledged = funds_pledged_to(db, question.donor_id, question.known_seq)
        query = query.where(Fund.id.in_(touched) | Fund.id.in_(sorted(pledged)))
    return list(db.execute(query).scalars())


def _section(db: Session, question: Question, fund: Fund) -> Section:
    donor_id, known = question.donor_id, question.known_seq
    moment = Moment(donor_id, fund.id, question.as_of_on, known)
    legs = entries(db, donor_lots(donor_id, fund.id), until=question.as_of_on, known_seq=known)
    lots = _known(db, "lot", Lot, Lot.donor_id == donor_id, Lot.fund_id == fund.id, seq=known)
    lots = [lot for lot in lots if lot.opened_on <= question.as_of_on]
    before = [leg for leg in legs if leg.effective_on < question.from_on]
    during = [leg for leg in legs if leg.effective_on >= question.from_on]
    section = Section(
        fund=fund,
        opening=positions(before),
        flows=flows(during),
        closing=positions(legs),
        lots=sorted(lots, key=lambda lot: (lot.opened_on, lot.code)),
        lines=[],
        openings=_by_lot(before),
        registers=registers(db, moment, lots),
        spent=spent(db, donor_lots(donor_id, fund.id), moment, question.from_on),
    )
    opening = AccountRef(fund.id, "opening")
    section.fund_opening_minor, _ = turnover(db, opening.id, question.as_of_on, known)
    section.given_up_minor = given_up(db, donor_lots(donor_id, fund.id), moment)
    _add_grants(db, question, section, legs)
    shown = [g.code for g in section.grants.values() if g.id not in section.withheld]
    section.reached = reached(db, moment, shown)
    section.uses = _uses(legs, question.from_on)
    section.lines = _lines(legs, section, question.from_on)
    return section


def _known(db: Session, record_type: str, model: Any, *criteria: Any, seq: int) -> list[Known]:
    rows = list(db.execute(select(model).where(*criteria).order_by(model.id)).scalars())
    return as_known(db, record_type, rows, seq)


def _by_lot(legs: Iterable[Entry]) -> dict[tuple[UUID, str], int]:
    totals: dict[tuple[UUID, str], int] = {}
    for leg in legs:
        key = (leg.lot_id, leg.position)
        totals[key] = totals.get(key, 0) + leg.amount_minor
    return totals


def _uses(legs: Iterable[Entry], from_on: date) -> dict[UUID, dict[str, int]]:
    """Return per grant what the donor's money did: reserved, paid and refunded, minor units.

    ``paid`` and ``refunded`` count the period, ``…_to_date`` everything up to its end.
    """
    names = ("reserved", "paid", "refunded", "paid_to_date", "refunded_to_date")
    uses: dict[UUID, dict[str, int]] = {}
    for leg in legs:
        if leg.grant_id is None:
            continue
        use = uses.setdefault(leg.grant_id, dict.fromkeys(names, 0))
        if leg.position == "reserved":
            use["reserved"] += leg.amount_minor
        flow = FLOW_OF_USE.get(leg.kind)
        if flow is not None:
            name, sign = flow
            use[f"{name}_to_date"] += sign * leg.amount_minor
            if leg.effective_on >= from_on:
                use[name] += sign * leg.amount_minor
    return uses


def _add_grants(db: Session, question: Question, section: Section, legs: Sequence[Entry]) -> None:
    ids = {leg.grant_id for leg in legs if leg.grant_id is not None}
    section.grants = {grant.id: grant for grant in by_ids(db, Grant, ids)}
    grantees = by_ids(db, Party, {grant.grantee_id for grant in section.grants.values()})
    at_risk = {party.id for party in grantees if party.is_at_risk}
    places = places_at_risk(db)
    section.withheld = {
        one.id
        for one in section.grants.values()
        if one.grantee_id in at_risk or places.holds(one.country, one.fund_id)
    }
    wanted = sorted(section.grants)
    counts = case((Transfer.kind == "pay", 1), else_=-1)
    signed = counts * case(
        (Transfer.reverses_id.is_(None), Transfer.amount_minor), else_=-Transfer.amount_minor
    )
    for start in range(0, len(wanted), CHUNK):
        query = (
            select(Transfer.grant_id, func.sum(signed))
            .where(
                Transfer.grant_id.in_(wanted[start : start + CHUNK]),
                Transfer.kind.in_(("pay", "pay_return")),
                Transfer.effective_on <= question.as_of_on,
                Transfer.event_seq <= question.known_seq,
            )
            .group_by(Transfer.grant_id)
        )
        for grant_id, paid in db.execute(query):
            assert grant_id is not None
            section.grant_paid[grant_id] = int(paid)


def ratios(lots: Iterable[Known]) -> dict[UUID, tuple[int, int]]:
    """Return per lot (receipt minor, base minor): the rate at which its money was booked."""
    return {
        lot.id: (lot.receipt_minor, lot.amount_minor)
        for lot in lots
        if lot.receipt_minor is not None
    }


def _lines(legs: Sequence[Entry], section: Section, from_on: date) -> list[Line]:
    """Return the period's entries as lines, those of withheld grants gathered into totals."""
    plain: list[Line] = []
    gathered: dict[tuple[UUID, str, str], Line] = {}
    for leg, memo in zip(legs, memo_amounts(legs, ratios(section.lots)), strict=True):
        if leg.effective_on < from_on:
            continue
        line = _line(leg, memo)
        if leg.grant_id not in section.withheld:
            plain.append(line)
            continue
        key = (leg.lot_id, leg.position, leg.kind)
        so_far = gathered.get(key)
        gathered[key] = _withheld(line) if so_far is None else _added(so_far, line)
    codes = {lot.id: lot.code for lot in section.lots}
    hidden = sorted(gathered.values(), key=lambda x: (codes.get(x.lot_id, ""), x.position, x.kind))
    return plain + hidden


def _line(leg: Entry, memo: int | None) -> Line:
    return Line(
        lot_id=leg.lot_id,
        position=leg.position,
        kind=leg.kind,
        flow=leg.flow or "internal",
        amount_minor=leg.amount_minor,
        memo_minor=memo,
        effective_on=leg.effective_on,
        event_seq=leg.event_seq,
        grant_id=leg.grant_id,
        source_type=leg.source_type,
        source_id=leg.source_id,
        is_reversal=leg.is_reversal,
    )


def _withheld(line: Line) -> Line:
    return replace(
        line, effective_on=None, event_seq=None, grant_id=None, source_type=None, source_id=None,
        is_reversal=False, is_withheld=True,
    )  # fmt: skip


def _added(total: Line, line: Line) -> Line:
    memo = None if total.memo_minor is None else total.memo_minor + (line.memo_minor or 0)
    return replace(total, amount_minor=total.amount_minor + line.amount_minor, memo_minor=memo)


def _documents(
    db: Session, sections: Iterable[Section], donor_id: UUID
) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """Return the human codes of the records that lines come from, and their references."""
    wanted: dict[str, set[UUID]] = {"disbursement": set(), "refund": set(), "receipt": set()}
    for section in sections:
        for line in section.lines:
            if line.source_type in wanted and line.source_id is not None:
                wanted[line.source_type].add(line.source_id)
        wanted["receipt"].update(r.id for r in section.registers.receipts)
    codes: dict[UUID, str] = {}
    references: dict[UUID, str] = {}
    for source, model in (("disbursement", Disbursement), ("refund", Refund), ("receipt", Receipt)):
        for record in by_ids(db, model, wanted[source]):
            codes[record.id] = record.code
            if source == "receipt":
                # Of a receipt that others share in, its reference is not the donor's to read.
                reference = record.bank_reference if record.donor_id == donor_id else None
            else:
                reference = record.reference
            if reference is not None:
                references[record.id] = reference
    return codes, references


def _events(
    db: Session, sections: Iterable[Section]
) -> dict[int, tuple[datetime, str, str | None]]:
    """Return when each line was recorded, by what, and the file and row it was imported from.

    Only an import's reason is told: a person's may speak of others. Withheld lines have none.
    """
    sections = list(sections)
    own = {one for s in sections for lot in s.lots for one in (lot.id, lot.receipt_id)}
    lines: dict[int, list[Line]] = {}
    for line in (line for section in sections for line in section.lines):
        if line.event_seq is not None:
            lines.setdefault(line.event_seq, []).append(line)
    seqs = sorted(lines)
    found: dict[int, tuple[datetime, str, str | None]] = {}
    for start in range(0, len(seqs), CHUNK):
        query = select(
            AuditEvent.seq, AuditEvent.recorded_at, AuditEvent.action, AuditEvent.reason,
            AuditEvent.record_type, AuditEvent.record_id,
        ).where(AuditEvent.seq.in_(seqs[start : start + CHUNK]))  # fmt: skip
        for event in db.execute(query):
            if all(is_others(line, event, own) for line in lines[event.seq]):
                found[event.seq] = (event.recorded_at, REROUTED, None)
                continue
            taken_from = event.reason if event.action.endswith(".imported") else None
            found[event.seq] = (event.recorded_at, event.action, taken_from)
    return found
