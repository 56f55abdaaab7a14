"""A release as a workbook: its frozen cells as they are told, and nothing that is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from fundops.calls import codelists
from fundops.exports import (
    Cell,
    Code,
    Column,
    Control,
    Controls,
    Grid,
    Guide,
    Kind,
    Overall,
    Sheet,
    Text,
    Workbook,
    total,
)
from fundops.exports import Integer as Whole
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.releases import queries
from fundops.releases.schemas import told

COLUMNS: tuple[tuple[str, Kind, float], ...] = (
    ("indicator", Code(), 12),
    ("name", Text(), 50),
    ("level", Code(), 10),
    ("unit", Code(), 24),
    ("period", Code(), 16),
    ("dimension", Code(), 14),
    ("code", Code(), 24),
    ("measure", Code(), 14),
    ("told", Text(), 14),
    ("count", Whole(), 12),
    ("at_least", Whole(), 12),
    ("at_most", Whole(), 12),
)


def release_workbook(db: Session, release: Any, language: str = "en") -> Workbook:
    """Return the cells of a release (a record or row) as a workbook."""
    return _Book(db, release, language).workbook()


class _Book:
    def __init__(self, db: Session, release: Any, language: str) -> None:
        self.release, self.language = release, language
        self.fund = db.get_one(Fund, release.fund_id)
        query = queries.cells(release.id).order_by(queries.CELLS.position)
        self.cells = db.execute(query).all()

    def workbook(self) -> Workbook:
        subject = f"{self.release.code} {self.fund.name}"
        source = self._say("source")
        columns = tuple(
            Column(key, self._say(key), kind, width, self._say(f"{key}.meaning"), source)
            for key, kind, width in COLUMNS
        )
        # No line of totals: the cells hold totals with their parts, and several indicators.
        sheet = Sheet(self._say("sheet.cells"), columns, self._rows, table_name="cells")
        shown = sum(one.low for one in self.cells if one.low == one.high)
        control = Control(
            self._say("control.count"), total("cells", "count"), shown, Whole(),
            self._say("control.count.meaning"),
        )  # fmt: skip
        return Workbook(
            title=self._say("title", subject=subject),
            subject=subject,
            sheets=(
                self._cover(subject),
                Controls(self._say("sheet.controls"), (control,)),
                sheet,
                Guide(self._say("sheet.guide")),
            ),
            language=self.language,
        )

    def _say(self, key: str, **facts: Any) -> str:
        return text(f"release_book.{key}", self.language, **facts)

    def _cover(self, subject: str) -> Grid:
        release = self.release
        facts: list[tuple[str, Any, Kind | None]] = [
            ("class", self._say(f"class.{release.class_name}"), None),
            ("as_of", release.as_of_on, None),
            ("threshold", release.threshold, Whole()),
            ("pattern", release.pattern_id, Code()),
            ("known", release.known_seq, Whole()),
            ("checks", Overall(), None),
        ]
        if release.withheld_at is not None:
            facts.append(("withheld", release.withheld_at, None))
        cells = [Cell("A1", self._say("title", subject=subject), look="title")]
        for row, (key, value, kind) in enumerate(facts, start=3):
            cells.append(Cell(f"A{row}", self._say(f"cover.{key}"), look="label"))
            cells.append(Cell(f"B{row}", value, kind))
        cells.append(Cell("A11", self._say("cover.note"), look="note"))
        return Grid(self._say("sheet.cover"), tuple(cells), widths={"A": 44.0, "B": 70.0})

    def _label(self, indicator: str) -> str | None:
        names = codelists.get("indicator")
        return names.label(indicator, self.language) if names.has(indicator) else None

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        for one in self.cells:
            yield (
                one.indicator, self._label(one.indicator), one.level,
                one.unit or None, one.period, one.dimension, one.code or None, one.measure,
                told(one.low, one.high), one.low if one.low == one.high else None, one.low,
                one.high,
            )  # fmt: skip
