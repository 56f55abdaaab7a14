"""Contents of files, each at an address that is the SHA-256 of what it holds.

A content is written aside, made durable and only then given its name, before the database commits
the row that refers to it: a row without its content cannot be, a content without its row is an
orphan that a sweep removes. No name that a client chose is ever part of a path.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fundops.files.spool import Spool
from fundops.folders import make_folder, sync_folder, write_durably

_ADDRESS = re.compile(r"[0-9a-f]{64}")


class ContentMissing(Exception):
    """There is no content at this address."""


class ContentDamaged(Exception):
    """The content at this address is not what its address says."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One content in the store: its address, size in bytes and when it was last asked for."""

    sha256: str
    size: int
    touched_at: float


class Store:
    """The folder of contents; it is made when something is first put into it."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.spool = Spool(self.path / "spool")

    def read(self, sha256: str) -> bytes:
        """Return a content, verified. Raises ``ContentMissing`` or ``ContentDamaged``."""
        try:
            content = self._place(sha256).read_bytes()
        except FileNotFoundError:
            raise ContentMissing(sha256) from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ContentDamaged(sha256)
        return content

    def add(self, content: bytes) -> str:
        """Keep ``content``, durably, and return its address; the same content is kept once."""
        sha256 = hashlib.sha256(content).hexdigest()
        place = self._place(sha256)
        make_folder(place.parent)
        with self._guard(fcntl.LOCK_SH):
            if place.exists() and self._is_whole(sha256):
                os.utime(place)  # it may be an orphan: from now on it is a young one
                return sha256
            aside = self.aside / os.urandom(16).hex()
            try:
                write_durably(aside, content)
                aside.replace(place)
            finally:
                aside.unlink(missing_ok=True)
            sync_folder(place.parent)
        return sha256

    def contents(self) -> Iterator[Kept]:
        """Yield every content there is, by address."""
        for folder in sorted(self.path.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(folder.iterdir()):
                if _ADDRESS.fullmatch(path.name):
                    status = path.stat()
                    yield Kept(path.name, status.st_size, status.st_mtime)

    def left_aside(self) -> Iterator[tuple[Path, float]]:
        """Yield what a crash left half written, with the time of its last change."""
        folder = self.path / "aside"
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            yield path, path.stat().st_mtime

    def remove(self, sha256: str, untouched_since: float) -> bool:
        """Remove a content unless it was put in again after ``untouched_since`` (epoch seconds)."""
        place = self._place(sha256)
        with self._guard(fcntl.LOCK_EX), suppress(FileNotFoundError):
            if place.stat().st_mtime <= untouched_since:
                place.unlink()
                return True
        return False

    @property
    def aside(self) -> Path:
        """The folder in which contents are written before they get their address."""
        return make_folder(self.path / "aside")

    def _place(self, sha256: str) -> Path:
        if not _ADDRESS.fullmatch(sha256):
            raise ContentMissing(sha256)
        return self.path / sha256[:2] / sha256

    def _is_whole(self, sha256: str) -> bool:
        try:
            self.read(sha256)
        except (ContentMissing, ContentDamaged):
            return False
        return True

    @contextmanager
    def _guard(self, kind: int) -> Iterator[None]:
        """Keep adding and sweeping apart, also between processes."""
        descriptor = os.open(
            make_folder(self.path) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)
