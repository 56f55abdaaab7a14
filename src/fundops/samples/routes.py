"""Routes of audit samples: planning, drawing, reading, evaluating and reviewing."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.pages import Paging, json_response, list_page
from fundops.parties.schemas import ReasonIn
from fundops.samples import queries, service
from fundops.samples.models import AuditSample, SampleItem
from fundops.samples.schemas import (
    AuditSampleIn,
    AuditSampleOut,
    AuditSamplePage,
    PopulationName,
    SampleItemPage,
    SamplePlanOut,
    StatusName,
    item_out,
    sample_out,
)
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

router = APIRouter(prefix="/audit_samples", tags=["audit samples"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.SAMPLE_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.SAMPLE_WRITE))]


@router.post(
    "/plan",
    operation_id="plan_audit_sample",
    response_model=SamplePlanOut,
    responses=CREATES,
    openapi_extra={"x-dry-run": True},
)
def plan_audit_sample(request: Request, actor: Reader, given: AuditSampleIn) -> Response:
    """Work out population, size and interval of a sample. Stores nothing; needs no key."""
    with read_session(request) as db:
        made = service.prepare(db, actor, given, Permission.SAMPLE_READ)
        return json_response(service.planned_out(made))


@router.post(
    "",
    operation_id="create_audit_sample",
    status_code=201,
    response_model=AuditSampleOut,
    responses=CREATES,
)
def create_audit_sample(request: Request, actor: Writer, given: AuditSampleIn) -> Response:
    """Plan a sample and keep the plan with its seed: nothing of it can be chosen anew."""

    def work(db: Session) -> dict[str, Any]:
        made = service.draft(db, actor, given)
        return sample_out(queries.sample_row(db, actor, made.id))

    return command(request, actor, work, status=201, location="/v1/audit_samples/{id}")


@router.get("", operation_id="list_audit_samples", response_model=AuditSamplePage, responses=LISTS)
def list_audit_samples(
    request: Request,
    actor: Reader,
    paging: Paging,
    fund_id: UUID | None = None,
    population: PopulationName | None = None,
    status: StatusName | None = None,
) -> Response:
    """List samples of the funds that you see."""
    query = queries.visible(actor, fund_id=fund_id, status=status, population=population)
    with read_session(request) as db:
        page = list_page(db, query, paging, sorts=queries.SORTS, key=AuditSample.id, out=sample_out)
    return json_response(page)


@router.get(
    "/{audit_sample_id}",
    operation_id="get_audit_sample",
    response_model=AuditSampleOut,
    responses=READS,
)
def get_audit_sample(request: Request, actor: Reader, audit_sample_id: UUID) -> Response:
    """Read one sample: its population, parameters, seed and, once evaluated, what it says."""
    with read_session(request) as db:
        found = queries.sample_row(db, actor, audit_sample_id)
    return json_response(sample_out(found), etag=etag(found.version))


@router.get(
    "/{audit_sample_id}/items",
    operation_id="list_sample_items",
    response_model=SampleItemPage,
    responses=LISTS | READS,
)
def list_sample_items(
    request: Request, actor: Reader, paging: Paging, audit_sample_id: UUID
) -> Response:
    """List the items of a sample with what each was last found to be."""
    with read_session(request) as db:
        queries.get_visible(db, actor, audit_sample_id)
        query = queries.items(audit_sample_id)
        page = list_page(
            db, query, paging, sorts=queries.ITEM_SORTS, key=SampleItem.id, out=item_out
        )
    return json_response(page)


@router.post(
    "/{audit_sample_id}/draw",
    operation_id="draw_audit_sample",
    response_model=AuditSampleOut,
    responses=COMMANDS,
)
def draw_audit_sample(request: Request, actor: Writer, audit_sample_id: UUID) -> Response:
    """Draw the items, from the population made again from the books."""

    def work(db: Session) -> dict[str, Any]:
        sample = queries.get_visible(db, actor, audit_sample_id, Permission.SAMPLE_WRITE)
        service.draw_items(db, actor, sample)
        return sample_out(queries.sample_row(db, actor, sample.id))

    return command(request, actor, work)


@router.post(
    "/{audit_sample_id}/evaluate",
    operation_id="evaluate_audit_sample",
    response_model=AuditSampleOut,
    responses=COMMANDS,
)
def evaluate_audit_sample(request: Request, actor: Writer, audit_sample_id: UUID) -> Response:
    """Evaluate a sample of which every item was tested."""

    def work(db: Session) -> dict[str, Any]:
        sample = queries.get_visible(db, actor, audit_sample_id, Permission.SAMPLE_WRITE)
        service.evaluate(db, actor, sample)
        return sample_out(queries.sample_row(db, actor, sample.id))

    return command(request, actor, work)


@router.post(
    "/{audit_sample_id}/review",
    operation_id="review_audit_sample",
    response_model=AuditSampleOut,
    responses=COMMANDS,
)
def review_audit_sample(request: Request, actor: Writer, audit_sample_id: UUID) -> Response:
    """Review an evaluated sample; another person than who prepared and who evaluated it."""
    return _decide(request, actor, audit_sample_id, "review", None)


@router.post(
    "/{audit_sample_id}/send_back",
    operation_id="send_back_audit_sample",
    response_model=AuditSampleOut,
    responses=COMMANDS,
)
def send_back_audit_sample(
    request: Request, actor: Writer, audit_sample_id: UUID, given: ReasonIn
) -> Response:
    """Send an evaluated sample back to be tested further, with the reason."""
    return _decide(request, actor, audit_sample_id, "send_back", given.reason)


def _decide(
    request: Request, actor: Actor, sample_id: UUID, action: str, reason: str | None
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        sample = queries.get_visible(db, actor, sample_id, Permission.SAMPLE_WRITE)
        service.decide(db, actor, sample, action, reason)
        return sample_out(queries.sample_row(db, actor, sample_id))

    return command(request, actor, work)
