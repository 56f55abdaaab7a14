"""What a fund's grants can be grouped and filtered by, as far as the reader may know it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, literal, null, or_, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from fundops.authz import Actor
from fundops.donors.models import Lot
from fundops.grants.models import Grant
from fundops.ledger.models import Transfer
from fundops.parties.labels import hidden_column, name_column
from fundops.parties.models import Party
from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion

LISTS = ("theme", "p", "side", "exploitation", "sdg")
"""Code lists that proposals declare without shares: a grant may stand under several codes."""
WITHHELD = "withheld"
"""The key of grants whose grantees this reader may not know; also of one more group, if need be."""


@dataclass(frozen=True, slots=True)
class Axes:
    """What a grant can be grouped by. ``objectives`` are the percents of the award as it was made.

    ``is_protected``: outsiders may not learn who the grantee is. ``is_hidden``: nor may this
    reader; its country, code and title are then null.
    """

    grant_id: UUID
    code: str | None
    title: str | None
    grantee: str
    country: str | None
    region: str | None
    call_id: UUID | None
    proposal_id: UUID | None
    objectives: Mapping[int, int]
    is_protected: bool
    is_hidden: bool


def axes(
    db: Session, fund_id: UUID, actor: Actor | None = None, grants: Select[UUID] | None = None
) -> dict[UUID, Axes]:
    """Return the axes of a fund's grants, or of those selected, by id; one query.

    Without an actor nothing is hidden and ``is_protected`` says what must be.
    """
    hidden: Any = literal(value=False) if actor is None else hidden_column(actor)
    name: Any = Party.name if actor is None else name_column(actor)
    columns: tuple[Any, ...] = (
        Grant.id, shown(hidden, Grant.code), shown(hidden, Grant.title), name,
        shown(hidden, Grant.country), Grant.region, Grant.call_id, Grant.proposal_id,
        Grant.objectives, or_(Party.is_at_risk, Party.is_anonymous), hidden,
    )  # fmt: skip
    query = (
        select(*columns)
        .join(Party, Party.id == Grant.grantee_id)
        .where(Grant.fund_id == fund_id)
        .order_by(Grant.code)
    )
    if grants is not None:
        query = query.where(Grant.id.in_(grants))
    found: dict[UUID, Axes] = {}
    rows: Any = db.execute(query)
    for row in rows:
        shares = {} if row[8] == "{}" else {int(k): v for k, v in json.loads(row[8]).items()}
        found[row[0]] = Axes(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], shares,
            bool(row[9]), bool(row[10]),
        )  # fmt: skip
    return found


def shown(hidden: Any, column: Any) -> Any:
    """Return a column as it is, null where it is hidden."""
    return case((hidden, null()), else_=column)


def declared(db: Session, fund_id: UUID, list_name: str) -> dict[UUID, list[str]]:
    """Return the codes of a list that a fund's grants declare through their proposals."""
    query = (
        select(Grant.id, ProposalCode.code)
        .join(Proposal, Proposal.id == Grant.proposal_id)
        .join(
            ProposalVersion,
            and_(
                ProposalVersion.proposal_id == Proposal.id,
                ProposalVersion.number == Proposal.submitted_number,
            ),
        )
        .join(ProposalCode, ProposalCode.version_id == ProposalVersion.id)
        .where(Grant.fund_id == fund_id, ProposalCode.list_name == list_name)
        .order_by(ProposalCode.code)
    )
    found: dict[UUID, list[str]] = {}
    for grant_id, code in db.execute(query):
        found.setdefault(grant_id, []).append(code)
    return found


