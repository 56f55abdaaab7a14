"""Working an assessment out: score, band, performance, due diligence, tier, and every step said.

The result is plain data, which is stored with the assessment as it stood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import money
from fundops.errors import FieldError, Problem
from fundops.grants.plan import add_months
from fundops.messages import text
from fundops.partners import diligence, lists, performance
from fundops.partners.banding import HIGHEST, Answered, band_of, limit_of, plain, score_of
from fundops.partners.diligence import Standing
from fundops.partners.lists import PerformanceRules, Questionnaire
from fundops.partners.schemas import CapacityAnswerIn
from fundops.partners.tiering import Judged, Outcome, moved

RISKIEST = "high"


@dataclass(frozen=True)
class Evaluation:
    """What follows from answers, performance and due diligence on a day; ``content`` is stored."""

    score: int
    applicable: int
    band: str
    tier: str
    is_complete: bool
    lasts_until: date | None
    content: Mapping[str, Any]

    @property
    def stored(self) -> str:
        """The canonical text of ``content``."""
        return json.dumps(self.content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def check_answers(given: Sequence[CapacityAnswerIn], asked: Questionnaire) -> None:
    """Refuse answers (422) that leave a question out, ask it twice, or pass too much over."""
    found: list[FieldError] = []
    codes = {question.code for question in asked.questions}
    seen: set[str] = set()
    for index, one in enumerate(given):
        at = f"/answers/{index}"
        if one.question not in codes:
            found.append(FieldError(f"{at}/question", text("partners.unknown_question")))
        elif one.question in seen:
            found.append(FieldError(f"{at}/question", text("partners.answered_twice")))
        if one.answer is None and one.note is None:
            found.append(FieldError(f"{at}/note", text("partners.why_not_applicable")))
        seen.add(one.question)
    if missing := sorted(codes - seen):
        found.append(
            FieldError("/answers", text("partners.not_answered", codes=", ".join(missing)))
        )
    applicable = {one.question for one in given if one.answer is not None} & codes
    empty = set(asked.areas) - {one.area for one in asked.questions if one.code in applicable}
    share = asked.applicable_percent
    if not missing and (empty or 100 * len(applicable) < share * len(codes)):
        found.append(FieldError("/answers", text("partners.too_little_applies", percent=share)))
    if found:
        raise Problem("invalid-request", errors=found)


def evaluate(
    db: Session, party_id: UUID, answers: Mapping[str, tuple[int | None, str | None]], on: date
) -> Evaluation:
    """Return what follows on a day from answers (question: answer, note) that were checked."""
    asked, rules = lists.questionnaire(), lists.performance_rules()
    answered = [Answered(one.code, one.weight, answers[one.code][0]) for one in asked.questions]
    score, applicable = score_of(answered)
    band = band_of(score, applicable, asked.bands)
    window = performance.Window(party_id, add_months(on, -rules.months), on)
    outcome = moved(band, performance.figures(db, window), rules)
    checks = diligence.standing(db, party_id, on)
    lacking = [one for one in checks if one.keeps_back]
    tier = RISKIEST if lacking else outcome.tier
    notes = {code: note for code, (_, note) in answers.items()}
    content = {
        "capacity": _capacity(asked, answered, notes, score, applicable, band),
        "performance": performance_out(window, outcome, rules),
        "due_diligence": [standing_out(one) for one in checks],
        "steps": _steps(score, applicable, band, outcome, rules, lacking, tier),
    }
    lasts = None if lacking else diligence.lasts_until(checks)
    return Evaluation(score, applicable, band, tier, not lacking, lasts, content)


def _capacity(
    asked: Questionnaire, answered: Sequence[Answered], notes: Mapping[str, str | None],
    score: int, applicable: int, band: str,
) -> dict[str, Any]:  # fmt: skip
    by_code = {one.code: one for one in answered}
    areas = []
    for code, title in asked.areas.items():
        its = [one for one in asked.questions if one.area == code]
        its_score, its_applicable = score_of(by_code[one.code] for one in its)
        answers = [
            {
                "question": one.code, "text": one.text, "weight": one.weight,
                "answer": by_code[one.code].answer, "counts": by_code[one.code].counts,
                "note": notes[one.code],
            }
            for one in its
        ]  # fmt: skip
        areas.append(
            {"code": code, "title": title, "score": its_score, "applicable": its_applicable,
             "answers": answers}
        )  # fmt: skip
    highest = sum(HIGHEST * one.weight for one in answered if one.answer is not None)
    limits = [
        {"band": name, "below": plain(limit_of(applicable, percent))}
        for name, percent in asked.bands.items()
    ]
    return {
        "questionnaire": asked.version, "source": asked.source, "score": score,
        "applicable": applicable, "lowest": applicable, "highest": highest,
        "limits": limits, "band": band, "areas": areas,
    }  # fmt: skip


def performance_out(
    window: performance.Window, outcome: Outcome, rules: PerformanceRules
) -> dict[str, Any]:
    """Return the plain data of what a grantee did and what it moves."""
    return {
        "from_on": window.from_on.isoformat(), "to_on": window.to_on.isoformat(),
        "source": rules.source, "points": outcome.points,
        "figures": [_figure_out(one) for one in outcome.judged],
    }  # fmt: skip


def _figure_out(one: Judged) -> dict[str, Any]:
    figure = one.figure
    return {
        "code": figure.code, "part": figure.part, "whole": figure.whole,
        "percent": percent_text(figure.share), "currency": figure.currency, "points": one.points,
        "reason": reason_of(one), "rows": [asdict(row) for row in figure.rows],
        "rows_total": figure.rows_total,
    }  # fmt: skip


def percent_text(share: Fraction) -> str:
    """Return a percentage with two decimals, rounded half up: ``12.50``."""
    hundredths = (share * 200 + 1) // 2
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def reason_of(one: Judged) -> str:
    """Return the sentence that says what a figure is and what it moves."""
    figure = one.figure
    part, whole = str(figure.part), str(figure.whole)
    if figure.currency is not None:
        part = money.display(figure.part, figure.currency)
        whole = money.display(figure.whole, figure.currency)
    what = text(
        f"partners.figure.{figure.code}", part=part, whole=whole,
        percent=percent_text(figure.share),
    )  # fmt: skip
    if not one.is_enough:
        return f"{what} {text('partners.points.too_few')}"
    if one.over is not None:
        return f"{what} {text('partners.points.over', over=one.over, points=one.points)}"
    key = "partners.points.better" if one.points < 0 else "partners.points.none"
    return f"{what} {text(key, points=-one.points)}"


def standing_out(one: Standing) -> dict[str, Any]:
    """Return the plain data of how one check stands."""
    return {
        "kind": one.kind.code, "label": one.kind.labels["en"], "labels": dict(one.kind.labels),
        "is_required": one.kind.is_required, "is_known": one.kind.comes_from is not None,
        "state": one.state, "reason": one.reason,
        "checked_on": _day(one.checked_on), "valid_until_on": _day(one.valid_until_on),
        "check_id": None if one.check_id is None else str(one.check_id),
    }  # fmt: skip


def _day(on: date | None) -> str | None:
    return None if on is None else on.isoformat()


def _steps(
    score: int, applicable: int, band: str, outcome: Outcome, rules: PerformanceRules,
    lacking: Sequence[Standing], tier: str,
) -> list[str]:  # fmt: skip
    said = [
        text("partners.step.score", score=score, applicable=applicable,
             top=HIGHEST * applicable, band=band)
    ]  # fmt: skip
    said += [reason_of(one) for one in outcome.judged if one.points]
    direction = "up" if outcome.steps > 0 else "down" if outcome.steps < 0 else "stays"
    said.append(
        text(
            f"partners.step.{direction}", points=outcome.points, steps=abs(outcome.steps),
            band=outcome.band, per_step=rules.points_per_step,
        )
    )  # fmt: skip
    said.append(text("partners.step.tier", band=outcome.band, tier=outcome.tier))
    if lacking:
        names = "; ".join(one.kind.labels["en"] for one in lacking)
        said.append(text("partners.step.incomplete", tier=tier, checks=names))
    else:
        said.append(text("partners.step.complete"))
    return said
