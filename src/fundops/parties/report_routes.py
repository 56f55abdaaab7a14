"""Routes that answer who may do what: yourself, everybody at an instant, roles, the audit chain."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Can, Permission, Role
from fundops.command import check_match, command, etag, read_session
from fundops.errors import invalid
from fundops.pages import Paging, json_response
from fundops.parties import access_report, audit_reads, persons
from fundops.parties.access_report import Wanted
from fundops.parties.access_schemas import AccessPage, LanguagePage, MeOut, MePatch, RolesOut
from fundops.parties.audit_reads import AuditEventPage, Sought
from fundops.schemas import CHANGES, LISTS, Instant
from fundops.strict import StrictRoute

router = APIRouter(tags=["access"], route_class=StrictRoute)
audit_router = APIRouter(prefix="/audit_events", tags=["audit"], route_class=StrictRoute)

ROUTERS: tuple[APIRouter, ...] = (router, audit_router)

SelfReader = Annotated[Actor, Depends(Can(Permission.SELF_READ))]
SelfWriter = Annotated[Actor, Depends(Can(Permission.SELF_WRITE))]
AccessReader = Annotated[Actor, Depends(Can(Permission.ACCESS_READ))]
Auditor = Annotated[Actor, Depends(Can(Permission.AUDIT_READ))]

Action = Annotated[str, Query(max_length=80, pattern=r"^[a-z_.]+$")]
RecordType = Annotated[str, Query(max_length=40, pattern=r"^[a-z_]+$")]
Seq = Annotated[int, Query(ge=1, le=2**62, description="This event and later ones.")]


@router.get("/me", operation_id="get_me", response_model=MeOut, responses=LISTS)
def get_me(request: Request, actor: SelfReader) -> Response:
    """Read who you are, and what your token allows now."""
    with read_session(request) as db:
        found = access_report.me(db, actor)
    return json_response(found, etag=etag(found["version"]))


@router.patch("/me", operation_id="change_me", response_model=MeOut, responses=CHANGES)
def change_me(request: Request, actor: SelfWriter, patch: MePatch) -> Response:
    """Set the language in which you are answered where a request asks for none. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        check_match(request, access_report.me(db, actor)["version"])
        persons.set_own(db, actor, patch)
        return access_report.me(db, actor)

    return command(request, actor, work)


@router.get(
    "/languages",
    operation_id="list_languages",
    response_model=LanguagePage,
    responses=LISTS,
    dependencies=[Depends(Can(Permission.SELF_READ))],
)
def list_languages() -> Response:
    """List the languages of sentences: how far each is done, and whether a native speaker has
    gone over it.
    """
    return json_response({"items": access_report.languages_out(), "next_cursor": None})


@router.get(
    "/roles",
    operation_id="list_roles",
    response_model=RolesOut,
    responses=LISTS,
    dependencies=[Depends(Can(Permission.SELF_READ))],
)
def list_roles() -> Response:
    """Read every role and what it allows."""
    return json_response(access_report.roles_out())


@router.get("/access", operation_id="list_access", response_model=AccessPage, responses=LISTS)
def list_access(
    request: Request,
    actor: AccessReader,
    paging: Paging,
    at: Annotated[Instant | None, Query(description="Now by default; not in the future.")] = None,
    person_id: UUID | None = None,
    role: Role | None = None,
    party_id: UUID | None = None,
    fund_id: UUID | None = None,
) -> Response:
    """Read who could do what at an instant: each role held then, what it allows in this version,
    whether its party was frozen, and which tokens could use it. For a past instant the answer
    never changes.
    """
    now = clock.now()
    if at is not None and at > now:
        raise invalid("query/at", "validation.future")
    wanted = Wanted(person_id, role, party_id, fund_id)
    with read_session(request) as db:
        return json_response(access_report.access_page(db, actor, at or now, wanted, paging))


@audit_router.get(
    "", operation_id="list_audit_events", response_model=AuditEventPage, responses=LISTS
)
def list_audit_events(
    request: Request,
    actor: Auditor,
    paging: Paging,
    action: Action | None = None,
    record_type: RecordType | None = None,
    record_id: UUID | None = None,
    person_id: UUID | None = None,
    fund_id: UUID | None = None,
    from_seq: Seq | None = None,
) -> Response:
    """Read the audit chain in order (`sort=-seq`: newest first), with what changed and all that
    is needed to recompute the hashes.
    """
    sought = Sought(action, record_type, record_id, person_id, fund_id, from_seq)
    with read_session(request) as db:
        return json_response(audit_reads.audit_page(db, actor, sought, paging))
