"""Results of formulas, put back beside them: the library that writes workbooks leaves them out.

Without them a marked workbook that is sent again before a spreadsheet program has saved it would
have lost its computed values.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

from fundops.forms import reader
from fundops.forms.layout import reference
from fundops.forms.packing import Change

Results = dict[str, dict[str, tuple[str, str]]]

_FORMULA = re.compile(
    rb'<c r="(?P<at>[A-Z]{1,3}[0-9]{1,7})"(?P<style>(?: s="[0-9]+")?)[^>]*>'
    rb"(?P<formula><f\b(?:[^>]*/>|[^>]*>[^<]*</f>))<v\s*(?:/>|></v>)</c>"
)
_STORED = {"str", "b", "e", "n"}


def stored_results(raw: bytes) -> Results:
    """Return sheet -> cell -> (type, value) of every formula whose result is stored in ``raw``."""
    package = reader.opened(raw)
    found: Results = {}
    for name, _, part in package.sheets:
        for cell in reader.raw_cells(package, part):
            if cell.formula and cell.value is not None and cell.type in _STORED:
                at = reference(cell.row, cell.column)
                found.setdefault(name, {})[at] = (cell.type, cell.value)
    return found


def restoring(raw: bytes, results: Results) -> Mapping[str, Change]:
    """Return the changes that put ``results`` back into the sheets of the newly written ``raw``."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        known = set(archive.namelist())
    parts = {name: part for name, _, part in reader.opened(raw).sheets if part in known}
    return {parts[name]: _change(cells) for name, cells in results.items() if name in parts}


def _change(cells: Mapping[str, tuple[str, str]]) -> Change:
    def put(match: re.Match[bytes]) -> bytes:
        result = cells.get(match["at"].decode())
        if result is None:
            return match[0]
        kind, value = result
        stated = b"" if kind == "n" else f' t="{kind}"'.encode()
        text = escape(reader.escaped(value) if kind == "str" else value).encode()
        start = b'<c r="' + match["at"] + b'"' + match["style"] + stated + b">"
        return start + match["formula"] + b"<v>" + text + b"</v></c>"

    return lambda content: _FORMULA.sub(put, content)
