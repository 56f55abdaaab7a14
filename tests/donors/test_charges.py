"""What a match takes of a receipt and what is kept back: exact sums, whatever the order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.donors import charges
from fundops.donors.charges import Charges, Share


@dataclass(frozen=True)
class Amounts:
    """A receipt's amounts."""

    amount_minor: int
    base_minor: int
    fee_minor: int = 0
    exchange_minor: int = 0


@dataclass(frozen=True)
class Terms:
    """An agreement's terms."""

    support_cost_basis: str = "none"
    support_cost_ppm: int = 0
    agent_fee_ppm: int = 0


@st.composite
def receipts_with_parts(draw: st.DrawFn) -> tuple[Amounts, list[int]]:
    amount = draw(st.integers(1, 10**12))
    base = draw(st.integers(1, 10**12))
    fee = draw(st.integers(0, base - 1))
    exchange = draw(st.one_of(st.just(0), st.integers(-(base - fee - 1), base)))
    cuts = draw(st.lists(st.integers(1, amount), max_size=8, unique=True))
    return Amounts(amount, base, fee, exchange), sorted({*cuts, amount})


@given(receipts_with_parts())
def test_parts_of_a_receipt_always_sum_to_it(case: tuple[Amounts, list[int]]) -> None:
    receipt, ends = case
    standing, before = Share(), 0
    for end in ends:
        share = charges.share_of_match(receipt, before, end - before, standing)
        assert share.net_minor >= 0
        assert share.fee_minor >= 0
        assert share.gross_minor >= 0
        assert receipt.exchange_minor or share.exchange_minor == 0
        standing, before = standing + share, end
    expected = Share(receipt.base_minor, receipt.fee_minor, receipt.exchange_minor)
    assert standing == expected


def test_a_match_after_an_undone_one_makes_up_for_its_rounding() -> None:
    receipt = Amounts(3, 100)
    first = charges.share_of_match(receipt, 0, 1, Share())
    second = charges.share_of_match(receipt, 1, 1, first)
    assert (first.gross_minor, second.gross_minor) == (33, 33)
    # The first is undone: two thirds are open, of which the second has taken its share.
    rest = charges.share_of_match(receipt, 1, 2, second)
    assert rest.gross_minor + second.gross_minor == 100


@pytest.mark.parametrize(
    ("share", "terms", "expected"),
    [
        (Share(113_00), Terms("expenditure", 130_000), Charges(0, 0, 13_00)),
        (Share(100_00), Terms("receipt", 70_000), Charges(0, 7_00, 0)),
        (Share(100_00), Terms("none", 70_000, 10_000), Charges(1_00, 0, 0)),
        # The agent's share is of the gross; the provision is of what is left of it.
        (
            Share(1000_00, 5_00, -2_00),
            Terms("expenditure", 130_000, 10_000),
            Charges(10_00, 0, 113_09),
        ),
        (Share(50), Terms("none", 0, 10_000), Charges(1, 0, 0)),
        (Share(49), Terms("none", 0, 10_000), Charges(0, 0, 0)),
        # Never more than there is.
        (Share(10, 4), Terms("receipt", 900_000, 900_000), Charges(6, 0, 0)),
    ],
)  # fmt: skip
def test_charges_follow_the_agreement(share: Share, terms: Terms, expected: Charges) -> None:
    assert charges.charges_on(share, terms) == expected


@given(
    st.integers(1, 10**12),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.sampled_from(["none", "receipt", "expenditure"]),
)
def test_charges_never_take_more_than_there_is(
    gross: int, ppm: int, agent: int, basis: str
) -> None:
    found = charges.charges_on(Share(gross), Terms(basis, ppm, agent))
    taken = found.agent_fee_minor + found.support_charge_minor + found.support_hold_minor
    assert 0 <= taken <= gross
    if basis == "expenditure":
        # What remains to spend, with its support cost at the agreed rate, is what was there.
        direct = gross - taken
        assert abs(found.support_hold_minor - direct * ppm / 10**6) <= 2


def test_half_is_rounded_up() -> None:
    assert [charges.half_up(n, 10) for n in (4, 5, 14, 15, 0)] == [0, 1, 1, 2, 0]
    assert charges.support_cost_on(1_00, 130_000) == 13
    assert charges.support_cost_on(50, 10_000) == 1
