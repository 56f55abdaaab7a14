"""Awarding: one grant or several at once, reserved in full in the same transaction, or none.

Several awards are one question to the fund's money: they are funded together or all refused, with
what binds named. The envelope of their call is counted under the write turn, so that two boards
that decide at once cannot both have its last money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation import pool, reserve
from fundops.allocation.earmarks import GrantFacts
from fundops.allocation.facts import grant_facts
from fundops.allocation.position import Draw, Move, NotFundable
from fundops.allocation.reserve import Source
from fundops.calls.models import Call
from fundops.errors import Problem, invalid
from fundops.grants.envelopes import refuse_beyond
from fundops.grants.models import Grant, Tranche
from fundops.grants.refusals import Words, not_fundable
from fundops.grants.rules import (
    base_minor,
    call_of,
    check_dates,
    code_for,
    grantee_of,
    past_day,
    refuse_interest,
)
from fundops.grants.schemas import GrantIn, TrancheIn, shares_stored
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.proposals.models import Proposal
from fundops.records import snapshot


@dataclass(frozen=True)
class Terms:
    """What a grant is awarded with; ``objectives`` maps numbers to percents, none if not known.

    ``name`` is what the award is called where money for it is refused.
    """

    grantee_id: UUID
    title: str
    amount_minor: int
    on: date
    call: Call | None = None
    country: str | None = None
    region: str | None = None
    objectives: Mapping[int, int] = field(default_factory=dict)
    starts_on: date | None = None
    ends_on: date | None = None
    proposal_id: UUID | None = None
    name: str | None = None


def award(db: Session, actor: audit.Author, fund: Fund, given: GrantIn) -> Grant:
    """Award a grant and reserve it in full, or raise and change nothing.

    Drawn from lots whose earmark admits it, tightest first, then oldest; where free money is
    short, other grants' unpaid and unpinned reservations are moved, the least that suffices.
    Raises ``not-fundable`` naming what binds, ``conflict-of-interest`` for an interest of the
    actor's, ``insufficient-funds`` beyond the call's envelope, ``conflict`` under a call that
    has proposals: its board decides.
    """
    terms = terms_of(db, fund, given)
    refuse_beside_board(db, terms)
    _check_tranches(fund, given.tranches, terms.amount_minor)
    return award_many(db, actor, fund, [terms], tranches=given.tranches)[0]


def terms_of(db: Session, fund: Fund, given: GrantIn) -> Terms:
    """Return the terms that a request states, checked against the fund."""
    on = past_day(fund, given.awarded_on, "/awarded_on")
    grantee_of(db, given.grantee_id)
    call = call_of(db, fund, given.call_id, "/call_id")
    amount = base_minor(fund, given.amount, "/amount")
    check_dates(given.starts_on, given.ends_on, "/ends_on")
    return Terms(
        given.grantee_id, given.title, amount, on, call, given.country, given.region,
        {share.objective: share.percent for share in given.objectives},
        given.starts_on, given.ends_on,
    )  # fmt: skip


def award_many(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    wanted: Sequence[Terms],
    *,
    tranches: Sequence[TrancheIn] = (),
) -> list[Grant]:
    """Award several grants of one day and reserve them all, or raise and change nothing.

    Raises what ``award`` does; ``tranches`` belong to a single award.
    """
    check_awards(db, actor, fund, wanted)
    made = [new_grant(db, fund, terms, "awarded") for terms in wanted]
    facts = [facts_for(grant, terms) for grant, terms in zip(made, wanted, strict=True)]
    amounts = [(one, terms.amount_minor) for one, terms in zip(facts, wanted, strict=True)]
    answer = pool.ask(db, fund.id, amounts, wanted[0].on)
    if isinstance(answer.result, NotFundable):
        names = {
            grant.id: terms.name or text("grants.this_award")
            for grant, terms in zip(made, wanted, strict=True)
        }
        words = Words(db, actor, answer.pool, names)
        raise not_fundable(words, answer.result, facts, "/amount")
    db.add_all(made)
    _add_tranches(db, fund, made[0], tranches)
    db.flush()
    moves = answer.result.plan.moves
    for grant in made:
        draws = [draw for draw in answer.result.plan.draws if draw.grant_id == grant.id]
        book(db, actor, grant, draws, moves, grant.awarded_on)
        moves = ()
    return made


def check_awards(db: Session, actor: audit.Author, fund: Fund, wanted: Sequence[Terms]) -> None:
    """Refuse awards that no money could make right: interests, closed funds, days, envelopes."""
    assert wanted, "there is something to award"
    assert len({terms.on for terms in wanted}) == 1, "awards at once are of one day"
    if fund.status != "open":
        raise Problem("conflict", detail=text("grants.fund_closed"))
    for terms in wanted:
        grantee_of(db, terms.grantee_id)
        refuse_interest(db, actor, terms.grantee_id)
        check_dates(terms.starts_on, terms.ends_on, "/ends_on")
    calls = {terms.call.id: terms.call for terms in wanted if terms.call is not None}
    for call in calls.values():
        asked = sum(t.amount_minor for t in wanted if t.call is not None and t.call.id == call.id)
        refuse_beyond(db, fund, call, asked)


def new_grant(db: Session, fund: Fund, terms: Terms, status: str) -> Grant:
    """Return the record of a grant, not added yet."""
    return Grant(
        id=uuid7(),
        code=code_for(db, grantee_of(db, terms.grantee_id), "GRT", terms.on.year),
        fund_id=fund.id,
        call_id=terms.call.id if terms.call else None,
        grantee_id=terms.grantee_id,
        title=terms.title,
        country=terms.country,
        region=terms.region,
        objectives=shares_stored(terms.objectives),
        awarded_on=terms.on,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        awarded_minor=terms.amount_minor,
        requested_minor=0,
        paid_minor=0,
        refunded_minor=0,
        adjusted_minor=0,
        status=status,
        created_at=clock.now(),
        proposal_id=terms.proposal_id,
    )


def facts_for(grant: Grant, terms: Terms) -> GrantFacts:
    """Return what earmarks ask about a grant that is being awarded."""
    return grant_facts(
        grant.id,
        grant.code,
        objectives=[number for number, share in terms.objectives.items() if share],
        country=terms.country,
        region=terms.region,
        call=terms.call.code if terms.call else None,
        on=terms.on,
    )


def book(
    db: Session,
    actor: audit.Author,
    grant: Grant,
    draws: Sequence[Draw],
    moves: Sequence[Move],
    on: date,
    action: str = "grant.awarded",
    before: dict[str, Any] | None = None,
) -> None:
    """Record that a grant is reserved and post the draws and the moves that made room."""
    seq = audit.record(
        db, actor, action, "grant", grant.id, fund_id=grant.fund_id,
        before=before,
        after=snapshot(grant)
        | {
            "draws": [[draw.lot_id, draw.amount_minor] for draw in draws],
            "moves": [list(one) for one in moves],
        },
    )  # fmt: skip
    source = Source("grant", grant.id, on)
    moved = Source("grant", grant.id, on, reserve.own_key(db, seq))
    posting.post(
        db,
        seq,
        [
            *reserve.move(grant.fund_id, moved, moves),
            *reserve.reserve(grant.fund_id, source, draws),
        ],
    )


def refuse_beside_board(db: Session, terms: Terms) -> None:
    """Refuse to award beside the board of a call that has proposals."""
    if terms.call is None:
        return
    has_proposals = select(exists().where(Proposal.call_id == terms.call.id))
    if db.execute(has_proposals).scalar_one():
        raise Problem("conflict", detail=text("grants.board_decides"))


def _check_tranches(fund: Fund, given: Sequence[TrancheIn], amount: int) -> None:
    total = sum(
        base_minor(fund, tranche.amount, f"/tranches/{index}/amount")
        for index, tranche in enumerate(given)
    )
    if given and total != amount:
        raise invalid("/tranches", "grants.tranches_sum")


def _add_tranches(db: Session, fund: Fund, grant: Grant, given: Sequence[TrancheIn]) -> None:
    db.flush()
    db.add_all(
        Tranche(
            id=uuid7(),
            grant_id=grant.id,
            number=index + 1,
            due_on=tranche.due_on,
            amount_minor=base_minor(fund, tranche.amount, f"/tranches/{index}/amount"),
            created_at=clock.now(),
        )
        for index, tranche in enumerate(given)
    )
