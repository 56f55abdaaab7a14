"""Submitting: in time or not, exactly once, with a receipt; and all the ways around it."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from fundops import audit
from fundops.audit import AuditEvent, canonical
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.parties.models import Party
from fundops.proposals import service, submission
from fundops.proposals.models import (
    Proposal,
    ProposalBudgetLine,
    ProposalCode,
    ProposalCofunding,
    ProposalResult,
    ProposalVersion,
    SubmissionReceipt,
)
from fundops.signing import Signed
from tests.proposals.proposal_factories import (
    Applicant,
    a_document,
    a_file,
    add_document,
    an_applicant,
    an_organisation,
    an_upload,
    at_time,
    right,
    set_up,
)
from tests.world import World

SECOND = timedelta(seconds=1)


def counts(world: World, *models: Any) -> list[int]:
    with world.database.read() as db:
        return [db.execute(select(func.count()).select_from(one)).scalar_one() for one in models]


def test_a_submission_is_written_out_and_receipted(world: World, applicant: Applicant) -> None:
    receipt = applicant.submitted()
    body = receipt["receipt"]
    version = applicant.caller.get(f"{applicant.place}/versions/{body['version']}").json()
    assert version["kind"] == "submitted"
    text = canonical(version["content"])
    assert hashlib.sha256(text.encode()).hexdigest() == body["content_sha256"]
    row = applicant.caller.get(applicant.place).json()
    assert row["status"] == "submitted"
    # 2 x 500.00 x 12 + 1.5 x 333.67 = 12000.00 + 500.505, half up.
    assert row["requested"] == {"amount": "12500.51", "currency": "USD"}
    assert (row["country"], row["region"]) == ("KE", "014")
    assert (row["starts_on"], row["ends_on"]) == ("2027-01-01", "2027-12-31")
    tables = (ProposalCode, ProposalBudgetLine, ProposalResult, ProposalCofunding)
    assert counts(world, *tables) == [6, 2, 1, 1]


def test_a_receipt_verifies_and_names_its_place_in_the_chain(
    world: World, applicant: Applicant
) -> None:
    receipt = applicant.submitted()
    body = receipt["body"].encode()
    assert json.loads(body) == receipt["receipt"]
    signed = Signed(receipt["key_id"], receipt["signature"])
    signer = world.app.state.signer
    assert signer.verify(body, signed)
    assert not signer.verify(body.replace(b"submitted", b"submittee"), signed)
    with world.database.read() as db:
        seq = receipt["receipt"]["audit_seq"]
        assert audit.hash_at(db, seq).hex() == receipt["receipt"]["audit_hash"]
        told = db.execute(select(AuditEvent).where(AuditEvent.seq == seq)).scalar_one()
        assert (told.action, str(told.record_id)) == ("proposal.submitted", applicant.id)
    listed = applicant.caller.get(f"{applicant.place}/receipts").json()["items"]
    assert listed == [receipt]


def test_the_deadline_itself_counts_and_a_moment_later_does_not(
    world: World, applicant: Applicant
) -> None:
    applicant.save(right())
    number = applicant.number()
    deadline = applicant.call.deadline_at
    for late in (timedelta(microseconds=1), SECOND, timedelta(minutes=5)):
        with at_time(deadline + late):
            refused = applicant.submit(version=number)
        assert refused.status_code == 409, refused.text
        assert refused.json()["type"] == "urn:fundops:problem:too-late"
        assert deadline.strftime("%Y-%m-%d %H:%M:%S") in refused.json()["detail"]
    with world.database.read() as db:
        query = select(func.count()).where(AuditEvent.action == "request.refused")
        assert db.execute(query).scalar_one() == 3
    with at_time(deadline):
        assert applicant.submit(version=number).status_code == 200


def test_what_waited_for_its_turn_counts_from_its_arrival(
    world: World, applicant: Applicant
) -> None:
    """The clock passes the deadline while the request waits for the one before it."""
    from fundops import clock

    applicant.save(right())
    number, deadline = applicant.number(), applicant.call.deadline_at
    ticks = iter([deadline])
    clock.set_clock(lambda: next(ticks, deadline + timedelta(seconds=20)))
    try:
        # The first look at the clock is the one that authenticates; the second is too late.
        assert applicant.submit(version=number).status_code == 409
    finally:
        clock.set_clock(None)
    looks: list[int] = []

    def later() -> Any:
        looks.append(1)
        return deadline if len(looks) <= 2 else deadline + timedelta(seconds=20)

    clock.set_clock(later)
    try:
        answer = applicant.submit(version=number)
    finally:
        clock.set_clock(None)
    assert answer.status_code == 200, answer.text
    assert answer.json()["receipt"]["received_at"] == audit.instant_text(deadline)


def test_an_empty_proposal_hears_everything_at_once(applicant: Applicant) -> None:
    applicant.save({})
    refused = applicant.submit()
    assert refused.status_code == 422
    pointers = {error["pointer"] for error in refused.json()["errors"]}
    assert pointers == {
        "/title", "/language", "/summary", "/country", "/starts_on", "/ends_on", "/shares",
        "/budget", "/results", "/answers/need", "/answers/approach", "/answers/sustainability",
        "/answers/risks", "/answers/safeguarding",
    }  # fmt: skip
    assert applicant.caller.get(applicant.place).json()["status"] == "draft"


def test_validating_says_the_same_and_changes_nothing(world: World, applicant: Applicant) -> None:
    applicant.save(right(shares=[{"objective": 4, "percent": 99}], starts_on="soon"))
    before = counts(world, AuditEvent, ProposalVersion)
    headers = {"authorization": f"Bearer {applicant.caller.token}"}
    place = f"{applicant.place}/validate"
    asked = applicant.caller.client.post(place, json={}, headers=headers)
    assert asked.status_code == 200, asked.text
    assert counts(world, AuditEvent, ProposalVersion) == before
    answer, refused = asked.json(), applicant.submit().json()
    assert answer["problems"] == refused["errors"]
    assert {one["pointer"] for one in answer["problems"]} == {
        "/shares", "/starts_on", "/budget/1/objective",
    }  # fmt: skip
    assert not answer["is_right"]
    assert answer["is_open"]
    assert answer["by_category"]["A"] == {"amount": "12000.00", "currency": "USD"}


def test_another_draft_saved_meanwhile_is_not_submitted_unseen(applicant: Applicant) -> None:
    applicant.save(right())
    seen = applicant.number()
    applicant.save(right(summary="Changed in another tab."))
    stale = applicant.submit(version=seen)
    assert stale.status_code == 412
    assert applicant.caller.get(applicant.place).json()["status"] == "draft"
    assert applicant.submit().status_code == 200


def test_the_same_again_gets_the_same_receipt(world: World, applicant: Applicant) -> None:
    first = applicant.submitted()
    again = applicant.submit()
    assert again.json() == first
    assert counts(world, SubmissionReceipt) == [1]


def test_submitting_anew_before_the_deadline_replaces_what_counts(applicant: Applicant) -> None:
    first = applicant.submitted()
    applicant.save(right(title="Better houses", country="UG"))
    assert applicant.caller.get(applicant.place).json()["title"] != "Better houses"
    second = applicant.submit().json()
    assert second["number"] == 2
    assert second["receipt"]["version"] > first["receipt"]["version"]
    row = applicant.caller.get(applicant.place).json()
    assert (row["title"], row["country"]) == ("Better houses", "UG")
    assert row["submitted_number"] == second["receipt"]["version"]
    kept = applicant.caller.get(f"{applicant.place}/versions/{first['receipt']['version']}")
    assert kept.json()["content"]["country"] == "KE"


def test_a_draft_saved_after_submitting_does_not_count(world: World, applicant: Applicant) -> None:
    applicant.submitted()
    applicant.save(right(summary="A better one, never sent."))
    officer = world.as_role(Role.GRANT_OFFICER)
    number = officer.get(applicant.place).json()["submitted_number"]
    content = officer.get(f"{applicant.place}/versions/{number}").json()["content"]
    assert content["summary"] == "Two houses for forty survivors."
    items = officer.get(f"{applicant.place}/versions").json()["items"]
    assert [item["kind"] for item in items] == ["submitted"]
    assert officer.get(f"{applicant.place}/versions/{number + 1}").status_code == 404


@pytest.mark.parametrize("threads", [8])
def test_two_tabs_and_double_clicks_submit_once(
    world: World, applicant: Applicant, threads: int
) -> None:
    applicant.save(right())
    number = applicant.number()

    def click(_: int) -> tuple[int, str]:
        answer = applicant.submit(version=number)
        return answer.status_code, answer.json().get("id", "")

    with ThreadPoolExecutor(threads) as pool:
        answers = Counter(pool.map(click, range(threads)))
    assert len(answers) == 1, answers
    assert {status for status, _ in answers} == {200}
    assert counts(world, SubmissionReceipt, ProposalResult) == [1, 1]


def test_tabs_that_save_at_once_lose_nothing(world: World, applicant: Applicant) -> None:
    applicant.save(right())
    tag = f'"{applicant.number()}"'

    def save(at: int) -> int:
        status: int = applicant.save(right(summary=f"Tab {at}."), tag=tag).status_code
        return status

    with ThreadPoolExecutor(6) as pool:
        statuses = Counter(pool.map(save, range(6)))
    assert statuses == {200: 1, 412: 5}
    items = applicant.caller.get(f"{applicant.place}/versions").json()["items"]
    kept = {
        applicant.caller.get(f"{applicant.place}/versions/{item['number']}").json()["content"][
            "summary"
        ]
        for item in items[2:]
    }
    assert kept == {f"Tab {at}." for at in range(6)}
    assert Counter(item["kind"] for item in items[2:]) == {"draft": 1, "aside": 5}


def test_saving_and_submitting_at_once_never_submits_what_was_not_seen(
    world: World, applicant: Applicant
) -> None:
    applicant.save(right(summary="Seen."))
    number = applicant.number()

    def act(at: int) -> int:
        if at % 2:
            return int(applicant.submit(version=number).status_code)
        return int(applicant.save(right(summary=f"{at}"), tag=f'"{number}"').status_code)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, range(6)))
    with world.database.read() as db:
        query = select(ProposalVersion.content).where(ProposalVersion.kind == "submitted")
        for content in db.execute(query).scalars():
            assert json.loads(content)["summary"] == "Seen."


def asks_for(world: World, applicant: Applicant, **over: Any) -> None:
    """Let the applicant's call ask for a certificate of registration."""
    with world.database.write() as db:
        audit.lock_head(db)
        add_document(db, db.get_one(Call, applicant.call.id), **over)


