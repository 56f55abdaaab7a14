"""The guard of this folder: no test in it can open a database by accident."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine


@pytest.mark.parametrize("url", ["sqlite://", "postgresql+psycopg://nobody@127.0.0.1:1/none"])
def test_a_unit_test_that_opens_a_database_fails(url: str) -> None:
    engine = create_engine(url)
    with pytest.raises(pytest.fail.Exception, match="opened a database"):
        engine.connect()
    engine.dispose()
