"""Taking the names of those who judged out of what they and others wrote about a proposal.

Whole names go however they are written. A single part of four letters or more goes where it has a
capital, as names have, and in lower case only in a text that names the person otherwise too, since
it may be an ordinary word. Of labels made of words of roles ("Board member 1") no part goes: else
"Board of trustees" would lose its first word. See ``reviews.masking``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from fundops.decisions.models import Board, BoardMember
from fundops.messages import text
from fundops.parties.models import Person
from fundops.proposals.models import Proposal
from fundops.reviews.masking import MASK, Masker
from fundops.reviews.models import Assignment, Reviewer

MOST_KEPT = 500
"""Sets of names for which patterns are kept."""


class Nameless:
    """Takes the names of persons out of texts; with ``aliases``, their pseudonyms too."""

    def __init__(self, names: Iterable[str], aliases: Iterable[str] = ()) -> None:
        self._names = frozenset(names)
        self._holding = [(word, name) for name in sorted(self._names) for word in _telling(name)]
        self._maskers: dict[frozenset[str], Masker] = {}
        said = sorted(set(aliases), key=lambda one: (-len(one), one))
        pattern = "|".join(rf"{re.escape(one)}(?!\w)" for one in said)
        self._aliases = re.compile(rf"(?<!\w)(?:{pattern})", re.IGNORECASE) if said else None
        self._instead = text("feedback.somebody")

    def __call__(self, value: str) -> str:
        """Return ``value`` with every name as ``[name]``."""
        if self._aliases is not None:
            value = self._aliases.sub(lambda _: self._instead, value)
        # Few texts name anybody, and looking for a word is much cheaper than for every pattern.
        plain = _plain(value)
        found = frozenset(name for word, name in self._holding if word in plain)
        if not found and "@" not in value:
            return value
        return self._masker(found).text(value).replace(MASK, self._instead)

    def _masker(self, names: frozenset[str]) -> Masker:
        """Return what takes these names out, kept for the next text that may hold them."""
        if names not in self._maskers:
            if len(self._maskers) >= MOST_KEPT:
                names = self._names
            self._maskers.setdefault(names, Masker((), sorted(names)))
        return self._maskers[names]

    def given(self, value: str | None) -> str | None:
        """Return ``value`` without names, nothing where there is none."""
        return None if value is None else self(value)


def _telling(name: str) -> list[str]:
    """Return words of a name without one of which no text can hold it or a part of it."""
    words = re.findall(r"[^\W_]+", _plain(name))
    return [word for word in words if len(word) > 1] or words


def _plain(value: str) -> str:
    """Return ``value`` without case, accents and what cannot be seen."""
    if value.isascii():
        return value.casefold()
    folded = unicodedata.normalize("NFKD", value).casefold().translate(_TYPED)
    return "".join(
        sign
        for sign in folded
        if sign.isascii() or not (unicodedata.combining(sign) or unicodedata.category(sign) == "Cf")
    )


_TYPED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
"""Letters that have no accent to lose, as people type them."""


def judges(
    db: Session, assigned: ColumnElement[bool], boards: ColumnElement[bool]
) -> tuple[list[str], list[str]]:
    """Return the names of reviewers and members of boards, and the reviewers' pseudonyms.

    ``assigned`` says of which proposals, ``boards`` of which boards.
    """
    rows = db.execute(
        select(Person.name, Assignment.alias)
        .join(Reviewer, Reviewer.person_id == Person.id)
        .join(Assignment, Assignment.reviewer_id == Reviewer.id)
        .join(Proposal, Proposal.id == Assignment.proposal_id)
        .where(assigned)
        .distinct()
    ).all()
    members = db.execute(
        select(Person.name)
        .join(BoardMember, BoardMember.person_id == Person.id)
        .join(Board, Board.id == BoardMember.board_id)
        .where(boards)
        .distinct()
    ).scalars()
    return [*(row.name for row in rows), *members], [row.alias for row in rows]
