"""Conditional awards: on an instalment that is sure to come, paid only when it has come."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import Actor, Role
from fundops.db import Database
from fundops.disbursements import service as disbursements
from fundops.disbursements.schemas import DisbursementIn
from fundops.donors import instalments, write_offs
from fundops.donors.agreement_schemas import InstalmentPatch
from fundops.donors.claim_schemas import WriteOffIn
from fundops.donors.models import Agreement, Instalment
from fundops.errors import Problem
from fundops.expenditures import closing as ended
from fundops.grants import service
from fundops.grants.awarding import Terms
from fundops.grants.models import ConditionalAward, Grant
from fundops.grants.schemas import CloseIn
from fundops.ledger import checks
from fundops.ledger.models import Fund
from tests.donors.cash_factories import (
    a_match,
    a_receipt,
    an_agreement,
    an_amount,
    an_instalment,
    an_officer,
    refused_write,
)
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import a_grantee, for_country, reserved

DAY = date(2026, 3, 1)
DUE = date(2026, 9, 1)


def a_promise(
    db: Session, amount: int = 10_000, **terms: Any
) -> tuple[Fund, Agreement, Instalment]:
    """Open a fund that awards on instalments, with a binding agreement and one instalment."""
    fund = a_fund(db)
    fund.award_basis = "instalment"
    agreement = an_agreement(db, fund, **terms)
    instalment = an_instalment(db, agreement, amount)
    instalment.due_on = DUE
    db.flush()
    return fund, agreement, instalment


def waits(
    db: Session, fund: Fund, instalment: Instalment, amount: int, country: str = "KE"
) -> Grant:
    """Award a grant on an instalment."""
    terms = Terms(
        a_grantee(db).id, "Safe houses", amount, DAY, country=country, objectives={4: 100}
    )
    return service.award_conditionally(db, audit.SYSTEM, fund, terms, instalment.id)


def problem_of(work: Any, *given: Any) -> Problem:
    """Return the problem that a call raises."""
    with pytest.raises(Problem) as found:
        work(*given)
    return found.value


def status_of(db: Session, grant: Grant) -> str:
    """Return what the grant's wait has come to."""
    query = select(ConditionalAward.status).where(ConditionalAward.grant_id == grant.id)
    return db.execute(query).scalar_one()


def test_it_reserves_nothing_and_cannot_be_paid(database: Database) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db)
        grant = waits(db, fund, instalment, 8_000)
        assert (grant.status, reserved(db, grant)) == ("conditional", {})
        officer = a_person(db, Role.FINANCE_OFFICER)[0]
        given = DisbursementIn(amount=an_amount(100), requested_on=DAY)
        found = problem_of(disbursements.request, db, officer, fund, grant, given)
        assert found.slug == "conflict"
        assert "has not been received" in found.detail


def test_money_that_comes_is_reserved_for_it_in_the_same_transaction(database: Database) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db)
        first, second = waits(db, fund, instalment, 6_000), waits(db, fund, instalment, 4_000)
        officer = an_officer(db)
        receipt = a_receipt(db, officer, fund, 10_000)
        (lot,) = a_match(db, officer, receipt, (instalment, 10_000))
        assert reserved(db, first) == {lot.id: 6_000}
        assert reserved(db, second) == {lot.id: 4_000}
        assert {first.status, second.status} == {"awarded"}
        assert status_of(db, first) == "stood"


def test_what_does_not_fit_waits_and_nobody_overtakes_it(database: Database) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db)
        first, second = waits(db, fund, instalment, 6_000), waits(db, fund, instalment, 1_000)
        officer = an_officer(db)
        receipt = a_receipt(db, officer, fund, 5_000)
        a_match(db, officer, receipt, (instalment, 5_000))
        assert [first.status, second.status] == ["conditional", "conditional"]
        (told,) = service.conditions_of(db, first)
        assert told["shortfall"] == {"amount": "10.00", "currency": "USD"}
        rest = a_receipt(db, officer, fund, 5_000)
        a_match(db, officer, rest, (instalment, 5_000))
        assert [first.status, second.status] == ["awarded", "awarded"]
        assert sum(reserved(db, first).values()) == 6_000


