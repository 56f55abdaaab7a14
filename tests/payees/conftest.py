"""An office with a payee, on a clock that can go forward; hooks are as they were after a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fundops import clock
from fundops.payees import hooks
from tests.payees.account_factories import Clock, Office, with_approved, with_proposed
from tests.staged import staged


@pytest.fixture
def moving() -> Iterator[Clock]:
    made = Clock()
    clock.set_clock(made)
    yield made
    clock.set_clock(None)


standing = staged(Office)
with_one_proposed = staged(with_proposed)
with_one_approved = staged(with_approved)
"""An office, in scenes with an account of its party that is proposed, or in use."""


@pytest.fixture
def office(moving: Clock, standing: Office) -> Office:
    return standing


@pytest.fixture
def proposing(moving: Clock, with_one_proposed: Office) -> Office:
    """Give an office whose party has proposed its first account."""
    return with_one_proposed


@pytest.fixture
def banked(moving: Clock, with_one_approved: Office) -> Office:
    """Give an office whose party has an account in use."""
    return with_one_approved


@pytest.fixture(autouse=True)
def _hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WHEN_CHANGED", "TERMS", "CHANNELS", "USED"):
        monkeypatch.setattr(hooks, name, [])
