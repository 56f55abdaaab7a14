"""Sheets of money in, of the bank and of accrual: figures by hand, rewound to what was known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

from openpyxl import load_workbook
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundops import audit
from fundops.banking.models import BankStatement
from fundops.db import Database
from fundops.donors import agreements, choices, pledges, reversal
from fundops.donors.agreement_schemas import AgreementPatch
from fundops.donors.claim_schemas import ChoiceIn
from fundops.donors.models import Agreement, Instalment, Lot, Pledge, Receipt
from fundops.donors.register_schemas import PledgePatch
from fundops.exports import render
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.parameters import leaves, parameter
from fundops.exports.audit_book.question import Question, Reader, Scope, ScopeKind
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.ledger.models import Fund
from fundops.parties.models import Membership, Person
from tests.banking.banking_factories import Sent, with_two_sent
from tests.banking.camt_files import DAY as BANK_DAY
from tests.banking.camt_files import OTHER, Entry, Stmt, Tx, camt
from tests.donors.cash_factories import (
    a_match,
    a_receipt,
    an_agreement,
    an_amount,
    an_instalment,
    an_officer,
)
from tests.donors.register_factories import a_pledge, an_active_agreement, write_off
from tests.exports.audit_book.opened import parts, same
from tests.factories import a_fund, a_party
from tests.staged import staged

JANUARY, MARCH, MAY, JULY = (date(2026, month, 15) for month in (1, 3, 5, 7))

sent_two = staged(with_two_sent)


@dataclass(frozen=True)
class Scene:
    """A fund, a donor of it, what was known before anything was put right, and after."""

    fund_id: UUID
    donor_id: UUID
    receipt_id: UUID


def the_first(db: Session) -> Scene:
    """Have euros received at a loss, partly matched; a gift under conditions; a loose promise.

    2,000 EUR pledged at 0.8 (2,500 USD), agreed in two instalments of 1,000; of 900 EUR received
    at 0.8 (1,125 USD) the bank kept 4.50 and credited 1,102.50; 800 are matched (1,000 USD).
    """
    fund, officer = a_fund(db), an_officer(db)
    donor = a_party(db, name="Northland", is_anonymous=True, public_label="A donor")
    pledge = a_pledge(db, fund, donor, 2_000_00, "EUR", rate="0.8", pledged_on=JANUARY)
    _, (first, _second) = an_active_agreement(
        db, fund, donor, (1_000_00, MARCH), (1_000_00, MAY), pledge=pledge, currency="EUR",
        signed_on=JANUARY,
    )  # fmt: skip
    receipt = a_receipt(
        db, officer, fund, 900_00, currency="EUR", on=MARCH, donor_id=donor.id, payer_id=donor.id,
        rate="0.8", bank_fee=an_amount(4_50), credited=an_amount(1_102_50),
        bank_reference="B-1",
    )  # fmt: skip
    a_match(db, officer, receipt, (first, 800_00))
    cautious = an_agreement(
        db, fund, is_binding=True, conditions="Report first.", has_return_obligation=True,
        signed_on=JANUARY,
    )  # fmt: skip
    given = a_receipt(db, officer, fund, 300_00, on=MARCH)
    a_match(db, officer, given, (an_instalment(db, cautious, 400_00), 300_00))
    loose = an_agreement(db, fund, is_binding=False, signed_on=JANUARY)
    mistaken = a_receipt(db, officer, fund, 50_00, on=MAY)
    a_match(db, officer, mistaken, (an_instalment(db, loose, 70_00), 50_00))
    return Scene(fund.id, donor.id, mistaken.id)


def put_right(db: Session, scene: Scene) -> None:
    """Reverse a receipt, write off 200 EUR, return 100 USD, rename, raise the reserve, pay late."""
    fund, officer = db.get_one(Fund, scene.fund_id), an_officer(db)
    reversal.reverse(db, officer, db.get_one(Receipt, scene.receipt_id), "Another fund's.")
    lot = db.query(Lot).filter(Lot.donor_id == scene.donor_id).one()
    agreement = db.get_one(Agreement, lot.agreement_id)
    _, second = (
        db.query(Instalment).filter(Instalment.agreement_id == agreement.id)
        .order_by(Instalment.number)
    )  # fmt: skip
    write_off(db, second, 200_00, MAY)
    returned = ChoiceIn(
        kind="return", lot_id=lot.id, amount=an_amount(100_00), document="Letter",
        written_on=MAY, effective_on=MAY,
    )  # fmt: skip
    choices.choose(db, officer, returned)
    agreements.change_agreement(db, audit.SYSTEM, agreement, AgreementPatch(title="Renamed"))
    pledge = db.get_one(Pledge, agreement.pledge_id)
    pledges.change_pledge(db, audit.SYSTEM, pledge, PledgePatch(conditions="None any more."))
    fund.operating_reserve_minor = 77_00
    late = a_receipt(db, officer, fund, 100_00, currency="EUR", on=JULY, rate="0.8")
    a_match(db, officer, late, (second, 100_00))


def tell_of_persons(db: Session, before: set[UUID]) -> None:
    """Record those whom factories made without an event: one without any was always known."""
    for kind, model in (("person", Person), ("membership", Membership)):
        found: Any = select(model.id)
        for one in db.execute(found).scalars():
            if one not in before:
                audit.record(db, audit.SYSTEM, f"{kind}.created", kind, one)


def everybody(db: Session) -> set[UUID]:
    """Return the ids of persons and memberships."""
    found: Any = select(Person.id).union(select(Membership.id))
    return set(db.execute(found).scalars())


def head(database: Database) -> int:
    with database.read() as db:
        return audit.sequence_at(db, None)


def book_of(
    database: Database, fund_id: UUID, seq: int, on: date = date(2026, 6, 30),
    donor_id: UUID | None = None, reader: Reader = Reader.AUDITOR,
) -> bytes:  # fmt: skip
    """Return the workbook of a fund or donor."""
    kind = ScopeKind.FUND if donor_id is None else ScopeKind.DONOR
    scope = Scope(kind, fund_id, donor_id or fund_id, "CODE")
    with database.read() as db:
        book = Book(db, Question(scope, on, seq, reader))
        return b"".join(render(audit_workbook(book)))


def read(data: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each sheet by their headings; of the bridge, by its lines."""
    found: dict[str, list[dict[str, Any]]] = {}
    for sheet in load_workbook(BytesIO(data), data_only=True):
        top = 4 if sheet.title in ("Controls", "Accrual bridge") else 1
        if sheet.max_row < top:
            found[sheet.title] = []
            continue
        heads, *rows = list(sheet.iter_rows(min_row=top, values_only=True))
        found[sheet.title] = [
            dict(zip(heads, row, strict=True)) for row in rows if row[0] not in (None, "Total")
        ]
    assert {row["Check"] for row in found["Controls"]} == {"OK"}, [
        row for row in found["Controls"] if row["Check"] != "OK"
    ]
    return found


