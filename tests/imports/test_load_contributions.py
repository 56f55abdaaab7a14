"""Contributions loaded: what they become, and every way in which a later snapshot differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from fundops import audit, clock
from fundops.authz import Role
from fundops.config import Settings
from fundops.db import Database
from fundops.donors.models import Agreement, Instalment, Lot, Pledge, Receipt
from fundops.ids import uuid7
from fundops.imports import contribution_changes, load
from fundops.imports.models import ImportRecord, ImportRun, SetAsideRow
from fundops.ledger import balances
from fundops.ledger.posting import AccountRef
from fundops.parties.models import Party, PartyAlias
from tests.conftest import NewDatabase
from tests.factories import a_fund, a_person
from tests.imports.loading import (
    Row,
    Source,
    books,
    codes,
    counts,
    fund,
    gift,
    move,
    open_gift,
    project,
    transfers,
)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Give a folder to import from."""
    return Source(tmp_path)


def test_a_gift_becomes_pledge_agreement_instalment_receipt_and_lot(
    database: Database, source: Source
) -> None:
    row = gift(cur="EUR", rate="0.80", local="80.00", base="100.01", pcur="EUR", prate="0.8")
    result = source.load(database, "gifts", [row])
    assert result.is_loaded
    assert result.counts.added == 1
    with database.read() as db:
        pledge = db.execute(select(Pledge)).scalar_one()
        assert (pledge.code, pledge.source_code, pledge.status) == ("G-1", "G-1", "agreed")
        assert (pledge.amount_minor, pledge.currency, pledge.base_minor) == (8_000, "EUR", 10_001)
        assert (pledge.fiscal_year, pledge.pledged_on) == (2024, date(2024, 1, 2))
        agreement = db.execute(select(Agreement)).scalar_one()
        assert (agreement.code, agreement.category, agreement.is_binding) == ("G-1/A", 1, False)
        assert agreement.status == "active"
        instalment = db.execute(select(Instalment)).scalar_one()
        assert (instalment.amount_minor, instalment.matched_minor) == (8_000, 8_000)
        receipt = db.execute(select(Receipt)).scalar_one()
        assert (receipt.code, receipt.rate, receipt.rate_source) == ("G-1/R1", "0.8", "booked")
        assert (receipt.amount_minor, receipt.base_minor) == (8_000, 10_001)
        assert receipt.bank_reference is None
        lot = db.execute(select(Lot)).scalar_one()
        assert (lot.code, lot.kind, lot.amount_minor) == ("G-1/L1", "receipt", 10_001)
        assert lot.opened_on == receipt.received_on == date(2024, 1, 10)
        held = AccountRef(lot.fund_id, "lot", lot.id)
        assert balances.as_of(db, held, date(2024, 1, 9)) == 0
        assert balances.as_of(db, held, date(2024, 1, 10)) == 10_001
        party = db.get_one(Party, pledge.donor_id)
        assert (party.name, party.kind, party.country) == ("Norway", "state", "NO")
        assert receipt.payer_id == receipt.donor_id == lot.donor_id == party.id
        record = db.execute(select(ImportRecord)).scalar_one()
        assert (record.record_type, record.record_id) == ("receipt", receipt.id)
        assert record.row == 2


def test_instalments_top_ups_part_payment_and_write_off(database: Database, source: Source) -> None:
    part = {"plocal": "705", "status": "part_paid"}
    nothing = {"local": "", "base": "0", "cur": "", "rate": ""}
    rows = [
        gift("A", **part, local="450", base="450"),
        gift("A", **part, local="126.83", base="126.83", paid="2025-12-01"),
        gift("B", plocal="10", status="written_off", **nothing, paid="2024-09-14"),
        gift("C", plocal="30", pcur="EUR", prate="0.75", status="paid", local="40", base="40"),
    ]  # fmt: skip
    assert source.load(database, "gross", rows).is_loaded
    with database.read() as db:
        found = books(db)
        assert [p[:5] for p in found["pledges"]] == [
            ("A", 70_500, "USD", None, 70_500),
            ("B", 1_000, "USD", None, 1_000),
            ("C", 3_000, "EUR", "0.75", 4_000),
        ]
        # (amount, currency, matched, written off): the missing part of A was given up, like B.
        assert [i[:5] for i in found["instalments"]] == [
            ("A", 12_683, "USD", 12_683, 0),
            ("A", 12_817, "USD", 0, 12_817),
            ("A", 45_000, "USD", 45_000, 0),
            ("B", 1_000, "USD", 0, 1_000),
            ("C", 3_000, "EUR", 3_000, 0),
        ]
        assert found["balances"] == {"AAA11": {"bank": 61_683, "lot": 61_683}}


