"""Assigning reviewers to a whole call: the question, the best plan, and carrying it out.

What may be assigned is decided here (which proposals and reviewers, conflicts, what is assigned
already), what is best in ``assignment``. The plan may take seconds, so it is made in a read
transaction; when it is carried out, what it was made from must still be so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import false, select, true
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation.regions import AREAS, areas_of
from fundops.audit import canonical
from fundops.calls.models import Call
from fundops.errors import Problem, invalid
from fundops.messages import text
from fundops.parties.models import Person
from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion
from fundops.reviews import conflicts, queries
from fundops.reviews.assignment import WHOLE, Plan, Reader, Shortage, ToRead, Weights, assign
from fundops.reviews.assignments import (
    DECIDED,
    UNDECIDED,
    Chosen,
    invite,
    open_loads,
    require_closed,
)
from fundops.reviews.independence import may_review
from fundops.reviews.models import Assignment, Reviewer
from fundops.reviews.schemas import AssignIn

MAX_PROPOSALS, MAX_REVIEWERS = 5_000, 500
EVERY_OBJECTIVE = frozenset(range(1, 11))


@dataclass(frozen=True)
class Question:
    """All that a plan is made from; ``forbidden`` are pairs of a proposal and a reviewer."""

    to_read: tuple[ToRead, ...]
    readers: tuple[Reader, ...]
    forbidden: frozenset[tuple[UUID, UUID]]
    conflicts: int
    fixed: frozenset[tuple[UUID, UUID]]
    weights: Weights
    proposals: Mapping[UUID, str]
    persons: Mapping[UUID, str]

    def digest(self) -> str:
        """Return what tells whether anything that the plan rests on has changed."""
        parts = [
            sorted(
                [str(p.key), p.needed, p.language, sorted(p.regions), sorted(p.objectives.items())]
                for p in self.to_read
            ),
            sorted(
                [str(r.key), r.most, sorted(r.languages), sorted(r.regions), sorted(r.objectives)]
                for r in self.readers
            ),
            sorted([str(p), str(r)] for p, r in self.forbidden),
            sorted([str(p), str(r)] for p, r in self.fixed),
            [self.weights.expertise, self.weights.region, self.weights.balance],
        ]
        return hashlib.sha256(canonical(parts).encode()).hexdigest()


def question(db: Session, call: Call, given: AssignIn) -> Question:
    """Return what there is to plan, in a constant number of queries.

    Raises ``conflict`` while the call is open, ``invalid-request`` for a call too large to plan
    at once.
    """
    require_closed(call)
    statuses = DECIDED + UNDECIDED if given.include_submitted else DECIDED
    proposals = db.execute(
        queries.rows_of(
            Proposal.id, Proposal.code, Proposal.party_id, Proposal.language, Proposal.country,
            Proposal.region, *(getattr(Proposal, name) for name in conflicts.AUTHORS),
        )
        .where(Proposal.call_id == call.id, Proposal.status.in_(statuses))
        .limit(MAX_PROPOSALS + 1)
    ).all()  # fmt: skip
    reviewers, usable = _reviewers(db, call)
    if len(proposals) > MAX_PROPOSALS or len(reviewers) > MAX_REVIEWERS:
        raise invalid("", "reviews.too_large", proposals=MAX_PROPOSALS, reviewers=MAX_REVIEWERS)
    known = {row.id for row in proposals}
    past = [row for row in _assigned(db, call.id) if row.proposal_id in known]
    by_person = {row.person_id: row.id for row in reviewers}
    found = conflicts.conflicted_pairs(db, list(by_person), proposals)
    conflicting = {(proposal, by_person[person]) for person, proposal in found}
    fixed = frozenset(
        (row.proposal_id, row.reviewer_id)
        for row in past
        if row.status in queries.ACTIVE and not row.is_extra
    ).difference(conflicting)
    forbidden = conflicting | {(row.proposal_id, row.reviewer_id) for row in past}
    needed = given.reviews_per_proposal or call.reviews_per_proposal
    return Question(
        tuple(_to_read(db, call, list(proposals), needed, ignore=given.ignore_languages)),
        tuple(_readers(db, reviewers, usable, past)),
        frozenset(forbidden - fixed),
        len(conflicting),
        fixed,
        Weights(given.weights.expertise, given.weights.region, given.weights.balance),
        {row.id: row.code for row in proposals},
        {row.id: row.person_code for row in reviewers},
    )


def _assigned(db: Session, call_id: UUID) -> list[Any]:
    query = queries.rows_of(
        Assignment.proposal_id, Assignment.reviewer_id, Assignment.status, Assignment.is_extra
    ).where(Assignment.call_id == call_id)
    return list(db.execute(query).all())


def _reviewers(db: Session, call: Call) -> tuple[list[Any], set[UUID]]:
    """Return those of the pool who may be assigned or are, and which of them may be."""
    assigned = select(Assignment.reviewer_id).where(Assignment.call_id == call.id)
    may = (
        (Reviewer.status == "active")
        & (Person.status == "active")
        & may_review(Reviewer.person_id, call.fund_id, true() if call.is_blind else false())
    )
    rows = db.execute(
        queries.rows_of(
            Reviewer.id, Reviewer.person_id, Person.code.label("person_code"), Reviewer.languages,
            Reviewer.regions, Reviewer.objectives, Reviewer.max_load, may.label("may"),
        )
        .join(Person, Person.id == Reviewer.person_id)
        .where(may | Reviewer.id.in_(assigned))
        .limit(MAX_REVIEWERS + 1)
    ).all()  # fmt: skip
    return list(rows), {row.id for row in rows if row.may}


def _readers(db: Session, reviewers: list[Any], usable: set[UUID], past: list[Any]) -> list[Reader]:
    """Return readers; what they have open elsewhere counts towards what they take on."""
    open_anywhere = open_loads(db, [row.id for row in reviewers])
    own: dict[UUID, int] = {}
    open_here: dict[UUID, int] = {}
    for row in past:
        if row.status in queries.ACTIVE and not row.is_extra:
            own[row.reviewer_id] = own.get(row.reviewer_id, 0) + 1
        if row.status in queries.UNFINISHED and not row.is_extra:
            open_here[row.reviewer_id] = open_here.get(row.reviewer_id, 0) + 1
    found = []
    for row in reviewers:
        elsewhere = open_anywhere.get(row.id, 0) - open_here.get(row.id, 0)
        submitted = own.get(row.id, 0) - open_here.get(row.id, 0)
        # Submitted reviews are fixed pairs, but no longer a load.
        most = max(0, row.max_load - elsewhere) + submitted if row.id in usable else 0
        objectives = frozenset(json.loads(row.objectives)) or EVERY_OBJECTIVE
        found.append(
            Reader(
                row.id,
                most,
                frozenset(json.loads(row.languages)),
                frozenset(json.loads(row.regions)) or AREAS,
                objectives,
            )
        )
    return found


def _to_read(
    db: Session, call: Call, proposals: list[Any], needed: int, *, ignore: bool
) -> list[ToRead]:
    shares: dict[UUID, dict[int, int]] = {}
    rows = db.execute(
        select(ProposalVersion.proposal_id, ProposalCode.code, ProposalCode.percent)
        .join(ProposalVersion, ProposalVersion.id == ProposalCode.version_id)
        .join(
            Proposal,
            (Proposal.id == ProposalVersion.proposal_id)
            & (Proposal.submitted_number == ProposalVersion.number),
        )
        .where(Proposal.call_id == call.id, ProposalCode.list_name == "objective")
    )
    for proposal_id, code, percent in rows:
        if code.isascii() and code.isdigit():
            shares.setdefault(proposal_id, {})[int(code)] = percent or 1
    on = clock.today(call.zone)
    return [
        ToRead(
            row.id,
            needed,
            None if ignore else row.language,
            _areas(row, on),
            shares.get(row.id, {}),
        )
        for row in proposals
    ]


def _areas(row: Any, on: date) -> frozenset[str]:
    return areas_of(row.country, row.region, on)


def plan_out(asked: Question, plan: Plan) -> dict[str, Any]:
    """Return the wire form of a plan: pairs, loads, what was optimised, who lacks reviewers."""
    new = sorted(plan.pairs, key=lambda pair: (asked.proposals[_id(pair.proposal)], str(pair)))
    terms = plan.terms
    return {
        "pairs": [
            {
                "proposal_id": pair.proposal,
                "proposal_code": asked.proposals[_id(pair.proposal)],
                "reviewer_id": pair.reader,
                "person_code": asked.persons[_id(pair.reader)],
                "expertise": f"{pair.expertise * 100 // WHOLE}",
                "shares_region": pair.shares_region,
                "reads_language": pair.reads_language,
                "is_new": not pair.is_fixed,
            }
            for pair in new
        ],
        "loads": [
            {
                "reviewer_id": one.key,
                "person_code": asked.persons[_id(one.key)],
                "load": plan.loads[one.key],
                "most": one.most,
            }
            for one in sorted(asked.readers, key=lambda one: asked.persons[_id(one.key)])
        ],
        "optimised": {
            "expertise": terms.expertise,
            "region": terms.region,
            "balance": terms.balance,
            "objective": terms.objective,
            "bound": plan.bound,
            "is_optimal": plan.is_optimal,
            "weights": {
                "expertise": plan.weights.expertise,
                "region": plan.weights.region,
                "balance": plan.weights.balance,
            },
        },
        "shortages": [_shortage_out(asked, one) for one in plan.shortages],
        "conflicts": asked.conflicts,
    }


def _shortage_out(asked: Question, one: Shortage) -> dict[str, Any]:
    return {
        "proposal_id": one.proposal,
        "proposal_code": asked.proposals[_id(one.proposal)],
        "needed": one.needed,
        "given": one.given,
        "reason": text(one.reason.message_key, **dict[str, Any](one.reason.params)),
        "busy": sorted(asked.persons[_id(key)] for key in one.busy),
    }


def _id(key: object) -> UUID:
    assert isinstance(key, UUID)
    return key


def best(asked: Question) -> Plan:
    """Return the best plan for a question."""
    return assign(asked.to_read, asked.readers, asked.forbidden, asked.fixed, asked.weights)


def carry_out(
    db: Session, actor: audit.Author, call: Call, given: AssignIn, digest: str, plan: Plan
) -> int:
    """Invite everybody the plan newly pairs, at once; return how many.

    Raises ``busy`` when what the plan was made from has changed since.
    """
    if question(db, call, given).digest() != digest:
        raise Problem("busy", detail=text("reviews.plan_is_old"))
    chosen = [
        Chosen(_id(pair.proposal), _id(pair.reader)) for pair in plan.pairs if not pair.is_fixed
    ]
    invite(db, actor, call, chosen)
    audit.record(
        db, actor, "call.reviewers_assigned", "call", call.id, fund_id=call.fund_id,
        after={
            "invited": len(chosen),
            "digest": digest,
            "planned": plan.terms.objective,
            "bound": plan.bound,
            "shortages": len(plan.shortages),
        },
    )  # fmt: skip
    return len(chosen)
