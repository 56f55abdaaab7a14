"""Routes of donor statements: as a workbook, issued, listed, and made again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import PARTY_ROLES, Actor, Can, Permission
from fundops.command import command, database, read_session, replayed
from fundops.db import AnySelect
from fundops.donors.scope import reaches, rows_held
from fundops.errors import Problem
from fundops.exports import statements
from fundops.exports.statements import Period, Rendered
from fundops.funds.queries import by_code
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.parties.models import Party
from fundops.schemas import CREATES, LISTS, READS, Day, Flag, In, Instant, Out, problems
from fundops.strict import StrictRoute
from fundops.tracing.models import Statement

router = APIRouter(tags=["statements"], route_class=StrictRoute)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK = 256 * 1024

Reader = Annotated[Actor, Depends(Can(Permission.STATEMENT_READ))]
Issuer = Annotated[Actor, Depends(Can(Permission.STATEMENT_ISSUE))]
DonorCode = Annotated[str, Query(min_length=1, max_length=60, description="Code of the donor.")]
FundCode = Annotated[str | None, Query(min_length=1, max_length=40, description="Code of a fund.")]
WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"description": "The workbook", "content": {XLSX: {"schema": {"type": "string",
          "format": "binary"}}}},
    **READS,
    **problems(503),
}  # fmt: skip


class StatementIn(In):
    """A statement to issue."""

    donor: Annotated[str, Field(min_length=1, max_length=60, examples=["PTY-2026-0001"])]
    fund: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    from_on: Day | None = None
    as_of_on: Day | None = None
    pin_reservations: Flag = False


class StatementOut(Out):
    """A statement as issued."""

    id: UUID
    code: str
    donor_id: UUID
    fund_id: UUID | None
    from_on: str
    as_of_on: str
    known_seq: int
    known_at: str
    sha256: str
    issued_at: str


class StatementPage(Out):
    """A page of issued statements."""

    items: list[StatementOut]
    next_cursor: str | None


def statement_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an issued statement."""
    return {
        "id": row.id,
        "code": row.code,
        "donor_id": row.donor_id,
        "fund_id": row.fund_id,
        "from_on": row.from_on,
        "as_of_on": row.as_of_on,
        "known_seq": row.known_seq,
        "known_at": row.known_at,
        "sha256": bytes(row.sha256).hex(),
        "issued_at": row.issued_at,
    }


def donor_and_fund(
    db: Session, actor: Actor, permission: Permission, donor: str, fund: str | None
) -> tuple[Party, Fund | None]:
    """Return the donor and fund that codes name; ``not-found`` unless ``actor`` may see both."""
    party = db.execute(select(Party).where(Party.code == donor)).scalar_one_or_none()
    found = by_code(db, fund) if fund is not None else None
    if party is None or (fund is not None and found is None):
        raise Problem("not-found")
    if found is not None:
        allowed = reaches(actor, permission, party_id=party.id, fund_id=found.id)
    else:
        # All funds at once: only for a role that is not limited to some.
        allowed = any(
            held.fund_id is None and (held.role not in PARTY_ROLES or held.party_id == party.id)
            for held in actor.holding(permission)
        )
    if not allowed:
        raise Problem("not-found")
    return party, found


@contextmanager
def export_slot(request: Request) -> Iterator[None]:
    """Take one of the few places for writing workbooks; 503 when all are taken."""
    slots = request.app.state.export_slots
    if not slots.acquire(blocking=False):
        raise Problem("export-slots-taken")
    try:
        yield
    finally:
        slots.release()


def workbook_response(made: Rendered, name: str) -> Response:
    """Return a finished workbook as a download; its SHA-256 is the ETag."""

    def chunks() -> Iterator[bytes]:
        with made.file as file:
            while chunk := file.read(CHUNK):
                yield chunk

    return StreamingResponse(
        chunks(),
        media_type=XLSX,
        headers={
            "content-length": str(made.size),
            "content-disposition": f'attachment; filename="{name}"',
            "etag": f'"{made.sha256.hex()}"',
        },
    )


