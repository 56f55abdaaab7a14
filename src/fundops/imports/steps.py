"""Steps that only a source takes: what its later snapshots do to records that came from it.

A record that is gone from a full snapshot is undone; one that comes back stands again.
"""

from __future__ import annotations

from fundops.authz import Permission
from fundops.lifecycle import Steps, step

PLEDGES: Steps = {
    "withdraw": step("agreed", "cancelled", Permission.PLEDGE_WRITE),
    "restore": step("cancelled", "agreed", Permission.PLEDGE_WRITE),
}

AGREEMENTS: Steps = {
    "withdraw": step("active", "closed", Permission.AGREEMENT_WRITE),
    "restore": step("closed", "active", Permission.AGREEMENT_WRITE),
}

GRANTS: Steps = {
    "withdraw": step("awarded", "cancelled", Permission.GRANT_AWARD),
    "restore": step("cancelled", "awarded", Permission.GRANT_AWARD),
}

DISBURSEMENTS: Steps = {
    "withdraw": step("paid", "cancelled", Permission.DISBURSEMENT_PAY),
}

REFUNDS: Steps = {
    "withdraw": step("booked", "reversed", Permission.DISBURSEMENT_PAY),
}
