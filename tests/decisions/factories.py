"""Plain functions that make what tests of decisions need: calls with proposals, boards, votes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Role
from fundops.calls.models import Call
from fundops.decisions import boards, confirming, voting
from fundops.decisions.models import Board, BoardItem
from fundops.decisions.schemas import (
    BoardIn,
    CloseBoardIn,
    ConfirmIn,
    ItemIn,
    MemberIn,
    VoteIn,
)
from fundops.donors.models import Instalment
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.money import format_amount
from fundops.parties.models import Party
from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion
from fundops.reviews.models import Assignment, Ranking, Reviewer
from fundops.schemas import MoneyIn
from tests.factories import a_fund, a_lot, a_party, a_person

Said = Literal["for", "against", "abstain"]
DAY = date(2026, 3, 1)
_numbers = count(1)


def money(minor: int, currency: str = "USD") -> MoneyIn:
    """Return an amount given in minor units."""
    return MoneyIn(amount=format_amount(minor, currency), currency=currency)


def a_call(
    db: Session, fund: Fund, *, envelope: int | None = 100_000, limits: Sequence[Any] = (),
    **over: Any,
) -> Call:  # fmt: skip
    """Add a closed call of a fund."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "id": uuid7(), "code": f"CAL-2026-{number:04d}", "fund_id": fund.id,
        "title": f"Call {number}", "year": 2026, "envelope_minor": envelope,
        "limits": json.dumps(list(limits)), "status": "closed", "created_at": clock.now(),
    }  # fmt: skip
    call = Call(**(values | over))
    db.add(call)
    db.flush()
    return call


def a_proposal(
    db: Session, call: Call, amount: int | None = 10_000, *, party: Party | None = None,
    country: str | None = "KE", objectives: dict[int, int] | None = None,
    status: str = "eligible", **over: Any,
) -> Proposal:  # fmt: skip
    """Add a submitted proposal with what it declares, found eligible."""
    number = next(_numbers)
    party = party or a_party(db, kind="civil_society")
    values: dict[str, Any] = {
        "id": uuid7(), "code": f"PRP-2026-{number:05d}", "call_id": call.id,
        "party_id": party.id, "title": f"Proposal {number}", "language": "en",
        "country": country, "requested_minor": amount, "status": status, "last_number": 1,
        "submitted_number": 1, "submitted_at": clock.now(), "created_at": clock.now(),
    }  # fmt: skip
    proposal = Proposal(**(values | over))
    version = ProposalVersion(
        id=uuid7(), proposal_id=proposal.id, number=1, kind="submitted", content="{}",
        sha256="0" * 64, saved_at=clock.now(),
    )  # fmt: skip
    db.add(proposal)
    db.flush()
    db.add(version)
    db.flush()
    db.add_all(
        ProposalCode(
            id=uuid7(), version_id=version.id, list_name="objective", code=str(objective),
            percent=percent,
        )
        for objective, percent in ({4: 100} if objectives is None else objectives).items()
    )  # fmt: skip
    db.flush()
    return proposal


def a_ranking(
    db: Session, call: Call, scores: Sequence[tuple[Proposal, int | None]], *,
    is_adjusted: bool = True,
) -> Ranking:  # fmt: skip
    """Keep a ranking of proposals by raw scores in hundredths, in the form the reviews keep it."""
    rows = [
        {
            "proposal_id": str(proposal.id), "code": proposal.code, "raw": score,
            "adjusted": None if score is None or not is_adjusted else 10_000 - score,
            "rank": len(scores) if score is None
            else 1 + sum(1 for _, other in scores if other is not None and other > score),
            "is_tied": False, "low_rank": 1, "high_rank": len(scores), "reviews": 2,
            "spread": None,
        }
        for proposal, score in scores
    ]  # fmt: skip
    ranking = Ranking(
        id=uuid7(), call_id=call.id, seed=1, parameters="{}", result=json.dumps({"rows": rows}),
        sha256="0" * 64, computed_at=clock.now(),
    )  # fmt: skip
    db.add(ranking)
    db.flush()
    return ranking


@dataclass
class Room:
    """A fund with money, a call, and everybody whom a decision needs."""

    fund: Fund
    call: Call
    officer: Actor
    manager: Actor
    approver: Actor
    members: tuple[Actor, ...]


