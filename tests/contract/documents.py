"""Documents as programs: what a page says was typed is run, and what it says came back is compared.

A block fenced as ``console`` holds commands (``$ …``) with what they print. ``fundops`` commands
and ``curl`` requests run against a copy of the demonstration fund, one copy per page; ``openssl``
and ``python3`` run beside it. In what is printed, ``…`` stands for anything: a part of a line,
lines, members or elements left out.
``<!-- NAME = path -->`` after a block takes ``$NAME`` from the last JSON answer.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ANY = "…"
BLOCK = r"^```{fence}\n(?P<block>.*?)^```$|^<!-- (?P<name>[A-Z]+) = (?P<path>[a-z0-9_.]+) -->$"
WRITTEN_IN = 2026
"""The year in which the pages were written. Codes carry the year in which they were given."""
CODES = re.compile(rf"\b(PTY|PER|EVT|CMT|PLG|AGR|CAL|PRP)-{WRITTEN_IN}-")
GRANTS = re.compile(rf"\bGRT-{WRITTEN_IN}-(?=000[12]\b)")
TO_COME = re.compile(rf'"{WRITTEN_IN + 1}-(?=\d\d-\d\d)')
BEGAN, AWARDED = timedelta(days=60), timedelta(days=18)
"""How long ago the demonstration's story begins and its board's awards are confirmed."""


@dataclass(frozen=True)
class Command:
    """A command of a page and the lines that it is said to print."""

    words: tuple[str, ...]
    printed: tuple[str, ...]


@dataclass(frozen=True)
class Take:
    """A name for a value of the last answer: ``path`` leads to it, as in ``items.0.id``."""

    name: str
    path: str


def this_year(text: str, now: datetime | None = None) -> str:
    """Return ``text`` with the codes of the years in which the demonstration takes place.

    Dates of the year after that of writing become ones of next year: deadlines to come.
    """
    now = now or datetime.now(UTC)
    text = CODES.sub(rf"\1-{(now - BEGAN).year}-", text)
    text = GRANTS.sub(f"GRT-{(now - AWARDED).year}-", text)
    return TO_COME.sub(f'"{now.year + 1}-', text)


def steps(page: str, fence: str = "console") -> Iterator[Command | Take]:
    """Yield the commands of a page and the names that it takes from answers, in order."""
    pattern = BLOCK.format(fence=fence)
    for found in re.finditer(pattern, this_year(page), re.MULTILINE | re.DOTALL):
        if found["name"] is not None:
            yield Take(found["name"], found["path"])
        else:
            yield from _commands(found["block"])


def _commands(block: str) -> Iterator[Command]:
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert parts[0] == "", "a console block begins with a command"
    for part in parts[1:]:
        lines = part.splitlines()
        words, taken = _typed(lines)
        yield Command(words, tuple(lines[taken:]))


def _typed(lines: list[str]) -> tuple[tuple[str, ...], int]:
    """Return the words of a command and how many lines it takes, open quotes considered."""
    for count in range(1, len(lines) + 1):
        if lines[count - 1].endswith("\\"):
            continue
        try:
            return tuple(shlex.split("\n".join(lines[:count]).replace("\\\n", " "))), count
        except ValueError:
            continue
    raise AssertionError(f"a command that does not end: {lines[0]}")


def filled(words: tuple[str, ...], names: Mapping[str, str]) -> list[str]:
    """Return the words with every ``$NAME`` replaced by what it stands for."""
    return [re.sub(r"\$([A-Z]+)", lambda found: names[found[1]], word) for word in words]


@dataclass
class Curl:
    """A request as the options of ``curl`` tell it."""

    method: str = "GET"
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    sent: str | None = None
    output: str | None = None
    shows_headers: bool = False


def curl(words: list[str]) -> Curl:
    """Return the request that ``words`` make; an option that is not known here is refused."""
    asked, rest = Curl(), iter(words[1:])
    for word in rest:
        match word:
            case "-s":
                pass
            case "-i":
                asked.shows_headers = True
            case "-X":
                asked.method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(":")
                asked.headers[name.strip()] = value.strip()
            case "--json":
                asked.body = next(rest)
                asked.headers["content-type"] = "application/json"
                asked.method = "POST" if asked.method == "GET" else asked.method
            case "--data-binary":
                name = next(rest)
                assert name.startswith("@"), "a file is sent as it is"
                asked.sent = name[1:]
            case "-o":
                asked.output = next(rest)
            case _:
                assert not word.startswith("-"), word
                assert not asked.url, word
                asked.url = word
    return asked


def taken(answer: Any, path: str) -> str:
    """Return the value of ``answer`` at ``path``: members by name, elements by number."""
    for step in path.split("."):
        answer = answer[int(step)] if isinstance(answer, list) else answer[step]
    return str(answer)


def same_lines(said: list[str], printed: list[str]) -> bool:
    """Return whether lines are as said; a line that is ``…`` alone stands for any lines."""
    if not said:
        return not printed
    if said[0].strip() == ANY:
        return any(same_lines(said[1:], printed[at:]) for at in range(len(printed) + 1))
    return (
        bool(printed)
        and same_text(said[0].rstrip(), printed[0].rstrip())
        and same_lines(said[1:], printed[1:])
    )


def same_text(said: str, printed: str) -> bool:
    """Return whether a text is as said; ``…`` stands for any part of it."""
    pattern = ".*".join(re.escape(part) for part in said.split(ANY))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def shortened(text: str) -> Any:
    """Return the JSON of ``text``; ``…`` may stand for members, elements or a value left out."""
    made, opened, quoted = [], [], False
    for at, letter in enumerate(text):
        if letter == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif not quoted and letter in "{[":
            opened.append(letter)
        elif not quoted and letter in "}]":
            opened.pop()
        elif not quoted and letter == ANY:
            is_member = opened[-1] == "{" and text[:at].rstrip()[-1] != ":"
            letter = f'"{ANY}": 0' if is_member else f'"{ANY}"'
        made.append(letter)
    return json.loads("".join(made))


def same_json(said: Any, answer: Any) -> bool:
    """Return whether an answer is as said, apart from what is said to be left out."""
    if said == ANY:
        return True
    if isinstance(said, dict):
        if not isinstance(answer, dict):
            return False
        wanted = {name: value for name, value in said.items() if name != ANY}
        complete = ANY in said or wanted.keys() == answer.keys()
        return complete and all(
            name in answer and same_json(value, answer[name]) for name, value in wanted.items()
        )
    if isinstance(said, list):
        return isinstance(answer, list) and _same_elements(said, answer)
    if isinstance(said, str):
        return isinstance(answer, str) and same_text(said, answer)
    return type(said) is type(answer) and bool(said == answer)


def _same_elements(said: list[Any], answer: list[Any]) -> bool:
    if not said:
        return not answer
    if said[0] == ANY:
        return any(_same_elements(said[1:], answer[at:]) for at in range(len(answer) + 1))
    return bool(answer) and same_json(said[0], answer[0]) and _same_elements(said[1:], answer[1:])


def section(page: str, name: str) -> str:
    """Return the part of a page between ``<!-- generated: name -->`` and ``<!-- end -->``."""
    found = re.search(rf"^<!-- generated: {name} -->\n(.*?)^<!-- end -->$", page, re.M | re.S)
    assert found is not None, f"no part {name}"
    return found[1]


def pages(root: Path) -> list[Path]:
    """Return every page that holds commands to run."""
    found = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    return [page for page in found if "```console\n" in page.read_text(encoding="utf-8")]
