"""Eight writers against a served application that dies under them, again and again.

Each writer asks for payments and has them certified, approved and paid, every request under an
idempotency key. When the server is gone the writer does not know what became of its last request:
it sends it again, with the same key, until it is answered. In the end everything that was ever
acknowledged must be there, once.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import func, select

from fundops import audit
from fundops.authz import Role
from fundops.config import Settings
from fundops.db import Database
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant
from fundops.ledger import checks
from fundops.ledger.models import Transfer
from tests.factories import a_fund, a_lot, a_person
from tests.grants.grant_factories import a_grant, make_agreed, make_payable

WRITERS = 8
AMOUNT = 100
PATIENCE, PAUSE = 180, 0.1
"""Seconds that something may take, and between two tries."""
ORDER = ("requested", "certified", "approved", "paid")
PAID = {
    "paid_on": "2026-06-01", "evidence_kind": "bank_advice", "evidence_note": "Debit advice",
}  # fmt: skip


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def a_client(timeout: float) -> httpx2.Client:
    """Return a client that verifies no certificates: to read them takes longer than to ask."""
    return httpx2.Client(timeout=timeout, verify=False)


class Served:
    """Server processes on a database, one at a time, each of which can be killed."""

    def __init__(
        self, url: str, files: Path, fault: str | None = None, *, is_brittle: bool = True
    ) -> None:
        self.port = free_port()
        self.chance = random.Random(0) if is_brittle else None
        self.pid: int | None = None
        environment = os.environ | {
            "FUNDOPS_DATABASE_URL": url, "FUNDOPS_FILES_PATH": str(files),
            "FUNDOPS_LOG_LEVEL": "error", "FUNDOPS_LOCK_TIMEOUT_SECONDS": "60",
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.disbursements.served", str(self.port)]
        self._nursery = subprocess.Popen(
            command + ([fault] if fault else []), env=environment, text=True,
            cwd=Path(__file__).resolve().parents[2], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def address(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        commits = self.chance.randint(10, 60) if self.chance is not None else 0
        self._nursery.stdin.write(f"{commits}\n")
        self._nursery.stdin.flush()
        self.pid = int(self._nursery.stdout.readline())
        until = time.monotonic() + PATIENCE
        with a_client(timeout=5) as client:
            while time.monotonic() < until:
                try:
                    if client.get(f"{self.address}/ready").status_code == 200:
                        return
                except httpx2.HTTPError:
                    if not self._is_alive():  # the writers were quicker, and it is dead again
                        return
                    time.sleep(PAUSE)
        raise AssertionError("the server did not come up")

    def _is_alive(self) -> bool:
        assert self.pid is not None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def see_that_it_runs(self) -> None:
        """Start it where it has killed itself."""
        if self.pid is None or not self._is_alive():
            self.start()

    def kill(self) -> None:
        """Kill it as the kernel would: at once; one that has killed itself is left alone."""
        assert self.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        while self._is_alive():
            time.sleep(0.01)

    def close(self) -> None:
        """Kill what runs, and start nothing more."""
        if self.pid is not None:
            self.kill()
        with self._nursery:
            self._nursery.kill()


@dataclass
class Writer:
    """One client: what was acknowledged to it, by disbursement."""

    base: str
    grant_id: UUID
    tokens: dict[str, str]
    stop: Event
    acknowledged: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    wrong: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Take payments through their steps until told to stop."""
        with a_client(timeout=30) as client:
            self._write(client)

    def _write(self, client: httpx2.Client) -> None:
        while not self.stop.is_set():
            self.asked += 1
            body = {"amount": {"amount": "1.00", "currency": "USD"}, "requested_on": "2026-06-01"}
            made = self.send(client, "request", f"/v1/grants/{self.grant_id}/disbursements", body)
            if made is None:
                return
            place = f"/v1/disbursements/{made['id']}"
            for verb, given in (("certify", None), ("approve", None), ("pay", PAID)):
                if self.stop.is_set() or self.send(client, verb, f"{place}/{verb}", given) is None:
                    return

    def send(self, client: httpx2.Client, duty: str, path: str, body: Any) -> Any:
        """Send one request until it is answered; the outcome of a lost one is asked for again."""
        headers = {"authorization": f"Bearer {self.tokens[duty]}", "idempotency-key": uuid4().hex}
        until = time.monotonic() + 4 * PATIENCE
        while time.monotonic() < until:
            try:
                answer = client.post(self.base + path, json=body, headers=headers)
            except httpx2.HTTPError:
                time.sleep(PAUSE)
                continue
            if answer.status_code in (409, 503) and answer.json()["type"][-4:] in ("busy", "able"):
                time.sleep(PAUSE)
                continue
            if answer.status_code not in (200, 201):
                self.wrong.append(answer.text)
                return None
            told = answer.json()
            self.acknowledged[told["id"]] = told["status"]
            return told
        self.wrong.append("no answer")
        return None


