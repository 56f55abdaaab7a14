"""The route of the attention list."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from fundops.authz import Actor, Can, Permission
from fundops.command import read_session
from fundops.errors import Problem
from fundops.pages import json_response
from fundops.planning import grant_rules, money_rules, partner_rules, payment_rules, report_rules
from fundops.planning.attention import (
    MAX_FUNDS,
    PER_RULE,
    REGISTERED,
    Rule,
    Shown,
    funds_of,
    gather,
)
from fundops.schemas import READS, Out
from fundops.strict import StrictRoute

router = APIRouter(tags=["planning"], route_class=StrictRoute)

RULES: tuple[Rule, ...] = (
    *payment_rules.RULES,
    *money_rules.RULES,
    *grant_rules.RULES,
    *partner_rules.RULES,
    *report_rules.RULES,
)
"""Every rule of what is planned, in the order in which they are asked; those of later domains
follow."""

MAX_ENTRIES, MAX_PERSONS = 500, 20


class ActingPersonOut(Out):
    """A person who can act."""

    id: UUID
    code: str
    name: str


class AttentionEntryOut(Out):
    """One thing that waits for somebody."""

    kind: str
    severity: Literal["high", "medium", "low"]
    fund_id: UUID
    fund: str
    record_type: str
    record_id: UUID
    code: str | None
    party: str | None
    reason: str
    since: date
    days: int
    permission: str
    persons: list[ActingPersonOut]
    persons_total: int
    is_mine: bool


class AttentionOut(Out):
    """What waits, most pressing first, and how much of each kind."""

    items: list[AttentionEntryOut]
    total: int
    is_complete: bool
    kinds: dict[str, int]


def entry_out(one: Shown) -> dict[str, Any]:
    """Return the wire form of an entry."""
    entry = one.entry
    return {
        "kind": entry.kind,
        "severity": entry.severity,
        "fund_id": one.fund.id,
        "fund": one.fund.code,
        "record_type": entry.record_type,
        "record_id": entry.record_id,
        "code": entry.code,
        "party": one.party,
        "reason": one.reason,
        "since": entry.since,
        "days": max((one.today - entry.since).days, 0),
        "permission": entry.permission.value,
        "persons": [who._asdict() for who in one.persons[:MAX_PERSONS]],
        "persons_total": len(one.persons),
        "is_mine": one.is_mine,
    }


@router.get(
    "/attention", operation_id="list_attention", response_model=AttentionOut, responses=READS
)
def list_attention(
    request: Request,
    actor: Annotated[Actor, Depends(Can(Permission.ATTENTION_READ))],
    fund_id: UUID | None = None,
    mine: Annotated[bool, Query(description="Only what you can act on yourself.")] = False,
    kind: Annotated[str | None, Query(max_length=40, pattern=r"^[a-z_]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES)] = 200,
) -> Response:
    """List what waits for somebody in your funds: the reason, since when, and who can act."""
    with read_session(request) as db:
        funds = funds_of(db, actor, fund_id)
        if fund_id is not None and not funds:
            raise Problem("not-found")
        rules = (*RULES, *REGISTERED)
        found = gather(db, actor, funds[:MAX_FUNDS], rules, is_mine=mine)
        if kind is not None:
            found = [one for one in found if one.entry.kind == kind]
        kinds: dict[str, int] = {}
        for one in found:
            kinds[one.entry.kind] = kinds.get(one.entry.kind, 0) + 1
        body = {
            "items": [entry_out(one) for one in found[:limit]],
            "total": len(found),
            "is_complete": len(found) <= limit
            and len(funds) <= MAX_FUNDS
            and max(kinds.values(), default=0) < PER_RULE,
            "kinds": dict(sorted(kinds.items())),
        }
    return json_response(body)
