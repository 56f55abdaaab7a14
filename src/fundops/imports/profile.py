"""Profiles: how one kind of source file maps to canonical records, as readable TOML.

The shipped ones are in ``profiles/``; a newcomer writes another and passes its path. A profile is
checked completely when it is loaded, so that a wrong one never meets a row.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fundops import money
from fundops.imports import quirks, records
from fundops.messages import text

MAX_PROFILE_BYTES = 256 * 1024
_NAME = r"^[a-z][a-z0-9-]{1,60}$"


class ProfileError(ValueError):
    """A profile that cannot be used; ``problems`` are sentences, one per mistake."""

    def __init__(self, name: str, problems: list[str]) -> None:
        super().__init__(f"{name}: " + " ".join(problems))
        self.name = name
        self.problems = tuple(problems)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Override(_Strict):
    """Values that another column decides: a cell found in ``values`` replaces the field."""

    column: str = Field(min_length=1)
    values: dict[str, str] = Field(min_length=1)


class FieldRule(_Strict):
    """Where one field comes from, a ``column`` or a ``constant``, and how it is read."""

    column: str | None = Field(default=None, min_length=1)
    constant: str | None = None
    optional: bool = False
    quirks: list[str] = []
    formats: list[str] = []
    values: dict[str, str] = {}
    unlisted: Literal["refuse", "keep"] = "refuse"
    override: Override | None = None
    separator: str = Field(default="", max_length=8)
    seven_digits: bool = False


class Profile(_Strict):
    """One kind of source file. Terms: see ``docs/profiles.md``."""

    name: str = Field(pattern=_NAME)
    title: str = Field(min_length=1)
    kind: Literal["contribution", "round", "project", "application", "transaction", "result"]
    format: Literal["table", "iati"] = "table"
    currency: str
    key: list[str] = Field(min_length=1)
    repeats: Literal["refuse", "number"] = "refuse"
    pledge_basis: Literal["outstanding", "gross"] = "outstanding"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    sheet: str | None = None
    quirks: list[str] = ["strip"]
    fields: dict[str, FieldRule] = Field(min_length=1)
    ignored: list[str] = []

    @property
    def columns(self) -> tuple[str, ...]:
        """Every source column the profile reads."""
        names: dict[str, None] = {}
        for rule in self.fields.values():
            if rule.column is not None:
                names[rule.column] = None
            if rule.override is not None:
                names[rule.override.column] = None
        return tuple(names)

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The columns a file must have."""
        optional = {rule.column for rule in self.fields.values() if rule.optional}
        return tuple(name for name in self.columns if name not in optional)

    @property
    def amount_fields(self) -> tuple[str, ...]:
        """The mapped fields that hold money."""
        shape = records.schema(self.kind)
        return tuple(name for name in self.fields if shape[name]["kind"] == "amount")


def shipped_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that come with the program, sorted."""
    folder = files("fundops.imports").joinpath("profiles")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_profile(name_or_path: str | Path) -> Profile:
    """Return a shipped profile by name, or the one in a ``.toml`` file.

    Raises ``ProfileError`` naming every mistake.
    """
    label = str(name_or_path)
    if label.endswith(".toml"):
        return parse_profile(_file_text(Path(label)), label)
    if label not in shipped_profiles():
        known = ", ".join(shipped_profiles())
        raise ProfileError(label, [text("imports.profile.unknown", known=known)])
    source = files("fundops.imports").joinpath("profiles", f"{label}.toml")
    return parse_profile(source.read_text(encoding="utf-8"), label)


def parse_profile(source: str, name: str = "profile") -> Profile:
    """Return the profile written in ``source``. Raises ``ProfileError``."""
    try:
        profile = Profile.model_validate(tomllib.loads(source))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(name, [text("imports.profile.not_toml", why=str(error))]) from None
    except ValidationError as error:
        raise ProfileError(name, [_shape_problem(item) for item in error.errors()]) from None
    problems = _problems(profile)
    if problems:
        raise ProfileError(name, problems)
    return profile


def _file_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_PROFILE_BYTES + 1)
        if len(raw) > MAX_PROFILE_BYTES:
            raise ProfileError(path.name, [text("imports.profile.too_large")])
        return raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ProfileError(path.name, [text("imports.profile.unreadable")]) from None


def _shape_problem(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    return text("imports.profile.shape", where=where, why=str(item["msg"]))


def _problems(profile: Profile) -> list[str]:
    found = _whole_problems(profile)
    shape = records.schema(profile.kind)
    for name, rule in profile.fields.items():
        if name not in shape:
            known = ", ".join(shape)
            found.append(text("imports.profile.field", field=name, kind=profile.kind, known=known))
        else:
            found.extend(_field_problems(name, rule, shape[name]))
    return found


def _whole_problems(profile: Profile) -> list[str]:
    found = []
    try:
        money.exponent(profile.currency)
    except money.UnknownCurrency:
        found.append(text("imports.profile.currency", currency=profile.currency))
    found += _quirk_problems("quirks", profile.quirks)
    for name, meta in records.schema(profile.kind).items():
        if meta["needed"] and name not in profile.fields and name != "currency":
            found.append(text("imports.profile.missing", field=name, kind=profile.kind))
    for name in profile.key:
        if name not in profile.fields:
            found.append(text("imports.profile.key", field=name))
    for column in profile.ignored:
        if column in profile.columns:
            found.append(text("imports.profile.ignored", column=column))
    for column in dict.fromkeys(profile.ignored):
        if profile.ignored.count(column) > 1:
            found.append(text("imports.profile.ignored_twice", column=column))
    return found


def _field_problems(name: str, rule: FieldRule, meta: Any) -> list[str]:
    kind = meta["kind"]
    found = _quirk_problems(name, rule.quirks)
    if (rule.column is None) == (rule.constant is None):
        found.append(text("imports.profile.column_or_constant", field=name))
    if (kind == "date") != bool(rule.formats):
        key = "formats_needed" if kind == "date" else "formats_not_date"
        found.append(text(f"imports.profile.{key}", field=name))
    if rule.seven_digits and kind != "amount":
        found.append(text("imports.profile.seven_digits", field=name))
    if bool(rule.separator) != (kind == "words"):
        found.append(text("imports.profile.separator", field=name))
    if kind == "choice":
        found += _choice_problems(name, rule, meta["choices"])
    return found


def _choice_problems(name: str, rule: FieldRule, choices: tuple[str, ...]) -> list[str]:
    targets = list(rule.values.values())
    targets += list(rule.override.values.values()) if rule.override else []
    targets += [rule.constant] if rule.constant is not None and not rule.values else []
    return [
        text("imports.profile.choice", field=name, target=target, known=", ".join(choices))
        for target in dict.fromkeys(targets)
        if target not in choices
    ]


def _quirk_problems(where: str, specs: list[str]) -> list[str]:
    found = []
    for spec in specs:
        try:
            quirks.quirk(spec)
        except ValueError:
            known = ", ".join([*quirks.PLAIN, *(f"{name}:…" for name in quirks.WITH_ARGUMENT)])
            found.append(text("imports.profile.quirk", where=where, quirk=spec, known=known))
    return found
