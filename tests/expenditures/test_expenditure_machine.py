"""Random awards, payments, reports, acceptances, refunds and closings against plain sums."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
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
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.allocation.holdings import holdings
from fundops.authz import Actor, Role
from fundops.config import Settings
from fundops.db import Database
from fundops.errors import Problem
from fundops.expenditures import attribution, closing, receivables, write_offs
from fundops.expenditures.models import ExpenditureStatement, Receivable
from fundops.expenditures.owed_schemas import AdvanceWriteOffIn, FindingIn, SupportIn
from fundops.expenditures.standing import unspent
from fundops.grants.models import Grant
from fundops.ledger import checks
from fundops.ledger.models import Fund
from tests.conftest import NewDatabase
from tests.depth import DEPTH
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import (
    Desk,
    a_desk,
    a_grant,
    a_payment,
    a_refund,
    accepted,
    balances_of,
    lowest_ever,
    usd,
)
from tests.grants.grant_factories import closing as ending

LOTS = (70, 130, 301)
AMOUNT = st.integers(1, 60)
SEARCH = [Phase.reuse, Phase.generate, Phase.shrink]


class Model:
    """What is remembered of one grant, in plain sums."""

    def __init__(self, awarded: int) -> None:
        self.awarded = awarded
        self.paid = self.refunded = self.written_off = 0
        self.accepted: dict[UUID, int] = {}
        self.supported: dict[UUID, int] = {}
        self.is_open = True

    @property
    def total_accepted(self) -> int:
        """All that is accepted, paid for or not."""
        return sum(self.accepted.values()) + sum(self.supported.values())

    @property
    def room(self) -> int:
        """What may still be accepted, refunded or written off in the life of the grant."""
        return self.awarded - self.refunded - self.written_off - self.total_accepted


class Spending(RuleBasedStateMachine):
    """Every step runs in a transaction of its own, on a day of its own."""

    open_database: Callable[[], Any]

    def __init__(self) -> None:
        super().__init__()
        self._context = self.open_database()
        self.database = Database(Settings(database_url=self._context.__enter__()))
        self.grants: dict[UUID, Model] = {}
        self.day = date(2020, 1, 1)
        with self.database.write() as db:
            audit.lock_head(db)
            fund = a_fund(db)
            self.fund_id = fund.id
            self.lots = {a_lot(db, fund, minor, on=self.day).id: minor for minor in LOTS}
            self.desk: Desk = a_desk(db)
            self.accepter: Actor = a_person(db, Role.FINANCE_OFFICER)[0]

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

    def on_grant(
        self, pick: int, work: Callable[[Session, Fund, Grant], Any]
    ) -> tuple[UUID, Model, Any]:
        """Do ``work`` on some grant; return which, its model, and what came of it."""
        grant_id = sorted(self.grants)[pick % len(self.grants)]
        answer = self.attempt(lambda db, fund: work(db, fund, db.get_one(Grant, grant_id)))
        return grant_id, self.grants[grant_id], answer

    @rule(minor=st.integers(20, 160))
    def award(self, minor: int) -> None:
        """A grant is awarded where there is money."""

        def work(db: Session, fund: Fund) -> UUID:
            return a_grant(db, fund, minor, on=self.day).id

        made = self.attempt(work)
        if isinstance(made, UUID):
            self.grants[made] = Model(minor)
        else:
            assert made.slug == "not-fundable"

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 9), minor=AMOUNT)
    def pay(self, pick: int, minor: int) -> None:
        """A payment goes through exactly while the grant is open and has that much left."""

        def work(db: Session, fund: Fund, grant: Grant) -> None:
            a_payment(db, self.desk, fund, grant, minor, on=self.day)

        _, model, answer = self.on_grant(pick, work)
        allowed = model.is_open and model.paid + minor <= model.awarded
        assert (answer is None) is allowed, answer
        if answer is None:
            model.paid += minor

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 9), minor=AMOUNT, refused=st.integers(0, 20))
    def accept(self, pick: int, minor: int, refused: int) -> None:
        """Expenditure is accepted exactly while the grant has room for it."""

        def work(db: Session, fund: Fund, grant: Grant) -> UUID:
            return accepted(
                db, grant, minor, refused_minor=refused, on=self.day, actor=self.accepter
            ).id

        _, model, answer = self.on_grant(pick, work)
        assert isinstance(answer, UUID) is (model.is_open and minor <= model.room), answer
        if isinstance(answer, UUID):
            model.accepted[answer] = minor

    @precondition(lambda self: any(one.accepted for one in self.grants.values()))
    @rule(pick=st.integers(0, 9), which=st.integers(0, 9), minor=AMOUNT)
    def correct(self, pick: int, which: int, minor: int) -> None:
        """A correction takes the place of all of the original, later support included."""
        found = sorted(grant for grant, one in self.grants.items() if one.accepted)
        grant_id = found[pick % len(found)]
        model = self.grants[grant_id]
        first = sorted(model.accepted)[which % len(model.accepted)]

        def work(db: Session, fund: Fund) -> UUID:
            grant, replaced = db.get_one(Grant, grant_id), db.get_one(ExpenditureStatement, first)
            return accepted(
                db, grant, minor, on=self.day, replaces=replaced, actor=self.accepter
            ).id

        answer = self.attempt(work)
        freed = model.accepted[first] + model.supported.get(first, 0)
        allowed = model.is_open and minor <= model.room + freed
        assert isinstance(answer, UUID) is allowed, answer
        if isinstance(answer, UUID):
            del model.accepted[first]
            model.supported.pop(first, None)
            model.accepted[answer] = minor

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 9), minor=AMOUNT)
    def refund(self, pick: int, minor: int) -> None:
        """A refund is booked exactly when the grantee holds that much."""
        held = self.unspent(pick)

        def work(db: Session, fund: Fund, grant: Grant) -> None:
            a_refund(db, self.desk, fund, grant, minor, on=self.day)

        _, model, answer = self.on_grant(pick, work)
        assert (answer is None) is (minor <= held), answer
        if answer is None:
            model.refunded += minor

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 9), minor=AMOUNT)
    def write_off(self, pick: int, minor: int) -> None:
        """A write-off goes through only for what the grantee holds."""
        held = self.unspent(pick)

        def work(db: Session, fund: Fund, grant: Grant) -> None:
            given = AdvanceWriteOffIn(amount=usd(minor), effective_on=self.day, reason="Lost.")
            made = write_offs.request(db, self.desk.officer, fund, grant, given)
            write_offs.approve(db, self.desk.payer, fund, grant, made)

        _, model, answer = self.on_grant(pick, work)
        if answer is None:
            assert minor <= held
            model.written_off += minor
        else:
            assert answer.slug == "insufficient-funds"

    @precondition(lambda self: any(one.accepted for one in self.grants.values()))
    @rule(which=st.integers(0, 9), minor=AMOUNT)
    def find(self, which: int, minor: int) -> None:
        """An audit finds accepted expenditure to be unsupported."""
        pairs = sorted((one, grant) for grant, m in self.grants.items() for one in m.accepted)
        statement_id, grant_id = pairs[which % len(pairs)]

        def work(db: Session, fund: Fund) -> None:
            given = FindingIn(
                expenditure_statement_id=statement_id, amount=usd(minor), reason="Cash."
            )
            receivables.open_finding(
                db, self.desk.officer, fund, db.get_one(Grant, grant_id), given
            )

        answer = self.attempt(work)
        if answer is None:
            self.grants[grant_id].accepted[statement_id] -= minor
        else:
            assert answer.slug in ("insufficient-funds", "wrong-status")

    @rule(which=st.integers(0, 9), minor=AMOUNT)
    def support(self, which: int, minor: int) -> None:
        """Support that comes later is accepted as far as it is owed and still held."""

        def work(db: Session, fund: Fund) -> tuple[UUID, UUID] | None:
            query = select(Receivable).where(Receivable.status == "open").order_by(Receivable.id)
            found = list(db.execute(query).scalars())
            if not found:
                return None
            owed = found[which % len(found)]
            grant = db.get_one(Grant, owed.grant_id)
            given = SupportIn(
                kind="additional_support", amount=usd(minor), reason="Found.",
                accepted_on=self.day,
            )  # fmt: skip
            receivables.support(db, self.accepter, fund, grant, owed, given)
            assert owed.statement_id is not None
            return grant.id, owed.statement_id

        answer = self.attempt(work)
        if isinstance(answer, tuple):
            model = self.grants[answer[0]]
            model.supported[answer[1]] = model.supported.get(answer[1], 0) + minor
        elif answer is not None:
            assert answer.slug == "insufficient-funds"

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 9))
    def close(self, pick: int) -> None:
        """A grant closes exactly when all is accounted for and paid."""
        held = self.unspent(pick)

        def work(db: Session, fund: Fund, grant: Grant) -> None:
            closing.close(db, self.desk.manager, fund, grant, ending(self.day))

        _, model, answer = self.on_grant(pick, work)
        cleared = model.paid == model.refunded + model.written_off + model.total_accepted
        assert (answer is None) is (model.is_open and held == 0 and cleared), answer
        if answer is None:
            model.is_open = False

    def unspent(self, pick: int) -> int:
        """Return what a grantee holds, from the ledger's own balances."""
        grant_id = sorted(self.grants)[pick % len(self.grants)]
        with self.database.read() as db:
            held = holdings(db, grant_id, "advance", self.day)
            return sum(holding.present_minor for holding in held)

    @invariant()
    def every_cent_is_somewhere(self) -> None:
        """Advances, shares and lots add up to the model's sums, and nothing was ever overdrawn."""
        with self.database.read() as db:
            assert checks.run(db) == []
            fund = db.get_one(Fund, self.fund_id)
            assert lowest_ever(db, fund) == 0
            balances = balances_of(db, fund)
            spent = dict.fromkeys(self.lots, 0)
            for grant_id, model in self.grants.items():
                standing = unspent(db, db.get_one(Grant, grant_id))
                total = standing.total
                assert total.accepted_minor + standing.waiting_minor == model.total_accepted
                assert (total.paid_minor, total.refunded_minor) == (model.paid, model.refunded)
                assert total.written_off_minor == model.written_off
                for lot_id, one in standing.lots.items():
                    assert one.unspent_minor == balances.get(("advance", lot_id, grant_id), 0) >= 0
                    spent[lot_id] += one.accepted_minor + one.written_off_minor
            for lot_id, received in self.lots.items():
                held = sum(minor for (_, lot, _), minor in balances.items() if lot == lot_id)
                assert held + spent[lot_id] == received


