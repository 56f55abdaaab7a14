"""What PDFs, texts and tables of text say, with its place. Runs in the child process."""

from __future__ import annotations

import csv
import io
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from fundops.pdf import dictionaries_in
from fundops.screening.extract_office import Found
from fundops.screening.positions import Place
from fundops.screening.scan import screen
from fundops.screening.tables import Cell, screened_cells

_WRAPPED = 45
_ENDS = ".:;!?。؟"
MAX_STRINGS = 20_000
_SAID = (
    "/Contents",
    "/TU",
    "/V",
    "/DV",
    "/URI",
    "/Title",
    "/Alt",
    "/ActualText",
    "/E",
    "/T",
    "/RC",
)


def plain(raw: bytes) -> Iterator[Found]:
    """Yield what is found in a text."""
    for line, one in _in_lines(_decoded(raw)):
        yield Found(Place("line", line), one)


def table(raw: bytes) -> Iterator[Found]:
    """Yield what is found in a table of text, with the line and the column."""
    text = _decoded(raw)
    first = text.partition("\n")[0]
    sign = max(",;\t|", key=first.count)
    csv.field_size_limit(len(raw) + 1)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    for cell, one in screened_cells(_cells(rows)):
        yield Found(Place("column", cell.row, str(cell.column)), one)


def _cells(rows: Any) -> Iterator[Cell]:
    try:
        for row in rows:
            for column, text in enumerate(row, start=1):
                if text.strip():
                    yield Cell(rows.line_num, column, text)
    except csv.Error:
        raise ValueError("not a table") from None


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _in_lines(text: str) -> Iterator[tuple[int, Any]]:
    """Yield findings with their line; a sentence that goes on in the next line is read as one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    ends = [at for at, letter in enumerate(text) if letter == "\n"]
    joined, last = list(text), -1
    for at in ends:
        is_wrapped = at - last > _WRAPPED and text[at - 1] not in _ENDS
        if is_wrapped and at + 1 < len(text) and text[at + 1] != "\n":
            joined[at] = " "
        last = at
    for one in screen("".join(joined)):
        yield bisect_right(ends, one.start) + 1, one


def portable(raw: bytes) -> Iterator[Found]:
    """Yield what is found in a PDF: the text of its pages, its remarks, fields and links."""
    import pypdfium2

    document = pypdfium2.PdfDocument(raw)
    try:
        for number in range(len(document)):
            page = document[number]
            said = page.get_textpage()
            text = unicodedata.normalize("NFKC", said.get_text_range())
            said.close()
            page.close()
            for line, one in _in_lines(text):
                yield Found(Place("page", number + 1, str(line)), one)
    finally:
        document.close()
    for number, text in _strings(raw):
        for one in screen(text):
            yield Found(Place("pdf", number), one)


def _strings(raw: bytes) -> Iterator[tuple[int, str]]:
    """Yield what a PDF says beside its pages' text, each with a number to tell them apart."""
    import pikepdf

    with pikepdf.open(io.BytesIO(raw), suppress_warnings=True) as pdf:
        count = 0
        for one in pdf.objects:
            for held in dictionaries_in(one, pikepdf):
                for key in _SAID:
                    value = held.get(key)
                    if isinstance(value, pikepdf.String):
                        count += 1
                        yield count, unicodedata.normalize("NFKC", str(value))
                if count > MAX_STRINGS:
                    raise ValueError("too many strings")


def pictures_of(raw: bytes) -> tuple[int, int]:
    """Return how many pictures a PDF's pages show, and how many pages show no text at all."""
    import pypdfium2
    from pypdfium2 import raw as pdfium

    document = pypdfium2.PdfDocument(raw)
    pictures = silent = 0
    try:
        for number in range(len(document)):
            page = document[number]
            kinds = [one.type for one in page.get_objects(max_depth=4)]
            pictures += kinds.count(pdfium.FPDF_PAGEOBJ_IMAGE)
            said = page.get_textpage()
            is_silent = not said.get_text_range().strip()
            said.close()
            silent += is_silent and bool(kinds)
            page.close()
    finally:
        document.close()
    return pictures, silent
