"""Small helpers that services share: snapshots for the audit chain, and applying a patch."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import inspect

from fundops.db import Base


def snapshot(record: Base, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the columns of ``record`` as the audit chain stores them."""
    return {name: getattr(record, name) for name in _columns(type(record)) if name not in without}


@cache
def _columns(model: type[Base]) -> tuple[str, ...]:
    return tuple(attribute.key for attribute in inspect(model).column_attrs)


def apply_patch(record: Base, patch: BaseModel) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set the fields that ``patch`` gives; return what they were and what they became."""
    given = patch.model_dump(exclude_unset=True)
    before = {name: getattr(record, name) for name in given}
    after = {name: value for name, value in given.items() if value != before[name]}
    for name, value in after.items():
        setattr(record, name, value)
    return {name: before[name] for name in after}, after
