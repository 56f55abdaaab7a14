"""Performance is counted, not typed: golden figures, the rows behind them, and whose they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.db import Database
from fundops.expenditures import receivables, refund_requests
from fundops.expenditures import service as expenditures
from fundops.expenditures.models import Receivable
from fundops.expenditures.owed_schemas import FindingIn, RefundRequestIn, SupportIn
from fundops.grants.models import Grant
from fundops.grants.schedule_models import Requirement
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.partners.performance import Window, figures
from fundops.reports.models import (
    ProgressReport,
    ReportRequirement,
    ReportVersion,
)
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import (
    DAY,
    LATER,
    a_desk,
    a_grant,
    a_grantee,
    a_payment,
    accepted,
    reported,
    usd,
)
from tests.parties.conftest import Counting, statements
from tests.partners.partner_factories import Office
from tests.world import World

__all__ = ["statements"]

FROM, TO = date(2026, 1, 1), date(2026, 12, 31)
DUE = date(2026, 7, 1)


def a_requirement(db: Session, grant: Grant, number: int, **over: Any) -> Requirement:
    """Add a report that was due on 1 July."""
    values: dict[str, Any] = {
        "kind": "narrative_report", "origin": "added", "is_final": False, "due_on": DUE,
        "status": "due", "created_at": clock.now(),
    }  # fmt: skip
    made = Requirement(id=uuid7(), grant_id=grant.id, number=number, **(values | over))
    db.add(made)
    db.flush()
    return made


def a_report(
    db: Session, grant: Grant, number: int, status: str, *submitted: str
) -> ProgressReport:
    """Add a progress report due on 1 July, with versions submitted on the days given."""
    person = a_person(db, Role.GRANTEE, party_id=grant.grantee_id)[0].person_id
    returned = status == "returned"
    officer = a_person(db, Role.GRANT_OFFICER)[0].person_id if returned else None
    report = ProgressReport(
        id=uuid7(), code=f"RPT-T-{uuid7().hex[-8:]}", grant_id=grant.id, fund_id=grant.fund_id,
        number=number, starts_on=DAY, ends_on=LATER, due_on=DUE,
        due_at=datetime(2026, 7, 2, tzinfo=UTC), zone="UTC", is_final=False, asks_narrative=True,
        asks_expenditure=False, language="en", status=status, last_number=len(submitted),
        draft_number=1, submitted_number=len(submitted) or None, submitted_by_id=person,
        decided_by_id=officer, created_at=clock.now(),
    )  # fmt: skip
    db.add(report)
    db.flush()
    for index, day in enumerate(submitted, 1):
        version = ReportVersion(
            id=uuid7(), report_id=report.id, number=index, kind="submitted", sha256="0" * 64,
            saved_by_id=person, saved_at=datetime.fromisoformat(day).replace(tzinfo=UTC),
        )  # fmt: skip
        db.add(version)
        db.flush()
    db.flush()
    return report


def test_lateness_and_what_is_overdue(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        fund, grantee = a_fund(db), a_grantee(db)
        a_lot(db, fund, 1_000_00)
        grant = a_grant(db, fund, 900_00, grantee=grantee)
        other = a_grant(db, fund, 10_00)
        done = {"status": "done", "done_on": DUE}
        a_requirement(db, grant, 1, **done)
        late = a_requirement(db, grant, 2, status="done", done_on=DUE + timedelta(days=1))
        over = a_requirement(db, grant, 3)
        # Handed in in time though accepted, and so done, much later.
        in_time = a_requirement(db, grant, 4, status="done", done_on=DUE + timedelta(days=40))
        report = a_report(db, grant, 1, "submitted", "2026-07-01", "2026-08-01")
        # Handed in, returned, never handed in again: neither overdue nor in time.
        sent = a_requirement(db, grant, 5)
        back = a_report(db, grant, 2, "returned", "2026-07-05")
        for requirement, its in ((in_time, report), (sent, back)):
            db.add(
                ReportRequirement(
                    requirement_id=requirement.id, report_id=its.id, created_at=clock.now()
                )
            )
        # None of these is the grantee's lateness.
        a_requirement(db, grant, 6, kind="visit")
        a_requirement(db, grant, 7, status="replaced")
        a_requirement(db, grant, 8, due_on=FROM - timedelta(days=1))
        a_requirement(db, other, 9)
        db.flush()
        window = Window(grantee.id, FROM, TO)
        by_code = {one.code: one for one in figures(db, window)}
        found = by_code["late"]
        assert (found.part, found.whole) == (2, 4)
        assert {UUID(row.record_id) for row in found.rows} == {late.id, sent.id}
        assert [UUID(row.record_id) for row in by_code["overdue"].rows] == [over.id]
        assert by_code["overdue"].rows[0].code == grant.code
        # The first of one report and the only one of the other; the second waits to be decided.
        assert (by_code["returned"].part, by_code["returned"].whole) == (2, 2)


def test_money_that_was_not_eligible_and_not_paid_back(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        fund, grantee, desk = a_fund(db), a_grantee(db), a_desk(db)
        a_lot(db, fund, 2_000_00)
        grant = a_grant(db, fund, 1_500_00, grantee=grantee)
        a_payment(db, desk, fund, grant, 1_000_00, on=DAY)
        first = accepted(db, grant, 300_00, refused_minor=100_00)
        accepted(db, grant, 200_00)
        returned = reported(db, grant, 50_00)
        finance = a_person(db, Role.FINANCE_OFFICER)[0]
        expenditures.send_back(db, finance, returned, grant, "No totals.")
        window = Window(grantee.id, FROM, TO)

        def now() -> dict[str, tuple[int, int]]:
            return {one.code: (one.part, one.whole) for one in figures(db, window)}

        assert now()["ineligible"] == (100_00, 600_00)
        assert now()["returned"] == (1, 3)
        report = a_report(db, grant, 1, "draft")
        report.asks_expenditure = True
        report.starts_on, report.ends_on = returned.starts_on, returned.ends_on
        db.flush()
        assert now()["returned"] == (0, 2)  # a report's own statement is not counted again
        given = FindingIn(
            amount=usd(60_00), found_on=LATER, reason="Two receipts are of another year.",
            expenditure_statement_id=first.id,
        )  # fmt: skip
        receivables.open_finding(db, desk.certifier, fund, grant, given)
        assert (now()["ineligible"], now()["findings"]) == ((160_00, 600_00), (1, 1))
        owed = db.execute(select(Receivable).where(Receivable.origin == "statement")).scalar_one()
        support = SupportIn(
            kind="additional_support", amount=usd(40_00), accepted_on=LATER, reason="Found.",
        )  # fmt: skip
        receivables.support(db, finance, fund, grant, owed, support)
        assert now()["ineligible"] == (120_00, 600_00)
        asked = RefundRequestIn(due_on=date(2199, 1, 1), amount=usd(150_00))
        request = refund_requests.request(db, finance, fund, grant, asked)
        assert now()["unpaid_refunds"] == (0, 0)
        request.due_on = LATER
        db.flush()
        assert now()["unpaid_refunds"] == (1, 1)
        request.status = "written_off"
        db.flush()
        assert now()["unpaid_refunds"] == (1, 1)
        nobody = Window(a_grantee(db).id, FROM, TO)
        assert {(one.part, one.whole) for one in figures(db, nobody)} == {(0, 0)}


def test_the_worst_fund_counts_and_currencies_are_never_added(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        grantee, desk = a_grantee(db), a_desk(db)
        for refused in (10_00, 90_00):
            fund = a_fund(db)
            a_lot(db, fund, 1_000_00)
            grant = a_grant(db, fund, 900_00, grantee=grantee)
            a_payment(db, desk, fund, grant, 500_00, on=DAY)
            accepted(db, grant, 100_00, refused_minor=refused)
        found = {one.code: one for one in figures(db, Window(grantee.id, FROM, TO))}["ineligible"]
        assert (found.part, found.whole, found.currency) == (90_00, 190_00, "USD")


def test_rows_of_other_funds_are_counted_but_not_named(world: World) -> None:
    office = Office(world)
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        a_lot(db, fund, 1_000_00)
        grantee = db.get_one(Grant, office.grant_id).grantee_id
        party = db.get_one(type(a_grantee(db)), grantee)
        grant = a_grant(db, fund, 10_00, grantee=party)
        day = office.today - timedelta(days=9)
        a_requirement(db, grant, 1, due_on=day)
        a_requirement(db, db.get_one(Grant, office.grant_id), 1, due_on=day)
        elsewhere, code = fund.id, grant.code
        own = db.get_one(Grant, office.grant_id).code
    place = f"{office.place}/performance"
    for fund_id, codes in ((None, {own, code}), (elsewhere, {code}), (office.fund_id, {own})):
        caller = world.as_role(Role.GRANT_OFFICER, fund_id=fund_id)
        body = caller.get(place).json()
        (overdue,) = (one for one in body["figures"] if one["code"] == "overdue")
        assert (overdue["part"], overdue["rows_total"]) == (2, 2)
        assert {row["code"] for row in overdue["rows"]} == codes
        assert overdue["reason"].endswith("overdue: 2. That is more than 0: points +1.")


def test_what_is_asked_does_not_grow_with_what_there_is(world: World, statements: Counting) -> None:
    office = Office(world)
    place = f"{office.place}/performance"
    office.officer.get(place)
    counted = []
    for many in (0, 40):
        with world.database.write() as db:
            audit.lock_head(db)
            grant = db.get_one(Grant, office.grant_id)
            for number in range(1, many + 1):
                a_requirement(db, grant, number, due_on=office.today - timedelta(days=number))
        with statements() as seen:
            assert office.officer.get(place).status_code == 200
        counted.append(len(seen))
    assert counted[0] == counted[1]


def test_what_a_grantee_did_moves_its_tier_and_later_keeps_from_confirming(world: World) -> None:
    office = Office(world)
    office.complete()

    def overdue(*numbers: int) -> None:
        with world.database.write() as db:
            audit.lock_head(db)
            grant = db.get_one(Grant, office.grant_id)
            for number in numbers:
                a_requirement(db, grant, number, due_on=office.today - timedelta(days=number))

    overdue(1, 2, 3)
    made = office.propose()
    body = made.json()
    assert (body["band"], body["computed_tier"]) == ("low", "medium")
    assert body["steps"][1:4] == [
        "Reports and other duties overdue: 3. That is more than 2: points +2.",
        "Points of performance: 2, a step for every 2. That is riskier by 1: band medium.",
        "The band medium is the tier medium.",
    ]
    (figure,) = (one for one in body["performance"]["figures"] if one["code"] == "overdue")
    assert (figure["points"], figure["rows_total"], len(figure["rows"])) == (2, 3, 3)
    with world.database.write() as db:
        audit.lock_head(db)
        finance = a_person(db, Role.FINANCE_OFFICER)[0]
        fund, grant = db.get_one(Fund, office.fund_id), db.get_one(Grant, office.grant_id)
        a_payment(db, a_desk(db), fund, grant, 1_000_00, on=office.today)
        asked = RefundRequestIn(due_on=date(2199, 1, 1), amount=usd(150_00))
        request = refund_requests.request(db, finance, fund, grant, asked)
        request.due_on = office.today - timedelta(days=1)
    refused = office.step(office.manager, made, "confirm")
    assert refused.status_code == 409
    assert "today it would be high" in refused.json()["detail"]


def test_of_many_who_confirm_at_once_one_does(world: World) -> None:
    office = Office(world)
    made = office.propose()
    callers = [world.as_role(Role.FUND_MANAGER) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda caller: office.step(caller, made, "confirm"), callers))
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    register = office.officer.get(f"{office.place}/risk_assessments").json()["items"]
    assert len(register) == 1
