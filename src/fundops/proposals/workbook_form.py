"""A proposal as a workbook to fill in: its sheets, fields and tables, for the terms of its call."""

from __future__ import annotations

from fundops.calls import codelists
from fundops.calls.models import Call
from fundops.forms.declaration import Column, Field, Form, IdentityKey, Row, Section, Table
from fundops.forms.kinds import Choice, Day, Money, Number, Option, Percentage, Text, Whole, YesNo
from fundops.messages import text
from fundops.money import exponent
from fundops.proposals.check_lines import (
    MAX_DESCRIPTION,
    MAX_NOTE,
    MAX_SOURCE,
    MAX_UNIT,
)
from fundops.proposals.checks import MAX_ANSWER, MAX_PLACE, MAX_SUMMARY, MAX_TITLE
from fundops.proposals.content import (
    ANSWERS,
    CODE_LISTS,
    MAX_COFUNDING,
    MAX_LINES,
    MAX_PLACES,
    MAX_RESULTS,
)
from fundops.proposals.models import Proposal
from fundops.proposals.terms import Terms, instant

KIND, VERSION = "proposal", 1
"""The version rises whenever sheets, columns or their meaning change."""


def form_of(terms: Terms, proposal: Proposal, language: str) -> Form:
    """Return the form of ``proposal`` under the terms of its call, in ``language``."""
    words = _Words(terms, language)
    return Form(
        kind=KIND,
        version=VERSION,
        title=words.say("title"),
        sections=(
            words.about(),
            words.places(),
            words.shares(),
            words.codes(),
            words.budget(),
            words.results(),
            words.cofunding(),
            words.answers(),
        ),
        language=language,
        identity=(
            IdentityKey("call", words.say("id_call")),
            IdentityKey("proposal", words.say("id_proposal")),
        ),
        guide=(
            words.say("guide", call=f"{terms.call.code} {terms.call.title}", code=proposal.code),
            words.say("guide_deadline", at=_deadline(terms.call, words)),
            words.say("guide_send"),
        ),
    )


def identity_of(terms: Terms, proposal: Proposal) -> dict[str, str]:
    """Return the records that a workbook of ``proposal`` belongs to."""
    return {"call": terms.call.code, "proposal": proposal.code}


def _deadline(call: Call, words: _Words) -> str:
    return instant(call.deadline_at) or words.say("no_deadline")


