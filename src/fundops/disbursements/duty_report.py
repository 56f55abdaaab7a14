"""Who could pay, and whether anybody could alone: asked of the same rules that refuse.

For each human (all records of one person, and every token they issued to others) the report tries
every way to take the four duties; the engine that refuses at each step decides here too. So the
answer "nobody" is found, not assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.audit import AuditEvent
from fundops.authz import ROLE_PERMISSIONS, Role
from fundops.disbursements.acting import INSIDE_ROLES, taken
from fundops.disbursements.duties import DUTIES, Band, Duty, same_hands
from fundops.disbursements.models import Disbursement, PersonLimit
from fundops.disbursements.profiles import profile_in_force
from fundops.disbursements.steps import PERMISSION
from fundops.ledger.models import Fund
from fundops.parties.access_queries import held_at, usable_at
from fundops.parties.models import Membership, Person, SamePerson, Token

MAX_PERSONS = 2_000


@dataclass(frozen=True)
class Candidate:
    """A registered person who may take duties: which, and in whose hands each then is.

    ``is_outside`` says that no role of the fund's own office is in the hands they pay with.
    """

    person_id: UUID
    code: str
    is_outside: bool
    hands: Mapping[Duty, frozenset[UUID]]


@dataclass
class DutyReport:
    """Who may take which duty of a payment of an amount, and who could pay it alone."""

    amount_minor: int
    band: Band
    candidates: list[Candidate]
    alone: list[str] = field(default_factory=list)
    fewest: int | None = None

    def holders(self, duty: Duty) -> list[str]:
        """Return the codes of the persons who may take a duty."""
        return sorted(one.code for one in self.candidates if duty in one.hands)


def report(db: Session, fund: Fund, amount_minor: int, at: datetime | None = None) -> DutyReport:
    """Return who could take part in a payment of ``amount_minor`` at an instant, now by default."""
    moment = at or clock.now()
    on = clock.day_in(moment, fund.zone)
    band = profile_in_force(db, fund.id, on).band(amount_minor)
    candidates = _candidates(db, fund, amount_minor, moment, on)
    codes = {one.person_id: one.code for one in candidates}
    found = DutyReport(amount_minor, band, candidates, fewest=_fewest(band, candidates))
    for person_id, reached in _reach(candidates).items():
        if next(_ways(band, reached, {}), None) is not None:
            found.alone.append(codes.get(person_id) or db.get_one(Person, person_id).code)
    found.alone.sort()
    return found


def report_of(db: Session, disbursement: Disbursement, fund: Fund) -> DutyReport:
    """Return the report of one disbursement: as of when it was released, or of now."""
    return report(db, fund, disbursement.amount_minor, disbursement.sent_at)


def in_common_hands(db: Session, disbursement: Disbursement, fund: Fund) -> list[tuple[Duty, Duty]]:
    """Return the duties of a disbursement that were taken in common hands, against the rules.

    No step lets that pass, so it is found only where records were changed behind the program. Who
    asked may have certified too where that was allowed on the day.
    """
    moment = disbursement.certified_at or clock.now()
    on = clock.day_in(moment, fund.zone)
    band = profile_in_force(db, fund.id, on).band(disbursement.amount_minor)
    hands = taken(db, disbursement)
    found: list[tuple[Duty, Duty]] = []
    for at, duty in enumerate(DUTIES):
        before = {other: hands[other] for other in DUTIES[:at] if other in hands}
        other = same_hands(band, before, duty, hands.get(duty, frozenset()))
        if other is not None:
            found.append((other, duty))
    return found


def _candidates(
    db: Session, fund: Fund, amount_minor: int, at: datetime, on: date
) -> list[Candidate]:
    roles: dict[UUID, list[Membership]] = {}
    codes: dict[UUID, str] = {}
    query = (
        select(Membership, Person.code)
        .join(Person, Person.id == Membership.person_id)
        .where(held_at(at), Membership.fund_id.is_(None) | (Membership.fund_id == fund.id))
        .order_by(Person.code, Membership.id)
        .limit(MAX_PERSONS)
    )
    for membership, code in db.execute(query):
        roles.setdefault(membership.person_id, []).append(membership)
        codes[membership.person_id] = code
    limits, issuers, records = _limits(db, fund, on), _issuers(db, at), _records(db)
    found = []
    for person_id, held in roles.items():
        others = issuers.get(person_id, frozenset())
        hands = {
            duty: _widened(_hands(person_id, held, duty) | others, records)
            for duty in DUTIES
            if _may(held, duty) and limits.get((person_id, duty), amount_minor) >= amount_minor
        }
        if hands:
            own = frozenset({person_id}) | hands.get("pay", frozenset())
            all_held = [one for record in _widened(own, records) for one in roles.get(record, [])]
            outside = not any(Role(one.role) in INSIDE_ROLES for one in all_held)
            found.append(Candidate(person_id, codes[person_id], outside, hands))
    return found


def _may(held: list[Membership], duty: Duty) -> bool:
    return any(PERMISSION[duty] in ROLE_PERMISSIONS[Role(one.role)] for one in held)


def _hands(person_id: UUID, held: list[Membership], duty: Duty) -> frozenset[UUID]:
    """Return a person's hands: the lenders count where nothing but a lent role allows it."""
    allowed = [one for one in held if PERMISSION[duty] in ROLE_PERMISSIONS[Role(one.role)]]
    lenders = {one.delegated_by_id for one in allowed}
    if None in lenders:
        return frozenset({person_id})
    return frozenset({person_id, *(lender for lender in lenders if lender is not None)})


