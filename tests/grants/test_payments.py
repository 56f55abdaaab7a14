"""Disbursements and refunds: asked by one, paid by another, once, and back the way it came."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.db import Database
from fundops.disbursements import paying
from fundops.disbursements import service as disbursements
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import DisbursementIn, SetBackIn
from fundops.errors import Problem
from fundops.grants import refunds, service
from fundops.grants.models import Grant
from fundops.grants.schemas import CloseIn, RefundIn
from fundops.ledger import balances
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import (
    DAY,
    LATER,
    Desk,
    a_desk,
    a_grant,
    a_grantee,
    a_payment,
    a_refund,
    a_request,
    accepted,
    an_approved,
    balances_of,
    closing,
    end,
    evidence,
    for_country,
    reserved,
    usd,
)
from tests.staged import staged
from tests.world import World


@dataclass(frozen=True)
class Begun:
    """A grant of all the money of a fund, of which nothing was asked for."""

    fund_id: UUID
    grant_id: UUID
    lot_id: UUID
    desk: Desk

    def of(self, db: Session) -> tuple[Fund, Grant]:
        return db.get_one(Fund, self.fund_id), db.get_one(Grant, self.grant_id)


def awarded(world: World) -> Begun:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, desk = a_fund(db), a_desk(db)
        lot = a_lot(db, fund, 500)
        return Begun(fund.id, a_grant(db, fund, 500).id, lot.id, desk)


begun = staged(awarded)


def test_a_payment_draws_reservations_in_the_order_reserved(database: Database) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        loose = a_lot(db, fund, 500)
        tight = a_lot(db, fund, 200, earmark=for_country("KE"), category=3)
        grant = a_grant(db, fund, 600)
        a_payment(db, desk, fund, grant, 250)
        assert reserved(db, grant) == {loose.id: 350}
        found = balances_of(db, fund)
        assert found["advance", tight.id, grant.id] == 200
        assert found["advance", loose.id, grant.id] == 50
        assert balances.now(db, AccountRef(fund.id, "bank")) == 450
        assert (grant.requested_minor, grant.paid_minor) == (0, 250)


def test_a_second_person_pays(database: Database, begun: Begun) -> None:
    with database.write() as db:
        (fund, grant), desk = begun.of(db), begun.desk
        asked = an_approved(db, desk, fund, grant, 100)
        with pytest.raises(Problem) as refused:
            paying.pay(db, desk.officer, fund, asked, grant, evidence(LATER))
        assert refused.value.slug == "same-person"
        assert (asked.status, grant.paid_minor, grant.requested_minor) == ("approved", 0, 100)


def test_nobody_pays_or_awards_what_they_have_an_interest_in(database: Database) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 500)
        grantee = a_grantee(db)
        insider, _ = a_person(db, Role.GRANTEE, party_id=grantee.id)
        grant = a_grant(db, fund, 200, grantee=grantee)
        with pytest.raises(Problem) as awarding:
            a_grant(db, fund, 100, grantee=grantee, actor=insider)
        assert awarding.value.slug == "conflict-of-interest"
        asked = an_approved(db, desk, fund, grant, 100)
    with pytest.raises(Problem) as refused_pay, database.write() as db:
        paying.pay(
            db,
            insider,
            fund,
            db.get_one(Disbursement, asked.id),
            db.get_one(Grant, grant.id),
            evidence(LATER),
        )
    assert refused_pay.value.slug == "conflict-of-interest"


@pytest.mark.parametrize(
    ("paid_on", "pointer"),
    [(date(2026, 2, 28), "/paid_on"), (date(2199, 1, 1), "/paid_on")],
)
def test_a_payment_is_neither_before_the_award_nor_in_the_future(
    database: Database, begun: Begun, paid_on: date, pointer: str
) -> None:
    with database.write() as db:
        (fund, grant), desk = begun.of(db), begun.desk
        asked = an_approved(db, desk, fund, grant, 100, on=DAY)
        db.commit()
        with pytest.raises(Problem) as refused:
            paying.pay(db, desk.payer, fund, asked, grant, evidence(paid_on))
        assert [error.pointer for error in refused.value.errors] == [pointer]
        db.rollback()


def test_a_fund_s_zone_decides_what_the_future_is(database: Database, begun: Begun) -> None:
    with database.write() as db:
        (fund, grant), desk = begun.of(db), begun.desk
        fund.zone = "Pacific/Kiritimati"
        asked = an_approved(db, desk, fund, grant, 100)
        there = clock.today("Pacific/Kiritimati")
        with pytest.raises(Problem):
            paying.pay(db, desk.payer, fund, asked, grant, evidence(there + timedelta(days=1)))
        paying.pay(db, desk.payer, fund, asked, grant, evidence(there))
        assert asked.status == "paid"


def test_no_more_is_asked_for_than_was_awarded(database: Database, begun: Begun) -> None:
    def ask_for_too_much() -> None:
        with database.write() as db:
            (fund, grant), desk = begun.of(db), begun.desk
            a_request(db, desk, fund, grant, 300)
            a_request(db, desk, fund, grant, 201)

    with pytest.raises(Problem) as refused:
        ask_for_too_much()
    assert refused.value.slug == "insufficient-funds"


def test_a_withdrawn_request_may_be_made_again(database: Database, begun: Begun) -> None:
    with database.write() as db:
        (fund, grant), desk = begun.of(db), begun.desk
        asked = an_approved(db, desk, fund, grant, 500)
        disbursements.set_back(
            db, desk.officer, asked, grant, "cancel", SetBackIn(reason="Wrong account.")
        )
        assert grant.requested_minor == 0
        with pytest.raises(Problem) as refused:
            paying.pay(db, desk.payer, fund, asked, grant, evidence(LATER))
        assert refused.value.slug == "wrong-status"
        a_payment(db, desk, fund, grant, 500)
        assert reserved(db, grant) == {}


def test_a_payment_cannot_precede_the_move_of_its_money(database: Database) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 100)
        first = a_grant(db, fund, 100, country="KE", on=DAY)
        a_lot(db, fund, 100, earmark=for_country("KE"), category=3)
        a_grant(db, fund, 100, country="NP", on=LATER)
        asked = an_approved(db, desk, fund, first, 100, on=DAY)
        db.commit()
        with pytest.raises(Problem) as refused:
            paying.pay(db, desk.payer, fund, asked, first, evidence(DAY))
        assert refused.value.slug == "conflict"
        db.rollback()
        paying.pay(db, desk.payer, fund, asked, first, evidence(LATER))


def test_a_payment_cannot_precede_its_request(database: Database) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 100)
        grant = a_grant(db, fund, 100, on=DAY)
        asked = an_approved(db, desk, fund, grant, 100, on=LATER)
        db.commit()
        with pytest.raises(Problem) as refused:
            paying.pay(db, desk.payer, fund, asked, grant, evidence(LATER - timedelta(days=1)))
        assert [error.pointer for error in refused.value.errors] == ["/paid_on"]
        db.rollback()
        paying.pay(db, desk.payer, fund, asked, grant, evidence(LATER))


def test_a_refund_goes_back_the_way_it_came(database: Database) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        loose = a_lot(db, fund, 500)
        tight = a_lot(db, fund, 200, earmark=for_country("KE"), category=3)
        grant = a_grant(db, fund, 300)
        a_payment(db, desk, fund, grant, 300)
        a_refund(db, desk, fund, grant, 31)
        found = balances_of(db, fund)
        # 200 : 100 of 31 is 20.67 : 10.33
        assert found["lot", tight.id, None] == 21
        assert found["lot", loose.id, None] == 400 + 10
        a_refund(db, desk, fund, grant, 269)
        assert balances_of(db, fund) == {
            ("lot", tight.id, None): 200,
            ("lot", loose.id, None): 500,
        }
        assert grant.refunded_minor == 300
        with pytest.raises(Problem) as refused:
            a_refund(db, desk, fund, grant, 1)
        assert refused.value.slug == "insufficient-funds"


def test_no_refund_before_the_payment(database: Database) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 500)
        grant = a_grant(db, fund, 300)
        a_payment(db, desk, fund, grant, 300, on=LATER)
        with pytest.raises(Problem) as refused:
            a_refund(db, desk, fund, grant, 1, on=LATER - timedelta(days=1))
        assert refused.value.slug == "insufficient-funds"


def test_closing_gives_the_unpaid_rest_back(database: Database, begun: Begun) -> None:
    with database.write() as db:
        (fund, grant), desk = begun.of(db), begun.desk
        a_payment(db, desk, fund, grant, 120)
        a_refund(db, desk, fund, grant, 20)
        accepted(db, grant, 100)
        service.pin(db, desk.manager, grant, begun.lot_id)
        end(db, desk.manager, fund, grant, "close", closing())
        assert grant.status == "closed"
        assert balances_of(db, fund) == {("lot", begun.lot_id, None): 400}
        with pytest.raises(Problem) as refused:
            a_request(db, desk, fund, grant, 1)
        assert refused.value.slug == "wrong-status"


@pytest.mark.parametrize(
    ("action", "paid", "waits", "slug"),
    [
        ("cancel", 1, 0, "conflict"),
        ("cancel", 0, 1, "conflict"),
        ("close", 0, 1, "conflict"),
        ("cancel", 0, 0, None),
        ("close", 1, 0, None),
    ],
)
def test_what_may_end(
    database: Database, begun: Begun, action: str, paid: int, waits: int, slug: str | None
) -> None:
    with database.write() as db:
        (fund, grant), desk = begun.of(db), begun.desk
        if paid:
            a_payment(db, desk, fund, grant, paid)
        if waits:
            a_request(db, desk, fund, grant, waits)

        def ends() -> None:
            end(db, desk.manager, fund, grant, action, closing())

        if slug is None:
            ends()
            assert grant.status in ("closed", "cancelled")
        else:
            with pytest.raises(Problem) as refused:
                ends()
            assert refused.value.slug == slug
            assert grant.status == "awarded"


def test_a_grant_does_not_end_before_its_last_movement(database: Database, begun: Begun) -> None:
    with database.write() as db:
        (fund, grant), desk = begun.of(db), begun.desk
        a_payment(db, desk, fund, grant, 100, on=LATER)
        for on in (LATER - timedelta(days=1), DAY - timedelta(days=1)):
            db.commit()
            with pytest.raises(Problem) as refused:
                end(db, desk.manager, fund, grant, "close", CloseIn(reason="Early.", on=on))
            assert [error.pointer for error in refused.value.errors] == ["/on"]
            db.rollback()
            db.refresh(grant)


def outcomes(work: Callable[[int], None], threads: int) -> list[str]:
    """Run ``work`` at once in so many threads; return "done" or the problem of each."""
    together = Barrier(threads)

    def run(number: int) -> str:
        together.wait()
        try:
            work(number)
        except Problem as problem:
            return problem.slug
        return "done"

    with ThreadPoolExecutor(threads) as pool:
        return sorted(pool.map(run, range(threads)))


def test_sixteen_awards_at_once_never_overdraw(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        fund, grantee = a_fund(db), a_grantee(db)
        for amount in (350, 450, 200):
            a_lot(db, fund, amount)
        fund_id, grantee_id = fund.id, grantee.id

    def award(_number: int) -> None:
        with database.write() as db:
            audit.lock_head(db)
            fund = db.get_one(Fund, fund_id)
            a_grant(db, fund, 100, grantee=db.get_one(type(grantee), grantee_id))

    assert outcomes(award, 16) == ["done"] * 10 + ["not-fundable"] * 6
    with database.read() as db:
        found = balances_of(db, db.get_one(Fund, fund_id))
        assert {key[0] for key in found} == {"reserved"}
        assert sum(found.values()) == 1_000


def test_one_disbursement_is_paid_once(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 1_000)
        grant = a_grant(db, fund, 1_000)
        asked = an_approved(db, desk, fund, grant, 100).id
        grant_id, fund_id = grant.id, fund.id

    def pay(_number: int) -> None:
        with database.write() as db:
            audit.lock_head(db)
            paying.pay(
                db,
                desk.payer,
                db.get_one(Fund, fund_id),
                db.get_one(Disbursement, asked),
                db.get_one(Grant, grant_id),
                evidence(LATER),
            )

    assert outcomes(pay, 8) == ["done"] + ["wrong-status"] * 7
    with database.read() as db:
        assert db.get_one(Grant, grant_id).paid_minor == 100


def test_amounts_are_in_the_base_currency(database: Database, begun: Begun) -> None:
    with database.write() as db:
        (fund, grant), desk = begun.of(db), begun.desk
        euros = usd(100).model_copy(update={"currency": "EUR"})
        for ask in (
            lambda: disbursements.request(
                db, desk.officer, fund, grant, DisbursementIn(amount=euros)
            ),
            lambda: refunds.refund(
                db, desk.officer, fund, grant, RefundIn(amount=euros, received_on=LATER)
            ),
        ):
            with pytest.raises(Problem) as refused:
                ask()
            assert [error.pointer for error in refused.value.errors] == ["/amount/currency"]
