"""A workbook as it came back: sheets and cells as text, and the identity it carries.

``read`` runs the child process and trusts nothing but its lines.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any

from fundops.forms import limits, sandbox
from fundops.forms.kinds import label_key
from fundops.forms.layout import IDENTITY_MARK
from fundops.forms.problems import refused

REFUSALS = frozenset(
    {
        "too_many_cells",
        "too_many_merged",
        "too_many_sheets",
        "xlsx_damaged",
        "xlsx_dtd",
        "xlsx_encoding",
        "xlsx_encrypted",
        "xlsx_file_too_large",
        "xlsx_macros",
        "xlsx_not_ours",
        "xlsx_old_or_locked",
        "xlsx_other_file",
        "xlsx_other_format",
        "xlsx_too_full",
        "xlsx_too_large",
        "xlsx_too_many_parts",
        "xlsx_two_files",
    }
)
"""Codes with which a child process may refuse a file."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell holds; kinds as ``reader.interpreted`` gives them, or ``""`` when blank."""

    kind: str = ""
    text: str = ""

    @property
    def blank(self) -> bool:
        """Whether nothing was entered; white space is nothing."""
        return self.kind == "" or (self.kind == "s" and not self.text.strip())


_BLANK = Cell()

MAX_LABEL_TEXT = 260
"""Longer texts are no labels: a label has at most 250 characters, and perhaps a star."""


@dataclass
class Sheet:
    """One sheet: its cells by (row, column) from 1, and its merged areas."""

    name: str
    visible: bool
    cells: dict[tuple[int, int], Cell]
    merged: tuple[tuple[int, int, int, int], ...] = ()

    @cached_property
    def labels(self) -> dict[str, list[tuple[int, int]]]:
        """Where every short text stands, by its ``label_key``, in the order of rows."""
        found: dict[str, list[tuple[int, int]]] = {}
        for at, cell in sorted(self.cells.items()):
            if len(cell.text) <= MAX_LABEL_TEXT:
                found.setdefault(label_key(cell.text), []).append(at)
        return found

    @cached_property
    def _covered(self) -> set[tuple[int, int]]:
        return {
            (row, column)
            for top, left, bottom, right in self.merged
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
            if (row, column) != (top, left)
        }

    def at(self, row: int, column: int) -> Cell:
        """Return the cell, blank if there is none."""
        return self.cells.get((row, column), _BLANK)

    def covered(self, row: int, column: int) -> bool:
        """Return whether the cell lies hidden under a merged area, not at its first corner."""
        return (row, column) in self._covered


@dataclass
class Book:
    """A workbook as read. ``identity`` is what the form's hidden sheet says, empty if none.

    ``names`` are our defined names, casefolded, with sheet, row and column.
    """

    sheets: list[Sheet]
    names: dict[str, tuple[str, int, int]]
    digest: str
    identity: Mapping[str, str] = field(default_factory=dict)

    def sheet(self, name: str) -> Sheet | None:
        """Return the sheet of that name."""
        return next((one for one in self.sheets if one.name == name), None)


def read(raw: bytes, language: str = "en") -> Book:
    """Return what is in an uploaded workbook, read in a process of its own.

    Raises ``FileRefused`` when it is not a workbook, is damaged, hostile or too large; its sentence
    is in ``language``.
    """
    if len(raw) > limits.MAX_FILE_BYTES:
        raise refused("xlsx_file_too_large", language, limit=limits.MAX_FILE_BYTES // 2**20)
    with tempfile.TemporaryFile() as output:
        run_child("fundops.forms.reading_child", raw, output, language)
        output.seek(0)
        lines = (json.loads(line) for line in output)
        return assembled(lines, hashlib.sha256(raw).hexdigest(), language)


def assembled(lines: Iterable[Mapping[str, Any]], digest: str, language: str = "en") -> Book:
    """Return the workbook that the child's lines tell of. Raises ``FileRefused``."""
    sheets: list[Sheet] = []
    names: dict[str, tuple[str, int, int]] = {}
    ended = False
    for line in lines:
        refuse(line, language)
        if "names" in line:
            names = {name.casefold(): (sheet, r, c) for name, sheet, r, c in line["names"]}
        elif "sheet" in line:
            sheets.append(_sheet(line))
        ended = "end" in line
    if not ended:
        raise refused("xlsx_refused", language)
    return Book(sheets, names, digest, _identity(sheets))


def run_child(module: str, source: bytes, output: IO[bytes], language: str) -> None:
    """Run one of our child processes. Raises ``FileRefused`` when it is ended or fails."""
    try:
        sandbox.run(module, [], source, output, limits.BOUNDS.wall_seconds)
    except sandbox.ChildFailed:
        raise refused("xlsx_refused", language) from None


def refuse(message: Mapping[str, Any], language: str) -> None:
    """Raise ``FileRefused`` if the child's message is a refusal."""
    if "refused" in message:
        code = message["refused"]
        known = code if code in REFUSALS else "xlsx_damaged"
        raise refused(known, language, **message.get("facts", {}))


def _sheet(message: Mapping[str, Any]) -> Sheet:
    cells = {(row, column): Cell(kind, value) for row, column, kind, value in message["cells"]}
    areas = tuple((top, left, bottom, right) for top, left, bottom, right in message["merged"])
    return Sheet(message["sheet"], message["state"] == "visible", cells, areas)


def _identity(sheets: list[Sheet]) -> dict[str, str]:
    """Return the keys and values of the first sheet that is marked as a form's identity."""
    for sheet in sheets:
        if sheet.at(1, 1).text == IDENTITY_MARK:
            rows = sorted(row for row, column in sheet.cells if column == 1)
            return {sheet.at(row, 1).text: sheet.at(row, 2).text for row in rows}
    return {}
