"""Which audits and findings an actor may see: a grantee its own, others those of their funds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select, true
from sqlalchemy.orm import Session

from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.donors.scope import rows_held
from fundops.findings import file_reach as file_reach  # officers reach files through audits
from fundops.findings.models import (
    AuditEngagement,
    AuditFinding,
    FindingEntry,
    FindingNote,
    FindingSettlement,
)
from fundops.findings.schemas import finding_out, settlement_out
from fundops.grants.models import Grant
from fundops.grants.queries import one, rows_of
from fundops.ledger.models import Fund
from fundops.schemas import money_out

ENGAGEMENTS: Any = AuditEngagement.__table__.c
FINDINGS: Any = AuditFinding.__table__.c
ENGAGEMENT_SORTS = {"code": ENGAGEMENTS.code, "issued_on": ENGAGEMENTS.issued_on}
FINDING_SORTS = {
    "code": FINDINGS.code, "raised_on": FINDINGS.raised_on, "questioned": FINDINGS.questioned_minor,
}  # fmt: skip
MAX_SHOWN = 1_000
"""Most notes, entries or settlements of one finding; services refuse more."""


def _seen(actor: Actor, permission: Permission, fund: Any) -> ColumnElement[bool]:
    """Return which rows ``permission`` reaches, of a fund, joined to the grant if there is one."""
    held = rows_held(actor, permission, party=Grant.__table__.c.grantee_id, fund=fund)
    return true() if held is None else held


def engagements(actor: Actor, permission: Permission = Permission.FINDING_READ) -> Select[Any]:
    """Return the rows of audits that ``permission`` reaches."""
    return (
        rows_of(*ENGAGEMENTS, Grant.code.label("grant_code"))
        .select_from(AuditEngagement)
        .outerjoin(Grant, Grant.id == AuditEngagement.grant_id)
        .where(_seen(actor, permission, AuditEngagement.fund_id))
    )


def engagement_row(
    db: Session, actor: Actor, engagement_id: UUID, permission: Permission
) -> Row[Any]:
    """Return one audit's row; raise ``not-found`` when out of reach."""
    query = engagements(actor, permission).where(AuditEngagement.id == engagement_id)
    return one(db.execute(query).one_or_none())


def findings(actor: Actor, permission: Permission = Permission.FINDING_READ) -> Select[Any]:
    """Return the rows of findings that ``permission`` reaches."""
    return (
        rows_of(
            *FINDINGS, Grant.code.label("grant_code"), Fund.base_currency,
            AuditEngagement.code.label("engagement_code"),
        )
        .select_from(AuditFinding)
        .join(AuditEngagement, AuditEngagement.id == AuditFinding.engagement_id)
        .join(Fund, Fund.id == AuditFinding.fund_id)
        .outerjoin(Grant, Grant.id == AuditFinding.grant_id)
        .where(_seen(actor, permission, AuditFinding.fund_id))
    )  # fmt: skip


def get(
    db: Session, actor: Actor, finding_id: UUID, permission: Permission
) -> tuple[AuditFinding, Fund, Grant | None]:
    """Return a finding, fresh, with its fund and grant; raise ``not-found`` when out of reach."""
    query = (
        select(AuditFinding, Fund, Grant)
        .join(Fund, Fund.id == AuditFinding.fund_id)
        .outerjoin(Grant, Grant.id == AuditFinding.grant_id)
        .where(AuditFinding.id == finding_id, _seen(actor, permission, AuditFinding.fund_id))
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1], found[2]


def get_settlement(
    db: Session, actor: Actor, settlement_id: UUID, permission: Permission
) -> tuple[FindingSettlement, AuditFinding, Fund, Grant | None]:
    """Return a settlement with its finding, fresh; raise ``not-found`` when out of reach."""
    query = select(FindingSettlement).where(FindingSettlement.id == settlement_id)
    query = query.execution_options(populate_existing=True)
    found = one(db.execute(query).scalar_one_or_none())
    return found, *get(db, actor, found.finding_id, permission)


def is_inside(actor: Actor, fund_id: UUID) -> bool:
    """Return whether an actor reads findings of a fund by a role that is held for no party."""
    return any(
        held.role not in PARTY_ROLES and held.fund_id in (None, fund_id)
        for held in actor.holding(Permission.FINDING_READ)
    )


def detail(
    db: Session, actor: Actor, finding_id: UUID, permission: Permission = Permission.FINDING_READ
) -> dict[str, Any]:
    """Return the wire form of a finding with all that belongs to it and the actor may know.

    A grantee is told no internal notes and nothing that is only proposed.
    """
    row = one(
        db.execute(findings(actor, permission).where(AuditFinding.id == finding_id)).one_or_none()
    )
    inside = is_inside(actor, row.fund_id)
    names = (
        "description", "recommendation", "agreed_action", "raised_by_id", "answered_by_id",
        "closed_by_id",
    )  # fmt: skip
    return (
        finding_out(row)
        | {name: getattr(row, name) for name in names}
        | {
            "notes": [
                {name: getattr(note, name)
                 for name in ("id", "kind", "body", "is_internal", "by_id", "created_at")}
                for note in _of(db, FindingNote, finding_id)
                if inside or not note.is_internal
            ],
            "entries": [
                {name: getattr(entry, name)
                 for name in ("id", "kind", "on_date", "settlement_id", "reverses_id",
                              "created_at")}
                | {"amount": money_out(entry.amount_minor, row.base_currency)}
                for entry in _of(db, FindingEntry, finding_id)
            ],
            "settlements": [
                settlement_out(made, row.base_currency)
                for made in (_of(db, FindingSettlement, finding_id) if inside else ())
            ],
        }
    )  # fmt: skip


def _of(db: Session, model: Any, finding_id: UUID) -> Any:
    query = rows_of(*model.__table__.c).where(model.finding_id == finding_id)
    return db.execute(query.order_by(model.id).limit(MAX_SHOWN)).all()
