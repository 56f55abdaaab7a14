"""Calls in full, proposals, reviews and decisions.

Four tables of the first revision gain columns or wider rules: PostgreSQL alters them, SQLite,
which cannot, copies each into a new one (foreign keys are off meanwhile and checked at the end).
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from fundops.db import Text, UtcDateTime, whole

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "call_extensions",
    "consensuses",
    "eligibility_decisions",
    "proposal_budget_lines",
    "proposal_codes",
    "proposal_cofunding",
    "proposal_results",
    "proposal_versions",
    "rankings",
    "recusals",
    "review_drafts",
    "scores",
    "submission_receipts",
    "posted_digests",
)
"""Tables whose rows are never changed or deleted; the database itself refuses it."""

POSTGRES_UP = (
    """ALTER TABLE funds ADD COLUMN award_basis VARCHAR(12) COLLATE "C" DEFAULT 'cash' NOT
NULL""",
    """ALTER TABLE funds ADD CONSTRAINT ck_funds_award_basis_known CHECK (award_basis IN
('cash', 'instalment'))""",
    """ALTER TABLE calls ADD COLUMN funding_window VARCHAR(120) COLLATE "C"
""",
    """ALTER TABLE calls ADD COLUMN modality VARCHAR(20) COLLATE "C"
""",
    """ALTER TABLE calls ADD COLUMN summary VARCHAR(4000) COLLATE "C"
""",
    """ALTER TABLE calls ADD COLUMN zone VARCHAR(60) COLLATE "C" DEFAULT 'UTC' NOT NULL""",
    """ALTER TABLE calls ADD COLUMN deadline_at TIMESTAMP WITH TIME ZONE""",
    """ALTER TABLE calls ADD COLUMN grace_minutes INTEGER DEFAULT '0' NOT NULL""",
    """ALTER TABLE calls ADD COLUMN questions_close_at TIMESTAMP WITH TIME ZONE""",
    """ALTER TABLE calls ADD COLUMN reviews_close_at TIMESTAMP WITH TIME ZONE""",
    """ALTER TABLE calls ADD COLUMN floor_minor BIGINT""",
    """ALTER TABLE calls ADD COLUMN ceiling_minor BIGINT""",
    """ALTER TABLE calls ADD COLUMN min_months INTEGER""",
    """ALTER TABLE calls ADD COLUMN max_months INTEGER""",
    """ALTER TABLE calls ADD COLUMN languages VARCHAR(200) COLLATE "C" DEFAULT '[]' NOT
NULL""",
    """ALTER TABLE calls ADD COLUMN targets VARCHAR(4000) COLLATE "C" DEFAULT '{}' NOT NULL""",
    """ALTER TABLE calls ADD COLUMN limits VARCHAR(4000) COLLATE "C" DEFAULT '[]' NOT NULL""",
    """ALTER TABLE calls ADD COLUMN reviews_per_proposal INTEGER DEFAULT '3' NOT NULL""",
    """ALTER TABLE calls ADD COLUMN divergence_threshold INTEGER""",
    """ALTER TABLE calls ADD COLUMN is_blind BOOLEAN DEFAULT false NOT NULL""",
    """ALTER TABLE calls ADD CONSTRAINT ck_calls_modality_known CHECK (modality IS NULL OR
modality IN ('emergency', 'comprehensive'))""",
    """ALTER TABLE calls ADD CONSTRAINT ck_calls_floor_below_ceiling CHECK (floor_minor IS
NULL OR ceiling_minor IS NULL OR floor_minor <= ceiling_minor)""",
    """ALTER TABLE calls ADD CONSTRAINT ck_calls_months_ordered CHECK (min_months IS NULL
OR max_months IS NULL OR min_months <= max_months)""",
    """ALTER TABLE calls ADD CONSTRAINT ck_calls_grace_in_range CHECK (grace_minutes >= 0
AND grace_minutes <= 1440)""",
    """ALTER TABLE memberships DROP CONSTRAINT ck_memberships_role_known""",
    """ALTER TABLE memberships ADD CONSTRAINT ck_memberships_role_known CHECK (role IN
('administrator', 'fund_manager', 'finance_officer', 'approver', 'grant_officer',
'auditor', 'donor', 'grantee', 'reviewer', 'board_member'))""",
    """ALTER TABLE grants DROP CONSTRAINT ck_grants_status_known""",
    """ALTER TABLE grants ADD COLUMN proposal_id UUID""",
    """ALTER TABLE grants ALTER COLUMN status TYPE VARCHAR(12) COLLATE "C"
""",
    """ALTER TABLE grants ADD CONSTRAINT ck_grants_status_known CHECK (status IN
('conditional', 'awarded', 'closed', 'cancelled'))""",
    """ALTER TABLE grants ADD CONSTRAINT fk_grants_proposal_id FOREIGN KEY(proposal_id)
REFERENCES proposals (id)""",
    """CREATE UNIQUE INDEX uq_grants_proposal_id ON grants (proposal_id)""",
)
"""What changes in tables that were there, on PostgreSQL."""

POSTGRES_DOWN = (
    """DROP INDEX uq_grants_proposal_id""",
    """ALTER TABLE grants DROP CONSTRAINT IF EXISTS fk_grants_proposal_id""",
    """ALTER TABLE grants DROP CONSTRAINT IF EXISTS ck_grants_status_known""",
    """ALTER TABLE grants ALTER COLUMN status TYPE VARCHAR(10) COLLATE "C"
