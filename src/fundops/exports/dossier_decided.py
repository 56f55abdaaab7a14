"""What a dossier tells of decisions: recusals, consensus, boards, votes, awards and their money."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.decisions.models import Board, BoardItem, Recusal, Vote
from fundops.donors.models import Lot
from fundops.grants.models import Grant
from fundops.ledger.models import Account
from fundops.parties.labels import name_column
from fundops.parties.models import Party
from fundops.proposals.models import Proposal
from fundops.reviews.models import Consensus


def columns(*wanted: Any) -> Select[Any]:
    """Return a SELECT of plain rows."""
    return select(*wanted)


def recusals(call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    """Return how many members took no part in each item."""
    return (
        columns(
            Board.code.label("board"), BoardItem.id.label("item_id"),
            Proposal.code.label("proposal"), func.count().label("recused"),
        )
        .select_from(Recusal)
        .join(BoardItem, BoardItem.id == Recusal.item_id)
        .join(Board, Board.id == BoardItem.board_id)
        .join(Proposal, Proposal.id == BoardItem.proposal_id)
        .where(Board.call_id == call_id, one)
        .group_by(Board.code, BoardItem.id, Proposal.code)
        .order_by(Board.code, Proposal.code)
    )  # fmt: skip


def consensuses(call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    """Return what reviewers who diverged agreed on."""
    return (
        columns(
            Proposal.code.label("proposal"), Consensus.proposal_id, Consensus.agreed,
            Consensus.minutes, Consensus.participants, Consensus.settled_at,
        )
        .select_from(Consensus)
        .join(Proposal, Proposal.id == Consensus.proposal_id)
        .where(Proposal.call_id == call_id, one)
        .order_by(Proposal.code, Consensus.settled_at)
    )  # fmt: skip


def boards(call_id: UUID) -> Select[Any]:
    """Return a call's boards."""
    return (
        columns(
            Board.id, Board.code, Board.title, Board.mode, Board.meets_on, Board.decide_by_at,
            Board.quorum, Board.status, Board.minutes, Board.closed_at, Board.first_confirmed_at,
            Board.second_confirmed_at,
        )
        .where(Board.call_id == call_id)
        .order_by(Board.code)
    )  # fmt: skip


def items(call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    """Return what the boards were asked, and carried."""
    return (
        columns(
            BoardItem.id, BoardItem.proposal_id, Board.code.label("board"), BoardItem.number,
            Proposal.code.label("proposal"), BoardItem.outcome, BoardItem.amount_minor,
            BoardItem.place, BoardItem.basis, BoardItem.reason, BoardItem.conditions,
            BoardItem.status, BoardItem.promotion_confirmed_at, BoardItem.promotion_reason,
        )
        .select_from(BoardItem)
        .join(Board, Board.id == BoardItem.board_id)
        .join(Proposal, Proposal.id == BoardItem.proposal_id)
        .where(Board.call_id == call_id, one)
        .order_by(Board.code, BoardItem.number)
    )  # fmt: skip


def votes(db: Session, call_id: UUID, one: ColumnElement[bool]) -> dict[UUID, dict[str, int]]:
    """Return how many votes of each kind each item had."""
    query = (
        columns(Vote.item_id, Vote.vote, func.count().label("votes"))
        .select_from(Vote)
        .join(BoardItem, BoardItem.id == Vote.item_id)
        .join(Board, Board.id == BoardItem.board_id)
        .join(Proposal, Proposal.id == BoardItem.proposal_id)
        .where(Board.call_id == call_id, one)
        .group_by(Vote.item_id, Vote.vote)
    )
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for row in db.execute(query):
        found[row.item_id][row.vote] = row.votes
    return found


def awards(call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    """Return the grants that came of the proposals."""
    return (
        columns(
            Grant.id, Grant.code, Proposal.code.label("proposal"), Proposal.id.label("proposal_id"),
            Grant.awarded_on, Grant.awarded_minor, Grant.paid_minor, Grant.refunded_minor,
            Grant.status,
        )
        .select_from(Grant)
        .join(Proposal, Proposal.id == Grant.proposal_id)
        .where(Proposal.call_id == call_id, one)
        .order_by(Grant.code)
    )  # fmt: skip


def money(actor: Actor | None, call_id: UUID, one: ColumnElement[bool]) -> Select[Any]:
    """Return what each award holds of each lot: still reserved, and paid less refunded."""
    name = Party.name if actor is None else name_column(actor)
    return (
        columns(
            Grant.code.label("grant"), Lot.code.label("lot"), name.label("donor"), Account.kind,
            (Account.credits_minor - Account.debits_minor).label("credit_minor"),
            Account.normal,
        )
        .select_from(Account)
        .join(Grant, Grant.id == Account.grant_id)
        .join(Proposal, Proposal.id == Grant.proposal_id)
        .join(Lot, Lot.id == Account.lot_id)
        .join(Party, Party.id == Lot.donor_id)
        .where(
            Proposal.call_id == call_id, Account.kind.in_(("reserved", "advance")), one
        )
        .order_by(Grant.code, Lot.code, Account.kind)
    )  # fmt: skip
