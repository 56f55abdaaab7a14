"""The published files loaded one after the other: every sum against one taken from the cells."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from sqlalchemy import case, func, select

from fundops.db import Database
from fundops.donors.models import Agreement, Lot, Pledge, Receipt
from fundops.grants.models import Grant
from fundops.imports.load import ImportResult, run_import
from fundops.imports.models import ImportRecord
from fundops.ledger import balances
from fundops.ledger.models import Account, Fund, Transfer
from fundops.parties.models import Party
from tests.exports import books
from tests.imports.audit_books import books_of, check_books
from tests.imports.loading import transfers
from tests.imports.test_real_data import (
    APPLICATIONS,
    CERF,
    CERF_PROJECTS,
    FLAT,
    FUND_IDS,
    FUNDS,
    IATI,
    NEW,
    OLD,
    PROJECTS,
    ROUNDS,
)
from tests.tracing.books import Book, workbook_bytes
from tests.tracing.reconcile import check_every_statement

PLAN = (
    ("cbpf-rounds", ROUNDS, 216),
    ("cbpf-contributions", OLD, 1199),
    ("cbpf-projects", PROJECTS, 4641),
    ("cbpf-iati", IATI, 817),
    ("cerf-applications", APPLICATIONS, 1074),
    ("cerf-contributions", CERF, 1124),
    ("cerf-projects", CERF_PROJECTS, 6022),
)

Sums = dict[tuple[str, int], int]


def cents(cell: str) -> int:
    """Return a cell in cents, rounded half up."""
    return int(Decimal(cell or 0).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) * 100)


def rows(path: Path) -> list[dict[str, str]]:
    """Return a CSV file's rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{name: cell.strip() for name, cell in row.items()} for row in csv.DictReader(file)]


def day(cell: str) -> date:
    """Return a cell's date in whichever of the two forms of the files of projects."""
    form = "%m/%d/%Y %I:%M:%S %p" if " " in cell else "%m/%d/%Y"
    return datetime.strptime(cell, form).date()  # noqa: DTZ007 - a day has no zone


def paid(path: Path) -> tuple[Sums, dict[str, list[tuple[date, int]]]]:
    """Return what a file of contributions says was paid: by fund and year, and by fund and day."""
    sums: Sums = defaultdict(int)
    days: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for row in rows(path):
        fund = FUNDS.get(row["PooledFundName"], row["PooledFundName"])
        amount = cents(row["PaidAmt"])
        if not amount or not row["DonorName"]:
            continue
        sums[fund, int(row["FiscalYear"])] += amount
        days[fund].append((date.fromisoformat(row["PaidDate"][:10]), amount))
    return dict(sums), days


def booked(database: Database, profile: str) -> Sums:
    """Return what the ledger has of a profile's receipts by fund and fiscal year."""
    signed = case(
        (Transfer.reverses_id.is_(None), Transfer.amount_minor), else_=-Transfer.amount_minor
    )
    query = (
        select(Fund.code, Pledge.fiscal_year, func.sum(signed))
        .join(Receipt, Receipt.id == Transfer.source_id)
        .join(Lot, (Lot.receipt_id == Receipt.id) & (Lot.status == "open"))
        .join(Agreement, Agreement.id == Lot.agreement_id)
        .join(Pledge, Pledge.id == Agreement.pledge_id)
        .join(Fund, Fund.id == Transfer.fund_id)
        .where(Transfer.kind == "receipt", Receipt.id.in_(_of(profile)))
        .group_by(Fund.code, Pledge.fiscal_year)
    )
    with database.read() as db:
        return {(row[0], row[1] or 0): int(row[2]) for row in db.execute(query) if row[2]}


def _of(profile: str):  # type: ignore[no-untyped-def]
    return select(ImportRecord.record_id).where(
        ImportRecord.profile == profile, ImportRecord.status == "current"
    )


def awards(folder: Path) -> dict[str, list[tuple[date, int]]]:
    """Return when each fund awarded how much, by the files of projects."""
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for row in rows(folder / PROJECTS):
        approved = day(row["ApprDt"])
        on = approved if approved.year > 1900 else day(row["AStrDt"])
        found[FUND_IDS[row["PFId"]]].append((on, cents(row["PrgBdg"])))
    for row in rows(folder / CERF_PROJECTS):
        found["CERF"].append((day(row["ApprovedDate"]), cents(row["Budget"])))
    return found


def largest_deficit(
    received: list[tuple[date, int]], awarded: list[tuple[date, int]]
) -> tuple[int, date | None]:
    """Return the largest amount by which awards ever exceed receipts, and the first such day."""
    net: dict[date, int] = defaultdict(int)
    for on, amount in received:
        net[on] += amount
    for on, amount in awarded:
        net[on] -= amount
    balance, lowest, first = 0, 0, None
    for on in sorted(net):
        balance += net[on]
        if balance < 0 and first is None:
            first = on
        lowest = min(lowest, balance)
    return -lowest, first


def load_all(database: Database, folder: Path) -> dict[str, ImportResult]:
    """Load every file of the plan, each of which must be taken whole."""
    results = {}
    for profile, file, count in PLAN:
        result = results[file] = run_import(database, profile, [folder / file])
        assert result.is_loaded, result.critical
        assert result.counts.added == count
        assert all(one.agrees for one in result.agreeing)
    return results


