"""Bank accounts: registered by one person, approved by another, stopped by anybody concerned.

Changed bank details are the commonest fraud. So a change waits after its approval, everybody
concerned is told at once by every channel, and meanwhile the old account stays in use. Nothing
shortens that but an emergency, which has a call-back, a cap and a list of its own.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.parties.hands import hands_of
from fundops.parties.models import Party
from fundops.payees import hooks, numbers, queries, rules
from fundops.payees.models import BankAccount, CallBack
from fundops.payees.schemas import ApproveAccountIn, BankAccountIn, CallBackIn
from fundops.payees.sealing import AccountDetails, details_of, seal
from fundops.payees.steps import STEPS
from fundops.records import snapshot
from fundops.trail import SECRET
from fundops.vault import Vault

__all__ = [
    "approve",
    "block",
    "details_of",
    "fingerprint_of",
    "propose",
    "record_call_back",
    "retire",
    "stop",
    "unblock",
]

NOT_CALLS = frozenset({"email"})
"""Channels on which nobody can be spoken to; mail is what whoever changes details has taken."""


def told(account: BankAccount) -> dict[str, Any]:
    """Return what the audit chain is told of an account: neither a number nor a ciphertext."""
    said = snapshot(account, without=SECRET["bank_accounts"])
    return said | {"fingerprint_prefix": account.fingerprint[:8]}


def fingerprint_of(vault: Vault, details: AccountDetails) -> str:
    """Return the fingerprint of details under the current key: equal for equal accounts only.

    It changes when the vault is rotated, so nothing but ``bank_accounts`` may keep it.
    """
    return vault.fingerprint(details.compared)


def propose(db: Session, actor: Actor, vault: Vault, given: BankAccountIn) -> BankAccount:
    """Register a bank account of a party, encrypted, for another person to approve.

    Raises ``conflict`` for a first account where there was one, a change while another is under
    way, and more accounts than a party may have; ``already-exists`` for a number that the party
    has registered and not ended; ``unavailable`` where the key of the vault is lost.
    """
    party = rules.party_for(db, actor, given.party_id)
    details = rules.details_from(given)
    rules.check_prose(given, details)
    rules.check_evidence(db, actor, given)
    rules.check_origin(db, party.id, given.origin)
    rules.check_room(db, party.id)
    cap_minor, cap_currency = rules.cap_of(given, hooks.terms_for(db, party.id))
    vault.prepare(db)
    holders = queries.holders_of(db, vault.fingerprints(details.compared))
    if any(one == party.id and status in queries.LIVE for one, status in holders):
        raise Problem("already-exists", detail=text("payees.registered"))
    now = clock.now()
    current = queries.current_account(db, party.id, now) if given.origin == "change" else None
    hands = sorted(hand.hex for hand in hands_of(db, actor, Permission.BANK_ACCOUNT_PROPOSE))
    account = BankAccount(
        id=uuid7(),
        party_id=party.id,
        kind=details.kind,
        currency=details.currency,
        country=details.country,
        masked=details.masked,
        holder_initials=numbers.initials(details.holder),
        is_elsewhere=any(one != party.id for one, _ in holders),
        origin=given.origin,
        replaces_id=current.id if current is not None else None,
        reason=given.reason,
        evidence=given.evidence,
        evidence_file_id=given.evidence_file_id,
        status="proposed",
        proposed_by_id=actor.person_id,
        proposed_hands=json.dumps(hands, separators=(",", ":")),
        proposed_at=now,
        cap_minor=cap_minor,
        cap_currency=cap_currency,
        created_at=now,
    )
    seal(vault, account, details)
    db.add(account)
    db.flush()
    _record(db, actor, "proposed", account, given.reason)
    return account


def approve(
    db: Session, actor: Actor, account: BankAccount, given: ApproveAccountIn
) -> BankAccount:
    """Approve an account that another person registered; say from when it may be paid to.

    Raises ``stale`` for another version than the one that was read, ``same-person`` for whoever
    registered it by any hand, ``conflict-of-interest``, and ``conflict`` when the party is frozen,
    an equal number of another party is not explained, or a call-back is missing.
    """
    if given.version != account.version:
        raise Problem("stale")
    before = told(account)
    now, terms = clock.now(), hooks.terms_for(db, account.party_id)
    with db.no_autoflush:  # half a step is nothing to write
        advance(account, STEPS, "approve", actor)
        _refuse_proposer(db, actor, account, Permission.BANK_ACCOUNT_APPROVE)
        rules.refuse_interest(db, actor, account)
        _check_facts(db, account, now, terms)
        if queries.is_elsewhere(db, account) and given.elsewhere_reason is None:
            raise Problem("conflict", detail=text("payees.elsewhere"))
    account.approved_by_id = actor.person_id
    account.approved_at = now
    account.elsewhere_reason = given.elsewhere_reason
    waits = {"change": terms.cooling, "advance": max(terms.ahead, terms.cooling)}
    account.usable_from = now + waits[account.origin] if account.origin in waits else now
    db.flush()
    _record(db, actor, "approved", account, given.elsewhere_reason, before)
    return account


def stop(db: Session, actor: Actor, account: BankAccount, action: str, reason: str) -> BankAccount:
    """Object to an account, or refuse it, before it can be paid to; the old one stays in use.

    Raises ``conflict`` once it can be paid to.
    """
    before = told(account)
    cooled = account.status == "active" and not _is_cooling(account)
    advance(account, STEPS, action, actor)
    if cooled:
        raise Problem("conflict", detail=text("payees.in_use"))
    return _end(db, actor, account, "refused", reason, before)


def block(db: Session, actor: Actor, account: BankAccount, reason: str) -> BankAccount:
    """Stop payments to an account at once; raises ``conflict`` for one that still cools."""
    before = told(account)
    advance(account, STEPS, "block", actor)
    _refuse_cooling(account)
    account.blocked_by_id, account.blocked_at = actor.person_id, clock.now()
    account.blocked_reason = reason
    db.flush()
    _record(db, actor, "blocked", account, reason, before)
    return account


def unblock(db: Session, actor: Actor, account: BankAccount, reason: str) -> BankAccount:
    """Let an account be paid to again: by another person than who blocked it, without interest."""
    before = told(account)
    with db.no_autoflush:
        advance(account, STEPS, "unblock", actor)
        if account.blocked_by_id in hands_of(db, actor, Permission.BANK_ACCOUNT_APPROVE):
            raise Problem("same-person", action="unblock")
        rules.refuse_interest(db, actor, account)
    account.blocked_by_id = account.blocked_at = account.blocked_reason = None
    db.flush()
    _record(db, actor, "unblocked", account, reason, before)
    return account


def retire(db: Session, actor: Actor, account: BankAccount, reason: str) -> BankAccount:
    """End the use of an account for good; raises ``conflict`` for one that still cools."""
    before = told(account)
    advance(account, STEPS, "retire", actor)
    _refuse_cooling(account)
    account.blocked_by_id = account.blocked_at = account.blocked_reason = None
    return _end(db, actor, account, "retired", reason, before)


def record_call_back(
    db: Session, actor: Actor, account: BankAccount, given: CallBackIn
) -> CallBack:
    """Record a call to the payee about an account of an emergency; a denial refuses the account.

    The channel was verified a cooling period before the account was proposed, and is none that
    only mail is sent to. Raises ``same-person`` for whoever proposed it.
    """
    if account.origin != "emergency" or account.status != "proposed":
        raise Problem("conflict", detail=text("payees.no_call_back"))
    _refuse_proposer(db, actor, account, Permission.BANK_ACCOUNT_APPROVE)
    rules.refuse_interest(db, actor, account)
    channel = _channel_for(db, account, given)
    now = clock.now()
    if not account.proposed_at <= given.called_at <= now:
        raise invalid("/called_at", "payees.called_when")
    made = CallBack(
        id=uuid7(),
        account_id=account.id,
        channel_id=given.channel_id,
        channel_kind=channel.kind,
        called_masked=channel.masked,
        channel_verified_at=channel.verified_at,
        called_at=given.called_at,
        called_by_id=actor.person_id,
        proposed_by_id=account.proposed_by_id,
        spoke_to=given.spoke_to,
        answer=given.answer,
        note=given.note,
        recorded_at=now,
    )
    db.add(made)
    db.flush()
    audit.record(db, actor, "call_back.recorded", "call_back", made.id, after=snapshot(made))
    if given.answer == "denied":
        stop(db, actor, account, "refuse", text("payees.denied"))
    return made


def _channel_for(db: Session, account: BankAccount, given: CallBackIn) -> hooks.Channel:
    channel = hooks.channel_of(db, account.party_id, given.channel_id)
    if channel is None:
        raise invalid("/channel_id", "payees.channel_unknown")
    if channel.kind in NOT_CALLS:
        raise invalid("/channel_id", "payees.channel_is_mail")
    terms = hooks.terms_for(db, account.party_id)
    if channel.verified_at > account.proposed_at - terms.cooling:
        raise invalid("/channel_id", "payees.channel_too_new")
    return channel


def _check_facts(
    db: Session, account: BankAccount, now: datetime, terms: hooks.AccountTerms
) -> None:
    """Refuse to approve what the facts of this moment do not allow."""
    party = db.get_one(Party, account.party_id, populate_existing=True)
    if party.status != "active":
        raise Problem("conflict", detail=text("payees.party_frozen"))
    rules.check_origin(db, account.party_id, account.origin, account.id)
    _check_replaced(db, account, now)
    if account.origin == "emergency":
        _check_call_back(db, account, now, terms)


def _check_call_back(
    db: Session, account: BankAccount, now: datetime, terms: hooks.AccountTerms
) -> None:
    made = queries.last_call_back(db, account.id)
    if made is None or made.answer != "confirmed" or made.called_at < now - terms.call_back_good:
        raise Problem("conflict", detail=text("payees.needs_call_back"))


def _check_replaced(db: Session, account: BankAccount, now: datetime) -> None:
    """Refuse a change of an account that is no longer the one in use."""
    if account.origin != "change":
        return
    current = queries.current_account(db, account.party_id, now)
    if (current.id if current is not None else None) != account.replaces_id:
        raise Problem("conflict", detail=text("payees.replaces_another"))


def _refuse_proposer(
    db: Session, actor: Actor, account: BankAccount, permission: Permission
) -> None:
    """Refuse whoever proposed the account: by another token, record or lent role as well."""
    hands = {hand.hex for hand in hands_of(db, actor, permission)}
    if not hands.isdisjoint(json.loads(account.proposed_hands)):
        raise Problem("same-person", detail=text("payees.same_hands"))


def _is_cooling(account: BankAccount) -> bool:
    return account.usable_from is not None and account.usable_from > clock.now()


def _refuse_cooling(account: BankAccount) -> None:
    if _is_cooling(account):
        raise Problem("conflict", detail=text("payees.still_cooling"))


def _end(
    db: Session, actor: Actor, account: BankAccount, how: str, reason: str, before: dict[str, Any]
) -> BankAccount:
    account.ended_by_id, account.ended_at = actor.person_id, clock.now()
    account.ended_reason = reason
    db.flush()
    _record(db, actor, how, account, reason, before)
    return account


def _record(
    db: Session,
    actor: Actor,
    event: str,
    account: BankAccount,
    reason: str | None,
    before: dict[str, Any] | None = None,
) -> None:
    audit.record(
        db, actor, f"bank_account.{event}", "bank_account", account.id, reason=reason,
        before=before, after=told(account),
    )  # fmt: skip
    hooks.changed(db, account.party_id, account.id, event)
