"""What the API takes and gives for write-offs, claims on parties and donors' written choices."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fundops.donors.cash_schemas import BankReference, Reason
from fundops.schemas import Day, In, MoneyIn, MoneyOut, Out, line, money_out
from fundops.screening.fields import SCREENED_BUT_NAMES


class ChoiceIn(In):
    """A donor's written choice about available money of a lot.

    ``return`` pays it back; ``reprogram`` moves it under ``agreement_id``, another agreement of
    the same donor and fund, whose earmark it then has.
    """

    kind: Literal["return", "reprogram"]
    lot_id: UUID
    agreement_id: UUID | None = None
    amount: MoneyIn
    document: Annotated[str, line(300), SCREENED_BUT_NAMES]
    written_on: Day
    effective_on: Day


class ChoiceOut(Out):
    """A donor's choice as carried out."""

    id: UUID
    code: str
    kind: str
    lot_id: UUID
    new_lot_id: UUID | None
    amount: MoneyOut
    document: str
    written_on: str
    effective_on: str


class ChoicePage(Out):
    """A page of donors' choices."""

    items: list[ChoiceOut]
    next_cursor: str | None


class RecoveryIn(In):
    """Money that came back from a party that owes it to us, in the fund's base currency."""

    fund_id: UUID
    amount: MoneyIn
    received_on: Day
    reference: BankReference | None = None


class RecoveryOut(Out):
    """Money that came back, and what the party still owes."""

    id: UUID
    fund_id: UUID
    party_id: UUID
    amount: MoneyOut
    received_on: str
    reference: str | None
    owed: MoneyOut


class RecoverableOut(Out):
    """What a party owes a fund."""

    id: UUID
    fund_id: UUID
    party_id: UUID
    owed: MoneyOut


class RecoverablePage(Out):
    """A page of what parties owe."""

    items: list[RecoverableOut]
    next_cursor: str | None


class WriteOffIn(In):
    """A request to give up part of an instalment, or of what a party owes a fund.

    Either ``instalment_id``, or ``party_id`` with ``fund_id``.
    """

    instalment_id: UUID | None = None
    party_id: UUID | None = None
    fund_id: UUID | None = None
    amount: MoneyIn
    effective_on: Day
    reason: Reason


class WriteOffOut(Out):
    """A write-off and where it stands."""

    id: UUID
    code: str
    fund_id: UUID
    instalment_id: UUID | None
    party_id: UUID | None
    amount: MoneyOut
    effective_on: str
    reason: str
    requested_by_id: UUID | None
    decided_by_id: UUID | None
    decided_at: str | None
    status: str
    version: int


class WriteOffPage(Out):
    """A page of write-offs."""

    items: list[WriteOffOut]
    next_cursor: str | None


def choice_out(row: Any, base: str) -> dict[str, Any]:
    """Return the wire form of a donor's choice about a lot of a fund in ``base``."""
    return {
        "id": row.id,
        "code": row.code,
        "kind": row.kind,
        "lot_id": row.lot_id,
        "new_lot_id": row.new_lot_id,
        "amount": money_out(row.amount_minor, base),
        "document": row.document,
        "written_on": row.written_on,
        "effective_on": row.effective_on,
    }


def write_off_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a write-off."""
    return {
        "id": row.id,
        "code": row.code,
        "fund_id": row.fund_id,
        "instalment_id": row.instalment_id,
        "party_id": row.party_id,
        "amount": money_out(row.amount_minor, row.currency),
        "effective_on": row.effective_on,
        "reason": row.reason,
        "requested_by_id": row.requested_by_id,
        "decided_by_id": row.decided_by_id,
        "decided_at": row.decided_at,
        "status": row.status,
        "version": row.version,
    }


def recoverable_out(row: Any) -> dict[str, Any]:
    """Return the wire form of what a party owes a fund."""
    return {
        "id": row.id,
        "fund_id": row.fund_id,
        "party_id": row.party_id,
        "owed": money_out(row.owed_minor, row.base_currency),
    }


def recovery_out(recovery: Any, party_id: UUID, given: RecoveryIn) -> dict[str, Any]:
    """Return the wire form of money that came back from a party."""
    base = recovery.fund.base_currency
    return {
        "id": recovery.id,
        "fund_id": recovery.fund.id,
        "party_id": party_id,
        "amount": money_out(recovery.amount_minor, base),
        "received_on": given.received_on,
        "reference": given.reference,
        "owed": money_out(recovery.owed_minor, base),
    }
