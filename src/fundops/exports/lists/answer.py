"""A list as a file, streamed: its own code asked page by page within one snapshot.

Who asks has been judged, and the first page is made, before the first byte leaves, so that
whatever the list refuses is refused here in the same words. After that nothing but the file can be
answered: an export that fails half way breaks off, and never looks whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, get_type_hints

import anyio
import orjson
from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from fundops import audit
from fundops.command import database
from fundops.errors import invalid
from fundops.exports.lists.book import Asked, workbook_of
from fundops.exports.lists.columns import Item, columns_of
from fundops.exports.lists.text import csv_of
from fundops.exports.routes import export_slot
from fundops.exports.streams import patiently
from fundops.listing import CSV, XLSX, Listed
from fundops.pages import MAX_LIMIT, PageQuery

PAGE = 1000
"""Rows asked for at once, after a first page that is no longer than those of the API."""

MAX_ROWS = 5_000_000
"""Rows of one export; a longer list is had in parts, by its filters."""

PAGING = ("limit", "cursor")


class TooManyRows(RuntimeError):
    """A list of more rows than an export holds; the file breaks off."""


def export_list(listed: Listed) -> Response:
    """Return the whole of a list as a file.

    Raises what the list raises, ``invalid-request`` for a place within a list of pages, and
    ``export-slots-taken`` when as many exports are under way as there may be.
    """
    walk = Walk(listed)
    with ExitStack() as stack:
        stack.enter_context(export_slot(listed.request))
        db = stack.enter_context(database(listed.request).export())
        walk.begin(db)
        columns = columns_of(listed.item)
        if listed.format == "csv":
            pieces = csv_of(columns, walk.pages())
        else:
            pieces = workbook_of(columns, walk.pages(), _asked(listed, db))
        stack.callback(pieces.close)  # type: ignore[attr-defined]
        return Streamed(pieces, stack.pop_all(), listed)


class Walk:
    """The way through a list: its values for the page at hand, and the page made already."""

    def __init__(self, listed: Listed) -> None:
        self._listed = listed
        self._values = dict(listed.values)
        self._paging = next(
            (name for name, one in self._values.items() if isinstance(one, PageQuery)), None
        )
        self._first: list[Item] = []
        self._goes_on = False

    def begin(self, db: Session) -> None:
        """Make the first page, in the snapshot that all pages are to be made in."""
        asked = self._listed.request.query_params
        if self._paging is not None:
            for name in PAGING:
                if name in asked:
                    raise invalid(f"query/{name}", "lists.no_pages")
            self._turn(limit=MAX_LIMIT)
        elif "limit" in self._values and "limit" not in asked:
            self._values["limit"] = _most(self._listed)
        self._listed.request.state.pinned = db
        self._first = self._page()

    def pages(self) -> Iterator[list[Item]]:
        """Yield every page, each made when it is wanted."""
        count, page = len(self._first), self._first
        self._first = []
        yield page
        if self._paging is not None:
            self._turn(limit=PAGE)
        while self._goes_on:
            page = self._page()
            count += len(page)
            if count > MAX_ROWS:
                raise TooManyRows(f"more than {MAX_ROWS} rows")
            yield page

    def _turn(self, **changes: Any) -> None:
        assert self._paging is not None
        self._values[self._paging] = replace(self._values[self._paging], **changes)

    def _page(self) -> list[Item]:
        """Return the page that the values ask for, and turn to the next."""
        answer = orjson.loads(self._listed.endpoint(**self._values).body)
        cursor, after = answer.get("next_cursor"), answer.get("next_after")
        self._goes_on = cursor is not None or after is not None
        if cursor is not None:
            self._turn(cursor=cursor)
        elif after is not None:
            self._values["after"] = after
        items: list[Item] = answer["items"]
        return items


def _most(listed: Listed) -> int:
    """Return the largest ``limit`` of a list that has no pages but a most of its own."""
    (field,) = get_type_hints(listed.endpoint, include_extras=True)["limit"].__metadata__
    return int(next(one.le for one in field.metadata if hasattr(one, "le")))


def _asked(listed: Listed, db: Session) -> Asked:
    """Return what a workbook says of the question it answers."""
    given = listed.request.query_params.multi_items()
    known_seq = audit.sequence_at(db, None)
    return Asked(
        listed.name,
        listed.request.url.path,
        tuple((name, value) for name, value in given if name != "format"),
        known_seq,
        audit.recorded_at(db, known_seq) if known_seq else None,
    )


class Streamed(StreamingResponse):
    """A file on its way, which gives back what it holds however it ends."""

    def __init__(self, pieces: Iterator[bytes], held: ExitStack, listed: Listed) -> None:
        name = f"{listed.name}.{listed.format}"
        super().__init__(
            pieces,
            media_type=f"{CSV}; charset=utf-8; header=present" if listed.format == "csv" else XLSX,
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )
        self._held = held

    async def stream_response(self, send: Send) -> None:
        """Send the pieces; for a client that is too slow the file breaks off, as by a failure."""
        try:
            await patiently(super().stream_response, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._held.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; that a client leaves is no error of ours."""
        try:
            await super().__call__(scope, receive, send)
        except (ClientDisconnect, TimeoutError):
            return
