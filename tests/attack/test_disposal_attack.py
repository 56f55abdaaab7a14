"""Attacks on retention and partner risk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from fundops import audit, clock
from fundops.audit import AuditPayload
from fundops.authz import Role
from fundops.files.store import Store
from fundops.proposals.models import Proposal
from fundops.retention import service
from tests.partners.partner_factories import Office
from tests.reports.report_scene import Reporting, full
from tests.reports.test_evidence import a_paper, add
from tests.retention.test_retention import approved, closed, disposed
from tests.world import World


def test_a_file_that_shows_something_else_too_is_kept(world: World, tmp_path: Path) -> None:
    """The paper behind an old report is also what due diligence of the party rests on."""
    scene = Reporting(world)
    place = scene.started()
    store = Store(tmp_path)
    paper = a_paper(scene, stored_sha256=store.add(b"a licence"), stored_bytes=9)
    assert add(scene, place, file_id=paper, line=3).status_code == 201
    today = clock.today("UTC")
    body = {
        "kind": "registration", "outcome": "passed", "checked_on": str(today),
        "evidence_file_id": paper,
    }  # fmt: skip
    made = scene.officer.post(f"/v1/parties/{scene.grantee_id}/due_diligence_checks", json=body)
    assert made.status_code == 201, made.text
    approved(world, "report_evidence", 60)
    closed(scene, today - timedelta(days=61 * 31))
    assert disposed(scene, tmp_path) == {}


def test_a_check_that_fails_later_makes_the_tier_high(world: World) -> None:
    office = Office(world)
    office.complete()
    made = office.propose()
    assert office.step(office.manager, made, "confirm").status_code == 200
    assert office.tier()["tier"] == "low"
    assert office.check("registration", "failed").status_code == 201
    assert office.officer.get(f"{office.place}/due_diligence").json()["is_complete"] is False
    assert office.tier()["tier"] == "high"


def test_a_place_at_risk_is_not_told_by_the_proposal_behind_its_grant(world: World) -> None:
    scene = Reporting(world)
    place = {"country": "KE", "reason": "Shelters have been attacked."}
    assert world.as_role(Role.FUND_MANAGER).post("/v1/places_at_risk", json=place).is_success
    board = world.as_role(Role.BOARD_MEMBER)
    grant = board.get(f"/v1/grants/{scene.grant_id}").json()
    assert grant["country"] is None
    proposal = f"/v1/proposals/{grant['proposal_id']}"
    with world.database.write() as db:
        found = db.get_one(Proposal, UUID(grant["proposal_id"]))
        found.country = "KE"
        audit.record(
            db, audit.SYSTEM, "proposal.imported", "proposal", found.id, after={"country": "KE"}
        )
    assert board.get(proposal).json()["country"] is None
    assert board.get("/v1/proposals?country=KE").json()["items"] == []
    covered = board.get("/v1/coverage?by=country")
    assert covered.status_code == 200
    assert '"KE"' not in covered.text
    officer = world.as_role(Role.GRANT_OFFICER)
    assert officer.get(proposal).json()["country"] == "KE"


def test_comments_are_told_to_no_auditor_and_are_gone_once_disposed_of(
    world: World, tmp_path: Path
) -> None:
    scene = Reporting(world)
    made = scene.start(requirement_id=scene.asked("narrative_report"))
    place = f"/v1/progress_reports/{made.json()['id']}"
    scene.submitted(place, full(scene.facts(place)))
    comments = [{"pointer": "/risks", "comment": "Of the seven women two are said to be sisters."}]
    back = scene.decided(place, "return", reason="See the comments.", comments=comments)
    assert back.status_code == 200, back.text
    events = scene.auditor.get(f"/v1/audit_events?record_id={made.json()['id']}")
    assert events.status_code == 200
    assert "sisters" not in events.text
    approved(world, "report_comments", 12)
    closed(scene, clock.now().date() - timedelta(days=400))
    assert disposed(scene, tmp_path) == {"report_comments": 1}
    with world.database.read() as db:
        held = db.execute(select(AuditPayload.payload)).scalars()
        assert not [one for one in held if one and "sisters" in one]


def test_a_correction_begins_with_what_was_written(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Reporting(world)
    made = scene.start(requirement_id=scene.asked("narrative_report"))
    place = f"/v1/progress_reports/{made.json()['id']}"
    scene.submitted(place, full(scene.facts(place)))
    assert scene.decided(place, "accept").status_code == 200
    approved(world, "report_drafts", 1)
    monkeypatch.setattr(service, "cutoff", lambda now, _: now + timedelta(seconds=1))
    assert disposed(scene, tmp_path) == {"report_drafts": 1}
    assert scene.grantee.post(f"{place}/correct", json={"reason": "A slip."}).status_code == 200
    draft = scene.grantee.get(f"{place}/draft").json()
    assert draft["content"]["lessons"] == "Begin earlier."
