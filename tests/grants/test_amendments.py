"""Amendments over HTTP: what each kind may change, who approves, and what counts once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.grants import agreement_checks, agreement_hooks, agreement_queries
from fundops.grants.agreement_models import GrantBudgetLine
from fundops.grants.amendment_rules import months_added
from fundops.grants.models import Grant
from fundops.ledger import checks
from fundops.ledger.models import Fund
from tests.factories import a_lot
from tests.grants.agreement_factories import Deal, a_budget, an_agreement, money
from tests.grants.grant_factories import a_grant
from tests.staged import staged
from tests.world import World

pytestmark = pytest.mark.usefixtures("own_bands")


deal = staged(an_agreement)


def slug(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


def lines(deal: Deal, **moved: str) -> list[dict[str, Any]]:
    """Return the lines in force with other amounts by category."""
    return [
        {name: line[name] for name in ("category", "description", "objectives")}
        | {"amount": money(moved.get(line["category"], line["amount"]["amount"]))}
        for line in deal.version()["budget"]
    ]


def budgets(deal: Deal) -> dict[str, str]:
    """Return what budgets in force come to by category."""
    items = deal.officer.get(f"/v1/agreed_budgets?fund_id={deal.fund_id}").json()["items"]
    return {one["category"]: one["amount"]["amount"] for one in items}


def test_a_small_reallocation_comes_into_force_at_approval(deal: Deal, world: World) -> None:
    asked = deal.asked("reallocation", deal.grantee, budget=lines(deal, A="510.00", E="390.00"))
    assert (asked["measure"], asked["measured_in"], asked["by_notice"]) == (
        1000, "basis_points", True,
    )  # fmt: skip
    assert (asked["needed"], asked["by_grantee"]) == (["fund_manager"], True)
    done = deal.approved(deal.manager)
    assert (done["status"], done["missing"]) == ("in_force", [])
    versions = deal.grantee.get(deal.place).json()["versions"]
    assert [one["status"] for one in versions] == ["superseded", "in_force"]
    assert budgets(deal) == {"A": "510.00", "E": "390.00", "G": "0.01"}
    with world.database.read() as db:
        assert agreement_checks.run(db) == []


def test_small_steps_are_measured_together(deal: Deal) -> None:
    """Cut into pieces, a reallocation takes the approvals of the whole."""
    deal.asked("reallocation", budget=lines(deal, A="520.00", E="380.00"))
    deal.approved(deal.manager)
    second = deal.asked("reallocation", budget=lines(deal, A="440.00", E="460.00"))
    assert (second["measure"], second["by_notice"]) == (1778, False)  # 160.00 of 900.01, rounded up
    again = deal.officer.post(f"{deal.amendments}/2/withdraw", json={"reason": "Otherwise."})
    assert again.status_code == 200, again.text
    third = deal.asked("reallocation", budget=lines(deal, A="400.00", E="500.00"))
    assert third["needed"] == ["approver", "fund_manager"]


def test_moving_between_objectives_counts_as_moving(deal: Deal) -> None:
    moved = lines(deal)
    moved[0]["objectives"] = [{"objective": 1, "percent": 100}]
    asked = deal.asked("reallocation", budget=moved)
    assert (asked["measure"], asked["by_notice"]) == (6667, False)


def test_a_larger_one_is_signed_by_both_again(deal: Deal) -> None:
    deal.asked("reallocation", budget=lines(deal, A="300.00", E="600.00"))
    first = deal.approve(deal.manager).json()
    assert (first["status"], first["missing"]) == ("requested", ["approver"])
    assert deal.approved(deal.approver)["status"] == "approved"
    assert budgets(deal)["A"] == "600.00"  # as before, until it is signed
    offered = deal.version(2)
    assert (offered["status"], offered["needs_revision"]) == ("offered", False)
    tag = {"if-match": f'"{offered["version"]}"'}
    edited = deal.officer.patch(f"{deal.place}/versions/2", json={"title": "X"}, headers=tag)
    assert (edited.status_code, slug(edited)) == (409, "conflict")  # it is as approved
    deal.signed(2)
    assert budgets(deal)["A"] == "300.00"
    found = deal.grantee.get(f"{deal.place}/versions/2/changes").json()
    assert (found["from_number"], found["to_number"], found["terms"]) == (1, 2, [])
    assert [
        (one["change"], one["before"]["amount"], one["after"]["amount"]) for one in found["budget"]
    ] == [("changed", money("600.00"), money("300.00")), ("changed", money("300.00"), money("600.00"))]  # fmt: skip  # noqa: E501


def test_what_is_amended_is_never_counted_twice(deal: Deal, world: World) -> None:
    for number, (a, e) in enumerate([("590.00", "310.00"), ("580.00", "320.00")], 1):
        deal.asked("reallocation", budget=lines(deal, A=a, E=e))
        deal.approved(deal.manager, number=number)
        sums = budgets(deal)
        assert sums == {"A": a, "E": e, "G": "0.01"}
    item = deal.officer.get("/v1/agreed_budgets").json()["items"][0]
    assert item["grants"] == 1
    with world.database.read() as db:
        held = agreement_queries.lines_in_force(db, [deal.grant_id])[deal.grant_id]
        assert sum(line.amount_minor for line in held) == 900_01
        every = db.query(GrantBudgetLine).count()
    assert (len(held), every) == (3, 9)  # a sum without the rule would be three times as much
    listed = deal.officer.get("/v1/grant_agreements").json()["items"]
    assert [(one["in_force_number"], one["amount"]) for one in listed] == [(3, money("900.01"))]


@pytest.mark.parametrize(
    ("kind", "changes", "wrong"),
    [
        ("no_cost_extension", {"amount": money("1.00"), "ends_on": "2027-06-30"},
         ["/amount", "/budget"]),
        ("no_cost_extension", {"ends_on": "2027-03-30"}, ["/ends_on"]),
        ("no_cost_extension", {"special_conditions": "More."}, ["/ends_on"]),
        ("reallocation", {"ends_on": "2027-06-30"}, ["/ends_on"]),
        ("reallocation", {}, [""]),
        ("reallocation", {"budget": a_budget(("A", "900.02"))}, ["/budget"]),
        ("cost_extension", {"ends_on": "2027-06-30"}, ["/amount", "/budget"]),
        ("cost_extension", {"amount": money("950.00")}, ["/budget", "/budget"]),
        ("results", {"title": "Houses"}, ["/title"]),
        ("administrative", {"special_conditions": "None."}, ["/special_conditions"]),
        ("administrative", {"results": []}, ["/results"]),
    ],
)  # fmt: skip
def test_each_kind_changes_its_own_only(
    deal: Deal, kind: str, changes: dict[str, Any], wrong: list[str]
) -> None:
    assert pointers(deal.amend(kind, **changes)) == wrong


def test_nobody_approves_what_they_asked_for(deal: Deal) -> None:
    deal.asked("no_cost_extension", ends_on="2027-09-30")
    own = deal.second_token(deal.officer, Role.FUND_MANAGER)
    refused = deal.approve(own)
    assert (refused.status_code, slug(refused)) == (409, "same-person")
    assert deal.approve(deal.grantee).status_code == 403
    assert deal.approve(deal.finance).status_code == 403


def test_nobody_approves_twice_or_for_two_roles(deal: Deal) -> None:
    asked = deal.asked("no_cost_extension", ends_on="2027-09-30")
    assert (asked["measure"], asked["measured_in"]) == (6, "months")
    assert asked["needed"] == ["approver", "fund_manager"]
    deal.approved(deal.manager)
    both = deal.second_token(deal.manager, Role.APPROVER)
    refused = deal.approve(both)
    assert (refused.status_code, slug(refused)) == (409, "already-exists")


def test_a_role_that_is_not_needed_does_not_count(deal: Deal) -> None:
    deal.asked("no_cost_extension", ends_on="2027-05-31")
    refused = deal.approve(deal.approver)
    assert (refused.status_code, slug(refused)) == (409, "conflict")
    assert deal.approved(deal.manager)["status"] == "approved"


def test_an_interest_in_the_grantee_bars_approval(deal: Deal) -> None:
    deal.asked("no_cost_extension", ends_on="2027-05-31")
    deal.second_token(deal.manager, Role.GRANTEE, deal.grantee_id)
    refused = deal.approve(deal.manager)
    assert (refused.status_code, slug(refused)) == (409, "conflict-of-interest")


def test_a_change_voids_all_approvals(deal: Deal) -> None:
    asked = deal.asked("no_cost_extension", ends_on="2027-09-30")
    deal.approved(deal.manager)
    place = f"{deal.amendments}/1"
    before = deal.officer.get(place)
    tag = {"if-match": before.headers["etag"]}
    changes = {"changes": {"ends_on": "2027-12-31"}}
    assert deal.officer.patch(place, json=changes).status_code == 428
    changed = deal.officer.patch(place, json=changes, headers=tag)
    assert changed.status_code == 200, changed.text
    assert changed.json()["missing"] == ["approver", "fund_manager"]
    assert [one["voided_at"] is None for one in changed.json()["approvals"]] == [False]
    assert deal.officer.patch(place, json=changes, headers=tag).status_code == 412
    stale = deal.approve(deal.approver, sha256=asked["sha256"])
    assert (stale.status_code, slug(stale)) == (412, "stale")
    deal.approved(deal.approver)
    assert deal.officer.get(place).json()["status"] == "requested"
    done = deal.approved(deal.manager)
    assert (done["status"], deal.version(2)["ends_on"]) == ("approved", "2027-12-31")


def test_whoever_changed_it_does_not_approve_either(deal: Deal, world: World) -> None:
    deal.asked("no_cost_extension", ends_on="2027-09-30")
    colleague = world.as_role(Role.GRANT_OFFICER)
    place = f"{deal.amendments}/1"
    tag = {"if-match": deal.officer.get(place).headers["etag"]}
    changed = colleague.patch(place, json={"changes": {"ends_on": "2027-10-31"}}, headers=tag)
    assert changed.status_code == 200, changed.text
    refused = deal.approve(deal.second_token(colleague, Role.FUND_MANAGER))
    assert (refused.status_code, slug(refused)) == (409, "same-person")
    refused = deal.approve(deal.second_token(deal.officer, Role.FUND_MANAGER))
    assert (refused.status_code, slug(refused)) == (409, "same-person")


def test_the_database_refuses_an_approval_of_ones_own(deal: Deal, world: World) -> None:
    deal.asked("no_cost_extension", ends_on="2027-09-30")
    deal.approved(deal.manager)
    with pytest.raises(DBAPIError), world.database.writer.begin() as connection:
        connection.execute(sql("UPDATE amendment_approvals SET requested_by_id = person_id"))


def test_each_side_changes_and_withdraws_its_own(deal: Deal) -> None:
    deal.asked("no_cost_extension", ends_on="2027-09-30")
    place = f"{deal.amendments}/1"
    refused = deal.grantee.post(f"{place}/withdraw", json={"reason": "No."})
    assert (refused.status_code, slug(refused)) == (409, "conflict")
    tag = {"if-match": deal.officer.get(place).headers["etag"]}
    refused = deal.grantee.patch(place, json={"reason": "No."}, headers=tag)
    assert (refused.status_code, slug(refused)) == (409, "conflict")
    second = deal.amend("administrative", title="Homes")
    assert (second.status_code, slug(second)) == (409, "conflict")  # one at a time
    gone = deal.officer.post(f"{place}/withdraw", json={"reason": "No."})
    assert gone.json()["status"] == "withdrawn"
    assert deal.asked("administrative", deal.grantee, title="Homes")["number"] == 2
    rejected = deal.manager.post(f"{deal.amendments}/2/reject", json={"reason": "No."})
    assert rejected.json()["status"] == "rejected"
    assert deal.approve(deal.manager, 2).status_code == 409


def test_another_grantees_amendments_do_not_exist(deal: Deal) -> None:
    deal.asked("no_cost_extension", ends_on="2027-09-30")
    stranger = deal.stray()
    assert stranger.get(f"{deal.amendments}/1").status_code == 404
    assert stranger.get("/v1/grant_amendments").json()["items"] == []
    assert deal.amend("administrative", stranger, title="Mine").status_code == 404
    withdrawn = stranger.post(f"{deal.amendments}/1/withdraw", json={"reason": "No."})
    assert withdrawn.status_code == 404
    assert len(deal.grantee.get("/v1/grant_amendments").json()["items"]) == 1


def test_what_the_grantee_declines_lapses(deal: Deal) -> None:
    deal.asked("no_cost_extension", ends_on="2027-05-31")
    deal.approved(deal.manager)
    deal.done(deal.grantee, "decline", 2, reason="We are done in time.")
    assert deal.officer.get(f"{deal.amendments}/1").json()["status"] == "lapsed"
    assert deal.officer.get(deal.place).json()["in_force_number"] == 1
    deal.asked("administrative", title="Homes")
    assert deal.approved(deal.manager, number=2)["status"] == "in_force"
    assert (deal.version(3)["title"], deal.grant()["title"]) == ("Homes", "Homes")


def test_a_requester_of_the_grantee_may_sign(deal: Deal) -> None:
    """A small organisation has one person; the fund's side is other persons all the same."""
    deal.asked("no_cost_extension", deal.grantee, ends_on="2027-05-31")
    deal.approved(deal.manager)
    assert deal.signed(2)["status"] == "in_force"
    assert deal.grant()["ends_on"] == "2027-05-31"


