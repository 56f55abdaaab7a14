"""Verifying an audit workbook: the same question asked again, and every difference explained.

What was flagged as at risk, withheld or disposed of since a file was made must not be told again,
so the file made now may say less. The question is therefore answered twice: as it is told now, and
with the names and places that were told when the file was made. What differs from both differs.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, chain, trail
from fundops.audit import AuditEvent, AuditPayload
from fundops.db import Base
from fundops.exports import render
from fundops.exports.audit_book import manifest
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import LAYOUT, Question
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.exports.compare import Difference, differences
from fundops.exports.read_back import Damaged, Reading
from fundops.parties.models import Party
from fundops.parties.place_models import PlaceAtRisk
from fundops.parties.places import PlacesAtRisk
from fundops.releases.models import Release
from fundops.tracing.known import known_rows

MAX_KEPT = 10_000
"""Differences that are looked at; a file with more is another file."""
SPARE = 64 * 2**20
"""Bytes that a file may unpack to beyond twice the size of the one it should be."""
MAX_RATIO = 40
"""How often over our own sheets unpack, at most."""


@dataclass
class Outcome:
    """What was found: ``is_same`` is byte for byte, ``is_whole`` that all differences are here."""

    is_same: bool = False
    is_whole: bool = True
    withheld: list[Difference] = field(default_factory=list)
    disposed: list[Difference] = field(default_factory=list)
    differs: list[Difference] = field(default_factory=list)


class _BookThen(Book):
    """A book that names who and what could be named at an earlier event."""

    def __init__(self, db: Session, question: Question, language: str, seq: int) -> None:
        super().__init__(db, question, language)
        self._then = seq

    def protections(self) -> dict[UUID, Any]:
        """Return every party with its protection, label and code as they were then."""
        then = known_rows(self.db, "party", Party, self._then)
        return super().protections() | {one.id: one for one in then}

    @cached_property
    def places(self) -> Any:
        """The places that were at risk then."""
        flagged = [
            one
            for one in known_rows(self.db, "place_at_risk", PlaceAtRisk, self._then)
            if one.status == "flagged"
        ]
        return PlacesAtRisk(
            frozenset(one.country for one in flagged if one.fund_id is None),
            frozenset((one.fund_id, one.country) for one in flagged if one.fund_id is not None),
        )


def chain_breaks(db: Session, points: dict[str, Any]) -> list[str]:
    """Return one sentence per place where the chain is not what a manifest says."""
    return [
        sentence
        for one in ("known", "made")
        for sentence in chain.verify_against(
            db, points[one]["seq"], bytes.fromhex(points[one]["hash"])
        )
    ]


def question_in(path: Path) -> dict[str, Any]:
    """Return the question on a workbook's cover. Raises ``BadManifest`` and ``Damaged``."""
    with path.open("rb") as file:
        reading = Reading(file, SPARE)
        for row in islice(reading.rows(next(iter(reading.sheets))), 40):
            for cell in row.cells.values():
                if cell.value.startswith('{"as_of_on"'):
                    try:
                        given: dict[str, Any] = json.loads(cell.value)
                        manifest.check_question(given)
                    except (ValueError, TypeError, RecursionError) as error:
                        raise manifest.BadManifest from error
                    return given
    raise manifest.BadManifest


def compare(
    db: Session, path: Path, sha256: str, given: dict[str, Any], made_seq: int | None
) -> Outcome:
    """Ask the question of a file again and compare; ``made_seq`` is the head when it was made.

    Raises ``Damaged`` for what cannot be read as a workbook, ``not-found`` for a question of other
    records than ours.
    """
    question = manifest.question_of(db, given)
    language = given["language"]
    with _made(Book(db, question, language)) as (now, made):
        if made.sha256 == sha256:
            return Outcome(is_same=True)
        found = _differences(path, now, made.size)
    outcome = Outcome(is_whole=len(found) <= MAX_KEPT)
    if not found:
        return outcome
    then_seq = question.known_seq if made_seq is None else made_seq
    real = {one.key: one.row for one in found}
    if _protected_since(db, then_seq):
        with _made(_BookThen(db, question, language, then_seq)) as (then, made):
            real = {one.key: one.row for one in _differences(path, then, made.size)}
    lately_withheld = _released(db, question, then_seq)
    lately_disposed = _disposed(db, then_seq)
    for one in found[:MAX_KEPT]:
        said = set(real.get(one.key, ()))  # not what stands in a file that may be changed
        if one.key not in real or said & lately_withheld:
            outcome.withheld.append(one)
        elif said & lately_disposed:
            outcome.disposed.append(one)
        else:
            outcome.differs.append(one)
    return outcome


@contextmanager
def _made(book: Book) -> Iterator[tuple[IO[bytes], manifest.Made]]:
    """Make a workbook aside."""
    with tempfile.TemporaryFile() as file:
        yield file, manifest.hashed(render(audit_workbook(book)), "", file)


def _differences(path: Path, other: IO[bytes], size: int) -> list[Difference]:
    """Return what differs between a file and ours, one more than are looked at if there are."""
    most = 2 * MAX_RATIO * size + SPARE
    with path.open("rb") as file:
        compared = differences(Reading(file, most), Reading(other, most))
        return list(islice(compared, MAX_KEPT + 1))


def _protected_since(db: Session, seq: int) -> bool:
    """Return whether a protection may have changed after event ``seq``."""
    kinds = ("party", "place_at_risk")
    query = select(AuditEvent.seq).where(AuditEvent.seq > seq, AuditEvent.record_type.in_(kinds))
    return db.execute(query.limit(1)).first() is not None


def _released(db: Session, question: Question, seq: int) -> set[str]:
    """Return the codes of releases of the fund that were withheld after event ``seq``."""
    at = audit.recorded_at(db, seq)
    query = select(Release.code).where(
        Release.fund_id == question.scope.fund_id, Release.withheld_at > at
    )
    return {str(one) for one in db.execute(query).scalars()}


def _disposed(db: Session, seq: int) -> set[str]:
    """Return ids, codes and names of records of which something was disposed of after ``seq``."""
    query = (
        select(AuditEvent.record_type, AuditEvent.record_id)
        .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditPayload.disposed_seq > seq, AuditEvent.record_id.is_not(None))
        .distinct()
    )
    tables = {kind: table for table, kind in (trail.REGISTERS | trail.ACCESS).items()}
    found: set[str] = set()
    for kind, record_id in db.execute(query).all():
        found.add(str(record_id))
        table = Base.metadata.tables.get(tables.get(kind, ""))
        named = [] if table is None else [table.c[key] for key in _NAMES if key in table.c]
        if named and table is not None:
            row = db.execute(select(*named).where(table.c.id == record_id)).one_or_none()
            found |= {str(one) for one in row or () if one}
    return found


_NAMES = ("code", "name")
"""What a row of a sheet may call a record by."""


def laid_out_as_now(given: dict[str, Any]) -> bool:
    """Return whether a workbook was laid out as those that are made now."""
    return bool(given["layout"] == LAYOUT)


def digest(path: Path) -> tuple[int, str]:
    """Return the size of a file and its SHA-256 in hex."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        made = manifest.hashed(iter(lambda: file.read(2**20), b""), path.name)
    return size, made.sha256


__all__ = [
    "Damaged", "Outcome", "chain_breaks", "compare", "digest", "laid_out_as_now", "question_in",
]  # fmt: skip