class _Words:
    """Makes the sections, in one language."""

    def __init__(self, terms: Terms, language: str) -> None:
        self.terms, self.language = terms, language

    def say(self, key: str, **params: object) -> str:
        return text(f"proposals.workbook.{key}", self.language, **params)

    def field(self, key: str, kind: object, pointer: str = "", *, required: bool = True) -> Field:
        return Field(
            key,
            self.say(key),
            kind,  # type: ignore[arg-type]
            self.say(f"{key}_help"),
            required=required,
            pointer=pointer,
        )

    def column(self, key: str, kind: object, *, required: bool = False, width: int = 0) -> Column:
        return Column(
            key,
            self.say(f"column_{key}"),
            kind,  # type: ignore[arg-type]
            self.say(f"column_{key}_help"),
            required=required,
            width=width,
        )

    def shown(self, key: str, width: int) -> Column:
        label = self.say(f"column_{key}")
        return Column(key, label, Text(1000), locked=True, width=width)

    def choice(self, list_name: str, codes: tuple[str, ...] | None = None) -> Choice:
        """Return a choice among the codes of a list, each shown with its code and label."""
        found = codelists.get(list_name)
        return Choice(
            tuple(
                Option(code, f"{code} {found.label(code, self.language)}"[:255])
                for code in (found.codes if codes is None else codes)
            )
        )

    def yes_no(self) -> YesNo:
        return YesNo(self.say("yes"), self.say("no"))

    def about(self) -> Section:
        taken = self.terms.languages or codelists.LANGUAGES
        languages = Choice(tuple(Option(one, self.say(f"language_{one}")) if one in
                           codelists.LANGUAGES else Option(one, one) for one in taken))  # fmt: skip
        return Section(
            "about",
            self.say("about"),
            fields=(
                self.field("title", Text(MAX_TITLE)),
                self.field("language", languages),
                self.field("summary", Text(MAX_SUMMARY, lines=True)),
                self.field("country", self.choice("country"), required=False),
                self.field("starts_on", Day()),
                self.field("ends_on", Day()),
            ),
        )

    def places(self) -> Section:
        columns = (
            self.column("region", self.choice("region"), width=40),
            self.column("place", Text(MAX_PLACE), width=40),
        )
        table = Table("places", self.say("places"), columns, max_rows=MAX_PLACES)
        return Section("where", self.say("places"), table=table, intro=self.say("places_intro"))

    def objectives(self) -> tuple[str, ...]:
        return tuple(str(number) for number in sorted(self.terms.objectives))

    def shares(self) -> Section:
        labels = codelists.get("objective")
        rows = tuple(
            Row(code, {"objective": f"{code} {labels.label(code, self.language)}"})
            for code in self.objectives()
        )
        columns = (self.shown("objective", 70), self.column("percent", Whole(0, 100)))
        table = Table("shares", self.say("shares"), columns, rows=rows)
        return Section("shares", self.say("shares"), table=table, intro=self.say("shares_intro"))

    def codes(self) -> Section:
        rows = tuple(
            Row(
                f"{name}.{code}",
                {
                    "list": self.say(f"list_{name}"),
                    "code": codelists.get(name).label(code, self.language),
                },
            )
            for name in CODE_LISTS
            for code in codelists.get(name).codes
        )
        columns = (self.shown("list", 30), self.shown("code", 60),
                   self.column("applies", self.yes_no()))  # fmt: skip
        table = Table("codes", self.say("codes"), columns, rows=rows)
        return Section("codes", self.say("codes"), table=table, intro=self.say("codes_intro"))

    def budget(self) -> Section:
        columns = (
            self.column("category", self.choice("budget_category"), required=True, width=30),
            self.column("description", Text(MAX_DESCRIPTION, lines=True), required=True, width=50),
            self.column("unit", Text(MAX_UNIT), required=True),
            self.column("quantity", Number(2), required=True),
            self.column("unit_cost", Money(self.terms.currency), required=True),
            self.column("duration", Number(2), required=True),
            self.column("share_charged", Percentage(2), required=True),
            self.column("for_objective", self.choice("objective", self.objectives()), width=40),
            Column(
                "total",
                self.say("column_total"),
                Money(self.terms.currency),
                self.say("column_total_help"),
                locked=True,
                computed=self.line_total(),
            ),
        )
        table = Table("budget", self.say("budget"), columns, max_rows=MAX_LINES)
        intro = self.say("budget_intro", currency=self.terms.currency)
        return Section("budget", self.say("budget"), table=table, intro=intro)

    def line_total(self) -> str:
        """Return the formula of what a line comes to, blank until all of it is there."""
        parts = "{quantity},{unit_cost},{duration},{share_charged}"
        product = parts.replace(",", "*")
        places = exponent(self.terms.currency)
        return f'IF(COUNT({parts})<4,"",ROUND({product},{places}))'

    def results(self) -> Section:
        columns = (
            self.column("indicator", self.choice("indicator"), required=True, width=60),
            self.column("baseline", Whole()),
            self.column("target", Whole(), required=True),
            self.column("note", Text(MAX_NOTE, lines=True), width=50),
        )
        table = Table("results", self.say("results"), columns, max_rows=MAX_RESULTS)
        return Section("results", self.say("results"), table=table, intro=self.say("results_intro"))

    def cofunding(self) -> Section:
        columns = (
            self.column("source", Text(MAX_SOURCE), required=True, width=40),
            self.column("amount", Number(4), required=True),
            self.column("currency", Text(3), required=True),
            self.column("is_secured", self.yes_no(), required=True),
        )
        table = Table("cofunding", self.say("cofunding"), columns, max_rows=MAX_COFUNDING)
        return Section("cofunding", self.say("cofunding"), table=table)

    def answers(self) -> Section:
        fields = tuple(
            self.field(name, Text(MAX_ANSWER, lines=True), f"/answers/{name}") for name in ANSWERS
        )
        return Section("answers", self.say("answers"), fields=fields)
