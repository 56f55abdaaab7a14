"""What must be true between rows of one import, and between imports.

Rows of one key, lines of one promise, payments of one project; then projects against rounds and
applications, and two sources of the same transactions against each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fundops import money
from fundops.imports.findings import Finding, Severity, finding, shown
from fundops.imports.profile import Profile
from fundops.imports.records import (
    ApplicationRecord,
    ContributionRecord,
    ProjectRecord,
    Record,
    RoundRecord,
    TransactionRecord,
)

Refused = tuple[Record, Finding]
"""A record that another one rules out, with the reason."""


def about(severity: Severity, code: str, record: Record, **facts: object) -> Finding:
    """Return a finding about a record's row."""
    return finding(
        severity, code, record.file, row=record.row, column=None, line=record.line, **facts
    )


def settle_keys(
    profile: Profile, drafts: Sequence[Record]
) -> tuple[list[Record], list[Refused], list[Finding]]:
    """Make keys unique: return the records kept, those refused, and warnings.

    A row repeated word for word counts once. Rows that differ under one key contradict each other
    and are all refused, unless the profile numbers them (``KEY#2``, in order of their hash).
    """
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in drafts:
        groups[record.key].append(record)
    kept: list[Record] = []
    refused: list[Refused] = []
    warned: list[Finding] = []
    for group in groups.values():
        distinct = _drop_repeats(group, refused)
        if len(distinct) == 1:
            kept += distinct
        elif profile.repeats == "refuse":
            refused += [(item, _contradiction(item, distinct)) for item in distinct]
        else:
            kept += _numbered(distinct, warned)
    return _in_source_order(kept, drafts), refused, warned


def _drop_repeats(group: list[Record], refused: list[Refused]) -> list[Record]:
    first: dict[str, Record] = {}
    for record in group:
        earlier = first.setdefault(record.sha256, record)
        if earlier is not record:
            where = {"other_file": earlier.file, "other_row": earlier.row}
            refused.append((record, about("error", "repeated_row", record, **where)))
    return list(first.values())


def _contradiction(record: Record, group: list[Record]) -> Finding:
    rows = ", ".join(f"{item.file} {item.row}" for item in group if item is not record)
    return about("error", "contradicting_rows", record, item=shown(record.key), rows=shown(rows))


def _numbered(group: list[Record], warned: list[Finding]) -> list[Record]:
    ordered = sorted(group, key=lambda record: record.sha256)
    result = [ordered[0]]
    for number, record in enumerate(ordered[1:], start=2):
        renamed = replace(record, key=f"{record.key}#{number}")
        warned.append(about("warning", "numbered_row", record, new_key=shown(renamed.key)))
        result.append(renamed)
    return result


def _in_source_order(kept: list[Record], drafts: Sequence[Record]) -> list[Record]:
    order = {(record.file, record.row): place for place, record in enumerate(drafts)}
    return sorted(kept, key=lambda record: order[record.file, record.row])


def between_rows(
    profile: Profile, accepted: Sequence[Record]
) -> tuple[list[Refused], list[Finding]]:
    """Return the records that others rule out, and warnings about rows that belong together."""
    check = _BETWEEN.get(profile.kind)
    return ([], []) if check is None else check(profile, accepted)


def _contributions(
    profile: Profile, accepted: Sequence[Record]
) -> tuple[list[Refused], list[Finding]]:
    groups: dict[str, list[ContributionRecord]] = defaultdict(list)
    for record in accepted:
        assert isinstance(record, ContributionRecord)
        groups[record.code].append(record)
    refused: list[Refused] = []
    warned: list[Finding] = []
    for lines in groups.values():
        if len({_promise(line) for line in lines}) > 1:
            refused += [(line, about("error", "lines_disagree", line)) for line in lines]
        elif profile.pledge_basis == "gross":
            warned += _paid_against_promise(lines)
    return refused, warned


def _promise(line: ContributionRecord) -> tuple[object, ...]:
    return (
        line.fund_code,
        line.donor_name,
        line.donor_type,
        line.fiscal_year,
        line.status,
        line.pledge_currency,
        line.pledge_local_minor,
    )


