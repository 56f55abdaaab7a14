"""Deciding on a report: returned with comments by field, accepted, and corrected later."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Permission
from fundops.clock import day_in
from fundops.errors import FieldError, Problem
from fundops.grants import requirements
from fundops.grants.models import Grant
from fundops.grants.rules import refuse_interest
from fundops.grants.schedule_models import PENDING
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import require
from fundops.messages import text
from fundops.parties.hands import refuse_behind
from fundops.parties.withholding import for_party
from fundops.reports import counting, drafts, recording, screened, spending, telling, versions
from fundops.reports.content import has_place
from fundops.reports.models import AcceptedVersion, ProgressReport, ReportComment
from fundops.reports.schemas import ReportCommentIn
from fundops.reports.spending_schemas import ExpenditureDecisionIn
from fundops.reports.steps import STEPS
from fundops.reports.versions import Kept
from fundops.vault import Vault

REVIEW = Permission.REPORT_REVIEW


def send_back(
    db: Session,
    actor: Actor,
    report: ProgressReport,
    grant: Grant,
    *,
    number: int,
    reason: str,
    comments: Sequence[ReportCommentIn],
    keys: Vault,
) -> None:
    """Return a submitted report to its grantee with a reason and comments on its fields.

    Raises ``invalid-request`` for a comment on a field that is not there or words that look like
    personal data, ``stale`` for another version than the one submitted, ``same-person``.
    """
    _require_other_hands(db, actor, report, grant, "return")
    kept = _seen(db, report, number)
    texts = {f"/comments/{at}/comment": one.comment for at, one in enumerate(comments)}
    _refuse(db, grant, keys, texts | {"/reason": reason})
    _check_places(kept, comments)
    now = clock.now()
    db.add_all(
        ReportComment(
            id=uuid7(), version_id=kept.version.id, pointer=one.pointer, comment=one.comment,
            by_id=actor.person_id, created_at=now,
        )
        for one in comments
    )  # fmt: skip
    if report.asks_expenditure:
        spending.send_back(db, actor, report, reason)
    said = [{"pointer": one.pointer, "sha256": _sha256(one.comment)} for one in comments]
    recording.take_step(
        db, actor, report, "return", reason, told={"comments": said},
        decided_at=now, decided_by_id=actor.person_id,
    )  # fmt: skip
    telling.tell_of_report(db, "return", report, grant)


def accept(
    db: Session,
    actor: Actor,
    report: ProgressReport,
    grant: Grant,
    *,
    number: int,
    lines: Sequence[ExpenditureDecisionIn],
    keys: Vault,
) -> None:
    """Accept a submitted report: from now on it counts, and what it answers is done.

    ``lines`` are lines of expenditure accepted in part, with the reason; the others are accepted
    as reported. Raises ``same-person`` for whoever wrote any of it, ``stale``, and what accepting
    the expenditure raises.
    """
    _require_other_hands(db, actor, report, grant, "accept")
    kept = _seen(db, report, number)
    _refuse(db, grant, keys, {f"/lines/{at}/reason": one.reason for at, one in enumerate(lines)})
    if lines and not report.asks_expenditure:
        raise Problem(
            "invalid-request", errors=[FieldError("/lines", text("reports.no_expenditure_asked"))]
        )
    counting.refuse_overlap(db, report)
    now = clock.now()
    if report.asks_expenditure:
        spending.accept(db, actor, report, lines)
    seq = recording.take_step(
        db, actor, report, "accept",
        decided_at=now, decided_by_id=actor.person_id, accepted_number=kept.version.number,
        correction_reason=None,
    )  # fmt: skip
    accept_version(db, report, kept, seq, now)
    _do_requirements(db, actor, report, grant)
    telling.tell_of_report(db, "accept", report, grant)


def _sha256(words: str) -> str:
    """Return what the chain keeps of a comment, which is disposed of one day."""
    return hashlib.sha256(words.encode()).hexdigest()


def correct(
    db: Session,
    actor: Actor,
    report: ProgressReport,
    grant: Grant,
    reason: str,
    keys: Vault,
) -> None:
    """Open an accepted report again for a correction, which counts once it is accepted itself."""
    recording.require_running(grant, "correct")
    _refuse(db, grant, keys, {"/reason": reason})
    recording.take_step(db, actor, report, "correct", reason, correction_reason=reason)


def _require_other_hands(
    db: Session, actor: Actor, report: ProgressReport, grant: Grant, action: str
) -> None:
    """Raise unless the step is somebody's who wrote nothing of the report and has no part in it."""
    recording.require_running(grant, action)
    refuse_interest(db, actor, grant.grantee_id)
    require(report, STEPS, action, actor)
    authors = versions.savers(db, report.id)
    refuse_behind(db, actor, REVIEW, report, authors, action=action)


def _seen(db: Session, report: ProgressReport, number: int) -> Kept:
    """Return the submitted version, which must be the one that the actor has read."""
    if report.submitted_number != number:
        raise Problem("stale", detail=text("reports.submitted_changed"))
    return versions.get(db, report, number, submitted_only=True)


def _refuse(db: Session, grant: Grant, keys: Vault, texts: Mapping[str, str | None]) -> None:
    screened.refuse(for_party(db, grant.grantee_id, keys), texts)


def _check_places(kept: Kept, comments: Sequence[ReportCommentIn]) -> None:
    wrong = [
        FieldError(f"/comments/{at}/pointer", text("reports.no_such_place"))
        for at, one in enumerate(comments)
        if not has_place(kept.content, one.pointer)
    ]
    if wrong:
        raise Problem("invalid-request", errors=wrong)


def accept_version(
    db: Session, report: ProgressReport, kept: Kept, seq: int, now: datetime
) -> None:
    """Let a version count from event ``seq`` on, in the place of the one before."""
    earlier = standing(db, report.id)
    if earlier is not None:
        counting.take_out(db, earlier, seq)
    fund = db.get_one(Fund, report.fund_id)
    counting.let_count(
        db,
        AcceptedVersion(
            id=uuid7(),
            version_id=kept.version.id, report_id=report.id, grant_id=report.grant_id,
            fund_id=report.fund_id, starts_on=report.starts_on, ends_on=report.ends_on,
            accepted_on=day_in(now, fund.zone), accepted_seq=seq, superseded_seq=None,
        ),
    )  # fmt: skip


def standing(db: Session, report_id: UUID) -> AcceptedVersion | None:
    """Return the version of a report that counts, fresh, if one does."""
    query = select(AcceptedVersion).where(
        AcceptedVersion.report_id == report_id, AcceptedVersion.superseded_seq.is_(None)
    )
    return db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def _do_requirements(db: Session, actor: Actor, report: ProgressReport, grant: Grant) -> None:
    """Let what the report answers be done, on the day it was submitted where the grantee is."""
    assert report.submitted_at is not None, "an accepted report was submitted"
    on = day_in(report.submitted_at, report.zone)
    for one in drafts.requirements_of(db, report.id):
        if one.status in PENDING:
            note = text("reports.accepted_note", code=report.code)
            requirements.record_reported(db, actor, grant, one, on, note)
