"""``run_import``: files in, records and ledger out, in one transaction or not at all.

The files are read, compared with what earlier imports under the profile left, loaded, and
reconciled with the ledger. A critical finding at any point takes everything back. A dry run does
all of it and takes it back at the end, so that its counts are what an import would count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update

from fundops import audit, clock
from fundops.audit import Author, Entry
from fundops.db import Database
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.imports.compare import canonical_fields, compare, stored_records
from fundops.imports.context import (
    Load,
    Opening,
    Progress,
    insert_rows,
    new_row,
    no_progress,
    record_events,
)  # fmt: skip
from fundops.imports.findings import Finding
from fundops.imports.load_calls import load_calls
from fundops.imports.load_contributions import load_contributions
from fundops.imports.load_grants import load_grants
from fundops.imports.load_results import load_results
from fundops.imports.load_transactions import load_transactions
from fundops.imports.models import ImportRecord, ImportRun, SetAsideRow
from fundops.imports.profile import Profile, load_profile
from fundops.imports.read import Batch, SetAside, SourceFile, read
from fundops.imports.reconcile import Agreeing, reconcile
from fundops.imports.records import Record

MOST_MISSING_SHARE = 5
"""A full snapshot without a fifth of what was there is taken for a partial one, unless told."""

FEW_MISSING = 10
"""So many missing records are never suspicious."""

LOADERS: Mapping[str, Callable[[Load], None]] = {
    "contribution": load_contributions,
    "round": load_calls,
    "application": load_calls,
    "project": load_grants,
    "transaction": load_transactions,
    "result": load_results,
}


@dataclass(frozen=True)
class Counts:
    """What an import did to the records of its profile."""

    added: int = 0
    changed: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    missing: int = 0
    kept: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as they are stored and reported."""
        return {
            "added": self.added,
            "changed": dict(sorted(self.changed.items())),
            "unchanged": self.unchanged,
            "missing": self.missing,
            "kept": self.kept,
        }


