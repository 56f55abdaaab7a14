"""Personal data never reaches the database, the audit chain, kept answers or logs."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from fundops import audit
from fundops.files.evidence import confirmed_of
from fundops.ids import uuid7
from fundops.models import metadata
from fundops.parties.confirmed_models import ConfirmedItem
from fundops.reports.integrity import contents_sealed
from fundops.reports.models import ReportContent, ReportVersion
from fundops.reports.seal_models import ReportSalt
from fundops.screening import screen
from tests.reports.report_scene import Reporting, full
from tests.staged import staged
from tests.world import World

WORDS = ("harbour", "lantern", "meadow", "orchard", "pebble", "quarry", "ribbon", "saddle")


def planted(seed: int, count: int) -> list[str]:
    """Return made-up addresses that nobody has, each once."""
    drawn = random.Random(seed)
    return [
        f"{drawn.choice(WORDS)}.{drawn.choice(WORDS)}{number}{drawn.randrange(10**6)}@example.org"
        for number in range(count)
    ]


def everything(world: World) -> str:
    """Return all that the database holds, of every table."""
    found = []
    with world.database.reader.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                found.append(repr(tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)))
    return "\n".join(found)


scene = staged(Reporting)
"""A grant in force, whose grantee reports."""


def start(scene: Reporting) -> str:
    made = scene.start(requirement_id=scene.asked("narrative_report"))
    return f"/v1/progress_reports/{made.json()['id']}"


def test_no_field_of_a_report_keeps_personal_data(
    scene: Reporting, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A canary in every field; what is clean beside them is stored, what is not comes marked."""
    place = start(scene)
    canaries = planted(1, 12)
    words = [f"Ask {one} about it." for one in canaries]
    content: dict[str, Any] = {
        "narrative": {"4": words[0], "1": "Two campaigns were held."},
        "challenges": words[1], "lessons": words[2], "risks": words[3],
        "currency": words[4][:60], "method": words[5][:60],
        "expenditure": [{"line": 1, "amount": words[6][:60], "note": words[7]}],
        "results": [{
            "result": 1, "numerator": "7", "denominator": words[8][:60], "note": words[9],
            "breakdown": {"group": {"unknown": words[10][:60]}},
        }],
    }  # fmt: skip
    saved = scene.saved(place, content)
    marked = {one["pointer"]: one for one in saved["withheld"]}
    assert set(marked) == {
        "/narrative/4", "/challenges", "/lessons", "/risks", "/currency", "/method",
        "/expenditure/0/amount", "/expenditure/0/note", "/results/0/denominator",
        "/results/0/note", "/results/0/breakdown/group/unknown",
    }  # fmt: skip
    mark = marked["/narrative/4"]
    assert words[0][mark["start"] : mark["end"]] == canaries[0]
    assert mark["sentence"]
    assert mark["kind"] == "email"
    assert saved["content"]["narrative"] == {"4": None, "1": "Two campaigns were held."}
    assert saved["content"]["results"][0]["numerator"] == "7"
    # A page that had grown old, and words in places that do not exist.
    assert scene.save(place, {"risks": words[11]}, 1).status_code == 412
    hidden = {"results": [{"breakdown": {"sex_age": {words[0]: 1}}}], words[1][:20]: words[2]}
    refused = scene.save(place, hidden)
    assert refused.status_code == 422
    assert canaries[0] not in refused.text
    # What officers and auditors write is refused, and nothing of it kept.
    scene.submitted(place, full(scene.facts(place)))
    back = scene.decided(
        place, "return", reason=words[0],
        comments=[{"pointer": "/risks", "comment": words[1]}],
    )  # fmt: skip
    assert [one["pointer"] for one in back.json()["errors"]] == ["/comments/0/comment", "/reason"]
    assert scene.decided(place, "accept").status_code == 200
    wrong = scene.grantee.post(f"{place}/correct", json={"reason": words[2]})
    assert wrong.status_code == 422
    assert scene.grantee.post(f"{place}/correct", json={"reason": "A slip."}).status_code == 200
    given = {"line": 1, "register_number": words[3][:80]}
    assert scene.grantee.post(f"{place}/evidence", json=given).status_code == 422
    held = everything(scene.world) + caplog.text + "".join(capfd.readouterr())
    assert [one for one in canaries if one in held] == []
    assert [one for one in canaries if one.partition("@")[0] in held] == []


