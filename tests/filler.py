"""One valid row in every table, whatever the tables are: for migrations, and for foreign records.

A row takes what its columns and CHECKs allow: the first value of a code list, a first amount, a
row made before for a foreign key. Rules across columns are in ``OVERRIDES``; a new table whose
rules need more fails here with the name of the constraint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    Table,
    Uuid,
    insert,
    select,
)

from fundops.audit import GENESIS, event_hash, payload_digest
from fundops.banking.profile import sample as sample_profile
from fundops.db import Text, UtcDateTime
from fundops.disbursements.duties import FOUR
from fundops.grants.policy import canonical, sample
from fundops.models import metadata

AT = datetime(2026, 1, 5, 12, 30, 45, 678901, tzinfo=UTC)
ON = date(2026, 1, 15)
_KNOWN = re.compile(r"(\w+) IN \('([^']*)'")
_numbers = count(1)


def sample_text() -> str:
    """Return a policy's content that can be read."""
    return canonical(sample(uuid4(), "USD").content)


AGREED = (
    '{"amount":"100.00","budget":[],"currency":"USD","ends_on":"2026-12-31","grant":"GRT",'
    '"language":"en","results":[],"special_conditions":null,"starts_on":"2026-01-01",'
    '"title":"Houses","version":1}'
)
"""The least text of a grant agreement."""

ASSESSED = '{"capacity":{"areas":[]},"due_diligence":[],"performance":{"figures":[]},"steps":[]}'
"""The least content of a partner assessment."""

