"""Releases over HTTP: the whole way, who reads what, and that nobody can work a person out."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from fundops.audit import AuditEvent, AuditPayload
from fundops.authz import Role
from fundops.releases import drafting
from fundops.releases.models import Release, ReleaseCell
from fundops.suppression import release as deciding
from fundops.suppression.protect import Work
from tests.releases.reader import Keeper, Reader, Truth
from tests.releases.release_factories import Scene, sexes
from tests.staged import staged
from tests.world import World

CANARY = 77_013
"""A count that is hidden for a small one's sake, and found nowhere that readers look."""

FIRST: Mapping[str, Mapping[str, int]] = {
    "shelter": {"female.adult": 7},
    "school": {"female.adult": 40, "male.adult": 22, "female.child": 5},
    "clinic": {"female.adult": 60, "male.adult": 30},
    "refuge": {"female.adult": 15},
    "legal": {"female.adult": 28, "male.adult": 3},
    "hidden": {"female.adult": 33},
}
SECOND: Mapping[str, Mapping[str, int]] = {
    "shelter": {"female.adult": 9, "female.child": 2},
    "school": {"male.adult": 14},
    "clinic": {"female.adult": 3},
    "helpline": {"female.adult": 21, "male.adult": 17},
    "legal": {"female.adult": 12},
    "hidden": {"female.adult": 5, "male.child": 1},
}


scene = staged(Scene)
"""A fund whose grantees report."""


def reported(scene: Scene, quarter: int, given: Mapping[str, Mapping[str, int]]) -> Truth:
    for name, heads in given.items():
        scene.accept(name, {"sex_age": heads}, quarter=quarter)
    return {(name, quarter): heads for name, heads in given.items()}


def told(cells: list[dict[str, Any]], level: str, unit: str | None = None, **more: Any) -> str:
    more = {"dimension": "total", "period": "to:2026-03-31"} | more
    (cell,) = (
        one
        for one in cells
        if (one["level"], one["unit"]) == (level, unit)
        and all(one[name] == value for name, value in more.items())
    )
    return str(cell["told"])


def test_from_accepted_reports_to_what_a_donor_reads(scene: Scene) -> None:
    reported(scene, 1, FIRST)
    made = scene.prepare()
    assert made.status_code == 201, made.text
    place, body = made.headers["location"], made.json()
    assert (body["status"], body["threshold"], body["indicators"]) == ("prepared", 11, ["4.4"])
    assert scene.donor.get(place).status_code == 404
    assert scene.auditor.get(f"{place}/cells").status_code == 404
    assert scene.officer.get(f"{place}/cells").status_code == 200
    assert scene.officer.post(f"{place}/publish").status_code == 403
    done = scene.manager.post(f"{place}/publish")
    assert done.json()["status"] == "published"
    assert scene.manager.post(f"{place}/publish").json()["type"].endswith("wrong-status")
    cells = scene.cells(place)
    assert len(cells) == body["cells"]
    codes = {name: code for name, (_, code) in scene.grants.items()}
    # A shelter that helped seven women is seen; the totals of fund and region stay.
    assert told(cells, "grant", codes["shelter"]) == "1 to 10"
    assert told(cells, "fund") == "243"
    assert told(cells, "region", "014") == "212"
    assert told(cells, "grant", codes["clinic"]) == "90"
    assert codes["hidden"] not in {cell["unit"] for cell in cells}
    # Filters choose cells, and give what the whole list gives.
    some = scene.cells(place, level="country", dimension="sex")
    assert some == [c for c in cells if c["level"] == "country" and c["dimension"] == "sex"]
    own = scene.prepare("inside", caller=scene.manager).headers["location"]
    same = scene.manager.post(f"{own}/publish")
    assert same.json()["type"].endswith("same-person")


