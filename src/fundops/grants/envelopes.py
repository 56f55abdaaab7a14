"""What the awards of a call come to, against its envelope.

A grant counts with what was awarded less what was refunded, conditional and suspended ones too:
what came back is not paid to it again. A closed or terminated one counts with what its grantee kept
(paid less refunded), because the rest went back; a cancelled one with nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from fundops import money
from fundops.calls.models import Call
from fundops.errors import Problem
from fundops.grants.models import ENDED, RESERVED, Grant
from fundops.grants.schemas import shares_of
from fundops.ledger.models import Fund
from fundops.messages import text

COUNTED: Any = case(
    (Grant.status.in_((*RESERVED, "conditional")), Grant.awarded_minor - Grant.refunded_minor),
    (Grant.status.in_(ENDED), Grant.paid_minor - Grant.refunded_minor),
    else_=0,
)
"""What one grant takes of its call's envelope, minor units."""


class Awarded(NamedTuple):
    """A grant under a call, as its envelope and limits count it; objectives in whole percents."""

    id: UUID
    amount_minor: int
    country: str | None
    region: str | None
    objectives: dict[int, int]
    party_id: UUID


def awarded(db: Session, call_id: UUID) -> list[Awarded]:
    """Return the grants that take part of a call's envelope."""
    query = select(
        Grant.id, COUNTED.label("counted"), Grant.country, Grant.region, Grant.objectives,
        Grant.grantee_id,
    ).where(Grant.call_id == call_id, COUNTED > 0)  # fmt: skip
    return [
        Awarded(
            row.id, int(row.counted), row.country, row.region, shares_of(row.objectives),
            row.grantee_id,
        )
        for row in db.execute(query.order_by(Grant.id))
    ]  # fmt: skip


def refuse_beyond(db: Session, fund: Fund, call: Call, wanted_minor: int) -> None:
    """Refuse awards that would exceed the call's envelope; read under the write lock."""
    if call.envelope_minor is None:
        return
    spent = sum(one.amount_minor for one in awarded(db, call.id))
    if spent + wanted_minor > call.envelope_minor:
        currency = fund.base_currency
        sentence = text(
            "grants.envelope_exceeded",
            call=call.code,
            envelope=money.display(call.envelope_minor, currency),
            spent=money.display(spent, currency),
            wanted=money.display(wanted_minor, currency),
        )
        raise Problem("insufficient-funds", detail=sentence)
