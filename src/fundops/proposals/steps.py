"""How a proposal's status moves, as data."""

from __future__ import annotations

from fundops.authz import Permission
from fundops.lifecycle import Steps, step

P = Permission

STEPS: Steps = {
    "submit": step("draft lodged submitted", "submitted", P.PROPOSAL_WRITE, ("lodged_by_id",)),
    "lodge": step("draft lodged", "lodged", P.PROPOSAL_LODGE),
    "confirm": step("lodged", "submitted", P.PROPOSAL_WRITE, ("lodged_by_id",)),
    "reopen": step("submitted eligible ineligible", "submitted", P.PROPOSAL_REOPEN),
    "reopen_lodged": step("lodged", "lodged", P.PROPOSAL_REOPEN),
    "withdraw": step("draft lodged submitted eligible reserve", "withdrawn", P.PROPOSAL_WRITE),
    "declare_eligible": step(
        "submitted ineligible", "eligible", P.ELIGIBILITY_DECIDE, ("lodged_by_id",)
    ),
    "declare_ineligible": step(
        "submitted eligible", "ineligible", P.ELIGIBILITY_DECIDE, ("lodged_by_id",)
    ),
    "award": step("eligible reserve", "awarded", P.DECISION_CONFIRM),
    "put_on_reserve": step("eligible", "reserve", P.DECISION_CONFIRM),
    "reject": step("eligible reserve", "rejected", P.DECISION_CONFIRM),
}
"""What is lodged and not confirmed by the applicant reaches no award: no step leads there."""

EVENTS = {
    "submit": "proposal.submitted",
    "lodge": "proposal.lodged",
    "confirm": "proposal.confirmed",
    "reopen": "proposal.reopened",
    "reopen_lodged": "proposal.reopened",
    "withdraw": "proposal.withdrawn",
    "declare_eligible": "proposal.declared_eligible",
    "declare_ineligible": "proposal.declared_ineligible",
    "award": "proposal.awarded",
    "put_on_reserve": "proposal.put_on_reserve",
    "reject": "proposal.rejected",
}
"""Step -> action of its audit event."""

EDITABLE = frozenset({"draft", "lodged", "submitted"})
"""Statuses in which a draft may be saved and files attached or removed."""
