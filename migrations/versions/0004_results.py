"""Progress reports, results, releases, screening, partner risk and retention.

Tables of earlier revisions gain columns or wider rules: PostgreSQL alters them, SQLite, which
cannot, copies each into a new one (foreign keys are off meanwhile and checked at the end).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from fundops.db import Text, UtcDateTime, whole

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "confirmed_items",
    "disposals",
    "due_diligence_checks",
    "evidence_inspections",
    "local_receipts",
    "release_cells",
    "report_certifications",
    "report_expenditures",
    "report_reads",
    "report_receipts",
    "report_requirements",
    "report_salts",
    "report_values",
    "report_versions",
    "request_decisions",
)
"""New tables whose rows are never changed or deleted; the database refuses it."""

GUARDED_COPIES = ("statements",)
"""Copied tables that were guarded so, and are again, on SQLite."""

POSTGRES_UP = (
    """ALTER TABLE persons ADD COLUMN language VARCHAR(12) COLLATE "C"
""",
    """ALTER TABLE files ADD COLUMN purpose VARCHAR(20) COLLATE "C"
""",
    """ALTER TABLE files ADD COLUMN screened BOOLEAN""",
    """ALTER TABLE files ADD COLUMN disposed_at TIMESTAMP WITH TIME ZONE""",
    """ALTER TABLE files ADD CONSTRAINT ck_files_purpose_screened CHECK ((purpose IS NULL) =
(screened IS NULL))""",
    """ALTER TABLE files ADD CONSTRAINT ck_files_purpose_known CHECK (purpose IN
('report_evidence'))""",
    """ALTER TABLE organisation_profiles ADD COLUMN zone VARCHAR(64) COLLATE "C"
""",
    """ALTER TABLE statements ADD COLUMN layout INTEGER""",
    """ALTER TABLE notices DROP CONSTRAINT ck_notices_kind_known""",
    """ALTER TABLE notices ADD CONSTRAINT ck_notices_kind_known CHECK (kind IN
('bank_account_proposed', 'bank_account_changed', 'bank_account_refused', 'channel_changed',
'channel_code', 'disbursement_requested', 'disbursement_certified', 'disbursement_approved',
'disbursement_sent_back', 'disbursement_paid', 'disbursement_confirm_reminder',
'hold_placed', 'agreement_to_sign', 'agreement_in_force', 'amendment_decided',
'requirement_due', 'requirement_overdue', 'refund_requested', 'report_submitted',
'report_returned', 'report_accepted', 'review_after_due', 'grant_suspended',
'release_withheld', 'risk_expiring'))""",
    """ALTER TABLE uploads ADD COLUMN purpose VARCHAR(20) COLLATE "C"
""",
    """ALTER TABLE uploads ADD CONSTRAINT ck_uploads_purpose_known CHECK (purpose IN
('report_evidence'))""",
    """ALTER TABLE expenditure_statements DROP CONSTRAINT
ck_expenditure_statements_reported_minor_in_range""",
    """ALTER TABLE expenditure_statements ADD COLUMN currency VARCHAR(3) COLLATE "C"
""",
    """ALTER TABLE expenditure_statements ADD CONSTRAINT
ck_expenditure_statements_reported_minor_in_range CHECK (reported_minor >= 0 AND
reported_minor <= 1000000000000000 AND (reported_minor > 0 OR currency IS NOT NULL))""",
    """ALTER TABLE expenditure_lines DROP CONSTRAINT ck_expenditure_lines_decided_adds_up""",
    """ALTER TABLE expenditure_lines DROP CONSTRAINT ck_expenditure_lines_reported_minor_in_range""",
    """ALTER TABLE expenditure_lines ADD COLUMN kind VARCHAR(20) COLLATE "C" DEFAULT 'expenditure'
NOT NULL""",
    """ALTER TABLE expenditure_lines ADD COLUMN budget_line INTEGER""",
    """ALTER TABLE expenditure_lines ADD COLUMN budget_line_id UUID""",
    """ALTER TABLE expenditure_lines ADD COLUMN local_minor BIGINT""",
    """ALTER TABLE expenditure_lines ADD CONSTRAINT ck_expenditure_lines_local_positive CHECK
(local_minor >= 0)""",
    """ALTER TABLE expenditure_lines ADD CONSTRAINT ck_expenditure_lines_decided_adds_up CHECK
(kind = 'expenditure' AND accepted_minor >= 0 AND unsupported_minor >= 0 AND accepted_minor
+ unsupported_minor = reported_minor OR kind = 'exchange_difference' AND unsupported_minor =
0 AND (accepted_minor = reported_minor OR accepted_minor > reported_minor AND accepted_minor
<= 0))""",
    """ALTER TABLE expenditure_lines ADD CONSTRAINT ck_expenditure_lines_kind_known CHECK (kind IN
('expenditure', 'exchange_difference'))""",
    """ALTER TABLE expenditure_lines ADD CONSTRAINT ck_expenditure_lines_reported_minor_in_range
CHECK (reported_minor <= 1000000000000000 AND reported_minor >= CASE kind WHEN
'exchange_difference' THEN -1000000000000000 ELSE 0 END)""",
    """ALTER TABLE expenditure_lines ADD CONSTRAINT ck_expenditure_lines_reported_something CHECK
(reported_minor > 0 OR local_minor IS NOT NULL OR kind = 'exchange_difference')""",
    """ALTER TABLE expenditure_lines ADD CONSTRAINT fk_expenditure_lines_budget_line_id FOREIGN
KEY(budget_line_id) REFERENCES grant_budget_lines (id)""",
)
"""What changes in tables that were there, on PostgreSQL."""

POSTGRES_DOWN = (
    """ALTER TABLE persons DROP COLUMN language""",
    """ALTER TABLE files DROP CONSTRAINT ck_files_purpose_screened""",
    """ALTER TABLE files DROP CONSTRAINT ck_files_purpose_known""",
    """ALTER TABLE files DROP COLUMN disposed_at""",
    """ALTER TABLE files DROP COLUMN screened""",
    """ALTER TABLE files DROP COLUMN purpose""",
    """ALTER TABLE organisation_profiles DROP COLUMN zone""",
    """ALTER TABLE statements DROP COLUMN layout""",
    """ALTER TABLE notices DROP CONSTRAINT ck_notices_kind_known""",
    """ALTER TABLE notices ADD CONSTRAINT ck_notices_kind_known CHECK (kind IN
('bank_account_proposed', 'bank_account_changed', 'bank_account_refused', 'channel_changed',
'channel_code', 'disbursement_requested', 'disbursement_certified', 'disbursement_approved',
'disbursement_sent_back', 'disbursement_paid', 'disbursement_confirm_reminder',
'hold_placed', 'agreement_to_sign', 'agreement_in_force', 'amendment_decided',
'requirement_due', 'requirement_overdue', 'refund_requested', 'review_after_due',
'grant_suspended'))""",
    """ALTER TABLE uploads DROP CONSTRAINT ck_uploads_purpose_known""",
    """ALTER TABLE uploads DROP COLUMN purpose""",
    """ALTER TABLE expenditure_statements DROP CONSTRAINT
ck_expenditure_statements_reported_minor_in_range""",
    """ALTER TABLE expenditure_statements DROP COLUMN currency""",
    """ALTER TABLE expenditure_statements ADD CONSTRAINT
ck_expenditure_statements_reported_minor_in_range CHECK (reported_minor > 0 AND
reported_minor <= 1000000000000000)""",
    """ALTER TABLE expenditure_lines DROP CONSTRAINT fk_expenditure_lines_budget_line_id""",
    """ALTER TABLE expenditure_lines DROP CONSTRAINT ck_expenditure_lines_local_positive""",
    """ALTER TABLE expenditure_lines DROP CONSTRAINT ck_expenditure_lines_decided_adds_up""",
    """ALTER TABLE expenditure_lines DROP CONSTRAINT ck_expenditure_lines_kind_known""",
    """ALTER TABLE expenditure_lines DROP CONSTRAINT ck_expenditure_lines_reported_minor_in_range""",
    """ALTER TABLE expenditure_lines DROP CONSTRAINT ck_expenditure_lines_reported_something""",
    """ALTER TABLE expenditure_lines DROP COLUMN local_minor""",
    """ALTER TABLE expenditure_lines DROP COLUMN budget_line_id""",
    """ALTER TABLE expenditure_lines DROP COLUMN budget_line""",
    """ALTER TABLE expenditure_lines DROP COLUMN kind""",
    """ALTER TABLE expenditure_lines ADD CONSTRAINT ck_expenditure_lines_decided_adds_up CHECK
