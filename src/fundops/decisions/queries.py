"""Which boards an actor may see, and all that one board shows, in a fixed number of queries.

Persons of the fund see its boards; who only votes sees the boards of which they are members. Votes
and recusals are told by name to those who prepare decisions or audit; others see counts, and those
only once the board is closed, so that nobody votes with an eye on the count.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, or_, select, true
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission, Role
from fundops.calls.models import Call
from fundops.decisions import voting
from fundops.decisions.models import Board, BoardItem, BoardMember, Recusal, Vote
from fundops.errors import Problem, invalid
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.labels import name_column
from fundops.parties.models import Party, Person
from fundops.parties.places import hidden_work, title_column
from fundops.proposals.models import Proposal
from fundops.reviews.models import Ranking
from fundops.reviews.queries import refuse_unfinished
from fundops.schemas import money_out

SORTS: dict[str, Any] = {"code": Board.code, "created_at": Board.created_at}
COLUMNS: tuple[Any, ...] = (
    Board.id, Board.code, Board.call_id, Call.code.label("call_code"), Board.title, Board.mode,
    Board.meets_on, Board.decide_by_at, Board.quorum, Board.ranking_id, Board.minutes,
    Board.status, Board.prepared_by_id, Board.opened_at, Board.closed_at,
    Board.first_confirmed_by_id, Board.first_confirmed_at, Board.second_confirmed_by_id,
    Board.second_confirmed_at, Board.awards_on, Board.version, Board.created_at,
)  # fmt: skip
FIELDS = tuple(one.key for one in COLUMNS if one.key != "created_at")


def seen(actor: Actor, permission: Permission = Permission.DECISION_READ) -> ColumnElement[bool]:
    """Return which boards ``permission`` reaches, over ``Board`` joined to its ``Call``."""
    ways: list[ColumnElement[bool]] = []
    for held in actor.holding(permission):
        limits: list[ColumnElement[bool]] = [true()]
        if held.fund_id is not None:
            limits.append(Call.fund_id == held.fund_id)
        if held.role is Role.BOARD_MEMBER:
            is_member = exists().where(
                BoardMember.board_id == Board.id, BoardMember.person_id == actor.person_id
            )
            limits.append(is_member)
        ways.append(and_(*limits))
    return or_(false(), *ways)


def visible(actor: Actor, *, call_id: UUID | None = None, status: str | None = None) -> Select[Any]:
    """Return the rows of boards that ``actor`` may see, filtered."""
    query: Select[Any] = select(*COLUMNS).join(Call, Call.id == Board.call_id).where(seen(actor))
    if call_id is not None:
        query = query.where(Board.call_id == call_id)
    if status is not None:
        query = query.where(Board.status == status)
    return query


def get_visible(
    db: Session,
    actor: Actor,
    board_id: UUID,
    permission: Permission = Permission.DECISION_READ,
) -> tuple[Board, Call]:
    """Return a board, fresh, and its call; raise ``not-found`` when it may not be seen."""
    query = (
        select(Board, Call)
        .join(Call, Call.id == Board.call_id)
        .where(Board.id == board_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    found = db.execute(query).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found[0], found[1]


def get_item(
    db: Session,
    actor: Actor,
    item_id: UUID,
    permission: Permission = Permission.DECISION_READ,
) -> tuple[BoardItem, Board, Call]:
    """Return an item, fresh, its board and call; raise ``not-found`` when out of reach.

    For voting only members reach it, whatever role they hold.
    """
    query = (
        select(BoardItem, Board, Call)
        .join(Board, Board.id == BoardItem.board_id)
        .join(Call, Call.id == Board.call_id)
        .where(BoardItem.id == item_id, seen(actor, permission))
        .execution_options(populate_existing=True)
    )
    if permission is Permission.DECISION_VOTE:
        query = query.where(
            exists().where(
                BoardMember.board_id == Board.id, BoardMember.person_id == actor.person_id
            )
        )
    found = db.execute(query).one_or_none()
    if found is None:
        raise Problem("not-found")
    return found[0], found[1], found[2]


def get_call(db: Session, actor: Actor, call_id: UUID) -> Call:
    """Return a call whose decisions ``actor`` may read; raise ``not-found`` otherwise.

    Who only votes reaches the calls on which they sit; whoever still has a review to write in the
    call learns nothing of how others judged.
    """
    ways: list[ColumnElement[bool]] = []
    for held in actor.holding(Permission.DECISION_READ):
        limits: list[ColumnElement[bool]] = [true()]
        if held.fund_id is not None:
            limits.append(Call.fund_id == held.fund_id)
        if held.role is Role.BOARD_MEMBER:
            sits = exists().where(
                Board.call_id == Call.id,
                BoardMember.board_id == Board.id,
                BoardMember.person_id == actor.person_id,
            )
            limits.append(sits)
        ways.append(and_(*limits))
    query = select(Call).where(Call.id == call_id, or_(false(), *ways))
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    refuse_unfinished(db, actor, found.id)
    return found


def ranking_of(db: Session, call: Call, ranking_id: UUID | None, pointer: str) -> Ranking | None:
    """Return a ranking of the call by id; refuse another call's, or none at all (422)."""
    if ranking_id is None:
        return None
    found = db.get(Ranking, ranking_id)
    if found is None or found.call_id != call.id:
        raise invalid(pointer, "validation.unknown_record")
    return found


