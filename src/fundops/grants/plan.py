"""What a policy makes of a grant: its tranches and its calendar of requirements. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from fundops import money
from fundops.errors import Problem
from fundops.grants.policy_content import (
    MAX_MONTHS,
    AssuranceRule,
    ModalityRule,
    PolicyContent,
    Tier,
)
from fundops.messages import text

ReportNumber = tuple[str, int]
"""A kind of report and its number."""


@dataclass(frozen=True)
class PlannedTranche:
    """A tranche: its share of the whole, its amount, its day, and the reports it waits for."""

    number: int
    percent: int
    amount_minor: int
    due_on: date
    waits_for: tuple[ReportNumber, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A requirement: the period it is about, its day, and the rule that asks for it."""

    kind: str
    number: int
    period_from_on: date
    period_to_on: date
    due_on: date
    rule: str
    is_final: bool = False


@dataclass(frozen=True)
class Plan:
    """Tranches and requirements; ``rule`` is where the policy says how the tranches are."""

    tier: Tier
    months: int
    is_emergency: bool
    rule: str
    tranches: tuple[PlannedTranche, ...]
    requirements: tuple[Planned, ...]


@dataclass(frozen=True)
class _Period:
    from_on: date
    to_on: date

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days + 1


def months_between(starts_on: date, ends_on: date) -> int:
    """Return how many months a period has, the last begun one counted: a year has 12."""
    months = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month
    return months + (1 if add_months(starts_on, months) <= ends_on else 0)


def add_months(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.month - 1 + months, 12)
    year += day.year
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def plan_for(
    policy: PolicyContent,
    tier: Tier,
    months: int,
    amount_minor: int,
    starts_on: date,
    ends_on: date,
    is_emergency: bool = False,
) -> Plan:
    """Return what ``policy`` makes of a grant of that tier, duration and amount.

    ``months`` is ``months_between`` of the two days. Raises ``conflict`` for a grant that is
    longer than policies provide for or too short for its reports, and for an emergency above its
    ceiling.
    """
    assert months == months_between(starts_on, ends_on), "the months are those of the period"
    assert amount_minor > 0, "there is something to pay"
    if months > MAX_MONTHS:
        raise Problem("conflict", detail=text("schedule.too_long", months=MAX_MONTHS))
    period = _Period(starts_on, ends_on)
    if is_emergency:
        return _emergency(policy, tier, months, amount_minor, period)
    place, rule = policy.modality(tier, months, amount_minor)
    where = f"/modalities/{place}"
    reports = (
        *_reports(rule, "narrative_report", months, period, where),
        *_reports(rule, "financial_report", months, period, where),
    )
    checks = _assurance(policy, tier, months, amount_minor, period)
    tranches = _tranches(rule, amount_minor, starts_on, reports)
    return Plan(tier, months, False, where, tranches, _sorted((*reports, *checks)))


def _emergency(
    policy: PolicyContent, tier: Tier, months: int, amount_minor: int, period: _Period
) -> Plan:
    """One tranche and one short report of work and money; an audit only if closing asks."""
    window = policy.emergency
    if amount_minor > window.ceiling_minor:
        raise Problem("conflict", detail=text("schedule.emergency_ceiling"))
    if months > window.months_up_to:
        limit = window.months_up_to
        raise Problem("conflict", detail=text("schedule.emergency_months", months=limit))
    first = period.from_on + timedelta(days=window.instalment_days)
    report = Planned(
        "narrative_report", 1, period.from_on, period.to_on,
        period.to_on + timedelta(days=window.report_days_after_end), "/emergency", is_final=True,
    )  # fmt: skip
    audits = _audits(policy, None, amount_minor, period)
    tranches = (PlannedTranche(1, 100, amount_minor, first),)
    return Plan(tier, months, True, "/emergency", tranches, _sorted((report, *audits)))


