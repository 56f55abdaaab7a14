"""Conditional awards: grants that stand on a scheduled instalment until its money is here.

Only where the fund's policy allows it (``award_basis``), and only on an instalment of a binding
agreement in force whose conditions are met, whose earmark admits the grant, and which will bring
enough: its outstanding rest at the agreed rate, less what somebody has asked to write off, less
agent fee and support cost, all rounded against us, less what other awards wait for.

A conditional grant reserves nothing and cannot be paid. When money is matched to the instalment
its awards are reserved on the lots that this opens, in the order in which they were made and in
the same transaction. An award that does not fit stays waiting, and none after it overtakes it; a
person may let it stand on the fund's free money instead. While awards wait, less of the instalment
cannot be expected: they must be cancelled first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.allocation import pool
from fundops.allocation.caps import used_under_caps
from fundops.allocation.earmarks import GrantFacts, refusal
from fundops.allocation.facts import earmark_of, facts_of
from fundops.allocation.plan import fundable
from fundops.allocation.position import CapGroup, Fundable, NotFundable, Position
from fundops.authz import Permission
from fundops.donors import hooks
from fundops.donors.charges import MILLION
from fundops.donors.models import Agreement, Instalment, Lot, WriteOff
from fundops.errors import Problem, invalid
from fundops.grants.awarding import (
    Terms,
    book,
    check_awards,
    facts_for,
    new_grant,
    refuse_beside_board,
    terms_of,
)
from fundops.grants.models import ConditionalAward, Grant
from fundops.grants.refusals import Words, not_fundable
from fundops.grants.schemas import GrantIn
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot
from fundops.schemas import money_out

STAND: Steps = {"stand": step("conditional", "awarded", Permission.GRANT_AWARD)}
CONDITIONAL_STEPS: Steps = {
    "stand": step("waiting", "stood", Permission.GRANT_AWARD),
    "void": step("waiting", "void", Permission.GRANT_AWARD),
}


def award_conditionally(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    terms: Terms,
    instalment_id: UUID,
    pointer: str = "/instalment_id",
) -> Grant:
    """Award a grant that stands on an instalment, or raise and change nothing.

    Raises ``conflict`` where the fund awards on cash only or the agreement cannot be counted on,
    ``earmark-refuses``, and ``insufficient-funds`` for more than the instalment will bring.
    """
    if fund.award_basis != "instalment":
        raise Problem("conflict", detail=text("grants.basis_cash"))
    check_awards(db, actor, fund, [terms])
    instalment, agreement = _instalment(db, fund, instalment_id, pointer)
    _check_in_force(instalment, agreement, terms.on)
    grant = new_grant(db, fund, terms, "conditional")
    facts = facts_for(grant, terms)
    _check_earmark(db, fund, agreement, instalment, facts, terms)
    room = expected_minor(db, fund, instalment, agreement) - _waiting_minor(db, instalment.id)
    if terms.amount_minor > room:
        left = money.display(max(room, 0), fund.base_currency)
        raise Problem("insufficient-funds", detail=text("grants.instalment_short", left=left))
    db.add(grant)
    db.flush()
    db.add(
        ConditionalAward(
            id=uuid7(), grant_id=grant.id, instalment_id=instalment.id,
            amount_minor=terms.amount_minor, status="waiting", created_at=clock.now(),
        )
    )  # fmt: skip
    db.flush()
    audit.record(
        db, actor, "grant.awarded_conditionally", "grant", grant.id, fund_id=fund.id,
        after=snapshot(grant) | {"instalment_id": instalment.id},
    )  # fmt: skip
    return grant


def award_on_instalment(
    db: Session, actor: audit.Author, fund: Fund, given: GrantIn, instalment_id: UUID
) -> Grant:
    """Award what a request states, on an instalment; raises what ``award_conditionally`` does."""
    terms = terms_of(db, fund, given)
    refuse_beside_board(db, terms)
    if given.tranches:
        raise invalid("/tranches", "grants.conditional_tranches")
    return award_conditionally(db, actor, fund, terms, instalment_id)


def conditions_of(db: Session, grant: Grant) -> list[dict[str, Any]]:
    """Return what a grant waits for or waited for, as the API shows it."""
    query = (
        select(ConditionalAward, Instalment, Agreement.code)
        .join(Instalment, Instalment.id == ConditionalAward.instalment_id)
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(ConditionalAward.grant_id == grant.id)
        .order_by(ConditionalAward.id)
    )
    fund = db.get_one(Fund, grant.fund_id)
    found = []
    for one, instalment, code in db.execute(query).all():
        short = shortfall_minor(db, fund, grant, one) if one.status == "waiting" else None
        found.append(
            {
                "id": one.id,
                "instalment_id": instalment.id,
                "agreement_code": code,
                "due_on": instalment.due_on,
                "amount": money_out(one.amount_minor, fund.base_currency),
                "shortfall": money_out(short, fund.base_currency),
                "status": one.status,
            }
        )
    return found


def expected_minor(db: Session, fund: Fund, instalment: Instalment, agreement: Agreement) -> int:
    """Return what the rest of an instalment will at least bring to a lot, base minor units.

    An instalment in another currency counts at its agreed rate, and with nothing where none is.
    """
    asked = select(func.coalesce(func.sum(WriteOff.amount_minor), 0)).where(
        WriteOff.instalment_id == instalment.id, WriteOff.status == "requested"
    )
    settled = instalment.matched_minor + instalment.written_off_minor
    rest = instalment.amount_minor - settled - int(db.execute(asked).scalar_one())
    if rest <= 0:
        return 0
    if instalment.currency == fund.base_currency:
        gross = rest
    else:
        gross = (instalment.expected_base_minor or 0) * rest // instalment.amount_minor
    return net_minor(gross, agreement)


def net_minor(gross_minor: int, agreement: Agreement) -> int:
    """Return what the agreement's charges leave of an amount at least: each is rounded up."""
    left = gross_minor - _up(gross_minor * agreement.agent_fee_ppm, MILLION)
    rate = agreement.support_cost_ppm
    match agreement.support_cost_basis:
        case "receipt":
            left -= _up(gross_minor * rate, MILLION)
        case "expenditure":
            left -= _up(left * rate, MILLION + rate)
    return max(left, 0)


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def stand(db: Session, actor: audit.Author, fund: Fund, grant: Grant) -> Grant:
    """Let a conditional grant stand on any money of the fund that its earmark admits it to.

    Raises ``wrong-status`` for a grant that waits for nothing, ``not-fundable`` naming what binds.
    """
    waiting = _waiting(db, grant)
    if waiting is None or fund.status != "open":
        raise Problem("wrong-status", action="stand", status=grant.status)
    facts = facts_of(db, [grant.id])[grant.id]
    on = clock.today(fund.zone)
    answer = pool.ask(db, fund.id, [(facts, grant.awarded_minor)], on)
    if isinstance(answer.result, NotFundable):
        words = Words(db, actor, answer.pool, {grant.id: grant.code})
        raise not_fundable(words, answer.result, [facts], "")
    _stand(db, actor, grant, waiting, answer.result, on)
    return grant


