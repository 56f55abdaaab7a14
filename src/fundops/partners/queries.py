"""Which assessments and checks an actor may see, and how they are shown.

How risky it is to fund a party belongs to the whole organisation, not to one fund; who is meant is
told by the label that the actor may read, and records of other funds are counted but not named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import Session, aliased

from fundops.authz import Actor, Permission
from fundops.grants.models import Grant
from fundops.grants.policy_models import RiskAssessment
from fundops.grants.queries import one, rows_of
from fundops.grants.rules import RUNNING
from fundops.ledger.models import Fund
from fundops.parties.labels import code_column, name_column
from fundops.parties.models import Party
from fundops.partners.models import DueDiligenceCheck, PartnerAssessment

ASSESSMENTS = PartnerAssessment.__table__.c
CHECKS = DueDiligenceCheck.__table__.c
SORTS = {
    "code": ASSESSMENTS.code, "assessed_on": ASSESSMENTS.assessed_on,
    "valid_until_on": ASSESSMENTS.valid_until_on,
}  # fmt: skip
CHECK_SORTS = {"checked_on": CHECKS.checked_on, "kind": CHECKS.kind}

_SHOWN = tuple(column for column in ASSESSMENTS if column.name != "content")


def assessments(actor: Actor) -> Select[Any]:
    """Return the rows of assessments with their parties, without their content."""
    return _with_party(actor, *_SHOWN)


def _with_party(actor: Actor, *columns: Any) -> Select[Any]:
    return (
        rows_of(
            *columns, name_column(actor).label("party_name"), code_column(actor).label("party_code")
        )
        .select_from(PartnerAssessment)
        .join(Party, Party.id == PartnerAssessment.party_id)
    )


def expiring(query: Select[Any], before: date) -> Select[Any]:
    """Limit to assessments in force, the latest that counts of their parties, that end before."""
    return query.join(
        RiskAssessment, RiskAssessment.id == PartnerAssessment.risk_assessment_id
    ).where(PartnerAssessment.valid_until_on < before, counts())


def counts() -> Any:
    """Return the condition that no later assessment of a ``RiskAssessment``'s party counts."""
    later = aliased(RiskAssessment)
    return ~(
        select(later.id)
        .where(
            later.party_id == RiskAssessment.party_id,
            (later.assessed_on > RiskAssessment.assessed_on)
            | (
                (later.assessed_on == RiskAssessment.assessed_on)
                & (later.created_at > RiskAssessment.created_at)
            ),
        )
        .exists()
    )


def runs_for(party_id: Any, fund: Fund) -> ColumnElement[bool]:
    """Return the condition that a party has a grant of a fund that may still be paid."""
    return (
        select(Grant.id)
        .where(
            Grant.grantee_id == party_id, Grant.fund_id == fund.id, Grant.status.in_(RUNNING)
        )
        .exists()
    )  # fmt: skip


def row(db: Session, actor: Actor, assessment_id: UUID) -> Row[Any]:
    """Return one assessment's row with its content; raise ``not-found`` for none."""
    query = _with_party(actor, *ASSESSMENTS).where(PartnerAssessment.id == assessment_id)
    return one(db.execute(query).one_or_none())


def get(db: Session, assessment_id: UUID) -> PartnerAssessment:
    """Return an assessment, fresh; raise ``not-found`` for none."""
    query = select(PartnerAssessment).where(PartnerAssessment.id == assessment_id)
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    return one(found)


def checks(party_id: UUID) -> Select[Any]:
    """Return the rows of what was looked into of a party."""
    return rows_of(*CHECKS).where(DueDiligenceCheck.party_id == party_id)


def assessment_out(found: Any) -> dict[str, Any]:
    """Return the wire form of an assessment in a list."""
    names = (
        "id", "code", "status", "assessed_on", "valid_until_on", "score", "applicable", "band",
        "computed_tier", "tier", "override_reason", "assessed_by_id", "decided_by_id",
        "decided_at", "decision_reason", "risk_assessment_id", "version",
    )  # fmt: skip
    party = {"id": found.party_id, "code": found.party_code, "name": found.party_name}
    told = {name: getattr(found, name) for name in names}
    return told | {"party": party, "is_override": found.override_reason is not None}


def detail_out(found: Any, actor: Actor) -> dict[str, Any]:
    """Return the wire form of an assessment that explains itself."""
    content: dict[str, Any] = json.loads(found.content)
    return assessment_out(found) | content | {"performance": named(content["performance"], actor)}


def named(performance: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """Return figures with those rows named that are of funds which ``actor`` may read."""
    funds = actor.funds(Permission.PARTNER_RISK_READ)
    figures = [
        figure
        | {
            "rows": [
                {"record_type": row["record_type"], "id": row["record_id"], "code": row["code"]}
                for row in figure["rows"]
                if funds is None or UUID(row["fund_id"]) in funds
            ]
        }
        for figure in performance["figures"]
    ]
    return dict(performance) | {"figures": figures}


def check_out(found: Any) -> dict[str, Any]:
    """Return the wire form of a check."""
    names = (
        "id", "party_id", "kind", "outcome", "checked_on", "valid_until_on", "note",
        "evidence_file_id", "recorded_by_id",
    )  # fmt: skip
    return {name: getattr(found, name) for name in names}
