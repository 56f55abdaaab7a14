"""The bar of a long export: for a person at a terminal, and for nobody else."""

from __future__ import annotations

import sys
from io import StringIO

import pytest

from fundops.exports.bar import shown_bar
from fundops.exports.watch import EVERY


class Terminal(StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_is_told_of_sheets_and_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", seen := Terminal())
    with shown_bar(2) as watch:
        assert watch is not None
        assert len(list(watch.over([("a",)] * (EVERY + 1)))) == EVERY + 1
        assert len(list(watch.over([("b",)]))) == 1
    assert f"2 of 2 sheets, {EVERY + 2} rows" in seen.getvalue()


@pytest.mark.parametrize("kind", [StringIO, Terminal])
def test_nobody_else_is(monkeypatch: pytest.MonkeyPatch, kind: type[StringIO]) -> None:
    """A file, a pipe, or a terminal that cannot move its cursor gets nothing."""
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stderr", seen := kind())
    with shown_bar(2) as watch:
        assert watch is None
    assert seen.getvalue() == ""
