"""Routes of what a board decides on one proposal: votes, recusals, promotion from reserve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.calls.models import Call
from fundops.command import command
from fundops.decisions import promotion, queries, voting
from fundops.decisions.models import Board, BoardItem
from fundops.decisions.schemas import DecisionReasonIn, ItemOut, PromoteIn, RecuseIn, VoteIn
from fundops.schemas import COMMANDS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/board_items", tags=["decisions"], route_class=StrictRoute)

Voter = Annotated[Actor, Depends(Can(Permission.DECISION_VOTE))]
Preparer = Annotated[Actor, Depends(Can(Permission.DECISION_PREPARE))]
Confirmer = Annotated[Actor, Depends(Can(Permission.DECISION_CONFIRM))]


@router.post(
    "/{item_id}/vote", operation_id="vote_on_item", response_model=ItemOut, responses=COMMANDS
)
def vote_on_item(request: Request, actor: Voter, item_id: UUID, given: VoteIn) -> Response:
    """Vote on one item of a board on which you sit; a later vote replaces the earlier one."""

    def cast(db: Session, item: BoardItem, board: Board, call: Call) -> None:
        voting.vote(db, actor, call, board, item, given)

    return _command(request, actor, item_id, Permission.DECISION_VOTE, cast)


@router.post(
    "/{item_id}/recuse", operation_id="recuse_from_item", response_model=ItemOut, responses=COMMANDS
)
def recuse_from_item(request: Request, actor: Voter, item_id: UUID, given: RecuseIn) -> Response:
    """Take no part in one item, for good."""

    def recused(db: Session, item: BoardItem, board: Board, call: Call) -> None:
        voting.recuse(db, actor, call, board, item, given.reason)

    return _command(request, actor, item_id, Permission.DECISION_VOTE, recused)


@router.post(
    "/{item_id}/promote", operation_id="ask_promotion", response_model=ItemOut, responses=COMMANDS
)
def ask_promotion(request: Request, actor: Preparer, item_id: UUID, given: PromoteIn) -> Response:
    """Ask to promote a proposal from the reserve list; another person confirms it."""

    def asked(db: Session, item: BoardItem, _board: Board, call: Call) -> None:
        promotion.ask(db, actor, call, item, given)

    return _command(request, actor, item_id, Permission.DECISION_PREPARE, asked)


@router.post(
    "/{item_id}/withdraw_promotion",
    operation_id="withdraw_promotion",
    response_model=ItemOut,
    responses=COMMANDS,
)
def withdraw_promotion(
    request: Request, actor: Preparer, item_id: UUID, given: DecisionReasonIn
) -> Response:
    """Take back a promotion that was asked for; the proposal stays on the reserve list."""

    def withdrawn(db: Session, item: BoardItem, _board: Board, call: Call) -> None:
        promotion.withdraw(db, actor, call, item, given.reason)

    return _command(request, actor, item_id, Permission.DECISION_PREPARE, withdrawn)


@router.post(
    "/{item_id}/confirm_promotion",
    operation_id="confirm_promotion",
    response_model=ItemOut,
    responses=COMMANDS,
)
def confirm_promotion(request: Request, actor: Confirmer, item_id: UUID) -> Response:
    """Confirm a promotion: the proposal is awarded at once, or nothing changes."""

    def confirmed(db: Session, item: BoardItem, _board: Board, call: Call) -> None:
        promotion.confirm(db, actor, call, item)

    return _command(request, actor, item_id, Permission.DECISION_CONFIRM, confirmed)


def _command(
    request: Request,
    actor: Actor,
    item_id: UUID,
    permission: Permission,
    change: Callable[[Session, BoardItem, Board, Call], Any],
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        item, board, call = queries.get_item(db, actor, item_id, permission)
        change(db, item, board, call)
        return queries.item_out(db, actor, item_id)

    return command(request, actor, work)
