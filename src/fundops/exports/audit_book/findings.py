"""Findings of audits with what settled them, and incidents without words, as known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, true

from fundops.disbursements.models import PaymentHold
from fundops.expenditures.models import Receivable
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Date, Integer, Money, Text
from fundops.exports.workbook import Control
from fundops.findings.incident_models import Incident, IncidentHold, IncidentNotice
from fundops.findings.models import (
    SETTLED_AS,
    AuditEngagement,
    AuditFinding,
    FindingEntry,
    FindingSettlement,
)
from fundops.grants.models import Grant

NOTHING: Row = (None, None, None, None, None, None, *(0 for _ in range(len(SETTLED_AS) + 2)))
"""What an audit without findings has in the columns from its grant's category on."""


def finding_rows(book: Book) -> Iterator[Row]:
    """Yield every finding raised by the day, and audits without any, by day and code.

    What a grantee at risk might be known by, words and references, is for readers who know names.
    """
    settled = _settled(book)
    found: dict[UUID, list[Any]] = defaultdict(list)
    for one in book.known("audit_finding", AuditFinding, *_raised(book)):
        found[one.engagement_id].append(one)
    grants, owed = book.grant_codes, _receivables(book)
    for audit in _engagements(book):
        head = (
            audit.code, audit.kind, audit.starts_on, audit.ends_on, audit.issued_on, audit.opinion,
            audit.reference if book.reader.knows_names else None,
        )  # fmt: skip
        own = sorted(found.get(audit.id, ()), key=lambda one: (one.raised_on, one.code))
        if not own:
            yield (*head, grants.get(audit.grant_id), None, *NOTHING, None, None)
        for one in own:
            yield (*head, grants.get(one.grant_id), one.code, *_finding(book, one, owed, settled))


def _finding(book: Book, one: Any, owed: dict[UUID, str], settled: dict[UUID, Counter[str]]) -> Row:
    amounts = settled[one.id]
    words = book.reader.knows_names
    return (
        one.category, one.priority, one.status, one.raised_on, one.local_currency,
        one.local_minor, one.questioned_minor, *(amounts[kind] for kind in SETTLED_AS),
        one.questioned_minor - sum(amounts.values()), owed.get(one.receivable_id),
        one.description if words else None,
    )  # fmt: skip


def _engagements(book: Book) -> list[Any]:
    """Return the audits issued by the day, in scope, as known, in order of their days."""
    found = book.known("audit_engagement", AuditEngagement, *_issued(book))
    return sorted(found, key=lambda one: (one.issued_on, one.code))


def _issued(book: Book) -> tuple[ColumnElement[bool], ...]:
    """Return which audits count: those of what is in scope, or with a finding on it."""
    scope = _of_scope(book, AuditEngagement.grant_id)
    if not book.is_whole:
        about = select(AuditFinding.engagement_id).where(*_raised(book))
        scope = scope | AuditEngagement.id.in_(about)
    return _own(book, AuditEngagement), scope, AuditEngagement.issued_on <= book.on


def _raised(book: Book) -> tuple[ColumnElement[bool], ...]:
    """Return which findings count: on what is in scope, known, and raised by the day."""
    return (
        _own(book, AuditFinding), _of_scope(book, AuditFinding.grant_id),
        AuditFinding.raised_on <= book.on, AuditFinding.id.in_(book.known_ids("audit_finding")),
    )  # fmt: skip


def _settled(book: Book) -> dict[UUID, Counter[str]]:
    """Return what entries by the day come to, by finding and kind."""
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    own = select(AuditFinding.id).where(_own(book, AuditFinding))
    for entry in book.known("finding_entry", FindingEntry, FindingEntry.finding_id.in_(own)):
        if entry.on_date <= book.on:
            found[entry.finding_id][entry.kind] += entry.amount_minor
    return found


def _receivables(book: Book) -> dict[UUID, str]:
    query = select(Receivable.id, Receivable.code).join(Grant, Grant.id == Receivable.grant_id)
    rows = book.db.execute(query.where(Grant.fund_id == book.fund.id))
    return {row[0]: row[1] for row in rows}


def _own(book: Book, model: Any) -> ColumnElement[bool]:
    return model.fund_id == book.fund.id  # type: ignore[no-any-return]


def _of_scope(book: Book, grant_id: Any) -> ColumnElement[bool]:
    """Return whether a record on a grant, or on none, is in scope: of a whole fund all are."""
    return true() if book.is_whole else grant_id.in_(book.grants)


def finding_controls(book: Book) -> Iterator[Control]:
    """Yield: what was questioned by the register, and what settled it by the settlements."""
    raised = _raised(book)
    zero = func.coalesce(func.sum(AuditFinding.questioned_minor), 0)
    rows, questioned = book.db.execute(select(func.count(), zero).where(*raised)).one()
    without = select(func.count()).where(
        *_issued(book), AuditEngagement.id.in_(book.known_ids("audit_engagement")),
        AuditEngagement.id.not_in(select(AuditFinding.engagement_id).where(*raised)),
    )  # fmt: skip
    audits = book.db.execute(without).scalar_one()
    yield counted(book, "findings", count("findings"), int(rows) + int(audits))
    yield control(book, "findings_questioned", total("findings", "questioned"), int(questioned))
    settled = _settlements(book, raised)
    for kind in SETTLED_AS:
        yield control(book, f"findings_{kind}", total("findings", kind), settled[kind])
    pending = int(questioned) - sum(settled.values())
    yield control(book, "findings_pending", total("findings", "pending"), pending)
    currency: Any = AuditFinding.local_currency
    query = select(currency, func.sum(AuditFinding.local_minor)).where(
        *raised, currency.is_not(None)
    )
    for code, amount in book.db.execute(query.group_by(currency).order_by(currency)):
        local = total("findings", "local", {"currency": code})
        kind_of = Money(currency=code)
        yield control(book, "findings_local", local, int(amount), kind_of, currency=code)


