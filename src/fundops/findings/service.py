"""Audits and findings: recorded by an auditor, answered by others, closed by somebody else."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor, Permission
from fundops.codes import next_code, random_code
from fundops.errors import Problem, invalid
from fundops.expenditures import receivables
from fundops.expenditures.owed_schemas import FindingIn
from fundops.files.models import File
from fundops.findings import lists
from fundops.findings.models import (
    SETTLED_AS,
    AuditEngagement,
    AuditFinding,
    FindingNote,
    FindingSettlement,
)
from fundops.findings.queries import MAX_SHOWN
from fundops.findings.schemas import AnswerIn, AuditFindingIn, EngagementIn, FollowUpIn
from fundops.grants.models import Grant
from fundops.grants.rules import base_minor, past_day, refuse_interest
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, require, step
from fundops.messages import text
from fundops.notices.service import tell
from fundops.parties.models import Party
from fundops.records import snapshot
from fundops.schemas import MoneyIn

FINDING_STEPS: Steps = {
    "answer": step("open answered", "answered", Permission.FINDING_ANSWER),
    "return": step("answered", "open", Permission.FINDING_WRITE),
    "close": step("answered", "closed", Permission.FINDING_SETTLE, ("answered_by_id",)),
    "reopen": step("closed", "open", Permission.FINDING_WRITE, ("closed_by_id",)),
}


def record(
    db: Session, actor: Actor, fund: Fund, grant: Grant | None, given: EngagementIn
) -> AuditEngagement:
    """Record an audit of a fund, or of one grant of it, as its report says.

    Raises ``invalid-request`` for days that cannot be, an opinion where there is none, and a party
    or file that is not there; ``conflict-of-interest`` for who has one in the grantee.
    """
    issued = past_day(fund, given.issued_on, "/issued_on")
    if not given.starts_on <= given.ends_on <= issued:
        raise invalid("/ends_on", "constraint.audit_dates")
    needs, has = given.kind == "financial_audit", given.opinion is not None
    if (needs and not has) or (given.kind == "spot_check" and has):
        raise invalid("/opinion", "constraint.audit_opinion")
    if grant is not None:
        refuse_interest(db, actor, grant.grantee_id)
    _check_references(db, actor, grant, given)
    made = AuditEngagement(
        id=uuid7(), code=_code(db, grant, "AUD", issued), fund_id=fund.id,
        grant_id=None if grant is None else grant.id, kind=given.kind, starts_on=given.starts_on,
        ends_on=given.ends_on, issued_on=issued, opinion=given.opinion,
        auditor_id=given.auditor_id, reference=given.reference,
        report_file_id=given.report_file_id, recorded_by_id=actor.person_id,
        created_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "audit_engagement.recorded", "audit_engagement", made.id, fund_id=fund.id,
        after=snapshot(made),
    )  # fmt: skip
    return made


def raise_finding(
    db: Session, actor: Actor, fund: Fund, grant: Grant | None, engagement: AuditEngagement,
    given: AuditFindingIn,
) -> AuditFinding:  # fmt: skip
    """Add a finding to an audit; whoever has to answer is told.

    Raises ``invalid-request`` for an unknown category, or an amount that is not in base currency.
    """
    if given.category not in lists.categories():
        raise invalid("/category", "findings.unknown_category")
    if grant is not None:
        refuse_interest(db, actor, grant.grantee_id)
    if given.questioned_local is not None and given.questioned is None:
        raise invalid("/questioned", "findings.base_amount_too")
    today = clock.today(fund.zone)
    questioned = _amount(fund, given.questioned)
    local = given.questioned_local
    made = AuditFinding(
        id=uuid7(), code=_code(db, grant, "FND", today), engagement_id=engagement.id,
        fund_id=fund.id, grant_id=None if grant is None else grant.id, category=given.category,
        priority=given.priority, description=given.description,
        recommendation=given.recommendation, questioned_minor=questioned,
        local_minor=None if local is None else local.minor("/questioned_local"),
        local_currency=None if local is None else local.currency, due_on=given.due_on,
        status="open", raised_on=today, raised_by_id=actor.person_id, created_at=clock.now(),
        **dict.fromkeys((f"{kind}_minor" for kind in SETTLED_AS), 0),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "audit_finding.raised", "audit_finding", made.id, fund_id=fund.id,
        after=snapshot(made),
    )  # fmt: skip
    about, facts = ("audit_finding", made.id), {"code": made.code, "on": made.due_on}
    if grant is not None:
        tell(db, "finding_raised", party_id=grant.grantee_id, fund_id=fund.id, about=about,
             facts=facts)  # fmt: skip
    tell(db, "finding_raised", role="fund_manager", fund_id=fund.id, about=about, facts=facts,
         of_party_id=None if grant is None else grant.grantee_id)  # fmt: skip
    return made


def answer(db: Session, actor: Actor, finding: AuditFinding, given: AnswerIn) -> AuditFinding:
    """Answer a finding, with what will be done about it until when; again until it is closed."""
    before = snapshot(finding)
    advance(finding, FINDING_STEPS, "answer", actor)
    finding.answered_by_id = actor.person_id
    if given.agreed_action is not None:
        finding.agreed_action = given.agreed_action
    if given.due_on is not None:
        finding.due_on = given.due_on
    note(db, actor, finding, "response", given.response)
    return changed(db, actor, "answered", finding, before)


def follow_up(db: Session, actor: Actor, finding: AuditFinding, given: FollowUpIn) -> FindingNote:
    """Note what a look at a finding came to; nothing else changes."""
    return note(db, actor, finding, "follow_up", given.body, is_internal=given.is_internal)


def close(
    db: Session, actor: Actor, fund: Fund, grant: Grant | None, finding: AuditFinding, reason: str
) -> AuditFinding:
    """Close a finding of which nothing is pending, as another person than answered it.

    Raises ``conflict`` while money is pending or proposed, ``same-person``.
    """
    if grant is not None:
        refuse_interest(db, actor, grant.grantee_id)
    require(finding, FINDING_STEPS, "close", actor)
    if finding.pending_minor:
        left = money.display(finding.pending_minor, fund.base_currency)
        raise Problem("conflict", detail=text("findings.still_pending", left=left))
    if _proposed(db, finding.id):
        raise Problem("conflict", detail=text("findings.still_proposed"))
    before = snapshot(finding)
    advance(finding, FINDING_STEPS, "close", actor)
    finding.closed_by_id, finding.closed_at = actor.person_id, clock.now()
    note(db, actor, finding, "close", reason)
    return changed(db, actor, "closed", finding, before, reason)


def take_back(
    db: Session, actor: Actor, finding: AuditFinding, action: str, reason: str
) -> AuditFinding:
    """Return an answer that does not do, or reopen a finding that another person closed."""
    before = snapshot(finding)
    advance(finding, FINDING_STEPS, action, actor)
    finding.closed_by_id = finding.closed_at = None
    note(db, actor, finding, action, reason)
    return changed(db, actor, "returned" if action == "return" else "reopened", finding, before,
                   reason)  # fmt: skip


def open_receivable(
    db: Session, actor: Actor, fund: Fund, grant: Grant | None, finding: AuditFinding,
    statement_id: UUID,
) -> AuditFinding:  # fmt: skip
    """Let the grantee owe what is pending, of accepted expenditure, by the ledger.

    From then on entries of the receivable settle the finding. Raises ``conflict`` for a finding
    that has one, is closed, is of no grant, or has nothing pending.
    """
    if grant is None or finding.receivable_id is not None or finding.status == "closed":
        raise Problem("conflict", detail=text("findings.no_receivable"))
    pending = finding.pending_minor
    if not pending or _proposed(db, finding.id):
        raise Problem("conflict", detail=text("findings.nothing_owed"))
    amount = MoneyIn(
        amount=money.format_amount(pending, fund.base_currency), currency=fund.base_currency
    )
    given = FindingIn(
        expenditure_statement_id=statement_id, amount=amount,
        reason=text("findings.receivable_reason", code=finding.code), found_on=None,
    )  # fmt: skip
    before = snapshot(finding)
    finding.receivable_id = receivables.open_finding(db, actor, fund, grant, given).id
    return changed(db, actor, "owed", finding, before)


def note(
    db: Session, actor: Actor, finding: AuditFinding, kind: str, body: str, *,
    is_internal: bool = False,
) -> FindingNote:  # fmt: skip
    """Keep what was said of a finding."""
    query = select(func.count()).select_from(FindingNote)
    if db.execute(query.where(FindingNote.finding_id == finding.id)).scalar_one() >= MAX_SHOWN:
        raise Problem("conflict", detail=text("findings.too_many", maximum=MAX_SHOWN))
    made = FindingNote(
        id=uuid7(), finding_id=finding.id, kind=kind, body=body, is_internal=is_internal,
        by_id=actor.person_id, created_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "finding_note.written", "finding_note", made.id, fund_id=finding.fund_id,
        after=snapshot(made),
    )  # fmt: skip
    return made


def changed(
    db: Session, actor: Actor, action: str, finding: AuditFinding, before: dict[str, Any],
    reason: str | None = None,
) -> AuditFinding:  # fmt: skip
    """Record a step of a finding."""
    db.flush()
    after = snapshot(finding)
    told = {name: value for name, value in after.items() if value != before[name]}
    audit.record(
        db, actor, f"audit_finding.{action}", "audit_finding", finding.id,
        fund_id=finding.fund_id, reason=reason, before={name: before[name] for name in told},
        after=told,
    )  # fmt: skip
    return finding


def _proposed(db: Session, finding_id: UUID) -> bool:
    query = select(FindingSettlement.id).where(
        FindingSettlement.finding_id == finding_id, FindingSettlement.status == "proposed"
    )
    return db.execute(query.limit(1)).first() is not None


def _amount(fund: Fund, given: MoneyIn | None) -> int:
    return 0 if given is None else base_minor(fund, given, "/questioned")


def _code(db: Session, grant: Grant | None, prefix: str, on: date) -> str:
    hidden = grant is not None and db.get_one(Party, grant.grantee_id).is_at_risk
    return random_code(prefix) if hidden else next_code(db, prefix, on.year)


def _check_references(db: Session, actor: Actor, grant: Grant | None, given: EngagementIn) -> None:
    if given.auditor_id is not None:
        auditor = db.get(Party, given.auditor_id)
        if auditor is None or auditor.kind == "pseudo" or auditor.is_at_risk:
            raise invalid("/auditor_id", "validation.unknown_record")
    if given.report_file_id is None:
        return
    file = db.get(File, given.report_file_id)
    own = file is not None and file.party_id is None and file.uploaded_by_id == actor.person_id
    theirs = file is not None and grant is not None and file.party_id == grant.grantee_id
    if not (own or theirs):
        raise invalid("/report_file_id", "validation.unknown_record")
