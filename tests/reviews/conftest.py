"""Scenes of reviewing that many tests begin with, built once."""

from __future__ import annotations

from functools import partial

from tests.reviews.review_factories import Scene
from tests.staged import staged

idle = staged(partial(Scene, reviewers=0))
"""One proposal and nobody to review it."""
lone = staged(partial(Scene, reviewers=1))
"""One proposal and one reviewer."""
pair = staged(partial(Scene, reviewers=2))
"""One proposal and two reviewers."""
square = staged(partial(Scene, proposals=2, reviewers=2))
"""Two proposals and two reviewers."""
