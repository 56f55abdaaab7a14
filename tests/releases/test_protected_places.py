"""Releases and places at risk: what is flagged has no cell, and no release is out that has one."""

from __future__ import annotations

import pytest

from fundops import audit
from fundops.grants.models import Grant
from fundops.parties.models import Party
from tests.releases.release_factories import Scene, sexes
from tests.world import World

PLACE = {"country": "KE", "reason": "Shelters have been attacked."}


@pytest.fixture
def scene(world: World) -> Scene:
    """Give a fund of whose grants five reported many."""
    made = Scene(world)
    for name in ("shelter", "school", "clinic", "refuge", "legal"):
        made.accept(name, sexes(60, 40))
    return made


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
        with scene.world.database.write() as db:
            audit.lock_head(db)
            grant = db.get_one(Grant, scene.grants["shelter"][0])
            party = db.get_one(Party, grant.grantee_id)
            party.is_at_risk, party.public_label = True, "A grassroots organisation"
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
    with scene.world.database.write() as db:
        audit.lock_head(db)
        grant = db.get_one(Grant, scene.grants["shelter"][0])
        party = db.get_one(Party, grant.grantee_id)
        party.is_at_risk, party.public_label = True, "A grassroots organisation"
    for name in more:
        scene.accept(name, sexes(20, 30), quarter=2)
    second = scene.publish(quarter=quarter)
    assert scene.grants["shelter"][1] not in units(scene, second)
    school = 150 if more else 100
    for cell in scene.cells(second, unit="KE", dimension="total"):
        count = school if ":" in cell["period"] else 50 if "Q2" in cell["period"] else 100
        assert cell["at_least"] <= count, cell
        assert cell["at_most"] is None or cell["at_most"] >= count, cell