@pytest.mark.parametrize(
    ("document", "rule", "word"),
    [
        ({"expires_on": timedelta(days=-1)}, {}, "expired"),
        ({"issued_on": timedelta(days=-40)}, {"max_age_days": 30}, "older"),
        ({"issued_on": None}, {"max_age_days": 30}, "date of issue"),
    ],
)
def test_documents_must_be_there_and_good_on_the_day_of_the_deadline(
    world: World, applicant: Applicant, document: dict[str, Any], rule: dict[str, Any], word: str
) -> None:
    asks_for(world, applicant, **rule)
    applicant.save(right())
    missing = applicant.submit().json()["errors"]
    assert [(one["pointer"], "Certificate" in one["detail"]) for one in missing] == [
        ("/attachments", True)
    ]
    day = applicant.call.deadline_at.date()
    dates: dict[str, Any] = {
        name: None if value is None else day + value
        for name, value in ({"issued_on": timedelta(days=-400)} | document).items()
    }
    with world.database.write() as db:
        audit.lock_head(db)
        party = db.get_one(Party, applicant.party_id)
        made = a_document(db, party, applicant.caller.actor, **dates)
        good = a_document(db, party, applicant.caller.actor, issued_on=day)
        bad_id, good_id = str(made.id), str(good.id)
    attach = f"{applicant.place}/attachments"
    given = {"kind": "registration", "document_id": bad_id}
    assert applicant.caller.post(attach, json=given).status_code == 200
    (error,) = applicant.submit().json()["errors"]
    assert error["pointer"] == "/attachments/0"
    assert word in error["detail"]
    given["document_id"] = good_id
    assert len(applicant.caller.post(attach, json=given).json()["items"]) == 2
    receipt = applicant.submit().json()["receipt"]
    assert [one["kind"] for one in receipt["attachments"]] == ["registration"] * 2


