"""What a dossier of a call or of one proposal is made of, read in a constant number of queries.

Reviewers appear by their pseudonyms only, members of boards as counts, and ``plain`` takes their
names out of what people wrote; an applicant who is at risk appears as its public label, without
title, country and words of its own, for readers who may not know more. Nothing here is a draft:
reviews count once submitted, proposals once submitted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, select, true
from sqlalchemy.orm import Session

from fundops import audit
from fundops.audit import AuditHead
from fundops.authz import Actor
from fundops.calls.models import (
    Call,
    CallCriterion,
    CallDocument,
    CallExtension,
    CallQuestion,
    CallRule,
)
from fundops.decisions.feedback_names import Nameless, judges
from fundops.decisions.models import Board
from fundops.exports import dossier_decided as decided
from fundops.exports.dossier_decided import columns
from fundops.ledger.models import Fund
from fundops.parties.labels import name_column
from fundops.parties.models import Party
from fundops.parties.places import hidden_work, title_column
from fundops.proposals.models import (
    EligibilityDecision,
    Proposal,
    ProposalBudgetLine,
    ProposalCode,
    ProposalVersion,
)
from fundops.reviews.models import Assignment, Conflict, Ranking, Review, Score
from fundops.reviews.queries import without_own_part
from fundops.reviews.rankings import Ranked, latest, ranked

Rows = Sequence[Row[Any]]


@dataclass(frozen=True)
class Dossier:
    """The rows behind a dossier's sheets. ``proposal_id`` limits it to one proposal."""

    call: Call
    fund: Fund
    proposal_id: UUID | None
    known_seq: int
    head_hash: bytes
    criteria: Sequence[CallCriterion]
    rules: Sequence[CallRule]
    documents: Sequence[CallDocument]
    extensions: Sequence[CallExtension]
    questions: Sequence[CallQuestion]
    proposals: Rows
    eligibility: dict[UUID, EligibilityDecision]
    codes: Rows
    budget: Rows
    reviews: Rows
    scores: dict[UUID, dict[UUID, Row[Any]]]
    conflicts: Rows
    recusals: Rows
    consensuses: Rows
    ranking: Ranking | None
    ranked: Sequence[Ranked]
    boards: Rows
    items: Rows
    votes: dict[UUID, dict[str, int]]
    awards: Rows
    money: Rows
    plain: Nameless

    @property
    def counted(self) -> dict[UUID, list[Row[Any]]]:
        """The reviews of each proposal that count."""
        found: dict[UUID, list[Row[Any]]] = defaultdict(list)
        for review in self.reviews:
            if self.counts(review):
                found[review.proposal_id].append(review)
        return found

    def counts(self, review: Row[Any]) -> bool:
        """Return whether a review counted when the ranking was computed; without one, does now.

        What has been returned or set aside since was part of what the board had before it.
        """
        if self.ranking is None:
            return bool(review.status == "submitted")
        at = self.ranking.computed_at
        gone_at = review.returned_at
        return bool(
            review.submitted_at <= at
            and (review.status == "submitted" or (gone_at is not None and gone_at > at))
        )

    @property
    def scored_when_ranked(self) -> dict[UUID, int]:
        """How many reviews of each proposal gave a score when the ranking was computed."""
        kept = [] if self.ranking is None else json.loads(self.ranking.result)["rows"]
        return {UUID(one["proposal_id"]): one["reviews"] - one["without_score"] for one in kept}


