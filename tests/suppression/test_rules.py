"""A reader who has the program, and tries for which tables it would have hidden these cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from random import Random

import pytest

from fundops.suppression.cells import WIDTH, Band
from fundops.suppression.cube import Axis, cube, tree
from tests.depth import DEPTH
from tests.suppression.tables import decided

MANY = 400
"""Tables that are tried at most for one publication; those with more are left out."""
BEYOND = 15
"""How far a count without an upper limit is tried beyond the largest there is."""


def possible(
    bands: Mapping[str, Band], axes: tuple[Axis, ...], largest: int
) -> Iterator[dict[str, int]]:
    """Yield every table of whole numbers that agrees with what is told."""
    leaves = list(product(*(axis.holders for axis in axes)))

    def fill(values: dict[tuple[str, ...], int]) -> Iterator[dict[str, int]]:
        if len(values) == len(leaves):
            counts = cube(values, axes)[0]
            if all(band.admits(counts[at]) for at, band in bands.items()):
                yield counts
            return
        at = leaves[len(values)]
        band = bands["|".join(at)]
        for count in range(band.low, (largest if band.high is None else band.high) + 1):
            more = {**values, at: count}
            if fits(more):
                yield from fill(more)

    def fits(values: dict[tuple[str, ...], int]) -> bool:
        counts = cube(values, axes)[0]
        return all(band.high is None or counts[at] <= band.high for at, band in bands.items())

    yield from fill({})


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [11, 5])
@pytest.mark.parametrize("shape", [(3,), (4,), (2, 2)])
def test_trying_the_program_out_pins_no_small_count(shape: tuple[int, ...], threshold: int) -> None:
    tried = 0
    for seed in range(12 * DEPTH):
        random = Random(seed)
        axes = tuple(tree({"all": [f"{n}{at}" for at in range(m)]}) for n, m in enumerate(shape))
        leaves = product(*(axis.holders for axis in axes))
        counts, sums = cube(
            {at: random.choice((0, 1, 2, 3, 5, 7, 9, 12, 15, 20)) for at in leaves}, axes
        )
        bands = decided(counts, sums, threshold).pattern.bands
        found = []
        for one in possible(bands, axes, max(counts.values()) + BEYOND):
            found.append(one)
            if len(found) > MANY:
                break
        small = [at for at, count in counts.items() if 1 <= count < threshold]
        if len(found) > MANY or not small:
            continue
        alike = [one for one in found if decided(one, sums, threshold).pattern.bands == bands]
        tried += 1
        for at in small:
            values = [one[at] for one in alike]
            assert max(values) - min(values) >= WIDTH, (seed, at)
    assert tried
