"""Asking whether a list of awards can be funded, without changing anything."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.allocation import pool
from fundops.allocation.earmarks import GrantFacts
from fundops.allocation.facts import grant_facts
from fundops.allocation.position import NotFundable, Plan
from fundops.calls.models import Call
from fundops.errors import invalid
from fundops.grants.fundable_schemas import FundableIn
from fundops.grants.refusals import Words, refusal_out
from fundops.grants.rules import base_minor, past_day
from fundops.ids import business_id
from fundops.ledger.models import Fund
from fundops.money import MAX_MINOR
from fundops.schemas import money_out


def ask(db: Session, actor: audit.Author, fund: Fund, given: FundableIn) -> dict[str, Any]:
    """Return whether all awards can be funded together, with the draws, or why not."""
    on = past_day(fund, given.awarded_on, "/awarded_on")
    calls = _calls(db, fund, given)
    awards: list[tuple[GrantFacts, int]] = []
    for index, one in enumerate(given.awards):
        amount = base_minor(fund, one.amount, f"/awards/{index}/amount")
        # A code that no grant can have, so that no earmark can name it.
        award_id = business_id("award asked about", index)
        facts = grant_facts(
            award_id,
            f"award {index + 1}",
            objectives=one.objectives,
            country=one.country,
            region=one.region,
            call=calls[one.call_id] if one.call_id else None,
            on=on,
        )
        awards.append((facts, amount))
    if sum(amount for _, amount in awards) > MAX_MINOR:
        raise invalid("/awards", "money.too_large")
    answer = pool.ask(db, fund.id, awards, on)
    keys = {facts.id: one.key for (facts, _), one in zip(awards, given.awards, strict=True)}
    words = Words(db, actor, answer.pool, keys)
    if isinstance(answer.result, NotFundable):
        why_not = refusal_out(words, answer.result, [facts for facts, _ in awards])
        return {"fundable": False, "draws": [], "moves": [], "why_not": why_not}
    return {"fundable": True, **_plan_out(words, answer.result.plan), "why_not": None}


def _calls(db: Session, fund: Fund, given: FundableIn) -> dict[UUID, str]:
    wanted = {one.call_id for one in given.awards if one.call_id is not None}
    query = select(Call.id, Call.code).where(Call.id.in_(wanted), Call.fund_id == fund.id)
    found: dict[UUID, str] = {row.id: row.code for row in db.execute(query)}
    for index, one in enumerate(given.awards):
        if one.call_id is not None and one.call_id not in found:
            raise invalid(f"/awards/{index}/call_id", "validation.unknown_record")
    return found


def _plan_out(words: Words, plan: Plan) -> dict[str, Any]:
    return {
        "draws": [
            {
                "award": words.grant(draw.grant_id),
                "lot_id": draw.lot_id,
                "lot_code": words.lot(draw.lot_id),
                "amount": money_out(draw.amount_minor, words.currency),
            }
            for draw in plan.draws
        ],
        "moves": [
            {
                "grant": words.grant(move.grant_id),
                "from_lot_code": words.lot(move.from_lot_id),
                "to_lot_code": words.lot(move.to_lot_id),
                "amount": money_out(move.amount_minor, words.currency),
            }
            for move in plan.moves
        ],
    }
