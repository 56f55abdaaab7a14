"""An office with a payee, on a clock that can go forward; hooks are as they were after a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fundops import clock
from fundops.payees import hooks
from tests.payees.account_factories import Clock, Office
from tests.staged import staged


@pytest.fixture
def moving() -> Iterator[Clock]:
    made = Clock()
    clock.set_clock(made)
    yield made
    clock.set_clock(None)


standing = staged(Office)
"""An office, on a clock that goes as it does."""


@pytest.fixture
def office(moving: Clock, standing: Office) -> Office:
    return standing


@pytest.fixture(autouse=True)
def _hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WHEN_CHANGED", "TERMS", "CHANNELS", "USED"):
        monkeypatch.setattr(hooks, name, [])
