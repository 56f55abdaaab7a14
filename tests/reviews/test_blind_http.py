"""Blind review: canaries in all that is the applicant's, and everything a reviewer can reach."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest

from fundops import clock
from fundops.authz import ROLE_PERMISSIONS, Role
from fundops.calls.models import Call
from fundops.ids import uuid7
from fundops.parties.models import Membership, Party, PartyAlias, Person
from fundops.parties.profile_models import OrganisationProfile
from fundops.proposals.models import Proposal, ProposalAttachment
from fundops.reviews import content as contents
from fundops.reviews.masking import Masker
from tests.contract.inventory import operations
from tests.factories import a_person
from tests.reviews.review_factories import Scene, a_file, a_proposal, draft, save, submit
from tests.staged import staged
from tests.world import World

CANARY = re.compile("canary|kanarie|canarias|qzx", re.I)
"""What no reviewer may read: it is in every name, alias, number, place and file's name."""
NAME = "Cánary Fundación Qzx"
TEXT = (
    "We, the CANARY  FUNDACION-QZX (CFQ), with Amina Canarias and Kanarie-Haus, registered under"
    " QZX/77-1, wrote this; see https://canaryqzx.org or mail amina@qzx.org."
)


class Blind:
    """A blind call with two applicants full of canaries, and one reviewer of both."""

    def __init__(self, world: World) -> None:
        self.scene = Scene(world, proposals=0, reviewers=1, is_blind=True)
        with self.scene.writing() as db:
            call = db.get_one(Call, self.scene.call_id)
            for number in range(2):
                self._applicant(db, world, call, number)
        self.me = self.scene.reviewers[0]

    def _applicant(self, db: Any, world: World, call: Call, number: int) -> None:
        scene = self.scene
        party = Party(
            id=uuid7(), code=f"QZX-{number}", kind="civil_society", name=f"{NAME} {number}",
            country="KE", public_label=f"Canary label {number}", created_at=clock.now(),
        )  # fmt: skip
        db.add(party)
        db.flush()
        person, _ = a_person(db, Role.GRANTEE, party_id=party.id)
        db.get_one(Person, person.person_id).name = "Amina Canarias"
        db.add(PartyAlias(id=uuid7(), spelling=f"Kanarie Haus{' ' * number}", party_id=party.id,
                          created_at=clock.now()))  # fmt: skip
        db.add(
            OrganisationProfile(
                id=uuid7(), party_id=party.id, registration_number="QZX/77-1",
                mission="Canary mission", created_at=clock.now(),
            )
        )  # fmt: skip
        files = [
            a_file(db, world, party, person.person_id, f"canary-{kind}.txt", f"plan {number}")
            for kind in ("plan", "statutes")
        ]
        said = {
            "title": f"Houses of Canary Fundacion Qzx {number}", "summary": TEXT,
            "country": "KE", "regions": ["014"], "places": ["Canaryville", "Qzx town"],
            "starts_on": "2026-01-01", "ends_on": "2026-12-31",
            "answers": {"need": TEXT, "approach": TEXT.lower(), "risks": "None."},
            "budget": [{"category": "A", "description": f"Salary of Amina Canarias, QZX-{number}",
                        "unit": "month", "quantity": "1", "unit_cost": "10.00"}],
            "cofunding": [{"source": "Friends of canary-fundacion qzx", "amount": "5"}],
            "results": [{"indicator": "1", "note": "Kanarie haus"}],
            "attachments": [
                {"kind": kind, "file_id": str(file.id), "name": file.name, "sha256": "f" * 64}
                for kind, file in zip(("work_plan", "statutes"), files, strict=True)
            ],
        }  # fmt: skip
        made = a_proposal(
            db, call, party, said, title=said["title"], code=f"QZX-PROPOSAL-{number}",
            submitted_by_id=person.person_id,
        )  # fmt: skip
        for file in files:
            db.add(
                ProposalAttachment(
                    id=uuid7(), proposal_id=made.id, kind="work_plan", file_id=file.id,
                    added_by_id=person.person_id, added_at=clock.now(),
                )
            )  # fmt: skip
        scene.parties.append(party)
        scene.proposals.append(made)
        self.files = [*getattr(self, "files", []), *files]

    def secrets(self) -> list[str]:
        """Return ids that no answer may contain: of parties, proposals, files, the submission."""
        found = [one.id for one in (*self.scene.parties, *self.scene.proposals, *self.files)]
        times = [one.submitted_at for one in self.scene.proposals]
        return [str(one) for one in found] + [
            at.isoformat()[:16] for at in times if at is not None
        ] + [file.stored_sha256 for file in self.files]  # fmt: skip


