"""Who may not read incidents learns of none from an audit workbook: not by any sheet of it."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZipFile

from sqlalchemy import select

from fundops.authz import Actor, Held, Role
from fundops.exports import render
from fundops.exports.audit_book.question import Named, Reader
from fundops.exports.audit_book.reach import reader_for
from fundops.exports.audit_book.workbook import SECTIONS, audit_workbook
from fundops.findings.incident_models import IncidentRead
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Party, Person
from tests.exports.audit_book.asked import a_book
from tests.findings.scenes import Office, office

__all__ = ["office"]

SUMMARY = "CANARY-SUMMARY the shop does not exist"


def content(db: Any, named: Named, reader: Reader) -> str:
    """Return all that the parts of a workbook say."""
    made = b"".join(render(audit_workbook(a_book(db, named, reader=reader))))
    archive = ZipFile(BytesIO(made))
    return "\n".join(archive.read(name).decode() for name in archive.namelist())


def test_incidents_are_in_no_sheet_for_who_may_not_read_them(office: Office) -> None:
    """Not by events, overrides or persons either: who only reported one is not even listed."""
    whistle = office.world.as_role(Role.GRANTEE, party_id=office.grantee_id)
    office.reported(whistle, kind="fraud", summary=SUMMARY)
    incident = office.incident()
    office.handle(incident, "assess", assessment="CANARY-ASSESSED", hold=True)
    office.handle(incident, "handlers", person_code=office.finance.actor.person_code)
    (notice, *_) = office.handle(incident, "hold").json()["notices"]
    with office.world.database.export() as db:
        fund = db.get_one(Fund, office.fund_id).code
        grant = db.get_one(Grant, office.grant_id).code
        donor = db.get_one(Party, office.donor_ids[0]).code
        teller = db.execute(
            select(Person.code).where(Person.id == whistle.actor.person_id)
        ).scalar_one()
        asked = {
            Named(fund=fund): tuple(Reader),
            Named(fund=fund, donor=donor): (Reader.OFFICE, Reader.OUTSIDE),
            Named(grant=grant): (Reader.AUDITOR, Reader.OFFICE),
        }
        for named, readers in asked.items():
            for reader in readers:
                said = content(db, named, reader)
                assert "CANARY" not in said
                if reader.reads_incidents:
                    assert incident["code"] in said, "the search finds what is there"
                    continue
                for word in (incident["code"], incident["id"], notice["code"], notice["id"],
                             "incident.reported", "incident_", "incident.assessed"):  # fmt: skip
                    assert word not in said, (named, reader, word)
                rows = [
                    row
                    for section in SECTIONS
                    if section.table in ("events", "overrides", "persons", "code_gaps")
                    for row in section.rows(a_book(db, named, reader=reader))
                ]
                assert rows
                if reader is Reader.OFFICE and named.donor is not None:
                    acted = [row for row in rows if row[0] == teller and row[6] == 1]
                    assert not acted, "who only reported is not said to have acted"


def test_the_reader_of_a_role_that_may_not_read_every_incident() -> None:
    """Finance officers and approvers read incidents where they are named, so their workbooks none:
    nor who judged, which their roles do not read either.
    """
    fund = uuid7()

    def reader(*roles: Role) -> Reader:
        return reader_for(Actor(uuid7(), "PER-1", None, tuple(Held(one) for one in roles)), fund)

    assert reader(Role.FINANCE_OFFICER) is reader(Role.APPROVER) is Reader.OFFICE
    assert reader(Role.FINANCE_OFFICER, Role.GRANT_OFFICER) is Reader.OFFICE
    assert reader(Role.FUND_MANAGER, Role.FINANCE_OFFICER) is Reader.INSIDE
    assert reader(Role.AUDITOR) is Reader.AUDITOR
    assert reader(Role.SIGNATORY) is reader(Role.DONOR) is Reader.OUTSIDE
    assert not Reader.OFFICE.reads_incidents
    assert not Reader.OFFICE.knows_judges


def test_a_workbook_with_incidents_is_a_read_that_is_written_down(office: Office) -> None:
    office.reported(kind="fraud")
    incident = office.incident()
    with office.world.database.export() as db:
        fund = db.get_one(Fund, office.fund_id).code
    place = {"fund": fund}

    def readers() -> set[Any]:
        with office.world.database.read() as db:
            return set(db.execute(select(IncidentRead.person_id)).scalars())

    assert office.finance.get("/v1/audit_workbook", params=place).status_code == 200
    assert office.finance.actor.person_id not in readers()
    assert office.auditor.actor.person_id not in readers()
    assert office.auditor.get("/v1/audit_workbook", params=place).status_code == 200
    assert office.auditor.actor.person_id in readers()
    shown = office.manager.get(f"/v1/incidents/{incident['id']}/reads").json()["items"]
    assert office.auditor.actor.person_code in {one["person_code"] for one in shown}
