"""Routes of grant agreements: preparing, changing, reading and comparing versions."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.grants import agreement_content as content
from fundops.grants import agreement_queries as queries
from fundops.grants import agreements
from fundops.grants import queries as grants
from fundops.grants.agreement_models import GrantAgreement
from fundops.grants.agreement_queries import Held
from fundops.grants.agreement_schemas import (
    BudgetSums,
    GrantAgreementDetailOut,
    GrantAgreementIn,
    GrantAgreementPage,
    GrantAgreementPatch,
    GrantAgreementReceiptOut,
    GrantAgreementVersionOut,
    VersionChangesOut,
)
from fundops.grants.agreement_wire import (
    agreement_out,
    changes_out,
    detail_out,
    receipt_out,
    sums_out,
    version_out,
)
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, CREATES, LISTS, READS
from fundops.strict import StrictRoute

list_router = APIRouter(
    prefix="/grant_agreements", tags=["grant agreements"], route_class=StrictRoute
)
sums_router = APIRouter(
    prefix="/agreed_budgets", tags=["grant agreements"], route_class=StrictRoute
)
router = APIRouter(prefix="/grants", tags=["grant agreements"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.GRANT_AGREEMENT_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.GRANT_AGREEMENT_WRITE))]
Number = Annotated[int, Path(ge=1, le=10_000)]
"""The number of a version or an amendment of one grant."""
VersionStatus = Literal[
    "draft", "offered", "signed", "in_force", "superseded", "declined", "withdrawn"
]


@list_router.get(
    "", operation_id="list_grant_agreements", response_model=GrantAgreementPage, responses=LISTS
)
def list_grant_agreements(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    grantee_id: UUID | None = None,
    status: VersionStatus | None = None,
) -> Response:
    """List agreements; `status` asks for those that have a version so. A grantee sees its own."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.visible(actor, fund_id=fund_id, grantee_id=grantee_id, status=status),
            paging,
            sorts=queries.SORTS,
            key=GrantAgreement.id,
            out=agreement_out,
        )
    return json_response(page)


@sums_router.get("", operation_id="sum_agreed_budgets", response_model=BudgetSums, responses=LISTS)
def sum_agreed_budgets(request: Request, actor: Reader, fund_id: UUID | None = None) -> Response:
    """Sum budgets by fund and category. Only versions in force count, each grant once."""
    with read_session(request) as db:
        return json_response(sums_out(db.execute(queries.budget_sums(actor, fund_id)).all()))


@router.get(
    "/{grant_id}/agreement",
    operation_id="get_grant_agreement",
    response_model=GrantAgreementDetailOut,
    responses=READS,
)
def get_grant_agreement(request: Request, actor: Reader, grant_id: UUID) -> Response:
    """Read the agreement of a grant with all its versions."""
    with read_session(request) as db:
        row = queries.row(db, actor, grant_id)
        return json_response(detail_out(row, queries.versions(db, row.id)))


@router.post(
    "/{grant_id}/agreement",
    operation_id="prepare_grant_agreement",
    status_code=201,
    response_model=GrantAgreementVersionOut,
    responses=CREATES,
)
def prepare_grant_agreement(
    request: Request, actor: Writer, grant_id: UUID, given: GrantAgreementIn
) -> Response:
    """Prepare a version from the awarded proposal; what the body gives takes precedence."""

    def work(db: Session) -> dict[str, Any]:
        grant = grants.get_visible(db, actor, grant_id, Permission.GRANT_AGREEMENT_WRITE)
        fund = db.get_one(Fund, grant.fund_id)
        made = agreements.prepare(db, actor, fund, grant, given)
        return version_out(queries.of_version(db, made.id), fund.base_currency)

    place = "/v1/grants/{grant_id}/agreement/versions/{number}"
    return command(request, actor, work, status=201, location=place)


@router.get(
    "/{grant_id}/agreement/versions/{number}",
    operation_id="get_grant_agreement_version",
    response_model=GrantAgreementVersionOut,
    responses=READS,
)
def get_grant_agreement_version(
    request: Request, actor: Reader, grant_id: UUID, number: Number
) -> Response:
    """Read a version with its text. Its `sha256` is what whoever signs it states."""
    with read_session(request) as db:
        held = queries.get(db, actor, grant_id, number)
        out = version_out(held, currency_of(db, held))
    return json_response(out, etag=etag(held.version.version))


@router.patch(
    "/{grant_id}/agreement/versions/{number}",
    operation_id="change_grant_agreement_version",
    response_model=GrantAgreementVersionOut,
    responses=CHANGES,
)
def change_grant_agreement_version(
    request: Request, actor: Writer, grant_id: UUID, number: Number, patch: GrantAgreementPatch
) -> Response:
    """Change a version before it is signed. One that was offered is a draft again."""

    def work(db: Session) -> dict[str, Any]:
        held = queries.get(db, actor, grant_id, number, Permission.GRANT_AGREEMENT_WRITE)
        check_match(request, held.version.version)
        fund = db.get_one(Fund, held.grant.fund_id)
        agreements.change(db, actor, fund, held, patch)
        return version_out(queries.of_version(db, held.version.id), fund.base_currency)

    return command(request, actor, work)


@router.get(
    "/{grant_id}/agreement/versions/{number}/changes",
    operation_id="compare_grant_agreement_versions",
    response_model=VersionChangesOut,
    responses=READS,
)
def compare_grant_agreement_versions(
    request: Request,
    actor: Reader,
    grant_id: UUID,
    number: Number,
    against: Annotated[
        int | None, Query(ge=1, le=10_000, description="The one before by default.")
    ] = None,
) -> Response:
    """Say what a version adds, removes and changes beside another one, or the one before it."""
    with read_session(request) as db:
        after = queries.get(db, actor, grant_id, number)
        other = against or max(number - 1, 1)
        before = queries.get(db, actor, grant_id, other)
        out = changes_out(
            (other, content.read(before.text.content)),
            (number, content.read(after.text.content)),
            currency_of(db, after),
        )
    return json_response(out)


@router.get(
    "/{grant_id}/agreement/versions/{number}/receipt",
    operation_id="get_grant_agreement_receipt",
    response_model=GrantAgreementReceiptOut,
    responses=READS,
)
def get_grant_agreement_receipt(
    request: Request, actor: Reader, grant_id: UUID, number: Number
) -> Response:
    """Read the receipt of a version that both parties signed."""
    with read_session(request) as db:
        held = queries.get(db, actor, grant_id, number)
        return json_response(receipt_out(number, queries.receipt(db, held.version.id)))


def currency_of(db: Session, held: Held) -> str:
    """Return the currency that a version is in: its fund's."""
    return db.get_one(Fund, held.grant.fund_id).base_currency
