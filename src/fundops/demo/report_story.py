"""The chapter of what the money changed: reports, expenditure in pesos, results, a release.

Two reports stand between a grantee and its last tranche. One of them is sent back and comes again;
another officer accepts both. What was accepted then leaves the fund as a release, and as nothing
else. It all happens in the weeks after the call, so the clock is set to when each step is taken.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Role
from fundops.demo.people import a_player
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant
from fundops.grants.schedule_models import Requirement
from fundops.ledger.models import Fund
from fundops.proposals.receipts import Signs
from fundops.releases import service as releases
from fundops.releases.drafting import Thresholds
from fundops.releases.models import Release
from fundops.releases.schemas import ResultReleaseIn
from fundops.reports import deciding, drafts, evidence, local_receipts, submission
from fundops.reports.content import ReportDraftIn
from fundops.reports.evidence_schemas import ReportEvidenceIn
from fundops.reports.local_schemas import LocalReceiptIn
from fundops.reports.models import ProgressReport
from fundops.reports.schemas import ReportCommentIn
from fundops.reports.spending_schemas import CertificationIn
from fundops.vault import Vault

if TYPE_CHECKING:
    from fundops.demo.stage import Story

RESULTS: dict[str, list[dict[str, Any]]] = {
    "shelter": [{"indicator": "4.4", "target": 120}, {"indicator": "4.7", "target": 9000}],
}
"""What a grant's agreement plans, where it is more than the victims it will assist."""

EXCHANGED = (
    ("2025-08-06", "126000.00", "2025-08-08", "7182000.00"),
    ("2026-01-14", "60000.00", "2026-01-16", "3480000.00"),
)
"""Paid on, dollars, received on, pesos."""

SPENT: dict[str, Any] = {
    "currency": "PHP", "method": "first_in_first_out",
    "expenditure": [
        {"line": 1, "amount": "2280000.00", "requested": "16000.00",
         "note": "House mothers and counsellors in all three ports"},
        {"line": 2, "amount": "1026000.00", "requested": "8000.00",
         "note": "Rent, water, and the boat to the third port"},
    ],
}  # fmt: skip

_HELPED: dict[str, Any] = {
    "result": 1, "numerator": 58,
    "breakdown": {
        "sex_age": {"female.12_17": 12, "female.18_24": 21, "female.25_59": 16,
                    "male.18_24": 4, "unknown.unknown": 5},
        "exploitation": {"sexual_exploitation": 24, "domestic_servitude": 17, "fishing": 4,
                         "not_known": 13},
        "group": {"women": 37, "girls": 12, "migrant_workers": 23, "unknown": 9},
    },
}  # fmt: skip
_NIGHTS: dict[str, Any] = {
    "result": 2, "numerator": 3412,
    "breakdown": {"sex_age": {"female.12_17": 860, "female.18_24": 1204, "female.25_59": 936,
                              "male.18_24": 112, "unknown.unknown": 300}},
}  # fmt: skip
TOLD: dict[str, Any] = {
    "narrative": {"4": "Two houses were open all half-year; the third opened in November."},
    "challenges": "The ferry to the third port did not sail for five weeks after the storm.",
    "lessons": "Keep a month of supplies in each house before the rains.",
    "risks": "The landlord of the second house wants to sell it.",
    "results": [_HELPED, _NIGHTS],
}
COMMENT = "How many were there in the third house, and who looked after them in the first weeks?"
ANSWERED = (
    "Two houses were open all half-year; the third opened in November with room for eight, and "
    "two house mothers of the first house stayed there until January."
)
UNDER_REVIEW: dict[str, Any] = {
    "narrative": {
        "4": "Paralegals went with survivors to the police, to court and to the labour office.",
        "5": "Of nine claims for compensation, two were heard.",
    },
    "challenges": "The district court was closed for half of the period.",
    "lessons": "A claim that is filed before the criminal trial ends is heard sooner.",
    "risks": "Employers press survivors to settle out of court.",
    "results": [
        {"result": 1, "numerator": 33, "breakdown": {
            "sex_age": {"female.18_24": 14, "female.25_59": 12, "unknown.unknown": 7},
            "exploitation": {"domestic_work": 15, "construction": 11, "not_known": 7},
            "group": {"migrant_workers": 26, "unknown": 7}}},
    ],
}  # fmt: skip
RELEASED_AS_OF = date(2026, 3, 31)


class _Chapter:
    """Who reports and who reads it, and the keys they need."""

    def __init__(self, story: Story, signer: Signs, vault: Vault, begins: datetime) -> None:
        self.story, self.signer, self.vault, self.begins = story, signer, vault, begins

    def day(self, number: float) -> None:
        """Set the clock to so many days after the story's beginning."""
        instant = self.begins + timedelta(days=number)
        clock.set_clock(lambda: instant)

    def start(self, key: str, actor: Actor, kind: str, ends_on: date) -> UUID:
        """Start the report that a requirement of a grant asks for."""
        with self.story.step() as db:
            grant = db.get_one(Grant, self.story.grants[key].id)
            query = select(Requirement).where(
                Requirement.grant_id == grant.id, Requirement.kind == kind,
                Requirement.period_to_on == ends_on,
            )  # fmt: skip
            asked = db.execute(query).scalar_one()
            fund = db.get_one(Fund, self.story.book.id)
            report = drafts.start(db, actor, fund, grant, asked)
            self.story.reports[f"{key} {report.number}"] = report
            return report.id

    def send(self, report_id: UUID, actor: Actor, content: dict[str, Any]) -> None:
        """Save a draft, and submit it."""
        with self.story.step() as db:
            report, grant = _found(db, report_id)
            given = ReportDraftIn.model_validate(content)
            said = drafts.cleaned(db, actor, report, grant, given, self.vault)
            number = drafts.save(db, actor, report, said).number
            certified = CertificationIn(
                expenditure=report.asks_expenditure, request=report.asks_expenditure
            )
            submission.submit(
                db, actor, report, grant, number, certified, at=clock.now(), signer=self.signer
            )

    def accept(self, report_id: UUID, officer: Actor) -> None:
        """Accept what was submitted last."""
        with self.story.step() as db:
            report, grant = _found(db, report_id)
            assert report.submitted_number is not None
            deciding.accept(
                db, officer, report, grant, number=report.submitted_number, lines=(),
                keys=self.vault,
            )  # fmt: skip


