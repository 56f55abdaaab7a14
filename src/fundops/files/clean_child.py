"""The process that opens a stranger's file: ``python -m fundops.files.clean_child ENDING BOUNDS``.

It limits itself first, reads the file from standard input, tells its kind by its content, and
writes one line of JSON: ``{"media_type": …, "cleaned": […]}`` and then the clean content, or
``{"refused": code, "facts": {…}}``. Its caller treats any other end as a refusal.
"""

from __future__ import annotations

import json
import sys

from fundops.files import clean_images, clean_odf, clean_ooxml, clean_pdf
from fundops.files.kinds import Kind, Refused, check_ending, kind_of
from fundops.forms.sandbox import Bounds, limit_self


def cleaned(raw: bytes, ending: str) -> tuple[Kind, bytes, list[str]]:
    """Return the kind of a file, its content without metadata, and what was taken out.

    Raises ``Refused``.
    """
    kind = kind_of(raw, ending)
    check_ending(kind, ending)
    match kind.family:
        case "pdf":
            return kind, *clean_pdf.rewritten(raw)
        case "image":
            return kind, *clean_images.rewritten(raw, kind)
        case "ooxml":
            return kind, *clean_ooxml.rewritten(raw)
        case "odf":
            return kind, *clean_odf.rewritten(raw)
        case "text":
            return kind, raw, []


def main() -> None:
    """Clean the file on standard input, or say why it is refused."""
    ending, given = sys.argv[1:]
    bounds = Bounds(**json.loads(given))
    limit_self(bounds)
    out = sys.stdout.buffer
    try:
        raw = sys.stdin.buffer.read(bounds.file_bytes + 1)
        kind, content, found = cleaned(raw, ending)
        head = {"media_type": kind.media_type, "cleaned": found}
        out.write(json.dumps(head).encode() + b"\n" + content)
    except Refused as refusal:
        out.write(json.dumps({"refused": refusal.code, "facts": refusal.facts}).encode() + b"\n")


if __name__ == "__main__":
    main()
