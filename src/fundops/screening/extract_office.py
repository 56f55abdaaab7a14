"""What office files say, piece by piece, with its place. Runs in the child process."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from defusedxml import ElementTree

from fundops.forms import reader
from fundops.screening.findings import Finding
from fundops.screening.positions import Place
from fundops.screening.scan import screen
from fundops.screening.tables import Cell, letters, screened_cells

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".svg", ".svm")
_SKIPPED = ("styles.xml", "theme", "fonttable", "websettings", "[content_types].xml", "manifest.xml")
_TOLD = frozenset({"descr", "title", "alt", "tooltip", "desc", "Target", "href", "prompt",
                   "error", "promptTitle", "string-value", "description"})  # fmt: skip
_NAMED = frozenset({"docPr", "cNvPr", "frame", "bookmarkStart", "bookmark"})
_BREAKS = {"br": "\n", "cr": "\n", "tab": " ", "s": " ", "line-break": "\n"}


@dataclass(frozen=True, slots=True)
class Found:
    """A finding in a file, at its place."""

    place: Place
    finding: Finding


def local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition("}")[2]


def pictures(raw: bytes) -> int:
    """Return how many pictures an office file holds."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return sum(
            name.lower().endswith(PICTURES) or name.startswith("Pictures/")
            for name in archive.namelist()
            if not name.endswith("/")
        )


def workbook(raw: bytes) -> Iterator[Found]:
    """Yield what is found in a workbook: hidden sheets, comments, drawings and names included."""
    package = reader.opened(raw)
    for number, (name, _, part) in enumerate(package.sheets, start=1):
        for one in screen(name.replace("_", " ")):
            yield Found(Place("sheet", number), one)
        for cell, one in screened_cells(_cells(package, part)):
            yield Found(Place("cell", number, f"{letters(cell.column)}{cell.row}"), one)
    sheets = {part for _, _, part in package.sheets}
    yield from _beside(package.archive, sheets)


def _cells(package: reader.Package, part: str) -> Iterator[Cell]:
    for raw in reader.raw_cells(package, part):
        meaning = reader.interpreted(package, raw)
        if meaning is not None and meaning[1]:
            yield Cell(raw.row, raw.column, meaning[1])


def _beside(archive: zipfile.ZipFile, read: set[str]) -> Iterator[Found]:
    """Yield what is found in the parts that are not in ``read``; embedded workbooks included."""
    for name in archive.namelist():
        lower = name.lower()
        if name in read or lower.endswith(_SKIPPED) or any(one in lower for one in _SKIPPED[1:3]):
            continue
        if lower.endswith((".xlsx", ".docx")):
            inner = archive.read(name)
            found = workbook(inner) if lower.endswith(".xlsx") else document(inner)
            for each in found:
                yield Found(Place("beside"), each.finding)
        elif lower.endswith((".xml", ".rels")):
            for paragraph in _paragraphs(archive.read(name)):
                for one in screen(paragraph):
                    yield Found(Place("beside"), one)


def document(raw: bytes) -> Iterator[Found]:
    """Yield what is found in a Word document: text, tables, headers, notes and comments."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        main = _main_part(archive)
        yield from _body(archive.read(main))
        yield from _beside(archive, {main})


def _main_part(archive: zipfile.ZipFile) -> str:
    root = ElementTree.fromstring(archive.read("_rels/.rels"), forbid_dtd=True)
    for one in root:
        if one.get("Type", "").endswith("/officeDocument"):
            return posixpath.normpath(one.get("Target", "")).lstrip("/")
    raise KeyError("officeDocument")


def _body(markup: bytes) -> Iterator[Found]:
    for number, paragraph in enumerate(_paragraphs(markup), start=1):
        for one in screen(paragraph):
            yield Found(Place("paragraph", number), one)


def _paragraphs(markup: bytes) -> Iterator[str]:
    """Yield paragraphs that hold something, rows of tables as one, and what attributes tell."""
    root = ElementTree.fromstring(markup, forbid_dtd=True)
    waiting: list[str] = []
    for text in _texts(root, waiting):
        if text.strip():
            yield text
    for text in waiting:
        if any(letter.isalnum() for letter in text):
            yield text


def _texts(root: Any, beside: list[str]) -> Iterator[str]:
    """Yield the text of every paragraph; ``beside`` gets what attributes tell."""
    pieces: list[str] = []
    depth = 0
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        element, is_left = stack.pop()
        name = local(element.tag) if isinstance(element.tag, str) else ""
        is_block = name in _BLOCKS
        if is_left:
            depth -= is_block
            if is_block and depth == 0:
                yield "".join(pieces)
                pieces = []
            elif name in {"tc", "table-cell", "p", "si"}:
                pieces.append(" | " if name in {"tc", "table-cell"} else "\n")
            pieces.append(element.tail or "" if name in _INLINE else "")
            continue
        beside += [
            value
            for key, value in element.attrib.items()
            if local(key) in _TOLD or (local(key) == "name" and name in _NAMED)
        ]
        depth += is_block
        pieces.append(_BREAKS.get(name, "") + (element.text or ""))
        stack.append((element, True))
        stack += [(child, False) for child in reversed(element)]
    yield "".join(pieces)


_BLOCKS = frozenset({"p", "h", "tr", "table-row", "si", "comment", "definedName", "oddHeader",
                     "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"})  # fmt: skip
_INLINE = frozenset({"span", "a", "s", "tab", "line-break", "note", "bookmark", "meta-field"})


def open_document(raw: bytes) -> Iterator[Found]:
    """Yield what is found in an OpenDocument text or sheet."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        content = archive.read("content.xml")
        root = ElementTree.fromstring(content, forbid_dtd=True)
        tables = [one for one in root.iter() if local(one.tag) == "table"]
        if any(local(one.tag) == "spreadsheet" for one in root.iter()):
            for number, table in enumerate(tables, start=1):
                yield from _sheet(table, number)
        else:
            yield from _body(content)
        yield from _beside(archive, set())


def _sheet(table: Any, number: int) -> Iterator[Found]:
    name = next((value for key, value in table.attrib.items() if local(key) == "name"), "")
    for one in screen(name.replace("_", " ")):
        yield Found(Place("sheet", number), one)
    for cell, one in screened_cells(_open_cells(table)):
        yield Found(Place("cell", number, f"{letters(cell.column)}{cell.row}"), one)


def _open_cells(table: Any) -> Iterator[Cell]:
    row = 1
    for line in table.iter():
        if local(line.tag) != "table-row":
            continue
        column = 1
        for one in line:
            if local(one.tag) not in {"table-cell", "covered-table-cell"}:
                continue
            text = " ".join("".join(one.itertext()).split())
            if text:
                yield Cell(row, column, text)
            column += _repeated(one, "number-columns-repeated")
        row += _repeated(line, "number-rows-repeated")


def _repeated(element: Any, name: str) -> int:
    for key, value in element.attrib.items():
        if local(key) == name and value.isdigit() and len(value) < 8:
            return max(1, int(value))
    return 1
