"""Roles, as data: which role is allowed what."""

from __future__ import annotations

from enum import StrEnum

from fundops.permissions import Permission


class Role(StrEnum):
    """Named sets of permissions; a person holds them through memberships."""

    ADMINISTRATOR = "administrator"
    FUND_MANAGER = "fund_manager"
    FINANCE_OFFICER = "finance_officer"
    APPROVER = "approver"
    GRANT_OFFICER = "grant_officer"
    AUDITOR = "auditor"
    DONOR = "donor"
    GRANTEE = "grantee"
    REVIEWER = "reviewer"
    BOARD_MEMBER = "board_member"
    SIGNATORY = "signatory"


_P = Permission
_EVERYBODY = frozenset({_P.SELF_READ, _P.SELF_WRITE, _P.INCIDENT_REPORT})
_MONEY_READERS = _EVERYBODY | {
    _P.PARTY_READ,
    _P.FUND_READ,
    _P.EVENT_READ,
    _P.PLEDGE_READ,
    _P.AGREEMENT_READ,
    _P.RECEIPT_READ,
    _P.RATE_READ,
    _P.CALL_READ,
    _P.GRANT_READ,
    _P.TRACE_READ,
    _P.STATEMENT_READ,
}

_CALL_READERS = frozenset(
    {
        _P.CALL_READ,
        _P.PROFILE_READ,
        _P.FILE_READ,
        _P.PROPOSAL_READ,
        _P.REVIEW_READ,
        _P.RANKING_READ,
        _P.DECISION_READ,
        _P.DOSSIER_READ,
        _P.OVERLAP_READ,
    }
)
"""What whoever judges or audits a call may read of it."""

_GRANT_READERS = frozenset(
    {
        _P.POLICY_READ,
        _P.GRANT_AGREEMENT_READ,
        _P.EXPENDITURE_READ,
        _P.RECEIVABLE_READ,
        _P.SANCTIONS_READ,
        _P.DUTY_READ,
    }
)
"""What whoever handles or audits grants may read of them."""

_REPORT_READERS = frozenset({_P.REPORT_READ, _P.RELEASE_READ, _P.PARTNER_RISK_READ})
"""What whoever handles or audits grants may read of progress reports: all but victims' counts and
narrative, which ``result:read`` allows."""

_PAYMENT_READERS = _GRANT_READERS | {
    _P.BANK_ACCOUNT_READ,
    _P.BANKING_READ,
    _P.PLAN_READ,
    _P.ATTENTION_READ,
}
"""What whoever handles or audits payments may read; bank details are masked for all of them."""

