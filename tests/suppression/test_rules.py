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
    # The cells that a leaf counts in, itself among them.
    above = [[at for at, count in cube({leaf: 1}, axes)[0].items() if count] for leaf in leaves]
    most = {at: band.high for at, band in bands.items() if band.high is not None}
    counts = dict.fromkeys(bands, 0)

    def fill(number: int) -> Iterator[dict[str, int]]:
        if number == len(leaves):
            if all(band.admits(counts[at]) for at, band in bands.items()):
                yield dict(counts)
            return
        cells, band = above[number], bands["|".join(leaves[number])]
        before = {at: counts[at] for at in cells}
        for count in range(band.low, (largest if band.high is None else band.high) + 1):
            for at in cells:
                counts[at] = before[at] + count
            if any(counts[at] > most.get(at, counts[at]) for at in cells):
                break
            yield from fill(number + 1)
        counts.update(before)

    yield from fill(0)


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
        tried += 1
        random.shuffle(found)
        reached = {at: (counts[at], counts[at]) for at in small}
        for one in found:
            if not any(widens(one, at, reached[at]) for at in small):
                continue
            if decided(one, sums, threshold).pattern.bands == bands:
                for at, (least, most) in reached.items():
                    reached[at] = min(least, one[at]), max(most, one[at])
        for at, (least, most) in reached.items():
            assert most - least >= WIDTH, (seed, at)
    assert tried


def widens(table: Mapping[str, int], at: str, reached: tuple[int, int]) -> bool:
    """Return whether a table has a count that is still looked for: what is wide enough is not."""
    least, most = reached
    return most - least < WIDTH and not least <= table[at] <= most
