"""A bank account's details: sealed when it is proposed, opened when a payment file is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from fundops.errors import Problem
from fundops.messages import text
from fundops.payees import numbers
from fundops.payees.models import BankAccount
from fundops.vault import CannotOpen, Place, Sealed, Vault

RECORD = "bank_account"


@dataclass(frozen=True)
class AccountDetails:
    """All of a bank account; printed or logged, it shows nothing. For payment files only.

    ``number`` is the IBAN, the national number or the payee's number at the host, by ``kind``.
    """

    kind: str
    country: str | None
    currency: str
    holder: str = field(repr=False)
    number: str = field(repr=False)
    bic: str | None = field(default=None, repr=False)
    bank_name: str | None = field(default=None, repr=False)

    @property
    def iban(self) -> str | None:
        """The IBAN, if the account has one."""
        return self.number if self.kind == "iban" else None

    @property
    def vendor_number(self) -> str | None:
        """The payee's number at the hosting organisation, if that is what the account is."""
        return self.number if self.kind == "vendor" else None

    @property
    def masked(self) -> str:
        """What may be shown of the number."""
        return numbers.masked(self.kind, self.country, self.number)

    @property
    def compared(self) -> str:
        """What the same account has in common, whoever registers it."""
        return numbers.compared(self.kind, self.country, self.number)


def place_of(account: BankAccount) -> Place:
    """Return where an account's ciphertext belongs."""
    return Place(RECORD, account.id, account.party_id)


def seal(vault: Vault, account: BankAccount, details: AccountDetails) -> None:
    """Put details into an account, encrypted and fingerprinted under the current key."""
    values = {
        "kind": details.kind, "country": details.country, "currency": details.currency,
        "holder": details.holder, "number": details.number, "bic": details.bic,
        "bank_name": details.bank_name,
    }  # fmt: skip
    sealed = vault.encrypt(values, place_of(account))
    account.details, account.key_id = sealed.ciphertext, sealed.key_id
    account.fingerprint = vault.fingerprint(details.compared, sealed.key_id)


def opened(vault: Vault, account: BankAccount) -> AccountDetails:
    """Return an account's details. Raises ``CannotOpen`` when they are not what was approved."""
    values = vault.decrypt(Sealed(account.key_id, account.details), place_of(account))
    details = AccountDetails(**values)
    shown = (account.kind, account.country, account.currency, account.masked, account.fingerprint)
    known = vault.fingerprint(details.compared, account.key_id)
    if shown != (details.kind, details.country, details.currency, details.masked, known):
        raise CannotOpen(text("payees.not_as_shown"))
    return details


def is_told_by(vault: Vault, account: BankAccount, prose: str | None) -> bool:
    """Return whether a text gives an account's number away; none does where it cannot be opened."""
    if prose is None:
        return False
    try:
        return numbers.is_told_by(prose, opened(vault, account).number)
    except CannotOpen:
        return False


def details_of(vault: Vault, account: BankAccount) -> AccountDetails:
    """Return an account's details, to write a payment file with and for nothing else.

    Raises ``conflict`` when they cannot be opened or are not what is shown of the account.
    """
    try:
        return opened(vault, account)
    except CannotOpen as error:
        detail = text("payees.cannot_open", masked=account.masked, why=str(error))
        raise Problem("conflict", detail=detail) from None
