"""Routes of proposals: starting one, lists, drafts and versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Can, Permission
from fundops.calls import queries as call_queries
from fundops.calls.models import Call
from fundops.command import check_match, command, etag, read_session, save_or_keep
from fundops.drafted import sealed, stored
from fundops.errors import Problem
from fundops.pages import Paging, json_response, list_page
from fundops.parties.withholding import marks_out
from fundops.proposals import drafts, queries, screened, service, submission, totals, versions
from fundops.proposals.budgets import totals as budget_totals
from fundops.proposals.content import DraftIn
from fundops.proposals.content import withheld as stored_marks
from fundops.proposals.models import PROPOSAL_STATUSES, Proposal, ProposalVersion
from fundops.proposals.schemas import (
    AwaitingIn,
    CallTotalsOut,
    DraftOut,
    ProposalContentOut,
    ProposalIn,
    ProposalOut,
    ProposalPage,
    ProposalVersionPage,
    ValidationOut,
    content_out,
    proposal_out,
    version_out,
)
from fundops.proposals.terms import terms_of
from fundops.schemas import CHANGES, CREATES, LISTS, READS, Country, money_out, problems
from fundops.strict import StrictRoute

router = APIRouter(prefix="/proposals", tags=["proposals"], route_class=StrictRoute)
totals_router = APIRouter(prefix="/calls", tags=["proposals"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.PROPOSAL_READ))]
Writer = Annotated[Actor, Depends(Can(Permission.PROPOSAL_WRITE))]
ProposalStatus = Literal[
    "draft", "lodged", "submitted", "eligible", "ineligible", "awarded", "reserve", "rejected",
    "withdrawn",
]  # fmt: skip
assert set(ProposalStatus.__args__) == set(PROPOSAL_STATUSES)  # type: ignore[attr-defined]
By = Literal[
    "objective", "country", "region", "theme", "p", "side", "exploitation", "assistance", "group",
    "sdg",
]  # fmt: skip


@router.get("", operation_id="list_proposals", response_model=ProposalPage, responses=LISTS)
def list_proposals(
    request: Request,
    actor: Reader,
    paging: Paging,
    call_id: UUID | None = None,
    party_id: UUID | None = None,
    status: ProposalStatus | None = None,
    objective: Annotated[int | None, Query(ge=1, le=10)] = None,
    country: Annotated[Country | None, Query()] = None,
) -> Response:
    """List proposals: an applicant's own, or those of one's funds. Drafts are listed without
    what they say.
    """
    query = queries.visible(
        actor,
        call_id=call_id,
        party_id=party_id,
        status=status,
        objective=objective,
        country=country,
    )
    with read_session(request) as db:
        page = list_page(db, query, paging, sorts=queries.SORTS, key=Proposal.id, out=proposal_out)
    return json_response(page)


@router.post(
    "",
    operation_id="start_proposal",
    status_code=201,
    response_model=ProposalOut,
    responses=CREATES,
)
def start_proposal(request: Request, actor: Writer, given: ProposalIn) -> Response:
    """Start a proposal to an open call, from the organisation's profile or an earlier one."""
    arrived = clock.now()

    def work(db: Session) -> dict[str, Any]:
        proposal = drafts.create(db, actor, given, arrived, request.app.state.vault)
        return proposal_out(queries.row(db, actor, proposal.id))

    return command(request, actor, work, status=201, location="/v1/proposals/{id}")


@router.get(
    "/{proposal_id}", operation_id="get_proposal", response_model=ProposalOut, responses=READS
)
def get_proposal(request: Request, actor: Reader, proposal_id: UUID) -> Response:
    """Read one proposal as lists have it; what it says is in its versions."""
    with read_session(request) as db:
        row = queries.row(db, actor, proposal_id)
        return json_response(proposal_out(row), etag=etag(row.version))


def draft_out(db: Session, proposal: Proposal, draft: ProposalVersion) -> dict[str, Any]:
    """Return the wire form of the draft at work."""
    closes_at = service.closes_at(db.get_one(Call, proposal.call_id), proposal)
    return {**content_out(draft), "version": draft.number, "closes_at": closes_at}


@router.get(
    "/{proposal_id}/draft", operation_id="get_draft", response_model=DraftOut, responses=READS
)
def get_draft(request: Request, actor: Writer, proposal_id: UUID) -> Response:
    """Read the draft at work. Its entity tag is its own: other changes leave it as it is."""
    with read_session(request) as db:
        proposal = queries.get_visible(db, actor, proposal_id, Permission.PROPOSAL_WRITE)
        draft = versions.current_draft(db, proposal.id)
        return json_response(draft_out(db, proposal, draft), etag=etag(draft.number))


@router.put(
    "/{proposal_id}/draft", operation_id="save_draft", response_model=DraftOut, responses=CHANGES
)
def save_draft(request: Request, actor: Writer, proposal_id: UUID, given: DraftIn) -> Response:
    """Save the whole of a draft. Needs If-Match with the draft's entity tag.

    Text that looks like personal data is left out and marked; all else is stored. When another
    draft has been saved since, the answer is 412, and what was sent is kept aside as a version of
    its own, which the answer names.
    """
    return saved_draft(request, actor, proposal_id, given, draft_out)


