"""Reading a workbook back, row by row, without trusting it.

For files that may have been changed by anybody: whatever their size, little is held in memory,
document types are refused, and what is unpacked is bounded. Values are those that a reader of the
file sees; styles are not looked at. What other programs could read in another way is refused: two
parts or cells of one name, parts in other places than those read here, elements with a prefix.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple
from xml.parsers import expat

from fundops.forms.prescan import DAMAGED

PIECE = 64 * 1024
MAX_TEXT = 40_000
"""Characters of one cell; the format's own limit is 32,767."""
MAX_STRINGS = 16 * 2**20
"""Characters of all shared strings."""
MAX_PARTS = 4_000
MAX_SHEETS = 1_000
MAX_CELLS_A_ROW = 16_384


class Damaged(ValueError):
    """The file is no workbook, is damaged or goes beyond what one may hold."""


class CellRead(NamedTuple):
    """A cell: ``n`` number, ``t`` text, ``b`` true or false, ``e`` error; its formula, if any."""

    kind: str
    value: str
    formula: str


@dataclass(frozen=True)
class RowRead:
    """A row that has cells: its number and the cells by the letters of their columns."""

    number: int
    cells: dict[str, CellRead]
    values: tuple[tuple[str, str, str], ...] = field(repr=False)


class Reading:
    """An open workbook; at most ``most`` bytes of it are unpacked in all."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._left = most
        try:
            self._archive = zipfile.ZipFile(file)
            names = self._archive.namelist()
            if not len({name.casefold() for name in names}) == len(names) <= MAX_PARTS:
                raise Damaged
            self._require_place("_rels/.rels", "/officeDocument", "xl/workbook.xml")
            self._require_place(
                "xl/_rels/workbook.xml.rels", "/sharedStrings", "sharedStrings.xml", least=0
            )
            self.sheets = self._sheets()
            self._strings = self._shared()
        except (*DAMAGED, KeyError) as error:
            raise Damaged from error

    def rows(self, sheet: str) -> Iterator[RowRead]:
        """Yield the rows of a sheet that have cells, in order. Raises ``Damaged``."""
        reader = _SheetReader(self._strings)
        yield from self._parsed(self.sheets[sheet], reader)

    def _parsed(self, part: str, reader: Any) -> Iterator[Any]:
        """Yield what ``reader`` puts in ``found`` while a part goes past."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.text
        parser.StartDoctypeDeclHandler = _refused
        try:
            with self._archive.open(part) as stream:
                while piece := stream.read(PIECE):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise Damaged
                    parser.Parse(piece, False)
                    yield from reader.found
                    reader.found.clear()
            parser.Parse(b"", True)
            yield from reader.found
        except (*DAMAGED, KeyError, IndexError, expat.ExpatError) as error:
            raise Damaged from error

    def _require_place(self, part: str, kind: str, place: str, least: int = 1) -> None:
        """Refuse a file whose relations lead other programs to another part than is read here."""
        pairs = self._parsed(part, _Elements("Relationship", "Type", "Target"))
        targets = [target for its_kind, target in pairs if its_kind.endswith(kind)]
        known = {place, f"/{place}", f"/xl/{place}"}
        if not least <= len(targets) <= 1 or not known.issuperset(targets):
            raise Damaged

    def _sheets(self) -> dict[str, str]:
        """Return the part of each sheet by its name, in the order of the tabs."""
        wanted = _Elements("Relationship", "Id", "Target")
        parts = dict(self._parsed("xl/_rels/workbook.xml.rels", wanted))
        named = _Elements("sheet", "name", "r:id")
        listed = list(self._parsed("xl/workbook.xml", named))
        found = {name: f"xl/{parts[its_id].removeprefix('/xl/')}" for name, its_id in listed}
        if not 1 <= len(found) == len(listed) <= MAX_SHEETS:
            raise Damaged
        return found

    def _shared(self) -> list[str]:
        part = "xl/sharedStrings.xml"
        if part not in self._archive.namelist():
            return []
        found, length = [], 0
        for one in self._parsed(part, _Strings()):
            length += len(one)
            if length > MAX_STRINGS:
                raise Damaged
            found.append(one)
        return found


