"""Markup of a workbook's parts, told piece by piece and forgotten: elements and the words in them.

A document type definition is refused here as well, whatever the part's encoding hides it in. Runs
in the child process.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from xml.parsers import expat

from fundops.forms.prescan import Refused

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]
End = Callable[[str], None]

DAMAGED = expat.ExpatError
"""What markup raises that is none."""

MAX_ELEMENT_NAMES = 2_000
"""Different names of elements in one part; the standard has fewer."""

_CHUNK = 1 << 16


class Words:
    """Gathers the text of the element at hand, of at most ``most`` characters; the rest is left."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.length = 0
        self.parts: list[str] = []
        self.on = False

    def begin(self) -> None:
        """Begin anew, and listen."""
        self.parts.clear()
        self.length, self.on = 0, True

    def pause(self) -> None:
        """Listen no more, until told to go on."""
        self.on = False

    def go_on(self) -> None:
        """Listen again, keeping what was heard."""
        self.on = True

    def hear(self, said: str) -> None:
        """Take a piece of text."""
        if self.on and self.length <= self.most:
            self.parts.append(said)
            self.length += len(said)

    def end(self) -> str:
        """Return what was heard, and listen no more."""
        self.on = False
        return "".join(self.parts)


def walked(
    archive: zipfile.ZipFile,
    part: str,
    start: Start,
    end: End | None = None,
    words: Words | None = None,
) -> Iterator[None]:
    """Tell ``start`` and ``end`` of every element of ``part``, by names without prefixes.

    Yields after each piece, so that what was found can be taken. Raises ``expat.ExpatError`` for
    what is no markup, ``Refused`` for a document type definition.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_definitions
    parser.EntityDeclHandler = _refuse_definitions
    local: dict[str, str] = {}

    def its_name(name: str) -> str:
        if len(local) >= MAX_ELEMENT_NAMES:
            raise Refused("xlsx_too_full", {})
        known = local[name] = name.rpartition(":")[2]
        return known

    parser.StartElementHandler = lambda name, given: start(local.get(name) or its_name(name), given)
    if end is not None:
        parser.EndElementHandler = lambda name: end(local.get(name) or its_name(name))
    if words is not None:
        parser.CharacterDataHandler = words.hear
    with archive.open(part) as stream:
        while piece := stream.read(_CHUNK):
            parser.Parse(piece, False)
            yield
        parser.Parse(b"", True)
        yield


def _refuse_definitions(*_: object) -> None:
    raise Refused("xlsx_dtd", {})