def only(rows: list[dict[str, Any]], **named: Any) -> dict[str, Any]:
    (found,) = (row for row in rows if named.items() <= row.items())
    return found


def test_the_figures_are_those_of_the_hand_and_of_what_was_known(database: Database) -> None:
    """The same question gives the same bytes after all that could change was changed."""
    with database.write() as db:
        audit.lock_head(db)
        scene = the_first(db)
        persons = everybody(db)
    first_seq = head(database)
    before = book_of(database, scene.fund_id, first_seq)
    of_donor = book_of(database, scene.fund_id, first_seq, donor_id=scene.donor_id)
    with database.write() as db:
        audit.lock_head(db)
        put_right(db, scene)
        tell_of_persons(db, persons)
    same(book_of(database, scene.fund_id, first_seq), before)
    same(book_of(database, scene.fund_id, first_seq, donor_id=scene.donor_id), of_donor)
    _check_first(read(before))
    _check_donor(read(of_donor))
    _check_last(read(book_of(database, scene.fund_id, head(database))))
    july = read(book_of(database, scene.fund_id, head(database), date(2026, 7, 31)))
    outside = book_of(database, scene.fund_id, head(database), reader=Reader.OUTSIDE)
    assert only(read(outside)["Pledges"], Currency="EUR")["Donor"] == "A donor"
    told = b"".join(parts(outside).values())
    assert not [word for word in (b"Northland", b"Renamed", b"B-1<", b"any more") if word in told]
    received = [row["Received"] for row in july["Instalments"] if row["Currency"] == "EUR"]
    assert received == [800, 100]


