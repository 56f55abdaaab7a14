"""Submitting: what is reported, checked whole, written out in rows and sealed by a digest.

The event of a submission tells the digest of every figure in it, so that the audit chain covers
them even after the text was disposed of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import Actor
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.messages import text
from fundops.parties.zones import end_of
from fundops.proposals.receipts import Signs
from fundops.records import snapshot
from fundops.reports import (
    counting,
    drafts,
    evidence,
    receipts,
    recording,
    spending,
    telling,
    versions,
)
from fundops.reports.checks import Checked, check
from fundops.reports.models import (
    ProgressReport,
    ReportExpenditure,
    ReportValue,
    ReportVersion,
)
from fundops.reports.seal_models import ReportSalt
from fundops.reports.spending_schemas import CertificationIn
from fundops.reports.terms import ReportTerms, terms_of
from fundops.reports.versions import Kept


def examine(db: Session, report: ProgressReport) -> tuple[Checked, Kept, ReportTerms]:
    """Return what a submission of the draft at work would come to, that draft, and the terms."""
    draft = versions.get(db, report, report.draft_number)
    terms = terms_of(db, report)
    withheld = [str(mark["pointer"]) for mark in draft.withheld]
    return check(terms, draft.content, withheld), draft, terms


def submit(
    db: Session,
    actor: Actor,
    report: ProgressReport,
    grant: Grant,
    number: int,
    certified: CertificationIn,
    *,
    at: datetime,
    signer: Signs,
) -> ReportVersion:
    """Submit the draft that the actor saw, version ``number``; it gets a signed receipt.

    ``at`` is when the request reached the server. Raises ``stale`` when another draft has been
    saved since, ``invalid-request`` with every problem of the content, ``wrong-status``,
    ``conflict`` for a period of which results are accepted already.
    """
    recording.require_editable(report, "submit")
    recording.require_running(grant, "report")
    if report.draft_number != number:
        raise Problem("stale", detail=text("reports.draft_changed", number=report.draft_number))
    checked, draft, terms = examine(db, report)
    if not checked.is_right:
        raise Problem("invalid-request", errors=checked.problems)
    counting.refuse_overlap(db, report)
    before = snapshot(report)
    due_on = drafts.due_now(db, report)
    said = checked.content | ({"withheld": draft.withheld} if draft.withheld else {})
    version = versions.add(db, actor, report, "submitted", said, at, terms.text_id)
    rows, difference = _converted(db, report, terms, checked)
    sealed = _write(db, version, figure_rows(checked.figures), expenditure_rows(rows))
    report.currency, report.method = checked.currency, checked.method
    if terms.asks_expenditure:
        statement = spending.file(db, actor, report, version, rows, certified)
        report.statement_id = statement.id
    seq = recording.take_step(
        db, actor, report, "submit",
        before=before,
        told={
            "values_sha256": sealed,
            "exchange_difference_minor": difference,
            "reused_evidence": evidence.reused_count(db, report.id),
        },
        submitted_number=version.number, submitted_at=at, submitted_by_id=actor.person_id,
        decided_at=None, decided_by_id=None, due_on=due_on, due_at=end_of(due_on, report.zone),
    )  # fmt: skip
    receipts.issue(
        db, actor, report, grant, version, seq=seq, values_sha256=sealed, at=at, signer=signer
    )
    telling.tell_of_report(db, "submit", report, grant)
    return version


def _converted(
    db: Session, report: ProgressReport, terms: ReportTerms, checked: Checked
) -> tuple[Sequence[spending.Row], int]:
    """Return what was spent by line, converted, and the exchange difference known by now."""
    if not terms.asks_expenditure:
        return (), 0
    return spending.convert(db, report, terms, checked.content)


def _write(
    db: Session,
    version: ReportVersion,
    figures: list[dict[str, Any]],
    spent: list[dict[str, Any]],
) -> str:
    """Write the figures and expenditure of a submitted version, sealed; return their digest."""
    tables: tuple[tuple[Any, list[dict[str, Any]]], ...] = (
        (ReportValue, figures),
        (ReportExpenditure, spent),
    )
    for model, rows in tables:
        if rows:
            db.execute(insert(model), [{"version_id": version.id} | row for row in rows])
    salt = db.get_one(ReportSalt, version.id).salt
    return values_sha256(figures, spent, salt)


def figure_rows(figures: Iterable[Any]) -> list[dict[str, Any]]:
    """Return figures as plain rows, in an order of their own: what their digest is of."""
    names = ("result_number", "dimension", "code", "indicator", "numerator", "denominator")
    found = [{name: getattr(one, name) for name in names} for one in figures]
    return sorted(found, key=lambda row: (row["result_number"], row["dimension"], row["code"]))


def expenditure_rows(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Return lines of expenditure as plain rows, in their order."""
    names = ("line_number", "local_minor", "reported_minor", "requested_minor")
    found = [{name: getattr(one, name) for name in names} for one in rows]
    return sorted(found, key=lambda row: row["line_number"])


def values_sha256(
    figures: list[dict[str, Any]], rows: list[dict[str, Any]], salt: str | None = None
) -> str:
    """Return the digest of the figures and expenditure of a version, in hex.

    Without a secret ``salt`` anybody who reads it can try out small counts; figures that a source
    has published have none.
    """
    said = {"values": figures, "expenditure": rows} | ({} if salt is None else {"salt": salt})
    return hashlib.sha256(audit.canonical(said).encode()).hexdigest()
