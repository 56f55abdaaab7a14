"""A grant with an agreement in force and its calendar, a grantee who reports, and officers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.authz import Role
from fundops.grants.schedule_models import Requirement
from tests.grants.agreement_factories import Deal
from tests.world import Caller, World

CERTIFIED = {"expenditure": True, "request": True}


class Reporting(Deal):
    """Lines 1 (work with victims), 2 and 3, and one agreed result: 40 victims assisted."""

    def __init__(self, world: World, **over: Any) -> None:
        super().__init__(world, **over)
        self.in_force()
        self.reviewer = world.as_role(Role.GRANT_OFFICER)
        self.auditor = world.as_role(Role.AUDITOR)

    def requirements(self) -> list[Requirement]:
        """Return the calendar, the first due first."""
        query = select(Requirement).where(Requirement.grant_id == self.grant_id)
        with self.world.database.read() as db:
            return list(db.execute(query.order_by(Requirement.due_on, Requirement.kind)).scalars())

    def asked(self, kind: str = "financial_report") -> UUID:  # type: ignore[override]
        """Return the first requirement of a kind."""
        return next(one.id for one in self.requirements() if one.kind == kind)

    def start(self, caller: Caller | None = None, requirement_id: UUID | None = None) -> Any:
        """Start the first report; return the answer."""
        place = f"/v1/requirements/{requirement_id or self.asked()}/progress_report"
        return (caller or self.grantee).post(place)

    def started(self) -> str:
        """Start the first report; return its address."""
        made = self.start()
        assert made.status_code == 201, made.text
        return f"/v1/progress_reports/{made.json()['id']}"

    def save(
        self, place: str, content: dict[str, Any], version: int | None = None,
        caller: Caller | None = None,
    ) -> Any:  # fmt: skip
        """Save a draft over the one at work, or over another; return the answer."""
        caller = caller or self.grantee
        number = version or caller.get(f"{place}/draft").json()["version"]
        return caller.request("PUT", place, json=content, headers={"if-match": f'"{number}"'})

    def saved(self, place: str, content: dict[str, Any]) -> Any:
        """Save a draft that must be taken; return it."""
        answer = self.save(place, content)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def step(self, caller: Caller, verb: str, place: Any = None, **given: Any) -> Any:  # type: ignore[override]
        """Take a step of a report, or of the agreement; return the answer."""
        if not isinstance(place, str):
            return super().step(caller, verb, place or 1, **given)
        return caller.post(f"{place}/{verb}", json=given)

    def submitted(self, place: str, content: dict[str, Any] | None = None) -> Any:
        """Save what is right and submit it; return the report."""
        draft = self.saved(place, content or full(place and self.facts(place)))
        answer = self.grantee.post(
            f"{place}/submit", json={"version": draft["version"], "certified": CERTIFIED}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def facts(self, place: str) -> Any:
        """Read a report."""
        answer = self.officer.get(place)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def decided(self, place: str, verb: str, caller: Caller | None = None, **given: Any) -> Any:
        """Accept or return what was submitted last; return the answer."""
        given.setdefault("version", self.facts(place)["submitted_number"])
        return (caller or self.reviewer).post(f"{place}/{verb}", json=given)


def full(report: Any = None, **over: Any) -> dict[str, Any]:
    """Return a content that may be submitted, of what a report asks for."""
    said: dict[str, Any] = {
        "narrative": {"4": "The shelter was open all year.", "1": "Two campaigns were held."},
        "challenges": "Roads were closed in the rains.",
        "lessons": "Begin earlier.",
        "risks": "Rents rise.",
    }
    if report is None or report["asks_narrative"]:
        said["results"] = [
            {
                "result": 1,
                "numerator": "7",
                "breakdown": {
                    name: {code: "7"}
                    for name, code in (
                        ("sex_age", "unknown.unknown"), ("exploitation", "not_known"),
                        ("group", "unknown"),
                    )
                },
            }
        ]  # fmt: skip
    if report is None or report["asks_expenditure"]:
        said["expenditure"] = [
            {"line": 1, "amount": "120.50", "requested": "100.00", "note": "Salaries"},
            {"line": 2, "amount": "30", "requested": None},
        ]
    return said | over
