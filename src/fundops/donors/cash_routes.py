"""Routes of cash in: receipts and the lots they become."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.donors import cash_queries as queries
from fundops.donors import lots, matching, receipts, reversal
from fundops.donors.cash_schemas import (
    CashReasonIn,
    LotOut,
    LotPage,
    MatchedOut,
    MatchIn,
    ReceiptIn,
    ReceiptOut,
    ReceiptPage,
    SupportCostReturnIn,
    lot_out,
    receipt_out,
)
from fundops.donors.claim_routes import CLAIM_ROUTERS
from fundops.donors.models import Lot, Receipt
from fundops.errors import Problem
from fundops.ledger import balances
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS, Day
from fundops.strict import StrictRoute

receipt_router = APIRouter(prefix="/receipts", tags=["receipts"], route_class=StrictRoute)
lot_router = APIRouter(prefix="/lots", tags=["lots"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.RECEIPT_READ))]
Booker = Annotated[Actor, Depends(Can(Permission.RECEIPT_WRITE))]
Reverser = Annotated[Actor, Depends(Can(Permission.RECEIPT_REVERSE))]
MoneyWriter = Annotated[Actor, Depends(Can(Permission.MONEY_WRITE))]


@receipt_router.get("", operation_id="list_receipts", response_model=ReceiptPage, responses=LISTS)
def list_receipts(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    donor: UUID | None = None,
    payer: UUID | None = None,
    status: Literal["booked", "reversed"] | None = None,
    received_from: Annotated[Day | None, Query(description="Received on or after.")] = None,
    received_until: Annotated[Day | None, Query(description="Received on or before.")] = None,
    unmatched: Annotated[
        bool | None, Query(description="Whether some of it is still to be matched.")
    ] = None,
) -> Response:
    """List receipts you may see."""
    query = queries.visible_receipts(actor)
    for column, value in (
        (Receipt.fund_id, fund),
        (Receipt.donor_id, donor),
        (Receipt.payer_id, payer),
        (Receipt.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    if received_from is not None:
        query = query.where(Receipt.received_on >= received_from)
    if received_until is not None:
        query = query.where(Receipt.received_on <= received_until)
    if unmatched is not None:
        waits = (Receipt.matched_minor < Receipt.amount_minor) & (Receipt.status == "booked")
        query = query.where(waits if unmatched else ~waits)

    def out(row: Any) -> dict[str, Any]:
        return _receipt_out(actor, row)

    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.RECEIPT_SORTS, key=queries.RECEIPTS.id, out=out
        )
    return json_response(page)


@receipt_router.post(
    "",
    operation_id="book_receipt",
    status_code=201,
    response_model=ReceiptOut,
    responses=CREATES,
)
def book_receipt(request: Request, actor: Booker, given: ReceiptIn) -> Response:
    """Book cash that came in. It is held as unmatched until it is matched to an instalment."""

    def work(db: Session) -> dict[str, Any]:
        return read_receipt(db, actor, receipts.book(db, actor, given).id)

    return command(request, actor, work, status=201, location="/v1/receipts/{id}")


@receipt_router.get(
    "/{receipt_id}", operation_id="get_receipt", response_model=ReceiptOut, responses=READS
)
def get_receipt(request: Request, actor: Reader, receipt_id: UUID) -> Response:
    """Read one receipt."""
    with read_session(request) as db:
        found = read_receipt(db, actor, receipt_id)
    return json_response(found, etag=etag(found["version"]))


@receipt_router.post(
    "/{receipt_id}/match",
    operation_id="match_receipt",
    response_model=MatchedOut,
    responses=COMMANDS,
)
def match_receipt(request: Request, actor: Booker, receipt_id: UUID, given: MatchIn) -> Response:
    """Match parts of a receipt to instalments; each part becomes a lot of the agreement's donor."""

    def work(db: Session) -> dict[str, Any]:
        receipt = queries.get_receipt(db, actor, receipt_id, Permission.RECEIPT_WRITE)
        opened = matching.match(db, actor, receipt, given)
        found = read_receipt(db, actor, receipt_id)
        return found | {"lots": read_lots(db, actor, [lot.id for lot in opened])}

    return command(request, actor, work)


@receipt_router.post(
    "/{receipt_id}/reverse",
    operation_id="reverse_receipt",
    response_model=ReceiptOut,
    responses=COMMANDS,
)
def reverse_receipt(
    request: Request, actor: Reverser, receipt_id: UUID, given: CashReasonIn
) -> Response:
    """Reverse a mistaken receipt and its matches. Refused once any of it has been spent."""

    def work(db: Session) -> dict[str, Any]:
        receipt = queries.get_receipt(db, actor, receipt_id, Permission.RECEIPT_REVERSE)
        reversal.reverse(db, actor, receipt, given.reason)
        return read_receipt(db, actor, receipt_id)

    return command(request, actor, work)


