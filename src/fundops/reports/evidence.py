"""Evidence: files, or numbers in a register that the grantee holds; what an auditor saw of it.

Work with victims is shown by register numbers alone: papers with their names stay where they are,
and an image cannot be searched for what it shows. The same content twice, in any grant, is told to
those who review; to a grantee nothing of it is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.files import service as files
from fundops.files.models import File
from fundops.grants.models import Grant
from fundops.grants.queries import one as found_one
from fundops.grants.rules import past_day, refuse_interest
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.withholding import for_party
from fundops.records import snapshot
from fundops.reports import queries, recording, screened
from fundops.reports.evidence_schemas import EvidenceInspectionIn, ReportEvidenceIn
from fundops.reports.models import EvidenceInspection, ProgressReport, ReportEvidence
from fundops.reports.terms import terms_of
from fundops.vault import Vault

PURPOSE = "report_evidence"
"""What files are uploaded for that may be evidence: those are screened."""
MAX_EVIDENCE = 1_000
"""Pieces of evidence of one report."""
MAX_INSPECTIONS = 50
"""Inspections of one piece of evidence."""
MAX_NAMED = 20
"""Other reports that are named where the same content shows something else."""


def add(
    db: Session,
    actor: Actor,
    report: ProgressReport,
    grant: Grant,
    given: ReportEvidenceIn,
    keys: Vault,
) -> ReportEvidence:
    """Attach a file of the grantee or a number in its register to a line, result or report.

    Raises ``invalid-request`` for a line or result that is not the agreement's, for a file where
    only the register may show it, for a number that looks like personal data, or a file that is
    not the grantee's; ``conflict`` for too many.
    """
    recording.require_editable(report, "attach evidence")
    sha256 = _digest_of(db, actor, report, grant, given)
    screened.refuse(
        for_party(db, grant.grantee_id, keys), {"/register_number": given.register_number}
    )
    made = ReportEvidence(
        id=uuid7(),
        report_id=report.id,
        kind="register" if given.file_id is None else "file",
        line_number=given.line,
        result_number=given.result,
        file_id=given.file_id,
        register_number=given.register_number,
        content_sha256=sha256,
        added_by_id=actor.person_id,
        added_at=clock.now(),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "report_evidence.added", "report_evidence", made.id, fund_id=report.fund_id,
        after=snapshot(made),
    )  # fmt: skip
    return made


def _digest_of(
    db: Session, actor: Actor, report: ProgressReport, grant: Grant, given: ReportEvidenceIn
) -> str | None:
    """Return the digest of what is to be attached, if there is one; raise for what may not be."""
    if (given.file_id is None) == (given.register_number is None):
        raise invalid("/file_id", "reports.file_or_register")
    if given.line is not None and given.result is not None:
        raise invalid("/result", "reports.line_or_result")
    helps = _helps_victims(db, report, given)
    query = select(func.count()).where(ReportEvidence.report_id == report.id)
    if db.execute(query).scalar_one() >= MAX_EVIDENCE:
        raise Problem("conflict", detail=text("reports.too_much_evidence", limit=MAX_EVIDENCE))
    if given.file_id is None:
        return given.sha256
    if helps:
        raise invalid("/file_id", "reports.register_only")
    if given.sha256 is not None:
        raise invalid("/sha256", "reports.digest_of_register")
    return _file(db, actor, grant, given.file_id).sent_sha256


def _helps_victims(db: Session, report: ProgressReport, given: ReportEvidenceIn) -> bool:
    """Return whether evidence is of work with victims, or could be, being for no one thing."""
    terms = terms_of(db, report)
    if given.line is not None:
        line = terms.line(given.line)
        if line is None:
            raise invalid("/line", "reports.no_such_line")
        return line.is_victim_assistance
    if given.result is not None:
        result = terms.result(given.result)
        if result is None:
            raise invalid("/result", "reports.no_such_result")
        return result.is_victim_assistance
    return any(one.is_victim_assistance for one in terms.lines) or any(
        one.is_victim_assistance for one in terms.results
    )


def _file(db: Session, actor: Actor, grant: Grant, file_id: UUID) -> File:
    found = files.of_party(db, actor, grant.grantee_id, file_id)
    if found.purpose != PURPOSE:
        raise invalid("/file_id", "reports.not_screened")
    return found


def remove(db: Session, actor: Actor, report: ProgressReport, found: ReportEvidence) -> None:
    """Take a piece of evidence away from a report that is with its grantee; it stays on record."""
    recording.require_editable(report, "remove evidence")
    if found.removed_at is not None:
        raise Problem("not-found")
    before = {"removed_by_id": None, "removed_at": None}
    found.removed_by_id, found.removed_at = actor.person_id, clock.now()
    db.flush()
    audit.record(
        db, actor, "report_evidence.removed", "report_evidence", found.id,
        fund_id=report.fund_id, before=before,
        after={"removed_by_id": found.removed_by_id, "removed_at": found.removed_at},
    )  # fmt: skip


def inspect(
    db: Session,
    actor: Actor,
    fund: Fund,
    grant: Grant,
    found: ReportEvidence,
    given: EvidenceInspectionIn,
    keys: Vault,
) -> EvidenceInspection:
    """Record that the actor saw a piece of evidence on site; never changed afterwards.

    Raises ``conflict-of-interest``, ``invalid-request`` for a day in the future or a note that
    looks like personal data.
    """
    refuse_interest(db, actor, grant.grantee_id)
    if found.removed_at is not None:
        raise Problem("not-found")
    on = past_day(fund, given.inspected_on, "/inspected_on")
    screened.refuse(for_party(db, grant.grantee_id, keys), {"/note": given.note})
    query = select(func.count()).where(EvidenceInspection.evidence_id == found.id)
    if db.execute(query).scalar_one() >= MAX_INSPECTIONS:
        raise Problem("conflict", detail=text("reports.too_many_inspections"))
    made = EvidenceInspection(
        id=uuid7(), evidence_id=found.id, inspected_on=on, agrees=given.agrees, note=given.note,
        inspected_by_id=actor.person_id, created_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "evidence.inspected", "evidence_inspection", made.id, fund_id=fund.id,
        after=snapshot(made),
    )  # fmt: skip
    return made


def get(
    db: Session, actor: Actor, evidence_id: UUID, permission: Permission
) -> tuple[ReportEvidence, ProgressReport, Grant]:
    """Return a piece of evidence, its report and grant, fresh; raise ``not-found``."""
    query = (
        select(ReportEvidence, ProgressReport, Grant)
        .join(ProgressReport, ProgressReport.id == ReportEvidence.report_id)
        .join(Grant, Grant.id == ProgressReport.grant_id)
        .where(ReportEvidence.id == evidence_id, queries.seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = found_one(db.execute(query).one_or_none())
    return found[0], found[1], found[2]


def reused_count(db: Session, report_id: UUID) -> int:
    """Return how many pieces of a report's evidence show something else as well."""
    query = select(ReportEvidence).where(
        ReportEvidence.report_id == report_id, ReportEvidence.removed_at.is_(None)
    )
    return len(_same_content(db, db.execute(query).scalars().all()))


