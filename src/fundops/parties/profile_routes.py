"""Routes of the profile of an organisation."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import check_match, command, etag, read_session
from fundops.errors import Problem
from fundops.pages import json_response
from fundops.parties import profiles
from fundops.parties.profile_schemas import ProfileIn, ProfileOut, profile_out
from fundops.schemas import CHANGES, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/parties", tags=["parties"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.PROFILE_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.PROFILE_WRITE))]


@router.get(
    "/{party_id}/profile",
    operation_id="get_organisation_profile",
    response_model=ProfileOut,
    responses=READS,
)
def get_organisation_profile(request: Request, actor: Reader, party_id: UUID) -> Response:
    """Read what an organisation says of itself, if you may know who it is."""
    with read_session(request) as db:
        profile = profiles.get_visible(db, actor, party_id)
        return json_response(profile_out(profile), etag=etag(profile.version))


@router.put(
    "/{party_id}/profile",
    operation_id="save_organisation_profile",
    response_model=ProfileOut,
    responses=CHANGES,
)
def save_organisation_profile(
    request: Request, actor: Writer, party_id: UUID, given: ProfileIn
) -> Response:
    """Save what an organisation says of itself, whole. Needs If-Match once there is a profile;
    sent without one, it makes the first.
    """

    def work(db: Session) -> dict[str, Any]:
        party = profiles.party_for(db, actor, party_id, Permission.PROFILE_WRITE)
        profile = profiles.profile_of(db, party.id)
        if profile is not None:
            check_match(request, profile.version)
        elif request.headers.get("if-match") is not None:
            raise Problem("stale")
        return profile_out(profiles.save(db, actor, party, profile, given))

    return command(request, actor, work)
