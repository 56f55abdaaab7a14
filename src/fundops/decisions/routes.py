"""Routes of the funding line, what-if questions and the reserve list of a call, and of boards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.calls.models import Call
from fundops.command import check_match, command, etag, read_session
from fundops.decisions import boards, confirming, funding, promotion, queries
from fundops.decisions.item_routes import router as items
from fundops.decisions.line_schemas import LineOut, WhatIfIn, WhatIfOut
from fundops.decisions.models import Board
from fundops.decisions.schemas import (
    MAX_CHOSEN,
    BoardDetail,
    BoardIn,
    BoardPage,
    BoardPatch,
    CloseBoardIn,
    ConfirmIn,
    DecisionReasonIn,
    ItemIn,
    ItemOut,
    ItemPatch,
    MemberIn,
    ReserveList,
)
from fundops.errors import Problem, invalid
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, COMMANDS, CREATES, LISTS, READS, money_out, problems
from fundops.strict import StrictRoute

calls_router = APIRouter(prefix="/calls", tags=["decisions"], route_class=StrictRoute)
router = APIRouter(prefix="/boards", tags=["decisions"], route_class=StrictRoute)
ROUTERS = (calls_router, router, items)

Reader = Annotated[Actor, Depends(Can(Permission.DECISION_READ))]
Preparer = Annotated[Actor, Depends(Can(Permission.DECISION_PREPARE))]
Confirmer = Annotated[Actor, Depends(Can(Permission.DECISION_CONFIRM))]
BoardStatus = Literal["draft", "open", "closed", "confirmed", "cancelled"]
Order = Literal["raw", "adjusted"]


@calls_router.get(
    "/{call_id}/funding_line",
    operation_id="get_funding_line",
    response_model=LineOut,
    responses=READS | problems(409),
)
def get_funding_line(
    request: Request,
    actor: Reader,
    call_id: UUID,
    order: Order = "raw",
    ranking_id: UUID | None = None,
    chosen: Annotated[
        list[UUID] | None,
        Query(max_length=MAX_CHOSEN, description="Proposals to go before others of their rank."),
    ] = None,
) -> Response:
    """Draw the funding line: by envelope, floor and ceiling, stated limits and every earmark.

    Ties are shown as ties and never broken; ``chosen`` says who goes first where people decided.
    """
    with read_session(request) as db:
        call = queries.get_call(db, actor, call_id)
        ranking = queries.ranking_of(db, call, ranking_id, "query/ranking_id")
        line = funding.funding_line(
            db, actor, call, order=order, ranking=ranking, chosen=chosen or ()
        )
        return json_response(line)


@calls_router.post(
    "/{call_id}/what_if",
    operation_id="ask_what_if",
    response_model=WhatIfOut,
    responses=problems(400, 401, 403, 404, 409, 413, 415, 422),
    openapi_extra={"x-dry-run": True},
)
def ask_what_if(request: Request, actor: Reader, call_id: UUID, given: WhatIfIn) -> Response:
    """Ask for the best portfolio and what choices cost. Changes nothing; needs no key.

    At most 500 proposals and 10 choices; the solver has 5 seconds for each of the questions.
    """
    with read_session(request) as db:
        call = queries.get_call(db, actor, call_id)
        ranking = queries.ranking_of(db, call, given.ranking_id, "/ranking_id")
        return json_response(funding.ask_what_if(db, actor, call, given, ranking))


@calls_router.get(
    "/{call_id}/reserve_list",
    operation_id="get_reserve_list",
    response_model=ReserveList,
    responses=READS | problems(409),
)
def get_reserve_list(request: Request, actor: Reader, call_id: UUID) -> Response:
    """List who waits on reserve, in order, and who could be awarded now."""
    with read_session(request) as db:
        call = queries.get_call(db, actor, call_id)
        currency = db.get_one(Fund, call.fund_id).base_currency
        found = [_reserve_out(one, currency) for one in promotion.reserve_list(db, call)]
    return json_response({"items": found, "next_cursor": None})


def _reserve_out(one: promotion.Waiting, currency: str) -> dict[str, Any]:
    sentence = None
    if one.reason == "limit" and one.breach is not None:
        sentence = one.breach.sentence(currency)
    elif one.reason is not None:
        sentence = text(f"decisions.line_{one.reason}")
    return {
        "item_id": one.item.id,
        "board_id": one.item.board_id,
        "place": one.item.place,
        "proposal_id": one.item.proposal_id,
        "code": one.code,
        "amount": money_out(one.item.amount_minor, currency),
        "is_fundable": one.is_fundable,
        "sentence": sentence,
        "promotion_asked_by_id": one.item.promotion_asked_by_id,
    }


@router.get("", operation_id="list_boards", response_model=BoardPage, responses=LISTS)
def list_boards(
    request: Request,
    actor: Reader,
    paging: Paging,
    call_id: UUID | None = None,
    status: BoardStatus | None = None,
) -> Response:
    """List boards; members see those on which they sit."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.visible(actor, call_id=call_id, status=status),
            paging,
            sorts=queries.SORTS,
            key=Board.id,
            out=queries.board_out,
        )
    return json_response(page)


@router.post(
    "",
    operation_id="create_board",
    status_code=201,
    response_model=BoardDetail,
    responses=CREATES,
)
def create_board(request: Request, actor: Preparer, given: BoardIn) -> Response:
    """Prepare a board on a call: its members, its quorum, and when it decides."""

    def work(db: Session) -> dict[str, Any]:
        funds = actor.funds(Permission.DECISION_PREPARE)
        call = db.get(Call, given.call_id)
        if call is None or (funds is not None and call.fund_id not in funds):
            raise invalid("/call_id", "validation.unknown_record")
        board = boards.create_board(db, actor, call, given)
        return queries.detail(db, actor, board.id)

    return command(request, actor, work, status=201, location="/v1/boards/{id}")


