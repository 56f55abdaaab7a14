"""How vouchers are written for one host's finance system, and its results read: a profile, as data.

A profile is checked when it is proposed, so that writing a batch cannot fail for its sake.
"""

from __future__ import annotations

import codecs
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from fundops.schemas import In, refused

MAX_COLUMNS = 60
SAMPLE = "sample_profile.json"

VoucherField = Literal[
    "voucher", "batch", "line", "vendor_number", "amount", "currency", "date", "description",
    "gl_account", "cost_centre", "category", "fund_code", "grant_code",
]  # fmt: skip
"""What a column may be filled with. ``voucher`` is the payment's code: the host gives it back."""

DateForm = Literal["YYYY-MM-DD", "YYYYMMDD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY"]
Encoding = Literal["utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "iso-8859-15"]
Delimiter = Literal[",", ";", "\t", "|"]

Cell = Annotated[
    str,
    StringConstraints(strict=True, max_length=120, pattern=r"^([^\x00-\x1f=+\-@ ][^\x00-\x1f]*)?$"),
]
"""A text of the profile that becomes a cell: nothing that a spreadsheet takes for a formula."""

Header = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]+$")
]


class GlAccounts(In):
    """The host's account of each budget category; ``default`` where there is none of its own."""

    default: Cell | None = None
    A: Cell | None = None
    B: Cell | None = None
    C: Cell | None = None
    D: Cell | None = None
    E: Cell | None = None
    F: Cell | None = None
    G: Cell | None = None


class ResultColumns(In):
    """The headings of a results file."""

    voucher: Header
    status: Header
    paid_on: Header
    amount: Header
    reference: Header | None = None
    reason: Header | None = None

    def named(self) -> dict[str, str]:
        """Return the headings that there are, by what they head."""
        return self.model_dump(exclude_none=True)


class VoucherColumn(In):
    """A column: its heading, and either a text that is always the same or a field."""

    name: Header
    field: VoucherField | None = None
    literal: Cell | None = None

    @model_validator(mode="after")
    def one_source(self) -> Self:
        """Require exactly one of the two."""
        if (self.field is None) == (self.literal is None):
            raise refused("banking.profile_one_source")
        return self


class Writing(In):
    """How cells become bytes."""

    delimiter: Delimiter = ";"
    encoding: Encoding = "utf-8"
    decimal: Literal[".", ","] = "."
    date: DateForm = "YYYY-MM-DD"
    line_end: Literal["crlf", "lf"] = "crlf"
    header: bool = True


class Results(In):
    """How the host's results are read: which column is what, and what its words for it are."""

    delimiter: Delimiter = ";"
    encoding: Encoding = "utf-8"
    decimal: Literal[".", ","] = "."
    date: DateForm = "YYYY-MM-DD"
    columns: ResultColumns
    paid: Annotated[list[Header], Field(min_length=1, max_length=20)]
    rejected: Annotated[list[Header], Field(min_length=1, max_length=20)]
    waiting: Annotated[list[Header], Field(max_length=20)] = []

    @model_validator(mode="after")
    def whole(self) -> Self:
        """Require words and headings that differ."""
        words = [word.casefold() for word in (*self.paid, *self.rejected, *self.waiting)]
        names = list(self.columns.named().values())
        if len(set(words)) != len(words) or len(set(names)) != len(names):
            raise refused("banking.profile_words_twice")
        return self


class Profile(In):
    """A host's vouchers and results."""

    format: Literal[1] = 1
    note: Annotated[str, StringConstraints(strict=True, max_length=500)] = ""
    writing: Writing = Writing()
    columns: Annotated[list[VoucherColumn], Field(min_length=1, max_length=MAX_COLUMNS)]
    gl_accounts: GlAccounts = GlAccounts()
    cost_centre: Cell = ""
    split: Literal["none", "category"] = "none"
    results: Results

    @model_validator(mode="after")
    def whole(self) -> Self:
        """Require what identifies and pays a voucher, and an account for every category."""
        used = [column.field for column in self.columns]
        if {"voucher", "vendor_number", "amount", "currency"} - set(used):
            raise refused("banking.profile_columns")
        if len({column.name for column in self.columns}) != len(self.columns):
            raise refused("banking.profile_words_twice")
        if "gl_account" in used and self.gl_accounts.default is None:
            raise refused("banking.profile_no_account")
        self._encodable()
        return self

    def _encodable(self) -> None:
        texts = [column.name for column in self.columns]
        texts += [column.literal or "" for column in self.columns]
        texts += [*self.gl_accounts.model_dump(exclude_none=True).values(), self.cost_centre]
        for text in texts:
            try:
                codecs.encode(text, self.writing.encoding)
            except UnicodeEncodeError:
                raise _unwritable() from None

    def gl_account(self, category: str | None) -> str:
        """Return the account that money of a budget category is booked to at the host's."""
        own = getattr(self.gl_accounts, category or "default")
        return own or self.gl_accounts.default or ""


def _unwritable() -> PydanticCustomError:
    return refused("banking.profile_encoding")


@cache
def sample() -> Profile:
    """Return the profile that is shipped as an example; it says that it is one."""
    text = files("fundops.banking").joinpath(SAMPLE).read_text(encoding="utf-8")
    return Profile.model_validate_json(text)
