"""Places at risk: flagged by one person at once, lifted by another; who is told of grants there.

Grants in a place at risk are told to outsiders as those of a grantee at risk: without country and
title in lists, as withheld totals in statements, traces and releases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    exists,
    false,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.flags import follow
from fundops.parties.labels import (
    KNOWS_PARTIES,
    hidden_column,
    is_hidden,
    knows,
    own_parties,
)
from fundops.parties.models import Party
from fundops.parties.place_models import PlaceAtRisk
from fundops.records import snapshot

PLACE_STEPS: Steps = {
    "lift": step("flagged", "lifted", Permission.PLACE_LIFT, ("flagged_by_id",)),
}
SORTS = {"country": PlaceAtRisk.country, "flagged_at": PlaceAtRisk.flagged_at}


@dataclass(frozen=True)
class PlacesAtRisk:
    """The places flagged now: countries of all funds, and (fund, country) of one."""

    everywhere: frozenset[str]
    of_funds: frozenset[tuple[UUID, str]]

    def holds(self, country: str | None, fund_id: UUID) -> bool:
        """Return whether a grant in ``country`` from a fund is in a place at risk."""
        if country is None:
            return False
        return country in self.everywhere or (fund_id, country) in self.of_funds


def places_at_risk(db: Session) -> PlacesAtRisk:
    """Return the places that are flagged now."""
    query = select(PlaceAtRisk.fund_id, PlaceAtRisk.country).where(PlaceAtRisk.status == "flagged")
    rows = list(db.execute(query))
    return PlacesAtRisk(
        frozenset(country for fund_id, country in rows if fund_id is None),
        frozenset((fund_id, country) for fund_id, country in rows if fund_id is not None),
    )


def hidden_place(actor: Actor, country: Any, fund_id: Any) -> ColumnElement[bool]:
    """Return the SQL of whether ``actor`` may not learn that a grant is in its place."""
    if any(held.role in KNOWS_PARTIES for held in actor.held):
        return false()
    return exists(
        select(PlaceAtRisk.id).where(
            PlaceAtRisk.country == country,
            or_(PlaceAtRisk.fund_id.is_(None), PlaceAtRisk.fund_id == fund_id),
            PlaceAtRisk.status == "flagged",
        )
    )


def hidden_work(
    actor: Actor, country: Any, fund_id: Any, party: type[Party] = Party
) -> ColumnElement[bool]:
    """Return the SQL of whether ``actor`` may not learn what a proposal or grant of ``party`` is
    called and where it is: its organisation is protected, or its place at risk, and the actor
    neither works with grantees nor acts for this one.
    """
    place = and_(hidden_place(actor, country, fund_id), party.id.not_in(own_parties(actor)))
    return or_(hidden_column(actor, party), place)


def is_hidden_work(
    db: Session, actor: Actor, party: Any, country: str | None, fund_id: UUID
) -> bool:
    """Return ``hidden_work`` of a record whose party, country and fund are at hand."""
    if is_hidden(party, actor):
        return True
    if knows(actor, party.id) or country is None:
        return False
    return places_at_risk(db).holds(country, fund_id)


def title_column(hidden: ColumnElement[bool], title: Any) -> ColumnElement[Any]:
    """Return the SQL of a title, replaced by a neutral sentence where it is ``hidden``."""
    return case((hidden, literal(text("grants.title_withheld"))), else_=title)


def visible(actor: Actor, *, country: str | None = None, status: str | None = None) -> Select[Any]:
    """Return the places flagged and lifted that ``actor`` may read: of its funds, and of all."""
    query: Select[Any] = select(*PlaceAtRisk.__table__.columns)
    funds = {held.fund_id for held in actor.holding(Permission.PLACE_READ)}
    if None not in funds:
        query = query.where(
            or_(PlaceAtRisk.fund_id.is_(None), PlaceAtRisk.fund_id.in_(sorted(funds)))
        )
    for column, value in ((PlaceAtRisk.country, country), (PlaceAtRisk.status, status)):
        if value is not None:
            query = query.where(column == value)
    return query


def row(db: Session, actor: Actor, place_id: UUID) -> Row[Any]:
    """Return one place; raise ``not-found`` when it may not be read."""
    found = db.execute(visible(actor).where(PlaceAtRisk.id == place_id)).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def flag(db: Session, actor: Actor, country: str, fund_id: UUID | None, reason: str) -> PlaceAtRisk:
    """Flag a country, for one fund or all; it counts at once, also for what is published.

    Raises ``not-found`` for a fund out of reach, ``already-exists`` for one flagged already.
    """
    _reach(actor, Permission.PLACE_FLAG, fund_id)
    query = select(PlaceAtRisk.id).where(
        PlaceAtRisk.country == country,
        PlaceAtRisk.fund_id.is_(None) if fund_id is None else PlaceAtRisk.fund_id == fund_id,
        PlaceAtRisk.status == "flagged",
    )
    if db.execute(query).first() is not None:
        raise Problem("already-exists", detail=text("places.flagged_already"))
    made = PlaceAtRisk(
        id=uuid7(),
        country=country,
        fund_id=fund_id,
        reason=reason,
        status="flagged",
        flagged_by_id=actor.person_id,
        flagged_at=clock.now(),
    )
    db.add(made)
    _record(db, actor, "place_at_risk.flagged", made, reason, None)
    follow(db, actor, made)
    return made


def lift(db: Session, actor: Actor, place_id: UUID, reason: str) -> PlaceAtRisk:
    """Lift a flag. Raises ``same-person`` for whoever set it."""
    row(db, actor, place_id)
    found = db.get_one(PlaceAtRisk, place_id, populate_existing=True)
    _reach(actor, Permission.PLACE_LIFT, found.fund_id)
    before = snapshot(found)
    advance(found, PLACE_STEPS, "lift", actor)
    found.lifted_by_id, found.lifted_at, found.lift_reason = actor.person_id, clock.now(), reason
    _record(db, actor, "place_at_risk.lifted", found, reason, before)
    return found


def _reach(actor: Actor, permission: Permission, fund_id: UUID | None) -> None:
    """Raise ``not-found`` unless the actor may act for the fund, or for all when it is none."""
    funds = {held.fund_id for held in actor.holding(permission)}
    if None not in funds and fund_id not in funds - {None}:
        raise Problem("not-found")


def _record(
    db: Session,
    actor: Actor,
    action: str,
    made: PlaceAtRisk,
    reason: str,
    before: dict[str, object] | None,
) -> None:
    db.flush()
    audit.record(
        db, actor, action, "place_at_risk", made.id, fund_id=made.fund_id, reason=reason,
        before=before, after=snapshot(made),
    )  # fmt: skip
