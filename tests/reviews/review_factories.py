"""A closed call with proposals, criteria and a pool of reviewers, and callers of the duties."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.authz import Role
from fundops.calls.models import Call, CallCriterion
from fundops.codes import random_code
from fundops.db import Database
from fundops.files.models import File
from fundops.ids import uuid7
from fundops.parties.models import Membership, Party, Person
from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion
from tests.factories import a_fund, a_party
from tests.world import Caller, World

WHY = "The work plan names who does what by when."
CRITERIA: tuple[dict[str, Any], ...] = (
    {"title": "Need", "weight_bp": 5_000, "scale_min": 100, "scale_max": 500, "scale_step": 50,
     "best": "high"},
    {"title": "Risk", "weight_bp": 3_000, "scale_min": 100, "scale_max": 300, "scale_step": 100,
     "best": "low"},
    {"title": "Objective 4", "weight_bp": 2_000, "scale_min": 0, "scale_max": 1_000,
     "scale_step": 100, "best": "high", "kind": "objective", "objective": 4},
)  # fmt: skip


def a_closed_call(db: Session, fund_id: UUID, **over: Any) -> Call:
    """Make a call that is over, with three criteria, one of them better when lower."""
    values: dict[str, Any] = {
        "id": uuid7(), "code": random_code("CAL"), "fund_id": fund_id, "title": "Shelters",
        "year": 2026, "status": "closed", "objectives": "[1,4]", "languages": '["en"]',
        "deadline_at": clock.now() - timedelta(days=2), "reviews_per_proposal": 2,
        "reviews_close_at": clock.now() + timedelta(days=20), "created_at": clock.now(),
    }  # fmt: skip
    call = Call(**(values | over))
    db.add(call)
    db.flush()
    for number, one in enumerate(CRITERIA, 1):
        kind = {"kind": "criterion", "objective": None} | one
        db.add(
            CallCriterion(
                id=uuid7(), call_id=call.id, number=number, anchors='[{"score":"1","text":"low"}]',
                **kind,
            )
        )  # fmt: skip
    db.flush()
    return call


def a_file(db: Session, world: World, party: Party, person_id: UUID, name: str, text: str) -> File:
    """Keep a text file with real content."""
    kept = world.app.state.files.add(text.encode())
    file = File(
        id=uuid7(), party_id=party.id, name=name, media_type="text/plain", sent_sha256=kept,
        sent_bytes=len(text), stored_sha256=kept, stored_bytes=len(text),
        uploaded_by_id=person_id, declared_at=clock.now(), completed_at=clock.now(),
    )  # fmt: skip
    db.add(file)
    db.flush()
    return file


def a_proposal(
    db: Session, call: Call, party: Party, content: dict[str, Any] | None = None, **over: Any
) -> Proposal:
    """Make an eligible proposal with a submitted version."""
    values: dict[str, Any] = {
        "id": uuid7(), "code": random_code("PRP"), "call_id": call.id, "party_id": party.id,
        "title": "Safe houses", "language": "en", "country": "KE", "region": "014",
        "requested_minor": 10_000_00, "status": "eligible", "last_number": 2,
        "submitted_number": 2, "submitted_at": clock.now() - timedelta(days=3),
        "created_at": clock.now() - timedelta(days=9),
    }  # fmt: skip
    proposal = Proposal(**(values | over))
    db.add(proposal)
    db.flush()
    said = {"title": proposal.title, "language": "en", "shares": [{"objective": 4, "percent": 100}]}
    text = canonical(said | (content or {}))
    version = ProposalVersion(
        id=uuid7(), proposal_id=proposal.id, number=2, kind="submitted", content=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(), saved_at=clock.now(),
    )  # fmt: skip
    db.add(version)
    db.flush()
    db.add(
        ProposalCode(
            id=uuid7(), version_id=version.id, list_name="objective", code="4", percent=100
        )
    )
    db.flush()
    return proposal


class Scene:
    """A closed call with proposals of as many applicants, and reviewers enrolled in the pool."""

    def __init__(
        self, world: World, *, proposals: int = 1, reviewers: int = 2, **call: Any
    ) -> None:
        self.world = world
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.board = world.as_role(Role.BOARD_MEMBER)
        with self.writing() as db:
            self.fund_id = a_fund(db).id
            made = a_closed_call(db, self.fund_id, **call)
            self.call_id = made.id
            self.parties = [a_party(db, kind="civil_society") for _ in range(proposals)]
            self.proposals = [a_proposal(db, made, one) for one in self.parties]
        self.reviewers = [world.as_role(Role.REVIEWER) for _ in range(reviewers)]
        self.reviewer_ids = [self.enrol(one) for one in self.reviewers]

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a write transaction."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            yield db

    def enrol(self, caller: Caller, **over: Any) -> str:
        """Take a person into the pool; return the reviewer's id."""
        body = {
            "person_id": str(caller.actor.person_id), "languages": ["en"], "regions": ["014"],
            "objectives": [4], "max_load": 50,
        }  # fmt: skip
        made = self.officer.post("/v1/reviewers", json=body | over)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def assign(self, number: int = 0, reviewer: int = 0, **over: Any) -> Any:
        """Assign a reviewer to a proposal by hand; return the answer."""
        return self.officer.post(
            f"/v1/proposals/{self.proposals[number].id}/assignments",
            json={"reviewer_id": self.reviewer_ids[reviewer]} | over,
        )

    def assigned(self, number: int = 0, reviewer: int = 0, **over: Any) -> str:
        """Assign a reviewer, have them accept, and return the address of the assignment."""
        made = self.assign(number, reviewer, **over)
        assert made.status_code == 201, made.text
        place = f"/v1/assignments/{made.json()['id']}"
        accepted = self.reviewers[reviewer].post(f"{place}/accept")
        assert accepted.status_code == 200, accepted.text
        return place

    def reviewed(
        self, number: int = 0, reviewer: int = 0, marks: tuple[str, str, str] = ("3", "2", "5"),
        **over: Any,
    ) -> str:  # fmt: skip
        """Assign, accept, save and submit; return the address of the assignment."""
        place = self.assigned(number, reviewer, **over)
        submitted = submit(self.reviewers[reviewer], place, draft(*marks))
        assert submitted.status_code == 200, submitted.text
        return place

    def make_applicant(self, caller: Caller, number: int = 0, **over: Any) -> None:
        """Give a person a role for the party that made a proposal."""
        values = {"valid_from": clock.now() - timedelta(days=1), "valid_until": None} | over
        with self.writing() as db:
            db.add(
                Membership(
                    id=uuid7(), person_id=caller.actor.person_id, role=Role.GRANTEE.value,
                    party_id=self.parties[number].id, created_at=clock.now(), **values,
                )
            )  # fmt: skip

    def rename(self, caller: Caller, name: str) -> None:
        """Give a person another name."""
        with self.writing() as db:
            db.get_one(Person, caller.actor.person_id).name = name


