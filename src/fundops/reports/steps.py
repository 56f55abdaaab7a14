"""How a progress report's status moves, as data."""

from __future__ import annotations

from fundops.authz import Permission
from fundops.lifecycle import Steps, step

P = Permission
_AUTHOR = ("submitted_by_id",)

STEPS: Steps = {
    "submit": step("draft returned", "submitted", P.REPORT_WRITE),
    "return": step("submitted", "returned", P.REPORT_REVIEW, _AUTHOR),
    "accept": step("submitted", "accepted", P.REPORT_REVIEW, _AUTHOR),
    "correct": step("accepted", "draft", P.REPORT_WRITE),
}
"""Only accepted versions count; a correction leaves the accepted one counting until it is."""

EVENTS = {
    "submit": "progress_report.submitted",
    "return": "progress_report.returned",
    "accept": "progress_report.accepted",
    "correct": "progress_report.correction_begun",
}
"""Step -> action of its audit event."""

EDITABLE = frozenset({"draft", "returned"})
"""Statuses in which a draft may be saved and evidence added or removed."""

IMPORTED = "progress_report.imported"
"""Action of the event by which a source's figures came in, accepted by the source."""
