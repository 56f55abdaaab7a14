"""A policy as it goes over the wire: the same parts, with every amount as money.

The types of requests and answers are made from ``policy_content``, so that a policy is described
once: what is named ``…_minor`` there is money here, under the name without that ending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, Field, create_model
from pydantic.fields import FieldInfo

from fundops.grants.policy_content import Part, PolicyContent
from fundops.schemas import In, MoneyIn, MoneyOut, Out, money_out

SUFFIX = "_minor"


def stored_form(
    model: type[Part], given: Mapping[str, Any], minor: Callable[[Any, str], int], at: str = ""
) -> dict[str, Any]:
    """Return what was given with every amount in minor units, as ``model`` takes it.

    ``minor`` turns an amount and the place where it stands into minor units.
    """
    found = {key: value for key, value in given.items() if key not in _named(model)}
    for key, (name, field) in _named(model).items():
        if key not in given:
            continue
        value, part, place = given[key], _part_of(field.annotation), f"{at}/{key}"
        if name.endswith(SUFFIX):
            found[name] = None if value is None else minor(value, place)
        elif part is None:
            found[name] = value
        elif isinstance(value, list | tuple):
            found[name] = [
                stored_form(part, one, minor, f"{place}/{index}") for index, one in enumerate(value)
            ]
        else:
            found[name] = stored_form(part, value, minor, place)
    return found


def shown_form(part: Part, currency: str) -> dict[str, Any]:
    """Return a part of a policy as the interface shows it, amounts in ``currency``."""
    found: dict[str, Any] = {}
    for key, (name, _) in _named(type(part)).items():
        value = getattr(part, name)
        found[key] = (
            money_out(value, currency) if name.endswith(SUFFIX) else _plain(value, currency)
        )
    return found


def _plain(value: Any, currency: str) -> Any:
    if isinstance(value, Part):
        return shown_form(value, currency)
    if isinstance(value, tuple):
        return [_plain(one, currency) for one in value]
    return value


def _named(model: type[Part]) -> dict[str, tuple[str, FieldInfo]]:
    """Return the fields of a part by their names on the wire."""
    return {name.removesuffix(SUFFIX): (name, field) for name, field in model.model_fields.items()}


def _part_of(annotation: Any) -> type[Part] | None:
    """Return the part that a field holds one or several of."""
    inner = get_args(annotation)[0] if get_origin(annotation) is tuple else annotation
    return inner if isinstance(inner, type) and issubclass(inner, Part) else None


@cache
def _wire(model: type[Part], base: type[BaseModel], amount: type[BaseModel], end: str) -> Any:
    fields: dict[str, Any] = {}
    for key, (name, field) in _named(model).items():
        part = _part_of(field.annotation)
        if name.endswith(SUFFIX):
            is_open = type(None) in get_args(field.annotation)
            fields[key] = (amount | None, Field(default=None)) if is_open else (amount, Field())
        elif part is None:
            fields[key] = (field.annotation, copy(field))
        else:
            inner: Any = _wire(part, base, amount, end)
            many = get_origin(field.annotation) is tuple
            fields[key] = (_several(inner) if many else inner, copy(field))
    return create_model(f"{model.__name__}{end}", __base__=base, __doc__=model.__doc__, **fields)


def _several(inner: Any) -> Any:
    return tuple[inner, ...]


if TYPE_CHECKING:
    PolicyContentIn = In
    PolicyContentOut = Out
else:
    PolicyContentIn = _wire(PolicyContent, In, MoneyIn, "In")
    PolicyContentOut = _wire(PolicyContent, Out, MoneyOut, "Out")
