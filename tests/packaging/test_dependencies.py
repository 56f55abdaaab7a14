"""Declared, explained and locked dependencies are the same packages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
DEV = PROJECT["project"]["optional-dependencies"]["dev"]
BENCH = PROJECT["project"]["optional-dependencies"]["bench"]
BUILD = PROJECT["build-system"]["requires"]
LOCKS = {
    "requirements.txt": RUNTIME,
    "requirements-build.txt": BUILD,
    "requirements-dev.txt": DEV,
    "requirements-bench.txt": BENCH,
}


def name_of(requirement: str) -> str:
    """Return the normalised name of the package that a requirement line asks for."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def locked(lock: str) -> dict[str, str]:
    """Return the exact version of each package in a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^(\S+?)==(\S+)", text, flags=re.MULTILINE)
    return {name_of(name): version for name, version in pins}


def explained() -> list[str]:
    """Return the packages that the tables of ``docs/dependencies.md`` give a reason for."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z0-9-]+)(?: \([a-z]+\))? \| [A-Z].+\. \|$", text, re.MULTILINE)
    return [name_of(row) for row in rows]


def test_every_dependency_is_explained_once_and_nothing_else_is() -> None:
    assert sorted(explained()) == sorted(name_of(line) for line in [*RUNTIME, *DEV, *BENCH])


@pytest.mark.parametrize(("lock", "declared"), list(LOCKS.items()))
def test_every_dependency_is_locked(lock: str, declared: list[str]) -> None:
    assert {name_of(line) for line in declared} <= locked(lock).keys()


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_agree_with_each_other(lock: str) -> None:
    everything = locked("requirements-bench.txt") | locked("requirements-dev.txt")
    assert locked(lock)
    for name, version in locked(lock).items():
        assert everything[name] == version


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-[-a-z]*(i|f|index|links)\b", text, re.MULTILINE)
    for entry in re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
