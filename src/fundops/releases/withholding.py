"""Releases that tell of somebody who has been flagged at risk since: withheld from then on.

To hide the flagged cells alone would not do: what is left of a total gives them away. So the whole
release is kept from all but those who may know whom it tells of, until a new one is published,
which reckons with all that was read. It is not withdrawn: that takes a person and a reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Permission
from fundops.grants.models import Grant
from fundops.messages import text
from fundops.notices.service import tell
from fundops.parties.flags import Flagged, when_flagged
from fundops.parties.models import Party
from fundops.records import snapshot
from fundops.releases.models import Release, ReleaseCell
from fundops.roles import roles_with


@when_flagged
def withhold(db: Session, author: audit.Author, flagged: Flagged) -> None:
    """Withhold every published release with figures of a grantee or place just flagged.

    Each is recorded with what was flagged as the reason, without saying whom, and those who may
    withdraw it are told. One that is withheld already stays so since the first time.
    """
    is_party = isinstance(flagged, Party)
    reason = text("releases.withheld_for_party" if is_party else "releases.withheld_for_place")
    for release in _telling_of(db, flagged):
        before = snapshot(release)
        release.withheld_at = release.withheld_at or clock.now()
        db.flush()
        audit.record(
            db, author, "release.withheld", "release", release.id, fund_id=release.fund_id,
            reason=reason, before=before, after=snapshot(release),
        )  # fmt: skip
        for role in roles_with(Permission.RELEASE_PUBLISH):
            tell(
                db, "release_withheld", role=role.value, fund_id=release.fund_id,
                about=("release", release.id), facts={"code": release.code},
            )  # fmt: skip


def _telling_of(db: Session, flagged: Flagged) -> Iterable[Release]:
    """Return the published releases with cells of grants of a party or in a place.

    Whoever has a cell of its own anywhere has one under its grant's code: grants that were
    protected already have none, and count in no country.
    """
    codes = select(Grant.code).where(_its_grants(flagged))
    has_cells = select(ReleaseCell.release_id).where(
        ReleaseCell.release_id == Release.id,
        ReleaseCell.level == "grant",
        ReleaseCell.unit.in_(codes),
    )
    query = select(Release).where(Release.status == "published", has_cells.exists())
    return list(db.execute(query.order_by(Release.published_at, Release.id)).scalars())


def _its_grants(flagged: Flagged) -> ColumnElement[bool]:
    if isinstance(flagged, Party):
        return Grant.grantee_id == flagged.id
    of_fund = true() if flagged.fund_id is None else Grant.fund_id == flagged.fund_id
    return (Grant.country == flagged.country) & of_fund
