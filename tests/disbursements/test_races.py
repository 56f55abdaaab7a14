"""Many at once: the total paid is exactly the limit, and nothing is paid twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from fundops import audit
from fundops.allocation.reserve import Source
from fundops.authz import Actor
from fundops.config import Settings
from fundops.db import Database
from fundops.disbursements import paying, service
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import DisbursementIn
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.ledger import checks
from fundops.ledger.models import Fund, Transfer
from tests.conftest import NewDatabase
from tests.depth import DEPTH
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import (
    LATER,
    a_desk,
    a_grant,
    evidence,
    make_agreed,
    make_payable,
    usd,
)

AMOUNT = 100


class Race:
    """A grant of so many payments, and persons who take their steps in threads of their own."""

    def __init__(self, database: Database, payments: int) -> None:
        self.database = database
        with database.write() as db:
            audit.lock_head(db)
            fund, self.desk = a_fund(db), a_desk(db)
            a_lot(db, fund, payments * AMOUNT)
            grant = a_grant(db, fund, payments * AMOUNT)
            make_payable(db, grant.grantee_id)
            make_agreed(db, grant)
            self.fund_id, self.grant_id = fund.id, grant.id

    def take(self, work: Callable[..., Any], actor: Actor, *of: UUID | Any) -> str:
        """Take one step in a transaction of its own; return "done" or the problem."""
        while True:
            try:
                with self.database.write() as db:
                    audit.lock_head(db)
                    fund, grant = db.get_one(Fund, self.fund_id), db.get_one(Grant, self.grant_id)
                    rest = [db.get_one(Disbursement, of[0]), grant, *of[1:]] if of else [grant]
                    work(db, actor, fund, *rest)
            except Problem as problem:
                if problem.slug == "busy":
                    continue
                return problem.slug
            return "done"

    def request(self) -> str:
        """Ask for one payment."""
        given = DisbursementIn(amount=usd(AMOUNT), requested_on=LATER)

        def ask(db: Any, actor: Actor, fund: Fund, grant: Grant) -> None:
            service.request(db, actor, fund, grant, given)

        return self.take(ask, self.desk.officer)

    def ids(self, status: str) -> Sequence[UUID]:
        """Return the disbursements of a status."""
        with self.database.read() as db:
            query = select(Disbursement.id).where(Disbursement.status == status)
            return db.execute(query.order_by(Disbursement.id)).scalars().all()

    def all_at_once(self, jobs: Sequence[Callable[[], str]]) -> Counter[str]:
        """Run the jobs at once, a thread each; count what came of them."""
        together = Barrier(len(jobs))

        def run(job: Callable[[], str]) -> str:
            together.wait()
            return job()

        with ThreadPoolExecutor(len(jobs)) as pool:
            return Counter(pool.map(run, jobs))

    def approve(self, one: UUID) -> Callable[[], str]:
        """Return what approves a disbursement."""
        return lambda: self.take(service.approve, self.desk.approver, one)

    def pay(self, one: UUID) -> Callable[[], str]:
        """Return what pays a disbursement."""
        return lambda: self.take(paying.pay, self.desk.payer, one, evidence())

    def totals(self) -> tuple[int, int, int]:
        """Return what is paid by the grant, by its disbursements, and by the ledger."""
        with self.database.read() as db:
            assert checks.run(db) == []
            paid = select(func.coalesce(func.sum(Disbursement.amount_minor), 0)).where(
                Disbursement.status == "paid"
            )
            booked = select(func.coalesce(func.sum(Transfer.amount_minor), 0)).where(
                Transfer.kind == "pay"
            )
            return (
                db.get_one(Grant, self.grant_id).paid_minor,
                int(db.execute(paid).scalar_one()),
                int(db.execute(booked).scalar_one()),
            )


def run_round(database: Database, payments: int, surplus: int) -> None:
    """Ask for more than there is, then approve and pay every payment twice, all at once."""
    race = Race(database, payments)
    asked = race.all_at_once([race.request] * (payments + surplus))
    assert asked == {"done": payments, "insufficient-funds": surplus}
    for one in race.ids("requested"):
        assert race.take(service.certify, race.desk.certifier, one) == "done"
    waiting = race.ids("certified")
    jobs = [job(one) for one in waiting for job in (race.approve, race.approve, race.pay, race.pay)]
    came = race.all_at_once(jobs)
    assert came.keys() <= {"done", "wrong-status"}, came
    for one in race.ids("approved"):  # whoever came to pay before it was approved comes again
        assert race.pay(one)() == "done"
    limit = payments * AMOUNT
    assert race.totals() == (limit, limit, limit)


def test_approvals_and_payments_at_once_come_to_the_limit(database: Database) -> None:
    run_round(database, 8, 3)


@contextmanager
def apart(new_database: NewDatabase) -> Iterator[Database]:
    """Open a database of its own, whose invariants nobody checks when the test ends."""
    with new_database() as url:
        settings = Settings(database_url=url, log_level="error", lock_timeout_seconds=60)
        database = Database(settings)
        try:
            yield database
        finally:
            database.close()


@pytest.mark.slow
def test_two_hundred_approvals_and_payments_at_once_again_and_again(
    new_database: NewDatabase,
) -> None:
    for _ in range(2 if DEPTH == 1 else 50):
        with apart(new_database) as database:
            run_round(database, 50, 10)


def submit_twice(database: Database, payments: int) -> None:
    race = Race(database, payments)
    for _ in range(payments):
        assert race.request() == "done"
    for one in race.ids("requested"):
        assert race.take(service.certify, race.desk.certifier, one) == "done"
        assert race.approve(one)() == "done"
    ids = race.ids("approved")
    came: Counter[str] = Counter()
    for start in range(0, len(ids), 50):
        came += race.all_at_once([race.pay(one) for one in ids[start : start + 50] for _ in "ab"])
    assert came == {"done": payments, "wrong-status": payments}
    limit = payments * AMOUNT
    assert race.totals() == (limit, limit, limit)


def test_each_payment_submitted_twice_at_once_is_paid_once(database: Database) -> None:
    submit_twice(database, 6)


@pytest.mark.slow
def test_hundreds_of_payments_submitted_twice_at_once(database: Database) -> None:
    submit_twice(database, 150 if DEPTH == 1 else 500)


def test_paying_twice_would_be_noticed(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: no steps, and every booking under an id of its own."""
    monkeypatch.setattr(paying, "require", lambda *_: None)
    monkeypatch.setattr(paying, "advance", lambda record, *_: setattr(record, "status", "paid"))
    monkeypatch.setattr(paying, "Source", lambda kind, _, on: Source(kind, uuid4(), on))
    with apart(new_database) as database, pytest.raises(AssertionError):
        submit_twice(database, 3)


def test_a_step_that_is_not_declared_would_pay_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the table of steps, and past the counters, only the ledger's ids are left."""
    race = Race(database, 2)
    for _ in range(2):
        race.request()
    for one in race.ids("requested"):
        race.take(service.certify, race.desk.certifier, one)
        race.approve(one)()
    monkeypatch.setattr(paying, "require", lambda *_: None)
    monkeypatch.setattr(paying, "advance", lambda record, *_: setattr(record, "status", "paid"))
    first = race.ids("approved")[0]
    came = race.all_at_once([race.pay(first), race.pay(first)])
    assert came["done"] == 1, "the ledger itself refuses to book a payment twice"
    assert came.keys() - {"done"} <= {"already-exists", "insufficient-funds"}, came
    assert race.totals()[2] == AMOUNT
