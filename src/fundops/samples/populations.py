"""What a sample is drawn from: the books as of a day and as known, reconciled with the ledger.

Each kind of population is a query that gives the same rows at any later time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session, aliased

from fundops.db import Base
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Receipt
from fundops.expenditures.attribution import SOURCE
from fundops.expenditures.models import ExpenditureLine, ExpenditureStatement
from fundops.grants.models import Grant
from fundops.ledger.models import Account, Transfer
from fundops.tracing.known import known_rows

MAX_POPULATION = 200_000
"""Items of one population."""


@dataclass(frozen=True)
class Frame:
    """Of what, as of which day and as known when: all that a population hangs on."""

    kind: str
    fund_id: UUID
    grant_id: UUID | None
    call_id: UUID | None
    as_of_on: date
    known_seq: int


@dataclass(frozen=True)
class Unit:
    """One item of a population: a record and what it comes to in minor units."""

    record_type: str
    record_id: UUID
    code: str
    grant_id: UUID | None
    occurred_on: date
    amount_minor: int


@dataclass(frozen=True)
class Population:
    """All items in the order of their codes, and the same sum by the ledger.

    ``beside_minor`` is what the records say stands beside the ledger: expenditure that no payment
    covers yet, or that an audit took back.
    """

    units: tuple[Unit, ...]
    ledger_minor: int
    beside_minor: int

    @property
    def total(self) -> int:
        """What all items come to."""
        return sum(one.amount_minor for one in self.units)

    @property
    def difference(self) -> int:
        """What the items come to beyond the ledger and what stands beside it."""
        return self.total - self.ledger_minor - self.beside_minor

    @property
    def digest(self) -> str:
        """The SHA-256 of the items: code, tab, minor units, newline."""
        lines = "".join(f"{one.code}\t{one.amount_minor}\n" for one in self.units)
        return hashlib.sha256(lines.encode()).hexdigest()


def population(db: Session, frame: Frame) -> Population:
    """Return the population of a frame."""
    found = KINDS[frame.kind](db, frame)
    units = tuple(sorted(found.units, key=lambda one: one.code))
    return Population(units, found.ledger_minor, found.beside_minor)


def _grants(frame: Frame) -> Select[Any] | None:
    """Return the grants in the frame, none for a whole fund."""
    if frame.grant_id is not None:
        return select(Grant.id).where(Grant.id == frame.grant_id)
    if frame.call_id is not None:
        return select(Grant.id).where(Grant.call_id == frame.call_id)
    return None


def _through_bank(
    frame: Frame, kinds: Sequence[str], positive: str
) -> tuple[list[ColumnElement[bool]], ColumnElement[int], Any]:
    """Return conditions, signed amount and bank account of transfers of ``kinds``.

    ``positive`` is the side of the bank account on which they count: reversals and returns stand
    on the other.
    """
    bank = aliased(Account)
    side = Transfer.credit_account_id if positive == "credit" else Transfer.debit_account_id
    conditions = [
        Transfer.fund_id == frame.fund_id,
        Transfer.kind.in_(kinds),
        Transfer.effective_on <= frame.as_of_on,
        Transfer.event_seq <= frame.known_seq,
        bank.fund_id == frame.fund_id,
        bank.kind == "bank",
        bank.id.in_([Transfer.debit_account_id, Transfer.credit_account_id]),
    ]
    grants = _grants(frame)
    if grants is not None:
        conditions.append(Transfer.grant_id.in_(grants))
    signed: Any = case((side == bank.id, Transfer.amount_minor), else_=-Transfer.amount_minor)
    return conditions, signed, bank


def _by_record(
    db: Session, frame: Frame, kinds: Sequence[str], positive: str, model: Any, record_type: str
) -> Population:
    """Return what transfers come to by their record, and in all without looking at records."""
    conditions, signed, bank = _through_bank(frame, kinds, positive)
    grant: Any = getattr(model, "grant_id", None)
    columns = [model.id, model.code, func.min(Transfer.effective_on), func.sum(signed)]
    if grant is not None:
        columns.append(grant)
    query = (
        select(*columns)
        .select_from(Transfer)
        .join(bank, bank.id.in_([Transfer.debit_account_id, Transfer.credit_account_id]))
        .join(model, model.id == Transfer.source_id)
        .where(*conditions)
        .group_by(model.id, model.code, *([] if grant is None else [grant]))
    )
    units = tuple(
        Unit(record_type, row[0], row[1], row[4] if len(row) > 4 else None, row[2], int(row[3]))
        for row in db.execute(query.limit(MAX_POPULATION + 1))
    )
    in_all = (
        select(func.coalesce(func.sum(signed), 0))
        .select_from(Transfer)
        .join(bank, bank.id.in_([Transfer.debit_account_id, Transfer.credit_account_id]))
        .where(*conditions)
    )
    return Population(units, int(db.execute(in_all).scalar_one()), 0)


def _disbursements(db: Session, frame: Frame) -> Population:
    kinds = ("pay", "pay_return")
    return _by_record(db, frame, kinds, "credit", Disbursement, "disbursement")


def _receipts(db: Session, frame: Frame) -> Population:
    return _by_record(db, frame, ("receipt",), "debit", Receipt, "receipt")


def _expenditure(db: Session, frame: Frame) -> Population:
    """Return the lines of accepted statements as known; the ledger has what lots paid of them."""
    grants = _grants(frame)
    if grants is None:
        grants = select(Grant.id).where(Grant.fund_id == frame.fund_id)
    statements = {
        one.id: one
        for one in _known(
            db, "expenditure_statement", ExpenditureStatement, frame.known_seq,
            ExpenditureStatement.grant_id.in_(grants),
        )
        if one.status == "accepted" and one.accepted_on <= frame.as_of_on
    }  # fmt: skip
    its_statements = select(ExpenditureStatement.id).where(
        ExpenditureStatement.grant_id.in_(grants)
    )
    lines = _known(
        db, "expenditure_line", ExpenditureLine, frame.known_seq,
        ExpenditureLine.statement_id.in_(its_statements),
    )  # fmt: skip
    units = tuple(
        Unit(
            "expenditure_line", line.id, f"{its.code}/{line.number}", its.grant_id,
            its.accepted_on, line.accepted_minor,
        )
        for line in lines
        if (its := statements.get(line.statement_id)) and line.accepted_minor is not None
    )  # fmt: skip
    beside = sum(one.prefinanced_minor + one.disallowed_minor for one in statements.values())
    return Population(units, _liquidated(db, frame, grants), beside)


def _known(db: Session, record_type: str, model: type[Base], seq: int, *conditions: Any) -> Any:
    return known_rows(db, record_type, model, seq, *conditions)


def _liquidated(db: Session, frame: Frame, grants: Select[Any]) -> int:
    """Return what statements took off advances, by the ledger."""
    control = aliased(Account)
    signed = case(
        (control.id == Transfer.debit_account_id, Transfer.amount_minor),
        else_=-Transfer.amount_minor,
    )
    query = (
        select(func.coalesce(func.sum(signed), 0))
        .select_from(Transfer)
        .join(control, control.id.in_([Transfer.debit_account_id, Transfer.credit_account_id]))
        .where(
            Transfer.fund_id == frame.fund_id, Transfer.kind == "liquidate",
            Transfer.source_type == SOURCE, Transfer.effective_on <= frame.as_of_on,
            Transfer.event_seq <= frame.known_seq, control.fund_id == frame.fund_id,
            control.kind == "advance_control", Transfer.grant_id.in_(grants),
        )
    )  # fmt: skip
    return int(db.execute(query).scalar_one())


KINDS: dict[str, Callable[[Session, Frame], Population]] = {
    "disbursements": _disbursements,
    "receipts": _receipts,
    "expenditure": _expenditure,
}
"""Every kind of population."""