def saved_draft(
    request: Request,
    actor: Actor,
    proposal_id: UUID,
    given: DraftIn,
    out: Callable[[Session, Proposal, ProposalVersion], dict[str, Any]],
) -> Response:
    """Save a whole draft over the one that ``If-Match`` names, or keep it aside; answer ``out``."""
    plain, keys = given.plain(), request.app.state.vault

    def cleaned(db: Session) -> tuple[Proposal, dict[str, Any]]:
        proposal = queries.get_visible(db, actor, proposal_id, Permission.PROPOSAL_WRITE)
        service.require_editable(proposal, "save")
        return proposal, screened.clean(db, actor, proposal, keys, plain, given.confirmations)

    def work(db: Session) -> dict[str, Any]:
        proposal, said = cleaned(db)
        check_draft(request, versions.current_draft(db, proposal.id), said)
        return out(db, proposal, drafts.save(db, actor, proposal, said))

    def keep(db: Session) -> int:
        return drafts.keep_aside(db, actor, *cleaned(db)).number

    return save_or_keep(request, actor, work, keep, "proposals.kept_aside")


def check_draft(request: Request, present: ProposalVersion, content: dict[str, Any]) -> None:
    """Require ``If-Match`` to name the draft at work: 428 when missing, 412 when stale.

    The very content that the draft has is no conflict: a save whose answer was lost, sent again.
    """
    if "if-match" not in request.headers or sealed(stored(content)) != present.sha256:
        check_match(request, present.number)


@router.get(
    "/{proposal_id}/versions",
    operation_id="list_proposal_versions",
    response_model=ProposalVersionPage,
    responses=READS,
)
def list_proposal_versions(
    request: Request, actor: Reader, proposal_id: UUID, paging: Paging
) -> Response:
    """List the versions of a proposal; who does not write it sees what was submitted."""
    with read_session(request) as db:
        proposal = queries.get_visible(db, actor, proposal_id)
        page = list_page(
            db,
            versions.listed(proposal.id, submitted_only=not queries.may_write(actor, proposal)),
            paging,
            sorts={"number": ProposalVersion.number},
            key=ProposalVersion.id,
            out=version_out,
        )
    return json_response(page)


@router.get(
    "/{proposal_id}/versions/{number}",
    operation_id="get_proposal_version",
    response_model=ProposalContentOut,
    responses=READS,
)
def get_proposal_version(
    request: Request,
    actor: Reader,
    proposal_id: UUID,
    number: int,
) -> Response:
    """Read one version whole: a submission, or a draft of one's own, kept aside or not."""
    with read_session(request) as db:
        proposal = queries.get_readable(db, actor, proposal_id)
        only = not queries.may_write(actor, proposal)
        if not 1 <= number <= versions.MAX_VERSIONS:
            raise Problem("not-found")
        found = versions.get(db, proposal, number, submitted_only=only)
        return json_response(content_out(found))


@router.post(
    "/{proposal_id}/validate",
    operation_id="validate_proposal",
    response_model=ValidationOut,
    responses=problems(400, 401, 403, 404, 413, 415, 422),
    openapi_extra={"x-dry-run": True},
)
def validate_proposal(
    request: Request, actor: Writer, proposal_id: UUID, given: AwaitingIn
) -> Response:
    """Ask what a submission of the draft would come to: every problem with its place, and the
    sums. Changes nothing; needs no key.
    """
    arrived = clock.now()
    with read_session(request) as db:
        proposal = queries.get_visible(db, actor, proposal_id, Permission.PROPOSAL_WRITE)
        checked, draft = submission.examine(db, proposal, given.awaiting)
        call = db.get_one(Call, proposal.call_id)
        currency = terms_of(db, call).currency
        sums = budget_totals(checked.lines)
        answer = {
            "is_right": checked.is_right,
            "version": draft.number,
            "problems": [
                {"pointer": one.pointer, "detail": one.detail} for one in checked.problems
            ],
            "requested": money_out(checked.requested_minor, currency),
            "by_category": {
                name: money_out(minor, currency) for name, minor in sums.by_category.items()
            },
            "closes_at": service.closes_at(call, proposal),
            "is_open": service.is_open(call, proposal, arrived),
            "withheld": marks_out(stored_marks(draft.content)),
        }
    return json_response(answer)


@totals_router.get(
    "/{call_id}/totals",
    operation_id="get_call_totals",
    response_model=CallTotalsOut,
    responses=READS,
)
def get_call_totals(
    request: Request,
    actor: Reader,
    call_id: UUID,
    by: By = "objective",
    status: ProposalStatus | None = None,
) -> Response:
    """Count what was asked for in a call, by the codes of a list. Parts sum exactly; lists that
    overlap say so and are not summed.
    """
    with read_session(request) as db:
        call = call_queries.get_visible(db, actor, call_id, Permission.PROPOSAL_READ)
        return json_response(totals.totals(db, actor, call, by, status))