@pytest.fixture(autouse=True)
def no_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no balance be small enough to be written off in closing."""
    monkeypatch.setattr(closing, "minimum_of", lambda *_: 0)


def run_machine(
    new_database: NewDatabase, examples: int, begin: int | None = None, **options: Any
) -> None:
    class Machine(Spending):
        open_database = staticmethod(new_database)

    run_state_machine_as_test(
        Machine if begin is None else seed(begin)(Machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **({"phases": SEARCH} | options),
        ),
    )


def test_spending_agrees_with_its_model(new_database: NewDatabase) -> None:
    run_machine(new_database, 2)


@pytest.mark.slow
def test_spending_agrees_with_its_model_at_length(new_database: NewDatabase) -> None:
    run_machine(new_database, 14 * DEPTH)


def finds_a_fault(new_database: NewDatabase, begin: int) -> bool:
    """Whether the machine notices: few examples do from a good beginning, else many are tried."""
    return notices(new_database, 9, begin) or notices(new_database, 60)


def notices(new_database: NewDatabase, examples: int, begin: int | None = None) -> bool:
    """Whether the machine notices; sums and refusals that should not be count alike."""
    try:
        run_machine(
            new_database, examples, begin, derandomize=True, database=None,
            phases=[Phase.generate], report_multiple_bugs=False,
        )  # fmt: skip
    except (AssertionError, KeyError):
        return True
    return False


@pytest.mark.sqlite_only
def test_control_a_share_that_is_lost_is_seen(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = attribution.shares

    def short(*given: Any, **named: Any) -> Any:
        parts, rest = whole(*given, **named)
        return parts[1:], rest

    monkeypatch.setattr(attribution, "shares", short)
    assert finds_a_fault(new_database, 7)


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_control_a_correction_that_keeps_the_original_is_seen(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribution, "take_back", lambda *_: set())
    assert finds_a_fault(new_database, 2)
