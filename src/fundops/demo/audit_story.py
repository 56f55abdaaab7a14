"""The chapter of the audit: a report with two findings, a sample of payments, and a suspicion.

The auditors come in the last days of the story, so the clock is set to when each step is taken.
Nothing stays frozen: the hold that the suspicion placed is lifted by somebody else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from fundops import clock
from fundops.authz import Role
from fundops.demo.people import a_player
from fundops.demo.stage import usd
from fundops.disbursements import holds
from fundops.disbursements.models import PaymentHold
from fundops.findings import incidents, owed_notices, settling
from fundops.findings import service as findings
from fundops.findings.incident_models import Incident, IncidentHold, IncidentNotice
from fundops.findings.incident_schemas import AssessIn, IncidentIn, NoticeSentIn
from fundops.findings.models import AuditFinding, FindingSettlement
from fundops.findings.schemas import AnswerIn, AuditFindingIn, EngagementIn, SettlementIn
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Person
from fundops.samples import queries
from fundops.samples import service as samples
from fundops.samples.models import AuditSample
from fundops.samples.schemas import AuditSampleIn, SampleResultIn

if TYPE_CHECKING:
    from fundops.demo.stage import Story

RENT: dict[str, Any] = {
    "category": "no_documents", "priority": "high", "questioned": usd("4200.00"),
    "questioned_local": {"amount": "579600.00", "currency": "NPR"},
    "description": "No contract and no receipts for the rent of the second office.",
    "recommendation": "Send the contract and the receipts, or return the money.",
}  # fmt: skip
FARES: dict[str, Any] = {
    "category": "weak_documents",
    "priority": "low",
    "questioned": usd("310.00"),
    "description": "Fares to the court are listed by week, without tickets.",
    "recommendation": "Keep a list by journey, signed by who travelled.",
}
SAMPLE: dict[str, Any] = {
    "population": "disbursements", "method": "monetary_unit", "seed": "demonstration",
    "risk": "0.37", "risk_reason": "Every payment has four signatures and a line at the bank.",
    "tolerable": usd("80000.00"), "tolerable_reason": "A fifth of what was paid so far.",
    "expected": usd("0.00"), "expected_reason": "Nothing was found before.",
}  # fmt: skip
TOO_HIGH = (30000, "The grantee's bank received 300.00 less than was paid.")
"""By how many cents one item of the sample is too high, and why."""
SUSPICION = "Two invoices of the same shop have the same number."


def tell_audit(story: Story, begins: datetime) -> None:
    """Tell the chapter; the clock is the caller's to set free."""
    with story.step() as db:
        story.reviewing = a_player(db, Role.AUDITOR, "Second auditor")
    for number, part in ((57, _find), (58, _sample), (59, _suspect)):
        _set_clock(begins + timedelta(days=number))
        part(story)


def _set_clock(instant: datetime) -> None:
    clock.set_clock(lambda: instant)


def _find(story: Story) -> None:
    """Record an audit; one finding is answered and settled in part, the other one waits."""
    auditor = story.players[Role.AUDITOR].actor
    given = EngagementIn.model_validate(
        {"fund_id": story.book.id, "kind": "financial_audit", "opinion": "qualified",
         "starts_on": "2025-08-01", "ends_on": "2025-10-31", "issued_on": "2025-12-15",
         "reference": "AR-3"}
    )  # fmt: skip
    with story.step() as db:
        fund, grant = db.get_one(Fund, story.book.id), db.get_one(Grant, story.grants["legal"].id)
        made = findings.record(db, auditor, fund, grant, given)
        rent, _ = (
            findings.raise_finding(
                db, auditor, fund, grant, made, AuditFindingIn.model_validate(one)
            )
            for one in (RENT, FARES)
        )
    answer = AnswerIn(
        response="The landlord gives receipts by quarter; the first one is here.",
        agreed_action="Send the contract and the other receipts.", due_on=None,
    )  # fmt: skip
    with story.step() as db:
        finding = db.get_one(AuditFinding, rent.id)
        findings.answer(db, story.directors["legal"].actor, finding, answer)
    support = SettlementIn.model_validate(
        {"kind": "supported", "amount": usd("2700.00"), "reason": "Receipt of a quarter seen."}
    )
    with story.step() as db:
        fund, grant = db.get_one(Fund, story.book.id), db.get_one(Grant, story.grants["legal"].id)
        finding = db.get_one(AuditFinding, rent.id)
        proposed = settling.propose(db, story.finance, fund, grant, finding, support)
    with story.step() as db:
        fund, grant = db.get_one(Fund, story.book.id), db.get_one(Grant, story.grants["legal"].id)
        finding = db.get_one(AuditFinding, rent.id)
        held = db.get_one(FindingSettlement, proposed.id)
        settling.accept(db, story.approver, fund, grant, finding, held)


