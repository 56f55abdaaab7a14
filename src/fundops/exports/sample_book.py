"""The evaluation of an audit sample as a workbook: every figure a live formula over the items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from fundops import money
from fundops.exports import Cell, Controls, Grid, Guide, Money, Overall, Sheet, Workbook, total
from fundops.exports.formulas import Figure
from fundops.exports.kinds import Code, Computed, Integer, Rate, Share, Text
from fundops.exports.specs import Spec, described
from fundops.exports.workbook import Control
from fundops.messages import text
from fundops.samples.outcome import evaluation_of, outcome, strata_of
from fundops.samples.workbook import PARAMETERS, Drawn, parameters
from fundops.sampling.evaluation import Side
from fundops.sampling.factors import confidence_factor
from fundops.sampling.rounding import nearest

WIDTHS = {"A": 44.0, "B": 70.0}
Row = tuple[Any, ...]


@dataclass(frozen=True)
class SampleBook:
    """A tested sample on its way to a workbook."""

    drawn: Drawn
    language: str = "en"

    @property
    def sample(self) -> Any:
        """The sample's row."""
        return self.drawn.sample

    @property
    def kind(self) -> Money:
        """The fund's money."""
        return Money(currency=self.drawn.currency)

    @property
    def is_units(self) -> bool:
        """Whether monetary units were sampled."""
        return bool(self.sample.method == "monetary_unit")

    def say(self, key: str, **params: Any) -> str:
        """Return a sentence of this workbook."""
        return text(f"sample_book.{key}", self.language, **params)


def evaluation_workbook(book: SampleBook) -> Workbook:
    """Return the evaluation of a sample of which every item was tested."""
    controls = tuple(_controls(book))
    return Workbook(
        title=book.say("title", code=book.sample.code),
        subject=book.say("subject", on=book.sample.as_of_on),
        sheets=(
            _summary(book),
            Guide(book.say("sheet.guide")),
            Controls(book.say("sheet.controls"), controls),
            *(_sheet(book, table) for table in _tables(book)),
        ),
        language=book.language,
    )


def _tables(book: SampleBook) -> tuple[str, ...]:
    return ("items", "over", "under") if book.is_units else ("items", "strata")


def _sheet(book: SampleBook, table: str) -> Sheet:
    columns, totals = _columns(book)[table]
    prefix = "sample_book.over" if table == "under" else f"sample_book.{table}"
    return Sheet(
        name=book.say(f"sheet.{table}"),
        columns=described(prefix, columns, book.language),
        rows=lambda: _rows(book, table),
        table_name=table,
        currency=book.drawn.currency,
        totals=totals,
    )


def _columns(book: SampleBook) -> dict[str, tuple[tuple[Spec, ...], tuple[str, ...]]]:
    places = money.exponent(book.drawn.currency)
    tainted = f"ROUND({{taint}}*{{interval}},{places})"
    allowed = f"ROUND({{increment}}*{{taint}}*{{interval}},{places})"
    lines: tuple[Spec, ...] = (
        ("rank", Integer(), 8), ("code", Code(), 26), ("book", Money(), 18),
        ("difference", Money(), 18),
        ("taint", Computed("IF({rank}=0,1,{difference}/{book})", Share()), 10),
        ("interval", Money(), 18),
        ("projection", Computed(f"IF({{rank}}=0,0,{tainted})", Money()), 18),
        ("increment", Rate(), 12), ("allowance", Computed(allowed, Money()), 18),
    )  # fmt: skip
    items: tuple[Spec, ...] = (
        ("number", Integer(), 8), ("code", Code(), 26), ("why", Code(), 14),
        ("stratum", Code(), 14), ("book", Money(), 18), ("audited", Money(), 18),
        ("difference", Computed("{book}-{audited}", Money()), 18),
        ("over", Computed("MAX({difference},0)", Money()), 18),
        ("under", Computed("MAX(-{difference},0)", Money()), 18), ("remark", Text(), 50),
    )  # fmt: skip
    strata: tuple[Spec, ...] = (
        ("stratum", Code(), 14), ("items", Integer(), 10), ("tested", Integer(), 10),
        ("difference", Money(), 18),
        ("likely", Computed(f"ROUND({{items}}*{{difference}}/{{tested}},{places})", Money()), 18),
    )  # fmt: skip
    sums = ("projection", "allowance")
    return {
        "items": (items, ("book", "audited", "difference", "over", "under")),
        "over": (lines, sums),
        "under": (lines, sums),
        "strata": (strata, ("items", "tested", "difference", "likely")),
    }


def _rows(book: SampleBook, table: str) -> Iterable[Row]:
    match table:
        case "items":
            return _item_rows(book)
        case "strata":
            return _stratum_rows(book)
    found = evaluation_of(book.sample, book.drawn.items)
    return _lines(book, found.over if table == "over" else found.under)


def _item_rows(book: SampleBook) -> Iterator[Row]:
    for one in book.drawn.items:
        gap = one.amount_minor - one.audited_minor
        yield (
            one.number, one.code, one.why, one.stratum, one.amount_minor, one.audited_minor, gap,
            max(gap, 0), max(-gap, 0), one.remark,
        )  # fmt: skip


