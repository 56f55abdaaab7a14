"""Grants: awarding in full, changing, closing and cancelling them, and pinning reservations."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation import pool, reserve
from fundops.allocation.facts import grant_facts
from fundops.allocation.holdings import Holding, holdings, present, take
from fundops.allocation.position import NotFundable, Plan
from fundops.allocation.reserve import Source
from fundops.authz import Permission
from fundops.calls.models import Call
from fundops.codes import next_code, random_code
from fundops.errors import Problem, invalid
from fundops.grants import queries
from fundops.grants.models import Grant, ReservationPin, Tranche
from fundops.grants.refusals import Words, not_fundable
from fundops.grants.schemas import CloseIn, GrantIn, GrantPatch, TrancheIn, shares_text
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.interests import has_interest
from fundops.parties.models import Party
from fundops.records import apply_patch, snapshot
from fundops.schemas import MoneyIn

STEPS: Steps = {
    "close": step("awarded", "closed", Permission.GRANT_AWARD),
    "cancel": step("awarded", "cancelled", Permission.GRANT_AWARD),
}
RECORDED_AS = {"close": "grant.closed", "cancel": "grant.cancelled"}


def award(db: Session, actor: audit.Author, fund: Fund, given: GrantIn) -> Grant:
    """Award a grant and reserve it in full, or raise and change nothing.

    Drawn from lots whose earmark admits it, tightest first, then oldest; where free money is
    short, other grants' unpaid and unpinned reservations are moved, the least that suffices.
    Raises ``not-fundable`` naming what binds, and ``conflict`` where the actor has an interest.
    """
    on = past_day(fund, given.awarded_on, "/awarded_on")
    grantee, call = _grantee(db, given.grantee_id), call_of(db, fund, given.call_id, "/call_id")
    refuse_interest(db, actor, grantee.id)
    amount = base_minor(fund, given.amount, "/amount")
    _check_tranches(fund, given.tranches, amount)
    _check_dates(given.starts_on, given.ends_on, "/ends_on")
    if fund.status != "open":
        raise Problem("conflict", detail=text("grants.fund_closed"))
    grant = Grant(
        id=uuid7(),
        code=code_for(db, grantee, "GRT", on.year),
        fund_id=fund.id,
        call_id=call.id if call else None,
        grantee_id=grantee.id,
        title=given.title,
        country=given.country,
        region=given.region,
        objectives=shares_text(given.objectives),
        awarded_on=on,
        starts_on=given.starts_on,
        ends_on=given.ends_on,
        awarded_minor=amount,
        requested_minor=0,
        paid_minor=0,
        refunded_minor=0,
        status="awarded",
        created_at=clock.now(),
    )
    facts = grant_facts(
        grant.id,
        grant.code,
        objectives=[share.objective for share in given.objectives],
        country=given.country,
        region=given.region,
        call=call.code if call else None,
        on=on,
    )
    answer = pool.ask(db, fund.id, [(facts, amount)], on)
    if isinstance(answer.result, NotFundable):
        words = Words(db, actor, answer.pool, {grant.id: text("grants.this_award")})
        raise not_fundable(words, answer.result, [facts], "/amount")
    db.add(grant)
    _add_tranches(db, fund, grant, given.tranches)
    _book(db, actor, grant, answer.result.plan)
    return grant


def _book(db: Session, actor: audit.Author, grant: Grant, plan: Plan) -> None:
    db.flush()
    seq = audit.record(
        db, actor, "grant.awarded", "grant", grant.id, fund_id=grant.fund_id,
        after=snapshot(grant)
        | {
            "draws": [[draw.lot_id, draw.amount_minor] for draw in plan.draws],
            "moves": [list(one) for one in plan.moves],
        },
    )  # fmt: skip
    source = Source("grant", grant.id, grant.awarded_on)
    moved = Source("grant", grant.id, grant.awarded_on, reserve.own_key(db, seq))
    posting.post(
        db,
        seq,
        [
            *reserve.move(grant.fund_id, moved, plan.moves),
            *reserve.reserve(grant.fund_id, source, plan.draws),
        ],
    )


def change_grant(db: Session, actor: audit.Author, grant: Grant, patch: GrantPatch) -> Grant:
    """Change a grant's title or period; what earmarks ask about stays as awarded."""
    if "title" in patch.model_fields_set and patch.title is None:
        raise invalid("/title", "validation.missing")
    before, after = apply_patch(grant, patch)
    _check_dates(
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


def end_grant(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, action: str, given: CloseIn
) -> Grant:
    """Close a grant, or cancel one of which nothing was paid: its unpaid rest goes back.

    Raises ``conflict`` while disbursements wait, and for cancelling what was partly paid.
    """
    on = past_day(fund, given.on, "/on")
    if grant.requested_minor:
        raise Problem("conflict", detail=text("grants.disbursements_wait"))
    if action == "cancel" and grant.paid_minor:
        raise Problem("conflict", detail=text("grants.cancel_paid"))
    before = grant.status
    advance(grant, STEPS, action, actor)
    if on < grant.awarded_on:
        raise invalid("/on", "grants.before_award")
    held = holdings(db, grant.id, "reserved", on)
    parts, missing = take(held, present(held))
    last_paid_on = queries.last_paid_on(db, grant.id)
    if missing or (last_paid_on is not None and on < last_paid_on):
        raise invalid("/on", "grants.before_last_movement")
    db.execute(delete(ReservationPin).where(ReservationPin.grant_id == grant.id))
    db.flush()
    seq = audit.record(
        db, actor, RECORDED_AS[action], "grant", grant.id, fund_id=fund.id, reason=given.reason,
        before={"status": before},
        after={"status": grant.status, "voided": [[p.lot_id, p.amount_minor] for p in parts]},
    )  # fmt: skip
    posting.post(db, seq, reserve.void(fund.id, Source("grant", grant.id, on), parts))
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


def past_day(fund: Fund, given: date | None, pointer: str) -> date:
    """Return a date in the fund's zone, today when none is given; refuse the future (422)."""
    today = clock.today(fund.zone)
    if given is not None and given > today:
        raise invalid(pointer, "validation.future")
    return given or today


def base_minor(fund: Fund, given: MoneyIn, pointer: str) -> int:
    """Return an amount that must be in the fund's base currency, in minor units."""
    if given.currency != fund.base_currency:
        raise invalid(f"{pointer}/currency", "grants.base_currency", currency=fund.base_currency)
    return given.minor(pointer)


def refuse_interest(db: Session, actor: audit.Author, party_id: UUID) -> None:
    """Refuse an actor with an interest in the party that would get the money."""
    if has_interest(db, actor.person_id, party_id):
        raise Problem("conflict-of-interest", detail=text("grants.interest"))


def code_for(db: Session, grantee: Party, prefix: str, year: int) -> str:
    """Return a code that counts up, or one that tells nothing for a grantee at risk."""
    return random_code(prefix) if grantee.is_at_risk else next_code(db, prefix, year)


def call_of(db: Session, fund: Fund, call_id: UUID | None, pointer: str) -> Call | None:
    """Return the call an award is under: of the same fund, and no draft."""
    if call_id is None:
        return None
    call = db.get(Call, call_id)
    if call is None or call.fund_id != fund.id:
        raise invalid(pointer, "validation.unknown_record")
    if call.status == "draft":
        raise invalid(pointer, "grants.call_is_draft")
    return call


def _grantee(db: Session, party_id: UUID) -> Party:
    party = db.get(Party, party_id)
    if party is None or party.kind == "pseudo":
        raise invalid("/grantee_id", "validation.unknown_record")
    if party.status != "active":
        raise invalid("/grantee_id", "grants.grantee_frozen")
    return party


def _check_tranches(fund: Fund, given: list[TrancheIn], amount: int) -> None:
    total = sum(
        base_minor(fund, tranche.amount, f"/tranches/{index}/amount")
        for index, tranche in enumerate(given)
    )
    if given and total != amount:
        raise invalid("/tranches", "grants.tranches_sum")


def _add_tranches(db: Session, fund: Fund, grant: Grant, given: list[TrancheIn]) -> None:
    db.flush()
    db.add_all(
        Tranche(
            id=uuid7(),
            grant_id=grant.id,
            number=index + 1,
            due_on=tranche.due_on,
            amount_minor=base_minor(fund, tranche.amount, f"/tranches/{index}/amount"),
            created_at=clock.now(),
        )
        for index, tranche in enumerate(given)
    )


def _check_dates(starts_on: date | None, ends_on: date | None, pointer: str) -> None:
    if starts_on is not None and ends_on is not None and starts_on > ends_on:
        raise invalid(pointer, "validation.dates_order")
