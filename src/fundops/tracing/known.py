"""Registers as they were known: records rewound to an earlier sequence by their audit events.

Transfers carry their sequence; pledges, agreements and the like are changed in place, with every
change in the audit chain. Undoing the changes after ``K``, newest first, gives the record at ``K``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.audit import AuditEvent, AuditPayload
from fundops.db import Base

CHUNK = 500
R = TypeVar("R", bound=Base)


class Known:
    """A record's columns as known at a sequence; read like the record itself."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self.__dict__.update(columns)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def as_known(
    db: Session, record_type: str, records: Sequence[R], known_seq: int | None
) -> list[Known]:
    """Return ``records`` as known at ``known_seq``; those first recorded later are left out."""
    columns = {record.id: _columns(record) for record in records}  # type: ignore[attr-defined]
    return _rewound(db, record_type, columns, known_seq)


def known_rows(
    db: Session, record_type: str, model: type[Base], known_seq: int | None, *conditions: Any
) -> list[Known]:
    """Return the records of ``model`` under ``conditions`` as known, in id order.

    The same as ``as_known`` for whole registers: no objects are made of their rows.
    """
    table = model.__table__
    query = select(*table.columns).where(*conditions).order_by(table.c.id)
    found = {row.id: dict(row._mapping) | {"_model": model} for row in db.execute(query)}
    return _rewound(db, record_type, found, known_seq)


def _rewound(
    db: Session, record_type: str, columns: dict[UUID, dict[str, Any]], known_seq: int | None
) -> list[Known]:
    """Return records, given by their columns now, as known at a sequence."""
    if known_seq is None or audit.is_latest(db, known_seq):
        return [Known(values) for values in columns.values()]
    ids = list(columns)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        for later in _first_known_after(db, record_type, part, known_seq):
            columns.pop(later, None)
        _undo(db, record_type, [one for one in part if one in columns], known_seq, columns)
    return [Known(values) for values in columns.values()]


def _columns(record: Base) -> dict[str, Any]:
    keys = [attribute.key for attribute in inspect(type(record)).column_attrs]
    return {key: getattr(record, key) for key in keys} | {"_model": type(record)}


def _first_known_after(
    db: Session, record_type: str, ids: Sequence[UUID], known_seq: int
) -> Iterable[UUID]:
    query = (
        select(AuditEvent.record_id)
        .where(AuditEvent.record_type == record_type, AuditEvent.record_id.in_(ids))
        .group_by(AuditEvent.record_id)
        .having(func.min(AuditEvent.seq) > known_seq)
    )
    return [one for one in db.execute(query).scalars() if one is not None]


def _undo(
    db: Session,
    record_type: str,
    ids: Sequence[UUID],
    known_seq: int,
    columns: dict[UUID, dict[str, Any]],
) -> None:
    query = (
        select(AuditEvent.record_id, AuditPayload.payload)
        .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(
            AuditEvent.record_type == record_type,
            AuditEvent.record_id.in_(ids),
            AuditEvent.seq > known_seq,
        )
        .order_by(AuditEvent.seq.desc())
    )
    for record_id, payload in db.execute(query):
        assert record_id is not None
        before = (json.loads(payload) if payload else {}).get("before") or {}
        values = columns[record_id]
        for name, value in before.items():
            if name in values:
                values[name] = _typed(values["_model"], name, value)


def _typed(model: type[Base], name: str, value: Any) -> Any:
    if value is None or not isinstance(value, str):
        return value
    kind = inspect(model).columns[name].type.python_type
    if kind is UUID:
        return UUID(value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    return value
