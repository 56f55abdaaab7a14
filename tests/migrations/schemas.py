"""What a database's schema consists of, read back from the database itself.

Two schemas are compared as sets of names with normalised definitions, so that a CHECK, an index
or a guard that a migration forgot, kept or spelled otherwise shows by name.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection, text

Schema = dict[str, str]
"""Kind and name of each thing -> its definition, spaces and quotes taken out."""


def schema_of(connection: Connection) -> Schema:
    """Return every table, column, constraint, index, trigger and function of the database."""
    if connection.dialect.name == "sqlite":
        return _sqlite(connection)
    return _postgres(connection)


def guards_of(connection: Connection) -> Schema:
    """Return the triggers, and the functions they call."""
    kinds = ("trigger ", "function ")
    return {name: what for name, what in schema_of(connection).items() if name.startswith(kinds)}


def without_guards(schema: Schema) -> Schema:
    """Return a schema without triggers and functions, which only migrations make."""
    kinds = ("trigger ", "function ")
    return {name: what for name, what in schema.items() if not name.startswith(kinds)}


def _plain(definition: str) -> str:
    return re.sub(r"[\s\"`]+", "", definition).lower()


def _sqlite(connection: Connection) -> Schema:
    found: Schema = {}
    rows = connection.execute(
        text("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    )
    for kind, name, table, definition in rows:
        if table == "alembic_version":
            continue
        if kind == "table":
            # One entry per line, so that a difference names its column or constraint.
            for part in _parts(definition):
                found[f"part {table}: {part[:60]}"] = part
        else:
            found[f"{kind} {table}.{name}"] = _plain(definition)
    return found


def _parts(definition: str) -> list[str]:
    """Return the columns and constraints between the outer brackets of a CREATE TABLE."""
    inside = definition[definition.index("(") + 1 : definition.rindex(")")]
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(inside):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(_plain(inside[start:place]))
            start = place + 1
    return sorted([*parts, _plain(inside[start:])])


_POSTGRES = (
    "SELECT 'column ' || table_name || '.' || column_name, data_type || ' ' || is_nullable || ' '"
    " || coalesce(character_maximum_length::text, '') || ' ' || coalesce(collation_name, '')"
    " || ' ' || coalesce(column_default, '')"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT 'constraint ' || conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0",
    "SELECT 'index ' || tablename || '.' || indexname, indexdef FROM pg_indexes"
    " WHERE schemaname = 'public'",
    "SELECT 'trigger ' || tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)"
    " FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT 'function ' || proname, pg_get_functiondef(oid) FROM pg_proc"
    " WHERE pronamespace = 'public'::regnamespace",
)


def _postgres(connection: Connection) -> Schema:
    return {
        name: _plain(definition)
        for query in _POSTGRES
        for name, definition in connection.execute(text(query))
        if "alembic_version" not in name
    }
