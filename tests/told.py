"""The demonstration's story, told once and copied for every test that begins with it."""

from __future__ import annotations

from fundops.demo.stage import Story
from fundops.demo.story import tell
from tests.staged import staged
from tests.world import World


def the_story(world: World) -> Story:
    """Tell it, with the key that the tests' applications have."""
    return tell(world.database, vault=world.app.state.vault)


story = staged(the_story)
"""The demonstration's story, told before the test began."""
