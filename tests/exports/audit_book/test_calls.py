"""Sheets on calls and awards: figures by hand and by SQL, rewinding, and who is told of nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.allocation import reserve
from fundops.allocation.position import Draw
from fundops.allocation.reserve import Source
from fundops.calls.models import Call
from fundops.exports import render
from fundops.exports.audit_book.amendments import AMENDMENTS
from fundops.exports.audit_book.awards import AWARDS
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.budget import BUDGET
from fundops.exports.audit_book.calls import CALLS
from fundops.exports.audit_book.decisions import DECISIONS
from fundops.exports.audit_book.lots import LOTS
from fundops.exports.audit_book.question import (
    Moment,
    Named,
    Question,
    Reader,
    question_for,
    scope_of,
)
from fundops.exports.audit_book.scores import SCORES
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.exports.formulas import Figure, signed
from fundops.exports.kinds import Computed, Money
from fundops.grants import amendments
from fundops.grants.models import Grant
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.parties.models import Party, Person
from tests.exports.audit_book import opened
from tests.exports.decided import Case
from tests.factories import a_fund, a_lot
from tests.grants.agreement_factories import Deal, an_agreement, money
from tests.grants.amendment_bands import SAMPLE
from tests.grants.grant_factories import a_grant
from tests.proposals.proposal_factories import a_call
from tests.reports.money_scene import MoneyScene
from tests.staged import staged
from tests.world import World

MINE = (CALLS, DECISIONS, SCORES, AWARDS, AMENDMENTS, BUDGET)
CANARY = re.compile("qzx", re.IGNORECASE)
"""What is in the names of all who judged, and of the applicant at risk."""
HIDDEN = "Qzxhidden Shelter"
Rows = list[dict[str, Any]]


class Decided(Case):
    """``before`` is the last event before the second person confirmed."""

    before = 0


def decided_case(world: World) -> Decided:
    """Make the call in which everything happened, of an applicant at risk among others."""
    made = Decided(world)
    with made.scene.writing() as db:
        party = db.get_one(Party, made.scene.parties[1].id)
        party.name, party.code, party.public_label = HIDDEN, "PTY-QZX", "Partner 7"
        party.is_at_risk = True
    made.before = head(world)
    made.confirm()
    made.promote()
    return made


case = staged(decided_case)
deal = staged(an_agreement)
scene = staged(MoneyScene)


def head(world: World) -> int:
    """Return the last event by now."""
    with world.database.read() as db:
        return int(db.execute(sql("SELECT seq FROM audit_head")).scalar_one())


def asked(db: Session, fund_id: Any, reader: Reader = Reader.AUDITOR) -> Question:
    """Return the question for a whole fund, today."""
    fund = db.get_one(Fund, fund_id)
    return question_for(db, scope_of(db, Named(fund=fund.code)), Moment(), reader)


def read(db: Session, question: Question) -> dict[str, Rows]:
    """Return the rows of the sheets by table and key; every control of them must agree."""
    book = Book(db, question)
    held_by_controls(book)
    data = b"".join(render(audit_workbook(Book(db, question))))
    checks = {row[0]: row[4] for row in opened.rows(data, "Controls")[3:] if row[4]}
    assert {name: said for name, said in checks.items() if said not in ("OK", "Check")} == {}
    return {
        one.table: [dict(zip([c[0] for c in one.columns], row, strict=True))
                    for row in one.rows(book)]
        for one in MINE
    }  # fmt: skip


def held_by_controls(book: Book) -> None:
    """Assert that every amount of every row is in the sum of some control, so none can change."""
    for section in MINE:
        keys = [key for key, _, _ in section.columns]
        sums = list(_sums(one.formula for each in MINE for one in each.controls(book)))
        for row in section.rows(book):
            values = dict(zip(keys, row, strict=True))
            for key, kind, _ in section.columns:
                is_amount = isinstance(kind.result if isinstance(kind, Computed) else kind, Money)
                if not is_amount or values[key] is None:
                    continue
                assert any(
                    table == section.table
                    and column == key
                    and all(values[name] == value for name, value in where)
                    for table, column, where in sums
                ), (section.table, key)


def _sums(figures: Iterable[Any]) -> Iterable[tuple[Any, ...]]:
    for figure in figures:
        if isinstance(figure, Figure):
            for _, term in signed(figure, 1):
                yield term.table, term.column, term.where


def one(rows: Rows, **where: Any) -> dict[str, Any]:
    """Return the only row that has some values."""
    (found,) = [row for row in rows if all(row[key] == value for key, value in where.items())]
    return found


def test_a_decided_call_is_told_as_it_was_decided(case: Decided) -> None:
    with case.world.database.export() as db:
        found = read(db, asked(db, case.scene.fund_id, Reader.INSIDE))
        call = db.execute(select(Call.code)).scalar_one()
        requested, codes = _requested(db), [p.code for p in case.scene.proposals]
        marks = db.execute(
            sql("SELECT COUNT(*), SUM(score), SUM(LENGTH(justification)) FROM scores")
        ).one()
        reviewers = set(
            db.execute(
                sql("SELECT p.code FROM persons p JOIN reviewers r ON r.person_id = p.id"
                    " JOIN assignments a ON a.reviewer_id = r.id"
                    " JOIN reviews v ON v.assignment_id = a.id")
            ).scalars()
        )  # fmt: skip
        ranking = {
            row[0]: row[1]
            for row in db.execute(
                sql("SELECT p.code, SUM(v.weighted) / COUNT(v.weighted) FROM reviews v"
                    " JOIN proposals p ON p.id = v.proposal_id"
                    " WHERE v.status = 'submitted' AND v.weighted IS NOT NULL GROUP BY p.code")
            )
        }  # fmt: skip
        status = {row.status: row.code for row in db.execute(select(Grant.status, Grant.code))}
        persons = {row.id: row.code for row in db.execute(select(Person.id, Person.code))}
    (told,) = found["calls"]
    assert (told["call"], told["submitted"], told["grants"]) == (call, 4, 3)
    assert (told["requested"], told["envelope"]) == (requested, 2_500_000)
    decisions = found["decisions"]
    assert sum(row["requested"] for row in decisions) == requested
    assert [row["proposal"] for row in decisions] == sorted(codes)
    first, second, third, last = (one(decisions, proposal=code) for code in codes)
    assert (second["outcome"], second["amount"], second["state"]) == (
        "award",
        900_000,
        "carried out",
    )
    assert (first["votes_for"], first["votes_against"], first["recused"]) == (3, 0, 0)
    assert (last["votes_for"], last["recused"], last["grant"]) == (2, 1, None)
    room = case.room
    assert first["first_by"] == persons[room.manager.person_id]
    assert first["second_by"] == persons[room.approver.person_id]
    assert (third["outcome"], third["place"]) == ("reserve", 1)
    assert third["promotion_asked_by"] == persons[room.officer.person_id]
    assert third["promotion_at"] is not None
    assert abs(first["score"] - ranking[codes[0]]) <= 1, "the mean of the reviews that count"
    assert last["score"] is None
    scores = found["scores"]
    assert len(scores) == marks[0]
    assert sum(row["score"] or 0 for row in scores) == marks[1]
    assert sum(row["characters"] for row in scores) == marks[2]
    assert {row["reviewer"] for row in scores} == reviewers
    assert {row["status"] for row in scores} == {"submitted", "returned", "set_aside"}
    assert all(row["counts"] == (row["status"] == "submitted") for row in scores)
    given_up = one(found["awards"], grant=status["cancelled"])
    assert given_up["awarded"] == -given_up["given_back"] == first["amount"]
    assert (given_up["undisbursed"], given_up["reserved"]) == (0, 0)
    amended = one(found["awards"], proposal=codes[1])
    assert (amended["awarded"], amended["reserved"]) == (900_000, 900_000)
    assert one(found["budget"], grant=amended["grant"])["category"] == "not split"


def _requested(db: Session) -> int:
    return int(db.execute(sql("SELECT SUM(requested_minor) FROM proposals")).scalar_one())


def test_what_came_later_does_not_show(case: Decided) -> None:
    """Before the second confirmation nothing is awarded, though the board had carried it."""
    with case.world.database.export() as db:
        now = asked(db, case.scene.fund_id)
        then = read(db, replace(now, known_seq=case.before))
        assert {row["state"] for row in then["decisions"]} == {"carried"}
        assert all(row["first_by"] and not row["second_by"] for row in then["decisions"])
        assert not any(row["promotion_at"] for row in then["decisions"])
        assert (then["awards"], then["budget"], then["calls"][0]["awarded"]) == ([], [], 0)
        yesterday = read(db, replace(now, as_of_on=now.as_of_on - timedelta(days=1)))
        assert yesterday["scores"] == []
        assert all(row["board"] is None for row in yesterday["decisions"])
        assert [row["eligibility"] for row in yesterday["decisions"]] == [None] * 4
        call = scope_of(db, Named(call=then["calls"][0]["call"]))
        alone = read(db, replace(now, scope=call))
        assert alone == read(db, now), "the fund has no other call"


def test_readers_outside_learn_of_nobody(case: Decided) -> None:
    with case.world.database.export() as db:
        outside = read(db, asked(db, case.scene.fund_id, Reader.OUTSIDE))
        auditor = read(db, asked(db, case.scene.fund_id))
    cells = [str(value) for rows in outside.values() for row in rows for value in row.values()]
    assert [cell for cell in cells if CANARY.search(cell)] == []
    assert {row["reviewer"] for row in outside["scores"]} == {None}
    mine = case.scene.proposals[1].code
    seen = one(outside["decisions"], proposal=mine)
    assert (seen["applicant"], seen["applicant_code"]) == ("Partner 7", None)
    assert seen["reason"] == "withheld"
    award = one(outside["awards"], proposal=mine)
    assert (award["grantee"], award["title"], award["country"]) == ("Partner 7", "withheld", None)
    named = one(auditor["awards"], proposal=mine)
    assert (named["grantee"], named["grantee_code"]) == (HIDDEN, "PTY-QZX")
    reasons = [row["reason"] for row in auditor["decisions"]]
    assert not [reason for reason in reasons if CANARY.search(reason)], "names of judges go"


def test_an_amendment_in_force_changes_award_and_budget(
    deal: Deal, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amendments, "thresholds_in_force", lambda *_: SAMPLE)
    before = head(world)
    lines = [
        {name: line[name] for name in ("category", "description", "objectives")}
        | {"amount": money({"A": "700.00"}.get(line["category"], line["amount"]["amount"]))}
        for line in deal.version()["budget"]
    ]
    deal.asked("cost_extension", amount=money("1000.01"), budget=lines)
    waiting = head(world)
    deal.approved(deal.manager, deal.approver)
    present = clock.now
    monkeypatch.setattr(clock, "now", lambda: present() + timedelta(days=1))
    deal.signed(2)
    with world.database.export() as db:
        question = asked(db, deal.fund_id)
        now = read(db, question)
        asked_for = read(db, replace(question, known_seq=waiting))
        then = read(db, replace(question, known_seq=before))
        day_before = read(db, replace(question, as_of_on=question.as_of_on - timedelta(days=1)))
        officer = db.get_one(Person, deal.officer.actor.person_id).code
        approver = db.get_one(Person, deal.approver.actor.person_id).code
    (told,) = now["amendments"]
    assert (told["before"], told["after"], told["change"]) == (900_01, 1000_01, 100_00)
    assert (told["changed"], told["version"], told["status"]) == ("amount, budget", 2, "in_force")
    assert day_before["amendments"][0]["status"] == "approved"
    assert day_before["awards"][0]["status"] == "awarded"
    assert told["requested_by"] == officer
    assert f"{approver} (approver)" in told["approved_by"]
    (award,) = now["awards"]
    assert (award["at_award"], award["amended"], award["awarded"]) == (900_01, 100_00, 1000_01)
    assert award["registered"] == 1000_01
    shelter = one(now["budget"], category="A")
    assert (shelter["original"], shelter["change"], shelter["agreed"]) == (600_00, 100_00, 700_00)
    (open_one,) = asked_for["amendments"]
    assert (open_one["status"], open_one["approved_by"], open_one["version"]) == (
        "requested", "", None,
    )  # fmt: skip
    assert asked_for["awards"][0]["awarded"] == 900_01
    assert then["amendments"] == []
    assert one(then["budget"], category="A")["agreed"] == 600_00


def test_what_was_accepted_stands_by_category(scene: MoneyScene) -> None:
    scene.know_rate("42.00")
    before = head(scene.world)
    scene.accept(scene.submit(date(2026, 4, 1), date(2026, 6, 30), (1, "42000.00"), (2, "4200.00")))
    with scene.world.database.export() as db:
        question = asked(db, scene.fund_id)
        now = read(db, question)
        then = read(db, replace(question, known_seq=before))
    spent = {row["category"]: row["accepted"] for row in now["budget"]}
    assert spent == {"A": 1_000_00, "E": 100_00, "G": 0}
    assert one(now["budget"], category="A")["left"] == 11_000_00
    (award,) = now["awards"]
    assert (award["paid"], award["accepted"], award["unspent"]) == (20_000_00, 1_100_00, 18_900_00)
    assert {row["accepted"] for row in then["budget"]} == {0}
    assert {row["agreed"] for row in then["budget"]} == {12_000_00, 5_000_00, 3_000_00}


def test_a_grant_of_two_donors_shows_each_their_part(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        lots = [a_lot(db, fund, amount) for amount in (600_00, 500_00)]
        a_grant(db, fund, 1_000_00)
        donors = {db.get_one(Party, lot.donor_id).code for lot in lots}
        fund_id, code = fund.id, fund.code
    with world.database.export() as db:
        whole = asked(db, fund_id)
        parts = [
            read(db, replace(whole, scope=scope_of(db, Named(fund=code, donor=donor))))
            for donor in sorted(donors)
        ]
        (all_of_it,) = read(db, whole)["awards"]
    assert all_of_it["awarded"] == 1_000_00
    assert sum(part["awards"][0]["awarded"] for part in parts) == 1_000_00
    assert all(part["awards"][0]["registered"] == 1_000_00 for part in parts)
    assert len(donors) == 2


def test_money_reserved_elsewhere_later_changes_no_earlier_answer(world: World) -> None:
    """A grant moves to another donor's lot: neither its lots of before nor theirs tell of it."""
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        call = a_call(db, fund)
        first = a_lot(db, fund, 600_00)
        grant = a_grant(db, fund, 600_00, call_id=call.id)
        other = a_lot(db, fund, 600_00, on=date(2026, 2, 1))
        donors = [db.get_one(Party, lot.donor_id).code for lot in (first, other)]
        scopes = [Named(fund=fund.code, donor=donor) for donor in donors]
        scopes += [Named(grant=grant.code), Named(call=call.code)]
        ids = (fund.id, grant.id, first.id, other.id)
    with world.database.export() as db:
        questions = [replace(asked(db, ids[0]), scope=scope_of(db, named)) for named in scopes]
        told = [made(db, question) for question in questions]
    with world.database.write() as db:
        audit.lock_head(db)
        _moved_to(db, *ids, on=date(2026, 7, 1))
    with world.database.export() as db:
        assert [made(db, question) for question in questions] == told
        now = [replace(question, known_seq=head(world)) for question in questions]
        then = [replace(question, as_of_on=date(2026, 6, 30)) for question in now]
        before = [list(AWARDS.rows(Book(db, question))) for question in then]
        lots = [list(LOTS.rows(Book(db, question))) for question in now]
        after = [read(db, question)["awards"] for question in now[:3]]
    assert [len(rows) for rows in before] == [1, 0, 1, 1]
    assert [len(rows) for rows in lots] == [1, 1, 2, 2]
    assert [rows[0]["awarded"] for rows in after] == [0, 600_00, 600_00]


