"""``fundops check`` in a process of its own, as an operator runs it: nothing else is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fundops
from fundops.db import Database
from fundops.demo.story import tell
from fundops.vault import Vault


def check(database: Database) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FUNDOPS_")}
    environment["PYTHONPATH"] = str(Path(fundops.__file__).parents[1])
    environment["FUNDOPS_DATABASE_URL"] = database.settings.database_url
    environment["FUNDOPS_FILES_PATH"] = str(Path(database.settings.files_path).absolute())
    return subprocess.run(
        [sys.executable, "-m", "fundops", "check"],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.sqlite_only
def test_a_whole_story_holds_and_a_changed_row_does_not(database: Database) -> None:
    tell(database, vault=Vault(database.settings))
    done = check(database)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Everything holds."), done.stdout
    set_language(database, "fr")
    broken = check(database)
    set_language(database, "en")  # as it was, for what every test ends with
    assert broken.returncode == 1
    assert "BROKEN Every register row" in broken.stdout


def set_language(database: Database, language: str) -> None:
    with database.writer.begin() as connection:
        connection.exec_driver_sql(f"UPDATE proposals SET language = '{language}'")
