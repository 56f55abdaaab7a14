"""Documents of organisations: added once, replaced, withdrawn, seen by whom they concern."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from fundops import audit
from fundops.authz import Role
from fundops.files import documents
from fundops.files.models import PartyDocument
from fundops.parties.models import Party
from tests.files.conftest import Sender
from tests.world import Caller, World


def added(sender: Sender, **over: Any) -> Any:
    """Add a document of a new file; return the answer."""
    file_id = (
        over.pop("file_id", None) or sender.upload(uuid4().bytes.hex().encode(), "a.txt")["id"]
    )
    body = {
        "kind": "registration_certificate", "file_id": file_id, "title": "Certificate",
        "issued_on": "2020-01-01", "expires_on": "2030-01-01",
    }  # fmt: skip
    return sender.caller.post(f"/v1/parties/{sender.party_id}/documents", json=body | over)


def listed(caller: Caller, sender: Sender, **query: str) -> list[dict[str, Any]]:
    answer = caller.get(f"/v1/parties/{sender.party_id}/documents", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_document_is_kept_and_replaced_and_withdrawn(world: World, sender: Sender) -> None:
    first = added(sender)
    assert first.status_code == 201, first.text
    newer_file = sender.upload(b"newer words", "b.txt")["id"]
    replace = f"/v1/documents/{first.json()['id']}/replace"
    body = {"file_id": newer_file, "expires_on": "2031-01-01"}
    newer = sender.caller.post(replace, json=body)
    assert newer.status_code == 201, newer.text
    made = newer.json()
    assert (made["kind"], made["title"]) == ("registration_certificate", "Certificate")
    assert (made["issued_on"], made["expires_on"]) == (None, "2031-01-01")
    assert sender.caller.post(replace, json=body).json()["type"].endswith("wrong-status")
    assert [d["status"] for d in listed(sender.caller, sender)] == ["replaced", "current"]
    assert [d["id"] for d in listed(sender.caller, sender, status="current")] == [made["id"]]
    with world.database.read() as db:
        assert sender.party_id is not None
        assert [str(d.id) for d in documents.current(db, sender.party_id)] == [made["id"]]
    withdraw = f"/v1/documents/{made['id']}/withdraw"
    gone = sender.caller.post(withdraw, json={"reason": "Issued for another"})
    assert gone.json()["status"] == "withdrawn"
    assert sender.caller.post(withdraw, json={"reason": "Again"}).status_code == 409
    with world.database.read() as db:
        assert documents.current(db, sender.party_id) == []
        told = [
            event.action
            for event in db.query(audit.AuditEvent)
            .filter(audit.AuditEvent.record_type == "party_document")
            .order_by(audit.AuditEvent.seq)
        ]
    assert told == [
        "party_document.added", "party_document.replaced", "party_document.added",
        "party_document.withdrawn",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"kind": "Registration Certificate"}, "/kind"),
        ({"kind": "../x"}, "/kind"),
        ({"title": ""}, "/title"),
        ({"issued_on": "2030-01-02"}, "/expires_on"),
        ({"file_id": str(uuid4())}, "/file_id"),
        ({"status": "current"}, "/status"),
    ],
)
def test_wrong_documents_are_refused(sender: Sender, over: Any, pointer: str) -> None:
    answer = added(sender, **over)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_file_of_another_is_no_document(world: World, sender: Sender) -> None:
    theirs = Sender(world).upload(b"their words", "a.txt")["id"]
    assert added(sender, file_id=theirs).json()["errors"][0]["pointer"] == "/file_id"
    # Nor for an officer, who has no business with what a party has merely uploaded.
    officer = Sender(world, Role.GRANT_OFFICER, party=sender.party_id)
    assert added(officer, file_id=theirs).json()["errors"][0]["pointer"] == "/file_id"
    mine = sender.upload(b"my words", "a.txt")["id"]
    assert added(officer, file_id=mine).json()["errors"][0]["pointer"] == "/file_id"
    assert added(sender, file_id=mine).status_code == 201
    assert added(officer).status_code == 201  # of a file that the officer has sent
    document = listed(sender.caller, sender)[0]["id"]
    answer = sender.caller.post(f"/v1/documents/{document}/replace", json={"file_id": theirs})
    assert answer.json()["errors"][0]["pointer"] == "/file_id"


def test_documents_of_others_do_not_exist(world: World, sender: Sender) -> None:
    document = added(sender).json()["id"]
    file_id = sender.upload(b"words", "a.txt")["id"]
    stranger = Sender(world)
    body = {"kind": "statutes", "file_id": file_id, "title": "x"}
    for method, path, given in (
        ("GET", f"/v1/parties/{sender.party_id}/documents", None),
        ("POST", f"/v1/parties/{sender.party_id}/documents", body),
        ("POST", f"/v1/documents/{document}/replace", {"file_id": file_id}),
        ("POST", f"/v1/documents/{document}/withdraw", {"reason": "mine now"}),
    ):
        options = {} if given is None else {"json": given}
        assert stranger.caller.request(method, path, **options).status_code == 404, path
    assert len(listed(world.as_role(Role.AUDITOR), sender)) == 1
    with world.database.write() as db:
        audit.lock_head(db)
        party = db.get(Party, sender.party_id)
        assert party is not None
        party.is_anonymous, party.public_label = True, "A network"
    board = world.as_role(Role.BOARD_MEMBER)
    assert board.get(f"/v1/parties/{sender.party_id}/documents").status_code == 404
    with world.database.read() as db:
        assert db.query(PartyDocument).count() == 1
