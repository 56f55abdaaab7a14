"""The steps of a disbursement, which duty each belongs to, and what allows it: all as data."""

from __future__ import annotations

from fundops.authz import Permission
from fundops.disbursements.duties import Duty
from fundops.lifecycle import Steps, step

_P = Permission
STEPS: Steps = {
    "certify": step("requested", "certified", _P.DISBURSEMENT_CERTIFY),
    "approve": step("certified", "approved", _P.DISBURSEMENT_APPROVE, ("requested_by_id",)),
    "release": step("approved", "sent", _P.DISBURSEMENT_PAY, ("requested_by_id",)),
    "pay": step("approved", "paid", _P.DISBURSEMENT_PAY, ("requested_by_id",)),
    "record_paid": step("sent", "paid", _P.BANK_STATEMENT_WRITE),
    "fail": step("sent", "failed", _P.BANK_STATEMENT_WRITE),
    "return": step("paid", "returned", _P.BANK_STATEMENT_WRITE),
    "send_back": step("requested certified approved", "sent_back", _P.DISBURSEMENT_HOLD),
    "resubmit": step("sent_back", "requested", _P.DISBURSEMENT_REQUEST),
    "reject": step(
        "requested certified approved", "rejected", _P.DISBURSEMENT_APPROVE, ("requested_by_id",)
    ),
    "cancel": step(
        "requested sent_back certified approved", "cancelled", _P.DISBURSEMENT_REQUEST
    ),
}  # fmt: skip
PERMISSION: dict[Duty, Permission] = {
    "request": _P.DISBURSEMENT_REQUEST,
    "certify": _P.DISBURSEMENT_CERTIFY,
    "approve": _P.DISBURSEMENT_APPROVE,
    "pay": _P.DISBURSEMENT_PAY,
}
"""What allows each duty."""

DUTY_OF: dict[str, Duty] = {
    "request": "request", "resubmit": "request", "certify": "certify", "approve": "approve",
    "release": "pay", "pay": "pay",
}  # fmt: skip
"""Which duty a step belongs to; the other steps are nobody's duty."""

RECORDED_AS = {
    "request": "requested", "resubmit": "requested_again", "certify": "certified",
    "approve": "approved", "release": "sent", "pay": "paid", "record_paid": "paid",
    "fail": "failed", "return": "returned", "send_back": "sent_back", "reject": "rejected",
    "cancel": "cancelled",
}  # fmt: skip
"""What the audit chain calls each step."""
