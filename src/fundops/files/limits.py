"""What a received file may be, and what the process that opens it may use.

Stated here and in ``docs/files.md``; larger files are refused, never cut.
"""

from __future__ import annotations

from dataclasses import replace

from fundops.forms.sandbox import RECEIVED

MAX_PIXELS = 40_000_000
"""Of one image: a photograph of today's telephones has 12 to 50 million; scans have fewer."""

MAX_SIDE = 20_000
MAX_PAGES = 2_000
MAX_PDF_OBJECTS = 200_000
MAX_NESTING = 2
"""A workbook inside a document (a chart's data) is cleaned too, but nothing inside that."""

MARKUP_BYTES = 32 * 2**20
"""One part of markup, unpacked: a tree of it takes about ten times as much memory."""

BOUNDS = replace(RECEIVED, output_bytes=220 * 2**20)
