"""Routes of the fund's own accounts and of hosts' voucher profiles."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.banking import accounts, keeping, port, queries
from fundops.banking.models import FundBankAccount, VoucherProfile
from fundops.banking.profile import Profile, sample
from fundops.banking.schemas import (
    BankReasonIn,
    FundBankAccountIn,
    FundBankAccountOut,
    FundBankAccountPage,
    VoucherProfileIn,
    VoucherProfileOut,
    VoucherProfilePage,
    fund_account_out,
    profile_out,
)
from fundops.command import command, etag, read_session
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS, problems
from fundops.strict import StrictRoute

__all__ = ["keeping"]
"""With the routes comes this domain's part of a rotation of keys."""

account_router = APIRouter(prefix="/fund_bank_accounts", tags=["banking"], route_class=StrictRoute)
profile_router = APIRouter(prefix="/voucher_profiles", tags=["banking"], route_class=StrictRoute)
sample_router = APIRouter(tags=["banking"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.BANKING_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.BATCH_WRITE))]
Decider = Annotated[Actor, Depends(Can(Permission.BANK_ACCOUNT_APPROVE))]
DECIDES = Permission.BANK_ACCOUNT_APPROVE


@account_router.get(
    "", operation_id="list_fund_bank_accounts", response_model=FundBankAccountPage, responses=LISTS
)
def list_fund_bank_accounts(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    status: Literal["proposed", "active", "refused", "retired"] | None = None,
) -> Response:
    """List the accounts that funds pay from; their numbers are masked."""
    query = queries.accounts(actor)
    for column, value in ((queries.ACCOUNTS.fund_id, fund), (queries.ACCOUNTS.status, status)):
        if value is not None:
            query = query.where(column == value)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.ACCOUNT_SORTS, key=queries.ACCOUNTS.id,
            out=fund_account_out,
        )  # fmt: skip
    return json_response(page)


@account_router.post(
    "",
    operation_id="propose_fund_bank_account",
    status_code=201,
    response_model=FundBankAccountOut,
    responses=CREATES,
)
def propose_fund_bank_account(
    request: Request, actor: Writer, given: FundBankAccountIn
) -> Response:
    """Propose an account that a fund pays from; another person approves it."""
    vault = port.vault_of(request.app.state)

    def work(db: Session) -> dict[str, Any]:
        return fund_account_out(accounts.propose_account(db, actor, vault, given))

    return command(request, actor, work, status=201, location="/v1/fund_bank_accounts/{id}")


@account_router.get(
    "/{fund_bank_account_id}",
    operation_id="get_fund_bank_account",
    response_model=FundBankAccountOut,
    responses=READS,
)
def get_fund_bank_account(request: Request, actor: Reader, fund_bank_account_id: UUID) -> Response:
    """Read one account of a fund; its number is masked."""
    with read_session(request) as db:
        query, key = queries.accounts(actor), queries.ACCOUNTS.id
        row = queries.row(db, query, key, fund_bank_account_id)
    return json_response(fund_account_out(row), etag=etag(row.version))


@account_router.post(
    "/{fund_bank_account_id}/approve",
    operation_id="approve_fund_bank_account",
    response_model=FundBankAccountOut,
    responses=COMMANDS,
)
def approve_fund_bank_account(
    request: Request, actor: Decider, fund_bank_account_id: UUID
) -> Response:
    """Approve an account that another person proposed."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, FundBankAccount, actor, fund_bank_account_id, DECIDES)
        return fund_account_out(accounts.decide_account(db, actor, found, "approve"))

    return command(request, actor, work)


@account_router.post(
    "/{fund_bank_account_id}/refuse",
    operation_id="refuse_fund_bank_account",
    response_model=FundBankAccountOut,
    responses=COMMANDS,
)
def refuse_fund_bank_account(
    request: Request, actor: Decider, fund_bank_account_id: UUID, given: BankReasonIn
) -> Response:
    """Refuse an account that another person proposed."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, FundBankAccount, actor, fund_bank_account_id, DECIDES)
        return fund_account_out(accounts.decide_account(db, actor, found, "refuse", given.reason))

    return command(request, actor, work)


