"""Databases: types, naming, engines and transactions for SQLite and PostgreSQL alike.

Reads run in a read-only transaction that the database itself enforces. A write is one
transaction that first waits its turn: an in-process queue on SQLite, then the audit chain's head
row on both (see ``audit.lock_head``).
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    String,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from fundops.config import Settings
from fundops.engines import make_engine, make_glancer
from fundops.errors import Problem, constraint_problem
from fundops.money import MAX_MINOR

SQLITE_AWAY = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN})
"""Failures of the file or its disk, not of the statement."""

AnySelect = Select[*tuple[Any, ...]]
"""A query whose columns are not spelled out in its type."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Text(TypeDecorator[str]):
    """Text that sorts by code point on both databases (collation ``C`` on PostgreSQL)."""

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    @property
    def python_type(self) -> type[str]:
        """What values are; a decorated type says ``object`` of itself, which checks nothing."""
        return str

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Add the collation where the database would sort by locale otherwise."""
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(self.length, collation=collation))


def _utc_of_text(value: str | None) -> datetime | None:
    """Return the instant that SQLite keeps as naive UTC text."""
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant, to the microsecond, the same on both databases."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What values are."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Use ``timestamptz`` on PostgreSQL and naive UTC text on SQLite."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; hand the database UTC."""
        if value is None:
            return None
        assert value.tzinfo is not None, "instants carry their zone"
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Return what makes an instant in UTC of what the driver gives; exports read millions."""
        if dialect.name == "postgresql":
            return super().result_processor(dialect, coltype)
        return _utc_of_text

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Return the instant aware, in UTC."""
        return None if value is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every table; constraint names follow ``NAMING`` so that errors can be mapped."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {str: Text(), datetime: UtcDateTime()}


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return the named CHECK that ``column`` holds one of ``values`` (code lists in the schema)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def in_range(column: str) -> CheckConstraint:
    """Return the CHECK that an amount is positive and within the system's range."""
    return CheckConstraint(f"{column} > 0 AND {column} <= {MAX_MINOR}", name=f"{column}_in_range")


def whole(column: str) -> CheckConstraint:
    """Return the CHECK that SQLite stores an integer in ``column``; PostgreSQL's types do so."""
    is_whole = f"{column} IS NULL OR typeof({column}) = 'integer'"
    return CheckConstraint(is_whole, name=f"{column}_whole").ddl_if(dialect="sqlite")


class FairLock:
    """A mutual exclusion that serves waiters in order of arrival, so that none starves."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds for a turn; return whether it came."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=timeout):
            return True
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        return True  # the turn was handed over while giving up: it is ours

    def release(self) -> None:
        """Hand the turn to whoever has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


class WriteSession(Session):
    """The session of a write transaction; what must hold before its commit hooks in here."""


_BEFORE_COMMIT: list[Callable[[Session], None]] = []
_AT_LAST: list[Callable[[Session], None]] = []


def before_commit(hook: Callable[[Session], None], *, at_last: bool = False) -> None:
    """Run ``hook`` on the session of every write transaction, just before it commits.

    Those for ``at_last`` run after all others, when nothing more is recorded.
    """
    (_AT_LAST if at_last else _BEFORE_COMMIT).append(hook)


