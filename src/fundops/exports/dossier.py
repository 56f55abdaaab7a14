"""The dossier: one workbook that explains how a call, or one proposal of it, was decided.

Weighted scores and raw means are recomputed in the sheets by live formulas from the marks; the
controls hold them, the budgets and the awards against the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.calls.models import Call
from fundops.exports import (
    Cell,
    Controls,
    Grid,
    Guide,
    Money,
    Overall,
    Sheet,
    Workbook,
    count,
    total,
)
from fundops.exports import dossier_rows as rows
from fundops.exports.dossier_columns import TOTALS, WIDE, columns
from fundops.exports.dossier_controls import ENVELOPE_AT, controls_of
from fundops.exports.dossier_data import Dossier, gather
from fundops.messages import text

WIDTHS = {"A": 44.0, "B": 72.0}
"""The second holds a hash in one line."""
FROZEN = {"ranking": 2, "marks": 2}
"""First columns kept in sight: rank and proposal, proposal and reviewer."""
NOTES = ("note_names", "note_missing", "note_adjusted")


def dossier_workbook(
    db: Session, actor: Actor | None, call: Call, proposal_id: UUID | None, language: str = "en"
) -> Workbook:
    """Return the dossier of a call, or of one of its proposals, as ``actor`` may read it."""
    found = gather(db, actor, call, proposal_id)
    made: dict[str, Callable[[], Iterable[Any]]] = {
        "criteria": lambda: rows.criteria_rows(found),
        "terms": lambda: rows.term_rows(found, language),
        "proposals": lambda: rows.proposal_rows(found),
        "codes": lambda: rows.code_rows(found, language),
        "budget": lambda: rows.budget_rows(found),
        "scores": lambda: rows.score_rows(found),
        "marks": lambda: rows.mark_rows(found),
        "absences": lambda: rows.absence_rows(found),
        "ranking": lambda: rows.ranking_rows(found),
        "consensus": lambda: rows.consensus_rows(found),
        "boards": lambda: rows.board_rows(found),
        "items": lambda: rows.item_rows(found),
        "awards": lambda: rows.award_rows(found),
        "lots": lambda: rows.lot_rows(found),
    }
    sheets = [_sheet(found, table, made[table], language) for table in made]
    controls = Controls(
        text("dossier.sheet.controls", language), tuple(controls_of(found, language))
    )
    subject = _subject(found)
    return Workbook(
        title=text("dossier.title", language, subject=subject),
        subject=subject,
        sheets=(
            _cover(found, language),
            controls,
            *sheets,
            Guide(text("dossier.sheet.guide", language)),
        ),
        language=language,
    )


def _subject(found: Dossier) -> str:
    if found.proposal_id is None or not found.proposals:
        return f"{found.call.code} {found.call.title}"
    return f"{found.proposals[0].code} {found.proposals[0].title}"


def _sheet(found: Dossier, table: str, made: Callable[[], Iterable[Any]], language: str) -> Sheet:
    currency, order = found.fund.base_currency, rows.ordered_by(found)
    given = columns(table, language, currency, found.criteria, order)
    return Sheet(
        name=text(f"dossier.sheet.{table}", language),
        columns=given,
        rows=made,
        table_name=table,
        currency=currency,
        freeze_columns=FROZEN.get(table, 1 if len(given) > WIDE else 0),
        totals=TOTALS.get(table, ()),
    )


def _cover(found: Dossier, language: str) -> Grid:
    def say(key: str) -> str:
        return text(f"dossier.cover.{key}", language)

    call, money = found.call, Money(currency=found.fund.base_currency)
    ranking = found.ranking
    facts: list[tuple[str, Cell]] = [
        (say("call"), Cell("B3", f"{call.code} {call.title}")),
        (say("fund"), Cell("B4", f"{found.fund.code} {found.fund.name}")),
        (say("deadline"), Cell("B5", call.deadline_at)),
        (say("envelope"), Cell(ENVELOPE_AT, call.envelope_minor, money)),
        (say("status"), Cell("B7", call.status)),
        (say("proposals"), Cell("B8", count("proposals"))),
        (say("reviews"), Cell("B9", count("scores", {"counts": True}))),
        (say("requested"), Cell("B10", total("proposals", "requested"), money)),
        (say("awarded"), Cell("B11", total("awards", "awarded"), money)),
        (say("ranked_at"), Cell("B12", None if ranking is None else ranking.computed_at)),
        (say("ranking"), Cell("B13", None if ranking is None else ranking.sha256)),
        (say("known_seq"), Cell("B14", found.known_seq)),
        (say("head"), Cell("B15", found.head_hash.hex())),
        (say("checks"), Cell("B16", Overall())),
    ]
    title = text("dossier.title", language, subject=_subject(found))
    cells = [Cell("A1", title, look="title")]
    for row, (label, cell) in enumerate(facts, start=3):
        cells += [Cell(f"A{row}", label, look="label"), cell]
    cells += [Cell(f"A{row}", say(note), look="note") for row, note in enumerate(NOTES, start=18)]
    return Grid(text("dossier.sheet.cover", language), tuple(cells), widths=WIDTHS)
