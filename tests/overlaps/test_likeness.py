"""What counts as an overlap, how it is ranked, and why: without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from fundops.overlaps.likeness import (
    LIKE_TEXT,
    WEIGHTS,
    Work,
    find_overlaps,
    name_likeness,
    shared_passage,
)

SHELTER = (
    "The project runs two safe houses near the port, with counselling for women and girls who "
    "were forced to work on fishing vessels, and trains the harbour police to recognise them."
)
HOTLINE = "A telephone line in four languages tells migrant labourers about contracts and wages."


def a_work(number: int = 1, **over: object) -> Work:
    values: dict[str, object] = {
        "kind": "proposal", "id": UUID(int=number), "code": f"PRO-2026-{number:04d}",
        "title": "Safe houses in the ports", "text": SHELTER,
        "party_ids": frozenset({UUID(int=100 + number)}), "names": (f"Organisation {number}",),
        "countries": frozenset({"PH"}), "places": ("Subic",),
        "starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31),
    }  # fmt: skip
    return Work(**(values | over))  # type: ignore[arg-type]


def aspects(overlap: object) -> dict[str, int]:
    return {one.aspect: one.points for one in overlap.likenesses}  # type: ignore[attr-defined]


def test_the_same_in_everything_has_all_points() -> None:
    mine = a_work(1)
    [found] = find_overlaps(mine, [replace(mine, id=UUID(int=2))])
    assert found.points == 100 == sum(WEIGHTS.values())
    assert aspects(found) == WEIGHTS
    [text] = [one for one in found.likenesses if one.aspect == "text"]
    assert text.evidence == (SHELTER,)


def test_same_country_and_period_alone_are_no_overlap() -> None:
    other = a_work(2, title="Wages", text=HOTLINE, places=())
    assert find_overlaps(a_work(1), [other]) == []
    same = replace(other, party_ids=a_work(1).party_ids)
    [found] = find_overlaps(a_work(1), [same])  # control: the same works of one organisation are
    assert aspects(found)["organisation"] == 35


def test_a_name_spelled_otherwise_is_noticed_and_a_different_one_is_not() -> None:
    mine = a_work(1, names=("Fondation Espérance pour les Enfants",))
    spelled = a_work(2, names=("Fondation Esperance des enfants",), text=HOTLINE, title="x")
    other = a_work(3, names=("Fondation Solidarité des Femmes",), text=HOTLINE, title="x")
    [found] = find_overlaps(mine, [spelled, other])
    assert found.work.id == spelled.id
    assert found.likenesses[0].evidence == (mine.names[0], spelled.names[0])


def test_names_that_differ_in_one_telling_word_are_not_alike() -> None:
    assert name_likeness("Caritas Nepal", "Caritas Nigeria") == 0
    assert name_likeness("Organisation 1", "Organisation 2") == 0
    assert name_likeness("Save the Children International", "Save the Children") == 1
    assert name_likeness("Kachin Baptist Convention (KBC)", "Kachin Baptist Convention") == 1
    assert name_likeness("Internatonal Rescue Comittee", "International Rescue Committee") > 0.9


def test_a_copied_passage_is_quoted() -> None:
    copied = a_work(2, text=f"In the north we begin. {SHELTER} Then we go on.")
    [found] = find_overlaps(a_work(1), [copied])
    [text] = [one for one in found.likenesses if one.aspect == "text"]
    assert text.share >= LIKE_TEXT
    assert text.evidence == (SHELTER,)
    assert shared_passage("one two three", "one two three") is None  # too short to be copied


def test_periods_overlap_by_the_shorter_one() -> None:
    mine = a_work(1, starts_on=date(2026, 1, 1), ends_on=date(2026, 6, 30))
    later = a_work(2, starts_on=date(2026, 4, 1), ends_on=date(2027, 3, 31))
    apart = a_work(3, starts_on=date(2026, 7, 1), ends_on=date(2027, 3, 31))
    unending = a_work(4, starts_on=date(2020, 1, 1), ends_on=None)
    found = {one.work.id: one for one in find_overlaps(mine, [later, apart, unending])}
    shares = {
        number: next((x.share for x in one.likenesses if x.aspect == "period"), 0.0)
        for number, one in ((n.int, found[n]) for n in found)
    }
    assert shares == {2: 91 / 181, 3: 0.0, 4: 1.0}


def test_the_order_is_by_points_then_by_id() -> None:
    copies = [a_work(n) for n in (5, 4, 3)]
    weaker = a_work(2, text=f"{HOTLINE} {SHELTER}", places=())
    found = find_overlaps(a_work(1), [weaker, *copies], limit=3)
    assert [one.work.id.int for one in found] == [3, 4, 5]


def test_other_scripts_are_compared() -> None:
    arabic = "ملجأ للنساء ضحايا الاتجار في المدينة الساحلية مع مشورة قانونية"
    chinese = "为被迫在渔船上工作的妇女提供两个安全住所和心理咨询"
    for text in (arabic, chinese):
        mine = a_work(1, title="", text=text, places=())
        [found] = find_overlaps(
            mine, [a_work(2, title="", text=text, places=(), countries=frozenset())]
        )
        assert aspects(found)["text"] == 35


WORDS = st.lists(st.sampled_from(SHELTER.split() + HOTLINE.split()), max_size=30).map(" ".join)


@given(st.lists(WORDS, min_size=2, max_size=6))
def test_points_are_bounded_and_likeness_is_mutual(texts: list[str]) -> None:
    works = [
        a_work(n, title="", text=text, places=(), countries=frozenset())
        for n, text in enumerate(texts)
    ]
    first, second, *rest = works
    there = {o.work.id: o for o in find_overlaps(first, [second, *rest], limit=100)}
    back = {o.work.id: o for o in find_overlaps(second, [first, *rest], limit=100)}
    assert (second.id in there) == (first.id in back)
    for overlap in (*there.values(), *back.values()):
        assert 0 < overlap.points <= 100
        assert all(0 < one.share <= 1 for one in overlap.likenesses)
    if second.id in there:
        assert there[second.id].points == back[first.id].points
