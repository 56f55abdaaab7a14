"""The donor statement's workbook, declared from the statement's data.

Figures on the cover and the controls are live formulas over the detail sheets; the controls
compare them with the ledger's dated totals, a second way to the same figure. One set of detail
sheets per base currency: amounts of different currencies are never added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fundops import money
from fundops.exports import (
    Cell,
    Control,
    Controls,
    Grid,
    Guide,
    Money,
    Overall,
    Sheet,
    Workbook,
    total,
)
from fundops.exports.formulas import Figure
from fundops.exports.statement_columns import columns
from fundops.exports.statement_rows import (
    SectionRows,
    event_rows,
    late_rows,
    register_rows,
    section_rows,
)
from fundops.messages import text
from fundops.tracing.changes import Changes
from fundops.tracing.entries import FLOWS, POSITIONS
from fundops.tracing.statement import DonorStatement, Section

DETAIL = (
    ("pledges", 1), ("agreements", 1), ("instalments", 1), ("reports", 1), ("receipts", 1),
    ("lots", 1), ("grants", 1), ("expenditure", 2), ("results", 2), ("lines", 1),
)  # fmt: skip
"""The detail sheets, each with the layout that it came with."""
TOTALS = {
    "pledges": ("base", "received_base", "difference"),
    "receipts": ("credited", "unmatched"),
    "lots": ("opening", "change", "closing", "available", "reserved", "provision",
             "operating_reserve"),
    "grants": ("reserved", "paid", "refunded", "paid_to_date", "refunded_to_date"),
    "expenditure": ("accepted", "accepted_to_date"),
    "lines": ("amount",),
    "late": ("amount",),
}  # fmt: skip
WIDTHS = {"A": 58.0, "B": 34.0, "C": 22.0, "D": 22.0, "E": 22.0, "F": 22.0}


@dataclass(frozen=True)
class Facts:
    """What the workbook states beside the statement: its instant, the chain's head, the ledger's
    own totals per fund and position, and what changed since the last statement.
    """

    known_at: datetime
    head_hash: bytes
    ledger: dict[str, dict[str, int]]
    changes: Changes | None


@dataclass(frozen=True)
class _Group:
    """The sections of one base currency, the suffix of their tables, and how they are laid out."""

    currency: str
    suffix: str
    sections: tuple[Section, ...]
    layout: int


def donor_workbook(found: DonorStatement, facts: Facts, language: str, layout: int) -> Workbook:
    """Return the workbook of a donor statement in a layout (``statements.LAYOUT``)."""
    groups = _groups(found, layout)
    sheets: list[Sheet] = []
    for group in groups:
        sheets += _detail(found, group, language)
    if found.events:
        sheets.append(
            Sheet(
                name=text("statement.sheet.events", language),
                columns=columns("events", language),
                rows=event_rows(found),
                table_name="events",
            )
        )
    if facts.changes is not None:
        sheets += _change_sheets(facts.changes, groups, language)
    name = text("statement.sheet.controls", language)
    controls = _controls(facts, groups, language)
    ends = (Controls(name, tuple(controls)),) if controls else ()
    guide = Guide(text("statement.sheet.guide", language))
    cover = _Cover(found, facts, groups, language).grid(bool(controls))
    question = found.question
    return Workbook(
        title=text("statement.title", language, donor=found.donor.name),
        subject=text(
            "statement.subject",
            language,
            donor=found.donor.name,
            from_on=question.from_on,
            as_of_on=question.as_of_on,
        ),
        sheets=(cover, *ends, *sheets, guide),
        language=language,
    )


def _groups(found: DonorStatement, layout: int) -> list[_Group]:
    by_currency: dict[str, list[Section]] = {}
    for section in found.sections:
        by_currency.setdefault(section.fund.base_currency, []).append(section)
    several = len(by_currency) > 1
    return [
        _Group(
            currency,
            f"_{currency.lower()}" if several else "",
            tuple(by_currency[currency]),
            layout,
        )
        for currency in sorted(by_currency)
    ]


def _detail(found: DonorStatement, group: _Group, language: str) -> list[Sheet]:
    rows = [section_rows(found, section, language) for section in group.sections]
    return [
        _sheet(table, group, _joined(rows, table), language)
        for table, since in DETAIL
        if group.layout >= since
    ]


def _joined(rows: Iterable[SectionRows], table: str) -> list[tuple[object, ...]]:
    return [row for one in rows for row in getattr(one, table)]


def _sheet(table: str, group: _Group, rows: Sequence[tuple[object, ...]], language: str) -> Sheet:
    name = text(f"statement.sheet.{table}", language)
    return Sheet(
        name=f"{name} {group.currency}" if group.suffix else name,
        columns=columns(table, language),
        rows=rows,
        table_name=table + group.suffix,
        currency=group.currency,
        totals=TOTALS.get(table, ()),
    )


def _change_sheets(changes: Changes, groups: Sequence[_Group], language: str) -> list[Sheet]:
    sheets = [
        _sheet("late", group, late_rows(changes, group.sections, language), language)
        for group in groups
    ]
    if groups:
        sheets.append(
            Sheet(
                name=text("statement.sheet.registers", language),
                columns=columns("registers", language),
                rows=register_rows(changes),
                table_name="registers",
            )
        )
    return sheets


def _flow(group: _Group, fund: str, flow: str) -> Figure:
    return total("lines" + group.suffix, "amount", {"fund": fund, "flow": flow})


def _opening(group: _Group, fund: str) -> Figure:
    return total("lots" + group.suffix, "opening", {"fund": fund})


def _closing(group: _Group, fund: str) -> Figure:
    figure = _opening(group, fund)
    for flow in (*FLOWS, "internal"):
        figure = figure + _flow(group, fund, flow)
    return figure


def _controls(facts: Facts, groups: Sequence[_Group], language: str) -> list[Control]:
    made: list[Control] = []
    for group in groups:
        for section in group.sections:
            made += _section_controls(group, section, facts, language)
        if facts.changes is not None:
            late = sum(
                one.entry.amount_minor
                for one in facts.changes.late
                if any(one.entry.lot_id in {lot.id for lot in s.lots} for s in group.sections)
            )
            made.append(
                Control(
                    text("statement.control.late", language, code=facts.changes.since.code),
                    total("late" + group.suffix, "amount"),
                    late if len(groups) > 1 else _difference(facts.changes),
                    Money(currency=group.currency),
                    text("statement.control.late.meaning", language),
                )
            )
    return made


def _difference(changes: Changes) -> int:
    return changes.after_minor - changes.before_minor


def _section_controls(
    group: _Group, section: Section, facts: Facts, language: str
) -> list[Control]:
    fund, kind = section.fund.code, Money(currency=group.currency)
    ledger = facts.ledger[fund]
    lots, grants = "lots" + group.suffix, "grants" + group.suffix
    held = sum(ledger.get(account, 0) for account in POSITIONS)

    def control(key: str, figure: Figure, expected: int, **params: str) -> Control:
        return Control(
            text(f"statement.control.{key}", language, fund=fund, **params),
            figure,
            expected,
            kind,
            text(f"statement.control.{key}.meaning", language),
        )

    made = [
        control(
            "flow", _flow(group, fund, flow), amount,
            flow=text(f"statement.flow.{flow}", language),
        )
        for flow, amount in section.flows.items()
    ]  # fmt: skip
    made += [
        control(
            "position", total(lots, position, {"fund": fund}), ledger.get(account, 0),
            position=text(f"statement.position.{position}", language),
        )
        for account, position in POSITIONS.items()
    ]  # fmt: skip
    made.append(control("closing", _closing(group, fund), held))
    made.append(control("lots", total(lots, "closing", {"fund": fund}), held))
    made.append(
        control("grants", total(grants, "paid", {"fund": fund}), -section.flows["payments"])
    )
    if group.layout >= 2:
        figure = total("expenditure" + group.suffix, "accepted_to_date", {"fund": fund})
        made.append(control("expenditure", figure, _cleared(section, ledger)))
    credited = sum(
        lot.amount_minor for lot in section.lots if lot.kind == "receipt" and lot.status == "open"
    )
    made.append(
        control("credited", total("receipts" + group.suffix, "credited", {"fund": fund}), credited)
    )
    return made


def _cleared(section: Section, ledger: dict[str, int]) -> int:
    """Return what was accepted of the donor's part of advances, by the ledger's dated totals."""
    paid = sum(use["paid_to_date"] - use["refunded_to_date"] for use in section.uses.values())
    return paid - section.given_up_minor + ledger.get("advance", 0)


class _Cover:
    """Lays out the cover: what is asked, what the answer is, and whether it holds."""

    def __init__(
        self, found: DonorStatement, facts: Facts, groups: Sequence[_Group], language: str
    ) -> None:
        self.found, self.facts, self.groups, self.language = found, facts, groups, language
        self.cells: list[Cell] = []
        self.row = 1

    def say(self, key: str, **params: object) -> str:
        return text(f"statement.cover.{key}", self.language, **params)

    def put(self, label: str, *more: Cell, look: str = "label") -> None:
        self.cells.append(Cell(f"A{self.row}", label, look=look))  # type: ignore[arg-type]
        self.cells.extend(more)
        self.row += 1

    def grid(self, has_controls: bool) -> Grid:
        """Return the cover."""
        self.scope(has_controls)
        for group in self.groups:
            for section in group.sections:
                self.section(group, section)
        if not self.groups:
            self.put(self.say("nothing"), look="note")
        self.since()
        self.row += 1
        guide = text("statement.sheet.guide", self.language)
        self.cells.append(
            Cell(f"A{self.row}", self.say("note", guide=guide), look="wrapped", across=6)
        )
        name = text("statement.sheet.cover", self.language)
        return Grid(name, tuple(self.cells), widths=WIDTHS)

    def scope(self, has_controls: bool) -> None:
        question, facts = self.found.question, self.facts
        title = text("statement.title", self.language, donor=self.found.donor.name)
        self.put(title, look="title")
        self.row += 1
        codes = ", ".join(section.fund.code for section in self.found.sections)
        scope = codes if question.fund_id is not None else self.say("all_funds")
        period = self.say("period_value", from_on=question.from_on, as_of_on=question.as_of_on)
        for key, value in (
            ("donor", f"{self.found.donor.code} {self.found.donor.name}"),
            ("fund", scope),
            ("period", period),
            ("known_at", facts.known_at),
            ("known_seq", str(question.known_seq)),
            ("head", facts.head_hash.hex()),
        ):
            self.put(self.say(key), Cell(f"B{self.row}", value))
        if has_controls:
            self.put(self.say("checks"), Cell(f"B{self.row}", Overall()))

    def section(self, group: _Group, section: Section) -> None:
        fund, kind = section.fund.code, Money(currency=group.currency)
        self.row += 1
        label = self.say("section", fund=f"{fund} {section.fund.name}", currency=group.currency)
        self.put(label, look="subtitle")
        self.put(
            self.say("opening"), Cell(f"B{self.row}", _opening(group, fund), kind, look="total")
        )
        for flow, amount in section.flows.items():
            if amount or flow in ("receipts", "payments"):
                self.put(
                    text(f"statement.flow.{flow}", self.language),
                    Cell(f"B{self.row}", _flow(group, fund, flow), kind),
                    look="plain",
                )
        self.put(
            self.say("closing"), Cell(f"B{self.row}", _closing(group, fund), kind, look="total")
        )
        self.put(
            self.say("exact"),
            Cell(f"B{self.row}", money.display(section.closing_minor, group.currency)),
            look="plain",
        )
        self.put(self.say("of_which"), look="note")
        for position in POSITIONS.values():
            figure = total("lots" + group.suffix, position, {"fund": fund})
            self.put(
                text(f"statement.position.{position}", self.language),
                Cell(f"B{self.row}", figure, kind),
                look="plain",
            )
        if group.layout >= 2:
            figure = total("expenditure" + group.suffix, "accepted", {"fund": fund})
            self.put(self.say("expenditure"), Cell(f"B{self.row}", figure, kind))
        if section.fund_opening_minor:
            self.put(
                self.say("fund_opening"),
                Cell(f"B{self.row}", section.fund_opening_minor, kind),
                look="note",
            )
        if section.withheld:
            hidden = total("lines" + group.suffix, "amount", {"fund": fund, "withheld": True})
            self.put(self.say("withheld"), Cell(f"B{self.row}", hidden, kind), look="note")

    def since(self) -> None:
        changes = self.facts.changes
        self.row += 1
        if changes is None:
            self.put(self.say("since_none"), look="note")
            return
        since = changes.since
        known = since.known_at.strftime("%Y-%m-%d %H:%M:%S UTC")
        self.put(
            self.say(
                "since", code=since.code, from_on=since.from_on, as_of_on=since.as_of_on,
                known_at=known,
            ),
            look="subtitle",
        )  # fmt: skip
        if len(self.groups) != 1:
            return
        group = self.groups[0]
        kind, day = Money(currency=group.currency), since.as_of_on
        sheet = text("statement.sheet.late", self.language)
        self.put(self.say("since_before", as_of_on=day),
                 Cell(f"B{self.row}", changes.before_minor, kind))  # fmt: skip
        self.put(self.say("since_late", sheet=sheet),
                 Cell(f"B{self.row}", total("late" + group.suffix, "amount"), kind))  # fmt: skip
        self.put(self.say("since_after", as_of_on=day),
                 Cell(f"B{self.row}", changes.after_minor, kind))  # fmt: skip