def void(db: Session, grant: Grant) -> None:
    """End what a cancelled grant waits for."""
    waiting = _waiting(db, grant)
    if waiting is not None:
        advance(waiting, CONDITIONAL_STEPS, "void")
        waiting.ended_at = clock.now()
        db.flush()


def shortfall_minor(db: Session, fund: Fund, grant: Grant, waiting: ConditionalAward) -> int:
    """Return what the lots of its instalment lack for a waiting grant now, minor units."""
    answer, _ = _ask(db, fund, grant, waiting)
    return answer.shortfall_minor if isinstance(answer, NotFundable) else 0


def money_has_come(db: Session, actor: audit.Author, lots: Sequence[Lot]) -> None:
    """Let waiting awards stand on the lots that a match opened, first come, first served."""
    instalments = {lot.instalment_id for lot in lots if lot.instalment_id is not None}
    if not instalments:
        return
    query = (
        select(ConditionalAward, Grant)
        .join(Grant, Grant.id == ConditionalAward.grant_id)
        .where(
            ConditionalAward.instalment_id.in_(instalments), ConditionalAward.status == "waiting"
        )
        .order_by(ConditionalAward.created_at, ConditionalAward.id)
    )
    short: set[UUID] = set()
    for waiting, grant in db.execute(query).all():
        if waiting.instalment_id in short:
            continue
        answer, on = _ask(db, db.get_one(Fund, grant.fund_id), grant, waiting)
        if isinstance(answer, Fundable):
            _stand(db, actor, grant, waiting, answer, on)
        else:
            short.add(waiting.instalment_id)
            audit.record(
                db, actor, "grant.still_waits", "grant", grant.id, fund_id=grant.fund_id,
                after={"shortfall_minor": answer.shortfall_minor},
            )  # fmt: skip


