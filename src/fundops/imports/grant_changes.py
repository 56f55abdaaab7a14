"""Grants that a later snapshot tells otherwise: another budget, day, grantee; gone, or back.

The award of a grant whose commitment is known to the cent (from a source of transactions) follows
that; the list of projects then changes only what describes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops import money
from fundops.audit import Entry
from fundops.grants.models import ENDED, Grant
from fundops.imports import steps
from fundops.imports.compare import RETURNED, Change, Stored
from fundops.imports.context import Load, chunks, edit, record_events, rows_of
from fundops.imports.draws import Restatement, draw, take_back
from fundops.imports.load_grants import Calls, awarded_on, grant_values
from fundops.imports.models import ImportRecord
from fundops.imports.records import ProjectRecord
from fundops.lifecycle import advance
from fundops.messages import text


def change_grants(load: Load, calls: Calls, grantees: Mapping[str, UUID]) -> None:
    """Change the grants that the snapshot tells otherwise, and draw anew what they were awarded."""
    changing = _Changing(load, calls, grantees)
    for change in load.compared.changed:
        changing.change(change)
    for record in load.compared.unchanged:
        assert isinstance(record, ProjectRecord)
        changing.join_call(record)
    for gone in load.compared.missing:
        changing.withdraw(gone)
    if load.is_stopped:
        return
    load.db.flush()
    record_events(load, changing.entries)
    draw(load, take_back(load, changing.restated))


class _Changing:
    """Changes of grants under way."""

    def __init__(self, load: Load, calls: Calls, grantees: Mapping[str, UUID]) -> None:
        self.load, self.calls, self.grantees = load, calls, grantees
        self.entries: list[Entry] = []
        self.restated: list[Restatement] = []
        stored = load.compared.stored
        ids = [one.record_id for one in stored.values()]
        self.grants = {grant.id: grant for grant in rows_of(load.db, Grant, Grant.id, ids)}
        self.committed = committed(load, ids)

    def change(self, change: Change) -> None:
        """Bring one grant to what its project says now."""
        record = change.record
        assert isinstance(record, ProjectRecord)
        grant = self.grants[change.stored.record_id]
        self.load.link(record.key, "grant", grant.id)
        fund_id = self.load.funds[record.fund_code].id
        if fund_id != grant.fund_id:
            self.load.stop("fund_moved", record, code=grant.code)
            return
        reason = self.load.snapshot_reason(record)
        if change.kind == RETURNED and grant.status in steps.GRANTS["restore"].sources:
            before = {"status": grant.status}
            advance(grant, steps.GRANTS, "restore")
            self._note(grant, "grant.restored", reason, before, {"status": grant.status})
            self.restated.append(Restatement(grant.id, reason))
        values = grant_values(record, self.grantees[record.key], self.calls.find(fund_id, record))
        before, after = edit(grant, values)
        if after:
            self._note(grant, "grant.changed", reason, before, after)
        if grant.id not in self.committed:
            self._award(record, grant, reason)
        elif "budget_minor" in change.names:
            self.load.warn("commitment_stands", record, code=grant.code)

    def _award(self, record: ProjectRecord, grant: Grant, reason: str) -> None:
        excess = max(grant.paid_minor + grant.requested_minor - record.budget_minor, 0)
        values = {
            "awarded_on": awarded_on(self.load, record),
            "awarded_minor": record.budget_minor + excess,
            "adjusted_minor": excess,
        }
        if grant.status in ENDED or not record.budget_minor:
            self.load.warn("award_kept", record, code=grant.code)
            return
        before, after = edit(grant, values)
        if not after:
            return
        if excess:
            self._warn_excess(record, grant, excess)
        self.restated = [one for one in self.restated if one.grant_id != grant.id]
        self.restated.append(Restatement(grant.id, reason, before, after))

    def _warn_excess(self, record: ProjectRecord, grant: Grant, excess: int) -> None:
        amount = money.display(excess, record.currency)
        self.load.warn("paid_over_award", record, code=grant.code, amount=amount)

    def join_call(self, record: ProjectRecord) -> None:
        """Let a grant join its call if that came later than the project."""
        grant = self.grants[self.load.compared.stored[record.key].record_id]
        call_id = self.calls.find(grant.fund_id, record)
        if call_id is not None and grant.call_id is None:
            before, after = edit(grant, {"call_id": call_id})
            self._note(grant, "grant.changed", self.load.snapshot_reason(record), before, after)

    def withdraw(self, gone: Stored) -> None:
        """Give back the award of a project that is gone; one that was paid from stays."""
        grant = self.grants[gone.record_id]
        if grant.status not in steps.GRANTS["withdraw"].sources:
            return
        if grant.paid_minor or grant.requested_minor:
            self.load.warn("grant_missing_but_paid", code=grant.code)
            return
        reason = text("loading.reason.missing", code=gone.key)
        advance(grant, steps.GRANTS, "withdraw")
        self._note(grant, "grant.cancelled", reason, {"status": "awarded"}, {"status": "cancelled"})
        self.restated.append(Restatement(grant.id, reason))

    def _note(
        self, grant: Grant, action: str, reason: str, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        self.entries.append(Entry(action, "grant", grant.id, grant.fund_id, reason, before, after))


def committed(load: Load, grant_ids: list[UUID]) -> set[UUID]:
    """Return the grants whose commitment another import knows."""
    found: set[UUID] = set()
    for part in chunks(grant_ids):
        query = select(ImportRecord.record_id).where(
            ImportRecord.record_id.in_(part),
            ImportRecord.record_type == "grant",
            ImportRecord.profile != load.profile.name,
            ImportRecord.status == "current",
        )
        found.update(load.db.execute(query).scalars())
    return found
