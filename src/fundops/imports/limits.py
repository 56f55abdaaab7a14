"""Stated maxima of everything an import accepts, and of the process that opens workbooks."""

from __future__ import annotations

MAX_FILES = 20
"""Files in one import."""

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Bytes of one file, as it lies on disk."""

MAX_ROWS = 500_000
"""Data rows of one file."""

MAX_COLUMNS = 300
"""Columns of one file."""

MAX_CELL_CHARS = 32_767
"""Characters of one cell; also what a spreadsheet cell holds at most."""

MAX_FINDINGS = 50_000
"""Findings of one import; beyond it the file is of another kind than the profile."""

MAX_ZIP_ENTRIES = 1_000
"""Parts of one workbook."""

MAX_UNZIPPED_BYTES = 256 * 1024 * 1024
"""Bytes of all parts of one workbook together, decompressed."""

CHILD_MEMORY_BYTES = 1024 * 1024 * 1024
"""Address space of the process that opens a workbook."""

CHILD_CPU_SECONDS = 60
"""Processor time of the process that opens a workbook."""

CHILD_WALL_SECONDS = 180
"""Longest wait for that process."""

CHILD_OUTPUT_BYTES = 512 * 1024 * 1024
"""Bytes that process may write."""

FIRST_YEAR, LAST_YEAR = 1945, 2100
"""Years a date or a fiscal year may lie in; others are typing errors or sentinels."""
