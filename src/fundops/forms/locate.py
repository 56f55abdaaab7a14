"""Find the parts of a form in a workbook that people have moved about.

Sheets are found by the mark in their hidden column, by where defined names point, or by their tab;
inputs and columns by defined names, checked against the labels beside and above them; fixed rows
by their hidden keys or by what their locked cells show. A label that disagrees with a name wins:
it is what the person saw. What cannot be found is a problem with its sheet and, if there is one,
its cell; nothing is taken from a place that may be another's.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from fundops.forms import limits
from fundops.forms.book import Book, Sheet
from fundops.forms.declaration import Column, Field, Form, Row, Section, Table
from fundops.forms.kinds import Text, label_key
from fundops.forms.layout import SECTION_MARK, column_name, field_name, reference
from fundops.forms.problems import Problem, Severity
from fundops.messages import text

At = tuple[int, int]


@dataclass
class Found:
    """Where one section stands: its sheet, its inputs, and the rows and columns of its table.

    ``rows`` are row numbers: of fixed rows by their position in the form, of free ones in order.
    ``computed`` are the columns of our own formulas, which are not read.
    """

    sheet: Sheet
    fields: dict[str, At] = field(default_factory=dict)
    heading: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    key_column: int | None = None
    computed: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def report(
        self,
        code: str,
        language: str,
        at: At | None = None,
        severity: Severity = "error",
        **facts: object,
    ) -> None:
        """Add a problem of this sheet."""
        cell = reference(*at) if at else None
        message = text(f"forms.{code}", language, **facts)
        self.problems.append(Problem(code, message, severity, self.sheet.name, cell))


def find_section(form: Form, section: Section, tab: str, book: Book) -> Found | Problem:
    """Return where ``section`` stands, or the problem that its sheet is not there."""
    sheet, copies = _find_sheet(section, tab, book)
    if sheet is None:
        message = text("forms.sheet_missing", form.language, sheet=tab)
        return Problem("sheet_missing", message, sheet=None)
    found = Found(sheet)
    for copy in copies:
        found.report("sheet_copy", form.language, severity="warning", copy=copy.name)
    mark = SECTION_MARK + section.key
    found.key_column = next(
        (column for (_, column), cell in sheet.cells.items() if cell.text == mark), None
    )
    inputs = _named_inputs(section, sheet, book)
    for one in section.fields:
        _find_field(form, section, one, inputs, found)
    if section.table is not None:
        _find_table(form, section.table, book, found)
    return found


def _find_sheet(section: Section, tab: str, book: Book) -> tuple[Sheet | None, list[Sheet]]:
    """Return the section's sheet and what seem to be copies of it."""
    mark = SECTION_MARK + section.key
    marked = [one for one in book.sheets if any(c.text == mark for c in one.cells.values())]
    names = [field_name(section.key, one.key) for one in section.fields]
    if section.table is not None:
        names += [column_name(section.table.key, one.key) for one in section.table.columns]
    pointed = Counter(book.names[one][0] for one in names if one in book.names)
    named = book.sheet(pointed.most_common(1)[0][0]) if pointed else None
    if named is not None and (named in marked or not marked):
        chosen: Sheet | None = named
    elif len(marked) == 1:
        chosen = marked[0]
    else:
        same = [one for one in book.sheets if label_key(one.name) == label_key(tab)]
        chosen = same[0] if same else None
    return chosen, [one for one in marked if one is not chosen]


def _named_inputs(section: Section, sheet: Sheet, book: Book) -> dict[str, At]:
    inputs = {}
    for one in section.fields:
        place = book.names.get(field_name(section.key, one.key))
        if place is not None and place[0] == sheet.name:
            inputs[one.key] = (place[1], place[2])
    return inputs


def _find_field(
    form: Form, section: Section, one: Field, inputs: dict[str, At], found: Found
) -> None:
    own = label_key(one.label)
    others = {label_key(other.label) for other in section.fields} - {own}
    named = inputs.get(one.key)
    if named is not None:
        beside = label_key(found.sheet.at(named[0], named[1] - 1).text) if named[1] > 1 else ""
        if beside not in others:
            found.fields[one.key] = named
            return
    labels = [at for at in found.sheet.labels.get(own, []) if at not in inputs.values()]
    if own == label_key(section.title):
        labels = labels[1:]  # the first is the sheet's title
    if len(labels) == 1:
        found.fields[one.key] = (labels[0][0], labels[0][1] + 1)
    else:
        found.report("field_missing", form.language, labels[0] if labels else None, label=one.label)


