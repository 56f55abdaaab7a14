"""People planned and reached, imported: as the source tells them, once, and as they change."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from fundops.authz import Role
from fundops.db import Database
from fundops.grants.models import Grant
from fundops.impact.models import SourceTarget
from fundops.impact.queries import facts
from fundops.imports.load import ImportResult, run_import
from fundops.imports.report import summary_lines
from fundops.ledger.models import Fund
from fundops.reports import integrity
from fundops.reports.models import AcceptedVersion, ProgressReport, StandingValue
from fundops.trail import breaks
from tests.imports.loading import Source, counts, fund, project
from tests.imports.test_real_data import FUND_IDS, PROJECTS
from tests.world import World

HEADER = (
    "PooledfundId", "PooledFundName", "AllocationSourceId", "AllocationYear", "ChfProjectCode",
    "PlannedMen", "PlannedWomen", "PlannedBoys", "PlannedGirls", "PlannedTotal", "ActualMen",
    "ActualWomen", "ActualBoys", "ActualGirls", "ActualTotal",
)  # fmt: skip
CODES = {
    "Men": "male.adult",
    "Women": "female.adult",
    "Boys": "male.child",
    "Girls": "female.child",
}
FILE = "cbpf/beneficiaries_planned_vs_actual_2015_2018.csv"


def line(code: str, planned: list[int], reached: list[int], total: int | None = None) -> list[Any]:
    whole = sum(reached) if total is None else total
    return ["AAA11", "A fund", 1, 2024, code, *planned, sum(planned), *reached, whole]


def load(database: Database, folder: Path, *lines: list[Any], **options: Any) -> ImportResult:
    path = folder / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *lines])
    return run_import(database, "cbpf-beneficiaries", [path], **options)


def reached(database: Database) -> Counter[str]:
    with database.read() as db:
        held = select(StandingValue.code, func.sum(StandingValue.numerator))
        return Counter({row[0]: int(row[1]) for row in db.execute(held.group_by("code"))})


def planned(database: Database) -> Counter[str]:
    with database.read() as db:
        held = select(SourceTarget.code, func.sum(SourceTarget.target)).where(
            SourceTarget.superseded_seq.is_(None)
        )
        return Counter({row[0]: int(row[1]) for row in db.execute(held.group_by("code"))})


def sound(database: Database) -> None:
    with database.read() as db:
        assert integrity.run(db) == []
        assert list(breaks(db)) == []


def test_results_of_imported_grants(database: Database, tmp_path: Path) -> None:
    Source(tmp_path).load(database, "projects", [project("P-1"), project("P-2")])
    rows = [line("P-1", [40, 40, 0, 2], [20, 21, 0, 0]), line("P-2", [1, 1, 1, 1], [0, 0, 0, 0])]
    first = load(database, tmp_path, *rows, line("P-9", [1] * 4, [1] * 4))
    assert (first.counts.added, [one.key for one in first.set_aside]) == (2, ["P-9"])
    assert reached(database) == {"": 41, "male.adult": 20, "female.adult": 21}
    assert planned(database)[""] == 86
    with database.read() as db:
        report = db.execute(select(ProgressReport).order_by(ProgressReport.code)).scalars().all()[0]
        accepted = db.execute(select(AcceptedVersion.origin)).scalars().all()
        assert (report.status, report.submitted_by_id, report.decided_by_id) == (
            "accepted", None, None,
        )  # fmt: skip
        assert set(accepted) == {"source"}
        before = counts(db)
    sound(database)

    # The same again changes nothing but the record of the run.
    again = load(database, tmp_path, *rows, line("P-9", [1] * 4, [1] * 4))
    assert (again.counts.added, again.counts.unchanged, again.counts.changed) == (0, 2, {})
    with database.read() as db:
        now = counts(db)
    runs = {"import_runs", "set_aside_rows", "audit_events", "audit_payloads"}
    assert {name: n for name, n in now.items() if name not in runs} == {
        name: n for name, n in before.items() if name not in runs
    }

    # A change is another version with its reason; what was known before stays known.
    changed = load(database, tmp_path, line("P-1", [50, 40, 0, 2], [25, 21, 3, 0], 48), rows[1])
    assert changed.counts.changed == {"reached": 1}
    assert ("Changed: reached", 1) in summary_lines(changed)
    assert "total_not_of_parts" in {one.code for one in changed.findings}
    assert (reached(database)[""], planned(database)[""]) == (49, 96)
    with database.read() as db:
        versions = db.execute(select(AcceptedVersion).order_by(AcceptedVersion.accepted_seq))
        old = next(one for one in versions.scalars() if one.superseded_seq is not None)
        assert old.superseded_seq is not None
        known = old.superseded_seq - 1
        fund_id = fund(db).id
        was = [row.numerator for row in facts(db, fund_id, old.ends_on, known, dimension="total")]
        assert sorted(was) == [0, 41]
    sound(database)

    # Gone from a full snapshot: it counts no longer; back again, it does.
    assert load(database, tmp_path, rows[1]).counts.missing == 1
    assert (reached(database)[""], planned(database)[""]) == (0, 4)
    sound(database)
    assert load(database, tmp_path, *rows).counts.changed == {"returned": 1}
    assert (reached(database)[""], planned(database)[""]) == (41, 86)
    sound(database)
    replanned = load(database, tmp_path, line("P-1", [41, 40, 0, 2], [20, 21, 0, 0]), rows[1])
    assert ("Changed: planned", 1) in summary_lines(replanned)
    refused = load(database, tmp_path, line("P-1", [-1, 0, 0, 0], [0, 0, 0, 0]), rows[1])
    assert [one.key for one in refused.set_aside] == ["P-1"]


def by_sex_and_age(world: World) -> Counter[tuple[str, str, str]]:
    """Return what the API tells of the imported funds, planned and reached."""
    manager = world.as_role(Role.FUND_MANAGER)
    with world.database.read() as db:
        funds = db.execute(select(Fund.id, Fund.code)).all()
    found: Counter[tuple[str, str, str]] = Counter()
    for fund_id, code in funds:
        asked = f"fund_id={fund_id}&by=fund&indicator=S.1&break_down=sex_age"
        for item in manager.get(f"/v1/impact?{asked}").json()["items"]:
            for one in item["results"]:
                for what, name in (("reached", "breakdown"), ("planned", "planned_breakdown")):
                    for under, figure in (one[name] or {}).items():
                        found[code, what, under] += figure["value"]
    return +found


@pytest.mark.slow
def test_totals_equal_the_source_by_sex_and_age(
    world: World, real_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = world.database
    assert run_import(database, "cbpf-projects", [real_data / PROJECTS]).is_loaded
    result = run_import(database, "cbpf-beneficiaries", [real_data / FILE])
    assert (result.is_loaded, result.counts.added, result.set_aside) == (True, 930, ())
    with (real_data / FILE).open(encoding="utf-8-sig", newline="") as file:
        source = list(csv.DictReader(file))
    told: Counter[tuple[str, str, str]] = Counter()
    for row in source:
        for who, code in CODES.items():
            told[FUND_IDS[row["PooledfundId"]], "reached", code] += int(row[f"Actual{who}"])
            told[FUND_IDS[row["PooledfundId"]], "planned", code] += int(row[f"Planned{who}"])
    held: Counter[tuple[str, str, str]] = Counter()
    with database.read() as db:
        for what, table, count in (
            ("reached", StandingValue, StandingValue.numerator),
            ("planned", SourceTarget, SourceTarget.target),
        ):
            query = (
                select(Fund.code, table.code, func.sum(count))
                .join(Fund, Fund.id == table.fund_id)
                .where(table.dimension == "sex_age")
                .group_by(Fund.code, table.code)
            )
            for code, under, total in db.execute(query):
                held[code, what, under] = int(total)
        grants = db.execute(select(func.count()).select_from(Grant)).scalar_one()
    with capsys.disabled():
        print(f"\n{grants} grants, {len(source)} rows")
        for key in sorted(told):
            print(*key, told[key], "=" if told[key] == held[key] else "≠", held[key])
    assert held == told
    assert by_sex_and_age(world) == +told
    sound(database)
    assert run_import(database, "cbpf-beneficiaries", [real_data / FILE]).counts.unchanged == 930
