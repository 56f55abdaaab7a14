"""Routes of events and commitments."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.donors import events as service
from fundops.donors import register_queries as queries
from fundops.donors.register_schemas import (
    CommitmentIn,
    CommitmentKind,
    CommitmentOut,
    CommitmentPage,
    CommitmentPatch,
    CommitmentStatus,
    EventIn,
    EventKind,
    EventOut,
    EventPage,
    EventPatch,
    Reason,
    commitment_out,
    event_out,
)
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CHANGES, CREATES, LISTS, READS
from fundops.strict import StrictRoute

events = APIRouter(prefix="/events", tags=["events"], route_class=StrictRoute)
commitments = APIRouter(prefix="/commitments", tags=["commitments"], route_class=StrictRoute)

EventReader = Annotated[Actor, Depends(Can(Permission.EVENT_READ))]
EventWriter = Annotated[Actor, Depends(Can(Permission.EVENT_WRITE))]
Reader = Annotated[Actor, Depends(Can(Permission.PLEDGE_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.PLEDGE_WRITE))]


@events.get("", operation_id="list_events", response_model=EventPage, responses=LISTS)
def list_events(
    request: Request, _actor: EventReader, paging: Paging, kind: EventKind | None = None
) -> Response:
    """List events, all or of one kind."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.events(kind),
            paging,
            sorts=queries.EVENT_SORTS,
            key=queries.EVENT_ID,
            out=event_out,
        )
    return json_response(page)


@events.post(
    "", operation_id="create_event", status_code=201, response_model=EventOut, responses=CREATES
)
def create_event(request: Request, actor: EventWriter, wanted: EventIn) -> Response:
    """Record an event, past or planned."""

    def work(db: Session) -> dict[str, Any]:
        return event_out(service.create_event(db, actor, wanted))

    return command(request, actor, work, status=201, location="/v1/events/{id}")


@events.get("/{event_id}", operation_id="get_event", response_model=EventOut, responses=READS)
def get_event(request: Request, _actor: EventReader, event_id: UUID) -> Response:
    """Read one event."""
    with read_session(request) as db:
        event = queries.get_event(db, event_id)
        return json_response(event_out(event), etag=etag(event.version))


@events.patch(
    "/{event_id}", operation_id="change_event", response_model=EventOut, responses=CHANGES
)
def change_event(
    request: Request, actor: EventWriter, event_id: UUID, patch: EventPatch
) -> Response:
    """Change an event. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        event = queries.get_event(db, event_id, lock=True)
        check_match(request, event.version)
        return event_out(service.change_event(db, actor, event, patch))

    return command(request, actor, work)


@commitments.get(
    "", operation_id="list_commitments", response_model=CommitmentPage, responses=LISTS
)
def list_commitments(
    request: Request,
    actor: Reader,
    paging: Paging,
    party: UUID | None = None,
    event: UUID | None = None,
    kind: CommitmentKind | None = None,
    status: CommitmentStatus | None = None,
) -> Response:
    """List the political and in-kind commitments you may see."""
    with read_session(request) as db:
        page = list_page(
            db,
            queries.commitments(actor, party=party, event=event, kind=kind, status=status),
            paging,
            sorts=queries.COMMITMENT_SORTS,
            key=queries.COMMITMENT_ID,
            out=commitment_out,
        )
    return json_response(page)


@commitments.post(
    "",
    operation_id="create_commitment",
    status_code=201,
    response_model=CommitmentOut,
    responses=CREATES,
)
def create_commitment(request: Request, actor: Writer, wanted: CommitmentIn) -> Response:
    """Record a political or in-kind commitment; its value never counts as cash."""

    def work(db: Session) -> dict[str, Any]:
        return commitment_out(service.create_commitment(db, actor, wanted))

    return command(request, actor, work, status=201, location="/v1/commitments/{id}")


@commitments.get(
    "/{commitment_id}",
    operation_id="get_commitment",
    response_model=CommitmentOut,
    responses=READS,
)
def get_commitment(request: Request, actor: Reader, commitment_id: UUID) -> Response:
    """Read one commitment."""
    with read_session(request) as db:
        found = queries.get_commitment(db, actor, Permission.PLEDGE_READ, commitment_id)
        return json_response(commitment_out(found), etag=etag(found.version))


@commitments.patch(
    "/{commitment_id}",
    operation_id="change_commitment",
    response_model=CommitmentOut,
    responses=CHANGES,
)
def change_commitment(
    request: Request, actor: Writer, commitment_id: UUID, patch: CommitmentPatch
) -> Response:
    """Change an open commitment or its follow-up. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        found = queries.get_commitment(db, actor, Permission.PLEDGE_WRITE, commitment_id, lock=True)
        check_match(request, found.version)
        return commitment_out(service.change_commitment(db, actor, found, patch))

    return command(request, actor, work)


def _close(
    request: Request, actor: Actor, commitment_id: UUID, action: str, wanted: Reason
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        found = queries.get_commitment(db, actor, Permission.PLEDGE_WRITE, commitment_id, lock=True)
        return commitment_out(service.close_commitment(db, actor, found, action, wanted))

    return command(request, actor, work)


@commitments.post(
    "/{commitment_id}/complete",
    operation_id="complete_commitment",
    response_model=CommitmentOut,
    responses=CREATES,
)
def complete_commitment(
    request: Request, actor: Writer, commitment_id: UUID, wanted: Reason
) -> Response:
    """Close a commitment that was kept, and say how."""
    return _close(request, actor, commitment_id, "complete", wanted)


@commitments.post(
    "/{commitment_id}/drop",
    operation_id="drop_commitment",
    response_model=CommitmentOut,
    responses=CREATES,
)
def drop_commitment(
    request: Request, actor: Writer, commitment_id: UUID, wanted: Reason
) -> Response:
    """Close a commitment that will not be kept, and say why."""
    return _close(request, actor, commitment_id, "drop", wanted)
