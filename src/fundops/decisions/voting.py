"""Votes and recusals: who may vote on what, and what the votes come to.

A member takes no part in an item who said so; who has a conflict of interest with the proposal or
its applicant (declared, an interest, a hand in it); or who reviewed it. Recusals are made when the
board opens, again when it closes, and whenever a member makes one; they are never undone, and a
vote of somebody recused later does not count.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.calls.models import Call
from fundops.decisions.models import Board, BoardItem, BoardMember, Recusal, Vote
from fundops.decisions.schemas import VoteIn
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.messages import text
from fundops.proposals.models import Proposal
from fundops.records import snapshot
from fundops.reviews.conflicts import conflicted_pairs
from fundops.reviews.models import Assignment, Reviewer

REVIEWED = "reviewed"
TOOK_PART = ("accepted", "submitted", "returned")
"""Statuses of assignments in which somebody has judged a proposal, or is about to."""


@dataclass(frozen=True)
class Tally:
    """The votes that count on one item, and of how many who may vote."""

    votes_for: int
    votes_against: int
    abstained: int
    entitled: int

    @property
    def cast(self) -> int:
        """How many votes were cast; abstaining is voting."""
        return self.votes_for + self.votes_against + self.abstained

    @property
    def missing(self) -> int:
        """How many who may vote have not."""
        return self.entitled - self.cast

    def is_carried(self, quorum: int) -> bool:
        """Return whether enough voted, and more for than against."""
        return self.cast >= quorum and self.votes_for > self.votes_against

    def told(self) -> dict[str, int]:
        """Return the counts as events and answers have them."""
        return {
            "votes_for": self.votes_for,
            "votes_against": self.votes_against,
            "abstained": self.abstained,
            "entitled": self.entitled,
        }


def conflicts(
    db: Session, person_ids: Collection[UUID], proposals: Sequence[Proposal]
) -> dict[tuple[UUID, UUID], str]:
    """Return (person, proposal) -> kind for whoever may not decide on what; three queries."""
    found = conflicted_pairs(db, person_ids, proposals)
    query = (
        select(Reviewer.person_id, Assignment.proposal_id)
        .join(Assignment, Assignment.reviewer_id == Reviewer.id)
        .where(
            Reviewer.person_id.in_(person_ids),
            Assignment.proposal_id.in_([one.id for one in proposals]),
            Assignment.status.in_(TOOK_PART),
        )
    )
    for person_id, proposal_id in db.execute(query):
        found.setdefault((person_id, proposal_id), REVIEWED)
    return found


def refuse_conflict(db: Session, actor: Actor, proposal: Proposal) -> None:
    """Refuse to let a person prepare or propose what they have a conflict with."""
    kind = conflicts(db, [actor.person_id], [proposal]).get((actor.person_id, proposal.id))
    if kind is not None:
        raise Problem("conflict-of-interest", detail=text(f"decisions.conflict_{kind}"))


def vote(
    db: Session, actor: Actor, call: Call, board: Board, item: BoardItem, given: VoteIn
) -> Vote:
    """Cast a vote, or replace the one cast before, while the board is open.

    Raises ``conflict-of-interest`` for a member who is recused or must be.
    """
    _require_open(board)
    if board.decide_by_at is not None and clock.now() > board.decide_by_at:
        raise Problem("conflict", detail=text("decisions.time_is_over"))
    if recusals_of(db, [item.id]).get(item.id, set()) & {actor.person_id}:
        raise Problem("conflict-of-interest", detail=text("decisions.recused"))
    refuse_conflict(db, actor, db.get_one(Proposal, item.proposal_id))
    query = select(Vote).where(Vote.item_id == item.id, Vote.person_id == actor.person_id)
    cast = db.execute(query).scalar_one_or_none()
    before = None if cast is None else snapshot(cast)
    if cast is None:
        cast = Vote(id=uuid7(), item_id=item.id, person_id=actor.person_id)
        db.add(cast)
    cast.vote, cast.note, cast.cast_at = given.vote, given.note, clock.now()
    db.flush()
    audit.record(
        db, actor, "vote.cast" if before is None else "vote.changed", "vote", cast.id,
        fund_id=call.fund_id, before=before, after=snapshot(cast),
    )  # fmt: skip
    return cast


def recuse(
    db: Session, actor: Actor, call: Call, board: Board, item: BoardItem, reason: str
) -> Recusal:
    """Take no part in one item, for good. Raises ``already-exists`` the second time."""
    if board.status not in ("draft", "open"):
        raise Problem("wrong-status", action="recuse", status=board.status)
    return _recuse(db, actor, call, item, actor.person_id, reason)


def recuse_conflicted(db: Session, actor: audit.Author, call: Call, board: Board) -> None:
    """Recuse every member from the items with which they have a conflict by now."""
    items = items_of(db, board)
    members = members_of(db, board)
    query = select(Proposal).where(Proposal.id.in_([item.proposal_id for item in items]))
    proposals = list(db.execute(query).scalars())
    kinds = conflicts(db, members, proposals)
    known = recusals_of(db, [item.id for item in items])
    for item in items:
        for person_id in members:
            kind = kinds.get((person_id, item.proposal_id))
            if kind is not None and person_id not in known.get(item.id, set()):
                _recuse(db, actor, call, item, person_id, text(f"decisions.recused_{kind}"))


def _recuse(
    db: Session, actor: audit.Author, call: Call, item: BoardItem, person_id: UUID, reason: str
) -> Recusal:
    recusal = Recusal(
        id=uuid7(), item_id=item.id, person_id=person_id, reason=reason, declared_at=clock.now()
    )
    db.add(recusal)
    db.flush()
    audit.record(
        db, actor, "recusal.declared", "recusal", recusal.id, fund_id=call.fund_id,
        after=snapshot(recusal),
    )  # fmt: skip
    return recusal


def items_of(db: Session, board: Board) -> list[BoardItem]:
    """Return the items of a board in order, fresh."""
    query = select(BoardItem).where(BoardItem.board_id == board.id).order_by(BoardItem.number)
    return list(db.execute(query.execution_options(populate_existing=True)).scalars())


def members_of(db: Session, board: Board) -> list[UUID]:
    """Return the persons who are members of a board."""
    query = select(BoardMember.person_id).where(BoardMember.board_id == board.id)
    return list(db.execute(query.order_by(BoardMember.id)).scalars())


def recusals_of(db: Session, item_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Return who is recused, by item."""
    query = select(Recusal.item_id, Recusal.person_id).where(Recusal.item_id.in_(item_ids))
    found: dict[UUID, set[UUID]] = {}
    for item_id, person_id in db.execute(query):
        found.setdefault(item_id, set()).add(person_id)
    return found