def less_will_come(db: Session, instalment: Instalment) -> None:
    """Refuse to expect less of an instalment than awards wait for, naming them."""
    waiting = _waiting_minor(db, instalment.id)
    if not waiting:
        return
    agreement = db.get_one(Agreement, instalment.agreement_id)
    fund = db.get_one(Fund, agreement.fund_id)
    expected = expected_minor(db, fund, instalment, agreement)
    expected += _free_minor(db, fund, instalment.id)
    if waiting > expected:
        query = (
            select(Grant.code)
            .join(ConditionalAward, ConditionalAward.grant_id == Grant.id)
            .where(
                ConditionalAward.instalment_id == instalment.id,
                ConditionalAward.status == "waiting",
            )
            .order_by(Grant.code)
        )
        codes = ", ".join(db.execute(query).scalars())
        amount = money.display(waiting, fund.base_currency)
        raise Problem("conflict", detail=text("grants.awards_at_risk", grants=codes, amount=amount))


def _instalment(
    db: Session, fund: Fund, instalment_id: UUID, pointer: str
) -> tuple[Instalment, Agreement]:
    query = (
        select(Instalment, Agreement)
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(Instalment.id == instalment_id, Agreement.fund_id == fund.id)
        .execution_options(populate_existing=True)
    )
    row = db.execute(query).one_or_none()
    if row is None:
        raise invalid(pointer, "validation.unknown_record")
    return row[0], row[1]


def _check_in_force(instalment: Instalment, agreement: Agreement, on: date) -> None:
    """Refuse an instalment that nothing obliges the donor to pay, or that is not scheduled."""
    is_conditional = agreement.has_return_obligation and agreement.conditions_met_on is None
    if not agreement.is_binding or agreement.status != "active" or is_conditional:
        raise Problem("conflict", detail=text("grants.not_binding", agreement=agreement.code))
    is_over = agreement.ends_on is not None and agreement.ends_on < on
    if instalment.due_on is None or is_over:
        raise Problem("conflict", detail=text("grants.not_scheduled", agreement=agreement.code))


