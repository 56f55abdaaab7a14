"""Every code in the program has its sentence, and no sentence is left over."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

import fundops.imports.limits
from fundops.imports.findings import finding

REPORTERS = {"finding", "report", "about"}
RAISERS = {"damage", "Unreadable", "Refused"}


@pytest.fixture
def sentences() -> dict[str, str]:
    catalogue = files("fundops.messages").joinpath("en", "imports.toml")
    return tomllib.loads(catalogue.read_text(encoding="utf-8"))


def trees() -> Iterator[ast.Module]:
    folder = Path(fundops.imports.limits.__file__).parent
    for path in sorted(folder.glob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def strings() -> set[str]:
    """Return every string constant in the package."""
    return {
        node.value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def codes() -> set[str]:
    """Return the codes written in calls that make findings."""
    found = set()
    for tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = 1 if name in REPORTERS else 0 if name in RAISERS else None
            if place is None or len(node.args) <= place:
                continue
            argument = node.args[place]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                found.add(argument.value)
    return found


def test_every_code_in_the_program_has_a_sentence(sentences: dict[str, str]) -> None:
    assert len(codes()) > 60
    assert {code for code in codes() if f"imports.{code}" not in sentences} == set()


def test_no_sentence_is_left_over(sentences: dict[str, str]) -> None:
    known = strings()
    unused = {
        key
        for key in sentences
        if key not in known
        and key.removeprefix("imports.") not in known
        and key.removeprefix("imports.profile.") not in known
    }
    assert unused == set()


def test_a_code_without_a_sentence_is_a_programmers_error() -> None:
    with pytest.raises(KeyError):
        finding("error", "no_such_code", "a.csv")
