"""Rounds and projects loaded: calls, grants reserved in order of date, and what later differs."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from fundops.calls.models import Call
from fundops.config import Settings
from fundops.db import Database
from fundops.donors.models import Lot
from fundops.grants.models import Grant
from fundops.ledger import balances
from fundops.ledger.posting import AccountRef
from fundops.parties.models import Party
from tests.conftest import NewDatabase
from tests.depth import DEPTH
from tests.imports.loading import Row, Source, books, codes, fund, gift, project, round_, transfers


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Give a folder to import from."""
    return Source(tmp_path)


def grant(database: Database, code: str = "P-1") -> Grant:
    """Return a grant by its code."""
    with database.read() as db:
        return db.execute(select(Grant).where(Grant.code == code)).scalar_one()


def test_rounds_become_closed_calls_with_readable_codes(database: Database, source: Source) -> None:
    rows = [round_(), round_("8", kind="reserve", title="Second round"), round_("9", kind="")]
    assert source.load(database, "rounds", rows).is_loaded
    changed = [round_(planned="6000"), *rows[1:2], round_("9", kind="", title="Third round")]
    result = source.load(database, "rounds", changed)
    assert result.counts.changed == {"envelope": 1, "descriptive": 1}
    gone = source.load(database, "rounds", changed[:2])
    assert codes(gone) == ["call_missing"]
    with database.read() as db:
        found = db.execute(select(Call).order_by(Call.code)).scalars().all()
        assert [(c.code, c.source_code, c.status, c.envelope_minor) for c in found] == [
            ("AAA11-2024-9", "AAA11|9", "closed", 500_000),
            ("AAA11-2024-RA-8", "AAA11|8", "closed", 500_000),
            ("AAA11-2024-SA-7", "AAA11|7", "closed", 600_000),
        ]
        assert [c.title for c in found] == ["Third round", "Second round", "First round"]


def test_a_project_becomes_a_grant_reserved_on_the_day_it_was_approved(
    database: Database, source: Source
) -> None:
    source.load(database, "rounds", [round_(fund="AFG23")])
    source.load(database, "gifts", [gift(fund="AFG23")])
    row = project(fund="AFG23", round="First round")
    result = source.load(database, "projects", [row])
    assert result.is_loaded
    assert result.openings == ()
    made = grant(database)
    assert (made.awarded_minor, made.awarded_on, made.status) == (
        40_000, date(2024, 3, 1), "awarded",
    )  # fmt: skip
    assert (made.country, made.source_code, made.paid_minor) == ("AF", "P-1", 0)
    with database.read() as db:
        call = db.get_one(Call, made.call_id)
        assert call.title == "First round"
        grantee = db.get_one(Party, made.grantee_id)
        assert (grantee.name, grantee.kind) == ("Safe Harbour", "civil_society")
        lot = db.execute(select(Lot)).scalar_one()
        held = AccountRef(made.fund_id, "reserved", lot.id, made.id)
        assert balances.as_of(db, held, date(2024, 2, 29)) == 0
        assert balances.as_of(db, held, date(2024, 3, 1)) == 40_000


def test_awards_are_drawn_in_order_of_date_from_the_oldest_lot(
    database: Database, source: Source
) -> None:
    gifts = [gift("G-2", paid="2024-02-01", local="500", base="500"), gift(local="300", base="300")]
    source.load(database, "gifts", gifts)
    rows = [project("P-2", approved="2024-03-05"), project("P-1", approved="2024-03-01")]
    assert source.load(database, "projects", rows).openings == ()
    with database.read() as db:
        lots = {lot.id: lot.code for lot in db.execute(select(Lot)).scalars()}
        ids = {g.id: g.code for g in db.execute(select(Grant)).scalars()}
        held = {
            (ids[grant_id], lots[lot_id]): minor
            for grant_id, lot_id, minor in balances.reserved_now(db, grant_ids=list(ids))
        }
    assert held == {
        ("P-1", "G-1/L1"): 30_000, ("P-1", "G-2/L1"): 10_000, ("P-2", "G-2/L1"): 40_000,
    }  # fmt: skip


