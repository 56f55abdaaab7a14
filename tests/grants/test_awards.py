"""Awards: what is drawn, what is moved to make room, and what is refused with its reasons."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import event, select

from fundops import audit
from fundops.db import Database
from fundops.errors import Problem
from fundops.grants import service
from fundops.grants.models import Grant
from fundops.ledger.models import Transfer
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import (
    DAY,
    LATER,
    a_desk,
    a_grant,
    a_grantee,
    a_payment,
    closing,
    for_country,
    lowest_ever,
    mark,
    reserved,
)


def test_the_tightest_lot_is_drawn_first_then_the_oldest(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        free_new = a_lot(db, fund, 500, on=date(2026, 2, 1))
        free_old = a_lot(db, fund, 500, on=date(2026, 1, 1))
        tight = a_lot(db, fund, 500, earmark=for_country("KE"), category=3)
        grant = a_grant(db, fund, 1_200)
        assert reserved(db, grant) == {tight.id: 500, free_old.id: 500, free_new.id: 200}
        assert [lot["lot_id"] for lot in service.lots_of(db, grant)] == [
            tight.id,
            free_old.id,
            free_new.id,
        ]


@pytest.mark.parametrize(
    ("country", "reason"),
    [("NP", "country"), (None, "country")],
)
def test_money_that_the_earmark_keeps_is_not_drawn(
    database: Database, country: str | None, reason: str
) -> None:
    with database.write() as db:
        fund = a_fund(db)
        a_lot(db, fund, 500, earmark=for_country("KE"), category=3)
        with pytest.raises(Problem) as refused:
            a_grant(db, fund, 100, country=country)
        assert refused.value.slug == "not-fundable"
        assert any(reason in error.detail for error in refused.value.errors)
        assert db.execute(select(Grant.id)).all() == []


def test_money_received_later_or_lapsed_is_not_drawn(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        a_lot(db, fund, 500, on=date(2026, 3, 2))
        a_lot(db, fund, 500, spend_by_on=date(2026, 2, 28))
        with pytest.raises(Problem, match=r"5\.00|missing"):
            a_grant(db, fund, 1, on=DAY)
        late = a_grant(db, fund, 500, on=date(2026, 3, 2))
        assert sum(reserved(db, late).values()) == 500


def test_an_award_back_in_time_leaves_no_later_day_short(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        desk = a_desk(db)
        lot = a_lot(db, fund, 100, on=date(2026, 1, 1))
        first = a_grant(db, fund, 100, on=date(2026, 2, 1))
        service.cancel_grant(db, desk.manager, fund, first, closing(LATER))
        # Today the lot is free again, but not in between.
        with pytest.raises(Problem) as refused:
            a_grant(db, fund, 1, on=DAY)
        assert refused.value.slug == "not-fundable"
        second = a_grant(db, fund, 100, on=LATER)
        assert reserved(db, second) == {lot.id: 100}
        assert lowest_ever(db, fund) == 0


def test_reservations_move_the_least_that_makes_room(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        flexible = a_lot(db, fund, 300)
        first = a_grant(db, fund, 300, country="KE")
        kenya = a_lot(db, fund, 500, earmark=for_country("KE"), category=3)
        second = a_grant(db, fund, 120, country="NP")
        assert reserved(db, second) == {flexible.id: 120}
        assert reserved(db, first) == {flexible.id: 180, kenya.id: 120}
        moves = db.execute(
            select(Transfer.kind, Transfer.amount_minor, Transfer.source_id)
            .where(Transfer.grant_id == first.id)
            .order_by(Transfer.event_seq, Transfer.line)
        ).all()
        assert [tuple(row) for row in moves] == [
            ("reserve", 300, first.id),
            ("void", 120, second.id),
            ("reserve", 120, second.id),
        ]


def test_a_pinned_reservation_stays(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        desk = a_desk(db)
        flexible = a_lot(db, fund, 300)
        first = a_grant(db, fund, 300, country="KE")
        a_lot(db, fund, 500, earmark=for_country("KE"), category=3)
        service.pin(db, desk.manager, first, flexible.id)
        service.pin(db, desk.manager, first, flexible.id)
        with pytest.raises(Problem) as refused:
            a_grant(db, fund, 120, country="NP")
        assert refused.value.slug == "not-fundable"
        service.unpin(db, desk.manager, first, flexible.id)
        a_grant(db, fund, 120, country="NP")
        with pytest.raises(Problem) as not_there:
            service.unpin(db, desk.manager, first, flexible.id)
        assert not_there.value.slug == "invalid-request"


def test_paid_money_is_not_moved(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        desk = a_desk(db)
        a_lot(db, fund, 300)
        first = a_grant(db, fund, 300, country="KE")
        a_payment(db, desk, fund, first, 250, on=DAY)
        a_lot(db, fund, 500, earmark=for_country("KE"), category=3)
        with pytest.raises(Problem):
            a_grant(db, fund, 51, country="NP")
        second = a_grant(db, fund, 50, country="NP")
        assert sum(reserved(db, second).values()) == 50


def test_a_cap_speaks_of_all_money_of_its_lot(database: Database) -> None:
    capped = mark(2, caps=[{"dimension": "country", "value": "KE", "amount_minor": 100}],
                  include={"objective": [4]})  # fmt: skip
    with database.write() as db:
        fund = a_fund(db)
        desk = a_desk(db)
        lot = a_lot(db, fund, 500, earmark=capped, category=2)
        first = a_grant(db, fund, 60, country="KE")
        a_payment(db, desk, fund, first, 60, on=DAY)
        with pytest.raises(Problem) as refused:
            a_grant(db, fund, 41, country="KE")
        assert any("cap" in error.detail for error in refused.value.errors)
        a_grant(db, fund, 40, country="KE")
        other = a_grant(db, fund, 300, country="NP")
        assert reserved(db, other) == {lot.id: 300}


def test_a_refusal_names_agreements_and_only_some_may_know_donors(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        desk = a_desk(db)
        lot = a_lot(db, fund, 100)
        with pytest.raises(Problem) as told:
            a_grant(db, fund, 150, actor=desk.manager)
        said = " ".join(error.detail for error in told.value.errors)
        assert lot.code in said
        assert "Party" in said
        with pytest.raises(Problem) as untold:
            a_grant(db, fund, 150, actor=audit.SYSTEM)
        said = " ".join(error.detail for error in untold.value.errors)
        assert lot.code in said
        assert "Party" not in said


def test_grantees_at_risk_get_codes_that_tell_nothing(database: Database) -> None:
    with database.write() as db:
        fund = a_fund(db)
        a_lot(db, fund, 500)
        plain = a_grant(db, fund, 100)
        hidden = a_grant(db, fund, 100, grantee=a_grantee(db, is_at_risk=True))
        assert plain.code.startswith("GRT-2026-")
        assert hidden.code.startswith("GRT-")
        assert "2026" not in hidden.code


def statements_of(database: Database, lots: int, grants: int) -> int:
    """Count the statements of one award that must re-route, among so many lots and grants."""
    counted: list[str] = []
    with database.write() as db:
        fund = a_fund(db)
        for _ in range(lots):
            a_lot(db, fund, 100)
        for _ in range(grants):
            a_grant(db, fund, 100, country="KE")
        a_lot(db, fund, 1_000, earmark=for_country("KE"), category=3)
        db.flush()

        def count(*given: object) -> None:
            counted.append(str(given[2]))

        event.listen(database.writer, "before_cursor_execute", count)
        try:
            a_grant(db, fund, 100, country="NP")
        finally:
            event.remove(database.writer, "before_cursor_execute", count)
    return len(counted)


def test_the_number_of_queries_does_not_grow(database: Database) -> None:
    assert statements_of(database, 3, 3) == statements_of(database, 12, 12)
