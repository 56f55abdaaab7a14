"""An account of an emergency: two persons, a call-back on an older channel, a cap, a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Role
from fundops.errors import Problem
from fundops.payees import hooks, queries
from tests.payees.account_factories import Clock, Office, pointers, slug, stored

CAP = {"amount": "1000.00", "currency": "USD"}


class Lines:
    """The party's contact channels, as the domain that has them would answer."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.known: dict[UUID, hooks.Channel] = {}
        hooks.CHANNELS.append(self.find)

    def find(self, _db: Session, party_id: UUID, channel_id: UUID) -> hooks.Channel | None:
        return self.known.get(channel_id) if party_id == self.office.party.id else None

    def add(self, kind: str = "phone", days: float = 100) -> UUID:
        made = uuid4()
        at = clock.now() - timedelta(days=days)
        self.known[made] = hooks.Channel(kind, "+49 •••• 12", at)
        return made


@pytest.fixture
def office(banked: Office) -> Office:
    """Give an office whose party has an account in use: no account of an emergency is a first."""
    return banked


@pytest.fixture
def lines(office: Office) -> Lines:
    return Lines(office)


def emergency(office: Office, **over: Any) -> str:
    if not office.first:
        office.approved()
    return office.proposed(origin="emergency", **({"cap": CAP} | over))


def test_it_is_used_at_once_after_a_call_back(office: Office, lines: Lines) -> None:
    account, phone = emergency(office), lines.add()
    assert slug(office.approve(account)) == "conflict"
    called = office.call_back(account, phone, note="Their bank was closed")
    assert called.status_code == 201, called.text
    assert called.json()["called_masked"] == "+49 •••• 12"
    done = office.approve(account)
    assert (done.status_code, done.json()["state"], done.json()["cap"]) == (200, "usable", CAP)
    with office.world.database.read() as db:
        at = clock.now()
        assert queries.usable_account(db, office.party.id, UUID(account), at).cap_minor == 100_000
        # The account that was there stays the one that is paid to where none is chosen.
        current = queries.current_account(db, office.party.id, at)
        assert current is not None
        assert str(current.id) != account


@pytest.mark.parametrize("answer", ["unreached", "denied"])
def test_a_call_that_confirms_nothing_is_none(office: Office, lines: Lines, answer: str) -> None:
    account, phone = emergency(office), lines.add()
    assert office.call_back(account, phone).status_code == 201
    assert office.call_back(account, phone, answer=answer).status_code == 201
    approved = office.approve(account, version=office.read(account)["version"])
    if answer == "denied":
        assert (office.state(account), slug(approved)) == ("refused", "wrong-status")
        assert slug(office.call_back(account, phone)) == "conflict"
    else:
        assert (office.state(account), slug(approved)) == ("proposed", "conflict")
    listed = office.officer.get(f"/v1/bank_accounts/{account}/call_backs").json()["items"]
    assert sorted(one["answer"] for one in listed) == sorted(["confirmed", answer])


def test_a_channel_proves_nothing_that_is_new_mail_or_anothers(
    office: Office, lines: Lines
) -> None:
    account = emergency(office)
    for channel in (lines.add(days=2.9), lines.add(days=-1), lines.add("email"), uuid4()):
        answer = office.call_back(account, channel)
        assert (answer.status_code, pointers(answer)) == (422, ["/channel_id"])
    other = Office(office.world)
    its = emergency(other)
    assert pointers(other.call_back(its, lines.add())) == ["/channel_id"]
    hooks.CHANNELS.clear()
    assert pointers(office.call_back(account, lines.add())) == ["/channel_id"]


def test_whoever_proposed_it_does_not_call_back(office: Office, lines: Lines) -> None:
    account, phone = emergency(office), lines.add()
    answer = office.call_back(account, phone, office.officer)
    assert (answer.status_code, slug(answer)) == (409, "same-person")
    # The party's own person cannot say that the party was called; nor can who may not approve.
    for role in (Role.GRANTEE, Role.GRANT_OFFICER, Role.AUDITOR):
        party = office.party.id if role is Role.GRANTEE else None
        caller = office.world.as_role(role, party_id=party)
        assert office.call_back(account, phone, caller).status_code == 403
    assert office.call_back(account, phone).status_code == 201


def test_a_call_before_the_proposal_in_the_future_or_long_ago(
    office: Office, lines: Lines, moving: Clock
) -> None:
    account, phone = emergency(office), lines.add()
    for hours in (-1, 1):
        at = (clock.now() + timedelta(hours=hours)).isoformat()
        answer = office.call_back(account, phone, called_at=at)
        assert (answer.status_code, pointers(answer)) == (422, ["/called_at"])
    assert office.call_back(account, phone).status_code == 201
    moving.forward(days=7, hours=1)
    assert slug(office.approve(account)) == "conflict"
    assert office.call_back(account, phone).status_code == 201
    assert office.approve(account).status_code == 200


def test_a_call_back_is_of_emergencies_only(office: Office, lines: Lines) -> None:
    first = office.first
    change = office.proposed(origin="change")
    for account in (first, change):
        assert slug(office.call_back(account, lines.add())) == "conflict"


CAPS: tuple[tuple[dict[str, str] | None, str], ...] = (
    (None, "/cap"),
    ({"amount": "5000.01", "currency": "USD"}, "/cap/amount"),
    ({"amount": "10.00", "currency": "EUR"}, "/cap/currency"),
    ({"amount": "0.00", "currency": "USD"}, "/cap/amount"),
)


def test_the_cap_is_within_the_policys(office: Office) -> None:
    for cap, where in CAPS:
        answer = office.propose(origin="emergency", cap=cap)
        assert (answer.status_code, pointers(answer)) == (422, [where]), cap


def test_what_is_paid_to_it_counts_against_the_cap_and_is_listed(
    office: Office, lines: Lines
) -> None:
    paid: dict[UUID, int] = {}

    def used(_db: Session, ids: Collection[UUID]) -> Mapping[UUID, int]:
        return {one: paid[one] for one in ids if one in paid}

    hooks.USED.append(used)
    account, phone = emergency(office), lines.add()
    office.call_back(account, phone)
    office.approve(account)
    key = UUID(account)
    paid[key] = 99_900
    row = stored(office.world.database, account)
    with office.world.database.read() as db:
        assert queries.cap_left(db, row) == 100
        queries.require_within_cap(db, row, 100, "USD")
        queries.require_within_cap(db, row, 99_900, "USD", already=99_900)
        for minor, currency in ((101, "USD"), (1, "EUR")):
            with pytest.raises(Problem, match=r"has 1\.00 USD left"):
                queries.require_within_cap(db, row, minor, currency)
        assert queries.usable_account(db, office.party.id, key, clock.now()).id == key
    path = "/v1/bank_account_exceptions"
    (told,) = office.world.as_role(Role.AUDITOR).get(path).json()["items"]
    assert (told["id"], told["cap"], told["used"], told["call_backs"]) == (
        account, CAP, {"amount": "999.00", "currency": "USD"}, 1,
    )  # fmt: skip
    assert told["proposed_by_id"] == str(office.officer.actor.person_id)
    assert told["approved_by_id"] == str(office.approver.actor.person_id)
    other = Office(office.world)
    assert other.grantee.get(path).json()["items"] == []
    assert len(office.grantee.get(path).json()["items"]) == 1
    paid[key] = 100_000
    with office.world.database.read() as db, pytest.raises(Problem, match="used up"):
        queries.usable_account(db, office.party.id, key, clock.now())
