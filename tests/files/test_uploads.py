"""Uploads: declared, sent in parts over bad connections, completed once, seen by nobody else."""

from __future__ import annotations

import hashlib
import threading
from typing import Any
from uuid import UUID, uuid4

import pytest

from fundops import audit
from fundops.authz import Role
from fundops.files.models import File, Upload
from fundops.files.store import Store
from tests.factories import a_party
from tests.files import zoo
from tests.files.conftest import RAW, MovingClock, Sender
from tests.world import World

TEXT = "Statutes of the network.\n" * 50
BYTES = TEXT.encode()


def test_a_file_is_declared_sent_and_kept(world: World, sender: Sender, store: Store) -> None:
    declared = sender.declare(BYTES, "statutes.txt")
    assert declared.status_code == 201
    upload = declared.json()
    assert declared.headers["location"] == f"/v1/uploads/{upload['id']}"
    assert (upload["status"], upload["received_bytes"]) == ("declared", 0)
    assert sender.part(upload["id"], BYTES).json()["received_bytes"] == len(BYTES)
    answer = sender.complete(upload["id"])
    assert answer.status_code == 201, answer.text
    file = answer.json()
    assert answer.headers["location"] == f"/v1/files/{file['id']}"
    assert file["media_type"] == "text/plain"
    assert file["sent_sha256"] == file["stored_sha256"] == hashlib.sha256(BYTES).hexdigest()
    assert file["declared_at"] == upload["declared_at"] <= file["completed_at"]
    assert sender.content(file["id"]) == BYTES
    now = sender.caller.get(f"/v1/uploads/{upload['id']}").json()
    assert (now["status"], now["file_id"]) == ("completed", file["id"])
    assert store.spool.ids() == []
    with world.database.read() as db:
        assert audit.sequence_at(db, None) > 0


def test_an_interrupted_upload_goes_on_where_it_was(sender: Sender) -> None:
    upload_id = sender.declare(BYTES, "a.txt").json()["id"]
    assert sender.part(upload_id, BYTES[:100]).json()["received_bytes"] == 100
    gap = sender.part(upload_id, BYTES[200:300], 200)
    assert gap.status_code == 409
    assert gap.json()["errors"][0]["pointer"] == "query/offset"
    assert "100" in gap.json()["errors"][0]["detail"]
    early = sender.complete(upload_id)
    assert early.status_code == 409
    assert "100" in early.json()["detail"]
    told = sender.caller.request("HEAD", f"/v1/uploads/{upload_id}")
    assert told.headers["upload-offset"] == "100"
    assert told.headers["upload-length"] == str(len(BYTES))
    assert sender.part(upload_id, BYTES[100:], 100).status_code == 200
    assert sender.content(sender.complete(upload_id).json()["id"]) == BYTES


def test_a_part_sent_twice_or_overlapping_does_no_harm(sender: Sender) -> None:
    upload_id = sender.declare(BYTES, "a.txt").json()["id"]
    for data, offset, received in (
        (BYTES[:100], 0, 100),
        (BYTES[:100], 0, 100),
        (BYTES[50:150], 50, 150),
        (BYTES[10:20], 10, 150),
        (b"", 150, 150),
        (BYTES[150:], 150, len(BYTES)),
        (BYTES, 0, len(BYTES)),
    ):
        answer = sender.part(upload_id, data, offset)
        assert (answer.status_code, answer.json().get("received_bytes")) == (200, received)
    assert sender.content(sender.complete(upload_id).json()["id"]) == BYTES


def test_a_part_that_differs_or_goes_too_far_is_refused(sender: Sender) -> None:
    upload_id = sender.declare(BYTES, "a.txt").json()["id"]
    sender.part(upload_id, BYTES[:100])
    assert sender.part(upload_id, b"x" * 100).status_code == 409
    assert sender.part(upload_id, BYTES + b"x").status_code == 409
    assert sender.part(upload_id, b"x", 2**40).status_code == 409
    assert sender.part(upload_id, b"x", 2**41).status_code == 422
    assert sender.part(upload_id, b"x", -1).status_code == 422
    assert sender.caller.get(f"/v1/uploads/{upload_id}").json()["received_bytes"] == 100


