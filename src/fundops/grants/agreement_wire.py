"""Grant agreements as the API gives them: plain values from rows and texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from fundops.calls.codelists import get as code_list
from fundops.grants import agreement_content as content
from fundops.grants.agreement_content import Difference
from fundops.grants.agreement_models import GrantAgreementReceipt
from fundops.grants.agreement_queries import Held
from fundops.schemas import money_out


def agreement_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an agreement's row."""
    return {
        "id": row.id,
        "grant_id": row.grant_id,
        "grant_code": row.grant_code,
        "grant_status": row.grant_status,
        "fund_id": row.fund_id,
        "grantee": {
            "id": row.grantee_id, "code": row.grantee_code, "name": row.grantee_name,
        },
        "title": row.title,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "amount": money_out(row.amount_minor, row.base_currency),
        "in_force_number": row.in_force_number,
        "last_number": row.last_number,
        "last_status": row.last_status,
    }  # fmt: skip


def detail_out(row: Any, versions: Sequence[Held]) -> dict[str, Any]:
    """Return the wire form of an agreement with its versions."""
    return agreement_out(row) | {
        "versions": [
            {
                "number": held.version.number,
                "status": held.version.status,
                "amendment_id": held.version.amendment_id,
                "amount": money_out(held.text.amount_minor, row.base_currency),
                "starts_on": held.text.starts_on,
                "ends_on": held.text.ends_on,
                "sha256": held.text.sha256,
                "in_force_at": held.version.in_force_at,
            }
            for held in versions
        ]
    }


def version_out(held: Held, currency: str) -> dict[str, Any]:
    """Return the wire form of a version."""
    version, said = held.version, content.read(held.text.content)
    names = (
        "number", "status", "amendment_id", "by_notice", "needs_revision", "prepared_by_id",
        "offered_at", "signed_by_id", "recorded_by_id", "signing_office", "evidence_file_id",
        "signed_on", "countersigned_by_id", "in_force_at", "ended_at", "end_reason", "version",
    )  # fmt: skip
    own = {name: getattr(version, name) for name in names}
    said_out = agreed_out(said, currency)
    return {"grant_id": held.grant.id} | own | said_out | {"sha256": held.text.sha256}


def agreed_out(said: content.Agreed, currency: str) -> dict[str, Any]:
    """Return the wire form of what a text says."""
    return {
        "title": said.title,
        "language": said.language,
        "starts_on": said.starts_on,
        "ends_on": said.ends_on,
        "amount": money_out(said.amount_minor, currency),
        "special_conditions": said.special_conditions,
        "budget": [line_out(n, line, currency) for n, line in enumerate(said.lines, 1)],
        "results": [result_out(number, one) for number, one in enumerate(said.results, 1)],
    }


def line_out(number: int, line: content.Line, currency: str) -> dict[str, Any]:
    """Return the wire form of a budget line."""
    return {
        "number": number,
        "category": line.category,
        "description": line.description,
        "objectives": [
            {"objective": one, "percent": share} for one, share in sorted(line.objectives.items())
        ],
        "amount": money_out(line.amount_minor, currency),
    }


def result_out(number: int, one: content.Result) -> dict[str, Any]:
    """Return the wire form of an agreed result."""
    return {
        "number": number, "indicator": one.indicator, "baseline": one.baseline,
        "target": one.target, "note": one.note,
    }  # fmt: skip


def changes_out(
    before: tuple[int, content.Agreed], after: tuple[int, content.Agreed], currency: str
) -> dict[str, Any]:
    """Return the wire form of what differs between two numbered texts."""
    (old_number, old), (new_number, new) = before, after
    found: Difference = content.difference(old, new)

    def term(name: str, value: Any) -> Any:
        if name == "amount_minor":
            return money_out(value, currency)
        return value.isoformat() if isinstance(value, date) else value

    return {
        "from_number": old_number,
        "to_number": new_number,
        "terms": [
            {
                "name": name.removesuffix("_minor"),
                "before": term(name, was),
                "after": term(name, now),
            }
            for name, (was, now) in found.terms.items()
        ],
        "budget": [
            {
                "change": _change(was, now),
                "before": was and line_out(old.lines.index(was) + 1, was, currency),
                "after": now and line_out(new.lines.index(now) + 1, now, currency),
            }
            for was, now in found.lines
        ],
        "results": [
            {
                "change": _change(was_result, is_result),
                "before": was_result and result_out(old.results.index(was_result) + 1, was_result),
                "after": is_result and result_out(new.results.index(is_result) + 1, is_result),
            }
            for was_result, is_result in found.results
        ],
    }


def _change(was: object, now: object) -> str:
    if was is None:
        return "added"
    return "removed" if now is None else "changed"


def receipt_out(number: int, receipt: GrantAgreementReceipt) -> dict[str, Any]:
    """Return the wire form of a receipt."""
    return {
        "number": number, "body": receipt.body, "sha256": receipt.sha256,
        "key_id": receipt.key_id, "signature": receipt.signature, "issued_at": receipt.issued_at,
    }  # fmt: skip


def sums_out(rows: Sequence[Any]) -> dict[str, Any]:
    """Return the wire form of budgets in force by fund and category."""
    names = code_list("budget_category")
    items = [
        {
            "fund_id": row.fund_id,
            "fund_code": row.fund_code,
            "category": row.category,
            "label": names.label(row.category),
            "grants": row.grants,
            "amount": money_out(int(row.minor), row.base_currency),
        }
        for row in rows
    ]
    return {"items": items, "next_cursor": None}
