"""The parts of a workbook that are not sheets: content types, relations, names, tables, properties.

All of them are small and written after the sheets, when it is known how many sheets the rows
came to and where each column's cells end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fundops.exports.escape import attribute, markup
from fundops.exports.names import letters, quoted

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DRAWING = "application/vnd.openxmlformats-officedocument"

TYPES = {
    "workbook": f"{_TYPE}.sheet.main+xml",
    "worksheet": f"{_TYPE}.worksheet+xml",
    "table": f"{_TYPE}.table+xml",
    "styles": f"{_TYPE}.styles+xml",
    "strings": f"{_TYPE}.sharedStrings+xml",
    "drawing": f"{_DRAWING}.drawing+xml",
    "chart": f"{_DRAWING}.drawingml.chart+xml",
    "core": "application/vnd.openxmlformats-package.core-properties+xml",
    "app": f"{_DRAWING}.extended-properties+xml",
}


@dataclass(frozen=True, slots=True)
class Name:
    """A defined name; ``local`` is the tab it belongs to, ``None`` for the whole workbook."""

    name: str
    refers_to: str
    tab: tuple[int, int] | None = None
    hidden: bool = False


@dataclass(slots=True)
class Placed:
    """A sheet as written: its tab (position declared, part), name and number of its file."""

    tab: tuple[int, int]
    name: str
    number: int
    relations: list[tuple[str, str]] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The sheet's path inside the package."""
        return f"xl/worksheets/sheet{self.number}.xml"

    def relate(self, kind: str, target: str) -> str:
        """Add a relation and return its id."""
        self.relations.append((kind, target))
        return f"rId{len(self.relations)}"


def relations(pairs: Sequence[tuple[str, str]]) -> str:
    """Return a relations part for (type, target) pairs, ids counted from ``rId1``."""
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{attribute(target)}"/>'
        for number, (kind, target) in enumerate(pairs, start=1)
    )
    return f'{XML}<Relationships xmlns="{_PACKAGE}/relationships">{items}</Relationships>'


def root_relations() -> str:
    """Return the relations of the package itself."""
    return relations(
        [
            (f"{RELATIONS}/officeDocument", "xl/workbook.xml"),
            (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
            (f"{RELATIONS}/extended-properties", "docProps/app.xml"),
        ]
    )


def content_types(overrides: Sequence[tuple[str, str]]) -> str:
    """Return ``[Content_Types].xml`` for (path, key of ``TYPES``) pairs."""
    items = "".join(
        f'<Override PartName="/{path}" ContentType="{TYPES[kind]}"/>' for path, kind in overrides
    )
    return (
        f'{XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{items}</Types>'
    )


def core_properties(title: str, subject: str, creator: str, language: str) -> str:
    """Return the document's properties. There is no time in them: same question, same bytes."""
    return (
        f"{XML}<cp:coreProperties "
        f'xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{markup(title)}</dc:title><dc:subject>{markup(subject)}</dc:subject>"
        f"<dc:creator>{markup(creator)}</dc:creator><dc:language>{markup(language)}</dc:language>"
        "</cp:coreProperties>"
    )


def app_properties() -> str:
    """Return the application's properties: its name only."""
    return (
        f"{XML}<Properties "
        'xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
        "<Application>fundops</Application></Properties>"
    )


def workbook_xml(sheets: Sequence[Placed], names: Sequence[Name]) -> str:
    """Return ``workbook.xml``; ``sheets`` are in tab order.

    The program is asked to recompute on opening, so that a control answers for the rows that are
    there, not for the value that was written beside its formula.
    """
    tabs = {sheet.tab: index for index, sheet in enumerate(sheets)}
    listed = "".join(
        f'<sheet name="{attribute(sheet.name)}" sheetId="{index}" r:id="rId{sheet.number}"/>'
        for index, sheet in enumerate(sheets, start=1)
    )
    defined = "".join(
        f'<definedName name="{attribute(name.name)}"'
        + ("" if name.tab is None else f' localSheetId="{tabs[name.tab]}"')
        + (' hidden="1"' if name.hidden else "")
        + f">{markup(name.refers_to)}</definedName>"
        for name in names
    )
    return (
        f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        '<workbookPr defaultThemeVersion="124226"/>'
        '<bookViews><workbookView xWindow="0" yWindow="0" windowWidth="28800" '
        'windowHeight="15000" tabRatio="800" activeTab="0"/></bookViews>'
        f"<sheets>{listed}</sheets>"
        + (f"<definedNames>{defined}</definedNames>" if defined else "")
        + '<calcPr calcId="191029" fullCalcOnLoad="1"/></workbook>'
    )


def workbook_relations(sheets: Sequence[Placed]) -> str:
    """Return the workbook's relations: ``rId`` of a sheet is its file's number."""
    pairs = [
        (f"{RELATIONS}/worksheet", f"worksheets/sheet{sheet.number}.xml")
        for sheet in sorted(sheets, key=lambda sheet: sheet.number)
    ]
    pairs += [
        (f"{RELATIONS}/styles", "styles.xml"),
        (f"{RELATIONS}/sharedStrings", "sharedStrings.xml"),
    ]
    return relations(pairs)


@dataclass(frozen=True, slots=True)
class Table:
    """An Excel table over a heading row and its data."""

    number: int
    name: str
    headings: tuple[str, ...]
    heading_row: int
    last_row: int
    filter: bool

    @property
    def path(self) -> str:
        """The table's path inside the package."""
        return f"xl/tables/table{self.number}.xml"

    def xml(self) -> str:
        """Return the table's part."""
        last = letters(len(self.headings) - 1)
        reference = f"A{self.heading_row}:{last}{self.last_row}"
        columns = "".join(
            f'<tableColumn id="{number}" name="{attribute(heading)}"/>'
            for number, heading in enumerate(self.headings, start=1)
        )
        filtered = f'<autoFilter ref="{reference}"/>' if self.filter else ""
        return (
            f'{XML}<table xmlns="{MAIN}" id="{self.number}" name="{self.name}" '
            f'displayName="{self.name}" ref="{reference}" totalsRowShown="0">{filtered}'
            f'<tableColumns count="{len(self.headings)}">{columns}</tableColumns>'
            '<tableStyleInfo name="TableStyleLight1" showFirstColumn="0" showLastColumn="0" '
            'showRowStripes="1" showColumnStripes="0"/></table>'
        )


def print_titles(sheet: str, row: int, tab: tuple[int, int]) -> Name:
    """Return the name that repeats ``row`` on every printed page."""
    return Name("_xlnm.Print_Titles", f"{quoted(sheet)}!${row}:${row}", tab)


def filter_database(sheet: str, reference: str, tab: tuple[int, int]) -> Name:
    """Return the hidden name that Excel expects beside a sheet's filter."""
    return Name("_xlnm._FilterDatabase", f"{quoted(sheet)}!{reference}", tab, hidden=True)
