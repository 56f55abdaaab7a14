"""Plain functions and scenes that tests of agreements need: awarded proposals, signatures."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.grants.awarding import Terms, award_many
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.proposals.models import (
    Proposal,
    ProposalBudgetLine,
    ProposalCode,
    ProposalResult,
    ProposalVersion,
)
from tests.decisions.factories import a_call, a_proposal
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import a_grantee
from tests.proposals.proposal_factories import a_file
from tests.world import Caller, World

START, END = date(2026, 4, 1), date(2027, 3, 31)
LINES = (("A", "Two house mothers", 600_00, 4), ("E", "Travel", 300_00, None), ("G", "Rent", 1, 1))
"""Category, what for, minor units, objective (none: shared as the proposal is)."""


def money(amount: str) -> dict[str, str]:
    """Return the wire form of an amount."""
    return {"amount": amount, "currency": "USD"}


def a_full_proposal(db: Session, fund: Fund, party: Party) -> Proposal:
    """Add a submitted proposal with budget lines, results and shares of 60 and 40 percent."""
    call = a_call(db, fund, envelope=2_000_00)
    total = sum(line[2] for line in LINES)
    proposal = a_proposal(
        db, call, total, party=party, objectives={4: 60, 1: 40}, language="fr", starts_on=START,
        ends_on=END,
    )  # fmt: skip
    version_id = db.execute(
        select(ProposalVersion.id).where(ProposalVersion.proposal_id == proposal.id)
    ).scalar_one()
    for number, (category, description, minor, objective) in enumerate(LINES, 1):
        db.add(
            ProposalBudgetLine(
                id=uuid7(), version_id=version_id, number=number, category=category,
                description=description, unit="month", quantity=100, unit_cost_minor=max(minor, 1),
                duration=100, share_bp=10_000, total_minor=minor, objective=objective,
            )
        )  # fmt: skip
    db.add(
        ProposalResult(
            id=uuid7(), version_id=version_id, number=1, indicator="4.4", baseline=0, target=40
        )
    )
    db.flush()
    assert db.execute(select(ProposalCode.id)).all()
    return proposal


def an_award(db: Session, fund: Fund, proposal: Proposal, amount_minor: int) -> Grant:
    """Award a proposal as its board would."""
    from fundops.calls.models import Call

    terms = Terms(
        proposal.party_id, proposal.title, amount_minor, date(2026, 3, 1),
        db.get(Call, proposal.call_id), "KE", None, {4: 60, 1: 40}, proposal.starts_on,
        proposal.ends_on, proposal.id, proposal.code,
    )  # fmt: skip
    return award_many(db, audit.SYSTEM, fund, [terms])[0]


class Deal:
    """A fund with money, a grant awarded to a proposal, and callers of every side."""

    def __init__(
        self, world: World, awarded: int = 900_01, *, cash: int = 2_000_00,
        grantee_id: UUID | None = None,
    ) -> None:  # fmt: skip
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            fund = a_fund(db)
            grantee = a_grantee(db) if grantee_id is None else db.get_one(Party, grantee_id)
            self.lot_id = a_lot(db, fund, cash).id
            proposal = a_full_proposal(db, fund, grantee)
            grant = an_award(db, fund, proposal, awarded)
            self.fund_id, self.grantee_id, self.grant_id = fund.id, grantee.id, grant.id
            self.proposal_id = proposal.id
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.manager = world.as_role(Role.FUND_MANAGER)
        self.approver = world.as_role(Role.APPROVER)
        self.finance = world.as_role(Role.FINANCE_OFFICER)
        self.grantee = world.as_role(Role.GRANTEE, party_id=self.grantee_id)
        self.place = f"/v1/grants/{self.grant_id}/agreement"
        self.amendments = f"/v1/grants/{self.grant_id}/amendments"

    def version(self, number: int = 1, caller: Caller | None = None) -> Any:
        """Read a version."""
        answer = (caller or self.officer).get(f"{self.place}/versions/{number}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def prepare(self, **given: Any) -> Any:
        """Prepare a version; return the answer."""
        return self.officer.post(self.place, json=given)

    def step(self, caller: Caller, verb: str, number: int = 1, **given: Any) -> Any:
        """Take a step of a version; signing states the text as it is now."""
        if verb in ("sign", "countersign", "record_signature"):
            given.setdefault("sha256", self.version(number)["sha256"])
        options = {"json": given} if given else {}
        return caller.post(f"{self.place}/versions/{number}/{verb}", **options)

    def done(self, caller: Caller, verb: str, number: int = 1, **given: Any) -> Any:
        """Take a step that must work; return the version."""
        answer = self.step(caller, verb, number, **given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def offered(self, number: int = 1) -> Any:
        """Prepare the first version and offer it."""
        made = self.prepare()
        assert made.status_code == 201, made.text
        return self.done(self.officer, "offer", number)

    def signed(self, number: int = 1) -> Any:
        """Let the grantee sign what is offered, and the manager countersign it."""
        self.done(self.grantee, "sign", number)
        return self.done(self.manager, "countersign", number)

    def in_force(self) -> Any:
        """Bring the first version into force."""
        self.offered()
        return self.signed()

    def grant(self) -> Any:
        """Read the grant."""
        return self.manager.get(f"/v1/grants/{self.grant_id}").json()

    def amend(self, kind: str, caller: Caller | None = None, **changes: Any) -> Any:
        """Ask for an amendment; return the answer."""
        given = {"kind": kind, "reason": "As discussed.", "changes": changes}
        return (caller or self.officer).post(self.amendments, json=given)

    def asked(self, kind: str, caller: Caller | None = None, **changes: Any) -> Any:
        """Ask for an amendment that must be taken; return it."""
        made = self.amend(kind, caller, **changes)
        assert made.status_code == 201, made.text
        return made.json()

    def approve(self, caller: Caller, number: int = 1, **given: Any) -> Any:
        """Approve an amendment as it is now."""
        place = f"{self.amendments}/{number}"
        if "sha256" not in given:
            given["sha256"] = self.officer.get(place).json()["sha256"]
        return caller.post(f"{place}/approve", json=given)

    def approved(self, *callers: Caller, number: int = 1) -> Any:
        """Let several approve an amendment; return what came of it."""
        for caller in callers:
            answer = self.approve(caller, number)
            assert answer.status_code == 200, answer.text
        return answer.json()

    def page(self) -> str:
        """Keep a signed page as a file of the grantee; return its id."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            party = db.get_one(Party, self.grantee_id)
            return str(a_file(db, party, self.officer.actor, "signed.pdf").id)

    def stray(self) -> Any:
        """Return a person of another grantee."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            other = a_grantee(db).id
        return self.world.as_role(Role.GRANTEE, party_id=other)

    def second_token(self, caller: Caller, role: Role, party_id: UUID | None = None) -> Caller:
        """Give a person another role, and a token that is used with it."""
        from fundops.parties.models import Membership, Token
        from fundops.parties.tokens import new_secret, secret_hash

        now, secret = clock.now(), new_secret()
        with self.world.database.write() as db:
            audit.lock_head(db)
            db.add(
                Membership(
                    id=uuid7(), person_id=caller.actor.person_id, role=role.value,
                    party_id=party_id, valid_from=now, created_at=now,
                )
            )  # fmt: skip
            db.add(
                Token(
                    id=uuid7(), person_id=caller.actor.person_id, secret_hash=secret_hash(secret),
                    label=f"second {uuid4().hex[:6]}", created_at=now,
                    expires_at=now.replace(year=now.year + 1),
                )
            )  # fmt: skip
        return Caller(self.world.client, secret, caller.actor)


def an_offer(world: World) -> Deal:
    """Make a deal whose first version is offered."""
    made = Deal(world)
    made.offered()
    return made


def an_agreement(world: World) -> Deal:
    """Make a deal whose first version is in force."""
    made = Deal(world)
    made.in_force()
    return made


def a_budget(*amounts: tuple[str, str], objective: int = 4) -> list[dict[str, Any]]:
    """Return the wire form of lines, each a category and an amount."""
    return [
        {
            "category": category,
            "description": f"What {category} is for",
            "objectives": [{"objective": objective, "percent": 100}],
            "amount": money(amount),
        }
        for category, amount in amounts
    ]
