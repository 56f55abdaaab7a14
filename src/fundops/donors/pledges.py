"""Pledges: promises of cash, gross, from the pipeline to an agreement or to their cancelling.

A pledge is never netted against what was paid: its amount stays what was promised, and what was
agreed, received and written off stands beside it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, codes, money
from fundops.authz import Permission
from fundops.donors.booking import (
    base_equivalent,
    changed,
    in_order,
    known_event,
    not_future,
    usable_fund,
    usable_party,
)
from fundops.donors.models import Agreement, Pledge
from fundops.donors.register_schemas import PledgeConfirming, PledgeIn, PledgePatch, Reason, given
from fundops.donors.sums import Sums, packed_sums
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot

PLEDGE_STEPS: Steps = {
    "confirm": step("pipeline", "pledged", Permission.PLEDGE_WRITE),
    "agree": step("pledged agreed", "agreed", Permission.AGREEMENT_WRITE),
    "cancel": step("pipeline pledged agreed", "cancelled", Permission.PLEDGE_WRITE),
}


def create_pledge(db: Session, actor: audit.Author, wanted: PledgeIn) -> Pledge:
    """Record a pledge, or one in the pipeline when it has no ``pledged_on`` yet.

    Raises ``invalid-request`` for a closed fund, a donor or event that cannot be used, days in
    the future or out of order, and a rate that cannot be right.
    """
    fund = usable_fund(db, wanted.fund_id)
    usable_party(db, wanted.donor_id, "/donor_id")
    known_event(db, wanted.event_id)
    today = clock.today(fund.zone)
    pipeline_on = wanted.pipeline_on
    if pipeline_on is None and wanted.pledged_on is None:
        pipeline_on = today
    not_future(pipeline_on, fund.zone, "/pipeline_on")
    not_future(wanted.pledged_on, fund.zone, "/pledged_on")
    in_order("/pledged_on", pipeline_on, wanted.pledged_on)
    minor, currency = wanted.amount.minor("/amount"), wanted.amount.currency
    rate, base = base_equivalent(
        db, fund, minor, currency, rate=wanted.rate, on=wanted.pledged_on or pipeline_on or today
    )
    pledge = Pledge(
        id=uuid7(),
        code=codes.next_code(db, "PLG", today.year),
        fund_id=fund.id,
        donor_id=wanted.donor_id,
        event_id=wanted.event_id,
        amount_minor=minor,
        currency=currency,
        rate=rate,
        base_minor=base,
        fiscal_year=wanted.fiscal_year,
        pipeline_on=pipeline_on,
        pledged_on=wanted.pledged_on,
        expected_on=wanted.expected_on,
        conditions=wanted.conditions,
        source_code=wanted.source_code,
        status="pipeline" if wanted.pledged_on is None else "pledged",
        created_at=clock.now(),
    )
    db.add(pledge)
    db.flush()
    _record(db, actor, "pledge.created", pledge, after=snapshot(pledge))
    return pledge


def change_pledge(db: Session, actor: audit.Author, pledge: Pledge, patch: PledgePatch) -> Pledge:
    """Change a pledge that stands.

    Raises ``wrong-status`` for a cancelled one, ``conflict`` for an amount or currency that its
    agreements do not allow, ``invalid-request`` for days and rates that cannot be right.
    """
    if pledge.status == "cancelled":
        raise Problem("wrong-status", action="change", status=pledge.status)
    fund = db.get_one(Fund, pledge.fund_id)
    values = dict(given(patch))
    known_event(db, values.get("event_id"))
    _check_days(pledge, values, fund.zone)
    if {"amount", "rate"} & values.keys():
        values |= _new_amount(db, pledge, fund, patch)
        values.pop("amount", None)
    before, after = changed(pledge, values)
    db.flush()
    _record(db, actor, "pledge.changed", pledge, before=before, after=after)
    return pledge


def confirm_pledge(
    db: Session, actor: audit.Author, pledge: Pledge, wanted: PledgeConfirming
) -> Pledge:
    """Turn a pipeline entry into a pledge, made on ``pledged_on``."""
    fund = db.get_one(Fund, pledge.fund_id)
    not_future(wanted.pledged_on, fund.zone, "/pledged_on")
    in_order("/pledged_on", pledge.pipeline_on, wanted.pledged_on)
    before = {"status": pledge.status, "pledged_on": pledge.pledged_on}
    advance(pledge, PLEDGE_STEPS, "confirm", actor)
    pledge.pledged_on = wanted.pledged_on
    db.flush()
    after = {"status": pledge.status, "pledged_on": pledge.pledged_on}
    _record(db, actor, "pledge.confirmed", pledge, before=before, after=after)
    return pledge


def agree_pledge(db: Session, actor: audit.Author, pledge: Pledge) -> Pledge:
    """Note that an agreement now stands on the pledge; nothing to do if one did before."""
    before = {"status": pledge.status}
    advance(pledge, PLEDGE_STEPS, "agree", actor)
    if pledge.status != before["status"]:
        db.flush()
        _record(db, actor, "pledge.agreed", pledge, before=before, after={"status": pledge.status})
    return pledge


def cancel_pledge(db: Session, actor: audit.Author, pledge: Pledge, wanted: Reason) -> Pledge:
    """Cancel a pledge of which nothing was received and on which no active agreement stands.

    What an active agreement still expects is given up by a write-off, which a second person
    approves; cancelling would be a way around that. Raises ``conflict`` (409).
    """
    if sums_of(db, pledge).received:
        raise Problem("conflict", detail=text("register.received"))
    if _count_agreements(db, pledge, status="active"):
        raise Problem("conflict", detail=text("register.still_agreed"))
    before = {"status": pledge.status}
    advance(pledge, PLEDGE_STEPS, "cancel", actor)
    db.flush()
    after = {"status": pledge.status}
    _record(db, actor, "pledge.cancelled", pledge, reason=wanted.reason, before=before, after=after)
    return pledge


def sums_of(db: Session, pledge: Pledge) -> Sums:
    """Return what the pledge's agreements come to (drafts do not count)."""
    query = select(packed_sums(Pledge.__table__.c.id)).where(Pledge.id == pledge.id)
    return db.execute(query).scalar_one()


