"""Projects become grants, reserved in full on the day they were approved, in order of date.

Where cash was short at that date the fund must have had it before the source begins: the least
opening balance that carries the history is booked and named (``openings``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.allocation.facts import grant_facts
from fundops.calls.models import Call
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.imports.context import Batched, Load, chunks, fit, new_row
from fundops.imports.draws import Award, draw
from fundops.imports.records import ProjectRecord
from fundops.imports.registers import Parties, country_coded, open_funds

CODE_CHARS = 80
TITLE_CHARS = 1000
SOURCE_CHARS = 120
_COUNTRY_FUND = re.compile(r"([A-Z]{3})[0-9]+")
"""Codes of country funds begin with the country's (AFG23)."""


def load_grants(load: Load) -> None:
    """Bring grants to what the snapshot says, and draw what they were awarded."""
    from fundops.imports.grant_changes import change_grants

    records = [r for r in load.batch.records if isinstance(r, ProjectRecord)]
    open_funds(load, records)
    if load.is_stopped:
        return
    calls = Calls(load)
    parties = Parties(load)
    grantees = {record.key: parties.grantee(record) for record in records}
    parties.write()
    _add(load, calls, grantees)
    change_grants(load, calls, grantees)
    if calls.unknown:
        load.warn("calls_unknown", count=calls.unknown)


class Calls:
    """The calls that projects may name: by application code, or by fund, year and title."""

    def __init__(self, load: Load) -> None:
        self.unknown = 0
        self.codes: dict[UUID, str] = {}
        self._by_title: dict[tuple[UUID, int, str], UUID] = {}
        self._by_source: dict[tuple[UUID, str], UUID] = {}
        fund_ids = [fund.id for fund in load.funds.values()]
        query = select(
            Call.id, Call.code, Call.fund_id, Call.year, Call.title, Call.source_code
        ).where(Call.fund_id.in_(fund_ids), Call.source_code.is_not(None))
        for row in load.db.execute(query.order_by(Call.id)):
            self.codes[row.id] = row.code
            self._by_title.setdefault((row.fund_id, row.year, row.title), row.id)
            self._by_source.setdefault((row.fund_id, row.source_code), row.id)

    def find(self, fund_id: UUID, record: ProjectRecord) -> UUID | None:
        """Return the call a project names, and count those whose call is not here."""
        if record.application_code:
            found = self._by_source.get((fund_id, record.application_code))
        else:
            found = self._by_title.get((fund_id, record.year, record.round_title[:500]))
        self.unknown += found is None and bool(record.application_code or record.round_title)
        return found


def awarded_on(load: Load, record: ProjectRecord) -> date:
    """Return the day a grant counts from; a warning says when it is not the day of approval."""
    if record.approved_on is not None:
        return record.approved_on
    found = record.starts_on or record.submitted_on or date(record.year, 1, 1)
    load.warn("approved_on_unknown", record, on=found)
    return found


def country_of(record: ProjectRecord) -> str | None:
    """Return the country of a project, else that of its fund."""
    if record.country_code:
        return country_coded(record.country_code)
    match = _COUNTRY_FUND.fullmatch(record.fund_code)
    return country_coded(match.group(1)) if match else None


def grant_values(record: ProjectRecord, grantee_id: UUID, call_id: UUID | None) -> dict[str, Any]:
    """Return the columns of a grant that its source decides, but for the award itself."""
    return {
        "call_id": call_id,
        "grantee_id": grantee_id,
        "title": (record.title or record.code)[:TITLE_CHARS],
        "country": country_of(record),
        "starts_on": record.starts_on,
        "ends_on": record.ends_on,
    }


def _add(load: Load, calls: Calls, grantees: Mapping[str, UUID]) -> None:
    records = [r for r in load.compared.added if isinstance(r, ProjectRecord)]
    taken = _taken(load, records)
    out = Batched(load)
    made: list[tuple[int, ProjectRecord, dict[str, Any]]] = []
    for record in records:
        code = fit(record.code, "", CODE_CHARS)
        if code in taken:
            load.stop("code_taken", record, code=code)
            continue
        taken.add(code)
        if not record.budget_minor:
            load.refuse("no_budget", record)
            continue
        row = _row(load, record, code, calls, grantees[record.key])
        place = out.add(
            Grant, "grant", "grant.imported", row, fund_id=row["fund_id"],
            reason=load.reason(record),
        )  # fmt: skip
        made.append((place, record, row))
        load.link(record.key, "grant", row["id"])
    seqs = out.write()
    draw(load, [_award(calls, row, seqs[place]) for place, _, row in made])


def _taken(load: Load, records: Sequence[ProjectRecord]) -> set[str]:
    found: set[str] = set()
    for part in chunks([fit(record.code, "", CODE_CHARS) for record in records]):
        found.update(load.db.execute(select(Grant.code).where(Grant.code.in_(part))).scalars())
    return found


def _row(
    load: Load, record: ProjectRecord, code: str, calls: Calls, grantee_id: UUID
) -> dict[str, Any]:
    fund_id = load.funds[record.fund_code].id
    values = grant_values(record, grantee_id, calls.find(fund_id, record))
    if record.country_code and values["country"] is None:
        load.warn("country_unknown", record, country=record.country_code)
    return new_row(
        Grant,
        id=uuid7(),
        code=code,
        fund_id=fund_id,
        awarded_on=awarded_on(load, record),
        awarded_minor=record.budget_minor,
        source_code=record.code[:SOURCE_CHARS],
        status="awarded",
        **values,
    )


def _award(calls: Calls, row: Mapping[str, Any], seq: int) -> Award:
    facts = grant_facts(
        row["id"],
        row["code"],
        objectives=(),
        country=row["country"],
        region=None,
        call=calls.codes.get(row["call_id"]),
        on=row["awarded_on"],
    )
    return Award(row["fund_id"], facts, row["awarded_minor"], row["awarded_on"], seq)
