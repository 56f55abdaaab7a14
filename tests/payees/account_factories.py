"""A party with its own person, the office around it, and bank accounts in every state."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from fundops import audit, clock
from fundops.authz import Role
from fundops.db import Database
from fundops.parties.models import Party
from fundops.payees.models import BankAccount
from tests.factories import a_party
from tests.world import Caller, World

_numbers = count(4_711_000_000)


def an_iban(bban: str | None = None, country: str = "DE") -> str:
    """Return an IBAN with right check digits: the next one, or that of a national number."""
    bban = bban or f"37040044{next(_numbers)}"
    digits = "".join(str(int(character, 36)) for character in f"{bban}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{bban}"


class Clock:
    """A clock that goes on, and forward when it is told to."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._real = clock.now

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)

    def __call__(self) -> datetime:
        from datetime import UTC

        return datetime.now(UTC) + self.ahead


class Office:
    """A party and its person, an officer who proposes, an approver, and a manager.

    ``first`` is the party's account in scenes that begin with one.
    """

    first = ""

    def __init__(self, world: World, **party: object) -> None:
        self.world = world
        self.party = self.a_party(**party)
        self.grantee = world.as_role(Role.GRANTEE, party_id=self.party.id)
        self.officer = world.as_role(Role.FINANCE_OFFICER)
        self.approver = world.as_role(Role.APPROVER)
        self.manager = world.as_role(Role.FUND_MANAGER)

    def a_party(self, **party: object) -> Party:
        with self.world.database.write() as db:
            audit.lock_head(db)
            return a_party(db, kind="civil_society", **party)  # type: ignore[arg-type]

    def body(self, **over: Any) -> dict[str, Any]:
        """Return the body of a first account, an IBAN, with some of it in place of the usual."""
        usual = {
            "party_id": str(self.party.id), "origin": "first", "kind": "iban", "currency": "EUR",
            "holder": "Haven of Hope Society", "number": an_iban(), "reason": "Grant agreement",
            "evidence": "Letter of the bank, seen on paper",
        }  # fmt: skip
        return usual | over

    def propose(self, caller: Caller | None = None, **over: Any) -> Any:
        return (caller or self.officer).post("/v1/bank_accounts", json=self.body(**over))

    def proposed(self, caller: Caller | None = None, **over: Any) -> str:
        made = self.propose(caller, **over)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def approve(
        self, account: str, caller: Caller | None = None, *, version: int = 1, **over: Any
    ) -> Any:
        path = f"/v1/bank_accounts/{account}/approve"
        return (caller or self.approver).post(path, json={"version": version} | over)

    def approved(self, caller: Caller | None = None, **over: Any) -> str:
        account = self.proposed(caller, **over)
        done = self.approve(account)
        assert done.status_code == 200, done.text
        return account

    def act(self, account: str, action: str, caller: Caller, reason: str = "Because") -> Any:
        return caller.post(f"/v1/bank_accounts/{account}/{action}", json={"reason": reason})

    def read(self, account: str, caller: Caller | None = None) -> Any:
        answer = (caller or self.officer).get(f"/v1/bank_accounts/{account}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self, account: str) -> str:
        return str(self.read(account)["state"])

    def call_back(
        self, account: str, channel: UUID, caller: Caller | None = None, **over: Any
    ) -> Any:
        body = {
            "channel_id": str(channel), "called_at": clock.now().isoformat(),
            "spoke_to": "Finance office", "answer": "confirmed",
        }  # fmt: skip
        path = f"/v1/bank_accounts/{account}/call_backs"
        return (caller or self.approver).post(path, json=body | over)


def with_proposed(world: World) -> Office:
    """Have a first account proposed."""
    office = Office(world)
    office.first = office.proposed()
    return office


def with_approved(world: World) -> Office:
    """Have a first account in use."""
    office = Office(world)
    office.first = office.approved()
    return office


def stored(database: Database, account: str) -> BankAccount:
    """Return an account as it is stored."""
    with database.read() as db:
        return db.get_one(BankAccount, UUID(account))


def slug(answer: Any) -> str:
    """Return which problem an answer is."""
    return str(answer.json()["type"]).removeprefix("urn:fundops:problem:")


def pointers(answer: Any) -> list[str]:
    """Return where the errors of an answer are."""
    return [one["pointer"] for one in answer.json().get("errors", ())]


def anybody() -> str:
    """Return an id that nobody has."""
    return str(uuid4())
