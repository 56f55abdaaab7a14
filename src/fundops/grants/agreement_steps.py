"""The steps of a version of a grant agreement, and the events they are told by."""

from __future__ import annotations

from fundops.authz import Permission
from fundops.lifecycle import Steps, step

VERSION_STEPS: Steps = {
    "revise": step("draft offered", "draft", Permission.GRANT_AGREEMENT_WRITE),
    "offer": step("draft", "offered", Permission.GRANT_AGREEMENT_WRITE),
    "sign": step("offered", "signed", Permission.GRANT_AGREEMENT_SIGN),
    "record_signature": step("offered", "signed", Permission.GRANT_AGREEMENT_WRITE),
    "countersign": step(
        "signed",
        "in_force",
        Permission.GRANT_AGREEMENT_COUNTERSIGN,
        ("prepared_by_id", "signed_by_id", "recorded_by_id"),
    ),
    "take_effect": step("draft", "in_force", Permission.AMENDMENT_APPROVE),
    "supersede": step("in_force", "superseded", Permission.GRANT_AGREEMENT_COUNTERSIGN),
    "decline": step("offered", "declined", Permission.GRANT_AGREEMENT_SIGN),
    "withdraw": step("draft offered signed", "withdrawn", Permission.GRANT_AGREEMENT_WRITE),
}
VERSION_EVENTS = {
    "offer": "grant_agreement_version.offered",
    "sign": "grant_agreement_version.signed",
    "record_signature": "grant_agreement_version.signature_recorded",
    "countersign": "grant_agreement_version.countersigned",
    "take_effect": "grant_agreement_version.took_effect",
    "supersede": "grant_agreement_version.superseded",
    "decline": "grant_agreement_version.declined",
    "withdraw": "grant_agreement_version.withdrawn",
}
