"""Who could have paid alone: found by asking the rules, and found where the rules are broken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from fundops import audit, clock
from fundops.authz import Role
from fundops.commands import app
from fundops.db import Database
from fundops.disbursements import duty_report
from fundops.disbursements.duties import DUTIES, FOUR, SMALL_OFFICE, Profile
from fundops.disbursements.models import Disbursement
from fundops.funds.schemas import FundIn
from fundops.funds.service import create_fund
from fundops.parties.models import Membership
from tests.disbursements.conftest import Desk, give_role


def report(desk: Desk, amount_minor: int = 1_000) -> duty_report.DutyReport:
    with desk.world.database.read() as db:
        return duty_report.report(db, desk.fund(db), amount_minor)


def test_nobody_pays_alone_and_four_are_needed(desk: Desk) -> None:
    found = report(desk)
    assert (found.alone, found.fewest) == ([], 4)
    assert desk.finance.actor.person_code in found.holders("certify")
    assert desk.signatory.actor.person_code in found.holders("pay")


def test_even_somebody_with_every_role_does_not(desk: Desk) -> None:
    everything = desk.everything()
    admin = desk.world.as_role(Role.ADMINISTRATOR)
    with desk.world.database.write() as db:
        audit.lock_head(db)
        for role in (Role.GRANT_OFFICER, Role.FINANCE_OFFICER, Role.APPROVER, Role.SIGNATORY):
            give_role(db, admin.actor.person_id, role)
    for role in (Role.FINANCE_OFFICER, Role.APPROVER, Role.SIGNATORY):
        puppet = admin.post("/v1/persons", json={"name": role.value}).json()
        admin.post("/v1/memberships", json={"person_id": puppet["id"], "role": role.value,
                                            "reason": "New"})  # fmt: skip
        admin.post("/v1/tokens", json={"person_id": puppet["id"], "label": "x"})
        desk.second_record(everything, role)
    assert report(desk).alone == []


@pytest.mark.parametrize("way", ["every role", "second records", "tokens for others"])
def test_a_rule_that_is_broken_would_be_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Where the engine lets duties meet, the report names who gains by it."""
    if way == "every role":
        person = desk.everything()
        monkeypatch.setattr(duty_report, "same_hands", lambda *_: None)
    elif way == "second records":
        person = desk.world.as_role(Role.GRANT_OFFICER)
        for role in (Role.FINANCE_OFFICER, Role.APPROVER, Role.SIGNATORY):
            desk.second_record(person, role)
        monkeypatch.setattr(duty_report, "same_hands", only_equal)
    else:
        person = desk.world.as_role(Role.ADMINISTRATOR)
        for role in (
            Role.GRANT_OFFICER, Role.FINANCE_OFFICER, Role.APPROVER, Role.SIGNATORY,
        ):  # fmt: skip
            made = person.post("/v1/persons", json={"name": role.value}).json()
            person.post("/v1/memberships", json={"person_id": made["id"], "role": role.value,
                                                 "reason": "New"})  # fmt: skip
            person.post("/v1/tokens", json={"person_id": made["id"], "label": "x"})
        monkeypatch.setattr(duty_report, "same_hands", only_equal)
    assert person.actor.person_code in report(desk).alone


def only_equal(_band: Any, taken: Any, _duty: Any, hands: frozenset[Any]) -> Any:
    """Refuse equal sets of hands alone, as a rule of accounts would."""
    return next((other for other, theirs in taken.items() if theirs == {next(iter(hands))}), None)


def test_a_small_office_needs_three(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty_report, "profile_in_force", lambda *_: SMALL_OFFICE)
    found = report(desk)
    assert (found.alone, found.fewest) == ([], 3)


def test_the_profile_is_that_of_the_funds_own_day(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 22:30 UTC it is the next day in Vienna: what counts from then on counts."""
    asked: list[date] = []

    def in_force(_db: Any, _fund_id: Any, on: date) -> Profile:
        asked.append(on)
        return FOUR

    monkeypatch.setattr(duty_report, "profile_in_force", in_force)
    with database.write() as db:
        given = FundIn(code="VIE", name="Vienna", base_currency="EUR", zone="Europe/Vienna")
        fund = create_fund(db, audit.SYSTEM, given)
        duty_report.report(db, fund, 1_000, datetime(2026, 5, 31, 22, 30, tzinfo=UTC))
    assert asked == [date(2026, 6, 1)]


def test_too_few_persons_are_told(desk: Desk) -> None:
    with desk.world.database.write() as db:
        audit.lock_head(db)
        rows = db.execute(select(Membership).where(Membership.role == "signatory")).scalars()
        for row in rows.all():
            row.valid_until = clock.now() - timedelta(seconds=1)
    assert report(desk).fewest is None


def test_the_command_tells_of_a_payment_and_of_a_fund(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", database_url)
    place = desk.paid()
    code = desk.finance.get(place).json()["code"]
    said = CliRunner().invoke(app, ["duties", code])
    assert said.exit_code == 0, said.output
    for caller, verb in (
        (desk.officer, "request"), (desk.finance, "certify"), (desk.approver, "approve"),
        (desk.signatory, "pay"),
    ):  # fmt: skip
        assert f"{verb} by {caller.actor.person_code}" in said.output
    assert "could pay it alone: nobody" in said.output
    fund = CliRunner().invoke(app, ["duties", "--fund", desk.fund_code, "--amount", "10.00"])
    assert "persons it takes at least: 4" in fund.output
    assert CliRunner().invoke(app, ["duties", "DSB-0000-0000"]).exit_code == 1
    assert CliRunner().invoke(app, ["duties", "--amount", "much"]).exit_code == 2
    monkeypatch.setattr(duty_report, "same_hands", lambda *_: None)
    desk.everything()
    broken = CliRunner().invoke(app, ["duties", "--fund", desk.fund_code])
    assert broken.exit_code == 1
    with desk.world.database.read() as db:
        assert db.execute(select(Disbursement.status)).scalar_one() == "paid"


def test_a_payment_whose_records_were_changed_to_one_person_is_told(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps are append-only; here they are read as somebody with the database in hand left them."""
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", database_url)
    code = desk.finance.get(desk.paid()).json()["code"]
    one = frozenset({desk.signatory.actor.person_id})
    monkeypatch.setattr(duty_report, "taken", lambda *_: dict.fromkeys(DUTIES, one))
    said = CliRunner().invoke(app, ["duties", code])
    assert said.exit_code == 1
    assert "approve and pay" not in said.output, "each duty is told with the first it shares"
    for duty in ("certify", "approve", "pay"):
        assert f"  request and {duty} were taken in common hands" in said.output
    two = dict.fromkeys(("request", "certify"), one)
    monkeypatch.setattr(duty_report, "taken", lambda *_: two)
    monkeypatch.setattr(duty_report, "profile_in_force", lambda *_: SMALL_OFFICE)
    assert CliRunner().invoke(app, ["duties", code]).exit_code == 0


@pytest.mark.parametrize("amount", ["0", "-5.00", "1e3"])
def test_the_command_wants_an_amount_that_could_be_paid(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch, amount: str
) -> None:
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", database_url)
    asked = ["duties", "--fund", desk.fund_code, f"--amount={amount}"]
    assert CliRunner().invoke(app, asked).exit_code == 2