def _widened(hands: frozenset[UUID], records: Mapping[UUID, frozenset[UUID]]) -> frozenset[UUID]:
    return hands.union(*(records.get(hand, frozenset()) for hand in hands))


def _limits(db: Session, fund: Fund, on: date) -> dict[tuple[UUID, str], int]:
    query = select(PersonLimit.person_id, PersonLimit.duty, PersonLimit.limit_minor).where(
        PersonLimit.fund_id == fund.id,
        PersonLimit.status == "approved",
        PersonLimit.starts_on <= on,
        PersonLimit.ends_on.is_(None) | (PersonLimit.ends_on >= on),
    )
    found: dict[tuple[UUID, str], int] = {}
    for person_id, duty, limit in db.execute(query):
        found[person_id, duty] = min(limit, found.get((person_id, duty), limit))
    return found


def _issuers(db: Session, at: datetime) -> dict[UUID, frozenset[UUID]]:
    """Return, per person, who issued a live token of theirs that others could have kept."""
    query = (
        select(Token.person_id, AuditEvent.person_id)
        .join(AuditEvent, AuditEvent.record_id == Token.id)
        .where(
            AuditEvent.record_type == "token",
            AuditEvent.action == "token.created",
            AuditEvent.person_id.is_not(None),
            AuditEvent.person_id != Token.person_id,
            usable_at(at),
        )
    )
    found: dict[UUID, frozenset[UUID]] = {}
    for person_id, issuer in db.execute(query):
        if issuer is not None:
            found[person_id] = found.get(person_id, frozenset()) | {issuer}
    return found


def _records(db: Session) -> dict[UUID, frozenset[UUID]]:
    """Return all records of one human, for each record that is not the only one."""
    groups: dict[UUID, frozenset[UUID]] = {}
    for first, second in db.execute(select(SamePerson.person_id, SamePerson.other_id)):
        merged = groups.get(first, frozenset({first})) | groups.get(second, frozenset({second}))
        groups |= dict.fromkeys(merged, merged)
    return groups


def _reach(candidates: list[Candidate]) -> dict[UUID, list[Candidate]]:
    """Return, per person, the candidates as whom they might act: in whose hands they are."""
    found: dict[UUID, list[Candidate]] = {}
    for one in candidates:
        for hand in frozenset[UUID]().union(*one.hands.values()):
            found.setdefault(hand, []).append(one)
    return found


def _ways(
    band: Band, candidates: list[Candidate], taken: Mapping[Duty, Candidate]
) -> Iterator[Mapping[Duty, Candidate]]:
    """Yield every way to take the duties one by one that the rules of each step let pass."""
    if len(taken) == len(DUTIES):
        yield taken
        return
    duty = DUTIES[len(taken)]
    hands = {other: one.hands[other] for other, one in taken.items()}
    for one in candidates:
        if duty not in one.hands or same_hands(band, hands, duty, one.hands[duty]) is not None:
            continue
        if duty == "pay" and band.payer_is_outside and not one.is_outside:
            continue
        yield from _ways(band, candidates, {**taken, duty: one})


def _fewest(band: Band, candidates: list[Candidate]) -> int | None:
    """Return how many different persons such a payment takes at least; none if it cannot be.

    Two persons with the same duties and hands of their own are alike, so few of each are tried.
    """
    kinds: dict[tuple[object, ...], list[Candidate]] = {}
    for one in candidates:
        shared = [sorted(hand.hex for hand in one.hands[duty] - {one.person_id})
                  for duty in DUTIES if duty in one.hands]  # fmt: skip
        key = (tuple(sorted(one.hands)), one.is_outside, str(shared))
        kinds.setdefault(key, []).append(one)
    few = [one for alike in kinds.values() for one in alike[: len(DUTIES)]]
    counts = (len({one.person_id for one in way.values()}) for way in _ways(band, few, {}))
    return min(counts, default=None)
