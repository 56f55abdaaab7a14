"""Routes of organisations' documents, and of the public keys of the fund's signatures."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.files import documents, queries
from fundops.files.schemas import (
    DocumentIn,
    DocumentOut,
    DocumentPage,
    ReplacementIn,
    SigningKeys,
    WithdrawalIn,
    document_out,
)
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CREATES, READS, problems
from fundops.signing import Signer
from fundops.strict import StrictRoute

of_party_router = APIRouter(prefix="/parties", tags=["files"], route_class=StrictRoute)
router = APIRouter(prefix="/documents", tags=["files"], route_class=StrictRoute)
keys_router = APIRouter(prefix="/signing_keys", tags=["files"], route_class=StrictRoute)

ROUTERS: tuple[APIRouter, ...] = (of_party_router, router, keys_router)

Reader = Annotated[Actor, Depends(Can(Permission.FILE_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.FILE_WRITE))]
Anybody = Annotated[Actor, Depends(Can(Permission.SELF_READ))]
DocumentStatus = Literal["current", "replaced", "withdrawn"]


@of_party_router.get(
    "/{party_id}/documents",
    operation_id="list_party_documents",
    response_model=DocumentPage,
    responses=READS,
)
def list_party_documents(
    request: Request,
    actor: Reader,
    party_id: UUID,
    paging: Paging,
    status: DocumentStatus | None = None,
) -> Response:
    """List the documents of an organisation, those replaced and withdrawn included."""
    with read_session(request) as db:
        party = queries.party_for(db, actor, party_id, Permission.FILE_READ)
        page = list_page(
            db,
            queries.documents(party.id, status),
            paging,
            sorts=queries.DOCUMENT_SORTS,
            key=queries.DOCUMENT_ID,
            out=document_out,
        )
    return json_response(page)


@of_party_router.post(
    "/{party_id}/documents",
    operation_id="add_party_document",
    status_code=201,
    response_model=DocumentOut,
    responses=CREATES,
)
def add_party_document(
    request: Request, actor: Writer, party_id: UUID, given: DocumentIn
) -> Response:
    """Add a document of an organisation from one of its files."""

    def work(db: Session) -> dict[str, Any]:
        party = queries.party_for(db, actor, party_id, Permission.FILE_WRITE)
        return document_out(documents.add(db, actor, party, given))

    return command(request, actor, work, status=201, location="/v1/parties/{party_id}/documents")


@router.post(
    "/{document_id}/replace",
    operation_id="replace_document",
    status_code=201,
    response_model=DocumentOut,
    responses=CREATES,
)
def replace_document(
    request: Request, actor: Writer, document_id: UUID, given: ReplacementIn
) -> Response:
    """Put a newer document in the place of one; answers with the newer."""

    def work(db: Session) -> dict[str, Any]:
        document = queries.get_document(db, actor, document_id, Permission.FILE_WRITE)
        return document_out(documents.replace(db, actor, document, given))

    return command(request, actor, work, status=201, location="/v1/parties/{party_id}/documents")


@router.post(
    "/{document_id}/withdraw",
    operation_id="withdraw_document",
    response_model=DocumentOut,
    responses=CREATES,
)
def withdraw_document(
    request: Request, actor: Writer, document_id: UUID, given: WithdrawalIn
) -> Response:
    """Withdraw a document; what was submitted with it keeps it."""

    def work(db: Session) -> dict[str, Any]:
        document = queries.get_document(db, actor, document_id, Permission.FILE_WRITE)
        return document_out(documents.withdraw(db, actor, document, given.reason))

    return command(request, actor, work)


@keys_router.get(
    "",
    operation_id="list_signing_keys",
    response_model=SigningKeys,
    responses=problems(401, 403),
)
def list_signing_keys(request: Request, _actor: Anybody) -> Response:
    """List the public keys with which signatures of the fund can be verified, past ones too."""
    signer: Signer = request.app.state.signer
    items = [
        {
            "key_id": key.key_id,
            "algorithm": "Ed25519",
            "public_key": key.pem,
            "is_current": key.is_current,
        }
        for key in signer.public_keys()
    ]
    return json_response({"items": items})