def _lines(book: SampleBook, side: Side) -> Iterator[Row]:
    """Yield basic precision as rank 0, then misstatements by taint, the highest first."""
    interval = book.sample.interval_minor
    risk = Decimal(book.sample.risk_ppm) / 1_000_000
    if side.basic_precision:
        factor = str(confidence_factor(0, risk))
        label = book.say("basic")
        yield (0, label, None, None, Decimal(1), interval, 0, factor, side.basic_precision)
    booked = {one.code: one.amount_minor for one in book.drawn.items}
    for line in side.lines:
        gap = nearest(line.taint * booked[line.key])
        taint = Decimal(line.taint.numerator) / Decimal(line.taint.denominator)
        yield (
            line.rank, line.key, booked[line.key], gap, taint, interval, line.projection,
            str(line.increment), line.allowance,
        )  # fmt: skip


def _stratum_rows(book: SampleBook) -> Iterator[Row]:
    for one in strata_of(book.sample, book.drawn.items):
        gap, tested = sum(one.differences), len(one.differences)
        likely = nearest(Fraction(one.items * gap, tested))
        yield one.name, one.items, tested, gap, likely


def _controls(book: SampleBook) -> Iterator[Control]:
    """Yield what holds the formulas: the sums of what was drawn and tested, and the outcome."""
    items = book.drawn.items
    drawn, audited = (
        sum(getattr(one, f"{name}_minor") for one in items) for name in ("amount", "audited")
    )
    yield _control(book, "book", total("items", "book"), drawn)
    yield _control(book, "audited", total("items", "audited"), audited)
    yield _control(book, "difference", total("items", "difference"), drawn - audited)
    both = total("items", "over") - total("items", "under")
    yield _control(book, "sides", both, drawn - audited)
    if not book.is_units:
        tested = total("items", "difference", {"why": "random"}) - total("strata", "difference")
        yield _control(book, "strata", tested, 0)
        return
    found = outcome(book.sample, items)
    for table, likely, upper in (
        ("over", found.likely, found.upper), ("under", found.under_likely, found.under_upper),
    ):  # fmt: skip
        known: Figure = total("items", table, {"why": "top_stratum"})
        known = known + total(table, "projection")
        assert likely is not None
        assert upper is not None
        yield _control(book, f"{table}_likely", known, likely)
        yield _control(book, f"{table}_upper", known + total(table, "allowance"), upper)
        gaps = total(table, "difference") - total("items", table, {"why": "interval"})
        yield _control(book, f"{table}_gaps", gaps, 0)
        rows = sum(
            one.amount_minor for one in items
            if one.why == "interval"
            and (one.amount_minor > one.audited_minor if table == "over"
                 else one.amount_minor < one.audited_minor)
        )  # fmt: skip
        yield _control(book, f"{table}_book", total(table, "book"), rows)


def _control(book: SampleBook, key: str, figure: Figure, expected: int) -> Control:
    meaning = book.say(f"control.{key}.meaning")
    return Control(book.say(f"control.{key}"), figure, expected, book.kind, meaning)


def _summary(book: SampleBook) -> Grid:
    """Return the first sheet: what was asked, and what the sample says."""
    cells = [Cell("A1", book.say("title", code=book.sample.code), look="title")]
    row = 3

    def put(label: str, value: Any, kind: Any = None) -> None:
        nonlocal row
        cells.append(Cell(f"A{row}", label, look="label"))
        cells.append(Cell(f"B{row}", value, None if isinstance(value, str) else kind))
        row += 1

    said = parameters(book.drawn, book.language)
    for key in PARAMETERS:
        if said[key] is not None:
            put(text(f"samples.workbook.{key}", book.language), said[key])
    row += 1
    for key, value in _outcome(book):
        put(book.say(key), value, book.kind)
    put(book.say("conclusion"), book.say("accepted" if _accepted(book) else "refused"))
    for key in ("prepared", "evaluated", "reviewed"):
        put(book.say(key), _person(book, f"{key}_by_id"))
    put(book.say("checks"), Overall())
    return Grid(book.say("sheet.summary"), tuple(cells), widths=WIDTHS)


def _person(book: SampleBook, column: str) -> str:
    found = book.drawn.persons.get(getattr(book.sample, column))
    return found or book.say("nobody")


def _accepted(book: SampleBook) -> bool:
    return outcome(book.sample, book.drawn.items).is_accepted


def _outcome(book: SampleBook) -> Iterator[tuple[str, Any]]:
    """Yield what the sample says: live for monetary units, else as it was computed."""
    found = outcome(book.sample, book.drawn.items)
    if book.is_units:
        for table in ("over", "under"):
            likely = total("items", table, {"why": "top_stratum"}) + total(table, "projection")
            yield f"{table}_likely", likely
            yield f"{table}_upper", likely + total(table, "allowance")
    else:
        yield "likely", found.likely
        yield "lower", found.lower
        yield "upper", found.upper
    yield "apart", found.apart
