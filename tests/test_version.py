"""The version is one figure everywhere, and asking for it costs next to nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import fundops

COMMAND = str(Path(sys.executable).with_name("fundops"))
ALLOWED_RATIO = 6
TRIES = 5


def cpu_seconds(command: list[str]) -> float:
    """Return the least processor time that ``command`` took in a few tries."""
    times = []
    for _ in range(TRIES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_the_installed_package_and_the_code_agree() -> None:
    assert version("fundops") == fundops.__version__


def test_the_command_prints_the_version() -> None:
    answer = subprocess.run([COMMAND, "--version"], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == f"fundops {fundops.__version__}"
    assert answer.stderr == ""


def test_the_version_takes_little_more_than_starting_python() -> None:
    bare = cpu_seconds([sys.executable, "-c", "pass"])
    assert cpu_seconds([COMMAND, "--version"]) < ALLOWED_RATIO * bare
