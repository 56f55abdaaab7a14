"""The cash plan of a fund: what comes and goes by month and earmark, and when cash runs short.

Whether what falls due can be paid is a question of flow, not of sums (``cash``): money reserved is
its grant's, free money and what is still to come may go where their earmarks admit. A delay of one
donor, or of one instalment, is a second run with other days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.allocation.caps import used_under_caps
from fundops.allocation.position import CapGroup
from fundops.donors.models import Agreement, Instalment
from fundops.errors import Problem, invalid
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.models import Party
from fundops.planning import cash, outflows
from fundops.planning.inflows import Inflow, delayed, inflows, last_day
from fundops.planning.outflows import Outflow
from fundops.planning.pools import Kinds, Pools, Subject
from fundops.planning.queries import Books, Key, Moment, books

MAX_LATE_DAYS = 1826


@dataclass(frozen=True)
class Delay:
    """Whose money comes late, and by how many days: a donor's, or one instalment."""

    days: int
    donor_id: UUID | None = None
    instalment_id: UUID | None = None


@dataclass(frozen=True)
class Asked:
    """A plan as of a day, shown from a month for so many months."""

    as_of: date
    first: date
    months: int
    counts_pledges: bool = False
    delay: Delay | None = None


@dataclass(frozen=True)
class AtRisk:
    """What cannot be paid to a grant in the month in which it falls due, base minor units."""

    grant_id: UUID
    code: str
    month: int
    minor: int
    instalment_id: UUID | None


@dataclass(frozen=True)
class Plan:
    """Everything a plan says; months are counted from that of its day.

    ``due`` adds ``going`` up by pool, month and whether it is reserved.
    """

    fund: Fund
    asked: Asked
    pools: Pools
    free: Mapping[int, int]
    reserved: Mapping[int, int]
    expired_minor: int
    coming: Sequence[Inflow]
    going: Sequence[Outflow]
    codes: Mapping[Key, str]
    due: Mapping[tuple[int, int, bool], int]
    course: cash.Course
    at_risk: Sequence[AtRisk]
    cap_words: Sequence[tuple[int, str]]
    late_coming: Sequence[Inflow] = ()
    late: cash.Course | None = None
    late_at_risk: Sequence[AtRisk] = ()

    @property
    def skipped(self) -> int:
        """How many months lie between the plan's day and the first that is shown."""
        return month_of(self.asked.first, self.asked.as_of)

    @property
    def horizon(self) -> int:
        """How many months were played through."""
        return self.skipped + self.asked.months

    def counts(self, one: Inflow) -> bool:
        """Return whether money is counted on: instalments, and pledges where that was asked."""
        return one.sort == "instalment" or (one.sort == "pledge" and self.asked.counts_pledges)


def month_of(on: date, since: date) -> int:
    """Return how many months ``on`` lies after the month of ``since``."""
    return (on.year - since.year) * 12 + on.month - since.month


