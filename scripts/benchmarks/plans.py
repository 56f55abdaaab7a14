"""Goal 8: the cash plan of a fund with 5,000 grants, with one donor who pays late."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from fundops import audit, clock
from fundops.app import create_app
from fundops.authz import Role
from fundops.db import Base, Database
from fundops.donors.models import Agreement, Instalment, Lot
from fundops.grants.models import ConditionalAward, Grant, Tranche
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.posting import AccountRef, Movement
from scripts.benchmarks.ground import Ground
from scripts.benchmarks.measure import Result
from tests.databases import Kind
from tests.factories import a_fund, a_party, a_person

GRANTS, CONDITIONAL = 5_000, 1_000
"""All grants, and those among them that wait for an instalment."""
LOTS, INSTALMENTS, DONORS = 200, 60, 20
AWARD = 60_000
MONTHS, BATCH = 24, 2_000
COUNTRIES = ("KE", "NP", "PH", "MD", "GT", "UG", "BD", "UA", "HN", "LA")
GOAL = 1.0
"""Seconds."""


@dataclass
class LargeFund:
    """A fund with many earmarks, whose grants have tranches, paid, reserved or waiting."""

    grants: int
    fund_id: UUID | None = None
    donor_id: UUID | None = None
    token: str = ""

    def fill(self, database: Database) -> None:
        """Write the fund: three tranches a grant over two years, objectives and countries mixed."""
        with database.write() as db:
            audit.lock_head(db)
            fund, grantee = a_fund(db), a_party(db, kind="civil_society")
            fund.award_basis = "instalment"
            donors = [a_party(db).id for _ in range(DONORS)]
            self.fund_id, self.donor_id = fund.id, donors[0]
            _, self.token = a_person(db, Role.FINANCE_OFFICER)
            self._money(db, donors, grantee.id)

    def _money(self, db: Session, donors: list[UUID], grantee_id: UUID) -> None:
        today = clock.today("UTC")
        standing = self.grants - self.grants * CONDITIONAL // GRANTS
        lots = [self._lot(number, donors, today) for number in range(LOTS)]
        _add(db, Lot, lots)
        grants = [self._grant(number, standing, grantee_id) for number in range(self.grants)]
        _add(db, Grant, grants)
        _add(db, Tranche, [
            {"id": uuid7(), "grant_id": grant["id"], "number": part, "amount_minor": AWARD // 3,
             "due_on": today + timedelta(days=(number * 7 + part * 180) % 700),
             "created_at": clock.now()}
            for number, grant in enumerate(grants[:standing])
            for part in (1, 2, 3)
        ])  # fmt: skip
        self._post(db, lots, grants[:standing], today - timedelta(days=400))
        agreements = [self._agreement(number, donors) for number in range(INSTALMENTS)]
        _add(db, Agreement, agreements)
        instalments = [
            {"id": uuid7(), "agreement_id": one["id"], "number": 1, "currency": "USD",
             "due_on": today + timedelta(days=10 * number), "matched_minor": 0,
             "written_off_minor": 0, "amount_minor": AWARD * self.grants // INSTALMENTS // 4,
             "version": 1, "created_at": clock.now()}
            for number, one in enumerate(agreements)
        ]  # fmt: skip
        _add(db, Instalment, instalments)
        _add(db, ConditionalAward, [
            {"id": uuid7(), "grant_id": grant["id"], "amount_minor": AWARD, "status": "waiting",
             "instalment_id": instalments[number % INSTALMENTS]["id"],
             "created_at": clock.now()}
            for number, grant in enumerate(grants[standing:])
        ])  # fmt: skip

    def _lot(self, number: int, donors: list[UUID], today: date) -> dict[str, Any]:
        return {
            "id": uuid7(), "code": f"LOT-{number:05d}", "kind": "opening", "status": "open",
            "fund_id": self.fund_id, "donor_id": donors[number % DONORS],
            "opened_on": today - timedelta(days=500), "amount_minor": AWARD * self.grants,
            "category": 3, "earmark": _earmark(number), "created_at": clock.now(),
        }  # fmt: skip

    def _grant(self, number: int, standing: int, grantee_id: UUID) -> dict[str, Any]:
        objective = 1 + number % 10
        return {
            "id": uuid7(), "code": f"GRT-B-{number:05d}", "fund_id": self.fund_id,
            "grantee_id": grantee_id, "title": "A grant", "country": COUNTRIES[number % 7],
            "objectives": json.dumps({str(objective): 100}), "awarded_minor": AWARD,
            "awarded_on": clock.today("UTC") - timedelta(days=100), "requested_minor": 0,
            "paid_minor": 0, "refunded_minor": 0, "adjusted_minor": 0, "version": 1,
            "status": "awarded" if number < standing else "conditional",
            "created_at": clock.now(),
        }  # fmt: skip

    def _agreement(self, number: int, donors: list[UUID]) -> dict[str, Any]:
        return {
            "id": uuid7(), "code": f"AGR-B-{number:04d}", "fund_id": self.fund_id,
            "donor_id": donors[number % DONORS], "title": "An agreement", "is_binding": True,
            "has_return_obligation": False, "category": 3, "earmark": _earmark(number),
            "support_cost_basis": "expenditure", "support_cost_ppm": 70_000,
            "agent_fee_ppm": 10_000, "status": "active", "version": 1,
            "created_at": clock.now(),
        }  # fmt: skip

    def _post(
        self, db: Session, lots: list[dict[str, Any]], grants: list[dict[str, Any]], on: date
    ) -> None:
        assert self.fund_id is not None
        fund_id, moves = self.fund_id, []
        bank, opening = AccountRef(fund_id, "bank"), AccountRef(fund_id, "opening")
        each = AWARD * -(-len(grants) // LOTS)
        for one in lots:
            held = AccountRef(fund_id, "lot", one["id"])
            moves += [
                Movement("opening", bank, opening, each, on, "lot", one["id"], one["id"]),
                Movement("opening_lot", opening, held, each, on, "lot", one["id"], one["id"]),
            ]
        for number, grant in enumerate(grants):
            lot, key = lots[number % LOTS]["id"], str(number)
            held, kept = (
                AccountRef(fund_id, "lot", lot),
                AccountRef(fund_id, "reserved", lot, grant["id"]),
            )
            moves.append(
                Movement(
                    "reserve", held, kept, AWARD, on, "grant", grant["id"], lot, grant["id"],
                    key=key,
                )
            )  # fmt: skip
        for start in range(0, len(moves), BATCH):
            seq = audit.record(db, audit.SYSTEM, "books.filled", "fund", fund_id)
            posting.post(db, seq, moves[start : start + BATCH])


def _earmark(number: int) -> str:
    """Return one of some forty earmarks: for countries, objectives, both, or anything."""
    include: dict[str, list[Any]] = {}
    if number % 4:
        include["country"] = sorted({COUNTRIES[number % 10], COUNTRIES[(number + 3) % 10]})
    if number % 3 == 0:
        include["objective"] = sorted({1 + number % 10, 1 + (number + 4) % 10})
    return json.dumps(
        {"category": 3 if include else 1, "include": include, "exclude": {}, "caps": [],
         "spend_by_on": None}
    )  # fmt: skip


def _add(db: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        db.execute(insert(table), rows[start : start + BATCH])


def measure(ground: Ground, kind: Kind, *, quick: bool) -> list[Result]:
    """Return the seconds of the plan, over HTTP, of a fund with a donor who pays late."""
    large = LargeFund(GRANTS // 10 if quick else GRANTS)
    with ground.copies(kind, 1, large.fill) as (place,):
        client = TestClient(create_app(place.settings()))
        client.headers["authorization"] = f"Bearer {large.token}"
        path = f"/v1/funds/{large.fund_id}/cash_plan?months={MONTHS}"
        late = f"{path}&late_donor_id={large.donor_id}&late_days=120"
        results = []
        with client:
            for what, address in (("the cash plan", path), ("the same with a late donor", late)):
                took, worked = [], []
                for _ in range(5):
                    began, used = time.perf_counter(), time.process_time()
                    answer = client.get(address)
                    took.append(time.perf_counter() - began)
                    worked.append(time.process_time() - used)
                    assert answer.status_code == 200, answer.text[:2000]
                body = answer.json()
                late_body = body["delay"] or body
                note = (
                    f"{statistics.median(worked):.2f} s of them at work, first short month "
                    f"{late_body['first_short_month']}"
                )
                results.append(
                    Result("8", f"{what} over {large.grants:,} grants: seconds", kind,
                           statistics.median(took), GOAL, False, (min(took), max(took)), unit="",
                           note=note)
                )  # fmt: skip
    return results
