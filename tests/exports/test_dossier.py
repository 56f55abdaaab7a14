"""Dossiers: they add up when recomputed, show every change, name nobody, and know their readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import insert, select, update

from fundops import clock
from fundops.authz import Role
from fundops.calls.models import Call, CallCriterion
from fundops.config import Settings
from fundops.db import Base, Database
from fundops.decisions.feedback_names import Nameless
from fundops.decisions.models import Board
from fundops.demo.stage import Story
from fundops.exports import render
from fundops.exports.dossier import dossier_workbook
from fundops.exports.dossier_checks import (
    factor_of,
    scale,
    units_of,
    weighted_formula,
    weighted_of,
    worst_of,
)
from fundops.ids import uuid7
from fundops.parties.models import Membership, Party
from fundops.proposals.models import Proposal
from fundops.reviews.models import Conflict
from fundops.reviews.scoring import Criterion, Mark, weighted_score
from tests.exports import books
from tests.exports.decided import Case
from tests.factories import a_fund
from tests.libreoffice import needs_libreoffice
from tests.reviews.review_factories import Scene, counted, draft, submit
from tests.staged import Stages, staged
from tests.told import the_story
from tests.world import Caller, World

CANARY = re.compile("qzx", re.I)
"""What is in the name of every reviewer and member of a board."""


def rendered(database: Database, call_id: UUID, proposal_id: UUID | None = None) -> bytes:
    with database.export() as db:
        call = db.get_one(Call, call_id)
        return b"".join(render(dossier_workbook(db, None, call, proposal_id)))


def told_call(database: Database) -> UUID:
    with database.read() as db:
        return db.execute(select(Board.call_id)).scalars().one()


def saved(data: bytes, folder: Path) -> Path:
    path = folder / "dossier.xlsx"
    path.write_bytes(data)
    return path


def checks(values: books.Values) -> list[Any]:
    rows = {
        int(cell[1:]): value
        for (sheet, cell), value in values.items()
        if sheet == "Controls" and cell.startswith("E")
    }
    return [rows[row] for row in sorted(rows)]


def plain(values: books.Values) -> books.Values:
    """Return values with nothing as an empty text: openpyxl reads a formula that comes to "" so."""
    return {place: "" if value is None else value for place, value in values.items()}


def hold(data: bytes, folder: Path, model: books.Model | None = None) -> None:
    """Assert that every formula recomputes to the value beside it, and that all controls hold."""
    path = saved(data, folder)
    values = books.cached(path)
    assert set(checks(values)) == {"OK"}, checks(values)
    found = (model or books.Model(path)).computed()
    assert books.differences(plain(values), plain(found)) == {}


Modelled = tuple[bytes, books.Model]


@pytest.fixture(scope="module")
def kept() -> dict[str, Modelled]:
    """Keep what ``modelled`` made first."""
    return {}


@pytest.fixture
def modelled(case: Case, kept: dict[str, Modelled], tmp_path: Path) -> Modelled:
    """Give the case's dossier and its formulas, which take long to read: once for all tests."""
    if not kept:
        data = rendered(case.world.database, case.call_id)
        kept["case"] = data, books.Model(saved(data, tmp_path))
    return kept["case"]


def table(data: bytes, name: str) -> list[dict[str, Any]]:
    """Return the rows of a sheet by heading, as a person reads them."""
    from openpyxl import load_workbook

    rows = list(load_workbook(BytesIO(data), data_only=True)[name].iter_rows(values_only=True))
    return [
        dict(zip(rows[0], row, strict=True)) for row in rows[1:] if row[0] not in ("Total", None)
    ]


def confirmed(world: World) -> Case:
    """Make the call in which everything happened."""
    made = Case(world)
    made.confirm()
    return made


case = staged(confirmed)
"""The call in which everything happened."""


@pytest.mark.sqlite_only  # the other database writes the same bytes: see below
def test_the_story_adds_up_when_recomputed(story: Story, tmp_path: Path) -> None:
    data = rendered(story.database, told_call(story.database))
    hold(data, tmp_path)
    assert len(checks(books.cached(tmp_path / "dossier.xlsx"))) >= 15
    assert [row["Outcome"] for row in table(data, "Ranking")] == [
        "award", "award", "reserve", "reject",
    ]  # fmt: skip
    assert len(table(data, "Justifications")) == 4 * 3 * 4


