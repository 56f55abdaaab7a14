"""Statements taken in once, matched, confirmed by a person, and reconciled to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import event, func, select

from fundops import audit
from fundops.authz import Role
from fundops.banking.models import BankFile, EntryMatch, StatementEntry
from fundops.disbursements.models import Disbursement
from fundops.funds.models import BankEntry
from fundops.grants.models import Grant, Refund
from tests.banking.banking_factories import Draft, Office, Sent, an_office
from tests.banking.camt_files import DAY, OTHER, Entry, Stmt, Tx, camt

PENDING = "wrong-status"


def debits(payments: list[Disbursement]) -> list[Entry]:
    return [
        Entry(-one.amount_minor, [Tx(-one.amount_minor, one.code, other=OTHER, name="Payee")],
              ref=f"B{n}")
        for n, one in enumerate(payments, 1)
    ]  # fmt: skip


def test_a_statement_is_taken_in_once(office: Office) -> None:
    raw = camt(Stmt([Entry(-5_00, [Tx(-5_00, name="Zürich Payee", ustrd="for DSB-2026-00001")])]))
    first = office.take_in(raw)
    assert first.status_code == 201, first.text
    assert first.json()["is_known"] is False
    again = office.take_in(raw).json()
    assert again["is_known"] is True
    assert [one["id"] for one in again["statements"]] == [
        one["id"] for one in first.json()["statements"]
    ]
    rewritten = office.take_in(raw.replace(b"<MsgId>M1<", b"<MsgId>M2<")).json()
    assert rewritten["is_known"] is True
    changed = office.take_in(camt(Stmt([Entry(-6_00)])))
    assert changed.status_code == 409
    assert changed.json()["type"].endswith("already-exists")
    with office.world.database.read() as db:
        assert db.execute(select(func.count()).select_from(StatementEntry)).scalar_one() == 1
        for kept in db.execute(select(BankFile.content)).scalars():
            assert b"Payee" not in kept
    (entry,) = office.entries(first.json()["statements"][0])
    assert entry["other_name"] == "Zürich Payee"
    assert entry["amount"] == {"amount": "-5.00", "currency": "USD"}
    auditor = office.world.as_role(Role.AUDITOR)
    path = f"/v1/bank_statements/{first.json()['statements'][0]['id']}/entries"
    assert auditor.get(path).json()["items"][0]["other_name"] is None


def test_a_file_of_another_account_or_currency_is_refused(office: Office) -> None:
    for one in (Stmt(number=OTHER), Stmt(currency="EUR")):
        refused = office.take_in(camt(one))
        assert refused.status_code == 422
        assert refused.json()["type"].endswith("file-refused")
    other = an_office(office.world)
    path = f"/v1/fund_bank_accounts/{office.account_id}/statements"
    options: Any = {
        "content": camt(Stmt()), "headers": {"content-type": "application/octet-stream"},
    }  # fmt: skip
    stranger = office.world.as_role(Role.FINANCE_OFFICER, fund_id=other.fund_id)
    assert stranger.post(path, **options).status_code == 404
    assert office.signatory.post(path, **options).status_code == 403
    assert office.officer.post(path, content=b"{}").status_code == 415


def test_gaps_and_balances_that_do_not_follow_are_findings(office: Office) -> None:
    office.statement(camt(Stmt([Entry(-5_00)])))
    later = Stmt(reference="STM-3", sequence=3, since=DAY + timedelta(days=2),
                 until=DAY + timedelta(days=2), opening=7_00)  # fmt: skip
    found = office.statement(camt(later))["findings"]
    assert len(found) == 2
    assert "leaves out a statement" in " ".join(found)
    assert "opening balance" in " ".join(found)
    new_year = replace(later, reference="S", sequence=1, since=date(2027, 1, 2),
                       until=date(2027, 1, 2))  # fmt: skip
    assert office.statement(camt(new_year))["findings"] == []


def test_nothing_is_paid_before_a_person_confirms(office: Office) -> None:
    payments = office.sent(3)
    statement = office.statement(camt(Stmt(debits(payments))))
    assert {one["grade"] for one in office.proposals(statement)} == {"exact"}
    assert {office.status_of(one) for one in payments} == {"sent"}
    path = f"/v1/bank_statements/{statement['id']}/confirm_exact"
    assert office.signatory.post(path, json={}).status_code == 403
    answer = office.officer.post(path, json={})
    assert answer.json() == {"confirmed": 3, "left": 0}
    assert {office.status_of(one) for one in payments} == {"paid"}
    with office.world.database.read() as db:
        paid = db.get_one(Disbursement, payments[0].id)
        assert (paid.paid_on, paid.reference, paid.evidence_kind) == (DAY, "B1", "bank_statement")
    assert office.officer.post(path, json={}).json() == {"confirmed": 0, "left": 0}
    entry = office.entries(statement)[0]
    assert entry["confirmed_kind"] == "paid"
    again = office.confirm(entry, "paid", disbursement_id=str(payments[0].id))
    assert (again.status_code, again.json()["type"].split(":")[-1]) == (409, PENDING)
    assert office.officer.post(path, json={"entry_ids": [entry["id"]]}).status_code == 422


def test_a_wrong_amount_cannot_be_confirmed_as_paid(sent_one: Sent) -> None:
    office, (payment,) = sent_one.office, sent_one.payments
    over = Entry(
        -(payment.amount_minor + 15_00), [Tx(-(payment.amount_minor + 15_00), payment.code)]
    )
    statement = office.statement(camt(Stmt([over])))
    (proposed,) = office.proposals(statement)
    assert (proposed["grade"], proposed["difference"]["amount"]) == ("blocked", "15.00")
    (entry,) = office.entries(statement)
    plain = office.confirm(entry, "paid", disbursement_id=str(payment.id))
    assert plain.status_code == 409
    assert "15.00 USD" in plain.json()["detail"]
    charges = {"amount": "15.00", "currency": "USD"}
    done = office.confirm(entry, "paid", disbursement_id=str(payment.id), charges=charges)
    assert done.status_code == 200, done.text
    assert office.status_of(payment) == "paid"
    with office.world.database.read() as db:
        fee = db.execute(select(BankEntry)).scalar_one()
        assert (fee.kind, fee.amount_minor) == ("fee", 15_00)


def test_what_came_back_is_returned_and_what_was_refused_fails(sent_two: Sent) -> None:
    office, (paid, refused) = sent_two.office, sent_two.payments
    minor = paid.amount_minor
    entries = [
        Entry(-minor, [Tx(-minor, paid.code)]),
        Entry(minor, [Tx(minor, paid.code, reason="AC04")]),
        Entry(refused.amount_minor, [Tx(refused.amount_minor, refused.code, reason="AC01")]),
    ]
    statement = office.statement(camt(Stmt(entries)))
    told = {(one["kind"], one["grade"]) for one in office.proposals(statement)}
    assert told == {("paid", "exact"), ("returned", "exact"), ("failed", "likely")}
    path = f"/v1/bank_statements/{statement['id']}/confirm_exact"
    assert office.officer.post(path, json={}).json()["confirmed"] == 2
    assert office.status_of(paid) == "returned"
    assert office.status_of(refused) == "sent"
    third = office.entries(statement)[2]
    wrong_way = office.confirm(third, "paid", disbursement_id=str(refused.id))
    assert wrong_way.status_code == 409
    answer = office.confirm(third, "failed", disbursement_id=str(refused.id))
    assert answer.status_code == 200, answer.text
    assert office.status_of(refused) == "failed"


def test_a_batch_debited_at_once_pays_all_of_it(draft_of_three: Draft) -> None:
    office, payments, batch = draft_of_three.office, draft_of_three.payments, draft_of_three.batch
    office.release(batch)
    total = sum(one.amount_minor for one in payments)
    statement = office.statement(camt(Stmt([Entry(-total, batch=batch["code"])])))
    (proposed,) = office.proposals(statement)
    assert (proposed["record"], proposed["grade"]) == ("payment_batch", "exact")
    (entry,) = office.entries(statement)
    answer = office.confirm(entry, "paid", batch_id=batch["id"])
    assert answer.status_code == 200, answer.text
    assert {office.status_of(one) for one in payments} == {"paid"}
    with office.world.database.read() as db:
        assert db.execute(select(func.count()).select_from(EntryMatch)).scalar_one() == 3


def test_a_payment_is_matched_once_whoever_tries(sent_one: Sent) -> None:
    office, (payment,) = sent_one.office, sent_one.payments
    minor = payment.amount_minor
    twice = [Entry(-minor, [Tx(-minor, payment.code)]), Entry(-minor, [Tx(-minor, payment.code)])]
    statement = office.statement(camt(Stmt(twice)))
    assert {one["grade"] for one in office.proposals(statement)} == {"unclear"}
    first, second = office.entries(statement)
    assert office.confirm(first, "paid", disbursement_id=str(payment.id)).status_code == 200
    refused = office.confirm(second, "paid", disbursement_id=str(payment.id))
    assert refused.status_code == 409
    assert "already" in refused.json()["detail"]


def test_fees_interest_and_refunds_are_booked_by_confirming(sent_one: Sent) -> None:
    office, (payment,) = sent_one.office, sent_one.payments
    minor = payment.amount_minor
    with office.world.database.read() as db:
        grant = db.get_one(Grant, payment.grant_id)
    entries = [
        Entry(-minor, [Tx(-minor, payment.code)]),
        Entry(-5_00, code="PMNT-MCOP-CHRG"),
        Entry(30_00, code="ACMT-MCOP-INTR"),
        Entry(200_00, [Tx(200_00, ustrd=f"unspent of {grant.code}")]),
    ]
    statement = office.statement(camt(Stmt(entries)))
    kinds = [(one["kind"], one["grade"]) for one in office.proposals(statement)]
    assert kinds == [("paid", "exact"), ("fee", "likely"), ("interest", "likely"),
                     ("refund", "likely")]  # fmt: skip
    debit, fee, interest, refund = office.entries(statement)
    for entry, kind, given in (
        (debit, "paid", {"disbursement_id": str(payment.id)}),
        (fee, "fee", {}),
        (interest, "interest", {}),
        (refund, "refund", {"grant_id": str(grant.id)}),
    ):
        answer = office.confirm(entry, kind, **given)
        assert answer.status_code == 200, answer.text
    with office.world.database.read() as db:
        booked = db.execute(select(BankEntry.kind, BankEntry.amount_minor)).all()
        assert sorted(booked) == [("fee", 5_00), ("interest", 30_00)]
        assert db.execute(select(Refund.amount_minor)).scalar_one() == 200_00
    path = f"/v1/bank_statements/{statement['id']}/reconciliation"
    found = office.officer.get(path).json()
    assert found["difference"]["amount"] == "0.00"
    assert found["differences"] == []


def test_what_is_in_the_books_is_tied_not_booked_again(office: Office) -> None:
    told = {"fund_id": str(office.fund_id), "kind": "fee", "effective_on": "2026-06-14",
            "amount": {"amount": "5.00", "currency": "USD"}, "bank_reference": "F1"}  # fmt: skip
    fee = office.officer.post("/v1/bank_entries", json=told).json()
    statement = office.statement(camt(Stmt([Entry(-5_00, ref="F1"), Entry(-5_00, ref="F1")])))
    assert {one["grade"] for one in office.proposals(statement)} == {"unclear"}
    first, second = office.entries(statement)
    assert office.confirm(first, "fee", bank_entry_id=fee["id"]).status_code == 200
    assert office.confirm(second, "fee", bank_entry_id=fee["id"]).status_code == 409
    with office.world.database.read() as db:
        assert db.execute(select(func.count()).select_from(BankEntry)).scalar_one() == 1


def test_records_of_another_fund_do_not_exist(office: Office) -> None:
    other = an_office(office.world)
    (foreign,) = other.sent(1)
    statement = office.statement(camt(Stmt([Entry(-foreign.amount_minor)])))
    (entry,) = office.entries(statement)
    refused = office.confirm(entry, "paid", disbursement_id=str(foreign.id))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/disbursement_id"
    stranger = office.world.as_role(Role.FINANCE_OFFICER, fund_id=other.fund_id)
    path = f"/v1/statement_entries/{entry['id']}/confirm"
    assert stranger.post(path, json={"kind": "fee"}).status_code == 404
    assert stranger.get(f"/v1/bank_statements/{statement['id']}").status_code == 404
    for wrong in ({"kind": "paid"}, {"kind": "fee", "grant_id": str(foreign.grant_id)},
                  {"kind": "fee", "charges": {"amount": "1.00", "currency": "USD"}}):  # fmt: skip
        assert office.officer.post(path, json=wrong).status_code == 422


def test_the_reconciliation_names_every_difference_to_the_cent(sent_two: Sent) -> None:
    office, (paid, waiting) = sent_two.office, sent_two.payments
    told = {"fund_id": str(office.fund_id), "kind": "interest", "effective_on": DAY.isoformat(),
            "amount": {"amount": "3.33", "currency": "USD"}}  # fmt: skip
    interest = office.officer.post("/v1/bank_entries", json=told).json()
    entries = [*debits([paid]), Entry(-7_77)]
    statement = office.statement(camt(Stmt(entries, opening=999_000_00)))
    first = office.entries(statement)[0]
    assert office.confirm(first, "paid", disbursement_id=str(paid.id)).status_code == 200
    path = f"/v1/bank_statements/{statement['id']}/reconciliation"
    found = office.officer.get(path).json()
    closing = 999_000_00 - paid.amount_minor - 7_77
    assert found["bank"]["amount"] == f"{closing / 100:.2f}"
    assert found["books"]["amount"] == f"{(1_000_000_00 - paid.amount_minor + 3_33) / 100:.2f}"
    assert found["start"]["amount"] == "1000.00"
    assert (found["bank_only"]["amount"], found["books_only"]["amount"]) == ("7.77", "3.33")
    assert (found["difference"]["amount"], found["unexplained"]["amount"]) == ("1011.10", "0.00")
    what = {(one["what"], one["amount"]["amount"]) for one in found["differences"]}
    assert what == {("bank_only", "7.77"), ("books_only", "3.33")}
    assert interest["id"] in {one["source_id"] for one in found["differences"]}
    assert office.status_of(waiting) == "sent"


def test_a_payment_that_came_back_less_charges_is_returned_whole(sent_one: Sent) -> None:
    """The bank kept 15.00 of 1,000.00: all of it is reserved again, and 15.00 is a fee."""
    office, (payment,) = sent_one.office, sent_one.payments
    back = Tx(985_00, payment.code, other=OTHER, reason="AC04")
    statement = office.statement(camt(Stmt([*debits([payment]), Entry(985_00, [back])])))
    out, came = office.entries(statement)
    record = {"disbursement_id": str(payment.id)}
    assert office.confirm(out, "paid", **record).status_code == 200
    kept = {"amount": "15.00", "currency": "USD"}
    for charges in (None, {"amount": "14.99", "currency": "USD"}):
        refused = office.confirm(came, "returned", **record, charges=charges)
        assert refused.status_code == 409, refused.text
    wrong = office.confirm(came, "failed", **record, charges=kept)
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["/charges"]
    said = office.confirm(came, "returned", **record, charges=kept)
    assert (said.status_code, office.status_of(payment)) == (200, "returned"), said.text
    path = f"/v1/bank_statements/{statement['id']}/reconciliation"
    found = office.officer.get(path).json()
    assert (found["differences"], found["bank"]) == ([], found["books"])
    with office.world.database.read() as db:
        assert db.execute(select(BankEntry.kind, BankEntry.amount_minor)).all() == [("fee", 15_00)]


def test_a_missing_statement_is_part_of_the_reconciliation(office: Office) -> None:
    office.statement(camt(Stmt([Entry(-1_00)], opening=1_000_000_00)))
    after = DAY + timedelta(days=2)
    late = Stmt([], opening=999_900_00, reference="STM-3", sequence=3, since=after, until=after)
    statement = office.statement(camt(late))
    found = office.officer.get(f"/v1/bank_statements/{statement['id']}/reconciliation").json()
    assert (found["start"]["amount"], found["unexplained"]["amount"]) == ("99.00", "0.00")


def test_queries_do_not_grow_with_a_statement(office: Office) -> None:
    counts = []
    for number, size in enumerate((2, 6), 1):
        payments = office.sent(size)
        one = Stmt(debits(payments), reference=f"STM-{number}", sequence=number)
        seen: list[str] = []

        def note(_c: object, _u: object, sql: str, *_rest: object, to: list[str] = seen) -> None:
            to.append(sql)

        engines = {office.world.database.writer, office.world.database.reader}
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            statement = office.statement(camt(one))
            office.proposals(statement)
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_same_person_refusal_names_the_payment_and_confirms_nothing(sent_two: Sent) -> None:
    office, payments = sent_two.office, sent_two.payments
    with office.writing() as db:
        audit.lock_head(db)
        db.get_one(Disbursement, payments[1].id).status = "cancelled"
        grant = db.get_one(Grant, payments[1].grant_id)
        grant.requested_minor -= payments[1].amount_minor
    statement = office.statement(camt(Stmt(debits(payments))))
    ids = [one["entry_id"] for one in office.proposals(statement)]
    assert len(ids) == 1  # what was cancelled is proposed for nothing
    path = f"/v1/bank_statements/{statement['id']}/confirm_exact"
    assert office.officer.post(path, json={"entry_ids": ids}).json()["confirmed"] == 1
