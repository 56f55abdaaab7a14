"""LibreOffice without a window: filling cells of a workbook and saving it, as a person would.

The cells are written by a Basic macro inside LibreOffice itself, so that what comes back is its own
file: no library of ours has touched it. Protection of sheets does not bind macros.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

needs_libreoffice = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice (soffice) is not on PATH"
)

Cells = Mapping[tuple[str, str], str | int | float]

_MACRO = """
Sub Fill(fromUrl As String, toUrl As String, cellsUrl As String)
    Dim hide(0) As New com.sun.star.beans.PropertyValue
    hide(0).Name = "Hidden"
    hide(0).Value = True
    oBook = StarDesktop.loadComponentFromURL(fromUrl, "_blank", 0, hide())
    oFiles = createUnoService("com.sun.star.ucb.SimpleFileAccess")
    oText = createUnoService("com.sun.star.io.TextInputStream")
    oText.setInputStream(oFiles.openFileRead(cellsUrl))
    oText.setEncoding("UTF-8")
    Do While Not oText.isEOF()
        aPart = Split(oText.readLine(), Chr(9))
        If UBound(aPart) = 3 Then
            oCell = oBook.Sheets.getByName(aPart(0)).getCellRangeByName(aPart(1))
            If aPart(2) = "n" Then
                oCell.setValue(Val(aPart(3)))
            Else
                oCell.setString(Join(Split(aPart(3), "\\n"), Chr(10)))
            End If
        End If
    Loop
    Dim how(0) As New com.sun.star.beans.PropertyValue
    how(0).Name = "FilterName"
    how(0).Value = "Calc MS Excel 2007 XML"
    oBook.storeToURL(toUrl, how())
    oBook.close(True)
    StarDesktop.terminate()
End Sub
"""
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_LIBRARIES = "http://openoffice.org/2000/library"


def _run(folder: Path, *arguments: str) -> None:
    """Run LibreOffice with a user profile in ``folder``, which it makes when it starts first."""
    soffice = shutil.which("soffice")
    assert soffice is not None
    profile = (folder / "profile").absolute().as_uri()
    subprocess.run(
        [soffice, f"-env:UserInstallation={profile}", "--headless", "--norestore", *arguments],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip


def _write_macro(folder: Path) -> None:
    """Make ours the one macro of the user profile in ``folder``."""
    standard = folder / "profile" / "user" / "basic" / "Standard"
    standard.mkdir(parents=True, exist_ok=True)
    (standard / "Module1.xba").write_text(
        f'{_HEAD}<script:module xmlns:script="http://openoffice.org/2000/script" '
        f'script:name="Module1" script:language="StarBasic">{escape(_MACRO)}</script:module>'
    )
    (standard / "script.xlb").write_text(
        f'{_HEAD}<library:library xmlns:library="{_LIBRARIES}" library:name="Standard" '
        'library:readonly="false" library:passwordprotected="false">'
        '<library:element library:name="Module1"/></library:library>'
    )
    (standard.parent / "script.xlc").write_text(
        f'{_HEAD}<library:libraries xmlns:library="{_LIBRARIES}" '
        'xmlns:xlink="http://www.w3.org/1999/xlink"><library:library library:name="Standard" '
        'xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple" '
        'library:link="false"/></library:libraries>'
    )


def filled(raw: bytes, cells: Cells, folder: Path) -> bytes:
    """Return the workbook with ``cells`` by (sheet, cell) as LibreOffice fills and saves it.

    Numbers are set as numbers, texts as texts.
    """
    source, target, listed = (folder / name for name in ("in.xlsx", "out.xlsx", "cells.txt"))
    source.write_bytes(raw)
    lines = []
    for (sheet, cell), value in cells.items():
        kind = "s" if isinstance(value, str) else "n"
        said = str(value).replace("\n", "\\n")
        lines.append(f"{sheet}\t{cell}\t{kind}\t{said}\n")
    listed.write_text("".join(lines), encoding="utf-8")
    given = ",".join(f'"{path.absolute().as_uri()}"' for path in (source, target, listed))
    _run(folder, "--terminate_after_init")
    _write_macro(folder)
    _run(folder, f"macro:///Standard.Module1.Fill({given})")
    return target.read_bytes()
