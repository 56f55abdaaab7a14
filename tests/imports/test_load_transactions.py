"""Transactions loaded: exact awards, payments and refunds, and what a later snapshot changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import select

from fundops.config import Settings
from fundops.db import Database
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant, Refund
from fundops.ledger import balances
from tests.conftest import NewDatabase
from tests.imports.loading import Row, Source, books, codes, fund, gift, move, project, transfers
from tests.staged import staged
from tests.world import World

COMMITTED = move("commitment", "c", "2024-03-01", "400.25")
PAID = move("disbursement", "d1", "2024-03-10", "250")
PAID_LATER = move("disbursement", "d2", "2024-06-10", "150.25")
BACK = move("reimbursement", "r", "2024-09-01", "30.10")
ALL = [COMMITTED, PAID, PAID_LATER, BACK]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Give a folder to import from."""
    return Source(tmp_path)


def prepare(world: World) -> None:
    """Load what transactions need: two gifts and two projects."""
    with TemporaryDirectory() as folder:
        source, gifts = Source(Path(folder)), [gift(local="300", base="300")]
        source.load(world.database, "gifts", [*gifts, gift("G-2", paid="2024-02-01")])
        rows = [project(), project("P-2", approved="2024-03-02")]
        source.load(world.database, "projects", rows)


prepared = staged(prepare)
"""What transactions need is in the test's databases, in all of them."""

pytestmark = pytest.mark.usefixtures("prepared")


def grant(database: Database, code: str = "P-1") -> Grant:
    """Return a grant by its code."""
    with database.read() as db:
        return db.execute(select(Grant).where(Grant.code == code)).scalar_one()


def test_the_award_is_exact_and_payments_and_refunds_are_booked(
    database: Database, source: Source
) -> None:
    result = source.load(database, "payments", ALL)
    assert result.is_loaded
    assert codes(result) == []
    made = grant(database)
    assert (made.awarded_minor, made.adjusted_minor) == (40_025, 0)
    assert (made.paid_minor, made.refunded_minor) == (40_025, 3_010)
    with database.read() as db:
        paid = db.execute(select(Disbursement).order_by(Disbursement.code)).scalars().all()
        assert [(d.code, d.amount_minor, d.paid_on, d.reference, d.status) for d in paid] == [
            ("P-1/D1", 25_000, date(2024, 3, 10), "d1", "paid"),
            ("P-1/D2", 15_025, date(2024, 6, 10), "d2", "paid"),
        ]
        assert all(d.requested_by_id is None and d.requested_on == d.paid_on for d in paid)
        back = db.execute(select(Refund)).scalar_one()
        assert (back.code, back.amount_minor, back.received_on) == (
            "P-1/F1",
            3_010,
            date(2024, 9, 1),
        )
        kinds = balances.by_kind(db, fund(db).id, date(2024, 3, 31))
        assert kinds["advance"].minor == 25_000
        assert kinds["reserved"].minor == 15_025 + 40_000
        now = balances.by_kind(db, fund(db).id)
        assert (now["advance"].minor, now["reserved"].minor) == (37_015, 40_000)
        assert now["bank"].minor == 130_000 - 40_025 + 3_010
        # A refund goes back the way it came: 300 of the older lot, 100.25 of the other.
        assert now["lot"].minor == 130_000 - 40_025 - 40_000 + 3_010


def test_what_was_paid_beyond_the_commitment_is_an_adjustment(
    database: Database, source: Source
) -> None:
    rows = [COMMITTED, PAID, move("disbursement", "d2", "2024-06-10", "150.26")]
    result = source.load(database, "payments", rows)
    assert codes(result) == ["paid_over_award"]
    made = grant(database)
    assert (made.awarded_minor, made.adjusted_minor, made.paid_minor) == (40_026, 1, 40_026)
    assert [one.agrees for one in result.agreeing] == [True, True]


def test_a_payment_before_the_commitment_dates_the_reservation(
    database: Database, source: Source
) -> None:
    early = move("disbursement", "d1", "2024-02-25", "250")
    result = source.load(database, "payments", [COMMITTED, early])
    assert codes(result) == ["reserved_earlier"]
    made = grant(database)
    assert made.awarded_on == date(2024, 2, 25)
    with database.read() as db:
        then = balances.by_kind(db, made.fund_id, date(2024, 2, 25))
        assert (then["reserved"].minor, then["advance"].minor) == (15_025, 25_000)
        assert balances.by_kind(db, made.fund_id, date(2024, 2, 24)).keys() == {
            "bank", "lot", "unmatched",
        }  # fmt: skip


