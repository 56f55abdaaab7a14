"""Closing grants: everything that is missing at once, or two persons and the attempts made."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Role
from fundops.calls.models import Call
from fundops.db import Database
from fundops.decisions import promotion
from fundops.errors import Problem
from fundops.expenditures import closing, receivables, refund_requests, terms
from fundops.expenditures.closing_schemas import AttemptIn, UnreachableIn
from fundops.expenditures.models import GrantClosing, Receivable, ReceivableEntry
from fundops.expenditures.owed_schemas import ReceiptPartIn, RefundRequestIn
from fundops.expenditures.standing import unspent
from fundops.expenditures.terms import Terms
from fundops.grants import policy
from fundops.grants.models import Grant
from fundops.grants.schemas import CloseIn
from fundops.ledger.models import Fund
from tests.decisions.factories import a_board, a_proposal, a_room, an_item, confirmed, decided
from tests.donors.cash_factories import a_matched_lot, an_officer, held_by, refused_write
from tests.expenditures.conftest import Paid
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import (
    DAY,
    LATER,
    a_desk,
    a_grant,
    a_payment,
    a_refund,
    a_request,
    accepted,
    balances_of,
    reported,
)
from tests.grants.grant_factories import closing as ending

GONE = UnreachableIn(
    reason="The town was taken.",
    evidence="The embassy's note of 3 May.",
    attempts=[
        AttemptIn(on=date(2026, 5, 9), channel="telephone", outcome="dead"),
        AttemptIn(on=date(2026, 5, 2), channel="e-mail", outcome="no answer"),
    ],
    unaccounted="written_off",
    on=LATER,
)


def test_everything_that_is_missing_is_named_at_once(
    database: Database, part_paid: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        closing, "terms_of", lambda *_: Terms(700, 10_00, is_force_majeure_allowed=True)
    )
    monkeypatch.setattr(closing, "unmet_requirements", lambda db, grant: ["The audit is due."])
    with database.write() as db:
        (fund, grant), desk = part_paid.of(db), part_paid.desk
        accepted(db, grant, 300_00, refused_minor=50_00)
        waiting = reported(db, grant, 10_00)
        a_request(db, desk, fund, grant, 100_00)
        with pytest.raises(Problem) as refused:
            closing.close(db, desk.manager, fund, grant, ending())
        assert refused.value.slug == "conflict"
        assert [(error.pointer, error.detail) for error in refused.value.errors] == [
            ("grant/requirements", "The audit is due."),
            (
                "grant/disbursements",
                "Disbursements of this grant wait to be paid. Pay or cancel them first.",
            ),
            ("grant/statements", f"{waiting.code} waits for a decision."),
            (
                "grant/balance",
                "200.00 USD is not accounted for (50.00 USD of it owed without support), and no "
                "more than 10.00 USD may be left: accept expenditure, ask for a refund, or have "
                "it written off.",
            ),
        ]
        assert grant.status == "awarded"


def test_a_small_balance_is_written_off_and_the_rest_goes_back(
    database: Database, part_paid: Paid
) -> None:
    with database.write() as db:
        (fund, grant), desk = part_paid.of(db), part_paid.desk
        accepted(db, grant, 490_00, refused_minor=4_00)
        made = closing.close(db, desk.manager, fund, grant, ending())
        assert (made.residual_minor, made.freed_minor) == (10_00, 400_00)
        assert grant.status == "closed"
        assert balances_of(db, fund) == {("lot", part_paid.lot_id, None): 500_00}
        owed = db.execute(select(Receivable)).scalar_one()
        assert (owed.status, owed.settled_minor) == ("settled", 4_00)
        with pytest.raises(Problem) as refused:
            closing.close(db, desk.manager, fund, grant, ending())
        assert refused.value.slug == "wrong-status"
        with pytest.raises(Problem) as late:
            reported(db, grant, 1)
        assert late.value.slug == "wrong-status"


def test_unpaid_accepted_expenditure_keeps_a_grant_open(
    database: Database, part_paid: Paid
) -> None:
    with database.write() as db:
        (fund, grant), desk = part_paid.of(db), part_paid.desk
        accepted(db, grant, 600_00)
        with pytest.raises(Problem) as refused:
            closing.close(db, desk.manager, fund, grant, ending())
        assert [error.pointer for error in refused.value.errors] == ["grant/prefinanced"]
        a_payment(db, desk, fund, grant, 100_00)
        closing.close(db, desk.manager, fund, grant, ending())


def test_what_came_back_is_not_told_as_written_off(database: Database, paid: Paid) -> None:
    """A refund that nobody named for what it answers keeps the grant open, in either closing."""
    with database.write() as db:
        (fund, grant), finance, desk = paid.of(db), paid.finance, paid.desk
        accepted(db, grant, 600_00, refused_minor=100_00)
        given = RefundRequestIn(due_on=date(2199, 1, 31))
        asked = refund_requests.request(db, finance, fund, grant, given)
        came = a_refund(db, desk, fund, grant, 395_00)
        with pytest.raises(Problem) as refused:
            closing.close(db, desk.manager, fund, grant, ending())
        assert [(error.pointer, error.detail) for error in refused.value.errors] == [
            (
                "grant/owed",
                "400.00 USD is owed or asked back, but the grantee holds 5.00 USD: name the "
                "refunds that came for it, and withdraw what is asked back no more.",
            )
        ]
        gone = propose(db, fund, grant)
        with pytest.raises(Problem) as unreachable:
            closing.confirm(db, desk.manager, fund, grant, gone)
        assert [error.pointer for error in unreachable.value.errors] == ["grant/owed"]
        closing.withdraw(db, desk.manager, grant, gone, "They wrote.")
        named = ReceiptPartIn(refund_id=came.id)
        refund_requests.receive(db, finance, fund, grant, asked, named)
        owed = db.execute(select(Receivable)).scalar_one()
        receivables.receive(db, finance, fund, grant, owed, named)
        made = closing.close(db, desk.manager, fund, grant, ending())
        assert (made.residual_minor, asked.status, owed.status) == (5_00, "received", "settled")
        entries = db.execute(select(ReceivableEntry.kind, ReceivableEntry.amount_minor))
        assert sorted(map(tuple, entries)) == [("refunded", 95_00), ("written_off", 5_00)]


def test_who_accepted_last_or_has_an_interest_does_not_close(
    database: Database, paid: Paid
) -> None:
    with database.write() as db:
        fund, grant = paid.of(db)
        manager = a_person(db, Role.FUND_MANAGER)[0]
        accepted(db, grant, 1_000_00, actor=manager)
        party = a_person(db, Role.GRANTEE, party_id=grant.grantee_id)[0]

    def closes(db: Session, actor: Actor) -> None:
        its = db.get_one(Grant, grant.id)
        closing.close(db, actor, db.get_one(Fund, fund.id), its, ending())

    assert refused_write(database, lambda db: closes(db, manager)).slug == "same-person"
    assert refused_write(database, lambda db: closes(db, party)).slug == "conflict-of-interest"
    with database.write() as db:
        closes(db, a_person(db, Role.FUND_MANAGER)[0])


def test_unearned_support_cost_returns_to_its_lot(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        lot = a_matched_lot(
            db, an_officer(db), fund, 1_130_00, on=DAY, support_cost_basis="expenditure",
            support_cost_ppm=130_000,
        )  # fmt: skip
        grant = a_grant(db, fund, 1_000_00)
        a_payment(db, a_desk(db), fund, grant, 1_000_00, on=DAY)
        accepted(db, grant, 400_00)
        made = propose(db, fund, grant)
        assert held_by(db, lot)["provision"] == 78_00
        closing.confirm(db, a_person(db, Role.FUND_MANAGER)[0], fund, grant, made)
        # 78.00 is all there still is of the lot: as direct cost and the support cost on it.
        assert held_by(db, lot) == {"lot": 69_03, "provision": 8_97}


def propose(db: Session, fund: Fund, grant: Grant, given: UnreachableIn = GONE) -> GrantClosing:
    """Propose a closing by force majeure as a grant officer."""
    return closing.propose(db, a_person(db, Role.GRANT_OFFICER)[0], fund, grant, given)


@pytest.mark.parametrize(
    ("unaccounted", "status", "left"), [("written_off", "settled", 0), ("kept_open", "open", 60_00)]
)
def test_a_grantee_that_cannot_be_reached(
    database: Database, unaccounted: str, status: str, left: int
) -> None:
    with database.write() as db:
        fund, desk = a_fund(db), a_desk(db)
        a_lot(db, fund, 100_00)
        grant = a_grant(db, fund, 90_00)
        a_payment(db, desk, fund, grant, 80_00, on=DAY)
        accepted(db, grant, 20_00)
        given = GONE.model_copy(update={"unaccounted": unaccounted})
        made = propose(db, fund, grant, given)
        with pytest.raises(Problem) as twice:
            propose(db, fund, grant, given)
        assert twice.value.slug == "conflict"
        closing.confirm(db, desk.manager, fund, grant, made)
        assert (grant.status, made.freed_minor) == ("closed", 10_00)
        assert made.residual_minor == 60_00 - left
        owed = db.execute(select(Receivable)).scalar_one()
        assert (owed.origin, owed.amount_minor, owed.status) == ("closing", 60_00, status)
        assert unspent(db, grant).unspent_minor == left
        if left:
            # Money may still come back for what was kept open.
            a_refund(db, desk, fund, grant, 5_00)


def test_a_closing_by_force_majeure_takes_two_persons(database: Database, paid: Paid) -> None:
    with database.write() as db:
        fund, grant = paid.of(db)
        manager = a_person(db, Role.FUND_MANAGER)[0]
        made = closing.propose(db, manager, fund, grant, GONE)
        party = a_person(db, Role.GRANTEE, party_id=grant.grantee_id)[0]

    def confirms(db: Session, actor: Actor) -> None:
        its, found = db.get_one(Grant, grant.id), db.get_one(GrantClosing, made.id)
        closing.confirm(db, actor, db.get_one(Fund, fund.id), its, found)

    assert refused_write(database, lambda db: confirms(db, manager)).slug == "same-person"
    assert refused_write(database, lambda db: confirms(db, party)).slug == "conflict-of-interest"
    with database.write() as db:
        its, found = db.get_one(Grant, grant.id), db.get_one(GrantClosing, made.id)
        closing.withdraw(db, manager, its, found, "They wrote from abroad.")
        assert (its.status, found.status) == ("awarded", "withdrawn")


def test_the_policy_says_whether_a_closing_by_force_majeure_may_be(
    database: Database, paid: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as db:
        fund, grant = paid.of(db)
        made = propose(db, fund, grant)
        shipped = policy.sample(fund.id, fund.base_currency)
        closed = shipped.closing.force_majeure.model_copy(update={"is_allowed": False})
        strict = shipped.model_copy(
            update={"closing": shipped.closing.model_copy(update={"force_majeure": closed})}
        )
        monkeypatch.setattr(terms, "policy_in_force", lambda *_: strict)
        with pytest.raises(Problem) as refused:
            closing.confirm(db, a_person(db, Role.FUND_MANAGER)[0], fund, grant, made)
        assert (refused.value.slug, made.status) == ("conflict", "proposed")
        closing.withdraw(db, a_desk(db).manager, grant, made, "Not under this policy.")
        with pytest.raises(Problem) as again:
            propose(db, fund, grant)
        assert again.value.slug == "conflict"


def test_returned_money_reaches_the_reserve_list_at_once(database: Database) -> None:
    """A refund, and then the closing, free envelope and cash for whoever waits."""
    with database.write() as db:
        room = a_room(db, cash=30_000_00, envelope=30_000_00)
        board = a_board(db, room)
        an_item(db, room, board, a_proposal(db, room.call, 30_000_00))
        large, small = (
            an_item(db, room, board, a_proposal(db, room.call, minor), "reserve", place=place)
            for place, minor in ((1, 25_000_00), (2, 10_000_00))
        )
        decided(db, room, board)
        confirmed(db, room, board)
        grant = db.execute(select(Grant)).scalar_one()
        assert fundable(db, room.call) == []
        desk = a_desk(db)
        today = grant.awarded_on
        a_payment(db, desk, room.fund, grant, 20_000_00, on=today)
        a_refund(db, desk, room.fund, grant, 12_000_00, on=today)
        assert fundable(db, room.call) == [small.id]
        accepted(db, grant, 3_000_00, on=today)
        a_refund(db, desk, room.fund, grant, 5_000_00, on=today)
        closing.close(db, desk.manager, room.fund, grant, CloseIn(reason="Done.", on=today))
        assert fundable(db, room.call) == [large.id, small.id]


def fundable(db: Session, call: Call) -> list[object]:
    """Return the items of the reserve list that could be awarded now."""
    return [one.item.id for one in promotion.reserve_list(db, call) if one.is_fundable]
