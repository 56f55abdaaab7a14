"""Amounts that people choose: round ones, the same one again, and several just under a limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

from fundops.disbursements.duties import profile_of
from fundops.disbursements.models import DutyProfile, PersonLimit
from fundops.exports.audit_book.flags.rule import Case, Flag, Looked, Rule

ROUND_UNITS = 10_000
REPEATED_DAYS = 30
SPLIT_DAYS = 14
NEAR_PER_CENT = 5
"""How far under a limit is just under it."""


def _flag(one: Any, **details: Any) -> Flag:
    return Flag(one.code, one.grant_id, one.paid_on or one.requested_on, one.amount_minor,
                details=details)  # fmt: skip


def round_amounts(case: Case) -> Looked:
    """Find payments of whole tens of thousands."""
    step = case.whole(ROUND_UNITS)
    found = [_flag(one) for one in case.paid if one.amount_minor % step == 0]
    return Looked(len(case.paid), found)


def repeated_amounts(case: Case) -> Looked:
    """Find payments of one amount to one grantee within a month."""
    alike: dict[Any, list[Any]] = defaultdict(list)
    for one in case.paid:
        alike[case.grantee(one), one.amount_minor].append(one)
    found = []
    for group in alike.values():
        group.sort(key=lambda one: (one.paid_on, one.code))
        for first, again in pairwise(group):
            if (again.paid_on - first.paid_on).days <= REPEATED_DAYS:
                found.append(_flag(again, other=first.code, on=first.paid_on))
    return Looked(len(case.paid), _in_order(found))


def split_amounts(case: Case) -> Looked:
    """Find payments just under a limit, and several under one that together are above it."""
    limits = list(_limits(case))
    if not limits:
        return Looked(len(case.asked), why_not=case.why_not("split_amounts"))
    found = [*_near(case, limits), *_together(case, limits)]
    return Looked(len(case.asked), _in_order(found))


def _limits(case: Case) -> Iterator[tuple[Any, Any, int]]:
    """Yield (from, to or nothing, limit) of what persons may do and duties change at."""
    book = case.book
    for one in book.known("person_limit", PersonLimit, PersonLimit.fund_id == book.fund.id):
        if one.status in ("approved", "ended") and one.starts_on <= book.on:
            yield one.starts_on, one.ends_on, one.limit_minor
    profiles = book.known("duty_profile", DutyProfile, DutyProfile.fund_id == book.fund.id)
    for one in profiles:
        if one.status == "approved" and one.starts_on <= book.on:
            for band in profile_of(one.content).bands:
                if band.up_to_minor is not None:
                    yield one.starts_on, None, band.up_to_minor


def _in_force(limits: list[tuple[Any, Any, int]], on: Any) -> list[int]:
    return sorted({limit for start, end, limit in limits if start <= on <= (end or on)})


def _near(case: Case, limits: list[tuple[Any, Any, int]]) -> Iterator[Flag]:
    for one in case.asked:
        for limit in _in_force(limits, one.requested_on):
            least = limit - limit * NEAR_PER_CENT // 100
            if least < one.amount_minor <= limit:
                yield _flag(one, how="near", limit=case.shown(limit), with_="")
                break


def _together(case: Case, limits: list[tuple[Any, Any, int]]) -> Iterator[Flag]:
    by_grantee: dict[Any, list[Any]] = defaultdict(list)
    for one in case.asked:
        by_grantee[case.grantee(one)].append(one)
    for group in by_grantee.values():
        group.sort(key=lambda one: (one.requested_on, one.code))
        for at, one in enumerate(group):
            since = one.requested_on - timedelta(days=SPLIT_DAYS)
            before = [other for other in group[:at] if other.requested_on >= since]
            for limit in _in_force(limits, one.requested_on):
                parts = [part for part in (*before, one) if part.amount_minor <= limit]
                if before and one in parts and sum(p.amount_minor for p in parts) > limit:
                    others = ", ".join(part.code for part in parts if part is not one)
                    if others:
                        yield _flag(one, how="together", limit=case.shown(limit), with_=others)
                        break


def _in_order(flags: list[Flag]) -> list[Flag]:
    return sorted(flags, key=lambda flag: (str(flag.on), flag.record, str(flag.details)))


RULES = (
    Rule("round_amounts", round_amounts, {"units": ROUND_UNITS}),
    Rule("repeated_amounts", repeated_amounts, {"days": REPEATED_DAYS}),
    Rule("split_amounts", split_amounts, {"days": SPLIT_DAYS, "share": NEAR_PER_CENT}),
)