def test_what_differs_from_its_declaration_is_sent_again_under_it(sender: Sender) -> None:
    declared = sender.declare(BYTES, "a.txt").json()
    wrong = BYTES[:-1] + b"?"
    sender.part(declared["id"], wrong)
    answer = sender.complete(declared["id"])
    assert answer.status_code == 409
    assert "SHA-256" in answer.json()["detail"]
    assert sender.caller.get(f"/v1/uploads/{declared['id']}").json()["received_bytes"] == 0
    sender.part(declared["id"], BYTES)
    file = sender.complete(declared["id"]).json()
    assert file["declared_at"] == declared["declared_at"]


def test_after_a_crash_the_smaller_of_disk_and_record_counts(
    world: World, sender: Sender, store: Store
) -> None:
    upload_id = sender.declare(BYTES, "a.txt").json()["id"]
    sender.part(upload_id, BYTES[:100])
    (path,) = (store.path / "spool").iterdir()
    # Died after the disk, before the record: what was not acknowledged is not relied on.
    path.write_bytes(BYTES[:100] + b"half a part")
    assert sender.caller.get(f"/v1/uploads/{upload_id}").json()["received_bytes"] == 100
    assert sender.part(upload_id, BYTES[100:120], 100).json()["received_bytes"] == 120
    assert path.read_bytes() == BYTES[:120]
    # A disk brought back from an older state than the record.
    path.write_bytes(BYTES[:30])
    assert sender.caller.get(f"/v1/uploads/{upload_id}").json()["received_bytes"] == 30
    assert sender.part(upload_id, BYTES[120:], 120).status_code == 409
    assert sender.part(upload_id, BYTES[30:], 30).json()["received_bytes"] == len(BYTES)
    assert sender.content(sender.complete(upload_id).json()["id"]) == BYTES


