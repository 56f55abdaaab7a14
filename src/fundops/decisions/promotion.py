"""The reserve list: proposals that are awarded when money returns, in the order the board set.

One person asks to promote a proposal, another confirms it; then it is awarded under the same rules
as any other. Passing over somebody with a better place needs a reason.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.calls.models import Call
from fundops.decisions import voting
from fundops.decisions.candidates import item_of, money_of, proposals_of, terms_of_call
from fundops.decisions.confirming import check_confirmer, make_awards
from fundops.decisions.limits import Breach, Tally
from fundops.decisions.line import Candidate
from fundops.decisions.models import Board, BoardItem
from fundops.decisions.schemas import PromoteIn
from fundops.errors import Problem, invalid
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.proposals.facts import facts_of
from fundops.proposals.models import Proposal
from fundops.proposals.service import take_step
from fundops.records import snapshot


class Waiting(NamedTuple):
    """A proposal on the reserve list, and whether it could be awarded now, and if not, why."""

    item: BoardItem
    code: str
    reason: str | None
    breach: Breach | None

    @property
    def is_fundable(self) -> bool:
        """Whether it could be awarded now, by itself."""
        return self.reason is None


def reserve_items(db: Session, call: Call) -> list[BoardItem]:
    """Return a call's reserve list in order: by place, then by when its board was confirmed."""
    query = (
        select(BoardItem)
        .join(Board, Board.id == BoardItem.board_id)
        .join(Proposal, Proposal.id == BoardItem.proposal_id)
        .where(
            Board.call_id == call.id,
            BoardItem.outcome == "reserve",
            BoardItem.status == "carried_out",
            BoardItem.promotion_confirmed_at.is_(None),
            Proposal.status == "reserve",
        )
        .order_by(BoardItem.place, Board.second_confirmed_at, BoardItem.number, BoardItem.id)
    )
    return list(db.execute(query.execution_options(populate_existing=True)).scalars())


def reserve_list(db: Session, call: Call) -> list[Waiting]:
    """Return the reserve list with who could be awarded now, each asked by itself."""
    items = reserve_items(db, call)
    fund = db.get_one(Fund, call.fund_id)
    on = clock.today(fund.zone)
    facts = facts_of(db, [item.proposal_id for item in items])
    terms = terms_of_call(db, call, fund, on)
    tally = Tally(terms.limits, terms.envelope_minor)
    for spent in terms.spent:
        tally.add(spent)
    money, _ = money_of(db, call, facts, on)
    found = []
    for item in items:
        one = facts[item.proposal_id]
        candidate = Candidate(item_of(one, item.amount_minor or 0, on), one.code, None)
        reason, breach = None, tally.refusal([candidate.item])
        if terms.left_minor is not None and candidate.item.amount_minor > terms.left_minor:
            reason = "envelope"
        elif breach is not None:
            reason = "limit"
        elif item.basis == "cash" and not money.pays([candidate]):
            reason = "earmarks"
        found.append(Waiting(item, one.code, reason, breach))
    return found


def ask(db: Session, actor: Actor, call: Call, item: BoardItem, given: PromoteIn) -> BoardItem:
    """Ask to promote a proposal from the reserve list; asking again replaces what was asked.

    Raises ``wrong-status`` for an item that is not on the list, ``invalid-request`` for passing
    over somebody without a reason.
    """
    items = reserve_items(db, call)
    if item.id not in {one.id for one in items}:
        raise Problem("wrong-status", action="promote", status=_status(item))
    if items[0].id != item.id and given.reason is None:
        raise invalid("/reason", "decisions.passed_over", place=items[0].place)
    voting.refuse_conflict(db, actor, db.get_one(Proposal, item.proposal_id))
    before = snapshot(item)
    item.promotion_reason = given.reason
    item.promotion_asked_by_id = actor.person_id
    item.promotion_asked_at = clock.now()
    _record(db, actor, "board_item.promotion_asked", call, item, before, given.reason)
    return item


def withdraw(db: Session, actor: Actor, call: Call, item: BoardItem, reason: str) -> BoardItem:
    """Take back what somebody asked; the proposal stays on the reserve list."""
    _require_asked(item)
    before = snapshot(item)
    item.promotion_reason = None
    item.promotion_asked_by_id = None
    item.promotion_asked_at = None
    _record(db, actor, "board_item.promotion_withdrawn", call, item, before, reason)
    return item


def confirm(db: Session, actor: Actor, call: Call, item: BoardItem) -> Grant:
    """Confirm a promotion: the proposal is awarded in this transaction, or nothing changes.

    Raises ``same-person`` for whoever asked, ``conflict-of-interest``, ``conflict`` when somebody
    with a better place has come on the list since and no reason was given, and what awards raise.
    """
    _require_asked(item)
    if item.promotion_asked_by_id == actor.person_id:
        raise Problem("same-person", action="promote")
    items = reserve_items(db, call)
    if item.id not in {one.id for one in items}:
        raise Problem("wrong-status", action="promote", status=_status(item))
    if items[0].id != item.id and item.promotion_reason is None:
        raise Problem("conflict", detail=text("decisions.passed_over", place=items[0].place))
    check_confirmer(db, actor, [item])
    before = snapshot(item)
    item.promotion_confirmed_by_id = actor.person_id
    item.promotion_confirmed_at = clock.now()
    _record(db, actor, "board_item.promoted", call, item, before, item.promotion_reason)
    ids = [item.proposal_id]
    proposals, facts = proposals_of(db, ids), facts_of(db, ids)
    take_step(db, actor, proposals[item.proposal_id], "award", item.promotion_reason or item.reason)
    fund = db.get_one(Fund, call.fund_id)
    on = clock.today(fund.zone)
    return make_awards(db, actor, call, fund, [item], proposals, facts, on)[0]


def _require_asked(item: BoardItem) -> None:
    if item.promotion_asked_by_id is None or item.promotion_confirmed_by_id is not None:
        raise Problem("wrong-status", action="confirm", status=_status(item))


def _status(item: BoardItem) -> str:
    return "promoted" if item.promotion_confirmed_at is not None else item.status


def _record(
    db: Session,
    actor: Actor,
    action: str,
    call: Call,
    item: BoardItem,
    before: dict[str, Any],
    reason: str | None,
) -> None:
    db.flush()
    after = snapshot(item)
    changed = {name for name, value in after.items() if value != before[name]}
    audit.record(
        db, actor, action, "board_item", item.id, fund_id=call.fund_id, reason=reason,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )  # fmt: skip
