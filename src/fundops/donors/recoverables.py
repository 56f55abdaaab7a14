"""What parties owe a fund: claims from reversed receipts, money that comes back, and its end."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import Actor, Permission
from fundops.donors import cash_rules as rules
from fundops.donors.claim_schemas import RecoveryIn
from fundops.ids import uuid7
from fundops.ledger import balances, posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.parties.models import Party


class Recovery(NamedTuple):
    """Money that came back; ``owed_minor`` is what the party still owes the fund."""

    id: UUID
    fund: Fund
    amount_minor: int
    owed_minor: int


def owed_by(fund_id: UUID, party_id: UUID) -> AccountRef:
    """Return the account of what a party owes a fund."""
    return AccountRef(fund_id, "recoverable", party_id=party_id)


def require_owed(db: Session, fund_id: UUID, party_id: UUID, amount_minor: int, on: date) -> None:
    """Raise ``insufficient-funds`` unless the party has owed that much ever since ``on``."""
    rules.require_held(db, owed_by(fund_id, party_id), amount_minor, on)


def record_recovery(db: Session, actor: Actor, party: Party, given: RecoveryIn) -> Recovery:
    """Book money that came back from ``party``.

    Raises ``insufficient-funds`` for more than it owed on that day or owes now.
    """
    fund = rules.usable_fund(db, actor, Permission.MONEY_WRITE, given.fund_id)
    rules.not_future(fund, given.received_on, "/received_on")
    amount_minor = rules.base_minor(fund, given.amount, "/amount")
    require_owed(db, fund.id, party.id, amount_minor, given.received_on)
    owed, bank = owed_by(fund.id, party.id), AccountRef(fund.id, "bank")
    recovery_id = uuid7()
    seq = audit.record(
        db,
        actor,
        "recoverable.recovered",
        "recovery",
        recovery_id,
        fund_id=fund.id,
        after={
            "party_id": party.id,
            "amount_minor": amount_minor,
            "received_on": given.received_on,
            "reference": given.reference,
        },
    )
    posting.post(
        db,
        seq,
        [
            Movement(
                "recovered", bank, owed, amount_minor, given.received_on, "recovery", recovery_id
            )
        ],
    )
    return Recovery(recovery_id, fund, amount_minor, balances.now(db, owed))
