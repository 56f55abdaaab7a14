"""Cursor lists: every list has a limit, a stable order and a cursor; rows go out as bytes.

A list is Core rows made into plain dicts by the domain's ``*_out`` function and serialised at
once: measured several times faster than ORM objects through ``response_model``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from fastapi import Depends, Query, Response
from sqlalchemy import BigInteger, ColumnElement, Integer, Select, and_, bindparam, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from fundops.errors import invalid
from fundops.messages.reader import current
from fundops.messages.said import Sayable

DEFAULT_LIMIT, MAX_LIMIT, MAX_CURSOR = 50, 200, 400
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_SUBCLASS

Field = ColumnElement[Any] | InstrumentedAttribute[Any]
"""A column to sort by: of a query, or as mapped."""


@dataclass(frozen=True)
class PageQuery:
    """What a client asks of a list: how many rows, after which cursor, in which order."""

    limit: int
    cursor: str | None
    sort: str | None


async def page_query(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows per page.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=MAX_CURSOR, description="`next_cursor` of the page before.")
    ] = None,
    sort: Annotated[
        str | None,
        Query(max_length=40, pattern=r"^-?[a-z_]+$", description="A field; `-` for descending."),
    ] = None,
) -> PageQuery:
    """Dependency: the paging parameters of a list."""
    # A coroutine that awaits nothing: a plain function would be handed to a thread each time.
    return PageQuery(limit, cursor, sort)


Paging = Annotated[PageQuery, Depends(page_query)]


def to_bytes(value: Any) -> bytes:
    """Return the JSON of plain values (UUIDs, dates and aware instants included).

    Sentences of the catalogue are said in the language of the request at hand.
    """
    return orjson.dumps(value, default=_plain, option=OPTIONS)


def _plain(value: Any) -> Any:
    """Return what is written for a value of a class of its own."""
    match value:
        case Sayable():
            return current().say(value)
        case str():
            return str(value)
        case Mapping():
            return dict(value)
        case list():
            return list(value)
    raise TypeError(f"no JSON is made of {type(value).__name__}")


def json_response(value: Any, *, etag: str | None = None) -> Response:
    """Return a finished JSON answer, with an entity tag for records that change."""
    response = Response(to_bytes(value), media_type="application/json")
    if etag is not None:
        response.headers["etag"] = etag
    return response


def list_page(
    db: Session,
    query: Select[Any],
    paging: PageQuery,
    *,
    sorts: Mapping[str, Any],
    key: Any,
    out: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """Return one page of ``query`` as ``{"items": […], "next_cursor": …}``.

    ``sorts`` names the fields one may sort by (all not null), ``key`` the unique id that breaks
    ties. Raises ``invalid-request`` for an unknown sort field or a cursor of another list.
    """
    column, descending = _order(paging.sort, sorts)
    if paging.cursor is not None:
        query = query.where(_after(paging.cursor, column, key, descending, paging.sort))
    order: list[Any] = [] if column is None else [column.desc() if descending else column.asc()]
    order.append(key.desc() if descending else key.asc())
    statement = _statement(query, key, paging.sort, order)
    rows: Sequence[Any] = db.execute(statement, {_ROWS: paging.limit + 1}).all()
    items = [out(row) for row in rows[: paging.limit]]
    following = None
    if len(rows) > paging.limit:
        last = rows[paging.limit - 1]
        value = None if column is None else last._mapping[column]
        following = _encode(paging.sort, value, last._mapping[key])
    return {"items": items, "next_cursor": following}


_ROWS = "page_rows"
_Prepared = dict[tuple[int, str | None], tuple[Any, Select[Any]]]
_prepared: WeakKeyDictionary[Select[Any], _Prepared] = WeakKeyDictionary()


def _statement(query: Select[Any], key: Any, sort: str | None, order: list[Any]) -> Select[Any]:
    """Return ``query`` in order and limited; one that a module keeps is prepared only once.

    SQLAlchemy finds a statement's compiled text by going through all of it, which takes longer
    than a page of rows, but remembers the result with the statement.
    """
    made = _prepared.setdefault(query, {})
    found = made.get((id(key), sort))
    if found is None:
        # The key stays referred to, so that its id stays its own.
        found = key, query.order_by(*order).limit(bindparam(_ROWS, type_=Integer))
        made[id(key), sort] = found
    return found[1]


def _order(sort: str | None, sorts: Mapping[str, Any]) -> tuple[Field | None, bool]:
    if sort is None:
        return None, False
    name = sort.removeprefix("-")
    if name not in sorts:
        raise invalid("query/sort", "validation.sort", fields=", ".join(sorted(sorts)))
    return sorts[name], sort.startswith("-")


def _encode(sort: str | None, value: Any, key: UUID) -> str:
    if isinstance(value, date):
        value = value.isoformat()
    raw = json.dumps([sort, value, key.hex], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _after(
    cursor: str,
    column: Field | None,
    key: Field,
    descending: bool,
    sort: str | None,
) -> ColumnElement[bool]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        its_sort, value, last = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        last_id = UUID(hex=last)
        if its_sort != sort or isinstance(value, (list, dict)):
            raise ValueError("another list's cursor")
        if isinstance(value, str) and b"\x00" in value.encode():  # half a character has no bytes
            raise ValueError("no text of ours")
        if column is not None:
            kind = column.type.python_type
            value = kind.fromisoformat(value) if issubclass(kind, date) else value
            if type(value) is not kind or not _fits(column, value):
                raise ValueError("another field's cursor")
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise invalid("query/cursor", "validation.cursor") from None
    beyond_key = key < last_id if descending else key > last_id
    if column is None:
        return beyond_key
    beyond = column < value if descending else column > value
    return or_(beyond, and_(column == value, beyond_key))


def _fits(column: Field, value: Any) -> bool:
    """Return whether ``column`` could hold ``value``, which is of its type."""
    match value:
        case int():
            return abs(value) < (2**63 if isinstance(column.type, BigInteger) else 2**31)
        case datetime():  # one that is no instant, or none in UTC, was never stored
            return value.tzinfo is not None and value.astimezone(UTC) is not None
    return True
