"""One workbook by one writer, in a process of its own: ``python -m scripts.benchmarks.writers``.

Every writer reads the same 200,000 rows of 14 columns from the same SQLite database and writes
them with headings, widths and number formats, then three sheets of twenty sums each by formulas
(rustpy-xlsxwriter has no formulas: the rows alone). Prints what it took as JSON.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

HEADINGS = (
    "Transfer", "Line", "Day", "Recorded at", "Kind", "Debited", "Credited", "Amount", "Currency",
    "Lot", "Grant", "Paid to", "Remark", "Reversal",
)  # fmt: skip
KINDS = ("reserve", "pay", "receipt", "refund", "void")
SHEETS, SUMS = 3, 20
AMOUNT, LOT = "H", "J"
MONEY, DAY, INSTANT = "#,##0.00", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
FORMATS = {2: DAY, 3: INSTANT, 7: MONEY}
WIDTH = 18


def lots() -> list[str]:
    """Return the criteria of the sums."""
    return [f"LOT-2026-{number:04d}" for number in range(SUMS)]


def raw(path: Path) -> sqlite3.Cursor:
    """Return the rows as the driver gives them: amounts in minor units, dates as text."""
    return sqlite3.connect(path).execute("SELECT * FROM moved ORDER BY seq")


def typed(path: Path) -> Iterator[tuple[Any, ...]]:
    """Yield the rows as peers take them: amounts as numbers, dates as dates."""
    day, instant = date.fromisoformat, datetime.fromisoformat
    for row in raw(path):
        yield (*row[:2], day(row[2]), instant(row[3]), *row[4:7], row[7] / 100, *row[8:13],
               bool(row[13]))  # fmt: skip


def ours(source: Path, target: Path) -> None:
    """Write with fundops: Core rows through a declared sheet, formulas with their values."""
    import sqlalchemy as sa

    from fundops.db import UtcDateTime
    from fundops.exports import Cell, Column, Grid, Sheet, Workbook, kinds, total, write

    shapes: list[tuple[str, Any, kinds.Kind]] = [
        ("seq", sa.Integer, kinds.Integer()), ("line", sa.Integer, kinds.Integer()),
        ("day", sa.Date, kinds.Date()), ("recorded_at", UtcDateTime, kinds.Instant()),
        ("kind", sa.Text, kinds.Code()), ("debited", sa.Text, kinds.Code()),
        ("credited", sa.Text, kinds.Code()), ("amount", sa.BigInteger, kinds.Money()),
        ("currency", sa.Text, kinds.Code()), ("lot", sa.Text, kinds.Code()),
        ("grant", sa.Text, kinds.Code()), ("paid_to", sa.Text, kinds.Text()),
        ("remark", sa.Text, kinds.Text()), ("reversal", sa.Boolean, kinds.Flag()),
    ]  # fmt: skip
    table = sa.table("moved", *(sa.column(key, type_) for key, type_, _ in shapes))
    engine = sa.create_engine(f"sqlite:///{source}")

    def rows() -> Iterator[Any]:
        with engine.connect() as connection:
            query = sa.select(table).order_by(table.c.seq).execution_options(yield_per=2_000)
            yield from connection.execute(query)

    columns = tuple(
        Column(key, heading, kind, WIDTH)
        for (key, _, kind), heading in zip(shapes, HEADINGS, strict=True)
    )
    sheet = Sheet("Transfers", columns, rows, table_name="moved", currency="USD")
    sums = tuple(
        Grid(
            f"Sums {number}",
            tuple(
                Cell(f"{letter}{line}", value, kinds.Money("USD") if letter == "B" else None)
                for line, lot in enumerate(lots(), 1)
                for letter, value in (("A", lot), ("B", total("moved", "amount", {"lot": lot})))
            ),
        )
        for number in range(1, SHEETS + 1)
    )
    write(Workbook("Transfers", (sheet, *sums)), target)


def pandas(source: Path, target: Path) -> None:
    """Write with pandas on openpyxl, every cell given its format as reports do."""
    import pandas as pd
    from openpyxl.styles import Font

    frame = pd.DataFrame(typed(source), columns=list(HEADINGS))
    with pd.ExcelWriter(target, engine="openpyxl") as writer:
        frame.to_excel(writer, sheet_name="Transfers", index=False)
        sheet = writer.sheets["Transfers"]
        sheet.freeze_panes = "A2"
        for cell in sheet[1]:
            cell.font = Font(bold=True)
            sheet.column_dimensions[cell.column_letter].width = WIDTH
        for position, form in FORMATS.items():
            for (cell,) in sheet.iter_rows(2, None, position + 1, position + 1):
                cell.number_format = form
        _sums_openpyxl(writer.book, len(frame) + 1)


def _sums_openpyxl(book: Any, last: int) -> None:
    for number in range(1, SHEETS + 1):
        sheet = book.create_sheet(f"Sums {number}")
        for line, lot in enumerate(lots(), 1):
            sheet.append([lot, formula(line, last)])


def formula(line: int, last: int) -> str:
    """Return the sum that stands in column B beside its lot."""
    ranged = (f"Transfers!${column}$2:${column}${last}" for column in (AMOUNT, LOT))
    return f"=SUMIFS({next(ranged)},{next(ranged)},A{line})"


def xlsxwriter(source: Path, target: Path) -> None:
    """Write with XlsxWriter in its constant-memory mode."""
    import xlsxwriter as peer

    book = peer.Workbook(str(target), {"constant_memory": True})
    sheet = book.add_worksheet("Transfers")
    sheet.set_column(0, len(HEADINGS) - 1, WIDTH)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, HEADINGS, book.add_format({"bold": True}))
    formats = {at: book.add_format({"num_format": form}) for at, form in FORMATS.items()}
    last = 1
    for last, row in enumerate(typed(source), 1):
        for at, value in enumerate(row):
            if at in (2, 3):
                sheet.write_datetime(last, at, value, formats[at])
            elif isinstance(value, str):
                sheet.write_string(last, at, value)
            elif isinstance(value, bool):
                sheet.write_boolean(last, at, value)
            else:
                sheet.write_number(last, at, value, formats.get(at))
    for number in range(1, SHEETS + 1):
        sums = book.add_worksheet(f"Sums {number}")
        for line, lot in enumerate(lots(), 1):
            sums.write_string(line - 1, 0, lot)
            sums.write_formula(line - 1, 1, formula(line, last + 1), formats[7])
    book.close()


def rustpy(source: Path, target: Path) -> None:
    """Write the rows with rustpy-xlsxwriter, streamed; it has no formulas."""
    from rustpy_xlsxwriter import FastExcel

    records = (dict(zip(HEADINGS, row, strict=True)) for row in typed(source))
    written = FastExcel(str(target)).format(
        float_format=MONEY, datetime_format=INSTANT, bold_headers=True
    )
    written.freeze(row=1).sheet("Transfers", records, column_widths=[WIDTH] * len(HEADINGS)).save()


def floor(source: Path, target: Path) -> None:
    """Read the rows raw and compress XML that is there already: nobody can do with less."""
    xml = source.with_suffix(".xml").read_bytes()
    began = time.process_time()
    for _row in raw(source):
        pass
    packed = zlib.compress(xml, 1)
    took = time.process_time() - began
    target.write_bytes(packed)
    report(took, 0.0)


def report(cpu: float, idle: float) -> None:
    """Print the seconds of processor time, and MiB at the most and before the work."""
    print(json.dumps({"cpu": cpu, "peak": _mebibytes("VmHWM"), "idle": idle}))
    sys.exit()


def _mebibytes(key: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024


WRITERS: dict[str, Callable[[Path, Path], None]] = {
    "ours": ours, "pandas": pandas, "xlsxwriter": xlsxwriter, "rustpy": rustpy, "floor": floor,
}  # fmt: skip
IMPORTS = {
    "ours": ("sqlalchemy", "fundops.db", "fundops.exports"), "pandas": ("pandas", "openpyxl"),
    "xlsxwriter": ("xlsxwriter",), "rustpy": ("rustpy_xlsxwriter",), "floor": (),
}  # fmt: skip


def main() -> None:
    """Write one file: WRITER DATABASE FILE."""
    name, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    for module in IMPORTS[name]:
        __import__(module)
    idle, began = _mebibytes("VmRSS"), time.process_time()
    WRITERS[name](source, target)
    report(time.process_time() - began, idle)


def fill(path: Path, rows: int) -> None:
    """Make the database: ``rows`` transfers of an ordinary fund."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE moved (seq INTEGER PRIMARY KEY, line INTEGER, day TEXT, recorded_at TEXT,"
            " kind TEXT, debited TEXT, credited TEXT, amount INTEGER, currency TEXT, lot TEXT,"
            ' "grant" TEXT, paid_to TEXT, remark TEXT, reversal INTEGER)'
        )
        connection.executemany(
            "INSERT INTO moved VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            map(_row, range(rows)),
        )


def _row(n: int) -> tuple[Any, ...]:
    return (
        n, n % 3, f"{2021 + n % 5}-{n % 12 + 1:02d}-{n % 28 + 1:02d}",
        f"2026-{n % 12 + 1:02d}-{n % 28 + 1:02d} {n % 24:02d}:{n % 60:02d}:{n * 7 % 60:02d}.000000",
        KINDS[n % 5], f"account-{n % 40}", f"account-{n % 37}", n * 7919 % 10**9 + 1, "USD",
        f"LOT-2026-{n % 60:04d}", f"GRT-2026-{n % 900:04d}",
        f"Organisation & Partners {n * 31 % 2_000}", f"Instalment {n} of the agreed schedule",
        n % 50 == 0,
    )  # fmt: skip


def sheet_xml(workbook: Path, target: Path) -> None:
    """Take the XML of the rows' sheet out of a workbook."""
    with zipfile.ZipFile(workbook) as archive:
        largest = max(archive.infolist(), key=lambda part: part.file_size)
        target.write_bytes(archive.read(largest))


if __name__ == "__main__":
    main()