def gather(
    db: Session, actor: Actor | None, call: Call, proposal_id: UUID | None = None
) -> Dossier:
    """Read all of a dossier. ``actor`` is who will read it; none is the operator, who may all.

    Proposals that the actor is in conflict with, or has yet to review, are left out.
    """
    seq = db.execute(select(AuditHead.seq)).scalar_one()
    ranking = _ranking(db, call.id)
    one = true() if proposal_id is None else Proposal.id == proposal_id
    if actor is not None:
        # Who is in conflict with an applicant does not read how it was judged.
        one = and_(one, without_own_part(actor))
    by_call = _of_call(db, call.id)
    decisions = db.execute(
        select(EligibilityDecision)
        .join(Proposal, Proposal.id == EligibilityDecision.proposal_id)
        .where(Proposal.call_id == call.id, one)
        .order_by(EligibilityDecision.decided_at, EligibilityDecision.id)
    ).scalars()
    return Dossier(
        call=call,
        fund=db.get_one(Fund, call.fund_id),
        proposal_id=proposal_id,
        known_seq=seq,
        head_hash=audit.hash_at(db, seq),
        proposals=db.execute(_proposals(actor, call.id).where(one)).all(),
        eligibility={decision.proposal_id: decision for decision in decisions},
        codes=db.execute(_codes(call.id, one)).all(),
        budget=db.execute(_budget(actor, call.id, one)).all(),
        reviews=db.execute(_reviews(call.id, one)).all(),
        scores=_scores(db, call.id, one),
        conflicts=db.execute(_conflicts(call.id, one)).all(),
        recusals=db.execute(decided.recusals(call.id, one)).all(),
        consensuses=db.execute(decided.consensuses(call.id, one)).all(),
        ranking=ranking,
        ranked=[] if ranking is None else ranked(db, ranking),
        boards=db.execute(decided.boards(call.id)).all(),
        items=db.execute(decided.items(call.id, one)).all(),
        votes=decided.votes(db, call.id, one),
        awards=db.execute(decided.awards(call.id, one)).all(),
        money=db.execute(decided.money(actor, call.id, one)).all(),
        plain=Nameless(judges(db, Proposal.call_id == call.id, Board.call_id == call.id)[0]),
        **by_call,
    )


def _ranking(db: Session, call_id: UUID) -> Ranking | None:
    """Return the ranking that the board whose decision was confirmed had, else the latest."""
    query = (
        select(Board.ranking_id)
        .where(Board.call_id == call_id, Board.status == "confirmed", Board.ranking_id.is_not(None))
        .order_by(Board.second_confirmed_at.desc(), Board.id)
        .limit(1)
    )
    before_board = db.execute(query).scalar()
    return latest(db, call_id) if before_board is None else db.get_one(Ranking, before_board)


def _of_call(db: Session, call_id: UUID) -> dict[str, Any]:
    """Return the rows of the call's own tables, in their order."""
    tables: tuple[tuple[str, Any, Any], ...] = (
        ("criteria", CallCriterion, CallCriterion.number),
        ("rules", CallRule, CallRule.number),
        ("documents", CallDocument, CallDocument.number),
        ("extensions", CallExtension, CallExtension.extended_at),
    )
    found = {
        name: list(
            db.execute(select(table).where(table.call_id == call_id).order_by(order)).scalars()
        )
        for name, table, order in tables
    }
    questions = select(CallQuestion).where(
        CallQuestion.call_id == call_id, CallQuestion.status == "answered"
    )
    found["questions"] = list(
        db.execute(questions.order_by(CallQuestion.answered_at, CallQuestion.id)).scalars()
    )
    return found


def _hidden(actor: Actor | None) -> ColumnElement[bool]:
    """Return whether the reader may not learn a proposal's title, place and own words."""
    return false() if actor is None else hidden_work(actor, Proposal.country, Call.fund_id)


def _proposals(actor: Actor | None, call_id: UUID) -> Select[Any]:
    name = Party.name if actor is None else name_column(actor)
    hidden = _hidden(actor)
    return (
        columns(
            Proposal.id, Proposal.code, name.label("applicant"), hidden.label("is_hidden"),
            title_column(hidden, Proposal.title).label("title"), Proposal.language,
            Proposal.country, Proposal.region,
            Proposal.starts_on, Proposal.ends_on, Proposal.requested_minor, Proposal.status,
            Proposal.submitted_number, Proposal.submitted_at, Proposal.lodged_by_id,
            ProposalVersion.sha256,
        )
        .join(Party, Party.id == Proposal.party_id)
        .join(Call, Call.id == Proposal.call_id)
        .join(
            ProposalVersion,
            (ProposalVersion.proposal_id == Proposal.id)
            & (ProposalVersion.number == Proposal.submitted_number),
        )
        .where(Proposal.call_id == call_id, Proposal.submitted_number.is_not(None))
        .order_by(Proposal.code)
    )  # fmt: skip


