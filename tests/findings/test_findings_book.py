"""Findings and incidents in the audit workbook: held by controls, the same when asked the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fundops import audit, clock
from fundops.exports.audit_book.findings import FINDINGS, INCIDENTS
from fundops.exports.audit_book.question import Moment, Named, Reader
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from tests.exports.audit_book import opened
from tests.exports.audit_book.asked import a_book, amounts, controls, rendered, unheld
from tests.exports.audit_book.opened import same
from tests.findings.scenes import Office, office
from tests.grants.grant_factories import a_grant

__all__ = ["office"]


def checks(book: bytes) -> set[Any]:
    """Return what the sheet of controls says of each."""
    return opened.checks(book) - {"Check"}


def told(office: Office, named: Named, reader: Reader, moment: Moment | None = None) -> Any:
    """Return rows of findings and incidents by column."""
    with office.world.database.export() as db:
        book = a_book(db, named, moment, reader)
        return [
            [dict(zip([one[0] for one in section.columns], row, strict=True))
             for row in section.rows(book)]
            for section in (FINDINGS, INCIDENTS)
        ]  # fmt: skip


def test_findings_and_incidents_are_told_as_they_were_known(office: Office) -> None:
    database = office.world.database
    finding = office.found(500_00, questioned_local={"amount": "64500.00", "currency": "KES"})
    office.audited(grant_id=None, kind="internal_audit", opinion=None)
    office.decide(office.propose(finding.json(), "supported", 120_00))
    office.reported(kind="data_breach")
    office.handle(office.incident(), "assess", assessment="Seen.", hold=True)
    with database.write() as db:
        audit.lock_head(db)
        fund = db.get_one(Fund, office.fund_id)
        other = a_grant(db, fund, 100_00).code
        grant, code = db.get_one(Grant, office.grant_id).code, fund.code
    known_at = clock.now()
    moment, whole = Moment(None, known_at), Named(fund=code)
    with database.export() as db:
        before = rendered(db, whole, moment)

    # What is known later changes nothing of what was asked before.
    refund = office.propose(finding.json(), "refunded", 100_00, refund_id=str(office.refund_id))
    office.decide(refund)
    office.step(office.grantee, finding.json(), "answer", response="We know.")
    (notice, *_) = office.handle(office.incident(), "hold").json()["notices"]
    letter = {"how": "letter", "reference": "L 1"}
    sent = office.manager.post(f"/v1/incident_notices/{notice['id']}/send", json=letter)
    assert sent.status_code == 200, sent.text
    with database.export() as db:
        same(rendered(db, whole, moment), before)
        for named, at, reader in (
            (whole, moment, Reader.OUTSIDE),
            (Named(grant=grant), None, Reader.AUDITOR),
        ):
            workbook = audit_workbook(a_book(db, named, at, reader))
            assert {(one.table, one.column) for one in unheld(workbook)} == set()
            held = [one for one in amounts(workbook) if one.table == "findings"]
            assert {one.column for one in held} > {"questioned", "local", "pending"}
        names = [one.label for one in controls(audit_workbook(a_book(db, whole)))]
        assert "Findings: questioned in KES" in names
        assert checks(rendered(db, Named(grant=grant))) == {"OK"}
    assert checks(before) == {"OK"}

    (first, bare), (incident,) = told(office, whole, Reader.INSIDE, moment)
    if first["finding"] is None:
        first, bare = bare, first
    kinds = ("questioned", "supported", "refunded", "pending", "local", "status")
    assert [first[one] for one in kinds] == [500_00, 120_00, 0, 380_00, 64_500_00, "open"]
    assert (bare["kind"], bare["finding"], bare["pending"]) == ("internal_audit", None, 0)
    counts = ("kind", "status", "holds", "open_holds", "notices", "sent", "due_on")
    due = office.today + timedelta(days=3)
    assert [incident[one] for one in counts] == ["data_breach", "assessed", 1, 1, 2, 0, due]
    (now,), (later,) = told(office, Named(grant=grant), Reader.AUDITOR)
    assert [now[one] for one in kinds] == [500_00, 120_00, 100_00, 280_00, 64_500_00, "answered"]
    assert (later["holds"], later["sent"]) == (2, 1)
    assert now["description"] == "No invoices for the rent of two months."
    # Outside no words are told, and no incidents at all; of another grant nothing.
    (outside,), incidents = told(office, Named(grant=grant), Reader.OUTSIDE)
    assert (outside["description"], outside["reference"], incidents) == (None, None, [])
    assert (now["reference"], outside["pending"]) == ("AR-7", now["pending"])
    assert told(office, whole, Reader.OUTSIDE)[1] == []
    assert told(office, Named(grant=other), Reader.INSIDE) == [[], []]
    yesterday = Moment(office.today - timedelta(days=1), None)
    assert told(office, whole, Reader.INSIDE, yesterday) == [[], []]
