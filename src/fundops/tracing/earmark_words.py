"""An earmark in words, for statements and lists."""

from __future__ import annotations

import json
from typing import Any

from fundops.messages import text


def in_words(earmark: str, language: str = "en") -> str:
    """Return what money under ``earmark`` (canonical JSON) may be used for, in one sentence."""
    content: dict[str, Any] = json.loads(earmark)
    parts: list[str] = []
    for key in ("include", "exclude"):
        for dimension, values in sorted((content.get(key) or {}).items()):
            name = text(f"earmark.dimension.{dimension}", language)
            listed = ", ".join(str(value) for value in values)
            parts.append(text(f"earmark.{key}", language, dimension=name, values=listed))
    for cap in content.get("caps") or ():
        name = text(f"earmark.dimension.{cap['dimension']}", language)
        amount = f"{int(cap['amount_minor']):,}"
        parts.append(
            text("earmark.cap", language, dimension=name, value=cap["value"], amount=amount)
        )
    if content.get("spend_by_on"):
        parts.append(text("earmark.spend_by", language, on=content["spend_by_on"]))
    return "; ".join(parts) or text("earmark.none", language)
