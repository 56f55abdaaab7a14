"""Due diligence: what was looked into of a party, what is missing, and whether it is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor
from fundops.disbursements import sanctions
from fundops.errors import Problem, invalid
from fundops.files.models import File
from fundops.files.queries import Funds, used_by
from fundops.grants import risk
from fundops.grants.plan import add_months
from fundops.grants.rules import refuse_interest
from fundops.ids import uuid7
from fundops.messages import text
from fundops.parties.models import Party
from fundops.partners import lists
from fundops.partners.lists import CheckKind
from fundops.partners.models import DueDiligenceCheck
from fundops.partners.schemas import DueCheckIn
from fundops.payees.queries import current_account
from fundops.records import snapshot

MAX_CHECKS = 1_000
"""Checks that may be recorded of one party."""

STANDS = frozenset({"passed", "not_applicable"})


@dataclass(frozen=True)
class Standing:
    """How one check stands on a day: an outcome, ``expired`` or ``missing``, and why."""

    kind: CheckKind
    state: str
    reason: str
    checked_on: date | None = None
    valid_until_on: date | None = None
    check_id: UUID | None = None

    @property
    def keeps_back(self) -> bool:
        """Whether due diligence is incomplete because of this check."""
        return self.kind.is_required and self.state not in STANDS


def standing(db: Session, party_id: UUID, on: date) -> list[Standing]:
    """Return how every check of a party stands on a day, in the order of the list."""
    latest = _latest(db, party_id, on)
    return [
        _known(db, party_id, kind, on)
        if kind.comes_from is not None
        else _typed(kind, latest.get(kind.code), on)
        for kind in lists.checks().values()
    ]


def lasts_until(found: Sequence[Standing]) -> date | None:
    """Return the day until which all required checks stand that were typed in, if there is one."""
    days = [
        one.valid_until_on
        for one in found
        if one.kind.is_required and one.kind.comes_from is None and one.valid_until_on is not None
    ]
    return min(days, default=None)


def record(db: Session, actor: Actor, party: Party, given: DueCheckIn) -> DueDiligenceCheck:
    """Record what was found when one thing about a party was looked into.

    Raises ``conflict-of-interest``, ``invalid-request`` for an unknown kind, one that fundops
    knows itself, a day in the future, a validity longer than the kind's, no evidence, or
    somebody else's file; ``conflict`` for a party that is none.
    """
    if party.kind == "pseudo":
        raise Problem("conflict", detail=text("risk.no_grantee"))
    refuse_interest(db, actor, party.id)
    kind = lists.checks().get(given.kind)
    if kind is None:
        raise invalid("/kind", "partners.unknown_check")
    if kind.comes_from is not None or kind.months is None:
        raise invalid("/kind", "partners.known_check")
    until = _valid_until(kind, given)
    _check_evidence(db, actor, party.id, given)
    if len(_all(db, party.id)) >= MAX_CHECKS:
        raise Problem("conflict", detail=text("partners.too_many_checks", maximum=MAX_CHECKS))
    made = DueDiligenceCheck(
        id=uuid7(), party_id=party.id, kind=kind.code, outcome=given.outcome,
        checked_on=given.checked_on, valid_until_on=until, note=given.note,
        evidence_file_id=given.evidence_file_id, recorded_by_id=actor.person_id,
        created_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "due_diligence_check.recorded", "due_diligence_check", made.id,
        after=snapshot(made),
    )  # fmt: skip
    _warn(db, actor, party, kind, made)
    return made


def _warn(
    db: Session, actor: Actor, party: Party, kind: CheckKind, made: DueDiligenceCheck
) -> None:
    """Have the tier be high from now on where a required check has failed.

    It takes two persons and a new assessment to find the party less risky again.
    """
    today = clock.today("UTC")
    stands = _latest(db, party.id, today).get(kind.code)
    if not kind.is_required or stands is not made or made.outcome in STANDS:
        return
    known = risk.tier_of(db, party.id, today)
    if known.tier != "high":
        until = add_months(today, kind.months or 0)
        reason = text("partners.check.warned", check=kind.labels["en"])
        risk.assess(db, actor, party, "high", today, until, reason)


def _valid_until(kind: CheckKind, given: DueCheckIn) -> date:
    if given.checked_on > clock.today("UTC"):
        raise invalid("/checked_on", "validation.future")
    longest = add_months(given.checked_on, kind.months or 0)
    until = given.valid_until_on or longest
    if until < given.checked_on:
        raise invalid("/valid_until_on", "constraint.check_dates")
    if until > longest:
        raise invalid("/valid_until_on", "partners.check_too_long", months=kind.months)
    return until


def _check_evidence(db: Session, actor: Actor, party_id: UUID, given: DueCheckIn) -> None:
    if given.note is None and given.evidence_file_id is None:
        raise invalid("/note", "constraint.check_evidence")
    if given.evidence_file_id is None:
        return
    file = db.get(File, given.evidence_file_id)
    own = file is not None and file.party_id is None and file.uploaded_by_id == actor.person_id
    if file is None or not (own or file.party_id == party_id):
        raise invalid("/evidence_file_id", "validation.unknown_record")


def _all(db: Session, party_id: UUID) -> Sequence[UUID]:
    query = select(DueDiligenceCheck.id).where(DueDiligenceCheck.party_id == party_id)
    return db.execute(query.limit(MAX_CHECKS)).scalars().all()


def _latest(db: Session, party_id: UUID, on: date) -> dict[str, DueDiligenceCheck]:
    """Return the latest check of each kind by ``on``."""
    query = (
        select(DueDiligenceCheck)
        .where(DueDiligenceCheck.party_id == party_id, DueDiligenceCheck.checked_on <= on)
        .order_by(DueDiligenceCheck.checked_on, DueDiligenceCheck.created_at, DueDiligenceCheck.id)
        .limit(MAX_CHECKS)
    )
    return {one.kind: one for one in db.execute(query).scalars()}


def _typed(kind: CheckKind, found: DueDiligenceCheck | None, on: date) -> Standing:
    if found is None:
        return Standing(kind, "missing", text("partners.check.missing"))
    state = found.outcome if found.valid_until_on >= on else "expired"
    days = {"on": found.checked_on.isoformat(), "until": found.valid_until_on.isoformat()}
    reason = text(f"partners.check.{state}", **days)
    return Standing(kind, state, reason, found.checked_on, found.valid_until_on, found.id)


def _known(db: Session, party_id: UUID, kind: CheckKind, on: date) -> Standing:
    if kind.comes_from == "payees":
        account = current_account(db, party_id, clock.now())
        if account is None:
            return Standing(kind, "missing", text("partners.check.no_account"))
        return Standing(kind, "passed", text("partners.check.account", masked=account.masked))
    obstacle = sanctions.obstacle(db, party_id, on, kind.days or 0)
    last = sanctions.latest(db, party_id)
    if obstacle is not None:
        return Standing(kind, "missing" if last is None else "failed", obstacle)
    assert last is not None, "without a check there is an obstacle"
    looked = text("partners.check.looked_up", on=last.checked_on.isoformat())
    return Standing(kind, "passed", looked, last.checked_on)


@used_by
def shown_in_checks(funds: Funds) -> ColumnElement[bool]:
    """Return whether a file is the evidence of a check, which are of the whole organisation."""
    del funds
    return exists(select(DueDiligenceCheck.id).where(DueDiligenceCheck.evidence_file_id == File.id))
