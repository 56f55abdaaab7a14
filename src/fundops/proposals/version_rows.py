"""A submitted version written out in rows: its codes, budget lines, results and co-funding.

The rows follow from the version's content alone, so that an auditor, or ``fundops check``, can
make them again from what was submitted and compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundops import money
from fundops.db import Base
from fundops.ids import uuid7
from fundops.proposals import values
from fundops.proposals.budgets import WHOLE_SHARE, line_total
from fundops.proposals.check_lines import MAX_DURATION, MAX_QUANTITY
from fundops.proposals.content import CODE_LISTS
from fundops.proposals.models import (
    ProposalBudgetLine,
    ProposalCode,
    ProposalCofunding,
    ProposalResult,
)

Content = Mapping[str, Any]
Rows = list[dict[str, Any]]

MODELS: tuple[type[Base], ...] = (
    ProposalCode,
    ProposalBudgetLine,
    ProposalResult,
    ProposalCofunding,
)


def made_from(content: Content, currency: str) -> dict[type[Base], Rows]:
    """Return the rows of a submitted content, without ids; ``currency`` is the fund's.

    Raises ``ValueError``, ``KeyError`` or ``values.Wrong`` for what is no submitted content.
    """
    return {
        ProposalCode: _codes(content),
        ProposalBudgetLine: _numbered([_line(one, currency) for one in _every(content, "budget")]),
        ProposalResult: _numbered(
            [
                {name: one[name] for name in ("indicator", "baseline", "target", "note")}
                for one in _every(content, "results")
            ]
        ),
        ProposalCofunding: _numbered([_cofunding(one) for one in _every(content, "cofunding")]),
    }


def _every(content: Content, name: str) -> list[Content]:
    return list(content.get(name) or ())


def _numbered(rows: Rows) -> Rows:
    return [row | {"number": number} for number, row in enumerate(rows, 1)]


def _codes(content: Content) -> Rows:
    shares: Rows = [
        {"list_name": "objective", "code": str(one["objective"]), "percent": one["percent"]}
        for one in _every(content, "shares")
    ]
    declared = (content.get("codes") or {}) | {"region": content.get("regions")}
    return shares + [
        {"list_name": name, "code": code, "percent": None}
        for name in (*CODE_LISTS, "region")
        for code in declared.get(name) or ()
    ]


def _line(one: Content, currency: str) -> dict[str, Any]:
    quantity = values.hundredths(one["quantity"], MAX_QUANTITY)
    unit_cost = money.parse_amount(one["unit_cost"], currency)
    duration = values.hundredths(one["duration"], MAX_DURATION)
    share = values.hundredths(one["share_charged"], WHOLE_SHARE // 100)
    return {
        "category": one["category"],
        "description": one["description"],
        "unit": one["unit"],
        "quantity": quantity,
        "unit_cost_minor": unit_cost,
        "duration": duration,
        "share_bp": share,
        "total_minor": line_total(quantity, unit_cost, duration, share),
        "objective": one["objective"],
    }


def _cofunding(one: Content) -> dict[str, Any]:
    return {
        "source": one["source"],
        "amount_minor": money.parse_amount(one["amount"], one["currency"]),
        "currency": one["currency"],
        "is_secured": one["is_secured"],
    }


def write(db: Session, version_id: UUID, content: Content, currency: str) -> None:
    """Write a submitted version's rows."""
    for model, rows in made_from(content, currency).items():
        if rows:
            keys = [{"id": uuid7(), "version_id": version_id} | row for row in rows]
            db.execute(insert(model), keys)
