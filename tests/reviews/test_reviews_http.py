"""A review over HTTP, from the invitation to its return, and every way to misuse it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from fundops import clock
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.proposals.models import Proposal
from fundops.reviews import checks
from fundops.reviews.models import Assignment, Review, ReviewDraft
from tests.reviews.review_factories import (
    WHY,
    Scene,
    at_time,
    counted,
    draft,
    save,
    submit,
)
from tests.world import Caller, World

GONE = ("", "/proposal", "/draft", "/drafts", "/review", "/attachments/1", "/others")


def plain(answer: Any) -> tuple[int, Any]:
    """Return an answer without what differs each time."""
    body = answer.json()
    body.pop("request_id", None)
    return answer.status_code, body


def assert_gone(caller: Caller, place: str) -> None:
    """An assignment answers like one that never was, whatever is asked of it."""
    nowhere = f"/v1/assignments/{uuid4()}"
    for part in GONE:
        assert plain(caller.get(place + part)) == plain(caller.get(nowhere + part)), part
        assert caller.get(place + part).status_code == 404
    for step, body in (
        ("accept", None), ("decline", {"reason": "No."}), ("submit", {"number": 1}),
        ("conflict", {"kind": "other"}), ("validate", None),
    ):  # fmt: skip
        options = {} if body is None else {"json": body}
        found = caller.post(f"{place}/{step}", **options)
        assert plain(found) == plain(caller.post(f"{nowhere}/{step}", **options)), step
        assert found.status_code == 404
    tag = {"if-match": '"1"'}
    put = caller.request("PUT", f"{place}/draft", json={}, headers=tag)
    assert plain(put) == plain(caller.request("PUT", f"{nowhere}/draft", json={}, headers=tag))
    assert put.status_code == 404
    listed = {one["id"] for one in caller.get("/v1/assignments").json()["items"]}
    assert place.rpartition("/")[2] not in listed


def test_the_way_of_a_review(world: World, lone: Scene) -> None:
    me = lone.reviewers[0]
    made = lone.assign()
    assert made.status_code == 201, made.text
    place = f"/v1/assignments/{made.json()['id']}"
    found = me.get(place).json()
    assert (found["status"], found["about"]["country"]) == ("invited", "KE")
    assert [(one["number"], one["best"], one["weight"]) for one in found["criteria"]] == [
        (1, "high", "50.00"), (2, "low", "30.00"), (3, "high", "20.00"),
    ]  # fmt: skip
    # Before it is accepted there is nothing to read or to write.
    assert me.get(f"{place}/proposal").status_code == 404
    assert save(me, place, draft("3", "2", "5")).status_code == 404
    assert me.post(f"{place}/accept").json()["status"] == "accepted"
    assert me.post(f"{place}/accept").status_code == 409
    content = me.get(f"{place}/proposal").json()
    assert content["content"]["applicant"] == lone.parties[0].name
    saved = save(me, place, draft("3", "2", "5"))
    assert (saved.status_code, saved.json()["number"]) == (200, 1)
    assert me.post(f"{place}/validate").json() == {
        "number": 1, "is_complete": True, "weighted": "50.00", "errors": [],
    }  # fmt: skip
    submitted = me.post(f"{place}/submit", json={"number": 1})
    assert submitted.status_code == 200, submitted.text
    # 50 % x (3 - 1) / 4 + 30 % x (3 - 2) / 2, lower being better + 20 % x 5 / 10
    assert submitted.json()["weighted"] == "50.00"
    assert me.get(f"{place}/review").json()["weighted"] == "50.00"
    # Final: neither saved nor submitted again.
    assert save(me, place, draft("5", "1", "10")).status_code == 409
    assert me.post(f"{place}/submit", json={"number": 1}).status_code == 409
    with world.database.read() as db:
        assert checks.run(db) == []


def test_what_is_wrong_is_named_all_at_once(lone: Scene) -> None:
    me, place = lone.reviewers[0], lone.assigned()
    wrong = {
        "marks": [
            {"criterion": 1, "score": "5.5", "justification": "Too short"},
            {"criterion": 1, "score": "3", "justification": WHY},
            {"criterion": 9, "score": "3", "justification": WHY},
            {"criterion": 2, "score": "2", "cannot_judge": True, "justification": WHY},
        ],
        "strengths": "x" * 4001,
    }
    saved = save(me, place, wrong)
    assert saved.status_code == 200, saved.text
    found = me.post(f"{place}/validate").json()
    assert (found["is_complete"], found["weighted"]) == (False, None)
    pointers = [one["pointer"] for one in found["errors"]]
    assert pointers == [
        "/marks/0/justification", "/marks/0/score", "/marks/1/criterion", "/marks/2/criterion",
        "/marks/3/score", "/marks", "/strengths",
    ]  # fmt: skip
    refused = me.post(f"{place}/submit", json={"number": saved.json()["number"]})
    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == pointers
    assert me.get(f"{place}/draft").json()["marks"][0]["score"] == "5.5"


@pytest.mark.parametrize("score", ["0.5", "5.01", "3.25", "-3", "three", "", "1e2", "٣", "3.000"])
def test_a_score_off_its_scale_is_refused(lone: Scene, score: str) -> None:
    me, place = lone.reviewers[0], lone.assigned()
    refused = submit(me, place, draft(score, "2", "5"))
    assert refused.status_code == 422, refused.text
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/marks/0/score"]


def test_a_mark_that_is_not_judged_is_missing_and_never_zero(world: World, pair: Scene) -> None:
    for reviewer, marks, weighted in ((0, ("3", None, "5"), "50.00"), (1, (None,) * 3, None)):
        place = pair.assigned(reviewer=reviewer)
        answer = submit(pair.reviewers[reviewer], place, draft(*marks))
        assert answer.status_code == 200, answer.text
        assert answer.json()["weighted"] == weighted
    listed = pair.officer.get("/v1/reviews").json()["items"]
    whole = pair.officer.get(f"/v1/reviews/{listed[0]['id']}").json()
    assert [one["score"] for one in whole["marks"]] == ["3.00", None, "5.00"]
    with world.database.read() as db:
        assert checks.run(db) == []


def test_every_save_is_kept(lone: Scene) -> None:
    me, place = lone.reviewers[0], lone.assigned()
    first = save(me, place, draft("1", "1", "1"))
    stale = first.headers["etag"]
    assert save(me, place, draft("2", "2", "2"), match=stale).status_code == 200
    # A page that has grown old: refused, and nothing of either is lost.
    assert save(me, place, draft("3", "3", "3"), match=stale).status_code == 412
    assert me.request("PUT", f"{place}/draft", json={}).status_code == 428
    numbers = [one["number"] for one in me.get(f"{place}/drafts").json()["items"]]
    assert numbers == [1, 2]
    assert me.get(f"{place}/draft?number=1").json()["marks"][0]["score"] == "1"
    assert me.get(f"{place}/draft").json()["marks"][0]["score"] == "2"
    assert me.get(f"{place}/draft?number=3").status_code == 404
    # Only the draft that was last seen can be submitted.
    assert me.post(f"{place}/submit", json={"number": 1}).status_code == 412
    with pytest.raises(Exception, match=r"append-only|refuse"), lone.writing() as db:
        db.execute(update(ReviewDraft).values(content="{}"))


def test_a_draft_takes_whatever_was_typed(lone: Scene) -> None:
    me, place = lone.reviewers[0], lone.assigned()
    odd = {
        "marks": [{"criterion": 77, "score": "soon", "justification": "\u202e\x07 <b>"}],
        "weaknesses": "é" * 20_000,
    }
    saved = save(me, place, odd)
    assert saved.status_code == 200, saved.text
    assert me.get(f"{place}/draft").json()["weaknesses"] == odd["weaknesses"]
    assert me.post(f"{place}/validate").json()["is_complete"] is False
    for bad in ({"marks": [{"criterion": "1"}]}, {"marks": 3}, {"score": 1}, {"strengths": "\x00"}):
        assert save(me, place, bad).status_code in {400, 422}


def test_submitting_twice_at_once_leaves_one_review(world: World, lone: Scene) -> None:
    me, place = lone.reviewers[0], lone.assigned()
    number = save(me, place, draft("3", "2", "5")).json()["number"]

    def send(_: int) -> int:
        return int(me.post(f"{place}/submit", json={"number": number}).status_code)

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(send, range(4)))
    assert statuses == [200, 409, 409, 409]
    with world.database.read() as db:
        assert len(db.execute(select(Review.id)).all()) == 1
        assert checks.run(db) == []


def test_another_reviewers_assignment_does_not_exist(pair: Scene) -> None:
    place = pair.reviewed(reviewer=0)
    assert_gone(pair.reviewers[1], place)
    pair.assigned(reviewer=1)
    assert_gone(pair.reviewers[1], place)
    # Nor is there any other way to others' reviews, or to the proposal.
    for path in ("/v1/reviews", f"/v1/proposals/{pair.proposals[0].id}",
                 f"/v1/calls/{pair.call_id}/assignments", f"/v1/calls/{pair.call_id}/rankings",
                 f"/v1/calls/{pair.call_id}", "/v1/proposals", "/v1/parties"):  # fmt: skip
        assert pair.reviewers[1].get(path).status_code == 403, path


def test_after_the_close_nothing_is_saved_or_submitted_but_what_was_returned(
    pair: Scene,
) -> None:
    me, place = pair.reviewers[0], pair.assigned(reviewer=0)
    number = save(me, place, draft("3", "2", "5")).json()["number"]
    late = clock.now() + timedelta(days=21)
    other = pair.reviewed(reviewer=1)
    with at_time(late):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("fundops.parties.tokens.clock.now", lambda: late - timedelta(days=10))
        assert save(me, place, draft("4", "2", "5")).status_code == 409
        refused = me.post(f"{place}/submit", json={"number": number})
        assert refused.status_code == 409, refused.text
        assert me.get(f"{place}/draft").json()["number"] == number
        review = pair.officer.get("/v1/reviews").json()["items"][0]["id"]
        returned = pair.officer.post(f"/v1/reviews/{review}/return", json={"reason": "See 2."})
        assert returned.status_code == 200, returned.text
        assert submit(pair.reviewers[1], other, draft("4", "1", "5")).status_code == 200


def test_one_instant_decides_about_the_close(world: World, lone: Scene) -> None:
    me, place = lone.reviewers[0], lone.assigned()
    with world.database.read() as db:
        closes = db.get_one(Call, lone.call_id).reviews_close_at
    assert closes is not None
    with at_time(closes):
        number = save(me, place, draft("3", "2", "5")).json()["number"]
    with at_time(closes + timedelta(microseconds=1)):
        assert me.post(f"{place}/submit", json={"number": number}).status_code == 409
    with at_time(closes):
        assert me.post(f"{place}/submit", json={"number": number}).status_code == 200


@pytest.mark.parametrize("stage", ["invited", "accepted", "saved", "submitted", "returned"])
def test_a_conflict_ends_access_at_once(lone: Scene, stage: str) -> None:
    me = lone.reviewers[0]
    if stage == "invited":
        place = f"/v1/assignments/{lone.assign().json()['id']}"
    else:
        place = lone.assigned()
    if stage != "invited" and stage != "accepted":
        save(me, place, draft("3", "2", "5"))
    if stage in {"submitted", "returned"}:
        assert me.post(f"{place}/submit", json={"number": 1}).status_code == 200
    if stage == "returned":
        review = lone.officer.get("/v1/reviews").json()["items"][0]["id"]
        lone.officer.post(f"/v1/reviews/{review}/return", json={"reason": "See criterion 2."})
    body = {"kind": "family", "note": "My sister has been hired."}
    assert me.post(f"{place}/conflict", json=body).json() == {"status": "conflicted"}
    assert_gone(me, place)
    rows = lone.officer.get(f"/v1/calls/{lone.call_id}/assignments").json()["items"]
    assert [(one["status"], one["conflict_kind"]) for one in rows] == [("conflicted", "family")]
    statuses = [one["status"] for one in lone.officer.get("/v1/reviews").json()["items"]]
    kept = {"submitted": ["set_aside"], "returned": ["returned"]}
    assert statuses == kept.get(stage, [])
    # For good: not invited again, and not to be ranked.
    assert lone.assign().status_code == 409
    mine = me.get("/v1/conflicts").json()["items"]
    assert [(one["kind"], one["party_id"]) for one in mine] == [("family", None)]


def test_who_becomes_an_applicant_loses_access_with_the_next_request(world: World) -> None:
    scene = Scene(world, proposals=2, reviewers=1)
    me = scene.reviewers[0]
    lost, kept = scene.reviewed(0), scene.assigned(1)
    scene.make_applicant(me, 0)
    assert_gone(me, lost)
    assert me.get(f"{kept}/proposal").status_code == 200
    rows = scene.officer.get(f"/v1/calls/{scene.call_id}/assignments?sort=status").json()["items"]
    assert {(one["status"], one["is_in_conflict"]) for one in rows} == {
        ("accepted", False), ("submitted", True),
    }  # fmt: skip
    # The review stands until an officer sees it; nothing is ranked with it.
    refused = scene.officer.post(
        f"/v1/calls/{scene.call_id}/rankings", json={"accept_divergences": True, "seed": 1}
    )
    assert refused.json()["type"].endswith("conflict-of-interest"), refused.text
    assert scene.proposals[0].code in refused.json()["errors"][0]["detail"]
    review = scene.officer.get("/v1/reviews").json()["items"][0]["id"]
    aside = scene.officer.post(f"/v1/reviews/{review}/set_aside", json={"reason": "Hired there."})
    assert aside.json()["status"] == "set_aside", aside.text
    again = scene.officer.post(f"/v1/reviews/{review}/set_aside", json={"reason": "Twice."})
    assert again.status_code == 409


@pytest.mark.parametrize("status", ["withdrawn", "ineligible"])
def test_a_proposal_that_is_out_is_nobodys_to_review(lone: Scene, status: str) -> None:
    me, place = lone.reviewers[0], lone.assigned()
    reviewer = f"/v1/reviewers/{lone.reviewer_ids[0]}"
    assert lone.officer.get(reviewer).json()["open_load"] == 1
    with lone.writing() as db:
        db.get_one(Proposal, lone.proposals[0].id).status = status
    assert_gone(me, place)
    assert lone.officer.get(reviewer).json()["open_load"] == 0


def test_a_reviewer_without_the_role_has_nothing(world: World) -> None:
    from fundops.parties.models import Membership

    scene = Scene(world, reviewers=1)
    place = scene.assigned()
    with scene.writing() as db:
        found = db.execute(
            select(Membership).where(Membership.person_id == scene.reviewers[0].actor.person_id)
        ).scalar_one()
        found.valid_until = clock.now()
    assert scene.reviewers[0].get(place).status_code == 403


def test_declining_and_withdrawing_need_a_reason_and_end_access(pair: Scene) -> None:
    declined, withdrawn = pair.assigned(reviewer=0), pair.assigned(reviewer=1)
    me = pair.reviewers[0]
    assert me.post(f"{declined}/decline", json={}).status_code == 422
    assert me.post(f"{declined}/decline", json={"reason": "Ill."}).json() == {"status": "declined"}
    assert_gone(me, declined)
    taken = pair.officer.post(f"{withdrawn}/withdraw", json={"reason": "No answer."})
    assert (taken.json()["status"], taken.json()["reason"]) == ("withdrawn", "No answer.")
    assert_gone(pair.reviewers[1], withdrawn)
    assert me.post(f"{withdrawn}/withdraw", json={"reason": "Mine?"}).status_code == 403


def test_a_returned_review_is_kept_and_corrected(world: World, lone: Scene) -> None:
    me, place = lone.reviewers[0], lone.reviewed()
    first = lone.officer.get("/v1/reviews").json()["items"][0]
    assert first["weighted"] == "50.00"
    because = {"reason": "Criterion 2 names no risk."}
    assert lone.officer.post(f"/v1/reviews/{first['id']}/return", json=because).status_code == 200
    assert lone.officer.post(f"/v1/reviews/{first['id']}/return", json=because).status_code == 409
    found = me.get(place).json()
    assert (found["status"], found["returned_because"]) == ("returned", because["reason"])
    assert me.get(f"{place}/draft").json()["number"] == 1
    again = submit(me, place, draft("5", "1", "10"))
    assert (again.json()["number"], again.json()["weighted"]) == (2, "100.00")
    kept = {one["number"]: one for one in lone.officer.get("/v1/reviews").json()["items"]}
    assert {n: one["status"] for n, one in kept.items()} == {1: "returned", 2: "submitted"}
    whole = lone.officer.get(f"/v1/reviews/{first['id']}").json()
    assert [one["score"] for one in whole["marks"]] == ["3.00", "2.00", "5.00"]
    with world.database.read() as db:
        assert checks.run(db) == []


def test_officers_see_no_drafts_and_the_board_no_names(world: World, pair: Scene) -> None:
    pair.rename(pair.reviewers[0], "Canary Reviewername")
    save(pair.reviewers[1], pair.assigned(reviewer=1), draft("1", "3", "0"))
    assert pair.officer.get("/v1/reviews").json()["items"] == []
    pair.reviewed(reviewer=0)
    for caller in (pair.officer, pair.board, world.as_role(Role.AUDITOR)):
        items = caller.get("/v1/reviews").json()["items"]
        assert len(items) == 1
        whole = caller.get(f"/v1/reviews/{items[0]['id']}")
        assert "Canary" not in whole.text
        assert str(pair.reviewers[0].actor.person_id) not in whole.text
        assert pair.reviewer_ids[0] not in whole.text
        assert items[0]["alias"].startswith("Reviewer ")
    assert pair.board.get(f"/v1/calls/{pair.call_id}/assignments").status_code == 403
    assert pair.board.get("/v1/reviews").json()["items"][0]["private_note"] is None
    assert pair.officer.get("/v1/reviews").json()["items"][0]["private_note"] is not None
    mapped = pair.officer.get(f"/v1/calls/{pair.call_id}/assignments").json()["items"]
    assert "Canary Reviewername" in {one["person_name"] for one in mapped}


def test_whoever_has_a_review_to_write_sees_no_others(world: World, pair: Scene) -> None:
    """An officer who reviews, and one of the applicant's own people."""
    both, insider = world.as_role(Role.GRANT_OFFICER), world.as_role(Role.BOARD_MEMBER)
    from fundops.ids import uuid7
    from fundops.parties.models import Membership

    with pair.writing() as db:
        db.add(
            Membership(
                id=uuid7(), person_id=both.actor.person_id, role="reviewer",
                valid_from=clock.now() - timedelta(days=1), created_at=clock.now(),
            )
        )  # fmt: skip
    pair.make_applicant(insider)
    pair.reviewed(reviewer=0)
    assert insider.get("/v1/reviews").json()["items"] == []
    assert len(both.get("/v1/reviews").json()["items"]) == 1
    pair.reviewers[1], pair.reviewer_ids[1] = both, pair.enrol(both)
    place = pair.assigned(reviewer=1)
    assert both.get("/v1/reviews").json()["items"] == []
    assert both.get(f"/v1/calls/{pair.call_id}/divergences").status_code == 404
    assert both.get(f"/v1/calls/{pair.call_id}/assignments").json()["items"] == []
    assert submit(both, place, draft("3", "2", "5")).status_code == 200
    assert len(both.get("/v1/reviews").json()["items"]) == 2