def _check_days(pledge: Pledge, values: dict[str, Any], zone: str) -> None:
    for name in ("pipeline_on", "pledged_on"):
        not_future(values.get(name), zone, f"/{name}")
    if "pledged_on" in values and pledge.status == "pipeline":
        raise invalid("/pledged_on", "register.not_patched_pledge")
    pipeline_on = values.get("pipeline_on", pledge.pipeline_on)
    in_order("/pledged_on", pipeline_on, values.get("pledged_on", pledge.pledged_on))


def _new_amount(db: Session, pledge: Pledge, fund: Fund, patch: PledgePatch) -> dict[str, Any]:
    """Return the columns that a new amount or rate sets."""
    minor, currency = pledge.amount_minor, pledge.currency
    fields = patch.model_fields_set
    if "amount" in fields:
        minor, currency = patch.amount.minor("/amount"), patch.amount.currency
        _check_agreements(db, pledge, minor, currency)
    kept = pledge.rate if currency == pledge.currency else None
    rate = patch.rate if "rate" in fields else kept
    on = pledge.pledged_on or pledge.pipeline_on or clock.today(fund.zone)
    rate, base = base_equivalent(db, fund, minor, currency, rate=rate, on=on)
    return {"amount_minor": minor, "currency": currency, "rate": rate, "base_minor": base}


def _check_agreements(db: Session, pledge: Pledge, minor: int, currency: str) -> None:
    if currency != pledge.currency and _count_agreements(db, pledge):
        raise Problem("conflict", detail=text("register.has_agreements"))
    agreed = sums_of(db, pledge).agreed
    if minor < pledge.amount_minor and minor < agreed:
        covered = money.display(agreed, currency)
        raise Problem("conflict", detail=text("register.below_agreed", agreed=covered))


def _count_agreements(db: Session, pledge: Pledge, *, status: str | None = None) -> int:
    query = select(func.count()).where(Agreement.pledge_id == pledge.id)
    if status is not None:
        query = query.where(Agreement.status == status)
    return db.execute(query).scalar_one()


def _record(
    db: Session,
    actor: audit.Author,
    action: str,
    pledge: Pledge,
    *,
    reason: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        db,
        actor,
        action,
        "pledge",
        pledge.id,
        fund_id=pledge.fund_id,
        reason=reason,
        before=before,
        after=after,
    )
