"""Goal 9: which of 10,000 counts a release may show is decided in 10 seconds. No database."""

from __future__ import annotations

import time
from random import Random

from fundops.suppression.cells import Cell, Readers, Sum
from fundops.suppression.release import decide
from scripts.benchmarks.measure import Result
from tests.suppression.tables import a_cube, cells_of, places, sexes_and_ages

GOAL, CELLS = 10.0, 10_000


def measure(*, quick: bool) -> list[Result]:
    """Return the seconds of deciding a release of that many cells, as small grants have them."""
    cells: list[Cell] = []
    sums: list[Sum] = []
    while len(cells) < (CELLS // 10 if quick else CELLS):
        counts, own = a_cube(Random(len(cells)), places(3, 5), sexes_and_ages())  # noqa: S311
        head = f"|{len(cells)}"
        cells += cells_of({at + head: count for at, count in counts.items()})
        sums += [Sum(one.total + head, tuple(part + head for part in one.parts)) for one in own]
    began, used = time.perf_counter(), time.process_time()
    found = decide(cells, sums, 11, [Readers(11)])
    took, worked = time.perf_counter() - began, time.process_time() - used
    (work,) = found.work
    note = (
        f"{worked:.2f} s of them at work; {work.targets:,} small counts, "
        f"{work.programmes:,} programmes"
    )
    what = f"deciding a release of {len(cells):,} cells: seconds"
    return [Result("9", what, "none", took, GOAL, False, unit="", note=note)]
