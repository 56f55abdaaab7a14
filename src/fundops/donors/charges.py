"""Charges on matched money: what of a receipt a match takes, and what is kept back from it.

Pure arithmetic on minor units, and the transfers that book it.

**Shares.** A receipt has a booked base amount, the bank's fee and a realised exchange difference.
A match of ``m`` out of ``amount`` takes of each what brings the running total to the exact
proportion, rounded down: the parts of one receipt always sum to it, in whatever order and however
many times it is matched and unmatched. With no exchange difference the gross share is what arrives
plus the fee; otherwise the three are rounded by themselves and the difference between them is the
exchange share, so that what arrives on a lot is never negative.

**Agent fee**: a share of the lot's gross amount. **Support cost** at rate ``r`` on direct cost: on
basis ``receipt`` it is ``gross · r``, earned at once; on basis ``expenditure`` it is
``R · r / (1 + r)``, held in the lot's provision, where ``R`` is what stays of the lot after bank
fee, exchange difference and agent fee: ``R = direct + direct · r``. Both round half up, and
neither takes more than the lot still holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from fundops.ledger.posting import AccountRef, Movement

MILLION = 1_000_000


class ReceiptAmounts(Protocol):
    """The amounts of a receipt; ``exchange_minor`` is positive for a gain."""

    @property
    def amount_minor(self) -> int:
        """The receipt in its own currency."""

    @property
    def base_minor(self) -> int:
        """The booked base amount."""

    @property
    def fee_minor(self) -> int:
        """The bank's fee, in base currency."""

    @property
    def exchange_minor(self) -> int:
        """The realised exchange difference, in base currency."""


class ChargeTerms(Protocol):
    """The part of an agreement that says what is kept back; rates in parts per million."""

    @property
    def support_cost_basis(self) -> str:
        """``none``, ``receipt`` or ``expenditure``."""

    @property
    def support_cost_ppm(self) -> int:
        """The support cost rate on direct cost."""

    @property
    def agent_fee_ppm(self) -> int:
        """The agent's share of the gross amount."""


class LotFields(Protocol):
    """What booking a lot needs to know about it."""

    @property
    def id(self) -> UUID:
        """The lot."""

    @property
    def fund_id(self) -> UUID:
        """Its fund."""

    @property
    def opened_on(self) -> date:
        """The day its transfers count from."""


@dataclass(frozen=True)
class Share:
    """What one match takes of a receipt, in base minor units; gains are positive."""

    gross_minor: int = 0
    fee_minor: int = 0
    exchange_minor: int = 0

    @property
    def net_minor(self) -> int:
        """What stays on the lot after the bank's fee and the exchange difference."""
        return self.gross_minor - self.fee_minor + self.exchange_minor

    @property
    def is_bookable(self) -> bool:
        """Whether there is anything to open a lot with."""
        return self.gross_minor > 0 and self.fee_minor >= 0 and self.net_minor >= 0

    def __add__(self, other: Share) -> Share:
        return Share(
            self.gross_minor + other.gross_minor,
            self.fee_minor + other.fee_minor,
            self.exchange_minor + other.exchange_minor,
        )

    def __sub__(self, other: Share) -> Share:
        return Share(
            self.gross_minor - other.gross_minor,
            self.fee_minor - other.fee_minor,
            self.exchange_minor - other.exchange_minor,
        )


@dataclass(frozen=True)
class Charges:
    """What is kept back from one lot, in base minor units."""

    agent_fee_minor: int = 0
    support_charge_minor: int = 0
    support_hold_minor: int = 0


def half_up(numerator: int, denominator: int) -> int:
    """Return the quotient of non-negative integers rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def taken_by(receipt: ReceiptAmounts, matched_minor: int) -> Share:
    """Return what ``matched_minor`` of the receipt's own currency takes in all."""

    def part(total: int) -> int:
        return total * matched_minor // receipt.amount_minor

    fee = part(receipt.fee_minor)
    net = part(receipt.base_minor - receipt.fee_minor + receipt.exchange_minor)
    if receipt.exchange_minor == 0:
        return Share(net + fee, fee, 0)
    gross = part(receipt.base_minor)
    return Share(gross, fee, net + fee - gross)


def share_of_match(
    receipt: ReceiptAmounts, matched_before: int, amount_minor: int, standing: Share
) -> Share:
    """Return what a match of ``amount_minor`` takes, after ``standing`` matches took theirs."""
    return taken_by(receipt, matched_before + amount_minor) - standing


def charges_on(share: Share, terms: ChargeTerms) -> Charges:
    """Return what the agreement's terms keep back from a lot opened with ``share``."""
    left = share.net_minor
    agent = min(half_up(share.gross_minor * terms.agent_fee_ppm, MILLION), left)
    left -= agent
    if terms.support_cost_basis == "receipt":
        charge = half_up(share.gross_minor * terms.support_cost_ppm, MILLION)
        return Charges(agent, support_charge_minor=min(charge, left))
    return Charges(agent, support_hold_minor=support_hold(left, terms))


def support_hold(remaining_minor: int, terms: ChargeTerms) -> int:
    """Return the provision for support cost out of ``remaining_minor`` = direct cost + its cost."""
    if terms.support_cost_basis != "expenditure":
        return 0
    rate = terms.support_cost_ppm
    return half_up(remaining_minor * rate, MILLION + rate)


def support_cost_on(accepted_minor: int, support_cost_ppm: int) -> int:
    """Return the support cost earned by ``accepted_minor`` of direct cost."""
    return half_up(accepted_minor * support_cost_ppm, MILLION)


def match_movements(lot: LotFields, share: Share, charges: Charges) -> list[Movement]:
    """Return the transfers that open ``lot`` with its share of a receipt, less every charge."""

    def fund(kind: str) -> AccountRef:
        return AccountRef(lot.fund_id, kind)

    held = AccountRef(lot.fund_id, "lot", lot.id)
    provision = AccountRef(lot.fund_id, "provision", lot.id)
    difference = fund("exchange_difference")
    loss = share.exchange_minor < 0
    lines = (
        ("match", fund("unmatched"), held, share.gross_minor),
        ("fee_charge", held, fund("bank_fees"), share.fee_minor),
        (
            "exchange_charge",
            held if loss else difference,
            difference if loss else held,
            abs(share.exchange_minor),
        ),
        ("agent_fee", held, fund("agent_fee"), charges.agent_fee_minor),
        ("support_cost_charge", held, fund("support_cost_income"), charges.support_charge_minor),
        ("support_cost_hold", held, provision, charges.support_hold_minor),
    )
    return [
        Movement(kind, debit, credit, amount, lot.opened_on, "lot", lot.id, lot.id)
        for kind, debit, credit, amount in lines
        if amount
    ]
