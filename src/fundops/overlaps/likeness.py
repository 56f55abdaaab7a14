"""What a proposal overlaps with: same organisation, place, period or text, ranked and explained.

Pure: from descriptions of works to a ranked list with a reason for every point. Four likenesses
between 0 and 1 are weighed (``WEIGHTS``); what is alike in period alone, or in country and period
alone, is not an overlap, since nearly everything would be.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import log, sqrt
from typing import Literal
from uuid import UUID

Aspect = Literal["organisation", "text", "place", "period"]
Kind = Literal["proposal", "grant", "activity"]

WEIGHTS: dict[Aspect, int] = {"organisation": 35, "text": 35, "place": 15, "period": 15}
"""Points out of 100 for full likeness in each aspect."""

LIKE_NAME = 0.88
"""Names at least this alike are taken for one organisation under two spellings."""

LIKE_WORD = 0.8
"""Words of names at least this alike are one word, spelled otherwise."""

LIKE_TEXT = 0.25
"""Texts at least this alike are worth a look, wherever and whenever the work is."""

PASSAGE_WORDS = 8
"""Words in a row that two texts share by copying, hardly by chance."""

COUNTRY, REGION = 0.6, 0.3
"""Likeness of places in the same country, or only in the same region."""

_WORD = re.compile(r"\w+")
_COMMON = frozenset(
    """a an and are as at be by for from has have in into is it its of on or that the their this to
    was were which who will with au aux ce ces dans de des du elle en est et il la le les leur leurs
    ou par pour que qui sa ses son sont sur un une avec al con como del el entre es esta este las
    los mas no o para pero por que se ser sin son su sus un una y""".split()  # noqa: SIM905
)
"""Words of English, French and Spanish that say nothing about the work."""

_LEGAL = _COMMON | {"association", "foundation", "fondation", "inc", "ltd", "limited", "ngo", "ong"}
"""Words of names that tell nobody from nobody."""


@dataclass(frozen=True)
class Work:
    """A proposal, a grant or a published activity, as far as overlaps go.

    ``is_hidden``: the reader may not know whose it is; its words are compared and not told.
    """

    kind: Kind
    id: UUID
    code: str | None
    title: str
    text: str
    party_ids: frozenset[UUID] = frozenset()
    names: tuple[str, ...] = ()
    countries: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    places: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    is_hidden: bool = False


@dataclass(frozen=True)
class Likeness:
    """One aspect in which two works are alike: how much, and what shows it."""

    aspect: Aspect
    share: float
    points: int
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Overlap:
    """A work that the subject overlaps with; ``points`` out of 100."""

    work: Work
    points: int
    likenesses: tuple[Likeness, ...]


def find_overlaps(subject: Work, others: Sequence[Work], *, limit: int = 20) -> list[Overlap]:
    """Return the works most like ``subject``, best first; equal ones by kind and id."""
    texts = _Texts([subject, *others])
    found = []
    for number, other in enumerate(others, start=1):
        overlap = _compare(subject, other, texts.likeness(0, number))
        if overlap is not None:
            found.append(overlap)
    found.sort(key=lambda one: (-one.points, one.work.kind, one.work.id.hex))
    return [_with_passage(subject, overlap) for overlap in found[:limit]]


def _compare(subject: Work, other: Work, text: float) -> Overlap | None:
    organisation, names = _organisation(subject, other)
    place, places = _place(subject, other)
    period, days = _period(subject, other)
    is_notable = organisation > 0 or text >= LIKE_TEXT or (place == 1.0 and text >= LIKE_TEXT / 2)
    if not is_notable:
        return None
    shares: dict[Aspect, tuple[float, tuple[str, ...]]] = {
        "organisation": (organisation, names),
        "text": (text, ()),
        "place": (place, places),
        "period": (period, days),
    }
    likenesses = tuple(
        Likeness(aspect, share, round(WEIGHTS[aspect] * share), evidence)
        for aspect, (share, evidence) in shares.items()
        if share > 0
    )
    return Overlap(other, sum(one.points for one in likenesses), likenesses)


def plain_words(text: str) -> list[str]:
    """Return the words of a text without case and accents; Chinese and such in pairs of signs."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    folded = "".join(sign for sign in folded if not unicodedata.combining(sign))
    words: list[str] = []
    for word in _WORD.findall(folded):
        if any("\u3040" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7a3" for sign in word):
            words += [word[at : at + 2] for at in range(max(len(word) - 1, 1))]
        else:
            words.append(word)
    return words


def _organisation(subject: Work, other: Work) -> tuple[float, tuple[str, ...]]:
    if subject.party_ids & other.party_ids:
        return 1.0, ()
    best, pair = 0.0, ("", "")
    for mine in subject.names:
        for theirs in other.names:
            share = name_likeness(mine, theirs)
            if share > best:
                best, pair = share, (mine, theirs)
    return (best, pair) if best >= LIKE_NAME else (0.0, ())


def name_likeness(mine: str, theirs: str) -> float:
    """Return how alike two names are: 0 unless each word of the shorter one has its like.

    So "Caritas Nepal" is not "Caritas Nigeria", though most letters are the same.
    """
    from rapidfuzz import fuzz

    shorter, longer = sorted((_telling(mine), _telling(theirs)), key=len)
    if not shorter:
        return 0.0
    shares = [max(fuzz.ratio(word, one) for one in longer) / 100 for word in shorter]
    return sum(shares) / len(shares) if min(shares) >= LIKE_WORD else 0.0


def _telling(name: str) -> list[str]:
    """Return the words of a name without those that every organisation's name has."""
    words = plain_words(name)
    return [word for word in words if word not in _LEGAL] or words


def _place(subject: Work, other: Work) -> tuple[float, tuple[str, ...]]:
    mine = {" ".join(plain_words(place)): place for place in subject.places}
    theirs = {" ".join(plain_words(place)) for place in other.places}
    named = tuple(sorted(place for plain, place in mine.items() if plain in theirs))
    countries = subject.countries & other.countries
    if named and (countries or not (subject.countries and other.countries)):
        return 1.0, named
    if countries:
        return COUNTRY, tuple(sorted(countries))
    regions = subject.regions & other.regions
    return (REGION, tuple(sorted(regions))) if regions else (0.0, ())


def _period(subject: Work, other: Work) -> tuple[float, tuple[str, ...]]:
    if subject.starts_on is None or subject.ends_on is None or other.starts_on is None:
        return 0.0, ()
    # What has no known end goes on, as far as anybody knows.
    end = subject.ends_on if other.ends_on is None else min(subject.ends_on, other.ends_on)
    start = max(subject.starts_on, other.starts_on)
    days = (end - start).days + 1
    if days <= 0:
        return 0.0, ()
    lengths = [(subject.ends_on - subject.starts_on).days + 1]
    if other.ends_on is not None:
        lengths.append((other.ends_on - other.starts_on).days + 1)
    return min(1.0, days / min(lengths)), (start.isoformat(), end.isoformat())


class _Texts:
    """Texts as weighted words: rare words say more, in the corpus that is compared."""

    def __init__(self, works: Iterable[Work]) -> None:
        counted = [_counted(f"{work.title} {work.text}") for work in works]
        whole = len(counted)
        seen = Counter(word for words in counted for word in words)
        self.vectors = [
            {word: (1 + log(n)) * log(1 + whole / seen[word]) for word, n in words.items()}
            for words in counted
        ]
        self.norms = [sqrt(sum(x * x for x in vector.values())) for vector in self.vectors]

    def likeness(self, one: int, other: int) -> float:
        """Return the cosine of two texts' vectors, between 0 and 1."""
        mine, theirs = self.vectors[one], self.vectors[other]
        if not mine or not theirs:
            return 0.0
        shorter, longer = sorted((mine, theirs), key=len)
        product = sum(weight * longer[word] for word, weight in shorter.items() if word in longer)
        return min(1.0, product / (self.norms[one] * self.norms[other]))


def _counted(text: str) -> Counter[str]:
    return Counter(word for word in plain_words(text) if word not in _COMMON)


def _with_passage(subject: Work, overlap: Overlap) -> Overlap:
    """Quote the longest passage that both texts have word for word, where there is one and the
    reader may read both.
    """
    if subject.is_hidden or overlap.work.is_hidden:
        return overlap
    passage = shared_passage(subject.text, overlap.work.text)
    if passage is None:
        return overlap
    likenesses = tuple(
        Likeness(one.aspect, one.share, one.points, (passage,)) if one.aspect == "text" else one
        for one in overlap.likenesses
    )
    return Overlap(overlap.work, overlap.points, likenesses)


def shared_passage(mine: str, theirs: str) -> str | None:
    """Return the longest run of words both texts share, if at least ``PASSAGE_WORDS`` long."""
    from difflib import SequenceMatcher

    words, others = mine.split(), theirs.split()
    matcher = SequenceMatcher(
        None, [w.casefold() for w in words], [w.casefold() for w in others], autojunk=False
    )
    if not words or not others:
        return None
    match = matcher.find_longest_match()
    return " ".join(words[match.a : match.a + match.size]) if match.size >= PASSAGE_WORDS else None
