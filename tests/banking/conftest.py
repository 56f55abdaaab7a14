"""An office that banks, on real payments and a real vault."""

from __future__ import annotations

import pytest

from fundops.banking.profile import sample
from tests.banking.banking_factories import Office, an_office
from tests.world import World


@pytest.fixture
def office(world: World) -> Office:
    """Give a fund with an account at a bank."""
    return an_office(world)


@pytest.fixture
def hosted(world: World) -> Office:
    """Give a fund that a larger organisation hosts."""
    return an_office(world, kind="host", profile=sample().model_dump(mode="json"))
