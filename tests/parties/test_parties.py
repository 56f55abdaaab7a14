"""Parties: registering, changing, protecting, and finding them."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from uuid import UUID

import pytest

from fundops import audit, clock
from fundops.authz import Role
from fundops.ids import uuid7
from fundops.parties.models import PartyAlias
from tests.factories import a_party
from tests.parties.conftest import Counting
from tests.world import Caller, World

NETWORK = {"kind": "civil_society", "name": "Safe Return Network", "country": "AT"}


def made(caller: Caller, **over: Any) -> dict[str, Any]:
    answer = caller.post("/v1/parties", json=NETWORK | over)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/parties/{found['id']}"
    return found


def changed(caller: Caller, party: dict[str, Any], **patch: Any) -> dict[str, Any]:
    answer = caller.patch(
        f"/v1/parties/{party['id']}", json=patch, headers={"if-match": f'"{party["version"]}"'}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_party_is_registered_with_a_code_and_its_name_as_label(world: World) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    first, second = made(officer), made(officer, name="Other")
    assert re.fullmatch(r"PTY-\d{4}-\d{4}", first["code"])
    assert first["code"] != second["code"]
    assert first["public_label"] == first["name"] == NETWORK["name"]
    assert officer.get(f"/v1/parties/{first['id']}").json() == first


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"country": "QQ"}, "/country"),
        ({"country": "at"}, "/country"),
        ({"kind": "friend"}, "/kind"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 301}, "/name"),
        ({"region": "x" * 121}, "/region"),
        ({"is_at_risk": "yes"}, "/is_at_risk"),
        ({"code": "MINE"}, "/code"),
        ({"is_at_risk": True, "public_label": "safe return NETWORK"}, "/public_label"),
        ({"is_anonymous": True, "public_label": "A Safe Return Network"}, "/public_label"),
    ],
)
def test_wrong_input_is_refused_at_its_place(
    world: World, over: dict[str, Any], pointer: str
) -> None:
    answer = world.as_role(Role.FUND_MANAGER).post("/v1/parties", json=NETWORK | over)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "safe return NETWORK" not in answer.text


def test_null_is_refused_where_a_column_needs_a_value(world: World) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    party = made(officer)
    for field in ("kind", "name", "public_label", "is_at_risk", "is_anonymous"):
        answer = officer.patch(
            f"/v1/parties/{party['id']}", json={field: None}, headers={"if-match": '"1"'}
        )
        assert (answer.status_code, field) == (422, field)
        assert answer.json()["errors"][0]["pointer"] == f"/{field}"
    assert changed(officer, party, country=None)["country"] is None


def test_a_party_at_risk_gets_a_label_and_code_that_tell_nothing(world: World) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    party = made(officer, is_at_risk=True)
    assert re.fullmatch(r"PTY-[2-9B-Z]{8}", party["code"])
    assert "Safe" not in party["public_label"]
    assert party["name"] == NETWORK["name"]


def test_becoming_at_risk_hides_name_label_and_code(world: World) -> None:
    officer, administrator = world.as_role(Role.GRANT_OFFICER), world.as_role(Role.ADMINISTRATOR)
    party = made(officer)
    assert administrator.get(f"/v1/parties/{party['id']}").json()["name"] == party["name"]
    now = changed(officer, party, is_at_risk=True)
    assert now["code"] != party["code"]
    assert now["public_label"] != party["name"]
    seen = administrator.get(f"/v1/parties/{party['id']}")
    for told in (party["name"], party["code"], now["code"], '"AT"'):
        assert told not in seen.text
    assert seen.json()["is_hidden"] is True
    # The one who changed it needs to know, and does.
    assert officer.get(f"/v1/parties/{party['id']}").json()["name"] == party["name"]


def test_lifting_a_protection_leaves_the_neutral_label(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    party = made(manager, is_anonymous=True)
    lifted = changed(manager, party, is_anonymous=False)
    assert lifted["public_label"] == party["public_label"] != NETWORK["name"]
    assert changed(manager, lifted, public_label="Network")["public_label"] == "Network"


def test_a_label_follows_the_name_until_it_is_chosen(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    renamed = changed(manager, made(manager), name="New name")
    assert renamed["public_label"] == "New name"
    labelled = changed(manager, renamed, public_label="Chosen")
    assert changed(manager, labelled, name="Third")["public_label"] == "Chosen"


def test_a_protected_party_renamed_to_its_label_gets_another_label(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    party = made(manager, is_at_risk=True, public_label="Harbour")
    renamed = changed(manager, party, name="Harbour")
    assert renamed["public_label"] != "Harbour"


def test_a_label_from_before_the_protection_goes_with_it(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    labelled = changed(manager, made(manager), public_label="SRN Vienna")
    hidden = changed(manager, labelled, is_anonymous=True)
    assert "SRN" not in hidden["public_label"]
    again = manager.patch(
        f"/v1/parties/{hidden['id']}",
        json={"name": "New", "public_label": f"was {NETWORK['name']}"},
        headers={"if-match": f'"{hidden["version"]}"'},
    )
    assert again.json()["errors"][0]["pointer"] == "/public_label"
    assert changed(manager, hidden, public_label="Donor 7")["public_label"] == "Donor 7"


def test_changing_needs_the_present_version(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    party = made(manager)
    path = f"/v1/parties/{party['id']}"
    assert manager.patch(path, json={"name": "A"}).status_code == 428
    changed(manager, party, name="B")
    stale = manager.patch(path, json={"name": "C"}, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    assert manager.get(path).json()["name"] == "B"


def test_no_order_and_no_match_tells_what_the_answer_hides(world: World) -> None:
    officer, administrator = world.as_role(Role.GRANT_OFFICER), world.as_role(Role.ADMINISTRATOR)
    hidden = made(officer, name="Aaa first", is_at_risk=True, public_label="Zzz")
    plain = made(officer, name="Mmm")

    def ids(caller: Caller, query: str) -> list[str]:
        answer = caller.get(f"/v1/parties?{query}")
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert ids(officer, "sort=name") == [hidden["id"], plain["id"]]
    assert ids(administrator, "sort=name") == [plain["id"], hidden["id"]]
    for query in ("name=aaa", "country=AT&name=z", f"code={hidden['code']}"):
        assert ids(administrator, query) == []
    for query in ("name=aaa", "country=AT&name=a", f"code={hidden['code']}"):
        assert ids(officer, query) == [hidden["id"]]
    assert ids(administrator, "name=zZ") == [hidden["id"]]
    assert hidden["code"] not in administrator.get("/v1/parties?sort=code").text


def test_a_name_is_found_the_same_way_on_both_databases(world: World) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    accented = made(officer, name="ÉCLAIR 50%_x")
    made(officer, name="Plain 505x")

    def found(name: str) -> list[str]:
        answer = officer.get("/v1/parties", params={"name": name})
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert found("Éclair") == found("50%_X") == [accented["id"]]
    assert found("éclair") == []
    for odd in ("\x00", "a\x1fb", "x" * 301):
        assert officer.get("/v1/parties", params={"name": odd}).status_code == 422


def test_pages_follow_each_other_in_every_order(world: World) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    wanted = [
        made(officer, name=f"Name {letter}", is_at_risk=letter == "b")["id"] for letter in "cab"
    ]
    for caller in (officer, world.as_role(Role.ADMINISTRATOR)):
        for sort in ("", "name", "-name", "code", "-code"):
            seen: list[str] = []
            cursor: str | None = ""
            while cursor is not None:
                query = f"limit=1&sort={sort}" if sort else "limit=1"
                page = caller.get(f"/v1/parties?{query}" + (f"&cursor={cursor}" if cursor else ""))
                assert page.status_code == 200, page.text
                seen += [item["id"] for item in page.json()["items"]]
                cursor = page.json()["next_cursor"]
            assert sorted(seen) == sorted(wanted), sort


@pytest.mark.parametrize("value", [5, None, True, 1.5, "a\x00b", "\ud800"])
def test_a_forged_cursor_is_refused(world: World, value: Any) -> None:
    forged = json.dumps(["name", value, "0" * 32], separators=(",", ":")).encode()
    cursor = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
    answer = world.as_role(Role.AUDITOR).get(f"/v1/parties?sort=name&cursor={cursor}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["query/cursor"]


def test_who_may_not_read_or_write_parties(world: World) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    party = made(officer)
    for role in (Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR):
        assert world.as_role(role).post("/v1/parties", json=NETWORK).status_code == 403
    donor = world.as_role(Role.DONOR, party_id=UUID(party["id"]))
    assert donor.get("/v1/parties").status_code == 403
    assert donor.get(f"/v1/parties/{party['id']}").status_code == 403
    assert world.anonymous().get("/v1/parties").status_code == 401


def test_aliases_are_reviewed_by_the_caller_and_belong_to_one_party(world: World) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    party, other = made(officer), made(officer, name="Other")
    path = f"/v1/parties/{party['id']}/aliases"
    added = officer.post(path, json={"spelling": "Safe Ret. Netw."})
    assert added.status_code == 201
    assert added.headers["location"] == path
    assert added.json()["reviewed_by_id"] == str(officer.actor.person_id)
    again = officer.post(f"/v1/parties/{other['id']}/aliases", json={"spelling": "Safe Ret. Netw."})
    assert (again.status_code, again.json()["type"]) == (409, "urn:fundops:problem:already-exists")
    assert [one["spelling"] for one in officer.get(path).json()["items"]] == ["Safe Ret. Netw."]
    assert officer.get(f"/v1/parties/{other['id']}/aliases").json()["items"] == []


def test_a_spelling_noted_by_an_import_is_settled_by_a_person(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        guessed, right = a_party(db), a_party(db)
        db.add(PartyAlias(id=uuid7(), spelling="X", party_id=guessed.id, created_at=clock.now()))
    officer = world.as_role(Role.GRANT_OFFICER)
    settled = officer.post(f"/v1/parties/{right.id}/aliases", json={"spelling": "X"})
    assert settled.status_code == 201
    assert settled.json()["party_id"] == str(right.id)
    assert officer.get(f"/v1/parties/{guessed.id}/aliases").json()["items"] == []


def test_aliases_of_a_hidden_party_do_not_exist(world: World) -> None:
    officer, administrator = world.as_role(Role.GRANT_OFFICER), world.as_role(Role.ADMINISTRATOR)
    hidden, plain = made(officer, is_at_risk=True), made(officer, name="Plain")
    for party, status in ((hidden, 404), (plain, 200)):
        assert administrator.get(f"/v1/parties/{party['id']}/aliases").status_code == status
        assert officer.get(f"/v1/parties/{party['id']}/aliases").status_code == 200


def test_lists_take_the_same_number_of_statements_however_long(
    world: World, statements: Counting
) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    counts: list[int] = []
    for _ in range(2):
        made(officer, name=f"Party {len(counts)}")
        with statements() as seen:
            assert officer.get("/v1/parties?sort=name").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] > 0


def test_every_change_is_in_the_chain_with_what_it_changed(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    party = made(manager)
    changed(manager, party, name="New", is_at_risk=True)
    events = manager.get(f"/v1/audit_events?record_id={party['id']}").json()["items"]
    assert [event["action"] for event in events] == ["party.created", "party.changed"]
    payload = events[1]["payload"]
    assert payload["before"]["name"] == NETWORK["name"]
    assert payload["after"]["name"] == "New"
    assert set(payload["after"]) == {"name", "is_at_risk", "public_label", "code"}
    assert json.dumps(payload).count("New") == 1
