"""Columns as data: a table's specs, described in words by the message catalogue.

A workbook keeps, per table, a tuple of ``(key, kind, width)``. Headings and meanings come from
``<prefix>.<key>`` and ``….meaning``, the source of the rows from ``<prefix>.source``.
"""

from __future__ import annotations

from collections.abc import Sequence

from fundops.exports.kinds import Kind
from fundops.exports.workbook import Column
from fundops.messages import text

Spec = tuple[str, Kind, float]
"""A column's key, kind and width in characters."""


def described(prefix: str, specs: Sequence[Spec], language: str = "en") -> tuple[Column, ...]:
    """Return columns with headings, meanings and source in ``language``; keys have ``prefix``."""
    source = text(f"{prefix}.source", language)
    return tuple(
        Column(
            key,
            text(f"{prefix}.{key}", language),
            kind,
            width,
            text(f"{prefix}.{key}.meaning", language),
            source,
        )
        for key, kind, width in specs
    )
