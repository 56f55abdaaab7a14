"""Routes of payment batches: making, releasing, their file, and a host's results."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.banking import batches, port, queries, results
from fundops.banking.models import BankFile, PaymentBatch
from fundops.banking.schemas import (
    BankReasonIn,
    BatchItemPage,
    PaymentBatchIn,
    PaymentBatchOut,
    PaymentBatchPage,
    ReleaseIn,
    ResultsOut,
    batch_out,
    item_out,
)
from fundops.command import command, etag, read_session
from fundops.errors import Problem
from fundops.files.routes import download
from fundops.messages import text
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import COMMANDS, CREATES, LISTS, READS, problems
from fundops.strict import RAW_BODY, RawRoute, StrictRoute, raw_body

router = APIRouter(prefix="/payment_batches", tags=["banking"], route_class=StrictRoute)
results_router = APIRouter(prefix="/payment_batches", tags=["banking"], route_class=RawRoute)

Reader = Annotated[Actor, Depends(Can(Permission.BANKING_READ))]
Maker = Annotated[Actor, Depends(Can(Permission.BATCH_WRITE))]
Releaser = Annotated[Actor, Depends(Can(Permission.BATCH_RELEASE))]
Confirmer = Annotated[Actor, Depends(Can(Permission.BANK_STATEMENT_WRITE))]
XML, CSV = "application/xml", "text/csv"
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file as it was written at release, verified against its hash",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in (XML, CSV)
        },
    }
}


@router.get(
    "", operation_id="list_payment_batches", response_model=PaymentBatchPage, responses=LISTS
)
def list_payment_batches(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    account: UUID | None = None,
    status: Literal["draft", "released", "cancelled"] | None = None,
) -> Response:
    """List batches of payments."""
    query, columns = queries.batches(actor), queries.BATCHES
    for column, value in (
        (columns.fund_id, fund),
        (columns.account_id, account),
        (columns.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.BATCH_SORTS, key=columns.id, out=batch_out
        )
    return json_response(page)


@router.post(
    "",
    operation_id="make_payment_batch",
    status_code=201,
    response_model=PaymentBatchOut,
    responses=CREATES,
)
def make_payment_batch(request: Request, actor: Maker, given: PaymentBatchIn) -> Response:
    """Gather approved payments that leave one account into a batch, with its control totals."""
    vault = port.vault_of(request.app.state)

    def work(db: Session) -> dict[str, Any]:
        return batch_out(batches.make(db, actor, vault, given))

    return command(request, actor, work, status=201, location="/v1/payment_batches/{id}")


@router.get(
    "/{payment_batch_id}",
    operation_id="get_payment_batch",
    response_model=PaymentBatchOut,
    responses=READS,
)
def get_payment_batch(request: Request, actor: Reader, payment_batch_id: UUID) -> Response:
    """Read one batch and its control totals."""
    with read_session(request) as db:
        row = queries.row(db, queries.batches(actor), queries.BATCHES.id, payment_batch_id)
    return json_response(batch_out(row), etag=etag(row.version))


@router.get(
    "/{payment_batch_id}/items",
    operation_id="list_payment_batch_items",
    response_model=BatchItemPage,
    responses=LISTS | problems(404),
)
def list_payment_batch_items(
    request: Request, actor: Reader, paging: Paging, payment_batch_id: UUID
) -> Response:
    """List the payments of a batch and what has become of each; codes, no names."""
    with read_session(request) as db:
        queries.get(db, PaymentBatch, actor, payment_batch_id)
        page = list_page(
            db, queries.items(actor, payment_batch_id), paging, sorts=queries.ITEM_SORTS,
            key=queries.ITEM_ID, out=item_out,
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/{payment_batch_id}/release",
    operation_id="release_payment_batch",
    response_model=PaymentBatchOut,
    responses=COMMANDS,
)
def release_payment_batch(
    request: Request, actor: Releaser, payment_batch_id: UUID, given: ReleaseIn
) -> Response:
    """Release a batch that another person made: all of its payments are sent, or none. The file
    is written now, once.
    """
    vault = port.vault_of(request.app.state)

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, PaymentBatch, actor, payment_batch_id, Permission.BATCH_RELEASE)
        return batch_out(batches.release(db, actor, vault, found, given))

    return command(request, actor, work)


@router.post(
    "/{payment_batch_id}/cancel",
    operation_id="cancel_payment_batch",
    response_model=PaymentBatchOut,
    responses=COMMANDS,
)
def cancel_payment_batch(
    request: Request, actor: Maker, payment_batch_id: UUID, given: BankReasonIn
) -> Response:
    """Cancel a batch that has not been released; its payments may go into another."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get(db, PaymentBatch, actor, payment_batch_id, Permission.BATCH_WRITE)
        return batch_out(batches.cancel(db, actor, found, given.reason))

    return command(request, actor, work)


