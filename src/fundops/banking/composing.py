"""What is in a batch, and its file: payment orders for a bank, vouchers for a host."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundops.banking import accounts, port, queries, vouchers
from fundops.banking.charset import IDENTIFIER, Unwritable, plain
from fundops.banking.models import BatchItem, FundBankAccount, PaymentBatch, VoucherProfile
from fundops.banking.orders import NAME, Header, NotValid, Order, Side
from fundops.banking.profile import Profile
from fundops.banking.schemas import MAX_ITEMS
from fundops.banking.vouchers import FORMULA, Voucher
from fundops.disbursements.models import Disbursement
from fundops.errors import FieldError, Problem, invalid
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.labels import is_protected
from fundops.parties.models import Party
from fundops.payees.models import BankAccount
from fundops.vault import Vault

MAX_NAMED = 50
"""Payments of which a refusal says what is wrong; the rest are found once these are right."""


@dataclass(frozen=True)
class Item:
    """A payment of a batch, its grant, and the account it goes to."""

    disbursement: Disbursement
    grant_id: UUID
    grant_code: str
    is_hidden: bool
    account: BankAccount | None
    amount_minor: int
    held_elsewhere: bool = False

    @property
    def code(self) -> str:
        """The payment's code: its reference at the bank."""
        return self.disbursement.code

    @property
    def account_id(self) -> UUID:
        """The account that the payment goes to."""
        assert self.account is not None, "checked before a batch is made"
        return self.account.id


def candidates(db: Session, fund_id: UUID, ids: Sequence[UUID] | None) -> list[Item]:
    """Return the payments named, or all approved ones of a fund that are in no batch.

    Raises ``invalid-request`` at each that is not there, not approved, or in a batch already.
    """
    query = _rows().where(Grant.fund_id == fund_id).outerjoin(
        BatchItem, BatchItem.held_id == Disbursement.id
    ).add_columns(BatchItem.batch_id)  # fmt: skip
    if ids is None:
        query = query.where(Disbursement.status == "approved", BatchItem.batch_id.is_(None))
        query = query.order_by(Disbursement.requested_on, Disbursement.code).limit(MAX_ITEMS)
        return [_item(row) for row in db.execute(query)]
    found = {row[0].id: row for row in db.execute(query.where(Disbursement.id.in_(ids)))}
    wrong: list[FieldError] = []
    for number, one in enumerate(ids):
        key = _why_not(found.get(one))
        if key is not None:
            wrong.append(FieldError(f"/disbursement_ids/{number}", text(key)))
    if wrong:
        raise Problem("invalid-request", errors=wrong[:MAX_NAMED])
    return sorted((_item(found[one]) for one in ids), key=lambda item: item.code)


def of_batch(db: Session, batch_id: UUID) -> list[Item]:
    """Return the payments of a batch, fresh, in its order."""
    query = (
        _rows()
        .join(BatchItem, BatchItem.disbursement_id == Disbursement.id)
        .where(BatchItem.batch_id == batch_id)
        .order_by(BatchItem.position)
        .execution_options(populate_existing=True)
    )
    return [_item(row) for row in db.execute(query)]


def digest(items: Iterable[Item]) -> str:
    """Return the SHA-256 of what a batch pays: codes, amounts and accounts, in its order."""
    lines = (
        f"{item.code} {item.amount_minor} {item.account_id}\n" for item in items if item.account
    )
    return sha256("".join(lines).encode()).hexdigest()


def profile_of(db: Session, profile_id: UUID | None, fund_id: UUID) -> Profile | None:
    """Return an approved profile of a fund; raise ``invalid-request`` for any other."""
    if profile_id is None:
        return None
    found = db.get(VoucherProfile, profile_id)
    if found is None or found.fund_id != fund_id:
        raise invalid("/profile_id", "validation.unknown_record")
    if found.status != "approved":
        raise invalid("/profile_id", "banking.profile_not_approved")
    return Profile.model_validate_json(found.content)


def file_of(
    db: Session,
    vault: Vault,
    batch: PaymentBatch,
    account: FundBankAccount,
    fund: Fund,
    profile: Profile | None,
    items: Sequence[Item],
) -> bytes:
    """Return the file of a batch. Raises ``invalid-request`` naming what cannot be written."""
    payees = _payees(vault, items, is_host=profile is not None)
    if profile is not None:
        weights: dict[UUID, Any] = {}
        if profile.split == "category":
            weights = queries.budgets(db, {item.grant_id for item in items})
        made = [
            _voucher(batch, fund, item, payees[item.account_id], weights.get(item.grant_id, ()))
            for item in items
        ]
        return vouchers.written(profile, made)
    from fundops.banking import pain  # loads lxml, which nothing else needs

    header = _header(vault, batch, account)
    try:
        return pain.payment_file(header, [_order(one, payees[one.account_id]) for one in items])
    except NotValid:
        raise Problem("conflict", detail=text("banking.file_not_valid")) from None


