"""Grants over HTTP: the way of an award, who sees what, and what is refused where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from fundops import audit
from fundops.authz import Role
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import DAY, a_grantee, for_country, make_agreed, make_payable
from tests.staged import staged
from tests.world import Caller, World


class Scene:
    """A fund with 10.00 USD, a grantee, and callers of the duties."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            fund, grantee = a_fund(db), a_grantee(db)
            self.lot_id = a_lot(db, fund, 1_000).id
            self.fund_id, self.grantee_id = fund.id, grantee.id
        self.manager = world.as_role(Role.FUND_MANAGER)
        self.officer = world.as_role(Role.FINANCE_OFFICER)
        self.certifier = world.as_role(Role.FINANCE_OFFICER)
        self.approver = world.as_role(Role.APPROVER)
        self.signatory = world.as_role(Role.SIGNATORY)

    def ask(self, grant: Any, amount: str = "0.10", **over: Any) -> str:
        """Ask for a payment that nothing keeps back; return its place."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            make_payable(db, self.grantee_id)
            make_agreed(db, db.get_one(Grant, UUID(grant["id"])))
        made = self.officer.post(
            f"/v1/grants/{grant['id']}/disbursements", json={"amount": money(amount)} | over
        )
        assert made.status_code == 201, made.text
        return str(made.headers["location"])

    def sign(self, place: str) -> None:
        """Have a disbursement certified and approved."""
        for caller, verb in ((self.certifier, "certify"), (self.approver, "approve")):
            signed = caller.post(f"{place}/{verb}")
            assert signed.status_code == 200, signed.text

    def body(self, amount: str = "6.00", **over: Any) -> dict[str, Any]:
        """Return the body of an award."""
        return {
            "fund_id": str(self.fund_id),
            "grantee_id": str(self.grantee_id),
            "title": "Safe houses",
            "amount": {"amount": amount, "currency": "USD"},
            "country": "KE",
            "objectives": [{"objective": 4, "percent": 60}, {"objective": 1, "percent": 40}],
            "awarded_on": DAY.isoformat(),
        } | over

    def award(self, amount: str = "6.00", **over: Any) -> Any:
        """Award a grant and return the answer's body."""
        made = self.manager.post("/v1/grants", json=self.body(amount, **over))
        assert made.status_code == 201, made.text
        return made.json()


scene = staged(Scene)


@dataclass(frozen=True)
class Approved:
    """A grant of 1.00 USD with a payment that may be released, and where payments are asked for."""

    scene: Scene
    place: str
    waiting: str


def with_payment(world: World) -> Approved:
    scene = Scene(world)
    grant = scene.award("1.00")
    waiting = scene.ask(grant, requested_on="2026-03-02")
    scene.sign(waiting)
    return Approved(scene, f"/v1/grants/{grant['id']}/disbursements", waiting)


approved = staged(with_payment)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


PAID = {
    "paid_on": "2026-03-05", "evidence_kind": "bank_advice", "evidence_note": "Debit advice 7",
}  # fmt: skip
"""What the bank said of a payment."""


