"""The page on profiles: its example prints what it says, and its lists are complete."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from fundops.imports import limits, quirks, records
from fundops.imports.profile import FieldRule, Profile, shipped_profiles


@pytest.fixture
def page(pytestconfig: pytest.Config) -> str:
    return (pytestconfig.rootpath / "docs" / "profiles.md").read_text(encoding="utf-8")


def example(page: str, name: str) -> str:
    """Return the fenced block that a comment names."""
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)```", page, re.DOTALL)
    assert found is not None, name
    return found.group(1)


def test_the_worked_example_prints_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("trust.csv", "trust.toml"):
        (tmp_path / name).write_text(example(page, name), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example(page, "program"), "profiles.md", "exec"), {})
    assert printed.getvalue() == example(page, "output")
    assert "T-1 Harbour & Sons paid 136050" in printed.getvalue()


def test_every_profile_word_quirk_and_field_is_explained(page: str) -> None:
    words = {*Profile.model_fields, *FieldRule.model_fields} - {"fields"}
    missing = {word for word in words if f"`{word}`" not in page}
    assert missing == set()
    assert {name for name in quirks.PLAIN if f"| `{name}` |" not in page} == set()
    assert {name for name in quirks.WITH_ARGUMENT if f"| `{name}:" not in page} == set()
    assert {name for name in shipped_profiles() if f"| `{name}` |" not in page} == set()


@pytest.mark.parametrize("kind", sorted(records.RECORD_KINDS))
def test_the_fields_of_each_kind_are_listed_in_order(page: str, kind: str) -> None:
    section = page.split(f"### {kind}\n", 1)[1].split("\n##", 1)[0]
    listed = re.findall(r"^\| (\*\*)?`(\w+)`", section, re.MULTILINE)
    wanted = [
        ("**" if meta["needed"] and name != "currency" else "", name)
        for name, meta in records.schema(kind).items()
    ]
    assert listed == wanted


def test_the_limits_on_the_page_are_the_limits(page: str) -> None:
    text = page.split("## Limits", 1)[1]
    for number in (
        f"{limits.MAX_FILE_BYTES // 2**20} MiB",
        f"{limits.MAX_ROWS:,} rows",
        f"{limits.MAX_COLUMNS} columns",
        f"{limits.MAX_CELL_CHARS:,} characters",
        f"{limits.MAX_FILES} files",
        f"{limits.MAX_UNZIPPED_BYTES // 2**20} MiB",
        f"{limits.MAX_ZIP_ENTRIES:,} parts",
    ):
        assert number in text.replace("\n", " "), number
