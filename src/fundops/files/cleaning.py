"""Cleaning a received file: in a process of its own, whose words are weighed before use."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fundops.files.kinds import BY_ENDING, BY_MEDIA_TYPE, Kind, Refused
from fundops.files.limits import BOUNDS
from fundops.files.names import ending_of
from fundops.forms.sandbox import Bounds, ChildFailed, run
from fundops.messages import text

REFUSALS = frozenset(
    {
        "animated",
        "bad_names",
        "damaged",
        "embedded_object",
        "encrypted",
        "external_data",
        "macros",
        "markup",
        "not_utf8",
        "old_or_encrypted",
        "other_kind",
        "polyglot",
        "test_virus",
        "too_demanding",
        "too_large",
        "too_many_parts",
        "too_many_pixels",
        "unknown",
    }
)
"""Why a file is not taken; the sentence is the message ``files.refused.<code>``."""

CLEANED = frozenset(
    {
        "colour_profile",
        "comment",
        "comment_authors",
        "custom_markup",
        "document_information",
        "document_properties",
        "embedded_files",
        "exif",
        "external_links",
        "gps",
        "metadata",
        "more_images",
        "photoshop",
        "pixels_rewritten",
        "printer_settings",
        "scripts",
        "signatures",
        "text",
        "thumbnail",
        "tracked_changes",
        "xmp",
    }
)
"""What may be taken out of a file, as ``File.cleaned`` lists it; told in ``docs/files.md``."""


@dataclass(frozen=True, slots=True)
class Clean:
    """A file without metadata: its kind, its content, and what was taken out."""

    kind: Kind
    content: bytes
    cleaned: tuple[str, ...]


def clean(raw: bytes, name: str, aside: Path, bounds: Bounds = BOUNDS) -> Clean:
    """Return ``raw`` without its metadata; the child's output passes through ``aside``.

    Raises ``Refused``.
    """
    ending = ending_of(name)
    arguments = [ending if ending in BY_ENDING else "", json.dumps(asdict(bounds))]
    with tempfile.TemporaryFile(dir=aside) as output:
        try:
            run("fundops.files.clean_child", arguments, raw, output, bounds.wall_seconds)
        except ChildFailed:
            raise Refused("too_demanding") from None
        output.seek(0)
        head: Any = json.loads(output.readline() or b"{}")
        content = output.read()
    if "refused" in head:
        code = head["refused"] if head["refused"] in REFUSALS else "damaged"
        raise Refused(code, **head.get("facts", {}))
    kind = BY_MEDIA_TYPE.get(head.get("media_type", ""))
    if kind is None or not content:
        raise Refused("too_demanding")
    return Clean(kind, content, tuple(one for one in head["cleaned"] if one in CLEANED))


def sentence(refusal: Refused) -> str:
    """Return why a file is not taken, for whoever sent it."""
    facts = {"limit": "", "ending": "", **refusal.facts}
    return text(f"files.refused.{refusal.code}", **facts)
