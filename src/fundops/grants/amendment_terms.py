"""Whose approval amendments take under the policy of a fund that is in force."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops import clock
from fundops.grants.amendment_rules import Band, Thresholds
from fundops.grants.policy import policy_in_force
from fundops.grants.policy_content import Amendments, ApprovalBand
from fundops.ledger.models import Fund
from fundops.roles import Role

IN_MONTHS = frozenset({"no_cost_extension"})
IN_POLICY = {"reallocation": "budget_reallocation"}
"""Kinds that the policy calls otherwise."""

BP_PER_PERCENT = 100
KINDS = ("no_cost_extension", "reallocation", "cost_extension", "results", "administrative")


def thresholds_in_force(db: Session, fund: Fund) -> Thresholds:
    """Return the bands of each kind of amendment by the policy in force today."""
    return thresholds_of(policy_in_force(db, fund.id, clock.today(fund.zone)).amendments)


def thresholds_of(policy: Amendments) -> Thresholds:
    """Return a policy's bands as amendments are measured: months, or basis points.

    What a grant officer alone may approve comes into force by notice, without new signatures.
    """
    found: dict[str, tuple[Band, ...]] = {}
    for kind in KINDS:
        bands: tuple[ApprovalBand, ...] = getattr(policy, IN_POLICY.get(kind, kind))
        unit = 1 if kind in IN_MONTHS else BP_PER_PERCENT
        found[kind] = tuple(
            Band(
                band.up_to * unit if band.up_to is not None else None,
                _roles(band),
                by_notice=set(band.approvals) == {Role.GRANT_OFFICER.value},
            )
            for band in bands
        )
    return found


def _roles(band: ApprovalBand) -> tuple[Role, ...]:
    """Return one role per person that is needed; those beyond the roles named hold the last."""
    named = [Role(role) for role in band.approvals]
    return (*named, *[named[-1]] * max(band.persons - len(named), 0))
