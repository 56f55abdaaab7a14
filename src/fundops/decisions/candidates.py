"""From a call's records to what the line and the portfolio ask about: read once, few queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.allocation import pool
from fundops.allocation.facts import grant_facts
from fundops.allocation.pool import Pool
from fundops.calls.models import Call
from fundops.decisions.limits import Item, an_item, limits_of
from fundops.decisions.line import Candidate, Terms
from fundops.decisions.portfolio import Money
from fundops.errors import Problem
from fundops.grants.envelopes import awarded
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.proposals.facts import Facts, facts_of
from fundops.proposals.models import Proposal
from fundops.reviews.models import Ranking
from fundops.reviews.rankings import latest, ranked

Order = Literal["raw", "adjusted"]
DECIDABLE = ("eligible", "reserve")
"""Statuses of proposals that may still be awarded."""


@dataclass(frozen=True)
class Listed:
    """A call's ranked candidates, what bounds their awards, and what they declare."""

    call: Call
    fund: Fund
    ranking: Ranking | None
    candidates: tuple[Candidate, ...]
    terms: Terms
    facts: Mapping[UUID, Facts]

    def chosen(self, wanted: Collection[UUID]) -> frozenset[UUID]:
        """Return those of ``wanted`` that are on the list."""
        return frozenset(wanted) & self.facts.keys()


def listed(
    db: Session, call: Call, on: date, *, order: Order = "raw", ranking: Ranking | None = None
) -> Listed:
    """Return the candidates of a call in the order of a ranking, the latest if none is given.

    Ranks are counted anew among the proposals that may still be awarded: equal scores, equal
    ranks. One that no review has scored has none. The raw order is the default; the adjusted one
    is taken only where somebody asks for it. Raises ``conflict`` where there are none.
    """
    fund = db.get_one(Fund, call.fund_id)
    ranking = ranking or latest(db, call.id)
    ids = select(Proposal.id).where(Proposal.call_id == call.id, Proposal.status.in_(DECIDABLE))
    facts = facts_of(db, list(db.execute(ids).scalars()))
    scores: dict[UUID, int | None] = {}
    if ranking is not None:
        for one in ranked(db, ranking):
            scores[one.proposal_id] = one.adjusted if order == "adjusted" else one.raw
    if order == "adjusted" and scores and not any(scores.values()):
        raise Problem("conflict", detail=text("decisions.no_adjusted"))
    ranks = _ranks({key: value for key, value in scores.items() if key in facts})
    candidates = tuple(
        Candidate(item_of(one, one.requested_minor, on), one.code, ranks.get(key), scores.get(key))
        for key, one in facts.items()
        if one.requested_minor is not None
    )
    return Listed(call, fund, ranking, candidates, terms_of_call(db, call, fund, on), facts)


def _ranks(scores: Mapping[UUID, int | None]) -> dict[UUID, int]:
    """Return standard competition ranks (1, 2, 2, 4), highest score first."""
    known = {key: score for key, score in scores.items() if score is not None}
    ordered = sorted(known.values(), reverse=True)
    first: dict[int, int] = {}
    for place, score in enumerate(ordered, start=1):
        first.setdefault(score, place)
    return {key: first[score] for key, score in known.items()}


def item_of(one: Facts, amount_minor: int, on: date) -> Item:
    """Return what limits ask about a proposal that is to get an amount."""
    return an_item(
        one.proposal_id, amount_minor, country=one.country, region=one.region,
        objectives=one.objectives, party_id=one.party_id, on=on,
    )  # fmt: skip


def spent_under(db: Session, call: Call, on: date) -> tuple[Item, ...]:
    """Return the awards a call has made already, as its limits count them."""
    return tuple(
        an_item(
            one.id, one.amount_minor, country=one.country, region=one.region,
            objectives=one.objectives, party_id=one.party_id, on=on,
        )
        for one in awarded(db, call.id)
    )  # fmt: skip


def terms_of_call(db: Session, call: Call, fund: Fund, on: date) -> Terms:
    """Return what bounds a call's awards, those made already counted."""
    return Terms(
        call.envelope_minor,
        call.floor_minor,
        call.ceiling_minor,
        tuple(limits_of(call.limits, fund.base_currency)),
        spent_under(db, call, on),
    )


def money_of(db: Session, call: Call, facts: Mapping[UUID, Facts], on: date) -> tuple[Money, Pool]:
    """Return the fund's position on a day and what its earmarks ask about each proposal.

    Raises ``conflict`` for a fund beyond the stated maxima of the allocation.
    """
    try:
        found = pool.read(db, call.fund_id, on)
    except ValueError as error:
        raise too_large() from error
    asked = {
        key: grant_facts(
            key,
            one.code,
            objectives=[number for number, share in one.objectives.items() if share],
            country=one.country,
            region=one.region,
            call=call.code,
            on=on,
        )
        for key, one in facts.items()
    }
    return Money(found.position, asked, on), found


def too_large() -> Problem:
    """Return the problem of a question beyond the stated maxima."""
    return Problem("conflict", detail=text("decisions.question_too_large"))


def proposals_of(db: Session, ids: Sequence[UUID]) -> dict[UUID, Proposal]:
    """Return proposals by id, fresh."""
    query = select(Proposal).where(Proposal.id.in_(ids))
    found = db.execute(query.execution_options(populate_existing=True)).scalars()
    return {one.id: one for one in found}
