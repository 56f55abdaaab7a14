"""The reserve list: money that returns is awarded in order, by two persons."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.calls.models import Call
from fundops.db import Database
from fundops.decisions import promotion
from fundops.decisions.models import BoardItem
from fundops.decisions.schemas import PromoteIn
from fundops.errors import Problem
from fundops.grants import service as grants
from fundops.grants.models import Grant
from fundops.grants.schemas import CloseIn
from fundops.proposals.models import Proposal
from tests.decisions.factories import Room, a_board, a_proposal, a_room, an_item, confirmed, decided
from tests.donors.cash_factories import refused_write


def a_reserve(
    db: Session, *, cash: int = 30_000, envelope: int = 30_000
) -> tuple[Room, Grant, list[BoardItem]]:
    """Award all there is and put two more on reserve; return the grant and the two."""
    room = a_room(db, cash=cash, envelope=envelope)
    board = a_board(db, room)
    an_item(db, room, board, a_proposal(db, room.call, 30_000))
    second = an_item(db, room, board, a_proposal(db, room.call, 10_000), "reserve", place=2)
    first = an_item(db, room, board, a_proposal(db, room.call, 25_000), "reserve", place=1)
    decided(db, room, board)
    confirmed(db, room, board)
    return room, db.execute(select(Grant)).scalar_one(), [first, second]


def free(db: Session, room: Room, grant: Grant) -> None:
    """Let the awarded money return."""
    grants.cancel_grant(db, room.manager, room.fund, grant, CloseIn(reason="Given up."))


def test_the_list_says_who_could_be_awarded_now(database: Database) -> None:
    with database.write() as db:
        room, grant, (first, second) = a_reserve(db)
        listed = promotion.reserve_list(db, room.call)
        assert [(one.item.id, one.reason) for one in listed] == [
            (first.id, "envelope"),
            (second.id, "envelope"),
        ]
        free(db, room, grant)
        assert [one.is_fundable for one in promotion.reserve_list(db, room.call)] == [True, True]


def test_a_promotion_takes_two_persons_and_reserves_the_money(database: Database) -> None:
    with database.write() as db:
        room, grant, (first, second) = a_reserve(db)
        free(db, room, grant)
        promotion.ask(db, room.officer, room.call, first, PromoteIn())
        made = promotion.confirm(db, room.manager, room.call, first)
        assert made.proposal_id == first.proposal_id
        assert db.get_one(Proposal, first.proposal_id).status == "awarded"
        assert sum(lot["reserved_minor"] for lot in grants.lots_of(db, made)) == 25_000
        assert [one.item.id for one in promotion.reserve_list(db, room.call)] == [second.id]
        assert first.promotion_asked_by_id != first.promotion_confirmed_by_id


def test_the_same_person_does_not_confirm(database: Database) -> None:
    with database.write() as db:
        room, grant, (first, _) = a_reserve(db)
        free(db, room, grant)
        promotion.ask(db, room.manager, room.call, first, PromoteIn())
    found = refused_write(database, lambda db: _confirm(db, room, first, by_manager=True))
    assert found.slug == "same-person"


def _confirm(db: Session, room: Room, item: BoardItem, *, by_manager: bool) -> None:
    call, its = db.get_one(Call, room.call.id), db.get_one(BoardItem, item.id)
    promotion.confirm(db, room.manager if by_manager else room.approver, call, its)


def test_passing_over_a_better_place_needs_a_reason(database: Database) -> None:
    with database.write() as db:
        room, grant, (_first, second) = a_reserve(db)
        free(db, room, grant)
        with pytest.raises(Problem) as found:
            promotion.ask(db, room.officer, room.call, second, PromoteIn())
        assert found.value.errors[0].pointer == "/reason"
        reason = "Place 1 has other funding until June."
        promotion.ask(db, room.officer, room.call, second, PromoteIn(reason=reason))
        promotion.confirm(db, room.approver, room.call, second)


def test_without_money_nothing_is_promoted(database: Database) -> None:
    with database.write() as db:
        room, _, (first, _second) = a_reserve(db, envelope=100_000)
        promotion.ask(db, room.officer, room.call, first, PromoteIn())
        assert promotion.reserve_list(db, room.call)[0].reason == "earmarks"
    found = refused_write(database, lambda db: _confirm(db, room, first, by_manager=False))
    assert found.slug == "not-fundable"
    with database.read() as db:
        assert db.get_one(Proposal, first.proposal_id).status == "reserve"
        assert db.get_one(BoardItem, first.id).promotion_confirmed_at is None


def test_what_was_asked_can_be_taken_back(database: Database) -> None:
    with database.write() as db:
        room, grant, (first, _) = a_reserve(db)
        free(db, room, grant)
        promotion.ask(db, room.officer, room.call, first, PromoteIn())
        promotion.withdraw(db, room.officer, room.call, first, "It was the wrong one.")
        with pytest.raises(Problem) as found:
            promotion.confirm(db, room.approver, room.call, first)
        assert found.value.slug == "wrong-status"


def test_a_promoted_proposal_is_not_promoted_again(database: Database) -> None:
    with database.write() as db:
        room, grant, (first, _) = a_reserve(db)
        free(db, room, grant)
        promotion.ask(db, room.officer, room.call, first, PromoteIn())
        promotion.confirm(db, room.approver, room.call, first)
        with pytest.raises(Problem) as found:
            promotion.ask(db, room.officer, room.call, first, PromoteIn())
        assert found.value.slug == "wrong-status"
