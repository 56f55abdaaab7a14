"""The chapter of the call: proposals, blind reviews, a ranking, a board, awards and a reserve list.

It lasts some weeks, so the clock of the program is set to when each step is taken, the last of
them yesterday. Every step goes through the services that the API uses, as different persons.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from fundops import clock
from fundops.authz import Role
from fundops.calls import service as calls
from fundops.calls import term_service
from fundops.calls.models import Call
from fundops.calls.schemas import CallIn
from fundops.calls.term_schemas import CallCriteriaIn, CallDocumentsIn, CallRulesIn
from fundops.decisions import boards, confirming, voting
from fundops.decisions.models import Board, BoardItem
from fundops.decisions.schemas import BoardIn, CloseBoardIn, ConfirmIn, ItemIn, VoteIn
from fundops.demo.people import Player, a_player
from fundops.ledger.models import Fund
from fundops.parties import profiles
from fundops.parties import service as parties
from fundops.parties.models import Party
from fundops.parties.profile_schemas import ProfileIn
from fundops.parties.schemas import PartyIn
from fundops.proposals import drafts, eligibility_service, submission, versions
from fundops.proposals.models import Proposal
from fundops.proposals.receipts import Signs
from fundops.proposals.schemas import EligibilityIn, ProposalIn, SubmissionIn
from fundops.reviews import assignments, planning, pool, rankings
from fundops.reviews import service as reviews
from fundops.reviews.models import Assignment, Ranking, Reviewer
from fundops.reviews.review_schemas import ReviewDraftIn
from fundops.reviews.schemas import AssignIn, ReviewerIn
from fundops.vault import Vault

if TYPE_CHECKING:
    from fundops.demo.stage import Story

LASTS = timedelta(days=60)
"""How long the chapter takes."""

CRITERIA: tuple[tuple[str, str, int | None, str], ...] = (
    ("Need", "Who is helped, and how well the need is known.", None, "30"),
    ("Approach", "Whether the work is likely to do what it says.", None, "30"),
    ("Value", "Whether the budget buys what it should.", None, "20"),
    ("Survivors' safety", "Rescue and protection of victims.", 4, "20"),
)
ANCHORS = (("1", "Not shown"), ("3", "Shown in part"), ("5", "Shown convincingly"))

APPLICANTS: tuple[tuple[str, str, str, int, tuple[int, int], str], ...] = (
    # key, title, country, monthly cost, shares of objectives 2 and 4, what is offered
    ("shelter", "A fourth port: night shelter and counselling", "PH", 1500, (20, 80),
     "Night shelter with two counsellors beside the fish market."),
    ("legal", "Paralegals on the road to the border", "NP", 1300, (50, 50),
     "Paralegals of the villages meet those who leave and those who come back."),
    ("watch", "Skippers against forced labour", "PH", 1100, (70, 30),
     "Skippers learn to recognise and report forced labour on vessels."),
    ("sisters", "Sisters on the line", "NP", 900, (40, 60),
     "Women who came back answer a telephone line in four languages."),
)  # fmt: skip
MARKS: dict[str, tuple[tuple[str, ...], ...]] = {
    # For each applicant, each reviewer's scores on the four criteria.
    "shelter": (("5", "4", "4", "5"), ("4", "4", "5", "5"), ("5", "5", "4", "4")),
    "legal": (("4", "4", "3", "4"), ("3", "4", "4", "3"), ("4", "3", "4", "4")),
    "watch": (("3", "3", "4", "2"), ("4", "3", "3", "3"), ("3", "4", "3", "2")),
    "sisters": (("3", "2", "3", "3"), ("2", "3", "2", "3"), ("2", "2", "3", "3")),
}
OUTCOMES: tuple[tuple[str, str, str], ...] = (
    ("shelter", "award", "First of the list, and needed now that the port has no shelter."),
    ("legal", "award", "Second of the list; strengthens what the fund supports already."),
    ("watch", "reserve", "Sound, but the envelope is used up; first on the reserve list."),
    ("sisters", "reject", "The line has no trained staff yet; the applicant may come again."),
)


@contextmanager
def set_back(by: timedelta) -> Iterator[datetime]:
    """Open a block in which the clock begins ``by`` ago; its value is that instant."""
    begins = clock.now() - by
    clock.set_clock(lambda: begins)
    try:
        yield begins
    finally:
        clock.set_clock(None)


class _Chapter:
    """What the chapter has made so far."""

    def __init__(self, story: Story, signer: Signs, keys: Vault, begins: datetime) -> None:
        self.story, self.signer, self.keys, self.begins = story, signer, keys, begins
        self.proposals: dict[str, UUID] = {}
        self.reviewers: list[Player] = []
        self.members: list[Player] = []
        self.applicants: dict[str, Player] = {}
        self.call_id: UUID | None = None

    def day(self, number: float) -> None:
        """Set the clock to so many days after the beginning."""
        instant = self.begins + timedelta(days=number)
        clock.set_clock(lambda: instant)

    def call(self, db: Any) -> Call:
        """Return the call, fresh."""
        found: Call = db.get_one(Call, self.call_id)
        return found


def tell_call(story: Story, signer: Signs, keys: Vault, begins: datetime) -> None:
    """Tell the chapter; the clock stands at ``begins`` and is the caller's to set free."""
    chapter = _Chapter(story, signer, keys, begins)
    for part in (_people, _publish, _apply, _check, _review, _decide):
        part(chapter)


