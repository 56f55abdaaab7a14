"""A fund with a grant that payments can be made of, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops import audit, clock
from fundops.authz import Actor, Held, Role
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Membership, Person
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import a_grant, a_grantee, make_agreed, make_payable
from tests.staged import staged
from tests.world import Caller, World

PAID = {
    "paid_on": "2026-06-01", "evidence_kind": "bank_advice", "evidence_note": "Debit advice 7",
}  # fmt: skip


def money(amount: str) -> dict[str, str]:
    """Return an amount of USD."""
    return {"amount": amount, "currency": "USD"}


class Desk:
    """A grant of 1,000.00 USD and callers of every duty."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            fund, grantee = a_fund(db), a_grantee(db)
            a_lot(db, fund, 100_000)
            grant = a_grant(db, fund, 100_000, grantee=grantee)
            self.account_id = make_payable(db, grantee.id).id
            make_agreed(db, grant)
            self.fund_id, self.grant_id, self.grantee_id = fund.id, grant.id, grantee.id
            self.fund_code = fund.code
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.finance = world.as_role(Role.FINANCE_OFFICER)
        self.approver = world.as_role(Role.APPROVER)
        self.manager = world.as_role(Role.FUND_MANAGER)
        self.signatory = world.as_role(Role.SIGNATORY)
        self.grantee = world.as_role(Role.GRANTEE, party_id=self.grantee_id)
        self.by_duty = {
            "request": self.officer, "certify": self.finance, "approve": self.approver,
            "pay": self.signatory,
        }  # fmt: skip

    def ask(self, amount: str = "10.00", caller: Caller | None = None, **over: Any) -> str:
        """Ask for a payment; return its place."""
        given = {"amount": money(amount), "requested_on": "2026-06-01"} | over
        made = (caller or self.officer).post(
            f"/v1/grants/{self.grant_id}/disbursements", json=given
        )
        assert made.status_code == 201, made.text
        return str(made.headers["location"])

    def step(self, place: str, verb: str, caller: Caller | None = None, **given: Any) -> Any:
        """Take a step; return the answer."""
        who = caller or self.by_duty[verb]
        body = PAID if verb == "pay" and not given else given
        return who.post(f"{place}/{verb}", **({"json": body} if body else {}))

    def approved(self, amount: str = "10.00") -> str:
        """Return the place of a disbursement that may be released."""
        place = self.ask(amount)
        for verb in ("certify", "approve"):
            answer = self.step(place, verb)
            assert answer.status_code == 200, answer.text
        return place

    def paid(self, amount: str = "10.00") -> str:
        """Return the place of a disbursement that was paid."""
        place = self.approved(amount)
        answer = self.step(place, "pay")
        assert answer.status_code == 200, answer.text
        return place

    def everything(self) -> Caller:
        """Return one person who holds the roles of all four duties."""
        caller = self.world.as_role(Role.FINANCE_OFFICER)
        with self.world.database.write() as db:
            audit.lock_head(db)
            for role in (Role.GRANT_OFFICER, Role.APPROVER, Role.SIGNATORY):
                give_role(db, caller.actor.person_id, role)
        return caller

    def second_token(self, caller: Caller) -> Caller:
        """Return the same person with another token."""
        made = caller.post("/v1/tokens", json={"label": "second"})
        assert made.status_code == 201, made.text
        return Caller(self.world.client, made.json()["secret"], caller.actor)

    def second_record(self, caller: Caller, role: Role) -> Caller:
        """Return a second record of the same human, which somebody has noticed."""
        other = self.world.as_role(role)
        admin = self.world.as_role(Role.ADMINISTRATOR)
        joined = admin.post(
            f"/v1/persons/{caller.actor.person_id}/same_as",
            json={"same_as_code": other.actor.person_code, "reason": "Registered twice"},
        )
        assert joined.status_code == 201, joined.text
        return other

    def fund(self, db: Any) -> Fund:
        """Return the fund."""
        found: Fund = db.get_one(Fund, self.fund_id)
        return found


def give_role(db: Any, person_id: UUID, role: Role, **over: Any) -> Membership:
    """Let a person hold one more role."""
    now = clock.now()
    values: dict[str, Any] = {
        "id": uuid7(), "person_id": person_id, "role": role.value,
        "valid_from": now - timedelta(days=1), "created_at": now - timedelta(days=1),
    }  # fmt: skip
    made = Membership(**(values | over))
    db.add(made)
    db.flush()
    return made


def actor_with(db: Any, person_code: str, *roles: Role) -> Actor:
    """Return the actor of a registered person."""
    person = db.execute(select(Person).where(Person.code == person_code)).scalar_one()
    return Actor(person.id, person.code, None, tuple(Held(role) for role in roles))


desk = staged(Desk)
"""A fund with a grant and callers of every duty."""
