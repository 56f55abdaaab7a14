"""A donor's registers as of a date and as known at a sequence.

Whose a pledge, agreement or receipt is can itself change: rows are chosen by the donor they had
at that knowledge, not by the one they have today.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.audit import AuditEvent, AuditPayload
from fundops.donors.models import Agreement, AgreementReport, Instalment, Pledge, Receipt
from fundops.tracing.known import Known, as_known

CHUNK = 500


@dataclass(frozen=True)
class Moment:
    """Whose registers, of which fund, as of which date, known at which sequence."""

    donor_id: UUID
    fund_id: UUID
    as_of_on: date
    known_seq: int


@dataclass
class Registers:
    """Pledges, agreements, instalments, owed reports and receipts of one donor in one fund.

    ``received`` is what lots opened by the date settle of each instalment, in its currency.
    """

    pledges: list[Known]
    agreements: list[Known]
    instalments: list[Known]
    reports: list[Known]
    receipts: list[Known]
    received: dict[UUID, int] = field(default_factory=dict)


def registers(db: Session, moment: Moment, lots: Sequence[Known]) -> Registers:
    """Return the registers at ``moment``; ``lots`` are the donor's, opened by its date."""
    first = _first_days(lots)
    agreements = _own(db, "agreement", Agreement, moment)
    of_pledge: dict[UUID, list[date]] = {}
    for agreement in agreements:
        if agreement.pledge_id is not None and agreement.id in first:
            of_pledge.setdefault(agreement.pledge_id, []).append(first[agreement.id])
    pledges = [
        pledge
        for pledge in _own(db, "pledge", Pledge, moment)
        if _begun(moment, _pledge_day(pledge, of_pledge.get(pledge.id, [])))
    ]
    shown = {pledge.id for pledge in pledges}
    agreements = [
        agreement
        for agreement in agreements
        if _begun(moment, agreement.signed_on or agreement.starts_on or first.get(agreement.id))
        and (agreement.pledge_id is None or agreement.pledge_id in shown)
    ]
    ids = [agreement.id for agreement in agreements]
    return Registers(
        pledges=sorted(pledges, key=lambda record: record.code),
        agreements=sorted(agreements, key=lambda record: record.code),
        instalments=_parts(db, "instalment", Instalment, ids, moment),
        reports=_parts(db, "agreement_report", AgreementReport, ids, moment),
        receipts=_receipts(db, moment, lots),
        received=_received(lots),
    )


def funds_pledged_to(db: Session, donor_id: UUID, known_seq: int) -> set[UUID]:
    """Return the funds that ``donor_id`` had pledged to, as known."""
    ids = _candidates(db, "pledge", Pledge, donor_id, known_seq)
    known = as_known(db, "pledge", by_ids(db, Pledge, ids), known_seq)
    return {pledge.fund_id for pledge in known if pledge.donor_id == donor_id}


def by_ids(db: Session, model: Any, ids: Iterable[UUID]) -> list[Any]:
    """Return the records with ``ids``, in id order, some hundreds at a time."""
    found: list[Any] = []
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), CHUNK):
        query = select(model).where(model.id.in_(wanted[start : start + CHUNK]))
        found.extend(db.execute(query.order_by(model.id)).scalars())
    return found


def _candidates(
    db: Session, record_type: str, model: Any, donor_id: UUID, known_seq: int
) -> set[UUID]:
    """Return the records that are the donor's today, or were before some later change."""
    ids = set(db.execute(select(model.id).where(model.donor_id == donor_id)).scalars())
    mention = f'%"donor_id":"{donor_id}"%'
    formerly = (
        select(AuditEvent.record_id)
        .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(
            AuditEvent.seq > known_seq,
            AuditEvent.record_type == record_type,
            AuditPayload.payload.like(mention),
        )
    )
    return ids | {one for one in db.execute(formerly).scalars() if one is not None}


def _own(db: Session, record_type: str, model: Any, moment: Moment) -> list[Known]:
    ids = _candidates(db, record_type, model, moment.donor_id, moment.known_seq)
    found = as_known(db, record_type, by_ids(db, model, ids), moment.known_seq)
    return [
        record
        for record in found
        if record.donor_id == moment.donor_id and record.fund_id == moment.fund_id
    ]


def _first_days(lots: Sequence[Known]) -> dict[UUID, date]:
    first: dict[UUID, date] = {}
    for lot in lots:
        if lot.agreement_id is not None:
            first[lot.agreement_id] = min(first.get(lot.agreement_id, lot.opened_on), lot.opened_on)
    return first


def _pledge_day(pledge: Known, received: Sequence[date]) -> date | None:
    """Return the day a pledge counts from: its own, else that of its first money or its year."""
    known: tuple[date | None, ...] = (pledge.pledged_on, pledge.pipeline_on, *received)
    days = [day for day in known if day is not None]
    if days:
        return min(days)
    return date(pledge.fiscal_year, 1, 1) if pledge.fiscal_year is not None else None


def _begun(moment: Moment, day: date | None) -> bool:
    return day is None or day <= moment.as_of_on


def _parts(
    db: Session, record_type: str, model: Any, agreement_ids: Iterable[UUID], moment: Moment
) -> list[Known]:
    rows: list[Any] = []
    wanted = sorted(agreement_ids)
    for start in range(0, len(wanted), CHUNK):
        query = select(model).where(model.agreement_id.in_(wanted[start : start + CHUNK]))
        rows.extend(db.execute(query.order_by(model.id)).scalars())
    return as_known(db, record_type, rows, moment.known_seq)


def _received(lots: Sequence[Known]) -> dict[UUID, int]:
    received: dict[UUID, int] = {}
    for lot in lots:
        if lot.kind == "receipt" and lot.status == "open" and lot.instalment_id is not None:
            settled = lot.settled_minor or 0
            received[lot.instalment_id] = received.get(lot.instalment_id, 0) + settled
    return received


def _receipts(db: Session, moment: Moment, lots: Sequence[Known]) -> list[Known]:
    """Return receipts that lots came from, and those credited to the donor but not matched yet."""
    of_lots = {lot.receipt_id for lot in lots if lot.receipt_id is not None}
    ids = of_lots | _candidates(db, "receipt", Receipt, moment.donor_id, moment.known_seq)
    found = [
        receipt
        for receipt in as_known(db, "receipt", by_ids(db, Receipt, ids), moment.known_seq)
        if receipt.received_on <= moment.as_of_on
        and receipt.fund_id == moment.fund_id
        and (receipt.id in of_lots or receipt.donor_id == moment.donor_id)
    ]
    return sorted(found, key=lambda receipt: (receipt.received_on, receipt.code))
