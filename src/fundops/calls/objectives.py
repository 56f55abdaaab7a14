"""The ten objectives of the Global Initiative, as its founding document numbers and words them.

The code list is closed: the fund exists for these ten. The words stand in the message catalogue
(``objective.<n>`` and ``objective.<n>.text``). The document's three themes (vulnerability, impact,
action) cut across the objectives and are not assigned to any of them.
"""

from __future__ import annotations

from typing import Any

from fundops.messages import text

OBJECTIVES = range(1, 11)
"""Numbers of the objectives."""


def objective_out(number: int) -> dict[str, Any]:
    """Return the wire form of one objective."""
    return {
        "number": number,
        "title": text(f"objective.{number}"),
        "description": text(f"objective.{number}.text"),
    }
