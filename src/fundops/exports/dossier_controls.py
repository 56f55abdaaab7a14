"""The controls of a dossier: what the sheets' formulas come to, against the records.

Some say what must hold between sheets (marks, scores, ranking; budgets and requests; awards and
the money behind them). The rest hold every cell with a mark, points or an amount, so that one
changed in the file afterwards turns a control.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add

from fundops.exports import Control, Figure, Integer, Money, count, total
from fundops.exports.dossier_columns import POINTS
from fundops.exports.dossier_data import Dossier
from fundops.messages import text


def controls_of(found: Dossier, language: str) -> list[Control]:
    """Return the controls of a dossier, with what the records hold."""
    return [*_between_sheets(found, language), *_cells(found, language)]


def _control(
    key: str, figure: Figure, expected: int, kind: Money | Integer, language: str, sheet: str = ""
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
    counted = [r.weighted for r in found.reviews if r.status == "submitted"]
    known = {one.id for one in found.proposals}
    carried = _sum(
        one.amount_minor
        for one in found.items
        if one.status == "carried_out"
        and (one.outcome == "award" or one.promotion_confirmed_at is not None)
    )
    # Of an award in force all but refunds lies with its lots; of one ended, what was paid does.
    held = sum(
        (one.awarded_minor if one.status == "awarded" else one.paid_minor) - one.refunded_minor
        for one in found.awards
    )
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


def _cells(found: Dossier, language: str) -> list[Control]:
    """Return one control for all points, and one for all amounts, of each sheet."""
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
    made = []
    for key, kind, held in (("cells_points", POINTS, points), ("cells_money", money, amounts)):
        for table, columns, expected in held:
            figure: Figure = reduce(add, (total(table, column) for column in columns))
            sheet = text(f"dossier.sheet.{table}", language)
            made.append(_control(key, figure, expected, kind, language, sheet))
    return made
