"""Idempotency keys: a retried POST gets its first answer again and does nothing twice.

Keys are kept per person. Only 2xx answers are stored: a refused request changed nothing and may
be sent again. A second caller waits on the write lock, then finds the first one's answer.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, Session, mapped_column

from fundops import clock, driver
from fundops.db import Base, Text, id_encoder
from fundops.errors import Problem

HEADER = "idempotency-key"
DRY_RUNS = frozenset(
    {
        "/v1/audit_samples/plan",
        "/v1/audit_samples/{audit_sample_id}/check_workbook",
        "/v1/awards/fundable",
        "/v1/calls/{call_id}/what_if",
        "/v1/assignments/{assignment_id}/check_workbook",
        "/v1/assignments/{assignment_id}/validate",
        "/v1/calls/{call_id}/plan_assignments",
        "/v1/incidents/check_status",
        "/v1/payment_batches/{payment_batch_id}/check_results",
        "/v1/progress_reports/{progress_report_id}/check_workbook",
        "/v1/proposals/{proposal_id}/check_workbook",
        "/v1/proposals/{proposal_id}/validate",
    }
)
"""The POSTs that change nothing and so need no key: a question with a body. As routes have them."""

SEALED = frozenset({"/v1/bank_accounts", "/v1/fund_bank_accounts"})
"""The POSTs whose bodies are kept secret: their digests are keyed, so that no body can be guessed
from what is stored of it."""

_KEY = re.compile(r"[\x21-\x7e]{8,128}", re.ASCII)


@cache
def _dry_run() -> re.Pattern[str]:
    """Return the pattern of every address of a dry run."""
    return re.compile("|".join(re.sub(r"\{\w+\}", "[^/]+", path) for path in sorted(DRY_RUNS)))


def is_dry_run(path: str) -> bool:
    """Return whether a POST to the address ``path`` changes nothing and so needs no key."""
    return _dry_run().fullmatch(path) is not None


class IdempotencyKey(Base):
    """One stored answer: who asked what under which key, and what was answered."""

    __tablename__ = "idempotency_keys"

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text(128), primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int]
    etag: Mapped[str | None] = mapped_column(Text(80))
    location: Mapped[str | None] = mapped_column(Text(200))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


@dataclass(frozen=True)
class Answer:
    """A finished answer: status, body bytes and the two headers that belong to it."""

    status: int
    body: bytes
    etag: str | None = None
    location: str | None = None


def require_key(key: str | None) -> str:
    """Return a usable key; raise ``idempotency-key-required`` (400) otherwise."""
    if key is None or _KEY.fullmatch(key) is None:
        raise Problem("idempotency-key-required")
    return key


def request_digest(method: str, path: str, body: bytes, if_match: str | None) -> bytes:
    """Return what makes two requests the same one."""
    parts = [method.encode(), path.encode(), (if_match or "").encode(), body]
    return hashlib.sha256(b"".join(len(p).to_bytes(8) + p for p in parts)).digest()


def stored_answer(db: Session, person_id: UUID, key: str, *digests: bytes) -> Answer | None:
    """Return the answer given under ``key``, or ``None`` when it is new.

    ``digests`` are those that the request may have been stored with.

    Raises ``idempotency-key-reused`` (422) when the key was used for another request.
    """
    connection = db.connection()
    dialect = connection.dialect.name
    rows = driver.rows(connection, _STORED[dialect], (id_encoder(dialect)(person_id), key))
    if not rows:
        return None
    its_digest, status, body, etag, location = rows[0]
    if bytes(its_digest) not in digests:
        raise Problem("idempotency-key-reused")
    return Answer(status, bytes(body), etag, location)


def store_answer(db: Session, person_id: UUID, key: str, digest: bytes, answer: Answer) -> None:
    """Keep ``answer`` under ``key`` in the same transaction as its effects."""
    connection = db.connection()
    dialect = connection.dialect.name
    row = (
        id_encoder(dialect)(person_id), key, digest, answer.status, answer.etag, answer.location,
        answer.body, driver.instant_encoder(dialect)(clock.now()),
    )  # fmt: skip
    driver.run(connection, [(_STORE[dialect], [row])])


_ASKED = (
    "SELECT request_digest, status, body, etag, location FROM idempotency_keys "
    "WHERE person_id = {0} AND key = {0}"
)
_KEPT = (
    "INSERT INTO idempotency_keys (person_id, key, request_digest, status, etag, location, body, "
    "created_at) VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0}, {0})"
)
_STORED = {"sqlite": _ASKED.format("?"), "postgresql": _ASKED.format("%s")}
_STORE = {"sqlite": _KEPT.format("?"), "postgresql": _KEPT.format("%s")}
"""Every POST runs these two, so they go to the driver as they stand."""
