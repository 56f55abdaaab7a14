"""What the API takes and gives for a fund's treasury: reserve, bank entries, transfers."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fundops.donors.earmark_input import EarmarkIn
from fundops.schemas import (
    Day,
    In,
    MoneyIn,
    MoneyOut,
    Out,
    RateText,
    line,
    money_out,
)
from fundops.screening.fields import SCREENED

BankReference = Annotated[str, line(140)]
Reason = Annotated[str, line(2000), SCREENED]


class ReserveTargetPatch(In):
    """How much the fund means to keep set aside; zero for none."""

    target: MoneyIn


class ReserveIn(In):
    """An amount to set aside, or to set free again, in the fund's base currency."""

    amount: MoneyIn
    effective_on: Day
    reason: Reason


class LotPartOut(Out):
    """How much of a lot took part."""

    lot_id: UUID
    amount: MoneyOut


class ReserveOut(Out):
    """A fund's operating reserve: what is meant to be set aside, what is, and what is missing."""

    fund_id: UUID
    target: MoneyOut
    set_aside: MoneyOut
    short: MoneyOut
    moved: list[LotPartOut] | None = None
    version: int


class BankEntryIn(In):
    """Interest earned or a fee charged by the bank, in the fund's base currency."""

    fund_id: UUID
    kind: Literal["interest", "fee"]
    amount: MoneyIn
    effective_on: Day
    bank_reference: BankReference | None = None


class BankEntryOut(Out):
    """A bank entry; ``absorbed`` is what support cost income took over of a fee at booking."""

    id: UUID
    code: str
    fund_id: UUID
    kind: str
    amount: MoneyOut
    effective_on: str
    bank_reference: str | None
    lot_id: UUID | None
    absorbed: MoneyOut | None = None


class BankEntryPage(Out):
    """A page of bank entries."""

    items: list[BankEntryOut]
    next_cursor: str | None


class AgentFeeIn(In):
    """A payment to the agent of fees kept back from receipts, in the fund's base currency."""

    amount: MoneyIn
    paid_on: Day
    reference: BankReference | None = None


class AgentFeeOut(Out):
    """A payment to the agent, and what is still owed to it."""

    id: UUID
    fund_id: UUID
    amount: MoneyOut
    paid_on: str
    reference: str | None
    owed: MoneyOut


class FundTransferIn(In):
    """Available money of a lot moved to another fund, where it becomes a lot of the same donor.

    Where base currencies differ, give ``received`` (which wins) or ``rate``, or let the rate in
    effect be looked up. The earmark is kept unless ``earmark`` is given.
    """

    lot_id: UUID
    to_fund_id: UUID
    amount: MoneyIn
    received: MoneyIn | None = None
    rate: RateText | None = None
    earmark: EarmarkIn | None = None
    effective_on: Day
    reason: Reason


class FundTransferOut(Out):
    """A transfer between funds."""

    id: UUID
    code: str
    lot_id: UUID
    new_lot_id: UUID
    from_fund_id: UUID
    to_fund_id: UUID
    amount: MoneyOut
    received: MoneyOut
    rate: str | None
    effective_on: str
    reason: str


class FundTransferPage(Out):
    """A page of transfers between funds."""

    items: list[FundTransferOut]
    next_cursor: str | None


def reserve_out(
    row: Any, set_aside_minor: int, parts: list[tuple[UUID, int]] | None = None
) -> dict[str, Any]:
    """Return the wire form of a fund's reserve: ``set_aside_minor`` is what is set aside now."""
    currency = row.base_currency
    moved = [{"lot_id": lot_id, "amount": money_out(n, currency)} for lot_id, n in parts or ()]
    return {
        "fund_id": row.id,
        "target": money_out(row.operating_reserve_minor, currency),
        "set_aside": money_out(set_aside_minor, currency),
        "short": money_out(max(row.operating_reserve_minor - set_aside_minor, 0), currency),
        "moved": None if parts is None else moved,
        "version": row.version,
    }


def bank_entry_out(row: Any, currency: str, absorbed_minor: int | None = None) -> dict[str, Any]:
    """Return the wire form of a bank entry of a fund in ``currency``."""
    return {
        "id": row.id,
        "code": row.code,
        "fund_id": row.fund_id,
        "kind": row.kind,
        "amount": money_out(row.amount_minor, currency),
        "effective_on": row.effective_on,
        "bank_reference": row.bank_reference,
        "lot_id": row.lot_id,
        "absorbed": money_out(absorbed_minor, currency),
    }


def agent_fee_out(paid: Any, fund: Any, given: AgentFeeIn) -> dict[str, Any]:
    """Return the wire form of a payment to the agent."""
    return {
        "id": paid.id,
        "fund_id": fund.id,
        "amount": money_out(paid.amount_minor, fund.base_currency),
        "paid_on": given.paid_on,
        "reference": given.reference,
        "owed": money_out(paid.owed_minor, fund.base_currency),
    }


def fund_transfer_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a joined row of a transfer, its two lots and their funds."""
    return {
        "id": row.id,
        "code": row.code,
        "lot_id": row.lot_id,
        "new_lot_id": row.new_lot_id,
        "from_fund_id": row.from_fund_id,
        "to_fund_id": row.to_fund_id,
        "amount": money_out(row.amount_minor, row.from_currency),
        "received": money_out(row.received_minor, row.to_currency),
        "rate": row.rate,
        "effective_on": row.effective_on,
        "reason": row.reason,
    }
