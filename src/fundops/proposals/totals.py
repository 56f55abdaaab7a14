"""What was asked for in a call, cut by a code list: exact where parts make a whole.

Shares of objectives split each proposal's amount by largest remainder, so that the parts sum to
the whole to the cent. A country or region is one per proposal and sums as well. Of the other lists
a proposal may declare several codes without shares: its whole amount then stands under each of
them, the rows overlap, and no sum of them is given.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Row, case, null, select
from sqlalchemy.orm import Session

from fundops import money
from fundops.authz import Actor
from fundops.calls import codelists
from fundops.calls.models import Call
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.parties.places import hidden_work
from fundops.proposals.facts import declared_codes
from fundops.proposals.models import Proposal
from fundops.proposals.queries import seen
from fundops.schemas import money_out

OVERLAPPING = ("theme", "p", "side", "exploitation", "assistance", "group", "sdg")
SINGLE = ("country", "region")
BY = ("objective", *SINGLE, *OVERLAPPING)
"""What totals can be cut by."""


def totals(
    db: Session, actor: Actor, call: Call, by: str, status: str | None = None
) -> dict[str, Any]:
    """Return counts and amounts of the submitted proposals that ``actor`` may see, by code.

    Withdrawn ones are left out unless ``status`` asks for them. Three queries, however many.
    """
    rows = _rows(db, actor, call, status)
    currency = db.get_one(Fund, call.fund_id).base_currency
    counts: Counter[str | None] = Counter()
    amounts: Counter[str | None] = Counter()
    for code, amount in _parts(db, rows, by):
        counts[code] += 1
        amounts[code] += amount
    whole = sum(row.requested_minor or 0 for row in rows)
    names = codelists.get(by)
    order = {code: at for at, code in enumerate(names.codes)}
    items = [
        {
            "code": code,
            "label": None if code is None or not names.has(code) else names.label(code),
            "proposals": counts[code],
            "requested": money_out(amounts[code], currency),
        }
        for code in sorted(counts, key=lambda one: (one is None, order.get(one or "", 0), one))
    ]
    return {
        "call_id": call.id,
        "by": by,
        "proposals": len(rows),
        "requested": money_out(whole, currency),
        "is_overlapping": by in OVERLAPPING,
        "items": items,
    }


def _rows(db: Session, actor: Actor, call: Call, status: str | None) -> list[Row[Any]]:
    hidden = hidden_work(actor, Proposal.country, Call.fund_id)
    columns: tuple[Any, ...] = (
        Proposal.id,
        Proposal.requested_minor,
        case((hidden, null()), else_=Proposal.country).label("country"),
        Proposal.region,
    )
    query = (
        select(*columns)
        .join(Call, Call.id == Proposal.call_id)
        .join(Party, Party.id == Proposal.party_id)
        .where(Proposal.call_id == call.id, Proposal.submitted_number.is_not(None), seen(actor))
        .order_by(Proposal.code)
    )
    query = query.where(
        Proposal.status != "withdrawn" if status is None else Proposal.status == status
    )
    return list(db.execute(query).all())


def _parts(db: Session, rows: list[Row[Any]], by: str) -> list[tuple[str | None, int]]:
    """Return (code, amount) for every proposal and each code it stands under."""
    if by in SINGLE:
        return [(getattr(row, by), row.requested_minor or 0) for row in rows]
    declared = declared_codes(db, [row.id for row in rows], by)
    parts: list[tuple[str | None, int]] = []
    for row in rows:
        codes = declared.get(row.id, {}).get(by, [])
        amount = row.requested_minor or 0
        if not codes:
            parts.append((None, amount))
        elif by == "objective":
            ordered = sorted(codes, key=lambda one: int(one[0]))
            split = money.allocate(amount, [percent or 0 for _, percent in ordered])
            parts += [(code, part) for (code, _), part in zip(ordered, split, strict=True)]
        else:
            parts += [(code, amount) for code, _ in codes]
    return parts
