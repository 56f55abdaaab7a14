"""Funds over HTTP: opening, reading, changing, and what is refused."""

from __future__ import annotations

import pytest

from fundops.authz import Role
from tests.world import World

FUND = {"code": "GLO", "name": "Global fund", "base_currency": "USD", "zone": "Europe/Vienna"}


def test_a_manager_opens_a_fund_and_everyone_entitled_reads_it(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    made = manager.post("/v1/funds", json=FUND)
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == '"1"'
    assert made.headers["location"] == f"/v1/funds/{made.json()['id']}"
    read = world.as_role(Role.AUDITOR).get(made.headers["location"])
    assert read.json() == made.json()
    assert read.json()["operating_reserve"] == {"amount": "0.00", "currency": "USD"}


def test_a_code_in_use_is_refused(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    manager.post("/v1/funds", json=FUND)
    again = manager.post("/v1/funds", json=FUND | {"name": "Another"})
    assert again.status_code == 409
    assert again.json()["type"] == "urn:fundops:problem:already-exists"
    assert len(manager.get("/v1/funds").json()["items"]) == 1


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("base_currency", "XXX", "/base_currency"),
        ("base_currency", "usd", "/base_currency"),
        ("code", "a b", "/code"),
        ("zone", "Mars/Base", "/zone"),
        ("name", "", "/name"),
        ("name", 7, "/name"),
        ("surprise", 1, "/surprise"),
    ],
)
def test_wrong_input_is_named_and_not_echoed(
    world: World, field: str, value: object, pointer: str
) -> None:
    refused = world.as_role(Role.FUND_MANAGER).post("/v1/funds", json=FUND | {field: value})
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert refused.headers["content-type"] == "application/problem+json"
    assert "Mars" not in refused.text


def test_changing_needs_the_present_etag(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    place = manager.post("/v1/funds", json=FUND).headers["location"]
    assert manager.patch(place, json={"name": "New"}).status_code == 428
    changed = manager.patch(place, json={"name": "New"}, headers={"if-match": '"1"'})
    assert changed.status_code == 200
    assert changed.headers["etag"] == '"2"'
    stale = manager.patch(place, json={"name": "Newer"}, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    assert manager.get(place).json()["name"] == "New"
