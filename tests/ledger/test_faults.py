"""A fault at every statement and at the commit of each command on money: all of it, or nothing.

The statements of a command are counted as they run. The command is then sent again and again, cut
off at its first statement, its second, and so on; each time every table must be as it was. In the
end it is sent whole, under the same idempotency key, and does what it should.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from fundops import audit
from fundops.authz import Role
from fundops.models import metadata
from tests.factories import a_fund, a_lot, a_party
from tests.world import Caller, World


def contents(world: World) -> dict[str, list[str]]:
    """Return every row of every table."""
    with world.database.reader.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
        }


class Cut:
    """Cuts the writing connection off at its ``at``-th statement, or at its commit."""

    def __init__(self, world: World, at: int | None) -> None:
        self.engine = world.database.writer
        self.at = at
        self.statements: list[str] = []
        self.commits = 0

    def __enter__(self) -> Cut:
        event.listen(self.engine, "before_cursor_execute", self._statement)
        event.listen(self.engine, "commit", self._commit)
        return self

    def __exit__(self, *_exception: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._statement)
        event.remove(self.engine, "commit", self._commit)

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.statements.append(statement)
        if self.at is not None and len(self.statements) == self.at:
            raise OperationalError(statement, {}, RuntimeError("cut off"))

    def _commit(self, _connection: Any) -> None:
        self.commits += 1
        if self.at == 0:
            raise OperationalError("COMMIT", {}, RuntimeError("cut off"))


Send = Callable[[], Any]


def all_or_nothing(world: World, send: Send, *, fewest: int = 6) -> Any:
    """Cut ``send`` off everywhere; return the answer of the one that was let through."""
    before, at = contents(world), 1
    while True:
        with Cut(world, at) as cut:
            answer = send()
        if len(cut.statements) < at:
            break  # there is no statement left to cut it off at: it went through
        assert answer.status_code >= 500, (at, cut.statements[-1], answer.text)
        assert contents(world) == before, (at, cut.statements[-1])
        at += 1
    assert answer.status_code in {200, 201}, answer.text
    assert at > fewest
    assert contents(world) != before
    return answer


def cut_at_commit(world: World, send: Send) -> None:
    """Cut ``send`` off at its commit, when everything has been written."""
    before = contents(world)
    with Cut(world, 0) as cut:
        answer = send()
    assert cut.commits == 1, answer.text
    assert answer.status_code >= 500
    assert contents(world) == before


class Till:
    """Sends commands, each under a key of its own that its retries share."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.callers: dict[Role, Caller] = {}

    def sender(self, role: Role, path: str, body: Any = None) -> Send:
        """Return what sends one command, again and again the same."""
        caller = self.callers.setdefault(role, self.world.as_role(role))
        options: dict[str, Any] = {"headers": {"idempotency-key": uuid4().hex}}
        if body is not None:
            options["json"] = body
        return lambda: caller.post(path, **options)

    def run(self, role: Role, path: str, body: Any = None) -> Any:
        """Cut a command off everywhere, then let it through; return its answer's body."""
        send = self.sender(role, path, body)
        cut_at_commit(self.world, send)
        return all_or_nothing(self.world, send).json()


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


@pytest.fixture
def till(world: World) -> Till:
    return Till(world)


def test_an_award_and_its_payment(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        grantee = a_party(db, kind="civil_society")
        for _ in range(2):
            a_lot(db, fund, 600_00)
    grant = till.run(
        Role.GRANT_OFFICER,
        "/v1/grants",
        {
            "fund_id": str(fund.id),
            "grantee_id": str(grantee.id),
            "title": "Shelter",
            "awarded_on": "2026-03-01",
            "amount": usd("1000.00"),
            "objectives": [{"objective": 4, "percent": 100}],
        },
    )
    place = f"/v1/grants/{grant['id']}"
    asked = till.run(
        Role.FINANCE_OFFICER,
        f"{place}/disbursements",
        {"amount": usd("700.00"), "requested_on": "2026-03-02"},
    )
    till.run(Role.APPROVER, f"/v1/disbursements/{asked['id']}/pay", {"paid_on": "2026-03-02"})
    till.run(
        Role.FINANCE_OFFICER,
        f"{place}/refunds",
        {"amount": usd("50.00"), "received_on": "2026-04-02"},
    )
    reported = till.run(
        Role.GRANT_OFFICER,
        f"{place}/expenditure_statements",
        {
            "starts_on": "2026-03-02",
            "ends_on": "2026-04-30",
            "lines": [
                {"category": "A", "reported": usd("500.00")},
                {"category": "D", "reported": usd("150.00")},
            ],
        },
    )
    till.run(
        Role.FINANCE_OFFICER,
        f"/v1/expenditure_statements/{reported['id']}/accept",
        {"lines": [{"number": 2, "accepted": usd("140.00"), "reason": "No invoice"}]},
    )
    owed = till.run(
        Role.FINANCE_OFFICER,
        f"{place}/advance_write_offs",
        {"amount": usd("4.00"), "effective_on": "2026-05-02", "reason": "Lost"},
    )
    till.run(Role.APPROVER, f"/v1/advance_write_offs/{owed['id']}/approve", {})
    till.run(Role.FUND_MANAGER, f"{place}/close", {"reason": "Ended as planned"})


def test_a_receipt_and_its_reversal(world: World, till: Till) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, donor = a_fund(db), a_party(db)
    receipt = till.run(
        Role.FINANCE_OFFICER,
        "/v1/receipts",
        {
            "fund_id": str(fund.id),
            "payer_id": str(donor.id),
            "donor_id": str(donor.id),
            "received_on": "2026-03-01",
            "amount": usd("500.00"),
            "bank_fee": usd("5.00"),
        },
    )
    till.run(Role.APPROVER, f"/v1/receipts/{receipt['id']}/reverse", {"reason": "Wrong account"})


def test_a_command_in_two_transactions_would_be_noticed(
    world: World, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a service that commits half of its work by itself."""
    from fundops.funds import service

    real = service.create_fund

    def split(db: Any, actor: Any, given: Any) -> Any:
        made = real(db, actor, given)
        db.commit()
        audit.lock_head(db)
        return made

    monkeypatch.setattr(service, "create_fund", split)
    body = {"code": "GLO", "name": "Global fund", "base_currency": "USD"}
    send = till.sender(Role.FUND_MANAGER, "/v1/funds", body)
    with pytest.raises(AssertionError):
        all_or_nothing(world, send)