@pytest.mark.parametrize("order", [("outside", "inside"), ("inside", "outside")])
def test_nobody_works_a_small_count_out(scene: Scene, order: tuple[str, str]) -> None:
    """With all releases of two quarters, each filter, and every role; and the planted mistake."""
    codes = {name: code for name, (_, code) in scene.grants.items()}
    truth = reported(scene, 1, FIRST)
    places = [scene.publish(name, 1) for name in order]
    truth |= reported(scene, 2, SECOND)
    places += [scene.publish(name, 2) for name in reversed(order)]
    for caller, threshold in ((scene.donor, 11), (scene.auditor, 5)):
        reader = Reader(codes, truth)
        for place in places:
            if caller.get(place).status_code == 200:
                reader.read(scene.cells(place, caller))
        assert list(reader.breaches(threshold)) == []
        for time in ("to:2026-03-31", "to:2026-06-30"):
            least, greatest = reader.bound(f"grant|{codes['hidden']}|{time}|total|")
            assert greatest - least >= 4


def test_the_reader_would_find_a_release_that_hides_small_counts_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "protect", lambda *_: Work())
    reader = Reader({name: code for name, (_, code) in scene.grants.items()}, {})
    reader.truth |= reported(scene, 1, FIRST)
    reader.read(scene.cells(scene.publish()))
    assert any(reader.breaches(11))


