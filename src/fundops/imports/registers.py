"""Funds and parties of a source: found by code or name, created where they are missing.

A spelling that a person has reviewed leads to its party. Any other new spelling becomes a party of
its own, and where it comes close to a known name a warning says so: only a person can tell whether
the two are one. Rows that name no organisation, only a type, share one party per fund and type.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select

from fundops import clock, codes
from fundops.funds.schemas import FundIn
from fundops.funds.service import create_fund
from fundops.ids import uuid7
from fundops.imports.context import Batched, Load, new_row
from fundops.imports.records import ContributionRecord, ProjectRecord, Record
from fundops.imports.rules import names_nobody
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.models import Party, PartyAlias

OPENING_CODE = "OPENING"
NAME_CHARS = 300
REGION_CHARS = 120
UNSTATED_KIND = "civil_society"
"""The kind of a grantee whose source says only "other"."""


def open_funds(load: Load, records: Iterable[Record]) -> None:
    """Find the funds that ``records`` name, opening those that are missing.

    A fund in another base currency than the records', one that is closed, and a code that cannot
    be a fund's stop the import.
    """
    wanted: dict[str, Record] = {}
    for record in records:
        wanted.setdefault(record.fund_code, record)  # type: ignore[attr-defined]
    found = load.db.execute(select(Fund).where(Fund.code.in_(wanted))).scalars()
    load.funds.update({fund.code: fund for fund in found})
    for code, record in sorted(wanted.items()):
        if code not in load.funds:
            _open_fund(load, code, record)
        fund = load.funds.get(code)
        if fund is None:
            continue
        if fund.base_currency != record.currency:
            load.stop("fund_currency", record, fund=code, currency=fund.base_currency)
        if fund.status != "open":
            load.stop("fund_closed", record, fund=code)


def _open_fund(load: Load, code: str, record: Record) -> None:
    name = getattr(record, "fund_name", "") or code
    try:
        given = FundIn(code=code, name=name, base_currency=record.currency)
    except ValidationError:
        load.stop("fund_code", record)
        return
    load.funds[code] = create_fund(load.db, load.author, given)
    load.warn("fund_opened", record, fund=code)


class Parties:
    """The parties of the database by name and kind; new ones are written by ``write``."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._new: list[tuple[dict[str, object], str]] = []
        self._by_name: dict[str, list[tuple[str, UUID]]] = {}
        self._by_shape: dict[str, str] = {}
        query = select(Party.name, Party.kind, Party.id).where(Party.kind != "pseudo")
        for name, kind, party_id in load.db.execute(query.order_by(Party.id)):
            self._remember(name, kind, party_id)
        aliases = select(PartyAlias.spelling, PartyAlias.party_id).where(
            PartyAlias.reviewed_by_id.is_not(None)
        )
        self._alias = {row[0]: row[1] for row in load.db.execute(aliases)}

    def donor(self, record: ContributionRecord) -> UUID:
        """Return the donor of a contribution: by reviewed spelling, else by name."""
        name = record.donor_name[:NAME_CHARS]
        found = self._alias.get(name) or self._named(name, record.donor_type, any_kind=True)
        if found is not None:
            return found
        country = country_named(name) if record.donor_type == "state" else None
        return self._create(record, name, record.donor_type, country, record.region)

    def grantee(self, record: ProjectRecord) -> UUID:
        """Return the grantee of a project: by reviewed spelling, else by name and kind."""
        kind, name = record.partner_kind or UNSTATED_KIND, record.partner_name[:NAME_CHARS]
        nameless = names_nobody(name)
        if nameless:
            name = text("loading.unnamed_party", kind=name, fund=record.fund_code)
        found = self._alias.get(name) or self._named(name, kind, any_kind=False)
        if found is not None:
            return found
        if nameless:
            self._load.warn("unnamed_party_made", record, party=name)
        return self._create(record, name, kind, None, "")

    def is_reviewed(self, name: str) -> bool:
        """Return whether a person has said whose spelling ``name`` is."""
        return name[:NAME_CHARS] in self._alias

    def _named(self, name: str, kind: str, *, any_kind: bool) -> UUID | None:
        candidates = self._by_name.get(name, [])
        same = [party_id for its_kind, party_id in candidates if its_kind == kind]
        if same:
            return same[0]
        return candidates[0][1] if any_kind and len(candidates) == 1 else None

    def _create(
        self, record: Record, name: str, kind: str, country: str | None, region: str
    ) -> UUID:
        known = self._by_shape.get(_shape(name))
        if known is not None and known != name:
            self._load.warn("similar_party", record, party=name, known=known)
        row = new_row(
            Party, id=uuid7(), kind=kind, name=name, country=country,
            region=region[:REGION_CHARS] or None, public_label=name,
        )  # fmt: skip
        self._new.append((row, self._load.reason(record)))
        self._remember(name, kind, row["id"])
        return row["id"]  # type: ignore[no-any-return]

    def _remember(self, name: str, kind: str, party_id: UUID) -> None:
        self._by_name.setdefault(name, []).append((kind, party_id))
        self._by_shape.setdefault(_shape(name), name)

    def write(self) -> None:
        """Write the parties made since, each with its event."""
        load = self._load
        if not self._new:
            return
        given = codes.next_codes(load.db, "PTY", clock.today("UTC").year, len(self._new))
        out = Batched(load)
        for (row, reason), code in zip(self._new, given, strict=True):
            row["code"] = code
            out.add(Party, "party", "party.imported", row, fund_id=None, reason=reason)
        out.write()
        self._new = []


def opening_party(load: Load) -> UUID:
    """Return the pseudo-donor of opening balances, made when first needed."""
    query = select(Party.id).where(Party.code == OPENING_CODE)
    found = load.db.execute(query).scalar_one_or_none()
    if found is not None:
        return found
    name = text("loading.opening_party")
    row = new_row(Party, id=uuid7(), code=OPENING_CODE, kind="pseudo", name=name, public_label=name)
    out = Batched(load)
    reason = text("loading.reason.opening_party")
    out.add(Party, "party", "party.imported", row, fund_id=None, reason=reason)
    out.write()
    return row["id"]  # type: ignore[no-any-return]


def _shape(name: str) -> str:
    """Return what two spellings of one name have in common: letters and digits, case folded."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in plain if char.isalnum())


@cache
def country_named(name: str) -> str | None:
    """Return the ISO 3166 alpha-2 code of the country with exactly this name, if there is one."""
    import pycountry

    try:
        found = pycountry.countries.lookup(name)
    except LookupError:
        return None
    # A lookup also takes codes for names; a party called "Mali" is a country, one called "ML" not.
    names = {found.name, getattr(found, "official_name", ""), getattr(found, "common_name", "")}
    return str(found.alpha_2) if name.casefold() in {one.casefold() for one in names} else None


@cache
def country_coded(alpha_3: str) -> str | None:
    """Return the ISO 3166 alpha-2 code for an alpha-3 one; ``None`` for codes that are none."""
    import pycountry

    found = pycountry.countries.get(alpha_3=alpha_3)
    return None if found is None else str(found.alpha_2)