def _check_first(sheets: dict[str, list[dict[str, Any]]]) -> None:
    euros = only(sheets["Receipts"], Currency="EUR")
    assert [euros[key] for key in ("Amount", "Matched", "Unmatched")] == [900, 800, 100]
    assert [euros[key] for key in ("Booked, base", "Bank's fee", "Exchange difference")] == [
        1125, 4.5, -18,
    ]  # fmt: skip
    assert [euros[key] for key in ("Credited, base", "Matched, base", "Unmatched, base")] == [
        1102.5, 1000, 125,
    ]  # fmt: skip
    exchange = only(sheets["Exchange differences"], Currency="EUR")
    # Lots have 800 of 900 euros, so 8/9 of the loss.
    assert [exchange[key] for key in ("Loss", "Net passed on", "Left on the account")] == [
        18, -16, -2,
    ]  # fmt: skip
    pledge = only(sheets["Pledges"], Currency="EUR")
    assert [pledge[key] for key in ("Amount", "Agreed", "Amount, base", "Received, base")] == [
        2000, 2000, 2500, 1000,
    ]  # fmt: skip
    assert pledge["Conditions"] is None
    due = [row["Outstanding, base"] for row in sheets["Instalments"] if row["Currency"] == "EUR"]
    assert due == [250, 1250]
    assert only(sheets["Parameters"], Parameter="operating_reserve")["Amount"] == 0
    bases = [row["Counts as revenue"] for row in sheets["Agreements"]]
    assert sorted(bases) == ["binding", "cash", "conditional"]
    lines = {row["Line"]: row for row in sheets["Accrual bridge"]}
    assert lines["Contributions received"]["Cash basis"] == 1475
    assert lines["Due under binding agreements, not received"]["Adjustment"] == 1500
    assert lines["Received under conditions not met"]["Adjustment"] == -300
    assert lines["Received, not matched"]["Adjustment"] == -125
    assert lines["Net: cash at the bank, and net assets by accrual"] == {
        "Line": "Net: cash at the bank, and net assets by accrual", "Cash basis": 1452.5,
        "Adjustment": 1075, "Accrual basis": 2527.5, "Rule": None, "Standard": None,
        "How far this was verified": None,
    }  # fmt: skip
    assert {row["State"] for row in sheets["Bank reconciliation"]} == {"no_statement_imported"}


def _check_donor(sheets: dict[str, list[dict[str, Any]]]) -> None:
    assert [row["Currency"] for row in sheets["Receipts"]] == ["EUR"]
    assert [row["Donor"] for row in sheets["Agreements"]] == ["Northland"]
    assert sheets["Accrual bridge"] == []


def _check_last(sheets: dict[str, list[dict[str, Any]]]) -> None:
    """As of June: the receipt of July is not there, what was put right is."""
    reversed_ = only(sheets["Receipts"], Status="reversed")
    assert (reversed_["Booked, base"], reversed_["Stands, base"]) == (50, 0)
    second = only(sheets["Instalments"], **{"Written off": 200})
    assert (second["Outstanding"], second["Received"], second["Received later"]) == (800, 0, 100)
    assert second["Outstanding, base"] == 1000
    assert second["Asked for by"] != second["Approved by"]
    assert second["Write-offs"].startswith("WOF-")
    renamed = only(sheets["Agreements"], Title="Renamed")
    assert (renamed["Returned, base"], renamed["Received, base"]) == (100, 1000)
    assert only(sheets["Pledges"], Currency="EUR")["Conditions"] == "None any more."
    assert only(sheets["Parameters"], Parameter="operating_reserve")["Amount"] == 77
    lines = {row["Line"]: row for row in sheets["Accrual bridge"]}
    assert lines["Contributions received"]["Cash basis"] == 1425
    assert lines["Returned to donors"]["Cash basis"] == -100
    assert lines["Due under binding agreements, not received"]["Adjustment"] == 1250


