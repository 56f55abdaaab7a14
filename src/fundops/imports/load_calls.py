"""Allocation rounds and applications become calls for proposals, closed ones.

A round's code is made readable from its fund, year, kind and number (``UKR81-2022-SA-12``); an
application keeps its own. The source's exact key stays beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.audit import Entry
from fundops.calls.models import Call
from fundops.ids import uuid7
from fundops.imports.compare import Change
from fundops.imports.context import (
    Batched,
    Load,
    chunks,
    edit,
    fit,
    new_row,
    record_events,
    rows_of,
)  # fmt: skip
from fundops.imports.records import ApplicationRecord, RoundRecord
from fundops.imports.registers import open_funds

CODE_CHARS = 60
TITLE_CHARS = 500
_KINDS = {"standard": "SA", "reserve": "RA"}

CallRecord = RoundRecord | ApplicationRecord


def load_calls(load: Load) -> None:
    """Bring calls to what the snapshot says. A call that is gone stays, with a warning."""
    open_funds(load, load.batch.records)
    if load.is_stopped:
        return
    _add(load, [r for r in load.compared.added if isinstance(r, RoundRecord | ApplicationRecord)])
    _change(load, load.compared.changed)
    for gone in load.compared.missing:
        load.warn("call_missing", code=gone.key)


def _add(load: Load, records: Sequence[CallRecord]) -> None:
    codes = [_code(record) for record in records]
    taken: set[str] = set()
    for part in chunks(codes):
        taken.update(load.db.execute(select(Call.code).where(Call.code.in_(part))).scalars())
    out = Batched(load)
    for record, code in zip(records, codes, strict=True):
        if code in taken:
            load.stop("code_taken", record, code=code)
            continue
        taken.add(code)
        fund = load.funds[record.fund_code]
        row = new_row(
            Call, id=uuid7(), code=code, fund_id=fund.id, status="closed", **_values(record)
        )
        out.add(Call, "call", "call.imported", row, fund_id=fund.id, reason=load.reason(record))
        load.link(record.key, "call", row["id"])
    out.write()


def _code(record: CallRecord) -> str:
    if isinstance(record, ApplicationRecord):
        return fit(record.code, "", CODE_CHARS)
    kind = _KINDS.get(record.source_kind or "")
    parts = (record.fund_code, str(record.year), kind, record.number)
    return fit("-".join(part for part in parts if part), "", CODE_CHARS)


def _values(record: CallRecord) -> dict[str, Any]:
    """Return the columns of a call that its source decides."""
    if isinstance(record, ApplicationRecord):
        return {
            "title": (record.title or record.code)[:TITLE_CHARS],
            "year": record.year,
            "opens_on": None,
            "closes_on": record.last_approval_on,
            "envelope_minor": record.approved_minor,
            "source_code": record.code,
        }
    return {
        "title": record.title[:TITLE_CHARS],
        "year": record.year,
        "opens_on": record.opens_on,
        "closes_on": record.closes_on,
        "envelope_minor": record.planned_minor,
        "source_code": record.key,
    }


def _change(load: Load, changes: Sequence[Change]) -> None:
    calls: Mapping[UUID, Call] = {
        call.id: call
        for call in rows_of(load.db, Call, Call.id, [c.stored.record_id for c in changes])
    }
    entries = []
    for change in changes:
        record, call = change.record, calls[change.stored.record_id]
        assert isinstance(record, RoundRecord | ApplicationRecord)
        load.link(record.key, "call", call.id)
        if load.funds[record.fund_code].id != call.fund_id:
            load.stop("fund_moved", record, code=call.code)
            continue
        before, after = edit(call, _values(record))
        if after:
            entries.append(
                Entry(
                    "call.changed", "call", call.id, call.fund_id, load.snapshot_reason(record),
                    before, after,
                )
            )  # fmt: skip
    load.db.flush()
    record_events(load, entries)
