"""What a donor's money was spent on: accepted expenditure by category and objective."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from fundops import audit, clock
from fundops.authz import Role
from fundops.donors.models import Lot
from fundops.expenditures import receivables
from fundops.expenditures.models import ExpenditureStatement
from fundops.expenditures.owed_schemas import FindingIn, SupportIn
from fundops.expenditures.spread import over_lines
from fundops.exports import render, statements
from fundops.grants.models import Grant, Tranche
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.tracing import spent
from fundops.tracing.models import Statement
from tests.factories import a_person
from tests.grants.grant_factories import a_desk, a_payment, usd
from tests.reports.money_scene import MoneyScene
from tests.reports.report_scene import Reporting
from tests.staged import staged
from tests.tracing.books import Book, workbook_bytes
from tests.world import World

PAID = date(2026, 5, 1)
SHEET = "Accepted expenditure"


def submitted(world: World) -> tuple[Reporting, str]:
    """Return a grant whose first tranche is paid and whose first report of 150.50 is submitted."""
    deal = Reporting(world)
    pay_first(deal)
    place = deal.started()
    deal.submitted(place)
    return deal, place


def accepted(world: World) -> Reporting:
    """Return such a grant whose report is accepted as well."""
    deal, place = submitted(world)
    answer = deal.decided(place, "accept")
    assert answer.status_code == 200, answer.text
    return deal


waiting, deal = staged(submitted), staged(accepted)
"""A grant whose report of 150.50 is submitted, and one whose report is accepted."""


def pay_first(deal: Reporting) -> None:
    """Pay the first tranche."""
    with deal.world.database.write() as db:
        audit.lock_head(db)
        fund, grant = db.get_one(Fund, deal.fund_id), db.get_one(Grant, deal.grant_id)
        amount = db.execute(
            select(Tranche.amount_minor).where(Tranche.grant_id == grant.id, Tranche.number == 1)
        ).scalar_one()
        a_payment(db, a_desk(db), fund, grant, amount, on=PAID)


def donor_of(deal: Reporting | MoneyScene) -> tuple[Party, Fund]:
    """Return the donor whose lot the fund has, and the fund."""
    with deal.world.database.read() as db:
        lot = db.execute(select(Lot).where(Lot.fund_id == deal.fund_id)).scalar_one()
        return db.get_one(Party, lot.donor_id), db.get_one(Fund, deal.fund_id)


def test_the_statement_says_what_the_money_was_spent_on(deal: Reporting) -> None:
    donor, fund = donor_of(deal)
    book = Book(workbook_bytes(deal.world.database, donor, fund, from_on=date(2026, 7, 1)))
    rows = {
        (row["Category"], row["Objective"]): (row["Accepted, period"], row["Accepted, to date"])
        for row in book.table(SHEET)
    }
    # Line 1 serves objective 4 alone; line 2 objectives 4 and 1 by 60 and 40 percent.
    assert rows == {("A", "4"): (120.5, 120.5), ("E", "4"): (18, 18), ("E", "1"): (12, 12)}
    assert book.checks() == {"OK"}
    label = (
        "Accepted expenditure of grantees out of this donor's money, period (it was paid before)"
    )
    assert Decimal(str(book.cover(label))) == Decimal("150.5")


@pytest.mark.parametrize("refused", ["0.00", "20.50"])
def test_later_support_of_a_finding_is_of_what_the_finding_took(
    world: World, waiting: tuple[Reporting, str], refused: str
) -> None:
    deal, place = waiting
    kept = {"amount": str(Decimal("120.50") - Decimal(refused)), "currency": "USD"}
    lines = [{"number": 1, "accepted": kept, "reason": "No invoice."}]
    assert deal.decided(place, "accept", lines=lines).status_code == 200
    with world.database.write() as db:
        audit.lock_head(db)
        fund, grant = db.get_one(Fund, deal.fund_id), db.get_one(Grant, deal.grant_id)
        statement_id = db.execute(select(ExpenditureStatement.id)).scalar_one()
        finding = FindingIn(
            expenditure_statement_id=statement_id, amount=usd(65_00), found_on=clock.today("UTC"),
            reason="Receipts of another project.",
        )  # fmt: skip
        finance, officer = (
            a_person(db, Role.FINANCE_OFFICER)[0],
            a_person(db, Role.GRANT_OFFICER)[0],
        )
        owed = receivables.open_finding(db, finance, fund, grant, finding)
        later = SupportIn(
            kind="additional_support", amount=usd(65_00), accepted_on=clock.today("UTC"),
            reason="They came.",
        )  # fmt: skip
        receivables.support(db, officer, fund, grant, owed, later)
    book = Book(workbook_bytes(world.database, *donor_of(deal)))
    rows = {
        (one["Category"], one["Objective"]): one["Accepted, to date"] for one in book.table(SHEET)
    }
    # All that the finding took came back: the lines are as they were accepted.
    whole = Decimal("120.50") - Decimal(refused)
    assert rows == {("A", "4"): float(whole), ("E", "4"): 18, ("E", "1"): 12}
    assert book.checks() == {"OK"}


Q1, Q2 = (date(2026, 4, 1), date(2026, 6, 30)), (date(2026, 7, 1), date(2026, 9, 30))


def test_a_gain_by_exchange_is_a_row_of_its_own_as_on_the_form(world: World) -> None:
    scene = MoneyScene(world)
    assert scene.declare("10000.00", "400000.00").status_code == 201
    second = scene.declare("10000.00", "440000.00", "2026-08-05", of=scene.second_id)
    assert second.status_code == 201
    scene.accept(scene.submit(*Q1, (1, "300000.00"), method="weighted_average"))
    later = scene.submit(*Q2, (1, "150000.00"), (2, "50000.00"), method="weighted_average")
    statement_id = scene.accept(later)["id"]
    rows = {
        (one["Category"], one["Name of the category"]): str(one["Accepted, to date"])
        for one in told_as_on_the_form(scene)
    }
    assert rows[None, "Exchange difference of grantees"] == "-357.14", "what docs/face.md works out"
    finding = FindingIn(
        expenditure_statement_id=statement_id, amount=usd(404_76),
        found_on=clock.today("UTC"), reason="Receipts of another project.",
    )  # fmt: skip
    with world.database.write() as db:
        audit.lock_head(db)
        fund, grant = db.get_one(Fund, scene.fund_id), db.get_one(Grant, scene.grant_id)
        receivables.open_finding(db, a_person(db, Role.FINANCE_OFFICER)[0], fund, grant, finding)
    told_as_on_the_form(scene)


def told_as_on_the_form(scene: MoneyScene) -> list[dict[str, Any]]:
    """Return a statement's rows of expenditure; by category they are what the form accepts."""
    book = Book(workbook_bytes(scene.world.database, *donor_of(scene)))
    assert book.checks() == {"OK"}
    told: dict[str | None, Decimal] = {}
    for row in book.table(SHEET):
        amount = Decimal(str(row["Accepted, to date"]))
        told[row["Category"]] = told.get(row["Category"], Decimal(0)) + amount
    form = {
        row["category"]: Decimal(row["accepted"]["amount"])
        for row in scene.face()["categories"]
        if Decimal(row["accepted"]["amount"])
    }
    assert told == form
    return book.table(SHEET)


