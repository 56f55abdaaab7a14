"""Walking what a PDF is made of, for whoever cleans or reads one in a child process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def dictionaries_in(top: Any, pikepdf: Any) -> Iterator[Any]:
    """Yield the dictionaries that stand inside one object itself, it included.

    What an object only refers to is an object of its own; ``pikepdf`` is the caller's, which
    alone has need to load it.
    """
    waiting = [top]
    while waiting:
        one = waiting.pop()
        if isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            yield one
            values = [one[key] for key in list(one.keys())]
        elif isinstance(one, pikepdf.Array):
            values = list(one)
        else:
            continue
        waiting += [
            value
            for value in values
            if isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect
        ]
