"""Every operation of the application, found by walking what really serves.

Since FastAPI 0.137 ``app.routes`` hides included routers behind one opaque route, so that a naive
walk finds nothing and proves nothing; ``naive_walk`` is kept to show that it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute, Mount, Route

from fundops.authz import Can, Permission


@dataclass(frozen=True)
class Operation:
    """One method at one address, with the permissions its dependencies ask for."""

    method: str
    path: str
    permissions: tuple[Permission, ...]
    route: BaseRoute

    @property
    def name(self) -> str:
        """The operation as people write it."""
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters, in order."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


def operations(app: FastAPI) -> list[Operation]:
    """Return every operation but those of mounted folders of static files."""
    return list(_walk(app.routes, ""))


def _walk(routes: Sequence[BaseRoute], prefix: str) -> Iterator[Operation]:
    for context in iter_route_contexts(routes):
        route = context.original_route
        if isinstance(route, Mount):
            yield from _walk(route.routes, prefix + route.path)
            continue
        assert isinstance(route, Route | APIRoute), f"{route!r} is of no kind that we know"
        needed = tuple(_permissions(route.dependant)) if isinstance(route, APIRoute) else ()
        for method in sorted(context.methods or ()):
            if method != "HEAD":
                yield Operation(
                    method, f"{prefix}{context.path_format or context.path}", needed, route
                )


def mounts(app: FastAPI) -> list[str]:
    """Return where other applications are mounted."""
    routes = (context.original_route for context in iter_route_contexts(app.routes))
    return [route.path for route in routes if isinstance(route, Mount)]


def naive_walk(app: FastAPI) -> set[str]:
    """Return the paths that a walk over ``app.routes`` alone would find."""
    return {getattr(route, "path", None) or "" for route in app.routes}


def _permissions(dependant: Dependant) -> Iterator[Permission]:
    if isinstance(dependant.call, Can):
        yield dependant.call.permission
    for one in dependant.dependencies:
        yield from _permissions(one)


def documented(app: FastAPI) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the OpenAPI operations by (method, path)."""
    return {
        (method.upper(), path): operation
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
    }
