"""The life of a report against a model that was written apart: any order of steps by anybody."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from fundops.reports import integrity
from fundops.reports.models import AcceptedVersion, ReportVersion
from tests.reports.report_scene import Reporting, full
from tests.staged import staged


@dataclass
class Model:
    """What a report must be after the steps taken so far."""

    status: str = "draft"
    numbers: int = 1
    draft: int = 1
    reached: int | None = None
    submitted: int | None = None
    accepted: int | None = None
    counted: list[tuple[int, int | None]] = field(default_factory=list)
    under_review: int | None = None
    asides: set[int] = field(default_factory=set)

    def save(self, reached: int, over: int) -> int:
        """Save a draft that reports so many reached, over the draft of a number."""
        if self.status not in ("draft", "returned"):
            return 409
        if reached == self.reached:
            return 200
        if over != self.draft:
            if reached not in self.asides and reached not in self.drafts:
                self.numbers += 1
                self.asides.add(reached)
            return 412
        self.numbers += 1
        self.draft, self.reached = self.numbers, reached
        self.drafts.add(reached)
        return 200

    drafts: set[int] = field(default_factory=set)

    def submit(self, number: int) -> int:
        """Submit the draft of a number."""
        if self.status not in ("draft", "returned"):
            return 409
        if number != self.draft:
            return 412
        if self.reached is None:
            return 422
        self.numbers += 1
        self.status, self.submitted, self.under_review = "submitted", self.numbers, self.reached
        return 200

    def decide(self, verb: str, number: int) -> int:
        """Return or accept the version of a number."""
        if self.status != "submitted":
            return 409
        if number != self.submitted:
            return 412
        self.status = "returned" if verb == "return" else "accepted"
        if verb == "accept":
            self.accepted = number
            self.counted.append((number, self.under_review))
        self.under_review = None
        return 200

    def correct(self) -> int:
        """Open an accepted report again."""
        if self.status != "accepted":
            return 409
        self.status = "draft"
        return 200


scene = staged(Reporting)
"""A grant in force, whose grantee reports."""


def walk(scene: Reporting, seed: int, length: int) -> Model:
    """Take so many steps drawn at random, and compare all that can be read after each."""
    drawn, model = random.Random(seed), Model()
    made = scene.start(requirement_id=scene.asked("narrative_report"))
    place = f"/v1/progress_reports/{made.json()['id']}"
    facts = scene.facts(place)
    for _ in range(length):
        action = drawn.choice(("save", "save", "submit", "submit", "return", "accept", "correct"))
        old = drawn.random() < 0.2
        if action == "save":
            reached = drawn.randrange(1, 4)
            over = max(1, model.draft - 1) if old else model.draft
            wanted = model.save(reached, over)
            answer = scene.save(place, of(facts, reached), over)
        elif action == "submit":
            number = model.draft + 1 if old else model.draft
            wanted = model.submit(number)
            answer = scene.grantee.post(f"{place}/submit", json={"version": number})
        elif action == "correct":
            wanted = model.correct()
            answer = scene.grantee.post(f"{place}/correct", json={"reason": "A slip."})
        else:
            number = (model.submitted or 1) + (1 if old else 0)
            wanted = model.decide(action, number)
            reason: dict[str, Any] = {"reason": "Say more."} if action == "return" else {}
            answer = scene.decided(place, action, version=number, **reason)
        assert answer.status_code == wanted, (action, old, model, answer.text)
        compare(scene, place, model)
    with scene.world.database.read() as db:
        assert integrity.run(db) == []
    return model


def of(facts: Any, reached: int) -> dict[str, Any]:
    """Return a content that reports so many reached."""
    content = full(facts)
    (result,) = content["results"]
    result["numerator"] = reached
    for counts in result["breakdown"].values():
        counts.update(dict.fromkeys(counts, reached))
    return content


def compare(scene: Reporting, place: str, model: Model) -> None:
    """Compare the report, its versions, what counts and what is shown with the model."""
    shown = scene.facts(place)
    assert (shown["status"], shown["version"]) == (model.status, model.draft)
    assert (shown["submitted_number"], shown["accepted_number"]) == (
        model.submitted, model.accepted,
    )  # fmt: skip
    with scene.world.database.read() as db:
        rows = db.execute(
            select(AcceptedVersion, ReportVersion.number)
            .join(ReportVersion, ReportVersion.id == AcceptedVersion.version_id)
            .order_by(AcceptedVersion.accepted_seq)
        ).all()
        assert len(db.execute(select(ReportVersion.id)).all()) == model.numbers
    assert [number for _, number in rows] == [number for number, _ in model.counted]
    assert [row.superseded_seq for row, _ in rows] == [
        *(row.accepted_seq for row, _ in rows[1:]), *([None] if rows else []),
    ]  # fmt: skip
    periods = scene.grantee.get(f"/v1/grants/{scene.grant_id}/results").json()["items"][0][
        "periods"
    ]
    expected = [("accepted", model.counted[-1][1])] if model.counted else []
    if model.under_review is not None:
        expected.append(("under_review", model.under_review))
    assert [(one["standing"], one["numerator"]) for one in periods] == expected


def test_a_report_is_what_its_steps_made_of_it(scene: Reporting) -> None:
    """A walk in which every step is taken, and refused, and a correction is accepted."""
    assert len(walk(scene, 235, 30).counted) == 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_report_is_what_any_steps_made_of_it(scene: Reporting, seed: int) -> None:
    walk(scene, seed, 80)
