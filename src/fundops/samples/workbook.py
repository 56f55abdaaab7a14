"""A drawn sample as a workbook: what to test with the documents behind it, and back with results.

What was drawn is locked. The workbook is refused where an item, its code or its book amount is not
what was drawn; those cells are named. Other locked cells may have changed with the records behind
them, so they are only warned of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from fundops import money
from fundops.forms.declaration import Column, Field, Form, IdentityKey, Row, Section, Table
from fundops.forms.kinds import Kind, Money, Text, Whole
from fundops.forms.layout import FIRST_COLUMN, column_letters
from fundops.forms.parse import Filled, parse_in
from fundops.forms.problems import Problem
from fundops.messages import text
from fundops.samples.documents import Documents
from fundops.samples.schemas import SampleResultIn
from fundops.schemas import sentence_of, share_out

KIND, VERSION = "audit_sample", 1
"""The version rises whenever sheets, columns or their meaning change."""
MAX_SHOWN = 1_000
DRAWN = ("number", "code", "why", "amount")
"""Columns that were drawn, and so must come back as they went out."""
TRAIL = ("grant", "payee", "days", "signatures", "lots", "reference", "papers")
WIDTHS = {"number": 8, "why": 14, "units": 30, "amount": 16, "audited": 16, "remark": 50}
PARAMETERS = (
    "fund", "population", "as_of", "known_seq", "method", "risk", "risk_reason", "tolerable",
    "tolerable_reason", "expected", "expected_reason", "factors", "size", "interval", "start",
    "seed", "count", "total", "ledger", "beside", "difference", "difference_reason", "digest",
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A sample with its items and what stands behind them: all that its workbook shows."""

    sample: Any
    items: Sequence[Any]
    behind: Mapping[UUID, Documents]
    fund: str
    persons: Mapping[UUID, str]
    """Codes of who prepared, evaluated and reviewed it."""

    @property
    def currency(self) -> str:
        """The fund's currency."""
        return str(self.sample.base_currency)


def form_of(drawn: Drawn, language: str) -> Form:
    """Return the form of a drawn sample."""

    def say(key: str, **params: object) -> str:
        return text(f"samples.workbook.{key}", language, **params)

    fields = tuple(
        Field(key, say(key), Text(MAX_SHOWN), say(f"{key}.help"), locked=True) for key in PARAMETERS
    )
    amount = Money(drawn.currency, least=-money.MAX_MINOR)
    locked: tuple[tuple[str, Kind], ...] = (
        ("number", Whole()), ("code", Text()), ("why", Text()), ("units", Text()),
        ("amount", amount), *((key, Text(MAX_SHOWN)) for key in TRAIL),
    )  # fmt: skip
    columns = tuple(
        Column(key, say(f"column_{key}"), kind, say(f"column_{key}.help"), locked=True,
               width=WIDTHS.get(key, 24))
        for key, kind in locked
    )  # fmt: skip
    filled = (
        Column("audited", say("column_audited"), amount, say("column_audited.help"), required=True,
               width=WIDTHS["audited"]),
        Column("remark", say("column_remark"), Text(MAX_SHOWN), say("column_remark.help"),
               width=WIDTHS["remark"]),
    )  # fmt: skip
    rows = tuple(_row(drawn, one, language) for one in drawn.items)
    table = Table("items", say("items"), (*columns, *filled), rows=rows)
    return Form(
        kind=KIND,
        version=VERSION,
        title=say("title"),
        sections=(
            Section("items", say("items"), table=table, intro=say("items_intro")),
            Section("parameters", say("parameters"), fields=fields),
        ),
        language=language,
        identity=(IdentityKey("sample", say("id_sample")), IdentityKey("seed", say("id_seed"))),
        guide=(say("guide", code=drawn.sample.code), say("guide_send")),
    )


def identity_of(drawn: Drawn) -> dict[str, str]:
    """Return which sample a workbook belongs to."""
    return {"sample": drawn.sample.code, "seed": drawn.sample.seed}


def _row(drawn: Drawn, one: Any, language: str) -> Row:
    behind = drawn.behind.get(one.record_id, Documents())
    units = _units(drawn, one, language)
    shows = {
        "number": one.number, "code": one.code, "units": units, "amount": one.amount_minor,
        "why": text(f"samples.why.{one.why}", language),
        **{key: getattr(behind, key)[:MAX_SHOWN] or None for key in TRAIL},
    }  # fmt: skip
    return Row(str(one.number), shows)