def _people(chapter: _Chapter) -> None:
    story = chapter.story
    with story.step() as db:
        for key, name, country in (
            ("watch", "Harbour Watch Network", "PH"),
            ("sisters", "Sisters of the Valley", "NP"),
        ):
            given = PartyIn.model_validate(
                {"kind": "civil_society", "name": name, "country": country}
            )
            story.parties[key] = parties.create_party(db, story.officer, given)
        for key in ("legal", "watch", "sisters"):
            title = f"Officer of {key}"
            chapter.applicants[key] = a_player(db, Role.GRANTEE, title, story.parties[key].id)
        chapter.applicants["shelter"] = story.players[Role.GRANTEE]
        for number in (1, 2, 3):
            chapter.reviewers.append(a_player(db, Role.REVIEWER, f"Reviewer {number}"))
            chapter.members.append(a_player(db, Role.BOARD_MEMBER, f"Board member {number}"))
        story.players[Role.REVIEWER] = chapter.reviewers[0]
        story.players[Role.BOARD_MEMBER] = chapter.members[0]
        for key, player in chapter.applicants.items():
            party = db.get_one(Party, story.parties[key].id)
            profile = ProfileIn.model_validate(
                {"registered_on": "2016-04-01", "registration_country": party.country,
                 "assisting_since_on": "2017-01-01", "has_own_account": True,
                 "has_safeguarding_policy": True, "works_directly": True,
                 "annual_budget": {"amount": "120000.00", "currency": "USD"},
                 "annual_budget_year": 2025}
            )  # fmt: skip
            profiles.save(db, player.actor, party, None, profile)
        for player in chapter.reviewers:
            reviewer = ReviewerIn.model_validate(
                {"person_id": player.actor.person_id, "languages": ["en"], "regions": ["142"],
                 "objectives": [2, 4], "max_load": 6}
            )  # fmt: skip
            pool.enrol(db, story.officer, reviewer)


def _publish(chapter: _Chapter) -> None:
    story, begins = chapter.story, chapter.begins
    deadline = (begins + timedelta(days=21)).replace(hour=12, minute=0, second=0, microsecond=0)
    given = CallIn.model_validate(
        {"fund_id": story.book.id, "title": "Small grants along the sea and mountain routes",
         "year": begins.year, "funding_window": "Small grants", "modality": "emergency",
         "summary": "Shelter, legal help and prevention by grassroots organisations.",
         "zone": "Asia/Manila", "deadline_at": deadline.isoformat(), "grace_minutes": 30,
         "envelope": {"amount": "35000.00", "currency": "USD"},
         "floor": {"amount": "5000.00", "currency": "USD"},
         "ceiling": {"amount": "20000.00", "currency": "USD"},
         "min_months": 6, "max_months": 12, "objectives": [2, 4], "languages": ["en"],
         "reviews_per_proposal": 3, "divergence_threshold": "25", "is_blind": True,
         "limits": [{"dimension": "country", "max_share": "0.7"}]}
    )  # fmt: skip
    criteria = [
        {"kind": "objective" if objective else "criterion", "objective": objective,
         "title": title, "description": description, "weight": weight, "scale_min": "1",
         "scale_max": "5", "anchors": [{"score": s, "text": t} for s, t in ANCHORS]}
        for title, description, objective, weight in CRITERIA
    ]  # fmt: skip
    rules = [
        {"kind": "party_kind", "kinds": ["civil_society"]},
        {"kind": "registration_age", "min_months": 12},
        {"kind": "own_account"},
        {"kind": "safeguarding_policy"},
    ]
    with story.step() as db:
        fund = db.get_one(Fund, story.book.id)
        call = calls.create_call(db, story.officer, fund, given)
        chapter.call_id, chapter.story.call = call.id, call
        term_service.set_criteria(
            db, story.officer, call, CallCriteriaIn.model_validate({"criteria": criteria})
        )
        term_service.set_rules(
            db, story.officer, call, CallRulesIn.model_validate({"rules": rules})
        )
        term_service.set_documents(
            db, story.officer, call, CallDocumentsIn.model_validate({"documents": []})
        )
        calls.take_step(db, story.officer, call, "open")


