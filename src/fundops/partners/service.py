"""Assessing partners: one person answers, another confirms, and the tranche policy reads it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.grants import risk
from fundops.grants.rules import code_for, refuse_interest
from fundops.ids import uuid7
from fundops.lifecycle import Steps, advance, require, step
from fundops.messages import text
from fundops.parties.models import Party
from fundops.partners import lists
from fundops.partners.evaluation import Evaluation, check_answers, evaluate
from fundops.partners.models import PartnerAssessment
from fundops.partners.schemas import PartnerAssessmentIn
from fundops.records import snapshot

CONFIRMED_WITHIN = 60
"""Days within which an assessment must be confirmed: what it rests on grows old."""

STEPS: Steps = {
    "confirm": step("proposed", "confirmed", Permission.PARTNER_RISK_CONFIRM, ("assessed_by_id",)),
    "refuse": step("proposed", "refused", Permission.PARTNER_RISK_CONFIRM, ("assessed_by_id",)),
    "withdraw": step("proposed", "withdrawn", Permission.PARTNER_RISK_WRITE),
}


def propose(
    db: Session, actor: Actor, party: Party, given: PartnerAssessmentIn
) -> PartnerAssessment:
    """Answer the questionnaire about a party; another person confirms what follows from it.

    Raises ``conflict-of-interest``, ``invalid-request`` for answers that are not whole, an
    override without reason or of incomplete due diligence, or a validity that is too long;
    ``already-exists`` while another assessment of the party waits.
    """
    if party.kind == "pseudo":
        raise Problem("conflict", detail=text("risk.no_grantee"))
    refuse_interest(db, actor, party.id)
    asked = lists.questionnaire()
    check_answers(given.answers, asked)
    if _waiting(db, party.id):
        raise Problem("already-exists", detail=text("constraint.assessment_proposed"))
    today = clock.today("UTC")
    answers = {one.question: (one.answer, one.note) for one in given.answers}
    found = evaluate(db, party.id, answers, today)
    _check_override(given, found)
    made = PartnerAssessment(
        id=uuid7(), code=code_for(db, party, "PAS", today.year), party_id=party.id,
        status="proposed", assessed_on=today, valid_until_on=_valid_until(given, found, today),
        questionnaire=asked.version, applicable=found.applicable, score=found.score,
        band=found.band, computed_tier=found.tier, tier=given.tier or found.tier,
        override_reason=given.override_reason, content=found.stored,
        assessed_by_id=actor.person_id, assessed_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "partner_assessment.proposed", "partner_assessment", made.id,
        reason=given.override_reason, after=snapshot(made),
    )  # fmt: skip
    return made


def confirm(db: Session, actor: Actor, assessment: PartnerAssessment) -> PartnerAssessment:
    """Confirm what another person assessed: from now on plans follow it.

    What it rests on is looked at again. Raises ``same-person``, ``conflict-of-interest``, and
    ``conflict`` where another tier would follow today, the checks no longer stand as long, or the
    assessment has waited too long.
    """
    party = db.get_one(Party, assessment.party_id)
    refuse_interest(db, actor, party.id)
    require(assessment, STEPS, "confirm", actor)
    today = clock.today("UTC")
    _check_standing(db, assessment, today)
    made = risk.assess(
        db, actor, party, assessment.tier,  # type: ignore[arg-type]  # by a CHECK one of the tiers
        today, assessment.valid_until_on, _basis(assessment),
    )  # fmt: skip
    assessment.risk_assessment_id = made.id
    return _decide(db, actor, assessment, "confirm", None)


def turn_down(
    db: Session, actor: Actor, assessment: PartnerAssessment, action: str, reason: str
) -> PartnerAssessment:
    """Refuse an assessment as another person, or withdraw it: it changes nothing.

    Raises ``same-person`` for who refuses their own, ``conflict-of-interest``.
    """
    refuse_interest(db, actor, assessment.party_id)
    return _decide(db, actor, assessment, action, reason)


def _decide(
    db: Session, actor: Actor, assessment: PartnerAssessment, action: str, reason: str | None
) -> PartnerAssessment:
    before = {"status": assessment.status}
    advance(assessment, STEPS, action, actor)
    assessment.decided_by_id = actor.person_id
    assessment.decided_at = clock.now()
    assessment.decision_reason = reason
    db.flush()
    audit.record(
        db, actor, f"partner_assessment.{assessment.status}", "partner_assessment",
        assessment.id, reason=reason, before=before,
        after=snapshot(assessment, without=frozenset({"content"})),
    )  # fmt: skip
    return assessment


def _waiting(db: Session, party_id: UUID) -> bool:
    query = select(PartnerAssessment.id).where(
        PartnerAssessment.party_id == party_id, PartnerAssessment.status == "proposed"
    )
    return db.execute(query).first() is not None


def _check_override(given: PartnerAssessmentIn, found: Evaluation) -> None:
    if given.tier is None or given.tier == found.tier:
        if given.override_reason is not None:
            raise invalid("/override_reason", "partners.nothing_overridden", tier=found.tier)
        return
    if not found.is_complete:
        raise invalid("/tier", "partners.no_override")
    if given.override_reason is None:
        raise invalid("/override_reason", "constraint.override_reason")


def _valid_until(given: PartnerAssessmentIn, found: Evaluation, today: date) -> date:
    longest = today + timedelta(days=risk.MAX_VALID_DAYS)
    if given.valid_until_on is not None:
        if given.valid_until_on < today:
            raise invalid("/valid_until_on", "constraint.risk_dates")
        if given.valid_until_on > longest:
            raise invalid("/valid_until_on", "risk.too_long", days=risk.MAX_VALID_DAYS)
    if found.lasts_until is None or found.lasts_until >= longest:
        return given.valid_until_on or longest
    if given.valid_until_on is not None and given.valid_until_on > found.lasts_until:
        until = found.lasts_until.isoformat()
        raise invalid("/valid_until_on", "partners.outlives_checks", until=until)
    return given.valid_until_on or found.lasts_until


def _check_standing(db: Session, assessment: PartnerAssessment, today: date) -> None:
    """Refuse to confirm what no longer follows."""
    if (
        assessment.assessed_on < today - timedelta(days=CONFIRMED_WITHIN)
        or assessment.valid_until_on < today
        or assessment.questionnaire != lists.questionnaire().version
    ):
        raise Problem("conflict", detail=text("partners.waited", days=CONFIRMED_WITHIN))
    found = evaluate(db, assessment.party_id, _answers(assessment), today)
    if found.tier != assessment.computed_tier:
        detail = text("partners.changed", before=assessment.computed_tier, now=found.tier)
        raise Problem("conflict", detail=detail)
    if found.lasts_until is not None and found.lasts_until < assessment.valid_until_on:
        until = found.lasts_until.isoformat()
        raise Problem("conflict", detail=text("partners.outlives_checks", until=until))


def _answers(assessment: PartnerAssessment) -> dict[str, tuple[int | None, str | None]]:
    areas = json.loads(assessment.content)["capacity"]["areas"]
    return {
        one["question"]: (one["answer"], one["note"]) for area in areas for one in area["answers"]
    }


def _basis(assessment: PartnerAssessment) -> str:
    facts: dict[str, Any] = {
        "code": assessment.code, "score": assessment.score, "applicable": assessment.applicable,
        "band": assessment.band, "tier": assessment.computed_tier,
    }  # fmt: skip
    if assessment.override_reason is None:
        return text("partners.basis", **facts)
    return text("partners.basis_overridden", reason=assessment.override_reason, **facts)
