"""Audits: samples, findings, incidents and export jobs.

Tables of earlier revisions gain columns or wider rules: PostgreSQL alters them, SQLite, which
cannot, copies each into a new one (foreign keys are off meanwhile and checked at the end).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from fundops.db import Text, UtcDateTime, whole

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "audit_engagements",
    "audit_workbooks",
    "finding_entries",
    "finding_notes",
    "incident_handlers",
    "incident_holds",
    "incident_reads",
    "incident_texts",
    "sample_items",
    "sample_results",
)
"""New tables whose rows are never changed or deleted; the database refuses it."""

GUARDED_COPIES: tuple[str, ...] = ()
"""Copied tables that were guarded so, and are again, on SQLite."""

POSTGRES_UP = (
    """ALTER TABLE notices DROP CONSTRAINT ck_notices_kind_known""",
    """ALTER TABLE notices ADD CONSTRAINT ck_notices_kind_known CHECK (kind IN
('bank_account_proposed', 'bank_account_changed', 'bank_account_refused', 'channel_changed',
'channel_code', 'disbursement_requested', 'disbursement_certified', 'disbursement_approved',
'disbursement_sent_back', 'disbursement_paid', 'disbursement_confirm_reminder',
'hold_placed', 'agreement_to_sign', 'agreement_in_force', 'amendment_decided',
'requirement_due', 'requirement_overdue', 'refund_requested', 'report_submitted',
'report_returned', 'report_accepted', 'review_after_due', 'grant_suspended',
'release_withheld', 'finding_raised', 'incident_reported', 'incident_notice',
'incident_notice_due', 'risk_expiring'))""",
)
"""What changes in tables that were there, on PostgreSQL."""

POSTGRES_DOWN = (
    """ALTER TABLE notices DROP CONSTRAINT ck_notices_kind_known""",
    """ALTER TABLE notices ADD CONSTRAINT ck_notices_kind_known CHECK (kind IN
('bank_account_proposed', 'bank_account_changed', 'bank_account_refused', 'channel_changed',
'channel_code', 'disbursement_requested', 'disbursement_certified', 'disbursement_approved',
'disbursement_sent_back', 'disbursement_paid', 'disbursement_confirm_reminder',
'hold_placed', 'agreement_to_sign', 'agreement_in_force', 'amendment_decided',
'requirement_due', 'requirement_overdue', 'refund_requested', 'report_submitted',
'report_returned', 'report_accepted', 'review_after_due', 'grant_suspended',
'release_withheld', 'risk_expiring'))""",
)
"""And back."""

SQLITE_NEW: dict[str, str] = {
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
'release_withheld', 'finding_raised', 'incident_reported', 'incident_notice',
'incident_notice_due', 'risk_expiring')),
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
}
"""Tables as they become, on SQLite."""

SQLITE_OLD: dict[str, str] = {
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
}
"""Tables as they were, on SQLite."""

COPIED: dict[str, tuple[str, ...]] = {
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
}
"""Columns that both have."""

SQLITE_INDEXES = (
    """CREATE INDEX ix_notices_about_id ON notices (about_id)""",
    """CREATE INDEX ix_notices_channel_id ON notices (channel_id, status)""",
    """CREATE INDEX ix_notices_person_id ON notices (person_id)""",
    """CREATE INDEX ix_notices_status_next_try_at ON notices (status, next_try_at)""",
)
"""Indexes of the copied tables as they become."""

SQLITE_OLD_INDEXES = (
    """CREATE INDEX ix_notices_about_id ON notices (about_id)""",
    """CREATE INDEX ix_notices_channel_id ON notices (channel_id, status)""",
    """CREATE INDEX ix_notices_person_id ON notices (person_id)""",
    """CREATE INDEX ix_notices_status_next_try_at ON notices (status, next_try_at)""",
)
"""Indexes of the copied tables as they were."""

TABLES = (
    "finding_entries",
    "incident_holds",
    "finding_settlements",
    "finding_notes",
    "sample_results",
    "audit_findings",
    "sample_items",
    "incident_texts",
    "incident_reads",
    "incident_notices",
    "incident_handlers",
    "incidents",
    "audit_samples",
    "audit_engagements",
    "export_jobs",
    "audit_workbooks",
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
        "audit_workbooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(60), nullable=False),
        sa.Column("scope", Text(10), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("known_seq", sa.BigInteger(), nullable=False),
        sa.Column("reader", Text(10), nullable=False),
        sa.Column("layout", sa.Integer(), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("manifest", Text(4000), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "reader IN ('inside', 'auditor', 'office', 'outside')",
            name=op.f("ck_audit_workbooks_reader_known"),
        ),
        sa.CheckConstraint(
            "scope IN ('fund', 'donor', 'grant', 'call')",
            name=op.f("ck_audit_workbooks_scope_known"),
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_audit_workbooks_fund_id")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["persons.id"], name=op.f("fk_audit_workbooks_made_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_workbooks")),
        sa.UniqueConstraint("code", name=op.f("uq_audit_workbooks_code")),
        info={"append_only": True},
    )
    op.create_index("ix_audit_workbooks_fund_id", "audit_workbooks", ["fund_id"], unique=False)
    op.create_index("ix_audit_workbooks_sha256", "audit_workbooks", ["sha256"], unique=False)
    op.create_table(
        "export_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scope", Text(10), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("known_seq", sa.BigInteger(), nullable=False),
        sa.Column("reader", Text(10), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_id", sa.Uuid(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("sheets_done", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("file_name", Text(200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", Text(64), nullable=True),
        sa.Column("manifest", Text(4000), nullable=True),
        sa.Column("made_seq", sa.BigInteger(), nullable=True),
        sa.Column("reason", Text(20), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(status = 'running') = (lease_id IS NOT NULL)",
            name=op.f("ck_export_jobs_running_is_leased"),
        ),
        sa.CheckConstraint(
            "reader IN ('inside', 'auditor', 'office', 'outside')",
            name=op.f("ck_export_jobs_reader_known"),
        ),
        sa.CheckConstraint(
            "scope IN ('fund', 'donor', 'grant', 'call')", name=op.f("ck_export_jobs_scope_known")
        ),
        sa.CheckConstraint(
            "status <> 'done' OR (sha256 IS NOT NULL AND size_bytes IS NOT NULL AND manifest IS NOT NULL AND made_seq IS NOT NULL AND expires_at IS NOT NULL)",
            name=op.f("ck_export_jobs_done_has_file"),
        ),
        sa.CheckConstraint(
            "status <> 'failed' OR reason IS NOT NULL",
            name=op.f("ck_export_jobs_failed_has_reason"),
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed', 'cancelled', 'expired')",
            name=op.f("ck_export_jobs_status_known"),
        ),
        sa.CheckConstraint(
            "(lease_id IS NULL) = (lease_until IS NULL)", name=op.f("ck_export_jobs_lease_whole")
        ),
        sa.CheckConstraint(
            "rows_done >= 0 AND sheets_done >= 0", name=op.f("ck_export_jobs_progress_positive")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_export_jobs_fund_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_export_jobs_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_jobs")),
    )
    op.create_index("ix_export_jobs_person_id", "export_jobs", ["person_id"], unique=False)
    op.create_index("ix_export_jobs_status", "export_jobs", ["status"], unique=False)
    op.create_table(
        "audit_engagements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("kind", Text(20), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("opinion", Text(12), nullable=True),
        sa.Column("auditor_id", sa.Uuid(), nullable=True),
        sa.Column("reference", Text(140), nullable=True),
        sa.Column("report_file_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind <> 'spot_check' OR opinion IS NULL) AND (kind <> 'financial_audit' OR opinion IS NOT NULL)",
            name=op.f("ck_audit_engagements_opinion_fits"),
        ),
        sa.CheckConstraint(
            "kind IN ('financial_audit', 'internal_audit', 'special_audit', 'spot_check')",
            name=op.f("ck_audit_engagements_kind_known"),
        ),
        sa.CheckConstraint(
            "opinion IN ('unqualified', 'qualified', 'disclaimer', 'adverse')",
            name=op.f("ck_audit_engagements_opinion_known"),
        ),
        sa.CheckConstraint(
            "starts_on <= ends_on AND ends_on <= issued_on",
            name=op.f("ck_audit_engagements_dates_ordered"),
        ),
        sa.ForeignKeyConstraint(
            ["auditor_id"], ["parties.id"], name=op.f("fk_audit_engagements_auditor_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_audit_engagements_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_audit_engagements_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["persons.id"], name=op.f("fk_audit_engagements_recorded_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_file_id"], ["files.id"], name=op.f("fk_audit_engagements_report_file_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_engagements")),
        sa.UniqueConstraint("code", name=op.f("uq_audit_engagements_code")),
        info={"append_only": True},
    )
    op.create_index("ix_audit_engagements_fund_id", "audit_engagements", ["fund_id"], unique=False)
    op.create_index(
        "ix_audit_engagements_grant_id", "audit_engagements", ["grant_id"], unique=False
    )
    op.create_table(
        "audit_samples",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("population", Text(20), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("known_seq", sa.BigInteger(), nullable=False),
        sa.Column("method", Text(20), nullable=False),
        sa.Column("risk_ppm", sa.Integer(), nullable=False),
        sa.Column("risk_reason", Text(1000), nullable=False),
        sa.Column("tolerable_minor", sa.BigInteger(), nullable=False),
        sa.Column("tolerable_reason", Text(1000), nullable=False),
        sa.Column("expected_minor", sa.BigInteger(), nullable=False),
        sa.Column("expected_reason", Text(1000), nullable=False),
        sa.Column("confidence", Text(20), nullable=False),
        sa.Column("expansion", Text(20), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("interval_minor", sa.BigInteger(), nullable=True),
        sa.Column("start_minor", sa.BigInteger(), nullable=True),
        sa.Column("divided_by", Text(10), nullable=True),
        sa.Column("bands", Text(1000), nullable=False),
        sa.Column("allocation", Text(20), nullable=True),
        sa.Column("strata", Text(200000), nullable=False),
        sa.Column("seed", Text(64), nullable=False),
        sa.Column("population_count", sa.Integer(), nullable=False),
        sa.Column("population_minor", sa.BigInteger(), nullable=False),
        sa.Column("ledger_minor", sa.BigInteger(), nullable=False),
        sa.Column("beside_minor", sa.BigInteger(), nullable=False),
        sa.Column("difference_reason", Text(1000), nullable=True),
        sa.Column("population_digest", Text(64), nullable=False),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("drawn_at", UtcDateTime(), nullable=True),
        sa.Column("results", sa.Integer(), nullable=False),
        sa.Column("likely_minor", sa.BigInteger(), nullable=True),
        sa.Column("lower_minor", sa.BigInteger(), nullable=True),
        sa.Column("upper_minor", sa.BigInteger(), nullable=True),
        sa.Column("under_likely_minor", sa.BigInteger(), nullable=True),
        sa.Column("under_upper_minor", sa.BigInteger(), nullable=True),
        sa.Column("apart_minor", sa.BigInteger(), nullable=True),
        sa.Column("is_accepted", sa.Boolean(), nullable=True),
        sa.Column("evaluated_by_id", sa.Uuid(), nullable=True),
        sa.Column("evaluated_at", UtcDateTime(), nullable=True),
        sa.Column("reviewed_by_id", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(method = 'monetary_unit') = (interval_minor IS NOT NULL)",
            name=op.f("ck_audit_samples_interval_of_units"),
        ),
        sa.CheckConstraint(
            "(status = 'reviewed') = (reviewed_by_id IS NOT NULL)",
            name=op.f("ck_audit_samples_reviewed_by_somebody"),
        ),
        sa.CheckConstraint(
            "(status IN ('evaluated', 'reviewed')) = (evaluated_by_id IS NOT NULL) AND (evaluated_by_id IS NULL) = (upper_minor IS NULL)",
            name=op.f("ck_audit_samples_evaluated_by_somebody"),
        ),
        whole("apart_minor"),
        whole("beside_minor"),
        whole("expected_minor"),
        whole("interval_minor"),
        whole("ledger_minor"),
        whole("likely_minor"),
        whole("lower_minor"),
        sa.CheckConstraint(
            "method IN ('monetary_unit', 'random', 'stratified')",
            name=op.f("ck_audit_samples_method_known"),
        ),
        sa.CheckConstraint(
            "population IN ('disbursements', 'receipts', 'expenditure')",
            name=op.f("ck_audit_samples_population_known"),
        ),
        whole("population_minor"),
        whole("start_minor"),
        sa.CheckConstraint(
            "status IN ('drafted', 'drawn', 'evaluated', 'reviewed')",
            name=op.f("ck_audit_samples_status_known"),
        ),
        whole("tolerable_minor"),
        whole("under_likely_minor"),
        whole("under_upper_minor"),
        whole("upper_minor"),
        sa.CheckConstraint(
            "expected_minor >= 0 AND expected_minor < tolerable_minor",
            name=op.f("ck_audit_samples_expected_below"),
        ),
        sa.CheckConstraint(
            "grant_id IS NULL OR call_id IS NULL", name=op.f("ck_audit_samples_one_scope")
        ),
        sa.CheckConstraint(
            "population_minor = ledger_minor + beside_minor OR difference_reason IS NOT NULL",
            name=op.f("ck_audit_samples_difference_explained"),
        ),
        sa.CheckConstraint(
            "reviewed_by_id <> prepared_by_id AND reviewed_by_id <> evaluated_by_id",
            name=op.f("ck_audit_samples_two_persons"),
        ),
        sa.CheckConstraint(
            "risk_ppm >= 10000 AND risk_ppm <= 500000", name=op.f("ck_audit_samples_risk_known")
        ),
        sa.CheckConstraint("size >= 1 AND size <= 1000", name=op.f("ck_audit_samples_size_within")),
        sa.CheckConstraint(
            "start_minor IS NULL OR start_minor >= 1 AND start_minor <= interval_minor",
            name=op.f("ck_audit_samples_start_within"),
        ),
        sa.CheckConstraint(
            "tolerable_minor > 0 AND tolerable_minor <= 1000000000000000",
            name=op.f("ck_audit_samples_tolerable_minor_in_range"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_audit_samples_call_id")),
        sa.ForeignKeyConstraint(
            ["evaluated_by_id"], ["persons.id"], name=op.f("fk_audit_samples_evaluated_by_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_audit_samples_fund_id")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_audit_samples_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"], ["persons.id"], name=op.f("fk_audit_samples_prepared_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by_id"], ["persons.id"], name=op.f("fk_audit_samples_reviewed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_samples")),
        sa.UniqueConstraint("code", name=op.f("uq_audit_samples_code")),
    )
    op.create_index("ix_audit_samples_fund_id", "audit_samples", ["fund_id"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("kind", Text(40), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=True),
        sa.Column("status", Text(14), nullable=False),
        sa.Column("outcome", Text(20), nullable=True),
        sa.Column("follow_up_sha256", Text(64), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("reported_by_id", sa.Uuid(), nullable=True),
        sa.Column("reported_at", UtcDateTime(), nullable=False),
        sa.Column("assessed_by_id", sa.Uuid(), nullable=True),
        sa.Column("assessed_at", UtcDateTime(), nullable=True),
        sa.Column("investigated_by_id", sa.Uuid(), nullable=True),
        sa.Column("investigated_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_by_id IS NOT NULL)",
            name=op.f("ck_incidents_closed_by_one"),
        ),
        sa.CheckConstraint(
            "(status = 'closed') = (outcome IS NOT NULL)",
            name=op.f("ck_incidents_closed_with_outcome"),
        ),
        sa.CheckConstraint(
            "outcome IN ('substantiated', 'not_substantiated', 'referred')",
            name=op.f("ck_incidents_outcome_known"),
        ),
        sa.CheckConstraint(
            "status IN ('reported', 'assessed', 'investigated', 'closed')",
            name=op.f("ck_incidents_status_known"),
        ),
        sa.CheckConstraint(
            "assessed_by_id <> reported_by_id", name=op.f("ck_incidents_assessed_by_other")
        ),
        sa.CheckConstraint(
            "closed_by_id <> assessed_by_id", name=op.f("ck_incidents_closed_by_other")
        ),
        sa.ForeignKeyConstraint(
            ["assessed_by_id"], ["persons.id"], name=op.f("fk_incidents_assessed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"], ["persons.id"], name=op.f("fk_incidents_closed_by_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_incidents_fund_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_incidents_grant_id")),
        sa.ForeignKeyConstraint(
            ["investigated_by_id"], ["persons.id"], name=op.f("fk_incidents_investigated_by_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_incidents_party_id")),
        sa.ForeignKeyConstraint(
            ["reported_by_id"], ["persons.id"], name=op.f("fk_incidents_reported_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("code", name=op.f("uq_incidents_code")),
        sa.UniqueConstraint("follow_up_sha256", name=op.f("uq_incidents_follow_up_sha256")),
    )
    op.create_index("ix_incidents_fund_id", "incidents", ["fund_id"], unique=False)
    op.create_index("ix_incidents_grant_id", "incidents", ["grant_id"], unique=False)
    op.create_index("ix_incidents_party_id", "incidents", ["party_id"], unique=False)
    op.create_table(
        "incident_handlers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("named_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_handlers_incident_id")
        ),
        sa.ForeignKeyConstraint(
            ["named_by_id"], ["persons.id"], name=op.f("fk_incident_handlers_named_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_incident_handlers_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_handlers")),
        sa.UniqueConstraint(
            "incident_id", "person_id", name=op.f("uq_incident_handlers_incident_id_person_id")
        ),
        info={"append_only": True},
    )
    op.create_index(
        "ix_incident_handlers_person_id", "incident_handlers", ["person_id"], unique=False
    )
    op.create_table(
        "incident_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", Text(8), nullable=False),
        sa.Column("sent_how", Text(8), nullable=True),
        sa.Column("reference", Text(140), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=True),
        sa.Column("sent_by_id", sa.Uuid(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'sent') = (sent_at IS NOT NULL) AND (status = 'sent') = (sent_by_id IS NOT NULL) AND (status = 'sent') = (sent_how IS NOT NULL)",
            name=op.f("ck_incident_notices_sent_whole"),
        ),
        sa.CheckConstraint(
            "sent_how <> 'letter' OR reference IS NOT NULL",
            name=op.f("ck_incident_notices_letter_is_named"),
        ),
        sa.CheckConstraint(
            "sent_how <> 'notice' OR messages > 0", name=op.f("ck_incident_notices_notice_reached")
        ),
        sa.CheckConstraint(
            "sent_how IN ('notice', 'letter')", name=op.f("ck_incident_notices_sent_how_known")
        ),
        sa.CheckConstraint(
            "status IN ('owed', 'sent')", name=op.f("ck_incident_notices_status_known")
        ),
        sa.ForeignKeyConstraint(
            ["donor_id"], ["parties.id"], name=op.f("fk_incident_notices_donor_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fk_incident_notices_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_notices_incident_id")
        ),
        sa.ForeignKeyConstraint(
            ["sent_by_id"], ["persons.id"], name=op.f("fk_incident_notices_sent_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_notices")),
        sa.UniqueConstraint("code", name=op.f("uq_incident_notices_code")),
        sa.UniqueConstraint(
            "incident_id", "donor_id", name=op.f("uq_incident_notices_incident_id_donor_id")
        ),
    )
    op.create_index("ix_incident_notices_due_on", "incident_notices", ["due_on"], unique=False)
    op.create_table(
        "incident_reads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_reads_incident_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_incident_reads_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_reads")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_incident_reads_incident_id", "incident_reads", ["incident_id"], unique=False
    )
    op.create_table(
        "incident_texts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(14), nullable=False),
        sa.Column("body", Text(4000), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('reported', 'assessed', 'investigated', 'closed')",
            name=op.f("ck_incident_texts_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_texts_incident_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_texts")),
        sa.UniqueConstraint("incident_id", "kind", name=op.f("uq_incident_texts_incident_id_kind")),
        info={"append_only": True},
    )
    op.create_table(
        "sample_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("record_type", Text(30), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(120), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("first_minor", sa.BigInteger(), nullable=True),
        sa.Column("last_minor", sa.BigInteger(), nullable=True),
        sa.Column("point_minor", sa.BigInteger(), nullable=True),
        sa.Column("stratum", Text(80), nullable=False),
        sa.Column("why", Text(20), nullable=False),
        whole("amount_minor"),
        whole("first_minor"),
        whole("last_minor"),
        whole("point_minor"),
        sa.CheckConstraint(
            "why IN ('top_stratum', 'interval', 'random', 'negative', 'zero')",
            name=op.f("ck_sample_items_why_known"),
        ),
        sa.CheckConstraint(
            "point_minor IS NULL OR point_minor >= first_minor AND point_minor <= last_minor",
            name=op.f("ck_sample_items_point_within"),
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_sample_items_grant_id")),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["audit_samples.id"], name=op.f("fk_sample_items_sample_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_items")),
        sa.UniqueConstraint("sample_id", "number", name=op.f("uq_sample_items_sample_id_number")),
        sa.UniqueConstraint(
            "sample_id", "record_id", name=op.f("uq_sample_items_sample_id_record_id")
        ),
        info={"append_only": True},
    )
    op.create_table(
        "audit_findings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(80), nullable=False),
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("category", Text(40), nullable=False),
        sa.Column("priority", Text(8), nullable=False),
        sa.Column("description", Text(4000), nullable=False),
        sa.Column("recommendation", Text(4000), nullable=False),
        sa.Column("questioned_minor", sa.BigInteger(), nullable=False),
        sa.Column("local_minor", sa.BigInteger(), nullable=True),
        sa.Column("local_currency", Text(3), nullable=True),
        sa.Column("supported_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("justified_minor", sa.BigInteger(), nullable=False),
        sa.Column("written_off_minor", sa.BigInteger(), nullable=False),
        sa.Column("agreed_action", Text(4000), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("receivable_id", sa.Uuid(), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("raised_by_id", sa.Uuid(), nullable=False),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("closed_by_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_by_id IS NOT NULL)",
            name=op.f("ck_audit_findings_closed_by_one"),
        ),
        whole("justified_minor"),
        whole("local_minor"),
        sa.CheckConstraint(
            "priority IN ('high', 'medium', 'low')", name=op.f("ck_audit_findings_priority_known")
        ),
        whole("questioned_minor"),
        whole("refunded_minor"),
        sa.CheckConstraint(
            "status IN ('open', 'answered', 'closed')", name=op.f("ck_audit_findings_status_known")
        ),
        whole("supported_minor"),
        whole("written_off_minor"),
        sa.CheckConstraint(
            "(local_minor IS NULL) = (local_currency IS NULL)",
            name=op.f("ck_audit_findings_local_whole"),
        ),
        sa.CheckConstraint(
            "closed_by_id <> answered_by_id", name=op.f("ck_audit_findings_two_persons")
        ),
        sa.CheckConstraint("local_minor >= 0", name=op.f("ck_audit_findings_local_positive")),
        sa.CheckConstraint(
            "questioned_minor >= 0 AND questioned_minor <= 1000000000000000",
            name=op.f("ck_audit_findings_questioned_in_range"),
        ),
        sa.CheckConstraint(
            "refunded_minor >= 0 AND supported_minor >= 0 AND justified_minor >= 0 AND written_off_minor >= 0 AND refunded_minor + supported_minor + justified_minor + written_off_minor <= questioned_minor",
            name=op.f("ck_audit_findings_pending_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["persons.id"], name=op.f("fk_audit_findings_answered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"], ["persons.id"], name=op.f("fk_audit_findings_closed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["engagement_id"],
            ["audit_engagements.id"],
            name=op.f("fk_audit_findings_engagement_id"),
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_audit_findings_fund_id")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_audit_findings_grant_id")
        ),
        sa.ForeignKeyConstraint(
            ["raised_by_id"], ["persons.id"], name=op.f("fk_audit_findings_raised_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["receivables.id"], name=op.f("fk_audit_findings_receivable_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_findings")),
        sa.UniqueConstraint("code", name=op.f("uq_audit_findings_code")),
        sa.UniqueConstraint("receivable_id", name=op.f("uq_audit_findings_receivable_id")),
    )
    op.create_index(
        "ix_audit_findings_engagement_id", "audit_findings", ["engagement_id"], unique=False
    )
    op.create_index("ix_audit_findings_grant_id", "audit_findings", ["grant_id"], unique=False)
    op.create_table(
        "sample_results",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("audited_minor", sa.BigInteger(), nullable=False),
        sa.Column("remark", Text(1000), nullable=True),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        whole("audited_minor"),
        sa.ForeignKeyConstraint(
            ["item_id"], ["sample_items.id"], name=op.f("fk_sample_results_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["persons.id"], name=op.f("fk_sample_results_recorded_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["audit_samples.id"], name=op.f("fk_sample_results_sample_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_results")),
        sa.UniqueConstraint("item_id", "number", name=op.f("uq_sample_results_item_id_number")),
        info={"append_only": True},
    )
    op.create_index("ix_sample_results_sample_id", "sample_results", ["sample_id"], unique=False)
    op.create_table(
        "finding_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("body", Text(4000), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('response', 'follow_up', 'return', 'close', 'reopen')",
            name=op.f("ck_finding_notes_kind_known"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["persons.id"], name=op.f("fk_finding_notes_by_id")),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["audit_findings.id"], name=op.f("fk_finding_notes_finding_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_notes")),
        info={"append_only": True},
    )
    op.create_index("ix_finding_notes_finding_id", "finding_notes", ["finding_id"], unique=False)
    op.create_table(
        "finding_settlements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(12), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("reason", Text(2000), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("write_off_id", sa.Uuid(), nullable=True),
        sa.Column("receivable_entry_id", sa.Uuid(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("status", Text(10), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decision_reason", Text(2000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by_id IS NULL)",
            name=op.f("ck_finding_settlements_decided_by_one"),
        ),
        whole("amount_minor"),
        sa.CheckConstraint(
            "kind <> 'refunded' OR refund_id IS NOT NULL",
            name=op.f("ck_finding_settlements_refund_is_named"),
        ),
        sa.CheckConstraint(
            "kind <> 'written_off' OR write_off_id IS NOT NULL OR receivable_entry_id IS NOT NULL",
            name=op.f("ck_finding_settlements_write_off_is_named"),
        ),
        sa.CheckConstraint(
            "kind IN ('supported', 'refunded', 'justified', 'written_off')",
            name=op.f("ck_finding_settlements_kind_known"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'accepted', 'refused')",
            name=op.f("ck_finding_settlements_status_known"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= 1000000000000000",
            name=op.f("ck_finding_settlements_amount_minor_in_range"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name=op.f("ck_finding_settlements_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_finding_settlements_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["audit_findings.id"], name=op.f("fk_finding_settlements_finding_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["persons.id"], name=op.f("fk_finding_settlements_proposed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["receivable_entry_id"],
            ["receivable_entries.id"],
            name=op.f("fk_finding_settlements_receivable_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_finding_settlements_refund_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["finding_settlements.id"],
            name=op.f("fk_finding_settlements_reverses_id"),
        ),
        sa.ForeignKeyConstraint(
            ["write_off_id"],
            ["advance_write_offs.id"],
            name=op.f("fk_finding_settlements_write_off_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_settlements")),
    )
    op.create_index(
        "ix_finding_settlements_finding_id", "finding_settlements", ["finding_id"], unique=False
    )
    op.create_index(
        "ix_finding_settlements_receivable_entry_id",
        "finding_settlements",
        ["receivable_entry_id"],
        unique=False,
    )
    op.create_index(
        "ix_finding_settlements_refund_id", "finding_settlements", ["refund_id"], unique=False
    )
    op.create_index(
        "ix_finding_settlements_write_off_id", "finding_settlements", ["write_off_id"], unique=False
    )
    op.create_table(
        "incident_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["payment_holds.id"], name=op.f("fk_incident_holds_hold_id")
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_holds_incident_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_holds")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_incident_holds_hold_id")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_incident_holds_incident_id", "incident_holds", ["incident_id"], unique=False
    )
    op.create_table(
        "finding_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(12), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        whole("amount_minor"),
        sa.CheckConstraint(
            "kind IN ('supported', 'refunded', 'justified', 'written_off')",
            name=op.f("ck_finding_entries_kind_known"),
        ),
        sa.CheckConstraint(
            "amount_minor <> 0 AND amount_minor BETWEEN -1000000000000000 AND 1000000000000000 AND (amount_minor > 0) = (reverses_id IS NULL)",
            name=op.f("ck_finding_entries_amount_fits"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["persons.id"], name=op.f("fk_finding_entries_by_id")),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["audit_findings.id"], name=op.f("fk_finding_entries_finding_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["finding_entries.id"], name=op.f("fk_finding_entries_reverses_id")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["finding_settlements.id"],
            name=op.f("fk_finding_entries_settlement_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_entries")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_finding_entries_reverses_id")),
        sa.UniqueConstraint("settlement_id", name=op.f("uq_finding_entries_settlement_id")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_finding_entries_finding_id", "finding_entries", ["finding_id"], unique=False
    )
