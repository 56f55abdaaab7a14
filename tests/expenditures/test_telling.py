"""A grantee is told that money is asked back, and again by every reminder."""

from __future__ import annotations

from datetime import date

import pytest

from fundops import clock
from fundops.authz import Role
from fundops.db import Database
from fundops.errors import Problem
from fundops.expenditures import refund_requests
from fundops.expenditures.models import RefundRequest
from fundops.expenditures.owed_schemas import RefundRequestIn
from fundops.parties.models import Party
from tests.expenditures.conftest import Paid
from tests.expenditures.test_owed import DUE
from tests.factories import a_person
from tests.notices.notice_factories import a_channel, notices

KIND = "refund_requested"


@pytest.mark.parametrize("is_at_risk", [False, True])
def test_a_refund_is_asked_for_and_reminded_of(
    database: Database, paid: Paid, monkeypatch: pytest.MonkeyPatch, *, is_at_risk: bool
) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        db.get_one(Party, grant.grantee_id).is_at_risk = is_at_risk
        member = a_person(db, Role.GRANTEE, party_id=grant.grantee_id)[0].person_id
        a_channel(db, by=finance.person_id, party_id=grant.grantee_id)
        asked = refund_requests.request(db, finance, fund, grant, RefundRequestIn(due_on=DUE))
    facts = "{}" if is_at_risk else f'{{"code": "{asked.code}", "on": "{DUE}"}}'
    rows = notices(database, kind=KIND)
    assert {row.person_id for row in rows} >= {member, None}
    assert finance.person_id not in {row.person_id for row in rows}
    assert {(row.about_id, row.fund_id) for row in rows} == {(asked.id, fund.id)}
    assert {(row.facts, row.is_neutral) for row in rows} == {(facts, is_at_risk)}

    def remind() -> None:
        with database.write() as db:
            refund_requests.remind(db, finance, fund, grant, db.get_one(RefundRequest, asked.id))

    remind()
    assert len(notices(database, kind=KIND)) == 2 * len(rows), "a reminder is told again"
    with pytest.raises(Problem):
        remind()
    assert len(notices(database, kind=KIND)) == 2 * len(rows), "what is refused is told to nobody"
    monkeypatch.setattr(clock, "today", lambda zone: date(2198, 1, 1))
    remind()
    assert len(notices(database, kind=KIND)) == 3 * len(rows)


def test_that_a_request_is_taken_back_is_no_refund_asked_for(
    database: Database, paid: Paid
) -> None:
    with database.write() as db:
        (fund, grant), finance = paid.of(db), paid.finance
        asked = refund_requests.request(db, finance, fund, grant, RefundRequestIn(due_on=DUE))
    before = len(notices(database, kind=KIND))
    assert before > 0
    with database.write() as db:
        refund_requests.withdraw(
            db, finance, grant, db.get_one(RefundRequest, asked.id), "Asked too early."
        )
    assert len(notices(database, kind=KIND)) == before
