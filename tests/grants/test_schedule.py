"""Plans written down: tranches, calendar and conditions, and what an amendment leaves alone."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from fundops import audit
from fundops.audit import AuditEvent
from fundops.errors import Problem
from fundops.grants import risk
from fundops.grants.schedule_models import GrantSchedule
from fundops.parties.models import Party
from tests.depth import DEPTH
from tests.grants.schedule_scene import AMOUNT, Scene, with_plan
from tests.staged import staged

scene = staged(Scene)
planned = staged(with_plan)


def amounts(scene: Scene) -> list[int]:
    return [tranche.amount_minor for tranche in scene.tranches()]


def test_a_plan_is_written_as_it_is_made(scene: Scene) -> None:
    plan = scene.make()
    tranches = scene.tranches()
    assert [(one.number, one.amount_minor, one.due_on) for one in tranches] == [
        (one.number, one.amount_minor, one.due_on) for one in plan.tranches
    ]
    rows = {(one.kind, one.number): one for one in scene.requirements()}
    assert len(rows) == len(plan.requirements)
    for wanted in plan.requirements:
        row = rows[wanted.kind, wanted.number]
        assert (row.period_from_on, row.period_to_on) == (
            wanted.period_from_on,
            wanted.period_to_on,
        )
        assert (row.due_on, row.rule, row.is_final) == (wanted.due_on, wanted.rule, wanted.is_final)
        assert (row.status, row.origin) == ("due", "policy")
    for tranche, planned in zip(tranches, plan.tranches, strict=True):
        waits_for = {one.requirement_id for one in scene.conditions(tranche)}
        assert waits_for == {rows[one].id for one in planned.waits_for}
    with scene.world.database.read() as db:
        made = db.execute(select(GrantSchedule)).scalar_one()
    assert (made.number, made.policy_id, made.tier, made.months) == (1, None, "high", 12)
    assert made.amount_minor == AMOUNT
    assert "Nobody has assessed" in made.tier_reason


def test_making_the_same_plan_again_changes_nothing(planned: Scene) -> None:
    before = [one.id for one in planned.tranches()], [one.id for one in planned.requirements()]
    with planned.world.database.read() as db:
        seq = audit.sequence_at(db, None)
    planned.make()
    assert (
        [one.id for one in planned.tranches()],
        [one.id for one in planned.requirements()],
    ) == before
    with planned.world.database.read() as db:
        query = select(AuditEvent.action).where(AuditEvent.seq > seq)
        told = set(db.execute(query).scalars())
    # Only which plan each follows, and that there is one.
    assert told <= {"grant_schedule.made", "requirement.updated"}
    assert [len(planned.conditions(one)) for one in planned.tranches()] == [0, 1, 2]


def test_a_tranche_waits_until_its_report_is_done(planned: Scene) -> None:
    first, second, third = planned.tranches()
    assert planned.unmet(first) == []
    assert len(planned.unmet(second)) == 1
    assert "financial report 1" in planned.unmet(second)[0]
    assert planned.done(2).status_code == 200
    assert len(planned.unmet(second)) == 1
    assert len(planned.unmet(third)) == 1
    assert planned.done(1).status_code == 200
    assert planned.unmet(second) == []
    assert planned.done(1, "narrative_report").status_code == 200
    assert planned.unmet(third) == []


def test_an_extension_moves_what_is_to_come(planned: Scene) -> None:
    old = {(one.kind, one.number): one for one in planned.requirements()}
    planned.done(1)
    planned.make(months=18)
    new = {(one.kind, one.number): one for one in planned.requirements()}
    assert new["financial_report", 1].due_on == old["financial_report", 1].due_on
    assert new["financial_report", 1].status == "done"
    assert new["financial_report", 4].is_final is False
    assert new["financial_report", 6].is_final is True
    assert new["audit", 1].due_on > old["audit", 1].due_on
    assert old.keys() < new.keys()
    assert {one.id for one in old.values()} <= {one.id for one in new.values()}
    assert amounts(planned) == [40_000_00, 40_000_00, 20_000_00]


def test_what_a_new_calendar_has_no_place_for_stays_to_be_read(planned: Scene) -> None:
    count = len(planned.requirements())
    waiver = planned.officer.post(
        f"{planned.report(4)}/request_waiver", json={"reason": "Shorter."}
    )
    assert waiver.status_code == 200
    planned.make(months=6)
    assert len(planned.requirements()) == count
    gone = {(one.kind, one.number) for one in planned.requirements() if one.status == "replaced"}
    assert ("financial_report", 4) in gone
    assert ("financial_report", 3) in gone
    replaced = next(one for one in planned.requirements() if one.status == "replaced")
    assert replaced.waiver_requested_by_id is None
    answer = planned.officer.post(f"/v1/requirements/{replaced.id}/record_done", json={"note": "x"})
    assert answer.json()["type"].endswith("wrong-status")
    planned.make()  # and back
    assert {one.status for one in planned.requirements()} == {"due"}
    assert [len(planned.unmet(one)) for one in planned.tranches()] == [0, 1, 2]


def test_lateness_is_not_planned_away(scene: Scene) -> None:
    starts_on = scene.today - timedelta(days=200)
    scene.make(starts_on=starts_on)
    late = {one.id: one.due_on for one in scene.requirements() if one.due_on < scene.today}
    assert late
    scene.make(months=120, starts_on=starts_on)
    scene.make(months=1)
    for one in scene.requirements():
        if one.id in late:
            assert (one.status, one.due_on) == ("due", late[one.id])


def test_tranches_that_money_went_to_are_never_touched(planned: Scene) -> None:
    first, second, third = planned.tranches()
    planned.pay(40_000_00, first.id)
    planned.make(months=24, amount_minor=130_000_00)
    kept, *rest = planned.tranches()
    assert (kept.id, kept.amount_minor, kept.due_on) == (first.id, 40_000_00, first.due_on)
    assert [one.amount_minor for one in rest] == [60_000_00, 30_000_00]  # by 40 to 20
    assert [one.id for one in rest] == [second.id, third.id]
    with pytest.raises(Problem) as refused:
        planned.make(amount_minor=39_999_99)
    assert refused.value.slug == "conflict"
    planned.make(amount_minor=40_000_00)
    assert [one.id for one in planned.tranches()] == [first.id]


def test_more_money_after_all_is_paid_waits_for_a_report(planned: Scene) -> None:
    for tranche in planned.tranches():
        planned.pay(tranche.amount_minor, tranche.id)
    planned.done(1)
    planned.make(amount_minor=110_000_00)
    last = planned.tranches()[-1]
    assert (last.number, last.amount_minor) == (4, 10_000_00)
    assert "financial report 3" in planned.unmet(last)[0]


def test_tranches_of_the_award_are_kept(scene: Scene) -> None:
    scene.give_tranches(70_000_00, 20_000_00, 5_000_00, 5_000_00)
    scene.make()
    assert amounts(scene) == [70_000_00, 20_000_00, 5_000_00, 5_000_00]
    assert [one.due_on for one in scene.tranches()] == [None] * 4
    waiting = [len(scene.unmet(one)) for one in scene.tranches()]
    assert waiting == [0, 1, 2, 1]
    first = scene.tranches()[0]
    scene.pay(70_000_00, first.id)
    scene.make(amount_minor=160_000_00)  # an amendment: they are scaled, not planned anew
    assert amounts(scene) == [70_000_00, 60_000_00, 15_000_00, 15_000_00]
    assert "financial report 1" in scene.unmet(scene.tranches()[1])[0]


def test_where_no_report_can_be_named_somebody_must_say_so(scene: Scene) -> None:
    scene.give_tranches(70_000_00, 30_000_00)
    with scene.world.database.write() as db:
        audit.lock_head(db)
        until = scene.today + timedelta(days=9)
        party = db.get_one(Party, scene.grantee_id)
        risk.assess(db, scene.desk.manager, party, "low", scene.today, until, "Visited.")
    plan = scene.make()
    assert len(plan.tranches) == 1
    _, second = scene.tranches()
    (condition,) = scene.conditions(second)
    assert condition.words
    assert scene.unmet(second) == [
        "Nobody has recorded yet that this is met: What was paid before is accounted for."
    ]
    met = scene.finance.post(
        f"/v1/tranche_conditions/{condition.id}/meet", json={"note": "Accounts seen."}
    )
    assert met.status_code == 200, met.text
    assert scene.unmet(second) == []


def test_fewer_tranches_are_told_as_gone(planned: Scene) -> None:
    third = planned.tranches()[2]
    place = f"/v1/tranches/{third.id}/conditions"
    own = planned.officer.post(place, json={"words": "The lease is signed"}).json()
    planned.make(months=6)
    first, second = planned.tranches()
    assert amounts(planned) == [60_000_00, 40_000_00]
    # What an officer asked for on top moves to the last one that is left.
    assert own["id"] in {str(one.id) for one in planned.conditions(second)}
    assert any("lease" in sentence for sentence in planned.unmet(second))
    planned.pay(60_000_00, first.id)
    with pytest.raises(Problem) as refused:
        planned.make(amount_minor=60_000_00)
    assert refused.value.slug == "conflict"
    planned.officer.post(f"/v1/tranche_conditions/{own['id']}/meet", json={"note": "Seen."})
    planned.make(amount_minor=60_000_00)
    assert [one.id for one in planned.tranches()] == [first.id]


def test_a_tranche_that_a_withdrawn_payment_names_is_used_again(planned: Scene) -> None:
    third = planned.tranches()[2]
    planned.pay(20_000_00, third.id, cancelled=True)
    planned.make(months=6)
    assert third.id in {one.id for one in planned.tranches()}
    assert [one.number for one in planned.tranches()] == [1, 2]
    assert amounts(planned) == [60_000_00, 40_000_00]


def test_an_emergency_is_one_tranche_and_one_report(scene: Scene) -> None:
    scene.make(months=9, amount_minor=20_000_00, is_emergency=True)
    assert amounts(scene) == [20_000_00]
    assert [(one.kind, one.is_final) for one in scene.requirements()] == [
        ("narrative_report", True)
    ]


def test_a_grant_that_has_ended_gets_no_plan(scene: Scene) -> None:
    ended = scene.manager.post(f"/v1/grants/{scene.grant_id}/cancel", json={"reason": "Withdrawn."})
    assert ended.status_code == 200
    with pytest.raises(Problem) as refused:
        scene.make()
    assert refused.value.slug == "wrong-status"


def test_the_calendar_is_of_the_policy_in_force_that_day(scene: Scene) -> None:
    content = scene.officer.get(f"/v1/funds/{scene.fund_id}/policy").json()["content"]
    for rule in content["modalities"]:
        rule["instalment_days"] = 1
    body = {"fund_id": str(scene.fund_id), "starts_on": str(scene.today), "reason": "Faster.",
            "content": content}  # fmt: skip
    made = scene.finance.post("/v1/policies", json=body).json()
    scene.manager.post(f"/v1/policies/{made['id']}/approve")
    scene.make()
    assert scene.tranches()[0].due_on == scene.today + timedelta(days=1)
    listed = scene.officer.get(f"/v1/requirements?grant_id={scene.grant_id}").json()["items"]
    assert {(one["policy_id"], one["policy_number"]) for one in listed} == {(made["id"], 1)}
    plan = scene.officer.get(f"/v1/grants/{scene.grant_id}/schedule").json()
    assert (plan["policy_id"], plan["is_sample"], plan["tier"]) == (made["id"], False, "high")


MOVES = st.lists(
    st.tuples(
        st.integers(1, 30), st.integers(1, 2 * AMOUNT), st.sampled_from(["plan", "pay", "ask"])
    ),
    min_size=1,
    max_size=6,
)


@given(moves=MOVES)
@settings(max_examples=3 * DEPTH, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_tranches_sum_and_nothing_used_changes(
    scene: Scene, moves: object
) -> None:
    assert isinstance(moves, list)
    fresh = Scene(scene.world)
    used: dict[UUID, int] = {}
    for months, amount_minor, move in [(12, AMOUNT, "plan"), *moves]:
        free = [one for one in fresh.tranches() if one.id not in used]
        if move == "plan":
            try:
                fresh.make(months, amount_minor)
            except Problem as problem:
                if problem.slug != "conflict":
                    raise
                continue
            assert sum(amounts(fresh)) == amount_minor
        elif free and sum(used.values()) + free[0].amount_minor <= AMOUNT:
            fresh.pay(free[0].amount_minor, free[0].id, cancelled=move == "ask")
            if move == "pay":
                used[free[0].id] = free[0].amount_minor
        stored = {one.id: one.amount_minor for one in fresh.tranches()}
        assert used.items() <= stored.items()
        numbers = [one.number for one in fresh.tranches()]
        assert len(set(numbers)) == len(numbers)