@pytest.mark.slow
@pytest.mark.sqlite_only
@needs_libreoffice
def test_the_story_adds_up_in_libreoffice(story: Story, tmp_path: Path) -> None:
    path = saved(rendered(story.database, told_call(story.database)), tmp_path)
    values = books.recalculated_by_libreoffice(path, tmp_path)
    assert books.differences(books.cached(path), values) == {}
    assert set(checks(values)) == {"OK"}


@pytest.mark.sqlite_only
def test_a_call_without_reviews_or_boards_works(story: Story, tmp_path: Path) -> None:
    with story.database.read() as db:
        bare = db.execute(
            select(Call.id).where(Call.id.not_in(select(Board.call_id)))
        ).scalars().first()  # fmt: skip
    assert bare is not None
    data = rendered(story.database, bare)
    hold(data, tmp_path)
    assert table(data, "Ranking") == []


@pytest.mark.sqlite_only
def test_whatever_happened_adds_up(modelled: Modelled, tmp_path: Path) -> None:
    data, model = modelled
    hold(data, tmp_path, model)
    statuses = sorted(row["Status"] for row in table(data, "Scores"))
    assert statuses == ["returned", "set_aside", *["submitted"] * 7]
    assert {row["What"] for row in table(data, "Recusals")} >= {"declined", "recused"}
    assert [row["Agreed score"] for row in table(data, "Consensus")] == [66.67]


@pytest.mark.sqlite_only
def test_one_proposal_adds_up_and_shows_no_other(case: Case, tmp_path: Path) -> None:
    for proposal in case.scene.proposals:
        data = rendered(case.world.database, case.call_id, proposal.id)
        assert [row["Proposal"] for row in table(data, "Proposals")] == [proposal.code]
        whole = b"".join(books.parts(data).values()).decode()
        others = [one.code for one in case.scene.proposals if one.id != proposal.id]
        assert not [code for code in others if code in whole]
    hold(rendered(case.world.database, case.call_id, case.scene.proposals[1].id), tmp_path)


@pytest.mark.sqlite_only
def test_a_promotion_and_a_cancelled_award_add_up(case: Case, tmp_path: Path) -> None:
    case.promote()
    data = rendered(case.world.database, case.call_id)
    hold(data, tmp_path)
    promoted = case.scene.proposals[2].code
    [row] = [row for row in table(data, "Proposals") if row["Proposal"] == promoted]
    assert (row["Outcome"], row["Awarded"]) == ("award", 10_000)
    [item] = [row for row in table(data, "Decisions") if row["Proposal"] == promoted]
    assert (item["Outcome"], item["Promoted (UTC)"] is not None) == ("reserve", True)


def amounts(data: bytes) -> Iterator[tuple[str, str, str, str]]:
    """Yield (part, sheet, cell, written value) of each number with decimals that is no formula."""
    from openpyxl import load_workbook

    skipped = {"Controls", "Criteria", "Terms", "Cover", "How to read this"}
    for sheet in load_workbook(BytesIO(data)):
        if sheet.title in skipped:
            continue
        part = books.sheet_part(data, sheet.title)
        xml = books.parts(data)[part].decode()
        for row in sheet.iter_rows(min_row=2):
            for cell in row:
                if cell.data_type != "n" or cell.value is None or row[0].value == "Total":
                    continue
                found = re.search(rf'<c r="{cell.coordinate}"[^>]*><v>(-?\d+\.\d\d)</v>', xml)
                if found is not None:
                    yield part, sheet.title, cell.coordinate, found[1]


