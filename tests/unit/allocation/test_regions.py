"""M49 areas: every country once, nested areas, and groups that end with graduation."""

from __future__ import annotations

from datetime import date

import pycountry
import pytest

from fundops.allocation import regions
from fundops.allocation.earmark_form import M49_REGIONS
from fundops.allocation.regions import AREAS, areas_around, areas_of

DAY = date(2026, 3, 1)


def test_every_country_lies_in_exactly_one_smallest_area() -> None:
    listed = [country for text in regions._SMALLEST.values() for country in text.split()]
    assert len(listed) == len(set(listed))
    assert set(listed) == {country.alpha_2 for country in pycountry.countries} | {"XK"}


def test_areas_are_those_that_earmarks_know() -> None:
    assert AREAS == M49_REGIONS


@pytest.mark.parametrize(
    ("country", "areas"),
    [
        ("KE", {"014", "202", "002"}),
        ("NP", {"034", "142", "199", "432"}),
        ("HT", {"029", "419", "003", "019", "199", "722"}),
        ("US", {"021", "003", "019"}),
        ("JE", {"830", "154", "150"}),
        ("EG", {"015", "002"}),
        ("AQ", {"010"}),
        ("ZZ", set()),
        (None, set()),
    ],
)
def test_areas_of_a_country(country: str | None, areas: set[str]) -> None:
    assert areas_of(country, None, DAY) == areas


def test_graduation_ends_a_group_on_its_day() -> None:
    assert "199" in areas_of("NP", None, date(2026, 11, 23))
    assert "199" not in areas_of("NP", None, date(2026, 11, 24))
    assert "432" in areas_of("NP", None, date(2026, 11, 24))


def test_a_stated_area_brings_those_around_it() -> None:
    assert areas_of(None, "014", DAY) == {"014", "202", "002"}
    assert areas_around("140") == frozenset()


def test_the_groups_have_their_members() -> None:
    counts = {group: len(text.split()) for group, text in regions._GROUPS.items()}
    # 44 least developed today and three that graduated since 2020; 32 landlocked.
    assert (counts["199"], counts["432"]) == (44 + 3, 32)
    assert all(regions._areas_by_country()[country] >= {"199"} for country in regions._GRADUATES_ON)
