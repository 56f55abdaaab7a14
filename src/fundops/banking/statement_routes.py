"""Routes of statements: taking them in, their entries, proposals, confirming, reconciliation."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.banking import confirming, port, queries, reconciliation, statement_queries, statements
from fundops.banking.models import FundBankAccount
from fundops.banking.reconciliation import MAX_LISTED, Reconciliation
from fundops.banking.statement_schemas import (
    BankStatementOut,
    BankStatementPage,
    ConfirmedManyOut,
    ConfirmExactIn,
    EntryConfirmIn,
    EntryPage,
    EntryProposalsOut,
    ImportedOut,
    ReconciliationOut,
    StatementEntryOut,
    entry_out,
    proposal_out,
    statement_out,
)
from fundops.command import command, read_session
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS, money_out, problems
from fundops.strict import RAW_BODY, RawRoute, StrictRoute, raw_body

router = APIRouter(prefix="/bank_statements", tags=["bank statements"], route_class=StrictRoute)
entry_router = APIRouter(
    prefix="/statement_entries", tags=["bank statements"], route_class=StrictRoute
)
import_router = APIRouter(
    prefix="/fund_bank_accounts", tags=["bank statements"], route_class=RawRoute
)

STATEMENTS_ADDRESS = re.compile(r"/v1/fund_bank_accounts/[^/]+/statements")
"""Where statements are sent to: they may be larger than other bodies."""

MAX_STATEMENT_BYTES = 32 * 2**20
MAX_PROPOSALS = 500

Reader = Annotated[Actor, Depends(Can(Permission.BANKING_READ))]
Confirmer = Annotated[Actor, Depends(Can(Permission.BANK_STATEMENT_WRITE))]
WRITES = Permission.BANK_STATEMENT_WRITE


@import_router.post(
    "/{fund_bank_account_id}/statements",
    operation_id="import_bank_statements",
    status_code=201,
    response_model=ImportedOut,
    responses=CREATES,
    openapi_extra=RAW_BODY,
)
def import_bank_statements(
    request: Request, actor: Confirmer, fund_bank_account_id: UUID
) -> Response:
    """Take in a camt.053 file of an account. The same file, or the same statements, again change
    nothing; a file whose balances and entries do not add up is refused.
    """
    with read_session(request) as db:
        account = queries.get(db, FundBankAccount, actor, fund_bank_account_id, WRITES)
        raw = raw_body(request)
        found = statements.read(db, account, raw)
    vault = port.vault_of(request.app.state)

    def work(db: Session) -> dict[str, Any]:
        account = queries.get(db, FundBankAccount, actor, fund_bank_account_id, WRITES)
        taken = statements.take_in(db, actor, vault, account, raw, found)
        made = {one.id for one in taken.statements}
        query = statement_queries.statements(actor)
        query = query.where(statement_queries.STATEMENTS.id.in_(made))
        rows = db.execute(query.order_by(statement_queries.STATEMENTS.position)).all()
        return {"is_known": taken.is_known, "statements": [statement_out(row) for row in rows]}

    return command(request, actor, work, status=201)


@router.get(
    "", operation_id="list_bank_statements", response_model=BankStatementPage, responses=LISTS
)
def list_bank_statements(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    account: UUID | None = None,
) -> Response:
    """List statements, with how many entries of each nobody has confirmed."""
    query, columns = statement_queries.statements(actor), statement_queries.STATEMENTS
    for column, value in ((columns.fund_id, fund), (columns.account_id, account)):
        if value is not None:
            query = query.where(column == value)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=statement_queries.STATEMENT_SORTS, key=columns.id,
            out=statement_out,
        )  # fmt: skip
    return json_response(page)


@router.get(
    "/{bank_statement_id}",
    operation_id="get_bank_statement",
    response_model=BankStatementOut,
    responses=READS,
)
def get_bank_statement(request: Request, actor: Reader, bank_statement_id: UUID) -> Response:
    """Read one statement and what it shows that a person should look at."""
    with read_session(request) as db:
        query, key = statement_queries.statements(actor), statement_queries.STATEMENTS.id
        row = queries.row(db, query, key, bank_statement_id)
    return json_response(statement_out(row))


@router.get(
    "/{bank_statement_id}/entries",
    operation_id="list_statement_entries",
    response_model=EntryPage,
    responses=LISTS | problems(404, 409),
)
def list_statement_entries(
    request: Request,
    actor: Reader,
    paging: Paging,
    bank_statement_id: UUID,
    is_open: bool | None = None,
) -> Response:
    """List the entries of a statement. Who stands on the other side is shown to those who confirm
    entries, and to nobody else.
    """
    with read_session(request) as db:
        statement = statement_queries.get_statement(db, actor, bank_statement_id)
        others: dict[int, list[str | None]] = {}
        funds = actor.funds(WRITES)
        if actor.allows(WRITES) and (funds is None or statement.fund_id in funds):
            vault = port.vault_of(request.app.state)
            others = statements.others_of(db, vault, statement.lines_id)
        page = list_page(
            db,
            statement_queries.entries(actor, bank_statement_id, is_open=is_open),
            paging,
            sorts=statement_queries.ENTRY_SORTS,
            key=statement_queries.ENTRIES.id,
            out=lambda row: entry_out(row, others),
        )
    return json_response(page)


@router.get(
    "/{bank_statement_id}/proposals",
    operation_id="get_statement_proposals",
    response_model=EntryProposalsOut,
    responses=READS | problems(409),
)
def get_statement_proposals(
    request: Request,
    actor: Confirmer,
    bank_statement_id: UUID,
    after: Annotated[int, Query(ge=0, le=10**6, description="A position.")] = 0,
) -> Response:
    """Read what the open entries of a statement may be, each with its reason; a person decides."""
    with read_session(request) as db:
        statement = statement_queries.get_statement(db, actor, bank_statement_id, WRITES)
        others = statements.others_of(db, port.vault_of(request.app.state), statement.lines_id)
        found = statement_queries.open_entries(db, statement.id)
        vault = port.vault_of(request.app.state)
        offered = statement_queries.proposed(db, vault, statement, found, others)
    places = {one.id: one.position for one in found}
    shown = [one for one in offered if places[one.entry_id] > after]
    page = shown[:MAX_PROPOSALS]
    while page and len(shown) > len(page) and shown[len(page)].entry_id == page[-1].entry_id:
        page.append(shown[len(page)])
    answer = {
        "items": [proposal_out(one, statement.currency) for one in page],
        "exact": sum(one.grade == "exact" for one in offered),
        "without": len(found) - len({one.entry_id for one in offered}),
        "next_after": places[page[-1].entry_id] if len(shown) > len(page) else None,
    }
    return json_response(answer)


@router.post(
    "/{bank_statement_id}/confirm_exact",
    operation_id="confirm_exact_entries",
    response_model=ConfirmedManyOut,
    responses=COMMANDS,
)
def confirm_exact_entries(
    request: Request, actor: Confirmer, bank_statement_id: UUID, given: ConfirmExactIn
) -> Response:
    """Confirm many entries as proposed, up to 500 at once: those only whose reference and amount
    are exactly a payment's.
    """
    vault = port.vault_of(request.app.state)

    def work(db: Session) -> dict[str, Any]:
        statement = statement_queries.get_statement(db, actor, bank_statement_id, WRITES)
        done, left = confirming.confirm_exact(db, actor, vault, statement, given.entry_ids)
        return {"confirmed": done, "left": left}

    return command(request, actor, work)


@router.get(
    "/{bank_statement_id}/reconciliation",
    operation_id="get_bank_reconciliation",
    response_model=ReconciliationOut,
    responses=READS,
)
def get_bank_reconciliation(request: Request, actor: Reader, bank_statement_id: UUID) -> Response:
    """Read the bank's balance beside the books' on a statement's last day, and what differs."""
    with read_session(request) as db:
        statement = statement_queries.get_statement(db, actor, bank_statement_id)
        found = reconciliation.reconcile(db, statement)
        currency = db.get_one(Fund, statement.fund_id).base_currency
    return json_response(_reconciliation_out(statement.id, found, currency))


