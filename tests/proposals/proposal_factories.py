"""Plain functions that make what tests of proposals need: calls, files, contents, applicants."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.authz import Actor, Role
from fundops.calls.models import Call, CallDocument, CallRule
from fundops.codes import random_code
from fundops.db import Database
from fundops.files.models import File, PartyDocument, Upload
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.parties.profile_models import OrganisationProfile
from tests.factories import a_fund, a_party
from tests.world import Caller, World

KINDS = ("registration", "statutes")


@dataclass(frozen=True)
class OpenCall:
    """A fund's open call and when it ends."""

    fund_id: UUID
    id: UUID
    code: str
    deadline_at: datetime


@contextmanager
def at_time(instant: datetime) -> Iterator[None]:
    """Open a block in which the server's clock stands at an instant."""
    clock.set_clock(lambda: instant)
    try:
        yield
    finally:
        clock.set_clock(None)


def a_call(db: Session, fund: Fund | None = None, **over: Any) -> Call:
    """Open a call that ends tomorrow, for objectives 1, 3 and 4."""
    fund = fund or a_fund(db)
    deadline = (clock.now() + timedelta(days=1)).replace(microsecond=0)
    values: dict[str, Any] = {
        "id": uuid7(),
        "code": random_code("CAL"),
        "fund_id": fund.id,
        "title": "Shelters",
        "year": 2026,
        "status": "open",
        "created_at": clock.now(),
        "objectives": "[1,3,4]",
        "languages": '["en","fr"]',
        "deadline_at": deadline,
        "grace_minutes": 30,
        "floor_minor": 1_000_00,
        "ceiling_minor": 60_000_00,
        "min_months": 6,
        "max_months": 24,
    }
    call = Call(**(values | over))
    db.add(call)
    db.flush()
    return call


def add_rules(db: Session, call: Call, *rules: dict[str, Any]) -> None:
    """Give a call eligibility rules, each a kind with its parameters."""
    for number, rule in enumerate(rules, 1):
        parameters = {name: value for name, value in rule.items() if name != "kind"}
        db.add(
            CallRule(
                id=uuid7(), call_id=call.id, number=number, kind=rule["kind"],
                parameters=canonical(parameters),
            )
        )  # fmt: skip
    db.flush()


def add_document(db: Session, call: Call, kind: str = "registration", **over: Any) -> None:
    """Let a call ask for a document."""
    values: dict[str, Any] = {
        "id": uuid7(), "call_id": call.id, "number": 1 + KINDS.index(kind), "kind": kind,
        "is_required": True, "max_age_days": None,
    }  # fmt: skip
    db.add(CallDocument(**(values | over)))
    db.flush()


def a_file(db: Session, party: Party, actor: Actor, name: str = "a.pdf", **over: Any) -> File:
    """Keep a file of a party, as if it had been uploaded just now."""
    sent = hashlib.sha256(f"{name} {uuid7()}".encode()).hexdigest()
    values: dict[str, Any] = {
        "id": uuid7(), "party_id": party.id, "name": name, "media_type": "application/pdf",
        "sent_sha256": sent, "sent_bytes": 1000, "stored_sha256": sent[::-1],
        "stored_bytes": 990, "uploaded_by_id": actor.person_id, "declared_at": clock.now(),
        "completed_at": clock.now(),
    }  # fmt: skip
    file = File(**(values | over))
    db.add(file)
    db.flush()
    return file


def an_upload(db: Session, party: Party, actor: Actor, **over: Any) -> Upload:
    """Declare an upload of a party that has not arrived yet."""
    values: dict[str, Any] = {
        "id": uuid7(), "party_id": party.id, "person_id": actor.person_id, "name": "r.pdf",
        "size_bytes": 1000, "sha256": hashlib.sha256(uuid7().bytes).hexdigest(),
        "status": "declared", "declared_at": clock.now(),
    }  # fmt: skip
    upload = Upload(**(values | over))
    db.add(upload)
    db.flush()
    return upload


def a_document(
    db: Session, party: Party, actor: Actor, kind: str = "registration", **over: Any
) -> PartyDocument:
    """Keep a document of an organisation, issued this month and not expiring."""
    values: dict[str, Any] = {
        "id": uuid7(), "party_id": party.id, "kind": kind, "title": kind,
        "file_id": a_file(db, party, actor, f"{kind}.pdf").id, "status": "current",
        "issued_on": clock.now().astimezone(UTC).date(), "expires_on": None,
        "added_by_id": actor.person_id, "added_at": clock.now(),
    }  # fmt: skip
    document = PartyDocument(**(values | over))
    db.add(document)
    db.flush()
    return document


