"""A paid grant, the persons around it, and short ways to audit it and to report what went wrong."""

from __future__ import annotations

from typing import Any

from fundops import audit, clock
from fundops.authz import Role
from tests.factories import a_fund, a_lot, a_party, a_person
from tests.grants.grant_factories import (
    DAY,
    a_desk,
    a_grant,
    a_payment,
    a_refund,
    accepted,
    an_approved,
)
from tests.notices.notice_factories import a_channel
from tests.staged import staged
from tests.world import Caller, World

PAID, ACCEPTED, REFUNDED = 1_000_00, 800_00, 100_00


def usd(minor: int) -> dict[str, str]:
    """Return an amount of USD on the wire."""
    return {"amount": f"{minor // 100}.{minor % 100:02d}", "currency": "USD"}


def slug(answer: Any) -> str:
    """Return the type of a problem."""
    return str(answer.json()["type"]).rpartition(":")[2]


def pointers(answer: Any) -> list[str]:
    """Return what a refusal points at."""
    assert answer.status_code == 422, answer.text
    return [one["pointer"] for one in answer.json()["errors"]]


class Office:
    """A grant of 2,000.00 of two donors: 1,000.00 paid, 800.00 accepted, 100.00 refunded.

    A third donor's money is in the fund, but not in the grant. A payment waits.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.today = clock.today("UTC")
        with world.database.write() as db:
            audit.lock_head(db)
            fund, desk = a_fund(db), a_desk(db)
            donors = [a_party(db) for _ in range(3)]
            for donor, minor in zip(donors, (700_00, 1_300_00, 5_000_00), strict=True):
                a_lot(db, fund, minor, donor=donor)
            grant = a_grant(db, fund, 2_000_00)
            a_payment(db, desk, fund, grant, PAID, on=DAY)
            self.statement_id = accepted(db, grant, ACCEPTED).id
            self.refund_id = a_refund(db, desk, fund, grant, REFUNDED).id
            self.waiting_id = an_approved(db, desk, fund, grant, 50_00).id
            self.payer = a_person(db, Role.SIGNATORY)[1]
            a_channel(db, by=desk.manager.person_id, party_id=donors[0].id)
            self.fund_id, self.grant_id, self.grantee_id = fund.id, grant.id, grant.grantee_id
            self.donor_ids = [donor.id for donor in donors]
            self.other_fund_id = a_fund(db).id
        self.auditor = world.as_role(Role.AUDITOR)
        self.manager = world.as_role(Role.FUND_MANAGER)
        self.second = world.as_role(Role.FUND_MANAGER)
        self.finance = world.as_role(Role.FINANCE_OFFICER)
        self.officer = world.as_role(Role.GRANT_OFFICER)
        self.approver = world.as_role(Role.APPROVER)
        self.grantee = world.as_role(Role.GRANTEE, party_id=self.grantee_id)
        self.donor = world.as_role(Role.DONOR, party_id=donors[0].id)

    def audited(self, **over: Any) -> Any:
        """Record an audit of the grant."""
        body = {
            "fund_id": str(self.fund_id), "grant_id": str(self.grant_id),
            "kind": "financial_audit", "starts_on": "2026-01-01", "ends_on": "2026-06-30",
            "issued_on": str(self.today), "opinion": "qualified", "reference": "AR-7",
        } | over  # fmt: skip
        return self.auditor.post("/v1/audit_engagements", json=body)

    def found(self, minor: int = 500_00, **over: Any) -> Any:
        """Record an audit with one finding."""
        made = self.audited()
        assert made.status_code == 201, made.text
        body = {
            "category": "no_documents", "priority": "high",
            "description": "No invoices for the rent of two months.",
            "recommendation": "Ask for them, or for the money.", "questioned": usd(minor),
        } | over  # fmt: skip
        path = f"/v1/audit_engagements/{made.json()['id']}/findings"
        return self.auditor.post(path, json=body)

    def step(self, caller: Caller, finding: Any, action: str, **body: Any) -> Any:
        """Take a step of a finding."""
        return caller.post(f"/v1/audit_findings/{finding['id']}/{action}", json=body)

    def propose(self, finding: Any, kind: str, minor: int | None, **over: Any) -> Any:
        """Propose what settles part of a finding."""
        body: dict[str, Any] = {"kind": kind, "reason": "Seen."} | over
        if minor is not None:
            body["amount"] = usd(minor)
        return self.step(self.finance, finding, "settlements", **body)

    def decide(self, made: Any, action: str = "accept", caller: Caller | None = None) -> Any:
        """Accept or refuse what was proposed."""
        assert made.status_code == 201, made.text
        path = f"/v1/finding_settlements/{made.json()['id']}/{action}"
        body = {} if action == "accept" else {"json": {"reason": "No."}}
        return (caller or self.approver).post(path, **body)

    def read(self, finding: Any, caller: Caller | None = None) -> Any:
        """Read a finding."""
        return (caller or self.manager).get(f"/v1/audit_findings/{finding['id']}").json()

    def reported(self, caller: Caller | None = None, **over: Any) -> Any:
        """Report an incident on the grant."""
        body = {
            "fund_id": str(self.fund_id), "grant_id": str(self.grant_id), "kind": "fraud",
            "summary": "Invoices of a shop that does not exist.",
        } | over  # fmt: skip
        return (caller or self.grantee).post("/v1/incidents", json=body)

    def incident(self) -> Any:
        """Return the latest incident as the second manager lists it."""
        (one, *_) = self.second.get("/v1/incidents?sort=-reported_on").json()["items"]
        return one

    def handle(self, incident: Any, action: str, caller: Caller | None = None, **body: Any) -> Any:
        """Take a step of an incident."""
        path = f"/v1/incidents/{incident['id']}/{action}"
        return (caller or self.manager).post(path, **({"json": body} if body else {}))


office = staged(Office)
"""The office, built once for many tests."""
