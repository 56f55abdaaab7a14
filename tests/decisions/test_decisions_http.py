"""Decisions over HTTP: who sees what, two boards at once, and what a list costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event, func, select

from fundops import audit, clock
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.db import Database
from fundops.decisions import boards, confirming
from fundops.decisions.models import Board
from fundops.decisions.schemas import ConfirmIn
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.proposals.models import Proposal
from fundops.reviews import conflicts
from tests.decisions.factories import (
    Room,
    a_board,
    a_call,
    a_proposal,
    a_ranking,
    a_room,
    all_vote,
    an_item,
    closed,
    decided,
)
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import for_country
from tests.staged import staged
from tests.world import Caller, World


@dataclass
class Scene:
    """A fund with a call and callers for each duty."""

    room: Room
    officer: Caller
    manager: Caller
    approver: Caller
    members: tuple[Caller, ...]


def a_scene(world: World, **given: Any) -> Scene:
    """Return a room whose persons have tokens."""
    officer = world.as_role(Role.GRANT_OFFICER)
    manager, approver = world.as_role(Role.FUND_MANAGER), world.as_role(Role.APPROVER)
    members = tuple(world.as_role(Role.BOARD_MEMBER) for _ in range(3))
    with world.database.write() as db:
        room = a_room(db, members=0, **given)
    room.officer, room.manager, room.approver = officer.actor, manager.actor, approver.actor
    room.members = tuple(one.actor for one in members)
    return Scene(room, officer, manager, approver, members)


scene = staged(a_scene)


def board_body(scene: Scene) -> dict[str, Any]:
    """Return the body of a board of all members that meets today."""
    return {
        "call_id": str(scene.room.call.id),
        "title": "Spring session",
        "meets_on": clock.today("UTC").isoformat(),
        "quorum": 2,
        "members": [{"person_id": str(one.person_id)} for one in scene.room.members],
    }


def item_body(proposal: Proposal) -> dict[str, Any]:
    """Return the body of an award of what a proposal asks."""
    amount = f"{(proposal.requested_minor or 0) / 100:.2f}"
    return {
        "proposal_id": str(proposal.id),
        "outcome": "award",
        "amount": {"amount": amount, "currency": "USD"},
        "reason": "First on the list.",
    }


def test_a_board_from_its_preparation_to_its_awards(world: World, scene: Scene) -> None:
    with world.database.write() as db:
        proposal = a_proposal(db, scene.room.call)
    made = scene.officer.post("/v1/boards", json=board_body(scene))
    assert made.status_code == 201, made.text
    board_id = made.json()["id"]
    assert made.headers["location"] == f"/v1/boards/{board_id}"
    added = scene.officer.post(f"/v1/boards/{board_id}/items", json=item_body(proposal))
    assert added.status_code == 201, added.text
    item_id = added.json()["id"]
    again = scene.officer.post(f"/v1/boards/{board_id}/items", json=item_body(proposal))
    assert again.status_code == 409
    changed = scene.officer.patch(
        f"/v1/boards/{board_id}/items/{item_id}",
        json={"amount": {"amount": "90.00", "currency": "USD"}},
        headers={"if-match": added.headers["etag"]},
    )
    assert changed.json()["amount"]["amount"] == "90.00"
    assert scene.officer.post(f"/v1/boards/{board_id}/open").status_code == 200
    told = scene.members[0].get(f"/v1/boards/{board_id}").json()["items"][0]
    assert told["proposal_title"] == proposal.title
    flag = {"country": proposal.country, "reason": "Shelters have been attacked."}
    assert scene.officer.post("/v1/places_at_risk", json=flag).status_code == 201
    told = scene.members[0].get(f"/v1/boards/{board_id}").json()["items"][0]
    assert told["proposal_title"] == "Withheld for safety"
    for member in scene.members:
        said = member.post(f"/v1/board_items/{item_id}/vote", json={"vote": "for"})
        assert said.status_code == 200, said.text
    minutes = {"minutes": "All agreed."}
    over = scene.officer.post(f"/v1/boards/{board_id}/close", json=minutes)
    assert over.json()["items"][0]["status"] == "carried"
    assert scene.officer.post(f"/v1/boards/{board_id}/confirm", json={}).status_code == 403
    assert scene.manager.post(f"/v1/boards/{board_id}/confirm", json={}).status_code == 200
    assert scene.manager.post(f"/v1/boards/{board_id}/confirm", json={}).status_code == 409
    done = scene.approver.post(f"/v1/boards/{board_id}/confirm", json={})
    assert done.json()["status"] == "confirmed"
    grant_id = done.json()["items"][0]["grant_id"]
    grant = scene.manager.get(f"/v1/grants/{grant_id}").json()
    assert (grant["awarded"]["amount"], grant["proposal_id"]) == ("90.00", str(proposal.id))


def test_votes_are_named_to_officers_and_counted_for_members_only_once_closed(
    world: World,
    scene: Scene,
) -> None:
    with world.database.write() as db:
        board = a_board(db, scene.room)
        an_item(db, scene.room, board, a_proposal(db, scene.room.call))
        boards.open_board(db, scene.room.officer, scene.room.call, board)
        all_vote(db, scene.room, board, but=[scene.room.members[2].person_id])
    path = f"/v1/boards/{board.id}"
    (mine,) = scene.members[0].get(path).json()["items"]
    assert (mine["my_vote"], mine["tally"], mine["votes"], mine["recusals"]) == (
        "for", None, None, None,
    )  # fmt: skip
    (named,) = scene.officer.get(path).json()["items"]
    assert {one["person_id"] for one in named["votes"]} == {
        str(one.person_id) for one in scene.room.members[:2]
    }
    (approvers,) = scene.approver.get(path).json()["items"]
    assert approvers["votes"] is None
    with world.database.write() as db:
        closed(db, scene.room, db.get_one(Board, board.id))
    (counted,) = scene.members[0].get(path).json()["items"]
    assert counted["tally"] == {
        "votes_for": 2, "votes_against": 0, "abstained": 0, "entitled": 3,
    }  # fmt: skip
    assert counted["votes"] is None


def test_boards_that_one_may_not_see_do_not_exist(world: World, scene: Scene) -> None:
    with world.database.write() as db:
        board = a_board(db, scene.room)
        proposal = a_proposal(db, scene.room.call)
        item = an_item(db, scene.room, board, proposal)
        elsewhere = a_fund(db).id
    strangers = [
        world.as_role(Role.BOARD_MEMBER),
        world.as_role(Role.GRANT_OFFICER, fund_id=elsewhere),
        world.as_role(Role.AUDITOR, fund_id=elsewhere),
    ]
    for stranger in strangers:
        assert stranger.get(f"/v1/boards/{board.id}").status_code == 404
        assert stranger.get(f"/v1/boards/{board.id}/items/{item.id}").status_code == 404
        assert stranger.get("/v1/boards").json()["items"] == []
        assert stranger.get(f"/v1/calls/{scene.room.call.id}/funding_line").status_code == 404
    voted = strangers[0].post(f"/v1/board_items/{item.id}/vote", json={"vote": "for"})
    assert voted.status_code == 404
    assert scene.manager.get(f"/v1/boards/{board.id}").status_code == 200
    assert scene.members[0].get(f"/v1/boards/{board.id}").status_code == 200
    applicant = world.as_role(Role.GRANTEE, party_id=proposal.party_id)
    assert applicant.get(f"/v1/boards/{board.id}").status_code == 403


def confirm_together(database: Database, room: Room, ready: list[Board]) -> list[str]:
    """Confirm boards for the second time at the same moment; return what came of each."""
    barrier = Barrier(len(ready))

    def one(board: Board) -> str:
        barrier.wait()
        try:
            with database.write() as db:
                audit.lock_head(db)
                call, its = db.get_one(Call, room.call.id), db.get_one(Board, board.id)
                confirming.confirm(db, room.approver, call, its, ConfirmIn())
        except Problem as problem:
            return problem.slug
        return "done"

    with ThreadPoolExecutor(len(ready)) as pool:
        return sorted(pool.map(one, ready))


@pytest.mark.parametrize("bound", ["envelope", "cash"])
def test_of_two_boards_at_once_one_has_the_last_money(database: Database, bound: str) -> None:
    with database.write() as db:
        rich, narrow = (1_000_000, 50_000) if bound == "envelope" else (50_000, 1_000_000)
        room = a_room(db, cash=rich, envelope=narrow)
        ready = []
        for _ in range(4):
            board = a_board(db, room)
            an_item(db, room, board, a_proposal(db, room.call, 30_000))
            decided(db, room, board)
            confirming.confirm(db, room.manager, room.call, board, ConfirmIn())
            ready.append(board)
    outcomes = confirm_together(database, room, ready)
    slug = "insufficient-funds" if bound == "envelope" else "not-fundable"
    assert outcomes == ["done", slug, slug, slug]
    with database.read() as db:
        assert db.execute(select(func.sum(Grant.awarded_minor))).scalar_one() == 30_000
        statuses = db.execute(select(Proposal.status)).scalars().all()
        assert sorted(statuses) == ["awarded", "eligible", "eligible", "eligible"]


def test_an_envelope_that_nobody_counted_would_be_noticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fundops.grants.awarding.refuse_beyond", lambda *_: None)
    with pytest.raises(AssertionError):
        test_of_two_boards_at_once_one_has_the_last_money(database, "envelope")


def test_the_line_names_the_tie_and_the_earmark_that_binds(world: World) -> None:
    scene = a_scene(world, cash=0, envelope=50_000)
    room = scene.room
    with world.database.write() as db:
        a_lot(db, room.fund, 40_000, earmark=for_country("KE"), category=3)
        best, nepal, tied, alike = (
            a_proposal(db, room.call, 10_000),
            a_proposal(db, room.call, 10_000, country="NP"),
            a_proposal(db, room.call, 30_000),
            a_proposal(db, room.call, 30_000),
        )
        unscored = a_proposal(db, room.call, 10_000)
        scores = [(best, 9_000), (nepal, 8_000), (tied, 7_000), (alike, 7_000), (unscored, None)]
        a_ranking(db, room.call, scores)
    line = scene.officer.get(f"/v1/calls/{room.call.id}/funding_line").json()
    assert [(one["code"], one["place"], one["reason"]) for one in line["items"]] == [
        (best.code, "above", None),
        (nepal.code, "skipped", "earmarks"),
        (tied.code, "tied", "tie"),
        (alike.code, "tied", "tie"),
        (unscored.code, "unranked", "no_score"),
    ]
    assert line["tie"] == [str(tied.id), str(alike.id)]
    assert line["first_refused"] == str(nepal.id)
    assert line["refused_together"] == [str(nepal.id)]
    assert line["fundable_together"] is False
    ties = {one["sentence"] for one in line["items"] if one["place"] == "tied"}
    assert len(ties) == 1
    assert "600.00 USD, and 300.00 USD of the fund's money" in ties.pop()
    assert line["ended_by"]["reason"] == "cash"
    assert any("country" in sentence for sentence in line["binding"]["details"])
    assert line["left"] == {"amount": "400.00", "currency": "USD"}
    chosen = {"chosen": str(alike.id)}
    decided_line = scene.officer.get(f"/v1/calls/{room.call.id}/funding_line", params=chosen).json()
    places = {one["code"]: one["place"] for one in decided_line["items"]}
    assert (places[alike.code], places[tied.code]) == ("above", "below")
    other = scene.officer.get(f"/v1/calls/{room.call.id}/funding_line?order=adjusted").json()
    # Adjusted, the order is another one; raw stays what it is.
    assert other["items"][0]["code"] in {tied.code, alike.code}


def test_where_cash_ends_the_line_it_is_said_with_exact_amounts(world: World) -> None:
    scene = a_scene(world, cash=3_800_033, envelope=4_600_000)
    room = scene.room
    with world.database.write() as db:
        first = a_proposal(db, room.call, 2_949_156)
        tied, alike = (a_proposal(db, room.call, 700_000) for _ in range(2))
        small = a_proposal(db, room.call, 299_997)
        a_ranking(db, room.call, [(first, 9_000), (tied, 7_000), (alike, 7_000), (small, 5_000)])
    path = f"/v1/calls/{room.call.id}/funding_line"
    line = scene.officer.get(path).json()
    assert [(one["place"], one["reason"], one["binds"]) for one in line["items"]] == [
        ("above", None, None),
        ("tied", "tie", "cash"),
        ("tied", "tie", "cash"),
        ("below", "ended", "cash"),
    ]
    short = "14,000.00 USD is asked for and 8,508.77 USD of the fund's money is free"
    assert line["binding"]["sentence"].startswith(short)
    assert "5,491.23 USD is missing" in line["binding"]["sentence"]
    assert line["first_refused"] in line["refused_together"]
    assert line["refused_together"] == line["tie"]
    assert line["fundable_together"] is False
    assert (line["left"]["amount"], line["free"]["amount"]) == ("16508.44", "8508.77")
    assert line["ended_by"]["asked"]["amount"] == "14000.00"
    assert line["ended_by"]["left"]["amount"] == "8508.77"
    decided_line = scene.officer.get(path, params={"chosen": str(tied.id)}).json()
    places = {one["code"]: one for one in decided_line["items"]}
    assert places[tied.code]["place"] == "above"
    assert (places[alike.code]["place"], places[alike.code]["reason"]) == ("below", "cash")
    assert "1,508.77 USD" in places[alike.code]["sentence"]
    assert decided_line["first_refused"] == str(alike.id)
    assert "earmarks" not in places[alike.code]["sentence"]


def test_the_line_says_whether_minimums_can_still_be_met(world: World) -> None:
    scene = a_scene(world, cash=100_000, envelope=100_000)
    room = scene.room
    with world.database.write() as db:
        room.call.limits = json.dumps(
            [{"dimension": "country", "code": one, "min_share": "0.2"} for one in ("NP", "UG")]
        )
        db.merge(room.call)
        kenya = a_proposal(db, room.call, 70_000)
        nepal = a_proposal(db, room.call, 25_000, country="NP")
        a_ranking(db, room.call, [(kenya, 9_000), (nepal, 8_000)])
    line = scene.officer.get(f"/v1/calls/{room.call.id}/funding_line").json()
    found = {one["code"]: one for one in line["minimums"]}
    assert found["NP"]["reached"]["amount"] == "250.00"
    assert (found["NP"]["can_be_met"], found["NP"]["missed"]["amount"]) == (True, "0.00")
    assert found["UG"]["target"]["amount"] == "200.00"
    assert (found["UG"]["can_be_met"], found["UG"]["missed"]["amount"]) == (False, "200.00")


def test_what_if_is_a_dry_run_and_says_what_choices_cost(world: World) -> None:
    scene = a_scene(world, envelope=10_000)
    room = scene.room
    with world.database.write() as db:
        large = a_proposal(db, room.call, 9_000)
        one, two = (a_proposal(db, room.call, 5_000) for _ in range(2))
        a_ranking(db, room.call, [(large, 9_000), (one, 8_000), (two, 7_000)])
    path = f"/v1/calls/{room.call.id}/what_if"
    headers = {"idempotency-key": ""}
    asked = {"forced_in": [str(large.id)]}
    found = scene.officer.post(path, json=asked, headers=headers)
    assert found.status_code == 200, found.text
    body = found.json()
    assert body["best"]["worth"] == "150.00"
    assert body["best"]["is_proven"]
    assert body["is_unique"] is True
    assert body["line"]["worth"] == "90.00"
    assert body["with_choices"]["proposals"] == [str(large.id)]
    assert [(c["code"], c["is_in"], c["cost"]) for c in body["choices"]] == [
        (large.code, True, "60.00")
    ]
    stranger = {"forced_out": [str(room.call.id)]}
    assert scene.officer.post(path, json=stranger).status_code == 422
    twice = {"forced_in": [str(one.id)], "forced_out": [str(one.id)]}
    assert scene.officer.post(path, json=twice).status_code == 422


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Collect every statement sent to the database in the block."""
    seen: list[str] = []

    def note(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engines = {database.writer, database.reader}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("what", ["detail", "list", "line", "reserve"])
def test_reading_costs_the_same_whatever_the_number(world: World, what: str) -> None:
    scene = a_scene(world, envelope=10_000_000, cash=10_000_000)
    room = scene.room
    costs = []
    for many in (2, 9):
        with world.database.write() as db:
            room.call = a_call(db, room.fund, envelope=10_000_000)
            outcome, place = ("reserve", 1) if what == "reserve" else ("award", None)
            proposals = [a_proposal(db, room.call) for _ in range(many)]
            board = a_board(db, room)
            for number, proposal in enumerate(proposals):
                its = None if place is None else number + 1
                an_item(db, room, board, proposal, outcome, place=its)
            a_ranking(db, room.call, [(one, 5_000 + n) for n, one in enumerate(proposals)])
            decided(db, room, board)
            if what == "reserve":
                confirming.confirm(db, room.manager, room.call, board, ConfirmIn())
                confirming.confirm(db, room.approver, room.call, board, ConfirmIn())
        path = {
            "detail": f"/v1/boards/{board.id}",
            "list": f"/v1/boards?call_id={room.call.id}",
            "line": f"/v1/calls/{room.call.id}/funding_line",
            "reserve": f"/v1/calls/{room.call.id}/reserve_list",
        }[what]
        scene.officer.get(path)
        with counted(world.database) as seen:
            found = scene.officer.get(path)
        assert found.status_code == 200, found.text
        assert what == "list" or len(found.json()["items"]) == many
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_the_policy_of_awards_is_changed_by_the_manager_and_told(
    world: World, scene: Scene
) -> None:
    path = f"/v1/funds/{scene.room.fund.id}"
    read = scene.manager.get(path)
    assert read.json()["award_basis"] == "cash"
    headers = {"if-match": read.headers["etag"]}
    given = {"award_basis": "instalment"}
    assert scene.officer.patch(path, json=given, headers=headers).status_code == 403
    changed = scene.manager.patch(path, json=given, headers=headers)
    assert changed.json()["award_basis"] == "instalment"
    with world.database.read() as db:
        row = db.execute(
            select(audit.AuditEvent).where(audit.AuditEvent.action == "fund.changed")
        ).scalar_one()
        assert row.person_id == scene.manager.actor.person_id
    wrong = {"award_basis": "hope"}
    again = {"if-match": changed.headers["etag"]}
    assert scene.manager.patch(path, json=wrong, headers=again).status_code == 422


def test_a_member_reads_nothing_of_a_proposal_they_have_a_conflict_with(
    world: World, scene: Scene
) -> None:
    room = scene.room
    with world.database.write() as db:
        mine, other = a_proposal(db, room.call), a_proposal(db, room.call)
        a_ranking(db, room.call, [(mine, 9_000), (other, 8_000)])
        a_board(db, room)
        member = room.members[0]
        conflicts.declare(db, member, member.person_id, "family", None, proposal=mine)
    path = f"/v1/calls/{room.call.id}/funding_line"
    codes = [one["code"] for one in scene.members[0].get(path).json()["items"]]
    assert codes == [other.code]
    assert len(scene.members[1].get(path).json()["items"]) == 2
    asked = f"/v1/calls/{room.call.id}/what_if"
    assert scene.members[0].post(asked, json={}).status_code == 409
    assert scene.members[1].post(asked, json={}).status_code == 200


def test_nobody_prepares_their_own(world: World, scene: Scene) -> None:
    room = scene.room
    with world.database.write() as db:
        proposal = a_proposal(db, room.call)
        board = a_board(db, room)
        officer = room.officer
        conflicts.declare(db, officer, officer.person_id, "family", None, proposal=proposal)
    found = scene.officer.post(f"/v1/boards/{board.id}/items", json=item_body(proposal))
    assert found.status_code == 409
    assert found.json()["type"].endswith("conflict-of-interest")
    other = scene.manager.post(f"/v1/boards/{board.id}/items", json=item_body(proposal))
    assert other.status_code == 201
