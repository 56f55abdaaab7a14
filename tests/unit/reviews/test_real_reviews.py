"""Published reviews: averages reproduced, ranks consistent, and what the design cannot tell.

AIBS 2015 (29 of its 72 proposals, lower is better) and NIH, as in the ShinyItemAnalysis data.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from fundops.messages import text
from fundops.reviews.calibration import calibrate
from fundops.reviews.ranking import rank
from fundops.reviews.scoring import (
    Criterion,
    Mark,
    Review,
    criterion_means,
    mean_of,
    proposal_means,
    scored,
    weighted_score,
)
from fundops.reviews.standing import Line, Standing

Rows = list[dict[str, str]]
AIBS = ("Innovation", "Approach", "Investig", "Signif", "Impact")
NIH = ("Significance", "Investigator", "Innovation", "Approach", "Environment")
OVERALL = Criterion("Score", 10_000, 100, 500, 10, "low")
NIH_OVERALL = Criterion("Score", 10_000, 100, 900, 100, "low")


def rows_of(real_data: Path, name: str) -> Rows:
    with (real_data / "reviews" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def hundredths(cell: str) -> int | None:
    if not cell:
        return None
    value = Decimal(cell) * 100
    assert value == int(value)
    return int(value)


def reviews(rows: Rows, names: tuple[str, ...]) -> list[Review]:
    return [
        Review(row["RevID"], row["ID"], tuple(Mark(name, hundredths(row[name])) for name in names))
        for row in rows
    ]


def averages(rows: Rows) -> dict[str, tuple[Fraction, int]]:
    """Return mean and worst overall score by proposal, in hundredths; high is worst."""
    marks: dict[str, list[int | None]] = {}
    for row in rows:
        marks.setdefault(row["ID"], []).append(hundredths(row["Score"]))
    found = {}
    for key, given in marks.items():
        mean = mean_of(given).mean
        assert mean is not None
        found[key] = mean, max(one for one in given if one is not None)
    return found


@pytest.mark.parametrize(
    ("name", "published_in", "part", "proposals"),
    [
        ("aibs", "aibs_published_averages_ranks.csv", Fraction(1, 10_000), 29),
        ("nih", "nih_published_averages.csv", Fraction(1, 1000), 789),
    ],
)
def test_published_averages_are_reproduced(
    real_data: Path, name: str, published_in: str, part: Fraction, proposals: int
) -> None:
    found = averages(rows_of(real_data, f"{name}_reviews.csv"))
    published = rows_of(real_data, published_in)
    assert len(published) == len(found) == proposals
    for row in published:
        mean, worst = found[row["ID"]]
        # The files give binary floating point; its last digit is what separates them.
        assert float(mean / 100) == pytest.approx(float(row["ScoreAvg"]), rel=1e-15, abs=1e-15)
        adjusted = (mean + part * worst) / 100
        assert float(adjusted) == pytest.approx(float(row["ScoreAvgAdj"]), rel=1e-15, abs=1e-15)


def test_published_ranks_are_consistent(real_data: Path) -> None:
    """The ranks are over 72 proposals, ties in some order; those present keep their order."""
    found = averages(rows_of(real_data, "aibs_reviews.csv"))
    published = rows_of(real_data, "aibs_published_averages_ranks.csv")
    for column, part in (("ScoreRank", Fraction(0)), ("ScoreRankAdj", Fraction(1, 10_000))):
        by_rank = sorted(published, key=lambda row: int(row[column]))
        values = [mean + part * worst for mean, worst in (found[row["ID"]] for row in by_rank)]
        assert all(better <= worse for better, worse in pairwise(values)), column
        assert values != sorted(values, reverse=True)
        ranks = [int(row[column]) for row in by_rank]
        assert len(set(ranks)) == len(ranks)
        for value, number in zip(values, ranks, strict=True):
            assert sum(other < value for other in values) < number


def test_our_ranking_of_aibs_agrees_with_the_published_one(real_data: Path) -> None:
    """Weighted scores run to 100 as best; the order is the published one, with its ties as ties."""
    given = scored((OVERALL,), reviews(rows_of(real_data, "aibs_reviews.csv"), ("Score",)))
    ranking = rank(given, Line(5), seed=2015)
    published = {
        row["ID"]: int(row["ScoreRank"])
        for row in rows_of(real_data, "aibs_published_averages_ranks.csv")
    }
    assert len(ranking.rows) == 29
    for one in ranking.rows:
        for other in ranking.rows:
            if one.raw.place.number < other.raw.place.number:
                assert published[str(one.proposal)] < published[str(other.proposal)]
    labels = {str(row.proposal): row.raw.place.label for row in ranking.rows}
    assert labels["43"] == labels["47"] == "=1"
    assert labels["49"] == "29"
    assert {row.raw.standing for row in ranking.rows} == {Standing.ABOVE, Standing.BELOW}


def test_aibs_reviewers_do_not_differ_in_severity(real_data: Path) -> None:
    """5.4 proposals a reviewer in one connected panel would do; there is just nothing to adjust."""
    given = scored((OVERALL,), reviews(rows_of(real_data, "aibs_reviews.csv"), ("Score",)))
    found = calibrate(given)
    assert len(found.components) == 1
    assert [why.message_key for why in found.verdict.reasons] == [
        "ranking.calibration_same_severity"
    ]
    assert found.adjusted is None
    assert found.variances is not None
    assert found.variances.reviewer == 0
    assert found.variances.agreement() == pytest.approx(0.40, abs=0.01)


def test_severity_planted_into_aibs_is_found(real_data: Path) -> None:
    """The same panel with four reviewers one and a half grades harsher is not refused."""
    rows = rows_of(real_data, "aibs_reviews.csv")
    for row in rows:
        if row["RevID"] in {"1", "4", "12", "22"}:
            row["Score"] = str(min(Decimal(5), Decimal(row["Score"]) + Decimal("1.5")))
    found = calibrate(scored((OVERALL,), reviews(rows, ("Score",))))
    assert found.verdict.possible
    assert found.severity is not None
    harshest = sorted(found.severity, key=lambda key: -found.severity[key].hundredths)[:4]  # type: ignore[index]
    assert set(harshest) == {"1", "4", "12", "22"}


def test_a_criterion_absent_in_aibs_is_missing_and_not_zero(real_data: Path) -> None:
    rows = rows_of(real_data, "aibs_reviews.csv")
    criteria = tuple(Criterion(name, 2000, 100, 500, 10, "low") for name in AIBS)
    without = tuple(one for one in criteria if one.key != "Impact")
    means = criterion_means(criteria, reviews(rows, AIBS))
    absent = sum(not row["Impact"] for row in rows)
    assert absent > len(rows) / 2
    assert means["Impact"].missing == absent
    assert means["Approach"].missing == 0
    for row, review in zip(rows, reviews(rows, AIBS), strict=True):
        found = weighted_score(criteria, review.marks)
        assert ("Impact" in found.missing) == (not row["Impact"])
        if not row["Impact"]:
            kept = tuple(mark for mark in review.marks if mark.criterion != "Impact")
            assert found.hundredths == weighted_score(without, kept).hundredths


def test_nih_reviewers_cannot_be_told_from_proposals(real_data: Path) -> None:
    given = scored((NIH_OVERALL,), reviews(rows_of(real_data, "nih_reviews.csv"), ("Score",)))
    ranking = rank(given, Line(80), seed=1, draws=200)
    found = ranking.calibration
    assert not found.verdict.possible
    assert found.adjusted is None
    assert all(row.estimate is None and row.adjusted is None for row in ranking.rows)
    assert len(found.components) > 400
    sentences = {
        why.message_key: text(why.message_key, **why.params) for why in found.verdict.reasons
    }
    assert set(sentences) >= {"ranking.calibration_disconnected", "ranking.calibration_few_reviews"}
    assert "1.2 proposals on average" in sentences["ranking.calibration_few_reviews"]
    assert ranking.alpha.coefficient == pytest.approx(0.348, abs=0.001)


def test_nih_criteria_are_scored_whole(real_data: Path) -> None:
    criteria = tuple(Criterion(name, 2000, 100, 900, 100, "low") for name in NIH)
    given = scored(criteria, reviews(rows_of(real_data, "nih_reviews.csv"), NIH))
    means = proposal_means(given)
    assert len(means) == 789
    assert all(
        mean.hundredths is not None and 0 <= mean.hundredths <= 10_000 for mean in means.values()
    )
