"""The message catalogue: every sentence a person sees, by key and language.

Sentences live in ``messages/<language>/<area>.toml`` as flat ``"key" = "Sentence {param}."``
tables. English is complete; another language falls back to it key by key.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

DEFAULT_LANGUAGE = "en"


@cache
def catalogue(language: str = DEFAULT_LANGUAGE) -> dict[str, str]:
    """Return every sentence of ``language``; an unknown language has none.

    Raises ``ValueError`` when two files define one key.
    """
    sentences: dict[str, str] = {}
    folder = files("fundops.messages").joinpath(language)
    if not folder.is_dir():
        return sentences
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        for key, sentence in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if key in sentences:
                raise ValueError(f"message {key!r} is defined twice")
            sentences[key] = sentence
    return sentences


def text(key: str, language: str = DEFAULT_LANGUAGE, **params: object) -> str:
    """Return the sentence ``key`` with its parameters filled in.

    Raises ``KeyError`` for an unknown key: a missing sentence is a programmer's error.
    """
    sentences = catalogue(language)
    sentence = sentences.get(key) or catalogue(DEFAULT_LANGUAGE)[key]
    return sentence.format(**params)
