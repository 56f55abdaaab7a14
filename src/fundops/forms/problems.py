"""Problems of a workbook that came back: what is wrong, in which sheet and cell, in words.

``critical``: the file is not what is needed; nothing was read. ``error``: a cell that cannot be
taken as it is. ``warning``: it was read; the person should know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fundops.messages import text
from fundops.messages.said import joined

Severity = Literal["critical", "error", "warning"]

_SHOWN_CHARS = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. ``sheet`` and ``cell`` (A1) say where it is; without them: the whole file.

    ``pointer`` is the JSON pointer of the value, ``field`` the key of the field or column, ``row``
    the key of a fixed row or the number of a free one from 1, as text.
    """

    code: str
    message: str
    severity: Severity = "error"
    sheet: str | None = None
    cell: str | None = None
    pointer: str | None = None
    field: str | None = None
    row: str | None = None

    def __str__(self) -> str:
        return str(self.said)

    @property
    def said(self) -> str:
        """The sentence behind its place, which can be said in another language."""
        if self.sheet is None:
            return self.message
        place = f"{self.sheet}{'!' + self.cell if self.cell else ''}: "
        return joined((place, self.message), "")


class FileRefused(Exception):
    """A file that was not read at all; carries its one critical problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def refused(code: str, language: str = "en", **facts: object) -> FileRefused:
    """Return the exception of a file that is not read, to be raised."""
    return FileRefused(Problem(code, text(f"forms.{code}", language, **facts), "critical"))


def shown(value: str) -> str:
    """Return ``value`` short and printable enough to stand in a sentence."""
    clean = "".join(char if char.isprintable() else " " for char in value).strip()
    return clean if len(clean) <= _SHOWN_CHARS else clean[: _SHOWN_CHARS - 1] + "…"
