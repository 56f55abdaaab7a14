"""Ed25519 signatures of what the fund gives out, so that anyone can prove later that it did.

The key comes from the setting ``signing_key``; without one, a key is made once in the folder of
files, so that a small office needs no set-up. Its public half stays listed for ever in
``keys/<key id>.pem``: what was signed with a key that is no longer used can still be verified,
here or with ``openssl pkeyutl -verify -rawin``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fundops.errors import Problem
from fundops.folders import make_folder, write_aside
from fundops.messages import text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

KEY_FILE, PUBLIC_FOLDER = "signing.key", "keys"
KEY_ID = re.compile(r"[0-9a-f]{16}")


class BadKey(ValueError):
    """What should be an Ed25519 key in PEM is none."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature in base64, and the id of the key that made it."""

    key_id: str
    signature: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that signatures may be verified with; ``is_current`` if it still signs."""

    key_id: str
    pem: str
    is_current: bool


class Signer:
    """Signs with the one current key; loaded, or made, when it is first needed."""

    def __init__(self, folder: str | Path, pem: str = "") -> None:
        self.folder = Path(folder)
        self._given = pem
        self._loaded: tuple[object, Ed25519PrivateKey, str] | None = None

    def sign(self, data: bytes) -> Signed:
        """Return the signature of ``data`` by the current key. Raises ``BadKey``."""
        key, its_id = self._key()
        return Signed(its_id, base64.b64encode(key.sign(data)).decode())

    @property
    def key_id(self) -> str:
        """The id of the current key: the first 16 hex digits of its public half's SHA-256."""
        return self._key()[1]

    def public_keys(self) -> list[PublicKey]:
        """Return every public key, the current one first, the others by id."""
        current = self.key_id
        found = [
            PublicKey(path.stem, path.read_text(encoding="ascii"), path.stem == current)
            for path in sorted((self.folder / PUBLIC_FOLDER).glob("*.pem"))
            if KEY_ID.fullmatch(path.stem)
        ]
        return sorted(found, key=lambda key: not key.is_current)

    def verify(self, data: bytes, signed: Signed) -> bool:
        """Return whether one of our keys, past or present, signed ``data`` so."""
        for key in self.public_keys():
            if key.key_id == signed.key_id:
                return verify(key.pem, data, signed.signature)
        return False

    def rotate(self) -> str:
        """Make a new key and sign with it from now on; return its id.

        Raises ``conflict`` when the key is given by a setting, which only its owner can change.
        """
        if self._given:
            raise Problem("conflict", detail=text("signing.key_is_set"))
        self._key()  # so that the public half of the present key is listed
        new = _new_pem()
        write_aside(self.folder / KEY_FILE, new.encode("ascii"), replaces=True)
        return self.key_id

    def _key(self) -> tuple[Ed25519PrivateKey, str]:
        stamp: object = self._given
        if not self._given:
            path = self.folder / KEY_FILE
            if not path.exists():
                make_folder(self.folder)
                write_aside(path, _new_pem().encode("ascii"), replaces=False)
            status = path.stat()
            stamp = (status.st_ino, status.st_mtime_ns)
        if self._loaded is None or self._loaded[0] != stamp:
            pem = self._given or (self.folder / KEY_FILE).read_text(encoding="ascii")
            key = _private_key(pem)
            self._loaded = stamp, key, self._list(key.public_key())
        return self._loaded[1], self._loaded[2]

    def _list(self, public: Ed25519PublicKey) -> str:
        """Keep the public half of a key; return its id."""
        its_id = key_id(public)
        folder = self.folder / PUBLIC_FOLDER
        make_folder(folder)
        path = folder / f"{its_id}.pem"
        if not path.exists():
            write_aside(path, public_pem(public).encode("ascii"), replaces=True)
        return its_id


def key_id(public: Ed25519PublicKey) -> str:
    """Return the first 16 hex digits of the SHA-256 of a public key's 32 bytes."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def public_pem(public: Ed25519PublicKey) -> str:
    """Return a public key as ``openssl`` reads it: PEM of its SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives import serialization

    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def verify(pem: str, data: bytes, signature: str) -> bool:
    """Return whether ``signature`` (base64) of ``data`` was made by the key whose half ``pem`` is.

    Raises ``BadKey`` when ``pem`` is no Ed25519 public key.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = serialization.load_pem_public_key(pem.encode())
    except ValueError as error:
        raise BadKey("no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey("no Ed25519 key")
    try:
        key.verify(base64.b64decode(signature, validate=True), data)
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _private_key(pem: str) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey(text("signing.bad_key")) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(text("signing.bad_key"))
    return key


def _new_pem() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )
