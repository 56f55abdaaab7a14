"""``fundops check`` in a process of its own, as an operator runs it: nothing else is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fundops
from fundops.db import Database
from fundops.demo.stage import Story

CHECKING = """
import sys
from fundops.cli import main
sys.argv[1:] = ["check"]
for _ in sys.stdin:
    try:
        main()
    except SystemExit as end:
        print("ENDED", end.code or 0, flush=True)
"""
"""The command, as often as a line is read: to start a program takes longer than to check."""


def checks(database: Database) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FUNDOPS_")}
    environment["PYTHONPATH"] = str(Path(fundops.__file__).parents[1])
    environment["FUNDOPS_DATABASE_URL"] = database.settings.database_url
    environment["FUNDOPS_FILES_PATH"] = str(Path(database.settings.files_path).absolute())
    return subprocess.Popen(
        [sys.executable, "-c", CHECKING],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def answer(checking: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Return the status of one more check, and what it printed."""
    assert checking.stdin is not None
    assert checking.stdout is not None
    checking.stdin.write("again\n")
    checking.stdin.flush()
    printed: list[str] = []
    for line in checking.stdout:
        if line.startswith("ENDED "):
            return int(line.split()[1]), printed
        printed.append(line.rstrip("\n"))
    raise AssertionError(f"ended without an answer: {printed}")


@pytest.mark.sqlite_only
def test_a_whole_story_holds_and_a_changed_row_does_not(story: Story, database: Database) -> None:
    with checks(database) as checking:
        status, printed = answer(checking)
        assert (status, printed[-1]) == (0, "Everything holds."), printed
        set_language(database, "fr")
        status, printed = answer(checking)
        set_language(database, "en")  # as it was, for what every test ends with
        assert checking.stdin is not None
        checking.stdin.close()
    assert status == 1
    assert any("BROKEN Every register row" in line for line in printed)


def set_language(database: Database, language: str) -> None:
    with database.writer.begin() as connection:
        connection.exec_driver_sql(f"UPDATE proposals SET language = '{language}'")