def readable(blind: Blind, place: str) -> list[str]:
    """Return every address that a reviewer may read, on one assignment."""
    paths = []
    for one in operations(blind.scene.world.app):
        mine = set(one.permissions) & ROLE_PERMISSIONS[Role.REVIEWER]
        if one.method == "GET" and mine:
            path = one.path.replace("/v1/assignments/{assignment_id}", place)
            paths += [path.replace("{number}", str(n)) for n in range(1, 5)]
    return sorted(set(paths))


def crawl(blind: Blind, place: str) -> dict[str, Any]:
    """Return every answer that a reviewer can get about and around an assignment."""
    caller = blind.me
    queries = ["/v1/assignments?limit=1", "/v1/assignments?sort=-position",
               f"{place}/draft?number=9"]  # fmt: skip
    found = {path: caller.get(path) for path in (*readable(blind, place), *queries)}
    found["validate"] = caller.post(f"{place}/validate")
    if caller.get(place).json()["status"] != "invited":
        found["accept again"] = caller.post(f"{place}/accept")
    found["bad submit"] = caller.post(f"{place}/submit", json={"number": 99})
    found["bad draft"] = caller.request("PUT", f"{place}/draft", json={"marks": 1})
    return found


def about(blind: Blind, place: str) -> dict[str, Any]:
    """Return what a reviewer gets of the proposal itself."""
    parts = ("", "/proposal", "/attachments/1", "/workbook")
    return {place + part: blind.me.get(place + part) for part in parts}


def told(answer: Any) -> str:
    """Return all that an answer says: its headers, and its body, unpacked if it is a workbook."""
    text = str(answer.text)
    if answer.content.startswith(b"PK"):
        with ZipFile(BytesIO(answer.content)) as book:
            parts = [book.read(one).decode("utf-8", "replace") for one in book.namelist()]
            text = "\n".join([*book.namelist(), *parts])
    return text + json.dumps(dict(answer.headers))


def leaks(blind: Blind, answers: dict[str, Any]) -> list[str]:
    """Return which answers tell who applied, in their bodies or headers."""
    wrong = []
    for path, answer in answers.items():
        text = told(answer)
        if CANARY.search(text) or any(one in text for one in blind.secrets()):
            wrong.append(path)
    return wrong


blind = staged(Blind)


def places(blind: Blind) -> list[str]:
    """Assign both proposals to the reviewer, and return the assignments' addresses."""
    return [blind.scene.assigned(number) for number in range(2)]


def test_nothing_that_a_reviewer_reaches_tells_who_applied(blind: Blind) -> None:
    invited = blind.scene.assign(0).json()
    place = f"/v1/assignments/{invited['id']}"
    assert leaks(blind, crawl(blind, place)) == []
    found = blind.me.get(place).json()
    assert found["about"] == {
        "language": "en", "objectives": [{"objective": 4, "percent": 100}], "regions": ["014"],
        "country": None, "title": None, "applicant": None,
    }  # fmt: skip
    assert blind.me.post(f"{place}/accept").status_code == 200
    second = blind.scene.assigned(1)
    assert leaks(blind, crawl(blind, second)) == []
    submitted = submit(blind.me, place, draft("3", "2", "5"))
    assert submitted.status_code == 200
    answers = crawl(blind, place)
    assert leaks(blind, answers) == []
    # There was much to read all the same: the test would see what it looks for.
    assert {f"{place}{part}" for part in ("", "/proposal", "/draft", "/workbook")} <= {
        path for path, answer in answers.items() if answer.status_code == 200
    }
    content = answers[f"{place}/proposal"].json()
    assert content["is_masked"]
    assert content["content"]["answers"]["need"].count("[applicant]") >= 4
    assert "wrote this" in content["content"]["answers"]["need"]
    assert content["content"]["country"] == "KE"
    assert "places" not in content["content"]
    assert "can still tell" in content["warning"]


def test_files_are_numbered_and_only_about_the_project(blind: Blind) -> None:
    place = places(blind)[0]
    listed = blind.me.get(f"{place}/proposal").json()["attachments"]
    assert [(one["number"], one["label"]) for one in listed] == [(1, "Attachment 1 (work plan)")]
    got = blind.me.get(f"{place}/attachments/1")
    assert (got.status_code, got.text) == (200, "plan 0")
    assert 'filename="attachment-1.txt"' in got.headers["content-disposition"]
    for missing in ("0", "2", "1001", "-1", "x"):
        assert blind.me.get(f"{place}/attachments/{missing}").status_code in {404, 422}


