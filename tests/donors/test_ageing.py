"""Pledge ageing: what is outstanding, per donor and currency, by days overdue on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import Role
from fundops.donors.ageing import BUCKETS, bucket_of
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from tests.donors.register_factories import (
    a_pledge,
    an_active_agreement,
    receive,
    statements,
    write_off,
)
from tests.factories import a_fund, a_party
from tests.staged import staged
from tests.world import Caller, World

DAY = date(2026, 6, 30)
EMPTY = {name: "0.00" for name, _ in BUCKETS}


@dataclass
class Scene:
    """A fund in US dollars, a donor, and an auditor who reads."""

    world: World
    fund: Fund
    donor: Party
    reader: Caller

    def page(self, as_of: date = DAY, reader: Caller | None = None, **params: Any) -> Any:
        """Return a page of the fund's ageing."""
        params |= {"fund": str(self.fund.id), "as_of": as_of.isoformat()}
        found = (reader or self.reader).get("/v1/pledge_ageing", params=params)
        assert found.status_code == 200, found.text
        return found.json()

    def lines(self, as_of: date = DAY) -> list[dict[str, Any]]:
        """Return the lines by currency of the one donor who owes something."""
        items = self.page(as_of)["items"]
        assert [item["donor_id"] for item in items] in ([], [str(self.donor.id)])
        found: list[dict[str, Any]] = items[0]["currencies"] if items else []
        return found

    def amounts(self, as_of: date = DAY, currency: str = "USD") -> dict[str, str]:
        """Return what the donor has outstanding in a currency, by bucket, without empty ones."""
        found: dict[str, str] = {}
        for line in self.lines(as_of):
            if line["currency"] == currency:
                parts = {name: line[name]["outstanding"]["amount"] for name, _ in BUCKETS}
                found = {name: amount for name, amount in parts.items() if amount != "0.00"}
        return found


def begun(world: World) -> Scene:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, donor = a_fund(db), a_party(db)
    return Scene(world, fund, donor, world.as_role(Role.AUDITOR))


scene = staged(begun)


def writing(scene: Scene) -> Any:
    """Open a write transaction with the audit chain locked."""
    return scene.world.database.write()


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("overdue", "bucket"),
    [
        (-1, "not_due"),
        (0, "not_due"),
        (1, "days_1_30"),
        (30, "days_1_30"),
        (31, "days_31_90"),
        (90, "days_31_90"),
        (91, "days_91_180"),
        (180, "days_91_180"),
        (181, "days_181_365"),
        (365, "days_181_365"),
        (366, "days_over_365"),
        (9999, "days_over_365"),
        (None, "not_due"),
    ],
)
def test_money_falls_into_the_bucket_of_its_age(overdue: int | None, bucket: str) -> None:
    assert bucket_of(None if overdue is None else ago(overdue), DAY) == bucket


def test_instalments_age_by_the_day_they_are_due(scene: Scene) -> None:
    days = (-5, 10, 40, 100, 200, 400)
    with writing(scene) as db:
        schedule = [(minor * 100, ago(day)) for minor, day in enumerate(days, start=1)]
        an_active_agreement(db, scene.fund, scene.donor, *schedule, (700, None))
    (line,) = scene.lines()
    assert {name: line[name]["outstanding"]["amount"] for name, _ in BUCKETS} == {
        "not_due": "8.00",
        "days_1_30": "2.00",
        "days_31_90": "3.00",
        "days_91_180": "4.00",
        "days_181_365": "5.00",
        "days_over_365": "6.00",
    }
    assert line["total"]["outstanding"] == {"amount": "28.00", "currency": "USD"}
    assert line["total"]["base"] == {"amount": "28.00", "currency": "USD"}
    head = scene.page()
    assert (head["as_of"], head["base_currency"]) == (DAY.isoformat(), "USD")
    assert head["items"][0]["donor_name"] == scene.donor.name


def test_what_came_later_was_outstanding_before(scene: Scene) -> None:
    with writing(scene) as db:
        _, (one,) = an_active_agreement(
            db, scene.fund, scene.donor, (100_000, date(2026, 2, 1)), signed_on=date(2026, 1, 15)
        )
        receive(db, one, 70_000, date(2026, 2, 20))
        write_off(db, one, 20_000, date(2026, 4, 1))
        receive(db, one, 10_000, date(2026, 5, 1))
    assert scene.amounts(date(2026, 1, 14)) == {}
    assert scene.amounts(date(2026, 1, 15)) == {"not_due": "1000.00"}
    assert scene.amounts(date(2026, 2, 19)) == {"days_1_30": "1000.00"}
    assert scene.amounts(date(2026, 2, 20)) == {"days_1_30": "300.00"}
    assert scene.amounts(date(2026, 3, 31)) == {"days_31_90": "300.00"}
    assert scene.amounts(date(2026, 4, 1)) == {"days_31_90": "100.00"}
    assert scene.amounts(date(2026, 5, 1)) == {}
    assert scene.page(date(2026, 5, 1))["items"] == []


def test_a_pledge_without_agreement_ages_by_the_day_it_is_expected(scene: Scene) -> None:
    with writing(scene) as db:
        a_pledge(db, scene.fund, scene.donor, 100, expected_on=ago(40))
        a_pledge(db, scene.fund, scene.donor, 200)
        a_pledge(db, scene.fund, scene.donor, 400, pledged_on=None, expected_on=ago(40))
        cancelled = a_pledge(db, scene.fund, scene.donor, 800, expected_on=ago(40))
        cancelled.status = "cancelled"
    assert scene.amounts() == {"not_due": "2.00", "days_31_90": "1.00"}
    assert scene.amounts(date(2026, 1, 9)) == {}, "nothing was pledged by then"


