"""Routes of write-offs, of what parties owe, and of donors' written choices."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.donors import cash_queries as queries
from fundops.donors import choices, recoverables, write_offs
from fundops.donors.cash_schemas import CashReasonIn
from fundops.donors.claim_schemas import (
    ChoiceIn,
    ChoiceOut,
    ChoicePage,
    RecoverablePage,
    RecoveryIn,
    RecoveryOut,
    WriteOffIn,
    WriteOffOut,
    WriteOffPage,
    choice_out,
    recoverable_out,
    recovery_out,
    write_off_out,
)
from fundops.donors.models import DonorChoice, Lot, WriteOff
from fundops.errors import Problem
from fundops.ledger.models import Account
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

write_off_router = APIRouter(prefix="/write_offs", tags=["write-offs"], route_class=StrictRoute)
claim_router = APIRouter(tags=["recoverables"], route_class=StrictRoute)
choice_router = APIRouter(
    prefix="/donor_choices", tags=["donors' choices"], route_class=StrictRoute
)

Reader = Annotated[Actor, Depends(Can(Permission.RECEIPT_READ))]
MoneyWriter = Annotated[Actor, Depends(Can(Permission.MONEY_WRITE))]
Requester = Annotated[Actor, Depends(Can(Permission.WRITE_OFF_REQUEST))]
Approver = Annotated[Actor, Depends(Can(Permission.WRITE_OFF_APPROVE))]


@write_off_router.get(
    "", operation_id="list_write_offs", response_model=WriteOffPage, responses=LISTS
)
def list_write_offs(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    status: Literal["requested", "approved", "rejected"] | None = None,
    instalment: UUID | None = None,
    party: UUID | None = None,
) -> Response:
    """List write-offs you may see."""
    query = queries.visible_write_offs(actor)
    for column, value in (
        (WriteOff.fund_id, fund),
        (WriteOff.status, status),
        (WriteOff.instalment_id, instalment),
        (WriteOff.party_id, party),
    ):
        if value is not None:
            query = query.where(column == value)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=queries.WRITE_OFF_SORTS,
            key=queries.WRITE_OFFS.id,
            out=write_off_out,
        )
    return json_response(page)


@write_off_router.post(
    "",
    operation_id="request_write_off",
    status_code=201,
    response_model=WriteOffOut,
    responses=CREATES,
)
def request_write_off(request: Request, actor: Requester, given: WriteOffIn) -> Response:
    """Ask to give up part of an instalment or of what a party owes."""

    def work(db: Session) -> dict[str, Any]:
        return write_off_out(write_offs.request(db, actor, given))

    return command(request, actor, work, status=201, location="/v1/write_offs/{id}")


@write_off_router.get(
    "/{write_off_id}", operation_id="get_write_off", response_model=WriteOffOut, responses=READS
)
def get_write_off(request: Request, actor: Reader, write_off_id: UUID) -> Response:
    """Read one write-off."""
    query = queries.visible_write_offs(actor).where(WriteOff.id == write_off_id)
    with read_session(request) as db:
        row = db.execute(query).one_or_none()
    if row is None:
        raise Problem("not-found")
    return json_response(write_off_out(row), etag=etag(row.version))


@write_off_router.post(
    "/{write_off_id}/approve",
    operation_id="approve_write_off",
    response_model=WriteOffOut,
    responses=COMMANDS,
)
def approve_write_off(request: Request, actor: Approver, write_off_id: UUID) -> Response:
    """Approve a write-off that another person asked for; the amount is given up."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get_write_off(db, actor, write_off_id, Permission.WRITE_OFF_APPROVE)
        return write_off_out(write_offs.approve(db, actor, found))

    return command(request, actor, work)


@write_off_router.post(
    "/{write_off_id}/reject",
    operation_id="reject_write_off",
    response_model=WriteOffOut,
    responses=COMMANDS,
)
def reject_write_off(
    request: Request, actor: Approver, write_off_id: UUID, given: CashReasonIn
) -> Response:
    """Refuse a write-off that another person asked for; nothing is given up."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get_write_off(db, actor, write_off_id, Permission.WRITE_OFF_APPROVE)
        return write_off_out(write_offs.reject(db, actor, found, given.reason))

    return command(request, actor, work)


@claim_router.get(
    "/recoverables",
    operation_id="list_recoverables",
    response_model=RecoverablePage,
    responses=LISTS,
)
def list_recoverables(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    party: UUID | None = None,
) -> Response:
    """List what parties owe, where they owe something."""
    query = queries.visible_recoverables(actor)
    if fund is not None:
        query = query.where(Account.fund_id == fund)
    if party is not None:
        query = query.where(Account.party_id == party)
    with read_session(request) as db:
        page = list_page(db, query, paging, sorts={}, key=queries.CLAIM_ID, out=recoverable_out)
    return json_response(page)


@claim_router.post(
    "/parties/{party_id}/recoveries",
    operation_id="record_recovery",
    status_code=201,
    response_model=RecoveryOut,
    responses=CREATES,
)
def record_recovery(
    request: Request, actor: MoneyWriter, party_id: UUID, given: RecoveryIn
) -> Response:
    """Book money that came back from a party that owes it."""

    def work(db: Session) -> dict[str, Any]:
        party = queries.get_party(db, party_id)
        return recovery_out(recoverables.record_recovery(db, actor, party, given), party_id, given)

    return command(request, actor, work, status=201)


@choice_router.get(
    "", operation_id="list_donor_choices", response_model=ChoicePage, responses=LISTS
)
def list_donor_choices(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    donor: UUID | None = None,
    lot: UUID | None = None,
    kind: Literal["return", "reprogram"] | None = None,
) -> Response:
    """List donors' written choices about their lots."""
    query = queries.visible_choices(actor)
    for column, value in (
        (Lot.fund_id, fund),
        (Lot.donor_id, donor),
        (DonorChoice.lot_id, lot),
        (DonorChoice.kind, kind),
    ):
        if value is not None:
            query = query.where(column == value)

    def out(row: Any) -> dict[str, Any]:
        return choice_out(row, row.base_currency)

    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.CHOICE_SORTS, key=queries.CHOICES.id, out=out
        )
    return json_response(page)


@choice_router.post(
    "",
    operation_id="record_donor_choice",
    status_code=201,
    response_model=ChoiceOut,
    responses=CREATES,
)
def record_donor_choice(request: Request, actor: MoneyWriter, given: ChoiceIn) -> Response:
    """Carry out a donor's written choice: return available money of a lot, or reprogram it."""

    def work(db: Session) -> dict[str, Any]:
        choice = choices.choose(db, actor, given)
        return choice_out(choice, given.amount.currency)

    return command(request, actor, work, status=201)


CLAIM_ROUTERS: tuple[APIRouter, ...] = (write_off_router, claim_router, choice_router)
