"""How long promised money has been outstanding, per donor and currency, as of a day.

What is outstanding on a day is counted from the lots and write-offs that were effective by then,
as known now: instalments of agreements signed by that day, less what was matched and written off;
and of pledges made by that day the part that no such agreement covers, which ages by the day it
is expected on. Currencies are never added to one another; the base equivalent stands beside each
amount as far as one was booked. Money without a due day is not yet due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, union_all
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.donors.models import Agreement, Instalment, Lot, Pledge, WriteOff
from fundops.donors.scope import parties_held
from fundops.donors.sums import of_agreements, rows_of, total
from fundops.errors import Problem
from fundops.ledger.models import Fund
from fundops.money import allocate
from fundops.parties.models import Party
from fundops.schemas import money_out

BUCKETS = (
    ("not_due", 0),
    ("days_1_30", 30),
    ("days_31_90", 90),
    ("days_91_180", 180),
    ("days_181_365", 365),
    ("days_over_365", None),
)
"""Bucket -> the last day overdue that still falls into it."""

_PLEDGE = Pledge.__table__.c
_AGREEMENT, _INSTALMENT = Agreement.__table__.c, Instalment.__table__.c
_LOT, _WRITE_OFF, _PARTY = Lot.__table__.c, WriteOff.__table__.c, Party.__table__.c

PARTY_ID, PARTY_SORTS = _PARTY.id, {name: _PARTY[name] for name in ("code", "name")}


@dataclass
class Bucket:
    """Outstanding money of one age: all of it, what has a base equivalent, and that equivalent."""

    minor: int = 0
    booked_minor: int = 0
    base_minor: int = 0


@dataclass
class Line:
    """What one donor has outstanding in one currency, by age."""

    buckets: dict[str, Bucket] = field(default_factory=lambda: {n: Bucket() for n, _ in BUCKETS})

    def add(self, due_on: date | None, as_of: date, minor: int, base_minor: int | None) -> None:
        """Count an outstanding amount in the bucket of its age."""
        bucket = self.buckets[bucket_of(due_on, as_of)]
        bucket.minor += minor
        if base_minor is not None:
            bucket.booked_minor += minor
            bucket.base_minor += base_minor

    @property
    def total(self) -> Bucket:
        """All ages together, in the one currency."""
        parts = self.buckets.values()
        return Bucket(
            sum(part.minor for part in parts),
            sum(part.booked_minor for part in parts),
            sum(part.base_minor for part in parts),
        )


def bucket_of(due_on: date | None, as_of: date) -> str:
    """Return the bucket of money due on ``due_on``, seen on ``as_of``."""
    overdue = 0 if due_on is None else (as_of - due_on).days
    for name, last in BUCKETS:
        if last is None or overdue <= last:
            return name
    raise AssertionError("the last bucket has no end")


def fund_and_parties(
    db: Session, actor: Actor, fund_id: UUID
) -> tuple[Fund, frozenset[UUID] | None]:
    """Return the fund and whose promises to it ``actor`` may see (``None``: everybody's).

    Raises ``not-found`` for a fund of which the actor may see no pledges.
    """
    parties = parties_held(actor, Permission.PLEDGE_READ, fund_id)
    fund = db.get(Fund, fund_id)
    if fund is None or (parties is not None and not parties):
        raise Problem("not-found")
    return fund, parties


def donors(fund_id: UUID, parties: frozenset[UUID] | None, as_of: date) -> Select[Any]:
    """Return the parties, among those the actor may see, that owe the fund something."""
    owed = _owed(fund_id, as_of)
    query = rows_of(_PARTY.id, _PARTY.code, _PARTY.name).where(
        _PARTY.id.in_(rows_of(owed.c.donor_id).where(owed.c.rest > 0))
    )
    return query if parties is None else query.where(_PARTY.id.in_(parties))


def ageing_items(db: Session, fund: Fund, rows: Sequence[Any], as_of: date) -> list[dict[str, Any]]:
    """Return what the donors of a page have outstanding per currency and age; one query."""
    lines: dict[UUID, dict[str, Line]] = {row.id: defaultdict(Line) for row in rows}
    owed = _owed(fund.id, as_of)
    query = rows_of(owed).where(owed.c.donor_id.in_(lines), owed.c.rest > 0)
    for one in db.execute(query) if rows else ():
        base = _part(one.base_minor, one.rest, one.amount_minor)
        lines[one.donor_id][one.currency].add(one.due_on, as_of, one.rest, base)
    return [_item(row, lines[row.id], fund.base_currency) for row in rows]


def _part(base_minor: int | None, rest: int, amount: int) -> int | None:
    """Return the base equivalent of the outstanding part, in proportion."""
    return None if base_minor is None else allocate(base_minor, [rest, amount - rest])[0]


def _item(row: Any, lines: dict[str, Line], base_currency: str) -> dict[str, Any]:
    return {
        "donor_id": row.id,
        "donor_code": row.code,
        "donor_name": row.name,
        "currencies": [
            {
                "currency": currency,
                "total": _bucket_out(lines[currency].total, currency, base_currency),
                **{
                    name: _bucket_out(bucket, currency, base_currency)
                    for name, bucket in lines[currency].buckets.items()
                },
            }
            for currency in sorted(lines)
        ],
    }


def _bucket_out(bucket: Bucket, currency: str, base_currency: str) -> dict[str, Any]:
    return {
        "outstanding": money_out(bucket.minor, currency),
        "booked": money_out(bucket.booked_minor, currency),
        "base": money_out(bucket.base_minor, base_currency),
    }


def _owed(fund_id: UUID, as_of: date) -> Any:
    """Return the subquery of instalments and uncovered pledges with their rest on ``as_of``."""
    return union_all(_instalments(fund_id, as_of), _pledges(fund_id, as_of)).subquery("owed")


def _signed_by(as_of: date) -> ColumnElement[bool]:
    return or_(_AGREEMENT.signed_on.is_(None), _AGREEMENT.signed_on <= as_of)


def _instalments(fund_id: UUID, as_of: date) -> Select[Any]:
    # The counters say what is settled now; what was settled after the day is added back.
    matched_later = _none_is_zero(
        rows_of(total(_LOT.settled_minor)).where(
            _LOT.agreement_id == _AGREEMENT.id,
            _LOT.instalment_id == _INSTALMENT.id,
            _LOT.kind == "receipt",
            _LOT.status == "open",
            _LOT.opened_on > as_of,
        )
    )
    written_off_later = _none_is_zero(
        rows_of(total(_WRITE_OFF.amount_minor)).where(
            _WRITE_OFF.instalment_id == _INSTALMENT.id,
            _WRITE_OFF.status == "approved",
            _WRITE_OFF.effective_on > as_of,
        )
    )
    settled = _INSTALMENT.matched_minor + _INSTALMENT.written_off_minor
    rest = _INSTALMENT.amount_minor - settled + matched_later + written_off_later
    return of_agreements(
        _AGREEMENT.donor_id,
        _INSTALMENT.currency,
        _INSTALMENT.due_on,
        _INSTALMENT.amount_minor,
        _INSTALMENT.expected_base_minor.label("base_minor"),
        rest.label("rest"),
    ).where(_AGREEMENT.fund_id == fund_id, _signed_by(as_of))


def _pledges(fund_id: UUID, as_of: date) -> Select[Any]:
    agreed = _none_is_zero(
        of_agreements(total(_INSTALMENT.amount_minor)).where(
            _AGREEMENT.pledge_id == _PLEDGE.id, _signed_by(as_of)
        )
    )
    made = or_(_PLEDGE.pledged_on.is_(None), _PLEDGE.pledged_on <= as_of)
    return rows_of(
        _PLEDGE.donor_id,
        _PLEDGE.currency,
        _PLEDGE.expected_on.label("due_on"),
        _PLEDGE.amount_minor,
        _PLEDGE.base_minor,
        (_PLEDGE.amount_minor - agreed).label("rest"),
    ).where(_PLEDGE.fund_id == fund_id, _PLEDGE.status.in_(("pledged", "agreed")), made)


def _none_is_zero(query: Select[Any]) -> ColumnElement[int]:
    return func.coalesce(query.scalar_subquery(), 0)
