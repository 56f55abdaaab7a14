"""Exchange rates: which one is in effect, and what cannot be recorded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fundops.authz import Role
from fundops.db import Database
from fundops.funds.rate_schemas import RateIn
from fundops.funds.rates import KnownRate, rate_on, record_rate
from tests.donors.cash_factories import an_officer
from tests.factories import a_party
from tests.world import World

RATE = {
    "source": "un_operational",
    "base": "USD",
    "currency": "EUR",
    "starts_on": "2026-02-01",
    "rate": "0.850",
}


def test_the_latest_rate_of_the_most_trusted_source_is_in_effect(database: Database) -> None:
    with database.write() as db:
        officer = an_officer(db)

        def add(source: Any, currency: str, on: date, rate: str) -> None:
            given = RateIn(source=source, base="USD", currency=currency, starts_on=on, rate=rate)
            record_rate(db, officer, given)

        add("ecb", "EUR", date(2026, 1, 20), "0.81")
        add("un_operational", "EUR", date(2026, 1, 1), "0.80")
        add("un_operational", "EUR", date(2026, 2, 1), "0.90")
        add("other", "CHF", date(2026, 1, 5), "0.88")
        for on, expected in (
            (date(2025, 12, 31), None),
            (date(2026, 1, 31), KnownRate(Decimal("0.8"), date(2026, 1, 1), "un_operational")),
            (date(2026, 2, 1), KnownRate(Decimal("0.9"), date(2026, 2, 1), "un_operational")),
        ):
            assert rate_on(db, "USD", "EUR", on) == expected
        found = rate_on(db, "USD", "CHF", date(2026, 6, 1))
        assert found == KnownRate(Decimal("0.88"), date(2026, 1, 5), "other")
        # Nobody published the inverse.
        assert rate_on(db, "EUR", "USD", date(2026, 6, 1)) is None
        same = rate_on(db, "USD", "USD", date(2026, 6, 1))
        assert same == KnownRate(Decimal(1), date(2026, 6, 1), "booked")


def test_only_the_last_source_that_has_begun_answers(database: Database) -> None:
    with database.write() as db:
        officer = an_officer(db)
        begun: dict[Any, date] = {"un_operational": date(2026, 5, 1), "ecb": date(2026, 1, 1)}
        for source, on in begun.items():
            given = RateIn(source=source, base="USD", currency="EUR", starts_on=on, rate="0.8")
            record_rate(db, officer, given)
        found = rate_on(db, "USD", "EUR", date(2026, 4, 30))
        assert found is not None
        assert found.source == "ecb"


def test_rates_are_recorded_once_in_canonical_form_and_listed(world: World) -> None:
    officer = world.as_role(Role.FINANCE_OFFICER)
    made = officer.post("/v1/exchange_rates", json=RATE)
    assert made.status_code == 201, made.text
    assert made.json()["rate"] == "0.85"
    assert officer.post("/v1/exchange_rates", json=RATE | {"rate": "0.9"}).status_code == 409
    officer.post("/v1/exchange_rates", json=RATE | {"currency": "CHF", "starts_on": "2026-03-01"})
    listed = officer.get("/v1/exchange_rates?currency=EUR").json()["items"]
    assert listed == [made.json()]
    by_then = officer.get("/v1/exchange_rates?starts_until=2026-02-28").json()["items"]
    assert by_then == [made.json()]
    assert world.as_role(Role.APPROVER).post("/v1/exchange_rates", json=RATE).status_code == 403
    with world.database.write() as db:
        donor = a_party(db).id
    assert world.as_role(Role.DONOR, party_id=donor).get("/v1/exchange_rates").status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "USD"),
        ("currency", "XXX"),
        ("rate", "0"),
        ("rate", "-1"),
        ("rate", "1e3"),
        ("rate", 0.85),
        ("source", "booked"),
        ("starts_on", "2026-02-30"),
    ],
)
def test_what_is_no_rate_is_refused(world: World, field: str, value: object) -> None:
    refused = world.as_role(Role.FINANCE_OFFICER).post(
        "/v1/exchange_rates", json=RATE | {field: value}
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"/{field}"
