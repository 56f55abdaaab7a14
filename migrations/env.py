"""Alembic environment for both databases; ``fundops.db.migrate`` passes the address."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from fundops.models import metadata


def run() -> None:
    """Migrate inside one transaction per revision, with foreign keys checked at the end."""
    url = make_url(context.config.attributes["url"])
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    if url.drivername.startswith("sqlite"):

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            # Foreign keys must be off before BEGIN: rebuilding a parent table would otherwise
            # delete or orphan its children.
            connection.isolation_level = None
            connection.execute("PRAGMA foreign_keys=OFF")
            connection.execute("PRAGMA journal_mode=WAL")

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.connect() as connection:
        migrate_on(connection)
    engine.dispose()


def migrate_on(connection: Connection) -> None:
    """Run the migrations on ``connection``, which is in no transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"migration left {len(broken)} broken references")
    connection.rollback()  # ends the transaction that looking around has begun


run()
