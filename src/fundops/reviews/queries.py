"""Which reviewers, assignments and reviews an actor may see, and how they are found.

A reviewer reaches only their own assignments, and each request asks anew whether there is a
conflict; officers, the board and auditors see the reviews of calls of their funds once they are
submitted, but never those of proposals that they are in conflict with or still have to review.
"""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    exists,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from fundops.authz import Actor, Permission
from fundops.calls.models import Call
from fundops.db import AnySelect
from fundops.errors import Problem
from fundops.parties.labels import name_column
from fundops.parties.models import Party, Person
from fundops.parties.places import hidden_work
from fundops.proposals.models import Proposal
from fundops.reviews.conflicts import conflict_exists
from fundops.reviews.independence import may_review
from fundops.reviews.models import Assignment, Conflict, Consensus, Ranking, Review, Reviewer

T = TypeVar("T")

UNFINISHED = ("invited", "accepted", "returned")
"""Statuses of assignments whose review is still to come."""
ACTIVE = (*UNFINISHED, "submitted")
"""Statuses of assignments that count towards what a proposal needs."""
READING = ("accepted", "submitted", "returned")
"""Statuses in which a reviewer reads the proposal."""
HIDDEN_PROPOSALS = ("draft", "lodged", "ineligible", "withdrawn")
"""Statuses of proposals that nobody reviews, also if they were assigned before."""

ASSIGNMENT_SORTS = {"proposal": Proposal.code, "reviewer": Person.code, "status": Assignment.status}
REVIEW_SORTS = {"proposal": Proposal.code, "submitted_at": Review.submitted_at}

_MINE, _ME = aliased(Assignment), aliased(Reviewer)
"""An actor's own part, in queries of others. Made once: that takes longer than a query."""


def rows_of(*columns: Any) -> Select[Any]:
    """Return a SELECT of plain rows; the columns' own types are of no use to our callers."""
    return select(*columns)


def mapping(db: Session, query: AnySelect) -> dict[Any, Any]:
    """Return the rows of a query of two columns as a mapping; later rows win."""
    return {row[0]: row[1] for row in db.execute(query)}


def one(found: T | None) -> T:
    """Return what was found; raise ``not-found`` when it is nothing."""
    if found is None:
        raise Problem("not-found")
    return found


