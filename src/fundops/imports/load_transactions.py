"""Commitments, payments and refunds of projects: the award to the cent, and what was paid of it.

The list of projects may have budgets without their cents; the commitment is exact, so the award is
restated to it. What was paid beyond the commitment is added to the award as an imported
adjustment, and a reservation is dated no later than the first payment: money that was paid had
been awarded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from fundops import clock, money
from fundops.audit import Entry
from fundops.disbursements.models import Disbursement
from fundops.grants.models import ENDED, Grant, Refund
from fundops.ids import uuid7
from fundops.imports import steps
from fundops.imports.compare import Stored
from fundops.imports.context import Batched, Load, edit, fit, new_row, rows_of
from fundops.imports.draws import Restatement, draw, is_drawn, take_back
from fundops.imports.records import TransactionRecord
from fundops.imports.registers import open_funds
from fundops.ledger.models import Fund
from fundops.lifecycle import advance
from fundops.messages import text

CODE_CHARS = 80
REFERENCE_CHARS = 140


@dataclass(frozen=True)
class Line:
    """One transaction, from the snapshot or, where that has no readable row, from before."""

    key: str
    kind: str
    ref: str
    on: date
    amount_minor: int
    record: TransactionRecord | None = None


@dataclass
class Project:
    """All transactions of one project, and the stored ones that led to its records."""

    lines: list[Line] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    is_touched: bool = False

    def of(self, kind: str) -> list[Line]:
        """Return the transactions of one kind, in order of date."""
        return sorted((x for x in self.lines if x.kind == kind), key=lambda x: (x.on, x.key))


def load_transactions(load: Load) -> None:
    """Bring awards, disbursements and refunds to what the snapshot says."""
    records = [r for r in load.batch.records if isinstance(r, TransactionRecord)]
    open_funds(load, records)
    if load.is_stopped:
        return
    projects = _projects(load, records)
    codes = {code[:120] for _, code in projects}
    grants = {
        (grant.fund_id, grant.source_code): grant
        for grant in rows_of(load.db, Grant, Grant.source_code, codes)
    }
    loading = _Loading(load, grants.values())
    for (fund_code, code), project in sorted(projects.items()):
        grant = grants.get((load.funds[fund_code].id, code[:120]))
        if grant is None or grant.status == "cancelled":
            reason = "project_unknown" if grant is None else "project_cancelled"
            for line in project.lines:
                if line.record is not None:
                    load.refuse(reason, line.record)
        elif project.is_touched:
            _OneGrant(loading, grant, project).change()
    loading.write()


def _projects(load: Load, records: Sequence[TransactionRecord]) -> dict[tuple[str, str], Project]:
    compared = load.compared
    projects: dict[tuple[str, str], Project] = defaultdict(Project)
    for record in records:
        fund = load.funds[record.fund_code]
        if record.on > clock.today(fund.zone):
            load.refuse("paid_in_future", record, on=record.on)
            continue
        line = Line(record.key, record.kind, record.ref, record.on, record.amount_minor, record)
        projects[record.fund_code, record.project_code].lines.append(line)
    for one in compared.stored.values():
        project = projects[one.fields["fund_code"], one.fields["project_code"]]
        project.stored.append(one)
    for one in compared.kept:
        projects[one.fields["fund_code"], one.fields["project_code"]].lines.append(_line(one))
    for new in compared.added:
        assert isinstance(new, TransactionRecord)
        projects[new.fund_code, new.project_code].is_touched = True
    for one in (*compared.missing, *(change.stored for change in compared.changed)):
        projects[one.fields["fund_code"], one.fields["project_code"]].is_touched = True
    _find_funds(load, projects)
    return projects


def _find_funds(load: Load, projects: Iterable[tuple[str, str]]) -> None:
    """Projects that are gone altogether may be of a fund that the snapshot does not name."""
    missing = {fund for fund, _ in projects} - load.funds.keys()
    load.funds.update({f.code: f for f in rows_of(load.db, Fund, Fund.code, missing)})


def _line(stored: Stored) -> Line:
    facts = stored.fields
    return Line(
        stored.key, facts["kind"], facts["ref"], date.fromisoformat(facts["on"]),
        facts["amount_minor"],
    )  # fmt: skip


class _Loading:
    """What many grants' transactions come to, written together."""

    def __init__(self, load: Load, grants: Iterable[Grant]) -> None:
        self.load = load
        self.out = Batched(load)
        self.places: dict[UUID, int] = {}
        self.restated: list[Restatement] = []
        self.paid: dict[UUID, list[Disbursement]] = defaultdict(list)
        self.refunds: dict[UUID, list[Refund]] = defaultdict(list)
        ids = [grant.id for grant in grants]
        for paid in rows_of(load.db, Disbursement, Disbursement.grant_id, ids):
            self.paid[paid.grant_id].append(paid)
        for back in rows_of(load.db, Refund, Refund.grant_id, ids):
            self.refunds[back.grant_id].append(back)

    def write(self) -> None:
        """Write the rows and events, then draw."""
        if self.load.is_stopped:
            return
        seqs = self.out.write()
        own = {record_id: seqs[place] for record_id, place in self.places.items()}
        awards = take_back(self.load, self.restated, own)
        draw(self.load, [award for award in awards if is_drawn(award)])


