"""What the bank and the host do: all or nothing, however much of it is done at once."""

from __future__ import annotations

from typing import Any

from fundops import clock
from fundops.banking.profile import sample
from fundops.disbursements.models import Disbursement
from tests.banking.banking_factories import Office, an_office
from tests.banking.camt_files import Entry, Stmt, Tx, camt
from tests.ledger.faults import Till, moves
from tests.world import World


def sent(till: Till, office: Office, payments: list[Disbursement]) -> str:
    """Put payments into a batch and release it, both cut off; return the batch's place."""
    given = {
        "account_id": str(office.account_id),
        "execution_on": clock.today("UTC").isoformat(),
        "disbursement_ids": [str(one.id) for one in payments],
    }
    if office.profile_id is not None:
        given["profile_id"] = str(office.profile_id)
    batch = till.run(office.officer, "/v1/payment_batches", given)
    place = f"/v1/payment_batches/{batch['id']}"
    totals = {"count": batch["count"], "sum": batch["sum"]["amount"]}
    till.run(office.signatory, f"{place}/release", totals)
    return place


@moves("disbursements.paying:_book", "disbursements.paying:return_", "grants.refunds:refund",
       "treasury.bank:book_bank_entry")  # fmt: skip
def test_a_batch_and_the_statement_that_answers_it(world: World, till: Till) -> None:
    office = an_office(world)
    paid, back, refused = payments = office.approved(3)
    sent(till, office, payments)
    entries = [
        Entry(-paid.amount_minor, [Tx(-paid.amount_minor, paid.code)]),
        Entry(-back.amount_minor, [Tx(-back.amount_minor, back.code)]),
        Entry(back.amount_minor, [Tx(back.amount_minor, back.code, reason="AC04")]),
        Entry(refused.amount_minor, [Tx(refused.amount_minor, refused.code, reason="AC01")]),
        Entry(-3_00),
        Entry(2_00),
        Entry(40_00),
    ]
    place = f"/v1/fund_bank_accounts/{office.account_id}/statements"
    taken = till.run(office.officer, place, raw=camt(Stmt(entries)))
    statement = taken["statements"][0]
    place = f"/v1/bank_statements/{statement['id']}"
    done = till.run(office.officer, f"{place}/confirm_exact", {})
    assert done == {"confirmed": 3, "left": 0}
    others: list[dict[str, Any]] = [
        {"kind": "failed", "disbursement_id": str(refused.id)},
        {"kind": "fee"},
        {"kind": "interest"},
        {"kind": "refund", "grant_id": str(paid.grant_id)},
    ]
    for entry, given in zip(office.entries(statement)[3:], others, strict=True):
        till.run(office.officer, f"/v1/statement_entries/{entry['id']}/confirm", given)


@moves("disbursements.paying:_book")
def test_what_a_host_reports_of_its_vouchers(world: World, till: Till) -> None:
    office = an_office(world, kind="host", profile=sample().model_dump(mode="json"))
    vendor: dict[str, Any] = {"kind": "vendor", "vendor_number": "0004711", "number": "0004711"}
    payments = office.approved(2, **vendor)
    place = sent(till, office, payments)
    today = clock.today("UTC").isoformat()
    rows = ["Voucher;Status;Paid on;Document;Amount;Reason"]
    for one, status in zip(payments, ("PAID", "REJECTED"), strict=True):
        amount = f"{one.amount_minor // 100}.{one.amount_minor % 100:02d}"
        rows.append(f"{one.code};{status};{today};H-1;{amount};Closed")
    till.run(office.officer, f"{place}/results", raw="\r\n".join([*rows, ""]).encode())
