"""Every code has its sentence, and every sentence gets the facts it asks for."""

from __future__ import annotations

import ast
import inspect
import tomllib
from datetime import date
from importlib.resources import files
from string import Formatter
from uuid import UUID

import pytest

from fundops.allocation import earmark_form
from fundops.allocation.earmarks import (
    Dimension,
    Earmark,
    EarmarkInvalid,
    GrantFacts,
    RefusalReason,
    refusal,
)
from fundops.allocation.position import LimitKind
from fundops.messages import catalogue, text


def codes_with_facts() -> dict[str, set[str]]:
    """The code and parameter names of every fault that the reader of earmarks can find."""
    found: dict[str, set[str]] = {}
    for call in ast.walk(ast.parse(inspect.getsource(earmark_form))):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "form.fault":
            code = ast.literal_eval(call.args[1])
            found.setdefault(code, set()).update(k.arg for k in call.keywords if k.arg)
    return found


def asked_by(key: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(catalogue()[key]) if name}


def test_every_fault_has_a_sentence_and_its_facts() -> None:
    codes = codes_with_facts()
    assert len(codes) > 15
    for code, facts in codes.items():
        assert asked_by(f"earmark.{code}") <= facts


def test_no_sentence_about_earmarks_is_left_over() -> None:
    used = {f"earmark.{code}" for code in codes_with_facts()}
    used |= {f"earmark.refuses_{reason}" for reason in RefusalReason}
    file = files("fundops.messages").joinpath("en", "allocation.toml")
    own = tomllib.loads(file.read_text(encoding="utf-8"))
    assert {key for key in own if key.startswith("earmark.")} == used


def test_every_limit_has_a_sentence() -> None:
    for kind in LimitKind:
        assert f"allocation.limit_{kind}" in catalogue()


def test_faults_and_refusals_can_be_said() -> None:
    with pytest.raises(EarmarkInvalid) as caught:
        Earmark.from_json({"category": 1, "include": {"objective": [3]}})
    (problem,) = caught.value.problems
    assert "category 2 / 3" in text(problem.message_key, **problem.params)
    grant = GrantFacts(UUID(int=1), "GRT-1", objectives={3, 7}, country="KE", call="C")
    for mark in (
        Earmark(2, {Dimension.OBJECTIVE: {3}}),
        Earmark(2, exclude={Dimension.COUNTRY: {"KE"}}),
        Earmark(2, {Dimension.REGION: {"014"}}),
        Earmark(1, spend_by_on=date(2026, 1, 1)),
    ):
        found = refusal(mark, grant, date(2026, 6, 15))
        assert found is not None
        sentence = text(found.message_key, **found.params)
        assert sentence.endswith(".")
        assert "{" not in sentence
