"""Shared strings: short text that repeats, stored once per workbook and pointed to."""

from __future__ import annotations

from collections.abc import Iterator

from fundops.exports.cells import text_tail
from fundops.exports.escape import escaped, fitted

MAX_SHARED = 100_000
_PER_PIECE = 1_000


class SharedStrings:
    """The shared strings of one workbook, in order of first use.

    After ``MAX_SHARED`` of them further text stands inline, so memory stays bounded when a column
    declared as codes turns out not to repeat.
    """

    def __init__(self, language: str = "en") -> None:
        self._language = language
        self._numbers: dict[str, int] = {}

    def tail(self, style: int, text: str) -> str:
        """Return the tail of a cell with ``text``; empty text is an empty cell."""
        if not text:
            return f' s="{style}"/>'
        number = self._numbers.get(text)
        if number is None:
            if len(self._numbers) >= MAX_SHARED:
                return text_tail(style, text, self._language)
            number = self._numbers[text] = len(self._numbers)
        return f' s="{style}" t="s"><v>{number}</v></c>'

    def xml(self) -> Iterator[bytes]:
        """Yield ``sharedStrings.xml``."""
        yield (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'uniqueCount="{len(self._numbers)}">'
        ).encode()
        batch: list[str] = []
        for text in self._numbers:
            space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
            batch.append(f"<si><t{space}>{escaped(fitted(text, self._language))}</t></si>")
            if len(batch) >= _PER_PIECE:
                yield "".join(batch).encode()
                batch.clear()
        yield ("".join(batch) + "</sst>").encode()