def columns_of(data: bytes) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return the part, a cell and its written value of each column of marks or amounts."""
    return {
        (sheet, re.sub(r"\d", "", cell)): (part, cell, was)
        for part, sheet, cell, was in amounts(data)
    }


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_any_mark_or_amount_changed_turns_a_control(modelled: Modelled) -> None:
    """A cell of every column is changed by a cent by itself; the sum it is in must show it."""
    data, model = modelled
    columns = columns_of(data)
    assert {sheet for sheet, _ in columns} >= {
        "Scores", "Justifications", "Budgets", "Ranking", "Decisions", "Awards", "Proposals",
        "Consensus", "Money",
    }  # fmt: skip
    unseen = []
    for (sheet, _), (_, cell, was) in sorted(columns.items()):
        more = float(Decimal(was) + Decimal("0.01"))
        if set(checks(model.computed({(sheet, cell): more}))) == {"OK"}:
            unseen.append((sheet, cell, was))
    assert unseen == []
    assert set(checks(model.computed())) == {"OK"}


@pytest.mark.sqlite_only
def test_a_changed_file_comes_to_what_its_model_does(modelled: Modelled, tmp_path: Path) -> None:
    data, model = modelled
    (sheet, _), (part, cell, was) = min(columns_of(data).items())
    path = changed_by_a_cent(data, part, cell, was, tmp_path / "changed.xlsx")
    more = float(Decimal(was) + Decimal("0.01"))
    of_model = model.computed({(sheet, cell): more})
    assert set(checks(of_model)) != {"OK"}
    assert books.differences(plain(of_model), plain(books.recalculated(path))) == {}


def changed_by_a_cent(data: bytes, part: str, cell: str, was: str, path: Path) -> Path:
    """Write the file with one number in it a cent higher."""
    content = books.parts(data)
    now = f"{Decimal(was) + Decimal('0.01'):.2f}"
    changed = re.sub(
        rf'(<c r="{cell}"[^>]*><v>){re.escape(was)}</v>'.encode(),
        rb"\g<1>" + now.encode() + b"</v>", content[part], count=1,
    )  # fmt: skip
    assert changed != content[part]
    return books.repacked(content | {part: changed}, path)


Edit = tuple[str, str, int, Any]
"""Sheet, heading, row of the data from 0, and the new value, or how the old one changes."""


def exchanged(sheet: str, *headings: str, rows: tuple[int, int] = (0, 1)) -> list[Edit]:
    """Return the edits that exchange cells of two rows."""
    one, other = rows
    return [
        (sheet, heading, to, Was(came))
        for heading in headings
        for to, came in ((one, other), (other, one))
    ]


class Was(int):
    """The value that a row of the same column had before."""


def plus(amount: float) -> Any:
    return lambda value: value + amount


EDITS: dict[str, list[Edit]] = {
    "awards exchanged": exchanged("Awards", "Awarded"),
    "requests exchanged": exchanged("Proposals", "Requested"),
    "totals shifted": [("Budgets", "Total", 0, plus(1000)), ("Budgets", "Total", 1, plus(-1000))],
    "charged": [("Budgets", "Charged", 0, lambda value: value / 2)],
    "quantity and duration": [
        ("Budgets", "Quantity", 0, plus(1)), ("Budgets", "Duration", 0, plus(-1)),
    ],
    "scores shifted": [("Scores", "Weighted", 0, plus(-5)), ("Scores", "Weighted", 1, plus(5))],
    "reviews exchanged": exchanged(
        "Scores", "Criterion 1", "Criterion 2", "Criterion 3", "Criterion 4", "Weighted",
        rows=(0, 11),
    ),
    "marks exchanged": exchanged("Justifications", "Mark", rows=(0, 47)),
    "ranks exchanged": exchanged("Ranking", "Rank", rows=(0, 3)),
    "interval": [("Ranking", "Rank from", 0, plus(3))],
    "means exchanged": exchanged("Ranking", "Raw mean"),
    "outcome": [("Ranking", "Outcome", 3, "award")],
    "outcome of both": [("Ranking", "Outcome", 3, "award"), ("Proposals", "Outcome", 3, "award")],
    "number of reviews": [("Ranking", "Reviews", 0, plus(-1))],
    "votes": [("Decisions", "For", 0, 0), ("Decisions", "Against", 0, 3)],
    "weight": [("Criteria", "Weight", 0, plus(0.1))],
    "scale": [("Criteria", "Highest", 0, plus(1))],
    "best end": [("Criteria", "Best end", 0, "low")],
    "declared": [("Declared", "Percent", 0, plus(-10))],
    "amount decided": [("Decisions", "Amount", 0, plus(1))],
}  # fmt: skip
"""What somebody might change in a dossier so that most sums stay as they were."""


def edited(book: Any, edits: list[Edit]) -> books.Values:
    """Return the values that cells of an opened file have after the edits."""
    changed: books.Values = {}
    for sheet, heading, row, change in edits:
        headings = [cell.value for cell in book[sheet][1]]
        column = headings.index(heading) + 1
        values = [
            book[sheet].cell(line, column).value for line in range(2, book[sheet].max_row + 1)
        ]
        new = values[change] if isinstance(change, Was) else change
        new = new(values[row]) if callable(new) else new
        assert new != values[row], (sheet, heading)
        changed[sheet, book[sheet].cell(row + 2, column).coordinate] = new
    return changed


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_what_leaves_the_sums_as_they_were_turns_a_control(story: Story, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    data = rendered(story.database, told_call(story.database))
    book, model = load_workbook(BytesIO(data)), books.Model(saved(data, tmp_path))
    unseen = [
        name
        for name, edits in EDITS.items()
        if set(checks(model.computed(edited(book, edits)))) == {"OK"}
    ]
    assert unseen == []
    assert set(checks(model.computed())) == {"OK"}


@pytest.mark.sqlite_only
def test_headings_hashes_and_anchors_stand_in_one_line(case: Case) -> None:
    from openpyxl import load_workbook

    book = load_workbook(BytesIO(rendered(case.world.database, case.call_id)))
    for sheet in book:
        if sheet.title in ("Cover", "Controls", "How to read this"):
            continue
        for cell in sheet[1]:
            assert sheet.column_dimensions[cell.column_letter].width >= len(str(cell.value)) + 2
        if len(sheet[1]) > 8:
            assert sheet.freeze_panes is not None
            assert sheet.freeze_panes[0] > "A"
    hashes = {str(cell.value): cell.column_letter for row in book["Cover"] for cell in row}
    found = [column for value, column in hashes.items() if re.fullmatch("[0-9a-f]{64}", value)]
    assert len(found) == 2
    assert all(book["Cover"].column_dimensions[column].width > 64 for column in found)
    anchors = [row["Anchors"] for row in table(books_bytes(book), "Criteria")]
    assert not [one for one in anchors if one and "\n" in one]


def books_bytes(book: Any) -> bytes:
    held = BytesIO()
    book.save(held)
    return held.getvalue()


@pytest.mark.sqlite_only
def test_no_judge_is_named_anywhere(case: Case) -> None:
    whole = {
        name: part.decode(errors="replace")
        for data in (
            rendered(case.world.database, case.call_id),
            rendered(case.world.database, case.call_id, case.scene.proposals[3].id),
        )
        for name, part in books.parts(data).items()
    }
    assert not [name for name, part in whole.items() if CANARY.search(part)]
    assert not [name for name, part in whole.items() if "zelie" in part.casefold()]
    assert sum(part.count("[name] said so") for part in whole.values()) >= 4
    ids = [str(one.actor.person_id) for one in case.scene.reviewers] + case.scene.reviewer_ids
    assert not [one for one in ids if any(one in part for part in whole.values())]


def test_labels_of_roles_leave_ordinary_words() -> None:
    """The demonstration's judges are called "Board member 1": no text loses its "board" by that."""
    nameless = Nameless(["Board member 1", "Reviewer 2", "Zélie Qzxname"])
    kept = "Board of trustees: each member of the board and every Reviewer met."
    assert nameless(kept) == kept
    assert nameless("board member 1, Reviewer 2 and Qzxname") == "[name], [name] and [name]"
    assert nameless("Board member 12 and Reviewer 20") == "Board member 12 and Reviewer 20"


