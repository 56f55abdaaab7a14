"""Expenditure and closing over HTTP: the whole way, and what is refused to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from fundops import audit, clock
from fundops.authz import Held, Role
from fundops.expenditures import closing, refund_requests
from fundops.expenditures.models import Receivable
from fundops.expenditures.terms import Terms
from fundops.grants.models import Grant
from fundops.parties import credentials
from fundops.parties.access_schemas import TokenIn
from fundops.parties.models import Membership, Token
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import DAY, a_desk, a_grant, a_grantee, a_payment, accepted
from tests.staged import staged
from tests.world import Caller, World


class Scene:
    """A grant of 1,000.00 of which 600.00 are paid, its grantee's officer, and our own."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            fund, grantee = a_fund(db), a_grantee(db)
            a_lot(db, fund, 1_000_00)
            grant = a_grant(db, fund, 1_000_00, grantee=grantee)
            a_payment(db, a_desk(db), fund, grant, 600_00, on=DAY)
            self.fund_id, self.grantee_id, self.grant_id = fund.id, grantee.id, grant.id
            self.other_id = a_grantee(db).id
        self.place = f"/v1/grants/{self.grant_id}"
        self.grantee = world.as_role(Role.GRANTEE, party_id=self.grantee_id)
        self.stranger = world.as_role(Role.GRANTEE, party_id=self.other_id)
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.finance = world.as_role(Role.FINANCE_OFFICER)
        self.manager = world.as_role(Role.FUND_MANAGER)
        self.approver = world.as_role(Role.APPROVER)

    def report(self, caller: Caller, amount: str = "500.00", **over: Any) -> Any:
        """Report expenditure as ``caller``."""
        body = {
            "starts_on": "2026-03-01",
            "ends_on": "2026-04-30",
            "lines": [{"category": "A", "reported": money(amount)}],
        }
        return caller.post(f"{self.place}/expenditure_statements", json=body | over)


scene = staged(Scene)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


