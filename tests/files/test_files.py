"""Files as kept: who reads them, how they go out, and that nothing but the very bytes does."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import uuid4

import pytest

from fundops import audit
from fundops.authz import Role
from fundops.files import checks
from fundops.files.models import File
from fundops.files.store import ContentDamaged, ContentMissing, Store
from fundops.parties.models import Party
from tests.files import zoo
from tests.files.conftest import Sender
from tests.proposals.proposal_factories import Applicant, set_up
from tests.world import Caller, World

READERS = (Role.FUND_MANAGER, Role.GRANT_OFFICER, Role.AUDITOR, Role.BOARD_MEMBER)


def place(store: Store, sha256: str) -> Path:
    return store.path / sha256[:2] / sha256


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (zoo.a_jpeg, "photo.jpg"), (zoo.a_png, "logo.png"), (zoo.a_pdf, "statutes.pdf"),
        (zoo.a_word_document, "plan.docx"), (zoo.a_traced_workbook, "budget.xlsx"),
        (zoo.an_odf, "plan.odt"),
    ],
)  # fmt: skip
def test_no_trace_of_the_maker_is_kept_or_goes_out(
    sender: Sender, store: Store, make: object, name: str
) -> None:
    raw = make()  # type: ignore[operator]
    file = sender.upload(raw, name)
    assert file["name"] == name
    assert file["cleaned"]
    assert file["sent_sha256"] == hashlib.sha256(raw).hexdigest() != file["stored_sha256"]
    assert (file["sent_bytes"], file["stored_bytes"]) == (
        len(raw), len(sender.content(file["id"])),
    )  # fmt: skip
    assert not zoo.tells(sender.content(file["id"]))
    kept = [path for path in store.path.rglob("*") if path.is_file()]
    assert not any(zoo.CANARY.encode() in path.read_bytes() for path in kept)
    assert not any(name in str(path) or path.suffix for path in kept)


def test_a_download_is_an_attachment_that_no_browser_opens(sender: Sender) -> None:
    file = sender.upload(zoo.a_pdf(), 'Бюджет "2026"; x=\u202egnp.pdf')
    answer = sender.caller.get(f"/v1/files/{file['id']}/content")
    assert answer.headers["content-type"] == "application/pdf"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert "filename*=UTF-8''%D0%91" in disposition
    assert "\u202e" not in file["name"]
    assert "%E2%80%AE" not in disposition
    assert disposition.count('"') == 2
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert hashlib.sha256(answer.content).hexdigest() == file["stored_sha256"]


def test_contents_lie_where_their_hash_says_for_this_user_alone(
    sender: Sender, store: Store
) -> None:
    file = sender.upload(b"some words", "../../../etc/passwd")
    assert file["name"] == "passwd.txt"
    path = place(store, file["stored_sha256"])
    assert path.read_bytes() == b"some words"
    assert path.stat().st_mode & 0o777 == 0o600
    folders = [one for one in (store.path, *store.path.rglob("*")) if one.is_dir()]
    assert {one.stat().st_mode & 0o777 for one in folders} == {0o700}
    again = sender.upload(b"some words", "other.txt")
    assert again["id"] != file["id"]
    assert again["stored_sha256"] == file["stored_sha256"]
    assert len(list(store.contents())) == 1


def test_who_reads_the_files_of_a_party(world: World, sender: Sender) -> None:
    file_id = sender.upload(b"some words", "a.txt")["id"]
    colleague = Sender(world, party=sender.party_id)
    stranger = Sender(world)
    # What is used for nothing yet is the party's own business.
    for role in READERS:
        assert world.as_role(role).get(f"/v1/files/{file_id}").status_code == 404, role
    a_document(sender, file_id)
    for path in (f"/v1/files/{file_id}", f"/v1/files/{file_id}/content"):
        assert colleague.caller.get(path).status_code == 200
        theirs = stranger.caller.get(path)
        none = stranger.caller.get(path.replace(file_id, str(uuid4())))
        assert theirs.status_code == none.status_code == 404
        assert theirs.json()["detail"] == none.json()["detail"]
        for role in Role:
            if role in READERS:
                assert world.as_role(role).get(path).status_code == 200, role
            elif role not in {Role.GRANTEE, Role.DONOR}:
                assert world.as_role(role).get(path).status_code == 403, role


def test_files_reach_officers_of_the_funds_they_were_sent_to(world: World, sender: Sender) -> None:
    """A document is known to whoever deals with the party, an attachment once it is submitted."""
    here, elsewhere = set_up(world), set_up(world)
    assert sender.party_id is not None
    applicant = Applicant(world, here, sender.party_id)
    applicant.caller = sender.caller
    applicant.start()
    document = sender.upload(b"our statutes", "a.txt")["id"]
    a_document(sender, document)
    attached = sender.upload(b"our plan", "b.txt")["id"]
    given = {"kind": "work_plan", "file_id": attached}
    assert sender.caller.post(f"{applicant.place}/attachments", json=given).status_code == 200
    ours = world.as_role(Role.GRANT_OFFICER, fund_id=here.fund_id)
    others = world.as_role(Role.GRANT_OFFICER, fund_id=elsewhere.fund_id)

    def seen(caller: Caller) -> tuple[int, int]:
        first, second = (caller.get(f"/v1/files/{one}") for one in (document, attached))
        return first.status_code, second.status_code

    assert (seen(ours), seen(others)) == ((200, 404), (404, 404))
    applicant.submitted()
    assert (seen(ours), seen(others)) == ((200, 200), (404, 404))


def a_document(sender: Sender, file_id: str) -> None:
    body = {"kind": "registration", "file_id": file_id, "title": "Registration"}
    answer = sender.caller.post(f"/v1/parties/{sender.party_id}/documents", json=body)
    assert answer.status_code == 201, answer.text


def test_files_of_a_party_at_risk_reach_those_who_may_know_it(world: World, sender: Sender) -> None:
    file_id = sender.upload(b"some words", "a.txt")["id"]
    a_document(sender, file_id)
    with world.database.write() as db:
        audit.lock_head(db)
        party = db.get(Party, sender.party_id)
        assert party is not None
        party.is_at_risk, party.public_label = True, "A network"
    for role, status in (
        (Role.GRANT_OFFICER, 200), (Role.AUDITOR, 200), (Role.BOARD_MEMBER, 404),
    ):  # fmt: skip
        for tail in ("", "/content"):
            answer = world.as_role(role).get(f"/v1/files/{file_id}{tail}")
            assert answer.status_code == status, (role, tail)
    assert sender.caller.get(f"/v1/files/{file_id}/content").status_code == 200


def test_files_of_the_office_reach_no_party(world: World, store: Store, sender: Sender) -> None:
    officer = Sender(world, Role.GRANT_OFFICER)
    declared = officer.declare(b"minutes", "minutes.txt", party_id=None).json()
    officer.part(declared["id"], b"minutes")
    file = officer.complete(declared["id"]).json()
    assert file["party_id"] is None
    assert world.as_role(Role.BOARD_MEMBER).get(f"/v1/files/{file['id']}").status_code == 200
    assert sender.caller.get(f"/v1/files/{file['id']}").status_code == 404


def test_damage_is_found_and_nothing_damaged_goes_out(
    world: World, sender: Sender, store: Store
) -> None:
    files = [sender.upload(f"words {n}".encode(), "a.txt") for n in range(3)]
    with world.database.read() as db:
        assert checks.run(db, store) == []
    place(store, files[0]["stored_sha256"]).write_bytes(b"other words")
    place(store, files[1]["stored_sha256"]).unlink()
    details = []
    for file in files[:2]:
        answer = sender.caller.get(f"/v1/files/{file['id']}/content")
        assert answer.status_code == 404
        assert "backup" in answer.json()["detail"]
        details.append(answer.json()["detail"])
    assert len(set(details)) == 2
    with world.database.read() as db:
        found = {str(fault.file_id): fault.sentence for fault in checks.run(db, store)}
    assert found.keys() == {file["id"] for file in files[:2]}
    with pytest.raises(ContentDamaged):
        store.read(files[0]["stored_sha256"])
    with pytest.raises(ContentMissing):
        store.read(files[1]["stored_sha256"])
    # Sent again, the same content mends both.
    for number, file in enumerate(files[:2]):
        sender.upload(f"words {number}".encode(), "a.txt")
        assert sender.content(file["id"]) == f"words {number}".encode()


def test_a_size_that_is_not_as_recorded_is_found(
    world: World, sender: Sender, store: Store
) -> None:
    file = sender.upload(b"some words", "a.txt")
    with world.database.write() as db:
        audit.lock_head(db)
        row = db.query(File).one()
        row.stored_bytes = 9
    with world.database.read() as db:
        (fault,) = checks.run(db, store)
    assert str(fault.file_id) == file["id"]
    assert "9" in fault.sentence


def test_no_address_leads_out_of_the_store(store: Store) -> None:
    for wrong in ("../../etc/passwd", "", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" * 64):
        with pytest.raises(ContentMissing):
            store.read(wrong)


def test_a_write_that_dies_leaves_no_content(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("fundops.files.store.write_durably", dies)
    with pytest.raises(OSError, match="disk full"):
        store.add(b"words")
    assert list(store.contents()) == []
    monkeypatch.undo()
    assert store.read(store.add(b"words")) == b"words"
