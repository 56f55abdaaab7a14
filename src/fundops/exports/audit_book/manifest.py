"""The manifest beside an audit workbook: what was asked, what came of it, and who signs for it.

It is canonical JSON in one line: ``manifest`` and a ``signature`` over the canonical text of that.
The time of making and the chain's head then stand here and not in the workbook, so the same
question gives the same workbook.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import __version__, audit, clock
from fundops.audit import AuditHead
from fundops.calls.models import Call
from fundops.errors import Problem
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import Question, Reader, Scope, ScopeKind, in_words
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.signing import Signed

FORMAT = "fundops-audit-workbook-manifest/1"
ALGORITHM = "Ed25519"
SUFFIX = ".manifest.json"
MAX_BYTES = 64 * 1024
"""A manifest is about a kilobyte; what is larger is none."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BadManifest(ValueError):
    """What should be a manifest is none, or was changed."""


class Signs(Protocol):
    """What signs: ``signing.Signer``, or a stand-in."""

    def sign(self, data: bytes) -> Signed:
        """Return the signature of ``data``."""


@dataclass(frozen=True)
class Made:
    """A finished file: its name, its size in bytes and its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Read:
    """A manifest as read: its fields, the text that was signed, and the signature if any."""

    fields: dict[str, Any]
    body: str
    signed: Signed | None


def path_beside(path: Path) -> Path:
    """Return where the manifest of the workbook at ``path`` stands."""
    return path.with_name(path.name + SUFFIX)


def file_name(question: Question) -> str:
    """Return the name of the workbook that answers a question."""
    code = _UNSAFE.sub("-", question.scope.code)
    return f"audit-{code}-{question.as_of_on}-{question.known_seq}.xlsx"


def question_of(db: Session, given: dict[str, Any]) -> Question:
    """Return the question that a manifest or cover gives (see ``check_question``).

    Raises ``not-found`` for what is not in this database.
    """
    fund = db.execute(select(Fund).where(Fund.code == given["fund"])).scalar_one_or_none()
    kind, record_id = ScopeKind(given["scope"]), UUID(given["record_id"])
    found = db.get(_MODELS[kind], record_id)
    if fund is None or found is None or getattr(found, "fund_id", fund.id) != fund.id:
        raise Problem("not-found")
    scope = Scope(kind, fund.id, record_id, found.code)
    on = date.fromisoformat(given["as_of_on"])
    return Question(scope, on, given["known_seq"], Reader(given["reader"]))


_MODELS: dict[ScopeKind, Any] = {
    ScopeKind.FUND: Fund,
    ScopeKind.DONOR: Party,
    ScopeKind.GRANT: Grant,
    ScopeKind.CALL: Call,
}


def code_of(db: Session, kind: ScopeKind, record_id: UUID) -> str:
    """Return the code of the record that a scope names."""
    code: str = db.get_one(_MODELS[kind], record_id).code
    return code


def body_of(book: Book, made: Made) -> str:
    """Return the canonical text that is signed."""
    db = book.db
    head = db.execute(select(AuditHead.seq)).scalar_one()
    return audit.canonical(
        {
            "format": FORMAT,
            "question": in_words(book.question, book.fund.code, book.language),
            "known_at": book.known_at,
            "file": {"name": made.name, "size": made.size, "sha256": made.sha256},
            "chain": {
                "known": {"seq": book.seq, "hash": audit.hash_at(db, book.seq).hex()},
                "made": {"seq": head, "hash": audit.hash_at(db, head).hex()},
            },
            "software": {"name": "fundops", "version": __version__},
            "made_at": clock.now(),
        }
    )


def signed_text(body: str, signer: Signs | None) -> str:
    """Return the manifest's text with the signature over ``body``, or none without a signer."""
    signature = None
    if signer is not None:
        by = signer.sign(body.encode())
        signature = {"algorithm": ALGORITHM, "key_id": by.key_id, "value": by.signature}
    return audit.canonical({"manifest": json.loads(body), "signature": signature}) + "\n"


def read(data: bytes) -> Read:
    """Return what a manifest says. Raises ``BadManifest`` unless it is exactly of our form."""
    if len(data) > MAX_BYTES:
        raise BadManifest
    try:
        whole = json.loads(data.decode("utf-8"))
        if data.decode() != audit.canonical(whole) + "\n":
            raise BadManifest
        fields, signature = whole["manifest"], whole["signature"]
        _check(fields)
        by = None
        if signature is not None:
            if signature["algorithm"] != ALGORITHM:
                raise BadManifest
            by = Signed(str(signature["key_id"]), str(signature["value"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadManifest from error
    return Read(fields, audit.canonical(fields), by)


def _check(fields: dict[str, Any]) -> None:
    """Raise one of the errors that ``read`` expects unless all that is used of it is there."""
    digests = [fields["file"]["sha256"], *(fields["chain"][one]["hash"] for one in _POINTS)]
    numbers = [fields["file"]["size"], *(fields["chain"][one]["seq"] for one in _POINTS)]
    if fields["format"] != FORMAT or not all(_DIGEST.fullmatch(one) for one in digests):
        raise BadManifest
    if not all(type(one) is int and 0 <= one < 2**63 for one in numbers):
        raise BadManifest
    check_question(fields["question"])


_POINTS = ("known", "made")
_ASKED = {
    "as_of_on": str, "fund": str, "known_seq": int, "language": str, "layout": int, "reader": str,
    "record_id": str, "scope": str,
}  # fmt: skip


def check_question(given: dict[str, Any]) -> None:
    """Raise ``BadManifest`` or ``ValueError`` unless ``given`` is what ``in_words`` gives."""
    if {key: type(value) for key, value in given.items()} != _ASKED:
        raise BadManifest
    date.fromisoformat(given["as_of_on"])
    Reader(given["reader"])
    ScopeKind(given["scope"])
    UUID(given["record_id"])
    if not 0 <= given["known_seq"] < 2**63:
        raise BadManifest


def hashed(pieces: Any, name: str, into: Any = None) -> Made:
    """Run through the pieces of a file, writing them to ``into`` if given; return what it is."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if into is not None:
            into.write(piece)
    return Made(name, size, digest.hexdigest())