def test_a_hidden_count_is_nowhere(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in answers, nor in the release's tables and events, nor in the log."""
    caplog.set_level(logging.DEBUG)
    for name, heads in {**FIRST, "school": {"female.adult": CANARY}}.items():
        scene.accept(name, {"sex_age": heads})
    place = scene.publish()
    refused = scene.prepare(as_of_on="2026-03-30")
    listed = scene.donor.get("/v1/releases")
    cells = scene.cells(place)
    code = scene.grants["school"][1]
    assert told(cells, "grant", code) == "11 or more"
    with scene.world.database.read() as db:
        rows: list[Any] = [
            *db.execute(select(Release.__table__)).all(),
            *db.execute(select(ReleaseCell.__table__)).all(),
            *db.execute(
                select(AuditPayload.payload)
                .join(AuditEvent, AuditEvent.seq == AuditPayload.seq)
                .where(AuditEvent.record_type == "release")
            ).all(),
        ]
    book = scene.donor.get(f"{place}/workbook")
    assert book.status_code == 200
    with ZipFile(BytesIO(book.content)) as packed:
        parts = [packed.read(name).decode() for name in packed.namelist()]
    assert any("11 or more" in part for part in parts)
    assert not any(">Total<" in part for part in parts), "several indicators, totals and parts"
    rows += [*parts, str(book.headers)]
    everything = [json.dumps(cells), refused.text, listed.text, caplog.text, *map(str, rows)]
    assert len(rows) > 20
    assert not any(str(CANARY) in one for one in everything)
    hidden = scene.grants["hidden"][1]
    assert not any(hidden in one for one in (json.dumps(cells), listed.text, *map(str, rows)))


def test_a_figure_that_changed_by_few_is_not_shown_beside_the_one_before(scene: Scene) -> None:
    reported(scene, 1, FIRST)
    codes = {name: code for name, (_, code) in scene.grants.items()}
    first = scene.publish()
    assert told(scene.cells(first), "grant", codes["clinic"]) == "90"
    scene.correct("clinic", sexes(63, 30))
    second = scene.publish()
    cells = scene.cells(second)
    assert told(cells, "grant", codes["clinic"]) == "11 or more"
    assert told(cells, "fund") == "11 or more"
    # What did not change is told in the same words, and what was frozen stays as it was.
    assert told(cells, "grant", codes["refuge"]) == "15"
    assert told(scene.cells(first), "grant", codes["clinic"]) == "90"


@pytest.mark.parametrize("is_alone", [False, True])
def test_who_kept_the_old_release_works_nothing_out_with_the_new(
    scene: Scene, is_alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A correction changes figures by many, so that both can be shown: their difference may not be.

    A new table that is decided alone, the planted mistake, is found out: all else being as before,
    what the fund has less is what one grant has less, and its old figure was shown.
    """
    if is_alone:
        monkeypatch.setattr(drafting, "_apart", lambda *_: None)
    codes = {name: code for name, (_, code) in scene.grants.items()}
    truth = reported(scene, 1, {**FIRST, "shelter": {"female.adult": 55}})
    first = scene.publish()
    old = Reader(codes, dict(truth))
    old.read(scene.cells(first))
    assert told(scene.cells(first), "grant", codes["shelter"]) == "55"
    assert scene.manager.post(f"{first}/withdraw", json={"reason": "Wrong."}).status_code == 200
    truth["shelter", 1] = {"female.adult": 5, "female.child": 4}
    scene.correct("shelter", {"sex_age": truth["shelter", 1]})
    new = Reader(codes, truth)
    new.read(scene.cells(scene.publish()))
    assert list(new.breaches(11)) == []
    assert any(Keeper(old, new).breaches(11)) is is_alone


def test_a_release_is_withdrawn_in_the_open(scene: Scene) -> None:
    reported(scene, 1, FIRST)
    place = scene.publish()
    waiting = scene.prepare().headers["location"]
    other = scene.publish("inside")
    stale = scene.manager.post(f"{waiting}/publish")
    assert stale.status_code == 409
    assert "came out since" in stale.json()["detail"]
    assert scene.manager.post(f"{place}/withdraw", json={}).status_code == 422
    gone = scene.manager.post(f"{place}/withdraw", json={"reason": "A report was accepted twice."})
    assert gone.json()["status"] == "withdrawn"
    listed = scene.donor.get("/v1/releases", params={"status": "withdrawn"}).json()["items"]
    assert [one["reason"] for one in listed] == ["A report was accepted twice."]
    assert scene.donor.get(f"{place}/cells").status_code == 404
    assert scene.donor.get(f"{place}/workbook").status_code == 404
    for part in ("", "/cells", "/workbook"):
        assert scene.donor.get(f"{other}{part}").status_code == 404
    # A prepared release that was never out is nobody's but theirs who prepare and publish.
    scene.manager.post(f"{waiting}/withdraw", json={"reason": "Prepared again."})
    assert scene.donor.get(waiting).status_code == 404
    assert scene.auditor.get(waiting).status_code == 404


def test_what_cannot_be_released_is_refused(scene: Scene, world: World) -> None:
    for over, pointer in (
        ({"as_of_on": "2026-03-30"}, "/as_of_on"),
        ({"as_of_on": "2199-12-31"}, "/as_of_on"),
        ({"indicators": ["9.9"]}, "/indicators/0"),
        ({"indicators": ["6.4"]}, "/indicators/0"),
        ({"class_name": "secret"}, "/class_name"),
    ):
        refused = scene.prepare(**over)
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert scene.prepare().status_code == 409  # nothing was accepted yet
    reported(scene, 1, FIRST)
    elsewhere = world.as_role(Role.GRANT_OFFICER, fund_id=Scene(world).fund_id)
    assert scene.prepare(caller=elsewhere).status_code == 422
    assert scene.prepare(caller=scene.donor).status_code == 403
    place = scene.publish()
    assert elsewhere.get(place).status_code == 404
    reported(scene, 2, SECOND)
    scene.publish(quarter=2)
    late = scene.prepare(quarter=1)
    assert late.status_code == 409
    assert "2026-06-30" in late.json()["detail"]
    with pytest.raises(DBAPIError), world.database.write() as db:
        db.execute(update(ReleaseCell).values(low=0, high=0))


def test_ratios_and_things_that_are_no_persons(scene: Scene) -> None:
    for name, (above, below) in {"shelter": (4, 9), "clinic": (40, 80), "legal": (30, 60)}.items():
        scene.accept(name, {"total": {"": above}}, indicator="4.9", denominator=below)
    scene.accept("shelter", {"total": {"": 3}}, indicator="4.7")
    cells = scene.cells(scene.publish(indicators=[]))
    of_persons = [one for one in cells if one["indicator"] == "4.9"]
    codes = {name: code for name, (_, code) in scene.grants.items()}
    assert told(of_persons, "grant", codes["shelter"], measure="numerator") == "0 to 10"
    assert told(of_persons, "grant", codes["shelter"], measure="denominator") == "1 to 10"
    nights = [one for one in cells if one["indicator"] == "4.7"]
    assert told(nights, "grant", codes["shelter"]) == "3"
