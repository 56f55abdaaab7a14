"""Pledges: what is promised, beside what was agreed, received and written off of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from fundops import audit
from fundops.authz import Held, Permission, Role
from fundops.donors import agreements, register_queries
from fundops.donors.models import Agreement, Instalment, Pledge
from fundops.donors.sums import NOTHING, Sums
from fundops.errors import Problem
from fundops.funds import rates
from fundops.funds.rate_schemas import RateIn
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from tests.donors.register_factories import (
    a_pledge,
    an_active_agreement,
    audited,
    pledge_body,
    receive,
    statements,
    today,
    tomorrow,
    write_off,
)
from tests.factories import a_fund, a_party, a_person
from tests.staged import staged
from tests.world import World

FIELDS = ("amount", "agreed", "received", "written_off", "outstanding")


@dataclass
class Scene:
    """A fund in US dollars and a donor."""

    world: World
    fund: Fund
    donor: Party


def begun(world: World) -> Scene:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, donor = a_fund(db), a_party(db)
    return Scene(world, fund, donor)


scene = staged(begun)


def amounts(item: dict[str, Any]) -> list[str]:
    """Return the five amounts of a pledge, which are all in its own currency."""
    assert {item[name]["currency"] for name in FIELDS} == {item["amount"]["currency"]}
    return [item[name]["amount"] for name in FIELDS]


def test_a_pledge_is_recorded_gross_with_its_base_equivalent(scene: Scene) -> None:
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    body = pledge_body(
        scene.fund,
        scene.donor,
        amount={"amount": "920.00", "currency": "EUR"},
        rate="0.920",
        pipeline_on="2025-12-01",
        expected_on="2026-06-30",
        fiscal_year=2026,
        conditions="Subject to parliament.",
        source_code="EU/2026/7",
    )
    made = officer.post("/v1/pledges", json=body)
    assert made.status_code == 201, made.text
    found = made.json()
    assert found | body | {"rate": "0.92"} == found
    assert found["status"] == "pledged"
    assert found["base_amount"] == {"amount": "1000.00", "currency": "USD"}
    assert amounts(found) == ["920.00", "0.00", "0.00", "0.00", "920.00"]
    assert found["code"] == f"PLG-{today().year}-0001"

    auditor = scene.world.as_role(Role.AUDITOR)
    read = auditor.get(made.headers["location"])
    assert read.json() == found
    assert read.headers["etag"] == made.headers["etag"] == '"1"'
    assert auditor.get("/v1/pledges").json() == {"items": [found], "next_cursor": None}
    assert audited(scene.world.database, found["id"]) == [("pledge.created", None)]


def test_without_a_day_of_pledging_it_is_in_the_pipeline_until_confirmed(scene: Scene) -> None:
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    body = pledge_body(scene.fund, scene.donor, pipeline_on="2026-02-01")
    del body["pledged_on"]
    made = officer.post("/v1/pledges", json=body)
    assert made.json()["status"] == "pipeline"
    assert amounts(made.json()) == ["1000.00", "0.00", "0.00", "0.00", "0.00"]

    place, match = made.headers["location"], {"if-match": made.headers["etag"]}
    sneaked = officer.patch(place, json={"pledged_on": "2026-02-02"}, headers=match)
    assert sneaked.json()["errors"][0]["pointer"] == "/pledged_on"
    early = officer.post(f"{place}/confirm", json={"pledged_on": "2026-01-31"})
    assert early.json()["errors"][0]["pointer"] == "/pledged_on"
    future = officer.post(f"{place}/confirm", json={"pledged_on": tomorrow()})
    assert future.status_code == 422

    confirmed = officer.post(f"{place}/confirm", json={"pledged_on": "2026-02-01"}).json()
    assert (confirmed["status"], confirmed["pledged_on"]) == ("pledged", "2026-02-01")
    assert amounts(confirmed)[-1] == "1000.00"
    again = officer.post(f"{place}/confirm", json={"pledged_on": "2026-02-01"})
    assert again.json()["type"] == "urn:fundops:problem:wrong-status"


def test_the_pipeline_begins_today_when_no_day_is_given(scene: Scene) -> None:
    body = pledge_body(scene.fund, scene.donor)
    del body["pledged_on"]
    made = scene.world.as_role(Role.FINANCE_OFFICER).post("/v1/pledges", json=body).json()
    assert (made["pipeline_on"], made["pledged_on"]) == (today().isoformat(), None)


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"fund_id": str(uuid4())}, "/fund_id"),
        ({"donor_id": str(uuid4())}, "/donor_id"),
        ({"event_id": str(uuid4())}, "/event_id"),
        ({"pledged_on": "TOMORROW"}, "/pledged_on"),
        ({"pledged_on": None, "pipeline_on": "TOMORROW"}, "/pipeline_on"),
        ({"pipeline_on": "2026-01-11"}, "/pledged_on"),
        ({"rate": "0.9"}, "/rate"),
        ({"amount": {"amount": "0.00", "currency": "USD"}}, "/amount/amount"),
        ({"amount": {"amount": "-1.00", "currency": "USD"}}, "/amount/amount"),
        ({"amount": {"amount": "1.00", "currency": "XAU"}}, "/amount/currency"),
        ({"amount": {"amount": "9999999999999.99", "currency": "EUR"}, "rate": "0.01"}, "/amount"),
        ({"fiscal_year": 3000}, "/fiscal_year"),
        ({"fiscal_year": "2026"}, "/fiscal_year"),
        ({"status": "agreed"}, "/status"),
    ],
)
def test_a_pledge_that_cannot_be_is_refused(
    scene: Scene, over: dict[str, Any], pointer: str
) -> None:
    over = {key: tomorrow() if value == "TOMORROW" else value for key, value in over.items()}
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    refused = officer.post("/v1/pledges", json=pledge_body(scene.fund, scene.donor, **over))
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert officer.get("/v1/pledges").json()["items"] == []


@pytest.mark.parametrize(
    ("over", "status"),
    [
        ({"kind": "pseudo"}, 422),
        ({"status": "frozen"}, 422),
        ({"is_anonymous": True}, 201),
        ({"kind": "individual"}, 201),
    ],
)
def test_who_may_pledge(world: World, over: dict[str, Any], status: int) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, donor = a_fund(db), a_party(db, **over)
    body = pledge_body(fund, donor)
    assert world.as_role(Role.FINANCE_OFFICER).post("/v1/pledges", json=body).status_code == status


def test_a_closed_fund_takes_no_pledges(scene: Scene) -> None:
    with scene.world.database.write() as db:
        db.get_one(Fund, scene.fund.id).status = "closed"
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    refused = officer.post("/v1/pledges", json=pledge_body(scene.fund, scene.donor))
    assert refused.json()["errors"][0]["pointer"] == "/fund_id"


def test_a_known_rate_is_used_and_an_unknown_one_is_left_open(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        for day, rate in ((1, "0.8"), (20, "0.5")):
            wanted = RateIn(
                source="un_operational",
                base="USD",
                currency="EUR",
                starts_on=date(2026, 1, day),
                rate=rate,
            )
            rates.record_rate(db, audit.SYSTEM, wanted)
        known = a_pledge(db, scene.fund, scene.donor, 80_000, "EUR")
        unknown = a_pledge(db, scene.fund, scene.donor, 80_000, "GBP")
        own = a_pledge(db, scene.fund, scene.donor, 80_000, "USD")
        assert (known.rate, known.base_minor) == ("0.8", 100_000)
        assert (unknown.rate, unknown.base_minor) == (None, None)
        assert (own.rate, own.base_minor) == (None, 80_000)


def test_received_and_written_off_stand_beside_the_pledge_and_are_never_netted(
    scene: Scene,
) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        pledge = a_pledge(db, scene.fund, scene.donor, 100_000)
        _, (first, second) = an_active_agreement(
            db, scene.fund, scene.donor, (40_000, None), (20_000, None), pledge=pledge
        )
        an_active_agreement(
            db, scene.fund, scene.donor, (9_000, None), pledge=pledge, is_draft=True
        )
        receive(db, first, 25_000, date(2026, 2, 1))
        write_off(db, second, 5_000, date(2026, 2, 2))
    reader = scene.world.as_role(Role.AUDITOR)
    found = reader.get(f"/v1/pledges/{pledge.id}").json()
    assert found["status"] == "agreed"
    assert amounts(found) == ["1000.00", "600.00", "250.00", "50.00", "700.00"]
    assert reader.get("/v1/pledges").json()["items"] == [found]


def test_an_agreement_larger_than_its_pledge_leaves_the_pledge_as_promised(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        pledge = a_pledge(db, scene.fund, scene.donor, 100_000)
        an_active_agreement(db, scene.fund, scene.donor, (130_000, None), pledge=pledge)
    found = scene.world.as_role(Role.AUDITOR).get(f"/v1/pledges/{pledge.id}").json()
    assert amounts(found) == ["1000.00", "1300.00", "0.00", "0.00", "1300.00"]


@pytest.mark.parametrize(
    ("status", "sums", "expected"),
    [
        ("pipeline", NOTHING, 0),
        ("pledged", NOTHING, 100),
        ("agreed", Sums(60, 20, 5), 75),
        ("agreed", Sums(130, 20, 5), 105),
        ("agreed", Sums(100, 90, 10), 0),
        ("cancelled", NOTHING, 0),
        ("cancelled", Sums(60, 0, 60), 0),
    ],
)
def test_what_is_outstanding_of_a_pledge(status: str, sums: Sums, expected: int) -> None:
    assert register_queries.pledge_outstanding(100, status, sums) == expected


def test_changing_the_amount_books_its_base_equivalent_anew(scene: Scene) -> None:
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    body = pledge_body(
        scene.fund, scene.donor, amount={"amount": "80.00", "currency": "EUR"}, rate="0.8"
    )
    made = officer.post("/v1/pledges", json=body)
    place = made.headers["location"]
    assert officer.patch(place, json={"rate": "0.4"}).status_code == 428

    new = {"amount": {"amount": "160.00", "currency": "EUR"}, "expected_on": "2026-12-01"}
    changed = officer.patch(place, json=new, headers={"if-match": '"1"'}).json()
    assert changed["base_amount"]["amount"] == "200.00"
    assert changed["expected_on"] == "2026-12-01"
    changed = officer.patch(place, json={"rate": "0.4"}, headers={"if-match": '"2"'}).json()
    assert changed["base_amount"]["amount"] == "400.00"
    new = {"amount": {"amount": "70.00", "currency": "USD"}}
    changed = officer.patch(place, json=new, headers={"if-match": '"3"'}).json()
    assert (changed["rate"], changed["base_amount"]["amount"]) == (None, "70.00")
    assert officer.patch(place, json=new, headers={"if-match": '"3"'}).status_code == 412
    refused = officer.patch(place, json={"amount": None}, headers={"if-match": '"4"'})
    assert refused.json()["errors"][0]["pointer"] == "/amount"


def test_a_pledge_cannot_shrink_below_its_agreements_nor_change_their_currency(
    scene: Scene,
) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        pledge = a_pledge(db, scene.fund, scene.donor, 100_000)
        an_active_agreement(db, scene.fund, scene.donor, (60_000, None), pledge=pledge)
        version = db.get_one(Pledge, pledge.id).version
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    place, match = f"/v1/pledges/{pledge.id}", {"if-match": f'"{version}"'}
    for amount, currency in (("599.99", "USD"), ("600.00", "EUR")):
        body = {"amount": {"amount": amount, "currency": currency}}
        refused = officer.patch(place, json=body, headers=match)
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "urn:fundops:problem:conflict",
        )
    body = {"amount": {"amount": "600.00", "currency": "USD"}}
    changed = officer.patch(place, json=body, headers=match).json()
    assert amounts(changed) == ["600.00", "600.00", "0.00", "0.00", "600.00"]


def test_cancelling_gives_a_reason_and_ends_it(scene: Scene) -> None:
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    place = officer.post("/v1/pledges", json=pledge_body(scene.fund, scene.donor)).headers[
        "location"
    ]
    assert officer.post(f"{place}/cancel", json={}).status_code == 422
    cancelled = officer.post(f"{place}/cancel", json={"reason": "Government changed."})
    assert cancelled.json()["status"] == "cancelled"
    assert amounts(cancelled.json())[-1] == "0.00"
    assert audited(scene.world.database, cancelled.json()["id"])[-1] == (
        "pledge.cancelled",
        "Government changed.",
    )
    assert officer.post(f"{place}/cancel", json={"reason": "Again."}).status_code == 409
    match = {"if-match": cancelled.headers["etag"]}
    assert officer.patch(place, json={"fiscal_year": 2027}, headers=match).status_code == 409


def test_a_pledge_cannot_be_cancelled_around_received_money_or_a_write_off(scene: Scene) -> None:
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    with scene.world.database.write() as db:
        audit.lock_head(db)
        received, agreed = (a_pledge(db, scene.fund, scene.donor) for _ in range(2))
        _, (one,) = an_active_agreement(
            db, scene.fund, scene.donor, (100_000, None), pledge=received
        )
        receive(db, one, 1, date(2026, 2, 1))
        agreement, (other,) = an_active_agreement(
            db, scene.fund, scene.donor, (100_000, None), pledge=agreed
        )
    for pledge in (received, agreed):
        refused = officer.post(f"/v1/pledges/{pledge.id}/cancel", json={"reason": "No."})
        assert refused.json()["type"] == "urn:fundops:problem:conflict"
        assert officer.get(f"/v1/pledges/{pledge.id}").json()["status"] == "agreed"
    with scene.world.database.write() as db:
        audit.lock_head(db)
        write_off(db, db.get_one(Instalment, other.id), 100_000, date(2026, 2, 2))
        agreements.close_agreement(db, audit.SYSTEM, db.get_one(Agreement, agreement.id))
    cancelled = officer.post(f"/v1/pledges/{agreed.id}/cancel", json={"reason": "No."}).json()
    assert cancelled["status"] == "cancelled"
    assert amounts(cancelled) == ["1000.00", "1000.00", "0.00", "1000.00", "0.00"]


def test_a_donor_sees_its_own_pledges_only(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        one, other = a_party(db), a_party(db)
        mine, theirs = a_pledge(db, fund, one), a_pledge(db, fund, other)
    donor = world.as_role(Role.DONOR, party_id=one.id)
    assert [item["id"] for item in donor.get("/v1/pledges").json()["items"]] == [str(mine.id)]
    assert donor.get("/v1/pledges", params={"donor": str(other.id)}).json()["items"] == []
    assert donor.get(f"/v1/pledges/{mine.id}").status_code == 200
    unseen = donor.get(f"/v1/pledges/{theirs.id}")
    missing = donor.get(f"/v1/pledges/{uuid4()}")
    assert unseen.status_code == missing.status_code == 404
    assert unseen.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    assert donor.post("/v1/pledges", json=pledge_body(fund, one)).status_code == 403


def test_roles_are_not_widened_by_one_another(world: World) -> None:
    """A donor in one fund who is an auditor of another sees both roles' rows and no more."""
    with world.database.write() as db:
        audit.lock_head(db)
        first, second = a_fund(db), a_fund(db)
        me, other = a_party(db), a_party(db)
        rows = {
            (fund.id, party.id): a_pledge(db, fund, party).id
            for fund in (first, second)
            for party in (me, other)
        }
    caller = world.as_role(Role.DONOR, party_id=me.id, fund_id=first.id)
    held = (Held(Role.DONOR, me.id, first.id), Held(Role.AUDITOR, None, second.id))
    actor = type(caller.actor)(caller.actor.person_id, "PER-1", None, held)
    with world.database.read() as db:
        found = {row.id for row in db.execute(register_queries.pledges(actor))}
        assert found == set(rows.values()) - {rows[first.id, other.id]}
        for (fund_id, party_id), pledge_id in rows.items():
            if (fund_id, party_id) == (first.id, other.id):
                with pytest.raises(Problem, match="no such record"):
                    register_queries.read_pledge(db, actor, pledge_id)
            else:
                assert register_queries.read_pledge(db, actor, pledge_id)["code"]