def check_openings(results: dict[str, ImportResult], folder: Path) -> None:
    """The opening balances are the least that carry the history, and are dated before it."""
    received = paid(folder / OLD)[1] | paid(folder / CERF)[1]
    expected = {}
    for fund, awarded in awards(folder).items():
        deficit, first = largest_deficit(received[fund], awarded)
        if deficit:
            expected[fund] = (deficit, first)
    found = {
        one.fund: (one.amount_minor, date.fromordinal(one.on.toordinal() + 1))
        for result in results.values()
        for one in result.openings
    }
    assert found == expected
    assert set(expected) == {"CERF", "JOR73"}


def transactions(folder: Path) -> dict[str, dict[str, int]]:
    """Return what was committed (2), disbursed (3) and refunded (7) by grant."""
    source: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows(folder / FLAT):
        source[row["PrjCode"]][row["type"]] += cents(row["value"])
    return source


def check_audit_books(database: Database, folder: Path) -> dict[str, bytes]:
    """The audit workbook of every fund reconciles, and its totals are the source's."""
    made = books_of(database)
    received = paid(folder / NEW)[0] | paid(folder / CERF)[0]
    awarded = {
        fund: sum(amount for _, amount in of_fund) for fund, of_fund in awards(folder).items()
    }
    assert check_books(made, received, awarded, transactions(folder)) == 354
    return made


def check_transactions(database: Database, folder: Path) -> None:
    """Committed, disbursed, refunded and undisbursed are the source's, for each of 354 grants."""
    source = transactions(folder)
    assert len(source) == 354
    with database.read() as db:
        grants = {grant.code: grant for grant in db.execute(select(Grant)).scalars()}
        held = _held_by_grant(database)
    for code, sums in source.items():
        grant = grants[code]
        assert grant.awarded_minor - grant.adjusted_minor == sums["2"], code
        assert (grant.paid_minor, grant.refunded_minor) == (sums["3"], sums["7"]), code
        assert held.get((grant.id, "reserved"), 0) == grant.awarded_minor - sums["3"], code
        assert held.get((grant.id, "advance"), 0) == sums["3"] - sums["7"], code
        assert held.get((grant.id, "reserved"), 0) == max(sums["2"] - sums["3"], 0), code
    adjusted = [grant.adjusted_minor for grant in grants.values() if grant.adjusted_minor]
    assert adjusted == [1]


def _held_by_grant(database: Database) -> dict[tuple[object, str], int]:
    net = Account.credits_minor - Account.debits_minor
    signed = case((Account.normal == "credit", net), else_=-net)
    query = (
        select(Account.grant_id, Account.kind, func.sum(signed))
        .where(Account.grant_id.is_not(None))
        .group_by(Account.grant_id, Account.kind)
    )
    with database.read() as db:
        return {(row[0], row[1]): int(row[2]) for row in db.execute(query)}


def check_never_overdrawn(database: Database, *months: int) -> None:
    """On the first of none of the months does a fund hold less than nothing."""
    with database.read() as db:
        for fund in db.execute(select(Fund)).scalars():
            for year in range(2006, 2027):
                for month in months:
                    found = balances.by_kind(db, fund.id, date(year, month, 1))
                    for kind in ("lot", "bank", "reserved"):
                        assert kind not in found or found[kind].minor >= 0, (fund.code, year, month)


def everything(database: Database, folder: Path) -> None:
    """Load all files, then the later snapshot, comparing every figure with its source."""
    results = load_all(database, folder)
    assert booked(database, "cbpf-contributions") == paid(folder / OLD)[0]
    assert booked(database, "cerf-contributions") == paid(folder / CERF)[0]
    check_openings(results, folder)
    check_transactions(database, folder)
    later = run_import(database, "cbpf-contributions", [folder / NEW])
    assert later.is_loaded, later.critical
    assert later.counts.as_dict() == {
        "added": 136,
        "changed": {"amount": 19, "donor": 20, "paid": 12},
        "unchanged": 1147,
        "missing": 1,
        "kept": 0,
    }
    assert later.openings == ()
    assert booked(database, "cbpf-contributions") == paid(folder / NEW)[0]
    check_transactions(database, folder)
    check_never_overdrawn(database, 7)
    with database.read() as db:
        count = transfers(db)
    again = run_import(database, "cbpf-contributions", [folder / NEW])
    assert (again.counts.unchanged, again.counts.added, again.counts.changed) == (1334, 0, {})
    with database.read() as db:
        assert transfers(db) == count
        sweden = db.execute(select(Party).where(Party.name == "Sweden")).scalar_one()
    book = Book(workbook_bytes(database, sweden, None, as_of=date(2026, 10, 1)))
    assert book.checks() == {"OK"}


@pytest.mark.slow
def test_all_that_was_published_is_loaded_to_the_cent_and_adds_up(
    database: Database, real_data: Path, tmp_path: Path
) -> None:
    everything(database, real_data)
    check_never_overdrawn(database, 1, 4, 10)
    assert check_every_statement(database, date(2026, 10, 1)) > 150
    made = check_audit_books(database, real_data)
    if database.is_sqlite and shutil.which("soffice") is not None:
        path = tmp_path / "ukraine.xlsx"
        path.write_bytes(made["UKR81"])
        found = books.recalculated_by_libreoffice(path, tmp_path)
        assert len(found) > 3_000
        assert books.differences(books.cached(path), found) == {}


def test_the_reckoning_of_deficits_sees_one(real_data: Path) -> None:
    """The control: with a cent less received, the deficit is a cent larger."""
    received, awarded = paid(real_data / CERF)[1]["CERF"], awards(real_data)["CERF"]
    deficit, first = largest_deficit(received, awarded)
    assert first is not None
    earliest = min(received)
    received[received.index(earliest)] = (earliest[0], earliest[1] - 1)
    assert largest_deficit(received, awarded) == (deficit + 1, first)
