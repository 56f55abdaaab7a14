"""How much of each capped part of an agreement has been used, and what amended caps leave.

A cap speaks of all money of an agreement, over all its lots, used up or not. An agreement whose
earmark was amended between receipts has lots under several versions. Each version then stands as
an agreement of its own, and what the strictest cap leaves is handed out among the versions, oldest
first, each as much as its lots have: the sum never exceeds any version's cap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from fundops.allocation.earmark_form import CAP_DIMENSIONS
from fundops.allocation.earmarks import Dimension, Earmark, GrantFacts, Value
from fundops.allocation.facts import facts_of
from fundops.allocation.position import CapGroup, LotFacts
from fundops.donors.models import Lot
from fundops.ids import business_id
from fundops.ledger.models import Transfer


def under_caps(
    db: Session, lots: Sequence[LotFacts], grants: Mapping[UUID, GrantFacts]
) -> tuple[list[LotFacts], dict[CapGroup, int]]:
    """Return the lots with each capped agreement's earmark made one, and the use of each cap.

    ``grants`` are facts already known. No query is made when nothing is capped.
    """
    capped = sorted({lot.agreement_id for lot in lots if lot.earmark.caps})
    if not capped:
        return list(lots), {}
    return apart_by_version(lots, used_under_caps(db, capped, grants))


def used_under_caps(
    db: Session, agreement_ids: Sequence[UUID], grants: Mapping[UUID, GrantFacts]
) -> dict[CapGroup, int]:
    """Return what grants of each value hold of the agreements: reserved or paid, less refunds.

    A lot without an agreement stands for one of its own.
    """
    sign = case((Transfer.kind == "reserve", 1), else_=-1) * case(
        (Transfer.reverses_id.is_(None), 1), else_=-1
    )
    query = (
        select(
            Lot.id, Lot.agreement_id, Transfer.grant_id,
            func.sum(Transfer.amount_minor * sign).label("minor"),
        )
        .join(Transfer, Transfer.lot_id == Lot.id)
        .where(
            or_(Lot.agreement_id.in_(agreement_ids), Lot.id.in_(agreement_ids)),
            Transfer.kind.in_(("reserve", "void", "refund")),
        )
        .group_by(Lot.id, Lot.agreement_id, Transfer.grant_id)
    )  # fmt: skip
    rows = db.execute(query).all()
    known = dict(grants)
    known.update(facts_of(db, [row.grant_id for row in rows if row.grant_id not in known]))
    used: dict[CapGroup, int] = {}
    for row in rows:
        for dimension in sorted(CAP_DIMENSIONS):
            for value in known[row.grant_id].values[dimension]:
                group = CapGroup(row.agreement_id or row.id, dimension, value)
                used[group] = used.get(group, 0) + int(row.minor)
    return {group: max(minor, 0) for group, minor in used.items()}


def apart_by_version(
    lots: Sequence[LotFacts], used: Mapping[CapGroup, int]
) -> tuple[list[LotFacts], dict[CapGroup, int]]:
    """Give each version of an amended, capped agreement a stand-in id and its part of the room."""
    by_agreement: dict[UUID, list[LotFacts]] = {}
    for lot in sorted(lots, key=lambda lot: (lot.opened_on, lot.id)):
        by_agreement.setdefault(lot.agreement_id, []).append(lot)
    mixed = {
        agreement_id: own
        for agreement_id, own in by_agreement.items()
        if len({lot.earmark for lot in own}) > 1 and any(lot.earmark.caps for lot in own)
    }
    if not mixed:
        return list(lots), dict(used)
    shared = {group: minor for group, minor in used.items() if group.agreement_id not in mixed}
    for agreement_id in sorted(mixed):
        shared.update(_shares_of_room(agreement_id, mixed[agreement_id], used))
    apart = [
        replace(lot, agreement_id=_stand_in(lot.agreement_id, lot.earmark))
        if lot.agreement_id in mixed
        else lot
        for lot in lots
    ]
    return apart, shared


def _stand_in(agreement_id: UUID, version: Earmark) -> UUID:
    return business_id("earmark version", agreement_id, version.key)


def _shares_of_room(
    agreement_id: UUID, own: Sequence[LotFacts], used: Mapping[CapGroup, int]
) -> dict[CapGroup, int]:
    """Return the use to state for each version, so that what is left of all caps is shared."""
    versions = list(dict.fromkeys(lot.earmark for lot in own))
    caps: dict[tuple[Dimension, Value], list[int]] = {}
    for version in versions:
        for cap in version.caps:
            caps.setdefault((cap.dimension, cap.value), []).append(cap.amount_minor)
    shared: dict[CapGroup, int] = {}
    for (dimension, value), amounts in caps.items():
        taken = used.get(CapGroup(agreement_id, dimension, value), 0)
        left = max(min(amounts) - taken, 0)
        for version in versions:
            cap_here = version.cap_by_value.get(value)
            if cap_here is None or cap_here.dimension != dimension:
                continue
            free = sum(lot.available_minor for lot in own if lot.earmark == version)
            room = min(left, free)
            left -= room
            group = CapGroup(_stand_in(agreement_id, version), dimension, value)
            shared[group] = max(cap_here.amount_minor - room, taken)
    return shared