def test_bytes_are_on_disk_before_the_record_says_so(
    world: World, sender: Sender, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = sender.declare(BYTES, "a.txt").json()["id"]

    def dies(*_args: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("fundops.files.uploads.receive", dies)
    assert sender.part(upload_id, BYTES[:100]).status_code == 500
    monkeypatch.undo()
    (path,) = (store.path / "spool").iterdir()
    assert path.read_bytes() == BYTES[:100]
    assert sender.caller.get(f"/v1/uploads/{upload_id}").json()["received_bytes"] == 0
    assert sender.part(upload_id, BYTES).status_code == 200
    assert sender.content(sender.complete(upload_id).json()["id"]) == BYTES


def test_completing_again_gives_the_same_file(world: World, sender: Sender) -> None:
    upload_id = sender.sent(BYTES, "a.txt")
    key = {"idempotency-key": uuid4().hex}
    first = sender.complete(upload_id, headers=key)
    assert sender.complete(upload_id, headers=key).json() == first.json()
    assert sender.complete(upload_id).json() == first.json()
    assert sender.part(upload_id, BYTES).json()["type"].endswith("wrong-status")
    with world.database.read() as db:
        assert db.query(File).count() == 1


def at_once(count: int, work: Any) -> list[Any]:
    """Run ``work`` in threads that begin together; return what each returned."""
    barrier, found = threading.Barrier(count), []

    def run() -> None:
        barrier.wait()
        found.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_completions_at_once_make_one_file(world: World, sender: Sender) -> None:
    world.app.state.clean_slots = threading.BoundedSemaphore(4)
    upload_id = sender.sent(BYTES, "a.txt")
    answers = at_once(3, lambda: sender.complete(upload_id))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 201
    assert set(statuses) <= {201, 409}
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert all(
        answer.json()["type"].endswith(":busy") for answer in answers if answer.status_code == 409
    )
    with world.database.read() as db:
        assert db.query(File).count() == 1
    assert sender.complete(upload_id).json()["id"] in made


def test_the_same_part_from_two_sides_at_once(sender: Sender) -> None:
    upload_id = sender.declare(BYTES, "a.txt").json()["id"]
    answers = at_once(3, lambda: sender.part(upload_id, BYTES))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert sender.content(sender.complete(upload_id).json()["id"]) == BYTES


def test_examining_has_its_slots(world: World, sender: Sender) -> None:
    upload_id = sender.sent(BYTES, "a.txt")
    world.app.state.clean_slots = threading.BoundedSemaphore(1)
    world.app.state.clean_slots.acquire()
    answer = sender.complete(upload_id)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    world.app.state.clean_slots.release()
    assert sender.complete(upload_id).status_code == 201


def test_anothers_upload_does_not_exist(world: World, sender: Sender) -> None:
    upload_id = sender.sent(BYTES, "a.txt")
    missing = uuid4()
    strangers = [
        Sender(world),
        Sender(world, party=sender.party_id),  # even of the same organisation
        Sender(world, Role.GRANT_OFFICER, party=sender.party_id),
    ]
    for stranger in strangers:
        for method, tail in (
            ("GET", ""), ("HEAD", ""), ("PUT", "/parts?offset=0"), ("POST", "/complete"),
        ):  # fmt: skip
            options: Any = {"content": b"x", "headers": RAW} if method == "PUT" else {}
            theirs = stranger.caller.request(method, f"/v1/uploads/{upload_id}{tail}", **options)
            none = stranger.caller.request(method, f"/v1/uploads/{missing}{tail}", **options)
            assert theirs.status_code == none.status_code == 404, (method, theirs.text)
            if method != "HEAD":
                assert {**theirs.json(), "request_id": ""} == {**none.json(), "request_id": ""}
        assert stranger.caller.get("/v1/uploads").json()["items"] == []
    assert [one["id"] for one in sender.caller.get("/v1/uploads").json()["items"]] == [upload_id]
    assert sender.complete(upload_id).status_code == 201


def test_nobody_sends_for_a_party_not_their_own(world: World, sender: Sender) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_party(db).id
    for party in (str(other), str(uuid4())):
        answer = sender.declare(BYTES, "a.txt", party_id=party)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/party_id"
    # One who acts for a single party need not name it; the office's own files have none.
    assert sender.declare(BYTES, "a.txt", party_id=None).json()["party_id"] == str(sender.party_id)
    officer = Sender(world, Role.GRANT_OFFICER)
    assert officer.declare(BYTES, "a.txt", party_id=None).json()["party_id"] is None
    assert officer.declare(BYTES, "a.txt", party_id=str(uuid4())).status_code == 422


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"size_bytes": 0}, "/size_bytes"),
        ({"size_bytes": 20_971_521}, "/size_bytes"),
        ({"size_bytes": 2**63}, "/size_bytes"),
        ({"size_bytes": "4"}, "/size_bytes"),
        ({"sha256": "A" * 64}, "/sha256"),
        ({"sha256": "../../etc/passwd"}, "/sha256"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 401}, "/name"),
        ({"party_id": "x"}, "/party_id"),
        ({"status": "completed"}, "/status"),
    ],
)
def test_wrong_declarations_are_refused(sender: Sender, over: Any, pointer: str) -> None:
    answer = sender.declare(BYTES, "a.txt", **over)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_parts_are_bytes_and_not_too_large(world: World, sender: Sender) -> None:
    upload_id = sender.declare(b"x" * 5_000_000, "a.txt").json()["id"]
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        answer = sender.part(upload_id, b'{"a": 1}', headers={"content-type": kind})
        assert answer.status_code == 415, kind
        assert answer.json()["type"].endswith("unsupported-media-type")
    most = world.app.state.settings.upload_part_bytes
    assert most > world.app.state.settings.max_body_bytes
    assert sender.part(upload_id, b"x" * most).json()["received_bytes"] == most
    assert sender.part(upload_id, b"x" * (most + 1)).status_code == 413
    # The larger limit is that one address's alone.
    for method, path in (("POST", f"/v1/uploads/{upload_id}/parts"), ("PUT", "/v1/uploads/parts")):
        answer = sender.caller.request(method, path, content=b"x" * most, headers=RAW)
        assert answer.status_code == 413, path


