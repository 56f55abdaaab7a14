"""A reader of everything that any role may read, and what he makes of it.

The sums are written out here once more, from what everybody knows of how the tables are built; the
true counts serve to tell a breach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

from tests.suppression.attacker import Attacker, Breach

Truth = dict[tuple[str, int], Mapping[str, int]]
"""By grant's name and quarter, the headcount by ``sex.age``."""

ENDS = {1: "2026-03-31", 2: "2026-06-30"}
PLACES = {
    "shelter": ("KE", "014"), "school": ("KE", "014"), "clinic": ("UG", "014"),
    "refuge": ("UG", "014"), "helpline": ("UG", "014"), "legal": ("NP", "034"),
    "hidden": (None, "014"),
}  # fmt: skip
SEXES, AGES = ("female", "male"), ("adult", "child")


class Reader:
    """Collects what cells tell; ``units`` are codes of grants by name."""

    def __init__(
        self, units: Mapping[str, str], truth: Truth, nowhere: Collection[str] = ()
    ) -> None:
        """``nowhere`` are grants of flagged places or grantees: counted in no country."""
        self.units, self.truth, self.nowhere = units, truth, nowhere
        self.told: list[tuple[str, int, int | None]] = []

    def read(self, cells: list[dict[str, Any]]) -> None:
        for cell in cells:
            name = "|".join(
                str(cell[part] or "") for part in ("level", "unit", "period", "dimension", "code")
            )
            self.told.append((name, cell["at_least"], cell["at_most"]))

    def breaches(self, threshold: int) -> Iterator[Breach]:
        counts, sums = self.table()
        attacker = Attacker(sums, self.told)
        assert set(attacker.place) <= set(counts), "a cell that nobody reckoned with"
        return attacker.found(counts, threshold)

    def bound(self, name: str) -> tuple[float, float]:
        return Attacker(self.table()[1], self.told).bound({name: 1})

    def _holders(self, grant: str) -> list[str]:
        country, region = PLACES[grant]
        above = [f"country|{country}"] if country and grant not in self.nowhere else []
        return [f"grant|{self.units[grant]}", *above, f"region|{region}", "fund|"]

    def table(self) -> tuple[dict[str, int], list[tuple[str, tuple[str, ...]]]]:
        counts: dict[str, int] = defaultdict(int)
        for (grant, quarter), heads in self.truth.items():
            times = [f"2026-Q{quarter}", *(f"to:{ENDS[q]}" for q in ENDS if q >= quarter)]
            for unit, time in product(self._holders(grant), times):
                for sex, age in product(SEXES, AGES):
                    many = heads.get(f"{sex}.{age}", 0)
                    for code in (f"sex_age|{sex}.{age}", f"sex|{sex}", f"age|{age}", "total|"):
                        counts[f"{unit}|{time}|{code}"] += many
        parts = [name.split("|") for name in counts]
        units, spans = {"|".join(p[:2]) for p in parts}, {p[2] for p in parts}
        for at in product(units, spans, {"|".join(p[3:]) for p in parts}):
            counts["|".join(at)] += 0
        return counts, self._sums(counts)

    def _sums(self, counts: Mapping[str, int]) -> list[tuple[str, tuple[str, ...]]]:
        heads = {"|".join(name.split("|")[:2]) for name in counts}
        times = {name.split("|")[2] for name in counts}
        codes = {"|".join(name.split("|")[3:]) for name in counts}
        below: dict[str, set[str]] = defaultdict(set)
        for grant in {grant for grant, _ in self.truth}:
            chain = self._holders(grant)
            for part, total in pairwise(chain):
                below[total].add(part)
        sums: list[tuple[str, list[str]]] = [
            (f"{total}|{time}|{code}", [f"{part}|{time}|{code}" for part in parts])
            for total, parts in below.items()
            for time in times
            for code in codes
        ]
        for head, code in product(heads, codes):
            sums.append((f"{head}|to:{ENDS[1]}|{code}", [f"{head}|2026-Q1|{code}"]))
            if "2026-Q2" in times:
                before = [f"{head}|to:{ENDS[1]}|{code}", f"{head}|2026-Q2|{code}"]
                sums.append((f"{head}|to:{ENDS[2]}|{code}", before))
        for head, time in product(heads, times):
            at = f"{head}|{time}|"
            sums.append((f"{at}total|", [f"{at}sex|{sex}" for sex in SEXES]))
            sums.append((f"{at}total|", [f"{at}age|{age}" for age in AGES]))
            for sex in SEXES:
                sums.append((f"{at}sex|{sex}", [f"{at}sex_age|{sex}.{age}" for age in AGES]))
            for age in AGES:
                sums.append((f"{at}age|{age}", [f"{at}sex_age|{sex}.{age}" for sex in SEXES]))
        return [(total, tuple(parts)) for total, parts in sums]


class Keeper:
    """Kept what he read of earlier editions, withdrawn and withheld ones too, and reads them with
    the last as one table. He knows which reports were not corrected in between: the worst case.
    """

    def __init__(self, *editions: Reader) -> None:
        self.editions = editions

    def breaches(self, threshold: int) -> Iterator[Breach]:
        counts: dict[str, int] = {}
        sums: list[tuple[str, Sequence[str]]] = []
        told: list[tuple[str, int, int | None]] = []
        for number, edition in enumerate(self.editions):
            of = f"@{number}"
            own, lines = edition.table()
            counts |= {name + of: count for name, count in own.items()}
            sums += [(total + of, [part + of for part in parts]) for total, parts in lines]
            told += [(name + of, low, high) for name, low, high in edition.told]
        for number, (old, new) in enumerate(pairwise(self.editions)):
            for (grant, quarter), heads in old.truth.items():
                if new.truth.get((grant, quarter)) == heads:
                    for sex, age in product(SEXES, AGES):
                        at = f"grant|{old.units[grant]}|2026-Q{quarter}|sex_age|{sex}.{age}"
                        sums.append((f"{at}@{number + 1}", [f"{at}@{number}"]))
        return Attacker(sums, told).found(counts, threshold)