# What rules across columns, or unique keys without any text, want to have.
OVERRIDES: Mapping[str, Mapping[str, Any]] = {
    "accounts": {"debits_minor": 0, "credits_minor": 0, "kind": "opening", "normal": "credit"},
    "agreements": {"earmark": '{"category":1}'},
    "assignments": {"conflict_id": None, "status": "invited"},
    "audit_workbooks": {"manifest": '{"manifest":{},"signature":null}'},
    "audit_engagements": {"kind": "spot_check", "opinion": None},
    "audit_findings": {"supported_minor": 0, "refunded_minor": 0, "justified_minor": 0,
        "written_off_minor": 0, "status": "open", "answered_by_id": None, "closed_by_id": None,
        "closed_at": None,
    },
    "finding_settlements": {"status": "proposed", "decided_by_id": None, "decided_at": None,
        "reverses_id": None,
    },
    "finding_entries": {"reverses_id": None},
    "incidents": {"status": "reported", "outcome": None, "assessed_by_id": None,
        "closed_by_id": None,
    },
    "incident_notices": {"status": "owed", "sent_how": None, "sent_by_id": None, "sent_at": None,
        "messages": None, "reference": None,
    },
    "export_jobs": {"status": "queued", "lease_id": None, "lease_until": None, "reason": None,
        "manifest": None,
    },
    "board_items": {
        "outcome": "reject", "amount_minor": None, "place": None, "basis": "cash",
        "instalment_id": None, "promotion_asked_by_id": None, "promotion_confirmed_by_id": None,
    },
    "boards": {"mode": "meeting", "status": "draft", "first_confirmed_by_id": None,
        "second_confirmed_by_id": None,
    },
    "call_criteria": {"kind": "criterion", "objective": None, "scale_min": 100, "scale_max": 500,
        "scale_step": 50, "weight_bp": 10_000, "anchors": "[]",
    },
    "call_extensions": {"new_deadline_at": AT + timedelta(days=1)},
    "call_questions": {"status": "asked", "answered_at": None, "answer": None},
    "call_rules": {"kind": "own_account", "parameters": "{}"},
    "calls": {"grace_minutes": 30, "modality": "emergency", "languages": "[]", "targets": "{}",
        "limits": "[]",
    },
    "conflicts": {"party_id": None},
    "contact_channels": {"person_id": None, "replaces_id": None, "verified_how": None,
        "verified_at": None, "verified_by_id": None, "retired_at": None, "retired_by_id": None,
        "address": "office@example.org",
    },
    "notices": {"facts": "{}", "lease_until": None, "sent_at": None, "why": None,
        "digest_id": None, "in_inbox": True,
    },
    "consensuses": {"participants": "[]"},
    "bank_accounts": {"status": "proposed", "approved_by_id": None, "cap_minor": None,
        "origin": "first", "cap_currency": None, "blocked_by_id": None, "ended_at": None,
    },
    "bank_statements": {"findings": "[]"},
    "fund_bank_accounts": {"status": "proposed", "decided_by_id": None},
    "payment_batches": {"status": "draft", "released_by_id": None, "sha256": None,
        "charges": "SHAR",
    },
    "voucher_profiles": {"status": "proposed", "decided_by_id": None,
        "content": sample_profile().model_dump_json,
    },
    "disbursements": {"paid_by_id": None, "paid_on": None, "status": "requested",
        "certified_by_id": None, "approved_by_id": None, "sent_by_id": None, "returned_on": None,
    },
    "duty_profiles": {"status": "proposed", "decided_by_id": None,
        "content": FOUR.stored,
    },
    "payment_holds": {"grant_id": None, "disbursement_id": None, "lifted_by_id": None,
        "lifted_at": None,
    },
    "person_limits": {"decided_by_id": None},
    "same_persons": {"recorded_by_id": None},
    "sanctions_checks": {"status": "clear", "resolved_by_id": None},
    "donor_choices": {"kind": "return", "new_lot_id": None},
    "eligibility_decisions": {"findings": "[]"},
    "exchange_rates": {"starts_on": lambda: ON + timedelta(days=next(_numbers))},
    "advance_write_offs": {"status": "requested", "decided_by_id": None, "decided_at": None,
        "refund_request_id": None,
    },
    "expenditure_lines": {"accepted_minor": None, "unsupported_minor": None, "kind": "expenditure"},
    "report_receipts": {"body": "{}"},
    "report_contents": {"content": "{}"},
    "audit_samples": {"call_id": None, "method": "random", "risk_ppm": 50_000, "size": 1,
        "expected_minor": 0, "tolerable_minor": 100, "interval_minor": None, "start_minor": None,
        "population_minor": 100, "ledger_minor": 100, "beside_minor": 0, "bands": "[]",
        "strata": '{"all":{"items":1,"amount_minor":100,"taken":1}}', "status": "drawn",
        "evaluated_by_id": None, "upper_minor": None, "reviewed_by_id": None,
        "confidence": "1.644854", "expansion": None,
    },
    "sample_items": {"point_minor": None, "first_minor": None, "last_minor": None,
        "record_type": "disbursement", "stratum": "all", "why": "random",
    },
    "retention_rules": {"status": "proposed", "decided_by_id": None, "decided_at": None},
    "expenditure_statements": {"status": "reported", "decided_by_id": None, "decided_at": None,
        "accepted_on": None, "accepted_minor": 0, "prefinanced_minor": 0, "disallowed_minor": 0,
        "replaces_id": None, "reason": None,
    },
    "grant_closings": {"status": "proposed", "confirmed_by_id": None, "confirmed_at": None,
        "attempts": "[]", "residual_minor": 0, "freed_minor": 0,
    },
    "receivable_entries": {"kind": "refunded"},
    "receivables": {"settled_minor": 0},
    "refund_requests": {"received_minor": 0, "written_off_minor": 0},
    "files": {"cleaned": "[]"},
    "fund_policies": {"status": "proposed", "decided_by_id": None, "content": sample_text},
    "grant_agreement_versions": {"status": "draft", "by_notice": False, "countersigned_by_id": None,
        "signed_at": None, "signed_by_id": None, "recorded_by_id": None, "amendment_id": None,
    },
    "grant_agreement_texts": {"content": AGREED},
    "grant_amendments": {"needed": "[]", "content": AGREED},
    "grant_budget_lines": {"objectives": "{}"},
    "grant_suspensions": {"resumed_by_id": None},
    "grant_terminations": {"decided_by_id": None},
    "grants": {"paid_minor": 0, "requested_minor": 0, "refunded_minor": 0, "adjusted_minor": 0,
        "objectives": "{}", "status": "awarded",
    },
    "instalments": {"matched_minor": 0, "written_off_minor": 0},
    "lots": {"earmark": '{"category":1}', "replaces_id": None},
    "memberships": {
        "role": "auditor", "party_id": None, "delegated_by_id": None, "lent_membership_id": None,
        "valid_until": None,
    },
    "organisation_profiles": {"languages": "[]", "annual_budget_currency": "USD"},
    "parties": {"country": "AT"},
    "partner_assessments": {"status": "proposed", "decided_by_id": None, "decided_at": None,
        "applicable": 1, "score": 1, "override_reason": None, "risk_assessment_id": None,
        "content": ASSESSED,
    },
    "party_freezes": {"restore_requested_by_id": None, "restored_by_id": None},
    "places_at_risk": {"lifted_by_id": None, "lifted_at": None, "lift_reason": None},
    "proposal_budget_lines": {"share_bp": 10_000},
    "proposal_codes": {"percent": 60},
    "proposal_versions": {"number": 1, "kind": "draft", "content": "{}"},
    "proposals": {"status": "draft", "submitted_number": None, "last_number": 1},
    "published_activities": {
        "organisations": "[]", "countries": "[]", "regions": "[]", "places": "[]",
    },
    "requirements": {"status": "due", "done_on": None, "waived_by_id": None,
        "waiver_requested_by_id": None,
    },
    "receipts": {"fee_minor": 0, "exchange_minor": 0, "matched_minor": 0},
    "rankings": {"parameters": '{"order":"raw"}', "result": '{"rows":[]}'},
    "accepted_versions": {"superseded_seq": None},
    "source_targets": {"superseded_seq": None},
    "progress_reports": {"status": "accepted", "correction_reason": None, "asks_narrative": True,
        "submitted_by_id": None,
    },
    "releases": {"status": "prepared", "published_at": None, "published_by_id": None,
        "withdrawn_at": None, "withdrawn_by_id": None, "reason": None, "withheld_at": None,
    },
    "report_evidence": {"kind": "register", "file_id": None, "removed_at": None,
        "removed_by_id": None,
    },
    "local_receipts": {"reverses_id": None, "reason": None},
    "report_certifications": {"is_expenditure_certified": True},
    "report_values": {"dimension": "total", "code": "", "denominator": None},
    "review_drafts": {"content": "{}"},
    "reviewers": {"max_load": 10, "languages": "[]", "regions": "[]"},
    "reviews": {"weighted": 5_000, "status": "submitted"},
    "submission_receipts": {"body": "{}"},
    "tranche_conditions": {"status": "open", "words": None, "met_by_id": None, "waived_by_id": None,
        "waiver_requested_by_id": None,
    },
    "tokens": {"made_with_id": None, "role": None, "party_id": None, "fund_id": None},
    "transfers": {"reverses_id": None},
    "uploads": {"status": "declared", "file_id": None, "received_bytes": 0},
    "write_offs": {"party_id": None, "decided_by_id": None, "decided_at": None},
}  # fmt: skip