def test_a_person_has_so_many_uploads_under_way(
    world: World, sender: Sender, moving_clock: MovingClock
) -> None:
    most = world.app.state.settings.open_uploads
    for _ in range(most):
        assert sender.declare(b"x", "a.txt").status_code == 201
    refused = sender.declare(b"x", "a.txt")
    assert refused.status_code == 409
    assert str(most) in refused.json()["detail"]
    moving_clock.forward(days=world.app.state.settings.upload_days + 1)
    assert sender.declare(b"x", "a.txt").status_code == 201


def test_a_party_sends_so_much_in_a_day(
    world: World, sender: Sender, moving_clock: MovingClock
) -> None:
    settings = world.app.state.settings
    size = settings.max_file_bytes
    colleague = Sender(world, party=sender.party_id)
    count = settings.daily_upload_bytes // size
    for number in range(count):
        one = (sender, colleague)[number % 2]
        assert one.declare(b"x", "a.txt", size_bytes=size).status_code == 201
    assert sender.declare(b"x", "a.txt", size_bytes=size).status_code == 409
    assert colleague.declare(b"x", "a.txt", size_bytes=size).status_code == 409
    assert Sender(world).declare(b"x", "a.txt", size_bytes=size).status_code == 201
    moving_clock.forward(hours=25)
    assert sender.declare(b"x", "a.txt", size_bytes=size).status_code == 201


def test_an_upload_that_took_too_long_is_given_up(
    world: World, sender: Sender, store: Store, moving_clock: MovingClock
) -> None:
    upload_id = sender.sent(BYTES, "a.txt")
    moving_clock.forward(days=world.app.state.settings.upload_days, hours=1)
    for answer in (sender.part(upload_id, BYTES), sender.complete(upload_id)):
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("wrong-status")


def test_what_cannot_be_stored_leaves_the_upload_as_it_was(
    world: World, sender: Sender, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit fails after the content was kept: an orphan, and the upload can be completed."""
    upload_id = sender.sent(BYTES, "a.txt")

    def fails(*_args: object) -> None:
        raise RuntimeError("no commit")

    monkeypatch.setattr("fundops.files.uploads.complete", fails)
    assert sender.complete(upload_id).status_code == 500
    monkeypatch.undo()
    assert [one.sha256 for one in store.contents()] == [hashlib.sha256(BYTES).hexdigest()]
    assert sender.caller.get(f"/v1/uploads/{upload_id}").json()["status"] == "declared"
    assert sender.content(sender.complete(upload_id).json()["id"]) == BYTES


def test_refusals_are_told_kept_and_logged(world: World, sender: Sender, store: Store) -> None:
    upload_id = sender.sent(zoo.the_test_virus(), "a.txt")
    answer = sender.complete(upload_id)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith(":file-refused")
    assert "virus" in answer.json()["detail"]
    upload = sender.caller.get(f"/v1/uploads/{upload_id}").json()
    assert (upload["status"], upload["received_bytes"]) == ("refused", 0)
    assert upload["reason"] == answer.json()["detail"]
    assert sender.complete(upload_id).json()["type"].endswith("wrong-status")
    assert sender.part(upload_id, b"x").json()["type"].endswith("wrong-status")
    assert store.spool.ids() == []
    assert list(store.contents()) == []
    with world.database.read() as db:
        event = db.query(audit.AuditEvent).filter(audit.AuditEvent.action == "upload.refused").one()
        assert event.reason == upload["reason"]
        assert event.person_id == sender.caller.actor.person_id
        assert db.query(Upload).one().status == "refused"


def test_a_held_upload_is_busy(world: World, sender: Sender, store: Store) -> None:
    upload_id = sender.declare(BYTES, "a.txt").json()["id"]
    with store.spool.held(UUID(upload_id)):
        answer = sender.part(upload_id, BYTES)
        assert answer.json()["type"].endswith(":busy")
        assert sender.complete(upload_id).json()["type"].endswith(":busy")
    assert sender.part(upload_id, BYTES).status_code == 200