def _found(db: Session, report_id: UUID) -> tuple[ProgressReport, Grant]:
    report = db.get_one(ProgressReport, report_id)
    return report, db.get_one(Grant, report.grant_id)


def tell_reports(story: Story, signer: Signs, vault: Vault, begins: datetime) -> None:
    """Tell the chapter; the clock is the caller's to set free."""
    chapter = _Chapter(story, signer, vault, begins)
    chapter.day(45)
    with story.step() as db:
        second = a_player(db, Role.GRANT_OFFICER, "Second grant officer").actor
        their_id = story.parties["legal"].id
        lawyers = a_player(db, Role.GRANTEE, "Grantee's reporting officer", their_id).actor
    _exchange(chapter)
    _money(chapter, second)
    _results(chapter, second)
    chapter.day(53)
    waiting = chapter.start("legal", lawyers, "narrative_report", date(2026, 1, 31))
    chapter.send(waiting, lawyers, UNDER_REVIEW)
    chapter.day(54)
    theirs = story.players[Role.GRANTEE].actor
    chapter.start("shelter", theirs, "narrative_report", date(2026, 7, 31))
    _release(chapter)


def _exchange(chapter: _Chapter) -> None:
    """Let the shelter declare what its bank gave for what it was paid."""
    story = chapter.story
    theirs = story.players[Role.GRANTEE].actor
    with story.step() as db:
        fund, grant = (
            db.get_one(Fund, story.book.id),
            db.get_one(Grant, story.grants["shelter"].id),
        )
        for paid_on, dollars, received_on, pesos in EXCHANGED:
            query = select(Disbursement).where(
                Disbursement.grant_id == grant.id,
                Disbursement.paid_on == date.fromisoformat(paid_on),
            )
            given = LocalReceiptIn.model_validate(
                {"received_on": received_on,
                 "exchanged": {"amount": dollars, "currency": "USD"},
                 "received": {"amount": pesos, "currency": "PHP"}}
            )  # fmt: skip
            payment = db.execute(query).scalar_one()
            local_receipts.declare(db, theirs, fund, grant, payment, given)


def _money(chapter: _Chapter, second: Actor) -> None:
    """Report what was spent, in pesos; it is accepted as reported."""
    theirs = chapter.story.players[Role.GRANTEE].actor
    report_id = chapter.start("shelter", theirs, "financial_report", date(2026, 1, 31))
    chapter.send(report_id, theirs, SPENT)
    chapter.day(46)
    chapter.accept(report_id, second)


def _results(chapter: _Chapter, second: Actor) -> None:
    """Report what was reached: returned with a comment, sent again, accepted by somebody else."""
    story = chapter.story
    theirs = story.players[Role.GRANTEE].actor
    chapter.day(47)
    report_id = chapter.start("shelter", theirs, "narrative_report", date(2026, 1, 31))
    with story.step() as db:
        report, grant = _found(db, report_id)
        given = ReportEvidenceIn.model_validate({"result": 1, "register_number": "R-2026-01"})
        evidence.add(db, theirs, report, grant, given, chapter.vault)
    chapter.send(report_id, theirs, TOLD)
    chapter.day(49)
    with story.step() as db:
        report, grant = _found(db, report_id)
        assert report.submitted_number is not None
        comment = ReportCommentIn.model_validate({"pointer": "/narrative/4", "comment": COMMENT})
        deciding.send_back(
            db, story.officer, report, grant, number=report.submitted_number,
            reason="Please say more of the third house.", comments=[comment], keys=chapter.vault,
        )  # fmt: skip
    chapter.day(51)
    chapter.send(report_id, theirs, TOLD | {"narrative": {"4": ANSWERED}})
    chapter.day(52)
    chapter.accept(report_id, second)


def _release(chapter: _Chapter) -> None:
    """Publish what was accepted, for everybody; one draws it up, another lets it out."""
    story = chapter.story
    settings = story.database.settings
    limits = Thresholds(settings.release_threshold_outside, settings.release_threshold_inside)
    given = ResultReleaseIn.model_validate(
        {"fund_id": story.book.id, "class_name": "outside", "as_of_on": RELEASED_AS_OF,
         "indicators": ["4.4", "4.7"]}
    )  # fmt: skip
    chapter.day(55)
    with story.step() as db:
        fund = db.get_one(Fund, story.book.id)
        drawn = releases.draft(db, fund, given, limits)
        made = releases.prepare(db, story.officer, fund, given, drawn, limits.outside)
    chapter.day(56)
    with story.step() as db:
        story.release = releases.publish(db, story.manager, db.get_one(Release, made.id))
