"""An office that banks, with stand-ins for what other domains do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from fundops.banking.profile import sample
from tests.banking import stand_ins
from tests.banking.banking_factories import Office, an_office
from tests.world import World


@pytest.fixture
def stands(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the stand-ins in place."""
    stand_ins.install(monkeypatch)
    before = getattr(app.state, "vault", None)
    app.state.vault = stand_ins.Vault()
    yield
    app.state.vault = before


@pytest.fixture
def office(stands: None, world: World) -> Office:
    """Give a fund with an account at a bank."""
    return an_office(world)


@pytest.fixture
def hosted(stands: None, world: World) -> Office:
    """Give a fund that a larger organisation hosts."""
    return an_office(world, kind="host", profile=sample().model_dump(mode="json"))
