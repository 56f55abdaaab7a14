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
    "evidence_inspections",
    "release_cells",
    "report_expenditures",
    "report_reads",
    "report_requirements",
    "report_values",
    "report_versions",
)
"""New tables whose rows are never changed or deleted; the database refuses it."""

GUARDED_COPIES: tuple[str, ...] = ()
"""Copied tables that were guarded so, and are again, on SQLite."""

POSTGRES_UP: tuple[str, ...] = ()
"""What changes in tables that were there, on PostgreSQL."""

POSTGRES_DOWN: tuple[str, ...] = ()
"""And back."""

SQLITE_NEW = {}
"""Tables as they become, on SQLite."""

SQLITE_OLD = {}
"""Tables as they were, on SQLite."""

COPIED = {}
"""Columns that both have."""

SQLITE_INDEXES: tuple[str, ...] = ()
"""Indexes of the copied tables as they become."""

SQLITE_OLD_INDEXES: tuple[str, ...] = ()
"""Indexes of the copied tables as they were."""

TABLES = (
    "report_values",
    "report_expenditures",
    "report_contents",
    "report_comments",
    "evidence_inspections",
    "accepted_versions",
    "report_versions",
    "report_requirements",
    "report_reads",
    "report_evidence",
    "progress_reports",
    "release_cells",
    "releases",
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
            name=op.f(
                "uq_release_cells_release_id_indicator_level_unit_period_dimension_code_measure"
            ),
        ),
        info={"append_only": True},
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
        sa.Column("status", Text(10), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
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
        "report_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", Text(10), nullable=False),
        sa.Column("sha256", Text(64), nullable=False),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_versions")),
        sa.UniqueConstraint(
            "report_id", "number", name=op.f("uq_report_versions_report_id_number")
        ),
        info={"append_only": True},
    )
    op.create_table(
        "accepted_versions",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=False),
        sa.Column("accepted_seq", sa.BigInteger(), nullable=False),
        sa.Column("superseded_seq", sa.BigInteger(), nullable=True),
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
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_accepted_versions")),
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
            "local_minor > 0 AND local_minor <= 1000000000000000",
            name=op.f("ck_report_expenditures_local_minor_in_range"),
        ),
        sa.CheckConstraint(
            "reported_minor >= 0 AND requested_minor >= 0",
            name=op.f("ck_report_expenditures_amounts_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["report_versions.id"], name=op.f("fk_report_expenditures_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "line_number", name=op.f("pk_report_expenditures")),
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
            "numerator > 0 AND numerator <= 1000000000000000",
            name=op.f("ck_report_values_numerator_in_range"),
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
        "ix_report_values_dimension_indicator",
        "report_values",
        ["dimension", "indicator", "version_id"],
        unique=False,
    )
