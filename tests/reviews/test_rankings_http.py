"""Divergences, consensus and rankings over HTTP."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import pytest
from sqlalchemy import select, update

from fundops import clock
from fundops.audit import canonical
from fundops.authz import Role
from fundops.ids import uuid7
from fundops.reviews import checks, rankings
from fundops.reviews.models import Assignment, Ranking, Review, Reviewer
from tests.reviews.review_factories import Scene, counted, draft, submit
from tests.world import World

MINUTES = "The reviewers met and agreed that the need is shown but the plan is late."


def rank(scene: Scene, **body: Any) -> Any:
    return scene.officer.post(f"/v1/calls/{scene.call_id}/rankings", json={"draws": 100} | body)


def divergences(scene: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scene.officer.get(
        f"/v1/calls/{scene.call_id}/divergences"
    ).json()["items"]
    return found


def test_a_divergence_asks_for_one_more_review_or_a_consensus(world: World) -> None:
    scene = Scene(world, reviewers=3, divergence_threshold=2_500)
    scene.reviewed(0, 0, ("5", "1", "10"))
    assert divergences(scene) == []
    scene.reviewed(0, 1, ("3", "2", "5"))
    (found,) = divergences(scene)
    assert (found["spread"], found["threshold"], found["state"]) == ("50.00", "25.00", "asked")
    assert found["asks"] == ["extra_reviewer", "consensus"]
    refused = rank(scene)
    assert refused.status_code == 409, refused.text
    assert scene.proposals[0].code in refused.json()["errors"][0]["detail"]
    flagged = rank(scene, accept_divergences=True)
    assert flagged.json()["result"]["rows"][0]["divergence"] == "asked"
    place = scene.assigned(0, 2, is_extra=True)
    assert divergences(scene)[0]["state"] == "awaited"
    assert submit(scene.reviewers[2], place, draft("4", "2", "5")).status_code == 200
    assert divergences(scene)[0]["state"] == "extra_review"
    assert rank(scene).status_code == 201


def test_a_spread_equal_to_the_threshold_is_none(world: World) -> None:
    scene = Scene(world, reviewers=2, divergence_threshold=5_000)
    scene.reviewed(0, 0, ("5", "1", "10"))
    scene.reviewed(0, 1, ("3", "2", "5"))
    assert divergences(scene) == []


def test_a_consensus_stands_beside_the_reviews(world: World) -> None:
    scene = Scene(world, reviewers=2, divergence_threshold=1_000)
    first, second = scene.reviewed(0, 0, ("5", "1", "10")), scene.reviewed(0, 1)
    aliases = [one["alias"] for one in scene.officer.get("/v1/reviews").json()["items"]]
    proposal = f"/v1/proposals/{scene.proposals[0].id}"
    # Others' reviews stay closed until an officer opens them.
    assert scene.reviewers[0].get(f"{first}/others").status_code == 404
    opened = scene.officer.post(f"{proposal}/open_reviews", json={"reason": "They lie apart."})
    assert opened.json() == {"reviews": 2}, opened.text
    others = scene.reviewers[0].get(f"{first}/others").json()["reviews"]
    assert [(one["weighted"], len(one["marks"])) for one in others] == [("50.00", 3)]
    assert "private_note" not in others[0]
    body = {"minutes": MINUTES, "agreed": "72.50", "participants": aliases}
    stranger = body | {"participants": ["Reviewer 99999"]}
    assert scene.officer.post(f"{proposal}/consensus", json=stranger).status_code == 422
    settled = scene.officer.post(f"{proposal}/consensus", json=body)
    assert settled.status_code == 201, settled.text
    assert divergences(scene)[0]["state"] == "consensus"
    row = rank(scene, order="agreed").json()["result"]["rows"][0]
    assert (row["raw"], row["agreed"]) == (7_500, 7_250)
    assert len(scene.officer.get(f"/v1/calls/{scene.call_id}/consensuses").json()["items"]) == 1
    # What is returned and comes again opens the question anew.
    review = scene.officer.get("/v1/reviews").json()["items"][1]["id"]
    assert scene.officer.post(f"/v1/reviews/{review}/return", json={"reason": "See 2."}).is_success
    assert scene.reviewers[1].get(f"{second}/others").status_code == 404
    assert submit(scene.reviewers[1], second, draft("2", "2", "5")).is_success
    assert divergences(scene)[0]["state"] == "asked"


def test_reviews_are_not_opened_while_one_is_to_come(pair: Scene) -> None:
    pair.reviewed(0, 0)
    proposal = f"/v1/proposals/{pair.proposals[0].id}"
    alone = pair.officer.post(f"{proposal}/open_reviews", json={"reason": "Early."})
    assert alone.status_code == 409
    pair.assigned(0, 1)
    early = pair.officer.post(f"{proposal}/open_reviews", json={"reason": "Early."})
    assert early.status_code == 409
    aliases = [one["alias"] for one in pair.officer.get("/v1/reviews").json()["items"]]
    body = {"minutes": MINUTES, "agreed": None, "participants": aliases}
    assert pair.officer.post(f"{proposal}/consensus", json=body).status_code == 409


def test_a_ranking_is_kept_as_it_came_out(world: World) -> None:
    scene = Scene(world, proposals=4, reviewers=2)
    for number, marks in enumerate((("5", "1", "10"), ("3", "2", "5"), ("3", "2", "5"))):
        scene.reviewed(number, 0, marks)
        scene.reviewed(number, 1, marks)
    made = rank(scene, seed=7, line={"count": 1})
    assert made.status_code == 201, made.text
    result = made.json()["result"]
    rows = [(one["code"], one["raw"], one["rank"], one["is_tied"]) for one in result["rows"]]
    codes = [one.code for one in scene.proposals]
    tied = sorted(codes[1:3])
    assert rows == [
        (codes[0], 10_000, 1, False), (tied[0], 5_000, 2, True), (tied[1], 5_000, 2, True),
        (codes[3], None, 4, False),
    ]  # fmt: skip
    assert result["rows"][0]["raw_standing"] == "above"
    assert not result["calibration"]["verdict"]["possible"]
    assert "too few" in result["calibration"]["verdict"]["reasons"][0]["text"]
    assert result["rows"][0]["adjusted"] is None, "no copy of the raw score under another name"
    place = made.headers["location"]
    kept = scene.board.get(place).json()
    assert kept["result"] == result
    assert kept["sha256"] == hashlib.sha256(canonical(result).encode()).hexdigest()
    assert rank(scene, seed=7, line={"count": 1}).json()["sha256"] == kept["sha256"]
    assert len(scene.board.get(f"/v1/calls/{scene.call_id}/rankings").json()["items"]) == 2
    refused = rank(scene, order="adjusted")
    assert refused.status_code == 409, refused.text
    with world.database.read() as db:
        latest = rankings.latest(db, scene.call_id)
        assert latest is not None
        found = rankings.ranked(db, latest)
        first = found[0]
        assert (first.proposal_id, first.raw, first.rank) == (scene.proposals[0].id, 10_000, 1)
        assert (found[3].raw, found[3].reviews, found[1].is_tied) == (None, 0, True)
        assert checks.run(db) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"line": {}}, "/line"),
        ({"line": {"count": 1, "amount": {"amount": "5.00", "currency": "USD"}}}, "/line"),
        ({"line": {"amount": {"amount": "5.00", "currency": "EUR"}}}, "/line/amount/currency"),
        ({"line": {"count": 0}}, "/line/count"),
        ({"seed": -1}, "/seed"),
        ({"seed": 2**31}, "/seed"),
        ({"draws": 5001}, "/draws"),
        ({"order": "best"}, "/order"),
    ],
)
def test_a_wrong_question_is_refused(idle: Scene, body: dict[str, Any], pointer: str) -> None:
    refused = rank(idle, **body)
    assert refused.status_code == 422, refused.text
    assert [one["pointer"] for one in refused.json()["errors"]] == [pointer]


def test_nothing_is_ranked_without_a_score(lone: Scene) -> None:
    assert rank(lone).status_code == 409
    lone.reviewed(0, 0, (None, None, None))  # type: ignore[arg-type]
    assert rank(lone).status_code == 409


def test_only_the_board_and_officers_see_rankings(world: World, lone: Scene) -> None:
    lone.reviewed()
    place = rank(lone).headers["location"]
    for role, status in (
        (Role.BOARD_MEMBER, 200), (Role.AUDITOR, 200), (Role.REVIEWER, 403), (Role.DONOR, 403),
    ):  # fmt: skip
        party = lone.parties[0].id if role is Role.DONOR else None
        assert world.as_role(role, party_id=party).get(place).status_code == status, role
    elsewhere = world.as_role(Role.BOARD_MEMBER, fund_id=Scene(world, reviewers=0).fund_id)
    assert elsewhere.get(place).status_code == 404
    assert lone.board.post(f"/v1/calls/{lone.call_id}/rankings", json={}).status_code == 403


def filled(scene: Scene, seed: int) -> None:
    """Write reviews of every proposal by every reviewer straight into the tables."""
    dice = random.Random(seed)
    with scene.writing() as db:
        ids = list(db.execute(select(Reviewer.id)).scalars())
        for proposal in scene.proposals:
            merit = dice.gauss(60, 10)
            for number, reviewer in enumerate(ids):
                assignment = Assignment(
                    id=uuid7(), call_id=scene.call_id, proposal_id=proposal.id,
                    reviewer_id=reviewer, alias=f"Reviewer {number}", blind_code=uuid7().hex[:20],
                    position=1, is_extra=False, status="submitted", invited_at=clock.now(),
                    last_number=0,
                )  # fmt: skip
                db.add(assignment)
                db.flush()
                score = merit + 8 * (number % 3 - 1) + dice.gauss(0, 4)
                db.add(
                    Review(
                        id=uuid7(), assignment_id=assignment.id, proposal_id=proposal.id,
                        number=1, weighted=round(100 * min(100, max(0, score))), sha256="0" * 64,
                        status="submitted", submitted_at=clock.now(),
                    )
                )  # fmt: skip
                db.flush()


def test_adjusted_scores_stand_beside_the_raw_ones(world: World) -> None:
    scene = Scene(world, proposals=12, reviewers=6)
    filled(scene, 3)
    result = rank(scene, seed=1, order="adjusted", line={"count": 4}).json()["result"]
    assert result["calibration"]["verdict"]["possible"]
    assert {one["alias"] for one in result["calibration"]["severity"]} == {
        f"Reviewer {number}" for number in range(6)
    }
    for row in result["rows"]:
        assert row["raw"] is not None
        assert row["adjusted"] is not None
        assert None not in row["places"].values()
        assert 1 <= row["low_rank"] <= row["high_rank"] <= 12
    ranks = [row["places"]["adjusted"]["number"] for row in result["rows"]]
    assert ranks == sorted(ranks) == [row["rank"] for row in result["rows"]]
    text = json.dumps(result)
    assert not any(one in text for one in scene.reviewer_ids), "pseudonyms only"


def test_ranking_takes_as_many_queries_for_many_as_for_few(world: World) -> None:
    few, many = Scene(world, proposals=2, reviewers=2), Scene(world, proposals=9, reviewers=2)
    counts = []
    for scene in (few, many):
        filled(scene, 1)
        with counted(world.database) as seen:
            assert rank(scene, seed=1).status_code == 201
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_ranking_changed_behind_our_back_is_refused_or_found(world: World, lone: Scene) -> None:
    lone.reviewed()
    rank(lone)
    with pytest.raises(Exception, match=r"append-only|refuse"), lone.writing() as db:
        db.execute(update(Ranking).values(result="{}"))
    with world.database.read() as db:
        assert checks.run(db) == []
    with lone.writing() as db:
        db.add(
            Ranking(
                id=uuid7(), call_id=lone.call_id, seed=1, parameters="{}", result="{}",
                sha256="0" * 64, computed_at=clock.now(),
            )
        )  # fmt: skip
    with world.database.read() as db:
        assert [name for name, _ in checks.run(db)] == ["rankings_sealed"]


def test_reviews_that_change_meanwhile_are_noticed(
    pair: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.reviewed(0, 0)
    real = rankings.compute

    def meanwhile(*args: Any) -> Any:
        found = real(*args)
        pair.reviewed(0, 1)
        return found

    monkeypatch.setattr(rankings, "compute", meanwhile)
    assert rank(pair).json()["type"].endswith("busy")
    monkeypatch.undo()
    assert rank(pair).status_code == 201
