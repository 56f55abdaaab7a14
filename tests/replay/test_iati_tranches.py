"""Published grants replayed through award, payment and refund: the sums are the source's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import case, func, select

from fundops.db import Database
from fundops.disbursements.models import Disbursement, DisbursementStep
from fundops.grants.models import Grant, Refund
from fundops.ledger import balances
from fundops.ledger.models import Account
from tests.replay.exceptions import BEYOND, EARLY, NOTHING, REFUNDED, as_booked, expected_of
from tests.replay.iati import (
    COMMITMENT,
    DISBURSEMENT,
    REIMBURSEMENT,
    Sums,
    Transaction,
    activities,
    fund_of,
    in_xml,
    sums,
    transactions,
)
from tests.replay.replaying import Replay


def replayed(database: Database, folder: Path, rows: Iterable[Transaction]) -> Replay:
    """Replay some transactions, and compare all that came of them with the source."""
    made = Replay(database, rows, activities(folder))
    made.run()
    assert made.refusals == expected_of(made.rows)
    booked = [one for one in map(as_booked, made.rows) if one is not None]
    check_sums(made, sums(booked))
    check_payments(made, [one for one in booked if one.kind == DISBURSEMENT])
    check_funds(made, booked)
    return made


def check_sums(made: Replay, expected: dict[str, Sums]) -> None:
    """Each grant and the ledger's accounts of it have the source's sums."""
    net = Account.credits_minor - Account.debits_minor
    signed = case((Account.normal == "credit", net), else_=-net)
    query = (
        select(Account.grant_id, Account.kind, func.sum(signed))
        .where(Account.grant_id.is_not(None))
        .group_by(Account.grant_id, Account.kind)
    )
    with made.database.read() as db:
        grants = {one.id: one for one in db.execute(select(Grant)).scalars()}
        held = {(row[0], row[1]): int(row[2]) for row in db.execute(query)}
    assert set(made.grants) == set(expected)
    assert len(grants) == len(expected)
    for project, of_it in expected.items():
        grant = grants[made.grants[project]]
        found = Sums(grant.awarded_minor, grant.paid_minor, grant.refunded_minor)
        assert found == of_it, project
        assert (grant.requested_minor, grant.adjusted_minor) == (0, 0), project
        assert held.get((grant.id, "reserved"), 0) == of_it.undisbursed, project
        assert held.get((grant.id, "advance"), 0) == of_it.paid - of_it.refunded, project


def check_payments(made: Replay, expected: list[Transaction]) -> None:
    """Every voucher is paid on its day by the fourth of four persons, and nothing else is."""
    hands: dict[UUID, list[UUID | None]] = defaultdict(list)
    with made.database.read() as db:
        paid = db.execute(select(Disbursement)).scalars().all()
        for one in db.execute(select(DisbursementStep)).scalars():
            hands[one.disbursement_id].append(one.person_id)
    projects = {grant_id: project for project, grant_id in made.grants.items()}
    assert {one.status for one in paid} == {"paid"}
    assert Counter(
        (projects[one.grant_id], one.reference, one.paid_on, one.amount_minor) for one in paid
    ) == Counter((one.project, one.reference, one.on, one.minor) for one in expected)
    assert all(len(found) == len(set(found) - {None}) == 4 for found in hands.values())
    assert len(hands) == len(paid)
    for duty in ("request", "certify", "approve", "pay"):
        assert made.steps[duty] == len(paid)


def check_funds(made: Replay, booked: list[Transaction]) -> None:
    """What is at the bank is what was committed, less what was paid, with what came back."""
    by_fund: dict[str, Counter[str]] = defaultdict(Counter)
    for one in booked:
        by_fund[fund_of(one.project)][one.kind] += one.minor
    assert set(by_fund) == set(made.funds)
    with made.database.read() as db:
        refunds = db.execute(select(func.count()).select_from(Refund)).scalar_one()
        for code, by in by_fund.items():
            found = {
                kind: one.minor
                for kind, one in balances.by_kind(db, made.funds[code]).items()
                if one.minor
            }
            committed, paid, back = by[COMMITMENT], by[DISBURSEMENT], by[REIMBURSEMENT]
            assert found.get("bank", 0) == committed - paid + back, code
            assert found.get("reserved", 0) == committed - paid, code
            assert found.get("advance", 0) == paid - back, code
            assert found.get("lot", 0) == back, code
    assert refunds == sum(one.kind == REIMBURSEMENT for one in booked) == made.steps["refund"]


def of(folder: Path, *names: str) -> list[Transaction]:
    """Return the transactions of some funds or projects."""
    return [one for one in transactions(folder) if {fund_of(one.project), one.project} & {*names}]


def test_both_files_tell_the_same_transactions(real_data: Path) -> None:
    flat = Counter(
        (one.project, one.kind, one.reference, one.on, one.minor) for one in transactions(real_data)
    )
    assert flat == in_xml(real_data)
    assert (flat.total(), len(activities(real_data))) == (818, 354)


def test_vouchers_that_name_several_payments(real_data: Path) -> None:
    paid = [one for one in transactions(real_data) if one.kind == DISBURSEMENT]
    counts = Counter(one.reference for one in paid)
    several = [one for one in paid if counts[one.reference] > 1]
    assert Counter((one.reference, fund_of(one.project)) for one in several) == Counter(
        {
            ("00012453", "AFG"): 2,
            ("3304757694", "NGA"): 1,
            ("3304757694", "PAK"): 1,
            ("3304820991", "OPT"): 2,
        }
    )
    assert {one.project for one in several if one.reference == "3304820991"} == {NOTHING}
    assert len({one.project for one in several}) == 5


def test_what_is_out_of_the_ordinary(database: Database, real_data: Path) -> None:
    rows = of(real_data, BEYOND, *EARLY, NOTHING, *REFUNDED)
    made = replayed(database, real_data, rows)
    assert made.steps == Counter(award=7, request=11, certify=11, approve=11, pay=11, refund=3)


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_jordan_and_nigeria(database: Database, real_data: Path) -> None:
    made = replayed(database, real_data, of(real_data, "JOR", "NGA"))
    assert made.steps == Counter(award=70, request=98, certify=98, approve=98, pay=98)


@pytest.mark.slow
@pytest.mark.postgres_only
def test_all_grants(database: Database, real_data: Path) -> None:
    made = replayed(database, real_data, transactions(real_data))
    assert made.steps == Counter(
        award=354, request=460, certify=460, approve=460, pay=460, refund=3
    )
