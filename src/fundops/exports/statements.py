"""Donor statements: answering the question as a workbook, and issuing it.

Issuing keeps the question and the workbook's hash, so that the next statement can explain every
difference; it may pin the reservations it reports, which re-routing then leaves alone.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, codes
from fundops.donors.models import Lot
from fundops.errors import invalid
from fundops.exports import Workbook, render
from fundops.exports.donor_statement import Facts, donor_workbook
from fundops.grants.models import ReservationPin
from fundops.ids import uuid7
from fundops.ledger import balances
from fundops.ledger.models import Fund
from fundops.records import snapshot
from fundops.tracing.changes import changes_since, previous_statement
from fundops.tracing.entries import donor_lots
from fundops.tracing.models import Statement
from fundops.tracing.statement import Question, statement

LAYOUT = 2
"""How statements are laid out; 1, without expenditure and results, is only for those issued so."""
SPOOL_BYTES = 8 * 1024 * 1024
"""A workbook up to this size is kept in memory, a larger one in a temporary file."""


@dataclass(frozen=True)
class Period:
    """What a caller asks: from, as of, and as known at; ``None`` takes the natural default."""

    from_on: date | None
    as_of_on: date | None
    known_at: datetime | None


def question_for(db: Session, donor_id: UUID, fund: Fund | None, period: Period) -> Question:
    """Return the exact question: defaults filled in, dates checked, knowledge as a sequence.

    Without ``from_on`` a statement begins with the donor's first day. Raises ``invalid-request``
    for dates in the future or out of order.
    """
    today = clock.today(fund.zone if fund is not None else "UTC")
    as_of = period.as_of_on or today
    # A fund east of UTC may already be in tomorrow; one day of grace covers every zone.
    if (fund is not None and as_of > today) or (as_of - today).days > 1:
        raise invalid("query/as_of", "validation.future")
    if period.known_at is not None and period.known_at > clock.now():
        raise invalid("query/known_at", "validation.future")
    from_on = period.from_on or _first_day(db, donor_id, fund, as_of)
    if from_on > as_of:
        raise invalid("query/from", "validation.dates_order")
    known_seq = audit.sequence_at(db, period.known_at)
    return Question(donor_id, fund.id if fund is not None else None, from_on, as_of, known_seq)


def _first_day(db: Session, donor_id: UUID, fund: Fund | None, as_of: date) -> date:
    """Return the first day on which any of the donor's money counts, at the latest ``as_of``."""
    query = select(func.min(Lot.opened_on)).where(Lot.donor_id == donor_id)
    if fund is not None:
        query = query.where(Lot.fund_id == fund.id)
    return min(db.execute(query).scalar() or as_of, as_of)


def statement_workbook(
    db: Session, question: Question, language: str = "en", layout: int = LAYOUT
) -> Workbook:
    """Return the workbook that answers ``question``, the same for the same question and layout."""
    found = statement(db, question)
    since = previous_statement(db, question)
    ledger = {
        section.fund.code: balances.held_as_of(
            db,
            donor_lots(question.donor_id, section.fund.id),
            question.as_of_on,
            question.known_seq,
        )
        for section in found.sections
    }
    facts = Facts(
        known_at=audit.recorded_at(db, question.known_seq),
        head_hash=audit.hash_at(db, question.known_seq),
        ledger=ledger,
        changes=changes_since(db, question, since) if since is not None else None,
    )
    return donor_workbook(found, facts, language, layout)


@dataclass
class Rendered:
    """A finished workbook: an open file at its beginning, its size and hash."""

    file: IO[bytes]
    size: int
    sha256: bytes


def rendered(workbook: Workbook) -> Rendered:
    """Render ``workbook`` aside, hashing it on the way."""
    digest, size = hashlib.sha256(), 0
    file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - the caller closes it
    try:
        for chunk in render(workbook):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return Rendered(file, size, digest.digest())


def issue_statement(
    db: Session,
    actor: audit.Author,
    question: Question,
    known_at: datetime,
    sha256: bytes,
    *,
    pin: bool,
) -> Statement:
    """Record that a statement was issued; ``pin`` fixes the reservations it reports."""
    year = question.as_of_on.year
    issued = Statement(
        id=uuid7(),
        code=codes.next_code(db, "STM", year),
        donor_id=question.donor_id,
        fund_id=question.fund_id,
        from_on=question.from_on,
        as_of_on=question.as_of_on,
        known_seq=question.known_seq,
        known_at=known_at,
        sha256=sha256,
        layout=LAYOUT,
        issued_by_id=actor.person_id,
        issued_at=clock.now(),
    )
    db.add(issued)
    db.flush()
    pinned = _pin(db, actor, question, issued) if pin else 0
    audit.record(
        db, actor, "statement.issued", "statement", issued.id, fund_id=question.fund_id,
        after=snapshot(issued, without=frozenset({"sha256"}))
        | {"sha256": sha256.hex(), "pinned": pinned},
    )  # fmt: skip
    return issued


def _pin(db: Session, actor: audit.Author, question: Question, issued: Statement) -> int:
    lots = list(db.execute(donor_lots(question.donor_id, question.fund_id)).scalars())
    if not lots:
        return 0
    reserved = balances.reserved_now(db, lot_ids=lots)
    pins = select(ReservationPin.grant_id, ReservationPin.lot_id)
    known = {(row[0], row[1]) for row in db.execute(pins.where(ReservationPin.lot_id.in_(lots)))}
    fresh = [(grant, lot) for grant, lot, _ in reserved if (grant, lot) not in known]
    for grant_id, lot_id in fresh:
        db.add(
            ReservationPin(
                grant_id=grant_id, lot_id=lot_id, statement_id=issued.id,
                pinned_by_id=actor.person_id, created_at=clock.now(),
            )
        )  # fmt: skip
    db.flush()
    return len(fresh)


def reissued(db: Session, issued: Statement) -> Workbook:
    """Return the workbook of an issued statement again, laid out as it was."""
    question = Question(
        issued.donor_id, issued.fund_id, issued.from_on, issued.as_of_on, issued.known_seq
    )
    return statement_workbook(db, question, layout=issued.layout or 1)
