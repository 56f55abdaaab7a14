"""Personal data kept out of reports: found before anything of a text is stored anywhere.

A flagged text of a report is left out and comes back marked; the rest is stored. What a grantee
confirms as staff, an official in public function or a published contact is kept as a keyed digest
and asked about no more. What officers write about a report is refused instead: they can word it
anew at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.config import Settings
from fundops.errors import FieldError, Problem
from fundops.files.evidence import IsConfirmed, confirm_by
from fundops.ids import uuid7
from fundops.messages import text
from fundops.records import snapshot
from fundops.reports import content
from fundops.reports.content import ConfirmationIn
from fundops.reports.models import ConfirmedItem
from fundops.screening import Finding, confirmable, item_key, item_keys, screen
from fundops.vault import Vault

MAX_CONFIRMED = 5_000
"""Items that one party may have confirmed."""

LASTING = ("/narrative/", *(f"/{name}" for name in content.PROSE))
"""Places where what was left out stays marked until something else is written there."""


@dataclass(frozen=True)
class Screening:
    """What is asked for a party: its confirmed items, under the keys that made them."""

    keys: Vault = field(repr=False)
    confirmed: frozenset[str]

    def found(self, words: str) -> list[Finding]:
        """Return what looks like personal data in a text and is not confirmed."""
        return screen(words, self.confirmed, keys=self.keys)


def for_party(db: Session, party_id: UUID, keys: Vault) -> Screening:
    """Return the screening of what is written about a party's work."""
    query = select(ConfirmedItem.item_key).where(ConfirmedItem.party_id == party_id)
    return Screening(keys, frozenset(db.execute(query.limit(MAX_CONFIRMED)).scalars()))


def confirmed_in_files(db: Session, party_id: UUID | None, settings: Settings) -> IsConfirmed:
    """Return a function that says whether a party has confirmed an item, as its files need it."""
    if party_id is None:
        return lambda item: False  # noqa: ARG005 - nobody's file
    keys = Vault(settings)
    confirmed = for_party(db, party_id, keys).confirmed
    return lambda item: not confirmed.isdisjoint(item_keys(keys, item))


confirm_by(confirmed_in_files)


def flagged(
    screening: Screening, given: Mapping[str, Any], confirmations: Sequence[ConfirmationIn]
) -> dict[str, list[Finding]]:
    """Return what ``clean`` would leave out of a content, by pointer. Keeps nothing."""
    confirmed = {item for one in confirmations for item in _items(one.item)}
    left = {
        pointer: [
            one
            for one in screening.found(words)
            if not (one.item in confirmed and confirmable(one.kind))
        ]
        for pointer, words in content.free_texts(given)
    }
    return {pointer: found for pointer, found in left.items() if found}


def refuse(screening: Screening, texts: Mapping[str, str | None]) -> None:
    """Refuse texts, by their pointers, that hold what looks like personal data (422)."""
    errors = [
        FieldError(pointer, found[0].sentence)
        for pointer, words in texts.items()
        if words is not None and (found := screening.found(words))
    ]
    if errors:
        raise Problem("invalid-request", errors=errors)


def clean(
    db: Session,
    actor: Actor,
    party_id: UUID,
    keys: Vault,
    given: Mapping[str, Any],
    confirmations: Sequence[ConfirmationIn],
    earlier: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return what may be stored of a content: without flagged texts, which ``withheld`` marks.

    ``earlier`` are the marks of the draft before: a text left out then and not written anew is
    still marked.
    """
    screening = for_party(db, party_id, keys)
    said = {p: found for p, words in content.free_texts(given) if (found := screening.found(words))}
    if confirmations and said:
        new = _confirm(db, actor, party_id, keys, confirmations, said)
        said = {
            p: left
            for p, every in said.items()
            if (left := [f for f in every if f.item not in new])
        }
    kept: dict[str, Any] = content.without(given, frozenset(said))
    marks = [
        {"pointer": pointer, "kind": one.kind, "start": one.start, "end": one.end}
        for pointer, every in said.items()
        for one in every
    ]
    marks += [mark for mark in still_withheld(kept, earlier) if mark["pointer"] not in said]
    return kept | ({"withheld": marks} if marks else {})


def still_withheld(
    given: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the marks of a draft before whose texts a content does not write anew."""
    written = {pointer for pointer, _ in content.free_texts(given)}
    return [
        dict(mark)
        for mark in earlier
        if mark["pointer"].startswith(LASTING) and mark["pointer"] not in written
    ]


def _confirm(
    db: Session,
    actor: Actor,
    party_id: UUID,
    keys: Vault,
    confirmations: Sequence[ConfirmationIn],
    said: Mapping[str, Sequence[Finding]],
) -> frozenset[str]:
    """Keep what is confirmed of the findings, each once; return the items."""
    confirmed_as: dict[str, str] = {}
    for one in confirmations:
        for item in _items(one.item):
            confirmed_as.setdefault(item, one.as_)
    found = {
        each.item
        for every in said.values()
        for each in every
        if each.item in confirmed_as and confirmable(each.kind)
    }
    query = select(func.count()).where(ConfirmedItem.party_id == party_id)
    if db.execute(query).scalar_one() + len(found) > MAX_CONFIRMED:
        raise Problem("conflict", detail=text("reports.too_many_confirmed", limit=MAX_CONFIRMED))
    if found:
        keys.prepare(db)
    for item in sorted(found):
        made = ConfirmedItem(
            id=uuid7(),
            party_id=party_id,
            item_key=item_key(keys, item),
            confirmed_as=confirmed_as[item],
            confirmed_by_id=actor.person_id,
            created_at=clock.now(),
        )
        db.add(made)
        db.flush()
        audit.record(
            db, actor, "confirmed_item.added", "confirmed_item", made.id, after=snapshot(made)
        )
    return frozenset(found)


def _items(written: str) -> set[str]:
    """Return the items that a confirmation may mean, each as findings have it."""
    plain = " ".join(written.casefold().split())
    digits = "".join(letter for letter in written if letter.isdigit())
    return {one.item for one in screen(written)} | {plain} | ({digits} if digits else set())


def marks_out(marks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the wire form of marks, each with its sentence."""
    return [{**mark, "sentence": text(f"screening.found.{mark['kind']}")} for mark in marks]
