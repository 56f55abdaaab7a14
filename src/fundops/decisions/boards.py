"""Boards: preparing what is to be decided, opening, closing with what was carried, cancelling.

**Carried** means: as many votes as the quorum were cast by members who are not recused (abstaining
is voting), and more of them for than against. A meeting cannot be closed while an item could still
reach its quorum and has not. A board in writing closes once its time is over or everybody who may
vote on each item has; what lacks its quorum then is not carried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.calls.models import Call
from fundops.codes import next_code
from fundops.decisions import voting
from fundops.decisions.candidates import DECIDABLE
from fundops.decisions.models import Board, BoardItem, BoardMember
from fundops.decisions.schemas import (
    MAX_ITEMS,
    BoardIn,
    BoardPatch,
    CloseBoardIn,
    ItemIn,
    ItemPatch,
    MemberIn,
)
from fundops.decisions.steps import BOARD_EVENTS, BOARD_STEPS, ITEM_STEPS
from fundops.donors.models import Agreement, Instalment
from fundops.errors import FieldError, Problem, invalid
from fundops.grants.rules import base_minor
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.parties.models import Membership, Person
from fundops.proposals.models import Proposal
from fundops.records import snapshot
from fundops.reviews.models import Ranking
from fundops.roles import roles_with


def create_board(db: Session, actor: Actor, call: Call, given: BoardIn) -> Board:
    """Prepare a board on a call. Raises ``invalid-request`` for members who may not vote."""
    if call.status == "draft":
        raise invalid("/call_id", "decisions.call_is_draft")
    board = Board(
        id=uuid7(),
        code=next_code(db, "BRD", clock.now().year),
        call_id=call.id,
        title=given.title,
        mode=given.mode,
        meets_on=given.meets_on,
        decide_by_at=given.decide_by_at,
        quorum=given.quorum,
        ranking_id=given.ranking_id,
        status="draft",
        prepared_by_id=actor.person_id,
        created_at=clock.now(),
    )
    _check_board(db, board, len(given.members))
    db.add(board)
    db.flush()
    _add_members(db, call, board, given.members, "/members")
    after = snapshot(board) | {"members": [one.person_id for one in given.members]}
    _record(db, actor, "board.created", call, board, after=after)
    return board


def change_board(db: Session, actor: Actor, call: Call, board: Board, patch: BoardPatch) -> Board:
    """Change a board that is not open yet."""
    _require_draft(board)
    before = snapshot(board)
    for name in patch.model_fields_set:
        setattr(board, name, getattr(patch, name))
    members = select(func.count()).where(BoardMember.board_id == board.id)
    _check_board(db, board, db.execute(members).scalar_one())
    _record_change(db, actor, "board.changed", call, board, before)
    return board


def add_member(db: Session, actor: Actor, call: Call, board: Board, given: MemberIn) -> BoardMember:
    """Add a member to a board that is not open yet."""
    _require_draft(board)
    made = _add_members(db, call, board, [given], "")[0]
    _record(db, actor, "board.member_added", call, board, after={"person_id": given.person_id})
    return made


def add_item(db: Session, actor: Actor, call: Call, board: Board, given: ItemIn) -> BoardItem:
    """Put a proposal before a board that is not open yet.

    Raises ``wrong-status`` for a proposal that cannot be awarded any more, ``already-exists`` for
    one that is before this board, ``conflict-of-interest`` for one of the actor's own.
    """
    _require_draft(board)
    proposal = db.get(Proposal, given.proposal_id, populate_existing=True)
    if proposal is None or proposal.call_id != call.id:
        raise invalid("/proposal_id", "validation.unknown_record")
    if proposal.status not in DECIDABLE:
        raise Problem("wrong-status", action="decide", status=proposal.status)
    voting.refuse_conflict(db, actor, proposal)
    last = select(func.max(BoardItem.number)).where(BoardItem.board_id == board.id)
    number = (db.execute(last).scalar_one() or 0) + 1
    if number > MAX_ITEMS:
        raise invalid("", "decisions.too_many_items", maximum=MAX_ITEMS)
    item = BoardItem(
        id=uuid7(),
        board_id=board.id,
        proposal_id=proposal.id,
        number=number,
        status="proposed",
        **_columns(db, call, given),
    )
    _check_item(db, call, proposal, item)
    db.add(item)
    db.flush()
    _record_item(db, actor, "board_item.added", call, item, after=snapshot(item))
    return item


def change_item(
    db: Session, actor: Actor, call: Call, board: Board, item: BoardItem, patch: ItemPatch
) -> BoardItem:
    """Change what is proposed for one proposal while the board is not open yet."""
    _require_draft(board)
    proposal = db.get_one(Proposal, item.proposal_id)
    voting.refuse_conflict(db, actor, proposal)
    before = snapshot(item)
    for name, value in _columns(db, call, patch).items():
        setattr(item, name, value)
    _check_item(db, call, proposal, item)
    db.flush()
    _record_item(db, actor, "board_item.changed", call, item, before=before, after=snapshot(item))
    return item


def open_board(db: Session, actor: Actor, call: Call, board: Board) -> Board:
    """Open a board for votes; members with a conflict are recused from its items at once."""
    before = snapshot(board)
    if board.status == "draft" and not voting.items_of(db, board):
        raise Problem("conflict", detail=text("decisions.no_items"))
    fund = db.get_one(Fund, call.fund_id)
    if board.mode == "meeting" and board.meets_on and board.meets_on > clock.today(fund.zone):
        day = board.meets_on.isoformat()
        raise Problem("conflict", detail=text("decisions.meets_later", day=day))
    if board.decide_by_at is not None and board.decide_by_at <= clock.now():
        raise Problem("conflict", detail=text("decisions.time_is_over"))
    advance(board, BOARD_STEPS, "open", actor)
    board.opened_at = clock.now()
    _record_change(db, actor, BOARD_EVENTS["open"], call, board, before)
    voting.recuse_conflicted(db, actor, call, board)
    return board


def close_board(db: Session, actor: Actor, call: Call, board: Board, given: CloseBoardIn) -> Board:
    """Close a board with its minutes, and say of each item whether it was carried.

    Raises ``conflict`` naming the items that could still reach their quorum, and for a board in
    writing whose time is not over while somebody has yet to vote.
    """
    if board.status == "open":
        voting.recuse_conflicted(db, actor, call, board)
    items = voting.items_of(db, board)
    tallies = voting.tallies(db, board)
    if board.status == "open":
        _check_complete(board, items, tallies)
    before = snapshot(board)
    advance(board, BOARD_STEPS, "close", actor)
    board.minutes = given.minutes
    board.closed_at = clock.now()
    for item in items:
        tally, was = tallies[item.id], snapshot(item)
        advance(item, ITEM_STEPS, "carry" if tally.is_carried(board.quorum) else "drop", actor)
        db.flush()
        _record_item(
            db, actor, f"board_item.{item.status}", call, item,
            before={"status": was["status"]},
            after={"status": item.status, **tally.told()},
        )  # fmt: skip
    _record_change(db, actor, BOARD_EVENTS["close"], call, board, before)
    return board


def cancel_board(db: Session, actor: Actor, call: Call, board: Board, reason: str) -> Board:
    """Cancel a board that is not confirmed; nothing it decided takes effect."""
    before = snapshot(board)
    advance(board, BOARD_STEPS, "cancel", actor)
    _record_change(db, actor, BOARD_EVENTS["cancel"], call, board, before, reason)
    return board


def _check_complete(
    board: Board, items: Sequence[BoardItem], tallies: dict[UUID, voting.Tally]
) -> None:
    if board.mode == "written":
        is_over = board.decide_by_at is not None and clock.now() > board.decide_by_at
        missing = [item.number for item in items if tallies[item.id].missing]
        if not is_over and missing:
            raise Problem(
                "conflict", detail=text("decisions.votes_missing", items=_listed(missing))
            )
        return
    short = [
        item.number
        for item in items
        if tallies[item.id].cast < board.quorum <= tallies[item.id].entitled
    ]
    if short:
        raise Problem("conflict", detail=text("decisions.no_quorum", items=_listed(short)))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _require_draft(board: Board) -> None:
    if board.status != "draft":
        raise Problem("wrong-status", action="change", status=board.status)


def _check_board(db: Session, board: Board, members: int) -> None:
    if board.mode == "meeting" and board.meets_on is None:
        raise invalid("/meets_on", "decisions.day_missing")
    if board.mode == "written" and board.decide_by_at is None:
        raise invalid("/decide_by_at", "decisions.end_missing")
    if board.quorum > members:
        raise invalid("/quorum", "decisions.quorum_too_large", members=members)
    if board.ranking_id is not None:
        ranking = db.get(Ranking, board.ranking_id)
        if ranking is None or ranking.call_id != board.call_id:
            raise invalid("/ranking_id", "validation.unknown_record")


def _add_members(
    db: Session, call: Call, board: Board, given: Sequence[MemberIn], pointer: str
) -> list[BoardMember]:
    """Add members, each of whom holds a role that votes for the call's fund now."""
    at = clock.now()
    query = (
        select(Membership.person_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.person_id.in_([one.person_id for one in given]),
            Person.status == "active",
            Membership.role.in_([role.value for role in roles_with(Permission.DECISION_VOTE)]),
            (Membership.fund_id.is_(None)) | (Membership.fund_id == call.fund_id),
            Membership.valid_from <= at,
            (Membership.valid_until.is_(None)) | (Membership.valid_until > at),
        )
    )
    able = set(db.execute(query).scalars())
    wrong = [
        FieldError(
            f"{pointer}/{index}/person_id" if pointer else "/person_id",
            text("decisions.no_board_member"),
        )
        for index, one in enumerate(given)
        if one.person_id not in able
    ]
    if wrong:
        raise Problem("invalid-request", errors=wrong)
    made = [
        BoardMember(id=uuid7(), board_id=board.id, person_id=one.person_id, is_chair=one.is_chair)
        for one in given
    ]
    db.add_all(made)
    db.flush()
    return made


