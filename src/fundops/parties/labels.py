"""Who may read a protected party's name, and what everybody else reads in its place.

A party is protected when it is at risk or asks for anonymity. Its name, country and code reach
only roles that need them, and the persons of the party itself; others read its public label. The
rule stands here twice, for records and for queries; a test holds the two against each other.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, null, or_

from fundops.authz import Actor, Role
from fundops.parties.models import Party

KNOWS_PARTIES = frozenset(
    {
        Role.FUND_MANAGER,
        Role.FINANCE_OFFICER,
        Role.APPROVER,
        Role.GRANT_OFFICER,
        Role.AUDITOR,
    }
)
"""Roles whose work needs to know who a protected party is."""


def is_protected(party: Any) -> bool:
    """Return whether outsiders may not learn who ``party`` (a record or row) is."""
    return bool(party.is_at_risk or party.is_anonymous)


def knows(actor: Actor, party_id: UUID) -> bool:
    """Return whether ``actor`` may know who a protected party is."""
    return any(held.role in KNOWS_PARTIES or held.party_id == party_id for held in actor.held)


def is_hidden(party: Any, actor: Actor) -> bool:
    """Return whether ``actor`` gets the public label in place of who ``party`` is."""
    return is_protected(party) and not knows(actor, party.id)


def shown_name(party: Any, actor: Actor) -> str:
    """Return what ``actor`` reads as the name of ``party`` (a record or row)."""
    return str(party.public_label if is_hidden(party, actor) else party.name)


def own_parties(actor: Actor) -> list[UUID]:
    """Return the parties that ``actor`` acts for."""
    return [held.party_id for held in actor.held if held.party_id is not None]


def hidden_column(actor: Actor, party: type[Party] = Party) -> ColumnElement[bool]:
    """Return the SQL of ``is_hidden`` over ``party``, which may be an alias of it."""
    if any(held.role in KNOWS_PARTIES for held in actor.held):
        return false()
    return and_(or_(party.is_at_risk, party.is_anonymous), party.id.not_in(own_parties(actor)))


def name_column(actor: Actor, party: type[Party] = Party) -> ColumnElement[Any]:
    """Return the SQL of ``shown_name``: what may be filtered and sorted by, so that neither an
    order nor a match tells what the answer hides.
    """
    return case((hidden_column(actor, party), party.public_label), else_=party.name)


def code_column(actor: Actor, party: type[Party] = Party) -> ColumnElement[Any]:
    """Return the SQL of the code ``actor`` may read, else null."""
    return case((hidden_column(actor, party), null()), else_=party.code)


def country_column(actor: Actor, party: type[Party] = Party) -> ColumnElement[Any]:
    """Return the SQL of the country ``actor`` may read, else null."""
    return case((hidden_column(actor, party), null()), else_=party.country)
