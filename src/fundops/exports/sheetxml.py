"""What bulk sheets and grids share: views, columns, page set-up, and the book they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fundops.exports.escape import markup
from fundops.exports.kinds import Integer, Money
from fundops.exports.names import continued, letters, quoted
from fundops.exports.parts import MAIN, RELATIONS, XML, Name, Placed, Table
from fundops.exports.strings import SharedStrings
from fundops.exports.styles import Styles
from fundops.exports.tally import Tallies
from fundops.exports.workbook import Workbook
from fundops.messages import text

_DEFAULT_WIDTH = 12
_FOOTER_TITLE = 80


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell that shows what is added up elsewhere: its sheet, its place, its value and kind."""

    sheet: str
    at: str
    value: int
    kind: Money | Integer

    @property
    def reference(self) -> str:
        """The cell as formulas name it."""
        return f"{quoted(self.sheet)}!{self.at}"


@dataclass(slots=True)
class Book:
    """A workbook while it is rendered: what its sheets number and name as they are written."""

    workbook: Workbook
    tallies: Tallies
    styles: Styles
    strings: SharedStrings
    placed: list[Placed] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    charts: int = 0
    drawings: int = 0

    def place(self, position: int, part: int, name: str) -> Placed:
        """Number the next sheet file, for part ``part`` of the sheet declared at ``position``."""
        sheet = Placed((position, part), continued(name, part), len(self.placed) + 1)
        self.placed.append(sheet)
        return sheet


def opening(book: Book, tab: tuple[int, int], view: str, columns: str) -> str:
    """Return the start of a sheet up to and with ``<sheetData>``."""
    return (
        f'{XML}<worksheet xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f"<sheetViews><sheetView{_view_flags(book, tab)}{view}</sheetView></sheetViews>"
        f'<sheetFormatPr defaultRowHeight="15"/>{columns}<sheetData>'
    )


def _view_flags(book: Book, tab: tuple[int, int]) -> str:
    flags = ' tabSelected="1"' if tab == (0, 1) else ""
    if book.workbook.right_to_left:
        flags += ' rightToLeft="1"'
    return flags


def view(rows: int, columns: int, gridlines: bool) -> str:
    """Return the rest of a sheet view with ``rows`` and ``columns`` frozen."""
    shown = "" if gridlines else ' showGridLines="0"'
    opened = f'{shown} workbookViewId="0">'
    if not rows and not columns:
        return opened
    pane = {(True, False): "bottomLeft", (False, True): "topRight", (True, True): "bottomRight"}[
        (rows > 0, columns > 0)
    ]
    split = (f' xSplit="{columns}"' if columns else "") + (f' ySplit="{rows}"' if rows else "")
    corner = f"{letters(columns)}{rows + 1}"
    return (
        f'{opened}<pane{split} topLeftCell="{corner}" activePane="{pane}" state="frozen"/>'
        f'<selection pane="{pane}" activeCell="{corner}" sqref="{corner}"/>'
    )


def widths(by_column: Mapping[int, float]) -> str:
    """Return ``<cols>`` for widths in characters by column from 0."""
    items = "".join(
        f'<col min="{column + 1}" max="{column + 1}" width="{width:g}" customWidth="1"/>'
        for column, width in sorted(by_column.items())
    )
    return f"<cols>{items}</cols>" if items else ""


def page(book: Book) -> str:
    """Return the page set-up: landscape, as wide as a page, title and page number below."""
    # A footer holds 255 characters, and each "&" counts twice.
    title = book.workbook.title[:_FOOTER_TITLE].replace("&", "&&")
    numbers = text("exports.page", book.workbook.language, page="&P", pages="&N")
    footer = markup(f"&L{title}&C&A&R{numbers}")
    return (
        '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.7" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
        f"<headerFooter><oddFooter>{footer}</oddFooter></headerFooter>"
    )
