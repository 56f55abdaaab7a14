"""Donor statements: they add up, stay what they were, explain changes, and name no one at risk."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import inspect, select

from fundops import audit, clock
from fundops.allocation.reroute import relot
from fundops.db import Database
from fundops.demo.stage import Story
from fundops.disbursements.models import Disbursement
from fundops.donors import pledges, reversal
from fundops.donors.models import Lot, Pledge, Receipt
from fundops.donors.register_schemas import PledgeIn
from fundops.expenditures import closing
from fundops.expenditures.closing_schemas import AttemptIn, UnreachableIn
from fundops.exports import statements
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger import balances
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.tracing.entries import FLOWS, donor_lots, entries, flows, positions
from fundops.tracing.tree import trace
from tests.grants.grant_factories import accepted
from tests.tracing.books import Book, workbook_bytes

FLOW_LABELS = {
    "receipts": "Receipts matched",
    "payments": "Payments to grantees",
}


def every_donor(database: Database) -> list[Party]:
    """Return every party that has a lot."""
    with database.read() as db:
        donors = select(Party).where(Party.id.in_(select(Lot.donor_id))).order_by(Party.code)
        return list(db.execute(donors).scalars())


def head(database: Database) -> int:
    """Return the last sequence number."""
    with database.read() as db:
        return audit.sequence_at(db, None)


def issue(story: Story, donor: Party, as_of: date, *, pin: bool = False) -> str:
    """Issue a statement and return its hash."""
    with story.database.export() as db:
        fund = db.get_one(Fund, story.book.id)
        question = statements.question_for(db, donor.id, fund, statements.Period(None, as_of, None))
        made = statements.rendered(statements.statement_workbook(db, question))
        made.file.close()
        known_at = audit.recorded_at(db, question.known_seq)
    with story.step() as db:
        statements.issue_statement(db, story.manager, question, known_at, made.sha256, pin=pin)
    return made.sha256.hex()


def test_every_statement_reconciles_cell_by_cell(story: Story) -> None:
    for donor in every_donor(story.database):
        for from_on, as_of in ((None, None), (date(2025, 7, 1), date(2025, 12, 31))):
            book = Book(
                workbook_bytes(story.database, donor, story.book, from_on=from_on, as_of=as_of)
            )
            assert book.checks() == {"OK"}
            opening = book.total("Lots", "Opening")
            closing = opening + book.total("Entries", "Amount")
            assert closing == book.total("Lots", "Closing")
            parts = ("Available", "Reserved", "For support cost", "Operating reserve")
            assert closing == sum(book.total("Lots", part) for part in parts)
            assert Decimal(str(book.cover("Held at closing"))) == closing
            for flow in FLOWS:
                total = book.total("Entries", "Amount", line_of_the_statement=flow)
                if flow in FLOW_LABELS:
                    assert Decimal(str(book.cover(FLOW_LABELS[flow]))) == total
            paid = -book.total("Entries", "Amount", line_of_the_statement="payments")
            assert paid == book.total("Grants", "Paid of yours, period")
    book = Book(workbook_bytes(story.database, story.parties["north"], story.book))
    (first, _, _) = results = book.table("Results")
    assert (first["Indicator"], first["Reached"]) == ("4.4", "58")
    assert first["In words"] == "Contributed 10.60 % to a grant that reached 58."
    assert {one["Reached"] for one in results[1:]} == {"1 to 10", "0 to 10"}, "of 9 claims, 2"
    spent = book.table("Accepted expenditure")
    assert {(one["Category"], one["Objective"]) for one in spent} == {
        (category, objective) for category in "AG" for objective in "45"
    }
    together = sum(
        Book(workbook_bytes(story.database, donor, story.book)).total(
            "Accepted expenditure", "Accepted, to date"
        )
        for donor in every_donor(story.database)
    )
    assert together == 84_000, "11,592,000.00 rupees at 138, all of it some donor's"


def test_all_donors_together_are_the_fund(story: Story) -> None:
    """No cent belongs to nobody: the donors' positions add up to what the fund holds."""
    days = (date(2025, 3, 3), date(2025, 7, 12), date(2025, 12, 31), date(2026, 11, 1))
    with story.database.read() as db:
        last = audit.sequence_at(db, None)
        for known in (last // 2, last - 8, last):
            for day in days:
                held = dict.fromkeys(("lot", "reserved", "provision", "operating_reserve"), 0)
                for account, balance in balances.by_kind(db, story.book.id, day, known).items():
                    if account in held:
                        held[account] = balance.minor
                donors = db.execute(select(Lot.donor_id).distinct()).scalars().all()
                together = [
                    positions(entries(db, donor_lots(one), until=day, known_seq=known))
                    for one in donors
                ]
                assert sum(one["available"] for one in together) == held["lot"]
                assert sum(sum(one.values()) for one in together) == sum(held.values())


def test_flows_explain_positions(story: Story) -> None:
    with story.database.read() as db:
        for donor in db.execute(select(Lot.donor_id).distinct()).scalars():
            legs = entries(db, donor_lots(donor))
            assert sum(flows(legs).values()) == sum(positions(legs).values())


def test_the_same_question_gives_the_same_bytes_after_later_changes(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What matters here is what is booked, not that a report comes before it.
    monkeypatch.setattr("fundops.expenditures.service.asks_reports", lambda *_: False)
    database, known = story.database, head(story.database)
    donors = every_donor(database)
    asked = {
        donor.code: workbook_bytes(
            database, donor, story.book, as_of=date(2026, 6, 30), known_seq=known
        )
        for donor in donors
    }
    with story.step() as db:
        grant = db.get_one(Grant, story.grants["shelter"].id)
        fund = db.get_one(Fund, story.book.id)
        accepted(db, grant, grant.paid_minor - grant.refunded_minor, on=clock.today(fund.zone))
        given = UnreachableIn(
            reason="Done", evidence="Letters came back", unaccounted="written_off",
            attempts=[AttemptIn(on=date(2026, 6, 30), channel="letter", outcome="Returned")],
        )  # fmt: skip
        proposed = closing.propose(db, story.finance, fund, grant, given)
        closing.confirm(db, story.manager, fund, grant, proposed)
    with story.step() as db:
        receipt = db.execute(
            select(Receipt).where(Receipt.status == "booked", Receipt.gifts.is_not(None))
        ).scalar_one()
        reversal.reverse(db, story.finance, receipt, "Paid into the wrong account")
    assert head(database) > known
    for donor in donors:
        again = workbook_bytes(
            database, donor, story.book, as_of=date(2026, 6, 30), known_seq=known
        )
        assert again == asked[donor.code], donor.code


def test_a_correction_is_explained_entry_by_entry(story: Story) -> None:
    donor, day = story.parties["gifts"], date(2025, 12, 31)
    issue(story, donor, day)
    before = Book(workbook_bytes(story.database, donor, story.book, as_of=day))
    with story.step() as db:
        receipt = db.execute(
            select(Receipt).where(Receipt.status == "booked", Receipt.gifts.is_not(None))
        ).scalar_one()
        reversal.reverse(db, story.finance, receipt, "Paid into the wrong account")
    after = Book(workbook_bytes(story.database, donor, story.book, as_of=day))
    assert after.checks() == {"OK"}
    late = after.table("Changed since")
    assert {row["Reason"] for row in late} == {"Paid into the wrong account"}
    difference = after.total("Lots", "Closing") - before.total("Lots", "Closing")
    assert difference == after.total("Changed since", "Amount") == Decimal("-12500.00")


def test_grantees_at_risk_are_totals_that_still_add_up(story: Story) -> None:
    grant = story.grants["hidden"]
    hidden = story.parties["hidden"]
    shown = 0
    for donor in every_donor(story.database):
        book = Book(workbook_bytes(story.database, donor, story.book))
        for secret in (hidden.name, hidden.code, grant.code, grant.title, "PAY-2025-08-08-hid"):
            assert secret not in book.text
        withheld = [row for row in book.table("Entries") if row["Withheld"]]
        assert all(row["Date"] is None and row["Document"] is None for row in withheld)
        shown += len(withheld)
        assert book.checks() == {"OK"}
    assert shown, "no statement had anything to withhold: the test shows nothing"


def test_a_pinned_reservation_stays(story: Story) -> None:
    donor = story.parties["north"]
    issue(story, donor, date(2026, 6, 30), pin=True)
    with story.database.read() as db:
        lots = list(db.execute(donor_lots(donor.id)).scalars())
        reserved = balances.reserved_now(db, lot_ids=lots)
        from fundops.grants.models import ReservationPin

        pins = db.execute(select(ReservationPin.grant_id, ReservationPin.lot_id)).all()
    assert {(grant, lot) for grant, lot, _ in reserved} == {(row[0], row[1]) for row in pins}
    assert reserved


def test_a_lost_entry_turns_a_control(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: were an entry dropped on the way to the sheet, the controls would say so."""
    from fundops.exports import statement_rows

    whole = statement_rows._lines

    def without_last(*args: object) -> list[tuple[object, ...]]:
        return whole(*args)[:-1]  # type: ignore[arg-type]

    monkeypatch.setattr(statement_rows, "_lines", without_last)
    book = Book(workbook_bytes(story.database, story.parties["lake"], story.book))
    assert book.checks() != {"OK"}


def test_registers_stand_as_of_the_date(story: Story) -> None:
    """No pledge from after the day, and received is what had been received by it."""
    donor = story.parties["north"]
    for day, received in ((date(2025, 3, 31), "300000.00"), (date(2025, 12, 31), "599950.00")):
        book = Book(workbook_bytes(story.database, donor, story.book, as_of=day))
        assert book.total("Pledges", "Received") == Decimal(received)
        assert book.total("Instalments", "Received") == Decimal(received)
        assert book.total("Pledges", "Received, base") == book.total("Receipts", "Credited to you")
    early = Book(workbook_bytes(story.database, donor, story.book, as_of=date(2025, 2, 9)))
    assert early.table("Pledges") == early.table("Agreements") == early.table("Receipts") == []


def test_a_pledge_belongs_to_whom_it_was_known_to_belong_to(story: Story) -> None:
    database, known, day = story.database, head(story.database), date(2026, 6, 30)
    north, lake = story.parties["north"], story.parties["lake"]
    with story.step() as db:
        given = PledgeIn.model_validate(
            {"fund_id": story.book.id, "donor_id": north.id, "pledged_on": "2026-05-01",
             "amount": {"amount": "5.00", "currency": "USD"}}
        )  # fmt: skip
        pledge = pledges.create_pledge(db, story.finance, given)
    between = head(database)
    with story.step() as db:
        db.get_one(Pledge, pledge.id).donor_id = lake.id
        audit.record(db, story.finance, "pledge.credited", "pledge", pledge.id)

    def shown(donor: Party, seq: int) -> bool:
        data = workbook_bytes(database, donor, None, as_of=day, known_seq=seq)
        return pledge.code in {row["Pledge"] for row in Book(data).table("Pledges")}

    for seq, holders in ((known, ()), (between, (north,)), (head(database), (lake,))):
        for donor in (north, lake):
            assert shown(donor, seq) == (donor in holders)


def test_another_donors_payment_is_restated_without_counting_twice(story: Story) -> None:
    """Money that turns out to be another donor's: the trace of what it paid keeps its amount."""
    database, day = story.database, clock.today(story.book.zone)
    with database.read() as db:
        paid = db.execute(select(Disbursement).where(Disbursement.status == "paid")).scalars().all()
        before = {one.code: trace(db, None, one.code, day, head(database)).root for one in paid}
    with story.step() as db:
        old = db.execute(
            select(Lot).where(Lot.donor_id == story.parties["lake"].id, Lot.status == "open")
        ).scalar_one()
        values = {a.key: getattr(old, a.key) for a in inspect(Lot).column_attrs}
        new = Lot(**(values | {"id": uuid7(), "code": "LOT-RESTATED", "replaces_id": old.id,
                               "donor_id": story.parties["ship"].id}))  # fmt: skip
        db.add(new)
        db.flush()
        seq = audit.record(db, story.finance, "lot.restated", "lot", old.id)
        relot(db, seq, old.id, new)
        old.status = "reversed"
    with database.read() as db:
        for one in paid:
            root = trace(db, None, one.code, day, head(database)).root
            assert root.amount_minor == before[one.code].amount_minor == one.amount_minor
            assert sum(child.amount_minor for child in root.children) == one.amount_minor
    for donor in every_donor(database):
        assert Book(workbook_bytes(database, donor, story.book)).checks() == {"OK"}