def _rows() -> Select[Any]:
    columns: tuple[Any, ...] = (Disbursement, Grant.id, Grant.code, Party, BankAccount)
    return (
        select(*columns)
        .join(Grant, Grant.id == Disbursement.grant_id)
        .join(Party, Party.id == Grant.grantee_id)
        .outerjoin(BankAccount, BankAccount.id == Disbursement.account_id)
    )


def _item(row: Any) -> Item:
    disbursement, grant_id, grant_code, party, account = row[:5]
    hidden = is_protected(party)
    return Item(disbursement, grant_id, grant_code, hidden, account, disbursement.amount_minor)


def _why_not(row: Any) -> str | None:
    """Return the key of why a payment cannot go into a batch, if it cannot."""
    if row is None:
        return "validation.unknown_record"
    if row[0].status != "approved":
        return "banking.not_approved"
    if row[5] is not None:
        return "constraint.batch_item_held"
    return None


def _payees(vault: Vault, items: Collection[Item], *, is_host: bool) -> dict[UUID, port.Payee]:
    """Return where each payment goes; raise ``invalid-request`` for those that cannot go there."""
    found: dict[UUID, port.Payee] = {}
    wrong: list[FieldError] = []
    for number, item in enumerate(items):
        key = "banking.no_payee_account"
        if item.account is not None:
            payee = found.get(item.account.id) or port.details_of(vault, item.account)
            found[item.account.id] = payee
            key = _unwritable(item, payee, is_host) or ""
        if key:
            sentence = text("banking.item_refused", code=item.code, reason=text(key))
            wrong.append(FieldError(f"/disbursement_ids/{number}", sentence))
    if wrong:
        raise Problem("invalid-request", errors=wrong[:MAX_NAMED])
    return found


def _unwritable(item: Item, payee: port.Payee, is_host: bool) -> str | None:
    """Return the key of what of a payment cannot be written, and in which field, if anything."""
    if IDENTIFIER.fullmatch(item.code) is None:
        return "banking.field_code"
    if is_host:
        number = payee.vendor_number or ""
        is_usable = number.isprintable() and number.strip() and not number.startswith(FORMULA)
        return None if is_usable else "banking.field_vendor_number"
    if payee.kind not in {"iban", "local"}:
        return "banking.field_kind"
    number = port.normalised(payee.number)
    if len(number) > 34 or not number.isascii() or not number:
        return "banking.field_number"
    if payee.kind == "iban" and not accounts.is_iban(number):
        return "banking.field_number"
    for name, value in (("holder", payee.holder), ("bank_name", payee.bank_name)):
        try:
            plain(value or "-1", NAME)
        except Unwritable:
            return f"banking.field_{name}"
    if payee.kind == "local" and not (payee.bic or payee.clearing or payee.bank_name):
        return "banking.field_bank"
    return None


def _header(vault: Vault, batch: PaymentBatch, account: FundBankAccount) -> Header:
    own = accounts.details_of(vault, account)
    debtor = Side(
        name=own["holder"],
        number=own["number"],
        is_iban=own["is_iban"],
        bic=own["bic"],
        clearing=own["clearing"],
        bank_name=own["bank_name"],
        country=own["country"],
    )
    made_at = batch.released_at or batch.made_at
    return Header(
        batch.code, made_at, own["holder"], debtor, batch.currency, batch.execution_on,
        batch.charges,
    )  # fmt: skip


def _order(item: Item, payee: port.Payee) -> Order:
    side = Side(
        name=payee.holder,
        number=port.normalised(payee.number),
        is_iban=payee.kind == "iban",
        bic=payee.bic,
        clearing=payee.clearing,
        bank_name=payee.bank_name,
        country=payee.country,
    )
    return Order(item.code, item.amount_minor, side, described(item))


def _voucher(
    batch: PaymentBatch, fund: Fund, item: Item, payee: port.Payee, weights: queries.Budget
) -> Voucher:
    return Voucher(
        code=item.code,
        batch=batch.code,
        vendor_number=payee.vendor_number or "",
        amount_minor=item.amount_minor,
        currency=batch.currency,
        on=batch.execution_on,
        description=described(item),
        fund_code=fund.code,
        grant_code=item.code if item.is_hidden else item.grant_code,
        weights=weights,
    )


def described(item: Item) -> str:
    """Return the text that goes with the money: of a protected payee, the code and nothing else."""
    return item.code if item.is_hidden else f"{item.code} {item.grant_code}"