def test_a_bank_fee_leaves_it_waiting_until_somebody_lets_it_stand_on_other_money(
    database: Database,
) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db)
        grant = waits(db, fund, instalment, 10_000)
        officer = an_officer(db)
        receipt = a_receipt(db, officer, fund, 10_000, bank_fee=an_amount(25))
        a_match(db, officer, receipt, (instalment, 10_000))
        assert grant.status == "conditional"
        (told,) = service.conditions_of(db, grant)
        assert told["shortfall"] == {"amount": "0.25", "currency": "USD"}
        assert problem_of(service.stand, db, officer, fund, grant).slug == "not-fundable"
        a_lot(db, fund, 100)
        service.stand(db, officer, fund, grant)
        assert sum(reserved(db, grant).values()) == 10_000
        assert grant.status == "awarded"


@pytest.mark.parametrize(
    "terms",
    [
        {"is_binding": False},
        {"status": "draft"},
        {"status": "closed"},
        {"has_return_obligation": True, "conditions": "Only after the law is passed."},
        {"ends_on": date(2026, 2, 1)},
    ],
)
def test_only_a_binding_agreement_in_force_carries_an_award(
    database: Database, terms: dict[str, Any]
) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db, **terms)
        assert problem_of(waits, db, fund, instalment, 100).slug == "conflict"


def test_the_policy_of_the_fund_decides(database: Database) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db)
        fund.award_basis = "cash"
        assert "cash only" in problem_of(waits, db, fund, instalment, 100).detail


def test_the_earmark_and_its_dates_must_admit_the_grant(database: Database) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db, category=3, earmark=for_country("NP"))
        assert problem_of(waits, db, fund, instalment, 100).slug == "earmark-refuses"
        waits(db, fund, instalment, 100, country="NP")
        late = '{"category":1,"spend_by_on":"2026-08-31"}'
        fund, _, instalment = a_promise(db, earmark=late)
        assert problem_of(waits, db, fund, instalment, 100).slug == "earmark-refuses"


def test_caps_count_what_waits_as_well(database: Database) -> None:
    cap = (
        '{"category":3,"include":{"country":["KE","NP"]},'
        '"caps":[{"dimension":"country","value":"KE","amount_minor":5000}]}'
    )
    with database.write() as db:
        fund, _, instalment = a_promise(db, category=3, earmark=cap)
        waits(db, fund, instalment, 3_000)
        found = problem_of(waits, db, fund, instalment, 3_000)
        assert found.slug == "insufficient-funds"
        assert "20.00 USD" in found.detail
        waits(db, fund, instalment, 3_000, country="NP")


@pytest.mark.parametrize(
    ("terms", "most"),
    [
        ({}, 10_000),
        ({"agent_fee_ppm": 10_000}, 9_900),
        ({"support_cost_basis": "receipt", "support_cost_ppm": 70_000}, 9_300),
        ({"support_cost_basis": "expenditure", "support_cost_ppm": 130_000}, 8_849),
        (
            {
                "agent_fee_ppm": 10_000, "support_cost_basis": "expenditure",
                "support_cost_ppm": 130_000,
            },
            8_761,
        ),
    ],
)  # fmt: skip
def test_no_more_is_awarded_than_the_instalment_brings_after_charges(
    database: Database, terms: dict[str, Any], most: int
) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db, **terms)
        assert problem_of(waits, db, fund, instalment, most + 1).slug == "insufficient-funds"
        grant = waits(db, fund, instalment, most)
        assert problem_of(waits, db, fund, instalment, 1).slug == "insufficient-funds"
        officer = an_officer(db)
        a_match(db, officer, a_receipt(db, officer, fund, 10_000), (instalment, 10_000))
        # What was promised can be kept, to the cent.
        assert sum(reserved(db, grant).values()) == most


