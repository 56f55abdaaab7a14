"""Unit tests are about pure functions: opening any database in one is a failure."""

from __future__ import annotations

import sqlite3
from typing import Any, NoReturn

import psycopg
import pytest


def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Stand in for the drivers' ``connect``."""
    pytest.fail("a unit test opened a database; it belongs elsewhere under tests/")


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections by either driver."""
    monkeypatch.setattr(sqlite3, "connect", refuse)
    monkeypatch.setattr(sqlite3.dbapi2, "connect", refuse)
    monkeypatch.setattr(psycopg, "connect", refuse)
    monkeypatch.setattr(psycopg.Connection, "connect", refuse)
