"""Routes of uploads and files; and every router of this domain."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, database, etag, read_session
from fundops.config import Settings
from fundops.files import document_routes, queries, receiving, service, uploads
from fundops.files.kinds import KINDS
from fundops.files.names import disposition
from fundops.files.schemas import FileOut, UploadIn, UploadOut, UploadPage, file_out, upload_out
from fundops.files.store import Store
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CREATES, LISTS, READS, problems
from fundops.strict import RAW_BODY, RawRoute, StrictRoute, raw_body

router = APIRouter(prefix="/uploads", tags=["files"], route_class=StrictRoute)
parts_router = APIRouter(prefix="/uploads", tags=["files"], route_class=RawRoute)
files_router = APIRouter(prefix="/files", tags=["files"], route_class=StrictRoute)

ROUTERS: tuple[APIRouter, ...] = (router, parts_router, files_router, *document_routes.ROUTERS)

Reader = Annotated[Actor, Depends(Can(Permission.FILE_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.FILE_WRITE))]
Offset = Annotated[int, Query(ge=0, le=2**40, description="Where in the file the part begins.")]

DOWNLOAD_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "x-download-options": "noopen",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PARTS = CREATES
_COMPLETES = CREATES | problems(503)


def store(request: Request) -> Store:
    """Return the application's store of files."""
    found: Store = request.app.state.files
    return found


def settings(request: Request) -> Settings:
    """Return the application's settings."""
    found: Settings = request.app.state.settings
    return found


@router.get("", operation_id="list_uploads", response_model=UploadPage, responses=LISTS)
def list_uploads(
    request: Request,
    actor: Writer,
    paging: Paging,
    status: Literal["declared", "completed", "refused"] | None = None,
) -> Response:
    """List your own uploads, to take up again what was interrupted."""

    def out(row: Any) -> dict[str, Any]:
        return upload_out(row, settings(request), store(request).spool.size(row.id))

    with read_session(request) as db:
        page = list_page(
            db,
            queries.own_uploads(actor, status),
            paging,
            sorts=queries.UPLOAD_SORTS,
            key=queries.UPLOAD_ID,
            out=out,
        )
    return json_response(page)


@router.post(
    "", operation_id="declare_upload", status_code=201, response_model=UploadOut, responses=CREATES
)
def declare_upload(request: Request, actor: Writer, given: UploadIn) -> Response:
    """Declare a file by its size and SHA-256 before sending it in parts. What is declared before
    a deadline and completed within the grace counts as in time.
    """

    def work(db: Session) -> dict[str, Any]:
        return upload_out(uploads.declare(db, actor, settings(request), given), settings(request))

    return command(request, actor, work, status=201, location="/v1/uploads/{id}")


def _upload(request: Request, actor: Actor, upload_id: UUID) -> dict[str, Any]:
    with read_session(request) as db:
        upload = queries.get_own(db, actor, upload_id)
        return upload_out(upload, settings(request), store(request).spool.size(upload.id))


@router.get("/{upload_id}", operation_id="get_upload", response_model=UploadOut, responses=READS)
def get_upload(request: Request, actor: Writer, upload_id: UUID) -> Response:
    """Read one of your uploads: how much of it has arrived, and where to go on."""
    found = _upload(request, actor, upload_id)
    return json_response(found, etag=etag(found["version"]))


@router.head("/{upload_id}", include_in_schema=False)
def head_upload(request: Request, actor: Writer, upload_id: UUID) -> Response:
    """Tell in headers alone how much of an upload has arrived."""
    found = _upload(request, actor, upload_id)
    headers = {
        "upload-offset": str(found["received_bytes"]),
        "upload-length": str(found["size_bytes"]),
    }
    return Response(headers=headers)


@parts_router.put(
    "/{upload_id}/parts",
    operation_id="send_upload_part",
    response_model=UploadOut,
    responses=_PARTS,
    openapi_extra=RAW_BODY,
)
def send_upload_part(
    request: Request, actor: Writer, upload_id: UUID, offset: Offset = 0
) -> Response:
    """Send the bytes from `offset` on, as many as `part_bytes` at once. A part sent before is no
    harm; one that leaves a gap is refused, and told where to go on.
    """
    _upload(request, actor, upload_id)
    data = raw_body(request)
    with receiving.appended(
        database(request), store(request), actor, upload_id, offset, data
    ) as received:

        def work(db: Session) -> dict[str, Any]:
            upload = uploads.receive(db, actor, upload_id, received)
            return upload_out(upload, settings(request), received)

        return command(request, actor, work)


@router.post(
    "/{upload_id}/complete",
    operation_id="complete_upload",
    status_code=201,
    response_model=FileOut,
    responses=_COMPLETES,
)
def complete_upload(request: Request, actor: Writer, upload_id: UUID) -> Response:
    """Make a file of an upload of which all has arrived. Its kind is told by its content; what
    tells of persons and machines is taken out; kinds that are not taken are refused for good.
    """
    slots: BoundedSemaphore = request.app.state.clean_slots
    with receiving.examined(database(request), store(request), slots, actor, upload_id) as examined:

        def work(db: Session) -> dict[str, Any]:
            return file_out(uploads.complete(db, actor, upload_id, examined))

        return command(request, actor, work, status=201, location="/v1/files/{id}")


@files_router.get("/{file_id}", operation_id="get_file", response_model=FileOut, responses=READS)
def get_file(request: Request, actor: Reader, file_id: UUID) -> Response:
    """Read what is known of a file: its kind, its hashes as sent and as kept, what was cleaned."""
    with read_session(request) as db:
        return json_response(file_out(service.get_visible(db, actor, file_id)))


@files_router.get(
    "/{file_id}/content",
    operation_id="download_file",
    response_class=Response,
    responses=READS
    | {
        200: {
            "description": "The file as kept, verified against its hash",
            "content": {kind.media_type: _BINARY for kind in KINDS},
        }
    },
)
def download_file(request: Request, actor: Reader, file_id: UUID) -> Response:
    """Download a file, always as an attachment. Its bytes are verified before any goes out."""
    with read_session(request) as db:
        file = service.get_visible(db, actor, file_id)
    return download(file.media_type, file.name, service.content(store(request), file))


def download(media_type: str, name: str, content: bytes) -> Response:
    """Return ``content`` as an attachment that no browser opens in place."""
    return Response(
        content,
        media_type=media_type,
        headers=DOWNLOAD_HEADERS | {"content-disposition": disposition(name)},
    )