def evidence_out(
    db: Session, actor: Actor, report_id: UUID, *, shows_reuse: bool
) -> list[dict[str, Any]]:
    """Return the wire form of a report's evidence, in the order in which it was added."""
    columns: tuple[Any, ...] = (ReportEvidence, File.name, File.screened)
    query = (
        select(*columns)
        .outerjoin(File, File.id == ReportEvidence.file_id)
        .where(ReportEvidence.report_id == report_id, ReportEvidence.removed_at.is_(None))
        .order_by(ReportEvidence.id)
        .limit(MAX_EVIDENCE)
    )
    rows = db.execute(query).all()
    pieces = [row[0] for row in rows]
    inspected = _inspections(db, [each.id for each in pieces])
    reuses = _reuses(db, actor, pieces) if shows_reuse else {}
    return [
        {
            "id": each.id,
            "kind": each.kind,
            "line": each.line_number,
            "result": each.result_number,
            "file_id": each.file_id,
            "file_name": name,
            "is_screened": screened is not False,
            "register_number": each.register_number,
            "sha256": each.content_sha256,
            "added_at": each.added_at,
            "reused": each.id in reuses if shows_reuse else None,
            "reused_in": reuses.get(each.id, []) if shows_reuse else None,
            "inspections": inspected.get(each.id, []),
        }
        for each, name, screened in rows
    ]


