"""Who may import whom, who may write what, and how large a piece of code may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sources import SOURCE, nodes, tree_of

MAX_LINES = 400
MAX_FUNCTION_LINES = 70

DOMAINS = (
    "parties",
    "notices",
    "files",
    "funds",
    "donors",
    "treasury",
    "calls",
    "proposals",
    "reviews",
    "grants",
    "payees",
    "disbursements",
    "banking",
    "expenditures",
    "reports",
    "partners",
    "overlaps",
    "decisions",
    "impact",
    "releases",
    "tracing",
    "planning",
    "retention",
    "samples",
    "findings",
)
"""The chain: each may import the ones before it, never one after."""

BESIDE = {
    # Whose money may pay for what: asked by services of donors and grants; knows their tables.
    "allocation": {"models"},
    # Workbooks that people fill in: declared as data by domains, knows none of them.
    "forms": set(),
    # Personal data in texts and files: opens files in the child process of forms, knows no table.
    "screening": {"forms"},
    # The mathematics of audit samples: knows no table.
    "sampling": set(),
    "suppression": set(),
}
EDGES = ("exports", "imports", "demo")
"""On top of the domains; nothing below imports them. Reports of imports are workbooks."""

ASSEMBLY = {"app", "routers", "models", "commands", "cli", "api_document", "health", "__main__"}
"""Core modules that put the pieces together and so may import any of them."""

LAYERS = ("models", "queries", "service", "routes")
WRITES = {"insert", "update", "delete"}
POSTED = {"transfers", "accounts", "account_days", "account_months"}
POSTED_CLASSES = {"Transfer", "Account", "AccountDay", "AccountMonth"}
WRITERS = {"ledger/posting.py", "ledger/writing.py"}
"""Posting, and the statements it has written for it."""


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "_migrations" not in path.parts)


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def imported(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Return what a module imports of ours, as parts after ``fundops``; types count as well."""
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "fundops":
            module = tuple((node.module or "").split(".")[1:])
            for name in node.names:
                yield (*module, name.name)
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.split(".")[0] == "fundops":
                    yield tuple(name.name.split(".")[1:])


def domain_of(parts: tuple[str, ...]) -> str | None:
    """Return the folder that ``parts`` are in, if it is one of ours."""
    head = parts[0] if parts else ""
    return head if (SOURCE / head).is_dir() and head else None


def forbidden_imports(name: str, tree: ast.Module) -> list[str]:
    """Return the imports of the module ``name`` that point the wrong way."""
    own, _, rest = name.partition("/")
    if not rest:
        own = ""
    found = []
    for parts in imported(tree):
        other = domain_of(parts)
        if other is None or other in {own, "messages"}:
            continue
        if not allowed(name, own, other, parts):
            found.append(f"{name} imports {'.'.join(parts)}")
    return found


def allowed(name: str, own: str, other: str, parts: tuple[str, ...]) -> bool:
    if own == "":
        return name.removesuffix(".py") in ASSEMBLY
    if own == "ledger":
        return False
    if own in EDGES:
        return other not in EDGES or EDGES.index(other) < EDGES.index(own)
    if other in EDGES:
        return False
    if own in BESIDE:
        if other in DOMAINS:
            return parts[1] in BESIDE[own]
        return other == "ledger" or other in BESIDE[own]
    if other == "ledger" or other in BESIDE:
        return True
    return DOMAINS.index(other) < DOMAINS.index(own)


def test_imports_point_one_way() -> None:
    found = [wrong for path in modules() for wrong in forbidden_imports(named(path), tree_of(path))]
    assert found == []


def test_every_folder_has_its_place() -> None:
    folders = {
        path.parent.relative_to(SOURCE).parts[0] for path in modules() if path.parent != SOURCE
    }
    assert folders <= {*DOMAINS, *BESIDE, *EDGES, "ledger", "messages"}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ledger/posting.py", "from fundops.donors.models import Lot"),
        ("parties/service.py", "from fundops.donors import models"),
        ("donors/pledges.py", "import fundops.grants.models"),
        ("allocation/plan.py", "from fundops.donors.pledges import create"),
        ("grants/service.py", "from fundops.exports import write"),
        ("screening/child.py", "from fundops.files.kinds import Refused"),
        ("forms/reader.py", "from fundops.screening import screen"),
        ("pages.py", "from fundops.parties.models import Party"),
    ],
)
def test_an_import_the_wrong_way_would_be_noticed(name: str, line: str) -> None:
    assert forbidden_imports(name, ast.parse(line))


def layer_of(path: Path) -> str | None:
    """Return the layer of a module by its name: ``cash_queries`` is one of queries."""
    stem = path.stem
    return next((layer for layer in LAYERS if stem == layer or stem.endswith(f"_{layer}")), None)


