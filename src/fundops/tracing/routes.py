"""Routes of tracing: a donor's position, and the trace of any code both ways."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from fundops import audit, clock
from fundops.authz import Actor, Can, Permission
from fundops.command import read_session
from fundops.donors.scope import reaches
from fundops.errors import Problem, invalid
from fundops.pages import json_response
from fundops.parties.models import Party
from fundops.schemas import READS, Day, Instant, MoneyOut, Out, money_out
from fundops.strict import StrictRoute
from fundops.tracing.entries import FLOWS, POSITIONS
from fundops.tracing.statement import Question, position
from fundops.tracing.tree import Node, Trace, trace

router = APIRouter(tags=["tracing"], route_class=StrictRoute)


class NodeOut(Out):
    """One step of a trace; the children's amounts add up to it where there are any."""

    kind: str
    code: str
    label: str
    amount: MoneyOut
    children: list[NodeOut]


class TraceOut(Out):
    """A trace from one record."""

    direction: str
    as_of: str
    known_seq: int
    root: NodeOut


class FundPositionOut(Out):
    """A donor's money in one fund: where it stands, and the totals of what became of it."""

    fund_id: UUID
    fund: str
    held: dict[str, MoneyOut]
    to_date: dict[str, MoneyOut]


class PositionOut(Out):
    """A donor's position per fund; never a sum across currencies."""

    donor_id: UUID
    as_of: str
    known_seq: int
    funds: list[FundPositionOut]


def node_out(node: Node, currency: str) -> dict[str, Any]:
    """Return the wire form of a trace's node and everything below it."""
    return {
        "kind": node.kind,
        "code": node.code,
        "label": node.label,
        "amount": money_out(node.amount_minor, currency),
        "children": [node_out(child, currency) for child in node.children],
    }


@router.get("/trace/{code:path}", operation_id="trace", response_model=TraceOut, responses=READS)
def get_trace(
    request: Request,
    actor: Annotated[Actor, Depends(Can(Permission.TRACE_READ))],
    code: str,
    as_of: Day | None = None,
    known_at: Instant | None = None,
) -> Response:
    """Show where the money of a pledge, agreement, receipt or lot went, or whose money a grant
    or disbursement is made of.
    """
    if len(code) > 120:
        raise Problem("not-found")
    with read_session(request) as db:
        on, seq = as_of or clock.today("UTC"), audit.sequence_at(db, known_at)
        found: Trace = trace(db, actor, code, on, seq)
        body = {
            "direction": found.direction,
            "as_of": on,
            "known_seq": seq,
            "root": node_out(found.root, found.currency),
        }
    return json_response(body)


@router.get(
    "/donors/{donor_id}/position", operation_id="get_donor_position", response_model=PositionOut,
    responses=READS,
)  # fmt: skip
def get_donor_position(
    request: Request,
    actor: Annotated[Actor, Depends(Can(Permission.STATEMENT_READ))],
    donor_id: UUID,
    fund_id: UUID | None = None,
    as_of: Day | None = None,
    known_at: Instant | None = None,
) -> Response:
    """Read what is held of a donor's money in each fund, now or at any past date."""
    if not reaches(actor, Permission.STATEMENT_READ, party_id=donor_id, fund_id=fund_id):
        raise Problem("not-found")
    if known_at is not None and known_at > clock.now():
        raise invalid("query/known_at", "validation.future")
    with read_session(request) as db:
        if db.get(Party, donor_id) is None:
            raise Problem("not-found")
        on, seq = as_of or clock.today("UTC"), audit.sequence_at(db, known_at)
        found = position(db, Question(donor_id, fund_id, on, on, seq))
        body = {
            "donor_id": donor_id,
            "as_of": on,
            "known_seq": seq,
            "funds": [
                {
                    "fund_id": fund.id,
                    "fund": fund.code,
                    "held": {p: money_out(held[p], fund.base_currency) for p in POSITIONS.values()},
                    "to_date": {
                        flow: money_out(held[f"total_{flow}"], fund.base_currency) for flow in FLOWS
                    },
                }
                for fund, held in found
                if reaches(actor, Permission.STATEMENT_READ, party_id=donor_id, fund_id=fund.id)
            ],
        }
    return json_response(body)
