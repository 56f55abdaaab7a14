"""Boards: votes, recusals, quorum, two who confirm, awards that happen together or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Role
from fundops.calls.models import Call
from fundops.db import Database
from fundops.decisions import boards, confirming, voting
from fundops.decisions.models import Board, BoardItem, Vote
from fundops.decisions.schemas import BoardPatch, CloseBoardIn, ConfirmIn, ItemPatch, VoteIn
from fundops.errors import Problem
from fundops.funds.schemas import FundIn
from fundops.funds.service import create_fund
from fundops.grants import service as grants
from fundops.grants.models import Grant
from fundops.grants.schemas import CloseIn
from fundops.ids import uuid7
from fundops.parties.models import Membership
from fundops.proposals.models import Proposal
from fundops.proposals.service import take_step
from fundops.reviews import conflicts
from tests.decisions.factories import (
    Room,
    a_board,
    a_proposal,
    a_reviewed,
    a_room,
    all_vote,
    an_item,
    closed,
    confirmed,
    decided,
    in_writing,
    money,
)
from tests.donors.cash_factories import (
    a_match,
    a_receipt,
    an_agreement,
    an_instalment,
    an_officer,
    refused_write,
)
from tests.factories import a_fund, a_lot, a_party, a_person
from tests.grants.grant_factories import a_grant, for_country


def refused(work: Any, *given: Any) -> Problem:
    """Return the problem that a call raises."""
    with pytest.raises(Problem) as found:
        work(*given)
    return found.value


def not_confirmed(database: Database, room: Room, board: Board) -> Problem:
    """Return the problem of a second confirmation that is refused as a whole."""

    def again(db: Session) -> None:
        call, its = db.get_one(Call, room.call.id), db.get_one(Board, board.id)
        confirming.confirm(db, room.approver, call, its, ConfirmIn())

    return refused_write(database, again)


def test_what_the_board_carried_takes_effect_at_the_second_confirmation(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        wins, waits, loses = (a_proposal(db, room.call, 20_000) for _ in range(3))
        board = a_board(db, room)
        an_item(db, room, board, wins, amount=15_000)
        an_item(db, room, board, waits, "reserve", place=1)
        an_item(db, room, board, loses, "reject")
        decided(db, room, board)
        assert board.status == "closed"
        confirming.confirm(db, room.manager, room.call, board, ConfirmIn())
        assert board.status == "closed"
        assert db.execute(select(func.count()).select_from(Grant)).scalar_one() == 0
        assert {wins.status, waits.status, loses.status} == {"eligible"}
        confirming.confirm(db, room.approver, room.call, board, ConfirmIn())
        assert board.status == "confirmed"
        assert [wins.status, waits.status, loses.status] == ["awarded", "reserve", "rejected"]
        grant = db.execute(select(Grant)).scalar_one()
        assert (grant.proposal_id, grant.awarded_minor, grant.call_id) == (
            wins.id, 15_000, room.call.id,
        )  # fmt: skip
        assert (grant.country, grant.objectives, grant.status) == ("KE", '{"4":100}', "awarded")
        assert sum(lot["reserved_minor"] for lot in grants.lots_of(db, grant)) == 15_000
        assert {item.status for item in voting.items_of(db, board)} == {"carried_out"}


def test_two_different_persons_confirm_and_neither_voted(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        board = a_board(db, room)
        an_item(db, room, board, a_proposal(db, room.call))
        decided(db, room, board)
        member = room.members[0]
        assert refused(confirming.confirm, db, member, room.call, board, ConfirmIn()).slug == (
            "same-person"
        )
        confirming.confirm(db, room.manager, room.call, board, ConfirmIn())
        again = refused(confirming.confirm, db, room.manager, room.call, board, ConfirmIn())
        assert again.slug == "same-person"
        confirming.confirm(db, room.approver, room.call, board, ConfirmIn())


@pytest.mark.parametrize("kind", ["interest", "declared", "reviewed"])
def test_nobody_with_a_conflict_confirms(database: Database, kind: str) -> None:
    with database.write() as db:
        room = a_room(db)
        proposal = a_proposal(db, room.call)
        board = a_board(db, room)
        an_item(db, room, board, proposal)
        decided(db, room, board)
        conflict(db, room.manager, proposal, kind)
        found = refused(confirming.confirm, db, room.manager, room.call, board, ConfirmIn())
        assert found.slug == "conflict-of-interest"
        assert board.first_confirmed_by_id is None


def conflict(db: Session, person: Actor, proposal: Proposal, kind: str) -> None:
    """Give a person a conflict of one kind with a proposal."""
    if kind == "interest":
        db.add(
            Membership(
                id=uuid7(), person_id=person.person_id, role="grantee",
                party_id=proposal.party_id, valid_from=clock.now() - timedelta(days=400),
                valid_until=clock.now() - timedelta(days=100), created_at=clock.now(),
            )
        )  # fmt: skip
        db.flush()
    elif kind == "declared":
        conflicts.declare(db, person, person.person_id, "family", None, party_id=proposal.party_id)
    elif kind == "author":
        proposal.created_by_id = person.person_id
        db.flush()
    else:
        a_reviewed(db, person, proposal)


@pytest.mark.parametrize("kind", ["interest", "declared", "author", "reviewed"])
def test_members_with_a_conflict_are_recused_when_the_board_opens(
    database: Database, kind: str
) -> None:
    with database.write() as db:
        room = a_room(db)
        mine, other = a_proposal(db, room.call), a_proposal(db, room.call)
        member = room.members[0]
        conflict(db, member, mine, kind)
        board = a_board(db, room)
        first, second = an_item(db, room, board, mine), an_item(db, room, board, other)
        boards.open_board(db, room.officer, room.call, board)
        assert voting.recusals_of(db, [first.id, second.id]) == {first.id: {member.person_id}}
        found = refused(voting.vote, db, member, room.call, board, first, VoteIn(vote="for"))
        assert found.slug == "conflict-of-interest"
        voting.vote(db, member, room.call, board, second, VoteIn(vote="for"))


def test_a_conflict_found_later_stops_the_vote_and_takes_away_the_one_cast(
    database: Database,
) -> None:
    with database.write() as db:
        room = a_room(db)
        proposal = a_proposal(db, room.call)
        board = a_board(db, room, quorum=2)
        item = an_item(db, room, board, proposal)
        boards.open_board(db, room.officer, room.call, board)
        one, two, three = room.members
        voting.vote(db, one, room.call, board, item, VoteIn(vote="for"))
        voting.vote(db, two, room.call, board, item, VoteIn(vote="for"))
        voting.vote(db, three, room.call, board, item, VoteIn(vote="against"))
        conflict(db, one, proposal, "declared")
        assert (
            refused(voting.vote, db, one, room.call, board, item, VoteIn(vote="for")).slug
            == "conflict-of-interest"
        )
        closed(db, room, board)
        tally = voting.tallies(db, board)[item.id]
        assert (tally.votes_for, tally.votes_against, tally.entitled) == (1, 1, 2)
        assert item.status == "not_carried"


def test_a_later_vote_replaces_the_earlier_one_while_the_board_is_open(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        board = a_board(db, room)
        item = an_item(db, room, board, a_proposal(db, room.call))
        member = room.members[0]
        draft = refused(voting.vote, db, member, room.call, board, item, VoteIn(vote="for"))
        assert draft.slug == "wrong-status"
        boards.open_board(db, room.officer, room.call, board)
        voting.vote(db, member, room.call, board, item, VoteIn(vote="against"))
        all_vote(db, room, board)
        assert db.execute(select(func.count()).select_from(Vote)).scalar_one() == 3
        assert voting.tallies(db, board)[item.id].votes_for == 3
        closed(db, room, board)
        late = refused(voting.vote, db, member, room.call, board, item, VoteIn(vote="against"))
        assert late.slug == "wrong-status"


@pytest.mark.parametrize(
    ("votes", "quorum", "status"),
    [
        (("for", "for", "against"), 3, "carried"),
        (("for", "against", "abstain"), 3, "not_carried"),
        (("for", "abstain", "abstain"), 3, "carried"),
        (("against", "against", "for"), 1, "not_carried"),
    ],
)
def test_a_majority_of_votes_for_carries(
    database: Database, votes: tuple[Any, ...], quorum: int, status: str
) -> None:
    with database.write() as db:
        room = a_room(db)
        board = a_board(db, room, quorum=quorum)
        item = an_item(db, room, board, a_proposal(db, room.call))
        boards.open_board(db, room.officer, room.call, board)
        for member, said in zip(room.members, votes, strict=True):
            voting.vote(db, member, room.call, board, item, VoteIn(vote=said))
        closed(db, room, board)
        assert item.status == status


def test_a_recusal_is_made_once_and_for_good(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        board = a_board(db, room)
        item = an_item(db, room, board, a_proposal(db, room.call))
        voting.recuse(db, room.members[0], room.call, board, item, "We share an office.")
    with database.write() as db:
        board, item = db.get_one(Board, board.id), db.get_one(BoardItem, item.id)
        boards.open_board(db, room.officer, room.call, board)
        found = refused(
            voting.vote, db, room.members[0], room.call, board, item, VoteIn(vote="for")
        )
        assert found.slug == "conflict-of-interest"

    def again(db: Session) -> None:
        one, its = db.get_one(BoardItem, item.id), db.get_one(Board, board.id)
        voting.recuse(db, room.members[0], room.call, its, one, "Once more.")

    assert refused_write(database, again).slug == "already-exists"


def test_a_meeting_waits_for_its_quorum_unless_recusals_rule_it_out(
    database: Database,
) -> None:
    with database.write() as db:
        room = a_room(db)
        board = a_board(db, room, quorum=2)
        first = an_item(db, room, board, a_proposal(db, room.call))
        second = an_item(db, room, board, a_proposal(db, room.call))
        boards.open_board(db, room.officer, room.call, board)
        one, two, three = room.members
        for member in (one, two):
            voting.recuse(db, member, room.call, board, second, "We share an office.")
        voting.vote(db, three, room.call, board, second, VoteIn(vote="for"))
        voting.vote(db, one, room.call, board, first, VoteIn(vote="for"))
        short = refused(closed, db, room, board)
        assert short.slug == "conflict"
        assert "Items 1 lack" in short.detail
        voting.vote(db, two, room.call, board, first, VoteIn(vote="for"))
        closed(db, room, board)
        # The second item cannot reach two votes any more, so it is not carried, whoever was for it.
        assert [first.status, second.status] == ["carried", "not_carried"]


def test_a_board_in_writing_ends_when_all_have_voted_or_time_is_over(database: Database) -> None:
    try:
        with database.write() as db:
            room = a_room(db)
            board = a_board(db, room, **in_writing())
            item = an_item(db, room, board, a_proposal(db, room.call))
            boards.open_board(db, room.officer, room.call, board)
            voting.vote(db, room.members[0], room.call, board, item, VoteIn(vote="for"))
            assert refused(closed, db, room, board).slug == "conflict"
            later = clock.now() + timedelta(hours=49)
            clock.set_clock(lambda: later)
            over = refused(
                voting.vote, db, room.members[1], room.call, board, item, VoteIn(vote="for")
            )
            assert over.slug == "conflict"
            closed(db, room, board)
            assert item.status == "not_carried"
    finally:
        clock.set_clock(None)


def test_what_lies_before_an_open_board_cannot_be_changed(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        board = a_board(db, room)
        item = an_item(db, room, board, a_proposal(db, room.call))
        other = a_proposal(db, room.call)
        boards.open_board(db, room.officer, room.call, board)
        patch = ItemPatch(amount=money(1))
        for work in (
            lambda: boards.change_item(db, room.officer, room.call, board, item, patch),
            lambda: an_item(db, room, board, other),
            lambda: boards.change_board(db, room.officer, room.call, board, BoardPatch(quorum=1)),
        ):
            assert refused(work).slug == "wrong-status"


def test_items_are_held_to_the_call(database: Database) -> None:
    with database.write() as db:
        room = a_room(db, floor_minor=5_000, ceiling_minor=30_000)
        board = a_board(db, room)
        proposal = a_proposal(db, room.call, 40_000)
        for amount, pointer in ((4_000, "/amount"), (35_000, "/amount"), (50_000, "/amount")):
            found = refused(an_item, db, room, board, proposal, "award", amount)
            assert [error.pointer for error in found.errors] == [pointer]
        elsewhere = a_room(db)
        stranger = a_proposal(db, elsewhere.call)
        assert refused(an_item, db, room, board, stranger).errors[0].pointer == "/proposal_id"
        undecided = a_proposal(db, room.call, status="submitted")
        assert refused(an_item, db, room, board, undecided).slug == "wrong-status"


def test_all_awards_are_made_or_none_with_what_binds_named(database: Database) -> None:
    with database.write() as db:
        room = a_room(db, cash=0)
        a_lot(db, room.fund, 15_000, earmark=for_country("KE"), category=3)
        a_lot(db, room.fund, 5_000)
        board = a_board(db, room)
        for country in ("KE", "NP"):
            an_item(db, room, board, a_proposal(db, room.call, 10_000, country=country))
        codes = [one.code for one in db.execute(select(Proposal).order_by(Proposal.code)).scalars()]
        decided(db, room, board)
        confirming.confirm(db, room.manager, room.call, board, ConfirmIn())
    found = not_confirmed(database, room, board)
    assert found.slug == "not-fundable"
    assert codes[1] in " ".join(error.detail for error in found.errors)
    with database.read() as db:
        assert db.execute(select(func.count()).select_from(Grant)).scalar_one() == 0
        assert db.get_one(Board, board.id).status == "closed"
        assert set(db.execute(select(Proposal.status)).scalars()) == {"eligible"}


def test_limits_of_the_call_are_counted_again_when_it_takes_effect(database: Database) -> None:
    with database.write() as db:
        limits = [{"dimension": "country", "code": None, "max_share": "0.5"}]
        room = a_room(db, envelope=100_000, limits=limits)
        first, second = a_board(db, room), a_board(db, room)
        an_item(db, room, first, a_proposal(db, room.call, 30_000))
        an_item(db, room, second, a_proposal(db, room.call, 30_000))
        decided(db, room, first)
        decided(db, room, second)
        confirmed(db, room, first)
        confirming.confirm(db, room.manager, room.call, second, ConfirmIn())
    found = not_confirmed(database, room, second)
    assert found.slug == "conflict"
    assert "country KE is 500.00 USD" in found.detail


def test_the_envelope_is_counted_again_when_it_takes_effect(database: Database) -> None:
    with database.write() as db:
        room = a_room(db, envelope=50_000)
        first, second = a_board(db, room), a_board(db, room)
        an_item(db, room, first, a_proposal(db, room.call, 30_000))
        an_item(db, room, second, a_proposal(db, room.call, 30_000))
        decided(db, room, first)
        decided(db, room, second)
        confirmed(db, room, first)
        confirming.confirm(db, room.manager, room.call, second, ConfirmIn())
    found = not_confirmed(database, room, second)
    assert found.slug == "insufficient-funds"
    assert room.call.code in found.detail


def test_a_proposal_is_awarded_at_most_once(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        proposal = a_proposal(db, room.call)
        first, second = a_board(db, room), a_board(db, room)
        an_item(db, room, first, proposal)
        an_item(db, room, second, proposal)
        decided(db, room, first)
        decided(db, room, second)
        confirmed(db, room, first)
        confirming.confirm(db, room.manager, room.call, second, ConfirmIn())
    found = not_confirmed(database, room, second)
    assert found.slug == "wrong-status"


def test_no_award_is_made_beside_the_board(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        a_proposal(db, room.call)
        found = refused(lambda: a_grant(db, room.fund, 100, call_id=room.call.id))
        assert found.slug == "conflict"


def test_money_that_returns_leaves_the_envelope_free_again(database: Database) -> None:
    with database.write() as db:
        room = a_room(db, envelope=50_000)
        first = a_board(db, room)
        an_item(db, room, first, a_proposal(db, room.call, 40_000))
        decided(db, room, first)
        confirmed(db, room, first)
        grant = db.execute(select(Grant)).scalar_one()
        grants.cancel_grant(db, room.manager, room.fund, grant, CloseIn(reason="Given up."))
        second = a_board(db, room)
        an_item(db, room, second, a_proposal(db, room.call, 45_000))
        decided(db, room, second)
        confirmed(db, room, second)


def test_a_cancelled_board_changes_nothing(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        proposal = a_proposal(db, room.call)
        board = a_board(db, room)
        an_item(db, room, board, proposal)
        decided(db, room, board)
        boards.cancel_board(db, room.officer, room.call, board, "The minutes were wrong.")
        assert (
            refused(confirming.confirm, db, room.manager, room.call, board, ConfirmIn()).slug
            == "wrong-status"
        )
        assert proposal.status == "eligible"


def test_members_must_be_able_to_vote_for_the_fund(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        stranger = a_person(db, Role.BOARD_MEMBER, fund_id=a_fund(db).id)[0]
        officer = a_person(db, Role.GRANT_OFFICER)[0]
    for person in (stranger, officer):
        wrong = Room(**(vars(room) | {"members": (*room.members, person)}))
        found = refused_write(database, partial(a_board, room=wrong))
        assert [error.pointer for error in found.errors] == ["/members/3/person_id"]


def test_awards_count_from_the_day_that_was_set(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        day = clock.today("UTC") - timedelta(days=30)
        board = a_board(db, room, meets_on=day)
        an_item(db, room, board, a_proposal(db, room.call))
        decided(db, room, board)
        early = ConfirmIn(awards_on=day - timedelta(days=1))
        assert (
            refused(confirming.confirm, db, room.manager, room.call, board, early).errors[0].pointer
            == "/awards_on"
        )
        confirmed(db, room, board, on=day)
        assert db.execute(select(Grant.awarded_on)).scalar_one() == day


@pytest.mark.parametrize("when", ["before the first", "before the second"])
def test_what_is_withdrawn_after_the_vote_lapses_and_the_others_are_awarded(
    database: Database, when: str
) -> None:
    with database.write() as db:
        room = a_room(db)
        gone, stays = a_proposal(db, room.call), a_proposal(db, room.call)
        board = a_board(db, room)
        items = [an_item(db, room, board, one) for one in (gone, stays)]
        decided(db, room, board)
        if when == "before the first":
            take_step(db, room.officer, gone, "withdraw", "We have other funding.")
        confirming.confirm(db, room.manager, room.call, board, ConfirmIn())
        assert [item.status for item in items] == ["carried", "carried"]
        if when == "before the second":
            take_step(db, room.officer, gone, "withdraw", "We have other funding.")
        confirming.confirm(db, room.approver, room.call, board, ConfirmIn())
        assert [item.status for item in items] == ["not_carried", "carried_out"]
        assert db.execute(select(Grant.proposal_id)).scalars().all() == [stays.id]
        assert (gone.status, stays.status) == ("withdrawn", "awarded")
        events = select(audit.AuditEvent).where(audit.AuditEvent.action == "board_item.lapsed")
        event = db.execute(events).scalar_one()
        assert event.record_id == items[0].id
        assert event.reason is not None
        assert "withdrawn" in event.reason


def test_a_board_of_which_all_was_withdrawn_is_confirmed_without_awards(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        gone = a_proposal(db, room.call)
        board = a_board(db, room)
        item = an_item(db, room, board, gone)
        decided(db, room, board)
        take_step(db, room.officer, gone, "withdraw", "We have other funding.")
        confirmed(db, room, board)
        assert (board.status, item.status) == ("confirmed", "not_carried")
        assert db.execute(select(Grant.id)).first() is None


def test_any_other_change_after_the_vote_refuses_the_whole(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        changed, stays = a_proposal(db, room.call), a_proposal(db, room.call)
        board = a_board(db, room)
        for one in (changed, stays):
            an_item(db, room, board, one)
        decided(db, room, board)
        confirming.confirm(db, room.manager, room.call, board, ConfirmIn())
        take_step(db, room.officer, changed, "declare_ineligible", "Found unregistered.")
    assert not_confirmed(database, room, board).slug == "wrong-status"
    with database.read() as db:
        assert db.execute(select(Grant.id)).first() is None


def test_minutes_are_kept(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        board = a_board(db, room)
        an_item(db, room, board, a_proposal(db, room.call, party=a_party(db)))
        boards.open_board(db, room.officer, room.call, board)
        all_vote(db, room, board)
        given = CloseBoardIn(minutes="All were present.\nNobody objected.")
        boards.close_board(db, room.officer, room.call, board, given)
        assert board.minutes == "All were present.\nNobody objected."
        statuses = db.execute(select(BoardItem.status)).scalars().all()
        assert statuses == ["carried"]


def test_a_board_awards_on_cash_and_on_an_instalment_together(database: Database) -> None:
    with database.write() as db:
        room = a_room(db, cash=10_000, basis="instalment")
        agreement = an_agreement(db, room.fund)
        instalment = an_instalment(db, agreement, 20_000)
        instalment.due_on = clock.today("UTC") + timedelta(days=90)
        now, later = a_proposal(db, room.call, 10_000), a_proposal(db, room.call, 20_000)
        board = a_board(db, room)
        an_item(db, room, board, now)
        an_item(db, room, board, later, instalment=instalment)
        decided(db, room, board)
        confirmed(db, room, board)
        made = {grant.proposal_id: grant for grant in db.execute(select(Grant)).scalars()}
        assert (made[now.id].status, made[later.id].status) == ("awarded", "conditional")
        assert {now.status, later.status} == {"awarded"}
        finance = an_officer(db)
        receipt = a_receipt(db, finance, room.fund, 20_000)
        a_match(db, finance, receipt, (instalment, 20_000))
        assert made[later.id].status == "awarded"
        lots = grants.lots_of(db, made[later.id])
        assert sum(lot["reserved_minor"] for lot in lots) == 20_000


def test_an_instalment_that_brings_too_little_refuses_the_whole_board(database: Database) -> None:
    with database.write() as db:
        room = a_room(db, cash=10_000, basis="instalment")
        instalment = an_instalment(db, an_agreement(db, room.fund, agent_fee_ppm=10_000), 20_000)
        instalment.due_on = clock.today("UTC") + timedelta(days=90)
        board = a_board(db, room)
        an_item(db, room, board, a_proposal(db, room.call, 10_000))
        an_item(db, room, board, a_proposal(db, room.call, 20_000), instalment=instalment)
        decided(db, room, board)
        confirming.confirm(db, room.manager, room.call, board, ConfirmIn())
    found = not_confirmed(database, room, board)
    assert found.slug == "insufficient-funds"
    assert "198.00 USD" in found.detail
    with database.read() as db:
        assert db.execute(select(func.count()).select_from(Grant)).scalar_one() == 0


def test_a_fund_that_awards_on_cash_takes_no_item_on_an_instalment(database: Database) -> None:
    with database.write() as db:
        room = a_room(db)
        instalment = an_instalment(db, an_agreement(db, room.fund), 20_000)
        board = a_board(db, room)
        proposal = a_proposal(db, room.call)
        found = refused(lambda: an_item(db, room, board, proposal, instalment=instalment))
        assert found.slug == "conflict"


def test_awards_count_from_the_funds_day_on_which_a_written_board_was_opened(
    database: Database,
) -> None:
    """Opened at 23:30 UTC of the 10th: in Vienna on the 11th, so not from the 10th on."""
    opened_at = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    with database.write() as db:
        given = FundIn(code="VIE", name="Vienna", base_currency="EUR", zone="Europe/Vienna")
        fund = create_fund(db, audit.SYSTEM, given)
        call = Call(fund_id=fund.id)
        board = Board(mode="written", meets_on=None, opened_at=opened_at)
        with pytest.raises(Problem) as early:
            confirming._day(db, call, board, date(2026, 3, 10))
        assert [error.pointer for error in early.value.errors] == ["/awards_on"]
        assert confirming._day(db, call, board, date(2026, 3, 11)) == date(2026, 3, 11)
