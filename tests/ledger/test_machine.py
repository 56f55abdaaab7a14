"""Random postings on the real ledger and on an independent one, step by step the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from fundops import audit
from fundops.db import Database
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.ledger import balances, checks, posting
from fundops.ledger.models import Transfer
from fundops.ledger.posting import Movement
from tests.depth import DEPTH
from tests.ledger.conftest import Books, open_books, violations
from tests.ledger.reference import (
    KINDS,
    PER_GRANT_AND_LOT,
    PER_LOT,
    PER_PARTY,
    Entry,
    Key,
    Reference,
)

FIRST = date(2025, 12, 29)
DAYS = 40  # three months, two of them in part
AMOUNTS = st.integers(1, 300)

# Most random movements would be refused for want of money; these bring some in.
SOURCES = ("receipt", "opening", "interest", "advance", "refund")


class LedgerMachine(RuleBasedStateMachine):
    """Posts, reverses and repeats at random, and compares every figure with the reference."""

    database: Database

    @initialize()
    def open(self) -> None:
        """Open a fund of this run's own."""
        with self.database.write() as db:
            self.books: Books = open_books(db)
            self.first_seq = audit.lock_head(db).seq
        self.reference = Reference()
        self.last: list[Movement] = []
        self.posted: dict[UUID, Movement] = {}

    @rule(
        data=st.data(),
        count=st.integers(1, 4),
        on=st.integers(0, DAYS - 1),
        favour=st.booleans(),
    )
    def post(self, data: st.DataObject, count: int, on: int, favour: bool) -> None:
        """Post some movements of any kinds at once."""
        movements = [self._movement(data, FIRST + timedelta(on), favour) for _ in range(count)]
        self._attempt(movements)

    @precondition(lambda self: self.reference.standing())
    @rule(data=st.data(), replace=st.booleans())
    def reverse(self, data: st.DataObject, replace: bool) -> None:
        """Undo a movement, perhaps together with its replacement."""
        entry = data.draw(st.sampled_from(self.reference.standing()))
        with self.database.read() as db:
            transfer = db.get_one(Transfer, entry.id)
            undoing = posting.reversal_of(db, [transfer], source_type="test", source_id=uuid4())
        if replace:
            undoing.append(self._again(entry, data.draw(AMOUNTS)))
        self._attempt(undoing)

    @precondition(lambda self: self.last)
    @rule()
    def retry(self) -> None:
        """Post the very same movements again, which books nothing."""
        self._attempt(self.last, expect={"already-exists"})

    @precondition(lambda self: self.reference.entries)
    @rule(data=st.data(), on=st.integers(-1, DAYS), back=st.integers(0, 4))
    def ask(self, data: st.DataObject, on: int, back: int) -> None:
        """Ask for one balance on some day as known at some sequence number."""
        key = data.draw(st.sampled_from(self.reference.accounts()))
        day = FIRST + timedelta(on)
        known = data.draw(st.sampled_from([e.seq for e in self.reference.entries])) - back
        with self.database.read() as db:
            ref = self.books.ref(*key)
            assert balances.as_of(db, ref, day, known) == self.reference.balance(key, day, known)
            assert balances.as_of(db, ref, day) == self.reference.balance(key, day)

    @invariant()
    def present_figures_agree(self) -> None:
        """Compare counters and the trial balance, and run the ledger's own checks."""
        if not hasattr(self, "reference"):
            return
        with self.database.read() as db:
            for key in self.reference.accounts():
                ref = self.books.ref(*key)
                assert balances.now(db, ref) == self.reference.balance(key), key
            found = balances.by_kind(db, self.books.fund_id)
            assert nonzero({k: b.minor for k, b in found.items()}) == nonzero(
                self.reference.by_kind()
            )
            assert violations(db) == []
            stored = select(func.count()).select_from(Transfer)
            mine = stored.where(Transfer.fund_id == self.books.fund_id)
            assert db.execute(mine).scalar_one() == len(self.reference.entries)

    def teardown(self) -> None:
        """Compare every past date with every state of knowledge by brute force."""
        if not hasattr(self, "reference"):
            return
        known_at = [None, self.first_seq, *sorted({e.seq for e in self.reference.entries})]
        days = [FIRST + timedelta(n) for n in (-1, 0, 2, 3, 4, 20, 33, 34, 35, DAYS)]
        lots = set(self.books.lots)
        with self.database.read() as db:
            mine = select(Lot.id).where(Lot.id.in_(lots))
            for known in known_at:
                for day in days:
                    kinds = balances.by_kind(db, self.books.fund_id, day, known)
                    assert nonzero({k: b.minor for k, b in kinds.items()}) == nonzero(
                        self.reference.by_kind(day, known)
                    ), (day, known)
                    held = balances.held_as_of(db, mine, day, known)
                    assert nonzero(held) == nonzero(self.reference.held(lots, day, known))

    def _attempt(self, movements: list[Movement], expect: set[str] | None = None) -> None:
        entries = [self._entry(movement) for movement in movements]
        expected = self.reference.refusals(entries)
        if expect is not None:
            assert expected & expect
        if expected:
            with pytest.raises(Problem) as told:
                self._write(movements)
            assert told.value.slug in expected
            return
        seq = self._write(movements)
        self.last = movements
        for movement, entry in zip(movements, entries, strict=True):
            self.posted[movement.id] = movement
            self.reference.entries.append(
                Entry(entry.id, entry.debit, entry.credit, entry.amount, entry.on, seq,
                      entry.reverses)
            )  # fmt: skip

    def _write(self, movements: list[Movement]) -> int:
        with self.database.write() as db:
            seq = audit.record(db, audit.SYSTEM, "test.posted", "test")
            posting.post(db, seq, movements)
        return seq

    def _movement(self, data: st.DataObject, on: date, favour: bool) -> Movement:
        kind = data.draw(st.sampled_from(SOURCES if favour else sorted(KINDS)))
        lot = data.draw(st.sampled_from(self.books.lots))
        grant = data.draw(st.sampled_from(self.books.grants))
        debit, credit = (self.books.ref(*self._key(k, lot, grant)) for k in KINDS[kind])
        amount = data.draw(AMOUNTS) * (5 if favour else 1)
        return Movement(kind, debit, credit, amount, on, "test", uuid4(), lot, grant)

    def _key(self, kind: str, lot: UUID, grant: UUID) -> Key:
        return (
            kind,
            lot if kind in PER_LOT | PER_GRANT_AND_LOT else None,
            grant if kind in PER_GRANT_AND_LOT else None,
            self.books.party if kind in PER_PARTY else None,
        )

    def _again(self, entry: Entry, amount: int) -> Movement:
        before = self.posted[entry.id]
        return Movement(
            before.kind, before.debit, before.credit, amount, entry.on, "test", uuid4(),
            before.lot_id, before.grant_id,
        )  # fmt: skip

    @staticmethod
    def _entry(movement: Movement) -> Entry:
        debit, credit = (
            (ref.kind, ref.lot_id, ref.grant_id, ref.party_id)
            for ref in (movement.debit, movement.credit)
        )
        return Entry(
            movement.id, debit, credit, movement.amount_minor, movement.effective_on, 0,
            movement.reverses_id,
        )  # fmt: skip