class _OneGrant:
    """One grant brought to what its project's transactions say."""

    def __init__(self, loading: _Loading, grant: Grant, project: Project) -> None:
        self.loading, self.load = loading, loading.load
        self.grant, self.project = grant, project
        self.payments, self.refunds = project.of("disbursement"), project.of("reimbursement")
        self.paid = {paid.id: paid for paid in loading.paid[grant.id]}
        self.given = {back.id: back for back in loading.refunds[grant.id]}
        self.withdrawn = False
        self.is_new = False

    def change(self) -> None:
        """Change the payments and refunds, then the award."""
        self.refunds = self._covered()
        for line in self.project.of("commitment"):
            self.load.link(line.key, "grant", self.grant.id)
        self._match(self.payments, "disbursement", self.paid)
        self._match(self.refunds, "refund", self.given)
        self._award()

    @property
    def reason(self) -> str:
        """Why the grant changes."""
        record = next((x.record for x in self.project.lines if x.record is not None), None)
        if record is None:
            return text("loading.reason.missing", code=self.grant.code)
        return text("loading.reason.snapshot", file=record.file, row=record.row)

    def _covered(self) -> list[Line]:
        """Return the refunds that do not exceed what was paid by then; set the others aside."""
        kept: list[Line] = []
        for line in self.refunds:
            paid = sum(x.amount_minor for x in self.payments if x.on <= line.on)
            back = sum(x.amount_minor for x in kept)
            if back + line.amount_minor <= paid or line.record is None:
                kept.append(line)
            else:
                self.load.refuse("refund_over_paid", line.record)
        return kept

    def _match(self, lines: Sequence[Line], record_type: str, rows: dict[UUID, Any]) -> None:
        """Keep the rows that stand, withdraw those that do not, and add what is new."""
        stored = {s.key: s for s in self.project.stored if s.record_type == record_type}
        wanted = {line.key: line for line in lines}
        for key, one in stored.items():
            row, line = rows.get(one.record_id), wanted.get(key)
            if row is None or row.status not in ("paid", "booked"):
                continue
            if line is not None and _same(line, row):
                self.load.link(key, record_type, row.id)
                del wanted[key]
            else:
                self._withdraw(record_type, row)
        number = _last_number(rows.values())
        for line in wanted.values():
            number += 1
            self._add(record_type, line, number)

    def _withdraw(self, record_type: str, row: Any) -> None:
        names = ("status", "paid_on") if record_type == "disbursement" else ("status",)
        before = {name: getattr(row, name) for name in names}
        if record_type == "disbursement":
            advance(row, steps.DISBURSEMENTS, "withdraw")
            row.paid_on = None
        else:
            advance(row, steps.REFUNDS, "withdraw")
        after = {name: getattr(row, name) for name in names}
        self.loading.out.note(
            Entry(
                f"{record_type}.withdrawn", record_type, row.id, self.grant.fund_id, self.reason,
                before, after,
            )
        )  # fmt: skip
        self.withdrawn = True

    def _add(self, record_type: str, line: Line, number: int) -> None:
        model, row = (
            (Disbursement, self._paid_row(line, number))
            if record_type == "disbursement"
            else (Refund, self._refund_row(line, number))
        )
        reason = self.load.reason(line.record) if line.record else self.reason
        self.loading.places[row["id"]] = self.loading.out.add(
            model, record_type, f"{record_type}.imported", row, fund_id=self.grant.fund_id,
            reason=reason,
        )  # fmt: skip
        self.load.link(line.key, record_type, row["id"])
        self.is_new = True

    def _paid_row(self, line: Line, number: int) -> dict[str, Any]:
        return new_row(
            Disbursement,
            id=uuid7(),
            code=fit(self.grant.code, f"/D{number}", CODE_CHARS),
            grant_id=self.grant.id,
            amount_minor=line.amount_minor,
            requested_on=line.on,
            paid_on=line.on,
            reference=line.ref[:REFERENCE_CHARS],
            status="paid",
        )

    def _refund_row(self, line: Line, number: int) -> dict[str, Any]:
        return new_row(
            Refund,
            id=uuid7(),
            code=fit(self.grant.code, f"/F{number}", CODE_CHARS),
            grant_id=self.grant.id,
            amount_minor=line.amount_minor,
            received_on=line.on,
            reference=line.ref[:REFERENCE_CHARS],
            status="booked",
        )

    def _award(self) -> None:
        grant = self.grant
        by_hand = _by_hand(self.project, self.paid.values(), "paid")
        paid = sum(line.amount_minor for line in self.payments) + by_hand
        back = sum(line.amount_minor for line in self.refunds)
        back += _by_hand(self.project, self.given.values(), "booked")
        commitments = [x.amount_minor for x in self.project.of("commitment")]
        committed = sum(commitments) or grant.awarded_minor - grant.adjusted_minor
        excess = max(paid + grant.requested_minor - committed, 0)
        first = min((line.on for line in self.payments), default=grant.awarded_on)
        before, after = edit(
            grant,
            {
                "awarded_on": min(grant.awarded_on, first),
                "awarded_minor": committed + excess,
                "adjusted_minor": excess,
                "paid_minor": paid,
                "refunded_minor": back,
            },
        )
        if excess and "adjusted_minor" in after:
            amount = money.display(excess, self._currency())
            self.load.warn("paid_over_award", self._last(), code=grant.code, amount=amount)
        if "awarded_on" in after:
            self.load.warn("reserved_earlier", self._last(), code=grant.code, on=first)
        moved = {"awarded_on", "awarded_minor"} & after.keys()
        redraws = bool(moved) or self.withdrawn or (grant.status in ENDED and self.is_new)
        if after or self.withdrawn or self.is_new:
            self.loading.restated.append(Restatement(grant.id, self.reason, before, after, redraws))

    def _currency(self) -> str:
        return self.load.profile.currency

    def _last(self) -> TransactionRecord | None:
        return self.payments[-1].record if self.payments else None


def _same(line: Line, row: Any) -> bool:
    """Return whether a payment or refund is what its line says."""
    on = row.paid_on if isinstance(row, Disbursement) else row.received_on
    reference = line.ref[:REFERENCE_CHARS]
    return (line.amount_minor, line.on, reference) == (row.amount_minor, on, row.reference)


def _by_hand(project: Project, rows: Iterable[Any], status: str) -> int:
    """Return what was paid or refunded by records that no import made."""
    ours = {one.record_id for one in project.stored}
    return sum(row.amount_minor for row in rows if row.status == status and row.id not in ours)


def _last_number(rows: Iterable[Any]) -> int:
    endings = [row.code.rpartition("/")[2][1:] for row in rows]
    return max((int(ending) for ending in endings if ending.isdigit()), default=0)
