"""Samples in workbooks: every amount is held by a control, and a past question stays the same."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import (
    Moment,
    Reader,
    Scope,
    ScopeKind,
    question_for,
)
from fundops.exports.audit_book.samples import SAMPLES
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.exports.formulas import signed
from fundops.exports.kinds import Computed, Money
from fundops.exports.rendering import render
from tests.exports import books as recompute
from tests.exports.audit_book.opened import same
from tests.exports.test_controls import checks
from tests.samples.test_samples import Scene, fetch, filled_in, send
from tests.staged import staged

scene = staged(Scene)


def books(scene: Scene, seq: int | None = None) -> tuple[bytes, Book]:
    """Return the audit workbook of the fund, as known by ``seq``."""
    with scene.world.database.export() as db:
        scope = Scope(ScopeKind.FUND, scene.fund_id, scene.fund_id, "FUND")
        question = question_for(db, scope, Moment(), Reader.AUDITOR)
        if seq is not None:
            question = type(question)(scope, question.as_of_on, seq, Reader.AUDITOR)
        book = Book(db, question)
        return b"".join(render(audit_workbook(book))), book


def sheets(raw: bytes) -> tuple[list[dict[str, Any]], dict[str, tuple[Any, ...]]]:
    """Return the rows of samples, and the controls of samples by label."""
    book = load_workbook(io.BytesIO(raw), data_only=True)
    heading, *rows = book["Samples"].iter_rows(values_only=True)
    controls = {
        str(row[0]): row[1:5]
        for row in book["Controls"].iter_rows(values_only=True)
        if str(row[0]).startswith("Samples")
    }
    return [dict(zip(map(str, heading), row, strict=True)) for row in rows], controls


def test_the_audit_workbook_holds_every_amount_of_samples(scene: Scene) -> None:
    me, place = scene.auditor, scene.drawn()
    raw, tag = fetch(me, place)
    assert send(me, place, filled_in(raw, n1=8_900.00, n2=1.00), tag).status_code == 200
    random = scene.drawn(method="random", size=4, population="disbursements")
    drafted = me.post("/v1/audit_samples", json=scene.given(seed="a-third-seed"))
    assert drafted.status_code == 201
    before, asked = books(scene)
    said = me.post(f"{place}/evaluate").json()
    raw, tag = fetch(me, random)
    assert send(me, random, filled_in(raw, n1=0), tag).status_code == 200
    assert me.post(f"{random}/evaluate").status_code == 200
    after, book = books(scene)
    rows, controls = sheets(after)
    assert len(rows) == 3
    assert all(figures[3] == "OK" for figures in controls.values()), controls
    assert len(controls) >= 14
    shown = next(row for row in rows if row["Sample"] == said["code"])
    assert f"{shown['Upper limit']:.2f}" == said["upper"]["amount"]
    assert (shown["Status"], shown["Accepted"]) == ("evaluated", False)

    again, _ = books(scene, asked.seq)
    same(again, before)
    assert {row["Status"] for row in sheets(before)[0]} == {"drafted", "drawn"}

    with scene.world.database.export() as db:
        held = {
            term.column
            for one in SAMPLES.controls(Book(db, book.question))
            for _, term in signed(one.formula, 1)  # type: ignore[arg-type]
        }
    amounts = {
        key
        for key, kind, _ in SAMPLES.columns
        if isinstance(kind, Money) or (isinstance(kind, Computed) and kind.result == Money())
    }
    assert amounts <= held


def test_an_evaluation_is_recomputed_in_its_own_sheets(scene: Scene, tmp_path: Path) -> None:
    me, place = scene.auditor, scene.drawn()
    assert me.get(f"{place}/evaluation").status_code == 409
    raw, tag = fetch(me, place)
    over = filled_in(raw, n1=8_900.00, n2=1.00, n3=5_000.00)
    assert send(me, place, over, tag).status_code == 200
    made = me.get(f"{place}/evaluation").content
    path = tmp_path / "evaluation.xlsx"
    path.write_bytes(made)
    values = recompute.cached(path)
    assert ("Overstatements", "G3") in values
    assert recompute.differences(values, recompute.recalculated(path)) == {}
    assert set(checks(values)) == {"OK"}
    more = recompute.one_cent_more(made, tmp_path / "t.xlsx", "Items", "8900.00", "8900.01")
    assert any(one != "OK" for one in checks(recompute.recalculated(more)))
    assert me.post(f"{place}/evaluate").json()["understated_likely"]["amount"] != "0.00"