""",
    """ALTER TABLE grants DROP COLUMN proposal_id""",
    """ALTER TABLE memberships DROP CONSTRAINT IF EXISTS ck_memberships_role_known""",
    """ALTER TABLE calls DROP CONSTRAINT IF EXISTS ck_calls_grace_in_range""",
    """ALTER TABLE calls DROP CONSTRAINT IF EXISTS ck_calls_months_ordered""",
    """ALTER TABLE calls DROP CONSTRAINT IF EXISTS ck_calls_floor_below_ceiling""",
    """ALTER TABLE calls DROP CONSTRAINT IF EXISTS ck_calls_modality_known""",
    """ALTER TABLE calls DROP COLUMN is_blind""",
    """ALTER TABLE calls DROP COLUMN divergence_threshold""",
    """ALTER TABLE calls DROP COLUMN reviews_per_proposal""",
    """ALTER TABLE calls DROP COLUMN limits""",
    """ALTER TABLE calls DROP COLUMN targets""",
    """ALTER TABLE calls DROP COLUMN languages""",
    """ALTER TABLE calls DROP COLUMN max_months""",
    """ALTER TABLE calls DROP COLUMN min_months""",
    """ALTER TABLE calls DROP COLUMN ceiling_minor""",
    """ALTER TABLE calls DROP COLUMN floor_minor""",
    """ALTER TABLE calls DROP COLUMN reviews_close_at""",
    """ALTER TABLE calls DROP COLUMN questions_close_at""",
    """ALTER TABLE calls DROP COLUMN grace_minutes""",
    """ALTER TABLE calls DROP COLUMN deadline_at""",
    """ALTER TABLE calls DROP COLUMN zone""",
    """ALTER TABLE calls DROP COLUMN summary""",
    """ALTER TABLE calls DROP COLUMN modality""",
    """ALTER TABLE calls DROP COLUMN funding_window""",
    """ALTER TABLE funds DROP CONSTRAINT IF EXISTS ck_funds_award_basis_known""",
    """ALTER TABLE funds DROP COLUMN award_basis""",
    """ALTER TABLE memberships ADD CONSTRAINT ck_memberships_role_known CHECK (role IN
('administrator', 'fund_manager', 'finance_officer', 'approver', 'grant_officer',
'auditor', 'donor', 'grantee'))""",
    """ALTER TABLE grants ADD CONSTRAINT ck_grants_status_known CHECK (status IN
('awarded', 'closed', 'cancelled'))""",
)
"""The same undone."""

SQLITE_NEW = {
    "funds": """CREATE TABLE funds (
id CHAR(32) NOT NULL,
code VARCHAR(40) NOT NULL,
name VARCHAR(300) NOT NULL,
base_currency VARCHAR(3) NOT NULL,
zone VARCHAR(60) NOT NULL,
operating_reserve_minor BIGINT NOT NULL,
status VARCHAR(10) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
award_basis VARCHAR(12) DEFAULT 'cash' NOT NULL,
CONSTRAINT pk_funds PRIMARY KEY (id),
CONSTRAINT ck_funds_status_known CHECK (status IN ('open', 'closed')),
CONSTRAINT ck_funds_award_basis_known CHECK (award_basis IN ('cash', 'instalment')),
CONSTRAINT ck_funds_reserve_not_negative CHECK (operating_reserve_minor >= 0),
CONSTRAINT ck_funds_operating_reserve_minor_whole CHECK (operating_reserve_minor IS
NULL OR typeof(operating_reserve_minor) = 'integer'),
CONSTRAINT uq_funds_code UNIQUE (code)
)""",
    "calls": """CREATE TABLE calls (
id CHAR(32) NOT NULL,
code VARCHAR(60) NOT NULL,
fund_id CHAR(32) NOT NULL,
title VARCHAR(500) NOT NULL,
year INTEGER NOT NULL,
opens_on DATE,
closes_on DATE,
envelope_minor BIGINT,
objectives VARCHAR(200) NOT NULL,
source_code VARCHAR(300),
status VARCHAR(10) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
funding_window VARCHAR(120),
modality VARCHAR(20),
summary VARCHAR(4000),
zone VARCHAR(60) DEFAULT 'UTC' NOT NULL,
deadline_at DATETIME,
grace_minutes INTEGER DEFAULT '0' NOT NULL,
questions_close_at DATETIME,
reviews_close_at DATETIME,
floor_minor BIGINT,
ceiling_minor BIGINT,
min_months INTEGER,
max_months INTEGER,
languages VARCHAR(200) DEFAULT '[]' NOT NULL,
targets VARCHAR(4000) DEFAULT '{}' NOT NULL,
limits VARCHAR(4000) DEFAULT '[]' NOT NULL,
reviews_per_proposal INTEGER DEFAULT '3' NOT NULL,
divergence_threshold INTEGER,
is_blind BOOLEAN DEFAULT '0' NOT NULL,
CONSTRAINT pk_calls PRIMARY KEY (id),
CONSTRAINT ck_calls_status_known CHECK (status IN ('draft', 'open', 'closed')),
CONSTRAINT ck_calls_dates_ordered CHECK (opens_on IS NULL OR closes_on IS NULL OR
opens_on <= closes_on),
CONSTRAINT ck_calls_envelope_positive CHECK (envelope_minor IS NULL OR
envelope_minor >= 0),
CONSTRAINT ck_calls_modality_known CHECK (modality IS NULL OR modality IN
('emergency', 'comprehensive')),
CONSTRAINT ck_calls_floor_below_ceiling CHECK (floor_minor IS NULL OR ceiling_minor
IS NULL OR floor_minor <= ceiling_minor),
CONSTRAINT ck_calls_months_ordered CHECK (min_months IS NULL OR max_months IS NULL
OR min_months <= max_months),
CONSTRAINT ck_calls_grace_in_range CHECK (grace_minutes >= 0 AND grace_minutes <=
1440),
CONSTRAINT ck_calls_envelope_minor_whole CHECK (envelope_minor IS NULL OR
typeof(envelope_minor) = 'integer'),
CONSTRAINT ck_calls_floor_minor_whole CHECK (floor_minor IS NULL OR
typeof(floor_minor) = 'integer'),
CONSTRAINT ck_calls_ceiling_minor_whole CHECK (ceiling_minor IS NULL OR
typeof(ceiling_minor) = 'integer'),
CONSTRAINT uq_calls_code UNIQUE (code),
CONSTRAINT fk_calls_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id)
)""",
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
}
"""Tables as they become, on SQLite."""

SQLITE_OLD = {
    "funds": """CREATE TABLE funds (
id CHAR(32) NOT NULL,
code VARCHAR(40) NOT NULL,
name VARCHAR(300) NOT NULL,
base_currency VARCHAR(3) NOT NULL,
zone VARCHAR(60) NOT NULL,
operating_reserve_minor BIGINT NOT NULL,
status VARCHAR(10) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_funds PRIMARY KEY (id),
CONSTRAINT ck_funds_status_known CHECK (status IN ('open', 'closed')),
CONSTRAINT ck_funds_reserve_not_negative CHECK (operating_reserve_minor >= 0),
CONSTRAINT uq_funds_code UNIQUE (code),
CONSTRAINT ck_funds_operating_reserve_minor_whole CHECK (operating_reserve_minor IS
NULL OR typeof(operating_reserve_minor) = 'integer')
)""",
    "calls": """CREATE TABLE calls (
id CHAR(32) NOT NULL,
code VARCHAR(60) NOT NULL,
fund_id CHAR(32) NOT NULL,
title VARCHAR(500) NOT NULL,
year INTEGER NOT NULL,
opens_on DATE,
closes_on DATE,
envelope_minor BIGINT,
objectives VARCHAR(200) NOT NULL,
source_code VARCHAR(300),
status VARCHAR(10) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_calls PRIMARY KEY (id),
CONSTRAINT ck_calls_status_known CHECK (status IN ('draft', 'open', 'closed')),
CONSTRAINT ck_calls_envelope_positive CHECK (envelope_minor IS NULL OR
envelope_minor >= 0),
CONSTRAINT ck_calls_dates_ordered CHECK (opens_on IS NULL OR closes_on IS NULL OR
opens_on <= closes_on),
CONSTRAINT fk_calls_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT uq_calls_code UNIQUE (code),
CONSTRAINT ck_calls_envelope_minor_whole CHECK (envelope_minor IS NULL OR
typeof(envelope_minor) = 'integer')
)""",
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
CONSTRAINT ck_memberships_party_when_needed CHECK ((role IN ('donor', 'grantee')) =
(party_id IS NOT NULL)),
CONSTRAINT ck_memberships_role_known CHECK (role IN ('administrator',
'fund_manager', 'finance_officer', 'approver', 'grant_officer', 'auditor', 'donor',
'grantee')),
CONSTRAINT ck_memberships_delegation_lends CHECK ((delegated_by_id IS NULL) =
(lent_membership_id IS NULL)),
CONSTRAINT ck_memberships_delegation_ends CHECK (delegated_by_id IS NULL OR
(valid_until IS NOT NULL AND delegated_by_id <> person_id)),
CONSTRAINT ck_memberships_period_ordered CHECK (valid_until IS NULL OR valid_from <=
valid_until),
CONSTRAINT fk_memberships_delegated_by_id FOREIGN KEY(delegated_by_id) REFERENCES
persons (id),
CONSTRAINT fk_memberships_ended_by_id FOREIGN KEY(ended_by_id) REFERENCES persons
(id),
CONSTRAINT fk_memberships_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_memberships_granted_by_id FOREIGN KEY(granted_by_id) REFERENCES
persons (id),
CONSTRAINT fk_memberships_lent_membership_id FOREIGN KEY(lent_membership_id)
REFERENCES memberships (id),
CONSTRAINT fk_memberships_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_memberships_person_id FOREIGN KEY(person_id) REFERENCES persons (id)
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
status VARCHAR(10) NOT NULL,
version INTEGER NOT NULL,
created_at DATETIME NOT NULL,
CONSTRAINT pk_grants PRIMARY KEY (id),
CONSTRAINT ck_grants_status_known CHECK (status IN ('awarded', 'closed',
'cancelled')),
CONSTRAINT ck_grants_adjusted_within CHECK (adjusted_minor >= 0 AND adjusted_minor <
awarded_minor),
CONSTRAINT ck_grants_awarded_minor_in_range CHECK (awarded_minor > 0 AND
awarded_minor <= 1000000000000000),
CONSTRAINT ck_grants_not_overdrawn CHECK (requested_minor + paid_minor <=
awarded_minor),
CONSTRAINT ck_grants_counters_positive CHECK (requested_minor >= 0 AND paid_minor >=
0),
CONSTRAINT fk_grants_call_id FOREIGN KEY(call_id) REFERENCES calls (id),
CONSTRAINT fk_grants_fund_id FOREIGN KEY(fund_id) REFERENCES funds (id),
CONSTRAINT fk_grants_grantee_id FOREIGN KEY(grantee_id) REFERENCES parties (id),
CONSTRAINT uq_grants_code UNIQUE (code),
CONSTRAINT ck_grants_adjusted_minor_whole CHECK (adjusted_minor IS NULL OR
typeof(adjusted_minor) = 'integer'),
CONSTRAINT ck_grants_awarded_minor_whole CHECK (awarded_minor IS NULL OR
typeof(awarded_minor) = 'integer'),
CONSTRAINT ck_grants_paid_minor_whole CHECK (paid_minor IS NULL OR
typeof(paid_minor) = 'integer'),
CONSTRAINT ck_grants_refunded_minor_whole CHECK (refunded_minor IS NULL OR
typeof(refunded_minor) = 'integer'),
CONSTRAINT ck_grants_requested_minor_whole CHECK (requested_minor IS NULL OR
typeof(requested_minor) = 'integer')
)""",
}
"""Tables as they were, on SQLite."""