def test_a_day_that_is_not_known_a_name_that_is_none_and_one_that_is_close(
    database: Database, source: Source
) -> None:
    source.load(database, "gifts", [gift()])
    rows = [
        project(approved="", starts="2024-04-01", partner="International NGO"),
        project("P-2", budget="50", partner="International NGO"),
        project("P-3", budget="50", partner="SAFE harbour."),
        project("P-4", budget="50"),
        project("P-5", budget="0"),
    ]
    result = source.load(database, "projects", rows)
    assert codes(result) == [
        "unnamed_party_made", "similar_party", "approved_on_unknown", "no_budget",
    ]  # fmt: skip
    assert [row.key for row in result.set_aside] == ["P-5"]
    assert grant(database).awarded_on == date(2024, 4, 1)
    assert grant(database).grantee_id == grant(database, "P-2").grantee_id
    with database.read() as db:
        name = db.get_one(Party, grant(database).grantee_id).name
        assert name == "International NGO (not named, fund AAA11)"


def least_opening(gifts: list[tuple[int, int]], awards: list[tuple[int, int]]) -> int:
    """Return the largest deficit of any day: what must have been there before."""
    days = sorted({day for day, _ in [*gifts, *awards]})
    deficits = [
        sum(amount for on, amount in awards if on <= day)
        - sum(amount for on, amount in gifts if on <= day)
        for day in days
    ]
    return max(0, *deficits)


flows = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 900)), min_size=1, max_size=8)