def _paid_against_promise(lines: list[ContributionRecord]) -> list[Finding]:
    first = lines[0]
    currency, promised = first.pledge_currency, first.pledge_local_minor
    if first.status == "written_off" or currency is None or promised is None:
        return []
    if any(line.paid_currency != currency for line in lines):
        return [about("warning", "paid_in_other_currency", first, currency=currency)]
    paid = sum(line.paid_local_minor or 0 for line in lines)
    if paid == promised:
        return []
    facts = {
        "paid": money.display(paid, currency),
        "promised": money.display(promised, currency),
        "lines": len(lines),
    }
    code = "part_paid" if first.status == "part_paid" else "paid_differs_from_promise"
    return [about("warning", code, first, **facts)]


def _transactions(
    profile: Profile, accepted: Sequence[Record]
) -> tuple[list[Refused], list[Finding]]:
    del profile
    projects: dict[str, list[TransactionRecord]] = defaultdict(list)
    vouchers: dict[str, list[TransactionRecord]] = defaultdict(list)
    for record in accepted:
        assert isinstance(record, TransactionRecord)
        projects[record.project_code].append(record)
        if record.kind == "disbursement":
            vouchers[record.ref].append(record)
    warned = [item for group in projects.values() for item in _project_payments(group)]
    for group in vouchers.values():
        if len({record.receiver for record in group}) > 1:
            warned += [about("warning", "shared_voucher", record) for record in group]
    return [], warned


def _project_payments(group: list[TransactionRecord]) -> list[Finding]:
    committed = [record for record in group if record.kind == "commitment"]
    paid = [record for record in group if record.kind == "disbursement"]
    if not paid:
        return []
    if not committed:
        return [about("warning", "paid_without_commitment", paid[0])]
    since = min(record.on for record in committed)
    found = [
        about("warning", "paid_before_commitment", record, paid_on=record.on, committed_on=since)
        for record in paid
        if record.on < since
    ]
    excess = sum(record.amount_minor for record in paid) - sum(
        record.amount_minor for record in committed
    )
    if excess > 0:
        last = max(paid, key=lambda record: (record.on, record.row))
        amount = money.display(excess, last.currency)
        found.append(about("warning", "paid_over_commitment", last, excess=amount))
    return found


_BETWEEN: Mapping[
    str, Callable[[Profile, Sequence[Record]], tuple[list[Refused], list[Finding]]]
] = {"contribution": _contributions, "transaction": _transactions}


def find_rounds(projects: Iterable[ProjectRecord], rounds: Iterable[RoundRecord]) -> dict[str, str]:
    """Return project key -> key of the round it names, by fund, year and title.

    Projects that name none of ``rounds`` are absent from the answer.
    """
    known = {(item.fund_code, item.year, item.title): item.key for item in rounds}
    found = {
        item.key: known.get((item.fund_code, item.year, item.round_title)) for item in projects
    }
    return {project: key for project, key in found.items() if key is not None}


def find_applications(
    projects: Iterable[ProjectRecord], applications: Iterable[ApplicationRecord]
) -> dict[str, str]:
    """Return project key -> key of the application it belongs to."""
    known = {item.code: item.key for item in applications}
    return {
        item.key: known[item.application_code]
        for item in projects
        if item.application_code in known
    }


def disagreements(ours: Iterable[Record], theirs: Iterable[Record]) -> list[Finding]:
    """Compare two sources of the same facts by key; an empty answer means they agree.

    Used for the IATI file and the flat file made of it. Rows may stand in any order.
    """
    left: dict[str, Any] = {record.key: record for record in ours}
    right: dict[str, Any] = {record.key: record for record in theirs}
    found = [about("error", "only_here", left[key], item=shown(key)) for key in left.keys() - right]
    found += [
        about("error", "only_here", right[key], item=shown(key)) for key in right.keys() - left
    ]
    found += [
        about("error", "sources_differ", left[key], item=shown(key), other=right[key].file)
        for key in left.keys() & right.keys()
        if left[key].sha256 != right[key].sha256
    ]
    return sorted(found, key=lambda item: (item.file, item.row or 0, item.code))
