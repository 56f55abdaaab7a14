"""Goal 6: how soon the program answers, and what importing the published data takes."""

from __future__ import annotations

import http.client
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from fundops import audit
from fundops.authz import Role
from fundops.db import Database
from scripts.benchmarks.ground import Ground, Place
from scripts.benchmarks.measure import Result, in_turn, quotients, seconds
from scripts.benchmarks.servers import FUNDOPS, ROOT, serving
from tests.databases import Kind
from tests.factories import a_person

MEBIBYTE = 1024 * 1024
IMPORTS = (
    ("cbpf-rounds", "cbpf/allocation_rounds.csv"),
    ("cbpf-contributions", "cbpf/contributions_asof_2025-10-20.csv"),
    ("cbpf-contributions", "cbpf/contributions_asof_2026-08-22.csv"),
    ("cbpf-projects", "cbpf/projects_2015_2025.csv"),
    ("cbpf-iati", "cbpf/iati_project_activities_2020_2022.xml"),
    ("cerf-applications", "cerf/applications_2006_2018.csv"),
    ("cerf-contributions", "cerf/contributions_fy2006_2018.csv"),
    ("cerf-projects", "cerf/projects_2006_2018.csv"),
)
"""Profile and file, in the order in which a history is loaded."""

HEAVY = ("fastapi", "numpy", "openpyxl", "pandas", "pydantic", "scipy", "sqlalchemy")


def measure_start(*, quick: bool) -> list[Result]:
    """Return how long ``fundops --version`` takes, in times of bare Python's start."""
    repeats = 7 if quick else 21
    bare, ours = [sys.executable, "-c", "pass"], [*_program(), "--version"]
    pairs = in_turn(repeats, lambda: _seconds(ours), lambda: _seconds(bare))
    median, spread = quotients(pairs)
    took = statistics.median(first for first, _ in pairs) * 1000
    probe = (
        "import sys; sys.argv = ['fundops', '--version']; from fundops.cli import main; main(); "
        f"print(*(name for name in {HEAVY} if name in sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", probe], env=_environment(), check=True, capture_output=True,
        text=True,
    ).stdout.splitlines()[-1].split()  # fmt: skip
    return [
        Result("6", "fundops --version: time against bare Python", "none", median, 6.0, False,
               spread, note=f"{took:.0f} ms"),
        Result("6", "heavy libraries loaded by fundops --version", "none", len(loaded), 0, False,
               unit="", note=" ".join(loaded) or "none"),
    ]  # fmt: skip


def _program() -> list[str]:
    """Return the installed command, or what stands for it in a checkout without one."""
    installed = Path(sys.executable).with_name("fundops")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "fundops.cli"]


def _environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "src")} | more


def _seconds(command: Sequence[str]) -> float:
    return seconds(
        lambda: subprocess.run(command, env=_environment(), check=True, capture_output=True)
    )


def measure_imports(ground: Ground, kind: Kind) -> list[Result]:
    """Return the minutes and the most memory that importing all published data takes."""
    data = real_data()
    if data is None:
        return []
    with ground.copies(kind, 1, _nothing) as (place,):
        began, most = time.perf_counter(), 0
        for profile, file in IMPORTS:
            most = max(most, _import(place, profile, data / file))
        minutes = (time.perf_counter() - began) / 60
        books = _audit_books(place, kind)
    return [
        Result("6", "import of all published data: minutes", kind, minutes, 3.0, False, unit=""),
        Result("6", "import of all published data: most memory, MiB", kind, most / MEBIBYTE,
               500.0, False, unit=""),
        *books,
    ]  # fmt: skip


LARGEST = "CERF"
"""The imported fund with the most transfers."""


def _audit_books(place: Place, kind: Kind) -> list[Result]:
    """Return how long the audit workbook of the largest fund takes, and its first byte."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "audit.xlsx"
        command = [sys.executable, "-m", "fundops.cli", "export", "audit", "--fund", LARGEST,
                   "-o", str(target)]  # fmt: skip
        took = [
            seconds(lambda: most_memory(command, FUNDOPS_DATABASE_URL=place.url)) for _ in range(3)
        ]
        size = target.stat().st_size / MEBIBYTE
    first, note = _first_bytes(place)
    return [
        Result("10", "audit workbook of the largest imported fund: seconds", kind,
               statistics.median(took), 10.0, False, (min(took), max(took)), unit="",
               note=f"{size:.1f} MiB, the program's start included"),
        Result("10", "its first byte over HTTP: milliseconds", kind, statistics.median(first),
               100.0, False, (min(first), max(first)), unit="", note=note),
    ]  # fmt: skip


def _first_bytes(place: Place) -> tuple[list[float], str]:
    """Return the milliseconds to the first byte of the workbook, asked of a running server."""
    database = Database(place.settings())
    try:
        with database.write() as db:
            audit.lock_head(db)
            _, token = a_person(db, Role.AUDITOR)
    finally:
        database.close()
    waited, whole = [], []
    with serving(FUNDOPS, place.url) as port:
        for _ in range(4):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            began = time.perf_counter()
            connection.request("GET", f"/v1/audit_workbook?fund={LARGEST}",
                               headers={"authorization": f"Bearer {token}"})  # fmt: skip
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read(1):
                raise RuntimeError(f"the server answered {answer.status}")
            waited.append((time.perf_counter() - began) * 1000)
            answer.read()
            whole.append(time.perf_counter() - began)
            connection.close()
    return waited[1:], f"the very first {waited[0]:.0f}; the last after {whole[-1]:.1f} s"


def real_data() -> Path | None:
    """Return the folder of published data, which is not ours to pass on, if it is here."""
    given = os.environ.get("FUNDOPS_REAL_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def _nothing(_database: Database) -> None:
    """Leave the database empty."""


def _import(place: Place, profile: str, path: Path) -> int:
    """Import one file as a person would; return the most memory its process held, in bytes."""
    command = [sys.executable, "-m", "fundops.cli", "import", profile, str(path)]
    return most_memory(command, FUNDOPS_DATABASE_URL=place.url)[1]


def most_memory(command: Sequence[str], **environment: str) -> tuple[str, int]:
    """Run a program; return what it printed and the most memory its process held, in bytes.

    Raises ``RuntimeError`` for one that fails, after showing what it printed.
    """
    process = subprocess.Popen(
        command, env=_environment(**environment), cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.stderr.write(printed)
        raise RuntimeError(f"{' '.join(command)} failed")
    return printed, _bytes(used)


def _bytes(used: resource.struct_rusage) -> int:
    return used.ru_maxrss if sys.platform == "darwin" else used.ru_maxrss * 1024
