"""Events and the commitments made at them: followed up, valued if known, never cash."""

from __future__ import annotations

from typing import Any, get_args
from uuid import uuid4

import pytest

from fundops import audit
from fundops.authz import Role
from fundops.donors import models, register_schemas
from fundops.donors.agreement_schemas import AgreementStatus, ReportKind, SupportCostBasis
from fundops.donors.agreements import AGREEMENT_STEPS
from fundops.donors.events import COMMITMENT_STEPS
from fundops.donors.pledges import PLEDGE_STEPS
from fundops.lifecycle import Steps
from fundops.parties.models import Party
from tests.donors.cash_factories import held_in
from tests.donors.register_factories import audited, tomorrow
from tests.factories import a_fund, a_party
from tests.world import World

EVENT = {
    "kind": "conference",
    "name": "Regional conference",
    "place": "Vienna",
    "country": "AT",
    "held_on": "2026-03-01",
}


def a_donor(world: World, **over: object) -> Party:
    with world.database.write() as db:
        audit.lock_head(db)
        return a_party(db, **over)  # type: ignore[arg-type]


def a_commitment(donor: Party, **over: Any) -> dict[str, Any]:
    body = {
        "kind": "in_kind",
        "party_id": str(donor.id),
        "description": "Two vehicles for outreach.",
        "made_on": "2026-03-01",
    }
    return body | over


def test_an_event_is_recorded_read_and_changed(world: World) -> None:
    officer = world.as_role(Role.FINANCE_OFFICER)
    made = officer.post("/v1/events", json=EVENT)
    assert made.status_code == 201, made.text
    place = made.headers["location"]
    assert made.json() | EVENT == made.json()
    assert made.json()["code"].startswith("EVT-")
    assert world.as_role(Role.GRANT_OFFICER).get(place).json() == made.json()

    assert officer.patch(place, json={"name": "New"}).status_code == 428
    match = {"if-match": made.headers["etag"]}
    changed = officer.patch(place, json={"name": "New", "place": None}, headers=match)
    assert (changed.json()["name"], changed.json()["place"]) == ("New", None)
    assert officer.patch(place, json={"name": "Late"}, headers=match).status_code == 412
    assert [action for action, _ in audited(world.database, made.json()["id"])] == [
        "event.created",
        "event.changed",
    ]


def test_events_are_listed_by_kind(world: World) -> None:
    officer = world.as_role(Role.FINANCE_OFFICER)
    for kind in ("conference", "contact_group", "contact_group"):
        officer.post("/v1/events", json=EVENT | {"kind": kind})
    found = officer.get("/v1/events", params={"kind": "contact_group"}).json()["items"]
    assert [event["kind"] for event in found] == ["contact_group", "contact_group"]
    assert len(officer.get("/v1/events").json()["items"]) == 3
    assert officer.get("/v1/events", params={"kind": "party"}).status_code == 422


