"""Insiders in finance: paying twice, or one's own request with two hats or a lent role."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from fundops import audit, clock
from fundops.authz import Role
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger import balances
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef
from fundops.parties import access, credentials
from fundops.parties.access_schemas import EndIn, TokenIn
from fundops.parties.models import Membership, Token
from tests.donors.cash_factories import a_matched_lot, wire
from tests.factories import a_fund, a_party
from tests.grants.grant_factories import make_agreed, make_payable
from tests.world import Caller, World

PAID = {
    "paid_on": "2026-03-01", "reference": "TRANSFER-1", "evidence_kind": "bank_advice",
    "evidence_note": "Debit advice 7",
}  # fmt: skip


def slug(answer: Any) -> str:
    """Return which problem an answer is."""
    return str(answer.json()["type"]).removeprefix("urn:fundops:problem:")


def with_role(world: World, caller: Caller, role: Role) -> Caller:
    """Give a caller one more role in all funds."""
    now = clock.now()
    with world.database.write() as db:
        audit.lock_head(db)
        db.add(
            Membership(
                id=uuid7(), person_id=caller.actor.person_id, role=role.value,
                valid_from=now - timedelta(days=1), created_at=now,
            )
        )  # fmt: skip
    return caller


def second_token(world: World, caller: Caller) -> Caller:
    """Return the same person with another token."""
    with world.database.write() as db:
        audit.lock_head(db)
        given = TokenIn(person_id=caller.actor.person_id, label="another")
        _, secret = credentials.create_token(db, audit.SYSTEM, given, default_days=5)
    return Caller(world.client, secret, caller.actor)


def a_request(world: World, asker: Caller, minor: int = 40_000) -> tuple[Fund, str]:
    """Have all of a new grant asked for, certified and approved; return the fund and where to pay.

    ``asker`` asks; certifying and approving are other persons' doing.
    """
    manager = world.as_role(Role.FUND_MANAGER)
    with world.database.write() as db:
        audit.lock_head(db)
        fund, grantee = a_fund(db), a_party(db, kind="civil_society")
        a_matched_lot(db, asker.actor, fund, 100_000, on=date(2026, 2, 1))
        make_payable(db, grantee.id)
    award = {
        "fund_id": str(fund.id), "grantee_id": str(grantee.id), "title": "Shelter",
        "amount": wire(minor), "country": "AT", "region": "155", "awarded_on": "2026-02-10",
        "objectives": [{"objective": 4, "percent": 100}],
    }  # fmt: skip
    grant = manager.post("/v1/grants", json=award).json()["id"]
    with world.database.write() as db:
        audit.lock_head(db)
        make_agreed(db, db.get_one(Grant, UUID(grant)))
    asked = asker.post(
        f"/v1/grants/{grant}/disbursements",
        json={"amount": wire(minor), "requested_on": "2026-02-20"},
    )
    assert asked.status_code == 201, asked.text
    place = f"/v1/disbursements/{asked.json()['id']}"
    for role, step in ((Role.FINANCE_OFFICER, "certify"), (Role.APPROVER, "approve")):
        done = world.as_role(role).post(f"{place}/{step}")
        assert done.status_code == 200, done.text
    return fund, f"{place}/pay"


def in_bank(world: World, fund: Fund) -> int:
    """Return what a fund has in the bank, minor units."""
    with world.database.read() as db:
        return balances.now(db, AccountRef(fund.id, "bank"))


def test_two_hats_and_two_tokens_are_one_person(world: World) -> None:
    both = with_role(world, world.as_role(Role.FINANCE_OFFICER), Role.SIGNATORY)
    fund, pay = a_request(world, both)
    for caller in (both, second_token(world, both)):
        answer = caller.post(pay, json=PAID)
        assert (answer.status_code, slug(answer)) == (409, "same-person")
    assert in_bank(world, fund) == 100_000
    assert world.as_role(Role.SIGNATORY).post(pay, json=PAID).status_code == 200
    assert in_bank(world, fund) == 60_000


def test_a_borrowed_role_does_not_pay_ones_own_request(world: World) -> None:
    officer, payer = world.as_role(Role.FINANCE_OFFICER), world.as_role(Role.SIGNATORY)
    fund, pay = a_request(world, officer)
    with world.database.read() as db:
        query = select(Membership.id).where(Membership.person_id == payer.actor.person_id)
        own = str(db.execute(query).scalar_one())
    lent = payer.post(
        "/v1/delegations",
        json={
            "membership_id": own,
            "person_code": officer.actor.person_code,
            "valid_until": (clock.now() + timedelta(days=1)).isoformat(),
            "reason": "Standing in",
        },
    )
    assert lent.status_code == 201, lent.text
    answer = officer.post(pay, json=PAID)
    assert (answer.status_code, slug(answer)) == (409, "same-person")
    assert in_bank(world, fund) == 100_000


def test_many_at_once_pay_once(world: World) -> None:
    officer = world.as_role(Role.FINANCE_OFFICER)
    payers = [world.as_role(Role.SIGNATORY) for _ in range(4)]
    fund, pay = a_request(world, officer)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: payers[n % 4].post(pay, json=PAID).status_code, range(12)))
    assert sorted(found) == [200] + [409] * 11
    assert in_bank(world, fund) == 60_000


def test_a_key_gives_no_answer_once_the_role_is_over(world: World) -> None:
    payer = world.as_role(Role.SIGNATORY)
    fund, pay = a_request(world, world.as_role(Role.FINANCE_OFFICER))
    key = {"idempotency-key": uuid4().hex}
    first = payer.post(pay, json=PAID, headers=key)
    assert first.status_code == 200
    assert payer.post(pay, json=PAID, headers=key).content == first.content
    with world.database.write() as db:
        audit.lock_head(db)
        query = select(Membership).where(Membership.person_id == payer.actor.person_id)
        db.execute(query).scalar_one().valid_until = clock.now()
    again = payer.post(pay, json=PAID, headers=key)
    assert (again.status_code, slug(again)) == (403, "not-allowed")
    assert in_bank(world, fund) == 60_000


def test_who_waits_for_a_turn_is_asked_again(world: World) -> None:
    """A token revoked while its request waits behind another write does nothing."""
    payer = world.as_role(Role.SIGNATORY)
    fund, pay = a_request(world, world.as_role(Role.FINANCE_OFFICER))
    answers: list[Any] = []
    thief = threading.Thread(target=lambda: answers.append(payer.post(pay, json=PAID)))
    with world.database.write() as db:
        audit.lock_head(db)
        thief.start()
        time.sleep(0.5)
        stolen = db.get_one(Token, payer.actor.token_id)
        credentials.revoke_token(db, audit.SYSTEM, stolen, "Stolen")
    thief.join()
    assert [answer.status_code for answer in answers] == [401]
    assert in_bank(world, fund) == 100_000


def test_who_waits_for_a_turn_is_judged_by_the_roles_of_now(world: World) -> None:
    """A role ended while the request waits does nothing; asked again, it is refused for good."""
    payer = world.as_role(Role.SIGNATORY)
    fund, pay = a_request(world, world.as_role(Role.FINANCE_OFFICER))
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(payer.post(pay, json=PAID)))
    with world.database.write() as db:
        audit.lock_head(db)
        waiting.start()
        time.sleep(0.5)
        query = select(Membership).where(Membership.person_id == payer.actor.person_id)
        given = EndIn(reason="No longer in office")
        access.end(db, audit.SYSTEM, db.execute(query).scalar_one(), given)
    waiting.join()
    assert [(answer.status_code, slug(answer)) for answer in answers] == [(409, "busy")]
    again = payer.post(pay, json=PAID)
    assert (again.status_code, slug(again)) == (403, "not-allowed")
    assert in_bank(world, fund) == 100_000


def test_who_waits_behind_anothers_business_is_served(world: World) -> None:
    payer = world.as_role(Role.SIGNATORY)
    fund, pay = a_request(world, world.as_role(Role.FINANCE_OFFICER))
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(payer.post(pay, json=PAID)))
    with world.database.write() as db:
        audit.lock_head(db)
        waiting.start()
        time.sleep(0.5)
        a_fund(db)
    waiting.join()
    assert [answer.status_code for answer in answers] == [200]
    assert in_bank(world, fund) == 60_000
