"""The sheet of controls: each figure recomputed by a live formula and held against the ledger's.

The value written beside each formula comes from the rows in the file, so a reader that does not
recalculate sees the same answer as one that does, also when the answer is that they differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fundops.exports.cells import digits, is_exact
from fundops.exports.formulas import Figure, Formula, besides, literal
from fundops.exports.grid import Check
from fundops.exports.kinds import Integer, Money, exponent_of
from fundops.exports.names import DeclarationError, column_range
from fundops.exports.sheetxml import Book, Shown
from fundops.exports.tally import Tallies, unit
from fundops.exports.workbook import Cell, CellValue, Control, Controls, Grid, Look
from fundops.messages import text

_FIRST_ROW = 5
_HEADINGS = ("label", "recomputed", "expected", "difference", "check", "meaning")
_WIDTHS = {"A": 48.0, "B": 26.0, "C": 26.0, "D": 16.0, "E": 30.0, "F": 96.0}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a workbook's controls came to: rendered cells and the sentence for the cover."""

    grid: Grid
    checks: tuple[Check, ...]
    name: str
    refers_to: str
    overall: Formula
    overall_holds: str


def outcome(declared: Controls, book: Book) -> Outcome:
    """Return the controls' sheet and their overall answer; all rows must have been written."""
    language = book.workbook.language
    cells = _heading(language)
    good = 0
    controls = [*declared.controls, *(_shown(book) if declared.holds_shown else ())]
    for offset, control in enumerate(controls):
        number = _FIRST_ROW + offset
        # Where all that is shown is held, the check reads the difference that is shown.
        gap = f"D{number}" if declared.holds_shown else f"B{number}-C{number}"
        row, holds = _control(control, number, gap, book)
        cells += row
        good += holds
    count = len(controls)
    last = _FIRST_ROW + count - 1
    ok = literal(text("exports.control_ok", language))
    name = f"{declared.table_name}_check"
    overall_holds = f"COUNTIF({name},{ok})={count}"
    agree = text("exports.controls_agree", language, count=count)
    differ = text("exports.controls_differ", language, count=count, sheet=declared.name)
    return Outcome(
        grid=Grid(declared.name, tuple(cells), _WIDTHS, freeze_rows=_FIRST_ROW - 1),
        checks=(Check(f"E{_FIRST_ROW}:E{last}", f"$E{_FIRST_ROW}={ok}"),),
        name=name,
        refers_to=column_range(declared.name, 4, _FIRST_ROW, last),
        overall=Formula(
            f"IF({overall_holds},{literal(agree)},{literal(differ)})",
            agree if good == count else differ,
        ),
        overall_holds=overall_holds,
    )


def _shown(book: Book) -> Iterator[Control]:
    """Yield a control per sheet, and decimals of it, over the cells that show what was added up."""
    by_sheet: dict[tuple[str, Money | Integer], list[Shown]] = {}
    for one in (*book.shown, *_on_grids(book)):
        by_sheet.setdefault((one.sheet, one.kind), []).append(one)
    language = book.workbook.language
    for (sheet, kind), cells in by_sheet.items():
        value = sum(one.value for one in cells)
        yield Control(
            text("exports.control_shown", language, sheet=sheet),
            Formula("+".join(one.reference for one in cells), value),
            value,
            kind,
            text("exports.control_shown.meaning", language),
        )


def _on_grids(book: Book) -> Iterator[Shown]:
    for grid in book.workbook.sheets:
        for cell in grid.cells if isinstance(grid, Grid) else ():
            if isinstance(cell.value, Figure):
                counted = unit(book.workbook, cell.value)
                kind = Integer() if counted is None else Money(exponent=counted[1])
                yield Shown(grid.name, cell.at, book.tallies.value(cell.value), kind)
            elif isinstance(cell.value, Formula) and type(cell.value.value) is int:
                if isinstance(cell.kind, Money):
                    own: Money | Integer = Money(exponent=exponent_of(cell.kind, None))
                else:
                    own = Integer()
                yield Shown(grid.name, cell.at, cell.value.value, own)


def _heading(language: str) -> list[Cell]:
    cells = [
        Cell("A1", text("exports.controls_title", language), look="title"),
        Cell("A2", text("exports.controls_note", language), look="note"),
    ]
    for letter, key in zip("ABCDEF", _HEADINGS, strict=True):
        heading = text(f"exports.control_{key}", language)
        look: Look = "heading_right" if letter in "BCD" else "heading"
        cells.append(Cell(f"{letter}{_FIRST_ROW - 1}", heading, look=look))
    return cells


def _control(control: Control, row: int, checked: str, book: Book) -> tuple[list[Cell], bool]:
    """Return the cells of one control and whether it holds; its check reads ``checked``."""
    tallies, language = book.tallies, book.workbook.language
    exponent = exponent_of(control.kind, None)
    if isinstance(control.formula, Figure):
        _check_unit(control, tallies)
        recomputed = Formula(tallies.text(control.formula), tallies.value(control.formula))
    else:
        recomputed = control.formula
    assert type(recomputed.value) is int
    difference = recomputed.value - control.expected
    provable = all(map(is_exact, (recomputed.value, control.expected, difference)))
    gap: CellValue = None
    if provable:
        check: CellValue = _check(checked, difference, exponent, language)
        gap = Formula(f"B{row}-C{row}", difference)
    else:
        check = text("exports.control_unprovable", language)
    cells = [
        Cell(f"A{row}", control.label, look="plain"),
        Cell(f"B{row}", recomputed, control.kind),
        Cell(f"C{row}", control.expected, control.kind),
        Cell(f"D{row}", gap, control.kind),
        Cell(f"E{row}", check),
        Cell(f"F{row}", control.meaning, look="note"),
    ]
    return cells, provable and difference == 0


def _check(gap: str, difference: int, exponent: int, language: str) -> Formula:
    """Return the check of ``gap``: "OK", or the difference in words."""
    ok = text("exports.control_ok", language)
    differs = text("exports.control_differs", language)
    formula = (
        f"IF(ROUND({gap},{exponent})=0,{literal(ok)},{literal(differs)}&FIXED({gap},{exponent}))"
    )
    return Formula(formula, ok if difference == 0 else differs + _grouped(difference, exponent))


def _grouped(minor: int, exponent: int) -> str:
    """Return an amount as ``FIXED`` shows it: ``1,234.50``."""
    whole, dot, fraction = digits(abs(minor), exponent).partition(".")
    return f"{'-' if minor < 0 else ''}{int(whole):,}{dot}{fraction}"


def _check_unit(control: Control, tallies: Tallies) -> None:
    """Raise ``DeclarationError`` when a control's kind is not its figure's."""
    assert isinstance(control.formula, Figure)
    if besides(control.formula):
        raise DeclarationError(f"control {control.label!r} has no cells of its own to stand beside")
    counted = unit(tallies.workbook, control.formula)
    kind = control.kind
    agrees = (
        isinstance(kind, Integer)
        if counted is None
        else isinstance(kind, Money) and exponent_of(kind, None) == counted[1]
    )
    named = isinstance(kind, Money) and kind.currency and counted and counted[0]
    if not agrees or (
        named and counted and isinstance(kind, Money) and kind.currency != counted[0]
    ):
        raise DeclarationError(f"control {control.label!r} compares other units than its figure's")