def _refused(*_: Any) -> None:
    raise Damaged


def _refuse_prefix(name: str, *names: str) -> None:
    """Refuse an element that other programs read by its namespace, and this one does not."""
    _, prefixed, local = name.rpartition(":")
    if prefixed and (not names or local in names):
        raise Damaged


class _Elements:
    """Finds the attributes of elements of one name."""

    def __init__(self, name: str, *attributes: str) -> None:
        self._name, self._attributes = name, attributes
        self.found: list[tuple[str, ...]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        _refuse_prefix(name, self._name)
        if name == self._name:
            self.found.append(tuple(attributes[one] for one in self._attributes))

    def end(self, _name: str) -> None: ...

    def text(self, _text: str) -> None: ...


class _Texts:
    """Collects the text of elements of some names, bounded."""

    def __init__(self) -> None:
        self.pieces: list[str] | None = None
        self.length = 0

    def begin(self) -> None:
        self.pieces, self.length = [], 0

    def text(self, text: str) -> None:
        if self.pieces is None:
            return
        self.length += len(text)
        if self.length > MAX_TEXT:
            raise Damaged
        self.pieces.append(text)

    def ended(self) -> str:
        found, self.pieces = "".join(self.pieces or ()), None
        return found


class _Strings(_Texts):
    """Finds the shared strings; a rich one is its runs put together."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._runs: list[str] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        _refuse_prefix(name)
        if name == "si":
            self._runs = []
        elif name == "t":
            self.begin()

    def end(self, name: str) -> None:
        if name == "t":
            self._runs.append(self.ended())
        elif name == "si":
            self.found.append("".join(self._runs))


class _SheetReader(_Texts):
    """Finds the rows of a sheet."""

    def __init__(self, strings: list[str]) -> None:
        super().__init__()
        self.found: list[RowRead] = []
        self._strings = strings
        self._number, self._cells, self._seen = 0, dict[str, CellRead](), set[str]()
        self._is_inside = False
        self._at = self._type = self._value = self._formula = ""
        self._had: set[str] = set()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        _refuse_prefix(name, *(() if self._is_inside else ("sheetData",)))
        if self._is_inside and ("xmlns" in attributes or name in self._had):
            raise Damaged  # what one program reads and another does not
        if name in ("v", "f", "is"):
            self._had.add(name)
        if name in ("v", "f", "t"):
            self.begin()
        elif name == "sheetData":
            self._is_inside = True
        elif name == "c":
            column = attributes["r"].rstrip("0123456789")
            if attributes["r"] in self._seen or attributes["r"] != f"{column}{self._number}":
                raise Damaged
            self._had.clear()
            self._seen.add(attributes["r"])
            self._at, self._type = attributes["r"], attributes.get("t", "n")
            self._value = self._formula = ""
        elif name == "row":
            self._number, self._cells, self._seen = int(attributes["r"]), {}, set()

    def end(self, name: str) -> None:
        if name == "v":
            self._value = self.ended()
        elif name == "t":
            self._value += self.ended()
        elif name == "f":
            self._formula = self.ended()
        elif name == "sheetData":
            self._is_inside = False
        elif name == "c":
            self._cell()
        elif name == "row" and self._cells:
            values = tuple((at, one.kind, one.value) for at, one in self._cells.items())
            self.found.append(RowRead(self._number, self._cells, values))

    def _cell(self) -> None:
        if not self._value and not self._formula:
            return
        kind, value = _KINDS.get(self._type, "t"), self._value
        if self._type == "s":
            value = self._strings[int(value)]
        if self._formula == ("TRUE()" if value == "1" else "FALSE()"):
            self._formula = ""  # as LibreOffice writes a flag
        column = self._at.rstrip("0123456789")
        self._cells[column] = CellRead(kind, value, self._formula)
        if len(self._cells) > MAX_CELLS_A_ROW:
            raise Damaged


_KINDS = {"n": "n", "b": "b", "e": "e", "d": "t"}
