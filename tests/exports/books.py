"""A small audit workbook, and ways to read it back: as zip parts, by libraries, recalculated."""

from __future__ import annotations

import re
import shutil
import subprocess
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from fundops.exports import (
    AtLeast,
    AtMost,
    Beside,
    Cell,
    Chart,
    Code,
    Column,
    Computed,
    Control,
    Controls,
    Date,
    Flag,
    Formula,
    Grid,
    Guide,
    Instant,
    Integer,
    Money,
    Overall,
    Rate,
    Series,
    Share,
    Sheet,
    Text,
    Workbook,
    count,
    render,
    total,
)

USD = Money("USD")

RECEIPTS: list[tuple[Any, ...]] = [
    ("RCP-1", "LOT-1", "First & <second>", date(2026, 1, 5), 125_000, "USD", 120_000, "1", True,
     124_990, datetime(2026, 1, 5, 12, 30, 15, tzinfo=UTC), Decimal("0.25"), 3),
    ("RCP-2", "LOT-2", None, date(2026, 2, 6), -5, "JPY", 5_000, "0.92150", False,
     -15, None, None, None),
    ("RCP-3", "lot-1", " spaced ", date(2026, 3, 7), 99, "KWD", 1_234, None, None,
     89, datetime(2026, 3, 7, tzinfo=UTC), Decimal(1) / 3, 7),
    ("RCP-4", "LOT*", "مرحبا", date(1, 1, 1), 700, "EUR", None, None, True,
     690, None, Decimal(0), 0),
]  # fmt: skip

RECEIPT_COLUMNS = (
    Column("code", "Receipt", Code(), 14, "The receipt's code.", "receipts.code"),
    Column("lot", "Lot", Code(), 14, "The lot it went to.", "lots.code"),
    Column("note", "Note", Text(), 40, "What the bank wrote.", "receipts.note"),
    Column("paid_on", "Paid on", Date(), 12, "Value date.", "receipts.paid_on"),
    Column("amount", "Amount (USD)", Money(), 16, "Booked amount.", "receipts.amount_minor"),
    Column("currency", "Currency", Code(), 10, "Currency received.", "receipts.currency"),
    Column("local", "Amount received", Money(currency_from="currency"), 16),
    Column("rate", "Rate", Rate(), 12),
    Column("final", "Final", Flag(), 8),
    Column("net", "Net of fee", Computed("{amount}-0.10", Money()), 16),
    Column("at", "Recorded at (UTC)", Instant(), 20),
    Column("share", "Share", Share(), 10),
    Column("parts", "Parts", Integer(), 8),
)


def a_sheet(rows: Iterable[tuple[Any, ...]] = RECEIPTS, name: str = "Receipts") -> Sheet:
    """Return a sheet of receipts with every kind of column."""
    kept = list(rows)
    return Sheet(
        name,
        RECEIPT_COLUMNS,
        lambda: kept,
        title="Receipts of the year",
        table_name="receipts",
        currency="USD",
        totals=("amount", "parts"),
        notes=("Amounts are booked amounts.",),
    )


ALL = total("receipts", "amount")
LOT_1 = total("receipts", "amount", {"lot": "LOT-1"})
EXPECTED = {"all": 125_794, "lot": 125_099, "net": 125_754, "rows": 4, "others": 695}


def some_controls(**changed: int) -> Controls:
    """Return controls over ``a_sheet``; ``changed`` replaces what the ledger would expect."""
    expected = {**EXPECTED, **changed}
    others = total("receipts", "amount", {"lot": "LOT-2"}) + total(
        "receipts", "amount", {"lot": "LOT*"}
    )
    return Controls(
        "Controls",
        (
            Control("All receipts", ALL, expected["all"], USD, "Cash in."),
            Control("Receipts of lot 1", LOT_1, expected["lot"], USD),
            Control("Net", total("receipts", "net"), expected["net"], USD),
            Control("Rows", count("receipts"), expected["rows"], Integer()),
            Control("All but lot 1", ALL - LOT_1, expected["others"], USD),
            Control("The other lots", others, expected["others"], USD),
        ),
    )


def a_cover() -> Grid:
    """Return a cover with figures, criteria of every sort, a ratio, a link and charts."""
    march = date(2026, 3, 1)
    return Grid(
        "Cover",
        (
            Cell("A1", "Statement", look="title", across=2),
            Cell("A2", Overall(), look="label"),
            Cell("A4", "All receipts", look="label"),
            Cell("B4", ALL, USD, look="total"),
            Cell("A5", "LOT-1"),
            Cell("B5", total("receipts", "amount", {"lot": Beside("A5", "LOT-1")})),
            Cell("A6", "To the end of February"),
            Cell(
                "B6",
                total("receipts", "amount", {"paid_on": AtMost(date(2026, 2, 28)), "lot": "LOT-1"}),
            ),
            Cell("A7", "Final, from March, three parts or more"),
            Cell("B7", count("receipts", {"final": True})),
            Cell("C7", total("receipts", "amount", {"paid_on": AtLeast(march)})),
            Cell("D7", count("receipts", {"parts": AtLeast(3), "lot": "LOT-1"})),
            Cell("A8", "Lot 1 of all"),
            Cell("B8", Formula("B5/B4", Decimal(125_099) / Decimal(125_794)), Share()),
            Cell("A9", "Printed for"),
            Cell("B9", date(2026, 3, 31)),
            Cell("C9", datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)),
            Cell("D9", True),
            Cell("A10", "To the receipts", look="link", link="Receipts"),
            Cell("B10", "0.9215", Rate()),
            Cell("C10", None, look="total"),
            Cell("B11", Formula('IF(B4>0,"paid","unpaid")', "paid"), Text()),
            Cell("C11", Formula("B4>B5", True), Flag()),
            Cell("D11", Formula("DATE(2026,1,2)", date(2026, 1, 2)), Date()),
        ),
        {"A": 40, "B": 18, "C": 18},
        charts=(
            Chart("bar", "By lot & all", "A4:A6", (Series("Amount", "B4:B6"),), "A14"),
            Chart("line", "Over time", "A4:A6", (Series("Amount", "B4:B6"),), "A32"),
        ),
    )


