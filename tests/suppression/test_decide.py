"""What is hidden, and that nobody can work it out: against an attacker, and by planted mistakes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops.suppression.cells import (
    NOTHING,
    WIDTH,
    Band,
    Cell,
    Readers,
    Sum,
    Unsound,
    checked,
    top_of,
)
from fundops.suppression.cube import cube, merged, tree
from fundops.suppression.labels import first_bands
from fundops.suppression.release import decide
from tests.depth import DEPTH
from tests.suppression.attacker import Attacker
from tests.suppression.tables import (
    a_cube,
    cells_of,
    decided,
    drawn,
    lines,
    places,
    sexes_and_ages,
    told,
)

SMALL, LARGE = Band(1, 10), Band(11, None)
SEX = tree({"all.all": ("female", "male")})


def exact(count: int) -> Band:
    return Band(count, count)


def row(**counts: int) -> tuple[dict[str, int], list[Sum]]:
    """Return one total, ``fund``, of some grants' counts."""
    return {"fund": sum(counts.values()), **counts}, [Sum("fund", tuple(counts))]


def test_a_small_count_is_a_band_and_the_next_cheapest_cell_covers_it() -> None:
    counts, sums = row(shelter=7, school=40, refuge=60, empty=0)
    found = decided(counts, sums)
    assert found.pattern.bands == {
        "shelter": SMALL,
        "refuge": LARGE,
        "school": exact(40),
        "empty": exact(0),
        "fund": exact(107),
    }
    (work,) = found.work
    assert work.reached["shelter"][1] - work.reached["shelter"][0] > WIDTH
    assert found.pattern.id == decided(counts, list(reversed(sums))).pattern.id
    assert found.pattern.id != decided({**counts, "shelter": 11, "fund": 111}, sums).pattern.id


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    counts, sums = row(school=40, refuge=11, empty=0)
    found = decided(counts, sums)
    assert all(band.is_exact for band in found.pattern.bands.values())
    assert found.work[0].programmes == 0


def test_what_a_small_total_consists_of_is_not_told() -> None:
    """Whether a part is none or not: its parts and their parts have one band."""
    counts, sums = cube({("shelter", "female"): 7}, (tree({"fund": ("shelter",)}), SEX))
    bands = decided(counts, sums).pattern.bands
    assert bands["shelter|all.all"] == SMALL
    assert bands["shelter|female"] == bands["shelter|male"] == Band(0, 10)


@pytest.mark.parametrize("threshold", [11, 5])
@pytest.mark.parametrize("seed", range(3))
def test_no_small_count_is_worked_out_from_what_is_shown(threshold: int, seed: int) -> None:
    """Two and three ways across, and a hierarchy of places; sums and differences of figures too."""
    random = Random(seed)
    one = (tree({"all": [f"row{i}" for i in range(4)]}), tree({"all": list("abcd")}))
    for axes in (one, (places(2, 3), sexes_and_ages()), (places(3, 4), SEX)):
        counts, sums = a_cube(random, *axes)
        bands = decided(counts, sums, threshold).pattern.bands
        attacker = Attacker(lines(sums), told(bands))
        assert attacker.breaches(counts, threshold) == []
        top = top_of(threshold)
        assert all(not bands[at].is_exact for at, count in counts.items() if 1 <= count <= top)


@settings(max_examples=15 * DEPTH, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=3))
def test_no_drawn_table_gives_a_small_count_away(drawn_counts: list[list[int]]) -> None:
    rows = [f"row{i}" for i in range(len(drawn_counts))]
    values: dict[tuple[str, ...], int] = {
        (row, column): count
        for row, counts in zip(rows, drawn_counts, strict=True)
        for column, count in zip("abc", counts, strict=True)
    }
    counts, sums = cube(values, (tree({"all": rows}), tree({"all": "abc"})))
    for threshold in (11, 5):
        found = decided(counts, sums, threshold)
        attacker = Attacker(lines(sums), told(found.pattern.bands))
        assert attacker.breaches(counts, threshold) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", sorted({*range(8 * DEPTH), 15}))
def test_no_small_count_is_worked_out_from_larger_tables(seed: int) -> None:
    random = Random(seed)
    counts, sums = a_cube(random, places(3, 4), sexes_and_ages())
    for threshold in (11, 5):
        bands = decided(counts, sums, threshold).pattern.bands
        assert Attacker(lines(sums), told(bands)).breaches(counts, threshold) == []


def test_witnesses_are_tables_and_not_fractions() -> None:
    """Three ways across, programmes have answers that are not whole; witnesses are."""
    random = Random(5)
    sides = [tree({"all": [f"{name}{i}" for i in range(3)]}) for name in "xyz"]
    counts, sums = cube(drawn(random, tuple(sides)), tuple(sides))
    found = decided(counts, sums)
    attacker = Attacker(lines(sums), told(found.pattern.bands))
    for at, (least, greatest) in found.work[0].reached.items():
        low, high = attacker.bound({at: 1})
        assert low <= least <= counts[at] <= greatest <= high
        assert greatest - least > WIDTH


def test_hiding_small_counts_alone_is_found_out() -> None:
    """The planted mistake: without cover every small count is worked out."""
    counts, sums = row(shelter=7, school=40, refuge=60)
    bands = first_bands(checked(cells_of(counts), sums), sums, 10)
    (breach,) = {
        one.expression: one for one in Attacker(lines(sums), told(bands)).breaches(counts, 11)
    }.values()
    assert (breach.true, round(breach.least), round(breach.greatest)) == (7, 7, 7)


