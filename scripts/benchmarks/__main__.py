"""``python -m scripts.benchmarks``: run the groups asked for and print one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

from scripts.benchmarks import (
    banking,
    books,
    calls,
    exports,
    impact,
    plans,
    posting,
    program,
    releases,
    reports,
    web,
)
from scripts.benchmarks.ground import Ground, ground
from scripts.benchmarks.measure import Result, table
from tests.databases import KINDS, Kind

PerDatabase = Callable[[Ground, Kind, bool], list[Result]]

GROUPS: dict[str, PerDatabase] = {
    "posting": lambda place, kind, quick: posting.measure(place, kind, quick=quick, on_disk=False),
    "books": lambda place, kind, quick: books.measure(place, kind, quick=quick),
    "draws": lambda place, kind, quick: web.measure_draws(place, kind, quick=quick),
    "load": lambda place, kind, quick: web.measure_load(place, kind, quick=quick),
    "reads": lambda place, kind, quick: web.measure_reads(place, kind, quick=quick),
    "calls": lambda place, kind, quick: calls.measure(place, kind, quick=quick),
    "plans": lambda place, kind, quick: plans.measure(place, kind, quick=quick),
    "impact": lambda place, kind, quick: impact.measure(place, kind, quick=quick),
    "banking": lambda place, kind, quick: banking.measure(place, kind, quick=quick),
    "imports": lambda place, kind, _quick: program.measure_imports(place, kind),
}
"""Name on the command line -> what measures it on one kind of database."""

ALONE: dict[str, Callable[[bool], list[Result]]] = {
    "start": lambda quick: program.measure_start(quick=quick),
    "releases": lambda quick: releases.measure(quick=quick),
    "reports": lambda quick: reports.measure(quick=quick),
    "exports": lambda quick: exports.measure(quick=quick),
}
"""What needs no database."""
ON_DISK: dict[str, PerDatabase] = {
    "durable": lambda place, kind, quick: posting.measure(place, kind, quick=quick, on_disk=True),
}
"""Measured on the disk; all else in memory, so that no disk flatters or spoils a ratio."""


def main() -> int:
    """Measure, print the table, and return 1 when a goal is not met."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=program_help())
    parser.add_argument(
        "groups", nargs="*", choices=[*ON_DISK, *GROUPS, *ALONE, []], help="default: all"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, smaller books")
    parser.add_argument("--database", choices=KINDS, help="on one kind of database only")
    given = parser.parse_args()
    kinds = [given.database] if given.database else list(KINDS)
    groups = given.groups or [*ON_DISK, *GROUPS, *ALONE]
    results: list[Result] = []
    try:
        for on_disk, its_groups in ((True, [*ON_DISK]), (False, [*GROUPS, *ALONE])):
            with ground(on_disk=on_disk) as place:
                wanted = [name for name in its_groups if name in groups]
                for found in _run(place, wanted, kinds, given.quick):
                    results.append(found)
    finally:
        print(table(results))
    return 0 if all(result.is_met for result in results) else 1


def program_help() -> str:
    """Return what the measurements are, for ``--help``."""
    return "Measure what docs/performance.md promises, as ratios taken in one run."


def _run(place: Ground, groups: list[str], kinds: list[Kind], quick: bool) -> Iterator[Result]:
    for name in groups:
        for kind in kinds if name not in ALONE else [None]:
            print(f"measuring {name}{f' on {kind}' if kind else ''} ...", file=sys.stderr)
            if kind is None:
                found = ALONE[name](quick)
            else:
                found = (GROUPS | ON_DISK)[name](place, kind, quick)
            if found:
                print(table(found), file=sys.stderr, flush=True)
            yield from found


if __name__ == "__main__":
    sys.exit(main())
