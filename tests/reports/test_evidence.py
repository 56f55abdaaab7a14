"""Evidence: files and register numbers, the same twice, and what an auditor saw on site."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from fundops import audit
from fundops.authz import Role
from fundops.parties.models import Party
from fundops.reports.models import EvidenceInspection
from tests.proposals.proposal_factories import a_file
from tests.reports.report_scene import Reporting, full
from tests.staged import staged

SHA = "ab" * 32


scene = staged(Reporting)
"""A grant in force, whose grantee reports."""


def a_paper(scene: Reporting, **over: Any) -> str:
    """Keep a file of the grantee that was sent as evidence; return its id."""
    given = {"purpose": "report_evidence", "screened": True} | over
    with scene.world.database.write() as db:
        audit.lock_head(db)
        party = db.get_one(Party, scene.grantee_id)
        return str(a_file(db, party, scene.grantee.actor, "receipt.pdf", **given).id)


def add(scene: Reporting, place: str, **given: Any) -> Any:
    return scene.grantee.post(f"{place}/evidence", json=given)


def problem(answer: Any) -> str:
    assert answer.status_code == 422, answer.text
    return str(answer.json()["errors"][0]["pointer"])


def test_work_with_victims_is_shown_by_the_register_alone(scene: Reporting) -> None:
    """Line 1 is work with victims, line 2 is split, line 3 serves another objective."""
    place = scene.started()
    paper = a_paper(scene)
    for subject in ({"line": 1}, {"line": 2}, {"result": 1}, {}):
        assert problem(add(scene, place, file_id=paper, **subject)) == "/file_id"
        register = add(scene, place, register_number="R-17", sha256=SHA, **subject)
        assert register.status_code == 201, register.text
    assert add(scene, place, file_id=paper, line=3).status_code == 201
    for given, pointer in (
        ({"line": 9, "register_number": "R-1"}, "/line"),
        ({"result": 9, "register_number": "R-1"}, "/result"),
        ({"line": 1, "result": 1, "register_number": "R-1"}, "/result"),
        ({"line": 3}, "/file_id"),
        ({"line": 3, "file_id": paper, "register_number": "R-1"}, "/file_id"),
        ({"line": 3, "file_id": paper, "sha256": SHA}, "/sha256"),
        ({"line": 3, "file_id": a_paper(scene, purpose=None, screened=None)}, "/file_id"),
    ):
        assert problem(add(scene, place, **given)) == pointer
    stray = Reporting(scene.world)
    assert problem(add(scene, place, line=3, file_id=a_paper(stray))) == "/file_id"

    pieces = scene.facts(place)["evidence"]
    assert len(pieces) == 5
    gone = scene.grantee.post(f"/v1/report_evidence/{pieces[0]['id']}/remove")
    assert gone.status_code == 200
    assert len(gone.json()["evidence"]) == 4
    twice = scene.grantee.post(f"/v1/report_evidence/{pieces[0]['id']}/remove")
    assert twice.status_code == 404
    scene.submitted(place, full(scene.facts(place)))
    late = add(scene, place, line=1, register_number="R-18")
    assert late.status_code == 409
    # The file is now the officers' business too.
    assert scene.officer.get(f"/v1/files/{paper}").status_code == 200


def test_the_same_content_twice_is_told_to_officers_and_not_to_grantees(
    scene: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = scene.started()
    other = Reporting(scene.world)
    elsewhere = other.started()
    given = {"line": 1, "register_number": "R-1", "sha256": SHA}
    assert add(other, elsewhere, **given).status_code == 201
    made = add(scene, place, **(given | {"register_number": "Q-2"})).json()
    assert [(one["reused"], one["reused_in"]) for one in made["evidence"]] == [(None, None)]
    assert add(scene, place, line=1, register_number="Q-3", sha256="cd" * 32).status_code == 201
    code = other.facts(elsewhere)["code"]
    found = scene.facts(place)["evidence"]
    assert [(one["reused"], one["reused_in"]) for one in found] == [(True, [code]), (False, [])]
    # An officer of this fund alone learns that, and not where.
    here = scene.world.as_role(Role.GRANT_OFFICER, fund_id=scene.fund_id)
    found = here.get(place).json()["evidence"]
    assert (found[0]["reused"], found[0]["reused_in"]) == (True, [])
    # However often the first receipt is attached, it hides no other that is used twice.
    for number in range(3):
        assert add(other, elsewhere, **(given | {"register_number": f"R-2{number}"})).is_success
    late = {"line": 1, "register_number": "R-30", "sha256": "cd" * 32}
    assert add(other, elsewhere, **late).status_code == 201
    with monkeypatch.context() as small:
        small.setattr("fundops.reports.evidence.MAX_EVIDENCE", 2)
        small.setattr("fundops.reports.evidence.MAX_NAMED", 2)
        found = scene.facts(place)["evidence"]
    assert [one["reused"] for one in found] == [True, True]
    pieces = other.facts(elsewhere)["evidence"]
    for piece in pieces[1:]:
        assert other.grantee.post(f"/v1/report_evidence/{piece['id']}/remove").status_code == 200
    # What was taken away shows nothing any more.
    piece = other.facts(elsewhere)["evidence"][0]["id"]
    assert other.grantee.post(f"/v1/report_evidence/{piece}/remove").status_code == 200
    assert scene.facts(place)["evidence"][0]["reused"] is False


def test_a_register_number_twice_is_told_for_the_same_grantee_alone(scene: Reporting) -> None:
    """In any report of any of its grants; another grantee's register is another one."""
    place, theirs = scene.started(), Reporting(scene.world)
    own = Reporting(scene.world, grantee_id=scene.grantee_id)
    elsewhere, far = own.started(), theirs.started()
    for number in ("É-017", "Q-2"):
        assert add(scene, place, line=1, register_number=number).status_code == 201
    assert add(own, elsewhere, line=1, register_number="É-017").status_code == 201
    assert add(own, elsewhere, line=1, register_number="q - 2").status_code == 201
    assert add(own, elsewhere, line=1, register_number="Q-20").status_code == 201
    assert add(theirs, far, line=1, register_number="Q-2").status_code == 201
    code = own.facts(elsewhere)["code"]
    found = scene.facts(place)["evidence"]
    assert [(one["reused"], one["reused_in"]) for one in found] == [(True, [code])] * 2
    shown = own.facts(elsewhere)["evidence"]
    assert [one["reused"] for one in shown] == [True, True, False]
    assert [one["reused"] for one in theirs.facts(far)["evidence"]] == [False]
    assert scene.grantee.get(place).json()["evidence"][0]["reused"] is None
    # What was taken away shows nothing any more; the same report counts as any other.
    for piece in shown[:2]:
        assert own.grantee.post(f"/v1/report_evidence/{piece['id']}/remove").status_code == 200
    assert [one["reused"] for one in scene.facts(place)["evidence"]] == [False, False]
    again = add(scene, place, result=1, register_number="Q-2")
    assert again.status_code == 201
    assert [one["reused"] for one in scene.facts(place)["evidence"]] == [False, True, True]


