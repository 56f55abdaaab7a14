"""The application as a structure: no test here needs a database that answers."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from fundops.app import create_app
from fundops.config import Settings
from tests.contract.inventory import Operation, operations
from tests.contract.stage import lived_stage, stage

__all__ = ["bare_app", "every_operation", "lived_stage", "stage"]


@pytest.fixture(scope="session")
def bare_app() -> FastAPI:
    """Give the application with a database that is never opened."""
    return create_app(Settings(database_url="sqlite:///unused.db", log_level="error"))


@pytest.fixture(scope="session")
def every_operation(bare_app: FastAPI) -> list[Operation]:
    """Give every operation of the application."""
    return operations(bare_app)