def test_files_of_others_and_wrong_kinds_are_refused(world: World, applicant: Applicant) -> None:
    stranger = an_organisation(world)
    with world.database.write() as db:
        audit.lock_head(db)
        theirs = a_file(db, db.get_one(Party, stranger), applicant.caller.actor)
        their_document = a_document(db, db.get_one(Party, stranger), applicant.caller.actor)
        mine = a_document(db, db.get_one(Party, applicant.party_id), applicant.caller.actor)
        theirs_id, document_id, mine_id = str(theirs.id), str(their_document.id), str(mine.id)
    for given, pointer in (
        ({"kind": "registration", "file_id": theirs_id}, "/file_id"),
        ({"kind": "registration", "document_id": document_id}, "/document_id"),
        ({"kind": "statutes", "document_id": mine_id}, "/kind"),
        ({"kind": "diary", "document_id": mine_id}, "/kind"),
        ({"kind": "registration"}, "/file_id"),
        ({"kind": "registration", "document_id": mine_id, "file_id": theirs_id}, "/file_id"),
    ):
        refused = applicant.caller.post(f"{applicant.place}/attachments", json=given)
        assert refused.status_code == 422, given
        assert [one["pointer"] for one in refused.json()["errors"]] == [pointer], given
    given = {"kind": "registration", "document_id": mine_id}
    made = applicant.caller.post(f"{applicant.place}/attachments", json=given).json()["items"]
    assert applicant.caller.post(f"{applicant.place}/attachments", json=given).status_code == 409
    remove = f"{applicant.place}/attachments/{made[0]['id']}/remove"
    assert applicant.caller.post(remove).json()["items"] == []
    assert applicant.caller.post(remove).status_code == 404


