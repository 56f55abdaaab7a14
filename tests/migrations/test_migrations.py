"""Migrations give the tables that the models describe, and leave what is in them whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Engine, Inspector, Table, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql import text

from fundops import audit, chain, seals
from fundops.audit import AuditEvent
from fundops.config import Settings
from fundops.db import Database, migrate, migrations_path
from fundops.engines import make_engine
from fundops.ledger import checks
from fundops.models import metadata
from fundops.seals import PostedDigest
from tests.factories import a_fund, a_lot
from tests.filler import fill
from tests.migrations.schemas import guards_of, schema_of, without_guards

GUARDED = {
    "sample_items",
    "sample_results",
    "audit_engagements",
    "disposals",
    "finding_entries",
    "finding_notes",
    "incident_handlers",
    "incident_holds",
    "incident_reads",
    "incident_texts",
    "confirmed_items",
    "evidence_inspections",
    "release_cells",
    "local_receipts",
    "report_certifications",
    "report_expenditures",
    "report_reads",
    "report_receipts",
    "report_requirements",
    "report_salts",
    "report_values",
    "report_versions",
    "request_decisions",
    "audit_events",
    "audit_head",
    "audit_payloads",
    "audit_workbooks",
    "call_backs",
    "bank_statements",
    "call_extensions",
    "consensuses",
    "disbursement_steps",
    "due_diligence_checks",
    "eligibility_decisions",
    "grant_schedules",
    "grant_agreed_results",
    "grant_agreement_receipts",
    "grant_agreement_texts",
    "grant_budget_lines",
    "entry_confirmations",
    "entry_matches",
    "import_runs",
    "posted_digests",
    "proposal_budget_lines",
    "proposal_codes",
    "proposal_cofunding",
    "proposal_results",
    "receivable_entries",
    "refund_parts",
    "proposal_versions",
    "rankings",
    "recusals",
    "review_drafts",
    "same_persons",
    "risk_assessments",
    "scores",
    "statement_entries",
    "statements",
    "submission_receipts",
    "transfers",
}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(Settings(database_url=database_url), read_only=False, size=2)
    yield made
    made.dispose()


def config(url: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(migrations_path()))
    made.attributes["url"] = url
    return made


def drop_everything(engine: Engine) -> None:
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
            return
        for kind in ("trigger", "index", "table"):
            rows = connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = :kind AND sql IS NOT NULL"),
                {"kind": kind},
            ).all()
            if kind == "table":
                connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            for (name,) in rows:
                connection.execute(text(f'DROP {kind} "{name}"'))


def test_models_and_migrations_say_the_same(engine: Engine) -> None:
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        migrated = without_guards(schema_of(connection))
    drop_everything(engine)
    with engine.begin() as connection:
        metadata.create_all(connection)
        created = schema_of(connection)
    assert created == migrated
    assert len(created) > 300


def test_a_forgotten_check_would_be_noticed(engine: Engine) -> None:
    with engine.begin() as connection:
        migrated = without_guards(schema_of(connection))
    drop_everything(engine)
    lots = metadata.tables["lots"]
    [rule] = [c for c in lots.constraints if c.name == "ck_lots_category_known"]
    lots.constraints.remove(rule)
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            created = schema_of(connection)
    finally:
        lots.constraints.add(rule)
    assert any("ck_lots_category_known" in name for name in migrated.keys() - created.keys())


def test_every_table_that_must_not_change_is_guarded(engine: Engine) -> None:
    with engine.begin() as connection:
        guards = guards_of(connection)
    named = {name.partition(" ")[2].partition(".")[0] for name in guards if "trigger" in name}
    assert named == GUARDED
    if engine.dialect.name == "postgresql":
        truncations = {n for n in guards if n.endswith("_no_truncate")}
        assert len(truncations) == len(GUARDED)


def test_there_is_one_line_of_revisions() -> None:
    script = ScriptDirectory(str(migrations_path()))
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


def test_every_revision_goes_up_and_down_on_empty_tables(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        before = schema_of(connection)
    command.downgrade(config(database_url), "base")
    with engine.begin() as connection:
        assert schema_of(connection) == {}
    migrate(database_url)
    with engine.begin() as connection:
        assert schema_of(connection) == before


Columns = dict[str, list[str]]


def contents(connection: Connection, columns: Columns | None = None) -> dict[str, list[Any]]:
    """Return the rows of every table, or of the ``columns`` of some."""
    return {
        table.name: sorted(map(repr, connection.execute(select(*_chosen(table, columns))).all()))
        for table in metadata.sorted_tables
        if columns is None or table.name in columns
    }


def _chosen(table: Table, columns: Columns | None) -> list[Column[Any]]:
    return [column for column in table.c if columns is None or column.name in columns[table.name]]


def columns_of(connection: Connection) -> Columns:
    """Return the tables that are there, and their columns."""
    found = inspect(connection)
    return {
        name: [column["name"] for column in found.get_columns(name)]
        for name in found.get_table_names()
        if name != "alembic_version"
    }


def test_filled_tables_live_through_every_revision(engine: Engine, database_url: str) -> None:
    """From the first revision up, with a row in each table that the present models have.

    What a later revision brought goes when it is undone; whatever the first revision knew must
    be there again, with the new columns at what the revision gives them, and one event more: that
    the chain covers what was posted.
    """
    revisions = [one.revision for one in ScriptDirectory(str(migrations_path())).walk_revisions()]
    with engine.begin() as connection:
        fill(connection)
        fill(connection, currency="EUR")
        full = contents(connection)
        guards = guards_of(connection)
    assert all(len(rows) >= 2 for name, rows in full.items() if name != "audit_head")
    # Everything since the first revision is undone and done again over the rows; the first one
    # makes the tables themselves, so undoing it is for empty tables only.
    with engine.begin() as connection:
        now = columns_of(connection)
    command.downgrade(config(database_url), revisions[-1])
    with engine.begin() as connection:
        known = columns_of(connection)
        first = contents(connection, known)
        assert all(len(first[name]) == len(full[name]) for name in known)
    migrate(database_url)
    with engine.begin() as connection:
        assert without_sealing(contents(connection, known)) == without_sealing(first)
        assert columns_of(connection) == now
        assert guards_of(connection) == guards
        assert all(connection.execute(select(c)).all() for c in _new_and_required(known))
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def without_sealing(found: dict[str, list[Any]]) -> dict[str, Any]:
    """Return contents without the event that seals old transfers, and without the moving head."""
    left: dict[str, Any] = {name: rows for name, rows in found.items() if name != "audit_head"}
    left["audit_events"] = [row for row in found["audit_events"] if "transfers.sealed" not in row]
    left["audit_payloads"] = [row for row in found["audit_payloads"] if '{"transfers":' not in row]
    assert all(
        len(found[name]) - len(left[name]) <= 1 for name in ("audit_events", "audit_payloads")
    )
    return left


def test_a_history_without_seals_is_sealed_as_it_stands(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first revision, which covered events alone, and one anchor noted there."""
    database = Database(Settings(database_url=database_url))
    with monkeypatch.context() as patch:
        patch.setattr(seals, "note", lambda *_: None)
        for amount in (700, 900):
            with database.write() as db:
                audit.lock_head(db)
                a_lot(db, a_fund(db), amount)
    with database.read() as db:
        assert {one.check for one in checks.run(db)} == {"transfers_sealed"}
        last = audit.sequence_at(db, None)
        anchor = audit.hash_at(db, last)
    database.close()
    command.downgrade(config(database_url), "0001")
    migrate(database_url)
    with database.read() as db:
        assert checks.run(db) == []
        [seal] = db.query(PostedDigest).all()
        assert (seal.event_seq, seal.transfers) == (last + 1, 4)
        assert db.get_one(AuditEvent, last + 1).action == "transfers.sealed"
        assert audit.hash_at(db, last) == anchor
        assert chain.verify_against(db, last, anchor) == []
    with database.write() as db:
        audit.lock_head(db)
        a_lot(db, a_fund(db), 100)
    with database.read() as db:
        assert checks.run(db) == []
    with engine.connect() as connection, connection.begin() as planted:
        for guard in [n.partition(".")[2] for n in guards_of(connection) if " transfers." in n]:
            on = " ON transfers" if connection.dialect.name == "postgresql" else ""
            connection.execute(text(f"DROP TRIGGER {guard}{on}"))
        changed = "UPDATE transfers SET source_type = 'x' WHERE event_seq < :last"
        connection.execute(text(changed), {"last": last})
        found = checks.run(Session(connection))
        planted.rollback()
    assert [one.check for one in found] == ["transfers_sealed"]
    database.close()


