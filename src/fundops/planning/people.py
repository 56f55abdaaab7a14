"""Who can act: persons holding a permission for a fund now, looked up for a whole list at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import PARTY_ROLES, ROLE_PERMISSIONS, Permission, Role
from fundops.parties.access_queries import held_at
from fundops.parties.interests import interests_of
from fundops.parties.models import Membership, Party, Person

MAX_MEMBERSHIPS = 5_000
"""Most roles looked at for one fund."""


class Somebody(NamedTuple):
    """A person who can act."""

    id: UUID
    code: str
    name: str


class People:
    """The persons who hold some permissions for a fund, as of now. Two queries.

    Roles held for a party count only for the parties in ``acting``; persons whose party is frozen
    cannot act. ``parties`` are those in which an interest would matter.
    """

    def __init__(
        self,
        db: Session,
        fund_id: UUID,
        permissions: Collection[Permission],
        acting: Collection[UUID],
        parties: Collection[UUID],
    ) -> None:
        roles = [role for role in Role if ROLE_PERMISSIONS[role] & set(permissions)]
        self._by_role: dict[Role, dict[UUID, Somebody]] = {}
        self._by_party: dict[tuple[Role, UUID], dict[UUID, Somebody]] = {}
        known: set[UUID] = set()
        for row in db.execute(_holders(fund_id, roles, acting)) if roles else ():
            role, who = Role(row.role), Somebody(row.id, row.code, row.name)
            if row.party_id is None:
                self._by_role.setdefault(role, {})[who.id] = who
            else:
                self._by_party.setdefault((role, row.party_id), {})[who.id] = who
            known.add(who.id)
        self._interests = interests_of(db, known) if known and parties else set()

    def who(
        self,
        permission: Permission,
        excluded: Collection[UUID],
        party_id: UUID | None,
        *,
        by_party: bool,
    ) -> list[Somebody]:
        """Return who can act, by code.

        Whoever acts for the fund must have no interest in the party; whoever acts for the party
        is one of its own.
        """
        found: dict[UUID, Somebody] = {}
        for role in Role:
            if permission not in ROLE_PERMISSIONS[role]:
                continue
            if by_party and party_id is not None:
                found |= self._by_party.get((role, party_id), {})
            elif role not in PARTY_ROLES:
                found |= self._by_role.get(role, {})
        return sorted(
            (
                one
                for one in found.values()
                if one.id not in excluded
                and (by_party or (one.id, party_id) not in self._interests)
            ),
            key=lambda one: one.code,
        )


def _holders(fund_id: UUID, roles: Collection[Role], acting: Collection[UUID]) -> Any:
    return (
        select(Person.id, Person.code, Person.name, Membership.role, Membership.party_id)
        .join(Membership, Membership.person_id == Person.id)
        .outerjoin(Party, Party.id == Membership.party_id)
        .where(
            Person.status == "active",
            held_at(clock.now()),
            Membership.role.in_([role.value for role in roles]),
            or_(Membership.fund_id.is_(None), Membership.fund_id == fund_id),
            or_(Membership.party_id.is_(None), Membership.party_id.in_(list(acting))),
            or_(Party.id.is_(None), Party.status != "frozen"),
        )
        .order_by(Person.code)
        .limit(MAX_MEMBERSHIPS)
    )
