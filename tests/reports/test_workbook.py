"""A progress report as a workbook: filled in offline, checked in its cells, sent back, twice."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from openpyxl import load_workbook

from fundops.audit import AuditEvent
from fundops.authz import Role
from fundops.reports import workbook_form
from fundops.reports.terms import terms_of
from tests.reports.report_scene import Reporting, full
from tests.reports.workbooks import Offline, kept, listed, started, with_cells
from tests.staged import staged
from tests.world import World

ITEM = "office@shelter-helps.org"
TELLING = f"Write to {ITEM} for the register."


report = staged(started)
"""A report of a grant in force, just started."""


@pytest.mark.sqlite_only
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_whole_draft_goes_out_and_comes_back_the_same(report: Offline, language: str) -> None:
    before = full(report.scene.facts(report.place))
    before["results"][0]["breakdown"]["sex_age"] = {"female.18_24": "3", "unknown.unknown": "4"}
    before["results"][0]["note"] = "Counted once each."
    report.scene.saved(report.place, before)
    raw, tag = report.fetch(language)
    answer = report.send(with_cells(raw), tag, language)
    assert answer.status_code == 200, answer.text
    after = answer.json()["content"]
    for name in ("narrative", "challenges", "lessons", "risks"):
        assert after[name] == before[name]
    [result] = after["results"]
    assert (result["result"], result["numerator"], result["note"]) == (1, 7, "Counted once each.")
    asked = {"sex_age", "exploitation", "group"}  # this indicator is not broken down by assistance
    assert result["breakdown"] == {
        name: {code: int(count) for code, count in counts.items()}
        for name, counts in before["results"][0]["breakdown"].items()
        if name in asked
    }
    assert report.caller.get(f"{report.place}/validation").json()["is_right"]


@pytest.mark.sqlite_only
def test_money_is_read_in_any_digits_and_judged_in_its_currency(world: World) -> None:
    scene = Reporting(world)
    report = Offline(scene, scene.started())
    raw, tag = report.fetch()
    sheet = load_workbook(io.BytesIO(raw))["Expenditure"]
    assert [sheet["B10"].value, sheet["D10"].value, sheet["E10"].value] == [
        "1", "Two house mothers", 600,
    ]  # fmt: skip
    assert not sheet["G10"].protection.locked
    assert sheet["E10"].protection.locked
    filled = with_cells(
        raw, Expenditure__C4="UAH", Expenditure__G10="١٬٢٥٠٫٥", Expenditure__G12="1 250,75",
        Expenditure__H10=500, Expenditure__I12="Fuel",
    )  # fmt: skip
    answer = report.send(filled, tag)
    assert answer.status_code == 200, answer.text
    assert answer.json()["content"]["expenditure"] == [
        {"line": 1, "amount": "1250.5", "requested": "500.00"},
        {"line": 3, "amount": "1250.75", "note": "Fuel"},
    ]
    assert (report.check(filled).headers["x-problems"]) == "0"

    wrong = with_cells(filled, Expenditure__C4="JPY")  # a currency without decimals
    found = {(sheet, cell) for sheet, cell, _ in listed(report.check(wrong).content)}
    assert found == {("Expenditure", "G10"), ("Expenditure", "G12")}


def test_sending_twice_is_safe_and_what_comes_late_is_kept_aside(report: Offline) -> None:
    raw, tag = report.fetch()
    changed = with_cells(raw, Narrative__C12="The shelter was full.", Results__H7=3)
    first, again = report.send(changed, tag), report.send(changed, tag)
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert first.json()["version"] == again.json()["version"]
    late = report.send(with_cells(raw, Narrative__C12="Changed offline."), tag)
    assert late.status_code == 412
    versions = report.caller.get(f"{report.place}/versions?sort=-number").json()["items"]
    aside = report.caller.get(f"{report.place}/versions/{versions[0]['number']}").json()
    assert (aside["kind"], aside["content"]["narrative"]) == ("aside", {"4": "Changed offline."})
    assert report.draft()["content"]["narrative"] == {"4": "The shelter was full."}


@pytest.mark.sqlite_only
def test_a_check_marks_every_problem_in_its_cell_and_changes_nothing(
    world: World, report: Offline
) -> None:
    report.scene.saved(report.place, full(report.scene.facts(report.place)))
    raw, _ = report.fetch()
    before = kept(world)
    wrong = with_cells(
        raw, Narrative__C4=None, Narrative__C12=TELLING, Results__H7=9, Sex_and_age__K10="a few",
    )  # fmt: skip
    answer = report.check(wrong)
    assert answer.status_code == 200, answer.text
    found = listed(answer.content)
    cells = {(sheet, cell) for sheet, cell, _ in found}
    assert cells == {
        ("Narrative", "C4"), ("Narrative", "C12"), ("Sex and age", "K10"),
        ("Sex and age", "D7"), ("Form of exploitation", "C7"),
    }  # fmt: skip
    assert answer.headers["x-problems"] == str(len(found))
    marked = load_workbook(io.BytesIO(answer.content))
    assert marked["Sex and age"]["K10"].value == "a few"  # what was typed is still there
    assert marked["Narrative"]["C12"].comment is not None
    assert report.check(answer.content).content == answer.content  # safe to repeat
    assert kept(world) == before
    assert (report.check(raw).headers["x-problems"]) == "0"  # the control


def test_a_text_with_personal_data_is_left_out_and_comes_back_marked(
    world: World, report: Offline
) -> None:
    raw, tag = report.fetch()
    filled = with_cells(raw, Narrative__C11="Two campaigns.", Narrative__C12=TELLING)
    answer = report.send(filled, tag)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["content"]["narrative"] == {"1": "Two campaigns.", "4": None}
    [mark] = said["withheld"]
    assert said["cells"] == {mark["pointer"]: "Narrative!C12"} == {"/narrative/4": "Narrative!C12"}
    assert ITEM not in answer.text

    # A fresh workbook says so in the cell, and that does not keep it from being right.
    raw, tag = report.fetch()
    found = listed(report.check(raw).content)
    assert [cell for sheet, cell, said in found if "personal data" in said] == ["C12"]

    # Confirmed on its own sheet, once, it is kept; the item itself is stored nowhere else.
    filled = with_cells(
        raw, Narrative__C12=TELLING, Confirmations__B7=ITEM,
        Confirmations__C7="A contact that is published already",
    )  # fmt: skip
    assert TELLING not in str(listed(report.check(filled).content))
    assert kept(world)[4] == 0
    answer = report.send(filled, tag)
    assert answer.status_code == 200, answer.text
    assert answer.json()["content"]["narrative"]["4"] == TELLING
    assert "confirmations" not in answer.json()["content"]
    assert (kept(world)[4], answer.json()["cells"]) == (1, {})


@pytest.mark.sqlite_only
def test_cells_that_cannot_be_read_are_refused_and_named(world: World, report: Offline) -> None:
    raw, tag = report.fetch()
    before = kept(world)
    answer = report.send(with_cells(raw, Results__H7="many", Narrative__C11="Kept?"), tag)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:fundops:problem:file-refused"
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/results/0/numerator"
    assert "Results!H7" in error["detail"]
    assert kept(world) == before
    # What is only missing keeps no draft from being saved.
    assert report.send(with_cells(raw, Narrative__C11="Kept."), tag).status_code == 200


def test_a_workbook_of_another_report_or_grant_or_of_an_old_form_is_refused(
    world: World, report: Offline, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = report.scene
    sibling = Offline(scene, scene.started())
    other = started(world)
    _, tag = report.fetch()
    before = kept(world)[:4]
    facts = scene.facts(report.place)
    for raw, owner in (
        (sibling.fetch()[0], scene.facts(sibling.place)["code"]),
        (other.fetch()[0], other.scene.facts(other.place)["grant_code"]),
    ):
        for answer in (report.check(raw), report.send(raw, tag)):
            assert answer.status_code == 422
            assert owner in answer.json()["detail"]
            needed = facts["code"] if raw != owner and "RPT" in owner else facts["grant_code"]
            assert needed in answer.json()["detail"]
    with world.database.read() as db:
        refused = [e for e in db.query(AuditEvent).all() if e.action == "request.refused"]
    assert len(refused) == 2  # asking whether it is right is nothing to put on record
    old, _ = report.fetch()
    monkeypatch.setattr(workbook_form, "VERSION", 2)
    answer = report.send(old, tag)
    assert answer.status_code == 422
    assert "version 1" in answer.json()["detail"]
    assert "version 2" in answer.json()["detail"]
    assert kept(world)[:4] == before


@pytest.mark.sqlite_only
def test_a_workbook_made_before_the_agreement_changed_is_refused(
    report: Offline, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, tag = report.fetch()

    def amended(*given: Any) -> Any:
        terms = terms_of(*given)
        return replace(terms, results=(*terms.results, replace(terms.results[0], number=2)))

    monkeypatch.setattr("fundops.reports.workbook_routes.terms_of", amended)
    answer = report.send(raw, tag)
    assert answer.status_code == 422
    assert "has changed since this workbook was made" in answer.json()["detail"]


def test_nobody_else_gets_checks_or_sends_it(world: World, report: Offline) -> None:
    raw, tag = report.fetch()
    missing = report.caller.get(
        "/v1/progress_reports/01890000-0000-7000-8000-000000000000/workbook"
    )
    stranger = started(world).caller
    officer = report.scene.officer
    for caller in (stranger, officer):
        for answer in (
            caller.get(f"{report.place}/workbook"),
            report.check(raw, caller=caller),
            report.send(raw, tag, caller=caller),
        ):
            assert answer.status_code == 404, answer.text
            assert answer.json()["detail"] == missing.json()["detail"]
    assert world.as_role(Role.REVIEWER).get(f"{report.place}/workbook").status_code == 403
    assert report.draft()["version"] == 1


@pytest.mark.sqlite_only
def test_what_no_cell_can_hold_is_said_and_stays_in_the_draft(report: Offline) -> None:
    said = full(report.scene.facts(report.place))
    said["results"][0]["numerator"] = "about 7"
    said["results"][0]["breakdown"]["assistance"] = {"housing": "7"}  # not asked of this one
    report.scene.saved(report.place, said)
    raw, _ = report.fetch()
    guide = load_workbook(io.BytesIO(raw)).worksheets[0]
    words = " ".join(str(c.value) for row in guide.iter_rows() for c in row if c.value)
    assert "/results/0/numerator" in words
    assert "/results/0/breakdown/assistance" in words
    assert "about 7" not in words
