"""Files of banks, kept: packed, encrypted, and known by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import zlib
from base64 import b64decode, b64encode
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor
from fundops.banking import port
from fundops.banking.models import BankFile
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.messages import text
from fundops.vault import Vault

KEY_BYTES, NONCE_BYTES = 32, 12
MAX_UNPACKED = 64 * 2**20


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(content).hexdigest()


def known(db: Session, fund_id: UUID, kind: str, digest: str) -> BankFile | None:
    """Return the file of a fund with this SHA-256, if it was kept before."""
    query = select(BankFile).where(
        BankFile.fund_id == fund_id, BankFile.kind == kind, BankFile.sha256 == digest
    )
    return db.execute(query).scalar_one_or_none()


def keep(
    db: Session,
    actor: Actor,
    vault: Vault,
    fund_id: UUID,
    kind: str,
    content: bytes,
    *,
    batch_id: UUID | None = None,
) -> BankFile:
    """Keep a file of a fund, encrypted under a key of its own."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    file_id, digest = uuid7(), sha256(content)
    key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
    packed = zlib.compress(content, 6)
    secret = port.seal(db, vault, {"key": b64encode(key).decode()}, "bank_file", file_id, fund_id)
    kept = BankFile(
        id=file_id,
        fund_id=fund_id,
        batch_id=batch_id,
        kind=kind,
        sha256=digest,
        size_bytes=len(content),
        content=nonce + AESGCM(key).encrypt(nonce, packed, digest.encode()),
        details=secret.details,
        key_id=secret.key_id,
        kept_by_id=actor.person_id,
        created_at=clock.now(),
    )
    db.add(kept)
    db.flush()
    return kept


def content_of(vault: Vault, kept: BankFile) -> bytes:
    """Return a kept file. Raises ``conflict`` unless it is the very file that was kept."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    secret = port.Secret(kept.details, kept.key_id)
    key = b64decode(port.unseal(vault, secret, "bank_file", kept.id, kept.fund_id)["key"])
    nonce, body = kept.content[:NONCE_BYTES], kept.content[NONCE_BYTES:]
    try:
        packed = AESGCM(key).decrypt(nonce, body, kept.sha256.encode())
        content = zlib.decompressobj().decompress(packed, MAX_UNPACKED)
    except (InvalidTag, zlib.error):
        content = b""
    if sha256(content) != kept.sha256:
        raise Problem("conflict", detail=text("banking.file_altered"))
    return content
