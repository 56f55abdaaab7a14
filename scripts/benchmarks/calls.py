"""Goal 7: a large call: ranked, assigned and written out as a dossier; what it takes in memory.

``python -m scripts.benchmarks.calls`` is one request in a process of its own, so that the most
memory that it held can be told.
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.authz import Role
from fundops.calls.models import Call, CallCriterion
from fundops.config import Settings
from fundops.db import Base, Database
from fundops.ids import uuid7
from fundops.parties.models import Membership, Party, Person
from fundops.proposals.models import (
    EligibilityDecision,
    Proposal,
    ProposalBudgetLine,
    ProposalCode,
    ProposalVersion,
)
from fundops.reviews.models import Assignment, Review, Reviewer, Score
from fundops.reviews.scoring import Criterion, Mark, weighted_score
from scripts.benchmarks.ground import Ground, Place
from scripts.benchmarks.measure import Result
from scripts.benchmarks.program import MEBIBYTE, most_memory
from tests.databases import Kind
from tests.factories import a_fund, a_person

PROPOSALS, REVIEWERS, EACH = 2_000, 60, 3
DRAWS = 1_000
CRITERIA = (("Need", 3_000), ("Approach", 3_000), ("Value", 2_000), ("Safety", 2_000))
LINES = 6
BATCH = 2_000
COUNTRIES = ("KE", "NP", "PH", "MD", "GT")
WHY = (
    "The plan says who does what by when and names the towns; it says less of what happens after "
    "the grant, and how those who are helped are kept safe in the meantime."
)
GOALS = {"ranking": 5.0, "assignment": 10.0, "dossier": 10.0}
"""Seconds, on two cores."""


@dataclass
class LargeCall:
    """Two calls of the same size: one reviewed, the other waiting for its reviewers."""

    proposals: int
    reviewed_id: UUID | None = None
    waiting_id: UUID | None = None
    token: str = ""

    def fill(self, database: Database) -> None:
        """Write the calls with their proposals, and the reviews of one of them."""
        chance = random.Random(7)  # noqa: S311 - the same figures in every run
        with database.write() as db:
            audit.lock_head(db)
            fund = a_fund(db)
            officer, self.token = a_person(db, Role.GRANT_OFFICER)
            reviewers = _reviewers(db)
            parties = _parties(db, self.proposals)
            for number in (1, 2):
                call_id, criteria = _call(db, fund.id, number)
                found = _proposals(db, call_id, number, parties, officer.person_id)
                if number == 1:
                    self.reviewed_id = call_id
                    _reviews(db, call_id, criteria, found, reviewers, chance)
                else:
                    self.waiting_id = call_id


def _add(db: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        db.execute(insert(table), rows[start : start + BATCH])


def _reviewers(db: Session) -> list[UUID]:
    now = clock.now()
    persons = [uuid7() for _ in range(REVIEWERS)]
    reviewers = [uuid7() for _ in range(REVIEWERS)]
    _add(db, Person, [
        {"id": one, "code": f"PER-R{at:03d}", "name": f"Reader Number{at:03d}",
         "status": "active", "version": 1, "created_at": now}
        for at, one in enumerate(persons)
    ])  # fmt: skip
    _add(db, Membership, [
        {"id": uuid7(), "person_id": one, "role": Role.REVIEWER.value, "version": 1,
         "valid_from": now - timedelta(days=1), "created_at": now}
        for one in persons
    ])  # fmt: skip
    _add(db, Reviewer, [
        {"id": one, "person_id": person, "languages": '["en"]' if at % 3 else '["en","fr"]',
         "regions": canonical([("014", "034", "035", "151", "013")[at % 5]]),
         "objectives": canonical([1 + at % 10, 1 + (at + 3) % 10]), "max_load": 150,
         "status": "active", "version": 1, "created_at": now}
        for at, (one, person) in enumerate(zip(reviewers, persons, strict=True))
    ])  # fmt: skip
    return reviewers


def _parties(db: Session, count: int) -> list[UUID]:
    found = [uuid7() for _ in range(count)]
    _add(db, Party, [
        {"id": one, "code": f"PTY-B{at:05d}", "kind": "civil_society",
         "name": f"Association {at} of the coast", "is_at_risk": False, "is_anonymous": False,
         "public_label": f"An organisation {at}", "status": "active", "version": 1,
         "created_at": clock.now()}
        for at, one in enumerate(found)
    ])  # fmt: skip
    return found


def _call(db: Session, fund_id: UUID, number: int) -> tuple[UUID, list[UUID]]:
    now = clock.now()
    call_id = uuid7()
    _add(db, Call, [
        {"id": call_id, "code": f"CAL-BENCH-{number}", "fund_id": fund_id, "year": 2026,
         "title": f"Large call {number}", "status": "closed", "objectives": "[]",
         "languages": '["en"]', "deadline_at": now - timedelta(days=9),
         "reviews_close_at": now + timedelta(days=30), "reviews_per_proposal": EACH,
         "envelope_minor": 10**9, "version": 1, "created_at": now},
    ])  # fmt: skip
    criteria = [uuid7() for _ in CRITERIA]
    _add(db, CallCriterion, [
        {"id": one, "call_id": call_id, "number": at, "kind": "criterion", "title": title,
         "weight_bp": weight, "scale_min": 100, "scale_max": 500, "scale_step": 50,
         "best": "low" if title == "Value" else "high", "anchors": "[]"}
        for at, (one, (title, weight)) in enumerate(zip(criteria, CRITERIA, strict=True), 1)
    ])  # fmt: skip
    return call_id, criteria


def _proposals(
    db: Session, call_id: UUID, call: int, parties: list[UUID], officer_id: UUID
) -> list[UUID]:
    now, versions = clock.now(), [uuid7() for _ in parties]
    found = [uuid7() for _ in parties]
    _add(db, Proposal, [
        {"id": one, "code": f"PRP-{call}-{at:05d}", "call_id": call_id, "party_id": party,
         "title": f"Shelter {at}", "language": "en", "country": COUNTRIES[at % 5],
         "starts_on": date(2027, 1, 1), "ends_on": date(2027, 10, 31),
         "requested_minor": LINES * 100_000, "status": "eligible", "last_number": 1,
         "submitted_number": 1, "submitted_at": now, "version": 1, "created_at": now}
        for at, (one, party) in enumerate(zip(found, parties, strict=True))
    ])  # fmt: skip
    content = canonical({"title": "Shelter", "summary": WHY})
    _add(db, ProposalVersion, [
        {"id": one, "proposal_id": proposal, "number": 1, "kind": "submitted",
         "content": content, "sha256": hashlib.sha256(content.encode()).hexdigest(),
         "saved_at": now}
        for one, proposal in zip(versions, found, strict=True)
    ])  # fmt: skip
    _add(db, ProposalCode, [
        {"id": uuid7(), "version_id": one, "list_name": "objective", "code": str(code),
         "percent": percent}
        for at, one in enumerate(versions)
        for code, percent in ((1 + at % 10, 60), (1 + (at + 4) % 10, 40))
    ])  # fmt: skip
    _add(db, ProposalBudgetLine, [
        {"id": uuid7(), "version_id": one, "number": line, "category": "ABCDEFG"[line % 7],
         "description": "Staff who do the work", "unit": "month", "quantity": 100,
         "unit_cost_minor": 10_000, "duration": 1_000, "share_bp": 10_000,
         "total_minor": 100_000}
        for one in versions
        for line in range(1, LINES + 1)
    ])  # fmt: skip
    _add(db, EligibilityDecision, [
        {"id": uuid7(), "proposal_id": one, "version_number": 1, "verdict": "eligible",
         "findings": "[]", "is_override": False, "decided_by_id": officer_id, "decided_at": now}
        for one in found
    ])  # fmt: skip
    return found


def _reviews(
    db: Session, call_id: UUID, criteria: list[UUID], proposals: list[UUID],
    reviewers: list[UUID], chance: random.Random,
) -> None:  # fmt: skip
    now = clock.now()
    severity = [chance.gauss(0, 40) for _ in reviewers]
    terms = [
        Criterion(one, weight, 100, 500, 50, "low" if title == "Value" else "high")
        for one, (title, weight) in zip(criteria, CRITERIA, strict=True)
    ]
    assignments: list[dict[str, Any]] = []
    reviews: list[dict[str, Any]] = []
    scores: list[dict[str, Any]] = []
    for proposal in proposals:
        worth = chance.gauss(330, 60)
        for number, at in enumerate(chance.sample(range(len(reviewers)), EACH), 1):
            assignment, review = uuid4(), uuid7()
            marks = [
                Mark(one, _mark(worth + severity[at] + chance.gauss(0, 40))) for one in criteria
            ]
            assignments.append(
                {"id": assignment, "call_id": call_id, "proposal_id": proposal,
                 "reviewer_id": reviewers[at], "alias": f"Reviewer {at + 1}",
                 "blind_code": f"B-{assignment.hex[:14]}", "position": number,
                 "is_extra": False, "status": "submitted", "invited_at": now,
                 "submitted_at": now, "last_number": 1, "version": 1}
            )  # fmt: skip
            reviews.append(
                {"id": review, "assignment_id": assignment, "proposal_id": proposal, "number": 1,
                 "weighted": weighted_score(terms, marks).hundredths, "strengths": WHY,
                 "weaknesses": WHY, "sha256": "0" * 64, "status": "submitted", "submitted_at": now}
            )  # fmt: skip
            scores += [
                {"id": uuid7(), "review_id": review, "criterion_id": mark.criterion,
                 "score": mark.score, "justification": WHY}
                for mark in marks
            ]  # fmt: skip
    _add(db, Assignment, assignments)
    _add(db, Review, reviews)
    _add(db, Score, scores)


def _mark(worth: float) -> int:
    """Return the step of the scale, in hundredths, that is nearest."""
    return min(500, max(100, round(worth / 50) * 50))


def measure(ground: Ground, kind: Kind, *, quick: bool) -> list[Result]:
    """Return the seconds and the most memory of each request on a large call."""
    large = LargeCall(PROPOSALS // 10 if quick else PROPOSALS)
    results = []
    with ground.copies(kind, 1, large.fill) as (place,):
        for what, goal in GOALS.items():
            call_id = large.waiting_id if what == "assignment" else large.reviewed_id
            # Assigning leaves nothing to assign: it is done once.
            runs = [
                _one(place, large.token, what, call_id)
                for _ in range(1 if what == "assignment" else 3)
            ]
            took = [seconds for seconds, _, _ in runs]
            worked = statistics.median(seconds for _, seconds, _ in runs)
            most = max(most for _, _, most in runs) / MEBIBYTE
            size = f"{large.proposals:,} proposals, {large.proposals * EACH:,} reviews"
            results.append(
                Result("7", f"{what} of a call with {size}: seconds", kind,
                       statistics.median(took), goal, False, (min(took), max(took)), unit="",
                       note=f"{worked:.2f} s of them at work, at most {most:.0f} MiB")
            )  # fmt: skip
    return results


def _one(place: Place, token: str, what: str, call_id: UUID | None) -> tuple[float, float, int]:
    """Return the seconds of one request in a process of its own, those that the process was at
    work, and the most bytes it held.
    """
    printed, most = most_memory(
        [sys.executable, "-m", "scripts.benchmarks.calls", what, str(call_id)],
        FUNDOPS_DATABASE_URL=place.url, BENCH_TOKEN=token,
    )  # fmt: skip
    took, worked = printed.splitlines()[-1].split()
    return float(took), float(worked), most


def main() -> None:
    """Send one request to an application in this process; print its seconds, waiting and not."""
    from starlette.testclient import TestClient

    from fundops.app import create_app

    what, call_id = sys.argv[1:]
    settings = Settings(database_url=os.environ["FUNDOPS_DATABASE_URL"], log_level="error")
    client = TestClient(create_app(settings))
    client.headers["authorization"] = f"Bearer {os.environ['BENCH_TOKEN']}"
    place = f"/v1/calls/{call_id}"
    key = {"idempotency-key": uuid4().hex}
    requests: dict[str, Callable[[], Any]] = {
        "ranking": lambda: client.post(
            f"{place}/rankings", headers=key, json={"draws": DRAWS, "order": "adjusted"}
        ),
        "assignment": lambda: client.post(f"{place}/assign", headers=key, json={}),
        "dossier": lambda: client.get(f"{place}/dossier"),
    }
    with client:
        assert client.get(place).status_code == 200
        began, used = time.perf_counter(), time.process_time()
        answer = requests[what]()
        took, worked = time.perf_counter() - began, time.process_time() - used
    if answer.status_code not in (200, 201):
        raise SystemExit(answer.text[:2000])
    sys.stdout.write(f"{took:.3f} {worked:.3f}\n")


if __name__ == "__main__":
    main()
