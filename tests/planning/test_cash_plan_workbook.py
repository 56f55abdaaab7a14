"""The cash plan as a workbook: formulas that come to what is written, controls that turn."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from fundops import audit
from fundops.commands import app as commands
from fundops.exports.cash_plan import cash_plan_workbook
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.planning.plan import Delay, asked_of
from tests.exports.books import Values, cached, differences, recalculated, rendered
from tests.planning.plan_factories import Scene, a_scene
from tests.world import World


def written(world: World, folder: Path) -> tuple[Scene, Path]:
    """Write the plan of the scene with its donor late."""
    with world.database.write() as db:
        audit.lock_head(db)
        scene = a_scene(db)
    with world.database.export() as db:
        fund = db.get_one(Fund, scene.fund_id)
        delay = Delay(45, scene.donor_id)
        asked = asked_of(fund, None, None, 6, counts_pledges=False, delay=delay)
        made = cash_plan_workbook(db, None, fund, asked)
        data = rendered(made)
        assert rendered(made) == data
    path = folder / "plan.xlsx"
    path.write_bytes(data)
    return scene, path


def values(path: Path, sheet: str) -> list[list[Any]]:
    from openpyxl import load_workbook

    book = load_workbook(BytesIO(path.read_bytes()), data_only=True)
    return [[cell.value for cell in row] for row in book[sheet].iter_rows()]


def checks(found: Values) -> list[str]:
    """Return what the controls say."""
    return [
        str(value)
        for (sheet, _), value in found.items()
        if sheet == "Controls" and isinstance(value, str)
    ]


@pytest.mark.sqlite_only
def test_every_formula_comes_to_what_is_written(world: World, tmp_path: Path) -> None:
    scene, path = written(world, tmp_path)
    before = cached(path)
    assert {sheet for sheet, _ in before} >= {"Months", "Controls", "Cover"}
    assert differences(before, recalculated(path)) == {}
    assert set(checks(before)) == {"OK"}
    assert len(checks(before)) == 5
    risk = [row for row in values(path, "At risk") if row[0] in scene.grants]
    assert [(row[0], row[3], row[4]) for row in risk] == [(scene.grants[1], 500, True)]
    months = [row for row in values(path, "Months") if hasattr(row[0], "month")]
    assert [row[5] for row in months] == [600, 600, 1100, 900, 500, 500]
    going = [row for row in values(path, "Expected out") if row[1] in scene.grants]
    assert sum(row[4] for row in going) == 1200


@pytest.mark.sqlite_only
def test_a_changed_cell_turns_a_control(world: World, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    _, path = written(world, tmp_path)
    book = load_workbook(path)
    sheet = book["Expected in"]
    (row,) = [r for r in sheet.iter_rows() if r[4].value == "instalment"]
    row[10].value = 999
    path = tmp_path / "changed.xlsx"
    book.save(path)
    assert checks(recalculated(path)).count("OK") < 5


def test_the_command_writes_it(
    world: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        scene = a_scene(db)
    with world.database.read() as db:
        code = db.get_one(Fund, scene.fund_id).code
        donor = db.execute(select(Party.code).where(Party.id == scene.donor_id)).scalar_one()
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", database_url)
    path = tmp_path / "plan.xlsx"
    asked = ["export", "cash-plan", "--fund", code, "-o", str(path)]
    late = ["--late-donor", donor, "--late-days", "45", "--from", "2026-06-15", "--months", "3"]
    result = CliRunner().invoke(commands, [*asked, *late])
    assert result.exit_code == 0, result.output
    months = [row for row in values(path, "Months") if hasattr(row[0], "month")]
    assert [row[0].date() for row in months] == [date(2026, m, 1) for m in (6, 7, 8)]
    for wrong, code_ in (
        (["--late-donor", donor], 2),
        (["--late-days", "3"], 2),
        (["--from", "2026-04-01"], 1),
    ):
        assert CliRunner().invoke(commands, [*asked, *wrong]).exit_code == code_
    nowhere = CliRunner().invoke(commands, ["export", "cash-plan", "--fund", "NONE", "-o", "x"])
    assert nowhere.exit_code == 1
