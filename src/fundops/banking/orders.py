"""What payment orders say, whatever the file that carries them to the bank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

CHARGES = ("SHAR", "DEBT", "CRED", "SLEV")
"""Who bears charges: shared, the payer, the payee, or as the service level says (SEPA)."""

NAME, REMITTANCE = 70, 140
"""Most characters of a name and of a text for the payee."""


class NotValid(Exception):
    """A file that the schema does not take: never given out. ``args[0]`` says where."""


@dataclass(frozen=True)
class Side:
    """One end of a payment: its name, its account and the bank that keeps it."""

    name: str
    number: str
    is_iban: bool
    bic: str | None = None
    clearing: str | None = None
    bank_name: str | None = None
    country: str | None = None


@dataclass(frozen=True)
class Order:
    """One payment of a file: to whom, how much (minor units), under which code, with which text."""

    code: str
    amount_minor: int
    creditor: Side
    remittance: str


@dataclass(frozen=True)
class Header:
    """What a file says of itself: its id, when it was made, by whom, from which account, when."""

    message_id: str
    made_at: datetime
    initiator: str
    debtor: Side
    currency: str
    execution_on: date
    charges: str