def test_reviewing_while_the_call_is_open_or_out_of_turn_is_refused(world: World) -> None:
    scene = Scene(world, reviewers=1, status="open", deadline_at=clock.now() + timedelta(days=1))
    assert scene.assign().status_code == 409
    over = Scene(
        world, reviewers=1, status="open", deadline_at=clock.now() - timedelta(minutes=10),
        grace_minutes=30,
    )  # fmt: skip
    assert over.assign().status_code == 409
    with at_time(clock.now() + timedelta(minutes=21)):
        assert over.assign().status_code == 201


def test_marks_changed_behind_our_back_are_found(world: World, lone: Scene) -> None:
    lone.reviewed()
    with world.database.read() as db:
        assert checks.run(db) == []
    with lone.writing() as db:
        db.execute(update(Review).values(weighted=9_900))
    with world.database.read() as db:
        found = {name for name, _ in checks.run(db)}
    assert found == {"reviews_sealed", "reviews_recompute"}
    with lone.writing() as db:
        db.execute(update(Review).values(weighted=5_000))


def test_lists_take_as_many_queries_for_many_as_for_few(world: World) -> None:
    scene = Scene(world, proposals=6, reviewers=2)
    me = scene.reviewers[0]
    paths = [
        (me, "/v1/assignments"),
        (scene.officer, f"/v1/calls/{scene.call_id}/assignments"),
        (scene.officer, "/v1/reviews"),
        (scene.officer, f"/v1/calls/{scene.call_id}/divergences"),
    ]
    scene.reviewed(0)
    few, many = [], []
    for caller, path in paths:
        with counted(world.database) as seen:
            assert len(caller.get(path).json()["items"]) <= 1
        few.append(len(seen))
    for number in range(1, 6):
        scene.reviewed(number)
    for caller, path in paths:
        with counted(world.database) as seen:
            caller.get(path)
        many.append(len(seen))
    assert many == few
    assert len(me.get("/v1/assignments").json()["items"]) == 6


def test_the_order_of_ones_own_list_means_nothing(world: World) -> None:
    scene = Scene(world, proposals=8, reviewers=1)
    for number in range(8):
        scene.assigned(number)
    me = scene.reviewers[0]
    page = me.get("/v1/assignments?limit=3").json()
    seen = [one["id"] for one in page["items"]]
    while page["next_cursor"]:
        page = me.get(f"/v1/assignments?limit=3&cursor={page['next_cursor']}").json()
        seen += [one["id"] for one in page["items"]]
    assert len(seen) == len(set(seen)) == 8
    with world.database.read() as db:
        rows = db.execute(select(Assignment).order_by(Assignment.position)).scalars()
        assert [str(one.id) for one in rows] == seen
    assert {one[14] for one in seen} == {"4"}, "random ids, which hold no time"
