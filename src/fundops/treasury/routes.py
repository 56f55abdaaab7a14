"""Routes of a fund's treasury: operating reserve, bank entries, agent fees, transfers."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.funds import queries as funds
from fundops.funds.models import BankEntry, FundTransfer
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute
from fundops.treasury import bank, queries, reserve, transfers
from fundops.treasury.schemas import (
    AgentFeeIn,
    AgentFeeOut,
    BankEntryIn,
    BankEntryOut,
    BankEntryPage,
    FundTransferIn,
    FundTransferOut,
    FundTransferPage,
    ReserveIn,
    ReserveOut,
    ReserveTargetPatch,
    agent_fee_out,
    bank_entry_out,
    fund_transfer_out,
    reserve_out,
)

fund_router = APIRouter(prefix="/funds/{fund_id}", tags=["treasury"], route_class=StrictRoute)
entry_router = APIRouter(prefix="/bank_entries", tags=["treasury"], route_class=StrictRoute)
transfer_router = APIRouter(prefix="/fund_transfers", tags=["treasury"], route_class=StrictRoute)

ReserveWriter = Annotated[Actor, Depends(Can(Permission.RESERVE_WRITE))]
Reader = Annotated[Actor, Depends(Can(Permission.RECEIPT_READ))]
MoneyWriter = Annotated[Actor, Depends(Can(Permission.MONEY_WRITE))]


@fund_router.get(
    "/operating_reserve",
    operation_id="get_operating_reserve",
    response_model=ReserveOut,
    responses=READS,
)
def get_operating_reserve(request: Request, actor: Reader, fund_id: UUID) -> Response:
    """Read how much a fund means to keep set aside, and how much is."""
    with read_session(request) as db:
        fund = _fund_of_insider(db, actor, fund_id)
        found = reserve_out(fund, queries.set_aside_minor(db, fund.id))
    return json_response(found, etag=etag(fund.version))


@fund_router.patch(
    "/operating_reserve",
    operation_id="change_operating_reserve_target",
    response_model=ReserveOut,
    responses=CHANGES,
)
def change_operating_reserve_target(
    request: Request, actor: ReserveWriter, fund_id: UUID, patch: ReserveTargetPatch
) -> Response:
    """Change how much a fund means to keep set aside. Needs the fund's ETag in If-Match."""

    def work(db: Session) -> dict[str, Any]:
        fund = _fund(db, actor, Permission.RESERVE_WRITE, fund_id)
        check_match(request, fund.version)
        reserve.set_target(db, actor, fund, patch)
        return reserve_out(fund, queries.set_aside_minor(db, fund.id))

    return command(request, actor, work)


@fund_router.post(
    "/set_aside", operation_id="set_aside", response_model=ReserveOut, responses=COMMANDS
)
def set_aside(request: Request, actor: ReserveWriter, fund_id: UUID, given: ReserveIn) -> Response:
    """Set money aside as operating reserve, from unearmarked lots, oldest first."""

    def work(db: Session) -> dict[str, Any]:
        fund = _fund(db, actor, Permission.RESERVE_WRITE, fund_id)
        parts = reserve.set_aside(db, actor, fund, given)
        moved = [(part.lot.id, part.amount_minor) for part in parts]
        return reserve_out(fund, queries.set_aside_minor(db, fund.id), moved)

    return command(request, actor, work)


@fund_router.post(
    "/set_free", operation_id="set_free", response_model=ReserveOut, responses=COMMANDS
)
def set_free(request: Request, actor: ReserveWriter, fund_id: UUID, given: ReserveIn) -> Response:
    """Set money of the operating reserve free again, to the lots it came from, oldest first."""

    def work(db: Session) -> dict[str, Any]:
        fund = _fund(db, actor, Permission.RESERVE_WRITE, fund_id)
        parts = reserve.set_free(db, actor, fund, given)
        moved = [(part.lot.id, part.amount_minor) for part in parts]
        return reserve_out(fund, queries.set_aside_minor(db, fund.id), moved)

    return command(request, actor, work)