def test_order_and_numbers_tell_nothing(blind: Blind) -> None:
    """Two proposals are alike but for what they say: no field counts or dates the others."""
    first, second = places(blind)
    one, two = (blind.me.get(place).json() for place in (first, second))
    same = {name for name in one if one[name] == two[name]}
    assert one.keys() - same == {"id", "blind_code"}
    listed = blind.me.get("/v1/assignments").json()
    assert listed.keys() == {"items", "next_cursor"}
    fields = set(listed["items"][0])
    assert fields == {
        "id", "blind_code", "call_title", "is_blind", "title", "applicant", "reviews_close_at",
        "status", "drafts", "others_open", "version",
    }  # fmt: skip
    assert UUID(listed["items"][0]["id"]).version == 4


def test_a_leak_would_be_noticed(blind: Blind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bugs: no masking, real names of files, everything in the content."""
    place = places(blind)[0]
    assert leaks(blind, about(blind, place)) == []
    with monkeypatch.context() as patch:
        patch.setattr(Masker, "everything", lambda _self, value: value)
        assert leaks(blind, about(blind, place)) == [f"{place}/proposal"]
    with monkeypatch.context() as patch:
        patch.setattr(contents, "_plain_name", lambda *_: "canary.txt")
        assert leaks(blind, about(blind, place)) == [f"{place}/attachments/1"]
    with monkeypatch.context() as patch:
        patch.setattr(contents, "TOLD", (*contents.TOLD, "attachments"))
        assert leaks(blind, about(blind, place)) == [f"{place}/proposal"]


def test_where_the_call_is_not_blind_the_applicant_is_named(blind: Blind) -> None:
    place = places(blind)[0]
    with blind.scene.writing() as db:
        db.get_one(Call, blind.scene.call_id).is_blind = False
    found = blind.me.get(f"{place}/proposal").json()
    assert found["content"]["applicant"] == f"{NAME} 0"
    assert not found["is_masked"]
    assert [one["label"] for one in found["attachments"]] == [
        "canary-plan.txt", "canary-statutes.txt",
    ]  # fmt: skip
    assert blind.me.get(place).json()["about"]["applicant"] == f"{NAME} 0"


def test_a_party_at_risk_is_masked_even_where_the_call_is_not_blind(blind: Blind) -> None:
    place = blind.scene.assigned(0)
    with blind.scene.writing() as db:
        db.get_one(Call, blind.scene.call_id).is_blind = False
        party = db.get_one(Party, blind.scene.parties[0].id)
        party.is_at_risk, party.public_label = True, "A grantee at risk"
    found = blind.me.get(f"{place}/proposal").json()
    assert found["is_masked"]
    assert "country" not in found["content"]
    about = blind.me.get(place).json()["about"]
    assert (about["applicant"], about["country"], about["title"]) == (
        "A grantee at risk",
        None,
        None,
    )
    answers = crawl(blind, place)
    assert leaks(blind, answers) == []


def test_conflicts_are_found_for_the_reviewer_who_cannot_see(blind: Blind) -> None:
    """Who applied is not told, so the system itself looks for interests and declarations."""
    scene = blind.scene
    began, ended = (clock.now() - timedelta(days=days) for days in (900, 300))
    scene.make_applicant(blind.me, 0, valid_from=began, valid_until=ended)
    assert scene.assign(0).status_code == 409
    assert scene.assign(1).status_code == 201
    body = {"party_id": str(scene.parties[1].id), "kind": "employer"}
    assert blind.me.post("/v1/conflicts", json=body).status_code == 201
    assert blind.me.get("/v1/assignments").json()["items"] == []


def test_what_a_reviewer_wrote_stays_out_of_others_sight(blind: Blind) -> None:
    place = places(blind)[0]
    save(blind.me, place, draft("1", "3", "0"))
    other = blind.scene.world.as_role(Role.REVIEWER)
    assert other.get("/v1/assignments").json()["items"] == []
    with blind.scene.writing() as db:
        owner = db.get_one(Proposal, blind.scene.proposals[0].id).submitted_by_id
        assert owner is not None
        db.add(
            Membership(
                id=uuid7(), person_id=owner, role="reviewer", created_at=clock.now(),
                valid_from=clock.now() - timedelta(days=1),
            )
        )  # fmt: skip
    body = {"person_id": str(owner), "languages": ["en"], "max_load": 5}
    enrolled = blind.scene.officer.post("/v1/reviewers", json=body)
    assert enrolled.status_code == 201
    blind.scene.reviewer_ids.append(enrolled.json()["id"])
    assert blind.scene.assign(0, reviewer=1).status_code == 409, (
        "an applicant never reviews its own"
    )
    assert blind.scene.assign(1, reviewer=1).status_code == 201