def test_showing_one_covering_cell_is_found_out() -> None:
    """The planted mistake: of a table two ways across, any one of the three covers is shown."""
    axes = (tree({"all": ("one", "two", "three")}), tree({"all": tuple("abc")}))
    values: dict[tuple[str, ...], int] = {
        (r, c): 40 + 3 * i for i, r in enumerate(("one", "two", "three")) for c in "abc"
    }
    counts, sums = cube({**values, ("one", "a"): 3}, axes)
    bands = decided(counts, sums).pattern.bands
    covers = [at for at, band in bands.items() if band == LARGE]
    assert len(covers) == 3
    for cover in covers:
        opened = {**bands, cover: exact(counts[cover])}
        assert Attacker(lines(sums), told(opened)).breaches(counts, 11)


def quarters(number: int) -> Sum:
    return Sum(f"until{number}", tuple(f"quarter{n}" for n in range(1, number + 1)))


def test_a_later_release_gives_nothing_of_an_earlier_one_away() -> None:
    """A sum over time less the one before it is a quarter; each release is safe with all before."""
    random = Random(3)
    known: dict[str, Band] = {}
    truth: dict[str, int] = {}
    leaves: dict[tuple[str, ...], int] = {}
    sums: list[Sum] = []
    for number in range(1, 4):
        time = tree({f"until{number}": [f"quarter{n}" for n in range(1, number + 1)]})
        fresh = drawn(random, (places(2, 2), tree({"x": [f"quarter{number}"]}), SEX))
        leaves |= fresh
        counts, own = cube(leaves, (places(2, 2), time, SEX))
        truth |= counts
        sums = merged([({}, sums), ({}, own)])[1]
        cells = [
            Cell(at, count, at.count("all"), at in counts, keep=known.get(at))
            for at, count in truth.items()
        ]
        found = decide(cells, sums, 11, [Readers(11, known)])
        for at, band in found.pattern.bands.items():
            known[at] = band.meets(known.get(at, NOTHING))
        assert Attacker(lines(sums), told(known)).breaches(truth, 11) == []
    apart = {at: exact(count) for at, count in truth.items() if "until" in at}
    assert any(Attacker(lines(sums), told({**known, **apart})).found(truth, 11))


def test_those_who_read_both_classes_learn_no_more() -> None:
    """What is shown inside does not uncover what was hidden outside, nor the other way round."""
    for seed in range(DEPTH):
        counts, sums = a_cube(Random(seed), places(2, 2), sexes_and_ages())
        outside = decided(counts, sums, 11).pattern.bands
        inside = decide(cells_of(counts), sums, 5, [Readers(5, outside)]).pattern.bands
        both = [*told(outside), *told(inside)]
        assert Attacker(lines(sums), both).breaches(counts, 5) == []
        readers = [Readers(11), Readers(5, inside)]
        after = decide(cells_of(counts), sums, 11, readers).pattern.bands
        assert Attacker(lines(sums), told(after)).breaches(counts, 11) == []
        assert Attacker(lines(sums), [*told(after), *told(inside)]).breaches(counts, 5) == []


def test_a_small_change_of_a_shown_figure_is_hidden() -> None:
    counts, sums = row(shelter=23, school=40, refuge=60)
    cells = [
        Cell(at, count, before=(20,) if at == "shelter" else ()) for at, count in counts.items()
    ]
    found = decide(cells, sums, 11, [Readers(11)])
    assert found.pattern.bands["shelter"] == LARGE
    others = [found.pattern.bands[at] for at in ("school", "refuge", "fund")]
    assert LARGE in others
    least, greatest = found.work[0].reached["shelter"]
    assert least <= 20
    assert greatest >= 31


def test_a_concealed_count_cannot_be_worked_out() -> None:
    counts, sums = row(hidden=50, school=40, refuge=60)
    cells = [
        Cell(at, count, 0, at != "hidden", is_concealed=at == "hidden")
        for at, count in counts.items()
    ]
    bands = decide(cells, sums, 11, [Readers(11)]).pattern.bands
    assert "hidden" not in bands
    least, greatest = Attacker(lines(sums), told(bands)).bound({"hidden": 1})
    assert greatest - least >= 20


def test_a_question_that_contradicts_itself_is_refused() -> None:
    for cells, sums in (
        ([Cell("a", 1), Cell("a", 1)], []),
        ([Cell("a", -1)], []),
        ([Cell("a", 2), Cell("b", 1)], [Sum("a", ("b",))]),
    ):
        with pytest.raises(Unsound):
            decide(cells, sums, 11, [Readers(11)])
    counts, sums = row(shelter=7, school=40)
    with pytest.raises(Unsound):
        decide(cells_of(counts), sums, 11, [Readers(11, {"school": exact(40), "fund": exact(47)})])


def test_work_grows_with_the_small_counts_and_not_faster() -> None:
    """Programmes solved: at most two a small count and the two first ones of each group."""
    for grants in (3, 6):
        counts, sums = a_cube(Random(1), places(2, grants), SEX)
        (work,) = decided(counts, sums).work
        assert work.targets
        assert work.programmes <= 2 * work.targets + 2 * work.groups