class Storm:
    """A database with a fund, writers on it, and what is checked when they have stopped."""

    def __init__(self, url: str, served: Served) -> None:
        self.url, self.served = url, served
        self.stop = Event()
        with self.opened() as database, database.write() as db:
            audit.lock_head(db)
            fund = a_fund(db)
            a_lot(db, fund, 10**9)
            self.writers = [self._writer(db, fund) for _ in range(WRITERS)]

    def opened(self) -> Any:
        """Open the database from this process."""
        from contextlib import closing

        settings = Settings(database_url=self.url, log_level="error", lock_timeout_seconds=60)
        return closing(Database(settings))

    def _writer(self, db: Any, fund: Any) -> Writer:
        grant = a_grant(db, fund, 10**8)
        make_payable(db, grant.grantee_id)
        make_agreed(db, grant)
        roles = {
            "request": Role.GRANT_OFFICER, "certify": Role.FINANCE_OFFICER,
            "approve": Role.APPROVER, "pay": Role.SIGNATORY,
        }  # fmt: skip
        tokens = {duty: a_person(db, role)[1] for duty, role in roles.items()}
        return Writer(self.served.address, grant.id, tokens, self.stop)

    def rage(self, times: int, strike: Callable[[], None], seed: int) -> None:
        """Let the writers write while ``strike`` strikes so many times, at random moments."""
        chance = random.Random(seed)
        threads = [Thread(target=writer.run) for writer in self.writers]
        self.stop.clear()
        self.served.see_that_it_runs()
        for thread in threads:
            thread.start()
        for _ in range(times):
            time.sleep(chance.uniform(0.05, 0.8))
            strike()
        until = time.monotonic() + PATIENCE
        while not self._has_paid() and time.monotonic() < until:
            self.served.see_that_it_runs()
            time.sleep(PAUSE)
        self.stop.set()
        for thread in threads:
            thread.join()

    def _has_paid(self) -> bool:
        """Tell whether every writer that still writes has had a payment acknowledged as paid."""
        return all("paid" in [*one.acknowledged.values()] or one.wrong for one in self.writers)

    def verify(self) -> None:
        """Raise ``AssertionError`` unless everything acknowledged is there, once."""
        assert [wrong for writer in self.writers for wrong in writer.wrong] == []
        with self.opened() as database, database.read() as db:
            assert checks.run(db) == []
            held = dict(db.execute(select(Disbursement.id, Disbursement.status)).all())
            for writer in self.writers:
                for its_id, status in writer.acknowledged.items():
                    now = held.get(UUID(its_id))
                    assert now is not None, "an acknowledged request is gone"
                    assert ORDER.index(now) >= ORDER.index(status), (status, now)
                mine = select(func.count()).where(Disbursement.grant_id == writer.grant_id)
                assert db.execute(mine).scalar_one() in (writer.asked, writer.asked - 1), "twice"
            paid = sum(status == "paid" for status in held.values())
            assert paid > 0
            booked = select(func.sum(Transfer.amount_minor)).where(Transfer.kind == "pay")
            assert db.execute(booked).scalar_one() == paid * AMOUNT
            total = select(func.sum(Grant.paid_minor))
            assert db.execute(total).scalar_one() == paid * AMOUNT
