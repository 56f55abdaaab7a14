"""A report's draft as a workbook and back: the same content, problems in cells.

What was typed into a draft and cannot stand in a cell of its kind (text where a number belongs) is
left blank in the workbook and said beside it; it stays in the draft's version. A workbook that
comes back replaces the draft as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fundops.errors import FieldError
from fundops.forms.declaration import Form
from fundops.forms.parse import Filled, parse_in
from fundops.forms.problems import Problem
from fundops.proposals import values
from fundops.proposals.leaves import CellWriter, as_leaf
from fundops.proposals.values import Wrong
from fundops.reports.content import MAX_NUMBER, PROSE
from fundops.reports.dimensions import dimensions
from fundops.reports.terms import ReportTerms
from fundops.reports.workbook_form import SEX_AGE, Shown, code_key, identity_of

Content = dict[str, Any]
Values = dict[str, Any]

MONEY = ("currency", "method")
LINE = ("amount", "requested", "note")
RESULT = {"numerator": "numerator", "denominator": "denominator", "note": "result_note"}
"""What is said of a result, and the column of the workbook that it stands in."""


@dataclass(frozen=True)
class Cell:
    """Where the count under a code stands: the key of its row and of its column."""

    row: str
    column: str


def cell_of(result: int, dimension: str, code: str) -> Cell:
    """Return where the count of a result under a code stands in the sheet of its dimension."""
    if dimension != SEX_AGE:
        return Cell(f"r{result}", code_key(code))
    sex, _, age = code.partition(".")
    return Cell(f"r{result}.{sex}", code_key(age))


@dataclass(frozen=True)
class Returned:
    """A workbook that came back: the content it holds and every problem, with its cell.

    ``lines`` and ``confirmed`` say for each line and confirmation of the content which row of its
    sheet it came from, counting from 0; results stand in the order of their rows.
    """

    form: Form
    filled: Filled
    content: Content
    lines: tuple[int, ...] = ()
    confirmed: tuple[int, ...] = ()

    @property
    def language(self) -> str:
        """That of the workbook, so of the problems in its cells."""
        return self.form.language

    def place(self, problems: Iterable[FieldError]) -> list[Problem]:
        """Return what the rules found, each with the cell it is about."""
        return [self.filled.problem(self.pointer(one.pointer), one.detail) for one in problems]

    def cells(self, pointers: Iterable[str]) -> dict[str, str]:
        """Return where pointers into the content stand in the workbook, as ``Sheet!C9``."""
        places = {one: self.filled.cell_of(self.pointer(one)) for one in pointers}
        return {one: f"{at.sheet}!{at.cell}" for one, at in places.items() if at is not None}

    def pointer(self, pointer: str) -> str:
        """Return a pointer into the content as one into the workbook."""
        match pointer.split("/")[1:]:
            case ["narrative", objective]:
                return f"/narrative/o{objective}/text"
            case ["expenditure", at, *rest] if at.isdigit() and int(at) < len(self.lines):
                return "/".join(["/expenditure", str(self.lines[int(at)]), *rest])
            case ["confirmations", at, *rest] if at.isdigit() and int(at) < len(self.confirmed):
                return "/".join(["/confirmations", str(self.confirmed[int(at)]), *rest])
            case ["results", at, "note"]:
                return f"/results/{at}/result_note"
            case ["results", at, "breakdown", dimension, *code] if at.isdigit():
                return self._count(int(at), dimension, code) or f"/results/{at}"
        return pointer

    def _count(self, at: int, dimension: str, code: Sequence[str]) -> str | None:
        """Return the place of a count, or of the first row of its result; none without a sheet."""
        table = next((one for one in self.form.tables() if one.key == dimension), None)
        results = self.content.get("results") or []
        if table is None or at >= len(results):
            return None
        number = int(results[at]["result"])
        if code:
            cell = cell_of(number, dimension, code[0])
            return f"/{dimension}/{cell.row}/{cell.column}"
        whose = f"r{number}"
        row = next((one for one in table.rows if one.key.partition(".")[0] == whose), None)
        return None if row is None else f"/{dimension}/{row.key}"


def read_back(
    shown: Shown, form_in: Callable[[str], Form], raw: bytes, language: str = "en"
) -> Returned:
    """Return what a workbook says as the content of a draft, with what could not be read.

    ``form_in`` gives the form in a language: that of the workbook, ``language`` where it says
    none. Never raises for what is in the file; one that is not of this report is ``refused``.
    """
    form, filled = parse_in(form_in, raw, identity_of(shown), language)
    if filled.refused:
        return Returned(form, filled, {})
    reader = _Reader(form, filled.values)
    lines, confirmed = reader.lines(), reader.confirmations()
    content: Content = {
        "narrative": reader.narrative(),
        **{key: reader.given[key] for key in (*PROSE, *MONEY) if reader.given.get(key)},
        "expenditure": [line for _, line in lines],
        "results": reader.results(),
        "confirmations": [one for _, one in confirmed],
    }
    return Returned(
        form, filled, content, tuple(at for at, _ in lines), tuple(at for at, _ in confirmed)
    )


class _Reader:
    """Turns what the sheets hold into the content of a draft."""

    def __init__(self, form: Form, given: Values) -> None:
        self.given = given
        self.tables = {table.key: table for table in form.tables()}

    def rows(self, key: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the rows of a table of fixed rows by key, blanks left out, as drafts have them."""
        table = self.tables.get(key)
        if table is None:
            return []
        kinds = {column.key: column.kind for column in table.columns}
        return [
            (row.key, {name: as_leaf(kinds[name], one) for name, one in typed.items()
                       if one is not None})
            for row, typed in zip(table.rows, self.given.get(key) or [], strict=False)
        ]  # fmt: skip

    def narrative(self) -> dict[str, str]:
        return {key[1:]: row["text"] for key, row in self.rows("narrative") if row}

    def lines(self) -> list[tuple[int, Content]]:
        return [
            (at, {"line": int(key[1:]), **row})
            for at, (key, row) in enumerate(self.rows("expenditure"))
            if row
        ]

    def results(self) -> list[Content]:
        """Return every agreed result of the sheet, so that what is missing has a place."""
        counts = {name: dict(self.rows(name)) for name in dimensions()}
        made = []
        for key, row in self.rows("results"):
            result: Content = {"result": int(key[1:])}
            result |= {name: row[column] for name, column in RESULT.items() if column in row}
            broken = {name: _counts(name, result["result"], rows) for name, rows in counts.items()}
            if any(broken.values()):
                result["breakdown"] = {name: found for name, found in broken.items() if found}
            made.append(result)
        return made

    def confirmations(self) -> list[tuple[int, Content]]:
        rows = self.given.get("confirmations") or []
        return [
            (at, {"item": row["item"], "as": row["as"]})
            for at, row in enumerate(rows)
            if row.get("item") and row.get("as")
        ]