def test_rows_that_cannot_be_are_set_aside(database: Database, source: Source) -> None:
    rows = [
        COMMITTED,
        PAID,
        move("reimbursement", "r", "2024-04-01", "250.01"),
        move("disbursement", "x", "2024-04-01", "10", project="P-9"),
        move("disbursement", "y", "2090-04-01", "10"),
    ]
    result = source.load(database, "payments", rows)
    assert sorted(codes(result)) == ["paid_in_future", "project_unknown", "refund_over_paid"]
    assert (len(result.set_aside), result.counts.added) == (3, 2)
    assert grant(database).refunded_minor == 0


LATER: dict[str, tuple[Sequence[Row], Sequence[Row]]] = {
    "another amount": (ALL, [COMMITTED, move("disbursement", "d1", "2024-03-10", "200"), *ALL[2:]]),
    "another commitment": (ALL, [move("commitment", "c", "2024-03-01", "420"), *ALL[1:]]),
    "a smaller commitment": (ALL[:2], [move("commitment", "c", "2024-03-01", "300"), PAID]),
    "a new payment": ([COMMITTED, PAID], [COMMITTED, PAID, PAID_LATER]),
    "a payment gone": (ALL[:3], ALL[:2]),
    "a refund gone": (ALL, ALL[:3]),
    "another refund": (ALL, [*ALL[:3], move("reimbursement", "r", "2024-09-01", "12")]),
    "another day": (ALL, [COMMITTED, move("disbursement", "d1", "2024-03-12", "250"), *ALL[2:]]),
    "all gone": ([*ALL, move("commitment", "k", "2024-03-02", "400", project="P-2")],
                 [move("commitment", "k", "2024-03-02", "400", project="P-2")]),
}  # fmt: skip


@pytest.mark.parametrize("name", LATER)
def test_after_a_later_snapshot_the_books_are_as_if_only_it_had_been_loaded(
    database: Database, new_database: NewDatabase, source: Source, name: str
) -> None:
    first, second = LATER[name]
    source.load(database, "payments", first)
    result = source.load(database, "payments", second)
    assert result.is_loaded, result.critical
    assert all(one.agrees for one in result.agreeing)
    with new_database() as url:
        fresh = Database(Settings(database_url=url))
        source.load(fresh, "payments", second)
        with database.read() as ours, fresh.read() as theirs:
            mine, other = books(ours), books(theirs)
        fresh.close()
    if name == "all gone":
        # The last known commitment stays the award: nothing says that it was less.
        mine["grants"], other["grants"] = _paid(mine), _paid(other)
        mine["balances"] = other["balances"] = None
    assert mine == other
    with database.read() as db:
        count = transfers(db)
    again = source.load(database, "payments", second)
    assert again.counts.unchanged == len(second)
    with database.read() as db:
        assert transfers(db) == count


def _paid(found: dict[str, list[tuple[object, ...]]]) -> list[tuple[object, ...]]:
    return [one[4:6] for one in found["grants"]]


def test_withdrawn_payments_keep_their_row_and_their_history(
    database: Database, source: Source
) -> None:
    source.load(database, "payments", ALL)
    source.load(database, "payments", [COMMITTED, PAID])
    with database.read() as db:
        gone = db.execute(select(Disbursement).where(Disbursement.code == "P-1/D2")).scalar_one()
        assert (gone.status, gone.paid_on, gone.amount_minor) == ("cancelled", None, 15_025)
        assert db.execute(select(Refund.status)).scalar_one() == "reversed"
    source.load(database, "payments", ALL)
    with database.read() as db:
        codes_ = db.execute(
            select(Disbursement.code).where(Disbursement.status == "paid")
        ).scalars()
        assert set(codes_) == {"P-1/D1", "P-1/D3"}


def test_the_list_of_projects_does_not_undo_an_exact_commitment(
    database: Database, source: Source
) -> None:
    source.load(database, "payments", [COMMITTED, PAID])
    rows = [project(budget="410"), project("P-2", approved="2024-03-02")]
    result = source.load(database, "projects", rows)
    assert codes(result) == ["commitment_stands"]
    assert grant(database).awarded_minor == 40_025
    # And a project that was paid from does not go away with its row.
    gone = source.load(database, "projects", rows[1:])
    assert codes(gone) == ["grant_missing_but_paid"]
    assert grant(database).status == "awarded"
