"""A progress report as a workbook to fill in: its sheets, fields and tables, for its own terms.

Keys of rows begin with a letter, so that none is taken for a position: ``o4`` is objective 4,
``l3`` budget line 3, ``r2`` result 2, ``r2.female`` its row for one sex.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from fundops.calls import codelists
from fundops.forms.declaration import Column, Field, Form, IdentityKey, Row, Section, Table
from fundops.forms.kinds import Choice, Day, Kind, Money, Number, Option, Text, Whole, YesNo
from fundops.messages import text
from fundops.parties.confirmed_models import CONFIRMED_AS
from fundops.reports.checks import MAX_COUNT, MAX_NOTE, MAX_TEXT
from fundops.reports.content import METHODS, PROSE
from fundops.reports.dimensions import Dimension, dimensions
from fundops.reports.terms import AgreedResult, ReportTerms

KIND, VERSION = "progress_report", 1
"""The version rises whenever sheets, columns or their meaning change."""

SEX_AGE = "sex_age"
"""The dimension whose sheet has a row for each sex and a column for each age."""
MAX_ITEM, MAX_ITEMS = 300, 60
"""Characters of an item that is confirmed, and such items in one workbook."""

AMOUNT = Number(3, most=Decimal(10**12))
"""An amount of the grantee's currency, which is chosen in the workbook itself: its decimals are
checked once the currency is known."""
COUNT = Whole(0, MAX_COUNT)


@dataclass(frozen=True)
class Shown:
    """What the first sheet shows, and what was accepted before under each budget line."""

    grant: str
    report: str
    due_on: date
    accepted_minor: Mapping[int, int]


def form_of(terms: ReportTerms, shown: Shown, language: str) -> Form:
    """Return the form of a report under its terms, in ``language``."""
    words = _Words(terms, shown, language)
    sections = [words.about(), words.narrative()]
    if terms.asks_expenditure and terms.lines:
        sections.append(words.expenditure())
    if terms.asks_narrative and terms.results:
        sections.append(words.results())
        sections += words.breakdowns()
    sections.append(words.confirmations())
    return Form(
        kind=KIND,
        version=VERSION,
        title=words.say("title"),
        sections=tuple(sections),
        language=language,
        identity=(
            IdentityKey("grant", words.say("id_grant")),
            IdentityKey("report", words.say("id_report")),
        ),
        guide=(
            words.say("guide", code=shown.report, grant=shown.grant),
            words.say("guide_due", on=shown.due_on.isoformat()),
            words.say("guide_people"),
            words.say("guide_send"),
        ),
    )


def identity_of(shown: Shown) -> dict[str, str]:
    """Return the records that a workbook belongs to."""
    return {"grant": shown.grant, "report": shown.report}


def asking(terms: ReportTerms, dimension: str) -> tuple[AgreedResult, ...]:
    """Return the agreed results that are broken down in ``dimension``."""
    return tuple(one for one in terms.results if dimension in {d.name for d in one.asked})


def code_key(code: str) -> str:
    """Return the key of the column that counts what is under ``code``."""
    return f"n_{code}"


@cache
def currencies() -> Choice:
    """Return the choice of all currencies of ISO 4217 that have amounts."""
    from iso4217 import Currency

    codes = sorted(one.code for one in Currency if one.exponent is not None)
    return Choice(tuple(Option(code, code) for code in codes))


class _Words:
    """Makes the sections, in one language."""

    def __init__(self, terms: ReportTerms, shown: Shown, language: str) -> None:
        self.terms, self.shown, self.language = terms, shown, language

    def say(self, key: str, **params: object) -> str:
        return str(text(f"reports.workbook.{key}", self.language, **params))

    def label(self, list_name: str, code: str) -> str:
        return codelists.get(list_name).label(code, self.language)

    def field(self, key: str, kind: Kind, pointer: str = "", *, required: bool = False) -> Field:
        words = self.say(key), self.say(f"{key}_help")
        return Field(key, words[0], kind, words[1], required=required, pointer=pointer)

    def fact(self, key: str, kind: Kind) -> Field:
        return Field(key, self.say(key), kind, locked=True)

    def column(self, key: str, kind: Kind, *, required: bool = False, width: int = 0) -> Column:
        return Column(
            key,
            self.say(f"column_{key}"),
            kind,
            self.say(f"column_{key}_help"),
            required=required,
            width=width,
        )

    def given(self, key: str, kind: Kind, width: int = 0) -> Column:
        """Return a column that shows what is agreed or known."""
        return Column(key, self.say(f"column_{key}"), kind, locked=True, width=width)

    def sheet(self, key: str, columns: tuple[Column, ...], rows: tuple[Row, ...]) -> Section:
        """Return a sheet of one table with fixed rows."""
        counts = any(column.key.startswith("n_") for column in columns)
        note = self.say("counts_help") if counts else ""
        table = Table(key, self.say(key), columns, rows=rows, help=note)
        return Section(key, self.say(key), table=table, intro=self.say(f"{key}_intro"))

    def about(self) -> Section:
        fields = (
            self.fact("grant", Text()),
            self.fact("report", Text()),
            self.fact("starts_on", Day()),
            self.fact("ends_on", Day()),
            self.fact("is_final", YesNo(self.say("yes"), self.say("no"))),
            self.fact("base_currency", Text()),
        )
        return Section("about", self.say("about"), fields, intro=self.say("about_intro"))

    def narrative(self) -> Section:
        needed = self.terms.asks_narrative
        prose = Text(MAX_TEXT, lines=True)
        columns = (
            self.given("objective", Text(), 40),
            self.column("text", prose, required=needed, width=90),
        )
        rows = tuple(
            Row(f"o{number}", {"objective": f"{number}. {self.label('objective', str(number))}"})
            for number in self.terms.objectives
        )
        table = Table("narrative", self.say("by_objective"), columns, rows=rows) if rows else None
        fields = tuple(self.field(name, prose, required=needed) for name in PROSE)
        intro = self.say("narrative_intro")
        return Section("narrative", self.say("narrative"), fields, table, intro)

    def expenditure(self) -> Section:
        base = Money(self.terms.base_currency)
        columns = (
            self.given("line", Text(), 8),
            self.given("category", Text(), 26),
            self.given("description", Text(1_000), 40),
            self.given("authorised", base),
            self.given("accepted", base),
            self.column("amount", AMOUNT),
            self.column("requested", base),
            self.column("note", Text(MAX_NOTE, lines=True), width=50),
        )
        rows = tuple(
            Row(
                f"l{line.number}",
                {
                    "line": str(line.number),
                    "category": f"{line.category} {self.label('budget_category', line.category)}",
                    "description": line.description,
                    "authorised": line.authorised_minor,
                    "accepted": self.shown.accepted_minor.get(line.number, 0),
                },
            )
            for line in self.terms.lines
        )
        methods = Choice(tuple(Option(one, self.say(one)) for one in METHODS))
        fields = (
            self.field("currency", currencies(), required=True),
            self.field("method", methods),
        )
        table = Table("expenditure", self.say("lines"), columns, rows=rows)
        intro = self.say("expenditure_intro", currency=self.terms.base_currency)
        return Section("expenditure", self.say("expenditure"), fields, table, intro)

    def results(self) -> Section:
        columns = (
            self.given("result", Text(), 8),
            self.given("indicator", Text(), 50),
            self.given("agreed", Text(MAX_NOTE), 36),
            self.given("baseline", COUNT),
            self.given("target", COUNT),
            self.given("reached", Text()),
            self.column("numerator", COUNT, required=True),
            *([self.column("denominator", COUNT, required=True)] if self.has_ratios else ()),
            self.column("result_note", Text(MAX_NOTE, lines=True), width=50),
        )
        rows = tuple(self.result_row(one) for one in self.terms.results)
        return self.sheet("results", columns, rows)

    def result_row(self, one: AgreedResult) -> Row:
        shows = {
            "result": str(one.number),
            "indicator": f"{one.indicator} {self.label('indicator', one.indicator)}",
            "agreed": one.note,
            "baseline": one.baseline,
            "target": one.target,
            "reached": self.reached(one),
        }
        closed = self.has_ratios and not one.is_ratio
        return Row(f"r{one.number}", shows, frozenset({"denominator"} if closed else ()))

    @property
    def has_ratios(self) -> bool:
        return any(one.is_ratio for one in self.terms.results)

    def reached(self, one: AgreedResult) -> str | None:
        """Return what accepted reports on earlier periods come to, added as the indicator may be.

        Nothing where nothing was accepted yet, or where its figures are not comparable.
        """
        figures, numerators = one.earlier, [earlier.numerator for earlier in one.earlier]
        rule = codelists.get("indicator").entry(one.indicator).more["aggregation"]
        if not figures or rule == "none":
            return None
        if rule in {"sum", "new_persons"}:
            return str(sum(numerators))
        if rule == "maximum":
            return str(max(numerators))
        counted = figures if rule == "ratio" else figures[-1:]
        parts, wholes = (
            sum(earlier.numerator for earlier in counted),
            [earlier.denominator for earlier in counted if earlier.denominator is not None],
        )
        return self.say("of", part=parts, whole=sum(wholes)) if wholes else str(parts)

    def breakdowns(self) -> list[Section]:
        """Return a sheet for each dimension that a result of the agreement is broken down in."""
        made = []
        for dimension in dimensions().values():
            asked = asking(self.terms, dimension.name)
            if asked:
                sex_age = dimension.name == SEX_AGE
                made.append(self.sex_age(asked) if sex_age else self.codes(dimension, asked))
        return made

    def name_of(self, one: AgreedResult) -> str:
        return f"{one.number}. {self.label('indicator', one.indicator)}"

    def sex_age(self, asked: tuple[AgreedResult, ...]) -> Section:
        ages = codelists.get("age").codes
        counts = tuple(
            Column(code_key(age), self.label("age", age), COUNT, width=12) for age in ages
        )
        named = ",".join(f"{{{one.key}}}" for one in counts)
        total = Column(
            "total",
            self.say("column_total"),
            COUNT,
            self.say("column_total_help"),
            locked=True,
            computed=f'IF(COUNT({named})=0,"",SUM({named}))',
        )
        rows = tuple(
            Row(
                f"r{one.number}.{sex}",
                {"whose": self.name_of(one), "sex": self.label("sex", sex)},
            )
            for one in asked
            for sex in codelists.get("sex").codes
        )
        shown = (self.given("whose", Text(), 44), self.given("sex", Text(), 22))
        return self.sheet(SEX_AGE, (*shown, *counts, total), rows)

    def codes(self, dimension: Dimension, asked: tuple[AgreedResult, ...]) -> Section:
        counts = tuple(
            Column(code_key(code), self.code_label(dimension, code), COUNT, width=16)
            for code in dimension.codes
        )
        rows = tuple(Row(f"r{one.number}", {"whose": self.name_of(one)}) for one in asked)
        return self.sheet(dimension.name, (self.given("whose", Text(), 44), *counts), rows)

    def code_label(self, dimension: Dimension, code: str) -> str:
        known = codelists.get(dimension.name)
        return self.label(dimension.name, code) if known.has(code) else self.say("not_asked")

    def confirmations(self) -> Section:
        choices = Choice(tuple(Option(one, self.say(f"as_{one}")) for one in CONFIRMED_AS))
        columns = (
            self.column("item", Text(MAX_ITEM), required=True, width=60),
            self.column("as", choices, required=True, width=40),
        )
        table = Table("confirmations", self.say("confirmations"), columns, max_rows=MAX_ITEMS)
        return Section(
            "confirmations",
            self.say("confirmations"),
            table=table,
            intro=self.say("confirmations_intro"),
        )
