"""Every router under ``/v1``, in the order of the documentation."""

from __future__ import annotations

from fastapi import APIRouter

from fundops.calls.routes import ROUTERS as CALLS
from fundops.donors.routes import ROUTERS as DONORS
from fundops.exports.routes import router as statements
from fundops.files.routes import ROUTERS as FILES
from fundops.funds.rate_routes import router as rates
from fundops.funds.routes import router as funds
from fundops.grants.payment_routes import router as payments
from fundops.grants.routes import awards_router as awards
from fundops.grants.routes import router as grants
from fundops.parties.profile_routes import router as profiles
from fundops.parties.routes import ROUTERS as PARTIES
from fundops.tracing.routes import router as tracing
from fundops.treasury.routes import TREASURY_ROUTERS as TREASURY

ROUTERS: tuple[APIRouter, ...] = (
    *PARTIES,
    profiles,
    *FILES,
    funds,
    rates,
    *DONORS,
    *TREASURY,
    *CALLS,
    awards,
    grants,
    payments,
    tracing,
    statements,
)
