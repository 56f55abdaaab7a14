"""The numbers of the ten objectives of the Global Initiative; their words are a code list.

The list is closed: the fund exists for these ten. The founding document's three themes
(vulnerability, impact, action) cut across the objectives and are not assigned to any of them.
"""

from __future__ import annotations

OBJECTIVES = range(1, 11)
"""Numbers of the objectives."""
