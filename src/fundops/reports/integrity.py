"""What must hold of progress reports, recomputed from what the database really holds.

Runs with ``fundops check``. That every version was told with its digest the trail of registers
proves; here the digest is compared with the content as long as that is kept, and the figures of
each submitted version with the digest that the event of its submission tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from fundops import drafted
from fundops.audit import AuditEvent, AuditPayload
from fundops.checking import faults
from fundops.messages import text
from fundops.reports.counting import figures_standing
from fundops.reports.models import (
    AcceptedVersion,
    ReportContent,
    ReportExpenditure,
    ReportValue,
    ReportVersion,
)
from fundops.reports.seal_models import ReportSalt
from fundops.reports.steps import EVENTS, IMPORTED
from fundops.reports.submission import expenditure_rows, figure_rows, values_sha256

PAGE = 500


def contents_sealed(db: Session) -> Iterator[str]:
    """Yield a sentence for each version whose content is not as it was saved."""
    query = (
        select(ReportVersion.id, ReportVersion.sha256, ReportContent.content, ReportSalt.salt)
        .join(ReportContent, ReportContent.version_id == ReportVersion.id)
        .outerjoin(ReportSalt, ReportSalt.version_id == ReportVersion.id)
    )
    for one, sealed, said, salt in db.execute(query.execution_options(yield_per=100)):
        if drafted.sealed(said, salt) != sealed:
            yield f"report_version {one}: {text('reports.check.changed')}"


def figures_sealed(db: Session) -> Iterator[str]:
    """Yield a sentence for each submitted version whose figures are not what was submitted."""
    sealed = _sealed(db)
    for page in _pages(db):
        ids = {row.id for row in page}
        figures, spent = _held(db, ReportValue, ids), _held(db, ReportExpenditure, ids)
        salts = _held(db, ReportSalt, ids)
        for row in page:
            due = sealed.get((row.report_id, row.number))
            found = values_sha256(
                figure_rows(figures.get(row.id, ())),
                expenditure_rows(spent.get(row.id, ())),
                next((one.salt for one in salts.get(row.id, ())), None),
            )
            if due is None or due != found:
                yield f"report_version {row.id}: {text('reports.check.figures')}"


def _pages(db: Session) -> Iterator[list[Row[Any]]]:
    columns: tuple[Any, ...] = (ReportVersion.id, ReportVersion.report_id, ReportVersion.number)
    query: Select[Any] = select(*columns).where(ReportVersion.kind == "submitted")
    query, last = query.order_by(ReportVersion.id).limit(PAGE), None
    while page := db.execute(query if last is None else query.where(ReportVersion.id > last)).all():
        yield list(page)
        last = page[-1].id


def _held(db: Session, model: Any, ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return the rows of these versions: plain ones, many at a time."""
    found: dict[UUID, list[Any]] = {}
    query = select(model.__table__).where(model.__table__.c.version_id.in_(list(ids)))
    for row in db.execute(query):
        found.setdefault(row.version_id, []).append(row)
    return found


def _sealed(db: Session) -> dict[tuple[UUID, int], str]:
    """Return by report and version the digest that the event of its submission tells."""
    query = (
        select(AuditEvent.record_id, AuditPayload.payload)
        .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.action.in_((EVENTS["submit"], IMPORTED)))
        .order_by(AuditEvent.seq)
    )
    found: dict[tuple[UUID, int], str] = {}
    for report_id, payload in db.execute(query.execution_options(yield_per=PAGE)):
        if report_id is None or payload is None:
            continue
        after = json.loads(payload)["after"]
        found[report_id, after["submitted_number"]] = after["values_sha256"]
    return found


def accepted_told(db: Session) -> Iterator[str]:
    """Yield a sentence for each version that counts without the acceptance that says so."""
    query = (
        select(AcceptedVersion.version_id)
        .outerjoin(
            AuditEvent,
            (AuditEvent.seq == AcceptedVersion.accepted_seq)
            & (AuditEvent.record_id == AcceptedVersion.report_id)
            & AuditEvent.action.in_((EVENTS["accept"], IMPORTED)),
        )
        .where(AuditEvent.seq.is_(None))
    )
    for one in db.execute(query).scalars():
        yield f"report_version {one}: {text('reports.check.not_accepted')}"


CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "report_contents_sealed": contents_sealed,
    "report_figures_sealed": figures_sealed,
    "report_versions_accepted": accepted_told,
    "report_figures_standing": figures_standing,
}
"""Each check by its name; ``reports.check.<name>`` says what holds where it finds nothing."""


def run(db: Session) -> list[tuple[str, str]]:
    """Return (check, sentence) for what does not hold, at most 20 a check."""
    return faults(db, CHECKS)
