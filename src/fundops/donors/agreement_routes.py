"""Routes of agreements: drafting, changing, and the steps of their life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.donors import agreement_queries as queries
from fundops.donors import agreements as service
from fundops.donors.agreement_schemas import (
    Activation,
    AgreementIn,
    AgreementOut,
    AgreementPage,
    AgreementPatch,
    AgreementStatus,
    ConditionsMet,
    EarmarkChange,
)
from fundops.donors.models import Agreement
from fundops.donors.scope import require_fund
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/agreements", tags=["agreements"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.AGREEMENT_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.AGREEMENT_WRITE))]


def _row(row: Any) -> Any:
    """Leave a row as it is: the page's rows are made into items all together."""
    return row


@router.get("", operation_id="list_agreements", response_model=AgreementPage, responses=LISTS)
def list_agreements(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund: UUID | None = None,
    donor: UUID | None = None,
    pledge: UUID | None = None,
    status: AgreementStatus | None = None,
) -> Response:
    """List the agreements you may see, with the sums of their instalments."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.agreements(actor, fund=fund, donor=donor, pledge=pledge, status=status),
            paging,
            sorts=queries.AGREEMENT_SORTS,
            key=queries.AGREEMENT_ID,
            out=_row,
        )
        page["items"] = queries.agreement_items(db, page["items"])
    return json_response(page)


@router.post(
    "",
    operation_id="create_agreement",
    status_code=201,
    response_model=AgreementOut,
    responses=CREATES,
)
def create_agreement(request: Request, actor: Writer, wanted: AgreementIn) -> Response:
    """Draft an agreement with its earmark, charges, instalments and owed reports."""

    def work(db: Session) -> dict[str, Any]:
        require_fund(actor, Permission.AGREEMENT_WRITE, wanted.fund_id)
        agreement = service.create_agreement(db, actor, wanted)
        return queries.read_agreement(db, actor, agreement.id)

    return command(request, actor, work, status=201, location="/v1/agreements/{id}")


@router.get(
    "/{agreement_id}", operation_id="get_agreement", response_model=AgreementOut, responses=READS
)
def get_agreement(request: Request, actor: Reader, agreement_id: UUID) -> Response:
    """Read one agreement."""
    with read_session(request) as db:
        found = queries.read_agreement(db, actor, agreement_id)
    return json_response(found, etag=etag(found["version"]))


@router.patch(
    "/{agreement_id}",
    operation_id="change_agreement",
    response_model=AgreementOut,
    responses=CHANGES,
)
def change_agreement(
    request: Request, actor: Writer, agreement_id: UUID, patch: AgreementPatch
) -> Response:
    """Change a draft, or the title and period of an active agreement. Needs If-Match."""

    def change(db: Session, agreement: Agreement) -> None:
        check_match(request, agreement.version)
        service.change_agreement(db, actor, agreement, patch)

    return _command(request, actor, agreement_id, change)


@router.post(
    "/{agreement_id}/activate",
    operation_id="activate_agreement",
    response_model=AgreementOut,
    responses=CREATES,
)
def activate_agreement(
    request: Request, actor: Writer, agreement_id: UUID, wanted: Activation
) -> Response:
    """Put a signed agreement into force; its pledge becomes agreed."""

    def change(db: Session, agreement: Agreement) -> None:
        service.activate_agreement(db, actor, agreement, wanted)

    return _command(request, actor, agreement_id, change)


@router.post(
    "/{agreement_id}/close",
    operation_id="close_agreement",
    response_model=AgreementOut,
    responses=CREATES,
)
def close_agreement(request: Request, actor: Writer, agreement_id: UUID) -> Response:
    """Close an agreement of which nothing is outstanding any more."""

    def change(db: Session, agreement: Agreement) -> None:
        service.close_agreement(db, actor, agreement)

    return _command(request, actor, agreement_id, change)


@router.post(
    "/{agreement_id}/meet_conditions",
    operation_id="meet_agreement_conditions",
    response_model=AgreementOut,
    responses=CREATES,
)
def meet_conditions(
    request: Request, actor: Writer, agreement_id: UUID, wanted: ConditionsMet
) -> Response:
    """Note the day on which an agreement's conditions were met."""

    def change(db: Session, agreement: Agreement) -> None:
        service.meet_conditions(db, actor, agreement, wanted)

    return _command(request, actor, agreement_id, change)


@router.post(
    "/{agreement_id}/change_earmark",
    operation_id="change_agreement_earmark",
    response_model=AgreementOut,
    responses=CREATES,
)
def change_earmark(
    request: Request, actor: Writer, agreement_id: UUID, wanted: EarmarkChange
) -> Response:
    """Change the earmark for money still to come; lots already here keep theirs."""

    def change(db: Session, agreement: Agreement) -> None:
        service.change_earmark(db, actor, agreement, wanted)

    return _command(request, actor, agreement_id, change)


def _command(
    request: Request,
    actor: Actor,
    agreement_id: UUID,
    change: Callable[[Session, Agreement], None],
) -> Response:
    """Run a change of one agreement as a command and answer with what it became."""

    def work(db: Session) -> dict[str, Any]:
        agreement = queries.get_agreement(db, actor, Permission.AGREEMENT_WRITE, agreement_id)
        change(db, agreement)
        return queries.read_agreement(db, actor, agreement_id)

    return command(request, actor, work)
