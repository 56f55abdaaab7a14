"""Hostile input on every route: never a 5xx, always a problem document, never an echo.

What to send follows from the OpenAPI document: for each operation a valid body about records that
exist, each of its fields replaced in turn. The quick run spreads the values over the fields, so
that each value meets many fields and each field several values, other ones on each kind of
database; the slow one tries more of them, and all when ``FUNDOPS_TEST_DEPTH`` is above 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from fastapi import APIRouter

from tests.contract.bodies import places, spoiled
from tests.contract.inventory import Operation
from tests.contract.records import missing_address
from tests.contract.stage import Stage, guarded
from tests.depth import DEPTH
from tests.platform.corpus import BODIES, CANARY, HEADERS, QUERIES, VALUES
from tests.world import Caller

QUICK_VALUES, QUICK_BODIES, QUICK_QUERIES = 1, 2, 1
MORE_VALUES, MORE_BODIES, MORE_QUERIES = 3, 3, 3
JSON = {"content-type": "application/json"}


def faults(answer: Any, *, echoes: bool = True) -> list[str]:
    """Return what an answer to hostile input should not be."""
    found = []
    if answer.status_code >= 500:
        found.append(f"{answer.status_code}: {answer.text[:200]}")
    if answer.status_code >= 400:
        if answer.headers.get("content-type") != "application/problem+json":
            found.append("not a problem document")
        elif not {"type", "title", "status", "detail", "request_id"} <= answer.json().keys():
            found.append("a problem document that lacks something")
        if echoes and CANARY in answer.text:
            found.append("echo")
    if "x-injected" in answer.headers:
        found.append("a header of the client's")
    if answer.headers.get("x-content-type-options") != "nosniff":
        found.append("no security headers")
    return found


def some(values: Iterable[Any], count: int | None, turn: int) -> list[Any]:
    """Return ``count`` of ``values``, others each turn; all of them for ``None``."""
    every = list(values)
    if count is None:
        return every
    return [every[(turn * count + n) % len(every)] for n in range(count)]


def begin(stage: Stage, values: Sequence[Any]) -> int:
    """Return the turn to begin with: on each kind of database a field meets other values."""
    return 0 if stage.world.database.is_sqlite else len(values) // 2


def writes(stage: Stage) -> Iterator[tuple[Operation, Caller, str, dict[str, str]]]:
    """Yield each operation that changes something, with who may call it and where."""
    callers = stage.everybody()
    for operation in guarded(stage.app):
        if operation.method in {"POST", "PATCH", "PUT"}:
            caller = callers[operation.permissions[0]]
            headers = JSON | ({} if operation.method == "POST" else {"if-match": '"1"'})
            yield operation, caller, stage.records.address(operation), headers


def hostile_fields(stage: Stage, count: int | None) -> tuple[int, list[str]]:
    """Spoil each field of each body; return how many requests that were, and the faults."""
    sent, wrong, turn = 0, [], begin(stage, VALUES)
    for operation, caller, path, headers in writes(stage):
        document = stage.documents[operation.method, operation.path]
        body = stage.bodies.of(document, whole=True)
        for place in places(body) if body is not None else ():
            turn += 1
            for value in some(VALUES, count, turn):
                content = json.dumps(spoiled(body, place, value)).encode()
                answer = caller.request(operation.method, path, content=content, headers=headers)
                sent += 1
                # A value that a record really takes comes back in the record; that is no echo.
                for fault in faults(answer):
                    wrong.append(f"{operation.name} {place} {str(value)[:40]!r}: {fault}")
    return sent, wrong


def hostile_bodies(stage: Stage, count: int | None) -> tuple[int, list[str]]:
    """Send whole bodies that are no bodies."""
    sent, wrong = 0, []
    for turn, (operation, caller, path, headers) in enumerate(writes(stage)):
        for name in some(BODIES, count, turn):
            answer = caller.request(operation.method, path, content=BODIES[name], headers=headers)
            sent += 1
            wrong += [f"{operation.name} {name}: {fault}" for fault in faults(answer)]
    return sent, wrong


def hostile_addresses(stage: Stage, count: int | None) -> tuple[int, list[str]]:
    """Spoil each parameter of each address: those of the query, and the parts of the path."""
    callers, sent, wrong, turn = stage.everybody(), 0, [], begin(stage, QUERIES)
    for operation in guarded(stage.app):
        caller = callers[operation.permissions[0]]
        declared = stage.documents[operation.method, operation.path].get("parameters", ())
        addresses = []
        for one in declared:
            turn += 1
            for value in some(QUERIES, count, turn):
                if one["in"] == "query":
                    addresses.append(f"{stage.records.address(operation)}?{one['name']}={value}")
                elif one["in"] == "path" and value:
                    spoiled_path = operation.path.replace("{" + one["name"] + "}", value, 1)
                    addresses.append(_filled(stage, operation, spoiled_path))
        for address in addresses:
            options: dict[str, Any] = {}
            if operation.method != "GET":
                body = stage.bodies.of(stage.documents[operation.method, operation.path])
                options = {"json": body} if body is not None else {}
            answer = caller.request(operation.method, address, **options)
            sent += 1
            wrong += [f"{operation.name} {address[:120]}: {fault}" for fault in faults(answer)]
    return sent, wrong


def _filled(stage: Stage, operation: Operation, path: str) -> str:
    """Return ``path`` with its other parameters filled in."""
    real = dict(zip(operation.path.split("/"), stage.records.address(operation).split("/"),
                    strict=False))  # fmt: skip
    return "/".join(real.get(part, part) if part.startswith("{") else part
                    for part in path.split("/"))  # fmt: skip


def test_hostile_fields(lived_stage: Stage) -> None:
    sent, wrong = hostile_fields(lived_stage, QUICK_VALUES)
    assert wrong == []
    assert sent > 1_400


def test_hostile_bodies(lived_stage: Stage) -> None:
    sent, wrong = hostile_bodies(lived_stage, QUICK_BODIES)
    assert wrong == []
    assert sent > 150


def test_hostile_addresses(lived_stage: Stage) -> None:
    sent, wrong = hostile_addresses(lived_stage, QUICK_QUERIES)
    assert wrong == []
    assert sent > 700


def test_hostile_headers(lived_stage: Stage) -> None:
    caller = lived_stage.everybody()[next(iter(lived_stage.everybody()))]
    wrong = []
    names = ("authorization", "idempotency-key", "if-match", "x-request-id", "accept", "range",
             "content-type", "cookie", "x-forwarded-for", "x-http-method-override",
             "transfer-encoding", "accept-encoding", "if-none-match", "expect")  # fmt: skip
    for name in names:
        for value in HEADERS:
            headers = {b"authorization": f"Bearer {caller.token}".encode(), name.encode(): value}
            for method, path in (("GET", "/v1/funds"), ("POST", "/v1/funds"), ("GET", "/health")):
                answer = caller.client.request(method, path, headers=headers)
                wrong += [f"{method} {name} {value[:40]!r}: {f}" for f in faults(answer)]
    assert wrong == []


CURSORS = (
    '[null,null,"{id}"]', '["code","a\\u0000b","{id}"]', '["code","\\ud800","{id}"]',
    '["code",5,"{id}"]', '["code",null,"{id}"]', '["code",["x"],"{id}"]', '["code","x",5]',
    '["code","x","zz"]', '["code"]', "[]", "{{}}", "5", '"x"', "NaN", "[" * 200,
    '["name","x","{id}"]', '["code",true,"{id}"]', '["code",1e400,"{id}"]',
)  # fmt: skip


def test_hostile_cursors(lived_stage: Stage) -> None:
    """A cursor is a client's to change; every list takes only its own."""
    import base64

    callers, wrong, lists = lived_stage.everybody(), [], 0
    first = begin(lived_stage, CURSORS)
    for operation in guarded(lived_stage.app):
        document = lived_stage.documents[operation.method, operation.path]
        names = {one["name"] for one in document.get("parameters", ())}
        if "cursor" not in names:
            continue
        lists += 1
        caller, path = callers[operation.permissions[0]], lived_stage.records.address(operation)
        for raw in some(CURSORS, None if DEPTH > 1 else 3, first + lists):
            cursor = base64.urlsafe_b64encode(raw.replace("{id}", "0" * 32).encode()).decode()
            for sort in ("", "&sort=code"):
                answer = caller.get(f"{path}?cursor={cursor.rstrip('=')}{sort}")
                wrong += [f"{operation.name} {raw} {sort}: {f}" for f in faults(answer)]
    assert wrong == []
    assert lists >= 15


