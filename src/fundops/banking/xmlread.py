"""XML that a bank sends, read into plain elements: no DTD, no entities, nothing too deep or large.

Names lose their namespace: banks use a dozen versions of one message, which differ in what we
read only where it is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from fundops.errors import Problem
from fundops.messages import text

MAX_BYTES = 32 * 2**20
MAX_DEPTH = 40
MAX_ELEMENTS = 1_500_000
MAX_TEXT = 20_000


def refused(key: str, **params: Any) -> Problem:
    """Return the refusal of a file, in the sentence of the message ``key``."""
    return Problem("file-refused", detail=text(key, **params))


class _Tree:
    """Builds the elements, counting as it goes; what is beyond a limit ends the reading."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.namespace = ""
        self._open: list[Element] = []
        self._count = 0
        self._text: list[str] = []
        self._length = 0

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        """Take the start of an element."""
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise refused("banking.xml_too_many", most=MAX_ELEMENTS)
        if len(self._open) >= MAX_DEPTH:
            raise refused("banking.xml_too_deep", most=MAX_DEPTH)
        namespace, _, name = tag.rpartition("}")
        element = Element(name, attributes)
        if self._open:
            self._open[-1].append(element)
        else:
            self.root, self.namespace = element, namespace.removeprefix("{")
        self._open.append(element)
        self._text, self._length = [], 0
        return element

    def data(self, data: str) -> None:
        """Take text; an element of a message has either text or elements."""
        self._length += len(data)
        if self._length > MAX_TEXT:
            raise refused("banking.xml_too_long", most=MAX_TEXT)
        self._text.append(data)

    def end(self, _tag: str) -> Element:
        """Take the end of an element."""
        element = self._open.pop()
        element.text = "".join(self._text).strip() or None
        self._text, self._length = [], 0
        return element

    def close(self) -> Element | None:
        """Return the root."""
        return self.root


def read(raw: bytes, message: str) -> Element:
    """Return the root of an XML message whose namespace names ``message``, as in ``camt.053``.

    Raises ``file-refused`` for anything else, and for every trick that XML is known for.
    """
    if len(raw) > MAX_BYTES:
        raise refused("banking.file_too_large", most=MAX_BYTES // 2**20)
    tree = _Tree()
    parser = DefusedXMLParser(target=tree, forbid_dtd=True)
    try:
        parser.feed(raw)
        parser.close()
    except DefusedXmlException:
        raise refused("banking.xml_dtd") from None
    except ParseError as error:
        raise refused("banking.xml_broken", line=error.position[0]) from None
    except (LookupError, ValueError):
        raise refused("banking.xml_encoding") from None
    assert tree.root is not None, "a document without an element is no XML"
    if f":xsd:{message}." not in tree.namespace:
        raise refused("banking.xml_other", message=message)
    return tree.root


def at(element: Element | None, *path: str) -> Element | None:
    """Return the first element at ``path``, if any."""
    for name in path:
        if element is None:
            return None
        element = element.find(name)
    return element


def word(element: Element | None, *path: str) -> str | None:
    """Return the text at ``path``, if any."""
    found = at(element, *path)
    return None if found is None else found.text


def either(element: Element | None, *paths: tuple[str, ...]) -> str | None:
    """Return the text at the first of ``paths`` that has one."""
    return next((found for path in paths if (found := word(element, *path))), None)


def all_at(element: Element | None, *path: str) -> Iterator[Element]:
    """Return every element at ``path``."""
    if element is None:
        return
    if not path:
        yield element
        return
    for inner in element.findall(path[0]):
        yield from all_at(inner, *path[1:])
