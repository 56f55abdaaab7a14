"""Files that were altered on their way, entries put to the wrong payment, and what a disk tells."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from fundops import audit
from fundops.authz import Role
from fundops.banking import camt as reading
from fundops.banking.models import BankStatement, StatementEntry
from tests.banking.banking_factories import Draft, Office, Sent
from tests.banking.camt_files import OTHER, Entry, Stmt, Tx, camt
from tests.disbursements.conftest import give_role
from tests.payees.account_factories import an_iban, slug

USD = "USD"


def a_debit(payment: Any, **over: Any) -> Entry:
    minor = -payment.amount_minor
    return Entry(minor, [Tx(minor, end_to_end=payment.code, name="Payee", **over)])


@pytest.mark.parametrize("number", [OTHER, None])
def test_a_payment_that_went_where_it_should_is_exact(sent_one: Sent, number: str | None) -> None:
    office, [payment] = sent_one.office, sent_one.payments
    statement = office.statement(camt(Stmt([a_debit(payment, other=number)])))
    assert [one["grade"] for one in office.proposals(statement)] == ["exact"]


def test_a_payment_that_went_to_another_account_is_no_routine(sent_one: Sent) -> None:
    """Whoever changes the account in a file that was released is found by the bank's statement."""
    office, [payment] = sent_one.office, sent_one.payments
    statement = office.statement(camt(Stmt([a_debit(payment, other=an_iban())])))
    [proposal] = office.proposals(statement)
    assert (proposal["grade"], "another account" in proposal["reason"]) == ("unclear", True)
    done = office.officer.post(f"/v1/bank_statements/{statement['id']}/confirm_exact", json={})
    assert done.json() == {"confirmed": 0, "left": 0}
    assert office.status_of(payment) == "sent"


def test_an_entry_that_names_one_payment_is_not_another(office: Office) -> None:
    one, other = office.sent(1)[0], office.sent(1)[0]
    [entry] = office.entries(office.statement(camt(Stmt([a_debit(one)]))))
    refused = office.confirm(entry, "paid", disbursement_id=str(other.id))
    assert (refused.status_code, slug(refused)) == (409, "conflict")
    assert office.confirm(entry, "paid", disbursement_id=str(one.id)).status_code == 200


def test_charges_are_those_that_the_bank_tells(sent_one: Sent) -> None:
    office, [payment] = sent_one.office, sent_one.payments
    minor = -payment.amount_minor - 50_00
    entry = Entry(minor, [Tx(minor, end_to_end=payment.code)], charges=5_00)
    [found] = office.entries(office.statement(camt(Stmt([entry]))))
    given = {"disbursement_id": str(payment.id), "charges": {"amount": "50.00", "currency": USD}}
    refused = office.confirm(found, "paid", **given)
    assert (refused.status_code, slug(refused)) == (409, "conflict")


def test_what_a_bank_says_in_words_is_not_kept_in_the_clear(sent_one: Sent) -> None:
    office, [payment] = sent_one.office, sent_one.payments
    back = Entry(payment.amount_minor, [Tx(payment.amount_minor, payment.code, reason="AC04")])
    raw = camt(Stmt([a_debit(payment), back]))
    said = f"<Rsn><Prtry>Closed {OTHER}</Prtry></Rsn><AddtlInf>{OTHER} is closed</AddtlInf>"
    raw = raw.replace(b"<Rsn><Cd>AC04</Cd></Rsn>", said.encode())
    statement = office.statement(raw)
    entries = office.entries(statement)
    assert OTHER in entries[1]["note"], "whoever confirms it reads it"
    for entry, kind in zip(entries, ("paid", "returned"), strict=True):
        assert office.confirm(entry, kind, disbursement_id=str(payment.id)).status_code == 200
    with office.world.database.read() as db:
        tables = (StatementEntry.__table__, BankStatement.__table__)
        kept = [str(row) for table in tables for row in db.execute(select(table))]
        assert not any(OTHER in row for row in kept)
        events = db.connection().exec_driver_sql("SELECT * FROM disbursement_steps").all()
        assert events
        assert not any(OTHER in str(row) for row in events)


def test_who_made_a_batch_does_not_release_it_under_another_record(draft_of_one: Draft) -> None:
    office, batch = draft_of_one.office, draft_of_one.batch
    second = office.world.as_role(Role.SIGNATORY)
    joined = office.world.as_role(Role.ADMINISTRATOR).post(
        f"/v1/persons/{office.officer.actor.person_id}/same_as",
        json={"same_as_code": second.actor.person_code, "reason": "Registered twice"},
    )
    assert joined.status_code == 201, joined.text
    assert slug(office.release(batch, second)) == "same-person"


def test_nor_approves_an_account_of_the_fund(office: Office) -> None:
    maker = office.world.as_role(Role.FINANCE_OFFICER)
    given = {
        "fund_id": str(office.fund_id), "name": "Another", "kind": "bank", "currency": USD,
        "holder": "Fund", "number": an_iban(), "is_iban": True, "bic": "BKAUATWW",
    }  # fmt: skip
    made = maker.post("/v1/fund_bank_accounts", json=given)
    assert made.status_code == 201, made.text
    second = office.world.as_role(Role.AUDITOR)
    with office.world.database.write() as db:
        audit.lock_head(db)
        own = give_role(db, maker.actor.person_id, Role.APPROVER)
        give_role(
            db, second.actor.person_id, Role.APPROVER, delegated_by_id=maker.actor.person_id,
            lent_membership_id=own.id, valid_until=own.valid_from.replace(year=2099),
        )  # fmt: skip
    answer = second.post(f"/v1/fund_bank_accounts/{made.json()['id']}/approve")
    assert slug(answer) == "same-person"


def test_charges_beyond_any_amount_are_refused_not_stumbled_over(office: Office) -> None:
    charge = f'<Rcrd><Amt Ccy="{USD}">999999999999.99</Amt></Rcrd>'
    raw = camt(Stmt([Entry(-100, charges=5)]), version="08")
    start, _, rest = raw.decode().partition("<Chrgs>")
    end = rest.partition("</Chrgs>")[2]
    refused = office.take_in(f"{start}<Chrgs>{charge * 100_000}</Chrgs>{end}".encode())
    assert (refused.status_code, slug(refused)) == (422, "file-refused"), refused.text


def test_an_entry_of_more_payments_than_a_file_may_have_is_refused_unread(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_given: object) -> None:
        raise AssertionError("no payment of it is read")

    many = Entry(-30_000, [Tx(-1)] * 30_000)
    raw = camt(Stmt([many]))
    monkeypatch.setattr(reading, "_amount_of", read)
    refused = office.take_in(raw)
    assert (refused.status_code, slug(refused)) == (422, "file-refused"), refused.text
