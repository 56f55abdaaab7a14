"""Goal 9: the workbook of a large progress report: made, read back and validated."""

from __future__ import annotations

import statistics
from functools import partial

from fundops.forms.render import render
from fundops.reports.checks import check
from fundops.reports.workbook import filled_in, read_back
from fundops.reports.workbook_form import form_of, identity_of
from scripts.benchmarks.measure import Result, seconds
from tests.reports.report_terms import SHOWN, the_content, the_terms

RESULTS, LINES = 60, 40
MAKE, READ = 0.5, 1.0
"""Seconds, on two cores."""


def measure(*, quick: bool) -> list[Result]:
    """Return what it takes to make the workbook of a full report, and to read and check it.

    Reading starts a process, which counts. The first time of each is left out: it loads libraries.
    """
    terms = the_terms(RESULTS, LINES)
    content = the_content(terms)

    def make() -> bytes:
        form = form_of(terms, SHOWN, "en")
        values, left_out = filled_in(terms, SHOWN, form, content)
        assert left_out == []
        return render(form, values, identity_of(SHOWN))

    raw = make()

    def read() -> None:
        returned = read_back(SHOWN, partial(form_of, terms, SHOWN), raw)
        assert returned.filled.problems == []
        assert check(terms, returned.content).is_right

    read()
    repeats = 5 if quick else 15
    size = f"{len(raw) / 1024:.0f} KiB"
    what = f"{RESULTS} results and {LINES} budget lines"
    return [
        _result(f"a workbook of {what} made: seconds", [seconds(make) for _ in range(repeats)],
                MAKE, size),
        _result(f"a workbook of {what} read and checked: seconds",
                [seconds(read) for _ in range(repeats)], READ, "its process included"),
    ]  # fmt: skip


def _result(what: str, found: list[float], bound: float, note: str) -> Result:
    middle = statistics.median(found)
    spread = min(found), max(found)
    return Result("9", what, "none", middle, bound, False, spread, unit="", note=note)
