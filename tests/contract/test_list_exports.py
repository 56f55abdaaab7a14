"""Every list has its export in both formats, and the export is the list: row by row."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from fundops.authz import ROLE_PERMISSIONS, Role
from fundops.db import Database
from fundops.exports import streams
from fundops.exports.lists import answer
from fundops.listing import CSV, XLSX, item_of
from fundops.reports.models import ReportRead
from fundops.schemas import MoneyOut, Out
from tests.contract.inventory import Operation, documented, operations
from tests.contract.stage import Stage
from tests.depth import DEPTH
from tests.world import Caller

FEWEST_LISTS = 100
"""There were 108 when this was written."""


def lists(app: FastAPI) -> list[Operation]:
    """Return the operations whose answer has rows, told by their documented models alone."""
    return [
        one
        for one in operations(app)
        if one.method == "GET"
        and isinstance(one.route, APIRoute)
        and item_of(one.route.response_model) is not None
    ]


def unexported(app: FastAPI) -> list[str]:
    """Return the lists that cannot be had as a file."""
    found = []
    for one in lists(app):
        told = app.openapi()["paths"][one.path]["get"]
        kinds = told["responses"]["200"]["content"].keys()
        names = {parameter["name"] for parameter in told.get("parameters", ())}
        if not {CSV, XLSX} <= kinds or "format" not in names:
            found.append(one.path)
    return found


class LineOut(Out):
    """A row."""

    amount: MoneyOut


class LinePage(Out):
    """A page of rows."""

    items: list[LineOut]
    next_cursor: str | None


def test_every_list_is_exported_in_both_formats(bare_app: FastAPI) -> None:
    assert unexported(bare_app) == []
    found = lists(bare_app)
    assert len(found) >= FEWEST_LISTS
    # Whatever answers ``items`` by its schema is among them, however it is made.
    schemas = bare_app.openapi()["components"]["schemas"]
    listed = {one.path for one in found}
    for (method, path), told in documented(bare_app).items():
        schema = told["responses"].get("200", {}).get("content", {}).get("application/json", {})
        name = schema.get("schema", {}).get("$ref", "").rpartition("/")[2]
        items = schemas.get(name, {}).get("properties", {}).get("items", {})
        if method == "GET" and "$ref" in items.get("items", {}):
            assert path in listed, path


def test_a_list_without_export_would_be_noticed() -> None:
    router = APIRouter()

    @router.get("/lines", response_model=LinePage)
    def list_lines() -> None: ...

    app = FastAPI()
    app.include_router(router, prefix="/v1")
    assert unexported(app) == ["/v1/lines"]


def rows_of(content: bytes) -> list[dict[str, str]]:
    """Return the lines of a CSV by their headings, checking what holds of the whole file."""
    text = content.decode()
    assert text[0] == "\ufeff"
    assert text.endswith("\r\n")
    names, *lines = csv.reader(io.StringIO(text[1:], newline=""), strict=True)
    assert len(set(names)) == len(names)
    return [dict(zip(names, line, strict=True)) for line in lines]


def walked(caller: Caller, path: str) -> tuple[Any, list[Any]]:
    """Return the first answer of a list, and its rows by way of all pages."""
    first = given = caller.get(path)
    if first.status_code != 200:
        return first, []
    items, mark = given.json()["items"], "&" if "?" in path else "?"
    while (cursor := given.json().get("next_cursor")) is not None:
        given = caller.get(f"{path}{mark}cursor={cursor}")
        items += given.json()["items"]
    return first, items


def flat(item: dict[str, Any], names: set[str], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (column, text) of every value of a row, by the rules that docs/api.md states."""
    for key, value in item.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name not in names:
            yield from flat(value, names, f"{name}.")
        elif isinstance(value, dict) and value.keys() == {"amount", "currency"}:
            yield name, value["amount"]
            yield f"{name}.currency", value["currency"]
        elif value is None:
            yield from ((one, "") for one in names if one == name or one.startswith(f"{name}."))
        elif isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
            yield name, "; ".join(map(str, value))
        elif isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, list | dict):
            yield name, json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        else:
            yield name, str(value)


