"""Attempts to have money sent elsewhere: alone, by another hand, by a stale or a copied record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from fundops import audit, clock
from fundops.authz import Held, Role
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.parties import credentials, freezes
from fundops.parties.access_schemas import TokenIn
from fundops.parties.models import Membership, Party
from fundops.payees.models import BankAccount
from fundops.payees.sealing import details_of
from tests.factories import a_fund
from tests.payees.account_factories import Clock, Office, an_iban, anybody, slug, stored
from tests.world import Caller


def with_role(office: Office, caller: Caller, role: Role, **over: Any) -> Caller:
    """Give a caller one more role."""
    now = clock.now()
    values = {"valid_from": now - timedelta(days=1), "created_at": now} | over
    with office.world.database.write() as db:
        audit.lock_head(db)
        db.add(Membership(id=uuid7(), person_id=caller.actor.person_id, role=role.value, **values))
    return caller


def another_token(office: Office, caller: Caller, author: Any = audit.SYSTEM) -> Caller:
    """Return the same person with another token, made by ``author``."""
    with office.world.database.write() as db:
        audit.lock_head(db)
        given = TokenIn(person_id=caller.actor.person_id, label="another")
        _, secret = credentials.create_token(db, author, given, default_days=5)
    return Caller(office.world.client, secret, caller.actor)


def test_nobody_approves_their_own_with_two_tokens_or_two_hats(proposing: Office) -> None:
    office = proposing
    account = office.first
    both = with_role(office, office.officer, Role.APPROVER)
    for caller in (office.officer, both, another_token(office, office.officer)):
        answer = office.approve(account, caller)
        assert (answer.status_code, slug(answer)) == (409, "same-person")
    assert office.state(account) == "proposed"


def test_a_lent_role_is_its_lenders_hand(proposing: Office) -> None:
    """Whoever proposes lends the role to approve, so that another does what they ask."""
    office = proposing
    account = office.first
    with office.world.database.read() as db:
        query = select(Membership.id).where(Membership.person_id == office.officer.actor.person_id)
        own = str(db.execute(query).scalar_one())
    friend = office.world.as_role(Role.GRANT_OFFICER)
    lent = office.officer.post(
        "/v1/delegations",
        json={
            "membership_id": own, "person_code": friend.actor.person_code,
            "valid_until": (clock.now() + timedelta(days=1)).isoformat(), "reason": "Leave",
        },
    )  # fmt: skip
    assert lent.status_code == 201, lent.text
    # Nor does it become their own by a role for some other fund: an account belongs to none.
    with office.world.database.write() as db:
        audit.lock_head(db)
        elsewhere = a_fund(db).id
    with_role(office, friend, Role.APPROVER, fund_id=elsewhere)
    answer = office.approve(account, friend)
    assert (answer.status_code, slug(answer)) == (409, "same-person")
    # Somebody else's proposal is theirs to approve under the same lent role.
    other = office.proposed(office.grantee)
    assert office.approve(other, friend).status_code == 200


def test_whoever_made_the_token_holds_it(proposing: Office) -> None:
    office = proposing
    account = office.first
    administrator = replace(office.officer.actor, held=(Held(Role.ADMINISTRATOR),))
    borrowed = another_token(office, office.approver, administrator)
    answer = office.approve(account, borrowed)
    assert (answer.status_code, slug(answer)) == (409, "same-person")
    assert office.approve(account).status_code == 200


def test_two_records_of_one_human_are_one(proposing: Office) -> None:
    office = proposing
    account = office.first
    joined = office.world.as_role(Role.ADMINISTRATOR).post(
        f"/v1/persons/{office.officer.actor.person_id}/same_as",
        json={"same_as_code": office.approver.actor.person_code, "reason": "Registered twice"},
    )
    assert joined.status_code == 201, joined.text
    assert slug(office.approve(account)) == "same-person"
    assert office.approve(account, office.manager).status_code == 200


def test_whoever_has_an_interest_in_the_party_does_not_approve(proposing: Office) -> None:
    office = proposing
    account, now = office.first, clock.now()
    insider = with_role(office, office.world.as_role(Role.APPROVER), Role.GRANTEE,
        party_id=office.party.id, valid_from=now - timedelta(days=400),
        valid_until=now - timedelta(days=300),
    )  # fmt: skip
    answer = office.approve(account, insider)
    assert (answer.status_code, slug(answer)) == (409, "conflict-of-interest")
    done = office.approve(account)
    office.act(account, "block", office.grantee)
    assert slug(office.act(account, "unblock", insider)) == "conflict-of-interest"
    assert done.status_code == 200


def test_only_roles_that_may_take_a_step_take_it(proposing: Office) -> None:
    office = proposing
    account = office.first
    for role in (Role.GRANT_OFFICER, Role.AUDITOR, Role.SIGNATORY, Role.BOARD_MEMBER, Role.DONOR):
        party = office.party.id if role is Role.DONOR else None
        caller = office.world.as_role(role, party_id=party)
        assert office.approve(account, caller).status_code == 403, role
    for role in (Role.AUDITOR, Role.APPROVER, Role.SIGNATORY, Role.FUND_MANAGER):
        assert office.propose(office.world.as_role(role)).status_code == 403, role
    assert office.approve(account, office.grantee).status_code == 403


def test_another_grantee_finds_nothing(banked: Office) -> None:
    office = banked
    account, thief = office.first, Office(office.world)
    for caller in (thief.grantee,):
        for path in (f"/v1/bank_accounts/{account}", f"/v1/bank_accounts/{account}/call_backs"):
            missing = caller.get(path.replace(account, anybody()))
            found = caller.get(path)
            assert (found.status_code, missing.status_code) == (404, 404)
        for action in ("object", "block"):
            assert office.act(account, action, caller).status_code == 404
        answer = office.propose(caller, origin="change")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/party_id")
        assert caller.get(f"/v1/bank_accounts?party={office.party.id}").json()["items"] == []
    assert office.state(account) == "usable"


def test_what_has_changed_since_it_was_read_is_not_approved(proposing: Office) -> None:
    office = proposing
    account = office.first
    for stale in (2, 7):
        answer = office.approve(account, version=stale)
        assert (answer.status_code, slug(answer)) == (412, "stale")
    assert office.approver.post(f"/v1/bank_accounts/{account}/approve", json={}).status_code == 422
    assert office.approve(account, version=1).status_code == 200


def test_a_frozen_party_gets_no_account(proposing: Office) -> None:
    office = proposing
    account = office.first
    with office.world.database.write() as db:
        audit.lock_head(db)
        freezes.freeze(db, office.manager.actor, db.get_one(Party, office.party.id), "Attacked")
    assert office.act(account, "object", office.grantee).status_code == 403
    answer = office.approve(account)
    assert (answer.status_code, slug(answer)) == (409, "conflict")


def test_many_approve_at_once_and_it_is_approved_once(proposing: Office) -> None:
    office = proposing
    account = office.first
    approvers = [office.world.as_role(Role.APPROVER) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda who: office.approve(account, who).status_code, approvers))
    assert sorted(found) == [200, 412, 412, 412]


def test_two_changes_at_once_are_one_change(banked: Office, moving: Clock) -> None:
    office = banked
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: office.propose(origin="change").status_code, range(4)))
    assert sorted(made) == [201, 409, 409, 409]


def opens(office: Office, account: str) -> bool:
    """Return whether an account's details open."""
    try:
        details_of(office.world.app.state.vault, stored(office.world.database, account))
    except Problem as problem:
        return problem.slug != "conflict"
    return True


