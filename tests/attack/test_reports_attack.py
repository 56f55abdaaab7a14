"""Attacks on progress reports: by a dishonest grantee, and by insiders who should not read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from fundops import audit
from fundops.audit import AuditPayload
from fundops.grants.schedule_models import Requirement
from fundops.parties.models import Party
from fundops.reports import submission
from fundops.reports.models import ReportRead
from tests.proposals.proposal_factories import a_file
from tests.reports.report_scene import Reporting, full
from tests.staged import staged

PHONE = "Call +226 70 12 34 56 about her."


scene = staged(Reporting)


def narrative(scene: Reporting, caller: Any = None) -> str:
    made = scene.start(caller, scene.asked("narrative_report"))
    assert made.status_code == 201, made.text
    return f"/v1/progress_reports/{made.json()['id']}"


def reads(scene: Reporting) -> int:
    with scene.world.database.read() as db:
        return int(db.execute(select(func.count()).select_from(ReportRead)).scalar_one())


def test_whoever_wrote_a_report_does_not_record_it_as_done(scene: Reporting) -> None:
    """A tranche would be paid on a report that nobody else has seen."""
    place = narrative(scene, scene.officer)
    scene.saved(place, full(scene.facts(place)))
    asked = scene.asked("narrative_report")
    done = scene.officer.post(
        f"/v1/requirements/{asked}/record_done",
        json={"done_on": "2026-07-01", "note": "It is here."},
    )
    assert done.status_code == 409, done.text


def test_an_auditor_cannot_work_out_counts_from_a_digest(scene: Reporting) -> None:
    place = narrative(scene)
    report = scene.submitted(place, full(scene.facts(place)))
    told = scene.auditor.get(f"{place}/versions/{report['submitted_number']}/receipt").json()
    sealed = told["receipt"]["values_sha256"]
    found = []
    for count in range(100):
        rows = [
            {"result_number": 1, "dimension": d, "code": c, "indicator": "4.4",
             "numerator": count, "denominator": None}
            for d, c in (("exploitation", "not_known"), ("group", "unknown"),
                         ("sex_age", "unknown.unknown"), ("total", ""))
        ]  # fmt: skip
        if submission.values_sha256(rows, []) == sealed:
            found.append(count)
    assert found == []


def test_an_officer_reading_a_grantees_draft_is_written_down(scene: Reporting) -> None:
    place = narrative(scene, scene.officer)
    scene.saved(place, full(scene.facts(place)))
    for number, address in enumerate(("draft", "workbook", "validation"), 1):
        answer = scene.officer.get(f"{place}/{address}")
        assert answer.status_code == 200
        assert reads(scene) == number, address


def test_rows_of_impact_are_written_down(scene: Reporting) -> None:
    place = narrative(scene)
    scene.submitted(place, full(scene.facts(place)))
    assert scene.decided(place, "accept").status_code == 200
    before = reads(scene)
    answer = scene.officer.get(f"/v1/impact/rows?fund_id={scene.fund_id}")
    assert answer.json()["items"], answer.text
    assert reads(scene) > before


def test_a_file_with_other_metadata_is_the_same_evidence(scene: Reporting) -> None:
    place = scene.started()
    other = Reporting(scene.world)
    elsewhere = other.started()

    def paper(of: Reporting, sent: str) -> str:
        with scene.world.database.write() as db:
            audit.lock_head(db)
            party = db.get_one(Party, of.grantee_id)
            return str(
                a_file(
                    db, party, of.grantee.actor, "receipt.pdf", purpose="report_evidence",
                    screened=True, sent_sha256=sent, stored_sha256="ef" * 32,
                ).id
            )  # fmt: skip

    for of, at, sent in ((other, elsewhere, "01" * 32), (scene, place, "02" * 32)):
        given = {"line": 3, "file_id": paper(of, sent)}
        made = of.grantee.post(f"{at}/evidence", json=given)
        assert made.status_code == 201, made.text
    assert scene.facts(place)["evidence"][0]["reused"] is True


def test_one_period_is_not_reported_twice_through_a_requirement_that_was_added(
    scene: Reporting,
) -> None:
    place = narrative(scene)
    scene.submitted(place, full(scene.facts(place)))
    assert scene.decided(place, "accept").status_code == 200
    added = scene.officer.post(
        f"/v1/grants/{scene.grant_id}/requirements",
        json={"kind": "narrative_report", "due_on": "2026-08-01", "reason": "More"},
    )
    assert added.status_code == 201, added.text
    second = scene.start(requirement_id=added.json()["id"])
    if second.status_code == 201:
        again = f"/v1/progress_reports/{second.json()['id']}"
        draft = scene.saved(again, full(scene.facts(again)))
        sent = scene.grantee.post(
            f"{again}/submit",
            json={"version": draft["version"],
                  "certified": {"expenditure": True, "request": True}},
        )  # fmt: skip
        assert sent.status_code == 409, (second.json()["starts_on"], second.json()["ends_on"])


@pytest.mark.parametrize("what", ["record", "add", "waive"])
def test_words_about_what_is_due_are_screened(scene: Reporting, what: str) -> None:
    asked = scene.asked("narrative_report")
    place, body = {
        "record": (
            f"/v1/requirements/{asked}/record_done",
            {"done_on": "2026-07-01", "note": PHONE},
        ),
        "add": (
            f"/v1/grants/{scene.grant_id}/requirements",
            {"kind": "visit", "due_on": "2026-08-01", "reason": PHONE},
        ),
        "waive": (f"/v1/requirements/{asked}/request_waiver", {"reason": PHONE}),
    }[what]
    answer = scene.officer.post(place, json=body)
    assert answer.status_code == 422, answer.text
    with scene.world.database.read() as db:
        held = db.execute(select(AuditPayload.payload)).scalars().all()
        assert not [one for one in held if one and "70 12 34 56" in json.dumps(one)]
        assert db.get_one(Requirement, asked).status == "due"


@pytest.mark.parametrize(
    "canary", ["+226 70 12 34 56", "12.36566, -1.53388", "12.36566, 1.53388", "070-12-34-56"]
)
def test_a_place_of_numbers_is_no_hiding_place(scene: Reporting, canary: str) -> None:
    place = narrative(scene)
    content = {
        "results": [{"result": 1, "numerator": canary}], "expenditure": [{"line": canary}],
    }  # fmt: skip
    saved = scene.saved(place, content)
    assert canary not in json.dumps(saved["content"])
    assert {one["pointer"] for one in saved["withheld"]} == {
        "/results/0/numerator", "/expenditure/0/line",
    }  # fmt: skip
    for number in ("1 234,50", "1.234.567,89", "1,234.5 %", "-3", "٧"):
        saved = scene.saved(place, {"results": [{"result": 1, "numerator": number}]})
        assert saved["content"]["results"][0]["numerator"] == number