def test_a_role_for_one_fund_reads_and_writes_there_only(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        first, second, donor = a_fund(db), a_fund(db), a_party(db)
        here, there = a_pledge(db, first, donor), a_pledge(db, second, donor)
    officer = world.as_role(Role.FINANCE_OFFICER, fund_id=first.id)
    assert [one["id"] for one in officer.get("/v1/pledges").json()["items"]] == [str(here.id)]
    refused = officer.post("/v1/pledges", json=pledge_body(second, donor))
    assert refused.json()["errors"][0]["pointer"] == "/fund_id"
    assert officer.post("/v1/pledges", json=pledge_body(first, donor)).status_code == 201
    reason = {"reason": "No."}
    assert officer.post(f"/v1/pledges/{there.id}/cancel", json=reason).status_code == 404
    assert officer.post(f"/v1/pledges/{here.id}/cancel", json=reason).status_code == 200


def test_reading_everywhere_is_not_writing_everywhere(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        first, second, donor = a_fund(db), a_fund(db), a_party(db)
        there = a_pledge(db, second, donor)
        person = a_person(db, Role.AUDITOR)[0]
        held = (Held(Role.AUDITOR), Held(Role.FINANCE_OFFICER, None, first.id))
        actor = type(person)(person.person_id, person.person_code, None, held)
        assert register_queries.read_pledge(db, actor, there.id)["id"] == there.id
        with pytest.raises(Problem, match="no such record"):
            register_queries.get_pledge(db, actor, Permission.PLEDGE_WRITE, there.id)


def test_filters_sorts_and_pages(world: World) -> None:
    officer = world.as_role(Role.FINANCE_OFFICER)
    event = {"kind": "conference", "name": "Conference", "held_on": "2026-01-05"}
    event_id = UUID(officer.post("/v1/events", json=event).json()["id"])
    with world.database.write() as db:
        audit.lock_head(db)
        funds, donors = (a_fund(db), a_fund(db)), (a_party(db), a_party(db))
        made = [a_pledge(db, fund, donor) for fund in funds for donor in donors]
        made.append(a_pledge(db, funds[0], donors[0], event_id=event_id, pledged_on=None))
    ids = [str(pledge.id) for pledge in made]

    def found(**params: Any) -> list[str]:
        listed = officer.get("/v1/pledges", params=params)
        assert listed.status_code == 200, listed.text
        return [item["id"] for item in listed.json()["items"]]

    assert found() == ids
    assert found(fund=str(funds[0].id)) == [ids[0], ids[1], ids[4]]
    assert found(donor=str(donors[1].id)) == [ids[1], ids[3]]
    assert found(event=str(event_id)) == [ids[4]]
    assert found(status="pipeline") == [ids[4]]
    assert found(fund=str(funds[1].id), donor=str(donors[0].id)) == [ids[2]]
    assert found(sort="-code") == ids[::-1]

    pages, cursor = [], None
    while True:
        params = {"limit": 2, "sort": "status"} | ({"cursor": cursor} if cursor else {})
        page = officer.get("/v1/pledges", params=params).json()
        pages.append([item["id"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == [[ids[4], ids[0]], [ids[1], ids[2]], [ids[3]]]
    assert officer.get("/v1/pledges", params={"status": "paid"}).status_code == 422
    assert officer.get("/v1/pledges", params={"fund": "x"}).status_code == 422


def test_a_page_costs_as_many_statements_as_one_row(scene: Scene) -> None:
    reader, database = scene.world.as_role(Role.AUDITOR), scene.world.database
    costs = []
    for more in (1, 12):
        with database.write() as db:
            audit.lock_head(db)
            for _ in range(more):
                pledge = a_pledge(db, scene.fund, scene.donor)
                an_active_agreement(db, scene.fund, scene.donor, (60_000, None), pledge=pledge)
        with statements(database) as seen:
            items = reader.get("/v1/pledges").json()["items"]
        costs.append(len(seen))
    assert len(items) == 13
    assert {item["agreed"]["amount"] for item in items} == {"600.00"}
    assert costs[0] == costs[1]
    with statements(database) as seen:
        reader.get(f"/v1/pledges/{pledge.id}")
    assert len(seen) == costs[0]


def test_a_command_costs_the_same_whatever_is_there(scene: Scene) -> None:
    officer, database = scene.world.as_role(Role.FINANCE_OFFICER), scene.world.database
    body = pledge_body(scene.fund, scene.donor)
    officer.post("/v1/pledges", json=body)
    costs = []
    for more in (0, 20):
        with database.write() as db:
            audit.lock_head(db)
            for _ in range(more):
                a_pledge(db, scene.fund, scene.donor)
        with statements(database) as seen:
            assert officer.post("/v1/pledges", json=body).status_code == 201
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_a_retried_pledge_is_recorded_once(scene: Scene) -> None:
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    body, key = pledge_body(scene.fund, scene.donor), {"idempotency-key": "the-same-key"}
    first = officer.post("/v1/pledges", json=body, headers=key)
    again = officer.post("/v1/pledges", json=body, headers=key)
    assert first.content == again.content
    assert len(officer.get("/v1/pledges").json()["items"]) == 1


def test_sums_near_the_limit_stay_exact_and_go_no_further(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        pledge = a_pledge(db, scene.fund, scene.donor, 10**15)
        made, parts = an_active_agreement(
            db, scene.fund, scene.donor, (333_333_333_333_333, None), (1, None), pledge=pledge
        )
    officer = scene.world.as_role(Role.FINANCE_OFFICER)
    place = f"/v1/agreements/{made.id}/instalments/{parts[1].id}"
    for amount, status in (("6666666666666.68", 422), ("6666666666666.67", 200)):
        body = {"amount": {"amount": amount, "currency": "USD"}}
        answer = officer.patch(place, json=body, headers={"if-match": '"1"'})
        assert answer.status_code == status, answer.text
    found = officer.get(f"/v1/pledges/{pledge.id}").json()
    assert found["agreed"]["amount"] == "10000000000000.00"
