"""Rendering: a declared workbook into the bytes of an ``.xlsx`` file, as they come into being.

Bulk sheets stream first, whatever their tab. By the time covers, summaries and controls are
written, every row has gone past, so each formula over them has its true value; the order of tabs
is only said in ``workbook.xml``.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from fundops.exports import parts
from fundops.exports.bulk import BulkSheet
from fundops.exports.controls import Outcome, outcome
from fundops.exports.formulas import Figure, total
from fundops.exports.grid import Check, GridSheet
from fundops.exports.guide import guide_grid
from fundops.exports.names import DeclarationError
from fundops.exports.sheetxml import Book
from fundops.exports.strings import SharedStrings
from fundops.exports.styles import Styles
from fundops.exports.tally import Tallies
from fundops.exports.workbook import Cell, Controls, Grid, Guide, Overall, Sheet, Workbook
from fundops.exports.xlsx import ZipStream
from fundops.folders import sync_folder


def render(workbook: Workbook) -> Iterator[bytes]:
    """Yield the bytes of ``workbook``; rows are read while bytes leave.

    The same declaration and rows give the same bytes. Raises ``DeclarationError`` for figures of
    columns that are not there (before any byte), ``RowError`` for a row that does not fit its
    sheet, ``WorkbookTooLarge`` beyond what the format holds.
    """
    return _pieces(_book(workbook))


def render_later(make: Callable[[], Workbook]) -> Iterator[bytes]:
    """Yield the same bytes as ``render``, the first of them before ``make`` is asked.

    Every workbook begins with the same part, so whoever waits for an answer has its first bytes
    while what to declare is still being looked up. Raises, then, what ``make`` and ``render`` do.
    """
    archive = ZipStream()
    yield from _beginning(archive)
    yield from _rest(_book(make()), archive)


def _book(workbook: Workbook) -> Book:
    tallies = Tallies.of(workbook, _figures(workbook))
    if any(_is_overall(cell) for cell in _grid_cells(workbook)) and not any(
        isinstance(sheet, Controls) for sheet in workbook.sheets
    ):
        raise DeclarationError("a cell answers for controls, but there is no sheet of them")
    return Book(workbook, tallies, Styles(), SharedStrings(workbook.language))


def _pieces(book: Book) -> Iterator[bytes]:
    archive = ZipStream()
    yield from _beginning(archive)
    yield from _rest(book, archive)


def _beginning(archive: ZipStream) -> Iterator[bytes]:
    """Yield what every workbook begins with."""
    return _entry(archive, "_rels/.rels", parts.root_relations())


def _rest(book: Book, archive: ZipStream) -> Iterator[bytes]:
    workbook = book.workbook
    properties = parts.core_properties(
        workbook.title, workbook.subject, workbook.creator, workbook.language
    )
    yield from _entry(archive, "docProps/core.xml", properties)
    yield from _entry(archive, "docProps/app.xml", parts.app_properties())
    for position, sheet in enumerate(workbook.sheets):
        if isinstance(sheet, Sheet):
            yield from BulkSheet(book, position, sheet).stream(archive)
    yield from _small_sheets(book, archive)
    for table in book.tables:
        yield from _entry(archive, table.path, table.xml())
    yield from archive.entry("xl/sharedStrings.xml", book.strings.xml())
    yield from _entry(archive, "xl/styles.xml", book.styles.xml())
    tabs = sorted(book.placed, key=lambda placed: placed.tab)
    yield from _entry(archive, "xl/workbook.xml", parts.workbook_xml(tabs, book.names))
    yield from _entry(archive, "xl/_rels/workbook.xml.rels", parts.workbook_relations(book.placed))
    yield from _entry(archive, "[Content_Types].xml", parts.content_types(_overrides(book)))
    yield archive.close()


def _entry(archive: ZipStream, path: str, xml: str) -> Iterator[bytes]:
    return archive.entry(path, [xml.encode()])


def _small_sheets(book: Book, archive: ZipStream) -> Iterator[bytes]:
    """Yield the sheets whose values depend on the rows: controls, grids and the guide."""
    workbook = book.workbook
    result: Outcome | None = None
    for sheet in workbook.sheets:
        if isinstance(sheet, Controls):
            result = outcome(sheet, book)
            book.names.append(parts.Name(result.name, result.refers_to))
    for position, sheet in enumerate(workbook.sheets):
        if isinstance(sheet, Controls):
            assert result is not None
            yield from GridSheet(book, position, result.grid, result.checks).stream(archive)
        elif isinstance(sheet, Guide):
            yield from GridSheet(book, position, guide_grid(sheet, workbook)).stream(archive)
        elif isinstance(sheet, Grid):
            grid, checks = _answered(sheet, result)
            yield from GridSheet(book, position, grid, checks).stream(archive)


def _answered(grid: Grid, result: Outcome | None) -> tuple[Grid, tuple[Check, ...]]:
    """Return ``grid`` with its ``Overall`` cells turned into live sentences, green or red."""
    overall = [cell for cell in grid.cells if _is_overall(cell)]
    if not overall or result is None:
        return grid, ()
    answered = tuple(
        replace(cell, value=result.overall) if _is_overall(cell) else cell for cell in grid.cells
    )
    checks = tuple(Check(cell.at, result.overall_holds) for cell in overall)
    return replace(grid, cells=answered), checks


def _is_overall(cell: Cell) -> bool:
    return isinstance(cell.value, Overall)


def _grid_cells(workbook: Workbook) -> Iterator[Cell]:
    for sheet in workbook.sheets:
        if isinstance(sheet, Grid):
            yield from sheet.cells


def _figures(workbook: Workbook) -> Iterator[Figure]:
    """Yield every figure that the workbook will need the value of."""
    for cell in _grid_cells(workbook):
        if isinstance(cell.value, Figure):
            yield cell.value
    for sheet in workbook.sheets:
        if isinstance(sheet, Controls):
            yield from (c.formula for c in sheet.controls if isinstance(c.formula, Figure))
        if isinstance(sheet, Sheet) and sheet.table_name is not None:
            yield from (total(sheet.table_name, key) for key in sheet.totals)


def _overrides(book: Book) -> list[tuple[str, str]]:
    """Return the content type of every part, in the order of their numbers."""
    overrides = [("xl/workbook.xml", "workbook")]
    overrides += [(placed.path, "worksheet") for placed in book.placed]
    overrides += [(table.path, "table") for table in book.tables]
    overrides += [(f"xl/drawings/drawing{n + 1}.xml", "drawing") for n in range(book.drawings)]
    overrides += [(f"xl/charts/chart{n + 1}.xml", "chart") for n in range(book.charts)]
    return [
        *overrides,
        ("xl/styles.xml", "styles"),
        ("xl/sharedStrings.xml", "strings"),
        ("docProps/core.xml", "core"),
        ("docProps/app.xml", "app"),
    ]


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written: bytes and SHA-256 in hex."""

    size: int
    sha256: str


def write(workbook: Workbook, path: Path) -> Written:
    """Write ``workbook`` to ``path`` as ``write_pieces`` does. Raises what ``render`` does, too."""
    return write_pieces(render(workbook), path)


def write_pieces(pieces: Iterable[bytes], path: Path) -> Written:
    """Write a file to ``path``: aside in the same folder, synced, then renamed.

    ``path`` holds the old file or the whole new one, never a part. Raises ``OSError`` and what
    ``pieces`` raise; the file aside is then removed.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return Written(size, digest.hexdigest())
