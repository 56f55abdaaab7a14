"""A real pooled fund played again: its rounds as calls, its projects as proposals, boards, awards.

What came in, and what was granted before 2018 (before the rounds were published), is imported as
it is. Every project from 2018 on becomes a proposal under its round, found eligible, with the facts
that its source has. Then, day by day of approval, a board of the round decides on what was approved
that day: what the fund's cash of that day and the round's plan allow is awarded, the rest goes on
the reserve list with what binds as the reason; members vote and two persons confirm.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.db import Database
from fundops.decisions.candidates import item_of, money_of, terms_of_call
from fundops.decisions.line import Candidate
from fundops.decisions.models import Board
from fundops.donors.models import Lot
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.imports.load import run_import
from fundops.imports.read import read
from fundops.imports.records import ProjectRecord
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.proposals.facts import facts_of
from fundops.proposals.models import Proposal, ProposalVersion
from tests.decisions.factories import Room, a_board, an_item, confirmed, decided
from tests.factories import a_person

FIRST_YEAR = 2018
ROUNDS = "cbpf/allocation_rounds.csv"
PROJECTS = "cbpf/projects_2015_2025.csv"
CONTRIBUTIONS = "cbpf/contributions_asof_2026-08-22.csv"


@dataclass
class Replayed:
    """What came of it: counts, sums in cents, and what bound those that were not awarded."""

    proposals: int = 0
    asked_minor: int = 0
    awarded: int = 0
    awarded_minor: int = 0
    boards: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    refused_minor: Counter[str] = field(default_factory=Counter)
    named: dict[str, str] = field(default_factory=dict)

    def told(self) -> tuple[int, int, int, dict[str, tuple[int, int]]]:
        """Return proposals, awards, their sum in cents, and what bound how many, how much."""
        bound = {name: (count, self.refused_minor[name]) for name, count in self.refused.items()}
        return self.proposals, self.awarded, self.awarded_minor, bound


def part_of(source: Path, target: Path, wanted: Callable[[dict[str, str]], bool]) -> Path:
    """Copy the rows of a published file that are wanted; the cells stay as they are."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        names = list(rows.fieldnames or ())
        kept = [row for row in rows if wanted(row)]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(kept)
    return target


def load_before(
    database: Database, data: Path, folder: Path, name: str, number: str, until: int
) -> None:
    """Import a fund's rounds, its contributions to a year, and its projects before the rounds."""
    rounds = part_of(data / ROUNDS, folder / "rounds.csv", lambda r: r["PooledFundId"] == number)
    gifts = part_of(
        data / CONTRIBUTIONS, folder / "gifts.csv",
        lambda r: r["PooledFundName"] == name and int(r["FiscalYear"]) <= until,
    )  # fmt: skip
    early = part_of(
        data / PROJECTS, folder / "early.csv",
        lambda r: r["PFId"] == number and int(r["AllYr"]) < FIRST_YEAR,
    )  # fmt: skip
    for profile, path in (
        ("cbpf-rounds", rounds),
        ("cbpf-contributions", gifts),
        ("cbpf-projects", early),
    ):
        result = run_import(database, profile, [path])
        assert result.is_loaded, (profile, [f.code for f in result.findings][:5])


def projects_of(data: Path, folder: Path, pooled: Pooled) -> list[ProjectRecord]:
    """Return a fund's projects from the rounds on, as the import reads them."""
    later = part_of(
        data / PROJECTS, folder / "later.csv",
        lambda r: r["PFId"] == pooled.number and int(r["AllYr"]) >= FIRST_YEAR,
    )  # fmt: skip
    records = read("cbpf-projects", [later]).records
    return [
        one for one in records if isinstance(one, ProjectRecord) and one.fund_code == pooled.code
    ]


def as_proposals(
    db: Session, fund: Fund, projects: Sequence[ProjectRecord], country: str
) -> dict[UUID, list[tuple[ProjectRecord, Proposal]]]:
    """Add a proposal for each project under its round; a partner is one party."""
    query = select(Call).where(Call.fund_id == fund.id)
    calls = {(call.year, call.title): call for call in db.execute(query).scalars()}
    parties: dict[str, Party] = {}
    made: dict[UUID, list[tuple[ProjectRecord, Proposal]]] = defaultdict(list)
    versions = []
    for number, one in enumerate(projects, start=1):
        call = calls[one.year, one.round_title[:500]]
        if one.partner_name not in parties:
            parties[one.partner_name] = a_partner(db, one.partner_name)
        proposal = Proposal(
            id=uuid7(), code=f"PRP-{fund.code}-{number:05d}", call_id=call.id,
            party_id=parties[one.partner_name].id, title=(one.title or one.code)[:500],
            language="en", country=country, starts_on=one.starts_on,
            ends_on=one.ends_on if one.ends_on and one.ends_on >= (one.starts_on or one.ends_on)
            else None,
            requested_minor=one.budget_minor, status="eligible", last_number=1,
            submitted_number=1, submitted_at=clock.now(), source_code=one.code[:120],
            created_at=clock.now(),
        )  # fmt: skip
        db.add(proposal)
        versions.append(
            ProposalVersion(
                id=uuid7(), proposal_id=proposal.id, number=1, kind="submitted", content="{}",
                sha256="0" * 64, saved_at=clock.now(),
            )
        )  # fmt: skip
        made[call.id].append((one, proposal))
    db.flush()
    db.add_all(versions)
    return made


