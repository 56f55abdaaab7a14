"""What a rule is, what it finds, and what all rules look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops import money
from fundops.disbursements.models import Disbursement, DisbursementStep
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.disbursements import disbursements
from fundops.grants.models import Grant
from fundops.messages import text
from fundops.parties.models import SamePerson


@dataclass(frozen=True)
class Flag:
    """One row that met a rule.

    ``record`` and ``grant`` are codes, ``amount_minor`` is in the fund's currency; ``details``
    are what the rule's sentence ``audit_book.flag.<rule>.row`` is filled in with.
    """

    record: str
    grant_id: UUID | None = None
    on: date | None = None
    amount_minor: int | None = None
    persons: Sequence[UUID] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Looked:
    """What a rule came to: how many it looked at, the flags, or why it cannot be asked here."""

    population: int
    flags: Sequence[Flag] = ()
    why_not: str | None = None


@dataclass(frozen=True)
class Rule:
    """A rule by its key; ``parameters`` fill in ``audit_book.flag.<key>.rule``."""

    key: str
    look: Callable[[Case], Looked]
    parameters: dict[str, Any] = field(default_factory=dict)


class Case:
    """What the rules look at: the payments and papers of a workbook's question."""

    def __init__(self, book: Book) -> None:
        self.book = book

    @cached_property
    def asked(self) -> list[Any]:
        """Disbursements asked for by the day, as known, by day and code."""
        return disbursements(self.book)

    @cached_property
    def paid(self) -> list[Any]:
        """Those of them that were paid by the day."""
        on = self.book.on
        return [one for one in self.asked if one.paid_on is not None and one.paid_on <= on]

    @cached_property
    def grants(self) -> dict[UUID, Any]:
        """The grants in scope as known, by id."""
        known = self.book.known("grant", Grant, Grant.id.in_(self.book.grants))
        return {one.id: one for one in known}

    def grantee(self, one: Any) -> UUID:
        """Return who a disbursement is for."""
        grantee: UUID = self.grants[one.grant_id].grantee_id
        return grantee

    @cached_property
    def steps(self) -> dict[UUID, list[Any]]:
        """The steps taken of each disbursement by the day, as known, in their order."""
        own = select(Disbursement.id).where(Disbursement.grant_id.in_(self.book.grants))
        known = self.book.known(
            "disbursement_step", DisbursementStep, DisbursementStep.disbursement_id.in_(own)
        )
        found: dict[UUID, list[Any]] = {}
        for step in sorted(known, key=lambda step: (step.taken_at, step.id)):
            if step.taken_at < self.book.ends_at:
                found.setdefault(step.disbursement_id, []).append(step)
        return found

    @cached_property
    def _humans(self) -> dict[UUID, UUID]:
        """Return the least record of each human who has several."""
        first: dict[UUID, UUID] = {}

        def root(person: UUID) -> UUID:
            while person in first:
                person = first[person]
            return person

        for pair in self.book.known("same_person", SamePerson):
            low, high = sorted((root(pair.person_id), root(pair.other_id)))
            if low != high:
                first[high] = low
        return {person: root(person) for person in first}

    def human(self, person_id: UUID) -> UUID:
        """Return one record for all records of the same human."""
        return self._humans.get(person_id, person_id)

    def shown(self, minor: int) -> str:
        """Return an amount in the fund's currency as text."""
        return money.display(minor, self.book.fund.base_currency)

    def whole(self, units: int) -> int:
        """Return whole units of the fund's currency in minor units."""
        return units * int(10 ** money.exponent(self.book.fund.base_currency))

    def why_not(self, key: str, **params: Any) -> str:
        """Return why a rule cannot be asked, in words."""
        return text(f"audit_book.why_not.{key}", self.book.language, **params)
