"""Scenes built once: every test has one of its own, in a database of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from fundops import audit
from fundops.ledger.models import Fund
from tests.databases import KINDS, Kind
from tests.factories import a_fund
from tests.staged import Stages
from tests.world import World, application, as_tested


@dataclass
class Box:
    """A fund, and what a test put beside it."""

    world: World
    marks: list[str] = field(default_factory=list)

    def mark(self) -> None:
        """Change the scene and its database."""
        self.marks.append("marked")
        with self.world.database.write() as db:
            audit.lock_head(db)
            a_fund(db)


def a_box(world: World) -> Box:
    """Build a scene of one fund."""
    Box(world).mark()
    return Box(world)


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_test_does_no_other_sees(kind: Kind, all_stages: Mapping[Kind, Stages]) -> None:
    stage = all_stages[kind].of(a_box)
    for _ in range(2):
        with stage.fresh() as url, application(as_tested(url)) as app:
            box = stage.scene(World(app, app.state.database))
            assert box.world.app is app
            assert box.marks == []
            with box.world.database.read() as db:
                assert db.execute(select(func.count()).select_from(Fund)).scalar_one() == 1
            box.mark()
