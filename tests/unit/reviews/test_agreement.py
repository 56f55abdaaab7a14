"""Agreement coefficients against published worked examples, and what must not change them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.messages import text
from fundops.reviews.agreement import Level, alpha, by_proposal, one_way
from fundops.reviews.calibration import calibrate
from fundops.reviews.scoring import Scored

NONE = None
KRIPPENDORFF = (  # four coders, twelve units; "Computing Krippendorff's Alpha-Reliability", 2011
    (1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3),
    (NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE),
)
SHROUT_FLEISS = (  # six targets, four judges; Shrout and Fleiss 1979, table 2
    (9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7),
)  # fmt: skip
units_of_scores = st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=8)


def krippendorff() -> list[list[int]]:
    columns = zip(*KRIPPENDORFF, strict=True)
    return [[value for value in column if value is not None] for column in columns]


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_own_example(level: Level, published: float) -> None:
    found = alpha(krippendorff(), level)
    assert found.coefficient == pytest.approx(published, abs=0.0005)
    assert (found.units, found.values) == (11, 40)


def test_missing_taken_for_zero_would_be_noticed() -> None:
    wrong = [[value or 0 for value in column] for column in zip(*KRIPPENDORFF, strict=True)]
    assert alpha(wrong).coefficient != pytest.approx(0.849, abs=0.05)


def test_shrout_and_fleiss_example() -> None:
    found = one_way(SHROUT_FLEISS).coefficient
    assert found == pytest.approx(0.17, abs=0.005)
    scores = [
        Scored(f"judge{j}", f"target{t}", 100 * value)
        for t, row in enumerate(SHROUT_FLEISS)
        for j, value in enumerate(row)
    ]
    variances = calibrate(scores).variances
    assert variances is not None
    assert variances.agreement() == pytest.approx(0.29, abs=0.005)
    assert variances.agreement(4) == pytest.approx(0.62, abs=0.005)


def test_restricted_likelihood_is_the_analysis_of_variance_when_everybody_reads_everything() -> (
    None
):
    scores = [
        Scored(f"judge{j}", f"target{t}", 100 * value)
        for t, row in enumerate(SHROUT_FLEISS)
        for j, value in enumerate(row)
    ]
    found = calibrate(scores).variances
    assert found is not None
    targets, judges = 11.2417, 32.4861  # mean squares of the paper's table 3
    rest = 1.0194
    assert found.proposal == pytest.approx((targets - rest) / 4, rel=1e-3)
    assert found.reviewer == pytest.approx((judges - rest) / 6, rel=1e-3)
    assert found.noise == pytest.approx(rest, rel=1e-3)


@pytest.mark.parametrize(
    ("units", "key"),
    [
        ([], "ranking.agreement_no_pairs"),
        ([[1], [2], [3]], "ranking.agreement_no_pairs"),
        ([[4, 4], [4, 4]], "ranking.agreement_no_variation"),
    ],
)
def test_what_cannot_be_computed_says_why(units: list[list[int]], key: str) -> None:
    for found in (alpha(units), alpha(units, "ordinal"), one_way(units)):
        assert found.coefficient is None
        (why,) = found.verdict.reasons
        assert why.message_key == key
        assert text(why.message_key, **why.params).endswith(".")


def test_missing_scores_are_left_out() -> None:
    scores = [Scored("a", "p", 1), Scored("b", "p", None), Scored("c", "p", 3)]
    assert by_proposal(scores) == [[1, 3]]


@given(units_of_scores, st.integers(-50, 50), st.integers(1, 9), st.randoms(use_true_random=False))
def test_alpha_does_not_depend_on_order_or_units_of_measure(
    units: list[list[int]], shift: int, factor: int, random: object
) -> None:
    before = alpha(units)
    moved = [[factor * value + shift for value in unit] for unit in units]
    assert alpha(moved) == before
    shuffled = [list(unit) for unit in moved]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for unit in shuffled:
        random.shuffle(unit)  # type: ignore[attr-defined]
    assert alpha(shuffled) == before
    stretched = [[value**3 for value in unit] for unit in units]
    assert alpha(stretched, "ordinal") == alpha(units, "ordinal")


@given(units_of_scores)
def test_alpha_is_1_only_for_perfect_agreement(units: list[list[int]]) -> None:
    for level in ("nominal", "ordinal", "interval"):
        found = alpha(units, level)
        if found.coefficient is None:
            continue
        assert found.coefficient <= 1
        perfect = all(len(set(unit)) == 1 for unit in units if len(unit) > 1)
        assert (found.coefficient == 1) == perfect
