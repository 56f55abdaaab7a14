"""Writing a grant's plan down: its tranches, its calendar of requirements, and the conditions.

Made when an agreement is countersigned and again when an amendment changes it. What has happened
stays: tranches that money went to, requirements done, waived or overdue. The rest follows the
policy in force that day. A requirement that the new calendar has no place for is ``replaced``, and
stays to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.errors import Problem
from fundops.grants import risk
from fundops.grants.models import Grant, Tranche
from fundops.grants.plan import Plan, Planned, months_between, plan_for
from fundops.grants.policy import Policy, policy_in_force
from fundops.grants.requirements import REQUIREMENT_STEPS
from fundops.grants.schedule_models import PENDING, GrantSchedule, Requirement
from fundops.grants.tranche_plan import write_tranches
from fundops.grants.waivers import forget
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.records import snapshot

__all__ = ["Plan", "make", "plan_for"]


def make(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    grant: Grant,
    *,
    starts_on: date,
    ends_on: date,
    amount_minor: int,
    is_emergency: bool = False,
) -> Plan:
    """Write tranches, requirements and conditions of a grant by the policy in force today.

    Tranches that were given with the award are kept, and scaled if the amount has changed. Raises
    ``conflict`` where the policy cannot be kept (period, emergency window), where tranches in use
    are more than the amount, or for a grant that has ended.
    """
    if grant.status in ("closed", "cancelled"):
        raise Problem("wrong-status", action="plan", status=grant.status)
    if ends_on < starts_on:
        raise Problem("conflict", detail=text("validation.dates_order"))
    today = clock.today(fund.zone)
    policy = policy_in_force(db, fund.id, today)
    tier = risk.tier_of(db, grant.grantee_id, today)
    months = months_between(starts_on, ends_on)
    plan = plan_for(policy, tier.tier, months, amount_minor, starts_on, ends_on, is_emergency)
    tranches = _tranches(db, grant)
    last = latest(db, grant.id)
    given = bool(tranches) if last is None else last.tranches_given
    made = _schedule(actor, grant, policy, plan, tier.reason, last)
    made.amount_minor, made.starts_on, made.ends_on = amount_minor, starts_on, ends_on
    made.tranches_given = given
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "grant_schedule.made", "grant_schedule", made.id, fund_id=fund.id,
        after=snapshot(made),
    )  # fmt: skip
    calendar = _write_calendar(db, grant, plan, made, today)
    write_tranches(db, actor, grant, plan, tranches, calendar, is_given=given)
    return plan


def _tranches(db: Session, grant: Grant) -> list[Tranche]:
    query = select(Tranche).where(Tranche.grant_id == grant.id).order_by(Tranche.number)
    return list(db.execute(query.execution_options(populate_existing=True)).scalars())


def _schedule(
    actor: audit.Author,
    grant: Grant,
    policy: Policy,
    plan: Plan,
    tier_reason: str,
    last: GrantSchedule | None,
) -> GrantSchedule:
    return GrantSchedule(
        id=uuid7(),
        grant_id=grant.id,
        number=1 if last is None else last.number + 1,
        policy_id=policy.id,
        tier=plan.tier,
        tier_reason=tier_reason,
        rule=plan.rule,
        months=plan.months,
        is_emergency=plan.is_emergency,
        made_by_id=actor.person_id,
        made_at=clock.now(),
    )


@dataclass
class _Calendar:
    """The requirements of a grant as they stand while a plan is written."""

    grant: Grant
    schedule: GrantSchedule
    today: date
    rows: dict[tuple[str, int], Requirement]

    def put(self, db: Session, wanted: Planned) -> None:
        """Write one requirement, unless it is settled or its day is past already."""
        row = self.rows.get((wanted.kind, wanted.number))
        if row is None:
            row = Requirement(
                id=uuid7(),
                grant_id=self.grant.id,
                kind=wanted.kind,
                origin="policy",
                number=wanted.number,
                status="due",
                created_at=clock.now(),
            )
            self._fill(row, wanted)
            self.rows[wanted.kind, wanted.number] = row
            db.add(row)
        elif row.status == "replaced":
            advance(row, REQUIREMENT_STEPS, "restore")
            self._fill(row, wanted)
        elif self.is_free(row):
            self._fill(row, wanted)

    def is_free(self, row: Requirement) -> bool:
        """Return whether a new calendar may move a requirement: lateness is not planned away."""
        return row.status in PENDING and row.due_on >= self.today

    def _fill(self, row: Requirement, wanted: Planned) -> None:
        row.schedule_id, row.rule = self.schedule.id, wanted.rule
        row.period_from_on, row.period_to_on = wanted.period_from_on, wanted.period_to_on
        row.due_on, row.is_final = wanted.due_on, wanted.is_final


def _write_calendar(
    db: Session, grant: Grant, plan: Plan, made: GrantSchedule, today: date
) -> Sequence[Requirement]:
    """Bring the requirements in line with a plan; return those that stand."""
    query = select(Requirement).where(
        Requirement.grant_id == grant.id, Requirement.origin == "policy"
    )
    rows = db.execute(query.execution_options(populate_existing=True)).scalars()
    calendar = _Calendar(grant, made, today, {(row.kind, row.number): row for row in rows})
    wanted = {(one.kind, one.number): one for one in plan.requirements}
    for one in plan.requirements:
        calendar.put(db, one)
    for key, row in calendar.rows.items():
        if key not in wanted and calendar.is_free(row):
            advance(row, REQUIREMENT_STEPS, "replace")
            forget(row)
    db.flush()
    return [row for row in calendar.rows.values() if row.status != "replaced"]


def latest(db: Session, grant_id: UUID) -> GrantSchedule | None:
    """Return the plan that a grant was last given, if any."""
    query = select(GrantSchedule).where(GrantSchedule.grant_id == grant_id)
    return db.execute(query.order_by(GrantSchedule.number.desc()).limit(1)).scalar_one_or_none()
