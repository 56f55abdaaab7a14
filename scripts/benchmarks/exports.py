"""Goal 10: the workbook of 200,000 rows against its peers and against what nobody can go below."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from scripts.benchmarks import writers
from scripts.benchmarks.ground import MEMORY
from scripts.benchmarks.measure import Result, in_turn, quotients
from scripts.benchmarks.servers import ROOT

ROWS, SIZES = 200_000, (50_000, 200_000, 800_000)
PEERS = (
    ("pandas", "pandas", "styled pandas.to_excel", 15.0, 3),
    ("xlsxwriter", "xlsxwriter", "XlsxWriter, constant memory", 7.0, 5),
    ("rustpy", "rustpy_xlsxwriter", "rustpy-xlsxwriter, without formulas", 1.4, 7),
)
"""Writer, its module, what it is called, how many times faster we are at least, repetitions."""
MEBIBYTES, FLATNESS, ABOVE_FLOOR = 64.0, 1.1, 2.5


@dataclass
class _Room:
    folder: Path

    def database(self, rows: int) -> Path:
        """Return the database of that many rows, made on first use."""
        path = self.folder / f"{rows}.db"
        if not path.exists():
            writers.fill(path, rows)
        return path

    def run(self, writer: str, rows: int) -> dict[str, float]:
        """Write once in a process of its own; return what it printed."""
        target = self.folder / f"{writer}.xlsx"
        command = [sys.executable, "-m", "scripts.benchmarks.writers", writer,
                   str(self.database(rows)), str(target)]  # fmt: skip
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        done = subprocess.run(
            command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True
        )
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found

    def cpu(self, writer: str, rows: int) -> float:
        """Return the seconds of processor time that writing takes."""
        return self.run(writer, rows)["cpu"]


@contextmanager
def _room() -> Iterator[_Room]:
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        yield _Room(Path(folder))


def measure(*, quick: bool) -> list[Result]:
    """Return how much faster than each peer, how far above the floor, and the memory."""
    rows = ROWS // 10 if quick else ROWS
    with _room() as room:
        found = [
            _against(room, rows, *peer[:1], *peer[2:])
            for peer in PEERS
            if find_spec(peer[1]) is not None
        ]
        return [*found, _floor(room, rows), *_memory(room, quick=quick)]


def _against(room: _Room, rows: int, writer: str, called: str, bound: float, n: int) -> Result:
    pairs = in_turn(n, lambda: room.cpu(writer, rows), lambda: room.cpu("ours", rows))
    median, spread = quotients(pairs)
    note = f"{pairs[0][0]:.2f} s and {pairs[0][1]:.2f} s of processor time"
    what = f"a workbook of {rows:,} rows: speed against {called}"
    return Result("10", what, "sqlite", median, bound, True, spread, note=note)


def _floor(room: _Room, rows: int) -> Result:
    room.run("ours", rows)
    writers.sheet_xml(room.folder / "ours.xlsx", room.database(rows).with_suffix(".xml"))
    pairs = in_turn(7, lambda: room.cpu("ours", rows), lambda: room.cpu("floor", rows))
    median, spread = quotients(pairs)
    what = f"a workbook of {rows:,} rows: time against rows read and XML compressed"
    return Result("10", what, "sqlite", median, ABOVE_FLOOR, False, spread)


def _memory(room: _Room, *, quick: bool) -> list[Result]:
    """Return the most memory above the idle process, and how it grows with the rows."""
    peaks = {}
    above = 0.0
    for rows in SIZES[:2] if quick else SIZES:
        found = room.run("ours", rows)
        peaks[rows] = found["peak"]
        above = max(above, found["peak"] - found["idle"])
        room.database(rows).unlink()
    least, most = min(peaks.values()), max(peaks.values())
    sizes = " and ".join(f"{rows:,}" for rows in (min(peaks), max(peaks)))
    note = ", ".join(f"{peak:.0f} MiB" for peak in peaks.values())
    return [
        Result("10", "a workbook: memory above the idle process, MiB", "sqlite", above, MEBIBYTES,
               False, unit="", note=note),
        Result("10", f"a workbook: memory of {sizes} rows, most against least", "sqlite",
               most / least, FLATNESS, False),
    ]  # fmt: skip
