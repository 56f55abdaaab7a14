"""Retention: rules by two persons, disposal with a log, and everything proved as before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from fundops import audit, chain, clock, trail
from fundops.authz import Role
from fundops.config import Settings
from fundops.expenditures.models import GrantClosing
from fundops.files import checks
from fundops.files.store import Store
from fundops.ids import uuid7
from fundops.notices.models import Notice
from fundops.reports import integrity
from fundops.reports.models import ReportContent, ReportValue, ReportVersion
from fundops.retention import service
from fundops.retention.models import Disposal
from tests.reports.report_scene import Reporting, full
from tests.staged import staged
from tests.world import Caller, World

RULES = "/v1/retention_rules"
CANARY = "The bakery took on nine apprentices in the dry season"


scene = staged(Reporting)
"""A grant in force, whose grantee reports."""


def approved(world: World, data_class: str, months: int) -> None:
    """Set a rule by two persons."""
    given = {"data_class": data_class, "months": months, "reason": "As our auditors ask."}
    made = world.as_role(Role.FUND_MANAGER).post(RULES, json=given)
    assert made.status_code == 201, made.text
    done = world.as_role(Role.APPROVER).post(f"{made.headers['location']}/approve")
    assert done.json()["status"] == "approved", done.text


def disposed(scene: Reporting, path: Path) -> dict[str, int]:
    """Carry out what is due."""
    settings = Settings(files_path=str(path))
    return dict(service.dispose_due(scene.world.database, settings))


def closed(scene: Reporting, on: date) -> None:
    """Close the grant on a day of the past, with nothing owed."""
    with scene.world.database.write() as db:
        audit.lock_head(db)
        person = scene.officer.actor.person_id
        db.add(
            GrantClosing(
                id=uuid7(), code="CLS-1", grant_id=scene.grant_id, kind="ordinary", closed_on=on,
                reason="Done", status="confirmed", proposed_by_id=person, created_at=clock.now(),
                confirmed_by_id=person, confirmed_at=clock.now(),
            )
        )  # fmt: skip


def count(scene: Reporting, model: Any) -> int:
    with scene.world.database.read() as db:
        return int(db.execute(select(func.count()).select_from(model)).scalar_one())


def whole(scene: Reporting) -> None:
    """Assert that chain, registers and figures are what they are said to be."""
    with scene.world.database.read() as db:
        assert list(chain.verify_chain(db)) == []
        assert trail.breaks(db) == []
        assert integrity.run(db) == []


def test_a_rule_takes_two_persons_and_is_kept_within_bounds(world: World) -> None:
    manager, approver = world.as_role(Role.FUND_MANAGER), world.as_role(Role.APPROVER)
    given = {"data_class": "report_evidence", "months": 84, "reason": "Seven years."}
    short = manager.post(RULES, json=given | {"months": 59})
    assert short.json()["errors"][0]["pointer"] == "/months"
    made = manager.post(RULES, json=given)
    place = made.headers["location"]
    assert manager.post(f"{place}/approve").status_code == 409
    assert approver.post(f"{place}/approve").status_code == 200
    assert approver.post(f"{place}/refuse", json={"reason": "Late"}).status_code == 409
    local = world.as_role(Role.FUND_MANAGER, fund_id=_fund(world))
    assert local.post(RULES, json=given).status_code == 403
    for role in (Role.GRANTEE, Role.DONOR, Role.FINANCE_OFFICER):
        assert _as(world, role).get("/v1/retention").status_code == 403
    shown = world.as_role(Role.AUDITOR).get("/v1/retention").json()
    months = {one["data_class"]: one["months"] for one in shown["classes"]}
    assert months == {
        "report_drafts": None, "report_texts": None, "report_comments": None,
        "report_evidence": 84, "notices": None,
    }  # fmt: skip


def _fund(world: World) -> Any:
    from tests.factories import a_fund

    with world.database.write() as db:
        audit.lock_head(db)
        return a_fund(db).id


def _as(world: World, role: Role) -> Caller:
    from tests.factories import a_party

    if role not in (Role.GRANTEE, Role.DONOR):
        return world.as_role(role)
    with world.database.write() as db:
        audit.lock_head(db)
        party_id = a_party(db).id
    return world.as_role(role, party_id=party_id)


def test_texts_go_when_the_grant_is_long_closed_and_figures_stay(
    scene: Reporting, tmp_path: Path
) -> None:
    made = scene.start(requirement_id=scene.asked("narrative_report"))
    place = f"/v1/progress_reports/{made.json()['id']}"
    content = full(scene.facts(place)) | {"lessons": CANARY}
    scene.submitted(place, content)
    assert CANARY in scene.officer.get(f"{place}/draft").text or count(scene, ReportContent)
    versions, values = count(scene, ReportVersion), count(scene, ReportValue)
    assert values
    closed(scene, clock.now().date() - timedelta(days=400))
    assert disposed(scene, tmp_path) == {}, "nothing is due without a rule"
    approved(scene.world, "report_texts", 24)
    assert disposed(scene, tmp_path) == {}, "thirteen months are not twenty-four"
    approved(scene.world, "report_texts", 12)
    assert disposed(scene, tmp_path) == {"report_texts": versions}
    assert disposed(scene, tmp_path) == {}
    assert (count(scene, ReportContent), count(scene, ReportValue)) == (0, values)
    assert count(scene, ReportVersion) == versions
    with scene.world.database.read() as db:
        (log,) = db.execute(select(Disposal)).scalars()
        assert (log.data_class, log.rows_disposed) == ("report_texts", versions)
        held = db.execute(text("SELECT payload FROM audit_payloads")).scalars()
        assert not any(CANARY in payload for payload in held if payload)
    whole(scene)
    assert scene.officer.get(place).status_code == 200
    told = scene.world.as_role(Role.AUDITOR).get("/v1/disposals").json()["items"]
    assert [one["rows_disposed"] for one in told] == [versions]


def test_evidence_of_one_open_grant_is_kept_and_its_content_leaves_the_store(
    scene: Reporting, tmp_path: Path
) -> None:
    from tests.reports.test_evidence import a_paper, add

    place = scene.started()
    store = Store(tmp_path)
    address = store.add(b"an invoice")
    paper = a_paper(scene, stored_sha256=address, stored_bytes=10)
    assert add(scene, place, file_id=paper, line=3).status_code == 201
    approved(scene.world, "report_evidence", 60)
    assert disposed(scene, tmp_path) == {}, "the grant is not closed"
    closed(scene, clock.now().date() - timedelta(days=61 * 31))
    assert disposed(scene, tmp_path) == {"report_evidence": 1}
    assert [one.sha256 for one in store.contents()] == []
    with scene.world.database.read() as db:
        assert checks.run(db, store) == []
        assert address not in checks.referred(db)


def test_notices_go_by_age_and_a_later_rule_takes_the_place_of_an_earlier(
    scene: Reporting, tmp_path: Path
) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        old = datetime(2024, 1, 1, tzinfo=UTC)
        for status, why in (("dropped", "no_channel"), ("waiting", None)):
            db.add(
                Notice(
                    id=uuid7(), kind="requirement_due", person_id=scene.officer.actor.person_id,
                    facts="{}", is_neutral=True, in_inbox=True, language="en", urgency="digest",
                    status=status, why=why, next_try_at=old, event_seq=1, created_at=old,
                )
            )  # fmt: skip
    approved(scene.world, "notices", 600)
    assert disposed(scene, tmp_path) == {}
    approved(scene.world, "notices", 12)
    assert disposed(scene, tmp_path) == {"notices": 1}
    with scene.world.database.read() as db:
        left = select(Notice.status).where(Notice.created_at == old)
        assert db.execute(left).scalars().all() == ["waiting"]


@pytest.mark.parametrize(
    ("now", "months", "expected"),
    [
        (datetime(2026, 3, 31, tzinfo=UTC), 1, date(2026, 2, 28)),
        (datetime(2024, 3, 31, tzinfo=UTC), 1, date(2024, 2, 29)),
        (datetime(2026, 1, 15, tzinfo=UTC), 1, date(2025, 12, 15)),
        (datetime(2026, 11, 22, tzinfo=UTC), 84, date(2019, 11, 22)),
    ],
)
def test_months_are_calendar_months(now: datetime, months: int, expected: date) -> None:
    assert service.cutoff(now, months).date() == expected
