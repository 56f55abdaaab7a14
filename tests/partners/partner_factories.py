"""A grantee to be assessed, and everybody who has to do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.partners import lists
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import a_grant, a_grantee, make_payable
from tests.world import Caller, World

AMOUNT = 100_000_00


def answers(given: int = 1, **over: int | None) -> list[dict[str, Any]]:
    """Answer every question alike, but those named."""
    return [
        {
            "question": one.code,
            "answer": over.get(one.code, given),
            "note": "Not this kind of work." if over.get(one.code, given) is None else None,
        }
        for one in lists.questionnaire().questions
    ]


class Office:
    """A fund, a grantee with a grant of 100,000 USD, and callers."""

    def __init__(self, world: World, **party: Any) -> None:
        self.world = world
        self.today = clock.today("UTC")
        with world.database.write() as db:
            audit.lock_head(db)
            fund, grantee = a_fund(db), a_grantee(db, **party)
            a_lot(db, fund, 3 * AMOUNT)
            grant = a_grant(db, fund, AMOUNT, grantee=grantee, on=self.today)
            self.fund_id, self.party_id, self.grant_id = fund.id, grantee.id, grant.id
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.finance = world.as_role(Role.FINANCE_OFFICER)
        self.manager = world.as_role(Role.FUND_MANAGER)
        self.place = f"/v1/parties/{self.party_id}"

    def check(self, kind: str, outcome: str = "passed", **over: Any) -> Any:
        """Record a check."""
        body = {
            "kind": kind, "outcome": outcome, "checked_on": str(self.today), "note": "Seen.",
        } | over  # fmt: skip
        return self.finance.post(f"{self.place}/due_diligence_checks", json=body)

    def complete(self) -> None:
        """Have everything required looked into and found in order."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            self._payable(db)
        for kind in lists.checks().values():
            if kind.is_required and kind.comes_from is None:
                made = self.check(kind.code)
                assert made.status_code == 201, made.text

    def _payable(self, db: Session) -> None:
        make_payable(db, self.party_id)

    def propose(self, caller: Caller | None = None, given: int = 1, **over: Any) -> Any:
        """Propose an assessment with every answer alike."""
        body = {"party_id": str(self.party_id), "answers": answers(given)} | over
        return (caller or self.officer).post("/v1/partner_assessments", json=body)

    def step(self, caller: Caller, made: Any, action: str, **body: Any) -> Any:
        """Take a step of an assessment."""
        place = f"/v1/partner_assessments/{made.json()['id']}/{action}"
        return caller.post(place, json=body) if body else caller.post(place)

    def tier(self) -> Any:
        """Return the tier that the tranche policy reads today."""
        return self.officer.get(f"{self.place}/risk_tier").json()

    def in_days(self, days: int) -> str:
        """Return a day from today, as text."""
        return str(self.today + timedelta(days=days))
