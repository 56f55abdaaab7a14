"""The decisions: per proposal its eligibility, its rank, what boards made of it, and the grant."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.calls.models import Call
from fundops.decisions.models import BoardMember
from fundops.exports.audit_book import process
from fundops.exports.audit_book.awards import grants
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import summed
from fundops.exports.audit_book.registers import BOARD_ITEMS, BOARDS, PROPOSALS, RECUSALS, VOTES
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.audit_book.words import not_recorded
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Flag, Instant, Integer, Money, Text
from fundops.exports.workbook import Control
from fundops.messages import text
from fundops.reviews.models import Ranking
from fundops.tracing.known import Known

POINTS = Money(exponent=2)
"""Points: whole hundredths, shown as decimals."""
DECIDED = ("carried", "carried_out")
SAID = ("for", "against", "abstain")


def decision_rows(book: Book) -> Iterator[Row]:
    """Yield a row for each proposal and each board that it was put to by the day.

    Then a row for each grant that came of no proposal: how it was decided is not recorded.
    """
    calls = book.codes(Call)
    checked, put, made = process.eligibility(book), _put(book), _grants(book)
    words = process.Words(book)
    rows = process.proposals(book)
    for one in sorted(rows, key=lambda each: (calls[each.call_id], each.code)):
        hidden = book.is_hidden(one.party_id, one.country)
        verdict = checked.get(one.id)
        head = (one.code, calls[one.call_id], book.party_code(one.party_id),
                book.party(one.party_id))  # fmt: skip
        decided = (
            verdict.verdict, verdict.is_override, book.person(verdict.decided_by_id),
            verdict.decided_at, words(verdict.reason, hidden=hidden),
        ) if verdict is not None else (None,) * 5  # fmt: skip
        grant = made.get(one.id)
        for place, item in enumerate(put.items.get(one.id, [None])):
            requested = one.requested_minor if place == 0 else None
            yield (*head, requested, one.submitted_at, *decided,
                   *_decision(book, put, item, words, hidden=hidden),
                   grant if place == 0 else None)  # fmt: skip
    yield from _without_process(book, calls)


def _without_process(book: Book, calls: dict[Any, str]) -> Iterator[Row]:
    """Yield the grants that came of no proposal, such as those of imported history."""
    unknown = not_recorded(book)
    found = [grant for grant in grants(book) if grant.proposal_id is None]
    for grant in sorted(found, key=lambda each: (calls.get(each.call_id, ""), each.code)):
        yield (
            unknown, calls.get(grant.call_id), book.party_code(grant.grantee_id),
            book.party(grant.grantee_id), None, None, unknown, None, unknown, None, unknown,
            unknown, None, unknown, None, unknown, unknown, None, None, None, None, None, None,
            unknown, None, unknown, None, None, None, None, unknown, grant.code,
        )  # fmt: skip


@dataclass
class _Put:
    """What was put to boards by the day: items by proposal, and what stands beside them."""

    items: dict[UUID, list[Any]]
    boards: dict[UUID, Any]
    places: dict[UUID, dict[UUID, tuple[str, int | None]]]
    votes: dict[UUID, Counter[str]]
    recused: Counter[UUID]


def _put(book: Book) -> _Put:
    boards = {one.id: one for one in BOARDS.known(book) if book.by_then(one.opened_at)}
    items: dict[UUID, list[Any]] = defaultdict(list)
    known = [one for one in BOARD_ITEMS.known(book) if one.board_id in boards]
    for one in sorted(known, key=lambda each: (boards[each.board_id].opened_at, each.number)):
        items[one.proposal_id].append(one)
    recusals = [one for one in RECUSALS.known(book) if book.by_then(one.declared_at)]
    recused = {(one.item_id, one.person_id) for one in recusals}
    votes = _votes(book, {one.id: one.board_id for one in known}, recused)
    counts = Counter(one.item_id for one in recusals)
    return _Put(dict(items), boards, _places(book, boards), votes, counts)


def _votes(
    book: Book, board_of: dict[UUID, UUID], recused: set[tuple[UUID, UUID]]
) -> dict[UUID, Counter[str]]:
    """Return the votes on each item that count: of members who are not recused."""
    boards = BoardMember.board_id.in_(set(board_of.values()))
    known = book.known("board_member", BoardMember, boards)
    members = {(one.board_id, one.person_id) for one in known}
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    for one in VOTES.known(book):
        is_member = (board_of.get(one.item_id), one.person_id) in members
        if is_member and (one.item_id, one.person_id) not in recused:
            found[one.item_id][one.vote] += 1
    return found


def _places(book: Book, boards: dict[UUID, Any]) -> dict[UUID, dict[UUID, tuple[str, int | None]]]:
    """Return the frozen rankings that boards had: per ranking and proposal rank and score."""
    wanted = {one.ranking_id for one in boards.values() if one.ranking_id is not None}
    query = select(Ranking.id, Ranking.parameters, Ranking.result).where(Ranking.id.in_(wanted))
    return {
        row.id: {
            UUID(one["proposal_id"]): (
                f"={one['rank']}" if one["is_tied"] else str(one["rank"]),
                _ordering(one, json.loads(row.parameters)["order"]),
            )
            for one in json.loads(row.result)["rows"]
        }
        for row in book.db.execute(query)
    }


def _ordering(place: dict[str, Any], order: str) -> int | None:
    """Return the score that orders a place of a ranking, hundredths of a point."""
    score: int | None = place["adjusted"] if order == "adjusted" else place["raw"]
    if order == "agreed" and score is not None and place["agreed"] is not None:
        score = place["agreed"]
    return score


def _decision(
    book: Book, put: _Put, item: Any, words: process.Words, *, hidden: bool
) -> tuple[Any, ...]:
    """Return what one board made of a proposal by the day; nothing where none was asked."""
    if item is None:
        return (None,) * 20
    board = put.boards[item.board_id]
    rank, score = put.places.get(board.ranking_id, {}).get(item.proposal_id, (None, None))
    is_closed = book.by_then(board.closed_at)
    votes = put.votes.get(item.id, Counter())
    first = book.by_then(board.first_confirmed_at)
    second = book.by_then(board.second_confirmed_at)
    promoted = book.by_then(item.promotion_confirmed_at)
    return (
        rank, score, board.code, item.number, item.outcome,
        text(f"audit_book.decisions.state.{_state(book, board, item)}", book.language),
        item.place, item.amount_minor,
        *(votes[one] if is_closed else None for one in SAID), put.recused[item.id],
        book.person(board.first_confirmed_by_id) if first else None,
        board.first_confirmed_at if first else None,
        book.person(board.second_confirmed_by_id) if second else None,
        board.second_confirmed_at if second else None,
        book.person(item.promotion_asked_by_id) if promoted else None,
        book.person(item.promotion_confirmed_by_id) if promoted else None,
        item.promotion_confirmed_at if promoted else None, words(item.reason, hidden=hidden),
    )  # fmt: skip


def _state(book: Book, board: Any, item: Any) -> str:
    """Return how far a decision had come by the end of the day."""
    if not book.by_then(board.closed_at):
        return "proposed"
    if item.status not in DECIDED:
        return "not_carried"
    return str(item.status) if book.by_then(board.second_confirmed_at) else "carried"


def _grants(book: Book) -> dict[UUID, str]:
    """Return the codes of the grants that came of proposals, by proposal."""
    return {one.proposal_id: one.code for one in grants(book) if one.proposal_id is not None}


def decision_controls(book: Book) -> Iterator[Control]:
    """Yield: what was asked and decided by the audit chain, and scores by the rankings."""
    came = process.submitted(book, PROPOSALS.told(book))
    requested = summed(came, "requested_minor")
    yield control(book, "decisions_requested", total("decisions", "requested"), requested)
    rankings = _rankings_told(book)
    items = [one for one in BOARD_ITEMS.told(book) if one.board_id in rankings]
    decided = summed(items, "amount_minor")
    yield control(book, "decisions_amount", total("decisions", "amount"), decided)
    scores = _scores_told(book, items, rankings)
    yield control(book, "decisions_score", total("decisions", "score"), scores, POINTS)
    without = sum(1 for one in grants(book) if one.proposal_id is None)
    put = {one.proposal_id for one in items}
    unasked = sum(1 for one in came if one.id not in put)
    rows = len(items) + unasked + without
    yield counted(book, "decisions", count("decisions"), rows)


def _rankings_told(book: Book) -> dict[UUID, UUID | None]:
    """Return the boards opened by the day with the ranking of each, as the audit chain tells."""
    return {one.id: one.ranking_id for one in BOARDS.told(book) if book.by_then(one.opened_at)}


def _scores_told(book: Book, items: list[Known], rankings: dict[UUID, UUID | None]) -> int:
    """Return what the scores of items come to, ranking by ranking."""
    asked: dict[UUID | None, list[str]] = defaultdict(list)
    for one in items:
        asked[rankings[one.board_id]].append(str(one.proposal_id))
    found = 0
    query = select(Ranking.id, Ranking.parameters, Ranking.result)
    for row in book.db.execute(query.where(Ranking.call_id.in_(book.calls))):
        wanted = Counter(asked.get(row.id, ()))
        order = json.loads(row.parameters)["order"]
        for place in json.loads(row.result)["rows"]:
            found += wanted[place["proposal_id"]] * (_ordering(place, order) or 0)
    return found


DECISIONS = Section(
    "decisions",
    (
        ("proposal", Code(), 24), ("call", Code(), 24), ("applicant_code", Code(), 18),
        ("applicant", Text(), 34), ("requested", Money(), 18), ("submitted_at", Instant(), 20),
        ("eligibility", Code(), 14), ("override", Flag(), 10), ("eligibility_by", Code(), 18),
        ("eligibility_at", Instant(), 20), ("eligibility_reason", Text(), 40),
        ("rank", Code(), 14), ("score", POINTS, 10), ("board", Code(), 20),
        ("item", Integer(), 7), ("outcome", Code(), 14), ("state", Code(), 14),
        ("place", Integer(), 8), ("amount", Money(), 18), ("votes_for", Integer(), 8),
        ("votes_against", Integer(), 9), ("abstained", Integer(), 10),
        ("recused", Integer(), 9), ("first_by", Code(), 18), ("first_at", Instant(), 20),
        ("second_by", Code(), 18), ("second_at", Instant(), 20),
        ("promotion_asked_by", Code(), 18), ("promotion_by", Code(), 18),
        ("promotion_at", Instant(), 20), ("reason", Text(), 44), ("grant", Code(), 26),
    ),
    decision_rows,
    totals=("requested", "amount"),
    controls=decision_controls,
)  # fmt: skip
