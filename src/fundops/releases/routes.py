"""Routes of releases: prepared by one person, published by another, read by many."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.donors.scope import require_fund
from fundops.errors import invalid
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.releases import queries, service
from fundops.releases.drafting import Thresholds
from fundops.releases.schemas import (
    ClassName,
    ReleaseCellPage,
    ReleaseOut,
    ReleasePage,
    ReleaseWithdrawalIn,
    ResultReleaseIn,
    cell_out,
    release_out,
)
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/releases", tags=["releases"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.RELEASE_READ))]
Preparer = Annotated[Actor, Depends(Can(Permission.RELEASE_PREPARE))]
Publisher = Annotated[Actor, Depends(Can(Permission.RELEASE_PUBLISH))]
Status = Literal["prepared", "published", "withdrawn"]
Level = Literal["fund", "region", "country", "grant"]
Word = Annotated[str | None, Query(min_length=1, max_length=80)]


@router.get("", operation_id="list_releases", response_model=ReleasePage, responses=LISTS)
def list_releases(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    class_name: ClassName | None = None,
    status: Status | None = None,
) -> Response:
    """List releases; withdrawn ones stay. Donors and grantees see those for everybody."""
    query = queries.listed(actor, fund_id=fund_id, class_name=class_name, status=status)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.SORTS, key=queries.RELEASES.id, out=release_out
        )  # fmt: skip
    return json_response(page)


@router.post(
    "",
    operation_id="prepare_release",
    status_code=201,
    response_model=ReleaseOut,
    responses=CREATES,
)
def prepare_release(request: Request, actor: Preparer, given: ResultReleaseIn) -> Response:
    """Draw up a release of accepted results; small counts are hidden, and what would give them
    away. Its cells are frozen. Another person publishes it.
    """
    settings = request.app.state.settings
    limits = Thresholds(settings.release_threshold_outside, settings.release_threshold_inside)
    require_fund(actor, Permission.RELEASE_PREPARE, given.fund_id)
    with read_session(request) as db:  # outside the write turn: it takes seconds
        fund = db.get(Fund, given.fund_id)
        if fund is None:
            raise invalid("/fund_id", "validation.unknown_record")
        drawn = service.draft(db, fund, given, limits)

    def work(db: Session) -> dict[str, Any]:
        fund = db.get_one(Fund, given.fund_id)
        threshold = limits.of(given.class_name)
        made = service.prepare(db, actor, fund, given, drawn, threshold)
        return release_out(queries.row(db, actor, made.id))

    return command(request, actor, work, status=201, location="/v1/releases/{id}")


@router.get("/{release_id}", operation_id="get_release", response_model=ReleaseOut, responses=READS)
def get_release(request: Request, actor: Reader, release_id: UUID) -> Response:
    """Read one release."""
    with read_session(request) as db:
        found = release_out(queries.row(db, actor, release_id))
    return json_response(found, etag=etag(found["version"]))


@router.get(
    "/{release_id}/cells",
    operation_id="list_release_cells",
    response_model=ReleaseCellPage,
    responses=READS,
)
def list_release_cells(
    request: Request,
    actor: Reader,
    paging: Paging,
    release_id: UUID,
    indicator: Word = None,
    level: Level | None = None,
    unit: Word = None,
    period: Word = None,
    dimension: Word = None,
    code: Word = None,
) -> Response:
    """List the cells of a release. Filters choose published cells and never add any up; those of a
    release that was withdrawn are given no more, and of one that is withheld only to those who may
    know whom it tells of.
    """
    with read_session(request) as db:
        queries.row_served(db, actor, release_id)
        query = queries.cells(
            release_id, indicator=indicator, level=level, unit=unit, period=period,
            dimension=dimension, code=code,
        )  # fmt: skip
        page = list_page(
            db, query, paging, sorts=queries.CELL_SORTS, key=queries.CELLS.id, out=cell_out
        )  # fmt: skip
    return json_response(page)


@router.post(
    "/{release_id}/publish",
    operation_id="publish_release",
    response_model=ReleaseOut,
    responses=COMMANDS,
)
def publish_release(request: Request, actor: Publisher, release_id: UUID) -> Response:
    """Publish what another person prepared, unless another release came out since."""

    def work(db: Session) -> dict[str, Any]:
        release = queries.get(db, actor, release_id, Permission.RELEASE_PUBLISH)
        service.publish(db, actor, release)
        return release_out(release)

    return command(request, actor, work)


@router.post(
    "/{release_id}/withdraw",
    operation_id="withdraw_release",
    response_model=ReleaseOut,
    responses=COMMANDS,
)
def withdraw_release(
    request: Request, actor: Publisher, release_id: UUID, given: ReleaseWithdrawalIn
) -> Response:
    """Take a release back, with the reason. It stays in the list."""

    def work(db: Session) -> dict[str, Any]:
        release = queries.get(db, actor, release_id, Permission.RELEASE_PUBLISH)
        service.withdraw(db, actor, release, given.reason)
        return release_out(release)

    return command(request, actor, work)


RELEASE_ROUTERS = (router,)