@entry_router.post(
    "/{statement_entry_id}/confirm",
    operation_id="confirm_statement_entry",
    response_model=StatementEntryOut,
    responses=COMMANDS,
)
def confirm_statement_entry(
    request: Request, actor: Confirmer, statement_entry_id: UUID, given: EntryConfirmIn
) -> Response:
    """Confirm what an entry was: a payment paid, returned or refused, a refund, a receipt, a fee
    or interest. The books follow; an amount that differs is refused and named.
    """

    def work(db: Session) -> dict[str, Any]:
        entry, statement = statement_queries.get_entry(db, actor, statement_entry_id)
        confirming.confirm(db, actor, statement, entry, given)
        query = statement_queries.entries(actor, statement.id)
        row = queries.row(db, query, statement_queries.ENTRIES.id, entry.id)
        return entry_out(row, {})

    return command(request, actor, work)


def _reconciliation_out(statement_id: UUID, found: Reconciliation, currency: str) -> dict[str, Any]:
    listed = found.differences[:MAX_LISTED]
    return {
        "statement_id": statement_id,
        "on": found.on,
        "bank": money_out(found.bank_minor, currency),
        "books": money_out(found.books_minor, currency),
        "difference": money_out(found.books_minor - found.bank_minor, currency),
        "start": money_out(found.start_minor, currency),
        "bank_only": money_out(found.total("bank_only"), currency),
        "books_only": money_out(found.total("books_only"), currency),
        "other_amount": money_out(found.total("other_amount"), currency),
        "unexplained": money_out(found.unexplained_minor, currency),
        "accounts": found.accounts,
        "differences": [
            {
                "what": one.what,
                "amount": money_out(one.minor, currency),
                "on": one.on,
                "statement_id": one.statement_id,
                "entry_id": one.entry_id,
                "source_type": one.source_type,
                "source_id": one.source_id,
            }
            for one in listed
        ],
        "left_out": len(found.differences) - len(listed),
    }


ROUTERS: tuple[APIRouter, ...] = (router, entry_router, import_router)
