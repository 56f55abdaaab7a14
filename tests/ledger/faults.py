"""Cutting commands on money off at every statement and at their commit, and who moves money at all.

A command is sent again and again, cut off at its first statement, its second, and so on; each time
the database must be as it was. In the end it is let through, under the same idempotency key, does
what it should once, and sent once more gets the same answer. While it is let through it is noted
which functions have posted to the ledger: those are what the test has tried.
"""

from __future__ import annotations

import ast
import functools
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

import fundops
from fundops import audit
from fundops.authz import Role
from fundops.errors import Problem
from fundops.ledger import posting
from fundops.models import metadata
from tests.depth import DEPTH
from tests.world import Caller, World

SOURCE = Path(fundops.__file__).parent
POSTING = "fundops.ledger.posting"
POSTS = frozenset({"post", "post_many"})
WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE")

Counts = Callable[[str], bool]
Send = Callable[[], Any]


def is_write(statement: str) -> bool:
    """Return whether a statement may change a row (one with a lock alone does not)."""
    words = statement.split(None, 1)[0].upper()
    return words in WRITES or (words == "WITH" and any(one in statement for one in WRITES))


def every(_statement: str) -> bool:
    """Count every statement."""
    return True


MOST, FEW = 7, 2
"""How often the short form cuts off a command that moves money, and one that does not."""
READS = 3
"""The long form cuts off at every write and at each third of the reads, at depth at all."""


def spread(last: int, most: int) -> Sequence[int]:
    """Return numbers from 1 to ``last``, all of them or ``most`` evenly spread, both ends in."""
    if last <= most:
        return range(1, last + 1)
    return [1 + round(number * (last - 1) / (most - 1)) for number in range(most)]


def at_all_writes(statements: Sequence[str], reads: int) -> Sequence[int]:
    """Return the numbers of the writes among statements, and of each so many of the others."""
    return [
        number
        for number, one in enumerate(statements, 1)
        if is_write(one) or number % reads == 0 or number == len(statements)
    ]


class Kept:
    """Tells whether anything was committed to the database of a world, exactly.

    SQLite counts the commits of all connections but the one that asks. PostgreSQL is asked for a
    digest of all rows of every table.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._path = make_url(world.database.settings.database_url).database or ""

    @contextmanager
    def watching(self) -> Iterator[Callable[[], Any]]:
        """Give what returns the present state; two states are equal if nothing was committed."""
        if self._world.database.is_sqlite:
            with closing(sqlite3.connect(self._path)) as own:
                yield lambda: own.execute("PRAGMA data_version").fetchone()[0]
        else:
            filled = {row[0] for row in self._rows(map(_if_filled, TABLES))}
            query = [_digest(name) if name in filled else _if_filled(name) for name in TABLES]
            yield lambda: self._rows(query)

    def _rows(self, parts: Iterable[str]) -> list[Any]:
        with self._world.database.reader.connect() as connection:
            # To start workers for a hundred small tables takes longer than to read them.
            connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
            found = connection.exec_driver_sql(" UNION ALL ".join(parts)).all()
        return sorted(tuple(row) for row in found)


TABLES = tuple(table.name for table in metadata.sorted_tables)


def _if_filled(table: str) -> str:
    return f"SELECT '{table}', 0, '' WHERE EXISTS (SELECT FROM {table})"


def _digest(table: str) -> str:
    rows = "string_agg(t::text, chr(10) ORDER BY t::text)"
    return f"SELECT '{table}', count(*), md5({rows}) FROM {table} t"


class Cut:
    """Cuts the writing connection off at the ``at``-th statement of a kind, or at its commit (0).

    ``None`` lets everything through.
    """

    def __init__(self, world: World, at: int | None, counts: Counts = every) -> None:
        self.engine = world.database.writer
        self.at = at
        self.counts = counts
        self.statements: list[str] = []
        self.commits = 0

    def __enter__(self) -> Cut:
        event.listen(self.engine, "before_cursor_execute", self._statement)
        event.listen(self.engine, "commit", self._commit)
        return self

    def __exit__(self, *_exception: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._statement)
        event.remove(self.engine, "commit", self._commit)

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not self.counts(statement):
            return
        self.statements.append(statement)
        if len(self.statements) == self.at:
            raise OperationalError(statement, {}, RuntimeError("cut off"))

    def _commit(self, _connection: Any) -> None:
        self.commits += 1
        if self.at == 0:
            raise OperationalError("COMMIT", {}, RuntimeError("cut off"))


@dataclass(frozen=True)
class Answer:
    """How a service ended that was run by itself, in the form of an answer."""

    status_code: int
    text: str = ""
    content: bytes = b""

    def json(self) -> None:
        """Return nothing: there is no body."""


class Till:
    """Sends commands, each under a key of its own that its retries share, and cuts them off.

    ``ran`` are the functions that have posted while commands were let through; ``figures`` tells
    for each command how many statements it was cut off at.
    """

    def __init__(self, world: World, counts: Counts = every) -> None:
        self.world = world
        self.counts = counts
        self.kept = Kept(world)
        self.callers: dict[Role, Caller] = {}
        self.ran: set[str] = set()
        self.figures: list[tuple[str, int]] = []

    def caller(self, who: Role | Caller) -> Caller:
        """Return the one person of a role."""
        if isinstance(who, Caller):
            return who
        return self.callers.setdefault(who, self.world.as_role(who))

    def sender(
        self, who: Role | Caller, path: str, body: Any = None, raw: bytes | None = None
    ) -> Send:
        """Return what sends one command, again and again the same."""
        caller = self.caller(who)
        headers = {"idempotency-key": uuid4().hex}
        options: dict[str, Any] = {"headers": headers}
        if raw is not None:
            options["content"] = raw
            headers["content-type"] = "application/octet-stream"
        elif body is not None:
            options["json"] = body
        return lambda: caller.post(path, **options)

    def run(
        self, who: Role | Caller, path: str, body: Any = None, *, raw: bytes | None = None
    ) -> Any:
        """Cut a command off everywhere, then let it through; return its answer's body."""
        return self.cut(path, self.sender(who, path, body, raw)).json()

    def do(self, name: str, work: Callable[[Session], Any]) -> None:
        """Do the same with a service that no route has of its own."""

        def send() -> Answer:
            try:
                with self.world.database.write() as db:
                    audit.lock_head(db)
                    work(db)
            except (DBAPIError, Problem) as error:
                return Answer(503, str(error))
            return Answer(200)

        self.cut(name, send, again=False)

    def cut(self, name: str, send: Send, *, again: bool = True) -> Any:
        """Cut ``send`` off everywhere; return the answer of the one that was let through."""
        with self.kept.watching() as state:
            before = state()
            points = self._cut_at_commit(send)
            assert state() == before, "committed although cut off at the commit"
            for at in (*points, None):
                with Cut(self.world, at, self.counts) as cut, posters() as posted:
                    answer = send()
                if at is None or len(cut.statements) < at:
                    break  # there was no statement to cut it off at: it went through
                assert answer.status_code >= 500, (at, cut.statements[-1], answer.text)
                assert state() == before, (at, cut.statements[-1])
            assert answer.status_code in {200, 201}, answer.text
            assert cut.commits == 1, "more than one transaction"
            after = state()
            assert after != before, "nothing was done"
            if again:
                self._same_again(send, answer)
                assert state() == after, "done twice"
        self.ran |= posted
        self.figures.append((name, len(points)))
        return answer

    def _cut_at_commit(self, send: Send) -> Sequence[int]:
        """Cut ``send`` off when it has written everything; return where to cut it off next."""
        with Cut(self.world, 0, self.counts) as cut, posters() as posted:
            answer = send()
        assert cut.commits == 1, answer.text
        assert answer.status_code >= 500, answer.text
        last = len(cut.statements)
        assert last > 2, "hardly anything was written before the commit"
        if self.counts is every:
            return at_all_writes(cut.statements, READS if DEPTH == 1 else 1)
        return spread(last, MOST if posted else FEW)

    def _same_again(self, send: Send, answer: Any) -> None:
        repeated = send()
        assert (repeated.status_code, repeated.content) == (answer.status_code, answer.content)


