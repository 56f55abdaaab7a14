"""What grantees owe: refund requests, receivables, and write-offs by two persons."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Role
from fundops.db import Database
from fundops.errors import Problem
from fundops.expenditures import receivables, refund_requests, service, write_offs
from fundops.expenditures.models import AdvanceWriteOff, Receivable, RefundRequest
from fundops.expenditures.owed_schemas import (
    AdvanceWriteOffIn,
    FindingIn,
    ReceiptPartIn,
    RefundRequestIn,
    SupportIn,
)
from fundops.expenditures.standing import unspent
from fundops.grants.models import Grant, Refund
from fundops.ledger import balances
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef
from tests.donors.cash_factories import a_matched_lot, an_officer, held_in, refused_write
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
    usd,
)

DUE = date(2199, 1, 31)


def a_paid_grant(db: Session, minor: int = 1_000_00) -> tuple[Fund, Grant, Actor]:
    """Award a grant, pay all of it, and return a finance officer as well."""
    fund = a_fund(db)
    a_lot(db, fund, minor)
    grant = a_grant(db, fund, minor)
    a_payment(db, a_desk(db), fund, grant, minor, on=DAY)
    return fund, grant, a_person(db, Role.FINANCE_OFFICER)[0]


def part(minor: int) -> ReceiptPartIn:
    """Return money that came back."""
    return ReceiptPartIn(amount=usd(minor), received_on=LATER)


def test_a_request_asks_for_what_is_unspent_and_ends_when_all_came_back(
    database: Database,
    paid: Paid,
) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        accepted(db, grant, 600_00, refused_minor=100_00)
        asked = refund_requests.request(db, finance, fund, grant, RefundRequestIn(due_on=DUE))
        assert asked.amount_minor == 300_00  # the 100.00 refused are owed on their own
        refund_requests.receive(db, finance, fund, grant, asked, part(120_00))
        assert (asked.status, asked.received_minor) == ("requested", 120_00)
        refund_requests.receive(db, finance, fund, grant, asked, part(180_00))
        assert asked.status == "received"
        assert grant.refunded_minor == 300_00
        assert unspent(db, grant).unspent_minor == 100_00
        with pytest.raises(Problem) as refused:
            refund_requests.receive(db, finance, fund, grant, asked, part(1))
        assert refused.value.slug == "wrong-status"


def test_a_refund_booked_before_answers_as_far_as_it_is_free(
    database: Database, paid: Paid
) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        accepted(db, grant, 500_00, refused_minor=50_00)
        owed = db.execute(select(Receivable)).scalar_one()
        given = RefundRequestIn(due_on=DUE, amount=usd(200_00))
        asked = refund_requests.request(db, finance, fund, grant, given)
        refund = a_refund(db, a_desk(db), fund, grant, 230_00)
        named = ReceiptPartIn(refund_id=refund.id)
        refund_requests.receive(db, finance, fund, grant, asked, named)
        assert asked.status == "received"
        receivables.receive(db, finance, fund, grant, owed, named)
        assert (owed.settled_minor, owed.status) == (30_00, "open")
        with pytest.raises(Problem) as refused:
            receivables.receive(db, finance, fund, grant, owed, named)
        assert refused.value.slug == "conflict"
        assert grant.refunded_minor == 230_00


@pytest.mark.parametrize(
    ("given", "slug"),
    [
        (RefundRequestIn(due_on=DUE, amount=usd(400_01)), "insufficient-funds"),
        (RefundRequestIn(due_on=DUE, amount=usd(10_00)), "conflict"),
        (RefundRequestIn(due_on=DAY, amount=usd(100_00)), "invalid-request"),
    ],
)
def test_what_cannot_be_asked_back(
    database: Database, paid: Paid, given: RefundRequestIn, slug: str
) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        accepted(db, grant, 600_00)
    found = refused_write(
        database,
        lambda db: refund_requests.request(
            db, finance, db.get_one(Fund, fund.id), db.get_one(Grant, grant.id), given
        ),
    )
    assert found.slug == slug


def test_a_grantee_is_reminded_once_a_day(
    database: Database, paid: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        asked = refund_requests.request(db, finance, fund, grant, RefundRequestIn(due_on=DUE))
        refund_requests.remind(db, finance, fund, grant, asked)
        with pytest.raises(Problem) as refused:
            refund_requests.remind(db, finance, fund, grant, asked)
        assert refused.value.slug == "conflict"
        monkeypatch.setattr(clock, "today", lambda zone: date(2198, 1, 1))
        refund_requests.remind(db, finance, fund, grant, asked)
        assert asked.reminders == 2


def test_a_receivable_is_what_was_found_less_what_settled_it(
    database: Database, paid: Paid
) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        accepted(db, grant, 700_00, refused_minor=300_00)
        owed = db.execute(select(Receivable)).scalar_one()
        given = SupportIn(
            kind="additional_support", amount=usd(100_00), reason="Vouchers.", accepted_on=LATER
        )
        receivables.support(db, finance, fund, grant, owed, given)
        receivables.receive(db, finance, fund, grant, owed, part(50_00))
        a_write_off(db, fund, grant, finance, 120_00, receivable=owed)
        assert owed.amount_minor - owed.settled_minor == 30_00
        total = unspent(db, grant).total
        assert (total.accepted_minor, total.refunded_minor) == (800_00, 50_00)
        assert (total.written_off_minor, total.unspent_minor) == (120_00, 30_00)
        again = given.model_copy(update={"kind": "justification_accepted", "amount": usd(30_00)})
        receivables.support(db, finance, fund, grant, owed, again)
        assert owed.status == "settled"
        assert unspent(db, grant).unspent_minor == 0


def a_write_off(
    db: Session, fund: Fund, grant: Grant, finance: Actor, minor: int, *,
    receivable: Receivable | None = None, asked: RefundRequest | None = None,
) -> AdvanceWriteOff:  # fmt: skip
    """Ask for a write-off and approve it."""
    made = write_offs.request(
        db, finance, fund, grant,
        AdvanceWriteOffIn(
            amount=usd(minor), effective_on=LATER, reason="The office burnt down.",
            receivable_id=receivable.id if receivable else None,
            refund_request_id=asked.id if asked else None,
        ),
    )  # fmt: skip
    return write_offs.approve(db, a_person(db, Role.APPROVER)[0], fund, grant, made)


def test_a_finding_takes_acceptance_and_support_cost_back(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        a_matched_lot(
            db, an_officer(db), fund, 1_130_00, on=DAY, support_cost_basis="expenditure",
            support_cost_ppm=130_000,
        )  # fmt: skip
        grant = a_grant(db, fund, 1_000_00)
        a_payment(db, a_desk(db), fund, grant, 1_000_00, on=DAY)
        made = accepted(db, grant, 1_000_00)
        finance = a_person(db, Role.FINANCE_OFFICER)[0]
        given = FindingIn(
            expenditure_statement_id=made.id, amount=usd(200_00), reason="Paid in cash."
        )
        owed = receivables.open_finding(db, finance, fund, grant, given)
        assert (owed.origin, owed.amount_minor) == ("finding", 200_00)
        assert unspent(db, grant).total.accepted_minor == 800_00
        assert held_in(db, fund)["support_cost_income"] == 104_00
        given = given.model_copy(update={"amount": usd(800_01)})
        with pytest.raises(Problem) as refused:
            receivables.open_finding(db, finance, fund, grant, given)
        assert refused.value.slug == "insufficient-funds"


def test_a_write_off_clears_the_advance_and_no_cash(database: Database, paid: Paid) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        accepted(db, grant, 600_00)
        asked = refund_requests.request(db, finance, fund, grant, RefundRequestIn(due_on=DUE))
        bank = balances.now(db, AccountRef(fund.id, "bank"))
        a_write_off(db, fund, grant, finance, 100_00, asked=asked)
        assert (asked.status, asked.written_off_minor) == ("requested", 100_00)
        a_write_off(db, fund, grant, finance, 300_00, asked=asked)
        assert asked.status == "written_off"
        assert unspent(db, grant).unspent_minor == 0
        assert balances.now(db, AccountRef(fund.id, "bank")) == bank


def test_a_write_off_takes_two_persons_without_an_interest(database: Database, paid: Paid) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        given = AdvanceWriteOffIn(amount=usd(100_00), effective_on=LATER, reason="Lost.")
        made = write_offs.request(db, finance, fund, grant, given)
        party = a_person(db, Role.GRANTEE, party_id=grant.grantee_id)[0]
        approver = a_person(db, Role.APPROVER)[0]
        more = write_offs.request(
            db, finance, fund, grant, given.model_copy(update={"amount": usd(950_00)})
        )
        write_offs.reject(db, approver, grant, more, "Too much.")
        assert more.status == "rejected"

    def approves(db: Session, actor: Actor) -> None:
        found = db.get_one(AdvanceWriteOff, made.id)
        its = db.get_one(Grant, grant.id)
        write_offs.approve(db, actor, db.get_one(Fund, fund.id), its, found)

    def asks(db: Session) -> None:
        its = db.get_one(Grant, grant.id)
        write_offs.request(db, party, db.get_one(Fund, fund.id), its, given)

    assert refused_write(database, lambda db: approves(db, finance)).slug == "same-person"
    assert refused_write(database, lambda db: approves(db, party)).slug == "conflict-of-interest"
    assert refused_write(database, asks).slug == "conflict-of-interest"
    with database.write() as db:
        # Meanwhile nearly all was accounted for: less is left than was asked for.
        accepted(db, db.get_one(Grant, grant.id), 950_00)
    assert refused_write(database, lambda db: approves(db, approver)).slug == "insufficient-funds"


def test_a_write_off_names_records_of_its_own_grant(database: Database, paid: Paid) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        _, other, _ = a_paid_grant(db)
        accepted(db, other, 1_00, refused_minor=900_00)
        foreign = db.execute(select(Receivable)).scalar_one()
        theirs = a_refund(db, a_desk(db), db.get_one(Fund, other.fund_id), other, 50_00)

    def asks(db: Session, **named: object) -> None:
        body = {"amount": usd(1), "effective_on": LATER, "reason": "Lost."} | named
        given = AdvanceWriteOffIn.model_validate(body)
        write_offs.request(
            db, finance, db.get_one(Fund, fund.id), db.get_one(Grant, grant.id), given
        )

    for named in ({"receivable_id": foreign.id}, {"refund_request_id": uuid4()}):
        found = refused_write(database, lambda db, named=named: asks(db, **named))  # type: ignore[misc]
        assert [error.pointer for error in found.errors] == [f"/{next(iter(named))}"]

    def takes(db: Session) -> None:
        its, book = db.get_one(Grant, grant.id), db.get_one(Fund, fund.id)
        asked = refund_requests.request(db, finance, book, its, RefundRequestIn(due_on=DUE))
        named = ReceiptPartIn(refund_id=db.get_one(Refund, theirs.id).id)
        refund_requests.receive(db, finance, book, its, asked, named)

    assert [e.pointer for e in refused_write(database, takes).errors] == ["/refund_id"]


def test_later_support_is_not_accepted_by_who_reported(database: Database, paid: Paid) -> None:
    with database.write() as db:
        fund, grant = paid.of(db)
        made = accepted(db, grant, 700_00, refused_minor=300_00)
        owed = db.execute(select(Receivable)).scalar_one()

    def supports(db: Session) -> None:
        reporter = Actor(made.reported_by_id, "PER", None, ())
        given = SupportIn(kind="additional_support", amount=usd(1), reason="Found.")
        its = db.get_one(Receivable, owed.id)
        receivables.support(
            db, reporter, db.get_one(Fund, fund.id), db.get_one(Grant, grant.id), its, given
        )

    assert refused_write(database, supports).slug == "same-person"


def test_a_justification_takes_another_than_who_opened_it(database: Database, paid: Paid) -> None:
    with database.write() as db:
        fund, grant = paid.of(db)
        accepted(db, grant, 700_00, refused_minor=300_00)
        owed = db.execute(select(Receivable)).scalar_one()
        opener = owed.opened_by_id
        assert opener is not None

    def justifies(db: Session, by: UUID, kind: Any = "justification_accepted") -> None:
        its = db.get_one(Receivable, owed.id)
        given = SupportIn(kind=kind, amount=usd(1), reason="He says so.")
        actor = Actor(by, "PER", None, ())
        book = db.get_one(Fund, fund.id)
        receivables.support(db, actor, book, db.get_one(Grant, grant.id), its, given)

    assert refused_write(database, lambda db: justifies(db, opener)).slug == "same-person"
    with database.write() as db:
        audit.lock_head(db)
        another = a_person(db, Role.FUND_MANAGER)[0].person_id
        justifies(db, another)
        justifies(db, opener, "additional_support")
        assert db.get_one(Receivable, owed.id).settled_minor == 2


def test_what_a_finding_took_back_allows_no_support_cost(database: Database, paid: Paid) -> None:
    """7 % of 100.00 that stand and 100.00 more, not of the 400.00 that were found unsupported."""
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        first = accepted(db, grant, 500_00)
        found = FindingIn(
            expenditure_statement_id=first.id, amount=usd(400_00), reason="No invoices"
        )
        owed = receivables.open_finding(db, finance, fund, grant, found)
        second = accepted(db, grant, 100_00, support_minor=42_00)
        assert [one.accepted_minor for one in service.lines_of(db, second.id)] == [100_00, 14_00]
        # What is supported after all counts again.
        later = SupportIn(
            kind="additional_support", amount=usd(100_00), reason="Found", accepted_on=LATER
        )
        receivables.support(db, finance, fund, grant, owed, later)
        third = accepted(db, grant, 100_00, support_minor=42_00)
        assert [one.accepted_minor for one in service.lines_of(db, third.id)] == [100_00, 14_00]
