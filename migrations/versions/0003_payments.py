"""Grants as agreements, payments with their duties, the bank, and notices.

Tables of earlier revisions gain columns or wider rules: PostgreSQL alters them, SQLite, which
cannot, copies each into a new one (foreign keys are off meanwhile and checked at the end).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from fundops.db import Text, UtcDateTime, whole

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "bank_statements",
    "call_backs",
    "disbursement_steps",
    "entry_confirmations",
    "entry_matches",
    "grant_agreed_results",
    "grant_agreement_receipts",
    "grant_agreement_texts",
    "grant_budget_lines",
    "grant_schedules",
    "receivable_entries",
    "refund_parts",
    "risk_assessments",
    "same_persons",
    "statement_entries",
)
"""New tables whose rows are never changed or deleted; the database refuses it."""

GUARDED_COPIES = ("transfers",)
"""Copied tables that were guarded so, and are again, on SQLite."""

POSTGRES_UP = (
    """ALTER TABLE memberships DROP CONSTRAINT ck_memberships_role_known""",
    """ALTER TABLE memberships ADD CONSTRAINT ck_memberships_role_known CHECK (role IN
('administrator', 'fund_manager', 'finance_officer', 'approver', 'grant_officer', 'auditor',
'donor', 'grantee', 'reviewer', 'board_member', 'signatory'))""",
    """ALTER TABLE grants DROP CONSTRAINT ck_grants_status_known""",
    """ALTER TABLE grants ADD CONSTRAINT ck_grants_status_known CHECK (status IN ('conditional',
'awarded', 'suspended', 'terminated', 'closed', 'cancelled'))""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_paid_has_date""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_status_known""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_two_persons""",
    """ALTER TABLE disbursements ADD COLUMN account_id UUID""",
    """ALTER TABLE disbursements ADD COLUMN certified_by_id UUID""",
    """ALTER TABLE disbursements ADD COLUMN certified_at TIMESTAMP WITH TIME ZONE""",
    """ALTER TABLE disbursements ADD COLUMN certified_digest VARCHAR(64) COLLATE "C"
""",
    """ALTER TABLE disbursements ADD COLUMN approved_by_id UUID""",
    """ALTER TABLE disbursements ADD COLUMN approved_at TIMESTAMP WITH TIME ZONE""",
    """ALTER TABLE disbursements ADD COLUMN approved_digest VARCHAR(64) COLLATE "C"
""",
    """ALTER TABLE disbursements ADD COLUMN sent_by_id UUID""",
    """ALTER TABLE disbursements ADD COLUMN sent_at TIMESTAMP WITH TIME ZONE""",
    """ALTER TABLE disbursements ADD COLUMN evidence_kind VARCHAR(20) COLLATE "C"
""",
    """ALTER TABLE disbursements ADD COLUMN evidence_note VARCHAR(2000) COLLATE "C"
""",
    """ALTER TABLE disbursements ADD COLUMN evidence_file_id UUID""",
    """ALTER TABLE disbursements ADD COLUMN returned_on DATE""",
    """ALTER TABLE disbursements ADD COLUMN review_due_on DATE""",
    """ALTER TABLE disbursements ADD COLUMN reviewed_by_id UUID""",
    """ALTER TABLE disbursements ADD COLUMN reviewed_at TIMESTAMP WITH TIME ZONE""",
    """ALTER TABLE disbursements ADD COLUMN review_note VARCHAR(2000) COLLATE "C"
""",
    """ALTER TABLE disbursements ADD COLUMN confirmed_on DATE""",
    """ALTER TABLE disbursements ADD COLUMN confirmed_minor BIGINT""",
    """ALTER TABLE disbursements ADD COLUMN confirmed_currency VARCHAR(3) COLLATE "C"
""",
    """ALTER TABLE disbursements ADD COLUMN confirmed_charges_minor BIGINT""",
    """ALTER TABLE disbursements ADD COLUMN confirmed_by_id UUID""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_two_persons CHECK (paid_by_id IS
NULL OR requested_by_id IS NULL OR paid_by_id <> requested_by_id OR evidence_kind =
'bank_statement')""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_payer_is_another CHECK (sent_by_id
<> requested_by_id AND sent_by_id <> certified_by_id AND sent_by_id <> approved_by_id)""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_sent_by_somebody CHECK (status <>
'sent' OR sent_by_id IS NOT NULL)""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_evidence_kind_known CHECK
(evidence_kind IN ('bank_statement', 'bank_advice', 'host_system', 'import'))""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_confirmation_positive CHECK
(confirmed_minor >= 0 AND confirmed_charges_minor >= 0)""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_certifier_not_approver CHECK
(approved_by_id <> certified_by_id)""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_paid_has_date CHECK ((status IN
('paid', 'returned')) = (paid_on IS NOT NULL))""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_status_known CHECK (status IN
('requested', 'sent_back', 'certified', 'approved', 'sent', 'paid', 'returned', 'rejected',
'failed', 'cancelled'))""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_requester_not_approver CHECK
(approved_by_id <> requested_by_id)""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_certified_by_somebody CHECK
(status NOT IN ('certified', 'approved', 'sent') OR (certified_by_id IS NOT NULL AND
certified_digest IS NOT NULL))""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_returned_has_date CHECK ((status =
'returned') = (returned_on IS NOT NULL))""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_approved_by_somebody CHECK (status
NOT IN ('approved', 'sent') OR (approved_by_id IS NOT NULL AND approved_digest IS NOT NULL))""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_confirmation_whole CHECK
((confirmed_on IS NULL) = (confirmed_minor IS NULL) AND (confirmed_minor IS NULL) =
(confirmed_currency IS NULL))""",
    """ALTER TABLE disbursements ADD CONSTRAINT fk_disbursements_account_id FOREIGN KEY(account_id)
REFERENCES bank_accounts (id)""",
    """ALTER TABLE disbursements ADD CONSTRAINT fk_disbursements_approved_by_id FOREIGN
KEY(approved_by_id) REFERENCES persons (id)""",
    """ALTER TABLE disbursements ADD CONSTRAINT fk_disbursements_certified_by_id FOREIGN
KEY(certified_by_id) REFERENCES persons (id)""",
    """ALTER TABLE disbursements ADD CONSTRAINT fk_disbursements_confirmed_by_id FOREIGN
KEY(confirmed_by_id) REFERENCES persons (id)""",
    """ALTER TABLE disbursements ADD CONSTRAINT fk_disbursements_evidence_file_id FOREIGN
KEY(evidence_file_id) REFERENCES files (id)""",
    """ALTER TABLE disbursements ADD CONSTRAINT fk_disbursements_reviewed_by_id FOREIGN
KEY(reviewed_by_id) REFERENCES persons (id)""",
    """ALTER TABLE disbursements ADD CONSTRAINT fk_disbursements_sent_by_id FOREIGN KEY(sent_by_id)
