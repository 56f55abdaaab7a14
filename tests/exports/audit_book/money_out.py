"""A fund from which money went out in every way there is, and readers of its sheets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation import reserve
from fundops.allocation.holdings import holdings, take
from fundops.allocation.reserve import Source
from fundops.authz import Actor, Role
from fundops.disbursements import holds, paying
from fundops.disbursements.models import Disbursement, PaymentHold
from fundops.disbursements.schemas import ArrivalIn, ReturnIn
from fundops.expenditures import receivables, refund_requests, write_offs
from fundops.expenditures.models import (
    AdvanceWriteOff,
    ExpenditureStatement,
    Receivable,
    RefundRequest,
)
from fundops.expenditures.owed_schemas import (
    AdvanceWriteOffIn,
    FindingIn,
    ReceiptPartIn,
    RefundRequestIn,
    SupportIn,
)
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.section import Section
from fundops.exports.formulas import Figure, signed
from fundops.exports.tally import matches
from fundops.exports.workbook import Sheet, Workbook
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.records import snapshot
from tests.donors.register_factories import an_active_agreement, write_off
from tests.exports.audit_book.asked import controls
from tests.factories import a_fund, a_lot, a_party, a_person
from tests.grants.grant_factories import (
    DAY,
    LATER,
    Desk,
    a_desk,
    a_grant,
    a_payment,
    a_refund,
    accepted,
    an_approved,
    closing,
    end,
    evidence,
    usd,
)
from tests.staged import staged
from tests.world import World

T = TypeVar("T")
DUE = date(2199, 1, 31)


@dataclass(frozen=True)
class Spent:
    """The scene: codes, the persons of the desk, and what was the last event at each turn."""

    fund_id: UUID
    fund: str
    donors: tuple[str, str]
    grants: tuple[str, str, str]
    desk: Desk
    finance: Actor
    known: dict[str, int]


class _Story:
    """What happens, one transaction after another: each turn is known from its last event on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known: dict[str, int] = {}

    def turn(self, name: str, work: Callable[[Session], T]) -> T:
        with self.world.database.write() as db:
            audit.lock_head(db)
            made = work(db)
        with self.world.database.read() as db:
            self.known[name] = int(db.execute(select(func.max(audit.AuditEvent.seq))).scalar_one())
        return made


def _spent(world: World) -> Spent:
    """Pay 600.00 and 300.00 of lots of 300.00 and 1,000.00, and let all else become of it."""
    story = _Story(world)
    scene = story.turn("paid", _pay)
    of = Doing(scene)
    for name in ("kept", "returned", "accepted", "found", "came_back", "gave_up", "beyond",
                 "imported", "donors"):  # fmt: skip
        story.turn(name, getattr(of, name))
    scene.known.update(story.known)
    return scene


def _pay(db: Session) -> Spent:
    fund, desk = a_fund(db), a_desk(db)
    donors = (a_party(db), a_party(db))
    for donor, minor in zip(donors, (300_00, 1_700_00), strict=True):
        a_lot(db, fund, minor, donor=donor)
    grants = [a_grant(db, fund, minor) for minor in (1_000_00, 500_00, 200_00)]
    a_payment(db, desk, fund, grants[0], 600_00, on=DAY)
    a_payment(db, desk, fund, grants[0], 300_00, on=date(2026, 4, 1))
    a_payment(db, desk, fund, grants[1], 100_00, on=date(2026, 5, 2))
    finance = a_person(db, Role.FINANCE_OFFICER)[0]
    codes = (grants[0].code, grants[1].code, grants[2].code)
    return Spent(fund.id, fund.code, (donors[0].code, donors[1].code), codes, desk, finance, {})


