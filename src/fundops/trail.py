"""The trail of registers: no row of a register changes without an audit event that says so.

Services record what they mean (``receipt.matched``); this module sees to completeness. While a
write transaction runs it notes every register row that is added or changed; before the commit it
compares them with what the events of the transaction already say, and records the rest. So a
register can be rewound to any sequence, and ``breaks`` can prove that no row was changed unseen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import event, inspect, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapper, Session

from fundops.audit import SYSTEM, AuditEvent, AuditPayload, Author, Entry, canonical, record_many
from fundops.db import Base, WriteSession, before_commit
from fundops.messages import text

REGISTERS: dict[str, str] = {
    "accepted_versions": "accepted_version",
    "confirmed_items": "confirmed_item",
    "evidence_inspections": "evidence_inspection",
    "progress_reports": "progress_report",
    "releases": "release",
    "report_evidence": "report_evidence",
    "report_receipts": "report_receipt",
    "report_versions": "report_version",
    "advance_write_offs": "advance_write_off",
    "agreement_reports": "agreement_report",
    "agreements": "agreement",
    "amendment_approvals": "amendment_approval",
    "audit_engagements": "audit_engagement",
    "audit_findings": "audit_finding",
    "assignments": "assignment",
    "audit_workbooks": "audit_workbook",
    "audit_samples": "audit_sample",
    "bank_accounts": "bank_account",
    "bank_entries": "bank_entry",
    "board_items": "board_item",
    "board_members": "board_member",
    "boards": "board",
    "call_criteria": "call_criterion",
    "call_documents": "call_document",
    "call_extensions": "call_extension",
    "call_questions": "call_question",
    "call_rules": "call_rule",
    "call_backs": "call_back",
    "calls": "call",
    "commitments": "commitment",
    "conditional_awards": "conditional_award",
    "conflicts": "conflict",
    "consensuses": "consensus",
    "due_diligence_checks": "due_diligence_check",
    "disbursement_steps": "disbursement_step",
    "contact_channels": "contact_channel",
    "disbursements": "disbursement",
    "donor_choices": "donor_choice",
    "duty_profiles": "duty_profile",
    "eligibility_decisions": "eligibility_decision",
    "events": "event",
    "exchange_rates": "exchange_rate",
    "expenditure_lines": "expenditure_line",
    "expenditure_statements": "expenditure_statement",
    "files": "file",
    "finding_entries": "finding_entry",
    "finding_notes": "finding_note",
    "finding_settlements": "finding_settlement",
    "fund_bank_accounts": "fund_bank_account",
    "fund_transfers": "fund_transfer",
    "fund_policies": "fund_policy",
    "funds": "fund",
    "grant_schedules": "grant_schedule",
    "grant_agreement_receipts": "grant_agreement_receipt",
    "grant_agreement_texts": "grant_agreement_text",
    "grant_agreement_versions": "grant_agreement_version",
    "grant_agreements": "grant_agreement",
    "grant_amendments": "grant_amendment",
    "grant_suspensions": "grant_suspension",
    "grant_terminations": "grant_termination",
    "grant_closings": "grant_closing",
    "grants": "grant",
    "incident_handlers": "incident_handler",
    "incident_holds": "incident_hold",
    "incident_notices": "incident_notice",
    "incident_texts": "incident_text",
    "incidents": "incident",
    "instalments": "instalment",
    "local_receipts": "local_receipt",
    "lots": "lot",
    "organisation_profiles": "organisation_profile",
    "partner_assessments": "partner_assessment",
    "party_documents": "party_document",
    "payment_batches": "payment_batch",
    "payment_holds": "payment_hold",
    "person_limits": "person_limit",
    "places_at_risk": "place_at_risk",
    "pledges": "pledge",
    "proposal_attachments": "proposal_attachment",
    "proposal_versions": "proposal_version",
    "proposals": "proposal",
    "published_activities": "published_activity",
    "rankings": "ranking",
    "receipts": "receipt",
    "receivable_entries": "receivable_entry",
    "receivables": "receivable",
    "recusals": "recusal",
    "refund_parts": "refund_part",
    "refund_requests": "refund_request",
    "refunds": "refund",
    "report_certifications": "report_certification",
    "request_decisions": "request_decision",
    "disposals": "disposal",
    "requirements": "requirement",
    "retention_rules": "retention_rule",
    "review_drafts": "review_draft",
    "reviewers": "reviewer",
    "reviews": "review",
    "same_persons": "same_person",
    "risk_assessments": "risk_assessment",
    "sanctions_checks": "sanctions_check",
    "statements": "statement",
    "submission_receipts": "submission_receipt",
    "tranche_conditions": "tranche_condition",
    "tranches": "tranche",
    "votes": "vote",
    "voucher_profiles": "voucher_profile",
    "write_offs": "write_off",
}
"""Table -> record type of the events that make up its history.