@fund_router.post(
    "/pay_agent_fee", operation_id="pay_agent_fee", response_model=AgentFeeOut, responses=COMMANDS
)
def pay_agent_fee(
    request: Request, actor: MoneyWriter, fund_id: UUID, given: AgentFeeIn
) -> Response:
    """Book the payment of agent fees that were kept back from receipts."""

    def work(db: Session) -> dict[str, Any]:
        fund = _fund(db, actor, Permission.MONEY_WRITE, fund_id)
        return agent_fee_out(bank.pay_agent_fee(db, actor, fund, given), fund, given)

    return command(request, actor, work)


@entry_router.get(
    "", operation_id="list_bank_entries", response_model=BankEntryPage, responses=LISTS
)
def list_bank_entries(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    kind: Literal["interest", "fee"] | None = None,
) -> Response:
    """List interest earned and fees charged by the bank. Donors see none."""
    query = queries.visible_bank_entries(actor)
    if fund is not None:
        query = query.where(BankEntry.fund_id == fund)
    if kind is not None:
        query = query.where(BankEntry.kind == kind)

    def out(row: Any) -> dict[str, Any]:
        return bank_entry_out(row, row.base_currency)

    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.ENTRY_SORTS, key=queries.ENTRIES.id, out=out
        )
    return json_response(page)


@entry_router.post(
    "",
    operation_id="book_bank_entry",
    status_code=201,
    response_model=BankEntryOut,
    responses=CREATES,
)
def book_bank_entry(request: Request, actor: MoneyWriter, given: BankEntryIn) -> Response:
    """Book interest earned or a fee charged by the bank."""

    def work(db: Session) -> dict[str, Any]:
        booked = bank.book_bank_entry(db, actor, given)
        return bank_entry_out(booked.entry, given.amount.currency, booked.absorbed_minor)

    return command(request, actor, work, status=201)


@transfer_router.get(
    "", operation_id="list_fund_transfers", response_model=FundTransferPage, responses=LISTS
)
def list_fund_transfers(
    request: Request,
    actor: Reader,
    paging: Paging,
    lot: UUID | None = None,
    donor: UUID | None = None,
) -> Response:
    """List transfers between funds that you may see."""
    query = queries.visible_transfers(actor)
    if lot is not None:
        query = query.where(FundTransfer.lot_id == lot)
    if donor is not None:
        query = query.where(Lot.donor_id == donor)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=queries.TRANSFER_SORTS,
            key=queries.TRANSFERS.id,
            out=fund_transfer_out,
        )
    return json_response(page)


@transfer_router.post(
    "",
    operation_id="transfer_between_funds",
    status_code=201,
    response_model=FundTransferOut,
    responses=CREATES,
)
def transfer_between_funds(request: Request, actor: MoneyWriter, given: FundTransferIn) -> Response:
    """Move available money of a lot to another fund, as a lot of the same donor there."""

    def work(db: Session) -> dict[str, Any]:
        moved = transfers.transfer(db, actor, given)
        query = queries.visible_transfers(actor).where(FundTransfer.id == moved.id)
        return fund_transfer_out(db.execute(query).one())

    return command(request, actor, work, status=201)


def _fund(db: Session, actor: Actor, permission: Permission, fund_id: UUID) -> Fund:
    """Return a fund that ``permission`` reaches, fresh; raise ``not-found`` otherwise."""
    actor.require_fund(permission, fund_id)
    return funds.get_visible(db, actor, fund_id, lock=True)


def _fund_of_insider(db: Session, actor: Actor, fund_id: UUID) -> Fund:
    """Return a fund whose treasury the actor may read: not one seen as a donor alone."""
    if not queries.is_insider(actor, fund_id):
        raise Problem("not-found")
    return funds.get_visible(db, actor, fund_id)


TREASURY_ROUTERS: tuple[APIRouter, ...] = (
    fund_router,
    entry_router,
    transfer_router,
)
