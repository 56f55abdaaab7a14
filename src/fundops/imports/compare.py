"""What a snapshot changes: its records against those of the imports before, by natural key.

A record is stored with its canonical fields, so that a later snapshot can say which of them
differ. Nothing is written here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.imports.models import ImportRecord
from fundops.imports.records import Record

Fields = Mapping[str, Any]
"""A record's canonical fields as JSON has them: dates as ISO text, tuples as lists."""

_PLACE = frozenset({"key", "file", "row", "sha256", "source", "line"})

KINDS: Mapping[str, tuple[tuple[str, frozenset[str]], ...]] = {
    "contribution": (
        ("fund", frozenset({"fund_code"})),
        ("donor", frozenset({"donor_name"})),
        (
            "amount",
            frozenset(
                {"paid_on", "paid_currency", "paid_rate", "paid_local_minor", "paid_minor"}
            ),
        ),
        (
            "pledge",
            frozenset(
                {
                    "status", "pledged_on", "pledge_currency", "pledge_rate", "pledge_local_minor",
                    "outstanding_minor", "fiscal_year", "written_off_on",
                }
            ),
        ),
    ),
    "round": (("envelope", frozenset({"planned_minor"})),),
    "application": (("envelope", frozenset({"approved_minor"})),),
    "project": (
        ("fund", frozenset({"fund_code"})),
        ("award", frozenset({"budget_minor", "approved_on"})),
        ("grantee", frozenset({"partner_name", "partner_kind"})),
        ("call", frozenset({"round_title", "application_code"})),
    ),
    "transaction": (("amount", frozenset({"amount_minor", "on"})),),
    "result": (
        (
            "reached",
            frozenset({"reached_men", "reached_women", "reached_boys", "reached_girls"}),
        ),
        (
            "planned",
            frozenset({"planned_men", "planned_women", "planned_boys", "planned_girls"}),
        ),
    ),
}  # fmt: skip
"""Kinds of change and the fields that make them; the first that applies names the change."""

PAID, UNPAID, DESCRIPTIVE, RETURNED = "paid", "unpaid", "descriptive", "returned"


@dataclass(frozen=True)
class Stored:
    """A record as the last import left it."""

    id: UUID
    key: str
    sha256: bytes
    fields: Fields
    record_type: str
    record_id: UUID
    status: str


@dataclass(frozen=True)
class Change:
    """A record that is not what it was; ``kind`` is counted, ``names`` are the fields."""

    stored: Stored
    record: Record
    kind: str
    names: frozenset[str]


@dataclass(frozen=True)
class Comparison:
    """A snapshot against what is stored.

    ``kept`` are stored records that the snapshot has only as rows set aside, or, when it is said
    to be partial, does not have: they stay as they are. ``missing`` are gone from a full one.
    """

    stored: Mapping[str, Stored]
    added: tuple[Record, ...]
    changed: tuple[Change, ...]
    unchanged: tuple[Record, ...]
    missing: tuple[Stored, ...]
    kept: tuple[Stored, ...]

    def counts(self) -> Counter[str]:
        """Return how many records changed in each way."""
        return Counter(change.kind for change in self.changed)


def canonical_fields(record: Record) -> str:
    """Return the canonical JSON of a record's facts, without its place in the file."""
    facts = {
        item.name: _plain(getattr(record, item.name))
        for item in fields(record)
        if item.name not in _PLACE
    }
    return audit.canonical(facts)


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def stored_records(db: Session, profile: str) -> dict[str, Stored]:
    """Return every record that imports under ``profile`` have left, by key."""
    query = select(
        ImportRecord.id, ImportRecord.key, ImportRecord.sha256, ImportRecord.fields,
        ImportRecord.record_type, ImportRecord.record_id, ImportRecord.status,
    ).where(ImportRecord.profile == profile)  # fmt: skip
    return {
        row.key: Stored(
            row.id, row.key, bytes(row.sha256), json.loads(row.fields), row.record_type,
            row.record_id, row.status,
        )
        for row in db.execute(query)
    }  # fmt: skip


def compare(
    kind: str,
    stored: Mapping[str, Stored],
    records: Iterable[Record],
    set_aside: Collection[str],
    *,
    partial: bool,
) -> Comparison:
    """Return what ``records`` change; ``set_aside`` are keys of rows that could not be read."""
    added: list[Record] = []
    changed: list[Change] = []
    unchanged: list[Record] = []
    seen: set[str] = set()
    for record in records:
        seen.add(record.key)
        before = stored.get(record.key)
        if before is None:
            added.append(record)
        elif before.status == "missing":
            changed.append(Change(before, record, RETURNED, _difference(before, record)))
        elif before.sha256 == bytes.fromhex(record.sha256):
            unchanged.append(record)
        else:
            names = _difference(before, record)
            changed.append(Change(before, record, _kind(kind, before.fields, record, names), names))
    gone = [s for s in stored.values() if s.status == "current" and s.key not in seen]
    missing = [] if partial else [s for s in gone if s.key not in set_aside]
    kept = gone if partial else [s for s in gone if s.key in set_aside]
    return Comparison(
        stored, tuple(added), tuple(changed), tuple(unchanged), tuple(missing), tuple(kept)
    )


def _difference(before: Stored, record: Record) -> frozenset[str]:
    after: Fields = json.loads(canonical_fields(record))
    return frozenset(
        name for name in {*before.fields, *after} if before.fields.get(name) != after.get(name)
    )


def _kind(kind: str, before: Fields, record: Record, names: frozenset[str]) -> str:
    for name, triggers in KINDS[kind]:
        if not names & triggers:
            continue
        if name == "amount" and kind == "contribution":
            was, now = before.get("paid_minor"), getattr(record, "paid_minor", None)
            return PAID if now and not was else UNPAID if was and not now else name
        return name
    return DESCRIPTIVE
