"""Overrides, waivers and exceptions: what left the ordinary course, by whom, when and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, null, or_, select

from fundops.audit import AuditEvent
from fundops.calls.models import Call
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.events import BLIND, Codes, actor
from fundops.exports.audit_book.owned import EVENT, owned_by
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Instant, Integer, Text
from fundops.exports.workbook import Control
from fundops.messages import text
from fundops.partners.models import PartnerAssessment
from fundops.payees.models import BankAccount
from fundops.proposals.models import EligibilityDecision, Proposal, SubmissionReceipt
from fundops.reports.models import ProgressReport

ACTIONS: dict[str, tuple[str, ...]] = {
    "waived": ("requirement.waived", "tranche_condition.waived"),
    "waiver_refused": ("requirement.waiver_refused", "tranche_condition.waiver_refused"),
    "held": ("payment_hold.placed", "bank_account.blocked", "grant.suspended"),
    "lifted": (
        "payment_hold.lifted", "bank_account.unblocked", "grant.resumed", "grant_suspension.ended",
    ),
    "sanctions_resolved": ("sanctions_check.resolved",),
    "reopened": (
        "proposal.reopened", "progress_report.returned", "expenditure_statement.returned",
        "assignment.returned", "disbursement.sent_back", "grant.restored", "lot.unmatched",
    ),
    "conflict": ("conflict.declared", "recusal.declared", "assignment.conflicted"),
    "reversed": ("receipt.reversed", "lot.reversed"),
    "rerouted": ("reservations.rerouted", "lot.reprogrammed", "lot.returned"),
    "extended": ("call.extended",),
    "promoted": (
        "board_item.promotion_asked", "board_item.promoted", "board_item.promotion_withdrawn",
    ),
    "written_off": ("instalment.written_off", "write_off.approved", "advance_write_off.approved"),
    "ended": (
        "pledge.cancelled", "agreement.cancelled", "grant.cancelled", "grant.terminated",
        "grant_termination.confirmed", "board.cancelled", "payment_batch.cancelled",
    ),
    "unpublished": ("release.withdrawn", "release.withheld"),
    "frozen": ("party.frozen", "party.restored"),
    "restated": ("grant.restated", "progress_report.withdrawn_by_source"),
    "disposed": ("audit.payload_disposed", "data.disposed"),
}  # fmt: skip
"""What counts as an exception, by kind: the actions of the audit chain that tell it."""


def _kinds() -> dict[str, ColumnElement[bool]]:
    """Return kind -> which events tell an exception of it."""
    found = {kind: EVENT.action.in_(actions) for kind, actions in ACTIONS.items()}
    overruled = select(EligibilityDecision.id).where(EligibilityDecision.is_override)
    found["eligibility"] = and_(
        EVENT.action == "eligibility.decided", EVENT.record_id.in_(overruled)
    )
    tiers = select(PartnerAssessment.id).where(PartnerAssessment.override_reason.is_not(None))
    found["tier"] = and_(EVENT.action == "partner_assessment.confirmed", EVENT.record_id.in_(tiers))
    urgent = select(BankAccount.id).where(BankAccount.origin == "emergency")
    found["emergency"] = and_(EVENT.action == "bank_account.approved", EVENT.record_id.in_(urgent))
    found["grace"] = and_(
        EVENT.action == "proposal.receipt_issued",
        exists().where(
            SubmissionReceipt.id == EVENT.record_id, Proposal.id == SubmissionReceipt.proposal_id,
            Call.id == Proposal.call_id, SubmissionReceipt.issued_at > Call.deadline_at,
        ),
    )  # fmt: skip
    found["late"] = and_(
        EVENT.action == "progress_report.submitted",
        exists().where(
            ProgressReport.id == EVENT.record_id, EVENT.recorded_at > ProgressReport.due_at
        ),
    )
    return found


def override_rows(book: Book) -> Iterator[Row]:
    """Yield the exceptions in scope in the order of the chain."""
    owned = owned_by(book)
    codes, kinds = Codes(book, owned), _kinds()
    kind = case(*((condition, name) for name, condition in kinds.items()), else_=null())
    query = select(
        EVENT.seq, EVENT.recorded_at, kind, EVENT.action, EVENT.record_type, EVENT.record_id,
        EVENT.person_id, EVENT.reason,
    )  # fmt: skip
    query = query.where(owned.events, or_(*kinds.values())).order_by(EVENT.seq)
    why = _reasons(book) if book.reader.knows_names else {}
    for seq, at, name, action, of, record_id, person_id, reason in book.db.execute(query):
        yield (
            seq, at, text(f"audit_book.overrides.kind.{name}", book.language), action, of,
            codes.of(of, record_id), None if record_id is None else str(record_id),
            actor(book, of, person_id),
            (why.get(record_id) or reason) if _tells_why(book, of) else None,
        )  # fmt: skip


def _tells_why(book: Book, kind: str) -> bool:
    """Return whether this reader reads why: what judges wrote names them."""
    return book.reader.knows_judges if kind in BLIND else book.reader.knows_names


def _reasons(book: Book) -> dict[Any, str]:
    """Return the reasons that stand in a register and not in its event."""
    query = select(PartnerAssessment.id, PartnerAssessment.override_reason)
    query = query.where(PartnerAssessment.override_reason.is_not(None))
    return {row[0]: str(row[1]) for row in book.db.execute(query)}


def override_controls(book: Book) -> Iterator[Control]:
    """Yield: as many exceptions as the chain has, kind by kind, and the sum of their numbers."""
    events = owned_by(book).events
    figures: list[Any] = []
    for condition in _kinds().values():
        numbers = case((condition, EVENT.seq))
        figures += [func.count(numbers), func.coalesce(func.sum(numbers), 0)]
    found = book.db.execute(select(*figures).select_from(AuditEvent).where(events)).one()
    yield counted(book, "overrides", count("overrides"), sum(map(int, found[::2])))
    figure = total("overrides", "seq")
    yield control(book, "overrides_numbers", figure, sum(map(int, found[1::2])), Integer())


OVERRIDES = Section(
    "overrides",
    (
        ("seq", Integer(), 10), ("recorded_at", Instant(), 20), ("kind", Text(), 40),
        ("action", Code(), 32), ("record_type", Code(), 24), ("record", Code(), 26),
        ("record_id", Text(), 38), ("person", Code(), 18), ("reason", Text(), 60),
    ),
    override_rows,
    controls=override_controls,
)  # fmt: skip
