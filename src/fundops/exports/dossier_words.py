"""Terms of a call that are kept as JSON, in words: limits of balance, and parameters of rules."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from fundops import money
from fundops.calls import codelists
from fundops.decisions.limits import MILLION, Limit, limits_of
from fundops.messages import text


def limit_sentences(stored: str, currency: str, language: str) -> list[str]:
    """Return each stated limit of a call as a sentence."""
    return [_sentence(one, currency, language) for one in limits_of(stored, currency)]


def _sentence(limit: Limit, currency: str, language: str) -> str:
    named = text(f"dossier.limit.{limit.dimension}", language)
    if limit.code is None:
        subject = text("dossier.limit.each", language, dimension=named)
    else:
        label = codelists.get(limit.dimension).label(limit.code, language)
        subject = text("dossier.limit.one", language, dimension=named, code=limit.code, label=label)
    said = []
    if limit.max_share_ppm is not None:
        share = _percent(limit.max_share_ppm)
        said.append(text("dossier.limit.max_share", language, share=share))
    if limit.max_amount_minor is not None:
        amount = money.display(limit.max_amount_minor, currency)
        said.append(text("dossier.limit.max_amount", language, amount=amount))
    if limit.max_count is not None:
        said.append(text("dossier.limit.max_count", language, count=limit.max_count))
    if limit.min_share_ppm is not None:
        share = _percent(limit.min_share_ppm)
        said.append(text("dossier.limit.min_share", language, share=share))
    return f"{subject}: {', '.join(said)}"


def _percent(ppm: int) -> str:
    return f"{(Decimal(ppm) * 100 / MILLION).normalize():f}"


def words_of(stored: str) -> str:
    """Return a stored object as ``name: value; name: value``, nothing for an empty one."""
    return "; ".join(f"{name}: {_words(value)}" for name, value in json.loads(stored).items())


def _words(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(_words, value))
        case dict():
            return " ".join(f"{name} {_words(inner)}" for name, inner in value.items())
        case str() | bool() | None:
            return str(value)
    return json.dumps(value)
