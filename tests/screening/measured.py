"""How much screening misses and how often it is wrong: ``python -m tests.screening.measured``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from fundops.calls.lists import labels_of_all
from fundops.screening import Finding, screen
from tests.screening import held_out, planted
from tests.screening.planted import Planted

Screen = Callable[[str], list[Finding]]
