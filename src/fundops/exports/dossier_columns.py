"""The sheets of a dossier as data: each column's key, kind and width.

Headings and meanings come from the catalogue (``dossier.<table>.<key>`` and ``….meaning``), the
source of a table's rows from ``dossier.<table>.source``. Scores and points are shown to two
decimals, as they are kept. What is computed in the sheets is in ``dossier_checks``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fundops import money
from fundops.calls.models import CallCriterion
from fundops.exports import (
    Code,
    Column,
    Computed,
    Date,
    Flag,
    Instant,
    Integer,
    Money,
    Share,
    Text,
)
from fundops.exports import dossier_checks as checks
from fundops.exports.specs import Spec
from fundops.messages import text

POINTS = Money(exponent=2)
"""Scores and points: whole hundredths shown as decimals."""
MONEY = Money()
WIDE = 8
"""Sheets of more columns keep their first in sight."""
ROOM = 4.0
"""Characters that a heading needs beside its letters, for the arrow of the filter."""

CRITERIA: tuple[Spec, ...] = (
    ("number", Integer(), 9),
    ("kind", Code(), 12),
    ("objective", Integer(), 11),
    ("title", Text(), 44),
    ("weight", Share(), 10),
    ("lowest", POINTS, 10),
    ("highest", POINTS, 10),
    ("step", POINTS, 8),
    ("best", Code(), 8),
    ("anchors", Text(), 90),
)
TERMS: tuple[Spec, ...] = (
    ("kind", Code(), 22),
    ("name", Code(), 28),
    ("value", Text(), 90),
    ("at", Instant(), 20),
)
PROPOSALS: tuple[Spec, ...] = (
    ("proposal", Code(), 18),
    ("applicant", Text(), 40),
    ("title", Text(), 50),
    ("language", Code(), 10),
    ("country", Code(), 9),
    ("region", Code(), 9),
    ("starts_on", Date(), 12),
    ("ends_on", Date(), 12),
    ("requested", MONEY, 18),
    ("submitted_at", Instant(), 20),
    ("version", Integer(), 9),
    ("content_sha256", Code(), 68),
    ("lodged", Flag(), 9),
    ("eligibility", Code(), 12),
    ("override", Flag(), 10),
    ("eligibility_reason", Text(), 40),
    ("reviews", Integer(), 9),
    ("status", Code(), 12),
    ("outcome", Code(), 10),
    ("awarded", MONEY, 18),
)
CODES: tuple[Spec, ...] = (
    ("proposal", Code(), 18),
    ("list", Code(), 16),
    ("code", Code(), 16),
    ("label", Text(), 60),
    ("percent", Integer(), 9),
)
BUDGET: tuple[Spec, ...] = (
    ("proposal", Code(), 18),
    ("category", Code(), 10),
    ("line", Integer(), 7),
    ("description", Text(), 50),
    ("unit", Text(), 14),
    ("quantity", POINTS, 12),
    ("unit_cost", MONEY, 16),
    ("duration", POINTS, 10),
    ("charged", Share(), 10),
    ("total", MONEY, 18),
    ("objective", Integer(), 11),
)
MARKS: tuple[Spec, ...] = (
    ("proposal", Code(), 18),
    ("reviewer", Code(), 14),
    ("review", Integer(), 8),
    ("criterion", Integer(), 10),
    ("title", Code(), 34),
    ("score", POINTS, 9),
    ("justification", Text(), 110),
)
ABSENCES: tuple[Spec, ...] = (
    ("proposal", Code(), 18),
    ("who", Code(), 22),
    ("what", Code(), 14),
    ("kind", Code(), 14),
    ("at", Instant(), 20),
    ("count", Integer(), 8),
    ("reason", Text(), 60),
)
RANKING: tuple[Spec, ...] = (
    ("rank", Code(), 8),
    ("proposal", Code(), 18),
    ("raw", POINTS, 10),
    (
        "recomputed",
        Computed(
            'IF(COUNTIFS(scores_proposal,{proposal},scores_counts,TRUE)=0,"",ROUND(ROUND(100*'
            "SUMIFS(scores_recomputed,scores_proposal,{proposal},scores_counts,TRUE),0)/"
            "COUNTIFS(scores_proposal,{proposal},scores_counts,TRUE),0)/100)",
            POINTS,
        ),
        13,
    ),
    ("adjusted", POINTS, 10),
    ("low_rank", Integer(), 10),
    ("high_rank", Integer(), 10),
    ("reviews", Integer(), 9),
    ("divergence", POINTS, 12),
    ("consensus", POINTS, 11),
    ("outcome", Code(), 10),
)
CONSENSUS: tuple[Spec, ...] = (
    ("proposal", Code(), 18),
    ("agreed", POINTS, 10),
    ("at", Instant(), 20),
    ("minutes", Text(), 110),
)
BOARDS: tuple[Spec, ...] = (
    ("board", Code(), 18),
    ("title", Text(), 40),
    ("mode", Code(), 10),
    ("meets_on", Date(), 12),
    ("decide_by_at", Instant(), 20),
    ("quorum", Integer(), 9),
    ("status", Code(), 11),
    ("closed_at", Instant(), 20),
    ("first_confirmed_at", Instant(), 20),
    ("second_confirmed_at", Instant(), 20),
    ("minutes", Text(), 110),
)
ITEMS: tuple[Spec, ...] = (
    ("board", Code(), 18),
    ("item", Integer(), 7),
    ("proposal", Code(), 18),
    ("outcome", Code(), 10),
    ("amount", MONEY, 18),
    ("place", Integer(), 8),
    ("basis", Code(), 12),
    ("votes_for", Integer(), 9),
    ("votes_against", Integer(), 9),
    ("abstentions", Integer(), 12),
    ("recused", Integer(), 9),
    ("status", Code(), 13),
    ("promoted_at", Instant(), 20),
    ("reason", Text(), 70),
    ("conditions", Text(), 50),
)
AWARDS: tuple[Spec, ...] = (
    ("grant", Code(), 18),
    ("proposal", Code(), 18),
    ("awarded_on", Date(), 12),
    ("awarded", MONEY, 18),
    ("paid", MONEY, 18),
    ("status", Code(), 12),
)
LOTS: tuple[Spec, ...] = (
    ("grant", Code(), 18),
    ("lot", Code(), 18),
    ("donor", Text(), 40),
    ("reserved", MONEY, 18),
    ("advanced", MONEY, 18),
)
TABLES: dict[str, tuple[Spec, ...]] = {
    "criteria": CRITERIA,
    "terms": TERMS,
    "proposals": PROPOSALS,
    "codes": CODES,
    "budget": BUDGET,
    "marks": MARKS,
    "absences": ABSENCES,
    "ranking": RANKING,
    "consensus": CONSENSUS,
    "boards": BOARDS,
    "items": ITEMS,
    "awards": AWARDS,
    "lots": LOTS,
}
TOTALS = {
    "proposals": ("requested", "awarded"),
    "budget": ("total",),
    "ranking": ("raw", "recomputed"),
    "awards": ("awarded", "paid"),
    "lots": ("reserved", "advanced"),
}


def columns(
    table: str,
    language: str,
    currency: str,
    criteria: Sequence[CallCriterion],
    order: str | None,
) -> tuple[Column, ...]:
    """Return the columns of a table, headed and explained.

    ``order`` is what orders the ranking, nothing where the reader sees only part of it.
    """
    specs = _score_specs(criteria) if table == "scores" else TABLES[table]
    own = _computed(table, money.exponent(currency), criteria, order)
    titles = {f"c{one.number}": one for one in criteria} if table == "scores" else {}
    source = text(f"dossier.{table}.source", language)
    made = []
    for key, kind, width in (*specs, *own):
        if key in titles:
            number = titles[key].number
            heading = text("dossier.scores.criterion", language, number=number)
            meaning = titles[key].title
        else:
            heading = text(f"dossier.{table}.{key}", language)
            meaning = text(f"dossier.{table}.{key}.meaning", language)
        wide = max(width, 1.15 * len(heading) + ROOM)
        made.append(Column(key, heading, kind, round(wide, 1), meaning, source))
    return tuple(made)


def _score_specs(criteria: Sequence[CallCriterion]) -> tuple[Spec, ...]:
    """Return the columns of the sheet of scores: one row a review, one column a criterion."""
    return (
        ("proposal", Code(), 18),
        ("reviewer", Code(), 14),
        ("review", Integer(), 8),
        ("status", Code(), 11),
        ("counts", Flag(), 9),
        ("submitted_at", Instant(), 20),
        *((f"c{one.number}", POINTS, 11.0) for one in criteria),
        ("weighted", POINTS, 11),
        ("recomputed", Computed(checks.weighted_formula(criteria), POINTS), 13),
        ("strengths", Text(), 60),
        ("weaknesses", Text(), 60),
        ("reason", Text(), 40),
    )


def _whole(key: str, template: str) -> Spec:
    return key, Computed(template, Integer()), 12


def _computed(
    table: str, digits: int, criteria: Sequence[CallCriterion], order: str | None
) -> tuple[Spec, ...]:
    """Return the columns that stand at the end of a sheet and are, or serve, formulas."""
    made: dict[str, Callable[[], tuple[Spec, ...]]] = {
        "criteria": lambda: _of_criteria(criteria),
        "proposals": lambda: (_whole("differs", checks.proposal_differs(digits)),),
        "budget": lambda: (
            ("recomputed", Computed(checks.budget_total(digits), MONEY), 18),
            _whole("differs", checks.gap("{total}", "{recomputed}", digits)),
        ),
        "scores": lambda: (_whole("differs", checks.score_differs()),),
        "marks": lambda: (
            ("row", Integer(), 8),
            _whole("differs", checks.mark_differs(criteria)),
        ),
        "ranking": lambda: _of_ranking(order),
        "items": lambda: (
            ("decided", Computed(checks.DECIDED, Text()), 10),
            _whole("differs", checks.item_differs(digits)),
        ),
        "awards": lambda: (_whole("differs", checks.award_differs(digits)),),
    }
    return made[table]() if table in made else ()


def _of_criteria(criteria: Sequence[CallCriterion]) -> tuple[Spec, ...]:
    part, common = checks.scale(criteria)
    width = "ROUND(100*({highest}-{lowest}),0)"
    return (
        _whole("units", f"ROUND(10000*{{weight}}/{part},8)"),
        _whole("worst", checks.WORST),
        _whole("factor", f"{checks.SIGN}*{{units}}*{common}/{width}"),
    )


def _of_ranking(order: str | None) -> tuple[Spec, ...]:
    differs = _whole("differs", checks.ranking_differs(is_whole=order is not None))
    if order is None:
        return (differs,)
    ordering = ("ordering", Computed(checks.ORDERING[order], POINTS), 12.0)
    return ordering, _whole("place", checks.PLACE), differs
