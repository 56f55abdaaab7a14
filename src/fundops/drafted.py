"""Drafts of what people write: any leaf that was typed, and how a whole content is kept.

A draft takes whatever was typed into a place that exists: text, a number, a yes or no, or nothing.
Only its size is bounded here; which places there are is the form's to say.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainValidator

from fundops.audit import canonical
from fundops.errors import invalid
from fundops.schemas import refused

MAX_LEAF = 20_000
"""Characters of one answer in a draft; what a submission may have is less."""
MAX_WHOLE = 10**18
MAX_CONTENT = 1_000_000
"""Characters of a draft as stored."""


def _leaf(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            if len(value) > MAX_LEAF:
                raise refused("drafts.leaf_too_long", maximum=MAX_LEAF)
            return value
        case int():
            if abs(value) > MAX_WHOLE:
                raise refused("drafts.leaf_number")
            return value
        case float():
            if not math.isfinite(value):
                raise refused("drafts.leaf_number")
            return value
    raise refused("drafts.leaf")


Leaf = Annotated[Any, PlainValidator(_leaf)]
"""A leaf as it is checked; how the API document shows it is said where it is used."""
LEAF_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "maxLength": MAX_LEAF},
        {"type": "integer", "minimum": -MAX_WHOLE, "maximum": MAX_WHOLE},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "null"},
    ],
    "description": "Whatever was typed, kept as it is. Send decimals as text.",
}
"""A leaf in the API document."""


def stored(content: Mapping[str, Any]) -> str:
    """Return the canonical JSON of a content.

    Raises ``invalid-request`` for a content that is larger than a draft may be.
    """
    text = canonical(content)
    if len(text) > MAX_CONTENT:
        raise invalid("", "drafts.content_too_large", maximum=MAX_CONTENT)
    return text


def sealed(text: str, salt: str | None = None) -> str:
    """Return the digest of a stored content in hex; with a salt it confirms no guess.

    Proposals are sealed without one, as are reports of the time before there were salts.
    """
    return hashlib.sha256(bytes.fromhex(salt or "") + text.encode()).hexdigest()


def read(text: str) -> dict[str, Any]:
    """Return the content that ``stored`` made the text of."""
    found: dict[str, Any] = json.loads(text)
    return found
