"""A computed ranking as plain values, as it is kept and sent; scores in hundredths of a point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fundops.messages import text
from fundops.reviews.agreement import Agreement
from fundops.reviews.calibration import Calibration, Estimate
from fundops.reviews.influence import Flip
from fundops.reviews.ranking import Ranked, Ranking, Row
from fundops.reviews.standing import Place, places
from fundops.reviews.uncertainty import Uncertainty
from fundops.reviews.verdict import Key, Verdict

DIGITS = 6
"""Decimals of coefficients and chances, which come out of floating point."""


def result_of(
    computed: Ranking,
    facts: Mapping[Any, Mapping[str, Any]],
    *,
    order: str,
    criteria: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the result: rows best first by ``order``, and what is to be said of the whole.

    ``facts`` holds, for every proposal of the call, what stands beside its scores.
    """
    agreed = {row.proposal: _agreed(row, facts[row.proposal]) for row in computed.rows}
    agreed_places = places(agreed)
    rows = [_row(row, facts[row.proposal], agreed_places[row.proposal]) for row in computed.rows]
    for one in rows:
        chosen = one["places"][order]
        one |= {"rank": chosen["number"], "is_tied": chosen["sharing"] > 1}
        doubt = one["adjusted_doubt" if order == "adjusted" else "raw_doubt"] or {}
        one |= {"low_rank": doubt.get("least"), "high_rank": doubt.get("greatest")}
    rows.sort(key=lambda one: (one["rank"], one["code"]))
    scored = {row.proposal for row in computed.rows}
    unscored = sorted((key for key in facts if key not in scored), key=lambda k: facts[k]["code"])
    rows += [_unscored(key, facts[key], len(scored) + 1, len(unscored)) for key in unscored]
    return {
        "order": order,
        "criteria": criteria,
        "rows": rows,
        "calibration": _calibration(computed.calibration),
        "agreement": {
            "alpha": _agreement(computed.alpha),
            "one_way": _agreement(computed.one_way),
        },
        "uncertainty": _uncertainty(computed.uncertainty),
        "adjusted_uncertainty": None
        if computed.adjusted_uncertainty is None
        else _uncertainty(computed.adjusted_uncertainty),
        "flips": [_flip(one, facts) for one in computed.flips],
        "adjusted_flips": [_flip(one, facts) for one in computed.adjusted_flips],
    }


def _agreed(row: Row, facts: Mapping[str, Any]) -> int:
    """Return what reviewers agreed on, the mean of their scores where they agreed on nothing."""
    mean = row.mean.hundredths
    assert mean is not None, "rows are of proposals with a score"
    agreed: int | None = facts["agreed"]
    return mean if agreed is None else agreed


def _row(row: Row, facts: Mapping[str, Any], agreed: Place) -> dict[str, Any]:
    adjusted = row.adjusted
    return {
        "proposal_id": str(row.proposal),
        "code": facts["code"],
        "raw": row.mean.hundredths,
        "adjusted": None if row.estimate is None else row.estimate.hundredths,
        "adjusted_error": None if row.estimate is None else row.estimate.error,
        "agreed": facts["agreed"],
        "places": {
            "raw": _place(row.raw.place),
            "adjusted": None if adjusted is None else _place(adjusted.place),
            "agreed": _place(agreed),
        },
        "raw_standing": _standing(row.raw),
        "adjusted_standing": None if adjusted is None else _standing(adjusted),
        "raw_doubt": _doubt(row.raw),
        "adjusted_doubt": None if adjusted is None else _doubt(adjusted),
        "reviews": facts["reviews"],
        "without_score": row.mean.missing,
        "spread": facts["spread"],
        "divergence": facts["divergence"],
    }


def _unscored(key: Key, facts: Mapping[str, Any], rank: int, sharing: int) -> dict[str, Any]:
    return {
        "proposal_id": str(key),
        "code": facts["code"],
        "raw": None,
        "adjusted": None,
        "adjusted_error": None,
        "agreed": facts["agreed"],
        "places": None,
        "raw_standing": None,
        "adjusted_standing": None,
        "raw_doubt": None,
        "adjusted_doubt": None,
        "reviews": facts["reviews"],
        "without_score": facts["reviews"],
        "spread": None,
        "divergence": None,
        "rank": rank,
        "is_tied": sharing > 1,
        "low_rank": None,
        "high_rank": None,
    }


def _place(place: Place) -> dict[str, Any]:
    return {"number": place.number, "sharing": place.sharing, "label": place.label}


def _standing(ranked: Ranked) -> str | None:
    return None if ranked.standing is None else ranked.standing.value


def _doubt(ranked: Ranked) -> dict[str, Any] | None:
    doubt = ranked.doubt
    if doubt is None:
        return None
    return {"least": doubt.least, "greatest": doubt.greatest, "funded": _decimal(doubt.funded)}


def _decimal(value: float | None) -> str | None:
    """Return a number as text, rounded, so that it is the same on every machine."""
    return None if value is None else f"{value:.{DIGITS}f}"


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "possible": verdict.possible,
        "reasons": [
            {
                "key": one.message_key,
                "params": dict(one.params),
                "text": text(one.message_key, **dict[str, Any](one.params)),
            }
            for one in verdict.reasons
        ],
    }


def _calibration(found: Calibration) -> dict[str, Any]:
    variances = found.variances
    return {
        "verdict": _verdict(found.verdict),
        "parts": [
            {"reviewers": len(part.reviewers), "proposals": len(part.proposals)}
            for part in found.components
        ],
        "variances": None
        if variances is None
        else {
            "proposal": _decimal(variances.proposal),
            "reviewer": _decimal(variances.reviewer),
            "noise": _decimal(variances.noise),
            "agreement": _decimal(variances.agreement()),
        },
        "chance": _decimal(found.chance),
        "severity": [_severity(key, one) for key, one in (found.severity or {}).items()],
    }


def _severity(key: Key, estimate: Estimate) -> dict[str, Any]:
    return {"alias": str(key), "hundredths": estimate.hundredths, "error": estimate.error}


def _agreement(found: Agreement) -> dict[str, Any]:
    return {
        "coefficient": _decimal(found.coefficient),
        "units": found.units,
        "values": found.values,
        "verdict": _verdict(found.verdict),
    }


def _uncertainty(found: Uncertainty) -> dict[str, Any]:
    return {"verdict": _verdict(found.verdict), "seed": found.seed, "draws": found.draws}


def _flip(flip: Flip, facts: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "alias": str(flip.reviewer),
        "review_of": None if flip.review_of is None else facts[flip.review_of]["code"],
        "proposal": facts[flip.proposal]["code"],
        "was": flip.was.value,
        "becomes": flip.becomes.value,
    }
