"""Thresholds of amendments for tests that are not about a fund's policy."""

from __future__ import annotations

from fundops.grants.amendment_rules import Band, Thresholds
from fundops.roles import Role

BOTH = (Role.FUND_MANAGER, Role.APPROVER)

SAMPLE: Thresholds = {
    "no_cost_extension": (Band(3, (Role.FUND_MANAGER,)), Band(None, BOTH)),
    "reallocation": (
        Band(1_000, (Role.FUND_MANAGER,), by_notice=True),
        Band(2_000, (Role.FUND_MANAGER,)),
        Band(None, BOTH),
    ),
    "cost_extension": (Band(None, BOTH),),
    "results": (Band(1_000, (Role.FUND_MANAGER,)), Band(None, BOTH)),
    "administrative": (Band(None, (Role.FUND_MANAGER,), by_notice=True),),
}
"""Bands that are close together, so that tests reach each of them."""
