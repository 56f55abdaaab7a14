"""What was asked for, awarded and paid, cut by a code list, fund by fund.

Shares of objectives split every amount by largest remainder, so that the parts sum to the whole to
the cent; a country or region is one per work and sums as well. Under the other lists a work may
stand several times with its whole amount: those rows overlap and no sum of them is given. What
declares no code stands under null, as do grants that came of no proposal for lists that only
proposals declare.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, null, select, true
from sqlalchemy.orm import Session

from fundops import money
from fundops.authz import Actor, Permission
from fundops.calls import codelists
from fundops.calls.models import Call
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.parties.places import hidden_work
from fundops.proposals.facts import declared_codes
from fundops.proposals.models import Proposal
from fundops.proposals.totals import OVERLAPPING, SINGLE
from fundops.schemas import money_out

AMOUNTS = ("requested", "awarded", "paid")
"""``requested``: submitted and not withdrawn; ``awarded``: not cancelled; ``paid``: to grantees."""

CHUNK = 10_000
"""Proposals asked about at once; a statement takes no more than 32,766 parameters on SQLite."""


@dataclass
class _Work:
    """A proposal, a grant, or both in one: minor units of its fund's currency."""

    fund_id: UUID
    proposal_id: UUID | None
    country: str | None
    region: str | None
    objectives: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)


def coverage(
    db: Session, actor: Actor, by: str, fund_id: UUID | None, call_id: UUID | None
) -> list[dict[str, Any]]:
    """Return for each fund that ``actor`` may see what each code was asked, awarded and paid."""
    works = [*_proposals(db, actor, fund_id, call_id), *_grants(db, actor, fund_id, call_id)]
    declared = {} if by in SINGLE else _declared(db, works, by)
    funds = {
        fund.id: fund
        for fund in db.execute(
            select(Fund).where(Fund.id.in_({work.fund_id for work in works})).order_by(Fund.code)
        ).scalars()
    }
    sums: dict[UUID, dict[str | None, dict[str, int]]] = {one: {} for one in funds}
    wholes: dict[UUID, dict[str, int]] = {one: defaultdict(int) for one in funds}
    for work in works:
        for name, amount in work.amounts.items():
            wholes[work.fund_id][name] += amount
            codes = {} if work.proposal_id is None else declared.get(work.proposal_id, {})
            for code, part in _parts(work, by, amount, codes):
                row = sums[work.fund_id].setdefault(code, defaultdict(int))
                row[name] += part
                row[f"{name}_count"] += 1
    return [_fund_out(funds[one], by, sums[one], wholes[one]) for one in funds]


def _declared(db: Session, works: list[_Work], by: str) -> dict[UUID, dict[str, Any]]:
    """Return the codes that the works' proposals declare; a query for each ``CHUNK`` of them."""
    ids = sorted({work.proposal_id for work in works if work.proposal_id is not None})
    found: dict[UUID, dict[str, Any]] = {}
    for start in range(0, len(ids), CHUNK):
        found |= declared_codes(db, ids[start : start + CHUNK], by)
    return found


def _reached(actor: Actor, fund_id: UUID | None) -> ColumnElement[bool]:
    funds = actor.funds(Permission.DOSSIER_READ)
    reached: ColumnElement[bool] = true() if funds is None else Fund.id.in_(funds)
    return reached if fund_id is None else reached & (Fund.id == fund_id)


def _country(actor: Actor, country: Any, fund_id: Any) -> ColumnElement[Any]:
    """Return the SQL of a country as far as ``actor`` may know that there is work there."""
    hidden = hidden_work(actor, country, fund_id)
    return case((hidden, null()), else_=country).label("country")


def _proposals(
    db: Session, actor: Actor, fund_id: UUID | None, call_id: UUID | None
) -> Iterator[_Work]:
    columns: tuple[Any, ...] = (
        Proposal.id, Fund.id.label("fund_id"), Proposal.requested_minor, Proposal.region,
        _country(actor, Proposal.country, Call.fund_id),
    )  # fmt: skip
    query = (
        select(*columns)
        .select_from(Proposal)
        .join(Call, Call.id == Proposal.call_id)
        .join(Fund, Fund.id == Call.fund_id)
        .join(Party, Party.id == Proposal.party_id)
        .where(
            Proposal.submitted_number.is_not(None),
            Proposal.status != "withdrawn",
            _reached(actor, fund_id),
        )
    )
    if call_id is not None:
        query = query.where(Proposal.call_id == call_id)
    for row in db.execute(query):
        requested = {"requested": row.requested_minor or 0}
        yield _Work(row.fund_id, row.id, row.country, row.region, amounts=requested)


def _grants(
    db: Session, actor: Actor, fund_id: UUID | None, call_id: UUID | None
) -> Iterator[_Work]:
    columns: tuple[Any, ...] = (
        Grant.proposal_id, Grant.fund_id, Grant.region, Grant.objectives, Grant.awarded_minor,
        Grant.paid_minor,
        _country(actor, Grant.country, Grant.fund_id),
    )  # fmt: skip
    query = (
        select(*columns)
        .select_from(Grant)
        .join(Fund, Fund.id == Grant.fund_id)
        .join(Party, Party.id == Grant.grantee_id)
        .where(Grant.status != "cancelled", _reached(actor, fund_id))
    )
    if call_id is not None:
        query = query.where(Grant.call_id == call_id)
    for row in db.execute(query):
        amounts = {"awarded": row.awarded_minor, "paid": row.paid_minor}
        objectives = json.loads(row.objectives)
        yield _Work(row.fund_id, row.proposal_id, row.country, row.region, objectives, amounts)


def _parts(
    work: _Work, by: str, amount: int, declared: dict[str, Any]
) -> list[tuple[str | None, int]]:
    """Return the codes a work stands under, and how much of ``amount`` under each."""
    if by in SINGLE:
        return [(getattr(work, by), amount)]
    if by == "objective" and work.objectives:
        shares = [(code, percent) for code, percent in work.objectives.items()]
    else:
        shares = list(declared.get(by, ()))
    if not shares:
        return [(None, amount)]
    if by != "objective":
        return [(code, amount) for code, _ in shares]
    ordered = sorted(shares, key=lambda one: int(one[0]))
    split = money.allocate(amount, [percent or 0 for _, percent in ordered])
    return [(code, part) for (code, _), part in zip(ordered, split, strict=True)]


def _fund_out(
    fund: Fund, by: str, sums: dict[str | None, dict[str, int]], whole: dict[str, int]
) -> dict[str, Any]:
    names = codelists.get(by)
    order = {code: at for at, code in enumerate(names.codes)}
    codes = sorted(sums, key=lambda one: (one is None, order.get(one or "", 0), one or ""))

    def amounts(row: dict[str, int]) -> dict[str, Any]:
        return {name: money_out(row.get(name, 0), fund.base_currency) for name in AMOUNTS}

    return {
        "fund_id": fund.id,
        "fund_code": fund.code,
        "by": by,
        "is_overlapping": by in OVERLAPPING,
        **amounts(whole),
        "items": [
            {
                "code": code,
                "label": None if code is None or not names.has(code) else names.label(code),
                "proposals": sums[code].get("requested_count", 0),
                "grants": sums[code].get("awarded_count", 0),
                **amounts(sums[code]),
            }
            for code in codes
        ],
    }
