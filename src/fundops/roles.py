"""Permissions and roles, as data: what may be allowed, and which role is allowed what."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What may be allowed, as ``resource:action``."""

    ACCESS_READ = "access:read"
    PERSON_WRITE = "person:write"
    MEMBERSHIP_WRITE = "membership:write"
    TOKEN_WRITE = "token:write"
    SELF_READ = "self:read"
    SELF_WRITE = "self:write"
    PARTY_READ = "party:read"
    PARTY_WRITE = "party:write"
    PARTY_FREEZE = "party:freeze"
    PARTY_RESTORE = "party:restore"
    FUND_READ = "fund:read"
    FUND_WRITE = "fund:write"
    BALANCES_READ = "balances:read"
    RESERVE_WRITE = "operating_reserve:write"
    EVENT_READ = "event:read"
    EVENT_WRITE = "event:write"
    PLEDGE_READ = "pledge:read"
    PLEDGE_WRITE = "pledge:write"
    AGREEMENT_READ = "agreement:read"
    AGREEMENT_WRITE = "agreement:write"
    RECEIPT_READ = "receipt:read"
    RECEIPT_WRITE = "receipt:write"
    RECEIPT_REVERSE = "receipt:reverse"
    MONEY_WRITE = "money:write"
    WRITE_OFF_REQUEST = "write_off:request"
    WRITE_OFF_APPROVE = "write_off:approve"
    RATE_READ = "exchange_rate:read"
    RATE_WRITE = "exchange_rate:write"
    CALL_READ = "call:read"
    CALL_WRITE = "call:write"
    QUESTION_ASK = "question:ask"
    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    FILE_READ = "file:read"
    FILE_WRITE = "file:write"
    PROPOSAL_READ = "proposal:read"
    PROPOSAL_WRITE = "proposal:write"
    PROPOSAL_LODGE = "proposal:lodge"
    PROPOSAL_REOPEN = "proposal:reopen"
    ELIGIBILITY_DECIDE = "eligibility:decide"
    OVERLAP_READ = "overlap:read"
    REVIEWER_READ = "reviewer:read"
    REVIEWER_WRITE = "reviewer:write"
    ASSIGNMENT_READ = "assignment:read"
    ASSIGNMENT_WRITE = "assignment:write"
    REVIEW_OWN = "review:own"
    CONFLICT_DECLARE = "conflict:declare"
    REVIEW_READ = "review:read"
    REVIEW_RETURN = "review:return"
    RANKING_READ = "ranking:read"
    RANKING_WRITE = "ranking:write"
    DECISION_READ = "decision:read"
    DECISION_PREPARE = "decision:prepare"
    DECISION_VOTE = "decision:vote"
    DECISION_CONFIRM = "decision:confirm"
    DOSSIER_READ = "dossier:read"
    GRANT_READ = "grant:read"
    GRANT_AWARD = "grant:award"
    DISBURSEMENT_REQUEST = "disbursement:request"
    DISBURSEMENT_CERTIFY = "disbursement:certify"
    DISBURSEMENT_APPROVE = "disbursement:approve"
    DISBURSEMENT_PAY = "disbursement:pay"
    DISBURSEMENT_CONFIRM = "disbursement:confirm"
    DISBURSEMENT_HOLD = "disbursement:hold"
    DISBURSEMENT_REVIEW = "disbursement:review"
    DUTY_READ = "duty:read"
    DUTY_WRITE = "duty:write"
    DUTY_APPROVE = "duty:approve"
    SANCTIONS_READ = "sanctions_check:read"
    SANCTIONS_WRITE = "sanctions_check:write"
    SANCTIONS_RESOLVE = "sanctions_check:resolve"
    BANK_ACCOUNT_READ = "bank_account:read"
    BANK_ACCOUNT_PROPOSE = "bank_account:propose"
    BANK_ACCOUNT_APPROVE = "bank_account:approve"
    BANKING_READ = "banking:read"
    BATCH_WRITE = "batch:write"
    BATCH_RELEASE = "batch:release"
    BANK_STATEMENT_WRITE = "bank_statement:write"
    POLICY_READ = "policy:read"
    POLICY_WRITE = "policy:write"
    POLICY_APPROVE = "policy:approve"
    GRANT_AGREEMENT_READ = "grant_agreement:read"
    GRANT_AGREEMENT_WRITE = "grant_agreement:write"
    GRANT_AGREEMENT_SIGN = "grant_agreement:sign"
    GRANT_AGREEMENT_COUNTERSIGN = "grant_agreement:countersign"
    AMENDMENT_REQUEST = "amendment:request"
    AMENDMENT_APPROVE = "amendment:approve"
    REQUIREMENT_RECORD = "requirement:record"
    REQUIREMENT_WAIVE = "requirement:waive"
    GRANT_SUSPEND = "grant:suspend"
    GRANT_CLOSE = "grant:close"
    EXPENDITURE_READ = "expenditure:read"
    EXPENDITURE_REPORT = "expenditure:report"
    EXPENDITURE_ACCEPT = "expenditure:accept"
    REFUND_WRITE = "refund:write"
    RECEIVABLE_READ = "receivable:read"
    RECEIVABLE_WRITE = "receivable:write"
    PLAN_READ = "cash_plan:read"
    ATTENTION_READ = "attention:read"
    NOTICE_READ = "notice:read"
    TRACE_READ = "trace:read"
    STATEMENT_READ = "statement:read"
    STATEMENT_ISSUE = "statement:issue"
    AUDIT_READ = "audit:read"


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
_EVERYBODY = frozenset({_P.SELF_READ, _P.SELF_WRITE})
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

_PAYMENT_READERS = _GRANT_READERS | {
    _P.BANK_ACCOUNT_READ,
    _P.BANKING_READ,
    _P.PLAN_READ,
    _P.ATTENTION_READ,
}
"""What whoever handles or audits payments may read; bank details are masked for all of them."""

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
    | {
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
    | {
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
    | {
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
    | {
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
    | {
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
        _P.FUND_READ,
        _P.PLEDGE_READ,
        _P.AGREEMENT_READ,
        _P.RECEIPT_READ,
        _P.TRACE_READ,
        _P.STATEMENT_READ,
    },
    Role.GRANTEE: _EVERYBODY
    | {
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

OUTSIDE_ROLES = frozenset({Role.SIGNATORY, Role.BOARD_MEMBER, Role.AUDITOR})
"""Roles of people outside the office: the bank's signatory or the host's treasury, the board, the
auditor."""

PARTY_ROLES = frozenset({Role.DONOR, Role.GRANTEE})
"""Roles held for one party, whose rows alone the person may see."""
