"""Audit workbooks asked for by a judge who has yet to judge, and by clients that take nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fundops import clock
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.exports import streams
from fundops.exports.jobs import runner
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Membership
from tests.exports.audit_book.test_route import PLACE, free
from tests.findings.scenes import Office, office
from tests.reviews.review_factories import Scene
from tests.world import World

__all__ = ["office"]


def test_who_has_a_review_to_write_reads_no_workbook_of_the_call(world: World) -> None:
    """A finance officer may review, blind too, and reads neither applicants nor scores before."""
    scene = Scene(world, proposals=2, reviewers=0)
    officer, other = (world.as_role(Role.FINANCE_OFFICER) for _ in range(2))
    with world.database.read() as db:
        call = db.get_one(Call, scene.call_id)
        asked = [{"call": call.code}, {"fund": db.get_one(Fund, call.fund_id).code}]
    job = officer.post("/v1/export_jobs", json=asked[0]).json()
    runner.run(world.database, world.app.state.settings)
    file = f"/v1/export_jobs/{job['id']}/file"
    assert officer.get(file).status_code == 200
    for params in asked:
        assert officer.get(PLACE, params=params).status_code == 200
    with scene.writing() as db:
        db.add(
            Membership(
                id=uuid7(), person_id=officer.actor.person_id, role=Role.REVIEWER.value,
                valid_from=clock.now() - timedelta(days=1), created_at=clock.now(),
            )
        )  # fmt: skip
    scene.reviewer_ids.append(scene.enrol(officer))
    assert scene.assign(1, 0).status_code == 201
    for params in asked:
        assert officer.get(PLACE, params=params).status_code == 404
        assert officer.get(f"{PLACE}/manifest", params=params).status_code == 404
        for place in ("/v1/export_jobs", "/v1/audit_workbooks"):
            assert officer.post(place, json=params).status_code == 404
    assert officer.get(file).status_code == 409, "nor one that was made before"
    assert other.get(PLACE, params=asked[0]).status_code == 200
    assert free(world)


def stalled(world: World, token: str, query: str, version: str) -> int:
    """Ask for a workbook and take nothing after its first piece; return what was taken."""
    taken = 0

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        nonlocal taken
        if message.get("body"):
            if taken:
                await asyncio.Event().wait()
            taken += len(message["body"])

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": PLACE, "root_path": "",
        "raw_path": PLACE.encode(), "scheme": "http", "query_string": query.encode(),
        "headers": [(b"authorization", f"Bearer {token}".encode())], "state": {},
        "client": ("test", 1), "server": ("test", 80), "asgi": {"spec_version": version},
    }  # fmt: skip
    asyncio.run(asyncio.wait_for(world.app(scope, receive, send), 60))
    return taken


@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_a_client_that_takes_nothing_keeps_no_place(
    office: Office, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(streams, "STALLED_SECONDS", 0.05)
    with office.world.database.read() as db:
        code = db.get_one(Fund, office.fund_id).code
    for _ in range(3):
        assert stalled(office.world, office.auditor.token or "", f"fund={code}", version) > 0
        assert free(office.world)
