"""Accepted reports as rows, and the scene of a fund whose grantees reported results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.reports import counting
from fundops.reports.models import AcceptedVersion, ProgressReport, ReportValue, ReportVersion
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import a_grant, a_grantee
from tests.world import World

Values = Mapping[str, Mapping[str, int]]
"""By dimension and code; the total is the sum of ``sex_age`` unless it is given."""

QUARTERS = {
    1: (date(2026, 1, 1), date(2026, 3, 31)),
    2: (date(2026, 4, 1), date(2026, 6, 30)),
}
_numbers = count(1)


def an_accepted(
    db: Session,
    grant: Grant,
    values: Values,
    *,
    quarter: int = 1,
    indicator: str = "4.4",
    denominator: int | None = None,
) -> AcceptedVersion:
    """Write an accepted report of a grant, as the reports' own services leave one."""
    starts_on, ends_on = QUARTERS[quarter]
    now, number = clock.now(), next(_numbers)
    report = ProgressReport(
        id=uuid7(), code=f"RPT-{number}", grant_id=grant.id, fund_id=grant.fund_id, number=number,
        starts_on=starts_on, ends_on=ends_on, due_on=ends_on, due_at=now, zone="UTC",
        is_final=False, asks_narrative=True, asks_expenditure=False, language="en",
        status="accepted", last_number=1, draft_number=1, submitted_number=1, accepted_number=1,
        created_at=now,
    )  # fmt: skip
    version = ReportVersion(
        id=uuid7(), report_id=report.id, number=1, kind="submitted", sha256="0" * 64, saved_at=now
    )
    db.add(report)
    db.flush()
    db.add(version)
    db.flush()
    seq = audit.record(db, audit.SYSTEM, "progress_report.accepted", "progress_report", report.id)
    accepted = AcceptedVersion(
        id=uuid7(), version_id=version.id, report_id=report.id, grant_id=grant.id,
        fund_id=grant.fund_id, starts_on=starts_on, ends_on=ends_on, accepted_on=ends_on,
        accepted_seq=seq,
    )  # fmt: skip
    whole = values.get("total", {}).get("", sum(values.get("sex_age", {}).values()))
    for dimension, codes in {**values, "total": {"": whole}}.items():
        for code, amount in codes.items():
            db.add(
                ReportValue(
                    version_id=version.id, result_number=1, dimension=dimension, code=code,
                    indicator=indicator, numerator=amount,
                    denominator=denominator if dimension == "total" else None,
                )
            )  # fmt: skip
    counting.let_count(db, accepted)
    return accepted


def sexes(female: int, male: int = 0, girls: int = 0) -> Values:
    """Return a headcount by sex and age, without cells that have none."""
    found = {"female.adult": female, "male.adult": male, "female.child": girls}
    return {"sex_age": {code: amount for code, amount in found.items() if amount}}


class Scene:
    """A fund with grants in two countries of one region and one elsewhere, one of them at risk."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            fund = a_fund(db)
            a_lot(db, fund, 900_000_00)
            self.fund_id = fund.id
            self.grants: dict[str, tuple[UUID, str]] = {}
            for name, country in (
                ("shelter", "KE"), ("school", "KE"), ("clinic", "UG"), ("refuge", "UG"),
                ("helpline", "UG"), ("legal", "NP"),
            ):  # fmt: skip
                grant = a_grant(db, fund, 100_00, country=country)
                self.grants[name] = (grant.id, grant.code)
            hidden = a_grantee(db, is_at_risk=True, public_label="A grassroots organisation")
            grant = a_grant(db, fund, 100_00, grantee=hidden, country="KE")
            self.grants["hidden"] = (grant.id, grant.code)
        self.donor = world.as_role(Role.DONOR, party_id=self.party())
        self.officer = world.as_role(Role.GRANT_OFFICER, fund_id=self.fund_id)
        self.manager = world.as_role(Role.FUND_MANAGER)
        self.auditor = world.as_role(Role.AUDITOR)

    def party(self) -> UUID:
        with self.world.database.write() as db:
            return a_grantee(db).id

    def accept(self, name: str, values: Values, **over: Any) -> None:
        """Have a report of a grant accepted."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            an_accepted(db, db.get_one(Grant, self.grants[name][0]), values, **over)

    def correct(self, name: str, values: Values, **over: Any) -> None:
        """Have the one accepted report of a grant replaced by a corrected version."""
        with self.world.database.write() as db:
            seq = audit.record(db, audit.SYSTEM, "progress_report.corrected", "progress_report")
            query = select(AcceptedVersion).where(
                AcceptedVersion.grant_id == self.grants[name][0],
                AcceptedVersion.superseded_seq.is_(None),
            )
            db.execute(query).scalar_one().superseded_seq = seq
        self.accept(name, values, **over)

    def prepare(self, class_name: str = "outside", quarter: int = 1, **over: Any) -> Any:
        """Ask for a release as the grant officer."""
        caller = over.pop("caller", self.officer)
        body = {
            "fund_id": str(self.fund_id),
            "class_name": class_name,
            "as_of_on": QUARTERS[quarter][1].isoformat(),
            "indicators": ["4.4"],
        }
        return caller.post("/v1/releases", json=body | over)

    def publish(self, class_name: str = "outside", quarter: int = 1, **over: Any) -> str:
        """Prepare and publish a release; return its place."""
        made = self.prepare(class_name, quarter, **over)
        assert made.status_code == 201, made.text
        place: str = made.headers["location"]
        done = self.manager.post(f"{place}/publish")
        assert done.status_code == 200, done.text
        return place

    def cells(self, place: str, caller: Any = None, **filters: Any) -> list[dict[str, Any]]:
        """Read all cells of a release that a caller may."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            params = {"limit": 200, **filters} | ({"cursor": cursor} if cursor else {})
            page = (caller or self.donor).get(f"{place}/cells", params=params)
            assert page.status_code == 200, page.text
            found += page.json()["items"]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                return found
