"""Make the workbook of a form: pre-filled, with structure locked and inputs open.

Each section is a sheet; a first sheet explains, hidden ones carry the identity and the lists that
cells offer. Text never becomes a formula. The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fundops.forms.cells import Writer, usual_width
from fundops.forms.declaration import Column, Field, Form, Row, Section, Table
from fundops.forms.guide import write_guide
from fundops.forms.identity import identity_rows
from fundops.forms.kinds import Choice, DeclarationError, Kind, Value, YesNo
from fundops.forms.layout import (
    FIRST_COLUMN,
    IDENTITY_NAME,
    IDENTITY_SHEET,
    INTRO_ROW,
    LISTS_SHEET,
    SECTION_MARK,
    TITLE_ROW,
    Places,
    column_letters,
    column_name,
    field_name,
    list_name,
    places,
    reference,
    sheet_names,
)
from fundops.forms.packing import unpacked, without_times
from fundops.messages import text

_LABEL_WIDTH, _INPUT_WIDTH, _HELP_WIDTH = 36, 48, 60


def render(form: Form, values: Mapping[str, Any], identity: Mapping[str, str]) -> bytes:
    """Return the workbook of ``form`` filled with ``values``, for the records in ``identity``.

    ``values`` are as ``parse`` returns them; what is absent is blank. Raises ``DeclarationError``
    for values that the form does not have or that a cell cannot hold.
    """
    from openpyxl import Workbook
    from openpyxl.workbook.protection import WorkbookProtection

    _check_values(form, values)
    guide, _, tabs = sheet_names(
        form, text("forms.guide.tab", form.language), text("forms.problems.tab", form.language)
    )
    book = Workbook()
    _describe(book, form)
    writer = Writer(book, form.language, form.right_to_left)
    write_guide(writer, form, book.active, guide, tabs)
    for section in form.sections:
        _write_section(writer, section, tabs[section.key], values)
    _write_lists(writer, form)
    _write_identity(writer, form, identity, guide)
    book.security = WorkbookProtection(lockStructure=True)
    writer.set_heights()
    return without_times(unpacked(book))


def _describe(book: Any, form: Form) -> None:
    book.properties.creator = "fundops"
    book.properties.title = form.title
    book.properties.language = form.language


def _check_values(form: Form, values: Mapping[str, Any]) -> None:
    tables = {table.key: table for table in form.tables()}
    fields = {one.key for one in form.fields()}
    if unknown := values.keys() - tables.keys() - fields:
        raise DeclarationError(f"form {form.kind!r} has no {sorted(unknown)}")
    for key, table in tables.items():
        rows = values.get(key) or []
        known = {column.key for column in table.inputs}
        if any(not row.keys() <= known for row in rows):
            raise DeclarationError(f"table {key!r} has no such column")
        if len(rows) > (len(table.rows) or table.max_rows):
            raise DeclarationError(f"table {key!r} has no room for {len(rows)} rows")


def _write_section(writer: Writer, section: Section, tab: str, values: Mapping[str, Any]) -> None:
    sheet = writer.sheet(tab)
    sheet.cell(1, 1, SECTION_MARK + section.key)
    writer.title(sheet, TITLE_ROW, section.title)
    if section.intro:
        writer.note(sheet, INTRO_ROW, section.intro)
    where = places(section)
    for one in section.fields:
        _write_field(writer, section, one, sheet, where.fields[one.key], values.get(one.key))
    if section.table is not None:
        _write_table(writer, section.table, sheet, where, values.get(section.table.key) or [])
    _set_widths(section, sheet)
    short = section.table is not None and where.heading <= 10
    sheet.freeze_panes = f"A{where.first if short else TITLE_ROW + 1}"
    if section.table is not None:
        sheet.print_title_rows = f"{where.heading}:{where.heading}"
    writer.protect(sheet)


def _write_field(
    writer: Writer, section: Section, one: Field, sheet: Any, row: int, value: Value
) -> None:
    column = FIRST_COLUMN + 1
    writer.label(sheet, row, FIRST_COLUMN, _marked(one))
    writer.value(sheet, row, column, one.kind, value, locked=one.locked)
    if one.help:
        writer.help(sheet, row, column + 1, one.help, _HELP_WIDTH)
    writer.name(field_name(section.key, one.key), sheet, row, column)
    if not one.locked:
        area = f"{column_letters(column)}{row}"
        writer.validate(sheet, area, one.kind, one.label, one.help, _list_of(one.key, one.kind))


def _marked(one: Field | Column) -> str:
    return f"{one.label} *" if one.required and not one.locked else one.label


def _list_of(owner: str, kind: Kind) -> str:
    return list_name(owner) if isinstance(kind, Choice | YesNo) else ""


def _write_table(
    writer: Writer,
    table: Table,
    sheet: Any,
    where: Places,
    values: Sequence[Mapping[str, Value]],
) -> None:
    writer.subtitle(sheet, where.table_title, FIRST_COLUMN, table.label, table.help)
    count = len(table.rows) or table.max_rows
    for number, column in enumerate(table.columns, start=FIRST_COLUMN):
        writer.heading(sheet, where.heading, number, _marked(column))
        writer.name(column_name(table.key, column.key), sheet, where.heading, number)
        if column.help:
            writer.help(sheet, where.help, number, column.help, _width(column))
        for index in range(count):
            row = table.rows[index] if table.rows else None
            given = values[index] if index < len(values) else {}
            closed = row is not None and column.key in row.closed
            value = _shown(row, column) if column.locked else given.get(column.key)
            at = where.first + index
            if column.computed:
                writer.formula(sheet, at, number, column.kind, _formula(table, column, at))
            else:
                locked = column.locked or closed
                shown = None if closed else value
                writer.value(sheet, at, number, column.kind, shown, locked=locked)
        if not column.locked:
            letters = column_letters(number)
            area = f"{letters}{where.first}:{letters}{where.first + count - 1}"
            owner = _list_of(f"{table.key}.{column.key}", column.kind)
            writer.validate(sheet, area, column.kind, column.label, column.help, owner)
    for index, row in enumerate(table.rows):
        sheet.cell(where.first + index, 1, row.key)


def _formula(table: Table, column: Column, row: int) -> str:
    """Return a computed column's formula for one row of the sheet."""
    cells = {
        one.key: reference(row, number)
        for number, one in enumerate(table.columns, start=FIRST_COLUMN)
    }
    return "=" + column.computed.format_map(cells)


