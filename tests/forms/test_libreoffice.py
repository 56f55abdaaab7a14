"""Workbooks opened and saved by LibreOffice are understood as before."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fundops.forms.annotate import annotate
from tests.forms import examples
from tests.libreoffice import needs_libreoffice

pytestmark = [pytest.mark.slow, needs_libreoffice]


def saved(folder: Path, *workbooks: bytes) -> list[bytes]:
    """Return the workbooks as LibreOffice writes them."""
    soffice = shutil.which("soffice")
    assert soffice is not None
    paths = [folder / f"{number}.xlsx" for number in range(len(workbooks))]
    for path, raw in zip(paths, workbooks, strict=True):
        path.write_bytes(raw)
    profile = (folder / "profile").absolute().as_uri()
    subprocess.run(
        [soffice, f"-env:UserInstallation={profile}", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out"), *map(str, paths)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return [(folder / "out" / path.name).read_bytes() for path in paths]


def wrong(**cells: str) -> bytes:
    """Return a proposal with cells of its budget filled in wrongly."""
    return examples.with_cells(examples.proposal(), "Budget", **cells)


def marked(raw: bytes) -> bytes:
    return annotate(raw, examples.read_proposal(raw).problems)


ONE, TWO = {"D7": "many"}, {"D7": "many", "E8": "1.250"}


@pytest.fixture(scope="module")
def came_back(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Give five workbooks as LibreOffice saved them, which is started once for all."""
    formulas = wrong(E7="=1000+250.5", D8="=1/0", F8="=E7/0.1/5002")
    return saved(
        tmp_path_factory.mktemp("libreoffice"), examples.proposal(), examples.scores(), formulas,
        marked(wrong(**TWO)), marked(wrong(**ONE)),
    )  # fmt: skip


def test_what_libreoffice_saves_is_read_as_before(came_back: list[bytes]) -> None:
    raw = examples.proposal()
    proposal, scores, computed, returned, _ = came_back
    assert proposal != raw

    filled = examples.read_proposal(proposal)
    assert [str(one) for one in filled.problems] == []
    assert filled.values == examples.PROPOSAL_VALUES
    assert filled.content == examples.read_proposal(raw).content

    filled = examples.read_scores(scores)
    assert [str(one) for one in filled.problems] == []
    assert filled.values == examples.SCORES_VALUES

    filled = examples.read_proposal(computed)
    assert filled.values["budget"][0]["unit_cost"] == 125_050
    assert [(one.code, one.cell) for one in filled.problems if one.cell == "D8"] == [
        ("error_cell", "D8")
    ]

    filled = examples.read_proposal(returned)
    before = examples.read_proposal(wrong(**TWO))
    assert filled.values == before.values
    assert [str(one) for one in filled.problems] == [str(one) for one in before.problems]


def test_marks_come_off_what_libreoffice_saved(came_back: list[bytes]) -> None:
    problems = examples.read_proposal(wrong(**ONE)).problems
    again = annotate(came_back[-1], problems)
    assert annotate(again, problems) == again
    names = [sheet.name for sheet in examples.opened(again).sheets]
    assert names.count("Problems") == 1
    assert "Problems 2" not in names
    clean = annotate(examples.with_cells(again, "Budget", D7=2), [])
    assert examples.read_proposal(clean).problems == []
    assert "Problems" not in [sheet.name for sheet in examples.opened(clean).sheets]
