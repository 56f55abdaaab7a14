"""Answers in the reader's language: what the request asks for, what the person has set, English."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from fundops.audit import AuditEvent
from fundops.authz import Role
from fundops.messages import catalogue
from tests.world import Caller, World

ASKED = "accept-language"


def title(caller: Caller, path: str = "/v1/pledges/nothing", **headers: Any) -> str:
    answer = caller.get(path, headers=headers)
    assert answer.status_code in (401, 403, 404, 422), answer.text
    assert answer.headers["vary"] == "accept-language"
    found: str = answer.json()["title"]
    spoken = answer.headers["content-language"]
    assert found in catalogue(spoken).values()
    return found


def test_a_request_is_answered_in_the_language_it_asks_for(world: World) -> None:
    nobody, manager = world.anonymous(), world.as_role(Role.FUND_MANAGER)
    assert title(nobody) == "No valid token"
    assert title(nobody, **{ASKED: "ar-EG,ar;q=0.9,en;q=0.5"}) == "لا يوجد رمز دخول صالح"
    hostile: Any
    for hostile in (b"\xff" * 900, "fr;q=", "," * 3000, "-", "*", "../..", "x" * 4000):
        assert title(nobody, **{ASKED: hostile}) == "No valid token", hostile
    answer = manager.post("/v1/pledges", json={"amount": 3}, headers={ASKED: "fr"})
    body = answer.json()
    assert body["title"] == "Une donnée ne peut pas être juste"
    english = set(catalogue().values())
    said = {one["detail"] for one in body["errors"]}
    assert said, body
    assert not said & english, said
    assert answer.headers["content-language"] == "fr"
    malformed = manager.post("/v1/pledges", content=b"{", headers={ASKED: "es"} | TYPED)
    assert malformed.json()["detail"] == "El contenido no es JSON válido."
    plain = manager.get("/v1/me", headers={ASKED: "fr"})
    assert plain.status_code == 200
    assert "content-language" not in plain.headers, "there is no sentence in it"


TYPED = {"content-type": "application/json"}


def test_a_person_sets_a_language_of_their_own(world: World) -> None:
    caller = world.as_role(Role.FUND_MANAGER)
    me = caller.get("/v1/me")
    assert me.json()["language"] is None
    tag = {"if-match": me.headers["etag"]}
    assert caller.patch("/v1/me", json={"language": "fr"}).status_code == 428
    for wrong in ("tlh", "..", "", "F" * 13, 3):
        answer = caller.patch("/v1/me", json={"language": wrong}, headers=tag)
        assert answer.status_code == 422, wrong
    made = caller.patch("/v1/me", json={"language": "ar-EG"}, headers=tag)
    assert (made.status_code, made.json()["language"]) == (200, "ar"), made.text
    assert caller.patch("/v1/me", json={"language": "fr"}, headers=tag).status_code == 412
    assert title(caller) == "بعض البيانات لا يمكن أن يكون صحيحا"
    assert title(caller, **{ASKED: "es"}) == "Algún dato no puede ser correcto"
    assert title(caller, **{ASKED: "en"}) == "Some input cannot be right"
    assert title(caller, **{ASKED: "tlh"}) == "بعض البيانات لا يمكن أن يكون صحيحا"
    other = world.as_role(Role.FUND_MANAGER)
    assert title(other) == "Some input cannot be right", "it is that person's alone"
    with world.database.read() as db:
        told = db.execute(select(AuditEvent.action).order_by(AuditEvent.seq)).scalars().all()
    assert "person.set_own" in told
    tag = {"if-match": made.headers["etag"]}
    assert caller.patch("/v1/me", json={"language": None}, headers=tag).json()["language"] is None
    assert title(caller) == "Some input cannot be right"


def test_languages_are_listed(world: World) -> None:
    assert world.anonymous().get("/v1/languages").status_code == 401
    items = world.as_role(Role.REVIEWER).get("/v1/languages").json()["items"]
    by_code = {one["language"]: one for one in items}
    assert items[0]["language"] == "en"
    assert by_code["ar"]["name"] == "العربية"
    assert (by_code["ar"]["direction"], by_code["fr"]["direction"]) == ("rtl", "ltr")
    assert not by_code["fr"]["is_reviewed"]
    assert {"core", "forms", "notices"} <= set(by_code["es"]["complete_areas"])
    assert by_code["en"]["missing"] == 0


@pytest.mark.sqlite_only
def test_a_replay_gives_the_same_bytes_and_the_record_stays_in_english(world: World) -> None:
    caller = world.as_role(Role.FUND_MANAGER)
    donor = {"kind": "state", "name": "Donor of the replay"}
    key = {"idempotency-key": uuid4().hex}
    first = caller.post("/v1/parties", json=donor, headers=key | {ASKED: "ar"})
    again = caller.post("/v1/parties", json=donor, headers=key | {ASKED: "fr"})
    assert first.status_code == again.status_code == 201, first.text
    assert first.content == again.content
    refused = world.as_role(Role.REVIEWER).post("/v1/parties", json=donor, headers={ASKED: "ar"})
    assert refused.json()["title"] == "غير مسموح"
    with world.database.read() as db:
        stored = json.dumps([str(row) for row in db.execute(select(AuditEvent.action))])
    assert "غير" not in stored


def test_a_tag_longer_than_any_is_stale(world: World) -> None:
    caller = world.as_role(Role.AUDITOR)
    tag = caller.get("/v1/me").headers["etag"]
    for given, status in ((tag, 200), (tag + " " * 40, 412)):
        answer = caller.request("PATCH", "/v1/me", json={}, headers={"if-match": given})
        assert answer.status_code == status, answer.text
