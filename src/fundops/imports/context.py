"""One load under way: what every loader reads and adds to, and bulk writing.

Rows are inserted in bulk with their audit events. Every register row created has an event of its
own, with its columns, because registers are rewound through the audit chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import insert, inspect, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import Author, Entry
from fundops.db import Base
from fundops.imports.compare import Comparison
from fundops.imports.findings import Finding, Severity
from fundops.imports.profile import Profile
from fundops.imports.read import Batch, SetAside
from fundops.imports.records import Record
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import MAX_TRANSFERS, Movement
from fundops.messages import DEFAULT_LANGUAGE, text

CHUNK = 500
"""Ids in one ``IN`` list."""

INSERT_ROWS = 2_000
"""Rows in one bulk insert."""

Progress = Callable[[str, int, int], None]
"""Told the stage (a message key), what is done and the whole."""

T = TypeVar("T")


@dataclass(frozen=True)
class Opening:
    """An opening balance that real history needed: the fund's code, the amount and its day."""

    fund: str
    currency: str
    amount_minor: int
    on: date


def no_progress(stage: str, done: int, whole: int) -> None:
    """Tell nobody."""


@dataclass
class Load:
    """The state of one import inside its write transaction."""

    db: Session
    author: Author
    profile: Profile
    batch: Batch
    compared: Comparison
    progress: Progress = no_progress
    findings: list[Finding] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    links: dict[str, tuple[str, UUID]] = field(default_factory=dict)
    funds: dict[str, Fund] = field(default_factory=dict)

    def warn(self, code: str, record: Record | None = None, /, **facts: object) -> None:
        """Note what a person should know."""
        self._note("warning", code, record, facts)

    def stop(self, code: str, record: Record | None = None, /, **facts: object) -> None:
        """Note what forbids the whole import: everything will be rolled back."""
        self._note("critical", code, record, facts)

    def refuse(self, code: str, record: Record, /, **facts: object) -> None:
        """Set a record aside: it cannot be loaded, and the rest goes on."""
        reason = self._note("error", code, record, facts)
        self.set_aside.append(
            SetAside(record.file, record.row, record.line, record.key, (reason,), record.source)
        )

    def _note(
        self, severity: Severity, code: str, record: Record | None, facts: Mapping[str, object]
    ) -> Finding:
        file = record.file if record else self.batch.files[0].file
        place = (record.row, record.line) if record else (None, None)
        sentence = text(f"loading.{code}", DEFAULT_LANGUAGE, **facts)
        found = Finding(severity, file, place[0], None, code, sentence, place[1])
        self.findings.append(found)
        return found

    def link(self, key: str, record_type: str, record_id: UUID) -> None:
        """Say which record a row of the source became."""
        self.links[key] = (record_type, record_id)

    def reason(self, record: Record) -> str:
        """Return why a row of ours exists: the source's file and row."""
        return text("loading.reason.imported", file=record.file, row=record.row)

    def snapshot_reason(self, record: Record) -> str:
        """Return why a row of ours changes: what a later snapshot's file and row say."""
        return text("loading.reason.snapshot", file=record.file, row=record.row)

    @property
    def is_stopped(self) -> bool:
        """Whether something was found that forbids the whole import."""
        return any(found.severity == "critical" for found in self.findings)


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Yield ``items`` in parts of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def rows_of(db: Session, model: type[Any], column: Any, wanted: Iterable[Any]) -> list[Any]:
    """Return the records of ``model`` whose ``column`` is one of ``wanted``, in id order."""
    found: list[Any] = []
    for part in chunks(sorted(set(wanted))):
        query = select(model).where(column.in_(part)).execution_options(populate_existing=True)
        found.extend(db.execute(query).scalars())
    return sorted(found, key=lambda record: record.id)


def new_row(model: type[Base], **values: Any) -> dict[str, Any]:
    """Return a row of ``model`` with every column: those not given are empty, or start as they do.

    Raises ``KeyError`` for a value that is no column.
    """
    row: dict[str, Any] = {}
    for attribute in inspect(model).column_attrs:
        default = attribute.columns[0].default
        row[attribute.key] = getattr(default, "arg", None)
    if "version" in row:
        row["version"] = 1
    if "created_at" in row:
        row["created_at"] = clock.now()
    unknown = values.keys() - row.keys()
    if unknown:
        raise KeyError(f"{model.__tablename__} has no {sorted(unknown)}")
    return row | values


def insert_rows(db: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows in bulk."""
    for part in chunks(rows, INSERT_ROWS):
        db.execute(insert(model.__table__), list(part))  # type: ignore[arg-type]


@dataclass
class Batched:
    """Rows, events and movements of many new records, written together in that order."""

    load: Load
    rows: dict[type[Base], list[dict[str, Any]]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    booked: list[tuple[int, Movement]] = field(default_factory=list)

    def add(
        self, model: type[Base], record_type: str, action: str, row: dict[str, Any], *,
        fund_id: UUID | None, reason: str | None,
    ) -> int:  # fmt: skip
        """Add a row with its event; return the event's place, for ``move``."""
        self.rows.setdefault(model, []).append(row)
        return self.note(
            Entry(action, record_type, row["id"], fund_id, reason, before=None, after=row)
        )

    def note(self, entry: Entry) -> int:
        """Add an event alone; return its place."""
        self.entries.append(entry)
        return len(self.entries) - 1

    def move(self, place: int, movement: Movement) -> None:
        """Add a transfer of the event at ``place``."""
        self.booked.append((place, movement))

    def write(self) -> list[int]:
        """Write everything; return the sequence numbers of the events, by place."""
        db = self.load.db
        db.flush()
        places = _places()
        for model in sorted(self.rows, key=lambda model: places[model.__tablename__]):
            insert_rows(db, model, self.rows[model])
        seqs = record_events(self.load, self.entries)
        post_all(db, [(seqs[place], movement) for place, movement in self.booked])
        self.rows, self.entries, self.booked = {}, [], []
        return seqs


@cache
def _places() -> dict[str, int]:
    """Return the places of all tables, what is referred to before what refers to it."""
    from fundops.models import metadata  # every table, whatever else has been imported

    return {table.name: place for place, table in enumerate(metadata.sorted_tables)}


def record_events(load: Load, entries: Sequence[Entry]) -> list[int]:
    """Append events to the audit chain, in parts; return their sequence numbers."""
    seqs: list[int] = []
    for part in chunks(entries, INSERT_ROWS):
        seqs += audit.record_many(load.db, load.author, part)
    return seqs


def post_all(db: Session, booked: Sequence[tuple[int, Movement]]) -> None:
    """Post movements, in order, in as many postings as it takes."""
    for part in chunks(booked, MAX_TRANSFERS):
        posting.post_many(db, part)


def edit(record: Any, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set columns of a record; return what they were and what they became, where they differ."""
    before = {name: getattr(record, name) for name in values}
    after = {name: value for name, value in values.items() if value != before[name]}
    for name, value in after.items():
        setattr(record, name, value)
    return {name: before[name] for name in after}, after


def fit(code: str, ending: str, limit: int) -> str:
    """Return ``code`` with ``ending``, shortened between them to ``limit`` characters."""
    room = limit - len(ending)
    return (code if len(code) <= room else f"{code[: room - 1]}…") + ending
