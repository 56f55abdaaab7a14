"""The message catalogue: every sentence a person sees, by key and language.

Sentences live in ``messages/<language>/<area>.toml`` as flat ``"key" = "Sentence {param}."``
tables, and ``about.toml`` beside them says what the language is called and how far it is done.
English is complete; another language falls back to it key by key. A new language is a new folder.

A sentence is text and remembers what it was made of (``said.Sentence``). Whatever is stored is the
English text, so that no record depends on who asked; what is answered is said again in the
reader's language at the edge (``reader``).
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fundops.messages.said import Sayable, Sentence

DEFAULT_LANGUAGE = "en"
ABOUT = "about.toml"

FOLDER: Traversable = files("fundops.messages")
"""Where the languages lie, a folder each."""


@cache
def catalogue(language: str = DEFAULT_LANGUAGE) -> dict[str, str]:
    """Return every sentence of ``language``; an unknown language has none.

    Raises ``ValueError`` when two files define one key.
    """
    sentences: dict[str, str] = {}
    for area in areas(language).values():
        for key, sentence in area.items():
            if key in sentences:
                raise ValueError(f"message {key!r} is defined twice")
            sentences[key] = sentence
    return sentences


def areas(language: str) -> dict[str, dict[str, str]]:
    """Return the sentences of ``language`` by the file that they are in; none of an unknown one."""
    folder = FOLDER.joinpath(language) if language.isidentifier() else None
    if folder is None or not folder.is_dir():
        return {}
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if file.name.endswith(".toml") and file.name != ABOUT
    }


def text(key: str, language: str = DEFAULT_LANGUAGE, **params: object) -> str:
    """Return the sentence ``key`` with its parameters filled in, as a ``Sentence``.

    Parameters that are sentences themselves are said in ``language`` too. Raises ``KeyError`` for
    an unknown key: a missing sentence is a programmer's error.
    """
    return Sentence(filled(key, language, params), key, params)


def filled(key: str, language: str, params: dict[str, object]) -> str:
    """Return the plain text of a sentence in ``language``, in English where that has none."""
    sentence = catalogue(language).get(key) or catalogue(DEFAULT_LANGUAGE)[key]
    if not params:
        return sentence.format()
    said = {
        name: value.said_in(language) if isinstance(value, Sayable) else value
        for name, value in params.items()
    }
    return sentence.format(**said)
