"""Why awards cannot be funded, in data and in sentences.

Amounts and agreement codes are named to everybody who may award; who the donors are only to those
who may read all agreements, and protected donors by their public label where that is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, money
from fundops.allocation.earmarks import Earmark, GrantFacts, Refusal, RefusalReason, refusal
from fundops.allocation.pool import Pool
from fundops.allocation.position import Bottleneck, Limit, LimitKind, LotFacts, NotFundable
from fundops.authz import Actor, Permission
from fundops.donors.models import Agreement
from fundops.errors import FieldError, Problem
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.labels import shown_name
from fundops.parties.models import Party
from fundops.schemas import money_out

MAX_NAMED = 20
"""Most reasons and names given in one answer."""


class Words:
    """The names that one answer needs, read once: agreements, donors, lots and grants."""

    def __init__(
        self, db: Session, actor: audit.Author, pool: Pool, awards: Mapping[UUID, str]
    ) -> None:
        self.pool = pool
        self.currency = _currency(db, pool.fund_id)
        agreements = {label.agreement_id for label in pool.labels.values()} - {None}
        query = select(Agreement.id, Agreement.code).where(Agreement.id.in_(agreements))
        self._agreements: dict[UUID, str] = {row.id: row.code for row in db.execute(query)}
        self._donors = self._donors_shown(db, actor)
        grants = [g.id for g in pool.position.grants if g.id not in awards]
        codes = select(Grant.id, Grant.code).where(Grant.id.in_(grants))
        self._grants: dict[UUID, str] = dict(awards)
        self._grants.update({row.id: row.code for row in db.execute(codes)})

    def _donors_shown(self, db: Session, actor: audit.Author) -> dict[UUID, str]:
        if not isinstance(actor, Actor) or not actor.allows(Permission.AGREEMENT_READ):
            return {}
        funds = actor.funds(Permission.AGREEMENT_READ)
        limited = actor.parties(Permission.AGREEMENT_READ) is not None
        if limited or (funds is not None and self.pool.fund_id not in funds):
            return {}
        wanted = {label.donor_id for label in self.pool.labels.values()}
        parties = db.execute(select(Party).where(Party.id.in_(wanted))).scalars()
        return {party.id: shown_name(party, actor) for party in parties}

    def agreements(self, lot_ids: Sequence[UUID]) -> list[str]:
        """Return the agreements of lots by code; a lot without one stands for itself."""
        labels = [self.pool.labels[lot_id] for lot_id in lot_ids]
        codes = [
            self._agreements[label.agreement_id] if label.agreement_id else label.code
            for label in labels
        ]
        return sorted(set(codes))

    def donors(self, lot_ids: Sequence[UUID]) -> list[str]:
        """Return the donors of lots by name, for those who may know; empty for others."""
        ids = {self.pool.labels[lot_id].donor_id for lot_id in lot_ids}
        return sorted({self._donors[one] for one in ids if one in self._donors})

    def grant(self, grant_id: UUID) -> str:
        """Return what a grant or award is called in the answer."""
        return self._grants[grant_id]

    def lot(self, lot_id: UUID) -> str:
        """Return a lot's code."""
        return self.pool.labels[lot_id].code

    def amount(self, minor: int) -> str:
        """Return an amount for people."""
        return money.display(minor, self.currency)

    def listed(self, names: Sequence[str]) -> str:
        """Return names in one text, the first ones when there are many."""
        shown = ", ".join(names[:MAX_NAMED])
        more = len(names) - MAX_NAMED
        return shown if more <= 0 else text("grants.and_more", names=shown, more=more)


def _currency(db: Session, fund_id: UUID) -> str:
    return str(db.execute(select(Fund.base_currency).where(Fund.id == fund_id)).scalar_one())


def not_fundable(
    words: Words, answer: NotFundable, awards: Sequence[GrantFacts], pointer: str
) -> Problem:
    """Return the problem of awards that cannot be funded: each reason is an error of its own."""
    body = refusal_out(words, answer, awards)
    sentences = [
        sentence
        for found in body["binding"]
        for sentence in (found["sentence"], *(limit["sentence"] for limit in found["limits"]))
    ]
    sentences += [reason["sentence"] for reason in body["refused"]]
    errors = [FieldError(pointer, sentence) for sentence in sentences]
    return Problem("not-fundable", detail=body["sentence"], errors=errors)


