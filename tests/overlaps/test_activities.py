"""Published activities: loaded, loaded again, and found to be like a proposal; on real files."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from fundops import audit
from fundops.db import Database
from fundops.imports.activities import load_activities
from fundops.imports.findings import Damage
from fundops.overlaps.likeness import Work, find_overlaps
from fundops.overlaps.models import PublishedActivity
from fundops.overlaps.queries import activity_work

ACTIVITY = """<?xml version="1.0" encoding="UTF-8"?>
<iati-activities version="2.03"><iati-activity>
<iati-identifier>XX-1-A</iati-identifier>
<reporting-org ref="XX-1" type="21"><narrative>Lantern Trust</narrative></reporting-org>
<title><narrative>{title}</narrative></title>
<description><narrative>Counselling in two ports.</narrative></description>
<participating-org role="4" type="22"><narrative>Open Door Shelters</narrative></participating-org>
<activity-date iso-date="2026-02-01" type="1"/><activity-date iso-date="someday" type="3"/>
<recipient-country code="PH"/><location><name><narrative>Subic</narrative></name></location>
</iati-activity><iati-activity><title><narrative>Nameless</narrative></title></iati-activity>
</iati-activities>"""


def load(database: Database, path: Path) -> tuple[int, int, int, int]:
    with database.write() as db:
        audit.lock_head(db)
        found = load_activities(db, path)
    return found.added, found.changed, found.unchanged, len(found.skipped)


def test_an_activity_is_added_once_and_changed_when_it_changes(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "activities.xml"
    path.write_text(ACTIVITY.format(title="Safe ports"), encoding="utf-8")
    assert load(database, path) == (1, 0, 0, 1)
    assert load(database, path) == (0, 0, 1, 1)
    path.write_text(ACTIVITY.format(title="Safer ports"), encoding="utf-8")
    assert load(database, path) == (0, 1, 0, 1)
    with database.read() as db:
        [kept] = db.execute(select(PublishedActivity)).scalars()
    assert (kept.title, kept.starts_on, kept.ends_on) == ("Safer ports", date(2026, 2, 1), None)
    assert json.loads(kept.organisations) == ["Lantern Trust", "Open Door Shelters"]
    assert json.loads(kept.places) == ["Subic"]


@pytest.mark.parametrize(
    "damaged", ["", "<not-iati/>", "<!DOCTYPE x [<!ENTITY a 'b'>]><iati-activities/>", "<a><b></a>"]
)
def test_a_file_that_is_no_activity_file_is_refused(
    database: Database, tmp_path: Path, damaged: str
) -> None:
    path = tmp_path / "activities.xml"
    path.write_text(damaged, encoding="utf-8")
    with pytest.raises(Damage):
        load(database, path)


def test_real_activities_load_and_the_like_one_is_found(
    database: Database, real_data: Path
) -> None:
    """A proposal of one of the organisations, in its country and time, finds its activity."""
    counts = [
        load(database, real_data / "iati" / name)
        for name in ("trafficking_activities.xml", "multicurrency_multilingual_activities.xml")
    ]
    assert counts == [(16, 0, 0, 0), (30, 0, 0, 0)]
    assert load(database, real_data / "iati" / "trafficking_activities.xml") == (0, 0, 16, 0)
    with database.read() as db:
        works = [activity_work(one) for one in db.execute(select(PublishedActivity)).scalars()]
    goal = Work(
        "proposal", next(w.id for w in works), None, "Child protection in East Hararghe",
        "Community based child protection and gender-based violence assistance for women and "
        "children at risk of trafficking in East Hararghe.",
        names=("GOAL Ethiopia",), countries=frozenset({"ET"}), places=("Oromia",),
        starts_on=date(2021, 3, 1), ends_on=date(2021, 12, 31),
    )  # fmt: skip
    best, *others = find_overlaps(goal, works)
    assert best.work.code == "XM-OCHA-CBPF-ETH-20/DDA-3379/SA2/P/INGO/17573"
    assert {one.aspect for one in best.likenesses} == {"organisation", "text", "place", "period"}
    assert all(best.points > one.points for one in others)
    nowhere = Work("proposal", goal.id, None, "Chess", "A chess club.", names=("Chess club",))
    assert find_overlaps(nowhere, works) == []
