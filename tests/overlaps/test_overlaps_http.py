"""Overlaps over HTTP: what is compared, who may ask, what is hidden; the command that loads."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from fundops import clock
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.commands import app as command_line
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.overlaps.models import PublishedActivity
from fundops.parties.models import Party, PartyAlias
from fundops.proposals.models import Proposal
from tests.factories import a_fund, a_party
from tests.reviews.review_factories import Scene, a_closed_call, a_proposal, counted
from tests.staged import staged
from tests.world import Caller, World

ABOUT = (
    "Night shelter with two counsellors beside the fish market for those who leave the vessels, "
    "with legal help and a way home."
)
PERIOD = {"starts_on": date(2026, 3, 1), "ends_on": date(2026, 12, 31)}


class Setting:
    """A proposal about a shelter, and works that are like it, or not at all."""

    def __init__(self, world: World) -> None:
        self.scene = scene = Scene(world, proposals=0, reviewers=0)
        self.world = world
        with scene.writing() as db:
            call = db.get_one(Call, scene.call_id)
            self.party = self.applicant(db, name="Open Door Shelters", is_at_risk=True,
                                        public_label="A shelter in Africa")  # fmt: skip
            db.add(
                PartyAlias(
                    id=uuid7(), spelling="Puerta Abierta Albergues", party_id=self.party.id,
                    created_at=clock.now(),
                )
            )  # fmt: skip
            self.subject = self.proposal(db, call, self.party)
            self.same_text = self.proposal(db, call, self.applicant(db), title="Beds at the port")
            self.other_fund = a_closed_call(db, a_fund(db).id)
            self.elsewhere = self.proposal(db, self.other_fund, self.party, title="Elsewhere")
            self.unlike = a_proposal(
                db, call, self.applicant(db), {"summary": "Radio plays."}, title="Radio plays",
                country="NP", region="142",
            )  # fmt: skip
            self.draft = self.proposal(
                db, call, self.applicant(db), status="draft", submitted_number=None,
                submitted_at=None, title="Unsent",
            )  # fmt: skip
            self.grant = self._grant(db)
            db.add_all([self._activity("one", ABOUT), self._activity("two", "Goats and wells.")])

    def applicant(self, db: Session, **over: Any) -> Party:
        """Register an organisation."""
        return a_party(db, kind="civil_society", **over)

    def proposal(self, db: Session, call: Call, party: Party, **over: Any) -> Proposal:
        """Add a proposal about the shelter."""
        said = {"summary": ABOUT, "places": ["Kilifi"], "answers": {"need": ABOUT}}
        return a_proposal(db, call, party, said, **(PERIOD | {"title": "Night shelter"} | over))

    def _grant(self, db: Session) -> Grant:
        grant = Grant(
            id=uuid7(), code="GRT-OLD-1", fund_id=self.scene.fund_id, grantee_id=self.party.id,
            title="First shelter", country="KE", region="014", awarded_on=date(2025, 1, 1),
            starts_on=date(2025, 1, 1), ends_on=date(2026, 6, 30), awarded_minor=1_000,
            status="closed", source_code="old", created_at=clock.now(),
        )  # fmt: skip
        db.add(grant)
        db.flush()
        return grant

    def _activity(self, key: str, about: str) -> PublishedActivity:
        return PublishedActivity(
            id=uuid7(), identifier=f"XX-{key}", publisher="Lantern Trust", title=f"Work {key}",
            description=about,
            organisations='["Puerta Abierta Albergues"]' if key == "one" else "[]",
            countries='["KE"]', regions="[]", places='["Kilifi"]', source_sha256="0" * 64,
            loaded_at=clock.now(), **PERIOD,
        )  # fmt: skip

    def ask(self, caller: Caller, proposal: Proposal | None = None, **query: Any) -> Any:
        """Ask for the overlaps of a proposal."""
        one = proposal or self.subject
        return caller.get(f"/v1/proposals/{one.id}/overlaps", params=query)


setting = staged(Setting)


def titles(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [(one["kind"], one["title"]) for one in answer.json()["items"]]


def test_proposals_grants_and_activities_are_compared_ranked_and_explained(
    setting: Setting,
) -> None:
    answer = setting.ask(setting.scene.officer)
    assert set(titles(answer)) == {
        ("proposal", "Elsewhere"), ("proposal", "Beds at the port"), ("grant", "First shelter"),
        ("activity", "Work one"),
    }  # fmt: skip
    items = answer.json()["items"]
    assert answer.json()["compared"] == 6
    points = [one["points"] for one in items]
    assert points == sorted(points, reverse=True)
    by_title = {one["title"]: one for one in items}
    assert items[0]["title"] in ("Elsewhere", "Work one")
    for one in items:
        assert one["points"] == sum(like["points"] for like in one["likenesses"])
    said = {
        title: " ".join(like["explanation"] for like in one["likenesses"])
        for title, one in by_title.items()
    }
    assert "The same organisation." in said["First shelter"]
    assert "Both run from 2026-03-01 to 2026-06-30." in said["First shelter"]
    assert "word for word" in said["Beds at the port"]
    assert "Kilifi" in said["Beds at the port"]
    assert "Puerta Abierta Albergues" in said["Work one"], "by another spelling of its name"
    assert titles(setting.ask(setting.scene.officer, limit=1)) == titles(answer)[:1]


def test_an_officer_of_one_fund_sees_what_is_of_that_fund(setting: Setting) -> None:
    own = setting.world.as_role(Role.GRANT_OFFICER, fund_id=setting.scene.fund_id)
    other = setting.world.as_role(Role.GRANT_OFFICER, fund_id=setting.other_fund.fund_id)
    assert ("proposal", "Elsewhere") not in titles(setting.ask(own))
    assert ("grant", "First shelter") in titles(setting.ask(own))
    assert setting.ask(other).status_code == 404
    assert [one[1] for one in titles(setting.ask(other, setting.elsewhere))] == ["Work one"]


def test_who_may_not_ask(setting: Setting) -> None:
    for role, party in ((Role.GRANTEE, setting.party.id), (Role.DONOR, setting.party.id),
                        (Role.REVIEWER, None)):  # fmt: skip
        caller = setting.world.as_role(role, party_id=party)
        assert setting.ask(caller).status_code in (403, 404), role
    assert setting.ask(setting.world.anonymous()).status_code == 401
    for limit in ("0", "101", "x"):
        assert setting.ask(setting.scene.officer, limit=limit).status_code in (400, 422)


def test_what_is_not_submitted_is_neither_compared_nor_quoted(setting: Setting) -> None:
    assert setting.ask(setting.scene.officer, setting.draft).status_code == 404
    assert "Unsent" not in setting.ask(setting.scene.officer, setting.same_text).text


def test_a_party_at_risk_is_named_to_nobody_who_may_not_know(setting: Setting) -> None:
    board = setting.world.as_role(Role.BOARD_MEMBER)
    for proposal in (setting.subject, setting.same_text, setting.elsewhere):
        answer = setting.ask(board, proposal)
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        said = json.dumps([one for one in items if one["kind"] != "activity"])
        said += json.dumps([one["likenesses"] for one in items])
        for secret in ("Open Door", "Puerta Abierta", setting.grant.code, setting.elsewhere.code):
            assert secret not in said, (secret, proposal.title)
        hidden = [one for one in items if "A shelter in Africa" in one["organisations"]]
        assert all((one["code"], one["countries"]) == (None, []) for one in hidden)
        assert {one["title"] for one in hidden} <= {"Withheld for safety"}
        works = json.dumps([one for one in items if one["kind"] != "activity"])
        assert "Elsewhere" not in works
        assert "First shelter" not in works
    assert "word for word" not in setting.ask(board, setting.subject).text
    assert "A shelter in Africa" in setting.ask(board, setting.same_text).text
    assert "Open Door Shelters" in setting.ask(setting.scene.officer, setting.same_text).text


def test_more_to_compare_takes_no_more_queries(setting: Setting) -> None:
    counts, compared = [], []
    for _ in range(2):
        with counted(setting.world.database) as seen:
            answer = setting.ask(setting.scene.officer, limit=100)
        counts.append(len(seen))
        compared.append(answer.json()["compared"])
        with setting.scene.writing() as db:
            call = db.get_one(Call, setting.scene.call_id)
            for _ in range(30):
                setting.proposal(db, call, setting.applicant(db))
    assert compared == [6, 36]
    assert counts[0] == counts[1]


def test_the_command_loads_real_files_once(
    world: World, real_data: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", database_url)
    files = [str(path) for path in sorted((real_data / "iati").glob("*.xml"))]
    first = CliRunner().invoke(command_line, ["load-activities", *files])
    assert first.exit_code == 0, first.output
    with world.database.read() as db:
        kept = db.execute(select(func.count()).select_from(PublishedActivity)).scalar_one()
    assert kept > 40
    again = CliRunner().invoke(command_line, ["load-activities", *files])
    assert again.exit_code == 0, again.output
    assert again.output.count(" 0 activities added, 0 changed") == len(files)
    scene = Scene(world, proposals=1, reviewers=0)
    with world.database.read() as db:
        activity = db.execute(
            select(PublishedActivity)
            .where(func.length(PublishedActivity.description) > 200)
            .order_by(PublishedActivity.identifier)
            .limit(1)
        ).scalar_one()
    with scene.writing() as db:
        call = db.get_one(Call, scene.call_id)
        copied = a_proposal(
            db, call, scene.parties[0], {"summary": activity.description},
            title=activity.title[:500],
        )  # fmt: skip
    found = scene.officer.get(f"/v1/proposals/{copied.id}/overlaps").json()
    best = next(one for one in found["items"] if one["kind"] == "activity")
    assert best["code"] == activity.identifier
    assert "word for word" in json.dumps(best["likenesses"])


def test_the_command_refuses_a_file_that_is_none(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", database_url)
    path = tmp_path / "damaged.xml"
    path.write_text("<iati-activities><iati-activity>", encoding="utf-8")
    done = CliRunner().invoke(command_line, ["load-activities", str(path)])
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    missing = CliRunner().invoke(command_line, ["load-activities", str(tmp_path / "none.xml")])
    assert missing.exit_code in (1, 2)
    with world.database.read() as db:
        assert db.execute(select(func.count()).select_from(PublishedActivity)).scalar_one() == 0
