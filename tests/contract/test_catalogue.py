"""Sentences: every key that code uses exists, every key that exists is used, all can be filled in.

Keys are found as string constants. Those that code puts together are listed here by their
beginning, with what they are put together from, so that each of them is checked as well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from string import Formatter

from fundops.errors import CONSTRAINT_PROBLEMS, PROBLEMS
from fundops.ledger.checks import CHECKS
from fundops.messages import catalogue
from tests.contract.sources import nodes, trees

KEY = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+")
BESIDE_THE_QUERIES = {
    "access_told",
    "audit_chain",
    "register_gone",
    "register_untold",
    "registers_told",
    "transfers_sealed",
}
"""Checks that are programs rather than queries, and what they say."""

TEXT_FUNCTIONS = {"text", "invalid", "refused", "malformed"}


def constants(tree: ast.Module) -> set[str]:
    """Return the strings of a module that look like keys."""
    return {
        node.value
        for node in nodes(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and KEY.fullmatch(node.value)
    }


def direct(tree: ast.Module) -> set[str]:
    """Return the keys given straight to a function that fills in a sentence."""
    found = set()
    for node in nodes(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        if function in TEXT_FUNCTIONS:
            for argument in node.args[:2]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found.add(argument.value)
    return {key for key in found if KEY.fullmatch(key)}


def patterns(tree: ast.Module) -> set[str]:
    """Return the keys that a module puts together, each as a pattern of what they can be."""
    found = set()
    for node in nodes(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [
                re.escape(part.value)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
                else "[a-z0-9_.-]+"
                for part in node.values
            ]
            pattern = "".join(parts)
            first = node.values[0]
            if isinstance(first, ast.Constant) and re.match(r"[a-z_]+\.", str(first.value)):
                found.add(pattern)
    return found


def used_keys(sentences: Iterable[str]) -> set[str]:
    """Return which of ``sentences`` some code names or can put together."""
    named = set().union(*(constants(tree) for tree in trees().values()))
    made = [re.compile(p) for p in set().union(*(patterns(tree) for tree in trees().values()))]
    return {key for key in sentences if key in named or any(p.fullmatch(key) for p in made)}


def test_every_key_in_code_exists() -> None:
    missing = {
        f"{name}: {key}"
        for name, tree in trees().items()
        for key in direct(tree)
        if key not in catalogue()
    }
    assert missing == set()


def test_every_sentence_is_used() -> None:
    assert set(catalogue()) - used_keys(catalogue()) == set()
    assert "nobody.says_this" not in used_keys({"nobody.says_this"})


def test_a_missing_key_would_be_noticed() -> None:
    assert direct(ast.parse("text('no.such_key', x=1)")) - catalogue().keys() == {"no.such_key"}


def test_keys_put_together_exist() -> None:
    wanted = {f"problem.{slug}" for slug in PROBLEMS}
    wanted |= {f"problem.{slug}.title" for slug in PROBLEMS}
    wanted |= {f"check.{check.name}" for check in CHECKS}
    wanted |= {key for _, key in CONSTRAINT_PROBLEMS.values()}
    assert wanted - catalogue().keys() == set()


def test_no_problem_or_check_is_left_over() -> None:
    slugs = {
        key.removeprefix("problem.").removesuffix(".title")
        for key in catalogue()
        if key.startswith("problem.")
    }
    assert slugs == PROBLEMS.keys()
    checks = {key.removeprefix("check.") for key in catalogue() if key.startswith("check.")}
    assert checks == {check.name for check in CHECKS} | BESIDE_THE_QUERIES


def test_every_problem_is_raised_or_answered_somewhere() -> None:
    named = {
        node.value
        for name, tree in trees().items()
        for node in nodes(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if name != "errors.py"
    }
    assert PROBLEMS.keys() - named == set()


def test_sentences_can_be_filled_in_and_read() -> None:
    for key, sentence in catalogue().items():
        for _, name, specification, conversion in Formatter().parse(sentence):
            if name is not None:
                assert re.fullmatch(r"[a-z_]+", name), key
                assert not conversion, key
                assert re.fullmatch(r"[0-9a-z.,<>%]*", specification or ""), key
        assert sentence.strip(), key
    for slug in PROBLEMS:
        assert catalogue()[f"problem.{slug}"].rstrip().endswith("."), slug
        assert not catalogue()[f"problem.{slug}.title"].endswith("."), slug