@pytest.mark.sqlite_only
def test_what_the_ranking_stood_on_stands_when_a_review_goes(case: Case, tmp_path: Path) -> None:
    """The dossier shows what the board had: a review set aside since is told so, and counts."""
    with case.scene.writing() as db:
        proposal = db.get_one(Proposal, case.scene.proposals[0].id)
    found = case.scene.officer.get(f"/v1/reviews?proposal_id={proposal.id}&status=submitted").json()
    before = checks(books.cached(saved(rendered(case.world.database, case.call_id), tmp_path)))
    assert set(before) == {"OK"}
    review = found["items"][0]["id"]
    case.officer(f"/v1/reviews/{review}/set_aside", reason="Found out late.")
    path = saved(rendered(case.world.database, case.call_id), tmp_path)
    after = books.recalculated(path)
    assert set(checks(after)) == {"OK"}
    assert books.differences(plain(books.cached(path)), plain(after)) == {}


def test_who_may_read_it(case: Case) -> None:
    world, party = case.world, case.scene.parties[0]
    place = f"/v1/calls/{case.call_id}/dossier"
    of_one = f"/v1/proposals/{case.scene.proposals[0].id}/dossier"
    with case.scene.writing() as db:
        other = a_fund(db).id
    outside = {
        Role.DONOR: world.as_role(Role.DONOR, party_id=party.id),
        Role.GRANTEE: world.as_role(Role.GRANTEE, party_id=party.id),
        Role.REVIEWER: case.scene.reviewers[3],
    }
    for role, caller in outside.items():
        for path in (place, of_one):
            assert caller.get(path).status_code in (403, 404), role
    assert world.anonymous().get(place).status_code == 401
    stranger = world.as_role(Role.GRANT_OFFICER, fund_id=other)
    missing = f"/v1/calls/{uuid7()}/dossier"
    assert [stranger.get(path).status_code for path in (place, of_one, missing)] == [404] * 3
    own = world.as_role(Role.GRANT_OFFICER, fund_id=case.scene.fund_id)
    for path, name in ((place, "dossier-CAL"), (of_one, "dossier-PRP")):
        answer = own.get(path)
        assert answer.status_code == 200, answer.text
        assert name in answer.headers["content-disposition"]


