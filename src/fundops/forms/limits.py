"""Stated maxima of workbooks that people send back, and of the processes that open them."""

from __future__ import annotations

from fundops.forms.sandbox import Bounds

MAX_FILE_BYTES = 10 * 1024 * 1024
"""Bytes of one workbook as it is uploaded."""

MAX_PARTS = 500
"""Parts in the zip container of one workbook."""

MAX_UNZIPPED_BYTES = 64 * 1024 * 1024
"""Bytes of all parts of one workbook together, decompressed."""

MAX_CELLS = 50_000
"""Cells of all sheets together, blank but formatted ones included."""

MAX_MARKS, MAX_ATTRIBUTES = 500_000, 250_000
"""Tags of all parts of one workbook together, and attributes (more exactly: < and = characters).

A full workbook has nine to a cell. A small file can unpack to millions, which take long to read."""

MAX_CROWD, MAX_CROWDING = 20_000, 50
"""Attributes in a mebibyte of a part, beyond which each tag has at most so many of them: a reader
holds all of a tag at once."""

MAX_TEXT_CHARS = 4_000_000
"""Characters of all cells together."""

MAX_DIRECTORY_BYTES = 256 * 1024
"""Bytes of the zip container's list of parts: 500 for each."""

MAX_FORM_CELLS = 25_000
"""Inputs and locked cells that a form may have: half of what is read, for people's own cells."""

MAX_MERGED_CELLS = 100_000
"""Cells that lie under merged areas, all sheets together."""

MAX_SHEETS = 100
"""Sheets of one workbook."""

MAX_NAMES = 5_000
"""Defined names of one workbook that are ours."""

MAX_CELL_CHARS = 32_767
"""Characters of one cell: what a spreadsheet cell holds at most."""

MAX_TABLE_ROWS = 1_000
"""Rows that a form may offer in one table."""

MAX_EXTRA_ROWS = 50
"""Rows outside a table that are reported one by one."""

MAX_PROBLEMS = 1_000
"""Problems that are listed and marked in one workbook; the rest is counted."""

FIRST_YEAR, LAST_YEAR = 1901, 2199
"""Years that a date may lie in. Spreadsheets do not agree on days before March 1900."""

BOUNDS = Bounds(
    file_bytes=MAX_FILE_BYTES,
    parts=MAX_PARTS,
    unzipped_bytes=MAX_UNZIPPED_BYTES,
    memory_bytes=512 * 1024 * 1024,
    cpu_seconds=20,
    wall_seconds=60,
    output_bytes=32 * 1024 * 1024,
)
"""What a process that opens one of these workbooks may use."""
