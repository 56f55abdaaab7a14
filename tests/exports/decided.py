"""A call in which everything happened that can happen between a review and an award."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Role
from fundops.calls.models import Call
from fundops.decisions import boards, confirming, promotion, voting
from fundops.decisions.models import Board, BoardItem
from fundops.decisions.schemas import CloseBoardIn, ConfirmIn, PromoteIn
from fundops.grants import service as grants
from fundops.grants.models import Grant
from fundops.grants.schemas import CloseIn
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Person
from fundops.proposals.models import Proposal, ProposalBudgetLine, ProposalVersion
from tests.decisions.factories import Room, a_board, all_vote, an_item
from tests.factories import a_lot, a_person
from tests.reviews.review_factories import Scene, draft, submit
from tests.world import World

SAID = "Zélie QZXNAME 1 said so, and so did qzxname, ZELIE."
"""Words with names of judges in them, whose name is Zélie Qzxname and a number."""


class Case:
    """Returned, set aside, extra and unmarked reviews, a consensus, a board that has voted.

    One person has confirmed what the board carried; ``confirm`` is the second.
    """

    def __init__(self, world: World) -> None:
        self.scene = scene = Scene(
            world, proposals=4, reviewers=4, divergence_threshold=3_000, envelope_minor=2_500_000
        )
        self.world, self.call_id = world, scene.call_id
        for number, one in enumerate(scene.reviewers, 1):
            scene.rename(one, f"Zélie Qzxname {number}")
        self._reviews()
        self.ranking = self.rank()
        self._decide()

    def _draft(self, *marks: Any) -> dict[str, Any]:
        given = draft(*marks)
        for mark in given["marks"]:
            mark["justification"] = f"{mark['justification']} {SAID}"
        return given | {"strengths": SAID, "weaknesses": f"Qzxname 2: {SAID}"}

    def review(self, proposal: int, reviewer: int, *marks: str | None, **over: Any) -> str:
        """Let a reviewer review a proposal; return the review's address."""
        place = self.scene.assigned(proposal, reviewer, **over)
        done = submit(self.scene.reviewers[reviewer], place, self._draft(*marks))
        assert done.status_code == 200, done.text
        found = self.scene.officer.get(
            f"/v1/reviews?proposal_id={self.scene.proposals[proposal].id}&status=submitted"
        ).json()["items"]
        return f"/v1/reviews/{max(found, key=lambda one: one['submitted_at'])['id']}"

    def officer(self, path: str, **body: Any) -> Any:
        """Let the officer do something that must be possible."""
        done = self.scene.officer.post(path, json=body)
        assert done.status_code in (200, 201), done.text
        return done.json()

    def _reviews(self) -> None:
        self.review(0, 0, "5", "1", "9")
        returned = self.review(0, 1, "2", "3", "1")
        self.officer(f"{returned}/return", reason=f"Says too little. {SAID}")
        place = "/v1/assignments/" + next(
            one["id"] for one in self.scene.reviewers[1].get("/v1/assignments").json()["items"]
        )
        again = submit(self.scene.reviewers[1], place, self._draft("4.5", "2", "8"))
        assert again.status_code == 200, again.text
        self.review(1, 0, "5", "1", "10")
        self.review(1, 1, "1", None, "1")
        self.review(1, 2, "3", "2", "5", is_extra=True)
        apart = self.scene.proposals[1].id
        aliases = [
            one["alias"]
            for one in self.scene.officer.get(f"/v1/reviews?proposal_id={apart}").json()["items"]
        ]
        self.officer(
            f"/v1/proposals/{apart}/consensus", agreed="66.67", participants=aliases,
            minutes=f"They met and agreed on the middle. {SAID}",
        )  # fmt: skip
        aside = self.review(2, 0, "4", "2", "6")
        self.review(2, 2, None, "3", "0")
        self.officer(f"{aside}/set_aside", reason=f"Hired by the applicant. {SAID}")
        self.review(2, 1, "3.5", None, None)
        declined = self.scene.assign(3, 3).json()["id"]
        self.scene.reviewers[3].post(
            f"/v1/assignments/{declined}/decline", json={"reason": f"No time. {SAID}"}
        )

    def rank(self) -> UUID:
        """Rank the call as it is now."""
        made = self.officer(
            f"/v1/calls/{self.call_id}/rankings", draws=100, seed=1, accept_divergences=True
        )
        return UUID(made["id"])

    def _decide(self) -> None:
        with self.scene.writing() as db:
            fund = db.get_one(Fund, self.scene.fund_id)
            a_lot(db, fund, 2_500_000)
            for proposal in self.scene.proposals:
                self._budget(db, proposal)
            persons = [a_person(db, Role.BOARD_MEMBER)[0] for _ in range(3)]
            for number, one in enumerate(persons, 5):
                db.get_one(Person, one.person_id).name = f"Zélie Qzxname {number}"
            call = db.get_one(Call, self.call_id)
            self.room = room = Room(
                fund, call, self.scene.officer.actor, a_person(db, Role.FUND_MANAGER)[0],
                a_person(db, Role.APPROVER)[0], tuple(persons),
            )  # fmt: skip
            found = [db.get_one(Proposal, one.id) for one in self.scene.proposals]
            board = a_board(db, room, ranking_id=self.ranking, title=f"Board of {SAID}")
            self.awarded = an_item(db, room, board, found[0])
            an_item(db, room, board, found[1], amount=900_000)
            self.waiting = an_item(db, room, board, found[2], "reserve", place=1)
            rejected = an_item(db, room, board, found[3], "reject")
            rejected.reason = f"No review. {SAID}"
            boards.open_board(db, room.officer, call, board)
            voting.recuse(db, persons[0], call, board, rejected, f"Kin. {SAID}")
            all_vote(db, room, board)
            minutes = CloseBoardIn(minutes=f"All of them were there. {SAID}")
            boards.close_board(db, room.officer, call, board, minutes)
            confirming.confirm(db, room.manager, call, board, ConfirmIn())
            self.board_id = board.id

    def confirm(self) -> None:
        """Let the second person confirm, which carries the decisions out."""
        with self.scene.writing() as db:
            call, board = db.get_one(Call, self.call_id), db.get_one(Board, self.board_id)
            confirming.confirm(db, self.room.approver, call, board, ConfirmIn())

    def _budget(self, db: Session, proposal: Proposal) -> None:
        version = db.execute(
            select(ProposalVersion.id).where(ProposalVersion.proposal_id == proposal.id)
        ).scalar_one()
        for number, total in enumerate((600_000, 400_000), 1):
            db.add(
                ProposalBudgetLine(
                    id=uuid7(), version_id=version, number=number, category="AG"[number - 1],
                    description="Nyumba repairs", unit="month", quantity=100,
                    unit_cost_minor=total // 10,
                    duration=1_000, share_bp=10_000, total_minor=total,
                )
            )  # fmt: skip

    def promote(self) -> None:
        """Let the first award be given up, and the reserve list move up."""
        with self.scene.writing() as db:
            grant = db.execute(
                select(Grant).where(Grant.proposal_id == self.scene.proposals[0].id)
            ).scalar_one()
            room = self.room
            fund = db.get_one(Fund, room.fund.id)
            grants.cancel_grant(db, room.manager, fund, grant, CloseIn(reason="Given up."))
            call, item = db.get_one(Call, self.call_id), db.get_one(BoardItem, self.waiting.id)
            promotion.ask(db, room.officer, call, item, PromoteIn())
            promotion.confirm(db, room.manager, call, item)
