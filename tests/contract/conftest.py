"""The application as a structure: no test here needs a database that answers."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.contract.inventory import Operation, operations
from tests.contract.stage import lived_stage, stage
from tests.world import application, as_tested

__all__ = ["bare_app", "every_operation", "lived_stage", "stage"]


@pytest.fixture(scope="session")
def bare_app() -> FastAPI:
    """Give the application with a database that is never opened."""
    with application(as_tested("sqlite:///unused.db")) as app:
        return app


@pytest.fixture(scope="session")
def every_operation(bare_app: FastAPI) -> list[Operation]:
    """Give every operation of the application."""
    return operations(bare_app)
