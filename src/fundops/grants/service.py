"""Grants: awarding in full, changing and cancelling them, and pinning reservations.

Closing stands above: it asks what the grantee has accounted for.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation.holdings import Holding, holdings
from fundops.authz import Permission
from fundops.errors import Problem, invalid
from fundops.grants import agreement_queries, conditional, releasing
from fundops.grants.awarding import award, award_many, terms_of
from fundops.grants.conditional import (
    award_conditionally,
    award_on_instalment,
    conditions_of,
    stand,
)
from fundops.grants.models import Grant, ReservationPin
from fundops.grants.rules import check_dates, past_day
from fundops.grants.schemas import CloseIn, GrantPatch
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import apply_patch

__all__ = [
    "STEPS",
    "award",
    "award_conditionally",
    "award_many",
    "award_on_instalment",
    "cancel_grant",
    "change_grant",
    "conditions_of",
    "lots_of",
    "pin",
    "stand",
    "terms_of",
    "unpin",
]

STEPS: Steps = {
    **conditional.STAND,
    "cancel": step("awarded conditional", "cancelled", Permission.GRANT_AWARD),
}


def change_grant(db: Session, actor: audit.Author, grant: Grant, patch: GrantPatch) -> Grant:
    """Change a grant's title or period; what earmarks ask about stays as awarded.

    Raises ``conflict`` once an agreement is in force: both sides change that.
    """
    if agreement_queries.in_force(db, grant.id) is not None:
        raise Problem("conflict", detail=text("agreements.change_by_amendment"))
    if "title" in patch.model_fields_set and patch.title is None:
        raise invalid("/title", "validation.missing")
    before, after = apply_patch(grant, patch)
    check_dates(
        grant.starts_on,
        grant.ends_on,
        "/ends_on" if "ends_on" in patch.model_fields_set else "/starts_on",
    )
    db.flush()
    audit.record(
        db, actor, "grant.changed", "grant", grant.id, fund_id=grant.fund_id, before=before,
        after=after,
    )  # fmt: skip
    return grant


def cancel_grant(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, given: CloseIn
) -> Grant:
    """Cancel a grant of which nothing was paid: what it has reserved goes back.

    Raises ``conflict`` while disbursements wait, and where something was paid.
    """
    on = past_day(fund, given.on, "/on")
    releasing.refuse_waiting(grant)
    if grant.paid_minor:
        raise Problem("conflict", detail=text("grants.cancel_paid"))
    before = grant.status
    advance(grant, STEPS, "cancel", actor)
    conditional.void(db, grant)
    parts = releasing.rest_of(db, grant, on)
    seq = audit.record(
        db, actor, "grant.cancelled", "grant", grant.id, fund_id=fund.id, reason=given.reason,
        before={"status": before},
        after={"status": grant.status, "voided": [[p.lot_id, p.amount_minor] for p in parts]},
    )  # fmt: skip
    releasing.give_back(db, seq, grant, parts, on)
    return grant


def pin(db: Session, actor: audit.Author, grant: Grant, lot_id: UUID) -> None:
    """Keep a grant's reservation on a lot from being moved. Pinning again changes nothing."""
    holding = _reserved_on(db, grant, lot_id)
    if db.get(ReservationPin, (grant.id, lot_id)) is not None:
        return
    db.add(
        ReservationPin(
            grant_id=grant.id,
            lot_id=lot_id,
            pinned_by_id=actor.person_id,
            created_at=clock.now(),
        )
    )
    db.flush()
    _record_pin(db, actor, "reservation.pinned", grant, holding)


def unpin(db: Session, actor: audit.Author, grant: Grant, lot_id: UUID) -> None:
    """Allow a grant's reservation on a lot to be moved again."""
    found = db.get(ReservationPin, (grant.id, lot_id))
    if found is None:
        raise invalid("/lot_id", "grants.not_pinned")
    db.delete(found)
    db.flush()
    audit.record(
        db, actor, "reservation.unpinned", "grant", grant.id, fund_id=grant.fund_id,
        before={"lot_id": lot_id},
    )  # fmt: skip


def _record_pin(
    db: Session, actor: audit.Author, action: str, grant: Grant, holding: Holding
) -> None:
    audit.record(
        db, actor, action, "grant", grant.id, fund_id=grant.fund_id,
        after={"lot_id": holding.lot_id, "reserved_minor": holding.present_minor},
    )  # fmt: skip


def _reserved_on(db: Session, grant: Grant, lot_id: UUID) -> Holding:
    for holding in holdings(db, grant.id, "reserved", grant.awarded_on):
        if holding.lot_id == lot_id:
            return holding
    raise invalid("/lot_id", "grants.nothing_reserved")


def lots_of(db: Session, grant: Grant) -> list[dict[str, Any]]:
    """Return what a grant holds of each lot now: reserved, advanced, pinned; in drawing order."""
    query = select(ReservationPin.lot_id).where(ReservationPin.grant_id == grant.id)
    pinned = set(db.execute(query).scalars())
    found: dict[UUID, dict[str, Any]] = {}
    for kind in ("reserved", "advance"):
        for holding in holdings(db, grant.id, kind, grant.awarded_on):
            entry = found.setdefault(
                holding.lot_id,
                {"holding": holding, "reserved": 0, "advance": 0},
            )
            entry[kind] = holding.present_minor
    ordered = sorted(found.values(), key=lambda entry: entry["holding"].order)
    return [
        {
            "lot_id": entry["holding"].lot_id,
            "lot_code": entry["holding"].lot_code,
            "reserved_minor": entry["reserved"],
            "advanced_minor": entry["advance"],
            "is_pinned": entry["holding"].lot_id in pinned,
        }
        for entry in ordered
    ]