@pytest.mark.sqlite_only
def test_an_applicant_at_risk_is_told_to_no_board_by_its_title_or_its_own_words(case: Case) -> None:
    one, party = case.scene.proposals[0], case.scene.parties[0]
    places = (f"/v1/calls/{case.call_id}/dossier", f"/v1/proposals/{one.id}/dossier")
    secrets = (b"Nyumba house", b"Nyumba network", b"Nyumba repairs")
    with case.scene.writing() as db:
        db.get_one(Proposal, one.id).title = "Nyumba house"
        db.get_one(Party, party.id).name = "Nyumba network"
    board = case.world.as_role(Role.BOARD_MEMBER)
    assert all(word in parts(board.get(places[1])) for word in secrets)
    with case.scene.writing() as db:
        found = db.get_one(Party, party.id)
        found.is_at_risk, found.public_label = True, "An organisation"
    for place in places:
        told = parts(board.get(place))
        assert b"Withheld for safety" in told
        assert not any(word in told for word in secrets[:2])
    assert secrets[2] not in parts(board.get(places[1]))
    assert all(word in parts(case.scene.officer.get(places[1])) for word in secrets)


def parts(answer: Any) -> bytes:
    """Return all that a workbook says, and its headers."""
    assert answer.status_code == 200, answer.text
    with ZipFile(BytesIO(answer.content)) as packed:
        return b"".join(map(packed.read, packed.namelist())) + str(answer.headers).encode()


@pytest.mark.sqlite_only
def test_an_officer_in_conflict_reads_nothing_of_that_proposal(case: Case, tmp_path: Path) -> None:
    officer = case.world.as_role(Role.GRANT_OFFICER)
    place = f"/v1/calls/{case.call_id}/dossier"
    of_one = f"/v1/proposals/{case.scene.proposals[1].id}/dossier"
    assert officer.get(of_one).status_code == 200
    with case.scene.writing() as db:
        db.add(
            Conflict(
                id=uuid7(), person_id=officer.actor.person_id, party_id=case.scene.parties[1].id,
                kind="family", declared_by_id=officer.actor.person_id, declared_at=clock.now(),
            )
        )  # fmt: skip
    assert officer.get(of_one).status_code == 404
    code = case.scene.proposals[1].code
    data = officer.get(place).content
    assert not [name for name, part in books.parts(data).items() if code.encode() in part]
    assert table(data, "Consensus") == []
    assert set(checks(books.cached(saved(data, tmp_path)))) == {"OK"}


def test_an_officer_with_a_review_to_write_reads_no_dossier(world: World) -> None:
    """Who reads what others judged before judging would not judge alone."""
    scene = Scene(world, proposals=2, reviewers=0)
    place = f"/v1/calls/{scene.call_id}/dossier"
    officer = world.as_role(Role.GRANT_OFFICER)
    assert officer.get(place).status_code == 200
    with scene.writing() as db:
        db.add(
            Membership(
                id=uuid7(), person_id=officer.actor.person_id, role=Role.REVIEWER.value,
                valid_from=clock.now() - timedelta(days=1), created_at=clock.now(),
            )
        )  # fmt: skip
    scene.reviewer_ids.append(scene.enrol(officer))
    assert scene.assign(1, 0).status_code == 201
    assert officer.get(place).status_code == 404
    assert officer.get(f"/v1/proposals/{scene.proposals[0].id}/dossier").status_code == 404


HALVES = (
    # marks in hundredths whose weighted score or mean is an exact half of a hundredth
    ((3_333, 100, 500, "high"), (6_667, 0, 1_000, "low")),
    ((5_000, 0, 800, "high"), (5_000, 0, 800, "low")),
    ((2_500, 0, 3_200, "low"), (7_500, 100, 500, "high")),
)


