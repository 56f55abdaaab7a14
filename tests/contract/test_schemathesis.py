"""What the document says, the application does: requests and answers drawn from the document.

Each operation gets requests made from its own description, right ones and wrong ones, about records
that exist and records that do not, from somebody who may do it; the quick run gives every other one
a right request and the rest a wrong one. At greater depth each role asks as well. No
answer may be a 5xx, or differ from the document in status, media type, headers or body. Afterwards
every invariant of the books must hold (the stage checks that).

Checks of the library that are left out, and why:

- ``positive_data_acceptance``: what a schema allows, the state of the records may refuse (409), or
  a rule across fields (422); the services' own tests say which.
- ``ignored_auth``, ``object_level_authorization``: every route is tried without a token, with each
  role and with others' records in ``test_access.py``, which also knows what to expect.
- ``unsupported_method``, ``allow_header_conformance``: see ``tests/platform/test_hostile.py``.
- ``missing_required_header``: see ``test_access.py``, for each route and several wrong values.
- ``use_after_free``, ``ensure_resource_availability``: nothing is ever deleted.
- ``negative_data_rejection`` is left out where the stage itself puts a real id in place of the
  wrong one that was drawn.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fundops.authz import Role
from tests.contract.inventory import Operation, operations
from tests.contract.stage import Stage
from tests.depth import DEPTH
from tests.world import Caller

CONFORMANCE = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
REFUSALS = ("400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428")
"""How a wrong request may be refused. The library's own list lacks 412, which a made-up tag gets
where the record is there without being named, and allows 5xx, which nothing here may be.
"""
CONFIG = SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": list(REFUSALS)}}}
)
QUICK_EXAMPLES, DEEP_EXAMPLES = 1, 2 * DEPTH
BOTH = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


class Drawn(NamedTuple):
    """A request, right or wrong, and whether it is to be about a record that exists."""

    case: Any
    mode: GenerationMode
    real: bool


DRAWN: dict[tuple[FastAPI, int, bool, tuple[str, ...]], list[Drawn]] = {}
"""What was drawn for an application; most tests of a run have the same."""


class Judge:
    """Sends drawn requests and compares the answers with the document.

    As one person, or each operation as somebody who may do it.
    """

    def __init__(self, stage: Stage, caller: Caller | None = None) -> None:
        self.stage = stage
        self.caller = caller
        self.everybody = stage.everybody() if caller is None else {}
        self.schema = schemathesis.openapi.from_asgi("/openapi.json", stage.app, config=CONFIG)
        self.known = {(one.method, one.path): one for one in operations(stage.app)}
        self.statuses: Counter[int] = Counter()

    def operations(self) -> list[Any]:
        """Return every operation of the document; one that cannot be read is an error."""
        found: list[Any] = list(self.schema.get_all_operations())
        return [result.ok() for result in found]

    def judge_all(self, examples: int, *, by_turns: bool = False) -> list[str]:
        """Judge every operation; return what was wrong."""
        wrong = []
        for one in self.drawn(examples, by_turns):
            try:
                self._send(one)
            except (AssertionError, BaseExceptionGroup) as error:
                wrong.append(f"{one.case.operation.label} {one.mode.value}: {told(error)}")
        return wrong

    def drawn(self, examples: int, by_turns: bool) -> list[Drawn]:
        """Return the requests to every operation; they are the same for whoever sends them.

        Right and wrong ones to each, or by turns right ones to one and wrong ones to the next.
        To draw them takes five times as long as to send them, so it is done once.
        """
        asked = self.operations()
        key = (self.stage.app, examples, by_turns, tuple(one.label for one in asked))
        if key not in DRAWN:
            DRAWN[key] = [
                one
                for turn, operation in enumerate(asked)
                for mode in (BOTH if not by_turns else BOTH[turn % 2 :][:1])
                for one in self._draw(operation, mode, examples)
            ]
        return DRAWN[key]

    def _draw(self, operation: Any, mode: GenerationMode, examples: int) -> list[Drawn]:
        # Who asks, and under which new key, is ours to say; drawn ones would only be replaced.
        strategy = operation.as_strategy(generation_mode=mode, headers=self._headers(operation))
        found: list[Drawn] = []

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy, real=st.booleans())
        def run(case: Any, real: bool) -> None:
            found.append(Drawn(case, mode, real))

        try:
            run()
        except Unsatisfiable:
            # An operation without input has nothing that could be wrong.
            assert mode is GenerationMode.NEGATIVE
        return found

    def _send(self, drawn: Drawn) -> None:
        case = drawn.case
        walked = self.known[case.method.upper(), case.path]
        checks = list(CONFORMANCE)
        if drawn.real and walked.parameters:
            self._name_real_records(case, walked)
        elif drawn.mode is GenerationMode.NEGATIVE:
            checks.append(negative_data_rejection)
        response = case.call(headers=self._headers(case.operation))
        self.statuses[response.status_code] += 1
        case.validate_response(response, checks=checks)

    def _headers(self, operation: Any) -> dict[str, str]:
        walked = self.known[operation.method.upper(), operation.path]
        caller = self.caller or self._able(walked)
        headers = {"Authorization": f"Bearer {caller.token}"}
        if operation.method.upper() == "POST":
            headers["Idempotency-Key"] = uuid4().hex
        return headers

    def _able(self, walked: Operation) -> Caller:
        needed = walked.permissions or tuple(self.everybody)
        return self.everybody[needed[0]]

    def _name_real_records(self, case: Any, walked: Operation) -> None:
        path = self.stage.records.address(walked).split("/")
        for part, value in zip(walked.path.split("/"), path, strict=False):
            if part.startswith("{"):
                case.path_parameters[part[1:-1]] = value


def told(error: BaseException) -> str:
    """Return what failed, without the reproduction that the library prints."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(told(one) for one in error.exceptions)
    return " ".join(str(error).split())[:400]


def test_answers_are_as_documented(lived_stage: Stage) -> None:
    judge = Judge(lived_stage)
    assert judge.judge_all(QUICK_EXAMPLES, by_turns=True) == []
    assert judge.statuses[200] > 20
    assert judge.statuses.total() > 300


@pytest.mark.slow
@pytest.mark.postgres_only  # to draw takes most of it; what is sent once goes to both
@pytest.mark.parametrize("role", [None, *Role] if DEPTH > 1 else [None])
def test_answers_are_as_documented_at_length(lived_stage: Stage, role: Role | None) -> None:
    judge = Judge(lived_stage, None if role is None else lived_stage.insider(role))
    assert judge.judge_all(DEEP_EXAMPLES) == []
    assert judge.statuses.total() > 1_000


def test_an_answer_that_is_not_as_documented_would_be_noticed(
    lived_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: an answer whose body has lost a field that the document promises."""
    from fundops.calls import routes

    monkeypatch.setattr(routes, "call_out", lambda row, _zone: {"id": row.id})
    judge = Judge(lived_stage, lived_stage.insider(Role.FUND_MANAGER))
    judge.operations = lambda: [  # type: ignore[method-assign]
        one for one in Judge.operations(judge) if one.label == "GET /v1/calls/{call_id}"
    ]
    wrong = judge.judge_all(20)[0]
    assert "GET /v1/calls/{call_id} positive: Response violates schema" in wrong
