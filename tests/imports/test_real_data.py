"""The published files: every figure compared with one computed by other means."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from fundops.imports.crosschecks import disagreements, find_applications, find_rounds
from fundops.imports.read import Batch, read, summary
from fundops.imports.records import (
    ApplicationRecord,
    ContributionRecord,
    ProjectRecord,
    RoundRecord,
    TransactionRecord,
)
from tests.imports.conftest import save_as_workbook

OLD = "cbpf/contributions_asof_2025-10-20.csv"
NEW = "cbpf/contributions_asof_2026-08-22.csv"
CERF = "cerf/contributions_fy2006_2018.csv"
ROUNDS = "cbpf/allocation_rounds.csv"
PROJECTS = "cbpf/projects_2015_2025.csv"
IATI = "cbpf/iati_project_activities_2020_2022.xml"
FLAT = "cbpf/disbursements_flat_from_iati.csv"
APPLICATIONS = "cerf/applications_2006_2018.csv"
CERF_PROJECTS = "cerf/projects_2006_2018.csv"

FUNDS = {
    "Afghanistan": "AFG23",
    "Jordan": "JOR73",
    "Nigeria": "NGA75",
    "oPt": "PSE67",
    "Pakistan": "PAK60",
    "Somalia": "SOM21",
    "Ukraine": "UKR81",
}
FUND_IDS = {
    "21": "SOM21",
    "23": "AFG23",
    "60": "PAK60",
    "67": "PSE67",
    "73": "JOR73",
    "75": "NGA75",
    "81": "UKR81",
}

CASES = [
    (
        "cbpf-contributions",
        OLD,
        1200,
        1199,
        {"value_corrected": 88, "rounded": 18, "booked_differs": 14, "needed": 1},
    ),
    (
        "cbpf-contributions",
        NEW,
        1334,
        1334,
        {"value_corrected": 120, "rounded": 21, "booked_differs": 15},
    ),
    (
        "cerf-contributions",
        CERF,
        1124,
        1124,
        {
            "value_corrected": 35,
            "booked_differs_from_rate": 18,
            "paid_in_other_currency": 8,
            "rounded": 7,
            "booked_differs": 4,
            "no_rate": 1,
            "paid_differs_from_promise": 1,
            "part_paid": 1,
        },
    ),
    ("cbpf-rounds", ROUNDS, 216, 216, {"seven_digits": 3}),
    ("cbpf-projects", PROJECTS, 4641, 4641, {"seven_digits": 3}),
    (
        "cbpf-iati",
        IATI,
        818,
        817,
        {
            "paid_before_commitment": 2,
            "paid_over_commitment": 1,
            "shared_voucher": 2,
            "zero_transaction": 1,
        },
    ),
    (
        "cbpf-disbursements",
        FLAT,
        818,
        817,
        {
            "paid_before_commitment": 2,
            "paid_over_commitment": 1,
            "shared_voucher": 2,
            "zero_transaction": 1,
        },
    ),
    ("cerf-applications", APPLICATIONS, 1074, 1074, {}),
    ("cerf-projects", CERF_PROJECTS, 6022, 6022, {}),
]

MONEY_COLUMNS = {
    OLD: ("PaidAmt", "PledgeAmt"),
    NEW: ("PaidAmt", "PledgeAmt"),
    CERF: ("PaidAmt", "PledgeAmt"),
    ROUNDS: ("TotalUSDPlanned", "TotalApprovedBudget", "TotalUnderApprovalBudget"),
    PROJECTS: ("PrgBdg", "BgdDC", "BdgSC"),
    FLAT: ("value",),
    APPLICATIONS: ("TotalAmountApproved",),
    CERF_PROJECTS: ("Budget",),
}

Kind = TypeVar("Kind")
Reader = Callable[[str, str], Batch]
_BATCHES: dict[tuple[str, str], Batch] = {}


@pytest.fixture
def batch_of(real_data: Path) -> Reader:
    """Give a function that reads a published file, once for all tests."""

    def get(profile: str, file: str) -> Batch:
        if (profile, file) not in _BATCHES:
            _BATCHES[profile, file] = read(profile, [real_data / file])
        return _BATCHES[profile, file]

    return get


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def of(kind: type[Kind], batch: Batch) -> list[Kind]:
    """Return a batch's records as what they are."""
    return [record for record in batch.records if isinstance(record, kind)]


