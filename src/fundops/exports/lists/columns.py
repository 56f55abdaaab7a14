"""Columns of an exported list, derived from what documents its rows.

An amount becomes two columns, the number and ``.currency``; a record within a row its fields,
with dots; a list of plain values one text; anything deeper one text of JSON. Nothing is left out.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from inspect import isclass
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import orjson
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from fundops.exports.kinds import (
    Code,
    Date,
    Flag,
    Instant,
    Integer,
    Kind,
    Money,
    Rate,
    Text,
)
from fundops.schemas import MoneyOut

BETWEEN = "; "
"""Stands between the values of a list in one cell."""

DECIMALS = frozenset({"rate", "rate_on_record", "percent", "deviation_percent"})
"""Fields of decimal text that are numbers in a workbook; amounts are told by their type."""

Item = dict[str, Any]


@dataclass(frozen=True)
class ListColumn:
    """One column: ``name`` as in the API, with dots, and how to get at its value in a row.

    ``is_written`` where people may have written the text, not the system itself.
    """

    name: str
    path: tuple[str, ...]
    kind: Kind
    meaning: str = ""
    is_written: bool = False

    @property
    def key(self) -> str:
        """The column's key in a workbook."""
        return key_of(self.name)

    @property
    def heading(self) -> str:
        """The name in words: ``"grantee.legal_name"`` is ``"Grantee: legal name"``."""
        words = self.name.replace("_", " ").replace(".", ": ")
        return words[:1].upper() + words[1:]

    def of(self, page: Sequence[Item]) -> list[Any]:
        """Return the plain value of this column in every row, ``None`` where none is."""
        first, *rest = self.path
        values = [item.get(first) for item in page]
        for step in rest:
            values = [None if value is None else value.get(step) for value in values]
        return values


def key_of(name: str) -> str:
    """Return a column's name as a key of a workbook."""
    return name.replace(".", "__")


@cache
def columns_of(item: type[BaseModel]) -> tuple[ListColumn, ...]:
    """Return the columns of rows that ``item`` documents, in the order of its fields."""
    return tuple(_columns(item, "", ()))


def _columns(model: type[BaseModel], prefix: str, above: tuple[str, ...]) -> Iterator[ListColumn]:
    for field_name, field in model.model_fields.items():
        key = field.serialization_alias or field.alias or field_name
        name, path = prefix + key, (*above, key)
        kind = _plain(field.annotation)
        meaning = field.description or ""
        if isclass(kind) and issubclass(kind, MoneyOut):
            money = Money(currency_from=key_of(f"{name}.currency"))
            yield ListColumn(name, (*path, "amount"), money, meaning)
            yield ListColumn(f"{name}.currency", (*path, "currency"), Code())
        elif isclass(kind) and issubclass(kind, BaseModel):
            yield from _columns(kind, f"{name}.", path)
        else:
            found = Text() if _is_input(field) else _kind(kind, key)
            written = isinstance(found, Text) and kind is not UUID
            yield ListColumn(name, path, found, meaning, written)


def _is_input(field: FieldInfo) -> bool:
    """Return whether a field is text as somebody gave it, whatever its name sounds like."""
    return any(isinstance(one, StringConstraints) for one in field.metadata)


def _plain(annotation: Any) -> Any:
    """Return what a field holds where it holds something: ``X`` of ``X | None``."""
    if get_origin(annotation) in (Union, types.UnionType):
        others = [one for one in get_args(annotation) if one is not type(None)]
        if len(others) == 1:
            return others[0]
    return annotation


_KINDS: dict[Any, Kind] = {
    bool: Flag(),
    int: Integer(),
    date: Date(),
    datetime: Instant(),
    UUID: Text(),
}


def _kind(annotation: Any, name: str) -> Kind:
    """Return the kind of a field's cells; dates on the wire may be declared as the text they are.

    That a field ``*_on`` is a date and one ``*_at`` an instant holds everywhere in the API.
    """
    if annotation in _KINDS:
        return _KINDS[annotation]
    if get_origin(annotation) is Literal:
        return Code() if all(isinstance(one, str) for one in get_args(annotation)) else Text()
    if isclass(annotation) and issubclass(annotation, Enum):
        return Code()
    if annotation is str:
        if name.endswith("_on"):
            return Date()
        if name.endswith("_at") or name == "at":
            return Instant()
        if name in DECIMALS:
            return Rate()
    return Text()


def as_text(value: Any) -> str | None:
    """Return the text of a cell for a value of any form."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return BETWEEN.join(one if isinstance(one, str) else as_text(one) or "" for one in value)
    return orjson.dumps(value).decode()
