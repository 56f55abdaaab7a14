"""The rows of a dossier's sheets, from what was gathered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from fundops import money
from fundops.calls import codelists
from fundops.exports import dossier_checks as checks
from fundops.exports.dossier_data import Dossier, texts_of
from fundops.exports.dossier_words import limit_sentences, words_of
from fundops.messages import text
from fundops.proposals.budgets import line_total
from fundops.reviews.scoring import mean_of

Row = tuple[Any, ...]


def outcomes(found: Dossier) -> dict[UUID, str]:
    """Return what became of each proposal: the last outcome that a board carried, or promotion."""
    return {
        item.proposal_id: "award" if item.promotion_confirmed_at is not None else item.outcome
        for item in found.items
        if item.status in ("carried", "carried_out")
    }


def ordered_by(found: Dossier) -> str | None:
    """Return what orders the ranking; nothing where the reader sees only some of its places."""
    if found.ranking is None:
        return "raw"
    known = {one.id for one in found.proposals}
    if any(one.proposal_id not in known for one in found.ranked):
        return None
    return str(json.loads(found.ranking.parameters)["order"])


def weighted_again(found: Dossier) -> dict[UUID, int | None]:
    """Return each review's weighted score, from its marks."""
    return {
        review.id: checks.weighted_of(
            found.criteria,
            {key: mark.score for key, mark in found.scores.get(review.id, {}).items()},
        )
        for review in found.reviews
    }


def counts_of(found: Dossier) -> Counter[UUID]:
    """Return how many reviews of each proposal count: submitted, and with a mark."""
    return Counter(r.proposal_id for r in found.reviews if _counts(found, r))


def _counts(found: Dossier, review: Any) -> bool:
    return found.counts(review) and review.weighted is not None


def decided_by(item: Any) -> str:
    """Return what an item that was carried came to, nothing for others."""
    if item.status not in ("carried", "carried_out"):
        return ""
    return str(item.outcome if item.promotion_confirmed_at is None else "award")


def carried_out(found: Dossier) -> Counter[UUID]:
    """Return the amount of each proposal's awards that were carried out, in minor units."""
    amounts: Counter[UUID] = Counter()
    for item in found.items:
        if item.status == "carried_out" and decided_by(item) == "award":
            amounts[item.proposal_id] += item.amount_minor or 0
    return amounts


def awarded_to(found: Dossier) -> Counter[UUID]:
    """Return the amount of each proposal's grants, in minor units."""
    amounts: Counter[UUID] = Counter()
    for grant in found.awards:
        amounts[grant.proposal_id] += grant.awarded_minor
    return amounts


def criteria_rows(found: Dossier) -> list[Row]:
    """Return the criteria with their scales and anchors."""
    part, common = checks.scale(found.criteria)
    return [
        (
            one.number, one.kind, one.objective, one.title, Decimal(one.weight_bp) / 10_000,
            one.scale_min, one.scale_max, one.scale_step, one.best,
            "; ".join(f"{a['score']}: {a['text']}" for a in texts_of(one.anchors)),
            checks.units_of(one, part), checks.worst_of(one),
            checks.factor_of(one, part, common),
        )
        for one in found.criteria
    ]  # fmt: skip


def term_rows(found: Dossier, language: str) -> list[Row]:
    """Return the call's terms, rules, documents, extensions and published answers."""
    call, currency = found.call, found.fund.base_currency
    terms: list[tuple[str, Any]] = [
        ("funding_window", call.funding_window), ("modality", call.modality),
        ("objectives", ", ".join(map(str, json.loads(call.objectives)))),
        ("languages", ", ".join(json.loads(call.languages))),
        ("floor", _amount(call.floor_minor, currency)),
        ("ceiling", _amount(call.ceiling_minor, currency)),
        ("months", _months(call.min_months, call.max_months)),
        ("grace_minutes", str(call.grace_minutes)),
        ("is_blind", text("dossier.yes" if call.is_blind else "dossier.no", language)),
        ("divergence_threshold", _points(call.divergence_threshold)),
        ("targets", words_of(call.targets)),
        *(("limits", one) for one in limit_sentences(call.limits, currency, language)),
    ]  # fmt: skip
    rows: list[Row] = [("term", name, value, None) for name, value in terms if value]
    rows += [("rule", one.kind, words_of(one.parameters), None) for one in found.rules]
    for document in found.documents:
        needed = text("dossier.required" if document.is_required else "dossier.optional", language)
        note = needed if document.note is None else f"{needed} {document.note}"
        rows.append(("document", document.kind, note, None))
    for one in found.extensions:
        moved = text(
            "dossier.extended", language, old=_instant(one.old_deadline_at),
            new=_instant(one.new_deadline_at), reason=found.plain(one.reason),
        )  # fmt: skip
        rows.append(("extension", "deadline", moved, one.extended_at))
    rows += [
        (
            "question", "answered", found.plain(f"{one.question} / {one.answer}"),
            one.answered_at,
        )
        for one in found.questions
    ]  # fmt: skip
    return rows