_HANDLERS = frozenset({_P.INCIDENT_READ, _P.INCIDENT_HANDLE})
"""What whoever may handle incidents needs; but for fund managers, of those one is named for."""

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: _EVERYBODY
    | {
        _P.ACCESS_READ,
        _P.PERSON_WRITE,
        _P.MEMBERSHIP_WRITE,
        _P.TOKEN_WRITE,
        _P.PARTY_READ,
        _P.PARTY_FREEZE,
        _P.PARTY_RESTORE,
    },
    Role.FUND_MANAGER: _MONEY_READERS
    | _CALL_READERS
    | _PAYMENT_READERS
    | _REPORT_READERS
    | _HANDLERS
    | {
        _P.FINDING_READ,
        _P.FINDING_ANSWER,
        _P.FINDING_PROPOSE,
        _P.FINDING_SETTLE,
        _P.AUDIT_BOOK_READ,
        _P.SAMPLE_READ,
        _P.PLACE_READ,
        _P.PLACE_FLAG,
        _P.PLACE_LIFT,
        _P.REPORT_REVIEW,
        _P.RESULT_READ,
        _P.IMPACT_READ,
        _P.RELEASE_PREPARE,
        _P.RELEASE_PUBLISH,
        _P.PARTNER_RISK_CONFIRM,
        _P.RETENTION_READ,
        _P.RETENTION_PROPOSE,
        _P.RETENTION_APPROVE,
        _P.POLICY_WRITE,
        _P.POLICY_APPROVE,
        _P.GRANT_AGREEMENT_WRITE,
        _P.GRANT_AGREEMENT_COUNTERSIGN,
        _P.AMENDMENT_APPROVE,
        _P.REQUIREMENT_WAIVE,
        _P.GRANT_SUSPEND,
        _P.GRANT_CLOSE,
        _P.DUTY_WRITE,
        _P.DUTY_APPROVE,
        _P.DISBURSEMENT_APPROVE,
        _P.DISBURSEMENT_HOLD,
        _P.SANCTIONS_RESOLVE,
        _P.BANK_ACCOUNT_APPROVE,
        _P.EXPENDITURE_ACCEPT,
        _P.REVIEWER_READ,
        _P.REVIEWER_WRITE,
        _P.ASSIGNMENT_READ,
        _P.RANKING_WRITE,
        _P.DECISION_PREPARE,
        _P.DECISION_CONFIRM,
        _P.CONFLICT_DECLARE,
        _P.BALANCES_READ,
        _P.ACCESS_READ,
        _P.PARTY_WRITE,
        _P.PARTY_FREEZE,
        _P.PARTY_RESTORE,
        _P.FUND_WRITE,
        _P.RESERVE_WRITE,
        _P.EVENT_WRITE,
        _P.PLEDGE_WRITE,
        _P.AGREEMENT_WRITE,
        _P.CALL_WRITE,
        _P.GRANT_AWARD,
        _P.WRITE_OFF_APPROVE,
        _P.STATEMENT_ISSUE,
        _P.AUDIT_READ,
    },
    Role.FINANCE_OFFICER: _MONEY_READERS
    | _PAYMENT_READERS
    | _REPORT_READERS
    | _HANDLERS
    | {
        _P.FINDING_READ,
        _P.FINDING_ANSWER,
        _P.FINDING_PROPOSE,
        _P.AUDIT_BOOK_READ,
        _P.SAMPLE_READ,
        _P.PLACE_READ,
        _P.PARTNER_RISK_WRITE,
        _P.POLICY_WRITE,
        _P.DUTY_WRITE,
        _P.DISBURSEMENT_CERTIFY,
        _P.DISBURSEMENT_HOLD,
        _P.SANCTIONS_WRITE,
        _P.SANCTIONS_RESOLVE,
        _P.BANK_ACCOUNT_PROPOSE,
        _P.BANK_ACCOUNT_APPROVE,
        _P.BATCH_WRITE,
        _P.BANK_STATEMENT_WRITE,
        _P.REQUIREMENT_RECORD,
        _P.EXPENDITURE_ACCEPT,
        _P.RECEIVABLE_WRITE,
        _P.BALANCES_READ,
        _P.PARTY_WRITE,
        _P.EVENT_WRITE,
        _P.PLEDGE_WRITE,
        _P.AGREEMENT_WRITE,
        _P.RECEIPT_WRITE,
        _P.RECEIPT_REVERSE,
        _P.MONEY_WRITE,
        _P.RATE_WRITE,
        _P.WRITE_OFF_REQUEST,
        _P.DISBURSEMENT_REQUEST,
        _P.REFUND_WRITE,
        _P.STATEMENT_ISSUE,
    },
    Role.APPROVER: _MONEY_READERS
    | _PAYMENT_READERS
    | _REPORT_READERS
    | _HANDLERS
    | {
        _P.FINDING_READ,
        _P.FINDING_SETTLE,
        _P.AUDIT_BOOK_READ,
        _P.SAMPLE_READ,
        _P.PLACE_READ,
        _P.PLACE_LIFT,
        _P.RELEASE_PUBLISH,
        _P.PARTNER_RISK_CONFIRM,
        _P.RETENTION_READ,
        _P.RETENTION_APPROVE,
        _P.WRITE_OFF_APPROVE,
        _P.RECEIPT_REVERSE,
        _P.POLICY_APPROVE,
        _P.DUTY_APPROVE,
        _P.GRANT_SUSPEND,
        _P.AMENDMENT_APPROVE,
        _P.DISBURSEMENT_APPROVE,
        _P.DISBURSEMENT_HOLD,
        _P.SANCTIONS_RESOLVE,
        _P.BANK_ACCOUNT_APPROVE,
        _P.PARTY_FREEZE,
        _P.PROPOSAL_READ,
        _P.DECISION_READ,
        _P.DECISION_CONFIRM,
        _P.DOSSIER_READ,
        _P.CONFLICT_DECLARE,
    },
    Role.GRANT_OFFICER: _EVERYBODY
    | _CALL_READERS
    | _GRANT_READERS
    | _REPORT_READERS
    | _HANDLERS
    | {
        _P.FINDING_READ,
        _P.FINDING_ANSWER,
        _P.FINDING_PROPOSE,
        _P.PLACE_READ,
        _P.PLACE_FLAG,
        _P.REPORT_WRITE,
        _P.REPORT_REVIEW,
        _P.RESULT_READ,
        _P.IMPACT_READ,
        _P.RELEASE_PREPARE,
        _P.PARTNER_RISK_WRITE,
        _P.PARTNER_RISK_CONFIRM,
        _P.BANK_ACCOUNT_READ,
        _P.BANK_ACCOUNT_PROPOSE,
        _P.GRANT_AGREEMENT_WRITE,
        _P.AMENDMENT_REQUEST,
        _P.AMENDMENT_APPROVE,
        _P.REQUIREMENT_RECORD,
        _P.EXPENDITURE_REPORT,
        _P.SANCTIONS_WRITE,
        _P.DISBURSEMENT_HOLD,
        _P.ATTENTION_READ,
        _P.PROFILE_WRITE,
        _P.FILE_WRITE,
        _P.PROPOSAL_WRITE,
        _P.PROPOSAL_LODGE,
        _P.PROPOSAL_REOPEN,
        _P.ELIGIBILITY_DECIDE,
        _P.REVIEWER_READ,
        _P.REVIEWER_WRITE,
        _P.ASSIGNMENT_READ,
        _P.ASSIGNMENT_WRITE,
        _P.REVIEW_RETURN,
        _P.RANKING_WRITE,
        _P.DECISION_PREPARE,
        _P.CONFLICT_DECLARE,
        _P.PARTY_READ,
        _P.PARTY_WRITE,
        _P.PARTY_FREEZE,
        _P.FUND_READ,
        _P.EVENT_READ,
        _P.CALL_READ,
        _P.CALL_WRITE,
        _P.GRANT_READ,
        _P.GRANT_AWARD,
        _P.DISBURSEMENT_REQUEST,
        _P.TRACE_READ,
    },
    Role.AUDITOR: _MONEY_READERS
    | _CALL_READERS
    | _PAYMENT_READERS
    | _REPORT_READERS
    | {
        _P.AUDIT_BOOK_READ,
        _P.SAMPLE_READ,
        _P.SAMPLE_WRITE,
        _P.FINDING_READ,
        _P.FINDING_WRITE,
        _P.INCIDENT_READ,
        _P.PLACE_READ,
        _P.EVIDENCE_INSPECT,
        _P.RETENTION_READ,
        _P.NOTICE_READ,
        _P.DISBURSEMENT_REVIEW,
        _P.BALANCES_READ,
        _P.ACCESS_READ,
        _P.AUDIT_READ,
        _P.REVIEWER_READ,
        _P.ASSIGNMENT_READ,
    },
    Role.DONOR: _EVERYBODY
    | {
        _P.AUDIT_BOOK_READ,
        _P.RELEASE_READ,
        _P.FUND_READ,
        _P.PLEDGE_READ,
        _P.AGREEMENT_READ,
        _P.RECEIPT_READ,
        _P.TRACE_READ,
        _P.STATEMENT_READ,
    },
    Role.GRANTEE: _EVERYBODY
    | {
        _P.FINDING_READ,
        _P.FINDING_ANSWER,
        _P.REPORT_READ,
        _P.REPORT_WRITE,
        _P.RESULT_READ,
        _P.RELEASE_READ,
        _P.GRANT_AGREEMENT_READ,
        _P.GRANT_AGREEMENT_SIGN,
        _P.AMENDMENT_REQUEST,
        _P.DISBURSEMENT_CONFIRM,
        _P.BANK_ACCOUNT_READ,
        _P.BANK_ACCOUNT_PROPOSE,
        _P.EXPENDITURE_READ,
        _P.EXPENDITURE_REPORT,
        _P.FUND_READ,
        _P.CALL_READ,
        _P.GRANT_READ,
        _P.QUESTION_ASK,
        _P.PROFILE_READ,
        _P.PROFILE_WRITE,
        _P.FILE_READ,
        _P.FILE_WRITE,
        _P.PROPOSAL_READ,
        _P.PROPOSAL_WRITE,
    },
    Role.REVIEWER: _EVERYBODY | {_P.REVIEW_OWN, _P.CONFLICT_DECLARE},
    Role.BOARD_MEMBER: _EVERYBODY
    | _CALL_READERS
    | {
        _P.RELEASE_READ,
        _P.FUND_READ,
        _P.GRANT_READ,
        _P.DECISION_VOTE,
        _P.CONFLICT_DECLARE,
        _P.DISBURSEMENT_PAY,
        _P.DISBURSEMENT_REVIEW,
    },
    Role.SIGNATORY: _EVERYBODY
    | {
        _P.FUND_READ,
        _P.DUTY_READ,
        _P.PARTY_READ,
        _P.GRANT_READ,
        _P.BANK_ACCOUNT_READ,
        _P.BANKING_READ,
        _P.BATCH_RELEASE,
        _P.DISBURSEMENT_PAY,
        _P.DISBURSEMENT_HOLD,
        _P.DISBURSEMENT_REVIEW,
    },
}


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that are allowed something, in the order of ``Role``."""
    return tuple(role for role in Role if permission in ROLE_PERMISSIONS[role])


PARTY_ROLES = frozenset({Role.DONOR, Role.GRANTEE})
"""Roles held for one party, whose rows alone the person may see."""
