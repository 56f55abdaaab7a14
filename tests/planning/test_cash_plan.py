"""The cash plan over HTTP: months, earmarks, lateness, scope, and what it costs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from fundops import audit
from fundops.authz import Role
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from tests.donors.cash_factories import a_match, a_receipt, an_officer
from tests.donors.register_factories import a_pledge
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import (
    a_desk,
    a_grant,
    a_grantee,
    a_payment,
    a_request,
    for_country,
)
from tests.planning.plan_factories import TODAY, Scene, a_scene, expecting, tranches, waiting
from tests.staged import staged
from tests.world import Caller, World


def made(world: World) -> tuple[Scene, Caller]:
    """Make the scene and a finance officer who reads it."""
    with world.database.write() as db:
        audit.lock_head(db)
        scene = a_scene(db)
    return scene, world.as_role(Role.FINANCE_OFFICER, fund_id=scene.fund_id)


begun = staged(made)


def plan_of(caller: Caller, fund_id: UUID, query: str = "") -> Any:
    answer = caller.get(f"/v1/funds/{fund_id}/cash_plan{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_month(plan: Any, name: str) -> list[str]:
    return [one[name]["amount"] for one in plan["months"]]


def at_risk(found: Any) -> list[tuple[str, str, str]]:
    return [(one["grant_code"], one["month"], one["amount"]["amount"]) for one in found["items"]]


def test_months_balance_and_nothing_is_short_as_scheduled(begun: tuple[Scene, Caller]) -> None:
    scene, officer = begun
    plan = plan_of(officer, scene.fund_id, "?months=5")
    assert [one["month"] for one in plan["months"]] == [f"2026-0{m}" for m in range(5, 10)]
    assert by_month(plan, "expected") == ["0.00", "0.00", "1000.00", "0.00", "0.00"]
    assert by_month(plan, "due") == ["100.00", "0.00", "500.00", "200.00", "400.00"]
    assert by_month(plan, "paid") == by_month(plan, "due")
    assert by_month(plan, "balance") == ["600.00", "600.00", "1100.00", "900.00", "500.00"]
    assert plan["opening"]["amount"] == "700.00"
    assert plan["in_hand"] == {
        "free": {"amount": "400.00", "currency": "USD"},
        "reserved": {"amount": "300.00", "currency": "USD"},
        "expired": {"amount": "0.00", "currency": "USD"},
    }
    assert (plan["first_short_month"], plan["shortage"], plan["delay"]) == (None, None, None)
    kenya, nepal = plan["earmarks"]
    assert (kenya["earmark"], nepal["earmark"]) == ("only countries: KE", "only countries: NP")
    assert [one["balance"]["amount"] for one in kenya["months"]] == [
        "0.00", "0.00", "500.00", "500.00", "100.00",
    ]  # fmt: skip


def test_a_late_donor_puts_awards_at_risk_though_the_sum_would_do(
    begun: tuple[Scene, Caller],
) -> None:
    """400.00 is free all the time, for Nepal; only the first award for Kenya is hit."""
    scene, officer = begun
    late = f"&late_donor_id={scene.donor_id}&late_days=45"
    plan = plan_of(officer, scene.fund_id, f"?months=6{late}")
    delay = plan["delay"]
    assert plan["first_short_month"] is None
    assert (delay["first_short_month"], delay["moved"]["amount"]) == ("2026-07", "1000.00")
    unpaid = [one["unpaid"]["amount"] for one in delay["months"]]
    assert unpaid == ["0.00", "0.00", "500.00", "0.00", "0.00", "0.00"]
    _, first, _ = scene.grants
    assert at_risk(delay["at_risk"]) == [(first, "2026-07", "500.00")]
    assert delay["because_of_it"] == delay["at_risk"]
    # It is due in July: a delay that is only thought of makes nothing late already today.
    assert {one["overdue"]["amount"] for one in plan["months"] + delay["months"]} == {"0.00"}
    longer = plan_of(
        officer, scene.fund_id, f"?late_instalment_id={scene.instalment_id}&late_days=120"
    )["delay"]
    assert at_risk(longer["at_risk"]) == [
        (first, "2026-07", "500.00"), (scene.grants[2], "2026-09", "400.00"),
    ]  # fmt: skip
    assert longer["at_risk"]["total"]["amount"] == "900.00"


def test_a_shortage_names_what_binds_and_what_is_left(
    world: World, begun: tuple[Scene, Caller]
) -> None:
    scene, officer = begun
    with world.database.write() as db:
        audit.lock_head(db)
        a_lot(
            db, db.get_one(Fund, scene.fund_id), 10_000, earmark=for_country("KE"), category=3
        )  # fmt: skip
    late = f"&late_donor_id={scene.donor_id}&late_days=45"
    delay = plan_of(officer, scene.fund_id, f"?months=6{late}")["delay"]
    short = delay["shortage"]
    assert (short["month"], short["unpaid"]["amount"]) == ("2026-07", "400.00")
    assert short["binding"] == [
        {"earmark": "only countries: KE", "amount": {"amount": "100.00", "currency": "USD"}}
    ]
    assert short["idle"] == [
        {"earmark": "only countries: NP", "amount": {"amount": "400.00", "currency": "USD"}}
    ]
    assert at_risk(delay["at_risk"]) == [(scene.grants[1], "2026-07", "400.00")]
    assert delay["at_risk"]["items"][0]["instalment_id"] == str(scene.instalment_id)


def test_free_money_may_step_in_where_its_earmark_admits(
    world: World, begun: tuple[Scene, Caller]
) -> None:
    scene, officer = begun
    with world.database.write() as db:
        audit.lock_head(db)
        a_lot(db, db.get_one(Fund, scene.fund_id), 50_000)
    delay = plan_of(
        officer, scene.fund_id, f"?late_donor_id={scene.donor_id}&late_days=30"
    )["delay"]  # fmt: skip
    assert (delay["first_short_month"], delay["at_risk"]["items"]) == (None, [])


def test_what_is_paid_or_asked_for_uses_its_tranche(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        a_lot(db, fund, 100_000)
        grant = a_grant(db, fund, 60_000)
        tranches(db, grant, (20_000, date(2026, 4, 1)), (40_000, date(2026, 10, 1)))
        desk = a_desk(db)
        a_payment(db, desk, fund, grant, 15_000, date(2026, 4, 2))
        a_request(db, desk, fund, grant, 10_000, date(2026, 5, 2))
        plain = a_grant(db, fund, 7_000)
        plain.starts_on = date(2026, 8, 1)
        fund_id = fund.id
    reader = world.as_role(Role.AUDITOR)
    plan = plan_of(reader, fund_id, "?months=6")
    # Waiting: 100.00 now; 350.00 is left of the second tranche; the other starts in August.
    assert by_month(plan, "due") == ["150.00", "0.00", "0.00", "70.00", "0.00", "300.00"]
    before = plan_of(reader, fund_id, "?as_of=2026-04-01&months=7")
    # On 1 April nothing was paid or asked for.
    assert by_month(before, "due") == ["200.00", "0.00", "0.00", "0.00", "70.00", "0.00", "400.00"]
    assert before["opening"]["amount"] == "1000.00"


def test_the_past_is_as_it_was(world: World) -> None:
    """What was received since is expected again, and the balance is that of the day."""
    with world.database.write() as db:
        audit.lock_head(db)
        fund, officer = a_fund(db), an_officer(db)
        _, instalment = expecting(db, fund, 10_000, date(2026, 4, 20))
        receipt = a_receipt(db, officer, fund, 10_000, on=date(2026, 4, 25))
        a_match(db, officer, receipt, (instalment, 10_000))
        fund_id = fund.id
    reader = world.as_role(Role.APPROVER)
    now = plan_of(reader, fund_id, "?months=1")
    assert (now["opening"]["amount"], by_month(now, "expected")) == ("100.00", ["0.00"])
    then = plan_of(reader, fund_id, "?as_of=2026-04-10&months=2")
    assert then["opening"]["amount"] == "0.00"
    assert by_month(then, "expected") == ["100.00", "0.00"]


def test_pledges_stand_beside_unless_asked_for(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, donor = a_fund(db), a_party(db)
        a_pledge(db, fund, donor, 50_000, expected_on=date(2026, 6, 1))
        pipeline = a_pledge(db, fund, donor, 9_000, expected_on=date(2026, 6, 2))
        pipeline.status = "pipeline"
        expecting(
            db, fund, 8_000, date(2026, 6, 3), has_return_obligation=True, conditions="An audit."
        )
        expecting(db, fund, 4_000, date(2026, 1, 3), is_binding=False)
        expecting(db, fund, 3_000, None)
        fund_id = fund.id
    reader = world.as_role(Role.FUND_MANAGER)
    plan = plan_of(reader, fund_id, "?months=2")
    assert by_month(plan, "expected") == ["40.00", "0.00"]
    assert by_month(plan, "overdue") == by_month(plan, "not_binding") == ["40.00", "0.00"]
    assert by_month(plan, "pledged") == ["0.00", "500.00"]
    assert by_month(plan, "pipeline") == ["0.00", "90.00"]
    assert by_month(plan, "conditions") == ["0.00", "80.00"]
    assert plan["beyond"]["undated"]["amount"] == "30.00"
    asked = plan_of(reader, fund_id, "?months=2&count_pledges=true")
    assert by_month(asked, "expected") == ["40.00", "500.00"]


def test_charges_come_off_what_is_expected(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        expecting(
            db, fund, 100_000, date(2026, 6, 1), agent_fee_ppm=10_000,
            support_cost_basis="receipt", support_cost_ppm=70_000,
        )  # fmt: skip
        fund_id = fund.id
    plan = plan_of(world.as_role(Role.AUDITOR), fund_id, "?months=2")
    assert by_month(plan, "expected") == ["0.00", "920.00"]


def test_expired_money_and_caps_keep_money_away(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        fund.award_basis = "instalment"
        a_lot(db, fund, 99_000, on=date(2026, 1, 1), spend_by_on=date(2026, 5, 1))
        _, instalment = expecting(db, fund, 50_000, date(2026, 6, 1))
        waiting(db, fund, instalment, 50_000)
        donor = a_party(db)
        capped = (
            '{"category":3,"include":{"country":["KE","NP"]},"exclude":{},"caps":[{"dimension":'
            '"country","value":"KE","amount_minor":20000}],"spend_by_on":null}'
        )
        expecting(db, fund, 90_000, date(2026, 5, 20), donor=donor, earmark=capped, category=3)
        fund_id, late = fund.id, instalment.id
    reader = world.as_role(Role.AUDITOR)
    plan = plan_of(reader, fund_id, f"?months=3&late_instalment_id={late}&late_days=90")
    assert plan["in_hand"]["expired"]["amount"] == "990.00"
    assert plan["first_short_month"] is None
    assert plan["delay"]["first_short_month"] == "2026-06"
    assert plan["delay"]["at_risk"]["total"]["amount"] == "300.00"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?months=0", "query/months"),
        ("?months=61", "query/months"),
        ("?from=2026-04-30", "query/from"),
        ("?from=2031-01-01&months=12", "query/months"),
        ("?as_of=2026-05-11", "query/as_of"),
        ("?late_days=3", "query/late_donor_id"),
        ("?late_days=0&late_donor_id=00000000-0000-7000-8000-000000000000", "query/late_days"),
        ("?late_donor_id=00000000-0000-7000-8000-000000000000", "query/late_days"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(
    begun: tuple[Scene, Caller], query: str, pointer: str
) -> None:
    scene, officer = begun
    answer = officer.get(f"/v1/funds/{scene.fund_id}/cash_plan{query}")
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_only_the_funds_own_readers_get_it(world: World, begun: tuple[Scene, Caller]) -> None:
    scene, officer = begun
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
        party = a_grantee(db).id
    path = f"/v1/funds/{scene.fund_id}/cash_plan"
    assert world.as_role(Role.FINANCE_OFFICER, fund_id=other).get(path).status_code == 404
    assert officer.get(f"/v1/funds/{other}/cash_plan").status_code == 404
    assert officer.get(f"/v1/funds/{uuid7()}/cash_plan").status_code == 404
    for role in (Role.GRANT_OFFICER, Role.SIGNATORY, Role.ADMINISTRATOR):
        assert world.as_role(role).get(path).status_code == 403
    for role in (Role.GRANTEE, Role.DONOR):
        assert world.as_role(role, party_id=party).get(path).status_code == 403
    for name in ("late_donor_id", "late_instalment_id"):
        assert officer.get(f"{path}?{name}={uuid7()}&late_days=5").status_code == 404
    with world.database.write() as db:
        audit.lock_head(db)
        _, foreign = expecting(db, db.get_one(Fund, other), 100, TODAY + timedelta(days=3))
        foreign_id = foreign.id
    found = officer.get(f"{path}?late_instalment_id={foreign_id}&late_days=5")
    assert found.status_code == 404


def test_queries_do_not_grow_with_the_grants(world: World, begun: tuple[Scene, Caller]) -> None:
    from tests.donors.register_factories import statements

    scene, officer = begun
    path = f"/v1/funds/{scene.fund_id}/cash_plan?late_donor_id={scene.donor_id}&late_days=90"
    officer.get(path)
    with statements(world.database) as few:
        officer.get(path)
    with world.database.write() as db:
        audit.lock_head(db)
        fund = db.get_one(Fund, scene.fund_id)
        a_lot(db, fund, 500_000, earmark=for_country("NP"), category=3)
        for _ in range(12):
            tranches(db, a_grant(db, fund, 10_000, country="NP"), (10_000, None))
    with statements(world.database) as many:
        plan = officer.get(path).json()
    assert plan["in_hand"]["reserved"]["amount"] == "1500.00"
    assert len(many) == len(few)
