"""From a call to an award: what applicants, reviewers, members and officers must not get away with.

Each attack goes through the API, on records that the API or the factories of its domain made.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from fundops import audit, clock
from fundops.authz import Role
from fundops.ledger.models import Fund
from fundops.reviews.independence import AUDITING
from tests.attack.test_insiders import second_token, slug, with_role
from tests.factories import a_fund, a_lot
from tests.platform.corpus import VALUES
from tests.proposals.proposal_factories import an_applicant, at_time, right
from tests.reviews.review_factories import Scene, draft, save
from tests.staged import staged
from tests.world import Caller, World

SCORE = "50.00"
"""What ``Scene.reviewed`` comes to; no other number of these answers is so."""


def a_ranking(scene: Scene) -> str:
    made = scene.officer.post(
        f"/v1/calls/{scene.call_id}/rankings", json={"include_submitted": True, "draws": 100}
    )
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def a_seat(scene: Scene, caller: Caller) -> str:
    """Prepare a board on the call with ``caller`` as its only member; return its address."""
    made = scene.officer.post(
        "/v1/boards",
        json={
            "call_id": str(scene.call_id), "title": "Spring session", "mode": "meeting",
            "meets_on": clock.today("UTC").isoformat(), "quorum": 1,
            "members": [{"person_id": str(caller.actor.person_id)}],
        },
    )  # fmt: skip
    assert made.status_code == 201, made.text
    return f"/v1/boards/{made.json()['id']}"


class HalfReviewed:
    """A proposal that one of its two reviewers has reviewed, and a ranking by that."""

    def __init__(self, world: World) -> None:
        self.scene = Scene(world, proposals=1, reviewers=2)
        self.scene.reviewed(0, 1)
        self.place = self.scene.assigned(0, 0)
        self.ranking = a_ranking(self.scene)


half_reviewed = staged(HalfReviewed)


@pytest.mark.parametrize("role", [Role.BOARD_MEMBER, Role.GRANT_OFFICER, Role.FUND_MANAGER])
def test_a_second_hat_shows_no_scores_before_ones_own(
    world: World, half_reviewed: HalfReviewed, role: Role
) -> None:
    scene, place, ranking = half_reviewed.scene, half_reviewed.place, half_reviewed.ranking
    hats = with_role(world, scene.reviewers[0], role)
    if role is Role.BOARD_MEMBER:
        a_seat(scene, hats)
    call, proposal = f"/v1/calls/{scene.call_id}", f"/v1/proposals/{scene.proposals[0].id}"
    gone = [
        f"{call}/funding_line", f"{call}/funding_line?ranking_id={ranking}",
        f"{call}/reserve_list", f"{call}/rankings", f"/v1/rankings/{ranking}",
        f"{call}/divergences", f"{call}/consensuses", f"{call}/dossier", f"{proposal}/dossier",
        f"{place}/others",
    ]  # fmt: skip
    for path in gone:
        assert hats.get(path).status_code == 404, path
    assert hats.post(f"{call}/what_if", json={}).status_code == 404
    assert hats.get("/v1/reviews").json()["items"] == []
    assert hats.get(f"{proposal}/feedback").status_code in (404, 409)
    # Who reads every event in the other role, others' reviews too, does not review any more.
    saved = save(scene.reviewers[0], place, draft("3", "2", "5"))
    if role in AUDITING:
        assert saved.status_code == 404
        return
    # Once the own review is submitted, the duties of the other role are open again.
    submitted = scene.reviewers[0].post(f"{place}/submit", json={"number": saved.json()["number"]})
    assert submitted.status_code == 200, submitted.text
    line = hats.get(f"{call}/funding_line")
    assert line.status_code == 200
    if role is not Role.BOARD_MEMBER:
        assert SCORE in line.text


def test_what_an_unsubmitted_draft_says_is_not_told_by_its_likeness(world: World) -> None:
    hidden = an_applicant(world)
    hidden.start()
    hidden.save(right(summary="A safe house that nobody must know of yet, beside the ferry."))
    officer, member = world.as_role(Role.GRANT_OFFICER), world.as_role(Role.BOARD_MEMBER)
    for caller in (officer, member, world.as_role(Role.AUDITOR)):
        for what in ("overlaps", "eligibility", "versions/1", "versions/2"):
            answer = caller.get(f"{hidden.place}/{what}")
            assert answer.status_code == 404, (what, answer.text)
        assert "ferry" not in caller.get(f"{hidden.place}/attachments").text
    hidden.submitted()
    assert officer.get(f"{hidden.place}/overlaps").status_code == 200


class Decided:
    """A proposal of a real applicant on a board that has voted and closed."""

    def __init__(self, world: World) -> None:
        self.applicant = an_applicant(world)
        self.applicant.submitted()
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.manager, self.approver = world.as_role(Role.FUND_MANAGER), world.as_role(Role.APPROVER)
        self.members = [world.as_role(Role.BOARD_MEMBER) for _ in range(2)]
        call = self.applicant.call
        with world.database.write() as db:
            audit.lock_head(db)
            a_lot(db, db.get_one(Fund, call.fund_id), 10_000_000)
        self.now = call.deadline_at + timedelta(hours=2)
        clock.set_clock(lambda: self.now)
        assert self.officer.post(f"/v1/calls/{call.id}/close").status_code == 200
        self.judge()
        made = self.officer.post(
            "/v1/boards",
            json={
                "call_id": str(call.id), "title": "Spring session", "mode": "meeting",
                "meets_on": self.now.date().isoformat(), "quorum": 2,
                "members": [{"person_id": str(one.actor.person_id)} for one in self.members],
            },
        )  # fmt: skip
        self.board = f"/v1/boards/{made.json()['id']}"
        added = self.officer.post(
            f"{self.board}/items",
            json={
                "proposal_id": self.applicant.id, "outcome": "award", "reason": "First.",
                "amount": {"amount": "12500.50", "currency": "USD"},
            },
        )  # fmt: skip
        assert added.status_code == 201, added.text
        self.item = f"/v1/board_items/{added.json()['id']}"
        self.later(minutes=1)
        assert self.officer.post(f"{self.board}/open").status_code == 200
        for one in self.members:
            assert one.post(f"{self.item}/vote", json={"vote": "for"}).status_code == 200
        closed = self.officer.post(f"{self.board}/close", json={"minutes": "All agreed."})
        assert closed.status_code == 200

    def later(self, **by: float) -> None:
        """Put the clock forward."""
        self.now += timedelta(**by)

    def judge(self) -> None:
        """Declare the proposal eligible."""
        given = {"verdict": "eligible", "reason": "All in order."}
        path = f"{self.applicant.place}/decide_eligibility"
        assert self.officer.post(path, json=given).status_code == 200

    def reopened(self) -> None:
        """Let an officer reopen the proposal for an hour."""
        until = (self.now + timedelta(hours=1)).isoformat()
        given = {"reason": "A small correction.", "until_at": until}
        answer = self.officer.post(f"{self.applicant.place}/reopen", json=given)
        assert answer.status_code == 200, answer.text


def in_its_own_time(world: World) -> Decided:
    """Return a proposal that is decided on, in a time that ends with it."""
    try:
        return Decided(world)
    finally:
        clock.set_clock(None)


made_decided = staged(in_its_own_time)


@pytest.fixture
def decided(made_decided: Decided) -> Iterator[Decided]:
    clock.set_clock(lambda: made_decided.now)
    yield made_decided
    clock.set_clock(None)


def test_nothing_is_awarded_but_what_the_board_voted_on(decided: Decided) -> None:
    decided.later(minutes=1)
    decided.reopened()
    other = right(title="Quite another project", country="UG")
    assert decided.applicant.save(other).status_code == 200
    assert decided.applicant.submit().status_code == 200
    decided.later(hours=2)
    decided.judge()
    for caller in (decided.manager, decided.approver):
        answer = caller.post(f"{decided.board}/confirm", json={})
        assert (answer.status_code, slug(answer)) == (409, "conflict"), answer.text
    assert decided.manager.get("/v1/grants").json()["items"] == []


def test_nothing_changes_between_two_confirmations(decided: Decided) -> None:
    decided.later(minutes=1)
    assert decided.manager.post(f"{decided.board}/confirm", json={}).status_code == 200
    decided.reopened()
    assert decided.applicant.save(right(title="Quite another project")).status_code == 200
    assert decided.applicant.submit().status_code == 200
    decided.later(hours=2)
    decided.judge()
    assert decided.approver.post(f"{decided.board}/confirm", json={}).status_code == 409
    assert decided.manager.get("/v1/grants").json()["items"] == []


def test_one_person_does_not_confirm_twice(world: World, decided: Decided) -> None:
    manager = with_role(world, decided.manager, Role.APPROVER)
    assert manager.post(f"{decided.board}/confirm", json={}).status_code == 200
    for caller in (manager, second_token(world, manager)):
        answer = caller.post(f"{decided.board}/confirm", json={})
        assert (answer.status_code, slug(answer)) == (409, "same-person")
    for member in decided.members:
        with_role(world, member, Role.FUND_MANAGER)
        answer = member.post(f"{decided.board}/confirm", json={})
        assert (answer.status_code, slug(answer)) == (409, "same-person")
    # Neither do votes, items or members change any more.
    vote = decided.members[0].post(f"{decided.item}/vote", json={"vote": "against"})
    assert slug(vote) == "wrong-status"
    seat = {"person_id": str(manager.actor.person_id)}
    assert decided.officer.post(f"{decided.board}/members", json=seat).status_code == 409
    tag = {"if-match": decided.officer.get(f"{decided.board}").headers["etag"]}
    changed = decided.officer.patch(decided.board, json={"quorum": 1}, headers=tag)
    assert slug(changed) == "wrong-status"
    assert decided.approver.post(f"{decided.board}/confirm", json={}).status_code == 200
    again = decided.approver.post(f"{decided.board}/confirm", json={})
    assert slug(again) == "wrong-status"
    assert len(decided.manager.get("/v1/grants").json()["items"]) == 1


def test_a_reviewed_proposal_is_not_changed_under_its_reviews(world: World) -> None:
    scene = Scene(world, proposals=1, reviewers=2)
    done, open_ = scene.reviewed(0, 1), scene.assigned(0, 0)
    proposal = f"/v1/proposals/{scene.proposals[0].id}"
    until = (clock.now() + timedelta(hours=1)).isoformat()
    given = {"reason": "A small correction.", "until_at": until}
    refused = scene.officer.post(f"{proposal}/reopen", json=given)
    assert (refused.status_code, slug(refused)) == (409, "conflict")
    reviews = scene.board.get("/v1/reviews").json()["items"]
    back = scene.officer.post(
        f"/v1/reviews/{reviews[0]['id']}/return", json={"reason": "The proposal will change."}
    )
    assert back.status_code == 200, back.text
    assert scene.officer.post(f"{proposal}/reopen", json=given).status_code == 200
    # Until it is settled what it says, nobody's review of it becomes final.
    for place, reviewer in ((done, scene.reviewers[1]), (open_, scene.reviewers[0])):
        saved = save(reviewer, place, draft("3", "2", "5"))
        assert saved.status_code == 200, saved.text
        number = {"number": saved.json()["number"]}
        assert slug(reviewer.post(f"{place}/submit", json=number)) == "conflict"
        with at_time(clock.now() + timedelta(hours=2)):
            assert reviewer.post(f"{place}/submit", json=number).status_code == 200


def seated(world: World) -> tuple[Scene, str]:
    """Return a scene whose proposal asks for 12,500.50, and a board on its call."""
    scene = Scene(world, proposals=1)
    with scene.writing() as db:
        proposal = db.get_one(type(scene.proposals[0]), scene.proposals[0].id)
        proposal.requested_minor = 12_500_50
    return scene, a_seat(scene, scene.board)


seat = staged(seated)


@pytest.mark.parametrize(
    "amount",
    [
        {"amount": "0.00", "currency": "USD"}, {"amount": "-1.00", "currency": "USD"},
        {"amount": "12500.51", "currency": "USD"}, {"amount": "1.00", "currency": "EUR"},
        {"amount": "1e3", "currency": "USD"}, {"amount": "NaN", "currency": "USD"}, None,
    ],
)  # fmt: skip
def test_amounts_that_no_board_may_award(seat: tuple[Scene, str], amount: Any) -> None:
    scene, board = seat
    given = {
        "proposal_id": str(scene.proposals[0].id), "outcome": "award", "amount": amount,
        "reason": "First.",
    }  # fmt: skip
    answer = scene.officer.post(f"{board}/items", json=given)
    assert answer.status_code == 422, answer.text


def spoiled(content: Any, value: Any) -> Iterator[Any]:
    """Yield ``content`` with each leaf and each branch in turn replaced by ``value``."""

    def places(node: Any, way: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        if way:
            yield way
        if isinstance(node, dict | list):
            for key, one in node.items() if isinstance(node, dict) else enumerate(node):
                yield from places(one, (*way, key))

    for way in places(content, ()):
        made = copy.deepcopy(content)
        node = made
        for key in way[:-1]:
            node = node[key]
        node[way[-1]] = value
        yield made


HOSTILE = [
    *(one for one in VALUES if not (isinstance(one, str) and len(one) > 10_000)),
    "sNaN", "NaN", "-Infinity", "1e400", "1e-400", "9" * 300, "=1+1", "@SUM(A1)", "\u0000",
    "２０２７-01-01", "2027-02-30", "²", "½", [0], {"a": {"b": []}}, 1e308, -0.0,
]  # fmt: skip


def test_a_seat_on_the_board_does_not_tell_who_is_at_risk(world: World) -> None:
    told: dict[str, Any] = {
        "name": "Zebra Shelter",
        "public_label": "A protected organisation",
        "country": "UG",
    }
    applicant = an_applicant(world, is_at_risk=True, **told)
    applicant.submitted(
        right(country="UG", places=["Zanzibarville"], summary="Run by Zebra Shelter.")
    )
    place = applicant.place
    call = f"/v1/calls/{applicant.call.id}"
    version = applicant.caller.get(place).json()["submitted_number"]
    content = f"{place}/versions/{version}"
    assert "Zanzibarville" in applicant.caller.get(content).text
    assert "Zanzibarville" in world.as_role(Role.GRANT_OFFICER).get(content).text
    member = world.as_role(Role.BOARD_MEMBER)
    for path in (content, f"{place}/attachments", f"{place}/eligibility"):
        assert member.get(path).status_code == 404, path
    everything = [
        place, "/v1/proposals", "/v1/proposals?sort=code", "/v1/proposals?country=UG",
        f"{place}/versions", f"{place}/receipts", f"{place}/overlaps", f"{place}/feedback",
        f"{call}/totals?by=country", "/v1/coverage?by=country", "/v1/grants",
    ]  # fmt: skip
    for path in everything:
        said = member.get(path).text
        for secret in ("Zebra", "Zanzibarville", "UG", "Uganda", "PTY-"):
            assert f'"{secret}' not in said, (path, secret)
            assert f" {secret}" not in said, (path, secret)
    assert member.get("/v1/proposals?country=UG").json()["items"] == []


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Send requests at the same time; return their answers."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [one.result() for one in [pool.submit(call) for call in calls]]


def test_at_once_one_person_counts_once(world: World, decided: Decided) -> None:
    """One person with two tokens at the same time is still one, whatever the order."""
    other = second_token(world, decided.manager)
    path = f"{decided.board}/confirm"
    answers = at_once(
        *(lambda who=who: who.post(path, json={}) for who in (decided.manager, other))
    )
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert decided.manager.get("/v1/grants").json()["items"] == []
    # An answer is kept for the person who asked: another's key is no way to it, nor a replay of it.
    key = {"idempotency-key": "a-key-that-two-persons-share-0001"}
    first = decided.approver.post(path, json={}, headers=key)
    assert first.status_code == 200, first.text
    again = decided.approver.post(path, json={}, headers=key)
    assert (again.status_code, again.text) == (200, first.text)
    assert decided.manager.post(path, json={}, headers=key).status_code == 409
    assert decided.members[0].post(path, json={}, headers=key).status_code == 403
    assert len(decided.manager.get("/v1/grants").json()["items"]) == 1


def test_at_once_a_member_has_one_vote(world: World) -> None:
    scene = Scene(world, proposals=1)
    voters = [scene.board, world.as_role(Role.BOARD_MEMBER)]
    board = a_seat(scene, scene.board)
    item = scene.officer.post(
        f"{board}/items",
        json={
            "proposal_id": str(scene.proposals[0].id), "outcome": "award", "reason": "First.",
            "amount": {"amount": "100.00", "currency": "USD"},
        },
    ).json()["id"]  # fmt: skip
    assert scene.officer.post(f"{board}/open").status_code == 200
    path = f"/v1/board_items/{item}/vote"
    answers = at_once(
        *(
            lambda vote=vote: scene.board.post(path, json={"vote": vote})
            for vote in ("for", "against", "for", "abstain")
        )
    )
    assert all(one.status_code in (200, 409, 503) for one in answers), [a.text for a in answers]
    told = scene.officer.get(board).json()["items"][0]
    tally = told["tally"]
    assert tally["votes_for"] + tally["votes_against"] + tally["abstained"] == 1
    assert len(told["votes"]) == 1
    # Who does not sit on the board votes on nothing, and neither does who prepared it.
    assert voters[1].post(path, json={"vote": "for"}).status_code == 404
    assert scene.officer.post(path, json={"vote": "for"}).status_code == 403
    both = with_role(world, scene.officer, Role.BOARD_MEMBER)
    assert both.post(path, json={"vote": "for"}).status_code == 404


def test_a_workbook_shows_formulas_as_text(world: World) -> None:
    hostile = ('=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "@(1+1)", "-2+3")
    applicant = an_applicant(world)
    content = right(title=hostile[0])
    content["budget"][0] |= {"description": hostile[1], "unit": hostile[2]}
    content["budget"][1]["description"] = hostile[3]
    applicant.submitted(content)
    officer = world.as_role(Role.GRANT_OFFICER)
    for who, path in (
        (officer, f"/v1/calls/{applicant.call.id}/dossier"),
        (officer, f"{applicant.place}/dossier"),
        (applicant.caller, f"{applicant.place}/workbook"),
    ):
        answer = who.get(path)
        assert answer.status_code == 200
        cells = [
            cell
            for sheet in openpyxl.load_workbook(BytesIO(answer.content))
            for row in sheet.iter_rows()
            for cell in row
            if any(one in str(cell.value) for one in hostile)
        ]
        assert {cell.data_type for cell in cells} == {"s"}
        assert len(cells) >= len(hostile), path


@pytest.mark.parametrize(
    "turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, 5))]
)
def test_whatever_a_draft_holds_nothing_fails(world: World, turn: int) -> None:
    """Drafts take almost anything; reading, filling in, checking and sending them never fails."""
    applicant = an_applicant(world)
    applicant.start()
    officer = world.as_role(Role.GRANT_OFFICER)
    taken = 0
    for number, value in enumerate(HOSTILE):
        for place, made in enumerate(spoiled(right(), value)):
            if (7 * number + place) % 200 != 40 * turn:
                continue
            saved = applicant.save(made)
            assert saved.status_code in (200, 400, 422), (value, place, saved.text)
            if saved.status_code != 200:
                continue
            taken += 1
            for what in ("workbook", "draft", "eligibility"):
                assert applicant.caller.get(f"{applicant.place}/{what}").status_code == 200
            checked = applicant.caller.post(f"{applicant.place}/validate", json={})
            assert checked.status_code == 200, (value, place, checked.text)
            sent = applicant.submit()
            expected = 200 if checked.json()["is_right"] else 422
            assert sent.status_code == expected, (value, place, sent.text)
            if expected == 200:
                for path in (f"{applicant.place}/overlaps", f"{applicant.place}/dossier"):
                    assert officer.get(path).status_code == 200, (value, place)
    assert taken > 5


OTHERS = (
    Role.GRANT_OFFICER, Role.FUND_MANAGER, Role.AUDITOR, Role.APPROVER, Role.BOARD_MEMBER,
)  # fmt: skip


@pytest.mark.parametrize("role", OTHERS)
def test_another_funds_people_find_nothing_of_it(
    world: World, decided: Decided, role: Role
) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund_id = a_fund(db).id
    other = world.as_role(role, fund_id=fund_id)
    applicant, call = decided.applicant, f"/v1/calls/{decided.applicant.call.id}"
    item = decided.item.replace("/v1/board_items", f"{decided.board}/items")
    gone = [
        decided.board, item, applicant.place, f"{call}/funding_line", f"{call}/reserve_list",
        f"{call}/rankings", f"{call}/divergences", f"{call}/consensuses", f"{call}/dossier",
        *(
            f"{applicant.place}/{what}"
            for what in (
                "versions", "versions/3", "attachments", "receipts", "eligibility", "overlaps",
                "feedback", "dossier", "draft", "workbook",
            )
        ),
    ]  # fmt: skip
    for path in gone:
        assert other.get(path).status_code in (403, 404), path
    for path in ("/v1/boards", "/v1/proposals", "/v1/reviews", "/v1/coverage", "/v1/grants"):
        answer = other.get(path)
        assert answer.status_code == 403 or answer.json()["items"] == [], path
    reopening = {"reason": "It is not mine.", "until_at": "2199-01-01T00:00:00Z"}
    verdict = {"verdict": "ineligible", "reason": "It is not mine."}
    answers = [
        other.post(f"{decided.board}/confirm", json={}),
        other.post(f"{decided.board}/close", json={"minutes": "All agreed."}),
        other.post(f"{decided.board}/cancel", json={"reason": "It is not mine."}),
        other.post(f"{decided.item}/vote", json={"vote": "against"}),
        other.post(f"{decided.item}/promote", json={"reason": "It is not mine."}),
        other.post(f"{call}/what_if", json={}),
        other.post(f"{call}/rankings", json={}),
        other.post(f"{call}/assign", json={}),
        other.post(f"{applicant.place}/reopen", json=reopening),
        other.post(f"{applicant.place}/decide_eligibility", json=verdict),
    ]  # fmt: skip
    assert {one.status_code for one in answers} <= {403, 404}, [one.text for one in answers]


def test_who_reads_everything_is_not_asked_to_review(world: World) -> None:
    scene = Scene(world, proposals=1, reviewers=3)
    with_role(world, scene.reviewers[0], Role.AUDITOR)
    with_role(world, scene.reviewers[1], Role.GRANT_OFFICER)
    assert scene.assign(0, 0).status_code == 422
    assert scene.assign(0, 1).status_code == 201  # not blind: an officer may review
    blind = Scene(world, proposals=1, reviewers=2, is_blind=True)
    with_role(world, blind.reviewers[0], Role.BOARD_MEMBER)
    assert blind.assign(0, 0).status_code == 422
    place = blind.assigned(0, 1)  # the control: a reviewer and nothing else
    assert blind.reviewers[1].get(f"{place}/proposal").status_code == 200
    with_role(world, blind.reviewers[1], Role.GRANT_OFFICER)
    assert blind.reviewers[1].get(f"{place}/proposal").status_code == 404
    planned = blind.officer.post(f"/v1/calls/{blind.call_id}/plan_assignments", json={})
    barred = set(blind.reviewer_ids) | set(scene.reviewer_ids[:2])
    assert not any(
        one["is_new"] and one["reviewer_id"] in barred for one in planned.json()["pairs"]
    )


def test_nobody_reads_how_their_own_conflict_was_ranked(world: World) -> None:
    scene = Scene(world, proposals=2, reviewers=2)
    for proposal in (0, 1):
        for reviewer in (0, 1):
            scene.reviewed(proposal, reviewer)
    ranking = a_ranking(scene)
    member, other = world.as_role(Role.BOARD_MEMBER), world.as_role(Role.BOARD_MEMBER)
    scene.make_applicant(member, 0)
    seen, whole = (one.get(f"/v1/rankings/{ranking}").json() for one in (member, other))
    assert (seen["withheld"], whole["withheld"]) == (1, 0)
    own = str(scene.proposals[0].id)
    assert own in {row["proposal_id"] for row in whole["result"]["rows"]}
    assert own not in json.dumps(seen)
    assert scene.proposals[0].code not in json.dumps(seen)
