"""How many figures survive on small grants: ``python -m tests.suppression.study``.

The tables are drawn from seeds and have nothing to do with any real grant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from fundops.suppression.cells import Band, Cell, Readers
from fundops.suppression.cube import crossed, cube, tree
from fundops.suppression.release import decide

REGIONS, COUNTRIES = 2, 3
SIZES = {
    "4 to 15 persons": (4, 15),
    "10 to 60 persons": (10, 60),
    "60 to 400 persons": (60, 400),
}
LEVELS = ("fund", "region", "country", "grant")
BREAKDOWNS = ("total", "sex", "age", "sex and age")
SEEDS = 1


def table(threshold: int) -> str:
    """Return how many of the figures that are not none are shown, by level and breakdown."""
    lines = ["| grants | level | " + " | ".join(BREAKDOWNS) + " |", "|---" * 6 + "|"]
    for name, sizes in SIZES.items():
        shown, whole = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for seed in range(SEEDS):
            for at, count, band in _decided(Random(seed), sizes, threshold):
                if count:
                    whole[at] += 1
                    shown[at] += band.is_exact
        for level in LEVELS:
            figures = [f"{shown[level, one]} of {whole[level, one]}" for one in BREAKDOWNS]
            lines.append(f"| {name} | {level} | " + " | ".join(figures) + " |")
    return "\n".join(lines)


def _decided(
    random: Random, sizes: tuple[int, int], threshold: int
) -> list[tuple[tuple[str, str], int, Band]]:
    children: dict[str, Sequence[str]] = {
        "fund": [f"region{r}" for r in range(REGIONS)],
    }
    for r in range(REGIONS):
        children[f"region{r}"] = [f"country{r}{c}" for c in range(COUNTRIES)]
        for c in range(COUNTRIES):
            children[f"country{r}{c}"] = [f"grant{r}{c}{g}" for g in range(2 + c)]
    places = tree(children)
    heads = crossed(tree({"all": ("female", "male")}), tree({"all": ("child", "young", "adult")}))
    values: dict[tuple[str, ...], int] = {}
    for grant in places.holders:
        for _ in range(random.randint(*sizes)):
            sex = "female" if random.random() < 0.85 else "male"
            age = random.choices(("child", "young", "adult"), (1, 3, 6))[0]
            values[grant, f"{sex}.{age}"] = values.get((grant, f"{sex}.{age}"), 0) + 1
    counts, sums = cube(values, (places, heads))
    rank = {"fund": 6, "region": 5, "country": 3, "grant": 1}
    cells = [
        Cell(
            at,
            count,
            rank[_level(at)] + at.count("all"),
            is_presence=at.endswith("all.all"),
        )
        for at, count in counts.items()
    ]
    bands = decide(cells, sums, threshold, [Readers(threshold)]).pattern.bands
    return [((_level(at), _breakdown(at)), count, bands[at]) for at, count in counts.items()]


def _level(at: str) -> str:
    return next(level for level in LEVELS if at.startswith(level))


def _breakdown(at: str) -> str:
    sex, age = at.split("|")[1].split(".")
    return BREAKDOWNS[(sex != "all") + 2 * (age != "all")]


def main() -> str:
    """Return the tables for both classes."""
    parts = []
    for title, threshold in (("Outside (threshold 11)", 11), ("Inside (threshold 5)", 5)):
        parts.append(f"\n**{title}**\n\n{table(threshold)}\n")
    return "".join([*parts, "\n"])


if __name__ == "__main__":
    print(main())