def _moved_to(db: Session, fund_id: UUID, grant_id: UUID, old: UUID, new: UUID, on: date) -> None:
    seq = audit.record(db, audit.SYSTEM, "grant.updated", "grant", grant_id, fund_id=fund_id)
    source = Source("grant", grant_id, on, "moved")
    posting.post(db, seq, [
        *reserve.void(fund_id, source, [Draw(grant_id, old, 600_00)]),
        *reserve.reserve(fund_id, source, [Draw(grant_id, new, 600_00)]),
    ])  # fmt: skip


def made(db: Session, question: Question) -> bytes:
    """Return the file that answers a question."""
    return b"".join(render(audit_workbook(Book(db, question))))


def test_a_lot_that_moved_before_it_opened_or_was_recorded_is_a_row(world: World) -> None:
    """Money reserved on a lot ahead of its day, and by an event before its own, is told of."""
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        a_lot(db, fund, 100_00)
        grant = a_grant(db, fund, 100_00, on=date(2026, 3, 1))
        early = audit.record(
            db, audit.SYSTEM, "grant.updated", "grant", grant.id, fund_id=fund.id
        )  # fmt: skip
        late = a_lot(db, fund, 300_00, on=date(2026, 5, 1))
        ahead = Source("grant", grant.id, date(2026, 4, 1), "ahead")
        draws = [Draw(grant.id, late.id, 300_00)]
        posting.post(db, early, reserve.reserve(fund.id, ahead, draws))
        donor, code, fund_id = db.get_one(Party, late.donor_id).code, late.code, fund.id
        scopes = [
            Named(fund=fund.code), Named(fund=fund.code, donor=donor), Named(grant=grant.code)
        ]  # fmt: skip
    keys = [key for key, *_ in LOTS.columns]
    with world.database.export() as db:
        for named in scopes:
            whole = replace(asked(db, fund_id), scope=scope_of(db, named))
            for known_seq, status in ((whole.known_seq, "open"), (early, None)):
                question = replace(whole, known_seq=known_seq, as_of_on=date(2026, 4, 15))
                read(db, question)
                rows = LOTS.rows(Book(db, question))
                lot = one([dict(zip(keys, row, strict=True)) for row in rows], lot=code)
                assert (lot["amount"], lot["receipt"], lot["reserved"]) == (0, None, 300_00)
                assert (lot["opened_on"], lot["status"]) == (date(2026, 5, 1), status)
                if named.grant is None:
                    assert lot["available"] == -300_00
