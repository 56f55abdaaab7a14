"""The fund's own accounts and the profiles of hosts: one person proposes, another decides."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from fundops import audit, clock, lifecycle
from fundops.audit import canonical
from fundops.authz import Actor, Permission
from fundops.banking import port, queries
from fundops.banking.models import FundBankAccount, VoucherProfile
from fundops.banking.schemas import FundBankAccountIn, VoucherProfileIn
from fundops.donors.cash_rules import usable_fund
from fundops.errors import invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.records import snapshot
from fundops.vault import Vault

SECRET = frozenset({"details", "key_id"})
RECORD = "fund_bank_account"

ACCOUNT_STEPS: lifecycle.Steps = {
    "approve": lifecycle.step(
        "proposed", "active", Permission.BANK_ACCOUNT_APPROVE, ("proposed_by_id",)
    ),
    "refuse": lifecycle.step(
        "proposed", "refused", Permission.BANK_ACCOUNT_APPROVE, ("proposed_by_id",)
    ),
    "retire": lifecycle.step("active", "retired", Permission.BANK_ACCOUNT_APPROVE),
}

PROFILE_STEPS: lifecycle.Steps = {
    "approve": lifecycle.step(
        "proposed", "approved", Permission.BANK_ACCOUNT_APPROVE, ("proposed_by_id",)
    ),
    "refuse": lifecycle.step(
        "proposed", "refused", Permission.BANK_ACCOUNT_APPROVE, ("proposed_by_id",)
    ),
}


def propose_account(
    db: Session, actor: Actor, vault: Vault, given: FundBankAccountIn
) -> FundBankAccount:
    """Propose an account of a fund; nothing leaves it before another person approves.

    Raises ``invalid-request`` for another currency than the fund's, or an IBAN that cannot be one.
    """
    fund = usable_fund(db, actor, Permission.BATCH_WRITE, given.fund_id)
    if given.currency != fund.base_currency:
        raise invalid("/currency", "grants.base_currency", currency=fund.base_currency)
    number = _number(given)
    account_id, now = uuid7(), clock.now()
    details = {
        "holder": given.holder,
        "number": number,
        "is_iban": given.is_iban,
        "bic": given.bic,
        "clearing": given.clearing,
        "bank_name": given.bank_name,
        "country": given.country,
    }
    secret = port.seal(db, vault, details, RECORD, account_id, fund.id)
    account = FundBankAccount(
        id=account_id,
        fund_id=fund.id,
        name=given.name,
        currency=given.currency,
        kind=given.kind,
        details=secret.details,
        key_id=secret.key_id,
        masked=masked(number),
        host_code=given.host_code,
        status="proposed",
        proposed_by_id=actor.person_id,
        proposed_at=now,
        created_at=now,
    )
    db.add(account)
    db.flush()
    _told(db, actor, "fund_bank_account.proposed", account, None)
    return account


def decide_account(
    db: Session, actor: Actor, account: FundBankAccount, action: str, reason: str | None = None
) -> FundBankAccount:
    """Approve, refuse or retire an account. Raises ``same-person``, ``wrong-status``."""
    before = snapshot(account, without=SECRET)
    lifecycle.advance(account, ACCOUNT_STEPS, action, actor)
    if action != "retire":
        account.decided_by_id, account.decided_at = actor.person_id, clock.now()
    db.flush()
    name = f"fund_bank_account.{account.status}"
    _told(db, actor, name, account, reason, before)
    return account


def details_of(vault: Vault, account: FundBankAccount) -> dict[str, Any]:
    """Return holder, number, bank and country of an account of the fund, decrypted."""
    secret = port.Secret(account.details, account.key_id)
    return port.unseal(vault, secret, RECORD, account.id, account.fund_id)


def propose_profile(db: Session, actor: Actor, given: VoucherProfileIn) -> VoucherProfile:
    """Propose how vouchers are written for a fund's host: which accounts money is booked to."""
    fund = usable_fund(db, actor, Permission.BATCH_WRITE, given.fund_id)
    content = canonical(given.profile.model_dump(mode="json"))
    if len(content) > 20_000:
        raise invalid("/profile", "banking.profile_too_long")
    now = clock.now()
    profile = VoucherProfile(
        id=uuid7(),
        fund_id=fund.id,
        number=queries.next_profile_number(db, fund.id),
        name=given.name,
        content=content,
        status="proposed",
        proposed_by_id=actor.person_id,
        proposed_at=now,
        created_at=now,
    )
    db.add(profile)
    db.flush()
    audit.record(
        db, actor, "voucher_profile.proposed", "voucher_profile", profile.id, fund_id=fund.id,
        after=snapshot(profile),
    )  # fmt: skip
    return profile


def decide_profile(
    db: Session, actor: Actor, profile: VoucherProfile, action: str, reason: str | None = None
) -> VoucherProfile:
    """Approve or refuse a profile that another person proposed. Raises ``same-person``."""
    before = snapshot(profile)
    lifecycle.advance(profile, PROFILE_STEPS, action, actor)
    profile.decided_by_id, profile.decided_at = actor.person_id, clock.now()
    db.flush()
    audit.record(
        db, actor, f"voucher_profile.{profile.status}", "voucher_profile", profile.id,
        fund_id=profile.fund_id, reason=reason, before=before, after=snapshot(profile),
    )  # fmt: skip
    return profile


def masked(number: str) -> str:
    """Return an account number with all but its last four characters hidden."""
    return f"••••{number[-4:]}" if len(number) >= 8 else "••••"


def is_iban(number: str) -> bool:
    """Return whether the check digits of an IBAN fit."""
    if not (15 <= len(number) <= 34 and number[:2].isalpha() and number[2:4].isdigit()):
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def _number(given: FundBankAccountIn) -> str:
    number = port.normalised(given.number)
    if given.is_iban and not is_iban(number):
        raise invalid("/number", "banking.no_iban")
    if len(number) > 34:
        raise invalid("/number", "banking.number_too_long")
    return number


def _told(
    db: Session,
    actor: Actor,
    action: str,
    account: FundBankAccount,
    reason: str | None,
    before: dict[str, Any] | None = None,
) -> None:
    audit.record(
        db, actor, action, RECORD, account.id, fund_id=account.fund_id, reason=reason,
        before=before, after=snapshot(account, without=SECRET),
    )  # fmt: skip


def fund_of(db: Session, fund_id: Any) -> Fund:
    """Return the fund of a stored record."""
    return db.get_one(Fund, fund_id)