def a_book(**changed: int) -> Workbook:
    """Return the whole workbook: cover, controls, receipts, guide."""
    return Workbook(
        "Statement of A & B",
        (a_cover(), some_controls(**changed), a_sheet(), Guide("How to read this")),
        subject="2026",
        creator="A fund",
    )


def rendered(workbook: Workbook) -> bytes:
    """Return a workbook's file."""
    return b"".join(render(workbook))


def parts(data: bytes) -> dict[str, bytes]:
    """Return the parts of a file by path; the zip's own checksums are verified."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(content: Mapping[str, bytes], path: Path) -> Path:
    """Write parts, perhaps changed, as a file again."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    return path


def sheet_part(data: bytes, name: str) -> str:
    """Return the path of the sheet called ``name``."""
    from openpyxl import load_workbook

    numbers = {sheet.title: sheet for sheet in load_workbook(BytesIO(data))}
    assert name in numbers, name
    root = parts(data)["xl/workbook.xml"].decode()
    before = root.split(f'<sheet name="{name}"')[1]
    return f"xl/worksheets/sheet{before.split('r:id=')[1][1:].split(chr(34))[0][3:]}.xml"


def one_cent_more(data: bytes, path: Path, sheet: str, was: str, now: str) -> Path:
    """Write the file with one money cell of ``sheet`` changed, and nothing else."""
    content = parts(data)
    part = sheet_part(data, sheet)
    old, new = f"<v>{was}</v>".encode(), f"<v>{now}</v>".encode()
    assert content[part].count(old) == 1, "exactly one cell is to change"
    content[part] = content[part].replace(old, new)
    return repacked(content, path)


def one_cell(data: bytes, path: Path, place: tuple[str, str], was: str, now: str) -> Path:
    """Write the file with the amount in one cell (sheet, coordinate) changed, and nothing else."""
    content = parts(data)
    part = sheet_part(data, place[0])
    cell = re.compile(rf'(<c r="{place[1]}"[^>]*><v>){re.escape(was)}(</v>)'.encode())
    content[part], found = cell.subn(rf"\g<1>{now}\g<2>".encode(), content[part])
    assert found == 1, place
    return repacked(content, path)


Values = dict[tuple[str, str], Any]


def cached(path: Path) -> Values:
    """Return the value written beside every formula, by (sheet, cell)."""
    from openpyxl import load_workbook

    shown = load_workbook(path, data_only=True)
    return {(sheet, cell): shown[sheet][cell].value for sheet, cell in formula_cells(path)}


def formula_cells(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the place of every formula, as (sheet, cell)."""
    from openpyxl import load_workbook

    for sheet in load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet.title, cell.coordinate


class Model:
    """A file as the ``formulas`` library reads it, to be computed with several contents.

    To read the formulas takes ten times as long as to compute them.
    """

    def __init__(self, path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import formulas

            self._model = formulas.ExcelModel().loads(str(path)).finish()
        self._name = path.name
        self._formulas = list(formula_cells(path))

    def computed(self, changed: Mapping[tuple[str, str], Any] | None = None) -> Values:
        """Return what every formula comes to, with other values in the cells ``changed``."""
        given = {self._place(*where): value for where, value in (changed or {}).items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            solution = self._model.calculate(inputs=given)
        return {where: solution[self._place(*where)].value[0, 0] for where in self._formulas}

    def _place(self, sheet: str, cell: str) -> str:
        return f"'[{self._name}]{sheet.upper()}'!{cell}"


def recalculated(path: Path) -> Values:
    """Return what every formula comes to when the ``formulas`` library computes the file."""
    return Model(path).computed()


ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"
  xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""LibreOffice's setting to recalculate on opening; by default it shows the values beside."""


def recalculated_by_libreoffice(path: Path, folder: Path) -> Values:
    """Return what every formula comes to when LibreOffice computes the file."""
    (found,) = all_recalculated_by_libreoffice([path], folder)
    return found


def all_recalculated_by_libreoffice(paths: Sequence[Path], folder: Path) -> list[Values]:
    """Return the same of several files with names of their own: LibreOffice is started once."""
    from openpyxl import load_workbook

    soffice = shutil.which("soffice")
    assert soffice is not None
    settings = folder / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(ALWAYS_RECALCULATE, encoding="utf-8")
    profile = (folder / "profile").absolute()
    subprocess.run(
        [soffice, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out"), *map(str, paths)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    found = []
    for path in paths:
        shown = load_workbook(folder / "out" / path.name, data_only=True)
        found.append({(sheet, at): shown[sheet][at].value for sheet, at in formula_cells(path)})
    return found


def serial(value: Any) -> Any:
    """Return a date as the number that a spreadsheet keeps, anything else as it is."""
    from openpyxl.utils.datetime import to_excel

    return to_excel(value) if isinstance(value, date) else value


def differences(one: Values, other: Values) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Return the cells where two readings differ; numbers agree to a millionth."""

    def same(a: Any, b: Any) -> bool:
        a, b = serial(a), serial(b)
        if isinstance(a, str) or isinstance(b, str):
            return str(a) == str(b)
        return a is not None and b is not None and abs(float(a) - float(b)) < 1e-6

    assert one.keys() == other.keys()
    assert one, "a comparison of no cells proves nothing"
    return {key: (one[key], other[key]) for key in one if not same(one[key], other[key])}
