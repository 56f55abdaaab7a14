"""Random awards, payments, refunds, endings and reversals against a model of its own.

The model knows no flow and no lots' order: whether something can be funded it decides by Hall's
condition over countries, and everything else by sums.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from fundops import audit
from fundops.allocation import holdings, position, reserve
from fundops.config import Settings
from fundops.db import Database
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.expenditures import closing as ended
from fundops.grants import releasing
from fundops.grants.models import Grant
from fundops.ledger import balances, checks
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef
from fundops.parties.models import Party
from tests.conftest import NewDatabase
from tests.depth import DEPTH
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import (
    a_desk,
    a_grant,
    a_grantee,
    a_payment,
    a_refund,
    balances_of,
    closing,
    end,
    for_country,
    lowest_ever,
    mark,
    reverse_lot,
)

COUNTRIES = ("KE", "NP", "AT")
MARKS: dict[str, tuple[str, int, frozenset[str]]] = {
    "any": (mark(), 1, frozenset(COUNTRIES)),
    "KE": (for_country("KE"), 3, frozenset({"KE"})),
    "two": (for_country("KE", "NP"), 3, frozenset({"KE", "NP"})),
}


SEARCH = [Phase.reuse, Phase.generate, Phase.shrink]
"""All but explaining, which would run the machine hundreds of times more."""


class Held:
    """What the model remembers of one grant."""

    def __init__(self, country: str, awarded: int) -> None:
        self.country = country
        self.awarded = awarded
        self.paid = self.refunded = 0
        self.is_open = True

    def is_settled(self, action: str) -> bool:
        """Whether nothing is left to account for; a cancelled grant was never paid."""
        return self.paid == (self.refunded if action == "close" else 0)

    @property
    def unpaid(self) -> int:
        """What is still to be paid."""
        return self.awarded - self.paid if self.is_open else 0


class MoneyOut(RuleBasedStateMachine):
    """Every step runs in a transaction of its own, at a day of its own."""

    open_database: Callable[[], Any]

    def __init__(self) -> None:
        super().__init__()
        self._context = self.open_database()
        self.database = Database(Settings(database_url=self._context.__enter__()))
        self.lots: dict[UUID, tuple[int, frozenset[str]]] = {}
        self.grants: dict[UUID, Held] = {}
        self.day = date(2020, 1, 1)
        with self.database.write() as db:
            audit.lock_head(db)
            self.fund_id = a_fund(db).id
            self.desk = a_desk(db)
            self.donor_id, self.grantee_id = a_party(db).id, a_grantee(db).id

    def teardown(self) -> None:
        self.database.close()
        self._context.__exit__(None, None, None)

    def attempt(self, work: Callable[[Session, Fund], Any]) -> Any:
        """Run ``work`` in a transaction; return what it returns, or the problem it raises."""
        self.day += timedelta(days=1)
        try:
            with self.database.write() as db:
                audit.lock_head(db)
                return work(db, db.get_one(Fund, self.fund_id))
        except Problem as problem:
            return problem

    def advances(self) -> dict[UUID, int]:
        """Return what is paid and not refunded, by lot."""
        found: dict[UUID, int] = {}
        with self.database.read() as db:
            for (kind, lot_id, _), minor in balances_of(db, db.get_one(Fund, self.fund_id)).items():
                if kind == "advance":
                    found[lot_id] = found.get(lot_id, 0) + minor
        return found

    def is_feasible(self, extra: dict[str, int], without: UUID | None = None) -> bool:
        """Say by Hall's condition whether all unpaid money and ``extra`` can be carried."""
        spent = self.advances()
        demand = {country: extra.get(country, 0) for country in COUNTRIES}
        for grant in self.grants.values():
            demand[grant.country] += grant.unpaid
        for size in range(1, len(COUNTRIES) + 1):
            for group in combinations(COUNTRIES, size):
                carried = sum(
                    amount - spent.get(lot_id, 0)
                    for lot_id, (amount, admitted) in self.lots.items()
                    if lot_id != without and admitted.intersection(group)
                )
                if sum(demand[country] for country in group) > carried:
                    return False
        return True

    @rule(kind=st.sampled_from(sorted(MARKS)), amount=st.integers(1, 90))
    def receive(self, kind: str, amount: int) -> None:
        """Money comes in."""
        text, category, admitted = MARKS[kind]

        def work(db: Session, fund: Fund) -> UUID:
            donor = db.get_one(Party, self.donor_id)
            return a_lot(
                db, fund, amount, donor=donor, on=self.day, earmark=text, category=category
            ).id

        self.lots[self.attempt(work)] = (amount, admitted)

    @precondition(lambda self: self.lots)
    @rule(country=st.sampled_from(COUNTRIES), amount=st.integers(1, 40))
    def award(self, country: str, amount: int) -> None:
        """A grant is awarded exactly when it can be carried."""
        expected = self.is_feasible({country: amount})

        def work(db: Session, fund: Fund) -> UUID:
            grantee = db.get_one(Party, self.grantee_id)
            return a_grant(db, fund, amount, country=country, on=self.day, grantee=grantee).id

        made = self.attempt(work)
        assert isinstance(made, UUID) is expected, made
        if isinstance(made, UUID):
            self.grants[made] = Held(country, amount)
        else:
            assert made.slug == "not-fundable"

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 99), amount=st.integers(1, 40))
    def pay(self, pick: int, amount: int) -> None:
        """A payment goes through exactly when the grant has that much left."""

        def work(db: Session, fund: Fund, grant: Grant) -> None:
            a_payment(db, self.desk, fund, grant, amount, on=self.day)

        found = self.on_grant(pick, work, lambda held: held.is_open and amount <= held.unpaid)
        if found is not None:
            found.paid += amount

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 99), amount=st.integers(1, 40))
    def refund(self, pick: int, amount: int) -> None:
        """A refund is booked exactly when the grantee holds that much."""

        def work(db: Session, fund: Fund, grant: Grant) -> None:
            a_refund(db, self.desk, fund, grant, amount, on=self.day)

        found = self.on_grant(pick, work, lambda held: amount <= held.paid - held.refunded)
        if found is not None:
            found.refunded += amount

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 99), action=st.sampled_from(("close", "cancel")))
    def end(self, pick: int, action: str) -> None:
        """Grants close when all that was paid has come back; cancelled they are when none was."""

        def work(db: Session, fund: Fund, grant: Grant) -> None:
            end(db, self.desk.manager, fund, grant, action, closing(self.day))

        found = self.on_grant(pick, work, lambda held: held.is_open and held.is_settled(action))
        if found is not None:
            found.is_open = False

    def on_grant(
        self,
        pick: int,
        work: Callable[[Session, Fund, Grant], None],
        expected: Callable[[Held], bool],
    ) -> Held | None:
        """Do ``work`` on some grant; return it when it was done, as it was expected to be."""
        grant_id = sorted(self.grants)[pick % len(self.grants)]
        held = self.grants[grant_id]
        answer = self.attempt(lambda db, fund: work(db, fund, db.get_one(Grant, grant_id)))
        assert (answer is None) is expected(held), answer
        return held if answer is None else None

    @precondition(lambda self: self.lots)
    @rule(pick=st.integers(0, 99))
    def reverse(self, pick: int) -> None:
        """A receipt is reversed exactly when its lot paid nothing and others can carry the rest."""
        lot_id = sorted(self.lots)[pick % len(self.lots)]
        expected = not self.advances().get(lot_id) and self.is_feasible({}, without=lot_id)
        answer = self.attempt(lambda db, _: reverse_lot(db, db.get_one(Lot, lot_id)))
        assert (answer is None) is expected, answer
        if answer is None:
            del self.lots[lot_id]

    @invariant()
    def every_cent_is_somewhere(self) -> None:
        """Each lot is free, reserved or advanced, on grants it admits; each grant adds up."""
        with self.database.read() as db:
            assert checks.run(db) == []
            fund = db.get_one(Fund, self.fund_id)
            assert lowest_ever(db, fund) == 0
            by_lot: dict[UUID, int] = {}
            by_grant: dict[tuple[str, UUID], int] = {}
            for (kind, lot_id, grant_id), minor in balances_of(db, fund).items():
                by_lot[lot_id] = by_lot.get(lot_id, 0) + minor
                if grant_id is not None:
                    assert self.grants[grant_id].country in self.lots[lot_id][1]
                    key = kind, grant_id
                    by_grant[key] = by_grant.get(key, 0) + minor
            assert by_lot == {lot_id: amount for lot_id, (amount, _) in self.lots.items()}
            for grant_id, held in self.grants.items():
                assert by_grant.get(("reserved", grant_id), 0) == held.unpaid
                assert by_grant.get(("advance", grant_id), 0) == held.paid - held.refunded
            bank = balances.now(db, AccountRef(self.fund_id, "bank"))
            paid = sum(held.paid - held.refunded for held in self.grants.values())
            assert bank == sum(amount for amount, _ in self.lots.values()) - paid


