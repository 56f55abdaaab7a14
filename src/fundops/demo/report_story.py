"""The chapter of what the money changed: reports, expenditure in rupees, results, a release.

A report stands between a grantee and its next tranche. It is sent back and comes again; another
officer accepts it, and the tranche is paid. What was reached is accepted as well and leaves the
fund as a release, and as nothing else. It all happens in the weeks after the call, so the clock is
set to when each step is taken.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Role
from fundops.demo.pay_story import pay_tranche
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

RECEIVED = ("2025-08-11", "90000.00", "12420000.00")
"""When the first tranche was exchanged, how many dollars, for how many rupees."""

FIRST_QUARTER: dict[str, Any] = {
    "narrative": {
        "4": "Two offices opened beside the labour market; paralegals are there every morning.",
        "5": "The first four claims for compensation were filed.",
    },
    "challenges": "The district court was closed for five weeks after the floods.",
    "lessons": "A claim that is filed before the criminal trial ends is heard sooner.",
    "currency": "NPR", "method": "first_in_first_out",
    "expenditure": [
        {"line": 1, "amount": "3450000.00", "requested": "36000.00", "note": "Six paralegals"},
        {"line": 2, "amount": "2070000.00", "requested": "24000.00",
         "note": "Rent of both offices, and buses to the court"},
    ],
}  # fmt: skip
COMMENT = "From which month on were both offices open?"
ANSWERED = (
    "Two offices opened beside the labour market, the first in August and the second in "
    "September; paralegals are there every morning."
)
SECOND_QUARTER: dict[str, Any] = {
    "expenditure": [
        {"line": 1, "amount": "4140000.00", "note": "Seven paralegals"},
        {"line": 2, "amount": "1932000.00", "note": "Rent, and buses to the court"},
    ],
}
HALF_YEAR: dict[str, Any] = {
    "narrative": {
        "4": "Paralegals went with survivors to the police, to court and to the labour office.",
        "5": "Of nine claims for compensation, two were heard, and both were paid.",
    },
    "challenges": "Employers press survivors to settle out of court.",
    "lessons": "Survivors come back when the same paralegal is there each time.",
    "risks": "The landlord of the second office wants to sell it.",
    "results": [
        {"result": 1, "numerator": 58, "breakdown": {
            "sex_age": {"female.12_17": 12, "female.18_24": 21, "female.25_59": 16,
                        "male.18_24": 4, "unknown.unknown": 5},
            "exploitation": {"domestic_work": 24, "construction": 17, "forced_marriage": 4,
                             "not_known": 13},
            "group": {"women": 37, "girls": 12, "migrant_workers": 41, "unknown": 9}}},
        {"result": 2, "numerator": 2, "denominator": 9,
         "breakdown": {"sex_age": {"female.25_59": 1, "unknown.unknown": 1}}},
    ],
}  # fmt: skip
UNDER_REVIEW: dict[str, Any] = {
    "narrative": {"4": "The line was answered every night, and nobody was sent away."},
    "challenges": "Calls come in waves, after raids.",
    "lessons": "Two rooms that are always free are worth more than ten on call.",
    "risks": "The owner of the lodging may ask whom it is for.",
    "results": [
        {"result": 1, "numerator": 14, "breakdown": {
            "sex_age": {"female.18_24": 9, "unknown.unknown": 5},
            "exploitation": {"sexual_exploitation": 6, "not_known": 8},
            "group": {"unknown": 14}}},
    ],
}  # fmt: skip
FIRST_ENDED, HALF_ENDED, YEAR_ENDED = date(2025, 10, 31), date(2026, 1, 31), date(2026, 7, 31)
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
    theirs = story.directors["legal"].actor
    _exchange(chapter, *RECEIVED)
    _first_quarter(chapter, theirs, second)
    chapter.day(49)
    today = clock.today(story.book.zone).isoformat()
    with story.step() as db:
        pay_tranche(db, story, ("legal", 2, "60000.00", today, today))
    chapter.day(50)
    _exchange(chapter, clock.today(story.book.zone).isoformat(), "60000.00", "8340000.00")
    for kind, content in (
        ("financial_report", SECOND_QUARTER), ("narrative_report", HALF_YEAR),
    ):  # fmt: skip
        report_id = chapter.start("legal", theirs, kind, HALF_ENDED)
        if kind == "narrative_report":
            _show(chapter, report_id, theirs)
        chapter.send(report_id, theirs, content)
        chapter.accept(report_id, second)
    chapter.day(53)
    quiet = story.directors["hidden"].actor
    waiting = chapter.start("hidden", quiet, "narrative_report", HALF_ENDED)
    chapter.send(waiting, quiet, UNDER_REVIEW)
    chapter.day(54)
    chapter.start("legal", theirs, "narrative_report", YEAR_ENDED)
    _release(chapter)


def _exchange(chapter: _Chapter, on: str, dollars: str, rupees: str) -> None:
    """Let the grantee declare what its bank gave for what it was paid last."""
    story = chapter.story
    with story.step() as db:
        grant = db.get_one(Grant, story.grants["legal"].id)
        query = select(Disbursement).where(Disbursement.grant_id == grant.id)
        payment = db.execute(query.order_by(Disbursement.paid_on.desc()).limit(1)).scalar_one()
        given = LocalReceiptIn.model_validate(
            {"received_on": on, "exchanged": {"amount": dollars, "currency": "USD"},
             "received": {"amount": rupees, "currency": "NPR"}}
        )  # fmt: skip
        fund, theirs = db.get_one(Fund, story.book.id), story.directors["legal"].actor
        local_receipts.declare(db, theirs, fund, grant, payment, given)


def _first_quarter(chapter: _Chapter, theirs: Actor, second: Actor) -> None:
    """Report what was done and spent: returned with a comment, sent again, accepted by another."""
    story = chapter.story
    report_id = chapter.start("legal", theirs, "financial_report", FIRST_ENDED)
    chapter.send(report_id, theirs, FIRST_QUARTER)
    chapter.day(46)
    with story.step() as db:
        report, grant = _found(db, report_id)
        assert report.submitted_number is not None
        comment = ReportCommentIn.model_validate({"pointer": "/narrative/4", "comment": COMMENT})
        deciding.send_back(
            db, story.officer, report, grant, number=report.submitted_number,
            reason="Please say more of the second office.", comments=[comment],
            keys=chapter.vault,
        )  # fmt: skip
    chapter.day(47)
    narrative = FIRST_QUARTER["narrative"] | {"4": ANSWERED}
    chapter.send(report_id, theirs, FIRST_QUARTER | {"narrative": narrative})
    chapter.day(48)
    chapter.accept(report_id, second)


def _show(chapter: _Chapter, report_id: UUID, theirs: Actor) -> None:
    """Name the page of the grantee's register that shows who was helped; it stays there."""
    with chapter.story.step() as db:
        report, grant = _found(db, report_id)
        given = ReportEvidenceIn.model_validate({"result": 1, "register_number": "R-2026-01"})
        evidence.add(db, theirs, report, grant, given, chapter.vault)


def _release(chapter: _Chapter) -> None:
    """Publish what was accepted, for everybody; one draws it up, another lets it out."""
    story = chapter.story
    settings = story.database.settings
    limits = Thresholds(settings.release_threshold_outside, settings.release_threshold_inside)
    given = ResultReleaseIn.model_validate(
        {"fund_id": story.book.id, "class_name": "outside", "as_of_on": RELEASED_AS_OF,
         "indicators": ["4.4", "5.5"]}
    )  # fmt: skip
    chapter.day(55)
    with story.step() as db:
        fund = db.get_one(Fund, story.book.id)
        drawn = releases.draft(db, fund, given, limits)
        made = releases.prepare(db, story.officer, fund, given, drawn, limits.outside)
    chapter.day(56)
    with story.step() as db:
        story.release = releases.publish(db, story.manager, db.get_one(Release, made.id))
