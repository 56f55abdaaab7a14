"""Audit workbooks that were handed out: recorded with their manifest, so that any can be proved."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from fundops import audit, clock, codes
from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.db import AnySelect
from fundops.exports.audit_book.question import LAYOUT, Question
from fundops.ids import uuid7
from fundops.records import snapshot
from fundops.tracing.models import AuditWorkbook

COLUMNS = (
    AuditWorkbook.id, AuditWorkbook.code, AuditWorkbook.scope, AuditWorkbook.fund_id,
    AuditWorkbook.record_id, AuditWorkbook.as_of_on, AuditWorkbook.known_seq,
    AuditWorkbook.reader, AuditWorkbook.layout, AuditWorkbook.sha256, AuditWorkbook.manifest,
    AuditWorkbook.made_by_id, AuditWorkbook.made_at,
)  # fmt: skip


def issue(db: Session, author: audit.Author, question: Question, signed: str) -> AuditWorkbook:
    """Record that the workbook of a question was made; ``signed`` is the text of its manifest."""
    now = clock.now()
    scope = question.scope
    made = AuditWorkbook(
        id=uuid7(),
        code=codes.next_code(db, "AWB", now.year),
        scope=scope.kind.value,
        fund_id=scope.fund_id,
        record_id=scope.record_id,
        as_of_on=question.as_of_on,
        known_seq=question.known_seq,
        reader=question.reader.value,
        layout=LAYOUT,
        sha256=json.loads(signed)["manifest"]["file"]["sha256"],
        manifest=signed,
        made_by_id=author.person_id,
        made_at=now,
    )
    db.add(made)
    db.flush()
    audit.record(
        db, author, "audit_workbook.made", "audit_workbook", made.id, fund_id=scope.fund_id,
        after=snapshot(made),
    )  # fmt: skip
    return made


def visible(actor: Actor) -> AnySelect:
    """Return the workbooks handed out that ``actor`` may know of: those it could ask for."""
    query: AnySelect = select(*COLUMNS)
    reached = []
    for held in actor.holding(Permission.AUDIT_BOOK_READ):
        limits = [] if held.fund_id is None else [AuditWorkbook.fund_id == held.fund_id]
        if held.role in PARTY_ROLES:
            limits += [AuditWorkbook.scope == "donor", AuditWorkbook.record_id == held.party_id]
        if not limits:
            return query
        reached.append(and_(*limits))
    return query.where(or_(*reached))


def with_hash(db: Session, sha256: str) -> Any:
    """Return the workbook handed out first with these bytes (code, manifest), or none."""
    query = (
        select(AuditWorkbook.code, AuditWorkbook.manifest, AuditWorkbook.made_at)
        .where(AuditWorkbook.sha256 == sha256)
        .order_by(AuditWorkbook.made_at, AuditWorkbook.id)
        .limit(1)
    )
    return db.execute(query).one_or_none()
