"""The written form of an earmark: strict reading, with a JSON pointer for every fault.

Everything that can be wrong with an earmark is found in one pass, so that a person corrects a form
once. Faults carry a code and parameters, never the text that was sent; the sentence for code ``c``
is the catalogue's ``earmark.c``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from typing import TypeAlias

from fundops.money import MAX_MINOR

MAX_VALUES = 300
"""Most values of one dimension in one earmark: more than there are countries."""
MAX_CAPS = 300
MAX_CODE_LENGTH = 100

OBJECTIVES = range(1, 11)
CATEGORIES = range(1, 5)
# Geographic regions and development groups of the UN's M49 standard. 001 (World) is left out
# because it restricts nothing. Country numbers such as 140 are not regions: they are typing errors.
M49_REGIONS = frozenset(
    f"{number:03}"
    for number in (
        *(2, 3, 5, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 29, 30, 34, 35, 39, 53, 54, 57, 61),
        *(142, 143, 145, 150, 151, 154, 155, 199, 202, 419, 432, 722, 830),
    )
)
# In use by donors and international bodies although ISO 3166-1 has not assigned it.
_USER_ASSIGNED_COUNTRIES = frozenset({"XK"})
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Value: TypeAlias = int | str
"""An objective's number, or the text code of a country, region, call or grant."""


class Dimension(StrEnum):
    """What an earmark can speak about, in the order in which faults and refusals are reported."""

    OBJECTIVE = "objective"
    COUNTRY = "country"
    REGION = "region"
    CALL = "call"
    GRANT = "grant"


CAP_DIMENSIONS = frozenset({Dimension.COUNTRY, Dimension.CALL, Dimension.GRANT})
"""A grant has one country, one call and one code, so caps by these never overlap. It may serve
several objectives and lies in several nested regions: caps on those would count money twice."""


@dataclass(frozen=True)
class Cap:
    """At most ``amount_minor`` of the agreement's money may go to grants with this value."""

    dimension: Dimension
    value: Value
    amount_minor: int


@dataclass(frozen=True)
class EarmarkProblem:
    """One fault: where (JSON pointer into the earmark), what (code), and facts for the sentence."""

    pointer: str
    code: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def message_key(self) -> str:
        """The key of its sentence in the message catalogue."""
        return f"earmark.{self.code}"


