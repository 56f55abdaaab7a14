"""Small invented sources for the loading tests, and what the books say, in comparable form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops.db import Base, Database
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Agreement, Instalment, Lot, Pledge, Receipt
from fundops.grants.models import Grant, Refund
from fundops.imports.load import ImportResult, run_import
from fundops.ledger import balances
from fundops.ledger.models import Fund, Transfer
from fundops.parties.models import Party

DATE = 'formats = ["%Y-%m-%d"]'

GIFTS = f"""
name = "test-gifts"
title = "Invented gifts"
kind = "contribution"
currency = "USD"
key = ["code", "paid_on", "paid_local_minor"]
repeats = "number"
pledge_basis = "{{basis}}"
[fields]
code = {{{{ column = "code" }}}}
fund_code = {{{{ column = "fund" }}}}
fund_name = {{{{ column = "fund" }}}}
donor_name = {{{{ column = "donor" }}}}
donor_type = {{{{ constant = "state" }}}}
fiscal_year = {{{{ column = "year" }}}}
status = {{{{ column = "status" }}}}
pledged_on = {{{{ column = "pledged", {DATE} }}}}
pledge_currency = {{{{ column = "pcur" }}}}
pledge_rate = {{{{ column = "prate" }}}}
pledge_local_minor = {{{{ column = "plocal" }}}}
outstanding_minor = {{{{ column = "out" }}}}
paid_on = {{{{ column = "paid", {DATE} }}}}
paid_currency = {{{{ column = "cur" }}}}
paid_rate = {{{{ column = "rate" }}}}
paid_local_minor = {{{{ column = "local" }}}}
paid_minor = {{{{ column = "base" }}}}
comment = {{{{ column = "comment" }}}}
"""

PROJECTS = f"""
name = "test-projects"
title = "Invented projects"
kind = "project"
currency = "USD"
key = ["code"]
[fields]
code = {{ column = "code" }}
fund_code = {{ column = "fund" }}
round_title = {{ column = "round" }}
year = {{ column = "year" }}
partner_name = {{ column = "partner" }}
partner_type = {{ constant = "national_ngo" }}
title = {{ column = "title" }}
budget_minor = {{ column = "budget" }}
approved_on = {{ column = "approved", {DATE} }}
starts_on = {{ column = "starts", {DATE} }}
status = {{ constant = "open" }}
"""

ROUNDS = f"""
name = "test-rounds"
title = "Invented rounds"
kind = "round"
currency = "USD"
key = ["fund_code", "number"]
[fields]
fund_code = {{ column = "fund" }}
fund_name = {{ column = "fund" }}
number = {{ column = "number" }}
title = {{ column = "title" }}
source_kind = {{ column = "kind" }}
year = {{ column = "year" }}
planned_minor = {{ column = "planned" }}
opens_on = {{ column = "opens", {DATE} }}
"""

PAYMENTS = f"""
name = "test-payments"
title = "Invented payments"
kind = "transaction"
currency = "USD"
key = ["project_code", "kind", "ref"]
[fields]
project_code = {{ column = "project" }}
fund_code = {{ column = "fund" }}
kind = {{ column = "kind" }}
ref = {{ column = "ref" }}
on = {{ column = "on", {DATE} }}
amount_minor = {{ column = "amount" }}
receiver = {{ constant = "somebody" }}
"""

Row = Mapping[str, str]


def gift(code: str = "G-1", **cells: str) -> Row:
    """Return a gift: 1,000.00 USD from Norway, paid on 10 January 2024, unless cells differ."""
    return {
        "code": code, "fund": "AAA11", "donor": "Norway", "year": "2024", "status": "",
        "pledged": "2024-01-02", "pcur": "USD", "prate": "1", "plocal": "0", "out": "0",
        "paid": "2024-01-10", "cur": "USD", "rate": "1", "local": "1000", "base": "1000",
        "comment": "",
    } | cells  # fmt: skip


def open_gift(code: str = "G-1", amount: str = "1000", **cells: str) -> Row:
    """Return a gift that is promised and not paid."""
    unpaid = {"paid": "", "cur": "", "rate": "", "local": "", "base": "0"}
    return gift(code, **(unpaid | {"plocal": amount, "out": amount} | cells))


def project(code: str = "P-1", **cells: str) -> Row:
    """Return a project of 400.00 USD, approved on 1 March 2024."""
    return {
        "code": code, "fund": "AAA11", "round": "", "year": "2024", "partner": "Safe Harbour",
        "title": "Shelter", "budget": "400", "approved": "2024-03-01", "starts": "",
    } | cells  # fmt: skip


def round_(number: str = "7", **cells: str) -> Row:
    """Return an allocation round."""
    return {
        "fund": "AAA11", "number": number, "title": "First round", "kind": "standard",
        "year": "2024", "planned": "5000", "opens": "2024-02-01",
    } | cells  # fmt: skip


def move(kind: str, ref: str, on: str, amount: str, project: str = "P-1") -> Row:
    """Return a transaction of a project."""
    return {
        "project": project, "fund": "AAA11", "kind": kind, "ref": ref, "on": on, "amount": amount,
    }  # fmt: skip


class Source:
    """Writes profiles and files into a folder and imports them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(
        self, database: Database, name: str, rows: Sequence[Row], **options: Any
    ) -> ImportResult:
        """Import ``rows`` under the invented profile ``name``."""
        text = {
            "gifts": GIFTS.format(basis="outstanding"),
            "gross": GIFTS.format(basis="gross"),
            "projects": PROJECTS,
            "rounds": ROUNDS,
            "payments": PAYMENTS,
        }[name]
        profile = self.folder / f"{name}.toml"
        profile.write_text(text, encoding="utf-8")
        path = self.folder / f"{name}.csv"
        header = list(rows[0])
        lines = [",".join(header), *(",".join(f'"{row[h]}"' for h in header) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return run_import(database, profile, [path], **options)


def counts(db: Session) -> dict[str, int]:
    """Return the number of rows of every table."""
    return {
        table.name: db.execute(select(func.count()).select_from(table)).scalar_one()
        for table in Base.metadata.tables.values()
    }


def books(db: Session) -> dict[str, Any]:
    """Return what stands, without what history it took: equal for equal facts.

    Codes are left out where a number in them counts corrections, and so are cancelled pledges.
    """
    names = {row[0]: row[1] for row in db.execute(select(Party.id, Party.name))}
    agreements = {row[0]: row[1] for row in db.execute(select(Agreement.id, Agreement.pledge_id))}
    pledges = db.execute(select(Pledge).where(Pledge.status != "cancelled")).scalars().all()
    standing = {pledge.id: pledge.source_code for pledge in pledges}
    return {
        "pledges": sorted(
            (p.source_code, p.amount_minor, p.currency, p.rate, p.base_minor, names[p.donor_id],
             str(p.pledged_on), p.fiscal_year, p.status)
            for p in pledges
        ),
        "receipts": sorted(
            (str(r.received_on), r.amount_minor, r.currency, r.rate, r.base_minor,
             r.matched_minor, names[r.payer_id])
            for r in db.execute(select(Receipt).where(Receipt.status == "booked")).scalars()
        ),
        "lots": sorted(
            (lot.kind, str(lot.opened_on), lot.amount_minor, lot.receipt_minor, lot.settled_minor,
             names[lot.donor_id])
            for lot in db.execute(select(Lot).where(Lot.status == "open")).scalars()
        ),
        "instalments": sorted(
            (standing[pledge_id], i.amount_minor, i.currency, i.matched_minor,
             i.written_off_minor, str(i.due_on))
            for i in db.execute(select(Instalment)).scalars()
            if (pledge_id := agreements[i.agreement_id]) in standing and pledge_id is not None
        ),
        "grants": sorted(
            (g.source_code, g.title, g.awarded_minor, g.adjusted_minor, g.paid_minor,
             g.refunded_minor, str(g.awarded_on), names[g.grantee_id], g.status)
            for g in db.execute(select(Grant)).scalars() if g.status != "cancelled"
        ),
        "paid": sorted(
            (d.reference, d.amount_minor, str(d.paid_on))
            for d in db.execute(select(Disbursement).where(Disbursement.status == "paid")).scalars()
        ),
        "refunds": sorted(
            (r.reference, r.amount_minor, str(r.received_on))
            for r in db.execute(select(Refund).where(Refund.status == "booked")).scalars()
        ),
        "balances": {
            fund.code: {
                kind: balance.minor
                for kind, balance in sorted(balances.by_kind(db, fund.id).items())
                if balance.minor
            }
            for fund in db.execute(select(Fund).order_by(Fund.code)).scalars()
        },
    }  # fmt: skip


def fund(db: Session, code: str = "AAA11") -> Fund:
    """Return a fund by its code."""
    return db.execute(select(Fund).where(Fund.code == code)).scalar_one()


def transfers(db: Session) -> int:
    """Return the number of transfers."""
    return db.execute(select(func.count()).select_from(Transfer)).scalar_one()


def codes(result: ImportResult) -> list[str]:
    """Return the codes of what loading found, in order."""
    return [f.code for f in result.findings if f not in result.batch.findings]