def _columns(db: Session, call: Call, given: ItemIn | ItemPatch) -> dict[str, Any]:
    """Return the columns that an item's fields mean."""
    names = given.model_fields_set - {"proposal_id", "amount"}
    columns = {name: getattr(given, name) for name in names}
    if isinstance(given, ItemIn):
        columns.setdefault("basis", given.basis)
    if "amount" in given.model_fields_set:
        fund = db.get_one(Fund, call.fund_id)
        amount = given.amount
        columns["amount_minor"] = None if amount is None else base_minor(fund, amount, "/amount")
    return columns


def _check_item(db: Session, call: Call, proposal: Proposal, item: BoardItem) -> None:
    """Refuse what cannot be decided so: an amount for nothing, beyond what was asked, and so on."""
    if (item.outcome == "reject") != (item.amount_minor is None):
        raise invalid("/amount", "decisions.amount_or_none")
    if (item.outcome == "reserve") != (item.place is not None):
        raise invalid("/place", "decisions.place_or_none")
    if item.outcome == "reserve" and proposal.status == "reserve":
        raise invalid("/outcome", "decisions.on_reserve_already")
    amount = item.amount_minor
    if amount is not None:
        if proposal.requested_minor is not None and amount > proposal.requested_minor:
            raise invalid("/amount", "decisions.more_than_asked")
        if call.floor_minor is not None and amount < call.floor_minor:
            raise invalid("/amount", "decisions.below_floor")
        if call.ceiling_minor is not None and amount > call.ceiling_minor:
            raise invalid("/amount", "decisions.above_ceiling")
    _check_basis(db, call, item)


