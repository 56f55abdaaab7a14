"""What a board carried takes effect: two persons confirm, and all of it happens at once, or none.

**Who confirms.** Two different persons, so at least one of them did not prepare the board. Neither
voted at it; neither has a conflict of interest with anything it awards or puts on reserve, nor
reviewed it; the second may be the preparer, the first may, both cannot.

At the second confirmation, under the write turn: the call's limits and envelope are counted anew
with all awards made by then, every award on cash is reserved as one question to the fund's money,
conditional awards are set on their instalments, and each proposal takes its step. Whatever cannot
be done refuses the whole, with what binds named. One thing does not: what an applicant has
withdrawn since the vote lapses, as nobody can be awarded who no longer asks, and the others' awards
are what the board decided on them all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.calls.models import Call
from fundops.decisions import voting
from fundops.decisions.candidates import item_of, proposals_of, spent_under
from fundops.decisions.limits import Tally, limits_of
from fundops.decisions.models import Board, BoardItem
from fundops.decisions.schemas import ConfirmIn
from fundops.decisions.steps import BOARD_EVENTS, BOARD_STEPS, ITEM_STEPS, OUTCOME_STEPS
from fundops.errors import FieldError, Problem, invalid
from fundops.grants import service as grants
from fundops.grants.awarding import Terms
from fundops.grants.models import Grant
from fundops.grants.rules import past_day
from fundops.ledger.models import Fund
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.proposals.facts import Facts, facts_of
from fundops.proposals.models import Proposal
from fundops.proposals.service import take_step
from fundops.records import snapshot


def confirm(db: Session, actor: Actor, call: Call, board: Board, given: ConfirmIn) -> Board:
    """Confirm what a board carried: the first time it is noted, the second time it takes effect.

    Raises ``same-person``, ``conflict-of-interest``, ``conflict`` for proposals that are no longer
    what the board voted on, and what the awards raise.
    """
    items = [item for item in voting.items_of(db, board) if item.status == "carried"]
    if board.status != "closed":
        raise Problem("wrong-status", action="confirm", status=board.status)
    _check_person(db, actor, board, items)
    _check_unchanged(db, board, items)
    before = snapshot(board)
    if board.first_confirmed_by_id is None:
        board.awards_on = _day(db, call, board, given.awards_on)
        board.first_confirmed_by_id = actor.person_id
        board.first_confirmed_at = clock.now()
        _record(db, actor, "board.confirmed_once", call, board, before)
        return board
    if given.awards_on is not None and given.awards_on != board.awards_on:
        raise invalid("/awards_on", "decisions.other_day")
    advance(board, BOARD_STEPS, "confirm", actor)
    board.second_confirmed_by_id = actor.person_id
    board.second_confirmed_at = clock.now()
    _record(db, actor, BOARD_EVENTS["confirm"], call, board, before)
    carry_out(db, actor, call, _standing(db, actor, call, items), board.awards_on)
    return board


def _standing(db: Session, actor: Actor, call: Call, items: Sequence[BoardItem]) -> list[BoardItem]:
    """Let the items lapse whose proposals were withdrawn since the vote; return the others."""
    proposals = proposals_of(db, [item.proposal_id for item in items])
    kept = []
    for item in items:
        if proposals[item.proposal_id].status != "withdrawn":
            kept.append(item)
            continue
        was = item.status
        advance(item, ITEM_STEPS, "lapse", actor)
        db.flush()
        audit.record(
            db, actor, "board_item.lapsed", "board_item", item.id, fund_id=call.fund_id,
            reason=text("decisions.lapsed"),
            before={"status": was}, after={"status": item.status},
        )  # fmt: skip
    return kept


def carry_out(
    db: Session, actor: Actor, call: Call, items: Sequence[BoardItem], on: date | None
) -> None:
    """Let carried items take effect together: money first, then each proposal's step."""
    ids = [item.proposal_id for item in items]
    proposals, facts = proposals_of(db, ids), facts_of(db, ids)
    fund = db.get_one(Fund, call.fund_id)
    day = on or clock.today(fund.zone)
    awards = [item for item in items if item.outcome == "award"]
    for item in awards:
        take_step(db, actor, proposals[item.proposal_id], "award", item.reason)
    make_awards(db, actor, call, fund, awards, proposals, facts, day)
    for item in items:
        if item.outcome != "award":
            action = OUTCOME_STEPS[item.outcome]
            take_step(db, actor, proposals[item.proposal_id], action, item.reason)
        was = item.status
        advance(item, ITEM_STEPS, "carry_out", actor)
        db.flush()
        audit.record(
            db, actor, "board_item.carried_out", "board_item", item.id, fund_id=call.fund_id,
            before={"status": was}, after={"status": item.status},
        )  # fmt: skip