def refusal_out(words: Words, answer: NotFundable, awards: Sequence[GrantFacts]) -> dict[str, Any]:
    """Return the wire form of why awards cannot be funded."""
    return {
        "shortfall": money_out(answer.shortfall_minor, words.currency),
        "idle": money_out(max(answer.idle_minor, 0), words.currency),
        "sentence": text(
            "allocation.not_fundable",
            shortfall=words.amount(answer.shortfall_minor),
            idle=words.amount(max(answer.idle_minor, 0)),
        ),
        "binding": [_bottleneck_out(words, found) for found in answer.binding],
        "refused": _refused(words, awards),
    }


def _bottleneck_out(words: Words, found: Bottleneck) -> dict[str, Any]:
    wanted = sum(claim.amount_minor for claim in found.claims)
    available = sum(limit.capacity_minor for limit in found.limits)
    return {
        "shortfall": money_out(found.shortfall_minor, words.currency),
        "sentence": text(
            "allocation.bottleneck",
            grants=words.listed([words.grant(claim.grant_id) for claim in found.claims]),
            wanted=words.amount(wanted),
            available=words.amount(available),
            shortfall=words.amount(found.shortfall_minor),
        ),
        "claims": [
            {
                "grant": words.grant(claim.grant_id),
                "amount": money_out(claim.amount_minor, words.currency),
                "is_new": claim.is_new,
            }
            for claim in found.claims
        ],
        "limits": [_limit_out(words, limit) for limit in found.limits],
    }


def _limit_out(words: Words, limit: Limit) -> dict[str, Any]:
    agreements, donors = words.agreements(limit.lot_ids), words.donors(limit.lot_ids)
    named = words.listed(agreements)
    if donors:
        named = text("grants.agreements_of", agreements=named, donors=words.listed(donors))
    params = {"agreements": named, "amount": words.amount(limit.capacity_minor)}
    if limit.kind is LimitKind.CAP and limit.cap is not None:
        params |= {"dimension": str(limit.cap.dimension), "value": str(limit.cap.value)}
    return {
        "kind": str(limit.kind),
        "amount": money_out(limit.capacity_minor, words.currency),
        "agreements": agreements,
        "donors": donors,
        "sentence": text(limit.message_key, **params),
    }


def _refused(words: Words, awards: Sequence[GrantFacts]) -> list[dict[str, Any]]:
    """Return why free money may not be used for the awards, by award, agreement and reason."""
    groups: dict[tuple[str, Earmark, date], list[LotFacts]] = {}
    for lot in words.pool.position.lots:
        if lot.available_minor:
            key = (words.agreements([lot.id])[0], lot.earmark, lot.last_day)
            groups.setdefault(key, []).append(lot)
    found: dict[tuple[str, str, str], int] = {}
    for (name, _, _), lots in groups.items():
        for award in awards[:MAX_NAMED]:
            reason = _refusal(lots[0], award, words.pool.on)
            if reason is not None:
                told = (words.grant(award.id), name, text(reason.message_key, **reason.params))
                found[told] = found.get(told, 0) + sum(lot.available_minor for lot in lots)
    named = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MAX_NAMED]
    return [
        {
            "grant": grant,
            "agreement": agreement,
            "amount": money_out(minor, words.currency),
            "sentence": text(
                "grants.refused", agreement=agreement, amount=words.amount(minor), reason=sentence
            ),
        }
        for (grant, agreement, sentence), minor in named
    ]


def _refusal(lot: LotFacts, grant: GrantFacts, on: date) -> Refusal | None:
    """Return why a lot's money may not go to a grant that day, the lot's own date included."""
    if on > lot.last_day:
        days = {"spend_by_on": lot.last_day.isoformat(), "on": on.isoformat()}
        return Refusal(RefusalReason.EXPIRED, days)
    return refusal(lot.earmark, grant, on)
