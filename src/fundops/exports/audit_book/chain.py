"""Registers as the audit chain tells them: the second way to every figure of a register.

``Register.known`` goes from the rows of today back to the instant. This module never reads those
rows: it adds up what events said, from the first to the last that was known. A row changed behind
the program's back, or rewound wrongly, makes the two differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, inspect, select

from fundops.audit import AuditEvent, AuditPayload
from fundops.exports.audit_book.book import Book
from fundops.tracing.known import Known

BATCH = 2_000
"""Payloads that are read from the database at once."""

_READ: dict[type, Callable[[str], Any]] = {
    UUID: UUID, date: date.fromisoformat, datetime: datetime.fromisoformat,
}  # fmt: skip
"""How events tell values that are no plain text."""


def told(book: Book, record_type: str, model: Any, among: ColumnElement[bool]) -> list[Known]:
    """Return records by what the events up to the instant say they became, in id order.

    ``among`` chooses them by columns that never change. A record of which a payload was disposed
    of, or of which no event says what it became, is taken from the register instead.
    """
    query = (
        select(AuditEvent.record_id, AuditPayload.payload)
        .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(
            AuditEvent.record_type == record_type,
            AuditEvent.record_id.in_(select(model.id).where(among)),
            AuditEvent.seq <= book.seq,
        )
        .order_by(AuditEvent.seq)
        .execution_options(yield_per=BATCH)
    )
    said: dict[UUID, dict[str, Any]] = {}
    untold: set[UUID] = set()
    for record_id, payload in book.db.execute(query):
        assert record_id is not None, "events of a register name its record"
        values = said.setdefault(record_id, {})
        if payload is None:
            untold.add(record_id)
        else:
            values.update(json.loads(payload).get("after") or {})
    untold |= {one for one, values in said.items() if not values}
    types = {one.key: one.columns[0].type.python_type for one in inspect(model).column_attrs}
    plain = dict.fromkeys(types)
    texts = {key: _READ[kind] for key, kind in types.items() if kind in _READ}
    found = {one: _record(plain, texts, said[one]) for one in said.keys() - untold}
    if untold:
        register = book.known(record_type, model, among)
        found |= {one.id: one for one in register if one.id in untold}
    return [found[one] for one in sorted(found)]


def _record(
    plain: dict[str, Any], texts: dict[str, Callable[[str], Any]], values: dict[str, Any]
) -> Known:
    columns = plain | values
    for key, read in texts.items():
        value = columns[key]
        if isinstance(value, str):
            columns[key] = read(value)
    return Known(columns)