def _inspections(db: Session, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    query = select(EvidenceInspection).where(EvidenceInspection.evidence_id.in_(list(ids)))
    found: dict[UUID, list[dict[str, Any]]] = {}
    for each in db.execute(query.order_by(EvidenceInspection.id)).scalars():
        found.setdefault(each.evidence_id, []).append(inspection_out(each))
    return found


def inspection_out(row: EvidenceInspection) -> dict[str, Any]:
    """Return the wire form of an inspection."""
    return {
        "id": row.id,
        "inspected_on": row.inspected_on,
        "agrees": row.agrees,
        "note": row.note,
        "inspected_by_id": row.inspected_by_id,
    }


def _reuses(db: Session, actor: Actor, pieces: Sequence[ReportEvidence]) -> dict[UUID, list[str]]:
    """Return by piece whose content shows something else the reports that the actor may see."""
    same = _same_content(db, pieces)
    query = (
        select(ReportEvidence.id, ProgressReport.code)
        .join(ProgressReport, ProgressReport.id == ReportEvidence.report_id)
        .join(Grant, Grant.id == ProgressReport.grant_id)
        .where(ReportEvidence.id.in_({one for ids in same.values() for one in ids}))
        .where(queries.seen(actor))
    )
    codes: dict[UUID, str] = {row[0]: row[1] for row in db.execute(query)}
    return {
        at: sorted({codes[one] for one in ids if one in codes})[:MAX_NAMED]
        for at, ids in same.items()
    }


def _same_content(db: Session, pieces: Sequence[ReportEvidence]) -> dict[UUID, list[UUID]]:
    """Return by piece of one report the others with the same content: as sent, or as kept without
    metadata, which anybody can change; or with the same number in the register of the same
    grantee. Of another report one piece stands for all.
    """
    if not pieces:
        return {}
    own = dict.fromkeys(each.id for each in pieces)
    marks: dict[UUID, set[Any]] = {}
    held: dict[Any, list[UUID]] = {}
    for query in (
        _marks(ReportEvidence.id.in_(list(own))), _same_file(pieces), _same_number(pieces),
    ):  # fmt: skip
        for piece_id, *digests, number, grantee_id in db.execute(query):
            if piece_id in marks:
                continue
            marks[piece_id] = {one for one in digests if one is not None}
            if number is not None:
                marks[piece_id].add((grantee_id, register_key(number)))
            for mark in marks[piece_id]:
                held.setdefault(mark, []).append(piece_id)
    found = {
        each: sorted({one for mark in marks.get(each, ()) for one in held[mark]} - {each})
        for each in own
    }
    return {at: ids for at, ids in found.items() if ids}


def _marks(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Select pieces of evidence with the digests of their content, and whose register it is."""
    columns: tuple[Any, ...] = (
        ReportEvidence.id, ReportEvidence.content_sha256, File.stored_sha256,
        ReportEvidence.register_number, Grant.grantee_id,
    )  # fmt: skip
    return (
        select(*columns)
        .outerjoin(File, File.id == ReportEvidence.file_id)
        .join(ProgressReport, ProgressReport.id == ReportEvidence.report_id)
        .join(Grant, Grant.id == ProgressReport.grant_id)
        .where(*conditions)
    )


def _alike(by: ColumnElement[Any], same: ColumnElement[bool]) -> Select[Any]:
    """Select what is the ``same``: of each report one piece for each ``by``.

    All of them would let a receipt that is attached a thousand times crowd out every other.
    """
    place = func.row_number().over(
        partition_by=[by, ReportEvidence.report_id], order_by=ReportEvidence.id
    )
    each = _marks(same, ReportEvidence.removed_at.is_(None)).add_columns(place.label("place"))
    found = each.subquery().c
    return (
        select(*(one for one in found if one.key != "place"))
        .where(found.place == 1)
        .order_by(found.id)
        .limit(MAX_EVIDENCE * MAX_NAMED)
    )


def _same_file(pieces: Sequence[ReportEvidence]) -> Select[Any]:
    """Select what has the content of any of the pieces."""
    sent = {each.content_sha256 for each in pieces if each.content_sha256 is not None}
    files = {each.file_id for each in pieces if each.file_id is not None}
    alike: ColumnElement[bool] = ReportEvidence.content_sha256.in_(sent)
    if files:
        kept = select(File.stored_sha256).where(File.id.in_(files))
        same = select(File.id).where(File.stored_sha256.in_(kept))
        alike |= ReportEvidence.file_id.in_(same)
    by = func.coalesce(File.stored_sha256, ReportEvidence.content_sha256)
    return _alike(by, alike)


def _same_number(pieces: Sequence[ReportEvidence]) -> Select[Any]:
    """Select what has the number of any of the pieces in the register of the same grantee."""
    numbers = {each.register_number for each in pieces if each.register_number is not None}
    own = select(Grant.grantee_id).join(ProgressReport, ProgressReport.grant_id == Grant.id)
    own = own.where(ProgressReport.id == pieces[0].report_id)
    column = ReportEvidence.register_number
    key = func.lower(func.replace(column, " ", ""))
    # SQLite lowers only the letters of ASCII, so that a number may also be the very same.
    alike = column.in_(numbers) | key.in_({register_key(one) for one in numbers})
    return _alike(key, Grant.grantee_id.in_(own) & alike)


def register_key(number: str) -> str:
    """Return a register number as it is compared: capitals and spaces do not count."""
    return number.replace(" ", "").lower()
