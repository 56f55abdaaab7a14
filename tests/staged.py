"""Scenes that many tests begin with, built once and copied with their databases.

A fixture made by ``staged`` gives what its builder returns for a ``World``: ids, callers, codes.
The first test of a worker that asks for it has it built in a database of its own; that one and all
later ones get a copy of the database, and of the scene with this test's application in it. What
a scene holds must therefore be plain (rows are, functions made inside others are not), must stand
before anything else in the database, and must not depend on what a test sets, such as the time.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI

from fundops.db import Database
from tests.client import Client
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.world import World, application, as_tested

S = TypeVar("S")
F = TypeVar("F", bound=Callable[..., Any])
BUILDER = "builds"
KEPT = 8
"""Scenes of each kind of database that a worker keeps; tests of one file follow each other."""


def staged(build: Callable[[World], S]) -> Any:
    """Return a fixture that gives what ``build`` makes of a world, built once for many tests."""

    def give(world: World, stages: Stages) -> S:
        scene: S = stages.of(build).scene(world)
        return scene

    return pytest.fixture(begins_with(build)(give))


def begins_with(build: Callable[[World], Any]) -> Callable[[F], F]:
    """Return what marks a fixture of another kind: its test's database has been built on too."""

    def mark(fixture: F) -> F:
        setattr(fixture, BUILDER, build)
        return fixture

    return mark


def builder_of(request: pytest.FixtureRequest) -> Callable[[World], Any] | None:
    """Return what builds the scene that a test asks for, if it asks for one."""
    manager = request.session._fixturemanager
    for name in request.fixturenames:
        for found in reversed(manager.getfixturedefs(name, request.node) or ()):
            build: Callable[[World], Any] | None = getattr(found.func, BUILDER, None)
            if build is not None:
                return build
            break
    return None


class Stages:
    """The scenes built in databases of one kind."""

    def __init__(self, empty: SqliteDatabases | PostgresDatabases) -> None:
        self._empty = empty
        self._built: OrderedDict[Callable[[World], Any], Stage] = OrderedDict()

    def of(self, build: Callable[[World], Any]) -> Stage:
        """Return the stage of a builder; the one that was not asked for longest makes way."""
        if build not in self._built:
            self._built[build] = Stage(self._empty, build)
            if len(self._built) > KEPT:
                self._built.popitem(last=False)[1].close()
        self._built.move_to_end(build)
        return self._built[build]

    def close(self) -> None:
        """Drop the databases."""
        for one in self._built.values():
            one.close()


class Stage:
    """Databases with a scene in them, and the scene."""

    def __init__(
        self, empty: SqliteDatabases | PostgresDatabases, build: Callable[[World], Any]
    ) -> None:
        self._build = build
        self._databases = empty.filled(self._fill)
        self._scene = b""

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Open a block that has a database with the scene; its URL is the block's value."""
        with self._databases.fresh() as url:
            yield url

    def scene(self, world: World) -> Any:
        """Return the scene as it was built, with records of its own, in ``world``."""
        assert self._scene, "a database with the scene comes first"
        return _Unpickler(io.BytesIO(self._scene), world).load()

    def close(self) -> None:
        """Drop the database."""
        self._databases.close()

    def _fill(self, url: str) -> None:
        with application(as_tested(url)) as app:
            world = World(app, app.state.database)
            with world.client:
                built = self._build(world)
        into = io.BytesIO()
        _Pickler(into, pickle.HIGHEST_PROTOCOL).dump(built)
        self._scene = into.getvalue()


class _Pickler(pickle.Pickler):
    """Writes a scene without the application it was built in."""

    def persistent_id(self, value: Any) -> str | None:
        for kind, name in ((World, "world"), (Client, "client"), (Database, "database")):
            if isinstance(value, kind):
                return name
        return "app" if isinstance(value, FastAPI) else None


class _Unpickler(pickle.Unpickler):
    """Reads a scene into another application."""

    def __init__(self, file: io.BytesIO, world: World) -> None:
        super().__init__(file)
        self._parts = {
            "world": world, "client": world.client, "database": world.database, "app": world.app,
        }  # fmt: skip

    def persistent_load(self, name: str) -> Any:
        return self._parts[name]
