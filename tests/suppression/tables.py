"""Tables of counts as grants report them, drawn from a seed, and decisions on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from random import Random

from fundops.suppression.cells import Band, Cell, Readers, Sum
from fundops.suppression.cube import Axis, crossed, cube, tree
from fundops.suppression.release import Decision, decide

SEXES, AGES = ("female", "male", "other"), ("child", "adult", "unknown")


def sexes_and_ages() -> Axis:
    """Return the axis of sex and age: both together, each alone, and all."""
    return crossed(tree({"all": SEXES}), tree({"all": AGES}))


def places(countries: int, grants: int) -> Axis:
    """Return the axis of grants in countries in a fund."""
    children = {f"country{c}": [f"grant{c}.{g}" for g in range(grants)] for c in range(countries)}
    return tree({"fund": list(children), **children})


def small_grants(random: Random) -> Callable[[tuple[str, ...]], int]:
    """Return counts as small grants have them: few persons, mostly women, many cells with none."""
    size: dict[str, int] = {}

    def count(at: tuple[str, ...]) -> int:
        whole = size.setdefault(at[0], random.choice((0, 2, 7, 15, 40, 120)))
        share = 0.6 if "female" in at[-1] else 0.3 if "male" in at[-1] else 0.02
        return int(random.expovariate(1 / (whole * share / 2 + 1e-9))) if whole else 0

    return count


def drawn(random: Random, axes: tuple[Axis, ...]) -> dict[tuple[str, ...], int]:
    """Return a count for each leaf of the axes."""
    count = small_grants(random)
    return {at: count(at) for at in product(*(axis.holders for axis in axes))}


def rank(at: str) -> int:
    """Return how coarse a cell is, by the nodes in its key."""
    return 2 * at.count("all") + {"f": 6, "c": 3}.get(at[0], 0)


def cells_of(counts: Mapping[str, int]) -> list[Cell]:
    return [
        Cell(at, count, rank(at), is_presence=at.endswith("all.all"))
        for at, count in counts.items()
    ]


def decided(
    counts: Mapping[str, int],
    sums: Sequence[Sum],
    threshold: int = 11,
    known: Mapping[str, Band] | None = None,
) -> Decision:
    return decide(cells_of(counts), sums, threshold, [Readers(threshold, known or {})])


def a_cube(random: Random, *axes: Axis) -> tuple[dict[str, int], list[Sum]]:
    return cube(drawn(random, axes), axes)


def lines(sums: Sequence[Sum]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the sums as the attacker takes them."""
    return [(one.total, one.parts) for one in sums]


def told(bands: Mapping[str, Band]) -> list[tuple[str, int, int | None]]:
    """Return bands as a reader sees them."""
    return [(at, band.low, band.high) for at, band in bands.items()]
