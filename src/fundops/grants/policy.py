"""The fund's policy: versions proposed by one person and decided by another, each from a day on.

Where a fund has approved none, the shipped sample holds and says that it is one.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, ValidationError
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, lifecycle, money
from fundops.authz import Permission
from fundops.db import AnySelect
from fundops.errors import FieldError, Problem
from fundops.grants.policy_content import PolicyContent
from fundops.grants.policy_models import MAX_CONTENT, FundPolicy
from fundops.grants.policy_wire import SUFFIX, stored_form
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, step
from fundops.messages import text
from fundops.records import snapshot
from fundops.schemas import sentence_of

POLICY_STEPS: Steps = {
    "approve": step("proposed", "approved", Permission.POLICY_APPROVE, ("proposed_by_id",)),
    "refuse": step("proposed", "refused", Permission.POLICY_APPROVE, ("proposed_by_id",)),
}


class Policy(PolicyContent):
    """The policy in force on a day; ``id`` and ``number`` are null of the sample."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID | None = None
    number: int | None = None
    fund_id: UUID
    starts_on: date | None = None
    currency: str
    is_sample: bool

    @property
    def notice(self) -> str | None:
        """What whoever reads the policy must know: that it is a sample, if it is one."""
        return text("policy.is_sample", currency=self.currency) if self.is_sample else None

    @property
    def content(self) -> PolicyContent:
        """The rules alone, as a version of the policy holds them."""
        names = PolicyContent.model_fields
        return PolicyContent.model_construct(**{name: getattr(self, name) for name in names})


def policy_in_force(db: Session, fund_id: UUID, on: date) -> Policy:
    """Return the approved policy with the latest start not after ``on``, or the sample.

    Of several that start on one day the last proposed counts.
    """
    row = db.execute(_in_force(), {"fund_id": fund_id, "on": on}).one_or_none()
    if row is None:
        currency = db.execute(select(Fund.base_currency).where(Fund.id == fund_id)).scalar_one()
        return sample(fund_id, currency)
    found: FundPolicy = row[0]
    return Policy(
        id=found.id,
        number=found.number,
        fund_id=fund_id,
        starts_on=found.starts_on,
        currency=row[1],
        is_sample=False,
        **json.loads(found.content),
    )


@cache
def _in_force() -> AnySelect:
    query: AnySelect = (
        select(FundPolicy, Fund.base_currency)
        .join(Fund, Fund.id == FundPolicy.fund_id)
        .where(
            FundPolicy.fund_id == bindparam("fund_id"),
            FundPolicy.status == "approved",
            FundPolicy.starts_on <= bindparam("on"),
        )
        .order_by(FundPolicy.starts_on.desc(), FundPolicy.number.desc())
        .limit(1)
    )
    return query


def sample(fund_id: UUID, currency: str) -> Policy:
    """Return the shipped sample for a fund, its amounts as whole units of the base currency."""
    return Policy(fund_id=fund_id, currency=currency, is_sample=True, **_sample_in(currency))


@cache
def _sample_in(currency: str) -> dict[str, Any]:
    source = files("fundops.grants").joinpath("policy_sample.toml").read_text(encoding="utf-8")
    unit = 10 ** money.exponent(currency)
    stored = stored_form(PolicyContent, tomllib.loads(source), lambda value, _: value * unit)
    return PolicyContent.model_validate(stored).model_dump()


def content_of(given: Mapping[str, Any], fund: Fund) -> PolicyContent:
    """Return the content that a request gives; raise ``invalid-request`` where it cannot be."""

    def minor(value: Any, place: str) -> int:
        if value["currency"] != fund.base_currency:
            sentence = text("grants.base_currency", currency=fund.base_currency)
            raise _refusal([FieldError(f"/content{place}/currency", sentence)])
        try:
            return money.parse_amount(value["amount"], value["currency"])
        except money.MoneyError as error:
            key = error.args[0]
            names = ("currency", "digits")
            sentence = text(key, **dict(zip(names, error.args[1:], strict=False)))
            raise _refusal([FieldError(f"/content{place}/amount", sentence)]) from error

    try:
        return PolicyContent.model_validate(stored_form(PolicyContent, given, minor))
    except ValidationError as error:
        errors = [
            FieldError(_pointer(one["loc"]), _sentence(one))
            for one in error.errors(include_input=False, include_url=False)[:50]
        ]
        raise _refusal(errors) from None


