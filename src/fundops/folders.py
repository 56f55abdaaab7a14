"""Folders and files of this user alone, written so that they are whole or not there."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path) -> Path:
    """Return ``folder``; it and those above it that are missing are made for this user alone."""
    for one in (*reversed(folder.parents), folder):
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file, readable by this user alone; it is on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_aside(path: Path, content: bytes, *, replaces: bool) -> None:
    """Write a file that is whole or not there; one that is there stays unless it is replaced."""
    aside = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        write_durably(aside, content)
        if replaces:
            aside.replace(path)
        else:
            with suppress(FileExistsError):  # of two that make the first, both take one
                os.link(aside, path)
        sync_folder(path.parent)
    finally:
        aside.unlink(missing_ok=True)
