"""Fixtures of the tests of grants."""

from __future__ import annotations

import pytest

from fundops.grants import amendments
from tests.grants.amendment_bands import SAMPLE


@pytest.fixture
def own_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests keep to bands of their own, whatever the shipped policy says."""
    monkeypatch.setattr(amendments, "thresholds_in_force", lambda *_: SAMPLE)