def test_an_upload_declared_in_time_counts_within_the_grace(
    world: World, applicant: Applicant
) -> None:
    asks_for(world, applicant)
    applicant.save(right())
    number, deadline = applicant.number(), applicant.call.deadline_at
    with world.database.write() as db:
        audit.lock_head(db)
        party = db.get_one(Party, applicant.party_id)
        upload = an_upload(db, party, applicant.caller.actor, declared_at=deadline - SECOND)
        upload_id, sha256 = str(upload.id), upload.sha256
    awaiting = [{"kind": "registration", "upload_id": upload_id}]
    with at_time(deadline):
        first = applicant.submit(version=number, awaiting=awaiting)
    assert first.status_code == 200, first.text
    assert first.json()["receipt"]["awaiting"] == [{"kind": "registration", "sha256": sha256}]
    applicant.save(right(summary="Typed after the deadline."))
    files = {}
    with world.database.write() as db:
        audit.lock_head(db)
        party = db.get_one(Party, applicant.party_id)
        for name, declared, completed in (
            ("good", -SECOND, timedelta(minutes=30)),
            ("not awaited", -SECOND, timedelta(minutes=10)),
            ("declared late", SECOND, timedelta(minutes=10)),
            ("completed late", -SECOND, timedelta(minutes=30, seconds=1)),
        ):
            files[name] = str(
                a_file(
                    db, party, applicant.caller.actor, name, declared_at=deadline + declared,
                    completed_at=deadline + completed,
                    **({"sent_sha256": sha256} if name == "good" else {}),
                ).id
            )  # fmt: skip
    attach = f"{applicant.place}/attachments"

    def attached(name: str, after: timedelta) -> Any:
        with at_time(deadline + after):
            given = {"kind": "registration", "file_id": files[name]}
            return applicant.caller.post(attach, json=given)

    for name in ("declared late", "completed late"):
        refused = attached(name, timedelta(minutes=30))
        assert refused.json()["type"] == "urn:fundops:problem:too-late", name
    assert attached("not awaited", timedelta(minutes=30, seconds=1)).status_code == 409
    assert applicant.caller.get(attach).json()["items"] == []
    # What was awaited shows by itself that it came in time, however late it is attached.
    assert attached("good", timedelta(hours=2)).status_code == 200
    receipts = applicant.caller.get(f"{applicant.place}/receipts").json()["items"]
    assert len(receipts) == 2
    last = receipts[-1]["receipt"]
    assert (last["awaiting"], last["attachments"]) == (
        [], [{"kind": "registration", "sha256": sha256}],
    )  # fmt: skip
    kept = applicant.caller.get(f"{applicant.place}/versions/{last['version']}").json()
    assert kept["content"]["summary"] == "Two houses for forty survivors."
    (item,) = applicant.caller.get(attach).json()["items"]
    with at_time(deadline + timedelta(minutes=31)):
        gone = applicant.caller.post(f"{attach}/{item['id']}/remove")
    assert gone.status_code == 409
    officer = world.as_role(Role.GRANT_OFFICER)
    assert [one["sha256"] for one in officer.get(attach).json()["items"]] == [sha256]
    assert attached("not awaited", timedelta(minutes=30)).status_code == 200
    assert len(officer.get(attach).json()["items"]) == 2


