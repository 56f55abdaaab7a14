"""``read(profile, paths) -> Batch``: files in, canonical records and everything found out.

All or nothing for damage: one critical finding and no record leaves. Otherwise every row is either
a record or set aside with its reasons, and the control totals prove it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from fundops.imports import crosschecks, limits, rules
from fundops.imports.findings import Damage, Finding, damage, finding
from fundops.imports.iati import read_iati
from fundops.imports.mapping import Draft, Mapper
from fundops.imports.profile import Profile, load_profile
from fundops.imports.readers import RawRow, Table, read_table
from fundops.imports.records import YEAR_FIELDS, Record, TransactionRecord, schema
from fundops.imports.totals import ColumnTotal, column_totals
from fundops.messages import text


@dataclass(frozen=True)
class SourceFile:
    """One file of an import: what it was, to the byte, and how many data rows it has."""

    file: str
    form: str
    sha256: str
    size: int
    rows: int


@dataclass(frozen=True)
class SetAside:
    """A row that cannot be right: where it is, why, and every cell as it was written."""

    file: str
    row: int
    line: int | None
    key: str
    reasons: tuple[Finding, ...]
    source: Mapping[str, str]


@dataclass(frozen=True)
class Batch:
    """The outcome of reading. With a critical finding there are no records and no totals."""

    profile: str
    kind: str
    files: tuple[SourceFile, ...]
    records: tuple[Record, ...]
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    totals: tuple[ColumnTotal, ...]

    @property
    def critical(self) -> tuple[Finding, ...]:
        """The findings that stop the import."""
        return tuple(item for item in self.findings if item.severity == "critical")

    @property
    def rows(self) -> int:
        """Data rows of all files: always the records plus the rows set aside, unless critical."""
        return sum(file.rows for file in self.files)


@dataclass(frozen=True)
class SummaryLine:
    """One fund and year: how many records, and the sums of their base-currency money.

    Transactions have a sum per kind (``disbursement_minor``), the others one per amount field.
    """

    fund: str
    year: int
    count: int
    sums: Mapping[str, int]


def read(profile: Profile | str | Path, paths: Sequence[str | Path]) -> Batch:
    """Read files of one kind. Never raises for what a file holds: problems are findings.

    Raises ``ProfileError`` for a wrong profile and ``ValueError`` for no file or too many.
    """
    chosen = profile if isinstance(profile, Profile) else load_profile(profile)
    if not 1 <= len(paths) <= limits.MAX_FILES:
        raise ValueError(text("imports.file_count", limit=limits.MAX_FILES))
    tables: list[Table] = []
    found: list[Finding] = []
    for path in sorted(Path(item) for item in paths):
        try:
            tables.append(_open(chosen, path, found))
        except Damage as error:
            found.append(error.finding)
    names = [table.file for table in tables]
    found += [
        finding("critical", "file_twice", name)
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    if _stopped(found):
        return _refused(chosen, tables, found)
    try:
        return _Reading(chosen, tables, found).batch()
    except Damage as error:
        return _refused(chosen, tables, [*found, error.finding])


def _open(profile: Profile, path: Path, found: list[Finding]) -> Table:
    if profile.format == "iati":
        table = read_iati(path)
    else:
        table = read_table(path, delimiter=profile.delimiter, sheet=profile.sheet)
    found.extend(table.findings)
    found.extend(_check_columns(profile, table))
    if not table.rows:
        found.append(finding("warning", "no_rows", table.file))
    return table


def _check_columns(profile: Profile, table: Table) -> list[Finding]:
    expected = {*profile.columns, *profile.ignored}
    extra = [name for name in table.header if name not in expected]
    found = []
    for name in profile.required_columns:
        if name not in table.header:
            near = get_close_matches(name, extra, n=1, cutoff=0.6)
            code = "column_renamed" if near else "column_missing"
            near_name = near[0] if near else ""
            found.append(finding("critical", code, table.file, row=1, column=name, near=near_name))
    found += [
        finding("warning", "column_unknown", table.file, row=1, column=name)
        for name in extra
        if table.form != "iati"
    ]
    return found


def _stopped(found: Iterable[Finding]) -> bool:
    return any(item.severity == "critical" for item in found)


def _refused(profile: Profile, tables: Sequence[Table], found: Sequence[Finding]) -> Batch:
    files = tuple(_source_file(table) for table in tables)
    return Batch(profile.name, profile.kind, files, (), (), tuple(found), ())


def _source_file(table: Table) -> SourceFile:
    return SourceFile(table.file, table.form, table.sha256, table.size, len(table.rows))


class _Reading:
    """The state of reading undamaged tables: drafts, then records and rows set aside."""

    def __init__(self, profile: Profile, tables: list[Table], found: list[Finding]) -> None:
        self.mapper = Mapper(profile)
        self.profile = profile
        self.tables = tables
        self.found = found
        self.raws: dict[tuple[str, int], RawRow] = {}
        self.aside: dict[tuple[str, int], SetAside] = {}

    def batch(self) -> Batch:
        accepted = self._map_rows()
        accepted, refused, warned = crosschecks.settle_keys(self.profile, accepted)
        self.found += warned
        self._refuse(refused)
        refused, warned = crosschecks.between_rows(self.profile, accepted)
        self.found += warned
        self._refuse(refused)
        accepted = [item for item in accepted if (item.file, item.row) not in self.aside]
        totals = self._totals(accepted)
        if _stopped(self.found):
            return _refused(self.profile, self.tables, self.found)
        aside = tuple(self.aside[place] for place in sorted(self.aside))
        files = tuple(_source_file(table) for table in self.tables)
        profile = self.profile
        return Batch(
            profile.name, profile.kind, files, tuple(accepted), aside, tuple(self.found), totals
        )

    def _map_rows(self) -> list[Record]:
        accepted: list[Record] = []
        for table in self.tables:
            self._note_columns(table)
            for raw in table.rows:
                self.raws[table.file, raw.number] = raw
                draft = self.mapper.map(table, raw)
                if not draft.wrong:
                    rules.apply(self.mapper, draft)
                self.found += draft.findings
                if len(self.found) > limits.MAX_FINDINGS:
                    raise damage("too_many_findings", table.file, limit=limits.MAX_FINDINGS)
                if draft.wrong:
                    self._set_aside(draft)
                else:
                    accepted.append(self.mapper.record(draft))
        return accepted

    def _set_aside(self, draft: Draft) -> None:
        raw = draft.raw
        reasons = tuple(item for item in draft.findings if item.severity == "error")
        key = self.mapper.key(draft)
        self.aside[draft.file, raw.number] = SetAside(
            draft.file, raw.number, raw.line, key, reasons, dict(raw.cells)
        )

    def _refuse(self, refused: Iterable[crosschecks.Refused]) -> None:
        for record, reason in refused:
            self.found.append(reason)
            self.aside[record.file, record.row] = SetAside(
                record.file, record.row, record.line, record.key, (reason,), record.source
            )

    def _note_columns(self, table: Table) -> None:
        """One finding per column, not per row, for what holds for a whole column."""
        for name, rule in self.profile.fields.items():
            if rule.column is None:
                continue
            if self.mapper.shape[name].get("ident"):
                self._note_numbers(table, rule.column)
            if rule.seven_digits:
                self.found.append(
                    finding("warning", "seven_digits", table.file, column=rule.column)
                )

    def _note_numbers(self, table: Table, column: str) -> None:
        rows = [raw.number for raw in table.rows if raw.typed.get(column) == "number"]
        if rows:
            self.found.append(
                finding(
                    "warning",
                    "codes_as_numbers",
                    table.file,
                    row=rows[0],
                    column=column,
                    count=len(rows),
                )
            )

    def _totals(self, accepted: Sequence[Record]) -> tuple[ColumnTotal, ...]:
        result: list[ColumnTotal] = []
        for table in self.tables:
            ours = [record for record in accepted if record.file == table.file]
            aside = [self.raws[place] for place in self.aside if place[0] == table.file]
            if len(table.rows) != len(ours) + len(aside):
                self.found.append(finding("critical", "rows_lost", table.file))
            result += column_totals(self.mapper, table, ours, aside)
        for total in result:
            if not total.balanced:
                self.found.append(
                    finding("critical", "totals_differ", total.file, column=total.column)
                )
        return tuple(result)


def summary(batch: Batch) -> tuple[SummaryLine, ...]:
    """Return count and sums (base-currency minor units) per fund and year, in that order."""
    groups: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in batch.records:
        value = getattr(record, YEAR_FIELDS[batch.kind])
        year = value if isinstance(value, int) else value.year
        groups[record.fund_code, year].append(record)  # type: ignore[attr-defined]
    return tuple(
        SummaryLine(fund, year, len(group), _sums(batch.kind, group))
        for (fund, year), group in sorted(groups.items())
    )


def _sums(kind: str, group: Sequence[Record]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for record in group:
        for name, meta in schema(kind).items():
            amount: int | None = getattr(record, name)
            if meta["kind"] != "amount" or meta["currency"] != "currency" or amount is None:
                continue
            if isinstance(record, TransactionRecord):
                name = f"{record.kind}_minor"
            sums[name] = sums.get(name, 0) + amount
    return sums
