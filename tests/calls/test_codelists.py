"""Code lists: complete, labelled, related to codes that exist, and answered as prepared bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pycountry
import pytest

from fundops.allocation.earmark_form import M49_REGIONS
from fundops.allocation.regions import areas_around
from fundops.authz import Role
from fundops.calls import codelist_answers, codelists
from fundops.calls.codelists import GROUPS, LANGUAGES, LISTS, NAMES, CodeList, Entry
from fundops.calls.models import RULE_KINDS
from fundops.calls.objectives import OBJECTIVES
from fundops.calls.rules import RULE
from fundops.proposals.models import CATEGORIES
from tests.calls.conftest import Calls, Counting
from tests.world import World


def faults(lists: Mapping[str, CodeList]) -> Iterator[str]:
    """Return what is wrong with lists: codes twice, no English, relations that lead nowhere."""
    for name, one in lists.items():
        if len(set(one.codes)) != len(one.codes):
            yield f"{name}: a code is there twice"
        for entry in one.entries:
            if not entry.labels.get("en", "").strip():
                yield f"{name}:{entry.code} has no English label"
            if len(entry.code) > 40:
                yield f"{name}:{entry.code} is longer than tables keep"
            if entry.broader is not None and not one.has(entry.broader) and name != "country":
                yield f"{name}:{entry.code} lies in nothing known"
            for target in entry.mapped_to:
                other, _, code = target.partition(":")
                if other not in lists or not lists[other].has(code):
                    yield f"{name}:{entry.code} stands for {target}, which is not there"


def test_every_code_is_labelled_and_every_relation_leads_somewhere() -> None:
    assert list(faults(LISTS)) == []
    assert tuple(LISTS) == NAMES
    assert len(LISTS) == len(NAMES)
    with pytest.raises(KeyError):
        codelists.get("nothing")


def test_faults_would_be_noticed() -> None:
    """The control: one list with one of each fault."""
    entries = (
        Entry("a", {"en": "A"}, broader="z"),
        Entry("a", {"en": " "}, mapped_to=("sdg:0", "nothing:1")),
    )
    assert len(list(faults({"made": CodeList("made", "nobody", entries)}))) == 5


def test_lists_say_how_far_each_language_is_labelled() -> None:
    for name, one in LISTS.items():
        size = len(one.entries)
        last = 0 if name == "indicator" else size  # in Russian and Chinese
        expected = [size, size, size, last, last]
        assert [one.labelled(language) for language in LANGUAGES[1:]] == expected, name
        for language in LANGUAGES:
            for code in one.codes:
                assert one.label(code, language)


def test_labels_are_written_in_the_scripts_of_their_languages() -> None:
    scripts = {"ar": ("\u0600", "\u06ff"), "ru": ("\u0400", "\u04ff"), "zh": ("\u4e00", "\u9fff")}
    for one in LISTS.values():
        for entry in one.entries:
            for language, (first, last) in scripts.items():
                label = entry.labels.get(language)
                assert label is None or any(first <= letter <= last for letter in label), label


def test_the_founding_documents_objectives_and_themes_are_there() -> None:
    assert codelists.get("objective").codes == tuple(map(str, OBJECTIVES))
    assert codelists.get("theme").codes == ("vulnerability", "impact", "action")
    assert codelists.get("p").codes == ("prevention", "prosecution", "protection")
    assert codelists.get("side").codes == ("demand", "supply")
    assert codelists.get("budget_category").codes == CATEGORIES


def test_the_protocols_minimum_is_there() -> None:
    named = {e.code for e in codelists.get("exploitation").entries if e.more["in_protocol"]}
    assert named == {
        "sexual_exploitation", "prostitution_of_others", "forced_labour", "slavery", "servitude",
        "organ_removal",
    }  # fmt: skip
    assert codelists.get("exploitation").ancestors("fishing") == ("forced_labour",)


def test_development_goals_are_mapped_to_todays() -> None:
    """The five goals that the founding document names, and the three targets on trafficking."""
    goals, sdg = codelists.get("mdg"), codelists.get("sdg")
    assert goals.codes == ("1", "2", "3", "5", "6")
    assert all(entry.mapped_to for entry in goals.entries)
    trafficking = {e.code for e in sdg.entries if e.more.get("names_trafficking")}
    assert trafficking == {"5.2", "8.7", "16.2"}
    for entry in sdg.entries:
        if "." in entry.code:
            assert entry.broader == entry.code.partition(".")[0]
    for name in ("objective", "exploitation"):
        assert all(entry.mapped_to for entry in codelists.get(name).entries), name


def test_every_country_is_in_exactly_one_chain_of_regions() -> None:
    countries, regions = codelists.get("country"), codelists.get("region")
    assert set(countries.codes) == {c.alpha_2 for c in pycountry.countries} | {"XK"}
    for entry in countries.entries:
        assert entry.broader is not None, entry.code
        chain = (entry.broader, *regions.ancestors(entry.broader))
        assert chain[-1] == codelists.WORLD
        assert regions.entry(chain[-2]).more["kind"] == "region"
        assert len(set(chain)) == len(chain)
        # What money for a region would take for its country is the same chain.
        assert {*chain} - {codelists.WORLD} == areas_around(entry.broader) - codelists.BESIDE
    assert (countries.entry("KE").broader, regions.ancestors("014")) == (
        "014",
        ("202", "002", "001"),
    )
    assert countries.entry("NP").mapped_to == ("region:432",)


def test_regions_are_those_that_money_can_be_for() -> None:
    assert set(codelists.get("region").codes) == M49_REGIONS | {codelists.WORLD}
    kinds = {e.code: e.more["kind"] for e in codelists.get("region").entries}
    assert {code for code, kind in kinds.items() if kind == "region"} == {
        "002", "009", "010", "019", "142", "150",
    }  # fmt: skip
    assert {code for code, kind in kinds.items() if kind == "group"} == GROUPS | {"003"}
    assert (kinds["830"], kinds["154"], kinds["021"]) == (
        "intermediate_region",
        "sub_region",
        "sub_region",
    )


def test_indicators_say_how_they_may_be_added() -> None:
    indicators = codelists.get("indicator")
    assert len(indicators.entries) == 54
    for entry in indicators.entries:
        assert entry.code.partition(".")[0] == str(entry.more["objective"])
        assert entry.more["aggregation"] in {
            "sum", "new_persons", "ratio", "latest", "maximum", "none",
        }  # fmt: skip
        assert entry.more["is_verified"] is (entry.more["reference"] != "Common practice")
        assert entry.more["is_suppressed"] is True or entry.more["unit"] != "persons"
        assert set(entry.more.get("never_added_with", ())) <= set(indicators.codes) - {entry.code}
        if entry.more["unit"] == "percent":
            assert entry.more["aggregation"] in {"ratio", "none"}, entry.code
    assistance = codelists.get("assistance")
    assert [e.more["indicator"] for e in assistance.entries] == [f"4.5{c}" for c in "abcdefghi"]
    for entry in assistance.entries:
        assert indicators.entry(entry.more["indicator"]).mapped_to == (f"assistance:{entry.code}",)


def test_every_kind_of_rule_has_its_parameters() -> None:
    assert set(RULE.json_schema()["discriminator"]["mapping"]) == set(RULE_KINDS)


def test_everybody_reads_lists_without_a_query(calls: Calls, statements: Counting) -> None:
    caller = calls.grantee()
    with statements() as asked:
        answer = caller.get("/v1/code_lists").json()
    assert [item["name"] for item in answer["items"]] == list(NAMES)
    assert {one["language"]: one["is_reviewed"] for one in answer["items"][0]["languages"]} == {
        language: language == "en" for language in LANGUAGES
    }
    with statements() as one_list:
        russian = caller.get("/v1/code_lists/exploitation?language=ru").json()
    # The token alone is looked up, for a long list as for a short one.
    assert len(one_list) == len(asked)
    assert not any("calls" in statement for statement in one_list)
    shown = {item["code"]: item for item in russian["items"]}
    assert shown["organ_removal"]["label"] == "Извлечение органов"
    assert shown["organ_removal"]["is_reviewed"] is False
    assert shown["fishing"]["broader"] == "forced_labour"
    assert shown["forced_labour"]["mapped_to"] == ["sdg:8.7"]
    assert shown["forced_labour"]["details"] == {"in_protocol": True}
    assert codelist_answers.one_list("country", "fr") is codelist_answers.one_list("country", "fr")


def test_a_missing_label_is_english_and_says_so(calls: Calls) -> None:
    listed = calls.officer.get("/v1/code_lists/indicator?language=zh").json()
    assert listed["language"] == "zh"
    assert {(i["language"], i["is_reviewed"]) for i in listed["items"]} == {("en", True)}
    assert listed["items"][0]["label"] == "Contacts at events"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/code_lists/nothing", 404),
        ("/v1/code_lists/__init__", 404),
        ("/v1/code_lists/exploitation?language=de", 422),
        ("/v1/code_lists/" + "x" * 41, 422),
    ],
)
def test_unknown_lists_and_languages_are_refused(calls: Calls, path: str, status: int) -> None:
    assert calls.officer.get(path).status_code == status


def test_objectives_come_with_themes_and_goals(world: World) -> None:
    answer: dict[str, Any] = world.as_role(Role.APPROVER).get("/v1/objectives").json()
    assert [theme["code"] for theme in answer["themes"]] == ["vulnerability", "impact", "action"]
    assert answer["items"][3]["development_goals"] == ["5.2", "16.2"]
    assert answer["items"][9]["title"].startswith("Create an informal co-ordination")