Persons, roles and parties are not among them: access is told by periods that are never changed.
"""

ACCESS: dict[str, str] = {
    "memberships": "membership",
    "parties": "party",
    "persons": "person",
    "tokens": "token",
}
"""What decides who may do and see what: its services tell all of it, and ``breaks`` proves it."""

UNTRACKED = frozenset({"version", "secret_hash"})
"""Columns that say nothing beyond the events themselves, or what is kept of a secret."""

DIGESTED: dict[str, frozenset[str]] = {
    "contact_channels": frozenset({"address", "address_salt"}),
    "grant_agreement_receipts": frozenset({"body"}),
    "grant_agreement_texts": frozenset({"content"}),
    "grant_amendments": frozenset({"content"}),
    "incident_texts": frozenset({"body", "salt"}),
    "proposal_versions": frozenset({"content"}),
    "rankings": frozenset({"result"}),
    "report_receipts": frozenset({"body"}),
    "review_drafts": frozenset({"content"}),
    "submission_receipts": frozenset({"body"}),
}
"""Large columns, and addresses, that events tell by a digest beside them; ``fundops check``
compares both."""

SECRET: dict[str, frozenset[str]] = {
    "bank_accounts": frozenset({"details", "fingerprint"}),
    "fund_bank_accounts": frozenset({"details", "key_id"}),
}
"""Columns of which no event may tell; they are bound to their row by the vault instead."""

GONE: dict[str, Any] = {"id": None}
"""What an event says of a row after it was deleted: drafts alone are, such as a call's criteria."""

PAGE = 2_000


@dataclass
class _Seen:
    """A register row touched in this transaction, and what its changed columns held before."""

    record: Base
    is_new: bool = False
    before: dict[str, Any] = field(default_factory=dict)


Key = tuple[str, UUID]


def _type_of(record: object) -> str | None:
    return REGISTERS.get(getattr(record, "__tablename__", ""))


@event.listens_for(WriteSession, "before_flush")
def _note(db: Session, _context: object, _instances: object) -> None:
    seen: dict[Key, _Seen] = db.info.setdefault("trail", {})
    for record in db.new:
        record_type = _type_of(record)
        if record_type is not None:
            seen.setdefault((record_type, record.id), _Seen(record, is_new=True))
    for record in db.dirty:
        record_type = _type_of(record)
        if record_type is None:
            continue
        for attribute in inspect(record).attrs:
            history = attribute.history
            if not _is_told(record.__tablename__, attribute.key) or not history.has_changes():
                continue
            row = seen.setdefault((record_type, record.id), _Seen(record))
            row.before.setdefault(attribute.key, history.deleted[0] if history.deleted else None)


