"""Every kind of notice that is declared is told by something in the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from fundops.notices.kinds import KINDS
from tests.contract.sources import nodes, trees

TELLING = {"tell", "Reminder"}
"""What tells: a call of the one, or what the other declares for a job to tell."""


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def literals(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


@cache
def kinds_told(tree: ast.Module) -> set[str]:
    """Return the strings that a module tells: arguments, or values of mappings it takes them from.

    A call whose kind is no literal counts every string of the module's own mappings and of what
    the name was set to in its function.
    """
    found: set[str] = set()
    names: set[str] = set()
    for call in (one for one in nodes(tree) if isinstance(one, ast.Call)):
        if name_of(call) not in TELLING:
            continue
        for given in call.args[:2]:
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                found.add(given.value)
            elif isinstance(given, ast.Name) and given.id not in {"db", "database"}:
                names.add(given.id)
    if names:
        found |= set(_values_of(tree, names))
    return found


def _values_of(tree: ast.Module, names: set[str]) -> Iterator[str]:
    """Yield the strings that may be in ``names``: those set there, and those of module mappings."""
    used: set[str] = set()
    for node in nodes(tree):
        if isinstance(node, ast.Assign) and names & {
            one.id for target in node.targets for one in ast.walk(target)
            if isinstance(one, ast.Name)
        }:  # fmt: skip
            yield from literals(node.value)
            used |= {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Dict)
            and used & {one.id for one in node.targets if isinstance(one, ast.Name)}
        ):
            for value in node.value.values:
                yield from literals(value)


def never_told(trees: dict[str, ast.Module], kinds: set[str]) -> set[str]:
    """Return the kinds that no module tells."""
    return kinds - {kind for tree in trees.values() for kind in kinds_told(tree)}


def sources() -> dict[str, ast.Module]:
    return {name: tree for name, tree in trees().items() if name != "notices/kinds.py"}


def test_every_kind_is_told() -> None:
    assert never_told(sources(), set(KINDS)) == set()


def test_a_kind_that_nobody_tells_is_found() -> None:
    """The control: a kind that is named, even beside a telling, but not told."""
    modules = sources()
    modules["planted.py"] = ast.parse(
        'KIND = "never_told"\nOTHERS = {"x": "never_told"}\n'
        'def f(db):\n    log("never_told")\n'
        '    tell(db, "hold_placed", facts={"code": "never_told"})'
    )
    assert never_told(modules, {*KINDS, "never_told"}) == {"never_told"}
    del modules["disbursements/telling.py"], modules["grants/reminders.py"]
    assert never_told(modules, set(KINDS)) == {
        "disbursement_requested", "disbursement_certified", "disbursement_approved",
        "disbursement_sent_back", "disbursement_paid", "requirement_due", "requirement_overdue",
    }  # fmt: skip
