"""Published activities (IATI 2.x) for the overlap finder: read, compared with what is kept, kept.

An activity is known by its identifier; loading a file again changes what has changed and nothing
else. What others published is not ours to judge: whatever is there is kept, cut to length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.ids import uuid7
from fundops.imports.findings import damage
from fundops.imports.iati import parse_activities
from fundops.imports.readers import read_bytes
from fundops.messages import text
from fundops.overlaps.models import PublishedActivity
from fundops.records import snapshot

MAX_ACTIVITIES = 20_000
_STARTS, _ENDS = ("2", "1"), ("4", "3")
"""Activity dates, actual before planned."""


@dataclass
class Loaded:
    """What became of the activities of one file."""

    file: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: list[str] = field(default_factory=list)


def load_activities(db: Session, path: Path) -> Loaded:
    """Bring the published activities to what the file at ``path`` says of its own.

    Raises ``Damage`` for a file that is not IATI 2.x or holds more than ``MAX_ACTIVITIES``.
    """
    raw = read_bytes(path)
    digest = hashlib.sha256(raw).hexdigest()
    result = Loaded(path.name)
    given = dict(_activities(path.name, raw, result))
    known = {one.identifier: one for one in db.execute(select(PublishedActivity)).scalars()}
    for identifier, values in given.items():
        activity = known.get(identifier)
        if activity is None:
            _add(db, identifier, values, digest)
            result.added += 1
        elif all(getattr(activity, name) == value for name, value in values.items()):
            result.unchanged += 1
        else:
            _change(db, activity, values | {"source_sha256": digest})
            result.changed += 1
    return result


def _add(db: Session, identifier: str, values: dict[str, Any], digest: str) -> None:
    activity = PublishedActivity(
        id=uuid7(), identifier=identifier, source_sha256=digest, loaded_at=clock.now(), **values
    )
    db.add(activity)
    db.flush()
    audit.record(
        db, audit.SYSTEM, "published_activity.loaded", "published_activity", activity.id,
        after=snapshot(activity),
    )  # fmt: skip


def _change(db: Session, activity: PublishedActivity, values: dict[str, Any]) -> None:
    before = {name: getattr(activity, name) for name in values}
    for name, value in values.items():
        setattr(activity, name, value)
    db.flush()
    audit.record(
        db, audit.SYSTEM, "published_activity.changed", "published_activity", activity.id,
        before=before, after=values,
    )  # fmt: skip


def _activities(file: str, raw: bytes, result: Loaded) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, element in enumerate(parse_activities(file, raw)):
        if number >= MAX_ACTIVITIES:
            raise damage("too_many_rows", file, limit=MAX_ACTIVITIES)
        identifier = _words(element.find("iati-identifier"))[:300]
        if identifier:
            yield identifier, _values(element)
        else:
            line = element.sourceline
            result.skipped.append(text("overlaps.no_identifier", file=file, line=line))


def _values(element: Any) -> dict[str, Any]:
    dates = {one.get("type"): one.get("iso-date") for one in element.findall("activity-date")}
    publisher = _words(element.find("reporting-org"))
    names = [_words(one) for one in element.findall("participating-org")]
    places = [_words(one) for one in element.findall("location/name")]
    return {
        "publisher": publisher[:300],
        "title": _words(element.find("title"))[:1000],
        "description": " ".join(_words(one) for one in element.findall("description"))[:20_000],
        "organisations": _list([publisher, *names], 20_000),
        "countries": _list([one.get("code") for one in element.findall("recipient-country")], 2000),
        "regions": _list([one.get("code") for one in element.findall("recipient-region")], 2000),
        "places": _list(places, 20_000),
        "starts_on": _first_day(dates, _STARTS),
        "ends_on": _first_day(dates, _ENDS),
    }


def _list(values: list[Any], chars: int) -> str:
    """Return distinct texts as a JSON list of at most ``chars`` characters."""
    kept: list[str] = []
    for value in values:
        if value and value not in kept and len(canonical([*kept, value])) <= chars:
            kept.append(value)
    return canonical(kept)


def _words(element: Any) -> str:
    """Return the text of an element, its blanks made single; control signs taken out."""
    if element is None:
        return ""
    joined = " ".join(" ".join(element.itertext()).split())
    return "".join(sign for sign in joined if sign.isprintable())


def _first_day(dates: dict[str | None, str | None], kinds: tuple[str, ...]) -> date | None:
    for kind in kinds:
        try:
            return date.fromisoformat((dates.get(kind) or "")[:10])
        except ValueError:
            continue
    return None
