"""From stored rows to what the allocation asks about: a grant's facts, a lot's earmark."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.allocation.earmarks import Earmark, GrantFacts
from fundops.allocation.regions import areas_of
from fundops.calls.models import Call
from fundops.grants.models import Grant


@lru_cache(maxsize=4096)
def earmark_of(stored: str) -> Earmark:
    """Return the earmark behind its stored JSON text."""
    return Earmark.from_json(json.loads(stored))


def grant_facts(
    grant_id: UUID,
    code: str,
    *,
    objectives: Iterable[int],
    country: str | None,
    region: str | None,
    call: str | None,
    on: date,
) -> GrantFacts:
    """Return what earmarks may ask about a grant awarded on ``on``; ``call`` is a call's code."""
    return GrantFacts(
        grant_id,
        code,
        objectives=frozenset(objectives),
        country=country,
        regions=areas_of(country, region, on),
        call=call,
    )


def objectives_of(stored: str) -> frozenset[int]:
    """Return the objectives that have a share in a grant's stored JSON."""
    return frozenset(int(number) for number, share in json.loads(stored).items() if share)


def facts_of(db: Session, grant_ids: Iterable[UUID]) -> dict[UUID, GrantFacts]:
    """Return the facts of stored grants, in one query."""
    wanted = sorted(set(grant_ids))
    if not wanted:
        return {}
    query = (
        select(
            Grant.id, Grant.code, Grant.objectives, Grant.country, Grant.region, Grant.awarded_on,
            Call.code.label("call_code"),
        )
        .outerjoin(Call, Call.id == Grant.call_id)
        .where(Grant.id.in_(wanted))
    )  # fmt: skip
    return {
        row.id: grant_facts(
            row.id,
            row.code,
            objectives=objectives_of(row.objectives),
            country=row.country,
            region=row.region,
            call=row.call_code,
            on=row.awarded_on,
        )
        for row in db.execute(query)
    }
