"""Takes published grants through the services as they happened: a transaction for every step.

The clock stands on the day of each step. What a service refuses is kept as an exception, and the
step is taken as far as it may be: on the day of the award, or for what the grant has left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.db import Database
from fundops.disbursements import paying, sanctions
from fundops.disbursements import service as disbursements
from fundops.disbursements.control_schemas import SanctionsCheckIn
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import DisbursementIn, PaidIn
from fundops.disbursements.terms import terms_of
from fundops.errors import Problem
from fundops.grants import refunds, service
from fundops.grants.models import Grant, Tranche
from fundops.grants.schemas import GrantIn, ObjectiveShare, RefundIn, TrancheIn
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import Desk, a_desk, a_grantee, make_agreed, make_payable, usd
from tests.replay.exceptions import Refusal
from tests.replay.iati import (
    COMMITMENT,
    DISBURSEMENT,
    Activity,
    Transaction,
    fund_of,
    sums,
)

LISTS = "UN Security Council Consolidated List"


class Replay:
    """The funds of some transactions, and what became of them."""

    def __init__(
        self, database: Database, rows: Iterable[Transaction], activities: Mapping[str, Activity]
    ) -> None:
        self.database, self.rows = database, list(rows)
        self.activities = activities
        self.grants: dict[str, UUID] = {}
        self.funds: dict[str, UUID] = {}
        self.parties: dict[str, UUID] = {}
        self.refusals: list[Refusal] = []
        self.steps: Counter[str] = Counter()
        self._early: dict[str, list[Transaction]] = {}
        self._tranches: dict[UUID, list[UUID]] = {}

    def run(self) -> None:
        """Take every transaction in the order of days."""
        with _on(self.rows[0].on):
            self._open()
            for row in self.rows:
                _stand(row.on)
                self._take(row)
        assert not self._early, "every project was committed to"

    def _open(self) -> None:
        """Open the funds, each with one lot of exactly what it will commit."""
        committed: dict[str, int] = {}
        for project, of_it in sums(self.rows).items():
            code = fund_of(project)
            committed[code] = committed.get(code, 0) + of_it.committed
        with self._write() as db:
            self.desk: Desk = a_desk(db)
            for code, minor in sorted(committed.items()):
                fund = a_fund(db, code=code)
                a_lot(db, fund, minor, on=self.rows[0].on)
                self.funds[code] = fund.id

    def _take(self, row: Transaction) -> None:
        if row.kind == COMMITMENT:
            self._award(row)
            for early in self._early.pop(row.project, ()):
                self._pay(early)
        elif row.project not in self.grants:
            self._early.setdefault(row.project, []).append(row)
        elif row.kind == DISBURSEMENT:
            self._pay(row)
        else:
            self._refund(row)

    def _award(self, row: Transaction) -> None:
        assert row.project not in self.grants, "a project is committed to once"
        activity = self.activities[row.project]
        with self._write() as db:
            fund = db.get_one(Fund, self.funds[fund_of(row.project)])
            party = self._party(db, row.receiver)
            given = GrantIn(
                fund_id=fund.id,
                grantee_id=party.id,
                title=activity.title,
                amount=usd(row.minor),
                country=activity.country,
                objectives=[ObjectiveShare(objective=4, percent=100)],
                tranches=self._planned(row),
                awarded_on=row.on,
            )
            grant = service.award(db, self.desk.manager, fund, given)
            make_agreed(db, grant)
            make_payable(db, party.id)
            query = select(Tranche.id).where(Tranche.grant_id == grant.id).order_by(Tranche.number)
            self._tranches[grant.id] = list(db.execute(query).scalars())
            self.grants[row.project] = grant.id
        self.steps["award"] += 1

    def _planned(self, row: Transaction) -> list[TrancheIn]:
        """Return the tranches that were paid, as far as they were committed, and the rest."""
        left, found = row.minor, []
        for one in self._payments(row.project):
            if minor := min(one.minor, left):
                found.append(TrancheIn(amount=usd(minor), due_on=one.on))
                left -= minor
        if left:
            found.append(TrancheIn(amount=usd(left), due_on=None))
        return found

    def _payments(self, project: str) -> Sequence[Transaction]:
        return [one for one in self.rows if one.project == project and one.kind == DISBURSEMENT]

    def _pay(self, row: Transaction) -> None:
        asked_id = self._request(row, row.minor, row.on)
        if asked_id is None:
            with self.database.read() as db:
                grant = db.get_one(Grant, self.grants[row.project])
                minor = min(row.minor, grant.awarded_minor - grant.paid_minor)
                on = max(row.on, grant.awarded_on)
            if not minor:
                return
            asked_id = self._request(row, minor, on)
            assert asked_id is not None, "what is mended may be asked for"
        fund_id = self.funds[fund_of(row.project)]
        for duty, actor in (
            ("certify", self.desk.certifier),
            ("approve", self.desk.approver),
            ("pay", self.desk.payer),
        ):
            with self._write() as db:
                _step(db, duty, actor, db.get_one(Fund, fund_id), asked_id, row.reference)
            self.steps[duty] += 1

    def _request(self, row: Transaction, minor: int, on: date) -> UUID | None:
        """Ask for a payment as the source has it; return nothing where it is refused."""
        grant_id = self.grants[row.project]
        try:
            with self._write() as db:
                grant = db.get_one(Grant, grant_id)
                fund = db.get_one(Fund, grant.fund_id)
                self._look_up(db, fund, grant)
                numbered = [one for one in self._payments(row.project) if one.minor]
                at = numbered.index(row) if row in numbered else 0
                given = DisbursementIn(
                    amount=usd(minor), requested_on=on, tranche_id=self._tranches[grant_id][at]
                )
                asked = disbursements.request(db, self.desk.officer, fund, grant, given)
                found = asked.id
        except Problem as problem:
            self.refusals.append(_refusal(row, problem))
            return None
        self.steps["request"] += 1
        return found

    def _look_up(self, db: Session, fund: Fund, grant: Grant) -> None:
        """Look the grantee up in the sanctions lists once the last check is too old."""
        today = clock.today(fund.zone)
        valid = terms_of(db, fund.id, today).sanctions_days
        if sanctions.obstacle(db, grant.grantee_id, today, valid) is None:
            return
        party = db.get_one(Party, grant.grantee_id)
        given = SanctionsCheckIn(
            checked_on=today, lists=LISTS, names=party.name[:100], has_hits=False
        )
        sanctions.check(db, self.desk.manager, party, given)

    def _refund(self, row: Transaction) -> None:
        with self._write() as db:
            grant = db.get_one(Grant, self.grants[row.project])
            fund = db.get_one(Fund, grant.fund_id)
            given = RefundIn(amount=usd(row.minor), received_on=row.on, reference=row.reference)
            refunds.refund(db, self.desk.officer, fund, grant, given)
        self.steps["refund"] += 1

    def _party(self, db: Session, name: str) -> Party:
        if name not in self.parties:
            self.parties[name] = a_grantee(db, name=name).id
        return db.get_one(Party, self.parties[name])

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with self.database.write() as db:
            audit.lock_head(db)
            yield db


def _step(db: Session, duty: str, actor: Actor, fund: Fund, asked_id: UUID, voucher: str) -> None:
    asked = db.get_one(Disbursement, asked_id)
    grant = db.get_one(Grant, asked.grant_id)
    if duty == "certify":
        disbursements.certify(db, actor, fund, asked, grant)
    elif duty == "approve":
        disbursements.approve(db, actor, fund, asked, grant)
    else:
        given = PaidIn(
            paid_on=asked.requested_on, reference=voucher, evidence_kind="host_system",
            evidence_note=f"Voucher {voucher}",
        )  # fmt: skip
        paying.pay(db, actor, fund, asked, grant, given)


def _refusal(row: Transaction, problem: Problem) -> Refusal:
    errors = problem.errors or ()
    reason = f"{errors[0].pointer}: {errors[0].detail}" if errors else str(problem.detail)
    return Refusal(row.project, row.reference, row.on, problem.slug, reason)


@contextmanager
def _on(day: date) -> Iterator[None]:
    """Open a block in which the clock stands on a day until it is set on."""
    _stand(day)
    try:
        yield
    finally:
        clock.set_clock(None)


def _stand(day: date) -> None:
    instant = datetime.combine(day, time(12), UTC)
    clock.set_clock(lambda: instant)