def _plain(value: Any) -> Any:
    """Return ``value`` as an event's payload would hold it, bytes in hex."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return json.loads(canonical(value))


@cache
def _columns(mapper: Mapper[Any]) -> tuple[str, ...]:
    table = mapper.class_.__tablename__
    return tuple(a.key for a in mapper.column_attrs if _is_told(table, a.key))


def _is_told(table: str, column: str) -> bool:
    """Return whether events tell a column itself."""
    hidden = DIGESTED.get(table, frozenset()) | SECRET.get(table, frozenset())
    return column not in UNTRACKED and column not in hidden


def complete(db: Session) -> None:
    """Record what the events of this transaction do not say about the registers it changed."""
    db.flush()
    seen: dict[Key, _Seen] = db.info.get("trail", {})
    if not seen:
        return
    said: dict[Key, tuple[dict[str, Any], dict[str, Any]]] = {}
    author: Author = SYSTEM
    reason: str | None = None
    for one_author, entry in db.info.get("audited", ()):
        author, reason = one_author, entry.reason
        if entry.record_id is not None:
            before, after = said.setdefault((entry.record_type, entry.record_id), ({}, {}))
            for name, value in (entry.before or {}).items():
                before.setdefault(name, value)
            after.update(entry.after or {})
    entries = [
        missing
        for key, row in seen.items()
        if (missing := _missing(key, row, said.get(key, ({}, {})), reason)) is not None
    ]
    if entries:
        record_many(db, author, entries)


def _missing(
    key: Key, row: _Seen, said: tuple[dict[str, Any], dict[str, Any]], reason: str | None
) -> Entry | None:
    """Return the event that completes what was said of one row, or none when all was said."""
    record_type, record_id = key
    before, after = (_plain(part) for part in said)
    names = _columns(inspect(type(row.record))) if row.is_new else tuple(row.before)
    now = {name: getattr(row.record, name) for name in names}
    untold = [
        name
        for name in names
        if name not in after
        or after[name] != _plain(now[name])
        or (not row.is_new and before.get(name, after) != _plain(row.before[name]))
    ]
    if row.is_new:
        if not untold:
            return None
        return Entry(f"{record_type}.added", record_type, record_id, _fund(row), reason, None, now)
    untold = [name for name in untold if _plain(row.before[name]) != _plain(now[name])]
    if not untold:
        return None
    return Entry(
        f"{record_type}.updated",
        record_type,
        record_id,
        _fund(row),
        reason,
        {name: row.before[name] for name in untold},
        {name: now[name] for name in untold},
    )


def _fund(row: _Seen) -> UUID | None:
    return getattr(row.record, "fund_id", None)


before_commit(complete)


def breaks(db: Session, registers: Mapping[str, str] = REGISTERS) -> list[tuple[str, str]]:
    """Return (record type, sentence) for every register row that its events do not explain.

    Also for rows that events tell of and that are not there, unless the last of them tells that
    the row is gone (``GONE``): nothing is deleted in silence.
    """
    told = _told(db, registers)
    found: list[tuple[str, str]] = []
    mappers = {mapper.local_table.name: mapper for mapper in Base.registry.mappers}  # type: ignore[attr-defined]
    for table in _filled(db, [name for name in mappers if name in registers]):
        record_type, mapper = registers[table], mappers[table]
        names = _columns(mapper)
        columns = [getattr(mapper.class_, name) for name in names]
        query = select(*columns).execution_options(yield_per=PAGE)
        for values in db.execute(query):
            row = dict(zip(names, values, strict=True))
            said = told.pop((record_type, row["id"].hex), _Said())
            wrong = [n for n in names if not said.explains(n, _plain(row[n]))]
            if wrong:
                sentence = text("check.register_untold", columns=", ".join(wrong))
                found.append((record_type, f"{row['id']}: {sentence}"))
    gone = (key for key, said in told.items() if said.get("id") is not None)
    found += [(kind, f"{UUID(hex=one)}: {text('check.register_gone')}") for kind, one in gone]
    return found


def _filled(db: Session, tables: Iterable[str]) -> list[str]:
    """Return which of ``tables`` have rows; the others need no query of their own."""
    parts = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in tables]  # noqa: S608
    return [row[0] for row in db.execute(sql(" UNION ALL ".join(parts)))]


class _Said(dict[str, Any]):
    """What events say of one row: columns and their values, or that some of it was disposed of."""

    is_forgotten = False

    def forget(self) -> None:
        """Take a payload that was disposed of for anything: it may have said any column anew."""
        self.clear()
        self.is_forgotten = True

    def explains(self, name: str, value: Any) -> bool:
        """Return whether the last event on the column ``name`` gives it ``value``."""
        return bool(self[name] == value) if name in self else self.is_forgotten


def _told(db: Session, registers: Mapping[str, str]) -> dict[tuple[str, str], _Said]:
    """Return the registers as their events tell them: record type and id -> columns."""
    told: dict[tuple[str, str], _Said] = {}
    for record_type, record_id, payload in _events(db, registers):
        if payload is None:
            told.setdefault((record_type, record_id.hex), _Said()).forget()
            continue
        after = json.loads(payload).get("after")
        if after and record_type == "party" and "party_id" in after:
            # A freeze is told as the party's; all the party knows of it is whether it stands.
            after = {"status": "active" if after["status"] == "restored" else "frozen"}
        if after:
            told.setdefault((record_type, record_id.hex), _Said()).update(after)
    return told


def _events(db: Session, registers: Mapping[str, str]) -> Iterator[tuple[str, UUID, str | None]]:
    query = (
        select(AuditEvent.record_type, AuditEvent.record_id, AuditPayload.payload)
        .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(
            AuditEvent.record_type.in_(sorted(registers.values())),
            AuditEvent.record_id.is_not(None),
        )
        .order_by(AuditEvent.seq)
        .execution_options(yield_per=PAGE)
    )
    for record_type, record_id, payload in db.execute(query):
        assert record_id is not None
        yield record_type, record_id, payload
