"""Taking in a bank's statements: once, whole, of our own account, and balanced to the cent."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.authz import Actor
from fundops.banking import accounts, port, sealed
from fundops.banking.camt import Line, Statement, statements_in
from fundops.banking.models import BankFile, BankStatement, FundBankAccount, StatementEntry
from fundops.banking.xmlread import refused
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.messages import text
from fundops.records import snapshot
from fundops.vault import Vault

MENTIONED = re.compile(r"\b[A-Z]{2,5}-[0-9A-Z]{4,12}(?:-[0-9A-Z]{2,12}){0,3}\b", re.ASCII)
"""How codes of ours look in the text of a payment."""

MAX_MENTIONS = 600
FINDINGS = ("gap", "opening_differs", "not_booked", "zero_entry", "details_do_not_sum")
"""What a statement may show without being refused; each is a sentence for a person."""


@dataclass(frozen=True)
class Imported:
    """The statements of a file, and whether they had been taken in before."""

    statements: list[BankStatement]
    is_known: bool


def read(db: Session, account: FundBankAccount, raw: bytes) -> list[Statement]:
    """Return the statements of a ``camt.053`` file, none if the very file was taken in before.

    Raises ``file-refused`` for a file that is none or whose balances differ. Long work, done
    before the write turn is taken.
    """
    if account.status not in {"active", "retired"}:
        raise Problem("wrong-status", action=text("banking.import"), status=account.status)
    before = sealed.known(db, account.fund_id, "statement", sealed.sha256(raw))
    return [] if before is not None else statements_in(raw)


def take_in(
    db: Session,
    actor: Actor,
    vault: Vault,
    account: FundBankAccount,
    raw: bytes,
    found: list[Statement],
) -> Imported:
    """Take in what was ``read`` of a file. The same file again changes nothing.

    Raises ``file-refused`` for another account or currency, ``already-exists`` for a statement
    taken in before with another content.
    """
    before = sealed.known(db, account.fund_id, "statement", sealed.sha256(raw))
    if before is not None:
        return Imported(_of_file(db, account, before), is_known=True)
    _check_account(vault, account, found)
    standing = _standing(db, account, found)
    new = [
        (number, one)
        for number, one in enumerate(found, start=1)
        if _is_new(one, standing.get((one.reference, one.sequence)))
    ]
    if not new:
        known = [standing[one.reference, one.sequence] for one in found]
        return Imported(known, is_known=True)
    made = _keep(db, actor, vault, account, raw, new)
    return Imported(made, is_known=False)


def _of_file(db: Session, account: FundBankAccount, file: BankFile) -> list[BankStatement]:
    query = select(BankStatement).where(BankStatement.file_id == file.id)
    found = list(db.execute(query.order_by(BankStatement.position)).scalars())
    if any(one.account_id != account.id for one in found):
        raise refused("banking.other_account")
    return found


def _check_account(vault: Vault, account: FundBankAccount, found: list[Statement]) -> None:
    number = accounts.details_of(vault, account)["number"]
    for one in found:
        if port.normalised(one.number) != number:
            raise refused("banking.other_account")
        if one.currency != account.currency:
            raise refused("banking.other_currency", currency=account.currency)
    if len({(one.reference, one.sequence) for one in found}) < len(found):
        raise refused("banking.statement_twice")


def _standing(
    db: Session, account: FundBankAccount, found: list[Statement]
) -> dict[tuple[str, int], BankStatement]:
    """Return those of the statements that are there already, by reference and sequence."""
    query = select(BankStatement).where(
        BankStatement.account_id == account.id,
        BankStatement.reference.in_([one.reference for one in found]),
    )
    return {(one.reference, one.sequence): one for one in db.execute(query).scalars()}


def _is_new(one: Statement, standing: BankStatement | None) -> bool:
    if standing is None:
        return True
    if standing.content_sha256 != content_of(one):
        raise Problem("already-exists", detail=text("constraint.bank_statement_known"))
    return False


def content_of(one: Statement) -> str:
    """Return the digest of what a statement says, however its file is written."""
    told = [
        one.reference, one.sequence, port.normalised(one.number), one.currency, one.from_on,
        one.to_on, one.opening_minor, one.closing_minor,
        [[*vars(line).values()] for line in one.lines],
    ]  # fmt: skip
    return sealed.sha256(canonical({"statement": told}).encode())


def _keep(
    db: Session,
    actor: Actor,
    vault: Vault,
    account: FundBankAccount,
    raw: bytes,
    new: list[tuple[int, Statement]],
) -> list[BankStatement]:
    file = sealed.keep(db, actor, vault, account.fund_id, "statement", raw)
    made = []
    for position, one in new:
        lines = sealed.keep(db, actor, vault, account.fund_id, "lines", _others(file.id, one))
        statement = BankStatement(
            id=uuid7(),
            fund_id=account.fund_id,
            account_id=account.id,
            file_id=file.id,
            lines_id=lines.id,
            position=position,
            reference=one.reference,
            sequence=one.sequence,
            from_on=one.from_on,
            to_on=one.to_on,
            currency=one.currency,
            opening_minor=one.opening_minor,
            closing_minor=one.closing_minor,
            entry_count=len(one.lines),
            content_sha256=content_of(one),
            findings=json.dumps(sorted({*one.findings, *_breaks(db, account.id, one)})),
            imported_by_id=actor.person_id,
            created_at=clock.now(),
        )
        db.add(statement)
        db.flush()
        if one.lines:
            db.execute(insert(StatementEntry), [_entry(statement.id, line) for line in one.lines])
        audit.record(
            db, actor, "bank_statement.imported", "bank_statement", statement.id,
            fund_id=account.fund_id, after=snapshot(statement) | {"file_sha256": file.sha256},
        )  # fmt: skip
        made.append(statement)
    return made


def _others(file_id: UUID, one: Statement) -> bytes:
    """Return who stands on the other side of each line, by its position."""
    told = {
        str(line.position): [line.other_name, line.other_number, line.note] for line in one.lines
    }
    # The file's id makes it the file's own: two statements may say the same of nobody.
    return canonical({"file": file_id, "statement": one.reference, "lines": told}).encode()


def others_of(db: Session, vault: Vault, lines_id: UUID) -> dict[int, list[str | None]]:
    """Return name, number and text of the other side of each line of a statement."""
    kept = db.get_one(BankFile, lines_id)
    told: dict[str, list[str | None]] = json.loads(sealed.content_of(vault, kept))["lines"]
    return {int(position): parts for position, parts in told.items()}


def _entry(statement_id: UUID, line: Line) -> dict[str, Any]:
    noted = MENTIONED.findall(f"{line.note or ''} {line.end_to_end or ''}".upper())
    mentions = " ".join(sorted(set(noted)))[:MAX_MENTIONS]
    return {
        "id": uuid7(),
        "statement_id": statement_id,
        "position": line.position,
        "amount_minor": line.amount_minor,
        "booked_on": line.booked_on,
        "value_on": line.value_on,
        "is_reversal": line.is_reversal,
        "code": line.code,
        "bank_reference": line.bank_reference,
        "message_id": line.message_id,
        "end_to_end": line.end_to_end,
        "return_reason": line.return_reason,
        "instructed_minor": line.instructed_minor,
        "charges_minor": line.charges_minor,
        "mentions": mentions,
    }


def _breaks(db: Session, account_id: UUID, one: Statement) -> list[str]:
    """Return how a statement does not follow the one before it, if it does not."""
    query = (
        select(BankStatement.sequence, BankStatement.closing_minor, BankStatement.to_on)
        .where(
            BankStatement.account_id == account_id,
            or_(
                BankStatement.to_on < one.to_on,
                (BankStatement.to_on == one.to_on) & (BankStatement.sequence < one.sequence),
            ),
        )
        .order_by(BankStatement.to_on.desc(), BankStatement.sequence.desc())
        .limit(1)
    )
    before = db.execute(query).one_or_none()
    if before is None:
        return []
    found = []
    if before[1] != one.opening_minor:
        found.append("opening_differs")
    if _skips(before[0], before[2], one):
        found.append("gap")
    return found


def _skips(sequence: int, to_on: date, one: Statement) -> bool:
    """Return whether a bank's numbers leave one out; banks begin anew each year."""
    if not sequence or not one.sequence:
        return False
    if one.sequence == sequence + 1:
        return False
    return not (one.sequence == 1 and one.to_on.year > to_on.year)
