"""Parts of uploads on their way: one file for each upload, held by one request at a time.

What was received is made durable here before the database says that it was received, so that
after any crash both agree on a point to go on from: the smaller of the two.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from fundops.errors import Problem
from fundops.folders import make_folder

_ID = re.compile(r"[0-9a-f]{32}")


class Part:
    """The file of one upload, open and held."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return os.fstat(self._descriptor).st_size

    def read(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes from ``offset``, or as many as there are."""
        pieces = []
        while count > 0 and (piece := os.pread(self._descriptor, count, offset)):
            pieces.append(piece)
            offset += len(piece)
            count -= len(piece)
        return b"".join(pieces)

    def write(self, offset: int, data: bytes) -> None:
        """Make the file end with ``data`` at ``offset``, durably; what was beyond is dropped."""
        os.ftruncate(self._descriptor, offset)
        left = memoryview(data)
        while left:
            count = os.pwrite(self._descriptor, left, offset)
            left, offset = left[count:], offset + count
        os.fsync(self._descriptor)

    def remove(self) -> None:
        """Remove the file: the upload has come to its end."""
        self._path.unlink(missing_ok=True)


class Spool:
    """The folder of uploads on their way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def size(self, upload_id: UUID) -> int:
        """Return how many bytes of an upload are on disk."""
        try:
            return self._path(upload_id).stat().st_size
        except FileNotFoundError:
            return 0

    @contextmanager
    def held(self, upload_id: UUID) -> Iterator[Part]:
        """Open a block that alone may change an upload; raise ``busy`` if another is in one."""
        make_folder(self.folder)
        path = self._path(upload_id)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Problem("busy") from None
            if os.fstat(descriptor).st_nlink == 0:  # the request before this one has removed it
                raise Problem("busy")
            part = Part(path, descriptor)
            yield part
        finally:
            os.close(descriptor)

    def ids(self) -> list[UUID]:
        """Return the uploads of which something is on disk."""
        if not self.folder.is_dir():
            return []
        names = (path.name for path in sorted(self.folder.iterdir()))
        return [UUID(hex=name) for name in names if _ID.fullmatch(name)]

    def _path(self, upload_id: UUID) -> Path:
        return self.folder / upload_id.hex
