"""The process that marks problems: ``python -m fundops.forms.marking_child < JOB AND FILE``.

Input is one line of JSON (the problems and the words around them, from ``annotate``) and then the
workbook; output is one line of JSON, ``{"marked": n}`` or ``{"refused": code, "facts": {…}}``, and
then the marked workbook.
"""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from typing import Any

from fundops.forms import limits, sandbox
from fundops.forms.prescan import Refused
from fundops.forms.reading_child import answer


def marked(job: dict[str, Any], raw: bytes) -> bytes:
    """Return the workbook with the job's problems marked. Raises ``Refused``."""
    answer(raw)  # all that is refused when a workbook is read is refused here as well
    from openpyxl import load_workbook

    from fundops.forms.marks import Marker
    from fundops.forms.packing import unpacked, with_times_of
    from fundops.forms.results import restoring, stored_results

    results = stored_results(raw)
    book = load_workbook(io.BytesIO(raw), keep_links=False)
    Marker(book, job).renew()
    made = unpacked(book)
    return with_times_of(made, raw, restoring(made, results))


def main() -> None:
    """Mark the workbook on standard input and write it, or say why it was refused."""
    sandbox.limit_self(limits.BOUNDS)
    os.environ["OPENPYXL_LXML"] = "False"  # one writer everywhere: the same bytes
    # Not needed, slow to load, and what would unpack a picture of any size.
    sys.modules["numpy"] = sys.modules["PIL"] = None  # type: ignore[assignment]
    warnings.simplefilter("ignore")
    job = json.loads(sys.stdin.buffer.readline())
    raw = sys.stdin.buffer.read(limits.MAX_FILE_BYTES + 1)
    try:
        made = marked(job, raw)
        message: dict[str, Any] = {"marked": len(job["problems"])}
    except Refused as refusal:
        code, facts = refusal.args
        made, message = b"", {"refused": code, "facts": facts}
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n" + made)


if __name__ == "__main__":
    main()
