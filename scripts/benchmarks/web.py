"""Goals 3 to 5, over HTTP against a real server process: draws, load, and a tutorial beside it."""

from __future__ import annotations

import json
import statistics
import urllib.request
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from fundops import audit, clock
from fundops.authz import Role
from fundops.db import Database
from fundops.donors.models import Agreement, Instalment, Lot, Pledge
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger import balances, checks
from fundops.ledger.posting import AccountRef
from scripts.benchmarks import client
from scripts.benchmarks.client import Answers, drive, for_seconds
from scripts.benchmarks.ground import Ground, Place
from scripts.benchmarks.measure import Result, in_turn, quotients
from scripts.benchmarks.servers import FUNDOPS, TUTORIAL, apart, serving
from tests.databases import Kind
from tests.factories import a_fund, a_lot, a_party, a_person

ON = date(2026, 3, 2)
PLEDGES, MANY_CLIENTS, CLIENTS = 1_000, 100, 16
DRAW_MINOR, DRAWS = 25_00, 400


@dataclass
class World:
    """What the database holds, known to the client."""

    fund_id: UUID = field(default_factory=uuid4)
    drawn_id: UUID = field(default_factory=uuid4)
    lot_id: UUID = field(default_factory=uuid4)
    donor_id: UUID = field(default_factory=uuid4)
    grantee_id: UUID = field(default_factory=uuid4)
    tokens: list[str] = field(default_factory=list)
    pledges: list[str] = field(default_factory=list)

    def fill(self, database: Database) -> None:
        """Make two funds, one with little money, and persons who may award and pledge."""
        with database.write() as db:
            audit.lock_head(db)
            fund, drawn = a_fund(db), a_fund(db)
            donor, grantee = a_party(db), a_party(db, kind="civil_society")
            a_lot(db, fund, 10**13, donor=donor)
            lot = a_lot(db, drawn, DRAW_MINOR * DRAWS, donor=donor)
            self.fund_id, self.drawn_id, self.lot_id = fund.id, drawn.id, lot.id
            self.donor_id, self.grantee_id = donor.id, grantee.id
            self.tokens = [a_person(db, Role.FUND_MANAGER)[1] for _ in range(MANY_CLIENTS)]

    def fill_with_pledges(self, database: Database) -> None:
        """Make the same, and pledges of which every second has an agreement."""
        self.fill(database)
        with database.write() as db:
            pledges = [self._pledge(number) for number in range(PLEDGES)]
            agreements = [self._agreement(pledge) for pledge in pledges[::2]]
            db.execute(insert(Pledge), pledges)
            db.execute(insert(Agreement), agreements)
            db.execute(
                insert(Instalment),
                [self._instalment(one, part) for one in agreements for part in (1, 2)],
            )
            self.pledges = [str(pledge["id"]) for pledge in pledges]

    def _pledge(self, number: int) -> dict[str, Any]:
        return {
            "id": uuid7(), "code": f"PLG-1999-{number:04d}", "fund_id": self.fund_id,
            "donor_id": self.donor_id, "amount_minor": 1_250_000_00 + number, "currency": "EUR",
            "rate": "0.92", "base_minor": 1_358_695_65 + number, "fiscal_year": 2026,
            "pledged_on": ON, "expected_on": ON, "conditions": "Paid in two parts.",
            "status": "pledged" if number % 2 else "agreed", "version": 1,
            "created_at": clock.now(),
        }  # fmt: skip

    def _agreement(self, pledge: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": uuid7(), "code": pledge["code"].replace("PLG", "AGR"),
            "fund_id": self.fund_id, "donor_id": self.donor_id, "pledge_id": pledge["id"],
            "title": "An agreement", "is_binding": True, "has_return_obligation": False,
            "category": 1, "earmark": '{"category":1}', "support_cost_basis": "none",
            "support_cost_ppm": 0, "agent_fee_ppm": 0, "status": "active", "version": 1,
            "created_at": clock.now(),
        }  # fmt: skip

    def _instalment(self, agreement: dict[str, Any], part: int) -> dict[str, Any]:
        return {
            "id": uuid7(), "agreement_id": agreement["id"], "number": part, "due_on": ON,
            "amount_minor": 600_000_00, "currency": "EUR", "matched_minor": 0,
            "written_off_minor": 1_000_00 * (part - 1), "version": 1, "created_at": clock.now(),
        }  # fmt: skip


def measure_reads(ground: Ground, kind: Kind, *, quick: bool) -> list[Result]:
    """Return how many times as fast as the tutorial's are a list of 50 and one record."""
    world, repeats, seconds = World(), *((3, 0.8) if quick else (9, 1.5))
    results = []
    with (
        ground.copies(kind, 1, world.fill_with_pledges) as (place,),
        serving(FUNDOPS, place.url) as ours,
        serving(TUTORIAL, place.url) as theirs,
        apart(),
    ):
        _same_answers(ours, theirs, world)
        for what, bound, paths in (
            ("list of 50", 3.0, ["/v1/pledges?limit=50"]),
            ("one record", 1.7, [f"/v1/pledges/{one}" for one in world.pledges[:100]]),
        ):
            requests = [client.get(path, world.tokens[0]) for path in paths]

            def rate(port: int, requests: list[bytes] = requests) -> float:
                def ask(asker: int, number: int) -> bytes:
                    return requests[(asker + number) % len(requests)]

                found = drive(port, CLIENTS, for_seconds(seconds, ask))
                assert found.count(200, 299) == sum(map(len, found.statuses)), found.bodies
                return found.rate

            rate(ours), rate(theirs)
            pairs = in_turn(repeats, lambda: rate(ours), lambda: rate(theirs))
            median, spread = quotients(pairs)
            mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
            results.append(
                Result("5", f"{what}: rate against the tutorial's", kind, median, bound, True,
                       spread, note=f"{mine:.0f} and {other:.0f} a second")
            )  # fmt: skip
    return results


