"""Releases and places at risk: what is flagged has no cell, and no release is out that has one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fundops.authz import Role
from fundops.commands import app as commands
from fundops.grants.models import Grant
from fundops.parties.models import Party
from fundops.tracing.registers import Moment
from fundops.tracing.results import reached
from tests.notices.notice_factories import notices
from tests.releases.reader import Keeper, Reader, Truth
from tests.releases.release_factories import Scene, sexes
from tests.staged import staged
from tests.world import Caller, World

PLACE = {"country": "KE", "reason": "Shelters have been attacked."}


def many_reported(world: World) -> Scene:
    """Make a fund of whose grants five reported many."""
    made = Scene(world)
    for name in ("shelter", "school", "clinic", "refuge", "legal"):
        made.accept(name, sexes(60, 40))
    return made


scene = staged(many_reported)
"""A fund of whose grants five reported many."""


def flag_party(scene: Scene) -> None:
    """Have the shelter's organisation flagged at risk, as an officer does."""
    with scene.world.database.read() as db:
        party = db.get_one(Party, db.get_one(Grant, scene.grants["shelter"][0]).grantee_id)
    answer = scene.manager.patch(
        f"/v1/parties/{party.id}",
        json={"is_at_risk": True},
        headers={"if-match": f'"{party.version}"'},
    )
    assert answer.status_code == 200, answer.text


def units(scene: Scene, place: str) -> set[str]:
    return {cell["unit"] for cell in scene.cells(place)}


def test_grants_in_a_place_at_risk_have_no_cell(scene: Scene) -> None:
    assert scene.manager.post("/v1/places_at_risk", json=PLACE).status_code == 201
    told = units(scene, scene.publish())
    assert "KE" not in told
    assert told.isdisjoint({scene.grants["shelter"][1], scene.grants["school"][1]})
    assert scene.grants["clinic"][1] in told


@pytest.mark.parametrize("what", ["place", "grantee"])
def test_what_was_flagged_since_keeps_a_prepared_release_from_coming_out(
    scene: Scene, what: str
) -> None:
    made = scene.prepare()
    assert made.status_code == 201, made.text
    place = made.headers["location"]
    if what == "place":
        assert scene.manager.post("/v1/places_at_risk", json=PLACE).status_code == 201
    else:
        flag_party(scene)
    answer = scene.manager.post(f"{place}/publish")
    assert answer.status_code == 409, answer.text
    assert scene.grants["shelter"][1] not in units(scene, scene.publish())


@pytest.mark.parametrize(("quarter", "more"), [(1, ()), (2, ()), (2, ("shelter", "school"))])
def test_a_flag_set_since_leaves_no_old_figure_in_the_next_release(
    scene: Scene, quarter: int, more: tuple[str, ...]
) -> None:
    first = scene.publish()
    kenya = [c for c in scene.cells(first, unit="KE", dimension="total") if ":" in c["period"]]
    assert kenya[0]["count"] == 200
    flag_party(scene)
    for name in more:
        scene.accept(name, sexes(20, 30), quarter=2)
    second = scene.publish(quarter=quarter)
    assert scene.grants["shelter"][1] not in units(scene, second)
    school = 150 if more else 100
    for cell in scene.cells(second, unit="KE", dimension="total"):
        count = school if ":" in cell["period"] else 50 if "Q2" in cell["period"] else 100
        assert cell["at_least"] <= count, cell
        assert cell["at_most"] is None or cell["at_most"] >= count, cell


@pytest.mark.parametrize("what", ["place", "grantee"])
def test_a_flag_withholds_what_is_out_from_all_who_need_not_know(
    scene: Scene, what: str, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every way out, at once; and what is published next gives nobody away to who kept the old."""
    names = {name: code for name, (_, code) in scene.grants.items()}
    truth: Truth = {(one, 1): {"female.adult": 60, "male.adult": 40} for one in names}
    del truth["helpline", 1], truth["hidden", 1]
    scene.accept("helpline", sexes(7))
    truth["helpline", 1] = {"female.adult": 7}
    board = scene.world.as_role(Role.BOARD_MEMBER)
    grantee = scene.world.as_role(Role.GRANTEE, party_id=scene.party())
    first, inside = scene.publish(), scene.publish("inside")
    kept = Reader(names, dict(truth))
    kept.read(scene.cells(first))
    moment = Moment(scene.party(), scene.fund_id, date(2026, 12, 31), 10**6)
    assert statement(scene, moment) == {first}
    if what == "place":
        assert scene.manager.post("/v1/places_at_risk", json=PLACE).status_code == 201
    else:
        flag_party(scene)

    since = scene.donor.get(first).json()["withheld_at"]
    assert since is not None
    for caller in (scene.donor, board, grantee):
        for part in ("cells", "cells?level=fund", "workbook"):
            assert caller.get(f"{first}/{part}").status_code == 404
    assert board.get(f"{inside}/cells").status_code == 404
    for caller in (scene.manager, scene.officer, scene.auditor):
        for place in (first, inside):
            assert caller.get(f"{place}/cells").status_code == 200
            assert caller.get(f"{place}/workbook").status_code == 200
    assert statement(scene, moment) == set(), "whatever was known then"
    code = scene.donor.get(first).json()["code"]
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", database_url)
    told = CliRunner().invoke(commands, ["export", "release", code, "-o", str(tmp_path / "a.xlsx")])
    assert (told.exit_code, list(tmp_path.iterdir())) == (1, []), told.output

    events = scene.auditor.get("/v1/audit_events", params={"action": "release.withheld"})
    assert {one["record_id"] for one in events.json()["items"]} == {
        place.rpartition("/")[2] for place in (first, inside)
    }
    assert names["shelter"] not in events.text
    sent = notices(scene.world.database, kind="release_withheld")
    assert {one.person_id for one in sent} == {scene.manager.actor.person_id}
    (entry, _) = waiting(scene.manager, "release_withheld")
    assert (entry["code"], entry["severity"]) == (code, "high")

    second = scene.publish()
    assert names["shelter"] not in units(scene, second)
    assert scene.donor.get(second).json()["withheld_at"] is None
    assert statement(scene, moment) == {second}
    nowhere = ("shelter", "school") if what == "place" else ("shelter",)
    fresh = Reader(names, truth, nowhere)
    fresh.read(scene.cells(second))
    assert list(Keeper(kept, fresh).breaches(11)) == []
    gone = scene.manager.post(f"{first}/withdraw", json={"reason": "Somebody is at risk."})
    assert gone.status_code == 200
    assert len(waiting(scene.manager, "release_withheld")) == 1


def waiting(caller: Caller, kind: str) -> list[dict[str, Any]]:
    """Return what of a kind waits for a caller."""
    items: list[dict[str, Any]] = caller.get("/v1/attention").json()["items"]
    return [one for one in items if one["kind"] == kind]


def statement(scene: Scene, moment: Moment) -> set[str]:
    """Return the places of the releases that a donor's statement tells results from."""
    with scene.world.database.read() as db:
        codes = [code for _, code in scene.grants.values()]
        told = {one.release_code for one in reached(db, moment, codes)}
    listed = scene.auditor.get("/v1/releases").json()["items"]
    return {f"/v1/releases/{one['id']}" for one in listed if one["code"] in told}
