"""Profiles: the shipped ones are complete, and a wrong one names each of its mistakes."""

from __future__ import annotations

import pytest

from fundops.imports.profile import (
    MAX_PROFILE_BYTES,
    ProfileError,
    load_profile,
    parse_profile,
    shipped_profiles,
)
from tests.imports.conftest import WriteFile

GOOD = """
name = "mine"
title = "Mine"
kind = "transaction"
currency = "USD"
key = ["ref"]
ignored = ["Note"]
[fields]
project_code = { column = "Project" }
fund_code = { constant = "F" }
kind = { column = "Kind", values = { out = "disbursement" } }
ref = { column = "Ref" }
on = { column = "Day", formats = ["%Y-%m-%d"] }
amount_minor = { column = "Amount" }
receiver = { column = "To" }
"""


def problems(source: str) -> str:
    """Return the mistakes that a profile is refused for."""
    with pytest.raises(ProfileError) as caught:
        parse_profile(source)
    assert caught.value.problems
    return " ".join(caught.value.problems)


def test_the_shipped_profiles() -> None:
    assert shipped_profiles() == (
        "cbpf-beneficiaries",
        "cbpf-contributions",
        "cbpf-disbursements",
        "cbpf-iati",
        "cbpf-projects",
        "cbpf-rounds",
        "cerf-applications",
        "cerf-contributions",
        "cerf-projects",
    )
    for name in shipped_profiles():
        profile = load_profile(name)
        assert profile.name == name
        assert profile.amount_fields or profile.kind == "result"


def test_a_good_profile_names_its_columns() -> None:
    profile = parse_profile(GOOD)
    assert profile.columns == ("Project", "Kind", "Ref", "Day", "Amount", "To")
    assert profile.required_columns == profile.columns
    optional = parse_profile(GOOD.replace('"To" }', '"To", optional = true }'))
    assert "To" not in optional.required_columns


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "mine"', 'name = "My Own"', "name:"),
        ('kind = "transaction"', 'kind = "gift"', "kind:"),
        ('title = "Mine"', 'titel = "Mine"', "titel:"),
        ('currency = "USD"', 'currency = "DOLLAR"', "“DOLLAR” is not an ISO 4217 currency"),
        ('key = ["ref"]', "key = []", "key:"),
        ('key = ["ref"]', 'key = ["reff"]', "The key names “reff”"),
        ('"Note"', '"Ref"', "“Ref” is both read and ignored"),
        ('["Note"]', '["Note", "Note"]', "“Note” is ignored twice"),
        ('receiver = { column = "To" }', "", "needs the field “receiver”"),
        ("receiver =", "reciever =", "no field “reciever”"),
        ('{ column = "To" }', '{ column = "To", constant = "x" }', "“receiver” needs either"),
        ('{ column = "To" }', "{}", "“receiver” needs either"),
        ('{ column = "To" }', '{ colum = "To" }', "fields.receiver.colum"),
        ('{ column = "To" }', '{ column = "To", quirks = ["stripp"] }', "no quirk “stripp”"),
        ('{ column = "To" }', '{ column = "To", formats = ["%Y"] }', "“receiver” is no date"),
        ('{ column = "To" }', '{ column = "To", seven_digits = true }', "seven_digits"),
        ('{ column = "To" }', '{ column = "To", separator = ";" }', "separator"),
        (', formats = ["%Y-%m-%d"]', "", "“on” needs formats"),
        ('out = "disbursement"', 'out = "payment"', "cannot be “payment”"),
        ("[fields]", "[fields", "not TOML"),
    ],
)
def test_each_mistake_is_named(old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in problems(GOOD.replace(old, new, 1))


def test_all_mistakes_are_named_at_once() -> None:
    found = problems(GOOD.replace('key = ["ref"]', 'key = ["x"]').replace("receiver =", "y ="))
    assert "“x”" in found
    assert "“y”" in found
    assert "“receiver”" in found


def test_a_profile_of_ones_own_is_given_by_path(write_file: WriteFile) -> None:
    assert load_profile(write_file("mine.toml", GOOD)).name == "mine"
    with pytest.raises(ProfileError, match="cannot be opened"):
        load_profile(write_file("latin.toml", b"name = '\xe9'"))
    with pytest.raises(ProfileError, match="too large"):
        load_profile(write_file("large.toml", "#" * (MAX_PROFILE_BYTES + 1)))
    with pytest.raises(ProfileError, match="cannot be opened"):
        load_profile("absent.toml")


@pytest.mark.parametrize("name", ["cbpf", "../profiles/cbpf-iati", "", "cbpf-iati\0"])
def test_an_unknown_name_lists_the_known(name: str) -> None:
    with pytest.raises(ProfileError, match="cbpf-contributions"):
        load_profile(name)
