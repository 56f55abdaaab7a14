"""Money beside results: awarded, paid and spent by grant from the ledger, asked for by proposal.

Amounts are minor units of the fund's base currency, as of a day and as known at a sequence.
``spent`` is accepted expenditure that payments cover; what exceeds them waits and counts later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, case, func, literal, null, select
from sqlalchemy.orm import Session

from fundops import money
from fundops.authz import Actor
from fundops.calls.models import Call
from fundops.donors.models import Lot
from fundops.grants.agreement_models import (
    GrantAgreedResult,
    GrantAgreement,
    GrantBudgetLine,
)
from fundops.grants.agreement_queries import texts_in_force
from fundops.impact.grouping import Filter, bare, declaring
from fundops.impact.models import SourceTarget
from fundops.impact.queries import Scope, period_of
from fundops.ledger.models import Fund, Transfer
from fundops.parties.labels import hidden_column
from fundops.parties.models import Party
from fundops.parties.zones import end_of
from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion
from fundops.reports.dimensions import TOTAL

FLOW_OF = {
    "reserve": ("awarded", 1),
    "void": ("awarded", -1),
    "pay": ("paid", 1),
    "pay_return": ("paid", -1),
    "liquidate": ("spent", 1),
}
"""Kind of transfer -> what it adds to, and with which sign."""
AMOUNTS = ("awarded", "paid", "spent")


class Flow(NamedTuple):
    """What moved for a grant: ``what`` is one of ``AMOUNTS``; donor and period where asked for.

    ``grant_id`` is bare, as the database has it.
    """

    grant_id: Any
    donor_id: UUID | None
    period: int | None
    what: str
    amount_minor: int


def flows(
    db: Session, scope: Scope, *, per: str | None = None, by_donor: bool = False
) -> Iterator[Flow]:
    """Yield the amounts of a fund's grants, by donor or period where that is asked; one query."""
    moved = Transfer
    signed = case((moved.reverses_id.is_(None), moved.amount_minor), else_=-moved.amount_minor)
    period: Any = literal(0) if per is None else period_of(moved.effective_on, per)
    donor: Any = Lot.donor_id if by_donor else literal(0)
    groups: list[Any] = [moved.grant_id, moved.kind]
    groups += [period] if per is not None else []
    groups += [donor] if by_donor else []
    columns: tuple[Any, ...] = (
        bare(moved.grant_id), donor, period, moved.kind, func.sum(signed),
    )  # fmt: skip
    query = (
        select(*columns)
        .where(
            moved.fund_id == scope.fund_id, moved.grant_id.is_not(None),
            moved.kind.in_(tuple(FLOW_OF)), moved.effective_on <= scope.as_of_on,
        )
        .group_by(*groups)
    )  # fmt: skip
    if by_donor:
        query = query.join(Lot, Lot.id == moved.lot_id)
    if not scope.is_latest:
        query = query.where(moved.event_seq <= scope.known_seq)
    if scope.from_on is not None:
        query = query.where(moved.effective_on >= scope.from_on)
    if scope.grants is not None:
        query = query.where(moved.grant_id.in_(scope.grants))
    for grant_id, whose, when, kind, amount in db.execute(query):
        what, sign = FLOW_OF[kind]
        yield Flow(
            grant_id, whose if by_donor else None, None if per is None else int(when), what,
            sign * int(amount),
        )  # fmt: skip


def _texts(fund: Fund, scope: Scope) -> Any:
    """Return (grant, text) of the agreements in force at the end of the day, as known."""
    conditions = [GrantAgreement.fund_id == scope.fund_id]
    if scope.grants is not None:
        conditions.append(GrantAgreement.grant_id.in_(scope.grants))
    known_seq = None if scope.is_latest else scope.known_seq
    return texts_in_force(end_of(scope.as_of_on, fund.zone), known_seq, *conditions)


def weights(db: Session, fund: Fund, scope: Scope) -> dict[Any, dict[int, int]]:
    """Return by grant what its agreed budget lines weigh for each objective; one query.

    A weight is minor units times percent. Grants, by bare id, whose agreement is not here have
    none.
    """
    texts = _texts(fund, scope)
    query = (
        select(
            bare(texts.c.grant_id),
            GrantBudgetLine.objectives,
            func.sum(GrantBudgetLine.amount_minor),
        )
        .join(GrantBudgetLine, GrantBudgetLine.text_id == texts.c.text_id)
        .group_by(texts.c.grant_id, GrantBudgetLine.objectives)
    )
    found: dict[Any, dict[int, int]] = {}
    for grant_id, objectives, amount in db.execute(query):
        held = found.setdefault(grant_id, {})
        for objective, percent in percents(objectives):
            held[objective] = held.get(objective, 0) + percent * int(amount)
    return found


@lru_cache(maxsize=10_000)
def percents(objectives: str) -> tuple[tuple[int, int], ...]:
    """Return (objective, percent) from the stored text of shares."""
    return tuple((int(code), percent) for code, percent in json.loads(objectives).items())


def split(amount_minor: int, shares: Mapping[int, int]) -> list[tuple[int | None, int]]:
    """Split an amount over objectives by largest remainder; under ``None`` where none is told."""
    ordered = sorted((objective, share) for objective, share in shares.items() if share > 0)
    if not ordered:
        return [(None, amount_minor)]
    if len(ordered) == 1:
        return [(ordered[0][0], amount_minor)]
    parts = money.allocate(amount_minor, [share for _, share in ordered])
    return [(objective, part) for (objective, _), part in zip(ordered, parts, strict=True)]


