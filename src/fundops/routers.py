"""Every router under ``/v1``, in the order of the documentation."""

from __future__ import annotations

from fastapi import APIRouter

from fundops.banking.routes import ROUTERS as BANKING
from fundops.calls.routes import ROUTERS as CALLS
from fundops.decisions.coverage_routes import router as coverage
from fundops.decisions.feedback_routes import router as feedback
from fundops.decisions.routes import ROUTERS as DECISIONS
from fundops.disbursements.routes import router as disbursements
from fundops.donors.routes import ROUTERS as DONORS
from fundops.exports.dossier_routes import router as dossiers
from fundops.exports.routes import router as statements
from fundops.files.routes import ROUTERS as FILES
from fundops.funds.rate_routes import router as rates
from fundops.funds.routes import router as funds
from fundops.grants.refund_routes import router as refunds
from fundops.grants.routes import awards_router as awards
from fundops.grants.routes import router as grants
from fundops.overlaps.routes import router as overlaps
from fundops.parties.profile_routes import router as profiles
from fundops.parties.routes import ROUTERS as PARTIES
from fundops.proposals.eligibility_routes import router as eligibility
from fundops.proposals.routes import router as proposals
from fundops.proposals.routes import totals_router as call_totals
from fundops.proposals.step_routes import router as proposal_steps
from fundops.proposals.workbook_routes import router as proposal_workbooks
from fundops.reviews.routes import ROUTERS as REVIEWS
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
    proposals,
    proposal_steps,
    eligibility,
    proposal_workbooks,
    call_totals,
    overlaps,
    coverage,
    feedback,
    dossiers,
    *REVIEWS,
    *DECISIONS,
    awards,
    grants,
    refunds,
    disbursements,
    *BANKING,
    tracing,
    statements,
)