def _check_earmark(
    db: Session,
    fund: Fund,
    agreement: Agreement,
    instalment: Instalment,
    facts: GrantFacts,
    terms: Terms,
) -> None:
    """Refuse what the agreement's earmark, spend-by date or caps would not let its money pay."""
    mark = earmark_of(agreement.earmark)
    assert instalment.due_on is not None
    on = max(terms.on, instalment.due_on)
    reason = refusal(mark, facts, on)
    if reason is not None:
        sentence = text(reason.message_key, **reason.params)
        detail = text("grants.instalment_refuses", agreement=agreement.code, reason=sentence)
        raise Problem("earmark-refuses", detail=detail)
    dimension = mark.cap_dimension
    if dimension is None:
        return
    for value in sorted(facts.values[dimension], key=str):
        cap = mark.cap_by_value.get(value)
        if cap is None:
            continue
        used = used_under_caps(db, [agreement.id], {})
        taken = used.get(CapGroup(agreement.id, dimension, value), 0)
        taken += _waiting_under(db, agreement.id, facts, str(dimension))
        if taken + terms.amount_minor > cap.amount_minor:
            left = money.display(max(cap.amount_minor - taken, 0), fund.base_currency)
            raise Problem("insufficient-funds", detail=text("grants.instalment_short", left=left))


def _waiting_under(db: Session, agreement_id: UUID, facts: GrantFacts, dimension: str) -> int:
    """Return what awards with one capped value already wait for of an agreement."""
    query = (
        select(ConditionalAward.grant_id, ConditionalAward.amount_minor)
        .join(Instalment, Instalment.id == ConditionalAward.instalment_id)
        .where(Instalment.agreement_id == agreement_id, ConditionalAward.status == "waiting")
    )
    amounts = {row.grant_id: int(row.amount_minor) for row in db.execute(query)}
    others = facts_of(db, amounts)
    mine = {d: values for d, values in facts.values.items() if str(d) == dimension}
    return sum(
        minor
        for grant_id, minor in amounts.items()
        if any(values & others[grant_id].values[d] for d, values in mine.items())
    )


def _waiting(db: Session, grant: Grant) -> ConditionalAward | None:
    query = select(ConditionalAward).where(
        ConditionalAward.grant_id == grant.id, ConditionalAward.status == "waiting"
    )
    return db.execute(query).scalar_one_or_none()


def _waiting_minor(db: Session, instalment_id: UUID) -> int:
    query = select(func.coalesce(func.sum(ConditionalAward.amount_minor), 0)).where(
        ConditionalAward.instalment_id == instalment_id, ConditionalAward.status == "waiting"
    )
    return int(db.execute(query).scalar_one())


def _free_minor(db: Session, fund: Fund, instalment_id: UUID) -> int:
    """Return what is free now on the lots that an instalment has brought."""
    found = pool.read(db, fund.id, clock.today(fund.zone), with_reservations=False)
    own = set(db.execute(select(Lot.id).where(Lot.instalment_id == instalment_id)).scalars())
    return sum(lot.available_minor for lot in found.position.lots if lot.id in own)


def _ask(
    db: Session, fund: Fund, grant: Grant, waiting: ConditionalAward
) -> tuple[Fundable | NotFundable, date]:
    """Ask whether the lots of its instalment alone can carry a waiting grant, and from when."""
    query = select(Lot.id, Lot.opened_on).where(
        Lot.instalment_id == waiting.instalment_id, Lot.status == "open"
    )
    own = {row.id: row.opened_on for row in db.execute(query)}
    on = max([grant.awarded_on, *own.values()])
    whole = pool.read(db, fund.id, on, with_reservations=False).position
    lots = [lot for lot in whole.lots if lot.id in own]
    facts = facts_of(db, [grant.id])[grant.id]
    position = Position(lots, (), (), whole.used_minor)
    return fundable([(facts, waiting.amount_minor)], position, on), on


def _stand(
    db: Session,
    actor: audit.Author,
    grant: Grant,
    waiting: ConditionalAward,
    answer: Fundable,
    on: date,
) -> None:
    before = {"status": grant.status}
    advance(grant, STAND, "stand")
    advance(waiting, CONDITIONAL_STEPS, "stand")
    waiting.ended_at = clock.now()
    db.flush()
    plan = answer.plan
    book(db, actor, grant, plan.draws, plan.moves, on, "grant.stands_on_cash", before)


hooks.AFTER_MATCH.append(money_has_come)
hooks.WHEN_LOWERED.append(less_will_come)
