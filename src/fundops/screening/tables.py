"""Text in rows and columns: each cell is screened with its column's heading before it.

"70123456" alone is a number; under "Telephone" it is somebody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fundops.screening.findings import Finding
from fundops.screening.scan import screen

_LONGEST_HEADING = 60
_NAMES = frozenset(
    {"name", "names", "nom", "noms", "nombre", "nombres", "beneficiary", "client", "victim",
     "survivor", "participant", "bénéficiaire", "victime", "cliente", "víctima", "beneficiaria"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text; rows and columns count from 1."""

    row: int
    column: int
    text: str


def screened_cells(cells: Iterable[Cell]) -> Iterator[tuple[Cell, Finding]]:
    """Yield what is found in each cell, read with the heading of its column."""
    headings: dict[int, str] = {}
    for cell in cells:
        heading = headings.get(cell.column, "")
        if not heading and _is_heading(cell.text):
            headings[cell.column] = _meant(cell.text)
        before = f"{heading}: " if heading else ""
        for one in screen(before + cell.text):
            if one.end > len(before):
                yield cell, one


def _is_heading(text: str) -> bool:
    is_short = 0 < len(text.strip()) <= _LONGEST_HEADING
    return is_short and not any(letter.isdigit() for letter in text)


def _meant(heading: str) -> str:
    """Return a heading as screening understands it: "Name" over a column is of persons."""
    plain = " ".join(heading.split()).rstrip(":")
    return "full name" if plain.casefold() in _NAMES else plain


def letters(column: int) -> str:
    """Return a column as spreadsheets name it: 1 is A, 27 is AA."""
    name = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