@router.get(
    "/{payment_batch_id}/file",
    operation_id="download_payment_file",
    response_class=Response,
    responses=_FILE | READS | problems(409),
)
def download_payment_file(request: Request, actor: Releaser, payment_batch_id: UUID) -> Response:
    """Download the file of a released batch, for whoever may release batches."""
    with read_session(request) as db:
        batch = queries.get(db, PaymentBatch, actor, payment_batch_id, Permission.BATCH_RELEASE)
        return _download(batch, *batches.file_of(db, port.vault_of(request.app.state), batch))


@router.get(
    "/{payment_batch_id}/vouchers",
    operation_id="download_vouchers",
    response_class=Response,
    responses=_FILE | READS | problems(409),
)
def download_vouchers(request: Request, actor: Maker, payment_batch_id: UUID) -> Response:
    """Download the vouchers of a released batch, for whoever hands them to the host; a bank's
    payment file is not given out here.
    """
    with read_session(request) as db:
        batch = queries.get(db, PaymentBatch, actor, payment_batch_id, Permission.BATCH_WRITE)
        if batch.profile_id is None:
            raise Problem("conflict", detail=text("banking.no_vouchers"))
        return _download(batch, *batches.file_of(db, port.vault_of(request.app.state), batch))


def _download(batch: PaymentBatch, kept: BankFile, content: bytes) -> Response:
    kind, ending = (XML, "xml") if kept.kind == "payments" else (CSV, "csv")
    return download(kind, f"{batch.code}.{ending}", content)


@results_router.post(
    "/{payment_batch_id}/check_results",
    operation_id="check_batch_results",
    response_model=ResultsOut,
    responses=problems(400, 401, 403, 404, 409, 413, 415, 422),
    openapi_extra=RAW_BODY | {"x-dry-run": True},
)
def check_batch_results(request: Request, actor: Confirmer, payment_batch_id: UUID) -> Response:
    """Read a host's results and say, row by row, what taking them in would do; change nothing."""
    with read_session(request) as db:
        batch = results.batch_of(db, actor, payment_batch_id)
        raw = raw_body(request)
        return json_response(results.out(results.read(db, batch, raw), batch.currency))


@results_router.post(
    "/{payment_batch_id}/results",
    operation_id="take_in_batch_results",
    response_model=ResultsOut,
    responses=COMMANDS,
    openapi_extra=RAW_BODY,
)
def take_in_batch_results(request: Request, actor: Confirmer, payment_batch_id: UUID) -> Response:
    """Take in a host's results: what it paid is paid, what it rejected has failed. A file with a
    wrong row changes nothing, and each such row is named; the same file again changes nothing.
    """
    vault = port.vault_of(request.app.state)

    def work(db: Session) -> dict[str, Any]:
        batch = results.batch_of(db, actor, payment_batch_id)
        raw = raw_body(request)
        return results.out(results.take_in(db, actor, vault, batch, raw), batch.currency)

    return command(request, actor, work)


ROUTERS: tuple[APIRouter, ...] = (router, results_router)