def _check_basis(db: Session, call: Call, item: BoardItem) -> None:
    if (item.basis == "instalment") != (item.instalment_id is not None):
        raise invalid("/instalment_id", "decisions.basis_named")
    if item.instalment_id is None:
        return
    if item.outcome == "reject":
        raise invalid("/basis", "decisions.basis_of_award")
    query = (
        select(Instalment.id)
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(Instalment.id == item.instalment_id, Agreement.fund_id == call.fund_id)
    )
    if db.execute(query).first() is None:
        raise invalid("/instalment_id", "validation.unknown_record")
    if db.get_one(Fund, call.fund_id).award_basis != "instalment":
        raise Problem("conflict", detail=text("grants.basis_cash"))


def _record_change(
    db: Session,
    actor: audit.Author,
    action: str,
    call: Call,
    board: Board,
    before: dict[str, Any],
    reason: str | None = None,
) -> None:
    db.flush()
    after = snapshot(board)
    changed = {name for name, value in after.items() if value != before[name]}
    _record(
        db, actor, action, call, board, reason=reason,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )  # fmt: skip


def _record(
    db: Session, actor: audit.Author, action: str, call: Call, board: Board, **payload: Any
) -> None:
    audit.record(db, actor, action, "board", board.id, fund_id=call.fund_id, **payload)


def _record_item(
    db: Session, actor: audit.Author, action: str, call: Call, item: BoardItem, **payload: Any
) -> None:
    audit.record(db, actor, action, "board_item", item.id, fund_id=call.fund_id, **payload)