def sums(
    rows: Iterable[dict[str, str]],
    group: Callable[[dict[str, str]], tuple[str, int]],
    column: str,
) -> dict[tuple[str, int], int]:
    """Return sums in cents per group, by plain decimal addition of the file's own cells."""
    found: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for row in rows:
        found[group(row)] += Decimal(row[column] or "0")
    return {key: int(total * 100) for key, total in found.items()}


def summed(batch: Batch, name: str) -> dict[tuple[str, int], int]:
    return {(line.fund, line.year): line.sums.get(name, 0) for line in summary(batch)}


@pytest.mark.parametrize(("profile", "file", "rows", "accepted", "codes"), CASES)
def test_counts_and_findings(
    batch_of: Reader, profile: str, file: str, rows: int, accepted: int, codes: dict[str, int]
) -> None:
    batch = batch_of(profile, file)
    assert not batch.critical
    assert (batch.rows, len(batch.records)) == (rows, accepted)
    assert len(batch.set_aside) == rows - accepted
    assert Counter(item.code for item in batch.findings) == codes
    assert len({record.key for record in batch.records}) == accepted


@pytest.mark.parametrize(("profile", "file"), [case[:2] for case in CASES if case[1] != IATI])
def test_column_sums_are_those_of_pandas(
    batch_of: Reader, real_data: Path, profile: str, file: str
) -> None:
    import pandas as pd

    frame = pd.read_csv(real_data / file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    batch = batch_of(profile, file)
    assert len(frame) == batch.rows
    for column in MONEY_COLUMNS[file]:
        independent = sum((Decimal(cell) for cell in frame[column] if cell), Decimal(0))
        ours = [total for total in batch.totals if total.column == column]
        assert sum(total.source for total in ours) == independent
        assert (
            sum(total.accepted + total.set_aside - total.rounding for total in ours) == independent
        )
    assert all(total.balanced for total in batch.totals)


def test_paid_and_outstanding_per_fund_and_year(batch_of: Reader, real_data: Path) -> None:
    def group(row: dict[str, str]) -> tuple[str, int]:
        return FUNDS[row["PooledFundName"]], int(row["FiscalYear"])

    for file in (OLD, NEW):
        batch = batch_of("cbpf-contributions", file)
        rows = [row for row in rows_of(real_data / file) if row["DonorName"]]
        assert summed(batch, "paid_minor") == sums(rows, group, "PaidAmt")
        assert summed(batch, "outstanding_minor") == sums(rows, group, "PledgeAmt")
    batch = batch_of("cerf-contributions", CERF)
    rows = rows_of(real_data / CERF)
    expected = sums(rows, lambda row: ("CERF", int(row["FiscalYear"])), "PaidAmt")
    assert summed(batch, "paid_minor") == expected
    assert len(expected) == 13


def test_other_sums_per_fund_and_year(batch_of: Reader, real_data: Path) -> None:
    rounds = rows_of(real_data / ROUNDS)
    assert summed(batch_of("cbpf-rounds", ROUNDS), "planned_minor") == sums(
        rounds,
        lambda row: (FUND_IDS[row["PooledFundId"]], int(row["AllocationYear"])),
        "TotalUSDPlanned",
    )
    projects = rows_of(real_data / PROJECTS)
    assert summed(batch_of("cbpf-projects", PROJECTS), "budget_minor") == sums(
        projects, lambda row: (FUND_IDS[row["PFId"]], int(row["AllYr"])), "PrgBdg"
    )
    applications = rows_of(real_data / APPLICATIONS)
    assert summed(batch_of("cerf-applications", APPLICATIONS), "approved_minor") == sums(
        applications, lambda row: ("CERF", int(row["Year"])), "TotalAmountApproved"
    )
    cerf = rows_of(real_data / CERF_PROJECTS)
    assert summed(batch_of("cerf-projects", CERF_PROJECTS), "budget_minor") == sums(
        cerf, lambda row: ("CERF", int(row["AllocationYear"])), "Budget"
    )


@pytest.mark.parametrize(
    ("kind", "code", "count"),
    [("commitment", "2", 354), ("disbursement", "3", 460), ("reimbursement", "7", 3)],
)
def test_transactions_per_kind(
    batch_of: Reader, real_data: Path, kind: str, code: str, count: int
) -> None:
    rows = [row for row in rows_of(real_data / FLAT) if row["type"] == code]
    expected = sum(Decimal(row["value"]) for row in rows)
    batch = batch_of("cbpf-iati", IATI)
    ours = [item for item in of(TransactionRecord, batch) if item.kind == kind]
    assert len(ours) == count
    assert sum(item.amount_minor for item in ours) == int(expected * 100)
    assert sum(line.sums.get(f"{kind}_minor", 0) for line in summary(batch)) == expected * 100


def test_iati_and_the_flat_file_agree(batch_of: Reader) -> None:
    xml, flat = batch_of("cbpf-iati", IATI), batch_of("cbpf-disbursements", FLAT)
    assert disagreements(xml.records, flat.records) == []
    assert len(disagreements(xml.records[1:], flat.records)) == 1
    assert [aside.key for aside in xml.set_aside] == [aside.key for aside in flat.set_aside]


def test_the_zero_payment_is_set_aside_beside_the_real_one(batch_of: Reader) -> None:
    batch = batch_of("cbpf-iati", IATI)
    (aside,) = batch.set_aside
    assert aside.key.endswith("|disbursement|3304820991|2020-12-17")
    twins = [item for item in of(TransactionRecord, batch) if item.ref == "3304820991"]
    assert [(item.on, item.amount_minor) for item in twins] == [(date(2020, 12, 7), 8_000_000)]


def test_the_grant_paid_beyond_and_the_two_paid_before(batch_of: Reader) -> None:
    batch = batch_of("cbpf-iati", IATI)
    by_row = {item.row: item for item in of(TransactionRecord, batch)}
    found = defaultdict(list)
    for item in batch.findings:
        if item.row in by_row:
            found[item.code].append(by_row[item.row].project_code)
    assert found["paid_over_commitment"] == ["NGA-20/NIG_ERF/SA1/C/UN/16572"]
    assert found["paid_before_commitment"] == [
        "SOM-20/3485/RA1/H/UN/15931",
        "SOM-20/3485/RA1/H/UN/16010",
    ]


def test_the_contribution_without_a_donor_keeps_its_money(batch_of: Reader) -> None:
    batch = batch_of("cbpf-contributions", OLD)
    (aside,) = batch.set_aside
    assert aside.key == "ERF/3482/77717/84758/2025"
    total = next(item for item in batch.totals if item.column == "PaidAmt")
    assert total.set_aside + total.accepted == total.source == Decimal("3690081146.52")
    assert total.set_aside == Decimal(aside.source["PaidAmt"]) > 0


def test_both_snapshots_have_the_same_keys(batch_of: Reader) -> None:
    old = {item.key: item for item in batch_of("cbpf-contributions", OLD).records}
    new = {item.key: item for item in batch_of("cbpf-contributions", NEW).records}
    assert set(old) - set(new) == {"ERF/3482/77722/84764/2025"}
    changed = [key for key in old.keys() & new.keys() if old[key].sha256 != new[key].sha256]
    assert len(changed) == 51
    assert all(old[key] != new[key] for key in changed)


def test_odd_contributions(batch_of: Reader) -> None:
    cbpf = {item.key: item for item in of(ContributionRecord, batch_of("cbpf-contributions", NEW))}
    iceland = cbpf["ERF/AHF/75576/81845/2023"]
    assert (iceland.paid_currency, iceland.paid_local_minor) == ("ISK", 39999999)
    assert iceland.source["PaidAmtLocal"] == "39999999.43"
    assert (iceland.paid_minor, iceland.gross_minor) == (28496117, 28496117)
    assert sum(item.pledged_on is None for item in cbpf.values()) == 54
    assert Counter(item.status for item in cbpf.values()) == {"paid": 1314, "open": 20}
    promised = cbpf["CHF/000232/HSO10/3-2025/8619003"]
    assert (promised.paid_currency, promised.outstanding_minor) == (None, 55555700)
    assert Counter(item.donor_type for item in cbpf.values())["state"] == 1334 - 120


def test_odd_contributions_of_the_other_fund(batch_of: Reader) -> None:
    lines: dict[str, list[ContributionRecord]] = defaultdict(list)
    for item in of(ContributionRecord, batch_of("cerf-contributions", CERF)):
        lines[item.code].append(item)
    assert len(lines) == 1096
    (australia,) = lines["13-DC-AUS-008"]
    assert australia.paid_local_minor == 198798795
    argentina = lines["14-DC-ARG-002"]
    assert [item.status for item in argentina] == ["part_paid"] * 2
    assert sum(item.paid_minor for item in argentina) == 5768380
    assert {item.pledge_local_minor for item in argentina} == {7050000}
    canada = {item.key for item in lines["09-DC-CAN-023"]}
    assert canada == {
        "09-DC-CAN-023|2009-04-21|CAD|10000000",
        "09-DC-CAN-023|2009-07-20|CAD|9000000",
        "09-DC-CAN-023|2009-07-20|CAD|20400000",
    }
    every = [item for group in lines.values() for item in group]
    written_off = [item for item in every if item.status == "written_off"]
    assert len(written_off) == 5
    assert all(item.written_off_on and item.paid_on is None for item in written_off)
    assert all(item.paid_minor == 0 for item in written_off)
    assert sum(item.paid_currency == "EEK" for item in every) == 2


def test_projects_name_rounds_from_2018_on(batch_of: Reader) -> None:
    projects = of(ProjectRecord, batch_of("cbpf-projects", PROJECTS))
    rounds = of(RoundRecord, batch_of("cbpf-rounds", ROUNDS))
    found = find_rounds(projects, rounds)
    assert {item.key for item in projects if item.year >= 2018} == set(found)
    assert len(found) == sum(item.year >= 2018 for item in projects) > 3000
    assert all(not item.title.endswith("\t") and "&amp;" not in item.title for item in rounds)
    packed = next(item for item in rounds if item.key == "AFG23|26")
    assert len(packed.documents) == 3
    assert packed.planned_minor == 2_000_000_000


def test_odd_projects(batch_of: Reader) -> None:
    projects = {item.key: item for item in of(ProjectRecord, batch_of("cbpf-projects", PROJECTS))}
    blank_inside = projects["SOM-15/2470/ER /EP/UN/2477"]
    assert blank_inside.people is not None
    assert (blank_inside.people.men, blank_inside.gender_marker) == (437500, "4")
    assert projects["AFG-21/3481/SA1/WASH/UN/20625"].budget_minor == 1_065_259_000
    assert sum(item.approved_on is None for item in projects.values()) == 3
    assert sum(item.direct_minor is None for item in projects.values()) == 19
    assert not any("&amp;" in item.title or "&lt;" in item.title for item in projects.values())
    assert Counter(item.partner_type for item in projects.values()) == {
        "international_ngo": 2110,
        "national_ngo": 1956,
        "un_agency": 555,
        "other": 20,
    }


def test_the_stated_rounding_explains_budgets_against_commitments(batch_of: Reader) -> None:
    """A commitment lies within the stated rounding of its budget, or covers a part of it."""
    projects = {item.key: item for item in of(ProjectRecord, batch_of("cbpf-projects", PROJECTS))}
    committed: dict[str, int] = defaultdict(int)
    for item in of(TransactionRecord, batch_of("cbpf-iati", IATI)):
        if item.kind == "commitment":
            committed[item.project_code] += item.amount_minor
    assert len(committed) == 354
    assert set(committed) <= set(projects)
    beyond = [
        code
        for code, minor in committed.items()
        if abs(projects[code].budget_minor - minor) > projects[code].budget_rounding_minor
    ]
    exact = [code for code, minor in committed.items() if projects[code].budget_minor == minor]
    assert len(exact) == 106
    assert len(beyond) == 5
    assert all(projects[code].budget_minor > committed[code] for code in beyond)


def test_applications_are_their_projects(batch_of: Reader) -> None:
    projects = of(ProjectRecord, batch_of("cerf-projects", CERF_PROJECTS))
    applications = of(ApplicationRecord, batch_of("cerf-applications", APPLICATIONS))
    assert len(find_applications(projects, applications)) == 6022
    named = {item.application_code for item in projects}
    assert {item.code for item in applications} - named == {"18-RR-LSO-33695"}
    assert sum(bool(item.overview) for item in applications) == 1074 - 731 - 87
    assert all(item.approved_minor % 100 == 0 for item in applications)


SAVED = (
    ("cbpf-contributions", NEW),
    ("cerf-contributions", CERF),
    ("cbpf-rounds", ROUNDS),
    ("cbpf-disbursements", FLAT),
    ("cerf-applications", APPLICATIONS),
)
WHOLE = (*SAVED, ("cbpf-projects", PROJECTS), ("cerf-projects", CERF_PROJECTS))
FEWER = 4
"""One row in so many is enough for the quick run."""


@pytest.mark.parametrize(
    ("profile", "file", "step"),
    [
        *((*one, FEWER) for one in SAVED),
        *(pytest.param(*one, 1, marks=pytest.mark.slow) for one in WHOLE),
    ],
)
def test_a_workbook_of_the_file_gives_equal_records(
    batch_of: Reader, real_data: Path, tmp_path: Path, profile: str, file: str, step: int
) -> None:
    rows = tmp_path / Path(file).name
    with (real_data / file).open(encoding="utf-8-sig", newline="") as whole:
        header, *found = csv.reader(whole)
    with rows.open("w", encoding="utf-8", newline="") as fewer:
        csv.writer(fewer).writerows([header, *found[::step]])
    workbook = save_as_workbook(rows, tmp_path / "saved.xlsx")
    from_csv = batch_of(profile, file) if step == 1 else read(profile, [rows])
    from_xlsx = read(profile, [workbook])
    assert from_xlsx.rows == len(found[::step])
    assert not from_xlsx.critical
    assert from_xlsx.records == from_csv.records
    assert [aside.key for aside in from_xlsx.set_aside] == [
        aside.key for aside in from_csv.set_aside
    ]
    assert [exact(total) for total in from_xlsx.totals] == [
        exact(total) for total in from_csv.totals
    ]


def exact(total: Any) -> tuple[object, ...]:
    return total.column, total.currency, total.source, total.accepted, total.set_aside


def test_a_cut_published_file_gives_nothing(real_data: Path, tmp_path: Path) -> None:
    for profile, file in (
        ("cbpf-iati", IATI),
        ("cerf-projects", CERF_PROJECTS),
        ("cbpf-rounds", ROUNDS),
    ):
        raw = (real_data / file).read_bytes()
        cut = tmp_path / Path(file).name
        cut.write_bytes(raw[: len(raw) * 3 // 5])
        batch = read(profile, [cut])
        assert batch.records == ()
        (found,) = batch.critical
        assert found.line is not None
        assert found.line > 100