def _tranches(
    rule: ModalityRule, amount_minor: int, starts_on: date, reports: Sequence[Planned]
) -> tuple[PlannedTranche, ...]:
    """Return the tranches; one too small for a single minor unit falls away."""
    due = {(one.kind, one.number): one.due_on for one in reports}
    amounts = money.allocate(amount_minor, [part.percent for part in rule.tranches])
    made: list[PlannedTranche] = []
    on = starts_on
    for part, amount in zip(rule.tranches, amounts, strict=True):
        if not amount:
            continue
        waits_for = tuple((one.kind, one.number) for one in part.waits_for) if made else ()
        ready = max((due[one] for one in waits_for), default=starts_on)
        on = max(on, ready + timedelta(days=rule.instalment_days))
        made.append(PlannedTranche(len(made) + 1, part.percent, amount, on, waits_for))
    return tuple(made)


def _reports(
    rule: ModalityRule, kind: str, months: int, period: _Period, where: str
) -> Iterator[Planned]:
    """Yield the interim reports of a kind and the final one; their periods follow each other."""
    wanted = rule.reports(kind)
    count = wanted.interim_count(months)
    if wanted.every_months is None:
        periods = _evenly(period, count + 1)
    else:
        every = wanted.every_months
        starts = [add_months(period.from_on, every * place) for place in range(count + 1)]
        ends = [after - timedelta(days=1) for after in starts[1:]]
        periods = [
            _Period(one, end) for one, end in zip(starts, [*ends, period.to_on], strict=True)
        ]
    for number, one in enumerate(periods, 1):
        is_final = number == len(periods)
        days = wanted.final_days_after_end if is_final else wanted.days_after_period
        due_on = one.to_on + timedelta(days=days)
        yield Planned(kind, number, one.from_on, one.to_on, due_on, where, is_final)


def _assurance(
    policy: PolicyContent, tier: Tier, months: int, amount_minor: int, period: _Period
) -> Iterator[Planned]:
    """Yield visits and spot checks, spread over the period, and the audit after it.

    The amount by year of a grant of more than a year is rounded up.
    """
    years = -(-months // 12)
    yearly = amount_minor if months <= 12 else -(-amount_minor * 12 // months)
    place, rule = policy.assured(tier, yearly)
    where = f"/assurance/{place}"
    for kind, a_year in (
        ("visit", rule.visits_per_year),
        ("spot_check", rule.spot_checks_per_year),
    ):
        for number, one in enumerate(_evenly(period, a_year * years), 1):
            yield Planned(kind, number, one.from_on, one.to_on, one.to_on, where)
    yield from _audits(policy, (where, rule), amount_minor, period)


def _audits(
    policy: PolicyContent,
    found: tuple[str, AssuranceRule] | None,
    amount_minor: int,
    period: _Period,
) -> Iterator[Planned]:
    """Yield the audit that a rule of assurance asks for, or else that closing does."""
    closing = policy.closing
    if found is not None and found[1].is_audited:
        where = found[0]
    elif closing.audit_from_minor is not None and amount_minor >= closing.audit_from_minor:
        where = "/closing/audit_from"
    else:
        return
    due_on = period.to_on + timedelta(days=closing.audit_days_after_end)
    yield Planned("audit", 1, period.from_on, period.to_on, due_on, where)


def _evenly(period: _Period, count: int) -> list[_Period]:
    """Return ``count`` periods, as alike as days allow, that follow each other; none for none."""
    if period.days < count:
        raise Problem("conflict", detail=text("schedule.too_short"))
    if not count:
        return []
    bounds = [
        period.from_on + timedelta(days=period.days * place // count) for place in range(count + 1)
    ]
    return [_Period(one, after - timedelta(days=1)) for one, after in pairwise(bounds)]


def _sorted(found: Sequence[Planned]) -> tuple[Planned, ...]:
    return tuple(sorted(found, key=lambda one: (one.due_on, one.kind, one.number)))
