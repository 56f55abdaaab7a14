"""A review as a workbook: out and back, checked in its cells, sent twice, and blind throughout."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from fundops import clock
from fundops.reviews.models import ReviewDraft
from tests.reviews.review_factories import WHY, Scene, at_time, draft, save
from tests.reviews.test_blind_http import CANARY, Blind
from tests.staged import staged
from tests.world import Caller

BYTES = {"content-type": "application/octet-stream"}


scene = staged(partial(Scene, proposals=2, reviewers=2, is_blind=True))
blind = staged(Blind)


def fetch(me: Caller, place: str, language: str = "en") -> tuple[bytes, str]:
    answer = me.get(f"{place}/workbook?language={language}")
    assert answer.status_code == 200, answer.text
    return answer.content, answer.headers["etag"]


def send(me: Caller, place: str, raw: bytes, tag: str, language: str = "en") -> Any:
    return me.request(
        "PUT", f"{place}/workbook?language={language}", content=raw,
        headers=BYTES | {"if-match": tag},
    )  # fmt: skip


def check(me: Caller, place: str, raw: bytes) -> Any:
    return me.request("POST", f"{place}/check_workbook", content=raw, headers=BYTES)


def cells(book: Workbook) -> dict[tuple[str, str], Any]:
    """Return every cell with a value, by sheet and place."""
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def columns(book: Workbook) -> tuple[str, dict[str, str], int]:
    """Return the sheet of marks, the letters of its columns by heading, and its first row."""
    found = cells(book)
    (sheet, top), = [
        place for place, value in found.items()
        if str(value).startswith("1. Need") and value is not None
    ]  # fmt: skip
    first = int(re.sub(r"\D", "", top))
    headings = {
        str(value): re.sub(r"\d", "", cell)
        for (title, cell), value in found.items()
        if title == sheet and re.sub(r"\D", "", cell) == str(first - 1)
    }
    return sheet, headings, first


def filled(raw: bytes, **given: Any) -> bytes:
    """Return the workbook with marks set: ``score2=3`` is the score on the second criterion."""
    names = {"score": "Score", "cannot": "Cannot judge", "why": "Justification"}
    book = load_workbook(io.BytesIO(raw))
    sheet, headings, first = columns(book)
    letter = {
        key: next(at for heading, at in headings.items() if heading.startswith(name))
        for key, name in names.items()
    }
    for key, value in given.items():
        book[sheet][f"{letter[key[:-1]]}{first + int(key[-1]) - 1}"] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def whole(raw: bytes) -> bytes:
    """Return the workbook with everything marked; the second criterion's scale is 1 best to 3."""
    return filled(raw, score1=4.5, why1=WHY, score2=1, why2=WHY, cannot3="Yes", why3=WHY)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_draft_goes_out_and_comes_back_the_same(scene: Scene, language: str) -> None:
    me, place = scene.reviewers[0], scene.assigned()
    given = draft("3.5", "2", None)
    assert save(me, place, given).status_code == 200
    raw, tag = fetch(me, place, language)
    back = send(me, place, raw, tag, language)
    assert back.status_code == 200, back.text
    assert me.get(place).headers["etag"] == tag, "the same draft changes nothing"
    content = me.get(f"{place}/draft").json()
    for key in ("strengths", "private_note"):
        assert content[key] == given[key]
    marks = [(m["criterion"], m["score"], m["cannot_judge"]) for m in content["marks"]]
    assert marks == [(1, "3.5", False), (2, "2", False), (3, None, True)]


def test_a_workbook_filled_in_offline_is_a_review(scene: Scene) -> None:
    me, place = scene.reviewers[0], scene.assigned()
    raw, tag = fetch(me, place)
    made = whole(raw)
    assert check(me, place, made).headers["x-problems"] == "0"
    sent = send(me, place, made, tag)
    assert sent.status_code == 200, sent.text
    again = send(me, place, made, tag)  # the answer was lost: the same file, the old tag
    assert again.status_code == 200, again.text
    assert again.json()["number"] == sent.json()["number"]
    done = me.post(f"{place}/submit", json={"number": sent.json()["number"]})
    assert done.status_code == 200, done.text
    review = scene.officer.get(
        f"/v1/reviews?proposal_id={scene.proposals[0].id}"
    ).json()["items"][0]  # fmt: skip
    # 50 % x 87.5 + 30 % x 100 (1 is best), over the 80 % that were judged
    assert review["weighted"] == "92.19"