@receipt_router.post(
    "/{receipt_id}/reverse_spent",
    operation_id="reverse_spent_receipt",
    response_model=ReceiptOut,
    responses=COMMANDS,
)
def reverse_spent_receipt(
    request: Request, actor: Reverser, receipt_id: UUID, given: CashReasonIn
) -> Response:
    """Reverse a mistaken receipt that was partly spent: the donor owes that part from now on.

    By another person than the one who booked it.
    """

    def work(db: Session) -> dict[str, Any]:
        receipt = queries.get_receipt(db, actor, receipt_id, Permission.RECEIPT_REVERSE)
        reversal.reverse_spent(db, actor, receipt, given.reason)
        return read_receipt(db, actor, receipt_id)

    return command(request, actor, work)


@lot_router.get("", operation_id="list_lots", response_model=LotPage, responses=LISTS)
def list_lots(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    donor: UUID | None = None,
    agreement: UUID | None = None,
    receipt: UUID | None = None,
    status: Literal["open", "reversed"] | None = None,
) -> Response:
    """List lots you may see, with their present balances."""
    query = queries.visible_lots(actor)
    for column, value in (
        (Lot.fund_id, fund),
        (Lot.donor_id, donor),
        (Lot.agreement_id, agreement),
        (Lot.receipt_id, receipt),
        (Lot.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    rows: list[Any] = []

    def keep(row: Any) -> dict[str, Any]:
        rows.append(row)
        return {}

    with read_session(request) as db:
        page = list_page(db, query, paging, sorts=queries.LOT_SORTS, key=queries.LOTS.id, out=keep)
        page["items"] = _with_balances(db, rows)
    return json_response(page)


@lot_router.get("/{lot_id}", operation_id="get_lot", response_model=LotOut, responses=READS)
def get_lot(request: Request, actor: Reader, lot_id: UUID) -> Response:
    """Read one lot with its present balances."""
    with read_session(request) as db:
        found = read_lots(db, actor, [lot_id])
    if not found:
        raise Problem("not-found")
    return json_response(found[0])


@lot_router.post(
    "/{lot_id}/unmatch", operation_id="unmatch_lot", response_model=LotOut, responses=COMMANDS
)
def unmatch_lot(request: Request, actor: Reverser, lot_id: UUID, given: CashReasonIn) -> Response:
    """Take back one match: its money is unmatched again and its instalment open again."""

    def work(db: Session) -> dict[str, Any]:
        lot = queries.get_lot(db, actor, lot_id, Permission.RECEIPT_REVERSE)
        reversal.unmatch(db, actor, lot, given.reason)
        return read_lots(db, actor, [lot_id])[0]

    return command(request, actor, work)


@lot_router.post(
    "/{lot_id}/return_support_cost",
    operation_id="return_support_cost",
    response_model=LotOut,
    responses=COMMANDS,
)
def return_support_cost(
    request: Request, actor: MoneyWriter, lot_id: UUID, given: SupportCostReturnIn
) -> Response:
    """Move unearned support cost back to the lot's own money, at closure."""

    def work(db: Session) -> dict[str, Any]:
        lot = queries.get_lot(db, actor, lot_id, Permission.MONEY_WRITE)
        lots.return_support_cost(db, actor, lot, given)
        return read_lots(db, actor, [lot_id])[0]

    return command(request, actor, work)


def read_receipt(db: Session, actor: Actor, receipt_id: UUID) -> dict[str, Any]:
    """Return the wire form of a receipt the actor may see; raise ``not-found`` otherwise."""
    query = queries.visible_receipts(actor).where(Receipt.id == receipt_id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise Problem("not-found")
    return _receipt_out(actor, row)


def _receipt_out(actor: Actor, row: Any) -> dict[str, Any]:
    return receipt_out(row, row.base_currency, inside=queries.is_inside(actor, row.fund_id))


def read_lots(db: Session, actor: Actor, lot_ids: list[UUID]) -> list[dict[str, Any]]:
    """Return the wire forms of those lots that the actor may see, in order of id."""
    query = queries.visible_lots(actor).where(Lot.id.in_(lot_ids)).order_by(Lot.id)
    return _with_balances(db, list(db.execute(query)))


def _with_balances(db: Session, rows: list[Any]) -> list[dict[str, Any]]:
    held = balances.lots_now(db, [row.id for row in rows])
    return [lot_out(row, held.get(row.id, {})) for row in rows]


CASH_ROUTERS: tuple[APIRouter, ...] = (receipt_router, lot_router, *CLAIM_ROUTERS)