def make_awards(
    db: Session,
    actor: Actor,
    call: Call,
    fund: Fund,
    items: Sequence[BoardItem],
    proposals: Mapping[UUID, Proposal],
    facts: Mapping[UUID, Facts],
    on: date,
) -> list[Grant]:
    """Award what items say, on cash or on instalments, all of it or nothing.

    Raises ``conflict`` naming the stated limits that the awards would exceed, and what
    ``grants.service`` raises for money and envelope.
    """
    if not items:
        return []
    _check_limits(db, call, fund, items, facts, on)
    terms = {
        item.id: _terms(call, item, proposals[item.proposal_id], facts[item.proposal_id], on)
        for item in items
    }
    on_cash = [terms[item.id] for item in items if item.basis == "cash"]
    made = grants.award_many(db, actor, fund, on_cash) if on_cash else []
    for item in items:
        if item.instalment_id is not None:
            made.append(
                grants.award_conditionally(db, actor, fund, terms[item.id], item.instalment_id, "")
            )
    return made


def check_confirmer(db: Session, actor: Actor, items: Sequence[BoardItem]) -> None:
    """Refuse a person with a conflict with anything that is awarded or put on reserve."""
    concerned = [item.proposal_id for item in items if item.outcome != "reject"]
    proposals = list(proposals_of(db, concerned).values())
    found = voting.conflicts(db, [actor.person_id], proposals)
    if found:
        kinds = sorted(set(found.values()))
        errors = [FieldError("", text(f"decisions.conflict_{kind}")) for kind in kinds]
        raise Problem(
            "conflict-of-interest", detail=text("decisions.confirmer_conflicted"), errors=errors
        )


def _check_person(db: Session, actor: Actor, board: Board, items: Sequence[BoardItem]) -> None:
    if board.first_confirmed_by_id == actor.person_id:
        raise Problem("same-person", action="confirm")
    if voting.voted(db, board, actor.person_id):
        raise Problem("same-person", detail=text("decisions.confirmer_voted"))
    check_confirmer(db, actor, items)


def _check_unchanged(db: Session, board: Board, items: Sequence[BoardItem]) -> None:
    """Refuse what was submitted anew since the board was opened: nobody voted on that."""
    changed = sorted(
        one.code
        for one in proposals_of(db, [item.proposal_id for item in items]).values()
        if one.status != "withdrawn"
        and board.opened_at
        and one.submitted_at
        and one.submitted_at > board.opened_at
    )
    if changed:
        raise Problem("conflict", detail=text("decisions.changed_since", codes=", ".join(changed)))


def _day(db: Session, call: Call, board: Board, given: date | None) -> date | None:
    """Return the day awards are to count from: past, and not before the board decided."""
    if given is None:
        return None
    fund = db.get_one(Fund, call.fund_id)
    day = past_day(fund, given, "/awards_on")
    if board.meets_on is not None and day < board.meets_on:
        raise invalid("/awards_on", "decisions.before_meeting")
    if board.mode == "written" and board.opened_at is not None:
        opened_on = clock.day_in(board.opened_at, fund.zone)
        if day < opened_on:
            raise invalid("/awards_on", "decisions.before_meeting")
    return day


def _check_limits(
    db: Session,
    call: Call,
    fund: Fund,
    items: Sequence[BoardItem],
    facts: Mapping[UUID, Facts],
    on: date,
) -> None:
    """Refuse awards beyond the call's maximums; minimums bind the line, not what a board does."""
    limits = limits_of(call.limits, fund.base_currency)
    if not limits:
        return
    tally = Tally(limits, call.envelope_minor)
    for spent in spent_under(db, call, on):
        tally.add(spent)
    wanted = [item_of(facts[item.proposal_id], item.amount_minor or 0, on) for item in items]
    found = tally.refusals(wanted)
    if found:
        sentences = [breach.sentence(fund.base_currency) for breach in found]
        errors = [FieldError("", sentence) for sentence in sentences]
        raise Problem("conflict", detail=sentences[0], errors=errors)


def _terms(call: Call, item: BoardItem, proposal: Proposal, facts: Facts, on: date) -> Terms:
    return Terms(
        proposal.party_id,
        proposal.title,
        item.amount_minor or 0,
        on,
        call,
        proposal.country,
        proposal.region,
        facts.objectives,
        proposal.starts_on,
        proposal.ends_on,
        proposal.id,
        proposal.code,
    )


def _record(
    db: Session,
    actor: Actor,
    action: str,
    call: Call,
    board: Board,
    before: dict[str, Any],
) -> None:
    db.flush()
    after = snapshot(board)
    changed = {name for name, value in after.items() if value != before[name]}
    audit.record(
        db, actor, action, "board", board.id, fund_id=call.fund_id,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )  # fmt: skip