def _sample(story: Story) -> None:
    """Draw a sample of payments, fill it in, evaluate it; the second auditor reviews it."""
    auditor = story.players[Role.AUDITOR].actor
    given = AuditSampleIn.model_validate(SAMPLE | {"fund_id": story.book.id})
    with story.step() as db:
        made = samples.draft(db, auditor, given)
    with story.step() as db:
        samples.draw_items(db, auditor, db.get_one(AuditSample, made.id))
    with story.step() as db:
        drawn = queries.all_items(db, made.id)
        smallest = min(drawn, key=lambda one: (one.amount_minor, one.number)).number
        wrong, remark = TOO_HIGH
        found = [
            SampleResultIn(number=one.number, audited_minor=one.amount_minor - wrong, remark=remark)
            if one.number == smallest
            else SampleResultIn(number=one.number, audited_minor=one.amount_minor)
            for one in drawn
        ]
        samples.record_results(db, auditor, db.get_one(AuditSample, made.id), found)
    with story.step() as db:
        samples.evaluate(db, auditor, db.get_one(AuditSample, made.id))
    with story.step() as db:
        assert story.reviewing is not None
        sample = db.get_one(AuditSample, made.id)
        samples.decide(db, story.reviewing.actor, sample, "review", None)


def _suspect(story: Story) -> None:
    """Report a suspicion that turns out to be none; payments stop until it does."""
    given = IncidentIn.model_validate(
        {"fund_id": story.book.id, "grant_id": story.grants["legal"].id, "kind": "fraud",
         "summary": SUSPICION}
    )  # fmt: skip
    with story.step() as db:
        fund, grant = db.get_one(Fund, story.book.id), db.get_one(Grant, story.grants["legal"].id)
        incident_id = incidents.report(db, story.finance, fund, grant, given)[0].id
    look = AssessIn(
        kind=None, assessment="The invoices are of two months.", hold=True, tell_donors=None,
        tell_until=None,
    )  # fmt: skip
    with story.step() as db:
        fund, incident = db.get_one(Fund, story.book.id), db.get_one(Incident, incident_id)
        incidents.assess(db, story.manager, fund, incident, look)
        handler = db.get_one(Person, story.approver.person_id).code
        incidents.name_handler(db, story.manager, incident, handler)
    with story.step() as db:
        owed = select(IncidentNotice).where(IncidentNotice.incident_id == incident_id)
        for number, notice in enumerate(db.execute(owed.order_by(IncidentNotice.id)).scalars(), 1):
            letter = NoticeSentIn(how="letter", reference=f"Letter {number}")
            owed_notices.send(db, story.manager, notice, letter)
    with story.step() as db:
        incident = db.get_one(Incident, incident_id)
        told = "The shop had written one number twice; it has sent both invoices again."
        incidents.investigate(db, story.approver, incident, told)
    with story.step() as db:
        placed = select(PaymentHold).join(IncidentHold, IncidentHold.hold_id == PaymentHold.id)
        hold = db.execute(placed.where(IncidentHold.incident_id == incident_id)).scalar_one()
        holds.lift(db, story.approver, hold, "Looked into: payments may go on.")
        incident = db.get_one(Incident, incident_id)
        incidents.close(db, story.approver, incident, "not_substantiated", "Nothing is missing.")
