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

from fundops.forms import limits
from fundops.forms.layout import NAME_PREFIX, position
from fundops.forms.markup import Attributes, Words, walked
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
_MAX_WRITTEN = 7 * _MAX_TEXT
"""Characters of a text as it is written: each may be an escape of seven."""


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


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return id -> (kind, part) of what ``part`` refers to within the workbook."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}
    if path not in archive.namelist():
        return found

    def start(name: str, given: Attributes) -> None:
        if name != "Relationship" or given.get("TargetMode") == "External":
            return
        target = given.get("Target", "")
        full = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        kind = given.get("Type", "").rpartition("/")[2]
        found[given.get("Id", "None")] = (kind, posixpath.normpath(full))

    for _ in walked(archive, path, start):
        pass
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
            shared = _Shared(package.shared)
            for _ in walked(archive, part, shared.start, shared.end, shared.words):
                pass
        elif part in known and kind == "styles":
            _read_styles(package, part)
    if not package.sheets:
        raise Refused("xlsx_damaged", {})
    return package


def _read_contents(
    package: Package, part: str, relations: dict[str, tuple[str, str]], known: set[str]
) -> None:
    words = Words(_MAX_WRITTEN)
    naming: list[Attributes] = []

    def start(name: str, given: Attributes) -> None:
        if name == "workbookPr":
            package.from_1904 = given.get("date1904") in {"1", "true"}
        elif name == "definedName":
            naming.append(given)
            words.begin()
        elif name == "sheet":
            own = next((value for key, value in given.items() if _local(key) == "id"), "")
            relation, target = relations.get(own, ("", ""))
            if relation == "worksheet" and target in known:
                state = given.get("state", "visible")
                package.sheets.append((given.get("name", ""), state, target))

    def end(name: str) -> None:
        if name == "definedName" and naming:
            _add_name(package, naming.pop(), words.end())

    for _ in walked(package.archive, part, start, end, words):
        pass
    if len(package.sheets) > limits.MAX_SHEETS:
        raise Refused("too_many_sheets", {"limit": limits.MAX_SHEETS})


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _add_name(package: Package, given: Attributes, said: str) -> None:
    name = given.get("name", "")
    if not name.casefold().startswith(NAME_PREFIX) or "localSheetId" in given:
        return
    target = _TARGET.fullmatch(said)
    if target is None or len(package.names) >= limits.MAX_NAMES:
        return  # what it named was deleted, or moved to another file
    sheet = target["quoted"].replace("''", "'") if target["quoted"] else target["plain"]
    try:
        row, column = position(target["column"] + target["row"])
    except ValueError:
        return
    package.names.append((name, sheet, row, column))


class _Shared:
    """Takes the markup of the texts that cells refer to: their runs, without phonetic guides."""

    def __init__(self, found: list[str]) -> None:
        self.found = found
        self.words = Words(_MAX_WRITTEN)
        self.phonetic = self.length = 0

    def start(self, name: str, _: Attributes) -> None:
        if name == "si":
            self.words.begin()
            self.words.pause()
        elif name == "rPh":
            self.phonetic += 1
        elif name == "t" and not self.phonetic:
            self.words.go_on()

    def end(self, name: str) -> None:
        if name == "t":
            self.words.pause()
        elif name == "rPh":
            self.phonetic -= 1
        elif name == "si":
            self.found.append(unescaped(self.words.end()))
            self.length += len(self.found[-1])
            if self.length > limits.MAX_TEXT_CHARS:
                raise Refused("xlsx_too_full", {})


def _read_styles(package: Package, part: str) -> None:
    """Learn which styles show dates and which percentages."""
    formats: dict[int, str] = {}
    styles: list[int] = []
    inside = False

    def start(name: str, given: Attributes) -> None:
        nonlocal inside
        if name == "numFmt":
            formats[_whole(given.get("numFmtId"))] = given.get("formatCode", "")
        elif name == "cellXfs":
            inside = True
        elif name == "xf" and inside:
            styles.append(_whole(given.get("numFmtId")))

    def end(name: str) -> None:
        nonlocal inside
        inside = inside and name != "cellXfs"

    for _ in walked(package.archive, part, start, end):
        pass
    kinds = {code: _format_kind(code, formats.get(code)) for code in set(styles)}
    for number, code in enumerate(styles):
        if kinds[code] == "d":
            package.dates.add(number)
        elif kinds[code] == "p":
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


def unescaped(text: str) -> str:
    """Return ``text`` without the standard's escapes: ``_x000D_`` is a carriage return."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def raw_cells(package: Package, part: str, merged: list[str] | None = None) -> Iterator[RawCell]:
    """Yield the cells of one sheet that have a value or a formula; collect merged areas."""
    sheet = _Sheet(package, merged)
    for _ in walked(package.archive, part, sheet.start, sheet.end, sheet.words):
        yield from sheet.found
        sheet.found.clear()


class _Sheet:
    """Takes the markup of one sheet and gathers its cells in ``found``."""

    def __init__(self, package: Package, merged: list[str] | None) -> None:
        self.package, self.merged = package, merged
        self.words = Words(_MAX_WRITTEN)
        self.found: list[RawCell] = []
        self.row = self.column = self.style = self.phonetic = 0
        self.kind = ""
        self.value: str | None = None
        self.inside = self.inline = self.formula = False

    def start(self, name: str, given: Attributes) -> None:
        if name == "c":
            place = given.get("r")
            at = _position(place) if place else (self.row, self.column + 1)
            self.row, self.column = at
            self.kind, self.style = given.get("t", "n"), _whole(given.get("s"))
            self.value, self.inside, self.inline, self.formula = None, True, False, False
        elif name == "row":
            self.row, self.column = _whole(given.get("r")) or self.row + 1, 0
        elif self.inside:
            self._start_inside(name)
        elif name == "mergeCell" and self.merged is not None:
            if len(self.merged) >= limits.MAX_MERGED_CELLS:
                raise Refused("too_many_merged", {})
            self.merged.append(given.get("ref", ""))

    def _start_inside(self, name: str) -> None:
        if name == "v":
            self.words.begin()
        elif name == "f":
            self.formula = True
        elif name == "is":
            self.inline = True
            self.words.begin()
            self.words.pause()
        elif name == "rPh":
            self.phonetic += 1
        elif name == "t" and self.inline and not self.phonetic:
            self.words.go_on()

    def end(self, name: str) -> None:
        if not self.inside:
            return
        if name == "c":
            self.inside = False
            cell = self._cell()
            if cell is not None:
                self.found.append(cell)
        elif name == "v":
            self.value = self.words.end() or None
        elif name == "is":
            self.inline, self.value = False, unescaped(self.words.end())
        elif name == "rPh":
            self.phonetic -= 1
        elif name == "t" and self.inline:
            self.words.pause()

    def _cell(self) -> RawCell | None:
        value = self.value
        if value is None and not self.formula:
            return None
        if self.kind == "s":
            shared = self.package.shared
            number = _whole(value) if value and value.strip().isdigit() else len(shared)
            if number >= len(shared):
                raise Refused("xlsx_damaged", {})
            value = shared[number]
        elif self.kind == "str" and value is not None:
            value = unescaped(value)
        return RawCell(self.row, self.column, self.kind, self.style, self.formula, value)


def _position(place: str) -> tuple[int, int]:
    try:
        return position(place)
    except ValueError:
        raise Refused("xlsx_damaged", {}) from None


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
