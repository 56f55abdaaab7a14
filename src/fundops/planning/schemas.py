"""The cash plan and the ageing of advances as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from fundops.planning import cash, figures
from fundops.planning.plan import AtRisk, Plan, month_on
from fundops.schemas import MoneyOut, Out, money_out

MAX_AT_RISK = 200
"""Most tranches at risk that are named; the total counts all of them."""

Month = Field(examples=["2026-05"], description="Year and month.")


class MonthOut(Out):
    """One month: what is expected, what is due, and what is left or missing at its end."""

    month: str = Month
    expected: MoneyOut = Field(description="Instalments counted on, net of charges.")
    overdue: MoneyOut = Field(description="Of that: already late on the plan's day.")
    not_binding: MoneyOut = Field(description="Of that: nothing binds the donor to pay it.")
    conditions: MoneyOut = Field(description="Not counted: conditions are not met yet.")
    pledged: MoneyOut = Field(description="Pledges without an agreement; counted only if asked.")
    pipeline: MoneyOut = Field(description="Never counted: not yet promised.")
    due: MoneyOut = Field(description="Falls due to grants in the month.")
    paid: MoneyOut = Field(description="Can be paid in the month, arrears included.")
    balance: MoneyOut = Field(description="In hand after that.")
    unpaid: MoneyOut = Field(description="Due by the end of the month and not payable.")


class InHandOut(Out):
    """What is in hand on the plan's day."""

    free: MoneyOut
    reserved: MoneyOut
    expired: MoneyOut = Field(description="Past its spend-by day: cannot be reserved any more.")


class BeyondOut(Out):
    """What the months do not show."""

    expected: MoneyOut
    due: MoneyOut
    undated: MoneyOut = Field(description="Expected, but nobody said when.")


class EarmarkAmountOut(Out):
    """Money under one earmark, in words."""

    earmark: str
    amount: MoneyOut


class CashShortageOut(Out):
    """Why the first short month is short."""

    month: str = Month
    unpaid: MoneyOut
    binding: list[EarmarkAmountOut] = Field(description="May pay what is short, and is used up.")
    caps: list[str] = Field(description="Caps that are reached.")
    idle: list[EarmarkAmountOut] = Field(description="Is left, and may not pay what is short.")


class EarmarkMonthOut(Out):
    """One month of one earmark, as scheduled: a balance below zero is more due than there is."""

    month: str = Month
    expected: MoneyOut
    due: MoneyOut
    balance: MoneyOut


class PlannedEarmarkOut(Out):
    """One earmark over the months."""

    earmark: str
    free: MoneyOut
    reserved: MoneyOut
    months: list[EarmarkMonthOut]


class AtRiskItemOut(Out):
    """What cannot be paid to a grant when it falls due."""

    grant_id: UUID
    grant_code: str
    grantee: str
    month: str = Month
    amount: MoneyOut
    instalment_id: UUID | None = Field(description="The instalment that the award stands on.")


class AtRiskOut(Out):
    """What is at risk in all, and the first of it by month."""

    total: MoneyOut
    is_complete: bool
    items: list[AtRiskItemOut]


class DelayOut(Out):
    """What becomes of the plan when a donor pays late."""

    days: int
    moved: MoneyOut
    first_short_month: str | None
    shortage: CashShortageOut | None
    months: list[MonthOut]
    at_risk: AtRiskOut
    because_of_it: AtRiskOut = Field(description="At risk only because of the delay.")


class CashPlanOut(Out):
    """The cash plan of a fund."""

    fund_id: UUID
    fund: str
    as_of: date
    counts_pledges: bool
    in_hand: InHandOut
    opening: MoneyOut
    months: list[MonthOut]
    beyond: BeyondOut
    first_short_month: str | None
    shortage: CashShortageOut | None
    earmarks: list[PlannedEarmarkOut]
    at_risk: AtRiskOut
    delay: DelayOut | None


class BucketsOut(Out):
    """Advances by the days since they were paid."""

    days_0_30: MoneyOut
    days_31_90: MoneyOut
    days_91_180: MoneyOut
    days_181_365: MoneyOut
    days_over_365: MoneyOut
    total: MoneyOut
    overdue: MoneyOut


class AdvanceOut(BucketsOut):
    """What one grant was paid and has not accounted for."""

    grant_id: UUID
    grant_code: str
    grantee: str
    oldest_on: date | None
    oldest_days: int | None


class AdvancePage(Out):
    """A page of grants with advances, and the totals of the whole fund."""

    as_of: date
    overdue_days: int
    items: list[AdvanceOut]
    next_cursor: str | None
    totals: BucketsOut
    control: MoneyOut = Field(description="The ledger's own total of advances.")