class Target(NamedTuple):
    """What is agreed in one indicator under one key: of so many grants, in so many results.

    ``code`` says of whom where a source plans by sex and age, or under another dimension's codes.
    """

    key: Any
    indicator: str
    target: int
    grants: int
    results: int
    code: str = ""


def targets(db: Session, fund: Fund, scope: Scope, keys: Any = None) -> Iterator[Target]:
    """Yield the agreed targets of a fund's grants, and those a source tells; two queries.

    ``keys`` is a selection of (grant, key) by which grants are grouped.
    """
    texts, agreed = _texts(fund, scope), GrantAgreedResult
    own = (
        select(
            texts.c.grant_id, agreed.indicator, func.sum(agreed.target).label("target"),
            func.count().label("results"),
        )
        .join(agreed, agreed.text_id == texts.c.text_id)
        .group_by(agreed.indicator, texts.c.grant_id)
    )  # fmt: skip
    others = _of_source(texts, scope, TOTAL)
    for query, table in ((own, agreed), (others, SourceTarget)):
        if scope.indicators is not None:
            query = query.where(table.indicator.in_(scope.indicators))
        yield from _by_key(db, query, keys)


def targets_by_code(
    db: Session, fund: Fund, scope: Scope, dimension: str, keys: Any = None
) -> Iterator[Target]:
    """Yield what sources plan under each code of a dimension; one query.

    Agreements have undivided targets alone. Whose agreement is here counts by that one, as in
    ``targets``.
    """
    query = _of_source(_texts(fund, scope), scope, dimension)
    if scope.indicators is not None:
        query = query.where(SourceTarget.indicator.in_(scope.indicators))
    yield from _by_key(db, query, keys, is_by_code=True)


def _of_source(texts: Any, scope: Scope, dimension: str) -> Any:
    """Return the targets that sources tell of grants whose agreements are not here."""
    told = SourceTarget
    count: Any = literal(1)
    columns: tuple[Any, ...] = (
        told.grant_id, told.indicator, told.code, told.target.label("target"),
        count.label("results"),
    )  # fmt: skip
    query = select(*columns).where(
        told.fund_id == scope.fund_id, told.dimension == dimension,
        scope.known(told.recorded_seq, told.superseded_seq),
        told.grant_id.not_in(select(texts.c.grant_id)),
    )  # fmt: skip
    return query if scope.grants is None else query.where(told.grant_id.in_(scope.grants))


def _by_key(db: Session, query: Any, keys: Any, *, is_by_code: bool = False) -> Iterator[Target]:
    each = query.subquery().c
    key: Any = null() if keys is None else keys.c.key
    under: Any = each.code if is_by_code else literal("")
    columns: tuple[Any, ...] = (
        key, each.indicator, func.sum(each.target), func.count(), func.sum(each.results), under,
    )  # fmt: skip
    whole = select(*columns).group_by(each.indicator)
    if is_by_code:
        whole = whole.group_by(each.code)
    if keys is not None:
        whole = whole.join(keys, keys.c.grant_id == each.grant_id).group_by(key)
    for found, code, target, grants, results, whom in db.execute(whole):
        yield Target(found, code, int(target), int(grants), int(results), whom)


class Asked(NamedTuple):
    """What a submitted proposal asks for, and what it can be grouped by."""

    proposal_id: UUID
    call_id: UUID
    country: str | None
    region: str | None
    amount_minor: int
    is_hidden: bool


def requested(db: Session, actor: Actor, fund: Fund, scope: Scope, wanted: Filter) -> list[Asked]:
    """Return what proposals submitted by the day ask for; those withdrawn since are left out."""
    hidden = hidden_column(actor)
    country = case((hidden, None), else_=Proposal.country)
    columns: tuple[Any, ...] = (
        Proposal.id, Proposal.call_id, country, Proposal.region, Proposal.requested_minor, hidden,
    )  # fmt: skip
    query = (
        select(*columns)
        .join(Call, Call.id == Proposal.call_id)
        .join(Party, Party.id == Proposal.party_id)
        .where(
            Call.fund_id == fund.id, Proposal.submitted_number.is_not(None),
            Proposal.status != "withdrawn",
            Proposal.submitted_at < end_of(scope.as_of_on, fund.zone),
        )
        .order_by(Proposal.id)
    )  # fmt: skip
    for column, value in (
        (Proposal.call_id, wanted.call_id),
        (country, wanted.country),
        (Proposal.region, wanted.region),
    ):
        if value is not None:
            query = query.where(column == value)
    for list_name, code in wanted.codes:
        query = query.where(Proposal.id.in_(declaring(list_name, code)))
    rows: Any = db.execute(query)
    return [Asked(row[0], row[1], row[2], row[3], row[4] or 0, bool(row[5])) for row in rows]


def proposed(db: Session, fund_id: UUID, list_name: str) -> dict[UUID, list[tuple[str, int]]]:
    """Return the codes of a list that a fund's submitted proposals declare, with percents."""
    query = (
        select(ProposalVersion.proposal_id, ProposalCode.code, ProposalCode.percent)
        .join(
            Proposal,
            and_(
                Proposal.id == ProposalVersion.proposal_id,
                Proposal.submitted_number == ProposalVersion.number,
            ),
        )
        .join(Call, Call.id == Proposal.call_id)
        .join(ProposalCode, ProposalCode.version_id == ProposalVersion.id)
        .where(Call.fund_id == fund_id, ProposalCode.list_name == list_name)
        .order_by(ProposalCode.code)
    )
    found: dict[UUID, list[tuple[str, int]]] = {}
    for proposal_id, code, percent in db.execute(query):
        found.setdefault(proposal_id, []).append((code, percent or 0))
    return found
