"""Releases: drawn up by one person, published by another, withdrawn in the open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundops import audit, clock, codes
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, require, step
from fundops.messages import text
from fundops.records import snapshot
from fundops.releases import figures
from fundops.releases.drafting import Draft, Thresholds, basis_of, draw, earlier_releases
from fundops.releases.layout import Key
from fundops.releases.models import Release, ReleaseCell
from fundops.releases.schemas import ResultReleaseIn

STEPS: Steps = {
    "publish": step("prepared", "published", Permission.RELEASE_PUBLISH, ("prepared_by_id",)),
    "withdraw": step("prepared published", "withdrawn", Permission.RELEASE_PUBLISH),
}


def draft(db: Session, fund: Fund, given: ResultReleaseIn, thresholds: Thresholds) -> Draft:
    """Draw up what a release would tell, as known now; nothing is stored.

    Raises ``invalid-request`` for a day that does not end a quarter that is over, or an indicator
    that releases cannot hold; ``conflict`` for what ``drafting.draw`` refuses.
    """
    after = given.as_of_on + timedelta(days=1)
    if figures.quarter_of(after) == figures.quarter_of(given.as_of_on):
        raise invalid("/as_of_on", "releases.quarter")
    if given.as_of_on >= clock.today(fund.zone):
        raise invalid("/as_of_on", "releases.not_over")
    for index, code in enumerate(given.indicators):
        if code not in figures.publishable():
            raise invalid(f"/indicators/{index}", "releases.indicator")
    known_seq = audit.sequence_at(db, None)
    wanted = sorted(set(given.indicators)) or list(figures.publishable())
    return draw(
        db, fund.id, given.class_name, given.as_of_on, known_seq, wanted, thresholds
    )  # fmt: skip


def prepare(
    db: Session, actor: Actor, fund: Fund, given: ResultReleaseIn, drawn: Draft, threshold: int
) -> Release:
    """Store a draft as a prepared release; its cells are frozen.

    Raises ``conflict`` when another release came out since the draft was drawn up.
    """
    _require_basis(db, fund.id, drawn.basis)
    told = {Key.of(at): band for at, band in drawn.bands.items()}
    release = Release(
        id=uuid7(),
        code=codes.next_code(db, "REL", clock.today(fund.zone).year),
        fund_id=fund.id,
        class_name=given.class_name,
        as_of_on=given.as_of_on,
        known_seq=drawn.known_seq,
        threshold=threshold,
        indicators=" ".join(sorted({key.indicator for key in told})),
        pattern_id=drawn.pattern_id,
        basis=drawn.basis,
        cells=len(told),
        status="prepared",
        prepared_at=clock.now(),
        prepared_by_id=actor.person_id,
    )
    db.add(release)
    db.flush()
    rows = [
        {
            "id": uuid7(), "release_id": release.id, "position": position,
            "indicator": key.indicator, "level": key.level, "unit": key.unit.partition(":")[2],
            "period": key.time, "dimension": key.dimension, "code": key.code,
            "measure": key.measure, "low": told[key].low, "high": told[key].high,
        }
        for position, key in enumerate(sorted(told), start=1)
    ]  # fmt: skip
    db.execute(insert(ReleaseCell), rows)
    _record(db, actor, "prepared", release, None)
    return release


def publish(db: Session, actor: Actor, release: Release) -> Release:
    """Publish what another person prepared, if nothing else came out since and nobody in it has
    been flagged as at risk.

    Raises ``wrong-status``, ``same-person``, ``conflict``.
    """
    before = snapshot(release)
    require(release, STEPS, "publish", actor)
    _require_basis(db, release.fund_id, release.basis)
    if figures.shown_though_protected(db, release.id):
        raise Problem("conflict", detail=text("releases.flagged_since"))
    advance(release, STEPS, "publish", actor)
    release.published_at, release.published_by_id = clock.now(), actor.person_id
    _record(db, actor, "published", release, before)
    return release


def withdraw(db: Session, actor: Actor, release: Release, reason: str) -> Release:
    """Take a release back, with a reason that everybody reads; it stays in the list.

    What it told is known all the same, and later releases reckon with it.
    """
    before = snapshot(release)
    advance(release, STEPS, "withdraw", actor)
    release.withdrawn_at, release.withdrawn_by_id = clock.now(), actor.person_id
    release.reason = reason
    _record(db, actor, "withdrawn", release, before)
    return release


def _require_basis(db: Session, fund_id: UUID, basis: str) -> None:
    found: Iterable[Release] = earlier_releases(db, fund_id)
    if basis_of(found) != basis:
        raise Problem("conflict", detail=text("releases.others_since"))


def _record(
    db: Session, actor: Actor, what: str, release: Release, before: dict[str, object] | None
) -> None:
    db.flush()
    audit.record(
        db, actor, f"release.{what}", "release", release.id, fund_id=release.fund_id,
        reason=release.reason, before=before, after=snapshot(release),
    )  # fmt: skip
