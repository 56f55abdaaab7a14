"""The cash plan of a real fund, Ukraine's on 20 October 2025, against what is known to have come.

The plan is made from what was published that day: contributions, and the projects approved until
then. What came is read from the cells of the list published on 22 August 2026.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from fundops import clock
from fundops.authz import Role
from fundops.db import Database
from fundops.grants.models import Grant
from fundops.imports.load import run_import
from fundops.ledger.models import Fund
from fundops.planning import figures
from fundops.planning.inflows import Inflow
from fundops.planning.plan import Delay, Plan, asked_of, plan
from tests.decisions.replay import PROJECTS, part_of
from tests.world import World

THEN = date(2025, 10, 20)
OLD, NEW = "cbpf/contributions_asof_2025-10-20.csv", "cbpf/contributions_asof_2026-08-22.csv"
NAME, NUMBER, CODE = "Ukraine", "81", "UKR81"
YEAR_END, MID_YEAR, KNOWN = date(2025, 12, 31), date(2026, 6, 30), date(2026, 8, 22)


def cents(cell: str) -> int:
    return int(Decimal(cell or 0).quantize(Decimal("0.01")) * 100)


def load(database: Database, data: Path, folder: Path) -> None:
    """Import what was known on the day: gifts of the snapshot, and the fund's projects."""
    gifts = part_of(data / OLD, folder / "gifts.csv", lambda r: r["PooledFundName"] == NAME)
    projects = part_of(data / PROJECTS, folder / "projects.csv", lambda r: r["PFId"] == NUMBER)
    for profile, path in (("cbpf-contributions", gifts), ("cbpf-projects", projects)):
        result = run_import(database, profile, [path])
        assert result.is_loaded, (profile, [f.code for f in result.findings][:5])


def made(database: Database, **over: Any) -> Plan:
    """Return the plan of the day for fifteen months."""
    with database.read() as db:
        fund = db.execute(select(Fund).where(Fund.code == CODE)).scalar_one()
        asked = asked_of(fund, THEN, None, 15, counts_pledges=False, delay=over.get("delay"))
        return plan(db, fund, asked)


@dataclass(frozen=True)
class Happened:
    """What became of one contribution: paid in cents, the day, and what is still outstanding."""

    donor: str
    paid_minor: int
    paid_on: date | None
    outstanding_minor: int


def happened(data: Path) -> Mapping[str, Happened]:
    """Return the fund's contributions by code, as the later list has them."""
    with (data / NEW).open(encoding="utf-8-sig", newline="") as file:
        return {
            row["ContributionCode"]: Happened(
                row["DonorName"],
                cents(row["PaidAmt"]),
                date.fromisoformat(row["PaidDate"][:10]) if cents(row["PaidAmt"]) else None,
                cents(row["PledgeAmt"]),
            )
            for row in csv.DictReader(file)
            if row["PooledFundName"] == NAME
        }


def open_cells(data: Path) -> dict[str, tuple[int, date]]:
    """Return what the first list calls outstanding, by code: cents and the end of its year."""
    with (data / OLD).open(encoding="utf-8-sig", newline="") as file:
        return {
            row["ContributionCode"]: (
                cents(row["PledgeAmt"]), date(int(row["FiscalYear"]), 12, 31),
            )
            for row in csv.DictReader(file)
            if row["PooledFundName"] == NAME and cents(row["PledgeAmt"])
        }  # fmt: skip


def source_code(one: Inflow) -> str:
    """Return the source's code of a contribution: its agreement's is that and /A."""
    return one.code.removesuffix("/A")


def by(found: Mapping[str, Happened], last: date) -> list[Happened]:
    """Return what was paid after the plan's day and by ``last``."""
    return [one for one in found.values() if one.paid_on and THEN < one.paid_on <= last]


def paid_in_all(ones: list[Happened]) -> tuple[int, int]:
    return len(ones), sum(one.paid_minor for one in ones)


def test_the_plan_of_that_day_and_what_came(
    database: Database, real_data: Path, tmp_path: Path, world: World
) -> None:
    load(database, real_data, tmp_path)
    found = made(database)
    # What the plan expects is what the list calls outstanding: three contributions.
    expected = {source_code(one): (one.minor, one.on) for one in found.coming}
    assert expected == open_cells(real_data)
    assert {one.dated_by for one in found.coming} == {"year"}
    assert sum(minor for minor, _ in expected.values()) == 12_794_315_28
    _, months = figures.months(found)
    assert {one.on: one.expected_minor for one in months if one.expected_minor} == {
        date(2025, 12, 1): 8_206_330_60, date(2026, 12, 1): 4_587_984_68,
    }  # fmt: skip
    # In hand: what had come less 399 awards, of which the source tells no payment.
    assert (sum(found.free.values()), sum(found.reserved.values())) == (
        138_306_554_41, 729_385_864_75,
    )  # fmt: skip
    assert (found.course.shortage, found.at_risk) == (None, [])
    check_each(found, happened(real_data))
    check_in_all(happened(real_data))
    # The awards of the weeks after, which the plan could not know of, were covered by then.
    with database.read() as db:
        after = select(func.count(), func.sum(Grant.awarded_minor)).where(Grant.awarded_on > THEN)
        assert db.execute(after).one() == (14, 41_722_203_10)
    # Nothing stands on a promise, so that a donor who is late puts no award at risk.
    late = made(database, delay=Delay(365, found.coming[0].donor_id))
    assert (late.late_at_risk, figures.moved_minor(late)) == ([], 8_206_330_60)
    reader = world.as_role(Role.AUDITOR)
    over = reader.get(f"/v1/funds/{found.fund.id}/cash_plan?as_of={THEN}&months=15").json()
    assert over["months"][2]["expected"]["amount"] == "8206330.60"
    assert over["first_short_month"] is None


def check_each(found: Plan, since: Mapping[str, Happened]) -> None:
    """Hold each expected contribution against what was paid of it, and when."""
    told = {}
    for one in found.coming:
        then = since[source_code(one)]
        assert one.on is not None
        days = None if then.paid_on is None else (then.paid_on - one.on).days
        told[then.donor] = (then.paid_minor - one.minor, then.paid_on, days, then.outstanding_minor)
    assert told == {
        "Germany": (-104_478_75, date(2025, 11, 3), -58, 0),
        "Canada": (-20_994_22, date(2026, 7, 14), -170, 0),
        "Switzerland": (-3_397_508_49, None, None, 3_397_508_49),
    }
    codes = {source_code(one) for one in found.coming}
    assert sum(since[code].paid_minor for code in codes) == 9_271_333_82


def check_in_all(since: Mapping[str, Happened]) -> None:
    """Most of what came was no promise yet on the day."""
    assert paid_in_all(by(since, YEAR_END)) == (9, 37_907_152_76)
    assert paid_in_all(by(since, MID_YEAR)) == (24, 242_321_395_94)
    assert paid_in_all(by(since, KNOWN)) == (31, 276_430_507_74)
    assert sum(one.outstanding_minor for one in since.values()) == 183_397_508_49


def test_a_plan_that_misses_a_promise_is_noticed(real_data: Path) -> None:
    """The control: without one of the three, what is expected differs from the list."""
    whole = open_cells(real_data)
    assert len(whole) == 3
    assert sum(minor for minor, _ in list(whole.values())[1:]) != 12_794_315_28
    assert clock.now().date() == date(2026, 5, 10)