def test_an_amount_is_spread_over_lines_with_a_gain_among_them() -> None:
    accepted = [600_00, 400_01, 0, -50_00]
    assert over_lines(950_01, accepted) == accepted, "all of it gives back what was accepted"
    for amount in (0, 1, 7, 33_333, 950_00):
        parts = over_lines(amount, accepted)
        assert sum(parts) == amount
        assert over_lines(-amount, accepted) == [-part for part in parts]
        assert parts[3] <= 0 <= min(parts[:3])
        exact = [Decimal(amount) * one / 950_01 for one in accepted]
        assert all(abs(part - one) < 2 for part, one in zip(parts, exact, strict=True))
    assert over_lines(5, [5, -5]) == [5, 0], "a gain that left nothing takes no part"


def test_a_wrong_share_turns_the_control(deal: Reporting, monkeypatch: pytest.MonkeyPatch) -> None:
    donor, fund = donor_of(deal)
    honest = spent.spent

    def lost(*asked: object) -> list[spent.Spent]:
        return honest(*asked)[1:]  # type: ignore[arg-type]

    monkeypatch.setattr("fundops.tracing.statement.spent", lost)
    book = Book(workbook_bytes(deal.world.database, donor, fund))
    assert book.checks() != {"OK"}


def test_a_grant_at_risk_is_one_total(deal: Reporting) -> None:
    donor, fund = donor_of(deal)
    with deal.world.database.write() as db:
        audit.lock_head(db)
        grant = db.get_one(Grant, deal.grant_id)
        code = grant.code
        db.get_one(Party, grant.grantee_id).is_at_risk = True
    made = Book(workbook_bytes(deal.world.database, donor, fund))
    rows = made.table(SHEET)
    assert [(row["Category"], row["Objective"], row["Accepted, to date"]) for row in rows] == [
        (None, None, 150.5)
    ]
    assert code not in made.text
    assert made.checks() == {"OK"}


def test_what_was_issued_in_an_earlier_layout_is_made_again_so(deal: Reporting) -> None:
    donor, fund = donor_of(deal)
    with deal.world.database.export() as db:
        question = statements.question_for(db, donor.id, fund, statements.Period(None, None, None))
        then = b"".join(render(statements.statement_workbook(db, question, layout=1)))
        now = b"".join(render(statements.statement_workbook(db, question)))
        issued = Statement(
            donor_id=donor.id, fund_id=fund.id, from_on=question.from_on,
            as_of_on=question.as_of_on, known_seq=question.known_seq,
        )  # fmt: skip
        again = b"".join(render(statements.reissued(db, issued)))
    assert SHEET not in Book(then).book.sheetnames
    assert SHEET in Book(now).book.sheetnames
    assert again == then
