"""Code lists as the API answers them: prepared once a language, sent as bytes."""

from __future__ import annotations

from functools import cache
from typing import Any

from fundops.calls import codelists
from fundops.calls.codelists import LANGUAGES, LISTS, REVIEWED, CodeList, Entry
from fundops.errors import Problem
from fundops.pages import to_bytes


@cache
def overview() -> bytes:
    """Return the names of all lists with their sizes and languages, as JSON."""
    items = [_summary(one) for one in LISTS.values()]
    return to_bytes({"items": items, "next_cursor": None})


@cache
def _prepared(name: str, language: str) -> bytes:
    one = codelists.get(name)
    items = [_entry_out(entry, language) for entry in one.entries]
    return to_bytes(_summary(one) | {"language": language, "items": items})


def one_list(name: str, language: str) -> bytes:
    """Return the entries of one list as JSON; raise ``not-found`` for an unknown one."""
    if name not in LISTS:
        raise Problem("not-found")
    return _prepared(name, language)


@cache
def objectives() -> bytes:
    """Return the ten objectives with their themes, goals and wording, as JSON."""
    one = codelists.get("objective")
    items = [
        {
            "number": int(entry.code),
            "title": entry.labels["en"],
            "description": entry.text,
            "development_goals": [goal.partition(":")[2] for goal in entry.mapped_to],
        }
        for entry in one.entries
    ]
    themes = [
        {"code": entry.code, "title": entry.labels["en"], "description": entry.text}
        for entry in codelists.get("theme").entries
    ]
    return to_bytes({"items": items, "next_cursor": None, "themes": themes})


def _summary(one: CodeList) -> dict[str, Any]:
    return {
        "name": one.name,
        "source": one.source,
        "size": len(one.entries),
        "languages": [
            {
                "language": language,
                "is_reviewed": language in REVIEWED,
                "labelled": one.labelled(language),
            }
            for language in LANGUAGES
        ],
    }


def _entry_out(entry: Entry, language: str) -> dict[str, Any]:
    own = entry.labels.get(language)
    spoken = language if own else "en"
    return {
        "code": entry.code,
        "label": own or entry.labels["en"],
        "language": spoken,
        "is_reviewed": spoken in REVIEWED,
        "description": entry.text,
        "broader": entry.broader,
        "mapped_to": list(entry.mapped_to),
        "details": dict(entry.more),
    }