@pytest.mark.parametrize("terms", HALVES)
def test_the_formula_rounds_halves_as_the_books_do(
    terms: tuple[tuple[int, int, int, str], ...], tmp_path: Path
) -> None:
    """Every mark on a grid, by the formula as a spreadsheet computes it and by exact fractions."""
    from openpyxl import Workbook
    from openpyxl.workbook.defined_name import DefinedName

    criteria = [
        CallCriterion(
            id=uuid7(), number=number, weight_bp=weight, scale_min=least, scale_max=most, best=best
        )
        for number, (weight, least, most, best) in enumerate(terms, 1)
    ]
    pure = [
        Criterion(str(number), weight, least, most, 1, "low" if best == "low" else "high")
        for number, (weight, least, most, best) in enumerate(terms, 1)
    ]
    book, expected = Workbook(), {}
    sheet = book.active
    assert sheet is not None
    sheet.title = "Scores"
    terms_sheet, (part, common) = book.create_sheet("Criteria"), scale(criteria)
    for one in criteria:
        terms_sheet.append([units_of(one, part), worst_of(one), factor_of(one, part, common)])
    for letter, key in zip("ABC", ("units", "worst", "factor"), strict=True):
        name, last = f"criteria_{key}", len(criteria)
        place = f"Criteria!${letter}$1:${letter}${last}"
        book.defined_names[name] = DefinedName(name, attr_text=place)
    formula = weighted_formula(criteria)
    for row in range(2, 61, 2):
        given = [
            None if (row + number) % 13 == 0 else least + (row * 37 * number) % (most - least + 1)
            for number, (_, least, most, _) in enumerate(terms, 1)
        ]
        for column, mark in zip("AB", given, strict=True):
            sheet[f"{column}{row}"] = None if mark is None else mark / 100
        sheet[f"C{row}"] = "=" + formula.replace("{c1}", f"A{row}").replace("{c2}", f"B{row}")
        marks = [Mark(str(number), mark) for number, mark in enumerate(given, 1)]
        exact = weighted_score(pure, marks).hundredths
        expected["Scores", f"C{row}"] = (exact or 0) / 100
        by_id = {one.id: mark for one, mark in zip(criteria, given, strict=True)}
        assert weighted_of(criteria, by_id) == exact
    path = tmp_path / "halves.xlsx"
    book.save(path)
    found = books.recalculated(path)
    assert books.differences(expected, found) == {}


def test_both_databases_write_the_same_bytes(
    both_database_urls: dict[str, str], all_stages: dict[str, Stages]
) -> None:
    """The story is told on one and its rows are copied to the other."""
    with all_stages["sqlite"].of(the_story).fresh() as told:
        first, second = (
            Database(Settings(database_url=url, log_level="error"))
            for url in (told, both_database_urls["postgresql"])
        )
        try:
            copy(first, second)
            call_id = told_call(first)
            made = [rendered(one, call_id) for one in (first, second)]
            assert books.parts(made[0]) == books.parts(made[1])
            assert made[0] == made[1]
        finally:
            first.close()
            second.close()


def copy(source: Database, target: Database) -> None:
    """Copy every row of one database to another with the same tables."""
    with source.read() as old, target.write() as new:
        for one in Base.metadata.sorted_tables:
            rows = [dict(row) for row in old.execute(select(one)).mappings()]
            if one.name == "audit_head":
                new.execute(update(one).values({k: v for k, v in rows[0].items() if k != "id"}))
            elif rows:
                new.execute(insert(one), rows)


@contextmanager
def exported(database: Database) -> Iterator[list[str]]:
    """Count the statements of an export."""
    with counted(database) as seen:
        yield seen


def test_six_proposals_take_as_many_queries_as_two(world: World) -> None:
    counts = []
    for proposals in (2, 6):
        scene = Scene(world, proposals=proposals, reviewers=2)
        for number in range(proposals):
            for reviewer in (0, 1):
                scene.assign(number, reviewer)
        for caller in scene.reviewers:
            accept_all(caller)
        place = f"/v1/calls/{scene.call_id}/dossier"
        with exported(world.database) as seen:
            answer = scene.officer.get(place)
        assert answer.status_code == 200
        assert len(table(answer.content, "Scores")) == 2 * proposals
        counts.append(len(seen))
    assert counts[0] == counts[1]


def accept_all(reviewer: Caller) -> None:
    """Accept and review everything that a reviewer was invited to."""
    for one in reviewer.get("/v1/assignments?limit=100").json()["items"]:
        place = f"/v1/assignments/{one['id']}"
        assert reviewer.post(f"{place}/accept").status_code == 200
        assert submit(reviewer, place, draft("3", "2", "5")).status_code == 200