def bare(text: str) -> str:
    """Return a text without the apostrophe that keeps it from being a formula."""
    return text.removeprefix("'")


def check_csv(given: Any, items: list[Any], path: str) -> list[dict[str, str]]:
    """Require a CSV to hold ``items``: the same rows in the same order, and all of each."""
    assert given.status_code == 200, (path, given.text)
    assert given.headers["content-type"].startswith(f"{CSV}; charset=utf-8"), path
    rows = rows_of(given.content)
    assert len(rows) == len(items), path
    for row, item in zip(rows, items, strict=True):
        wanted = dict(flat(item, set(row)))
        assert {name: bare(text) for name, text in row.items()} == {
            name: bare(wanted.get(name, "")) for name in row
        }, path
        assert wanted.keys() <= row.keys(), (path, "left out")
    return rows


def check_book(given: Any, rows: list[dict[str, str]], path: str) -> None:
    """Require a workbook's table to hold the rows of the CSV, each cell in its own kind."""
    assert given.status_code == 200, (path, given.text)
    assert given.headers["content-type"] == XLSX
    book = CalamineWorkbook.from_filelike(io.BytesIO(given.content))
    sheet = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    found = sheet[1 : len(rows) + 1]
    assert len(found) == len(rows), path
    assert all(value == "" for line in sheet[len(rows) + 1 :] for value in line), path
    for row, line in zip(rows, found, strict=True):
        assert len(line) == len(row), path
        for (name, text), value in zip(row.items(), line, strict=True):
            assert alike(value, text), (path, name, text, value)


def alike(value: Any, text: str) -> bool:
    """Return whether a cell's value is what a CSV writes as ``text``."""
    match value:
        case bool():
            return text == str(value).lower()
        case float() | int():
            return float(text) == value
        case datetime():
            there = datetime.fromisoformat(text).replace(tzinfo=None)
            return abs(there - value) < timedelta(seconds=1)
        case date():
            return text == value.isoformat()
    return bare(text) == bare(value) or value.endswith("no more text")


def readers(one: Operation, stage: Stage) -> list[Caller]:
    """Return the callers who may read a list, those of these records first."""
    may = [role for role in Role if one.permissions[0] in ROLE_PERMISSIONS[role]]
    return [stage.insider(role) for role in may] + [stage.outsider(role) for role in may]