@dataclass(frozen=True)
class Filter:
    """Which grants are meant; nothing given means all of the fund. ``codes`` are (list, code)."""

    grant_id: UUID | None = None
    call_id: UUID | None = None
    country: str | None = None
    region: str | None = None
    donor_id: UUID | None = None
    codes: tuple[tuple[str, str], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether all grants are meant."""
        return self == Filter()


def matching(actor: Actor, fund_id: UUID, wanted: Filter) -> Select[UUID] | None:
    """Return the selection of the grants that a filter means, ``None`` for all of the fund.

    A country is matched only as far as the reader may know it. Of a donor those grants are meant
    that its money was ever paid to.
    """
    if wanted.is_open:
        return None
    country = shown(hidden_column(actor), Grant.country)
    query = (
        select(Grant.id).join(Party, Party.id == Grant.grantee_id).where(Grant.fund_id == fund_id)
    )
    for column, value in (
        (Grant.id, wanted.grant_id),
        (Grant.call_id, wanted.call_id),
        (country, wanted.country),
        (Grant.region, wanted.region),
    ):
        if value is not None:
            query = query.where(column == value)
    for list_name, code in wanted.codes:
        query = query.where(Grant.proposal_id.in_(declaring(list_name, code)))
    if wanted.donor_id is not None:
        query = query.where(Grant.id.in_(_paid_by(fund_id, wanted.donor_id)))
    return query


def declaring(list_name: str, code: str) -> Select[Any]:
    """Return the selection of the proposals whose submitted version declares a code."""
    return (
        select(ProposalVersion.proposal_id)
        .join(
            Proposal,
            and_(
                Proposal.id == ProposalVersion.proposal_id,
                Proposal.submitted_number == ProposalVersion.number,
            ),
        )
        .join(ProposalCode, ProposalCode.version_id == ProposalVersion.id)
        .where(ProposalCode.list_name == list_name, ProposalCode.code == code)
    )


def _paid_by(fund_id: UUID, donor_id: UUID) -> Select[Any]:
    return (
        select(Transfer.grant_id)
        .join(Lot, Lot.id == Transfer.lot_id)
        .where(Lot.donor_id == donor_id, Transfer.fund_id == fund_id, Transfer.kind == "pay")
    )


def bare(column: Any) -> Any:
    """Return a column of ids as the driver gives them, where they only tell rows apart.

    To make an object of each takes longer than to read it.
    """
    return type_coerce(column, NullType())


def keyed(actor: Actor, fund_id: UUID, by: str) -> Any:
    """Return the selection of (grant, key) by which a fund's grants are grouped.

    ``None`` where all stand together or the figures have a key of their own. A grant may have
    several keys; one that has none has null. Of donors those are meant whose money a grant was
    ever paid, as ``matching`` has it. Grants of hidden grantees have ``WITHHELD``, or null
    under ``grant``.
    """
    hidden = hidden_column(actor)
    own: Any = {
        "grant": case((hidden, null()), else_=Grant.id),
        "country": case((hidden, WITHHELD), else_=Grant.country),
        "region": Grant.region,
        "call": Grant.call_id,
    }.get(by)
    if own is not None:
        return _pairs(own).join(Party, Party.id == Grant.grantee_id).where(
            Grant.fund_id == fund_id
        ).subquery()  # fmt: skip
    if by == "donor":
        donors = (
            select(Transfer.grant_id, Lot.donor_id)
            .join(Lot, Lot.id == Transfer.lot_id)
            .where(Transfer.fund_id == fund_id, Transfer.kind == "pay")
            .distinct()
            .subquery()
        )
        pairs = _pairs(donors.c.donor_id).outerjoin(donors, donors.c.grant_id == Grant.id)
        return pairs.where(Grant.fund_id == fund_id).subquery()
    if by not in LISTS:
        return None
    version = and_(
        ProposalVersion.proposal_id == Proposal.id,
        ProposalVersion.number == Proposal.submitted_number,
    )
    code = and_(ProposalCode.version_id == ProposalVersion.id, ProposalCode.list_name == by)
    return (
        _pairs(ProposalCode.code)
        .outerjoin(Proposal, Proposal.id == Grant.proposal_id)
        .outerjoin(ProposalVersion, version)
        .outerjoin(ProposalCode, code)
        .where(Grant.fund_id == fund_id)
        .subquery()
    )


def _pairs(key: Any) -> Any:
    return select(Grant.id.label("grant_id"), bare(key).label("key")).select_from(Grant)
