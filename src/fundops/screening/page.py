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
    def inside(self) -> dict[int, set[str]]:
        """For every token that is part of phrases, their sets."""
        found: dict[int, set[str]] = {}
        alone: dict[str, set[str]] = {}
        for at, several in self.begins.items():
            word = self.tokens[at].word
            if at not in found and all(end == at + 1 for _, end in several):
                if word not in alone:
                    alone[word] = {name for name, _ in several}
                found[at] = alone[word]  # shared: told again below when a phrase reaches over it
                continue
            for name, end in several:
                for inner in range(at, end):
                    found[inner] = found.get(inner, set()) | {name}
        return found

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {token.start: at for at, token in enumerate(self.tokens)}

    def token_at(self, start: int) -> int:
        """Return which token begins at the character ``start``."""
        return self._numbers[start]

    def has(self, at: int, name: str) -> bool:
        """Return whether the token ``at`` is part of a phrase of the set ``name``."""
        return name in self.inside.get(at, ())

    def touches(self, at: int) -> bool:
        """Return whether nothing stands between the token ``at`` and the one before it."""
        return 0 < at < len(self.tokens) and self.tokens[at].start == self.tokens[at - 1].end

    def cued(self, at: int, cue: str, links: str, most: int) -> bool:
        """Return whether a phrase of ``cue`` ends before ``at``, parted by ``most`` links only."""
        for step in range(1, most + 2):
            before = at - step
            if before < 0 or self.tokens[before].text == "\n":
                return False
            if self.has(before, cue):
                return True
            if not self.has(before, links):
                return False
        return False

    def finding(self, kind: str, start: int, end: int, item: str) -> Finding:
        """Return a finding for a span of what was read."""
        return Finding(kind, *self.reading.source(start, end), item)
