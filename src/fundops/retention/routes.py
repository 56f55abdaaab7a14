"""Routes of retention: the schedule, its rules, and the log of disposals."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, etag, read_session
from fundops.messages import text
from fundops.pages import Paging, json_response, list_page
from fundops.parties.schemas import ReasonIn
from fundops.retention import queries, service
from fundops.retention.classes import CLASSES, KEPT
from fundops.retention.models import MAX_MONTHS, Disposal, RetentionRule
from fundops.schemas import COMMANDS, CREATES, LISTS, READS, In, LongLine, Out, Whole
from fundops.screening.fields import SCREENED
from fundops.strict import StrictRoute

router = APIRouter(tags=["retention"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.RETENTION_READ))]
Proposer = Annotated[Actor, Depends(Can(Permission.RETENTION_PROPOSE))]
Approver = Annotated[Actor, Depends(Can(Permission.RETENTION_APPROVE))]
ClassName = Literal[
    "report_drafts", "report_texts", "report_comments", "report_evidence", "notices"
]


class RetentionRuleIn(In):
    """How long a class of data is to be kept."""

    data_class: ClassName
    months: Annotated[Whole, Field(ge=1, le=MAX_MONTHS)] = Field(examples=[84])
    reason: Annotated[LongLine, SCREENED] = Field(
        examples=["Seven years after a grant is closed, as our auditors ask."]
    )


class RetentionRuleOut(Out):
    """A rule that was proposed, and what became of it."""

    id: UUID
    data_class: str
    months: int
    reason: str
    status: str
    proposed_at: str
    decided_at: str | None
    version: int


class RetentionRulePage(Out):
    """A page of rules."""

    items: list[RetentionRuleOut]
    next_cursor: str | None


class DataClassOut(Out):
    """A class of data; ``months`` is null, and nothing is disposed of, without a rule in force."""

    data_class: str
    what: str
    suggested_months: int
    least_months: int
    months: int | None
    due: int = Field(description="Rows that are older than the rule allows.")


class KeptOut(Out):
    """What is never disposed of, and why."""

    what: str
    why: str


class RetentionOut(Out):
    """The whole schedule."""

    classes: list[DataClassOut]
    kept: list[KeptOut]


class DisposalOut(Out):
    """A line of the log: how many rows of a class, older than which instant, by which rule."""

    id: UUID
    data_class: str
    rule_id: UUID
    before_at: str
    rows_disposed: int
    ids_sha256: str
    disposed_at: str


class DisposalPage(Out):
    """A page of the log."""

    items: list[DisposalOut]
    next_cursor: str | None


def rule_out(found: Any) -> dict[str, Any]:
    """Return the wire form of a rule."""
    return {name: getattr(found, name) for name in RetentionRuleOut.model_fields}


def disposal_out(found: Any) -> dict[str, Any]:
    """Return the wire form of a disposal."""
    return {name: getattr(found, name) for name in DisposalOut.model_fields}


@router.get(
    "/retention", operation_id="get_retention", response_model=RetentionOut, responses=READS
)
def get_retention(request: Request, actor: Reader) -> Response:
    """Read how long each class of data is kept, and how much is due to be disposed of."""
    del actor  # whoever may read it reads all of it
    with read_session(request) as db:
        rules, due = queries.in_force(db), service.due_counts(db)
    found = [
        {
            "data_class": name,
            "what": text(f"retention.class.{name}"),
            "suggested_months": one.suggested,
            "least_months": one.least,
            "months": rules[name].months if name in rules else None,
            "due": due.get(name, 0),
        }
        for name, one in CLASSES.items()
    ]
    kept = [
        {"what": text(f"retention.kept.{one}"), "why": text(f"retention.kept.{one}.why")}
        for one in KEPT
    ]
    return json_response({"classes": found, "kept": kept})


@router.get(
    "/retention_rules",
    operation_id="list_retention_rules",
    response_model=RetentionRulePage,
    responses=LISTS,
)
def list_retention_rules(
    request: Request,
    actor: Reader,
    paging: Paging,
    data_class: ClassName | None = None,
    status: Literal["proposed", "approved", "refused"] | None = None,
) -> Response:
    """List the rules of retention, also those that were refused or replaced."""
    query = queries.rules(actor, data_class=data_class, status=status)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.RULE_SORTS, key=RetentionRule.id, out=rule_out
        )
    return json_response(page)


@router.post(
    "/retention_rules",
    operation_id="propose_retention_rule",
    status_code=201,
    response_model=RetentionRuleOut,
    responses=CREATES,
)
def propose_retention_rule(request: Request, actor: Proposer, given: RetentionRuleIn) -> Response:
    """Propose how long a class of data is kept. Another person approves it."""

    def work(db: Session) -> dict[str, Any]:
        made = service.propose(db, actor, given.data_class, given.months, given.reason)
        return rule_out(queries.rule_row(db, actor, made.id))

    return command(request, actor, work, status=201, location="/v1/retention_rules/{id}")


@router.get(
    "/retention_rules/{retention_rule_id}",
    operation_id="get_retention_rule",
    response_model=RetentionRuleOut,
    responses=READS,
)
def get_retention_rule(request: Request, actor: Reader, retention_rule_id: UUID) -> Response:
    """Read one rule."""
    with read_session(request) as db:
        found = queries.rule_row(db, actor, retention_rule_id)
    return json_response(rule_out(found), etag=etag(found.version))


@router.post(
    "/retention_rules/{retention_rule_id}/approve",
    operation_id="approve_retention_rule",
    response_model=RetentionRuleOut,
    responses=COMMANDS,
)
def approve_retention_rule(request: Request, actor: Approver, retention_rule_id: UUID) -> Response:
    """Approve a rule that another person proposed: from now on it is carried out."""
    return _decide(request, actor, retention_rule_id, "approve", None)


@router.post(
    "/retention_rules/{retention_rule_id}/refuse",
    operation_id="refuse_retention_rule",
    response_model=RetentionRuleOut,
    responses=COMMANDS,
)
def refuse_retention_rule(
    request: Request, actor: Approver, retention_rule_id: UUID, given: ReasonIn
) -> Response:
    """Refuse a rule that another person proposed."""
    return _decide(request, actor, retention_rule_id, "refuse", given.reason)


def _decide(
    request: Request, actor: Actor, rule_id: UUID, action: str, reason: str | None
) -> Response:
    def work(db: Session) -> dict[str, Any]:
        service.decide(db, actor, queries.get_rule(db, actor, rule_id), action, reason)
        return rule_out(queries.rule_row(db, actor, rule_id))

    return command(request, actor, work)


@router.get(
    "/disposals", operation_id="list_disposals", response_model=DisposalPage, responses=LISTS
)
def list_disposals(
    request: Request, actor: Reader, paging: Paging, data_class: ClassName | None = None
) -> Response:
    """Read the log of what was disposed of."""
    query = queries.disposals(actor, data_class=data_class)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.DISPOSAL_SORTS, key=Disposal.id, out=disposal_out
        )
    return json_response(page)