def overwrite(office: Office, account: str, **values: Any) -> None:
    """Change columns as somebody would who writes to the database itself."""
    with office.world.database.writer.begin() as connection:
        query = update(BankAccount).where(BankAccount.id == UUID(account))
        connection.execute(query.values(**values))


def test_a_ciphertext_copied_to_another_row_does_not_open(office: Office) -> None:
    thief = Office(office.world)
    victim, his = office.approved(), thief.approved(number=an_iban())
    own = office.proposed(origin="advance")
    kept = stored(office.world.database, victim)
    for source in (his, own):  # another party's, and another row of the same party
        taken = stored(office.world.database, source)
        overwrite(office, victim, details=taken.details, key_id=taken.key_id)
        assert not opens(office, victim)
        overwrite(office, victim, details=taken.details, fingerprint=taken.fingerprint)
        assert not opens(office, victim)
    overwrite(office, victim, details=kept.details, fingerprint=kept.fingerprint)
    assert opens(office, victim)


def test_details_that_are_not_those_shown_do_not_open(banked: Office) -> None:
    office = banked
    account, other = office.first, office.a_party()
    for column, changed in {
        "masked": "DE ••••0000", "country": "FR", "currency": "USD", "fingerprint": "0" * 64,
        "party_id": other.id,
    }.items():  # fmt: skip
        kept = getattr(stored(office.world.database, account), column)
        overwrite(office, account, **{column: changed})
        assert not opens(office, account), column
        overwrite(office, account, **{column: kept})
        assert opens(office, account), column


def test_a_spoiled_ciphertext_is_a_problem_not_an_accident(banked: Office) -> None:
    office = banked
    account = office.first
    kept = stored(office.world.database, account).details
    for spoiled in ("", "v1.", "v2.AAAA", "v1.AAAA", "v1.!!!", "x" * 100):
        overwrite(office, account, details=spoiled)
        assert not opens(office, account), spoiled
    flipped = kept[:40] + ("A" if kept[40] != "A" else "B") + kept[41:]
    overwrite(office, account, details=flipped)
    assert not opens(office, account)
    overwrite(office, account, details=kept)
