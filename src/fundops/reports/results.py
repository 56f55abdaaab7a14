"""What a grant's reports say of each result, by period: accepted, and reported under review.

Nothing is added up here: how figures may be added is the catalogue's rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, literal, select
from sqlalchemy.orm import Session

from fundops.calls import codelists
from fundops.grants import agreement_queries
from fundops.grants.agreement_models import GrantAgreedResult
from fundops.grants.models import Grant
from fundops.reports.dimensions import TOTAL
from fundops.reports.models import AcceptedVersion, ProgressReport, ReportValue, ReportVersion

MAX_FIGURES = 50_000
"""Figures of one grant that are shown."""


@dataclass(frozen=True)
class Period:
    """One report's undivided figure of a result; ``standing``: ``accepted``, ``under_review``."""

    result_number: int
    indicator: str
    report_id: UUID
    report_code: str
    starts_on: date
    ends_on: date
    standing: str
    numerator: int
    denominator: int | None


def periods(db: Session, grant_id: UUID) -> list[Period]:
    """Return every figure of a grant that counts or waits for a decision, by period."""
    accepted = _figures("accepted").join(
        AcceptedVersion,
        and_(
            AcceptedVersion.version_id == ReportVersion.id,
            AcceptedVersion.superseded_seq.is_(None),
        ),
    )
    waiting = _figures("under_review").where(
        ProgressReport.status == "submitted",
        ProgressReport.submitted_number == ReportVersion.number,
    )
    found = [
        Period(*row)
        for query in (accepted, waiting)
        for row in db.execute(query.where(ProgressReport.grant_id == grant_id).limit(MAX_FIGURES))
    ]
    return sorted(found, key=lambda one: (one.result_number, one.starts_on, one.standing))


def _figures(standing: str) -> Select[Any]:
    columns: tuple[Any, ...] = (
        ReportValue.result_number, ReportValue.indicator, ProgressReport.id, ProgressReport.code,
        ProgressReport.starts_on, ProgressReport.ends_on, literal(standing),
        ReportValue.numerator, ReportValue.denominator,
    )  # fmt: skip
    return (
        select(*columns)
        .join(ReportVersion, ReportVersion.id == ReportValue.version_id)
        .join(ProgressReport, ProgressReport.id == ReportVersion.report_id)
        .where(ReportValue.dimension == TOTAL)
        .order_by(ProgressReport.starts_on, ReportValue.result_number)
    )


def results_out(db: Session, grant: Grant, found: Iterable[Period]) -> list[dict[str, Any]]:
    """Return the wire form of a grant's results: the agreed ones, then others once reported."""
    by_result: dict[tuple[int, str], list[Period]] = {}
    agreed = {(one.number, one.indicator): one for one in _agreed(db, grant.id)}
    for key in agreed:
        by_result[key] = []
    for one in found:
        by_result.setdefault((one.result_number, one.indicator), []).append(one)
    return [
        _result_out(number, indicator, agreed.get((number, indicator)), its)
        for (number, indicator), its in by_result.items()
    ]


def _agreed(db: Session, grant_id: UUID) -> list[GrantAgreedResult]:
    held = agreement_queries.held_in_force(db, grant_id)
    if held is None:
        return []
    query = select(GrantAgreedResult).where(GrantAgreedResult.text_id == held.text.id)
    return list(db.execute(query.order_by(GrantAgreedResult.number)).scalars())


def _result_out(
    number: int, indicator: str, agreed: GrantAgreedResult | None, its: Iterable[Period]
) -> dict[str, Any]:
    catalogue = codelists.get("indicator")
    entry = catalogue.entry(indicator) if catalogue.has(indicator) else None
    return {
        "result": number,
        "indicator": indicator,
        "label": indicator if entry is None else entry.labels["en"],
        "aggregation": "none" if entry is None else entry.more["aggregation"],
        "baseline": None if agreed is None else agreed.baseline,
        "target": None if agreed is None else agreed.target,
        "is_agreed": agreed is not None,
        "periods": [
            {
                "report_id": one.report_id,
                "report_code": one.report_code,
                "starts_on": one.starts_on,
                "ends_on": one.ends_on,
                "standing": one.standing,
                "numerator": one.numerator,
                "denominator": one.denominator,
            }
            for one in its
        ],
    }