(accepted_minor >= 0 AND unsupported_minor >= 0 AND accepted_minor + unsupported_minor =
reported_minor)""",
    """ALTER TABLE expenditure_lines ADD CONSTRAINT ck_expenditure_lines_reported_minor_in_range
CHECK (reported_minor > 0 AND reported_minor <= 1000000000000000)""",
)
"""And back."""

SQLITE_NEW = {
    "persons": """CREATE TABLE persons (
id CHAR(32) NOT NULL,
code VARCHAR(40) NOT NULL,
name VARCHAR(200) NOT NULL,
language VARCHAR(12),
status VARCHAR(10) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_persons PRIMARY KEY (id),
CONSTRAINT ck_persons_status_known CHECK (status IN ('active', 'left')),
CONSTRAINT uq_persons_code UNIQUE (code)
)""",
    "files": """CREATE TABLE files (
id CHAR(32) NOT NULL,
party_id CHAR(32),
name VARCHAR(200) NOT NULL,
media_type VARCHAR(120) NOT NULL,
sent_sha256 VARCHAR(64) NOT NULL,
sent_bytes BIGINT NOT NULL,
stored_sha256 VARCHAR(64) NOT NULL,
stored_bytes BIGINT NOT NULL,
cleaned VARCHAR(1000) NOT NULL,
purpose VARCHAR(20),
screened BOOLEAN,
uploaded_by_id CHAR(32) NOT NULL,
declared_at DATETIME NOT NULL,
completed_at DATETIME NOT NULL,
disposed_at DATETIME,
CONSTRAINT pk_files PRIMARY KEY (id),
CONSTRAINT ck_files_purpose_known CHECK (purpose IN ('report_evidence')),
CONSTRAINT ck_files_not_empty CHECK (sent_bytes > 0 AND stored_bytes > 0),
CONSTRAINT ck_files_purpose_screened CHECK ((purpose IS NULL) = (screened IS NULL)),
CONSTRAINT fk_files_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_files_uploaded_by_id FOREIGN KEY(uploaded_by_id) REFERENCES persons (id)
)""",
    "organisation_profiles": """CREATE TABLE organisation_profiles (
id CHAR(32) NOT NULL,
party_id CHAR(32) NOT NULL,
registered_on DATE,
registration_country VARCHAR(2),
registration_number VARCHAR(120),
assisting_since_on DATE,
annual_budget_minor BIGINT,
annual_budget_currency VARCHAR(3),
annual_budget_year INTEGER,
has_own_account BOOLEAN,
has_safeguarding_policy BOOLEAN,
works_directly BOOLEAN,
languages VARCHAR(200) NOT NULL,
mission VARCHAR(4000),
zone VARCHAR(64),
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_organisation_profiles PRIMARY KEY (id),
CONSTRAINT ck_organisation_profiles_budget_has_currency CHECK ((annual_budget_minor IS NULL)
= (annual_budget_currency IS NULL)),
CONSTRAINT ck_organisation_profiles_budget_positive CHECK (annual_budget_minor IS NULL OR
annual_budget_minor >= 0),
CONSTRAINT ck_organisation_profiles_annual_budget_minor_whole CHECK (annual_budget_minor IS
NULL OR typeof(annual_budget_minor) = 'integer'),
CONSTRAINT uq_organisation_profiles_party_id UNIQUE (party_id),
CONSTRAINT fk_organisation_profiles_party_id FOREIGN KEY(party_id) REFERENCES parties (id)
)""",
    "statements": """CREATE TABLE statements (
id CHAR(32) NOT NULL,
code VARCHAR(60) NOT NULL,
donor_id CHAR(32) NOT NULL,
fund_id CHAR(32),
from_on DATE NOT NULL,
as_of_on DATE NOT NULL,
known_seq BIGINT NOT NULL,
known_at DATETIME NOT NULL,
sha256 BLOB NOT NULL,
layout INTEGER,
issued_by_id CHAR(32),
issued_at DATETIME NOT NULL,
CONSTRAINT pk_statements PRIMARY KEY (id),
CONSTRAINT ck_statements_period_ordered CHECK (from_on <= as_of_on),
CONSTRAINT uq_statements_code UNIQUE (code),
CONSTRAINT fk_statements_donor_id FOREIGN KEY(donor_id) REFERENCES parties (id),
CONSTRAINT fk_statements_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_statements_issued_by_id FOREIGN KEY(issued_by_id) REFERENCES persons (id)
)""",
    "notices": """CREATE TABLE notices (
id CHAR(32) NOT NULL,
kind VARCHAR(40) NOT NULL,
channel_id CHAR(32),
person_id CHAR(32),
party_id CHAR(32),
fund_id CHAR(32),
about_type VARCHAR(40),
about_id CHAR(32),
facts VARCHAR(200) NOT NULL,
is_neutral BOOLEAN NOT NULL,
in_inbox BOOLEAN NOT NULL,
language VARCHAR(12) NOT NULL,
urgency VARCHAR(10) NOT NULL,
status VARCHAR(10) NOT NULL,
why VARCHAR(20),
attempts INTEGER NOT NULL,
next_try_at DATETIME NOT NULL,
lease_until DATETIME,
digest_id CHAR(32),
sent_at DATETIME,
read_at DATETIME,
event_seq BIGINT NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_notices PRIMARY KEY (id),
CONSTRAINT ck_notices_kind_known CHECK (kind IN ('bank_account_proposed',
'bank_account_changed', 'bank_account_refused', 'channel_changed', 'channel_code',
'disbursement_requested', 'disbursement_certified', 'disbursement_approved',
'disbursement_sent_back', 'disbursement_paid', 'disbursement_confirm_reminder',
'hold_placed', 'agreement_to_sign', 'agreement_in_force', 'amendment_decided',
'requirement_due', 'requirement_overdue', 'refund_requested', 'report_submitted',
'report_returned', 'report_accepted', 'review_after_due', 'grant_suspended',
'release_withheld', 'risk_expiring')),
CONSTRAINT ck_notices_urgency_known CHECK (urgency IN ('at_once', 'digest')),
CONSTRAINT ck_notices_status_known CHECK (status IN ('waiting', 'sending', 'sent', 'failed',
'dropped')),
CONSTRAINT ck_notices_why_known CHECK (why IN ('no_channel', 'by_hand', 'expired',
'undeliverable')),
CONSTRAINT ck_notices_somebody CHECK (person_id IS NOT NULL OR party_id IS NOT NULL),
CONSTRAINT ck_notices_leased CHECK ((status = 'sending') = (lease_until IS NOT NULL)),
CONSTRAINT ck_notices_sent_when CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
CONSTRAINT ck_notices_told_why CHECK ((status IN ('failed', 'dropped')) = (why IS NOT
NULL)),
CONSTRAINT fk_notices_channel_id FOREIGN KEY(channel_id) REFERENCES contact_channels (id),
CONSTRAINT fk_notices_person_id FOREIGN KEY(person_id) REFERENCES persons (id),
CONSTRAINT fk_notices_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_notices_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id)
)""",
    "uploads": """CREATE TABLE uploads (
id CHAR(32) NOT NULL,
party_id CHAR(32),
person_id CHAR(32) NOT NULL,
name VARCHAR(200) NOT NULL,
size_bytes BIGINT NOT NULL,
sha256 VARCHAR(64) NOT NULL,
purpose VARCHAR(20),
received_bytes BIGINT NOT NULL,
status VARCHAR(10) NOT NULL,
reason VARCHAR(1000),
file_id CHAR(32),
declared_at DATETIME NOT NULL,
completed_at DATETIME,
version INTEGER NOT NULL,
CONSTRAINT pk_uploads PRIMARY KEY (id),
CONSTRAINT ck_uploads_status_known CHECK (status IN ('declared', 'completed', 'refused')),
CONSTRAINT ck_uploads_purpose_known CHECK (purpose IN ('report_evidence')),
CONSTRAINT ck_uploads_received_within CHECK (size_bytes > 0 AND received_bytes >= 0 AND
received_bytes <= size_bytes),
CONSTRAINT ck_uploads_completed_file CHECK ((status = 'completed') = (file_id IS NOT NULL)),
CONSTRAINT fk_uploads_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_uploads_person_id FOREIGN KEY(person_id) REFERENCES persons (id),
CONSTRAINT fk_uploads_file_id FOREIGN KEY(file_id) REFERENCES files (id)
)""",
    "expenditure_statements": """CREATE TABLE expenditure_statements (
id CHAR(32) NOT NULL,
code VARCHAR(80) NOT NULL,
grant_id CHAR(32) NOT NULL,
starts_on DATE NOT NULL,
ends_on DATE NOT NULL,
reported_minor BIGINT NOT NULL,
accepted_minor BIGINT NOT NULL,
prefinanced_minor BIGINT NOT NULL,
disallowed_minor BIGINT NOT NULL,
replaces_id CHAR(32),
reason VARCHAR(2000),
status VARCHAR(10) NOT NULL,
reported_by_id CHAR(32) NOT NULL,
reported_at DATETIME NOT NULL,
decided_by_id CHAR(32),
decided_at DATETIME,
decision_reason VARCHAR(2000),
accepted_on DATE,
currency VARCHAR(3),
version INTEGER NOT NULL,
CONSTRAINT pk_expenditure_statements PRIMARY KEY (id),
CONSTRAINT ck_expenditure_statements_status_known CHECK (status IN ('reported', 'returned',
'accepted', 'corrected')),
CONSTRAINT ck_expenditure_statements_reported_minor_in_range CHECK (reported_minor >= 0 AND
reported_minor <= 1000000000000000 AND (reported_minor > 0 OR currency IS NOT NULL)),
CONSTRAINT ck_expenditure_statements_reported_minor_whole CHECK (reported_minor IS NULL OR
typeof(reported_minor) = 'integer'),
CONSTRAINT ck_expenditure_statements_accepted_minor_whole CHECK (accepted_minor IS NULL OR
typeof(accepted_minor) = 'integer'),
CONSTRAINT ck_expenditure_statements_prefinanced_minor_whole CHECK (prefinanced_minor IS
NULL OR typeof(prefinanced_minor) = 'integer'),
CONSTRAINT ck_expenditure_statements_disallowed_minor_whole CHECK (disallowed_minor IS NULL
OR typeof(disallowed_minor) = 'integer'),
CONSTRAINT ck_expenditure_statements_period_ordered CHECK (starts_on <= ends_on),
CONSTRAINT ck_expenditure_statements_two_persons CHECK (decided_by_id <> reported_by_id),
CONSTRAINT ck_expenditure_statements_decided_by_somebody CHECK ((status = 'reported') =
(decided_by_id IS NULL)),
CONSTRAINT ck_expenditure_statements_accepted_has_date CHECK ((status IN ('accepted',
'corrected')) = (accepted_on IS NOT NULL)),
CONSTRAINT ck_expenditure_statements_accepted_within CHECK (accepted_minor >= 0 AND
accepted_minor <= reported_minor),
CONSTRAINT ck_expenditure_statements_parts_within CHECK (prefinanced_minor >= 0 AND
disallowed_minor >= 0 AND prefinanced_minor + disallowed_minor <= accepted_minor),
CONSTRAINT ck_expenditure_statements_correction_has_reason CHECK ((replaces_id IS NULL) =
(reason IS NULL)),
CONSTRAINT uq_expenditure_statements_code UNIQUE (code),
CONSTRAINT fk_expenditure_statements_grant_id FOREIGN KEY(grant_id) REFERENCES grants (id),
CONSTRAINT fk_expenditure_statements_replaces_id FOREIGN KEY(replaces_id) REFERENCES
expenditure_statements (id),
CONSTRAINT fk_expenditure_statements_reported_by_id FOREIGN KEY(reported_by_id) REFERENCES
persons (id),
CONSTRAINT fk_expenditure_statements_decided_by_id FOREIGN KEY(decided_by_id) REFERENCES
persons (id)
)""",
    "expenditure_lines": """CREATE TABLE expenditure_lines (
id CHAR(32) NOT NULL,
statement_id CHAR(32) NOT NULL,
number INTEGER NOT NULL,
category VARCHAR(1) NOT NULL,
description VARCHAR(400),
is_support_cost BOOLEAN NOT NULL,
reported_minor BIGINT NOT NULL,
accepted_minor BIGINT,
unsupported_minor BIGINT,
reason VARCHAR(2000),
kind VARCHAR(20) DEFAULT 'expenditure' NOT NULL,
budget_line INTEGER,
budget_line_id CHAR(32),
local_minor BIGINT,
CONSTRAINT pk_expenditure_lines PRIMARY KEY (id),
CONSTRAINT uq_expenditure_lines_statement_id_number UNIQUE (statement_id, number),
CONSTRAINT ck_expenditure_lines_category_known CHECK (category IN ('A', 'B', 'C', 'D', 'E',
'F', 'G')),
CONSTRAINT ck_expenditure_lines_kind_known CHECK (kind IN ('expenditure',
'exchange_difference')),
CONSTRAINT ck_expenditure_lines_reported_minor_in_range CHECK (reported_minor <=
1000000000000000 AND reported_minor >= CASE kind WHEN 'exchange_difference' THEN
-1000000000000000 ELSE 0 END),
CONSTRAINT ck_expenditure_lines_reported_something CHECK (reported_minor > 0 OR local_minor
IS NOT NULL OR kind = 'exchange_difference'),
CONSTRAINT ck_expenditure_lines_local_minor_whole CHECK (local_minor IS NULL OR
typeof(local_minor) = 'integer'),
CONSTRAINT ck_expenditure_lines_local_positive CHECK (local_minor >= 0),
CONSTRAINT ck_expenditure_lines_reported_minor_whole CHECK (reported_minor IS NULL OR
typeof(reported_minor) = 'integer'),
CONSTRAINT ck_expenditure_lines_accepted_minor_whole CHECK (accepted_minor IS NULL OR
typeof(accepted_minor) = 'integer'),
CONSTRAINT ck_expenditure_lines_unsupported_minor_whole CHECK (unsupported_minor IS NULL OR
typeof(unsupported_minor) = 'integer'),
CONSTRAINT ck_expenditure_lines_decided_adds_up CHECK (kind = 'expenditure' AND
accepted_minor >= 0 AND unsupported_minor >= 0 AND accepted_minor + unsupported_minor =
reported_minor OR kind = 'exchange_difference' AND unsupported_minor = 0 AND (accepted_minor
= reported_minor OR accepted_minor > reported_minor AND accepted_minor <= 0)),
CONSTRAINT ck_expenditure_lines_decided_whole CHECK ((accepted_minor IS NULL) =
(unsupported_minor IS NULL)),
CONSTRAINT ck_expenditure_lines_refusal_has_reason CHECK (unsupported_minor = 0 OR reason IS
NOT NULL),
CONSTRAINT fk_expenditure_lines_statement_id FOREIGN KEY(statement_id) REFERENCES
expenditure_statements (id),
CONSTRAINT fk_expenditure_lines_budget_line_id FOREIGN KEY(budget_line_id) REFERENCES
grant_budget_lines (id)
)""",
}
"""Tables as they become, on SQLite."""

SQLITE_OLD = {
    "persons": """CREATE TABLE persons (
id CHAR(32) NOT NULL,
code VARCHAR(40) NOT NULL,
name VARCHAR(200) NOT NULL,
status VARCHAR(10) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_persons PRIMARY KEY (id),
CONSTRAINT ck_persons_status_known CHECK (status IN ('active', 'left')),
CONSTRAINT uq_persons_code UNIQUE (code)
)""",
    "files": """CREATE TABLE files (
id CHAR(32) NOT NULL,
party_id CHAR(32),
name VARCHAR(200) NOT NULL,
media_type VARCHAR(120) NOT NULL,
sent_sha256 VARCHAR(64) NOT NULL,
sent_bytes BIGINT NOT NULL,
stored_sha256 VARCHAR(64) NOT NULL,
stored_bytes BIGINT NOT NULL,
cleaned VARCHAR(1000) NOT NULL,
uploaded_by_id CHAR(32) NOT NULL,
declared_at DATETIME NOT NULL,
completed_at DATETIME NOT NULL,
CONSTRAINT pk_files PRIMARY KEY (id),
CONSTRAINT ck_files_not_empty CHECK (sent_bytes > 0 AND stored_bytes > 0),
CONSTRAINT fk_files_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_files_uploaded_by_id FOREIGN KEY(uploaded_by_id) REFERENCES persons (id)
)""",
    "organisation_profiles": """CREATE TABLE organisation_profiles (
id CHAR(32) NOT NULL,
party_id CHAR(32) NOT NULL,
registered_on DATE,
registration_country VARCHAR(2),
registration_number VARCHAR(120),
assisting_since_on DATE,
annual_budget_minor BIGINT,
annual_budget_currency VARCHAR(3),
annual_budget_year INTEGER,
has_own_account BOOLEAN,
has_safeguarding_policy BOOLEAN,
works_directly BOOLEAN,
languages VARCHAR(200) NOT NULL,
mission VARCHAR(4000),
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_organisation_profiles PRIMARY KEY (id),
CONSTRAINT ck_organisation_profiles_budget_has_currency CHECK ((annual_budget_minor IS NULL)
= (annual_budget_currency IS NULL)),
CONSTRAINT ck_organisation_profiles_budget_positive CHECK (annual_budget_minor IS NULL OR
annual_budget_minor >= 0),
CONSTRAINT fk_organisation_profiles_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT uq_organisation_profiles_party_id UNIQUE (party_id),
CONSTRAINT ck_organisation_profiles_annual_budget_minor_whole CHECK (annual_budget_minor IS
NULL OR typeof(annual_budget_minor) = 'integer')
)""",
    "statements": """CREATE TABLE statements (
id CHAR(32) NOT NULL,
code VARCHAR(60) NOT NULL,
donor_id CHAR(32) NOT NULL,
fund_id CHAR(32),
from_on DATE NOT NULL,
as_of_on DATE NOT NULL,
known_seq BIGINT NOT NULL,
known_at DATETIME NOT NULL,
sha256 BLOB NOT NULL,
issued_by_id CHAR(32),
issued_at DATETIME NOT NULL,
CONSTRAINT pk_statements PRIMARY KEY (id),
CONSTRAINT ck_statements_period_ordered CHECK (from_on <= as_of_on),
CONSTRAINT fk_statements_donor_id FOREIGN KEY(donor_id) REFERENCES parties (id),
CONSTRAINT fk_statements_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_statements_issued_by_id FOREIGN KEY(issued_by_id) REFERENCES persons (id),
CONSTRAINT uq_statements_code UNIQUE (code)
)""",
    "notices": """CREATE TABLE notices (
id CHAR(32) NOT NULL,
kind VARCHAR(40) NOT NULL,
channel_id CHAR(32),
person_id CHAR(32),
party_id CHAR(32),
fund_id CHAR(32),
about_type VARCHAR(40),
about_id CHAR(32),
facts VARCHAR(200) NOT NULL,
is_neutral BOOLEAN NOT NULL,
in_inbox BOOLEAN NOT NULL,
language VARCHAR(12) NOT NULL,
urgency VARCHAR(10) NOT NULL,
status VARCHAR(10) NOT NULL,
why VARCHAR(20),
attempts INTEGER NOT NULL,
next_try_at DATETIME NOT NULL,
lease_until DATETIME,
digest_id CHAR(32),
sent_at DATETIME,
read_at DATETIME,
event_seq BIGINT NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_notices PRIMARY KEY (id),
CONSTRAINT ck_notices_leased CHECK ((status = 'sending') = (lease_until IS NOT NULL)),
CONSTRAINT ck_notices_sent_when CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
CONSTRAINT ck_notices_told_why CHECK ((status IN ('failed', 'dropped')) = (why IS NOT
NULL)),
CONSTRAINT ck_notices_kind_known CHECK (kind IN ('bank_account_proposed',
'bank_account_changed', 'bank_account_refused', 'channel_changed', 'channel_code',
'disbursement_requested', 'disbursement_certified', 'disbursement_approved',
'disbursement_sent_back', 'disbursement_paid', 'disbursement_confirm_reminder',
'hold_placed', 'agreement_to_sign', 'agreement_in_force', 'amendment_decided',
'requirement_due', 'requirement_overdue', 'refund_requested', 'review_after_due',
'grant_suspended')),
CONSTRAINT ck_notices_status_known CHECK (status IN ('waiting', 'sending', 'sent', 'failed',
'dropped')),
CONSTRAINT ck_notices_urgency_known CHECK (urgency IN ('at_once', 'digest')),
CONSTRAINT ck_notices_why_known CHECK (why IN ('no_channel', 'by_hand', 'expired',
'undeliverable')),
CONSTRAINT ck_notices_somebody CHECK (person_id IS NOT NULL OR party_id IS NOT NULL),
CONSTRAINT fk_notices_channel_id FOREIGN KEY(channel_id) REFERENCES contact_channels (id),
CONSTRAINT fk_notices_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_notices_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_notices_person_id FOREIGN KEY(person_id) REFERENCES persons (id)
)""",
    "uploads": """CREATE TABLE uploads (
id CHAR(32) NOT NULL,
party_id CHAR(32),
person_id CHAR(32) NOT NULL,
name VARCHAR(200) NOT NULL,
size_bytes BIGINT NOT NULL,
sha256 VARCHAR(64) NOT NULL,
received_bytes BIGINT NOT NULL,
status VARCHAR(10) NOT NULL,
reason VARCHAR(1000),
file_id CHAR(32),
declared_at DATETIME NOT NULL,
completed_at DATETIME,
version INTEGER NOT NULL,
CONSTRAINT pk_uploads PRIMARY KEY (id),
CONSTRAINT ck_uploads_completed_file CHECK ((status = 'completed') = (file_id IS NOT NULL)),
CONSTRAINT ck_uploads_status_known CHECK (status IN ('declared', 'completed', 'refused')),
CONSTRAINT ck_uploads_received_within CHECK (size_bytes > 0 AND received_bytes >= 0 AND
received_bytes <= size_bytes),
CONSTRAINT fk_uploads_file_id FOREIGN KEY(file_id) REFERENCES files (id),
CONSTRAINT fk_uploads_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_uploads_person_id FOREIGN KEY(person_id) REFERENCES persons (id)
)""",
    "expenditure_statements": """CREATE TABLE expenditure_statements (
id CHAR(32) NOT NULL,
code VARCHAR(80) NOT NULL,
grant_id CHAR(32) NOT NULL,
starts_on DATE NOT NULL,
ends_on DATE NOT NULL,
reported_minor BIGINT NOT NULL,
accepted_minor BIGINT NOT NULL,
prefinanced_minor BIGINT NOT NULL,
disallowed_minor BIGINT NOT NULL,
replaces_id CHAR(32),
reason VARCHAR(2000),
status VARCHAR(10) NOT NULL,
reported_by_id CHAR(32) NOT NULL,
reported_at DATETIME NOT NULL,
decided_by_id CHAR(32),
decided_at DATETIME,
decision_reason VARCHAR(2000),
accepted_on DATE,
version INTEGER NOT NULL,
CONSTRAINT pk_expenditure_statements PRIMARY KEY (id),
CONSTRAINT ck_expenditure_statements_decided_by_somebody CHECK ((status = 'reported') =
(decided_by_id IS NULL)),
CONSTRAINT ck_expenditure_statements_accepted_has_date CHECK ((status IN ('accepted',
'corrected')) = (accepted_on IS NOT NULL)),
CONSTRAINT ck_expenditure_statements_accepted_minor_whole CHECK (accepted_minor IS NULL OR
typeof(accepted_minor) = 'integer'),
CONSTRAINT ck_expenditure_statements_disallowed_minor_whole CHECK (disallowed_minor IS NULL
OR typeof(disallowed_minor) = 'integer'),
CONSTRAINT ck_expenditure_statements_prefinanced_minor_whole CHECK (prefinanced_minor IS
NULL OR typeof(prefinanced_minor) = 'integer'),
CONSTRAINT ck_expenditure_statements_reported_minor_whole CHECK (reported_minor IS NULL OR
typeof(reported_minor) = 'integer'),
CONSTRAINT ck_expenditure_statements_status_known CHECK (status IN ('reported', 'returned',
'accepted', 'corrected')),
CONSTRAINT ck_expenditure_statements_correction_has_reason CHECK ((replaces_id IS NULL) =
(reason IS NULL)),
CONSTRAINT ck_expenditure_statements_accepted_within CHECK (accepted_minor >= 0 AND
accepted_minor <= reported_minor),
CONSTRAINT ck_expenditure_statements_two_persons CHECK (decided_by_id <> reported_by_id),
CONSTRAINT ck_expenditure_statements_parts_within CHECK (prefinanced_minor >= 0 AND
disallowed_minor >= 0 AND prefinanced_minor + disallowed_minor <= accepted_minor),
CONSTRAINT ck_expenditure_statements_reported_minor_in_range CHECK (reported_minor > 0 AND
reported_minor <= 1000000000000000),
CONSTRAINT ck_expenditure_statements_period_ordered CHECK (starts_on <= ends_on),
CONSTRAINT fk_expenditure_statements_decided_by_id FOREIGN KEY(decided_by_id) REFERENCES
persons (id),
CONSTRAINT fk_expenditure_statements_grant_id FOREIGN KEY(grant_id) REFERENCES grants (id),
CONSTRAINT fk_expenditure_statements_replaces_id FOREIGN KEY(replaces_id) REFERENCES
expenditure_statements (id),
CONSTRAINT fk_expenditure_statements_reported_by_id FOREIGN KEY(reported_by_id) REFERENCES
persons (id),
CONSTRAINT uq_expenditure_statements_code UNIQUE (code)
)""",
    "expenditure_lines": """CREATE TABLE expenditure_lines (
id CHAR(32) NOT NULL,
statement_id CHAR(32) NOT NULL,
number INTEGER NOT NULL,
category VARCHAR(1) NOT NULL,
description VARCHAR(400),
is_support_cost BOOLEAN NOT NULL,
reported_minor BIGINT NOT NULL,
accepted_minor BIGINT,
unsupported_minor BIGINT,
reason VARCHAR(2000),
CONSTRAINT pk_expenditure_lines PRIMARY KEY (id),
CONSTRAINT ck_expenditure_lines_accepted_minor_whole CHECK (accepted_minor IS NULL OR
typeof(accepted_minor) = 'integer'),
CONSTRAINT ck_expenditure_lines_category_known CHECK (category IN ('A', 'B', 'C', 'D', 'E',
'F', 'G')),
CONSTRAINT ck_expenditure_lines_reported_minor_whole CHECK (reported_minor IS NULL OR
typeof(reported_minor) = 'integer'),
CONSTRAINT ck_expenditure_lines_unsupported_minor_whole CHECK (unsupported_minor IS NULL OR
typeof(unsupported_minor) = 'integer'),
CONSTRAINT ck_expenditure_lines_decided_whole CHECK ((accepted_minor IS NULL) =
(unsupported_minor IS NULL)),
CONSTRAINT ck_expenditure_lines_decided_adds_up CHECK (accepted_minor >= 0 AND
unsupported_minor >= 0 AND accepted_minor + unsupported_minor = reported_minor),
CONSTRAINT ck_expenditure_lines_reported_minor_in_range CHECK (reported_minor > 0 AND
reported_minor <= 1000000000000000),
CONSTRAINT ck_expenditure_lines_refusal_has_reason CHECK (unsupported_minor = 0 OR reason IS
NOT NULL),
CONSTRAINT fk_expenditure_lines_statement_id FOREIGN KEY(statement_id) REFERENCES
expenditure_statements (id),
CONSTRAINT uq_expenditure_lines_statement_id_number UNIQUE (statement_id, number)
)""",
}
"""Tables as they were, on SQLite."""

COPIED = {
    "persons": (
        "id",
        "code",
        "name",
        "status",
        "version",
        "created_at",
    ),
    "files": (
        "id",
        "party_id",
        "name",
        "media_type",
        "sent_sha256",
        "sent_bytes",
        "stored_sha256",
        "stored_bytes",
        "cleaned",
        "uploaded_by_id",
        "declared_at",
        "completed_at",
    ),
    "organisation_profiles": (
        "id",
        "party_id",
        "registered_on",
        "registration_country",
        "registration_number",
        "assisting_since_on",
        "annual_budget_minor",
        "annual_budget_currency",
        "annual_budget_year",
        "has_own_account",
        "has_safeguarding_policy",
        "works_directly",
        "languages",
        "mission",
        "version",
        "created_at",
    ),
    "statements": (
        "id",
        "code",
        "donor_id",
        "fund_id",
        "from_on",
        "as_of_on",
        "known_seq",
        "known_at",
        "sha256",
        "issued_by_id",
        "issued_at",
    ),
    "notices": (
        "id",
        "kind",
        "channel_id",
        "person_id",
        "party_id",
        "fund_id",
        "about_type",
        "about_id",
        "facts",
        "is_neutral",
        "in_inbox",
        "language",
        "urgency",
        "status",
        "why",
        "attempts",
        "next_try_at",
        "lease_until",
        "digest_id",
        "sent_at",
        "read_at",
        "event_seq",
        "created_at",
    ),
    "uploads": (
        "id",
        "party_id",
        "person_id",
        "name",
        "size_bytes",
        "sha256",
        "received_bytes",
        "status",
        "reason",
        "file_id",
        "declared_at",
        "completed_at",
        "version",
    ),
    "expenditure_statements": (
        "id",
        "code",
        "grant_id",
        "starts_on",
        "ends_on",
        "reported_minor",
        "accepted_minor",
        "prefinanced_minor",
        "disallowed_minor",
        "replaces_id",
        "reason",
        "status",
        "reported_by_id",
        "reported_at",
        "decided_by_id",
        "decided_at",
        "decision_reason",
        "accepted_on",
        "version",
    ),
    "expenditure_lines": (
        "id",
        "statement_id",
        "number",
        "category",
        "description",
        "is_support_cost",
        "reported_minor",
        "accepted_minor",
        "unsupported_minor",
        "reason",
    ),
}
"""Columns that both have."""

SQLITE_INDEXES = (
    """CREATE INDEX ix_files_party_id ON files (party_id)""",
    """CREATE INDEX ix_files_sent_sha256 ON files (sent_sha256)""",
    """CREATE INDEX ix_statements_donor_id ON statements (donor_id)""",
    """CREATE INDEX ix_notices_about_id ON notices (about_id)""",
    """CREATE INDEX ix_notices_channel_id ON notices (channel_id, status)""",
    """CREATE INDEX ix_notices_person_id ON notices (person_id)""",
    """CREATE INDEX ix_notices_status_next_try_at ON notices (status, next_try_at)""",
    """CREATE INDEX ix_uploads_person_id_status ON uploads (person_id, status)""",
    """CREATE INDEX ix_expenditure_statements_grant_id ON expenditure_statements (grant_id)""",
    """CREATE INDEX ix_expenditure_statements_replaces_id ON expenditure_statements (replaces_id)""",
)
"""Indexes of the copied tables as they become."""

SQLITE_OLD_INDEXES = (
    """CREATE INDEX ix_files_party_id ON files (party_id)""",
    """CREATE INDEX ix_files_sent_sha256 ON files (sent_sha256)""",
    """CREATE INDEX ix_statements_donor_id ON statements (donor_id)""",
    """CREATE INDEX ix_notices_about_id ON notices (about_id)""",
    """CREATE INDEX ix_notices_channel_id ON notices (channel_id, status)""",
    """CREATE INDEX ix_notices_person_id ON notices (person_id)""",
    """CREATE INDEX ix_notices_status_next_try_at ON notices (status, next_try_at)""",
    """CREATE INDEX ix_uploads_person_id_status ON uploads (person_id, status)""",
    """CREATE INDEX ix_expenditure_statements_grant_id ON expenditure_statements (grant_id)""",
    """CREATE INDEX ix_expenditure_statements_replaces_id ON expenditure_statements (replaces_id)""",
)
"""Indexes of the copied tables as they were."""

TABLES = (
    "standing_values",
    "request_decisions",
    "report_values",
    "report_salts",
    "report_receipts",
    "report_expenditures",
    "report_contents",
    "report_comments",
    "report_certifications",
    "accepted_versions",
    "report_versions",
    "evidence_inspections",
    "report_requirements",
    "report_reads",
    "report_evidence",
    "local_receipts",
    "progress_reports",
    "source_targets",
    "release_cells",
    "partner_assessments",
    "due_diligence_checks",
    "disposals",
    "retention_rules",
    "releases",
    "places_at_risk",
    "confirmed_items",
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
        "confirmed_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("item_key", Text(64), nullable=False),
        sa.Column("confirmed_as", Text(20), nullable=False),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "confirmed_as IN ('staff', 'official', 'published_contact')",
            name=op.f("ck_confirmed_items_confirmed_as_known"),
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["persons.id"], name=op.f("fk_confirmed_items_confirmed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_confirmed_items_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmed_items")),
        sa.UniqueConstraint(
            "party_id", "item_key", name=op.f("uq_confirmed_items_party_id_item_key")
        ),
        info={"append_only": True},
    )
    op.create_table(
        "places_at_risk",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", Text(2), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("flagged_by_id", sa.Uuid(), nullable=False),
        sa.Column("flagged_at", UtcDateTime(), nullable=False),
        sa.Column("lifted_by_id", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lift_reason", Text(2000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'lifted') = (lifted_by_id IS NOT NULL)",
            name=op.f("ck_places_at_risk_lifted_whole"),
        ),
        sa.CheckConstraint(
            "status IN ('flagged', 'lifted')", name=op.f("ck_places_at_risk_status_known")
        ),
        sa.CheckConstraint(
            "lifted_by_id <> flagged_by_id", name=op.f("ck_places_at_risk_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["flagged_by_id"], ["persons.id"], name=op.f("fk_places_at_risk_flagged_by_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_places_at_risk_fund_id")),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"], ["persons.id"], name=op.f("fk_places_at_risk_lifted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places_at_risk")),
    )
    op.create_index(
        "ix_places_at_risk_country_status", "places_at_risk", ["country", "status"], unique=False
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("class_name", Text(10), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("known_seq", sa.BigInteger(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("indicators", Text(400), nullable=False),
        sa.Column("pattern_id", Text(64), nullable=False),
        sa.Column("basis", Text(64), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("prepared_at", UtcDateTime(), nullable=False),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("published_by_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by_id", sa.Uuid(), nullable=True),
        sa.Column("withheld_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'withdrawn') = (withdrawn_at IS NOT NULL)",
            name=op.f("ck_releases_withdrawn_at"),
        ),
        sa.CheckConstraint(
            "class_name IN ('outside', 'inside')", name=op.f("ck_releases_class_name_known")
        ),
        sa.CheckConstraint(
            "status <> 'published' OR published_at IS NOT NULL",
            name=op.f("ck_releases_published_by"),
        ),
        sa.CheckConstraint(
            "status <> 'withdrawn' OR reason IS NOT NULL", name=op.f("ck_releases_withdrawn_why")
        ),
        sa.CheckConstraint(
            "status IN ('prepared', 'published', 'withdrawn')",
            name=op.f("ck_releases_status_known"),
        ),
        whole("threshold"),
        sa.CheckConstraint(
            "(published_at IS NULL) = (published_by_id IS NULL)",
            name=op.f("ck_releases_published_whole"),
        ),
        sa.CheckConstraint(
            "published_by_id <> prepared_by_id", name=op.f("ck_releases_two_persons")
        ),
        sa.CheckConstraint(
            "withheld_at IS NULL OR published_at IS NOT NULL",
            name=op.f("ck_releases_withheld_when_out"),
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_releases_fund_id")),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"], ["persons.id"], name=op.f("fk_releases_prepared_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["persons.id"], name=op.f("fk_releases_published_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["persons.id"], name=op.f("fk_releases_withdrawn_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("code", name=op.f("uq_releases_code")),
    )
    op.create_index("ix_releases_fund_id", "releases", ["fund_id", "as_of_on"], unique=False)
    op.create_table(
        "retention_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_class", Text(40), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by_id IS NULL)",
            name=op.f("ck_retention_rules_decided"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'refused')",
            name=op.f("ck_retention_rules_status_known"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name=op.f("ck_retention_rules_two_persons")
        ),
        sa.CheckConstraint(
            "months >= 1 AND months <= 600", name=op.f("ck_retention_rules_months_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_retention_rules_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_retention_rules_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rules")),
    )
    op.create_index(
        "ix_retention_rules_data_class", "retention_rules", ["data_class", "status"], unique=False
    )
    op.create_table(
        "disposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_class", Text(40), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("before_at", UtcDateTime(), nullable=False),
        sa.Column("rows_disposed", sa.Integer(), nullable=False),
        sa.Column("ids_sha256", Text(64), nullable=False),
        sa.Column("disposed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("rows_disposed > 0", name=op.f("ck_disposals_of_something")),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["retention_rules.id"], name=op.f("fk_disposals_rule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposals")),
        info={"append_only": True},
    )
    op.create_index("ix_disposals_data_class", "disposals", ["data_class"], unique=False)
    op.create_table(
        "due_diligence_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(40), nullable=False),
        sa.Column("outcome", Text(20), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=False),
        sa.Column("note", Text(4000), nullable=True),
        sa.Column("evidence_file_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('passed', 'failed', 'not_applicable')",
            name=op.f("ck_due_diligence_checks_outcome_known"),
        ),
        sa.CheckConstraint(
            "checked_on <= valid_until_on", name=op.f("ck_due_diligence_checks_dates_ordered")
        ),
        sa.CheckConstraint(
            "note IS NOT NULL OR evidence_file_id IS NOT NULL",
            name=op.f("ck_due_diligence_checks_has_evidence"),
        ),
        sa.ForeignKeyConstraint(
            ["evidence_file_id"],
            ["files.id"],
            name=op.f("fk_due_diligence_checks_evidence_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_due_diligence_checks_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["persons.id"], name=op.f("fk_due_diligence_checks_recorded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_diligence_checks")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_due_diligence_checks_party_id", "due_diligence_checks", ["party_id"], unique=False
    )
    op.create_table(
        "partner_assessments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=False),
        sa.Column("questionnaire", sa.Integer(), nullable=False),
        sa.Column("applicable", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("band", Text(12), nullable=False),
        sa.Column("computed_tier", Text(10), nullable=False),
        sa.Column("tier", Text(10), nullable=False),
        sa.Column("override_reason", Text(2000), nullable=True),
        sa.Column("content", Text(200000), nullable=False),
        sa.Column("assessed_by_id", sa.Uuid(), nullable=False),
        sa.Column("assessed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decision_reason", Text(2000), nullable=True),
        sa.Column("risk_assessment_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'confirmed') = (risk_assessment_id IS NOT NULL)",
            name=op.f("ck_partner_assessments_confirmed_counts"),
        ),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by_id IS NULL)",
            name=op.f("ck_partner_assessments_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "band IN ('low', 'medium', 'significant', 'high')",
            name=op.f("ck_partner_assessments_band_known"),
        ),
        sa.CheckConstraint(
            "computed_tier IN ('low', 'medium', 'high')",
            name=op.f("ck_partner_assessments_computed_tier_known"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'confirmed', 'refused', 'withdrawn')",
            name=op.f("ck_partner_assessments_status_known"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('confirmed', 'refused') OR decided_by_id <> assessed_by_id",
            name=op.f("ck_partner_assessments_two_persons"),
        ),
        sa.CheckConstraint(
            "tier IN ('low', 'medium', 'high')", name=op.f("ck_partner_assessments_tier_known")
        ),
        sa.CheckConstraint(
            "(tier = computed_tier) = (override_reason IS NULL)",
            name=op.f("ck_partner_assessments_override"),
        ),
        sa.CheckConstraint(
            "applicable > 0 AND score >= applicable",
            name=op.f("ck_partner_assessments_score_adds_up"),
        ),
        sa.CheckConstraint(
            "assessed_on <= valid_until_on", name=op.f("ck_partner_assessments_dates_ordered")
        ),
        sa.ForeignKeyConstraint(
            ["assessed_by_id"], ["persons.id"], name=op.f("fk_partner_assessments_assessed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_partner_assessments_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_partner_assessments_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["risk_assessment_id"],
            ["risk_assessments.id"],
            name=op.f("fk_partner_assessments_risk_assessment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_assessments")),
        sa.UniqueConstraint("code", name=op.f("uq_partner_assessments_code")),
    )
    op.create_index(
        "ix_partner_assessments_party_id", "partner_assessments", ["party_id"], unique=False
    )
    op.create_index(
        "uq_partner_assessments_proposed",
        "partner_assessments",
        ["party_id"],
        unique=True,
        sqlite_where=sa.text("status = 'proposed'"),
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.create_table(
        "release_cells",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("indicator", Text(10), nullable=False),
        sa.Column("level", Text(10), nullable=False),
        sa.Column("unit", Text(80), nullable=False),
        sa.Column("period", Text(20), nullable=False),
        sa.Column("dimension", Text(20), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("measure", Text(12), nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "level IN ('fund', 'region', 'country', 'grant')",
            name=op.f("ck_release_cells_level_known"),
        ),
        sa.CheckConstraint(
            "measure IN ('count', 'numerator', 'denominator')",
            name=op.f("ck_release_cells_measure_known"),
        ),
        sa.CheckConstraint(
            "low >= 0 AND (high IS NULL OR low <= high)", name=op.f("ck_release_cells_ordered")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_release_cells_release_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_cells")),
        sa.UniqueConstraint(
            "release_id",
            "indicator",
            "level",
            "unit",
            "period",
            "dimension",
            "code",
            "measure",
            name="uq_release_cells_cell",
        ),
        info={"append_only": True},
    )
    op.create_table(
        "source_targets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("indicator", Text(10), nullable=False),
        sa.Column("dimension", Text(20), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("recorded_seq", sa.BigInteger(), nullable=False),
        sa.Column("superseded_seq", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(dimension = 'total') = (code = '')", name=op.f("ck_source_targets_total_has_no_code")
        ),
        whole("target"),
        sa.CheckConstraint(
            "superseded_seq > recorded_seq", name=op.f("ck_source_targets_superseded_later")
        ),
        sa.CheckConstraint("target >= 0", name=op.f("ck_source_targets_count")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_source_targets_fund_id")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_source_targets_grant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_targets")),
    )
    op.create_index("ix_source_targets_fund_id", "source_targets", ["fund_id"], unique=False)
    op.create_index(
        "uq_source_targets_standing",
        "source_targets",
        ["grant_id", "indicator", "dimension", "code"],
        unique=True,
        sqlite_where=sa.text("superseded_seq IS NULL"),
        postgresql_where=sa.text("superseded_seq IS NULL"),
    )
    op.create_table(
        "progress_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("zone", Text(64), nullable=False),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("asks_narrative", sa.Boolean(), nullable=False),
        sa.Column("asks_expenditure", sa.Boolean(), nullable=False),
        sa.Column("language", Text(3), nullable=False),
        sa.Column("currency", Text(3), nullable=True),
        sa.Column("method", Text(20), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("draft_number", sa.Integer(), nullable=False),
        sa.Column("submitted_number", sa.Integer(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("submitted_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("accepted_number", sa.Integer(), nullable=True),
        sa.Column("correction_reason", Text(2000), nullable=True),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status <> 'accepted' OR accepted_number IS NOT NULL",
            name=op.f("ck_progress_reports_accepted_which"),
        ),
        sa.CheckConstraint(
            "status IN ('draft') OR submitted_number IS NOT NULL",
            name=op.f("ck_progress_reports_submitted_which"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'returned', 'accepted')",
            name=op.f("ck_progress_reports_status_known"),
        ),
        sa.CheckConstraint(
            "(correction_reason IS NULL) OR accepted_number IS NOT NULL",
            name=op.f("ck_progress_reports_correction_of"),
        ),
        sa.CheckConstraint(
            "asks_narrative OR asks_expenditure", name=op.f("ck_progress_reports_asks_something")
        ),
        sa.CheckConstraint(
            "decided_by_id <> submitted_by_id", name=op.f("ck_progress_reports_two_persons")
        ),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_progress_reports_period_ordered")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["persons.id"], name=op.f("fk_progress_reports_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_progress_reports_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_progress_reports_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_progress_reports_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["expenditure_statements.id"],
            name=op.f("fk_progress_reports_statement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["persons.id"], name=op.f("fk_progress_reports_submitted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_reports")),
        sa.UniqueConstraint("code", name=op.f("uq_progress_reports_code")),
        sa.UniqueConstraint("grant_id", "number", name=op.f("uq_progress_reports_grant_id_number")),
    )
    op.create_index("ix_progress_reports_due_at", "progress_reports", ["due_at"], unique=False)
    op.create_index(
        "ix_progress_reports_fund_id_status",
        "progress_reports",
        ["fund_id", "status"],
        unique=False,
    )
    op.create_table(
        "local_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("disbursement_id", sa.Uuid(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("local_minor", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("declared_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        whole("base_minor"),
        whole("local_minor"),
        sa.CheckConstraint(
            "(reverses_id IS NULL) = (reason IS NULL)",
            name=op.f("ck_local_receipts_reversal_has_reason"),
        ),
        sa.CheckConstraint(
            "base_minor > 0 AND base_minor <= 1000000000000000",
            name=op.f("ck_local_receipts_base_minor_in_range"),
        ),
        sa.CheckConstraint(
            "local_minor > 0 AND local_minor <= 1000000000000000",
            name=op.f("ck_local_receipts_local_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["declared_by_id"], ["persons.id"], name=op.f("fk_local_receipts_declared_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["disbursement_id"],
            ["disbursements.id"],
            name=op.f("fk_local_receipts_disbursement_id"),
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_local_receipts_file_id")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_local_receipts_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["local_receipts.id"], name=op.f("fk_local_receipts_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_receipts")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_local_receipts_reverses_id")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_local_receipts_disbursement_id", "local_receipts", ["disbursement_id"], unique=False
    )
    op.create_index("ix_local_receipts_grant_id", "local_receipts", ["grant_id"], unique=False)
    op.create_table(
        "report_evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=True),
        sa.Column("result_number", sa.Integer(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("register_number", Text(80), nullable=True),
        sa.Column("content_sha256", Text(64), nullable=True),
        sa.Column("added_by_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("removed_by_id", sa.Uuid(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'file') = (file_id IS NOT NULL)", name=op.f("ck_report_evidence_file_is_named")
        ),
        sa.CheckConstraint(
            "(kind = 'register') = (register_number IS NOT NULL)",
            name=op.f("ck_report_evidence_register_is_named"),
        ),
        sa.CheckConstraint(
            "kind <> 'file' OR content_sha256 IS NOT NULL",
            name=op.f("ck_report_evidence_file_has_digest"),
        ),
        sa.CheckConstraint(
            "kind IN ('file', 'register')", name=op.f("ck_report_evidence_kind_known")
        ),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removed_by_id IS NULL)",
            name=op.f("ck_report_evidence_removed_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["persons.id"], name=op.f("fk_report_evidence_added_by_id")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_report_evidence_file_id")),
        sa.ForeignKeyConstraint(
            ["removed_by_id"], ["persons.id"], name=op.f("fk_report_evidence_removed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["progress_reports.id"], name=op.f("fk_report_evidence_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_evidence")),
    )
    op.create_index(
        "ix_report_evidence_content_sha256", "report_evidence", ["content_sha256"], unique=False
    )
    op.create_index("ix_report_evidence_report_id", "report_evidence", ["report_id"], unique=False)
    op.create_table(
        "report_reads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_report_reads_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["progress_reports.id"], name=op.f("fk_report_reads_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_reads")),
        info={"append_only": True},
    )
    op.create_index("ix_report_reads_report_id", "report_reads", ["report_id"], unique=False)
    op.create_table(
        "report_requirements",
        sa.Column("requirement_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["progress_reports.id"], name=op.f("fk_report_requirements_report_id")
        ),
        sa.ForeignKeyConstraint(
            ["requirement_id"],
            ["requirements.id"],
            name=op.f("fk_report_requirements_requirement_id"),
        ),
        sa.PrimaryKeyConstraint("requirement_id", name=op.f("pk_report_requirements")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_report_requirements_report_id", "report_requirements", ["report_id"], unique=False
    )
    op.create_table(
        "evidence_inspections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("inspected_on", sa.Date(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("note", Text(2000), nullable=True),
        sa.Column("inspected_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evidence_id"],
            ["report_evidence.id"],
            name=op.f("fk_evidence_inspections_evidence_id"),
        ),
        sa.ForeignKeyConstraint(
            ["inspected_by_id"],
            ["persons.id"],
            name=op.f("fk_evidence_inspections_inspected_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_inspections")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_evidence_inspections_evidence_id", "evidence_inspections", ["evidence_id"], unique=False
    )
    op.create_table(
        "report_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=True),
        sa.Column("saved_by_id", sa.Uuid(), nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('draft', 'submitted', 'aside')", name=op.f("ck_report_versions_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["progress_reports.id"], name=op.f("fk_report_versions_report_id")
        ),
        sa.ForeignKeyConstraint(
            ["saved_by_id"], ["persons.id"], name=op.f("fk_report_versions_saved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["grant_agreement_texts.id"], name=op.f("fk_report_versions_text_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_versions")),
        sa.UniqueConstraint(
            "report_id", "number", name=op.f("uq_report_versions_report_id_number")
        ),
        info={"append_only": True},
    )
    op.create_table(
        "accepted_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=False),
        sa.Column("accepted_seq", sa.BigInteger(), nullable=False),
        sa.Column("superseded_seq", sa.BigInteger(), nullable=True),
        sa.Column("origin", Text(10), nullable=False),
        sa.CheckConstraint(
            "origin IN ('fund', 'source')", name=op.f("ck_accepted_versions_origin_known")
        ),
        sa.CheckConstraint(
            "superseded_seq > accepted_seq", name=op.f("ck_accepted_versions_superseded_later")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_accepted_versions_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_accepted_versions_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["progress_reports.id"], name=op.f("fk_accepted_versions_report_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_accepted_versions_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_versions")),
        sa.UniqueConstraint("version_id", name=op.f("uq_accepted_versions_version_id")),
    )
    op.create_index(
        "ix_accepted_versions_fund_id", "accepted_versions", ["fund_id", "ends_on"], unique=False
    )
    op.create_index(
        "ix_accepted_versions_grant_id", "accepted_versions", ["grant_id"], unique=False
    )
    op.create_index(
        "uq_accepted_versions_standing",
        "accepted_versions",
        ["report_id"],
        unique=True,
        sqlite_where=sa.text("superseded_seq IS NULL"),
        postgresql_where=sa.text("superseded_seq IS NULL"),
    )
    op.create_table(
        "report_certifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("is_expenditure_certified", sa.Boolean(), nullable=False),
        sa.Column("is_request_certified", sa.Boolean(), nullable=False),
        sa.Column("certified_by_id", sa.Uuid(), nullable=False),
        sa.Column("certified_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "is_expenditure_certified",
            name=op.f("ck_report_certifications_expenditure_is_certified"),
        ),
        sa.ForeignKeyConstraint(
            ["certified_by_id"],
            ["persons.id"],
            name=op.f("fk_report_certifications_certified_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_report_certifications_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_certifications")),
        sa.UniqueConstraint("version_id", name=op.f("uq_report_certifications_version_id")),
        info={"append_only": True},
    )
    op.create_table(
        "report_comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("pointer", Text(200), nullable=False),
        sa.Column("comment", Text(2000), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["persons.id"], name=op.f("fk_report_comments_by_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_report_comments_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_comments")),
    )
    op.create_index(
        "ix_report_comments_version_id", "report_comments", ["version_id"], unique=False
    )
    op.create_table(
        "report_contents",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("content", Text(1000000), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_report_contents_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_report_contents")),
    )
    op.create_table(
        "report_expenditures",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=False),
        sa.Column("local_minor", sa.BigInteger(), nullable=False),
        sa.Column("reported_minor", sa.BigInteger(), nullable=False),
        sa.Column("requested_minor", sa.BigInteger(), nullable=False),
        whole("local_minor"),
        whole("reported_minor"),
        whole("requested_minor"),
        sa.CheckConstraint(
            "local_minor <= 1000000000000000 AND reported_minor <= 1000000000000000 AND requested_minor <= 1000000000000000",
            name=op.f("ck_report_expenditures_amounts_bounded"),
        ),
        sa.CheckConstraint(
            "local_minor >= 0 AND reported_minor >= 0 AND requested_minor >= 0",
            name=op.f("ck_report_expenditures_amounts_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_report_expenditures_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "line_number", name=op.f("pk_report_expenditures")),
        info={"append_only": True},
    )
    op.create_table(
        "report_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("body", Text(20000), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("key_id", Text(64), nullable=False),
        sa.Column("signature", Text(200), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_report_receipts_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_receipts")),
        sa.UniqueConstraint("version_id", name=op.f("uq_report_receipts_version_id")),
        info={"append_only": True},
    )
    op.create_table(
        "report_salts",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("salt", Text(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_report_salts_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_report_salts")),
        info={"append_only": True},
    )
    op.create_table(
        "report_values",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("result_number", sa.Integer(), nullable=False),
        sa.Column("dimension", Text(20), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("indicator", Text(10), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(dimension = 'total') = (code = '')", name=op.f("ck_report_values_total_has_no_code")
        ),
        whole("denominator"),
        whole("numerator"),
        sa.CheckConstraint(
            "denominator IS NULL OR numerator <= denominator", name=op.f("ck_report_values_share")
        ),
        sa.CheckConstraint(
            "numerator <= 1000000000000000", name=op.f("ck_report_values_numerator_bounded")
        ),
        sa.CheckConstraint(
            "numerator >= 0 AND (denominator IS NULL OR denominator >= 0)",
            name=op.f("ck_report_values_counts"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_report_values_version_id")
        ),
        sa.PrimaryKeyConstraint(
            "version_id", "result_number", "dimension", "code", name=op.f("pk_report_values")
        ),
        info={"append_only": True},
    )
    op.create_index(
        "ix_report_values_dimension_version_id",
        "report_values",
        ["dimension", "version_id", "indicator", "code", "numerator", "denominator"],
        unique=False,
    )
    op.create_table(
        "request_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=False),
        sa.Column("authorised_minor", sa.BigInteger(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        whole("authorised_minor"),
        sa.CheckConstraint(
            "authorised_minor >= 0", name=op.f("ck_request_decisions_amount_positive")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_request_decisions_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_request_decisions_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_decisions")),
        sa.UniqueConstraint(
            "version_id", "line_number", name=op.f("uq_request_decisions_version_id_line_number")
        ),
        info={"append_only": True},
    )
    op.create_table(
        "standing_values",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("result_number", sa.Integer(), nullable=False),
        sa.Column("dimension", Text(20), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("indicator", Text(10), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        whole("denominator"),
        whole("numerator"),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_standing_values_fund_id")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_standing_values_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_standing_values_version_id")
        ),
        sa.PrimaryKeyConstraint(
            "version_id", "result_number", "dimension", "code", name=op.f("pk_standing_values")
        ),
    )
    op.create_index(
        "ix_standing_values_fund_id",
        "standing_values",
        [
            "fund_id",
            "dimension",
            "indicator",
            "grant_id",
            "code",
            "ends_on",
            "version_id",
            "numerator",
            "denominator",
        ],
        unique=False,
    )