def _units(drawn: Drawn, one: Any, language: str) -> str | None:
    """Return which monetary units an item holds, or its stratum, in words."""
    if one.point_minor is None:
        return one.stratum or None
    shown = {
        key: money.format_amount(getattr(one, f"{key}_minor"), drawn.currency)
        for key in ("first", "last", "point")
    }
    return text("samples.workbook.units", language, **shown)


def shown_values(drawn: Drawn, language: str) -> dict[str, Any]:
    """Return the workbook's values: the parameters, and results as far as they are recorded."""
    results = [{"audited": one.audited_minor, "remark": one.remark} for one in drawn.items]
    return {**parameters(drawn, language), "items": results}


def parameters(drawn: Drawn, language: str) -> dict[str, str | None]:
    """Return the parameters of a sample and how its population reconciles, in words."""
    its, currency = drawn.sample, drawn.currency

    def amount(minor: int | None) -> str | None:
        return None if minor is None else money.display(minor, currency)

    factors = its.confidence if its.expansion is None else f"{its.confidence} / {its.expansion}"
    difference = its.population_minor - its.ledger_minor - its.beside_minor
    return {
        "fund": drawn.fund,
        "population": text(f"samples.population.{its.population_kind}", language),
        "as_of": its.as_of_on.isoformat(),
        "known_seq": str(its.known_seq),
        "method": text(f"samples.method.{its.method}", language),
        "risk": share_out(its.risk_ppm),
        "risk_reason": its.risk_reason,
        "tolerable": amount(its.tolerable_minor),
        "tolerable_reason": its.tolerable_reason,
        "expected": amount(its.expected_minor),
        "expected_reason": its.expected_reason,
        "factors": factors,
        "size": str(its.size),
        "interval": amount(its.interval_minor),
        "start": amount(its.start_minor),
        "seed": its.seed,
        "count": str(its.population_count),
        "total": amount(its.population_minor),
        "ledger": amount(its.ledger_minor),
        "beside": amount(its.beside_minor),
        "difference": amount(difference),
        "difference_reason": its.difference_reason,
        "digest": its.population_digest,
    }


@dataclass(frozen=True)
class Returned:
    """A workbook that came back: its results, and every problem with its cell."""

    filled: Filled
    results: list[SampleResultIn]
    faults: list[Problem]
    language: str = "en"


def read_back(drawn: Drawn, raw: bytes, language: str) -> Returned:
    """Return what a workbook says of the items of a sample, with all that is wrong in it.

    Never raises for what is in the file; one of another sample is ``refused``.
    """
    form, filled = parse_in(lambda one: form_of(drawn, one), raw, identity_of(drawn), language)
    if filled.refused:
        return Returned(filled, [], [], form.language)
    results: list[SampleResultIn] = []
    faults = _tampered(form, filled)
    rows = filled.values.get("items") or []
    for at, (item, row) in enumerate(zip(drawn.items, rows, strict=True)):
        if row["audited"] is None:
            if row["remark"] is not None:
                said = text("samples.remark_alone", form.language)
                faults.append(filled.problem(f"/items/{at}/audited", said))
            continue
        if item.amount_minor > 0 > row["audited"]:
            said = text("samples.audited_negative", form.language)
            faults.append(filled.problem(f"/items/{at}/audited", said))
            continue
        try:
            results.append(
                SampleResultIn(
                    number=item.number, audited_minor=row["audited"], remark=row["remark"]
                )
            )
        except ValidationError as wrong:
            faults += [
                filled.problem(f"/items/{at}/remark", sentence_of(one) or one["msg"])
                for one in wrong.errors()
            ]
    return Returned(filled, results, faults, form.language)


def _tampered(form: Form, filled: Filled) -> list[Problem]:
    """Return the cells of what was drawn that no longer show it, and rows that are not ours."""
    [table] = form.tables()
    keys = [column.key for column in table.columns]
    drawn = {column_letters(FIRST_COLUMN + keys.index(key)) for key in DRAWN}
    sheet = filled.places["/items"].sheet if "/items" in filled.places else None
    said = text("samples.drawn_changed", form.language)
    return [
        Problem("drawn_changed", said, "error", one.sheet, one.cell)
        for one in filled.problems
        if one.code == "locked_changed"
        and one.sheet == sheet
        and (one.cell or "").rstrip("0123456789") in drawn
    ]


def unreadable(returned: Returned) -> list[Problem]:
    """Return what keeps a workbook from being taken; items not tested yet do not."""
    return [one for one in returned.filled.errors if one.code != "needed"] + returned.faults
