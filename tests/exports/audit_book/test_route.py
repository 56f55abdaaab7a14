"""The audit workbook over HTTP: who may have which, streamed, and nothing left behind."""

from __future__ import annotations

import hashlib
import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

import pytest
import uvicorn
from sqlalchemy import select

from fundops import audit
from fundops.audit import AuditEvent
from fundops.authz import Actor, Held, Role
from fundops.demo.stage import Story
from fundops.exports.audit_book import routes
from fundops.exports.audit_book.reach import reader_for
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.exports.routes import XLSX
from fundops.exports.streams import gathered
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.messages import text
from tests.exports.audit_book.opened import texts
from tests.factories import a_fund, a_party
from tests.told import story
from tests.world import World

__all__ = ["story"]

PLACE = "/v1/audit_workbook"


def free(world: World) -> bool:
    """Return whether every place and every connection for exports is free."""
    slots = world.app.state.export_slots
    count = world.app.state.settings.export_slots
    taken = [slots.acquire(blocking=False) for _ in range(count)]
    for _ in filter(None, taken):
        slots.release()
    pool: Any = world.database.exporter.pool
    return all(taken) and pool.checkedout() == 0


def test_who_may_have_which(world: World, story: Story) -> None:
    north, lake = story.parties["north"], story.parties["lake"]
    with world.database.write() as db:
        audit.lock_head(db)
        other, stranger = a_fund(db).id, a_party(db)
        grant = db.execute(select(Grant.code).where(Grant.fund_id == story.book.id)).scalars()
        code = sorted(grant)[0]
    auditor = world.as_role(Role.AUDITOR)
    donor = world.as_role(Role.DONOR, party_id=north.id)
    elsewhere = world.as_role(Role.AUDITOR, fund_id=other)
    assert story.call is not None
    asked: list[dict[str, str]] = [
        {"fund": "DEMO"},
        {"grant": code},
        {"call": story.call.code, "fund": "DEMO"},
        {"donor": lake.code},
        {"donor": north.code, "fund": "DEMO"},
    ]
    missing = {"fund": "NONE"}, {"grant": "NONE"}, {"donor": "NONE"}, {"call": "NONE"}
    told = {"type", "title", "detail", "status"}
    none = {key: auditor.get(PLACE, params=missing[0]).json()[key] for key in told}
    for params in missing:
        answer = auditor.get(PLACE, params=params)
        assert answer.status_code == 404
        assert {key: answer.json()[key] for key in told} == none
    readers = {}
    for params in asked:
        answer = auditor.get(PLACE, params=params)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == XLSX
        cover = texts(answer.content, "Cover")
        assert text("audit_book.reader.auditor") in cover
        for caller in (elsewhere, donor):
            theirs = caller.get(PLACE, params=params)
            manifest = caller.get(f"{PLACE}/manifest", params=params)
            if caller is donor and params.get("donor") == north.code:
                readers[caller.token] = texts(theirs.content, "Cover")
                assert manifest.json()["manifest"]["question"]["reader"] == "outside"
                continue
            for answer in (theirs, manifest):
                assert answer.status_code == 404
                assert answer.headers["content-type"] == "application/problem+json"
                assert {key: answer.json()[key] for key in told} == none
    assert text("audit_book.reader.outside") in readers[donor.token]
    assert donor.get(PLACE, params={"donor": stranger.code}).status_code == 404
    assert elsewhere.get(PLACE, params={"donor": north.code}).status_code == 404, "in no fund of it"
    assert world.as_role(Role.GRANT_OFFICER).get(PLACE, params=asked[0]).status_code == 403
    for params, pointer in (
        ({}, "query/fund"),
        ({"fund": "DEMO", "donor": north.code, "grant": code}, "query/grant"),
        ({"fund": "DEMO", "as_of": "2999-01-01"}, "query/as_of"),
        ({"fund": "DEMO", "as_of": "1999-01-01"}, "query/as_of"),
        ({"fund": "DEMO", "as_of": "yesterday"}, "query/as_of"),
        ({"fund": "DEMO", "known_at": "2999-01-01T00:00:00Z"}, "query/known_at"),
        ({"fund": "DEMO", "known_at": "1999-01-01T00:00:00Z"}, "query/known_at"),
    ):
        answer = auditor.get(PLACE, params=params)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert free(world)


def test_the_reader_follows_from_roles_held_for_the_fund() -> None:
    fund, other, party = uuid7(), uuid7(), uuid7()

    def reader(*held: Held) -> str:
        return reader_for(Actor(uuid7(), "PER-1", None, held), fund).value

    assert reader(Held(Role.FUND_MANAGER)) == "inside"
    assert reader(Held(Role.DONOR, party), Held(Role.GRANT_OFFICER, fund_id=fund)) == "office"
    assert reader(Held(Role.AUDITOR, fund_id=fund)) == "auditor"
    assert reader(Held(Role.DONOR, party)) == "outside"
    assert reader(Held(Role.DONOR, party), Held(Role.AUDITOR, fund_id=other)) == "outside"
    assert reader(Held(Role.DONOR, party), Held(Role.GRANTEE, uuid7())) == "outside"


