"""Real rounds and projects as calls, proposals, decisions and awards, within the cash of the day.

Two pooled funds, every round from 2018 on. The cash of the day allowed every award that was really
made. The plans with which rounds were announced did not: some were enlarged afterwards, and the
projects beyond them wait on reserve here, named with what binds.
"""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from fundops.db import Database
from tests.decisions.replay import (
    FIRST_YEAR,
    JORDAN,
    NIGERIA,
    PROJECTS,
    Pooled,
    Replayed,
    granted,
    replay,
    worst_balance,
)


def asked(data: Path, pooled: Pooled) -> tuple[int, int]:
    """Return how many projects the file has from the rounds on, and their budgets in cents."""
    with (data / PROJECTS).open(encoding="utf-8-sig", newline="") as file:
        budgets = [
            Decimal(row["PrgBdg"])
            for row in csv.DictReader(file)
            if row["PFId"] == pooled.number and int(row["AllYr"]) >= FIRST_YEAR
        ]
    cents = [int((one * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)) for one in budgets]
    return len(cents), sum(cents)


def check(database: Database, data: Path, pooled: Pooled, out: Replayed, until: int = 9999) -> None:
    """Hold what was played against the published cells and against the books."""
    assert (out.proposals, out.asked_minor) == asked(data, pooled)
    assert out.awarded + sum(out.refused.values()) == out.proposals
    assert out.awarded_minor + sum(out.refused_minor.values()) == out.asked_minor
    with database.read() as db:
        assert granted(db) == (out.awarded, out.awarded_minor)
        assert worst_balance(db, data, pooled, until) >= 0


def test_jordan_within_the_plans_of_its_rounds(
    database: Database, real_data: Path, tmp_path: Path
) -> None:
    out = replay(database, real_data, tmp_path, JORDAN, keeps_plans=True)
    check(database, real_data, JORDAN, out)
    assert out.told() == (95, 70, 21_492_007_62, {"envelope": (25, 8_391_496_01)})
    assert out.boards == 49
    assert out.named["JOR-18/DDA-3560/RAFEB2018/BN/UN/8361"] == "envelope"


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_jordan_within_its_cash(database: Database, real_data: Path, tmp_path: Path) -> None:
    out = replay(database, real_data, tmp_path, JORDAN, keeps_plans=False)
    check(database, real_data, JORDAN, out)
    assert out.told() == (95, 95, 29_883_503_63, {})


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_nigeria_within_its_cash(database: Database, real_data: Path, tmp_path: Path) -> None:
    out = replay(database, real_data, tmp_path, NIGERIA, keeps_plans=False)
    check(database, real_data, NIGERIA, out)
    assert out.told() == (526, 526, 205_834_541_22, {})
    assert out.boards == 169


@pytest.mark.sqlite_only
def test_cash_that_had_not_come_would_be_missed(
    database: Database, real_data: Path, tmp_path: Path
) -> None:
    """Without what was given after 2019, the awards after it are refused for want of cash."""
    out = replay(database, real_data, tmp_path, JORDAN, keeps_plans=False, until=2019)
    check(database, real_data, JORDAN, out, 2019)
    assert out.refused.keys() == {"cash"}
    assert out.refused["cash"] > 10
