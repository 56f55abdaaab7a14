"""Planning, drawing, testing, evaluating and reviewing samples."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.calls.models import Call
from fundops.codes import next_code
from fundops.donors.scope import require_fund
from fundops.errors import Problem, invalid
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, require, step
from fundops.messages import text
from fundops.parties.hands import refuse_behind
from fundops.records import snapshot
from fundops.samples import queries
from fundops.samples.drawing import Parameters, Plan, draw, plan
from fundops.samples.models import AuditSample, SampleItem, SampleResult
from fundops.samples.outcome import Outcome, outcome
from fundops.samples.populations import MAX_POPULATION, Frame, Population, population
from fundops.samples.schemas import AuditSampleIn, SampleResultIn
from fundops.schemas import MoneyIn, money_out, ppm

_P = Permission
STEPS: Steps = {
    "draw": step("drafted", "drawn", _P.SAMPLE_WRITE),
    "evaluate": step("drawn", "evaluated", _P.SAMPLE_WRITE),
    "send_back": step("evaluated", "drawn", _P.SAMPLE_WRITE, ("prepared_by_id", "evaluated_by_id")),
    "review": step("evaluated", "reviewed", _P.SAMPLE_WRITE, ("prepared_by_id", "evaluated_by_id")),
}
RESULT_COLUMNS = (
    "likely_minor", "lower_minor", "upper_minor", "under_likely_minor", "under_upper_minor",
    "apart_minor", "is_accepted", "evaluated_by_id", "evaluated_at",
)  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """What a plan was made of."""

    fund: Fund
    frame: Frame
    parameters: Parameters
    found: Population
    plan: Plan


def prepare(db: Session, actor: Actor, given: AuditSampleIn, permission: Permission) -> Prepared:
    """Return the plan of a sample; raise ``invalid-request`` for what cannot be drawn."""
    require_fund(actor, permission, given.fund_id)
    fund = db.get(Fund, given.fund_id)
    if fund is None:
        raise invalid("/fund_id", "validation.unknown_record")
    frame = _frame(db, fund, given)
    parameters = _parameters(given, fund.base_currency)
    found = population(db, frame)
    if len(found.units) > MAX_POPULATION:
        raise invalid("/population", "samples.population_too_large", limit=MAX_POPULATION)
    return Prepared(fund, frame, parameters, found, plan(parameters, found))


def _frame(db: Session, fund: Fund, given: AuditSampleIn) -> Frame:
    today = clock.today(fund.zone)
    as_of = given.as_of_on or today
    if as_of > today:
        raise invalid("/as_of_on", "validation.future")
    if given.known_at is not None and given.known_at > clock.now():
        raise invalid("/known_at", "validation.future")
    if given.grant_id is not None and given.call_id is not None:
        raise invalid("/call_id", "samples.one_scope")
    scopes: tuple[tuple[str, Any, UUID | None], ...] = (
        ("/grant_id", Grant, given.grant_id),
        ("/call_id", Call, given.call_id),
    )
    for pointer, model, record_id in scopes:
        if record_id is None:
            continue
        if given.population == "receipts":
            raise invalid(pointer, "samples.receipts_of_fund")
        record = db.get(model, record_id)
        if record is None or record.fund_id != fund.id:
            raise invalid(pointer, "validation.unknown_record")
    seq = audit.sequence_at(db, given.known_at)
    return Frame(given.population, fund.id, given.grant_id, given.call_id, as_of, seq)


def _parameters(given: AuditSampleIn, currency: str) -> Parameters:
    """Return the parameters in minor units; raise for those that do not belong to the method."""
    risk = Decimal(given.risk)
    if not Decimal("0.01") <= risk <= Decimal("0.5"):
        raise invalid("/risk", "samples.risk")
    tolerable = _minor(given.tolerable, "/tolerable", currency)
    expected = _minor(given.expected, "/expected", currency, zero=True)
    bands = tuple(_minor(one, f"/bands/{n}", currency) for n, one in enumerate(given.bands))
    _check_method(given, bands)
    return Parameters(
        given.method, risk, tolerable, expected, given.size, given.divided_by, bands,
        given.allocation,
    )  # fmt: skip


def _minor(given: MoneyIn, pointer: str, currency: str, *, zero: bool = False) -> int:
    if given.currency != currency:
        raise invalid(f"{pointer}/currency", "samples.currency")
    return given.minor(pointer, zero=zero)


def _check_method(given: AuditSampleIn, bands: Sequence[int]) -> None:
    is_units, is_strata = given.method == "monetary_unit", given.method == "stratified"
    if is_units == (given.size is not None):
        raise invalid("/size", "samples.size_computed" if is_units else "samples.size_needed")
    if is_strata != (given.divided_by is not None):
        raise invalid("/divided_by", "samples.divided")
    if is_strata != (given.allocation is not None):
        raise invalid("/allocation", "samples.divided")
    if bool(bands) != (given.divided_by == "amount") or list(bands) != sorted(set(bands)):
        raise invalid("/bands", "samples.bands")


def planned_out(made: Prepared) -> dict[str, Any]:
    """Return the wire form of a plan."""
    currency, found = made.fund.base_currency, made.found
    expansion = made.plan.expansion
    return {
        "as_of_on": made.frame.as_of_on,
        "known_seq": made.frame.known_seq,
        "population_count": len(found.units),
        "population": money_out(found.total, currency),
        "ledger": money_out(found.ledger_minor, currency),
        "beside": money_out(found.beside_minor, currency),
        "difference": money_out(found.difference, currency),
        "population_digest": found.digest,
        "confidence": str(made.plan.confidence),
        "expansion": None if expansion is None else str(expansion),
        "size": made.plan.size,
        "interval": money_out(made.plan.interval, currency),
        "strata": [
            {"name": name, "items": one["items"], "taken": one["taken"],
             "amount": money_out(one["amount_minor"], currency)}
            for name, one in sorted(made.plan.strata.items())
        ],
    }  # fmt: skip


def draft(db: Session, actor: Actor, given: AuditSampleIn) -> AuditSample:
    """Store a plan with its seed: from here on nothing of it can be chosen anew.

    Raises ``invalid-request`` where the population differs from the ledger without a reason.
    """
    made = prepare(db, actor, given, Permission.SAMPLE_WRITE)
    if made.found.difference and given.difference_reason is None:
        raise invalid("/difference_reason", "samples.difference")
    now = clock.now()
    wanted, found, planned = made.parameters, made.found, made.plan
    sample = AuditSample(
        id=uuid7(), code=next_code(db, "SMP", clock.day_in(now, made.fund.zone).year),
        fund_id=made.fund.id, grant_id=given.grant_id, call_id=given.call_id,
        population=given.population, as_of_on=made.frame.as_of_on,
        known_seq=made.frame.known_seq, method=given.method, risk_ppm=ppm(given.risk),
        risk_reason=given.risk_reason, tolerable_minor=wanted.tolerable,
        tolerable_reason=given.tolerable_reason, expected_minor=wanted.expected,
        expected_reason=given.expected_reason, confidence=str(planned.confidence),
        expansion=None if planned.expansion is None else str(planned.expansion),
        size=planned.size, interval_minor=planned.interval, divided_by=given.divided_by,
        bands=json.dumps(list(wanted.bands)), allocation=given.allocation,
        strata=planned.strata_text, seed=given.seed or secrets.token_hex(16),
        population_count=len(found.units), population_minor=found.total,
        ledger_minor=found.ledger_minor, beside_minor=found.beside_minor,
        difference_reason=given.difference_reason, population_digest=found.digest,
        status="drafted", results=0, prepared_by_id=actor.person_id, created_at=now,
    )  # fmt: skip
    db.add(sample)
    db.flush()
    _record(db, actor, "audit_sample.drafted", sample, {})
    return sample


def frame_of(sample: Any) -> Frame:
    """Return the frame of a sample: the same question gives the same population."""
    return Frame(
        sample.population, sample.fund_id, sample.grant_id, sample.call_id, sample.as_of_on,
        sample.known_seq,
    )  # fmt: skip


def parameters_of(sample: Any) -> Parameters:
    """Return the parameters of a sample as stored."""
    return Parameters(
        sample.method, Decimal(sample.risk_ppm) / 1_000_000, sample.tolerable_minor,
        sample.expected_minor, sample.size, sample.divided_by, tuple(json.loads(sample.bands)),
        sample.allocation,
    )  # fmt: skip


def draw_items(db: Session, actor: Actor, sample: AuditSample) -> None:
    """Draw the items of a drafted sample from its population, made again from the books."""
    before = snapshot(sample)
    advance(sample, STEPS, "draw", actor)
    found = population(db, frame_of(sample))
    start, chosen = draw(parameters_of(sample), sample, found)
    units = {one.code: one for one in found.units}
    rows = [
        {
            "id": uuid7(), "sample_id": sample.id, "number": number,
            "record_type": (unit := units[one.item.key]).record_type,
            "record_id": unit.record_id, "code": unit.code, "grant_id": unit.grant_id,
            "occurred_on": unit.occurred_on, "amount_minor": unit.amount_minor,
            "first_minor": one.first, "last_minor": one.last, "point_minor": one.point,
            "stratum": one.stratum, "why": str(one.why),
        }
        for number, one in enumerate(chosen, start=1)
    ]  # fmt: skip
    db.execute(insert(SampleItem), rows)
    sample.start_minor, sample.drawn_at = start, clock.now()
    db.flush()
    _record(db, actor, "audit_sample.drawn", sample, before, items=[one["code"] for one in rows])


def record_results(
    db: Session, actor: Actor, sample: AuditSample, given: Sequence[SampleResultIn]
) -> int:
    """Store what items were found to be; return how many results are new.

    A result that says what the last one said is none. Raises ``wrong-status`` unless the sample is
    drawn and not yet evaluated.
    """
    rows = new_results(db, actor, sample, given)
    if not rows:
        return 0
    require(sample, STEPS, "evaluate")
    before = snapshot(sample)
    db.execute(insert(SampleResult), rows)
    sample.results += len(rows)
    db.flush()
    told = [
        {"item_id": str(one["item_id"]), "number": one["number"],
         "audited_minor": one["audited_minor"]}
        for one in rows
    ]  # fmt: skip
    _record(db, actor, "audit_sample.tested", sample, before, results=told)
    return len(rows)


def new_results(
    db: Session, actor: Actor, sample: AuditSample, given: Sequence[SampleResultIn]
) -> list[dict[str, Any]]:
    """Return the rows of results that say something new."""
    held = {one.number: one for one in queries.all_items(db, sample.id)}
    rows, now = [], clock.now()
    for one in given:
        item = held[one.number]
        if (item.audited_minor, item.remark) == (one.audited_minor, one.remark):
            continue
        rows.append(
            {
                "id": uuid7(), "sample_id": sample.id, "item_id": item.id,
                "number": (item.result_number or 0) + 1, "audited_minor": one.audited_minor,
                "remark": one.remark, "recorded_by_id": actor.person_id, "recorded_at": now,
            }
        )  # fmt: skip
    return rows


def evaluate(db: Session, actor: Actor, sample: AuditSample) -> None:
    """Evaluate a sample of which every item was tested.

    Raises ``conflict`` naming how many were not.
    """
    before = snapshot(sample)
    require(sample, STEPS, "evaluate", actor)
    found = outcome_of(db, sample)
    advance(sample, STEPS, "evaluate", actor)
    sample.likely_minor, sample.upper_minor = found.likely, found.upper
    sample.lower_minor, sample.apart_minor = found.lower, found.apart
    sample.under_likely_minor, sample.under_upper_minor = found.under_likely, found.under_upper
    sample.is_accepted = found.is_accepted
    sample.evaluated_by_id, sample.evaluated_at = actor.person_id, clock.now()
    db.flush()
    _record(db, actor, "audit_sample.evaluated", sample, before)


def outcome_of(db: Session, sample: Any) -> Outcome:
    """Return what a sample says; raise ``conflict`` while items are not tested."""
    held = queries.all_items(db, sample.id)
    untested = sum(one.audited_minor is None for one in held)
    if untested:
        raise Problem("conflict", detail=text("samples.untested", count=untested))
    return outcome(sample, held)


def decide(db: Session, actor: Actor, sample: AuditSample, action: str, reason: str | None) -> None:
    """Review an evaluation, or send it back; another person than who prepared and evaluated it.

    Whoever found out what an item is does not review it either, nor who stands behind them.
    """
    before = snapshot(sample)
    require(sample, STEPS, action, actor)
    if action == "review":
        testers = queries.testers(db, sample.id)
        refuse_behind(db, actor, _P.SAMPLE_WRITE, sample, testers, action=action)
    advance(sample, STEPS, action, actor)
    if action == "send_back":
        for name in RESULT_COLUMNS:
            setattr(sample, name, None)
    else:
        sample.reviewed_by_id, sample.reviewed_at = actor.person_id, clock.now()
    db.flush()
    done = "sent_back" if action == "send_back" else "reviewed"
    _record(db, actor, f"audit_sample.{done}", sample, before, reason=reason)


def _record(
    db: Session, actor: Actor, action: str, sample: AuditSample, before: Mapping[str, Any],
    *, reason: str | None = None, **more: Any,
) -> None:  # fmt: skip
    after = snapshot(sample)
    told = {name: value for name, value in after.items() if before.get(name) != value}
    audit.record(
        db, actor, action, "audit_sample", sample.id, fund_id=sample.fund_id, reason=reason,
        before={name: before[name] for name in told if name in before} or None,
        after=(told if before else after) | more,
    )  # fmt: skip