class EarmarkInvalid(ValueError):
    """The earmark cannot be accepted; ``problems`` lists every fault found."""

    def __init__(self, problems: Iterable[EarmarkProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.pointer or '(root)'}: {p.code}" for p in self.problems))


@dataclass
class EarmarkForm:
    """What was read; complete only when ``problems`` is empty."""

    category: int = 0
    include: dict[Dimension, frozenset[Value]] = field(default_factory=dict)
    exclude: dict[Dimension, frozenset[Value]] = field(default_factory=dict)
    caps: tuple[Cap, ...] = ()
    spend_by_on: date | None = None
    problems: list[EarmarkProblem] = field(default_factory=list)

    def fault(self, pointer: str, code: str, **params: object) -> None:
        """Note one fault."""
        self.problems.append(EarmarkProblem(pointer, code, {k: str(v) for k, v in params.items()}))


def read_form(raw: object) -> EarmarkForm:
    """Read an earmark from parsed JSON; every fault is in ``problems`` of the answer."""
    form = EarmarkForm()
    members = _members(form, "", raw, ("category", "include", "exclude", "caps", "spend_by_on"))
    if members is None:
        return form
    _read_category(form, members)
    form.include = _read_selection(form, "/include", members.get("include", {}))
    form.exclude = _read_selection(form, "/exclude", members.get("exclude", {}))
    form.caps = _read_caps(form, members.get("caps", []))
    _read_spend_by(form, members.get("spend_by_on"))
    if not form.problems:
        _check_contradictions(form)
    if not form.problems:
        _check_category(form)
    return form


def ordered(values: Iterable[Value]) -> list[Value]:
    """Values of one dimension in the order in which they are written and shown."""
    return sorted(values, key=lambda v: (v, "") if isinstance(v, int) else (0, v))


def _members(
    form: EarmarkForm, pointer: str, raw: object, allowed: Sequence[str]
) -> Mapping[str, object] | None:
    if not isinstance(raw, Mapping):
        form.fault(pointer, "not_an_object")
        return None
    if any(key not in allowed for key in raw):
        form.fault(pointer, "unknown_member", allowed=", ".join(allowed))
    return raw


def _read_category(form: EarmarkForm, members: Mapping[str, object]) -> None:
    if "category" not in members:
        form.fault("/category", "category_missing")
        return
    category = members["category"]
    if type(category) is not int or category not in CATEGORIES:
        form.fault("/category", "category_unknown")
        return
    form.category = category


def _read_selection(
    form: EarmarkForm, pointer: str, raw: object
) -> dict[Dimension, frozenset[Value]]:
    members = _members(form, pointer, raw, tuple(Dimension))
    if members is None:
        return {}
    return {
        dimension: _read_values(form, f"{pointer}/{dimension}", dimension, members[dimension])
        for dimension in Dimension
        if dimension in members
    }


def _read_values(
    form: EarmarkForm, pointer: str, dimension: Dimension, raw: object
) -> frozenset[Value]:
    if not isinstance(raw, list):
        form.fault(pointer, "not_a_list")
        return frozenset()
    if not raw:
        form.fault(pointer, "list_empty")
    if len(raw) > MAX_VALUES:
        form.fault(pointer, "too_many", maximum=MAX_VALUES)
        return frozenset()
    found: set[Value] = set()
    for index, item in enumerate(raw):
        value = _read_value(form, f"{pointer}/{index}", dimension, item)
        if value is not None and value in found:
            form.fault(f"{pointer}/{index}", "repeated")
        elif value is not None:
            found.add(value)
    return frozenset(found)


def _read_value(form: EarmarkForm, pointer: str, dimension: Dimension, raw: object) -> Value | None:
    if dimension is Dimension.OBJECTIVE:
        if type(raw) is int and raw in OBJECTIVES:
            return raw
        form.fault(pointer, "objective_unknown")
    elif not isinstance(raw, str):
        form.fault(pointer, "not_text")
    elif dimension is Dimension.COUNTRY:
        if raw in _countries():
            return raw
        form.fault(pointer, "country_unknown")
    elif dimension is Dimension.REGION:
        if raw in M49_REGIONS:
            return raw
        form.fault(pointer, "region_unknown")
    elif _is_code(raw):
        return raw
    else:
        form.fault(pointer, "code_malformed", maximum=MAX_CODE_LENGTH)
    return None


def _is_code(text: str) -> bool:
    return 0 < len(text) <= MAX_CODE_LENGTH and text.isprintable() and text == text.strip()


@cache
def _countries() -> frozenset[str]:
    import pycountry  # reads its tables from disk, so only when an earmark is written

    return frozenset(c.alpha_2 for c in pycountry.countries) | _USER_ASSIGNED_COUNTRIES


def _read_caps(form: EarmarkForm, raw: object) -> tuple[Cap, ...]:
    if not isinstance(raw, list):
        form.fault("/caps", "not_a_list")
        return ()
    if len(raw) > MAX_CAPS:
        form.fault("/caps", "too_many", maximum=MAX_CAPS)
        return ()
    caps = [_read_cap(form, f"/caps/{index}", item) for index, item in enumerate(raw)]
    seen: set[tuple[Dimension, Value]] = set()
    for index, cap in enumerate(caps):
        if cap is None:
            continue
        if (cap.dimension, cap.value) in seen:
            form.fault(f"/caps/{index}", "repeated")
        elif any(cap.dimension is not dimension for dimension, _ in seen):
            form.fault(f"/caps/{index}/dimension", "caps_mixed")
        seen.add((cap.dimension, cap.value))
    return tuple(cap for cap in caps if cap is not None)


def _read_cap(form: EarmarkForm, pointer: str, raw: object) -> Cap | None:
    names = ("dimension", "value", "amount_minor")
    members = _members(form, pointer, raw, names)
    if members is None:
        return None
    missing = [name for name in names if name not in members]
    for name in missing:
        form.fault(f"{pointer}/{name}", "member_missing")
    if missing:
        return None
    amount, dimension = members["amount_minor"], members["dimension"]
    is_amount = type(amount) is int and 0 < amount <= MAX_MINOR
    if not is_amount:
        form.fault(f"{pointer}/amount_minor", "amount_out_of_range")
    if dimension not in tuple(CAP_DIMENSIONS):
        allowed = ", ".join(sorted(CAP_DIMENSIONS))
        form.fault(f"{pointer}/dimension", "cap_dimension", allowed=allowed)
        return None
    named = Dimension(str(dimension))
    value = _read_value(form, f"{pointer}/value", named, members["value"])
    if value is None or type(amount) is not int or not is_amount:
        return None
    return Cap(named, value, amount)


def _read_spend_by(form: EarmarkForm, raw: object) -> None:
    if raw is None:
        return
    if isinstance(raw, str) and _DATE.fullmatch(raw):
        try:
            form.spend_by_on = date.fromisoformat(raw)
        except ValueError:
            form.fault("/spend_by_on", "date_malformed")
    else:
        form.fault("/spend_by_on", "date_malformed")


def _check_contradictions(form: EarmarkForm) -> None:
    """An inclusion and an exclusion of one value, or a cap on what is not admitted anyway."""
    for dimension, values in form.exclude.items():
        if form.include.get(dimension, frozenset()) & values:
            form.fault(f"/exclude/{dimension}", "included_and_excluded")
    for index, cap in enumerate(form.caps):
        included = form.include.get(cap.dimension)
        refused = included is not None and cap.value not in included
        if refused or cap.value in form.exclude.get(cap.dimension, frozenset()):
            form.fault(f"/caps/{index}/value", "cap_on_refused")


def fitting_categories(
    include: Mapping[Dimension, frozenset[Value]], has_other_limits: bool
) -> tuple[int, ...]:
    """The Grand Bargain categories that fit what an earmark says; decided by its narrowest word.

    A named grant is tightly earmarked (4). A named call is a window for many grants (3) or one made
    for this donor (4). One country is earmarked (3); a list of countries stands for a region, which
    like a theme, an exclusion or a cap is softly earmarked (2) or, when the donor means it
    narrowly, earmarked (3). Unearmarked (1) fits only money without any limit but a date.
    """
    if Dimension.GRANT in include:
        return (4,)
    if Dimension.CALL in include:
        return (3, 4)
    if len(include.get(Dimension.COUNTRY, ())) == 1:
        return (3,)
    return (2, 3) if include or has_other_limits else (1,)


def _check_category(form: EarmarkForm) -> None:
    fitting = fitting_categories(form.include, bool(form.exclude or form.caps))
    if form.category not in fitting:
        form.fault("/category", "category_unfitting", fitting=" / ".join(map(str, fitting)))
