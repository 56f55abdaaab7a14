"""Read a workbook that came back: its values, every problem in its cell, and where each value is.

``parse`` takes what can be understood and names the rest; it never guesses and never stops at the
first problem. Only a file that is not what is needed at all (another form, record or version) is
refused as a whole: one critical problem and no values. Business rules stay with the domain, which
reports what it finds by JSON pointer (``Filled.problem``) to have it marked in its cell.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fundops.forms.book import Book, Sheet, read
from fundops.forms.declaration import Column, Field, Form, Section, Table
from fundops.forms.identity import check_identity
from fundops.forms.kinds import Kind, Value
from fundops.forms.layout import (
    IDENTITY_SHEET,
    LISTS_SHEET,
    PROBLEMS_MARK,
    SECTION_MARK,
    reference,
    sheet_names,
)
from fundops.forms.locate import At, Found, find_section
from fundops.forms.problems import FileRefused, Problem, Severity
from fundops.forms.values import Unreadable, expected_value, value_of
from fundops.messages import text

Values = dict[str, Any]

_NOWHERE = Sheet("", False, {})
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: sheet and cell (A1), its field or column, and its row."""

    sheet: str
    cell: str
    field: str | None = None
    row: str | None = None


@dataclass
class Filled:
    """What a workbook says. ``values`` are ``{field: value}`` and ``{table: [{column: value}]}``.

    ``digest`` is the SHA-256 of the file, ``content`` that of the values: the same work saved
    again has another digest and the same content. ``refused``: nothing was read.
    """

    values: Values
    problems: list[Problem]
    digest: str
    identity: Mapping[str, str] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether the file is not what is needed, so that nothing was read from it."""
        return any(one.severity == "critical" for one in self.problems)

    @property
    def errors(self) -> list[Problem]:
        """The problems that keep the values from being taken; warnings do not."""
        return [one for one in self.problems if one.severity != "warning"]

    @property
    def content(self) -> str:
        """Return the SHA-256 of the values."""
        plain = json.dumps(self.values, sort_keys=True, default=str)
        return hashlib.sha256(plain.encode()).hexdigest()

    def cell_of(self, pointer: str) -> Place | None:
        """Return where the value at a JSON pointer stands; else its row, its table, or nothing.

        Rows of fixed tables may be named by position or by key: ``/scores/2/mark``,
        ``/scores/relevance/mark``.
        """
        while pointer:
            if pointer in self.places:
                return self.places[pointer]
            pointer = pointer.rpartition("/")[0]
        return None

    def problem(
        self, pointer: str, message: str, code: str = "rule", severity: Severity = "error"
    ) -> Problem:
        """Return a problem that domain code found at ``pointer``, with its cell."""
        place = self.cell_of(pointer)
        if place is None:
            return Problem(code, message, severity, pointer=pointer)
        return Problem(
            code, message, severity, place.sheet, place.cell, pointer, place.field, place.row
        )


def parse(form: Form, raw: bytes, expected: Mapping[str, str]) -> Filled:
    """Return what an uploaded workbook says, with all problems. Never raises for its content.

    ``expected`` are the records that it must belong to, as given to ``render``. The file is opened
    in a process of its own.
    """
    return parse_in(lambda _: form, raw, expected, form.language)[1]


def parse_in(
    form_in: Callable[[str], Form], raw: bytes, expected: Mapping[str, str], language: str
) -> tuple[Form, Filled]:
    """Return what an uploaded workbook says, and the form in the language that it was made in.

    As ``parse``. ``form_in`` gives the form in a language; ``language`` is taken for a file that
    does not say its own. Whoever fills a workbook in may send it by a way that speaks another.
    """
    try:
        book = read(raw, language)
    except FileRefused as refusal:
        return form_in(language), Filled({}, [refusal.problem], hashlib.sha256(raw).hexdigest())
    own = book.identity.get("language", "")
    form = form_in(own if _LANGUAGE.fullmatch(own) else language)
    return form, fill(form, book, expected)


def fill(form: Form, book: Book, expected: Mapping[str, str]) -> Filled:
    """Return what an opened workbook says; as ``parse``, for callers that looked inside first."""
    wrong = check_identity(form, book.identity, expected)
    filled = Filled({}, [] if wrong is None else [wrong], book.digest, book.identity)
    if wrong is not None:
        return filled
    _, _, tabs = sheet_names(
        form, text("forms.guide.tab", form.language), text("forms.problems.tab", form.language)
    )
    reader = _Reader(form, book, filled)
    for section in form.sections:
        found = find_section(form, section, tabs[section.key], book)
        reader.read_section(section, found)
    reader.report_unread_sheets()
    return filled


class _Reader:
    """Reads section after section into one ``Filled``."""

    def __init__(self, form: Form, book: Book, filled: Filled) -> None:
        self.form = form
        self.book = book
        self.filled = filled
        self.read: set[str] = set()

    def read_section(self, section: Section, found: Found | Problem) -> None:
        if isinstance(found, Problem):
            self.filled.problems.append(found)
            found = Found(_NOWHERE)
        else:
            self.read.add(found.sheet.name)
            self.filled.problems.extend(found.problems)
        for one in section.fields:
            if not one.locked:
                self._read_field(one, found)
        if section.table is not None:
            self._read_table(section.table, found)

    def _read_field(self, one: Field, found: Found) -> None:
        at = found.fields.get(one.key)
        self.filled.values[one.key] = None
        if at is not None:
            place = Place(found.sheet.name, reference(*at), one.key)
            self.filled.places[one.path] = place
            value = self._value(found, at, one.kind, one.required, one.path)
            self.filled.values[one.key] = value

    def _read_table(self, table: Table, found: Found) -> None:
        if found.columns:
            at = (found.heading, min(found.columns.values()))
            self.filled.places[table.path] = Place(found.sheet.name, reference(*at), table.key)
        count = len(table.rows) or len(found.rows)
        rows = [self._read_row(table, index, found) for index in range(count)]
        self.filled.values[table.key] = rows
        if table.rows and self.filled.identity.get("language") == self.form.language:
            self._report_changed_locks(table, found)
        if len(found.columns) == len(table.columns):
            self._report_unread_columns(found)

    def _read_row(self, table: Table, index: int, found: Found) -> dict[str, Value]:
        values: dict[str, Value] = {column.key: None for column in table.inputs}
        number = found.rows.get(index)
        if number is None:
            return values
        name = table.rows[index].key if table.rows else str(index + 1)
        for column in table.inputs:
            if column.key in found.columns:
                values[column.key] = self._read_cell(table, index, column, name, number, found)
        return values

    def _read_cell(
        self, table: Table, index: int, column: Column, name: str, number: int, found: Found
    ) -> Value:
        at = (number, found.columns[column.key])
        place = Place(found.sheet.name, reference(*at), column.key, name)
        pointer = f"{table.path}/{index}/{column.key}"
        keys = [str(index), table.rows[index].key] if table.rows else [str(index)]
        for key in keys:
            self.filled.places[f"{table.path}/{key}/{column.key}"] = place
            self.filled.places.setdefault(f"{table.path}/{key}", place)
        if table.rows and column.key in table.rows[index].closed:
            self._check_closed(found, at, pointer)
            return None
        return self._value(found, at, column.kind, column.required, pointer)

    def _check_closed(self, found: Found, at: At, pointer: str) -> None:
        """Say it where something stands in a cell that asks nothing; it is not taken."""
        if not found.sheet.at(*at).blank:
            message = text("forms.not_asked", self.form.language)
            self.filled.problems.append(self.filled.problem(pointer, message, "not_asked"))

    def _value(self, found: Found, at: At, kind: Kind, required: bool, pointer: str) -> Value:
        try:
            if found.sheet.covered(*at):
                raise Unreadable("merged")
            value = value_of(found.sheet.at(*at), kind)
            if value is None and required:
                raise Unreadable("needed")
        except Unreadable as wrong:
            message = text(f"forms.{wrong.code}", self.form.language, **wrong.facts)
            problem = self.filled.problem(pointer, message, wrong.code)
            self.filled.problems.append(problem)
            return None
        return value

    def _report_changed_locks(self, table: Table, found: Found) -> None:
        """Warn of locked cells that no longer show what the form says; they are not read."""
        for index, number in found.rows.items():
            for column in table.columns:
                if not column.locked or column.key not in found.columns:
                    continue
                at = (number, found.columns[column.key])
                try:
                    value = value_of(found.sheet.at(*at), column.kind)
                except Unreadable:
                    value = "?"
                if value != expected_value(table.rows[index].shows.get(column.key), column.kind):
                    self._warn("locked_changed", found, at)

    def _report_unread_columns(self, found: Found) -> None:
        """Warn of what stands beside a table's rows, once for each column."""
        known = {*found.columns.values(), *found.computed, found.key_column}
        rows = set(found.rows.values())
        for (row, column), cell in sorted(found.sheet.cells.items()):
            if row in rows and column not in known and not cell.blank:
                known.add(column)
                self._warn("not_read", found, (row, column))

    def _warn(self, code: str, found: Found, at: At) -> None:
        message = text(f"forms.{code}", self.form.language)
        self.filled.problems.append(
            Problem(code, message, "warning", found.sheet.name, reference(*at))
        )

    def report_unread_sheets(self) -> None:
        """Warn of sheets that somebody added."""
        ours = {self.filled.identity.get("guide"), IDENTITY_SHEET, LISTS_SHEET}
        for sheet in self.book.sheets:
            marked = any(
                cell.text == PROBLEMS_MARK or cell.text.startswith(SECTION_MARK)
                for cell in sheet.cells.values()
            )
            if sheet.name in self.read | ours or marked or not sheet.cells or not sheet.visible:
                continue
            message = text("forms.sheet_not_read", self.form.language, sheet=sheet.name)
            self.filled.problems.append(
                Problem("sheet_not_read", message, "warning", sheet.name, "A1")
            )
