"""Which proposals an actor may see, and how they are found.

Applicants see those of their own organisation; persons of the fund see those of their funds. What
an unsubmitted proposal says is its applicant's alone: others see that there is a draft, no more.
An officer who started a proposal for an applicant works on it as the applicant would.
"""

from __future__ import annotations

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
    null,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.calls.models import Call
from fundops.errors import Problem
from fundops.ledger.models import Fund
from fundops.parties.labels import code_column, name_column
from fundops.parties.models import Party
from fundops.parties.places import hidden_work, is_hidden_work, title_column
from fundops.proposals import file_reach as file_reach  # officers reach files through proposals
from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion

READ, WRITE = Permission.PROPOSAL_READ, Permission.PROPOSAL_WRITE


def seen(actor: Actor, permission: Permission = READ) -> ColumnElement[bool]:
    """Return which proposals ``permission`` reaches, over ``Proposal`` joined to its ``Call``."""
    ways: list[ColumnElement[bool]] = []
    for held in actor.holding(permission):
        limits: list[ColumnElement[bool]] = [true()]
        if held.fund_id is not None:
            limits.append(Call.fund_id == held.fund_id)
        if held.role in PARTY_ROLES:
            limits.append(Proposal.party_id == held.party_id)
        elif permission is WRITE:
            limits.append(Proposal.lodged_by_id.is_not(None))
        ways.append(and_(*limits))
    return or_(false(), *ways)


def is_applicant(actor: Actor, proposal: Any) -> bool:
    """Return whether ``actor`` acts for the organisation that applies."""
    return any(
        held.role in PARTY_ROLES and held.party_id == proposal.party_id
        for held in actor.holding(WRITE)
    )


def may_write(actor: Actor, proposal: Any) -> bool:
    """Return whether ``actor``, who sees ``proposal``, works on its drafts."""
    if is_applicant(actor, proposal):
        return True
    return proposal.lodged_by_id is not None and any(
        held.role not in PARTY_ROLES for held in actor.holding(WRITE)
    )


def _knows_content(actor: Actor) -> ColumnElement[bool]:
    """Return the SQL of whether ``actor`` may know what a proposal says."""
    own = [held.party_id for held in actor.holding(WRITE) if held.party_id is not None]
    return or_(
        Proposal.submitted_number.is_not(None),
        Proposal.party_id.in_(own),
        and_(literal(actor.allows(Permission.PROPOSAL_LODGE)), Proposal.lodged_by_id.is_not(None)),
    )


def visible(
    actor: Actor,
    *,
    call_id: UUID | None = None,
    party_id: UUID | None = None,
    status: str | None = None,
    objective: int | None = None,
    country: str | None = None,
) -> Select[Any]:
    """Return the rows of proposals that ``actor`` may see, filtered by what it may know.

    Where the applicant is protected, or the place at risk, name, code, title and country are shown
    and matched only as far as the reader may know them.
    """
    hidden = hidden_work(actor, Proposal.country, Call.fund_id)
    known = _knows_content(actor)
    shown_country = case((or_(hidden, ~known), null()), else_=Proposal.country)
    columns: tuple[Any, ...] = (
        Proposal.id, Proposal.code, Proposal.call_id, Call.code.label("call_code"),
        Proposal.party_id, name_column(actor).label("party_name"),
        code_column(actor).label("party_code"),
        case((known, title_column(hidden, Proposal.title)), else_=null()).label("shown_title"),
        Proposal.language, shown_country.label("shown_country"), Proposal.region,
        Proposal.starts_on, Proposal.ends_on, Proposal.requested_minor, Fund.base_currency,
        Proposal.status, Proposal.submitted_number, Proposal.submitted_at,
        Proposal.lodged_by_id, Proposal.confirmed_at, Proposal.reopened_until_at,
        Call.deadline_at, Proposal.version,
    )  # fmt: skip
    query: Select[Any] = (
        select(*columns)
        .join(Call, Call.id == Proposal.call_id)
        .join(Fund, Fund.id == Call.fund_id)
        .join(Party, Party.id == Proposal.party_id)
        .where(seen(actor))
    )
    for column, value in (
        (Proposal.call_id, call_id),
        (Proposal.party_id, party_id),
        (Proposal.status, status),
        (shown_country, country),
    ):
        if value is not None:
            query = query.where(column == value)
    if objective is not None:
        query = query.where(declares("objective", str(objective)))
    return query


def declares(list_name: str, code: str) -> ColumnElement[bool]:
    """Return the SQL of whether the version that counts declares a code."""
    return exists().where(
        ProposalVersion.proposal_id == Proposal.id,
        ProposalVersion.number == Proposal.submitted_number,
        ProposalCode.version_id == ProposalVersion.id,
        ProposalCode.list_name == list_name,
        ProposalCode.code == code,
    )


SORTS: dict[str, Any] = {"code": Proposal.code, "status": Proposal.status}


def row(db: Session, actor: Actor, proposal_id: UUID) -> Row[Any]:
    """Return one proposal's row as lists have it; raise ``not-found`` when out of reach."""
    found = db.execute(visible(actor).where(Proposal.id == proposal_id)).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def get_visible(
    db: Session, actor: Actor, proposal_id: UUID, permission: Permission = READ
) -> Proposal:
    """Return a proposal, fresh, for ``permission``; raise ``not-found`` when out of reach."""
    query = (
        select(Proposal)
        .join(Call, Call.id == Proposal.call_id)
        .where(Proposal.id == proposal_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def get_readable(db: Session, actor: Actor, proposal_id: UUID) -> Proposal:
    """Return a proposal whose own words and files ``actor`` may read.

    Raises ``not-found`` out of reach, and for a protected applicant's, or one in a place at risk,
    where ``actor`` may not know: what it says of itself, its places and file names would tell.
    """
    proposal = get_visible(db, actor, proposal_id)
    party, call = db.get_one(Party, proposal.party_id), db.get_one(Call, proposal.call_id)
    if is_hidden_work(db, actor, party, proposal.country, call.fund_id):
        raise Problem("not-found")
    return proposal


def get_own(db: Session, actor: Actor, proposal_id: UUID) -> Proposal:
    """Return a proposal of the actor's own organisation; steps that only an applicant takes.

    Raises ``not-found`` out of reach, ``not-allowed`` for an officer who works on it.
    """
    proposal = get_visible(db, actor, proposal_id, WRITE)
    if not is_applicant(actor, proposal):
        raise Problem("not-allowed")
    return proposal