def _submitted(query: Select[Any], call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    """Join a query over rows of versions to the proposals whose submitted versions they are."""
    return (
        query.join(Proposal, Proposal.id == ProposalVersion.proposal_id)
        .where(
            Proposal.call_id == call_id, ProposalVersion.number == Proposal.submitted_number, one
        )
        .order_by(Proposal.code)
    )


def _codes(call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    query = (
        columns(
            Proposal.code.label("proposal"), ProposalCode.list_name, ProposalCode.code,
            ProposalCode.percent,
        )
        .select_from(ProposalCode)
        .join(ProposalVersion, ProposalVersion.id == ProposalCode.version_id)
    )  # fmt: skip
    return _submitted(query, call_id, one).order_by(ProposalCode.list_name, ProposalCode.code)


def _budget(actor: Actor | None, call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    words = title_column(_hidden(actor), ProposalBudgetLine.description)
    query = (
        columns(
        Proposal.code.label("proposal"), ProposalBudgetLine.category,
        ProposalBudgetLine.number, words.label("description"), ProposalBudgetLine.unit,
        ProposalBudgetLine.quantity, ProposalBudgetLine.unit_cost_minor,
        ProposalBudgetLine.duration, ProposalBudgetLine.share_bp, ProposalBudgetLine.total_minor,
        ProposalBudgetLine.objective,
        )
        .select_from(ProposalBudgetLine)
        .join(ProposalVersion, ProposalVersion.id == ProposalBudgetLine.version_id)
    )  # fmt: skip
    query = _submitted(query, call_id, one).order_by(ProposalBudgetLine.number)
    return query.join(Party, Party.id == Proposal.party_id).join(Call, Call.id == Proposal.call_id)


def _reviews(call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    return (
        columns(
            Review.id, Review.proposal_id, Proposal.code.label("proposal"), Assignment.alias,
            Review.number, Review.status, Review.submitted_at, Review.weighted, Review.reason,
            Review.strengths, Review.weaknesses, Review.returned_at,
        )
        .select_from(Review)
        .join(Assignment, Assignment.id == Review.assignment_id)
        .join(Proposal, Proposal.id == Review.proposal_id)
        .where(Proposal.call_id == call_id, one)
        .order_by(Proposal.code, Assignment.alias, Review.number)
    )  # fmt: skip


def _scores(
    db: Session, call_id: UUID, one: ColumnElement[bool]
) -> dict[UUID, dict[UUID, Row[Any]]]:
    """Return each review's scores by criterion."""
    query = (
        columns(Score.review_id, Score.criterion_id, Score.score, Score.justification)
        .join(Review, Review.id == Score.review_id)
        .join(Proposal, Proposal.id == Review.proposal_id)
        .where(Proposal.call_id == call_id, one)
    )
    found: dict[UUID, dict[UUID, Row[Any]]] = defaultdict(dict)
    for row in db.execute(query):
        found[row.review_id][row.criterion_id] = row
    return found


def _conflicts(call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    """Conflicts that took a reviewer out: by pseudonym and kind, without what was told of them."""
    return (
        columns(
            Proposal.code.label("proposal"), Assignment.alias, Assignment.status,
            Conflict.kind, Conflict.declared_at, Assignment.reason,
        )
        .select_from(Assignment)
        .join(Proposal, Proposal.id == Assignment.proposal_id)
        .outerjoin(Conflict, Conflict.id == Assignment.conflict_id)
        .where(
            Proposal.call_id == call_id,
            Assignment.status.in_(("conflicted", "declined", "withdrawn")),
            one,
        )
        .order_by(Proposal.code, Assignment.alias)
    )  # fmt: skip


def texts_of(raw: str) -> list[Any]:
    """Return the list that a JSON column holds."""
    values = json.loads(raw)
    return list(values) if isinstance(values, list) else []
