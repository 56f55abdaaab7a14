"""The sheets of a dossier as data: each column's key, kind and width.

Headings and meanings come from the catalogue (``dossier.<table>.<key>`` and ``….meaning``), the
source of a table's rows from ``dossier.<table>.source``. Scores and points are shown to two
decimals, as they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, lcm

from fundops.calls.models import CallCriterion
from fundops.exports import (
    Code,
    Column,
    Computed,
    Date,
    Flag,
    Instant,
    Integer,
    Kind,
    Money,
    Share,
    Text,
)
from fundops.messages import text

Spec = tuple[str, Kind, float]

POINTS = Money(exponent=2)
"""Scores and points: whole hundredths shown as decimals."""
MONEY = Money()

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
    ("content_sha256", Code(), 20),
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


def columns(table: str, language: str) -> tuple[Column, ...]:
    """Return the columns of a table, headed and explained."""
    return _columns(table, TABLES[table], language)


def _columns(table: str, specs: Sequence[Spec], language: str) -> tuple[Column, ...]:
    source = text(f"dossier.{table}.source", language)
    return tuple(
        Column(
            key,
            text(f"dossier.{table}.{key}", language),
            kind,
            width,
            text(f"dossier.{table}.{key}.meaning", language),
            source,
        )
        for key, kind, width in specs
    )


def score_columns(criteria: Sequence[CallCriterion], language: str) -> tuple[Column, ...]:
    """Return the columns of the sheet of scores: one row a review, one column a criterion."""
    first: tuple[Spec, ...] = (
        ("proposal", Code(), 18),
        ("reviewer", Code(), 14),
        ("review", Integer(), 8),
        ("status", Code(), 11),
        ("counts", Flag(), 9),
        ("submitted_at", Instant(), 20),
    )
    last: tuple[Spec, ...] = (
        ("weighted", POINTS, 11),
        ("recomputed", Computed(weighted_formula(criteria), POINTS), 13),
        ("strengths", Text(), 60),
        ("weaknesses", Text(), 60),
        ("reason", Text(), 40),
    )
    source = text("dossier.scores.source", language)
    middle = tuple(
        Column(
            f"c{criterion.number}",
            text("dossier.scores.criterion", language, number=criterion.number),
            POINTS,
            11,
            criterion.title,
            source,
        )
        for criterion in criteria
    )
    return (
        *_columns("scores", first, language),
        *middle,
        *_columns("scores", last, language),
    )


def weighted_formula(criteria: Sequence[CallCriterion]) -> str:
    """Return the formula of a review's weighted score from the marks of its row.

    In whole numbers up to the one division, and in hundredths, so that exact halves are halves to
    a spreadsheet as well and are rounded as they are in the books.
    """
    if not criteria:
        return "0*{review}"
    common = lcm(*(one.scale_max - one.scale_min for one in criteria))
    part = gcd(*(one.weight_bp for one in criteria)) or 1
    tops, weights = [], []
    for one in criteria:
        key = f"{{c{one.number}}}"
        weight_of_one = one.weight_bp // part
        factor = weight_of_one * (common // (one.scale_max - one.scale_min))
        mark = f"ROUND(100*{key},0)"
        above = f"({mark}-{one.scale_min})" if one.best == "high" else f"({one.scale_max}-{mark})"
        tops.append(f'IF({key}="",0,{factor}*{above})')
        weights.append(f'IF({key}="",0,{weight_of_one})')
    top, weight = "+".join(tops), "+".join(weights)
    return f'IF(({weight})=0,"",ROUND(10000*({top})/({common}*({weight})),0)/100)'
