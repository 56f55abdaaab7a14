"""What a statement tells of results: what a release tells, beside the donor's part, and no more."""

from __future__ import annotations

from typing import Any

from fundops import audit
from fundops.donors.models import Lot
from fundops.exports import render, statements
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from tests.factories import a_lot
from tests.grants.grant_factories import a_desk, a_payment
from tests.releases.release_factories import Scene, sexes
from tests.staged import staged
from tests.tracing.books import Book
from tests.world import World

CANARY = 7
"""The women whom the shelter helped: no statement may hold this number of them."""


def two_donors(world: World) -> Scene:
    """Two donors; the first's money alone paid the school, both paid the shelter."""
    scene = Scene(world)
    for name, count in (("shelter", CANARY), ("school", 40), ("clinic", 25), ("hidden", 30)):
        scene.accept(name, sexes(count))
    with world.database.write() as db:
        audit.lock_head(db)
        fund, desk = db.get_one(Fund, scene.fund_id), a_desk(db)
        for name, minor in (("school", 50_00), ("shelter", 60_00), ("hidden", 10_00)):
            grant = db.get_one(Grant, scene.grants[name][0])
            a_payment(db, desk, fund, grant, minor)
    return scene


scene = staged(two_donors)
"""Two donors, whose money paid grants that reported."""


def book_of(scene: Scene, known_seq: int | None = None) -> Book:
    """Return the statement of the donor whose lot the fund has."""
    with scene.world.database.export() as db:
        fund = db.get_one(Fund, scene.fund_id)
        lot = db.query(Lot).filter(Lot.fund_id == fund.id).order_by(Lot.opened_on).first()
        assert lot is not None
        donor = db.get_one(Party, lot.donor_id)
        asked = statements.question_for(db, donor.id, fund, statements.Period(None, None, None))
        if known_seq is not None:
            asked = type(asked)(
                asked.donor_id, asked.fund_id, asked.from_on, asked.as_of_on, known_seq
            )
        return Book(b"".join(render(statements.statement_workbook(db, asked))))


def told(book: Book) -> dict[Any, Any]:
    return {row["Grant"]: (row["Your share"], row["Reached"]) for row in book.table("Results")}


def test_a_small_count_stays_a_band_beside_the_donors_part(scene: Scene) -> None:
    assert told(book_of(scene)) == {}, "nothing is out yet"
    with scene.world.database.read() as db:
        before = audit.sequence_at(db, None)
    scene.publish()
    book = book_of(scene)
    shelter, school = scene.grants["shelter"][1], scene.grants["school"][1]
    assert told(book) == {shelter: (1, "1 to 10"), school: (1, "11 or more")}
    sentences = {row["Grant"]: row["In words"] for row in book.table("Results")}
    assert sentences[shelter] == "Contributed 100.00 % to a grant that reached 1 to 10."
    assert scene.grants["hidden"][1] not in book.text
    assert book.checks() == {"OK"}
    assert told(book_of(scene, known_seq=before)) == {}, "as known then, nothing was out"


def test_a_withdrawn_release_is_told_of_no_more_and_inside_ones_never(scene: Scene) -> None:
    scene.publish("inside")
    assert told(book_of(scene)) == {}
    place = scene.publish("outside")
    assert told(book_of(scene))
    with scene.world.database.read() as db:
        then = audit.sequence_at(db, None)
    gone = scene.manager.post(f"{place}/withdraw", json={"reason": "A figure was wrong."})
    assert gone.status_code == 200, gone.text
    assert told(book_of(scene)) == {}
    assert told(book_of(scene, known_seq=then)), "as known then, it was out"


def test_a_part_of_the_money_is_a_part_and_persons_are_not_divided(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        fund = db.get_one(Fund, scene.fund_id)
        other = a_lot(db, fund, 500_00)
        donor = db.get_one(Party, other.donor_id)
    scene.publish()
    with scene.world.database.export() as db:
        fund = db.get_one(Fund, scene.fund_id)
        asked = statements.question_for(db, donor.id, fund, statements.Period(None, None, None))
        book = Book(b"".join(render(statements.statement_workbook(db, asked))))
    assert told(book) == {}, "a donor whose money paid nothing is told of nothing"