def funds_reached(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return which calls ``permission`` reaches: those of its funds."""
    funds = actor.funds(permission)
    return true() if funds is None else Call.fund_id.in_(funds)


def own_reach(actor: Actor) -> ColumnElement[bool]:
    """Return which assignments a reviewer reaches now: their own, without a conflict."""
    return and_(
        Reviewer.person_id == actor.person_id,
        funds_reached(actor, Permission.REVIEW_OWN),
        may_review(actor.person_id, Call.fund_id, Call.is_blind),
        Assignment.status.in_(ACTIVE),
        Proposal.status.not_in(HIDDEN_PROPOSALS),
        ~conflict_exists(actor.person_id),
    )


def _own(query: Select[Any], actor: Actor) -> Select[Any]:
    return (
        query.join(Reviewer, Reviewer.id == Assignment.reviewer_id)
        .join(Proposal, Proposal.id == Assignment.proposal_id)
        .join(Call, Call.id == Assignment.call_id)
        .where(own_reach(actor))
    )


def own_assignments(actor: Actor, *, status: str | None = None) -> Select[Any]:
    """Return the rows of an actor's own assignments; of blind ones, nothing of the proposal."""
    is_hidden = or_(Call.is_blind, hidden_work(actor, Proposal.country, Call.fund_id))
    query = _own(
        rows_of(
            Assignment.id, Assignment.blind_code, Assignment.position, Assignment.status,
            Assignment.last_number, Assignment.others_opened_at, Assignment.version,
            Call.title.label("call_title"), Call.is_blind, Call.reviews_close_at,
            case((is_hidden, null()), else_=Proposal.title).label("shown_title"),
            case((Call.is_blind, null()), else_=name_column(actor)).label("shown_applicant"),
        ),
        actor,
    ).join(Party, Party.id == Proposal.party_id)  # fmt: skip
    return query if status is None else query.where(Assignment.status == status)


def own(db: Session, actor: Actor, assignment_id: UUID) -> tuple[Assignment, Proposal, Call]:
    """Return an actor's own assignment with its proposal and call, fresh.

    Raises ``not-found`` for another's, one that is over, and one with a conflict of interest.
    """
    query = _own(rows_of(Assignment, Proposal, Call), actor).where(Assignment.id == assignment_id)
    found = one(db.execute(query.execution_options(populate_existing=True)).one_or_none())
    return found[0], found[1], found[2]


def reading(db: Session, actor: Actor, assignment_id: UUID) -> tuple[Assignment, Proposal, Call]:
    """Return ``own`` once accepted; before, the proposal cannot be read (``not-found``)."""
    found = own(db, actor, assignment_id)
    if found[0].status not in READING:
        raise Problem("not-found")
    return found


def to_be_written(assignment: Any = Assignment, proposal: Any = Proposal) -> ColumnElement[bool]:
    """Return which assignments have a review to come, over proposals joined to them."""
    return and_(assignment.status.in_(UNFINISHED), proposal.status.not_in(HIDDEN_PROPOSALS))


def without_own_part(actor: Actor) -> ColumnElement[bool]:
    """Return which proposals an actor may see judged: no conflict, no review still to write."""
    to_write = exists(
        select(_MINE.id)
        .join(_ME, _ME.id == _MINE.reviewer_id)
        .where(
            _MINE.proposal_id == Proposal.id,
            _ME.person_id == actor.person_id,
            _MINE.status.in_(UNFINISHED),
        )
    )
    return and_(~to_write, ~conflict_exists(actor.person_id))


def call_assignments(
    actor: Actor,
    call_id: UUID,
    *,
    proposal_id: UUID | None = None,
    status: str | None = None,
    permission: Permission = Permission.ASSIGNMENT_READ,
) -> Select[Any]:
    """Return the rows of a call's assignments, with who reviews what: for officers only."""
    query = (
        rows_of(
            Assignment.id, Assignment.proposal_id, Proposal.code.label("proposal_code"),
            Assignment.reviewer_id, Reviewer.person_id, Person.code.label("person_code"),
            Person.name.label("person_name"), Assignment.alias, Assignment.is_extra,
            Assignment.status, Assignment.reason, Conflict.kind.label("conflict_kind"),
            Assignment.invited_at, Assignment.answered_at, Assignment.submitted_at,
            Assignment.others_opened_at, Assignment.version,
            conflict_exists(Reviewer.person_id).label("is_in_conflict"),
        )
        .join(Reviewer, Reviewer.id == Assignment.reviewer_id)
        .join(Person, Person.id == Reviewer.person_id)
        .join(Proposal, Proposal.id == Assignment.proposal_id)
        .join(Call, Call.id == Assignment.call_id)
        .outerjoin(Conflict, Conflict.id == Assignment.conflict_id)
        .where(
            Assignment.call_id == call_id,
            funds_reached(actor, permission),
            without_own_part(actor),
        )
    )  # fmt: skip
    if proposal_id is not None:
        query = query.where(Assignment.proposal_id == proposal_id)
    return query if status is None else query.where(Assignment.status == status)


def assignment_row(
    db: Session, actor: Actor, found: Assignment, permission: Permission
) -> Row[Any]:
    """Return one assignment's row as the officers' list has it."""
    query = call_assignments(actor, found.call_id, permission=permission).where(
        Assignment.id == found.id
    )
    return one(db.execute(query).one_or_none())


def get_assignment(
    db: Session, actor: Actor, assignment_id: UUID, permission: Permission
) -> tuple[Assignment, Proposal, Call]:
    """Return an assignment for an officer, fresh; raise ``not-found`` when out of reach."""
    query = (
        select(Assignment, Proposal, Call)
        .join(Proposal, Proposal.id == Assignment.proposal_id)
        .join(Call, Call.id == Assignment.call_id)
        .where(
            Assignment.id == assignment_id,
            funds_reached(actor, permission),
            without_own_part(actor),
        )
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1], found[2]


def reviews(
    actor: Actor, *, call_id: UUID | None = None, proposal_id: UUID | None = None,
    status: str | None = None,
) -> Select[Any]:  # fmt: skip
    """Return the rows of submitted reviews, under pseudonyms, that ``actor`` may see."""
    query = (
        rows_of(
            Review.id, Assignment.call_id, Review.proposal_id,
            Proposal.code.label("proposal_code"), Assignment.alias, Assignment.is_extra,
            Review.number, Review.weighted, Review.strengths, Review.weaknesses,
            Review.private_note, Review.sha256, Review.status, Review.reason,
            Review.submitted_at, Review.returned_at,
        )
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Proposal, Proposal.id == Review.proposal_id)
        .join(Call, Call.id == Assignment.call_id)
        .where(funds_reached(actor, Permission.REVIEW_READ), without_own_part(actor))
    )  # fmt: skip
    for column, value in (
        (Assignment.call_id, call_id),
        (Review.proposal_id, proposal_id),
        (Review.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def review_row(db: Session, actor: Actor, review_id: UUID) -> Row[Any]:
    """Return one review's row as lists have it; raise ``not-found`` when it may not be seen."""
    return one(db.execute(reviews(actor).where(Review.id == review_id)).one_or_none())


def get_review(
    db: Session, actor: Actor, review_id: UUID, permission: Permission
) -> tuple[Review, Assignment, Proposal, Call]:
    """Return a review with what it belongs to, fresh; ``not-found`` when out of reach."""
    query = (
        select(Review, Assignment, Proposal, Call)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Proposal, Proposal.id == Review.proposal_id)
        .join(Call, Call.id == Assignment.call_id)
        .where(Review.id == review_id, funds_reached(actor, permission), without_own_part(actor))
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1], found[2], found[3]


def get_call(db: Session, actor: Actor, call_id: UUID, permission: Permission) -> Call:
    """Return a call for ``permission`` of this package; raise ``not-found`` out of reach.

    Whoever still has a review to write in the call learns nothing of how others judged.
    """
    query = select(Call).where(Call.id == call_id, funds_reached(actor, permission))
    found = one(db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none())
    if permission in (Permission.RANKING_READ, Permission.RANKING_WRITE):
        refuse_unfinished(db, actor, call_id)
    return found


def refuse_unfinished(db: Session, actor: Actor, call_id: UUID) -> None:
    """Raise ``not-found`` for an actor who has yet to submit a review in the call."""
    if has_unfinished(db, actor, [call_id]):
        raise Problem("not-found")


def has_unfinished(db: Session, actor: Actor, calls: Any) -> bool:
    """Return whether an actor has yet to submit a review in ``calls``, ids or a query of them."""
    query = (
        select(Assignment.id)
        .join(Reviewer, Reviewer.id == Assignment.reviewer_id)
        .join(Proposal, Proposal.id == Assignment.proposal_id)
        .where(
            Assignment.call_id.in_(calls),
            to_be_written(),
            Reviewer.person_id == actor.person_id,
        )
    )
    return db.execute(query.limit(1)).first() is not None


def get_proposal(
    db: Session, actor: Actor, proposal_id: UUID, permission: Permission
) -> tuple[Proposal, Call]:
    """Return a proposal and its call for ``permission`` of this package, fresh.

    Raises ``not-found`` when out of reach, also by a conflict of the actor's own.
    """
    query = (
        select(Proposal, Call)
        .join(Call, Call.id == Proposal.call_id)
        .where(
            Proposal.id == proposal_id,
            funds_reached(actor, permission),
            without_own_part(actor),
        )
        .execution_options(populate_existing=True)
    )
    found = one(db.execute(query).one_or_none())
    return found[0], found[1]


def consensuses(actor: Actor, call_id: UUID) -> Select[Any]:
    """Return the rows of a call's consensuses that ``actor`` may see."""
    return (
        rows_of(
            Consensus.id, Consensus.proposal_id, Consensus.agreed, Consensus.minutes,
            Consensus.participants, Consensus.settled_at,
        )
        .join(Proposal, Proposal.id == Consensus.proposal_id)
        .where(Proposal.call_id == call_id, without_own_part(actor))
    )  # fmt: skip


def call_rankings(call_id: UUID) -> Select[Any]:
    """Return the rows of a call's rankings, without their results."""
    return rows_of(
        Ranking.id, Ranking.call_id, Ranking.seed, Ranking.parameters, Ranking.sha256,
        Ranking.computed_by_id, Ranking.computed_at,
    ).where(Ranking.call_id == call_id)  # fmt: skip


def get_ranking(db: Session, actor: Actor, ranking_id: UUID) -> tuple[Ranking, frozenset[str]]:
    """Return a ranking and the codes of proposals in it that ``actor`` has a conflict with.

    Raises ``not-found`` when its call is out of reach.
    """
    found = one(db.get(Ranking, ranking_id))
    get_call(db, actor, found.call_id, Permission.RANKING_READ)
    query = select(Proposal.code).where(Proposal.call_id == found.call_id, ~without_own_part(actor))
    return found, frozenset(db.execute(query).scalars())


def own_conflicts(actor: Actor) -> Select[Any]:
    """Return the rows of the conflicts that hold for the actor.

    Of one declared with a proposal, which proposal it was is not told: it may have been blind.
    """
    return rows_of(
        Conflict.id, Conflict.party_id, Conflict.kind, Conflict.note, Conflict.declared_at
    ).where(Conflict.person_id == actor.person_id)
