"""Findings: every problem of a source, with the file, row and column it is in.

``critical``: the file is damaged or is not what the profile describes; nothing is loaded.
``error``: the row cannot be right; it is set aside with this reason and the rest goes on.
``warning``: the row is used; a person should know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fundops.messages import DEFAULT_LANGUAGE, text

Severity = Literal["critical", "error", "warning"]

_SHOWN_CHARS = 40


@dataclass(frozen=True)
class Finding:
    """One problem in one place.

    ``row`` counts records with the header as row 1, as a spreadsheet shows them; ``line`` is the
    physical line of a text file, which differs when a cell holds line breaks.
    """

    severity: Severity
    file: str
    row: int | None
    column: str | None
    code: str
    message: str
    line: int | None = None

    @property
    def place(self) -> str:
        """Where it is, in words: ``"a.csv, row 3 (line 7), column PaidAmt"``."""
        words = [self.file]
        if self.row is not None and self.line is not None:
            words.append(text("imports.place.row_and_line", row=self.row, line=self.line))
        elif self.row is not None:
            words.append(text("imports.place.row", row=self.row))
        elif self.line is not None:
            words.append(text("imports.place.line", line=self.line))
        if self.column is not None:
            words.append(text("imports.place.column", column=self.column))
        return ", ".join(words)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Damage(Exception):
    """A file that cannot be read as what it should be; carries its one critical finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def finding(
    severity: Severity,
    code: str,
    file: str,
    *,
    row: int | None = None,
    column: str | None = None,
    line: int | None = None,
    **params: object,
) -> Finding:
    """Return the finding ``code``; its sentence is the message ``imports.<code>``."""
    message = text(f"imports.{code}", DEFAULT_LANGUAGE, **params)
    return Finding(severity, file, row, column, code, message, line)


def damage(
    code: str,
    file: str,
    *,
    row: int | None = None,
    column: str | None = None,
    line: int | None = None,
    **params: object,
) -> Damage:
    """Return the exception of a damaged file, to be raised."""
    return Damage(finding("critical", code, file, row=row, column=column, line=line, **params))


def shown(value: str) -> str:
    """Return ``value`` short and printable enough to stand in a sentence."""
    clean = "".join(char if char.isprintable() else " " for char in value)
    return clean if len(clean) <= _SHOWN_CHARS else clean[: _SHOWN_CHARS - 1] + "…"