@dataclass(frozen=True)
class ImportResult:
    """What an import found and did; after a dry run or a critical finding nothing is loaded."""

    profile: str
    kind: str
    is_dry_run: bool
    is_loaded: bool
    batch: Batch
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    counts: Counts = field(default_factory=Counts)
    openings: tuple[Opening, ...] = ()
    agreeing: tuple[Agreeing, ...] = ()
    runs: tuple[UUID, ...] = ()

    @property
    def critical(self) -> tuple[Finding, ...]:
        """The findings that forbade the import."""
        return tuple(found for found in self.findings if found.severity == "critical")

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files, as they were read."""
        return self.batch.files


class _TakenBack(Exception):
    """Ends the transaction without keeping anything; carries what was found out."""

    def __init__(self, result: ImportResult) -> None:
        super().__init__()
        self.result = result


def run_import(
    database: Database,
    profile: Profile | str | Path,
    paths: Sequence[str | Path],
    *,
    author: Author = audit.SYSTEM,
    dry_run: bool = False,
    partial: bool = False,
    accept_missing: bool = False,
    progress: Progress = no_progress,
) -> ImportResult:
    """Import files of one kind under ``profile``, all or nothing.

    The files are one full snapshot: what they do not have any more is reversed, unless they are
    said to be ``partial``. A snapshot that lacks suspiciously much is refused, unless
    ``accept_missing``. Raises ``ProfileError`` for a wrong profile, ``ValueError`` for no file or
    too many, and ``busy`` when the database's turn does not come; never for what a file holds.
    """
    chosen = profile if isinstance(profile, Profile) else load_profile(profile)
    progress("loading.stage.reading", 0, 0)
    batch = read(chosen, paths)
    blank = ImportResult(
        chosen.name, chosen.kind, dry_run, False, batch, batch.set_aside, batch.findings
    )
    if batch.critical:
        return blank
    try:
        with database.write() as db:
            audit.lock_head(db)
            stored = stored_records(db, chosen.name)
            aside = {row.key for row in batch.set_aside}
            compared = compare(chosen.kind, stored, batch.records, aside, partial=partial)
            load = Load(db, author, chosen, batch, compared, progress)
            result = _load(load, blank, accept_missing=accept_missing)
            if dry_run or result.critical:
                raise _TakenBack(result)
    except _TakenBack as taken_back:
        return replace(taken_back.result, is_loaded=False, runs=())
    return result


def _load(load: Load, blank: ImportResult, *, accept_missing: bool) -> ImportResult:
    if not accept_missing:
        _suspect_missing(load)
    if not load.is_stopped:
        try:
            LOADERS[load.profile.kind](load)
        except Problem as problem:
            # A rule of the system itself was broken by what the source says: name it and stop.
            load.stop("refused_by_rule", why=problem.detail)
    agreeing: tuple[Agreeing, ...] = ()
    runs: tuple[UUID, ...] = ()
    counts = _counts(load)
    if not load.is_stopped:
        load.progress("loading.stage.records", 0, 0)
        runs = _keep(load, counts)
        agreeing = reconcile(load, _taken(load))
        for one in agreeing:
            if not one.agrees:
                load.stop("not_reconciled", fund=one.fund, year=one.year, what=one.what)
    return replace(
        blank,
        is_loaded=not load.is_stopped,
        set_aside=_all_aside(load),
        findings=(*blank.findings, *load.findings),
        counts=counts,
        openings=tuple(load.openings),
        agreeing=agreeing,
        runs=runs,
    )


def _suspect_missing(load: Load) -> None:
    """Refuse what looks like part of a snapshot: too much would be reversed."""
    current = sum(one.status == "current" for one in load.compared.stored.values())
    missing = len(load.compared.missing)
    if missing > FEW_MISSING and missing * MOST_MISSING_SHARE > current:
        load.stop("too_many_missing", missing=missing, current=current)


def _counts(load: Load) -> Counts:
    compared, refused = load.compared, {row.key for row in load.set_aside}
    changed = Counter(one.kind for one in compared.changed if one.record.key not in refused)
    return Counts(
        added=sum(record.key not in refused for record in compared.added),
        changed=dict(changed),
        unchanged=sum(record.key not in refused for record in compared.unchanged),
        missing=len(compared.missing),
        kept=len(compared.kept),
    )


def _taken(load: Load) -> set[str]:
    """Return the keys of the rows that became, or are, records."""
    refused = {row.key for row in load.set_aside}
    return {record.key for record in load.batch.records} - refused


def _all_aside(load: Load) -> tuple[SetAside, ...]:
    rows = [*load.batch.set_aside, *load.set_aside]
    return tuple(sorted(rows, key=lambda row: (row.file, row.row)))


def _keep(load: Load, counts: Counts) -> tuple[UUID, ...]:
    """Write the runs, the rows set aside, and where each record came from."""
    load.db.flush()
    runs = {file.file: uuid7() for file in load.batch.files}
    aside = _all_aside(load)
    entries, rows = [], []
    for file in load.batch.files:
        summary = {
            "rows": file.rows,
            "set_aside": sum(row.file == file.file for row in aside),
            "findings": _severities(load, file.file),
            "import": counts.as_dict(),
        }
        after = {"profile": load.profile.name, "file": file.file, "sha256": file.sha256} | summary
        entries.append(Entry("import.loaded", "import_run", runs[file.file], after=after))
        rows.append(_run_row(load, file, runs[file.file], summary))
    for row, seq in zip(rows, record_events(load, entries), strict=True):
        row["event_seq"] = seq
    insert_rows(load.db, ImportRun, rows)
    insert_rows(load.db, SetAsideRow, [_aside_row(row, runs[row.file]) for row in aside])
    _keep_records(load, runs)
    return tuple(runs.values())


def _severities(load: Load, file: str) -> dict[str, int]:
    found = (*load.batch.findings, *load.findings)
    return dict(sorted(Counter(one.severity for one in found if one.file == file).items()))


def _run_row(
    load: Load, file: SourceFile, run_id: UUID, summary: Mapping[str, Any]
) -> dict[str, Any]:
    return new_row(
        ImportRun,
        id=run_id,
        profile=load.profile.name,
        file=file.file[:300],
        sha256=bytes.fromhex(file.sha256),
        counts=audit.canonical(summary),
        created_at=clock.now(),
    )


def _aside_row(row: SetAside, run_id: UUID) -> dict[str, Any]:
    reason = " ".join(str(one) for one in row.reasons)
    return new_row(
        SetAsideRow,
        id=uuid7(),
        run_id=run_id,
        row=row.row,
        key=row.key[:300] or None,
        reason=reason[:2000],
        source=audit.canonical(dict(row.source)),
    )


def _keep_records(load: Load, runs: Mapping[str, UUID]) -> None:
    compared, taken = load.compared, _taken(load)
    added = [record for record in compared.added if record.key in taken]
    insert_rows(
        load.db,
        ImportRecord,
        [
            new_row(ImportRecord, id=uuid7(), profile=load.profile.name, **_facts(load, runs, one))
            for one in added
        ],
    )
    again: list[Record] = [one.record for one in compared.changed] + list(compared.unchanged)
    _update(
        load,
        [
            {"b_id": compared.stored[one.key].id, **_facts(load, runs, one)}
            for one in again
            if one.key in taken
        ],
    )
    _update(load, [{"b_id": one.id, "status": "missing"} for one in compared.missing])
    _update(
        load,
        [
            {"b_id": one.id, "record_type": now[0], "record_id": now[1]}
            for one in compared.kept
            if (now := load.links.get(one.key)) is not None
        ],
    )


def _facts(load: Load, runs: Mapping[str, UUID], record: Record) -> dict[str, Any]:
    stored = load.compared.stored.get(record.key)
    known = (stored.record_type, stored.record_id) if stored else None
    record_type, record_id = load.links.get(record.key) or known or ("", None)
    assert record_id is not None, "every record taken became something"
    return {
        "key": record.key,
        "run_id": runs[record.file],
        "file": record.file[:300],
        "row": record.row,
        "sha256": bytes.fromhex(record.sha256),
        "fields": canonical_fields(record),
        "record_type": record_type,
        "record_id": record_id,
        "status": "current",
    }


def _update(load: Load, rows: list[dict[str, Any]]) -> None:
    """Update import records by id, all rows alike in the columns they give."""
    if not rows:
        return
    table = ImportRecord.__table__
    columns: dict[str, Any] = {name: bindparam(f"v_{name}") for name in rows[0] if name != "b_id"}
    statement = update(table).where(table.c.id == bindparam("b_id")).values(columns)  # type: ignore[arg-type]
    values = [
        {name if name == "b_id" else f"v_{name}": value for name, value in row.items()}
        for row in rows
    ]
    load.db.execute(statement, values)
