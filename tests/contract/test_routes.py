"""Every route asks for one permission, has its documents, and declares what can go wrong."""

from __future__ import annotations

import re
from collections import Counter

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from fundops import idempotency
from fundops.api_document import MAY_BE_NEW
from fundops.authz import PUBLIC_PATHS, ROLE_PERMISSIONS, Permission
from fundops.strict import StrictRoute
from tests.contract.inventory import Operation, documented, mounts, naive_walk, operations

FEWEST_OPERATIONS = 130
"""There were as many when this was written; a walk that finds fewer has lost some."""


def undeclared(found: list[Operation]) -> list[str]:
    """Return the operations that neither ask for one permission nor are declared public."""
    return [
        one.name
        for one in found
        if (one.path in PUBLIC_PATHS) == bool(one.permissions) or len(one.permissions) > 1
    ]


def test_every_route_asks_for_exactly_one_permission(every_operation: list[Operation]) -> None:
    assert undeclared(every_operation) == []


def test_the_walk_finds_what_is_documented_and_much(
    bare_app: FastAPI, every_operation: list[Operation]
) -> None:
    walked = {(one.method, one.path) for one in every_operation}
    schema = documented(bare_app).keys()
    undocumented = {(m, p) for m, p in walked - schema if p not in PUBLIC_PATHS}
    assert schema <= walked
    assert undocumented == set()
    assert len(walked) >= FEWEST_OPERATIONS
    assert max(Counter(walked).values()) == 1
    # The trap that this walk is made to avoid.
    assert not {path for path in naive_walk(bare_app) if path.startswith("/v1")}


def test_an_open_route_would_be_noticed() -> None:
    router = APIRouter()

    @router.get("/open")
    def opened() -> None: ...

    outer = APIRouter()
    outer.include_router(router, prefix="/inner")
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(outer, prefix="/v1")
    assert undeclared(operations(app)) == ["GET /v1/inner/open"]


def test_only_the_docs_folder_is_mounted(bare_app: FastAPI) -> None:
    assert mounts(bare_app) == ["/static-offline-docs"]


def test_public_paths_all_exist(every_operation: list[Operation]) -> None:
    assert {one.path for one in every_operation if not one.permissions} == PUBLIC_PATHS


def test_every_permission_is_used_and_held(every_operation: list[Operation]) -> None:
    asked = {permission for one in every_operation for permission in one.permissions}
    held = frozenset().union(*ROLE_PERMISSIONS.values())
    assert asked <= held, "a route that nobody may use"
    # What a permission allows may be a step inside a command or a choice of what is shown.
    assert held == set(Permission)


def test_every_operation_is_documented(bare_app: FastAPI) -> None:
    found = documented(bare_app)
    ids = [operation["operationId"] for operation in found.values()]
    assert len(set(ids)) == len(ids)
    for (method, path), operation in found.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]{3,60}", operation["operationId"]), (method, path)
        assert operation["summary"], path
        assert operation["description"].rstrip().endswith("."), (method, path)
        assert operation["tags"], path


def test_every_operation_declares_its_errors(bare_app: FastAPI) -> None:
    missing = []
    for (method, path), operation in documented(bare_app).items():
        if path in PUBLIC_PATHS:
            continue
        wanted = {"401", "403"}
        if "parameters" in operation or "requestBody" in operation:
            wanted |= {"422"}
        if "{" in path:
            wanted |= {"404"}
        if method != "GET" and path not in idempotency.DRY_RUNS:
            wanted |= {"400", "409"}
        if "requestBody" in operation:
            wanted |= {"400", "413", "415"}
        if method == "PATCH":
            wanted |= {"412", "428"}
        absent = wanted - operation["responses"].keys()
        missing += [f"{method} {path}: {status}" for status in sorted(absent)]
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
    assert missing == []


def test_headers_that_clients_must_send_are_declared(bare_app: FastAPI) -> None:
    for (method, path), operation in documented(bare_app).items():
        headers = {
            one["name"]: one["required"]
            for one in operation.get("parameters", ())
            if one["in"] == "header"
        }
        needs_key = method == "POST" and path not in idempotency.DRY_RUNS
        assert headers.get("Idempotency-Key", False) is needs_key, (method, path)
        checks_match = "428" in operation["responses"]  # of PUTs, those that replace a record
        must_match = checks_match and path not in MAY_BE_NEW
        assert headers.get("If-Match", False) is must_match, (method, path)
        assert checks_match is (method == "PATCH") or method == "PUT", (method, path)
        assert ("security" in operation) is (path not in PUBLIC_PATHS), (method, path)


def test_methods_and_addresses_keep_to_the_style(every_operation: list[Operation]) -> None:
    for one in every_operation:
        if one.path in PUBLIC_PATHS:
            continue
        assert one.method in {"GET", "POST", "PATCH", "PUT"}, one.name
        assert re.fullmatch(r"/v1(/[a-z_]+|/\{[a-z_]+\})+", one.path), one.name


def test_every_request_is_read_strictly(every_operation: list[Operation]) -> None:
    for one in every_operation:
        if one.permissions:
            assert isinstance(one.route, StrictRoute), one.name


def test_endpoints_are_plain_functions(every_operation: list[Operation]) -> None:
    """A coroutine would block the event loop on the database; only ``/health`` asks nothing."""
    import inspect

    coroutines = {
        one.path
        for one in every_operation
        if isinstance(one.route, APIRoute)
        and one.permissions
        and inspect.iscoroutinefunction(one.route.endpoint)
    }
    assert coroutines == set()


def test_dry_runs_are_routes(every_operation: list[Operation]) -> None:
    posts = {one.path for one in every_operation if one.method == "POST"}
    assert posts >= idempotency.DRY_RUNS