@contextmanager
def posters() -> Iterator[set[str]]:
    """Give the functions that post transfers while the block runs, as ``module:function``."""
    found: set[str] = set()

    def noting(real: Callable[..., None], movements_at: int) -> Callable[..., None]:
        @functools.wraps(real)
        def noted(*given: Any) -> None:
            frame = sys._getframe(1)
            module = str(frame.f_globals["__name__"])
            if module != POSTING and given[movements_at]:
                found.add(f"{module}:{frame.f_code.co_qualname}")
            real(*given)

        return noted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posting, "post", noting(posting.post, 2))
        patch.setattr(posting, "post_many", noting(posting.post_many, 1))
        yield found


DECLARED: dict[str, frozenset[str]] = {}
"""Test -> the functions that post in the commands which it cuts off."""

Test = Callable[..., None]


def moves(*sites: str) -> Callable[[Test], Test]:
    """Declare which functions post in the commands of a test; it fails if others do, or not all."""

    def declare(test: Test) -> Test:
        @functools.wraps(test)
        def tried(*given: Any, till: Till, **fixtures: Any) -> None:
            test(*given, till=till, **fixtures)
            assert till.ran == {f"fundops.{site}" for site in sites}

        DECLARED[f"{test.__module__}.{test.__qualname__}"] = frozenset(
            f"fundops.{site}" for site in sites
        )
        return tried

    return declare


def all_posters() -> set[str]:
    """Return every function of the program that posts transfers, found in its source."""
    found: set[str] = set()
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        source = path.read_text(encoding="utf-8")
        if module != POSTING and "posting" in source:
            found |= posters_in(module, source)
    return found


def posters_in(module: str, source: str) -> set[str]:
    """Return the functions of a module that name the posting of transfers, called or handed on."""
    tree = ast.parse(source)
    names = _names_of_posting(tree)
    found: set[str] = set()

    def walk(node: ast.AST, inside: tuple[str, ...], name: str) -> None:
        for child in ast.iter_child_nodes(node):
            where, called = inside, name
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                called = ".".join((*inside, child.name))
                where = (*inside, child.name, "<locals>")
            elif isinstance(child, ast.ClassDef):
                where = (*inside, child.name)
            elif isinstance(child, ast.Attribute | ast.Name) and ast.unparse(child) in names:
                found.add(f"{module}:{name}")
            walk(child, where, called)

    walk(tree, (), "<module>")
    return found


def _names_of_posting(tree: ast.AST) -> set[str]:
    """Return by what expressions a module may name what posts, from its imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for one in node.names:
                whole, known = f"{node.module}.{one.name}", one.asname or one.name
                if whole == POSTING:
                    found |= {f"{known}.{name}" for name in POSTS}
                elif node.module == POSTING and one.name in POSTS:
                    found.add(known)
        elif isinstance(node, ast.Import):
            for one in node.names:
                if one.name == POSTING:
                    found |= {f"{one.asname or POSTING}.{name}" for name in POSTS}
    return found
