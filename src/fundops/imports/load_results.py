"""People planned and reached become targets and accepted reports of imported grants.

A project has one report for its whole period, accepted by the source and by nobody here. What a
later snapshot tells otherwise is another version of it, with the row as reason; the one before
stays and counts as known then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from fundops import clock
from fundops.audit import Entry, canonical
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.impact.models import SourceTarget
from fundops.imports.context import Batched, Load, chunks, fit, insert_rows, new_row, rows_of
from fundops.imports.records import Record, ResultRecord
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.zones import end_of
from fundops.reports import counting
from fundops.reports.models import (
    AcceptedVersion,
    ProgressReport,
    ReportContent,
    ReportValue,
    ReportVersion,
)
from fundops.reports.steps import IMPORTED
from fundops.reports.submission import values_sha256

CODES = {
    "men": "male.adult", "women": "female.adult", "boys": "male.child", "girls": "female.child",
}  # fmt: skip
"""Who a source counts -> the code of sex and age."""
CODE_CHARS = 80
_GONE = "progress_report.withdrawn_by_source"


def load_results(load: Load) -> None:
    """Bring targets and accepted results to what the snapshot says; see the module."""
    loading = _Loading(load)
    for record in load.compared.added:
        loading.add(record)
    for change in load.compared.changed:
        loading.change(change.record, change.stored.record_id)
    for record in load.compared.unchanged:
        load.link(record.key, "progress_report", load.compared.stored[record.key].record_id)
    for gone in load.compared.missing:
        loading.withdraw(gone.record_id, gone.key)
    loading.write()


class _Loading:
    """Reports, versions and targets under way."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.out = Batched(load)
        self.values: list[dict[str, Any]] = []
        self.contents: list[dict[str, Any]] = []
        self.targets: list[tuple[int, dict[str, Any]]] = []
        self.accepted: list[tuple[int, dict[str, Any], str]] = []
        records = [r for r in load.batch.records if isinstance(r, ResultRecord)]
        self.grants = _grants(load, [record.code for record in records])
        self.numbers = _numbers(load, [grant.id for grant in self.grants.values()])
        funds = {grant.fund_id for grant in self.grants.values()}
        self.funds: dict[UUID, Fund] = {
            one.id: one for one in rows_of(load.db, Fund, Fund.id, funds)
        }
        ids = [one.record_id for one in load.compared.stored.values()]
        self.reports: dict[UUID, ProgressReport] = {
            one.id: one for one in rows_of(load.db, ProgressReport, ProgressReport.id, ids)
        }
        self.standing: dict[UUID, AcceptedVersion] = {
            one.report_id: one
            for one in rows_of(load.db, AcceptedVersion, AcceptedVersion.report_id, ids)
            if one.superseded_seq is None
        }

    def add(self, record: Record) -> None:
        """Write the report of a project that had none from this source."""
        assert isinstance(record, ResultRecord)
        grant = self.grants.get(record.code)
        if grant is None:
            self.load.refuse("project_unknown", record)
            return
        fund = self.funds[grant.fund_id]
        if fund.code != record.fund_code:
            self.load.refuse("result_of_other_fund", record)
            return
        row = self._report(record, grant, fund)
        reason = self.load.reason(record)
        version = self._version(record, row["id"], 1, grant, reason)
        place = self.out.add(
            ProgressReport, "progress_report", IMPORTED, row, fund_id=fund.id, reason=reason
        )
        self._tell(place, version)
        self._count(place, version, row, reason)
        self._plan(place, record, grant)
        self.load.link(record.key, "progress_report", row["id"])

    def change(self, record: Record, report_id: UUID) -> None:
        """Write another version of a project's report, and other targets."""
        assert isinstance(record, ResultRecord)
        report, grant = self.reports[report_id], self.grants.get(record.code)
        self.load.link(record.key, "progress_report", report_id)
        if grant is None or grant.id != report.grant_id:
            self.load.stop("fund_moved", record, code=record.code)
            return
        reason = self.load.snapshot_reason(record)
        number = report.last_number + 1
        version = self._version(record, report_id, number, grant, reason)
        names = ("last_number", "draft_number", "submitted_number", "accepted_number")
        before = {name: getattr(report, name) for name in names}
        for name in names:
            setattr(report, name, number)
        place = self.out.note(
            Entry(
                IMPORTED, "progress_report", report_id, grant.fund_id, reason, before,
                dict.fromkeys(names, number),
            )
        )  # fmt: skip
        self._tell(place, version)
        periods = {"id": report_id, "starts_on": report.starts_on, "ends_on": report.ends_on}
        self._count(place, version, periods | {"grant_id": grant.id, "fund_id": grant.fund_id},
                    reason)  # fmt: skip
        self._plan(place, record, grant)

    def withdraw(self, report_id: UUID, key: str) -> None:
        """Let a report count no longer that is gone from a full snapshot; it stays on record."""
        standing = self.standing.pop(report_id, None)
        if standing is None:
            return
        reason, db = text("loading.reason.missing", code=key), self.load.db
        out = Batched(self.load)
        out.note(Entry(_GONE, "progress_report", report_id, standing.fund_id, reason))
        seq = out.write()[0]
        counting.take_out(db, standing, seq)
        self._supersede([(seq, standing.grant_id)])

    def write(self) -> None:
        """Write everything, in the order in which rows refer to each other."""
        db = self.load.db
        seqs = self.out.write()
        insert_rows(db, ReportContent, self.contents)
        insert_rows(db, ReportValue, self.values)
        out = Batched(self.load)
        for place, row, reason in self.accepted:
            earlier = self.standing.get(row["report_id"])
            if earlier is not None:
                counting.take_out(db, earlier, seqs[place])
            row["accepted_seq"] = seqs[place]
            out.add(
                AcceptedVersion, "accepted_version", "accepted_version.imported", row,
                fund_id=row["fund_id"], reason=reason,
            )  # fmt: skip
        out.write()
        counting.stand(db, [row["version_id"] for _, row, _ in self.accepted])
        for place, row in self.targets:
            row["recorded_seq"] = seqs[place]
        self._supersede(sorted({(row["recorded_seq"], row["grant_id"]) for _, row in self.targets}))
        insert_rows(db, SourceTarget, [row for _, row in self.targets])

    def _supersede(self, grants: Sequence[tuple[int, UUID]]) -> None:
        """Let the targets of grants stand no longer from a sequence on."""
        table = SourceTarget
        have: set[UUID] = set()
        for part in chunks([grant_id for _, grant_id in grants]):
            standing = select(table.grant_id).where(
                table.grant_id.in_(part), table.superseded_seq.is_(None)
            )
            have.update(self.load.db.execute(standing.distinct()).scalars())
        for seq, grant_id in grants:
            if grant_id in have:
                self.load.db.execute(
                    update(table)
                    .where(table.grant_id == grant_id, table.superseded_seq.is_(None))
                    .values(superseded_seq=seq)
                )

    def _report(self, record: ResultRecord, grant: Grant, fund: Fund) -> dict[str, Any]:
        starts_on = grant.starts_on or grant.awarded_on
        ends_on = max(grant.ends_on or date(record.year, 12, 31), starts_on)
        self.numbers[grant.id] = number = self.numbers.get(grant.id, 0) + 1
        end = end_of(ends_on, fund.zone)
        return new_row(
            ProgressReport, id=uuid7(), code=fit(grant.code, f"-S{number}", CODE_CHARS),
            grant_id=grant.id, fund_id=fund.id, number=number, starts_on=starts_on,
            ends_on=ends_on, due_on=ends_on, due_at=end, zone=fund.zone, is_final=True,
            asks_narrative=True, asks_expenditure=False, language="en", status="accepted",
            last_number=1, draft_number=1, submitted_number=1, accepted_number=1,
        )  # fmt: skip

    def _version(
        self, record: ResultRecord, report_id: UUID, number: int, grant: Grant, reason: str
    ) -> dict[str, Any]:
        """Add a version with its content and values; return its row, with the digest of both."""
        counts = _counts(record, "reached")
        result = {
            "result": 1, "indicator": record.indicator, "numerator": str(sum(counts.values())),
            "denominator": None, "note": reason,
            "breakdown": {"sex_age": {code: str(n) for code, n in counts.items() if n}},
        }  # fmt: skip
        content = canonical({"results": [result]})
        row = new_row(
            ReportVersion, id=uuid7(), report_id=report_id, number=number, kind="submitted",
            sha256=hashlib.sha256(content.encode()).hexdigest(), saved_at=clock.now(),
        )  # fmt: skip
        self.out.add(
            ReportVersion, "report_version", "report_version.imported", row,
            fund_id=grant.fund_id, reason=reason,
        )  # fmt: skip
        self.contents.append({"version_id": row["id"], "content": content})
        figures = [
            {"result_number": 1, "dimension": dimension, "code": code,
             "indicator": record.indicator, "numerator": count, "denominator": None}
            for dimension, code, count in _rows(counts)
        ]  # fmt: skip
        self.values += [{"version_id": row["id"]} | figure for figure in figures]
        ordered = sorted(figures, key=lambda one: (one["dimension"], one["code"]))
        return row | {"digest": values_sha256(ordered, [])}

    def _tell(self, place: int, version: Mapping[str, Any]) -> None:
        """Let the event of an import tell the digest of the figures, as a submission does."""
        entry = self.out.entries[place]
        said = {"submitted_number": version["number"], "values_sha256": version["digest"]}
        after = dict(entry.after or {}) | said
        self.out.entries[place] = Entry(
            entry.action, entry.record_type, entry.record_id, entry.fund_id, entry.reason,
            entry.before, after,
        )  # fmt: skip

    def _count(
        self, place: int, version: Mapping[str, Any], report: Mapping[str, Any], reason: str
    ) -> None:
        fund = self.funds[report["fund_id"]]
        row = new_row(
            AcceptedVersion, id=uuid7(), version_id=version["id"], report_id=report["id"],
            grant_id=report["grant_id"], fund_id=fund.id, starts_on=report["starts_on"],
            ends_on=report["ends_on"], accepted_on=clock.today(fund.zone), origin="source",
        )  # fmt: skip
        self.accepted.append((place, row, reason))

    def _plan(self, place: int, record: ResultRecord, grant: Grant) -> None:
        self.targets += [
            (
                place,
                new_row(
                    SourceTarget, id=uuid7(), grant_id=grant.id, fund_id=grant.fund_id,
                    indicator=record.indicator, dimension=dimension, code=code, target=count,
                ),
            )
            for dimension, code, count in _rows(_counts(record, "planned"))
        ]  # fmt: skip


def _counts(record: ResultRecord, what: str) -> dict[str, int]:
    return {code: getattr(record, f"{what}_{who}") for who, code in CODES.items()}


def _rows(counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Return (dimension, code, count): the total, and what is not zero of its parts."""
    found = [("total", "", sum(counts.values()))]
    return found + [("sex_age", code, count) for code, count in counts.items() if count]


def _grants(load: Load, codes: Sequence[str]) -> dict[str, Grant]:
    """Return grants by their source's code; those that were cancelled are not reported on."""
    found = rows_of(load.db, Grant, Grant.source_code, codes)
    return {one.source_code: one for one in found if one.status != "cancelled"}


def _numbers(load: Load, grant_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the number of the last report of each grant that has any."""
    found: dict[UUID, int] = {}
    for part in chunks(sorted(grant_ids)):
        query = (
            select(ProgressReport.grant_id, func.max(ProgressReport.number))
            .where(ProgressReport.grant_id.in_(part))
            .group_by(ProgressReport.grant_id)
        )
        found.update({row[0]: row[1] for row in load.db.execute(query)})
    return found