SNAPSHOTS: dict[str, tuple[Sequence[Row], Sequence[Row], dict[str, int]]] = {
    "paid": ([open_gift()], [gift(comment="came")], {}),
    "amount": ([gift(base="990", cur="EUR", rate="0.9", local="900", pcur="EUR", prate="0.9")],
               [gift(base="1010", cur="EUR", rate="0.9", local="900", pcur="EUR", prate="0.9")],
               {"amount": 1}),
    "rate": ([gift(base="990", cur="EUR", rate="0.9", local="900", pcur="EUR", prate="0.9")],
             [gift(base="990", cur="EUR", rate="0.91", local="900", pcur="EUR", prate="0.9")],
             {"amount": 1}),
    "donor": ([gift(), gift("G-2")], [gift(donor="Sweden"), gift("G-2")], {"donor": 1}),
    "donor and amount": ([gift(base="900", cur="EUR", rate="1.1")],
                         [gift(donor="Sweden", base="909", cur="EUR", rate="1.1")],
                         {"donor": 1}),
    "pledged on": ([gift()], [gift(pledged="2023-12-30")], {"pledge": 1}),
    "outstanding": ([open_gift()], [open_gift(amount="1200")], {"pledge": 1}),
    "comment": ([gift()], [gift(comment="for the file")], {"descriptive": 1}),
    "year": ([gift()], [gift(year="2023")], {"pledge": 1}),
    "part of it is paid now": ([open_gift()],
                               [gift(plocal="600", out="600", local="400", base="400")], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_after_a_later_snapshot_the_books_are_as_if_only_it_had_been_loaded(
    database: Database, new_database: NewDatabase, source: Source, name: str
) -> None:
    first, second, changed = SNAPSHOTS[name]
    assert source.load(database, "gifts", first).is_loaded
    result = source.load(database, "gifts", second, accept_missing=True)
    assert result.is_loaded, result.critical
    if changed:
        assert result.counts.changed == changed
        assert result.counts.added == result.counts.missing == 0
    with new_database() as url:
        fresh = Database(Settings(database_url=url))
        assert source.load(fresh, "gifts", second).is_loaded
        with database.read() as ours, fresh.read() as theirs:
            assert _without_gone(books(ours)) == _without_gone(books(theirs))
        fresh.close()
    again = source.load(database, "gifts", second)
    assert again.counts.unchanged == len(second)
    assert not again.counts.changed


def _without_gone(found: dict[str, object]) -> dict[str, object]:
    """Leave out instalments given up because the source does not promise them any more."""
    found["instalments"] = [i for i in found["instalments"] if i[1] != i[4]]  # type: ignore[attr-defined]
    return found


def test_the_comparison_sees_a_correction_that_is_forgotten(
    database: Database,
    new_database: NewDatabase,
    source: Source,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planted bug: corrected receipts pass for unchanged. Reconciliation stops it as well."""
    monkeypatch.setattr(contribution_changes, "differs", lambda *_: False)
    first, second, _ = SNAPSHOTS["amount"]
    source.load(database, "gifts", first)
    result = source.load(database, "gifts", second)
    assert codes(result) == ["not_reconciled"]
    monkeypatch.setattr(load, "reconcile", lambda *_: ())
    assert source.load(database, "gifts", second).is_loaded
    with new_database() as url:
        fresh = Database(Settings(database_url=url))
        source.load(fresh, "gifts", second)
        with database.read() as ours, fresh.read() as theirs:
            assert books(ours)["receipts"] != books(theirs)["receipts"]
        fresh.close()


def test_a_corrected_amount_keeps_its_lot_and_both_versions_of_the_past(
    database: Database, source: Source
) -> None:
    day = date(2024, 1, 10)
    source.load(database, "gifts", [gift(cur="EUR", rate="0.9", local="900", base="1000")])
    with database.read() as db:
        before = audit.sequence_at(db, None)
        (lot_id,) = db.execute(select(Lot.id)).scalars()
    source.load(database, "gifts", [gift(cur="EUR", rate="0.9", local="900", base="1010")])
    with database.read() as db:
        lot = db.execute(select(Lot)).scalar_one()
        assert (lot.id, lot.amount_minor) == (lot_id, 101_000)
        held = AccountRef(lot.fund_id, "lot", lot.id)
        assert balances.as_of(db, held, day, before) == 100_000
        assert balances.as_of(db, held, day) == 101_000
        old, new = db.execute(select(Receipt).order_by(Receipt.code)).scalars()
        assert (old.code, old.status, old.matched_minor) == ("G-1/R1", "reversed", 0)
        assert (new.code, new.status, new.base_minor) == ("G-1/R2", "booked", 101_000)
        assert lot.receipt_id == new.id


def test_another_donor_means_another_lot_with_everything_on_it(
    database: Database, source: Source
) -> None:
    source.load(database, "gifts", [gift(), gift("G-2", paid="2024-02-01")])
    source.load(database, "projects", [project(budget="1500")])
    payments = [
        move("commitment", "c", "2024-03-01", "1500"),
        move("disbursement", "d", "2024-04-01", "1200"),
    ]
    source.load(database, "payments", payments)
    with database.read() as db:
        before = books(db)["balances"]
    result = source.load(database, "gifts", [gift(donor="Sweden"), gift("G-2", paid="2024-02-01")])
    assert result.counts.changed == {"donor": 1}
    assert "grants_restated" not in codes(result)
    with database.read() as db:
        assert books(db)["balances"] == before
        old, new = db.execute(
            select(Lot).where(Lot.code.like("G-1/%")).order_by(Lot.code)
        ).scalars()
        assert (old.status, new.status, new.replaces_id) == ("reversed", "open", old.id)
        # The whole of the older gift was paid out, and is Sweden's now.
        assert balances.lots_now(db, [new.id])[new.id] == {
            "lot": 0,
            "reserved": 0,
            "advance": 100_000,
        }
        assert db.get_one(Party, new.donor_id).name == "Sweden"


def test_what_is_gone_is_reversed_and_what_comes_back_stands_again(
    database: Database, source: Source
) -> None:
    both = [gift(), gift("G-2", donor="Chad")]
    source.load(database, "gifts", both)
    with database.read() as db:
        whole = books(db)
    gone = source.load(database, "gifts", both[:1])
    assert gone.counts.missing == 1
    with database.read() as db:
        pledge = db.execute(select(Pledge).where(Pledge.code == "G-2")).scalar_one()
        agreement = db.execute(select(Agreement).where(Agreement.code == "G-2/A")).scalar_one()
        assert (pledge.status, agreement.status) == ("cancelled", "closed")
        assert books(db)["balances"] == {"AAA11": {"bank": 100_000, "lot": 100_000}}
        event = db.execute(
            select(audit.AuditEvent.reason).where(
                audit.AuditEvent.record_id == pledge.id,
                audit.AuditEvent.action == "pledge.cancelled",
            )
        ).scalar_one()
        assert "G-2" in (event or "")
    assert source.load(database, "gifts", both[:1]).counts.missing == 0
    back = source.load(database, "gifts", both)
    assert back.counts.changed == {"returned": 1}
    with database.read() as db:
        assert books(db) == whole


def test_a_payment_that_was_none_leaves_the_promise_open(
    database: Database, source: Source
) -> None:
    profile_key = [gift("G-1", paid="2024-01-10")]
    source.load(database, "gifts", profile_key)
    result = source.load(database, "gifts", [open_gift()])
    assert (result.counts.added, result.counts.missing) == (1, 1)
    with database.read() as db:
        assert books(db)["balances"] == {"AAA11": {}}
        (instalment,) = db.execute(select(Instalment)).scalars()
        assert (instalment.amount_minor, instalment.matched_minor) == (100_000, 0)
        assert db.execute(select(Pledge.status)).scalar_one() == "agreed"


def test_a_contribution_moves_to_another_fund(database: Database, source: Source) -> None:
    source.load(database, "gifts", [gift()])
    result = source.load(database, "gifts", [gift(fund="BBB22")])
    assert result.counts.changed == {"fund": 1}
    with database.read() as db:
        found = books(db)["balances"]
        assert found == {"AAA11": {}, "BBB22": {"bank": 100_000, "lot": 100_000}}
        assert set(db.execute(select(Pledge.code)).scalars()) == {"G-1", "G-1@BBB22"}
    again = source.load(database, "gifts", [gift(fund="BBB22")])
    assert again.counts.unchanged == 1
    assert source.load(database, "gifts", [gift()]).is_loaded
    with database.read() as db:
        assert books(db)["balances"] == {"AAA11": {"bank": 100_000, "lot": 100_000}, "BBB22": {}}


def test_paid_out_money_that_was_less_is_drawn_from_other_lots(
    database: Database, source: Source
) -> None:
    """Real history wins: what the source says was never received did not pay for anything."""
    gifts = [gift(), gift("G-2", donor="Chad", paid="2024-02-01", local="600", base="600")]
    source.load(database, "gifts", gifts)
    source.load(database, "projects", [project(budget="900")])
    payments = [
        move("commitment", "c", "2024-03-01", "900"),
        move("disbursement", "d", "2024-04-01", "800"),
    ]
    source.load(database, "payments", payments)
    gifts[0] = gift(base="500", cur="EUR", rate="2")
    result = source.load(database, "gifts", gifts, accept_missing=True)
    assert result.is_loaded, result.critical
    assert "grants_restated" in codes(result)
    assert result.openings == ()
    with database.read() as db:
        lots = {lot.code: lot.id for lot in db.execute(select(Lot)).scalars()}
        now = balances.lots_now(db, lots.values())
        assert now[lots["G-1/L1"]] == {"lot": 0, "reserved": 0, "advance": 50_000}
        assert now[lots["G-2/L1"]] == {"lot": 20_000, "reserved": 10_000, "advance": 30_000}


def test_where_no_lot_can_stand_in_an_opening_balance_does(
    database: Database, source: Source
) -> None:
    source.load(database, "gifts", [gift()])
    source.load(database, "projects", [project(budget="900")])
    result = source.load(database, "gifts", [gift(base="700", cur="EUR", rate="1.4")])
    assert [(one.fund, one.amount_minor, one.on) for one in result.openings] == [
        ("AAA11", 20_000, date(2024, 2, 29))
    ]
    with database.read() as db:
        found = books(db)["balances"]["AAA11"]
        assert found == {"bank": 90_000, "reserved": 90_000}


def test_money_that_came_later_than_thought_carries_no_earlier_award(
    database: Database, source: Source
) -> None:
    source.load(database, "gross", [gift(plocal="1000", status="paid")])
    source.load(database, "projects", [project(budget="900")])
    later = [gift(plocal="1000", status="paid", paid="2024-05-01")]
    result = source.load(database, "gross", later)
    assert [(one.amount_minor, one.on) for one in result.openings] == [(90_000, date(2024, 2, 29))]
    with database.read() as db:
        for lot in db.execute(select(Lot).where(Lot.status == "open")).scalars():
            held = AccountRef(lot.fund_id, "lot", lot.id)
            for day in (date(2024, 2, 29), date(2024, 3, 1), date(2024, 5, 1)):
                assert balances.as_of(db, held, day) >= 0


def test_money_put_to_another_use_by_hand_stops_the_import(
    database: Database, source: Source
) -> None:
    from fundops.ledger import posting
    from fundops.ledger.posting import Movement

    source.load(database, "gifts", [gift()])
    with database.write() as db:
        audit.lock_head(db)
        lot = db.execute(select(Lot)).scalar_one()
        seq = audit.record(db, audit.SYSTEM, "lot.set_aside", "reserve", lot.id)
        aside = AccountRef(lot.fund_id, "operating_reserve", lot.id)
        held = AccountRef(lot.fund_id, "lot", lot.id)
        moved = Movement("set_aside", held, aside, 80_000, date(2024, 2, 1), "lot", lot.id, lot.id)
        posting.post(db, seq, [moved])
    result = source.load(database, "gifts", [gift(base="700", cur="EUR", rate="1.4")])
    assert codes(result) == ["lot_spent_otherwise"]
    with database.read() as db:
        assert db.execute(select(Lot.amount_minor)).scalar_one() == 100_000


def test_the_same_file_again_writes_its_own_run_and_nothing_else(
    database: Database, source: Source
) -> None:
    rows = [
        gift(),
        open_gift("G-2"),
        gift("G-3", donor="Sweden", cur="EUR", rate="1.1", local="1100"),
    ]
    source.load(database, "gifts", rows)
    with database.read() as db:
        before = counts(db)
    result = source.load(database, "gifts", rows)
    assert result.counts.as_dict() == {
        "added": 0, "changed": {}, "unchanged": 3, "missing": 0, "kept": 0,
    }  # fmt: skip
    with database.read() as db:
        added = {
            name: after - before[name]
            for name, after in counts(db).items()
            if after != before[name]
        }
    assert added == {"import_runs": 1, "audit_events": 1, "audit_payloads": 1}


def test_a_dry_run_counts_truly_and_keeps_nothing(database: Database, source: Source) -> None:
    source.load(database, "gifts", [gift()])
    with database.read() as db:
        before, head = counts(db), audit.sequence_at(db, None)
    rows = [gift(base="900", cur="EUR", rate="1.2"), gift("G-2")]
    dry = source.load(database, "gifts", rows, dry_run=True)
    assert (dry.is_dry_run, dry.is_loaded, dry.runs) == (True, False, ())
    with database.read() as db:
        assert (counts(db), audit.sequence_at(db, None)) == (before, head)
    real = source.load(database, "gifts", rows)
    assert real.counts == dry.counts
    assert [one.ledger_minor for one in real.agreeing] == [one.ledger_minor for one in dry.agreeing]


def test_a_difference_from_the_ledger_takes_everything_back(
    database: Database, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fundops.imports import load_contributions

    real = load_contributions.receipt_movement

    def one_cent_less(fund_id: object, receipt_id: object, receiving: object) -> object:
        from dataclasses import replace

        less = replace(receiving, base_minor=receiving.base_minor - 1)  # type: ignore[type-var,attr-defined]
        return real(fund_id, receipt_id, less)  # type: ignore[arg-type]

    monkeypatch.setattr(load_contributions, "receipt_movement", one_cent_less)
    monkeypatch.setattr(load_contributions, "match_movement", lambda *a: real(a[0], uuid7(), a[3]))
    with database.read() as db:
        before = counts(db)
    result = source.load(database, "gifts", [gift()])
    assert "not_reconciled" in codes(result)
    assert not result.is_loaded
    with database.read() as db:
        assert counts(db) == before


def test_a_damaged_file_touches_nothing(database: Database, source: Source) -> None:
    broken = {name: cell for name, cell in gift().items() if name != "base"}
    result = source.load(database, "gifts", [broken])
    assert result.critical
    with database.read() as db:
        assert counts(db)["import_runs"] == counts(db)["audit_events"] == 0


def test_a_snapshot_that_lacks_too_much_is_taken_for_a_part(
    database: Database, source: Source
) -> None:
    many = [gift(f"G-{number}") for number in range(20)]
    source.load(database, "gifts", many)
    refused = source.load(database, "gifts", many[:9])
    assert codes(refused) == ["too_many_missing"]
    partial = source.load(database, "gifts", [*many[:9], gift("G-99")], partial=True)
    assert partial.is_loaded
    assert (partial.counts.kept, partial.counts.missing, partial.counts.added) == (11, 0, 1)
    accepted = source.load(database, "gifts", many[:9], accept_missing=True)
    assert accepted.counts.missing == 12
    with database.read() as db:
        assert len(books(db)["pledges"]) == 9


def test_a_row_that_became_unreadable_stays_as_it_was(database: Database, source: Source) -> None:
    source.load(database, "gifts", [gift(), gift("G-2")])
    result = source.load(database, "gifts", [gift(), gift("G-2", donor="")])
    assert (result.counts.kept, result.counts.missing) == (1, 0)
    assert len(result.set_aside) == 1
    with database.read() as db:
        assert len(books(db)["pledges"]) == 2
        row = db.execute(select(SetAsideRow)).scalar_one()
        assert (row.key, row.row) == ("G-2|2024-01-10|1000", 3)
        assert '"code":"G-2"' in row.source
        assert db.execute(select(ImportRun.id)).scalars().all()


def test_a_reviewed_spelling_makes_two_donors_one(database: Database, source: Source) -> None:
    rows = [gift(donor="Norway"), gift("G-2", donor="NORWAY")]
    result = source.load(database, "gifts", rows)
    assert codes(result) == ["fund_opened", "similar_party"]
    with database.write() as db:
        audit.lock_head(db)
        reviewer, _ = a_person(db, Role.FINANCE_OFFICER)
        norway = db.execute(select(Party).where(Party.name == "Norway")).scalar_one()
        db.add(
            PartyAlias(
                id=uuid7(), spelling="NORWAY", party_id=norway.id,
                reviewed_by_id=reviewer.person_id, created_at=clock.now(),
            )
        )  # fmt: skip
    again = source.load(database, "gifts", rows)
    assert codes(again) == ["spelling_applied"]
    with database.read() as db:
        assert {pledge[5] for pledge in books(db)["pledges"]} == {"Norway"}
        assert {lot[5] for lot in books(db)["lots"]} == {"Norway"}
    assert codes(source.load(database, "gifts", rows)) == []


def test_codes_and_funds_that_are_somebody_elses_stop_the_import(
    database: Database, source: Source
) -> None:
    with database.write() as db:
        audit.lock_head(db)
        a_fund(db, code="EUROS", currency="EUR")
    assert codes(source.load(database, "gifts", [gift(fund="EUROS")])) == ["fund_currency"]
    assert codes(source.load(database, "gifts", [gift(fund="lower")])) == ["fund_code"]


def test_a_code_that_another_source_has_used_gets_its_funds_name(
    database: Database, source: Source
) -> None:
    source.load(database, "gross", [gift("G-1", plocal="1000", status="paid")])
    text = (source.folder / "gross.toml").read_text(encoding="utf-8")
    other = source.folder / "other.toml"
    for name, expected in (("second", True), ("third", False)):
        other.write_text(text.replace("test-gifts", f"test-{name}"), encoding="utf-8")
        result = load.run_import(database, other, [source.folder / "gross.csv"])
        assert result.is_loaded is expected
    assert codes(result) == ["code_taken"]
    # Each source changes its own, whatever the codes.
    source.load(database, "gross", [gift("G-1", plocal="1000", status="paid", comment="first")])
    source.load(database, "gross", [gift("G-1", plocal="1000", status="paid", donor="Chad")])
    with database.read() as db:
        donors = {
            pledge.code: db.get_one(Party, pledge.donor_id).name
            for pledge in db.execute(select(Pledge)).scalars()
        }
    assert donors == {"G-1": "Chad", "G-1@AAA11": "Norway"}


def test_money_is_booked_only_up_to_today(database: Database, source: Source) -> None:
    result = source.load(database, "gifts", [gift(), gift("G-2", paid="2090-01-01")])
    assert [row.key for row in result.set_aside] == ["G-2|2090-01-01|1000"]
    assert (result.counts.added, result.is_loaded) == (1, True)


def test_the_number_of_queries_does_not_grow_with_the_rows(
    database: Database, source: Source
) -> None:
    """Reading takes as many statements for many rows as for few; writing grows by pages only."""
    from sqlalchemy import event

    def cost(rows: Sequence[Row]) -> tuple[int, int]:
        seen: list[str] = []

        def note(*args: object) -> None:
            seen.append(str(args[2]))

        event.listen(database.writer, "before_cursor_execute", note)
        assert source.load(database, "gifts", rows, partial=True).is_loaded
        event.remove(database.writer, "before_cursor_execute", note)
        return sum(one.startswith("SELECT") for one in seen), len(seen)

    cost([gift("first")])
    reads, all_few = cost([gift(f"S-{n}") for n in range(50)])
    reads_many, all_many = cost([gift(f"L-{n}") for n in range(200)])
    assert reads_many == reads
    assert all_many - all_few < 150 / 5
    with database.read() as db:
        assert transfers(db) == 2 * 251
        assert fund(db).base_currency == "USD"