@given(gifts=flows, awards=flows)
@settings(max_examples=4 * DEPTH, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_opening_balance_is_the_least_that_carries_the_history(
    new_database: NewDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    gifts: list[tuple[int, int]],
    awards: list[tuple[int, int]],
) -> None:
    source, begin = Source(tmp_path_factory.mktemp("opening")), date(2024, 1, 1)

    def day(number: int) -> str:
        return (begin + timedelta(days=number)).isoformat()

    with new_database() as url:
        database = Database(Settings(database_url=url))
        received = [
            gift(f"G-{n}", paid=day(on), local=str(amount), base=str(amount))
            for n, (on, amount) in enumerate(gifts)
        ]
        assert source.load(database, "gifts", received).is_loaded
        rows = [
            project(f"P-{n}", approved=day(on), budget=str(amount))
            for n, (on, amount) in enumerate(awards)
        ]
        result = source.load(database, "projects", rows)
        assert result.is_loaded, result.critical
        expected = least_opening(gifts, awards)
        assert sum(one.amount_minor for one in result.openings) == 100 * expected
        assert len(result.openings) == (expected > 0)
        with database.read() as db:
            for lot in db.execute(select(Lot)).scalars():
                held = AccountRef(lot.fund_id, "lot", lot.id)
                for number in range(-2, 22):
                    on = begin + timedelta(days=number)
                    assert balances.as_of(db, held, on) >= 0
        database.close()


def test_an_opening_balance_is_named_dated_and_explained(
    database: Database, source: Source
) -> None:
    source.load(database, "gifts", [gift(local="100", base="100")])
    result = source.load(database, "projects", [project()])
    assert codes(result) == ["opening_booked"]
    (found,) = result.openings
    assert (found.fund, found.amount_minor, found.on) == ("AAA11", 30_000, date(2024, 2, 29))
    with database.read() as db:
        lot = db.execute(select(Lot).where(Lot.kind == "opening")).scalar_one()
        assert (lot.code, lot.amount_minor, lot.category) == ("AAA11/OPENING-1", 30_000, 1)
        donor = db.get_one(Party, lot.donor_id)
        assert (donor.code, donor.kind) == ("OPENING", "pseudo")
        assert donor.name == "Unattributed opening balance"
        kinds = balances.by_kind(db, fund(db).id)
        assert (kinds["bank"].minor, kinds["opening"].minor) == (40_000, 0)
    more = source.load(database, "projects", [project(), project("P-2", approved="2024-02-01")])
    assert [(one.amount_minor, one.on) for one in more.openings] == [(40_000, date(2024, 1, 31))]
    with database.read() as db:
        assert set(db.execute(select(Lot.code).where(Lot.kind == "opening")).scalars()) == {
            "AAA11/OPENING-1", "AAA11/OPENING-2",
        }  # fmt: skip


CHANGES: dict[str, tuple[Row, Row, dict[str, int]]] = {
    "more": (project(), project(budget="450.50"), {"award": 1}),
    "less": (project(), project(budget="399.99"), {"award": 1}),
    "earlier": (project(), project(approved="2024-02-20"), {"award": 1}),
    "later": (project(), project(approved="2024-03-20"), {"award": 1}),
    "grantee": (project(), project(partner="Open Door"), {"grantee": 1}),
    "title": (project(), project(title="Shelter and food"), {"descriptive": 1}),
    "dates": (project(), project(starts="2024-04-01"), {"descriptive": 1}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_project_leaves_the_books_as_if_it_had_been_so(
    database: Database, new_database: NewDatabase, source: Source, name: str
) -> None:
    before, after, changed = CHANGES[name]
    other = project("P-2", approved="2024-03-02", budget="300")
    source.load(database, "gifts", [gift()])
    source.load(database, "projects", [before, other])
    result = source.load(database, "projects", [after, other])
    assert result.counts.changed == changed
    assert result.counts.unchanged == 1
    with new_database() as url:
        fresh = Database(Settings(database_url=url))
        source.load(fresh, "gifts", [gift()])
        source.load(fresh, "projects", [after, other])
        with database.read() as ours, fresh.read() as theirs:
            assert books(ours) == books(theirs)
        fresh.close()
    with database.read() as db:
        held = AccountRef(fund(db).id, "reserved", _lot(database), grant(database).id)
        on = grant(database).awarded_on
        assert balances.as_of(db, held, on - timedelta(days=1)) == 0
        assert balances.as_of(db, held, on) == grant(database).awarded_minor
        count = transfers(db)
    assert source.load(database, "projects", [after, other]).counts.unchanged == 2
    with database.read() as db:
        assert transfers(db) == count


def _lot(database: Database):  # type: ignore[no-untyped-def]
    with database.read() as db:
        return db.execute(select(Lot.id)).scalar_one()


def test_a_project_that_is_gone_gives_its_award_back_and_may_return(
    database: Database, source: Source
) -> None:
    both = [project(), project("P-2")]
    source.load(database, "gifts", [gift()])
    source.load(database, "projects", both)
    assert source.load(database, "projects", both[:1]).counts.missing == 1
    assert grant(database, "P-2").status == "cancelled"
    with database.read() as db:
        assert books(db)["balances"]["AAA11"] == {
            "bank": 100_000,
            "lot": 60_000,
            "reserved": 40_000,
        }
    assert source.load(database, "projects", both).counts.changed == {"returned": 1}
    assert grant(database, "P-2").status == "awarded"
    with database.read() as db:
        assert books(db)["balances"]["AAA11"] == {
            "bank": 100_000,
            "lot": 20_000,
            "reserved": 80_000,
        }


def test_a_call_that_comes_later_is_joined(database: Database, source: Source) -> None:
    source.load(database, "gifts", [gift()])
    row = project(round="First round")
    assert "calls_unknown" in codes(source.load(database, "projects", [row]))
    source.load(database, "rounds", [round_()])
    result = source.load(database, "projects", [row])
    assert codes(result) == []
    assert grant(database).call_id is not None


def test_a_project_never_moves_to_another_fund_by_itself(
    database: Database, source: Source
) -> None:
    source.load(database, "gifts", [gift()])
    source.load(database, "projects", [project()])
    result = source.load(database, "projects", [project(fund="BBB22")])
    assert "fund_moved" in codes(result)
    with database.read() as db:
        assert set(books(db)["balances"]) == {"AAA11"}