def test_an_auditor_says_what_was_seen_on_site_for_good(scene: Reporting) -> None:
    place = scene.started()
    made = add(scene, place, line=1, register_number="R-1").json()
    address = f"/v1/report_evidence/{made['evidence'][0]['id']}/inspect"
    seen = {"inspected_on": "2026-07-01", "agrees": True, "note": "Seen with the register."}
    assert scene.officer.post(address, json=seen).status_code == 403
    assert scene.grantee.post(address, json=seen).status_code == 403
    future = scene.auditor.post(address, json=seen | {"inspected_on": "2199-01-01"})
    assert problem(future) == "/inspected_on"
    assert (
        problem(scene.auditor.post(address, json=seen | {"note": "Ask x@example.org"})) == "/note"
    )
    assert scene.auditor.post(address, json=seen).status_code == 201
    assert scene.auditor.post(address, json=seen | {"agrees": False}).status_code == 201
    shown = scene.facts(place)["evidence"][0]["inspections"]
    assert [one["agrees"] for one in shown] == [True, False]
    both = scene.second_token(scene.grantee, Role.AUDITOR)
    assert both.post(address, json=seen).status_code in (403, 409)
    with pytest.raises(DBAPIError), scene.world.database.writer.begin() as connection:
        connection.execute(update(EvidenceInspection).values(agrees=True))
