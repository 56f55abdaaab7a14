"""Routes of places at risk."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.pages import Paging, json_response, list_page
from fundops.parties import places
from fundops.parties.place_models import PlaceAtRisk
from fundops.schemas import COMMANDS, CREATES, LISTS, READS, Country, In, LongLine, Out
from fundops.screening.fields import SCREENED
from fundops.strict import StrictRoute

router = APIRouter(prefix="/places_at_risk", tags=["parties"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.PLACE_READ))]
Flagger = Annotated[Actor, Depends(Can(Permission.PLACE_FLAG))]
Lifter = Annotated[Actor, Depends(Can(Permission.PLACE_LIFT))]


class PlaceIn(In):
    """A country in which grantees or their people are endangered by being known."""

    country: Country = Field(examples=["AT"])
    fund_id: UUID | None = Field(
        None, description="The fund whose grants it holds for; all by default.", examples=[None]
    )
    reason: Annotated[LongLine, SCREENED] = Field(examples=["Shelters have been attacked."])


class PlaceLiftIn(In):
    """Why a place is no longer at risk."""

    reason: Annotated[LongLine, SCREENED] = Field(examples=["It has been calm for a year."])


class PlaceOut(Out):
    """A place that is, or was, at risk."""

    id: UUID
    country: str
    fund_id: UUID | None
    reason: str
    status: str
    flagged_at: str
    lifted_at: str | None
    lift_reason: str | None
    version: int


class PlacePage(Out):
    """A page of places at risk."""

    items: list[PlaceOut]
    next_cursor: str | None


def place_out(found: Any) -> dict[str, Any]:
    """Return the wire form of a place."""
    return {name: getattr(found, name) for name in PlaceOut.model_fields}


@router.get("", operation_id="list_places_at_risk", response_model=PlacePage, responses=LISTS)
def list_places_at_risk(
    request: Request,
    actor: Reader,
    paging: Paging,
    country: Country | None = None,
    status: Literal["flagged", "lifted"] | None = None,
) -> Response:
    """List the places flagged at risk, now or before."""
    query = places.visible(actor, country=country, status=status)
    with read_session(request) as db:
        page = list_page(db, query, paging, sorts=places.SORTS, key=PlaceAtRisk.id, out=place_out)
    return json_response(page)


@router.get(
    "/{place_id}", operation_id="get_place_at_risk", response_model=PlaceOut, responses=READS
)
def get_place_at_risk(request: Request, actor: Reader, place_id: UUID) -> Response:
    """Read one place that is, or was, at risk."""
    with read_session(request) as db:
        found = places.row(db, actor, place_id)
    return json_response(place_out(found), etag=etag(found.version))


@router.post(
    "", operation_id="flag_place", status_code=201, response_model=PlaceOut, responses=CREATES
)
def flag_place(request: Request, actor: Flagger, given: PlaceIn) -> Response:
    """Flag a country at risk. From now on its grants are withheld from outsiders."""

    def work(db: Session) -> dict[str, Any]:
        return place_out(places.flag(db, actor, given.country, given.fund_id, given.reason))

    return command(request, actor, work, status=201, location="/v1/places_at_risk/{id}")


@router.post(
    "/{place_id}/lift", operation_id="lift_place", response_model=PlaceOut, responses=COMMANDS
)
def lift_place(request: Request, actor: Lifter, place_id: UUID, given: PlaceLiftIn) -> Response:
    """Lift the flag of a place, by another person than the one who set it."""

    def work(db: Session) -> dict[str, Any]:
        return place_out(places.lift(db, actor, place_id, given.reason))

    return command(request, actor, work)