def a_partner(db: Session, name: str) -> Party:
    """Register an implementing partner."""
    party = Party(
        id=uuid7(), code=f"PTR-{uuid7().hex[-10:].upper()}", kind="civil_society", name=name[:300],
        public_label=name[:300], is_at_risk=False, is_anonymous=False, status="active",
        created_at=clock.now(),
    )  # fmt: skip
    db.add(party)
    return party


@dataclass(frozen=True)
class Pooled:
    """A pooled fund as the published files name it."""

    name: str
    number: str
    code: str
    country: str


JORDAN = Pooled("Jordan", "73", "JOR73", "JO")
NIGERIA = Pooled("Nigeria", "75", "NGA75", "NG")


def replay(
    database: Database,
    data: Path,
    folder: Path,
    pooled: Pooled,
    *,
    keeps_plans: bool,
    until: int = 9999,
) -> Replayed:
    """Play one fund again and return what came of it.

    ``keeps_plans`` holds each round to the amount it was announced with; otherwise only cash and
    earmarks bind, as they did where a round was enlarged after its announcement. ``until`` leaves
    out what was given in later years.
    """
    load_before(database, data, folder, pooled.name, pooled.number, until)
    code, country = pooled.code, pooled.country
    out = Replayed()
    with database.write() as db:
        fund = db.execute(select(Fund).where(Fund.code == code)).scalar_one()
        if not keeps_plans:
            for call in db.execute(select(Call).where(Call.fund_id == fund.id)).scalars():
                call.envelope_minor = None
        by_call = as_proposals(db, fund, projects_of(data, folder, pooled), country)
        people = Room(
            fund, db.get_one(Call, next(iter(by_call))), a_person(db, Role.GRANT_OFFICER)[0],
            a_person(db, Role.FUND_MANAGER)[0], a_person(db, Role.APPROVER)[0],
            (a_person(db, Role.BOARD_MEMBER)[0], a_person(db, Role.BOARD_MEMBER)[0]),
        )  # fmt: skip
    days: dict[tuple[date, UUID], list[UUID]] = defaultdict(list)
    for call_id, pairs in by_call.items():
        for one, proposal in pairs:
            out.proposals += 1
            out.asked_minor += one.budget_minor
            days[one.approved_on or one.starts_on or date(one.year, 1, 1), call_id].append(
                proposal.id
            )
    for (day, call_id), ids in sorted(days.items()):
        with database.write() as db:
            audit.lock_head(db)
            people.fund = db.get_one(Fund, people.fund.id)
            people.call = db.get_one(Call, call_id)
            _decide(db, people, ids, day, out)
    return out


def _decide(db: Session, room: Room, ids: Sequence[UUID], day: date, out: Replayed) -> None:
    facts = facts_of(db, ids)
    money, _ = money_of(db, room.call, facts, day)
    left = terms_of_call(db, room.call, room.fund, day).left_minor
    board: Board = a_board(db, room, meets_on=day, title=f"Approvals of {day.isoformat()}")
    chosen: list[Candidate] = []
    for number, one_id in enumerate(ids, start=1):
        one = facts[one_id]
        amount = one.requested_minor or 0
        candidate = Candidate(item_of(one, amount, day), one.code, number)
        binding = None
        if left is not None and amount > left:
            binding = "envelope"
        elif not money.pays([*chosen, candidate]):
            binding = "cash"
        proposal = db.get_one(Proposal, one_id)
        if binding is None:
            chosen.append(candidate)
            left = None if left is None else left - amount
            an_item(db, room, board, proposal)
        else:
            out.refused[binding] += 1
            out.refused_minor[binding] += amount
            out.named[proposal.source_code or ""] = binding
            an_item(db, room, board, proposal, "reserve", place=min(len(out.named), 500))
    decided(db, room, board)
    confirmed(db, room, board, on=day)
    out.boards += 1
    out.awarded += len(chosen)
    out.awarded_minor += sum(candidate.item.amount_minor for candidate in chosen)


def worst_balance(db: Session, data: Path, pooled: Pooled, until: int = 9999) -> int:
    """Return the least, over all days, of what had come in less what had been granted, in cents.

    From the cells of the published file and the grants' own dates and amounts, not from the books;
    only the opening balance, which the file does not have, is taken from there.
    """
    moves: Counter[date] = Counter()
    with (data / CONTRIBUTIONS).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            paid = Decimal(row["PaidAmt"] or 0)
            if row["PooledFundName"] == pooled.name and paid and int(row["FiscalYear"]) <= until:
                moves[date.fromisoformat(row["PaidDate"][:10])] += int((paid * 100).to_integral())
    fund_id = db.execute(select(Fund.id).where(Fund.code == pooled.code)).scalar_one()
    opened = select(Lot.opened_on, Lot.amount_minor).where(
        Lot.fund_id == fund_id, Lot.kind == "opening"
    )
    for day, minor in db.execute(opened):
        moves[day] += minor
    awards = select(Grant.awarded_on, Grant.awarded_minor).where(Grant.fund_id == fund_id)
    for day, minor in db.execute(awards):
        moves[day] -= minor
    return min(accumulate(moves[day] for day in sorted(moves)))


def granted(db: Session) -> tuple[int, int]:
    """Return how many grants stand on proposals, and their sum in cents."""
    query = select(func.count(), func.sum(Grant.awarded_minor)).where(
        Grant.proposal_id.is_not(None)
    )
    count, minor = db.execute(query).one()
    return int(count), int(minor or 0)