def a_room(
    db: Session, *, cash: int = 1_000_000, members: int = 3, basis: str = "cash", **call: Any
) -> Room:
    """Open a fund with one free lot, a closed call, and persons for each duty."""
    fund = a_fund(db)
    fund.award_basis = basis
    if cash:
        a_lot(db, fund, cash)
    return Room(
        fund,
        a_call(db, fund, **call),
        a_person(db, Role.GRANT_OFFICER)[0],
        a_person(db, Role.FUND_MANAGER)[0],
        a_person(db, Role.APPROVER)[0],
        tuple(a_person(db, Role.BOARD_MEMBER)[0] for _ in range(members)),
    )


def a_board(db: Session, room: Room, *, quorum: int = 2, **over: Any) -> Board:
    """Prepare a board of all members of the room, which meets today."""
    values: dict[str, Any] = {
        "call_id": room.call.id, "title": "Spring session", "mode": "meeting",
        "meets_on": clock.today("UTC"), "quorum": quorum,
        "members": [MemberIn(person_id=one.person_id) for one in room.members],
    }  # fmt: skip
    return boards.create_board(db, room.officer, room.call, BoardIn(**(values | over)))


def in_writing(hours: int = 48) -> dict[str, Any]:
    """Return what makes a board one in writing."""
    end = clock.now() + timedelta(hours=hours)
    return {"mode": "written", "meets_on": None, "decide_by_at": end}


def an_item(
    db: Session, room: Room, board: Board, proposal: Proposal, outcome: str = "award",
    amount: int | None = None, *, place: int | None = None, instalment: Instalment | None = None,
) -> BoardItem:  # fmt: skip
    """Put a proposal before a board, by default for what it asks."""
    wanted = amount or proposal.requested_minor
    given: dict[str, Any] = {"proposal_id": proposal.id, "outcome": outcome, "reason": "As ranked."}
    if outcome != "reject":
        given["amount"] = money(wanted or 1, room.fund.base_currency)
    if place is not None:
        given["place"] = place
    if instalment is not None:
        given |= {"basis": "instalment", "instalment_id": instalment.id}
    return boards.add_item(db, room.officer, room.call, board, ItemIn(**given))


def all_vote(
    db: Session, room: Room, board: Board, said: Said = "for", *, but: Sequence[UUID] = ()
) -> None:
    """Let every member who is not recused vote alike on every item."""
    items = voting.items_of(db, board)
    recused = voting.recusals_of(db, [item.id for item in items])
    for item in items:
        for member in room.members:
            if member.person_id not in recused.get(item.id, set()) | set(but):
                voting.vote(db, member, room.call, board, item, VoteIn(vote=said))


def closed(db: Session, room: Room, board: Board) -> Board:
    """Close a board with minutes."""
    return boards.close_board(
        db, room.officer, room.call, board, CloseBoardIn(minutes="All agreed.")
    )


def decided(db: Session, room: Room, board: Board) -> Board:
    """Open a board, let everybody vote for everything, and close it."""
    boards.open_board(db, room.officer, room.call, board)
    all_vote(db, room, board)
    return closed(db, room, board)


def confirmed(db: Session, room: Room, board: Board, on: date | None = None) -> Board:
    """Let the manager and the approver confirm what a board carried."""
    confirming.confirm(db, room.manager, room.call, board, ConfirmIn(awards_on=on))
    return confirming.confirm(db, room.approver, room.call, board, ConfirmIn())


def a_reviewed(db: Session, person: Actor, proposal: Proposal) -> Assignment:
    """Let a person be one who reviews a proposal and has accepted to."""
    reviewer = Reviewer(
        id=uuid7(), person_id=person.person_id, languages='["en"]', regions="[]",
        objectives="[]", max_load=5, status="active", created_at=clock.now(),
    )  # fmt: skip
    db.add(reviewer)
    db.flush()
    assignment = Assignment(
        id=uuid4(), call_id=proposal.call_id, proposal_id=proposal.id, reviewer_id=reviewer.id,
        alias="Reviewer 1", blind_code=f"B-{next(_numbers)}", position=1, is_extra=False,
        status="accepted", invited_at=clock.now(), last_number=0,
    )  # fmt: skip
    db.add(assignment)
    db.flush()
    return assignment