def _same_answers(ours: int, theirs: int, world: World) -> None:
    """Fail unless both servers answer alike: the comparison is only fair then."""
    for path in ("/v1/pledges?limit=50", *(f"/v1/pledges/{one}" for one in world.pledges[:2])):
        found = []
        for port in (ours, theirs):
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}{path}",
                headers={"authorization": f"Bearer {world.tokens[0]}"},
            )
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                found.append(json.load(answer))
            found[-1].pop("next_cursor", None)
        assert found[0] == found[1], f"the two servers answer {path} differently"


def measure_draws(ground: Ground, kind: Kind, *, quick: bool) -> list[Result]:
    """Return how evenly 16 clients draw one balance down, and that they stop at its end."""
    world, repeats = World(), 1 if quick else 3
    slowest, results = [], []
    with ground.copies(kind, repeats, world.fill) as places:
        for place in places:
            with serving(FUNDOPS, place.url) as port, apart():
                found = drive(port, CLIENTS, _draws(world))
            granted = _check_draws(place, world, found)
            slowest.append(min(granted) / max(granted))
    median = statistics.median(slowest)
    results.append(
        Result("3", f"{CLIENTS} clients draw one balance: awards, least against most of a client",
               kind, median, 0.5, True, (min(slowest), max(slowest)),
               note="spent to the limit, no 5xx")
    )  # fmt: skip
    return results


def _draws(world: World) -> client.NextRequest:
    body = json.dumps(
        {
            "fund_id": str(world.drawn_id), "grantee_id": str(world.grantee_id),
            "title": "A draw", "amount": {"amount": f"{DRAW_MINOR / 100:.2f}", "currency": "USD"},
            "objectives": [{"objective": 1, "percent": 100}],
        }
    ).encode()  # fmt: skip
    # Every client asks on until well past the end, so that all see the refusal.
    each = 2 * DRAWS // CLIENTS

    def ask(asker: int, number: int) -> bytes | None:
        if number >= each:
            return None
        return client.post("/v1/grants", world.tokens[asker], uuid4().hex, body)

    return ask


def _check_draws(place: Place, world: World, found: Answers) -> list[int]:
    """Fail unless the money was spent exactly to the limit; return the awards of each client."""
    statuses = {status for one in found.statuses for status in one}
    assert statuses <= {201, 409}, (sorted(statuses), found.bodies)
    granted = [one.count(201) for one in found.statuses]
    assert sum(granted) == DRAWS, (granted, found.bodies)
    database = Database(place.settings())
    try:
        with database.read() as db:
            violations = checks.run(db)
            assert not violations, violations[:5]
            assert balances.now(db, AccountRef(world.drawn_id, "lot", world.lot_id)) == 0
            made = db.execute(select(Grant.id).where(Grant.fund_id == world.drawn_id)).all()
            assert len(made) == DRAWS
            assert db.get(Lot, world.lot_id) is not None
    finally:
        database.close()
    return granted


def measure_load(ground: Ground, kind: Kind, *, quick: bool) -> list[Result]:
    """Return the rate of 100 clients on reads and writes, as a share of 16 clients' rate."""
    world, repeats, seconds = World(), *((2, 2.0) if quick else (5, 4.0))
    worst = 0
    with (
        ground.copies(kind, 1, world.fill_with_pledges) as (place,),
        serving(FUNDOPS, place.url) as port,
        apart(),
    ):

        def rate(clients: int) -> float:
            nonlocal worst
            found = drive(port, clients, for_seconds(seconds, _mix(world)))
            worst += found.count(500, 599)
            assert found.count(200, 299) == sum(map(len, found.statuses)), found.bodies
            return found.rate

        rate(CLIENTS)
        pairs = in_turn(repeats, lambda: rate(MANY_CLIENTS), lambda: rate(CLIENTS))
    median, spread = quotients(pairs)
    many, few = (statistics.median(side) for side in zip(*pairs, strict=True))
    return [
        Result("4", f"{MANY_CLIENTS} clients on a mixed load: rate against {CLIENTS} clients'",
               kind, median, 0.8, True, spread, note=f"{many:.0f} and {few:.0f} a second, no 5xx")
    ]  # fmt: skip


_numbers = count()


def _mix(world: World) -> client.NextRequest:
    """Return eight reads in ten (lists, single records), two writes."""
    body = json.dumps(
        {
            "fund_id": str(world.fund_id), "donor_id": str(world.donor_id),
            "amount": {"amount": "1500.00", "currency": "USD"}, "pledged_on": ON.isoformat(),
        }
    ).encode()  # fmt: skip

    def ask(asker: int, number: int) -> bytes:
        token, turn = world.tokens[asker], (asker + number) % 10
        if turn in (3, 8):
            return client.post("/v1/pledges", token, uuid4().hex, body)
        if turn in (0, 5):
            return client.get("/v1/pledges?limit=50", token)
        if turn == 1:
            return client.get("/v1/funds", token)
        return client.get(f"/v1/pledges/{world.pledges[next(_numbers) % PLEDGES]}", token)

    return ask
