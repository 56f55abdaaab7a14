"""The chart of accounts and the kinds of transfer, as data.

``TRANSFER_KINDS`` names, for each kind, the account it debits and the account it credits; a
posting of that kind can touch no other (exchange differences run either way).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AccountKind:
    """``normal`` is the side of a positive balance; ``per`` names what there is one account for."""

    normal: str
    may_overdraw: bool = False
    per: tuple[str, ...] = ()


ACCOUNT_KINDS: dict[str, AccountKind] = {
    "bank": AccountKind("debit"),
    "bank_fees": AccountKind("debit"),
    "unmatched": AccountKind("credit"),
    "lot": AccountKind("credit", per=("lot",)),
    "provision": AccountKind("credit", per=("lot",)),
    "operating_reserve": AccountKind("credit", per=("lot",)),
    "reserved": AccountKind("credit", per=("grant", "lot")),
    "support_cost_income": AccountKind("credit"),
    "agent_fee": AccountKind("credit"),
    "opening": AccountKind("credit"),
    "exchange_difference": AccountKind("debit", may_overdraw=True),
    "write_off": AccountKind("debit", may_overdraw=True),
    "recoverable": AccountKind("debit", may_overdraw=True, per=("party",)),
    "advance": AccountKind("debit", per=("grant", "lot")),
    "advance_control": AccountKind("credit"),
}

MEMO_KINDS = frozenset({"advance", "advance_control"})
"""Accounts off the cash identity: what grantees hold and have yet to account for."""


@dataclass(frozen=True)
class TransferKind:
    """The account debited and credited; ``either_way`` allows the opposite direction too."""

    debit: str
    credit: str
    either_way: bool = False


TRANSFER_KINDS: dict[str, TransferKind] = {
    "receipt": TransferKind("bank", "unmatched"),
    "receipt_fee": TransferKind("bank_fees", "bank"),
    "exchange_difference": TransferKind("exchange_difference", "bank", either_way=True),
    "match": TransferKind("unmatched", "lot"),
    "fee_charge": TransferKind("lot", "bank_fees"),
    "exchange_charge": TransferKind("lot", "exchange_difference", either_way=True),
    "agent_fee": TransferKind("lot", "agent_fee"),
    "support_cost_hold": TransferKind("lot", "provision"),
    "support_cost_earn": TransferKind("provision", "support_cost_income"),
    "support_cost_charge": TransferKind("lot", "support_cost_income"),
    "support_cost_return": TransferKind("provision", "lot"),
    "set_aside": TransferKind("lot", "operating_reserve"),
    "set_free": TransferKind("operating_reserve", "lot"),
    "reserve": TransferKind("lot", "reserved"),
    "void": TransferKind("reserved", "lot"),
    "pay": TransferKind("reserved", "bank"),
    "advance": TransferKind("advance", "advance_control"),
    "pay_return": TransferKind("bank", "reserved"),
    "refund": TransferKind("bank", "lot"),
    "liquidate": TransferKind("advance_control", "advance"),
    "advance_write_off": TransferKind("advance_control", "advance"),
    "advance_return": TransferKind("advance_control", "advance"),
    "interest": TransferKind("bank", "lot"),
    "opening": TransferKind("bank", "opening"),
    "opening_lot": TransferKind("opening", "lot"),
    "donor_return": TransferKind("lot", "bank"),
    "reprogram": TransferKind("lot", "lot"),
    "fund_transfer_out": TransferKind("lot", "bank"),
    "fund_transfer_in": TransferKind("bank", "lot"),
    "bank_fee": TransferKind("bank_fees", "bank"),
    "fee_absorbed": TransferKind("support_cost_income", "bank_fees"),
    "agent_fee_paid": TransferKind("agent_fee", "bank"),
    "recover": TransferKind("recoverable", "lot"),
    "recovered": TransferKind("bank", "recoverable"),
    "write_off": TransferKind("write_off", "recoverable"),
}

OPENED_WITH_FUND = (
    "bank",
    "bank_fees",
    "unmatched",
    "support_cost_income",
    "agent_fee",
    "opening",
    "exchange_difference",
    "write_off",
    "advance_control",
)
"""Accounts that a fund has from its first day; the others open when first used."""