def test_a_check_marks_problems_in_their_cells_and_changes_nothing(scene: Scene) -> None:
    me, place = scene.reviewers[0], scene.assigned()
    raw, _ = fetch(me, place)
    sheet, headings, first = columns(load_workbook(io.BytesIO(raw)))
    score, why = (
        next(at for heading, at in headings.items() if heading.startswith(name))
        for name in ("Score", "Justification")
    )
    wrong = filled(raw, score1=4.3, why1=WHY, score2=9, why2=None, score3="ten", why3=WHY)
    answer = check(me, place, wrong)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["x-problems"]) >= 4
    book = load_workbook(io.BytesIO(answer.content))
    rows = [[v for v in row if v is not None] for row in book["Problems"].values]
    named = {(row[1], row[2]) for row in rows if row and isinstance(row[0], int)}
    assert {(sheet, f"{score}{first + at}") for at in range(3)} <= named
    assert (sheet, f"{why}{first + 1}") in named
    assert me.get(f"{place}/draft").status_code == 404
    refused = send(me, place, wrong, me.get(place).headers["etag"])
    assert refused.status_code == 422, refused.text
    assert me.get(f"{place}/draft").status_code == 404, "nothing was kept of it"


def test_the_workbook_of_another_review_is_refused(scene: Scene) -> None:
    me, mine, other = scene.reviewers[0], scene.assigned(0), scene.assigned(1)
    raw, _ = fetch(me, other)
    made = whole(raw)
    for answer in (check(me, mine, made),
                   send(me, mine, made, me.get(mine).headers["etag"])):  # fmt: skip
        assert answer.status_code == 422, answer.text
        assert me.get(f"{mine}/draft").status_code == 404


def test_nobody_else_gets_it_or_sends_it(scene: Scene) -> None:
    me, place = scene.reviewers[0], scene.assigned()
    raw, tag = fetch(me, place)
    for caller in (scene.reviewers[1], scene.officer, scene.board, scene.world.anonymous()):
        answers = (caller.get(f"{place}/workbook"), send(caller, place, raw, tag),
                   check(caller, place, raw))  # fmt: skip
        assert {one.status_code for one in answers} <= {401, 403, 404}


@pytest.mark.parametrize("raw", [b"", b"no workbook", b"PK\x03\x04" + b"\0" * 60])
def test_what_is_no_workbook_is_refused(scene: Scene, raw: bytes) -> None:
    me, place = scene.reviewers[0], scene.assigned()
    for answer in (check(me, place, raw), send(me, place, raw, me.get(place).headers["etag"])):
        assert 400 <= answer.status_code < 500, answer.text


def test_on_top_of_another_save_it_is_refused_and_nothing_is_lost(scene: Scene) -> None:
    me, place = scene.reviewers[0], scene.assigned()
    raw, tag = fetch(me, place)
    assert save(me, place, draft("5", "3", "10")).status_code == 200
    late = send(me, place, whole(raw), tag)
    assert late.status_code == 412, late.text
    kept = me.get(f"{place}/draft").json()["marks"]
    assert [one["score"] for one in kept] == ["5", "3", "10"]


def test_after_the_close_and_after_submission_it_is_refused(scene: Scene) -> None:
    me, place = scene.reviewers[0], scene.assigned()
    raw, tag = fetch(me, place)
    made = whole(raw)
    with at_time(clock.now() + timedelta(days=21)):
        late = send(me, place, made, tag)
    assert late.status_code == 409, late.text
    sent = send(me, place, made, tag)
    assert sent.status_code == 200
    assert me.post(f"{place}/submit", json={"number": sent.json()["number"]}).status_code == 200
    changed = filled(made, score1=1)
    after = send(me, place, changed, me.get(place).headers["etag"])
    assert after.status_code == 409, after.text
    with scene.world.database.read() as db:
        assert db.execute(select(func.count()).select_from(ReviewDraft)).scalar_one() == 1


def test_no_byte_of_it_tells_who_applied(blind: Blind) -> None:
    secrets = [one.encode() for one in blind.secrets()]
    for number in range(2):
        place = blind.scene.assigned(number)
        fresh, _ = fetch(blind.me, place)
        assert save(blind.me, place, draft("3", "2", "5")).status_code == 200
        drafted, _ = fetch(blind.me, place)
        checked = check(blind.me, place, whole(fresh))
        assert checked.status_code == 200, checked.text
        names = checked.headers["content-disposition"] + "".join(
            str(v) for v in blind.me.get(f"{place}/workbook").headers.values()
        )
        assert not CANARY.search(names)
        for raw in (fresh, drafted, checked.content):
            with zipfile.ZipFile(io.BytesIO(raw)) as parts:
                assert not CANARY.search(" ".join(parts.namelist()) + parts.comment.decode())
                for name in parts.namelist():
                    part = parts.read(name)
                    assert not CANARY.search(part.decode(errors="replace")), name
                    assert not [one for one in secrets if one in part], name


def test_the_search_for_canaries_would_find_one(blind: Blind) -> None:
    """A planted leak: the applicant's name in the title of the workbook's properties."""
    place = blind.scene.assigned(0)
    raw, _ = fetch(blind.me, place)
    book = load_workbook(io.BytesIO(raw))
    book.properties.title = blind.scene.parties[0].name
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as parts:
        found = [one for one in parts.namelist() if CANARY.search(parts.read(one).decode())]
    assert found == ["docProps/core.xml"]