@pytest.fixture
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for everything above ten units back."""
    terms = Terms(700, 10_00, is_force_majeure_allowed=True)
    for module in (closing, refund_requests):
        monkeypatch.setattr(module, "terms_of", lambda *_: terms)


@pytest.mark.usefixtures("_little")
def test_from_a_grantees_report_to_the_closed_grant(scene: Scene) -> None:
    made = scene.report(scene.grantee)
    assert made.status_code == 201, made.text
    place = made.headers["location"]
    line = {"number": 1, "accepted": money("480.00"), "reason": "No invoice."}
    done = scene.finance.post(f"{place}/accept", json={"lines": [line]})
    assert done.json()["accepted"] == money("480.00"), done.text
    told = scene.grantee.get(place).json()
    assert told["lines"][0]["unsupported"] == money("20.00")
    own = scene.grantee.get(f"{scene.place}/unspent").json()
    assert (own["unspent"], own["receivable"], own["lots"]) == (
        money("120.00"), money("20.00"), [],
    )  # fmt: skip
    assert len(scene.finance.get(f"{scene.place}/unspent").json()["lots"]) == 1
    asked = scene.finance.post(f"{scene.place}/refund_requests", json={"due_on": "2199-01-01"})
    assert asked.json()["amount"] == money("100.00"), asked.text
    back = {"amount": money("100.00"), "received_on": "2026-06-01"}
    came = scene.finance.post(f"{asked.headers['location']}/receive", json=back)
    assert came.json()["status"] == "received", came.text
    owed = scene.finance.get("/v1/receivables").json()["items"][0]
    refused = scene.manager.post(f"{scene.place}/close", json={"reason": "Done."})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["grant/balance"]
    body = {
        "amount": money("20.00"),
        "effective_on": "2026-06-02",
        "reason": "Lost.",
        "receivable_id": owed["id"],
    }
    lost = scene.finance.post(f"{scene.place}/advance_write_offs", json=body)
    approved = scene.approver.post(f"{lost.headers['location']}/approve")
    assert approved.json()["status"] == "approved", approved.text
    found = scene.finance.get(f"/v1/receivables/{owed['id']}").json()
    assert (found["status"], [one["kind"] for one in found["entries"]]) == (
        "settled", ["written_off"],
    )  # fmt: skip
    assert scene.manager.get(f"{scene.place}/closing").json()["is_closable"] is True
    closed = scene.manager.post(f"{scene.place}/close", json={"reason": "Done."})
    assert (closed.status_code, closed.json()["freed"]) == (200, money("400.00")), closed.text
    assert scene.officer.get(scene.place).json()["status"] == "closed"
    listed = scene.finance.get("/v1/grant_closings?kind=ordinary").json()["items"]
    assert [one["code"] for one in listed] == [closed.json()["code"]]


def test_another_grantee_sees_and_reports_nothing(scene: Scene) -> None:
    place = scene.report(scene.grantee).headers["location"]
    assert scene.stranger.get(place).status_code == 404
    assert scene.stranger.get(f"{scene.place}/unspent").status_code == 404
    assert scene.stranger.get("/v1/expenditure_statements").json()["items"] == []
    assert scene.report(scene.stranger).status_code == 404
    with scene.world.database.write() as db:
        audit.lock_head(db)
        elsewhere = a_fund(db).id
    finance = scene.world.as_role(Role.FINANCE_OFFICER, fund_id=elsewhere)
    assert finance.post(f"{place}/accept", json={}).status_code == 404
    assert finance.get("/v1/expenditure_statements").json()["items"] == []


def test_a_second_role_or_token_does_not_make_a_second_person(scene: Scene) -> None:
    place = scene.report(scene.officer).headers["location"]
    assert scene.officer.post(f"{place}/accept", json={}).status_code == 403
    with scene.world.database.write() as db:
        audit.lock_head(db)
        actor, token = a_person(db, Role.FINANCE_OFFICER)
        # The very person who reported gets the accepting role, and uses a token of its own.
        person_id = scene.officer.actor.person_id
        held = select(Membership).where(Membership.person_id == actor.person_id)
        db.execute(held).scalar_one().person_id = person_id
        used = select(Token).where(Token.person_id == actor.person_id)
        db.execute(used).scalar_one().person_id = person_id
    second = Caller(scene.world.client, token)
    refused = second.post(f"{place}/accept", json={})
    assert refused.json()["type"].endswith("same-person"), refused.text


def test_no_more_is_accepted_than_reported_and_statements_are_decided_once(scene: Scene) -> None:
    place = scene.report(scene.grantee).headers["location"]
    line = {"number": 1, "accepted": money("500.01")}
    refused = scene.finance.post(f"{place}/accept", json={"lines": [line]})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/lines/0/accepted/amount"]
    future = scene.finance.post(f"{place}/accept", json={"accepted_on": "2199-01-01"})
    assert [error["pointer"] for error in future.json()["errors"]] == ["/accepted_on"]
    early = scene.finance.post(f"{place}/accept", json={"accepted_on": "2026-04-29"})
    assert [error["pointer"] for error in early.json()["errors"]] == ["/accepted_on"]
    returned = scene.finance.post(f"{place}/return", json={"reason": "Unclear."})
    assert returned.json()["status"] == "returned"
    late = scene.manager.post(f"{place}/accept", json={})
    assert late.json()["type"].endswith("wrong-status")


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"ends_on": "2199-01-01"}, "/ends_on"),
        ({"ends_on": "2026-02-01"}, "/ends_on"),
        ({"reason": "Why?"}, "/reason"),
        ({"replaces_id": "01890000-0000-7000-8000-000000000000"}, "/reason"),
        (
            {"replaces_id": "01890000-0000-7000-8000-000000000000", "reason": "Wrong."},
            "/replaces_id",
        ),
        (
            {"lines": [{"category": "A", "reported": {"amount": "1.00", "currency": "EUR"}}]},
            "/lines/0/reported/currency",
        ),
    ],
)
def test_what_cannot_be_reported(scene: Scene, over: dict[str, Any], pointer: str) -> None:
    refused = scene.report(scene.grantee, **over)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_grantees_and_officers_do_not_do_what_is_not_theirs(scene: Scene) -> None:
    place = scene.report(scene.grantee).headers["location"]
    day = {"on": "2026-05-02", "channel": "letter", "outcome": "none"}
    gone = {"reason": "Gone.", "evidence": "None.", "attempts": [day], "unaccounted": "kept_open"}
    tried: tuple[tuple[Caller, str, dict[str, Any]], ...] = (
        (scene.grantee, f"{place}/accept", {}),
        (scene.grantee, f"{scene.place}/refund_requests", {"due_on": "2199-01-01"}),
        (scene.officer, f"{scene.place}/close", {"reason": "Done."}),
        (scene.finance, f"{scene.place}/close", {"reason": "Done."}),
        (scene.approver, f"{scene.place}/grant_closings", gone),
    )
    assert [caller.post(path, json=body).status_code for caller, path, body in tried] == [403] * 5
    proposed = scene.officer.post(f"{scene.place}/grant_closings", json=gone)
    assert proposed.status_code == 201, proposed.text
    confirm = f"{proposed.headers['location']}/confirm"
    assert scene.finance.post(confirm).status_code == 403
    done = scene.manager.post(confirm)
    assert (done.status_code, done.json()["residual"]) == (200, money("0.00")), done.text
    listed = scene.finance.get("/v1/grant_closings?kind=force_majeure").json()["items"]
    assert [one["attempts"] for one in listed] == [[day]]
    again = scene.manager.post(confirm)
    assert again.json()["type"].endswith("wrong-status")


def test_queries_do_not_grow_with_history(scene: Scene) -> None:
    """Accepting the ninth statement asks the database as often as the third."""
    counts = []
    for number in range(9):
        day = f"2026-04-{number + 1:02d}"
        made = scene.report(scene.grantee, "10.00", starts_on=day, ends_on=day)
        seen: list[str] = []

        def note(_c: Any, _r: Any, statement: str, *_: Any, into: list[str] = seen) -> None:
            into.append(statement)

        event.listen(scene.world.database.writer, "before_cursor_execute", note)
        try:
            done = scene.finance.post(f"{made.headers['location']}/accept", json={})
        finally:
            event.remove(scene.world.database.writer, "before_cursor_execute", note)
        assert done.status_code == 200, done.text
        counts.append(len(seen))
    assert counts[2] == counts[8], counts


def test_receivables_of_others_funds_stay_unseen(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        grant = db.get_one(Grant, scene.grant_id)
        accepted(db, grant, 100_00, refused_minor=30_00)
        owed = db.execute(select(Receivable)).scalar_one().id
        other = a_fund(db)
    outsider = scene.world.as_role(Role.FINANCE_OFFICER, fund_id=other.id)
    assert outsider.get(f"/v1/receivables/{owed}").status_code == 404
    assert outsider.get("/v1/receivables").json()["items"] == []
    body = {"amount": money("1.00"), "received_on": "2026-06-01"}
    assert outsider.post(f"/v1/receivables/{owed}/receive", json=body).status_code == 404
    both = {"refund_id": str(owed), "amount": money("1.00")}
    for wrong, pointer in ((both, "/refund_id"), ({}, "/amount")):
        refused = scene.finance.post(f"/v1/receivables/{owed}/receive", json=wrong)
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_a_role_lent_here_is_its_lenders_whatever_one_holds_elsewhere(scene: Scene) -> None:
    """A statement names no fund: it is its grant's, and there the role is only lent."""
    place = scene.report(scene.officer).headers["location"]
    friend = scene.world.as_role(Role.FINANCE_OFFICER)
    with scene.world.database.write() as db:
        audit.lock_head(db)
        elsewhere = a_fund(db).id
        actor, _ = a_person(db, Role.FINANCE_OFFICER, fund_id=scene.fund_id)
        held = db.execute(select(Membership).where(Membership.person_id == actor.person_id))
        membership = held.scalar_one()
        membership.person_id = scene.officer.actor.person_id
        own = select(Membership).where(Membership.person_id == friend.actor.person_id)
        db.execute(own).scalar_one().fund_id = elsewhere
        membership_id = str(membership.id)
    lent = scene.officer.post(
        "/v1/delegations",
        json={
            "membership_id": membership_id, "person_code": friend.actor.person_code,
            "valid_until": (clock.now() + timedelta(days=1)).isoformat(), "reason": "Leave",
        },
    )  # fmt: skip
    assert lent.status_code == 201, lent.text
    refused = friend.post(f"{place}/accept", json={})
    assert refused.status_code == 409, refused.text
    assert refused.json()["type"].endswith("same-person")
    # A role of one's own for the very fund is nobody else's.
    with scene.world.database.write() as db:
        audit.lock_head(db)
        own = select(Membership).where(Membership.fund_id == elsewhere)
        db.execute(own).scalar_one().fund_id = scene.fund_id
    assert friend.post(f"{place}/accept", json={}).status_code == 200


@pytest.mark.usefixtures("_little")
def test_whoever_made_the_token_that_accepted_does_not_close(scene: Scene) -> None:
    place = scene.report(scene.grantee, "595.00").headers["location"]
    with scene.world.database.write() as db:
        audit.lock_head(db)
        author = replace(scene.manager.actor, held=(Held(Role.ADMINISTRATOR),), token_id=None)
        given = TokenIn(person_id=scene.finance.actor.person_id, label="another")
        _, secret = credentials.create_token(db, author, given, default_days=5)
    borrowed = Caller(scene.world.client, secret, scene.finance.actor)
    assert borrowed.post(f"{place}/accept", json={}).status_code == 200
    refused = scene.manager.post(f"{scene.place}/close", json={"reason": "Done."})
    assert refused.json()["type"].endswith("same-person"), refused.text
    other = scene.world.as_role(Role.FUND_MANAGER)
    assert other.post(f"{scene.place}/close", json={"reason": "Done."}).status_code == 200
