"""The cash plan as a workbook: months recomputed live from what comes in and what goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.exports import (
    Cell,
    Code,
    Computed,
    Control,
    Controls,
    Date,
    Flag,
    Grid,
    Guide,
    Kind,
    Money,
    Overall,
    Sheet,
    Text,
    Workbook,
    total,
)
from fundops.exports import Integer as Whole
from fundops.exports.specs import Spec, described
from fundops.ledger import balances
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.planning import figures
from fundops.planning.figures import MonthFigures
from fundops.planning.plan import Asked, AtRisk, Plan, month_of, month_on, plan
from fundops.planning.queries import donor_names, labels

Row = tuple[Any, ...]

_SUM_IN = "SUMIFS(coming_counted,coming_month,{month})"
_SUM_OUT = "SUMIFS(going_amount,going_month,{month})"

TABLES: dict[str, tuple[Spec, ...]] = {
    "months": (
        ("month", Date(), 12),
        ("before", Money(), 20),
        ("expected", Computed(_SUM_IN, Money()), 20),
        ("due", Computed(_SUM_OUT, Money()), 20),
        ("paid", Money(), 20),
        ("balance", Computed("{before}+{expected}-{paid}", Money()), 20),
        ("unpaid", Money(), 20),
        ("overdue", Money(), 18),
        ("not_binding", Money(), 18),
        ("conditions", Money(), 18),
        ("pledged", Money(), 18),
        ("pipeline", Money(), 18),
    ),
    "coming": (
        ("month", Date(), 12),
        ("donor", Text(), 40),
        ("code", Code(), 24),
        ("number", Whole(), 10),
        ("sort", Code(), 14),
        ("expected_on", Date(), 14),
        ("dated_by", Code(), 12),
        ("overdue", Flag(), 10),
        ("binding", Flag(), 10),
        ("amount", Money(), 20),
        ("counted", Money(), 20),
        ("earmark", Text(), 50),
    ),
    "going": (
        ("month", Date(), 12),
        ("grant", Code(), 24),
        ("grantee", Text(), 40),
        ("due_on", Date(), 14),
        ("amount", Money(), 20),
        ("reserved", Flag(), 11),
        ("earmark", Text(), 50),
    ),
    "risk": (
        ("grant", Code(), 24),
        ("grantee", Text(), 40),
        ("month", Date(), 12),
        ("amount", Money(), 20),
        ("late", Flag(), 10),
    ),
    "earmarks": (("earmark", Text(), 60), ("free", Money(), 20), ("reserved", Money(), 20)),
}
TOTALS = {
    "months": ("expected", "due", "paid"),
    "coming": ("amount", "counted"),
    "going": ("amount",),
    "risk": ("amount",),
    "earmarks": ("free", "reserved"),
}


def cash_plan_workbook(
    db: Session, actor: Actor | None, fund: Fund, asked: Asked, language: str = "en"
) -> Workbook:
    """Return the cash plan of a fund as ``actor`` (``None``: an insider) may read it.

    Raises what ``plan`` does.
    """
    return _Book(db, actor, plan(db, fund, asked), language).workbook()


class _Book:
    def __init__(self, db: Session, actor: Actor | None, found: Plan, language: str) -> None:
        self.plan, self.language = found, language
        self.currency = found.fund.base_currency
        self.opening, self.months = figures.months(found)
        named = {one.grant for one in found.going}
        self.grantees: Mapping[UUID, str] = labels(db, actor, {UUID(key) for key in named})
        self.donors = donor_names(db, actor, {one.donor_id for one in found.coming})
        held = balances.by_kind(db, found.fund.id, found.asked.as_of)
        self.ledger = sum(held[kind].minor for kind in ("lot", "reserved") if kind in held)

    def workbook(self) -> Workbook:
        rows: dict[str, Callable[[], Iterator[Row]]] = {
            "months": self._months,
            "coming": self._coming,
            "going": self._going,
            "risk": self._risk,
            "earmarks": self._earmarks,
        }
        subject = f"{self.plan.fund.code} {self.plan.fund.name}"
        return Workbook(
            title=self._say("title", subject=subject),
            subject=subject,
            sheets=(
                self._cover(subject),
                Controls(self._say("sheet.controls"), tuple(self._controls())),
                *(self._sheet(table, made) for table, made in rows.items()),
                Guide(self._say("sheet.guide")),
            ),
            language=self.language,
        )

    def _say(self, key: str, **facts: Any) -> str:
        return text(f"cash_plan.{key}", self.language, **facts)

    def _sheet(self, table: str, made: Callable[[], Iterator[Row]]) -> Sheet:
        columns = described(f"cash_plan.{table}", TABLES[table], self.language)
        return Sheet(
            self._say(f"sheet.{table}"), columns, made, table_name=table, currency=self.currency,
            totals=TOTALS[table],
        )  # fmt: skip

    def _cover(self, subject: str) -> Grid:
        amount = Money(currency=self.currency)
        first = figures.first_short(self.plan, self.plan.course)
        facts: list[tuple[str, Any, Kind | None]] = [
            ("as_of", self.plan.asked.as_of, None),
            ("opening", self.opening, amount),
            ("expected", total("months", "expected"), amount),
            ("paid", total("months", "paid"), amount),
            ("short", f"{first:%Y-%m}" if first else self._say("cover.never"), None),
            ("risk", total("risk", "amount", {"late": False}), amount),
            ("checks", Overall(), None),
        ]
        cells = [Cell("A1", self._say("title", subject=subject), look="title")]
        for row, (key, value, kind) in enumerate(facts, start=3):
            cells += [
                Cell(f"A{row}", self._say(f"cover.{key}"), look="label"),
                Cell(f"B{row}", value, kind),
            ]
        cells.append(Cell("A11", self._say("cover.note"), look="note"))
        return Grid(self._say("sheet.cover"), tuple(cells), widths={"A": 44.0, "B": 30.0})

    def _months(self) -> Iterator[Row]:
        before = self.opening
        for one in self.months:
            yield _month(one, before)
            before = one.balance_minor

    def _window(self, on: date | None) -> date | None:
        """Return the first day of a shown month, nothing for one that is not shown."""
        if on is None:
            return None
        number = month_of(on, self.plan.asked.as_of)
        is_shown = self.plan.skipped <= number < self.plan.horizon
        return month_on(number, self.plan.asked.as_of) if is_shown else None

    def _coming(self) -> Iterator[Row]:
        for one in self.plan.coming:
            yield (
                self._window(one.on), self.donors[one.donor_id], one.code, one.number, one.sort,
                one.on, one.dated_by, one.is_overdue, one.is_binding, one.minor,
                one.minor if self.plan.counts(one) else 0, self.plan.pools.words(one.pool),
            )  # fmt: skip

    def _going(self) -> Iterator[Row]:
        words = [self.plan.pools.words(pool) for pool in range(len(self.plan.pools.marks))]
        codes = self.plan.codes
        for one in sorted(self.plan.going, key=lambda o: (o.on, codes[o.grant], words[o.pool])):
            yield (
                self._window(one.on), codes[one.grant], self.grantees[UUID(one.grant)], one.on,
                one.minor, one.is_reserved, words[one.pool],
            )  # fmt: skip

    def _risk(self) -> Iterator[Row]:
        for is_late, found in ((False, self.plan.at_risk), (True, self.plan.late_at_risk)):
            for one in found:
                yield self._at_risk(one, is_late=is_late)

    def _at_risk(self, one: AtRisk, *, is_late: bool) -> Row:
        on = month_on(one.month, self.plan.asked.as_of)
        return one.code, self.grantees[one.grant_id], on, one.minor, is_late

    def _earmarks(self) -> Iterator[Row]:
        for pool in sorted(self.plan.free.keys() | self.plan.reserved.keys()):
            free, kept = self.plan.free.get(pool, 0), self.plan.reserved.get(pool, 0)
            yield self.plan.pools.words(pool), free, kept
        if self.plan.expired_minor:
            yield self._say("expired"), self.plan.expired_minor, 0

    def _controls(self) -> Iterator[Control]:
        closing = self.months[-1].balance_minor - self.opening
        risk = (*self.plan.at_risk, *self.plan.late_at_risk)
        given = (
            ("in_hand", total("earmarks", "free") + total("earmarks", "reserved"), self.ledger),
            ("expected", total("months", "expected"), _sum(self.months, "expected_minor")),
            ("due", total("months", "due"), _sum(self.months, "due_minor")),
            ("closing", total("months", "expected") - total("months", "paid"), closing),
            ("risk", total("risk", "amount"), sum(one.minor for one in risk)),
        )
        for key, figure, expected in given:
            yield Control(
                self._say(f"control.{key}"), figure, expected, Money(currency=self.currency),
                self._say(f"control.{key}.meaning"),
            )  # fmt: skip


def _month(one: MonthFigures, before: int) -> Row:
    return (
        one.on, before, one.expected_minor, one.due_minor, one.paid_minor, one.balance_minor,
        one.unpaid_minor, one.overdue_minor, one.not_binding_minor, one.conditions_minor,
        one.pledged_minor, one.pipeline_minor,
    )  # fmt: skip


def _sum(months: list[MonthFigures], name: str) -> int:
    return sum(getattr(one, name) for one in months)