@router.get(
    "/donor_statement", operation_id="get_donor_statement", responses=WORKBOOK,
    response_class=StreamingResponse,
)  # fmt: skip
def get_donor_statement(
    request: Request,
    actor: Reader,
    donor: DonorCode,
    fund: FundCode = None,
    from_on: Annotated[Day | None, Query(alias="from")] = None,
    as_of: Day | None = None,
    known_at: Instant | None = None,
) -> Response:
    """Write the statement of one donor for any period, as known at any instant, as a workbook."""
    with export_slot(request), database(request).export() as db:
        party, found = donor_and_fund(db, actor, Permission.STATEMENT_READ, donor, fund)
        question = statements.question_for(db, party.id, found, Period(from_on, as_of, known_at))
        made = statements.rendered(statements.statement_workbook(db, question))
    return workbook_response(made, f"statement-{question.as_of_on}.xlsx")


@router.post(
    "/statements", operation_id="issue_statement", status_code=201, response_model=StatementOut,
    responses={**CREATES, **problems(503)},
)  # fmt: skip
def issue_statement(request: Request, actor: Issuer, given: StatementIn) -> Response:
    """Issue a statement: keep its question and hash, and optionally pin what it reports."""
    given_before = replayed(request, actor)
    if given_before is not None:
        return given_before
    with export_slot(request), database(request).export() as db:
        party, fund = donor_and_fund(db, actor, Permission.STATEMENT_ISSUE, given.donor, given.fund)
        period = Period(given.from_on, given.as_of_on, None)
        question = statements.question_for(db, party.id, fund, period)
        known_at = audit.recorded_at(db, question.known_seq)
        made = statements.rendered(statements.statement_workbook(db, question))
        made.file.close()

    def work(db: Session) -> dict[str, Any]:
        issued = statements.issue_statement(
            db, actor, question, known_at, made.sha256, pin=given.pin_reservations
        )
        return statement_out(issued)

    return command(request, actor, work, status=201, location="/v1/statements/{id}")


COLUMNS = (
    Statement.id, Statement.code, Statement.donor_id, Statement.fund_id, Statement.from_on,
    Statement.as_of_on, Statement.known_seq, Statement.known_at, Statement.sha256,
    Statement.issued_at,
)  # fmt: skip


def visible(actor: Actor) -> AnySelect:
    """Return the issued statements that ``actor`` may see."""
    query: AnySelect = select(*COLUMNS)
    rows = rows_held(
        actor, Permission.STATEMENT_READ, party=Statement.donor_id, fund=Statement.fund_id
    )
    return query if rows is None else query.where(rows)


@router.get(
    "/statements", operation_id="list_statements", response_model=StatementPage, responses=LISTS
)
def list_statements(
    request: Request, actor: Reader, paging: Paging, donor_id: UUID | None = None
) -> Response:
    """List issued statements."""
    query = visible(actor)
    if donor_id is not None:
        query = query.where(Statement.donor_id == donor_id)
    sorts = {"code": Statement.code, "as_of_on": Statement.as_of_on}
    with read_session(request) as db:
        page = list_page(db, query, paging, sorts=sorts, key=Statement.id, out=statement_out)
    return json_response(page)


def _issued(db: Session, actor: Actor, statement_id: UUID) -> Statement:
    if db.execute(visible(actor).where(Statement.id == statement_id)).one_or_none() is None:
        raise Problem("not-found")
    return db.get_one(Statement, statement_id)


@router.get(
    "/statements/{statement_id}", operation_id="get_statement", response_model=StatementOut,
    responses=READS,
)  # fmt: skip
def get_statement(request: Request, actor: Reader, statement_id: UUID) -> Response:
    """Read one issued statement."""
    with read_session(request) as db:
        return json_response(statement_out(_issued(db, actor, statement_id)))


@router.get(
    "/statements/{statement_id}/workbook", operation_id="get_statement_workbook",
    responses=WORKBOOK, response_class=StreamingResponse,
)  # fmt: skip
def get_statement_workbook(request: Request, actor: Reader, statement_id: UUID) -> Response:
    """Make the workbook of an issued statement again: the same question, the same bytes."""
    with export_slot(request), database(request).export() as db:
        issued = _issued(db, actor, statement_id)
        made = statements.rendered(statements.reissued(db, issued))
        name = f"{issued.code}.xlsx"
    return workbook_response(made, name)
