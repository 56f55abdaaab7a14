"""Who could do what, at any past instant, and what the caller may do now.

Answered from the periods of the rows themselves. Rows never change the past, so the answer for
an instant stays the same for ever; the permissions of a role are those of this version.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session, aliased

from fundops.authz import PARTY_ROLES, ROLE_PERMISSIONS, Actor, Role
from fundops.ledger.models import Fund
from fundops.messages.languages import coverage, languages
from fundops.pages import PageQuery, list_page
from fundops.parties import labels
from fundops.parties.access_queries import TOKEN_COLUMNS, held_at, roles_seen, usable_at
from fundops.parties.access_schemas import party_ref, token_out
from fundops.parties.models import Membership, Party, PartyFreeze, Person, Token
from fundops.parties.tokens import fits

Lender = aliased(Person)
PERSON_CODE = Person.code.label("person_code")
SORTS: dict[str, ColumnElement[Any]] = {
    "person": PERSON_CODE,
    "role": Membership.__table__.c.role,
    "valid_from": Membership.__table__.c.valid_from,
}


@dataclass(frozen=True)
class Wanted:
    """Whose access is asked about: each that is given limits the answer."""

    person_id: UUID | None = None
    role: Role | None = None
    party_id: UUID | None = None
    fund_id: UUID | None = None


def permissions_of(role: str) -> list[str]:
    """Return the permissions of a role, in order."""
    return sorted(permission.value for permission in ROLE_PERMISSIONS[Role(role)])


def roles_out() -> dict[str, Any]:
    """Return the table of roles and what they allow."""
    return {
        "roles": [
            {
                "role": role.value,
                "permissions": permissions_of(role),
                "is_for_party": role in PARTY_ROLES,
            }
            for role in Role
        ]
    }


def access_page(
    db: Session, actor: Actor, at: datetime, wanted: Wanted, paging: PageQuery
) -> dict[str, Any]:
    """Return a page of the roles that persons held at ``at``, as far as ``actor`` may see.

    Two queries, whatever the size of the page.
    """
    page = list_page(
        db,
        _query(actor, at, wanted),
        paging,
        sorts=SORTS,
        key=Membership.__table__.c.id,
        out=_access_out,
    )
    tokens = _tokens_then(db, at, [item["person"]["id"] for item in page["items"]])
    for item in page["items"]:
        scope = item["role"], _id_of(item["party"]), _id_of(item["fund"])
        usable = [
            token_out(token)
            for token in tokens[item["person"]["id"]]
            if fits((token.role, token.party_id, token.fund_id), *scope)
        ]
        item["tokens"] = usable
        item["could_act"] = bool(usable) and not item["is_frozen"]
    return {"at": at, **page}


def _query(actor: Actor, at: datetime, wanted: Wanted) -> Select[Any]:
    frozen = exists().where(
        PartyFreeze.party_id == Membership.party_id,
        PartyFreeze.frozen_at <= at,
        or_(PartyFreeze.restored_at.is_(None), PartyFreeze.restored_at > at),
    )
    columns = Membership.__table__.c
    query = (
        select(
            columns.id,
            columns.role,
            columns.party_id,
            columns.fund_id,
            columns.valid_from,
            columns.valid_until,
            Person.id.label("person_id"),
            PERSON_CODE,
            Person.name.label("person_name"),
            labels.name_column(actor).label("party_name"),
            Fund.code.label("fund_code"),
            Lender.id.label("lender_id"),
            Lender.code.label("lender_code"),
            Lender.name.label("lender_name"),
            frozen.label("is_frozen"),
        )
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Party, Party.id == Membership.party_id)
        .outerjoin(Fund, Fund.id == Membership.fund_id)
        .outerjoin(Lender, Lender.id == Membership.delegated_by_id)
        .where(held_at(at), roles_seen(actor))
    )
    for column, value in (
        (Membership.person_id, wanted.person_id),
        (Membership.role, wanted.role),
        (Membership.party_id, wanted.party_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.fund_id is not None:
        in_fund = or_(Membership.fund_id.is_(None), Membership.fund_id == wanted.fund_id)
        query = query.where(in_fund)
    return query


def _access_out(row: Any) -> dict[str, Any]:
    party = None if row.party_id is None else {"id": row.party_id, "name": row.party_name}
    fund = None if row.fund_id is None else {"id": row.fund_id, "code": row.fund_code}
    lender = {"id": row.lender_id, "code": row.lender_code, "name": row.lender_name}
    return {
        "membership_id": row.id,
        "person": {"id": row.person_id, "code": row.person_code, "name": row.person_name},
        "role": row.role,
        "permissions": permissions_of(row.role),
        "party": party,
        "fund": fund,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "delegated_by": None if row.lender_id is None else lender,
        "is_frozen": bool(row.is_frozen),
    }


def _id_of(reference: dict[str, Any] | None) -> UUID | None:
    return None if reference is None else reference["id"]


def _tokens_then(db: Session, at: datetime, persons: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """Return the tokens good at ``at`` per person; each has a limited number."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    query = select(*TOKEN_COLUMNS).where(Token.person_id.in_(set(persons)), usable_at(at))
    for row in db.execute(query.order_by(Token.id)):
        found[row.person_id].append(row)
    return found


def me(db: Session, actor: Actor) -> dict[str, Any]:
    """Return who the actor is and what the token in use allows now."""
    person = db.execute(
        select(Person.id, Person.code, Person.name, Person.language, Person.version).where(
            Person.id == actor.person_id
        )
    ).one()
    token = db.execute(select(*TOKEN_COLUMNS).where(Token.id == actor.token_id)).one()
    party_ids = {held.party_id for held in actor.held if held.party_id is not None}
    fund_ids = {held.fund_id for held in actor.held if held.fund_id is not None}
    parties = {
        party.id: party_ref(party, actor)
        for party in db.execute(select(Party).where(Party.id.in_(party_ids))).scalars()
    }
    funds = {
        fund.id: {"id": fund.id, "code": fund.code}
        for fund in db.execute(select(Fund.id, Fund.code).where(Fund.id.in_(fund_ids)))
    }
    return {
        "person": {"id": person.id, "code": person.code, "name": person.name},
        "language": person.language,
        "version": person.version,
        "token": token_out(token),
        "roles": [
            {
                "role": held.role.value,
                "permissions": permissions_of(held.role),
                "party": None if held.party_id is None else parties[held.party_id],
                "fund": None if held.fund_id is None else funds[held.fund_id],
            }
            for held in actor.held
        ],
    }


def languages_out() -> list[dict[str, Any]]:
    """Return the languages of sentences and how far each is done."""
    return [
        {
            "language": one.language,
            "name": one.name,
            "direction": one.direction,
            "is_reviewed": one.is_reviewed,
            "reviewed_on": one.reviewed_on,
            "complete_areas": list(one.complete),
            "sentences": sum(area.size for area in covered),
            "missing": sum(len(area.missing) for area in covered),
        }
        for one in languages().values()
        for covered in (coverage(one.language),)
    ]