def _shown(row: Row | None, column: Column) -> Value:
    return row.shows.get(column.key) if row is not None else None


def _width(column: Column) -> int:
    return column.width or usual_width(column.kind, column.label)


def _set_widths(section: Section, sheet: Any) -> None:
    widths: dict[int, int] = {}
    if section.fields:
        for at, width in enumerate((_LABEL_WIDTH, _INPUT_WIDTH, _HELP_WIDTH), FIRST_COLUMN):
            widths[at] = width
    if section.table is not None:
        for number, column in enumerate(section.table.columns, start=FIRST_COLUMN):
            widths[number] = max(widths.get(number, 0), _width(column))
    for number, width in widths.items():
        sheet.column_dimensions[column_letters(number)].width = width
    sheet.column_dimensions["A"].hidden = True


def _write_lists(writer: Writer, form: Form) -> None:
    """Write the labels that drop-down lists offer, each list a column with a name of its own."""
    owners: list[tuple[str, Kind]] = [(one.key, one.kind) for one in form.fields()]
    for table in form.tables():
        owners += [(f"{table.key}.{column.key}", column.kind) for column in table.columns]
    sheet = writer.sheet(LISTS_SHEET, hidden=True)
    column = 0
    for owner, kind in owners:
        if isinstance(kind, Choice):
            labels = [(option.label, option.code) for option in kind.options]
        elif isinstance(kind, YesNo):
            labels = [(kind.yes, "yes"), (kind.no, "no")]
        else:
            continue
        column += 2
        for row, (label, code) in enumerate(labels, start=1):
            writer.plain(sheet, row, column - 1, label)
            writer.plain(sheet, row, column, code)
        writer.name(list_name(owner), sheet, 1, column - 1, last=len(labels))
    writer.protect(sheet)


def _write_identity(writer: Writer, form: Form, identity: Mapping[str, str], guide: str) -> None:
    sheet = writer.sheet(IDENTITY_SHEET, hidden=True)
    for row, (key, value) in enumerate(identity_rows(form, identity, guide), start=1):
        writer.plain(sheet, row, 1, key)
        writer.plain(sheet, row, 2, value)
    writer.name(IDENTITY_NAME, sheet, 1, 1)
    writer.protect(sheet)
