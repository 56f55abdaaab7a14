"""Answers about impact as the wire has them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fundops.calls.indicators import digest, indicator
from fundops.impact.adder import NOTHING, Figure, Part, add, percent
from fundops.impact.groups import NAMELESS, OVERLAPPING, PERIODS, Group, cost, planned, reached
from fundops.impact.money import AMOUNTS, Target
from fundops.impact.service import Answer, Question, contribution
from fundops.messages import text
from fundops.pages import PageQuery
from fundops.schemas import money_out


def answer_out(found: Answer, paging: PageQuery) -> dict[str, Any]:
    """Return one page of an answer: its groups after the cursor, in their order."""
    question, currency = found.question, found.question.fund.base_currency
    page, following = _page(found.groups, paging)
    totals = {name: money_out(found.totals[name], currency) for name in AMOUNTS}
    return {
        "fund_id": question.fund.id,
        "fund_code": question.fund.code,
        "by": question.by,
        "as_of": question.as_of_on,
        "known_seq": question.known_seq,
        "is_overlapping": question.by in OVERLAPPING,
        "requested": money_out(found.totals.get("requested"), currency),
        **totals,
        "items": [group_out(found, group) for group in page],
        "next_cursor": following,
        "provenance": {
            "reports": found.reports,
            "rows": rows_path(question),
            "catalogue_sha256": digest(),
        },
    }


def _page(groups: list[Group], paging: PageQuery) -> tuple[list[Group], str | None]:
    """Return the groups after the one that the cursor names, and the cursor of the next page."""
    keys = [group.key for group in groups]
    start = keys.index(paging.cursor) + 1 if paging.cursor in keys else 0
    page = groups[start : start + paging.limit]
    return page, page[-1].key if page and start + paging.limit < len(groups) else None


def rows_path(question: Question) -> str:
    """Return where the accepted reports and rows behind an answer are listed."""
    wanted = question.wanted
    given: dict[str, Any] = {
        "fund_id": question.fund.id, "as_of": question.as_of_on, "from": question.from_on,
        "grant_id": wanted.grant_id, "call_id": wanted.call_id, "country": wanted.country,
        "region": wanted.region, "donor_id": wanted.donor_id, **dict(wanted.codes),
        "objective": question.objective, "indicator": question.indicator,
    }  # fmt: skip
    return "/v1/impact/rows?" + urlencode({k: str(v) for k, v in given.items() if v is not None})


def group_out(found: Answer, group: Group) -> dict[str, Any]:
    """Return one group: its money, and what was planned and reached by indicator."""
    question, currency = found.question, found.question.fund.base_currency
    has_money = question.by != "indicator"
    amounts = {
        name: money_out(group.money[name], currency) if has_money else None for name in AMOUNTS
    }
    requested = money_out(group.requested, currency) if found.has_requested else None
    return {
        "key": group.key,
        "label": found.labels.get(group.key),
        "grants": group.size,
        "proposals": group.proposals if found.has_requested else None,
        "requested": requested,
        **amounts,
        "contribution": _contribution(question, group, currency),
        "results": [_result(question, group, code, currency) for code in group.indicators],
    }


def _contribution(question: Question, group: Group, currency: str) -> dict[str, Any] | None:
    if question.by != "donor" and question.wanted.donor_id is None:
        return None
    if question.by == "donor" and group.key == NAMELESS:
        return None  # of grants that nobody has paid to
    paid, whole = contribution(group)
    return {
        "paid": money_out(paid, currency),
        "of": money_out(whole, currency),
        "percent": percent(paid, whole),
    }


def _result(question: Question, group: Group, code: str, currency: str) -> dict[str, Any]:
    entry, figure = indicator(code), reached(group, code)
    priced = cost(group, code, figure, is_whole=question.is_whole and question.indicator is None)
    is_of_part = question.by in PERIODS or question.from_on is not None
    if is_of_part:
        target: dict[str, Any] = figure_out(NOTHING, "impact.target_of_whole_grant")
    else:
        target = figure_out(planned(code, group.targets.get(code, ())))
    aims = {} if is_of_part else group.planned_for.get(code, {})
    return {
        "indicator": code,
        "label": entry.label,
        "unit": entry.unit,
        "aggregation": entry.aggregation,
        "objective": entry.objective or None,
        "is_verified": entry.is_verified,
        "planned": target,
        "planned_breakdown": _planned(question, code, aims),
        "reached": figure_out(figure),
        "under_review": figure_out(add(group.review.get(code, ()))),
        "breakdown": _breakdown(question, group.broken_down.get(code, {})),
        "cost_each": money_out(priced.minor, currency),
        "no_cost_because": None if priced.reason is None else text(priced.reason),
    }


def _breakdown(question: Question, codes: dict[str, list[Part]]) -> dict[str, Any] | None:
    if question.dimension is None:
        return None
    return {code: figure_out(add(parts)) for code, parts in sorted(codes.items())}


def _planned(question: Question, code: str, aims: dict[str, list[Target]]) -> dict[str, Any] | None:
    """Return what was planned by code, null where nobody planned so."""
    if question.dimension is None or not aims:
        return None
    return {one: figure_out(planned(code, found)) for one, found in sorted(aims.items())}


def figure_out(figure: Figure, reason: str | None = None) -> dict[str, Any]:
    """Return a figure with its label; of a ratio also its percent, from the exact fraction."""
    share = None
    if figure.numerator is not None and figure.denominator is not None:
        share = percent(figure.numerator, figure.denominator)
    said = figure.reason or reason
    return {
        "value": figure.numerator,
        "of": figure.denominator,
        "percent": share,
        "label": figure.label.value,
        "until": figure.ends_on,
        "grants": figure.grants,
        "because": None if said is None else text(said),
    }