def test_the_whole_way_of_a_grant(scene: Scene) -> None:
    tranches = [{"amount": money("4.00")}, {"amount": money("2.00"), "due_on": "2026-09-01"}]
    grant = scene.award(tranches=tranches)
    assert grant["awarded"] == money("6.00")
    assert grant["objectives"] == [
        {"objective": 1, "percent": 40},
        {"objective": 4, "percent": 60},
    ]
    place = f"/v1/grants/{grant['id']}"
    listed = scene.officer.get(f"{place}/tranches?sort=number").json()["items"]
    assert [tranche["amount"]["amount"] for tranche in listed] == ["4.00", "2.00"]
    asked = scene.ask(grant, "4.00", tranche_id=listed[0]["id"], requested_on="2026-03-02")
    scene.sign(asked)
    paid = scene.signatory.post(f"{asked}/pay", json=PAID | {"reference": "B-1"})
    assert paid.status_code == 200, paid.text
    assert paid.json()["status"] == "paid"
    refund = scene.officer.post(
        f"{place}/refunds", json={"amount": money("0.50"), "received_on": "2026-04-01"}
    )
    assert refund.status_code == 201, refund.text
    closed = scene.manager.post(f"{place}/close", json={"reason": "Done.", "on": "2026-05-01"})
    assert closed.status_code == 200, closed.text
    assert (closed.json()["status"], closed.json()["residual"]) == ("confirmed", money("3.50"))
    read = scene.officer.get(place).json()
    assert read["status"] == "closed"
    assert (read["paid"], read["refunded"]) == (money("4.00"), money("0.50"))
    lots = scene.officer.get(f"{place}/lots").json()["items"]
    assert lots == []
    assert len(scene.officer.get(f"/v1/refunds?grant_id={grant['id']}").json()["items"]) == 1
    assert scene.officer.get(refund.headers["location"]).json() == refund.json()
    assert len(scene.officer.get("/v1/disbursements?status=paid").json()["items"]) == 1


def test_a_tranche_is_not_paid_beyond_its_amount(scene: Scene) -> None:
    grant = scene.award(tranches=[{"amount": money("4.00")}, {"amount": money("2.00")}])
    place = f"/v1/grants/{grant['id']}"
    first = scene.officer.get(f"{place}/tranches?sort=number").json()["items"][0]["id"]
    refused = scene.officer.post(
        f"{place}/disbursements", json={"amount": money("4.01"), "tranche_id": first}
    )
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("insufficient-funds")
    foreign = scene.officer.post(
        f"{place}/disbursements", json={"amount": money("1.00"), "tranche_id": str(uuid4())}
    )
    assert [error["pointer"] for error in foreign.json()["errors"]] == ["/tranche_id"]


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"amount": {"amount": "0.00", "currency": "USD"}}, "/amount/amount"),
        ({"amount": {"amount": "1.00", "currency": "EUR"}}, "/amount/currency"),
        ({"amount": {"amount": 1.0, "currency": "USD"}}, "/amount/amount"),
        ({"fund_id": str(UUID(int=7))}, "/fund_id"),
        ({"grantee_id": str(UUID(int=7))}, "/grantee_id"),
        ({"call_id": str(UUID(int=7))}, "/call_id"),
        ({"awarded_on": "2199-01-01"}, "/awarded_on"),
        ({"objectives": []}, "/objectives"),
        ({"objectives": [{"objective": 11, "percent": 100}]}, "/objectives/0/objective"),
        ({"objectives": [{"objective": 1, "percent": 99}]}, "/objectives"),
        ({"objectives": [{"objective": 1, "percent": 50}] * 2}, "/objectives"),
        ({"tranches": [{"amount": {"amount": "5.99", "currency": "USD"}}]}, "/tranches"),
        ({"tranches": [{"amount": {"amount": "6", "currency": "EUR"}}]},
         "/tranches/0/amount/currency"),
        ({"region": "140"}, "/region"),
        ({"country": "ZZ"}, "/country"),
        ({"starts_on": "2026-05-01", "ends_on": "2026-04-30"}, "/ends_on"),
    ],
)  # fmt: skip
def test_wrong_input_is_named(scene: Scene, over: dict[str, Any], pointer: str) -> None:
    refused = scene.manager.post("/v1/grants", json=scene.body() | over)
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert scene.manager.get("/v1/grants").json()["items"] == []


def test_what_cannot_be_funded_says_why(scene: Scene) -> None:
    refused = scene.manager.post("/v1/grants", json=scene.body("10.01"))
    assert refused.status_code == 409
    body = refused.json()
    assert body["type"] == "urn:fundops:problem:not-fundable"
    assert "0.01 USD" in body["detail"]
    assert any("LOT-" in error["detail"] for error in body["errors"])


