"""Where in a file a piece of text stands, as its reader would look for it. Never what stands there.

A sheet is told by its number alone: its name may be somebody's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from fundops.messages import text

KINDS = frozenset({"cell", "sheet", "page", "pdf", "line", "column", "paragraph", "beside"})


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file: ``number`` of the sheet, page, line or paragraph, from 1; ``at`` in it."""

    kind: str
    number: int = 0
    at: str = ""

    @property
    def sentence(self) -> str:
        """The place in words, such as "sheet 2, cell C7"."""
        return text(f"screening.place.{self.kind}", number=self.number, at=self.at)

    def told(self) -> dict[str, Any]:
        """Return the place as JSON."""
        return asdict(self)
