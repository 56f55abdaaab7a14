"""The chain covers every transfer: whatever is changed in one, added or taken away is found."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fundops import audit, chain, seals
from fundops.audit import AuditEvent
from fundops.db import Database
from fundops.ledger import checks, posting, sealing
from fundops.ledger.models import Fund, Transfer
from fundops.ledger.posting import AccountRef, Movement
from fundops.seals import PostedDigest
from tests.depth import DEPTH
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import a_grant
from tests.migrations.schemas import guards_of
from tests.staged import staged
from tests.world import World

AMOUNT = 500


@dataclass
class Awarded:
    """A fund whose one lot carries two grants of the same amount, awarded on the same day."""

    fund_id: UUID
    lot_id: UUID
    grants: tuple[UUID, UUID]


def with_two_awarded(world: World) -> Awarded:
    """Award two equal grants, each in a transaction of its own, and record something after."""
    database = world.database
    with database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        lot_id = a_lot(db, fund, 10_000).id
    grants = []
    for _ in range(2):
        with database.write() as db:
            audit.lock_head(db)
            grants.append(a_grant(db, db.get_one(Fund, fund.id), AMOUNT).id)
    with database.write() as db:
        audit.record(db, audit.SYSTEM, "thing.done", "thing")
    return Awarded(fund.id, lot_id, (grants[0], grants[1]))


awarded = staged(with_two_awarded)


@contextmanager
def keys_to(database: Database) -> Iterator[Connection]:
    """Open a transaction of somebody who may drop the guards, and who leaves no trace."""
    with database.writer.connect() as connection, connection.begin() as transaction:
        for name in guards_of(connection):
            kind, _, rest = name.partition(" ")
            table, _, trigger = rest.partition(".")
            if kind == "trigger":
                on = "" if database.is_sqlite else f" ON {table}"
                connection.execute(text(f"DROP TRIGGER {trigger}{on}"))
        yield connection
        transaction.rollback()


def found_in(connection: Connection) -> set[str]:
    return {one.check for one in checks.run(Session(connection))}


def bound(database: Database, value: UUID) -> Any:
    return value.hex if database.is_sqlite else value


def test_what_is_whole_is_found_whole(database: Database, awarded: Awarded) -> None:
    with keys_to(database) as connection:
        assert found_in(connection) == set()
    with database.read() as db:
        covered = [seal.transfers for seal in db.query(PostedDigest).order_by("event_seq")]
    assert covered == [2, 1, 1]


def test_two_equal_reservations_cannot_change_grants(database: Database, awarded: Awarded) -> None:
    """Consistently: both rows, accounts and all, so that every total and register still agrees."""
    one, two = awarded.grants
    accounts = {
        grant: AccountRef(awarded.fund_id, "reserved", awarded.lot_id, grant).id
        for grant in (one, two)
    }
    swap = text(
        "UPDATE transfers SET grant_id = CASE grant_id WHEN :one THEN :two ELSE :one END, "
        "source_id = CASE grant_id WHEN :one THEN :two ELSE :one END, credit_account_id = "
        "CASE grant_id WHEN :one THEN :second ELSE :first END WHERE kind = 'reserve'"
        if database.is_sqlite
        else "UPDATE transfers SET grant_id = CASE grant_id WHEN :one THEN CAST(:two AS uuid) "
        "ELSE CAST(:one AS uuid) END, source_id = CASE grant_id WHEN :one THEN "
        "CAST(:two AS uuid) ELSE CAST(:one AS uuid) END, credit_account_id = CASE grant_id "
        "WHEN :one THEN CAST(:second AS uuid) ELSE CAST(:first AS uuid) END "
        "WHERE kind = 'reserve'"
    )
    values = {"one": one, "two": two, "first": accounts[one], "second": accounts[two]}
    with keys_to(database) as connection:
        changed = connection.execute(swap, {k: bound(database, v) for k, v in values.items()})
        assert changed.rowcount == 2
        assert found_in(connection) == {"transfers_sealed"}


@pytest.mark.parametrize(
    "every", [10, pytest.param(3 if DEPTH == 1 else 1, marks=pytest.mark.slow)]
)
def test_every_changed_byte_of_a_transfer_is_found(
    database: Database, awarded: Awarded, every: int
) -> None:
    """Each column of each row, as far as the database takes another value there.

    A quick run tries each tenth change, which meets every column; a slow one each third, and all
    at greater depth.
    """
    tried, missed, turn = Counter[str](), [], 0
    with database.reader.connect() as connection:
        rows = connection.execute(text("SELECT * FROM transfers")).mappings().all()
    for row in rows:
        for column in sealing.COLUMNS:
            for other in {*others(row[column])} - {row[column]}:
                turn += 1
                if turn % every:
                    continue
                found = after_update(database, column, row["id"], other)
                if found is not None:
                    tried[column] += 1
                    missed += [] if found else [(column, row[column], other)]
    assert missed == []
    assert tried.total() >= 100 // every
    assert len(tried) > 4


def others(value: Any) -> Iterator[Any]:
    """Yield other values beside one, a bit or a step away."""
    match value:
        case None:
            yield UUID(int=1).hex
        case int():
            yield from (value + 1, value - 1, value ^ 1024)
        case str():
            for place in range(0, len(value), 5):
                changed = chr(ord(value[place]) ^ 1)
                yield value[:place] + changed + value[place + 1 :]
            yield from (value.upper(), value + " ")
        case UUID():
            for place in range(0, 16, 3):
                yield UUID(int=value.int ^ (1 << 8 * place))
        case date():
            yield from (value + timedelta(days=1), value - timedelta(days=366))


def after_update(database: Database, column: str, key: Any, value: Any) -> list[str] | None:
    """Return what verifying finds after a change that is undone; ``None`` where it is refused."""
    with keys_to(database) as connection:
        if database.is_sqlite:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        try:
            with connection.begin_nested():
                changed = connection.execute(
                    text(f"UPDATE transfers SET {column} = :new WHERE id = :id"),
                    {"new": value, "id": key},
                )
        except DBAPIError:
            return None
        stored = connection.execute(
            text(f"SELECT count(*) FROM transfers WHERE {column} = :new AND id = :id"),
            {"new": value, "id": value if column == "id" else key},
        )
        if not changed.rowcount or not stored.scalar():
            return None
        return sealing.verify(Session(connection))


DAMAGE = (
    "DELETE FROM transfers WHERE kind = 'reserve'",
    "DELETE FROM posted_digests",
    "DELETE FROM posted_digests WHERE event_seq = (SELECT MAX(event_seq) FROM posted_digests)",
    "UPDATE posted_digests SET transfers = transfers + 1",
    "UPDATE posted_digests SET digest = hash",
    "UPDATE posted_digests SET hash = digest",
    "UPDATE posted_digests SET event_seq = event_seq + 1 "
    "WHERE event_seq = (SELECT MAX(event_seq) FROM posted_digests)",
    "UPDATE transfers SET event_seq = event_seq - 1 WHERE kind = 'reserve'",
    "UPDATE transfers SET line = line + 1",
    "INSERT INTO transfers SELECT {new}, event_seq, line + 1, fund_id, kind, debit_account_id, "
    "credit_account_id, amount_minor, effective_on, lot_id, grant_id, source_type, source_id, "
    "reverses_id FROM transfers WHERE kind = 'opening'",
    "UPDATE audit_head SET hash = (SELECT hash FROM audit_events WHERE seq = audit_head.seq - 1)",
)


def test_other_damage_is_found(database: Database, awarded: Awarded) -> None:
    new = f"'{'f' * 32}'" if database.is_sqlite else f"'{UUID(int=1)}'::uuid"
    for damage in DAMAGE:  # each is undone when its block ends
        with keys_to(database) as connection:
            db = Session(connection)
            assert not sealing.verify(db) + chain.verify_chain(db)
            db.expunge_all()
            connection.execute(text(damage.format(new=new)))
            assert sealing.verify(db) + chain.verify_chain(db), damage


def test_a_seal_made_anew_breaks_the_chain(database: Database, awarded: Awarded) -> None:
    """Whoever changes a transfer and its seal must change every hash after it."""
    with keys_to(database) as connection:
        db = Session(connection)
        connection.execute(text("UPDATE transfers SET source_type = 'x' WHERE kind = 'reserve'"))
        forge_seals(db)
        assert sealing.verify(db) == []
        assert "does not link" in " ".join(chain.verify_chain(db))


def forge_seals(db: Session) -> None:
    """Make every seal fit the transfers that are there, by itself."""
    previous = 0
    for seal in db.query(PostedDigest).order_by(PostedDigest.event_seq):
        covered = db.query(Transfer).filter(
            Transfer.event_seq > previous, Transfer.event_seq <= seal.event_seq
        )
        texts = [
            sealing.text_of(getattr(one, name) for name in sealing.COLUMNS)
            for one in covered.order_by(Transfer.event_seq, Transfer.line)
        ]
        seal.digest = seals.digest_of(texts)
        event = db.get_one(AuditEvent, seal.event_seq)
        seal.hash = seals.seal_hash(event.hash, seal.event_seq, seal.transfers, seal.digest)
        previous = seal.event_seq
    db.flush()


def test_an_anchor_covers_what_the_last_transaction_posted(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        a_lot(db, a_fund(db), 10_000)
    with database.read() as db:
        seq = audit.sequence_at(db, None)
        anchor = audit.hash_at(db, seq)
    with keys_to(database) as connection:
        forger = Session(connection)
        assert chain.verify_against(forger, seq, anchor) == []
        connection.execute(text("UPDATE transfers SET source_type = 'x'"))
        forge_seals(forger)
        [seal] = forger.query(PostedDigest)
        connection.execute(text("UPDATE audit_head SET hash = :hash"), {"hash": seal.hash})
        assert sealing.verify(forger) + chain.verify_chain(forger) == [], "it cannot know"
        assert chain.verify_against(forger, seq, anchor) != []


def test_an_auditor_needs_only_sha256(database: Database, awarded: Awarded) -> None:
    """Recompute a seal from the documented text alone, with nothing of ours."""
    with database.read() as db:
        seal = db.query(PostedDigest).order_by(PostedDigest.event_seq.desc()).first()
        assert seal is not None
        event = db.get_one(AuditEvent, seal.event_seq)
        [transfer] = db.query(Transfer).filter_by(event_seq=seal.event_seq)
        following = db.get_one(AuditEvent, seal.event_seq + 1)
    row = [
        transfer.id.hex, transfer.event_seq, 0, awarded.fund_id.hex, "reserve",
        transfer.debit_account_id.hex, transfer.credit_account_id.hex, AMOUNT,
        transfer.effective_on.isoformat(), awarded.lot_id.hex, awarded.grants[1].hex, "grant",
        awarded.grants[1].hex, None,
    ]  # fmt: skip
    line = json.dumps(row, separators=(",", ":")) + "\n"
    digest = hashlib.sha256(line.encode()).hexdigest()
    covered = f'{{"digest":"{digest}","event_seq":{seal.event_seq},"transfers":1}}'
    sealed = hashlib.sha256(bytes(event.hash) + covered.encode()).digest()
    assert (bytes(seal.digest).hex(), bytes(seal.hash)) == (digest, sealed)
    assert bytes(following.previous_hash) == sealed


def test_posting_under_an_event_of_another_transaction_is_refused(
    database: Database, awarded: Awarded
) -> None:
    late = Movement(
        "opening", AccountRef(awarded.fund_id, "bank"), AccountRef(awarded.fund_id, "opening"),
        5, date(2026, 1, 1), "test", awarded.fund_id,
    )  # fmt: skip
    with pytest.raises(AssertionError, match="own transaction"), database.write() as db:
        posting.post(db, audit.lock_head(db).seq, [late])


def test_control_a_posting_that_is_not_noted_is_seen(
    database: Database, awarded: Awarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "note", lambda *_: None)
    with database.writer.connect() as connection, connection.begin() as transaction:
        db = Session(connection)
        db.info["audit_head"] = None
        audit.lock_head(db)
        a_lot(db, db.get_one(Fund, awarded.fund_id), 100)
        db.flush()
        assert found_in(connection) == {"transfers_sealed", "registers_told"}
        transaction.rollback()
