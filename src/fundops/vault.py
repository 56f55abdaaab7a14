"""The vault: what must not be read from a stolen disk is encrypted here, and only here.

Keys come from the setting ``vault_keys``, the current one first; without it, a key is made once in
the folder of files, so that a small office needs no set-up. Every ciphertext stands beside the id
of its key and is bound to the record and the party that it belongs to: copied to another row, it
does not open. Every plaintext is padded to one size, so that a ciphertext's length tells nothing.

Fingerprints find equal numbers without reading any. Each is made with the key of its ciphertext
and made anew when that is rotated: a key that leaked tells nothing of numbers once it is out of
use, and there is no second secret that must be kept for ever. Until a rotation has ended, equal
numbers are looked for under every key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from fundops.config import Settings
from fundops.errors import Problem
from fundops.folders import make_folder, write_aside
from fundops.messages import text

KEY_FILE = "vault.key"
KEY_BYTES, NONCE_BYTES = 32, 12
PADDED_BYTES = 2_048
"""What every plaintext is padded to: the longest account there may be, in any script."""
MAX_KEYS = 20
FORMAT = "v1"

_KEY = re.compile(r"([a-z0-9][a-z0-9_-]{0,31}):([A-Za-z0-9+/_=-]{43,44})", re.ASCII)
_HELD: list[InstrumentedAttribute[str]] = []


class BadKeys(ValueError):
    """What should be a list of keys is none."""


class CannotOpen(Exception):
    """A ciphertext does not open: its key is unknown, or it is not what was sealed here."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ciphertext belongs: it opens nowhere else."""

    record_type: str
    record_id: UUID
    party_id: UUID

    def bound(self, key_id: str) -> bytes:
        """Return what the cipher authenticates beside the text."""
        parts = (FORMAT, key_id, self.record_type, self.record_id.hex, self.party_id.hex)
        return "\n".join(parts).encode()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext, as text, and the id of the key that opens it."""

    key_id: str
    ciphertext: str


@dataclass(frozen=True)
class Key:
    """One key; what encrypts and what makes fingerprints are derived from it, never it itself."""

    key_id: str
    secret: bytes = field(repr=False)

    @cached_property
    def cipher(self) -> Any:
        """The cipher of this key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._derived("encryption"))

    def digest(self, purpose: str, value: bytes) -> str:
        """Return a keyed digest of ``value``, in hex; another for every purpose."""
        return hmac.new(self._derived(purpose), value, hashlib.sha256).hexdigest()

    def _derived(self, purpose: str) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        info = f"fundops vault {FORMAT} {purpose}".encode()
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self.secret)


def holds(column: InstrumentedAttribute[str]) -> None:
    """Say that ``column`` holds ids of keys, which must therefore be known."""
    _HELD.append(column)


def ids_in_use(db: Session) -> Counter[str]:
    """Return the ids of the keys that ciphertexts need, and how many need each."""
    found: Counter[str] = Counter()
    for column in _HELD:
        query = select(column, func.count()).group_by(column)
        for key_id, count in db.execute(query):
            found[key_id] += count
    return found


