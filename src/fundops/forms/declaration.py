"""Forms declared as data: what a domain writes down and this engine renders, reads and marks.

A ``Form`` has sections, one sheet each. A section has single fields and at most one table below
them. Labels and help come from the caller in the language of the form. Keys of fields and tables
are unique in the form, because values are ``{key: value}`` and ``{table key: [{column key:
value}]}``. Everything is checked when it is declared.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter

from fundops.forms.kinds import DeclarationError, Kind, Money, Value, label_key
from fundops.forms.limits import MAX_CELL_CHARS, MAX_FORM_CELLS, MAX_SHEETS, MAX_TABLE_ROWS

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "ur"})
"""Languages whose sheets run from right to left."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_ROW_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)
_POINTER = re.compile(r"(/[^/\s]{1,80}){1,8}")
_MAX_LABEL = 250


def _check_words(label: str, help_text: str) -> None:
    if not label_key(label) or len(label) > _MAX_LABEL or not label.isprintable():
        raise DeclarationError(f"{label!r} is no label of one line")
    if len(help_text) > MAX_CELL_CHARS:
        raise DeclarationError(f"the help for {label!r} does not fit a cell")


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise DeclarationError(f"{key!r} is no key: small letters, digits and _")


def _named(template: str) -> set[str]:
    """Return the keys that a formula's template names."""
    return {key for _, key, _, _ in Formatter().parse(template) if key is not None}