def test_what_must_be_noticed_is(lived_stage: Stage) -> None:
    """A planted route that fails on one value, and one that echoes, are found by the same means."""
    router = APIRouter()

    @router.get("/v1/planted/{word}")
    def planted(word: str) -> dict[str, str]:
        raise RuntimeError(word)

    lived_stage.app.include_router(router)
    answer = lived_stage.world.client.get("/v1/planted/x")
    assert faults(answer) == [f"500: {answer.text[:200]}"]
    echo = lived_stage.world.client.get(f"/v1/nothing/{CANARY}")
    assert faults(echo) == []
    echo._content = json.dumps(echo.json() | {"detail": CANARY}).encode()
    del echo._text
    assert faults(echo) == ["echo"]


def test_unknown_addresses_and_methods(lived_stage: Stage) -> None:
    client = lived_stage.world.client
    for path in ("/", "/v1", "/v1/", "/v2/funds", "/v1/funds/", "/v1/nothing", "//", "/%00",
                 "/v1/funds/../persons", "/static-offline-docs/../../etc/passwd",
                 "/static-offline-docs/%2e%2e/%2e%2e/core.py", "/.env", "/v1/FUNDS"):  # fmt: skip
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "BREW"):
            answer = client.request(method, path, follow_redirects=False)
            assert answer.status_code in {404, 405, 307, 401}, (method, path)
            if method != "HEAD" and answer.status_code != 307:
                assert faults(answer) == [], (method, path)
    for operation in guarded(lived_stage.app):
        if operation.method == "GET":
            answer = client.delete(missing_address(operation))
            assert answer.status_code == 405, operation.name
            assert operation.method in answer.headers["allow"]


@pytest.mark.slow
def test_more_hostile_values_in_every_field(lived_stage: Stage) -> None:
    for attack, count in (
        (hostile_fields, MORE_VALUES),
        (hostile_bodies, MORE_BODIES),
        (hostile_addresses, MORE_QUERIES),
    ):
        sent, wrong = attack(lived_stage, count if DEPTH == 1 else None)
        assert wrong == []
        assert sent > 300
