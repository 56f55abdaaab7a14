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

APPEND_ONLY: tuple[str, ...] = ()
"""New tables whose rows are never changed or deleted; the database refuses it."""

GUARDED_COPIES: tuple[str, ...] = ()
"""Copied tables that were guarded so, and are again, on SQLite."""

POSTGRES_UP = (
    """ALTER TABLE persons ADD COLUMN language VARCHAR(12) COLLATE "C"
""",
)
"""What changes in tables that were there, on PostgreSQL."""

POSTGRES_DOWN = ("""ALTER TABLE persons DROP COLUMN language""",)
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
}
"""Columns that both have."""

SQLITE_INDEXES: tuple[str, ...] = ()
"""Indexes of the copied tables as they become."""

SQLITE_OLD_INDEXES: tuple[str, ...] = ()
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
    pass
