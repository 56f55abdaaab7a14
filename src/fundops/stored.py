"""Rows as the database really stores them, for whoever must see every changed byte.

Columns are read without the types that would tidy them up: on SQLite with the kind of value that
each holds, since it takes any in any column; PostgreSQL's types admit one form only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

Row = dict[str, Any]

_STORED_AS = {
    "id": "text", "instant": "text", "date": "text", "text": "text", "whole": "integer",
    "bytes": "blob",
}  # fmt: skip
_BYTES = "CAST({0} AS BLOB) AS {1}, typeof({0}) AS {1}_type"
_HEX = re.compile(rb"[0-9a-f]{32}")
_INSTANT = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")
_DATE = re.compile(rb"\d{4}-\d\d-\d\d")


def columns(dialect: str, kinds: Mapping[str, str], table: str) -> list[str]:
    """Return what to select of ``table`` (its alias) for ``values`` to understand.

    ``kinds`` names each column's kind: ``whole``, ``id``, ``instant``, ``date``, ``text``,
    ``bytes``.
    """
    read = (_BYTES if dialect == "sqlite" else "{0} AS {1}").format
    return [read(f"{table}.{name}", name) for name in kinds]


def values(stored: Row, kinds: Mapping[str, str]) -> Row:
    """Return a row's values; raise ``ValueError`` for what we would never have stored so."""
    if f"{next(iter(kinds))}_type" not in stored:
        return stored
    return {name: _value(kinds[name], stored[f"{name}_type"], stored[name]) for name in kinds}


def _value(kind: str, its_type: str, raw: bytes | None) -> Any:
    if raw is None:
        return None
    if its_type != _STORED_AS[kind]:
        raise ValueError(f"{its_type} for {kind}")
    match kind:
        case "id" if _HEX.fullmatch(raw):
            return UUID(hex=raw.decode())
        case "instant" if _INSTANT.fullmatch(raw):
            return datetime.fromisoformat(raw.decode()).replace(tzinfo=UTC)
        case "date" if _DATE.fullmatch(raw):
            return date.fromisoformat(raw.decode())
        case "whole":
            return int(raw)
        case "text":
            return raw.decode()
        case "bytes":
            return raw
    raise ValueError(f"no {kind}")