def _content(key: str, starts_on: date) -> dict[str, Any]:
    _, title, country, monthly, (second, fourth), offer = next(a for a in APPLICANTS if a[0] == key)
    months = 10
    ends_on = starts_on + timedelta(days=304)
    return {
        "title": title, "language": "en", "summary": offer, "country": country, "regions": [],
        "places": [], "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat(),
        "shares": [{"objective": 2, "percent": second}, {"objective": 4, "percent": fourth}],
        "codes": {"theme": ["action"], "p": ["prevention", "protection"]},
        "budget": [
            {"category": "A", "description": "Staff who do the work", "unit": "month",
             "quantity": 1, "unit_cost": f"{monthly}.00", "duration": months,
             "share_charged": 100, "objective": 4},
            {"category": "G", "description": "Rent, telephone and transport", "unit": "month",
             "quantity": 1, "unit_cost": "250.00", "duration": months, "share_charged": 80,
             "objective": 2},
        ],
        "results": [{"indicator": "4.4", "baseline": 0, "target": 60, "note": None}],
        "cofunding": [],
        "answers": {
            "need": "Those who are freed have nowhere to go in the first weeks.",
            "approach": offer, "sustainability": "The town has promised the rent afterwards.",
            "risks": "Traffickers may watch the place; its address is told to nobody.",
            "safeguarding": "A policy, a focal point, and two adults present at all times.",
        },
    }  # fmt: skip


def _apply(chapter: _Chapter) -> None:
    story = chapter.story
    starts_on = (chapter.begins + LASTS + timedelta(days=45)).date().replace(day=1)
    for number, (key, title, *_) in enumerate(APPLICANTS):
        chapter.day(10 + 2 * number)
        player = chapter.applicants[key]
        with story.step() as db:
            given = ProposalIn.model_validate(
                {"call_id": chapter.call_id, "party_id": story.parties[key].id,
                 "language": "en", "title": title}
            )  # fmt: skip
            proposal = drafts.create(db, player.actor, given, clock.now(), chapter.keys)
            chapter.proposals[key] = proposal.id
            drafts.save(db, player.actor, proposal, _content(key, starts_on))
        with story.step() as db:
            proposal = db.get_one(Proposal, chapter.proposals[key])
            number_seen = versions.current_draft(db, proposal.id).number
            submission.submit(
                db, player.actor, proposal, SubmissionIn.model_validate({"version": number_seen}),
                at=clock.now(), signer=chapter.signer,
            )  # fmt: skip


def _check(chapter: _Chapter) -> None:
    """Close the call, decide on eligibility, and let reviewers take the proposals on."""
    story = chapter.story
    chapter.day(22)
    with story.step() as db:
        calls.take_step(db, story.officer, chapter.call(db), "close")
    with story.step() as db:
        for proposal_id in chapter.proposals.values():
            given = EligibilityIn.model_validate({"verdict": "eligible"})
            eligibility_service.decide(db, story.officer, db.get_one(Proposal, proposal_id), given)
    chapter.day(24)
    with story.step() as db:
        call, asked = chapter.call(db), AssignIn.model_validate({})
        question = planning.question(db, call, asked)
        planning.carry_out(
            db, story.officer, call, asked, question.digest(), planning.best(question)
        )


