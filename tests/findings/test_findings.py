"""Findings over HTTP: from an audit to closing, what is pending on the way, and who may what."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from fundops import audit
from fundops.authz import Role
from fundops.expenditures.models import AdvanceWriteOff
from fundops.findings import checks
from fundops.findings.models import AuditFinding, FindingSettlement
from tests.findings.scenes import Office, office, pointers, slug, usd
from tests.grants.grant_factories import a_grantee

__all__ = ["office"]


def amounts(found: Any) -> tuple[str, ...]:
    """Return questioned, supported, refunded, justified, written off and pending."""
    kinds = ("questioned", "supported", "refunded", "justified", "written_off", "pending")
    return tuple(found[kind]["amount"] for kind in kinds)


def test_from_the_audit_to_the_closed_finding(office: Office) -> None:
    made = office.found(500_00, questioned_local={"amount": "64500.00", "currency": "KES"})
    assert made.status_code == 201, made.text
    finding = made.json()
    assert amounts(finding) == ("500.00", "0.00", "0.00", "0.00", "0.00", "500.00")
    assert finding["questioned_local"] == {"amount": "64500.00", "currency": "KES"}
    kinds = {one["kind"] for one in office.manager.get("/v1/me/notices").json()["items"]}
    assert "finding_raised" in kinds
    told = office.step(
        office.grantee, finding, "answer", response="The landlord was slow.",
        agreed_action="Send the invoices.", due_on="2199-01-31",
    )  # fmt: skip
    assert (told.status_code, told.json()["status"]) == (200, "answered"), told.text
    office.step(office.auditor, finding, "follow_up", body="They will not come.", is_internal=True)
    office.step(office.auditor, finding, "follow_up", body="One invoice seen.")

    support = office.propose(finding, "supported", 200_00)
    assert office.read(finding)["pending"] == usd(500_00)  # proposed is not accepted
    waits = office.approver.get("/v1/attention?mine=true").json()["items"]
    assert [one["reason"] for one in waits if one["kind"] == "settlement_proposed"] == [
        f"A settlement of 200.00 USD of finding {finding['code']} waits for a second person."
    ]
    for caller, status in ((office.finance, 403), (office.grantee, 403)):
        assert office.decide(support, caller=caller).status_code == status
    assert office.decide(support).json()["status"] == "accepted"
    assert slug(office.decide(support)) == "wrong-status"
    office.decide(office.propose(finding, "refunded", 100_00, refund_id=str(office.refund_id)))
    refused = office.propose(finding, "justified", 150_00)
    assert office.decide(refused, "refuse").json()["status"] == "refused"
    assert amounts(office.read(finding))[1:] == ("200.00", "100.00", "0.00", "0.00", "200.00")
    early = office.step(office.approver, finding, "close", reason="Done.")
    assert slug(early) == "conflict"
    assert "200.00 USD" in early.json()["detail"]
    office.decide(office.propose(finding, "justified", 200_00))

    own = office.read(finding, office.grantee)
    assert amounts(own) == ("500.00", "200.00", "100.00", "200.00", "0.00", "0.00")
    assert [one["body"] for one in own["notes"]] == ["The landlord was slow.", "One invoice seen."]
    assert own["settlements"] == []  # who proposed and refused what is the office's business
    assert [one["amount"]["amount"] for one in own["entries"]] == ["200.00", "100.00", "200.00"]
    assert len(office.read(finding)["notes"]) == 3
    assert len(office.read(finding)["settlements"]) == 4
    closed = office.step(office.approver, finding, "close", reason="All of it is explained.")
    assert closed.json()["status"] == "closed", closed.text
    assert slug(office.propose(finding, "justified", 1)) == "wrong-status"
    again = office.step(office.auditor, finding, "reopen", reason="A forged invoice.")
    assert (again.json()["status"], again.json()["closed_by_id"]) == ("open", None)
    taken = office.finance.post(
        f"/v1/finding_settlements/{support.json()['id']}/reverse", json={"reason": "Forged."}
    )
    twice = office.finance.post(
        f"/v1/finding_settlements/{support.json()['id']}/reverse", json={"reason": "Forged."}
    )
    assert slug(twice) == "conflict"
    office.decide(taken)
    assert amounts(office.read(finding))[1:] == ("0.00", "100.00", "200.00", "0.00", "200.00")
    with office.world.database.read() as db:
        assert checks.run(db) == []


PENDING = [
    # what is entered of a finding of 300.00, in order, and what each comes to
    ([("supported", 300_00)], ["done"], "0.00"),
    ([("supported", 300_01)], ["insufficient-funds"], "300.00"),
    ([("supported", 100_00), ("justified", 200_00), ("supported", 1)],
     ["done", "done", "insufficient-funds"], "0.00"),
    ([("justified", 299_99), ("supported", 2), ("supported", 1)],
     ["done", "insufficient-funds", "done"], "0.00"),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "expected", "pending"), PENDING)
def test_pending_is_what_was_questioned_less_what_settled_it(
    office: Office, steps: list[tuple[str, int]], expected: list[str], pending: str
) -> None:
    finding = office.found(300_00).json()
    came = []
    for kind, minor in steps:
        made = office.propose(finding, kind, minor)
        if made.status_code == 201:
            assert office.decide(made).status_code == 200
        came.append("done" if made.status_code == 201 else slug(made))
    assert came == expected
    assert office.read(finding)["pending"]["amount"] == pending


def test_two_entries_at_once_cannot_settle_more_than_is_pending(office: Office) -> None:
    finding = office.found(300_00).json()
    made = [office.propose(finding, "supported", 200_00) for _ in range(4)]
    together = Barrier(len(made))

    def accept(one: Any) -> str:
        together.wait()
        answer = office.decide(one)
        return "done" if answer.status_code == 200 else slug(answer)

    with ThreadPoolExecutor(len(made)) as pool:
        came = Counter(pool.map(accept, made))
    assert came == {"done": 1, "insufficient-funds": 3}
    assert amounts(office.read(finding)) == ("300.00", "200.00", "0.00", "0.00", "0.00", "100.00")


def test_the_ledger_bounds_what_counts_as_refunded_or_written_off(office: Office) -> None:
    finding, other = (office.found(500_00).json() for _ in range(2))
    refund = {"refund_id": str(office.refund_id)}
    assert pointers(office.propose(finding, "refunded", 50_00)) == ["/refund_id"]
    assert pointers(office.propose(finding, "supported", 50_00, **refund)) == ["/refund_id"]
    assert pointers(office.propose(finding, "refunded", 1, refund_id=str(uuid4()))) == [
        "/refund_id"
    ]
    assert slug(office.propose(finding, "refunded", 100_01, **refund)) == "insufficient-funds"
    first = office.propose(finding, "refunded", 70_00, **refund)
    # What is proposed of one finding is not there for another.
    assert slug(office.propose(other, "refunded", 30_01, **refund)) == "insufficient-funds"
    assert office.decide(first).status_code == 200
    assert office.decide(office.propose(other, "refunded", 30_00, **refund)).status_code == 200
    # A write-off counts once it is approved, and for its amount.
    asked = office.finance.post(
        f"/v1/grants/{office.grant_id}/advance_write_offs",
        json={"amount": usd(20_00), "effective_on": str(office.today), "reason": "Lost."},
    )
    assert asked.status_code == 201, asked.text
    named = {"write_off_id": asked.json()["id"]}
    assert pointers(office.propose(finding, "written_off", 20_00, **named)) == ["/write_off_id"]
    path = f"/v1/advance_write_offs/{asked.json()['id']}/approve"
    assert office.manager.post(path).status_code == 200
    assert slug(office.propose(finding, "written_off", 20_01, **named)) == "insufficient-funds"
    assert office.decide(office.propose(finding, "written_off", 20_00, **named)).status_code == 200
    with office.world.database.write() as db:
        audit.lock_head(db)
        assert checks.run(db) == []
        db.execute(update(AdvanceWriteOff).values(amount_minor=19_99))
        found = dict(checks.run(db))
        assert list(found) == ["ledger_covers"]
        db.execute(update(AuditFinding).values(supported_minor=1))
        assert set(dict(checks.run(db))) == {"ledger_covers", "finding_amounts"}
        # Whatever writes it, the database itself keeps pending from going below zero.
        with pytest.raises(IntegrityError, match="pending_not_negative"):
            db.execute(update(AuditFinding).values(supported_minor=500_00))
        db.rollback()


def test_a_refund_that_settles_a_finding_settles_nothing_else(office: Office) -> None:
    """One refund used twice: by a finding first, then by what another finding made a receivable."""
    finding, other = (office.found(200_00).json() for _ in range(2))
    named = {"refund_id": str(office.refund_id)}
    first = office.propose(finding, "refunded", 90_00, **named)
    body = {"expenditure_statement_id": str(office.statement_id)}
    owed = office.step(office.finance, other, "open_receivable", **body)
    assert owed.status_code == 200, owed.text
    receivable = f"/v1/receivables/{owed.json()['receivable_id']}"
    # Only what no finding was settled with, be it proposed alone, is left of it: 10.00 of 100.00.
    came = office.finance.post(f"{receivable}/receive", json=named)
    assert came.status_code == 200, came.text
    assert office.finance.get(receivable).json()["pending"] == usd(190_00)
    assert office.decide(first).status_code == 200
    assert slug(office.finance.post(f"{receivable}/receive", json=named)) == "conflict"
    with office.world.database.read() as db:
        assert checks.run(db) == []


def test_a_finding_that_the_grantee_owes_is_settled_by_its_receivable(office: Office) -> None:
    finding = office.found(300_00).json()
    body = {"expenditure_statement_id": str(office.statement_id)}
    owed = office.step(office.finance, finding, "open_receivable", **body)
    assert owed.status_code == 200, owed.text
    receivable = f"/v1/receivables/{owed.json()['receivable_id']}"
    assert office.finance.get(receivable).json()["pending"] == usd(300_00)
    assert slug(office.step(office.finance, finding, "open_receivable", **body)) == "conflict"
    # The ledger leads: nothing settles the finding that has not settled the receivable.
    assert pointers(office.propose(finding, "supported", 300_00)) == ["/receivable_entry_id"]
    came = office.manager.post(
        f"{receivable}/support",
        json={"kind": "additional_support", "amount": usd(120_00), "reason": "Invoices came."},
    )
    assert came.status_code == 200, came.text
    (entry,) = office.finance.get(receivable).json()["entries"]
    named = {"receivable_entry_id": entry["id"]}
    assert pointers(office.propose(finding, "justified", None, **named)) == ["/receivable_entry_id"]
    made = office.propose(finding, "supported", None, **named)
    assert made.json()["amount"] == usd(120_00)
    assert slug(office.propose(finding, "supported", None, **named)) == "conflict"
    assert office.decide(made).status_code == 200
    assert amounts(office.read(finding))[1:] == ("120.00", "0.00", "0.00", "0.00", "180.00")


def test_the_same_person_cannot_do_both(office: Office) -> None:
    finding = office.found(100_00).json()
    answered = office.step(office.manager, finding, "answer", response="We shall see.")
    assert answered.status_code == 200
    body = {"kind": "justified", "reason": "Fine.", "amount": usd(100_00)}
    made = office.step(office.manager, finding, "settlements", **body)
    for action in ("accept", "refuse"):
        assert slug(office.decide(made, action, office.manager)) == "same-person"
    twin = office.world.as_role(Role.APPROVER)
    joined = office.world.as_role(Role.ADMINISTRATOR).post(
        f"/v1/persons/{office.manager.actor.person_id}/same_as",
        json={"same_as_code": twin.actor.person_code, "reason": "Registered twice"},
    )
    assert joined.status_code == 201, joined.text
    assert slug(office.decide(made, caller=twin)) == "same-person"
    assert office.decide(made).status_code == 200
    for caller in (office.manager, twin):
        closed = office.step(caller, finding, "close", reason="Done.")
        assert slug(closed) == "same-person"
    assert office.step(office.second, finding, "close", reason="Done.").status_code == 200
    with office.world.database.write() as db:
        audit.lock_head(db)
        settled = select(FindingSettlement.proposed_by_id).scalar_subquery()
        with pytest.raises(Exception, match="two_persons"):
            db.execute(update(FindingSettlement).values(decided_by_id=settled))
        db.rollback()


def test_findings_of_others_are_not_there(office: Office) -> None:
    finding = office.found(100_00).json()
    world = office.world
    with world.database.write() as db:
        audit.lock_head(db)
        stranger_id = a_grantee(db).id
    strangers = [
        world.as_role(Role.GRANTEE, party_id=stranger_id),
        world.as_role(Role.AUDITOR, fund_id=office.other_fund_id),
        world.as_role(Role.FUND_MANAGER, fund_id=office.other_fund_id),
    ]
    for caller in strangers:
        assert caller.get(f"/v1/audit_findings/{finding['id']}").status_code == 404
        assert caller.get(f"/v1/audit_engagements/{finding['engagement_id']}").status_code == 404
        assert caller.get("/v1/audit_findings").json()["items"] == []
        assert caller.get("/v1/audit_engagements").json()["items"] == []
    for caller in (strangers[0], strangers[2]):
        assert office.step(caller, finding, "answer", response="Mine?").status_code == 404
    assert office.donor.get("/v1/audit_findings").status_code == 403
    assert office.step(office.grantee, finding, "follow_up", body="Us.").status_code == 403
    # A finding on the whole fund is no grantee's.
    whole = office.audited(grant_id=None, kind="internal_audit", opinion=None).json()
    seen = office.grantee.get("/v1/audit_engagements").json()["items"]
    assert [one["id"] for one in seen] == [finding["engagement_id"]]
    assert office.grantee.get(f"/v1/audit_engagements/{whole['id']}").status_code == 404


def test_what_cannot_be_is_refused(office: Office) -> None:
    for over, pointer in (
        ({"opinion": None}, "/opinion"),
        ({"kind": "spot_check"}, "/opinion"),
        ({"ends_on": "2199-01-01"}, "/ends_on"),
        ({"issued_on": "2199-01-01"}, "/issued_on"),
        ({"grant_id": str(uuid4())}, "/grant_id"),
        ({"fund_id": str(uuid4())}, "/fund_id"),
        ({"fund_id": str(office.other_fund_id)}, "/grant_id"),
        ({"auditor_id": str(uuid4())}, "/auditor_id"),
        ({"report_file_id": str(uuid4())}, "/report_file_id"),
    ):
        assert pointers(office.audited(**over)) == [pointer], over
    for more, pointer in (
        ({"category": "fame"}, "/category"),
        ({"questioned": {"amount": "1.00", "currency": "EUR"}}, "/questioned/currency"),
        ({"questioned": None, "questioned_local": usd(1)}, "/questioned"),
        ({"description": "Call her on +226 70 12 34 56."}, "/description"),
        ({"recommendation": "Ask Maria Gomez, passport AB1234567."}, "/recommendation"),
        ({"grant_id": str(uuid4())}, "/grant_id"),
    ):
        assert pointers(office.found(**more)) == [pointer], more
    finding = office.found(0, questioned=None, due_on="2026-01-31").json()
    waits = office.finance.get("/v1/attention?mine=true").json()["items"]
    assert {one["code"] for one in waits if one["kind"] == "finding_overdue"} == {finding["code"]}
    assert finding["pending"]["amount"] == "0.00"
    assert slug(office.propose(finding, "justified", 1)) == "insufficient-funds"
    lists = office.donor.get("/v1/finding_lists").json()
    assert "no_documents" in [one["code"] for one in lists["categories"]]
