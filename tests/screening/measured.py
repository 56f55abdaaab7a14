"""How much screening misses and how often it is wrong: ``python -m tests.screening.measured``."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from fundops.calls import codelists
from fundops.screening import KINDS, Finding, screen
from tests.screening import held_out, planted, second, third
from tests.screening.planted import Planted

Screen = Callable[[str], list[Finding]]

LANGUAGES = ("en", "fr", "es", "ar", "ru", "zh")
KNOWN = (planted, second, third)
"""The sets that the rules were made with; the others were held out at first."""
FIRST = {"second": (39, 384, 0, 300), "third": (48, 320, 10, 240)}
"""What was missed and wrong when a set was first measured, before any rule was changed for it."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class Count(NamedTuple):
    """So many of so many."""

    found: int
    of: int

    @property
    def text(self) -> str:
        """As the table shows it; an empty cell for nothing of nothing."""
        return f"{self.found} of {self.of}" if self.of else ""

    @property
    def percent(self) -> str:
        """As a share, to a tenth."""
        return f"{100 * self.found / self.of:.1f} %"


def is_found(one: Planted, finds: Screen = screen) -> bool:
    """Return whether any finding covers some of an identifier, so that its text is held back."""
    return any(each.start < one.end and each.end > one.start for each in finds(one.text))


def missed(sets: Iterable[Planted], finds: Screen = screen) -> dict[tuple[str, str], Count]:
    """Return by kind and language how many identifiers are missed."""
    total: Counter[tuple[str, str]] = Counter()
    gone: Counter[tuple[str, str]] = Counter()
    for one in sets:
        total[one.kind, one.language] += 1
        gone[one.kind, one.language] += not is_found(one, finds)
    return {key: Count(gone[key], total[key]) for key in total}


def wrong(sentences: Iterable[str], finds: Screen = screen) -> Count:
    """Return in how many harmless sentences something is suspected."""
    judged = [bool(finds(one)) for one in sentences]
    return Count(sum(judged), len(judged))


def summed(counts: Iterable[Count]) -> Count:
    """Return the sum."""
    told = list(counts)
    return Count(sum(one.found for one in told), sum(one.of for one in told))


def labels() -> list[str]:
    """Return every label of the code lists in every language: indicators, places, terms."""
    return [
        codelists.get(name).label(code, language)
        for name in codelists.NAMES
        for code in codelists.get(name).codes
        for language in codelists.LANGUAGES
    ]


def narratives(folder: Path) -> list[str]:
    """Return the sentences of real narratives of humanitarian applications, 2006 to 2018."""
    with (folder / "cerf" / "applications_2006_2018.csv").open(encoding="utf-8-sig") as file:
        texts = [row["OverviewoftheHumanitarianSituation"] for row in csv.DictReader(file)]
    found = [one.strip() for text in texts if len(text) > 50 for one in _SENTENCE_END.split(text)]
    return [one for one in found if len(one) > 20]


def _table(sets: Iterable[Planted]) -> list[str]:
    counts = missed(sets)
    lines = [
        "| missed of planted | " + " | ".join(LANGUAGES) + " | all |",
        "|---" * (len(LANGUAGES) + 2) + "|",
    ]
    for kind in (*KINDS, ""):
        cells = []
        for language in (*LANGUAGES, ""):
            picked = [
                count
                for (its_kind, its_language), count in counts.items()
                if kind in {"", its_kind} and language in {"", its_language}
            ]
            cells.append(summed(picked).text)
        lines.append(f"| {kind.replace('_', ' ') or 'all'} | " + " | ".join(cells) + " |")
    return lines


def _wrong_line(sentences: Iterable[Planted]) -> str:
    told = list(sentences)
    by_language = {
        language: wrong(one.text for one in told if one.language == language)
        for language in LANGUAGES
    }
    parts = [f"{language} {count.text}" for language, count in by_language.items() if count.of]
    total = summed(by_language.values())
    return f"Harmless sentences suspected: {total.text} ({total.percent}); {', '.join(parts)}."


def report() -> str:
    """Return the part of ``docs/screening.md`` that is measured."""
    held = held_out.planted()
    known = [one for each in KNOWN for one in each.planted()]
    harmless = [one for each in KNOWN for one in each.harmless()]
    total = summed(missed(held).values())
    lines = ["", f"**Held out** ({total.percent} missed):", "", *_table(held), ""]
    lines += [_wrong_line(held_out.harmless()), ""]
    total = summed(missed(known).values())
    lines += [f"**Known to the rules** ({total.percent} missed):", "", *_table(known), ""]
    lines += [_wrong_line(harmless), ""]
    lines += [
        f"The {name} set, when it was first measured and no rule had been changed for it: "
        f"{Count(gone, of).text} missed, {Count(bad, sentences).text} harmless sentences suspected."
        for name, (gone, of, bad, sentences) in FIRST.items()
    ]
    lines += [f"Labels of the code lists suspected: {wrong(labels()).text}.", ""]
    return "\n".join(lines)


def real_line(folder: Path) -> str:
    """Return the sentence of the page on real narratives."""
    count = wrong(narratives(folder))
    return f"Of the sentences of real narratives, {count.text} ({count.percent}) are suspected."


if __name__ == "__main__":
    print(report())