@pytest.fixture(autouse=True)
def no_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no balance be small enough to be written off in closing."""
    monkeypatch.setattr(ended, "minimum_of", lambda *_: 0)


def run_machine(
    new_database: NewDatabase, examples: int, begin: int | None = None, **options: Any
) -> None:
    class Machine(MoneyOut):
        open_database = staticmethod(new_database)

    run_state_machine_as_test(
        Machine if begin is None else seed(begin)(Machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **({"phases": SEARCH} | options),
        ),
    )


def test_money_out_agrees_with_its_model(new_database: NewDatabase) -> None:
    run_machine(new_database, 2)


@pytest.mark.slow
def test_money_out_agrees_with_its_model_at_length(new_database: NewDatabase) -> None:
    run_machine(new_database, 14 * DEPTH)


def finds_a_fault(new_database: NewDatabase, begin: int) -> bool:
    """Whether the machine notices: few examples do from a good beginning, else many are tried."""
    return notices(new_database, 9, begin) or notices(new_database, 60)


def notices(new_database: NewDatabase, examples: int, begin: int | None = None) -> bool:
    """Whether the machine notices; sums, refusals and sentences of errors all count."""
    try:
        run_machine(
            new_database, examples, begin, derandomize=True, database=None,
            phases=[Phase.generate], report_multiple_bugs=False,
        )  # fmt: skip
    except (AssertionError, KeyError):
        return True
    return False


@pytest.mark.sqlite_only
def test_control_ignored_earmarks_are_seen(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(position, "admits", lambda *_: True)
    assert finds_a_fault(new_database, 0)


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_control_a_cent_kept_at_closing_is_seen(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = holdings.present
    monkeypatch.setattr(releasing, "present", lambda held: max(whole(held) - 1, 0))
    assert finds_a_fault(new_database, 4)


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_control_a_refund_that_loses_a_part_is_seen(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reserve.refund
    monkeypatch.setattr(
        reserve, "refund", lambda fund_id, source, parts: whole(fund_id, source, parts[1:])
    )
    assert finds_a_fault(new_database, 4)


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_control_no_rerouting_is_seen(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(position.Position, "movable", {})
    assert finds_a_fault(new_database, 4)