def test_only_ones_own_uploads_under_way_are_awaited(world: World, applicant: Applicant) -> None:
    asks_for(world, applicant)
    applicant.save(right())
    with world.database.write() as db:
        audit.lock_head(db)
        stranger = db.get_one(Party, an_organisation_id(db))
        theirs = str(an_upload(db, stranger, applicant.caller.actor).id)
    for upload_id in (theirs, "01890000-0000-7000-8000-00000000dead"):
        refused = applicant.submit(awaiting=[{"kind": "registration", "upload_id": upload_id}])
        pointers = {one["pointer"] for one in refused.json()["errors"]}
        assert pointers == {"/attachments", "/awaiting/0/upload_id"}
    refused = applicant.submit(awaiting=[{"kind": "diary", "upload_id": theirs}])
    pointers = {one["pointer"] for one in refused.json()["errors"]}
    assert pointers == {"/attachments", "/awaiting/0/kind", "/awaiting/0/upload_id"}


def an_organisation_id(db: Any) -> Any:
    from tests.factories import a_party

    return a_party(db).id


def test_a_call_that_is_closed_takes_nothing(world: World) -> None:
    applicant = an_applicant(world, set_up(world))
    applicant.start()
    applicant.save(right())
    with world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Call, applicant.call.id).status = "closed"
    refused = applicant.submit()
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:fundops:problem:conflict")


def test_a_withdrawn_proposal_stays_withdrawn_and_on_record(
    world: World, applicant: Applicant
) -> None:
    applicant.submitted()
    officer = world.as_role(Role.GRANT_OFFICER)
    assert officer.post(f"{applicant.place}/withdraw", json={}).status_code == 404
    gone = applicant.caller.post(f"{applicant.place}/withdraw", json={"reason": "No staff."})
    assert gone.json()["status"] == "withdrawn"
    assert applicant.submit().status_code == 409
    assert applicant.save(right(summary="x")).status_code == 409
    assert applicant.caller.post(f"{applicant.place}/withdraw", json={}).status_code == 409
    assert len(applicant.caller.get(f"{applicant.place}/receipts").json()["items"]) == 1
    with world.database.read() as db:
        query = select(AuditEvent.reason).where(AuditEvent.action == "proposal.withdrawn")
        assert db.execute(query).scalar_one() == "No staff."


def test_a_reopened_proposal_counts_anew_until_its_instant(
    world: World, applicant: Applicant
) -> None:
    first = applicant.submitted()
    deadline = applicant.call.deadline_at
    until = deadline + timedelta(days=2)
    reopen = f"{applicant.place}/reopen"
    given = {"reason": "The annex was unreadable.", "until_at": until.isoformat()}
    assert applicant.caller.post(reopen, json=given).status_code == 403
    officer = world.as_role(Role.GRANT_OFFICER)
    assert officer.post(reopen, json={"until_at": until.isoformat()}).status_code == 422
    past = given | {"until_at": "2020-01-01T00:00:00Z"}
    assert officer.post(reopen, json=past).json()["errors"][0]["pointer"] == "/until_at"
    with at_time(deadline + timedelta(days=1)):
        assert officer.post(reopen, json=given).json()["status"] == "submitted"
        assert (
            applicant.caller.get(applicant.place).json()["submitted_number"]
            == (first["receipt"]["version"])
        )
        applicant.save(right(summary="Readable."))
    number = applicant.number()
    with at_time(until + SECOND):
        late = applicant.submit(version=number)
    assert late.json()["type"] == "urn:fundops:problem:too-late"
    with at_time(until):
        second = applicant.submit(version=number)
    assert second.status_code == 200, second.text
    assert second.json()["receipt"]["deadline_at"] == audit.instant_text(until)
    with world.database.read() as db:
        query = select(AuditEvent.reason).where(AuditEvent.action == "proposal.reopened")
        assert db.execute(query).scalar_one() == "The annex was unreadable."


def test_a_draft_and_a_withdrawn_proposal_are_not_reopened(
    world: World, applicant: Applicant
) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    given = {"reason": "Late.", "until_at": "2199-01-01T00:00:00Z"}
    assert officer.post(f"{applicant.place}/reopen", json=given).status_code == 409
    applicant.caller.post(f"{applicant.place}/withdraw", json={})
    assert officer.post(f"{applicant.place}/reopen", json=given).status_code == 409