def board_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a board's row."""
    return {name: getattr(row, name) for name in FIELDS}


def knows_votes(actor: Actor, fund_id: UUID) -> bool:
    """Return whether ``actor`` may know who voted how: who prepares, and who audits."""
    return any(
        held.fund_id in (None, fund_id)
        for permission in (Permission.DECISION_PREPARE, Permission.AUDIT_READ)
        for held in actor.holding(permission)
    )


def detail(db: Session, actor: Actor, board_id: UUID) -> dict[str, Any]:
    """Return a board with members, items, votes and recusals as ``actor`` may know them."""
    row = db.execute(visible(actor).where(Board.id == board_id)).one_or_none()
    if row is None:
        raise Problem("not-found")
    board, call = get_visible(db, actor, board_id)
    members = select(
        BoardMember.person_id, Person.name, BoardMember.is_chair
    ).join(Person, Person.id == BoardMember.person_id).where(
        BoardMember.board_id == board_id
    ).order_by(BoardMember.id)  # fmt: skip
    shown = _Shown(db, actor, board, call)
    return board_out(row) | {
        "members": [dict(one._mapping) for one in db.execute(members)],
        "items": [shown.item(one) for one in db.execute(_items(actor, board_id))],
    }


def item_out(db: Session, actor: Actor, item_id: UUID) -> dict[str, Any]:
    """Return one item as ``detail`` has it."""
    _, board, call = get_item(db, actor, item_id)
    row = db.execute(_items(actor, board.id).where(BoardItem.id == item_id)).one()
    return _Shown(db, actor, board, call).item(row)


_ITEM: tuple[Any, ...] = (
    BoardItem.id, BoardItem.board_id, BoardItem.number, BoardItem.proposal_id,
    Proposal.code.label("proposal_code"), BoardItem.outcome, BoardItem.place,
    BoardItem.basis, BoardItem.instalment_id, BoardItem.reason, BoardItem.conditions,
    BoardItem.status, BoardItem.promotion_reason, BoardItem.promotion_asked_by_id,
    BoardItem.promotion_confirmed_by_id, BoardItem.version,
)  # fmt: skip
_ITEM_FIELDS = (*(one.key for one in _ITEM), "proposal_title")


def _items(actor: Actor, board_id: UUID) -> Select[Any]:
    hidden = hidden_work(actor, Proposal.country, Call.fund_id)
    return (
        select(
            *_ITEM, title_column(hidden, Proposal.title).label("proposal_title"),
            BoardItem.amount_minor, Fund.base_currency,
            name_column(actor).label("applicant"), Grant.id.label("grant_id"),
        )
        .join(Proposal, Proposal.id == BoardItem.proposal_id)
        .join(Party, Party.id == Proposal.party_id)
        .join(Call, Call.id == Proposal.call_id)
        .join(Fund, Fund.id == Call.fund_id)
        .outerjoin(Grant, Grant.proposal_id == Proposal.id)
        .where(BoardItem.board_id == board_id)
        .order_by(BoardItem.number)
    )  # fmt: skip


class _Shown:
    """The votes and recusals of one board, read once, as one reader may know them."""

    def __init__(self, db: Session, actor: Actor, board: Board, call: Call) -> None:
        self.actor = actor
        self.by_name = knows_votes(actor, call.fund_id)
        self.tells_counts = self.by_name or board.status in ("closed", "confirmed")
        self.tallies = voting.tallies(db, board)
        self.votes = _by_item(db, board, Vote, Vote.vote, Vote.note, Vote.cast_at)
        self.recusals = _by_item(db, board, Recusal, Recusal.reason)

    def item(self, row: Row[Any]) -> dict[str, Any]:
        """Return the wire form of an item's row."""
        votes, recusals = self.votes.get(row.id, []), self.recusals.get(row.id, [])
        mine = next((v["vote"] for v in votes if v["person_id"] == self.actor.person_id), None)
        return {name: getattr(row, name) for name in _ITEM_FIELDS} | {
            "applicant": row.applicant,
            "amount": money_out(row.amount_minor, row.base_currency),
            "tally": self.tallies[row.id].told() if self.tells_counts else None,
            "recused": len(recusals),
            "my_vote": mine,
            "is_mine_recused": any(r["person_id"] == self.actor.person_id for r in recusals),
            "votes": votes if self.by_name else None,
            "recusals": recusals if self.by_name else None,
            "grant_id": row.grant_id,
        }


def _by_item(
    db: Session, board: Board, model: type[Vote] | type[Recusal], *columns: Any
) -> dict[UUID, list[dict[str, Any]]]:
    query: Select[Any] = (
        select(model.item_id, model.person_id, Person.name, *columns)
        .join(BoardItem, BoardItem.id == model.item_id)
        .join(Person, Person.id == model.person_id)
        .where(BoardItem.board_id == board.id)
        .order_by(model.id)
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in db.execute(query):
        told = dict(row._mapping)
        found.setdefault(told.pop("item_id"), []).append(told)
    return found
