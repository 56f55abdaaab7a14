"""What grantees received in their own currency: declared by part, reversed, judged by rate."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import event

from fundops import audit
from fundops.authz import Role
from fundops.disbursements import paying
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import ReturnIn
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.reports import local_queries
from tests.factories import a_fund
from tests.proposals.proposal_factories import a_file
from tests.reports.money_scene import MoneyScene, uah, usd
from tests.staged import staged

scene = staged(MoneyScene)
"""A grant paid in dollars and spent in hryvnias."""


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


def test_a_payment_is_exchanged_in_parts_never_beyond_what_was_paid(scene: MoneyScene) -> None:
    scene.know_rate("41")
    made = scene.declare("6000.00", "240000.00")
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["rate"], told["rate_on_record"], told["deviation_percent"]) == ("40", "41", "-2.4")
    assert told["is_implausible"] is False
    beyond = scene.declare("4000.01", "160000.00")
    assert pointers(beyond) == ["/exchanged/amount"]
    assert "4,000.00 USD" in beyond.text
    odd = scene.declare("4000.00", "1600000.00", "2026-04-20").json()
    assert (odd["rate"], odd["is_implausible"]) == ("400", True), "a zero too many is seen"
    wrong = f"/v1/local_receipts/{odd['id']}/reverse"
    undone = scene.grantee.post(wrong, json={"reason": "A zero too many."})
    assert undone.json()["reverses_id"] == odd["id"], undone.text
    again = scene.grantee.post(wrong, json={"reason": "A zero too many."})
    assert again.json()["type"].endswith("already-exists")
    back = f"/v1/local_receipts/{undone.json()['id']}/reverse"
    assert scene.grantee.post(back, json={"reason": "Why not?"}).status_code == 409
    assert scene.declare("4000.00", "160000.00", "2026-04-20").status_code == 201
    listed = scene.officer.get(f"{scene.place}/local_receipts?sort=received_on").json()["items"]
    assert [(one["received"]["amount"], one["is_reversed"]) for one in listed] == [
        ("240000.00", False), ("1600000.00", True), ("1600000.00", False), ("160000.00", False),
    ]  # fmt: skip
    with scene.world.database.read() as db:
        found = local_queries.received(db, scene.grant_id, "UAH")
        assert [(one.base_minor, one.local_minor) for one in found] == [
            (6_000_00, 240_000_00), (4_000_00, 160_000_00),
        ]  # fmt: skip


def test_what_cannot_have_been_received_is_refused(scene: MoneyScene) -> None:
    for body, pointer in (
        ({"received_on": "2026-04-09"}, "/received_on"),
        ({"received_on": "2199-01-01"}, "/received_on"),
        ({"exchanged": uah("1.00")}, "/exchanged/currency"),
        ({"received": uah("0.00")}, "/received/amount"),
        ({"file_id": "01890000-0000-7000-8000-000000000000"}, "/file_id"),
    ):
        assert pointers(scene.declare("10.00", "400.00", **body)) == [pointer], body
    same = scene.declare("10.00", "400.00", received=usd("10.00"))
    assert same.json()["type"].endswith("conflict"), "a dollar is a dollar"
    assert scene.declare("10.00", "400.00").status_code == 201
    euro = {"amount": "9.00", "currency": "EUR"}
    assert pointers(scene.declare("10.00", "400.00", received=euro)) == ["/received/currency"]


def test_a_slip_of_the_bank_is_the_grantees_own_and_officers_may_open_it(
    scene: MoneyScene,
) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        slip = a_file(db, db.get_one(Party, scene.grantee_id), scene.grantee.actor, "slip.pdf").id
        other = a_file(db, db.get_one(Party, scene.other_id), scene.stranger.actor, "x.pdf").id
    assert pointers(scene.declare("10.00", "400.00", file_id=str(other))) == ["/file_id"]
    hidden = scene.officer.get(f"/v1/files/{slip}")
    assert scene.declare("10.00", "400.00", file_id=str(slip)).json()["file_id"] == str(slip)
    assert (hidden.status_code, scene.officer.get(f"/v1/files/{slip}").status_code) == (404, 200)


def test_money_that_came_back_was_not_received(scene: MoneyScene) -> None:
    assert scene.declare("10000.00", "440000.00", "2026-08-05", of=scene.second_id).is_success
    with scene.world.database.write() as db:
        audit.lock_head(db)
        assert len(local_queries.received(db, scene.grant_id, "UAH")) == 1
        payment, grant = (
            db.get_one(Disbursement, scene.second_id),
            db.get_one(Grant, scene.grant_id),
        )
        given = ReturnIn(reason="The account was closed.", returned_on=date(2026, 8, 9))
        actor = scene.finance.actor
        paying.return_(db, actor, db.get_one(Fund, scene.fund_id), payment, grant, given)
        assert local_queries.received(db, scene.grant_id, "UAH") == []
    late = scene.declare("1.00", "44.00", "2026-08-09", of=scene.second_id)
    assert late.json()["type"].endswith("wrong-status"), late.text


def test_others_neither_see_nor_declare(scene: MoneyScene) -> None:
    made = scene.declare("10.00", "400.00").json()
    with scene.world.database.write() as db:
        audit.lock_head(db)
        elsewhere = a_fund(db).id
    outside = scene.world.as_role(Role.GRANT_OFFICER, fund_id=elsewhere)
    reason = {"reason": "Mine now."}
    for caller in (scene.stranger, outside):
        assert scene.declare("10.00", "400.00", caller=caller).status_code == 404
        assert caller.get(f"{scene.place}/local_receipts").status_code == 404
        gone = caller.post(f"/v1/local_receipts/{made['id']}/reverse", json=reason)
        assert gone.status_code == 404
    assert scene.declare("10.00", "400.00", caller=scene.finance).status_code == 403
    donor = scene.world.as_role(Role.DONOR, party_id=scene.other_id)
    assert donor.get(f"{scene.place}/local_receipts").status_code == 403


def test_the_list_asks_the_database_as_often_for_many(scene: MoneyScene) -> None:
    scene.know_rate("41")
    counts: list[int] = []
    for size in (1, 8):
        for _ in range(size):
            assert scene.declare("10.00", "400.00").status_code == 201
        seen: list[str] = []

        def note(_c: Any, _r: Any, statement: str, *_: Any, into: list[str] = seen) -> None:
            into.append(statement)

        event.listen(scene.world.database.reader, "before_cursor_execute", note)
        try:
            listed = scene.officer.get(f"{scene.place}/local_receipts").json()["items"]
        finally:
            event.remove(scene.world.database.reader, "before_cursor_execute", note)
        assert all(one["is_implausible"] is False for one in listed)
        counts.append(len(seen))
    assert counts[0] == counts[1] > 0, counts
