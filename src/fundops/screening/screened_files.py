"""Screening a file before it is kept: in a process of its own, within limits.

Pictures and scans cannot be screened: the answer says so instead of saying that nothing was found.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fundops.forms.sandbox import RECEIVED, Bounds, ChildFailed, run
from fundops.messages import text
from fundops.screening.findings import KINDS, Fingerprints
from fundops.screening.positions import KINDS as PLACES
from fundops.screening.positions import Place
from fundops.screening.scan import Confirmed, is_confirmed

BOUNDS = RECEIVED
"""What a file may be, and what the process that screens it may use."""

READ = frozenset(
    {
        "application/pdf",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "text/csv",
        "text/plain",
    }
)
"""The kinds of file that are read; of any other, nothing is."""


class CannotScreen(Exception):
    """A file that could not be read: ``args[0]`` is ``damaged`` or ``too_demanding``."""


@dataclass(frozen=True, slots=True)
class FileFinding:
    """Personal data in a file: its kind and place. ``item`` is personal data itself."""

    kind: str
    place: Place
    item: str = field(repr=False)

    @property
    def sentence(self) -> str:
        """Where it stands and what it looks like, without what it is."""
        found = text(f"screening.found.{self.kind}")
        return text("screening.in_file", place=self.place.sentence, found=found)


@dataclass(frozen=True, slots=True)
class Screened:
    """What screening a file came to.

    ``findings`` are at most 200; ``more`` were found beyond. ``unreadable``: it, or some page of
    it, has no text to read; ``pictures`` in it were not looked at either.
    """

    findings: tuple[FileFinding, ...]
    more: int
    unreadable: bool
    pictures: int

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read."""
        return not self.unreadable and self.pictures == 0


def screen_file(
    raw: bytes,
    media_type: str,
    *,
    aside: Path | None = None,
    bounds: Bounds = BOUNDS,
    confirmed: Confirmed | None = None,
    keys: Fingerprints | bytes | None = None,
) -> Screened:
    """Return what looks like personal data in a file, without what is confirmed (see ``screen``).

    The child's answer passes through an unnamed file in ``aside``. Raises ``CannotScreen``.
    """
    if media_type not in READ:
        return Screened((), 0, unreadable=True, pictures=0)
    if len(raw) > bounds.file_bytes:
        raise CannotScreen("too_demanding")
    lines = _answer(raw, media_type, aside, bounds)
    end: Any = lines[-1].get("end") if lines else None
    if end is None:
        refused = lines[0].get("refused") if lines else None
        raise CannotScreen("damaged" if refused == "damaged" else "too_demanding")
    found = tuple(_finding(line) for line in lines[:-1])
    kept = tuple(
        one for one in found if confirmed is None or not is_confirmed(one.item, confirmed, keys)
    )
    return Screened(kept, end["count"] - len(found), bool(end["unreadable"]), end["pictures"])


def _answer(raw: bytes, media_type: str, aside: Path | None, bounds: Bounds) -> list[Any]:
    arguments = [media_type, json.dumps(asdict(bounds))]
    with tempfile.TemporaryFile(dir=aside) as output:
        try:
            run("fundops.screening.child", arguments, raw, output, bounds.wall_seconds)
        except ChildFailed:
            raise CannotScreen("too_demanding") from None
        output.seek(0)
        return [json.loads(line) for line in output.read().splitlines()]


def _finding(line: dict[str, Any]) -> FileFinding:
    place = Place(**line["place"])
    if line["kind"] not in KINDS or place.kind not in PLACES:
        raise CannotScreen("too_demanding")
    return FileFinding(line["kind"], place, line["item"])
