"""What was planned, reached and paid, grouped and filtered, as of a day and as known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.calls import codelists
from fundops.calls.indicators import catalogue, of_objective
from fundops.calls.models import Call
from fundops.donors.models import Lot
from fundops.donors.scope import parties_held
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.impact import grouping, money, queries
from fundops.impact.grouping import LISTS, WITHHELD, Filter
from fundops.impact.groups import (
    NAMELESS,
    PERIODS,
    Gathering,
    Group,
    key_of,
)
from fundops.impact.queries import Scope
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.labels import hidden_column, name_column
from fundops.parties.models import Party
from fundops.reports.models import AcceptedVersion

REQUESTED_BY = frozenset({"fund", "objective", "country", "region", "call", *LISTS})
"""Groupings that proposals have as well as grants."""


@dataclass(frozen=True)
class Question:
    """What is asked: a grouping, filters, a day and what was known.

    ``dimension`` asks for a breakdown besides. ``from_on`` leaves out periods ending before it.
    """

    fund: Fund
    by: str
    as_of_on: date
    known_seq: int
    is_latest: bool
    wanted: Filter = field(default_factory=Filter)
    objective: int | None = None
    indicator: str | None = None
    from_on: date | None = None
    dimension: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether figures and money are those of whole grants, not of a part of them."""
        return (
            self.by not in PERIODS | {"donor"}
            and self.from_on is None
            and self.wanted.donor_id is None
        )

    @property
    def indicators(self) -> tuple[str, ...] | None:
        """The indicators asked for, ``None`` for all."""
        if self.indicator is not None:
            keeps = self.objective in (None, catalogue()[self.indicator].objective)
            return (self.indicator,) if keeps else ()
        return None if self.objective is None else of_objective(self.objective)


@dataclass(frozen=True)
class Answer:
    """Groups in order, what they are called, and how many accepted reports stand behind them.

    ``totals`` are minor units of the whole selection; rows of overlapping groupings exceed them.
    """

    question: Question
    groups: list[Group]
    labels: dict[str, str | None]
    totals: dict[str, int]
    reports: int
    has_requested: bool


def require_all(actor: Actor, fund_id: UUID) -> None:
    """Refuse whoever may not read every source report of a fund: they get releases.

    Raises ``not-found`` for a fund out of reach.
    """
    actor.require_fund(Permission.IMPACT_READ, fund_id)
    for permission in (Permission.IMPACT_READ, Permission.RESULT_READ):
        held = [one for one in actor.holding(permission) if one.fund_id in (None, fund_id)]
        if not held or parties_held(actor, permission, fund_id) is not None:
            raise Problem("not-found")


def scope_of(actor: Actor, question: Question) -> Scope:
    """Return what a question is about, for queries."""
    return Scope(
        question.fund.id,
        question.as_of_on,
        question.known_seq,
        is_latest=question.is_latest,
        from_on=question.from_on,
        indicators=question.indicators,
        grants=grouping.matching(actor, question.fund.id, question.wanted),
    )


def answer(db: Session, actor: Actor, question: Question) -> Answer:
    """Return what is asked; a fixed number of queries, whatever the history."""
    fund, by = question.fund, question.by
    scope = scope_of(actor, question)
    by_donor = by == "donor" or question.wanted.donor_id is not None
    per = by if by in PERIODS else None
    keys = grouping.keyed(actor, fund.id, by)
    flows = list(money.flows(db, scope, per=per, by_donor=by_donor))
    payers = _payers(flows) if by == "donor" else {}
    gathering = Gathering(
        by,
        _keys(db, question, keys),
        _shares(db, question, scope),
        question.objective,
        question.wanted.donor_id,
    )
    gathering.take(queries.sums(db, scope, per=per, keys=keys))
    if question.dimension is not None:
        rows = queries.sums(db, scope, dimension=question.dimension, per=per, keys=keys)
        gathering.take(rows, broken_down=True)
    gathering.review(queries.under_review(db, scope, per=per, keys=keys))
    gathering.plan(money.targets(db, fund, scope, keys))
    if question.dimension is not None:
        gathering.plan(money.targets_by_code(db, fund, scope, question.dimension, keys))
    gathering.pay(flows)
    if by == "donor":
        _contributed(gathering, flows, payers)
    has_requested = by in REQUESTED_BY and question.is_whole and question.wanted.grant_id is None
    totals = _totals(gathering, flows)
    if has_requested:
        totals["requested"] = _request(db, actor, question, scope, gathering)
    gathering.withhold()
    labels, groups = _labels(db, actor, question), list(gathering.groups.values())
    groups.sort(key=lambda group: _order(by, group.key, labels))
    return Answer(question, groups, labels, totals, _reports(db, scope), has_requested)


def _payers(flows: Sequence[money.Flow]) -> dict[Any, list[str]]:
    """Return by grant the donors whose money it was paid; what is promised is not given yet."""
    found: dict[Any, list[str]] = {}
    for flow in flows:
        if flow.what != "paid":
            continue
        held = found.setdefault(flow.grant_id, [])
        if str(flow.donor_id) not in held:
            held.append(str(flow.donor_id))
    return found


def _contributed(
    gathering: Gathering, flows: Sequence[money.Flow], payers: dict[Any, list[str]]
) -> None:
    """Set what all donors together paid to the grants that each donor paid to.

    Of one objective's money where that is asked, as what the donor itself paid.
    """
    paid: dict[Any, int] = {}
    for flow in flows:
        if flow.what == "paid":
            amount = gathering.kept(flow)
            paid[flow.grant_id] = paid.get(flow.grant_id, 0) + amount
    for group in gathering.groups.values():
        group.paid_by_all = 0
    for grant_id, donors in payers.items():
        for donor in donors:
            gathering.at(donor).paid_by_all += paid.get(grant_id, 0)


