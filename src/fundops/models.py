"""Every table, imported once, so that metadata is complete wherever this module is."""

from fundops import audit, codes, idempotency, seals, trail
from fundops.banking import models as banking
from fundops.calls import models as calls
from fundops.db import Base
from fundops.decisions import models as decisions
from fundops.disbursements import models as disbursements
from fundops.donors import models as donors
from fundops.expenditures import models as expenditures
from fundops.exports.jobs import models as export_jobs
from fundops.files import models as files
from fundops.findings import incident_models
from fundops.findings import models as findings
from fundops.funds import models as funds
from fundops.grants import (
    agreement_models,
    amendment_models,
    policy_models,
    schedule_models,
    standing_models,
)
from fundops.grants import models as grants
from fundops.impact import models as impact
from fundops.imports import models as imports
from fundops.ledger import models as ledger
from fundops.notices import models as notices
from fundops.overlaps import models as overlaps
from fundops.parties import confirmed_models as confirmed_items
from fundops.parties import models as parties
from fundops.parties import place_models as places
from fundops.parties import profile_models as profiles
from fundops.partners import models as partners
from fundops.payees import models as payees
from fundops.proposals import models as proposals
from fundops.releases import models as releases
from fundops.reports import models as reports
from fundops.reports import money_models as report_money
from fundops.reports import seal_models as report_seals
from fundops.retention import models as retention
from fundops.reviews import models as reviews
from fundops.samples import models as samples
from fundops.tracing import models as tracing

metadata = Base.metadata

__all__ = [
    "agreement_models",
    "amendment_models",
    "audit",
    "banking",
    "calls",
    "codes",
    "confirmed_items",
    "decisions",
    "disbursements",
    "donors",
    "expenditures",
    "export_jobs",
    "files",
    "findings",
    "funds",
    "grants",
    "idempotency",
    "impact",
    "imports",
    "incident_models",
    "ledger",
    "metadata",
    "notices",
    "overlaps",
    "parties",
    "partners",
    "payees",
    "places",
    "policy_models",
    "profiles",
    "proposals",
    "releases",
    "report_money",
    "report_seals",
    "reports",
    "retention",
    "reviews",
    "samples",
    "schedule_models",
    "seals",
    "standing_models",
    "tracing",
    "trail",
]