class Database:
    """The engines of one database and the two ways to open a transaction on it."""

    def __init__(self, settings: Settings) -> None:
        # Every table must be known before the first query: the column of a foreign key takes its
        # type from the table it refers to, and would otherwise be read as whatever is stored.
        import_module("fundops.models")
        self.settings = settings
        self.is_sqlite = settings.is_sqlite
        self.writer = make_engine(settings, read_only=False, size=settings.threads)
        self.reader = make_engine(settings, read_only=True, size=settings.threads)
        self.glancer = self.reader if self.is_sqlite else make_glancer(settings)
        self.exporter = make_engine(settings, read_only=True, size=settings.export_slots)
        self._turns = FairLock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read-only snapshot; every query inside sees the same state."""
        with Session(self.reader, expire_on_commit=False, info={"is_snapshot": True}) as db:
            yield db

    @contextmanager
    def glance(self) -> Iterator[Session]:
        """Open what answers one query; on PostgreSQL that spares beginning and ending a snapshot.

        A second query might see a later state: two that must agree belong into ``read``.
        """
        info = {"is_snapshot": self.is_sqlite}
        with Session(self.glancer, expire_on_commit=False, info=info) as db:
            yield db

    @contextmanager
    def export(self) -> Iterator[Session]:
        """Open a read-only snapshot on the export pool, which may outlive the function."""
        with Session(self.exporter, expire_on_commit=False, info={"is_snapshot": True}) as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open the one write transaction: commits when the block ends, rolls back if it raises.

        Raises ``Problem`` (``busy``) when its turn does not come within the lock timeout, and the
        declared problem of a violated database constraint.
        """
        if self.is_sqlite and not self._turns.acquire(self.settings.lock_timeout_seconds):
            raise Problem("busy")
        try:
            with WriteSession(self.writer, expire_on_commit=False) as db:
                try:
                    yield db
                    for hook in (*_BEFORE_COMMIT, *_AT_LAST):
                        hook(db)
                    db.commit()
                except DBAPIError as error:
                    raise translate(error) from error
        finally:
            if self.is_sqlite:
                self._turns.release()

    def close(self) -> None:
        """Close every pooled connection."""
        for engine in {self.writer, self.reader, self.glancer, self.exporter}:
            engine.dispose()


def violated_constraint(error: DBAPIError) -> str | None:
    """Return the name of the constraint that ``error`` reports, on either database."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        name: str | None = diagnosis.constraint_name
        return name
    message = str(error.orig)
    kind, _, rest = message.partition(" constraint failed: ")
    if kind == "CHECK":
        return rest.strip()
    if kind == "UNIQUE":
        return _unique_name([part.strip() for part in rest.split(",")])
    return None


def _unique_name(columns: Sequence[str]) -> str | None:
    """Return the name of the unique rule over ``table.column`` names, which SQLite reports."""
    table_name = columns[0].partition(".")[0]
    wanted = {column.partition(".")[2] for column in columns}
    table = Base.metadata.tables.get(table_name)
    if table is None:
        return None
    for rule in (*table.constraints, *table.indexes):
        if not isinstance(rule, UniqueConstraint | PrimaryKeyConstraint | Index):
            continue
        if {column.name for column in rule.columns} == wanted:
            return str(rule.name)
    return None


def translate(error: DBAPIError) -> Exception:
    """Return the declared problem behind a database error, or the error itself."""
    if isinstance(error, IntegrityError):
        name = violated_constraint(error)
        problem = constraint_problem(name) if name else None
        return problem or error
    if _is_busy(error):
        return Problem("busy")
    if _is_away(error):
        return Problem("unavailable")
    return error


def _is_busy(error: DBAPIError) -> bool:
    """Return whether another transaction stood in the way for too long."""
    state = getattr(error.orig, "sqlstate", None)
    return state in {"55P03", "40P01", "40001"} or "database is locked" in str(error.orig)


def _is_away(error: DBAPIError) -> bool:
    """Return whether the database itself cannot be reached, be read or take more."""
    if error.connection_invalidated:
        return True
    if not isinstance(error, OperationalError):
        return False
    # PostgreSQL: connecting fails without a state; classes 08, 53 and 57 are connections lost,
    # resources exhausted and shutdowns.
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state)[:2] in {"08", "53", "57"}
    sqlite_code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return sqlite_code is None or sqlite_code & 0xFF in SQLITE_AWAY


def id_encoder(dialect_name: str) -> Callable[[UUID | None], Any]:
    """Return how a UUID is handed to the bare driver: hex text on SQLite, itself on PostgreSQL."""
    if dialect_name == "sqlite":
        return lambda value: None if value is None else value.hex
    return lambda value: value


def date_encoder(dialect_name: str) -> Callable[[date | None], Any]:
    """Return how a date is handed to the bare driver: ISO text on SQLite, itself otherwise."""
    if dialect_name == "sqlite":
        return lambda value: None if value is None else value.isoformat()
    return lambda value: value


def migrations_path() -> Path:
    """Return the folder of migrations: inside an installed package, else in the checkout."""
    packaged = Path(__file__).with_name("_migrations")
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "migrations"


def migrate(url: str, revision: str = "head") -> None:
    """Create or upgrade the database at ``url`` to ``revision``."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_path()))
    config.attributes["url"] = url
    command.upgrade(config, revision)
