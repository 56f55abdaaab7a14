"""The controls of a dossier: what the sheets' formulas come to, against the records.

Some say what must hold between sheets (marks, scores, ranking; budgets and requests; awards and
the money behind them), as sums and row by row, since a sum does not see two cells exchanged. The
rest hold every cell with a mark, points, an amount or a count, so that one changed in the file
afterwards turns a control.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add

from fundops.exports import Control, Figure, Formula, Integer, Money, count, total
from fundops.exports.dossier_columns import POINTS
from fundops.exports.dossier_data import Dossier
from fundops.exports.dossier_rows import counts_of
from fundops.exports.names import quoted
from fundops.grants.models import RESERVED
from fundops.messages import text

DIFFERING = ("proposals", "budget", "scores", "marks", "ranking", "items", "awards")
"""Tables whose rows are held against those of other tables."""
ENVELOPE_AT = "B6"
"""The cell of the cover with the envelope."""


def controls_of(found: Dossier, language: str) -> list[Control]:
    """Return the controls of a dossier, with what the records hold."""
    return [
        *_between_sheets(found, language),
        *_envelope(found, language),
        *(
            _control(
                "differs", total(table, "differs"), 0, Integer(), language,
                text(f"dossier.sheet.{table}", language),
            )
            for table in DIFFERING
        ),
        *_cells(found, language),
    ]  # fmt: skip


def _control(
    key: str,
    figure: Figure | Formula,
    expected: int,
    kind: Money | Integer,
    language: str,
    sheet: str = "",
) -> Control:
    return Control(
        text(f"dossier.control.{key}", language, sheet=sheet) if sheet
        else text(f"dossier.control.{key}", language),
        figure,
        expected,
        kind,
        text(f"dossier.control.{key}.meaning", language),
    )  # fmt: skip


def _sum(values: Iterable[int | None]) -> int:
    return sum(value or 0 for value in values)


def _between_sheets(found: Dossier, language: str) -> list[Control]:
    money = Money(currency=found.fund.base_currency)
    counted = [r.weighted for r in found.reviews if found.counts(r)]
    known = {one.id for one in found.proposals}
    carried = _sum(
        one.amount_minor
        for one in found.items
        if one.status == "carried_out"
        and (one.outcome == "award" or one.promotion_confirmed_at is not None)
    )
    held = _held(found)
    given: list[tuple[str, Figure, int, Money | Integer]] = [
        ("reviews", count("scores", {"counts": True}),
         sum(weighted is not None for weighted in counted), Integer()),
        ("weighted", total("scores", "recomputed", {"counts": True}), _sum(counted), POINTS),
        ("raw", total("ranking", "recomputed"),
         _sum(one.raw for one in found.ranked if one.proposal_id in known), POINTS),
        ("budget", total("budget", "total"), _sum(p.requested_minor for p in found.proposals),
         money),
        ("awarded", total("awards", "awarded"), carried, money),
        ("lots", total("lots", "reserved") + total("lots", "advanced"), held, money),
    ]  # fmt: skip
    return [_control(*one, language) for one in given]


def _held(found: Dossier) -> int:
    """Return what lies with the lots of awards in force, and what was paid of those ended."""
    return sum(
        (one.awarded_minor if one.status in RESERVED else one.paid_minor) - one.refunded_minor
        for one in found.awards
    )


def _envelope(found: Dossier, language: str) -> list[Control]:
    """Hold the envelope of the cover, and that no more was awarded."""
    envelope = found.call.envelope_minor
    if envelope is None:
        return []
    money = Money(currency=found.fund.base_currency)
    cell = f"{quoted(text('dossier.sheet.cover', language))}!{ENVELOPE_AT}"
    over = f"MAX(0,SUM(lots_reserved)+SUM(lots_advanced)-{cell})"
    excess = max(0, _held(found) - envelope)
    return [
        _control("envelope", Formula(cell, envelope), envelope, money, language),
        _control("excess", Formula(over, excess), 0, money, language),
    ]


def _cells(found: Dossier, language: str) -> list[Control]:
    """Return one control for all points, all amounts and all counts of each sheet."""
    money = Money(currency=found.fund.base_currency)
    marks = _sum(
        mark.score for review in found.reviews for mark in found.scores[review.id].values()
    )
    by_number = tuple(f"c{one.number}" for one in found.criteria)
    known = {one.id for one in found.proposals}
    places = [one for one in found.ranked if one.proposal_id in known]
    last_agreed = {
        one.proposal_id: one.agreed for one in found.consensuses if one.proposal_id in known
    }
    awarded = _sum(one.awarded_minor for one in found.awards)
    paid = _sum(one.paid_minor for one in found.awards)
    points: list[tuple[str, tuple[str, ...], int]] = [
        ("budget", ("quantity", "duration"),
         _sum(one.quantity + one.duration for one in found.budget)),
        ("scores", (*by_number, "weighted"),
         marks + _sum(one.weighted for one in found.reviews)),
        ("marks", ("score",), marks),
        ("ranking", ("raw", "adjusted", "divergence", "consensus"),
         _sum((p.raw or 0) + (p.adjusted or 0) + (p.divergence or 0)
              + (last_agreed.get(p.proposal_id) or 0) for p in places)),
        ("consensus", ("agreed",), _sum(one.agreed for one in found.consensuses)),
    ]  # fmt: skip
    amounts: list[tuple[str, tuple[str, ...], int]] = [
        ("proposals", ("requested", "awarded"),
         _sum(one.requested_minor for one in found.proposals) + awarded),
        ("budget", ("unit_cost",), _sum(one.unit_cost_minor for one in found.budget)),
        ("items", ("amount",), _sum(one.amount_minor for one in found.items)),
        ("awards", ("awarded", "paid"), awarded + paid),
    ]  # fmt: skip
    scored = found.scored_when_ranked
    votes = [found.votes.get(one.id, {}) for one in found.items]
    recused = {one.item_id: one.recused for one in found.recusals}
    counts: list[tuple[str, tuple[str, ...], int]] = [
        ("proposals", ("version", "reviews"),
         _sum(one.submitted_number for one in found.proposals) + sum(counts_of(found).values())),
        ("codes", ("percent",), _sum(one.percent for one in found.codes)),
        ("ranking", ("low_rank", "high_rank", "reviews"),
         _sum((p.low_rank or 0) + (p.high_rank or 0) + scored[p.proposal_id] for p in places)),
        ("items", ("votes_for", "votes_against", "abstentions", "recused"),
         sum(sum(one.values()) for one in votes)
         + sum(recused.get(one.id, 0) for one in found.items)),
    ]  # fmt: skip
    made = []
    for key, kind, held in (
        ("cells_points", POINTS, points),
        ("cells_money", money, amounts),
        ("cells_counts", Integer(), counts),
    ):
        for table, columns, expected in held:
            figure: Figure = reduce(add, (total(table, column) for column in columns))
            sheet = text(f"dossier.sheet.{table}", language)
            made.append(_control(key, figure, expected, kind, language, sheet))
    return made