def test_a_digest_confirms_no_guess_of_what_a_version_counts(scene: Reporting) -> None:
    """Counts of victims are small: who reads the trail could try all of them without a salt."""
    place = start(scene)
    content: dict[str, Any] = {"results": [{"result": 1, "numerator": "7"}]}
    first = scene.saved(place, content)
    assert scene.saved(place, content)["version"] == first["version"]
    scene.saved(place, content | {"results": []})
    third = scene.saved(place, content)
    assert third["version"] > first["version"]
    assert third["sha256"] != first["sha256"]
    guessed = hashlib.sha256(audit.canonical(content).encode()).hexdigest()
    with scene.world.database.read() as db:
        told = repr(db.execute(select(audit.AuditPayload.payload)).scalars().all())
        sealed = set(db.execute(select(ReportVersion.sha256)).scalars())
        salts = {one.version_id: one.salt for one in db.execute(select(ReportSalt)).scalars()}
        assert set(db.execute(select(ReportVersion.id)).scalars()) == set(salts)
        assert list(contents_sealed(db)) == []
    assert first["sha256"] in told
    assert guessed not in told
    assert guessed not in sealed
    assert not [salt for salt in salts.values() if salt in told]
    with scene.world.database.writer.begin() as connection:
        connection.execute(update(ReportContent).values(content='{"results":[1]}'))
    with scene.world.database.read() as db:
        assert len(list(contents_sealed(db))) == len(salts), "the control: a changed text is seen"
    with scene.world.database.writer.begin() as connection:
        connection.execute(delete(ReportContent))


def test_a_flagged_text_does_not_keep_the_report_back_and_stays_marked(scene: Reporting) -> None:
    place = start(scene)
    content = full(scene.facts(place))
    canary = planted(2, 1)[0]
    marked = scene.saved(place, content | {"risks": f"Call {canary}."})
    assert [one["pointer"] for one in marked["withheld"]] == ["/risks"]
    # Sent back as it was answered, the text is still marked; written anew, it is not.
    assert [
        one["pointer"] for one in scene.saved(place, content | {"risks": None})["withheld"]
    ] == ["/risks"]
    done = scene.submitted(place, content | {"risks": None})
    said = scene.officer.get(f"{place}/versions/{done['submitted_number']}").json()
    assert [one["pointer"] for one in said["withheld"]] == ["/risks"]
    assert said["content"]["risks"] is None
    scene.decided(place, "return", reason="Say it in other words.")
    assert scene.saved(place, content | {"risks": "Rents rise."})["withheld"] == []


def test_what_is_confirmed_is_asked_about_no_more_and_never_kept(scene: Reporting) -> None:
    """Once per item and party, as a keyed digest; for later reports too, not for other parties."""
    place = start(scene)
    office, other = planted(3, 2)
    content = {"risks": f"Write to {office} or {other}."}
    confirmation = {"item": office.upper(), "as": "published_contact"}
    saved = scene.saved(place, content | {"confirmations": [confirmation]})
    assert [(one["pointer"], one["kind"]) for one in saved["withheld"]] == [("/risks", "email")]
    both = [confirmation, {"item": other, "as": "staff"}]
    assert scene.saved(place, content | {"confirmations": both})["content"] == content
    assert scene.saved(place, content | {"lessons": f"{office}"})["withheld"] == []
    with scene.world.database.read() as db:
        kept = db.execute(select(ConfirmedItem)).scalars().all()
        assert sorted(one.confirmed_as for one in kept) == ["published_contact", "staff"]
        assert all(len(one.item_key) == 64 for one in kept)
        assert {one.party_id for one in kept} == {scene.grantee_id}
        settings = scene.world.database.settings
        known = confirmed_of(db, scene.grantee_id, settings)
        assert known(screen(office)[0].item), "what is confirmed for reports holds for files"
        assert not known(screen(planted(1, 9)[0])[0].item)
        for nobody in (None, uuid7()):
            assert not confirmed_of(db, nobody, settings)(screen(office)[0].item)
    # Numbers of identity documents are confirmed by nobody, and what was not found is not kept.
    with scene.world.database.read() as db:
        before = len(db.execute(select(ReportVersion.id)).all())
    odd = {"item": "nobody wrote this", "as": "staff"}
    scene.saved(place, {"risks": "Rents.", "confirmations": [odd]})
    with scene.world.database.read() as db:
        assert len(db.execute(select(ConfirmedItem)).all()) == 2
        assert len(db.execute(select(ReportVersion.id)).all()) == before + 1
        assert db.execute(text("SELECT count(*) FROM report_contents")).scalar_one() == before + 1
