"""The wheel works by itself: outside the checkout, with nothing but the runtime lock."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run ``command``, fail with all it said when it fails, and return its standard output."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FUNDOPS_", "PYTHON"))}
    answer = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def checkout_files(folder: str, *patterns: str) -> set[str]:
    """Return the paths below ``folder`` that match one of ``patterns``."""
    top = ROOT / folder
    return {path.relative_to(top).as_posix() for pattern in patterns for path in top.rglob(pattern)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_carries_code_messages_profiles_and_migrations(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {f"fundops/{path}" for path in checkout_files("src/fundops", "*.py", "*.toml", "*.csv")}
    migrations = {f"fundops/_migrations/{path}" for path in checkout_files("migrations", "*.py")}
    assert migrations
    assert code | migrations <= names
    assert not [name for name in names if name.startswith(("tests/", "migrations/"))]


@pytest.mark.slow
def test_the_wheel_runs_with_the_runtime_lock_alone(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    lock = ROOT / "requirements.txt"
    run(*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", lock, cwd=tmp_path)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    run(*pip, "check", cwd=tmp_path)

    fundops = tmp_path / "venv" / "bin" / "fundops"
    assert run(fundops, "--version", cwd=tmp_path).startswith("fundops ")
    database = tmp_path / "records.db"
    run(fundops, "migrate", cwd=tmp_path, FUNDOPS_DATABASE_URL=f"sqlite:///{database}")
    connection = sqlite3.connect(database)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert {"alembic_version", "transfers"} <= tables
