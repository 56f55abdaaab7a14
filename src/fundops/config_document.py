"""The page on the settings, written from them: ``python -m fundops.config_document``."""

from __future__ import annotations

import sys
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le

from fundops.config import ENV_PREFIX, Settings

_INTRODUCTION = """# Settings

fundops reads its settings from the environment when it starts. Each may stand in a file instead:
`{prefix}DATABASE_URL_FILE` names a file that holds the value of `{prefix}DATABASE_URL`, and so for
every setting; a setting given both ways is refused. This page is written by
`python -m fundops.config_document`, and a test compares it with the program.

| variable | default | values | meaning |
|---|---|---|---|
"""


def settings_document() -> str:
    """Return the page on all settings, in Markdown."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default if field.default != "" else "none"
        rows.append(
            f"| `{ENV_PREFIX}{name.upper()}` | `{default}` | {_values(field)} "
            f"| {field.description} |"
        )
    return _INTRODUCTION.format(prefix=ENV_PREFIX) + "\n".join(rows) + "\n"


def _values(field: Any) -> str:
    """Return what a setting may be: its words, or its range."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(field.annotation))
    if field.annotation is not int:
        return "text"
    low = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), "any")
    high = next((rule.le for rule in field.metadata if isinstance(rule, Le)), "any")
    return f"{low} to {high}"


if __name__ == "__main__":
    sys.stdout.write(settings_document())