def compare(stage: Stage, *, thorough: bool) -> tuple[int, int]:
    """Compare every list with its export; return how many had rows, and how many rows."""
    full = count = 0
    # Which rows there are is the queries' to say, and those are tried on both databases elsewhere.
    every = 1 if thorough or stage.world.database.is_sqlite else 4
    for turn, one in enumerate(lists(stage.app)[::every]):
        path, callers = stage.records.address(one), readers(one, stage)
        if not thorough:
            callers = [callers[turn % (len(callers) // 2)]]
        elif DEPTH == 1:
            callers = callers[turn % 3 :: 3]
        for caller in callers:
            first, items = walked(caller, path)
            given = caller.get(f"{path}?format=csv")
            if first.status_code != 200:
                assert given.status_code == first.status_code, path
                assert given.json()["type"] == first.json()["type"], path
                continue
            rows = check_csv(given, items, path)
            full, count = full + bool(rows), count + len(rows)
            if thorough or turn % 5 == 0:
                check_book(caller.get(f"{path}?format=xlsx"), rows, path)
    return full, count


def test_an_export_is_its_list(stage: Stage) -> None:
    """With a row in every table, so that no list goes untried for want of rows."""
    full, _ = compare(stage, thorough=False)
    assert full > (40 if stage.world.database.is_sqlite else 8)


@pytest.mark.slow
def test_an_export_is_its_list_for_every_role(stage: Stage) -> None:
    full, _ = compare(stage, thorough=True)
    assert full > 70


@pytest.mark.slow
def test_an_export_is_its_list_of_a_history(lived_stage: Stage) -> None:
    full, count = compare(lived_stage, thorough=True)
    assert (full > 50) & (count > 700)


def test_filters_order_and_pages(lived_stage: Stage) -> None:
    """What a list is asked, its export answers; of what pages are made does not show."""
    auditor = lived_stage.insider(Role.AUDITOR)
    _, donors = walked(auditor, "/v1/receipts?limit=1")
    asked = (
        "/v1/audit_events?sort=-seq",  # more rows than the first page of an export
        "/v1/audit_events?record_type=transfer",
        f"/v1/receipts?sort=-received_on&donor={donors[0]['donor_id']}",
        "/v1/pledges?status=agreed&sort=code",
    )
    for path in asked:
        _, items = walked(auditor, path)
        rows = check_csv(auditor.get(f"{path}&format=csv"), items, path)
        check_book(auditor.get(f"{path}&format=xlsx"), rows, path)
        again = [auditor.get(f"{path}&format=xlsx").content for _ in range(2)]
        assert again[0] == again[1], "the same question, the same bytes"
    assert len(walked(auditor, asked[0])[1]) > 2 * 200
    assert 0 < len(walked(auditor, asked[2])[1]) < len(donors)


def test_what_a_list_refuses_its_export_refuses(lived_stage: Stage) -> None:
    auditor, donor = lived_stage.insider(Role.AUDITOR), lived_stage.insider(Role.DONOR)
    for query, pointer in (
        ("format=pdf", "query/format"), ("format=csv&limit=5", "query/limit"),
        ("format=xlsx&cursor=abc", "query/cursor"), ("format=csv&sort=nothing", "query/sort"),
        ("format=csv&status=nothing", "query/status"),
    ):  # fmt: skip
        given = auditor.get(f"/v1/pledges?{query}")
        assert given.status_code == 422, query
        assert given.json()["errors"][0]["pointer"] == pointer
    nobody = "/v1/agreements/01890000-0000-7000-8000-00000000dead/instalments"
    assert auditor.get(f"{nobody}?format=csv").status_code == 404
    assert donor.get("/v1/persons?format=csv").status_code == 403
    assert lived_stage.world.anonymous().get("/v1/pledges?format=csv").status_code == 401
    # A list without pages has all that there can be, unless less is asked for.
    assert auditor.get("/v1/attention?format=csv&limit=1").content.count(b"\r\n") <= 2


def test_who_reads_reports_as_a_file_is_written_down_as_ever(lived_stage: Stage) -> None:
    rows = next(one for one in lists(lived_stage.app) if one.path == "/v1/impact/rows")
    caller = lived_stage.everybody()[rows.permissions[0]]
    path = f"/v1/impact/rows?fund_id={lived_stage.records.named('fund_id')}"

    def reads(query: str) -> int:
        count = select(func.count()).select_from(ReportRead)
        with lived_stage.world.database.read() as db:
            before = db.execute(count).scalar_one()
        assert caller.get(path + query).status_code == 200
        with lived_stage.world.database.read() as db:
            return int(db.execute(count).scalar_one() - before)

    assert reads("") == reads("&format=csv") == reads("&format=xlsx") > 0


def streamed(
    stage: Stage, caller: Caller, path: str, meanwhile: Callable[[], None] | None,
    version: str = "2.4",
) -> bytes:  # fmt: skip
    """Return an answer, having done something when its first piece of the body was there.

    Without anything to do the client stays, but takes nothing more.
    """
    address, _, query = path.partition("?")
    parts: list[bytes] = []
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message.get("body"):
            if not parts and meanwhile is None:
                await asyncio.Event().wait()
            if not parts:
                try:
                    await asyncio.to_thread(meanwhile or bool)
                except OSError:
                    left.set()
                    if version == "2.4":
                        raise
            parts.append(message["body"])
        if left.is_set():
            await asyncio.sleep(0.05)

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": address, "root_path": "",
        "raw_path": address.encode(), "scheme": "http", "query_string": query.encode(),
        "headers": [(b"authorization", f"Bearer {caller.token}".encode())], "state": {},
        "client": ("test", 1), "server": ("test", 80), "asgi": {"spec_version": version},
    }  # fmt: skip
    asyncio.run(stage.app(scope, receive, send))
    return b"".join(parts)


def free(stage: Stage) -> bool:
    """Return whether nothing is held of what exports hold."""
    slots, database = stage.app.state.export_slots, stage.world.database
    taken = [slots.acquire(blocking=False) for _ in range(database.settings.export_slots)]
    for _ in taken:
        slots.release()
    return all(taken) and "Current Checked out connections: 0" in database.exporter.pool.status()


EVENTS = "/v1/audit_events?sort=seq"


def test_an_export_sees_one_moment(lived_stage: Stage) -> None:
    """What is recorded while a file is on its way is not in it, on whatever page it would be."""
    auditor = lived_stage.insider(Role.AUDITOR)
    _, before = walked(auditor, EVENTS)
    for kind in ("csv", "xlsx"):
        path = f"{EVENTS}&format={kind}"
        content = streamed(lived_stage, auditor, path, lambda: note(lived_stage))
        _, after = walked(auditor, EVENTS)
        assert len(after) > len(before), "something was recorded"
        if kind == "csv":
            assert [row["seq"] for row in rows_of(content)] == [str(one["seq"]) for one in before]
        else:
            book = CalamineWorkbook.from_filelike(io.BytesIO(content))
            assert len(book.get_sheet_by_index(0).to_python()) == len(before) + 1
        before = after
    assert free(lived_stage)


def note(stage: Stage) -> None:
    """Record something."""
    given = {"kind": "foundation", "name": "Meanwhile Foundation"}
    made = stage.insider(Role.FUND_MANAGER).post("/v1/parties", json=given)
    assert made.status_code == 201, made.text


def test_what_an_export_holds_is_given_back(
    lived_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it ends: whole, refused, with the client gone, or by a failure half way."""
    auditor = lived_stage.insider(Role.AUDITOR)

    def leave() -> None:
        raise OSError("the client has left")

    for version in ("2.4", "2.3"):
        for kind in ("csv", "xlsx"):
            part = streamed(lived_stage, auditor, f"{EVENTS}&format={kind}", leave, version)
            assert free(lived_stage), (version, kind)
            assert len(part) < len(auditor.get(f"{EVENTS}&format={kind}").content)
    monkeypatch.setattr(streams, "STALLED_SECONDS", 0.01)
    assert streamed(lived_stage, auditor, f"{EVENTS}&format=csv", None) == b""
    assert free(lived_stage)
    assert auditor.get(f"{EVENTS}&format=csv&sort=x").status_code == 422
    assert free(lived_stage)
    slots = lived_stage.app.state.export_slots
    assert [slots.acquire(blocking=False) for _ in range(2)] == [True, True]
    refused = auditor.get(f"{EVENTS}&format=csv")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert auditor.get(EVENTS).status_code == 200, "a page needs no place"
    slots.release()
    slots.release()


def test_a_file_that_fails_half_way_breaks_off(
    lived_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = lived_stage.insider(Role.AUDITOR)
    monkeypatch.setattr(answer, "MAX_ROWS", 250)
    for kind in ("csv", "xlsx"):
        with pytest.raises(answer.TooManyRows):
            streamed(lived_stage, auditor, f"{EVENTS}&format={kind}", lambda: None)
        assert free(lived_stage)
    assert len(rows_of(auditor.get("/v1/receipts?format=csv").content)) > 0


@pytest.mark.postgres_only  # on SQLite a page by itself shares the session of its rights
def test_every_page_is_of_the_one_snapshot(
    lived_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No list opens a session of its own for a page of its export; only rights are read apart."""
    opened: list[str] = []
    for way in ("read", "glance"):
        real = getattr(Database, way)

        def counted(self: Database, way: str = way, real: Any = real) -> Any:
            opened.append(way)
            return real(self)

        monkeypatch.setattr(Database, way, counted)
    callers = lived_stage.everybody()
    for one in lists(lived_stage.app):
        path, opened[:] = lived_stage.records.address(one), []
        callers[one.permissions[0]].get(f"{path}?format=csv")
        assert opened == ["glance"], path
    callers[one.permissions[0]].get(path)
    assert len(opened) > 2, "a page by itself does open one"
