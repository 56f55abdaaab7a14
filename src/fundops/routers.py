"""Every router under ``/v1``, in the order of the documentation."""

from __future__ import annotations

from fastapi import APIRouter

from fundops.banking.routes import ROUTERS as BANKING
from fundops.calls.routes import ROUTERS as CALLS
from fundops.decisions.coverage_routes import router as coverage
from fundops.decisions.feedback_routes import router as feedback
from fundops.decisions.routes import ROUTERS as DECISIONS
from fundops.disbursements import reminders as _payments  # noqa: F401 - registers its job
from fundops.disbursements.duty_routes import router as duties
from fundops.disbursements.routes import router as disbursements
from fundops.disbursements.safeguard_routes import router as safeguards
from fundops.disbursements.step_routes import router as disbursement_steps
from fundops.donors.routes import ROUTERS as DONORS
from fundops.expenditures.routes import ROUTERS as EXPENDITURES
from fundops.exports.audit_book.routes import router as audit_workbooks
from fundops.exports.dossier_routes import router as dossiers
from fundops.exports.jobs.routes import router as export_jobs
from fundops.exports.release_routes import router as release_books
from fundops.exports.routes import router as statements
from fundops.exports.sample_routes import router as sample_evaluations
from fundops.files.routes import ROUTERS as FILES
from fundops.findings import attention as _findings  # noqa: F401 - registers its rules
from fundops.findings import reminders as _incidents  # noqa: F401 - registers its job
from fundops.findings.incident_routes import router as incidents
from fundops.findings.routes import router as findings
from fundops.findings.step_routes import router as finding_steps
from fundops.funds.rate_routes import router as rates
from fundops.funds.routes import router as funds
from fundops.grants import reminders as _requirements  # noqa: F401 - registers its job
from fundops.grants.agreement_routes import list_router as grant_agreements
from fundops.grants.agreement_routes import router as agreements
from fundops.grants.agreement_routes import sums_router as agreed_budgets
from fundops.grants.agreement_step_routes import router as agreement_steps
from fundops.grants.amendment_routes import list_router as grant_amendments
from fundops.grants.amendment_routes import router as amendments
from fundops.grants.condition_routes import CONDITION_ROUTERS as CONDITIONS
from fundops.grants.policy_routes import POLICY_ROUTERS as POLICIES
from fundops.grants.refund_routes import router as refunds
from fundops.grants.requirement_routes import REQUIREMENT_ROUTERS as REQUIREMENTS
from fundops.grants.routes import awards_router as awards
from fundops.grants.routes import router as grants
from fundops.grants.standing_routes import router as standing
from fundops.impact.routes import router as impact
from fundops.notices.routes import ROUTERS as NOTICES
from fundops.overlaps.routes import router as overlaps
from fundops.parties.profile_routes import router as profiles
from fundops.parties.routes import ROUTERS as PARTIES
from fundops.partners import reminders as _partners  # noqa: F401 - registers its job
from fundops.partners.routes import router as partners
from fundops.payees.routes import ROUTERS as PAYEES
from fundops.planning.attention_routes import router as attention
from fundops.planning.routes import router as cash_plan
from fundops.proposals.eligibility_routes import router as eligibility
from fundops.proposals.routes import router as proposals
from fundops.proposals.routes import totals_router as call_totals
from fundops.proposals.step_routes import router as proposal_steps
from fundops.proposals.workbook_routes import router as proposal_workbooks
from fundops.releases.routes import RELEASE_ROUTERS as RELEASES
from fundops.reports.face_routes import router as faces
from fundops.reports.local_routes import router as local_receipts
from fundops.reports.routes import results_router as grant_results
from fundops.reports.routes import router as progress_reports
from fundops.reports.routes import start_router as report_starts
from fundops.reports.step_routes import evidence_router as report_evidence
from fundops.reports.step_routes import router as report_steps
from fundops.reports.workbook_routes import router as report_workbooks
from fundops.retention.routes import router as retention
from fundops.reviews.routes import ROUTERS as REVIEWS
from fundops.samples.routes import router as audit_samples
from fundops.samples.workbook_routes import router as sample_workbooks
from fundops.tracing.routes import router as tracing
from fundops.treasury.routes import TREASURY_ROUTERS as TREASURY

ROUTERS: tuple[APIRouter, ...] = (
    *PARTIES,
    profiles,
    *NOTICES,
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
    *POLICIES,
    *REQUIREMENTS,
    *CONDITIONS,
    grant_agreements,
    agreements,
    agreement_steps,
    agreed_budgets,
    grant_amendments,
    amendments,
    standing,
    refunds,
    *PAYEES,
    disbursements,
    disbursement_steps,
    duties,
    safeguards,
    *EXPENDITURES,
    progress_reports,
    report_starts,
    report_steps,
    report_evidence,
    report_workbooks,
    grant_results,
    local_receipts,
    faces,
    *BANKING,
    impact,
    partners,
    *RELEASES,
    release_books,
    tracing,
    cash_plan,
    attention,
    retention,
    audit_samples,
    sample_workbooks,
    sample_evaluations,
    findings,
    finding_steps,
    incidents,
    statements,
    audit_workbooks,
    export_jobs,
)
