"""What a plan shows: its months, its earmarks, and what binds, as plain figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from fundops import money
from fundops.messages import text
from fundops.planning import cash
from fundops.planning.inflows import Inflow
from fundops.planning.plan import AtRisk, Plan, month_of, month_on

MAX_EARMARKS = 100
"""Most earmarks shown by themselves; the smaller ones are added up."""


@dataclass
class MonthFigures:
    """One month, base minor units.

    ``expected`` is counted on; ``overdue`` and ``not_binding`` are parts of it. ``conditions``,
    ``pledged`` and ``pipeline`` stand beside. ``due`` falls due in the month, ``paid`` can be paid
    in it, ``balance`` is what is in hand after that, ``unpaid`` what is overdue to grants by then.
    """

    on: date
    expected_minor: int = 0
    overdue_minor: int = 0
    not_binding_minor: int = 0
    conditions_minor: int = 0
    pledged_minor: int = 0
    pipeline_minor: int = 0
    due_minor: int = 0
    paid_minor: int = 0
    balance_minor: int = 0
    unpaid_minor: int = 0


@dataclass
class EarmarkFigures:
    """One earmark: what is in hand, and by month what is expected, due and left as scheduled.

    The balance is below nothing where more is due out of the earmark's own money than there is.
    """

    words: str
    free_minor: int = 0
    reserved_minor: int = 0
    opening_minor: int = 0
    expected: list[int] = field(default_factory=list)
    due: list[int] = field(default_factory=list)

    def balances(self) -> Iterator[int]:
        """Yield the balance after each month."""
        balance = self.opening_minor
        for came, went in zip(self.expected, self.due, strict=True):
            balance += came - went
            yield balance


@dataclass(frozen=True)
class Beyond:
    """What lies after the months shown, or has no day, base minor units."""

    expected_minor: int
    due_minor: int
    undated_minor: int


_BESIDE = {"conditions": "conditions_minor", "pledge": "pledged_minor",
           "pipeline": "pipeline_minor"}  # fmt: skip


def months(plan: Plan, *, is_late: bool = False) -> tuple[int, list[MonthFigures]]:
    """Return the opening balance of the months shown, and the months."""
    coming = plan.late_coming if is_late else plan.coming
    course = plan.late if is_late and plan.late is not None else plan.course
    found = [MonthFigures(month_on(number, plan.asked.as_of)) for number in range(plan.horizon)]
    for one in coming:
        came = None if one.on is None else month_of(one.on, plan.asked.as_of)
        if came is not None and came < len(found):
            _came(found[came], one, plan)
    for (_, month, is_reserved), minor in plan.due.items():
        if month < len(found):
            found[month].due_minor += minor
            found[month].paid_minor += minor if is_reserved else 0
    opening = balance = sum(plan.free.values()) + sum(plan.reserved.values())
    for number, figures in enumerate(found):
        if number == plan.skipped:
            opening = balance
        figures.paid_minor += course.months[number].paid_minor
        figures.unpaid_minor = course.months[number].unpaid_minor
        balance += figures.expected_minor - figures.paid_minor
        figures.balance_minor = balance
    return opening, found[plan.skipped :]


def _came(month: MonthFigures, one: Inflow, plan: Plan) -> None:
    if one.sort in _BESIDE:
        beside = _BESIDE[one.sort]
        setattr(month, beside, getattr(month, beside) + one.minor)
    if plan.counts(one):
        month.expected_minor += one.minor
        month.overdue_minor += one.minor if one.is_overdue else 0
        month.not_binding_minor += 0 if one.is_binding else one.minor


def beyond(plan: Plan) -> Beyond:
    """Return what the months do not show."""
    counted = [one for one in plan.coming if plan.counts(one)]
    return Beyond(
        sum(o.minor for o in counted if o.on and month_of(o.on, plan.asked.as_of) >= plan.horizon),
        sum(minor for (_, month, _), minor in plan.due.items() if month >= plan.horizon),
        sum(o.minor for o in counted if o.on is None),
    )


def earmarks(plan: Plan) -> list[EarmarkFigures]:
    """Return the earmarks with money in or out, largest first; the smallest are one line."""
    found: dict[int, EarmarkFigures] = {}
    for pool, words in enumerate(map(plan.pools.words, range(len(plan.pools.marks)))):
        free, reserved = plan.free.get(pool, 0), plan.reserved.get(pool, 0)
        blank = [0] * plan.horizon
        found[pool] = EarmarkFigures(words, free, reserved, free + reserved, blank, blank.copy())
    for one in plan.coming:
        if plan.counts(one) and one.on is not None:
            _add(found[one.pool].expected, month_of(one.on, plan.asked.as_of), one.minor)
    for (pool, month, _), minor in plan.due.items():
        _add(found[pool].due, month, minor)
    shown = [_windowed(one, plan.skipped) for one in found.values() if _moves(one)]
    shown.sort(key=lambda one: (-one.opening_minor - sum(one.expected), one.words))
    if len(shown) <= MAX_EARMARKS:
        return shown
    rest = shown[MAX_EARMARKS - 1 :]
    words = text("planning.other_earmarks", count=len(rest))
    return [*shown[: MAX_EARMARKS - 1], _together(words, rest)]


def _moves(one: EarmarkFigures) -> bool:
    return bool(one.opening_minor or any(one.expected) or any(one.due))


def _windowed(one: EarmarkFigures, skipped: int) -> EarmarkFigures:
    """Roll the months before the first shown into the opening balance."""
    one.opening_minor += sum(one.expected[:skipped]) - sum(one.due[:skipped])
    del one.expected[:skipped], one.due[:skipped]
    return one


def _together(words: str, ones: Sequence[EarmarkFigures]) -> EarmarkFigures:
    return EarmarkFigures(
        words,
        sum(one.free_minor for one in ones),
        sum(one.reserved_minor for one in ones),
        sum(one.opening_minor for one in ones),
        [sum(column) for column in zip(*(one.expected for one in ones), strict=True)],
        [sum(column) for column in zip(*(one.due for one in ones), strict=True)],
    )


def _add(column: list[int], month: int, minor: int) -> None:
    if month < len(column):
        column[month] += minor


def first_short(plan: Plan, course: cash.Course) -> date | None:
    """Return the first month in which something due cannot be paid."""
    if course.shortage is None:
        return None
    return month_on(course.shortage.month, plan.asked.as_of)


def difference(base: Sequence[AtRisk], late: Sequence[AtRisk]) -> list[AtRisk]:
    """Return what is at risk only because of the delay."""
    before = {(one.grant_id, one.month): one.minor for one in base}
    found = []
    for one in late:
        more = one.minor - before.get((one.grant_id, one.month), 0)
        if more > 0:
            found.append(AtRisk(one.grant_id, one.code, one.month, more, one.instalment_id))
    return found


def moved_minor(plan: Plan) -> int:
    """Return how much of what is counted on comes later than scheduled."""
    days = {one.record_id: one.on for one in plan.coming}
    return sum(
        one.minor for one in plan.late_coming if plan.counts(one) and days[one.record_id] != one.on
    )


def cap_sentences(plan: Plan, found: cash.Shortage) -> list[str]:
    """Return the caps that are reached, in words."""
    sentences = []
    for place in found.caps[:MAX_EARMARKS]:
        pool, value = plan.cap_words[place]
        mark = plan.pools.marks[pool]
        assert mark.cap_dimension is not None
        amount = money.display(mark.cap_by_value[value].amount_minor, plan.fund.base_currency)
        dimension = text(f"earmark.dimension.{mark.cap_dimension}")
        sentences.append(
            text("planning.cap_reached", amount=amount, dimension=dimension, value=value)
        )
    return sentences