def _amount(minor: int | None, currency: str) -> str | None:
    return None if minor is None else money.display(minor, currency)


def _months(low: int | None, high: int | None) -> str | None:
    return None if low is None and high is None else f"{low or 0}-{high or ''}"


def _points(hundredths: int | None) -> str | None:
    return None if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02d}"


def _instant(value: Any) -> str:
    return str(value.strftime("%Y-%m-%d %H:%M:%S UTC"))


def proposal_rows(found: Dossier) -> list[Row]:
    """Return the proposals: who, what, when, whether eligible, and what became of them."""
    counted, decided, awarded = counts_of(found), outcomes(found), awarded_to(found)
    budgets: Counter[str] = Counter()
    for line in found.budget:
        budgets[line.proposal] += line.total_minor
    rows = []
    for one in found.proposals:
        checked = found.eligibility.get(one.id)
        rows.append(
            (
                one.code, one.applicant, one.title, one.language,
                None if one.is_hidden else one.country, one.region, one.starts_on, one.ends_on,
                one.requested_minor, one.submitted_at, one.submitted_number, one.sha256,
                one.lodged_by_id is not None, checked.verdict if checked else None,
                checked.is_override if checked else None,
                found.plain.given(checked.reason) if checked else None,
                counted[one.id], one.status, decided.get(one.id), awarded.get(one.id),
                int((one.requested_minor or 0) != budgets[one.code]),
            )
        )  # fmt: skip
    return rows


def code_rows(found: Dossier, language: str) -> list[Row]:
    """Return what the proposals declare, with labels."""
    return [
        (
            one.proposal, one.list_name, one.code,
            codelists.get(one.list_name).label(one.code, language), one.percent,
        )
        for one in found.codes
    ]  # fmt: skip


def budget_rows(found: Dossier) -> list[Row]:
    """Return the budget lines."""
    return [
        (
            one.proposal, one.category, one.number, one.description, one.unit, one.quantity,
            one.unit_cost_minor, one.duration, Decimal(one.share_bp) / 10_000, one.total_minor,
            one.objective, again, int(again != one.total_minor),
        )
        for one in found.budget
        for again in (line_total(one.quantity, one.unit_cost_minor, one.duration, one.share_bp),)
    ]  # fmt: skip


def score_rows(found: Dossier) -> list[Row]:
    """Return the reviews, a column for each criterion."""
    rows, weighted = [], weighted_again(found)
    for review in found.reviews:
        marks, again = found.scores.get(review.id, {}), weighted[review.id]
        given = tuple(marks[one.id].score if one.id in marks else None for one in found.criteria)
        rows.append(
            (
                review.proposal, review.alias, review.number, review.status,
                _counts(found, review), review.submitted_at, *given, review.weighted, again,
                found.plain.given(review.strengths), found.plain.given(review.weaknesses),
                found.plain.given(review.reason), _score_differs(found, review, again),
            )
        )  # fmt: skip
    return rows


def _score_differs(found: Dossier, review: Any, again: int | None) -> int:
    return int(review.weighted != again) + int(_counts(found, review) and again is None)


def mark_rows(found: Dossier) -> Iterator[Row]:
    """Yield every mark with its justification, and the row of scores that it stands in."""
    for row, review in enumerate(found.reviews, 1):
        marks = found.scores.get(review.id, {})
        for one in found.criteria:
            if one.id in marks:
                mark = marks[one.id]
                yield (
                    review.proposal, review.alias, review.number, one.number, one.title,
                    mark.score, found.plain(mark.justification), row, 0,
                )  # fmt: skip


def absence_rows(found: Dossier) -> list[Row]:
    """Return who took no part, and why: reviewers by pseudonym, board members by number."""
    rows: list[Row] = [
        (
            one.proposal, one.alias, one.status, one.kind, one.declared_at, 1,
            None if one.status == "conflicted" else found.plain.given(one.reason),
        )
        for one in found.conflicts
    ]  # fmt: skip
    return rows + [
        (one.proposal, one.board, "recused", None, None, one.recused, None)
        for one in found.recusals
    ]


