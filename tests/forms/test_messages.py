"""Every problem has its sentence, and no sentence is left over."""

from __future__ import annotations

import ast
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

import fundops.forms.limits
from fundops.forms.book import REFUSALS
from fundops.forms.guide import RULES
from fundops.forms.problems import refused

RAISERS = {"Refused", "refused", "Unreadable", "_wrong", "_warn", "report"}


@pytest.fixture(scope="module")
def sentences() -> dict[str, str]:
    catalogue = files("fundops.messages").joinpath("en", "forms.toml")
    return tomllib.loads(catalogue.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def trees() -> list[ast.Module]:
    folder = Path(fundops.forms.limits.__file__).parent
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))]


def strings(trees: list[ast.Module]) -> set[str]:
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def codes(trees: list[ast.Module]) -> set[str]:
    """Return the codes written in calls that make problems."""
    return {
        argument.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in RAISERS
        for argument in node.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_every_code_has_a_sentence(trees: list[ast.Module], sentences: dict[str, str]) -> None:
    found = codes(trees)
    assert len(found) > 40
    assert {code for code in found | REFUSALS if f"forms.{code}" not in sentences} == set()
    assert {rule for rule in RULES if f"forms.guide.{rule}" not in sentences} == set()


def test_no_sentence_is_left_over(trees: list[ast.Module], sentences: dict[str, str]) -> None:
    known = strings(trees)
    unused = {
        key
        for key in sentences
        if key not in known
        and key.removeprefix("forms.") not in known
        and key.removeprefix("forms.guide.") not in known
        and key.removeprefix("forms.guide.column_") not in known
        and key.removeprefix("forms.problems.column_") not in known
    }
    assert unused == set()


def test_every_refusal_of_a_child_is_known_to_its_parent(trees: list[ast.Module]) -> None:
    raised = {
        node.args[0].value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused"
        if isinstance(node.args[0], ast.Constant)
    }
    assert raised <= REFUSALS
    assert "xlsx_damaged" in raised


def test_a_code_without_a_sentence_is_a_programmers_error() -> None:
    with pytest.raises(KeyError):
        refused("no_such_code")
