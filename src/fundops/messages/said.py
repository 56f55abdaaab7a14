"""Texts that remember what they were made of, so that they can be said in another language.

They are ordinary texts for everything else: stored, compared and formatted as what they say. Text
made from them by formatting or joining is plain and stays in its language; use ``joined``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self


class Sayable(str):
    """A text that can be said again in another language."""

    __slots__ = ()

    def said_in(self, language: str) -> str:
        """Return it in ``language``; what knows no other words stays as it is."""
        del language
        return self


class Sentence(Sayable):
    """A sentence of the catalogue: its key and what it was filled in with."""

    __slots__ = ("key", "params")

    key: str
    params: dict[str, object]

    def __new__(cls, made: str, key: str, params: dict[str, object]) -> Self:
        """Keep ``made`` as the text; ``text`` is what makes sentences."""
        self = super().__new__(cls, made)
        self.key, self.params = key, params
        return self

    def __getnewargs__(self) -> tuple[str, str, dict[str, object]]:  # type: ignore[override]
        """Return what a copy is made with."""
        return str(self), self.key, self.params

    def said_in(self, language: str) -> str:
        """Return the sentence in ``language``."""
        from fundops.messages import filled

        return filled(self.key, language, self.params)


class Joined(Sayable):
    """Several texts in a row, each of which is said again on its own."""

    __slots__ = ("parts", "separator")

    parts: tuple[str, ...]
    separator: str

    def __new__(cls, parts: tuple[str, ...], separator: str) -> Self:
        """Join ``parts``."""
        self = super().__new__(cls, separator.join(parts))
        self.parts, self.separator = parts, separator
        return self

    def __getnewargs__(self) -> tuple[tuple[str, ...], str]:  # type: ignore[override]
        """Return what a copy is made with."""
        return self.parts, self.separator

    def said_in(self, language: str) -> str:
        """Return the parts in ``language``, joined as before."""
        return self.separator.join(said_in(one, language) for one in self.parts)


def joined(parts: Iterable[str], separator: str = ", ") -> Joined:
    """Return ``parts`` joined, without losing what they were made of."""
    return Joined(tuple(parts), separator)


def said_in(value: str, language: str) -> str:
    """Return a text in ``language`` if it knows how, else as it is."""
    return value.said_in(language) if isinstance(value, Sayable) else value


class Clause(Sayable):
    """A sentence without its full stop, to stand in another."""

    __slots__ = ("whole",)

    whole: str

    def __new__(cls, whole: str) -> Self:
        """Take the full stop off ``whole``."""
        self = super().__new__(cls, _unstopped(whole))
        self.whole = whole
        return self

    def __getnewargs__(self) -> tuple[str]:
        """Return what a copy is made with."""
        return (self.whole,)

    def said_in(self, language: str) -> str:
        """Return the clause in ``language``."""
        return _unstopped(said_in(self.whole, language))


def _unstopped(sentence: str) -> str:
    return sentence.rstrip(".。")


class Word(Sayable):
    """A word that English has in the program itself: a status, or what a step is called."""

    __slots__ = ("key",)

    key: str

    def __new__(cls, made: str) -> Self:
        """Keep ``made``; other languages have it as ``word.<made>`` if they have it."""
        self = super().__new__(cls, made)
        self.key = made.replace(" ", "_")
        return self

    def __getnewargs__(self) -> tuple[str]:
        """Return what a copy is made with."""
        return (str(self),)

    def said_in(self, language: str) -> str:
        """Return the word in ``language``."""
        from fundops.messages import catalogue

        return catalogue(language).get(f"word.{self.key}") or str(self)


def words(made: Iterable[str]) -> Joined:
    """Return words listed, as ``Word`` each."""
    return joined(Word(one) for one in made)
