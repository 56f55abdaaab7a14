"""The first sheet of a form's workbook: how to fill it in, and what every cell is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fundops.forms.cells import Writer, describe
from fundops.forms.declaration import Column, Field, Form
from fundops.messages import text

RULES = ("open_cells", "required", "numbers", "dates", "lists", "paste", "structure", "send")
"""The general rules, in order; each is the message ``forms.guide.<rule>``."""

_HEADINGS = ("sheet", "field", "needed", "holds", "help")
_WIDTHS = (24, 36, 10, 48, 70)


def write_guide(writer: Writer, form: Form, sheet: Any, name: str, tabs: Mapping[str, str]) -> None:
    """Fill ``sheet`` with the guide, under ``name``."""
    sheet.title = name
    writer.set_up(sheet)
    writer.title(sheet, 1, form.title)
    row = 3
    rules = [text(f"forms.guide.{rule}", form.language) for rule in RULES]
    for paragraph in (*form.guide, *rules):
        writer.note(sheet, row, paragraph, across=len(_WIDTHS), width=170)
        row += 1
    row += 1
    for number, heading in enumerate(_HEADINGS, start=2):
        writer.heading(sheet, row, number, text(f"forms.guide.column_{heading}", form.language))
    for tab, one in _inputs(form, tabs):
        row += 1
        yes = text("forms.guide.yes", form.language) if one.required else ""
        words = (tab, one.label, yes, describe(one.kind, form.language), one.help)
        for number, (word, width) in enumerate(zip(words, _WIDTHS, strict=True), start=2):
            writer.help(sheet, row, number, word, width)
    sheet.column_dimensions["A"].hidden = True
    for letters, width in zip("BCDEF", _WIDTHS, strict=True):
        sheet.column_dimensions[letters].width = width
    writer.protect(sheet)


def _inputs(form: Form, tabs: Mapping[str, str]) -> Iterator[tuple[str, Field | Column]]:
    for section in form.sections:
        for one in section.fields:
            if not one.locked:
                yield tabs[section.key], one
        if section.table is not None:
            for column in section.table.inputs:
                yield tabs[section.key], column
