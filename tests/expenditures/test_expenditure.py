"""Accepted expenditure: whose lots paid for it, what waits, what a correction undoes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Role
from fundops.db import Database
from fundops.errors import Problem
from fundops.expenditures import service
from fundops.expenditures.models import ExpenditureStatement, Receivable
from fundops.expenditures.schemas import AcceptIn, ExpenditureIn, ExpenditureLineIn, LineDecisionIn
from fundops.expenditures.standing import Counted, unspent
from fundops.expenditures.terms import allowed_support_cost
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.tracing.entries import donor_lots, entries, flows, positions
from tests.donors.cash_factories import a_matched_lot, an_officer, held_by, held_in, refused_write
from tests.expenditures.conftest import Paid
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import (
    DAY,
    LATER,
    a_desk,
    a_grant,
    a_payment,
    a_refund,
    accepted,
    balances_of,
    reported,
    usd,
)


def shares(db: Session, grant: Grant) -> list[int]:
    """Return what is accepted of each lot."""
    return sorted(one.accepted_minor for one in unspent(db, grant).lots.values())


def test_accepted_expenditure_is_shared_by_unliquidated_advance(
    database: Database, paid_from_two: Paid
) -> None:
    with database.write() as db:
        fund, grant = paid_from_two.of(db)
        accepted(db, grant, 100_01)
        assert shares(db, grant) == [30_00, 70_01]
        a_refund(db, a_desk(db), fund, grant, 499_99)
        accepted(db, grant, 400_00)
        assert shares(db, grant) == [150_00, 350_01]
        standing = unspent(db, grant)
        assert standing.total == Counted(1_000_00, 500_01, 499_99, 0)
        # Nothing is left: what was not accepted went back to the lots that had paid it.
        free = [minor for (kind, *_), minor in balances_of(db, fund).items() if kind == "lot"]
        assert sorted(free) == [150_00, 349_99]


def test_what_exceeds_the_advance_waits_for_the_next_payment(database: Database) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 1_000_00)
        grant = a_grant(db, fund, 900_00)
        a_payment(db, desk, fund, grant, 200_00, on=DAY)
        first = accepted(db, grant, 250_00)
        second = accepted(db, grant, 300_00)
        assert [one.prefinanced_minor for one in (first, second)] == [50_00, 300_00]
        assert unspent(db, grant).waiting_minor == 350_00
        a_payment(db, desk, fund, grant, 100_00)
        assert [one.prefinanced_minor for one in (first, second)] == [0, 250_00]
        a_payment(db, desk, fund, grant, 600_00)
        assert second.prefinanced_minor == 0
        assert unspent(db, grant).unspent_minor == 350_00


def test_money_paid_after_the_day_of_acceptance_counts_from_its_payment(
    database: Database,
) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 1_000_00)
        grant = a_grant(db, fund, 900_00)
        a_payment(db, desk, fund, grant, 100_00, on=LATER)
        made = accepted(db, grant, 80_00, on=DAY + timedelta(days=1))
        assert made.prefinanced_minor == 0
        assert unspent(db, grant, LATER - timedelta(days=1)).total.accepted_minor == 0
        assert unspent(db, grant).total.accepted_minor == 80_00


def test_no_more_is_accepted_than_the_grant_has_room_for(
    database: Database, paid_from_two: Paid
) -> None:
    with database.write() as db:
        fund, grant = paid_from_two.of(db)
        a_refund(db, a_desk(db), fund, grant, 400_00)
        accepted(db, grant, 500_00)
    found = refused_write(database, lambda db: accepted(db, db.get_one(Grant, grant.id), 100_01))
    assert found.slug == "insufficient-funds"
    assert "100.00 USD" in found.detail


def test_a_correction_undoes_the_original_and_books_anew(
    database: Database, paid_from_two: Paid
) -> None:
    with database.write() as db:
        _, grant = paid_from_two.of(db)
        first = accepted(db, grant, 600_00, refused_minor=50_00)
        owed = db.execute(select(Receivable)).scalar_one()
        assert (owed.amount_minor, owed.status) == (50_00, "open")
        second = accepted(db, grant, 200_01, replaces=first)
        assert (first.status, second.status) == ("corrected", "accepted")
        assert shares(db, grant) == [60_00, 140_01]
        assert owed.status == "superseded"
        assert unspent(db, grant).receivable_minor == 0
        third = accepted(db, grant, 1_000_00, replaces=second)
        assert shares(db, grant) == [300_00, 700_00]
    found = refused_write(
        database,
        lambda db: reported(
            db, db.get_one(Grant, grant.id), 1,
            replaces=db.get_one(ExpenditureStatement, second.id),
        ),
    )  # fmt: skip
    assert found.slug == "wrong-status"
    assert third.replaces_id == second.id


def test_a_correction_frees_money_for_what_waits(database: Database) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 500_00)
        grant = a_grant(db, fund, 500_00)
        a_payment(db, desk, fund, grant, 100_00, on=DAY)
        first = accepted(db, grant, 100_00)
        second = accepted(db, grant, 30_00)
        assert second.prefinanced_minor == 30_00
        accepted(db, grant, 80_00, replaces=first)
        assert second.prefinanced_minor == 10_00


def test_periods_do_not_overlap(database: Database, paid_from_two: Paid) -> None:
    with database.write() as db:
        fund, grant = paid_from_two.of(db)
        officer = a_person(db, Role.GRANT_OFFICER)[0]
        first, second = (
            service.report(db, officer, fund, grant, of_period(DAY, DAY + timedelta(days=days)))
            for days in (30, 40)
        )
        service.accept(db, a_person(db, Role.FINANCE_OFFICER)[0], fund, grant, first, AcceptIn())
        accepter = a_person(db, Role.FINANCE_OFFICER)[0]
    found = refused_write(
        database,
        lambda db: service.accept(
            db, accepter, db.get_one(Fund, fund.id), db.get_one(Grant, grant.id),
            db.get_one(ExpenditureStatement, second.id), AcceptIn(),
        ),
    )  # fmt: skip
    assert found.slug == "conflict"
    assert first.code in found.detail
    last = DAY + timedelta(days=30)
    again = refused_write(
        database,
        lambda db: service.report(
            db, officer, db.get_one(Fund, fund.id), db.get_one(Grant, grant.id),
            of_period(last, last + timedelta(days=9)),
        ),
    )  # fmt: skip
    assert again.slug == "conflict"


def of_period(starts_on: date, ends_on: date) -> ExpenditureIn:
    """Return a report of 1.00 for a period."""
    line = ExpenditureLineIn(category="E", reported=usd(100))
    return ExpenditureIn(starts_on=starts_on, ends_on=ends_on, lines=[line])


@pytest.mark.parametrize(
    ("direct", "share", "allowed"),
    [(100_00, 700, 7_00), (14, 700, 0), (15, 700, 1), (0, 700, 0), (-5, 700, 0), (9_99, 0, 0)],
)
def test_allowed_support_cost_is_rounded_down(direct: int, share: int, allowed: int) -> None:
    assert allowed_support_cost(direct, share) == allowed


def test_the_grantees_support_cost_is_capped_on_accepted_direct_expenditure(
    database: Database,
    paid_from_two: Paid,
) -> None:
    with database.write() as db:
        _, grant = paid_from_two.of(db)
        # 400.00 of 500.00 direct are accepted: 28.00 of the 35.00 that 500.00 would allow.
        made = accepted(db, grant, 400_00, refused_minor=100_00, support_minor=35_00)
        lines = service.lines_of(db, made.id)
        assert [line.accepted_minor for line in lines] == [400_00, 28_00]
        assert lines[1].reason == (
            "The grantee's support cost is at most 7 % of accepted direct expenditure."
        )
        assert made.accepted_minor == 428_00
        assert unspent(db, grant).receivable_minor == 107_00
        # What is accepted later allows more, but only what is left of the share in all.
        more = accepted(db, grant, 100_00, support_minor=10_00)
        assert more.accepted_minor == 107_00


def test_support_cost_is_earned_and_taken_back_with_what_is_accepted(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        lot = a_matched_lot(
            db, an_officer(db), fund, 1_130_00, on=DAY, support_cost_basis="expenditure",
            support_cost_ppm=130_000,
        )  # fmt: skip
        grant = a_grant(db, fund, 1_000_00)
        a_payment(db, a_desk(db), fund, grant, 1_000_00, on=DAY)
        made = [accepted(db, grant, 33) for _ in range(7)]
        # Seven times 0.33 is 2.31, of which 13 % is 30 cents: not seven times 4.
        assert held_in(db, fund)["support_cost_income"] == 30
        accepted(db, grant, 1, replaces=made[3])
        assert held_in(db, fund)["support_cost_income"] == 26  # of 1.99
        for one in made[:3]:
            accepted(db, grant, 1, replaces=one)
        assert held_in(db, fund)["support_cost_income"] == 13  # of 1.03
        assert held_by(db, lot)["provision"] == 130_00 - 13
        legs = entries(db, donor_lots(lot.donor_id))
        assert sum(flows(legs).values()) == sum(positions(legs).values())
        assert flows(legs)["support_cost"] == -13


def test_nobody_accepts_what_they_reported_or_have_an_interest_in(
    database: Database, paid_from_two: Paid
) -> None:
    with database.write() as db:
        fund, grant = paid_from_two.of(db)
        officer = a_person(db, Role.GRANT_OFFICER)[0]
        made = reported(db, grant, 100, actor=officer)
        party = a_person(db, Role.GRANTEE, party_id=grant.grantee_id)[0]

    def accepts(db: Session, actor: Actor) -> None:
        statement, its = db.get_one(ExpenditureStatement, made.id), db.get_one(Grant, grant.id)
        service.accept(db, actor, db.get_one(Fund, fund.id), its, statement, AcceptIn())

    same = refused_write(database, lambda db: accepts(db, officer))
    interested = refused_write(database, lambda db: accepts(db, party))
    assert (same.slug, interested.slug) == ("same-person", "conflict-of-interest")


@pytest.mark.parametrize(
    ("decision", "pointer"),
    [
        (LineDecisionIn(number=1, accepted=usd(101), reason="More."), "/lines/0/accepted/amount"),
        (LineDecisionIn(number=1, accepted=usd(99)), "/lines/0/reason"),
        (LineDecisionIn(number=2, accepted=usd(1)), "/lines/0/number"),
    ],
)
def test_what_cannot_be_decided(
    database: Database, paid_from_two: Paid, decision: LineDecisionIn, pointer: str
) -> None:
    with database.write() as db:
        fund, grant = paid_from_two.of(db)
        made = reported(db, grant, 100)
        actor = a_person(db, Role.FINANCE_OFFICER)[0]

    def accepts(db: Session) -> None:
        statement, its = db.get_one(ExpenditureStatement, made.id), db.get_one(Grant, grant.id)
        given = AcceptIn(lines=[decision])
        service.accept(db, actor, db.get_one(Fund, fund.id), its, statement, given)

    found = refused_write(database, accepts)
    assert [error.pointer for error in found.errors] == [pointer]
    with database.read() as db:
        assert db.get_one(ExpenditureStatement, made.id).status == "reported"


def test_a_returned_statement_can_be_reported_anew(database: Database, paid_from_two: Paid) -> None:
    with database.write() as db:
        _, grant = paid_from_two.of(db)
        made = reported(db, grant, 100)
        finance = a_person(db, Role.FINANCE_OFFICER)[0]
        service.send_back(db, finance, made, grant, "No vouchers.")
        assert (made.status, made.decision_reason) == ("returned", "No vouchers.")
        with pytest.raises(Problem) as refused:
            service.accept(db, finance, db.get_one(Fund, grant.fund_id), grant, made, AcceptIn())
        assert refused.value.slug == "wrong-status"