@pytest.mark.parametrize("field", ["name", "kind", "held_on"])
def test_what_an_event_must_have_cannot_be_set_to_null(world: World, field: str) -> None:
    officer = world.as_role(Role.FINANCE_OFFICER)
    made = officer.post("/v1/events", json=EVENT)
    refused = officer.patch(
        made.headers["location"], json={field: None}, headers={"if-match": made.headers["etag"]}
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"/{field}"


def test_donors_see_no_events_and_auditors_write_none(world: World) -> None:
    donor = a_donor(world)
    assert world.as_role(Role.DONOR, party_id=donor.id).get("/v1/events").status_code == 403
    assert world.as_role(Role.AUDITOR).post("/v1/events", json=EVENT).status_code == 403
    assert world.as_role(Role.AUDITOR).get(f"/v1/events/{uuid4()}").status_code == 404


def test_a_commitment_is_followed_up_and_never_cash(world: World) -> None:
    officer, donor = world.as_role(Role.FINANCE_OFFICER), a_donor(world)
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
    event_id = officer.post("/v1/events", json=EVENT).json()["id"]
    body = a_commitment(
        donor,
        event_id=event_id,
        value={"amount": "5000000", "currency": "XOF"},
        follow_up_on="2026-09-01",
        follow_up_note="Ask for the keys.",
    )
    made = officer.post("/v1/commitments", json=body)
    assert made.status_code == 201, made.text
    assert made.json() | body == made.json()
    assert made.json()["status"] == "open"
    with world.database.read() as db:
        assert held_in(db, fund) == {}

    place, match = made.headers["location"], {"if-match": made.headers["etag"]}
    changed = officer.patch(place, json={"value": None}, headers=match).json()
    assert changed["value"] is None
    assert changed["follow_up_note"] == "Ask for the keys."

    done = officer.post(f"{place}/complete", json={"reason": "Keys handed over."})
    assert done.json()["status"] == "done"
    assert audited(world.database, made.json()["id"])[-1] == (
        "commitment.done",
        "Keys handed over.",
    )
    again = officer.post(f"{place}/drop", json={"reason": "No."})
    assert again.status_code == 409
    assert again.json()["type"] == "urn:fundops:problem:wrong-status"
    match = {"if-match": done.headers["etag"]}
    assert officer.patch(place, json={"description": "x"}, headers=match).status_code == 409


def test_commitments_are_filtered(world: World) -> None:
    officer, one, other = world.as_role(Role.FINANCE_OFFICER), a_donor(world), a_donor(world)
    first = officer.post("/v1/commitments", json=a_commitment(one)).json()
    second = officer.post("/v1/commitments", json=a_commitment(other, kind="political")).json()
    officer.post(f"/v1/commitments/{first['id']}/drop", json={"reason": "Withdrawn."})
    for params, expected in (
        ({"party": str(one.id)}, [first["id"]]),
        ({"kind": "political"}, [second["id"]]),
        ({"status": "dropped"}, [first["id"]]),
        ({"event": str(uuid4())}, []),
        ({"sort": "-code"}, [second["id"], first["id"]]),
    ):
        found = officer.get("/v1/commitments", params=params).json()["items"]
        assert [item["id"] for item in found] == expected, params


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"follow_up_on": "2026-02-28"}, "/follow_up_on"),
        ({"made_on": "TOMORROW"}, "/made_on"),
        ({"event_id": str(uuid4())}, "/event_id"),
        ({"party_id": str(uuid4())}, "/party_id"),
        ({"value": {"amount": "0.00", "currency": "USD"}}, "/value/amount"),
        ({"value": {"amount": "1.5", "currency": "JPY"}}, "/value/amount"),
        ({"kind": "cash"}, "/kind"),
    ],
)
def test_a_commitment_that_cannot_be_is_refused(
    world: World, over: dict[str, Any], pointer: str
) -> None:
    over = {key: tomorrow() if value == "TOMORROW" else value for key, value in over.items()}
    body = a_commitment(a_donor(world), **over)
    refused = world.as_role(Role.FINANCE_OFFICER).post("/v1/commitments", json=body)
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


@pytest.mark.parametrize("over", [{"kind": "pseudo"}, {"status": "frozen"}])
def test_stand_ins_and_frozen_parties_commit_to_nothing(world: World, over: dict[str, str]) -> None:
    body = a_commitment(a_donor(world, **over))
    refused = world.as_role(Role.FINANCE_OFFICER).post("/v1/commitments", json=body)
    assert refused.json()["errors"][0]["pointer"] == "/party_id"


def test_a_donor_sees_its_own_commitments_only(world: World) -> None:
    officer, one, other = world.as_role(Role.FINANCE_OFFICER), a_donor(world), a_donor(world)
    mine = officer.post("/v1/commitments", json=a_commitment(one)).json()
    theirs = officer.post("/v1/commitments", json=a_commitment(other)).json()
    donor = world.as_role(Role.DONOR, party_id=one.id)
    assert [item["id"] for item in donor.get("/v1/commitments").json()["items"]] == [mine["id"]]
    assert donor.get(f"/v1/commitments/{mine['id']}").status_code == 200
    unseen = donor.get(f"/v1/commitments/{theirs['id']}")
    missing = donor.get(f"/v1/commitments/{uuid4()}")
    assert unseen.status_code == missing.status_code == 404
    assert unseen.json() | {"request_id": ""} == missing.json() | {"request_id": ""}


@pytest.mark.parametrize(
    ("documented", "stored"),
    [
        (register_schemas.EventKind, models.EVENT_KINDS),
        (register_schemas.CommitmentKind, models.COMMITMENT_KINDS),
        (register_schemas.CommitmentStatus, models.COMMITMENT_STATUSES),
        (register_schemas.PledgeStatus, models.PLEDGE_STATUSES),
        (AgreementStatus, models.AGREEMENT_STATUSES),
        (SupportCostBasis, models.SUPPORT_COST_BASES),
        (ReportKind, models.REPORT_KINDS),
    ],
)
def test_the_code_lists_of_the_wire_are_those_of_the_tables(
    documented: Any, stored: tuple[str, ...]
) -> None:
    assert get_args(documented) == stored


@pytest.mark.parametrize(
    ("steps", "statuses"),
    [
        (COMMITMENT_STEPS, models.COMMITMENT_STATUSES),
        (PLEDGE_STEPS, models.PLEDGE_STATUSES),
        (AGREEMENT_STEPS, models.AGREEMENT_STATUSES),
    ],
)
def test_steps_lead_from_and_to_known_statuses(steps: Steps, statuses: tuple[str, ...]) -> None:
    for move in steps.values():
        assert move.sources <= set(statuses)
        assert move.target in statuses