OWN_TABLES = frozenset({"audit_head", "audit_events", "audit_payloads"})
"""The chain, which is filled with a real event instead of any event."""

OF_TWO_PERSONS = {
    "amendment_approvals": "person_id", "call_backs": "proposed_by_id",
    "person_limits": "proposed_by_id", "same_persons": "other_id",
}  # fmt: skip
"""Tables whose rows name two persons, and the column of the second."""


def fill(connection: Connection, *, currency: str = "USD") -> dict[str, Any]:
    """Insert one row into every table; return each table's row as inserted."""
    rows: dict[str, Any] = {"audit_events": _an_event(connection)}
    rows["audit_payloads"] = {"seq": rows["audit_events"]["seq"]}
    for table in metadata.sorted_tables:
        if table.name in OWN_TABLES:
            continue
        if table.name == "transfers":
            rows["second_account"] = _row(metadata.tables["accounts"], rows, currency)
            connection.execute(insert(metadata.tables["accounts"]), rows["second_account"])
        if table.name == "persons":
            rows["second_person"] = _row(metadata.tables["persons"], rows, currency)
            connection.execute(insert(metadata.tables["persons"]), rows["second_person"])
        row = _row(table, rows, currency)
        if table.name == "transfers":
            row["credit_account_id"] = rows["second_account"]["id"]
        if table.name in OF_TWO_PERSONS:
            row[OF_TWO_PERSONS[table.name]] = rows["second_person"]["id"]
        connection.execute(insert(table), row)
        rows[table.name] = row
    return rows


