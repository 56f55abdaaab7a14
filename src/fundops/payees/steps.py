"""The steps of a bank account: who proposes and approves it, who stops it, who ends it."""

from __future__ import annotations

from fundops.authz import Permission
from fundops.lifecycle import Steps, step

STEPS: Steps = {
    "approve": step(
        "proposed", "active", Permission.BANK_ACCOUNT_APPROVE, ("proposed_by_id",)
    ),
    "object": step("proposed active", "refused", Permission.BANK_ACCOUNT_PROPOSE),
    "refuse": step("proposed active", "refused", Permission.BANK_ACCOUNT_APPROVE),
    "block": step("active", "blocked", Permission.BANK_ACCOUNT_PROPOSE),
    "unblock": step(
        "blocked", "active", Permission.BANK_ACCOUNT_APPROVE, ("blocked_by_id",)
    ),
    "retire": step("active blocked", "retired", Permission.BANK_ACCOUNT_APPROVE),
}  # fmt: skip
"""To object is everybody's: the party's own persons and the office. An account that is active may
be objected to or refused only while it cools; from then on it is blocked or retired."""
