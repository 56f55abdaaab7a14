"""The report of an import: what was found, set aside, counted and reconciled, as a file.

A workbook for people, or JSON for programs; the ending of the name decides. Both say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fundops import money
from fundops.imports.load import ImportResult
from fundops.messages import text

if TYPE_CHECKING:
    from fundops.exports import Cell, Column, Controls, Kind, Sheet, Workbook

SUFFIXES = (".xlsx", ".json")
MAX_CELL = 32_000


class ReportError(ValueError):
    """A report that cannot be written, in a sentence."""


def check_path(path: Path) -> None:
    """Raise ``ReportError`` for a name whose ending is no known one, or a folder that is not there.

    Asked before the import: a long run must not end without its report.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ReportError(text("loading.report.suffix", suffixes=", ".join(SUFFIXES)))
    if not path.parent.is_dir():
        raise ReportError(text("loading.report.folder"))


def write_report(result: ImportResult, path: Path) -> None:
    """Write the report of ``result`` to ``path``. Raises ``ReportError`` and ``OSError``."""
    check_path(path)
    if path.suffix.lower() == ".json":
        import orjson

        path.write_bytes(orjson.dumps(as_data(result), option=orjson.OPT_INDENT_2))
        return
    from fundops.exports import write

    write(as_workbook(result), path)


def as_data(result: ImportResult) -> dict[str, Any]:
    """Return the report as plain data; amounts are decimal text beside their currency."""
    return {
        "profile": result.profile,
        "kind": result.kind,
        "dry_run": result.is_dry_run,
        "loaded": result.is_loaded,
        "files": [
            {"file": f.file, "sha256": f.sha256, "bytes": f.size, "rows": f.rows}
            | dict(zip(("set_aside", "findings"), _of_file(result, f.file), strict=True))
            for f in result.files
        ],
        "counts": result.counts.as_dict(),
        "openings": [
            {
                "fund": one.fund,
                "amount": money.format_amount(one.amount_minor, one.currency),
                "currency": one.currency,
                "on": one.on.isoformat(),
            }
            for one in result.openings
        ],
        "reconciliation": [
            {
                "fund": one.fund,
                "year": one.year,
                "what": one.what,
                "currency": one.currency,
                "source": money.format_amount(one.source_minor, one.currency),
                "ledger": money.format_amount(one.ledger_minor, one.currency),
                "agrees": one.agrees,
            }
            for one in result.agreeing
        ],
        "set_aside": [
            {
                "file": row.file,
                "row": row.row,
                "line": row.line,
                "key": row.key,
                "reasons": [found.message for found in row.reasons],
                "cells": dict(row.source),
            }
            for row in result.set_aside
        ],
        "findings": [
            {
                "severity": found.severity,
                "file": found.file,
                "row": found.row,
                "line": found.line,
                "column": found.column,
                "code": found.code,
                "message": found.message,
            }
            for found in result.findings
        ],
    }


def _of_file(result: ImportResult, file: str) -> tuple[int, dict[str, int]]:
    found = Counter(one.severity for one in result.findings if one.file == file)
    return sum(row.file == file for row in result.set_aside), dict(sorted(found.items()))


def as_workbook(result: ImportResult) -> Workbook:
    """Return the report as a workbook whose reconciliation adds itself up."""
    from fundops.exports import Guide, Workbook

    sheets: list[Any] = [_summary(result), _files(result), _findings(result), _set_aside(result)]
    if result.agreeing:
        currency = result.agreeing[0].currency
        sheets += [_reconciliation(result, currency), _controls(result, currency)]
    sheets.append(Guide(text("loading.report.guide")))
    return Workbook(text("loading.report.title", profile=result.profile), tuple(sheets))


def _controls(result: ImportResult, currency: str) -> Controls:
    from fundops.exports import Control, Controls, Money, total

    booked = sum(one.ledger_minor for one in result.agreeing)
    controls = tuple(
        Control(
            text(f"loading.report.control.{name}"),
            total("reconciliation", column),
            expected,
            Money(currency=currency),
            text(f"loading.report.control.{name}.meaning"),
        )
        for name, column, expected in (("sums", "source", booked), ("difference", "difference", 0))
    )
    return Controls(text("loading.report.controls"), controls)


def _summary(result: ImportResult) -> Any:
    from fundops.exports import Cell, Grid

    cells = [
        Cell("A1", text("loading.report.title", profile=result.profile), look="title", across=3)
    ]
    row = 3
    for label, value in summary_lines(result):
        cells += _pair(row, label, value)
        row += 1
    row += 1
    for opening in result.openings:
        amount = money.display(opening.amount_minor, opening.currency)
        label = text("loading.report.opening", fund=opening.fund, on=opening.on)
        cells += _pair(row, label, amount)
        row += 1
    return Grid(text("loading.report.summary"), tuple(cells), widths={"A": 44, "B": 24})


