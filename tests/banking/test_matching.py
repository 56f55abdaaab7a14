"""Proposals: exact by reference, explained, and never chosen where two would fit."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from fundops.banking.matching import (
    Batch,
    Booked,
    Entry,
    Known,
    Payment,
    Proposal,
    exact,
    proposals,
)

DAY = date(2026, 6, 15)
SPACE = UUID(int=7)


def an_id(name: str) -> UUID:
    return uuid5(SPACE, name)


def an_entry(name: str, minor: int, **over: object) -> Entry:
    return Entry(**({"id": an_id(name), "amount_minor": minor, "booked_on": DAY} | over))  # type: ignore[arg-type]


def a_payment(code: str, minor: int = 100_00, **over: object) -> Payment:
    values = {"id": an_id(code), "code": code, "amount_minor": minor, "status": "sent",
              "sent_on": DAY - timedelta(days=1)}  # fmt: skip
    return Payment(**(values | over))  # type: ignore[arg-type]


def only(found: list[Proposal]) -> Proposal:
    assert len(found) == 1, found
    return found[0]


def test_our_reference_and_amount_are_exact() -> None:
    entry = an_entry("e", -100_00, end_to_end="DSB-1")
    found = only(proposals([entry], Known([a_payment("DSB-1"), a_payment("DSB-2")])))
    assert (found.kind, found.record_id, found.grade) == ("paid", an_id("DSB-1"), "exact")
    assert found.reason == "banking.reason.reference_paid"


def test_another_amount_is_blocked_and_the_difference_named() -> None:
    entry = an_entry("e", -110_00, end_to_end="DSB-1", charges_minor=10_00)
    found = only(proposals([entry], Known([a_payment("DSB-1")])))
    assert (found.grade, found.difference_minor) == ("blocked", 10_00)
    assert found.reason == "banking.reason.differs_by_charges"
    less = an_entry("e", -95_00, end_to_end="DSB-1")
    found = only(proposals([less], Known([a_payment("DSB-1")])))
    assert (found.difference_minor, found.reason) == (-5_00, "banking.reason.differs")


def test_a_payment_debited_twice_is_chosen_for_neither() -> None:
    entries = [an_entry(name, -100_00, end_to_end="DSB-1") for name in "ab"]
    found = proposals(entries, Known([a_payment("DSB-1")]))
    assert [one.grade for one in found] == ["unclear", "unclear"]
    assert {one.reason for one in found} == {"banking.reason.claimed_twice"}
    assert exact(found) == []
    before = a_payment("DSB-1", status="paid", matched=frozenset({"paid"}))
    assert only(proposals(entries[:1], Known([before]))).grade == "blocked"


def test_account_amount_and_day_are_likely_alone_and_unclear_together() -> None:
    entry = an_entry("e", -100_00, fingerprint="f")
    one = a_payment("DSB-1", fingerprint="f")
    found = only(proposals([entry], Known([one])))
    assert (found.grade, found.reason) == ("likely", "banking.reason.account_amount_day")
    two = a_payment("DSB-2", fingerprint="f")
    assert [p.grade for p in proposals([entry], Known([one, two]))] == ["unclear"] * 2
    old = a_payment("DSB-3", fingerprint="f", sent_on=DAY - timedelta(days=11))
    assert proposals([entry], Known([old])) == []


def test_what_comes_back_after_its_debit_is_returned() -> None:
    paid = a_payment("DSB-1", status="paid", matched=frozenset({"paid"}))
    back = an_entry("b", 100_00, end_to_end="DSB-1", return_reason="AC04")
    assert only(proposals([back], Known([paid]))).kind == "returned"
    debit = an_entry("a", -100_00, end_to_end="DSB-1")
    kinds = [(p.kind, p.grade) for p in proposals([debit, back], Known([a_payment("DSB-1")]))]
    assert kinds == [("paid", "exact"), ("returned", "exact")]
    alone = only(proposals([back], Known([a_payment("DSB-1")])))
    assert (alone.kind, alone.grade) == ("failed", "likely")
    silent = an_entry("b", 100_00, end_to_end="DSB-1")
    assert only(proposals([silent], Known([paid]))).grade == "likely"


def test_a_batch_debited_as_a_whole() -> None:
    batch = Batch(an_id("PBT"), "PBT-2026-0001", 300_00, 3)
    entry = an_entry("e", -300_00, message_id="PBT-2026-0001")
    found = only(proposals([entry], Known(batches=[batch])))
    assert (found.record, found.grade) == ("payment_batch", "exact")
    short = an_entry("e", -299_00, message_id="PBT-2026-0001")
    assert only(proposals([short], Known(batches=[batch]))).difference_minor == -1_00


def test_refunds_receipts_fees_and_interest() -> None:
    refund = an_entry("e", 50_00, mentions=frozenset({"GRT-2026-0001"}))
    known = Known(grants={"GRT-2026-0001": an_id("g")})
    found = only(proposals([refund], known))
    assert (found.kind, found.record, found.record_id) == ("refund", "grant", an_id("g"))
    receipt = Booked(an_id("r"), "receipt", 50_00, DAY, "REF-1", "RCT-2026-0001")
    told = an_entry("e", 50_00, bank_reference="REF-1")
    assert only(proposals([told], Known(booked=[receipt]))).grade == "exact"
    untold = an_entry("e", 50_00)
    assert only(proposals([untold], Known(booked=[receipt]))).grade == "likely"
    twin = Booked(an_id("s"), "receipt", 50_00, DAY, "REF-2")
    assert {p.grade for p in proposals([untold], Known(booked=[receipt, twin]))} == {"unclear"}
    fee = an_entry("e", -5_00, code="PMNT-MCOP-CHRG")
    assert only(proposals([fee], Known())).kind == "fee"
    interest = an_entry("e", 5_00, code="ACMT-MCOP-INTR")
    assert only(proposals([interest], Known())).kind == "interest"
    booked = Booked(an_id("b"), "fee", 5_00, DAY)
    assert only(proposals([fee], Known(booked=[booked]))).record_id == an_id("b")


CODES = st.sampled_from(["DSB-1", "DSB-2", "DSB-3", None])
ENTRIES = st.builds(
    an_entry,
    st.uuids().map(str),
    st.sampled_from([-100_00, -200_00, 100_00, 200_00]),
    end_to_end=CODES,
    fingerprint=st.sampled_from(["f", "g", None]),
    return_reason=st.sampled_from(["AC04", None]),
    mentions=st.frozensets(st.sampled_from(["DSB-1", "DSB-2"])),
)
PAYMENTS = st.lists(
    st.builds(
        a_payment,
        st.sampled_from(["DSB-1", "DSB-2", "DSB-3"]),
        st.sampled_from([100_00, 200_00]),
        status=st.sampled_from(["sent", "paid"]),
        fingerprint=st.sampled_from(["f", "g", None]),
    ),
    unique_by=lambda one: one.code,
)


@given(st.lists(ENTRIES, max_size=6, unique_by=lambda one: one.id), PAYMENTS)
def test_no_record_is_chosen_twice_and_order_changes_nothing(
    entries: list[Entry], payments: list[Payment]
) -> None:
    known = Known(payments)
    found = proposals(entries, known)
    assert found == proposals(entries, Known(payments))
    chosen = [(one.kind, one.record_id) for one in exact(found)]
    assert len(chosen) == len(set(chosen))
    amounts = {one.id: one.amount_minor for one in entries}
    wanted = {one.id: one.amount_minor for one in payments}
    for one in exact(found):
        assert one.record_id is not None
        assert abs(amounts[one.entry_id]) == wanted[one.record_id]
    backwards = proposals(entries[::-1], Known(payments[::-1]))
    key = lambda one: (str(one.entry_id), one.kind, str(one.record_id), one.grade)  # noqa: E731
    assert sorted(map(key, backwards)) == sorted(map(key, found))