def month_on(number: int, since: date) -> date:
    """Return the first day of the month so many after that of ``since``."""
    months = since.year * 12 + since.month - 1 + number
    return date(months // 12, months % 12 + 1, 1)


def asked_of(
    fund: Fund, as_of: date | None, first: date | None, months: int, *, counts_pledges: bool,
    delay: Delay | None,
) -> Asked:  # fmt: skip
    """Return the question, checked. Raises ``invalid-request``."""
    today = clock.today(fund.zone)
    on = as_of or today
    if on > today:
        raise invalid("query/as_of", "validation.future")
    start = (first or on).replace(day=1)
    if start < on.replace(day=1):
        raise invalid("query/from", "planning.before")
    if month_of(start, on) + months > cash.MAX_MONTHS:
        raise invalid("query/months", "planning.too_far", maximum=cash.MAX_MONTHS)
    return Asked(on, start, months, counts_pledges, delay)


def plan(db: Session, fund: Fund, asked: Asked) -> Plan:
    """Make the plan, in a fixed number of queries.

    Raises ``not-found`` for a late donor or instalment that there is not, and ``conflict`` for a
    fund beyond the stated maxima.
    """
    moment = Moment(fund, asked.as_of, asked.as_of == clock.today(fund.zone))
    late_ids = _late_ids(db, fund, asked.delay)
    found = books(db, moment)
    pools = Pools()
    coming = inflows(found, moment, pools)
    going = outflows.on_cash(found, moment, pools)
    waiting = outflows.conditional(found, moment, pools, coming)
    try:
        return _Planner(db, moment, asked, found, pools).made(coming, going, waiting, late_ids)
    except ValueError as error:
        # The pure functions state their maxima by this error.
        detail = text("planning.too_many_earmarks")
        raise Problem("conflict", detail=detail) from error


def _late_ids(db: Session, fund: Fund, delay: Delay | None) -> list[UUID]:
    """Return the instalments that come late."""
    if delay is None:
        return []
    query = (
        select(Instalment.id)
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(Agreement.fund_id == fund.id)
    )
    if delay.instalment_id is not None:
        query = query.where(Instalment.id == delay.instalment_id)
    else:
        query = query.where(Agreement.donor_id == delay.donor_id)
    ids = list(db.execute(query).scalars())
    is_known = delay.donor_id is not None and db.get(Party, delay.donor_id) is not None
    if not ids and not is_known:
        raise Problem("not-found")
    return ids


class _Planner:
    """Puts the question to the flow, once as scheduled and once with the delay."""

    def __init__(
        self, db: Session, moment: Moment, asked: Asked, found: Books, pools: Pools
    ) -> None:
        self.db, self.moment, self.asked, self.books, self.pools = db, moment, asked, found, pools
        self.horizon = month_of(asked.first, asked.as_of) + asked.months
        self.free: dict[int, int] = {}
        self.reserved: dict[int, int] = {}
        self.expired = 0
        self.cap_words: list[tuple[int, str]] = []
        lots = {
            key: (pools.of(row.earmark, row.agreement_id or row.id), last_day(pools, row))
            for key, row in found.lots.items()
        }
        for kind, lot, _, minor in found.standings:
            pool, last = lots[lot]
            if kind == "reserved":
                self.reserved[pool] = self.reserved.get(pool, 0) + minor
            elif last < asked.as_of:
                self.expired += minor
            else:
                self.free[pool] = self.free.get(pool, 0) + minor

    def made(
        self,
        coming: list[Inflow],
        going: list[Outflow],
        waiting: list[Outflow],
        late_ids: list[UUID],
    ) -> Plan:
        asked = self.asked
        question, claims = self._question(coming, waiting)
        course = cash.run(self._with(question, coming))
        late_coming: list[Inflow] = []
        late = None
        if asked.delay is not None:
            late_coming = delayed(coming, late_ids, asked.delay.days)
            late = cash.run(self._with(question, late_coming))
        return Plan(
            self.moment.fund, asked, self.pools, self.free, self.reserved, self.expired, coming,
            [*going, *waiting], {key: one.code for key, one in self.books.grants.items()},
            self._due([*going, *waiting]), course,
            self._at_risk(course, claims), self.cap_words, late_coming, late,
            self._at_risk(late, claims) if late else (),
        )  # fmt: skip

    def _due(self, going: Sequence[Outflow]) -> dict[tuple[int, int, bool], int]:
        by_day: dict[tuple[int, date, bool], int] = {}
        for _, pool, on, minor, is_reserved in going:
            slot = pool, on, is_reserved
            by_day[slot] = by_day.get(slot, 0) + minor
        found: dict[tuple[int, int, bool], int] = {}
        for (pool, on, is_reserved), minor in by_day.items():
            month = pool, month_of(on, self.asked.as_of), is_reserved
            found[month] = found.get(month, 0) + minor
        return found

    def _question(
        self, coming: list[Inflow], waiting: list[Outflow]
    ) -> tuple[cash.Question, dict[cash.Slot, list[Outflow]]]:
        """Return what does not change with the days on which money comes."""
        claims: dict[cash.Slot, list[Outflow]] = {}
        if not waiting:
            return cash.Question(self.horizon, {}, {}, {}), claims
        kinds = Kinds(self.pools)
        due: dict[cash.Slot, int] = {}
        for one in waiting:
            month = month_of(one.on, self.asked.as_of)
            if month < self.horizon:
                slot = kinds.of(self._subject(one.grant)), month
                due[slot] = due.get(slot, 0) + one.minor
                claims.setdefault(slot, []).append(one)
        held = self._held(kinds)
        caps, room = self._caps(kinds, coming)
        return cash.Question(self.horizon, {}, due, kinds.admits, held, caps, room), claims

    def _subject(self, grant: Key) -> Subject:
        row = self.books.grants[grant]
        return Subject(
            row.code, row.objectives, row.country, row.region, row.call, row.awarded_on
        )  # fmt: skip

    def _held(self, kinds: Kinds) -> dict[tuple[int, int], int]:
        """Return the reservations that could be moved; the others stay as they are."""
        held: dict[tuple[int, int], int] = {}
        movable = {
            key: self.pools.of(row.earmark, row.agreement_id or row.id)
            for key, row in self.books.lots.items()
            if last_day(self.pools, row) >= self.asked.as_of
        }
        kind_of: dict[Key, int] = {}
        for kind, lot, grant, minor in self.books.standings:
            pool = movable.get(lot)
            if kind != "reserved" or pool is None or grant not in self.books.grants:
                continue
            its = kind_of.get(grant)
            if its is None:
                its = kind_of[grant] = kinds.of(self._subject(grant))
            if pool in kinds.admits[its] and (grant, lot) not in self.books.pinned:
                held[pool, its] = held.get((pool, its), 0) + minor
        return held

    def _caps(
        self, kinds: Kinds, coming: list[Inflow]
    ) -> tuple[dict[tuple[int, int], int], list[int]]:
        """Return what is left under each cap; versions of one agreement share it, oldest first."""
        agreements = sorted({owner for owner in self.pools.agreements if owner is not None})
        if not agreements:
            return {}, []
        used = used_under_caps(self.db, agreements, {})
        caps: dict[tuple[int, int], int] = {}
        places: dict[tuple[int, object], int] = {}
        room: list[int] = []
        given: dict[CapGroup, int] = {}
        for kind, capped in kinds.capped.items():
            for pool, value in capped.items():
                if (pool, value) not in places:
                    mark, owner = self.pools.marks[pool], self.pools.agreements[pool]
                    assert owner is not None
                    assert mark.cap_dimension is not None
                    cap = mark.cap_by_value[value]
                    group = CapGroup(owner, mark.cap_dimension, value)
                    taken = used.get(group, 0) + given.get(group, 0)
                    left = max(min(cap.amount_minor - taken, self._in_all(pool, coming)), 0)
                    given[group] = given.get(group, 0) + left
                    places[pool, value] = len(room)
                    room.append(left)
                    self.cap_words.append((pool, str(value)))
                caps[pool, kind] = places[pool, value]
        return caps, room

    def _in_all(self, pool: int, coming: list[Inflow]) -> int:
        """Return the most that a pool will ever have to give."""
        return self.free.get(pool, 0) + sum(one.minor for one in coming if one.pool == pool)

    def _with(self, question: cash.Question, coming: Iterable[Inflow]) -> cash.Question:
        """Return the question with the money that is there and that comes within the months."""
        if not question.due:
            return question
        money = {(pool, 0): minor for pool, minor in self.free.items()}
        counted = ("instalment", "pledge") if self.asked.counts_pledges else ("instalment",)
        for one in coming:
            if one.sort not in counted or one.on is None or one.on > one.last_day:
                continue
            month = month_of(one.on, self.asked.as_of)
            if month < self.horizon:
                money[one.pool, month] = money.get((one.pool, month), 0) + one.minor
        return cash.Question(
            question.months, money, question.due, question.admits, question.held, question.caps,
            question.room,
        )  # fmt: skip

    def _at_risk(
        self, course: cash.Course, claims: Mapping[cash.Slot, list[Outflow]]
    ) -> list[AtRisk]:
        """Say whose tranches are short: of grants alike, those awarded last."""
        stands = outflows.waits_for(self.books, self.moment)
        found = []
        for slot, unmet in sorted(course.late.items(), key=lambda item: (item[0][1], item[0][0])):
            left = unmet
            for one in reversed(claims[slot]):
                minor = min(left, one.minor)
                left -= minor
                if minor:
                    code = self.books.grants[one.grant].code
                    on = stands.get(one.grant)
                    found.append(AtRisk(UUID(one.grant), code, slot[1], minor, on))
        return sorted(found, key=lambda one: (one.month, one.code))