NOTICED = (AssertionError, Flaky, BaseExceptionGroup)
"""How a planted bug ends a run; what it left in the database may stay wrong for the next try."""


def nonzero(balances: dict[str, int]) -> dict[str, int]:
    return {kind: amount for kind, amount in balances.items() if amount}


def run_machine(database: Database, examples: int, steps: int, *, planted: bool = False) -> None:
    """Run the machine on a database; with a planted bug, without looking for the least example."""
    machine = type("Machine", (LedgerMachine,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.generate] if planted else list(Phase),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )


def test_the_ledger_is_the_reference(ledger: Database) -> None:
    run_machine(ledger, examples=3, steps=12)
    ledger.close()


@pytest.mark.slow
def test_the_ledger_is_the_reference_at_length(ledger: Database) -> None:
    run_machine(ledger, examples=10 * DEPTH, steps=30)
    ledger.close()


def gross_instead_of_net(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``_net`` that forgets the month totals of credits."""

    def broken(*arguments: Any) -> Any:
        counters, days, months = real(*arguments)
        return counters, days, [(a, m, d, 0) for a, m, d, _ in months]

    return broken


def first_only(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``_net`` that leaves out the last account's counters."""

    def broken(*arguments: Any) -> Any:
        counters, days, months = real(*arguments)
        return counters[:-1] if len(counters) > 2 else counters, days, months

    return broken


@pytest.mark.parametrize("plant", [gross_instead_of_net, first_only])
def test_a_wrong_net_would_be_noticed(
    ledger: Database, monkeypatch: pytest.MonkeyPatch, plant: Callable[..., Any]
) -> None:
    monkeypatch.setattr(posting, "_net", plant(posting._net))
    with pytest.raises(NOTICED):
        run_machine(ledger, examples=6, steps=12, planted=True)
    ledger.close()


def test_a_wrong_past_balance_would_be_noticed(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = balances.by_kind

    def without_knowledge(db: Any, fund_id: UUID, on: Any = None, known: Any = None) -> Any:
        return real(db, fund_id, on, None)

    monkeypatch.setattr(balances, "by_kind", without_knowledge)
    with pytest.raises(NOTICED):
        run_machine(ledger, examples=6, steps=12, planted=True)
    ledger.close()


def test_the_checks_named_here_are_there() -> None:
    from tests.ledger.conftest import LEDGER_CHECKS

    names = {check.name for check in checks.CHECKS} | {"audit_chain"}
    assert set(LEDGER_CHECKS) <= names
