"""Who reads the answer at hand, in which language: what the request asks for, else what the person
has set, else English.

One reader stands for one request. The edge makes it, authentication adds the person's language,
and what goes out as JSON is said to it (``say``). Nothing that is stored asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from fundops.messages import DEFAULT_LANGUAGE
from fundops.messages.languages import known
from fundops.messages.said import Sayable

MAX_HEADER, MAX_RANGES = 1000, 50
"""What is looked at of a header: characters, and languages named."""

_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4})\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.ASCII,
)


@dataclass
class Reader:
    """The reader of one answer. ``spoke`` tells whether any sentence has been said to them."""

    asked: str | None = None
    preferred: str | None = None
    spoke: bool = False

    @property
    def language(self) -> str:
        """The language to answer in."""
        return self.asked or self.preferred or DEFAULT_LANGUAGE

    def say(self, sentence: Sayable) -> str:
        """Return ``sentence`` in the reader's language."""
        self.spoke = True
        return sentence.said_in(self.language)


_reader: ContextVar[Reader | None] = ContextVar("fundops_reader", default=None)


def current() -> Reader:
    """Return the reader of the request at hand; outside of requests one who reads English."""
    return _reader.get() or Reader()


@contextmanager
def reading(reader: Reader) -> Iterator[Reader]:
    """Make ``reader`` the one of everything that is answered inside."""
    reset = _reader.set(reader)
    try:
        yield reader
    finally:
        _reader.reset(reset)


def read_by(given: str | None) -> str:
    """Return the language of the request at hand, ``given`` one first, which then is the reader's.

    For answers that are written in a language as a whole, such as workbooks, which may have labels
    in languages that no sentences are in.
    """
    reader = current()
    if given is not None:
        reader.asked = known(given) or DEFAULT_LANGUAGE
    return given or reader.language


def accepted(header: str) -> str | None:
    """Return the language that an ``Accept-Language`` header asks for, of those there are.

    The greatest weight wins, then the first. What cannot be understood is passed over.

    >>> accepted("ar-EG, fr;q=0.5")
    'ar'
    >>> accepted("tlh, fr;q=0.2, es;q=0.9, en;q=0")
    'es'
    >>> accepted("*") is None
    True
    """
    best, weight = None, 0.0
    for one in header[:MAX_HEADER].split(",")[:MAX_RANGES]:
        match = _RANGE.fullmatch(one)
        if match is None:
            continue
        its_weight = float(match[2] or 1)
        language = known(match[1]) if its_weight > weight else None
        if language is not None:
            best, weight = language, its_weight
    return best
