"""The documents behind items of a sample: who, when, which lots, references and evidence.

Read for all items of a sample at once, so that the number of queries does not hang on how many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Agreement, Lot, Receipt
from fundops.expenditures.models import ExpenditureLine, ExpenditureStatement
from fundops.grants.agreement_models import GrantAgreement
from fundops.grants.models import Grant, Tranche
from fundops.ledger.models import Transfer
from fundops.messages import text
from fundops.parties.labels import shown_name
from fundops.parties.models import Party, Person
from fundops.reports.models import ProgressReport, ReportEvidence


@dataclass(frozen=True)
class Documents:
    """What stands behind one item, in words; empty where nothing is recorded."""

    grant: str = ""
    payee: str = ""
    days: str = ""
    signatures: str = ""
    lots: str = ""
    reference: str = ""
    papers: str = ""


def documents(
    db: Session, actor: Actor, items: Sequence[Any], language: str
) -> dict[UUID, Documents]:
    """Return what stands behind each record of ``items`` (of one record type)."""
    if not items:
        return {}
    ids = [one.record_id for one in items]
    return _Reader(db, actor, language).of(items[0].record_type, ids)


class _Reader:
    """Reads documents in one language, with the names that an actor may read."""

    def __init__(self, db: Session, actor: Actor, language: str) -> None:
        self.db, self.actor, self.language = db, actor, language

    def of(self, record_type: str, ids: Sequence[UUID]) -> dict[UUID, Documents]:
        read: dict[str, Callable[[Sequence[UUID]], dict[UUID, Documents]]] = {
            "disbursement": self._disbursements,
            "receipt": self._receipts,
            "expenditure_line": self._lines,
        }
        return read[record_type](ids)

    def say(self, key: str, **params: Any) -> str:
        return text(f"samples.document.{key}", self.language, **params)

    def steps(self, *pairs: tuple[str, Any]) -> str:
        """Return what was done, when or by whom; what is not recorded says so."""
        nothing = self.say("not_recorded")
        return "; ".join(f"{self.say(key)}: {value or nothing}" for key, value in pairs)

    def persons(self, ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
        wanted = {one for one in ids if one is not None}
        query = select(Person.id, Person.code).where(Person.id.in_(wanted))
        return {row.id: row.code for row in self.db.execute(query)}

    def names(self, ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
        wanted = {one for one in ids if one is not None}
        query = select(Party).where(Party.id.in_(wanted))
        return {one.id: shown_name(one, self.actor) for one in self.db.execute(query).scalars()}

    def lots(self, ids: Sequence[UUID]) -> dict[UUID, str]:
        """Return the codes of the lots that transfers of records moved."""
        query = (
            select(Transfer.source_id, Lot.code)
            .join(Lot, Lot.id == Transfer.lot_id)
            .where(Transfer.source_id.in_(ids))
            .distinct()
        )
        return self.joined(query)

    def joined(self, query: Any) -> dict[UUID, str]:
        """Return the texts of (id, text) rows by id, in order, joined."""
        found: dict[UUID, list[str]] = defaultdict(list)
        for key, word in self.db.execute(query):
            found[key].append(str(word))
        return {key: ", ".join(sorted(words)) for key, words in found.items()}

    def _disbursements(self, ids: Sequence[UUID]) -> dict[UUID, Documents]:
        query = (
            select(Disbursement, Grant.code, Grant.grantee_id, Tranche.number,
                   GrantAgreement.last_number)
            .join(Grant, Grant.id == Disbursement.grant_id)
            .outerjoin(Tranche, Tranche.id == Disbursement.tranche_id)
            .outerjoin(GrantAgreement, GrantAgreement.grant_id == Grant.id)
            .where(Disbursement.id.in_(ids))
        )  # fmt: skip
        rows = self.db.execute(query).all()
        names, lots = self.names(row.grantee_id for row in rows), self.lots(ids)
        persons = self.persons(
            person
            for row in rows
            for person in _signed(row[0])
        )  # fmt: skip
        found = {}
        for one, grant, grantee_id, tranche, agreement in rows:
            asked, certified, approved, sent, paid = (persons.get(p) for p in _signed(one))
            found[one.id] = Documents(
                grant,
                names.get(grantee_id, ""),
                self.steps(
                    ("requested", one.requested_on), ("certified", _day(one.certified_at)),
                    ("approved", _day(one.approved_at)), ("sent", _day(one.sent_at)),
                    ("paid", one.paid_on),
                ),
                self.steps(
                    ("requested", asked), ("certified", certified), ("approved", approved),
                    ("sent", sent), ("paid", paid),
                ),
                lots.get(one.id, ""),
                one.reference or "",
                self.steps(
                    ("evidence", one.evidence_kind), ("file", one.evidence_file_id),
                    ("tranche", tranche), ("agreement", agreement),
                ),
            )  # fmt: skip
        return found

    def _receipts(self, ids: Sequence[UUID]) -> dict[UUID, Documents]:
        rows = list(self.db.execute(select(Receipt).where(Receipt.id.in_(ids))).scalars())
        names = self.names(party for one in rows for party in (one.payer_id, one.donor_id))
        persons = self.persons(one.booked_by_id for one in rows)
        lots = self.joined(select(Lot.receipt_id, Lot.code).where(Lot.receipt_id.in_(ids)))
        agreements = self.joined(
            select(Lot.receipt_id, Agreement.code)
            .join(Agreement, Agreement.id == Lot.agreement_id)
            .where(Lot.receipt_id.in_(ids))
            .distinct()
        )
        return {
            one.id: Documents(
                "",
                names.get(one.donor_id or one.payer_id, ""),
                self.steps(("received", one.received_on), ("rate", one.rate_on)),
                self.steps(("booked", persons.get(one.booked_by_id))),
                lots.get(one.id, ""),
                one.bank_reference or "",
                self.steps(("agreement", agreements.get(one.id)),
                           ("rate", f"{one.currency} {one.rate}")),
            )
            for one in rows
        }  # fmt: skip

    def _lines(self, ids: Sequence[UUID]) -> dict[UUID, Documents]:
        statement: Any = ExpenditureStatement
        query = (
            select(ExpenditureLine, statement, Grant.code, Grant.grantee_id, ProgressReport.id,
                   ProgressReport.code)
            .join(statement, statement.id == ExpenditureLine.statement_id)
            .join(Grant, Grant.id == statement.grant_id)
            .outerjoin(ProgressReport, ProgressReport.statement_id == statement.id)
            .where(ExpenditureLine.id.in_(ids))
        )  # fmt: skip
        rows = self.db.execute(query).all()
        names = self.names(row.grantee_id for row in rows)
        persons = self.persons(p for row in rows for p in (row[1].reported_by_id,
                                                           row[1].decided_by_id))  # fmt: skip
        lots = self.lots([row[1].id for row in rows])
        evidence = self._evidence([row[4] for row in rows if row[4] is not None])
        return {
            line.id: Documents(
                grant,
                names.get(grantee_id, ""),
                self.steps(("period", f"{its.starts_on}/{its.ends_on}"),
                           ("accepted", its.accepted_on)),
                self.steps(("reported", persons.get(its.reported_by_id)),
                           ("accepted", persons.get(its.decided_by_id))),
                lots.get(its.id, ""),
                its.code,
                self.steps(("report", report), ("evidence", evidence.get(report_id))),
            )
            for line, its, grant, grantee_id, report_id, report in rows
        }  # fmt: skip

    def _evidence(self, report_ids: Sequence[UUID]) -> dict[UUID | None, int]:
        query = (
            select(ReportEvidence.report_id, func.count())
            .where(ReportEvidence.report_id.in_(report_ids), ReportEvidence.removed_at.is_(None))
            .group_by(ReportEvidence.report_id)
        )
        return {row[0]: int(row[1]) for row in self.db.execute(query)}


def _signed(one: Disbursement) -> tuple[UUID | None, ...]:
    return (
        one.requested_by_id, one.certified_by_id, one.approved_by_id, one.sent_by_id,
        one.paid_by_id,
    )  # fmt: skip


def _day(instant: Any) -> Any:
    return None if instant is None else instant.date()
