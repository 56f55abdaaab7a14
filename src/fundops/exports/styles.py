"""Styles: looks and number formats, numbered as cells first use them, and ``styles.xml``.

The numbering follows the order of use, which is fixed by the declaration, so the same workbook
always has the same styles. ``styles.xml`` is written after the sheets for that reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from fundops.exports.escape import attribute
from fundops.exports.kinds import GENERAL

_FIRST_CUSTOM = 164
_BUILT_IN = {GENERAL: 0, "0": 1, "0.00": 2, "#,##0": 3, "0.00%": 10, "@": 49}

_FONTS = (
    '<font><sz val="11"/><name val="Calibri"/><family val="2"/></font>',
    '<font><b/><sz val="16"/><color rgb="FF1F3864"/><name val="Calibri"/><family val="2"/></font>',
    '<font><b/><sz val="12"/><color rgb="FF1F3864"/><name val="Calibri"/><family val="2"/></font>',
    '<font><b/><sz val="11"/><color rgb="FFFFFFFF"/><name val="Calibri"/><family val="2"/></font>',
    '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font>',
    '<font><i/><sz val="10"/><color rgb="FF595959"/><name val="Calibri"/><family val="2"/></font>',
    '<font><u/><sz val="11"/><color rgb="FF0563C1"/><name val="Calibri"/><family val="2"/></font>',
)
_FILLS = (
    '<fill><patternFill patternType="none"/></fill>',
    '<fill><patternFill patternType="gray125"/></fill>',
    '<fill><patternFill patternType="solid"><fgColor rgb="FF1F3864"/>'
    '<bgColor indexed="64"/></patternFill></fill>',
    '<fill><patternFill patternType="solid"><fgColor rgb="FFF2F2F2"/>'
    '<bgColor indexed="64"/></patternFill></fill>',
)
_BORDERS = (
    "<border><left/><right/><top/><bottom/><diagonal/></border>",
    '<border><left/><right/><top style="thin"><color rgb="FF1F3864"/></top>'
    '<bottom style="double"><color rgb="FF1F3864"/></bottom><diagonal/></border>',
)

_TOP_WRAP = '<alignment vertical="top" wrapText="1"/>'


@dataclass(frozen=True, slots=True)
class _Look:
    font: int = 0
    fill: int = 0
    border: int = 0
    alignment: str = ""


_LOOKS = {
    "plain": _Look(),
    "right": _Look(alignment='<alignment horizontal="right"/>'),
    "title": _Look(font=1),
    "subtitle": _Look(font=2),
    "heading": _Look(font=3, fill=2, alignment='<alignment vertical="center" wrapText="1"/>'),
    "heading_right": _Look(
        font=3, fill=2, alignment='<alignment horizontal="right" vertical="center" wrapText="1"/>'
    ),
    "label": _Look(font=4, alignment='<alignment vertical="top"/>'),
    "note": _Look(font=5, alignment='<alignment vertical="top"/>'),
    "total": _Look(font=4, fill=3, border=1),
    "wrapped": _Look(alignment=_TOP_WRAP),
    "link": _Look(font=6),
}

GOOD, BAD = 0, 1
"""Positions of the two conditional formats."""

_CONDITIONAL = (
    '<dxf><font><b/><color rgb="FF006100"/></font><fill><patternFill patternType="solid">'
    '<fgColor rgb="FFC6EFCE"/><bgColor rgb="FFC6EFCE"/></patternFill></fill></dxf>'
    '<dxf><font><b/><color rgb="FF9C0006"/></font><fill><patternFill patternType="solid">'
    '<fgColor rgb="FFFFC7CE"/><bgColor rgb="FFFFC7CE"/></patternFill></fill></dxf>'
)


class Styles:
    """The cell styles of one workbook, numbered on first use."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {("plain", GENERAL): 0}
        self._formats: dict[str, int] = {}

    def number(self, look: str, number_format: str = GENERAL) -> int:
        """Return the style number of ``look`` with ``number_format``."""
        return self._numbers.setdefault((look, number_format), len(self._numbers))

    def _format(self, number_format: str) -> int:
        if number_format in _BUILT_IN:
            return _BUILT_IN[number_format]
        return self._formats.setdefault(number_format, _FIRST_CUSTOM + len(self._formats))

    def _cell_format(self, look_name: str, number_format: str) -> str:
        look = _LOOKS[look_name]
        opening = (
            f'<xf numFmtId="{self._format(number_format)}" fontId="{look.font}" '
            f'fillId="{look.fill}" borderId="{look.border}" xfId="0" applyNumberFormat="1" '
            'applyFont="1" applyFill="1" applyBorder="1"'
        )
        if not look.alignment:
            return opening + "/>"
        return f'{opening} applyAlignment="1">{look.alignment}</xf>'

    def xml(self) -> str:
        """Return ``styles.xml`` for every style numbered so far."""
        cell_formats = "".join(self._cell_format(*key) for key in self._numbers)
        formats = "".join(
            f'<numFmt numFmtId="{number}" formatCode="{attribute(code)}"/>'
            for code, number in self._formats.items()
        )
        counted = f'<numFmts count="{len(self._formats)}">{formats}</numFmts>' if formats else ""
        return (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            f"{counted}"
            f'<fonts count="{len(_FONTS)}">{"".join(_FONTS)}</fonts>'
            f'<fills count="{len(_FILLS)}">{"".join(_FILLS)}</fills>'
            f'<borders count="{len(_BORDERS)}">{"".join(_BORDERS)}</borders>'
            '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
            "</cellStyleXfs>"
            f'<cellXfs count="{len(self._numbers)}">{cell_formats}</cellXfs>'
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
            f'<dxfs count="2">{_CONDITIONAL}</dxfs>'
            '<tableStyles count="0" defaultTableStyle="TableStyleMedium2" '
            'defaultPivotStyle="PivotStyleLight16"/>'
            "</styleSheet>"
        )
