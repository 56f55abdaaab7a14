"""What follows when an agreement, or an amendment of it, comes into force: its plan.

Tranches, requirements and conditions are made from the fund's policy, for the period and amount
that are agreed; an emergency call has the short plan of its window.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.calls.models import Call
from fundops.grants import agreement_hooks, schedule
from fundops.grants.agreement_content import Agreed
from fundops.grants.models import Grant
from fundops.grants.plan import months_between
from fundops.grants.policy import policy_in_force
from fundops.ledger.models import Fund


def plan_first(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, *, starts_on: date, ends_on: date,
    amount_minor: int,
) -> None:  # fmt: skip
    """Make the plan of a grant whose first agreement is in force."""
    months = months_between(starts_on, ends_on)
    schedule.make(
        db, actor, fund, grant, starts_on=starts_on, ends_on=ends_on, amount_minor=amount_minor,
        is_emergency=_is_emergency(db, fund, grant, amount_minor, months),
    )  # fmt: skip


def plan_again(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, before: Agreed, now: Agreed
) -> None:
    """Make the plan anew where an amendment changed the period or the amount."""
    if (before.ends_on, before.amount_minor) != (now.ends_on, now.amount_minor):
        plan_first(
            db, actor, fund, grant, starts_on=now.starts_on, ends_on=now.ends_on,
            amount_minor=now.amount_minor,
        )  # fmt: skip


def _is_emergency(db: Session, fund: Fund, grant: Grant, amount_minor: int, months: int) -> bool:
    """Return whether a grant of an emergency call is within the policy's emergency window.

    What is larger or longer is planned as any other grant.
    """
    call = db.get(Call, grant.call_id) if grant.call_id is not None else None
    if call is None or call.modality != "emergency":
        return False
    window = policy_in_force(db, fund.id, clock.today(fund.zone)).emergency
    return amount_minor <= window.ceiling_minor and months <= window.months_up_to


agreement_hooks.AFTER_IN_FORCE.append(plan_first)
agreement_hooks.AFTER_AMENDED.append(plan_again)