def more(deal: Deal, amount: str = "1400.01") -> dict[str, Any]:
    rest = str(Decimal(amount) - Decimal("300.01"))
    return {"amount": money(amount), "budget": lines(deal, A=rest)}


def test_a_cost_extension_reserves_its_money_when_in_force(
    deal: Deal, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(
        agreement_hooks,
        "AFTER_AMENDED",
        [lambda _d, _a, _f, _g, was, now: told.append((was.amount_minor, now.amount_minor))],
    )
    deal.asked("cost_extension", **more(deal))
    deal.approved(deal.manager, deal.approver)
    assert deal.grant()["awarded"] == money("900.01")
    deal.signed(2)
    assert deal.grant()["awarded"] == money("1400.01")
    lots = deal.manager.get(f"/v1/grants/{deal.grant_id}/lots").json()["items"]
    assert [one["reserved"] for one in lots] == [money("1400.01")]
    assert told == [(900_01, 1400_01)]
    # Whose money it is can be told of both parts, and of what went back.
    traced = deal.manager.get(f"/v1/trace/{deal.grant()['code']}")
    assert traced.status_code == 200, traced.text
    deal.asked("cost_extension", amount=money("1000.00"), budget=a_budget(("A", "1000.00")))
    deal.approved(deal.manager, deal.approver, number=2)
    deal.signed(3)
    lots = deal.manager.get(f"/v1/grants/{deal.grant_id}/lots").json()["items"]
    assert [one["reserved"] for one in lots] == [money("1000.00")]
    with world.database.read() as db:
        assert checks.run(db) == []


def test_money_that_is_not_there_is_refused_with_what_binds(world: World) -> None:
    deal = Deal(world, cash=1_000_00)
    deal.in_force()
    deal.asked("cost_extension", **more(deal))
    assert deal.approve(deal.manager).status_code == 200
    refused = deal.approve(deal.approver)
    assert (refused.status_code, slug(refused)) == (409, "not-fundable")
    assert "400.01 USD" in refused.json()["errors"][0]["detail"]
    # Money that goes elsewhere between approval and signature is noticed too.
    with world.database.write() as db:
        audit.lock_head(db)
        grant = db.get_one(Grant, deal.grant_id)
        a_lot(db, _fund(db, grant), 400_01)
    deal.approved(deal.approver)
    with world.database.write() as db:
        audit.lock_head(db)
        grant = db.get_one(Grant, deal.grant_id)
        a_grant(db, _fund(db, grant), 100_00)
    deal.done(deal.grantee, "sign", 2)
    refused = deal.step(deal.manager, "countersign", 2)
    assert (refused.status_code, slug(refused)) == (409, "not-fundable")
    assert deal.version(2)["status"] == "signed"
    assert deal.grant()["awarded"] == money("900.01")


def _fund(db: Session, grant: Grant) -> Fund:
    return db.get_one(Fund, grant.fund_id)


def test_a_cost_extension_stays_within_the_envelope(world: World) -> None:
    deal = Deal(world, cash=9_000_00)
    deal.in_force()
    deal.asked("cost_extension", **more(deal, "2000.01"))
    deal.approve(deal.manager)
    refused = deal.approve(deal.approver)
    assert (refused.status_code, slug(refused)) == (409, "insufficient-funds")


def test_a_smaller_amount_gives_unpaid_money_back(world: World) -> None:
    deal = Deal(world, cash=900_01)
    deal.in_force()
    place = f"/v1/grants/{deal.grant_id}"
    first = deal.finance.get(f"{place}/tranches?sort=number").json()["items"][0]
    given = {"amount": first["amount"], "tranche_id": first["id"]}
    paid = deal.finance.post(f"{place}/disbursements", json=given)
    assert paid.status_code == 201, paid.text
    less = f"{Decimal(first['amount']['amount']) - Decimal('0.01')}"
    deal.asked("cost_extension", amount=money(less), budget=a_budget(("A", less)))
    deal.approve(deal.manager)
    refused = deal.approve(deal.approver)
    assert (refused.status_code, slug(refused)) == (409, "insufficient-funds")
    deal.officer.post(f"{deal.amendments}/1/withdraw", json={"reason": "Too little."})
    deal.asked("cost_extension", amount=money("600.00"), budget=a_budget(("A", "600.00")))
    deal.approved(deal.manager, deal.approver, number=2)
    deal.signed(2)
    assert deal.grant()["awarded"] == money("600.00")
    with world.database.write() as db:
        audit.lock_head(db)
        grant = db.get_one(Grant, deal.grant_id)
        a_grant(db, _fund(db, grant), 300_01, on=clock.today("UTC"))  # what came back is free
    with world.database.read() as db:
        assert checks.run(db) == []


def test_nothing_is_amended_while_suspended(deal: Deal) -> None:
    deal.asked("no_cost_extension", ends_on="2027-05-31")
    place = f"/v1/grants/{deal.grant_id}"
    assert deal.manager.post(f"{place}/suspend", json={"reason": "Inquiry."}).status_code == 200
    refused = deal.approve(deal.manager)
    assert (refused.status_code, slug(refused)) == (409, "wrong-status")
    tag = {"if-match": deal.officer.get(f"{deal.amendments}/1").headers["etag"]}
    changed = deal.officer.patch(f"{deal.amendments}/1", json={"reason": "Now."}, headers=tag)
    assert (changed.status_code, slug(changed)) == (409, "wrong-status")
    resumed = deal.approver.post(f"{place}/resume", json={"reason": "Settled."})
    assert resumed.status_code == 200, resumed.text
    deal.approved(deal.manager)
    deal.done(deal.grantee, "sign", 2)
    deal.manager.post(f"{place}/suspend", json={"reason": "Again."})
    refused = deal.step(deal.manager, "countersign", 2)
    assert (refused.status_code, slug(refused)) == (409, "wrong-status")
    assert deal.amend("administrative", title="Homes").status_code == 409


@pytest.mark.parametrize(
    ("ends_on", "later", "months"),
    [
        (date(2026, 4, 30), date(2026, 4, 30), 0),
        (date(2026, 4, 30), date(2026, 5, 1), 1),
        (date(2026, 4, 30), date(2026, 7, 31), 3),
        (date(2026, 4, 30), date(2026, 8, 1), 4),
        (date(2026, 2, 28), date(2026, 8, 31), 6),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2026, 12, 31), date(2027, 1, 31), 1),
        (date(2026, 3, 15), date(2026, 6, 15), 3),
        (date(2026, 3, 15), date(2026, 6, 16), 4),
        (date(2026, 3, 15), date(2026, 3, 14), 0),
    ],
)
def test_an_extension_is_measured_from_the_day_after_the_end(
    ends_on: date, later: date, months: int
) -> None:
    """Six months on from the end of February are six, not seven: one person approves them."""
    assert months_added(ends_on, later) == months
