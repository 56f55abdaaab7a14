"""The rows behind an answer: which accepted reports, which versions, which figures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.grants.models import Grant
from fundops.impact.grouping import shown
from fundops.impact.queries import Scope, counted
from fundops.parties.labels import hidden_column
from fundops.parties.models import Party
from fundops.reports.models import AcceptedVersion, ProgressReport, ReportValue, ReportVersion

SORTS = {"ends_on": AcceptedVersion.ends_on}
KEY = AcceptedVersion.version_id


def reports(actor: Actor, scope: Scope) -> Select[Any]:
    """Return the accepted versions that count in ``scope``, without who a hidden grantee is."""
    hidden = hidden_column(actor)
    said = AcceptedVersion
    columns: tuple[Any, ...] = (
        said.version_id, said.report_id, shown(hidden, ProgressReport.code).label("report_code"),
        ReportVersion.number, shown(hidden, Grant.id).label("grant_id"),
        shown(hidden, Grant.code).label("grant_code"), said.starts_on, said.ends_on,
        said.accepted_on, said.accepted_seq, said.origin,
    )  # fmt: skip
    return (
        select(*columns)
        .join(ProgressReport, ProgressReport.id == said.report_id)
        .join(ReportVersion, ReportVersion.id == said.version_id)
        .join(Grant, Grant.id == said.grant_id)
        .join(Party, Party.id == Grant.grantee_id)
        .where(counted(scope))
    )


def report_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an accepted version; its values are added afterwards."""
    return {
        "id": row.version_id,
        "report_id": row.report_id,
        "report_code": row.report_code,
        "version": row.number,
        "grant_id": row.grant_id,
        "grant_code": row.grant_code,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "accepted_on": row.accepted_on,
        "accepted_seq": row.accepted_seq,
        "accepted_by": row.origin,
        "values": [],
    }


def add_values(
    db: Session, items: list[dict[str, Any]], scope: Scope, dimension: str
) -> list[dict[str, Any]]:
    """Put the figures asked for into reports of one page; one query."""
    by_id: dict[UUID, dict[str, Any]] = {item["id"]: item for item in items}
    value = ReportValue
    columns: tuple[Any, ...] = (
        value.version_id, value.result_number, value.indicator, value.dimension, value.code,
        value.numerator, value.denominator,
    )  # fmt: skip
    query = (
        select(*columns)
        .where(value.version_id.in_(list(by_id)), value.dimension == dimension)
        .order_by(value.version_id, value.result_number, value.code)
    )
    if scope.indicators is not None:
        query = query.where(value.indicator.in_(scope.indicators))
    for row in db.execute(query):
        by_id[row.version_id]["values"].append(
            {
                "result": row.result_number,
                "indicator": row.indicator,
                "dimension": row.dimension,
                "code": row.code,
                "numerator": row.numerator,
                "denominator": row.denominator,
            }
        )
    return items