def test_an_instalment_in_another_currency_counts_at_its_agreed_rate(database: Database) -> None:
    with database.write() as db:
        fund, agreement, _ = a_promise(db)
        foreign = an_instalment(db, agreement, 1_000, "EUR")
        foreign.due_on = DUE
        assert problem_of(waits, db, fund, foreign, 1).slug == "insufficient-funds"
        foreign.expected_base_minor = 1_100
        assert problem_of(waits, db, fund, foreign, 1_101).slug == "insufficient-funds"
        waits(db, fund, foreign, 1_100)


def test_less_cannot_be_expected_while_awards_wait(database: Database) -> None:
    with database.write() as db:
        fund, agreement, instalment = a_promise(db)
        grant = waits(db, fund, instalment, 8_000)
        manager, finance = a_person(db, Role.FUND_MANAGER)[0], an_officer(db)
        asked = write_offs.request(db, finance, a_write_off(instalment, 3_000))

    def approve(db: Session) -> None:
        write_offs.approve(db, manager, db.get_one(type(asked), asked.id))

    def lower(db: Session) -> None:
        its, one = db.get_one(Agreement, agreement.id), db.get_one(Instalment, instalment.id)
        patch = InstalmentPatch(amount=an_amount(7_000))
        instalments.change_instalment(db, manager, its, one, patch)

    for work in (approve, lower):
        found = refused_write(database, work)
        assert found.slug == "conflict"
        assert grant.code in found.detail
    with database.write() as db:
        again = db.get_one(Grant, grant.id)
        service.cancel_grant(
            db, manager, db.get_one(Fund, fund.id), again, CloseIn(reason="Lapsed.")
        )
        assert (again.status, status_of(db, again)) == ("cancelled", "void")
        approve(db)


def a_write_off(instalment: Instalment, minor: int) -> WriteOffIn:
    """Return a request to give up part of an instalment."""
    return WriteOffIn(
        instalment_id=instalment.id, amount=an_amount(minor), effective_on=DAY, reason="Lost."
    )


def test_what_somebody_asked_to_write_off_is_not_counted_on(database: Database) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db)
        write_offs.request(db, an_officer(db), a_write_off(instalment, 3_000))
        assert problem_of(waits, db, fund, instalment, 7_001).slug == "insufficient-funds"
        waits(db, fund, instalment, 7_000)


def test_a_conditional_grant_can_be_cancelled_and_not_closed(database: Database) -> None:
    with database.write() as db:
        fund, _, instalment = a_promise(db)
        grant = waits(db, fund, instalment, 8_000)
        actor: Actor = a_person(db, Role.FUND_MANAGER)[0]
        given = CloseIn(reason="Over.")
        refused = problem_of(ended.close, db, actor, fund, grant, given)
        assert refused.slug == "wrong-status"
        service.cancel_grant(db, actor, fund, grant, given)
        waits(db, fund, instalment, 10_000)


@pytest.mark.parametrize("planted", ["reserves", "unheld", "beyond"])
def test_the_invariants_notice(database_url: str, planted: str) -> None:
    """Against a database of its own, which does not have to be sound in the end."""
    from fundops.app import create_app
    from fundops.config import Settings

    app = create_app(Settings(database_url=database_url, log_level="error"))
    database: Database = app.state.database
    with database.write() as db:
        fund, _, instalment = a_promise(db)
        grant = waits(db, fund, instalment, 8_000)
        match planted:
            case "reserves":
                grant.requested_minor = 1
            case "unheld":
                db.execute(update(ConditionalAward).values(status="void"))
            case _:
                db.execute(update(Instalment).values(amount_minor=7_000))
    with database.read() as db:
        found = {violation.check for violation in checks.run(db)}
    wanted = (
        "conditional_within_instalment" if planted == "beyond" else ("conditional_reserves_nothing")
    )
    assert wanted in found
    database.close()


def test_nobody_listening_would_be_noticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fundops.donors.hooks.AFTER_MATCH", [])
    with pytest.raises(AssertionError):
        test_money_that_comes_is_reserved_for_it_in_the_same_transaction(database)
