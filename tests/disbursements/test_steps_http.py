"""What keeps a payment back, what makes an approval void, and what the bank may do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select

from fundops import audit, clock
from fundops.authz import Role
from fundops.disbursements import covered, gates
from fundops.disbursements.models import Disbursement, SanctionsCheck
from fundops.grants.models import Grant, Tranche
from fundops.ids import uuid7
from fundops.ledger import balances
from fundops.ledger.posting import AccountRef
from fundops.payees.models import BankAccount
from tests.disbursements.conftest import PAID, Desk, money
from tests.factories import a_lot
from tests.grants.grant_factories import a_grant, a_grantee, make_payable
from tests.staged import staged
from tests.world import World


@dataclass
class Approved:
    """A desk, and the place of a payment of 10.00 USD that may be released."""

    desk: Desk
    place: str


@dataclass
class Halfway(Approved):
    """As ``Approved``, and the place of another that is certified only."""

    certified: str


def with_an_approved(world: World) -> Approved:
    """Have a payment approved."""
    desk = Desk(world)
    return Approved(desk, desk.approved())


def with_two(world: World) -> Halfway:
    """Have a payment approved and another certified."""
    desk = Desk(world)
    place, certified = desk.approved(), desk.ask()
    assert desk.step(certified, "certify").status_code == 200
    return Halfway(desk, place, certified)


approved = staged(with_an_approved)
halfway = staged(with_two)


def kind(answer: Any) -> str:
    """Return the kind of problem that an answer is."""
    return str(answer.json()["type"]).rsplit(":", 1)[1]


def shut(answer: Any) -> list[str]:
    """Return the gates that keep a payment back."""
    assert kind(answer) == "payment-kept-back", answer.text
    return [one["pointer"].removeprefix("gate/") for one in answer.json()["errors"]]


def change(desk: Desk, model: type[Any], *, records: int = 1, **values: Any) -> None:
    """Change the one record of a kind, or all of them, past every service."""
    with desk.world.database.write() as db:
        audit.lock_head(db)
        found = db.execute(select(model)).scalars().all()
        assert len(found) == records
        for record in found:
            for name, value in values.items():
                setattr(record, name, value)
        db.flush()


def its_id(place: str) -> UUID:
    return UUID(place.rsplit("/", 1)[1])


def hold(desk: Desk, place: str) -> None:
    placed = desk.finance.post(f"{place}/hold", json={"reason": "A complaint"})
    assert placed.status_code == 201, placed.text


def old_check(desk: Desk) -> None:
    change(desk, SanctionsCheck, checked_on=clock.today("UTC") - timedelta(days=91))


def a_hit(desk: Desk) -> None:
    found = desk.officer.post(
        f"/v1/parties/{desk.grantee_id}/sanctions_checks",
        json={"checked_on": clock.today("UTC").isoformat(), "lists": "UN list",
              "names": "Safe Houses", "has_hits": True},
    )  # fmt: skip
    assert found.status_code == 201, found.text


def cooling(desk: Desk) -> None:
    change(desk, BankAccount, usable_from=clock.now() + timedelta(hours=1))


def retired(desk: Desk) -> None:
    change(desk, BankAccount, status="retired", ended_at=clock.now())


def suspended(desk: Desk) -> None:
    answer = desk.manager.post(
        f"/v1/grants/{desk.grant_id}/suspend", json={"reason": "A complaint"}
    )
    assert answer.status_code in (200, 201), answer.text


def on(work: Callable[[Desk], None]) -> Callable[[Desk, str], None]:
    """Return what shuts a gate of the grant or the grantee, whatever the disbursement."""
    return lambda desk, _place: work(desk)


SHUT: dict[str, Callable[[Desk, str], None]] = {
    "hold": hold, "old check": on(old_check), "hit": on(a_hit), "cooling": on(cooling),
    "retired": on(retired), "suspended": on(suspended),
}  # fmt: skip
GATE = {
    "hold": "hold", "old check": "sanctions", "hit": "sanctions",
    "cooling": "account", "retired": "account", "suspended": "grant",
}  # fmt: skip


def steps_of_money(halfway: Halfway) -> list[tuple[str, Any]]:
    """Try to approve what is certified, and to release and pay what is approved; the answers."""
    desk = halfway.desk
    return [
        (halfway.certified, desk.step(halfway.certified, "approve")),
        (halfway.place, desk.step(halfway.place, "release", desk.signatory)),
        (halfway.place, desk.step(halfway.place, "pay")),
    ]


@pytest.mark.parametrize("why", list(SHUT))
def test_what_is_verified_at_approval_is_verified_again_when_money_goes(
    halfway: Halfway, why: str
) -> None:
    places = [halfway.place, halfway.certified] if why == "hold" else [halfway.place]
    for place in places:
        SHUT[why](halfway.desk, place)
    for place, answer in steps_of_money(halfway):
        assert shut(answer) == [GATE[why]]
        state = halfway.desk.finance.get(f"{place}/state").json()
        assert [one["gate"] for one in state["obstacles"]] == [GATE[why]]


def test_a_grantee_who_was_never_looked_up_gets_nothing(desk: Desk) -> None:
    with desk.world.database.write() as db:
        audit.lock_head(db)
        a_lot(db, desk.fund(db), 10)
        grantee = a_grantee(db)
        desk.grant_id = a_grant(db, desk.fund(db), 10, grantee=grantee).id
    place = desk.ask("0.10")
    assert shut(desk.step(place, "certify")) == ["agreement", "account", "sanctions"]


def test_every_gate_is_asked() -> None:
    assert set(GATE.values()) < set(gates.GATES)


def test_all_that_keeps_a_payment_back_is_named_at_once(approved: Approved) -> None:
    desk, place = approved.desk, approved.place
    for why in ("hold", "old check", "cooling"):
        SHUT[why](desk, place)
    assert shut(desk.step(place, "pay")) == ["account", "sanctions", "hold"]


def test_a_hold_is_lifted_by_another(approved: Approved) -> None:
    desk, place = approved.desk, approved.place
    placed = desk.finance.post(f"/v1/grants/{desk.grant_id}/hold", json={"reason": "A complaint"})
    lift = f"/v1/payment_holds/{placed.json()['id']}/lift"
    assert kind(desk.finance.post(lift, json={"reason": "Mine"})) == "same-person"
    assert shut(desk.step(place, "pay")) == ["hold"]
    assert desk.manager.post(lift, json={"reason": "Nothing in it"}).status_code == 200
    assert kind(desk.manager.post(lift, json={"reason": "Again"})) == "wrong-status"
    assert desk.step(place, "pay").status_code == 200
    on_party = desk.manager.post(
        f"/v1/parties/{desk.grantee_id}/hold",
        json={"reason": "All of it", "fund_id": str(desk.fund_id)},
    )
    assert on_party.status_code == 201, on_party.text
    assert len(desk.manager.get("/v1/payment_holds?is_open=true").json()["items"]) == 1
    assert len(desk.manager.get("/v1/payment_holds").json()["items"]) == 2


def test_a_hit_is_resolved_by_another_and_a_true_match_stops_all(approved: Approved) -> None:
    desk, place = approved.desk, approved.place
    a_hit(desk)
    path = f"/v1/parties/{desk.grantee_id}/sanctions_checks"
    found = desk.manager.get(path).json()["items"]
    check = next(one for one in found if one["status"] == "hits")
    resolve = f"/v1/sanctions_checks/{check['id']}/resolve"
    given = {"outcome": "false_match", "reason": "Another country, another year"}
    assert desk.officer.post(resolve, json=given).status_code == 403
    assert desk.manager.post(resolve, json=given).status_code == 200
    assert desk.step(place, "pay").status_code == 200
    a_hit(desk)
    found = desk.manager.get(path).json()["items"]
    check = next(one for one in found if one["status"] == "hits")
    true = {"outcome": "true_match", "reason": "The same registration number"}
    assert desk.manager.post(
        f"/v1/sanctions_checks/{check['id']}/resolve", json=true
    ).status_code == 200  # fmt: skip
    later = desk.finance.post(
        path, json={"checked_on": clock.today("UTC").isoformat(), "lists": "UN list",
                    "names": "Another name", "has_hits": False},
    )  # fmt: skip
    assert later.status_code == 201
    second = desk.ask()
    assert shut(desk.step(second, "certify")) == ["sanctions"], "a later look washes nothing clean"


def another_account(desk: Desk) -> None:
    change(desk, BankAccount, masked="KE …9999")


def another_amount(desk: Desk) -> None:
    change(desk, Disbursement, records=2, amount_minor=1_001)
    change(desk, Grant, requested_minor=2_002)


@pytest.mark.parametrize("what", [another_account, another_amount])
def test_a_change_of_what_was_signed_for_makes_it_void(halfway: Halfway, what: Any) -> None:
    what(halfway.desk)
    for place, answer in steps_of_money(halfway):
        assert kind(answer) == "approval-void", answer.text
        assert halfway.desk.finance.get(f"{place}/state").json()["is_approval_void"] is True


def test_a_void_that_is_not_looked_for_would_be_missed(
    approved: Approved, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, place = approved.desk, approved.place
    another_account(desk)
    with desk.world.database.read() as db:
        signed = db.get_one(Disbursement, its_id(place)).approved_digest
    monkeypatch.setattr(covered, "digest_of", lambda *_: signed)
    assert desk.step(place, "pay").status_code == 200


def test_what_was_sent_back_is_signed_anew(approved: Approved) -> None:
    desk, place = approved.desk, approved.place
    back = desk.signatory.post(f"{place}/send_back", json={"reason": "The account is wrong"})
    assert (back.status_code, back.json()["status"]) == (200, "sent_back")
    assert back.json()["certified_by_id"] is None
    assert kind(desk.step(place, "pay")) == "wrong-status"
    again = desk.officer.post(f"{place}/resubmit", json={"amount": money("8.00")})
    assert (again.status_code, again.json()["amount"]) == (200, money("8.00"))
    assert kind(desk.step(place, "pay")) == "wrong-status"
    too_much = desk.officer.post(f"{place}/resubmit", json={})
    assert kind(too_much) == "wrong-status"
    for verb in ("certify", "approve", "pay"):
        assert desk.step(place, verb).status_code == 200
    with desk.world.database.read() as db:
        grant = db.get_one(Grant, desk.grant_id)
        assert (grant.paid_minor, grant.requested_minor) == (800, 0)
    steps = desk.finance.get(f"{place}/state").json()["steps"]
    assert [one["action"] for one in steps] == [
        "request", "certify", "approve", "send_back", "resubmit", "certify", "approve", "pay",
    ]  # fmt: skip


@pytest.mark.parametrize(("verb", "by"), [("reject", "approver"), ("cancel", "officer")])
def test_what_is_refused_or_withdrawn_may_be_asked_for_again(
    desk: Desk, verb: str, by: str
) -> None:
    place = desk.approved("1000.00")
    ended = getattr(desk, by).post(f"{place}/{verb}", json={"reason": "Not now"})
    assert ended.status_code == 200, ended.text
    assert kind(desk.step(place, "pay")) == "wrong-status"
    assert desk.paid("1000.00")


def test_released_money_is_paid_when_the_bank_says_so(approved: Approved) -> None:
    desk, place = approved.desk, approved.place
    sent = desk.signatory.post(f"{place}/release")
    assert (sent.status_code, sent.json()["status"]) == (200, "sent")
    with desk.world.database.read() as db:
        assert db.get_one(Grant, desk.grant_id).paid_minor == 0
    for verb in ("cancel", "send_back"):
        caller = desk.officer
        answer = caller.post(f"{place}/{verb}", json={"reason": "Too late"})
        assert kind(answer) == "wrong-status"
    nothing = desk.finance.post(
        f"{place}/record_paid", json={"paid_on": "2026-06-01", "evidence_kind": "bank_advice"}
    )
    assert nothing.status_code == 422
    own = desk.finance.post(f"{place}/record_paid", json=PAID)
    assert (own.status_code, own.json()["status"]) == (200, "paid")
    assert kind(desk.finance.post(f"{place}/record_paid", json=PAID)) == "wrong-status"


def test_who_asked_records_no_evidence_of_their_own(desk: Desk) -> None:
    caller = desk.world.as_role(Role.FINANCE_OFFICER)
    place = desk.ask(caller=caller)
    for verb in ("certify", "approve", "release"):
        by = desk.signatory if verb == "release" else None
        assert desk.step(place, verb, by).status_code == 200
    assert kind(caller.post(f"{place}/record_paid", json=PAID)) == "same-person"
    assert desk.finance.post(f"{place}/record_paid", json=PAID).status_code == 200


def test_a_refused_payment_leaves_the_money_reserved(desk: Desk) -> None:
    place = desk.approved("1000.00")
    assert desk.signatory.post(f"{place}/release").status_code == 200
    failed = desk.finance.post(f"{place}/fail", json={"reason": "AC04: account closed"})
    assert (failed.status_code, failed.json()["status"]) == (200, "failed")
    assert desk.paid("1000.00")


def test_a_payment_that_comes_back_is_reserved_again(desk: Desk) -> None:
    place = desk.paid("400.00")
    early = desk.finance.post(
        f"{place}/return", json={"returned_on": "2026-05-31", "reason": "AC04"}
    )
    assert [one["pointer"] for one in early.json()["errors"]] == ["/returned_on"]
    given = {"returned_on": "2026-06-03", "reason": "AC04: account closed"}
    back = desk.finance.post(f"{place}/return", json=given)
    assert (back.status_code, back.json()["status"]) == (200, "returned"), back.text
    assert kind(desk.finance.post(f"{place}/return", json=given)) == "wrong-status"
    with desk.world.database.read() as db:
        grant = db.get_one(Grant, desk.grant_id)
        assert grant.paid_minor == 0
        assert balances.now(db, AccountRef(desk.fund_id, "bank")) == 100_000
        assert balances.now(db, AccountRef(desk.fund_id, "advance_control")) == 0
    again = desk.approved("1000.00")
    paid = desk.step(again, "pay", None, **(PAID | {"paid_on": "2026-06-04"}))
    assert paid.status_code == 200, "all of it can be paid again"


def test_who_asked_sets_no_payment_back(desk: Desk) -> None:
    """What is said to have failed or come back may be asked for again."""
    caller = desk.world.as_role(Role.FINANCE_OFFICER)
    place = desk.ask(caller=caller)
    for verb in ("certify", "approve", "release"):
        assert desk.step(place, verb, desk.signatory if verb == "release" else None).is_success
    assert kind(caller.post(f"{place}/fail", json={"reason": "AC04"})) == "same-person"
    assert desk.finance.post(f"{place}/record_paid", json=PAID).status_code == 200
    given = {"returned_on": "2026-06-03", "reason": "AC04"}
    assert kind(caller.post(f"{place}/return", json=given)) == "same-person"
    assert desk.finance.post(f"{place}/return", json=given).status_code == 200


def test_what_arrived_comes_back_by_a_statement_only(desk: Desk) -> None:
    place = desk.paid("10.00")
    said = {"received_on": "2026-06-02", "received": money("10.00")}
    assert desk.grantee.post(f"{place}/confirm", json=said).status_code == 200
    given = {"returned_on": "2026-06-03", "reason": "AC04"}
    assert kind(desk.finance.post(f"{place}/return", json=given)) == "conflict"


def test_what_the_grantee_returned_cannot_come_back_twice(desk: Desk) -> None:
    place = desk.paid("400.00")
    refund = desk.finance.post(
        f"/v1/grants/{desk.grant_id}/refunds",
        json={"amount": money("0.01"), "received_on": "2026-06-02"},
    )
    assert refund.status_code == 201, refund.text
    back = desk.finance.post(
        f"{place}/return", json={"returned_on": "2026-06-03", "reason": "AC04"}
    )
    assert kind(back) == "insufficient-funds"


def test_the_grantee_confirms_in_local_money(desk: Desk) -> None:
    place = desk.paid("10.00")
    assert desk.finance.get(f"{place}/state").json()["confirmation"] == "missing"
    given = {
        "received_on": "2026-06-02",
        "received": {"amount": "1290.00", "currency": "KES"},
        "charges": {"amount": "10.00", "currency": "KES"},
    }
    for wrong, pointer in (
        ({"received_on": "2026-05-31"}, "/received_on"),
        ({"received_on": "2199-01-01"}, "/received_on"),
        ({"charges": money("1.00")}, "/charges/currency"),
    ):
        refused = desk.grantee.post(f"{place}/confirm", json=given | wrong)
        assert [one["pointer"] for one in refused.json()["errors"]] == [pointer]
    with desk.world.database.write() as db:
        audit.lock_head(db)
        other = a_grantee(db).id
    stranger = desk.world.as_role(Role.GRANTEE, party_id=other)
    assert stranger.post(f"{place}/confirm", json=given).status_code == 404
    said = desk.grantee.post(f"{place}/confirm", json=given)
    assert (said.status_code, said.json()["confirmed"]["currency"]) == (200, "KES"), said.text
    assert kind(desk.grantee.post(f"{place}/confirm", json=given)) == "already-exists"
    assert desk.finance.get(f"{place}/state").json()["confirmation"] == "confirmed"


def test_a_tranche_cannot_be_passed_by(desk: Desk) -> None:
    with desk.world.database.write() as db:
        audit.lock_head(db)
        db.add(
            Tranche(id=uuid7(), grant_id=desk.grant_id, number=1, due_on=None,
                amount_minor=50_000, created_at=clock.now())
        )  # fmt: skip
    refused = desk.officer.post(
        f"/v1/grants/{desk.grant_id}/disbursements", json={"amount": money("1.00")}
    )
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/tranche_id"]


def test_another_grantee_s_account_is_unknown(desk: Desk) -> None:
    with desk.world.database.write() as db:
        audit.lock_head(db)
        other = make_payable(db, a_grantee(db).id).id
    refused = desk.officer.post(
        f"/v1/grants/{desk.grant_id}/disbursements",
        json={"amount": money("1.00"), "account_id": str(other)},
    )
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/account_id"]


def test_steps_cost_the_same_whatever_the_history(desk: Desk) -> None:
    def statements(verb: str, place: str) -> int:
        counted: list[str] = []

        def count(*given: object) -> None:
            counted.append(str(given[2]))

        writer = desk.world.database.writer
        event.listen(writer, "before_cursor_execute", count)
        try:
            assert desk.step(place, verb).status_code == 200
        finally:
            event.remove(writer, "before_cursor_execute", count)
        return len(counted)

    verbs = ("certify", "approve", "pay")
    place = desk.ask("1.00")
    desk.step(place, "certify")
    first = desk.ask("1.00")
    before = [statements(verb, first) for verb in verbs]
    with desk.world.database.write() as db:
        audit.lock_head(db)
        a_lot(db, desk.fund(db), 50)
        for _ in range(3):
            make_payable(db, a_grant(db, desk.fund(db), 10).grantee_id)
    for _ in range(3):
        desk.paid("1.00")
    later = desk.ask("1.00")
    assert [statements(verb, later) for verb in verbs] == before
