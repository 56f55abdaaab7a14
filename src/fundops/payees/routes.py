"""Routes of bank accounts, call-backs, and the exceptions that emergencies are."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.errors import invalid
from fundops.pages import Paging, json_response, list_page
from fundops.payees import hooks, links, queries, service
from fundops.payees.models import BankAccount
from fundops.payees.schemas import (
    AccountReasonIn,
    ApproveAccountIn,
    BankAccountIn,
    BankAccountOut,
    BankAccountPage,
    CallBackIn,
    CallBackOut,
    CallBackPage,
    ExceptionPage,
    Origin,
    Status,
    account_out,
    call_back_out,
    exception_out,
)
from fundops.payees.sealing import is_told_by
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute
from fundops.vault import Vault

__all__ = ["links", "router"]
"""With the routes come the links to other domains."""

router = APIRouter(prefix="/bank_accounts", tags=["bank accounts"], route_class=StrictRoute)
exception_router = APIRouter(tags=["bank accounts"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.BANK_ACCOUNT_READ))]
Proposer = Annotated[Actor, Depends(Can(Permission.BANK_ACCOUNT_PROPOSE))]
Approver = Annotated[Actor, Depends(Can(Permission.BANK_ACCOUNT_APPROVE))]


@router.get("", operation_id="list_bank_accounts", response_model=BankAccountPage, responses=LISTS)
def list_bank_accounts(
    request: Request,
    actor: Reader,
    paging: Paging,
    party: UUID | None = None,
    status: Status | None = None,
    origin: Origin | None = None,
) -> Response:
    """List bank accounts you may see, masked."""
    query = queries.visible(actor, party_id=party, status=status, origin=origin)
    warns = queries.warned(actor)

    def out(row: Any) -> dict[str, Any]:
        return account_out(row, warns=warns)

    with read_session(request) as db:
        page = list_page(db, query, paging, sorts=queries.SORTS, key=BankAccount.id, out=out)
    return json_response(page)


@router.post(
    "",
    operation_id="propose_bank_account",
    status_code=201,
    response_model=BankAccountOut,
    responses=CREATES,
)
def propose_bank_account(request: Request, actor: Proposer, given: BankAccountIn) -> Response:
    """Register a bank account, for another person to approve; its number is never shown again."""
    vault: Vault = request.app.state.vault

    def work(db: Session) -> dict[str, Any]:
        return _shown(db, actor, service.propose(db, actor, vault, given).id)

    return command(request, actor, work, status=201, location="/v1/bank_accounts/{id}")


@router.get(
    "/{bank_account_id}",
    operation_id="get_bank_account",
    response_model=BankAccountOut,
    responses=READS,
)
def get_bank_account(request: Request, actor: Reader, bank_account_id: UUID) -> Response:
    """Read one bank account, masked."""
    with read_session(request) as db:
        found = _shown(db, actor, bank_account_id)
    return json_response(found, etag=etag(found["version"]))


@router.post(
    "/{bank_account_id}/approve",
    operation_id="approve_bank_account",
    response_model=BankAccountOut,
    responses=COMMANDS,
)
def approve_bank_account(
    request: Request, actor: Approver, bank_account_id: UUID, given: ApproveAccountIn
) -> Response:
    """Approve a bank account that another person registered; a change then cools."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, bank_account_id, Permission.BANK_ACCOUNT_APPROVE)
        _refuse_number(request, found, {"/elsewhere_reason": given.elsewhere_reason})
        return _shown(db, actor, service.approve(db, actor, found, given).id)

    return command(request, actor, work)


@router.post(
    "/{bank_account_id}/object",
    operation_id="object_to_bank_account",
    response_model=BankAccountOut,
    responses=COMMANDS,
)
def object_to_bank_account(
    request: Request, actor: Proposer, bank_account_id: UUID, given: AccountReasonIn
) -> Response:
    """Stop a bank account before it can be paid to; the party's own persons may, and the office."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, bank_account_id, Permission.BANK_ACCOUNT_PROPOSE)
        _refuse_number(request, found, {"/reason": given.reason})
        return _shown(db, actor, service.stop(db, actor, found, "object", given.reason).id)

    return command(request, actor, work)


@router.post(
    "/{bank_account_id}/refuse",
    operation_id="refuse_bank_account",
    response_model=BankAccountOut,
    responses=COMMANDS,
)
def refuse_bank_account(
    request: Request, actor: Approver, bank_account_id: UUID, given: AccountReasonIn
) -> Response:
    """Refuse a bank account before it can be paid to."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, bank_account_id, Permission.BANK_ACCOUNT_APPROVE)
        _refuse_number(request, found, {"/reason": given.reason})
        return _shown(db, actor, service.stop(db, actor, found, "refuse", given.reason).id)

    return command(request, actor, work)


@router.post(
    "/{bank_account_id}/block",
    operation_id="block_bank_account",
    response_model=BankAccountOut,
    responses=COMMANDS,
)
def block_bank_account(
    request: Request, actor: Proposer, bank_account_id: UUID, given: AccountReasonIn
) -> Response:
    """Stop payments to a bank account at once."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, bank_account_id, Permission.BANK_ACCOUNT_PROPOSE)
        _refuse_number(request, found, {"/reason": given.reason})
        return _shown(db, actor, service.block(db, actor, found, given.reason).id)

    return command(request, actor, work)


@router.post(
    "/{bank_account_id}/unblock",
    operation_id="unblock_bank_account",
    response_model=BankAccountOut,
    responses=COMMANDS,
)
def unblock_bank_account(
    request: Request, actor: Approver, bank_account_id: UUID, given: AccountReasonIn
) -> Response:
    """Let a bank account be paid to again, which another person had blocked."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, bank_account_id, Permission.BANK_ACCOUNT_APPROVE)
        _refuse_number(request, found, {"/reason": given.reason})
        return _shown(db, actor, service.unblock(db, actor, found, given.reason).id)

    return command(request, actor, work)


@router.post(
    "/{bank_account_id}/retire",
    operation_id="retire_bank_account",
    response_model=BankAccountOut,
    responses=COMMANDS,
)
def retire_bank_account(
    request: Request, actor: Approver, bank_account_id: UUID, given: AccountReasonIn
) -> Response:
    """End the use of a bank account for good; the next one is a change, and cools."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, bank_account_id, Permission.BANK_ACCOUNT_APPROVE)
        _refuse_number(request, found, {"/reason": given.reason})
        return _shown(db, actor, service.retire(db, actor, found, given.reason).id)

    return command(request, actor, work)


@router.get(
    "/{bank_account_id}/call_backs",
    operation_id="list_call_backs",
    response_model=CallBackPage,
    responses=READS,
)
def list_call_backs(
    request: Request, actor: Reader, paging: Paging, bank_account_id: UUID
) -> Response:
    """List the calls to the payee about a bank account of an emergency."""
    with read_session(request) as db:
        its = queries.row(db, actor, bank_account_id)
        page = list_page(
            db,
            queries.call_backs(its.id),
            paging,
            sorts=queries.CALL_BACK_SORTS,
            key=queries.CALL_BACKS.id,
            out=call_back_out,
        )
    return json_response(page)


@router.post(
    "/{bank_account_id}/call_backs",
    operation_id="record_call_back",
    status_code=201,
    response_model=CallBackOut,
    responses=COMMANDS,
)
def record_call_back(
    request: Request, actor: Approver, bank_account_id: UUID, given: CallBackIn
) -> Response:
    """Record a call to the payee, on a channel verified before; a denial refuses the account."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, actor, bank_account_id, Permission.BANK_ACCOUNT_APPROVE)
        told = {"/spoke_to": given.spoke_to, "/note": given.note}
        _refuse_number(request, found, told)
        return call_back_out(service.record_call_back(db, actor, found, given))

    return command(request, actor, work, status=201)


@exception_router.get(
    "/bank_account_exceptions",
    operation_id="list_bank_account_exceptions",
    response_model=ExceptionPage,
    responses=LISTS,
)
def list_bank_account_exceptions(
    request: Request, actor: Reader, paging: Paging, party: UUID | None = None
) -> Response:
    """List accounts used in emergencies: by whom, when, up to how much, how much is used."""
    query = queries.exceptions(actor, party_id=party)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.SORTS, key=BankAccount.id, out=lambda row: {"row": row}
        )
        rows = [item["row"] for item in page["items"]]
        used = hooks.used(db, [row.id for row in rows])
    page["items"] = [exception_out(row, used[row.id]) for row in rows]
    return json_response(page)


def _refuse_number(request: Request, account: BankAccount, told: dict[str, str | None]) -> None:
    """Refuse the account's number in texts that are kept as they stand, and told."""
    vault: Vault = request.app.state.vault
    for pointer, prose in told.items():
        if is_told_by(vault, account, prose):
            raise invalid(pointer, "payees.number_in_text")


def _shown(db: Session, actor: Actor, account_id: UUID) -> dict[str, Any]:
    """Return an account as ``actor`` may see it, with whose else its number is if they may know."""
    row = queries.row(db, actor, account_id)
    if not queries.warned(actor):
        return account_out(row)
    known = queries.elsewhere(db, actor, account_id) if row.elsewhere else []
    return account_out(row, warns=True, elsewhere=known)


ROUTERS: tuple[APIRouter, ...] = (router, exception_router)
