"""Cells of a workbook, straight from its XML: lenient about layout, strict about meaning.

Written here because the libraries tell too little or forgive too little: one gives no formulas
beside their values and no errors, the other fails on small faults of other programs' files. Only
what a form needs is read: sheets, defined names, merged areas, and cells with a value. Runs in the
child process, after ``prescan``. Namespaces are ignored, so both variants of the standard are read.
"""

from __future__ import annotations

import io
import math
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from defusedxml import ElementTree

from fundops.forms import limits
from fundops.forms.layout import NAME_PREFIX, position
from fundops.forms.prescan import Refused

_TARGET = re.compile(
    r"(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^'!]+))!"
    r"\$?(?P<column>[A-Z]{1,3})\$?(?P<row>[0-9]{1,7})(?::.*)?"
)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ESCAPABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_NOT_FORMAT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_PERCENTS = frozenset({9, 10})
_MAX_TEXT = limits.MAX_CELL_CHARS + 1


@dataclass(frozen=True, slots=True)
class RawCell:
    """One cell as stored: ``value`` with shared text looked up, ``None`` when there is none."""

    row: int
    column: int
    type: str
    style: int
    formula: bool
    value: str | None


@dataclass
class Package:
    """An opened workbook: its sheets in order as (name, state, part), and what cells refer to."""

    archive: zipfile.ZipFile
    sheets: list[tuple[str, str, str]] = field(default_factory=list)
    names: list[tuple[str, str, int, int]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    dates: set[int] = field(default_factory=set)
    percents: set[int] = field(default_factory=set)
    from_1904: bool = False


def local(tag: str) -> str:
    """Return the name of an element without its namespace."""
    return tag.rpartition("}")[2]


def _elements(archive: zipfile.ZipFile, part: str, wanted: set[str]) -> Iterator[Any]:
    """Yield every element of ``part`` whose local name is wanted, whole, clearing it afterwards."""
    depth = 0
    with archive.open(part) as stream:
        for event, element in ElementTree.iterparse(stream, events=("start", "end")):
            name = local(element.tag)
            if event == "start":
                depth += name in wanted
            elif name in wanted:
                depth -= 1
                yield element
                element.clear()
            elif not depth:
                element.clear()


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return id -> (kind, part) of what ``part`` refers to within the workbook."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    if path not in archive.namelist():
        return {}
    found = {}
    for element in _elements(archive, path, {"Relationship"}):
        if element.get("TargetMode") == "External":
            continue
        target = str(element.get("Target", ""))
        full = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        kind = str(element.get("Type", "")).rpartition("/")[2]
        found[str(element.get("Id"))] = (kind, posixpath.normpath(full))
    return found


def opened(raw: bytes) -> Package:
    """Return the workbook's table of contents. Raises ``Refused`` when it is not a workbook."""
    archive = zipfile.ZipFile(io.BytesIO(raw))
    known = set(archive.namelist())
    main = [part for kind, part in _relations(archive, "").values() if kind == "officeDocument"]
    if not main or main[0] not in known:
        raise Refused("xlsx_damaged", {})
    package = Package(archive)
    relations = _relations(archive, main[0])
    _read_contents(package, main[0], relations, known)
    for kind, part in relations.values():
        if part in known and kind == "sharedStrings":
            package.shared = [_text(one) for one in _elements(archive, part, {"si"})]
        elif part in known and kind == "styles":
            _read_styles(package, part)
    if not package.sheets:
        raise Refused("xlsx_damaged", {})
    return package


def _read_contents(
    package: Package, part: str, relations: dict[str, tuple[str, str]], known: set[str]
) -> None:
    wanted = {"sheet", "definedName", "workbookPr"}
    for element in _elements(package.archive, part, wanted):
        kind = local(element.tag)
        if kind == "workbookPr":
            package.from_1904 = element.get("date1904") in {"1", "true"}
        elif kind == "definedName":
            _add_name(package, element)
        else:
            ids = [value for key, value in element.items() if local(key) == "id"]
            relation, target = relations.get(ids[0] if ids else "", ("", ""))
            if relation == "worksheet" and target in known:
                name, state = str(element.get("name", "")), str(element.get("state", "visible"))
                package.sheets.append((name, state, target))
    if len(package.sheets) > limits.MAX_SHEETS:
        raise Refused("too_many_sheets", {"limit": limits.MAX_SHEETS})


def _add_name(package: Package, element: Any) -> None:
    name = str(element.get("name", ""))
    if not name.casefold().startswith(NAME_PREFIX) or element.get("localSheetId") is not None:
        return
    target = _TARGET.fullmatch(element.text or "")
    if target is None or len(package.names) >= limits.MAX_NAMES:
        return  # what it named was deleted, or moved to another file
    sheet = target["quoted"].replace("''", "'") if target["quoted"] else target["plain"]
    try:
        row, column = position(target["column"] + target["row"])
    except ValueError:
        return
    package.names.append((name, sheet, row, column))


def _read_styles(package: Package, part: str) -> None:
    formats: dict[int, str] = {}
    for element in _elements(package.archive, part, {"numFmt", "cellXfs"}):
        if local(element.tag) == "numFmt":
            formats[_whole(element.get("numFmtId"))] = str(element.get("formatCode", ""))
            continue
        for number, style in enumerate(one for one in element if local(one.tag) == "xf"):
            code = _whole(style.get("numFmtId"))
            kind = _format_kind(code, formats.get(code))
            if kind == "d":
                package.dates.add(number)
            elif kind == "p":
                package.percents.add(number)


def _format_kind(number: int, code: str | None) -> str:
    """Return d for a format of dates, p for one of percentages, else n."""
    if code is None:
        return "d" if number in _DATES else "p" if number in _PERCENTS else "n"
    bare = _NOT_FORMAT.sub("", code.partition(";")[0]).casefold()
    if "general" in bare:
        return "n"
    return "p" if "%" in bare else "d" if re.search("[dmyhs]", bare) else "n"


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else 0


def _text(element: Any) -> str:
    """Return the text of a shared or inline string: its runs, without phonetic guides."""
    parts = []
    for child in element:
        name = local(child.tag)
        if name == "t":
            parts.append(child.text or "")
        elif name == "r":
            parts.extend(one.text or "" for one in child if local(one.tag) == "t")
    return unescaped("".join(parts))


def unescaped(text: str) -> str:
    """Return ``text`` without the standard's escapes: ``_x000D_`` is a carriage return."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def raw_cells(package: Package, part: str, merged: list[str] | None = None) -> Iterator[RawCell]:
    """Yield the cells of one sheet that have a value or a formula; collect merged areas."""
    row = 0
    with package.archive.open(part) as stream:
        column = 0
        for event, element in ElementTree.iterparse(stream, events=("start", "end")):
            name = local(element.tag)
            if event == "start":
                if name == "row":
                    row, column = _whole(element.get("r")) or row + 1, 0
                continue
            if name == "c":
                place = element.get("r")
                at = _position(place) if place else (row, column + 1)
                row, column = at
                cell = _raw_cell(package, element, at)
                if cell is not None:
                    yield cell
                element.clear()
            elif name == "mergeCell" and merged is not None:
                merged.append(str(element.get("ref", "")))
            elif name in {"row", "dataValidation", "conditionalFormatting", "hyperlink"}:
                element.clear()


def _position(place: str) -> tuple[int, int]:
    try:
        return position(place)
    except ValueError:
        raise Refused("xlsx_damaged", {}) from None


def _raw_cell(package: Package, element: Any, at: tuple[int, int]) -> RawCell | None:
    kind, value, formula = str(element.get("t", "n")), None, False
    for child in element:
        name = local(child.tag)
        if name == "v":
            value = child.text
        elif name == "f":
            formula = True
        elif name == "is":
            value = _text(child)
    if value is None and not formula:
        return None
    if kind == "s":
        number = _whole(value) if value and value.strip().isdigit() else len(package.shared)
        if number >= len(package.shared):
            raise Refused("xlsx_damaged", {})
        value = package.shared[number]
    elif kind == "str" and value is not None:
        value = unescaped(value)
    return RawCell(*at, kind, _whole(element.get("s")), formula, value)


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)


def interpreted(package: Package, cell: RawCell) -> tuple[str, str] | None:
    """Return (kind, text) of a cell, or ``None`` when it is blank.

    Kinds: s text, n number, p number shown as a percentage, d date or instant (ISO), b truth
    (``1`` or ``0``), e error, f formula whose result was never stored.
    """
    value = cell.value
    if cell.type in {"s", "str", "inlineStr"}:
        return ("s", value[:_MAX_TEXT]) if value else None
    if value is None or not value.strip():
        return ("f", "") if cell.formula else None
    value = value.strip()
    reading: dict[str, Callable[[], tuple[str, str]]] = {
        "e": lambda: ("e", value[:40]),
        "b": lambda: ("b", "1" if value in {"1", "true"} else "0"),
        "d": lambda: ("d", value[:19]),
        "n": lambda: _number(package, cell.style, value),
    }
    return reading[cell.type]() if cell.type in reading else ("e", "?")


def _number(package: Package, style: int, text: str) -> tuple[str, str]:
    if not _NUMBER.fullmatch(text) or not math.isfinite(number := float(text)):
        return "e", text[:40]
    if style in package.dates:
        day = _instant(number, package.from_1904)
        if day is not None:
            return "d", day
    return ("p" if style in package.percents else "n"), number_text(number)


def number_text(number: float) -> str:
    """Return ``number`` to the 15 digits that spreadsheets keep and show: 0.1 + 0.2 is 0.3."""
    if number.is_integer() and abs(number) < 1e16:
        return str(int(number))
    return repr(float(f"{number:.15g}"))


def _instant(serial: float, from_1904: bool) -> str | None:
    """Return the day, with its time if it has one, that a serial number of days means."""
    if from_1904:
        start = datetime(1904, 1, 1)  # noqa: DTZ001 - a spreadsheet's dates have no zone
    elif serial >= 61:
        start = datetime(1899, 12, 30)  # noqa: DTZ001
    elif 1 <= serial < 60:
        start = datetime(1899, 12, 31)  # noqa: DTZ001
    else:
        return None  # a time of day, or the 29th of February 1900, which never was
    try:
        instant = start + timedelta(seconds=round(serial * 86_400))
    except OverflowError:
        return None
    midnight = (instant.hour, instant.minute, instant.second) == (0, 0, 0)
    return instant.date().isoformat() if midnight else instant.isoformat()


def escaped(text: str) -> str:
    """Return ``text`` with the standard's escapes, as ``unescaped`` takes them off again."""
    return _ESCAPABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
