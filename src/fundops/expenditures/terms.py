"""What a fund's policy says about expenditure and closing, and what else closing asks.

The policy and the calendar of requirements are kept by the domain of grants; whoever assembles the
program registers them here. Without any, the shipped terms stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from fundops import money
from fundops.grants.models import Grant
from fundops.ledger.models import Fund

SUPPORT_COST_BP = 700
"""The share of accepted direct expenditure that a grantee's own support cost may be: 7 %."""

CLOSING_MINIMUM = 10
"""What is not asked back, and is written off in closing: ten units of the base currency."""

BASIS_POINTS = 10_000


@dataclass(frozen=True)
class Terms:
    """``support_cost_bp`` caps a grantee's support cost, in basis points of accepted direct
    expenditure; up to ``closing_minimum_minor`` nothing is asked back.
    """

    support_cost_bp: int
    closing_minimum_minor: int


TERMS: list[Callable[[Session, Grant, date], Terms | None]] = []
"""Asked in turn for the terms of a grant on a day; the first answer stands."""

UNMET_REQUIREMENTS: list[Callable[[Session, Grant], list[str]]] = []
"""Each returns sentences that name what a grant still has to deliver before it can be closed."""


def terms_of(db: Session, fund: Fund, grant: Grant, on: date) -> Terms:
    """Return the terms in force for a grant on a day."""
    for ask in TERMS:
        found = ask(db, grant, on)
        if found is not None:
            return found
    return Terms(SUPPORT_COST_BP, CLOSING_MINIMUM * 10 ** money.exponent(fund.base_currency))


def unmet_requirements(db: Session, grant: Grant) -> list[str]:
    """Return what a grant still has to deliver, a sentence each."""
    return [sentence for ask in UNMET_REQUIREMENTS for sentence in ask(db, grant)]


def allowed_support_cost(accepted_direct_minor: int, basis_points: int) -> int:
    """Return the support cost that accepted direct expenditure allows, rounded down."""
    return max(accepted_direct_minor, 0) * basis_points // BASIS_POINTS


def percent(basis_points: int) -> str:
    """Return basis points as percent for people: ``750 -> "7.5"``."""
    whole, part = divmod(basis_points, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".")
