"""Red flags: nothing flagged where nothing is wrong, and each rule finds what is planted for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from fundops import clock
from fundops.demo.stage import Story
from fundops.disbursements.models import Disbursement, DutyProfile, PersonLimit
from fundops.expenditures.models import ExpenditureStatement
from fundops.exports.audit_book.flags import digits, sheets
from fundops.exports.audit_book.flags.rule import Flag
from fundops.exports.audit_book.question import Named, Reader
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.grants.agreement_models import GrantAgreement, GrantAgreementVersion
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.messages import text
from fundops.parties.models import Person, SamePerson
from fundops.payees.models import BankAccount
from fundops.reports.models import ProgressReport, ReportEvidence
from tests.exports.audit_book.asked import a_book
from tests.told import story

__all__ = ["story"]

Planted = tuple[str, str | None]
"""The rule that must find something, and the record that it must name (any if none)."""


def flags(db: Session, story: Story) -> dict[str, list[Flag]]:
    """Return what each rule finds in the story's fund."""
    found = sheets.looked(a_book(db, Named(fund=story.book.code)))
    return {rule: list(looked.flags) for rule, looked in found.items()}


def paid(db: Session) -> list[Disbursement]:
    """Return the paid disbursements that name an account, in order."""
    query = select(Disbursement).where(Disbursement.paid_on.is_not(None))
    query = query.where(Disbursement.account_id.is_not(None)).order_by(Disbursement.code)
    return list(db.execute(query).scalars())


def a_round_amount(db: Session, _story: Story) -> Planted:
    one = paid(db)[0]
    db.execute(update(Disbursement).where(Disbursement.id == one.id).values(amount_minor=3_000_000))
    return "round_amounts", one.code


def the_same_again(db: Session, _story: Story) -> Planted:
    first, again = paid(db)[:2]
    for one in (first, again):
        db.execute(update(Disbursement).where(Disbursement.id == one.id).values(
            amount_minor=1_234_567, paid_on=date(2026, 1, 5), grant_id=first.grant_id))  # fmt: skip
    return "repeated_amounts", again.code


def just_under(db: Session, story: Story) -> Planted:
    one = paid(db)[0]
    persons = list(db.execute(select(Person.id).order_by(Person.code).limit(3)).scalars())
    db.execute(insert(PersonLimit).values(
        id=uuid7(), fund_id=story.book.id, person_id=persons[0], duty="approve",
        limit_minor=one.amount_minor + 1, starts_on=date(2020, 1, 1), reason="a limit",
        status="approved", proposed_by_id=persons[1], proposed_at=clock.now(),
        decided_by_id=persons[2], decided_at=clock.now()))  # fmt: skip
    return "split_amounts", one.code


def in_two_parts(db: Session, story: Story) -> Planted:
    first, again = paid(db)[:2]
    for one in (first, again):
        db.execute(update(Disbursement).where(Disbursement.id == one.id).values(
            amount_minor=600_000, requested_on=date(2026, 1, 5), grant_id=first.grant_id,
        ))  # fmt: skip
    persons = list(db.execute(select(Person.id).order_by(Person.code).limit(2)).scalars())
    bands = '{"bands":[{"up_to_minor":1000000},{}]}'
    db.execute(insert(DutyProfile).values(
        id=uuid7(), fund_id=story.book.id, number=77, starts_on=date(2020, 1, 1), content=bands,
        reason="two bands", status="approved", proposed_by_id=persons[0], proposed_at=clock.now(),
        decided_by_id=persons[1], decided_at=clock.now()))  # fmt: skip
    return "split_amounts", again.code


def one_human_twice(db: Session, _story: Story) -> Planted:
    one = next(one for one in paid(db) if one.certified_by_id and one.approved_by_id)
    db.execute(insert(SamePerson).values(
        id=uuid7(), person_id=one.certified_by_id, other_id=one.approved_by_id,
        reason="one passport", recorded_by_id=None, recorded_at=clock.now()))  # fmt: skip
    return "same_person", one.code


def new_bank_details(db: Session, _story: Story) -> Planted:
    one = paid(db)[0]
    assert one.paid_on is not None
    at = datetime.combine(one.paid_on, datetime.min.time(), UTC) - timedelta(days=3)
    db.execute(update(BankAccount).where(BankAccount.id == one.account_id).values(
        origin="emergency", cap_minor=10**9, cap_currency="USD", approved_at=at))  # fmt: skip
    return "bank_changed", one.code


def too_early(db: Session, _story: Story) -> Planted:
    one = paid(db)[0]
    own = select(GrantAgreement.id).where(GrantAgreement.grant_id == one.grant_id)
    versions = GrantAgreementVersion.agreement_id.in_(own)
    later = clock.now() + timedelta(days=1)
    in_force = GrantAgreementVersion.in_force_at.is_not(None)
    own_versions = update(GrantAgreementVersion).where(versions, in_force)
    changed = db.execute(own_versions.values(in_force_at=later))
    assert changed.rowcount, "the grant has an agreement"  # type: ignore[attr-defined]
    return "before_agreement", one.code