COPIED = {
    "funds": (
        "id",
        "code",
        "name",
        "base_currency",
        "zone",
        "operating_reserve_minor",
        "status",
        "version",
        "created_at",
    ),
    "calls": (
        "id",
        "code",
        "fund_id",
        "title",
        "year",
        "opens_on",
        "closes_on",
        "envelope_minor",
        "objectives",
        "source_code",
        "status",
        "version",
        "created_at",
    ),
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
    ),
}
"""Columns that both have."""

SQLITE_INDEXES = (
    """CREATE INDEX ix_calls_fund_id ON calls (fund_id)""",
    """CREATE INDEX ix_calls_source_code ON calls (source_code)""",
    """CREATE INDEX ix_grants_call_id ON grants (call_id)""",
    """CREATE INDEX ix_grants_fund_id ON grants (fund_id)""",
    """CREATE INDEX ix_grants_grantee_id ON grants (grantee_id)""",
    """CREATE INDEX ix_grants_source_code ON grants (source_code)""",
    """CREATE UNIQUE INDEX uq_grants_proposal_id ON grants (proposal_id)""",
    """CREATE INDEX ix_memberships_lent_membership_id ON memberships (lent_membership_id)""",
    """CREATE INDEX ix_memberships_party_id ON memberships (party_id)""",
    """CREATE INDEX ix_memberships_person_id ON memberships (person_id)""",
)
"""Indexes of the copied tables as they become."""

SQLITE_OLD_INDEXES = (
    """CREATE INDEX ix_calls_fund_id ON calls (fund_id)""",
    """CREATE INDEX ix_calls_source_code ON calls (source_code)""",
    """CREATE INDEX ix_memberships_lent_membership_id ON memberships (lent_membership_id)""",
    """CREATE INDEX ix_memberships_party_id ON memberships (party_id)""",
    """CREATE INDEX ix_memberships_person_id ON memberships (person_id)""",
    """CREATE INDEX ix_grants_call_id ON grants (call_id)""",
    """CREATE INDEX ix_grants_fund_id ON grants (fund_id)""",
    """CREATE INDEX ix_grants_grantee_id ON grants (grantee_id)""",
    """CREATE INDEX ix_grants_source_code ON grants (source_code)""",
)
"""Indexes of the copied tables as they were."""


def is_postgres() -> bool:
    """Return whether this runs on PostgreSQL."""
    return op.get_bind().dialect.name == "postgresql"


def copy_tables(tables: dict[str, str], indexes: tuple[str, ...]) -> None:
    """Replace tables by ones made anew that hold the same rows, on SQLite."""
    for name, definition in tables.items():
        columns = ", ".join(f'"{column}"' for column in COPIED[name])
        op.execute(
            definition.replace(f"CREATE TABLE {name}", f"CREATE TABLE {name}__new", 1)
            if f"CREATE TABLE {name} " in definition
            else definition.replace(f'CREATE TABLE "{name}"', f"CREATE TABLE {name}__new", 1)
        )
        op.execute(f"INSERT INTO {name}__new ({columns}) SELECT {columns} FROM {name}")
        op.execute(f"DROP TABLE {name}")
        op.execute(f"ALTER TABLE {name}__new RENAME TO {name}")
    for definition in indexes:
        op.execute(definition)


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
    seal_what_was_posted()