def _counts(name: str, result: int, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found = {}
    for code in dimensions()[name].codes:
        cell = cell_of(result, name, code)
        count = rows.get(cell.row, {}).get(cell.column)
        if count is not None:
            found[code] = count
    return found


def filled_in(
    terms: ReportTerms, shown: Shown, form: Form, content: Mapping[str, Any]
) -> tuple[Values, list[str]]:
    """Return the workbook's values for a draft, and pointers to what no cell can show."""
    writer = _Writer(form)
    writer.about(terms, shown)
    for key in (*PROSE, *MONEY):
        typed = content.get(key)
        if key in MONEY and values.is_empty(typed):
            typed = getattr(terms, key)
        writer.field(key, typed)
    writer.narrative(content.get("narrative") or {})
    writer.lines(content.get("expenditure") or ())
    writer.results(content.get("results") or ())
    return writer.made, writer.left_out


class _Writer(CellWriter):
    """The cells of a report's workbook."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.kinds = {one.key: one.kind for one in form.fields()}
        self.columns = {
            table.key: {one.key: one.kind for one in table.inputs} for table in form.tables()
        }
        self.rows = {table.key: {row.key: row for row in table.rows} for table in form.tables()}
        self.cells: dict[str, dict[str, dict[str, Any]]] = {
            key: {row: {} for row in rows} for key, rows in self.rows.items()
        }
        self.plain: Values = {}

    @property
    def made(self) -> Values:
        """All values so far, as ``render`` takes them."""
        tables = {key: list(rows.values()) for key, rows in self.cells.items()}
        return {**self.plain, **tables}

    def about(self, terms: ReportTerms, shown: Shown) -> None:
        self.plain |= {
            "grant": shown.grant,
            "report": shown.report,
            "starts_on": terms.starts_on,
            "ends_on": terms.ends_on,
            "is_final": terms.is_final,
            "base_currency": terms.base_currency,
        }

    def field(self, key: str, typed: Any) -> None:
        if key in self.kinds:
            self.plain[key] = self.value(self.kinds[key], typed, f"/{key}")
        elif not values.is_empty(typed):
            self.left_out.append(f"/{key}")

    def cell(self, table: str, row: str, column: str, typed: Any, pointer: str) -> None:
        """Put what was typed into one cell, if the form has it and it asks for something."""
        if values.is_empty(typed):
            return
        fixed = self.rows.get(table, {}).get(row)
        if fixed is None or column in fixed.closed:
            self.left_out.append(pointer)
        else:
            kind = self.columns[table][column]
            self.cells[table][row][column] = self.value(kind, typed, pointer)

    def narrative(self, typed: Mapping[str, Any]) -> None:
        for objective, said in typed.items():
            self.cell("narrative", f"o{objective}", "text", said, f"/narrative/{objective}")

    def lines(self, typed: Sequence[Mapping[str, Any]]) -> None:
        for at, line in enumerate(typed):
            number = self.number(line, "line", f"/expenditure/{at}", "expenditure", "l")
            if number is not None:
                for name in LINE:
                    pointer = f"/expenditure/{at}/{name}"
                    self.cell("expenditure", f"l{number}", name, line.get(name), pointer)

    def results(self, typed: Sequence[Mapping[str, Any]]) -> None:
        for at, one in enumerate(typed):
            pointer = f"/results/{at}"
            number = self.number(one, "result", pointer, "results", "r")
            if number is None:
                continue
            for name, column in RESULT.items():
                self.cell("results", f"r{number}", column, one.get(name), f"{pointer}/{name}")
            for dimension, counts in (one.get("breakdown") or {}).items():
                for code, count in counts.items():
                    cell = cell_of(number, dimension, code)
                    place = f"{pointer}/breakdown/{dimension}/{code}"
                    self.cell(dimension, cell.row, cell.column, count, place)

    def number(
        self, typed: Mapping[str, Any], key: str, pointer: str, table: str, letter: str
    ) -> int | None:
        """Return the number of a row that is there once; else note that it is left out."""
        try:
            number = values.whole(typed.get(key), 1, MAX_NUMBER)
        except Wrong:
            number = 0
        cells = self.cells.get(table, {}).get(f"{letter}{number}")
        if cells == {}:
            return number
        if any(not values.is_empty(one) for name, one in typed.items() if name != key):
            self.left_out.append(pointer)
        return None