def _keys(db: Session, question: Question, keys: Any) -> Callable[[Any], Sequence[str]]:
    """Return what gives the keys of a grant under a grouping."""
    if keys is None or question.by == "donor":
        return lambda _: (question.fund.code,)
    found: dict[Any, list[str]] = {}
    for grant_id, key in db.execute(select(grouping.bare(keys.c.grant_id), keys.c.key)):
        found.setdefault(grant_id, []).append(key_of(question.by, key))
    return found.__getitem__


def _shares(db: Session, question: Question, scope: Scope) -> dict[Any, Any]:
    """Return what the money of each grant weighs by objective: as agreed, else as awarded."""
    agreed: dict[Any, Any] = dict(money.weights(db, question.fund, scope))
    query = select(grouping.bare(Grant.id), Grant.objectives).where(
        Grant.fund_id == question.fund.id
    )
    rows: Any = db.execute(query.where(Grant.objectives != "{}"))
    for grant_id, objectives in rows:
        if grant_id not in agreed:
            agreed[grant_id] = dict(money.percents(objectives))
    return agreed


def _totals(gathering: Gathering, flows: Sequence[money.Flow]) -> dict[str, int]:
    """Return the money of the whole selection, counted once whatever the grouping."""
    totals = dict.fromkeys(money.AMOUNTS, 0)
    for flow in flows:
        if gathering.donor_id not in (None, flow.donor_id):
            continue
        totals[flow.what] += gathering.kept(flow)
    return totals


def _request(
    db: Session, actor: Actor, question: Question, scope: Scope, gathering: Gathering
) -> int:
    """Put what proposals ask for under its keys; return what it comes to, counted once."""
    by, whole = question.by, 0
    is_split = by == "objective" or question.objective is not None
    shares = money.proposed(db, question.fund.id, "objective") if is_split else {}
    listed = money.proposed(db, question.fund.id, by) if by in LISTS else {}
    for asked in money.requested(db, actor, question.fund, scope, question.wanted):
        percents = {int(code): share for code, share in shares.get(asked.proposal_id, ())}
        for objective, amount in money.split(asked.amount_minor, percents):
            if question.objective not in (None, objective):
                continue
            whole += amount
            for key in _places(question, asked, objective, listed):
                group = gathering.at(key)
                group.requested += amount
                group.proposals += 1
    return whole


def _places(
    question: Question, asked: money.Asked, objective: int | None,
    listed: dict[UUID, list[tuple[str, int]]],
) -> list[str]:  # fmt: skip
    by = question.by
    if by in LISTS:
        return [code for code, _ in listed.get(asked.proposal_id, ())] or [NAMELESS]
    if by == "country" and asked.is_hidden:
        return [WITHHELD]
    value: Any = {
        "objective": objective, "country": asked.country, "region": asked.region,
        "call": asked.call_id, "fund": question.fund.code,
    }[by]  # fmt: skip
    return [NAMELESS if value is None else str(value)]


def _labels(db: Session, actor: Actor, question: Question) -> dict[str, str | None]:
    """Return what keys are called."""
    by = question.by
    named: dict[str, str | None] = {NAMELESS: None, WITHHELD: text("impact.withheld")}
    if by in codelists.LISTS and by != "indicator":
        names = codelists.get(by)
        return named | {code: names.label(code) for code in names.codes}
    if by == "indicator":
        return named | {code: one.label for code, one in catalogue().items()}
    if by == "grant":
        grants: Any = db.execute(select(Grant.id, Grant.code).where(_is_shown(actor, question)))
        return named | {str(row[0]): row[1] for row in grants}
    if by == "call":
        calls: Any = db.execute(select(Call.id, Call.code).where(Call.fund_id == question.fund.id))
        return named | {str(row[0]): row[1] for row in calls}
    if by == "donor":
        donors: Any = db.execute(select(Party.id, name_column(actor)).where(_is_donor(question)))
        return named | {str(row[0]): row[1] for row in donors}
    return named | {question.fund.code: question.fund.name}


def _is_shown(actor: Actor, question: Question) -> Any:
    seen = select(Party.id).where(~hidden_column(actor))
    return (Grant.fund_id == question.fund.id) & Grant.grantee_id.in_(seen)


def _is_donor(question: Question) -> Any:
    return Party.id.in_(select(Lot.donor_id).where(Lot.fund_id == question.fund.id))


def _order(by: str, key: str, labels: dict[str, str | None]) -> tuple[Any, ...]:
    """Return where a group stands: as its code list has it, else by what it is called."""
    last = key in (NAMELESS, WITHHELD)
    if by in codelists.LISTS:
        codes = codelists.get(by).codes
        return last, codes.index(key) if key in codes else len(codes), key
    return last, 0, labels.get(key) or key, key


def _reports(db: Session, scope: Scope) -> int:
    query = select(func.count()).select_from(AcceptedVersion).where(queries.counted(scope))
    return int(db.execute(query).scalar_one())


def contribution(group: Group) -> tuple[int, int]:
    """Return what a donor paid to the grants of a group, and what all paid to them."""
    return group.money["paid"], group.paid_by_all


def coverage(db: Session, actor: Actor, question: Question) -> Answer:
    """Return the answer by objective with all of the ten, also those nothing stands under."""
    found = answer(db, actor, question)
    have = {group.key: group for group in found.groups}
    codes = codelists.get("objective").codes
    if question.objective is not None:
        codes = (str(question.objective),)
    rest = [group for group in found.groups if group.key not in codes]
    return replace(found, groups=[have.get(code) or Group(code) for code in codes] + rest)