def draft(first: str | None, second: str | None, third: str | None) -> dict[str, Any]:
    """Return a draft with a score for each criterion; ``None`` is not judged."""
    return {
        "marks": [
            {"criterion": number, "score": score, "justification": WHY,
             "cannot_judge": score is None}
            for number, score in enumerate((first, second, third), 1)
        ],
        "strengths": "A good team.",
        "private_note": "For the officers.",
    }  # fmt: skip


def save(caller: Caller, place: str, body: dict[str, Any], match: str | None = None) -> Any:
    """Save a draft on top of what the reviewer sees now."""
    tag = match or caller.get(place).headers.get("etag", '"0"')
    return caller.request("PUT", f"{place}/draft", json=body, headers={"if-match": tag})


def submit(caller: Caller, place: str, body: dict[str, Any]) -> Any:
    """Save a draft and submit it."""
    saved = save(caller, place, body)
    assert saved.status_code == 200, saved.text
    return caller.post(f"{place}/submit", json={"number": saved.json()["number"]})


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Count the statements of a block on the readers' engines."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engines = {database.reader, database.glancer, database.writer}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@contextmanager
def at_time(instant: Any) -> Iterator[None]:
    """Open a block in which the clock stands at an instant."""
    clock.set_clock(lambda: instant)
    try:
        yield
    finally:
        clock.set_clock(None)
