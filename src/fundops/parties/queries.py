"""Which parties an actor may see, how they are found, and what hangs on them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.parties import labels
from fundops.parties.models import Party, PartyAlias, PartyFreeze

COLUMNS: tuple[ColumnElement[Any], ...] = tuple(Party.__table__.columns)
PARTY_ID = Party.__table__.c.id
ALIAS_COLUMNS = tuple(PartyAlias.__table__.columns)
ALIAS_ID = PartyAlias.__table__.c.id
ALIAS_SORTS: dict[str, ColumnElement[Any]] = {"spelling": PartyAlias.__table__.c.spelling}
FREEZE_COLUMNS = tuple(PartyFreeze.__table__.columns)
FREEZE_ID = PartyFreeze.__table__.c.id
FREEZE_SORTS: dict[str, ColumnElement[Any]] = {"frozen_at": PartyFreeze.__table__.c.frozen_at}
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def scoped(query: Select[Any], actor: Actor) -> Select[Any]:
    """Limit a query over ``Party`` to what ``actor`` may see."""
    parties = actor.parties(Permission.PARTY_READ)
    return query if parties is None else query.where(Party.id.in_(parties))


def visible(actor: Actor) -> tuple[Select[Any], dict[str, ColumnElement[Any]]]:
    """Return the parties ``actor`` may see, and what they can be sorted by.

    The order is of what the actor reads: sorting by hidden names would tell them.
    """
    name = labels.name_column(actor).label("shown_name")
    code = func.coalesce(labels.code_column(actor), "").label("shown_code")
    return scoped(select(*COLUMNS, name, code), actor), {"name": name, "code": code}


def filtered(
    query: Select[Any],
    actor: Actor,
    *,
    kind: str | None = None,
    status: str | None = None,
    name: str | None = None,
    code: str | None = None,
    country: str | None = None,
) -> Select[Any]:
    """Limit ``query`` to parties like this, as far as ``actor`` may know it."""
    for column, wanted in (
        (Party.kind, kind),
        (Party.status, status),
        (labels.code_column(actor), code),
        (labels.country_column(actor), country),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if name is not None:
        # Both databases lower ASCII only in text that sorts by code point; so must the pattern.
        pattern = name.translate(_ASCII_LOWER)
        query = query.where(
            func.lower(labels.name_column(actor)).contains(pattern, autoescape=True)
        )
    return query


def get_visible(db: Session, actor: Actor, party_id: UUID, *, lock: bool = False) -> Party:
    """Return a party the actor may see, fresh; raise ``not-found`` otherwise."""
    query = scoped(select(Party).where(Party.id == party_id), actor)
    fresh = query.execution_options(populate_existing=lock)
    found: Party | None = db.execute(fresh).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def get_known(db: Session, actor: Actor, party_id: UUID) -> Party:
    """Return a party whose identity the actor may know; raise ``not-found`` otherwise."""
    party = get_visible(db, actor, party_id)
    if labels.is_hidden(party, actor):
        raise Problem("not-found")
    return party


def named(db: Session, pointer: str, party_id: UUID) -> Party:
    """Return the party that a body names at ``pointer``; raise ``invalid-request`` if none."""
    party = db.get(Party, party_id, populate_existing=True)
    if party is None:
        raise invalid(pointer, "validation.unknown_record")
    return party


def by_code(db: Session, code: str) -> Party | None:
    """Return the party with ``code``, if any."""
    return db.execute(select(Party).where(Party.code == code)).scalar_one_or_none()


def aliases(party_id: UUID) -> Select[Any]:
    """Return the aliases of a party."""
    return select(*ALIAS_COLUMNS).where(PartyAlias.party_id == party_id)


def freezes(party_id: UUID) -> Select[Any]:
    """Return the freezes of a party, past and present."""
    return select(*FREEZE_COLUMNS).where(PartyFreeze.party_id == party_id)


def freeze_in_force(db: Session, party_id: UUID) -> PartyFreeze:
    """Return the freeze that a party is under; raise ``wrong-status`` if it is under none."""
    found = db.execute(
        select(PartyFreeze)
        .where(PartyFreeze.party_id == party_id, PartyFreeze.restored_at.is_(None))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise Problem("wrong-status", action="restore", status="active")
    return found
