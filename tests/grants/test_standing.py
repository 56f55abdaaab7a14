"""Suspending, resuming and terminating grants: who may, and what becomes of the money."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from fundops import audit, clock
from fundops.authz import Role
from fundops.grants.envelopes import awarded
from fundops.grants.models import Grant
from fundops.ledger import checks
from fundops.ledger.models import Fund
from tests.factories import a_fund
from tests.grants.agreement_factories import Deal, money
from tests.grants.grant_factories import a_grant
from tests.staged import staged
from tests.world import World

PAID = {
    "paid_on": "2026-03-05", "evidence_kind": "bank_advice", "evidence_note": "Advice 7",
}  # fmt: skip
WHY = {"reason": "Under inquiry."}


deal = staged(Deal)


def slug(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def place(deal: Deal) -> str:
    return f"/v1/grants/{deal.grant_id}"


def reserved(deal: Deal) -> list[Any]:
    lots = deal.manager.get(f"{place(deal)}/lots").json()["items"]
    return [one["reserved"]["amount"] for one in lots]


def ask(deal: Deal, amount: str = "100.00") -> Any:
    given: dict[str, Any] = {"amount": money(amount)}
    tranches = deal.finance.get(f"{place(deal)}/tranches?sort=number").json()["items"]
    if tranches:
        given["tranche_id"] = tranches[0]["id"]
    return deal.finance.post(f"{place(deal)}/disbursements", json=given)


def test_suspended_money_stops_and_stays_reserved(deal: Deal, world: World) -> None:
    waiting = ask(deal).headers["location"]
    suspended = deal.manager.post(f"{place(deal)}/suspend", json=WHY)
    assert suspended.status_code == 200, suspended.text
    assert suspended.json()["status"] == "suspended"
    assert (ask(deal).status_code, slug(ask(deal))) == (409, "wrong-status")
    payer = world.as_role(Role.SIGNATORY)
    paid = payer.post(f"{waiting}/pay", json=PAID)
    assert paid.status_code == 409, paid.text
    assert reserved(deal) == ["900.01"]
    with world.database.read() as db:
        grant = db.get_one(Grant, deal.grant_id)
        assert grant.call_id is not None
        # Of the call's envelope it takes what it took before.
        assert [one.amount_minor for one in awarded(db, grant.call_id)] == [900_01]
        assert checks.run(db) == []
    listed = deal.manager.get("/v1/grants?status=suspended").json()["items"]
    assert [one["id"] for one in listed] == [str(deal.grant_id)]
    again = deal.manager.post(f"{place(deal)}/suspend", json=WHY)
    assert (again.status_code, slug(again)) == (409, "wrong-status")


def test_another_person_resumes(deal: Deal) -> None:
    deal.manager.post(f"{place(deal)}/suspend", json=WHY)
    second = deal.second_token(deal.manager, Role.APPROVER)
    for caller in (deal.manager, second):
        refused = caller.post(f"{place(deal)}/resume", json=WHY)
        assert (refused.status_code, slug(refused)) == (409, "same-person")
    resumed = deal.approver.post(f"{place(deal)}/resume", json={"reason": "Settled."})
    assert resumed.json()["status"] == "awarded"
    assert resumed.json()["suspensions"][0]["resume_reason"] == "Settled."
    assert ask(deal).status_code == 201
    refused = deal.approver.post(f"{place(deal)}/resume", json=WHY)
    assert (refused.status_code, slug(refused)) == (409, "wrong-status")


def test_who_may_suspend(deal: Deal, world: World) -> None:
    for caller in (deal.officer, deal.finance, deal.grantee):
        assert caller.post(f"{place(deal)}/suspend", json=WHY).status_code == 403
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    stranger = world.as_role(Role.FUND_MANAGER, fund_id=other)
    for verb in ("suspend", "resume", "propose_termination", "withdraw_termination"):
        assert stranger.post(f"{place(deal)}/{verb}", json=WHY).status_code == 404
    assert stranger.post(f"{place(deal)}/confirm_termination").status_code == 404
    assert stranger.get(f"{place(deal)}/standing").status_code == 404
    deal.second_token(deal.manager, Role.GRANTEE, deal.grantee_id)
    refused = deal.manager.post(f"{place(deal)}/suspend", json=WHY)
    assert (refused.status_code, slug(refused)) == (409, "conflict-of-interest")
    assert deal.grantee.get(f"{place(deal)}/standing").json()["suspensions"] == []


def test_two_persons_terminate_and_the_rest_goes_back(deal: Deal, world: World) -> None:
    deal.in_force()
    asked = ask(deal, "300.00").headers["location"]
    proposed = deal.manager.post(f"{place(deal)}/propose_termination", json=WHY)
    assert proposed.status_code == 200, proposed.text
    assert (proposed.json()["status"], reserved(deal)) == ("awarded", ["900.01"])
    twice = deal.approver.post(f"{place(deal)}/propose_termination", json=WHY)
    assert (twice.status_code, slug(twice)) == (409, "already-exists")
    second = deal.second_token(deal.manager, Role.APPROVER)
    # Money that waits comes first: it is paid or cancelled, not forgotten.
    waiting = deal.approver.post(f"{place(deal)}/confirm_termination")
    assert (waiting.status_code, slug(waiting)) == (409, "conflict")
    assert deal.finance.post(f"{asked}/cancel", json={"reason": "Stopped."}).status_code == 200
    for caller in (deal.manager, second):
        refused = caller.post(f"{place(deal)}/confirm_termination")
        assert (refused.status_code, slug(refused)) == (409, "same-person")
    done = deal.approver.post(f"{place(deal)}/confirm_termination")
    assert done.status_code == 200, done.text
    assert done.json()["status"] == "terminated"
    assert done.json()["terminations"][0]["effective_on"] == clock.today("UTC").isoformat()
    assert reserved(deal) == []
    with world.database.write() as db:
        audit.lock_head(db)
        grant = db.get_one(Grant, deal.grant_id)
        assert grant.call_id is not None
        assert awarded(db, grant.call_id) == []
        fund = db.get_one(Fund, grant.fund_id)
        a_grant(db, fund, 2_000_00, on=clock.today("UTC"))  # all of the lot is free again
    with world.database.read() as db:
        assert checks.run(db) == []
    assert slug(ask(deal)) == "wrong-status"
    assert deal.amend("administrative", title="Homes").status_code == 409
    open_still = deal.manager.get(f"{place(deal)}/closing").json()["missing"]
    assert open_still, "its reports are still due"


def test_a_suspended_grant_is_terminated_too(deal: Deal, world: World) -> None:
    deal.manager.post(f"{place(deal)}/suspend", json=WHY)
    closed = deal.manager.post(f"{place(deal)}/close", json=WHY)
    assert (closed.status_code, slug(closed)) == (409, "wrong-status")  # by two persons, or resumed
    deal.manager.post(f"{place(deal)}/propose_termination", json=WHY | {"on": "2026-04-01"})
    done = deal.approver.post(f"{place(deal)}/confirm_termination").json()
    assert done["status"] == "terminated"
    assert done["terminations"][0]["effective_on"] == "2026-04-01"
    assert done["suspensions"][0]["ended_at"] is not None
    assert done["suspensions"][0]["resumed_by_id"] is None
    with world.database.read() as db:
        assert checks.run(db) == []


def test_a_proposal_to_terminate_may_be_withdrawn(deal: Deal) -> None:
    nothing = deal.approver.post(f"{place(deal)}/confirm_termination")
    assert (nothing.status_code, slug(nothing)) == (409, "conflict")
    wrong = deal.manager.post(f"{place(deal)}/propose_termination", json=WHY | {"on": "2199-01-01"})
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/on"]
    deal.manager.post(f"{place(deal)}/propose_termination", json=WHY | {"on": "2026-02-01"})
    early = deal.approver.post(f"{place(deal)}/confirm_termination")
    assert [error["pointer"] for error in early.json()["errors"]] == ["/on"]  # before the award
    gone = deal.manager.post(f"{place(deal)}/withdraw_termination", json=WHY)
    assert gone.json()["terminations"][0]["status"] == "withdrawn"
    assert deal.approver.post(f"{place(deal)}/confirm_termination").status_code == 409
    assert deal.grant()["status"] == "awarded"


def test_the_database_wants_two_persons(deal: Deal, world: World) -> None:
    deal.manager.post(f"{place(deal)}/propose_termination", json=WHY)
    deal.manager.post(f"{place(deal)}/suspend", json=WHY)
    for statement in (
        "UPDATE grant_terminations SET status = 'confirmed', decided_by_id = proposed_by_id",
        "UPDATE grant_terminations SET status = 'confirmed'",
        "UPDATE grant_suspensions SET resumed_by_id = suspended_by_id, ended_at = suspended_at",
    ):
        with pytest.raises(DBAPIError), world.database.writer.begin() as connection:
            connection.execute(sql(statement))


def test_a_status_that_nobody_told_of_is_found(deal: Deal, world: World) -> None:
    """The control of the invariant: a grant that is suspended without a suspension."""
    with world.database.writer.begin() as connection:
        connection.execute(sql("UPDATE grants SET status = 'suspended'"))
    with world.database.read() as db:
        assert "suspended_as_told" in {one.check for one in checks.run(db)}
    with world.database.writer.begin() as connection:
        connection.execute(sql("UPDATE grants SET status = 'awarded'"))
