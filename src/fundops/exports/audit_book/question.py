"""What an audit workbook is asked: its scope, date, knowledge and reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import AuditEvent
from fundops.calls.models import Call
from fundops.donors.models import Lot, Pledge
from fundops.errors import Problem, invalid
from fundops.grants.models import Grant
from fundops.ledger.models import Fund, Transfer
from fundops.parties.models import Party

LAYOUT = 1
"""How audit workbooks are laid out; raised when the same question would give other bytes."""


class Reader(StrEnum):
    """For whom a workbook is made; a part of the question.

    ``inside``: who works with grantees: names are given, results as accepted in source reports.
    ``auditor``: names are given, results are those of releases.
    ``office``: as ``auditor``, but nothing of incidents, and not who judged: who works with the
    money reads neither.
    ``outside``: who is at risk and persons are withheld, results are those of releases.
    """

    INSIDE = "inside"
    AUDITOR = "auditor"
    OFFICE = "office"
    OUTSIDE = "outside"

    @property
    def knows_names(self) -> bool:
        """Whether protected parties and persons are named."""
        return self is not Reader.OUTSIDE

    @property
    def reads_incidents(self) -> bool:
        """Whether every incident in scope is told of; of some alone no workbook tells."""
        return self in (Reader.INSIDE, Reader.AUDITOR)

    @property
    def knows_judges(self) -> bool:
        """Whether it is told who reviewed and voted how."""
        return self in (Reader.INSIDE, Reader.AUDITOR)

    @property
    def reads_reports(self) -> bool:
        """Whether results are those of source reports rather than of releases."""
        return self is Reader.INSIDE


class ScopeKind(StrEnum):
    """Of what a workbook tells: a whole fund, or one donor, grant or call in it."""

    FUND = "fund"
    DONOR = "donor"
    GRANT = "grant"
    CALL = "call"


@dataclass(frozen=True)
class Named:
    """A scope as a caller names it, by codes; at most one of donor, grant and call."""

    fund: str | None = None
    donor: str | None = None
    grant: str | None = None
    call: str | None = None


@dataclass(frozen=True)
class Scope:
    """A scope that was found: ``record_id`` is the fund's own for a whole fund."""

    kind: ScopeKind
    fund_id: UUID
    record_id: UUID
    code: str


@dataclass(frozen=True)
class Moment:
    """As of which day, and as known when; ``None`` is today and now."""

    as_of_on: date | None = None
    known_at: datetime | None = None


@dataclass(frozen=True)
class Question:
    """The exact question; the same question gives the same bytes."""

    scope: Scope
    as_of_on: date
    known_seq: int
    reader: Reader


def in_words(question: Question, fund_code: str, language: str) -> dict[str, Any]:
    """Return a question as cover and manifest give it, in plain values.

    A record is named by its id, which tells nobody who it is.
    """
    return {
        "as_of_on": question.as_of_on.isoformat(),
        "fund": fund_code,
        "known_seq": question.known_seq,
        "language": language,
        "layout": LAYOUT,
        "reader": question.reader.value,
        "record_id": str(question.scope.record_id),
        "scope": question.scope.kind.value,
    }


def scope_of(db: Session, named: Named, within: frozenset[UUID] | None = None) -> Scope:
    """Return the scope that codes name; ``within`` are the funds that count, ``None`` all.

    Raises ``invalid-request`` when more than one record is named, or a donor without its fund, and
    ``not-found`` when a code is unknown or a record is not of the fund named.
    """
    given = {
        kind: code
        for kind, code in ((ScopeKind.DONOR, named.donor), (ScopeKind.GRANT, named.grant),
                           (ScopeKind.CALL, named.call))
        if code is not None
    }  # fmt: skip
    if len(given) > 1:
        raise invalid(f"query/{list(given)[1]}", "audit_book.one_scope")
    fund = _fund(db, named.fund, within)
    if not given:
        if fund is None:
            raise invalid("query/fund", "audit_book.no_scope")
        return Scope(ScopeKind.FUND, fund.id, fund.id, fund.code)
    ((kind, code),) = given.items()
    if kind is ScopeKind.DONOR:
        return _donor_scope(db, code, fund, within)
    model: Any = Grant if kind is ScopeKind.GRANT else Call
    found = db.execute(select(model).where(model.code == code)).scalar_one_or_none()
    if found is None or (fund is not None and found.fund_id != fund.id):
        raise Problem("not-found")
    if within is not None and found.fund_id not in within:
        raise Problem("not-found")
    return Scope(kind, found.fund_id, found.id, found.code)


def _fund(db: Session, code: str | None, within: frozenset[UUID] | None) -> Fund | None:
    if code is None:
        return None
    found = db.execute(select(Fund).where(Fund.code == code)).scalar_one_or_none()
    if found is None or (within is not None and found.id not in within):
        raise Problem("not-found")
    return found


def _donor_scope(
    db: Session, code: str, fund: Fund | None, within: frozenset[UUID] | None
) -> Scope:
    """Return a donor in its fund; the fund may be left out where it gives to one alone."""
    party = db.execute(select(Party).where(Party.code == code)).scalar_one_or_none()
    if party is None:
        raise Problem("not-found")
    if fund is not None:
        return Scope(ScopeKind.DONOR, fund.id, party.id, party.code)
    paid = select(Lot.fund_id).where(Lot.donor_id == party.id)
    pledged = select(Pledge.fund_id).where(Pledge.donor_id == party.id)
    given = db.execute(paid.union(pledged)).scalars().all()
    funds = [one for one in given if within is None or one in within]
    if not funds and within is not None:
        raise Problem("not-found")
    if len(funds) != 1:
        raise invalid("query/fund", "audit_book.which_fund")
    return Scope(ScopeKind.DONOR, funds[0], party.id, party.code)


def question_for(db: Session, scope: Scope, moment: Moment, reader: Reader) -> Question:
    """Return the exact question: defaults filled in, knowledge as a sequence.

    Raises ``invalid-request`` for a day or an instant in the future or before the fund.
    """
    fund = db.get_one(Fund, scope.fund_id)
    today = clock.today(fund.zone)
    as_of = moment.as_of_on or today
    if as_of > today:
        raise invalid("query/as_of", "validation.future")
    if moment.known_at is not None and moment.known_at > clock.now():
        raise invalid("query/known_at", "validation.future")
    if not _has_begun(db, fund, as_of):
        raise invalid("query/as_of", "audit_book.before_fund")
    known_seq = audit.sequence_at(db, moment.known_at)
    if known_seq < _opened_seq(db, fund):
        raise invalid("query/known_at", "audit_book.before_fund")
    return Question(scope, as_of, known_seq, reader)


def _has_begun(db: Session, fund: Fund, on: date) -> bool:
    """Return whether a fund was there on a day: set up by then, or with money from before that.

    Asked before the first byte of a file, so nothing goes through all transfers for it.
    """
    if on >= clock.day_in(fund.created_at, fund.zone):
        return True
    query = select(Transfer.id).where(Transfer.fund_id == fund.id, Transfer.effective_on <= on)
    return db.execute(query.limit(1)).first() is not None


def _opened_seq(db: Session, fund: Fund) -> int:
    query = select(func.min(AuditEvent.seq)).where(
        AuditEvent.record_type == "fund", AuditEvent.record_id == fund.id
    )
    return db.execute(query).scalar() or 0
