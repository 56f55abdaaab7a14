"""Tranches by a plan, and what each waits for.

Tranches that money went to, or is asked for, are never touched. The others get what is left of the
amount, in the shares that the plan has for them; rows too many are taken away, told as gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.errors import Problem
from fundops.grants import hooks
from fundops.grants.conditions import TRANCHE_CONDITION_STEPS
from fundops.grants.models import Grant, Tranche
from fundops.grants.plan import Plan, ReportNumber
from fundops.grants.schedule_models import PENDING, UNMET, Requirement, TrancheCondition
from fundops.grants.waivers import forget
from fundops.ids import uuid7
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.trail import GONE


@dataclass(frozen=True)
class _Wanted:
    """A tranche as it is to be, and the reports it waits for: none named means any open one."""

    amount_minor: int
    due_on: date | None
    waits_for: tuple[ReportNumber, ...] | None


def write_tranches(
    db: Session,
    actor: audit.Author,
    grant: Grant,
    plan: Plan,
    tranches: Sequence[Tranche],
    calendar: Sequence[Requirement],
    *,
    is_given: bool,
) -> None:
    """Bring a grant's tranches and their conditions in line with a plan.

    ``is_given``: amounts and days are the award's own, and only what they wait for is planned.
    """
    named = hooks.tranches_named(db, grant.id)
    kept = [row for row in tranches if named.get(row.id)]
    free = [row for row in tranches if not named.get(row.id)]
    rest = sum(part.amount_minor for part in plan.tranches) - sum(row.amount_minor for row in kept)
    if rest < 0:
        raise Problem("conflict", detail=text("schedule.tranches_used"))
    wanted = _wanted(plan, len(kept), free if is_given else None, rest)
    conditions = _conditions(db, free)
    rows = _fit(db, actor, grant, free, wanted, frozenset(named), conditions)
    numbers = _numbers(kept, len(wanted))
    for row, one, number in zip(rows, wanted, numbers, strict=True):
        row.number, row.amount_minor, row.due_on = number, one.amount_minor, one.due_on
        db.add(row)
        db.flush()  # one by one: numbers move down, and each must be free
        _write_conditions(db, row, one, calendar, conditions)
    db.flush()


def _wanted(plan: Plan, kept: int, given: Sequence[Tranche] | None, rest: int) -> list[_Wanted]:
    """Return how the rest is paid: by the plan's shares, those given, or at once."""
    planned = plan.tranches[kept:]
    dates: list[date | None]
    if given is not None:
        weights, dates = [row.amount_minor for row in given], [row.due_on for row in given]
    else:
        weights, dates = [one.percent for one in planned], [one.due_on for one in planned]
    if rest and not weights:
        weights, dates = [1], [None]
    waits = [planned[at].waits_for if at < len(planned) else None for at in range(len(weights))]
    amounts = money.allocate(rest, weights) if rest else []
    return [
        _Wanted(amount, on, () if kept + at == 0 else reports)
        for at, (amount, on, reports) in enumerate(zip(amounts, dates, waits, strict=False))
        if amount
    ]


def _conditions(db: Session, rows: Sequence[Tranche]) -> list[TrancheCondition]:
    query = select(TrancheCondition).where(
        TrancheCondition.tranche_id.in_([row.id for row in rows])
    )
    return list(db.execute(query.order_by(TrancheCondition.id)).scalars()) if rows else []


def _fit(
    db: Session,
    actor: audit.Author,
    grant: Grant,
    free: Sequence[Tranche],
    wanted: Sequence[_Wanted],
    named: frozenset[UUID],
    conditions: list[TrancheCondition],
) -> list[Tranche]:
    """Return as many rows as are wanted: those there are, those that payments name before others,
    and new ones; the rest is taken away.
    """
    ordered = sorted(free, key=lambda row: (row.id not in named, row.number))
    stay, go = ordered[: len(wanted)], ordered[len(wanted) :]
    if any(row.id in named for row in go):
        raise Problem("conflict", detail=text("schedule.tranches_named"))
    stay.sort(key=lambda row: row.number)
    _take_away(db, actor, grant, stay, go, conditions)
    new = [
        Tranche(id=uuid7(), grant_id=grant.id, created_at=clock.now())
        for _ in range(len(wanted) - len(stay))
    ]
    return [*stay, *new]


def _take_away(
    db: Session,
    actor: audit.Author,
    grant: Grant,
    stay: Sequence[Tranche],
    go: Sequence[Tranche],
    conditions: list[TrancheCondition],
) -> None:
    """Delete tranches and what they waited for; what somebody asked for on top moves on."""
    going = {row.id for row in go}
    entries = []
    for one in [one for one in conditions if one.tranche_id in going]:
        if one.origin == "added" and one.status in UNMET:
            if not stay:
                raise Problem("conflict", detail=text("schedule.conditions_open"))
            one.tranche_id = stay[-1].id
            continue
        conditions.remove(one)
        db.delete(one)
        entries.append(
            audit.Entry("tranche_condition.removed", "tranche_condition", one.id, grant.fund_id,
                None, None, GONE)
        )  # fmt: skip
    db.flush()
    for row in go:
        db.delete(row)
        entries.append(
            audit.Entry("tranche.removed", "tranche", row.id, grant.fund_id, None, None, GONE)
        )
    db.flush()
    if entries:
        audit.record_many(db, actor, entries)


def _numbers(kept: Sequence[Tranche], count: int) -> list[int]:
    """Return the first numbers that no kept tranche has."""
    taken = {row.number for row in kept}
    every = range(1, count + len(kept) + 1)
    return [number for number in every if number not in taken][:count]


def _write_conditions(
    db: Session,
    tranche: Tranche,
    wanted: _Wanted,
    calendar: Sequence[Requirement],
    conditions: Sequence[TrancheCondition],
) -> None:
    """See to it that a tranche waits for what the plan says, and for nothing planned before."""
    own = [one for one in conditions if one.tranche_id == tranche.id]
    reports, words = _awaited(wanted, calendar)
    for one in own:
        is_wanted = one.requirement_id in reports if one.words is None else one.words == words
        if is_wanted and one.status == "replaced":
            advance(one, TRANCHE_CONDITION_STEPS, "restore")
        elif not is_wanted and one.origin == "policy" and one.status in UNMET:
            advance(one, TRANCHE_CONDITION_STEPS, "replace")
            forget(one)
    there = {one.requirement_id for one in own if one.words is None}
    db.add_all(_condition(tranche, requirement_id=found) for found in reports if found not in there)
    if words is not None and not any(one.words == words for one in own):
        db.add(_condition(tranche, words=words))


def _awaited(wanted: _Wanted, calendar: Sequence[Requirement]) -> tuple[list[UUID], str | None]:
    """Return the requirements that a tranche waits for, or words where no report can be named."""
    if wanted.waits_for is not None:
        by_number = {(row.kind, row.number): row.id for row in calendar}
        return [by_number[one] for one in wanted.waits_for], None
    interim = [
        row
        for row in calendar
        if row.kind == "financial_report" and not row.is_final and row.status in PENDING
    ]
    if interim:
        return [max(interim, key=lambda row: row.number).id], None
    return [], text("schedule.advance_accounted")


def _condition(
    tranche: Tranche, *, requirement_id: UUID | None = None, words: str | None = None
) -> TrancheCondition:
    return TrancheCondition(
        id=uuid7(),
        tranche_id=tranche.id,
        requirement_id=requirement_id,
        words=words,
        origin="policy",
        status="open",
        created_at=clock.now(),
    )
