"""A fund with many grants, accepted reports and a million indicator values, written in bulk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundops import audit, clock, driver
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.db import Base, Database, id_encoder
from fundops.grants.agreement_models import (
    GrantAgreedResult,
    GrantAgreement,
    GrantAgreementText,
    GrantAgreementVersion,
    GrantBudgetLine,
)
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.posting import AccountRef, Movement
from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion
from fundops.reports import counting
from fundops.reports.models import AcceptedVersion, ProgressReport, ReportVersion
from tests.factories import a_fund, a_lot, a_party, a_person

GRANTS, REPORTS, RESULTS = 5_000, 8, 5
"""Grants, accepted reports of each, and results in each report."""
CODES = ("female.18_24", "male.18_24", "female.under_18", "unknown.unknown")
"""Codes that each result is broken down by: with the total, five values."""
LINES, DONORS, LOTS = 10, 20, 200
AWARD, BATCH = 80_000, 4_000
FIRST = date(2024, 1, 1)
COUNTRIES = ("KE", "NP", "PH", "MD", "GT", "UG", "BD", "UA", "HN", "LA")
INDICATORS = ("1.1", "1.3", "2.1", "2.2", "3.1", "4.2", "4.4", "4.5a", "4.7", "5.1", "6.3", "8.4")
RATIOS = frozenset({"1.3"})
_VALUES = (
    "version_id", "result_number", "dimension", "code", "indicator", "numerator", "denominator",
)  # fmt: skip


def quarter(number: int) -> tuple[date, date]:
    """Return the first and last day of a quarter, counted from the first."""
    year, part = FIRST.year + number // 4, number % 4
    first = date(year, 1 + 3 * part, 1)
    following = date(year + (part == 3), 1 + 3 * ((part + 1) % 4), 1)
    return first, following - timedelta(days=1)


@dataclass
class ManyResults:
    """A fund whose grants have all reported; what a reader of its impact needs to ask."""

    grants: int
    fund_id: UUID | None = None
    donor_id: UUID | None = None
    token: str = ""
    reached: int = 0
    values: int = 0
    _people: list[UUID] = field(default_factory=list)

    def fill(self, database: Database) -> None:
        """Write proposals, grants, agreements, reports with their values, and the money."""
        with database.write() as db:
            audit.lock_head(db)
            fund, grantee = a_fund(db), a_party(db, kind="civil_society")
            donors = [a_party(db) for _ in range(DONORS)]
            self.fund_id, self.donor_id = fund.id, donors[0].id
            reader, self.token = a_person(db, Role.FUND_MANAGER)
            officers = [a_person(db, Role.GRANT_OFFICER)[0] for _ in range(2)]
            self._people = [one.person_id for one in (reader, *officers)]
            proposals = self._proposals(db, grantee.id)
            grants = [self._grant(at, one, grantee.id) for at, one in enumerate(proposals)]
            _add(db, Grant, grants)
            self._agreements(db, grants)
            versions = self._reports(db, grants)
            self._values(db, versions)
            counting.stand(db, [one for _, one in versions])
            each = AWARD * -(-self.grants // LOTS)
            lots = [a_lot(db, fund, each, donor=donors[at % DONORS], on=FIRST).id
                    for at in range(LOTS)]  # fmt: skip
            self._post(db, lots, grants)

    def _proposals(self, db: Session, grantee_id: UUID) -> list[UUID]:
        now, call_id = clock.now() - timedelta(days=1), uuid7()
        _add(db, Call, [
            {"id": call_id, "code": "CAL-R", "fund_id": self.fund_id, "title": "A call",
             "year": 2023, "status": "closed", "version": 1, "created_at": now}
        ])  # fmt: skip
        found = [uuid7() for _ in range(self.grants)]
        _add(db, Proposal, [
            {"id": one, "code": f"PRP-R-{at:05d}", "call_id": call_id, "party_id": grantee_id,
             "title": "A proposal", "language": "en", "country": COUNTRIES[at % 10],
             "requested_minor": 2 * AWARD, "status": "awarded", "last_number": 1,
             "submitted_number": 1, "submitted_at": now, "version": 1, "created_at": now}
            for at, one in enumerate(found)
        ])  # fmt: skip
        versions = [uuid7() for _ in found]
        _add(db, ProposalVersion, [
            {"id": one, "proposal_id": proposal, "number": 1, "kind": "submitted",
             "content": "{}", "sha256": "0" * 64, "saved_at": now}
            for one, proposal in zip(versions, found, strict=True)
        ])  # fmt: skip
        _add(db, ProposalCode, [
            {"id": uuid7(), "version_id": one, "list_name": name, "code": code,
             "percent": percent}
            for at, one in enumerate(versions)
            for name, code, percent in _codes(at)
        ])  # fmt: skip
        return found

    def _grant(self, number: int, proposal_id: UUID, grantee_id: UUID) -> dict[str, Any]:
        return {
            "id": uuid7(), "code": f"GRT-R-{number:05d}", "fund_id": self.fund_id,
            "grantee_id": grantee_id, "title": "A grant", "country": COUNTRIES[number % 10],
            "objectives": json.dumps({str(1 + number % 10): 100}), "awarded_minor": AWARD,
            "awarded_on": FIRST, "requested_minor": 0, "paid_minor": AWARD * 3 // 4,
            "refunded_minor": 0, "adjusted_minor": 0, "version": 1, "status": "awarded",
            "proposal_id": proposal_id, "created_at": clock.now(),
        }  # fmt: skip

    def _agreements(self, db: Session, grants: list[dict[str, Any]]) -> None:
        now, (first, second, third) = clock.now() - timedelta(days=1), self._people
        held = [(grant, uuid7(), uuid7(), uuid7()) for grant in grants]
        _add(db, GrantAgreement, [
            {"id": one, "grant_id": grant["id"], "fund_id": self.fund_id, "last_number": 1,
             "created_at": now, "version": 1}
            for grant, one, _, _ in held
        ])  # fmt: skip
        _add(db, GrantAgreementVersion, [
            {"id": version, "agreement_id": one, "number": 1, "status": "in_force",
             "text_number": 1, "by_notice": False, "needs_revision": False,
             "prepared_by_id": second, "prepared_at": now, "signed_by_id": first,
             "signed_on": FIRST, "signed_at": now, "countersigned_by_id": third,
             "in_force_at": now, "version": 1}
            for _, one, version, _ in held
        ])  # fmt: skip
        _add(db, GrantAgreementText, [
            {"id": said, "version_id": version, "number": 1, "title": "A grant",
             "language": "en", "starts_on": FIRST, "ends_on": FIRST + timedelta(days=730),
             "amount_minor": AWARD, "content": "{}", "sha256": "0" * 64,
             "written_by_id": second, "written_at": now}
            for _, _, version, said in held
        ])  # fmt: skip
        _add(db, GrantBudgetLine, [
            {"id": uuid7(), "text_id": said, "number": line, "category": "ABCDEFG"[line % 7],
             "description": "Staff", "amount_minor": AWARD // LINES,
             "objectives": json.dumps({str(1 + (at + line % 2) % 10): 100})}
            for at, (_, _, _, said) in enumerate(held)
            for line in range(1, LINES + 1)
        ])  # fmt: skip
        _add(db, GrantAgreedResult, [
            {"id": uuid7(), "text_id": said, "number": number, "target": 100, "baseline": 0,
             "indicator": _indicator(at, number)}
            for at, (_, _, _, said) in enumerate(held)
            for number in range(1, RESULTS + 1)
        ])  # fmt: skip

    def _reports(self, db: Session, grants: list[dict[str, Any]]) -> list[tuple[int, UUID]]:
        now = clock.now()
        made = [
            (at, grant["id"], number, uuid7(), uuid7())
            for at, grant in enumerate(grants)
            for number in range(REPORTS)
        ]
        seq = audit.record(db, audit.SYSTEM, "reports.filled", "fund", self.fund_id)
        for start in range(0, len(made), BATCH):
            part = made[start : start + BATCH]
            db.execute(insert(ProgressReport), [
                {"id": report, "code": f"REP-{at:05d}-{number}", "grant_id": grant_id,
                 "fund_id": self.fund_id, "number": number + 1, "starts_on": quarter(number)[0],
                 "ends_on": quarter(number)[1], "due_on": quarter(number)[1], "due_at": now,
                 "zone": "UTC", "is_final": False, "asks_narrative": True,
                 "asks_expenditure": False, "language": "en", "status": "accepted",
                 "last_number": 1, "draft_number": 1, "submitted_number": 1, "accepted_number": 1,
                 "created_at": now, "version": 1}
                for at, grant_id, number, report, _ in part
            ])  # fmt: skip
            db.execute(insert(ReportVersion), [
                {"id": version, "report_id": report, "number": 1, "kind": "submitted",
                 "sha256": hashlib.sha256(version.bytes).hexdigest(), "saved_at": now}
                for _, _, _, report, version in part
            ])  # fmt: skip
            db.execute(insert(AcceptedVersion), [
                {"id": version, "version_id": version, "report_id": report, "grant_id": grant_id,
                 "fund_id": self.fund_id, "starts_on": quarter(number)[0],
                 "ends_on": quarter(number)[1], "accepted_on": quarter(number)[1],
                 "accepted_seq": seq, "origin": "fund"}
                for _, grant_id, number, report, version in part
            ])  # fmt: skip
        return [(at, version) for at, _, _, _, version in made]

    def _values(self, db: Session, versions: list[tuple[int, UUID]]) -> None:
        connection = db.connection()
        uid = id_encoder(connection.dialect.name)
        for start in range(0, len(versions), BATCH):
            rows = [
                (uid(version), number, dimension, code, indicator, count,
                 2 * count if indicator in RATIOS else None)
                for at, version in versions[start : start + BATCH]
                for number in range(1, RESULTS + 1)
                for indicator in (_indicator(at, number),)
                for dimension, code, count in (
                    ("total", "", 40), *(("sex_age", code, 10) for code in CODES)
                )
            ]  # fmt: skip
            self.values += len(rows)
            self.reached += sum(row[5] for row in rows if row[4] == "4.4" and row[2] == "total")
            _copy(connection, rows)

    def _post(self, db: Session, lots: list[UUID], grants: list[dict[str, Any]]) -> None:
        assert self.fund_id is not None
        fund, moves = self.fund_id, []
        bank, control = AccountRef(fund, "bank"), AccountRef(fund, "advance_control")
        for at, grant in enumerate(grants):
            lot, gid = lots[at % LOTS], grant["id"]
            held = AccountRef(fund, "lot", lot)
            kept, lent = (
                AccountRef(fund, "reserved", lot, gid),
                AccountRef(fund, "advance", lot, gid),
            )
            said = ("grant", gid, lot, gid)
            moves.append(Movement("reserve", held, kept, AWARD, FIRST, *said, key=f"{at}"))
            for part in range(3):
                day, one = quarter(2 * part)[1], AWARD // 4
                moves += [
                    Movement("pay", kept, bank, one, day, *said, key=f"{at}.{part}p"),
                    Movement("advance", lent, control, one, day, *said, key=f"{at}.{part}a"),
                    Movement("liquidate", control, lent, one // 2, day, *said,
                             key=f"{at}.{part}l"),
                ]  # fmt: skip
        for start in range(0, len(moves), BATCH):
            seq = audit.record(db, audit.SYSTEM, "books.filled", "fund", fund)
            posting.post(db, seq, moves[start : start + BATCH])


def _codes(at: int) -> list[tuple[str, str, int | None]]:
    return [
        ("objective", str(1 + at % 10), 60), ("objective", str(1 + (at + 4) % 10), 40),
        ("p", ("prevention", "protection", "prosecution")[at % 3], None),
        ("side", ("demand", "supply")[at % 2], None),
        ("sdg", ("5.2", "8.7", "16.2")[at % 3], None), ("sdg", "10.7", None),
    ]  # fmt: skip


def _indicator(at: int, number: int) -> str:
    return INDICATORS[(at + 2 * number) % len(INDICATORS)]


def _copy(connection: Any, rows: list[tuple[Any, ...]]) -> None:
    """Write rows of values the way each database likes best."""
    columns = ", ".join(_VALUES)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(_VALUES))
        statement = f"INSERT INTO report_values ({columns}) VALUES ({marks})"  # noqa: S608
        driver.run(connection, [(statement, rows)])
        return
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY report_values ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.close()


def _add(db: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        db.execute(insert(table), rows[start : start + BATCH])