def test_a_retry_awards_once(scene: Scene) -> None:
    key = {"idempotency-key": uuid4().hex}
    first = scene.manager.post("/v1/grants", json=scene.body(), headers=key)
    again = scene.manager.post("/v1/grants", json=scene.body(), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert len(scene.manager.get("/v1/grants").json()["items"]) == 1


def test_asking_changes_nothing_and_needs_no_key(scene: Scene) -> None:
    ask = {
        "fund_id": str(scene.fund_id),
        "awards": [
            {"key": "A", "amount": money("6.00"), "country": "KE", "objectives": [4]},
            {"key": "B", "amount": money("4.00"), "country": "NP", "objectives": [1, 4]},
        ],
    }
    headers = {"authorization": f"Bearer {scene.manager.token}"}
    yes = scene.world.client.post("/v1/awards/fundable", json=ask, headers=headers)
    assert yes.status_code == 200, yes.text
    drawn = {draw["award"]: draw["amount"] for draw in yes.json()["draws"]}
    assert (yes.json()["fundable"], drawn) == (True, {"A": money("6.00"), "B": money("4.00")})
    ask["awards"][1]["amount"] = money("4.01")  # type: ignore[index]
    no = scene.world.client.post("/v1/awards/fundable", json=ask, headers=headers).json()
    assert no["fundable"] is False
    assert no["why_not"]["shortfall"] == money("0.01")
    (found,) = no["why_not"]["binding"]
    assert {claim["grant"] for claim in found["claims"]} == {"A", "B"}
    total = sum(int(limit["amount"]["amount"].replace(".", "")) for limit in found["limits"])
    assert total + 1 == 1_001
    assert scene.manager.get("/v1/grants").json()["items"] == []


def test_asking_says_which_earmark_keeps_free_money(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        a_lot(db, db.get_one(Fund, scene.fund_id), 900, earmark=for_country("KE"), category=3)
    ask = {
        "fund_id": str(scene.fund_id),
        "awards": [{"key": "A", "amount": money("10.01"), "country": "NP", "objectives": [4]}],
    }
    said = scene.manager.post("/v1/awards/fundable", json=ask).json()["why_not"]
    assert said["idle"] == money("9.00")
    assert [reason["amount"] for reason in said["refused"]] == [money("9.00")]
    assert "country" in said["refused"][0]["sentence"]


def test_a_grantee_sees_its_own_grants_only(scene: Scene) -> None:
    mine = scene.award("1.00")
    with scene.world.database.write() as db:
        audit.lock_head(db)
        other = a_grantee(db).id
    theirs = scene.award("2.00", grantee_id=str(other))
    asked = scene.officer.post(
        f"/v1/grants/{theirs['id']}/disbursements", json={"amount": money("1.00")}
    ).json()
    grantee = scene.world.as_role(Role.GRANTEE, party_id=scene.grantee_id)
    assert [row["id"] for row in grantee.get("/v1/grants").json()["items"]] == [mine["id"]]
    assert grantee.get(f"/v1/grants/{mine['id']}").status_code == 200
    for path in (
        f"/v1/grants/{theirs['id']}",
        f"/v1/grants/{theirs['id']}/tranches",
        f"/v1/disbursements/{asked['id']}",
    ):
        hidden, missing = grantee.get(path), grantee.get(f"/v1/grants/{uuid4()}")
        assert hidden.status_code == 404
        assert hidden.json()["detail"] == missing.json()["detail"]
    assert grantee.get("/v1/disbursements").json()["items"] == []
    assert grantee.get(f"/v1/grants/{mine['id']}/lots").status_code == 403
    assert grantee.post("/v1/grants", json=scene.body()).status_code == 403


def test_a_role_for_one_fund_reaches_no_other(scene: Scene) -> None:
    grant = scene.award("1.00")
    with scene.world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    manager = scene.world.as_role(Role.FUND_MANAGER, fund_id=other)
    assert manager.get("/v1/grants").json()["items"] == []
    assert manager.get(f"/v1/grants/{grant['id']}").status_code == 404
    refused = manager.post("/v1/grants", json=scene.body())
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/fund_id"]
    closing = manager.post(f"/v1/grants/{grant['id']}/close", json={"reason": "No."})
    assert closing.status_code == 404


@pytest.mark.parametrize(
    ("role", "award", "request_", "pay"),
    [
        (Role.DONOR, 403, 403, 403),
        (Role.AUDITOR, 403, 403, 403),
        (Role.APPROVER, 403, 403, 403),
        (Role.SIGNATORY, 403, 403, 200),
        (Role.FINANCE_OFFICER, 403, 201, 403),
        (Role.GRANT_OFFICER, 201, 201, 403),
        (Role.ADMINISTRATOR, 403, 403, 403),
    ],
)
def test_who_may_do_what(
    approved: Approved, role: Role, award: int, request_: int, pay: int
) -> None:
    scene, place, waiting = approved.scene, approved.place, approved.waiting
    party = scene.grantee_id if role is Role.DONOR else None
    caller: Caller = scene.world.as_role(role, party_id=party)
    assert caller.post("/v1/grants", json=scene.body("1.00")).status_code == award
    assert caller.post(place, json={"amount": money("0.10")}).status_code == request_
    paid = caller.post(f"{waiting}/pay", json=PAID)
    assert paid.status_code == pay, paid.text


def test_a_grant_s_description_changes_with_its_etag(scene: Scene) -> None:
    grant = scene.award("1.00")
    place = f"/v1/grants/{grant['id']}"
    assert scene.manager.patch(place, json={"title": "New"}).status_code == 428
    tag = {"if-match": scene.manager.get(place).headers["etag"]}
    assert scene.manager.patch(place, json={"title": None}, headers=tag).status_code == 422
    assert scene.manager.patch(place, json={"country": "NP"}, headers=tag).status_code == 422
    changed = scene.manager.patch(place, json={"title": "New"}, headers=tag)
    assert changed.json()["title"] == "New"
    assert scene.manager.patch(place, json={"title": "Newer"}, headers=tag).status_code == 412


def test_pins_over_http(scene: Scene) -> None:
    grant = scene.award("1.00")
    place, lot = f"/v1/grants/{grant['id']}", {"lot_id": str(scene.lot_id)}
    assert scene.manager.post(f"{place}/pins", json=lot).status_code == 200
    assert scene.officer.get(f"{place}/lots").json()["items"][0]["is_pinned"] is True
    assert scene.manager.post(f"{place}/unpin", json=lot).status_code == 200
    assert scene.manager.post(f"{place}/unpin", json=lot).status_code == 422
    wrong = scene.manager.post(f"{place}/pins", json={"lot_id": str(uuid4())})
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/lot_id"]


def test_a_frozen_grantee_gets_nothing(approved: Approved) -> None:
    scene, place, waiting = approved.scene, approved.place, approved.waiting
    with scene.world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Party, scene.grantee_id).status = "frozen"
    assert scene.manager.post("/v1/grants", json=scene.body("1.00")).status_code == 422
    assert scene.officer.post(place, json={"amount": money("0.10")}).status_code == 409
    paid = scene.signatory.post(f"{waiting}/pay", json=PAID)
    assert paid.status_code == 409
    assert paid.json()["errors"][0]["pointer"] == "gate/grantee"


def test_lists_take_the_same_number_of_queries_however_long(scene: Scene) -> None:
    def statements(path: str) -> int:
        counted: list[str] = []

        def count(*given: object) -> None:
            counted.append(str(given[2]))

        reader = scene.world.database.reader
        event.listen(reader, "before_cursor_execute", count)
        try:
            assert scene.officer.get(path).status_code == 200
        finally:
            event.remove(reader, "before_cursor_execute", count)
        return len(counted)

    grant = scene.award("0.10")
    place = f"/v1/grants/{grant['id']}"
    paths = ("/v1/grants", "/v1/disbursements", place, f"{place}/lots", f"{place}/tranches")
    before = [statements(path) for path in paths]
    for _ in range(5):
        scene.award("0.10")
        scene.officer.post(f"{place}/disbursements", json={"amount": money("0.01")})
    assert [statements(path) for path in paths] == before