def test_an_agreement_takes_its_part_of_a_pledge_over_and_a_draft_does_not(scene: Scene) -> None:
    with writing(scene) as db:
        pledge = a_pledge(db, scene.fund, scene.donor, 1_000, expected_on=ago(10))
        an_active_agreement(
            db, scene.fund, scene.donor, (600, ago(-10)), pledge=pledge, signed_on=date(2026, 3, 1)
        )
        an_active_agreement(
            db, scene.fund, scene.donor, (300, ago(100)), pledge=pledge, is_draft=True
        )
    assert scene.amounts() == {"not_due": "6.00", "days_1_30": "4.00"}
    assert scene.amounts(date(2026, 2, 28)) == {"not_due": "10.00"}


def test_currencies_stand_apart_and_base_only_where_it_was_booked(scene: Scene) -> None:
    with writing(scene) as db:
        a_pledge(db, scene.fund, scene.donor, 300, "EUR", rate="0.75", expected_on=ago(10))
        a_pledge(db, scene.fund, scene.donor, 500, "EUR", expected_on=ago(10))
        a_pledge(db, scene.fund, scene.donor, 700, "JPY", expected_on=ago(10))
        pledge = a_pledge(db, scene.fund, scene.donor, 1_000, "CHF", rate="0.8")
        _, (one,) = an_active_agreement(
            db, scene.fund, scene.donor, (1_000, ago(-1)), pledge=pledge, currency="CHF"
        )
        receive(db, one, 666, date(2026, 2, 1))
    chf, eur, jpy = scene.lines()
    assert [line["currency"] for line in (chf, eur, jpy)] == ["CHF", "EUR", "JPY"]
    assert eur["days_1_30"] == {
        "outstanding": {"amount": "8.00", "currency": "EUR"},
        "booked": {"amount": "3.00", "currency": "EUR"},
        "base": {"amount": "4.00", "currency": "USD"},
    }
    assert jpy["total"]["outstanding"] == {"amount": "700", "currency": "JPY"}
    assert jpy["total"]["base"] == {"amount": "0.00", "currency": "USD"}
    # 3.34 of 10.00 CHF is left, and 12.50 USD were expected for all of it: 4.175, half up.
    assert chf["not_due"]["base"] == {"amount": "4.18", "currency": "USD"}


def test_today_the_ageing_sums_up_to_what_pledges_say_is_outstanding(scene: Scene) -> None:
    with writing(scene) as db:
        for n in range(1, 8):
            pledge = a_pledge(db, scene.fund, scene.donor, 1_000 * n, expected_on=ago(30 * n))
            if n % 2:
                schedule = [(200 * n, ago(20 * n)), (100 * n, None)]
                _, parts = an_active_agreement(
                    db, scene.fund, scene.donor, *schedule, pledge=pledge
                )
                receive(db, parts[0], 50 * n, date(2026, 2, n))
                write_off(db, parts[1], 7 * n, date(2026, 3, n))
    pledges = scene.reader.get("/v1/pledges").json()["items"]
    expected = sum(int(item["outstanding"]["amount"].replace(".", "")) for item in pledges)
    (line,) = scene.lines()
    assert int(line["total"]["outstanding"]["amount"].replace(".", "")) == expected > 0


def test_donors_see_their_own_ageing_and_other_funds_stay_apart(scene: Scene) -> None:
    with writing(scene) as db:
        other, elsewhere = a_party(db), a_fund(db)
        a_pledge(db, scene.fund, scene.donor, 100)
        a_pledge(db, scene.fund, other, 200)
        a_pledge(db, elsewhere, other, 400)
    assert len(scene.page()["items"]) == 2
    donor = scene.world.as_role(Role.DONOR, party_id=scene.donor.id)
    assert [item["donor_id"] for item in scene.page(reader=donor)["items"]] == [str(scene.donor.id)]
    limited = scene.world.as_role(Role.AUDITOR, fund_id=elsewhere.id)
    for caller, fund_id in ((limited, scene.fund.id), (scene.reader, uuid4())):
        found = caller.get("/v1/pledge_ageing", params={"fund": str(fund_id)})
        assert found.status_code == 404
    assert scene.reader.get("/v1/pledge_ageing").status_code == 422
    grantee = scene.world.as_role(Role.GRANTEE, party_id=other.id)
    refused = grantee.get("/v1/pledge_ageing", params={"fund": str(scene.fund.id)})
    assert refused.status_code == 403


def test_donors_are_paged_at_a_constant_number_of_statements(scene: Scene) -> None:
    def owing(db: Session, count: int) -> None:
        for _ in range(count):
            donor = a_party(db)
            pledge = a_pledge(db, scene.fund, donor, 1_000)
            an_active_agreement(db, scene.fund, donor, (300, ago(3)), (300, None), pledge=pledge)

    costs = []
    for more in (1, 6):
        with writing(scene) as db:
            owing(db, more)
        with statements(scene.world.database) as seen:
            items = scene.page(sort="code")["items"]
        costs.append(len(seen))
    assert (len(items), costs[0]) == (7, costs[1])
    pages, cursor = [], None
    while True:
        params: dict[str, Any] = {"limit": 3, "sort": "code"} | (
            {"cursor": cursor} if cursor else {}
        )
        page = scene.page(**params)
        pages += [item["donor_code"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == [item["donor_code"] for item in items]