def tallies(db: Session, board: Board) -> dict[UUID, Tally]:
    """Return what the votes on each item come to; those of recused members do not count."""
    ids = list(db.execute(select(BoardItem.id).where(BoardItem.board_id == board.id)).scalars())
    recused = recusals_of(db, ids)
    members = set(members_of(db, board))
    cast: dict[UUID, dict[str, int]] = {}
    query = select(Vote.item_id, Vote.person_id, Vote.vote).where(Vote.item_id.in_(ids))
    for item_id, person_id, said in db.execute(query):
        if person_id in members - recused.get(item_id, set()):
            counts = cast.setdefault(item_id, {})
            counts[said] = counts.get(said, 0) + 1
    return {
        item_id: Tally(
            cast.get(item_id, {}).get("for", 0),
            cast.get(item_id, {}).get("against", 0),
            cast.get(item_id, {}).get("abstain", 0),
            len(members - recused.get(item_id, set())),
        )
        for item_id in ids
    }


def voted(db: Session, board: Board, person_id: UUID | None) -> bool:
    """Return whether a person voted on any item of a board."""
    query: Any = (
        select(func.count())
        .select_from(Vote)
        .join(BoardItem, BoardItem.id == Vote.item_id)
        .where(BoardItem.board_id == board.id, Vote.person_id == person_id)
    )
    return bool(db.execute(query).scalar_one())


def _require_open(board: Board) -> None:
    if board.status != "open":
        raise Problem("wrong-status", action="vote", status=board.status)