def _review(chapter: _Chapter) -> None:
    story = chapter.story
    keys = {proposal_id: key for key, proposal_id in chapter.proposals.items()}
    with story.step() as db:
        rows = db.execute(
            select(Assignment.id, Assignment.proposal_id, Reviewer.person_id)
            .join(Reviewer, Reviewer.id == Assignment.reviewer_id)
            .where(Assignment.call_id == chapter.call_id)
        ).all()
    for number, player in enumerate(chapter.reviewers):
        chapter.day(27 + 2 * number)
        own = [row for row in rows if row.person_id == player.actor.person_id]
        for row in sorted(own, key=lambda one: keys[one.proposal_id]):
            scores = MARKS[keys[row.proposal_id]][number]
            with story.step() as db:
                assignment = db.get_one(Assignment, row.id)
                call = chapter.call(db)
                assignments.accept(db, player.actor, assignment, call)
                draft = reviews.save_draft(db, player.actor, assignment, call, _draft(scores))
                reviews.submit(db, player.actor, assignment, call, draft.number)


def _draft(scores: tuple[str, ...]) -> ReviewDraftIn:
    words = {"1": "not shown", "2": "hardly shown", "3": "shown in part", "4": "mostly shown",
             "5": "shown convincingly"}  # fmt: skip
    marks = [
        {"criterion": number, "score": score,
         "justification": f"{title}: {words[score]} by what the proposal says of it."}
        for number, (score, (title, *_)) in enumerate(zip(scores, CRITERIA, strict=True), 1)
    ]  # fmt: skip
    return ReviewDraftIn.model_validate(
        {"marks": marks, "strengths": "Close to those it is for.",
         "weaknesses": "Says little of what happens after the grant."}
    )  # fmt: skip


def _rank(chapter: _Chapter) -> Ranking:
    story = chapter.story
    with story.step() as db:
        terms = rankings.Terms(seed=2026, draws=1000)
        inputs = rankings.inputs(db, chapter.call(db), include_submitted=False)
        result = rankings.compute(inputs, terms)
        return rankings.keep(db, story.officer, chapter.call(db), terms, inputs.digest(), result)


def _decide(chapter: _Chapter) -> None:
    story = chapter.story
    chapter.day(36)
    ranking = _rank(chapter)
    chapter.day(40)
    with story.step() as db:
        given = BoardIn.model_validate(
            {"call_id": chapter.call_id, "title": "Board of trustees", "mode": "meeting",
             "meets_on": clock.today(story.book.zone), "quorum": 2, "ranking_id": ranking.id,
             "members": [{"person_id": m.actor.person_id, "is_chair": at == 0}
                         for at, m in enumerate(chapter.members)]}
        )  # fmt: skip
        board = boards.create_board(db, story.officer, chapter.call(db), given)
        for key, outcome, reason in OUTCOMES:
            proposal = db.get_one(Proposal, chapter.proposals[key])
            boards.add_item(
                db, story.officer, chapter.call(db), board, _item(proposal, outcome, reason)
            )
        boards.open_board(db, story.officer, chapter.call(db), board)
        board_id = board.id
    _vote_and_confirm(chapter, board_id)


def _item(proposal: Proposal, outcome: str, reason: str) -> ItemIn:
    amount = {"amount": f"{proposal.requested_minor // 100 if proposal.requested_minor else 0}.00",
              "currency": "USD"}  # fmt: skip
    given: dict[str, Any] = {"proposal_id": proposal.id, "outcome": outcome, "reason": reason}
    if outcome != "reject":
        given["amount"] = amount
    if outcome == "reserve":
        given["place"] = 1
    return ItemIn.model_validate(given)


def _vote_and_confirm(chapter: _Chapter, board_id: UUID) -> None:
    story = chapter.story
    with story.step() as db:
        board = db.get_one(Board, board_id)
        items = db.execute(select(BoardItem).where(BoardItem.board_id == board_id)).scalars().all()
        for member in chapter.members:
            for item in items:
                given = VoteIn.model_validate({"vote": "for"})
                voting.vote(db, member.actor, chapter.call(db), board, item, given)
    with story.step() as db:
        minutes = "All three members were present. The list was gone through in its order."
        boards.close_board(
            db, story.officer, chapter.call(db), db.get_one(Board, board_id),
            CloseBoardIn.model_validate({"minutes": minutes}),
        )  # fmt: skip
    for number, actor in enumerate((story.manager, story.approver)):
        chapter.day(41 + number)
        with story.step() as db:
            confirming.confirm(
                db, actor, chapter.call(db), db.get_one(Board, board_id),
                ConfirmIn.model_validate({}),
            )  # fmt: skip
