"""What the API takes and gives for receipts, lots, write-offs, claims and donors' choices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.schemas import (
    Day,
    In,
    MoneyIn,
    MoneyOut,
    Out,
    Prose,
    RateText,
    Whole,
    line,
    money_out,
)
from fundops.screening.fields import SCREENED, SCREENED_BUT_NAMES

BankReference = Annotated[str, line(140)]
Reason = Annotated[str, line(2000), SCREENED]
MAX_MATCHES = 100


class ReceiptIn(In):
    """Cash that came in.

    ``base`` is the amount to book in the fund's currency and wins over ``rate``; without it the
    amount is converted at ``rate``, and without that at the rate in effect on the day. ``credited``
    is what the bank put on the account after its ``bank_fee``; what it differs by from the booked
    amount less the fee is the realised exchange difference.
    """

    fund_id: UUID
    payer_id: UUID
    donor_id: UUID | None = None
    received_on: Day
    amount: MoneyIn
    rate: RateText | None = None
    rate_on: Day | None = None
    rate_source: Literal["un_operational", "ecb", "bank", "other"] | None = None
    base: MoneyIn | None = None
    bank_fee: MoneyIn | None = None
    credited: MoneyIn | None = None
    gifts: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None
    bank_reference: BankReference | None = None
    comment: Annotated[Prose, SCREENED_BUT_NAMES] | None = None


class ReceiptOut(Out):
    """A receipt. ``exchange_difference`` is negative for a loss; ``unmatched`` is not spendable."""

    id: UUID
    code: str
    fund_id: UUID
    payer_id: UUID
    donor_id: UUID | None
    received_on: str
    amount: MoneyOut
    rate: str
    rate_on: str
    rate_source: str
    base: MoneyOut
    bank_fee: MoneyOut
    exchange_difference: MoneyOut
    credited: MoneyOut
    matched: MoneyOut
    unmatched: MoneyOut
    gifts: int | None
    bank_reference: str | None
    comment: str | None
    booked_by_id: UUID | None
    status: str
    version: int


class ReceiptPage(Out):
    """A page of receipts."""

    items: list[ReceiptOut]
    next_cursor: str | None


class MatchEntry(In):
    """Part of a receipt for one instalment: how much of the receipt, and how much it settles.

    ``settles`` is needed where the instalment is in another currency than the receipt. A match
    that corrects one taken back names that lot in ``replaces_id``.
    """

    instalment_id: UUID
    amount: MoneyIn
    settles: MoneyIn | None = None
    replaces_id: UUID | None = None


class MatchIn(In):
    """How a receipt is divided among instalments, of one agreement or several."""

    matches: Annotated[list[MatchEntry], Field(min_length=1, max_length=MAX_MATCHES)]


class CashReasonIn(In):
    """Why."""

    reason: Reason


class LotBalancesOut(Out):
    """Where a lot's money is now, in the fund's base currency."""

    available: MoneyOut
    reserved: MoneyOut
    provision: MoneyOut
    operating_reserve: MoneyOut
    advanced: MoneyOut


class LotOut(Out):
    """A lot: matched money of one donor, with its frozen earmark and present balances."""

    id: UUID
    code: str
    kind: str
    status: str
    fund_id: UUID
    donor_id: UUID
    agreement_id: UUID | None
    instalment_id: UUID | None
    receipt_id: UUID | None
    replaces_id: UUID | None
    opened_on: str
    spend_by_on: str | None
    amount: MoneyOut
    receipt_amount: MoneyOut | None
    settled: MoneyOut | None
    category: int
    earmark: dict[str, Any]
    balances: LotBalancesOut


class LotPage(Out):
    """A page of lots."""

    items: list[LotOut]
    next_cursor: str | None


class MatchedOut(ReceiptOut):
    """A receipt after matching, with the lots this made."""

    lots: list[LotOut]


class SupportCostReturnIn(In):
    """Unearned support cost that goes back to the lot; all of it without an amount."""

    amount: MoneyIn | None = None
    effective_on: Day
    reason: Reason


def _waiting(row: Any) -> int:
    """Return what of a receipt waits to be matched: of a reversed one nothing."""
    return 0 if row.status == "reversed" else row.amount_minor - row.matched_minor


def receipt_out(row: Any, base: str, *, inside: bool) -> dict[str, Any]:
    """Return the wire form of a receipt of a fund in ``base``.

    The comment and who booked it are for people of the fund (``inside``), not for donors.
    """
    credited = row.base_minor - row.fee_minor + row.exchange_minor
    return {
        "id": row.id,
        "code": row.code,
        "fund_id": row.fund_id,
        "payer_id": row.payer_id,
        "donor_id": row.donor_id,
        "received_on": row.received_on,
        "amount": money_out(row.amount_minor, row.currency),
        "rate": row.rate,
        "rate_on": row.rate_on,
        "rate_source": row.rate_source,
        "base": money_out(row.base_minor, base),
        "bank_fee": money_out(row.fee_minor, base),
        "exchange_difference": money_out(row.exchange_minor, base),
        "credited": money_out(credited, base),
        "matched": money_out(row.matched_minor, row.currency),
        "unmatched": money_out(_waiting(row), row.currency),
        "gifts": row.gifts,
        "bank_reference": row.bank_reference,
        "comment": row.comment if inside else None,
        "booked_by_id": row.booked_by_id if inside else None,
        "status": row.status,
        "version": row.version,
    }


def lot_out(row: Any, held: Mapping[str, int]) -> dict[str, Any]:
    """Return the wire form of a joined lot row; ``held`` is what it has by account kind."""
    base = row.base_currency
    return {
        "id": row.id,
        "code": row.code,
        "kind": row.kind,
        "status": row.status,
        "fund_id": row.fund_id,
        "donor_id": row.donor_id,
        "agreement_id": row.agreement_id,
        "instalment_id": row.instalment_id,
        "receipt_id": row.receipt_id,
        "replaces_id": row.replaces_id,
        "opened_on": row.opened_on,
        "spend_by_on": row.spend_by_on,
        "amount": money_out(row.amount_minor, base),
        "receipt_amount": money_out(row.receipt_minor, row.receipt_currency),
        "settled": money_out(row.settled_minor, row.settled_currency),
        "category": row.category,
        "earmark": json.loads(row.earmark),
        "balances": {
            name: money_out(held.get(kind, 0), base) for name, kind in LOT_BALANCES.items()
        },
    }


LOT_BALANCES = {
    "available": "lot",
    "reserved": "reserved",
    "provision": "provision",
    "operating_reserve": "operating_reserve",
    "advanced": "advance",
}
"""Name on the wire -> kind of account, for a lot's present balances."""
