"""What waits of reports and releases: for officers, for the grantee, for a second person."""

from __future__ import annotations

from typing import Any

from tests.releases.release_factories import Scene, sexes
from tests.reports.report_scene import Reporting
from tests.staged import staged
from tests.world import Caller, World


def waiting(caller: Caller, kind: str) -> list[dict[str, Any]]:
    answer = caller.get("/v1/attention")
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["items"] if one["kind"] == kind]


scene = staged(Reporting)
"""A grant in force, whose grantee reports."""


def test_a_report_waits_for_an_officer_then_for_its_grantee_then_for_nobody(
    scene: Reporting,
) -> None:
    place = scene.started()
    assert waiting(scene.reviewer, "report_submitted") == []
    scene.submitted(place)
    (entry,) = waiting(scene.reviewer, "report_submitted")
    assert entry["record_id"] == place.rpartition("/")[2]
    comment = {"pointer": "/lessons", "comment": "Say more."}
    back = scene.decided(place, "return", reason="Say more.", comments=[comment])
    assert back.status_code == 200, back.text
    assert waiting(scene.reviewer, "report_submitted") == []
    assert len(waiting(scene.reviewer, "report_returned")) == 1
    scene.submitted(place)
    assert scene.decided(place, "accept").status_code == 200
    for kind in ("report_submitted", "report_returned"):
        assert waiting(scene.reviewer, kind) == []


def test_a_release_waits_for_another_than_who_prepared_it(world: World) -> None:
    scene = Scene(world)
    scene.accept("school", sexes(40))
    made = scene.prepare()
    (entry,) = waiting(scene.officer, "release_prepared")
    assert entry["code"] == made.json()["code"]
    assert scene.manager.post(f"{made.headers['location']}/publish").status_code == 200
    assert waiting(scene.officer, "release_prepared") == []