class Doing:
    """What happens in the scene; ``more`` is left to tests."""

    def __init__(self, scene: Spent) -> None:
        self.scene = scene

    def of(self, db: Session, number: int = 0) -> tuple[Fund, Grant]:
        code = self.scene.grants[number]
        grant = db.execute(select(Grant).where(Grant.code == code)).scalar_one()
        return db.get_one(Fund, self.scene.fund_id), grant

    def payments(self, db: Session, grant: Grant) -> list[Disbursement]:
        query = select(Disbursement).where(
            Disbursement.grant_id == grant.id, Disbursement.paid_on.is_not(None)
        )
        return list(db.execute(query.order_by(Disbursement.paid_on)).scalars())

    def kept(self, db: Session) -> None:
        """The first payment arrived; the last 50.00 are approved and held."""
        fund, grant = self.of(db)
        given = ArrivalIn(received=usd(595_00), charges=usd(5_00), received_on=date(2026, 3, 4))
        paying.confirm(db, self.scene.finance, self.payments(db, grant)[0], grant, given)
        waits = an_approved(db, self.scene.desk, fund, grant, 50_00)
        holds.place(
            db, self.scene.desk.certifier, "Is it the right account?", fund_id=fund.id,
            disbursement=waits,
        )  # fmt: skip

    def returned(self, db: Session) -> None:
        """The bank brought the second payment back."""
        fund, grant = self.of(db)
        second = self.payments(db, grant)[1]
        given = ReturnIn(returned_on=date(2026, 4, 9), reason="Account closed.")
        paying.return_(db, self.scene.finance, fund, second, grant, given)

    def accepted(self, db: Session) -> None:
        """Of 350.00 reported, 50.00 were refused: those are owed."""
        _, grant = self.of(db)
        accepted(db, grant, 300_00, refused_minor=50_00, on=date(2026, 5, 15))

    def found(self, db: Session) -> None:
        """An audit took 40.00 back; 20.00 of the 50.00 and 10.00 of the 40.00 counted after all."""
        fund, grant = self.of(db)
        query = select(ExpenditureStatement).where(ExpenditureStatement.grant_id == grant.id)
        finding = FindingIn(
            expenditure_statement_id=db.execute(query).scalar_one().id, amount=usd(40_00),
            reason="Paid in cash.", found_on=LATER,
        )  # fmt: skip
        first = db.execute(select(Receivable)).scalar_one()
        second = receivables.open_finding(db, self.scene.finance, fund, grant, finding)
        other = a_person(db, Role.FINANCE_OFFICER)[0]
        for owed, kind, minor in ((first, "additional_support", 20_00),
                                  (second, "justification_accepted", 10_00)):  # fmt: skip
            given = SupportIn.model_validate(
                {"kind": kind, "amount": usd(minor), "reason": "Vouchers.", "accepted_on": LATER}
            )
            receivables.support(db, other, fund, grant, owed, given)

    def came_back(self, db: Session) -> None:
        """Of 150.00 asked back 30.00 came, 7.00 of the receivable, and 3.00 that nobody asked."""
        fund, grant = self.of(db)
        finance = self.scene.finance
        wanted = RefundRequestIn(due_on=DUE, amount=usd(150_00))
        asked = refund_requests.request(db, finance, fund, grant, wanted)
        part = ReceiptPartIn(amount=usd(30_00), received_on=LATER)
        refund_requests.receive(db, finance, fund, grant, asked, part)
        owed = db.execute(select(Receivable).where(Receivable.origin == "statement")).scalar_one()
        part = ReceiptPartIn(amount=usd(7_00), received_on=LATER)
        receivables.receive(db, finance, fund, grant, owed, part)
        a_refund(db, self.scene.desk, fund, grant, 3_00)

    def gave_up(self, db: Session) -> None:
        """60.00 of the request and 4.00 of the finding were given up; 1.00 is only asked for."""
        fund, grant = self.of(db)
        asked = db.execute(select(RefundRequest)).scalar_one()
        owed = db.execute(select(Receivable).where(Receivable.origin == "finding")).scalar_one()
        for minor, named in ((60_00, {"refund_request_id": asked.id}),
                             (4_00, {"receivable_id": owed.id}), (1_00, {})):  # fmt: skip
            given = AdvanceWriteOffIn.model_validate(
                {"amount": usd(minor), "effective_on": LATER, "reason": "It burnt."} | named
            )
            made = write_offs.request(db, self.scene.finance, fund, grant, given)
            if named:
                write_offs.approve(db, self.scene.desk.approver, fund, grant, made)

    def beyond(self, db: Session) -> None:
        """Of 150.00 accepted 50.00 wait; a third grant closes with 2.00 unaccounted for."""
        fund, second = self.of(db, 1)
        accepted(db, second, 150_00)
        fund, third = self.of(db, 2)
        a_payment(db, self.scene.desk, fund, third, 42_00, on=date(2026, 5, 3))
        accepted(db, third, 40_00)
        end(db, self.scene.desk.manager, fund, third, "close", closing())

    def more(self, db: Session) -> None:
        """What is not told of what was known before: decisions, payments and another donor's money.

        The stop is lifted and its payment made, the statement corrected, the request withdrawn and
        the write-off approved; a lot of the first donor comes to pay the second grant.
        """
        fund, grant = self.of(db)
        desk, finance = self.scene.desk, self.scene.finance
        hold = db.execute(select(PaymentHold)).scalar_one()
        holds.lift(db, desk.approver, hold, "It is.")
        waits = db.execute(select(Disbursement).where(Disbursement.status == "approved"))
        paying.pay(db, desk.payer, fund, waits.scalar_one(), grant, evidence(LATER))
        asked = db.execute(select(RefundRequest)).scalar_one()
        refund_requests.withdraw(db, finance, grant, asked, "It is spent.")
        left = select(AdvanceWriteOff).where(AdvanceWriteOff.status == "requested")
        write_offs.approve(db, desk.approver, fund, grant, db.execute(left).scalar_one())
        query = select(ExpenditureStatement).where(ExpenditureStatement.grant_id == grant.id)
        accepted(db, grant, 280_00, replaces=db.execute(query).scalar_one())
        donor = db.execute(select(Party).where(Party.code == self.scene.donors[0])).scalar_one()
        a_lot(db, fund, 400_00, donor=donor)
        more = a_grant(db, fund, 300_00, on=LATER)
        a_payment(db, desk, fund, more, 300_00, on=LATER)

    def imported(self, db: Session) -> None:
        """A source knows of a payment of 25.00 and of nobody who signed it."""
        fund, grant = self.of(db, 1)
        on = date(2026, 4, 20)
        made = Disbursement(
            id=uuid7(), code="SOURCE-7/D1", grant_id=grant.id, amount_minor=25_00,
            requested_on=on, paid_on=on, status="paid", created_at=clock.now(),
        )  # fmt: skip
        db.add(made)
        grant.paid_minor += 25_00
        db.flush()
        seq = audit.record(
            db, audit.SYSTEM, "disbursement.imported", "disbursement", made.id,
            fund_id=fund.id, after=snapshot(made),
        )  # fmt: skip
        parts, _ = take(holdings(db, grant.id, "reserved", on), 25_00)
        source = Source("disbursement", made.id, on)
        posting.post(db, seq, reserve.pay(fund.id, source, parts))

    def donors(self, db: Session) -> None:
        """Of an instalment in euros 8.00 were given up by two persons, 5.00 by its source."""
        fund, _ = self.of(db)
        donor = a_party(db)
        _, (one,) = an_active_agreement(db, fund, donor, (90_00, DAY), currency="EUR")
        write_off(db, one, 8_00, DAY)
        one.written_off_minor += 5_00


spent = staged(_spent)
"""A fund from which money went out in every way."""


def off(workbook: Workbook) -> dict[str, int]:
    """Return the controls of figures that do not agree, with what they are off by."""
    tables = {
        sheet.table_name: [
            dict(zip([column.key for column in sheet.columns], row, strict=True))
            for row in (sheet.rows() if callable(sheet.rows) else sheet.rows)
        ]
        for sheet in workbook.sheets
        if isinstance(sheet, Sheet)
    }
    found: dict[str, int] = {}
    for control in controls(workbook):
        assert isinstance(control.formula, Figure)
        figure = sum(
            sign * (1 if term.column is None else row[term.column] or 0)
            for sign, term in signed(control.formula, 1)
            for row in tables[term.table]
            if all(matches(criterion, row[key]) for key, criterion in term.where)
        )
        if figure != control.expected:
            found[control.label] = figure - int(control.expected)
    return found


def rows_of(book: Book, section: Section) -> list[dict[str, Any]]:
    """Return the rows of a section, by column."""
    keys = [key for key, _, _ in section.columns]
    return [dict(zip(keys, row, strict=True)) for row in section.rows(book)]
