"""What a call asks of a proposal, read once for checking its content."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from fundops import clock
from fundops.calls import terms as call_terms
from fundops.calls.models import Call, CallDocument
from fundops.calls.objectives import OBJECTIVES
from fundops.ledger.models import Fund


@dataclass(frozen=True)
class Terms:
    """The terms of a call as far as a proposal's content must meet them."""

    call: Call
    currency: str
    objectives: frozenset[int]
    languages: tuple[str, ...]
    targets: dict[str, list[str]]
    documents: tuple[CallDocument, ...]

    @property
    def deadline_on(self) -> date:
        """The day of the deadline in the call's zone, or today where a call has none."""
        return clock.day_in(self.call.deadline_at or clock.now(), self.call.zone)


def terms_of(db: Session, call: Call) -> Terms:
    """Return the terms of ``call``."""
    targeted = json.loads(call.objectives)
    return Terms(
        call=call,
        currency=db.get_one(Fund, call.fund_id).base_currency,
        objectives=frozenset(targeted or OBJECTIVES),
        languages=tuple(json.loads(call.languages)),
        targets=json.loads(call.targets),
        documents=tuple(call_terms.documents(db, call.id)),
    )


def instant(at: datetime | None) -> str | None:
    """Return an instant as people read it: UTC, to the second."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
