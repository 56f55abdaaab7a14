"""Invariants of the ledger as named queries that return violations.

They run after every test, in ``fundops check``, and on the control sheet of audit workbooks. Each
query returns rows of (what, detail); no rows means that the invariant holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from fundops import chain, trail
from fundops.checking import MAX_SHOWN
from fundops.ledger import sealing
from fundops.messages import text


@dataclass(frozen=True)
class Check:
    """One invariant: its name (also the message key ``check.<name>``) and its query."""

    name: str
    query: str


@dataclass(frozen=True)
class Violation:
    """A broken invariant: the check's name and where."""

    check: str
    what: str
    detail: str


_SIDES = (
    "SELECT debit_account_id AS account_id, effective_on, amount_minor AS d, 0 AS c FROM transfers "
    "UNION ALL SELECT credit_account_id, effective_on, 0, amount_minor FROM transfers"
)

_PAID = (
    "SUM(CASE WHEN kind = 'pay' THEN amount_minor ELSE -amount_minor END "
    "* CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END)"
)

CHECKS: tuple[Check, ...] = (
    Check(
        "waiting_equals_requested",
        "SELECT g.code, g.requested_minor FROM grants g LEFT JOIN (SELECT grant_id, "
        "SUM(amount_minor) AS n FROM disbursements WHERE status IN "
        "('requested', 'sent_back', 'certified', 'approved', 'sent') GROUP BY grant_id) d "
        "ON d.grant_id = g.id WHERE g.requested_minor <> COALESCE(d.n, 0)",
    ),
    Check(
        "payments_in_several_hands",
        "SELECT d.code, d.status FROM disbursements d WHERE d.sent_by_id IS NOT NULL AND "
        "(d.certified_by_id IS NULL OR d.approved_by_id IS NULL OR d.sent_by_id IN "
        "(d.requested_by_id, d.certified_by_id, d.approved_by_id) "
        "OR d.approved_by_id IN (d.requested_by_id, d.certified_by_id))",
    ),
    Check(
        "paid_steps_told",
        # What was paid here, not imported, has a step of every duty by the person it names.
        "SELECT d.code, d.status FROM disbursements d WHERE d.status IN ('paid', 'returned') "
        "AND d.sent_by_id IS NOT NULL AND (NOT EXISTS (SELECT 1 FROM disbursement_steps s "
        "WHERE s.disbursement_id = d.id AND s.action = 'certify' AND s.person_id = "
        "d.certified_by_id AND s.digest = d.certified_digest) OR NOT EXISTS (SELECT 1 FROM "
        "disbursement_steps s WHERE s.disbursement_id = d.id AND s.action = 'approve' "
        "AND s.person_id = d.approved_by_id AND s.digest = d.approved_digest))",
    ),
    Check(
        "counters_equal_sums",
        "SELECT a.id, a.kind FROM accounts a LEFT JOIN "  # noqa: S608 - constants only
        f"(SELECT account_id, SUM(d) AS d, SUM(c) AS c FROM ({_SIDES}) s GROUP BY account_id) t "
        "ON t.account_id = a.id "
        "WHERE a.debits_minor <> COALESCE(t.d, 0) OR a.credits_minor <> COALESCE(t.c, 0)",
    ),
    # Both sides in one pile, one of them negative: joining them instead takes the square of a
    # history's length where the database builds no index on a subquery.
    Check(
        "days_equal_sums",
        "SELECT account_id, effective_on FROM (SELECT "  # noqa: S608 - constants only
        "account_id, on_date AS effective_on, debits_minor AS d, credits_minor AS c "
        "FROM account_days UNION ALL "
        f"SELECT account_id, effective_on, -d, -c FROM ({_SIDES}) s) both_sides "
        "GROUP BY account_id, effective_on HAVING SUM(d) <> 0 OR SUM(c) <> 0",
    ),
    Check(
        "months_equal_days",
        # A date's text begins with its year and month on both databases.
        "SELECT account_id, month FROM (SELECT account_id, "
        "SUBSTR(CAST(month_on AS TEXT), 1, 7) AS month, debits_minor AS d, credits_minor AS c "
        "FROM account_months UNION ALL SELECT account_id, SUBSTR(CAST(on_date AS TEXT), 1, 7), "
        "-debits_minor, -credits_minor FROM account_days) both_sides "
        "GROUP BY account_id, month HAVING SUM(d) <> 0 OR SUM(c) <> 0",
    ),
    Check(
        "books_balance",
        "SELECT fund_id, SUM(debits_minor) - SUM(credits_minor) FROM accounts GROUP BY fund_id "
        "HAVING SUM(debits_minor) <> SUM(credits_minor)",
    ),
    Check(
        "every_transfer_has_its_event",
        "SELECT t.id, t.event_seq FROM transfers t LEFT JOIN audit_events e ON e.seq = t.event_seq "
        "WHERE e.seq IS NULL",
    ),
    Check(
        "reversals_mirror",
        "SELECT r.id, t.id FROM transfers r JOIN transfers t ON t.id = r.reverses_id "
        "WHERE r.debit_account_id <> t.credit_account_id "
        "OR r.credit_account_id <> t.debit_account_id OR r.amount_minor <> t.amount_minor "
        "OR r.kind <> t.kind OR r.effective_on <> t.effective_on",
    ),
    Check(
        "receipts_booked",
        "SELECT r.code, r.base_minor FROM receipts r LEFT JOIN (SELECT t.source_id, "
        "SUM(CASE WHEN t.reverses_id IS NULL THEN t.amount_minor ELSE -t.amount_minor END) AS n "
        "FROM transfers t WHERE t.kind = 'receipt' GROUP BY t.source_id) b ON b.source_id = r.id "
        "WHERE COALESCE(b.n, 0) <> CASE r.status WHEN 'booked' THEN r.base_minor ELSE 0 END",
    ),
    Check(
        "lots_within_receipts",
        "SELECT r.code, SUM(l.amount_minor) FROM receipts r LEFT JOIN lots l "
        "ON l.receipt_id = r.id AND l.status = 'open' AND l.kind = 'receipt' "
        "WHERE r.status = 'booked' GROUP BY r.code, r.base_minor, "
        "r.matched_minor, r.amount_minor HAVING COALESCE(SUM(l.amount_minor), 0) > r.base_minor "
        "OR COALESCE(SUM(l.receipt_minor), 0) <> r.matched_minor",
    ),
    Check(
        "instalments_equal_lots",
        "SELECT i.id, i.matched_minor FROM instalments i LEFT JOIN (SELECT instalment_id, "
        "SUM(s.settled_minor) AS n FROM lots s JOIN receipts r ON r.id = s.receipt_id "
        "WHERE s.status = 'open' AND s.kind = 'receipt' AND r.status = 'booked' "
        "GROUP BY instalment_id) l ON l.instalment_id = i.id "
        "WHERE i.matched_minor <> COALESCE(l.n, 0)",
    ),
    Check(
        "grants_reserved_or_paid",
        "SELECT g.code, g.awarded_minor FROM grants g LEFT JOIN (SELECT grant_id, "
        "SUM(CASE kind WHEN 'reserve' THEN amount_minor WHEN 'void' THEN -amount_minor ELSE 0 END "
        "* CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END) AS n "
        "FROM transfers WHERE grant_id IS NOT NULL GROUP BY grant_id) t ON t.grant_id = g.id "
        "WHERE COALESCE(t.n, 0) <> CASE WHEN g.status IN ('awarded', 'suspended') "
        "THEN g.awarded_minor ELSE g.paid_minor END",
    ),
    Check(
        "conditional_reserves_nothing",
        "SELECT g.code, g.status FROM grants g LEFT JOIN (SELECT grant_id, COUNT(*) AS n, "
        "SUM(amount_minor) AS minor FROM conditional_awards WHERE status = 'waiting' "
        "GROUP BY grant_id) w ON w.grant_id = g.id "
        "LEFT JOIN (SELECT grant_id, COUNT(*) AS n FROM accounts "
        "WHERE kind IN ('reserved', 'advance') AND debits_minor <> credits_minor "
        "GROUP BY grant_id) a ON a.grant_id = g.id "
        "WHERE CASE g.status WHEN 'conditional' THEN COALESCE(w.n, 0) <> 1 "
        "OR w.minor <> g.awarded_minor OR g.requested_minor + g.paid_minor <> 0 "
        "OR COALESCE(a.n, 0) <> 0 ELSE COALESCE(w.n, 0) <> 0 END",
    ),
    # The base value of an instalment in another currency is what was agreed for all of it.
    Check(
        "conditional_within_instalment",
        "SELECT i.id, w.minor FROM instalments i "
        "JOIN agreements g ON g.id = i.agreement_id JOIN funds f ON f.id = g.fund_id "
        "JOIN (SELECT instalment_id, SUM(amount_minor) AS minor FROM conditional_awards "
        "WHERE status = 'waiting' GROUP BY instalment_id) w ON w.instalment_id = i.id "
        "WHERE w.minor > CASE WHEN i.currency = f.base_currency "
        "THEN i.amount_minor - i.written_off_minor ELSE COALESCE(i.expected_base_minor, 0) END",
    ),
    Check(
        "agreed_budgets_sum",
        "SELECT t.id, t.amount_minor FROM grant_agreement_texts t "
        "JOIN grant_agreement_versions v ON v.id = t.version_id AND v.text_number = t.number "
        "LEFT JOIN (SELECT text_id, SUM(amount_minor) AS n FROM grant_budget_lines "
        "GROUP BY text_id) l ON l.text_id = t.id "
        "WHERE v.status NOT IN ('draft', 'withdrawn') AND COALESCE(l.n, 0) <> t.amount_minor",
    ),
    # What a source says of a grant of its own is not agreed here.
    Check(
        "agreed_equals_awarded",
        "SELECT g.code, t.amount_minor FROM grants g "
        "JOIN grant_agreements a ON a.grant_id = g.id "
        "JOIN grant_agreement_versions v ON v.agreement_id = a.id AND v.status = 'in_force' "
        "JOIN grant_agreement_texts t ON t.version_id = v.id AND t.number = v.text_number "
        "WHERE g.source_code IS NULL AND t.amount_minor <> g.awarded_minor",
    ),
    Check(
        "suspended_as_told",
        "SELECT g.code, g.status FROM grants g LEFT JOIN (SELECT grant_id, COUNT(*) AS n "
        "FROM grant_suspensions WHERE ended_at IS NULL GROUP BY grant_id) s ON s.grant_id = g.id "
        "WHERE CASE g.status WHEN 'suspended' THEN 1 ELSE 0 END <> COALESCE(s.n, 0)",
    ),
    Check(
        "paid_equals_disbursed",
        "SELECT g.code, g.paid_minor FROM grants g LEFT JOIN (SELECT grant_id, "  # noqa: S608
        f"{_PAID} AS n FROM transfers WHERE kind IN ('pay', 'pay_return') "
        "GROUP BY grant_id) t ON t.grant_id = g.id "
        "LEFT JOIN (SELECT grant_id, SUM(amount_minor) AS n FROM disbursements "
        "WHERE status = 'paid' GROUP BY grant_id) d ON d.grant_id = g.id "
        "WHERE g.paid_minor <> COALESCE(t.n, 0) OR g.paid_minor <> COALESCE(d.n, 0)",
    ),
    Check(
        "disbursements_paid",
        "SELECT d.code, d.amount_minor FROM disbursements d "  # noqa: S608
        "LEFT JOIN (SELECT source_id, "
        f"{_PAID} AS n FROM transfers WHERE kind IN ('pay', 'pay_return') "
        "GROUP BY source_id) t ON t.source_id = d.id "
        "WHERE COALESCE(t.n, 0) <> CASE d.status WHEN 'paid' THEN d.amount_minor ELSE 0 END",
    ),
    Check(
        "refunds_booked",
        "SELECT g.code, g.refunded_minor FROM grants g LEFT JOIN (SELECT grant_id, "
        "SUM(CASE WHEN reverses_id IS NULL THEN amount_minor ELSE -amount_minor END) AS n "
        "FROM transfers WHERE kind = 'refund' GROUP BY grant_id) t ON t.grant_id = g.id "
        "WHERE g.refunded_minor <> COALESCE(t.n, 0)",
    ),
    Check(
        "expenditure_attributed",
        "SELECT e.code, e.accepted_minor FROM expenditure_statements e "
        "LEFT JOIN (SELECT source_id, "
        "SUM(CASE WHEN reverses_id IS NULL THEN amount_minor ELSE -amount_minor END) AS n "
        "FROM transfers WHERE kind = 'liquidate' GROUP BY source_id) t ON t.source_id = e.id "
        "WHERE COALESCE(t.n, 0) <> CASE e.status WHEN 'accepted' "
        "THEN e.accepted_minor - e.prefinanced_minor - e.disallowed_minor ELSE 0 END",
    ),
    Check(
        "statement_lines_add_up",
        "SELECT e.code, e.accepted_minor FROM expenditure_statements e JOIN (SELECT statement_id, "
        "SUM(accepted_minor) AS n FROM expenditure_lines GROUP BY statement_id) l "
        "ON l.statement_id = e.id WHERE e.status IN ('accepted', 'corrected') "
        "AND e.accepted_minor <> l.n",
    ),
    Check(
        "local_receipts_within",
        "SELECT d.code, u.n FROM disbursements d JOIN (SELECT l.disbursement_id, "
        "SUM(l.base_minor) AS n FROM local_receipts l LEFT JOIN local_receipts r "
        "ON r.reverses_id = l.id WHERE l.reverses_id IS NULL AND r.id IS NULL "
        "GROUP BY l.disbursement_id) u ON u.disbursement_id = d.id WHERE u.n > d.amount_minor",
    ),
    Check(
        "advances_given_up",
        "SELECT w.code, w.minor FROM (SELECT id, code, CASE status WHEN 'approved' "
        "THEN amount_minor ELSE 0 END AS minor FROM advance_write_offs UNION ALL "
        "SELECT id, code, CASE status WHEN 'confirmed' THEN residual_minor ELSE 0 END "
        "FROM grant_closings) w LEFT JOIN (SELECT source_id, "
        "SUM(CASE WHEN reverses_id IS NULL THEN amount_minor ELSE -amount_minor END) AS n "
        "FROM transfers WHERE kind = 'advance_write_off' GROUP BY source_id) t "
        "ON t.source_id = w.id WHERE w.minor <> COALESCE(t.n, 0)",
    ),
    Check(
        "receivables_settled",
        "SELECT r.code, r.settled_minor FROM receivables r LEFT JOIN (SELECT receivable_id, "
        "SUM(amount_minor) AS n FROM receivable_entries GROUP BY receivable_id) e "
        "ON e.receivable_id = r.id WHERE r.settled_minor <> COALESCE(e.n, 0)",
    ),
    Check(
        "refund_requests_received",
        "SELECT r.code, r.received_minor FROM refund_requests r LEFT JOIN (SELECT "
        "refund_request_id, SUM(amount_minor) AS n FROM refund_parts GROUP BY refund_request_id) p "
        "ON p.refund_request_id = r.id WHERE r.received_minor <> COALESCE(p.n, 0)",
    ),
    Check(
        "reversed_lots_empty",
        "SELECT l.code, a.kind FROM lots l JOIN accounts a ON a.lot_id = l.id "
        "WHERE l.status = 'reversed' AND a.debits_minor <> a.credits_minor",
    ),
    Check(
        "no_account_overdrawn",
        "SELECT id, kind FROM accounts WHERE NOT may_overdraw AND CASE normal WHEN 'credit' "
        "THEN debits_minor > credits_minor ELSE credits_minor > debits_minor END",
    ),
)


def run(db: Session) -> list[Violation]:
    """Run every invariant, the registers' and the chain's; return at most 20 violations a check."""
    found: list[Violation] = []
    for check in CHECKS:
        for row in db.execute(sql(f"{check.query} LIMIT {MAX_SHOWN}")):
            found.append(Violation(check.name, str(row[0]), str(row[1])))
    for record_type, sentence in trail.breaks(db)[:MAX_SHOWN]:
        found.append(Violation("registers_told", record_type, sentence))
    for sentence in chain.verify_chain(db)[:MAX_SHOWN]:
        found.append(Violation("audit_chain", text("check.audit_chain"), sentence))
    for sentence in sealing.verify(db)[:MAX_SHOWN]:
        found.append(Violation("transfers_sealed", text("check.transfers_sealed"), sentence))
    return found
