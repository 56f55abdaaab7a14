"""What the guide says of steps and bounds is what the program has."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from fundops import drafted
from fundops.lifecycle import mermaid
from fundops.proposals import attached, content
from fundops.proposals.steps import EVENTS, STEPS
from fundops.proposals.totals import BY
from tests.proposals.proposal_factories import an_applicant, right
from tests.world import World

GUIDE = (Path(__file__).parents[2] / "docs/proposals.md").read_text(encoding="utf-8")


def test_no_step_leads_from_lodged_or_a_draft_to_an_award() -> None:
    reached = {"lodged"}
    unconfirmed = {name: move for name, move in STEPS.items() if name not in {"confirm", "submit"}}
    for _ in STEPS:
        reached |= {move.target for move in unconfirmed.values() if move.sources & reached}
    assert reached == {"lodged", "withdrawn"}
    # With them, an award is reached, so that the walk is no walk in place.
    for _ in STEPS:
        reached |= {move.target for move in STEPS.values() if move.sources & reached}
    assert "awarded" in reached
    assert "lodged --> submitted: confirm" in mermaid(STEPS)


def test_every_step_has_an_event_and_is_in_the_guide() -> None:
    assert EVENTS.keys() == STEPS.keys()
    table = GUIDE[GUIDE.index("## Statuses") :]
    told = {"reopen_lodged": "reopen", "put_on_reserve": "put on reserve"}
    for name, move in STEPS.items():
        word = "decide_eligibility" if name.startswith("declare") else told.get(name, name)
        row = next(line for line in table.splitlines() if line.startswith("|") and word in line)
        for status in {*move.sources, move.target}:
            assert status in row, (name, status)


def test_bounds_and_lists_are_those_of_the_program() -> None:
    assert f"{drafted.MAX_LEAF:,} characters in one place" in GUIDE
    assert f"At most {attached.MAX_ATTACHMENTS}." in GUIDE
    assert drafted.MAX_CONTENT == 1_000_000
    for name in (*BY, *content.CODE_LISTS, *content.ANSWERS):
        assert f"`{name}`" in GUIDE, name


def test_jq_gets_the_hash_of_a_receipt_from_the_version(world: World, tmp_path: Path) -> None:
    jq = shutil.which("jq")
    if jq is None:
        pytest.skip("jq is not installed here")
    applicant = an_applicant(world)
    strange = 'Line one\nand "two" \\ tab\there, ünï ﷽ 🧿 </p> \u2028 \u0085 end'
    receipt = applicant.submitted(right(summary=strange))["receipt"]
    version = applicant.caller.get(f"{applicant.place}/versions/{receipt['version']}")
    (tmp_path / "version.json").write_bytes(version.content)
    done = subprocess.run(
        [jq, "-jcS", ".content", "version.json"], cwd=tmp_path, capture_output=True, check=True
    )
    assert hashlib.sha256(done.stdout).hexdigest() == receipt["content_sha256"]
    assert json.loads(done.stdout)["summary"] == strange
