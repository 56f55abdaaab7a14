"""Workbooks: declared as data, streamed as ``.xlsx`` by one engine.

Declare a ``Workbook`` of ``Sheet``, ``Grid``, ``Controls`` and ``Guide``; ``render`` yields its
bytes while rows are read, ``write`` puts them in a file. Formulas come with their values, money
with its exact digits, text never becomes a formula, and the same question gives the same bytes.
"""

from __future__ import annotations

from fundops.exports.formulas import (
    Aggregate,
    AtLeast,
    AtMost,
    Beside,
    Figure,
    Formula,
    column_name,
    count,
    date_literal,
    literal,
    total,
)
from fundops.exports.kinds import (
    Code,
    Computed,
    Date,
    Flag,
    Instant,
    Integer,
    Kind,
    Money,
    Rate,
    Share,
    Text,
)
from fundops.exports.names import DeclarationError
from fundops.exports.rendering import Written, render, render_later, write, write_pieces
from fundops.exports.rows import RowError
from fundops.exports.workbook import (
    Cell,
    Chart,
    Column,
    Control,
    Controls,
    Grid,
    Guide,
    Overall,
    Series,
    Sheet,
    Workbook,
)
from fundops.exports.xlsx import WorkbookTooLarge

__all__ = [
    "Aggregate",
    "AtLeast",
    "AtMost",
    "Beside",
    "Cell",
    "Chart",
    "Code",
    "Column",
    "Computed",
    "Control",
    "Controls",
    "Date",
    "DeclarationError",
    "Figure",
    "Flag",
    "Formula",
    "Grid",
    "Guide",
    "Instant",
    "Integer",
    "Kind",
    "Money",
    "Overall",
    "Rate",
    "RowError",
    "Series",
    "Share",
    "Sheet",
    "Text",
    "Workbook",
    "WorkbookTooLarge",
    "Written",
    "column_name",
    "count",
    "date_literal",
    "literal",
    "render",
    "render_later",
    "total",
    "write",
    "write_pieces",
]