def test_a_database_without_transfers_gets_no_event(engine: Engine, database_url: str) -> None:
    command.downgrade(config(database_url), "0001")
    migrate(database_url)
    with engine.begin() as connection:
        for table in ("audit_events", "posted_digests"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def _new_and_required(known: Columns) -> list[Column[Any]]:
    """Return the columns that old tables gained and that may not be null."""
    return [
        column
        for name, columns in known.items()
        for column in metadata.tables[name].c
        if column.name not in columns and not column.nullable
    ]


def test_a_second_upgrade_changes_nothing(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        fill(connection)
        before = (schema_of(connection), contents(connection))
    migrate(database_url)
    with engine.begin() as connection:
        assert (schema_of(connection), contents(connection)) == before


def test_downgrading_filled_tables_takes_everything_away_cleanly(
    engine: Engine, database_url: str
) -> None:
    with engine.begin() as connection:
        fill(connection)
    command.downgrade(config(database_url), "base")
    with engine.begin() as connection:
        found: Inspector = inspect(connection)
        assert set(found.get_table_names()) <= {"alembic_version"}


def test_a_failing_revision_leaves_the_database_as_it_was(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables are made in one transaction on both databases; half a schema is never left."""
    command.downgrade(config(database_url), "base")
    from alembic.operations import Operations

    made: list[str] = []
    real = Operations.create_table

    def failing(self: Any, name: str, *columns: Any, **options: Any) -> Any:
        made.append(name)
        if len(made) == 10:
            raise RuntimeError("power cut")
        return real(self, name, *columns, **options)

    monkeypatch.setattr(Operations, "create_table", failing)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate(database_url)
    with engine.begin() as connection:
        assert schema_of(connection) == {}


@pytest.mark.parametrize("table", sorted(GUARDED - {"audit_head"}))
def test_guards_work_on_rows(engine: Engine, table: str) -> None:
    with engine.begin() as connection:
        fill(connection)
    its = metadata.tables[table]
    column = next(c for c in its.columns if not c.primary_key and not c.foreign_keys)
    for statement in (its.delete(), its.update().values({column.name: column})):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(statement)
    with engine.begin() as connection:
        assert connection.execute(select(func.count()).select_from(its)).scalar() == 1
