"""What the story of the demonstration has made so far, and who acts in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.db import Database
from fundops.demo.people import Player
from fundops.donors.models import Receipt
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.releases.models import Release
from fundops.reports.models import ProgressReport


@dataclass
class Story:
    """What the story has made so far, and who acts in it."""

    database: Database
    players: dict[Role, Player] = field(default_factory=dict)
    directors: dict[str, Player] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    call: Call | None = None
    grants: dict[str, Grant] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    reports: dict[str, ProgressReport] = field(default_factory=dict)
    release: Release | None = None
    reviewing: Player | None = None
    """The auditor who reviews what the other one evaluated."""
    fund: Fund | None = None

    @contextmanager
    def step(self) -> Iterator[Session]:
        """Open one transaction of the story."""
        with self.database.write() as db:
            audit.lock_head(db)
            yield db

    @property
    def manager(self) -> Any:
        """The fund manager."""
        return self.players[Role.FUND_MANAGER].actor

    @property
    def finance(self) -> Any:
        """The finance officer."""
        return self.players[Role.FINANCE_OFFICER].actor

    @property
    def officer(self) -> Any:
        """The grant officer."""
        return self.players[Role.GRANT_OFFICER].actor

    @property
    def approver(self) -> Any:
        """The approver."""
        return self.players[Role.APPROVER].actor

    @property
    def signatory(self) -> Any:
        """The signatory at the bank, outside the office."""
        return self.players[Role.SIGNATORY].actor

    @property
    def book(self) -> Fund:
        """The fund."""
        assert self.fund is not None
        return self.fund


def usd(amount: str) -> dict[str, str]:
    """Return an amount in the fund's currency."""
    return {"amount": amount, "currency": "USD"}