def test_a_register_changed_behind_the_chain_turns_its_control(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        scene = the_first(db)
    wrong = update(Pledge).where(Pledge.fund_id == scene.fund_id)
    with database.writer.begin() as connection:
        connection.execute(wrong.values(amount_minor=Pledge.amount_minor + 1))
    data = book_of(database, scene.fund_id, head(database))
    with database.writer.begin() as connection:
        connection.execute(wrong.values(amount_minor=Pledge.amount_minor - 1))
    controls = load_workbook(BytesIO(data), data_only=True)["Controls"]
    turned = {row[0]: row[4] for row in controls.iter_rows(min_row=5, values_only=True)}
    assert [label for label, check in turned.items() if check != "OK"] == [
        "Sheet Pledges: Amount, EUR"
    ]
    assert turned["Sheet Pledges: Amount, EUR"].endswith("0.01")


def test_the_bank_is_reconciled_as_it_was_known(sent_two: Sent) -> None:
    """One payment confirmed, 7.77 nobody knows, interest the bank does not tell, a late start."""
    office, (paid, _waiting) = sent_two.office, sent_two.payments
    database, fund_id = office.world.database, office.fund_id
    told = {"fund_id": str(fund_id), "kind": "interest", "effective_on": BANK_DAY.isoformat(),
            "amount": {"amount": "3.33", "currency": "USD"}}  # fmt: skip
    assert office.officer.post("/v1/bank_entries", json=told).status_code == 201
    out = Entry(-paid.amount_minor, [Tx(-paid.amount_minor, paid.code, other=OTHER)], ref="B1")
    statement = office.statement(camt(Stmt([out, Entry(-7_77)], opening=999_000_00)))
    known = head(database)
    before = book_of(database, fund_id, known)
    first = office.entries(statement)[0]
    assert office.confirm(first, "paid", disbursement_id=str(paid.id)).status_code == 200
    same(book_of(database, fund_id, known), before)
    states = [row["State"] for row in read(before)["Bank reconciliation"]]
    assert states == ["opening", "opening", "not_on_statement", "not_in_books", "not_in_books"]
    rows = read(book_of(database, fund_id, head(database)))["Bank reconciliation"]
    minor = {row["State"]: round(row["Difference"] * 100) for row in rows if row["Account"] is None}
    assert minor == {"opening": 1_000_000_00, "not_on_statement": 3_33}
    matched = only(rows, State="matched")
    assert (matched["Code"], matched["Difference"]) == (paid.code, 0)
    assert only(rows, State="not_in_books")["Bank"] == -7.77
    closing = 999_000_00 - paid.amount_minor - 7_77
    assert round(sum(row["Bank"] for row in rows) * 100) == closing
    earlier = read(book_of(database, fund_id, head(database), date(2026, 6, 14)))
    assert {row["State"] for row in earlier["Bank reconciliation"]} == {"no_statement_imported"}
    with database.read() as db:
        assert db.get_one(BankStatement, UUID(statement["id"])).closing_minor == closing


def test_what_policy_and_duties_store_is_told_as_words_numbers_and_amounts() -> None:
    content = {"closing": {"days": 30, "least_minor": 5_00},
               "rules": [{"tier": None, "open": True}]}  # fmt: skip
    rows = [
        parameter("policy", path, value, None, (None,) * 3)[1:5]
        for path, value in leaves(content, "")
    ]
    assert rows == [
        ("closing.days", None, None, 30),
        ("closing.least", None, 5_00, None),
        ("rules.1.open", "true", None, None),
        ("rules.1.tier", None, None, None),
    ]
