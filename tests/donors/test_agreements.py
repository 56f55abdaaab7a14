"""Agreements: earmark, charges, schedule, owed reports, and the steps of their life."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from fundops import audit
from fundops.authz import Role
from fundops.donors.agreement_schemas import MAX_INSTALMENTS
from fundops.donors.models import Agreement, Lot
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from tests.donors.register_factories import (
    a_pledge,
    agreement_body,
    an_active_agreement,
    audited,
    receive,
    statements,
    today,
    tomorrow,
    write_off,
)
from tests.factories import a_fund, a_party
from tests.staged import staged
from tests.world import Caller, World

EARMARK = {
    "category": 3,
    "include": {"country": ["UG", "KE"], "objective": [5, 3]},
    "exclude": {"call": ["CAL-2026-0001"]},
    "caps": [
        {"dimension": "country", "value": "KE", "limit": {"amount": "250.00", "currency": "USD"}}
    ],
    "spend_by_on": "2028-12-31",
}


@dataclass
class Scene:
    """A fund in US dollars, a donor, and an officer who writes."""

    world: World
    fund: Fund
    donor: Party
    officer: Caller

    def draft(self, **over: Any) -> dict[str, Any]:
        """Draft an agreement over HTTP and return the answer's body."""
        made = self.officer.post(
            "/v1/agreements", json=agreement_body(self.fund, self.donor, **over)
        )
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    def active(self, **over: Any) -> dict[str, Any]:
        """Draft an agreement and put it into force."""
        place = f"/v1/agreements/{self.draft(**over)['id']}/activate"
        made = self.officer.post(place, json={})
        assert made.status_code == 200, made.text
        found: dict[str, Any] = made.json()
        return found

    def instalments(self, agreement: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the agreement's instalments by number."""
        place = f"/v1/agreements/{agreement['id']}/instalments"
        found: list[dict[str, Any]] = self.officer.get(place, params={"sort": "number"}).json()[
            "items"
        ]
        return found


def begun(world: World) -> Scene:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, donor = a_fund(db), a_party(db)
    return Scene(world, fund, donor, world.as_role(Role.FINANCE_OFFICER))


scene = staged(begun)


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def match(version: int) -> dict[str, str]:
    return {"if-match": f'"{version}"'}


def test_an_agreement_is_drafted_with_its_schedule_and_read_back(scene: Scene) -> None:
    made = scene.draft(
        conditions="Counterpart funding.",
        has_return_obligation=True,
        starts_on="2026-02-01",
        ends_on="2028-12-31",
        earmark=EARMARK,
        support_cost={"basis": "expenditure", "rate": "0.13"},
        agent_fee="0.01",
        instalments=[
            {"amount": usd("600.00"), "due_on": "2026-03-01"},
            {"number": 7, "amount": usd("300.00")},
            {"amount": usd("100.00"), "due_on": "2027-03-01"},
        ],
        reports=[{"kind": "financial", "due_on": "2027-03-31"}],
    )
    assert made["code"].startswith("AGR-")
    assert (made["status"], made["conditions_met_on"]) == ("draft", None)
    assert made["earmark"] == EARMARK | {
        "include": {"country": ["KE", "UG"], "objective": [3, 5]},
    }
    assert made["support_cost"] == {"basis": "expenditure", "rate": "0.13"}
    assert made["agent_fee"] == "0.01"
    assert made["amount"] == usd("1000.00")
    assert made["outstanding"] == usd("0.00")
    schedule = scene.instalments(made)
    assert [(one["number"], one["due_on"]) for one in schedule] == [
        (7, None),
        (8, "2026-03-01"),
        (9, "2027-03-01"),
    ]
    assert [one["expected_base"] for one in schedule] == [one["amount"] for one in schedule]

    read = scene.officer.get(f"/v1/agreements/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    assert scene.officer.get("/v1/agreements").json()["items"] == [made]
    reports = scene.officer.get("/v1/agreement_reports").json()["items"]
    assert [(one["agreement_code"], one["kind"]) for one in reports] == [
        (made["code"], "financial")
    ]
    with scene.world.database.read() as db:
        stored = db.query(Agreement).one()
        assert (stored.category, stored.spend_by_on) == (3, date(2028, 12, 31))
        assert json.loads(stored.earmark)["caps"][0]["amount_minor"] == 25_000
    assert audited(scene.world.database, made["id"]) == [("agreement.created", None)]
    for row, action in ((schedule[0], "instalment.added"), (reports[0], "agreement_report.added")):
        assert audited(scene.world.database, row["id"]) == [(action, None)]


@pytest.mark.parametrize(
    ("earmark", "pointers"),
    [
        ({"category": 5}, ["/earmark/category"]),
        ({"category": 1, "include": {"country": ["KE"]}}, ["/earmark/category"]),
        (
            {"category": 3, "include": {"country": ["KE", "ZZ"], "objective": [11]}},
            ["/earmark/include/objective/0", "/earmark/include/country/1"],
        ),
        ({"category": 2, "include": {"country": []}}, ["/earmark/include/country"]),
        ({"category": 2, "include": {"colour": ["red"]}}, ["/earmark/include/colour"]),
        (
            {"category": 3, "include": {"country": ["KE"]}, "exclude": {"country": ["KE"]}},
            ["/earmark/exclude/country"],
        ),
        (EARMARK | {"spend_by_on": "2028-02-30"}, ["/earmark/spend_by_on"]),
        (
            EARMARK
            | {
                "caps": [
                    {
                        "dimension": "country",
                        "value": "KE",
                        "limit": {"amount": "1.00", "currency": "EUR"},
                    }
                ]
            },
            ["/earmark/caps/0/limit/currency"],
        ),
    ],
)
def test_every_fault_of_an_earmark_is_named_at_its_place(
    scene: Scene, earmark: dict[str, Any], pointers: list[str]
) -> None:
    body = agreement_body(scene.fund, scene.donor, earmark=earmark)
    refused = scene.officer.post("/v1/agreements", json=body)
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == pointers
    assert scene.officer.get("/v1/agreements").json()["items"] == []


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"fund_id": str(uuid4())}, "/fund_id"),
        ({"donor_id": str(uuid4())}, "/donor_id"),
        ({"pledge_id": str(uuid4())}, "/pledge_id"),
        ({"signed_on": "TOMORROW"}, "/signed_on"),
        ({"starts_on": "2026-02-01", "ends_on": "2026-01-31"}, "/ends_on"),
        ({"has_return_obligation": True}, "/conditions"),
        ({"support_cost": {"basis": "none", "rate": "0.13"}}, "/support_cost"),
        ({"support_cost": {"basis": "receipt", "rate": "0"}}, "/support_cost"),
        ({"agent_fee": "1.5"}, "/agent_fee"),
        ({"agent_fee": 0.01}, "/agent_fee"),
        (
            {
                "instalments": [
                    {"amount": usd("1.00")},
                    {"amount": {"amount": "1", "currency": "EUR"}},
                ]
            },
            "/instalments/1/amount/currency",
        ),
        ({"instalments": [{"amount": usd("0.00")}]}, "/instalments/0/amount/amount"),
        (
            {"instalments": [{"number": 2, "amount": usd("1")}, {"number": 2, "amount": usd("1")}]},
            "/instalments/1/number",
        ),
        ({"instalments": [{"amount": usd("6000000000000.00")}] * 2}, "/instalments"),
        ({"instalments": [{"amount": usd("1.00")}] * (MAX_INSTALMENTS + 1)}, "/instalments"),
    ],
)
def test_an_agreement_that_cannot_be_is_refused(
    scene: Scene, over: dict[str, Any], pointer: str
) -> None:
    over = {key: tomorrow() if value == "TOMORROW" else value for key, value in over.items()}
    body = agreement_body(scene.fund, scene.donor, **over)
    refused = scene.officer.post("/v1/agreements", json=body)
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert scene.officer.get("/v1/agreements").json()["items"] == []


