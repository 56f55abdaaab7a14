"""Whether the process lives, and whether it can serve: for supervisors, without a token."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from fundops import __version__
from fundops.command import read_session
from fundops.errors import Problem
from fundops.pages import json_response
from fundops.schemas import Out, problems

router = APIRouter(tags=["operations"])


class HealthOut(Out):
    """The state of the service."""

    status: str
    version: str


@router.get("/health", operation_id="health", response_model=HealthOut)
async def health() -> Response:
    """Say that the process is alive; touches nothing else."""
    return json_response({"status": "ok", "version": __version__})


@router.get("/ready", operation_id="ready", response_model=HealthOut, responses=problems(503))
def ready(request: Request) -> Response:
    """Say whether the database answers and has its tables."""
    try:
        with read_session(request) as db:
            db.execute(sql("SELECT seq FROM audit_head")).scalar_one()
    except SQLAlchemyError as error:
        raise Problem("unavailable") from error
    return json_response({"status": "ok", "version": __version__})
