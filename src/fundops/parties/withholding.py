"""Personal data kept out of what parties write: found before anything of it is stored anywhere.

A flagged text of a report or proposal is left out and comes back marked; the rest is stored. What
a party confirms as staff, an official in public function or a published contact is kept as a keyed
digest and asked about no more, whatever it was found in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, WithJsonSchema
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, drafted
from fundops.authz import Actor
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.messages import text
from fundops.parties.confirmed_models import ConfirmedItem
from fundops.records import snapshot
from fundops.schemas import In, Out, line
from fundops.screening import Finding, confirmable, item_key, screen
from fundops.screening.fields import WITHHELD as MARKED
from fundops.vault import Vault

MAX_CONFIRMED = 5_000
"""Items that one party may have confirmed."""
MAX_CONFIRMATIONS = 200
"""Confirmations that one save may bring."""
WITHHELD = "withheld"
"""Under which key what is stored tells what was left out."""

Leaf = Annotated[drafted.Leaf, WithJsonSchema(drafted.LEAF_SCHEMA | MARKED)]
"""A leaf of a draft, left out where it looks like personal data; the API document says so."""

_FIGURE = re.compile(r"\s*-?[\d\s.,'’٫٬]*%?\s*")
_PAIR = re.compile(r"[.٫]\d+[\s,;]+\d+[.٫]")
"""Two decimals, as coordinates are written: no number."""

Content = Mapping[str, Any]
Mark = dict[str, Any]


class ConfirmationIn(In):
    """That an item found by screening is no victim's. The item itself is never stored."""

    item: Annotated[str, line(300)] = Field(examples=["office@example.org"])
    as_: Literal["staff", "official", "published_contact"] = Field(
        alias="as", examples=["published_contact"]
    )


class WithheldOut(Out):
    """Where screening left something out: which field, what it looks like, and from where to where.

    ``start`` and ``end`` count characters of the text as it was sent.
    """

    pointer: str
    kind: str
    start: int
    end: int
    sentence: str


@dataclass(frozen=True)
class Kind:
    """A kind of content: where its words are, and where a mark stays until something is written.

    ``is_figure`` says of a place and its text whether it is a number or code there, not words.
    """

    is_figure: Callable[[str, str], bool]
    lasting: tuple[str, ...]

    def words(self, given: Content) -> Iterator[tuple[str, str]]:
        """Yield the pointer and text of everything that is words.

        Words in a place of numbers are words all the same; codes and numbers are none.
        """
        for pointer, value in _leaves(given):
            if isinstance(value, str) and value.strip() and not self.is_figure(pointer, value):
                yield pointer, value


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


def is_number(value: str) -> bool:
    """Return whether a text is a number as people type it, and no pair of coordinates."""
    return _FIGURE.fullmatch(value) is not None and _PAIR.search(value) is None


def _leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{pointer}/{key}")
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _leaves(inner, f"{pointer}/{at}")
    else:
        yield pointer, value


def without(content: Any, pointers: frozenset[str], at: str = "") -> Any:
    """Return a copy of ``content`` with null in the places that ``pointers`` name."""
    if isinstance(content, Mapping):
        return {key: without(inner, pointers, f"{at}/{key}") for key, inner in content.items()}
    if isinstance(content, list | tuple):
        return [without(inner, pointers, f"{at}/{n}") for n, inner in enumerate(content)]
    return None if at in pointers else content


def flagged(
    kind: Kind, screening: Screening, given: Content, confirmations: Sequence[ConfirmationIn] = ()
) -> dict[str, list[Finding]]:
    """Return what ``clean`` would leave out of a content, by pointer. Keeps nothing."""
    confirmed = {item for one in confirmations for item in _items(one.item)}
    left = {
        pointer: [
            one
            for one in screening.found(words)
            if not (one.item in confirmed and confirmable(one.kind))
        ]
        for pointer, words in kind.words(given)
    }
    return {pointer: found for pointer, found in left.items() if found}


def clean(
    db: Session,
    actor: Actor,
    kind: Kind,
    screening: Screening,
    party_id: UUID,
    given: Content,
    confirmations: Sequence[ConfirmationIn] = (),
    earlier: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return what may be stored of a content: without flagged texts, which ``withheld`` marks.

    ``earlier`` are the marks of the draft before: a text left out then and not written anew is
    still marked.
    """
    said = flagged(kind, screening, given)
    if confirmations and said:
        new = _confirm(db, actor, party_id, screening.keys, confirmations, said)
        said = {
            p: left
            for p, every in said.items()
            if (left := [f for f in every if f.item not in new])
        }
    kept: dict[str, Any] = without(given, frozenset(said))
    marks = [
        {"pointer": pointer, "kind": one.kind, "start": one.start, "end": one.end}
        for pointer, every in said.items()
        for one in every
    ]
    marks += [m for m in still_withheld(kind, kept, earlier) if m["pointer"] not in said]
    return kept | ({WITHHELD: marks} if marks else {})


def still_withheld(kind: Kind, given: Content, earlier: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """Return the marks of a draft before whose texts a content does not write anew."""
    written = {pointer for pointer, _ in kind.words(given)}
    return [
        dict(mark)
        for mark in earlier
        if mark["pointer"].startswith(kind.lasting) and mark["pointer"] not in written
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
        raise Problem("conflict", detail=text("parties.too_many_confirmed", limit=MAX_CONFIRMED))
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


def marks_out(marks: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """Return the wire form of marks, each with its sentence."""
    return [{**mark, "sentence": text(f"screening.found.{mark['kind']}")} for mark in marks]
