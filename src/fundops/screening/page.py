"""A text with its words marked: what every search for personal data is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fundops.screening.findings import Finding
from fundops.screening.reading import Reading, Token
from fundops.screening.words import marked


@dataclass
class Page:
    """A text as read, its tokens, and which sets of words stand where."""

    reading: Reading

    @cached_property
    def tokens(self) -> list[Token]:
        """Every token in order."""
        return self.reading.tokens

    @cached_property
    def begins(self) -> dict[int, list[tuple[str, int]]]:
        """Where phrases begin: token -> set and the token after the phrase."""
        return marked(self.tokens)

    @cached_property
    def inside(self) -> list[frozenset[str]]:
        """For every token the sets of the phrases that it is part of."""
        found: list[set[str]] = [set() for _ in self.tokens]
        for at, several in self.begins.items():
            for name, end in several:
                for inner in range(at, end):
                    found[inner].add(name)
        return [frozenset(one) for one in found]

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {token.start: at for at, token in enumerate(self.tokens)}

    def token_at(self, start: int) -> int:
        """Return which token begins at the character ``start``."""
        return self._numbers[start]

    def has(self, at: int, name: str) -> bool:
        """Return whether the token ``at`` is part of a phrase of the set ``name``."""
        return 0 <= at < len(self.tokens) and name in self.inside[at]

    def touches(self, at: int) -> bool:
        """Return whether nothing stands between the token ``at`` and the one before it."""
        return 0 < at < len(self.tokens) and self.tokens[at].start == self.tokens[at - 1].end

    def cued(self, at: int, cue: str, links: str, most: int) -> bool:
        """Return whether a phrase of ``cue`` ends before ``at``, parted by ``most`` links only."""
        for step in range(1, most + 2):
            before = at - step
            if before < 0 or self.tokens[before].text == "\n":
                return False
            if cue in self.inside[before]:
                return True
            if links not in self.inside[before]:
                return False
        return False

    def finding(self, kind: str, start: int, end: int, item: str) -> Finding:
        """Return a finding for a span of what was read."""
        return Finding(kind, *self.reading.source(start, end), item)