@dataclass(frozen=True, slots=True)
class Field:
    """One labelled cell. ``locked`` ones are shown with their value and not read back.

    ``pointer`` is the JSON pointer under which domain code reports problems of it, by default
    ``/<key>``.
    """

    key: str
    label: str
    kind: Kind
    help: str = ""
    required: bool = False
    locked: bool = False
    pointer: str = ""

    def __post_init__(self) -> None:
        _check_key(self.key)
        _check_words(self.label, self.help)
        if self.pointer and not _POINTER.fullmatch(self.pointer):
            raise DeclarationError(f"{self.pointer!r} is no JSON pointer")

    @property
    def path(self) -> str:
        """The JSON pointer of the field."""
        return self.pointer or f"/{self.key}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``width`` in characters, 0 for the usual one of its kind.

    ``required`` means: in every row that has anything in it, and in every fixed row.
    ``computed`` is a formula over the row's own cells, named by column key in braces
    (``"{quantity}*{cost}"``): locked, shown while the workbook is filled in, never read back.
    """

    key: str
    label: str
    kind: Kind
    help: str = ""
    required: bool = False
    locked: bool = False
    width: int = 0
    computed: str = ""

    def __post_init__(self) -> None:
        _check_key(self.key)
        _check_words(self.label, self.help)
        if self.computed and (not self.locked or self.computed.startswith("=")):
            raise DeclarationError(f"column {self.key!r} is computed: locked, and without its =")


@dataclass(frozen=True, slots=True)
class Row:
    """One fixed row of a table: its key, and what its locked columns show.

    ``closed`` are the columns that are filled in elsewhere in the table and ask nothing here.
    """

    key: str
    shows: Mapping[str, Value] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings: fixed ``rows``, in this order, or up to ``max_rows`` free ones.

    Values of fixed rows come back in the order of ``rows``, one for each, whatever the order in
    the workbook. Free rows come back in the order of the workbook without the blank ones.
    """

    key: str
    label: str
    columns: tuple[Column, ...]
    max_rows: int = 50
    rows: tuple[Row, ...] = ()
    help: str = ""
    pointer: str = ""

    def __post_init__(self) -> None:
        _check_key(self.key)
        _check_words(self.label, self.help)
        if self.pointer and not _POINTER.fullmatch(self.pointer):
            raise DeclarationError(f"{self.pointer!r} is no JSON pointer")
        if not 1 <= len(self.columns) <= 60:
            raise DeclarationError(f"table {self.key!r} has no columns, or too many")
        for words in ([c.key for c in self.columns], [label_key(c.label) for c in self.columns]):
            if len(set(words)) != len(words):
                raise DeclarationError(f"table {self.key!r} has two columns of one key or label")
        if not 1 <= max(self.max_rows, len(self.rows)) <= MAX_TABLE_ROWS:
            raise DeclarationError(f"table {self.key!r} has no rows, or too many")
        self._check_rows()

    def _check_rows(self) -> None:
        locked = {column.key for column in self.columns if column.locked and not column.computed}
        if not self.inputs:
            raise DeclarationError(f"table {self.key!r} asks for nothing")
        for column in self.columns:
            if not _named(column.computed) <= {one.key for one in self.inputs}:
                raise DeclarationError(f"column {column.key!r} computes from no inputs of its own")
        if locked and not self.rows:
            raise DeclarationError(f"table {self.key!r} has locked columns and no fixed rows")
        if len({row.key.casefold() for row in self.rows}) != len(self.rows):
            raise DeclarationError(f"table {self.key!r} has two rows of one key")
        for row in self.rows:
            known = row.shows.keys() <= locked and row.closed <= {one.key for one in self.inputs}
            if not _ROW_KEY.fullmatch(row.key) or not known:
                raise DeclarationError(f"row {row.key!r} of {self.key!r} cannot be right")

    @property
    def path(self) -> str:
        """The JSON pointer of the table."""
        return self.pointer or f"/{self.key}"

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The columns that are filled in."""
        return tuple(column for column in self.columns if not column.locked)


@dataclass(frozen=True, slots=True)
class Section:
    """One sheet: a title (also the tab's), an introduction, fields, and a table below them."""

    key: str
    title: str
    fields: tuple[Field, ...] = ()
    table: Table | None = None
    intro: str = ""

    def __post_init__(self) -> None:
        _check_key(self.key)
        _check_words(self.title, self.intro)
        if not self.fields and self.table is None:
            raise DeclarationError(f"section {self.key!r} is empty")
        labels = [label_key(one.label) for one in self.fields]
        if len(set(labels)) != len(labels):
            raise DeclarationError(f"section {self.key!r} has two fields of one label")


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """One record that a workbook belongs to: its key, and its label in sentences ("call")."""

    key: str
    label: str

    def __post_init__(self) -> None:
        _check_key(self.key)
        _check_words(self.label, "")


@dataclass(frozen=True, slots=True)
class Form:
    """A form. ``version`` rises with every change of meaning; old workbooks are then refused.

    ``identity`` says which records each workbook belongs to. ``guide`` are paragraphs for the
    first sheet.
    """

    kind: str
    version: int
    title: str
    sections: tuple[Section, ...]
    language: str = "en"
    identity: tuple[IdentityKey, ...] = ()
    guide: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_key(self.kind)
        _check_words(self.title, "")
        if self.version < 1 or not 1 <= len(self.sections) <= MAX_SHEETS // 2:
            raise DeclarationError(f"form {self.kind!r} has no version or no sections")
        cells = sum(len(one.columns) * (len(one.rows) or one.max_rows) for one in self.tables())
        if cells + sum(1 for _ in self.fields()) > MAX_FORM_CELLS:
            raise DeclarationError(f"form {self.kind!r} has too many cells")
        keys = [one.key for one in self.fields()] + [table.key for table in self.tables()]
        sections = [section.key for section in self.sections]
        records = [one.key for one in self.identity]
        for words in (keys, sections, records):
            if len(set(words)) != len(words):
                raise DeclarationError(f"form {self.kind!r} uses a key twice")

    @property
    def right_to_left(self) -> bool:
        """Whether the sheets run from right to left."""
        return self.language.partition("-")[0].lower() in RIGHT_TO_LEFT

    def fields(self) -> Iterator[Field]:
        """Yield all fields in their order."""
        for section in self.sections:
            yield from section.fields

    def tables(self) -> Iterator[Table]:
        """Yield all tables in their order."""
        for section in self.sections:
            if section.table is not None:
                yield section.table

    def digest(self) -> str:
        """Return the hash of what decides where values stand and what they mean, without words.

        Labels, languages, limits and options may change without making workbooks unreadable;
        sections, keys, kinds, currencies and fixed rows may not.
        """
        facts = [self.kind, self.version, [_section_facts(section) for section in self.sections]]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _section_facts(section: Section) -> list[object]:
    table = section.table
    return [
        section.key,
        [[one.key, _kind_facts(one.kind), one.locked] for one in section.fields],
        table and table.key,
        [[one.key, _kind_facts(one.kind), one.locked] for one in table.columns] if table else [],
        [_row_facts(row) for row in table.rows] if table else [],
    ]


def _row_facts(row: Row) -> object:
    return [row.key, *sorted(row.closed)] if row.closed else row.key


def _kind_facts(kind: Kind) -> list[str]:
    currency = [kind.currency] if isinstance(kind, Money) else []
    return [type(kind).__name__, *currency]