REFERENCES persons (id)""",
    """CREATE INDEX ix_disbursements_account_id ON disbursements (account_id)""",
    """CREATE INDEX ix_disbursements_status ON disbursements (status)""",
    """ALTER TABLE transfers DROP CONSTRAINT ck_transfers_kind_known""",
    """ALTER TABLE transfers ADD CONSTRAINT ck_transfers_kind_known CHECK (kind IN ('receipt',
'receipt_fee', 'exchange_difference', 'match', 'fee_charge', 'exchange_charge', 'agent_fee',
'support_cost_hold', 'support_cost_earn', 'support_cost_charge', 'support_cost_return',
'set_aside', 'set_free', 'reserve', 'void', 'pay', 'advance', 'pay_return', 'refund',
'liquidate', 'advance_write_off', 'advance_return', 'interest', 'opening', 'opening_lot',
'donor_return', 'reprogram', 'fund_transfer_out', 'fund_transfer_in', 'bank_fee',
'fee_absorbed', 'agent_fee_paid', 'recover', 'recovered', 'write_off'))""",
)
"""What changes in tables that were there, on PostgreSQL."""

POSTGRES_DOWN = (
    """ALTER TABLE memberships DROP CONSTRAINT ck_memberships_role_known""",
    """ALTER TABLE memberships ADD CONSTRAINT ck_memberships_role_known CHECK (role IN
('administrator', 'fund_manager', 'finance_officer', 'approver', 'grant_officer', 'auditor',
'donor', 'grantee', 'reviewer', 'board_member'))""",
    """ALTER TABLE grants DROP CONSTRAINT ck_grants_status_known""",
    """ALTER TABLE grants ADD CONSTRAINT ck_grants_status_known CHECK (status IN ('conditional',
'awarded', 'closed', 'cancelled'))""",
    """DROP INDEX ix_disbursements_account_id""",
    """DROP INDEX ix_disbursements_status""",
    """ALTER TABLE disbursements DROP CONSTRAINT fk_disbursements_certified_by_id""",
    """ALTER TABLE disbursements DROP CONSTRAINT fk_disbursements_evidence_file_id""",
    """ALTER TABLE disbursements DROP CONSTRAINT fk_disbursements_confirmed_by_id""",
    """ALTER TABLE disbursements DROP CONSTRAINT fk_disbursements_approved_by_id""",
    """ALTER TABLE disbursements DROP CONSTRAINT fk_disbursements_sent_by_id""",
    """ALTER TABLE disbursements DROP CONSTRAINT fk_disbursements_reviewed_by_id""",
    """ALTER TABLE disbursements DROP CONSTRAINT fk_disbursements_account_id""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_two_persons""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_payer_is_another""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_sent_by_somebody""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_evidence_kind_known""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_confirmation_positive""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_certifier_not_approver""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_paid_has_date""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_status_known""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_requester_not_approver""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_certified_by_somebody""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_returned_has_date""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_approved_by_somebody""",
    """ALTER TABLE disbursements DROP CONSTRAINT ck_disbursements_confirmation_whole""",
    """ALTER TABLE disbursements DROP COLUMN confirmed_by_id""",
    """ALTER TABLE disbursements DROP COLUMN confirmed_charges_minor""",
    """ALTER TABLE disbursements DROP COLUMN confirmed_currency""",
    """ALTER TABLE disbursements DROP COLUMN confirmed_minor""",
    """ALTER TABLE disbursements DROP COLUMN confirmed_on""",
    """ALTER TABLE disbursements DROP COLUMN review_note""",
    """ALTER TABLE disbursements DROP COLUMN reviewed_at""",
    """ALTER TABLE disbursements DROP COLUMN reviewed_by_id""",
    """ALTER TABLE disbursements DROP COLUMN review_due_on""",
    """ALTER TABLE disbursements DROP COLUMN returned_on""",
    """ALTER TABLE disbursements DROP COLUMN evidence_file_id""",
    """ALTER TABLE disbursements DROP COLUMN evidence_note""",
    """ALTER TABLE disbursements DROP COLUMN evidence_kind""",
    """ALTER TABLE disbursements DROP COLUMN sent_at""",
    """ALTER TABLE disbursements DROP COLUMN sent_by_id""",
    """ALTER TABLE disbursements DROP COLUMN approved_digest""",
    """ALTER TABLE disbursements DROP COLUMN approved_at""",
    """ALTER TABLE disbursements DROP COLUMN approved_by_id""",
    """ALTER TABLE disbursements DROP COLUMN certified_digest""",
    """ALTER TABLE disbursements DROP COLUMN certified_at""",
    """ALTER TABLE disbursements DROP COLUMN certified_by_id""",
    """ALTER TABLE disbursements DROP COLUMN account_id""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_paid_has_date CHECK ((status =
'paid') = (paid_on IS NOT NULL))""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_status_known CHECK (status IN
('requested', 'paid', 'cancelled'))""",
    """ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_two_persons CHECK (paid_by_id IS
NULL OR requested_by_id IS NULL OR paid_by_id <> requested_by_id)""",
    """ALTER TABLE transfers DROP CONSTRAINT ck_transfers_kind_known""",
    """ALTER TABLE transfers ADD CONSTRAINT ck_transfers_kind_known CHECK (kind IN ('receipt',
'receipt_fee', 'exchange_difference', 'match', 'fee_charge', 'exchange_charge', 'agent_fee',
'support_cost_hold', 'support_cost_earn', 'support_cost_charge', 'support_cost_return',
'set_aside', 'set_free', 'reserve', 'void', 'pay', 'advance', 'refund', 'advance_return',
'interest', 'opening', 'opening_lot', 'donor_return', 'reprogram', 'fund_transfer_out',
'fund_transfer_in', 'bank_fee', 'fee_absorbed', 'agent_fee_paid', 'recover', 'recovered',
'write_off'))""",
)
"""And back."""

SQLITE_NEW = {
    "memberships": """CREATE TABLE memberships (
id CHAR(32) NOT NULL,
person_id CHAR(32) NOT NULL,
role VARCHAR(30) NOT NULL,
party_id CHAR(32),
fund_id CHAR(32),
valid_from DATETIME NOT NULL,
valid_until DATETIME,
delegated_by_id CHAR(32),
lent_membership_id CHAR(32),
reason VARCHAR(2000),
granted_by_id CHAR(32),
ended_by_id CHAR(32),
created_at DATETIME NOT NULL,
CONSTRAINT pk_memberships PRIMARY KEY (id),
CONSTRAINT ck_memberships_role_known CHECK (role IN ('administrator', 'fund_manager',
'finance_officer', 'approver', 'grant_officer', 'auditor', 'donor', 'grantee', 'reviewer',
'board_member', 'signatory')),
CONSTRAINT ck_memberships_party_when_needed CHECK ((role IN ('donor', 'grantee')) =
(party_id IS NOT NULL)),
CONSTRAINT ck_memberships_period_ordered CHECK (valid_until IS NULL OR valid_from <=
valid_until),
CONSTRAINT ck_memberships_delegation_ends CHECK (delegated_by_id IS NULL OR (valid_until IS
NOT NULL AND delegated_by_id <> person_id)),
CONSTRAINT ck_memberships_delegation_lends CHECK ((delegated_by_id IS NULL) =
(lent_membership_id IS NULL)),
CONSTRAINT fk_memberships_person_id FOREIGN KEY(person_id) REFERENCES persons (id),
CONSTRAINT fk_memberships_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_memberships_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_memberships_delegated_by_id FOREIGN KEY(delegated_by_id) REFERENCES persons
(id),
CONSTRAINT fk_memberships_lent_membership_id FOREIGN KEY(lent_membership_id) REFERENCES
memberships (id),
CONSTRAINT fk_memberships_granted_by_id FOREIGN KEY(granted_by_id) REFERENCES persons (id),
CONSTRAINT fk_memberships_ended_by_id FOREIGN KEY(ended_by_id) REFERENCES persons (id)
)""",
    "grants": """CREATE TABLE grants (
id CHAR(32) NOT NULL,
code VARCHAR(80) NOT NULL,
fund_id CHAR(32) NOT NULL,
call_id CHAR(32),
grantee_id CHAR(32) NOT NULL,
title VARCHAR(1000) NOT NULL,
country VARCHAR(2),
region VARCHAR(3),
objectives VARCHAR(200) NOT NULL,
awarded_on DATE NOT NULL,
starts_on DATE,
ends_on DATE,
awarded_minor BIGINT NOT NULL,
requested_minor BIGINT NOT NULL,
paid_minor BIGINT NOT NULL,
refunded_minor BIGINT NOT NULL,
adjusted_minor BIGINT NOT NULL,
source_code VARCHAR(120),
status VARCHAR(12) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
proposal_id CHAR(32),
CONSTRAINT pk_grants PRIMARY KEY (id),
CONSTRAINT ck_grants_status_known CHECK (status IN ('conditional', 'awarded', 'suspended',
'terminated', 'closed', 'cancelled')),
CONSTRAINT ck_grants_awarded_minor_in_range CHECK (awarded_minor > 0 AND awarded_minor <=
1000000000000000),
CONSTRAINT ck_grants_counters_positive CHECK (requested_minor >= 0 AND paid_minor >= 0),
CONSTRAINT ck_grants_not_overdrawn CHECK (requested_minor + paid_minor <= awarded_minor),
CONSTRAINT ck_grants_adjusted_within CHECK (adjusted_minor >= 0 AND adjusted_minor <
awarded_minor),
CONSTRAINT ck_grants_awarded_minor_whole CHECK (awarded_minor IS NULL OR
typeof(awarded_minor) = 'integer'),
CONSTRAINT ck_grants_requested_minor_whole CHECK (requested_minor IS NULL OR
typeof(requested_minor) = 'integer'),
CONSTRAINT ck_grants_paid_minor_whole CHECK (paid_minor IS NULL OR typeof(paid_minor) =
'integer'),
CONSTRAINT ck_grants_refunded_minor_whole CHECK (refunded_minor IS NULL OR
typeof(refunded_minor) = 'integer'),
CONSTRAINT ck_grants_adjusted_minor_whole CHECK (adjusted_minor IS NULL OR
typeof(adjusted_minor) = 'integer'),
CONSTRAINT uq_grants_code UNIQUE (code),
CONSTRAINT fk_grants_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_grants_call_id FOREIGN KEY(call_id) REFERENCES calls (id),
CONSTRAINT fk_grants_grantee_id FOREIGN KEY(grantee_id) REFERENCES parties (id),
CONSTRAINT fk_grants_proposal_id FOREIGN KEY(proposal_id) REFERENCES proposals (id)
)""",
    "disbursements": """CREATE TABLE disbursements (
id CHAR(32) NOT NULL,
code VARCHAR(80) NOT NULL,
grant_id CHAR(32) NOT NULL,
tranche_id CHAR(32),
amount_minor BIGINT NOT NULL,
requested_on DATE NOT NULL,
requested_by_id CHAR(32),
paid_on DATE,
paid_by_id CHAR(32),
reference VARCHAR(140),
status VARCHAR(10) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
account_id CHAR(32),
certified_by_id CHAR(32),
certified_at DATETIME,
certified_digest VARCHAR(64),
approved_by_id CHAR(32),
approved_at DATETIME,
approved_digest VARCHAR(64),
sent_by_id CHAR(32),
sent_at DATETIME,
evidence_kind VARCHAR(20),
evidence_note VARCHAR(2000),
evidence_file_id CHAR(32),
returned_on DATE,
review_due_on DATE,
reviewed_by_id CHAR(32),
reviewed_at DATETIME,
review_note VARCHAR(2000),
confirmed_on DATE,
confirmed_minor BIGINT,
confirmed_currency VARCHAR(3),
confirmed_charges_minor BIGINT,
confirmed_by_id CHAR(32),
CONSTRAINT pk_disbursements PRIMARY KEY (id),
CONSTRAINT ck_disbursements_status_known CHECK (status IN ('requested', 'sent_back',
'certified', 'approved', 'sent', 'paid', 'returned', 'rejected', 'failed', 'cancelled')),
CONSTRAINT ck_disbursements_evidence_kind_known CHECK (evidence_kind IN ('bank_statement',
'bank_advice', 'host_system', 'import')),
CONSTRAINT ck_disbursements_amount_minor_in_range CHECK (amount_minor > 0 AND amount_minor
<= 1000000000000000),
CONSTRAINT ck_disbursements_amount_minor_whole CHECK (amount_minor IS NULL OR
typeof(amount_minor) = 'integer'),
CONSTRAINT ck_disbursements_two_persons CHECK (paid_by_id IS NULL OR requested_by_id IS NULL
OR paid_by_id <> requested_by_id OR evidence_kind = 'bank_statement'),
CONSTRAINT ck_disbursements_certifier_not_approver CHECK (approved_by_id <>
certified_by_id),
CONSTRAINT ck_disbursements_requester_not_approver CHECK (approved_by_id <>
requested_by_id),
CONSTRAINT ck_disbursements_payer_is_another CHECK (sent_by_id <> requested_by_id AND
sent_by_id <> certified_by_id AND sent_by_id <> approved_by_id),
CONSTRAINT ck_disbursements_certified_by_somebody CHECK (status NOT IN ('certified',
'approved', 'sent') OR (certified_by_id IS NOT NULL AND certified_digest IS NOT NULL)),
CONSTRAINT ck_disbursements_approved_by_somebody CHECK (status NOT IN ('approved', 'sent')
OR (approved_by_id IS NOT NULL AND approved_digest IS NOT NULL)),
CONSTRAINT ck_disbursements_sent_by_somebody CHECK (status <> 'sent' OR sent_by_id IS NOT
NULL),
CONSTRAINT ck_disbursements_paid_has_date CHECK ((status IN ('paid', 'returned')) = (paid_on
IS NOT NULL)),
CONSTRAINT ck_disbursements_returned_has_date CHECK ((status = 'returned') = (returned_on IS
NOT NULL)),
CONSTRAINT ck_disbursements_confirmation_whole CHECK ((confirmed_on IS NULL) =
(confirmed_minor IS NULL) AND (confirmed_minor IS NULL) = (confirmed_currency IS NULL)),
CONSTRAINT ck_disbursements_confirmation_positive CHECK (confirmed_minor >= 0 AND
confirmed_charges_minor >= 0),
CONSTRAINT ck_disbursements_confirmed_minor_whole CHECK (confirmed_minor IS NULL OR
typeof(confirmed_minor) = 'integer'),
CONSTRAINT ck_disbursements_confirmed_charges_minor_whole CHECK (confirmed_charges_minor IS
NULL OR typeof(confirmed_charges_minor) = 'integer'),
CONSTRAINT uq_disbursements_code UNIQUE (code),
CONSTRAINT fk_disbursements_grant_id FOREIGN KEY(grant_id) REFERENCES grants (id),
CONSTRAINT fk_disbursements_tranche_id FOREIGN KEY(tranche_id) REFERENCES tranches (id),
CONSTRAINT fk_disbursements_requested_by_id FOREIGN KEY(requested_by_id) REFERENCES persons
(id),
CONSTRAINT fk_disbursements_paid_by_id FOREIGN KEY(paid_by_id) REFERENCES persons (id),
CONSTRAINT fk_disbursements_account_id FOREIGN KEY(account_id) REFERENCES bank_accounts
(id),
CONSTRAINT fk_disbursements_certified_by_id FOREIGN KEY(certified_by_id) REFERENCES persons
(id),
CONSTRAINT fk_disbursements_approved_by_id FOREIGN KEY(approved_by_id) REFERENCES persons
(id),
CONSTRAINT fk_disbursements_sent_by_id FOREIGN KEY(sent_by_id) REFERENCES persons (id),
CONSTRAINT fk_disbursements_evidence_file_id FOREIGN KEY(evidence_file_id) REFERENCES files
(id),
CONSTRAINT fk_disbursements_reviewed_by_id FOREIGN KEY(reviewed_by_id) REFERENCES persons
(id),
CONSTRAINT fk_disbursements_confirmed_by_id FOREIGN KEY(confirmed_by_id) REFERENCES persons
(id)
)""",
    "transfers": """CREATE TABLE transfers (
id CHAR(32) NOT NULL,
event_seq BIGINT NOT NULL,
line INTEGER NOT NULL,
fund_id CHAR(32) NOT NULL,
kind VARCHAR(30) NOT NULL,
debit_account_id CHAR(32) NOT NULL,
credit_account_id CHAR(32) NOT NULL,
amount_minor BIGINT NOT NULL,
effective_on DATE NOT NULL,
lot_id CHAR(32),
grant_id CHAR(32),
source_type VARCHAR(30) NOT NULL,
source_id CHAR(32) NOT NULL,
reverses_id CHAR(32),
CONSTRAINT pk_transfers PRIMARY KEY (id),
CONSTRAINT fk_transfers_debit_account_id_fund_id FOREIGN KEY(debit_account_id, fund_id)
REFERENCES accounts (id, fund_id),
CONSTRAINT fk_transfers_credit_account_id_fund_id FOREIGN KEY(credit_account_id, fund_id)
REFERENCES accounts (id, fund_id),
CONSTRAINT uq_transfers_reverses_id UNIQUE (reverses_id),
CONSTRAINT ck_transfers_kind_known CHECK (kind IN ('receipt', 'receipt_fee',
'exchange_difference', 'match', 'fee_charge', 'exchange_charge', 'agent_fee',
'support_cost_hold', 'support_cost_earn', 'support_cost_charge', 'support_cost_return',
'set_aside', 'set_free', 'reserve', 'void', 'pay', 'advance', 'pay_return', 'refund',
'liquidate', 'advance_write_off', 'advance_return', 'interest', 'opening', 'opening_lot',
'donor_return', 'reprogram', 'fund_transfer_out', 'fund_transfer_in', 'bank_fee',
'fee_absorbed', 'agent_fee_paid', 'recover', 'recovered', 'write_off')),
CONSTRAINT ck_transfers_amount_in_range CHECK (amount_minor > 0 AND amount_minor <=
1000000000000000),
CONSTRAINT ck_transfers_two_accounts CHECK (debit_account_id <> credit_account_id),
CONSTRAINT ck_transfers_amount_minor_whole CHECK (amount_minor IS NULL OR
typeof(amount_minor) = 'integer'),
CONSTRAINT fk_transfers_event_seq FOREIGN KEY(event_seq) REFERENCES audit_events (seq),
CONSTRAINT fk_transfers_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_transfers_lot_id FOREIGN KEY(lot_id) REFERENCES lots (id),
CONSTRAINT fk_transfers_grant_id FOREIGN KEY(grant_id) REFERENCES grants (id),
CONSTRAINT fk_transfers_reverses_id FOREIGN KEY(reverses_id) REFERENCES transfers (id)
)""",
}
"""Tables as they become, on SQLite."""

SQLITE_OLD = {
    "memberships": """CREATE TABLE memberships (
id CHAR(32) NOT NULL,
person_id CHAR(32) NOT NULL,
role VARCHAR(30) NOT NULL,
party_id CHAR(32),
fund_id CHAR(32),
valid_from DATETIME NOT NULL,
valid_until DATETIME,
delegated_by_id CHAR(32),
lent_membership_id CHAR(32),
reason VARCHAR(2000),
granted_by_id CHAR(32),
ended_by_id CHAR(32),
created_at DATETIME NOT NULL,
CONSTRAINT pk_memberships PRIMARY KEY (id),
CONSTRAINT ck_memberships_role_known CHECK (role IN ('administrator',
'fund_manager', 'finance_officer', 'approver', 'grant_officer', 'auditor', 'donor',
'grantee', 'reviewer', 'board_member')),
CONSTRAINT ck_memberships_party_when_needed CHECK ((role IN ('donor', 'grantee')) =
(party_id IS NOT NULL)),
CONSTRAINT ck_memberships_period_ordered CHECK (valid_until IS NULL OR valid_from <=
valid_until),
CONSTRAINT ck_memberships_delegation_ends CHECK (delegated_by_id IS NULL OR
(valid_until IS NOT NULL AND delegated_by_id <> person_id)),
CONSTRAINT ck_memberships_delegation_lends CHECK ((delegated_by_id IS NULL) =
(lent_membership_id IS NULL)),
CONSTRAINT fk_memberships_person_id FOREIGN KEY(person_id) REFERENCES persons (id),
CONSTRAINT fk_memberships_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_memberships_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_memberships_delegated_by_id FOREIGN KEY(delegated_by_id) REFERENCES
persons (id),
CONSTRAINT fk_memberships_lent_membership_id FOREIGN KEY(lent_membership_id)
REFERENCES memberships (id),
CONSTRAINT fk_memberships_granted_by_id FOREIGN KEY(granted_by_id) REFERENCES
persons (id),
CONSTRAINT fk_memberships_ended_by_id FOREIGN KEY(ended_by_id) REFERENCES persons
(id)
)""",
    "grants": """CREATE TABLE grants (
id CHAR(32) NOT NULL,
code VARCHAR(80) NOT NULL,
fund_id CHAR(32) NOT NULL,
call_id CHAR(32),
grantee_id CHAR(32) NOT NULL,
title VARCHAR(1000) NOT NULL,
country VARCHAR(2),
region VARCHAR(3),
objectives VARCHAR(200) NOT NULL,
awarded_on DATE NOT NULL,
starts_on DATE,
ends_on DATE,
awarded_minor BIGINT NOT NULL,
requested_minor BIGINT NOT NULL,
paid_minor BIGINT NOT NULL,
refunded_minor BIGINT NOT NULL,
adjusted_minor BIGINT NOT NULL,
source_code VARCHAR(120),
status VARCHAR(12) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
proposal_id CHAR(32),
CONSTRAINT pk_grants PRIMARY KEY (id),
CONSTRAINT ck_grants_status_known CHECK (status IN ('conditional', 'awarded',
'closed', 'cancelled')),
CONSTRAINT ck_grants_awarded_minor_in_range CHECK (awarded_minor > 0 AND
awarded_minor <= 1000000000000000),
CONSTRAINT ck_grants_counters_positive CHECK (requested_minor >= 0 AND paid_minor >=
0),
CONSTRAINT ck_grants_not_overdrawn CHECK (requested_minor + paid_minor <=
awarded_minor),
CONSTRAINT ck_grants_adjusted_within CHECK (adjusted_minor >= 0 AND adjusted_minor <
awarded_minor),
CONSTRAINT ck_grants_awarded_minor_whole CHECK (awarded_minor IS NULL OR
typeof(awarded_minor) = 'integer'),
CONSTRAINT ck_grants_requested_minor_whole CHECK (requested_minor IS NULL OR
typeof(requested_minor) = 'integer'),
CONSTRAINT ck_grants_paid_minor_whole CHECK (paid_minor IS NULL OR
typeof(paid_minor) = 'integer'),
CONSTRAINT ck_grants_refunded_minor_whole CHECK (refunded_minor IS NULL OR
typeof(refunded_minor) = 'integer'),
CONSTRAINT ck_grants_adjusted_minor_whole CHECK (adjusted_minor IS NULL OR
typeof(adjusted_minor) = 'integer'),
CONSTRAINT uq_grants_code UNIQUE (code),
CONSTRAINT fk_grants_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_grants_call_id FOREIGN KEY(call_id) REFERENCES calls (id),
CONSTRAINT fk_grants_grantee_id FOREIGN KEY(grantee_id) REFERENCES parties (id),
CONSTRAINT fk_grants_proposal_id FOREIGN KEY(proposal_id) REFERENCES proposals (id)
)""",
    "disbursements": """CREATE TABLE disbursements (
id CHAR(32) NOT NULL,
code VARCHAR(80) NOT NULL,
grant_id CHAR(32) NOT NULL,
tranche_id CHAR(32),
amount_minor BIGINT NOT NULL,
requested_on DATE NOT NULL,
requested_by_id CHAR(32),
paid_on DATE,
paid_by_id CHAR(32),
reference VARCHAR(140),
status VARCHAR(10) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_disbursements PRIMARY KEY (id),
CONSTRAINT ck_disbursements_paid_has_date CHECK ((status = 'paid') = (paid_on IS NOT NULL)),
CONSTRAINT ck_disbursements_status_known CHECK (status IN ('requested', 'paid',
'cancelled')),
CONSTRAINT ck_disbursements_amount_minor_in_range CHECK (amount_minor > 0 AND amount_minor
<= 1000000000000000),
CONSTRAINT ck_disbursements_two_persons CHECK (paid_by_id IS NULL OR requested_by_id IS NULL
OR paid_by_id <> requested_by_id),
CONSTRAINT fk_disbursements_grant_id FOREIGN KEY(grant_id) REFERENCES grants (id),
CONSTRAINT fk_disbursements_paid_by_id FOREIGN KEY(paid_by_id) REFERENCES persons (id),
CONSTRAINT fk_disbursements_requested_by_id FOREIGN KEY(requested_by_id) REFERENCES persons
(id),
CONSTRAINT fk_disbursements_tranche_id FOREIGN KEY(tranche_id) REFERENCES tranches (id),
CONSTRAINT uq_disbursements_code UNIQUE (code),
CONSTRAINT ck_disbursements_amount_minor_whole CHECK (amount_minor IS NULL OR
typeof(amount_minor) = 'integer')
)""",
    "transfers": """CREATE TABLE transfers (
id CHAR(32) NOT NULL,
event_seq BIGINT NOT NULL,
line INTEGER NOT NULL,
fund_id CHAR(32) NOT NULL,
kind VARCHAR(30) NOT NULL,
debit_account_id CHAR(32) NOT NULL,
credit_account_id CHAR(32) NOT NULL,
amount_minor BIGINT NOT NULL,
effective_on DATE NOT NULL,
lot_id CHAR(32),
grant_id CHAR(32),
source_type VARCHAR(30) NOT NULL,
source_id CHAR(32) NOT NULL,
reverses_id CHAR(32),
CONSTRAINT pk_transfers PRIMARY KEY (id),
CONSTRAINT ck_transfers_kind_known CHECK (kind IN ('receipt', 'receipt_fee',
'exchange_difference', 'match', 'fee_charge', 'exchange_charge', 'agent_fee',
'support_cost_hold', 'support_cost_earn', 'support_cost_charge', 'support_cost_return',
'set_aside', 'set_free', 'reserve', 'void', 'pay', 'advance', 'refund', 'advance_return',
'interest', 'opening', 'opening_lot', 'donor_return', 'reprogram', 'fund_transfer_out',
'fund_transfer_in', 'bank_fee', 'fee_absorbed', 'agent_fee_paid', 'recover', 'recovered',
'write_off')),
CONSTRAINT ck_transfers_amount_in_range CHECK (amount_minor > 0 AND amount_minor <=
1000000000000000),
CONSTRAINT ck_transfers_two_accounts CHECK (debit_account_id <> credit_account_id),
CONSTRAINT fk_transfers_credit_account_id_fund_id FOREIGN KEY(credit_account_id, fund_id)
REFERENCES accounts (id, fund_id),
CONSTRAINT fk_transfers_debit_account_id_fund_id FOREIGN KEY(debit_account_id, fund_id)
REFERENCES accounts (id, fund_id),
CONSTRAINT fk_transfers_event_seq FOREIGN KEY(event_seq) REFERENCES audit_events (seq),
CONSTRAINT fk_transfers_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_transfers_grant_id FOREIGN KEY(grant_id) REFERENCES grants (id),
CONSTRAINT fk_transfers_lot_id FOREIGN KEY(lot_id) REFERENCES lots (id),
CONSTRAINT fk_transfers_reverses_id FOREIGN KEY(reverses_id) REFERENCES transfers (id),
CONSTRAINT uq_transfers_reverses_id UNIQUE (reverses_id),
CONSTRAINT ck_transfers_amount_minor_whole CHECK (amount_minor IS NULL OR
typeof(amount_minor) = 'integer')
)""",
}
"""Tables as they were, on SQLite."""

COPIED = {
    "memberships": (
        "id",
        "person_id",
        "role",
        "party_id",
        "fund_id",
        "valid_from",
        "valid_until",
        "delegated_by_id",
        "lent_membership_id",
        "reason",
        "granted_by_id",
        "ended_by_id",
        "created_at",
    ),
    "grants": (
        "id",
        "code",
        "fund_id",
        "call_id",
        "grantee_id",
        "title",
        "country",
        "region",
        "objectives",
        "awarded_on",
        "starts_on",
        "ends_on",
        "awarded_minor",
        "requested_minor",
        "paid_minor",
        "refunded_minor",
        "adjusted_minor",
        "source_code",
        "status",
        "version",
        "created_at",
        "proposal_id",
    ),
    "disbursements": (
        "id",
        "code",
        "grant_id",
        "tranche_id",
        "amount_minor",
        "requested_on",
        "requested_by_id",
        "paid_on",
        "paid_by_id",
        "reference",
        "status",
        "version",
        "created_at",
    ),
    "transfers": (
        "id",
        "event_seq",
        "line",
        "fund_id",
        "kind",
        "debit_account_id",
        "credit_account_id",
        "amount_minor",
        "effective_on",
        "lot_id",
        "grant_id",
        "source_type",
        "source_id",
        "reverses_id",
    ),
}
"""Columns that both have."""

SQLITE_INDEXES = (
    """CREATE INDEX ix_memberships_lent_membership_id ON memberships (lent_membership_id)""",
    """CREATE INDEX ix_memberships_party_id ON memberships (party_id)""",
    """CREATE INDEX ix_memberships_person_id ON memberships (person_id)""",
    """CREATE INDEX ix_grants_call_id ON grants (call_id)""",
    """CREATE INDEX ix_grants_fund_id ON grants (fund_id)""",
    """CREATE INDEX ix_grants_grantee_id ON grants (grantee_id)""",
    """CREATE INDEX ix_grants_source_code ON grants (source_code)""",
    """CREATE UNIQUE INDEX uq_grants_proposal_id ON grants (proposal_id)""",
    """CREATE INDEX ix_disbursements_account_id ON disbursements (account_id)""",
    """CREATE INDEX ix_disbursements_grant_id ON disbursements (grant_id)""",
    """CREATE INDEX ix_disbursements_status ON disbursements (status)""",
    """CREATE INDEX ix_transfers_credit_account_id_event_seq ON transfers (credit_account_id,
event_seq)""",
    """CREATE INDEX ix_transfers_debit_account_id_event_seq ON transfers (debit_account_id,
event_seq)""",
    """CREATE INDEX ix_transfers_event_seq ON transfers (event_seq)""",
    """CREATE INDEX ix_transfers_grant_id ON transfers (grant_id)""",
    """CREATE INDEX ix_transfers_lot_id ON transfers (lot_id)""",
    """CREATE INDEX ix_transfers_source_id ON transfers (source_id)""",
)
"""Indexes of the copied tables as they become."""

SQLITE_OLD_INDEXES = (
    """CREATE INDEX ix_memberships_lent_membership_id ON memberships (lent_membership_id)""",
    """CREATE INDEX ix_memberships_party_id ON memberships (party_id)""",
    """CREATE INDEX ix_memberships_person_id ON memberships (person_id)""",
    """CREATE INDEX ix_grants_call_id ON grants (call_id)""",
    """CREATE INDEX ix_grants_fund_id ON grants (fund_id)""",
    """CREATE INDEX ix_grants_grantee_id ON grants (grantee_id)""",
    """CREATE INDEX ix_grants_source_code ON grants (source_code)""",
    """CREATE UNIQUE INDEX uq_grants_proposal_id ON grants (proposal_id)""",
    """CREATE INDEX ix_disbursements_grant_id ON disbursements (grant_id)""",
    """CREATE INDEX ix_transfers_credit_account_id_event_seq ON transfers (credit_account_id,
event_seq)""",
    """CREATE INDEX ix_transfers_debit_account_id_event_seq ON transfers (debit_account_id,
event_seq)""",
    """CREATE INDEX ix_transfers_event_seq ON transfers (event_seq)""",
    """CREATE INDEX ix_transfers_grant_id ON transfers (grant_id)""",
    """CREATE INDEX ix_transfers_lot_id ON transfers (lot_id)""",
    """CREATE INDEX ix_transfers_source_id ON transfers (source_id)""",
)
"""Indexes of the copied tables as they were."""

TABLES = (
    "grant_budget_lines",
    "grant_agreed_results",
    "entry_matches",
    "tranche_conditions",
    "receivable_entries",
    "payment_holds",
    "grant_agreement_texts",
    "grant_agreement_receipts",
    "entry_confirmations",
    "disbursement_steps",
    "batch_items",
    "advance_write_offs",
    "statement_entries",
    "requirements",
    "refund_parts",
    "receivables",
    "grant_agreement_versions",
    "expenditure_lines",
    "amendment_approvals",
    "refund_requests",
    "grant_terminations",
    "grant_suspensions",
    "grant_schedules",
    "grant_closings",
    "grant_amendments",
    "grant_agreements",
    "expenditure_statements",
    "bank_statements",
    "call_backs",
    "bank_files",
    "payment_batches",
    "notices",
    "bank_accounts",
    "voucher_profiles",
    "sanctions_checks",
    "same_persons",
    "risk_assessments",
    "person_limits",
    "fund_policies",
    "fund_bank_accounts",
    "duty_profiles",
    "contact_channels",
)
"""New tables, those that refer to others first."""


def is_postgres() -> bool:
    """Return whether this runs on PostgreSQL."""
    return op.get_bind().dialect.name == "postgresql"


def copy_tables(tables: dict[str, str], indexes: tuple[str, ...]) -> None:
    """Replace tables by ones made anew that hold the same rows, on SQLite."""
    for name, definition in tables.items():
        columns = ", ".join(f'"{column}"' for column in COPIED[name])
        op.execute(definition.replace(f"CREATE TABLE {name}", f"CREATE TABLE {name}__new", 1))
        op.execute(f"INSERT INTO {name}__new ({columns}) SELECT {columns} FROM {name}")
        op.execute(f"DROP TABLE {name}")
        op.execute(f"ALTER TABLE {name}__new RENAME TO {name}")
    for definition in indexes:
        op.execute(definition)
    for name in GUARDED_COPIES:
        guard(name)


def guard(table: str) -> None:
    """Make the database refuse to change or delete rows of ``table``."""
    if is_postgres():
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
        )


def upgrade() -> None:
    """Make the tables, then change those that refer to them."""
    make_tables()
    if is_postgres():
        for statement in POSTGRES_UP:
            op.execute(statement)
    else:
        copy_tables(SQLITE_NEW, SQLITE_INDEXES)
    for table in APPEND_ONLY:
        guard(table)


def downgrade() -> None:
    """Take away what this revision made, and the columns it added."""
    if is_postgres():
        for statement in POSTGRES_DOWN:
            op.execute(statement)
    else:
        copy_tables(SQLITE_OLD, SQLITE_OLD_INDEXES)
    for table in TABLES:
        op.drop_table(table)


def make_tables() -> None:
    """Make the new tables."""
    op.create_table(
        "contact_channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("address", Text(254), nullable=False),
        sa.Column("address_salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("address_digest", Text(64), nullable=False),
        sa.Column("language", Text(12), nullable=False),
        sa.Column("is_urgent_only", sa.Boolean(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("registered_by_id", sa.Uuid(), nullable=False),
        sa.Column("verified_how", Text(10), nullable=True),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("verified_by_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("code_until", UtcDateTime(), nullable=True),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("retired_by_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(COALESCE(verified_how, '') = 'person') = (verified_by_id IS NOT NULL)",
            name=op.f("ck_contact_channels_verified_by_whom"),
        ),
        sa.CheckConstraint(
            "(status = 'retired') = (retired_at IS NOT NULL)",
            name=op.f("ck_contact_channels_retired_when"),
        ),
        sa.CheckConstraint(
            "kind IN ('email', 'phone', 'messenger')", name=op.f("ck_contact_channels_kind_known")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'retired')", name=op.f("ck_contact_channels_status_known")
        ),
        sa.CheckConstraint(
            "verified_how IN ('code', 'person')",
            name=op.f("ck_contact_channels_verified_how_known"),
        ),
        sa.CheckConstraint(
            "(party_id IS NULL) <> (person_id IS NULL)", name=op.f("ck_contact_channels_one_owner")
        ),
        sa.CheckConstraint(
            "(verified_how IS NULL) = (verified_at IS NULL)",
            name=op.f("ck_contact_channels_verified_when"),
        ),
        sa.CheckConstraint(
            "verified_by_id <> registered_by_id",
            name=op.f("ck_contact_channels_verified_by_another"),
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_contact_channels_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_contact_channels_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["registered_by_id"], ["persons.id"], name=op.f("fk_contact_channels_registered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["contact_channels.id"], name=op.f("fk_contact_channels_replaces_id")
        ),
        sa.ForeignKeyConstraint(
            ["retired_by_id"], ["persons.id"], name=op.f("fk_contact_channels_retired_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["verified_by_id"], ["persons.id"], name=op.f("fk_contact_channels_verified_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_channels")),
    )
    op.create_index("ix_contact_channels_party_id", "contact_channels", ["party_id"], unique=False)
    op.create_index(
        "ix_contact_channels_person_id", "contact_channels", ["person_id"], unique=False
    )
    op.create_table(
        "duty_profiles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("content", Text(20000), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by_id IS NULL)", name=op.f("ck_duty_profiles_decided")
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'refused')",
            name=op.f("ck_duty_profiles_status_known"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name=op.f("ck_duty_profiles_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_duty_profiles_decided_by_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_duty_profiles_fund_id")),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_duty_profiles_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_profiles")),
        sa.UniqueConstraint("fund_id", "number", name=op.f("uq_duty_profiles_fund_id_number")),
    )
    op.create_table(
        "fund_bank_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("name", Text(120), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("details", Text(4000), nullable=False),
        sa.Column("key_id", Text(64), nullable=False),
        sa.Column("masked", Text(60), nullable=False),
        sa.Column("host_code", Text(60), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by_id IS NULL)",
            name=op.f("ck_fund_bank_accounts_decided"),
        ),
        sa.CheckConstraint(
            "kind IN ('bank', 'host')", name=op.f("ck_fund_bank_accounts_kind_known")
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'active', 'refused', 'retired')",
            name=op.f("ck_fund_bank_accounts_status_known"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name=op.f("ck_fund_bank_accounts_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_fund_bank_accounts_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_fund_bank_accounts_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_fund_bank_accounts_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_bank_accounts")),
        sa.UniqueConstraint("fund_id", "name", name=op.f("uq_fund_bank_accounts_fund_id_name")),
    )
    op.create_table(
        "fund_policies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("content", Text(100000), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by_id IS NULL)", name=op.f("ck_fund_policies_decided")
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'refused')",
            name=op.f("ck_fund_policies_status_known"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name=op.f("ck_fund_policies_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_fund_policies_decided_by_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_fund_policies_fund_id")),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_fund_policies_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_policies")),
        sa.UniqueConstraint("fund_id", "number", name=op.f("uq_fund_policies_fund_id_number")),
    )
    op.create_table(
        "person_limits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("duty", Text(10), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "duty IN ('certify', 'approve', 'pay')", name=op.f("ck_person_limits_duty_known")
        ),
        whole("limit_minor"),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'refused', 'ended')",
            name=op.f("ck_person_limits_status_known"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name=op.f("ck_person_limits_two_persons")
        ),
        sa.CheckConstraint(
            "limit_minor > 0 AND limit_minor <= 1000000000000000",
            name=op.f("ck_person_limits_limit_minor_in_range"),
        ),
        sa.CheckConstraint(
            "person_id <> proposed_by_id AND person_id <> decided_by_id",
            name=op.f("ck_person_limits_not_ones_own"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_person_limits_decided_by_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_person_limits_fund_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_person_limits_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_person_limits_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_limits")),
    )
    op.create_index("ix_person_limits_person_id", "person_limits", ["person_id"], unique=False)
    op.create_table(
        "risk_assessments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("tier", Text(10), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=False),
        sa.Column("basis", Text(4000), nullable=False),
        sa.Column("assessed_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "tier IN ('low', 'medium', 'high')", name=op.f("ck_risk_assessments_tier_known")
        ),
        sa.CheckConstraint(
            "assessed_on <= valid_until_on", name=op.f("ck_risk_assessments_dates_ordered")
        ),
        sa.ForeignKeyConstraint(
            ["assessed_by_id"], ["persons.id"], name=op.f("fk_risk_assessments_assessed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_risk_assessments_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_assessments")),
        info={"append_only": True},
    )
    op.create_index("ix_risk_assessments_party_id", "risk_assessments", ["party_id"], unique=False)
    op.create_table(
        "same_persons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("person_id <> other_id", name=op.f("ck_same_persons_two_records")),
        sa.CheckConstraint(
            "recorded_by_id <> person_id AND recorded_by_id <> other_id",
            name=op.f("ck_same_persons_by_another"),
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["persons.id"], name=op.f("fk_same_persons_other_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_same_persons_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["persons.id"], name=op.f("fk_same_persons_recorded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_same_persons")),
        sa.UniqueConstraint(
            "person_id", "other_id", name=op.f("uq_same_persons_person_id_other_id")
        ),
        info={"append_only": True},
    )
    op.create_table(
        "sanctions_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("lists", Text(1000), nullable=False),
        sa.Column("names", Text(4000), nullable=False),
        sa.Column("note", Text(2000), nullable=True),
        sa.Column("status", Text(12), nullable=False),
        sa.Column("checked_by_id", sa.Uuid(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("resolved_by_id", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("resolution", Text(2000), nullable=True),
        sa.CheckConstraint(
            "(status IN ('false_match', 'true_match')) = (resolved_by_id IS NOT NULL)",
            name=op.f("ck_sanctions_checks_resolved_by_somebody"),
        ),
        sa.CheckConstraint(
            "status IN ('clear', 'hits', 'false_match', 'true_match')",
            name=op.f("ck_sanctions_checks_status_known"),
        ),
        sa.CheckConstraint(
            "resolved_by_id <> checked_by_id", name=op.f("ck_sanctions_checks_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["persons.id"], name=op.f("fk_sanctions_checks_checked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_sanctions_checks_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by_id"], ["persons.id"], name=op.f("fk_sanctions_checks_resolved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanctions_checks")),
    )
    op.create_index("ix_sanctions_checks_party_id", "sanctions_checks", ["party_id"], unique=False)
    op.create_table(
        "voucher_profiles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", Text(120), nullable=False),
        sa.Column("content", Text(20000), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by_id IS NULL)",
            name=op.f("ck_voucher_profiles_decided"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'refused')",
            name=op.f("ck_voucher_profiles_status_known"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name=op.f("ck_voucher_profiles_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_voucher_profiles_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_voucher_profiles_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_voucher_profiles_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher_profiles")),
        sa.UniqueConstraint("fund_id", "number", name=op.f("uq_voucher_profiles_fund_id_number")),
    )
    op.create_table(
        "bank_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("country", Text(2), nullable=True),
        sa.Column("details", Text(4000), nullable=False),
        sa.Column("key_id", Text(64), nullable=False),
        sa.Column("fingerprint", Text(64), nullable=False),
        sa.Column("masked", Text(60), nullable=False),
        sa.Column("holder_initials", Text(20), nullable=False),
        sa.Column("is_elsewhere", sa.Boolean(), nullable=False),
        sa.Column("origin", Text(10), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("evidence", Text(2000), nullable=True),
        sa.Column("evidence_file_id", sa.Uuid(), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_hands", Text(2000), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("elsewhere_reason", Text(2000), nullable=True),
        sa.Column("usable_from", UtcDateTime(), nullable=True),
        sa.Column("cap_minor", sa.BigInteger(), nullable=True),
        sa.Column("cap_currency", Text(3), nullable=True),
        sa.Column("blocked_by_id", sa.Uuid(), nullable=True),
        sa.Column("blocked_at", UtcDateTime(), nullable=True),
        sa.Column("blocked_reason", Text(2000), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_reason", Text(2000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(origin = 'emergency') = (cap_minor IS NOT NULL)",
            name=op.f("ck_bank_accounts_emergency_capped"),
        ),
        sa.CheckConstraint(
            "(status = 'blocked') = (blocked_by_id IS NOT NULL AND blocked_at IS NOT NULL AND ended_at IS NULL)",
            name=op.f("ck_bank_accounts_blocked_by_somebody"),
        ),
        sa.CheckConstraint(
            "(status IN ('retired', 'refused')) = (ended_at IS NOT NULL)",
            name=op.f("ck_bank_accounts_ended_when_over"),
        ),
        whole("cap_minor"),
        sa.CheckConstraint(
            "kind IN ('iban', 'local', 'vendor')", name=op.f("ck_bank_accounts_kind_known")
        ),
        sa.CheckConstraint(
            "origin <> 'first' OR evidence IS NOT NULL OR evidence_file_id IS NOT NULL",
            name=op.f("ck_bank_accounts_first_has_evidence"),
        ),
        sa.CheckConstraint(
            "origin IN ('first', 'change', 'advance', 'emergency')",
            name=op.f("ck_bank_accounts_origin_known"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'active', 'blocked', 'retired', 'refused')",
            name=op.f("ck_bank_accounts_status_known"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('active', 'blocked') OR (approved_by_id IS NOT NULL AND usable_from IS NOT NULL)",
            name=op.f("ck_bank_accounts_active_was_approved"),
        ),
        sa.CheckConstraint(
            "(cap_minor IS NULL) = (cap_currency IS NULL)",
            name=op.f("ck_bank_accounts_cap_has_currency"),
        ),
        sa.CheckConstraint(
            "approved_by_id <> proposed_by_id", name=op.f("ck_bank_accounts_two_persons")
        ),
        sa.CheckConstraint("cap_minor > 0", name=op.f("ck_bank_accounts_cap_positive")),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["persons.id"], name=op.f("fk_bank_accounts_approved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["blocked_by_id"], ["persons.id"], name=op.f("fk_bank_accounts_blocked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["persons.id"], name=op.f("fk_bank_accounts_ended_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_file_id"], ["files.id"], name=op.f("fk_bank_accounts_evidence_file_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_bank_accounts_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_bank_accounts_proposed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["bank_accounts.id"], name=op.f("fk_bank_accounts_replaces_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_accounts")),
    )
    op.create_index("ix_bank_accounts_fingerprint", "bank_accounts", ["fingerprint"], unique=False)
    op.create_index("ix_bank_accounts_party_id", "bank_accounts", ["party_id"], unique=False)
    op.create_index("ix_bank_accounts_replaces_id", "bank_accounts", ["replaces_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(40), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("about_type", Text(40), nullable=True),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("facts", Text(200), nullable=False),
        sa.Column("is_neutral", sa.Boolean(), nullable=False),
        sa.Column("in_inbox", sa.Boolean(), nullable=False),
        sa.Column("language", Text(12), nullable=False),
        sa.Column("urgency", Text(10), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("why", Text(20), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("digest_id", sa.Uuid(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(status = 'sending') = (lease_until IS NOT NULL)", name=op.f("ck_notices_leased")
        ),
        sa.CheckConstraint(
            "(status = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_notices_sent_when")
        ),
        sa.CheckConstraint(
            "(status IN ('failed', 'dropped')) = (why IS NOT NULL)",
            name=op.f("ck_notices_told_why"),
        ),
        sa.CheckConstraint(
            "kind IN ('bank_account_proposed', 'bank_account_changed', 'bank_account_refused', 'channel_changed', 'channel_code', 'disbursement_requested', 'disbursement_certified', 'disbursement_approved', 'disbursement_sent_back', 'disbursement_paid', 'disbursement_confirm_reminder', 'hold_placed', 'agreement_to_sign', 'agreement_in_force', 'amendment_decided', 'requirement_due', 'requirement_overdue', 'refund_requested', 'review_after_due', 'grant_suspended')",
            name=op.f("ck_notices_kind_known"),
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'sending', 'sent', 'failed', 'dropped')",
            name=op.f("ck_notices_status_known"),
        ),
        sa.CheckConstraint(
            "urgency IN ('at_once', 'digest')", name=op.f("ck_notices_urgency_known")
        ),
        sa.CheckConstraint(
            "why IN ('no_channel', 'by_hand', 'expired', 'undeliverable')",
            name=op.f("ck_notices_why_known"),
        ),
        sa.CheckConstraint(
            "person_id IS NOT NULL OR party_id IS NOT NULL", name=op.f("ck_notices_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["contact_channels.id"], name=op.f("fk_notices_channel_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_notices_fund_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_notices_party_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_notices_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_about_id", "notices", ["about_id"], unique=False)
    op.create_index("ix_notices_channel_id", "notices", ["channel_id", "status"], unique=False)
    op.create_index("ix_notices_person_id", "notices", ["person_id"], unique=False)
    op.create_index(
        "ix_notices_status_next_try_at", "notices", ["status", "next_try_at"], unique=False
    )
    op.create_table(
        "payment_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(35), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=True),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("execution_on", sa.Date(), nullable=False),
        sa.Column("charges", Text(4), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sum_minor", sa.BigInteger(), nullable=False),
        sa.Column("items_sha256", Text(64), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("released_by_id", sa.Uuid(), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("sha256", Text(64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(status = 'released') = (released_by_id IS NOT NULL AND sha256 IS NOT NULL)",
            name=op.f("ck_payment_batches_released_whole"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'released', 'cancelled')",
            name=op.f("ck_payment_batches_status_known"),
        ),
        whole("sum_minor"),
        sa.CheckConstraint("count > 0", name=op.f("ck_payment_batches_count_positive")),
        sa.CheckConstraint(
            "released_by_id <> made_by_id", name=op.f("ck_payment_batches_two_persons")
        ),
        sa.CheckConstraint(
            "sum_minor > 0 AND sum_minor <= 1000000000000000",
            name=op.f("ck_payment_batches_sum_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["fund_bank_accounts.id"], name=op.f("fk_payment_batches_account_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_payment_batches_fund_id")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["persons.id"], name=op.f("fk_payment_batches_made_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["voucher_profiles.id"], name=op.f("fk_payment_batches_profile_id")
        ),
        sa.ForeignKeyConstraint(
            ["released_by_id"], ["persons.id"], name=op.f("fk_payment_batches_released_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_batches")),
        sa.UniqueConstraint("code", name=op.f("uq_payment_batches_code")),
    )
    op.create_index(
        "ix_payment_batches_account_id", "payment_batches", ["account_id"], unique=False
    )
    op.create_index("ix_payment_batches_fund_id", "payment_batches", ["fund_id"], unique=False)
    op.create_table(
        "bank_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("details", Text(4000), nullable=False),
        sa.Column("key_id", Text(64), nullable=False),
        sa.Column("kept_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('payments', 'vouchers', 'results', 'statement', 'lines')",
            name=op.f("ck_bank_files_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["payment_batches.id"], name=op.f("fk_bank_files_batch_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_bank_files_fund_id")),
        sa.ForeignKeyConstraint(
            ["kept_by_id"], ["persons.id"], name=op.f("fk_bank_files_kept_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_files")),
        sa.UniqueConstraint(
            "fund_id", "kind", "sha256", name=op.f("uq_bank_files_fund_id_kind_sha256")
        ),
    )
    op.create_index("ix_bank_files_batch_id", "bank_files", ["batch_id"], unique=False)
    op.create_table(
        "call_backs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("channel_kind", Text(20), nullable=False),
        sa.Column("called_masked", Text(60), nullable=False),
        sa.Column("channel_verified_at", UtcDateTime(), nullable=False),
        sa.Column("called_at", UtcDateTime(), nullable=False),
        sa.Column("called_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("spoke_to", Text(200), nullable=False),
        sa.Column("answer", Text(10), nullable=False),
        sa.Column("note", Text(2000), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "answer IN ('confirmed', 'denied', 'unreached')",
            name=op.f("ck_call_backs_answer_known"),
        ),
        sa.CheckConstraint(
            "called_by_id <> proposed_by_id", name=op.f("ck_call_backs_not_proposer")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["bank_accounts.id"], name=op.f("fk_call_backs_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["called_by_id"], ["persons.id"], name=op.f("fk_call_backs_called_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_call_backs_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_backs")),
        info={"append_only": True},
    )
    op.create_index("ix_call_backs_account_id", "call_backs", ["account_id"], unique=False)
    op.create_table(
        "bank_statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("lines_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reference", Text(35), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=False),
        sa.Column("closing_minor", sa.BigInteger(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("content_sha256", Text(64), nullable=False),
        sa.Column("findings", Text(4000), nullable=False),
        sa.Column("imported_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        whole("closing_minor"),
        whole("opening_minor"),
        sa.CheckConstraint("from_on <= to_on", name=op.f("ck_bank_statements_days_ordered")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["fund_bank_accounts.id"], name=op.f("fk_bank_statements_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["bank_files.id"], name=op.f("fk_bank_statements_file_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_bank_statements_fund_id")),
        sa.ForeignKeyConstraint(
            ["imported_by_id"], ["persons.id"], name=op.f("fk_bank_statements_imported_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["lines_id"], ["bank_files.id"], name=op.f("fk_bank_statements_lines_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statements")),
        sa.UniqueConstraint(
            "account_id",
            "reference",
            "sequence",
            name=op.f("uq_bank_statements_account_id_reference_sequence"),
        ),
        info={"append_only": True},
    )
    op.create_index(
        "ix_bank_statements_account_id_to_on",
        "bank_statements",
        ["account_id", "to_on"],
        unique=False,
    )
    op.create_index("ix_bank_statements_file_id", "bank_statements", ["file_id"], unique=False)
    op.create_table(
        "expenditure_statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reported_minor", sa.BigInteger(), nullable=False),
        sa.Column("accepted_minor", sa.BigInteger(), nullable=False),
        sa.Column("prefinanced_minor", sa.BigInteger(), nullable=False),
        sa.Column("disallowed_minor", sa.BigInteger(), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("reported_by_id", sa.Uuid(), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decision_reason", Text(2000), nullable=True),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'reported') = (decided_by_id IS NULL)",
            name=op.f("ck_expenditure_statements_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "(status IN ('accepted', 'corrected')) = (accepted_on IS NOT NULL)",
            name=op.f("ck_expenditure_statements_accepted_has_date"),
        ),
        whole("accepted_minor"),
        whole("disallowed_minor"),
        whole("prefinanced_minor"),
        whole("reported_minor"),
        sa.CheckConstraint(
            "status IN ('reported', 'returned', 'accepted', 'corrected')",
            name=op.f("ck_expenditure_statements_status_known"),
        ),
        sa.CheckConstraint(
            "(replaces_id IS NULL) = (reason IS NULL)",
            name=op.f("ck_expenditure_statements_correction_has_reason"),
        ),
        sa.CheckConstraint(
            "accepted_minor >= 0 AND accepted_minor <= reported_minor",
            name=op.f("ck_expenditure_statements_accepted_within"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> reported_by_id", name=op.f("ck_expenditure_statements_two_persons")
        ),
        sa.CheckConstraint(
            "prefinanced_minor >= 0 AND disallowed_minor >= 0 AND prefinanced_minor + disallowed_minor <= accepted_minor",
            name=op.f("ck_expenditure_statements_parts_within"),
        ),
        sa.CheckConstraint(
            "reported_minor > 0 AND reported_minor <= 1000000000000000",
            name=op.f("ck_expenditure_statements_reported_minor_in_range"),
        ),
        sa.CheckConstraint(
            "starts_on <= ends_on", name=op.f("ck_expenditure_statements_period_ordered")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_expenditure_statements_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_expenditure_statements_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["expenditure_statements.id"],
            name=op.f("fk_expenditure_statements_replaces_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reported_by_id"],
            ["persons.id"],
            name=op.f("fk_expenditure_statements_reported_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expenditure_statements")),
        sa.UniqueConstraint("code", name=op.f("uq_expenditure_statements_code")),
    )
    op.create_index(
        "ix_expenditure_statements_grant_id", "expenditure_statements", ["grant_id"], unique=False
    )
    op.create_index(
        "ix_expenditure_statements_replaces_id",
        "expenditure_statements",
        ["replaces_id"],
        unique=False,
    )
    op.create_table(
        "grant_agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_grant_agreements_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_grant_agreements_grant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_agreements")),
        sa.UniqueConstraint("grant_id", name=op.f("uq_grant_agreements_grant_id")),
    )
    op.create_index("ix_grant_agreements_fund_id", "grant_agreements", ["fund_id"], unique=False)
    op.create_table(
        "grant_amendments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("base_number", sa.Integer(), nullable=False),
        sa.Column("kind", Text(20), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("content", Text(1000000), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("measure", sa.Integer(), nullable=False),
        sa.Column("needed", Text(1000), nullable=False),
        sa.Column("by_notice", sa.Boolean(), nullable=False),
        sa.Column("by_grantee", sa.Boolean(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("written_by_id", sa.Uuid(), nullable=False),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_reason", Text(2000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('no_cost_extension', 'reallocation', 'cost_extension', 'results', 'administrative')",
            name=op.f("ck_grant_amendments_kind_known"),
        ),
        sa.CheckConstraint(
            "status IN ('requested', 'approved', 'in_force', 'rejected', 'withdrawn', 'lapsed')",
            name=op.f("ck_grant_amendments_status_known"),
        ),
        sa.CheckConstraint("measure >= 0", name=op.f("ck_grant_amendments_measure_positive")),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["persons.id"], name=op.f("fk_grant_amendments_ended_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_grant_amendments_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_grant_amendments_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["persons.id"], name=op.f("fk_grant_amendments_requested_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["persons.id"], name=op.f("fk_grant_amendments_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_amendments")),
        sa.UniqueConstraint("grant_id", "number", name=op.f("uq_grant_amendments_grant_id_number")),
    )
    op.create_index("ix_grant_amendments_fund_id", "grant_amendments", ["fund_id"], unique=False)
    op.create_index(
        "uq_grant_amendments_live",
        "grant_amendments",
        ["grant_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('requested', 'approved')"),
        postgresql_where=sa.text("status IN ('requested', 'approved')"),
    )
    op.create_table(
        "grant_closings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(16), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("evidence", Text(2000), nullable=True),
        sa.Column("attempts", Text(20000), nullable=True),
        sa.Column("unaccounted", Text(12), nullable=True),
        sa.Column("residual_minor", sa.BigInteger(), nullable=False),
        sa.Column("freed_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'confirmed') = (confirmed_by_id IS NOT NULL)",
            name=op.f("ck_grant_closings_confirmed_by_somebody"),
        ),
        whole("freed_minor"),
        sa.CheckConstraint(
            "kind = 'ordinary' OR (evidence IS NOT NULL AND attempts IS NOT NULL AND unaccounted IS NOT NULL)",
            name=op.f("ck_grant_closings_exception_is_told"),
        ),
        sa.CheckConstraint(
            "kind = 'ordinary' OR confirmed_by_id <> proposed_by_id",
            name=op.f("ck_grant_closings_two_persons"),
        ),
        sa.CheckConstraint(
            "kind IN ('ordinary', 'force_majeure')", name=op.f("ck_grant_closings_kind_known")
        ),
        whole("residual_minor"),
        sa.CheckConstraint(
            "status IN ('proposed', 'confirmed', 'withdrawn')",
            name=op.f("ck_grant_closings_status_known"),
        ),
        sa.CheckConstraint(
            "unaccounted IN ('written_off', 'kept_open')",
            name=op.f("ck_grant_closings_unaccounted_known"),
        ),
        sa.CheckConstraint(
            "residual_minor >= 0 AND freed_minor >= 0",
            name=op.f("ck_grant_closings_amounts_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["persons.id"], name=op.f("fk_grant_closings_confirmed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_grant_closings_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_grant_closings_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_closings")),
        sa.UniqueConstraint("code", name=op.f("uq_grant_closings_code")),
    )
    op.create_index("ix_grant_closings_grant_id", "grant_closings", ["grant_id"], unique=False)
    op.create_table(
        "grant_schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=True),
        sa.Column("tier", Text(10), nullable=False),
        sa.Column("tier_reason", Text(500), nullable=False),
        sa.Column("rule", Text(100), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("is_emergency", sa.Boolean(), nullable=False),
        sa.Column("tranches_given", sa.Boolean(), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        whole("amount_minor"),
        sa.CheckConstraint(
            "tier IN ('low', 'medium', 'high')", name=op.f("ck_grant_schedules_tier_known")
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_grant_schedules_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_grant_schedules_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["persons.id"], name=op.f("fk_grant_schedules_made_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["fund_policies.id"], name=op.f("fk_grant_schedules_policy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_schedules")),
        sa.UniqueConstraint("grant_id", "number", name=op.f("uq_grant_schedules_grant_id_number")),
        info={"append_only": True},
    )
    op.create_table(
        "grant_suspensions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("suspended_by_id", sa.Uuid(), nullable=False),
        sa.Column("suspended_at", UtcDateTime(), nullable=False),
        sa.Column("resumed_by_id", sa.Uuid(), nullable=True),
        sa.Column("resume_reason", Text(2000), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "resumed_by_id IS NULL OR ended_at IS NOT NULL",
            name=op.f("ck_grant_suspensions_resumed_ended"),
        ),
        sa.CheckConstraint(
            "resumed_by_id IS NULL OR resumed_by_id <> suspended_by_id",
            name=op.f("ck_grant_suspensions_resumed_by_other"),
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_grant_suspensions_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_grant_suspensions_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["resumed_by_id"], ["persons.id"], name=op.f("fk_grant_suspensions_resumed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["suspended_by_id"], ["persons.id"], name=op.f("fk_grant_suspensions_suspended_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_suspensions")),
    )
    op.create_index(
        "ix_grant_suspensions_grant_id", "grant_suspensions", ["grant_id"], unique=False
    )
    op.create_index(
        "uq_grant_suspensions_running",
        "grant_suspensions",
        ["grant_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "grant_terminations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status <> 'confirmed' OR (decided_by_id IS NOT NULL AND decided_by_id <> proposed_by_id)",
            name=op.f("ck_grant_terminations_two_persons"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'confirmed', 'withdrawn')",
            name=op.f("ck_grant_terminations_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_grant_terminations_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_grant_terminations_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_grant_terminations_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_grant_terminations_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_terminations")),
    )
    op.create_index(
        "ix_grant_terminations_grant_id", "grant_terminations", ["grant_id"], unique=False
    )
    op.create_index(
        "uq_grant_terminations_proposed",
        "grant_terminations",
        ["grant_id"],
        unique=True,
        sqlite_where=sa.text("status = 'proposed'"),
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.create_table(
        "refund_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_minor", sa.BigInteger(), nullable=False),
        sa.Column("written_off_minor", sa.BigInteger(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("note", Text(2000), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("last_reminded_on", sa.Date(), nullable=True),
        sa.Column("status", Text(12), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        whole("amount_minor"),
        whole("received_minor"),
        sa.CheckConstraint(
            "status IN ('requested', 'received', 'written_off', 'withdrawn')",
            name=op.f("ck_refund_requests_status_known"),
        ),
        whole("written_off_minor"),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_refund_requests_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "received_minor >= 0 AND written_off_minor >= 0 AND received_minor + written_off_minor <= amount_minor",
            name=op.f("ck_refund_requests_within_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_refund_requests_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["persons.id"], name=op.f("fk_refund_requests_requested_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_requests")),
        sa.UniqueConstraint("code", name=op.f("uq_refund_requests_code")),
    )
    op.create_index("ix_refund_requests_grant_id", "refund_requests", ["grant_id"], unique=False)
    op.create_table(
        "amendment_approvals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("amendment_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=False),
        sa.Column("written_by_id", sa.Uuid(), nullable=False),
        sa.Column("role", Text(30), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=False),
        sa.Column("voided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "person_id <> requested_by_id AND person_id <> written_by_id",
            name=op.f("ck_amendment_approvals_by_other"),
        ),
        sa.ForeignKeyConstraint(
            ["amendment_id"],
            ["grant_amendments.id"],
            name=op.f("fk_amendment_approvals_amendment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_amendment_approvals_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["persons.id"], name=op.f("fk_amendment_approvals_requested_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["persons.id"], name=op.f("fk_amendment_approvals_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment_approvals")),
    )
    op.create_index(
        "uq_amendment_approvals_standing",
        "amendment_approvals",
        ["amendment_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("voided_at IS NULL"),
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.create_table(
        "expenditure_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("category", Text(1), nullable=False),
        sa.Column("description", Text(400), nullable=True),
        sa.Column("is_support_cost", sa.Boolean(), nullable=False),
        sa.Column("reported_minor", sa.BigInteger(), nullable=False),
        sa.Column("accepted_minor", sa.BigInteger(), nullable=True),
        sa.Column("unsupported_minor", sa.BigInteger(), nullable=True),
        sa.Column("reason", Text(2000), nullable=True),
        whole("accepted_minor"),
        sa.CheckConstraint(
            "category IN ('A', 'B', 'C', 'D', 'E', 'F', 'G')",
            name=op.f("ck_expenditure_lines_category_known"),
        ),
        whole("reported_minor"),
        whole("unsupported_minor"),
        sa.CheckConstraint(
            "(accepted_minor IS NULL) = (unsupported_minor IS NULL)",
            name=op.f("ck_expenditure_lines_decided_whole"),
        ),
        sa.CheckConstraint(
            "accepted_minor >= 0 AND unsupported_minor >= 0 AND accepted_minor + unsupported_minor = reported_minor",
            name=op.f("ck_expenditure_lines_decided_adds_up"),
        ),
        sa.CheckConstraint(
            "reported_minor > 0 AND reported_minor <= 1000000000000000",
            name=op.f("ck_expenditure_lines_reported_minor_in_range"),
        ),
        sa.CheckConstraint(
            "unsupported_minor = 0 OR reason IS NOT NULL",
            name=op.f("ck_expenditure_lines_refusal_has_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["expenditure_statements.id"],
            name=op.f("fk_expenditure_lines_statement_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expenditure_lines")),
        sa.UniqueConstraint(
            "statement_id", "number", name=op.f("uq_expenditure_lines_statement_id_number")
        ),
    )
    op.create_table(
        "grant_agreement_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", Text(12), nullable=False),
        sa.Column("text_number", sa.Integer(), nullable=False),
        sa.Column("amendment_id", sa.Uuid(), nullable=True),
        sa.Column("by_notice", sa.Boolean(), nullable=False),
        sa.Column("needs_revision", sa.Boolean(), nullable=False),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=False),
        sa.Column("prepared_at", UtcDateTime(), nullable=False),
        sa.Column("offered_by_id", sa.Uuid(), nullable=True),
        sa.Column("offered_at", UtcDateTime(), nullable=True),
        sa.Column("signed_by_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.Column("signing_office", Text(300), nullable=True),
        sa.Column("evidence_file_id", sa.Uuid(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("countersigned_by_id", sa.Uuid(), nullable=True),
        sa.Column("in_force_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_reason", Text(2000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'offered', 'signed', 'in_force', 'superseded', 'declined', 'withdrawn')",
            name=op.f("ck_grant_agreement_versions_status_known"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('in_force', 'superseded') OR by_notice OR countersigned_by_id IS NOT NULL",
            name=op.f("ck_grant_agreement_versions_countersigned"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('in_force', 'superseded') OR by_notice OR signed_at IS NOT NULL",
            name=op.f("ck_grant_agreement_versions_signed_first"),
        ),
        sa.CheckConstraint(
            "NOT by_notice OR amendment_id IS NOT NULL",
            name=op.f("ck_grant_agreement_versions_notice_is_amendment"),
        ),
        sa.CheckConstraint(
            "amendment_id IS NOT NULL OR signed_by_id IS NULL OR signed_by_id <> prepared_by_id",
            name=op.f("ck_grant_agreement_versions_signed_by_other"),
        ),
        sa.CheckConstraint(
            "countersigned_by_id IS NULL OR (countersigned_by_id <> prepared_by_id AND (signed_by_id IS NULL OR countersigned_by_id <> signed_by_id) AND (recorded_by_id IS NULL OR countersigned_by_id <> recorded_by_id))",
            name=op.f("ck_grant_agreement_versions_two_persons"),
        ),
        sa.CheckConstraint(
            "signed_at IS NULL OR (signed_by_id IS NOT NULL AND recorded_by_id IS NULL) OR (signed_by_id IS NULL AND recorded_by_id IS NOT NULL AND evidence_file_id IS NOT NULL AND signing_office IS NOT NULL)",
            name=op.f("ck_grant_agreement_versions_signature_known"),
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["grant_agreements.id"],
            name=op.f("fk_grant_agreement_versions_agreement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["amendment_id"],
            ["grant_amendments.id"],
            name=op.f("fk_grant_agreement_versions_amendment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["countersigned_by_id"],
            ["persons.id"],
            name=op.f("fk_grant_agreement_versions_countersigned_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["persons.id"], name=op.f("fk_grant_agreement_versions_ended_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_file_id"],
            ["files.id"],
            name=op.f("fk_grant_agreement_versions_evidence_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["offered_by_id"],
            ["persons.id"],
            name=op.f("fk_grant_agreement_versions_offered_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"],
            ["persons.id"],
            name=op.f("fk_grant_agreement_versions_prepared_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"],
            ["persons.id"],
            name=op.f("fk_grant_agreement_versions_recorded_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["signed_by_id"], ["persons.id"], name=op.f("fk_grant_agreement_versions_signed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_agreement_versions")),
        sa.UniqueConstraint(
            "agreement_id", "number", name=op.f("uq_grant_agreement_versions_agreement_id_number")
        ),
    )
    op.create_index(
        "ix_grant_agreement_versions_amendment_id",
        "grant_agreement_versions",
        ["amendment_id"],
        unique=False,
    )
    op.create_index(
        "uq_grant_agreement_versions_in_force",
        "grant_agreement_versions",
        ["agreement_id"],
        unique=True,
        sqlite_where=sa.text("status = 'in_force'"),
        postgresql_where=sa.text("status = 'in_force'"),
    )
    op.create_index(
        "uq_grant_agreement_versions_open",
        "grant_agreement_versions",
        ["agreement_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('draft', 'offered', 'signed')"),
        postgresql_where=sa.text("status IN ('draft', 'offered', 'signed')"),
    )
    op.create_table(
        "receivables",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("origin", Text(10), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("settled_minor", sa.BigInteger(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("opened_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        whole("amount_minor"),
        sa.CheckConstraint(
            "origin = 'closing' OR statement_id IS NOT NULL",
            name=op.f("ck_receivables_statement_is_named"),
        ),
        sa.CheckConstraint(
            "origin IN ('statement', 'finding', 'closing')",
            name=op.f("ck_receivables_origin_known"),
        ),
        whole("settled_minor"),
        sa.CheckConstraint(
            "status IN ('open', 'settled', 'superseded')", name=op.f("ck_receivables_status_known")
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_receivables_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "settled_minor >= 0 AND settled_minor <= amount_minor",
            name=op.f("ck_receivables_within"),
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_receivables_grant_id")),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["persons.id"], name=op.f("fk_receivables_opened_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["expenditure_statements.id"],
            name=op.f("fk_receivables_statement_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receivables")),
        sa.UniqueConstraint("code", name=op.f("uq_receivables_code")),
    )
    op.create_index("ix_receivables_grant_id", "receivables", ["grant_id"], unique=False)
    op.create_index("ix_receivables_statement_id", "receivables", ["statement_id"], unique=False)
    op.create_table(
        "refund_parts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("refund_request_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        whole("amount_minor"),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_refund_parts_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["persons.id"], name=op.f("fk_refund_parts_by_id")),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_refund_parts_refund_id")
        ),
        sa.ForeignKeyConstraint(
            ["refund_request_id"],
            ["refund_requests.id"],
            name=op.f("fk_refund_parts_refund_request_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_parts")),
        info={"append_only": True},
    )
    op.create_index("ix_refund_parts_refund_id", "refund_parts", ["refund_id"], unique=False)
    op.create_index(
        "ix_refund_parts_refund_request_id", "refund_parts", ["refund_request_id"], unique=False
    )
    op.create_table(
        "requirements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(20), nullable=False),
        sa.Column("origin", Text(10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", Text(300), nullable=True),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("period_from_on", sa.Date(), nullable=True),
        sa.Column("period_to_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", Text(20), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=True),
        sa.Column("rule", Text(100), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.Column("evidence_note", Text(2000), nullable=True),
        sa.Column("evidence_file_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("waiver_reason", Text(2000), nullable=True),
        sa.Column("waiver_requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("waiver_requested_at", UtcDateTime(), nullable=True),
        sa.Column("waived_by_id", sa.Uuid(), nullable=True),
        sa.Column("waived_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(status = 'done') = (done_on IS NOT NULL)", name=op.f("ck_requirements_done_has_date")
        ),
        sa.CheckConstraint(
            "(status = 'waived') = (waived_by_id IS NOT NULL)",
            name=op.f("ck_requirements_waived_whole"),
        ),
        sa.CheckConstraint(
            "kind IN ('narrative_report', 'financial_report', 'visit', 'spot_check', 'audit', 'other')",
            name=op.f("ck_requirements_kind_known"),
        ),
        sa.CheckConstraint(
            "origin IN ('policy', 'added')", name=op.f("ck_requirements_origin_known")
        ),
        sa.CheckConstraint(
            "status IN ('due', 'waiver_requested', 'done', 'waived', 'replaced')",
            name=op.f("ck_requirements_status_known"),
        ),
        sa.CheckConstraint(
            "waived_by_id <> waiver_requested_by_id", name=op.f("ck_requirements_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["done_by_id"], ["persons.id"], name=op.f("fk_requirements_done_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_file_id"], ["files.id"], name=op.f("fk_requirements_evidence_file_id")
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_requirements_grant_id")),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["grant_schedules.id"], name=op.f("fk_requirements_schedule_id")
        ),
        sa.ForeignKeyConstraint(
            ["waived_by_id"], ["persons.id"], name=op.f("fk_requirements_waived_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["waiver_requested_by_id"],
            ["persons.id"],
            name=op.f("fk_requirements_waiver_requested_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requirements")),
        sa.UniqueConstraint(
            "grant_id",
            "kind",
            "origin",
            "number",
            name=op.f("uq_requirements_grant_id_kind_origin_number"),
        ),
    )
    op.create_index(
        "ix_requirements_status_due_on", "requirements", ["status", "due_on"], unique=False
    )
    op.create_table(
        "statement_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=True),
        sa.Column("is_reversal", sa.Boolean(), nullable=False),
        sa.Column("code", Text(60), nullable=True),
        sa.Column("bank_reference", Text(35), nullable=True),
        sa.Column("message_id", Text(35), nullable=True),
        sa.Column("end_to_end", Text(35), nullable=True),
        sa.Column("return_reason", Text(120), nullable=True),
        sa.Column("instructed_minor", sa.BigInteger(), nullable=True),
        sa.Column("charges_minor", sa.BigInteger(), nullable=True),
        sa.Column("mentions", Text(600), nullable=False),
        whole("amount_minor"),
        whole("charges_minor"),
        whole("instructed_minor"),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_statement_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["bank_statements.id"], name=op.f("fk_statement_entries_statement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_entries")),
        sa.UniqueConstraint(
            "statement_id", "position", name=op.f("uq_statement_entries_statement_id_position")
        ),
        info={"append_only": True},
    )
    op.create_index(
        "ix_statement_entries_end_to_end", "statement_entries", ["end_to_end"], unique=False
    )
    op.create_table(
        "advance_write_offs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("receivable_id", sa.Uuid(), nullable=True),
        sa.Column("refund_request_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'requested') = (decided_by_id IS NULL)",
            name=op.f("ck_advance_write_offs_decided_by_somebody"),
        ),
        whole("amount_minor"),
        sa.CheckConstraint(
            "status IN ('requested', 'approved', 'rejected')",
            name=op.f("ck_advance_write_offs_status_known"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_advance_write_offs_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> requested_by_id", name=op.f("ck_advance_write_offs_two_persons")
        ),
        sa.CheckConstraint(
            "receivable_id IS NULL OR refund_request_id IS NULL",
            name=op.f("ck_advance_write_offs_one_subject"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_advance_write_offs_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_advance_write_offs_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["receivables.id"], name=op.f("fk_advance_write_offs_receivable_id")
        ),
        sa.ForeignKeyConstraint(
            ["refund_request_id"],
            ["refund_requests.id"],
            name=op.f("fk_advance_write_offs_refund_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["persons.id"], name=op.f("fk_advance_write_offs_requested_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advance_write_offs")),
        sa.UniqueConstraint("code", name=op.f("uq_advance_write_offs_code")),
    )
    op.create_index(
        "ix_advance_write_offs_grant_id", "advance_write_offs", ["grant_id"], unique=False
    )
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("disbursement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("held_id", sa.Uuid(), nullable=True),
        whole("amount_minor"),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_batch_items_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["bank_accounts.id"], name=op.f("fk_batch_items_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["payment_batches.id"], name=op.f("fk_batch_items_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["disbursement_id"], ["disbursements.id"], name=op.f("fk_batch_items_disbursement_id")
        ),
        sa.ForeignKeyConstraint(
            ["held_id"], ["disbursements.id"], name=op.f("fk_batch_items_held_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", "disbursement_id", name=op.f("pk_batch_items")),
        sa.UniqueConstraint("batch_id", "position", name=op.f("uq_batch_items_batch_id_position")),
        sa.UniqueConstraint("held_id", name=op.f("uq_batch_items_held_id")),
    )
    op.create_index(
        "ix_batch_items_disbursement_id", "batch_items", ["disbursement_id"], unique=False
    )
    op.create_table(
        "disbursement_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("disbursement_id", sa.Uuid(), nullable=False),
        sa.Column("action", Text(20), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("principals", Text(4000), nullable=False),
        sa.Column("digest", Text(64), nullable=True),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["disbursement_id"],
            ["disbursements.id"],
            name=op.f("fk_disbursement_steps_disbursement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_disbursement_steps_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursement_steps")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_disbursement_steps_disbursement_id",
        "disbursement_steps",
        ["disbursement_id"],
        unique=False,
    )
    op.create_table(
        "entry_confirmations",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('paid', 'returned', 'failed', 'refund', 'receipt', 'fee', 'interest')",
            name=op.f("ck_entry_confirmations_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["persons.id"], name=op.f("fk_entry_confirmations_confirmed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["statement_entries.id"], name=op.f("fk_entry_confirmations_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_entry_confirmations_fund_id")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_entry_confirmations")),
        info={"append_only": True},
    )
    op.create_table(
        "grant_agreement_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("body", Text(20000), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("key_id", Text(64), nullable=False),
        sa.Column("signature", Text(200), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["grant_agreement_versions.id"],
            name=op.f("fk_grant_agreement_receipts_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_agreement_receipts")),
        sa.UniqueConstraint("version_id", name=op.f("uq_grant_agreement_receipts_version_id")),
        info={"append_only": True},
    )
    op.create_table(
        "grant_agreement_texts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", Text(1000), nullable=False),
        sa.Column("language", Text(3), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("content", Text(1000000), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("written_by_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        whole("amount_minor"),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_grant_agreement_texts_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "starts_on <= ends_on", name=op.f("ck_grant_agreement_texts_period_ordered")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["grant_agreement_versions.id"],
            name=op.f("fk_grant_agreement_texts_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["persons.id"], name=op.f("fk_grant_agreement_texts_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_agreement_texts")),
        sa.UniqueConstraint(
            "version_id", "number", name=op.f("uq_grant_agreement_texts_version_id_number")
        ),
        info={"append_only": True},
    )
    op.create_table(
        "payment_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("disbursement_id", sa.Uuid(), nullable=True),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("placed_by_id", sa.Uuid(), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("lifted_by_id", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lift_reason", Text(2000), nullable=True),
        sa.CheckConstraint(
            "(lifted_by_id IS NULL) = (lifted_at IS NULL)",
            name=op.f("ck_payment_holds_lifted_whole"),
        ),
        sa.CheckConstraint(
            "(party_id IS NOT NULL AND grant_id IS NULL AND disbursement_id IS NULL) OR (party_id IS NULL AND grant_id IS NOT NULL AND disbursement_id IS NULL) OR (party_id IS NULL AND grant_id IS NULL AND disbursement_id IS NOT NULL)",
            name=op.f("ck_payment_holds_one_subject"),
        ),
        sa.CheckConstraint(
            "lifted_by_id <> placed_by_id", name=op.f("ck_payment_holds_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["disbursement_id"], ["disbursements.id"], name=op.f("fk_payment_holds_disbursement_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_payment_holds_fund_id")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_payment_holds_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"], ["persons.id"], name=op.f("fk_payment_holds_lifted_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_payment_holds_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["placed_by_id"], ["persons.id"], name=op.f("fk_payment_holds_placed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_holds")),
    )
    op.create_index(
        "ix_payment_holds_disbursement_id", "payment_holds", ["disbursement_id"], unique=False
    )
    op.create_index("ix_payment_holds_grant_id", "payment_holds", ["grant_id"], unique=False)
    op.create_index("ix_payment_holds_party_id", "payment_holds", ["party_id"], unique=False)
    op.create_table(
        "receivable_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("receivable_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(24), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'refunded') = (refund_id IS NOT NULL)",
            name=op.f("ck_receivable_entries_refund_is_named"),
        ),
        whole("amount_minor"),
        sa.CheckConstraint(
            "kind IN ('additional_support', 'justification_accepted', 'refunded', 'written_off')",
            name=op.f("ck_receivable_entries_kind_known"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_receivable_entries_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["persons.id"], name=op.f("fk_receivable_entries_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["receivables.id"], name=op.f("fk_receivable_entries_receivable_id")
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_receivable_entries_refund_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receivable_entries")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_receivable_entries_receivable_id", "receivable_entries", ["receivable_id"], unique=False
    )
    op.create_index(
        "ix_receivable_entries_refund_id", "receivable_entries", ["refund_id"], unique=False
    )
    op.create_table(
        "tranche_conditions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tranche_id", sa.Uuid(), nullable=False),
        sa.Column("requirement_id", sa.Uuid(), nullable=True),
        sa.Column("words", Text(1000), nullable=True),
        sa.Column("origin", Text(10), nullable=False),
        sa.Column("status", Text(20), nullable=False),
        sa.Column("added_by_id", sa.Uuid(), nullable=True),
        sa.Column("met_on", sa.Date(), nullable=True),
        sa.Column("met_by_id", sa.Uuid(), nullable=True),
        sa.Column("evidence_note", Text(2000), nullable=True),
        sa.Column("evidence_file_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("waiver_reason", Text(2000), nullable=True),
        sa.Column("waiver_requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("waiver_requested_at", UtcDateTime(), nullable=True),
        sa.Column("waived_by_id", sa.Uuid(), nullable=True),
        sa.Column("waived_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(status = 'met') = (met_by_id IS NOT NULL) AND (status <> 'met' OR words IS NOT NULL)",
            name=op.f("ck_tranche_conditions_met_by_somebody"),
        ),
        sa.CheckConstraint(
            "(status = 'waived') = (waived_by_id IS NOT NULL)",
            name=op.f("ck_tranche_conditions_waived_whole"),
        ),
        sa.CheckConstraint(
            "origin IN ('policy', 'added')", name=op.f("ck_tranche_conditions_origin_known")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'waiver_requested', 'met', 'waived', 'replaced')",
            name=op.f("ck_tranche_conditions_status_known"),
        ),
        sa.CheckConstraint(
            "(requirement_id IS NULL) <> (words IS NULL)",
            name=op.f("ck_tranche_conditions_one_subject"),
        ),
        sa.CheckConstraint(
            "waived_by_id <> waiver_requested_by_id", name=op.f("ck_tranche_conditions_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["persons.id"], name=op.f("fk_tranche_conditions_added_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_file_id"], ["files.id"], name=op.f("fk_tranche_conditions_evidence_file_id")
        ),
        sa.ForeignKeyConstraint(
            ["met_by_id"], ["persons.id"], name=op.f("fk_tranche_conditions_met_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["requirement_id"],
            ["requirements.id"],
            name=op.f("fk_tranche_conditions_requirement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tranche_id"], ["tranches.id"], name=op.f("fk_tranche_conditions_tranche_id")
        ),
        sa.ForeignKeyConstraint(
            ["waived_by_id"], ["persons.id"], name=op.f("fk_tranche_conditions_waived_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["waiver_requested_by_id"],
            ["persons.id"],
            name=op.f("fk_tranche_conditions_waiver_requested_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tranche_conditions")),
        sa.UniqueConstraint(
            "tranche_id",
            "requirement_id",
            name=op.f("uq_tranche_conditions_tranche_id_requirement_id"),
        ),
    )
    op.create_table(
        "entry_matches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        whole("amount_minor"),
        sa.CheckConstraint(
            "kind IN ('paid', 'returned', 'failed', 'refund', 'receipt', 'fee', 'interest')",
            name=op.f("ck_entry_matches_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entry_confirmations.entry_id"], name=op.f("fk_entry_matches_entry_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_entry_matches_fund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_matches")),
        sa.UniqueConstraint("kind", "record_id", name=op.f("uq_entry_matches_kind_record_id")),
        info={"append_only": True},
    )
    op.create_index("ix_entry_matches_entry_id", "entry_matches", ["entry_id"], unique=False)
    op.create_index("ix_entry_matches_record_id", "entry_matches", ["record_id"], unique=False)
    op.create_table(
        "grant_agreed_results",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("indicator", Text(10), nullable=False),
        sa.Column("baseline", sa.BigInteger(), nullable=True),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("note", Text(1000), nullable=True),
        sa.CheckConstraint(
            "target >= 0 AND (baseline IS NULL OR baseline >= 0)",
            name=op.f("ck_grant_agreed_results_counts"),
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["grant_agreement_texts.id"], name=op.f("fk_grant_agreed_results_text_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_agreed_results")),
        sa.UniqueConstraint(
            "text_id", "number", name=op.f("uq_grant_agreed_results_text_id_number")
        ),
        info={"append_only": True},
    )
    op.create_table(
        "grant_budget_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("category", Text(1), nullable=False),
        sa.Column("description", Text(1000), nullable=False),
        sa.Column("objectives", Text(200), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        whole("amount_minor"),
        sa.CheckConstraint(
            "category IN ('A', 'B', 'C', 'D', 'E', 'F', 'G')",
            name=op.f("ck_grant_budget_lines_category_known"),
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_grant_budget_lines_amount_positive")),
        sa.ForeignKeyConstraint(
            ["text_id"], ["grant_agreement_texts.id"], name=op.f("fk_grant_budget_lines_text_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_budget_lines")),
        sa.UniqueConstraint("text_id", "number", name=op.f("uq_grant_budget_lines_text_id_number")),
        info={"append_only": True},
    )
