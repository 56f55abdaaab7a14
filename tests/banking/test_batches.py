"""Batches: made by one, released by another, all of it or nothing, the file once."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from lxml import etree
from sqlalchemy import event, select, update
from sqlalchemy.exc import IntegrityError

from fundops import audit, clock
from fundops.authz import Role
from fundops.banking import pain
from fundops.banking.models import BankFile, BatchItem
from fundops.disbursements.models import Disbursement
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.parties.models import Membership
from tests.banking.banking_factories import Draft, Office, a_hosted_office, an_office
from tests.banking.camt_files import OTHER

NS = {"p": pain.NAMESPACE}


def file_of(office: Office, batch_id: str) -> bytes:
    answer = office.signatory.get(f"/v1/payment_batches/{batch_id}/file")
    assert answer.status_code == 200, answer.text
    return bytes(answer.content)


def test_a_batch_is_made_released_and_downloaded(office: Office) -> None:
    payments = office.approved(3)
    made = office.a_batch(payments)
    assert made.status_code == 201, made.text
    batch = made.json()
    assert (batch["count"], batch["sum"]) == (3, {"amount": "3000.03", "currency": "USD"})
    assert batch["sha256"] is None
    early = office.signatory.get(f"/v1/payment_batches/{batch['id']}/file")
    assert early.status_code == 409
    released = office.release(batch)
    assert released.status_code == 200, released.text
    raw = file_of(office, batch["id"])
    assert sha256(raw).hexdigest() == released.json()["sha256"]
    assert file_of(office, batch["id"]) == raw
    told = list(pain.orders_in(raw))
    assert told == [
        (one.code, f"{one.amount_minor / 100:.2f}", "USD")
        for one in sorted(payments, key=lambda p: p.code)
    ]
    tree = etree.fromstring(raw)
    assert tree.findtext(".//p:GrpHdr/p:MsgId", namespaces=NS) == batch["code"]
    assert tree.findtext(".//p:GrpHdr/p:CtrlSum", namespaces=NS) == "3000.03"
    assert {office.status_of(one) for one in payments} == {"sent"}
    items = office.officer.get(f"/v1/payment_batches/{batch['id']}/items?sort=position").json()
    assert [one["status"] for one in items["items"]] == ["sent"] * 3
    assert "holder" not in items["items"][0]


def test_bank_details_are_nowhere_in_the_clear(draft_of_one: Draft) -> None:
    office, batch = draft_of_one.office, draft_of_one.batch
    office.release(batch)
    raw = file_of(office, batch["id"])
    assert OTHER.encode() in raw
    with office.world.database.read() as db:
        kept = db.execute(select(BankFile).where(BankFile.kind == "payments")).scalar_one()
        assert OTHER.encode() not in kept.content
        assert OTHER not in kept.details
    shown = office.officer.get(f"/v1/fund_bank_accounts/{office.account_id}").json()
    assert shown["masked"] == "••••3201"
    assert "details" not in shown


def test_whoever_made_a_batch_cannot_release_it(draft_of_one: Draft) -> None:
    office, batch = draft_of_one.office, draft_of_one.batch
    now = clock.now()
    with office.writing() as db:
        audit.lock_head(db)
        db.add(
            Membership(
                id=uuid7(), person_id=office.officer.actor.person_id, role=Role.SIGNATORY.value,
                fund_id=office.fund_id, valid_from=now - timedelta(days=1), created_at=now,
            )
        )  # fmt: skip
    refused = office.release(batch, office.officer)
    assert refused.status_code == 409, refused.text
    assert refused.json()["type"].endswith("same-person")
    assert office.release(batch, office.decider).status_code == 403
    other = an_office(office.world)
    assert office.release(batch, other.signatory).status_code == 404


def test_wrong_control_totals_release_nothing(draft_of_two: Draft) -> None:
    office, payments, batch = draft_of_two.office, draft_of_two.payments, draft_of_two.batch
    for over, where in (({"count": 3}, "/count"), ({"sum": "2000.02"}, "/sum")):
        refused = office.release(batch, **over)
        assert refused.status_code == 422
        assert [one["pointer"] for one in refused.json()["errors"]] == [where]
    assert {office.status_of(one) for one in payments} == {"approved"}


def test_one_payment_in_the_way_refuses_all_and_is_named(draft_of_three: Draft) -> None:
    office, payments, batch = draft_of_three.office, draft_of_three.payments, draft_of_three.batch
    with office.writing() as db:
        audit.lock_head(db)
        db.get_one(Disbursement, payments[1].id).status = "certified"
    refused = office.release(batch)
    assert refused.status_code == 409
    assert payments[1].code in refused.json()["detail"]
    assert [office.status_of(one) for one in payments] == ["approved", "certified", "approved"]
    shown = office.officer.get(f"/v1/payment_batches/{batch['id']}").json()
    assert (shown["status"], shown["sha256"]) == ("draft", None)


def test_a_changed_amount_is_noticed(draft_of_two: Draft) -> None:
    office, payments, batch = draft_of_two.office, draft_of_two.payments, draft_of_two.batch
    with office.writing() as db:
        audit.lock_head(db)
        db.get_one(Disbursement, payments[0].id).amount_minor -= 1
    refused = office.release(batch)
    assert refused.status_code == 409
    assert "not what it was" in refused.json()["detail"]
    with office.writing() as db:  # as it was, so that the books stay whole
        audit.lock_head(db)
        db.get_one(Disbursement, payments[0].id).amount_minor += 1


def test_a_payment_is_in_one_batch_until_that_is_cancelled(draft_of_two: Draft) -> None:
    office, payments, batch = draft_of_two.office, draft_of_two.payments, draft_of_two.batch
    again = office.a_batch(payments[1:])
    assert again.status_code == 422
    assert again.json()["errors"][0]["pointer"] == "/disbursement_ids/0"
    cancelled = office.officer.post(
        f"/v1/payment_batches/{batch['id']}/cancel", json={"reason": "Wrong day."}
    )
    assert cancelled.status_code == 200
    assert office.release(batch).status_code == 409
    anew = office.a_batch(payments)
    assert anew.status_code == 201
    assert office.release(anew.json()).status_code == 200
    late = office.officer.post(
        f"/v1/payment_batches/{anew.json()['id']}/cancel", json={"reason": "Too late."}
    )
    assert late.status_code == 409


def test_the_database_keeps_a_payment_out_of_two_batches(office: Office) -> None:
    payments = office.approved(2)
    office.a_batch(payments[:1])
    second = office.a_batch(payments[1:]).json()
    held = update(BatchItem).where(BatchItem.disbursement_id == payments[1].id)
    writing = office.writing()
    db = writing.__enter__()
    audit.lock_head(db)
    with pytest.raises(IntegrityError) as refused:
        db.execute(held.values(held_id=payments[0].id))
    with pytest.raises(Problem, match="another batch"):
        writing.__exit__(IntegrityError, refused.value, None)
    assert office.release(second).status_code == 200


def test_all_that_waits_is_gathered_when_none_is_named(office: Office) -> None:
    payments = office.approved(3)
    office.a_batch(payments[:1])
    made = office.a_batch([], disbursement_ids=None)
    assert made.status_code == 201, made.text
    assert made.json()["count"] == 2
    nothing = office.a_batch([], disbursement_ids=None)
    assert nothing.status_code == 422


def test_what_cannot_be_in_a_batch_is_named(office: Office) -> None:
    (good,) = office.approved(1)
    (early,) = office.approved(1, status="certified")
    other = an_office(office.world)
    (foreign,) = other.approved(1)
    refused = office.a_batch([good, early, foreign])
    assert refused.status_code == 422
    pointers = [one["pointer"] for one in refused.json()["errors"]]
    assert pointers == ["/disbursement_ids/1", "/disbursement_ids/2"]
    assert office.a_batch([good, good]).status_code == 422
    past = (clock.today("UTC") - timedelta(days=1)).isoformat()
    assert office.a_batch([good], execution_on=past).status_code == 422
    strange = other.a_batch([good])
    assert strange.status_code == 422


def test_names_are_spelled_or_refused_with_the_field(office: Office) -> None:
    fine = office.approved(1, holder="Жіночий центр «Надія»")
    batch = office.a_batch(fine)
    assert batch.status_code == 201, batch.text
    office.release(batch.json())
    raw = file_of(office, batch.json()["id"])
    assert b"Zhinochii tsentr" in raw
    arabic = office.approved(1, holder="منظمة المرأة")
    refused = office.a_batch(arabic)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert arabic[0].code in error["detail"]
    assert "account holder" in error["detail"]
    assert "منظمة" not in refused.text


@pytest.mark.parametrize(
    ("over", "word"),
    [
        ({"number": "DE89370400440532013001"}, "account number"),
        ({"kind": "vendor", "vendor_number": "4711"}, "at a host"),
        ({"kind": "local", "number": "12", "bic": None, "country": "KE"}, "not known by BIC"),
        ({"kind": "local", "number": "1" * 35}, "account number"),
    ],
)
def test_accounts_that_no_bank_takes_are_named(office: Office, over: object, word: str) -> None:
    assert isinstance(over, dict)
    refused = office.a_batch(office.approved(1, **over))
    assert refused.status_code == 422
    assert word in refused.json()["errors"][0]["detail"]


def test_a_payee_at_risk_is_named_by_a_code_alone(office: Office) -> None:
    (hidden,) = office.approved(1, at_risk=True, name="Women of the Delta")
    (open_one,) = office.approved(1)
    batch = office.a_batch([hidden, open_one]).json()
    office.release(batch)
    tree = etree.fromstring(file_of(office, batch["id"]))
    texts = {
        one.findtext(".//p:EndToEndId", namespaces=NS): one.findtext(".//p:Ustrd", namespaces=NS)
        for one in tree.iter(f"{{{pain.NAMESPACE}}}CdtTrfTxInf")
    }
    assert texts[hidden.code] == hidden.code
    assert texts[open_one.code].startswith(f"{open_one.code} GRT-")


def test_a_file_that_was_changed_is_not_given_out(draft_of_one: Draft) -> None:
    office, batch = draft_of_one.office, draft_of_one.batch
    office.release(batch)
    with office.world.database.writer.begin() as connection:
        content = connection.execute(select(BankFile.content)).scalar_one()
        spoiled = bytes([content[0] ^ 1]) + content[1:]
        connection.execute(update(BankFile).values(content=spoiled))
    refused = office.signatory.get(f"/v1/payment_batches/{batch['id']}/file")
    assert refused.status_code == 409
    assert "changed" in refused.json()["detail"]


def test_who_may_download_what(draft_of_one: Draft) -> None:
    office, batch = draft_of_one.office, draft_of_one.batch
    hosted = a_hosted_office(office.world)
    office.release(batch)
    assert office.officer.get(f"/v1/payment_batches/{batch['id']}/file").status_code == 403
    assert office.officer.get(f"/v1/payment_batches/{batch['id']}/vouchers").status_code == 409
    auditor = office.world.as_role(Role.AUDITOR)
    assert auditor.get(f"/v1/payment_batches/{batch['id']}/file").status_code == 403
    assert auditor.get(f"/v1/payment_batches/{batch['id']}").status_code == 200
    stranger = hosted.signatory
    assert stranger.get(f"/v1/payment_batches/{batch['id']}/file").status_code == 404


def test_queries_do_not_grow_with_a_batch(office: Office) -> None:
    counts = []
    for size in (2, 6):
        payments = office.approved(size)
        seen: list[str] = []

        def note(
            _c: object, _u: object, statement: str, *_rest: object, to: list[str] = seen
        ) -> None:
            to.append(statement)

        writer = office.world.database.writer
        event.listen(writer, "before_cursor_execute", note)
        try:
            assert office.a_batch(payments).status_code == 201
        finally:
            event.remove(writer, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1]
