"""The program's modules as syntax, read once for all tests that look at them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import fundops

SOURCE = Path(fundops.__file__).parent


@cache
def tree_of(path: Path) -> ast.Module:
    """Return a module as it is written; whoever asks leaves it as it is."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def trees() -> dict[str, ast.Module]:
    """Return every module by its name."""
    return {
        path.relative_to(SOURCE).as_posix(): tree_of(path) for path in sorted(SOURCE.rglob("*.py"))
    }


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Return all that a module is made of, in the order of ``ast.walk``."""
    return tuple(ast.walk(tree))
