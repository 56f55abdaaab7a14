"""Tables of counts along several axes, with every subtotal that the axes have and all their sums.

An axis is a list of leaves and of the nodes that gather them: countries and regions over grants, a
year over quarters, sex and age over both together. A cell is a node of each axis.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from fundops.suppression.cells import Sum


@dataclass(frozen=True)
class Axis:
    """``holders`` are the nodes that count a leaf, the leaf itself if it has cells of its own.

    ``lines`` say which nodes sum to which: (total, parts).
    """

    holders: Mapping[str, tuple[str, ...]]
    lines: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node, in order."""
        return tuple(sorted({node for held in self.holders.values() for node in held}))


def tree(children: Mapping[str, Iterable[str]]) -> Axis:
    """Return an axis whose nodes nest; ``children`` of each node that has some."""
    lines = tuple((node, tuple(sorted(parts))) for node, parts in sorted(children.items()) if parts)
    parent = {part: node for node, parts in lines for part in parts}
    leaves = (set(parent) | set(children)) - {node for node, _ in lines}
    holders = {}
    for leaf in sorted(leaves):
        held = [leaf]
        while held[-1] in parent:
            held.append(parent[held[-1]])
        holders[leaf] = tuple(held)
    return Axis(holders, lines)


def crossed(first: Axis, second: Axis, joined: str = ".") -> Axis:
    """Return one axis of two, with each pair of nodes as a node: sex and age, and both together."""
    holders = {
        f"{one}{joined}{other}": tuple(
            f"{a}{joined}{b}" for a, b in product(first.holders[one], second.holders[other])
        )
        for one, other in product(first.holders, second.holders)
    }
    lines = [
        (f"{total}{joined}{node}", tuple(f"{part}{joined}{node}" for part in parts))
        for total, parts in first.lines
        for node in second.nodes
    ]
    lines += [
        (f"{node}{joined}{total}", tuple(f"{node}{joined}{part}" for part in parts))
        for total, parts in second.lines
        for node in first.nodes
    ]
    return Axis(holders, tuple(lines))


def key(*nodes: str) -> str:
    """Return the key of the cell at these nodes."""
    return "|".join(nodes)


def cube(
    values: Mapping[tuple[str, ...], int], axes: tuple[Axis, ...]
) -> tuple[dict[str, int], list[Sum]]:
    """Return the count of every cell, none included, and every sum.

    ``values`` are by leaf of each axis. Raises ``KeyError`` for a leaf that an axis has not.
    """
    counts: dict[str, int] = {key(*at): 0 for at in product(*(axis.nodes for axis in axes))}
    for at, value in values.items():
        for nodes in product(*(axis.holders[leaf] for axis, leaf in zip(axes, at, strict=True))):
            counts[key(*nodes)] += value
    sums: list[Sum] = []
    for place, axis in enumerate(axes):
        others = [one.nodes for one in axes]
        for total, parts in axis.lines:
            for at in product(*others[:place], (total,), *others[place + 1 :]):
                sums.append(Sum(key(*at), tuple(_at(at, place, part) for part in parts)))
    return counts, sums


def _at(nodes: tuple[str, ...], place: int, node: str) -> str:
    return key(*nodes[:place], node, *nodes[place + 1 :])


def merged(tables: Iterable[tuple[dict[str, int], list[Sum]]]) -> tuple[dict[str, int], list[Sum]]:
    """Return several tables as one; cells of one key are one cell and must agree."""
    counts: dict[str, int] = {}
    sums: dict[Sum, None] = defaultdict()
    for own, lines in tables:
        for at, count in own.items():
            if counts.setdefault(at, count) != count:
                raise ValueError("two tables count one cell differently")
        sums.update(dict.fromkeys(lines))
    return counts, list(sums)
