"""Charts: bars and lines over cells of a grid, in DrawingML, with the values they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fundops.exports.escape import markup
from fundops.exports.names import column_range, place
from fundops.exports.parts import RELATIONS, XML
from fundops.exports.workbook import Chart, chart_cells

_CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"

Shown = Mapping[tuple[int, int], tuple[bool, str]]
"""What each cell (row, column) shows: whether it is a number, and its digits or text."""

_CATEGORY_AXIS, _VALUE_AXIS = 111111111, 222222222
_COLOURS = ("1F3864", "C55A11", "548235", "7F6000", "7030A0", "2E75B6", "A5A5A5", "843C0C")


def drawing_xml(charts: Sequence[Chart]) -> str:
    """Return the drawing part that places ``charts``, the relations in the same order."""
    anchors = "".join(_anchor(number, chart) for number, chart in enumerate(charts, start=1))
    return f'{XML}<xdr:wsDr xmlns:xdr="{_SHEET}" xmlns:a="{_DRAWING}">{anchors}</xdr:wsDr>'


def _anchor(number: int, chart: Chart) -> str:
    row, column = place(chart.at)
    return (
        f"<xdr:twoCellAnchor>{_corner('from', column, row - 1)}"
        f"{_corner('to', column + chart.width, row - 1 + chart.height)}"
        '<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr>'
        f'<xdr:cNvPr id="{number + 1}" name="Chart {number}" descr="{_quoted(chart.title)}"/>'
        "<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr>"
        '<xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm>'
        f'<a:graphic><a:graphicData uri="{_CHART}">'
        f'<c:chart xmlns:c="{_CHART}" xmlns:r="{RELATIONS}" r:id="rId{number}"/>'
        "</a:graphicData></a:graphic></xdr:graphicFrame><xdr:clientData/></xdr:twoCellAnchor>"
    )


def _corner(tag: str, column: int, row: int) -> str:
    return (
        f"<xdr:{tag}><xdr:col>{column}</xdr:col><xdr:colOff>0</xdr:colOff>"
        f"<xdr:row>{row}</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:{tag}>"
    )


def _quoted(text: str) -> str:
    return markup(text).replace('"', "&quot;")


def chart_xml(chart: Chart, sheet: str, shown: Shown) -> str:
    """Return the chart part of ``chart`` on the sheet named ``sheet``."""
    series = "".join(
        _series(number, chart, one.name, one.values, sheet, shown)
        for number, one in enumerate(chart.series)
    )
    axes = f'<c:axId val="{_CATEGORY_AXIS}"/><c:axId val="{_VALUE_AXIS}"/>'
    if chart.kind == "bar":
        plot = (
            '<c:barChart><c:barDir val="col"/><c:grouping val="clustered"/>'
            f'<c:varyColors val="0"/>{series}<c:gapWidth val="80"/>{axes}</c:barChart>'
        )
    else:
        plot = (
            '<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>'
            f'{series}<c:marker val="1"/>{axes}</c:lineChart>'
        )
    return (
        f'{XML}<c:chartSpace xmlns:c="{_CHART}" xmlns:a="{_DRAWING}" xmlns:r="{RELATIONS}">'
        f"<c:chart>{_title(chart.title)}"
        '<c:autoTitleDeleted val="0"/><c:plotArea><c:layout/>'
        f"{plot}{_axes(_floor(chart, shown))}</c:plotArea>"
        '<c:legend><c:legendPos val="b"/><c:overlay val="0"/></c:legend>'
        '<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart></c:chartSpace>'
    )


def _title(title: str) -> str:
    return (
        '<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr sz="1200" b="1"/></a:pPr>'
        f'<a:r><a:rPr sz="1200" b="1"/><a:t>{markup(title)}</a:t></a:r></a:p></c:rich></c:tx>'
        '<c:overlay val="0"/></c:title>'
    )


def _axes(floor: str) -> str:
    return (
        f'<c:catAx><c:axId val="{_CATEGORY_AXIS}"/>'
        '<c:scaling><c:orientation val="minMax"/></c:scaling><c:delete val="0"/>'
        '<c:axPos val="b"/><c:numFmt formatCode="General" sourceLinked="1"/>'
        '<c:majorTickMark val="out"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>'
        f'<c:crossAx val="{_VALUE_AXIS}"/><c:crosses val="autoZero"/></c:catAx>'
        f'<c:valAx><c:axId val="{_VALUE_AXIS}"/>'
        f'<c:scaling><c:orientation val="minMax"/>{floor}</c:scaling><c:delete val="0"/>'
        f'<c:axPos val="l"/><c:majorGridlines>{_line("D9D9D9", 9525)}</c:majorGridlines>'
        '<c:numFmt formatCode="#,##0" sourceLinked="0"/>'
        '<c:majorTickMark val="out"/><c:minorTickMark val="none"/>'
        '<c:tickLblPos val="nextTo"/>'
        f'<c:crossAx val="{_CATEGORY_AXIS}"/><c:crosses val="autoZero"/></c:valAx>'
    )


def _floor(chart: Chart, shown: Shown) -> str:
    """Return that bars start at nothing, so that their lengths compare, unless some are below."""
    for one in chart.series:
        column, first, last = chart_cells(one.values)
        for row in range(first, last + 1):
            if shown.get((row, column), (False, ""))[1].startswith("-"):
                return ""
    return '<c:min val="0"/>' if chart.kind == "bar" else ""


def _line(colour: str, width: int) -> str:
    return (
        f'<c:spPr><a:ln w="{width}"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></a:ln>'
        "</c:spPr>"
    )


def _series(number: int, chart: Chart, name: str, values: str, sheet: str, shown: Shown) -> str:
    colour = _COLOURS[number % len(_COLOURS)]
    if chart.kind == "bar":
        drawn = (
            f'<c:spPr><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></c:spPr>'
            '<c:invertIfNegative val="0"/>'
        )
    else:
        drawn = _line(colour, 28575) + '<c:marker><c:symbol val="circle"/></c:marker>'
    return (
        f'<c:ser><c:idx val="{number}"/><c:order val="{number}"/>'
        f"<c:tx><c:v>{markup(name)}</c:v></c:tx>{drawn}"
        f"<c:cat><c:strRef>{_remembered(chart.categories, sheet, shown, 'str')}</c:strRef></c:cat>"
        f"<c:val><c:numRef>{_remembered(values, sheet, shown, 'num')}</c:numRef></c:val>"
        + ("" if chart.kind == "bar" else '<c:smooth val="0"/>')
        + "</c:ser>"
    )


def _remembered(cells: str, sheet: str, shown: Shown, form: str) -> str:
    """Return a reference and the values it had, for programs that show without computing."""
    column, first, last = chart_cells(cells)
    points = ""
    for index, row in enumerate(range(first, last + 1)):
        is_number, text = shown.get((row, column), (False, ""))
        if text and (is_number or form == "str"):
            points += f'<c:pt idx="{index}"><c:v>{markup(text)}</c:v></c:pt>'
    general = "<c:formatCode>General</c:formatCode>" if form == "num" else ""
    return (
        f"<c:f>{markup(column_range(sheet, column, first, last))}</c:f><c:{form}Cache>{general}"
        f'<c:ptCount val="{last - first + 1}"/>{points}</c:{form}Cache>'
    )
