"""Goal 9: impact over 5,000 grants, 40,000 reports and 1,000,000 values."""

from __future__ import annotations

import statistics
import time
import tracemalloc

from starlette.testclient import TestClient

from fundops.app import create_app
from scripts.benchmarks.ground import Ground
from scripts.benchmarks.measure import Result
from scripts.benchmarks.results import GRANTS, REPORTS, ManyResults
from tests.databases import Kind

WARM, COLD = 1.0, 3.0
"""Seconds: asked again, and asked for the first time of a server that has just started."""
TIMES = 5
ASKED = (
    ("impact by objective", "impact?by=objective"),
    ("impact by grant", "impact?by=grant"),
    ("impact by quarter", "impact?by=quarter"),
    ("impact by donor", "impact?by=donor"),
    ("impact by development goal", "impact?by=sdg"),
    ("impact of one country by call", "impact?by=call&country=KE"),
    ("coverage of the objectives", "impact/coverage?"),
    ("a page of the rows behind it", "impact/rows?"),
)


def measure(ground: Ground, kind: Kind, *, quick: bool) -> list[Result]:
    """Return the seconds of answers over HTTP, cold and warm, and the memory of the largest."""
    large = ManyResults(GRANTS // 10 if quick else GRANTS)
    with ground.copies(kind, 1, large.fill) as (place,):
        results = []
        size = (
            f"{large.grants:,} grants, {large.grants * REPORTS:,} reports, {large.values:,} values"
        )
        for what, path in ASKED:
            # An application of its own: no statement is compiled, no connection is open.
            client = TestClient(create_app(place.settings()))
            client.headers["authorization"] = f"Bearer {large.token}"
            address = f"/v1/{path}&fund_id={large.fund_id}".replace("?&", "?")
            took, worked = [], []
            with client:
                for _ in range(TIMES + 1):
                    began, used = time.perf_counter(), time.process_time()
                    answer = client.get(address)
                    took.append(time.perf_counter() - began)
                    worked.append(time.process_time() - used)
                    assert answer.status_code == 200, answer.text[:2000]
            _check(what, large, answer.json())
            warm = took[1:]
            note = f"{statistics.median(worked[1:]):.2f} s of them at work"
            results.append(
                Result("9", f"{what}, cold: seconds", kind, took[0], COLD, False, unit="",
                       note=f"{worked[0]:.2f} s of them at work")
            )  # fmt: skip
            results.append(
                Result("9", f"{what}: seconds", kind, statistics.median(warm), WARM, False,
                       (min(warm), max(warm)), unit="", note=note)
            )  # fmt: skip
        results.append(_memory(place.settings(), large, kind, size))
    return results


def _check(what: str, large: ManyResults, body: dict) -> None:  # type: ignore[type-arg]
    """See to it that what was measured is the answer: as many reached as were written."""
    if "rows" in what or "country" in what or "donor" in what or "goal" in what:
        return
    found = sum(
        one["reached"]["value"] or 0
        for group in body["items"]
        for one in group["results"]
        if one["indicator"] == "4.4"
    )
    assert body["next_cursor"] or found == large.reached, (what, found, large.reached)


def _memory(settings: object, large: ManyResults, kind: Kind, size: str) -> Result:
    """Return the most memory that Python holds while the answer by objective is made."""
    client = TestClient(create_app(settings))  # type: ignore[arg-type]
    client.headers["authorization"] = f"Bearer {large.token}"
    address = f"/v1/impact?by=objective&fund_id={large.fund_id}"
    with client:
        client.get(address)
        tracemalloc.start()
        client.get(address)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return Result("9", "impact by objective: most memory, MiB", kind, most / 2**20, None, False,
                  unit="", note=size)  # fmt: skip
