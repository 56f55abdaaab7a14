"""What starting costs: heavy libraries wait until they are needed."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("pandas", "openpyxl", "scipy", "highspy", "python_calamine", "numpy", "lxml", "pyarrow")
LIGHT_FOR_VERSION = (*HEAVY, "fastapi", "sqlalchemy", "pydantic", "typer", "rich", "uvicorn")


def loaded_after(program: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after running ``program``."""
    ending = "; import sys; print('\\n' + ' '.join({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", program + ending], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split("\n")[-2].split())


def test_the_application_starts_without_heavy_libraries() -> None:
    assert loaded_after("import fundops.app").isdisjoint(HEAVY)


def test_the_command_line_starts_without_heavy_libraries() -> None:
    assert loaded_after("import fundops.commands").isdisjoint(HEAVY)


def test_the_version_is_told_with_nothing_but_the_standard_library() -> None:
    loaded = loaded_after(
        "import sys; sys.argv = ['fundops', '--version']; from fundops.cli import main; main()"
    )
    assert "fundops" in loaded
    assert loaded.isdisjoint(LIGHT_FOR_VERSION)


def test_a_heavy_import_would_be_noticed() -> None:
    assert not loaded_after("import fundops, openpyxl").isdisjoint(HEAVY)