class Vault:
    """Encrypts with the current key, decrypts with any; the folder's keys are read when needed.

    Raises ``BadKeys`` when the setting is no list of keys.
    """

    def __init__(self, settings: Settings) -> None:
        self.path = Path(settings.files_path) / KEY_FILE
        self._given = _parsed(settings.vault_keys) if settings.vault_keys else ()
        self._loaded: tuple[object, tuple[Key, ...]] | None = None

    @property
    def is_given(self) -> bool:
        """Whether the keys are given by the setting, which only its owner can change."""
        return bool(self._given)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the current one first; none before the first was made."""
        return tuple(key.key_id for key in self._keys())

    def check(self) -> None:
        """Read the keys, as whoever needs them will. Raises ``BadKeys``."""
        self._keys()

    def prepare(self, db: Session) -> None:
        """See to it that there is a key; the first is made where nothing was ever encrypted.

        Raises ``unavailable`` where the key is lost: a new one would only hide that.
        """
        if self._keys():
            return
        if ids_in_use(db):
            raise Problem("unavailable", detail=text("vault.key_lost"))
        make_folder(self.path.parent)
        write_aside(self.path, _line(new_key()), replaces=False)

    def encrypt(self, values: Mapping[str, Any], place: Place) -> Sealed:
        """Return ``values`` encrypted for ``place``. Raises ``unavailable`` without a key."""
        plain = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
        assert len(plain) < PADDED_BYTES, "what is kept here has limits of its own"
        key, nonce = self._current(), os.urandom(NONCE_BYTES)
        padded = plain.ljust(PADDED_BYTES)
        sealed = nonce + key.cipher.encrypt(nonce, padded, place.bound(key.key_id))
        return Sealed(key.key_id, f"{FORMAT}.{base64.urlsafe_b64encode(sealed).decode()}")

    def decrypt(self, sealed: Sealed, place: Place) -> dict[str, Any]:
        """Return what was encrypted for ``place``. Raises ``CannotOpen``."""
        from cryptography.exceptions import InvalidTag

        key = self._named(sealed.key_id)
        shape, _, body = sealed.ciphertext.partition(".")
        try:
            raw = base64.b64decode(body, altchars=b"-_", validate=True)
            if shape != FORMAT or len(raw) <= NONCE_BYTES:
                raise CannotOpen(text("vault.not_ours"))
            nonce, cipher = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
            plain = key.cipher.decrypt(nonce, cipher, place.bound(key.key_id))
        except (InvalidTag, binascii.Error, ValueError):
            raise CannotOpen(text("vault.not_ours")) from None
        found: dict[str, Any] = json.loads(plain)
        return found

    def fingerprint(self, value: str, key_id: str | None = None) -> str:
        """Return the fingerprint of a number under the current key, or under another."""
        key = self._current() if key_id is None else self._named(key_id)
        return key.digest("fingerprint", value.encode())

    def fingerprints(self, value: str) -> tuple[str, ...]:
        """Return every fingerprint that a number may be found by, the current key's first."""
        return tuple(key.digest("fingerprint", value.encode()) for key in self._keys())

    def request_digests(self, digest: bytes) -> tuple[bytes, ...]:
        """Return the keyed digests of a request whose body must not be guessed from its own."""
        return tuple(bytes.fromhex(key.digest("request", digest)) for key in self._keys())

    def add_key(self) -> str:
        """Put a new key in front of those in the folder; return its id.

        Raises ``conflict`` when the keys are given by the setting.
        """
        keys = self._own_keys()
        new = new_key()
        kept = "\n".join(_line(key).decode() for key in (new, *keys))
        write_aside(make_folder(self.path.parent) / KEY_FILE, kept.encode(), replaces=True)
        return new.key_id

    def forget_key(self, key_id: str) -> None:
        """Remove a key from the folder. Raises ``conflict`` for the current one, ``not-found``."""
        keys = self._own_keys()
        if key_id not in self.key_ids:
            raise Problem("not-found")
        if keys[0].key_id == key_id:
            raise Problem("conflict", detail=text("vault.key_current"))
        kept = "\n".join(_line(key).decode() for key in keys if key.key_id != key_id)
        write_aside(self.path, kept.encode(), replaces=True)

    def _own_keys(self) -> tuple[Key, ...]:
        if self._given:
            raise Problem("conflict", detail=text("vault.keys_are_set"))
        return self._keys()

    def _keys(self) -> tuple[Key, ...]:
        if self._given:
            return self._given
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return ()
        stamp = (status.st_ino, status.st_mtime_ns)
        if self._loaded is None or self._loaded[0] != stamp:
            self._loaded = stamp, _parsed(self.path.read_text(encoding="ascii"))
        return self._loaded[1]

    def _current(self) -> Key:
        keys = self._keys()
        if not keys:
            raise Problem("unavailable", detail=text("vault.key_lost"))
        return keys[0]

    def _named(self, key_id: str) -> Key:
        for key in self._keys():
            if key.key_id == key_id:
                return key
        raise CannotOpen(text("vault.unknown_key"))


def new_key() -> Key:
    """Return a new key; its id tells nothing of it."""
    return Key(os.urandom(8).hex(), os.urandom(KEY_BYTES))


def key_line(key: Key) -> str:
    """Return a key as the setting holds it: its id, a colon, its bytes in base64."""
    return f"{key.key_id}:{base64.b64encode(key.secret).decode()}"


def _line(key: Key) -> bytes:
    return f"{key_line(key)}\n".encode()


def _parsed(given: str) -> tuple[Key, ...]:
    """Return the keys of a list, which commas or lines part. Raises ``BadKeys``."""
    keys = []
    for one in re.split(r"[,\s]+", given.strip()):
        match = _KEY.fullmatch(one)
        try:
            altered = match[2].replace("-", "+").replace("_", "/") if match else ""
            secret = base64.b64decode(altered + "=" * (-len(altered) % 4), validate=True)
        except binascii.Error:
            secret = b""
        if match is None or len(secret) != KEY_BYTES:
            raise BadKeys(text("vault.bad_keys"))
        keys.append(Key(match[1], secret))
    if len({key.key_id for key in keys}) < len(keys) or len(keys) > MAX_KEYS:
        raise BadKeys(text("vault.bad_keys"))
    return tuple(keys)