@account_router.post(
    "/{fund_bank_account_id}/retire",
    operation_id="retire_fund_bank_account",
    response_model=FundBankAccountOut,
    responses=COMMANDS,
)
def retire_fund_bank_account(
    request: Request, actor: Decider, fund_bank_account_id: UUID, given: BankReasonIn
) -> Response:
    """Retire an account: nothing leaves it any more; its statements can still be taken in."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, FundBankAccount, actor, fund_bank_account_id, DECIDES)
        return fund_account_out(accounts.decide_account(db, actor, found, "retire", given.reason))

    return command(request, actor, work)


@profile_router.get(
    "", operation_id="list_voucher_profiles", response_model=VoucherProfilePage, responses=LISTS
)
def list_voucher_profiles(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    status: Literal["proposed", "approved", "refused"] | None = None,
) -> Response:
    """List how vouchers are written for funds' hosts."""
    query = queries.profiles(actor)
    for column, value in ((queries.PROFILES.fund_id, fund), (queries.PROFILES.status, status)):
        if value is not None:
            query = query.where(column == value)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.PROFILE_SORTS, key=queries.PROFILES.id,
            out=profile_out,
        )  # fmt: skip
    return json_response(page)


@profile_router.post(
    "",
    operation_id="propose_voucher_profile",
    status_code=201,
    response_model=VoucherProfileOut,
    responses=CREATES,
)
def propose_voucher_profile(request: Request, actor: Writer, given: VoucherProfileIn) -> Response:
    """Propose how vouchers are written for a fund's host; another person approves it."""

    def work(db: Session) -> dict[str, Any]:
        return profile_out(accounts.propose_profile(db, actor, given))

    return command(request, actor, work, status=201, location="/v1/voucher_profiles/{id}")


@profile_router.get(
    "/{voucher_profile_id}",
    operation_id="get_voucher_profile",
    response_model=VoucherProfileOut,
    responses=READS,
)
def get_voucher_profile(request: Request, actor: Reader, voucher_profile_id: UUID) -> Response:
    """Read one voucher profile."""
    with read_session(request) as db:
        query, key = queries.profiles(actor), queries.PROFILES.id
        row = queries.row(db, query, key, voucher_profile_id)
    return json_response(profile_out(row), etag=etag(row.version))


@profile_router.post(
    "/{voucher_profile_id}/approve",
    operation_id="approve_voucher_profile",
    response_model=VoucherProfileOut,
    responses=COMMANDS,
)
def approve_voucher_profile(request: Request, actor: Decider, voucher_profile_id: UUID) -> Response:
    """Approve a voucher profile that another person proposed."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, VoucherProfile, actor, voucher_profile_id, DECIDES)
        return profile_out(accounts.decide_profile(db, actor, found, "approve"))

    return command(request, actor, work)


@profile_router.post(
    "/{voucher_profile_id}/refuse",
    operation_id="refuse_voucher_profile",
    response_model=VoucherProfileOut,
    responses=COMMANDS,
)
def refuse_voucher_profile(
    request: Request, actor: Decider, voucher_profile_id: UUID, given: BankReasonIn
) -> Response:
    """Refuse a voucher profile that another person proposed."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, VoucherProfile, actor, voucher_profile_id, DECIDES)
        return profile_out(accounts.decide_profile(db, actor, found, "refuse", given.reason))

    return command(request, actor, work)


@sample_router.get(
    "/voucher_profile_sample",
    operation_id="get_voucher_profile_sample",
    response_model=Profile,
    responses=problems(401, 403),
)
def get_voucher_profile_sample(request: Request, actor: Reader) -> Response:  # noqa: ARG001
    """Read the voucher profile that is shipped as an example, to start one's own from."""
    return json_response(sample().model_dump(mode="json"))