def seal_what_was_posted() -> None:
    """Let the chain cover the transfers that are there: an event that says so, and its seal.

    What happened to them before this moment no seal can tell; from now on each is covered.
    """
    bind = op.get_bind()
    found = bind.execute(
        sa.text(f"SELECT {', '.join(SEALED)} FROM transfers ORDER BY event_seq, line, id"),
        execution_options={"yield_per": 2_000},
    )
    count, digest = 0, hashlib.sha256()
    for row in found:
        count += 1
        told = [_told(value) for value in row]
        digest.update(_canonical(told) + b"\n")
    if not count:
        return
    head = bind.execute(sa.text("SELECT seq, hash FROM audit_head")).one()
    seq, now = head.seq + 1, _now(bind)
    payload = _canonical({"before": None, "after": {"transfers": count}}).decode()
    salt = os.urandom(16)
    event = {
        "seq": seq,
        "recorded_at": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "person_id": None,
        "token_id": None,
        "action": "transfers.sealed",
        "record_type": "ledger",
        "record_id": None,
        "fund_id": None,
        "reason": "Transfers posted before the chain covered transfers",
        "payload_digest": hashlib.sha256(salt + payload.encode()).hexdigest(),
    }
    hashed = hashlib.sha256(bytes(head.hash) + _canonical(event)).digest()
    seal = {"event_seq": seq, "transfers": count, "digest": digest.hexdigest()}
    sealed = hashlib.sha256(hashed + _canonical(seal)).digest()
    stored_at = now if is_postgres() else now.replace(tzinfo=None).isoformat(" ", "microseconds")
    bind.execute(
        sa.text(
            "INSERT INTO audit_events (seq, recorded_at, action, record_type, reason, "
            "payload_digest, previous_hash, hash) VALUES "
            "(:seq, :at, :action, :record_type, :reason, :digest, :previous, :hash)"
        ),
        {name: event[name] for name in ("seq", "action", "record_type", "reason")}
        | {"at": stored_at, "digest": bytes.fromhex(event["payload_digest"])}
        | {"previous": bytes(head.hash), "hash": hashed},
    )
    bind.execute(
        sa.text("INSERT INTO audit_payloads (seq, salt, payload) VALUES (:seq, :salt, :payload)"),
        {"seq": seq, "salt": salt, "payload": payload},
    )
    bind.execute(
        sa.text(
            "INSERT INTO posted_digests (event_seq, transfers, digest, hash) "
            "VALUES (:seq, :count, :digest, :hash)"
        ),
        {"seq": seq, "count": count, "digest": digest.digest(), "hash": sealed},
    )
    bind.execute(
        sa.text("UPDATE audit_head SET seq = :seq, hash = :hash, recorded_at = :at"),
        {"seq": seq, "hash": sealed, "at": stored_at},
    )


SEALED = (
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
)
"""What a seal covers of a transfer, in this order."""


def _told(value: object) -> object:
    """Return a column's value as a seal's text has it: ids as hex digits, dates as ISO text."""
    if value is None or isinstance(value, str | int):
        return value
    return value.hex if isinstance(value, UUID) else str(value)


def _canonical(value: object) -> bytes:
    """Return the one JSON text of a value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _now(bind: sa.Connection) -> datetime:
    """Return the present instant, or the head's where that is later."""
    stored = bind.execute(sa.text("SELECT recorded_at FROM audit_head")).scalar_one()
    last = stored if isinstance(stored, datetime) else datetime.fromisoformat(str(stored))
    now = datetime.now(UTC)
    return max(now, last.astimezone(UTC) if last.tzinfo else last.replace(tzinfo=UTC))


def downgrade() -> None:
    """Take away what this revision made, and the columns it added."""
    if is_postgres():
        for statement in POSTGRES_DOWN:
            op.execute(statement)
    else:
        copy_tables(SQLITE_OLD, SQLITE_OLD_INDEXES)
    drop_tables()


