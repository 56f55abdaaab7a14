"""One reviewer's part in one proposal: invited, accepted, declined, in conflict, withdrawn.

Everything a reviewer might read an order or a count from is random: the assignment's id, what they
call the proposal, and its place in their list. A conflict declared or found ends access at once;
a review that was submitted is set aside.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import false, select, true
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Permission
from fundops.calls.deadlines import is_over
from fundops.calls.models import Call
from fundops.codes import random_code
from fundops.errors import Problem, invalid
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.parties.models import Person
from fundops.proposals.models import Proposal
from fundops.records import snapshot
from fundops.reviews import conflicts, queries
from fundops.reviews.independence import may_review
from fundops.reviews.models import Assignment, Conflict, Review, Reviewer
from fundops.reviews.schemas import ManualIn, OwnConflictIn

STEPS: Steps = {
    "accept": step("invited", "accepted", Permission.REVIEW_OWN),
    "decline": step("invited accepted returned", "declined", Permission.REVIEW_OWN),
    "declare_conflict": step(
        "invited accepted returned submitted", "conflicted", Permission.REVIEW_OWN
    ),
    "submit": step("accepted returned", "submitted", Permission.REVIEW_OWN),
    "return": step("submitted", "returned", Permission.REVIEW_RETURN),
    "set_aside": step("submitted", "conflicted", Permission.REVIEW_RETURN),
    "withdraw": step("invited accepted returned", "withdrawn", Permission.ASSIGNMENT_WRITE),
}

UNDECIDED, DECIDED = ("submitted",), ("eligible",)
"""Statuses of proposals that may be reviewed: before and after eligibility is decided."""

AFTER_DECISION = ("awarded", "reserve", "rejected")
"""Statuses after the decision on awards; what had been reviewed stays in the ranking."""


class Chosen(NamedTuple):
    """A pair to be made an assignment of."""

    proposal_id: UUID
    reviewer_id: UUID
    is_extra: bool = False


def require_closed(call: Call) -> None:
    """Raise ``conflict`` while proposals can still come in: reviewers judge what all sent."""
    over = call.deadline_at is not None and is_over(call, clock.now())
    if call.status == "draft" or (call.status == "open" and not over):
        raise Problem("conflict", detail=text("reviews.call_still_open"))


def invite(
    db: Session, actor: audit.Author, call: Call, chosen: Iterable[Chosen]
) -> list[Assignment]:
    """Invite reviewers; the pairs must have been checked. Returns the assignments, as given."""
    aliases = _aliases(db, call.id)
    now, made = clock.now(), []
    for pair in chosen:
        made.append(
            Assignment(
                id=uuid4(),
                call_id=call.id,
                proposal_id=pair.proposal_id,
                reviewer_id=pair.reviewer_id,
                alias=aliases.of(pair.reviewer_id),
                blind_code=random_code("REV"),
                position=secrets.randbelow(2**31),
                is_extra=pair.is_extra,
                status="invited",
                invited_by_id=actor.person_id,
                invited_at=now,
                last_number=0,
            )
        )
    db.add_all(made)
    db.flush()
    audit.record_many(
        db,
        actor,
        [
            audit.Entry(
                "assignment.invited", "assignment", one.id, call.fund_id, after=snapshot(one)
            )
            for one in made
        ],
    )
    return made


class Aliases:
    """Pseudonyms of one call: a reviewer has the same in all of it, and another in other calls."""

    def __init__(self, known: dict[UUID, str]) -> None:
        self.known = known
        self._taken = set(known.values())

    def of(self, reviewer_id: UUID) -> str:
        """Return a reviewer's pseudonym; a new one has a random number, which tells no order."""
        if reviewer_id not in self.known:
            width = 10 * (len(self._taken) // 5 + 9)
            while (alias := f"Reviewer {secrets.randbelow(width) + 1}") in self._taken:
                pass
            self.known[reviewer_id] = alias
            self._taken.add(alias)
        return self.known[reviewer_id]


def _aliases(db: Session, call_id: UUID) -> Aliases:
    query = (
        select(Assignment.reviewer_id, Assignment.alias)
        .where(Assignment.call_id == call_id)
        .distinct()
    )
    return Aliases(queries.mapping(db, query))


def assign_one(
    db: Session, actor: audit.Author, proposal: Proposal, call: Call, given: ManualIn
) -> Assignment:
    """Invite one reviewer to one proposal, by hand.

    Raises ``conflict-of-interest`` where there is one, ``already-exists`` for a second time,
    ``wrong-status`` for a proposal that is not to be reviewed, ``invalid-request`` for a reviewer
    who rests, has lost the role, or has as much as they take on.
    """
    require_closed(call)
    if proposal.status not in UNDECIDED + DECIDED:
        raise Problem("wrong-status", action="assign", status=proposal.status)
    reviewer = _usable(db, call, given.reviewer_id)
    if conflicts.conflicted(db, reviewer.person_id, proposal) is not None:
        raise Problem("conflict-of-interest", detail=text("reviews.conflict_known"))
    query = select(Assignment.id).where(
        Assignment.proposal_id == proposal.id, Assignment.reviewer_id == reviewer.id
    )
    if db.execute(query).first() is not None:
        raise Problem("already-exists", detail=text("constraint.assignment"))
    return invite(db, actor, call, [Chosen(proposal.id, reviewer.id, given.is_extra)])[0]


def _usable(db: Session, call: Call, reviewer_id: UUID) -> Reviewer:
    query = (
        select(Reviewer, Person.status)
        .join(Person, Person.id == Reviewer.person_id)
        .where(
            Reviewer.id == reviewer_id,
            may_review(Reviewer.person_id, call.fund_id, true() if call.is_blind else false()),
        )
    )
    found = db.execute(query).one_or_none()
    if found is None:
        raise invalid("/reviewer_id", "validation.unknown_record")
    reviewer: Reviewer = found[0]
    if reviewer.status != "active" or found[1] != "active":
        raise invalid("/reviewer_id", "reviews.resting")
    if open_loads(db, [reviewer.id]).get(reviewer.id, 0) >= reviewer.max_load:
        raise invalid("/reviewer_id", "reviews.full", most=reviewer.max_load)
    return reviewer


def open_loads(db: Session, reviewer_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how many reviews each reviewer has yet to submit, in any call."""
    query = (
        select(Assignment.reviewer_id)
        .join(Proposal, Proposal.id == Assignment.proposal_id)
        .where(Assignment.reviewer_id.in_(list(reviewer_ids)), queries.to_be_written())
    )
    found: dict[UUID, int] = {}
    for reviewer_id in db.execute(query).scalars():
        found[reviewer_id] = found.get(reviewer_id, 0) + 1
    return found


def accept(db: Session, actor: audit.Author, assignment: Assignment, call: Call) -> Assignment:
    """Take an invitation on."""
    return take_step(db, actor, assignment, call, "accept", answered_at=clock.now())


def decline(
    db: Session, actor: audit.Author, assignment: Assignment, call: Call, reason: str
) -> Assignment:
    """Give an assignment back, with the reason; access ends."""
    now = clock.now()
    return take_step(db, actor, assignment, call, "decline", reason, answered_at=now, reason=reason)


def withdraw(
    db: Session, actor: audit.Author, assignment: Assignment, call: Call, reason: str
) -> Assignment:
    """Take an assignment away from a reviewer who has not submitted, with the reason."""
    return take_step(db, actor, assignment, call, "withdraw", reason, reason=reason)


def declare_conflict(
    db: Session,
    actor: audit.Author,
    assignment: Assignment,
    proposal: Proposal,
    call: Call,
    given: OwnConflictIn,
) -> Assignment:
    """Record the reviewer's conflict with the proposal: access ends, a review is set aside."""
    reviewer = db.get_one(Reviewer, assignment.reviewer_id)
    conflict = conflicts.declare(
        db, actor, reviewer.person_id, given.kind, given.note, proposal=proposal
    )
    return _end_by(db, actor, assignment, call, conflict, "declare_conflict")


def set_aside(
    db: Session, actor: audit.Author, assignment: Assignment, proposal: Proposal, call: Call,
    reason: str, review: Review,
) -> Assignment:  # fmt: skip
    """Set a submitted review aside for a conflict that an officer has learnt of.

    Raises ``wrong-status`` for one that does not count.
    """
    if review.status != "submitted":
        raise Problem("wrong-status", action="set aside", status=review.status)
    reviewer = db.get_one(Reviewer, assignment.reviewer_id)
    conflict = conflicts.declare(db, actor, reviewer.person_id, "other", reason, proposal=proposal)
    return _end_by(db, actor, assignment, call, conflict, "set_aside", reason)


def _end_by(
    db: Session, actor: audit.Author, assignment: Assignment, call: Call, conflict: Conflict,
    action: str, reason: str | None = None,
) -> Assignment:  # fmt: skip
    was_submitted = assignment.status == "submitted"
    answered = assignment.answered_at or clock.now()
    take_step(
        db, actor, assignment, call, action, reason, conflict_id=conflict.id, answered_at=answered
    )
    if was_submitted:
        query = select(Review).where(
            Review.assignment_id == assignment.id, Review.status == "submitted"
        )
        review = db.execute(query).scalar_one()
        review.status, review.reason = "set_aside", text("reviews.set_aside_for_conflict")
        review.returned_at = clock.now()
        db.flush()
        audit.record(
            db, actor, "review.set_aside", "review", review.id, fund_id=call.fund_id,
            before={"status": "submitted", "reason": None, "returned_at": None},
            after={
                name: getattr(review, name) for name in ("status", "reason", "returned_at")
            },
        )  # fmt: skip
    return assignment


_DONE = {
    "accept": "assignment.accepted",
    "decline": "assignment.declined",
    "declare_conflict": "assignment.conflicted",
    "submit": "assignment.submitted",
    "return": "assignment.returned",
    "set_aside": "assignment.set_aside",
    "withdraw": "assignment.withdrawn",
}


def take_step(
    db: Session,
    actor: audit.Author,
    assignment: Assignment,
    call: Call,
    action: str,
    why: str | None = None,
    **changes: Any,
) -> Assignment:
    """Move an assignment on, set the columns given, and record it.

    Raises ``wrong-status`` where the step cannot be taken.
    """
    before = {name: getattr(assignment, name) for name in ("status", *changes)}
    advance(assignment, STEPS, action, actor)
    for name, value in changes.items():
        setattr(assignment, name, value)
    db.flush()
    audit.record(
        db, actor, _DONE[action], "assignment", assignment.id, fund_id=call.fund_id, reason=why,
        before=before, after={name: getattr(assignment, name) for name in before},
    )  # fmt: skip
    return assignment
