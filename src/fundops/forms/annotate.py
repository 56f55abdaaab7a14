"""Give a workbook back with every problem marked in its cell, and a sheet that lists them all.

It is the same workbook: what was typed stays. Marks of an earlier time are taken off first, so
marking is safe to repeat and gives the same bytes. The file is opened and written in a process of
its own (``marking_child``).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence

from fundops.forms import book, limits
from fundops.forms.declaration import RIGHT_TO_LEFT
from fundops.forms.problems import FileRefused, Problem, refused
from fundops.messages import text

HEADINGS = ("number", "sheet", "cell", "problem")


def annotate(raw: bytes, problems: Sequence[Problem], language: str = "en") -> bytes:
    """Return the workbook ``raw`` with ``problems`` marked; without any, cleared of old marks.

    ``language`` is that of the words around the problems. Pictures and formatting inside a cell
    may be lost; values, formulas and their results are kept. Raises ``FileRefused`` when the file
    cannot be opened or written within the limits; the list of problems is then all there is.
    """
    job = json.dumps(_job(problems, language), ensure_ascii=True).encode()
    with tempfile.TemporaryFile() as output:
        try:
            book.run_child("fundops.forms.marking_child", job + b"\n" + raw, output, language)
        except FileRefused:
            raise refused("not_marked", language) from None
        output.seek(0)
        message = json.loads(output.readline() or b"{}")
        book.refuse(message, language)
        made = output.read()
    if "marked" not in message or not made.startswith(b"PK"):
        raise refused("not_marked", language)
    return made


def _job(problems: Sequence[Problem], language: str) -> dict[str, object]:
    listed = list(problems)[: limits.MAX_PROBLEMS]
    rows = [[one.sheet, one.cell, _sentence(one, language)] for one in listed]
    if len(problems) > len(listed):
        count = len(problems) - len(listed)
        rows.append([None, None, text("forms.problems.more", language, count=count)])
    return {
        "tab": text("forms.problems.tab", language),
        "title": text("forms.problems.title", language),
        "how": text("forms.problems.how", language),
        "headings": [text(f"forms.problems.column_{one}", language) for one in HEADINGS],
        "whole_file": text("forms.problems.whole_file", language),
        "right_to_left": language.partition("-")[0].lower() in RIGHT_TO_LEFT,
        "problems": rows,
    }


def _sentence(one: Problem, language: str) -> str:
    if one.severity != "warning":
        return one.message
    return text("forms.problems.notice", language, message=one.message)