@router.get("/{board_id}", operation_id="get_board", response_model=BoardDetail, responses=READS)
def get_board(request: Request, actor: Reader, board_id: UUID) -> Response:
    """Read a board with its members, items, tallies and recusals.

    Votes are named to those who prepare decisions or audit; members see counts once it is closed.
    """
    with read_session(request) as db:
        found = queries.detail(db, actor, board_id)
        return json_response(found, etag=etag(found["version"]))


@router.patch(
    "/{board_id}", operation_id="change_board", response_model=BoardDetail, responses=CHANGES
)
def change_board(request: Request, actor: Preparer, board_id: UUID, patch: BoardPatch) -> Response:
    """Change a board that is not open yet. Needs If-Match."""

    def change(db: Session, call: Call, board: Board) -> None:
        check_match(request, board.version)
        boards.change_board(db, actor, call, board, patch)

    return _command(request, actor, board_id, Permission.DECISION_PREPARE, change)


@router.post(
    "/{board_id}/members",
    operation_id="add_board_member",
    response_model=BoardDetail,
    responses=COMMANDS,
)
def add_board_member(
    request: Request, actor: Preparer, board_id: UUID, given: MemberIn
) -> Response:
    """Add a member to a board that is not open yet."""

    def add(db: Session, call: Call, board: Board) -> None:
        boards.add_member(db, actor, call, board, given)

    return _command(request, actor, board_id, Permission.DECISION_PREPARE, add)


@router.post(
    "/{board_id}/items",
    operation_id="add_board_item",
    status_code=201,
    response_model=ItemOut,
    responses=CREATES,
)
def add_board_item(request: Request, actor: Preparer, board_id: UUID, given: ItemIn) -> Response:
    """Put a proposal before a board that is not open yet."""

    def work(db: Session) -> dict[str, Any]:
        board, call = queries.get_visible(db, actor, board_id, Permission.DECISION_PREPARE)
        item = boards.add_item(db, actor, call, board, given)
        return queries.item_out(db, actor, item.id)

    location = "/v1/boards/{board_id}/items/{id}"
    return command(request, actor, work, status=201, location=location)


@router.patch(
    "/{board_id}/items/{item_id}",
    operation_id="change_board_item",
    response_model=ItemOut,
    responses=CHANGES,
)
def change_board_item(
    request: Request, actor: Preparer, board_id: UUID, item_id: UUID, patch: ItemPatch
) -> Response:
    """Change what is proposed, while the board is not open yet. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        item, board, call = queries.get_item(db, actor, item_id, Permission.DECISION_PREPARE)
        if board.id != board_id:
            raise Problem("not-found")
        check_match(request, item.version)
        boards.change_item(db, actor, call, board, item, patch)
        return queries.item_out(db, actor, item_id)

    return command(request, actor, work)


@router.get(
    "/{board_id}/items/{item_id}",
    operation_id="get_board_item",
    response_model=ItemOut,
    responses=READS,
)
def get_board_item(request: Request, actor: Reader, board_id: UUID, item_id: UUID) -> Response:
    """Read what a board decides on one proposal."""
    with read_session(request) as db:
        found = queries.item_out(db, actor, item_id)
        if found["board_id"] != board_id:
            raise Problem("not-found")
        return json_response(found, etag=etag(found["version"]))


@router.post(
    "/{board_id}/open", operation_id="open_board", response_model=BoardDetail, responses=COMMANDS
)
def open_board(request: Request, actor: Preparer, board_id: UUID) -> Response:
    """Open a board for votes; members with a conflict of interest are recused at once."""

    def opened(db: Session, call: Call, board: Board) -> None:
        boards.open_board(db, actor, call, board)

    return _command(request, actor, board_id, Permission.DECISION_PREPARE, opened)


@router.post(
    "/{board_id}/close", operation_id="close_board", response_model=BoardDetail, responses=COMMANDS
)
def close_board(request: Request, actor: Preparer, board_id: UUID, given: CloseBoardIn) -> Response:
    """Close a board with its minutes; each item is carried or not."""

    def closed(db: Session, call: Call, board: Board) -> None:
        boards.close_board(db, actor, call, board, given)

    return _command(request, actor, board_id, Permission.DECISION_PREPARE, closed)


@router.post(
    "/{board_id}/confirm",
    operation_id="confirm_board",
    response_model=BoardDetail,
    responses=COMMANDS,
)
def confirm_board(request: Request, actor: Confirmer, board_id: UUID, given: ConfirmIn) -> Response:
    """Confirm what a board carried; at the second confirmation all of it takes effect, or none."""

    def confirmed(db: Session, call: Call, board: Board) -> None:
        confirming.confirm(db, actor, call, board, given)

    return _command(request, actor, board_id, Permission.DECISION_CONFIRM, confirmed)


@router.post(
    "/{board_id}/cancel",
    operation_id="cancel_board",
    response_model=BoardDetail,
    responses=COMMANDS,
)
def cancel_board(
    request: Request, actor: Preparer, board_id: UUID, given: DecisionReasonIn
) -> Response:
    """Cancel a board that is not confirmed; nothing it decided takes effect."""

    def cancelled(db: Session, call: Call, board: Board) -> None:
        boards.cancel_board(db, actor, call, board, given.reason)

    return _command(request, actor, board_id, Permission.DECISION_PREPARE, cancelled)


def _command(
    request: Request,
    actor: Actor,
    board_id: UUID,
    permission: Permission,
    change: Callable[[Session, Call, Board], None],
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        board, call = queries.get_visible(db, actor, board_id, permission)
        change(db, call, board)
        return queries.detail(db, actor, board_id)

    return command(request, actor, work)
