"""What of findings waits for somebody: action that is overdue, and settlements to decide on."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock, money
from fundops.authz import Permission
from fundops.findings.models import SETTLED_AS, AuditFinding, FindingSettlement
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.planning.attention import PER_RULE, Entry, Rule, persons, register

_SETTLED: Any = sum(
    (getattr(AuditFinding, f"{kind}_minor") for kind in SETTLED_AS[1:]),
    start=getattr(AuditFinding, f"{SETTLED_AS[0]}_minor"),
)


def findings_overdue(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Findings that are not closed although the day agreed on has gone by."""
    pending = (AuditFinding.questioned_minor - _SETTLED).label("pending")
    query = (
        select(AuditFinding, Grant.grantee_id, pending)
        .outerjoin(Grant, Grant.id == AuditFinding.grant_id)
        .where(
            AuditFinding.fund_id == fund.id, AuditFinding.status != "closed",
            AuditFinding.due_on < today,
        )
        .order_by(AuditFinding.due_on, AuditFinding.id)
        .limit(PER_RULE)
    )  # fmt: skip
    return [
        Entry(
            "finding_overdue", "audit_finding", one.id, one.code, one.due_on,
            "high" if one.priority == "high" else "medium", Permission.FINDING_PROPOSE,
            {"code": one.code, "days": (today - one.due_on).days,
             "amount": money.display(int(left), fund.base_currency)},
            party_id=grantee_id,
        )
        for one, grantee_id, left in db.execute(query)
    ]  # fmt: skip


def settlements_waiting(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Settlements of findings that wait for a second person."""
    del today
    query = (
        select(FindingSettlement, AuditFinding.code, Grant.grantee_id)
        .join(AuditFinding, AuditFinding.id == FindingSettlement.finding_id)
        .outerjoin(Grant, Grant.id == AuditFinding.grant_id)
        .where(AuditFinding.fund_id == fund.id, FindingSettlement.status == "proposed")
        .order_by(FindingSettlement.proposed_at, FindingSettlement.id)
        .limit(PER_RULE)
    )
    return [
        Entry(
            "settlement_proposed", "finding_settlement", one.id, code,
            clock.day_in(one.proposed_at, fund.zone), "medium", Permission.FINDING_SETTLE,
            {"code": code, "amount": money.display(one.amount_minor, fund.base_currency)},
            persons(one.proposed_by_id), grantee_id,
        )
        for one, code, grantee_id in db.execute(query)
    ]  # fmt: skip


register(
    Rule(findings_overdue, Permission.FINDING_READ),
    Rule(settlements_waiting, Permission.FINDING_READ),
)
