"""The rows of a dossier's sheets, from what was gathered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from fundops import money
from fundops.calls import codelists
from fundops.exports.dossier_data import Dossier, texts_of
from fundops.messages import text
from fundops.reviews.scoring import mean_of

Row = tuple[Any, ...]


def outcomes(found: Dossier) -> dict[UUID, str]:
    """Return what became of each proposal: the last outcome that a board carried, or promotion."""
    return {
        item.proposal_id: "award" if item.promotion_confirmed_at is not None else item.outcome
        for item in found.items
        if item.status in ("carried", "carried_out")
    }


def criteria_rows(found: Dossier) -> list[Row]:
    """Return the criteria with their scales and anchors."""
    return [
        (
            one.number, one.kind, one.objective, one.title, Decimal(one.weight_bp) / 10_000,
            one.scale_min, one.scale_max, one.scale_step, one.best,
            "\n".join(f"{a['score']}: {a['text']}" for a in texts_of(one.anchors)),
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
        ("targets", call.targets), ("limits", call.limits),
    ]  # fmt: skip
    rows: list[Row] = [("term", name, value, None) for name, value in terms if value]
    rows += [("rule", one.kind, one.parameters, None) for one in found.rules]
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
            "question", "answered", found.plain(f"{one.question}\n{one.answer}"),
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
    counted, decided = found.counted, outcomes(found)
    awarded: dict[UUID, int] = {}
    for grant in found.awards:
        before = awarded.get(grant.proposal_id, 0)
        awarded[grant.proposal_id] = before + grant.awarded_minor
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
                len(counted.get(one.id, ())), one.status, decided.get(one.id),
                awarded.get(one.id),
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
            one.objective,
        )
        for one in found.budget
    ]  # fmt: skip


def score_rows(found: Dossier) -> list[Row]:
    """Return the reviews, a column for each criterion."""
    rows = []
    for review in found.reviews:
        marks = found.scores.get(review.id, {})
        given = tuple(marks[one.id].score if one.id in marks else None for one in found.criteria)
        rows.append(
            (
                review.proposal, review.alias, review.number, review.status,
                review.status == "submitted" and review.weighted is not None, review.submitted_at,
                *given, review.weighted, review.weighted,
                found.plain.given(review.strengths), found.plain.given(review.weaknesses),
                found.plain.given(review.reason),
            )
        )  # fmt: skip
    return rows


def mark_rows(found: Dossier) -> Iterator[Row]:
    """Yield every mark with its justification."""
    for review in found.reviews:
        marks = found.scores.get(review.id, {})
        for one in found.criteria:
            if one.id in marks:
                mark = marks[one.id]
                yield (
                    review.proposal, review.alias, review.number, one.number, one.title,
                    mark.score, found.plain(mark.justification),
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
    counted, decided = found.counted, outcomes(found)
    rows = []
    for one in found.ranked:
        if one.proposal_id not in codes:
            continue
        given = [r.weighted for r in counted.get(one.proposal_id, ()) if r.weighted is not None]
        rows.append(
            (
                f"={one.rank}" if one.is_tied else str(one.rank), codes[one.proposal_id],
                one.raw, mean_of(given).hundredths, one.adjusted, one.low_rank,
                one.high_rank, one.reviews, one.divergence, agreed.get(one.proposal_id),
                decided.get(one.proposal_id),
            )
        )  # fmt: skip
    return rows


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
    return [
        (
            one.board, one.number, one.proposal, one.outcome, one.amount_minor, one.place,
            one.basis, *(found.votes.get(one.id, {}).get(v, 0) for v in ("for", "against")),
            found.votes.get(one.id, {}).get("abstain", 0), recused.get(one.id, 0), one.status,
            one.promotion_confirmed_at, found.plain(_why(one)), found.plain.given(one.conditions),
        )
        for one in found.items
    ]  # fmt: skip


def _why(item: Any) -> str:
    """Return the reason of an item, and why it was promoted out of its turn."""
    return "\n".join(one for one in (item.reason, item.promotion_reason) if one)


def award_rows(found: Dossier) -> list[Row]:
    """Return the grants that came of the proposals."""
    return [
        (one.code, one.proposal, one.awarded_on, one.awarded_minor, one.paid_minor, one.status)
        for one in found.awards
    ]


def lot_rows(found: Dossier) -> list[Row]:
    """Return what each award holds of whose money."""
    held: dict[tuple[str, str, str], dict[str, int]] = {}
    for one in found.money:
        amount = one.credit_minor if one.normal == "credit" else -one.credit_minor
        held.setdefault((one.grant, one.lot, one.donor), {})[one.kind] = amount
    return [
        (*key, kinds.get("reserved", 0), kinds.get("advance", 0)) for key, kinds in held.items()
    ]