def test_a_pledge_must_be_the_same_donors_funds_and_currency(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        others = a_pledge(db, scene.fund, a_party(db))
        elsewhere = a_pledge(db, a_fund(db), scene.donor)
        euros = a_pledge(db, scene.fund, scene.donor, 100_000, "EUR")
        gone = a_pledge(db, scene.fund, scene.donor)
        gone.status = "cancelled"
    for pledge, pointer in (
        (others, "/pledge_id"),
        (elsewhere, "/pledge_id"),
        (gone, "/pledge_id"),
        (euros, "/instalments/0/amount/currency"),
    ):
        body = agreement_body(scene.fund, scene.donor, pledge_id=str(pledge.id))
        refused = scene.officer.post("/v1/agreements", json=body)
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    draft = scene.draft()
    place = f"/v1/agreements/{draft['id']}"
    refused = scene.officer.patch(place, json={"pledge_id": str(euros.id)}, headers=match(1))
    assert refused.json()["errors"][0]["pointer"] == "/pledge_id"


def test_an_instalment_expects_the_pledges_booked_rate(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        pledge = a_pledge(db, scene.fund, scene.donor, 100_000, "EUR", rate="0.8")
    made = scene.draft(
        pledge_id=str(pledge.id),
        instalments=[{"amount": {"amount": "400.00", "currency": "EUR"}}],
    )
    (one,) = scene.instalments(made)
    assert one["expected_base"] == usd("500.00")
    place = f"/v1/agreements/{made['id']}/instalments/{one['id']}"
    new = {"amount": {"amount": "80.00", "currency": "EUR"}}
    changed = scene.officer.patch(place, json=new, headers=match(1)).json()
    assert changed["expected_base"] == usd("100.00")


def test_activation_makes_the_pledge_agreed(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        pledge = a_pledge(db, scene.fund, scene.donor)
    draft = scene.draft(pledge_id=str(pledge.id))
    before = scene.officer.get(f"/v1/pledges/{pledge.id}").json()
    assert (before["status"], before["agreed"]) == ("pledged", usd("0.00"))
    done = scene.officer.post(f"/v1/agreements/{draft['id']}/activate", json={}).json()
    assert (done["status"], done["outstanding"]) == ("active", usd("1000.00"))
    after = scene.officer.get(f"/v1/pledges/{pledge.id}").json()
    assert (after["status"], after["agreed"]) == ("agreed", usd("1000.00"))
    assert [action for action, _ in audited(scene.world.database, pledge.id)] == [
        "pledge.created",
        "pledge.agreed",
    ]
    again = scene.officer.post(f"/v1/agreements/{draft['id']}/activate", json={})
    assert again.json()["type"] == "urn:fundops:problem:wrong-status"

    second = scene.active(pledge_id=str(pledge.id))
    assert second["status"] == "active"
    assert len(audited(scene.world.database, pledge.id)) == 2


def test_an_agreement_is_not_activated_without_instalments_signature_or_pledge(
    scene: Scene,
) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        pipeline = a_pledge(db, scene.fund, scene.donor, pledged_on=None)
    empty = scene.draft(instalments=[])
    unsigned = scene.draft(signed_on=None)
    early = scene.draft(pledge_id=str(pipeline.id))
    for draft, body, status in (
        (empty, {}, 409),
        (unsigned, {}, 422),
        (unsigned, {"signed_on": tomorrow()}, 422),
        (early, {}, 409),
    ):
        place = f"/v1/agreements/{draft['id']}"
        assert scene.officer.post(f"{place}/activate", json=body).status_code == status
        assert scene.officer.get(place).json() == draft
    signed = scene.officer.post(
        f"/v1/agreements/{unsigned['id']}/activate", json={"signed_on": "2026-01-20"}
    )
    assert (signed.json()["status"], signed.json()["signed_on"]) == ("active", "2026-01-20")
    assert scene.officer.get(f"/v1/pledges/{pipeline.id}").json()["status"] == "pipeline"


def test_a_draft_may_be_changed_and_an_active_agreement_hardly(scene: Scene) -> None:
    draft = scene.draft()
    place = f"/v1/agreements/{draft['id']}"
    assert scene.officer.patch(place, json={"title": "New"}).status_code == 428
    new = {
        "title": "New",
        "is_binding": False,
        "earmark": EARMARK,
        "support_cost": {"basis": "receipt", "rate": "0.07"},
        "agent_fee": "0.02",
        "conditions": "Counterpart funding.",
        "has_return_obligation": True,
    }
    changed = scene.officer.patch(place, json=new, headers=match(1)).json()
    assert changed | new | {"earmark": changed["earmark"]} == changed
    assert changed["earmark"]["category"] == 3
    assert scene.officer.patch(place, json=new, headers=match(1)).status_code == 412
    for wrong, pointer in (
        ({"conditions": None}, "/conditions"),
        ({"title": None}, "/title"),
        ({"earmark": None}, "/earmark"),
        ({"support_cost": {"basis": "none", "rate": "0.1"}}, "/support_cost"),
    ):
        refused = scene.officer.patch(place, json=wrong, headers=match(2))
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]

    active = scene.officer.post(f"{place}/activate", json={}).json()
    for field in ("is_binding", "earmark", "support_cost", "agent_fee", "conditions"):
        body = {field: new[field]}
        refused = scene.officer.patch(place, json=body, headers=match(active["version"]))
        assert refused.json()["type"] == "urn:fundops:problem:conflict", field
    body = {"title": "Newer", "ends_on": "2029-12-31"}
    changed = scene.officer.patch(place, json=body, headers=match(active["version"])).json()
    assert (changed["title"], changed["ends_on"]) == ("Newer", "2029-12-31")


def test_conditions_are_met_once_on_a_day_that_has_come(scene: Scene) -> None:
    without = scene.active()
    made = scene.active(conditions="Counterpart funding.", has_return_obligation=True)
    place = f"/v1/agreements/{made['id']}/meet_conditions"
    day = {"met_on": "2026-02-01"}
    assert scene.officer.post(place, json={"met_on": tomorrow()}).status_code == 422
    assert scene.officer.post(place, json={"met_on": "2026-01-14"}).status_code == 422
    assert scene.officer.post(place, json=day).json()["conditions_met_on"] == "2026-02-01"
    assert scene.officer.post(place, json=day).status_code == 409
    other = f"/v1/agreements/{without['id']}/meet_conditions"
    assert scene.officer.post(other, json=day).status_code == 409
    draft = scene.draft(conditions="Counterpart funding.")
    other = f"/v1/agreements/{draft['id']}/meet_conditions"
    assert scene.officer.post(other, json=day).status_code == 409


def test_a_new_earmark_is_for_money_still_to_come(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        made, (one, two) = an_active_agreement(
            db, scene.fund, scene.donor, (40_000, None), (60_000, None)
        )
        receive(db, one, 40_000, date(2026, 2, 1))
    place = f"/v1/agreements/{made.id}/change_earmark"
    body = {"earmark": EARMARK, "document": "Letter of 3 March 2026", "reason": "Donor's wish."}
    changed = scene.officer.post(place, json=body)
    assert changed.json()["earmark"]["category"] == 3, changed.text
    assert audited(scene.world.database, made.id)[-1] == (
        "agreement.earmark_changed",
        "Donor's wish.",
    )
    with scene.world.database.write() as db:
        audit.lock_head(db)
        receive(db, db.get_one(type(two), two.id), 60_000, date(2026, 3, 5))
        lots = db.query(Lot).order_by(Lot.opened_on).all()
        assert [(lot.category, lot.spend_by_on) for lot in lots] == [
            (1, None),
            (3, date(2028, 12, 31)),
        ]
        assert json.loads(lots[0].earmark)["category"] == 1
        assert json.loads(lots[1].earmark)["include"]["country"] == ["KE", "UG"]
    refused = scene.officer.post(place, json=body | {"earmark": {"category": 1}})
    assert refused.json()["type"] == "urn:fundops:problem:conflict"
    draft = scene.draft()
    refused = scene.officer.post(f"/v1/agreements/{draft['id']}/change_earmark", json=body)
    assert refused.json()["type"] == "urn:fundops:problem:wrong-status"


def test_instalments_are_added_and_rescheduled(scene: Scene) -> None:
    made = scene.active()
    place = f"/v1/agreements/{made['id']}/instalments"
    added = scene.officer.post(place, json={"amount": usd("500.00"), "due_on": "2027-01-31"})
    assert added.status_code == 201, added.text
    assert added.json()["number"] == 2
    assert scene.officer.get(added.headers["location"]).json() == added.json()
    for body, pointer in (
        ({"amount": {"amount": "1.00", "currency": "EUR"}}, "/amount/currency"),
        ({"amount": usd("9999999999999.99")}, "/amount"),
        ({"amount": usd("1.00"), "number": 2}, "/number"),
        ({"amount": usd("1.00"), "number": 0}, "/number"),
    ):
        refused = scene.officer.post(place, json=body)
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]

    one = added.headers["location"]
    assert scene.officer.patch(one, json={"due_on": "2027-06-30"}).status_code == 428
    moved = scene.officer.patch(one, json={"due_on": "2027-06-30"}, headers=match(1))
    assert moved.json()["due_on"] == "2027-06-30"
    assert scene.officer.patch(one, json={"due_on": None}, headers=match(1)).status_code == 412
    assert scene.officer.get(f"/v1/agreements/{made['id']}").json()["amount"] == usd("1500.00")
    assert [action for action, _ in audited(scene.world.database, added.json()["id"])] == [
        "instalment.added",
        "instalment.changed",
    ]


def test_an_instalment_never_falls_below_what_was_received_and_written_off(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        made, (one,) = an_active_agreement(db, scene.fund, scene.donor, (100_000, None))
        receive(db, one, 30_000, date(2026, 2, 1))
        write_off(db, one, 10_000, date(2026, 2, 2))
    place = f"/v1/agreements/{made.id}/instalments/{one.id}"
    found = scene.officer.get(place)
    assert (found.json()["received"], found.json()["outstanding"]) == (usd("300.00"), usd("600.00"))
    headers = {"if-match": found.headers["etag"]}
    refused = scene.officer.patch(place, json={"amount": usd("399.99")}, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:fundops:problem:over-matched",
    )
    assert "400.00 USD" in refused.json()["detail"]
    changed = scene.officer.patch(place, json={"amount": usd("400.00")}, headers=headers)
    assert changed.json()["outstanding"] == usd("0.00")


def test_an_instalment_is_found_under_its_own_agreement_only(scene: Scene) -> None:
    first, second = scene.active(), scene.active()
    (one,) = scene.instalments(first)
    wrong = f"/v1/agreements/{second['id']}/instalments/{one['id']}"
    assert scene.officer.get(wrong).status_code == 404
    assert scene.officer.patch(wrong, json={"due_on": None}, headers=match(1)).status_code == 404
    assert scene.officer.get(f"/v1/agreements/{uuid4()}/instalments").status_code == 404


def test_an_agreement_has_a_stated_maximum_of_instalments(scene: Scene) -> None:
    made = scene.active(instalments=[{"amount": usd("1.00")}] * MAX_INSTALMENTS)
    place = f"/v1/agreements/{made['id']}/instalments"
    assert scene.officer.post(place, json={"amount": usd("1.00")}).status_code == 422


def test_closing_needs_everything_received_or_written_off(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        made, (one,) = an_active_agreement(db, scene.fund, scene.donor, (100_000, None))
        receive(db, one, 90_000, date(2026, 2, 1))
    place = f"/v1/agreements/{made.id}"
    refused = scene.officer.post(f"{place}/close", json={})
    assert refused.json()["type"] == "urn:fundops:problem:conflict"
    assert "100.00 USD" in refused.json()["detail"]
    with scene.world.database.write() as db:
        audit.lock_head(db)
        write_off(db, db.get_one(type(one), one.id), 10_000, date(2026, 2, 2))
    closed = scene.officer.post(f"{place}/close", json={})
    assert closed.json()["status"] == "closed"
    version = closed.json()["version"]
    assert (
        scene.officer.patch(place, json={"title": "x"}, headers=match(version)).status_code == 409
    )
    more = scene.officer.post(f"{place}/instalments", json={"amount": usd("1.00")})
    assert more.json()["type"] == "urn:fundops:problem:wrong-status"
    draft = scene.draft()
    assert scene.officer.post(f"/v1/agreements/{draft['id']}/close", json={}).status_code == 409


def test_owed_reports_are_listed_by_day_and_delivered_once(scene: Scene) -> None:
    made = scene.active(reports=[{"kind": "narrative", "due_on": "2026-06-30"}])
    place = f"/v1/agreements/{made['id']}/reports"
    added = scene.officer.post(place, json={"kind": "audit", "due_on": "2027-06-30"})
    assert added.status_code == 201, added.text

    def owed(**params: Any) -> list[str]:
        found = scene.officer.get("/v1/agreement_reports", params=params).json()["items"]
        return [one["kind"] for one in found]

    assert owed(sort="due_on") == ["narrative", "audit"]
    assert owed(due_by="2026-12-31") == ["narrative"]
    assert owed(agreement=str(uuid4())) == []
    assert owed(donor=str(scene.donor.id), fund=str(scene.fund.id), sort="-due_on") == [
        "audit",
        "narrative",
    ]
    deliver = f"{place}/{added.json()['id']}/deliver"
    assert scene.officer.post(deliver, json={"delivered_on": tomorrow()}).status_code == 422
    day = today() - timedelta(days=1)
    done = scene.officer.post(deliver, json={"delivered_on": day.isoformat()})
    assert done.json()["delivered_on"] == day.isoformat()
    again = scene.officer.post(deliver, json={"delivered_on": day.isoformat()})
    assert again.status_code == 409
    assert owed(is_delivered=True) == ["audit"]
    assert owed(is_delivered=False) == ["narrative"]
    wrong = f"/v1/agreements/{scene.active()['id']}/reports/{added.json()['id']}/deliver"
    assert scene.officer.post(wrong, json={"delivered_on": "2026-01-01"}).status_code == 404


def test_a_donor_sees_its_own_agreements_schedule_and_reports_only(scene: Scene) -> None:
    report = [{"kind": "narrative", "due_on": "2026-06-30"}]
    mine = scene.draft(reports=report)
    with scene.world.database.write() as db:
        audit.lock_head(db)
        scene.donor, own = a_party(db), scene.donor
    theirs = scene.draft(reports=report)
    (instalment,) = scene.instalments(theirs)
    donor = scene.world.as_role(Role.DONOR, party_id=own.id)
    assert [one["id"] for one in donor.get("/v1/agreements").json()["items"]] == [mine["id"]]
    owed = donor.get("/v1/agreement_reports").json()["items"]
    assert [one["agreement_id"] for one in owed] == [mine["id"]]
    for place in ("", "/instalments", f"/instalments/{instalment['id']}"):
        unseen = donor.get(f"/v1/agreements/{theirs['id']}{place}")
        missing = donor.get(f"/v1/agreements/{uuid4()}{place}")
        assert unseen.status_code == missing.status_code == 404
        assert unseen.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    assert len(donor.get(f"/v1/agreements/{mine['id']}/instalments").json()["items"]) == 1
    assert donor.post(f"/v1/agreements/{mine['id']}/activate", json={}).status_code == 403


def test_a_role_for_one_fund_writes_there_only(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db)
    here = scene.draft()
    officer = scene.world.as_role(Role.FINANCE_OFFICER, fund_id=other.id)
    body = agreement_body(scene.fund, scene.donor)
    refused = officer.post("/v1/agreements", json=body)
    assert refused.json()["errors"][0]["pointer"] == "/fund_id"
    place = f"/v1/agreements/{here['id']}"
    assert officer.post(f"{place}/activate", json={}).status_code == 404
    assert officer.post(f"{place}/instalments", json={"amount": usd("1.00")}).status_code == 404
    assert scene.officer.get(place).json() == here


def test_lists_filter_and_cost_as_many_statements_as_one_row(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        pledge = a_pledge(db, scene.fund, scene.donor)
        made, _ = an_active_agreement(db, scene.fund, scene.donor, (1, None), pledge=pledge)
    costs = []
    for more in (0, 12):
        for _ in range(more):
            scene.draft()
        with statements(scene.world.database) as seen:
            items = scene.officer.get("/v1/agreements").json()["items"]
        costs.append(len(seen))
    assert (len(items), costs[0]) == (13, costs[1])
    for params in (
        {"status": "active"},
        {"pledge": str(pledge.id)},
        {"sort": "status", "limit": 1},
    ):
        found = scene.officer.get("/v1/agreements", params=params).json()["items"]
        assert [one["id"] for one in found] == [str(made.id)], params
    found = scene.officer.get("/v1/agreements", params={"donor": str(uuid4())})
    assert found.json()["items"] == []
