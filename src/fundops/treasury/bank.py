"""A fund's treasury: interest earned, fees charged by the bank, and agent fees paid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.codes import next_code
from fundops.donors import cash_rules as rules
from fundops.donors.lots import INTEREST, Terms, add_lot, held, pseudo_donor
from fundops.funds.models import BankEntry
from fundops.ids import uuid7
from fundops.ledger import balances, posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.records import snapshot
from fundops.treasury.schemas import AgentFeeIn, BankEntryIn


class AgentFee(NamedTuple):
    """A payment to the agent; ``owed_minor`` is what the fund still owes it."""

    id: UUID
    amount_minor: int
    owed_minor: int


@dataclass(frozen=True)
class Booked:
    """A bank entry as booked; of a fee, what support cost income absorbed."""

    entry: BankEntry
    absorbed_minor: int | None = None


def book_bank_entry(db: Session, actor: Actor, given: BankEntryIn) -> Booked:
    """Book interest earned or a fee charged by the bank.

    Interest becomes an unearmarked lot of the pseudo-donor "Interest earned". A fee is absorbed by
    support cost income as far as there is any; the rest stays visible as bank fees. Raises
    ``insufficient-funds`` for a fee larger than what is in the bank.
    """
    fund = rules.usable_fund(db, actor, Permission.MONEY_WRITE, given.fund_id)
    rules.not_future(fund, given.effective_on, "/effective_on")
    entry = BankEntry(
        id=uuid7(),
        code=next_code(db, "BNK", given.effective_on.year),
        fund_id=fund.id,
        kind=given.kind,
        amount_minor=rules.base_minor(fund, given.amount, "/amount"),
        effective_on=given.effective_on,
        bank_reference=given.bank_reference,
        created_at=clock.now(),
    )
    absorbed_minor = None
    if given.kind == "interest":
        movements = [_interest(db, actor, entry)]
    else:
        movements, absorbed_minor = _fee(db, entry)
    db.add(entry)
    db.flush()
    seq = audit.record(
        db,
        actor,
        "bank_entry.booked",
        "bank_entry",
        entry.id,
        fund_id=fund.id,
        after=snapshot(entry) | {"absorbed_minor": absorbed_minor},
    )
    posting.post(db, seq, movements)
    return Booked(entry, absorbed_minor)


def pay_agent_fee(db: Session, actor: Actor, fund: Fund, given: AgentFeeIn) -> AgentFee:
    """Pay the agent fees kept back from receipts. Raises ``insufficient-funds`` for more."""
    rules.require_open(fund)
    rules.not_future(fund, given.paid_on, "/paid_on")
    amount_minor = rules.base_minor(fund, given.amount, "/amount")
    owed = AccountRef(fund.id, "agent_fee")
    rules.require_held(db, owed, amount_minor, given.paid_on)
    payment_id = uuid7()
    seq = audit.record(
        db,
        actor,
        "agent_fee.paid",
        "agent_fee",
        payment_id,
        fund_id=fund.id,
        after={
            "amount_minor": amount_minor,
            "paid_on": given.paid_on,
            "reference": given.reference,
        },
    )
    bank = AccountRef(fund.id, "bank")
    paid = Movement(
        "agent_fee_paid", owed, bank, amount_minor, given.paid_on, "agent_fee", payment_id
    )
    posting.post(db, seq, [paid])
    return AgentFee(payment_id, amount_minor, balances.now(db, owed))


def _interest(db: Session, actor: Actor, entry: BankEntry) -> Movement:
    donor = pseudo_donor(db, actor, INTEREST)
    lot = add_lot(
        db,
        "interest",
        entry.fund_id,
        donor.id,
        entry.amount_minor,
        entry.effective_on,
        Terms(),
    )
    entry.lot_id = lot.id
    bank = AccountRef(entry.fund_id, "bank")
    return _line("interest", bank, held(lot), entry.amount_minor, entry)


def _fee(db: Session, entry: BankEntry) -> tuple[list[Movement], int]:
    """Return the transfers of a bank fee and how much of it support cost income absorbs."""
    fees, bank = AccountRef(entry.fund_id, "bank_fees"), AccountRef(entry.fund_id, "bank")
    income = AccountRef(entry.fund_id, "support_cost_income")
    rules.require_held(db, bank, entry.amount_minor, entry.effective_on)
    spare = rules.least_since(db, [income], entry.effective_on)[income]
    absorbed = min(entry.amount_minor, max(spare, 0))
    movements = [_line("bank_fee", fees, bank, entry.amount_minor, entry)]
    if absorbed:
        movements.append(_line("fee_absorbed", income, fees, absorbed, entry))
    return movements, absorbed


def _line(
    kind: str, debit: AccountRef, credit: AccountRef, minor: int, entry: BankEntry
) -> Movement:
    return Movement(
        kind, debit, credit, minor, entry.effective_on, "bank_entry", entry.id, entry.lot_id
    )
