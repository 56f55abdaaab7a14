"""Engines of databases that come and go: what one has compiled, the next of its kind need not.

An engine keeps the statements it has compiled under its dialect. A test has a database and so
engines of its own, and would compile each statement anew; a fifth of its time went there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.util import LRUCache

STATEMENTS = 5000
"""More than all tests of a worker have; an engine keeps 500."""

_FIRST: dict[tuple[Any, ...], Engine] = {}


def sharing(make: Callable[..., Engine]) -> Callable[..., Engine]:
    """Return ``make`` such that engines that differ in their address alone compile together."""

    def made(settings: Any, **options: Any) -> Engine:
        engine = make(settings, **options)
        key = (make, settings.is_sqlite, settings.lock_timeout_seconds, *sorted(options.items()))
        first = _FIRST.get(key)
        if first is None:
            # A dialect knows its database only once it has been connected.
            event.listen(engine, "first_connect", lambda *_: _FIRST.setdefault(key, engine))
            engine._compiled_cache = LRUCache(STATEMENTS)
        else:
            engine.dialect = first.dialect
            engine._compiled_cache = first._compiled_cache
        return engine

    return made
