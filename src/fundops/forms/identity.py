"""Whose workbook it is: what the hidden sheet says, and whether that is what is needed.

The hidden sheet is no secret and no proof: whoever sends a workbook must be allowed to change the
record anyway. It is there so that nobody fills in the wrong one unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fundops.forms.declaration import Form
from fundops.forms.kinds import DeclarationError
from fundops.forms.layout import IDENTITY_MARK
from fundops.forms.problems import Problem, shown
from fundops.messages import text

_TOKEN = re.compile(r"[\x21-\x7e]{1,200}")


def identity_rows(form: Form, records: Mapping[str, str], guide: str) -> list[tuple[str, str]]:
    """Return the keys and values of the hidden sheet. ``guide`` is the name of the first tab.

    Raises ``DeclarationError`` unless ``records`` has one token for each identity key of the form.
    """
    if records.keys() != {one.key for one in form.identity}:
        raise DeclarationError(f"form {form.kind!r} needs exactly its own identity keys")
    if not all(_TOKEN.fullmatch(token) for token in records.values()):
        raise DeclarationError("identity tokens are visible ASCII characters without spaces")
    rows = [
        (IDENTITY_MARK, "1"),
        ("kind", form.kind),
        ("version", str(form.version)),
        ("title", form.title),
        ("language", form.language),
        ("schema", form.digest()),
        ("guide", guide),
    ]
    rows += [(f"id.{one.key}", records[one.key]) for one in form.identity]
    rows += [
        (f"row.{table.key}.{number}", row.key)
        for table in form.tables()
        for number, row in enumerate(table.rows)
    ]
    return rows


def check_identity(
    form: Form, found: Mapping[str, str], expected: Mapping[str, str]
) -> Problem | None:
    """Return why a workbook is not the one that is needed, or ``None`` when it is."""
    if expected.keys() != {one.key for one in form.identity}:
        raise DeclarationError(f"form {form.kind!r} needs exactly its own identity keys")
    if found.get(IDENTITY_MARK) is None:
        return _wrong(form, "not_ours", title=form.title)
    if found.get("kind") != form.kind:
        return _wrong(form, "other_form", found=shown(found.get("title", "?")), title=form.title)
    for one in form.identity:
        token = found.get(f"id.{one.key}", "?")
        if token != expected[one.key]:
            return _wrong(
                form,
                "other_record",
                label=one.label,
                found=shown(token),
                expected=shown(expected[one.key]),
            )
    return _check_version(form, found)


def _check_version(form: Form, found: Mapping[str, str]) -> Problem | None:
    version = found.get("version", "")
    if version != str(form.version):
        older = version.isascii() and version.isdigit() and int(version[:9]) < form.version
        return _wrong(
            form,
            "old_version" if older else "other_version",
            found=shown(version or "?"),
            version=form.version,
        )
    if found.get("schema") != form.digest():
        return _wrong(form, "other_layout", title=form.title)
    return None


def _wrong(form: Form, code: str, **facts: object) -> Problem:
    return Problem(code, text(f"forms.{code}", form.language, **facts), "critical")