def propose(
    db: Session,
    actor: audit.Author,
    fund: Fund,
    content: PolicyContent,
    starts_on: date,
    reason: str,
) -> FundPolicy:
    """Propose a version of a fund's policy from a day on; it holds once another person approves.

    Raises ``invalid-request`` for a day in the past, ``conflict`` for a closed fund.
    """
    if fund.status != "open":
        raise Problem("conflict", detail=text("grants.fund_closed"))
    if starts_on < clock.today(fund.zone):
        raise _refusal([FieldError("/starts_on", text("policy.starts_in_past"))])
    stored = canonical(content)
    if len(stored) > MAX_CONTENT:
        raise _refusal([FieldError("/content", text("policy.too_long"))])
    last = select(func.coalesce(func.max(FundPolicy.number), 0)).where(
        FundPolicy.fund_id == fund.id
    )
    made = FundPolicy(
        id=uuid7(),
        fund_id=fund.id,
        number=db.execute(last).scalar_one() + 1,
        starts_on=starts_on,
        content=stored,
        reason=reason,
        status="proposed",
        proposed_by_id=actor.person_id,
        proposed_at=clock.now(),
    )
    db.add(made)
    db.flush()
    _record(db, actor, "fund_policy.proposed", made, reason)
    return made


def approve(db: Session, actor: audit.Author, fund: Fund, proposed: FundPolicy) -> FundPolicy:
    """Approve a version: it holds from its day on.

    Raises ``same-person`` for whoever proposed it, ``conflict`` once its day is past: what was
    decided meanwhile was decided by the policy before it.
    """
    before = snapshot(proposed)
    lifecycle.advance(proposed, POLICY_STEPS, "approve", actor)
    if proposed.starts_on < clock.today(fund.zone):
        raise Problem("conflict", detail=text("policy.started_already"))
    return _decided(db, actor, "fund_policy.approved", proposed, None, before)


def refuse(db: Session, actor: audit.Author, proposed: FundPolicy, reason: str) -> FundPolicy:
    """Refuse a version for good. Raises ``same-person`` for whoever proposed it."""
    before = snapshot(proposed)
    lifecycle.advance(proposed, POLICY_STEPS, "refuse", actor)
    return _decided(db, actor, "fund_policy.refused", proposed, reason, before)


def canonical(content: PolicyContent) -> str:
    """Return a policy's content as it is stored: the same content, the same text."""
    plain = content.model_dump(mode="json")
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def stored_content(stored: str) -> PolicyContent:
    """Return the content of a stored version."""
    return PolicyContent.model_validate(json.loads(stored))


def _decided(
    db: Session,
    actor: audit.Author,
    action: str,
    policy: FundPolicy,
    reason: str | None,
    before: dict[str, Any],
) -> FundPolicy:
    policy.decided_by_id = actor.person_id
    policy.decided_at = clock.now()
    db.flush()
    _record(db, actor, action, policy, reason, before)
    return policy


def _record(
    db: Session,
    actor: audit.Author,
    action: str,
    policy: FundPolicy,
    reason: str | None,
    before: dict[str, Any] | None = None,
) -> None:
    audit.record(
        db, actor, action, "fund_policy", policy.id, fund_id=policy.fund_id, reason=reason,
        before=before, after=snapshot(policy),
    )  # fmt: skip


def _refusal(errors: list[FieldError]) -> Problem:
    return Problem("invalid-request", errors=errors)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "/content" + "".join(f"/{str(part).removesuffix(SUFFIX)}" for part in location)


def _sentence(error: Mapping[str, Any]) -> str:
    """Return our own sentence; the library's may tell what was sent."""
    return sentence_of(error) or text("validation.other")
