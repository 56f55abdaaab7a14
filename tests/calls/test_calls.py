"""Calls and objectives over HTTP: drafting, opening, closing, and who sees drafts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from fundops import audit
from fundops.authz import Role
from tests.factories import a_fund, a_party
from tests.world import World


@pytest.fixture
def fund_id(world: World) -> UUID:
    with world.database.write() as db:
        audit.lock_head(db)
        return a_fund(db).id


def body(fund_id: UUID, **over: Any) -> dict[str, Any]:
    return {
        "fund_id": str(fund_id),
        "title": "Shelters",
        "year": 2026,
        "opens_on": "2026-02-01",
        "closes_on": "2026-03-01",
        "envelope": {"amount": "900.00", "currency": "USD"},
        "objectives": [4, 1],
    } | over


def test_a_call_is_drafted_opened_and_closed(world: World, fund_id: UUID) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    made = officer.post("/v1/calls", json=body(fund_id))
    assert made.status_code == 201, made.text
    assert made.json()["code"] == "CAL-2026-0001"
    assert made.json()["objectives"] == [1, 4]
    place = made.headers["location"]
    grantee = world.as_role(Role.GRANTEE, party_id=_party(world))
    assert grantee.get("/v1/calls").json()["items"] == []
    assert grantee.get(place).status_code == 404
    assert officer.post(f"{place}/close").status_code == 409
    assert officer.post(f"{place}/open").json()["status"] == "open"
    assert grantee.get(place).status_code == 200
    assert officer.post(f"{place}/close").json()["status"] == "closed"
    assert officer.post(f"{place}/open").status_code == 409
    tag = {"if-match": officer.get(place).headers["etag"]}
    assert officer.patch(place, json={"title": "Late"}, headers=tag).status_code == 409


def _party(world: World) -> UUID:
    with world.database.write() as db:
        audit.lock_head(db)
        return a_party(db).id


def test_changes_need_the_present_etag_and_null_takes_away(world: World, fund_id: UUID) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    place = officer.post("/v1/calls", json=body(fund_id)).headers["location"]
    assert officer.patch(place, json={"title": "New"}).status_code == 428
    changed = officer.patch(
        place, json={"title": "New", "envelope": None}, headers={"if-match": '"1"'}
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["title"], changed.json()["envelope"]) == ("New", None)
    assert officer.patch(place, json={}, headers={"if-match": '"1"'}).status_code == 412
    wrong = officer.patch(place, json={"opens_on": "2026-03-02"}, headers={"if-match": '"2"'})
    assert wrong.status_code == 422, wrong.text
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/opens_on"]


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"fund_id": str(UUID(int=7))}, "/fund_id"),
        ({"objectives": [0]}, "/objectives/0"),
        ({"objectives": [2, 2]}, "/objectives"),
        ({"closes_on": "2026-01-31"}, "/closes_on"),
        ({"envelope": {"amount": "1.00", "currency": "EUR"}}, "/envelope/currency"),
        ({"year": 26}, "/year"),
        ({"title": "x" * 501}, "/title"),
    ],
)
def test_wrong_input_is_named(
    world: World, fund_id: UUID, over: dict[str, Any], pointer: str
) -> None:
    refused = world.as_role(Role.GRANT_OFFICER).post("/v1/calls", json=body(fund_id) | over)
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_a_role_for_one_fund_reaches_no_other(world: World, fund_id: UUID) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    made = world.as_role(Role.GRANT_OFFICER).post("/v1/calls", json=body(fund_id))
    elsewhere = world.as_role(Role.GRANT_OFFICER, fund_id=other)
    assert elsewhere.get("/v1/calls").json()["items"] == []
    assert elsewhere.post(f"{made.headers['location']}/open").status_code == 404
    assert elsewhere.post("/v1/calls", json=body(fund_id)).status_code == 422


def test_the_list_is_filtered_and_takes_one_query(world: World, fund_id: UUID) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    places = [
        officer.post("/v1/calls", json=body(fund_id, title=f"Call {number}")).headers["location"]
        for number in range(3)
    ]
    officer.post(f"{places[1]}/open")
    items = officer.get("/v1/calls?status=open").json()["items"]
    assert [item["title"] for item in items] == ["Call 1"]
    counted: list[str] = []

    def count(*given: object) -> None:
        counted.append(str(given[2]))

    event.listen(world.database.reader, "before_cursor_execute", count)
    try:
        page = officer.get("/v1/calls?limit=2&sort=-code").json()
    finally:
        event.remove(world.database.reader, "before_cursor_execute", count)
    assert sum("FROM calls" in statement for statement in counted) == 1
    assert [item["title"] for item in page["items"]] == ["Call 2", "Call 1"]
    rest = officer.get(f"/v1/calls?limit=2&sort=-code&cursor={page['next_cursor']}").json()
    assert [item["title"] for item in rest["items"]] == ["Call 0"]


def test_everybody_reads_the_ten_objectives(world: World) -> None:
    donor = world.as_role(Role.DONOR, party_id=_party(world))
    items = donor.get("/v1/objectives").json()["items"]
    assert [item["number"] for item in items] == list(range(1, 11))
    assert items[3]["title"] == "Rescue and protect the victims"
    assert world.anonymous().get("/v1/objectives").status_code == 401