def test_layers_of_a_domain_point_one_way() -> None:
    """Routes may use all below them; models and queries never use services or routes."""
    found = []
    for path in modules():
        layer = layer_of(path)
        if layer not in {"models", "queries"} or path.parent == SOURCE:
            continue
        for parts in imported(tree_of(path)):
            other = layer_of(SOURCE.joinpath(*parts[:2])) if len(parts) > 1 else None
            if other and LAYERS.index(other) > LAYERS.index(layer):
                found.append(f"{named(path)} imports {'.'.join(parts)}")
    assert found == []


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in nodes(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, node


def route_writes(tree: ast.Module) -> list[int]:
    """Return the lines on which a module of routes writes to the database by itself."""
    return [
        node.lineno
        for name, node in calls(tree)
        if name in WRITES | {"add", "add_all", "flush", "commit", "merge", "write"}
        and isinstance(node.func, ast.Name | ast.Attribute)
        and (name in WRITES or _is_session(node.func))
    ]


def _is_session(func: ast.expr) -> bool:
    return (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Name)
        and (func.value.id in {"db", "session", "database"})
    )


def test_routes_leave_writing_to_services() -> None:
    found = [
        f"{named(path)}:{line}"
        for path in modules()
        if layer_of(path) == "routes"
        for line in route_writes(tree_of(path))
    ]
    assert found == []
    assert route_writes(ast.parse("db.add(x)\ndb.execute(update(Fund))")) == [1, 2]


def test_services_never_commit() -> None:
    """The transaction belongs to ``command``, to the database's own block, or to a command line."""
    found = [
        f"{named(path)}:{node.lineno}"
        for path in modules()
        for name, node in calls(tree_of(path))
        if name in {"commit", "rollback"} and named(path) not in {"db.py", "engines.py"}
    ]
    assert found == []


_SQL_WRITE = re.compile(
    rf"\b(INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+({'|'.join(sorted(POSTED))})\b", re.I
)


def posted_elsewhere(tree: ast.Module) -> list[int]:
    """Return the lines on which a module writes ledger tables, in SQL or through their classes."""
    found = []
    for node in nodes(tree):
        match node:
            case ast.Constant(value=str(sql)) if _SQL_WRITE.search(sql):
                found.append(node.lineno)
    for name, node in calls(tree):
        target = node.args[0] if node.args else None
        if name in WRITES and isinstance(target, ast.Name | ast.Attribute):
            its = target.id if isinstance(target, ast.Name) else ast.unparse(target)
            if its.partition(".")[0] in POSTED_CLASSES:
                found.append(node.lineno)
        if name in POSTED_CLASSES:  # making a record of it, which a session would insert
            found.append(node.lineno)
    return sorted(set(found))


def test_only_posting_writes_the_ledger() -> None:
    found = [
        f"{named(path)}:{line}"
        for path in modules()
        if named(path) not in WRITERS
        for line in posted_elsewhere(tree_of(path))
    ]
    assert found == []
    for planted in (
        "db.execute(update(Account).values(x=1))",
        "sql('UPDATE accounts SET debits_minor = 0')",
        "db.add(Transfer(id=1))",
        "db.execute(insert(Transfer.__table__))",
    ):
        assert posted_elsewhere(ast.parse(planted)), planted
    posting = SOURCE / "ledger/writing.py"
    assert posted_elsewhere(tree_of(posting))


def test_modules_and_functions_stay_small() -> None:
    large = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > MAX_LINES:
            large.append(f"{named(path)}: {lines} lines")
        for node in nodes(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    large.append(f"{named(path)}:{node.name}: {length} lines")
    assert large == []


def test_money_is_never_a_float() -> None:
    from sqlalchemy import Float, Numeric

    from fundops.models import metadata

    for table in metadata.sorted_tables:
        for column in table.columns:
            assert not isinstance(column.type, Float | Numeric), f"{table.name}.{column.name}"
    found = [f"{named(path)}:{line}" for path in modules() for line in rounded(tree_of(path))]
    assert found == []
    assert rounded(ast.parse("a_minor / 2\nfloat(x.amount_minor)\nround(b_minor, 2)")) == [1, 2, 3]


def rounded(tree: ast.Module) -> list[int]:
    """Return the lines on which minor units are divided, or made a float of."""
    divided = (
        node.lineno
        for node in nodes(tree)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and ast.unparse(node.left).endswith("_minor")
    )
    called = (
        node.lineno
        for name, node in calls(tree)
        if name in {"float", "round"} and "minor" in ast.unparse(node)
    )
    return sorted([*divided, *called])
