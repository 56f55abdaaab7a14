"""One raw row to one record's values, by a profile, with every problem of every cell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fundops import money
from fundops.imports import quirks, records
from fundops.imports.cells import Unreadable, Value, parse
from fundops.imports.findings import Finding, Severity, finding, shown
from fundops.imports.profile import FieldRule, Profile
from fundops.imports.readers import RawRow, Table

KEY_SEPARATOR = "|"


@dataclass
class Draft:
    """A row on its way to a record: its values so far and what was found in it."""

    file: str
    raw: RawRow
    values: dict[str, Any] = field(default_factory=dict)
    canonical: dict[str, str] = field(default_factory=dict)
    exact: dict[str, Decimal] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def report(
        self, severity: Severity, code: str, column: str | None = None, **facts: object
    ) -> None:
        """Add a finding about this row."""
        row, line = self.raw.number, self.raw.line
        self.findings.append(
            finding(severity, code, self.file, row=row, column=column, line=line, **facts)
        )

    @property
    def wrong(self) -> bool:
        """Whether the row must be set aside."""
        return any(item.severity == "error" for item in self.findings)


class Mapper:
    """A profile made ready to map rows: its quirks compiled, its fields in reading order."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.shape = records.schema(profile.kind)
        common = tuple(profile.quirks)
        self.clean = {
            name: quirks.chain((*common, *rule.quirks)) for name, rule in profile.fields.items()
        }
        self.tidy = quirks.chain(common)
        amounts = set(profile.amount_fields)
        self.order = sorted(profile.fields, key=lambda name: name in amounts)

    def column(self, name: str) -> str | None:
        """Return the source column of our field ``name``, if it has one."""
        rule = self.profile.fields.get(name)
        return None if rule is None else rule.column

    def cleaned(self, name: str, raw: RawRow) -> str:
        """Return the field's cell after its quirks; absent optional columns are blank."""
        rule = self.profile.fields[name]
        if rule.constant is not None:
            return rule.constant
        return self.clean[name](raw.cells.get(rule.column or "", ""))

    def currency_of(self, name: str, raw: RawRow) -> str:
        """Return the currency code of an amount field in ``raw`` as written, "" when blank."""
        holder = str(self.shape[name]["currency"])
        if holder not in self.profile.fields:
            return self.profile.currency
        return self.cleaned(holder, raw)

    def map(self, table: Table, raw: RawRow) -> Draft:
        """Return the draft of one row; unreadable and missing cells are among its findings."""
        draft = Draft(table.file, raw)
        draft.values["currency"] = self.profile.currency
        for name in self.order:
            self._fill(draft, name)
        return draft

    def _fill(self, draft: Draft, name: str) -> None:
        rule, meta = self.profile.fields[name], self.shape[name]
        try:
            value = self._parse(draft, name, rule, meta)
        except Unreadable as problem:
            draft.report("error", problem.code, rule.column, **problem.facts)
            draft.canonical[name] = ""
            return
        if meta["needed"] and value.value in (None, ""):
            draft.report("error", "needed", rule.column, field=name)
        self._store(draft, name, rule, meta, value)

    def _parse(self, draft: Draft, name: str, rule: FieldRule, meta: Mapping[str, Any]) -> Value:
        replaced = self._override(draft, rule)
        if replaced is not None:
            return replaced
        currency = self.currency_of(name, draft.raw) if meta["kind"] == "amount" else ""
        if currency and draft.canonical.get(str(meta["currency"]), currency) != currency:
            raise Unreadable("amount_currency_unknown")
        typed_date = draft.raw.typed.get(rule.column or "") == "date"
        text = self.cleaned(name, draft.raw)
        if rule.values and rule.unlisted == "keep" and text and text not in rule.values:
            draft.report("warning", "unlisted_value", rule.column, found=shown(text))
        return parse(text, rule, meta, currency=currency, typed_date=typed_date)

    def _override(self, draft: Draft, rule: FieldRule) -> Value | None:
        if rule.override is None:
            return None
        cell = self.tidy(draft.raw.cells.get(rule.override.column, ""))
        target = rule.override.values.get(cell)
        if target is None:
            return None
        draft.report("warning", "value_corrected", rule.column, by=shown(cell), value=target)
        return Value(target, target)

    def _store(
        self, draft: Draft, name: str, rule: FieldRule, meta: Mapping[str, Any], value: Value
    ) -> None:
        draft.canonical[name] = value.canonical
        if value.value is None and not meta["needed"]:
            return
        draft.values[name] = value.value
        if value.exact is None or value.value is None:
            return
        draft.exact[name] = value.exact
        exponent = money.exponent(self.currency_of(name, draft.raw))
        if value.exact != Decimal(value.value).scaleb(-exponent):
            currency = self.currency_of(name, draft.raw)
            booked = money.format_amount(value.value, currency)
            found = format(value.exact, "f")
            draft.report(
                "warning", "rounded", rule.column, found=found, booked=booked, currency=currency
            )
        derived = name.removesuffix("_minor") + "_rounding_minor"
        if rule.seven_digits and records.has_field(self.profile.kind, derived):
            draft.values[derived] = value.rounding_minor

    def key(self, draft: Draft) -> str:
        """Return the natural key: the canonical texts of the profile's key fields."""
        return KEY_SEPARATOR.join(draft.canonical.get(name, "") for name in self.profile.key)

    def record(self, draft: Draft) -> records.Record:
        """Return the record of a draft without errors."""
        return records.RECORD_KINDS[self.profile.kind](
            key=self.key(draft),
            file=draft.file,
            row=draft.raw.number,
            line=draft.raw.line,
            sha256=row_hash(self.profile.kind, draft.canonical),
            source=dict(draft.raw.cells),
            **draft.values,
        )


def row_hash(kind: str, canonical: Mapping[str, str]) -> str:
    """Return the SHA-256 of a row's canonical values, in order of field name."""
    content = [kind, sorted(canonical.items())]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