def test_an_officer_lodges_and_the_applicant_confirms(world: World, newcomer: Applicant) -> None:
    officer = world.as_role(Role.GRANT_OFFICER, fund_id=newcomer.call.fund_id)
    place = newcomer.start(officer)
    assert newcomer.save(right(), caller=officer).status_code == 200
    version = {"version": officer.get(f"{place}/draft").json()["version"]}
    assert officer.post(f"{place}/submit", json=version).status_code == 403
    assert officer.post(f"{place}/confirm").status_code == 403
    assert newcomer.caller.post(f"{place}/lodge", json=version).status_code == 403
    lodged = officer.post(f"{place}/lodge", json=version)
    assert lodged.status_code == 200, lodged.text
    assert lodged.json()["receipt"]["status"] == "lodged"
    row = officer.get(place).json()
    assert (row["status"], row["is_lodged_for"], row["is_confirmed"]) == ("lodged", True, False)
    # What nobody of the newcomer has confirmed goes no further.
    decide = f"{place}/decide_eligibility"
    with at_time(newcomer.call.deadline_at + timedelta(days=1)):
        other = world.as_role(Role.GRANT_OFFICER)
        given = {"verdict": "eligible", "reason": "x"}
        assert other.post(decide, json=given).json()["type"].endswith("wrong-status")
        confirmed = newcomer.caller.post(f"{place}/confirm")
        assert confirmed.json()["status"] == "submitted"
        assert confirmed.json()["is_confirmed"]
        assert newcomer.caller.post(f"{place}/confirm").status_code == 409
        # Nor does who lodged it decide on it.
        assert officer.post(decide, json=given).json()["type"].endswith("same-person")
        assert other.post(decide, json=given).status_code == 200


def test_who_acts_for_an_organisation_does_not_lodge_for_it(
    world: World, newcomer: Applicant
) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    with world.database.write() as db:
        audit.lock_head(db)
        from fundops import clock
        from fundops.ids import uuid7
        from fundops.parties.models import Membership

        now = clock.now()
        db.add(
            Membership(
                id=uuid7(), person_id=officer.actor.person_id, role="grantee",
                party_id=newcomer.party_id, valid_from=now - timedelta(days=90),
                valid_until=now - timedelta(days=30), created_at=now,
            )
        )  # fmt: skip
    given = {
        "call_id": str(newcomer.call.id), "party_id": str(newcomer.party_id),
        "language": "en", "title": "Houses",
    }  # fmt: skip
    refused = officer.post("/v1/proposals", json=given)
    assert refused.json()["type"] == "urn:fundops:problem:conflict-of-interest"


def test_an_officer_does_not_touch_what_an_applicant_began(
    world: World, applicant: Applicant
) -> None:
    applicant.save(right())
    officer = world.as_role(Role.GRANT_OFFICER)
    assert officer.get(f"{applicant.place}/draft").status_code == 404
    assert applicant.save(right(summary="x"), caller=officer, tag='"2"').status_code == 404
    assert officer.post(f"{applicant.place}/validate", json={}).status_code == 404
    assert officer.post(f"{applicant.place}/lodge", json={"version": 2}).status_code == 403


def test_the_applicant_takes_over_what_an_officer_began(world: World, newcomer: Applicant) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    place = newcomer.start(officer)
    newcomer.save(right(), caller=officer)
    assert newcomer.submit().status_code == 200
    row = newcomer.caller.get(place).json()
    assert (row["status"], row["is_confirmed"]) == ("submitted", True)
    with world.database.read() as db:
        proposal = db.execute(select(Proposal)).scalar_one()
        assert proposal.confirmed_by_id == newcomer.caller.actor.person_id


def test_submitting_twice_would_be_noticed(
    world: World, applicant: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "_submitted_already", lambda *_: None)
    applicant.save(right())
    number = applicant.number()
    answers = [applicant.submit(version=number).json()["id"] for _ in range(2)]
    assert len(set(answers)) == 2
    assert counts(world, SubmissionReceipt) == [2]


def test_a_deadline_that_nobody_asks_would_be_noticed(
    applicant: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "require_open", lambda *_: None)
    applicant.save(right())
    number = applicant.number()
    with at_time(applicant.call.deadline_at + SECOND):
        assert applicant.submit(version=number).status_code == 200


def test_openssl_verifies_a_receipt_as_the_guide_says(applicant: Applicant, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed here")
    receipt = applicant.submitted()
    keys = applicant.caller.get("/v1/signing_keys").json()["items"]
    key = next(one for one in keys if one["key_id"] == receipt["key_id"])
    (tmp_path / "key.pem").write_text(key["public_key"])
    (tmp_path / "signature").write_bytes(base64.b64decode(receipt["signature"]))
    command = [
        openssl, "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "key.pem", "-sigfile",
        "signature", "-in", "receipt.json",
    ]  # fmt: skip
    for body, verdict in ((receipt["body"], 0), (receipt["body"] + " ", 1)):
        (tmp_path / "receipt.json").write_bytes(body.encode())
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == verdict, done.stderr