def too_late(db: Session, _story: Story) -> Planted:
    one = paid(db)[0]
    assert one.paid_on is not None
    ended = one.paid_on - timedelta(days=1)
    db.execute(update(Grant).where(Grant.id == one.grant_id).values(ends_on=ended))
    return "after_end", one.code


def the_same_paper(db: Session, _story: Story) -> Planted:
    table = ReportEvidence.__table__
    piece = dict(db.execute(select(table).limit(1)).one()._mapping)
    reports = db.execute(select(ProgressReport.id, ProgressReport.code)).all()
    other = next(report for report in reports if report.id != piece["report_id"])
    piece["content_sha256"] = piece["content_sha256"] or "ab" * 32
    db.execute(update(ReportEvidence).where(ReportEvidence.id == piece["id"]).values(
        content_sha256=piece["content_sha256"]))  # fmt: skip
    db.execute(insert(ReportEvidence).values(piece | {"id": uuid7(), "report_id": other.id}))
    return "same_evidence", min(r.code for r in reports if r.id in (piece["report_id"], other.id))


def lines_that_do_not_add_up(db: Session, _story: Story) -> Planted:
    one = db.execute(select(ExpenditureStatement).order_by(ExpenditureStatement.code)).scalars()
    first = one.first()
    assert first is not None
    db.execute(update(ExpenditureStatement).where(ExpenditureStatement.id == first.id).values(
        reported_minor=first.reported_minor + 1))  # fmt: skip
    return "totals_differ", first.code


PLANTS: tuple[Callable[[Session, Story], Planted], ...] = (
    a_round_amount, the_same_again, just_under, in_two_parts, one_human_twice, new_bank_details,
    too_early, too_late, the_same_paper, lines_that_do_not_add_up,
)  # fmt: skip


def assert_withheld(db: Session, story: Story, rule: str, found: list[Flag]) -> None:
    """A donor reads that a rule was met, and neither account nor register number."""
    outside = a_book(db, Named(fund=story.book.code), reader=Reader.OUTSIDE)
    rows = [row for row in sheets.flag_rows(outside) if row[0] == rule]
    assert len(rows) == len(found) > 0
    assert {row[-1] for row in rows} == {text("audit_book.withheld")}


def test_each_rule_finds_what_is_planted_and_says_it(story: Story) -> None:
    with story.database.export() as db:
        before = flags(db, story)
    for plant in PLANTS:
        with story.database.write() as db:
            rule, record = plant(db, story)
            db.flush()
            found = flags(db, story)
            new = Counter(map(str, found[rule])) - Counter(map(str, before[rule]))
            assert new, plant.__name__
            assert record is None or any(f"record='{record}'" in one for one in new), rule
            rows = list(sheets.flag_rows(a_book(db, Named(fund=story.book.code))))
            assert len(rows) == sum(map(len, found.values()))
            assert all(row[-1] for row in rows)
            if rule in ("bank_changed", "same_evidence"):
                assert_withheld(db, story, rule, found[rule])
            db.rollback()


def test_hours_are_those_of_the_fund(story: Story) -> None:
    """The story's payments are signed by night: what is found is so by the fund's own clock."""
    with story.database.export() as db:
        looked = sheets.looked(a_book(db, Named(fund=story.book.code)))["after_hours"]
    assert looked.population > 0
    for flag in looked.flags:
        day, hour = flag.details["at"].split()[0], int(flag.details["at"][-5:-3])
        assert day in ("Sat", "Sun") or not 7 <= hour < 20


def test_rules_say_so_where_they_cannot_be_asked(story: Story) -> None:
    with story.database.export() as db:
        book = a_book(db, Named(fund=story.book.code))
        states = {row[0]: (row[4], row[5]) for row in sheets.rule_rows(book)}
        workbook = audit_workbook(book)
    assert states["first_digits"][0] == "no"
    assert "at least 300" in str(states["first_digits"][1])
    assert states["round_amounts"] == ("yes", None)
    assert {"red_flags", "red_flag_rules"} <= {
        getattr(sheet, "table_name", None) for sheet in workbook.sheets
    }


class _Case(SimpleNamespace):
    def why_not(self, key: str, **_params: Any) -> str:
        return key


@pytest.mark.parametrize(
    ("amounts", "why"),
    [
        (list(range(1, 300)), "first_digits.few"),
        ([1_000 + n for n in range(400)], "first_digits.narrow"),
        ([10 ** (n % 5) for n in range(400)], "first_digits.assigned"),
        ([2**n for n in range(400)], None),
    ],
)
def test_first_digits_are_asked_only_where_the_law_holds(
    amounts: list[int], why: str | None
) -> None:
    assert digits.why_not(_Case(), amounts) == why  # type: ignore[arg-type]


def test_powers_of_two_conform_and_equal_digits_do_not() -> None:
    away, firsts = digits.deviation([2**n for n in range(1_000)])
    assert away <= 1_000, "powers of two are the textbook's example"
    assert sum(firsts.values()) == 1_000
    even = [int(f"{n % 9 + 1}{n:04d}") for n in range(900)]
    assert digits.deviation(even)[0] > digits.NOT_CONFORMING
    assert sum(digits.EXPECTED.values()) == digits.MILLION
