"""Rankings of a call: computed from the reviews that count, and kept as they came out.

A ranking holds its whole question and result, so that what a board had before it can be read again
whatever has happened since. Reviewers are in it by pseudonym. The mean of the scores given stands
first; adjusted and agreed scores stand beside it, and which of them orders the list is said.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.calls.models import Call
from fundops.errors import FieldError, Problem
from fundops.ids import uuid7
from fundops.messages import text
from fundops.proposals.models import Proposal
from fundops.records import snapshot
from fundops.reviews import conflicts, divergences, marks, queries
from fundops.reviews.assignments import AFTER_DECISION, DECIDED, UNDECIDED
from fundops.reviews.divergences import Diverging, Submitted
from fundops.reviews.models import Assignment, Consensus, Ranking, Review, Reviewer
from fundops.reviews.ranking import rank
from fundops.reviews.ranking_result import result_of
from fundops.reviews.scoring import Scored
from fundops.reviews.standing import Line
from fundops.reviews.verdict import Key
from fundops.trail import DIGESTED

Order = Literal["raw", "adjusted", "agreed"]
MAX_REVIEWS = 50_000


@dataclass(frozen=True)
class Terms:
    """How a ranking is to be made. ``line`` is ("count" or "amount", how many or minor units)."""

    seed: int
    draws: int
    order: Order = "raw"
    line: tuple[str, int] | None = None
    include_submitted: bool = False
    accept_divergences: bool = False


@dataclass(frozen=True)
class Inputs:
    """All that a ranking is computed from."""

    call_id: UUID
    codes: Mapping[UUID, str]
    requested: Mapping[Key, int]
    reviews: tuple[Submitted, ...]
    divergences: Mapping[UUID, Diverging]
    agreed: Mapping[UUID, int]
    criteria: tuple[dict[str, Any], ...]
    conflicts: tuple[str, ...] = field(default=())

    def digest(self) -> str:
        """Return SHA-256 of the inputs, in hex: what tells whether any of them has changed."""
        covered = {
            "call": self.call_id,
            "proposals": sorted(
                [str(one), code, self.requested.get(one, 0)] for one, code in self.codes.items()
            ),
            "reviews": sorted(
                [str(one.proposal_id), one.alias, one.weighted] for one in self.reviews
            ),
            "divergences": sorted([str(key), one.state] for key, one in self.divergences.items()),
            "agreed": sorted([str(key), value] for key, value in self.agreed.items()),
            "criteria": list(self.criteria),
        }
        return hashlib.sha256(canonical(covered).encode()).hexdigest()


@dataclass(frozen=True)
class Ranked:
    """One proposal's place in a kept ranking; scores in hundredths of a point out of 100.

    ``rank`` is by the scores that order the ranking; proposals without a score share the last.
    ``low_rank`` to ``high_rank`` is the interval of the rank. ``divergence`` is the spread of the
    reviews, ``None`` for fewer than two.
    """

    proposal_id: UUID
    raw: int | None
    adjusted: int | None
    rank: int
    is_tied: bool
    low_rank: int | None
    high_rank: int | None
    reviews: int
    divergence: int | None


def inputs(db: Session, call: Call, *, include_submitted: bool) -> Inputs:
    """Return what a ranking of a call is computed from, in a constant number of queries."""
    statuses = DECIDED + AFTER_DECISION + (UNDECIDED if include_submitted else ())
    proposals = db.execute(
        queries.rows_of(
            Proposal.id, Proposal.code, Proposal.requested_minor, Proposal.party_id,
            *(getattr(Proposal, name) for name in conflicts.AUTHORS),
        ).where(Proposal.call_id == call.id, Proposal.status.in_(statuses))
    ).all()  # fmt: skip
    codes = {row.id: row.code for row in proposals}
    reviews = tuple(
        one for one in divergences.submitted(db, None, call.id) if one.proposal_id in codes
    )
    if len(reviews) > MAX_REVIEWS:
        raise Problem("conflict", detail=text("reviews.too_many_reviews", most=MAX_REVIEWS))
    last_agreed = queries.mapping(
        db,
        select(Consensus.proposal_id, Consensus.agreed)
        .join(Proposal, Proposal.id == Consensus.proposal_id)
        .where(Proposal.call_id == call.id)
        .order_by(Consensus.settled_at, Consensus.id),
    )
    return Inputs(
        call.id,
        codes,
        {row.id: row.requested_minor or 0 for row in proposals},
        reviews,
        divergences.diverging(db, call, reviews),
        {key: value for key, value in last_agreed.items() if value is not None and key in codes},
        tuple(
            {"number": one.number, "title": one.title, "weight_bp": one.weight_bp}
            for one in marks.criteria_of(db, call.id)
        ),
        _conflicting(db, call, list(proposals)),
    )


def _conflicting(db: Session, call: Call, proposals: list[Any]) -> tuple[str, ...]:
    """Return the reviews that count although their writers are in conflict by now."""
    rows = db.execute(
        queries.rows_of(Review.proposal_id, Reviewer.person_id, Assignment.alias)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Reviewer, Reviewer.id == Assignment.reviewer_id)
        .where(Assignment.call_id == call.id, Review.status == "submitted")
    ).all()
    found = conflicts.conflicted_pairs(db, {row.person_id for row in rows}, proposals)
    codes = {one.id: one.code for one in proposals}
    return tuple(
        sorted(
            f"{row.alias}, {codes[row.proposal_id]}"
            for row in rows
            if (row.person_id, row.proposal_id) in found
        )
    )


def require_sound(given: Inputs, terms: Terms) -> None:
    """Refuse to rank what cannot stand yet.

    Raises ``conflict-of-interest`` naming reviews to set aside, ``conflict`` naming proposals whose
    reviews diverge, unless these are accepted as they are, or where nothing has a score.
    """
    if given.conflicts:
        errors = [FieldError("", one) for one in given.conflicts[:50]]
        raise Problem("conflict-of-interest", errors=errors, detail=text("reviews.set_aside_first"))
    open_ones = [one for one in given.divergences.values() if not one.is_settled]
    if open_ones and not terms.accept_divergences:
        errors = [
            FieldError("/accept_divergences", text("reviews.diverges", proposal=code))
            for code in sorted(given.codes[one.proposal_id] for one in open_ones)[:50]
        ]
        raise Problem(
            "conflict",
            errors=errors,
            detail=text("reviews.divergences_open", count=len(open_ones)),
        )
    if not any(one.weighted is not None for one in given.reviews):
        raise Problem("conflict", detail=text("reviews.nothing_to_rank"))


def compute(given: Inputs, terms: Terms) -> dict[str, Any]:
    """Return the result of a ranking as it will be kept.

    Raises what ``require_sound`` does, and ``conflict`` with the reasons when adjusted scores
    are to order the list and there can be none.
    """
    require_sound(given, terms)
    scores = [Scored(one.alias, one.proposal_id, one.weighted) for one in given.reviews]
    computed = rank(scores, _line(given, terms), terms.seed, terms.draws)
    if terms.order == "adjusted" and computed.calibration.scores is None:
        raise Problem(
            "conflict",
            errors=[
                FieldError("/order", text(one.message_key, **dict[str, Any](one.params)))
                for one in computed.calibration.verdict.reasons
            ],
            detail=text("reviews.no_adjusted_scores"),
        )
    return result_of(computed, _facts(given), order=terms.order, criteria=list(given.criteria))


def _line(given: Inputs, terms: Terms) -> Line | None:
    if terms.line is None:
        return None
    kind, available = terms.line
    return Line(available, None if kind == "count" else given.requested)


def _facts(given: Inputs) -> dict[UUID, dict[str, Any]]:
    """Return what stands beside a proposal's scores: code, agreement, spread, what is unsettled."""
    by_proposal: dict[UUID, list[Submitted]] = {key: [] for key in given.codes}
    for one in given.reviews:
        by_proposal[one.proposal_id].append(one)
    found = {}
    for key, those in by_proposal.items():
        apart = divergences.spread(those, None)
        state = given.divergences.get(key)
        found[key] = {
            "code": given.codes[key],
            "reviews": len(those),
            "agreed": given.agreed.get(key),
            "spread": None if apart is None else apart.spread,
            "divergence": None if state is None else state.state,
        }
    return found


