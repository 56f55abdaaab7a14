"""A grant paid in dollars and spent in hryvnias, its agreement, and everybody around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Role
from fundops.funds import rates
from fundops.funds.rate_schemas import RateIn
from fundops.grants import agreement_content, agreement_queries
from fundops.grants import agreement_writing as writing
from fundops.grants.agreement_content import Line
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.reports import deciding, spending, versions
from fundops.reports.models import ProgressReport, ReportExpenditure, ReportVersion
from fundops.reports.spending_schemas import CertificationIn, ExpenditureDecisionIn
from fundops.reports.terms import terms_of
from fundops.schemas import MoneyIn
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import a_desk, a_grant, a_grantee, a_payment, make_agreed
from tests.world import Caller, World

PAID = date(2026, 4, 10)
LINES = tuple(
    Line(category, name, {4: 100}, minor)
    for category, name, minor in (
        ("A", "Two house mothers", 12_000_00), ("E", "Travel", 5_000_00), ("G", "Rent", 3_000_00),
    )
)  # fmt: skip
"""The agreed budget of 20,000.00."""


def usd(amount: str) -> dict[str, str]:
    """Return the wire form of dollars."""
    return {"amount": amount, "currency": "USD"}


def uah(amount: str) -> dict[str, str]:
    """Return the wire form of hryvnias."""
    return {"amount": amount, "currency": "UAH"}


class MoneyScene:
    """A grant of 20,000.00 USD with three budget lines, paid in two tranches."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            fund, grantee = a_fund(db), a_grantee(db)
            a_lot(db, fund, 30_000_00)
            grant = a_grant(db, fund, 20_000_00, grantee=grantee)
            make_agreed(db, grant, LINES)
            desk = a_desk(db)
            self.first_id = a_payment(db, desk, fund, grant, 10_000_00, on=PAID).id
            later = date(2026, 8, 5)
            self.second_id = a_payment(db, desk, fund, grant, 10_000_00, on=later).id
            self.fund_id, self.grantee_id, self.grant_id = fund.id, grantee.id, grant.id
            self.other_id = a_grantee(db).id
        self.place = f"/v1/grants/{self.grant_id}"
        self.shown: list[tuple[datetime, Any]] = []
        self.grantee = world.as_role(Role.GRANTEE, party_id=self.grantee_id)
        self.stranger = world.as_role(Role.GRANTEE, party_id=self.other_id)
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.finance = world.as_role(Role.FINANCE_OFFICER)

    def declare(
        self, base: str, local: str, on: str = "2026-04-10", *, of: UUID | None = None,
        caller: Caller | None = None, **over: Any,
    ) -> Any:  # fmt: skip
        """Declare what was received for a payment, the first if not said."""
        body = {"received_on": on, "exchanged": usd(base), "received": uah(local)} | over
        place = f"/v1/disbursements/{of or self.first_id}/local_receipts"
        return (caller or self.grantee).post(place, json=body)

    def know_rate(self, rate: str, on: str = "2026-01-01") -> None:
        """Put a rate of hryvnias per dollar on record."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            given = RateIn(
                source="un_operational",
                base="USD",
                currency="UAH",
                starts_on=date.fromisoformat(on),
                rate=rate,
            )
            rates.record_rate(db, audit.SYSTEM, given)

    def write(self, work: Any) -> Any:
        """Do something with a session, as one request would."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            return work(db)

    def submit(
        self, starts_on: date, ends_on: date, *lines: tuple[int, str] | tuple[int, str, str],
        currency: str = "UAH", method: str = "first_in_first_out", report_id: UUID | None = None,
        certified: CertificationIn | None = None,
    ) -> UUID:  # fmt: skip
        """Submit a report, or one again: number, local amount and request of each line."""
        ticked = certified or CertificationIn(expenditure=True, request=True)
        content = {
            "currency": currency, "method": method,
            "expenditure": [
                {"line": line[0], "amount": line[1], "requested": (*line, "0")[2]}
                for line in lines
            ],
        }  # fmt: skip

        def work(db: Session) -> UUID:
            report = self._report(db, starts_on, ends_on, report_id)
            rows, _ = spending.convert(db, report, terms_of(db, report), content)
            version = self._version(db, report)
            report.currency, report.method = currency, method
            for row in rows:
                db.add(
                    ReportExpenditure(
                        version_id=version.id, line_number=row.line_number,
                        local_minor=row.local_minor, reported_minor=row.reported_minor,
                        requested_minor=row.requested_minor,
                    )
                )  # fmt: skip
            db.flush()
            statement = spending.file(db, self.grantee.actor, report, version, rows, ticked)
            report.statement_id = statement.id
            return report.id

        found: UUID = self.write(work)
        return found

    def _report(
        self, db: Session, starts_on: date, ends_on: date, given: UUID | None
    ) -> ProgressReport:
        if given is not None:
            report = db.get_one(ProgressReport, given)
            report.status, report.decided_by_id = "submitted", None
            report.correction_reason = "The first was wrong." if report.accepted_number else None
            return report
        count = select(func.count()).where(ProgressReport.grant_id == self.grant_id)
        number = db.execute(count).scalar_one() + 1
        report = ProgressReport(
            id=uuid7(), code=f"RPT-{starts_on:%Y}-{uuid7().hex[-8:]}", grant_id=self.grant_id,
            fund_id=self.fund_id, number=number, starts_on=starts_on, ends_on=ends_on,
            due_on=ends_on, due_at=clock.now(), zone="UTC", is_final=False, asks_narrative=False,
            asks_expenditure=True, language="en", status="submitted", last_number=0, draft_number=0,
            submitted_number=0, created_at=clock.now(),
        )  # fmt: skip
        db.add(report)
        db.flush()
        return report

    def _version(self, db: Session, report: ProgressReport) -> ReportVersion:
        held = agreement_queries.held_in_force(db, self.grant_id)
        assert held is not None
        report.last_number += 1
        report.submitted_number = report.last_number
        version = ReportVersion(
            id=uuid7(), report_id=report.id, number=report.last_number, kind="submitted",
            sha256="0" * 64, text_id=held.text.id, saved_at=clock.now(),
            saved_by_id=self.grantee.actor.person_id,
        )  # fmt: skip
        db.add(version)
        db.flush()
        return version

    def amend(self, *lines: Line) -> None:
        """Let another budget come into force, as an amendment does."""

        def work(db: Session) -> None:
            held = agreement_queries.held_in_force(db, self.grant_id)
            assert held is not None
            grant, fund = db.get_one(Grant, self.grant_id), db.get_one(Fund, self.fund_id)
            was, agreed = held.version, agreement_content.read(held.text.content)
            made = writing.add_version(
                db,
                self.officer.actor,
                fund,
                grant,
                held.agreement,
                replace(agreed, lines=lines),
                prepared_by_id=self.officer.actor.person_id,
            )
            was.status, was.ended_at = "superseded", clock.now()
            db.flush()
            for name in (
                "offered_by_id",
                "offered_at",
                "signed_by_id",
                "signed_at",
                "signed_on",
                "countersigned_by_id",
                "in_force_at",
            ):
                setattr(made, name, getattr(was, name))
            made.status = "in_force"
            writing.record(db, self.officer.actor, "grant_agreement_version.in_force", made, grant)

        self.write(work)

    def accept(self, report_id: UUID, *decisions: ExpenditureDecisionIn) -> Any:
        """Accept a report's expenditure as the officer; return its statement."""

        def work(db: Session) -> Any:
            report = db.get_one(ProgressReport, report_id)
            made = spending.accept(db, self.officer.actor, report, decisions)
            report.status, report.accepted_number = "accepted", report.submitted_number
            assert made is not None
            kept = versions.get(db, report, report.submitted_number or 0, submitted_only=True)
            deciding.accept_version(db, report, kept, audit.lock_head(db).seq, clock.now())
            return made.id

        statement_id = self.write(work)
        return self.finance.get(f"/v1/expenditure_statements/{statement_id}").json()

    def send_back(self, report_id: UUID) -> None:
        """Return a report's expenditure as the officer."""

        def work(db: Session) -> None:
            report = db.get_one(ProgressReport, report_id)
            spending.send_back(db, self.officer.actor, report, "Unclear.")
            report.status = "returned"

        self.write(work)

    def face(self, report_id: UUID | None = None, caller: Caller | None = None) -> Any:
        """Read the form of the grant or of a report."""
        place = self.place if report_id is None else f"/v1/progress_reports/{report_id}"
        answer = (caller or self.officer).get(f"{place}/face")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def remember(self) -> None:
        """Keep the grant's form as it is shown now, to be asked for again later."""
        self.shown.append((clock.now(), self.face()))

    def asked_again(self) -> list[tuple[Any, Any]]:
        """Return each form that was kept, beside the one that is shown of that instant now."""
        left_out = ("exchange", "as_of", "known_seq")
        pairs = []
        for instant, was in self.shown:
            at = instant.isoformat().replace("+00:00", "Z")
            answer = self.officer.get(f"{self.place}/face", params={"known_at": at})
            assert answer.status_code == 200, answer.text
            pair = [{k: v for k, v in one.items() if k not in left_out}
                    for one in (was, answer.json())]  # fmt: skip
            pairs.append((pair[0], pair[1]))
        return pairs


def decided(number: int, **over: Any) -> ExpenditureDecisionIn:
    """Return a decision on a budget line; amounts are texts of dollars."""
    for name in ("accepted", "authorised"):
        if name in over:
            over[name] = MoneyIn(**usd(over[name]))
    return ExpenditureDecisionIn(number=number, **over)


def minor(amount: Any) -> int:
    """Return the minor units of an amount as it goes over the wire."""
    return money.parse_amount(amount["amount"], amount["currency"])