def make_tables() -> None:
    """Make the new tables."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table(
        "published_activities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier", Text(300), nullable=False),
        sa.Column("publisher", Text(300), nullable=False),
        sa.Column("title", Text(1000), nullable=False),
        sa.Column("description", Text(20000), nullable=False),
        sa.Column("organisations", Text(20000), nullable=False),
        sa.Column("countries", Text(2000), nullable=False),
        sa.Column("regions", Text(2000), nullable=False),
        sa.Column("places", Text(20000), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("source_sha256", Text(64), nullable=False),
        sa.Column("loaded_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_activities")),
        sa.UniqueConstraint("identifier", name=op.f("uq_published_activities_identifier")),
    )
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("name", Text(200), nullable=False),
        sa.Column("media_type", Text(120), nullable=False),
        sa.Column("sent_sha256", Text(64), nullable=False),
        sa.Column("sent_bytes", sa.BigInteger(), nullable=False),
        sa.Column("stored_sha256", Text(64), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("cleaned", Text(1000), nullable=False),
        sa.Column("uploaded_by_id", sa.Uuid(), nullable=False),
        sa.Column("declared_at", UtcDateTime(), nullable=False),
        sa.Column("completed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("sent_bytes > 0 AND stored_bytes > 0", name=op.f("ck_files_not_empty")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_files_party_id")),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["persons.id"], name=op.f("fk_files_uploaded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index("ix_files_party_id", "files", ["party_id"], unique=False)
    op.create_index("ix_files_sent_sha256", "files", ["sent_sha256"], unique=False)
    op.create_table(
        "organisation_profiles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("registration_country", Text(2), nullable=True),
        sa.Column("registration_number", Text(120), nullable=True),
        sa.Column("assisting_since_on", sa.Date(), nullable=True),
        sa.Column("annual_budget_minor", sa.BigInteger(), nullable=True),
        sa.Column("annual_budget_currency", Text(3), nullable=True),
        sa.Column("annual_budget_year", sa.Integer(), nullable=True),
        sa.Column("has_own_account", sa.Boolean(), nullable=True),
        sa.Column("has_safeguarding_policy", sa.Boolean(), nullable=True),
        sa.Column("works_directly", sa.Boolean(), nullable=True),
        sa.Column("languages", Text(200), nullable=False),
        sa.Column("mission", Text(4000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(annual_budget_minor IS NULL) = (annual_budget_currency IS NULL)",
            name=op.f("ck_organisation_profiles_budget_has_currency"),
        ),
        sa.CheckConstraint(
            "annual_budget_minor IS NULL OR annual_budget_minor >= 0",
            name=op.f("ck_organisation_profiles_budget_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_organisation_profiles_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_profiles")),
        sa.UniqueConstraint("party_id", name=op.f("uq_organisation_profiles_party_id")),
        whole("annual_budget_minor"),
    )
    op.create_table(
        "posted_digests",
        sa.Column("event_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("transfers > 0", name=op.f("ck_posted_digests_not_empty")),
        sa.ForeignKeyConstraint(
            ["event_seq"], ["audit_events.seq"], name=op.f("fk_posted_digests_event_seq")
        ),
        sa.PrimaryKeyConstraint("event_seq", name=op.f("pk_posted_digests")),
    )
    op.create_table(
        "reviewers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("languages", Text(200), nullable=False),
        sa.Column("regions", Text(1000), nullable=False),
        sa.Column("objectives", Text(200), nullable=False),
        sa.Column("max_load", sa.Integer(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'resting')", name=op.f("ck_reviewers_status_known")
        ),
        sa.CheckConstraint(
            "max_load > 0 AND max_load <= 500", name=op.f("ck_reviewers_load_in_range")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_reviewers_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewers")),
        sa.UniqueConstraint("person_id", name=op.f("uq_reviewers_person_id")),
    )
    op.create_table(
        "call_criteria",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("objective", sa.Integer(), nullable=True),
        sa.Column("title", Text(300), nullable=False),
        sa.Column("description", Text(4000), nullable=True),
        sa.Column("weight_bp", sa.Integer(), nullable=False),
        sa.Column("scale_min", sa.Integer(), nullable=False),
        sa.Column("scale_max", sa.Integer(), nullable=False),
        sa.Column("scale_step", sa.Integer(), nullable=False),
        sa.Column("best", Text(4), nullable=False),
        sa.Column("anchors", Text(20000), nullable=False),
        sa.CheckConstraint(
            "(kind = 'objective') = (objective IS NOT NULL)",
            name=op.f("ck_call_criteria_objective_named"),
        ),
        sa.CheckConstraint("best IN ('high', 'low')", name=op.f("ck_call_criteria_best_known")),
        sa.CheckConstraint(
            "kind IN ('criterion', 'objective')", name=op.f("ck_call_criteria_kind_known")
        ),
        sa.CheckConstraint(
            "scale_min < scale_max AND scale_step > 0", name=op.f("ck_call_criteria_scale_ordered")
        ),
        sa.CheckConstraint(
            "weight_bp >= 0 AND weight_bp <= 10000", name=op.f("ck_call_criteria_weight_in_range")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_criteria_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_criteria")),
        sa.UniqueConstraint("call_id", "number", name=op.f("uq_call_criteria_call_id_number")),
    )
    op.create_table(
        "call_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", Text(40), nullable=False),
        sa.Column("note", Text(1000), nullable=True),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("max_age_days", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "max_age_days IS NULL OR max_age_days > 0", name=op.f("ck_call_documents_age_positive")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_documents_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_documents")),
        sa.UniqueConstraint("call_id", "kind", name=op.f("uq_call_documents_call_id_kind")),
        sa.UniqueConstraint("call_id", "number", name=op.f("uq_call_documents_call_id_number")),
    )
    op.create_table(
        "call_extensions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("old_deadline_at", UtcDateTime(), nullable=False),
        sa.Column("new_deadline_at", UtcDateTime(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("extended_by_id", sa.Uuid(), nullable=False),
        sa.Column("extended_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "old_deadline_at < new_deadline_at", name=op.f("ck_call_extensions_later")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_extensions_call_id")),
        sa.ForeignKeyConstraint(
            ["extended_by_id"], ["persons.id"], name=op.f("fk_call_extensions_extended_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_extensions")),
    )
    op.create_index("ix_call_extensions_call_id", "call_extensions", ["call_id"], unique=False)
    op.create_table(
        "call_questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("question", Text(4000), nullable=False),
        sa.Column("answer", Text(4000), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'asked') = (answered_at IS NULL)",
            name=op.f("ck_call_questions_answered_has_time"),
        ),
        sa.CheckConstraint(
            "status <> 'answered' OR answer IS NOT NULL",
            name=op.f("ck_call_questions_answered_has_answer"),
        ),
        sa.CheckConstraint(
            "status IN ('asked', 'answered', 'withheld')",
            name=op.f("ck_call_questions_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["persons.id"], name=op.f("fk_call_questions_answered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["persons.id"], name=op.f("fk_call_questions_asked_by_id")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_questions_call_id")),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_call_questions_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_questions")),
    )
    op.create_index("ix_call_questions_call_id", "call_questions", ["call_id"], unique=False)
    op.create_table(
        "call_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", Text(30), nullable=False),
        sa.Column("parameters", Text(4000), nullable=False),
        sa.CheckConstraint(
            "kind IN ('party_kind', 'registration_age', 'registration_country', 'implementation_country', 'budget_share', 'own_account', 'safeguarding_policy', 'works_directly', 'assistance_age', 'proposals_per_applicant')",
            name=op.f("ck_call_rules_kind_known"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_rules_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_rules")),
        sa.UniqueConstraint("call_id", "number", name=op.f("uq_call_rules_call_id_number")),
    )
    op.create_table(
        "party_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(40), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("title", Text(300), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("added_by_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('current', 'replaced', 'withdrawn')",
            name=op.f("ck_party_documents_status_known"),
        ),
        sa.CheckConstraint(
            "issued_on IS NULL OR expires_on IS NULL OR issued_on <= expires_on",
            name=op.f("ck_party_documents_dates_ordered"),
        ),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["persons.id"], name=op.f("fk_party_documents_added_by_id")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_party_documents_file_id")),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_party_documents_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_documents")),
    )
    op.create_index("ix_party_documents_party_id", "party_documents", ["party_id"], unique=False)
    op.create_table(
        "proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("title", Text(500), nullable=False),
        sa.Column("language", Text(3), nullable=False),
        sa.Column("country", Text(2), nullable=True),
        sa.Column("region", Text(3), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("requested_minor", sa.BigInteger(), nullable=True),
        sa.Column("status", Text(12), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("submitted_number", sa.Integer(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("submitted_by_id", sa.Uuid(), nullable=True),
        sa.Column("lodged_by_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("reopened_until_at", UtcDateTime(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("source_code", Text(120), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'lodged', 'submitted', 'eligible', 'ineligible', 'awarded', 'reserve', 'rejected', 'withdrawn')",
            name=op.f("ck_proposals_status_known"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'withdrawn') OR submitted_number IS NOT NULL",
            name=op.f("ck_proposals_submitted_has_version"),
        ),
        sa.CheckConstraint(
            "requested_minor IS NULL OR requested_minor > 0",
            name=op.f("ck_proposals_requested_positive"),
        ),
        sa.CheckConstraint(
            "starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on",
            name=op.f("ck_proposals_period_ordered"),
        ),
        sa.CheckConstraint(
            "submitted_number IS NULL OR submitted_number <= last_number",
            name=op.f("ck_proposals_submitted_exists"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_proposals_call_id")),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["persons.id"], name=op.f("fk_proposals_confirmed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["persons.id"], name=op.f("fk_proposals_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["lodged_by_id"], ["persons.id"], name=op.f("fk_proposals_lodged_by_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_proposals_party_id")),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["persons.id"], name=op.f("fk_proposals_submitted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("code", name=op.f("uq_proposals_code")),
        whole("requested_minor"),
    )
    op.create_index("ix_proposals_call_id_status", "proposals", ["call_id", "status"], unique=False)
    op.create_index("ix_proposals_party_id", "proposals", ["party_id"], unique=False)
    op.create_index(op.f("ix_proposals_source_code"), "proposals", ["source_code"], unique=False)
    op.create_table(
        "rankings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("parameters", Text(4000), nullable=False),
        sa.Column("result", Text(10000000), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("computed_by_id", sa.Uuid(), nullable=True),
        sa.Column("computed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_rankings_call_id")),
        sa.ForeignKeyConstraint(
            ["computed_by_id"], ["persons.id"], name=op.f("fk_rankings_computed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rankings")),
    )
    op.create_index("ix_rankings_call_id", "rankings", ["call_id"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", Text(200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("reason", Text(1000), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("declared_at", UtcDateTime(), nullable=False),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'completed') = (file_id IS NOT NULL)", name=op.f("ck_uploads_completed_file")
        ),
        sa.CheckConstraint(
            "status IN ('declared', 'completed', 'refused')", name=op.f("ck_uploads_status_known")
        ),
        sa.CheckConstraint(
            "size_bytes > 0 AND received_bytes >= 0 AND received_bytes <= size_bytes",
            name=op.f("ck_uploads_received_within"),
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_uploads_file_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_uploads_party_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_uploads_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_person_id_status", "uploads", ["person_id", "status"], unique=False)
    op.create_table(
        "boards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("title", Text(300), nullable=False),
        sa.Column("mode", Text(10), nullable=False),
        sa.Column("meets_on", sa.Date(), nullable=True),
        sa.Column("decide_by_at", UtcDateTime(), nullable=True),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("ranking_id", sa.Uuid(), nullable=True),
        sa.Column("minutes", Text(20000), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("first_confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("first_confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("second_confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("second_confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("awards_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "mode <> 'meeting' OR meets_on IS NOT NULL", name=op.f("ck_boards_meeting_has_day")
        ),
        sa.CheckConstraint(
            "mode <> 'written' OR decide_by_at IS NOT NULL", name=op.f("ck_boards_written_has_end")
        ),
        sa.CheckConstraint("mode IN ('meeting', 'written')", name=op.f("ck_boards_mode_known")),
        sa.CheckConstraint(
            "status <> 'confirmed' OR second_confirmed_by_id IS NOT NULL",
            name=op.f("ck_boards_confirmed_by_two"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'open', 'closed', 'confirmed', 'cancelled')",
            name=op.f("ck_boards_status_known"),
        ),
        sa.CheckConstraint(
            "first_confirmed_by_id IS NULL OR second_confirmed_by_id IS NULL OR first_confirmed_by_id <> second_confirmed_by_id",
            name=op.f("ck_boards_two_confirm"),
        ),
        sa.CheckConstraint("quorum > 0", name=op.f("ck_boards_quorum_positive")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_boards_call_id")),
        sa.ForeignKeyConstraint(
            ["first_confirmed_by_id"], ["persons.id"], name=op.f("fk_boards_first_confirmed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"], ["persons.id"], name=op.f("fk_boards_prepared_by_id")
        ),
        sa.ForeignKeyConstraint(["ranking_id"], ["rankings.id"], name=op.f("fk_boards_ranking_id")),
        sa.ForeignKeyConstraint(
            ["second_confirmed_by_id"],
            ["persons.id"],
            name=op.f("fk_boards_second_confirmed_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boards")),
        sa.UniqueConstraint("code", name=op.f("uq_boards_code")),
    )
    op.create_index("ix_boards_call_id", "boards", ["call_id"], unique=False)
    op.create_table(
        "conflicts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("kind", Text(20), nullable=False),
        sa.Column("note", Text(2000), nullable=True),
        sa.Column("declared_by_id", sa.Uuid(), nullable=False),
        sa.Column("declared_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('employer', 'professional', 'personal', 'family', 'financial', 'other')",
            name=op.f("ck_conflicts_kind_known"),
        ),
        sa.CheckConstraint(
            "(proposal_id IS NULL) <> (party_id IS NULL)", name=op.f("ck_conflicts_one_subject")
        ),
        sa.ForeignKeyConstraint(
            ["declared_by_id"], ["persons.id"], name=op.f("fk_conflicts_declared_by_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_conflicts_party_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_conflicts_person_id")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_conflicts_proposal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflicts")),
    )
    op.create_index("ix_conflicts_person_id", "conflicts", ["person_id"], unique=False)
    op.create_index("ix_conflicts_proposal_id", "conflicts", ["proposal_id"], unique=False)
    op.create_table(
        "consensuses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("agreed", sa.Integer(), nullable=True),
        sa.Column("minutes", Text(10000), nullable=False),
        sa.Column("participants", Text(4000), nullable=False),
        sa.Column("settled_by_id", sa.Uuid(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "agreed IS NULL OR (agreed >= 0 AND agreed <= 10000)",
            name=op.f("ck_consensuses_agreed_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_consensuses_proposal_id")
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["persons.id"], name=op.f("fk_consensuses_settled_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consensuses")),
    )
    op.create_index("ix_consensuses_proposal_id", "consensuses", ["proposal_id"], unique=False)
    op.create_table(
        "eligibility_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("verdict", Text(12), nullable=False),
        sa.Column("findings", Text(20000), nullable=False),
        sa.Column("is_override", sa.Boolean(), nullable=False),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('eligible', 'ineligible')",
            name=op.f("ck_eligibility_decisions_verdict_known"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_eligibility_decisions_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_eligibility_decisions_proposal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_eligibility_decisions")),
    )
    op.create_index(
        "ix_eligibility_decisions_proposal_id",
        "eligibility_decisions",
        ["proposal_id"],
        unique=False,
    )
    op.create_table(
        "proposal_attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(40), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("added_by_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("removed_by_id", sa.Uuid(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "removed_at IS NULL OR removed_at >= added_at",
            name=op.f("ck_proposal_attachments_removed_later"),
        ),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["persons.id"], name=op.f("fk_proposal_attachments_added_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["party_documents.id"],
            name=op.f("fk_proposal_attachments_document_id"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.id"], name=op.f("fk_proposal_attachments_file_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_proposal_attachments_proposal_id")
        ),
        sa.ForeignKeyConstraint(
            ["removed_by_id"], ["persons.id"], name=op.f("fk_proposal_attachments_removed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_attachments")),
    )
    op.create_index(
        "ix_proposal_attachments_proposal_id", "proposal_attachments", ["proposal_id"], unique=False
    )
    op.create_table(
        "proposal_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("content", Text(1000000), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("saved_by_id", sa.Uuid(), nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('draft', 'submitted', 'aside')", name=op.f("ck_proposal_versions_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_proposal_versions_proposal_id")
        ),
        sa.ForeignKeyConstraint(
            ["saved_by_id"], ["persons.id"], name=op.f("fk_proposal_versions_saved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_versions")),
        sa.UniqueConstraint(
            "proposal_id", "number", name=op.f("uq_proposal_versions_proposal_id_number")
        ),
    )
    op.create_table(
        "submission_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", Text(20000), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("key_id", Text(64), nullable=False),
        sa.Column("signature", Text(200), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_submission_receipts_proposal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_receipts")),
        sa.UniqueConstraint(
            "proposal_id", "number", name=op.f("uq_submission_receipts_proposal_id_number")
        ),
    )
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("alias", Text(20), nullable=False),
        sa.Column("blind_code", Text(20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_extra", sa.Boolean(), nullable=False),
        sa.Column("status", Text(12), nullable=False),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("conflict_id", sa.Uuid(), nullable=True),
        sa.Column("invited_by_id", sa.Uuid(), nullable=True),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("others_opened_at", UtcDateTime(), nullable=True),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('invited', 'accepted', 'declined', 'conflicted', 'submitted', 'returned', 'withdrawn')",
            name=op.f("ck_assignments_status_known"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('declined', 'withdrawn') OR reason IS NOT NULL",
            name=op.f("ck_assignments_reason_given"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_assignments_call_id")),
        sa.ForeignKeyConstraint(
            ["conflict_id"], ["conflicts.id"], name=op.f("fk_assignments_conflict_id")
        ),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["persons.id"], name=op.f("fk_assignments_invited_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_assignments_proposal_id")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["reviewers.id"], name=op.f("fk_assignments_reviewer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint("blind_code", name=op.f("uq_assignments_blind_code")),
        sa.UniqueConstraint("proposal_id", "alias", name=op.f("uq_assignments_proposal_id_alias")),
        sa.UniqueConstraint(
            "proposal_id", "reviewer_id", name=op.f("uq_assignments_proposal_id_reviewer_id")
        ),
    )
    op.create_index(
        "ix_assignments_call_id_status", "assignments", ["call_id", "status"], unique=False
    )
    op.create_index(
        "ix_assignments_reviewer_id_status", "assignments", ["reviewer_id", "status"], unique=False
    )
    op.create_table(
        "board_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", Text(10), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("basis", Text(12), nullable=False),
        sa.Column("instalment_id", sa.Uuid(), nullable=True),
        sa.Column("reason", Text(4000), nullable=False),
        sa.Column("conditions", Text(4000), nullable=True),
        sa.Column("status", Text(12), nullable=False),
        sa.Column("promotion_reason", Text(2000), nullable=True),
        sa.Column("promotion_asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("promotion_asked_at", UtcDateTime(), nullable=True),
        sa.Column("promotion_confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("promotion_confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(basis = 'instalment') = (instalment_id IS NOT NULL)",
            name=op.f("ck_board_items_basis_named"),
        ),
        sa.CheckConstraint(
            "(outcome = 'reserve') = (place IS NOT NULL)",
            name=op.f("ck_board_items_reserve_placed"),
        ),
        sa.CheckConstraint(
            "basis IN ('cash', 'instalment')", name=op.f("ck_board_items_basis_known")
        ),
        sa.CheckConstraint(
            "outcome <> 'reject' OR amount_minor IS NULL",
            name=op.f("ck_board_items_reject_no_amount"),
        ),
        sa.CheckConstraint(
            "outcome = 'reject' OR amount_minor > 0", name=op.f("ck_board_items_amount_positive")
        ),
        sa.CheckConstraint(
            "outcome IN ('award', 'reserve', 'reject')", name=op.f("ck_board_items_outcome_known")
        ),
        sa.CheckConstraint(
            "promotion_confirmed_by_id IS NULL OR (promotion_asked_by_id IS NOT NULL AND outcome = 'reserve')",
            name=op.f("ck_board_items_promoted_from_reserve"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'carried', 'not_carried', 'carried_out')",
            name=op.f("ck_board_items_status_known"),
        ),
        sa.CheckConstraint(
            "promotion_asked_by_id IS NULL OR promotion_confirmed_by_id IS NULL OR promotion_asked_by_id <> promotion_confirmed_by_id",
            name=op.f("ck_board_items_two_promote"),
        ),
        sa.ForeignKeyConstraint(["board_id"], ["boards.id"], name=op.f("fk_board_items_board_id")),
        sa.ForeignKeyConstraint(
            ["instalment_id"], ["instalments.id"], name=op.f("fk_board_items_instalment_id")
        ),
        sa.ForeignKeyConstraint(
            ["promotion_asked_by_id"],
            ["persons.id"],
            name=op.f("fk_board_items_promotion_asked_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["promotion_confirmed_by_id"],
            ["persons.id"],
            name=op.f("fk_board_items_promotion_confirmed_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_board_items_proposal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_items")),
        sa.UniqueConstraint(
            "board_id", "proposal_id", name=op.f("uq_board_items_board_id_proposal_id")
        ),
        whole("amount_minor"),
    )
    op.create_index("ix_board_items_proposal_id", "board_items", ["proposal_id"], unique=False)
    op.create_table(
        "board_members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("is_chair", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_board_members_board_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_board_members_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_members")),
        sa.UniqueConstraint(
            "board_id", "person_id", name=op.f("uq_board_members_board_id_person_id")
        ),
    )
    op.create_table(
        "conditional_awards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("instalment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'stood', 'void')",
            name=op.f("ck_conditional_awards_status_known"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_conditional_awards_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_conditional_awards_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["instalment_id"], ["instalments.id"], name=op.f("fk_conditional_awards_instalment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conditional_awards")),
        sa.UniqueConstraint(
            "grant_id", "instalment_id", name=op.f("uq_conditional_awards_grant_id_instalment_id")
        ),
        whole("amount_minor"),
    )
    op.create_index(
        "ix_conditional_awards_instalment_id", "conditional_awards", ["instalment_id"], unique=False
    )
    op.create_table(
        "proposal_budget_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("category", Text(1), nullable=False),
        sa.Column("description", Text(1000), nullable=False),
        sa.Column("unit", Text(60), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("objective", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "category IN ('A', 'B', 'C', 'D', 'E', 'F', 'G')",
            name=op.f("ck_proposal_budget_lines_category_known"),
        ),
        sa.CheckConstraint(
            "quantity > 0 AND duration > 0",
            name=op.f("ck_proposal_budget_lines_quantities_positive"),
        ),
        sa.CheckConstraint(
            "share_bp > 0 AND share_bp <= 10000",
            name=op.f("ck_proposal_budget_lines_share_in_range"),
        ),
        sa.CheckConstraint(
            "unit_cost_minor > 0 AND total_minor >= 0",
            name=op.f("ck_proposal_budget_lines_amounts_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["proposal_versions.id"],
            name=op.f("fk_proposal_budget_lines_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_budget_lines")),
        sa.UniqueConstraint(
            "version_id", "number", name=op.f("uq_proposal_budget_lines_version_id_number")
        ),
        whole("total_minor"),
        whole("unit_cost_minor"),
    )
    op.create_table(
        "proposal_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("list_name", Text(30), nullable=False),
        sa.Column("code", Text(40), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "percent IS NULL OR (percent > 0 AND percent <= 100)",
            name=op.f("ck_proposal_codes_percent_known"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["proposal_versions.id"], name=op.f("fk_proposal_codes_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_codes")),
        sa.UniqueConstraint(
            "version_id",
            "list_name",
            "code",
            name=op.f("uq_proposal_codes_version_id_list_name_code"),
        ),
    )
    op.create_index(
        "ix_proposal_codes_list_name_code", "proposal_codes", ["list_name", "code"], unique=False
    )
    op.create_table(
        "proposal_cofunding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", Text(300), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", Text(3), nullable=False),
        sa.Column("is_secured", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_proposal_cofunding_amount_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["proposal_versions.id"], name=op.f("fk_proposal_cofunding_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_cofunding")),
        sa.UniqueConstraint(
            "version_id", "number", name=op.f("uq_proposal_cofunding_version_id_number")
        ),
        whole("amount_minor"),
    )
    op.create_table(
        "proposal_results",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("indicator", Text(10), nullable=False),
        sa.Column("baseline", sa.BigInteger(), nullable=True),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("note", Text(1000), nullable=True),
        sa.CheckConstraint(
            "target >= 0 AND (baseline IS NULL OR baseline >= 0)",
            name=op.f("ck_proposal_results_counts"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["proposal_versions.id"], name=op.f("fk_proposal_results_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_results")),
        sa.UniqueConstraint(
            "version_id", "number", name=op.f("uq_proposal_results_version_id_number")
        ),
    )
    op.create_table(
        "recusals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("declared_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["board_items.id"], name=op.f("fk_recusals_item_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_recusals_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recusals")),
        sa.UniqueConstraint("item_id", "person_id", name=op.f("uq_recusals_item_id_person_id")),
    )
    op.create_table(
        "review_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", Text(500000), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("saved_by_id", sa.Uuid(), nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_review_drafts_assignment_id")
        ),
        sa.ForeignKeyConstraint(
            ["saved_by_id"], ["persons.id"], name=op.f("fk_review_drafts_saved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_drafts")),
        sa.UniqueConstraint(
            "assignment_id", "number", name=op.f("uq_review_drafts_assignment_id_number")
        ),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("weighted", sa.Integer(), nullable=True),
        sa.Column("strengths", Text(4000), nullable=True),
        sa.Column("weaknesses", Text(4000), nullable=True),
        sa.Column("private_note", Text(4000), nullable=True),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("reason", Text(2000), nullable=True),
        sa.Column("submitted_by_id", sa.Uuid(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("returned_by_id", sa.Uuid(), nullable=True),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status = 'submitted' OR reason IS NOT NULL", name=op.f("ck_reviews_reason_given")
        ),
        sa.CheckConstraint(
            "status IN ('submitted', 'returned', 'set_aside')", name=op.f("ck_reviews_status_known")
        ),
        sa.CheckConstraint(
            "weighted IS NULL OR (weighted >= 0 AND weighted <= 10000)",
            name=op.f("ck_reviews_weighted_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_reviews_assignment_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_reviews_proposal_id")
        ),
        sa.ForeignKeyConstraint(
            ["returned_by_id"], ["persons.id"], name=op.f("fk_reviews_returned_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["persons.id"], name=op.f("fk_reviews_submitted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint(
            "assignment_id", "number", name=op.f("uq_reviews_assignment_id_number")
        ),
    )
    op.create_index(
        "ix_reviews_proposal_id_status", "reviews", ["proposal_id", "status"], unique=False
    )
    op.create_table(
        "votes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("vote", Text(10), nullable=False),
        sa.Column("note", Text(2000), nullable=True),
        sa.Column("cast_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "vote IN ('for', 'against', 'abstain')", name=op.f("ck_votes_vote_known")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["board_items.id"], name=op.f("fk_votes_item_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_votes_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_votes")),
        sa.UniqueConstraint("item_id", "person_id", name=op.f("uq_votes_item_id_person_id")),
    )
    op.create_table(
        "scores",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("criterion_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("justification", Text(4000), nullable=False),
        sa.ForeignKeyConstraint(
            ["criterion_id"], ["call_criteria.id"], name=op.f("fk_scores_criterion_id")
        ),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_scores_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scores")),
        sa.UniqueConstraint(
            "review_id", "criterion_id", name=op.f("uq_scores_review_id_criterion_id")
        ),
    )
    op.create_index("ix_scores_criterion_id", "scores", ["criterion_id"], unique=False)
    # ### end Alembic commands ###


def drop_tables() -> None:
    """Drop the new tables, with whatever is in them."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.drop_index("ix_scores_criterion_id", table_name="scores")
    op.drop_table("scores")
    op.drop_table("votes")
    op.drop_index("ix_reviews_proposal_id_status", table_name="reviews")
    op.drop_table("reviews")
    op.drop_table("review_drafts")
    op.drop_table("recusals")
    op.drop_table("proposal_results")
    op.drop_table("proposal_cofunding")
    op.drop_index("ix_proposal_codes_list_name_code", table_name="proposal_codes")
    op.drop_table("proposal_codes")
    op.drop_table("proposal_budget_lines")
    op.drop_index("ix_conditional_awards_instalment_id", table_name="conditional_awards")
    op.drop_table("conditional_awards")
    op.drop_table("board_members")
    op.drop_index("ix_board_items_proposal_id", table_name="board_items")
    op.drop_table("board_items")
    op.drop_index("ix_assignments_reviewer_id_status", table_name="assignments")
    op.drop_index("ix_assignments_call_id_status", table_name="assignments")
    op.drop_table("assignments")
    op.drop_table("submission_receipts")
    op.drop_table("proposal_versions")
    op.drop_index("ix_proposal_attachments_proposal_id", table_name="proposal_attachments")
    op.drop_table("proposal_attachments")
    op.drop_index("ix_eligibility_decisions_proposal_id", table_name="eligibility_decisions")
    op.drop_table("eligibility_decisions")
    op.drop_index("ix_consensuses_proposal_id", table_name="consensuses")
    op.drop_table("consensuses")
    op.drop_index("ix_conflicts_proposal_id", table_name="conflicts")
    op.drop_index("ix_conflicts_person_id", table_name="conflicts")
    op.drop_table("conflicts")
    op.drop_index("ix_boards_call_id", table_name="boards")
    op.drop_table("boards")
    op.drop_index("ix_uploads_person_id_status", table_name="uploads")
    op.drop_table("uploads")
    op.drop_index("ix_rankings_call_id", table_name="rankings")
    op.drop_table("rankings")
    op.drop_index(op.f("ix_proposals_source_code"), table_name="proposals")
    op.drop_index("ix_proposals_party_id", table_name="proposals")
    op.drop_index("ix_proposals_call_id_status", table_name="proposals")
    op.drop_table("proposals")
    op.drop_index("ix_party_documents_party_id", table_name="party_documents")
    op.drop_table("party_documents")
    op.drop_table("call_rules")
    op.drop_index("ix_call_questions_call_id", table_name="call_questions")
    op.drop_table("call_questions")
    op.drop_index("ix_call_extensions_call_id", table_name="call_extensions")
    op.drop_table("call_extensions")
    op.drop_table("call_documents")
    op.drop_table("call_criteria")
    op.drop_table("reviewers")
    op.drop_table("posted_digests")
    op.drop_table("organisation_profiles")
    op.drop_index("ix_files_sent_sha256", table_name="files")
    op.drop_index("ix_files_party_id", table_name="files")
    op.drop_table("files")
    op.drop_table("published_activities")
    # ### end Alembic commands ###
