"""Caps over amended agreements: the sum never exceeds any version's cap."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest

from fundops import audit, clock
from fundops.allocation.caps import apart_by_version
from fundops.allocation.earmarks import Cap, Dimension, Earmark
from fundops.allocation.position import CapGroup, LotFacts
from fundops.db import Database
from fundops.donors.models import Agreement
from fundops.errors import Problem
from fundops.ledger.models import Fund
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import a_grant, mark

AGREEMENT = UUID(int=9)


def capped(amount: int, objectives: set[int | str]) -> Earmark:
    cap = Cap(Dimension.COUNTRY, "KE", amount)
    return Earmark(2, include={Dimension.OBJECTIVE: objectives}, caps=(cap,))


def lot(number: int, earmark: Earmark, free: int) -> LotFacts:
    return LotFacts(UUID(int=number), AGREEMENT, earmark, date(2026, 1, number), free)


def room(earmark: Earmark, agreement_id: UUID, used: dict[CapGroup, int]) -> int:
    group = CapGroup(agreement_id, Dimension.COUNTRY, "KE")
    return earmark.caps[0].amount_minor - used[group]


def test_versions_share_what_the_strictest_cap_leaves() -> None:
    old, new = capped(100, {4}), capped(150, {4, 5})
    lots = [lot(1, old, 30), lot(2, new, 500)]
    apart, used = apart_by_version(lots, {CapGroup(AGREEMENT, Dimension.COUNTRY, "KE"): 20})
    assert len({one.agreement_id for one in apart}) == 2
    rooms = [room(one.earmark, one.agreement_id, used) for one in apart]
    assert rooms == [30, 50]
    assert sum(rooms) == 100 - 20


def test_one_version_keeps_its_agreement() -> None:
    mark_ = capped(100, {4})
    lots = [lot(1, mark_, 30), lot(2, mark_, 500)]
    used = {CapGroup(AGREEMENT, Dimension.COUNTRY, "KE"): 20}
    assert apart_by_version(lots, used) == (lots, used)


def test_an_exhausted_cap_leaves_no_room() -> None:
    old, new = capped(10, {4}), capped(150, {4, 5})
    apart, used = apart_by_version(
        [lot(1, old, 30), lot(2, new, 500)], {CapGroup(AGREEMENT, Dimension.COUNTRY, "KE"): 20}
    )
    assert room(apart[1].earmark, apart[1].agreement_id, used) == 0


def test_an_amended_agreement_stays_within_its_cap(database: Database) -> None:
    """Lots of one agreement under two versions: 60 of 100 used up, so 40 more and not a cent."""

    def under(amount: int, objectives: list[int]) -> str:
        caps = [{"dimension": "country", "value": "KE", "amount_minor": amount}]
        return mark(2, include={"objective": objectives}, caps=caps)

    with database.write() as db:
        audit.lock_head(db)
        fund: Fund = a_fund(db)
        donor = a_party(db)
        agreement = Agreement(
            id=uuid4(), code="AGR-2026-0001", fund_id=fund.id, donor_id=donor.id, title="T",
            is_binding=True, category=2, earmark=under(120, [4, 5]), status="active",
            created_at=clock.now(),
        )  # fmt: skip
        db.add(agreement)
        db.flush()
        for text, on in ((under(100, [4]), date(2026, 1, 1)), (under(120, [4, 5]), DAY_2)):
            made = a_lot(db, fund, 300, donor=donor, earmark=text, category=2, on=on)
            made.agreement_id = agreement.id
        db.flush()
        a_grant(db, fund, 60, country="KE", objective=4)
        with pytest.raises(Problem) as refused:
            a_grant(db, fund, 41, country="KE", objective=4)
        assert refused.value.slug == "not-fundable"
        a_grant(db, fund, 40, country="KE", objective=4)
        with pytest.raises(Problem):
            a_grant(db, fund, 1, country="KE", objective=5)
        a_grant(db, fund, 250, country="NP", objective=4)


DAY_2 = date(2026, 1, 2)