def test_what_is_sent_is_what_the_manifest_says(world: World, story: Story) -> None:
    auditor = world.as_role(Role.AUDITOR)
    asked = {"fund": "DEMO"}
    said = auditor.get(f"{PLACE}/manifest", params=asked)
    assert said.headers["content-type"] == "application/json"
    body = said.json()["manifest"]
    sent = auditor.get(PLACE, params=asked | {"known_at": body["known_at"]})
    assert sent.headers["content-disposition"] == f'attachment; filename="{body["file"]["name"]}"'
    assert hashlib.sha256(sent.content).hexdigest() == body["file"]["sha256"]
    assert len(sent.content) == body["file"]["size"]
    assert said.json()["signature"]["key_id"] == world.app.state.signer.key_id
    slots = world.app.state.export_slots
    taken = [slots.acquire(blocking=False) for _ in range(world.app.state.settings.export_slots)]
    assert all(taken)
    assert auditor.get(PLACE, params=asked).status_code == 503
    assert auditor.get(f"{PLACE}/manifest", params=asked).status_code == 503
    for _ in taken:
        slots.release()
    assert free(world)


def test_what_is_handed_out_is_recorded(world: World, story: Story) -> None:
    """By whoever may have it, once under one key; told to those who could ask for it."""
    north, lake = story.parties["north"], story.parties["lake"]
    auditor = world.as_role(Role.AUDITOR)
    donor = world.as_role(Role.DONOR, party_id=north.id)
    place = "/v1/audit_workbooks"
    headers = {"idempotency-key": "one-audit-workbook"}
    asked = {"donor": lake.code, "fund": "DEMO"}
    first = auditor.post(place, json=asked, headers=headers)
    assert first.status_code == 201, first.text
    assert auditor.post(place, json=asked, headers=headers).json() == first.json()
    assert donor.post(place, json=asked).status_code == 404
    bad = auditor.post(place, json={"fund": "DEMO", "as_of_on": "2999-01-01"})
    assert bad.status_code == 422
    own = donor.post(place, json={"donor": north.code})
    made = own.json()
    assert made["reader"] == made["manifest"]["manifest"]["question"]["reader"] == "outside"
    known_at = made["manifest"]["manifest"]["known_at"]
    sent = donor.get(PLACE, params={"donor": north.code, "known_at": known_at})
    assert hashlib.sha256(sent.content).hexdigest() == made["sha256"]
    found = auditor.get(place, params={"sha256": made["sha256"]}).json()["items"]
    assert [one["code"] for one in found] == [made["code"]]
    assert {one["id"] for one in auditor.get(place).json()["items"]} == {
        made["id"], first.json()["id"],
    }  # fmt: skip
    assert [one["id"] for one in donor.get(place).json()["items"]] == [made["id"]]
    assert donor.get(f"{place}/{made['id']}").json() == made
    assert donor.get(f"{place}/{first.json()['id']}").status_code == 404
    with world.database.read() as db:
        query = select(AuditEvent.record_id).where(AuditEvent.action == "audit_workbook.made")
        assert len(db.execute(query).all()) == 2


@contextmanager
def served(world: World) -> Iterator[int]:
    """Serve the application on a port of its own, given as the block's value."""
    config = uvicorn.Config(
        world.app, port=0, log_config=None, access_log=False, lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def until(is_so: Any) -> bool:
    """Wait for something to become so, at most ten seconds."""
    for _ in range(200):
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_bytes_leave_before_anything_is_asked_and_nothing_stays_behind(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, asked = threading.Event(), threading.Event()
    fails: list[Exception] = []

    def slow(book: Any) -> Any:
        asked.set()
        assert go_on.wait(30)
        if fails:
            raise fails[0]
        return audit_workbook(book)

    monkeypatch.setattr(routes, "audit_workbook", slow)
    token = world.as_role(Role.AUDITOR).token
    headers = {"authorization": f"Bearer {token}"}

    def ask(port: int) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse, bytes]:
        go_on.clear()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", f"{PLACE}?fund=DEMO", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        return connection, answer, answer.read(4)

    with served(world) as port:
        connection, answer, first = ask(port)
        assert first == b"PK\x03\x04", "the file has begun, and nothing was looked up yet"
        assert not free(world)
        go_on.set()
        whole = first + answer.read()
        connection.close()
        assert ZipFile(BytesIO(whole)).testzip() is None
        assert until(lambda: free(world))

        connection, answer, first = ask(port)  # a client that leaves
        assert until(asked.is_set)
        connection.close()
        answer.close()
        go_on.set()
        assert until(lambda: free(world))

        fails.append(RuntimeError("planted"))  # and a workbook that cannot be made
        connection, answer, first = ask(port)
        go_on.set()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)) as broken:
            answer.read()
        connection.close()
        if isinstance(broken.value, http.client.IncompleteRead):
            with pytest.raises(BadZipFile):
                ZipFile(BytesIO(first + broken.value.partial))
        assert until(lambda: free(world))


def test_pieces_are_put_together() -> None:
    pieces = [b"PK", b"a" * 3, b"b" * 3, b"", b"c" * 9, b"d"]
    assert list(gathered(iter(pieces), 5)) == [b"PK", b"aaabbb", b"c" * 9, b"d"]
    assert list(gathered(iter([]))) == []