def a_profile(db: Session, party: Party, **over: Any) -> OrganisationProfile:
    """Say what an organisation in order says of itself."""
    values: dict[str, Any] = {
        "id": uuid7(), "party_id": party.id, "registered_on": date(2015, 3, 1),
        "registration_country": "KE", "assisting_since_on": date(2016, 1, 1),
        "annual_budget_minor": 100_000_00, "annual_budget_currency": "USD",
        "annual_budget_year": 2025, "has_own_account": True, "has_safeguarding_policy": True,
        "works_directly": True, "mission": "Safe houses since 2016.", "created_at": clock.now(),
    }  # fmt: skip
    profile = OrganisationProfile(**(values | over))
    db.add(profile)
    db.flush()
    return profile


def right(**over: Any) -> dict[str, Any]:
    """Return a content that any call of ``a_call`` takes; it asks for 12,500.50."""
    return {
        "title": "Safe houses along the coast",
        "language": "en",
        "summary": "Two houses for forty survivors.",
        "country": "KE",
        "regions": [],
        "places": ["Mombasa", "Kilifi"],
        "starts_on": "2027-01-01",
        "ends_on": "2027-12-31",
        "shares": [{"objective": 4, "percent": 60}, {"objective": 1, "percent": 40}],
        "codes": {"theme": ["action"], "p": ["protection", "prevention"], "group": ["women"]},
        "budget": [
            {
                "category": "A", "description": "Two house mothers", "unit": "month",
                "quantity": 2, "unit_cost": "500.00", "duration": 12, "share_charged": 100,
                "objective": 4,
            },
            {
                "category": "D", "description": "Radio", "unit": "spot", "quantity": "1.5",
                "unit_cost": "333.67", "duration": 1, "share_charged": 100, "objective": 1,
            },
        ],
        "results": [{"indicator": "1.1", "baseline": 0, "target": 400, "note": None}],
        "cofunding": [
            {"source": "County", "amount": "900", "currency": "KES", "is_secured": False}
        ],
        "answers": {
            "need": "There is no shelter.", "approach": "Houses.", "sustainability": "The county.",
            "risks": "Traffickers nearby.", "safeguarding": "A policy and a focal point.",
        },
    } | over  # fmt: skip


class Applicant:
    """A person of an applying organisation, with the addresses of its proposal."""

    def __init__(self, world: World, call: OpenCall, party_id: UUID) -> None:
        self.world = world
        self.call = call
        self.party_id = party_id
        self.caller = world.as_role(Role.GRANTEE, party_id=party_id)
        self.place = ""
        self.id = ""

    def start(self, caller: Caller | None = None, **over: Any) -> str:
        """Start a proposal; return its address."""
        given = {
            "call_id": str(self.call.id), "party_id": str(self.party_id), "language": "en",
            "title": "Safe houses along the coast",
        } | over  # fmt: skip
        made = (caller or self.caller).post("/v1/proposals", json=given)
        assert made.status_code == 201, made.text
        self.id, self.place = made.json()["id"], made.headers["location"]
        return self.place

    def save(self, content: dict[str, Any], *, tag: str | None = None, **options: Any) -> Any:
        """Save a draft over the one at work, or over the one ``tag`` names."""
        caller = options.pop("caller", self.caller)
        if tag is None:
            tag = caller.get(f"{self.place}/draft").headers["etag"]
        return caller.request("PUT", f"{self.place}/draft", json=content, headers={"if-match": tag})

    def number(self) -> int:
        """Return the number of the draft at work."""
        found: int = self.caller.get(f"{self.place}/draft").json()["version"]
        return found

    def submit(self, **over: Any) -> Any:
        """Submit the draft at work."""
        given = {"version": over.pop("version", None) or self.number()} | over
        return self.caller.post(f"{self.place}/submit", json=given)

    def submitted(self, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """Start, save and submit a right proposal; return the receipt."""
        if not self.place:
            self.start()
        saved = self.save(content or right())
        assert saved.status_code == 200, saved.text
        answer = self.submit()
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt


def set_up(world: World, **over: Any) -> OpenCall:
    """Open a call of a new fund."""
    with world.database.write() as db:
        audit.lock_head(db)
        call = a_call(db, **over)
        assert call.deadline_at is not None
        return OpenCall(call.fund_id, call.id, call.code, call.deadline_at)


def an_organisation(world: World, **over: Any) -> UUID:
    """Register a grassroots organisation."""
    with world.database.write() as db:
        audit.lock_head(db)
        return a_party(db, kind="civil_society", **({"country": "KE"} | over)).id


def an_applicant(world: World, call: OpenCall | None = None, **party: Any) -> Applicant:
    """Register an organisation with one person, to apply to a call."""
    return Applicant(world, call or set_up(world), an_organisation(world, **party))


def a_started(world: World) -> Applicant:
    """Register an organisation with one person, who has started a proposal."""
    made = an_applicant(world)
    made.start()
    return made


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Open a block whose value lists the statements that reads run meanwhile."""
    counted: list[str] = []

    def count(*given: object) -> None:
        counted.append(str(given[2]))

    engines = {database.reader, database.glancer}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", count)
    try:
        yield counted
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", count)
