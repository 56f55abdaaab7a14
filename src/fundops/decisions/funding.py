"""The funding line and the what-if of one call, asked of its records and put into words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops import money as amounts
from fundops.allocation.plan import fundable
from fundops.allocation.pool import Pool
from fundops.allocation.position import NotFundable
from fundops.authz import Actor
from fundops.calls.models import Call
from fundops.calls.parts import hundredths_text
from fundops.decisions.candidates import (
    Listed,
    Order,
    listed,
    money_of,
    proposals_of,
    too_large,
)
from fundops.decisions.line import (
    Candidate,
    Hindrance,
    Line,
    Place,
    Reason,
    Standing,
    draw_line,
)
from fundops.decisions.line_schemas import WhatIfIn
from fundops.decisions.minimums import Minimum, minimums_of
from fundops.decisions.portfolio import Choice, Goal, Money, Portfolio, TooLarge, what_if
from fundops.errors import Problem, invalid
from fundops.grants.refusals import Words, refusal_out
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.messages.said import joined
from fundops.reviews.conflicts import conflicted_pairs
from fundops.reviews.models import Ranking
from fundops.schemas import money_out


def funding_line(
    db: Session,
    actor: Actor,
    call: Call,
    *,
    order: Order,
    ranking: Ranking | None,
    chosen: Collection[UUID] = (),
) -> dict[str, Any]:
    """Return the funding line of a call today, under envelope, limits and every earmark.

    What stands of a proposal with which a board's member has a conflict is left out for them.
    """
    on = clock.today(db.get_one(Fund, call.fund_id).zone)
    found = listed(db, call, on, order=order, ranking=ranking)
    money, read = money_of(db, call, found.facts, on)
    line = _draw(found, money, found.chosen(chosen))
    hidden = hidden_from(db, actor, found)
    refused = () if hidden & {s.candidate.id for s in line.refused} else line.refused
    minimums = minimums_of(found.candidates, found.terms, line.above, money)
    currency = found.fund.base_currency
    return {
        "call_id": call.id,
        "ranking_id": None if found.ranking is None else found.ranking.id,
        "order": order,
        "on": on,
        "envelope": money_out(call.envelope_minor, currency),
        "awarded_before": money_out(sum(i.amount_minor for i in found.terms.spent), currency),
        "awarded": money_out(line.awarded_minor, currency),
        "left": money_out(line.left_minor, currency),
        "kept_back": money_out(line.kept_back_minor, currency),
        "tie": [candidate.id for candidate in line.tie if candidate.id not in hidden],
        "free": money_out(line.free_minor, currency),
        "ended_by": None if line.ended_by is None else _end_out(line.ended_by, currency),
        "minimums": [_minimum_out(one, currency) for one in minimums],
        "fundable_together": not line.refused,
        "first_refused": refused[0].candidate.id if refused else None,
        "refused_together": [standing.candidate.id for standing in refused],
        "binding": _binding(db, actor, read, money, line, hidden) if refused else None,
        "items": [
            _standing_out(one, currency) for one in line.standings if one.candidate.id not in hidden
        ],
    }


def hidden_from(db: Session, actor: Actor, listed_: Listed) -> frozenset[UUID]:
    """Return the proposals that the reader, whoever it is, has a conflict with."""
    proposals = list(proposals_of(db, list(listed_.facts)).values())
    return frozenset(one for _, one in conflicted_pairs(db, [actor.person_id], proposals))


def _draw(found: Listed, money: Money, chosen: Collection[UUID]) -> Line:
    try:
        return draw_line(
            found.candidates, found.terms, chosen=chosen, fundable=money.pays,
            free_minor=money.free_minor,
        )  # fmt: skip
    except ValueError as error:
        raise too_large() from error


def _binding(
    db: Session,
    actor: audit.Author,
    read: Pool,
    money: Money,
    line: Line,
    hidden: Collection[UUID],
) -> dict[str, Any] | None:
    """Return what keeps money from the first that it refuses: too little of it, or earmarks.

    The details name who competes for what, so a reader from whom one of those is hidden has none.
    """
    refused = [standing.candidate for standing in line.refused]
    before: list[Candidate] = []
    for standing in line.standings:
        if standing.candidate is refused[0]:
            break
        if standing.place is Place.ABOVE:
            before.append(standing.candidate)
    asked = [*before, *refused]
    awards = [(money.facts[c.id], c.item.amount_minor) for c in asked]
    answer = fundable(awards, money.position, money.on)
    if not isinstance(answer, NotFundable):
        return None
    words = Words(db, actor, read, {c.id: c.code for c in asked})
    out = refusal_out(words, answer, [money.facts[c.id] for c in refused])
    details = [one["sentence"] for one in out["binding"]]
    details += [limit["sentence"] for one in out["binding"] for limit in one["limits"]]
    details += [one["sentence"] for one in out["refused"]]
    sentence, found = out["sentence"], line.refused[0].hindrance
    if found is not None and found.reason is Reason.CASH:
        sentence = _sentence("binding", found, words.currency)
    return {
        "sentence": sentence,
        "details": [] if {c.id for c in asked} & set(hidden) else details,
    }


def _sentence(kind: str, found: Hindrance, currency: str) -> str:
    """Return what a hindrance comes to, in the words of ``kind``."""
    left = found.left_minor or 0
    if found.breach is not None:
        return text(f"decisions.{kind}_limit", limit=found.breach.sentence(currency))
    return text(
        f"decisions.{kind}_{found.reason}",
        asked=amounts.display(found.asked_minor, currency),
        left=amounts.display(left, currency),
        missing=amounts.display(max(0, found.asked_minor - left), currency),
    )


def _why(standing: Standing, currency: str) -> str | None:
    """Return why a proposal is not above the line, with the amounts that say so."""
    found = standing.hindrance
    if standing.reason is None:
        return None
    if found is None:
        return text(f"decisions.line_{standing.reason}")
    if standing.reason is Reason.TIE:
        return joined((text("decisions.line_tie"), _sentence("together", found, currency)), " ")
    if standing.reason is Reason.ENDED:
        return text("decisions.line_ended", why=_sentence("ended", found, currency))
    if found.breach is not None:
        return found.breach.sentence(currency)
    if found.reason in (Reason.ENVELOPE, Reason.CASH):
        return _sentence("line_short", found, currency)
    return text(f"decisions.line_{found.reason}")


def _standing_out(standing: Standing, currency: str) -> dict[str, Any]:
    candidate, found = standing.candidate, standing.hindrance
    binds = standing.reason if found is None else found.reason
    return {
        "proposal_id": candidate.id,
        "code": candidate.code,
        "rank": candidate.rank,
        "score": None if candidate.score is None else points(candidate.score),
        "amount": money_out(candidate.item.amount_minor, currency),
        "place": str(standing.place),
        "reason": None if standing.reason is None else str(standing.reason),
        "binds": None if binds is None else str(binds),
        "sentence": _why(standing, currency),
        "fits_still": standing.fits_still,
    }


def _end_out(found: Hindrance, currency: str) -> dict[str, Any]:
    return {
        "reason": str(found.reason),
        "asked": money_out(found.asked_minor, currency),
        "left": money_out(found.left_minor, currency),
        "sentence": _sentence("ended", found, currency),
    }


def _minimum_out(found: Minimum, currency: str) -> dict[str, Any]:
    return {
        "dimension": found.limit.dimension,
        "code": found.limit.code,
        "target": money_out(found.target_minor, currency),
        "reached": money_out(found.reached_minor, currency),
        "can_be_met": found.can_be_met,
        "missed": money_out(found.missed_minor, currency),
    }


def ask_what_if(
    db: Session, actor: Actor, call: Call, given: WhatIfIn, ranking: Ranking | None
) -> dict[str, Any]:
    """Return the best portfolio of a call and what the choices made cost.

    Raises ``invalid-request`` for a proposal that is not on the list or is forced both ways,
    ``conflict`` for a question beyond the stated maxima or not answered in time,
    ``conflict-of-interest`` for a member with a conflict with a proposal of the call.
    """
    on = clock.today(db.get_one(Fund, call.fund_id).zone)
    found = listed(db, call, on, order=given.order, ranking=ranking)
    if hidden_from(db, actor, found):
        raise Problem("conflict-of-interest", detail=text("decisions.member_conflicted"))
    _check_choices(found, given)
    money, _ = money_of(db, call, found.facts, on)
    goal = Goal(given.goal)
    try:
        answer = what_if(
            found.candidates, found.terms, goal, forced_in=given.forced_in,
            forced_out=given.forced_out, money=money,
        )  # fmt: skip
    except (TooLarge, ValueError) as error:
        raise too_large() from error
    line = _draw(found, money, ())
    worth = sum(goal.worth(candidate) for candidate in line.above)
    drawn = Portfolio(line.above, worth, answer.best.bound, is_proven=answer.best.is_proven)
    currency = found.fund.base_currency
    together = answer.with_choices
    return {
        "call_id": call.id,
        "ranking_id": None if found.ranking is None else found.ranking.id,
        "goal": given.goal,
        "order": given.order,
        "on": on,
        "keeps_minimums": answer.keeps_minimums,
        "is_unique": answer.is_unique,
        "best": _portfolio_out(answer.best, goal, currency),
        "with_choices": None if together is None else _portfolio_out(together, goal, currency),
        "choices": [_choice_out(choice, goal) for choice in answer.choices],
        "line": _portfolio_out(drawn, goal, currency),
    }


def _check_choices(found: Listed, given: WhatIfIn) -> None:
    known = {candidate.id for candidate in found.candidates}
    for name, ids in (("forced_in", given.forced_in), ("forced_out", given.forced_out)):
        for index, one in enumerate(ids):
            if one not in known:
                raise invalid(f"/{name}/{index}", "validation.unknown_record")
    both = set(given.forced_in) & set(given.forced_out)
    if both or len(set(given.forced_in)) < len(given.forced_in):
        raise invalid("/forced_in", "decisions.forced_twice")
    if len(set(given.forced_out)) < len(given.forced_out):
        raise invalid("/forced_out", "decisions.forced_twice")


def _portfolio_out(found: Portfolio, goal: Goal, currency: str) -> dict[str, Any]:
    return {
        "worth": _worth(found.worth, goal),
        "gap": _worth(found.gap, goal),
        "is_proven": found.is_proven,
        "amount": money_out(found.awarded_minor, currency),
        "count": len(found.chosen),
        "proposals": [candidate.id for candidate in found.chosen],
    }


def _choice_out(choice: Choice, goal: Goal) -> dict[str, Any]:
    return {
        "proposal_id": choice.candidate.id,
        "code": choice.candidate.code,
        "is_in": choice.is_in,
        "cost": None if choice.cost is None else _worth(choice.cost, goal),
    }


def _worth(worth: int, goal: Goal) -> str:
    """Return what a portfolio is worth as text: grants, points, or points times minor units."""
    return str(worth) if goal is Goal.COUNT else points(worth)


def points(value: int) -> str:
    """Return whole hundredths as decimal text: 8125 -> ``"81.25"``."""
    return ("-" if value < 0 else "") + hundredths_text(abs(value))
