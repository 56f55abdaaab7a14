"""Plain functions that make accepted reports, agreements with results, and declared codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import canonical
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.db import Base
from fundops.grants import agreement_writing as writing
from fundops.grants.agreement_content import Agreed, Line, Result
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion
from fundops.reports import counting
from fundops.reports.models import (
    AcceptedVersion,
    ProgressReport,
    ReportContent,
    ReportValue,
    ReportVersion,
)
from fundops.reports.steps import IMPORTED
from fundops.reports.submission import figure_rows, values_sha256
from tests.factories import a_person

Values = Mapping[str, Any]
"""Indicator -> numerator, (numerator, denominator), or (numerator, denominator, breakdowns)."""

Q1, Q2, Q3 = (
    (date(2026, 1, 1), date(2026, 3, 31)),
    (date(2026, 4, 1), date(2026, 6, 30)),
    (date(2026, 7, 1), date(2026, 9, 30)),
)


def a_report(
    db: Session, grant: Grant, period: tuple[date, date], values: Values, *,
    status: str = "accepted",
) -> ProgressReport:  # fmt: skip
    """Write a report whose one version was submitted, and accepted unless told otherwise."""
    now = clock.now()
    made = select(func.count()).where(ProgressReport.grant_id == grant.id)
    number = db.execute(made).scalar_one() + 1
    report = ProgressReport(
        id=uuid7(), code=f"{grant.code}-P{number}", grant_id=grant.id, fund_id=grant.fund_id,
        number=number, starts_on=period[0], ends_on=period[1], due_on=period[1],
        due_at=datetime(2026, 12, 1, tzinfo=UTC), zone="UTC", is_final=False,
        asks_narrative=True, asks_expenditure=False, language="en", status=status,
        last_number=0, draft_number=1, submitted_number=1, created_at=now,
        accepted_number=1 if status == "accepted" else None,
    )  # fmt: skip
    db.add(report)
    db.flush()
    add_version(db, report, values, is_accepted=status == "accepted")
    return report


def add_version(
    db: Session, report: ProgressReport, values: Values, *, is_accepted: bool = True
) -> ReportVersion:
    """Submit another version of a report, and accept it in the place of the one before."""
    report.last_number += 1
    text = canonical({"results": [str(code) for code in values]})
    version = ReportVersion(
        id=uuid7(), report_id=report.id, number=report.last_number, kind="submitted",
        sha256=_sha(text), saved_at=clock.now(),
    )  # fmt: skip
    report.submitted_number = report.draft_number = report.last_number
    db.add(version)
    db.flush()
    db.add(ReportContent(version_id=version.id, content=text))
    rows = [
        ReportValue(version_id=version.id, result_number=number, indicator=code, **row)
        for number, (code, said) in enumerate(values.items(), 1)
        for row in _rows(said)
    ]
    db.add_all(rows)
    db.flush()
    digest = values_sha256(figure_rows(rows), [])
    seq = audit.record(
        db, audit.SYSTEM, IMPORTED, "progress_report", report.id, fund_id=report.fund_id,
        after={"submitted_number": version.number, "values_sha256": digest},
    )  # fmt: skip
    if is_accepted:
        report.accepted_number = version.number
        _accept(db, report, version, seq)
    return version


def _accept(db: Session, report: ProgressReport, version: ReportVersion, seq: int) -> None:
    standing = select(AcceptedVersion).where(
        AcceptedVersion.report_id == report.id, AcceptedVersion.superseded_seq.is_(None)
    )
    earlier = db.execute(standing).scalar_one_or_none()
    if earlier is not None:
        counting.take_out(db, earlier, seq)
    counting.let_count(
        db,
        AcceptedVersion(
            id=uuid7(), version_id=version.id, report_id=report.id, grant_id=report.grant_id,
            fund_id=report.fund_id, starts_on=report.starts_on, ends_on=report.ends_on,
            accepted_on=report.ends_on, accepted_seq=seq, origin="fund",
        ),
    )  # fmt: skip


def _rows(said: Any) -> list[dict[str, Any]]:
    numerator, below, broken = (*said, {}, {})[:3] if isinstance(said, tuple) else (said, None, {})
    below = below or None
    found = [{"dimension": "total", "code": "", "numerator": numerator, "denominator": below}]
    for dimension, counts in broken.items():
        found += [
            {"dimension": dimension, "code": code, "numerator": count, "denominator": None}
            for code, count in counts.items()
        ]
    return found


def _sha(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def agree(
    db: Session, grant: Grant, lines: Sequence[tuple[int, Mapping[int, int]]],
    results: Mapping[str, int],
) -> None:  # fmt: skip
    """Put an agreement into force: lines of (minor, objectives), results of indicator -> target."""
    fund = db.get_one(Fund, grant.fund_id)
    officer, manager = a_person(db, Role.GRANT_OFFICER)[0], a_person(db, Role.FUND_MANAGER)[0]
    theirs = a_person(db, Role.GRANTEE, party_id=grant.grantee_id)[0]
    agreed = Agreed(
        grant.title, "en", grant.awarded_on, date(2027, 12, 31), grant.awarded_minor, None,
        tuple(Line("A", f"Line {at}", shares, minor) for at, (minor, shares) in enumerate(lines)),
        tuple(Result(code, 0, target) for code, target in results.items()),
    )  # fmt: skip
    agreement = writing.agreement_of(db, officer, grant)
    version = writing.add_version(
        db, officer, fund, grant, agreement, agreed, prepared_by_id=officer.person_id
    )
    now = clock.now()
    version.status = "in_force"
    version.offered_by_id, version.offered_at = officer.person_id, now
    version.signed_by_id, version.signed_at, version.signed_on = theirs.person_id, now, now.date()
    version.countersigned_by_id, version.in_force_at = manager.person_id, now
    db.flush()
    writing.record(db, manager, "grant_agreement_version.countersigned", version, grant)


def declare(
    db: Session, grant: Grant, amount_minor: int, codes: Sequence[tuple[str, str, int | None]]
) -> Proposal:
    """Give a grant the proposal it came of, which declares (list, code, percent)."""
    now = clock.now()
    call = Call(
        id=uuid7(), code=f"CAL-{uuid7().hex[-6:]}", fund_id=grant.fund_id, title="A call",
        year=2026, status="closed", version=1, created_at=now,
    )  # fmt: skip
    _add(db, call)
    proposal = Proposal(
        id=uuid7(), code=f"PRP-{uuid7().hex[-6:]}", call_id=call.id, party_id=grant.grantee_id,
        title="A proposal", language="en", country=grant.country, requested_minor=amount_minor,
        status="awarded", last_number=1, submitted_number=1, submitted_at=now, created_at=now,
    )  # fmt: skip
    _add(db, proposal)
    version = ProposalVersion(
        id=uuid7(), proposal_id=proposal.id, number=1, kind="submitted", content="{}",
        sha256=_sha("{}"), saved_at=now,
    )  # fmt: skip
    _add(db, version)
    db.add_all(
        ProposalCode(id=uuid7(), version_id=version.id, list_name=name, code=code, percent=share)
        for name, code, share in codes
    )
    grant.proposal_id, grant.call_id = proposal.id, call.id
    db.flush()
    return proposal


def _add(db: Session, row: Base) -> None:
    db.add(row)
    db.flush()
