"""Seals: how the audit chain covers every transfer, not only the event that it belongs to.

A transaction that posts transfers ends with a seal: a digest of all of them, folded into the
chain after the transaction's last event. The next event's ``previous_hash``, or the head, is the
seal's hash, so no transfer can be changed, added or taken away without breaking the chain. A seal
covers the transfers of the events after the seal before it, up to its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, Session, mapped_column

from fundops import driver
from fundops.audit import canonical, lock_head
from fundops.db import Base, before_commit

Line = tuple[int, int, str]
"""A transfer as a seal covers it: its event's number, its line in it, and its text."""


class PostedDigest(Base):
    """The seal after one event: what was posted up to it. Append-only by trigger.

    ``event_seq`` is the last event of the transaction that posted, ``transfers`` how many transfers
    are covered, ``digest`` SHA-256 of their texts, ``hash`` the chain's state after the seal.
    """

    __tablename__ = "posted_digests"
    __table_args__ = (CheckConstraint("transfers > 0", name="not_empty"),)

    event_seq: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("audit_events.seq"), primary_key=True, autoincrement=False
    )
    transfers: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


def seal_hash(previous: bytes, event_seq: int, transfers: int, digest: bytes) -> bytes:
    """Return the chain's state after a seal, from the hash of its event and its own columns."""
    covered = {"event_seq": event_seq, "transfers": transfers, "digest": digest.hex()}
    return hashlib.sha256(previous + canonical(covered).encode()).digest()


def digest_of(texts: Iterable[str]) -> bytes:
    """Return the digest of transfers' texts, in order, a line feed after each."""
    covered = hashlib.sha256()
    for one in texts:
        covered.update(one.encode() + b"\n")
    return covered.digest()


def note(db: Session, lines: Iterable[Line]) -> None:
    """Note transfers that this transaction has posted, for its seal.

    They belong to events of this transaction: those of an earlier one are sealed already.
    """
    first = lock_head(db).first
    noted: list[Line] = db.info.setdefault("posted", [])
    for line in lines:
        assert line[0] > first, "transfers belong to an event of their own transaction"
        noted.append(line)


def seal(db: Session) -> None:
    """Fold what this transaction has posted into the chain."""
    noted: list[Line] = db.info.pop("posted", [])
    if not noted:
        return
    noted.sort()
    head = lock_head(db)
    digest = digest_of(text for _, _, text in noted)
    head.hash = seal_hash(head.hash, head.seq, len(noted), digest)
    row = (head.seq, len(noted), digest, head.hash)
    connection = db.connection()
    driver.run(connection, _appending(connection.dialect.name, row))


before_commit(seal, at_last=True)

_SEAL = "INSERT INTO posted_digests (event_seq, transfers, digest, hash) VALUES "
_MOVE_HEAD = "UPDATE audit_head SET hash = "


def _appending(dialect: str, row: tuple[Any, ...]) -> list[driver.Step]:
    if dialect == "sqlite":
        return [(f"{_SEAL}(?, ?, ?, ?)", [row]), (f"{_MOVE_HEAD}?", [(row[-1],)])]
    both = f"WITH head AS ({_MOVE_HEAD}%s) {_SEAL}{driver.values_list(1, 4)}"
    return [(both, [(row[-1], *row)])]
