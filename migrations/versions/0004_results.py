"""Progress reports, results, releases, screening, partner risk and retention.

Tables of earlier revisions gain columns or wider rules: PostgreSQL alters them, SQLite, which
cannot, copies each into a new one (foreign keys are off meanwhile and checked at the end).
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY: tuple[str, ...] = ()
"""New tables whose rows are never changed or deleted; the database refuses it."""

GUARDED_COPIES: tuple[str, ...] = ()
"""Copied tables that were guarded so, and are again, on SQLite."""

POSTGRES_UP = (
    """ALTER TABLE files ADD COLUMN purpose VARCHAR(20) COLLATE "C"
""",
    """ALTER TABLE files ADD COLUMN screened BOOLEAN""",
    """ALTER TABLE files ADD CONSTRAINT ck_files_purpose_screened CHECK ((purpose IS NULL) =
(screened IS NULL))""",
    """ALTER TABLE files ADD CONSTRAINT ck_files_purpose_known CHECK (purpose IN
('report_evidence'))""",
    """ALTER TABLE uploads ADD COLUMN purpose VARCHAR(20) COLLATE "C"
""",
    """ALTER TABLE uploads ADD CONSTRAINT ck_uploads_purpose_known CHECK (purpose IN
('report_evidence'))""",
)
"""What changes in tables that were there, on PostgreSQL."""

POSTGRES_DOWN = (
    """ALTER TABLE files DROP CONSTRAINT ck_files_purpose_screened""",
    """ALTER TABLE files DROP CONSTRAINT ck_files_purpose_known""",
    """ALTER TABLE files DROP COLUMN screened""",
    """ALTER TABLE files DROP COLUMN purpose""",
    """ALTER TABLE uploads DROP CONSTRAINT ck_uploads_purpose_known""",
    """ALTER TABLE uploads DROP COLUMN purpose""",
)
"""And back."""

SQLITE_NEW = {
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
CONSTRAINT pk_files PRIMARY KEY (id),
CONSTRAINT ck_files_purpose_known CHECK (purpose IN ('report_evidence')),
CONSTRAINT ck_files_not_empty CHECK (sent_bytes > 0 AND stored_bytes > 0),
CONSTRAINT ck_files_purpose_screened CHECK ((purpose IS NULL) = (screened IS NULL)),
CONSTRAINT fk_files_party_id FOREIGN KEY(party_id) REFERENCES parties (id),
CONSTRAINT fk_files_uploaded_by_id FOREIGN KEY(uploaded_by_id) REFERENCES persons (id)
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
}
"""Tables as they become, on SQLite."""

SQLITE_OLD = {
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
}
"""Tables as they were, on SQLite."""

COPIED = {
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
}
"""Columns that both have."""

SQLITE_INDEXES = (
    """CREATE INDEX ix_files_party_id ON files (party_id)""",
    """CREATE INDEX ix_files_sent_sha256 ON files (sent_sha256)""",
    """CREATE INDEX ix_uploads_person_id_status ON uploads (person_id, status)""",
)
"""Indexes of the copied tables as they become."""

SQLITE_OLD_INDEXES = (
    """CREATE INDEX ix_files_party_id ON files (party_id)""",
    """CREATE INDEX ix_files_sent_sha256 ON files (sent_sha256)""",
    """CREATE INDEX ix_uploads_person_id_status ON uploads (person_id, status)""",
)
"""Indexes of the copied tables as they were."""

TABLES: tuple[str, ...] = ()
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
