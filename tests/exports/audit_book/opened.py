"""Audit workbooks opened the way a reader does."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import openpyxl


def rows(data: bytes, sheet: str) -> list[tuple[Any, ...]]:
    """Return the values of a sheet, row by row."""
    book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
    return list(book[sheet].iter_rows(values_only=True))


def texts(data: bytes, sheet: str) -> set[str]:
    """Return every text of a sheet."""
    return {value for row in rows(data, sheet) for value in row if isinstance(value, str)}


def checks(data: bytes) -> set[Any]:
    """Return what the controls say."""
    return {row[4] for row in rows(data, "Controls")[4:] if row[4] is not None}


def parts(data: bytes) -> dict[str, bytes]:
    """Return the parts of a file by name."""
    with ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def same(data: bytes, before: bytes) -> None:
    """Hold that two files are the same byte for byte; say which part is not, and no more of it."""
    one, other = parts(data), parts(before)
    differ = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    assert (differ, data == before) == ([], True)
