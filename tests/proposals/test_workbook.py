"""A proposal as a workbook: filled in offline, checked in its cells, sent back, sent twice."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from fundops.audit import AuditEvent
from fundops.authz import Role
from tests.proposals.proposal_factories import Applicant, an_applicant, right, set_up
from tests.world import World

BYTES = {"content-type": "application/octet-stream"}


def fetch(applicant: Applicant, language: str = "en") -> tuple[bytes, str]:
    answer = applicant.caller.get(f"{applicant.place}/workbook?language={language}")
    assert answer.status_code == 200, answer.text
    return answer.content, answer.headers["etag"]


def send(applicant: Applicant, raw: bytes, tag: str, language: str = "en") -> Any:
    return applicant.caller.request(
        "PUT", f"{applicant.place}/workbook?language={language}", content=raw,
        headers=BYTES | {"if-match": tag},
    )  # fmt: skip


def check(applicant: Applicant, raw: bytes, language: str = "en") -> Any:
    return applicant.caller.request(
        "POST", f"{applicant.place}/check_workbook?language={language}", content=raw,
        headers=BYTES,
    )  # fmt: skip


def edited(raw: bytes, **cells: Any) -> bytes:
    """Return the workbook with cells set, named ``sheet__cell``."""
    book = load_workbook(io.BytesIO(raw))
    for place, value in cells.items():
        sheet, _, cell = place.partition("__")
        book[sheet][cell] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def listed(book: Workbook) -> list[tuple[Any, ...]]:
    """Return what the list of problems of a checked workbook says: sheet, cell, sentence."""
    rows = [[v for v in row if v is not None] for row in book["Problems"].values]
    numbered = [row for row in rows if row and isinstance(row[0], int)]
    return [(row[1], row[2], row[3]) for row in numbered]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_whole_draft_goes_out_and_comes_back_the_same(
    applicant: Applicant, language: str
) -> None:
    applicant.save(right())
    raw, tag = fetch(applicant, language)
    answer = send(applicant, edited(raw), tag, language)
    assert answer.status_code == 200, answer.text
    content = answer.json()["content"]
    before = right()
    for name in ("title", "summary", "country", "places", "starts_on", "answers", "language"):
        assert content[name] == before[name], name
    assert {s["objective"]: s["percent"] for s in content["shares"]} == {"1": 40, "4": 60}
    lines = [(one["quantity"], one["unit_cost"], one["duration"]) for one in content["budget"]]
    assert [tuple(map(Decimal, line)) for line in lines] == [
        (Decimal(2), Decimal(500), Decimal(12)),
        (Decimal("1.5"), Decimal("333.67"), Decimal(1)),
    ]
    found = applicant.caller.post(f"{applicant.place}/validate", json={})
    assert found.json()["is_right"], found.text
    assert found.json()["requested"] == {"amount": "12500.51", "currency": "USD"}


def test_sending_twice_is_safe(applicant: Applicant) -> None:
    applicant.save(right())
    raw, tag = fetch(applicant)
    changed = edited(raw, Project__C4="Houses by the sea")
    first = send(applicant, changed, tag)
    again = send(applicant, changed, tag)  # the answer was lost: the same file, the old tag
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert first.json()["version"] == again.json()["version"]
    assert first.json()["content"]["title"] == "Houses by the sea"


def test_one_that_comes_after_another_save_is_kept_aside(applicant: Applicant) -> None:
    applicant.save(right())
    raw, tag = fetch(applicant)
    applicant.save(right(title="Changed on the web meanwhile"))
    late = send(applicant, edited(raw, Project__C4="Changed offline"), tag)
    assert late.status_code == 412
    kinds = applicant.caller.get(f"{applicant.place}/versions?sort=-number").json()["items"]
    kept = applicant.caller.get(f"{applicant.place}/versions/{kinds[0]['number']}").json()
    assert (kept["kind"], kept["content"]["title"]) == ("aside", "Changed offline")
    draft = applicant.caller.get(f"{applicant.place}/draft").json()
    assert draft["content"]["title"] == "Changed on the web meanwhile"


@pytest.mark.sqlite_only
def test_a_check_marks_every_problem_in_its_cell_and_changes_nothing(
    applicant: Applicant,
) -> None:
    applicant.save(right())
    before = applicant.number()
    raw, _ = fetch(applicant)
    wrong = edited(
        raw, Project__C4=None, Project__C9="2026-12-01", Budget__F7="a lot", Objectives__C7=70,
        Places__B7="Atlantis",
    )  # fmt: skip
    answer = check(applicant, wrong)
    assert answer.status_code == 200, answer.text
    book = load_workbook(io.BytesIO(answer.content))
    found = listed(book)
    cells = {(sheet, cell) for sheet, cell, _ in found}
    assert cells >= {
        ("Project", "C4"), ("Project", "C9"), ("Budget", "F7"), ("Places", "B7"),
    }  # fmt: skip
    assert any(sheet == "Objectives" for sheet, _, _ in found)
    assert answer.headers["x-problems"] == str(len(found))
    assert len({(sheet, cell) for sheet, cell, _ in found}) == len(found)  # each place once
    assert book["Budget"]["F7"].value == "a lot"  # what was typed is still there
    assert book["Budget"]["F7"].comment is not None
    assert applicant.number() == before
    clean = check(applicant, raw)
    assert (clean.status_code, clean.headers["x-problems"]) == (200, "0")  # the control
    assert check(applicant, answer.content).content == answer.content  # safe to repeat


@pytest.mark.sqlite_only
def test_cells_that_cannot_be_read_are_refused_and_named(applicant: Applicant) -> None:
    applicant.save(right())
    raw, tag = fetch(applicant)
    answer = send(applicant, edited(raw, Budget__F7="a lot"), tag)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:fundops:problem:file-refused"
    assert answer.json()["errors"][0]["pointer"] == "/budget/0/unit_cost"
    assert "Budget!F7" in answer.json()["errors"][0]["detail"]
    kept = applicant.caller.get(f"{applicant.place}/draft").json()
    assert kept["content"]["title"] == right()["title"]


@pytest.mark.sqlite_only
def test_missing_answers_do_not_keep_a_draft_from_being_saved(applicant: Applicant) -> None:
    raw, tag = fetch(applicant)
    answer = send(applicant, edited(raw, Answers__C4="Only this so far"), tag)
    assert answer.status_code == 200, answer.text
    assert answer.json()["content"]["answers"] == {"need": "Only this so far"}


def test_a_workbook_of_another_call_or_proposal_is_refused_and_put_on_record(
    world: World, applicant: Applicant
) -> None:
    other = Applicant(world, set_up(world), applicant.party_id)
    other.caller = applicant.caller
    other.start()
    raw, _ = fetch(other)
    _, tag = fetch(applicant)
    for answer in (check(applicant, raw), send(applicant, raw, tag)):
        assert answer.status_code == 422
        assert other.call.code in answer.json()["detail"]
    assert applicant.number() == 1
    with world.database.read() as db:
        refused = [
            event for event in db.query(AuditEvent).all() if event.action == "request.refused"
        ]
    assert len(refused) == 1  # asking whether it is right is nothing to put on record


@pytest.mark.sqlite_only
@pytest.mark.parametrize("raw", [b"", b"no workbook", b"PK\x03\x04" + b"\0" * 200])
def test_what_is_no_workbook_is_refused(applicant: Applicant, raw: bytes) -> None:
    _, tag = fetch(applicant)
    for answer in (check(applicant, raw), send(applicant, raw, tag)):
        assert answer.status_code == 422, answer.text
    assert applicant.number() == 1


def test_nobody_else_gets_or_sends_it(world: World, applicant: Applicant) -> None:
    raw, tag = fetch(applicant)
    stranger = an_applicant(world, applicant.call)
    stranger.place = applicant.place
    missing = stranger.caller.get("/v1/proposals/01890000-0000-7000-8000-000000000000/workbook")
    for answer in (
        stranger.caller.get(f"{applicant.place}/workbook"),
        check(stranger, raw),
        send(stranger, raw, tag),
    ):
        assert answer.status_code == 404
        assert answer.json()["detail"] == missing.json()["detail"]
    reviewer = world.as_role(Role.REVIEWER)
    assert reviewer.get(f"{applicant.place}/workbook").status_code == 403


@pytest.mark.sqlite_only
def test_what_no_cell_can_hold_is_said_and_stays_in_the_draft(applicant: Applicant) -> None:
    applicant.save(right(starts_on="as soon as possible"))
    raw, _ = fetch(applicant)
    guide = load_workbook(io.BytesIO(raw)).worksheets[0]
    words = " ".join(str(c.value) for row in guide.iter_rows() for c in row if c.value)
    assert "/starts_on" in words
    draft = applicant.caller.get(f"{applicant.place}/draft").json()
    assert draft["content"]["starts_on"] == "as soon as possible"
