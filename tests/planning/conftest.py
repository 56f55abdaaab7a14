"""The tests of planning take place on one day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from fundops import clock

NOW = datetime(2026, 5, 10, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _one_day() -> Iterator[None]:
    """Let it be 10 May 2026."""
    clock.set_clock(lambda: NOW)
    yield
    clock.set_clock(None)