def plan_out(plan: Plan, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Return the wire form of a plan; ``names`` are what the reader may call grantees."""
    shown = _Wire(plan, names)
    opening, months = figures.months(plan)
    after = figures.beyond(plan)
    money = shown.money
    return {
        "fund_id": plan.fund.id,
        "fund": plan.fund.code,
        "as_of": plan.asked.as_of,
        "counts_pledges": plan.asked.counts_pledges,
        "in_hand": {
            "free": money(sum(plan.free.values())),
            "reserved": money(sum(plan.reserved.values())),
            "expired": money(plan.expired_minor),
        },
        "opening": money(opening),
        "months": [shown.month(one) for one in months],
        "beyond": {
            "expected": money(after.expected_minor),
            "due": money(after.due_minor),
            "undated": money(after.undated_minor),
        },
        "first_short_month": month_text(figures.first_short(plan, plan.course)),
        "shortage": shown.shortage(plan.course.shortage),
        "earmarks": shown.earmarks(months),
        "at_risk": shown.at_risk(plan.at_risk),
        "delay": shown.delay(),
    }


def month_text(on: date | None) -> str | None:
    """Return a month as the API writes it: ``2026-05``."""
    return None if on is None else f"{on:%Y-%m}"


class _Wire:
    def __init__(self, plan: Plan, names: Mapping[UUID, str]) -> None:
        self.plan, self.names = plan, names
        self.currency = plan.fund.base_currency

    def money(self, minor: int) -> dict[str, str] | None:
        return money_out(minor, self.currency)

    def month(self, one: figures.MonthFigures) -> dict[str, Any]:
        return {"month": month_text(one.on)} | {
            name.removesuffix("_minor"): self.money(value)
            for name, value in vars(one).items()
            if name.endswith("_minor")
        }

    def shortage(self, found: cash.Shortage | None) -> dict[str, Any] | None:
        if found is None:
            return None
        return {
            "month": month_text(month_on(found.month, self.plan.asked.as_of)),
            "unpaid": self.money(found.unpaid_minor),
            "binding": self._pools(found.pools),
            "caps": figures.cap_sentences(self.plan, found),
            "idle": self._pools(found.idle),
        }

    def _pools(self, pools: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        return [
            {"earmark": self.plan.pools.words(pool), "amount": self.money(minor)}
            for pool, minor in sorted(pools, key=lambda one: (-one[1], one[0]))[
                : figures.MAX_EARMARKS
            ]
        ]

    def earmarks(self, months: Sequence[figures.MonthFigures]) -> list[dict[str, Any]]:
        return [
            {
                "earmark": one.words,
                "free": self.money(one.free_minor),
                "reserved": self.money(one.reserved_minor),
                "months": [
                    {
                        "month": month_text(month.on),
                        "expected": self.money(came),
                        "due": self.money(went),
                        "balance": self.money(balance),
                    }
                    for month, came, went, balance in zip(
                        months, one.expected, one.due, one.balances(), strict=True
                    )
                ],
            }
            for one in figures.earmarks(self.plan)
        ]

    def at_risk(self, found: Sequence[AtRisk]) -> dict[str, Any]:
        return {
            "total": self.money(sum(one.minor for one in found)),
            "is_complete": len(found) <= MAX_AT_RISK,
            "items": [
                {
                    "grant_id": one.grant_id,
                    "grant_code": one.code,
                    "grantee": self.names[one.grant_id],
                    "month": month_text(month_on(one.month, self.plan.asked.as_of)),
                    "amount": self.money(one.minor),
                    "instalment_id": one.instalment_id,
                }
                for one in found[:MAX_AT_RISK]
            ],
        }

    def delay(self) -> dict[str, Any] | None:
        plan = self.plan
        if plan.late is None or plan.asked.delay is None:
            return None
        _, months = figures.months(plan, is_late=True)
        extra = figures.difference(plan.at_risk, plan.late_at_risk)
        return {
            "days": plan.asked.delay.days,
            "moved": self.money(figures.moved_minor(plan)),
            "first_short_month": month_text(figures.first_short(plan, plan.late)),
            "shortage": self.shortage(plan.late.shortage),
            "months": [self.month(one) for one in months],
            "at_risk": self.at_risk(plan.late_at_risk),
            "because_of_it": self.at_risk(extra),
        }


def named(plan: Plan) -> set[UUID]:
    """Return the grants that a plan names."""
    late = plan.late_at_risk[:MAX_AT_RISK]
    extra = figures.difference(plan.at_risk, plan.late_at_risk)[:MAX_AT_RISK]
    return {one.grant_id for one in (*plan.at_risk[:MAX_AT_RISK], *late, *extra)}