def ranking_rows(found: Dossier) -> list[Row]:
    """Return the ranking as it was computed, best first, and the raw mean recomputed beside it."""
    codes = {one.id: one.code for one in found.proposals}
    agreed = {one.proposal_id: one.agreed for one in found.consensuses}
    counted, decided, weighted = found.counted, outcomes(found), weighted_again(found)
    order, frozen = ordered_by(found), found.scored_when_ranked
    places = [one for one in found.ranked if one.proposal_id in codes]
    scores = [_ordering(one, order, agreed.get(one.proposal_id)) for one in places]
    rank_of = ranks(scores)
    rows = []
    for one, score in zip(places, scores, strict=True):
        given = [weighted[r.id] for r in counted.get(one.proposal_id, ())]
        mean, place = mean_of(given), rank_of[score]
        reviews = frozen[one.proposal_id]
        differs = int(one.raw != mean.hundredths) + int(reviews != mean.count)
        own = () if order is None else (score, place)
        rows.append(
            (
                f"={one.rank}" if one.is_tied else str(one.rank), codes[one.proposal_id],
                one.raw, mean.hundredths, one.adjusted, one.low_rank, one.high_rank,
                reviews, one.divergence, agreed.get(one.proposal_id),
                decided.get(one.proposal_id), *own,
                differs + int(order is not None and one.rank != place),
            )
        )  # fmt: skip
    return rows


def _ordering(one: Any, order: str | None, agreed: int | None) -> int | None:
    """Return the score that orders a place of the ranking."""
    if order == "adjusted":
        return one.adjusted  # type: ignore[no-any-return]
    return agreed if order == "agreed" and one.raw is not None and agreed is not None else one.raw


def ranks(scores: list[int | None]) -> dict[int | None, int]:
    """Return the rank of each score, best first; those without one share the last."""
    there = sorted((score for score in scores if score is not None), reverse=True)
    found: dict[int | None, int] = {None: len(there) + 1}
    for place, score in enumerate(there, 1):
        found.setdefault(score, place)
    return found


def consensus_rows(found: Dossier) -> list[Row]:
    """Return what reviewers who diverged agreed on."""
    return [
        (one.proposal, one.agreed, one.settled_at, found.plain(one.minutes))
        for one in found.consensuses
    ]


def board_rows(found: Dossier) -> list[Row]:
    """Return the boards that decided, with their minutes."""
    return [
        (
            one.code, found.plain(one.title), one.mode, one.meets_on, one.decide_by_at, one.quorum,
            one.status, one.closed_at, one.first_confirmed_at, one.second_confirmed_at,
            found.plain.given(one.minutes),
        )
        for one in found.boards
    ]  # fmt: skip


def item_rows(found: Dossier) -> list[Row]:
    """Return what was decided on each proposal, by how many votes."""
    recused = {one.item_id: one.recused for one in found.recusals}
    awarded = awarded_to(found)
    return [
        (
            one.board, one.number, one.proposal, one.outcome, one.amount_minor, one.place,
            one.basis, *(found.votes.get(one.id, {}).get(v, 0) for v in ("for", "against")),
            found.votes.get(one.id, {}).get("abstain", 0), recused.get(one.id, 0), one.status,
            one.promotion_confirmed_at, found.plain(_why(one)), found.plain.given(one.conditions),
            decided_by(one), _item_differs(found, one, awarded[one.proposal_id]),
        )
        for one in found.items
    ]  # fmt: skip


def _item_differs(found: Dossier, one: Any, awarded: int) -> int:
    decided, votes = decided_by(one), found.votes.get(one.id, {})
    lost = bool(decided) and votes.get("for", 0) <= votes.get("against", 0)
    is_out = one.status == "carried_out" and decided == "award"
    return int(lost) + int(is_out and (one.amount_minor or 0) != awarded)


def _why(item: Any) -> str:
    """Return the reason of an item, and why it was promoted out of its turn."""
    return "; ".join(one for one in (item.reason, item.promotion_reason) if one)


def award_rows(found: Dossier) -> list[Row]:
    """Return the grants that came of the proposals."""
    decided = carried_out(found)
    return [
        (
            one.code, one.proposal, one.awarded_on, one.awarded_minor, one.paid_minor, one.status,
            int(one.awarded_minor != decided[one.proposal_id]),
        )
        for one in found.awards
    ]  # fmt: skip


def lot_rows(found: Dossier) -> list[Row]:
    """Return what each award holds of whose money."""
    held: dict[tuple[str, str, str], dict[str, int]] = {}
    for one in found.money:
        amount = one.credit_minor if one.normal == "credit" else -one.credit_minor
        held.setdefault((one.grant, one.lot, one.donor), {})[one.kind] = amount
    return [
        (*key, kinds.get("reserved", 0), kinds.get("advance", 0)) for key, kinds in held.items()
    ]