def _settlements(book: Book, raised: tuple[Any, ...]) -> Counter[str]:
    """Return what accepted settlements come to by kind, without their entries' amounts."""
    signed = case(
        (FindingSettlement.reverses_id.is_(None), FindingSettlement.amount_minor),
        else_=-FindingSettlement.amount_minor,
    )
    entered = select(FindingEntry.settlement_id).where(
        FindingEntry.id.in_(book.known_ids("finding_entry"))
    )
    query = (
        select(FindingSettlement.kind, func.sum(signed))
        .join(AuditFinding, AuditFinding.id == FindingSettlement.finding_id)
        .where(
            *raised, FindingSettlement.id.in_(entered), FindingSettlement.on_date <= book.on
        )
        .group_by(FindingSettlement.kind)
    )  # fmt: skip
    return Counter({kind: int(amount) for kind, amount in book.db.execute(query)})


def incident_rows(book: Book) -> Iterator[Row]:
    """Yield incidents reported by the day, without words; none to who may not read them all.

    Not even how many there are is told to others: of one grant, a number says as much as a name.
    """
    if not book.reader.reads_incidents:
        return
    of_fund = select(Incident.id).where(_own(book, Incident))
    links = book.known("incident_hold", IncidentHold, IncidentHold.incident_id.in_(of_fund))
    placed = select(IncidentHold.hold_id).where(IncidentHold.incident_id.in_(of_fund))
    known = book.known("payment_hold", PaymentHold, PaymentHold.id.in_(placed))
    lifted = {one.id: one.lifted_at for one in known}
    holds: dict[UUID, list[bool]] = defaultdict(list)
    for link in links:
        if link.created_at <= book.ends_at:
            ended = lifted.get(link.hold_id)
            holds[link.incident_id].append(ended is None or ended > book.ends_at)
    notices: dict[UUID, list[Any]] = defaultdict(list)
    for notice in book.known("incident_notice", IncidentNotice, _own(book, IncidentNotice)):
        if notice.created_at <= book.ends_at:
            notices[notice.incident_id].append(notice)
    found = [
        one
        for one in book.known("incident", Incident, *_incidents(book))
        if one.reported_on <= book.on
    ]
    for one in sorted(found, key=lambda one: (one.reported_on, one.code)):
        owed = notices[one.id]
        sent = [n for n in owed if n.sent_at is not None and n.sent_at <= book.ends_at]
        yield (
            one.code, one.kind, book.grant_codes.get(one.grant_id), one.reported_on, one.status,
            one.outcome, len(holds[one.id]), sum(holds[one.id]), len(owed), len(sent),
            min((n.due_on for n in owed if n not in sent), default=None),
        )  # fmt: skip


def _incidents(book: Book) -> tuple[ColumnElement[bool], ...]:
    return _own(book, Incident), _of_scope(book, Incident.grant_id)


def incidents_told(book: Book) -> list[UUID]:
    """Return the incidents that a workbook tells of: who has it has read them."""
    if not book.reader.reads_incidents:
        return []
    query = select(Incident.id).where(
        *_incidents(book), Incident.id.in_(book.known_ids("incident")),
        Incident.reported_on <= book.on,
    )  # fmt: skip
    return list(book.db.execute(query).scalars())


def incident_controls(book: Book) -> Iterator[Control]:
    """Yield: rows, counted in the register."""
    known = Incident.id.in_(book.known_ids("incident"))
    query = select(func.count()).where(*_incidents(book), known, Incident.reported_on <= book.on)
    rows = int(book.db.execute(query).scalar_one()) if book.reader.reads_incidents else 0
    yield counted(book, "incidents", count("incidents"), rows)


FINDINGS = Section(
    "findings",
    (
        ("engagement", Code(), 18), ("kind", Code(), 18), ("starts_on", Date(), 12),
        ("ends_on", Date(), 12), ("issued_on", Date(), 12), ("opinion", Code(), 14),
        ("reference", Text(), 20), ("grant", Code(), 26), ("finding", Code(), 18),
        ("category", Code(), 18), ("priority", Code(), 10), ("status", Code(), 11),
        ("raised_on", Date(), 12), ("currency", Code(), 10),
        ("local", Money(currency_from="currency"), 18), ("questioned", Money(), 18),
        *((kind, Money(), 18) for kind in SETTLED_AS),
        (
            "pending",
            Computed("{questioned}-" + "-".join(f"{{{kind}}}" for kind in SETTLED_AS), Money()),
            18,
        ),
        ("receivable", Code(), 20), ("description", Text(), 60),
    ),
    finding_rows,
    totals=("questioned", *SETTLED_AS, "pending"),
    controls=finding_controls,
)  # fmt: skip
INCIDENTS = Section(
    "incidents",
    (
        ("incident", Code(), 18), ("kind", Code(), 20), ("grant", Code(), 26),
        ("reported_on", Date(), 12), ("status", Code(), 14), ("outcome", Code(), 18),
        ("holds", Integer(), 8), ("open_holds", Integer(), 10), ("notices", Integer(), 9),
        ("sent", Integer(), 8), ("due_on", Date(), 12),
    ),
    incident_rows,
    controls=incident_controls,
)  # fmt: skip
