"""The formulas of a dossier that hold one row against another, and what they come to.

A sum does not see two amounts exchanged, so each sheet that can be held against another has a
column that counts, row by row, what differs; a control says that nothing does. The formulas name
other sheets' columns, never their own results, and what is written beside them is computed here
from the same records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd, lcm
from uuid import UUID

from fundops.calls.models import CallCriterion

Marks = Mapping[UUID, int | None]

COUNTED = "COUNTIFS(scores_proposal,{proposal},scores_counts,TRUE)"
DECIDED = (
    'IF(OR({status}="carried",{status}="carried_out"),IF({promoted_at}="",{outcome},"award"),"")'
)
PLACE = 'IF({ordering}="",COUNT(ranking_ordering)+1,COUNTIF(ranking_ordering,">"&{ordering})+1)'
ORDERING = {
    "raw": 'IF({raw}="","",{raw})',
    "adjusted": 'IF({adjusted}="","",{adjusted})',
    "agreed": 'IF({raw}="","",IF({consensus}="",{raw},{consensus}))',
}
SIGN = 'IF({best}="high",1,-1)'
WORST = 'IF({best}="high",ROUND(100*{lowest},0),ROUND(100*{highest},0))'


def gap(one: str, other: str, digits: int) -> str:
    """Return a formula that is 1 where two numbers differ to so many decimals, else 0."""
    return f"IF(ROUND({one}-{other},{digits})=0,0,1)"


def gap_or_blank(one: str, other: str) -> str:
    """Return a formula that is 1 where two scores differ, also when one of them is not there."""
    return f'IF({one}="",IF({other}="",0,1),IF({other}="",1,{gap(one, other, 2)}))'


def scale(criteria: Sequence[CallCriterion]) -> tuple[int, int]:
    """Return the greatest common part of the weights, and a common multiple of the scales' widths.

    With them weighted scores are computed in whole numbers up to one division.
    """
    if not criteria:
        return 1, 1
    common = lcm(*(one.scale_max - one.scale_min for one in criteria))
    return gcd(*(one.weight_bp for one in criteria)) or 1, common


def units_of(one: CallCriterion, part: int) -> int:
    """Return the weight of a criterion in units of the greatest common part."""
    return one.weight_bp // part


def worst_of(one: CallCriterion) -> int:
    """Return the worst mark of a criterion in hundredths."""
    return one.scale_min if one.best == "high" else one.scale_max


def factor_of(one: CallCriterion, part: int, common: int) -> int:
    """Return what each hundredth better than the worst mark adds, below zero where low is best."""
    sign = 1 if one.best == "high" else -1
    return sign * units_of(one, part) * (common // (one.scale_max - one.scale_min))


def weighted_of(criteria: Sequence[CallCriterion], marks: Marks) -> int | None:
    """Return a review's weighted score in hundredths, as ``weighted_formula`` computes it."""
    part, common = scale(criteria)
    top = weight = 0
    for one in criteria:
        mark = marks.get(one.id)
        if mark is not None:
            top += factor_of(one, part, common) * (mark - worst_of(one))
            weight += units_of(one, part)
    whole = common * weight
    return (2 * 10_000 * top + whole) // (2 * whole) if whole else None


def weighted_formula(criteria: Sequence[CallCriterion]) -> str:
    """Return the formula of a review's weighted score from the marks of its row.

    Weights and scales are those on the sheet of criteria. In whole numbers up to the one division,
    and in hundredths, so that exact halves are halves to a spreadsheet as well and are rounded as
    they are in the books.
    """
    if not criteria:
        return "0*{review}"
    _, common = scale(criteria)
    tops, weights = [], []
    for place, one in enumerate(criteria, 1):
        key = f"{{c{one.number}}}"
        above = f"(ROUND(100*{key},0)-INDEX(criteria_worst,{place}))"
        tops.append(f'IF({key}="",0,INDEX(criteria_factor,{place})*{above})')
        weights.append(f'IF({key}="",0,INDEX(criteria_units,{place}))')
    top, weight = "+".join(tops), "+".join(weights)
    return f'IF(({weight})=0,"",ROUND(10000*({top})/({common}*({weight})),0)/100)'


def score_differs() -> str:
    """Count: the recorded score against the marks, and a review that counts without a score."""
    same = gap_or_blank("{weighted}", "{recomputed}")
    return f'{same}+IF({{counts}},IF({{recomputed}}="",1,0),0)'


def mark_differs(criteria: Sequence[CallCriterion]) -> str:
    """Count: a mark against the sheet of scores, and whose it is."""
    held = ",".join(f"INDEX(scores_c{one.number},{{row}})" for one in criteria)
    if not held:
        return "0*{row}"
    own = "+".join(
        f"IF(INDEX(scores_{key},{{row}})={{{key}}},0,1)"
        for key in ("proposal", "reviewer", "review")
    )
    same = gap("{score}", f"CHOOSE(MATCH({{criterion}},criteria_number,0),{held})", 2)
    return f"{own}+{same}"


def budget_total(digits: int) -> str:
    """Return the formula of a line's total, rounded half up as in the books."""
    one = 10**digits
    return (
        f"ROUND(ROUND(100*{{quantity}},0)*ROUND({one}*{{unit_cost}},0)*ROUND(100*{{duration}},0)"
        f"*ROUND(10000*{{charged}},0)/100000000,0)/{one}"
    )


def proposal_differs(digits: int) -> str:
    """Count: request against budget, award against grants, reviews, and outcome."""
    requested = "SUMIFS(budget_total,budget_proposal,{proposal})"
    awarded = "SUMIFS(awards_awarded,awards_proposal,{proposal})"
    carried = "+".join(
        f'COUNTIFS(items_proposal,{{proposal}},items_status,"{status}")'
        for status in ("carried", "carried_out")
    )
    decided = "COUNTIFS(items_proposal,{proposal},items_decided,{outcome})"
    return (
        f"{gap('{requested}', requested, digits)}+{gap('{awarded}', awarded, digits)}"
        f"+IF({{reviews}}={COUNTED},0,1)"
        f'+IF({{outcome}}="",IF({carried}=0,0,1),IF({decided}=0,1,0))'
    )


def ranking_differs(*, is_whole: bool) -> str:
    """Count: mean, reviews, outcome and, of a whole ranking, the rank."""
    row = "MATCH({proposal},proposals_proposal,0)"
    mean = gap_or_blank("{raw}", "{recomputed}")
    found = (
        f"{mean}+IF({{reviews}}=INDEX(proposals_reviews,{row}),0,1)"
        f'+IF({{outcome}}&""=INDEX(proposals_outcome,{row})&"",0,1)'
    )
    rank = '+IF(VALUE(SUBSTITUTE({rank},"=",""))={place},0,1)'
    return found + rank if is_whole else found


def item_differs(digits: int) -> str:
    """Count: more votes for than against what was carried, and the award against the grant."""
    awarded = "SUMIFS(awards_awarded,awards_proposal,{proposal})"
    return (
        'IF({decided}="",0,IF({votes_for}>{votes_against},0,1))'
        f'+IF({{status}}="carried_out",IF({{decided}}="award",{gap("{amount}", awarded, digits)},0)'
        ",0)"
    )


def award_differs(digits: int) -> str:
    """Count: the grant against the decision that was carried out."""
    decided = (
        'SUMIFS(items_amount,items_proposal,{proposal},items_status,"carried_out",'
        'items_decided,"award")'
    )
    return gap("{awarded}", decided, digits)
