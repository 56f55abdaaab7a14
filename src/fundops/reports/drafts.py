"""Drafts: starting a report, saving it whole each time, keeping aside what came too late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, drafted
from fundops.authz import Actor
from fundops.errors import Problem
from fundops.grants import agreement_queries, requirements
from fundops.grants.agreement_queries import Held
from fundops.grants.models import Grant
from fundops.grants.rules import code_for
from fundops.grants.schedule_models import PENDING, Requirement
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.models import Party
from fundops.parties.zones import end_of, zone_of
from fundops.records import snapshot
from fundops.reports import recording, screened, versions
from fundops.reports.content import ReportDraftIn
from fundops.reports.models import ProgressReport, ReportRequirement, ReportVersion
from fundops.vault import Vault

NARRATIVE, FINANCIAL = "narrative_report", "financial_report"


def start(
    db: Session, actor: Actor, fund: Fund, grant: Grant, requirement: Requirement
) -> ProgressReport:
    """Start the report that answers a requirement and every other due report of its period.

    Raises ``conflict`` for a requirement that asks for no report or where no agreement is in
    force, ``already-exists`` for one that a report answers, ``wrong-status`` for one that is done
    or a grant that has ended.
    """
    recording.require_running(grant, "report")
    held = _require_startable(db, grant, requirement)
    starts_on = requirement.period_from_on or held.text.starts_on
    ends_on = requirement.period_to_on or min(held.text.ends_on, requirement.due_on)
    answers = _of_period(db, requirement)
    kinds = {one.kind for one in answers}
    party = db.get_one(Party, grant.grantee_id)
    due_on, zone = min(one.due_on for one in answers), zone_of(db, party, fund.zone)
    report = ProgressReport(
        id=uuid7(),
        code=code_for(db, party, "RPT", ends_on.year),
        grant_id=grant.id,
        fund_id=fund.id,
        number=_next_number(db, grant.id),
        starts_on=min(starts_on, ends_on),
        ends_on=ends_on,
        due_on=due_on,
        due_at=end_of(due_on, zone),
        zone=zone,
        is_final=any(one.is_final for one in answers),
        asks_narrative=NARRATIVE in kinds,
        asks_expenditure=FINANCIAL in kinds,
        language=held.text.language,
        status="draft",
        last_number=0,
        draft_number=1,
        created_by_id=actor.person_id,
        created_at=clock.now(),
    )
    db.add(report)
    db.flush()
    db.add_all(
        ReportRequirement(requirement_id=one.id, report_id=report.id, created_at=clock.now())
        for one in answers
    )
    db.flush()
    audit.record(
        db, actor, "progress_report.started", "progress_report", report.id, fund_id=fund.id,
        after=snapshot(report) | {"requirements": [str(one.id) for one in answers]},
    )  # fmt: skip
    versions.add(db, actor, report, "draft", {}, clock.now())
    return report


def _require_startable(db: Session, grant: Grant, requirement: Requirement) -> Held:
    """Return the agreement in force; raise for a requirement that no report can be started for."""
    if requirement.kind not in (NARRATIVE, FINANCIAL):
        raise Problem("conflict", detail=text("reports.no_report_asked"))
    if requirement.status not in PENDING:
        raise Problem("wrong-status", action="report", status=requirement.status)
    held = agreement_queries.held_in_force(db, grant.id)
    if held is None:
        raise Problem("conflict", detail=text("reports.no_agreement"))
    if _answered(db, [requirement.id]):
        raise Problem("already-exists", detail=text("constraint.requirement_reported"))
    return held


def _of_period(db: Session, requirement: Requirement) -> list[Requirement]:
    """Return the requirement with the other due reports of the same period, none yet answered."""
    if requirement.period_from_on is None or requirement.period_to_on is None:
        return [requirement]
    query = select(Requirement).where(
        Requirement.grant_id == requirement.grant_id,
        Requirement.kind.in_((NARRATIVE, FINANCIAL)),
        Requirement.status.in_(PENDING),
        Requirement.period_from_on == requirement.period_from_on,
        Requirement.period_to_on == requirement.period_to_on,
    )
    found = list(db.execute(query.order_by(Requirement.id)).scalars())
    taken = _answered(db, [one.id for one in found])
    return [one for one in found if one.id not in taken]


def _answered(db: Session, ids: Sequence[UUID]) -> frozenset[UUID]:
    query = select(ReportRequirement.requirement_id)
    return frozenset(
        db.execute(query.where(ReportRequirement.requirement_id.in_(list(ids)))).scalars()
    )


def _answer(db: Session, requirement: Requirement) -> str | None:
    """Return the code of the report that answers a requirement, if one does."""
    query = (
        select(ProgressReport.code)
        .join(ReportRequirement, ReportRequirement.report_id == ProgressReport.id)
        .where(ReportRequirement.requirement_id == requirement.id)
    )
    return db.execute(query).scalar_one_or_none()


requirements.ANSWERED_BY.append(_answer)


def _next_number(db: Session, grant_id: UUID) -> int:
    query = select(func.max(ProgressReport.number)).where(ProgressReport.grant_id == grant_id)
    return (db.execute(query).scalar_one() or 0) + 1


def requirements_of(db: Session, report_id: UUID) -> list[Requirement]:
    """Return the requirements that a report answers, fresh."""
    query = (
        select(Requirement)
        .join(ReportRequirement, ReportRequirement.requirement_id == Requirement.id)
        .where(ReportRequirement.report_id == report_id)
        .order_by(Requirement.id)
        .execution_options(populate_existing=True)
    )
    return list(db.execute(query).scalars())


def due_now(db: Session, report: ProgressReport) -> date:
    """Return the day a report is due on by the calendar as it is: amendments may move it."""
    days = [one.due_on for one in requirements_of(db, report.id) if one.status in PENDING]
    return min(days, default=report.due_on)


def cleaned(
    db: Session,
    actor: Actor,
    report: ProgressReport,
    grant: Grant,
    given: ReportDraftIn,
    keys: Vault,
) -> dict[str, Any]:
    """Return what may be stored of what was sent: screened, with marks for what was left out."""
    earlier = versions.get(db, report, report.draft_number).withheld
    plain = given.plain()
    return screened.clean(db, actor, grant.grantee_id, keys, plain, given.confirmations, earlier)


def save(
    db: Session, actor: audit.Author, report: ProgressReport, said: dict[str, Any]
) -> ReportVersion:
    """Save what ``cleaned`` gave as the draft at work; the present one if nothing differs.

    Raises ``wrong-status`` when the report is no longer its grantee's to change.
    """
    recording.require_editable(report, "save")
    present = versions.get(db, report, report.draft_number)
    if present.says(said):
        return present.version
    before = snapshot(report)
    made = versions.add(db, actor, report, "draft", said, clock.now())
    report.draft_number = made.number
    recording.record(db, actor, report, "progress_report.saved", before)
    return made


def keep_aside(
    db: Session, actor: audit.Author, report: ProgressReport, said: dict[str, Any]
) -> ReportVersion:
    """Keep what a page that had grown old sent, beside the draft; the same content once."""
    recording.require_editable(report, "save")
    present = versions.same(db, report.id, drafted.stored(said))
    if present is not None:
        return present
    before = snapshot(report)
    made = versions.add(db, actor, report, "aside", said, clock.now())
    recording.record(db, actor, report, "progress_report.kept_aside", before)
    return made
