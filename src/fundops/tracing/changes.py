"""What changed since a statement was issued: every difference explained, entry by entry.

Asking the old question again with today's knowledge can give other figures only through entries
that were recorded later but count earlier, and through later changes of the donor's registers.
Both are listed, with who did what and why.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from fundops.audit import AuditEvent, AuditPayload
from fundops.donors.models import Agreement, Instalment, Lot, Pledge
from fundops.tracing.entries import REROUTED, Entry, donor_lots, entries, is_others
from fundops.tracing.models import Statement
from fundops.tracing.statement import Question

CHUNK = 500
MAX_REGISTER_CHANGES = 5_000


@dataclass(frozen=True)
class LateEntry:
    """An entry recorded after the last statement but effective within its period.

    Where another's affair moved the money, a receipt of another donor reversed or another grant
    awarded, ``action`` says that reservations were re-routed and ``reason`` is none.
    """

    entry: Entry
    action: str
    reason: str | None
    recorded_at: datetime


@dataclass(frozen=True)
class RegisterChange:
    """A change of a pledge, agreement or instalment recorded since the last statement."""

    record_type: str
    code: str
    action: str
    reason: str | None
    recorded_at: datetime
    fields: str


@dataclass(frozen=True)
class Changes:
    """All differences from ``since``; ``before_minor + sum(late) == after_minor``."""

    since: Statement
    before_minor: int
    after_minor: int
    late: list[LateEntry]
    registers: list[RegisterChange]


def previous_statement(db: Session, question: Question) -> Statement | None:
    """Return the last statement issued for the same donor and funds before this knowledge."""
    same_fund = (
        Statement.fund_id.is_(None)
        if question.fund_id is None
        else Statement.fund_id == question.fund_id
    )
    query = (
        select(Statement)
        .where(
            Statement.donor_id == question.donor_id,
            same_fund,
            Statement.known_seq < question.known_seq,
            Statement.as_of_on <= question.as_of_on,
        )
        .order_by(Statement.known_seq.desc(), Statement.id.desc())
        .limit(1)
    )
    return db.execute(query).scalar_one_or_none()


def changes_since(db: Session, question: Question, since: Statement) -> Changes:
    """Return what changed about the period of ``since`` between its knowledge and now's."""
    lots = donor_lots(question.donor_id, question.fund_id)
    legs = entries(db, lots, until=since.as_of_on, known_seq=question.known_seq)
    late = [leg for leg in legs if leg.event_seq > since.known_seq]
    events = _events(db, sorted({leg.event_seq for leg in late}))
    own = _own_money(db, lots) if late else set()
    found = [_late(leg, events[leg.event_seq], own) for leg in late]
    found.sort(key=lambda one: (one.entry.event_seq, one.entry.line, one.entry.amount_minor))
    before = sum(leg.amount_minor for leg in legs if leg.event_seq <= since.known_seq)
    return Changes(
        since=since,
        before_minor=before,
        after_minor=sum(leg.amount_minor for leg in legs),
        late=found,
        registers=_register_changes(db, question, since.known_seq),
    )


def _own_money(db: Session, lots: Select[UUID]) -> set[UUID]:
    """Return the ids of the lots and of the receipts that they came from."""
    query = select(Lot.id, Lot.receipt_id).where(Lot.id.in_(lots))
    return {one for row in db.execute(query) for one in row if one is not None}


def _late(entry: Entry, event: Row[Any], own: set[UUID]) -> LateEntry:
    if is_others(entry, event, own):
        return LateEntry(entry, REROUTED, None, event.recorded_at)
    return LateEntry(entry, event.action, event.reason, event.recorded_at)


def _events(db: Session, seqs: Sequence[int]) -> dict[int, Row[Any]]:
    found: dict[int, Row[Any]] = {}
    for start in range(0, len(seqs), CHUNK):
        query = select(
            AuditEvent.seq,
            AuditEvent.action,
            AuditEvent.reason,
            AuditEvent.recorded_at,
            AuditEvent.record_type,
            AuditEvent.record_id,
        ).where(AuditEvent.seq.in_(seqs[start : start + CHUNK]))
        found.update({row.seq: row for row in db.execute(query)})
    return found


def _register_changes(db: Session, question: Question, after_seq: int) -> list[RegisterChange]:
    codes = _register_codes(db, question)
    ids, found = sorted(codes), []
    for start in range(0, len(ids), CHUNK):
        query = (
            select(AuditEvent, AuditPayload.payload)
            .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
            .where(
                AuditEvent.record_type.in_(("pledge", "agreement", "instalment")),
                AuditEvent.record_id.in_(ids[start : start + CHUNK]),
                AuditEvent.seq > after_seq,
                AuditEvent.seq <= question.known_seq,
            )
            .order_by(AuditEvent.seq)
            .limit(MAX_REGISTER_CHANGES)
        )
        for event, payload in db.execute(query):
            found.append((event.seq, _register_change(event, payload, codes)))
    return [change for _, change in sorted(found, key=lambda pair: pair[0])]


def _register_change(
    event: AuditEvent, payload: str | None, codes: dict[UUID, str]
) -> RegisterChange:
    assert event.record_id is not None
    content: dict[str, Any] = json.loads(payload) if payload else {}
    before, after = content.get("before") or {}, content.get("after") or {}
    fields = "; ".join(
        f"{name}: {before[name]} → {after.get(name)}"
        for name in sorted(before)
        if before[name] != after.get(name) and name != "version"
    )
    return RegisterChange(
        event.record_type,
        codes[event.record_id],
        event.action,
        event.reason,
        event.recorded_at,
        fields,
    )


def _register_codes(db: Session, question: Question) -> dict[UUID, str]:
    """Return the codes of the donor's pledges, agreements and instalments."""
    codes: dict[UUID, str] = {}
    for model in (Pledge, Agreement):
        own = select(model.id, model.code).where(model.donor_id == question.donor_id)
        if question.fund_id is not None:
            own = own.where(model.fund_id == question.fund_id)
        codes.update({row[0]: row[1] for row in db.execute(own)})
    query = (
        select(Instalment.id, Agreement.code, Instalment.number)
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(Agreement.donor_id == question.donor_id)
    )
    if question.fund_id is not None:
        query = query.where(Agreement.fund_id == question.fund_id)
    codes.update({row[0]: f"{row[1]}/{row[2]}" for row in db.execute(query)})
    return codes
