"""How much screening misses and how often it is wrong: ``python -m tests.screening.measured``."""

from __future__ import annotations

from collections.abc import Callable

from fundops.screening import Finding

Screen = Callable[[str], list[Finding]]