def keep(
    db: Session, actor: audit.Author, call: Call, terms: Terms, digest: str, result: dict[str, Any]
) -> Ranking:
    """Keep a ranking that was computed from inputs with ``digest``.

    Raises ``busy`` when the inputs have changed since.
    """
    if inputs(db, call, include_submitted=terms.include_submitted).digest() != digest:
        raise Problem("busy", detail=text("reviews.reviews_changed"))
    kept = canonical(result)
    parameters = {
        "draws": terms.draws,
        "order": terms.order,
        "line": None if terms.line is None else {terms.line[0]: terms.line[1]},
        "include_submitted": terms.include_submitted,
        "accept_divergences": terms.accept_divergences,
        "inputs_sha256": digest,
    }
    ranking = Ranking(
        id=uuid7(),
        call_id=call.id,
        seed=terms.seed,
        parameters=canonical(parameters),
        result=kept,
        sha256=hashlib.sha256(kept.encode()).hexdigest(),
        computed_by_id=actor.person_id,
        computed_at=clock.now(),
    )
    db.add(ranking)
    db.flush()
    audit.record(
        db, actor, "ranking.computed", "ranking", ranking.id, fund_id=call.fund_id,
        after=parameters | snapshot(ranking, without=DIGESTED["rankings"]),
    )  # fmt: skip
    return ranking


def latest(db: Session, call_id: UUID) -> Ranking | None:
    """Return the ranking of a call that was computed last, if there is one."""
    query = select(Ranking).where(Ranking.call_id == call_id)
    return db.execute(query.order_by(Ranking.id.desc()).limit(1)).scalar_one_or_none()


def ranked(db: Session, ranking: Ranking) -> list[Ranked]:  # noqa: ARG001 - as agreed with callers
    """Return the places of a kept ranking, best first, those without any score last."""
    result = json.loads(ranking.result)
    return [
        Ranked(
            UUID(row["proposal_id"]),
            row["raw"],
            row["adjusted"],
            row["rank"],
            row["is_tied"],
            row["low_rank"],
            row["high_rank"],
            row["reviews"],
            row["spread"],
        )
        for row in result["rows"]
    ]