def _find_table(form: Form, table: Table, book: Book, found: Found) -> None:
    named = {}
    for column in table.columns:
        place = book.names.get(column_name(table.key, column.key))
        if place is not None and place[0] == found.sheet.name:
            named[column.key] = (place[1], place[2])
    found.heading = _heading_row(table, named, found.sheet)
    if not found.heading:
        found.report("table_missing", form.language, table=table.label)
        return
    for column in table.columns:
        at = named.get(column.key, (0, 0))
        if column.computed:
            own = label_key(column.label)
            found.computed |= {number for row, number in found.sheet.labels.get(own, [])
                               if row == found.heading}  # fmt: skip
            continue
        _find_column(form, table, column, at[1] if at[0] == found.heading else 0, found)
    if table.rows:
        _find_fixed_rows(form, table, found)
    else:
        _find_free_rows(form, table, found)


def _heading_row(table: Table, named: dict[str, At], sheet: Sheet) -> int:
    """Return the row that holds most of the headings by name, else by label; 0 if none does."""
    rows = Counter(row for row, _ in named.values())
    if not rows:
        labels = [label_key(column.label) for column in table.columns]
        found = Counter(row for label in labels for row, _ in sheet.labels.get(label, []))
        rows = Counter({row: count for row, count in found.items() if 2 * count >= len(labels)})
    return min(rows, key=lambda row: (-rows[row], row)) if rows else 0


def _find_column(form: Form, table: Table, column: Column, named: int, found: Found) -> None:
    own = label_key(column.label)
    others = {label_key(other.label) for other in table.columns} - {own}
    labelled = [at for row, at in found.sheet.labels.get(own, []) if row == found.heading]
    heading = label_key(found.sheet.at(found.heading, named).text) if named else ""
    if named and (heading == own or (not labelled and heading not in others)):
        found.columns[column.key] = named
    elif len(labelled) == 1:
        found.columns[column.key] = labelled[0]
    else:
        at = (found.heading, labelled[0] if labelled else named or 1)
        code = "column_twice" if labelled else "column_missing"
        found.report(code, form.language, at, column=column.label)


def _find_free_rows(form: Form, table: Table, found: Found) -> None:
    columns = set(found.columns.values())
    filled = sorted(
        {
            row
            for (row, number), cell in found.sheet.cells.items()
            if row > found.heading and number in columns and not cell.blank
        }
    )
    if len(filled) > table.max_rows:
        at = (filled[table.max_rows], min(columns))
        found.report("too_many_rows", form.language, at, table=table.label, limit=table.max_rows)
    found.rows = dict(enumerate(filled[: table.max_rows]))


def _find_fixed_rows(form: Form, table: Table, found: Found) -> None:
    by_key: dict[str, list[int]] = {}
    for (row, column), cell in sorted(found.sheet.cells.items()):
        if column == found.key_column and row > found.heading:
            by_key.setdefault(cell.text.casefold(), []).append(row)
    for index, fixed in enumerate(table.rows):
        rows = by_key.get(fixed.key.casefold()) or _rows_showing(table, fixed, found)
        if len(rows) == 1:
            found.rows[index] = rows[0]
            continue
        at = (rows[1] if rows else found.heading, min(found.columns.values(), default=1))
        code = "row_twice" if rows else "row_missing"
        found.report(code, form.language, at, row=row_label(table, fixed))
    _report_extra_rows(form, table, found)


def row_label(table: Table, row: Row) -> str:
    """Return what a person calls a fixed row: what its locked text cells show, else its key."""
    words = [row.shows.get(column.key) for column in table.columns]
    return next((word for word in words if isinstance(word, str) and word), row.key)


def _rows_showing(table: Table, fixed: Row, found: Found) -> list[int]:
    """Return the rows whose locked texts are those of ``fixed``, for lost row keys."""
    wanted = {
        found.columns[column.key]: label_key(str(fixed.shows[column.key]))
        for column in table.columns
        if column.key in found.columns
        and isinstance(column.kind, Text)
        and fixed.shows.get(column.key)
    }
    if not wanted:
        return []
    rows = [
        {
            row
            for row, at in found.sheet.labels.get(word, [])
            if at == column and row > found.heading
        }
        for column, word in wanted.items()
    ]
    return sorted(set.intersection(*rows))


def _report_extra_rows(form: Form, table: Table, found: Found) -> None:
    """Say which filled-in rows below the heading are none of the form's."""
    inputs = {found.columns[one.key] for one in table.inputs if one.key in found.columns}
    known = set(found.rows.values())
    most = len(known) + limits.MAX_EXTRA_ROWS
    twice = {p.cell for p in found.problems if p.code == "row_twice"}
    for (row, column), cell in sorted(found.sheet.cells.items()):
        if row <= found.heading or row in known or column not in inputs or cell.blank:
            continue
        known.add(row)
        if len(known) > most:
            return
        if reference(row, min(found.columns.values())) not in twice:
            found.report("extra_row", form.language, (row, column))