def _pair(row: int, label: str, value: int | str) -> list[Cell]:
    from fundops.exports import Cell

    return [Cell(f"A{row}", label, look="label"), Cell(f"B{row}", value)]


def summary_lines(result: ImportResult) -> list[tuple[str, int | str]]:
    """Return what is printed and reported of an import: labels and values, in order."""
    severities = Counter(found.severity for found in result.findings)
    counts = result.counts
    rows = sum(file.rows for file in result.files)
    outcome = "loaded" if result.is_loaded else "dry_run" if result.is_dry_run else "refused"
    if outcome == "dry_run" and result.critical:
        outcome = "refused"
    lines: list[tuple[str, int | str]] = [
        (text("loading.report.outcome"), text(f"loading.outcome.{outcome}")),
        (text("loading.report.rows"), rows),
        (text("loading.report.accepted"), 0 if result.critical else rows - len(result.set_aside)),
        (text("loading.report.set_aside"), len(result.set_aside)),
        (text("loading.report.added"), counts.added),
    ]
    lines += [
        (text("loading.report.changed", kind=text(f"loading.change.{kind}")), number)
        for kind, number in sorted(counts.changed.items())
    ]
    lines += [
        (text("loading.report.unchanged"), counts.unchanged),
        (text("loading.report.missing"), counts.missing),
    ]
    if counts.kept:
        lines.append((text("loading.report.kept"), counts.kept))
    lines += [
        (text(f"loading.report.{severity}"), severities[severity])
        for severity in ("critical", "error", "warning")
    ]
    return lines


def _column(key: str, kind: Kind, width: float, **params: str) -> Column:
    from fundops.exports import Column

    heading, meaning = text(f"loading.column.{key}", **params), text(f"loading.meaning.{key}")
    return Column(key, heading, kind, width, meaning)


def _files(result: ImportResult) -> Sheet:
    from fundops.exports import Code, Integer, Sheet, Text

    def rows() -> Iterable[tuple[Any, ...]]:
        for one in result.files:
            yield one.file, one.sha256, one.size, one.rows, _of_file(result, one.file)[0]

    columns = (
        _column("file", Text(), 44),
        _column("sha256", Code(), 66),
        _column("bytes", Integer(), 12),
        _column("rows", Integer(), 10),
        _column("aside", Integer(), 12),
    )
    return Sheet(text("loading.report.files"), columns, rows, table_name="files")


def _findings(result: ImportResult) -> Sheet:
    from fundops.exports import Code, Integer, Sheet, Text

    def rows() -> Iterable[tuple[Any, ...]]:
        for one in result.findings:
            yield one.severity, one.file, one.row, one.column, one.code, one.message

    columns = (
        _column("severity", Code(), 10),
        _column("file", Code(), 36),
        _column("row", Integer(), 8),
        _column("column", Code(), 20),
        _column("code", Code(), 24),
        _column("message", Text(), 90),
    )
    return Sheet(text("loading.report.findings"), columns, rows, table_name="findings")


def _set_aside(result: ImportResult) -> Sheet:
    from fundops.exports import Code, Integer, Sheet, Text

    def rows() -> Iterable[tuple[Any, ...]]:
        for one in result.set_aside:
            reasons = " ".join(found.message for found in one.reasons)
            cells = " | ".join(f"{name}: {cell}" for name, cell in one.source.items() if cell)
            yield one.file, one.row, one.key, reasons[:MAX_CELL], cells[:MAX_CELL]

    columns = (
        _column("file", Code(), 36),
        _column("row", Integer(), 8),
        _column("key", Text(), 40),
        _column("reasons", Text(), 70),
        _column("cells", Text(), 90),
    )
    return Sheet(text("loading.report.aside"), columns, rows, table_name="set_aside")


def _reconciliation(result: ImportResult, currency: str) -> Sheet:
    from fundops.exports import Code, Computed, Integer, Money, Sheet

    def rows() -> Iterable[tuple[Any, ...]]:
        for one in result.agreeing:
            what = text(f"loading.what.{one.what}")
            left, right = one.source_minor, one.ledger_minor
            yield one.fund, one.year, what, left, right, left - right

    amount = Money(currency=currency)
    columns = (
        _column("fund", Code(), 12),
        _column("year", Integer(), 8),
        _column("what", Code(), 14),
        _column("source", amount, 22, currency=currency),
        _column("ledger", amount, 22, currency=currency),
        _column("difference", Computed("{source}-{ledger}", amount), 18),
    )
    return Sheet(
        text("loading.report.reconciliation"),
        columns,
        rows,
        table_name="reconciliation",
        currency=currency,
        totals=("source", "ledger", "difference"),
    )
