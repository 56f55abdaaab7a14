"""The funding line: who is funded when money goes down a ranked list, and what stops the rest.

Proposals are taken in order of rank. One that is outside the call's floor and ceiling, that would
exceed a stated limit, that would use what a minimum keeps for others, or that no earmark pays for
besides those before it, is *skipped*, and the reason is named; the line goes on. The first that
asks for more than the envelope or the fund's free money has left, whichever is less, ends the line:
it and all after it are *below*, even those that would still fit, which is said of them.

**Ties are never broken here.** Proposals of one rank are funded together or not at all. Where only
some of them fit, they are *tied*: nothing decides between them, the line ends, and whoever decides
must say which, by naming proposals as ``chosen``; those then go before the others of their rank.

Several minimums are kept back one beside the other, as though different proposals had to meet
them: what is held back may be more than needed, never less.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from uuid import UUID

from fundops.decisions.limits import Breach, Item, Limit, Tally, minimum_targets

MAX_CANDIDATES = 5_000


class Place(StrEnum):
    """Where a proposal stands to the line."""

    ABOVE = "above"
    SKIPPED = "skipped"
    TIED = "tied"
    BELOW = "below"
    UNRANKED = "unranked"


class Reason(StrEnum):
    """What keeps a proposal from being funded."""

    FLOOR = "floor"
    CEILING = "ceiling"
    LIMIT = "limit"
    MINIMUM = "minimum"
    EARMARKS = "earmarks"
    ENVELOPE = "envelope"
    CASH = "cash"
    TIE = "tie"
    ENDED = "ended"
    NO_SCORE = "no_score"


@dataclass(frozen=True)
class Candidate:
    """A proposal on a ranked list; ``rank`` is none where nothing scored it.

    ``score`` is in hundredths of a point out of 100. Equal ranks are ties.
    """

    item: Item
    code: str
    rank: int | None
    score: int | None = None

    @property
    def id(self) -> UUID:
        """The proposal."""
        return self.item.id


@dataclass(frozen=True)
class Terms:
    """What bounds the awards of a call, minor units; ``spent`` are the awards already made."""

    envelope_minor: int | None
    floor_minor: int | None = None
    ceiling_minor: int | None = None
    limits: tuple[Limit, ...] = ()
    spent: tuple[Item, ...] = ()

    @property
    def left_minor(self) -> int | None:
        """What of the envelope is not awarded yet; never less than nothing."""
        if self.envelope_minor is None:
            return None
        return max(0, self.envelope_minor - sum(item.amount_minor for item in self.spent))


@dataclass(frozen=True)
class Hindrance:
    """What keeps proposals from being funded after those above, and by how much.

    ``asked_minor`` is what they ask for together; ``left_minor`` what of the envelope, or of the
    fund's free money, is left for it, where that is what binds.
    """

    reason: Reason
    asked_minor: int
    left_minor: int | None = None
    breach: Breach | None = None


@dataclass(frozen=True)
class Standing:
    """One proposal's place, and why if it is not above the line.

    ``hindrance`` is what binds: for one that is tied, what keeps all of its rank from being funded
    together; for one below that would fit by itself, what ended the line before it.
    """

    candidate: Candidate
    place: Place
    reason: Reason | None = None
    hindrance: Hindrance | None = None
    fits_still: bool = False

    @property
    def breach(self) -> Breach | None:
        """The stated limit that binds, if one does."""
        return None if self.hindrance is None else self.hindrance.breach


@dataclass(frozen=True)
class Line:
    """The whole list, in order, and what is left of the envelope below the line.

    ``kept_back_minor`` is what minimums hold for proposals that did not come; ``tie`` names those
    that the line runs between; ``ended_by`` is what ended the line, none where it never ended;
    ``free_minor`` is what is left of the fund's free money, none where that was not asked.
    """

    standings: tuple[Standing, ...]
    awarded_minor: int
    left_minor: int | None
    kept_back_minor: int
    unmet: dict[int, int] = field(default_factory=dict)
    ended_by: Hindrance | None = None
    free_minor: int | None = None

    @property
    def above(self) -> tuple[Candidate, ...]:
        """The proposals above the line, in order."""
        return tuple(s.candidate for s in self.standings if s.place is Place.ABOVE)

    @property
    def tie(self) -> tuple[Candidate, ...]:
        """The proposals that the line runs between."""
        return tuple(s.candidate for s in self.standings if s.place is Place.TIED)

    @property
    def refused(self) -> tuple[Standing, ...]:
        """The first whom money refuses, by cash or by earmarks: one, or all of a tie."""
        for standing in self.standings:
            if standing.hindrance is None or standing.reason is Reason.ENDED:
                continue
            if standing.hindrance.reason in (Reason.CASH, Reason.EARMARKS):
                return self._with(standing)
        return ()

    def _with(self, standing: Standing) -> tuple[Standing, ...]:
        if standing.place is not Place.TIED:
            return (standing,)
        return tuple(s for s in self.standings if s.place is Place.TIED)


Fundable = Callable[[Sequence[Candidate]], bool]
"""Says whether earmarks allow all of these to be funded together."""


def draw_line(
    candidates: Sequence[Candidate],
    terms: Terms,
    *,
    chosen: Collection[UUID] = (),
    fundable: Fundable | None = None,
    free_minor: int | None = None,
) -> Line:
    """Draw the funding line. The answer does not depend on the order in which candidates come.

    ``free_minor`` is the fund's free money, whatever it is earmarked for; none asks only
    ``fundable``.

    Raises ``ValueError`` for more than ``MAX_CANDIDATES``.
    """
    if len(candidates) > MAX_CANDIDATES:
        raise ValueError(f"more than {MAX_CANDIDATES} candidates")
    return _Drawing(candidates, terms, frozenset(chosen), fundable, free_minor).run()


class _Drawing:
    """The state of one walk down the list."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        terms: Terms,
        chosen: frozenset[UUID],
        fundable: Fundable | None,
        free_minor: int | None,
    ) -> None:
        self.terms, self.fundable, self.free = terms, fundable, free_minor
        self.groups = _groups(candidates, chosen)
        self.unranked = sorted((c for c in candidates if c.rank is None), key=lambda c: c.code)
        self.tally = Tally(terms.limits, terms.envelope_minor)
        for item in terms.spent:
            self.tally.add(item)
        ranked = [c.item for group in self.groups for c in group]
        self.targets = minimum_targets(terms.limits, terms.envelope_minor, [*terms.spent, *ranked])
        self.left = terms.left_minor
        self.above: list[Candidate] = []
        self.standings: list[Standing] = []
        self.ended_by: Hindrance | None = None
        self._asked: dict[tuple[int, frozenset[UUID]], bool] = {}

    def run(self) -> Line:
        """Walk down the list."""
        for group in self.groups:
            self.standings += self._group(group)
        self.standings += [Standing(c, Place.UNRANKED, Reason.NO_SCORE) for c in self.unranked]
        unmet = self.tally.unmet(self.targets)
        return Line(
            tuple(self.standings),
            sum(c.item.amount_minor for c in self.above),
            self.left,
            sum(unmet.values()),
            unmet,
            self.ended_by,
            self.free,
        )

    def _group(self, group: Sequence[Candidate]) -> list[Standing]:
        skipped = {c.id: one for c in group if (one := self._skipped(c)) is not None}
        fitting = [c for c in group if c.id not in skipped]
        binds = self.ended_by or self._hindrance(fitting)
        if binds is None:
            self._place(fitting)
            kept = {c.id: Standing(c, Place.ABOVE) for c in fitting}
        else:
            kept = self._below(fitting, binds)
        return [skipped.get(c.id) or kept[c.id] for c in group]

    def _below(self, fitting: Sequence[Candidate], together: Hindrance) -> dict[UUID, Standing]:
        """End the line before ``fitting``: between them where some of several would fit."""
        alone = {c.id: self._hindrance([c]) for c in fitting}
        was_ended = self.ended_by is not None
        if fitting and not was_ended:
            self.ended_by = together
        if not was_ended and len(fitting) > 1 and None in alone.values():
            return {c.id: Standing(c, Place.TIED, Reason.TIE, together) for c in fitting}
        return {
            c.id: Standing(c, Place.BELOW, found.reason, found)
            if (found := alone[c.id]) is not None
            else Standing(c, Place.BELOW, Reason.ENDED, self.ended_by, fits_still=True)
            for c in fitting
        }

    def _skipped(self, candidate: Candidate) -> Standing | None:
        """Return why a proposal alone cannot be funded after those above, amounts left apart."""
        amount = candidate.item.amount_minor
        found: Hindrance | None = None
        if self.terms.floor_minor is not None and amount < self.terms.floor_minor:
            found = Hindrance(Reason.FLOOR, amount)
        elif self.terms.ceiling_minor is not None and amount > self.terms.ceiling_minor:
            found = Hindrance(Reason.CEILING, amount)
        elif (breach := self.tally.refusal([candidate.item])) is not None:
            found = Hindrance(Reason.LIMIT, amount, breach=breach)
        elif self._too_much([candidate]) is None:
            found = self._hindrance([candidate])
        if found is None:
            return None
        return Standing(candidate, Place.SKIPPED, found.reason, found)

    def _hindrance(self, group: Sequence[Candidate]) -> Hindrance | None:
        """Return what keeps ``group`` from being funded together after those above."""
        too_much = self._too_much(group)
        if too_much is not None or not group:
            return too_much
        asked = _asked(group)
        if (breach := self.tally.refusal([c.item for c in group])) is not None:
            return Hindrance(Reason.LIMIT, asked, breach=breach)
        if (breach := self._kept_for_others(group)) is not None:
            return Hindrance(Reason.MINIMUM, asked, breach=breach)
        return None if self._earmarks(group) else Hindrance(Reason.EARMARKS, asked)

    def _too_much(self, group: Sequence[Candidate]) -> Hindrance | None:
        """Return which has less left than ``group`` asks for: the envelope or the free money."""
        bounds = [(self.left, Reason.ENVELOPE), (self.free, Reason.CASH)]
        known = [(left, reason) for left, reason in bounds if left is not None]
        if not known:
            return None
        left, reason = min(known, key=lambda one: one[0])
        asked = _asked(group)
        return Hindrance(reason, asked, left) if asked > left else None

    def _kept_for_others(self, group: Sequence[Candidate]) -> Breach | None:
        """Return the minimum whose money ``group`` would use, if there is one."""
        if self.left is None or not self.targets:
            return None
        trial = self.tally.copy()
        for candidate in group:
            trial.add(candidate.item)
        unmet = trial.unmet(self.targets)
        taken = _asked(group)
        before = sum(self.tally.unmet(self.targets).values()) - self.left
        after = sum(unmet.values()) - (self.left - taken)
        # What was short before is nobody's fault; only what this group would add to it counts.
        if after <= max(before, 0):
            return None
        number = next(iter(unmet))
        limit = self.tally.limits[number]
        code = limit.code or ""
        used = self.tally.used(number, code)
        return Breach(limit, code, "minimum", used, self.targets[number], 0)

    def _earmarks(self, group: Sequence[Candidate]) -> bool:
        """Whether earmarks allow ``group`` besides those above."""
        if self.fundable is None:
            return True
        question = len(self.above), frozenset(c.id for c in group)
        if question not in self._asked:
            self._asked[question] = self.fundable([*self.above, *group])
        return self._asked[question]

    def _place(self, group: Sequence[Candidate]) -> None:
        for candidate in group:
            self.tally.add(candidate.item)
            self.above.append(candidate)
            if self.left is not None:
                self.left -= candidate.item.amount_minor
            if self.free is not None:
                self.free -= candidate.item.amount_minor


def _asked(group: Sequence[Candidate]) -> int:
    return sum(c.item.amount_minor for c in group)


def _groups(candidates: Sequence[Candidate], chosen: frozenset[UUID]) -> list[list[Candidate]]:
    """Return the ranked proposals by rank; those chosen go before the others of their rank."""

    def key(candidate: Candidate) -> tuple[int, bool]:
        assert candidate.rank is not None
        return candidate.rank, candidate.id not in chosen

    ranked = sorted((c for c in candidates if c.rank is not None), key=lambda c: (key(c), c.code))
    return [list(group) for _, group in groupby(ranked, key=key)]
