"""What a proposal is compared with: proposals, grants and published activities, as one may see.

A constant number of queries, whatever there is; at most ``MAX_COMPARED`` works of a kind, those
nearest in time.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Text, cast, func, select
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.calls.models import Call
from fundops.db import AnySelect
from fundops.grants.models import Grant
from fundops.overlaps.likeness import Work
from fundops.overlaps.models import PublishedActivity
from fundops.parties.labels import name_column
from fundops.parties.models import Party, PartyAlias
from fundops.parties.places import hidden_work
from fundops.proposals.models import Proposal, ProposalVersion

MAX_COMPARED = 5_000
TEXTS = (("summary",), ("answers", "need"), ("answers", "approach"))
"""Where a proposal's content says in words what it is about."""


def subject(db: Session, actor: Actor, proposal: Proposal) -> Work:
    """Return the proposal to compare, from its submitted version, else its last save."""
    query = _proposals(db, actor, proposal.submitted_number or proposal.last_number)
    row = db.execute(query.where(Proposal.id == proposal.id)).one()
    # Other spellings of a name that is hidden from the reader would tell it.
    names = (row.name, *(() if row.is_hidden else _aliases(db, proposal.party_id)))
    return _proposal_work(row, names)


def others(db: Session, actor: Actor, proposal: Proposal) -> list[Work]:
    """Return what there is to compare with, of what ``actor`` may see."""
    funds = actor.funds(Permission.OVERLAP_READ)
    near = Proposal.starts_on.desc().nulls_last(), Proposal.id
    proposals = _proposals(db, actor, None).where(
        Proposal.id != proposal.id, Proposal.status.not_in(("draft", "withdrawn"))
    )
    if funds is not None:
        proposals = proposals.where(Call.fund_id.in_(funds))
    works = [
        _proposal_work(row, (row.name,))
        for row in db.execute(proposals.order_by(*near).limit(MAX_COMPARED))
    ]
    activities = select(PublishedActivity).order_by(
        PublishedActivity.starts_on.desc().nulls_last(), PublishedActivity.id
    )
    found = db.execute(activities.limit(MAX_COMPARED)).scalars()
    return works + _grants(db, actor, funds) + [activity_work(one) for one in found]


def _proposals(db: Session, actor: Actor, number: int | None) -> AnySelect:
    hidden = hidden_work(actor, Proposal.country, Call.fund_id)
    columns: tuple[Any, ...] = (
        Proposal.id, Proposal.code, Proposal.party_id, Proposal.title, Proposal.country,
        Proposal.region, Proposal.starts_on, Proposal.ends_on,
        name_column(actor).label("name"), hidden.label("is_hidden"),
        *(_said(db, *path).label("_".join(path)) for path in TEXTS),
        _said(db, "places").label("places"),
    )  # fmt: skip
    counts = Proposal.submitted_number if number is None else number
    return (
        select(*columns)
        .join(Call, Call.id == Proposal.call_id)
        .join(Party, Party.id == Proposal.party_id)
        .outerjoin(
            ProposalVersion,
            (ProposalVersion.proposal_id == Proposal.id) & (ProposalVersion.number == counts),
        )
    )


def _said(db: Session, *path: str) -> ColumnElement[Any]:
    """Return a text of a version's content, so that the whole of it need not be loaded."""
    if db.get_bind().dialect.name == "sqlite":
        return func.json_extract(ProposalVersion.content, "$." + ".".join(path), type_=Text())
    said: ColumnElement[Any] = cast(ProposalVersion.content, JSON)[path].astext
    return said


def _proposal_work(row: Row[Any], names: tuple[str, ...]) -> Work:
    words = [getattr(row, "_".join(path)) for path in TEXTS]
    return Work(
        "proposal",
        row.id,
        None if row.is_hidden else row.code,
        row.title,
        " ".join(str(word) for word in words if word),
        frozenset({row.party_id}),
        names,
        frozenset() if row.is_hidden or row.country is None else frozenset({row.country}),
        frozenset() if row.region is None else frozenset({row.region}),
        () if row.is_hidden else _texts(row.places),
        row.starts_on,
        row.ends_on,
        row.is_hidden,
    )


def _texts(raw: str | None) -> tuple[str, ...]:
    """Return the texts of a JSON list that may be missing or be what a draft left there."""
    values = json.loads(raw) if raw else []
    return tuple(one for one in values if isinstance(one, str)) if isinstance(values, list) else ()


def _grants(db: Session, actor: Actor, funds: frozenset[UUID] | None) -> list[Work]:
    """Return grants, but those that came of a proposal, which is compared itself."""
    hidden = hidden_work(actor, Grant.country, Grant.fund_id)
    columns: tuple[Any, ...] = (
        Grant.id, Grant.code, Grant.grantee_id, Grant.title, Grant.country, Grant.region,
        Grant.starts_on, Grant.ends_on, name_column(actor).label("name"),
        hidden.label("is_hidden"),
    )  # fmt: skip
    query = (
        select(*columns)
        .join(Party, Party.id == Grant.grantee_id)
        .where(Grant.status != "cancelled", Grant.proposal_id.is_(None))
        .order_by(Grant.starts_on.desc().nulls_last(), Grant.id)
        .limit(MAX_COMPARED)
    )
    if funds is not None:
        query = query.where(Grant.fund_id.in_(funds))
    return [
        Work(
            "grant",
            row.id,
            None if row.is_hidden else row.code,
            row.title,
            "",
            frozenset({row.grantee_id}),
            (row.name,),
            frozenset() if row.is_hidden or row.country is None else frozenset({row.country}),
            frozenset() if row.region is None else frozenset({row.region}),
            (),
            row.starts_on,
            row.ends_on,
            row.is_hidden,
        )
        for row in db.execute(query)
    ]


def _aliases(db: Session, party_id: UUID) -> list[str]:
    query = select(PartyAlias.spelling).where(PartyAlias.party_id == party_id)
    return list(db.execute(query.order_by(PartyAlias.spelling)).scalars())


def activity_work(activity: PublishedActivity) -> Work:
    """Return a published activity as what overlaps compare."""
    return Work(
        "activity",
        activity.id,
        activity.identifier,
        activity.title,
        activity.description,
        frozenset(),
        _texts(activity.organisations),
        frozenset(_texts(activity.countries)),
        frozenset(_texts(activity.regions)),
        _texts(activity.places),
        activity.starts_on,
        activity.ends_on,
    )