def _an_event(connection: Connection) -> dict[str, Any]:
    head = metadata.tables["audit_head"]
    seq, previous = connection.execute(select(head.c.seq, head.c.hash)).one()
    salt, payload = bytes(16), '{"after":null,"before":null}'
    row: dict[str, Any] = {
        "seq": seq + 1, "recorded_at": AT, "person_id": None, "token_id": None,
        "action": "test.filled", "record_type": "test", "record_id": None, "fund_id": None,
        "reason": None, "payload_digest": payload_digest(salt, payload),
        "previous_hash": bytes(previous) or GENESIS,
    }  # fmt: skip
    row["hash"] = event_hash(row["previous_hash"], row)
    connection.execute(insert(metadata.tables["audit_events"]), row)
    connection.execute(
        insert(metadata.tables["audit_payloads"]),
        {"seq": row["seq"], "salt": salt, "payload": payload, "disposed_seq": None},
    )
    connection.execute(head.update(), {"seq": row["seq"], "hash": row["hash"], "recorded_at": AT})
    return row


def _row(table: Table, rows: Mapping[str, Any], currency: str) -> dict[str, Any]:
    known = {
        match[1]: match[2]
        for rule in table.constraints
        if isinstance(rule, CheckConstraint)
        for match in [_KNOWN.fullmatch(str(rule.sqltext).partition(",")[0].removesuffix(")"))]
        if match
    }
    row = {column.name: _value(column, rows, known, currency) for column in table.columns}
    row |= OVERRIDES.get(table.name, {})
    return {name: value() if callable(value) else value for name, value in row.items()}


def _value(
    column: Column[Any], rows: Mapping[str, Any], known: Mapping[str, str], currency: str
) -> Any:
    for key in column.foreign_keys:
        if key.column.table.name != column.table.name:
            return rows[key.column.table.name][key.column.name]
    if column.name in known:
        return known[column.name]
    if column.name == "base" or column.name.endswith("currency"):
        return currency
    return _plain(column)


def _plain(column: Column[Any]) -> Any:
    number = next(_numbers)
    match column.type:
        case Uuid():
            return None if column.foreign_keys else uuid4()
        case Boolean():
            return False
        case UtcDateTime():
            return AT
        case Date():
            return ON
        case LargeBinary():
            return number.to_bytes(column.type.length or 8)
        case BigInteger():
            return 100_00
        case Integer():
            return 1
        case Text():
            return _text(column.name, number, column.type.length)
    raise AssertionError(f"no value for {column}: {column.type!r}")


def _text(name: str, number: int, length: int | None) -> str:
    special = {"country": "AT", "zone": "UTC", "rate": "1", "objectives": "[]", "region": "002"}
    found = special.get(name, f"X{number:05d}")
    return found[:length] if length else found


def ids_of(rows: Mapping[str, Any]) -> dict[str, UUID]:
    """Return the id of each table's row that has one, by the table's name."""
    return {name: row["id"] for name, row in rows.items() if isinstance(row.get("id"), UUID)}
