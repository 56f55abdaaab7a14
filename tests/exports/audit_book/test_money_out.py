"""Sheets on money going out: against figures made by hand, at every turn of what was known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from fundops import audit
from fundops.db import Database
from fundops.exports.audit_book.advances import ADVANCES, BANDS, FLOWS
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.disbursements import DISBURSEMENTS
from fundops.exports.audit_book.expenditure import AMOUNTS, EXPENDITURE
from fundops.exports.audit_book.question import Moment, Named, Reader
from fundops.exports.audit_book.refunds import REFUNDS
from fundops.exports.audit_book.section import Section
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.exports.audit_book.write_offs import WRITE_OFFS
from fundops.planning.ageing import ages
from tests.exports.audit_book.asked import a_book, unheld
from tests.exports.audit_book.money_out import Doing, Spent, off, rows_of, spent

__all__ = ["spent"]

SECTIONS = (DISBURSEMENTS, ADVANCES, EXPENDITURE, REFUNDS, WRITE_OFFS)
SUMMER = date(2026, 6, 30)


def known(db: Session, spent: Spent, turn: str, **named: str) -> Book:
    """Return what answers about the fund as it was known after a turn."""
    book = a_book(db, Named(fund=spent.fund, **named))
    return Book(db, replace(book.question, known_seq=spent.known[turn]))


def sums(book: Book, section: Section, *columns: str) -> list[int]:
    """Return the sums of columns."""
    rows = rows_of(book, section)
    return [sum(row[column] or 0 for row in rows) for column in columns]


def test_payments_tell_who_signed_and_what_the_bank_did(database: Database, spent: Spent) -> None:
    with database.read() as db:
        book = a_book(db, Named(fund=spent.fund))
        first, second, imported, third, fourth, waits = rows_of(book, DISBURSEMENTS)
    desk, finance = spent.desk, spent.finance
    for row in (first, second, third, fourth):
        assert (row["requested_by"], row["certified_by"]) == (
            desk.officer.person_code, desk.certifier.person_code,
        )  # fmt: skip
        assert (row["approved_by"], row["released_by"], row["recorded_by"]) == (
            desk.approver.person_code, desk.payer.person_code, desk.payer.person_code,
        )  # fmt: skip
        assert row["certified_at"] <= row["approved_at"] <= row["released_at"]
    assert [row["status"] for row in (first, second, waits)] == ["paid", "returned", "approved"]
    assert (second["paid"], second["returned"], second["net"]) == (300_00, 300_00, 0)
    assert second["returned_on"] == date(2026, 4, 9)
    arrival = ("arrived", "charges", "arrived_currency", "confirmed_by")
    assert [first[key] for key in arrival] == [595_00, 5_00, "USD", finance.person_code]
    assert (waits["amount"], waits["paid"], waits["hold"], waits["lifted_by"]) == (
        50_00, 0, "payment", None,
    )  # fmt: skip
    assert waits["hold_by"] == desk.certifier.person_code
    assert first["account"] == "…4321"
    signatures = [key for key in imported if key.endswith("_by")]
    told = {imported[key] for key in signatures} - {None}
    assert told == {"not recorded"}
    assert (imported["paid"], imported["released_at"], imported["status"]) == (25_00, None, "paid")


def test_figures_are_those_worked_out_by_hand(database: Database, spent: Spent) -> None:
    with database.read() as db:
        book = a_book(db, Named(fund=spent.fund))
        assert sums(book, ADVANCES, *FLOWS, "outstanding", "waiting") == [
            1_067_00, 300_00, 430_00, 40_00, 66_00, 231_00, 50_00,
        ]  # fmt: skip
        assert sums(book, EXPENDITURE, *AMOUNTS) == [
            540_00, 490_00, 50_00, 40_00, 30_00, 50_00, 430_00,
        ]  # fmt: skip
        refunds = {(row["kind"], row["claimed"]): row for row in rows_of(book, REFUNDS)
                   if row["kind"] != "refund"}  # fmt: skip
        told = ("status", "answered", "supported", "justified", "written_off", "outstanding")
        assert {key: [row[name] for name in told] for key, row in refunds.items()} == {
            ("request", 150_00): ["requested", 30_00, 0, 0, 60_00, 60_00],
            ("receivable", 50_00): ["open", 7_00, 20_00, 0, 0, 23_00],
            ("receivable", 40_00): ["open", 0, 0, 10_00, 4_00, 26_00],
        }
        assert sums(book, REFUNDS, "refunded") == [40_00]
        written_off = Counter(
            {(row["kind"], row["status"], row["currency"], row["amount"], row["booked"]): 1
             for row in rows_of(book, WRITE_OFFS)}
        )  # fmt: skip
        assert written_off == Counter(
            {("advance", "approved", "USD", 60_00, 60_00): 1,
             ("advance", "approved", "USD", 4_00, 4_00): 1,
             ("advance", "requested", "USD", 1_00, 0): 1,
             ("closing", "confirmed", "USD", 2_00, 2_00): 1,
             ("instalment", "approved", "EUR", 8_00, 0): 1,
             ("source", "approved", "EUR", 5_00, 0): 1}
        )  # fmt: skip
        (source,) = (row for row in rows_of(book, WRITE_OFFS) if row["kind"] == "source")
        assert source["requested_by"] == source["decided_by"] == "not recorded"
        # What a donor's lots paid, bear and have outstanding adds up to the whole.
        parts: list[list[int]] = []
        for donor in spent.donors:
            of = a_book(db, Named(fund=spent.fund, donor=donor))
            parts.append([*sums(of, DISBURSEMENTS, "paid", "returned"), *sums(of, ADVANCES, *FLOWS),
                          *sums(of, EXPENDITURE, "booked")])  # fmt: skip
        assert [sum(both) for both in zip(*parts, strict=True)] == [
            1_067_00, 300_00, 1_067_00, 300_00, 430_00, 40_00, 66_00, 430_00,
        ]  # fmt: skip
        assert all(part[0] for part in parts)


def test_what_came_later_does_not_show_in_what_was_known_before(
    database: Database, spent: Spent
) -> None:
    """Paid, brought back, accepted, refunded, written off and waiting, turn by turn."""
    turns: dict[str, list[int]] = {
        "paid": [1_000_00, 0, 0, 0, 0, 0],
        "kept": [1_000_00, 0, 0, 0, 0, 0],
        "returned": [1_000_00, 300_00, 0, 0, 0, 0],
        "accepted": [1_000_00, 300_00, 300_00, 0, 0, 0],
        "found": [1_000_00, 300_00, 290_00, 0, 0, 0],
        "came_back": [1_000_00, 300_00, 290_00, 40_00, 0, 0],
        "gave_up": [1_000_00, 300_00, 290_00, 40_00, 64_00, 0],
        "beyond": [1_042_00, 300_00, 430_00, 40_00, 66_00, 50_00],
    }
    with database.read() as db:
        for turn, expected in turns.items():
            book = known(db, spent, turn)
            assert sums(book, ADVANCES, *FLOWS, "waiting") == expected, turn
            assert off(audit_workbook(book)) == {}, turn
        early = {row["amount"]: row for row in rows_of(known(db, spent, "kept"), DISBURSEMENTS)}
        assert early[300_00]["status"] == "paid"
        assert early[300_00]["returned_on"] is None
        (before, *_) = rows_of(known(db, spent, "paid"), DISBURSEMENTS)
        assert (before["arrived"], before["confirmed_by"]) == (None, None)
        owed = {row["claimed"]: row for row in rows_of(known(db, spent, "came_back"), REFUNDS)}
        assert (owed[150_00]["written_off"], owed[150_00]["outstanding"]) == (0, 120_00)
        assert rows_of(known(db, spent, "came_back"), WRITE_OFFS) == []


def test_the_same_question_has_the_same_rows_after_more_has_happened(
    database: Database, spent: Spent
) -> None:
    asked = [Named(fund=spent.fund)]
    asked += [Named(fund=spent.fund, donor=code) for code in spent.donors]

    def answers(as_of: date | None, *, checked: bool) -> list[Any]:
        found: list[Any] = []
        with database.read() as db:
            for named in asked:
                book = a_book(db, named, Moment(as_of))
                book = Book(db, replace(book.question, known_seq=spent.known["donors"]))
                found += [list(section.rows(book)) for section in SECTIONS]
                assert not checked or off(audit_workbook(book)) == {}
        return found

    before = [answers(None, checked=False), answers(SUMMER, checked=False)]
    with database.write() as db:
        audit.lock_head(db)
        Doing(spent).more(db)
    assert [answers(None, checked=True), answers(SUMMER, checked=True)] == before
    with database.read() as db:
        book = a_book(db, Named(fund=spent.fund))
        assert off(audit_workbook(book)) == {}
        assert unheld(audit_workbook(book)) == []
        now = {row["amount"]: row for row in rows_of(book, DISBURSEMENTS)}[50_00]
        assert (now["status"], now["lifted_by"]) == ("paid", spent.desk.approver.person_code)
        (request,) = (row for row in rows_of(book, REFUNDS) if row["kind"] == "request")
        told = ("status", "let_go", "outstanding")
        assert [request[key] for key in told] == ["withdrawn", 60_00, 0]
        assert {
            row["status"] for row in rows_of(book, EXPENDITURE) if row["reported"] == 350_00
        } == {"corrected"}


@pytest.mark.parametrize("as_of", [pytest.param(None, marks=pytest.mark.slow), date(2026, 5, 20)])
def test_every_scope_agrees_with_the_ledger_on_every_day(
    database: Database, spent: Spent, as_of: date | None
) -> None:
    asked: list[dict[str, Any]] = [
        {"fund": spent.fund},
        *({"fund": spent.fund, "donor": code} for code in spent.donors),
        *({"grant": code} for code in spent.grants),
    ]
    with database.read() as db:
        for named in asked:
            workbook = audit_workbook(a_book(db, Named(**named), Moment(as_of), Reader.OUTSIDE))
            assert off(workbook) == {}, named
            assert unheld(workbook) == [], named


def test_days_count_as_the_bank_says_and_ages_as_in_planning(
    database: Database, spent: Spent
) -> None:
    with database.read() as db:
        spring = a_book(db, Named(fund=spent.fund), Moment(date(2026, 4, 5)))
        rows = rows_of(spring, DISBURSEMENTS)
        # It came back on 9 April; that is known, and counts from that day on.
        assert [(row["amount"], row["status"], row["returned"]) for row in rows] == [
            (600_00, "paid", 0), (300_00, "paid", 0),
        ]  # fmt: skip
        book = a_book(db, Named(fund=spent.fund), Moment(SUMMER))
        mine = dict(zip(BANDS, sums(book, ADVANCES, *BANDS), strict=True))
        assert mine == {
            "days_0_30": 0, "days_31_90": 25_00, "days_91_180": 206_00, "days_181_365": 0,
            "days_over_365": 0,
        }  # fmt: skip
        theirs: Counter[str] = Counter()
        for age in ages(db, spent.fund_id, SUMMER, 0).values():
            theirs.update(age.buckets)
        assert mine == dict(theirs)
