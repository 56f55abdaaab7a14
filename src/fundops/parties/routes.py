"""Routes of parties, their aliases and freezes; and every router of this domain."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.pages import Paging, json_response, list_page
from fundops.parties import (
    access_routes,
    freezes,
    place_routes,
    queries,
    report_routes,
    service,
)
from fundops.parties.schemas import (
    AliasIn,
    AliasOut,
    AliasPage,
    FreezeOut,
    FreezePage,
    PartyIn,
    PartyKind,
    PartyOut,
    PartyPage,
    PartyPatch,
    ReasonIn,
    alias_out,
    freeze_out,
    party_out,
)
from fundops.schemas import CHANGES, CREATES, LISTS, READS, Code, Country, Line
from fundops.strict import StrictRoute

router = APIRouter(prefix="/parties", tags=["parties"], route_class=StrictRoute)

ROUTERS: tuple[APIRouter, ...] = (
    router,
    place_routes.router,
    *access_routes.ROUTERS,
    *report_routes.ROUTERS,
)

Reader = Annotated[Actor, Depends(Can(Permission.PARTY_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.PARTY_WRITE))]
Freezer = Annotated[Actor, Depends(Can(Permission.PARTY_FREEZE))]
Restorer = Annotated[Actor, Depends(Can(Permission.PARTY_RESTORE))]


@router.get("", operation_id="list_parties", response_model=PartyPage, responses=LISTS)
def list_parties(
    request: Request,
    actor: Reader,
    paging: Paging,
    kind: PartyKind | None = None,
    status: Literal["active", "frozen"] | None = None,
    name: Annotated[Line | None, Query(description="Part of the name you may read.")] = None,
    code: Code | None = None,
    country: Country | None = None,
) -> Response:
    """List parties. Who a protected party is reaches only roles that need it; others find and
    read it by its public label.
    """
    query, sorts = queries.visible(actor)
    query = queries.filtered(
        query, actor, kind=kind, status=status, name=name, code=code, country=country
    )
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=sorts,
            key=queries.PARTY_ID,
            out=lambda row: party_out(row, actor),
        )
    return json_response(page)


@router.post(
    "", operation_id="create_party", status_code=201, response_model=PartyOut, responses=CREATES
)
def create_party(request: Request, actor: Writer, given: PartyIn) -> Response:
    """Register a party."""

    def work(db: Session) -> dict[str, Any]:
        return party_out(service.create_party(db, actor, given), actor)

    return command(request, actor, work, status=201, location="/v1/parties/{id}")


@router.get("/{party_id}", operation_id="get_party", response_model=PartyOut, responses=READS)
def get_party(request: Request, actor: Reader, party_id: UUID) -> Response:
    """Read one party."""
    with read_session(request) as db:
        party = queries.get_visible(db, actor, party_id)
        return json_response(party_out(party, actor), etag=etag(party.version))


@router.patch(
    "/{party_id}", operation_id="change_party", response_model=PartyOut, responses=CHANGES
)
def change_party(request: Request, actor: Writer, party_id: UUID, patch: PartyPatch) -> Response:
    """Change a party. Needs If-Match. Lifting a protection leaves the neutral label in place
    until another is given, so that no name comes out by default.
    """

    def work(db: Session) -> dict[str, Any]:
        party = queries.get_visible(db, actor, party_id, lock=True)
        check_match(request, party.version)
        return party_out(service.change_party(db, actor, party, patch), actor)

    return command(request, actor, work)


@router.get(
    "/{party_id}/aliases",
    operation_id="list_party_aliases",
    response_model=AliasPage,
    responses=READS,
)
def list_party_aliases(request: Request, actor: Reader, party_id: UUID, paging: Paging) -> Response:
    """List the spellings that stand for a party, if you may know who it is."""
    with read_session(request) as db:
        party = queries.get_known(db, actor, party_id)
        page = list_page(
            db,
            queries.aliases(party.id),
            paging,
            sorts=queries.ALIAS_SORTS,
            key=queries.ALIAS_ID,
            out=alias_out,
        )
    return json_response(page)


@router.post(
    "/{party_id}/aliases",
    operation_id="add_party_alias",
    status_code=201,
    response_model=AliasOut,
    responses=CREATES,
)
def add_party_alias(request: Request, actor: Writer, party_id: UUID, given: AliasIn) -> Response:
    """Confirm that a spelling means this party; imports use it from then on."""

    def work(db: Session) -> dict[str, Any]:
        party = queries.get_visible(db, actor, party_id, lock=True)
        return alias_out(service.add_alias(db, actor, party, given))

    return command(request, actor, work, status=201, location="/v1/parties/{party_id}/aliases")


@router.get(
    "/{party_id}/freezes",
    operation_id="list_party_freezes",
    response_model=FreezePage,
    responses=READS,
)
def list_party_freezes(request: Request, actor: Reader, party_id: UUID, paging: Paging) -> Response:
    """List the periods in which the party's persons had no access, with who began and ended
    each and why.
    """
    with read_session(request) as db:
        party = queries.get_visible(db, actor, party_id)
        page = list_page(
            db,
            queries.freezes(party.id),
            paging,
            sorts=queries.FREEZE_SORTS,
            key=queries.FREEZE_ID,
            out=freeze_out,
        )
    return json_response(page)


@router.post(
    "/{party_id}/freeze",
    operation_id="freeze_party",
    response_model=FreezeOut,
    responses=CREATES,
)
def freeze_party(request: Request, actor: Freezer, party_id: UUID, given: ReasonIn) -> Response:
    """Take away the access of a party's persons, at once. Two other persons can restore it."""

    def work(db: Session) -> dict[str, Any]:
        party = queries.get_visible(db, actor, party_id, lock=True)
        return freeze_out(freezes.freeze(db, actor, party, given.reason))

    return command(request, actor, work)


@router.post(
    "/{party_id}/request_restore",
    operation_id="request_party_restore",
    response_model=FreezeOut,
    responses=CREATES,
)
def request_party_restore(
    request: Request, actor: Restorer, party_id: UUID, given: ReasonIn
) -> Response:
    """Ask that a party's access be restored. You cannot if you froze it."""

    def work(db: Session) -> dict[str, Any]:
        party = queries.get_visible(db, actor, party_id, lock=True)
        return freeze_out(freezes.request_restore(db, actor, party, given.reason))

    return command(request, actor, work)


@router.post(
    "/{party_id}/restore",
    operation_id="restore_party",
    response_model=FreezeOut,
    responses=CREATES,
)
def restore_party(request: Request, actor: Restorer, party_id: UUID, given: ReasonIn) -> Response:
    """Restore a party's access, as another person asked. You cannot if you froze it or asked."""

    def work(db: Session) -> dict[str, Any]:
        party = queries.get_visible(db, actor, party_id, lock=True)
        return freeze_out(freezes.restore(db, actor, party, given.reason))

    return command(request, actor, work)
